"""The table of rules: each is seen by `validate` and answered by the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import (
    BROKEN,
    GOOD,
    IMAGE,
    NEWER,
    PARAMS,
    RESULT,
    TEXT,
    TOOL,
    UNDER_BETAS,
    USE,
    Broken,
    but,
    said,
)
from samples import KEY, table

from anthropix_py import _json, batch, emulator, init, unwrap
from anthropix_py.emulator import ManualClock, Store
from anthropix_py.validate import MODELS, RULES, Model, _page, problems
from anthropix_py.validate._look import Setting
from anthropix_py.validate._plain import is_plainly_sound
from anthropix_py.validate._walk import hits

VERSIONS = {True: "2026-10-21", False: "2023-06-01"}
BY_NAME = {rule.name: rule for rule in RULES}


def request(params: Any) -> dict[str, Any]:
    return {"custom_id": "a", "params": params}


def row_of(params: Any, version: str, *betas: str) -> Any:
    """Return the result that the emulated server gives for *params*."""
    clock = ManualClock()
    transport = emulator.transport(Store(clock=clock))
    client = init(KEY, transport=transport, api_version=version, beta=betas, clock=clock)
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, [request(params)]))))
    [row] = unwrap(batch.results(client, ended))
    return row["result"]


def test_every_rule_has_a_name_of_its_own_and_a_sample() -> None:
    assert [rule.name for rule in RULES] == list(BY_NAME)
    assert set(BROKEN) == set(BY_NAME)
    assert {rule.source for rule in RULES} == set("CDSR")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_seen_once_and_where_it_is(name: str) -> None:
    params, pointer, _ = BROKEN[name]
    found = problems([request(params)], api_version=VERSIONS[name in NEWER])
    if name in ("unknown-key", "misplaced", "beta-key", "unsupported", "stream", "version"):
        assert not is_plainly_sound(request(params)) or name == "version"
    [problem] = found
    assert (problem.pointer, problem.severity, problem.index) == (pointer, "warning", 0)
    assert "{" not in problem.expected
    assert problem.found


# Against a table that says one thing and an emulator that says another.
@pytest.mark.parametrize("name", [name for name in BROKEN if name != "messages-many"])
def test_a_broken_rule_is_answered_with_the_row_of_the_server(name: str) -> None:
    params, _, answer = BROKEN[name]
    result = row_of(params, VERSIONS[name in NEWER])
    if answer is None:
        assert result["message"]["stop_reason"] == "max_tokens"
        return
    error = result["error"]["error"]
    assert (error["type"], error["message"]) == (BY_NAME[name].error, answer)
    assert result["error"]["request_id"] is None


@pytest.mark.parametrize("name", NEWER)
def test_the_older_version_accepts_what_the_newer_refuses(name: str) -> None:
    assert problems([request(BROKEN[name].params)]) == []


# A wrong warning teaches people to ignore the right ones.
@table("params", GOOD)
def test_a_valid_request_is_not_warned_of(params: dict[str, Any]) -> None:
    assert problems([request(params)]) == []
    assert problems([request(MappingProxyType(params))]) == []
    assert row_of(params, VERSIONS[False])["type"] == "succeeded"


@table("params, beta", UNDER_BETAS)
def test_a_beta_permits_more(params: dict[str, Any], beta: str) -> None:
    assert problems([request(params)], beta=[beta]) == []
    assert problems([request(params)]) != []
    assert row_of(params, VERSIONS[False], beta)["type"] == "succeeded"


# key or type: what was probably meant
MEANT: dict[str, tuple[dict[str, Any], str]] = {
    "a letter missing": (but(max_token=1), "max_tokens"),
    "camelCase": (but(stopSequences=[]), "stop_sequences"),
    "hyphens": (but(**{"top-k": 1}), "top_k"),
    "letters swapped": (but(temprature=1), "temperature"),
    "singular": (but(tool=[TOOL]), "tools"),
    "another API's max_tokens": (but(max_completion_tokens=9), "max_tokens"),
    "another API's stop": (but(stop=["x"]), "stop_sequences"),
    "another API's schema": (but(tools=[{**TOOL, "parameters": {}}]), "input_schema"),
    "another API's image": (said([{"type": "image_url"}]), "image"),
    "another API's tool": (but(tools=[{"type": "function"}]), "custom"),
    "another API's choice": (but(tools=[TOOL], tool_choice={"type": "required"}), "any"),
    "a tool type without a date": (but(tools=[{"type": "web_serach_20250305"}]), ""),
    "nothing like it": (but(xyz=1), ""),
    "a very long key": (but(**{"x" * 10_000: 1}), ""),
}


@table("params, meant", MEANT)
def test_what_was_probably_meant(params: dict[str, Any], meant: str) -> None:
    found = [problem.expected for problem in problems([request(params)])]
    hints = [text.partition("did you mean ")[2] for text in found]
    assert f"{meant}?)" in hints if meant else set(hints) == {""}


def test_a_mistake_is_seen_under_a_beta_too() -> None:
    [problem] = problems([request(but(max_token=1))], beta=["any"])
    assert problem.pointer == "/params/max_token"


def test_several_faults_are_all_seen_and_the_first_is_answered() -> None:
    params = {"model": "", "max_tokens": 0, "messages": [{}], "stream": True, "~/": 1}
    assert [problem.pointer for problem in problems([request(params)])] == [
        "/params/model",
        "/params/max_tokens",
        "/params/messages/0/role",
        "/params/messages/0/content",
        "/params/stream",
        "/params/~0~1",
    ]
    error = row_of(params, VERSIONS[False])["error"]["error"]
    assert error["message"] == "model: String should have at least 1 character"


def test_a_model_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "claude-next", Model("claude-next-1", 10, forces_tools=False))
    [problem] = problems([request(but(model="claude-next", max_tokens=11))])
    assert problem.expected == "at most 10, the most that claude-next-1 can produce"


@pytest.mark.parametrize(("version", "beta"), [(5, ()), (None, ()), ("x", "abc"), ("x", 5)])
def test_a_setting_of_a_wrong_type_is_a_type_error(version: Any, beta: Any) -> None:
    with pytest.raises(TypeError, match="must be a"):
        problems([], api_version=version, beta=beta)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3000)
    | st.floats()
    | st.sampled_from(
        ["", " ", "user", "assistant", "system", "text", "image", "tool_use", "any", "enabled"]
    )
)
KEYS = [
    *("model", "max_tokens", "messages", "role", "content", "type", "text", "system", "tools"),
    *("thinking", "tool_choice", "name", "input_schema", "source", "cache_control", "temperature"),
    *("id", "tool_use_id", "input"),
]
PART = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
TURN = st.sampled_from(
    [
        {"role": role, "content": content}
        for role in ("user", "assistant")
        for content in (
            "Hi",
            [TEXT],
            [USE],
            [RESULT],
            [TEXT, USE],
            [RESULT, RESULT, TEXT],
            [IMAGE],
            [{**USE, "id": "b"}],
        )
    ]
)
PARTLY_SOUND = st.builds(
    lambda model, changes, turns: {**PARAMS, "model": model, "messages": turns, **changes},
    st.sampled_from(["m", *MODELS]),
    st.dictionaries(st.sampled_from(KEYS), PART | st.just([TOOL]), max_size=2),
    st.lists(TURN, min_size=1, max_size=4) | st.lists(PART, max_size=2),
)


# No input may raise: a user would lose every problem for one that was not thought of.
@given(PART | PARTLY_SOUND | st.fixed_dictionaries(dict.fromkeys(PARAMS, PART)))
def test_anything_gives_texts_and_no_exception(params: Any) -> None:
    found = problems([request(params)])
    assert all(str(problem) for problem in found)
    # The fast path accepts nothing that the walk does not.
    if is_plainly_sound(request(params)):
        assert list(hits(params, Setting())) == []
        assert json.loads(_json.dumps(params))


# Each takes ten times as long otherwise.
PLAIN = (
    *("plain", "the newest model", "classification", "an unknown model", "an image in base64"),
    *("an answered tool", "an answer without content", "plain, of many turns"),
)


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_plain_takes_the_fast_path(name: str) -> None:
    params = dict(GOOD[name])
    params.pop("top_p", None)
    assert is_plainly_sound(request({**params, "tools": [TOOL]}))


def test_a_broken_rule_never_takes_the_fast_path() -> None:
    for name, one in BROKEN.items():
        assert isinstance(one, Broken)
        assert name == "version" or not is_plainly_sound(request(one.params)), name


def test_the_page_has_the_table_as_it_is() -> None:
    """To write it anew: put `anthropix_py.validate._page.table()` in its place."""
    page = Path(__file__).parent.parent / "docs" / "looking.md"
    assert _page.table() in page.read_text(encoding="utf-8")
