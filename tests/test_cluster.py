"""The cluster example: workers die while they build and parse, and the payer between requests."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from cluster_trial import PAYER_DIES_AT, POLICY

import anthropix_py
from anthropix_py import batch, emulator, rows, unwrap
from anthropix_py.batch._state import total

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "cluster"
PARTS, REVIEWS = 4, 25
# The parts of which a worker dies, twice: as it builds, and as it parses.
KILLS = 4 + len(PAYER_DIES_AT)


def write_data(folder: Path, reviews: int = REVIEWS) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "killed").mkdir()
    for part in range(PARTS):
        with (folder / "data" / f"part-{part}.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["id", "review"])
            table.writerows([number, f"review {number} of {part}"] for number in range(reviews))


def run_once(folder: Path, way: str, url: str) -> tuple[int, str]:
    """Return the exit code of one run, and what it said."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(EXAMPLES)])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "any-key",
    }
    trial = [sys.executable, str(ROOT / "tests" / "cluster_trial.py"), str(folder), way]
    # Into a file: workers that outlive a killed payer would hold a pipe open.
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(
            trial, env=environment, stdout=said, stderr=said, start_new_session=True
        )
        try:
            code = process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said.seek(0)
        return code, said.read()


@pytest.mark.parametrize("way", ["dask", "processes"])
def test_kills_cost_nothing_and_lose_nothing(way: str, tmp_path: Path) -> None:
    write_data(tmp_path)
    with emulator.serve() as url:
        code, said = 1, ""
        for _ in range(KILLS + 1):
            if code != 0:
                code, said = run_once(tmp_path, way, url)
        assert code == 0, said[-2000:]
        client = anthropix_py.init("any-key", base_url=url)
        batches = list(unwrap(batch.list(client, stream=True)))

    assert len(list((tmp_path / "killed").iterdir())) == KILLS
    sent = sum(total(one) or 0 for one in batches)
    assert sent == PARTS * REVIEWS
    # parts are a little smaller than the policy allows
    assert len(batches) == -(-sent // (POLICY.requests_per_batch - 5))
    for part in range(PARTS):
        results = unwrap(rows.read(tmp_path / "reviews.job" / "results" / f"part-{part}.jsonl"))
        ids = [row["custom_id"] for row in results]
        assert ids == [f"part-{part}-{number}" for number in range(REVIEWS)]
        assert (tmp_path / "tables" / f"part-{part}.parquet").stat().st_size > 0


def test_a_part_that_is_built_differently_is_refused(tmp_path: Path) -> None:
    import pipeline

    write_data(tmp_path)
    (tmp_path / "requests").mkdir()
    part = tmp_path / "data" / "part-2.csv"
    assert pipeline.build(part) == REVIEWS
    before = (tmp_path / "requests" / "part-2.jsonl").read_bytes()
    part.write_text(part.read_text().replace("review 7 of", "another text of"))
    with pytest.raises(ValueError, match=r"part-2\.jsonl, line 8: built before as .*review 7"):
        pipeline.build(part)
    assert (tmp_path / "requests" / "part-2.jsonl").read_bytes() == before
