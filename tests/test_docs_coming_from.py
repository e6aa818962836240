"""Coming from Anthropix, from Ruby, from the official SDK: every row of the tables runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import anthropic
import pytest
from anthropic.resources.messages import Batches

import anthropix_py
from anthropix_py import (
    APIError,
    InvalidRequest,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    init,
    unwrap,
    with_options,
)
from anthropix_py.emulator import Fault, Faults, Store, serve

DOCS = Path(__file__).parent.parent / "docs"
NEVER = "http://127.0.0.1:9"
REQUESTS: list[Any] = [
    {
        "custom_id": id,
        "params": {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]},
    }
    for id in ("a", "b")
]


class Row(NamedTuple):
    """A row of a table: the code of its left cell, and that of its right cell."""

    theirs: str
    ours: str


def rows(page: str, table: int = 0) -> list[Any]:
    """Return the rows of a table of a page, as parameters of a test."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(r"^\|[- |]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)[table]
    cells = [re.split(r"(?<!\\)\|", line)[1:3] for line in found.splitlines()]
    return [
        pytest.param(Row(re.findall("`(.*)`", left)[0], right.strip()), id=left.strip("` "))
        for left, right in cells
    ]


ANTHROPIX = rows("from-anthropix.md")
RUBY = rows("from-ruby.md")
SDK = rows("from-the-sdk.md")
SDK_ERRORS = rows("from-the-sdk.md", 1)


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """Yield the names that the tables use, with a server behind them."""
    with serve(Store(looks=0)) as url, serve(Store(takes=600)) as slow:
        client = init("any-key", base_url=url)
        ids = [unwrap(batch.create(client, REQUESTS))["id"] for _ in range(4)]
        yield {
            "anthropix_py": anthropix_py,
            "batch": batch,
            "APIError": APIError,
            "TransportError": TransportError,
            "Policy": Policy,
            "unwrap": unwrap,
            "with_options": with_options,
            "Anthropic": anthropic.Anthropic,
            "sdk": anthropic.Anthropic(api_key="any-key", base_url=url),
            "api_key": "any-key",
            "key": "any-key",
            "url": url,
            "slow": slow,
            "client": client,
            "requests": REQUESTS,
            "id": ids[2],
            "ended": unwrap(batch.wait(client, ids[2])),
            "spare": ids[0],
            "running": "",
        }


def on_the_slow_server(names: dict[str, Any]) -> dict[str, Any]:
    """Return the names with a server whose batches do not end by themselves."""
    client = init("any-key", base_url=names["slow"])
    sdk = anthropic.Anthropic(api_key="any-key", base_url=names["slow"])
    running = unwrap(batch.create(client, REQUESTS))["id"]
    return {**names, "client": client, "sdk": sdk, "running": running}


def in_backquotes(cell: str) -> str:
    return cell.split("`")[1]


def value(code: str, names: dict[str, Any]) -> Any:
    """Return the value of an expression; a result must be ok, and a generator is read."""
    if "running" in code:
        names = on_the_slow_server(names)
    found = eval(code, names)
    if isinstance(found, tuple) and found[:1] in (("ok",), ("error",)):
        found = unwrap(found)
    return list(found) if isinstance(found, Generator) else found


def check(code: str, names: dict[str, Any]) -> None:
    """Run one cell: a loop, the head of a match, a case or an expression."""
    if code.startswith("for "):
        exec(code.replace(": ...", ": seen = True"), names)
        assert names["seen"]
    elif code.startswith("match "):
        exec(f"{code}\n    case 'ok', found: seen = True", names)
        assert names["seen"]
    elif code.startswith("case "):
        subjects: dict[str, Callable[[], object]] = {
            "404": lambda: batch.show(names["client"], "msgbatch_a"),
            "Transport": lambda: batch.list(init("key", base_url=NEVER, retry=Policy(0))),
            '"ok"': lambda: batch.show(names["client"], names["id"]),
            '"error"': lambda: batch.show(names["client"], "msgbatch_a"),
        }
        names["subject"] = next(make for word, make in subjects.items() if word in code)()
        exec(f"match subject:\n    {code.replace(': ...', ': seen = True')}", names)
        assert names["seen"]
    else:
        assert value(code, names) is not None


@pytest.mark.parametrize("row", [*ANTHROPIX, *RUBY])
def test_the_right_cell_runs(row: Row, names: dict[str, Any]) -> None:
    check(in_backquotes(row.ours), names)


# --- the official SDK: both cells run, and return the same ----------------------------------------


def plain(value: Any) -> Any:
    """Return what an object of either library holds, times as times."""
    if hasattr(value, "to_dict"):
        return plain(value.to_dict(mode="json"))
    if isinstance(value, list):
        return sorted(map(plain, value), key=repr)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return datetime.fromisoformat(value)
    return value


@pytest.mark.parametrize("row", SDK)
def test_both_libraries_return_the_same(row: Row, names: dict[str, Any]) -> None:
    spares = iter(
        [unwrap(batch.create(names["client"], REQUESTS))["id"] for _ in ("theirs", "ours")]
    )
    names["spare"] = lambda: next(spares)
    theirs = plain(value(row.theirs, dict(names)))
    ours = plain(value(in_backquotes(row.ours), names))
    if isinstance(theirs, anthropic.Anthropic):
        assert ours.api_key == theirs.api_key
        if "base_url" in row.theirs:
            assert ours.base_url == str(theirs.base_url).rstrip("/")
        else:
            assert (ours.retry.max_retries, ours.timeout) == (theirs.max_retries, theirs.timeout)
    elif any(word in row.theirs for word in (".create(", ".delete(", ".cancel(")):
        # each has made, deleted or canceled another batch
        assert theirs.keys() == ours.keys()
        same = {"type", "processing_status", "request_counts"} & theirs.keys()
        assert {key: theirs[key] for key in same} == {key: ours[key] for key in same}
    else:
        assert theirs == ours


class Trouble(NamedTuple):
    """What goes wrong with both: *call* takes a client of ours or of theirs.

    *pattern*: which of the patterns in the right cell our error matches.
    """

    call: Callable[[Any], object]
    fault: Fault | None = None
    pattern: int = 0
    options: Mapping[str, Any] = MappingProxyType({})
    url: str | None = None


def create(requests: list[Any]) -> Callable[[Any], object]:
    def call(client: Any) -> object:
        if isinstance(client, anthropic.Anthropic):
            return client.messages.batches.create(requests=requests)
        return batch.create(client, requests)

    return call


def show(client: Any) -> object:
    if isinstance(client, anthropic.Anthropic):
        return client.messages.batches.retrieve("msgbatch_a")
    return batch.show(client, "msgbatch_a")


def delete_at_once(client: Any) -> object:
    if isinstance(client, anthropic.Anthropic):
        made = client.messages.batches.create(requests=REQUESTS)
        return client.messages.batches.delete(made.id)
    return batch.delete(client, unwrap(batch.create(client, REQUESTS)))


def always(call: str, status: int) -> Fault:
    return Fault(call, "status", status, times=None)


TROUBLES: dict[str, list[Trouble]] = {
    "NotFoundError": [Trouble(show)],
    "AuthenticationError": [Trouble(show, options={"api_keys": ["another"]})],
    "BadRequestError": [
        Trouble(create([REQUESTS[0], REQUESTS[0]])),
        Trouble(delete_at_once, pattern=1, options={"takes": 600}),
    ],
    "RateLimitError": [Trouble(show, always("show", 429))],
    "InternalServerError": [
        Trouble(create(REQUESTS), always("create", 500)),
        Trouble(show, always("show", 500), pattern=1),
    ],
    "APIConnectionError": [
        Trouble(create(REQUESTS), Fault("create", "lose", times=None)),
        Trouble(create(REQUESTS), pattern=1, url=NEVER),
        Trouble(show, pattern=1, url=NEVER),
    ],
}
ERRORS = {
    "APIError": APIError,
    "InvalidRequest": InvalidRequest,
    "TransportError": TransportError,
    "UnknownOutcome": UnknownOutcome,
}


@pytest.mark.parametrize("row", SDK_ERRORS)
def test_both_libraries_report_the_same(row: Row) -> None:
    for trouble in TROUBLES[row.theirs]:
        faults = Faults([trouble.fault] if trouble.fault else [])
        with serve(Store(**trouble.options), faults=faults) as url:
            address = trouble.url or url
            sdk = anthropic.Anthropic(api_key="any-key", base_url=address, max_retries=0)
            with pytest.raises(getattr(anthropic, row.theirs)):
                trouble.call(sdk)
            ours = trouble.call(init("any-key", base_url=address, retry=Policy(max_retries=0)))
        pattern = re.findall(r"`(\w+\([^`]*\))`", row.ours)[trouble.pattern]
        names = {"subject": ours, **ERRORS}
        exec(f'match subject:\n    case "error", {pattern}: seen = True', names)
        assert names.get("seen"), ours


# --- no call of the other library is left out -----------------------------------------------------

SDK_CALLS = {name for name in vars(Batches) if name[0] != "_"}
CALLS = {
    "Anthropix": (ANTHROPIX, {"create", "list", "show", "cancel", "results"}),
    "Ruby": (RUBY, {"create", "retrieve", "list", "cancel", "delete", "results_streaming"}),
    "the official SDK": (SDK, SDK_CALLS - {"with_raw_response", "with_streaming_response"}),
}


@pytest.mark.parametrize(("table", "calls"), CALLS.values(), ids=CALLS)
def test_every_call_has_a_row(table: list[Any], calls: set[str]) -> None:
    left = " ".join(one.values[0].theirs for one in table)
    assert {call for call in calls if not re.search(rf"(?i)batch(es)?\.{call}\b", left)} == set()
