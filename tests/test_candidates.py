"""After a create of unknown outcome: which batches could be it, by the server's clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from samples import KEY, a_batch, error_body

from anthropix_py import (
    APIError,
    Client,
    DecodeError,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    init,
    unwrap,
)
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError
from anthropix_py.limits import Limits

SENT = 1_790_000_000.0  # by the server's clock: when the sending began
TOTAL = 7
HOUR = 3600.0

Step = Callable[[], Response]


def at(seconds: float, digits: int = 6) -> str:
    """Give a time, in seconds after the sending, as the API writes it."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=SENT + seconds)
    return moment.isoformat(timespec="microseconds" if digits else "seconds")


def made(id: str, seconds: float = 1.0, total: int = TOTAL, **fields: Any) -> dict[str, Any]:
    """Give a batch of *total* requests made *seconds* after the sending."""
    counts = {"processing": total, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    return a_batch(**{"id": id, "request_counts": counts, "created_at": at(seconds), **fields})


def page(
    batches: Iterable[object], *, more: bool = False, date: str | None = None, **fields: Any
) -> Response:
    data = list(batches)
    ids = [one["id"] for one in data if isinstance(one, dict)]
    value = {
        "data": data,
        "has_more": more,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        **fields,
    }
    headers = {} if date is None else {"date": date}
    return Response(200, headers, iter([json.dumps(value).encode()]), lambda: None)


class Script:
    """A transport that plays one page for each request, and fails on one too many."""

    def __init__(
        self,
        *pages: Response | AnthropixError,
        takes: float = 0.0,
        clock: ManualClock | None = None,
    ) -> None:
        self.queries: list[dict[str, str]] = []
        self.clock = clock or ManualClock(start=SENT + 1)
        self._pages = list(pages)
        self._takes = takes

    def __call__(self, request: Request, _timeout: Timeout) -> Response:
        parts = urlsplit(request.url)
        assert (request.method, parts.path) == ("GET", "/v1/messages/batches")
        self.queries.append(dict(parse_qsl(parts.query)))
        assert self._pages, f"a request too many: {self.queries[-1]}"
        self.clock.advance(self._takes)
        given = self._pages.pop(0)
        if isinstance(given, AnthropixError):
            raise given
        return given

    def client(self, **options: Any) -> Client:
        return init(KEY, transport=self, clock=self.clock, **options)


def unknown(sent_at: float = SENT) -> UnknownOutcome:
    return UnknownOutcome(TransportError("timeout", "slow", sent=True), TOTAL, sent_at)


def found(script: Script, sent_at: float = SENT) -> list[str]:
    """Give the ids of the candidates; every page of the script must be asked for."""
    ids = [one["id"] for one in unwrap(batch.candidates(script.client(), unknown(sent_at)))]
    assert script._pages == []
    return ids


def http_date(seconds: float) -> str:
    return formatdate(SENT + seconds, usegmt=True)


SKEWS = {
    "right": 0.0,
    "a second ahead": -1.0,
    "ahead by minutes": -130.5,
    "ahead by hours": -9 * HOUR,
    "behind by hours": 9 * HOUR,
    "behind by a year": 365 * 24 * HOUR,
    "in 1970": SENT - 86_400,
}


@pytest.mark.parametrize("behind", SKEWS.values(), ids=SKEWS.keys())
@pytest.mark.parametrize("later", [0.0, 0.4, 60.0, HOUR], ids="looked {} s later".format)
def test_the_clock_of_the_client_does_not_matter(behind: float, later: float) -> None:
    """*behind*: how far the client's clock is behind the server's."""
    clock = ManualClock(start=SENT + later - behind)
    batches = [
        made("long after", 50_000.0),
        made("after", 30.0),
        made("at once", 0.01),
        made("long before", -10.0),
        made("not looked at", 1.0),
    ]
    script = Script(page(batches, date=http_date(later)), clock=clock)
    assert found(script, SENT - behind) == ["long after", "after", "at once"]


def test_a_date_header_has_no_fractions() -> None:
    for tenth in range(10):
        now = SENT + 100 + tenth / 10
        script = Script(
            page([made("a", 0.0)], date=formatdate(int(now), usegmt=True)),
            clock=ManualClock(start=now),
        )
        assert found(script) == ["a"], tenth


@pytest.mark.parametrize("takes", [0.5, 5.0, 600.0])
def test_a_slow_answer_makes_it_look_further_back(takes: float) -> None:
    for share in (0.0, 0.5, 1.0):  # of the way that had passed when the server looked at its clock
        clock = ManualClock(start=SENT + 100)
        date = http_date(100 + share * takes)
        script = Script(page([made("at once", 0.0)], date=date), takes=takes, clock=clock)
        assert found(script) == ["at once"], share


DATES: dict[str, str | None] = {
    "none": None,
    "empty": "",
    "rubbish": "yesterday",
    "a number": "1790000000",
    "half a date": "Mon, 21",
    "a month that is none": "Mon, 21 Foo 2026 12:00:00 GMT",
}


@pytest.mark.parametrize("date", DATES.values(), ids=DATES.keys())
def test_without_a_date_the_clock_of_the_client_counts(date: str | None) -> None:
    assert found(Script(page([made("after"), made("before", -10.0)], date=date))) == ["after"]


LISTS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "none": ([], []),
    "the one": ([made("a")], ["a"]),
    "newest first": ([made("c", 9), made("b", 5), made("a", 1)], ["c", "b", "a"]),
    "one more, one less": ([made("b", total=TOTAL + 1), made("a", total=TOTAL - 1)], []),
    "others between": ([made("c"), made("b", total=1), made("a")], ["c", "a"]),
    "others, then older": ([made("b", total=1), made("a", -9)], []),
    "nothing after one too old": ([made("b", -9), made("a", 1)], []),
    "one too old of another size ends it too": ([made("b", -9, total=1), made("a", 1)], []),
    "counts that have moved": (
        [
            made(
                "a",
                request_counts={
                    "processing": 1,
                    "succeeded": 2,
                    "errored": 3,
                    "canceled": 1,
                    "expired": 0,
                },
            ),
        ],
        ["a"],
    ),
    "counts of a new kind": ([made("a", request_counts={"processing": 3, "paused": 4})], ["a"]),
    "no counts": ([made("b", request_counts={}), made("a", request_counts=None)], ["b", "a"]),
    "ended": ([made("a", processing_status="ended", ended_at=at(2))], ["a"]),
    "canceling": ([made("a", processing_status="canceling")], ["a"]),
    "within the slack": ([made("a", -1.9)], ["a"]),
    "beyond the slack": ([made("a", -2.1)], []),
}


@pytest.mark.parametrize(("batches", "ids"), LISTS.values(), ids=LISTS.keys())
def test_which_could_be_it(batches: list[dict[str, Any]], ids: list[str]) -> None:
    script = Script(page(batches))
    assert found(script) == ids
    assert script.queries == [{"limit": "100"}]


def test_a_candidate_is_given_as_it_came() -> None:
    one = made("a", a_field_of_tomorrow={"x": 1})
    assert unwrap(batch.candidates(Script(page([one])).client(), unknown())) == [one]


PAGES: dict[str, tuple[list[Step], list[str | None], list[str]]] = {
    "none older": (
        [
            lambda: page([made("c")], more=True),
            lambda: page([made("b")], more=True),
            lambda: page([made("a")]),
        ],
        [None, "c", "b"],
        ["c", "b", "a"],
    ),
    "one too old on the first": (
        [lambda: page([made("b"), made("a", -9)], more=True)],
        [None],
        ["b"],
    ),
    "one too old alone": ([lambda: page([made("a", -9)], more=True)], [None], []),
    "one too old on the second": (
        [lambda: page([made("c")], more=True), lambda: page([made("b"), made("a", -9)], more=True)],
        [None, "c"],
        ["c", "b"],
    ),
    "a page of others": (
        [
            lambda: page([made("c", total=1)], more=True),
            lambda: page([made("b"), made("a", -9)], more=True),
        ],
        [None, "c"],
        ["b"],
    ),
    "an empty page between": (
        [
            lambda: page([made("b")], more=True),
            lambda: page([], more=True, last_id="x"),
            lambda: page([made("a")]),
        ],
        [None, "b", "x"],
        ["b", "a"],
    ),
}


@pytest.mark.parametrize(("pages", "cursors", "ids"), PAGES.values(), ids=PAGES.keys())
def test_over_pages_as_far_as_needed(
    pages: list[Step], cursors: list[str | None], ids: list[str]
) -> None:
    script = Script(*(make() for make in pages))
    assert found(script) == ids
    assert [query.get("after_id") for query in script.queries] == cursors
    assert {query["limit"] for query in script.queries} == {"100"}


def test_only_the_date_of_the_first_page_counts() -> None:
    behind = 5 * HOUR
    clock = ManualClock(start=SENT + 1 - behind)
    first = page([made("b", 2.0)], more=True, date=http_date(1))
    script = Script(
        first, page([made("a", 1.0), made("old", -9)], date=http_date(90 * HOUR)), clock=clock
    )
    assert found(script, SENT - behind) == ["b", "a"]


def test_the_page_is_no_larger_than_the_limits_allow() -> None:
    script = Script(page([made("a")]))
    unwrap(batch.candidates(script.client(limits=Limits(page=20)), unknown()))
    assert script.queries == [{"limit": "20"}]


# SENT is 2026-09-21T14:13:20Z
AFTER = {
    "Z": "2026-09-21T14:13:20Z",
    "Z and a fraction": "2026-09-21T14:13:20.000001Z",
    "+00:00": "2026-09-21T14:13:20+00:00",
    "-00:00": "2026-09-21T14:13:20-00:00",
    "east": "2026-09-22T04:13:20+14:00",
    "east by half an hour": "2026-09-21T19:43:20.5+05:30",
    "west": "2026-09-21T02:13:20-12:00",
    "west by a quarter": "2026-09-21T04:28:20.25-09:45",
    **{f"{n} digits": f"2026-09-21T14:13:20.{'123456789'[:n]}+00:00" for n in range(1, 10)},
    "thirty digits": f"2026-09-21T14:13:20.{'1' * 30}Z",
    "within the slack, by a fraction": "2026-09-21T14:13:18.01Z",
    "far in the future": "9999-12-30T23:59:59.999999999Z",
}

BEFORE = {
    "Z": "2026-09-21T14:13:17Z",
    "a fraction": "2026-09-21T14:13:17.999Z",
    "east": "2026-09-21T14:13:20+00:01",
    "east, though its clock says later": "2026-09-22T01:13:20+14:00",
    "west": "2026-09-21T02:12:20-12:00",
    "1970": "1970-01-01T00:00:00Z",
    "long ago": "0002-01-01T00:00:00Z",
}


@pytest.mark.parametrize("time", AFTER.values(), ids=AFTER.keys())
def test_times_of_all_forms_that_are_late_enough(time: str) -> None:
    assert found(Script(page([made("a", created_at=time)]))) == ["a"]


@pytest.mark.parametrize("time", BEFORE.values(), ids=BEFORE.keys())
def test_times_of_all_forms_that_are_too_early(time: str) -> None:
    assert found(Script(page([made("a", created_at=time)]))) == []


FRACTIONS = {
    "none": False,
    "4": False,
    "49": False,
    "4999": False,
    "5": True,
    "500": True,
    "50001": True,
    "6": True,
}


@pytest.mark.parametrize(("fraction", "late_enough"), FRACTIONS.items())
def test_fractions_count(fraction: str, late_enough: bool) -> None:
    digits = "" if fraction == "none" else f".{fraction}"
    script = Script(page([made("a", created_at=f"2026-09-21T14:13:18{digits}Z")]))
    assert found(script, SENT + 0.5) == ["a"] * late_enough


NO_TIMES = {
    "empty": "",
    "a word": "yesterday",
    "a date": "2026-09-21",
    "no zone": "2026-09-21T14:13:20",
    "no seconds": "2026-09-21T14:13Z",
    "no fraction after its point": "2026-09-21T14:13:20.Z",
    "a comma": "2026-09-21T14:13:20,5Z",
    "a number": "1790000000",
    "spaces around": " 2026-09-21T14:13:20Z ",
    "a newline after": "2026-09-21T14:13:20Z\n",
    "a zone by name": "2026-09-21T14:13:20 UTC",
    "a zone without its minutes": "2026-09-21T14:13:20+00",
    "five digits of year": "12026-09-21T14:13:20Z",
    "an HTTP date": "Mon, 21 Sep 2026 14:13:20 GMT",
}


@pytest.mark.parametrize("time", NO_TIMES.values(), ids=NO_TIMES.keys())
def test_what_is_no_time(time: str) -> None:
    tag, error = batch.candidates(Script(page([made("a", created_at=time)])).client(), unknown())
    assert tag == "error"
    assert isinstance(error, DecodeError)
    assert repr(time) in str(error)


FAILURES: dict[str, tuple[Callable[[], Response | AnthropixError], type[AnthropixError]]] = {
    "401": (
        lambda: Response(401, {}, iter([json.dumps(error_body()).encode()]), lambda: None),
        APIError,
    ),
    "500": (lambda: Response(500, {}, iter([]), lambda: None), APIError),
    "no connection": (lambda: TransportError("connect", "refused", sent=False), TransportError),
    "not a page": (lambda: Response(200, {}, iter([b"{}"]), lambda: None), DecodeError),
    "more without a cursor": (lambda: page([made("a")], more=True, last_id=None), DecodeError),
}


@pytest.mark.parametrize(("failure", "kind"), FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("before", [0, 1], ids=["first page", "second page"])
def test_errors_are_returned(
    failure: Callable[[], Response], kind: type[AnthropixError], before: int
) -> None:
    script = Script(*[page([made("b")], more=True)][:before], failure())
    tag, error = batch.candidates(script.client(retry=Policy(max_retries=0)), unknown())
    assert (tag, type(error)) == ("error", kind)


def test_from_a_create_that_broke_off_to_its_batch() -> None:
    clock = ManualClock(start=SENT)

    def transport(request: Request, _timeout: Timeout) -> Response:
        clock.advance(30)
        if request.method == "POST":
            raise TransportError("timeout", "slow", sent=True)
        return page(
            [made("it", 29.0, total=1), made("other", 28.0), made("old", -60.0, total=1)],
            date=http_date(60),
        )

    client = init(KEY, transport=transport, clock=clock)
    tag, error = batch.create(client, [{"custom_id": "a", "params": {}}])
    assert tag == "error"
    assert isinstance(error, UnknownOutcome)
    assert [one["id"] for one in unwrap(batch.candidates(client, error))] == ["it"]
