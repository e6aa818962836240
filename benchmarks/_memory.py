"""What this process holds, and the most it held since it last asked: exact on Linux, near elsewhere."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")


def begin() -> int:
    """Forget the peak so far, where the system lets it; give the bytes held now."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS") or _maxrss()


def peak() -> int:
    """Give the most bytes held since `begin`."""
    return _status("VmHWM") or _maxrss()


def _status(name: str) -> int:
    if not _STATUS.exists():
        return 0
    values = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
    return int(values[name].split()[0]) * 1024


def _maxrss() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
