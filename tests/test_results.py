"""Results over real sockets: whatever the framing, each row once, and never a silent end."""

from __future__ import annotations

import contextlib
import gc
import gzip
import itertools
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import ID, KEY, PATH, a_batch, client, counts, error_body, error_in, row, table
from scripted import (
    PATIENCE,
    Scripted,
    ScriptedTransport,
    Step,
    answer,
    blocks,
    chunk,
    chunked,
    close,
    counted,
    head,
    reset,
    respond,
    stall,
)

from anthropix_py import IncompleteResults, Policy, batch, unwrap
from anthropix_py.batch import _results
from anthropix_py.batch._results import CorruptRows
from anthropix_py.errors import APIError, DecodeError, NotEnded, TransportError
from anthropix_py.limits import Limits

ROWS = [row("a"), {**row("b"), "new_field": "ü\u2028\u0085"}, row("c")]
LINES = [json.dumps(one, ensure_ascii=False).encode() for one in ROWS]
BODY = b"".join(line + b"\n" for line in LINES)
TWO_ROWS = BODY[: -len(LINES[2]) - 1]
ENDED = a_batch("ended", succeeded=3)
GZIP = {"content-encoding": "gzip"}
ZIPPED = gzip.compress(BODY)
CHUNKED = {"transfer-encoding": "chunked"}


def by_close(body: bytes, headers: dict[str, str] | None = None) -> Step:
    """Return a response whose end is the end of the connection."""
    return [head(200, headers) + body, close]


def cut_chunks(*parts: bytes) -> Step:
    """Return a chunked response that breaks off after *parts*."""
    return [head(200, CHUNKED), *parts, close]


def by_id(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda one: str(one["custom_id"]))


def stream(server: Scripted, named: Any = ENDED, **options: Any) -> Any:
    return unwrap(batch.results(client(server.url, **options), named, stream=True))


COMPLETE: dict[str, Step] = {
    "counted": [counted(BODY)],
    "chunked": [chunked(BODY)],
    "chunked by the byte": [chunked(BODY, 1)],
    "no final newline": [chunked(BODY[:-1])],
    "CRLF": [chunked(BODY.replace(b"\n", b"\r\n"))],
    "CRLF by the byte": [chunked(BODY.replace(b"\n", b"\r\n"), 1)],
    "blank lines": [chunked(b"\n\n" + BODY.replace(b"\n", b"\n \r\n\n"))],
    "byte order mark": [chunked(b"\xef\xbb\xbf" + BODY)],
    "a wrong content type": [chunked(BODY, headers={"content-type": "text/html"})],
    "gzip, counted": [counted(ZIPPED, headers=GZIP)],
    "gzip, chunked by the byte": [chunked(ZIPPED, 1, GZIP)],
    "gzip, a member a line": [
        chunked(b"".join(gzip.compress(line + b"\n") for line in LINES), 7, GZIP)
    ],
    "gzip in capitals": [counted(ZIPPED, headers={"Content-Encoding": "GZIP"})],
    "one response in single bytes": [counted(BODY)[n : n + 1] for n in range(len(counted(BODY)))],
}

COMPLETE_BY_COUNT: dict[str, Step] = {
    "ended by close": by_close(BODY),
    "ended by close, no final newline": by_close(BODY[:-1]),
}


@table("step", COMPLETE | COMPLETE_BY_COUNT)
@pytest.mark.parametrize("named", [ENDED, ID], ids=["dict", "id"])
def test_a_complete_response_is_read_once(step: Step, named: Any) -> None:
    # the end of a connection may be a cut: without the counts of a dict they are asked for
    counts = [answer(ENDED)] * (named == ID and step in COMPLETE_BY_COUNT.values())
    with Scripted(step, *counts) as server:
        assert unwrap(batch.results(client(server.url), named)) == ROWS
    received = [(one.method, one.target) for one in server.received]
    assert received == [("GET", PATH + "/results"), ("GET", PATH)][: len(received)]


CUT: dict[str, Step] = {
    "after the headers": cut_chunks(),
    "counted, within a row": [counted(BODY)[:-30], close],
    "counted, at a newline": [counted(BODY)[: -len(LINES[2]) - 1], close],
    "chunked, within a row": cut_chunks(chunk(BODY[:-30])),
    "chunked, at a newline": cut_chunks(chunk(LINES[0] + b"\n")),
    "chunked, in a chunk's size": cut_chunks(chunk(BODY[:40]), b"1"),
    "chunked, a size that is not a number": cut_chunks(chunk(BODY[:40]), b"zz\r\n"),
    "reset": [counted(BODY)[:-30], reset],
    "reset after a row": [counted(BODY)[: -len(LINES[2]) - 1], reset],
    "silence": [counted(BODY)[:-30], stall],
    "silence after a row": [counted(BODY)[: -len(LINES[2]) - 1], stall],
    "ended by close, within a row": by_close(BODY[:-30]),
    "gzip, half": [chunked(ZIPPED[: len(ZIPPED) // 2], headers=GZIP)],
    "gzip, corrupt before a row": [counted(ZIPPED[:20] + b"\0\0\0\0" + ZIPPED[24:], headers=GZIP)],
}
BEFORE_THE_HEADERS: dict[str, Step] = {
    "before the headers": [close],
    "reset before the headers": [reset],
    "in the headers": [b"HTTP/1.1 200 OK\r\ncontent-ty", close],
}
ONLY_THE_END_CUT: dict[str, Step] = {
    "chunked": cut_chunks(chunk(BODY)),
    "gzip without its trailer": by_close(ZIPPED[:-8], GZIP),
    "gzip without its trailer, counted": [counted(ZIPPED[:-8], headers=GZIP)],
}
# nothing but the counts of the batch tells that rows are missing
CLEAN_BUT_SHORT: dict[str, Step] = {
    "ended by close, at a newline": by_close(TWO_ROWS),
    "ended by close, before a newline": by_close(TWO_ROWS[:-1]),
    "counted": [counted(LINES[0] + b"\n")],
    "chunked": [chunked(LINES[2])],
    "empty": [counted(b"")],
    "a row twice in place of another": [counted(b"\n".join([LINES[0], LINES[0], LINES[1]]))],
}


@table("step", CUT | BEFORE_THE_HEADERS)
@pytest.mark.parametrize("named", [ENDED, ID], ids=["dict", "id"])
def test_a_cut_response_is_resumed_by_asking_again(step: Step, named: Any) -> None:
    shuffled = b"\n".join(reversed(LINES))
    with Scripted(step, [chunked(shuffled, 10)]) as server:
        assert by_id(list(stream(server, named, timeout=0.5))) == ROWS


@table("step", ONLY_THE_END_CUT)
def test_a_response_without_its_end_is_complete_only_by_its_count(step: Step) -> None:
    with Scripted(step) as server:
        assert list(stream(server)) == ROWS
    with Scripted(step, counted(BODY)) as server:
        assert list(stream(server, ID)) == ROWS


@table("step", CLEAN_BUT_SHORT)
def test_a_short_response_in_good_order_is_noticed_by_its_count(step: Step) -> None:
    with Scripted(step, [chunked(BODY)]) as server:
        assert by_id(list(stream(server))) == ROWS


@pytest.mark.parametrize("step", [by_close(TWO_ROWS), by_close(TWO_ROWS[:-1])])
def test_by_id_the_counts_are_asked_for_if_only_the_connection_ended(step: Step) -> None:
    with Scripted(step, answer(ENDED), counted(BODY)) as server:
        assert list(stream(server, ID)) == ROWS


def test_no_rows_at_all_are_never_complete() -> None:
    # no batch is empty, so this is a proxy's empty response
    for named, expected in ((ID, None), (a_batch("ended"), None), (ENDED, 3)):
        with Scripted(*[counted(b"")] * 3) as server:
            error = error_in(batch.results(client(server.url), named), IncompleteResults)
        assert (error.expected, error.received, error.cause) == (expected, 0, None)


@table("step", CUT | CLEAN_BUT_SHORT)
def test_cuts_beyond_the_policy_are_an_error_that_counts(step: Step) -> None:
    received: list[Any] = []
    with Scripted(*[step] * 3) as server:
        rows = stream(server, timeout=0.5)
        with pytest.raises(IncompleteResults, match=r"after [012] of 3 rows") as caught:
            received.extend(rows)
    assert (caught.value.expected, caught.value.received) == (3, len(received))
    assert KEY not in repr(caught.value)


@table("step", BEFORE_THE_HEADERS)
def test_without_any_response_the_error_is_that_of_the_connection(step: Step) -> None:
    with Scripted(*[step] * 3) as server:
        error_in(batch.results(client(server.url), ENDED, stream=True), TransportError)


def test_the_error_of_cuts_says_how_many_rows_arrived_and_why() -> None:
    step: Step = [counted(BODY)[: -len(LINES[2]) - 1], close]
    with Scripted(*[step] * 2) as server:
        result = batch.results(client(server.url, retry=Policy(max_retries=1)), ENDED)
    error = error_in(result, IncompleteResults)
    assert (error.expected, error.received, error.duplicates) == (3, 2, 0)
    assert isinstance(error.cause, TransportError)
    assert error.cause.reason == "closed"


def test_only_cuts_in_a_row_without_a_new_row_count() -> None:
    events: list[dict[str, Any]] = []
    steps = [cut_chunks(chunk(b"\n".join(LINES[:n]) + b"\n")) for n in (1, 2)]
    with Scripted(*steps, counted(BODY)) as server:
        options = {"retry": Policy(max_retries=1), "on_event": events.append}
        assert list(stream(server, **options)) == ROWS
    resumed = [one for one in events if one["event"] == "resume"]
    resumes = [(one["rows"], one["attempt"], one["delay"]) for one in resumed]
    assert resumes == [(1, 0, 0.4375), (2, 0, 0.4375)]


def test_only_pauses_in_a_row_without_a_new_row_count_for_the_deadline() -> None:
    steps = [cut_chunks(chunk(b"\n".join(LINES[:n]) + b"\n")) for n in (1, 2)]
    policy = Policy(max_retries=1, initial_delay=8, deadline=10)
    with Scripted(*steps, counted(BODY)) as server:
        assert list(stream(server, retry=policy)) == ROWS


def test_blank_lines_without_end_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # against a megabyte of gzip that holds a gigabyte of them
    monkeypatch.setattr(_results, "LONGEST_ROW", 300)
    blank = b"\n" * 200
    rows = [line + b"\n" for line in LINES]
    script = ScriptedTransport(blocks(blank, rows[0], blank, rows[1], blank, blank, rows[2]))
    received: list[Any] = []
    with pytest.raises(DecodeError, match="300 bytes without a row"):
        received.extend(unwrap(batch.results(script.client(), ENDED, stream=True)))
    assert received == ROWS[:2]


def test_rows_that_arrive_twice_are_yielded_once_and_counted() -> None:
    twice = b"\n".join([LINES[0], LINES[0], LINES[1], LINES[0]])
    with Scripted(*[counted(twice)] * 3) as server:
        result = batch.results(client(server.url), ENDED)
    message = "the results ended after 2 of 3 rows, 2 arrived more than once"
    assert str(error_in(result, IncompleteResults)) == message


def test_more_rows_than_expected_are_an_error_after_all_of_them() -> None:
    received: list[Any] = []
    with Scripted(counted(BODY)) as server:
        rows = stream(server, a_batch("ended", succeeded=2))
        with pytest.raises(IncompleteResults, match="after 3 of 2 rows"):
            received.extend(rows)
    assert received == ROWS


def test_a_count_of_a_new_kind_hides_no_rows() -> None:
    # it may be one more kind of row, or the total: how many rows must come is not known
    for extra in ({"refused": 1}, {"total": 3}):
        named = a_batch("ended", request_counts={**counts(succeeded=2), **extra})
        with Scripted(counted(BODY)) as server:
            assert unwrap(batch.results(client(server.url), named)) == ROWS


def test_rows_without_end_are_an_error() -> None:
    # against a server that would fill the disk of a download
    endless = (f'{{"custom_id":"r{n}","result":{{}}}}\n'.encode() for n in itertools.count())
    script = ScriptedTransport(blocks(*itertools.islice(endless, 20)))
    received: list[Any] = []
    with pytest.raises(IncompleteResults, match="after 4 of 3 rows"):
        received.extend(unwrap(batch.results(script.client(), ENDED, stream=True)))
    assert len(received) == 4


URL = f"https://api.anthropic.com{PATH}/results"
OPEN = a_batch("ended", request_counts={**counts(succeeded=2), "paused": 1})
SINGLE = [line + b"\n" for line in LINES]
# (blocks, the batch as it is shown, words of the error; None if all three rows are returned)
BY_ID: dict[str, tuple[list[bytes], dict[str, Any], str | None]] = {
    # against limits that are smaller than the batch
    "as many as the batch has": (SINGLE, ENDED, None),
    "more": ([*SINGLE, BODY], a_batch("ended", succeeded=2), "after 3 of 2 rows"),
    "fewer": (SINGLE, a_batch("ended", succeeded=5), "after 3 of 5 rows"),
    "counts that do not say": (SINGLE, OPEN, None),
    "one row again and again": (
        SINGLE[:1] * 60,
        ENDED,
        "after 1 of 3 rows, 30 arrived more than once",
    ),
    "all rows again and again": (SINGLE * 20, ENDED, "after 3 of 3 rows, 28 arrived more than"),
    "all rows twice": (SINGLE * 2, ENDED, None),
}


@table("rows, shown, words", BY_ID)
@pytest.mark.parametrize("named", [ID, URL])
def test_by_id_the_batch_s_own_counts_say_what_is_too_many(
    rows: list[bytes], shown: dict[str, Any], words: str | None, named: str
) -> None:
    script = ScriptedTransport(blocks(*rows), respond(shown), *[blocks(*rows)] * 2)
    result = batch.results(script.client(limits=Limits(requests=2)), named)
    if words is None:
        assert result == ("ok", ROWS)
    else:
        error_in(result, IncompleteResults, words)
    assert [call.rpartition("/")[2] for call in script.calls].count(ID) == 1


def test_one_row_without_end_is_an_error() -> None:
    # against a server that would keep a reader busy for ever
    script = ScriptedTransport(blocks(*SINGLE[:1] * 60))
    words = "after 1 of 3 rows, 30 arrived more than once"
    error_in(batch.results(script.client(), ENDED), IncompleteResults, words)


def test_with_counts_that_do_not_say_no_batch_has_more_rows_than_any_may() -> None:
    endless = (f'{{"custom_id":"r{n}","result":{{}}}}\n'.encode() * 2 for n in itertools.count())
    many = (b"".join(itertools.islice(endless, 9_000)) for _ in range(20))
    script = ScriptedTransport(blocks(*many), respond(OPEN))
    rows = unwrap(batch.results(script.client(limits=Limits(requests=2)), ID, stream=True))
    with pytest.raises(IncompleteResults, match="after 108,000 of an unknown number"):
        for _ in rows:
            pass


def test_what_is_accepted_is_the_type_that_the_api_sends() -> None:
    # some servers answer 406 to application/json alone
    with Scripted(counted(BODY)) as server:
        unwrap(batch.results(client(server.url), ENDED))
    assert server.received[0].headers["accept"] == "application/x-jsonl, application/json"


def test_corrupt_gzip_after_rows_is_an_error_and_not_resumed() -> None:
    # its rows may have been altered on the way
    many = b"".join(json.dumps(row(f"r{n}")).encode() + b"\n" for n in range(9000))
    zipped = gzip.compress(many, 0)
    corrupt = zipped[:-8] + b"\0\0\0\0" + zipped[-4:]
    with Scripted(counted(corrupt, headers=GZIP)) as server:
        result = batch.results(client(server.url), a_batch("ended", succeeded=9000))
    error_in(result, CorruptRows, "rows of this response are corrupt")


NOT_ROWS: dict[str, tuple[bytes, type[Any], str]] = {
    "a page": (b"<html>\n<body>Sign in</body>\n", DecodeError, "line 1, byte 0: not JSON"),
    "a page in one line": (b"<html>Sign in</html>", DecodeError, "near '<html>Sign in</html>'"),
    "a row, then a page": (
        LINES[0] + b"\n<html>\n",
        DecodeError,
        f"line 2, byte {len(LINES[0]) + 1}",
    ),
    "a line cut in the middle": (LINES[0][:20] + b"\n" + BODY, DecodeError, "line 1, byte 0"),
    "a number": (b"3\n", DecodeError, "not a JSON object"),
    "another object": (b'{"id": 3}\n', DecodeError, "not a row with custom_id and result"),
    "no result": (b'{"custom_id": "a"}\n', DecodeError, "not a row"),
    "Latin-1": ('{"custom_id": "ü"}\n'.encode("latin-1"), DecodeError, "not JSON: 'utf-8' codec"),
    "an error": (json.dumps(error_body("x")).encode() + b"\n", APIError, "200 x: no"),
    "a row, then an error": (
        LINES[0] + b"\n" + json.dumps(error_body()).encode(),
        APIError,
        "200 api_error: no",
    ),
}


@table("body, kind, message", NOT_ROWS)
def test_what_is_not_a_row_is_an_error_with_its_place(
    body: bytes, kind: type[Any], message: str
) -> None:
    with Scripted(counted(body, headers={"request-id": "req_1"})) as server:
        error = error_in(batch.results(client(server.url), ENDED), kind, message)
    assert error.request_id == "req_1"


@pytest.mark.parametrize("status", [201, 204, 206])
def test_only_status_200_has_results(status: int) -> None:
    # 206 would be a part of them
    with Scripted(counted(BODY, status)) as server:
        error = error_in(batch.results(client(server.url), ENDED), APIError)
    assert error.status == status


def test_rows_before_the_fault_are_yielded_first() -> None:
    with Scripted(counted(BODY + b"<html>\n")) as server:
        rows = stream(server)
        assert [next(rows) for _ in ROWS] == ROWS
        with pytest.raises(DecodeError, match="line 4"):
            next(rows)


FIRST, REST = LINES[0] + b"\n", b"\n".join(LINES[1:]) + b"\n"

# in two parts: the second is sent when the first row has been read
LATE: dict[str, tuple[list[bytes], list[Any]]] = {
    "counted": ([head(200, {"content-length": str(len(BODY))}), FIRST], [REST]),
    "chunked": ([head(200, CHUNKED), chunk(FIRST)], [chunk(REST), b"0\r\n\r\n"]),
    "ended by close": ([head(200), FIRST], [REST, close]),
    "gzip": (
        [head(200, {**GZIP, **CHUNKED}), chunk(gzip.compress(FIRST))],
        [chunk(gzip.compress(REST)), b"0\r\n\r\n"],
    ),
}


@table("now, later", LATE)
def test_a_row_is_yielded_when_its_newline_has_arrived(now: list[Any], later: list[Any]) -> None:
    resume = threading.Event()
    wait: list[Any] = [lambda _: resume.wait(PATIENCE)]
    with Scripted([*now, *wait, *later]) as server:
        rows = stream(server)
        assert next(rows) == ROWS[0]
        resume.set()
        assert list(rows) == ROWS[1:]


def test_a_body_may_take_longer_than_the_read_timeout_in_all() -> None:
    parts = [BODY[n : n + 20] for n in range(0, len(BODY), 20)]
    step: list[Any] = [head(200, {"content-length": str(len(BODY))})]
    for part in parts:
        step += [part, lambda _: threading.Event().wait(0.04)]
    assert len(parts) * 0.04 > 0.3
    with Scripted(step) as server:
        assert list(stream(server, timeout=0.3)) == ROWS


def leave_by_close(rows: Any) -> None:
    next(rows)
    rows.close()


def leave_by_break(rows: Any) -> None:
    for _ in rows:
        break


def leave_by_error(rows: Any) -> None:
    with contextlib.suppress(RuntimeError):
        for _ in rows:
            raise RuntimeError


WAYS_TO_LEAVE: dict[str, Callable[[Any], object]] = {
    "close": leave_by_close,
    "break": leave_by_break,
    "raise": leave_by_error,
    "drop": next,
    # a generator that was never started skips its finally
    "never started": lambda _: None,
}


@table("leave", WAYS_TO_LEAVE)
def test_leaving_early_closes_the_connection_at_once(leave: Callable[[Any], object]) -> None:
    gone = threading.Event()

    def until_gone(connection: socket.socket) -> None:
        stall(connection)
        gone.set()

    begun: Step = [head(200, {"content-length": "999999"}), BODY, until_gone]
    with Scripted(begun, answer(ENDED)) as server:
        one = client(server.url, timeout=30)
        rows = unwrap(batch.results(one, ENDED, stream=True))
        leave(rows)
        del rows
        gc.collect()
        assert gone.wait(PATIENCE)
        assert unwrap(batch.show(one, ID)) == ENDED
    assert [request.connection for request in server.received] == [0, 1]


def test_a_finished_connection_is_used_again() -> None:
    with Scripted([chunked(BODY)], [counted(BODY)], answer(ENDED)) as server:
        one = client(server.url)
        for _ in range(2):
            assert unwrap(batch.results(one, ENDED)) == ROWS
        unwrap(batch.show(one, ID))
    assert server.connections == 1


def test_another_thread_may_consume_the_generator() -> None:
    with Scripted([chunked(BODY, 5)]) as server:
        rows = stream(server)
        taken = [next(rows)]
        thread = threading.Thread(target=lambda: taken.extend(rows))
        thread.start()
        thread.join()
    assert taken == ROWS
    assert list(rows) == []


NO_RESULTS = answer(error_body("not_found_error"), 404, {"x-should-retry": "false"})
NOT_FOUND = answer(error_body("not_found_error", "not found"), 404)

# what `show` responds after a 404 of the results decides what the 404 means
MISSING: dict[str, tuple[bytes, bytes]] = {
    "no results, archived": (NO_RESULTS, answer(a_batch("ended", archived_at="2026-09-17"))),
    "not found, archived": (NOT_FOUND, answer(a_batch("ended", archived_at="2026-09-17"))),
    "no results, ended": (NO_RESULTS, answer(ENDED)),
    "gone": (NO_RESULTS, NOT_FOUND),
    "a page": (NO_RESULTS, counted(b"<html>")),
    "not a batch": (NO_RESULTS, answer({})),
    "another batch": (NOT_FOUND, answer(a_batch("ended", id="msgbatch_other"))),
}


@table("missing, shown", MISSING)
def test_a_404_that_does_not_go_away_is_returned_as_it_is(missing: bytes, shown: bytes) -> None:
    with Scripted(missing, shown) as server:
        error = error_in(batch.results(client(server.url), ID), APIError)
    assert error.status == 404


@pytest.mark.parametrize("missing", [NO_RESULTS, NOT_FOUND])
@pytest.mark.parametrize("status", ["in_progress", "canceling", "paused"])
def test_a_404_before_the_end_is_not_ended(missing: bytes, status: str) -> None:
    with Scripted(missing, answer(a_batch(status))) as server:
        error = error_in(batch.results(client(server.url), ID), NotEnded)
    assert error.batch == a_batch(status)


def test_a_404_just_after_the_end_goes_away() -> None:
    with Scripted(NOT_FOUND, answer(ENDED), NOT_FOUND, answer(ENDED), counted(BODY)) as server:
        assert list(stream(server)) == ROWS
    with Scripted(*[NOT_FOUND, answer(ENDED)] * 3) as server:
        error_in(batch.results(client(server.url), ENDED), APIError, "404 not_found_error")


def test_a_long_line_takes_linear_time_and_arrives_complete() -> None:
    long = {**row("long"), "text": "x" * 50_000_000}
    body = json.dumps(long).encode()
    script = ScriptedTransport(blocks(*(body[n : n + 65536] for n in range(0, len(body), 65536))))
    assert unwrap(batch.results(script.client(), a_batch("ended", succeeded=1))) == [long]


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(st.text(max_size=12), min_size=1, max_size=12),
    cuts=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2000), st.booleans()), max_size=8),
)
def test_any_file_cut_anywhere_any_number_of_times_arrives_complete(
    texts: list[str], cuts: list[tuple[int, int, bool]]
) -> None:
    """*cuts*: for each response the row it begins with, its size, and whether it ends well."""
    expected = [{**row(f"r{n}"), "text": text} for n, text in enumerate(texts)]
    lines = [json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in expected]
    steps = []
    for first, size, clean in cuts:
        body = b"".join(lines[first:] + lines[:first])
        body = body[: size % len(body)]
        end = [TransportError("closed", "cut", sent=True)] * (not clean)
        steps.append(blocks(*(body[n : n + 11] for n in range(0, len(body), 11)), *end))
    script = ScriptedTransport(*steps, blocks(*lines))
    one = script.client(retry=Policy(max_retries=len(cuts)))
    rows = unwrap(batch.results(one, a_batch("ended", succeeded=len(texts))))
    assert by_id(rows) == by_id(expected)


def test_a_transport_of_ones_own_need_not_frame() -> None:
    script = ScriptedTransport(respond(BODY), respond(BODY), respond(ENDED))
    for named in (ENDED, ID):
        assert unwrap(batch.results(script.client(), named)) == ROWS
    script.assert_played()
