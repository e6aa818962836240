"""Tokens counted, and a canary tried, before a batch is paid for."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from samples import KEY, a_batch, client, error_in, request, table
from scripted import Scripted, answer, counted, refusal

from anthropix_py import Client, Policy, batch, emulator, init, preflight, unwrap, with_options
from anthropix_py.emulator import Fault, ManualClock, Store
from anthropix_py.errors import (
    APIError,
    DecodeError,
    InvalidRequest,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)

# against a warning about hosts that are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

PATH = "/v1/messages/count_tokens"


def said(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def of(store: Store, *faults: Fault, **options: Any) -> Client:
    return init(KEY, transport=emulator.transport(store, faults), clock=store.clock, **options)


def shape(server: Scripted, at: int = 0) -> Any:
    return json.loads(server.received[at].body)


# count


def test_count_calls_once_for_each_shape() -> None:
    many = [request(f"a{n}", messages=said("x" * n)) for n in range(1, 100)]
    few = [request("s", system="s"), request("t", temperature=0, max_tokens=4)]
    with Scripted(*(answer({"input_tokens": tokens}) for tokens in (500, 30, 7))) as server:
        found = unwrap(preflight.count(client(server.url), iter([*many, *few])))
    assert (found.requests, len(found.shapes)) == (101, 3)
    [common, system, temperature] = found.shapes
    assert (common.model, common.requests, common.max_tokens) == ("m", 99, 99 * 9)
    assert system == ("m", 1, 9, "s", 30, 30)
    assert temperature == ("m", 1, 4, "t", 7, 7)
    assert found.input_tokens == common.input_tokens + 37
    [kept] = [one for one in many if one["custom_id"] == common.custom_id]
    assert shape(server)["messages"] == kept["params"]["messages"]
    # 61 bytes are the keys, the model, the role, and what the server adds
    size = len(kept["params"]["messages"][0]["content"]) + 61
    assert common.input_tokens == round(500 * sum(n + 61 for n in range(1, 100)) / size)


def test_count_is_close_to_the_tokens_of_all() -> None:
    many = [request(f"a{n}", messages=said("word " * (n % 97 + 1))) for n in range(2000)]
    many += [request(f"b{n}", system="be short", messages=said("x" * n)) for n in range(500)]
    given = of(Store())
    # each request has a shape of its own if its model has a name of its own
    every = preflight.shapes(
        [{**one, "params": {**one["params"], "model": f"{n:04}"}} for n, one in enumerate(many)],
        max_shapes=2500,
    )
    exact = unwrap(preflight.count(given, every)).input_tokens - len(many) * 3 // 4
    assert unwrap(preflight.count(given, many)).input_tokens == pytest.approx(exact, rel=0.03)


def test_count_sends_what_the_endpoint_accepts() -> None:
    params: dict[str, Any] = {
        **dict.fromkeys(("system", "tools", "tool_choice", "thinking", "output_config"), None),
        **dict.fromkeys(("cache_control", "stop_sequences", "metadata", "temperature"), None),
        **dict.fromkeys(("stream", "container", "mcp_servers", "service_tier", "speed"), None),
    }
    sent = {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"}
    with Scripted(*[answer({"input_tokens": 1})] * 2) as server:
        given = client(server.url)
        unwrap(preflight.count(given, [request("a", **params)]))
        unwrap(preflight.count(with_options(given, beta=["x", "y"]), [request("a", **params)]))
    assert set(shape(server, 0)) == {*sent, "cache_control"}
    assert set(shape(server, 1)) == {*sent, "cache_control", "mcp_servers"}
    assert [(one.method, one.target) for one in server.received] == [("POST", PATH)] * 2
    assert server.received[1].headers["anthropic-beta"] == "x,y"
    assert "anthropic-beta" not in server.received[0].headers


def test_the_emulator_accepts_what_count_sends() -> None:
    params: dict[str, Any] = {"stop_sequences": ["x"], "metadata": {}, "cache_control": None}
    assert unwrap(preflight.count(of(Store()), [request("a", **params)])).input_tokens > 0


def test_count_is_exact_for_large_numbers() -> None:
    many = [request("a")] * 1001
    with Scripted(answer({"input_tokens": 2**53 + 1})) as server:
        found = unwrap(preflight.count(client(server.url), many))
    assert found.input_tokens == 1001 * (2**53 + 1)


@table(
    "faults",
    {
        "429": [refusal(429, {"retry-after": "1"})],
        "500": [refusal(500)],
        "529": [refusal(529)],
        "502 in HTML": [counted(b"<html>", 502)],
        "twice": [refusal(503), refusal(500)],
    },
)
def test_a_count_is_repeated(faults: list[Any]) -> None:
    with Scripted(*faults, answer({"input_tokens": 5})) as server:
        assert unwrap(preflight.count(client(server.url), [request()])).input_tokens == 5
    assert len({one.body for one in server.received}) == 1


@table(
    "step, kind, message",
    {
        "401": (refusal(401), APIError, "401"),
        "403": (refusal(403), APIError, "403"),
        "500": (refusal(500), APIError, "500"),
        "429": (refusal(429), APIError, "429"),
        "no count": (answer({"ok": 1}), DecodeError, "not a count of tokens"),
        "a text": (answer({"input_tokens": "5"}), DecodeError, "not a count of tokens"),
        "true": (answer({"input_tokens": True}), DecodeError, "not a count of tokens"),
        "a negative number": (answer({"input_tokens": -1}), DecodeError, "not a count of tokens"),
        "a list": (answer([5]), DecodeError, "not a JSON object"),
        "not JSON": (counted(b"<html>"), DecodeError, "not JSON"),
    },
)
def test_an_error_of_a_count_is_returned(step: Any, kind: type[Any], message: str) -> None:
    with Scripted(step) as server:
        given = client(server.url, retry=Policy(max_retries=0))
        error = error_in(
            preflight.count(given, [request(), request("b", system="x")]), kind, message
        )
    assert KEY not in repr(error) + str(error)


def test_every_shape_that_is_refused_is_reported() -> None:
    many = [request("a"), *[request(f"b{n}", system=n) for n in range(3)], request("c", tools=5)]
    answers = [refusal(400), answer({"input_tokens": 5}), refusal(404)]
    with Scripted(*answers) as server:
        error = error_in(preflight.count(client(server.url), many), InvalidRequest)
    [first, second] = error.problems
    assert (first.pointer, second.index, second.custom_id) == ("/params", 4, "c")
    assert "(3 requests have this shape); found 400 " in str(first)
    assert "expected params that count_tokens accepts; found 404 " in str(second)


def test_nothing_is_sent_for_requests_that_are_not_valid() -> None:
    with Scripted() as server:
        given = client(server.url)
        error_in(preflight.count(given, []), InvalidRequest, "at least 1 request")
        error_in(preflight.canary(given, []), InvalidRequest, "at least 1 request")
        many = [request(model=str(number)) for number in range(101)]
        error_in(preflight.count(given, many), InvalidRequest, "at most 100 different shapes")
        error_in(preflight.canary(given, many, max_shapes=7), InvalidRequest, "at most 7 ")
    assert server.received == []


class Stop(Exception):
    """What a user's function raises."""


def test_the_shapes_are_said_before_anything_is_sent() -> None:
    seen: list[preflight.Shapes] = []

    def stop(found: preflight.Shapes) -> None:
        seen.append(found)
        raise Stop

    many = [request("a"), request("b"), request("c", system="x")]
    with Scripted() as server:
        for function in (preflight.count, preflight.canary):
            with pytest.raises(Stop):
                function(client(server.url), iter(many), on_shapes=stop)
    assert server.received == []
    assert seen == [preflight.shapes(many)] * 2


@table(
    "options, error",
    {
        "on_shapes": ({"on_shapes": 5}, TypeError),
        "max_shapes": ({"max_shapes": 0}, ValueError),
        "timeout": ({"timeout": -1}, ValueError),
        "timeout of text": ({"timeout": "1"}, TypeError),
        "interval": ({"interval": 0}, ValueError),
        "a long interval": ({"interval": 1e9}, ValueError),
        "on_update": ({"on_update": 5}, TypeError),
    },
)
def test_a_wrong_argument_is_raised_before_anything_is_sent(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with Scripted() as server, pytest.raises(error, match=next(iter(options))):
        preflight.canary(client(server.url), [request()], **options)
    assert server.received == []


@pytest.mark.parametrize("requests", [None, "a", 5, request(), ("ok", [])], ids=repr)
def test_what_is_no_iterable_of_requests(requests: Any) -> None:
    for function in (preflight.count, preflight.canary):
        with pytest.raises(TypeError):
            function(of(Store()), requests)


def test_an_error_of_a_generator_is_returned() -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield request()
        raise TransportError("closed", "x", sent=True)

    error_in(preflight.count(of(Store()), broken()), TransportError, "closed")


# canary

MIXED = [
    *(request(f"good{n}") for n in range(40)),
    *(request(f"stream{n}", stream=True) for n in range(30)),
    *(request(f"tool{n}", tools=[{"name": "x"}]) for n in range(20)),
]


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


def test_a_canary_says_what_would_have_failed(warnings: pytest.LogCaptureFixture) -> None:
    store = Store()
    given = of(store)
    found = unwrap(preflight.canary(given, iter(MIXED)))
    assert found.requests == 90
    assert [(one.requests, one.outcome) for one in found.trials] == [
        (40, "succeeded"),
        (30, "errored"),
        (20, "errored"),
    ]
    [stream, tool] = found.failed
    assert stream.custom_id.startswith("stream")
    assert stream.error_type == "invalid_request_error"
    assert stream.message == '"stream=True" is not supported in the Message Batches API'
    assert str(stream) == (
        f"30 requests like {stream.custom_id!r}: errored, invalid_request_error: {stream.message} "
        "[m; user text; max_tokens, stream]"
    )
    assert str(found.trials[0]).endswith(": succeeded [m; user text; max_tokens]")
    assert "tools.0.custom.input_schema" in str(tool.message)
    # the batch stays
    [made] = unwrap(batch.list(given))["data"]
    assert made["request_counts"]["errored"] == 2
    again = preflight.report(preflight.shapes(MIXED), unwrap(batch.results(given, made)))
    assert again == found


@table(
    "outcome, expected",
    {
        "max_tokens": ("max_tokens", "truncated"),
        "refusal": ("refusal", "refused"),
        "expired": ("expired", "expired"),
        "canceled": ("canceled", "canceled"),
    },
)
def test_every_outcome_but_success_is_a_failure(outcome: str, expected: str) -> None:
    [trial] = unwrap(preflight.canary(of(Store(outcomes={outcome: 1.0})), [request()])).failed
    assert (trial.outcome, trial.error_type, trial.message) == (expected, None, None)


def test_an_update_for_the_creation_and_for_each_poll() -> None:
    seen: list[Any] = []
    store = Store(looks=2, clock=ManualClock())
    unwrap(preflight.canary(of(store), [request()], on_update=seen.append))
    states = [one["processing_status"] for one in seen]
    # after the creation, and after the polls
    assert states == ["in_progress", "in_progress", "in_progress", "ended"]


def test_a_lost_response_is_an_unknown_outcome_and_not_repeated() -> None:
    store = Store()
    given = of(store, Fault("create", "lose"))
    error = error_in(preflight.canary(given, MIXED), UnknownOutcome)
    assert error.total == 3
    assert len(unwrap(batch.list(given))["data"]) == 1


def test_after_a_timeout_the_rows_can_be_reported() -> None:
    store = Store(clock=ManualClock(), takes=500)
    given = of(store)
    found = preflight.shapes(MIXED)
    error = error_in(preflight.canary(given, found, timeout=100, interval=10), WaitTimeout)
    assert error.batch is not None
    ended = unwrap(batch.wait(given, error.batch))
    report = preflight.report(found, unwrap(batch.results(given, ended, stream=True)))
    assert [trial.outcome for trial in report.trials] == ["succeeded", "errored", "errored"]


def test_an_error_after_the_creation_names_the_batch(warnings: pytest.LogCaptureFixture) -> None:
    store = Store()
    given = of(store, Fault("results", "status", 400))
    error_in(preflight.canary(given, [request()]), APIError, "400")
    [made] = unwrap(batch.list(given))["data"]
    assert f"the batch of the canary was created and stays: {made['id']}" in warnings.text


def test_two_shapes_of_one_id_are_refused() -> None:
    many = [request("a"), request("a", system="x")]
    error_in(preflight.canary(of(Store()), many), InvalidRequest, "used before in requests[0]")


def test_a_row_that_is_not_there_is_missing() -> None:
    found = preflight.shapes([request("a")])
    [trial] = preflight.report(found, []).failed
    assert (trial.custom_id, trial.outcome, trial.message) == ("a", "missing", None)


@pytest.mark.parametrize("rows", [("ok", []), ("error", APIError(400))], ids=["ok", "error"])
def test_a_report_of_a_result_is_refused(rows: Any) -> None:
    with pytest.raises(TypeError, match="unwrap it first"):
        preflight.report(preflight.shapes([request()]), rows)


@pytest.mark.parametrize(
    "shapes", [None, (), [request()], a_batch()], ids=lambda one: type(one).__name__
)
def test_a_report_needs_shapes(shapes: Any) -> None:
    with pytest.raises(TypeError, match="Shapes that preflight"):
        preflight.report(shapes, [])
