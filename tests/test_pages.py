"""Pages of batches that lead nowhere or in circles, or that break off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from samples import a_batch, error_body, error_in, table
from scripted import ScriptedTransport, TransportStep, fail, page, respond

from anthropix_py import APIError, DecodeError, Policy, TransportError, batch, unwrap
from anthropix_py.errors import AnthropixError
from anthropix_py.types import MessageBatch

ONCE = Policy(max_retries=0)

more = partial(page, more=True)


def read_until_error(
    script: ScriptedTransport, **options: Any
) -> tuple[str, AnthropixError | None]:
    """Return the joined ids that a walk over all pages yields, and the error that ends it."""
    ids: list[str] = []
    client = script.client(retry=ONCE)
    walk: Iterator[MessageBatch] = unwrap(batch.list(client, stream=True, **options))
    try:
        ids.extend(one["id"] for one in walk)
    except AnthropixError as error:
        assert list(walk) == []
        return "".join(ids), error
    finally:
        script.assert_played()
    return "".join(ids), None


WALKS: dict[str, tuple[dict[str, Any], list[TransportStep], list[str], str]] = {
    "one page": ({}, [page("a", "b")], [""], "ab"),
    "an empty page": ({}, [page()], [""], ""),
    "to older ones": (
        {},
        [more("d", "c"), more("b"), page("a")],
        ["", "after_id=c", "after_id=b"],
        "dcba",
    ),
    "with a limit": (
        {"limit": 2},
        [more("d", "c"), page("b")],
        ["limit=2", "after_id=c&limit=2"],
        "dcb",
    ),
    "after one": (
        {"after_id": "z"},
        [more("b"), page("a")],
        ["after_id=z", "after_id=b"],
        "ba",
    ),
    # each page has its newest batch first, so it must be read from its end
    "to newer ones": (
        {"before_id": "a"},
        [more("c", "b"), page("e", "d")],
        ["before_id=a", "before_id=c"],
        "bcde",
    ),
    "by a dict": ({"after_id": a_batch(id="z")}, [page("a")], ["after_id=z"], "a"),
    "empty at the end": ({}, [more("a"), page(last_id=None)], ["", "after_id=a"], "a"),
    # deleted batches may leave a page without any
    "empty in the middle": (
        {},
        [more("b"), more(last_id="x"), page("a")],
        ["", "after_id=b", "after_id=x"],
        "ba",
    ),
    "a cursor that is not on its page": (
        {},
        [more("b", last_id="x y/&"), page("a")],
        ["", "after_id=x%20y%2F%26"],
        "ba",
    ),
    "no cursors on the last page": ({}, [respond({"data": [], "has_more": False})], [""], ""),
    "unknown fields": ({}, [page("a", next_page="x", total=7)], [""], "a"),
    "only last_id matters to older ones": (
        {},
        [more("b", first_id=None), page("a")],
        ["", "after_id=b"],
        "ba",
    ),
    "only first_id matters to newer ones": (
        {"before_id": "0"},
        [more("b", last_id=None), page("a")],
        ["before_id=0", "before_id=b"],
        "ba",
    ),
}


@table("options, steps, queries, ids", WALKS)
def test_a_walk_makes_one_request_a_page(
    options: dict[str, Any], steps: list[TransportStep], queries: list[str], ids: str
) -> None:
    script = ScriptedTransport(*steps)
    assert read_until_error(script, **options) == (ids, None)
    assert script.queries == queries
    assert set(script.calls) == {"GET /v1/messages/batches"}


def test_a_page_is_asked_for_only_when_it_is_needed() -> None:
    script = ScriptedTransport(more("c", "b"), page("a"))
    walk = unwrap(batch.list(script.client(), stream=True))
    # the call itself asks for the first, so that its error is returned
    assert len(script.queries) == 1
    assert [next(walk)["id"], next(walk)["id"]] == ["c", "b"]
    assert len(script.queries) == 1
    assert next(walk)["id"] == "a"
    assert len(script.queries) == 2
    assert list(walk) == []


def test_a_walk_that_is_closed_asks_for_nothing_more() -> None:
    script = ScriptedTransport(more("b", "a"))
    walk = unwrap(batch.list(script.client(), stream=True))
    next(walk)
    walk.close()
    assert list(walk) == []


def test_without_stream_only_one_page_is_asked_for() -> None:
    script = ScriptedTransport(more("b", tomorrow="x"))
    found = unwrap(batch.list(script.client()))
    assert (found["has_more"], found["tomorrow"]) == (True, "x")  # type: ignore[typeddict-item]


NOT_PAGES: dict[str, object] = {
    "nothing": {},
    "a batch": a_batch(),
    "no has_more": {"data": []},
    "no data": {"has_more": False},
    "data of None": {"data": None, "has_more": False},
    "data that is an object": {"data": {}, "has_more": False},
    "data that is not of batches": {"data": ["a"], "has_more": False},
    "a batch without an id": {"data": [{"type": "message_batch"}], "has_more": False},
    "an id that is a number": {"data": [{"id": 3}], "has_more": False},
    "has_more of None": {"data": [], "has_more": None},
    "has_more as text": {"data": [], "has_more": "false"},
    "has_more as a number": {"data": [], "has_more": 1},
    "a list": [],
    "text": "page",
    "not JSON": b"<html>",
    "half a page": b'{"data": [',
}


@table("value", NOT_PAGES)
def test_a_response_that_is_not_a_page(value: object) -> None:
    for stream in (False, True):
        script = ScriptedTransport(respond(value))
        error_in(batch.list(script.client(), stream=stream), DecodeError)
    ids, error = read_until_error(ScriptedTransport(more("b", "a"), respond(value)))
    assert (ids, type(error)) == ("ba", DecodeError)


@pytest.mark.parametrize("cursor", [None, "", 3, ["a"], True, {}], ids=repr)
@pytest.mark.parametrize(
    ("edge", "options"), [("last_id", {}), ("first_id", {"before_id": "0"})], ids=["older", "newer"]
)
def test_has_more_without_a_cursor(edge: str, options: dict[str, Any], cursor: Any) -> None:
    ids, error = read_until_error(ScriptedTransport(more("b", "a", **{edge: cursor})), **options)
    assert sorted(ids) == ["a", "b"]
    assert type(error) is DecodeError
    assert str(error) == f"the page says has_more but has no {edge}"


# a server that ignores the cursor would keep a walk going for ever
CIRCLES: dict[str, tuple[dict[str, Any], list[TransportStep], str]] = {
    "the second page": ({}, [more("b", "a"), more("b", "a")], "ba"),
    "the third page": ({}, [more("c"), more("b", "a"), more("b", "a")], "cba"),
    "the first page again": ({}, [more("c"), more("b"), more("c")], "cb"),
    "an empty page": ({}, [more("b", "a"), more(last_id="a")], "ba"),
    "to newer ones": ({"before_id": "0"}, [more("b", "a"), more("b", "a")], "ab"),
}


@table("options, steps, ids", CIRCLES)
def test_pages_that_lead_back(
    options: dict[str, Any], steps: list[TransportStep], ids: str
) -> None:
    found, error = read_until_error(ScriptedTransport(*steps), **options)
    assert (found, type(error)) == (ids, DecodeError)
    assert "the pages lead back to" in str(error)


def test_pages_without_a_batch_do_not_go_on_for_ever() -> None:
    empty = [more(last_id=f"x{n}") for n in range(20)]
    steps = (more("c"), *empty[:10], more("b"), *empty[10:], page("a"))
    assert read_until_error(ScriptedTransport(*steps)) == ("cba", None)
    ids, error = read_until_error(ScriptedTransport(more("c"), *empty[:11]))
    assert (ids, type(error)) == ("c", DecodeError)


FAILURES: dict[str, tuple[TransportStep, type[AnthropixError]]] = {
    "400": (respond(error_body("invalid_request_error"), 400), APIError),
    "429": (respond(error_body("rate_limit_error"), 429), APIError),
    "500": (respond(b"", 500), APIError),
    "a redirect": (respond(b"", 302, location="https://evil.example/"), APIError),
    "a dropped connection": (fail(), TransportError),
    "no connection": (fail("connect", sent=False), TransportError),
    "no body": (respond(b""), TransportError),
    "another encoding": (respond(b"x", content_encoding="br"), DecodeError),
}


@table("failure, kind", FAILURES)
def test_an_error_of_the_first_page_is_returned_and_of_a_later_one_raised(
    failure: TransportStep, kind: type[AnthropixError]
) -> None:
    for stream in (False, True):
        client = ScriptedTransport(failure).client(retry=ONCE)
        error_in(batch.list(client, stream=stream), kind)
    for ids in ("c", "cb"):
        given, error = read_until_error(ScriptedTransport(*map(more, ids), failure))
        assert (given, type(error)) == (ids, kind)


def test_a_later_page_is_asked_for_again_as_the_policy_says() -> None:
    script = ScriptedTransport(more("b"), respond(b"", 500), fail(), page("a"))
    assert [one["id"] for one in unwrap(batch.list(script.client(), stream=True))] == ["b", "a"]
    assert script.queries == ["", *["after_id=b"] * 3]
