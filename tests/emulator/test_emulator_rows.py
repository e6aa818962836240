from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator import _message
from anthropix_py.emulator._message import prompt_text, quote_prompt, tokens
from anthropix_py.emulator._rows import Reply, Worker, errored

HI = [{"role": "user", "content": "hi"}]
PARAMS: dict[str, Any] = {"model": "m", "max_tokens": 1, "messages": HI}


def result(one: dict[str, Any], reply: Reply) -> dict[str, Any]:
    kind, line = Worker(reply, None, None, 0).row(one, "2023-06-01")
    held: dict[str, Any] = json.loads(line)
    assert held["custom_id"] == one["custom_id"]
    assert held["result"]["type"] == kind
    found: dict[str, Any] = held["result"]
    return found


def message(one: dict[str, Any], text: str) -> dict[str, Any]:
    return _message.message(one, text, set())


def request(params: dict[str, Any] = PARAMS, custom_id: str = "a") -> dict[str, Any]:
    return {"custom_id": custom_id, "params": copy.deepcopy(params)}


def but(**changes: object) -> dict[str, Any]:
    return {**PARAMS, **changes}


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in PARAMS.items() if key not in keys}


def nested(kind: str, text: str) -> dict[str, Any]:
    return {
        "type": "errored",
        "error": {"type": "error", "error": {"type": kind, "message": text}, "request_id": None},
    }


def never(_request: dict[str, Any]) -> str:
    raise AssertionError("a request at fault never reaches the reply")


FAULTS = [
    ("nothing", {}, "model: Field required"),
    ("no-model", without("model"), "model: Field required"),
    ("no-max", without("max_tokens"), "max_tokens: Field required"),
    ("no-messages", without("messages"), "messages: Field required"),
    ("only-model", without("max_tokens", "messages"), "max_tokens: Field required"),
    ("model-null", but(model=None), "model: Input should be a valid string"),
    ("model-int", but(model=4), "model: Input should be a valid string"),
    ("model-list", but(model=["m"]), "model: Input should be a valid string"),
    ("max-0", but(max_tokens=0), "max_tokens: Input should be greater than or equal to 1"),
    ("max-neg", but(max_tokens=-1), "max_tokens: Input should be greater than or equal to 1"),
    ("max-null", but(max_tokens=None), "max_tokens: Input should be a valid integer"),
    ("max-true", but(max_tokens=True), "max_tokens: Input should be a valid integer"),
    ("max-text", but(max_tokens="1"), "max_tokens: Input should be a valid integer"),
    ("max-float", but(max_tokens=1.5), "max_tokens: Input should be a valid integer"),
    ("max-inf", but(max_tokens=float("inf")), "max_tokens: Input should be a valid integer"),
    ("messages-null", but(messages=None), "messages: Input should be a valid list"),
    ("messages-text", but(messages="hi"), "messages: Input should be a valid list"),
    ("messages-object", but(messages={"role": "user"}), "messages: Input should be a valid list"),
    ("messages-empty", but(messages=[]), "messages: at least one message is required"),
    ("message-null", but(messages=[None]), "messages.0: Input should be an object"),
    ("message-text", but(messages=[*HI, "hi"]), "messages.1: Input should be an object"),
    ("message-empty", but(messages=[{}]), "messages.0.role: Field required"),
    ("no-role", but(messages=[*HI, {"content": "x"}]), "messages.1.role: Field required"),
    ("no-content", but(messages=[{"role": "user"}]), "messages.0.content: Field required"),
    ("stream", but(stream=True), "stream: streaming is not supported in a batch"),
    ("speed", but(speed="fast"), "speed: Extra inputs are not permitted"),
    ("store", but(store=False), "store: Extra inputs are not permitted"),
    ("cache_hint", but(cache_hint=None), "cache_hint: Extra inputs are not permitted"),
    ("context_hint", but(context_hint={}), "context_hint: Extra inputs are not permitted"),
    ("fallbacks", but(fallbacks=[]), "fallbacks: Extra inputs are not permitted"),
    (
        "thread",
        but(previous_thread_event_id="x"),
        "previous_thread_event_id: Extra inputs are not permitted",
    ),
    (
        "first-fault",
        but(model=None, max_tokens=0, stream=True),
        "model: Input should be a valid string",
    ),
]


@pytest.mark.parametrize(
    ("params", "text"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_a_fault_of_params_becomes_an_errored_row(params: dict[str, Any], text: str) -> None:
    assert result(request(params), never) == nested("invalid_request_error", text)


@pytest.mark.parametrize(
    "params",
    [
        PARAMS,
        but(stream=False),
        but(stream=None),
        but(max_tokens=10**12),
        but(temperature=9, unheard_of=[]),
        but(messages=[*HI, {"role": "assistant", "content": []}]),
    ],
    ids=["plain", "stream-false", "stream-null", "max-huge", "unknown-key", "no-blocks"],
)
def test_params_without_a_fault(params: dict[str, Any]) -> None:
    assert result(request(params), quote_prompt)["type"] == "succeeded"


WHOLE = {"type": "message", "content": [], "usage": {}, "unheard_of": 1}
ODD_ERROR = {
    "type": "errored",
    "error": {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"type": "succeeded", "message": WHOLE}, {"type": "succeeded", "message": WHOLE}),
        (ODD_ERROR, ODD_ERROR),
        ({"type": "canceled"}, {"type": "canceled"}),
        ({"type": "expired"}, {"type": "expired"}),
    ],
    ids=["succeeded", "errored", "canceled", "expired"],
)
def test_a_reply_of_a_result_is_kept_as_it_is(
    answer: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert result(request(), lambda _: answer) == expected


@pytest.mark.parametrize(
    "fields",
    [
        WHOLE,
        {"type": "message"},
        {"content": [{"type": "text", "text": "x"}]},
        {"content": [], "stop_reason": "refusal"},
    ],
    ids=["whole", "bare", "content", "refusal"],
)
def test_the_fields_of_a_message_are_kept_and_the_others_filled_in(fields: dict[str, Any]) -> None:
    found = result(request(), lambda _: fields)
    assert found["type"] == "succeeded"
    usual = result(request(), lambda _: "")["message"]
    assert found["message"] == {**usual, **fields}


@pytest.mark.parametrize(
    "text",
    ["", "x", "caf\u00e9 \u2028\n\0", "\ud800", "x" * 100_000],
    ids=["empty", "x", "ugly", "surrogate", "long"],
)
def test_a_reply_of_text_becomes_a_message(text: str) -> None:
    row = result(request(), lambda _: text)
    assert list(row) == ["type", "message"]
    whole = row["message"]
    assert whole["content"] == [{"type": "text", "text": text}]
    assert (whole["type"], whole["role"], whole["model"]) == ("message", "assistant", "m")
    assert (whole["stop_reason"], whole["stop_sequence"]) == ("end_turn", None)
    assert whole["usage"]["service_tier"] == "batch"
    assert whole["usage"]["input_tokens"] == tokens(PARAMS)
    assert whole["usage"]["output_tokens"] == tokens(text)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, "NoneType"),
        (0, "int"),
        (True, "bool"),
        (1.5, "float"),
        (b"text", "bytes"),
        ([], "list"),
        (["text"], "list"),
        (("ok", "text"), "tuple"),
        ({}, "dict"),
        ({"type": None}, "dict"),
        ({"type": ["message"]}, "dict"),
        ({"type": "Message"}, "dict"),
        ({"type": "processing"}, "dict"),
        ({"role": "assistant"}, "dict"),
        (object(), "object"),
        (str, "type"),
    ],
    ids=[
        "none",
        "int",
        "bool",
        "float",
        "bytes",
        "list",
        "list-1",
        "tuple",
        "dict",
        "null-type",
        "list-type",
        "case",
        "processing",
        "no-type",
        "object",
        "class",
    ],
)
def test_a_reply_of_nonsense_is_errored(answer: Any, found: str) -> None:
    text = f"the reply function gave a {found}; expected text, a message or a result"
    assert result(request(), lambda _: answer) == nested("api_error", text)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("boom"), "RuntimeError: boom"),
        (ValueError(), "ValueError: "),
        (KeyError("k"), "KeyError: 'k'"),
        (RecursionError("deep"), "RecursionError: deep"),
        (MemoryError(), "MemoryError: "),
        (StopIteration(), "StopIteration: "),
        (OSError(28, "full"), "OSError: [Errno 28] full"),
        (AssertionError("no"), "AssertionError: no"),
        (TimeoutError("late\n\u00e9"), "TimeoutError: late\n\u00e9"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_reply_that_raises_is_errored(error: Exception, text: str) -> None:
    def reply(_request: dict[str, Any]) -> str:
        raise error

    assert result(request(), reply) == nested("api_error", text)


def test_an_interrupt_passes_through() -> None:
    def reply(_request: dict[str, Any]) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        result(request(), reply)


@pytest.mark.parametrize(
    "reply", [lambda: "x", lambda _a, _b: "x"], ids=["takes-none", "takes-two"]
)
def test_a_reply_of_the_wrong_arity_is_errored(reply: Any) -> None:
    error = result(request(), reply)["error"]["error"]
    assert error["type"] == "api_error"
    assert error["message"].startswith("TypeError: ")


def test_a_reply_is_asked_once_with_the_whole_request() -> None:
    asked: list[dict[str, Any]] = []

    def reply(given: dict[str, Any]) -> str:
        asked.append(given)
        return "x"

    result(request(custom_id="the-id"), reply)
    assert asked == [{"custom_id": "the-id", "params": PARAMS}]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hi", "You asked: hi"),
        ("", "You asked: "),
        ("  a \n\t b\u00a0", "You asked: a b"),
        ("x" * 200, "You asked: " + "x" * 200),
        ("x" * 201, "You asked: " + "x" * 200),
        ([], "You asked: "),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "You asked: a b"),
        ([{"type": "image", "source": {}}], "You asked: "),
        ([{"type": "image"}, {"type": "text", "text": "what?"}], "You asked: what?"),
    ],
    ids=["text", "empty", "spaces", "200", "201", "no-blocks", "blocks", "image", "image-text"],
)
def test_the_default_reply_quotes_the_last_message(content: object, text: str) -> None:
    messages = [{"role": "user", "content": "first"}, {"role": "user", "content": content}]
    row = result(request(but(messages=messages)), quote_prompt)
    assert row["message"]["content"] == [{"type": "text", "text": text}]


def test_blocks_are_joined_by_newlines() -> None:
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "text", "text": ""},
        {"type": "text", "text": "b"},
    ]
    assert prompt_text(but(messages=[{"role": "user", "content": blocks}])) == "a\n\nb"


@given(st.text(), st.text(), st.text(alphabet="abcAB_-09", min_size=1, max_size=64))
def test_the_default_reply_follows_from_the_request_alone(
    prompt: str, system: str, custom_id: str
) -> None:
    params = but(system=system, messages=[{"role": "user", "content": prompt}])
    first = result(request(params, custom_id), quote_prompt)
    assert first == result(request(params, custom_id), quote_prompt)
    assert first["type"] == "succeeded"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", "x"), ("a", "x"), True),
        (("a", "x"), ("b", "x"), False),
        (("a", "x"), ("a", "y"), False),
        (("a", "\ud800"), ("a", "x"), False),
        (("a", ""), ("a", " "), False),
    ],
    ids=["same", "id", "text", "surrogate", "blank"],
)
def test_the_id_of_a_message_follows_from_its_content(
    one: tuple[str, str], other: tuple[str, str], same: bool
) -> None:
    ids = [message(request(custom_id=custom_id), text)["id"] for custom_id, text in (one, other)]
    assert (ids[0] == ids[1]) is same
    assert all(id.startswith("msg_01") and len(id) == 28 for id in ids)


def test_errored_is_nested_twice() -> None:
    row = errored("not_found_error", "model: nope")
    assert row == nested("not_found_error", "model: nope")
    assert list(row["error"]) == ["type", "error", "request_id"]


@given(
    st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner), max_leaves=9)
)
def test_tokens_are_at_least_one_and_grow(value: object) -> None:
    assert 1 <= tokens(value) <= tokens([value, "four"])


@pytest.mark.parametrize(
    "reply", [quote_prompt, lambda _: "x", lambda _: WHOLE], ids=["default", "text", "message"]
)
def test_a_request_is_left_as_it_was(reply: Reply) -> None:
    asked = request()
    result(asked, reply)
    assert asked == request()


CONTENT_FAULTS: dict[str, tuple[object, str]] = {
    "null": (None, "messages.0.content: Input should be a valid string or list"),
    "number": (5, "messages.0.content: Input should be a valid string or list"),
    "loose text": (["loose"], "messages.0.content.0: Input should be an object with a type"),
    "no type": ([{"text": "x"}], "messages.0.content.0: Input should be an object with a type"),
    "text of a number": (
        [{"type": "text", "text": 5}],
        "messages.0.content.0.text: Input should be a valid string",
    ),
}


@pytest.mark.parametrize(("content", "fault"), CONTENT_FAULTS.values(), ids=CONTENT_FAULTS)
def test_content_that_is_none_is_a_fault_of_the_params(content: object, fault: str) -> None:
    one = request(but(messages=[{"role": "user", "content": content}]))
    assert result(one, never) == nested("invalid_request_error", fault)


@pytest.mark.parametrize("key", ["betas", "extra_body", "extra_headers", "extra_query", "timeout"])
def test_an_argument_of_an_sdk_is_no_parameter(key: str) -> None:
    fault = f"{key}: Extra inputs are not permitted"
    assert result(request(but(**{key: 1})), never) == nested("invalid_request_error", fault)


def test_a_role_that_is_none() -> None:
    [fault] = [
        result(request(but(messages=[{"role": "wizard", "content": "x"}])), never)["error"][
            "error"
        ]["message"]
    ]
    assert fault.startswith("messages.0.role: Input should be one of user")
