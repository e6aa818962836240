"""The error for an extra that is not installed."""

from __future__ import annotations

from .errors import AnthropixError


class MissingExtra(AnthropixError):
    """A function needs a library that is not installed, or not in a version that it can use.

    `what`: the function or module that needs it. `needs`: the library. `extra`: the extra of this
    package that brings it.
    """

    def __init__(self, what: str, needs: str, extra: str) -> None:
        super().__init__(what, needs, extra)
        self.what = what
        self.needs = needs
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.what} needs {self.needs}: pip install 'anthropix_py[{self.extra}]'"
