"""The events that `--json` prints, one a line. events.schema.json describes every line."""

from __future__ import annotations

from typing import Any

from ._errors import Failure

VERSION = 1
"""Of the events and their schema. A field may be added without a new version."""


def event(name: str, **fields: object) -> dict[str, Any]:
    """Return the event *name*."""
    return {"event": name, "version": VERSION, **fields}


def described(failure: Failure) -> dict[str, Any]:
    """Return what an event says of a failure."""
    return {
        "code": failure.code,
        "message": failure.message,
        "request_id": failure.request_id,
        "next": failure.next,
    }


def schema() -> dict[str, Any]:
    """Return the JSON Schema of every line that a command prints with `--json`."""
    import json
    from importlib.resources import files

    text = (files("anthropix_py.cli") / "events.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
