"""Params: what the server would find wrong in them only hours later."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from samples import request

from anthropix_py.validate._params import is_plainly_sound, params_faults

NO_KEY = "no such key, so this request will come back as an errored row"
NAME = "a model's name"
COUNT = "an integer of at least 1"
MESSAGES = "a list of at least 1 message"
ROLES = "one of user, assistant, system"
CONTENT = "text or a list of blocks"


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in params().items() if name != key}


def params(**changes: Any) -> dict[str, Any]:
    fine: dict[str, Any] = request(**changes)["params"]
    return fine


def turn(**changes: Any) -> dict[str, Any]:
    return params(messages=[{"role": "user", "content": "Hi", **changes}])


GOOD: dict[str, Any] = {
    "usual": params(),
    "another mapping": MappingProxyType(params()),
    "messages in a tuple": params(messages=({"role": "user", "content": "Hi"},)),
    "content in blocks": turn(content=[{"type": "text", "text": "Hi"}]),
    "every role": params(
        messages=[{"role": role, "content": ""} for role in ("system", "user", "assistant")]
    ),
    "stream that is off": params(stream=False),
    # New parameters must be usable on the day they appear.
    "unknown keys": params(temperature=0.5, top_z=[{}]),
    "integer of more than 64 bits": params(max_tokens=2**100),
    # Reported as a fault of the request, not again as one of the params.
    "not a mapping": "{}",
}


@pytest.mark.parametrize("value", GOOD.values(), ids=GOOD)
def test_params_without_a_fault(value: object) -> None:
    assert list(params_faults(value)) == []


# (params, [(pointer below /params, found, expected)])
BAD: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    # Other libraries add max_tokens by themselves, so requests written for them lack it.
    "no max_tokens": (without("max_tokens"), [("max_tokens", NO_KEY, COUNT)]),
    "no model": (without("model"), [("model", NO_KEY, NAME)]),
    "no messages": (without("messages"), [("messages", NO_KEY, MESSAGES)]),
    "empty": (
        {},
        [
            ("model", NO_KEY, NAME),
            ("max_tokens", NO_KEY, COUNT),
            ("messages", NO_KEY, MESSAGES),
        ],
    ),
    "model of null": (params(model=None), [("model", "None", NAME)]),
    "model without a name": (params(model=""), [("model", "''", NAME)]),
    "list of models": (params(model=["m"]), [("model", "a value of type list", NAME)]),
    "max_tokens of 0": (params(max_tokens=0), [("max_tokens", "0", COUNT)]),
    "negative max_tokens": (params(max_tokens=-1), [("max_tokens", "-1", COUNT)]),
    # The server refuses 9.0 too, and Python takes True for 1.
    "max_tokens as a float": (params(max_tokens=9.0), [("max_tokens", "9.0", COUNT)]),
    "max_tokens as a bool": (params(max_tokens=True), [("max_tokens", "True", COUNT)]),
    "max_tokens as text": (params(max_tokens="9"), [("max_tokens", "'9'", COUNT)]),
    "empty messages": (params(messages=[]), [("messages", "an empty list", MESSAGES)]),
    "text for messages": (params(messages="Hi"), [("messages", "'Hi'", MESSAGES)]),
    "one message, not in a list": (
        params(messages={"role": "user"}),
        [("messages", "a value of type dict", MESSAGES)],
    ),
    "messages of null": (params(messages=None), [("messages", "None", MESSAGES)]),
    "message of text": (
        params(messages=["Hi"]),
        [("messages/0", "'Hi'", "an object with role and content")],
    ),
    "second message without role or content": (
        params(messages=[{"role": "user", "content": "Hi"}, {}]),
        [("messages/1/role", "None", ROLES), ("messages/1/content", "None", CONTENT)],
    ),
    "unknown role": (turn(role="human"), [("messages/0/role", "'human'", ROLES)]),
    # It cannot be hashed, so that a search in a set would raise.
    "role of a list": (turn(role=["user"]), [("messages/0/role", "a value of type list", ROLES)]),
    # What a table of data has for a missing text.
    "content of null": (turn(content=None), [("messages/0/content", "None", CONTENT)]),
    "content of one block, not in a list": (
        turn(content={"type": "text"}),
        [("messages/0/content", "a value of type dict", CONTENT)],
    ),
    "stream": (params(stream=True), [("stream", "True", "no streaming in a batch")]),
    "stream as text": (params(stream="no"), [("stream", "'no'", "no streaming in a batch")]),
    **{
        f"unsupported {key}": (params(**{key: 1}), [(key, "1", "a key that batches support")])
        for key in (
            "speed",
            "store",
            "cache_hint",
            "context_hint",
            "fallbacks",
            "previous_thread_event_id",
        )
    },
}


@pytest.mark.parametrize(("value", "faults"), BAD.values(), ids=BAD)
def test_faults_of_params(value: Any, faults: list[tuple[str, str, str]]) -> None:
    expected = [(f"/params/{pointer}", *texts) for pointer, *texts in faults]
    assert list(params_faults(value)) == expected
    assert not is_plainly_sound({"custom_id": "a", "params": value})


# Requests written for the official SDK have them among the params, where the API refuses them.
MISPLACED = {
    "betas": "with_options(client, beta=...)",
    "extra_headers": "with_options(client, headers=...)",
    "extra_query": "with_options(client, query=...)",
    "extra_body": "keys of params",
    "timeout": "with_options(client, timeout=...)",
}


@pytest.mark.parametrize(("key", "place"), MISPLACED.items(), ids=MISPLACED)
def test_arguments_of_the_sdk_are_told_their_place(key: str, place: str) -> None:
    [(pointer, found, expected)] = params_faults(params(**{key: None}))
    assert (pointer, found) == (
        f"/params/{key}",
        "an argument of the SDK, which the API does not know",
    )
    assert place in expected
