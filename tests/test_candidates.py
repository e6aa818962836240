"""After a create of unknown outcome: which batches could be it, by the server's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import partial
from typing import Any

import pytest
from samples import a_batch, counts, error_body, error_in, table
from scripted import ScriptedTransport, TransportStep, fail, respond
from scripted import page as any_page

from anthropix_py import (
    APIError,
    DecodeError,
    InvalidRequest,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    unwrap,
)
from anthropix_py.batch import _candidates, _create
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError, SentAt
from anthropix_py.limits import Limits

SENT = 1_790_000_000.0  # by the server's clock, when the sending began: 2026-09-21T14:13:20Z
TOTAL = 7
HOUR = 3600.0
DAY = 24 * HOUR


def at(seconds: float) -> str:
    """Return a time, in seconds after the sending, as the API writes it."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=SENT + seconds)
    return moment.isoformat(timespec="microseconds")


def http_date(seconds: float) -> str:
    """Return a time, in seconds after the sending, as the header `date` has it."""
    return formatdate(SENT + seconds, usegmt=True)


page = partial(any_page, date=http_date(1))
"""Return a step that responds with a page of batches, a second after the sending."""


def made(id: str, seconds: float = 1.0, total: int = TOTAL, **fields: Any) -> dict[str, Any]:
    """Return a batch of *total* requests created *seconds* after the sending."""
    fields = {"request_counts": counts(total), "created_at": at(seconds), **fields}
    return a_batch(id=id, **fields)


def script_of(*pages: TransportStep, start: float = SENT + 1, takes: float = 0) -> Any:
    return ScriptedTransport(*pages, clock=ManualClock(start=start), takes=takes)


def unknown(sent_at: float = SENT) -> UnknownOutcome:
    return UnknownOutcome(TransportError("timeout", "slow", sent=True), TOTAL, sent_at)


def found(script: ScriptedTransport, sent_at: float = SENT, **options: Any) -> list[str]:
    """Return the ids of the candidates; every page of the script must be asked for."""
    candidates = unwrap(batch.candidates(script.client(), unknown(sent_at), **options))
    script.assert_played()
    return [one["id"] for one in candidates]


# seconds that the client's clock is behind the server's
SKEWS = {
    "right": 0.0,
    "a second ahead": -1.0,
    "ahead by minutes": -130.5,
    "ahead by hours": -9 * HOUR,
    "behind by hours": 9 * HOUR,
    "behind by a year": 365 * 24 * HOUR,
    "in 1970": SENT - 86_400,
}


@table("behind", SKEWS)
@pytest.mark.parametrize("later", [0.0, 0.4, 60.0, HOUR], ids="listed {} s later".format)
def test_the_clock_of_the_client_does_not_matter(behind: float, later: float) -> None:
    batches = [
        made("latest", later),
        made("at once", 0.0),
        made("long before", -302.0),
        made("out of order", later / 2),
    ]
    script = script_of(page(*batches, date=http_date(later)), start=SENT + later - behind)
    assert found(script, SENT - behind) == ["latest", "at once", "out of order"]


# The clock was an hour ahead at the create, and has been set right since: the create seems to lie
# in the future.
SET_CLOCKS: dict[str, tuple[float | None, bool, float | None, list[str]]] = {
    "nothing else is known": (None, True, None, ["a"]),
    "the time passed is": (-59.0, True, None, ["a"]),
    "that of another clock means nothing": (-59.0, False, None, ["a"]),
    "the server's time is": (None, True, SENT, ["a"]),
    "both are": (-59.0, True, SENT + 1, ["a"]),
    "the earliest counts": (-59.0, True, SENT + HOUR, ["a"]),
}


@table("monotonic, same_clock, served_at, ids", SET_CLOCKS)
def test_a_clock_that_was_set_after_the_create(
    monotonic: float | None, same_clock: bool, served_at: float | None, ids: list[str]
) -> None:
    script = script_of(page(made("a"), date=http_date(60)), start=SENT + 60)
    outcome = UnknownOutcome(None, TOTAL, SENT + HOUR, served_at)
    if monotonic is not None:
        outcome._sent = SentAt({True: script.clock, False: ManualClock()}[same_clock], monotonic)
    assert [one["id"] for one in unwrap(batch.candidates(script.client(), outcome))] == ids


@pytest.mark.parametrize("tenth", range(10))
def test_a_date_header_has_no_fractions(tenth: int) -> None:
    script = script_of(page(made("a", 0), date=http_date(100)), start=SENT + 100 + tenth / 10)
    assert found(script) == ["a"]


@pytest.mark.parametrize("takes", [0.5, 5.0, 600.0])
# the part of that time which has passed when the server reads its clock
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_slow_response_extends_the_search_backwards(takes: float, share: float) -> None:
    date = http_date(100 + share * takes)
    script = script_of(page(made("at once", 0), date=date), start=SENT + 100, takes=takes)
    assert found(script) == ["at once"]


DATES: dict[str, str | None] = {
    "missing": None,
    "empty": "",
    "rubbish": "yesterday",
    "a number": "1790000000",
    "half a date": "Mon, 21",
    "an unknown month": "Mon, 21 Foo 2026 12:00:00 GMT",
}


@table("date", DATES)
def test_without_a_date_the_clock_of_the_client_counts(date: str | None) -> None:
    assert found(script_of(page(made("after"), made("before", -310), date=date))) == ["after"]


# seconds that the clock of this machine and that of a gateway are ahead
CLOCKS = [(0, HOUR), (HOUR, 0), (0, 0), (0, 40 * DAY), (0, -HOUR), (-HOUR, 0), (-HOUR, -9 * HOUR)]
CLOCKS += [(HOUR, -HOUR), (-HOUR, HOUR)]


# against a gateway that replaces the date, and keeps the request id of the API
@pytest.mark.parametrize("headers", [{}, {"request_id": "req_1"}], ids=["without", "with its id"])
@pytest.mark.parametrize(("ours", "gateways"), CLOCKS)
def test_the_date_of_a_gateway_is_not_the_servers(
    ours: float, gateways: float, headers: dict[str, Any]
) -> None:
    value = {"data": [made("a", 0), made("before", -310)], "has_more": False}
    step = respond(value, date=http_date(1 + gateways), **headers)
    assert found(script_of(step, start=SENT + 1 + ours), SENT + ours) == ["a"]


# against both clocks being wrong in the same way, as those of a gateway on the same machine are
@pytest.mark.parametrize("ahead", [HOUR, 9 * HOUR, -9 * HOUR])
def test_the_api_s_own_time_of_an_earlier_batch_counts(ahead: float) -> None:
    date: dict[str, Any] = {"date": http_date(ahead), "request_id": "req_1"}
    data = [made(id, at, total=1) for id, at in (("it", 31.0), ("mine", 0.0), ("before", -400.0))]
    value = {"data": data, "has_more": False}
    steps = (respond(made("mine", 0, total=1), **date), fail("timeout"), respond(value, **date))
    script = script_of(*steps, start=SENT + ahead, takes=30)
    client = script.client()
    unwrap(batch.create(client, [{"custom_id": "a", "params": {}}]))
    lost = error_in(batch.create(client, [{"custom_id": "a", "params": {}}]), UnknownOutcome)
    assert [one["id"] for one in unwrap(batch.candidates(client, lost))] == ["it"]


def test_recent_pages_without_end_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_candidates, "_MOST_PAGES", 3)
    pages = [page(made(id, total=1), more=True) for id in "abcd"]
    result = batch.candidates(script_of(*pages).client(), unknown())
    error_in(result, DecodeError, "list has more than 3 pages of batches created since")


# (seconds by which this machine's clock is ahead of the server's, whether its time was told before)
AHEAD: dict[str, tuple[float, bool]] = {
    "right": (0.0, False),
    "3 s": (3.0, False),
    "hours": (9 * HOUR, False),
    "hours, told before": (9 * HOUR, True),
    "behind by hours": (-9 * HOUR, False),
    "behind by hours, told before": (-9 * HOUR, True),
}


# against a second create: no date in the list, and even the newest batch seems old
@table("ahead, told", AHEAD)
def test_without_a_date_a_clock_that_is_ahead_hides_no_batch(ahead: float, told: bool) -> None:
    clock = ManualClock(start=SENT + 60 + ahead)
    script = ScriptedTransport(any_page(made("it"), made("old", -DAY)), clock=clock)
    outcome = UnknownOutcome(None, TOTAL, SENT + ahead, SENT if told else None)
    assert [one["id"] for one in unwrap(batch.candidates(script.client(), outcome))] == ["it"]


OLD = made("old", -310)
MOVED = {"processing": 1, "succeeded": 2, "errored": 3, "canceled": 1, "expired": 0}

LISTS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "empty": ([], []),
    "the one": ([made("a")], ["a"]),
    "newest first": ([made("c", 9), made("b", 5), made("a", 1)], ["c", "b", "a"]),
    "one more, one less": ([made("b", total=TOTAL + 1), made("a", total=TOTAL - 1)], []),
    "others between": ([made("c"), made("b", total=1), made("a")], ["c", "a"]),
    "others, then older": ([made("b", total=1), OLD], []),
    # the order of `list` is not promised
    "one too old before it": ([OLD, made("a", 1)], ["a"]),
    # the counts of a batch move while it is processed
    "counts that have moved": ([made("a", request_counts=MOVED)], ["a"]),
    "counts of a new kind": ([made("a", request_counts={"processing": 3, "paused": 4})], ["a"]),
    # one whose size cannot be read could be it: leaving it out would invite a second create
    "no counts": ([made("b", request_counts={}), made("a", request_counts=None)], ["b", "a"]),
    "counts of text": ([made("a", request_counts={"processing": "7"})], ["a"]),
    "ended": ([made("a", processing_status="ended", ended_at=at(2))], ["a"]),
    "canceling": ([made("a", processing_status="canceling")], ["a"]),
    "within the slack": ([made("a", -299.9)], ["a"]),
    "beyond the slack": ([made("a", -300.1)], []),
}


@table("batches, ids", LISTS)
def test_which_batches_could_be_it(batches: list[dict[str, Any]], ids: list[str]) -> None:
    script = script_of(page(*batches))
    assert found(script) == ids
    assert script.queries == ["limit=100"]


KNOWN: dict[str, tuple[list[Any], list[str]]] = {
    "nothing": ([], ["c", "b", "a"]),
    "an id": (["b"], ["c", "a"]),
    "a dict": ([made("c")], ["b", "a"]),
    "both": ([made("c"), "a"], ["b"]),
    "all": (["a", "b", "c"], []),
    "one that is not listed": (["x"], ["c", "b", "a"]),
}


@table("known, ids", KNOWN)
def test_known_batches_are_left_out(known: list[Any], ids: list[str]) -> None:
    listed = page(made("c"), made("b"), made("a"))
    assert found(script_of(listed), known=known) == ids
    assert found(script_of(listed), known=iter(known)) == ids


def test_a_known_batch_that_cannot_be_named_is_an_error_before_anything_is_sent() -> None:
    result = batch.candidates(script_of().client(), unknown(), known=["a", ""])
    error_in(result, InvalidRequest, "batch id: expected")


def test_a_candidate_is_returned_as_it_came() -> None:
    one = made("a", a_field_of_tomorrow={"x": 1})
    assert unwrap(batch.candidates(script_of(page(one)).client(), unknown())) == [one]


def test_an_outcome_made_by_hand_after_a_crash() -> None:
    outcome = UnknownOutcome(None, TOTAL, SENT)
    client = script_of(page(made("b"), made("a", total=1))).client()
    assert [one["id"] for one in unwrap(batch.candidates(client, outcome))] == ["b"]


@pytest.mark.parametrize("outcome", [None, "a", TransportError("closed", "x", sent=True), ("ok",)])
def test_only_the_error_that_create_returned_will_do(outcome: Any) -> None:
    with pytest.raises(TypeError, match="unknown_outcome must be the error that create returned"):
        batch.candidates(script_of().client(), outcome)


PAGES: dict[str, tuple[list[TransportStep], list[str], list[str]]] = {
    "none too old": (
        [page(made("c"), more=True), page(made("b"), more=True), page(made("a"))],
        ["", "after_id=c&", "after_id=b&"],
        ["c", "b", "a"],
    ),
    "only one too old on the first": ([page(OLD, more=True)], [""], []),
    "one too old among others on the first": (
        [page(made("b"), OLD, more=True), page(OLD, more=True, last_id="x")],
        ["", "after_id=old&"],
        ["b"],
    ),
    "only one too old on the second": (
        [page(made("c"), more=True), page(OLD, more=True)],
        ["", "after_id=c&"],
        ["c"],
    ),
    "a page of other sizes": (
        [
            page(made("c", total=1), more=True),
            page(made("b")),
        ],
        ["", "after_id=c&"],
        ["b"],
    ),
    "an empty page between": (
        [page(made("b"), more=True), page(more=True, last_id="x"), page(made("a"))],
        ["", "after_id=b&", "after_id=x&"],
        ["b", "a"],
    ),
}


@table("pages, cursors, ids", PAGES)
def test_as_many_pages_as_needed(
    pages: list[TransportStep], cursors: list[str], ids: list[str]
) -> None:
    script = script_of(*pages)
    assert found(script) == ids
    assert script.queries == [f"{cursor}limit=100" for cursor in cursors]


def test_only_the_date_of_the_first_page_counts() -> None:
    behind = 5 * HOUR
    first = page(made("b", 2.0), more=True, date=http_date(1))
    second = page(made("a", 1.0), OLD, date=http_date(90 * HOUR))
    assert found(script_of(first, second, start=SENT + 1 - behind), SENT - behind) == ["b", "a"]


def test_the_page_is_no_larger_than_the_limits_allow() -> None:
    script = script_of(page(made("a")))
    unwrap(batch.candidates(script.client(limits=Limits(page=20)), unknown()))
    assert script.queries == ["limit=20"]


TIMES: dict[str, bool] = {
    "2026-09-21T14:13:20Z": True,
    "2026-09-21T14:13:20.000001Z": True,
    "2026-09-21T14:13:20+00:00": True,
    "2026-09-21T14:13:20-00:00": True,
    "2026-09-22T04:13:20+14:00": True,
    "2026-09-21T19:43:20.5+05:30": True,
    "2026-09-21T02:13:20-12:00": True,
    "2026-09-21T04:28:20.25-09:45": True,
    # some versions of Python read fractions of three or six digits only
    **{f"2026-09-21T14:13:20.{'123456789'[:n]}+00:00": True for n in range(1, 10)},
    f"2026-09-21T14:13:20.{'1' * 30}Z": True,
    "9999-12-30T23:59:59.999999999Z": True,
    # the slack of 5 minutes, to the fraction
    "2026-09-21T14:08:20Z": True,
    "2026-09-21T14:08:20.01Z": True,
    "2026-09-21T14:08:19.9999Z": False,
    "2026-09-21T14:08:19.999Z": False,
    "2026-09-21T14:08:19Z": False,
    # the zone counts, not what the clock says there
    "2026-09-21T14:13:20+00:06": False,
    "2026-09-22T01:13:20+14:00": False,
    "2026-09-21T02:07:20-12:00": False,
    "1970-01-01T00:00:00Z": False,
    "0002-01-01T00:00:00Z": False,
}


@pytest.mark.parametrize(("time", "late_enough"), TIMES.items())
def test_times_of_every_form(time: str, late_enough: bool) -> None:
    assert found(script_of(page(made("a", created_at=time)))) == ["a"] * late_enough


FRACTIONS = [("", False), (".4", False), (".49", False), (".4999", False)]
FRACTIONS += [(".5", True), (".500", True), (".50001", True), (".6", True)]


@pytest.mark.parametrize(("fraction", "late_enough"), FRACTIONS)
def test_fractions_of_a_second_count(fraction: str, late_enough: bool) -> None:
    script = script_of(page(made("a", created_at=f"2026-09-21T14:08:20{fraction}Z")))
    assert found(script, SENT + 0.5) == ["a"] * late_enough


NOT_TIMES: dict[str, object] = {
    "null": None,
    "an integer": 1_790_000_000,
    "empty": "",
    "a word": "yesterday",
    "a date": "2026-09-21",
    "no zone": "2026-09-21T14:13:20",
    "no seconds": "2026-09-21T14:13Z",
    "no fraction after its point": "2026-09-21T14:13:20.Z",
    "a comma": "2026-09-21T14:13:20,5Z",
    "a number as text": "1790000000",
    "spaces around": " 2026-09-21T14:13:20Z ",
    "a newline after": "2026-09-21T14:13:20Z\n",
    "a zone by name": "2026-09-21T14:13:20 UTC",
    "a zone without its minutes": "2026-09-21T14:13:20+00",
    "digits of another script": "٢٠٢٦-09-21T14:13:20Z",
    "month 13": "2026-13-21T14:13:20Z",
    "five digits of year": "12026-09-21T14:13:20Z",
    "an HTTP date": "Mon, 21 Sep 2026 14:13:20 GMT",
}


@table("time", NOT_TIMES)
def test_a_created_at_that_is_not_a_time(time: object) -> None:
    script = script_of(page(made("a", created_at=time)))
    result = batch.candidates(script.client(), unknown())
    error_in(result, DecodeError, f"created_at is not a time: {time!r}")


FAILURES: dict[str, tuple[TransportStep, type[AnthropixError]]] = {
    "401": (respond(error_body(), 401), APIError),
    "500": (respond(b"", 500), APIError),
    "no connection": (fail("connect", sent=False), TransportError),
    "not a page": (respond({}), DecodeError),
    "more without a cursor": (page(made("a"), more=True, last_id=None), DecodeError),
}


@table("failure, kind", FAILURES)
def test_errors_are_returned(failure: TransportStep, kind: type[AnthropixError]) -> None:
    for before in ([], [page(made("b"), more=True)]):
        script = script_of(*before, failure)
        client = script.client(retry=Policy(max_retries=0))
        error_in(batch.candidates(client, unknown()), kind)
        script.assert_played()


def test_from_a_create_that_broke_off_to_its_batch() -> None:
    # another batch of one request, which this process knows to have created
    mine = made("msgbatch_mine", -20.0, total=1)
    batches = [made("it", 29.0, total=1), mine, made("other", 28.0), made("old", -400.0, total=1)]
    steps = (respond(mine), fail("timeout"), page(*batches, date=http_date(60)))
    client = script_of(*steps, start=SENT - 30, takes=30).client()
    assert unwrap(batch.create(client, [{"custom_id": "a", "params": {}}])) == mine
    lost = error_in(batch.create(client, [{"custom_id": "a", "params": {}}]), UnknownOutcome)
    assert [one["id"] for one in unwrap(batch.candidates(client, lost))] == ["it"]


def test_an_error_made_by_hand_may_be_about_a_batch_that_this_process_created() -> None:
    mine = made("msgbatch_whose_id_was_lost")
    script = script_of(respond(mine), page(mine))
    unwrap(batch.create(script.client(), [{"custom_id": f"r{n}", "params": {}} for n in range(7)]))
    assert unwrap(batch.candidates(script.client(), unknown())) == [mine]


def test_no_more_than_so_many_created_batches_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_create, "_REMEMBERED", 2)
    monkeypatch.setattr(_create, "created_here", {})
    script = script_of(*(respond(made(id, total=1)) for id in "abc"))
    for _ in range(3):
        unwrap(batch.create(script.client(), [{"custom_id": "a", "params": {}}]))
    assert list(_create.created_here) == ["b", "c"]
