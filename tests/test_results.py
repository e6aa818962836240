"""Results over real sockets: whatever the framing, each row once, and never a silent end."""

from __future__ import annotations

import gc
import gzip
import json
import socket
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import ID, KEY, PATH, a_batch, answer_of, client, error_body, row
from scripted import Scripted, Step, answer, chunk, chunked, close, counted, head, reset, stall

from anthropix_py import Client, IncompleteResults, Policy, batch, init, unwrap
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import APIError, DecodeError, NotEnded, TransportError

ROWS = [row("a"), {**row("b"), "new_field": "ü\u2028\u0085"}, row("c")]
LINES = [json.dumps(one, ensure_ascii=False).encode() for one in ROWS]
BODY = b"".join(line + b"\n" for line in LINES)
ENDED = a_batch("ended", succeeded=3)
GZIP = {"content-encoding": "gzip"}


def by_close(body: bytes, headers: dict[str, str] | None = None) -> Step:
    return [head(200, headers) + body, close]


WHOLE: dict[str, Step] = {
    "counted": [counted(BODY)],
    "chunked": [chunked(BODY)],
    "chunked by the byte": [chunked(BODY, 1)],
    "ended by close": by_close(BODY),
    "no final newline": [chunked(BODY[:-1])],
    "no final newline, ended by close": by_close(BODY[:-1]),
    "CRLF": [chunked(BODY.replace(b"\n", b"\r\n"))],
    "CRLF by the byte": [chunked(BODY.replace(b"\n", b"\r\n"), 1)],
    "blank lines": [chunked(b"\n\n" + BODY.replace(b"\n", b"\n \r\n\n"))],
    "byte order mark": [chunked(b"\xef\xbb\xbf" + BODY)],
    "a wrong content type": [chunked(BODY, headers={"content-type": "text/html"})],
    "gzip, counted": [counted(gzip.compress(BODY), headers=GZIP)],
    "gzip, chunked by the byte": [chunked(gzip.compress(BODY), 1, GZIP)],
    "gzip, a member a line": [
        chunked(b"".join(gzip.compress(line + b"\n") for line in LINES), 7, GZIP)
    ],
    "gzip in capitals": [counted(gzip.compress(BODY), headers={"Content-Encoding": "GZIP"})],
    "one answer in single bytes": [counted(BODY)[n : n + 1] for n in range(len(counted(BODY)))],
}


@pytest.mark.parametrize("step", WHOLE.values(), ids=WHOLE.keys())
@pytest.mark.parametrize("named", [ENDED, ID], ids=["dict", "id"])
def test_a_whole_answer_is_read_once(step: Step, named: Any) -> None:
    with Scripted(step) as server:
        assert unwrap(batch.results(client(server.url), named)) == ROWS
    [received] = server.received
    assert (received.method, received.target) == ("GET", PATH + "/results")


def test_a_counted_body_of_nothing_is_nothing_where_nothing_is_expected() -> None:
    with Scripted(counted(b""), counted(b"")) as server:
        assert batch.results(client(server.url), ID) == ("ok", [])
        assert batch.results(client(server.url), a_batch("ended")) == ("ok", [])


ZIPPED = gzip.compress(BODY)

CUT: dict[str, Step] = {
    "before the headers": [close],
    "reset before the headers": [reset],
    "in the headers": [b"HTTP/1.1 200 OK\r\ncontent-ty", close],
    "after the headers": [head(200, {"transfer-encoding": "chunked"}), close],
    "counted, within a row": [counted(BODY)[:-30], close],
    "counted, at a newline": [counted(BODY)[: -len(LINES[2]) - 1], close],
    "chunked, within a row": [
        head(200, {"transfer-encoding": "chunked"}),
        chunk(BODY[:-30]),
        close,
    ],
    "chunked, at a newline": [
        head(200, {"transfer-encoding": "chunked"}),
        chunk(LINES[0] + b"\n"),
        close,
    ],
    "chunked, in a chunk's size": [
        head(200, {"transfer-encoding": "chunked"}),
        chunk(BODY[:40]),
        b"1",
        close,
    ],
    "chunked, a size that is none": [
        head(200, {"transfer-encoding": "chunked"}),
        chunk(BODY[:40]),
        b"zz\r\n",
        close,
    ],
    "reset": [counted(BODY)[:-30], reset],
    "reset after a row": [counted(BODY)[: -len(LINES[2]) - 1], reset],
    "silence": [counted(BODY)[:-30], stall],
    "silence after a row": [counted(BODY)[: -len(LINES[2]) - 1], stall],
    "ended by close, within a row": by_close(BODY[:-30]),
    "gzip, half": [chunked(ZIPPED[: len(ZIPPED) // 2], headers=GZIP)],
    "gzip, corrupt": [counted(ZIPPED[:20] + b"\0\0\0\0" + ZIPPED[24:], headers=GZIP)],
}
ONLY_THE_END_CUT: dict[str, Step] = {
    "chunked": [head(200, {"transfer-encoding": "chunked"}), chunk(BODY), close],
    "gzip without its trailer": by_close(ZIPPED[:-8], GZIP),
    "gzip without its trailer, counted": [counted(ZIPPED[:-8], headers=GZIP)],
}
CLEAN_BUT_SHORT: dict[str, Step] = {
    "ended by close, at a newline": by_close(BODY[: -len(LINES[2]) - 1]),
    "ended by close, before a newline": by_close(BODY[: -len(LINES[2]) - 2]),
    "counted": [counted(LINES[0] + b"\n")],
    "chunked": [chunked(LINES[2])],
    "empty": [counted(b"")],
    "a row twice in place of another": [counted(b"\n".join([LINES[0], LINES[0], LINES[1]]))],
}


@pytest.mark.parametrize("step", CUT.values(), ids=CUT.keys())
@pytest.mark.parametrize("named", [ENDED, ID], ids=["dict", "id"])
def test_a_cut_answer_is_continued_by_asking_again(step: Step, named: Any) -> None:
    shuffled = b"\n".join(reversed(LINES))
    with Scripted(step, [chunked(shuffled, 10)]) as server:
        rows = list(unwrap(batch.results(client(server.url, timeout=0.1), named, stream=True)))
    assert sorted(rows, key=lambda one: one["custom_id"]) == ROWS


@pytest.mark.parametrize("step", ONLY_THE_END_CUT.values(), ids=ONLY_THE_END_CUT.keys())
def test_an_answer_without_its_end_is_whole_only_by_its_count(step: Step) -> None:
    with Scripted(step) as server:
        assert unwrap(batch.results(client(server.url), ENDED)) == ROWS
    with Scripted(step, counted(BODY)) as server:
        assert unwrap(batch.results(client(server.url), ID)) == ROWS


@pytest.mark.parametrize("step", CLEAN_BUT_SHORT.values(), ids=CLEAN_BUT_SHORT.keys())
def test_a_short_answer_in_good_order_is_seen_by_its_count(step: Step) -> None:
    with Scripted(step, [chunked(BODY)]) as server:
        rows = unwrap(batch.results(client(server.url), ENDED))
    assert sorted(rows, key=lambda one: one["custom_id"]) == ROWS


@pytest.mark.parametrize(
    "step", (CUT | CLEAN_BUT_SHORT).values(), ids=(CUT | CLEAN_BUT_SHORT).keys()
)
def test_cuts_beyond_the_policy_are_an_error_that_counts(step: Step) -> None:
    whole_answers_missing = step in (CUT["before the headers"], CUT["reset before the headers"])
    with Scripted(*[step] * 3) as server:
        result = batch.results(client(server.url, timeout=0.1), ENDED, stream=True)
        if whole_answers_missing:
            assert isinstance(result[1], TransportError)
            return
        rows = unwrap(result)
        received: list[Any] = []
        with pytest.raises(IncompleteResults) as caught:
            received.extend(rows)
    error = caught.value
    assert (error.expected, error.received) == (3, len(received))
    assert len(received) < 3
    assert f"after {len(received)} of 3 rows" in str(error)
    assert KEY not in repr(error)


def test_the_error_of_cuts_says_how_many_rows_came_and_why() -> None:
    step: Step = [counted(BODY)[: -len(LINES[2]) - 1], close]
    with Scripted(*[step] * 2) as server:
        tag, error = batch.results(client(server.url, retry=Policy(max_retries=1)), ENDED)
    assert (tag, type(error)) == ("error", IncompleteResults)
    assert isinstance(error, IncompleteResults)
    assert (error.expected, error.received, error.duplicates) == (3, 2, 0)
    assert isinstance(error.cause, TransportError)
    assert error.cause.reason == "closed"


def test_rows_that_come_twice_are_given_once_and_counted() -> None:
    twice = b"\n".join([LINES[0], LINES[0], LINES[1], LINES[0]])
    with Scripted(*[counted(twice)] * 3) as server:
        tag, error = batch.results(client(server.url), ENDED)
    assert (tag, str(error)) == (
        "error",
        "the results ended after 2 of 3 rows, 2 came more than once",
    )


def test_more_rows_than_expected_are_an_error_after_all_of_them() -> None:
    with Scripted(counted(BODY)) as server:
        rows = unwrap(batch.results(client(server.url), a_batch("ended", succeeded=2), stream=True))
        given: list[Any] = []
        with pytest.raises(IncompleteResults, match="after 3 of 2 rows"):
            given.extend(rows)
    assert given == ROWS


NO_ROWS: dict[str, tuple[bytes, type[Exception], str]] = {
    "a page with 200": (
        b"<html>\n<body>Sign in</body>\n</html>\n",
        DecodeError,
        "line 1, byte 0: not JSON",
    ),
    "a page in one line": (b"<html>Sign in</html>", DecodeError, "near '<html>Sign in</html>'"),
    "a row, then a page": (
        LINES[0] + b"\n<html>\n",
        DecodeError,
        f"line 2, byte {len(LINES[0]) + 1}",
    ),
    "a line cut in the middle": (
        LINES[0][:20] + b"\n" + LINES[1] + b"\n",
        DecodeError,
        "line 1, byte 0",
    ),
    "a number": (b"3\n", DecodeError, "not a JSON object"),
    "an object that is no row": (
        b'{"id": 3}\n',
        DecodeError,
        "not a row with custom_id and result",
    ),
    "no result": (b'{"custom_id": "a"}\n', DecodeError, "not a row"),
    "Latin-1": (
        '{"custom_id": "ü"}\n'.encode("latin-1"),
        DecodeError,
        "not JSON: 'utf-8' codec can't decode",
    ),
    "an error": (
        json.dumps(error_body("overloaded_error")).encode() + b"\n",
        APIError,
        "200 overloaded_error: no",
    ),
    "a row, then an error": (
        LINES[0] + b"\n" + json.dumps(error_body()).encode(),
        APIError,
        "200 api_error: no",
    ),
}


@pytest.mark.parametrize(("body", "kind", "message"), NO_ROWS.values(), ids=NO_ROWS.keys())
def test_what_is_no_row_is_an_error_with_its_place(
    body: bytes, kind: type[Exception], message: str
) -> None:
    with Scripted(counted(body, headers={"request-id": "req_1"})) as server:
        tag, error = batch.results(client(server.url), ENDED)
    assert (tag, type(error)) == ("error", kind)
    assert message in str(error)
    assert error.request_id == "req_1"  # type: ignore[union-attr]


def test_rows_before_the_fault_are_given_first() -> None:
    with Scripted(counted(BODY + b"<html>\n")) as server:
        rows = unwrap(batch.results(client(server.url), ENDED, stream=True))
        assert [next(rows) for _ in ROWS] == ROWS
        with pytest.raises(DecodeError, match="line 4"):
            next(rows)


def test_a_row_is_given_when_its_newline_has_come() -> None:
    go_on = threading.Event()

    def wait(_: socket.socket) -> None:
        assert go_on.wait(10)

    first, rest = LINES[0] + b"\n", b"\n".join(LINES[1:]) + b"\n"
    size = {"content-length": str(len(BODY))}
    by_chunks = {"transfer-encoding": "chunked"}
    zipped = gzip.compress(first)
    steps: list[Step] = [
        [head(200, size), first, wait, rest],
        [head(200, by_chunks), chunk(first), wait, chunk(rest), b"0\r\n\r\n"],
        [head(200), first, wait, rest, close],
        [
            head(200, {**GZIP, **by_chunks}),
            chunk(zipped),
            wait,
            chunk(gzip.compress(rest)),
            b"0\r\n\r\n",
        ],
    ]
    for step in steps:
        go_on.clear()
        with Scripted(step) as server:
            rows = unwrap(batch.results(client(server.url), ENDED, stream=True))
            assert next(rows) == ROWS[0]
            go_on.set()
            assert list(rows) == ROWS[1:]


def test_a_body_may_take_longer_than_the_read_timeout_in_all() -> None:
    pieces = [BODY[n : n + 20] for n in range(0, len(BODY), 20)]
    step: list[Any] = [head(200, {"content-length": str(len(BODY))})]
    for piece in pieces:
        step += [piece, lambda _: threading.Event().wait(0.04)]
    assert len(pieces) * 0.04 > 0.3
    with Scripted(step) as server:
        assert unwrap(batch.results(client(server.url, timeout=0.3), ENDED)) == ROWS


@pytest.mark.parametrize("how", ["close", "break", "raise", "drop", "never started"])
def test_leaving_early_closes_the_connection_at_once(how: str) -> None:
    gone = threading.Event()

    def until_gone(connection: socket.socket) -> None:
        stall(connection)
        gone.set()

    with Scripted(
        [head(200, {"content-length": "999999"}), BODY, until_gone], answer(ENDED)
    ) as server:
        given_client = client(server.url, timeout=30)
        rows = unwrap(batch.results(given_client, ENDED, stream=True))
        if how == "close":
            next(rows)
            rows.close()
        elif how == "break":
            take_one(rows)
            del rows
        elif how == "raise":
            with pytest.raises(RuntimeError):
                leave(rows)
            del rows
        elif how == "drop":
            next(rows)
            del rows
        else:
            del rows
        gc.collect()
        assert gone.wait(10)
        assert unwrap(batch.show(given_client, ID)) == ENDED
    assert [one.connection for one in server.received] == [0, 1]


def take_one(rows: Any) -> None:
    for _ in rows:
        break


def leave(rows: Any) -> None:
    for _ in rows:
        raise RuntimeError


def test_a_finished_connection_is_used_again() -> None:
    with Scripted([chunked(BODY)], [counted(BODY)], answer(ENDED)) as server:
        given_client = client(server.url)
        for _ in range(2):
            assert unwrap(batch.results(given_client, ENDED)) == ROWS
        unwrap(batch.show(given_client, ID))
    assert server.connections == 1


def test_another_thread_may_consume_the_generator() -> None:
    with Scripted([chunked(BODY, 5)]) as server:
        rows = unwrap(batch.results(client(server.url), ENDED, stream=True))
        taken = [next(rows)]
        thread = threading.Thread(target=lambda: taken.extend(rows))
        thread.start()
        thread.join()
    assert taken == ROWS
    assert list(rows) == []


MISSING = answer(
    error_body("not_found_error", "no available results"), 404, {"x-should-retry": "false"}
)
PASSING = answer(error_body("not_found_error", "not found"), 404)


def test_a_404_before_the_end_is_not_ended() -> None:
    with Scripted(MISSING, answer(a_batch())) as server:
        tag, error = batch.results(client(server.url), ID)
    assert (tag, type(error)) == ("error", NotEnded)


@pytest.mark.parametrize(
    "looks",
    [
        answer(a_batch("ended", archived_at="2026-09-17T14:44:51Z")),
        PASSING,
        counted(b"<html>"),
        answer({}),
    ],
    ids=["archived", "gone", "a page", "no batch"],
)
def test_a_404_for_good_is_itself(looks: bytes) -> None:
    with Scripted(MISSING, looks) as server:
        tag, error = batch.results(client(server.url), ID)
    assert (tag, type(error)) == ("error", APIError)
    assert isinstance(error, APIError)
    assert error.status == 404


def test_a_404_just_after_the_end_goes_away() -> None:
    with Scripted(PASSING, answer(ENDED), PASSING, answer(ENDED), counted(BODY)) as server:
        given_client = client(server.url)
        assert unwrap(batch.results(given_client, ENDED)) == ROWS


def test_asking_again_is_reported() -> None:
    events: list[dict[str, Any]] = []
    with Scripted([counted(BODY)[:-30], close], counted(BODY)) as server:
        unwrap(batch.results(client(server.url, on_event=events.append), ENDED))
    [resume] = [event for event in events if event["event"] == "resume"]
    assert (resume["rows"], resume["attempt"], resume["delay"]) == (2, 0, 0.4375)


def test_a_long_line_takes_linear_time_and_arrives_whole() -> None:
    long = {**row("long"), "text": "x" * 50_000_000}
    body = json.dumps(long).encode()
    pieces = [body[n : n + 65536] for n in range(0, len(body), 65536)]
    given_client = init(
        KEY, transport=lambda *_: Response(200, {"content-length": "0"}, iter(pieces), lambda: None)
    )
    assert unwrap(batch.results(given_client, a_batch("ended", succeeded=1))) == [long]


class Cutting:
    """A transport whose answers hold the same rows in any order, each cut somewhere or whole."""

    def __init__(self, lines: list[bytes], answers: list[tuple[int, int, bool]]) -> None:
        self._lines = lines
        self._answers = iter(answers)

    def __call__(self, request: Request, timeout: Timeout) -> Response:
        turn, place, clean = next(self._answers, (0, -1, True))
        turned = self._lines[turn:] + self._lines[:turn]
        body = b"".join(line + b"\n" for line in turned)
        whole = place < 0
        return Response(
            200,
            {},
            self._chunks(body if whole else body[: place % len(body)], whole or clean),
            lambda: None,
        )

    def _chunks(self, body: bytes, clean: bool) -> Any:
        for start in range(0, len(body), 11):
            yield body[start : start + 11]
        if not clean:
            raise TransportError("closed", "cut", sent=True)


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(st.text(max_size=12), min_size=1, max_size=12),
    answers=st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 2000), st.booleans()), max_size=8
    ),
)
def test_any_file_cut_anywhere_any_number_of_times_arrives_whole(
    texts: list[str], answers: list[tuple[int, int, bool]]
) -> None:
    expected = [{**row(f"r{n}"), "text": text} for n, text in enumerate(texts)]
    lines = [json.dumps(one, ensure_ascii=False).encode() for one in expected]
    given_client: Client = init(
        KEY,
        transport=Cutting(lines, answers),
        clock=ManualClock(),
        retry=Policy(max_retries=len(answers)),
    )
    rows = unwrap(batch.results(given_client, a_batch("ended", succeeded=len(texts))))
    assert sorted(one["custom_id"] for one in rows) == sorted(one["custom_id"] for one in expected)
    assert all(one in expected for one in rows)


def test_a_transport_of_ones_own_need_not_frame() -> None:
    given_client = init(KEY, transport=lambda *_: answer_of(200, BODY))
    assert unwrap(batch.results(given_client, ENDED)) == ROWS
