"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = ("anthropix_py", "urllib3", "anthropic", "httpx", "orjson")


def described() -> list[str]:
    """Give the machine, the interpreter and the packages, a line each."""
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    return [
        f"{_processor()}, {os.cpu_count()} cores{_load()}",
        f"{platform.system()} {platform.release()}, {interpreter}",
        ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
    ]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _load() -> str:
    return f", load {os.getloadavg()[0]:.2f} before" if hasattr(os, "getloadavg") else ""


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
