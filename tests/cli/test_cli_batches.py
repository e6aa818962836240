"""Commands on single batches: what they print, where, and their exit codes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_runs import HOST, SERVER, Desk, error_lines, fits, written
from samples import table

from anthropix_py import TransportError, batch, emulator, init, unwrap
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.cli._client import EMULATED
from anthropix_py.emulator import Fault

ENDED: dict[str, Any] = {"takes": 0}
RUNNING: dict[str, Any] = {"takes": 3600, "cancel_takes": 5}


def made(desk: Desk, tmp_path: Path, count: int = 5) -> str:
    """Return the id of a batch that the command creates."""
    done = desk.run("create", written(tmp_path / "requests.jsonl", count))
    assert done.exit_code == 0, done.stderr
    return str(json.loads(done.stdout)["id"])


# create


def test_create_prints_the_batch_and_names_the_server(tmp_path: Path) -> None:
    desk = Desk(**RUNNING)
    done = desk.run("create", written(tmp_path / "requests.jsonl"))
    assert (done.exit_code, done.stderr) == (0, f"{SERVER}\n")
    [created] = map(json.loads, done.stdout.splitlines())
    assert created["request_counts"]["processing"] == 5
    assert created["id"] in {one.id for one in desk.store.newest_first()}


def gzipped(path: Path) -> str:
    path.write_bytes(gzip.compress(Path(written(path)).read_bytes()))
    return str(path)


@table("prepared", {"gzip": gzipped, "stdin": lambda path: "-", "blank lines": None})
def test_create_reads(tmp_path: Path, prepared: Callable[[Path], str] | None) -> None:
    path, text = tmp_path / "requests", Path(written(tmp_path / "r")).read_text()
    if prepared is None:
        path.write_text(f"\n{text}\n \n")
        name = str(path)
    else:
        name = prepared(path)
    done = Desk().run("create", name, input=text)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["request_counts"]["succeeded"] == 0


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "not JSON": (b'{"custom_id": "a"', "line 1: not JSON"),
    "the second line": (b'{"custom_id": "a", "params": {}}\n{', "line 2: not JSON"),
    "a list": (b"[]", "line 1: not an object"),
    "a number": (b"1", "line 1: not an object"),
    "not UTF-8": (b"\xff\xfe", "line 1: not JSON"),
    "half of gzip": (gzip.compress(b"{}" * 999)[:20], "compressed data is damaged"),
    "gzip of nothing sensible": (b"\x1f\x8bnot at all", "compressed data is damaged"),
    "no requests": (b"", "requests"),
    "a bad id": (b'{"custom_id": "a b", "params": {"model": "m"}}', "custom_id"),
    "an id twice": (b'{"custom_id": "a", "params": {}}\n' * 2, '"a"'),
}


@table("content, part", BAD_FILES)
def test_a_bad_file_is_wrong_use_and_nothing_is_sent(
    tmp_path: Path, content: bytes, part: str
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(content)
    desk = Desk()
    done = desk.run("create", str(path))
    assert (done.exit_code, done.stdout) == (2, "")
    lines = error_lines(done)
    assert lines[0].startswith("Error: ")
    assert part.strip('"') in done.stderr
    assert desk.store.newest_first() == []


NOT_FILES: dict[str, tuple[str, str | None]] = {
    "no file": ("nothing.jsonl", "any-key"),
    # the file is looked at first
    "no file and no key": ("nothing.jsonl", None),
    "a folder": (".", "any-key"),
}


@table("name, key", NOT_FILES)
def test_what_is_not_a_file_is_one_line_and_the_next_step(
    tmp_path: Path, name: str, key: str | None
) -> None:
    done = Desk().run("create", str(tmp_path / name), ANTHROPIC_API_KEY=key)
    assert done.exit_code == 2
    assert [line.partition(": ")[0] for line in error_lines(done)] == ["Error", "Next"]


def test_a_lost_response_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    # against a script that takes it for a failure that is safe to repeat
    desk = Desk(faults=[Fault("create", "lose")])
    done = desk.run("create", written(tmp_path / "r.jsonl"))
    assert (done.exit_code, done.stdout) == (6, "")
    assert "may have been created" in done.stderr
    assert "Next: look with anthropix list" in done.stderr
    assert "candidates" not in done.stderr
    assert len(desk.store.newest_first()) == 1


def interrupting(call: str, *, sent: bool) -> Callable[[Any], Any]:
    """Return a maker of transports that interrupt a call, before or after it is carried out."""

    def make(inner: Any) -> Any:
        def send(request: Request, timeout: Timeout) -> Response:
            if request.method == call:
                if sent:
                    for _ in request.body or ():
                        pass
                raise KeyboardInterrupt
            found: Response = inner(request, timeout)
            return found

        return send

    return make


@table("sent, code", {"before anything was sent": (False, 130), "after": (True, 6)})
def test_ctrl_c_during_a_create(tmp_path: Path, sent: bool, code: int) -> None:
    desk = Desk()
    make = interrupting("POST", sent=sent)
    desk.surroundings = desk.surroundings._replace(transport=make(desk.surroundings.transport))
    done = desk.run("create", written(tmp_path / "r.jsonl"))
    assert done.exit_code == code, done.stderr
    assert ("may exist" in done.stderr) is sent


# the server


def test_the_emulator_is_recognized_by_its_organization() -> None:
    store = emulator.Store()
    seen: list[Response] = []
    inner = emulator.transport(store)

    def watched(request: Request, timeout: Timeout) -> Response:
        seen.append(inner(request, timeout))
        return seen[-1]

    unwrap(batch.list(init("any-key", transport=watched)))
    assert seen[0].headers["anthropic-organization-id"] == EMULATED


KEYS = {
    "usual": ("sk-ant-api03-0123456789abcd", "key …abcd"),
    "of 12 characters": ("abcdefghijkl", "key …ijkl"),
    # against a short key of which most is shown
    "of 11 characters": ("abcdefghijk", "a key of 11 characters"),
}


@table("key, shown", KEYS)
def test_the_key_is_shown_by_its_end_alone(key: str, shown: str) -> None:
    done = Desk().run("list", ANTHROPIC_API_KEY=key)
    assert done.stderr == f"{HOST} (emulator) · {shown}\n"


def test_the_key_never_leaves_through_debug_or_json(tmp_path: Path) -> None:
    done = Desk(api_keys=["another"]).run("list", "--debug")
    assert "the-key-of-these-tests" not in done.output
    assert "request" in done.stderr


def test_anthropics_own_server_is_not_asked_who_it_is() -> None:
    calls: list[str] = []
    desk = Desk()
    inner = desk.surroundings.transport
    assert inner is not None

    def counted(request: Request, timeout: Timeout) -> Response:
        calls.append(request.url)
        assert inner is not None
        return inner(request, timeout)

    desk.surroundings = desk.surroundings._replace(transport=counted)
    done = desk.run("list", ANTHROPIC_BASE_URL="https://api.anthropic.com")
    assert (done.exit_code, done.stderr) == (0, "api.anthropic.com · key …wxyz\n")
    assert len(calls) == 1


# list


def test_list_is_json_lines_newest_first(tmp_path: Path) -> None:
    desk = Desk(**RUNNING)
    ids = [made(desk, tmp_path) for _ in range(3)]
    done = desk.run("list")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ids[::-1]


LISTS: dict[str, tuple[list[str], list[int]]] = {
    "limit": (["--limit=2"], [4, 3]),
    "all": (["--all"], [4, 3, 2, 1, 0]),
    "after": (["--after", "3"], [2, 1, 0]),
    "before": (["--before", "3"], [4]),
    "more than there are": (["-n", "9999"], [4, 3, 2, 1, 0]),
}


@table("arguments, expected", LISTS)
def test_list_takes(tmp_path: Path, arguments: list[str], expected: list[int]) -> None:
    desk = Desk()
    ids = [made(desk, tmp_path) for _ in range(5)]
    known = [dict(zip("01234", ids)).get(word, word) for word in arguments]
    done = desk.run("list", *known)
    found = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert found == [ids[index] for index in expected]


@table("columns", {"wide": "120", "40 columns": "40", "nothing at all": "1"})
def test_list_as_a_table_fits_the_terminal(tmp_path: Path, columns: str) -> None:
    desk = Desk()
    ids = [made(desk, tmp_path) for _ in range(2)]
    done = desk.run("list", "--table", COLUMNS=columns)
    lines = done.stdout.splitlines()
    assert all(len(line) <= max(int(columns), 33) for line in lines)
    assert all(id in done.stdout for id in ids)


def test_an_empty_list_is_empty() -> None:
    assert Desk().run("list").stdout == ""


class Changing:
    """A clock on which batches go on, and that ends the command with Ctrl-C after some waits."""

    def __init__(self, desk: Desk, waits: int) -> None:
        self._desk = desk
        self._left = waits

    def now(self) -> float:
        return self._desk.clock.now()

    def monotonic(self) -> float:
        return self._desk.clock.monotonic()

    def random(self) -> float:
        return 0.5

    def sleep(self, seconds: float) -> None:
        self._desk.clock.advance(seconds)
        self._left -= 1
        if self._left <= 0:
            raise KeyboardInterrupt


def test_list_watch_prints_each_change_until_ctrl_c(tmp_path: Path) -> None:
    desk = Desk(takes=25)
    made(desk, tmp_path)
    desk.surroundings = desk.surroundings._replace(clock=Changing(desk, 60))
    done = desk.run("list", "--watch", "--interval", "10")
    states = [json.loads(line)["processing_status"] for line in done.stdout.splitlines()]
    assert (done.exit_code, states) == (130, ["in_progress", "ended"])


# show, cancel, delete


@table("command", {"show": ["show"], "cancel": ["cancel"], "delete": ["delete", "--yes"]})
@table("form", {"json": [], "forced": ["--json"], "table": ["--table"]})
def test_commands_on_one_batch(tmp_path: Path, command: list[str], form: list[str]) -> None:
    desk = Desk(takes=3600 * (command[0] != "delete"))
    id = made(desk, tmp_path)
    done = desk.run(*command, id, *form)
    assert done.exit_code == 0, done.stderr
    assert id in done.stdout + done.stderr
    if not form:
        fits(done.stdout)


REFUSED: dict[str, tuple[list[str], int, str]] = {
    "an unknown batch": (["show", "msgbatch_unknown"], 1, "Next: anthropix list"),
    "an id that is a path": (["show", "../x"], 2, "Next: anthropix list"),
    "an empty id": (["show", ""], 2, "Next: anthropix list"),
    "cancel without an id": (["cancel"], 2, "Next: anthropix list"),
    "cancel with both": (["cancel", "x", "--job", "y"], 2, "Next: anthropix list"),
    "delete without consent": (["delete", "ID"], 2, "Next: add --yes"),
    "delete while it runs": (["delete", "ID", "--yes"], 2, "canceling the batch instead"),
    "results before the end": (["results", "ID"], 5, "Next: wait for its end"),
    "both directions": (["list", "--after", "a", "--before", "b"], 2, "exclude"),
    "a wrong address": (["list", "--base-url", "ftp://x"], 2, "base_url"),
    "a missing bundle": (["list", "--ca-bundle", ""], 2, "ca_bundle"),
}


@table("arguments, code, part", REFUSED)
@table("form", {"text": [], "json": ["--json"]})
def test_refusals_are_one_line_and_a_code(
    tmp_path: Path, arguments: list[str], code: int, part: str, form: list[str]
) -> None:
    desk = Desk(**RUNNING)
    id = made(desk, tmp_path)
    done = desk.run(*[{"ID": id}.get(word, word) for word in arguments], *form)
    assert done.exit_code == code, done.stderr
    assert part in done.stderr.replace('"next":"', "Next: ")
    if form:
        [error] = fits(done.stderr)
        assert (error["event"], error["exit"]) == ("error", code)
    else:
        lines = error_lines(done)
        assert lines[0].startswith("Error: ")
        assert len(lines) <= 2


# results


def test_results_are_rows_on_stdout(tmp_path: Path) -> None:
    desk = Desk(**ENDED)
    id = made(desk, tmp_path)
    done = desk.run("results", id)
    rows = fits(done.stdout)
    assert {row["custom_id"] for row in rows} == {f"id-{index}" for index in range(5)}


def test_results_go_to_a_file_once(tmp_path: Path) -> None:
    desk = Desk(**ENDED)
    id = made(desk, tmp_path)
    path = tmp_path / "rows.jsonl"
    for _ in range(2):
        done = desk.run("results", id, "-o", str(path))
        assert (done.exit_code, done.stdout) == (0, "")
        assert len(path.read_text().splitlines()) == 5
    path.write_text("something else\n")
    done = desk.run("results", id, "-o", str(path))
    assert done.exit_code == 1
    assert path.read_text() == "something else\n"
    assert desk.run("results", id, "-o", str(path), "--replace").exit_code == 0


# wait


def test_wait_prints_the_ended_batch_and_each_change(tmp_path: Path) -> None:
    desk = Desk(takes=65)
    id = made(desk, tmp_path)
    done = desk.run("wait", id)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["processing_status"] == "ended"
    lines = error_lines(done)
    assert [line.split()[2] for line in lines] == ["in_progress", "ended"]


def test_a_silent_wait_has_a_heartbeat_every_ten_minutes(tmp_path: Path) -> None:
    # against schedulers that kill what says nothing
    desk = Desk(takes=3600)
    id = made(desk, tmp_path)
    lines = error_lines(desk.run("wait", id))
    beats = [line for line in lines if "next poll in" in line]
    assert 5 <= len(beats) <= 6
    assert "waited 10 min" in beats[0]


def test_wait_as_events_ends_with_a_summary(tmp_path: Path) -> None:
    desk = Desk(takes=65)
    id = made(desk, tmp_path)
    done = desk.run("wait", id, "--json")
    events = fits(done.stdout)
    assert [one["event"] for one in events] == ["batch", "batch", "summary"]
    assert (events[-1]["exit"], events[-1]["batch"]["id"], done.stderr) == (0, id, "")


@table("seconds", {"none at all": "0", "some": "30"})
def test_a_timeout_is_unfinished_and_names_the_state(tmp_path: Path, seconds: str) -> None:
    desk = Desk(takes=3600)
    id = made(desk, tmp_path)
    done = desk.run("wait", id, "--timeout", seconds)
    assert (done.exit_code, done.stdout) == (5, "")
    assert "in_progress" in done.stderr
    assert "Next: run the same command again" in done.stderr
    [*_, summary] = fits(desk.run("wait", id, "--timeout", seconds, "--json").stdout)
    assert (summary["exit"], summary["error"]["code"]) == (5, "wait_timeout")


def test_an_interrupted_wait_says_how_to_continue(tmp_path: Path) -> None:
    desk = Desk(takes=3600)
    id = made(desk, tmp_path)
    desk.surroundings = desk.surroundings._replace(clock=Changing(desk, 3))
    done = desk.run("wait", id, "--interval", "7")
    assert done.exit_code == 130
    again = f"anthropix wait {id} --interval 7"
    assert done.stderr.endswith(f"Batch {id} goes on at the server. Continue:  {again}\n")
    desk.surroundings = desk.surroundings._replace(clock=Changing(desk, 3))
    [*_, summary] = fits(desk.run("wait", id, "--json").stdout)
    assert (summary["exit"], summary["error"]["code"]) == (130, "interrupted")
    assert summary["error"]["next"] == f"anthropix wait {id} --json"


# errors of the world


def broken(reason: str) -> Callable[[Request, Timeout], Response]:
    def send(request: Request, timeout: Timeout) -> Response:
        raise TransportError(reason, "it broke", sent=False)  # type: ignore[arg-type]

    return send


WORLD: dict[str, tuple[dict[str, Any], dict[str, str | None], int, str]] = {
    "no key": ({}, {"ANTHROPIC_API_KEY": None}, 4, "Next: export ANTHROPIC_API_KEY="),
    "an empty key": ({}, {"ANTHROPIC_API_KEY": ""}, 4, "Next: export ANTHROPIC_API_KEY="),
    "a key with a newline": ({}, {"ANTHROPIC_API_KEY": "a\nb"}, 2, "api_key has"),
    "a wrong key": ({"api_keys": ["other"]}, {}, 4, "Next: check ANTHROPIC_API_KEY"),
    "a closed port": ({"transport": broken("connect")}, {}, 1, "Next: check the network"),
    "a bad certificate": ({"transport": broken("tls")}, {}, 1, "--ca-bundle"),
    "silence": ({"transport": broken("timeout")}, {}, 1, "Next: run the same command"),
    "busy": ({"faults": [Fault("list", "status", 529, times=None)]}, {}, 1, "in some minutes"),
    "forbidden": ({"faults": [Fault("list", "status", 403)]}, {}, 4, "a workspace that permits"),
    "a page of a proxy": (
        {"faults": [Fault("list", "status", 403, body=b"<html>", times=None)]},
        {},
        4,
        "Next: ",
    ),
}


@table("options, variables, code, part", WORLD)
def test_trouble_is_one_line_with_the_next_step(
    options: dict[str, Any], variables: dict[str, str | None], code: int, part: str
) -> None:
    done = Desk(**options).run("list", **variables)
    assert (done.exit_code, done.stdout) == (code, ""), done.stderr
    lines = [line for line in error_lines(done) if not line.startswith("Warning")]
    assert lines[0].startswith("Error: ")
    assert len(lines) <= 2
    assert part in done.stderr
    [*_, error] = fits(Desk(**options).run("list", "--json", **variables).stderr)
    assert error["exit"] == code
    assert error["code"]


def test_quiet_prints_errors_and_data_alone(tmp_path: Path) -> None:
    desk = Desk(takes=65)
    id = made(desk, tmp_path)
    done = desk.run("wait", id, "-q")
    assert (done.stderr, json.loads(done.stdout)["id"]) == ("", id)
    assert desk.run("show", "msgbatch_unknown", "-q").stderr.startswith("Error: ")


def test_what_a_server_says_cannot_control_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    # against a page that clears the screen
    store = emulator.Store()
    inner = emulator.transport(store)

    def send(request: Request, timeout: Timeout) -> Response:
        found = inner(request, timeout)
        body = json.dumps({"type": "error", "error": {"type": "t", "message": "\x1b[2Jgone\x07"}})
        return found._replace(status=400, headers={}, chunks=iter((body.encode(),)))

    done = Desk(transport=send).run("list")
    assert "gone" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr
