"""The pytest fixture: a running emulator for each test, and nothing where it is not used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
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
BY_MODULE = ("-p", "anthropix_py.pytest_plugin")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a folder of its own, whose pytest loads no plugin by itself."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return pytester


def outcome(run: pytest.Pytester, tests: str, *plugins: str, **expected: int) -> pytest.RunResult:
    """Run *tests*, of which so many must pass or fail as *expected*."""
    run.makepyfile(tests)
    options = ["-p", "no:cacheprovider", "--strict-markers", "-W", "error"]
    done = run.runpytest_subprocess(*plugins, *options, timeout=30)
    done.assert_outcomes(**expected)
    return done


def test_the_fixture_is_a_running_emulator(run: pytest.Pytester) -> None:
    tests = """
from anthropix_py.emulator import Fault, Faults, ManualClock, Store

def test_all_of_it(message_batches):
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

def test_with_another_client(message_batches):
    head = {"authorization": "Bearer t", "anthropic-version": "2023-06-01"}
    asked = Request(message_batches.url + "/v1/messages/batches", headers=head)
    with build_opener(ProxyHandler({})).open(asked, timeout=10) as response:
        assert json.load(response)["data"] == []
"""
    outcome(run, HEAD + tests, *BY_MODULE, passed=2)


def test_options_are_those_of_the_closest_marker(run: pytest.Pytester) -> None:
    tests = """
@pytest.mark.message_batches(takes=60, reply=lambda request: "so " + request["custom_id"])
def test_a_function(message_batches):
    client = client_of(message_batches)
    created = unwrap(batch.create(client, REQUESTS))
    assert unwrap(batch.show(client, created))["processing_status"] == "in_progress"
    message_batches.clock.advance(60)
    [row] = unwrap(batch.results(client, created))
    assert row["result"]["message"]["content"][0]["text"] == "so a"

@pytest.mark.message_batches(outcomes={"errored": 1})
class TestAClass:
    def test_inherited(self, message_batches):
        client = client_of(message_batches)
        [row] = unwrap(batch.results(client, unwrap(batch.create(client, REQUESTS))))
        assert row["result"]["type"] == "errored"

    @pytest.mark.message_batches(outcomes={"expired": 1})
    def test_closest(self, message_batches):
        client = client_of(message_batches)
        [row] = unwrap(batch.results(client, unwrap(batch.create(client, REQUESTS))))
        assert row["result"]["type"] == "expired"
"""
    outcome(run, HEAD + tests, *BY_MODULE, passed=3)


def test_wrong_options_are_an_error_of_their_test(run: pytest.Pytester) -> None:
    tests = """
import pytest

@pytest.mark.message_batches(takes=-1)
def test_value(message_batches): pass

@pytest.mark.message_batches(tokes=1)
def test_name(message_batches): pass

@pytest.mark.message_batches(60)
def test_position(message_batches): pass
"""
    done = outcome(run, tests, *BY_MODULE, errors=3)
    done.stdout.fnmatch_lines(
        ["*takes must be at least 0, not -1*", "*tokes*", "*takes named options, not (60,)*"]
    )


def test_tests_share_nothing(run: pytest.Pytester) -> None:
    tests = """
from anthropix_py.emulator import Fault
seen = []

@pytest.mark.parametrize("turn", [1, 2, 3])
def test_one(message_batches, turn):
    client = client_of(message_batches)
    assert message_batches.store.newest_first() == []
    assert message_batches.clock.monotonic() == 0
    assert all(message_batches.store is not store for store in seen)
    unwrap(batch.create(client, REQUESTS))
    message_batches.clock.advance(5)
    message_batches.faults.add(Fault("*", "status", 500, times=None))
    assert batch.list(client)[0] == "error"
    seen.append(message_batches.store)
"""
    outcome(run, HEAD + tests, *BY_MODULE, passed=3)


def test_the_server_is_gone_after_the_test(run: pytest.Pytester) -> None:
    tests = """
import pytest, socket, threading
from urllib.parse import urlsplit
ports = []

def test_one(message_batches):
    ports.append(urlsplit(message_batches.url).port)

def test_two():
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]), timeout=10)
    assert threading.enumerate() == [threading.main_thread()]
"""
    outcome(run, tests, *BY_MODULE, passed=2)


def test_the_marker_is_listed_once_however_the_plugin_is_loaded(run: pytest.Pytester) -> None:
    plugins = ["-p", "_anthropix_py_pytest", *BY_MODULE]
    listed = run.runpytest_subprocess(*plugins, "--markers", timeout=30)
    lines = [line for line in listed.outlines if line.startswith("@pytest.mark.message_batches")]
    assert len(lines) == 1
    outcome(run, "def test_it(message_batches): pass", *plugins, passed=1)


USED = """
import sys

def test_before():
    assert "_anthropix_py_pytest" in sys.modules
    assert [name for name in sys.modules if name.startswith("anthropix_py")] == []
    assert not {"cheroot", "urllib3", "click"} & set(sys.modules)

def test_use(message_batches):
    assert message_batches.url.startswith("http://")
    assert "anthropix_py" in sys.modules
"""


def test_the_package_is_imported_only_when_the_fixture_is_used(run: pytest.Pytester) -> None:
    outcome(run, USED, "-p", "_anthropix_py_pytest", passed=2)
