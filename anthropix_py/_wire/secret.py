"""Texts that must not be shown: how they are held, and how they are masked in other values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, SupportsIndex, TypeVar, cast

from ..errors import AnthropixError

T = TypeVar("T")

_MASK = "***"
_SHORTEST = 8
"""A run of at least this many characters of a secret is masked; a shorter one may be chance."""


class Secret(str):
    """Text that is about to be sent; it prints as '***', also in a format or a traceback.

    It is a str, because HTTP libraries send nothing else. Before that, the text is in a `Hidden`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Secret:
        # str() of a Secret would be its mask
        return text if isinstance(text, Secret) else super().__new__(cls, text)

    def __repr__(self) -> str:
        return repr(_MASK)

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        return Secret(str.__getitem__(self, key))

    def __reduce__(self) -> tuple[Callable[[str], Secret], tuple[str]]:
        # in hexadecimal digits, so that code that prints this result prints no readable secret
        return _from_hex, (self.encode("utf-8", "surrogatepass").hex(),)


masked = cast("Callable[[str], Secret]", partial(str.__new__, Secret))
"""Return a plain text as a `Secret`, without a Python frame whose variables would show it."""


def _from_hex(digits: str) -> Secret:
    return masked(bytes.fromhex(digits).decode("utf-8", "surrogatepass"))


def redacted(value: T, secrets: Sequence[str]) -> T:
    """Return *value*, a JSON value or an error, with *secrets* masked in every text.

    A fragment of a secret is masked too, because an excerpt may have been cut inside it; and so is
    its form in lower case, because header names are lower-cased. An error that holds a secret is
    copied; any other is returned as it is.
    """
    return cast(T, _Redaction(_fragments(secrets)).of(value))


def _fragments(secrets: Sequence[str]) -> frozenset[str]:
    """Return every run of `_SHORTEST` characters in *secrets*, also in lower case."""
    forms = {*secrets, *(secret.lower() for secret in secrets)}
    return frozenset(
        form[start : start + _SHORTEST]
        for form in forms
        for start in range(len(form) - _SHORTEST + 1)
    )


class _Redaction:
    """One pass over a value. `found`: whether anything has been masked.

    Dicts and lists are copied without recursion: a server's error may be nested as deeply as the
    parser allows, and the stack is nearly used up by then.
    """

    def __init__(self, fragments: frozenset[str]) -> None:
        self.found = False
        self._fragments = fragments
        self._unfinished: list[tuple[Any, Any]] = []

    def of(self, value: object) -> object:
        """Return *value*, or a masked copy of it."""
        if isinstance(value, AnthropixError):
            return self._of_error(value)
        copy = self._begin(value)
        while self._unfinished:
            source, target = self._unfinished.pop()
            if isinstance(source, dict):
                target.update((self._begin(key), self._begin(item)) for key, item in source.items())
            else:
                target.extend(map(self._begin, source))
        return copy

    def _begin(self, value: object) -> object:
        """Return a copy of *value*; that of a dict or list is still empty, and noted as such."""
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, (dict, list)):
            copy: object = {} if isinstance(value, dict) else []
            self._unfinished.append((value, copy))
            return copy
        if isinstance(value, tuple):
            # a named tuple stays one
            return getattr(type(value), "_make", tuple)(map(self._begin, value))
        return self._of_error(value) if isinstance(value, AnthropixError) else value

    def _of_error(self, error: AnthropixError) -> AnthropixError:
        inner = _Redaction(self._fragments)
        args, state = inner.of(error.args), inner.of(vars(error))
        if not inner.found:
            return error
        self.found = True
        # without __init__, because a subclass may have one of any signature
        copy = type(error).__new__(type(error))
        copy.args = cast("tuple[object, ...]", args)
        vars(copy).update(cast("dict[str, object]", state))
        return copy

    def _of_text(self, text: str) -> str:
        masked = _masked(text, self._fragments)
        if masked == text and "\0" in text:
            # UTF-16 that was read as another encoding has a NUL beside each character
            plain = text.replace("\0", "")
            masked = _masked(plain, self._fragments)
            if masked == plain:
                return text
        self.found = self.found or masked != text
        return masked


def _masked(text: str, fragments: frozenset[str]) -> str:
    """Return *text* with a mask in place of each run of characters that *fragments* cover."""
    starts = sorted({at for fragment in fragments for at in _places(text, fragment)})
    if not starts:
        return text
    parts: list[str] = []
    end = 0
    for start in starts:
        if start > end or not parts:
            parts += [text[end:start], _MASK]
        end = start + _SHORTEST
    return "".join((*parts, text[end:]))


def _places(text: str, fragment: str) -> Iterator[int]:
    at = text.find(fragment)
    while at >= 0:
        yield at
        at = text.find(fragment, at + 1)
