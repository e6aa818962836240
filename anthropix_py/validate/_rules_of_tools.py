"""The rules for tools, the choice of a tool, and caching."""

from __future__ import annotations

from . import _conditions as t
from . import _names
from . import _wordings as w
from ._rule import Rule

TOOLS = (
    Rule("tools", "/params/tools", t.array, "a list of tools", w.LIST, "S"),
    Rule("tool", "/params/tools/*", t.mapping, "an object", w.OBJECT, "S"),
    Rule(
        "tool-type",
        "/params/tools/*/type",
        t.known_tool,
        "a type of tool that is known{near}",
        w.TAG.replace("{where}", "tools.{index}"),
        "S",
    ),
    Rule(
        "tool-name",
        "/params/tools/*[custom]/name",
        t.filled,
        "a tool's name",
        f"{w.CUSTOM}.name: Field required",
        "S",
    ),
    Rule(
        "tool-name-pattern",
        "/params/tools/*[custom]/name",
        t.tool_name,
        "1 to 128 of a-z A-Z 0-9 _ -",
        f"{w.CUSTOM}.name: String should match pattern '^[a-zA-Z0-9_-]{{{{1,128}}}}$'",
        "C",
    ),
    Rule(
        "tool-schema",
        "/params/tools/*[custom]/input_schema",
        t.mapping,
        "a JSON schema",
        f"{w.CUSTOM}.input_schema: Field required",
        "C",
    ),
    Rule(
        "tool-schema-type",
        "/params/tools/*[custom]/input_schema",
        t.object_schema,
        "a JSON schema with type object",
        f"{w.CUSTOM}.input_schema.type: Field required",
        "S",
        "a schema of another type",
    ),
    Rule(
        "tool-key",
        "/params/tools/*[custom]/?",
        t.key_of(_names.TOOL),
        "a key of a tool{near}",
        f"{w.CUSTOM}.{{value}}: Extra inputs are not permitted",
        "C",
        w.NEW,
    ),
    Rule(
        "tool-names",
        "/params/tools/*[repeated]",
        t.tool_name_unique,
        "a name that no other tool has",
        "tools: Tool names must be unique.",
        "C",
        "a name used before",
    ),
    Rule("tool_choice", "/params/tool_choice", t.mapping, "an object with type", w.OBJECT, "S"),
    Rule(
        "choice-type",
        "/params/tool_choice/type",
        t.one_of(*_names.CHOICES),
        "auto, any, tool or none{near}",
        w.TAG,
        "S",
    ),
    Rule(
        "choice-forced",
        "/params/tool_choice/type",
        t.forcing_allowed,
        "auto or none, because {model} cannot be forced to use a tool",
        'tool_choice: type "tool" and "any" are not supported for this model.',
        "C",
    ),
    Rule(
        "choice-thinking",
        "/params/tool_choice/type",
        t.forcing_without_thinking,
        "auto or none, because thinking is on",
        "Thinking may not be enabled when tool_choice forces tool use.",
        "C",
    ),
    Rule(
        "choice-tools",
        "/params/tool_choice/type",
        t.choice_has_tools,
        "tools to choose from",
        "tool_choice.any may only be specified while providing tools",
        "C",
    ),
    Rule(
        "choice-name",
        "/params/tool_choice/name",
        t.filled,
        "a tool's name",
        w.STRING,
        "S",
    ),
    Rule(
        "choice-exists",
        "/params/tool_choice/name",
        t.choice_exists,
        "the name of one of the tools",
        "Tool '{value}' not found in provided tools",
        "C",
    ),
    Rule(
        "choice-key",
        "/params/tool_choice/?",
        t.key_of(_names.CHOICE),
        "type, name and disable_parallel_tool_use{near}",
        w.EXTRA,
        "S",
        w.NEW,
    ),
)

CACHING = (
    Rule("cache_control", "…/cache_control", t.mapping, "an object with type", w.OBJECT, "S"),
    Rule(
        "cache_control-type",
        "…/cache_control/type",
        t.one_of("ephemeral"),
        "ephemeral",
        w.TAG,
        "S",
    ),
    Rule(
        "cache_control-ttl",
        "…/cache_control/ttl",
        t.one_of("5m", "1h"),
        "5m or 1h",
        "{where}: Input should be '5m' or '1h'",
        "S",
    ),
    Rule(
        "breakpoints",
        "/params",
        t.few_breakpoints,
        "at most 4 blocks with cache_control",
        "A maximum of 4 blocks with cache_control may be provided. Found {count}.",
        "C",
        "{count}",
    ),
)
