"""Every function of the port, against the emulator: without a socket, and over one."""

from __future__ import annotations

import contextlib
import copy
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from samples import ID, KEY, a_batch, counts, error_body, error_in, request, table
from scripted import ScriptedTransport, TransportStep, fail, respond

from anthropix_py import (
    APIError,
    Client,
    DecodeError,
    InvalidRequest,
    NotEnded,
    Policy,
    TransportError,
    batch,
    emulator,
    init,
    unwrap,
    with_options,
)
from anthropix_py.errors import AnthropixError
from anthropix_py.types import BatchRef

Connect = Callable[..., Client]

HOME = "https://api.anthropic.com"
IN_BATCHES = f"{HOME}/v1/messages/batches"


@pytest.fixture(params=["transport", "socket"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Yield a function that makes a client of a new emulator, of either kind."""
    with contextlib.ExitStack() as servers:

        def make(**options: Any) -> Client:
            clock = emulator.ManualClock()
            store = emulator.Store(clock=clock, **options)
            if request.param == "transport":
                return init(KEY, transport=emulator.transport(store), clock=clock)
            return init(KEY, base_url=servers.enter_context(emulator.serve(store)), clock=clock)

        yield make


def in_process() -> Client:
    """Return a client of a new emulator."""
    return init(KEY, transport=emulator.transport(emulator.Store()))


def ids_in(batches: Any) -> list[str]:
    return [one["id"] for one in batches]


def silent() -> Client:
    """Return a client that fails the test when it sends anything."""
    return ScriptedTransport().client()


def test_from_create_to_delete(connect: Connect) -> None:
    client = connect(looks=2)
    created = unwrap(batch.create(client, [request("a"), request("b", max_tokens=0)]))
    assert created["processing_status"] == "in_progress"
    assert unwrap(batch.show(client, created)) == created
    assert unwrap(batch.show(client, created["id"])) == created
    ended = unwrap(batch.show(client, created))
    assert ended["processing_status"] == "ended"
    assert ended["request_counts"] == counts(succeeded=1, errored=1)
    rows = unwrap(batch.results(client, ended))
    outcomes = {row["custom_id"]: row["result"]["type"] for row in rows}
    assert outcomes == {"a": "succeeded", "b": "errored"}
    deleted = {"id": ended["id"], "type": "message_batch_deleted"}
    assert unwrap(batch.delete(client, ended)) == deleted
    error_in(batch.show(client, ended), APIError, "404 not_found_error: Message Batch")


def test_cancel(connect: Connect) -> None:
    client = connect(takes=60)
    created = unwrap(batch.create(client, [request("a")]))
    assert unwrap(batch.cancel(client, created))["processing_status"] == "canceling"
    ended = unwrap(batch.wait(client, created))
    assert [row["result"]["type"] for row in unwrap(batch.results(client, ended))] == ["canceled"]
    error_in(batch.cancel(client, ended["id"]), APIError, "400 invalid_request_error")


def test_results_take_a_dict_a_url_or_an_id_as_list_and_as_generator(connect: Connect) -> None:
    client = connect()
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, [request("a"), request("b")]))))
    id, url = ended["id"], ended["results_url"]
    assert url is not None
    expected = unwrap(batch.results(client, ended))
    assert len(expected) == 2
    elsewhere = f"{IN_BATCHES}/{id}/results"
    names: list[BatchRef] = [url, id, {"id": id}, {"results_url": url}, elsewhere]
    for named in names:
        assert unwrap(batch.results(client, named)) == expected
        for rows in (
            unwrap(batch.results(client, named, stream=True)),
            unwrap(batch.results(client, named, True)),  # noqa: FBT003 - this too is promised
        ):
            assert isinstance(rows, types.GeneratorType)
            assert list(rows) == expected
            assert list(rows) == []


def test_results_of_a_batch_that_has_ended_since_its_dict_was_made(connect: Connect) -> None:
    client = connect()
    created = unwrap(batch.create(client, [request("a")]))
    assert created["processing_status"] == "in_progress"
    assert len(unwrap(batch.results(client, created))) == 1


@pytest.mark.parametrize("by", ["dict", "id", "url", "dict of a url"])
@pytest.mark.parametrize("stream", [False, True], ids=["list", "generator"])
def test_results_before_the_end(connect: Connect, by: str, stream: bool) -> None:
    client = connect(takes=60)
    created = unwrap(batch.create(client, [request("a")]))
    id, url = created["id"], f"{client.base_url}/v1/messages/batches/{created['id']}/results"
    names: dict[str, BatchRef] = {"dict": created, "id": id, "url": url}
    names["dict of a url"] = {"results_url": url}
    error = error_in(batch.results(client, names[by], stream=stream), NotEnded)
    assert error.batch["id"] == id


def test_list_by_page_and_over_all_pages_in_both_directions(connect: Connect) -> None:
    client = connect()
    made = [unwrap(batch.create(client, [request("a")]))["id"] for _ in range(7)]
    newest = made[::-1]
    page = unwrap(batch.list(client, limit=3))
    assert ids_in(page["data"]) == newest[:3]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (newest[0], newest[2], True)
    older = unwrap(batch.list(client, after_id=page["data"][-1], limit=3))
    assert ids_in(older["data"]) == newest[3:6]
    newer = unwrap(batch.list(client, before_id=newest[3], limit=2))
    assert ids_in(newer["data"]) == newest[1:3]
    for limit in (1, 2, 3, 7, 1000, None):
        walk = unwrap(batch.list(client, stream=True, limit=limit))
        assert isinstance(walk, types.GeneratorType)
        assert ids_in(walk) == newest
        after = unwrap(batch.list(client, stream=True, limit=limit, after_id=newest[2]))
        assert ids_in(after) == newest[3:]
        before = unwrap(batch.list(client, stream=True, limit=limit, before_id=made[2]))
        assert ids_in(before) == made[3:]


def test_list_of_nothing(connect: Connect) -> None:
    client = connect()
    empty = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert unwrap(batch.list(client)) == empty
    assert list(unwrap(batch.list(client, stream=True))) == []


def test_requests_of_any_iterable_are_read_once_and_not_changed(connect: Connect) -> None:
    client = connect()
    messages = ({"role": "user", "content": "x"},)
    requests = [request("a", system="ü \u2028 \ud800"), request("b", messages=messages)]
    before = copy.deepcopy(requests)
    for given in (
        requests,
        tuple(requests),
        (one for one in requests),
        iter(requests),
        dict(enumerate(requests)).values(),
        [types.MappingProxyType(one) for one in requests],
    ):
        created: Any = unwrap(batch.create(client, given))
        assert sum(created["request_counts"].values()) == 2
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
        "requests[0]/params/system ('a'): expected a value that can be JSON; found a value of type",
    ),
    "too many": (
        (request(str(n)) for n in range(100_001)),
        "requests[100000]: expected at most 100,000 requests",
    ),
}


@table("requests, message", FAULTY)
def test_create_refuses_before_a_byte_is_sent(requests: Any, message: str) -> None:
    error_in(batch.create(silent(), requests), InvalidRequest, message)


def test_a_body_over_the_limit() -> None:
    client = in_process()
    client = with_options(client, limits=client.limits._replace(bytes=300))
    unwrap(batch.create(client, [request("a"), request("b")]))
    result = batch.create(client, [request("a"), request("b"), request("c")])
    error_in(result, InvalidRequest, "requests[2] ('c'): expected at most 300 bytes")


BY_NAME: dict[str, Callable[..., Any]] = {
    "show": batch.show,
    "cancel": batch.cancel,
    "delete": batch.delete,
    "wait": batch.wait,
    "results": batch.results,
    "download": lambda client, named: batch.download(client, named, "never written"),
}

# what can name a batch is in test_ids; here, that every function reads it so
NOT_NAMES: dict[str, tuple[Any, str]] = {
    "two dots": ("..", "batch id: expected one non-empty path segment"),
    "dict without id": ({"type": "message_batch"}, "batch['id']: expected"),
    "dict with id None": ({"id": None}, "batch['id']: expected"),
    "dict with an empty id and a URL": ({"id": "", "results_url": IN_BATCHES}, "batch['id']: exp"),
}


@table("named, message", NOT_NAMES)
@table("function", BY_NAME)
def test_a_batch_that_cannot_be_named(
    function: Callable[..., Any], named: Any, message: str
) -> None:
    error_in(function(silent(), named), InvalidRequest, message)


WRONG_NAMES: dict[str, tuple[Any, str]] = {
    "a result": (("ok", a_batch("ended")), r"a result, \('ok', \.\.\.\).* unwrap it first"),
    "a failed result": (("error", AnthropixError("x")), r"\('error', \.\.\.\).* unwrap it first"),
    "another tuple": ((ID, "x"), "named by its id or its dict"),
    "a number": (3, "named by its id or its dict, not by 3"),
}


@table("named, message", WRONG_NAMES)
@table("function", BY_NAME)
def test_what_is_not_a_batch_is_a_type_error(
    function: Callable[..., Any], named: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        function(silent(), named)


# the key must not go to another host, nor to another path of the same one
BAD_URLS = {
    "another host": f"https://evil.example/v1/messages/batches/{ID}/results",
    "another path": f"{HOME}/v1/messages/{ID}/results",
    "dots in it, encoded": f"{IN_BATCHES}/%2e%2e/results",
}


@table("url", BAD_URLS)
@pytest.mark.parametrize("in_a_dict", [False, True])
def test_a_results_url_that_leads_elsewhere(url: str, in_a_dict: bool) -> None:
    named: BatchRef = {"results_url": url} if in_a_dict else url
    error_in(batch.results(silent(), named), InvalidRequest, "results_url: expected")


def test_a_results_url_beside_an_id_is_never_followed() -> None:
    client = in_process()
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, [request("a")]))))
    foreign = {**ended, "results_url": "https://evil.example/v1/messages/batches/x/results"}
    assert unwrap(batch.results(client, foreign)) == unwrap(batch.results(client, ended))


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "limit 0": (lambda c: batch.list(c, limit=0), ValueError, "limit must be .*1.*1,?000.*not 0"),
    "limit 1001": (lambda c: batch.list(c, limit=1001), ValueError, "limit must be .*not 1001"),
    "limit True": (lambda c: batch.list(c, limit=True), TypeError, "limit must be an int.*bool"),
    "limit 2.0": (lambda c: batch.list(c, limit=2.0), TypeError, "limit must be an int.*float"),  # type: ignore[call-overload]
    "both cursors": (
        lambda c: batch.list(c, before_id="a", after_id="b"),
        ValueError,
        "exclude each other",
    ),
    "one request": (lambda c: batch.create(c, request()), TypeError, "such as a list, not dict"),  # type: ignore[arg-type]
    "text for requests": (lambda c: batch.create(c, "a"), TypeError, "such as a list, not str"),  # type: ignore[arg-type]
    "nothing for requests": (lambda c: batch.create(c, None), TypeError, "not NoneType"),  # type: ignore[arg-type]
    "a negative timeout": (
        lambda c: batch.wait(c, "a", timeout=-1),
        ValueError,
        "timeout must be at least 0 seconds, not -1",
    ),
    "a timeout of NaN": (
        lambda c: batch.wait(c, "a", timeout=float("nan")),
        ValueError,
        "timeout must be .*, not nan",
    ),
    "a timeout of text": (lambda c: batch.wait(c, "a", timeout="1"), TypeError, "timeout must be"),  # type: ignore[arg-type]
    "an interval of 0": (
        lambda c: batch.wait(c, "a", interval=0),
        ValueError,
        "interval must be more than 0.*, not 0",
    ),
    "an interval of two days": (
        lambda c: batch.wait(c, "a", interval=172_800),
        ValueError,
        "interval must be .*, not 172800",
    ),
    "an on_update of text": (
        lambda c: batch.wait(c, "a", on_update="x"),  # type: ignore[arg-type]
        TypeError,
        "on_update must be callable, not str",
    ),
    "a client of text": (lambda _: batch.show("key", "a"), TypeError, "client must be a Client"),  # type: ignore[arg-type]
}


@table("call, kind, message", WRONG)
def test_a_mistake_in_the_call_is_raised(
    call: Callable[[Any], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        call(silent())


@pytest.mark.parametrize("cursor", ["before_id", "after_id"])
def test_a_cursor_that_is_not_an_id(cursor: str) -> None:
    cursors: Any = {cursor: ""}
    error_in(batch.list(silent(), **cursors), InvalidRequest, "batch id: expected")


OTHER = a_batch(id="msgbatch_other")
DELETED = {"id": ID, "type": "message_batch_deleted"}

# a cache or a proxy that mixes up responses
MIXED_UP: dict[str, tuple[Callable[..., Any], object, str]] = {
    "show": (batch.show, OTHER, "the response is about another batch, 'msgbatch_other'"),
    "cancel": (batch.cancel, OTHER, "the response is about another batch, 'msgbatch_other'"),
    "delete": (batch.delete, {**DELETED, "id": "x"}, "the response is not about the deleted batch"),
    "delete without an id": (batch.delete, {}, "the response is not about the deleted batch"),
    "show without an id": (batch.show, {}, "the response is not a batch: it has no id"),
    "show with an empty id": (batch.show, a_batch(id=""), "not a batch: it has no id"),
    "show without a status": (batch.show, {"id": ID}, "it has no processing_status"),
}


@table("function, body, message", MIXED_UP)
def test_a_response_about_something_else(
    function: Callable[..., Any], body: object, message: str
) -> None:
    # to cancel and delete, a second response follows that does not help
    script = ScriptedTransport(*[respond(body, request_id="req_1")] * 2)
    error = error_in(function(script.client(), ID), DecodeError, message)
    assert KEY not in repr(error)


LOST = fail("timeout")
NOT_SENT = fail("connect", sent=False)
NOT_FOUND = respond(error_body("not_found_error"), 404)
NO_ROUTE = respond(b"<html>404 Not Found</html>", 404)
REFUSED = respond(error_body("invalid_request_error"), 400)
CANCELING = a_batch("canceling")

# an attempt whose response was lost may have been carried out
LOST_RESPONSES: dict[str, tuple[Callable[..., Any], list[TransportStep], object]] = {
    "deleted by the first": (batch.delete, [LOST, NOT_FOUND], DELETED),
    "deleted by the second": (batch.delete, [LOST, respond(DELETED)], DELETED),
    "never there": (batch.delete, [NOT_FOUND], APIError),
    "never there, and not sent": (batch.delete, [NOT_SENT, NOT_FOUND], APIError),
    "in progress": (batch.delete, [LOST, REFUSED], APIError),
    "canceled by the first": (batch.cancel, [LOST, REFUSED, respond(CANCELING)], CANCELING),
    "canceled by the second": (batch.cancel, [LOST, respond(CANCELING)], CANCELING),
    "refused": (batch.cancel, [REFUSED], APIError),
    "refused, and not sent": (batch.cancel, [NOT_SENT, REFUSED], APIError),
    "refused, and not canceled": (batch.cancel, [LOST, REFUSED, respond(a_batch())], APIError),
    "lost for good": (batch.cancel, [LOST] * 3, TransportError),
    # against a gateway's own 404, which may be about its routes
    "lost, and a gateway knows no such path": (batch.delete, [LOST, NO_ROUTE], APIError),
    # a gateway may replace the body of a success: then the API is asked
    "deleted, without a body": (batch.delete, [respond(b"", 204), NOT_FOUND], DELETED),
    "deleted, with an empty body": (batch.delete, [respond(b""), NOT_FOUND], DELETED),
    "deleted, with HTML": (batch.delete, [respond(b"<html>"), NOT_FOUND], DELETED),
    "204, and still there": (batch.delete, [respond(b"", 204), respond(a_batch())], DecodeError),
    "204, and no such path": (batch.delete, [respond(b"", 204), NO_ROUTE], DecodeError),
    "204, and then lost": (batch.delete, [respond(b"", 204), *[LOST] * 3], DecodeError),
    "canceled, without a body": (batch.cancel, [respond(b"", 204), respond(CANCELING)], CANCELING),
    "204, and not canceled": (batch.cancel, [respond(b"", 204), respond(a_batch())], DecodeError),
}


@table("function, steps, outcome", LOST_RESPONSES)
def test_cancel_and_delete_after_a_lost_response(
    function: Callable[..., Any], steps: list[TransportStep], outcome: Any
) -> None:
    script = ScriptedTransport(*steps)
    result = function(script.client(retry=Policy(max_retries=2)), ID)
    script.assert_played()
    if isinstance(outcome, type):
        error_in(result, outcome)
    else:
        assert result == ("ok", outcome)


def test_the_options_of_a_single_call_reach_the_wire() -> None:
    script = ScriptedTransport(respond({"data": [], "has_more": False}))
    client = with_options(
        script.client(query={"always": "1"}),
        headers={"X-Team": "ü"},
        query={"a b": "c&d"},
        beta="x,y",
        timeout=7,
        connect_timeout=3,
    )
    unwrap(batch.list(client, limit=2))
    [sent] = script.requests
    assert sent.url == f"{IN_BATCHES}?always=1&a%20b=c%26d&limit=2"
    assert sent.headers["x-team"].encode("latin-1") == "ü".encode("latin-1")
    assert sent.headers["anthropic-beta"] == "x,y"
    assert script.timeouts == [(3.0, 7.0)]
