"""What happens on the way of a call: told to the client's hook and to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._wire.secret import struck
from .client import Client

if TYPE_CHECKING:
    from logging import Logger

_DEBUG = 10  # logging.DEBUG, without its import


def emit(client: Client, event: str, **details: object) -> None:
    """Report an *event* to the client's hook and to the log: names and numbers, never a header's value or a body."""
    logger = log()
    if client.on_event is None and not logger.isEnabledFor(_DEBUG):
        return
    told = struck({"event": event, **details}, client.secrets)
    logger.debug("%s", told)
    if client.on_event is not None:
        try:
            client.on_event(told)
        except Exception as error:  # noqa: BLE001 - a hook that fails must not fail the call that it watches
            log().warning("the on_event hook raised %s: %s", type(error).__name__, error)


def log() -> Logger:
    """Give the logger of this package."""
    import logging  # here, and not at the top: half as much to import as all of this package

    return logging.getLogger("anthropix_py")
