"""Every body that the emulator sends, in every state and for every refusal, fits its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schema
from emulator_samples import (
    COUNT_TOKENS,
    DAY,
    PARAMS,
    Received,
    ask,
    cases,
    create_body,
    requests,
)
from schema import Schema, check

from anthropix_py._wire import BATCHES
from anthropix_py.emulator import ManualClock, Store
from anthropix_py.limits import Limits

ANY_ID = "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"
OUTCOMES = ["succeeded", "errored", "canceled", "expired", "refusal", "max_tokens"]
KEYS = {"key": {"x-api-key": "k"}, "bearer": {"authorization": "Bearer t"}}
VERSIONS = ["2023-06-01", "2026-10-21"]


class Api:
    """One emulated API, asked under one version and with one kind of credential."""

    def __init__(self, head: dict[str, str], **options: Any) -> None:
        self.head = head
        self.clock = ManualClock()
        self.store = Store(**{"clock": self.clock, "seed": 1, **options})

    def ask(self, method: str, path: str, body: object = None) -> Received:
        return ask(self.store, method, path, body, self.head)

    def get(self, method: str, path: str, *schemas: Schema, body: object = None) -> Any:
        """Return the value of a body, which must fit *schemas*."""
        response = self.ask(method, path, body)
        assert response.status == 200, response.body
        check(response.json, *schemas)
        assert json.dumps(response.json, separators=(",", ":")).encode() == response.body
        return response.json

    def create(self, count: int = 6) -> Any:
        schemas = (schema.BATCH, schema.IN_STATE["in_progress"])
        made = self.get("POST", BATCHES, *schemas, body=create_body(count))
        assert sum(made["request_counts"].values()) == count
        return made

    def rows(self, id: str) -> list[Any]:
        response = self.ask("GET", f"{BATCHES}/{id}/results")
        assert (response.status, response.body[-1:]) == (200, b"\n")
        found = [json.loads(line) for line in response.body.splitlines()]
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
    assert api.get("GET", BATCHES, schema.PAGE)["data"] == [made]
    api.clock.advance(60)
    ended = api.get("GET", path, schema.BATCH, schema.IN_STATE["ended"])
    assert api.get("GET", BATCHES, schema.PAGE)["data"] == [ended]
    assert {row["custom_id"]: row["result"]["type"] for row in api.rows(made["id"])} == {
        f"id-{number}": "succeeded" if number > 3 else OUTCOMES[number] for number in range(6)
    }
    api.clock.advance(29 * DAY)
    archived = api.get("GET", path, schema.BATCH, schema.IN_STATE["archived"])
    assert {**archived, "archived_at": None} == ended
    api.get("DELETE", path, schema.DELETED)
    assert api.get("GET", BATCHES, schema.PAGE)["data"] == []


@pytest.mark.parametrize("wait", [30.0, DAY], ids=["canceled", "expired"])
def test_every_body_of_a_batch_that_is_not_processed(head: dict[str, str], wait: float) -> None:
    api = Api(head, takes=2 * DAY, cancel_takes=30)
    made = api.create()
    path = f"{BATCHES}/{made['id']}"
    if wait < DAY:
        schemas = (schema.BATCH, schema.IN_STATE["canceling"])
        canceling = api.get("POST", f"{path}/cancel", *schemas)
        assert api.get("POST", f"{path}/cancel", *schemas) == canceling
        assert api.get("GET", path, *schemas) == canceling
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
    for query in ("", "?limit=2", f"?after_id={ids[1]}", f"?before_id={ids[0]}"):
        api.get("GET", BATCHES + query, schema.PAGE)


def test_count_tokens(head: dict[str, str]) -> None:
    body = {name: value for name, value in PARAMS.items() if name != "max_tokens"}
    Api(head).get("POST", COUNT_TOKENS, schema.COUNTED, body=body)


BAD_PARAMS: list[dict[str, Any]] = [
    {},
    {**PARAMS, "max_tokens": 0},
    {**PARAMS, "model": "unknown"},
    {**PARAMS, "stream": True},
    {**PARAMS, "messages": []},
    {**PARAMS, "tools": [{}]},
    {**PARAMS, "betas": []},
]


def test_every_errored_row(head: dict[str, str]) -> None:
    api = Api(head, models=["m"])
    bad = [{"custom_id": str(index), "params": params} for index, params in enumerate(BAD_PARAMS)]
    made = api.get("POST", BATCHES, schema.BATCH, body={"requests": bad})
    shown = api.get("GET", f"{BATCHES}/{made['id']}", schema.BATCH, schema.IN_STATE["ended"])
    assert shown["request_counts"]["errored"] == len(BAD_PARAMS)
    errors = {row["custom_id"]: row["result"]["error"]["error"] for row in api.rows(made["id"])}
    types = {id: error["type"] for id, error in errors.items()}
    assert types.pop("2") == "not_found_error"
    assert set(types.values()) == {"invalid_request_error"}


def batch_of(*custom_ids: object) -> dict[str, Any]:
    """Return the body of a create of requests with these ids."""
    return {"requests": [{**requests()[0], "custom_id": id} for id in custom_ids]}


REFUSALS: dict[str, tuple[str, str, object, int]] = {
    "not JSON": ("POST", BATCHES, b"{", 400),
    "no body": ("POST", BATCHES, None, 400),
    "no requests": ("POST", BATCHES, {}, 400),
    "empty": ("POST", BATCHES, batch_of(), 400),
    "twice": ("POST", BATCHES, batch_of("a", "a"), 400),
    "bad id": ("POST", BATCHES, batch_of("a b"), 400),
    "extra key": ("POST", BATCHES, {**batch_of("a"), "x": 1}, 400),
    "too many": ("POST", BATCHES, create_body(11), 400),
    "queue": ("POST", BATCHES, create_body(9), 429),
    "limit": ("GET", f"{BATCHES}?limit=0", None, 400),
    "cursor": ("GET", f"{BATCHES}?after_id={ANY_ID}", None, 404),
    "show": ("GET", f"{BATCHES}/{ANY_ID}", None, 404),
    "cancel": ("POST", f"{BATCHES}/{ANY_ID}/cancel", None, 404),
    "delete": ("DELETE", f"{BATCHES}/{ANY_ID}", None, 404),
    "results": ("GET", f"{BATCHES}/{ANY_ID}/results", None, 404),
    "delete in progress": ("DELETE", f"{BATCHES}/GOING", None, 400),
    "results in progress": ("GET", f"{BATCHES}/GOING/results", None, 404),
    "delete canceling": ("DELETE", f"{BATCHES}/CANCELING", None, 400),
    "results canceling": ("GET", f"{BATCHES}/CANCELING/results", None, 404),
    "cancel ended": ("POST", f"{BATCHES}/ENDED/cancel", None, 400),
    "cancel archived": ("POST", f"{BATCHES}/ARCHIVED/cancel", None, 400),
    "results archived": ("GET", f"{BATCHES}/ARCHIVED/results", None, 404),
    "show deleted": ("GET", f"{BATCHES}/DELETED", None, 404),
    "results deleted": ("GET", f"{BATCHES}/DELETED/results", None, 404),
    "cancel deleted": ("POST", f"{BATCHES}/DELETED/cancel", None, 404),
    "delete deleted": ("DELETE", f"{BATCHES}/DELETED", None, 404),
    "count_tokens": ("POST", COUNT_TOKENS, {"model": "m"}, 400),
    "nowhere": ("GET", "/v1/nowhere", None, 404),
    "method": ("PUT", BATCHES, None, 405),
}


def states(api: Api) -> Iterator[tuple[str, str]]:
    """Yield a batch in each state: the state's name, and the batch's id."""
    for name in ("ARCHIVED", "ENDED", "DELETED", "GOING", "CANCELING"):
        yield name, api.create(1)["id"]
        api.clock.advance({"ARCHIVED": 28.5 * DAY, "DELETED": DAY - 1}.get(name, 0))


@cases("method, path, body, status", REFUSALS)
def test_every_refusal(
    head: dict[str, str], method: str, path: str, body: object, status: int
) -> None:
    api = Api(head, takes=DAY - 2, cancel_takes=DAY, queue=10, limits=Limits(requests=10))
    ids = dict(states(api))
    api.ask("POST", f"{BATCHES}/{ids['CANCELING']}/cancel")
    assert api.ask("DELETE", f"{BATCHES}/{ids['DELETED']}").status == 200
    for name, id in ids.items():
        path = path.replace(name, id)
    check_error(api.ask(method, path, body), status)


TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    405: "invalid_request_error",
    429: "rate_limit_error",
}


def check_error(response: Received, status: int) -> None:
    """Fail if *response* is not an error of *status* that fits the schema."""
    assert response.status == status, response.body
    id = response.headers["request-id"]
    check(response.json, schema.ERROR if "request_id" in response.json else schema.ERROR_WITHOUT_ID)
    assert response.json.get("request_id", id) == id
    assert response.json["error"]["type"] == TYPES[status]


HEADS: dict[str, tuple[dict[str, str], int]] = {
    "no key": ({"anthropic-version": "2023-06-01"}, 401),
    "wrong key": ({"anthropic-version": "2023-06-01", "x-api-key": "wrong"}, 401),
    "no version": ({"x-api-key": "k"}, 400),
    "odd version": ({"x-api-key": "k", "anthropic-version": "1999-01-01"}, 400),
}


@cases("bad, status", HEADS)
def test_refusals_of_the_head(bad: dict[str, str], status: int) -> None:
    check_error(Api(bad, api_keys=["k"]).ask("GET", BATCHES), status)


def test_too_many_calls(head: dict[str, str]) -> None:
    api = Api(head, calls_per_minute=1)
    assert api.ask("GET", BATCHES).status == 200
    check_error(api.ask("GET", BATCHES), 429)


def test_a_body_above_the_limit_is_refused_by_the_edge(head: dict[str, str]) -> None:
    response = Api(head, limits=Limits(bytes=10)).ask("POST", BATCHES, b" " * 11)
    check(response.json, schema.ERROR_OF_THE_EDGE)
    assert response.status == 413


# the schema itself

COUNTS = {"processing": 1, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
BATCH = {
    "id": ANY_ID,
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": COUNTS,
    "ended_at": None,
    "created_at": "2026-08-19T14:44:51.493319+00:00",
    "expires_at": "2026-08-20T14:44:51.493319+00:00",
    "archived_at": None,
    "cancel_initiated_at": None,
    "results_url": None,
}
WRONG: dict[str, dict[str, Any]] = {
    "more": {**BATCH, "more": 1},
    "less": dict(list(BATCH.items())[1:]),
    "time": {**BATCH, "created_at": "2026-08-19T14:44:51Z"},
    "status": {**BATCH, "processing_status": "cancelling"},
    "counts": {**BATCH, "request_counts": {}},
    "id": {**BATCH, "id": "batch_1"},
    "order": dict(reversed(BATCH.items())),
    "order of counts": {**BATCH, "request_counts": dict(reversed(COUNTS.items()))},
}


@cases("wrong", WRONG)
def test_the_schema_refuses(wrong: dict[str, Any]) -> None:
    """Against a schema that accepts everything."""
    check(BATCH, schema.BATCH, schema.IN_STATE["in_progress"])
    with pytest.raises((jsonschema.ValidationError, AssertionError)):
        check(wrong, schema.BATCH)
