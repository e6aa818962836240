"""The client of a command: which server it talks to, and how a person recognizes that.

There is no option for the key: the command line of a process can be read by every user of the
machine, and is kept in the history of the shell. The key comes from the environment.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple
from urllib.parse import urlsplit

from .. import client as clients
from .._clock import SYSTEM, Clock
from .._door import door
from .._wire import Transport
from ..batch import _pages
from ..client import Client
from ..result import unwrap
from ._output import Output
from ._pace import Pace

EMULATED = "00000000-0000-4000-8000-000000000000"
"""The organization that the emulator names in each response, and that nobody else has."""

_LONG_ENOUGH = 12  # characters of a key whose last four may be shown


class Surroundings(NamedTuple):
    """What stands in for the network and for time in tests."""

    transport: Transport | None = None
    clock: Clock = SYSTEM


class Server(NamedTuple):
    """A server, and how to talk to it. `key`: what is shown of the credential."""

    client: Client
    pace: Pace
    host: str
    is_emulator: bool
    key: str

    @property
    def line(self) -> str:
        """Return the line by which a person recognizes the server."""
        what = ""
        if self.is_emulator:
            what = " (emulator)"
        return f"{self.host}{what} · {self.key}"

    def described(self) -> dict[str, object]:
        """Return what an event says of the server."""
        return {"host": self.host, "emulator": self.is_emulator, "key": self.key}


class Options(NamedTuple):
    """The options of all commands that talk to a server."""

    base_url: str | None
    beta: tuple[str, ...]
    read_timeout: float
    ca_bundle: str | None


def connect(out: Output, options: Options, surroundings: Surroundings, *, ask: bool) -> Server:
    """Return the server that the options and the environment name.

    Asks it who it is, unless it is Anthropic's own and *ask* is false. An error of a wrong key or
    address is raised here, before anything costs money.
    """
    pace = Pace(surroundings.clock)
    with warnings.catch_warnings(record=True) as caught:
        client = clients.init(
            base_url=options.base_url,
            beta=options.beta,
            timeout=options.read_timeout,
            ca_bundle=options.ca_bundle,
            transport=surroundings.transport,
            clock=pace,
        )
    for one in caught:
        out.warn(str(one.message))
    parts = urlsplit(client.base_url)
    is_emulator = False
    if ask or client.base_url != clients.API_BASE:
        is_emulator = unwrap(_organization(client)) == EMULATED
    return Server(client, pace, parts.netloc + parts.path, is_emulator, _shown_key(client))


@door
def _organization(client: Client) -> str | None:
    """Return the organization that the server names, None if it does not."""
    page = _pages.Walk.of(client, limit=1).page(None)
    return page.headers.get("anthropic-organization-id")


def _shown_key(client: Client) -> str:
    hidden = client.api_key or client.auth_token
    if hidden is None:
        return "no key"
    secret = hidden.reveal()
    if len(secret) < _LONG_ENOUGH:
        return f"a key of {len(secret)} characters"
    # A slice of a Secret is masked; these four characters are meant to be seen.
    shown = str.__getitem__(secret, slice(-4, None))
    return f"key …{shown}"
