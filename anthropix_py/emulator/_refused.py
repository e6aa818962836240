"""Answers other than 2xx, as exceptions on their way to the wire."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """An answer other than 2xx: its status, error type, message, and headers of its own.

    *edge*: it comes from before the API itself, without an envelope and without a request id.
    """

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        edge: bool = False,
    ) -> None:
        super().__init__(status, type, message, headers)
        self.status = status
        self.type = type
        self.message = message
        self.headers = dict(headers or {})
        self.edge = edge


def invalid(message: str) -> Refused:
    """Make the 400 of a request that is at fault."""
    return Refused(400, "invalid_request_error", message)
