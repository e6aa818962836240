"""Many questions about one long document, which is read from the prompt cache.

    python caching.py contract.txt questions.txt

The requests of a batch run side by side, so none would find what another writes to the cache. One
request goes first, alone, and the others follow when it has ended. Reads are best effort: the last
line says how many there were. Writing for an hour costs twice the price of input; a read a tenth.
"""

import sys
from pathlib import Path

import anthropix_py
from anthropix_py import build, job, rows, tables, unwrap, usage
from anthropix_py.types import Request, Row

document, path = Path(sys.argv[1]), Path(sys.argv[2])
client = anthropix_py.init()


def answers(requests: list[Request], folder: Path) -> list[Row]:
    """Return the rows that succeeded, and print the others."""
    done = unwrap(job.run(client, requests, folder))
    for row in unwrap(rows.read(done.failures)):
        print(rows.flat(row), file=sys.stderr)
    return list(unwrap(rows.read(done.results)))


# Everything up to the cache_control must be the same in all requests, byte for byte.
system = {
    "type": "text",
    "text": document.read_text(encoding="utf-8"),
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
}
lines = enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
questions = [{"line": f"line-{n}", "question": line} for n, line in lines if line.strip()]
if not questions:
    sys.exit(f"{path} has no questions.")
first, *others = build.requests(
    questions,
    id="line",
    prompt="{question}",
    system=[system],
    model="claude-haiku-4-5",
    max_tokens=500,
)
every = answers([first], path.with_suffix(".first.job"))
if not any(tokens.cache_write + tokens.cache_read for tokens in usage.total(every).values()):
    sys.exit("The first request wrote nothing to the cache: it failed, or the document is short.")
if others:
    every += answers(others, path.with_suffix(".job"))

unwrap(tables.write(every, path.with_suffix(".csv"), replace=True))
for model, tokens in usage.total(every).items():
    print(f"{model}: {tokens.cache_write} tokens written, {tokens.cache_read} read,", end=" ")
    print(f"{tokens.input} neither")
