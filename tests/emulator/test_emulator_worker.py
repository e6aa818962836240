"""What becomes of a request: replies of every sort, outcomes, and rows in the API's nesting."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from emulator_samples import PARAMS, cases, counted, now, rows, texts
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator import ManualClock, Outcomes, Reply, Store
from anthropix_py.emulator._worker import Terms, Worker

TERMS = Terms("msgbatch_x", "2023-06-01")
REQUEST: dict[str, Any] = {"custom_id": "a", "params": PARAMS}


def result(reply: Reply | None, request: dict[str, Any] = REQUEST) -> dict[str, Any]:
    """Return the result of a request that *reply* responses."""
    kind, line = Worker(reply, None, None, 0).row(copy.deepcopy(request), TERMS)
    row = json.loads(line)
    assert row["custom_id"] == request["custom_id"]
    assert row["result"]["type"] == kind
    found: dict[str, Any] = row["result"]
    id = found.get("error", {}).get("request_id")
    if id is not None:
        assert re.fullmatch(r"workerreq_01[0-9a-zA-Z]{22}", id)
        found["error"]["request_id"] = "workerreq_01..."
    return found


def errored(kind: str, message: str) -> dict[str, Any]:
    """Return an errored result as recorded: nested twice, with an id for faults of execution."""
    error = {"details": {"error_visibility": "user_facing"}, "type": kind, "message": message}
    request_id = "workerreq_01..." if kind == "api_error" else None
    return {"type": "errored", "error": {"type": "error", "error": error, "request_id": request_id}}


def never(_: dict[str, Any]) -> str:
    raise AssertionError("a request with a fault never reaches the reply")


def test_a_request_with_a_fault_is_errored_without_a_reply() -> None:
    request = {"custom_id": "a", "params": {}}
    assert result(never, request) == errored("invalid_request_error", "model: Field required")
    found = Worker(never, None, ["other"], 0).row(REQUEST, TERMS)[1]
    assert json.loads(found)["result"] == errored("not_found_error", "model: m")


# replies

COMPLETE = {"type": "message", "content": [], "usage": {}, "unheard_of": 1}
BUSY = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
RESULTS: dict[str, dict[str, Any]] = {
    "succeeded": {"type": "succeeded", "message": COMPLETE},
    "errored": {"type": "errored", "error": BUSY},
    "canceled": {"type": "canceled"},
    "expired": {"type": "expired"},
}


@cases("reply", RESULTS)
def test_a_reply_of_a_result_is_kept_as_it_is(reply: dict[str, Any]) -> None:
    assert result(lambda _: reply) == reply


FIELDS: dict[str, dict[str, Any]] = {
    "complete": COMPLETE,
    "type alone": {"type": "message"},
    "content": {"content": [{"type": "text", "text": "x"}]},
    "refusal": {"content": [], "stop_reason": "refusal"},
}


@cases("fields", FIELDS)
def test_fields_of_a_message_are_kept_and_the_others_filled_in(fields: dict[str, Any]) -> None:
    usual = result(lambda _: "")["message"]
    found = result(lambda _: fields)["message"]
    assert {**found, "id": "", "usage": {}} == {**usual, **fields, "id": "", "usage": {}}
    assert found["usage"] == fields.get("usage", found["usage"])
    assert list(found)[:9] == list(usual)


def test_a_reply_of_text_is_the_text_of_a_message() -> None:
    found = result(lambda _: "hello")
    assert list(found) == ["type", "message"]
    assert found["message"]["content"] == [{"type": "text", "text": "hello"}]
    assert result(None)["message"]["content"] == [{"type": "text", "text": "You asked: Hello"}]


NONSENSE: dict[str, tuple[Any, str]] = {
    "none": (None, "NoneType"),
    "number": (0, "int"),
    "true": (True, "bool"),
    "bytes": (b"text", "bytes"),
    "list": (["text"], "list"),
    "tuple": (("ok", "text"), "tuple"),
    "empty dict": ({}, "dict"),
    "type null": ({"type": None}, "dict"),
    # must not be hashed
    "type list": ({"type": ["message"]}, "dict"),
    "type in capitals": ({"type": "Message"}, "dict"),
    "unknown type": ({"type": "processing"}, "dict"),
    "no type": ({"role": "assistant"}, "dict"),
    "object": (object(), "object"),
    "class": (str, "type"),
}


@cases("reply, found", NONSENSE)
def test_a_reply_of_nonsense_is_errored(reply: Any, found: str) -> None:
    message = f"the reply function returned a {found}; expected text, a message or a result"
    assert result(lambda _: reply) == errored("api_error", message)


class Failed(BaseException):
    """What a test framework raises to fail a test."""


ERRORS: dict[str, tuple[BaseException, str]] = {
    "error": (RuntimeError("boom"), "RuntimeError: boom"),
    "no message": (ValueError(), "ValueError: "),
    "key": (KeyError("k"), "KeyError: 'k'"),
    "memory": (MemoryError(), "MemoryError: "),
    # would end a generator silently
    "stop iteration": (StopIteration(), "StopIteration: "),
    "disk": (OSError(28, "full"), "OSError: [Errno 28] full"),
    "assertion": (AssertionError("no"), "AssertionError: no"),
    "lines": (TimeoutError("late\n\u00e9"), "TimeoutError: late\n\u00e9"),
    # not an Exception
    "failed test": (Failed("no"), "Failed: no"),
    "exit": (SystemExit(1), "SystemExit: 1"),
}


@cases("error, message", ERRORS)
def test_a_reply_that_raises_is_errored(error: BaseException, message: str) -> None:
    def reply(_: object) -> str:
        raise error

    assert result(reply) == errored("api_error", message)


def test_an_interrupt_is_not_caught() -> None:
    def reply(_: object) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        result(reply)


BROKEN: dict[str, tuple[Any, str]] = {
    "no arguments": (lambda: "x", "TypeError"),
    "two arguments": (lambda _a, _b: "x", "TypeError"),
    "not JSON": (lambda _: {"type": "message", "content": object()}, "TypeError"),
    "NaN": (lambda _: {"type": "message", "content": float("nan")}, "ValueError"),
    "tuple as a key": (lambda _: {"type": "message", (1, 2): 3}, "TypeError"),
    "a changed request": (lambda request: request["params"].clear() or "x", "KeyError"),
}


@cases("reply, error", BROKEN)
def test_a_broken_reply_errs_its_own_request_once(reply: Any, error: str) -> None:
    found = result(reply)["error"]["error"]
    assert found["type"] == "api_error"
    assert found["message"].startswith(f"{error}: ")
    store = Store(reply=reply)
    batch = store.add(texts(2))
    for _ in range(3):
        assert counted(now(store, batch)) == {"errored": 2}


def test_a_reply_is_asked_once_with_the_complete_request() -> None:
    asked: list[dict[str, Any]] = []

    def reply(request: dict[str, Any]) -> str:
        asked.append(copy.deepcopy(request))
        return "x"

    result(reply)
    assert asked == [REQUEST]


@pytest.mark.parametrize(
    "reply", [None, lambda _: "x", lambda _: COMPLETE], ids=["default", "text", "message"]
)
def test_a_request_is_left_as_it_was(reply: Reply) -> None:
    request = copy.deepcopy(REQUEST)
    Worker(reply, {"max_tokens": 1}, None, 0).row(request, TERMS)
    assert request == REQUEST


@given(st.text(), st.text(), st.text(alphabet="abcAB_-09", min_size=1, max_size=64))
def test_the_default_reply_follows_from_the_request_alone(
    prompt: str, system: str, custom_id: str
) -> None:
    params = {**PARAMS, "system": system, "messages": [{"role": "user", "content": prompt}]}
    request = {"custom_id": custom_id, "params": params}
    assert result(None, request) == result(None, request)


# outcomes

SHARES: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "none": ({}, {"succeeded": 1.0}),
    "all": ({"errored": 1.0}, {"errored": 1.0}),
    "a tenth": ({"errored": 0.1}, {"errored": 0.1, "succeeded": 0.9}),
    "three": (
        {"errored": 0.2, "expired": 0.3, "canceled": 0.5},
        {"errored": 0.2, "expired": 0.3, "canceled": 0.5},
    ),
    "stop reasons": ({"refusal": 0.5, "max_tokens": 0.5}, {"succeeded": 1.0}),
    "named": ({"succeeded": 0.25, "errored": 0.75}, {"succeeded": 0.25, "errored": 0.75}),
}


@cases("shares, expected", SHARES)
def test_outcomes_by_share(shares: dict[str, float], expected: dict[str, float]) -> None:
    store = Store(outcomes=shares, seed=3)
    found = counted(now(store, store.add(texts(1000))))
    assert set(found) == set(expected)
    for kind, share in expected.items():
        assert found[kind] == pytest.approx(1000 * share, abs=60)


def drawn(seed: int, batches: int = 1) -> list[dict[str, str]]:
    """Return the outcomes of a hundred requests, sent in one batch after another."""
    store = Store(outcomes={"errored": 0.5}, seed=seed, clock=ManualClock())
    found = (rows(now(store, store.add(texts(100)))) for _ in range(batches))
    return [{row["custom_id"]: row["result"]["type"] for row in one} for one in found]


def test_outcomes_are_drawn_anew_for_each_batch_and_repeat_with_the_seed() -> None:
    first, second = drawn(1, 2)
    assert first != second
    assert drawn(1, 2) == [first, second]
    assert drawn(2) != [first]


def test_the_request_id_of_an_error_is_another_in_each_batch() -> None:
    store = Store(outcomes={"errored": 1}, seed=1, clock=ManualClock())
    ids = [rows(now(store, store.add(texts())))[0]["result"]["error"]["request_id"] for _ in "ab"]
    assert len(set(ids)) == 2


def test_failed_requests_succeed_when_they_are_sent_again() -> None:
    """Against rehearsals of a retry loop that never end, because the same rows fail each time."""
    store = Store(outcomes={"errored": 0.5}, seed=1, clock=ManualClock())
    left, batches = texts(64), 0
    while left:
        batches += 1
        assert batches < 20
        failed = {
            row["custom_id"]
            for row in rows(now(store, store.add(left)))
            if row["result"]["type"] == "errored"
        }
        left = [text for text in left if json.loads(text)["custom_id"] in failed]
    assert batches > 2


CHOSEN: dict[str, tuple[str, str | None]] = {
    "succeeded": ("succeeded", "end_turn"),
    "refusal": ("succeeded", "refusal"),
    "max_tokens": ("succeeded", "max_tokens"),
    "errored": ("errored", None),
    "canceled": ("canceled", None),
    "expired": ("expired", None),
    "nonsense": ("errored", None),
}


@pytest.mark.parametrize("outcome", CHOSEN)
def test_outcomes_by_function(outcome: str) -> None:
    outcomes: Outcomes = lambda request: (  # noqa: E731
        outcome if request["custom_id"] == "id-1" else "succeeded"
    )
    store = Store(outcomes=outcomes)
    found = {row["custom_id"]: row["result"] for row in rows(now(store, store.add(texts(3))))}
    stop_reason = found["id-1"].get("message", {}).get("stop_reason")
    assert (found["id-1"]["type"], stop_reason) == CHOSEN[outcome]
    assert found["id-0"]["type"] == found["id-2"]["type"] == "succeeded"
