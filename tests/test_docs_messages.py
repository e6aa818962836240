"""docs/troubleshooting.md: every message in a heading is one that the package writes."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anthropix_py import AnthropixError, Client, Policy, batch, init, job, unwrap
from anthropix_py.emulator import Fault, ManualClock, Store, transport

PAGE = Path(__file__).parent.parent / "docs" / "troubleshooting.md"
HEADINGS = re.findall(r"^### `(.*)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
NEVER = "http://127.0.0.1:9"
SPEND_LIMIT = {
    "type": "error",
    "error": {
        "type": "rate_limit_error",
        "message": "x",
        "details": {"error_code": "enforced_spend_limit_reached"},
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def one(id: str = "a", **params: object) -> dict[str, object]:
    messages = [{"role": "user", "content": "Hi"}]
    return {
        "custom_id": id,
        "params": {"model": "m", "max_tokens": 1, "messages": messages, **params},
    }


def on(*faults: Fault, **options: Any) -> Client:
    """Return a client of an emulator in this process."""
    clock = ManualClock()
    store = Store(clock=clock, **options)
    return init("any-key", transport=transport(store, faults), clock=clock)


def always(call: str, kind: str, value: object = None) -> Fault:
    return Fault(call, kind, value, times=None)


def ended(client: Client) -> Any:
    return unwrap(batch.wait(client, unwrap(batch.create(client, [one()]))))


def running(client: Client) -> Any:
    return unwrap(batch.create(client, [one()]))


def fails(_: object) -> dict[str, str]:
    raise RuntimeError("the token server is down")


def two_inputs(client: Client) -> object:
    unwrap(job.run(client, [one("1")], "a.job"))
    return job.run(client, [one("2")], "a.job")


def foreign_file(client: Client) -> object:
    Path("mine.txt").write_text("x\n", encoding="utf-8")
    return batch.download(client, ended(client), "mine.txt")


# By the beginning of the heading: what leads to the message.
CAUSES: dict[str, Callable[[], object]] = {
    "no credentials": lambda: init(),
    "no credential:": lambda: batch.list(init(auth=fails)),
    "base_url": lambda: init("any-key", base_url="example.com"),
    "... is not encrypted": lambda: init("any-key", base_url="http://example.com"),
    "requests: expected at least": lambda: batch.create(on(), iter(())),
    "requests[1]": lambda: batch.create(on(), [one(), one()]),
    "requests[0]": lambda: batch.create(on(), [one("a b")]),
    "requests that will probably": lambda: batch.create(on(), [one(max_tokens=0)]),
    "this is a result": lambda: batch.show(on(), ("ok", {})),  # type: ignore[arg-type]
    "unwrap takes": lambda: unwrap({"id": "msgbatch_a"}),  # type: ignore[arg-type]
    "client must be": lambda: batch.list("x"),  # type: ignore[call-overload]
    "401": lambda: batch.list(on(api_keys=["another"])),
    "404": lambda: batch.show(on(), "msgbatch_a"),
    "400": lambda: batch.delete(client := on(takes=60), running(client)),
    "429 rate_limit_error:": lambda: batch.list(on(always("list", "status", 429))),
    "429 rate_limit_error/": lambda: batch.list(on(Fault("list", "status", 429, body=SPEND_LIMIT))),
    "529": lambda: batch.list(on(always("list", "status", 529))),
    "batch ... is in_progress: results": lambda: batch.results(
        client := on(takes=60), running(client)
    ),
    "batch ... is in_progress after": lambda: batch.wait(
        client := on(takes=60), running(client), timeout=3
    ),
    "connect": lambda: batch.list(init("any-key", base_url=NEVER, retry=Policy(max_retries=0))),
    "a batch of": lambda: batch.create(on(Fault("create", "lose")), [one()]),
    "the results ended": lambda: batch.results(
        client := on(always("results", "cut", 10)), ended(client)
    ),
    "the response is not JSON": lambda: batch.list(on(always("list", "html", 200))),
    "mine.txt": lambda: foreign_file(on()),
    "...: No such file": lambda: batch.download(client := on(), ended(client), "no/such/folder"),
    "another_input": lambda: two_inputs(on()),
    "incomplete_input": lambda: job.resume(on(), "nothing.job"),
}


def cause(heading: str) -> Callable[[], object]:
    [found] = [cause for start, cause in CAUSES.items() if heading.startswith(start)]
    return found


def message(result: object) -> str:
    match result:
        case ("error", exc):
            return str(exc)
    return ""


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_message_is_written(heading: str, caplog: pytest.LogCaptureFixture) -> None:
    expected = re.escape(heading).replace(re.escape("..."), ".*")
    caplog.set_level(logging.WARNING, "anthropix_py")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            text = message(cause(heading)())
        except (AnthropixError, TypeError, ValueError) as error:
            text = str(error)
    texts = [text, *caplog.messages, *(str(one.message) for one in warned)]
    assert [text for text in texts if re.fullmatch(expected, text, re.DOTALL)], texts


def test_no_cause_is_left_over() -> None:
    assert len(HEADINGS) == len(CAUSES)


def test_a_message_that_nobody_writes_is_noticed() -> None:
    with pytest.raises(ValueError, match="unpack"):
        cause("the moon is down")
