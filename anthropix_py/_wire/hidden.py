"""Values that serializers must not find, and the headers of a request, which may hold some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from .secret import Secret

T = TypeVar("T")

_SHOWN = "'***'"


class Hidden(Generic[T]):
    """A value that prints as '***'; `reveal` returns it.

    A Hidden is not a str, so no encoder (JSON, YAML, msgpack) writes it. It is equal to the value
    and to another Hidden of the same value. A pickle contains the value.
    """

    __slots__ = ("_read",)

    def __init__(self, value: T) -> None:
        def read() -> T:
            return value

        # a closure, because serializers walk through __dict__ and __slots__
        self._read = read

    def reveal(self) -> T:
        """Return the value."""
        return self._read()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Hidden):
            other = other.reveal()
        return bool(self.reveal() == other)

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __repr__(self) -> str:
        return _SHOWN

    def __str__(self) -> str:
        return _SHOWN.strip("'")

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> tuple[type[Hidden[T]], tuple[T]]:
        return Hidden, (self.reveal(),)


HiddenText = Hidden[Secret]
"""A text that is hidden until it is sent; what is sent is a masked `Secret`."""


def hide(text: str) -> HiddenText:
    """Return *text*, hidden."""
    return Hidden(Secret(text))


class Headers(Mapping[str, str]):
    """The headers of a request, by name in lower case; reading a hidden one returns a `Secret`.

    For code that sends them, the values are real text: they compare equal to the text and encode to
    its bytes. It is not a dict, so no encoder writes it.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str | HiddenText]) -> None:
        self._values = dict(values)

    def plus(self, more: Mapping[str, HiddenText]) -> Headers:
        """Return these headers with *more*, which replace those of the same name."""
        return Headers({**self._values, **more})

    def __getitem__(self, name: str) -> str:
        value = self._values[name]
        if isinstance(value, Hidden):
            return value.reveal()
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str | HiddenText]]]:
        return Headers, (self._values,)
