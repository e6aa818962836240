"""How the public names type: checked by mypy and pyright, never run.

What must be refused carries an ignore, and an ignore that is not needed is an error in both.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypedDict, assert_type

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
from anthropix_py.types import BatchPage, DeletedBatch, Message, MessageBatch, Row


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
