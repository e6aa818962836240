"""The pace of polling one batch, and the failures it tolerates. A pure value: it never waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .. import retry
from ..errors import AnthropixError, APIError, DecodeError

_FIRST = 5.0  # seconds to the second poll, if the server does not say
_GROWTH = 1.5
_SLOWEST = 60.0  # seconds
# a longer retry-after is treated as a mistake
_LONGEST_ASKED = 600.0  # seconds
# lower bound, unless the caller sets an interval
_FASTEST = 1.0  # seconds
_FAILURES = 10  # polls in a row that may fail
# of these, responses of 404: a batch just created or just ended may be missing for a moment
_MISSING = 3


class Polling(NamedTuple):
    """The state of polling one batch. A loop over many batches keeps one of these for each.

    `interval`: the seconds between polls that the caller set, None for the server's pace. `pause`:
    the seconds to wait before the next poll. `error`: the error of the latest poll, None if it
    succeeded.
    """

    interval: float | None = None
    pause: float = 0.0
    error: AnthropixError | None = None
    own_pace: float = _FIRST
    failed: int = 0
    missing: int = 0

    def succeeded(self, headers: Mapping[str, str], now: float) -> Polling:
        """Return the state after a poll that succeeded; *now* is in seconds since the epoch."""
        if self.interval is not None:
            paced = self._replace(pause=self.interval)
        else:
            paced = self._paced(retry.retry_after(headers, now))
        return paced._replace(error=None, failed=0, missing=0)

    def failed_by(self, error: AnthropixError, now: float) -> Polling | None:
        """Return the state after a poll that failed; None if polling should end with *error*.

        Transient errors, responses of 404 and responses that are not this batch, which a gateway
        may send while the server is away, are tolerated, up to a number in a row.
        """
        is_missing = isinstance(error, APIError) and error.status == 404
        failed, missing = self.failed + 1, self.missing + is_missing
        if not (is_missing or isinstance(error, DecodeError) or retry.transient(error)):
            return None
        if failed > _FAILURES or missing > _MISSING:
            return None
        asked = None
        if isinstance(error, APIError):
            asked = retry.retry_after(error.headers, now)
        if self.interval is not None:
            paced = self._replace(pause=max(self.interval, min(asked or 0.0, _LONGEST_ASKED)))
        else:
            paced = self._paced(asked)
        return paced._replace(error=error, failed=failed, missing=missing)

    def _paced(self, asked: float | None) -> Polling:
        """Return the state with the pause that the server asks for, or else our own growing one."""
        if asked is not None:
            return self._replace(pause=min(max(asked, _FASTEST), _LONGEST_ASKED))
        slower = min(self.own_pace * _GROWTH, _SLOWEST)
        return self._replace(pause=self.own_pace, own_pace=slower)
