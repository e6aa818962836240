from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema
import pytest
import schema
from schema import Schema, check

from anthropix_py._wire import Request
from anthropix_py.emulator import ManualClock, Store, handle
from anthropix_py.limits import Limits

BASE = "http://emulator:8080"
BATCHES = "/v1/messages/batches"
COUNT = "/v1/messages/count_tokens"
DAY = 24 * 3600.0
ANY_ID = "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"
PARAMS = {
    "model": "known",
    "max_tokens": 3,
    "messages": [{"role": "user", "content": "Hello, caf\u00e9"}],
}
OUTCOMES = ["succeeded", "errored", "canceled", "expired", "refusal", "max_tokens"]

KEYS = {"key": {"x-api-key": "k"}, "bearer": {"authorization": "Bearer t"}}
VERSIONS = ["2023-06-01", "2026-10-21"]


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.length = len(content)

    def __iter__(self) -> Iterator[bytes]:
        yield self.content


class Api:
    """One emulated API, asked under one version and one way of authentication."""

    def __init__(self, head: dict[str, str], **options: Any) -> None:
        self.head = head
        self.clock = ManualClock()
        self.store = Store(**{"clock": self.clock, "seed": 1, **options})

    def ask(
        self, method: str, path: str, body: object = None, head: dict[str, str] | None = None
    ) -> Answer:
        content = (
            None
            if body is None
            else Bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
        )
        response = handle(
            self.store, Request(method, BASE + path, self.head if head is None else head, content)
        )
        return Answer(response.status, response.headers, b"".join(response.chunks))

    def get(self, method: str, path: str, *schemas: Schema, body: object = None) -> Any:
        """Ask; the answer must be of *schemas*."""
        answer = self.ask(method, path, body)
        assert answer.status == 200, answer.body
        value = json.loads(answer.body)
        check(value, *schemas)
        assert json.dumps(value, separators=(",", ":")).encode() == answer.body
        return value

    def create(self, count: int = 6) -> Any:
        rows = [{"custom_id": f"id-{number}", "params": PARAMS} for number in range(count)]
        made = self.get(
            "POST", BATCHES, schema.BATCH, schema.IN_STATE["in_progress"], body={"requests": rows}
        )
        assert sum(made["request_counts"].values()) == count
        return made

    def rows(self, id: str) -> list[Any]:
        answer = self.ask("GET", f"{BATCHES}/{id}/results")
        assert (answer.status, answer.body[-1:]) == (200, b"\n")
        found = [json.loads(line) for line in answer.body.splitlines()]
        for row in found:
            check(row, schema.ROW)
        return found


@pytest.fixture(params=[(version, key) for version in VERSIONS for key in KEYS], ids="-".join)
def head(request: pytest.FixtureRequest) -> dict[str, str]:
    version, key = request.param
    return {"anthropic-version": version, **KEYS[key]}


def test_every_body_of_a_batch_that_ends(head: dict[str, str]) -> None:
    given = iter(OUTCOMES)
    api = Api(head, takes=60, outcomes=lambda _: next(given))
    api.get("GET", BATCHES, schema.PAGE)
    made = api.create()
    path = f"{BATCHES}/{made['id']}"
    assert api.get("GET", path, schema.BATCH, schema.IN_STATE["in_progress"]) == made
    page = api.get("GET", BATCHES, schema.PAGE)
    assert page == {
        "data": [made],
        "has_more": False,
        "first_id": made["id"],
        "last_id": made["id"],
    }
    api.clock.advance(60)
    ended = api.get("GET", path, schema.BATCH, schema.IN_STATE["ended"])
    assert api.get("GET", BATCHES, schema.PAGE)["data"] == [ended]
    rows = api.rows(made["id"])
    assert sorted(row["result"]["type"] for row in rows) == [
        "canceled",
        "errored",
        "expired",
        *["succeeded"] * 3,
    ]
    assert {row["custom_id"]: row["result"]["type"] for row in rows} == {
        f"id-{number}": "succeeded" if number > 3 else OUTCOMES[number] for number in range(6)
    }
    api.clock.advance(29 * DAY)
    archived = api.get("GET", path, schema.BATCH, schema.IN_STATE["archived"])
    assert {**archived, "archived_at": None} == ended
    assert api.get("DELETE", path, schema.DELETED) == {
        "id": made["id"],
        "type": "message_batch_deleted",
    }
    api.get(
        "GET",
        BATCHES,
        schema.PAGE,
        schema.record(data={"maxItems": 0}, has_more={}, first_id={}, last_id={}),
    )


@pytest.mark.parametrize("wait", [30.0, DAY], ids=["canceled", "expired"])
def test_every_body_of_a_batch_that_does_not(head: dict[str, str], wait: float) -> None:
    api = Api(head, takes=2 * DAY, cancel_takes=30)
    made = api.create()
    path = f"{BATCHES}/{made['id']}"
    if wait < DAY:
        canceling = api.get("POST", f"{path}/cancel", schema.BATCH, schema.IN_STATE["canceling"])
        assert (
            api.get("POST", f"{path}/cancel", schema.BATCH, schema.IN_STATE["canceling"])
            == canceling
        )
        assert api.get("GET", path, schema.BATCH, schema.IN_STATE["canceling"]) == canceling
    api.clock.advance(wait)
    ended = api.get("GET", path, schema.BATCH, schema.IN_STATE["ended"])
    kind = "canceled" if wait < DAY else "expired"
    assert ended["request_counts"] == {**dict.fromkeys(made["request_counts"], 0), kind: 6}
    assert [row["result"] for row in api.rows(made["id"])] == [{"type": kind}] * 6


def test_every_body_while_counts_move(head: dict[str, str]) -> None:
    api = Api(head, takes=60, progressive=True)
    path = f"{BATCHES}/{api.create()['id']}"
    for _ in range(5):
        shown = api.get("GET", path, schema.BATCH, schema.IN_STATE["in_progress"])
        assert sum(shown["request_counts"].values()) == 6
        api.clock.advance(10)


def test_every_page(head: dict[str, str]) -> None:
    api = Api(head)
    ids = [api.create(1)["id"] for _ in range(5)][::-1]
    for query, found in {
        "": ids,
        "?limit=2": ids[:2],
        f"?limit=2&after_id={ids[1]}": ids[2:4],
        f"?before_id={ids[1]}": ids[:1],
        f"?after_id={ids[-1]}": [],
        f"?before_id={ids[0]}": [],
    }.items():
        page = api.get("GET", BATCHES + query, schema.PAGE)
        assert [one["id"] for one in page["data"]] == found
        assert (page["first_id"], page["last_id"]) == (
            (found[0], found[-1]) if found else (None, None)
        )


def test_count_tokens(head: dict[str, str]) -> None:
    body = {name: value for name, value in PARAMS.items() if name != "max_tokens"}
    api = Api(head)
    api.get("POST", COUNT, schema.COUNTED, body=body)


BAD_PARAMS: list[dict[str, Any]] = [
    {},
    {**PARAMS, "max_tokens": 0},
    {**PARAMS, "model": "unknown"},
    {**PARAMS, "stream": True},
    {**PARAMS, "messages": []},
    {**PARAMS, "messages": "x"},
    {**PARAMS, "tools": [{}]},
    {**PARAMS, "betas": []},
    {**PARAMS, "store": True},
]


def test_every_errored_row(head: dict[str, str]) -> None:
    api = Api(head, models=["known"])
    rows = [
        {"custom_id": f"bad-{number}", "params": params} for number, params in enumerate(BAD_PARAMS)
    ]
    made = api.get("POST", BATCHES, schema.BATCH, body={"requests": rows})
    shown = api.get("GET", f"{BATCHES}/{made['id']}", schema.BATCH, schema.IN_STATE["ended"])
    assert shown["request_counts"]["errored"] == len(BAD_PARAMS)
    types = {
        row["custom_id"]: row["result"]["error"]["error"]["type"] for row in api.rows(made["id"])
    }
    assert types.pop("bad-2") == "not_found_error"
    assert set(types.values()) == {"invalid_request_error"}


@pytest.mark.parametrize("key", ["temperature", "top_p", "top_k"])
def test_what_only_the_newer_version_refuses(head: dict[str, str], key: str) -> None:
    api = Api(head)
    rows = [{"custom_id": "a", "params": {**PARAMS, key: 1}}]
    [row] = api.rows(api.get("POST", BATCHES, schema.BATCH, body={"requests": rows})["id"])
    newer = head["anthropic-version"] == VERSIONS[1]
    assert row["result"]["type"] == ("errored" if newer else "succeeded")


GOOD = {"custom_id": "a", "params": PARAMS}
REFUSALS: dict[str, tuple[str, str, object, int]] = {
    "not-json": ("POST", BATCHES, b"{", 400),
    "no-body": ("POST", BATCHES, None, 400),
    "no-requests": ("POST", BATCHES, {}, 400),
    "empty": ("POST", BATCHES, {"requests": []}, 400),
    "twice": ("POST", BATCHES, {"requests": [GOOD, GOOD]}, 400),
    "bad-id": ("POST", BATCHES, {"requests": [{**GOOD, "custom_id": "a b"}]}, 400),
    "extra": ("POST", BATCHES, {"requests": [GOOD], "x": 1}, 400),
    "too-many": (
        "POST",
        BATCHES,
        {"requests": [{**GOOD, "custom_id": str(number)} for number in range(11)]},
        400,
    ),
    "queue": (
        "POST",
        BATCHES,
        {"requests": [{**GOOD, "custom_id": str(number)} for number in range(9)]},
        429,
    ),
    "limit": ("GET", f"{BATCHES}?limit=0", None, 400),
    "cursor": ("GET", f"{BATCHES}?after_id={ANY_ID}", None, 404),
    "both": ("GET", f"{BATCHES}?after_id=a&before_id=b", None, 400),
    "show": ("GET", f"{BATCHES}/{ANY_ID}", None, 404),
    "cancel": ("POST", f"{BATCHES}/{ANY_ID}/cancel", None, 404),
    "delete": ("DELETE", f"{BATCHES}/{ANY_ID}", None, 404),
    "results": ("GET", f"{BATCHES}/{ANY_ID}/results", None, 404),
    "delete-in-progress": ("DELETE", f"{BATCHES}/GOING", None, 400),
    "results-in-progress": ("GET", f"{BATCHES}/GOING/results", None, 404),
    "delete-canceling": ("DELETE", f"{BATCHES}/CANCELING", None, 400),
    "results-canceling": ("GET", f"{BATCHES}/CANCELING/results", None, 404),
    "cancel-ended": ("POST", f"{BATCHES}/ENDED/cancel", None, 400),
    "cancel-archived": ("POST", f"{BATCHES}/ARCHIVED/cancel", None, 400),
    "results-archived": ("GET", f"{BATCHES}/ARCHIVED/results", None, 404),
    "show-deleted": ("GET", f"{BATCHES}/DELETED", None, 404),
    "results-deleted": ("GET", f"{BATCHES}/DELETED/results", None, 404),
    "cancel-deleted": ("POST", f"{BATCHES}/DELETED/cancel", None, 404),
    "delete-deleted": ("DELETE", f"{BATCHES}/DELETED", None, 404),
    "count": ("POST", COUNT, {"model": "m"}, 400),
    "count-extra": ("POST", COUNT, PARAMS, 400),
    "nowhere": ("GET", "/v1/nowhere", None, 404),
    "method": ("PUT", BATCHES, None, 405),
}


def states(api: Api) -> Iterator[tuple[str, str]]:
    """Give a batch in each state, by the state's name."""
    names = ("ARCHIVED", "ENDED", "DELETED", "GOING", "CANCELING")
    for name in names:
        yield name, api.create(1)["id"]
        api.clock.advance({"ARCHIVED": 28.5 * DAY, "DELETED": DAY - 1}.get(name, 0))


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSALS.values(), ids=REFUSALS)
def test_every_refusal(
    head: dict[str, str], method: str, path: str, body: object, status: int
) -> None:
    api = Api(head, takes=DAY - 2, cancel_takes=DAY, queue=10, limits=Limits(requests=10))
    ids = dict(states(api))
    api.ask("POST", f"{BATCHES}/{ids['CANCELING']}/cancel")
    assert api.ask("DELETE", f"{BATCHES}/{ids['DELETED']}").status == 200
    for name, id in ids.items():
        path = path.replace(name, id)
    answer = api.ask(method, path, body)
    assert answer.status == status, answer.body
    error = json.loads(answer.body)
    check(error, schema.ERROR)
    assert error["request_id"] == answer.headers["request-id"]
    by_status = {400: "invalid_request_error", 404: "not_found_error", 405: "invalid_request_error"}
    assert error["error"]["type"] == by_status.get(status, "rate_limit_error")


@pytest.mark.parametrize(
    ("bad", "status", "kind"),
    [
        ({"anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": "k"}, 400, "invalid_request_error"),
        ({"x-api-key": "k", "anthropic-version": "1999-01-01"}, 400, "invalid_request_error"),
    ],
    ids=["no-key", "no-version", "odd-version"],
)
def test_refusals_of_the_head(bad: dict[str, str], status: int, kind: str) -> None:
    api = Api({})
    answer = api.ask("GET", BATCHES, head=bad)
    error = json.loads(answer.body)
    check(error, schema.ERROR)
    assert (answer.status, error["error"]["type"]) == (status, kind)


def test_too_many_calls(head: dict[str, str]) -> None:
    api = Api(head, calls_per_minute=1)
    assert api.ask("GET", BATCHES).status == 200
    answer = api.ask("GET", BATCHES)
    check(json.loads(answer.body), schema.ERROR)
    assert (answer.status, answer.headers["retry-after"]) == (429, "60.000")


def test_a_body_past_the_limit_is_refused_by_the_edge(head: dict[str, str]) -> None:
    api = Api(head, limits=Limits(bytes=10))
    answer = api.ask("POST", BATCHES, b" " * 11)
    check(json.loads(answer.body), schema.ERROR_OF_THE_EDGE)
    assert answer.status == 413
    assert sorted(answer.headers) == ["content-length", "content-type", "date"]


BATCH = {
    "id": ANY_ID,
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": {"processing": 1, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "ended_at": None,
    "created_at": "2026-08-19T14:44:51.493319+00:00",
    "expires_at": "2026-08-20T14:44:51.493319+00:00",
    "archived_at": None,
    "cancel_initiated_at": None,
    "results_url": None,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {**BATCH, "more": 1},
        {**BATCH, "created_at": "2026-08-19T14:44:51Z"},
        {**BATCH, "processing_status": "cancelling"},
        {**BATCH, "request_counts": {}},
        {**BATCH, "id": "batch_1"},
        dict(list(BATCH.items())[1:]),
        dict(reversed(BATCH.items())),
        {
            **BATCH,
            "request_counts": {
                "succeeded": 0,
                "processing": 1,
                "errored": 0,
                "canceled": 0,
                "expired": 0,
            },
        },
    ],
    ids=["more", "time", "status", "counts", "id", "less", "order", "inner-order"],
)
def test_the_schema_refuses(wrong: dict[str, Any]) -> None:
    check(BATCH, schema.BATCH, schema.IN_STATE["in_progress"])
    with pytest.raises((jsonschema.ValidationError, AssertionError)):
        check(wrong, schema.BATCH)
