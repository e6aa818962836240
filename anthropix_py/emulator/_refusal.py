"""Responses other than 2xx, as exceptions that the code of the emulator raises."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """A response other than 2xx: its status, error type, message, and headers of its own.

    *anonymous*: its body has no request id, as in some recordings. *edge*: it is sent by a server
    in front of the API, without the API's envelope and headers.
    """

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        anonymous: bool = False,
        edge: bool = False,
    ) -> None:
        super().__init__(status, type, message, headers)
        self.status = status
        self.type = type
        self.message = message
        self.headers = dict(headers or {})
        self.anonymous = anonymous
        self.edge = edge


def invalid(message: str) -> Refusal:
    """Return the 400 for an invalid request."""
    return Refusal(400, "invalid_request_error", message)


def not_found(message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """Return the 404 for something that does not exist."""
    return Refusal(404, "not_found_error", message, headers)
