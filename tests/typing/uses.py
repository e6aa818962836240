"""How the public names type: checked by mypy and pyright, never run.

What must be refused carries an ignore, and an ignore that is not needed is an error in both.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypedDict, assert_never, assert_type

import anthropix_py
from anthropix_py import (
    Client,
    Limits,
    Policy,
    batch,
    emulator,
    split,
    unwrap,
    usage,
    validate,
    with_options,
)
from anthropix_py.errors import TransportReason
from anthropix_py.types import (
    BatchPage,
    DeletedBatch,
    InputMessage,
    Message,
    MessageBatch,
    Params,
    Request,
    Row,
)


class Question(TypedDict):
    custom_id: str
    params: dict[str, object]


def match_narrows(client: Client) -> None:
    match batch.create(client, [{"custom_id": "a", "params": {"max_tokens": 1}}]):
        case "ok", created:
            assert_type(created, MessageBatch)
        case "error", exc:
            assert_type(exc, anthropix_py.AnthropixError)
    match batch.results(client, "id", stream=True):
        case "ok", rows:
            assert_type(rows, Generator[Row, None, None])
        case "error", anthropix_py.APIError(status=404) as missing:
            assert_type(missing, anthropix_py.APIError)
        case "error", other:
            raise other


def match_on_the_type_of_a_row_narrows(row: Row) -> str:
    result = row["result"]
    match result["type"]:
        case "succeeded":
            assert_type(result["message"], Message)
            return result["message"]["model"]
        case "errored":
            return result["error"]["error"]["type"]
        case other:
            return other


def if_narrows(client: Client, row: Row) -> None:
    result = batch.show(client, "id")
    if result[0] == "ok":
        assert_type(result[1], MessageBatch)
    else:
        assert_type(result[1], anthropix_py.AnthropixError)
    if row["result"]["type"] == "succeeded":
        assert_type(row["result"]["message"], Message)
    elif row["result"]["type"] == "errored":
        assert_type(row["result"]["error"]["error"]["message"], str)


def values(client: Client, made: MessageBatch) -> None:
    assert_type(unwrap(batch.show(client, made)), MessageBatch)
    assert_type(unwrap(batch.cancel(client, made["id"])), MessageBatch)
    assert_type(unwrap(batch.delete(client, made)), DeletedBatch)
    assert_type(
        unwrap(batch.wait(client, made, timeout=1, interval=0.5, on_update=print)), MessageBatch
    )
    assert_type(unwrap(batch.list(client, after_id=made, limit=3)), BatchPage)
    assert_type(
        unwrap(batch.list(client, before_id="id", stream=True)), Generator[MessageBatch, None, None]
    )
    assert_type(unwrap(batch.results(client, made)), list[Row])
    assert_type(
        usage.total(unwrap(batch.results(client, made, stream=True))), dict[str, usage.Tokens]
    )


def requests_of_any_kind(
    client: Client, questions: list[Question], plain: list[dict[str, object]]
) -> None:
    batch.create(client, questions)
    batch.create(client, tuple(plain))
    batch.create(client, (question for question in questions))
    for chunk in split.chunks(questions, Limits(requests=10)):
        assert_type(chunk, list[Question])
    assert_type(validate.problems(questions), list[validate.Problem])


def typed_requests(client: Client, requests: list[Request], params: Params) -> None:
    batch.create(client, requests)
    batch.create(client, (request for request in requests))
    batch.create(client, [Request(custom_id="a", params=params)])
    for chunk in split.chunks(requests):
        assert_type(chunk, list[Request])
    assert_type(validate.problems(requests), list[validate.Problem])


def params_of_every_kind() -> Request:
    schema = {"type": "object", "properties": {}}
    turns: list[InputMessage] = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                    "title": "A",
                    "citations": {"enabled": True},
                },
                {
                    "type": "search_result",
                    "source": "https://example.org",
                    "title": "A",
                    "content": [{"type": "text", "text": "b"}],
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "...", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}},
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "2"}],
        },
    ]
    return {
        "custom_id": "a",
        "params": {
            "model": "m",
            "max_tokens": 4096,
            "messages": turns,
            "system": [{"type": "text", "text": "Be kind."}],
            "stop_sequences": ["END"],
            "metadata": {"user_id": "u"},
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "tools": [
                {"name": "add", "input_schema": schema, "description": "Add."},
                {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            ],
            "tool_choice": {"type": "tool", "name": "add"},
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        },
    }


def why(error: anthropix_py.TransportError) -> None:
    assert_type(error.reason, TransportReason)
    match error.reason:
        case "connect" | "tls" | "timeout" | "closed" | "protocol":
            pass
        case other:
            assert_never(other)


def clients() -> None:
    client = anthropix_py.init("key", beta="a", headers={"x-a": None}, retry=Policy(max_retries=0))
    assert_type(with_options(client, timeout=5, beta=["b"], query={"a": "b"}), Client)
    with emulator.serve(emulator.Store(takes=1.0)) as url:
        assert_type(url, str)
    anthropix_py.init(
        "key", transport=emulator.transport(emulator.Store()), clock=emulator.ManualClock()
    )


def misuse(client: Client, flag: bool) -> None:
    batch.show(client, 5)  # type: ignore[arg-type]
    batch.show("id")  # type: ignore[call-arg, arg-type]
    batch.create(client, "requests")  # type: ignore[arg-type]
    batch.create(client, [("custom_id", "a")])  # type: ignore[list-item]
    batch.list(client, "before")  # type: ignore[call-overload]
    batch.list(client, limit="3")  # type: ignore[call-overload]
    batch.results(client, "id", stream="yes")  # type: ignore[call-overload]
    batch.wait(client, "id", timeout="5")  # type: ignore[arg-type]
    with_options(client, retries=3)  # type: ignore[call-arg]
    anthropix_py.init(timeout="5")  # type: ignore[arg-type]
    anthropix_py.init("key", "token")  # type: ignore[call-arg]
    client.timeout = 5.0  # type: ignore[misc]
    unwrap(batch.show)  # type: ignore[arg-type]
    print(unwrap(batch.show(client, "id"))["status"])  # type: ignore[misc]
    print(batch.show(client, "id").value)  # type: ignore[union-attr]
    Request(custom_id="a")  # type: ignore[typeddict-item]
    Params(model="m", messages=[])  # type: ignore[typeddict-item]
    Params(model="m", max_tokens="9", messages=[])  # type: ignore[typeddict-item]
    InputMessage(role="human", content="")  # type: ignore[typeddict-item]
    InputMessage(role="user", content=[{"type": "txt", "text": ""}])  # type: ignore[typeddict-item]
    anthropix_py.TransportError("timout", "", sent=True)  # type: ignore[arg-type]
