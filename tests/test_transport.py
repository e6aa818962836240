"""A transport of one's own needs public names alone."""

from __future__ import annotations

from typing import Any

import pytest
from samples import ID, KEY, a_batch, answer_of, error_in

from anthropix_py import DecodeError, Policy, batch, init, transport, unwrap
from anthropix_py.transport import Request, Response, Timeout, Transport, TransportError


def test_a_transport_gets_a_request_and_timeouts_and_returns_a_response() -> None:
    calls: list[tuple[str, str, Timeout]] = []

    def record(request: Request, timeout: Timeout) -> Response:
        calls.append((request.method, request.url, timeout))
        return answer_of(200, a_batch())

    mine: Transport = record
    client = init(KEY, base_url="https://api.test", transport=mine, timeout=7, connect_timeout=3)
    assert unwrap(batch.show(client, ID)) == a_batch()
    url = f"https://api.test/v1/messages/batches/{ID}"
    assert calls == [("GET", url, Timeout(connect=3, read=7))]


@pytest.mark.parametrize("sent", [True, False])
def test_its_error_says_whether_anything_was_sent(sent: bool) -> None:
    def broken(request: Request, timeout: Timeout) -> Response:
        raise TransportError("closed", "no such line", sent)

    error = error_in(
        batch.show(init(KEY, transport=broken, retry=Policy(max_retries=0)), ID), TransportError
    )
    assert error.sent is sent


def test_the_example_in_its_docstring_works() -> None:
    lines = (transport.__doc__ or "").splitlines()
    code = "\n".join(line[4:] for line in lines if line.startswith("    "))
    url = f"https://api.anthropic.com/v1/messages/batches/{ID}"
    values: dict[str, Any] = {"PAGES": {url: b'{"id": "x"}'}}
    exec(f"import anthropix_py\n{code}", values)
    error_in(batch.show(values["client"], ID), DecodeError, "it has no processing_status")
