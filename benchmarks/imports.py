"""What `import anthropix_py` costs, beside `import urllib3`, both above the bare interpreter."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

CONTESTANTS = {
    "bare interpreter": "pass",
    "anthropix_py": "import anthropix_py",
    "urllib3": "import urllib3",
}


def seconds(code: str) -> float:
    """Time a fresh interpreter that runs *code*, with compiled files in place."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Run the contestants in turn and print medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=31, help="runs of each (%(default)s)")
    times = parser.parse_args().times
    for code in CONTESTANTS.values():
        seconds(code)  # compiles
    taken: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(times):
        for name, code in CONTESTANTS.items():
            taken[name].append(seconds(code))
    medians = {name: statistics.median(values) * 1000 for name, values in taken.items()}
    bare = medians["bare interpreter"]
    for name, median in medians.items():
        print(f"{name:<18}{median:8.1f} ms   {median - bare:6.1f} ms above the bare interpreter")
    ratio = (medians["anthropix_py"] - bare) / (medians["urllib3"] - bare)
    print(f"import anthropix_py costs {ratio:.2f} of import urllib3")


if __name__ == "__main__":
    main()
