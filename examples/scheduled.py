"""A job for a scheduler: each call does what can be done now, and returns at once.

    */10 * * * *  python scheduled.py requests.jsonl      # with cron

With Airflow, let a sensor call `poke` until it returns True:

    PythonSensor(
        task_id="reviews",
        python_callable=poke,
        op_args=["/data/requests.jsonl"],
        mode="reschedule",
        poke_interval=600,
    )

No process runs in between. Each call may be killed, and two of them never run at the same time.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import anthropix_py
from anthropix_py import job, unwrap


def poke(requests: str) -> bool:
    """Begin the job or continue it; return whether it is finished."""
    folder = Path(requests).with_suffix(".job")
    match job.step(anthropix_py.init(), folder, requests=requests):
        case "error", job.JobError(reason="running_elsewhere") as exc:
            print(exc)
            return False
        case stepped:
            progress = unwrap(stepped)
    print(f"{progress.succeeded} of {progress.total} succeeded, failed: {progress.failed}")
    if progress.next_at is None:
        return True
    print("next at", datetime.fromtimestamp(round(progress.next_at), UTC))
    return False


if __name__ == "__main__":
    poke(sys.argv[1])
