"""Report what happens during a call to the client's hook and to the log.

Secrets are masked here and in `_door`, nowhere else. Neither the hook nor the log gets a body, a
query, or the value of a header other than the request id.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ._wire.secret import redacted
from .client import Client

if TYPE_CHECKING:
    from logging import Logger

_DEBUG = 10  # logging.DEBUG, without its import


def emit(client: Client, event: str, **details: object) -> None:
    """Report *event* to the client's hook and, at debug level, to the log."""
    logger = _logger()
    if client.on_event is None and not logger.isEnabledFor(_DEBUG):
        return
    emitted = redacted({"event": event, **details}, client.secrets)
    logger.debug("%s", emitted)
    if client.on_event is None:
        return
    try:
        client.on_event(emitted)
    except Exception as error:  # noqa: BLE001 - a hook that fails must not fail the call that it watches
        warn(client, f"the on_event hook raised {type(error).__name__}: {error}")


def warn(client: Client, message: str) -> None:
    """Write *message* to the log as a warning."""
    logger = _logger()
    text = redacted(message, client.secrets)
    if not logger.hasHandlers():
        # Without any set-up of logging, Python prints only the message, without level and name.
        text = f"WARNING {logger.name}: {text}"
    logger.warning("%s", text)


@cache
def _logger() -> Logger:
    # imported here because it takes half as long as importing this package
    import logging

    return logging.getLogger("anthropix_py")
