"""Events: what the hook and the log get, in which order, and that neither gets a secret."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from samples import ID, KEY, PATH, a_batch, answer_of, client
from scripted import Scripted, answer, close, refusal

from anthropix_py import batch, init, unwrap
from anthropix_py._events import emit, warn

SHOWN = answer(a_batch(), headers={"request-id": "req_2"})
Events = list[dict[str, Any]]


def response(status: int, request_id: str) -> dict[str, Any]:
    return {"event": "response", "status": status, "request_id": request_id}


def test_a_call_reports_each_attempt() -> None:
    events: Events = []
    with Scripted([close], refusal(429, {"request-id": "req_1"}), SHOWN) as server:
        given = client(server.url, on_event=events.append, query={"q": "a-query"})
        unwrap(batch.show(given, ID))
    size, error_size = (len(one.partition(b"\r\n\r\n")[2]) for one in (SHOWN, refusal(429)))
    common = {"method": "GET", "path": PATH}
    assert [{**event, "elapsed": 0} for event in events] == [
        {"elapsed": 0, **common, **event}
        for event in (
            {"event": "request", "attempt": 0, "bytes": 0},
            {"event": "retry", "attempt": 0, "delay": 0.4375, "reason": "closed"},
            {"event": "request", "attempt": 1, "bytes": 0},
            {**response(429, "req_1"), "attempt": 1, "bytes": error_size},
            {"event": "retry", "attempt": 1, "delay": 0.875, "reason": "429"},
            {"event": "request", "attempt": 2, "bytes": 0},
            {**response(200, "req_2"), "attempt": 2, "bytes": size},
        )
    ]
    # neither the key nor a query; and a hook may write them down as JSON
    assert not [text for text in (KEY, "a-query") if text in json.dumps(events)]


# (content-length, the bytes that a response event reports)
LENGTHS = {"9": 9, "": None, "-1": None, "1e3": None, "\u0661": 1, "9" * 20: None, "0": 0}


@pytest.mark.parametrize(("length", "expected"), LENGTHS.items(), ids=map(ascii, LENGTHS))
def test_the_length_of_a_response(length: str, expected: int | None) -> None:
    events: Events = []
    headers = {"Content-Length": length}
    transport = lambda *_: answer_of(200, a_batch(), headers)  # noqa: E731
    unwrap(batch.show(init(KEY, transport=transport, on_event=events.append), ID))
    assert events[-1]["bytes"] == expected


def test_the_log_gets_the_same_as_the_hook(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "anthropix_py")
    events: Events = []
    with Scripted(refusal(500), SHOWN) as server:
        unwrap(batch.show(client(server.url, on_event=events.append), ID))
    ours = [record for record in caplog.records if record.name == "anthropix_py"]
    assert [record.getMessage() for record in ours] == [str(event) for event in events]
    assert {record.levelname for record in ours} == {"DEBUG"}
    assert len(events) == 5


def test_a_log_at_another_level_gets_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "anthropix_py")
    emit(init(KEY), "poll", delay=1.0)
    assert caplog.records == []


SECRETS = {"x-secret": "another-secret"}
DETAILS: dict[str, tuple[Any, Any]] = {
    "the key": (KEY, "***"),
    "the value of a header": ("another-secret", "***"),
    # against an excerpt that was cut inside the key
    "a fragment": (f"<pre>{KEY[:9]}", "<pre>***"),
    "in a list": ([KEY, 1], ["***", 1]),
    "as a key of a dict": ({KEY: None}, {"***": None}),
    "a number": (429, 429),
}


@pytest.mark.parametrize(("value", "expected"), DETAILS.values(), ids=DETAILS)
def test_secrets_are_masked(caplog: pytest.LogCaptureFixture, value: Any, expected: Any) -> None:
    caplog.set_level(logging.DEBUG, "anthropix_py")
    events: Events = []
    given = init(KEY, headers=SECRETS, on_event=events.append)
    emit(given, "retry", reason=value)
    warn(given, f"failed: {value}")
    assert events == [{"event": "retry", "reason": expected}]
    assert caplog.messages == [str(events[0]), f"failed: {expected}"]
    assert not [text for text in (KEY, "another-secret") if text in repr(caplog.records[0].args)]


# (what the hook raises, whether it passes through)
RAISED: dict[str, tuple[BaseException, bool]] = {
    "a bug": (KeyError(KEY), False),
    "an error with a note": (ValueError("x"), False),
    "an interrupt": (KeyboardInterrupt(), True),
    "an exit": (SystemExit(3), True),
}


@pytest.mark.parametrize(("raised", "passes"), RAISED.values(), ids=RAISED)
def test_a_hook_that_raises(
    caplog: pytest.LogCaptureFixture, raised: BaseException, passes: bool
) -> None:
    def hook(_: object) -> None:
        raise raised

    given = init(KEY, transport=lambda *_: answer_of(200, a_batch()), on_event=hook)
    if passes:
        with pytest.raises(type(raised)):
            batch.show(given, ID)
        return
    assert batch.show(given, ID) == ("ok", a_batch())
    assert len(caplog.messages) == 2
    begins = f"the on_event hook raised {type(raised).__name__}: "
    assert all(message.startswith(begins) for message in caplog.messages)
    assert KEY not in caplog.text


def test_a_hook_cannot_change_what_is_logged_or_sent() -> None:
    def hook(event: dict[str, Any]) -> None:
        event.clear()

    given = init(KEY, transport=lambda *_: answer_of(200, a_batch()), on_event=hook)
    assert batch.show(given, ID) == ("ok", a_batch())
