"""The params of one request, as the rules look at them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from .._problem import shown
from ._models import MODELS, Model

OLDER, NEWER = "2023-06-01", "2026-10-21"
"""The API versions. The newer one refuses more."""

MISSING: Any = object()
"""Stands for the value of a key that is not there."""

Position = tuple[int, int]
"""(index of a message, index of a block in it)."""


class Setting(NamedTuple):
    """What the call that creates the batch decides for all its requests."""

    api_version: str = OLDER
    betas: Collection[str] = ()


PLAIN = Setting()
"""The setting of a client with its defaults."""


def setting_of(api_version: object, beta: object) -> Setting:
    """Return the setting; raise TypeError for arguments of a wrong type."""
    if not isinstance(api_version, str):
        raise TypeError(f"api_version must be a string, not {shown(api_version)}")
    if isinstance(beta, str) or not isinstance(beta, Collection):
        raise TypeError(f"beta must be a collection of names, such as a list, not {shown(beta)}")
    return Setting(api_version, tuple(beta))


class Look:
    """One request's params, and the place that is being looked at.

    `parent`: the mapping that has the value; `role`, `index`: of the message; `is_last`: whether no
    message follows it.
    """

    def __init__(self, params: Mapping[str, Any], setting: Setting) -> None:
        self.params = params
        self.setting = setting
        self.parent: Mapping[str, Any] = params
        self.role: object = None
        self.index = 0
        self.is_last = False

    @cached_property
    def model(self) -> Model:
        """Return what is known about the model."""
        name = self.params.get("model")
        known = MODELS.get(name) if isinstance(name, str) else None
        return known or Model(str(name))

    @cached_property
    def tools(self) -> list[Mapping[str, Any]]:
        """Return the tools that are objects."""
        tools: Any = self.params.get("tools")
        if not is_list(tools):
            return []
        return [tool for tool in tools if isinstance(tool, Mapping)]

    @cached_property
    def repeated_tools(self) -> set[int]:
        """Return the indices of tools whose name an earlier tool has."""
        seen: set[str] = set()
        repeated: set[int] = set()
        for index, tool in enumerate(self.params["tools"]):
            name = tool.get("name") if isinstance(tool, Mapping) else None
            if isinstance(name, str):
                if name in seen:
                    repeated.add(index)
                seen.add(name)
        return repeated

    @cached_property
    def thinking(self) -> object:
        """Return the type of thinking that the request asks for, None if it does not."""
        thinking = self.params.get("thinking")
        return thinking.get("type") if isinstance(thinking, Mapping) else None

    @cached_property
    def is_thinking(self) -> bool:
        """Return whether the model may think before it responds."""
        if self.thinking is None:
            return self.model.thinks
        return self.thinking in ("enabled", "adaptive")

    @cached_property
    def unpaired(self) -> set[Position]:
        """Return where a tool_use has no tool_result in the next turn, or the other way round."""
        found: set[Position] = set()
        uses: dict[str, Position] = {}
        for role, turn in _turns(self.params["messages"]):
            if role == "assistant":
                uses = dict(_ids(turn, "tool_use", "id"))
                continue
            results = dict(_ids(turn, "tool_result", "tool_use_id"))
            found |= {place for id, place in uses.items() if id not in results}
            found |= {place for id, place in results.items() if id not in uses}
            uses = {}
        return found

    @cached_property
    def breakpoints(self) -> int:
        """Return the number of blocks and tools with cache_control."""
        blocks = [*self.tools]
        system: Any = self.params.get("system")
        for content in (system, *_contents(self.params.get("messages"))):
            if is_list(content):
                blocks += [block for block in content if isinstance(block, Mapping)]
        inner: list[Any] = [
            block.get("content") for block in blocks if block.get("type") == "tool_result"
        ]
        for content in inner:
            if is_list(content):
                blocks += [block for block in content if isinstance(block, Mapping)]
        return sum(block.get("cache_control") is not None for block in blocks)


def is_list(value: object) -> bool:
    """Return whether *value* becomes a JSON array."""
    return isinstance(value, (list, tuple))


def _contents(messages: Any) -> Iterator[Any]:
    for message in messages if is_list(messages) else ():
        if isinstance(message, Mapping):
            yield message.get("content")


Turn = list[tuple[int, Sequence[Any]]]


def _turns(messages: Sequence[Any]) -> Iterator[tuple[object, Turn]]:
    """Yield role and content of each turn; the API joins neighbouring messages of one role."""
    turn: Turn = []
    before: object = None
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in ("user", "assistant"):
            continue
        if role != before and turn:
            yield before, turn
            turn = []
        before = role
        content: Any = message.get("content")
        turn.append((index, content if is_list(content) else ()))
    if turn:
        yield before, turn


def _ids(turn: Turn, kind: str, key: str) -> Iterator[tuple[str, Position]]:
    for index, content in turn:
        for place, block in enumerate(content):
            if isinstance(block, Mapping) and block.get("type") == kind:
                id = block.get(key)
                if isinstance(id, str):
                    yield id, (index, place)
