"""A walk over the params of one request that finds every place where a rule does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._problem import Fault, shown, step
from . import _names
from ._look import MISSING, Look, Setting, is_list
from ._rule import Rule
from ._rules import AT
from ._wordings import REQUIRED

_BLOCK = "/params/messages/*/content/*"
_SOURCES = {
    "image": {"base64", "url", "file"},
    "document": {"base64", "url", "file", "text", "content"},
}
_OPTIONAL = (
    *("stream", "system", "temperature", "top_p", "top_k", "stop_sequences", "metadata"),
    *("service_tier", "thinking", "output_config", "container", "inference_geo"),
)


class Hit(NamedTuple):
    """A rule that does not hold: where, and for which value."""

    rule: Rule
    where: str
    value: Any
    words: Mapping[str, object]

    @property
    def fault(self) -> Fault:
        """Return it as a problem says it."""
        rule, words = self.rule, self.words
        return self.where, rule.found.format_map(words), rule.expected.format_map(words)

    @property
    def answer(self) -> str | None:
        """Return the message of the errored row, None if the row has none."""
        answer = self.rule.answer
        if answer and self.value is MISSING and "Field required" not in answer:
            answer = REQUIRED
        return answer and answer.format_map(self.words)


def hits(params: Mapping[str, Any], setting: Setting) -> Iterator[Hit]:
    """Yield the rules that *params* break, in the order in which they are looked at.

    Of each place only the first is yielded, because the others rest on it.
    """
    return _Walk(params, setting).over_params()


class _Walk:
    def __init__(self, params: Mapping[str, Any], setting: Setting) -> None:
        self._look = Look(params, setting)
        self._hits: list[Hit] = []

    def over_params(self) -> Iterator[Hit]:
        params = self._look.params
        for key in ("model", "max_tokens"):
            self._holds(f"/params/{key}", f"/params/{key}", params.get(key, MISSING))
        yield from self._taken()
        messages = params.get("messages", MISSING)
        if self._holds("/params/messages", "/params/messages", messages):
            for index, message in enumerate(messages):
                self._message(index, message, index == len(messages) - 1)
                if self._hits:
                    yield from self._taken()
        for key in _OPTIONAL:
            if params.get(key) is not None:
                self._optional(key, params[key])
        self._tools()
        self._cache_control("/params", params)
        if self._look.breakpoints:
            self._holds("/params", "/params", params)
        for key in params:
            self._holds("/params/?", f"/params{step(key)}", key)
        yield from self._taken()

    def _taken(self) -> list[Hit]:
        taken, self._hits = self._hits, []
        return taken

    def _holds(self, place: str, where: str, value: Any) -> bool:
        """Return whether all rules of *place* hold for *value*; keep the first that does not."""
        for rule in AT[place]:
            if not rule.test(value, self._look):
                self._hits.append(Hit(rule, where, value, _words(rule, where, value, self._look)))
                return False
        return True

    def _key(self, above: str, where: str, parent: Mapping[str, Any], key: str) -> bool:
        """Check the value of a key that may be missing or null; return whether it is neither."""
        value = parent.get(key)
        if value is None:
            return False
        return self._holds(f"{above}/{key}", f"{where}/{key}", value)

    def _required(self, above: str, where: str, parent: Mapping[str, Any], key: str) -> bool:
        return self._holds(f"{above}/{key}", f"{where}/{key}", parent.get(key, MISSING))

    def _keys(self, above: str, where: str, parent: Mapping[str, Any]) -> None:
        for key in parent:
            self._holds(f"{above}/?", f"{where}{step(key)}", key)

    # Keys of params.

    def _optional(self, key: str, value: Any) -> None:
        place = f"/params/{key}"
        if not self._holds(place, place, value):
            return
        if key == "system" and is_list(value):
            self._blocks(place, value, of_system=True)
        elif key == "stop_sequences":
            for index, text in enumerate(value):
                self._holds("/params/stop_sequences/*", f"{place}/{index}", text)
        elif key == "metadata":
            self._key(place, place, value, "user_id")
            self._keys(place, place, value)
        elif key == "thinking":
            self._required(place, place, value, "type")
            if value.get("type") == "enabled":
                self._required(place, place, value, "budget_tokens")
        elif key == "output_config":
            self._output_config(place, value)

    def _output_config(self, place: str, value: Mapping[str, Any]) -> None:
        self._key(place, place, value, "effort")
        if self._key(place, place, value, "format"):
            self._required(f"{place}/format", f"{place}/format", value["format"], "type")
            self._required(f"{place}/format", f"{place}/format", value["format"], "schema")
        self._keys(place, place, value)

    def _cache_control(self, where: str, parent: Mapping[str, Any]) -> None:
        value = parent.get("cache_control")
        where += "/cache_control"
        if value is not None and self._holds("…/cache_control", where, value):
            self._required("…/cache_control", where, value, "type")
            self._key("…/cache_control", where, value, "ttl")

    # Messages and blocks.

    def _message(self, index: int, message: Any, is_last: bool) -> None:
        place, where, look = "/params/messages/*", f"/params/messages/{index}", self._look
        if not self._holds(place, where, message):
            return
        look.parent, look.index, look.is_last = message, index, is_last
        look.role = message.get("role")
        self._required(place, where, message, "role")
        content = message.get("content", MISSING)
        if self._required(place, where, message, "content") and is_list(content):
            self._blocks(f"{where}/content", content)
        self._keys(place, where, message)

    def _blocks(self, where: str, blocks: Any, *, of_system: bool = False) -> None:
        look = self._look
        if of_system:
            look.role = None
        for index, block in enumerate(blocks):
            place = f"{where}/{index}"
            if not self._holds(_BLOCK, place, block):
                continue
            if of_system and not self._holds("/params/system/*", place, block):
                continue
            look.parent = block
            self._block(place, index, block)
            if block.get("cache_control") is not None:
                self._cache_control(place, block)

    def _block(self, where: str, index: int, block: Mapping[str, Any]) -> None:
        kind = block["type"]
        if kind == "text":
            self._required(f"{_BLOCK}[text]", where, block, "text")
            self._key(_BLOCK, where, block, "citations")
        elif kind in _SOURCES:
            self._source(kind, where, block)
        elif kind == "tool_use":
            for key in ("id", "name", "input"):
                self._required(f"{_BLOCK}[tool_use]", where, block, key)
            self._paired("tool_use", where, index)
        elif kind == "tool_result":
            self._tool_result(where, index, block)

    def _tool_result(self, where: str, index: int, block: Mapping[str, Any]) -> None:
        place = f"{_BLOCK}[tool_result]"
        if self._required(place, where, block, "tool_use_id"):
            self._paired("tool_result", where, index)
        if self._key(place, where, block, "content") and is_list(block["content"]):
            self._blocks(f"{where}/content", block["content"])

    def _paired(self, kind: str, where: str, index: int) -> None:
        # Only blocks of a message itself have a partner.
        if where.count("/") == 5 and where.startswith("/params/messages/"):
            look = self._look
            for rule in AT[f"{_BLOCK}[{kind}]"]:
                if not rule.test((look.index, index), look):
                    words = _words(rule, where, look.parent, look)
                    self._hits.append(Hit(rule, where, look.parent, words))

    def _source(self, kind: str, where: str, block: Mapping[str, Any]) -> None:
        source = block.get("source", MISSING)
        if not self._holds(f"{_BLOCK}[image, document]/source", f"{where}/source", source):
            return
        where += "/source"
        if not self._required(f"{_BLOCK}[{kind}]/source", where, source, "type"):
            return
        of = source["type"]
        if of in ("base64", "text"):
            place = f"{_BLOCK}[{kind}]/source[{of}]"
            self._required(place, where, source, "media_type")
            if self._required(f"{_BLOCK}/source[base64, text]", where, source, "data"):
                self._holds(f"{_BLOCK}/source[base64]/data", f"{where}/data", source["data"])
        elif of == "url":
            self._required(f"{_BLOCK}/source[url]", where, source, "url")
        elif of == "file":
            self._required(f"{_BLOCK}/source[file]", where, source, "file_id")
        elif of == "content":
            self._required(f"{_BLOCK}/source[content]", where, source, "content")

    # Tools.

    def _tools(self) -> None:
        params, look = self._look.params, self._look
        tools = params.get("tools")
        if tools is not None and self._holds("/params/tools", "/params/tools", tools):
            for index, tool in enumerate(tools):
                self._tool(index, tool)
        if not self._key("/params", "/params", params, "tool_choice"):
            return
        choice, place = params["tool_choice"], "/params/tool_choice"
        look.parent = choice
        if self._required(place, place, choice, "type") and choice["type"] == "tool":
            self._required(place, place, choice, "name")
        self._keys(place, place, choice)

    def _tool(self, index: int, tool: Any) -> None:
        place, where = "/params/tools/*", f"/params/tools/{index}"
        if not self._holds(place, where, tool):
            return
        self._look.parent = tool
        kind = tool.get("type")
        if self._required(place, where, tool, "type") and kind in (None, "custom"):
            place += "[custom]"
            self._required(place, where, tool, "name")
            self._required(place, where, tool, "input_schema")
            self._keys(place, where, tool)
        self._holds("/params/tools/*[repeated]", f"{where}/name", index)
        self._cache_control(where, tool)


def _words(rule: Rule, where: str, value: Any, look: Look) -> dict[str, object]:
    """Return what the templates of *rule* may name."""
    steps = where.split("/")[2:] or [""]
    kind = value.get("type") if isinstance(value, Mapping) else None
    raw = kind if isinstance(kind, str) else value
    near = ""
    if "{near}" in rule.expected and isinstance(raw, str):
        near = _near(rule.pointer, raw)
    return {
        "where": ".".join(steps),
        "top": steps[0],
        "index": steps[1] if len(steps) > 1 else "",
        "value": raw,
        "shown": "no such key" if value is MISSING else shown(value),
        "content": shown(look.params.get(value)) if isinstance(value, str) else "",
        "near": near,
        "place": _names.MISPLACED.get(value, "") if isinstance(value, str) else "",
        "role": look.role,
        "model": look.model.id,
        "ceiling": look.model.ceiling(look.setting.betas),
        "count": look.breakpoints if where == "/params" else _length(value),
        "id": _id(value),
    }


_NEAR = {
    "/params/?": _names.PARAMS,
    "/params/messages/*/?": _names.MESSAGE,
    _BLOCK: _names.BLOCKS,
    "/params/tools/*/type": _names.tool_names(),
    "/params/tools/*[custom]/?": _names.TOOL,
    "/params/tool_choice/type": _names.CHOICES,
    "/params/tool_choice/?": _names.CHOICE,
    "/params/output_config/?": _names.OUTPUT,
}


def _near(pointer: str, value: str) -> str:
    found = _names.meant(value, _NEAR[pointer])
    return f" (did you mean {found}?)" if found else ""


def _length(value: Any) -> str:
    return f"{len(value):,}" if is_list(value) else ""


def _id(value: Any) -> object:
    if not isinstance(value, Mapping):
        return ""
    return value.get("id", value.get("tool_use_id", ""))
