"""What every action of the runner needs: the client, the journal, the view, and the time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from .. import retry
from .._events import emit, warn
from ..client import Client
from ..errors import AnthropixError, APIError, DecodeError, IncompleteResults
from ._after import after
from ._bodies import First
from ._folder import Folder
from ._happened import Event
from ._journal import Journal, differ
from ._mirror import Mirror
from ._values import Policy
from ._view import View

OnEvent = Callable[[dict[str, Any]], object]

_BACKOFF = retry.Policy(initial_delay=1.0, max_delay=60.0)
_LONGEST_ASKED = 3600.0  # seconds


class Core:
    """An open job. `view`: as the journal has it. `tag`: what its ids begin with."""

    def __init__(
        self,
        client: Client,
        folder: Folder,
        journal: Journal,
        policy: Policy,
        on_event: OnEvent | None = None,
    ) -> None:
        self.client = client
        self.folder = folder
        self.journal = journal
        self.mirror = Mirror(folder.disk, folder.mirror)
        self.policy = policy
        self.view: View = journal.load(policy.rules())
        self.tag: str = journal.get("tag")
        self.parts: int = journal.get("parts")
        self.vouched = False
        # The planner waits out failures, so that one failing batch does not delay the others.
        self.impatient = client._replace(retry=client.retry._replace(max_retries=0))
        self._hook = client._replace(on_event=on_event)
        # the server's time as a response said it, and the monotonic time at that moment
        self._anchor = (client.clock.now(), client.clock.monotonic())
        self._failures: dict[str, int] = {}

    def now(self) -> float:
        """Return the server's time, in seconds since the epoch; rather early than late."""
        said, monotonic = self._anchor
        return said + (self.client.clock.monotonic() - monotonic)

    def set_time(self, said: float) -> None:
        """Set the server's time to what a response said."""
        self._anchor = (said, self.client.clock.monotonic())

    def commit(
        self, event: Event | Callable[[sqlite3.Connection], Event], **values: object
    ) -> None:
        """Record an event, and *values* by their names, in one commit.

        *event* may be a function that changes rows and returns the event.
        """
        with self.journal.change() as db:
            happened = event(db) if callable(event) else event
            view = after(self.view, happened)
            self.journal.save(self.view, view)
            self.journal.put(**values)
        self.view = view

    def note(self, event: Event) -> None:
        """Apply an event; commit it only if it changes what the journal keeps."""
        view = after(self.view, event)
        if differ(self.view, view):
            self.commit(event)
        self.view = view

    def emit(self, event: str, **details: object) -> None:
        """Report an event of the job."""
        emit(self._hook, f"job_{event}", **details)

    def warn(self, message: str) -> None:
        """Write a warning to the log."""
        warn(self.client, message)

    def firsts(self) -> list[First]:
        """Return the first body of every part."""
        found = self.journal.db.execute(
            "SELECT number, first, last FROM attempts WHERE first IS NOT NULL ORDER BY first"
        )
        return [First(*one) for one in found]

    def later(self, what: str, error: AnthropixError) -> float:
        """Return when *what* may be tried again. Raises *error* if trying again is useless."""
        if not _will_pass(error):
            raise error
        count = self._failures.get(what, 0)
        self._failures[what] = count + 1
        seconds = retry.backoff(_BACKOFF, count, self.client.clock.random())
        if isinstance(error, APIError):
            asked = retry.retry_after(error.headers, self.client.clock.now())
            seconds = max(seconds, min(asked or 0.0, _LONGEST_ASKED))
        self.warn(f"{what} failed, next try in {seconds:.0f} s: {error}")
        return self.now() + seconds

    def succeeded(self, what: str) -> None:
        """Forget the failures of *what*."""
        self._failures.pop(what, None)


def _will_pass(error: AnthropixError) -> bool:
    if isinstance(error, APIError) and error.status == 404:
        return True
    return retry.transient(error) or isinstance(error, (DecodeError, IncompleteResults))


def origin_of(client: Client) -> str:
    """Return the scheme and host of a client's server."""
    from urllib.parse import urlsplit

    parts = urlsplit(client.base_url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def place_values(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return organization and workspace as the headers of a response say them."""
    organization = headers.get("anthropic-organization-id") or None
    return organization, headers.get("anthropic-workspace-id") or None
