from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

HEAD = """
import json, sys
from urllib.request import ProxyHandler, Request, build_opener
import pytest
import anthropix_py
from anthropix_py import batch, unwrap

def client_of(emulated):
    return anthropix_py.init("k", base_url=emulated.url, clock=emulated.clock)

REQUESTS = [{"custom_id": "a", "params": {"model": "m", "max_tokens": 9,
             "messages": [{"role": "user", "content": "Hello"}]}}]
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give a folder of its own, whose pytest loads the plugin once, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return pytester


def outcome(run: pytest.Pytester, tests: str, **expected: int) -> pytest.RunResult:
    run.makepyfile(HEAD + tests)
    done = run.runpytest_subprocess(
        "-p",
        "anthropix_py.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "--strict-markers",
        "-W",
        "error",
        timeout=30,
    )
    done.assert_outcomes(**expected)
    return done


def test_the_fixture_gives_a_running_emulator(run: pytest.Pytester) -> None:
    outcome(
        run,
        """
def test_all_of_it(message_batches):
    from anthropix_py.emulator import Fault, Faults, ManualClock, Store
    assert type(message_batches)._fields == ("url", "store", "faults", "clock")
    assert message_batches.url.startswith("http://127.0.0.1:")
    assert isinstance(message_batches.store, Store)
    assert isinstance(message_batches.faults, Faults)
    assert isinstance(message_batches.clock, ManualClock)
    message_batches.faults.add(Fault("show", "status", 500, times=2))
    client = client_of(message_batches)
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, REQUESTS))))
    assert len(unwrap(batch.results(client, ended))) == 1
    assert [found.id for found in message_batches.store.newest_first()] == [ended["id"]]
    assert message_batches.clock.monotonic() > 0

def test_with_a_client_that_is_not_ours(message_batches):
    head = {"authorization": "Bearer t", "anthropic-version": "2023-06-01"}
    asked = Request(message_batches.url + "/v1/messages/batches", headers=head)
    with build_opener(ProxyHandler({})).open(asked, timeout=10) as answer:
        assert json.load(answer)["data"] == []
""",
        passed=2,
    )


def test_options_come_through_the_marker(run: pytest.Pytester) -> None:
    outcome(
        run,
        """
@pytest.mark.message_batches(takes=60, reply=lambda request: "so " + request["custom_id"])
def test_of_a_function(message_batches):
    client = client_of(message_batches)
    created = unwrap(batch.create(client, REQUESTS))
    assert unwrap(batch.show(client, created))["processing_status"] == "in_progress"
    message_batches.clock.advance(60)
    [row] = unwrap(batch.results(client, created))
    assert row["result"]["message"]["content"][0]["text"] == "so a"

@pytest.mark.message_batches(outcomes={"errored": 1})
class TestOfAClass:
    def test_inherited(self, message_batches):
        client = client_of(message_batches)
        [row] = unwrap(batch.results(client, unwrap(batch.create(client, REQUESTS))))
        assert row["result"]["type"] == "errored"

    @pytest.mark.message_batches(outcomes={"expired": 1})
    def test_the_closest_counts(self, message_batches):
        client = client_of(message_batches)
        [row] = unwrap(batch.results(client, unwrap(batch.create(client, REQUESTS))))
        assert row["result"]["type"] == "expired"
""",
        passed=3,
    )


def test_options_that_cannot_be_are_an_error_of_the_test(run: pytest.Pytester) -> None:
    done = outcome(
        run,
        """
@pytest.mark.message_batches(takes=-1)
def test_value(message_batches): pass

@pytest.mark.message_batches(tokes=1)
def test_name(message_batches): pass
""",
        errors=2,
    )
    done.stdout.fnmatch_lines(["*takes must be at least 0, not -1*", "*tokes*"])


def test_two_tests_share_nothing(run: pytest.Pytester) -> None:
    outcome(
        run,
        """
seen = []

@pytest.mark.parametrize("turn", [1, 2, 3])
def test_it(message_batches, turn):
    from anthropix_py.emulator import Fault
    client = client_of(message_batches)
    assert message_batches.store.newest_first() == []
    assert message_batches.clock.monotonic() == 0
    assert all(message_batches.store is not store for store in seen)
    unwrap(batch.create(client, REQUESTS))
    message_batches.clock.advance(5)
    message_batches.faults.add(Fault("*", "status", 500, times=None))
    assert batch.list(client)[0] == "error"
    seen.append(message_batches.store)
""",
        passed=3,
    )


def test_the_server_is_gone_after_the_test(run: pytest.Pytester) -> None:
    outcome(
        run,
        """
import socket, threading
from urllib.parse import urlsplit
ports = []

def test_one(message_batches):
    ports.append(urlsplit(message_batches.url).port)

def test_two():
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]), timeout=10)
    assert threading.enumerate() == [threading.main_thread()]
""",
        passed=2,
    )


def test_unused_it_imports_next_to_nothing(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
import sys

def test_imports():
    assert "anthropix_py.pytest_plugin" in sys.modules
    found = [name for name in sys.modules if name.startswith("anthropix_py.emulator")]
    assert found == []
    assert not {"cheroot", "urllib3", "click"} & set(sys.modules)
"""
    )
    done = run.runpytest_subprocess(
        "-p", "anthropix_py.pytest_plugin", "-p", "no:cacheprovider", timeout=30
    )
    done.assert_outcomes(passed=1)


def test_the_marker_is_listed(run: pytest.Pytester) -> None:
    listed = run.runpytest_subprocess("-p", "anthropix_py.pytest_plugin", "--markers", timeout=30)
    listed.stdout.fnmatch_lines(["@pytest.mark.message_batches(*options*"])
