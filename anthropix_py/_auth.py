"""The caller's `auth`: called for the headers of each attempt, which are secrets.

A server may repeat what it was sent, so these headers must be masked in errors and events too. They
are not known beforehand, and each attempt may have others. So each call of a public function has an
`AuthHook` of its own (see `_door`), which remembers the headers of all requests that an error of
this call can be about. They are masked wherever an error or an event leaves the call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ._arguments import wrong_type
from ._pairs import header_value, is_framing, is_header_name
from ._wire import Request
from ._wire.hidden import Hidden, HiddenText, hide
from ._wire.secret import Secret, masked
from .errors import AuthError

Auth = Callable[[Request], Mapping[str, str]]
"""A function that gets a request as it will be sent, and returns headers for one attempt."""

# An error that leaves a function is about its last request or about one shortly before that, such
# as the one after whose failure the batch was requested.
_REQUESTS = 4  # remembered, with all their attempts

# A signature of AWS lists the names of headers. They are not secret, and masking them would make
# the headers of an error unreadable.
_NAMES = r"SignedHeaders=[^,\s]*"


class AuthHook:
    """The caller's `auth`, and the headers that it returned for the latest requests.

    Two hooks are equal if their callables are. A hook prints without its callable, and can be
    pickled if the callable can be.
    """

    __slots__ = ("_auth", "_returned")

    def __init__(self, auth: Auth) -> None:
        # hidden, because some callables (a partial, a dataclass) print what is in them
        self._auth = Hidden(auth)
        self._returned: list[list[Secret]] = [[]]

    @property
    def secrets(self) -> list[Secret]:
        """The texts in the remembered headers."""
        return [text for texts in self._returned for text in texts]

    def for_one_call(self) -> AuthHook:
        """Return a hook with the same callable that remembers nothing yet."""
        return AuthHook(self._auth.reveal())

    def begin(self) -> None:
        """Begin another request, which may take several attempts; the oldest one is forgotten."""
        self._returned = [*self._returned[1 - _REQUESTS :], []]

    def headers(self, request: Request) -> dict[str, HiddenText]:
        """Return the headers for one attempt to make *request*. Raises `AuthError`."""
        try:
            headers = _checked(self._auth.reveal()(request))
        except Exception as error:  # noqa: BLE001 - it is the caller's code, and nothing is sent
            failure = AuthError(f"{type(error).__name__}: {error}")
        else:
            latest = self._returned[-1]
            for header in headers.values():
                new = map(masked, re.split(_NAMES, header.reveal()))
                latest += [text for text in new if text not in latest]
            return headers
        # raised outside the except block: __context__ would keep the caller's frames alive
        raise failure

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AuthHook):
            return self._auth == other
        return self._auth == other._auth

    def __hash__(self) -> int:
        return hash(self._auth)

    def __repr__(self) -> str:
        return "AuthHook(***)"

    def __reduce__(self) -> tuple[type[AuthHook], tuple[Auth]]:
        return AuthHook, (self._auth.reveal(),)


def _checked(headers: object) -> dict[str, HiddenText]:
    """Return what `auth` returned. No message shows any of it: even a name may be a key."""
    if not isinstance(headers, Mapping):
        raise wrong_type("what auth returns", "a mapping of headers", headers)
    checked: dict[str, HiddenText] = {}
    for number, (name, value) in enumerate(headers.items(), 1):
        where = f"header {number} of those that auth returned"
        if not isinstance(name, str) or not is_header_name(name):
            raise ValueError(f"{where} has a name that a header cannot have")
        if is_framing(name):
            raise ValueError(f"{where} is {name.lower()}, which is set by the transport")
        checked[name.lower()] = hide(header_value(where, value))
    return checked
