"""Faults as data: which calls they affect, how they are written, and which cannot be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from emulator_samples import COUNT_TOKENS, cases, create_body, now, texts
from emulator_wire import PATIENCE, ask_on, connected, say
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py import Policy, batch, init, unwrap
from anthropix_py._wire import BATCHES
from anthropix_py.emulator import KINDS, Fault, Faults, Store, serve, transport
from anthropix_py.emulator._faults import CALLS

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

ONCE = Policy(max_retries=0)

# which calls


@pytest.mark.parametrize(
    ("skip", "times", "hit"),
    [
        (0, 1, "x....."),
        (0, 3, "xxx..."),
        (2, 1, "..x..."),
        (2, 2, "..xx.."),
        (0, None, "xxxxxx"),
        (4, None, "....xx"),
        (0, 0, "......"),
        (9, 1, "......"),
    ],
)
def test_skip_and_times(skip: int, times: int | None, hit: str) -> None:
    with serve(faults=Fault("list", "status", 500, skip, times)) as url:
        found = ""
        for _ in hit:
            # another call does not count
            assert say(url, "GET", f"{BATCHES}/nope").status == 404
            found += "x" if say(url, "GET", BATCHES).status == 500 else "."
    assert found == hit


ROUTES: dict[str, tuple[str, str, bytes | None]] = {
    "create": ("POST", BATCHES, create_body()),
    "list": ("GET", BATCHES, None),
    "show": ("GET", f"{BATCHES}/ID", None),
    "cancel": ("POST", f"{BATCHES}/ID/cancel", None),
    "delete": ("DELETE", f"{BATCHES}/ID", None),
    "results": ("GET", f"{BATCHES}/ID/results", None),
    "count_tokens": ("POST", COUNT_TOKENS, b'{"model": "m", "messages": []}'),
}


@pytest.mark.parametrize("on", CALLS)
def test_a_fault_affects_its_call_alone(on: str) -> None:
    assert {*ROUTES, "*"} == set(CALLS)
    store = Store(takes=3600)
    id = now(store, store.add(texts())).id
    with serve(store, faults=[Fault(on, "status", 418, times=None)]) as url:
        statuses = {
            call: say(url, method, path.replace("ID", id), body).status
            for call, (method, path, body) in ROUTES.items()
        }
    affected = [call for call, status in statuses.items() if status == 418]
    assert affected == [call for call in ROUTES if on in (call, "*")]


def test_a_star_counts_every_call_even_one_that_does_not_exist() -> None:
    with serve(faults=[Fault("*", "status", 418, skip=2, times=2)]) as url:
        paths = [BATCHES, "/nowhere", BATCHES, "/nowhere", BATCHES]
        assert [say(url, "GET", path).status for path in paths] == [200, 404, 418, 418, 200]


def test_of_two_faults_on_the_same_call_the_later_one_wins() -> None:
    faults = [
        Fault("list", "status", 500, headers={"x-first": "yes"}),
        Fault("list", "status", 418),
        Fault("list", "status", 529, skip=1),
    ]
    with serve(faults=faults) as url:
        responses = [say(url, "GET", BATCHES) for _ in range(3)]
    assert [response.status for response in responses] == [418, 529, 200]
    assert "x-first" not in responses[0].headers


def test_faults_change_while_serving() -> None:
    faults = Faults()
    with serve(faults=faults) as url, connected(url) as connection:

        def statuses(count: int) -> list[int]:
            return [ask_on(connection, "GET", BATCHES).status for _ in range(count)]

        assert statuses(1) == [200]
        faults.add(Fault("list", "status", 500, times=None))
        assert statuses(2) == [500, 500]
        # it counts from now on
        faults.add(Fault("list", "status", 418, skip=1))
        assert statuses(3) == [500, 418, 500]
        faults.clear()
        assert statuses(2) == [200, 200]
        faults.add(Fault("list", "lose"), Fault("list", "status", 529, skip=1))
        with pytest.raises(ConnectionResetError):
            statuses(1)
        with connected(url) as connection:
            assert statuses(2) == [529, 200]


def test_two_emulators_may_share_faults_and_count_together() -> None:
    faults = Faults([Fault("list", "status", 500, skip=1)])
    with serve(faults=faults) as one, serve(faults=faults) as other:
        assert [say(url, "GET", BATCHES).status for url in (one, other, one)] == [200, 500, 200]


def test_threads_count_together() -> None:
    faults = Faults([Fault("list", "status", 500, times=20)])
    client = init("k", base_url="http://x", transport=transport(Store(), faults), retry=ONCE)
    tags: list[str] = []
    threads = [
        threading.Thread(target=lambda: tags.extend(batch.list(client)[0] for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (tags.count("error"), tags.count("ok")) == (20, 60)


# as text

WRITTEN: dict[str, Fault] = {
    "create:lose": Fault("create", "lose"),
    "create:lose=close": Fault("create", "lose", "close"),
    "*:status=529": Fault("*", "status", 529),
    "show:status=404,skip=1,times=3": Fault("show", "status", 404, 1, 3),
    "show:status=404,times=3,skip=1": Fault("show", "status", 404, 1, 3),
    "results:cut=0": Fault("results", "cut", 0),
    "results:slow=0.25,times=all": Fault("results", "slow", 0.25, 0, None),
    "list:redirect=http://h:1/p?a=b": Fault("list", "redirect", "http://h:1/p?a=b"),
    "show:foreign_url=https://a.example": Fault("show", "foreign_url", "https://a.example"),
    "show:gzip=": Fault("show", "gzip"),
    "show:gzip,times=0": Fault("show", "gzip", None, 0, 0),
    "show:gzip,times=1,times=2": Fault("show", "gzip", None, 0, 2),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_parse(text: str) -> None:
    assert Fault.parse(text) == WRITTEN[text]


MISWRITTEN: dict[str, str] = {
    "": "CALL:KIND",
    "create": "CALL:KIND",
    "create=lose": "CALL:KIND",
    ":": "not on ''",
    ":lose": "not on ''",
    "create:": "not ''",
    "make:lose": "not on 'make'",
    "Create:lose": "not on 'Create'",
    " create:lose": "not on ' create'",
    "create:loose": "not 'loose'",
    "create:lose:close": "not 'lose:close'",
    "create:lose=banana": "not 'banana'",
    "create:lose,": "found ''",
    "create:lose,skip": "found 'skip'",
    "create:lose,skip=": "found 'skip='",
    "create:lose,skip=-1": "found 'skip=-1'",
    "create:lose,skip=1.5": "found 'skip=1.5'",
    "create:lose,skip=all": "found 'skip=all'",
    "create:lose,times=ALL": "found 'times=ALL'",
    "create:lose,times= 1": "found 'times= 1'",
    "create:lose, times=1": "found ' times=1'",
    "create:lose,on=show": "found 'on=show'",
    # a digit for str.isdigit, not for int
    "create:lose,times=\u00b2": "found 'times=\u00b2'",
}


@pytest.mark.parametrize("text", MISWRITTEN)
def test_parse_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|is one of|is on one of|value of") as raised:
        Fault.parse(text)
    assert MISWRITTEN[text] in str(raised.value)
    assert "\n" not in str(raised.value)


TOKENS = ["create", ":", "lose", "=", ",", "times", "skip", "1", "all"]


@given(st.text() | st.lists(st.sampled_from(TOKENS)).map("".join))
def test_parse_returns_a_fault_or_raises_a_value_error(text: str) -> None:
    try:
        fault = Fault.parse(text)
    except ValueError:
        return
    assert fault.on in CALLS
    assert fault.kind in KINDS
    assert fault.skip >= 0


# what cannot be

IMPOSSIBLE: dict[str, tuple[Fault, str]] = {
    "kind": (Fault("create", "burn"), "the kind of a fault is one of .*, not 'burn'"),
    "no kind": (Fault("create", ""), "the kind of a fault is one of .*, not ''"),
    "call": (Fault("make", "lose"), "a fault is on one of .*, not on 'make'"),
    "no call": (Fault("", "lose"), "a fault is on one of .*, not on ''"),
    # headers that would break the response, or could not be sent
    "number": (Fault("*", "headers", headers={"retry-after": 5}), "cannot be sent as a header"),
    "two lines": (Fault("*", "headers", headers={"x": "a\r\nb: c"}), "cannot be sent"),
    "not latin-1": (Fault("*", "headers", headers={"x": "\u2713"}), "cannot be sent"),
    "space in a name": (Fault("*", "headers", headers={"a b": "c"}), "cannot be sent"),
}


@cases("fault, message", IMPOSSIBLE)
def test_an_impossible_fault_is_refused_at_once(fault: Fault, message: str) -> None:
    faults = Faults()
    attempts: list[Callable[[], object]] = [
        lambda: Faults([fault]),
        lambda: faults.add(Fault("list", "status"), fault),
        lambda: serve(faults=[fault]),
        lambda: transport(Store(), [fault]),
    ]
    for attempt in attempts:
        with pytest.raises(ValueError, match=message):
            attempt()
    client = init("k", base_url="http://x", transport=transport(Store(), faults), retry=ONCE)
    # none was added, not even the one without a fault
    assert unwrap(batch.list(client))["data"] == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("status", value) for value in ("abc", 199, 99999, True, 404.0)),
        *(("cut", value) for value in ("abc", -5)),
        *(("slow", value) for value in (-1, 3601, True, float("nan"), float("inf"))),
        *(("redirect", value) for value in (None, "no scheme", 5)),
        ("chunks", 0),
        ("drop_rows", -1),
        ("refuse", "banana"),
        ("foreign_url", None),
        ("gzip", 3),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_once(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"the value of {kind} is .*, not"):
        Faults([Fault("*", kind, value)])


def test_a_single_fault_may_be_given() -> None:
    client = init("any-key", transport=transport(Store(), Fault("list", "status", 418)))
    assert "418" in str(batch.list(client)[1])
