"""Every function of the port, against the emulator: without a socket, and over one."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from samples import ID, KEY, request

from anthropix_py import (
    Client,
    InvalidRequest,
    NotEnded,
    batch,
    emulator,
    init,
    unwrap,
    with_options,
)
from anthropix_py.errors import APIError
from anthropix_py.types import BatchRef


@pytest.fixture(params=["transport", "socket"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Client]]:
    """Give a function that makes a client of a new emulator, of either kind."""
    contexts = []

    def make(**options: Any) -> Client:
        clock = emulator.ManualClock()
        store = emulator.Store(clock=clock, **options)
        if request.param == "transport":
            return init(KEY, transport=emulator.transport(store), clock=clock)
        context = emulator.serve(store)
        contexts.append(context)
        return init(KEY, base_url=context.__enter__(), clock=clock)

    yield make
    for context in contexts:
        context.__exit__(None, None, None)


Connect = Callable[..., Client]


def test_from_create_to_delete(connect: Connect) -> None:
    client = connect(looks=2)
    created = unwrap(batch.create(client, [request("a"), request("b", max_tokens=0)]))
    assert created["processing_status"] == "in_progress"
    assert unwrap(batch.show(client, created)) == created
    assert unwrap(batch.show(client, created["id"])) == created
    ended = unwrap(batch.show(client, created))
    assert ended["processing_status"] == "ended"
    assert ended["request_counts"] == {
        "processing": 0,
        "succeeded": 1,
        "errored": 1,
        "canceled": 0,
        "expired": 0,
    }
    rows = unwrap(batch.results(client, ended))
    assert {row["custom_id"]: row["result"]["type"] for row in rows} == {
        "a": "succeeded",
        "b": "errored",
    }
    assert unwrap(batch.delete(client, ended)) == {
        "id": ended["id"],
        "type": "message_batch_deleted",
    }
    assert_error(batch.show(client, ended), APIError, "404 not_found_error: Message Batch")


def test_cancel(connect: Connect) -> None:
    client = connect(takes=60)
    created = unwrap(batch.create(client, [request("a")]))
    assert unwrap(batch.cancel(client, created))["processing_status"] == "canceling"
    ended = unwrap(batch.wait(client, created))
    assert [row["result"]["type"] for row in unwrap(batch.results(client, ended))] == ["canceled"]
    assert_error(batch.cancel(client, ended["id"]), APIError, "400 invalid_request_error")


def test_results_take_a_dict_a_url_or_an_id_as_list_and_as_generator(connect: Connect) -> None:
    client = connect()
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, [request("a"), request("b")]))))
    assert ended["results_url"] is not None
    elsewhere = f"https://api.anthropic.com/v1/messages/batches/{ended['id']}/results"
    expected = unwrap(batch.results(client, ended))
    assert len(expected) == 2
    names: list[BatchRef] = [ended["results_url"], ended["id"], {"id": ended["id"]}, elsewhere]
    for named in names:
        assert unwrap(batch.results(client, named)) == expected
        rows = unwrap(batch.results(client, named, stream=True))
        assert isinstance(rows, types.GeneratorType)
        assert list(rows) == expected
        assert list(rows) == []


def test_results_of_a_batch_that_has_ended_since_its_dict_was_made(connect: Connect) -> None:
    client = connect()
    created = unwrap(batch.create(client, [request("a")]))
    assert created["processing_status"] == "in_progress"
    assert len(unwrap(batch.results(client, created))) == 1


@pytest.mark.parametrize("by", ["dict", "id", "url"])
@pytest.mark.parametrize("stream", [False, True], ids=["list", "generator"])
def test_results_before_the_end(connect: Connect, by: str, stream: bool) -> None:
    client = connect(takes=60)
    created = unwrap(batch.create(client, [request("a")]))
    url = f"{client.base_url}/v1/messages/batches/{created['id']}/results"
    names: dict[str, BatchRef] = {"dict": created, "id": created["id"], "url": url}
    tag, error = batch.results(client, names[by], stream=stream)
    assert (tag, type(error)) == ("error", NotEnded)
    assert isinstance(error, NotEnded)
    assert error.batch["id"] == created["id"]


def test_list_by_page_and_over_all_pages_in_both_directions(connect: Connect) -> None:
    client = connect()
    made = [unwrap(batch.create(client, [request("a")]))["id"] for _ in range(7)]
    newest_first = made[::-1]
    page = unwrap(batch.list(client, limit=3))
    assert [one["id"] for one in page["data"]] == newest_first[:3]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (
        newest_first[0],
        newest_first[2],
        True,
    )
    older = unwrap(batch.list(client, after_id=page["data"][-1], limit=3))
    assert [one["id"] for one in older["data"]] == newest_first[3:6]
    newer = unwrap(batch.list(client, before_id=newest_first[3], limit=2))
    assert [one["id"] for one in newer["data"]] == newest_first[1:3]
    for limit in (1, 2, 3, 7, 1000, None):
        rows = unwrap(batch.list(client, stream=True, limit=limit))
        assert isinstance(rows, types.GeneratorType)
        assert [one["id"] for one in rows] == newest_first
        after = unwrap(batch.list(client, stream=True, limit=limit, after_id=newest_first[2]))
        assert [one["id"] for one in after] == newest_first[3:]
        before = unwrap(batch.list(client, stream=True, limit=limit, before_id=made[2]))
        assert [one["id"] for one in before] == made[3:]


def test_list_of_nothing(connect: Connect) -> None:
    client = connect()
    assert unwrap(batch.list(client)) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }
    assert list(unwrap(batch.list(client, stream=True))) == []


def test_requests_of_any_iterable_are_read_once_and_not_changed(connect: Connect) -> None:
    client = connect()
    requests = [
        request("a", system="ü \u2028 \ud800"),
        request("b", messages=({"role": "user", "content": "x"},)),
    ]
    before = copy.deepcopy(requests)
    proxied = [types.MappingProxyType(one) for one in requests]
    for given in (
        requests,
        tuple(requests),
        (one for one in requests),
        iter(requests),
        dict(enumerate(requests)).values(),
        proxied,
    ):
        created = unwrap(batch.create(client, given))
        assert sum(created["request_counts"].values()) == 2  # type: ignore[arg-type]
    assert requests == before


FAULTY: dict[str, tuple[Any, str]] = {
    "none at all": ([], "requests: expected at least 1 request; found none"),
    "none from a generator": (iter(()), "requests: expected at least 1 request; found none"),
    "an empty request": ([{}], "2 problems:\n  requests[0]/custom_id: expected"),
    "an id twice": ([request("a"), request("a")], "found 'a', used before in requests[0]"),
    "NaN": (
        [request(temperature=float("nan"))],
        "requests[0]/params/temperature ('a'): expected a finite number; found nan",
    ),
    "bytes": (
        [request(system=b"x")],
        "requests[0]/params/system ('a'): expected a value that can be JSON; found a value of type bytes",
    ),
    "too many": (
        (request(str(n)) for n in range(100_001)),
        "requests[100000]: expected at most 100,000 requests",
    ),
}


@pytest.mark.parametrize(("requests", "message"), FAULTY.values(), ids=FAULTY.keys())
def test_create_refuses_before_a_byte_is_sent(requests: Any, message: str) -> None:
    def transport(*_: object) -> Any:
        raise AssertionError("nothing may be sent")

    assert_error(batch.create(init(KEY, transport=transport), requests), InvalidRequest, message)


def test_a_body_over_the_limit() -> None:
    client = init(
        KEY,
        transport=emulator.transport(emulator.Store()),
        limits=init(KEY).limits._replace(bytes=300),
    )
    tag, _ = batch.create(client, [request("a"), request("b")])
    assert tag == "ok"
    assert_error(
        batch.create(client, [request("a"), request("b"), request("c")]),
        InvalidRequest,
        "requests[2] ('c'): expected at most 300 bytes",
    )


BAD_NAMES: dict[str, tuple[Any, str]] = {
    "empty": ("", "batch id: expected one non-empty path segment"),
    "dot": (".", "batch id: expected"),
    "two dots": ("..", "batch id: expected"),
    "slash": ("a/b", "batch id: expected"),
    "control": ("a\nb", "batch id: expected"),
    "NUL": ("\0", "batch id: expected"),
    "surrogate": ("\ud800", "batch id: expected"),
    "dict without id": (
        {"type": "message_batch"},
        "batch['id']: expected one non-empty path segment",
    ),
    "dict with id None": ({"id": None}, "batch['id']: expected"),
}


@pytest.mark.parametrize(("named", "message"), BAD_NAMES.values(), ids=BAD_NAMES.keys())
@pytest.mark.parametrize(
    "function", [batch.show, batch.cancel, batch.delete, batch.wait], ids=lambda f: f.__name__
)
def test_a_batch_that_cannot_be_named(
    function: Callable[..., Any], named: Any, message: str
) -> None:
    assert_error(function(init(KEY, transport=forbidden), named), InvalidRequest, message)


BAD_URLS = {
    "another host": f"https://evil.example/v1/messages/batches/{ID}/results",
    "another port": f"https://api.anthropic.com:444/v1/messages/batches/{ID}/results",
    "http for https": f"http://api.anthropic.com/v1/messages/batches/{ID}/results",
    "the host as a user": f"https://api.anthropic.com@evil.example/v1/messages/batches/{ID}/results",
    "another path": f"https://api.anthropic.com/v1/messages/{ID}/results",
    "dots in it": "https://api.anthropic.com/v1/messages/batches/../results",
    "dots in it, encoded": "https://api.anthropic.com/v1/messages/batches/%2e%2e/results",
    "a slash in it, encoded": "https://api.anthropic.com/v1/messages/batches/a%2Fb/results",
    "no id": "https://api.anthropic.com/v1/messages/batches//results",
    "not a URL": "https://[/results",
    "a path alone": f"/v1/messages/batches/{ID}/results",
}


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS.keys())
def test_a_results_url_that_leads_elsewhere(url: str) -> None:
    assert_error(
        batch.results(init(KEY, transport=forbidden), url), InvalidRequest, "results_url: expected"
    )


def test_a_results_url_inside_a_dict_is_never_followed() -> None:
    store = emulator.Store()
    client = init(KEY, transport=emulator.transport(store))
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, [request("a")]))))
    foreign = {**ended, "results_url": "https://evil.example/v1/messages/batches/x/results"}
    assert unwrap(batch.results(client, foreign)) == unwrap(batch.results(client, ended))


WRONG: dict[str, tuple[Callable[[Client], Any], type[Exception], str]] = {
    "limit 0": (
        lambda c: batch.list(c, limit=0),
        ValueError,
        "limit must be from 1 to 1000, not 0",
    ),
    "limit 1001": (
        lambda c: batch.list(c, limit=1001),
        ValueError,
        "limit must be from 1 to 1000, not 1001",
    ),
    "limit True": (
        lambda c: batch.list(c, limit=True),
        TypeError,
        "limit must be an integer, not bool",
    ),
    "limit text": (lambda c: batch.list(c, limit="3"), TypeError, "limit must be an integer"),  # type: ignore[call-overload]
    "both cursors": (
        lambda c: batch.list(c, before_id="a", after_id="b"),
        ValueError,
        "exclude each other",
    ),
    "a number for a batch": (lambda c: batch.show(c, 3), TypeError, "named by its id or its dict"),  # type: ignore[arg-type]
    "None for a batch": (lambda c: batch.results(c, None), TypeError, "named by its id"),  # type: ignore[call-overload]
    "one request": (
        lambda c: batch.create(c, request()),  # type: ignore[arg-type]
        TypeError,
        "iterable of mappings, not dict",
    ),
    "text for requests": (
        lambda c: batch.create(c, "a"),  # type: ignore[arg-type]
        TypeError,
        "iterable of mappings, not str",
    ),
    "nothing for requests": (lambda c: batch.create(c, None), TypeError, "not NoneType"),  # type: ignore[arg-type]
    "a negative timeout": (
        lambda c: batch.wait(c, "a", timeout=-1),
        ValueError,
        "timeout must not be -1",
    ),
    "an interval of 0": (
        lambda c: batch.wait(c, "a", interval=0),
        ValueError,
        "interval must not be 0",
    ),
    "a timeout of NaN": (
        lambda c: batch.wait(c, "a", timeout=float("nan")),
        ValueError,
        "timeout must not be nan",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_the_program_did_is_raised(
    call: Callable[[Client], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        call(init(KEY, transport=forbidden))


@pytest.mark.parametrize("cursor", ["before_id", "after_id"])
def test_a_cursor_that_is_no_id(cursor: str) -> None:
    assert_error(
        batch.list(init(KEY, transport=forbidden), **{cursor: ""}),  # type: ignore[call-overload]
        InvalidRequest,
        "batch id: expected",
    )


def test_the_options_of_a_single_call_reach_the_wire() -> None:
    seen: list[Any] = []
    store = emulator.Store()

    def transport(request: Any, timeout: Any) -> Any:
        seen.append((request, timeout))
        return emulator.handle(store, request)

    client = init(KEY, transport=transport, query={"always": "1"})
    changed = with_options(
        client,
        headers={"X-Team": "ü"},
        query={"a b": "c&d"},
        beta="x,y",
        timeout=7,
        connect_timeout=3,
    )
    unwrap(batch.list(changed, limit=2))
    [(sent, timeout)] = seen
    assert sent.url == "https://api.anthropic.com/v1/messages/batches?always=1&a%20b=c%26d&limit=2"
    assert sent.headers["x-team"].encode("latin-1") == "ü".encode("latin-1")
    assert sent.headers["anthropic-beta"] == "x,y"
    assert timeout == (3.0, 7.0)


def forbidden(*_: object) -> Any:
    raise AssertionError("nothing may be sent")


def assert_error(result: tuple[str, object], kind: type[Exception], message: str) -> None:
    tag, error = result
    assert (tag, type(error)) == ("error", kind)
    assert message in str(error)
