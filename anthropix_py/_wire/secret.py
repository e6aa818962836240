"""Texts that must not show: how they are kept, and how they are taken out of what is shown. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeVar, cast

from ..errors import AnthropixError

T = TypeVar("T")


class Secret(str):
    """Text that goes out as bytes and shows itself nowhere: not printed, not formatted, not in a traceback's locals."""

    __slots__ = ()

    def __new__(cls, text: str) -> Secret:
        return (
            text if isinstance(text, Secret) else super().__new__(cls, text)
        )  # str of a Secret would be its mask

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        return Secret(str.__getitem__(self, key))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (str.__str__(self),)


def struck(value: T, secrets: Sequence[str]) -> T:
    """Strike *secrets* out of every text in a JSON value, or in what an error carries."""
    found: object = value
    if isinstance(value, str):
        for secret in secrets:
            found = str(found).replace(secret, "***") if secret in str(found) else found
    elif isinstance(value, AnthropixError):
        args, state = struck(value.args, secrets), struck(vars(value), secrets)
        if args != value.args or state != vars(
            value
        ):  # made without its __init__, which may be of any kind
            copy = type(value).__new__(type(value))
            copy.args = args
            vars(copy).update(state)
            found = copy
    elif isinstance(value, dict):
        found = {struck(key, secrets): struck(item, secrets) for key, item in value.items()}
    elif isinstance(value, list):
        found = [struck(item, secrets) for item in value]
    elif isinstance(value, tuple):
        make = getattr(type(value), "_make", tuple)  # that of a named tuple, where it is one
        found = make([struck(item, secrets) for item in value])
    return cast(T, found)
