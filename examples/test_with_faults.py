"""Tests of a function of your own, on a server that fails.

    pytest test_with_faults.py

The fixture message_batches comes with the package; it needs the extra emulator.
"""

from typing import Any

import pytest

import anthropix_py
from anthropix_py import Client, batch, rows, unwrap
from anthropix_py.emulator import Fault

TEXTS = {"a": "Lovely", "b": "It broke"}


def label(client: Client, texts: dict[str, str]) -> dict[str, str | None]:
    """Return the label of each text, None if it has none. This is what is tested."""
    requests = []
    for id, text in texts.items():
        messages = [{"role": "user", "content": f"Positive or negative? {text}"}]
        params = {"model": "claude-haiku-4-5", "max_tokens": 5, "messages": messages}
        requests.append({"custom_id": id, "params": params})
    ended = unwrap(batch.wait(client, unwrap(batch.create(client, requests))))
    answers = unwrap(batch.results(client, ended, stream=True))
    return {row["custom_id"]: rows.text(row) for row in answers}


@pytest.fixture
def client(message_batches: Any) -> Client:
    """Return a client of the emulator, whose waits take no time."""
    return anthropix_py.init("any-key", base_url=message_batches.url, clock=message_batches.clock)


@pytest.mark.message_batches(takes=3600, reply=lambda _: "positive")
@pytest.mark.parametrize("fault", ["create:status=529", "show:reset", "results:cut=150"])
def test_transient_faults(message_batches: Any, client: Client, fault: str) -> None:
    """Failures that pass change nothing."""
    message_batches.faults.add(Fault.parse(fault))
    assert label(client, TEXTS) == {"a": "positive", "b": "positive"}


@pytest.mark.message_batches(outcomes=lambda request: request["custom_id"])
def test_failed_rows(client: Client) -> None:
    """A text that was not answered has no label."""
    texts = {"errored": "Lovely", "expired": "Lovely", "refusal": "Lovely"}
    assert label(client, texts) == dict.fromkeys(texts)


def test_lost_response(message_batches: Any, client: Client) -> None:
    """A create whose response is lost may have been paid for, so it is not repeated."""
    message_batches.faults.add(Fault("create", "lose"))
    with pytest.raises(anthropix_py.UnknownOutcome):
        label(client, TEXTS)
    assert len(message_batches.store.newest_first()) == 1
