"""Checks of the emulator with an official SDK of any version; run here as a script, all of them."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import anthropic
import pytest

from anthropix_py.emulator import Fault, Faults, ManualClock, Store, serve
from anthropix_py.limits import Limits

MODEL = "claude-haiku-4-5"
MESSAGES: list[Any] = [{"role": "user", "content": "Why is the sky blue?"}]
TOOL = {
    "name": "look",
    "description": "Look it up.",
    "input_schema": {"type": "object", "properties": {}},
}
RETRY = {"retry-after-ms": "1"}
INVALID = "invalid_request_error"
NOT_FOUND = "not_found_error"


def requests(count: int = 3, **params: Any) -> list[Any]:
    """Return requests without a fault, except for *params*."""
    given = {"model": MODEL, "max_tokens": 64, "messages": MESSAGES, **params}
    return [{"custom_id": f"id-{number}", "params": given} for number in range(count)]


class Setup:
    """One emulator with a client of the SDK."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.store = Store(**{"clock": self.clock, "seed": 1, **options})
        self.faults = Faults()
        self._serving = serve(self.store, faults=self.faults)

    def __enter__(self) -> Setup:
        self.url = self._serving.__enter__()
        self.sdk = self.client()
        self.batches = self.sdk.messages.batches
        return self

    def __exit__(self, *error: Any) -> None:
        self.sdk.close()
        self._serving.__exit__(*error)

    def client(self, **options: Any) -> anthropic.Anthropic:
        given: dict[str, Any] = {"api_key": "any-key", "base_url": self.url, "max_retries": 0}
        return anthropic.Anthropic(**{**given, "timeout": 5.0, **options})

    def calls(self, on: str) -> Callable[[], int]:
        """Start to count the calls of one kind; return a function that returns their number."""
        fault = Fault(on, "headers", times=None)
        self.faults.add(fault)
        return lambda: next(one.calls for one in self.faults._faults if one.fault is fault)


def create() -> None:
    with Setup(takes=60) as setup:
        made = setup.batches.create(requests=requests(3))
        assert (made.type, made.processing_status) == ("message_batch", "in_progress")
        assert made.results_url is None
        counts = made.request_counts.to_dict()
        assert (counts.pop("processing"), set(counts.values())) == (3, {0})
        assert (made.expires_at - made.created_at).total_seconds() == 24 * 3600
        assert made.created_at.timestamp() == setup.clock.now()
        assert made._request_id is not None
        assert made._request_id.startswith("req_01")
        assert [one.id for one in setup.store.newest_first()] == [made.id]


def create_with_system_and_tools() -> None:
    params: dict[str, Any] = {
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "tools": [TOOL],
        "tool_choice": {"type": "auto"},
        "metadata": {"user_id": "u"},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "caf\u00e9 \u2028 \U0001f600"}]}
        ],
    }
    with Setup() as setup:
        made = setup.batches.create(requests=requests(2, **params))
        batch = setup.store.get(made.id)
        assert batch is not None
        kept = json.loads(batch.requests[0])
        assert kept == {"custom_id": "id-0", "params": {"model": MODEL, "max_tokens": 64, **params}}
        texts = {text_of(row) for row in setup.batches.results(made.id)}
        assert texts == {"You asked: caf\u00e9 \U0001f600"}


def retrieve() -> None:
    with Setup(takes=60) as setup:
        made = setup.batches.create(requests=requests())
        assert setup.batches.retrieve(made.id).to_dict() == made.to_dict()
        setup.clock.advance(60)
        ended = setup.batches.retrieve(made.id)
        assert (ended.processing_status, ended.request_counts.succeeded) == ("ended", 3)
        assert ended.results_url == f"{setup.url}/v1/messages/batches/{made.id}/results"
        assert ended.ended_at is not None
        assert (ended.ended_at - made.created_at).total_seconds() == 60
        setup.clock.advance(29 * 24 * 3600)
        assert setup.batches.retrieve(made.id).archived_at is not None


def list_in_both_directions() -> None:
    with Setup() as setup:
        ids = [setup.batches.create(requests=requests(1)).id for _ in range(7)][::-1]
        assert [one.id for one in setup.batches.list()] == ids
        assert [one.id for one in setup.batches.list(limit=2)] == ids
        assert [one.id for one in setup.batches.list(limit=3, after_id=ids[2])] == ids[3:]
        page = setup.batches.list(limit=2, before_id=ids[5])
        assert ([one.id for one in page.data], page.has_more) == (ids[3:5], True)
        backwards = list(page)
        assert [one.id for one in backwards] == [ids[3], ids[4], ids[1], ids[2], ids[0]]
        first = setup.batches.list(limit=2)
        assert (first.first_id, first.last_id, first.has_next_page()) == (ids[0], ids[1], True)
        assert [one.id for one in first.get_next_page().data] == ids[2:4]


def cancel() -> None:
    with Setup(takes=60, cancel_takes=5) as setup:
        made = setup.batches.create(requests=requests())
        canceling = setup.batches.cancel(made.id)
        assert canceling.processing_status == "canceling"
        assert canceling.cancel_initiated_at == made.created_at
        setup.clock.advance(5)
        ended = setup.batches.retrieve(made.id)
        assert (ended.processing_status, ended.request_counts.canceled) == ("ended", 3)
        assert [row.result.type for row in setup.batches.results(made.id)] == ["canceled"] * 3
        raised(anthropic.BadRequestError, lambda: setup.batches.cancel(made.id), INVALID)


def delete() -> None:
    with Setup(takes=60) as setup:
        made = setup.batches.create(requests=requests())
        raised(anthropic.BadRequestError, lambda: setup.batches.delete(made.id), INVALID)
        setup.clock.advance(60)
        deleted = setup.batches.delete(made.id).to_dict()
        assert deleted == {"id": made.id, "type": "message_batch_deleted"}
        raised(anthropic.NotFoundError, lambda: setup.batches.retrieve(made.id), NOT_FOUND)


def text_of(row: Any) -> str:
    assert row.result.type == "succeeded"
    block = row.result.message.content[0]
    assert block.type == "text"
    return str(block.text)


def results() -> None:
    with Setup(outcomes=lambda request: request["params"]["metadata"]["user_id"]) as setup:
        kinds = ["succeeded", "errored", "canceled", "expired", "refusal", "max_tokens"]
        asked = [requests(1, max_tokens=2, metadata={"user_id": kind})[0] for kind in kinds]
        for kind, request in zip(kinds, asked):
            request["custom_id"] = kind
        made = setup.batches.create(requests=asked)
        rows: dict[str, Any] = {row.custom_id: row for row in setup.batches.results(made.id)}
        assert sorted(rows) == sorted(kinds)
        assert text_of(rows["succeeded"]) == "You asked: Why is the sky blue?"
        message = rows["succeeded"].result.message
        assert (message.type, message.role) == ("message", "assistant")
        assert message.model == "claude-haiku-4-5-20251001"
        assert (message.stop_reason, message.usage.service_tier) == ("end_turn", "batch")
        assert message.usage.input_tokens > 0
        error = rows["errored"].result.error
        assert (error.type, error.error.type) == ("error", "api_error")
        assert error.request_id.startswith("workerreq_")
        assert [rows[kind].result.type for kind in ("canceled", "expired")] == kinds[2:4]
        assert rows["refusal"].result.message.stop_reason == "refusal"
        assert rows["max_tokens"].result.message.stop_reason == "max_tokens"
        assert text_of(rows["max_tokens"]) == "You aske"


def forced_tool_and_output_format() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tool = {"name": "count", "input_schema": schema}
    forced = requests(1, tools=[tool], tool_choice={"type": "tool", "name": "count"})
    formatted = requests(1, output_config={"format": {"type": "json_schema", "schema": schema}})
    formatted[0]["custom_id"] = "formatted"
    with Setup() as setup:
        made = setup.batches.create(requests=forced + formatted)
        rows: dict[str, Any] = {row.custom_id: row for row in setup.batches.results(made.id)}
        message = rows["id-0"].result.message
        [block] = message.content
        assert (message.stop_reason, block.type, block.name) == ("tool_use", "tool_use", "count")
        assert isinstance(block.input["n"], int)
        assert isinstance(json.loads(text_of(rows["formatted"]))["n"], int)


def many_results() -> None:
    with Setup() as setup:
        made = setup.batches.create(requests=requests(500))
        found = sorted(row.custom_id for row in setup.batches.results(made.id))
        assert found == sorted(f"id-{number}" for number in range(500))


def results_too_early() -> None:
    with Setup(takes=60) as setup:
        made = setup.batches.create(requests=requests())
        raised(anthropic.AnthropicError, lambda: setup.batches.results(made.id))


def results_over_faults() -> None:
    with Setup() as setup:
        made = setup.batches.create(requests=requests(20))
        for kind in ("chunks", "gzip", "no_newline"):
            setup.faults.add(Fault("results", kind))
            assert len({row.custom_id for row in setup.batches.results(made.id)}) == 20, kind


def raised(kind: type[BaseException], call: Callable[[], object], type: str = "") -> Any:
    """Return what *call* raises, of just that kind; an API error has *type* and a request id."""
    with pytest.raises(kind) as found:
        call()
    error: Any = found.value
    if isinstance(error, anthropic.APIStatusError):
        body: Any = error.body
        assert body["error"]["type"] == type
        assert error.request_id == error.response.headers["request-id"]
        assert body.get("request_id", error.request_id) == error.request_id
    return error


def errors_of_the_api() -> None:
    with Setup(models=[MODEL], limits=Limits(bytes=2000), queue=5) as setup:
        batches = setup.batches
        for call in (batches.retrieve, batches.cancel, batches.delete, batches.results):
            raised(anthropic.NotFoundError, partial(call, "msgbatch_no"), NOT_FOUND)
        error = raised(anthropic.BadRequestError, lambda: batches.create(requests=[]), INVALID)
        assert "requests: List should have at least 1 item after validation, not 0" in str(error)
        same = requests(1) * 2
        raised(anthropic.BadRequestError, lambda: batches.create(requests=same), INVALID)
        raised(anthropic.BadRequestError, lambda: batches.list(limit=0), INVALID)
        many = requests(6)
        raised(anthropic.RateLimitError, lambda: batches.create(requests=many), "rate_limit_error")
        nobody: Any = {"X-Api-Key": anthropic.omit, "Authorization": anthropic.omit}
        raised(
            anthropic.AuthenticationError,
            lambda: batches.list(extra_headers=nobody),
            "authentication_error",
        )
        with pytest.raises(anthropic.APIStatusError) as too_large:
            batches.create(requests=requests(20))
        assert (too_large.value.status_code, too_large.value.request_id) == (413, None)


def errors_by_status() -> None:
    named = {
        400: (anthropic.BadRequestError, "invalid_request_error"),
        401: (anthropic.AuthenticationError, "authentication_error"),
        403: (anthropic.PermissionDeniedError, "permission_error"),
        404: (anthropic.NotFoundError, "not_found_error"),
        409: (anthropic.ConflictError, "conflict_error"),
        422: (anthropic.UnprocessableEntityError, "api_error"),
        429: (anthropic.RateLimitError, "rate_limit_error"),
        500: (anthropic.InternalServerError, "api_error"),
        529: (anthropic.APIStatusError, "overloaded_error"),
    }
    with Setup() as setup:
        for status, (kind, type) in named.items():
            setup.faults.add(Fault("show", "status", status))
            error = raised(kind, lambda: setup.batches.retrieve("msgbatch_x"), type)
            assert error.status_code == status
            assert "emulated fault" in str(error)


def it_retries() -> None:
    with Setup() as setup:
        sdk = setup.client(max_retries=2)
        for count, status in enumerate((408, 409, 429, 500, 529), 1):
            setup.faults.clear()
            seen = setup.calls("create")
            setup.faults.add(Fault("create", "status", status, times=2, headers=RETRY))
            made = sdk.messages.batches.create(requests=requests())
            assert (setup.store.newest_first()[0].id, seen()) == (made.id, 3), status
            assert len(setup.store.newest_first()) == count
        sdk.close()


def it_gives_up() -> None:
    with Setup() as setup:
        seen = setup.calls("list")
        setup.faults.add(Fault("list", "status", 500, times=None, headers=RETRY))
        batches = setup.client(max_retries=2).messages.batches
        error = raised(anthropic.InternalServerError, batches.list, "api_error")
        assert (error.status_code, seen()) == (500, 3)


def it_obeys_should_retry() -> None:
    with Setup() as setup:
        seen = setup.calls("show")
        setup.faults.add(Fault("show", "status", 500, headers={"x-should-retry": "false"}))
        retrieve = setup.client(max_retries=2).messages.batches.retrieve
        raised(anthropic.InternalServerError, lambda: retrieve("msgbatch_x"), "api_error")
        assert seen() == 1


def a_lost_response_creates_two_batches() -> None:
    with Setup() as setup:
        setup.faults.add(Fault("create", "status", 500, times=0), Fault("create", "lose", "close"))
        made = setup.client(max_retries=1).messages.batches.create(requests=requests())
        batches = setup.store.newest_first()
        assert (len(batches), batches[0].id) == (2, made.id)


def a_stall_is_a_timeout() -> None:
    with Setup() as setup:
        setup.faults.add(Fault("list", "stall"))
        raised(anthropic.APITimeoutError, lambda: setup.client(timeout=0.1).messages.batches.list())
        assert setup.batches.list().data == []


def count_tokens() -> None:
    with Setup() as setup:
        count = partial(setup.sdk.messages.count_tokens, model=MODEL, messages=MESSAGES)
        assert count(system="Be brief.").input_tokens > count().input_tokens > 0
        extra: dict[str, Any] = {"extra_body": {"max_tokens": 5}}
        raised(anthropic.BadRequestError, lambda: count(**extra), INVALID)


def bearer() -> None:
    with Setup() as setup:
        sdk = setup.client(api_key=None, auth_token="token")
        assert sdk.messages.batches.list().data == []
        sdk.close()


def raw_responses() -> None:
    with Setup(takes=60) as setup:
        raw = setup.batches.with_raw_response.create(requests=requests())
        made = raw.parse()
        assert sorted(json.loads(raw.http_response.content)) == sorted(made.to_dict())
        shown = setup.batches.with_raw_response.retrieve(made.id)
        assert shown.headers["retry-after"] == "10"


def asynchronous() -> None:
    async def work(url: str) -> None:
        async with anthropic.AsyncAnthropic(
            api_key="k", base_url=url, timeout=5.0, max_retries=0
        ) as sdk:
            batches = sdk.messages.batches
            made = [await batches.create(requests=requests(4)) for _ in range(3)]
            assert [one.id async for one in batches.list(limit=2)] == [
                one.id for one in reversed(made)
            ]
            shown = await asyncio.gather(*(batches.retrieve(one.id) for one in made))
            assert [one.processing_status for one in shown] == ["ended"] * 3
            rows = [row.custom_id async for row in await batches.results(made[0].id)]
            assert sorted(rows) == [f"id-{number}" for number in range(4)]
            assert (await batches.delete(made[0].id)).id == made[0].id
            with pytest.raises(anthropic.NotFoundError):
                await batches.cancel(made[0].id)

    with Setup() as setup:
        asyncio.run(work(setup.url))


CHECKS: list[Callable[[], None]] = [
    create,
    create_with_system_and_tools,
    retrieve,
    list_in_both_directions,
    cancel,
    delete,
    results,
    forced_tool_and_output_format,
    many_results,
    results_too_early,
    results_over_faults,
    errors_of_the_api,
    errors_by_status,
    it_retries,
    it_gives_up,
    it_obeys_should_retry,
    a_lost_response_creates_two_batches,
    a_stall_is_a_timeout,
    count_tokens,
    bearer,
    raw_responses,
    asynchronous,
]


def run() -> dict[str, str]:
    """Run every check; return the traceback of each that failed, and an empty text for others."""
    found = {}
    for check in CHECKS:
        try:
            check()
            found[check.__name__] = ""
        except Exception:  # noqa: BLE001
            found[check.__name__] = traceback.format_exc()
    return found


if __name__ == "__main__":
    json.dump(
        {"version": anthropic.__version__, "file": anthropic.__file__, "found": run()}, sys.stdout
    )
