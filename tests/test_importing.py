"""Imports that an interrupt does not reach."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Sends the interrupt while the module named is being imported, and says in which thread.
INTERRUPTED = """
import builtins, signal, threading
from anthropix_py._json import fast
from anthropix_py.batch import _call

def interrupt_inside(name, *rest):
    if name == INSIDE and not threads:
        threads.append(threading.current_thread() is threading.main_thread())
        signal.raise_signal(signal.SIGINT)
    return import_of_python(name, *rest)

threads = []
import_of_python, builtins.__import__ = builtins.__import__, interrupt_inside
try:
    LOAD()
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted")
builtins.__import__ = import_of_python
print(threads, callable(LOAD().USED))
"""

LOADS = {
    # libraries in C can stay half-initialised, and end the process with a segmentation fault later
    "msgspec": ("msgspec.json", "fast.codec", "decode"),
    # CPython can make a TypeError of an interrupt inside ssl
    "urllib3": ("ssl", "_call._network", "transport"),
}


@pytest.mark.parametrize(("inside", "load", "used"), LOADS.values(), ids=LOADS)
def test_an_interrupt_does_not_fall_into_an_import(inside: str, load: str, used: str) -> None:
    code = INTERRUPTED.replace("INSIDE", repr(inside)).replace("LOAD", load).replace("USED", used)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["interrupted", "[False] True"]
