"""The pytest fixture `message_batches`: a running emulator for tests of your own code.

pytest finds it by the entry point of the package. If that is switched off, load it with
`-p anthropix_py.pytest_plugin`.
"""

from __future__ import annotations

from _anthropix_py_pytest import message_batches, pytest_configure

from .emulator._for_pytest import Emulator

__all__ = ["Emulator", "message_batches", "pytest_configure"]
