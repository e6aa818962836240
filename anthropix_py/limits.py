"""The server's limits, as one record that a user can replace if the server changes them."""

from typing import NamedTuple

__all__ = ["Limits"]


class Limits(NamedTuple):
    """What one batch may hold, and how long a page of batches may be.

    `requests`: the most requests in a batch. `bytes`: the most bytes in the body of a create. The
    limit is 256 MB; the documentation does not say whether 1 MB is 10^6 or 2^20 bytes, so the
    smaller one is used. `custom_id`: the regular expression that an id must match. `page`: the
    most batches on a page of `list`. Source: Anthropic's documentation of Message Batches, 2026-11.
    """

    requests: int = 100_000
    bytes: int = 256_000_000
    custom_id: str = r"^[a-zA-Z0-9_-]{1,64}$"
    page: int = 1000
