"""Where connections go, and which of them are kept."""

from __future__ import annotations

import pytest
import urllib3.util.connection
from samples import ID, KEY

from anthropix_py import Policy, TransportError, batch, init
from anthropix_py._http import Route, _Pools

ADDRESSES: dict[str, tuple[str, int]] = {
    "http://127.0.0.1": ("127.0.0.1", 80),
    "https://127.0.0.1": ("127.0.0.1", 443),
    "http://localhost:8080": ("localhost", 8080),
    "http://localhost:8080/a/prefix": ("localhost", 8080),
    "http://LocalHost": ("localhost", 80),
    "https://api.test": ("api.test", 443),
    "https://api.test:8443/v0": ("api.test", 8443),
    "http://[::1]": ("::1", 80),
    "https://[::1]": ("::1", 443),
    "http://[::1]:81": ("::1", 81),
    "http://[2001:db8::1:2]": ("2001:db8::1:2", 80),
    "https://[2001:db8::1:443]": ("2001:db8::1:443", 443),
    "http://[2001:db8::1:beef]": ("2001:db8::1:beef", 80),
    "http://bücher.test": ("xn--bcher-kva.test", 80),
}


@pytest.mark.parametrize(("base", "address"), ADDRESSES.items(), ids=ADDRESSES)
def test_connections_go_where_the_base_url_says(
    monkeypatch: pytest.MonkeyPatch, base: str, address: tuple[str, int]
) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(to: tuple[str, int], *_: object, **__: object) -> None:
        asked.append(to)
        raise ConnectionRefusedError

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", refuse)
    tag, error = batch.show(init(KEY, base_url=base, retry=Policy(max_retries=0)), ID)
    assert tag == "error"
    assert isinstance(error, TransportError)
    assert (error.reason, error.sent) == ("connect", False)
    assert asked == [address]


def route(number: int) -> Route:
    return Route(f"http://127.0.0.1:{number}", None, None, None)


def test_the_route_that_was_not_used_for_longest_is_let_go() -> None:
    pools = _Pools()
    kept = pools.get(route(1))
    second = pools.get(route(2))
    for number in range(3, 100):
        pools.get(route(number))
        assert pools.get(route(1)) is kept
    assert len(pools._pools) == 32
    assert pools.get(route(2)) is not second
    assert pools.get(route(99)) is pools.get(route(99))
