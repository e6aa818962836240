"""Writing a table of a file of results, beside reading that file alone: time, and memory."""

from __future__ import annotations

from pathlib import Path

from benchmarks import _data
from benchmarks._bench import OURS, Bench, Case
from benchmarks._report import Outcome, faster, memory, runs_table, times

# The contestants that write a table. All read a path themselves, but for the one of rows.read.
_WRITTEN = {
    "Parquet": "write parquet",
    "Parquet of rows.read": "write parquet rows",
    "CSV": "write csv",
    "JSON Lines": "write jsonl",
}
_READ = "read alone"


def tables(bench: Bench) -> Outcome:
    """Write a table of many rows in each format, and read them alone, in the same round."""
    rows = bench.sized(1_000_000, 50_000)
    path = Path(bench.folder, "results.jsonl")
    with path.open("wb") as file:
        file.writelines(_data.rows(rows))
    warm_up = Path(bench.folder, "few.jsonl")
    warm_up.write_bytes(b"".join(_data.rows(10)))
    cases = {
        f"{name}, {kind}": Case(
            f"tables.{contestant}", str(path), {"rows": rows}, warm_up=str(warm_up)
        )
        for name in OURS
        for kind, contestant in {_READ: "read", **_WRITTEN}.items()
    }
    runs = bench.run(cases, bench.rounds(2))
    path.unlink()
    goals = [
        *(faster(runs, f"{name}, Parquet", f"{name}, {_READ}", 0.5) for name in OURS),
        *(
            memory(f"{name}, {kind}, memory in all", runs.median(f"{name}, {kind}", "peak"), 300)
            for name in OURS
            for kind in ("Parquet", "Parquet of rows.read")
        ),
    ]

    def speed(name: str) -> str:
        return times(runs.ratio(f"{name.partition(', ')[0]}, {_READ}", name))

    title = f"A table of {rows:,} rows of 2 KB"
    return Outcome([runs_table(title, runs, {"speed of reading": speed})], goals)
