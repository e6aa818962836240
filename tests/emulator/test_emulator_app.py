from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from samples import Bytes

from anthropix_py._wire import Request, Timeout
from anthropix_py.emulator import ManualClock, Store, handle, transport
from anthropix_py.limits import Limits

BATCHES = "/v1/messages/batches"
COUNT = "/v1/messages/count_tokens"
BASE = "http://emulator:8080"
HEAD = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
PARAMS = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
DAY = 24 * 3600.0
START = 1_787_150_691.493319

FIELDS = [
    "id",
    "type",
    "processing_status",
    "request_counts",
    "ended_at",
    "created_at",
    "expires_at",
    "archived_at",
    "cancel_initiated_at",
    "results_url",
]
IN_PROGRESS = "In progress batches cannot be deleted. Consider canceling the batch instead."


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        return self.status, self.json["error"]["type"], self.json["error"]["message"]


def ask(
    store: Store,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] = HEAD,
    base: str = BASE,
) -> Answer:
    content = (
        None
        if body is None
        else Bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    )
    response = handle(store, Request(method, base + path, headers, content))
    answer = Answer(response.status, response.headers, b"".join(response.chunks))
    response.close()
    return answer


def create(store: Store, count: int = 1) -> str:
    body = {
        "requests": [{"custom_id": f"id-{number}", "params": PARAMS} for number in range(count)]
    }
    answer = ask(store, "POST", BATCHES, body)
    assert answer.status == 200
    id = answer.json["id"]
    assert isinstance(id, str)
    return id


def in_state(state: str) -> tuple[Store, str]:
    """Give a store with one batch in *state*, and the batch's id."""
    clock = ManualClock(START)
    store = Store(takes=3600, clock=clock)
    id = create(store, 2)
    if state == "canceling":
        ask(store, "POST", f"{BATCHES}/{id}/cancel")
    elif state in ("ended", "archived", "deleted"):
        clock.advance(3600)
    if state == "archived":
        clock.advance(29 * DAY - 3600)
    if state == "deleted":
        assert ask(store, "DELETE", f"{BATCHES}/{id}").status == 200
    return store, id


# --- the object -----------------------------------------------------------------------------------


def test_a_batch_has_ten_fields_in_the_order_of_the_wire() -> None:
    store = Store(takes=60, clock=ManualClock(START))
    created = ask(store, "POST", BATCHES, {"requests": [{"custom_id": "a", "params": PARAMS}]})
    id = created.json["id"]
    assert list(created.json) == FIELDS
    assert re.fullmatch(r"msgbatch_[0-9A-Za-z]{24}", id)
    assert created.json == {
        "id": id,
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": {
            "processing": 1,
            "succeeded": 0,
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        },
        "ended_at": None,
        "created_at": "2026-08-19T14:44:51.493319+00:00",
        "expires_at": "2026-08-20T14:44:51.493319+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": None,
    }
    assert list(created.json["request_counts"]) == [
        "processing",
        "succeeded",
        "errored",
        "canceled",
        "expired",
    ]


@pytest.mark.parametrize(
    ("state", "status", "counts", "times"),
    [
        ("in_progress", "in_progress", (2, 0, 0, 0, 0), (None, None, None)),
        ("canceling", "ended", (0, 0, 0, 2, 0), ("14:44:51", None, "14:44:51")),
        ("ended", "ended", (0, 2, 0, 0, 0), ("15:44:51", None, None)),
        ("archived", "ended", (0, 2, 0, 0, 0), ("15:44:51", "14:44:51", None)),
    ],
    ids=["in_progress", "canceled", "ended", "archived"],
)
def test_show(
    state: str,
    status: str,
    counts: tuple[int, ...],
    times: tuple[str | None, str | None, str | None],
) -> None:
    store, id = in_state(state)
    shown = ask(store, "GET", f"{BATCHES}/{id}").json
    assert list(shown) == FIELDS
    assert shown["processing_status"] == status
    assert tuple(shown["request_counts"].values()) == counts
    for key, time in zip(("ended_at", "archived_at", "cancel_initiated_at"), times, strict=True):
        assert (shown[key] and shown[key][11:19]) == time, key
    url = f"{BASE}{BATCHES}/{id}/results"
    assert shown["results_url"] == (url if status == "ended" else None)


@pytest.mark.parametrize(
    "base",
    ["http://127.0.0.1:1", "https://api.anthropic.com", "http://[::1]:9"],
    ids=["http", "https", "v6"],
)
def test_the_results_url_is_on_the_host_that_was_asked(base: str) -> None:
    store = Store(clock=ManualClock())
    id = create(store)
    shown = ask(store, "GET", f"{BATCHES}/{id}?beta=true", base=base).json
    assert shown["results_url"] == f"{base}{BATCHES}/{id}/results"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/cancel"), ("LIST", "")],
    ids=["show", "cancel", "list"],
)
def test_every_call_gives_the_same_object(method: str, path: str) -> None:
    store, id = in_state("in_progress")
    expected = ask(store, "GET", f"{BATCHES}/{id}").json
    if method == "LIST":
        found = ask(store, "GET", BATCHES).json["data"][0]
    else:
        found = ask(store, method, f"{BATCHES}/{id}{path}").json
    if path == "/cancel":
        expected |= {
            "processing_status": "canceling",
            "cancel_initiated_at": expected["created_at"],
        }
    assert found == expected
    assert list(found) == FIELDS


# --- refusals -------------------------------------------------------------------------------------

NO_KEY = {"anthropic-version": "2023-06-01"}
NO_VERSION = {"x-api-key": "k"}
ROUTES = [
    ("create", "POST", BATCHES),
    ("list", "GET", BATCHES),
    ("show", "GET", f"{BATCHES}/msgbatch_x"),
    ("cancel", "POST", f"{BATCHES}/msgbatch_x/cancel"),
    ("delete", "DELETE", f"{BATCHES}/msgbatch_x"),
    ("results", "GET", f"{BATCHES}/msgbatch_x/results"),
    ("count", "POST", COUNT),
    ("nowhere", "GET", "/nowhere"),
]
EACH_ROUTE = pytest.mark.parametrize(
    ("method", "path"), [route[1:] for route in ROUTES], ids=[route[0] for route in ROUTES]
)


@EACH_ROUTE
@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({}, 401, "authentication_error"),
        (NO_KEY, 401, "authentication_error"),
        ({**NO_KEY, "X-Api-Key": ""}, 401, "authentication_error"),
        ({**NO_KEY, "Authorization": "Bearer "}, 401, "authentication_error"),
        (NO_VERSION, 400, "invalid_request_error"),
        ({**NO_VERSION, "anthropic-version": "tomorrow"}, 400, "invalid_request_error"),
    ],
    ids=["none", "no-key", "blank-key", "blank-bearer", "no-version", "odd-version"],
)
def test_the_head_is_checked_first(
    method: str, path: str, headers: dict[str, str], status: int, kind: str
) -> None:
    assert ask(Store(clock=ManualClock()), method, path, b"not json", headers).error[:2] == (
        status,
        kind,
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-KEY": "k", "ANTHROPIC-VERSION": "2023-06-01"},
        {"Authorization": "Bearer t", "Anthropic-Version": "2023-06-01"},
        {"x-api-key": "k", "anthropic-version": "2026-10-21"},
        {"x-api-key": "k", "anthropic-version": "2023-06-01", "anthropic-beta": "a,b"},
    ],
    ids=["upper", "bearer", "new-version", "beta"],
)
def test_a_good_head(headers: dict[str, str]) -> None:
    assert ask(Store(clock=ManualClock()), "GET", BATCHES, headers=headers).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v1",
        "/v1/messages",
        "/v1/messages/batches/",
        "/v1/messages/batches//results",
        "/v1/messages/batches//",
        "/v1/messages/batchesX",
        "/v1/messages/Batches",
        "/v2/messages/batches",
        "/x/v1/messages/batches",
        "/x/v1/messages/batches/ID",
        "/v1/messages/batches/ID/cancel/",
        "/v1/messages/batches/ID/results/x",
        "/v1/messages/batches/ID/Cancel",
        "/v1/messages/batches/ID/delete",
        "/v1/messages/count_tokens/",
        "/v1/models",
        "/v1/%6Dessages/batches",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
def test_no_such_route(method: str, path: str) -> None:
    store = Store(clock=ManualClock())
    path = path.replace("ID", create(store))
    assert ask(store, method, path).error == (404, "not_found_error", "Not found")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (BATCHES, ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", ""]),
        (f"{BATCHES}/ID", ["POST", "PUT", "PATCH", "HEAD", "delete"]),
        (f"{BATCHES}/ID/cancel", ["GET", "DELETE", "PUT"]),
        (f"{BATCHES}/ID/results", ["POST", "DELETE", "HEAD"]),
        (f"{BATCHES}/unknown", ["POST"]),
        (COUNT, ["GET", "DELETE", "PUT"]),
    ],
    ids=["batches", "batch", "cancel", "results", "unknown", "count"],
)
def test_a_method_that_is_not_allowed(path: str, methods: list[str]) -> None:
    store = Store(takes=60, clock=ManualClock())
    path = path.replace("ID", create(store))
    for method in methods:
        error = ask(store, method, path).error
        assert error == (405, "invalid_request_error", "Method Not Allowed"), method


@pytest.mark.parametrize(
    ("method", "action"),
    [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")],
    ids=["show", "delete", "cancel", "results"],
)
@pytest.mark.parametrize(
    ("quoted", "id"),
    [
        ("msgbatch_nope", "msgbatch_nope"),
        ("cancel", "cancel"),
        ("a%20b", "a b"),
        ("a%2Fb", "a/b"),
        ("%00", "\0"),
        ("%FF", "\ufffd"),
        ("%E2%82%AC", "\u20ac"),
        ("..", ".."),
        ("%", "%"),
    ],
    ids=["plain", "word", "space", "slash", "nul", "not-utf8", "euro", "dots", "percent"],
)
def test_an_unknown_id(method: str, action: str, quoted: str, id: str) -> None:
    store = Store(clock=ManualClock())
    create(store)
    error = ask(store, method, f"{BATCHES}/{quoted}{action}").error
    assert error == (404, "not_found_error", f"Message Batch {id} not found.")


def test_an_id_may_be_percent_encoded() -> None:
    store = Store(clock=ManualClock())
    id = create(store)
    assert ask(store, "GET", f"{BATCHES}/{id.replace('_', '%5F')}").json["id"] == id


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "requests: Field required"),
        ({"requests": []}, "requests: List should have at least 1 item after validation, not 0"),
        ([], "Input should be an object"),
    ],
    ids=["nothing", "empty", "list"],
)
def test_a_create_that_is_refused(body: object, message: str) -> None:
    store = Store(clock=ManualClock())
    assert ask(store, "POST", BATCHES, body).error == (400, "invalid_request_error", message)
    assert ask(store, "GET", BATCHES).json["data"] == []


def test_a_create_of_the_most_that_fits() -> None:
    body = json.dumps({"requests": [{"custom_id": "a", "params": PARAMS}]}).encode()
    store = Store(clock=ManualClock(), limits=Limits(requests=1, bytes=len(body)))
    assert ask(store, "POST", BATCHES, body).status == 200
    assert ask(store, "POST", BATCHES, body + b" ").error[:2] == (413, "request_too_large")


# --- every answer ---------------------------------------------------------------------------------


@EACH_ROUTE
@pytest.mark.parametrize("headers", [HEAD, {}], ids=["key", "no-key"])
def test_every_answer_has_an_id_and_every_error_repeats_it(
    method: str, path: str, headers: dict[str, str]
) -> None:
    store = Store(clock=ManualClock())
    answers = [ask(store, method, path, headers=headers) for _ in range(3)]
    ids = [answer.headers["request-id"] for answer in answers]
    assert len(set(ids)) == 3
    for answer, id in zip(answers, ids, strict=True):
        assert re.fullmatch(r"req_[0-9A-Za-z]{24}", id)
        assert answer.headers["anthropic-organization-id"]
        assert all(name == name.lower() for name in answer.headers)
        if answer.status != 200:
            assert list(answer.json) == ["type", "error", "request_id"]
            assert list(answer.json["error"]) == ["type", "message"]
            assert (answer.json["type"], answer.json["request_id"]) == ("error", id)


@pytest.mark.parametrize("state", ["in_progress", "ended", "archived", "deleted"])
@pytest.mark.parametrize("action", ["", "/results"], ids=["show", "results"])
def test_the_framing_of_answers(state: str, action: str) -> None:
    store, id = in_state(state)
    answer = ask(store, "GET", f"{BATCHES}/{id}{action}")
    if action and answer.status == 200:
        assert answer.headers["content-type"] == "application/x-jsonl"
        assert (
            answer.headers["content-disposition"]
            == f"attachment; filename*=utf-8''{id}_results.jsonl"
        )
        assert not {"content-length", "etag", "accept-ranges"} & set(answer.headers)
    else:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == str(len(answer.body))


def test_the_date_is_that_of_the_clock() -> None:
    answer = ask(Store(clock=ManualClock(START)), "GET", BATCHES)
    assert answer.headers["date"] == "Wed, 19 Aug 2026 14:44:51 GMT"


# --- show and its pace ----------------------------------------------------------------------------


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_retry_after_is_on_every_show_until_the_end(looks: int) -> None:
    store = Store(looks=looks, clock=ManualClock())
    id = create(store)
    shown = [ask(store, "GET", f"{BATCHES}/{id}") for _ in range(looks + 2)]
    assert [answer.headers.get("retry-after") for answer in shown] == ["10"] * looks + [None] * 2
    assert [answer.json["processing_status"] for answer in shown] == ["in_progress"] * looks + [
        "ended"
    ] * 2
    assert all(answer.status == 200 for answer in shown)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", BATCHES, {"requests": [{"custom_id": "a", "params": PARAMS}]}),
        ("GET", BATCHES, None),
        ("GET", f"{BATCHES}/ID/results", None),
        ("DELETE", f"{BATCHES}/ID", None),
        ("POST", f"{BATCHES}/ID/cancel", None),
        ("POST", COUNT, {"model": "m", "messages": []}),
    ],
    ids=["create", "list", "results", "delete", "cancel", "count"],
)
def test_only_show_gives_a_pace_and_counts_as_a_look(method: str, path: str, body: object) -> None:
    store = Store(looks=1, clock=ManualClock())
    id = create(store)
    answer = ask(store, method, path.replace("ID", id), body)
    assert "retry-after" not in answer.headers
    if not path.endswith("/cancel"):
        assert ask(store, "GET", f"{BATCHES}/{id}").json["processing_status"] == "in_progress"


# --- cancel, delete, results ----------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"", {}], ids=["none", "empty", "object"])
def test_cancel(body: object) -> None:
    store, id = in_state("in_progress")
    answer = ask(store, "POST", f"{BATCHES}/{id}/cancel", body)
    assert answer.status == 200
    assert answer.json["processing_status"] == "canceling"
    assert answer.json["cancel_initiated_at"] == "2026-08-19T14:44:51.493319+00:00"
    assert answer.json["request_counts"] == {
        "processing": 2,
        "succeeded": 0,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    assert (answer.json["ended_at"], answer.json["results_url"]) == (None, None)


def test_a_canceled_batch_has_its_rows_canceled() -> None:
    store, id = in_state("canceling")
    rows = [
        json.loads(line) for line in ask(store, "GET", f"{BATCHES}/{id}/results").body.splitlines()
    ]
    assert sorted(row["custom_id"] for row in rows) == ["id-0", "id-1"]
    assert all(row["result"] == {"type": "canceled"} for row in rows)


@pytest.mark.parametrize(
    ("state", "method", "action", "status", "kind", "message"),
    [
        (
            "ended",
            "POST",
            "/cancel",
            400,
            "invalid_request_error",
            "Message Batch ID has already ended.",
        ),
        (
            "archived",
            "POST",
            "/cancel",
            400,
            "invalid_request_error",
            "Message Batch ID has already ended.",
        ),
        (
            "canceling",
            "POST",
            "/cancel",
            400,
            "invalid_request_error",
            "Message Batch ID has already ended.",
        ),
        ("deleted", "POST", "/cancel", 404, "not_found_error", "Message Batch ID not found."),
        ("in_progress", "DELETE", "", 400, "invalid_request_error", IN_PROGRESS),
        ("deleted", "DELETE", "", 404, "not_found_error", "Message Batch ID not found."),
        (
            "in_progress",
            "GET",
            "/results",
            404,
            "not_found_error",
            "Message Batch ID has no available results.",
        ),
        (
            "archived",
            "GET",
            "/results",
            404,
            "not_found_error",
            "Message Batch ID has no available results.",
        ),
        ("deleted", "GET", "/results", 404, "not_found_error", "Message Batch ID not found."),
        ("deleted", "GET", "", 404, "not_found_error", "Message Batch ID not found."),
    ],
    ids=[
        "cancel-ended",
        "cancel-archived",
        "cancel-canceled",
        "cancel-deleted",
        "delete-running",
        "delete-deleted",
        "results-running",
        "results-archived",
        "results-deleted",
        "show-deleted",
    ],
)
def test_what_a_state_does_not_allow(
    state: str, method: str, action: str, status: int, kind: str, message: str
) -> None:
    store, id = in_state(state)
    before = ask(store, "GET", BATCHES).json
    assert ask(store, method, f"{BATCHES}/{id}{action}").error == (
        status,
        kind,
        message.replace("ID", id),
    )
    assert ask(store, "GET", BATCHES).json == before


@pytest.mark.parametrize(
    ("state", "x_should_retry"),
    [("in_progress", "false"), ("archived", "false"), ("deleted", None), ("ended", None)],
    ids=["running", "archived", "deleted", "ended"],
)
def test_results_that_are_not_there_are_not_worth_a_retry(
    state: str, x_should_retry: str | None
) -> None:
    store, id = in_state(state)
    assert (
        ask(store, "GET", f"{BATCHES}/{id}/results").headers.get("x-should-retry") == x_should_retry
    )


class Frozen(Store):
    """A store in which a batch that is being canceled stays so."""

    def _settle(self, batch: Any) -> None:
        if batch.canceled is None:
            super()._settle(batch)


def test_cancel_while_canceling_gives_the_same_object() -> None:
    clock = ManualClock(START)
    store = Frozen(takes=3600, clock=clock)
    id = create(store)
    first = ask(store, "POST", f"{BATCHES}/{id}/cancel")
    clock.advance(5)
    second = ask(store, "POST", f"{BATCHES}/{id}/cancel")
    assert (first.status, second.status) == (200, 200)
    assert first.json == second.json


@pytest.mark.parametrize(
    ("method", "action", "error"),
    [
        ("DELETE", "", (400, "invalid_request_error", IN_PROGRESS)),
        ("GET", "/results", (404, "not_found_error", "Message Batch ID has no available results.")),
    ],
    ids=["delete", "results"],
)
def test_while_canceling(method: str, action: str, error: tuple[int, str, str]) -> None:
    store = Frozen(takes=3600, clock=ManualClock())
    id = create(store)
    ask(store, "POST", f"{BATCHES}/{id}/cancel")
    status, kind, message = error
    assert ask(store, method, f"{BATCHES}/{id}{action}").error == (
        status,
        kind,
        message.replace("ID", id),
    )
    assert ask(store, "GET", f"{BATCHES}/{id}").headers["retry-after"] == "10"


@pytest.mark.parametrize("state", ["ended", "archived", "canceling"])
def test_delete(state: str) -> None:
    store, id = in_state(state)
    answer = ask(store, "DELETE", f"{BATCHES}/{id}")
    assert (answer.status, answer.json) == (200, {"id": id, "type": "message_batch_deleted"})
    assert list(answer.json) == ["id", "type"]
    assert ask(store, "GET", BATCHES).json["data"] == []


@pytest.mark.parametrize("count", [1, 2, 500])
def test_results(count: int) -> None:
    store = Store(clock=ManualClock())
    id = create(store, count)
    body = ask(store, "GET", f"{BATCHES}/{id}/results").body
    assert body.endswith(b"\n")
    assert body.count(b"\n") == count
    rows = [json.loads(line) for line in body.splitlines()]
    assert sorted(row["custom_id"] for row in rows) == sorted(
        f"id-{number}" for number in range(count)
    )
    assert {row["result"]["message"]["content"][0]["text"] for row in rows} == {"You asked: hi"}
    assert ask(store, "GET", f"{BATCHES}/{id}/results").body == body


@pytest.mark.parametrize("size", [1, 50_000, 70_000], ids=["small", "half", "over"])
def test_results_come_in_pieces_of_which_none_is_empty(size: int) -> None:
    store = Store(reply=lambda _: "x" * size, clock=ManualClock())
    id = create(store, 7)
    response = handle(store, Request("GET", f"{BASE}{BATCHES}/{id}/results", HEAD))
    pieces = list(response.chunks)
    assert (len(pieces) > 1) is (size > 1)
    assert all(pieces)
    assert b"".join(pieces).count(b"\n") == 7


def test_results_that_are_being_read_outlive_a_delete() -> None:
    store = Store(reply=lambda _: "x" * 50_000, clock=ManualClock())
    id = create(store, 7)
    response = handle(store, Request("GET", f"{BASE}{BATCHES}/{id}/results", HEAD))
    first = next(response.chunks)
    assert ask(store, "DELETE", f"{BATCHES}/{id}").status == 200
    assert (first + b"".join(response.chunks)).count(b"\n") == 7


# --- list -----------------------------------------------------------------------------------------


def filled(count: int, limits: Limits = Limits()) -> tuple[Store, str, list[str]]:
    """Give a store with *count* batches, the query's names of them, and their ids, newest first."""
    store = Store(clock=ManualClock(), limits=limits)
    ids = [create(store) for _ in range(count)]
    return store, "abcdefghijklmnopqrstuvwxyz"[:count], ids[::-1]


@pytest.mark.parametrize(
    ("query", "page", "has_more"),
    [
        ("", "edcba", False),
        ("?", "edcba", False),
        ("?limit=2", "ed", True),
        ("?limit=5", "edcba", False),
        ("?limit=1000", "edcba", False),
        ("?after_id=d", "cba", False),
        ("?after_id=d&limit=2", "cb", True),
        ("?after_id=c&limit=2", "ba", False),
        ("?after_id=a", "", False),
        ("?before_id=b", "edc", False),
        ("?before_id=b&limit=2", "dc", True),
        ("?before_id=c&limit=2", "ed", False),
        ("?before_id=e", "", False),
        ("?limit=1&limit=3", "edc", True),
        ("?limit=2&beta=true&x", "ed", True),
    ],
    ids=[
        "all",
        "bare",
        "2",
        "5",
        "1000",
        "after",
        "after-2",
        "after-rest",
        "after-last",
        "before",
        "before-2",
        "before-rest",
        "before-first",
        "limit-twice",
        "unknown",
    ],
)
def test_list(query: str, page: str, has_more: bool) -> None:
    store, names, ids = filled(5)
    named = dict(zip(names, reversed(ids), strict=True))
    query = re.sub(r"_id=(\w)", lambda match: f"_id={named[match[1]]}", query)
    found = ask(store, "GET", BATCHES + query).json
    expected = [named[name] for name in page]
    assert list(found) == ["data", "has_more", "first_id", "last_id"]
    assert [batch["id"] for batch in found["data"]] == expected
    assert found["has_more"] is has_more
    assert (found["first_id"], found["last_id"]) == (
        (expected[0], expected[-1]) if expected else (None, None)
    )


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("?limit=0", 400, "limit: Input should be greater than or equal to 1"),
        ("?limit=-5", 400, "limit: Input should be greater than or equal to 1"),
        ("?limit=1001", 400, "limit: Input should be less than or equal to 1000"),
        ("?limit=", 400, "limit: Input should be a valid integer"),
        ("?limit", 400, "limit: Input should be a valid integer"),
        ("?limit=ten", 400, "limit: Input should be a valid integer"),
        ("?limit=+5", 400, "limit: Input should be a valid integer"),
        ("?limit=%FF", 400, "limit: Input should be a valid integer"),
        ("?limit=5&limit=x", 400, "limit: Input should be a valid integer"),
        ("?after_id=x&before_id=y", 400, "only one of before_id and after_id may be given"),
        ("?after_id=msgbatch_x", 404, "Message Batch msgbatch_x not found."),
        ("?before_id=a%2Fb", 404, "Message Batch a/b not found."),
    ],
    ids=[
        "0",
        "neg",
        "1001",
        "blank",
        "bare",
        "text",
        "plus",
        "not-utf8",
        "last",
        "both",
        "after",
        "before",
    ],
)
def test_a_list_that_is_refused(query: str, status: int, message: str) -> None:
    store, _, _ = filled(2)
    kind = "not_found_error" if status == 404 else "invalid_request_error"
    assert ask(store, "GET", BATCHES + query).error == (status, kind, message)


@pytest.mark.parametrize(
    ("count", "page", "has_more"), [(0, 0, False), (20, 20, False), (21, 20, True)]
)
def test_a_page_holds_twenty(count: int, page: int, has_more: bool) -> None:
    store, _, ids = filled(count)
    found = ask(store, "GET", BATCHES).json
    assert ([batch["id"] for batch in found["data"]], found["has_more"]) == (ids[:page], has_more)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("way", ["after_id", "before_id"])
def test_paging_sees_every_batch_once_either_way(way: str, limit: int) -> None:
    store, _, ids = filled(7)
    seen: list[str] = [] if way == "after_id" else ids[-1:]
    query = f"?limit={limit}" if way == "after_id" else f"?limit={limit}&before_id={ids[-1]}"
    more = True
    while more and len(seen) <= len(ids):
        page = ask(store, "GET", BATCHES + query).json
        part = [batch["id"] for batch in page["data"]]
        seen = seen + part if way == "after_id" else part + seen
        cursor = page["last_id" if way == "after_id" else "first_id"]
        query = f"?limit={limit}&{way}={cursor}"
        more = page["has_more"]
    assert seen == ids


def test_a_deleted_batch_is_no_cursor() -> None:
    store, _, ids = filled(3)
    ask(store, "DELETE", f"{BATCHES}/{ids[1]}")
    assert [batch["id"] for batch in ask(store, "GET", BATCHES).json["data"]] == [ids[0], ids[2]]
    assert ask(store, "GET", f"{BATCHES}?after_id={ids[1]}").status == 404


def test_the_limits_of_a_store_hold_for_its_pages() -> None:
    store, _, _ = filled(5, Limits(page=3))
    assert len(ask(store, "GET", f"{BATCHES}?limit=3").json["data"]) == 3
    assert (
        ask(store, "GET", f"{BATCHES}?limit=4").error[2]
        == "limit: Input should be less than or equal to 3"
    )


# --- count_tokens ---------------------------------------------------------------------------------


def test_count_tokens_grows_with_the_prompt() -> None:
    store = Store(clock=ManualClock())
    counts = []
    for words in (0, 1, 10, 1000):
        body = {"model": "m", "messages": [{"role": "user", "content": "word " * words}]}
        answer = ask(store, "POST", COUNT, body)
        assert (answer.status, list(answer.json)) == (200, ["input_tokens"])
        counts.append(answer.json["input_tokens"])
    assert counts == sorted(set(counts))
    assert counts[0] >= 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"model": "m"}, "messages: Field required"),
        (PARAMS, "max_tokens: Extra inputs are not permitted"),
        ({"requests": []}, "model: Field required"),
        ([], "Input should be an object"),
    ],
    ids=["no-messages", "max_tokens", "batch", "list"],
)
def test_count_tokens_is_refused(body: object, message: str) -> None:
    assert ask(Store(clock=ManualClock()), "POST", COUNT, body).error == (
        400,
        "invalid_request_error",
        message,
    )


# --- the transport --------------------------------------------------------------------------------


@EACH_ROUTE
def test_a_transport_answers_as_the_api_does(method: str, path: str) -> None:
    stores = [Store(clock=ManualClock(), seed=0), Store(clock=ManualClock(), seed=0)]
    request = Request(
        method, BASE + path, HEAD, Bytes(b'{"requests": [{"custom_id": "a", "params": {}}]}')
    )
    first = transport(stores[0])(request, Timeout(1, 1))
    second = handle(stores[1], request)
    assert (first.status, first.headers) == (second.status, second.headers)
    assert b"".join(first.chunks) == b"".join(second.chunks)
    first.close()
    first.close()
