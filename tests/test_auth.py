"""`auth`: asked for every attempt, checked, and its headers are secrets wherever they come back."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import logging
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from samples import ID, KEY, PATH, a_batch, answer_of, error_body, error_in, request, row
from scripted import ScriptedTransport

from anthropix_py import (
    APIError,
    AuthError,
    Client,
    DecodeError,
    IncompleteResults,
    MissingCredentials,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    init,
    unwrap,
    with_options,
)
from anthropix_py._wire import Request, Response
from anthropix_py.emulator import ManualClock

OWN = {"request-id": "req_1"}


class Lender:
    """An auth that lends another token each time, and keeps the requests that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> dict[str, str]:
        self.asked.append(request)
        return {"Authorization": f"Bearer lent-token-{len(self.asked):04}"}


def refused(status: int, text: str = "no", **headers: str) -> Callable[[], Response]:
    return lambda: answer_of(status, error_body(message=text), {**OWN, **headers})


def good(value: object = None) -> Response:
    return answer_of(200, a_batch() if value is None else value, OWN)


def client(steps: ScriptedTransport, auth: Any, **options: Any) -> Client:
    return init(auth=auth, transport=steps, clock=steps.clock, **options)


# When it is asked

# (steps, retries that the policy allows, status of the error, seconds waited)
ATTEMPTS: dict[str, tuple[list[Callable[[], Any]], int, int | None, list[float]]] = {
    "once": ([good], 2, None, []),
    "for every attempt": ([refused(429), refused(503), good], 2, None, [0.4375, 0.875]),
    "again, at once, after a 401": ([refused(401), good], 0, None, []),
    "once after a 401, not twice": ([refused(401), refused(401)], 2, 401, []),
    # the attempt after a 401 is not counted
    "a 401 between retries": (
        [refused(429), refused(401), refused(429), good],
        2,
        None,
        [0.4375, 0.875],
    ),
    "a 401 that asks for a retry": (
        [refused(401), refused(401, **{"x-should-retry": "true"}), good],
        1,
        None,
        [0.4375],
    ),
    "not after a 403": ([refused(403)], 2, 403, []),
}
CALLS: dict[str, Callable[[Client], Any]] = {
    "show": lambda one: batch.show(one, ID),
    "create": lambda one: batch.create(one, [request("a"), request("b")]),
    "cancel": lambda one: batch.cancel(one, ID),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("steps", "retries", "status", "waited"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_when_auth_is_asked(
    steps: list[Callable[[], Any]],
    retries: int,
    status: int | None,
    waited: list[float],
    call: Callable[[Client], Any],
) -> None:
    played, auth = ScriptedTransport(*steps), Lender()
    result = call(client(played, auth, retry=Policy(retries)))
    if status is None:
        unwrap(result)
    else:
        assert error_in(result, APIError).status == status
    sent = [one.headers["authorization"] for one in played.requests]
    assert sent == [f"Bearer lent-token-{number:04}" for number in range(1, len(steps) + 1)]
    assert played.clock.sleeps == waited


def test_a_key_that_is_refused_is_not_sent_again() -> None:
    played = ScriptedTransport(refused(401))
    error_in(batch.show(played.client(), ID), APIError, "401")


def test_a_create_is_not_sent_again_if_a_401_follows_a_doubt() -> None:
    lost = TransportError("closed", "gone", sent=True)
    played = ScriptedTransport(lambda: lost)
    error_in(batch.create(client(played, Lender()), [request()]), UnknownOutcome)


def test_results_that_break_off_are_asked_for_with_another_token() -> None:
    rows = [json.dumps(row(id)).encode() + b"\n" for id in "ab"]
    steps = [refused(401), lambda: answer_of(200, rows[0], OWN), refused(401)]
    played = ScriptedTransport(*steps, lambda: answer_of(200, b"".join(rows), OWN))
    ended = a_batch("ended", 2)
    assert len(unwrap(batch.results(client(played, Lender()), ended))) == 2
    assert played.requests[-1].headers["authorization"] == "Bearer lent-token-0004"


def test_events_of_another_token() -> None:
    events: list[dict[str, Any]] = []
    played = ScriptedTransport(refused(401), good)
    unwrap(batch.show(client(played, Lender(), on_event=events.append), ID))
    assert [event["event"] for event in events] == [
        "request",
        "response",
        "retry",
        *("request", "response"),
    ]
    assert (events[2]["delay"], events[2]["reason"]) == (0.0, "401")
    assert {event["attempt"] for event in events} == {0}


# What it gets


def test_auth_gets_the_request_as_it_is_sent() -> None:
    digests: list[str] = []

    def sign(asked: Request) -> dict[str, str]:
        assert asked.body is not None
        content = b"".join(asked.body)
        assert asked.body.length == len(content) == int(asked.headers["content-length"])
        digests.append(hashlib.sha256(content).hexdigest())
        assert (asked.method, asked.url) == (
            "POST",
            "https://gw.test/a/v1/messages/batches?t=1%262",
        )
        assert asked.headers["x-team"] == "evals"
        assert "authorization" not in asked.headers
        return {"X-Signature": digests[-1], "User-Agent": "signed"}

    sent: list[bytes] = []

    def transport(given: Request, timeout: object) -> Response:
        sent.append(b"".join(given.body or ()))
        assert given.headers["x-signature"] == hashlib.sha256(sent[-1]).hexdigest()
        assert (given.headers["user-agent"], given.headers["x-team"]) == ("signed", "evals")
        return refused(429)() if len(sent) == 1 else good()

    options: dict[str, Any] = {"headers": {"x-team": "evals"}, "query": {"t": "1&2"}}
    one = init(
        auth=sign,
        base_url="https://gw.test/a",
        transport=transport,
        clock=ManualClock(),
        **options,
    )
    unwrap(batch.create(one, [request("a"), request("b")]))
    assert len(digests) == len(sent) == 2


def test_a_body_that_auth_has_read_was_not_sent() -> None:
    def interrupted(asked: Request) -> dict[str, str]:
        for _ in asked.body or ():
            raise KeyboardInterrupt
        return {}

    played = ScriptedTransport()
    with pytest.raises(KeyboardInterrupt) as caught:
        batch.create(client(played, interrupted), [request()])
    assert not hasattr(caught.value, "__notes__")


# What is wrong with it

TOKEN = "never-shown-0123456789"


def raising(error: BaseException) -> Callable[[Request], Mapping[str, str]]:
    def auth(asked: Request) -> Mapping[str, str]:
        raise error

    return auth


# (auth, words of the error)
FAILURES: dict[str, tuple[Callable[[Request], Any], str]] = {
    "it fails": (raising(OSError("no route to the vault")), "OSError: no route to the vault"),
    # against a doubt: an error of ours that it raises is not about our request
    "an error of ours": (
        raising(TransportError("closed", "gone", sent=True)),
        "TransportError: closed: gone",
    ),
    "stop of an iteration": (lambda asked: next(iter(())), "StopIteration"),
    "nothing": (lambda asked: None, "must be a mapping of headers, not NoneType"),
    "a token alone": (lambda asked: TOKEN, "must be a mapping of headers, not str"),
    "pairs": (lambda asked: [("a", TOKEN)], "must be a mapping of headers, not list"),
    # against a key in a message
    "the wrong way round": (lambda asked: {f"Bearer {TOKEN}": "x"}, "header 1 of those that auth"),
    "a name that is bytes": (lambda asked: {"a": "b", b"c": TOKEN}, "header 2 of those that auth"),
    "bytes": (lambda asked: {"a": TOKEN.encode()}, "must be a string, not bytes"),
    "no value": (lambda asked: {"a": None}, "must be a string, not NoneType"),
    # against a header that is smuggled in
    "a newline": (lambda asked: {"a": f"{TOKEN}\nx: y"}, r"has '\n' at position 22"),
    "another script": (lambda asked: {"a": f"{TOKEN}\u2603"}, "at position 22"),
    "a length": (lambda asked: {"Content-Length": "1"}, "content-length, which is set by the tra"),
    "a host": (lambda asked: {"host": "elsewhere.test"}, "host, which is set by the transport"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("auth", "words"), FAILURES.values(), ids=FAILURES)
def test_a_failure_of_auth_is_an_error_of_its_own(
    auth: Callable[[Request], Any], words: str, call: Callable[[Client], Any]
) -> None:
    played = ScriptedTransport()
    error = error_in(call(client(played, auth)), AuthError, words)
    assert "(nothing was sent)" in str(error)
    assert TOKEN not in repr(error)
    assert (played.requests, played.clock.sleeps) == ([], [])
    assert error.__context__ is None
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_failure_of_auth_after_a_refusal_leaves_no_doubt() -> None:
    lent = iter([{"authorization": "Bearer x"}])
    played = ScriptedTransport(refused(429))
    error_in(batch.create(client(played, lambda asked: next(lent)), [request()]), AuthError)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_auth_passes(kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        batch.show(client(ScriptedTransport(), raising(kind())), ID)


# Its headers are secrets

# what a server answers that repeats what it was sent
ECHOES: dict[str, Callable[[str], Response]] = {
    "an error": lambda text: answer_of(400, error_body(message=text), OWN),
    "a header": lambda text: answer_of(400, b"", {"x-echo": text, "request-id": text}),
    "a page": lambda text: answer_of(200, f"<pre>{text}</pre>".encode(), OWN),
    "a refusal": lambda text: answer_of(503, error_body(message=text), OWN),
}
EVERY: dict[str, Callable[[Client], Any]] = {
    **CALLS,
    "list": lambda one: batch.list(one),
    "delete": lambda one: batch.delete(one, ID),
    "results": lambda one: batch.results(one, a_batch("ended", 1)),
    "wait": lambda one: batch.wait(one, ID, timeout=60),
}


@pytest.mark.parametrize("call", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_what_a_server_repeats_is_masked(
    caplog: pytest.LogCaptureFixture,
    echo: Callable[[str], Response],
    call: Callable[[Client], Any],
) -> None:
    caplog.set_level(logging.DEBUG, "anthropix_py")
    events: list[dict[str, Any]] = []
    sent: list[str] = []

    def transport(asked: Request, timeout: object) -> Response:
        sent.append("".join(map(chr, asked.headers["authorization"].encode())))
        # all that were sent so far: an error may be about an earlier attempt
        return echo(" ".join(sent[-3:]))

    given = init(auth=Lender(), transport=transport, clock=ManualClock(), on_event=events.append)
    tag, error = call(given)
    assert tag == "error"
    shown = f"{error!r} {error} {vars(error)} {events} {caplog.text}"
    assert "lent-tok" not in shown
    assert "***" in shown


def test_an_error_of_a_later_row_is_masked_too() -> None:
    def transport(asked: Request, timeout: object) -> Response:
        token = asked.headers["authorization"].encode()
        lines = [json.dumps(row("a")).encode(), b'{"custom_id": "b", "x": "' + token + b'"}', b""]
        return answer_of(200, b"\n".join(lines), OWN)

    given = init(auth=Lender(), transport=transport, retry=Policy(0), clock=ManualClock())
    stream = unwrap(batch.results(given, a_batch("ended", 2), stream=True))
    next(stream)
    with pytest.raises((DecodeError, IncompleteResults)) as caught:
        list(stream)
    assert "lent-tok" not in f"{caught.value!r} {vars(caught.value)}"
    assert "***" in repr(caught.value)


def test_names_in_a_signature_are_not_masked() -> None:
    words = "AWS4-HMAC-SHA256 Credential=AKIA-0123456789/x, SignedHeaders=content-type;host, "
    signed = {"authorization": f"{words}Signature=0123456789abcdef"}

    def transport(asked: Request, timeout: object) -> Response:
        text = asked.headers["authorization"].encode().decode()
        return answer_of(400, error_body(message=text), {**OWN, "content-type": "text/json"})

    given = init(auth=lambda asked: signed, transport=transport, clock=ManualClock())
    error = error_in(batch.show(given, ID), APIError, "SignedHeaders=content-type;host")
    assert error.headers["content-type"] == "text/json"
    assert "AKIA" not in repr(error)
    assert "89abcdef" not in repr(error)


def test_what_is_remembered_does_not_grow() -> None:
    sizes: list[int] = []
    clients: list[Client] = []

    def remember(event: dict[str, Any]) -> None:
        sizes.append(len(clients[0].secrets))

    def auth(asked: Request) -> dict[str, str]:
        return {"authorization": f"Bearer {next(numbers):012}"}

    numbers = itertools.count()
    played = ScriptedTransport(*[good] * 200, lambda: good(a_batch("ended", 1)))
    clients.append(client(played, auth, on_event=remember))
    unwrap(batch.wait(clients[0], ID))
    # a call remembers for itself alone, and only its latest requests
    assert set(sizes) == {0}
    hook = clients[0].auth
    assert hook is not None
    for _ in range(100):
        hook.begin()
        hook.headers(Request("GET", "https://h/x", {}))
    assert len(hook.secrets) == 4


# The client that holds it


def lend(asked: Request) -> dict[str, str]:
    return {"authorization": "Bearer x"}


def test_a_client_compares_hashes_and_pickles_by_its_auth() -> None:
    one = init(auth=lend)
    assert one == init(auth=lend)
    assert one != init(auth=Lender())
    assert one.auth == lend
    assert len({one, init(auth=lend), init(KEY)}) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(init(auth=lambda asked: {}))


def test_a_client_does_not_show_the_parts_of_its_auth() -> None:
    def signing(key: str, asked: Request) -> dict[str, str]:
        return {}

    one = init(auth=functools.partial(signing, KEY))
    assert KEY not in f"{one} {one._asdict()} {one.auth} {vars(type(one.auth))}"
    with pytest.raises(TypeError):
        json.dumps(one, default=vars)


def test_auth_needs_no_other_credential_and_reads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    one = init(auth=lend)
    assert (one.api_key, one.auth_token) == (None, None)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    assert init(auth=lend) == one
    with pytest.raises(MissingCredentials):
        init(auth=None)


# (client, changes, the credentials of the changed copy)
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[object, object, object]]] = {
    "auth for a key": ({"api_key": KEY}, {"auth": lend}, (None, None, lend)),
    "a key for auth": ({"auth": lend}, {"api_key": KEY}, (KEY, None, None)),
    "a token for auth": ({"auth": lend}, {"auth_token": KEY}, (None, KEY, None)),
    "another auth": ({"auth": Lender()}, {"auth": lend}, (None, None, lend)),
    "that of a client": ({"api_key": KEY}, {"auth": init(auth=lend).auth}, (None, None, lend)),
    "the key of a client": ({"auth": lend}, {"api_key": init(KEY).api_key}, (KEY, None, None)),
    "nothing about it": ({"auth": lend}, {"timeout": 5}, (None, None, lend)),
    "auth, and no key": ({"api_key": KEY}, {"auth": lend, "api_key": None}, (None, None, lend)),
}


@pytest.mark.parametrize(("given", "changes", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_credential_replaces_another(
    given: dict[str, Any], changes: dict[str, Any], expected: tuple[object, object, object]
) -> None:
    changed = with_options(init(**given), **changes)
    assert (changed.api_key, changed.auth_token, changed.auth) == expected


def test_a_client_keeps_its_auth_or_gets_another_credential() -> None:
    with pytest.raises(ValueError, match="a client needs api_key or auth_token, or auth"):
        with_options(init(auth=lend), auth=None)  # type: ignore[arg-type]


# Headers of one call


def test_headers_of_one_call() -> None:
    played = ScriptedTransport(good, good, good)
    one = played.client(headers={"anthropic-workspace-id": "wrkspc_1"})
    unwrap(batch.show(one, ID))
    other = with_options(one, headers={"Anthropic-Workspace-Id": "wrkspc_2"})
    unwrap(batch.show(other, ID))
    profile = with_options(one, headers={"anthropic-user-profile-id": "uprof_1"})
    unwrap(batch.create(profile, [request("a"), request("b")]))
    names = ("anthropic-workspace-id", "anthropic-user-profile-id")
    sent = [tuple(map(asked.headers.get, names)) for asked in played.requests]
    assert sent == [("wrkspc_1", None), ("wrkspc_2", None), ("wrkspc_1", "uprof_1")]


def test_a_base_url_with_a_path() -> None:
    played = ScriptedTransport(good)
    unwrap(batch.show(client(played, lend, base_url="https://gw.test/v1beta/anthropic/"), ID))
    assert played.calls == [f"GET /v1beta/anthropic{PATH}"]
