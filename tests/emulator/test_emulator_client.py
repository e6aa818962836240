"""What our own client makes of each fault, over a socket and without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from emulator_samples import now, requests, texts

from anthropix_py import (
    APIError,
    Client,
    IncompleteResults,
    InvalidRequest,
    TransportError,
    UnknownOutcome,
    batch,
    init,
    unwrap,
)
from anthropix_py._wire import BATCHES
from anthropix_py.emulator import Fault, Faults, ManualClock, Store, serve, transport

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

ROWS = 5
REQUESTS = requests(ROWS)


class Setup(NamedTuple):
    """One emulator with its client, over a socket or without."""

    client: Client
    store: Store
    faults: Faults
    clock: ManualClock


@pytest.fixture(params=["socket", "transport"])
def setup(request: pytest.FixtureRequest) -> Iterator[Setup]:
    clock = ManualClock()
    store, faults = Store(clock=clock, seed=1), Faults()
    options: dict[str, Any] = {"clock": clock, "timeout": 5.0, "connect_timeout": 5.0}
    if request.param == "transport":
        options |= {"base_url": "http://emulator", "transport": transport(store, faults)}
        yield Setup(init("k", **options), store, faults, clock)
    else:
        with serve(store, faults=faults) as url:
            yield Setup(init("k", base_url=url, **options), store, faults, clock)


def over(url: str, timeout: float = 5.0) -> Client:
    """Return a client that waits on a clock of its own, and not long for a response."""
    return init("k", base_url=url, clock=ManualClock(), timeout=timeout, connect_timeout=5.0)


def ended(store: Store) -> str:
    """Return the id of a batch that has ended."""
    return now(store, store.add(texts(ROWS))).id


def named(fault: Fault) -> str:
    """Return the id of a test with *fault*."""
    return f"{fault.on}-{fault.kind}-{fault.value}".replace("-None", "")


# create

LOST: list[Fault] = [
    *(Fault("create", "lose", end) for end in (None, "close", "reset")),
    *(Fault("create", kind, size) for kind in ("cut", "reset") for size in (0, 30)),
    *(Fault("create", "cut_head", size) for size in (1, 60)),
    Fault("create", "broken_gzip"),
    Fault("create", "drop_rows"),
]
NOT_DONE: list[Fault] = [
    *(Fault("create", "refuse", end) for end in (None, "close", "reset")),
    *(Fault("create", "status", status) for status in (408, 409, 500, 502, 504)),
    Fault("create", "html"),
]


@pytest.mark.parametrize("fault", [*LOST, *NOT_DONE], ids=named)
def test_a_create_of_unknown_outcome_is_sent_once(setup: Setup, fault: Fault) -> None:
    ended(setup.store)
    setup.clock.advance(3600)
    setup.faults.add(fault)
    match batch.create(setup.client, REQUESTS):
        case "error", UnknownOutcome(total=total) as error:
            assert total == ROWS
        case other:
            raise AssertionError(other)
    created = [one.id for one in setup.store.newest_first()[:-1]]
    assert len(created) == (fault in LOST)
    assert [one["id"] for one in unwrap(batch.candidates(setup.client, error))] == created
    assert not any(setup.clock.sleeps)


def test_a_stall_over_a_socket_ends_with_the_client_s_timeout() -> None:
    store = Store()
    with serve(store, faults=[Fault("create", "lose", "stall")]) as url:
        match batch.create(over(url, timeout=0.1), REQUESTS):
            case "error", UnknownOutcome(cause=TransportError(reason="timeout")):
                assert len(store.newest_first()) == 1
            case other:
                raise AssertionError(other)


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_create_that_was_refused_for_now_is_sent_again(setup: Setup, status: int) -> None:
    setup.faults.add(Fault("create", "status", status, headers={"retry-after": "3"}, times=2))
    created = unwrap(batch.create(setup.client, REQUESTS))
    assert [one.id for one in setup.store.newest_first()] == [created["id"]]
    assert [pause for pause in setup.clock.sleeps if pause] == [3.0, 3.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_create_that_is_invalid_is_not_sent_again(setup: Setup, status: int) -> None:
    setup.faults.add(Fault("create", "status", status, times=None))
    match batch.create(setup.client, REQUESTS):
        case "error", APIError(message="emulated fault", request_id="req_01emulatedfault") as error:
            assert error.status == status
        case other:
            raise AssertionError(other)
    assert setup.store.newest_first() == []


# results

MENDED: list[Fault] = [
    *(Fault("results", kind, size) for kind in ("cut", "reset") for size in (0, 1, 100, 700)),
    *(Fault("results", kind) for kind in ("crlf", "no_newline", "blank_lines")),
    *(Fault("results", kind) for kind in ("gzip", "broken_gzip", "html")),
    *(Fault("results", kind, 2) for kind in ("double_rows", "drop_rows")),
    *(Fault("results", "lose", end) for end in ("close", "reset")),
    *(Fault("results", "cut_head", size) for size in (1, 20, 100)),
    Fault("results", "chunks", 1),
    Fault("results", "status", 529),
    Fault("results", "headers", headers={"content-type": None, "content-disposition": None}),
]


@pytest.mark.parametrize("fault", MENDED, ids=named)
def test_each_row_is_returned_once(setup: Setup, fault: Fault) -> None:
    id = ended(setup.store)
    shown = unwrap(batch.show(setup.client, id))
    for ref in (shown, id):
        if fault.kind == "drop_rows" and ref is id:
            # an id does not say how many rows there are
            continue
        setup.faults.clear()
        setup.faults.add(fault)
        found = sorted(row["custom_id"] for row in unwrap(batch.results(setup.client, ref)))
        assert found == [f"id-{number}" for number in range(ROWS)]


MISSING = [
    Fault("results", "drop_rows", 1, times=None),
    Fault("results", "cut", 700, times=None),
    Fault("results", "reset", 700, times=None),
    Fault("results", "broken_gzip", 200, times=None),
]


@pytest.mark.parametrize("fault", MISSING, ids=named)
def test_rows_that_never_arrive_are_an_error(setup: Setup, fault: Fault) -> None:
    shown = unwrap(batch.show(setup.client, ended(setup.store)))
    setup.faults.add(fault)
    got: list[str] = []
    rows = unwrap(batch.results(setup.client, shown, stream=True))
    with pytest.raises(IncompleteResults) as raised:
        got.extend(row["custom_id"] for row in rows)
    assert (raised.value.expected, raised.value.received) == (ROWS, len(got))
    assert len(got) == len(set(got)) < ROWS


# where a response leads to


@pytest.mark.parametrize("call", ["show", "results", "cancel", "delete", "list"])
def test_a_redirect_is_not_followed(call: str) -> None:
    with serve() as elsewhere, serve(faults=Fault("*", "redirect", elsewhere, times=None)) as url:
        arguments = [] if call == "list" else ["msgbatch_x"]
        match getattr(batch, call)(over(url), *arguments):
            case "error", APIError(status=307, message=str(message)):
                assert elsewhere in message
            case other:
                raise AssertionError(other)


def test_a_foreign_url_is_only_read_for_its_id() -> None:
    store = Store()
    with serve(faults=Fault("*", "status", 418, times=None)) as elsewhere:
        foreign = Fault("show", "foreign_url", elsewhere, times=None)
        with serve(store, faults=[foreign]) as url:
            client = over(url)
            shown = unwrap(batch.show(client, ended(store)))
            assert shown["results_url"] == f"{elsewhere}{BATCHES}/{shown['id']}/results"
            assert len(unwrap(batch.results(client, shown))) == ROWS
            match batch.results(client, shown["results_url"] or ""):
                case "error", InvalidRequest():
                    pass
                case other:
                    raise AssertionError(other)


# wait

TRANSIENT: list[Fault] = [
    Fault("show", "status", 404, times=2),
    Fault("show", "status", 500, times=8),
    Fault("show", "status", 429, headers={"retry-after": "30"}, times=4),
    Fault("show", "html", times=5),
    Fault("show", "lose", times=3),
    Fault("show", "lose", "close", times=3),
    Fault("show", "cut_head", times=3),
    Fault("show", "cut", 10, times=3),
    Fault("show", "reset", 10, times=3),
    Fault("show", "broken_gzip", times=3),
]


@pytest.mark.parametrize("fault", TRANSIENT, ids=named)
def test_wait_tolerates_transient_failures(setup: Setup, fault: Fault) -> None:
    setup.faults.add(fault)
    created = unwrap(batch.create(setup.client, REQUESTS))
    updates: list[str] = []

    def note(seen: Any) -> None:
        updates.append(seen["processing_status"])

    done = unwrap(batch.wait(setup.client, created, on_update=note))
    assert (done["id"], done["processing_status"], updates) == (created["id"], "ended", ["ended"])
    pauses = [pause for pause in setup.clock.sleeps if pause]
    # On the connection that the create has left open, a first loss is not counted: see `_http`.
    assert fault.times is not None
    assert fault.times - 1 <= len(pauses) <= fault.times


@pytest.mark.parametrize(
    "fault", [Fault("show", "status", 404, times=None), Fault("show", "status", 401)], ids=named
)
def test_wait_does_not_tolerate_others(setup: Setup, fault: Fault) -> None:
    setup.faults.add(fault)
    match batch.wait(setup.client, unwrap(batch.create(setup.client, REQUESTS))):
        case "error", APIError() as error:
            assert error.status == fault.value
        case other:
            raise AssertionError(other)
