"""Pages of batches that lead nowhere, in circles, or break off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from samples import KEY, a_batch, error_body

from anthropix_py import APIError, Client, DecodeError, Policy, TransportError, batch, init, unwrap
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError
from anthropix_py.types import MessageBatch

Step = Response | AnthropixError


def answer(value: object, status: int = 200, **headers: str) -> Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status, {"request-id": "req_1", **headers}, iter([body]), lambda: None)


def page(*ids: str, more: bool = False, **fields: Any) -> Response:
    """Give a page of batches with these ids."""
    return answer(
        {
            "data": [a_batch(id=one) for one in ids],
            "has_more": more,
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
            **fields,
        }
    )


class Script:
    """A transport that plays one step for each request, and fails on one too many."""

    def __init__(self, *steps: Step) -> None:
        self.queries: list[dict[str, str]] = []
        self._steps = list(steps)

    def __call__(self, request: Request, _timeout: Timeout) -> Response:
        parts = urlsplit(request.url)
        assert (request.method, parts.path) == ("GET", "/v1/messages/batches")
        self.queries.append(dict(parse_qsl(parts.query)))
        assert self._steps, f"a request too many: {self.queries[-1]}"
        step = self._steps.pop(0)
        if isinstance(step, AnthropixError):
            raise step
        return step

    def client(self, **options: Any) -> Client:
        return init(KEY, transport=self, clock=ManualClock(), **options)

    def played(self) -> bool:
        return not self._steps


def read_until_error(script: Script, **options: Any) -> tuple[list[str], AnthropixError | None]:
    """Give the ids that a walk over all pages gives, and the error that ends it."""
    ids: list[str] = []
    once = {"retry": Policy(max_retries=0)}
    walk: Iterator[MessageBatch] = unwrap(batch.list(script.client(**once), stream=True, **options))
    try:
        ids.extend(one["id"] for one in walk)
    except AnthropixError as error:
        assert list(walk) == []
        return ids, error
    return ids, None


WALKS: dict[
    str, tuple[dict[str, Any], list[Callable[[], Step]], list[dict[str, str]], list[str]]
] = {
    "one page": ({}, [lambda: page("a", "b")], [{}], ["a", "b"]),
    "an empty page": ({}, [page], [{}], []),
    "to older ones": (
        {},
        [lambda: page("d", "c", more=True), lambda: page("b", more=True), lambda: page("a")],
        [{}, {"after_id": "c"}, {"after_id": "b"}],
        ["d", "c", "b", "a"],
    ),
    "with a limit": (
        {"limit": 2},
        [lambda: page("d", "c", more=True), lambda: page("b")],
        [{"limit": "2"}, {"after_id": "c", "limit": "2"}],
        ["d", "c", "b"],
    ),
    "after one": (
        {"after_id": "z"},
        [lambda: page("b", more=True), lambda: page("a")],
        [{"after_id": "z"}, {"after_id": "b"}],
        ["b", "a"],
    ),
    "to newer ones": (
        {"before_id": "a"},
        [lambda: page("c", "b", more=True), lambda: page("e", "d")],
        [{"before_id": "a"}, {"before_id": "c"}],
        ["b", "c", "d", "e"],
    ),
    "by a dict": ({"after_id": a_batch(id="z")}, [lambda: page("a")], [{"after_id": "z"}], ["a"]),
    "an empty page at the end": (
        {},
        [lambda: page("a", more=True), lambda: page(last_id=None)],
        [{}, {"after_id": "a"}],
        ["a"],
    ),
    "an empty page in the middle": (
        {},
        [lambda: page("b", more=True), lambda: page(more=True, last_id="x"), lambda: page("a")],
        [{}, {"after_id": "b"}, {"after_id": "x"}],
        ["b", "a"],
    ),
    "a cursor that is not on its page": (
        {},
        [lambda: page("b", more=True, last_id="x y/&"), lambda: page("a")],
        [{}, {"after_id": "x y/&"}],
        ["b", "a"],
    ),
    "no cursors where nothing is to come": (
        {},
        [lambda: answer({"data": [], "has_more": False})],
        [{}],
        [],
    ),
    "unknown fields": ({}, [lambda: page("a", next_page="x", total=7)], [{}], ["a"]),
}


@pytest.mark.parametrize(("options", "steps", "queries", "ids"), WALKS.values(), ids=WALKS.keys())
def test_one_request_a_page(
    options: dict[str, Any],
    steps: list[Callable[[], Step]],
    queries: list[dict[str, str]],
    ids: list[str],
) -> None:
    script = Script(*(step() for step in steps))
    assert read_until_error(script, **options) == (ids, None)
    assert script.queries == queries
    assert script.played()


def test_a_page_is_asked_for_only_when_it_is_needed() -> None:
    script = Script(page("c", "b", more=True), page("a"))
    walk = unwrap(batch.list(script.client(), stream=True))
    assert len(script.queries) == 1  # by the call itself, so that its error is returned
    assert [next(walk)["id"], next(walk)["id"]] == ["c", "b"]
    assert len(script.queries) == 1
    assert next(walk)["id"] == "a"
    assert script.queries == [{}, {"after_id": "b"}]
    assert list(walk) == []


def test_a_walk_that_is_left_asks_for_nothing_more() -> None:
    script = Script(page("b", "a", more=True))
    walk = unwrap(batch.list(script.client(), stream=True))
    next(walk)
    walk.close()
    assert list(walk) == []
    assert len(script.queries) == 1


def test_without_a_stream_only_one_page_is_asked_for() -> None:
    script = Script(page("b", more=True, more_of="that"))
    assert unwrap(batch.list(script.client()))["has_more"] is True
    assert script.queries == [{}]


NO_PAGES: dict[str, object] = {
    "nothing": {},
    "a batch": a_batch(),
    "no has_more": {"data": []},
    "no data": {"has_more": False},
    "data of None": {"data": None, "has_more": False},
    "data that is an object": {"data": {}, "has_more": False},
    "has_more of None": {"data": [], "has_more": None},
    "has_more as text": {"data": [], "has_more": "false"},
    "has_more as a number": {"data": [], "has_more": 1},
    "a list": [],
    "text": "page",
    "not JSON": b"<html>",
    "half a page": b'{"data": [',
}


@pytest.mark.parametrize("value", NO_PAGES.values(), ids=NO_PAGES.keys())
@pytest.mark.parametrize("stream", [False, True], ids=["page", "stream"])
def test_a_first_page_that_is_none_is_returned_as_an_error(value: object, stream: bool) -> None:
    tag, error = batch.list(Script(answer(value)).client(), stream=stream)
    assert tag == "error"
    assert isinstance(error, DecodeError)
    assert str(error)


@pytest.mark.parametrize("value", NO_PAGES.values(), ids=NO_PAGES.keys())
def test_a_later_page_that_is_none_is_raised(value: object) -> None:
    script = Script(page("b", "a", more=True), answer(value))
    ids, error = read_until_error(script)
    assert ids == ["b", "a"]
    assert isinstance(error, DecodeError)
    assert script.played()


@pytest.mark.parametrize("cursor", [None, 3, ["a"], True, {}], ids=str)
@pytest.mark.parametrize("before", [False, True], ids=["to older ones", "to newer ones"])
def test_more_to_come_and_no_cursor_to_it(cursor: object, before: bool) -> None:
    edge = "first_id" if before else "last_id"
    script = Script(page("b", "a", more=True, **{edge: cursor}))
    ids, error = read_until_error(script, **({"before_id": "0"} if before else {}))
    assert sorted(ids) == ["a", "b"]
    assert isinstance(error, DecodeError)
    assert f"has more after it, and no {edge}" in str(error)


@pytest.mark.parametrize("edge", ["first_id", "last_id"])
def test_only_the_cursor_of_the_direction_matters(edge: str) -> None:
    other = {"first_id": "last_id", "last_id": "first_id"}[edge]
    options = {"before_id": "0"} if edge == "first_id" else {}
    script = Script(page("b", more=True, **{other: None}), page("a"))
    ids, error = read_until_error(script, **options)
    assert (ids, error) == (["b", "a"], None)


CIRCLES: dict[str, tuple[dict[str, Any], list[Callable[[], Step]]]] = {
    "the second page": ({}, [lambda: page("b", "a", more=True), lambda: page("b", "a", more=True)]),
    "the third page": (
        {},
        [
            lambda: page("c", more=True),
            lambda: page("b", "a", more=True),
            lambda: page("b", "a", more=True),
        ],
    ),
    "an empty page": (
        {},
        [lambda: page("b", "a", more=True), lambda: page(more=True, last_id="a")],
    ),
    "to newer ones": (
        {"before_id": "0"},
        [lambda: page("b", "a", more=True), lambda: page("b", "a", more=True)],
    ),
}


@pytest.mark.parametrize(("options", "steps"), CIRCLES.values(), ids=CIRCLES.keys())
def test_a_page_that_leads_back_to_itself(
    options: dict[str, Any], steps: list[Callable[[], Step]]
) -> None:
    script = Script(*(step() for step in steps))
    ids, error = read_until_error(script, **options)
    assert isinstance(error, DecodeError)
    assert "lead back to" in str(error)
    assert len(ids) == len(set(ids))
    assert script.played()


FAILURES: dict[str, tuple[Callable[[], Step], type[AnthropixError]]] = {
    "400": (lambda: answer(error_body("invalid_request_error"), 400), APIError),
    "401": (lambda: answer(error_body("authentication_error"), 401), APIError),
    "404": (lambda: answer(error_body("not_found_error"), 404), APIError),
    "429": (lambda: answer(error_body("rate_limit_error"), 429), APIError),
    "500": (lambda: answer(b"", 500), APIError),
    "a redirect": (lambda: answer(b"", 302, location="https://evil.example/"), APIError),
    "a dropped connection": (lambda: TransportError("closed", "reset", sent=True), TransportError),
    "no connection": (lambda: TransportError("connect", "refused", sent=False), TransportError),
    "no body": (lambda: answer(b""), TransportError),
    "another encoding": (lambda: answer(b"x", 200, **{"content-encoding": "br"}), DecodeError),
}


@pytest.mark.parametrize(("failure", "kind"), FAILURES.values(), ids=FAILURES.keys())
def test_an_error_is_returned_at_first_and_raised_later(
    failure: Callable[[], Step], kind: type[AnthropixError]
) -> None:
    once = Policy(max_retries=0)
    for stream in (False, True):
        tag, error = batch.list(Script(failure()).client(retry=once), stream=stream)
        assert (tag, type(error)) == ("error", kind)
    for pages in (1, 2):
        ids = ["c", "b"][:pages]
        script = Script(*(page(id, more=True) for id in ids), failure())
        given, raised = read_until_error(script)
        assert (given, type(raised)) == (ids, kind)
        assert script.played()


def test_a_page_in_the_middle_is_asked_for_again_as_the_policy_says() -> None:
    script = Script(
        page("b", more=True),
        answer(b"", 500),
        TransportError("closed", "reset", sent=True),
        page("a", more=False),
    )
    assert [one["id"] for one in unwrap(batch.list(script.client(), stream=True))] == ["b", "a"]
    assert script.queries == [{}, *[{"after_id": "b"}] * 3]
