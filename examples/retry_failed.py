"""Send again what failed in a batch for a reason that may pass, and nothing else.

    python retry_failed.py requests.jsonl msgbatch_...

The file has the requests of that batch, one a line. Not sent again: what was answered, cut off or
refused, because it was paid for; what the server calls invalid, because it would be so again; and
what somebody canceled. A job does all this by itself: see job.Policy.
"""

import json
import sys

import anthropix_py
from anthropix_py import batch, job, rows, unwrap

path, id = sys.argv[1:]
client = anthropix_py.init()
again = set()
# The batch, and not its id alone, says how many rows there must be.
for row in unwrap(batch.results(client, unwrap(batch.wait(client, id)), stream=True)):
    flat = rows.flat(row)
    if job.try_again(row):
        again.add(row["custom_id"])
    elif flat["outcome"] != "succeeded":
        print(row["custom_id"], flat["outcome"], flat["error_message"] or "", file=sys.stderr)

with open(path, encoding="utf-8") as file:
    every = [json.loads(line) for line in file if line.strip()]
requests = [request for request in every if request["custom_id"] in again]
if len(requests) != len(again):
    sys.exit(f"{path} has {len(requests)} of the {len(again)} requests to send again.")
if not requests:
    sys.exit("Nothing is left to send again.")

created = unwrap(batch.create(client, requests))
print(f"{len(requests)} requests are sent again as {created['id']}", flush=True)
ended = unwrap(batch.wait(client, created))
unwrap(batch.download(client, ended, f"{ended['id']}.jsonl"))
print(ended["request_counts"])
