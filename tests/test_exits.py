"""Secrets have no other exit than the door and the events: by reading the code, and by force."""

from __future__ import annotations

import ast
import inspect
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from samples import ID, KEY, a_batch, answer_of, request
from scripted import Repeating, Step, answer, chunk, close, counted, head

import anthropix_py
from anthropix_py import Client, Policy, _door, _events, batch, init, unwrap
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError, TransportError, UnknownOutcome

# By reading the code

PACKAGE = Path(anthropix_py.__file__).parent
# Names that open an exit, and the modules that may use them.
EXITS: dict[str, set[str]] = {
    "redacted": {"_door", "_events"},
    "outgoing": {"_door"},
    "getLogger": {"_events"},
    "warning": {"_events"},
    "debug": {"_events"},
    # interrupts pass the door; their notes say what the caller has sent, and nothing of a response
    "add_note": {"batch._create", "batch._wait", "job._runner"},
}
# The emulator, the command and the plugin are other programs; they get no key.
OTHER_PROGRAMS = ("emulator", "cli", "pytest_plugin", "__main__")


def uses(name: str) -> set[str]:
    """Return the modules that use *name*, apart from the one that defines it."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        used |= {node.name for node in nodes if isinstance(node, ast.alias)}
        if name in used and not module.startswith(OTHER_PROGRAMS):
            found.add(module)
    return found


@pytest.mark.parametrize(("name", "modules"), EXITS.items(), ids=EXITS)
def test_an_exit_is_used_in_its_module_alone(name: str, modules: set[str]) -> None:
    assert uses(name) == modules


def test_the_hook_is_called_in_events_alone() -> None:
    # a job only hands the hook of its caller on to the client
    handing_on = {"client", "_options", "job.__init__", "job._core", "job._session"}
    assert uses("on_event") - handing_on == {"_events"}


FUNCTIONS = [name for name in batch.__all__ if inspect.isfunction(getattr(batch, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_made_by_the_door(name: str) -> None:
    function = getattr(batch, name)
    assert next(iter(inspect.signature(function).parameters)) == "client"
    assert function.__code__ is _door.door(batch.show).__code__


STREAMS: dict[str, tuple[Callable[[Client], Any], object]] = {
    "list": (lambda one: batch.list(one, stream=True), {"data": [], "has_more": False}),
    "results": (lambda one: batch.results(one, ID, stream=True), b""),
}


def test_every_generator_is_made_by_stream() -> None:
    returned = {name: getattr(batch, name).__annotations__["return"] for name in FUNCTIONS}
    assert {name for name in FUNCTIONS if "Generator" in returned[name]} == STREAMS.keys()
    for function, body in STREAMS.values():
        given = init(
            KEY, transport=lambda *_, body=body: answer_of(200, body, {"content-length": "1"})
        )
        assert unwrap(function(given)).gi_code is _door._stream.__code__


# By force

# no part of it stands anywhere by chance
ECHOED = "k3Y9x7Qw2Vb8Nm4Lz6Tp1Rs5"
PAGE = f"<pre>x-api-key: {ECHOED}</pre>"
CHUNKED = head(200, {"transfer-encoding": "chunked"})


def error(**fields: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "t", "message": "m", **fields}, "request_id": "r"}


def misfit(value: object) -> bytes:
    """Return a response that is an error in itself, so that what else it has must leave with it."""
    return counted(b"x", 200, {"request-id": str(value)})


# Every place that a server controls.
PLACES: dict[str, Step | bytes] = {
    "status line": [f"HTTP/1.1 {ECHOED} OK\r\n\r\n".encode(), close],
    "reason": [f"HTTP/1.1 404 {ECHOED}\r\nx-{ECHOED}: 1\r\ncontent-length: 0\r\n\r\n".encode()],
    "protocol": [f"HTTP/{ECHOED} 200 OK\r\n\r\n".encode(), close],
    "not HTTP": [f"{ECHOED}\r\n\r\n".encode(), close],
    "header name": counted(b"", 400, {f"x-{ECHOED}": "1"}),
    "header value": counted(b"", 400, {"x-echo": f"Bearer {ECHOED}"}),
    "retry-after": counted(b"", 429, {"retry-after": ECHOED, "date": ECHOED}),
    "request id": counted(b"", 400, {"request-id": ECHOED}),
    "request id of what is not JSON": misfit(ECHOED),
    "request id of another object": answer({}, 200, {"request-id": ECHOED}),
    "request id in the body": answer({**error(), "request_id": ECHOED}, 400),
    "location": counted(b"", 307, {"location": f"https://h/?k={ECHOED}"}),
    "content-encoding": answer({}, 200, {"content-encoding": ECHOED}),
    "content-type": counted(b"x", 400, {"content-type": f"a/b; charset={ECHOED}"}),
    "size of a chunk": [CHUNKED, f"{ECHOED}\r\n".encode(), close],
    "error type": answer(error(type=ECHOED), 400),
    "error message": answer(error(message=f"bad {ECHOED}!"), 400),
    "error code": answer(error(details={"error_code": ECHOED}), 400),
    "error details": answer(error(details={ECHOED: [ECHOED]}), 404),
    "error of a busy server": answer(error(message=ECHOED), 529),
    "error without envelope": answer({"error": ECHOED}, 500),
    "error as a row with 200": answer(error(message=ECHOED)),
    "page with 200": counted(PAGE.encode()),
    "page with 500": counted(PAGE.encode(), 500),
    "list with 200": answer([ECHOED]),
    "list with 500": answer([[ECHOED]], 500),
    "escaped": counted(f'{{"message": "\\u006b{ECHOED[1:]}"}}'.encode(), 400),
    "key of an object": answer({ECHOED: 1}, 400),
    "cut JSON": counted(f'{{"message": "{ECHOED}'.encode(), 400),
    # against a fragment that no longer looks like the key
    "excerpt that ends in it": counted(b"x" * 185 + ECHOED.encode() * 2, 200),
    "message that ends in it": counted(b"x" * 185 + ECHOED.encode() * 2, 500),
    "body that breaks off in it": [counted(ECHOED.encode(), 500)[:-4], close],
    "row that breaks off in it": counted(f'{{"custom_id": "{ECHOED[:-3]}'.encode()),
    "chunk that breaks off in it": [CHUNKED, chunk(f"[{ECHOED[:-3]}".encode() * 9 + b"\n"), close],
    "row of another kind": counted(f'{{"custom_id": ["{ECHOED}"]}}\n'.encode()),
    "row with a doubled id": answer({"custom_id": ECHOED, "result": ECHOED}),
    "id of a batch": answer(a_batch(id=ECHOED)),
    "status of a batch": answer(a_batch(ECHOED)),
    "fields of a batch": answer(a_batch(archived_at=ECHOED, results_url=ECHOED, x=[{ECHOED: 1}])),
    "cursor of a page": answer({"data": [a_batch()], "has_more": True, "last_id": ECHOED}),
    "batch of a page": answer({"data": [{"id": [ECHOED]}], "has_more": False}),
}

UNKNOWN = UnknownOutcome(TransportError("closed", "x", sent=True), 2, 0.0)
CALLS: dict[str, Callable[[Client, str], Any]] = {
    "create": lambda one, _: batch.create(one, [request()]),
    "show": lambda one, _: batch.show(one, ID),
    "cancel": lambda one, _: batch.cancel(one, ID),
    "delete": lambda one, _: batch.delete(one, ID),
    "list": lambda one, _: batch.list(one, limit=1),
    "list as a stream": lambda one, _: batch.list(one, stream=True),
    "results": lambda one, _: batch.results(one, ID),
    "results of a dict": lambda one, _: batch.results(one, cast(Any, a_batch())),
    "results as a stream": lambda one, _: batch.results(one, a_batch("ended", 2), stream=True),
    "wait": lambda one, _: batch.wait(one, ID, timeout=30),
    "wait with a state": lambda one, _: batch.wait(one, cast(Any, a_batch()), timeout=0),
    "download": lambda one, path: batch.download(one, ID, path),
    "download of a dict": lambda one, path: batch.download(one, a_batch("ended", 2), path),
    "candidates": lambda one, _: batch.candidates(one, UNKNOWN),
}


def test_every_function_is_forced() -> None:
    assert {name.partition(" ")[0] for name in CALLS} == set(FUNCTIONS)


@pytest.fixture(scope="module")
def server() -> Iterator[Repeating]:
    server = Repeating()
    with server:
        yield server


def errors_of(result: tuple[str, Any]) -> list[BaseException]:
    """Return the error returned, or raised by the generator returned; none if all went well."""
    if result[0] == "error":
        return [result[1]]
    if inspect.isgenerator(result[1]):
        try:
            list(result[1])
        except AnthropixError as error:
            return [error]
    return []


def texts_of(error: BaseException | None) -> list[str]:
    """Return everything that can be read of an error and of those that it holds."""
    if error is None:
        return []
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # the frames of this file hold what the server was told to send
    texts = [repr(frame.f_locals) for frame in frames if frame.f_code.co_filename != __file__]
    texts += [str(error), repr(error), repr(error.args), repr(vars(error))]
    texts.append(pickle.dumps(error).decode("latin-1"))
    for held in (error.__cause__, error.__context__, getattr(error, "cause", None)):
        texts += texts_of(held)
    return texts


class Watch:
    """Makes calls of a server, and collects all that leaves of them, as texts by call."""

    def __init__(self, server: Repeating, folder: Path, log: pytest.LogCaptureFixture) -> None:
        self._server = server
        self._path = str(folder / "rows")
        self._log = log

    def calls(self, step: Step | bytes) -> dict[str, str]:
        """Return what leaves of each call while the server plays *step*."""
        self._server.step = [step] if isinstance(step, bytes) else step
        self._log.set_level(logging.DEBUG, "anthropix_py")
        return {name: self._call(CALLS[name]) for name in CALLS}

    def _call(self, call: Callable[[Client, str], Any]) -> str:
        self._log.clear()
        events: list[Any] = []
        policy = Policy(max_retries=1)
        options: dict[str, Any] = {"timeout": 5.0, "clock": ManualClock(), "retry": policy}
        one = init(ECHOED, base_url=self._server.url, on_event=events.append, **options)
        texts = [text for error in errors_of(call(one, self._path)) for text in texts_of(error)]
        texts.append(repr(events))
        for record in self._log.records:
            if record.name == "anthropix_py":
                texts += [record.getMessage(), repr(vars(record))]
        return "\n".join(texts)


@pytest.fixture
def watch(server: Repeating, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Watch:
    return Watch(server, tmp_path, caplog)


def shows_the_key(text: str) -> bool:
    """Whether 8 characters in a row of the key are in *text*, in capitals or not."""
    key, text = ECHOED.lower(), text.lower()
    return any(key[at : at + 8] in text for at in range(len(key) - 7))


@pytest.mark.parametrize("step", PLACES.values(), ids=PLACES)
def test_a_key_that_the_server_repeats_does_not_leave(watch: Watch, step: Step | bytes) -> None:
    left = watch.calls(step)
    assert [name for name, text in left.items() if shows_the_key(text)] == []


@pytest.mark.parametrize("step", PLACES.values(), ids=PLACES)
def test_unmasked_it_would_leave(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, step: Step | bytes
) -> None:
    # against rows of PLACES that prove nothing, because the key never got that far
    for module in (_door, _events):
        monkeypatch.setattr(module, "redacted", lambda value, secrets: value)
    assert any(shows_the_key(text) for text in watch.calls(step).values())
