"""Planned responses without a socket: blocks, and the time and errors of a transport."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_samples import content, now, requests, texts
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py import Policy, TransportError, UnknownOutcome, batch, init, unwrap, with_options
from anthropix_py._wire import Response
from anthropix_py.client import Client
from anthropix_py.emulator import Fault, ManualClock, Store, transport
from anthropix_py.emulator._plan import Plan

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

ROWS = 5


def setup(*faults: Fault, timeout: float = 20) -> tuple[Client, Store, ManualClock]:
    """Return a client in front of an emulator without a socket."""
    clock = ManualClock()
    store = Store(clock=clock)
    given: dict[str, Any] = {
        "transport": transport(store, faults),
        "clock": clock,
        "timeout": timeout,
    }
    return init("k", base_url="http://emulator", **given), store, clock


@given(
    chunks=st.lists(st.binary(max_size=9)),
    body=st.none() | st.integers(0, 30),
    size=st.none() | st.integers(1, 9),
)
def test_the_blocks_of_a_plan(chunks: list[bytes], body: int | None, size: int | None) -> None:
    response = Response(200, {}, iter(chunks), lambda: None)
    blocks = list(Plan(response, body=body, size=size).blocks())
    assert b"".join(blocks) == b"".join(chunks)[:body]
    assert all(0 < len(block) <= (size or 9) for block in blocks)


@pytest.mark.parametrize(("kind", "created"), [("refuse", 0), ("lose", 1)])
def test_a_create_that_stalls(kind: str, created: int) -> None:
    client, _, clock = setup(Fault("create", kind, "stall"), timeout=7)
    match batch.create(client, requests()):
        case "error", UnknownOutcome(cause=TransportError(reason="timeout", sent=True)) as error:
            assert len(unwrap(batch.candidates(client, error))) == created
        case other:
            raise AssertionError(other)
    assert clock.monotonic() == 7


def test_stalled_results_take_the_timeout_on_the_clock() -> None:
    client, store, clock = setup(Fault("results", "stall", 100))
    id = store.add(texts(ROWS)).id
    assert len(unwrap(batch.results(client, id))) == ROWS
    assert clock.sleeps.count(20.0) == 1


def test_a_slow_response_takes_time_on_the_clock() -> None:
    client, store, clock = setup(Fault("results", "slow", 2))
    id = store.add(texts(ROWS)).id
    assert len(unwrap(batch.results(client, id))) == ROWS
    assert clock.monotonic() == 2 * -(-len(content(now(store, id))) // 64)


def test_a_response_without_faults_takes_no_time() -> None:
    client, _, clock = setup()
    unwrap(batch.list(client))
    assert clock.sleeps == []


@pytest.mark.parametrize("kind", ["refuse", "lose", "cut_head"])
def test_a_broken_connection_is_an_error_after_sending(kind: str) -> None:
    client, _, _ = setup(Fault("list", kind))
    match batch.list(with_options(client, retry=Policy(max_retries=0))):
        case "error", TransportError(reason="closed", sent=True):
            pass
        case other:
            raise AssertionError(other)
