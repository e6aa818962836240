"""The API in front of the store: routes, states, headers, and the objects it returns."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable

import pytest
from emulator_samples import (
    BASE,
    COUNT_TOKENS,
    DAY,
    HEAD,
    IN_PROGRESS,
    PARAMS,
    START,
    VERSION,
    ask,
    cases,
    create,
    create_body,
)
from samples import Bytes

from anthropix_py._wire import BATCHES, Request, Timeout
from anthropix_py.emulator import ManualClock, Store, handle, transport
from anthropix_py.emulator._batch import Batch
from anthropix_py.limits import Limits

FIELDS = [
    *("id", "type", "processing_status", "request_counts", "ended_at", "created_at"),
    *("expires_at", "archived_at", "cancel_initiated_at", "results_url"),
]
KINDS = ["processing", "succeeded", "errored", "canceled", "expired"]
INVALID = "invalid_request_error"


class Canceling(Store):
    """A store in which a batch that is being canceled stays so."""

    def _advance(self, batch: Batch) -> None:
        if batch.canceled is None:
            super()._advance(batch)


def in_state(state: str, make: Callable[..., Store] = Store) -> tuple[Store, str]:
    """Return a store with one batch in *state*, and the batch's id."""
    clock = ManualClock(START)
    store = make(takes=3600, clock=clock)
    id = create(store, 2)
    path = f"{BATCHES}/{id}"
    if state in ("canceling", "canceled"):
        ask(store, "POST", f"{path}/cancel")
    elif state != "in_progress":
        clock.advance(3600)
    if state == "archived":
        clock.advance(29 * DAY - 3600)
    if state == "deleted":
        assert ask(store, "DELETE", path).status == 200
    return store, id


# the object


def test_a_batch_has_ten_fields_in_the_order_of_the_wire() -> None:
    store = Store(takes=60, clock=ManualClock(START))
    created = ask(store, "POST", BATCHES, create_body()).json
    assert list(created) == FIELDS
    assert re.fullmatch(r"msgbatch_[0-9A-Za-z]{24}", created["id"])
    assert list(created["request_counts"]) == KINDS
    assert created == {
        **dict.fromkeys(FIELDS),
        "id": created["id"],
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": {**dict.fromkeys(KINDS, 0), "processing": 1},
        "created_at": "2026-08-19T14:44:51.493319+00:00",
        "expires_at": "2026-08-20T14:44:51.493319+00:00",
    }


SHOWN: dict[str, tuple[str, str, tuple[str | None, str | None, str | None]]] = {
    "in_progress": ("in_progress", "processing", (None, None, None)),
    "canceled": ("ended", "canceled", ("14:44:51", None, "14:44:51")),
    "ended": ("ended", "succeeded", ("15:44:51", None, None)),
    "archived": ("ended", "succeeded", ("15:44:51", "14:44:51", None)),
}


@pytest.mark.parametrize("state", SHOWN)
def test_show(state: str) -> None:
    status, kind, times = SHOWN[state]
    store, id = in_state(state)
    shown = ask(store, "GET", f"{BATCHES}/{id}").json
    assert shown["processing_status"] == status
    assert shown["request_counts"] == {**dict.fromkeys(KINDS, 0), kind: 2}
    for key, time in zip(("ended_at", "archived_at", "cancel_initiated_at"), times, strict=True):
        assert (shown[key] and shown[key][11:19]) == time, key
    url = f"{BASE}{BATCHES}/{id}/results"
    assert shown["results_url"] == (url if status == "ended" else None)


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:1", "https://api.anthropic.com", "http://[::1]:9"]
)
def test_the_results_url_is_on_the_host_that_was_asked(base: str) -> None:
    store = Store(clock=ManualClock())
    id = create(store)
    shown = ask(store, "GET", f"{BATCHES}/{id}?beta=true", base=base).json
    assert shown["results_url"] == f"{base}{BATCHES}/{id}/results"


def test_every_call_returns_the_same_object() -> None:
    store, id = in_state("in_progress")
    shown = ask(store, "GET", f"{BATCHES}/{id}").json
    assert ask(store, "GET", BATCHES).json["data"] == [shown]
    canceled = ask(store, "POST", f"{BATCHES}/{id}/cancel").json
    changed = {"processing_status": "canceling", "cancel_initiated_at": shown["created_at"]}
    assert canceled == {**shown, **changed}
    assert list(canceled) == FIELDS


# routes

ROUTES: dict[str, tuple[str, str]] = {
    "create": ("POST", BATCHES),
    "list": ("GET", BATCHES),
    "show": ("GET", f"{BATCHES}/msgbatch_x"),
    "cancel": ("POST", f"{BATCHES}/msgbatch_x/cancel"),
    "delete": ("DELETE", f"{BATCHES}/msgbatch_x"),
    "results": ("GET", f"{BATCHES}/msgbatch_x/results"),
    "count_tokens": ("POST", COUNT_TOKENS),
    "nowhere": ("GET", "/nowhere"),
}
ON_A_BATCH = {name: ROUTES[name] for name in ("show", "cancel", "delete", "results")}


@cases("method, path", ROUTES)
def test_the_head_is_checked_before_everything_else(method: str, path: str) -> None:
    store = Store(clock=ManualClock(), api_keys=["k"])
    for headers, status in (
        ({}, 401),
        ({**HEAD, "x-api-key": "wrong"}, 401),
        ({"X-Api-Key": "k"}, 400),
    ):
        assert ask(store, method, path, b"not json", headers).status == status


def test_the_names_of_headers_may_be_in_capitals() -> None:
    headers = {name.upper(): text for name, text in HEAD.items()}
    assert ask(Store(clock=ManualClock()), "GET", BATCHES, headers=headers).status == 200


NOWHERE = [
    *("/", "", "/v1", "/v1/messages", "/v1/models", "/v2/messages/batches"),
    *("/v1/messages/batches/", "/v1/messages/batches//", "/v1/messages/batches//results"),
    *("/v1/messages/batchesX", "/v1/messages/Batches", "/v1/%6Dessages/batches"),
    *("/x/v1/messages/batches", "/x/v1/messages/batches/ID"),
    *("/v1/messages/batches/ID/cancel/", "/v1/messages/batches/ID/results/x"),
    *("/v1/messages/batches/ID/Cancel", "/v1/messages/batches/ID/delete"),
    "/v1/messages/count_tokens/",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_a_path_that_does_not_exist(path: str) -> None:
    store = Store(clock=ManualClock())
    path = path.replace("ID", create(store))
    for method in ("GET", "POST", "DELETE", "BREW"):
        assert ask(store, method, path).error == (404, "not_found_error", "Not found"), method


OTHER_METHODS: dict[str, list[str]] = {
    BATCHES: ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", ""],
    f"{BATCHES}/ID": ["POST", "PUT", "PATCH", "HEAD", "delete"],
    f"{BATCHES}/ID/cancel": ["GET", "DELETE", "PUT"],
    f"{BATCHES}/ID/results": ["POST", "DELETE", "HEAD"],
    f"{BATCHES}/unknown": ["POST"],
    COUNT_TOKENS: ["GET", "DELETE", "PUT"],
}


@pytest.mark.parametrize("path", OTHER_METHODS)
def test_a_method_that_is_not_allowed(path: str) -> None:
    store = Store(takes=60, clock=ManualClock())
    id = create(store)
    for method in OTHER_METHODS[path]:
        error = ask(store, method, path.replace("ID", id)).error
        assert error == (405, INVALID, "Method Not Allowed"), method


UNKNOWN_IDS: dict[str, tuple[str, str]] = {
    "plain": ("msgbatch_nope", "msgbatch_nope"),
    "name of a call": ("cancel", "cancel"),
    "space": ("a%20b", "a b"),
    "slash": ("a%2Fb", "a/b"),
    "nul": ("%00", "\0"),
    "not UTF-8": ("%FF", "\ufffd"),
    "euro": ("%E2%82%AC", "\u20ac"),
    # must not lead to the folder above
    "dots": ("..", ".."),
    "percent": ("%", "%"),
}


@cases("method, path", ON_A_BATCH)
@cases("quoted, id", UNKNOWN_IDS)
def test_an_unknown_id(method: str, path: str, quoted: str, id: str) -> None:
    store = Store(clock=ManualClock())
    create(store)
    error = ask(store, method, path.replace("msgbatch_x", quoted)).error
    assert error == (404, "not_found_error", f"Message Batch {id} not found.")


def test_an_id_may_be_percent_encoded() -> None:
    store = Store(clock=ManualClock())
    id = create(store)
    assert ask(store, "GET", f"{BATCHES}/{id.replace('_', '%5F')}").json["id"] == id


def test_a_create_of_the_largest_body() -> None:
    body = create_body()
    store = Store(clock=ManualClock(), limits=Limits(requests=1, bytes=len(body)))
    assert ask(store, "POST", BATCHES, body).status == 200
    assert ask(store, "POST", BATCHES, body + b" ").error[:2] == (413, "request_too_large")


# every response


@cases("method, path", ROUTES)
@pytest.mark.parametrize("headers", [HEAD, {}], ids=["key", "no key"])
def test_every_response_has_an_id_and_most_errors_repeat_it(
    method: str, path: str, headers: dict[str, str]
) -> None:
    store = Store(clock=ManualClock())
    responses = [ask(store, method, path, headers=headers) for _ in range(3)]
    assert len({response.headers["request-id"] for response in responses}) == 3
    for response in responses:
        id = response.headers["request-id"]
        assert re.fullmatch(r"req_[0-9A-Za-z]{24}", id)
        assert response.headers["anthropic-organization-id"]
        assert all(name == name.lower() for name in response.headers)
        if response.status != 200:
            # recorded: none in the body of a 401, nor of a 404 for the path
            keys = ["type", "error", "request_id"]
            if response.status == 401 or path == "/nowhere":
                keys.pop()
            assert list(response.json) == keys
            assert list(response.json["error"]) == ["type", "message"]
            assert (response.json["type"], response.json.get("request_id", id)) == ("error", id)


@pytest.mark.parametrize("state", ["in_progress", "ended", "archived", "deleted"])
@pytest.mark.parametrize("action", ["", "/results"], ids=["show", "results"])
def test_the_framing_of_responses(state: str, action: str) -> None:
    store, id = in_state(state)
    response = ask(store, "GET", f"{BATCHES}/{id}{action}")
    if action and response.status == 200:
        disposition = f"attachment; filename*=utf-8''{id}_results.jsonl"
        assert response.headers["content-type"] == "application/x-jsonl"
        assert response.headers["content-disposition"] == disposition
        assert not {"content-length", "etag", "accept-ranges"} & set(response.headers)
    else:
        assert response.headers["content-type"] == "application/json"
        assert response.headers["vary"] == "Accept-Encoding"
        assert not {"content-length", "content-encoding"} & set(response.headers)


ENCODINGS: dict[str, bool] = {
    "gzip": True,
    "gzip, deflate, br": True,
    "br;q=1.0, GZIP;q=0.5": True,
    "identity": False,
    "br": False,
    "gzip;q=0": False,
    "gzip;q=0.000, br": False,
    "": False,
}


@pytest.mark.parametrize("accepted", ENCODINGS)
@pytest.mark.parametrize("key", [HEAD, VERSION], ids=["200", "401"])
def test_json_is_compressed_if_asked_for(accepted: str, key: dict[str, str]) -> None:
    store = Store(clock=ManualClock())
    plain = ask(store, "GET", BATCHES, headers=key)
    response = ask(store, "GET", BATCHES, headers={**key, "Accept-Encoding": accepted})
    body = response.body
    if ENCODINGS[accepted]:
        assert response.headers["content-encoding"] == "gzip"
        body = gzip.decompress(body)
    else:
        assert "content-encoding" not in response.headers
    assert (response.status, body) == (plain.status, plain.body)
    assert response.headers["vary"] == "Accept-Encoding"


def test_results_are_not_compressed() -> None:
    """What the real server does is not known (A)."""
    store, id = in_state("ended")
    headers = {**HEAD, "accept-encoding": "gzip"}
    response = ask(store, "GET", f"{BATCHES}/{id}/results", headers=headers)
    assert "content-encoding" not in response.headers
    assert response.body.startswith(b'{"custom_id"')


def test_the_date_is_that_of_the_clock() -> None:
    response = ask(Store(clock=ManualClock(START)), "GET", BATCHES)
    assert response.headers["date"] == "Wed, 19 Aug 2026 14:44:51 GMT"


# show and its poll interval


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_retry_after_is_on_every_show_until_the_end(looks: int) -> None:
    store = Store(looks=looks, clock=ManualClock())
    id = create(store)
    shown = [ask(store, "GET", f"{BATCHES}/{id}") for _ in range(looks + 2)]
    assert [one.headers.get("retry-after") for one in shown] == ["10"] * looks + [None] * 2
    statuses = [one.json["processing_status"] for one in shown]
    assert statuses == ["in_progress"] * looks + ["ended"] * 2
    assert {one.status for one in shown} == {200}


OTHER_CALLS: dict[str, tuple[str, str, object]] = {
    "create": ("POST", BATCHES, create_body()),
    "list": ("GET", BATCHES, None),
    "results": ("GET", f"{BATCHES}/ID/results", None),
    "delete": ("DELETE", f"{BATCHES}/ID", None),
    "cancel": ("POST", f"{BATCHES}/ID/cancel", None),
    "count_tokens": ("POST", COUNT_TOKENS, {"model": "m", "messages": []}),
}


@cases("method, path, body", OTHER_CALLS)
def test_only_show_has_a_poll_interval_and_counts(method: str, path: str, body: object) -> None:
    store = Store(looks=1, clock=ManualClock())
    id = create(store)
    assert "retry-after" not in ask(store, method, path.replace("ID", id), body).headers
    if not path.endswith("/cancel"):
        assert ask(store, "GET", f"{BATCHES}/{id}").json["processing_status"] == "in_progress"


# cancel, delete, results


@pytest.mark.parametrize("body", [None, b"", {}], ids=["none", "empty", "object"])
def test_cancel(body: object) -> None:
    store, id = in_state("in_progress")
    response = ask(store, "POST", f"{BATCHES}/{id}/cancel", body)
    canceled = response.json
    assert (response.status, canceled["processing_status"]) == (200, "canceling")
    assert canceled["cancel_initiated_at"] == "2026-08-19T14:44:51.493319+00:00"
    assert canceled["request_counts"] == {**dict.fromkeys(KINDS, 0), "processing": 2}
    assert (canceled["ended_at"], canceled["results_url"]) == (None, None)


def test_a_canceled_batch_has_canceled_rows() -> None:
    store, id = in_state("canceled")
    body = ask(store, "GET", f"{BATCHES}/{id}/results").body
    rows = [json.loads(line) for line in body.splitlines()]
    assert sorted(row["custom_id"] for row in rows) == ["id-0", "id-1"]
    assert [row["result"] for row in rows] == [{"type": "canceled"}] * 2


ENDED = (400, INVALID, "Message Batch ID has already ended.")
UNDELETABLE = (400, INVALID, IN_PROGRESS)
NOT_FOUND = (404, "not_found_error", "Message Batch ID not found.")
NO_RESULTS = (404, "not_found_error", "Message Batch ID has no available results.")
REFUSED: dict[str, tuple[int, str, str]] = {
    "cancel ended": ENDED,
    "cancel archived": ENDED,
    "cancel canceled": ENDED,
    "cancel deleted": NOT_FOUND,
    "delete in_progress": UNDELETABLE,
    "delete canceling": UNDELETABLE,
    "delete deleted": NOT_FOUND,
    "results in_progress": NO_RESULTS,
    "results canceling": NO_RESULTS,
    "results archived": NO_RESULTS,
    "results deleted": NOT_FOUND,
    "show deleted": NOT_FOUND,
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_state_does_not_allow(case: str) -> None:
    call, state = case.split()
    status, kind, message = REFUSED[case]
    method, path = ROUTES[call]
    store, id = in_state(state, Canceling if state == "canceling" else Store)
    before = ask(store, "GET", BATCHES).json
    response = ask(store, method, path.replace("msgbatch_x", id))
    assert response.error == (status, kind, message.replace("ID", id))
    # results that are not there yet are not worth a retry within seconds
    should_retry = "false" if "no available results" in message else None
    assert response.headers.get("x-should-retry") == should_retry
    assert ask(store, "GET", BATCHES).json == before


def test_cancel_while_canceling_returns_the_same_object() -> None:
    store, id = in_state("canceling", Canceling)
    shown = ask(store, "GET", f"{BATCHES}/{id}")
    assert shown.headers["retry-after"] == "10"
    assert isinstance(store.clock, ManualClock)
    store.clock.advance(5)
    response = ask(store, "POST", f"{BATCHES}/{id}/cancel")
    assert (response.status, response.json) == (200, shown.json)


@pytest.mark.parametrize("state", ["ended", "archived", "canceled"])
def test_delete(state: str) -> None:
    store, id = in_state(state)
    response = ask(store, "DELETE", f"{BATCHES}/{id}")
    assert (response.status, response.json) == (200, {"id": id, "type": "message_batch_deleted"})
    assert list(response.json) == ["id", "type"]
    assert ask(store, "GET", BATCHES).json["data"] == []


@pytest.mark.parametrize("count", [1, 2, 500])
def test_results(count: int) -> None:
    store = Store(clock=ManualClock())
    id = create(store, count)
    body = ask(store, "GET", f"{BATCHES}/{id}/results").body
    assert body.endswith(b"\n")
    assert body.count(b"\n") == count
    rows = [json.loads(line) for line in body.splitlines()]
    assert {row["custom_id"] for row in rows} == {f"id-{number}" for number in range(count)}
    replies = {row["result"]["message"]["content"][0]["text"] for row in rows}
    assert replies == {"You asked: Hello"}
    assert ask(store, "GET", f"{BATCHES}/{id}/results").body == body


@pytest.mark.parametrize("size", [1, 50_000, 70_000])
def test_results_come_in_blocks_of_which_none_is_empty(size: int) -> None:
    store = Store(reply=lambda _: "x" * size, clock=ManualClock())
    id = create(store, 7)
    response = handle(store, Request("GET", f"{BASE}{BATCHES}/{id}/results", HEAD))
    blocks = list(response.chunks)
    assert (len(blocks) > 1) is (size > 1)
    assert all(blocks)
    assert b"".join(blocks).count(b"\n") == 7


def test_results_being_read_outlive_a_delete() -> None:
    store = Store(reply=lambda _: "x" * 50_000, clock=ManualClock())
    id = create(store, 7)
    response = handle(store, Request("GET", f"{BASE}{BATCHES}/{id}/results", HEAD))
    first = next(response.chunks)
    assert ask(store, "DELETE", f"{BATCHES}/{id}").status == 200
    assert (first + b"".join(response.chunks)).count(b"\n") == 7


def test_a_batch_remembers_its_version_and_its_betas() -> None:
    store = Store(clock=ManualClock())
    params = {**PARAMS, "new_key": 1}
    body = {"requests": [{"custom_id": "a", "params": params}]}
    types = []
    for more in ({}, {"anthropic-beta": "a, b"}, {"anthropic-version": "2026-10-21"}):
        id = ask(store, "POST", BATCHES, body, {**HEAD, **more}).json["id"]
        row = ask(store, "GET", f"{BATCHES}/{id}/results", headers=HEAD).json
        types.append(row["result"]["type"])
    assert types == ["errored", "succeeded", "errored"]


# list

LISTS: dict[str, tuple[str, bool]] = {
    "": ("edcba", False),
    "?": ("edcba", False),
    "?limit=2": ("ed", True),
    "?after_id=d&limit=2": ("cb", True),
    "?after_id=a": ("", False),
    "?before_id=b&limit=2": ("dc", True),
    # the last one counts
    "?limit=1&limit=3": ("edc", True),
    "?limit=2&beta=true&x": ("ed", True),
}


@pytest.mark.parametrize("query", LISTS)
def test_list(query: str) -> None:
    names, has_more = LISTS[query]
    store = Store(clock=ManualClock())
    ids = {name: create(store) for name in "abcde"}
    query = re.sub(r"_id=(\w)", lambda match: f"_id={ids[match[1]]}", query)
    page = ask(store, "GET", BATCHES + query).json
    expected = [ids[name] for name in names]
    assert list(page) == ["data", "has_more", "first_id", "last_id"]
    assert [batch["id"] for batch in page["data"]] == expected
    ends = (expected[0], expected[-1]) if expected else (None, None)
    assert (page["has_more"], page["first_id"], page["last_id"]) == (has_more, *ends)


BAD_LISTS: dict[str, tuple[int, str]] = {
    "?limit=": (400, "limit: Input should be a valid integer"),
    "?limit": (400, "limit: Input should be a valid integer"),
    "?limit=%FF": (400, "limit: Input should be a valid integer"),
    "?limit=5&limit=x": (400, "limit: Input should be a valid integer"),
    "?before_id=a%2Fb": (404, "Message Batch a/b not found."),
}


@pytest.mark.parametrize("query", BAD_LISTS)
def test_a_list_that_is_refused(query: str) -> None:
    status, message = BAD_LISTS[query]
    assert ask(Store(clock=ManualClock()), "GET", BATCHES + query).error[::2] == (status, message)


def test_a_deleted_batch_cannot_be_a_cursor() -> None:
    store = Store(clock=ManualClock())
    ids = [create(store) for _ in range(3)]
    ask(store, "DELETE", f"{BATCHES}/{ids[1]}")
    listed = ask(store, "GET", BATCHES).json["data"]
    assert [batch["id"] for batch in listed] == [ids[2], ids[0]]
    assert ask(store, "GET", f"{BATCHES}?after_id={ids[1]}").status == 404


# count_tokens and the transport


def test_count_tokens_grows_with_the_prompt() -> None:
    store = Store(clock=ManualClock())
    counts = []
    for words in (0, 1, 10, 1000):
        messages = [{"role": "user", "content": "word " * words}]
        response = ask(store, "POST", COUNT_TOKENS, {"model": "m", "messages": messages})
        assert (response.status, list(response.json)) == (200, ["input_tokens"])
        counts.append(response.json["input_tokens"])
    assert counts == sorted(set(counts))
    assert counts[0] >= 1
    assert ask(store, "POST", COUNT_TOKENS, PARAMS).status == 400


@cases("method, path", ROUTES)
def test_a_transport_answers_as_the_api_does(method: str, path: str) -> None:
    stores = [Store(clock=ManualClock(), seed=0) for _ in range(2)]
    request = Request(method, BASE + path, HEAD, Bytes(create_body()))
    first = transport(stores[0])(request, Timeout(1, 1))
    second = handle(stores[1], request)
    assert (first.status, first.headers) == (second.status, second.headers)
    assert b"".join(first.chunks) == b"".join(second.chunks)
    first.close()
    first.close()
