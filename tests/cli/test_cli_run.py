"""`anthropix run`, `status` and `cancel --job`: plans, progress, resumption, summaries."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import samples
from cli_runs import HOST, ROOT, Desk, error_lines, fits, written
from samples import table
from test_cli_batches import Changing

from anthropix_py import init, job
from anthropix_py.cli import _errors, _plan
from anthropix_py.emulator import Fault
from anthropix_py.job._load import Sizes
from anthropix_py.limits import Limits


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a file of 50 requests in the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "r.jsonl", 50)
    return "r.jsonl"


def rows(path: str = "out.jsonl") -> list[Any]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def ids(path: str = "out.jsonl") -> list[str]:
    return [row["custom_id"] for row in rows(path)]


ALL = [f"id-{number}" for number in range(50)]


def interrupted(desk: Desk, waits: int) -> None:
    """Let the next command be interrupted in its so-many-th wait."""
    desk.surroundings = desk.surroundings._replace(clock=Changing(desk, waits))


def patient(desk: Desk) -> None:
    """Let commands run to their end again."""
    desk.surroundings = desk.surroundings._replace(clock=desk.clock)


# to the end


def test_results_in_the_order_of_the_input(file: str) -> None:
    desk = Desk(takes=100)
    done = desk.run("run", file, "-o", "out.jsonl", "--yes", "--batch-size", "20")
    assert (done.exit_code, done.stdout) == (0, "")
    assert ids() == ALL
    lines = error_lines(done)
    assert "created batch msgbatch_" in lines[0]
    # a job cuts its batches a little smaller than allowed, each differently
    assert re.fullmatch("50 requests: 50 succeeded, 0 failed, in [34] batches", lines[-1])
    assert lines[-2] == "Results: out.jsonl"


def test_results_on_stdout(file: str) -> None:
    done = Desk().run("run", file, "-o", "-", "--yes")
    assert done.exit_code == 0
    assert [row["custom_id"] for row in fits(done.stdout)] == ALL


def test_without_o_the_results_stay_in_the_folder(file: str) -> None:
    done = Desk().run("run", file, "--yes", "-d", "j")
    assert ids("j/results.jsonl") == ALL
    assert "Results: j/results.jsonl" in done.stderr


def test_events_end_with_a_summary(file: str) -> None:
    done = Desk(takes=100).run("run", file, "--yes", "--json", "--batch-size", "30")
    assert done.stderr == ""
    events = fits(done.stdout)
    names = [one["event"] for one in events]
    assert (names[0], names[-1]) == ("start", "summary")
    assert {"submitted", "collected", "delivered", "progress"} <= set(names)
    assert events[0]["server"] == {"host": HOST, "emulator": True, "key": "key …wxyz"}
    assert (events[-1]["total"], events[-1]["exit"], events[-1]["error"]) == (50, 0, None)


def test_failed_rows_are_grouped_by_what_they_say(file: str) -> None:
    # a job's ids on the wire end in the number of the row
    kinds = {"0": "errored", "1": "errored", "2": "errored"}
    desk = Desk(outcomes=lambda request: kinds.get(request["custom_id"][-1], "expired"))
    done = desk.run("run", file, "--yes", "-o", "out.jsonl")
    assert done.exit_code == 3
    lines = error_lines(done)
    at = lines.index("50 requests: 0 succeeded, 50 failed, in 3 batches")
    assert lines[at + 1].strip() == "35 × expired  (first: id-3)"
    assert lines[at + 2].strip() == "15 × api_error: Internal server error  (first: id-0)"
    assert "Failed rows: r.jsonl.job/failures.jsonl" in lines
    [*_, summary] = fits(desk.run("run", file, "--yes", "--json").stdout)
    assert [one["rows"] for one in summary["reasons"]] == [35, 15]
    assert summary["exit"] == 3


def test_many_kinds_of_failures_are_not_all_printed(file: str) -> None:
    messages = iter(range(1000))

    def reply(request: Any) -> Any:
        inner = {"type": "invalid_request_error", "message": f"fault {next(messages)}"}
        return {"type": "errored", "error": {"type": "error", "error": inner, "request_id": None}}

    done = Desk(reply=reply).run("run", file, "--yes")
    assert "  40 rows for 40 other reasons" in done.stderr.splitlines()


def test_a_folder_of_files(file: str) -> None:
    Path("in").mkdir()
    for name in ("a", "b"):
        written(Path("in") / f"{name}.jsonl", 1, model=name)
        Path(f"in/{name}.jsonl").write_text(Path(f"in/{name}.jsonl").read_text().replace("-", name))
    done = Desk().run("run", "in/", "--yes")
    assert done.exit_code == 0, done.stderr
    assert ids("in.job/results/a.jsonl") == ["ida0"]


# resumed


def test_interrupted_and_continued(file: str) -> None:
    desk = Desk(takes=1000)
    interrupted(desk, 3)
    command = ("run", file, "-o", "out.jsonl", "--yes")
    done = desk.run(*command)
    assert done.exit_code == 130
    *_, first, second = error_lines(done)
    assert first == (
        "Still at work at api.example, and in the journal: 1 batch. "
        "Continue:  anthropix run r.jsonl -o out.jsonl --yes"
    )
    assert second == "Stop and keep what is done:  anthropix cancel --job r.jsonl.job"
    patient(desk)
    # without --yes: the job was agreed to when it was begun
    done = desk.run("run", file, "-o", "out.jsonl")
    assert (done.exit_code, ids()) == (0, ALL)
    assert "The job in r.jsonl.job goes on." in done.stderr
    assert len(desk.store.newest_first()) == 1


def test_the_same_command_once_more_creates_nothing(file: str) -> None:
    desk = Desk()
    for _ in range(3):
        assert desk.run("run", file, "-o", "out.jsonl", "--yes").exit_code == 0
    assert len(desk.store.newest_first()) == 1


def test_the_time_that_was_given_is_up(file: str) -> None:
    desk = Desk(takes=1000)
    done = desk.run("run", file, "--yes", "--timeout", "60")
    assert done.exit_code == 5
    assert "in the journal: 1 batch." in done.stderr
    assert desk.clock.monotonic() <= 61
    [*_, summary] = fits(desk.run("run", file, "--yes", "--timeout", "9", "--json").stdout)
    assert (summary["exit"], summary["error"]["code"]) == (5, "timeout")
    assert summary["error"]["next"].startswith("anthropix run r.jsonl")


def test_a_silent_job_has_a_heartbeat(file: str) -> None:
    lines = error_lines(Desk(takes=3600).run("run", file, "--yes"))
    beats = [line for line in lines if "next poll in" in line]
    assert 5 <= len(beats) <= 6
    assert "batches  1 in progress   rows 0/50 collected" in beats[0]


def test_a_lost_response_is_found_out(file: str) -> None:
    desk = Desk(faults=[Fault("create", "lose")], takes=100)
    done = desk.run("run", file, "--yes")
    assert done.exit_code == 0
    assert "may have created a batch" in done.stderr
    assert len(desk.store.newest_first()) == 1


def test_batches_that_somebody_canceled_are_not_sent_again_unasked(file: str) -> None:
    desk = Desk(takes=1000, cancel_takes=1)
    interrupted(desk, 3)
    desk.run(*RUN, "--batch-size", "20")
    patient(desk)
    newest = desk.store.newest_first()[0]
    assert desk.run("cancel", newest.id).exit_code == 0
    done = desk.run(*RUN, "--batch-size", "20")
    assert done.exit_code == 5
    assert error_lines(done)[-2:] == [
        "Error: somebody canceled batches of this job, so no more are created",
        "Next: anthropix cancel --job DIR delivers what was done; then add --retry-failed to go on",
    ]
    assert desk.run("cancel", "--job", "r.jsonl.job").exit_code == 0
    done = desk.run(*RUN, "--retry-failed")
    assert (done.exit_code, ids()) == (0, ALL)
    assert "With the earlier attempts: 50 of 50 requests succeeded" in done.stderr


@pytest.mark.parametrize("beginning", _errors.PYTHON)
def test_what_is_cut_off_the_errors_of_jobs_is_there(beginning: str) -> None:
    # against a new wording that shows people what to write in Python
    sources = (ROOT / "anthropix_py" / "job").glob("*.py")
    texts = [" ".join(re.sub(r'"\s+f?"', "", one.read_text()).split()) for one in sources]
    assert any(beginning in text for text in texts)


# failed requests once more


def corrected(file: str, number: int) -> None:
    """Make one more request of the file valid."""
    lines = Path(file).read_text().splitlines()
    lines[number] = lines[number].replace('"max_tokens": 0', '"max_tokens": 9')
    Path(file).write_text("\n".join(lines) + "\n")


def test_corrected_requests_are_sent_again_and_the_results_are_complete(file: str) -> None:
    lines = [json.loads(line) for line in Path(file).read_text().splitlines()]
    for number in (3, 7, 49):
        lines[number]["params"]["max_tokens"] = 0
    Path(file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    desk = Desk()
    assert desk.run(*RUN).exit_code == 3
    for number, failed in ((7, 2), (3, 1), (49, 0)):
        corrected(file, number)
        done = desk.run(*RUN, "--retry-failed")
        assert done.exit_code == 3 * bool(failed), done.stderr
        assert f"{failed} failed" in done.stderr
        assert len(ids()) == 50 - failed
    assert ids() == ALL
    sizes = [sum(one.counts.values()) for one in desk.store.newest_first()]
    assert sizes == [1, 2, 3, 50]
    # once more, and without anything left to be sent
    assert desk.run(*RUN, "--retry-failed").exit_code == 0
    assert len(desk.store.newest_first()) == 4


def test_a_retry_leaves_a_file_of_others_alone(file: str) -> None:
    desk = Desk(outcomes={"expired": 0.5})
    assert desk.run(*RUN).exit_code == 3
    Path("out.jsonl").write_text("precious\n")
    done = desk.run(*RUN, "--retry-failed")
    assert done.exit_code == 2
    assert Path("out.jsonl").read_text() == "precious\n"
    assert desk.run(*RUN, "--replace").exit_code in (0, 3)
    assert len(ids()) > 25


def test_an_interrupted_retry_goes_on(file: str) -> None:
    desk = Desk(takes=100, outcomes={"expired": 0.6})
    assert desk.run(*RUN).exit_code == 3
    created = len(desk.store.newest_first())
    interrupted(desk, 3)
    assert desk.run(*RUN, "--retry-failed").exit_code == 130
    patient(desk)
    done = desk.run(*RUN)
    assert "The job in r.jsonl.job/retry-1 goes on." in done.stderr
    assert len(desk.store.newest_first()) > created
    done = desk.run("status", "r.jsonl.job")
    assert "anthropix status r.jsonl.job/retry-1" in done.stderr
    order = ids()
    assert order == sorted(order, key=lambda text: int(text[3:]))


def test_failed_requests_that_are_no_longer_in_the_file(file: str) -> None:
    desk = Desk(outcomes={"errored": 1.0})
    assert desk.run(*RUN).exit_code == 3
    Path(file).write_text(json.dumps(samples.request("another")) + "\n")
    done = desk.run(*RUN, "--retry-failed")
    assert done.exit_code == 2
    assert "none of the requests that failed" in done.stderr


def test_rows_of_requests_that_were_removed_are_kept(file: str) -> None:
    desk = Desk(outcomes={"expired": 0.5})
    assert desk.run(*RUN).exit_code == 3
    lines = Path(file).read_text().splitlines()
    Path(file).write_text("\n".join(reversed(lines[10:])) + "\n")
    before = set(ids())
    assert desk.run(*RUN, "--retry-failed").exit_code in (0, 3)
    assert before < set(ids())


def test_failed_requests_that_the_file_lacks_are_not_success(file: str) -> None:
    whole = [json.loads(line) for line in Path(file).read_text().splitlines()]
    for number in (3, 7):
        whole[number]["params"]["max_tokens"] = 0
    Path(file).write_text("".join(json.dumps(line) + "\n" for line in whole))
    desk = Desk()
    assert desk.run(*RUN).exit_code == 3
    whole[3]["params"]["max_tokens"] = whole[7]["params"]["max_tokens"] = 9
    kept = [line for line in whole if line is not whole[7]]
    Path(file).write_text("".join(json.dumps(line) + "\n" for line in kept))
    for more in (["--retry-failed"], []):
        done = desk.run(*RUN, *more)
        assert done.exit_code == 3
        assert "FILE lacks them: 1 failed request" in done.stderr
    # it is back
    Path(file).write_text("".join(json.dumps(line) + "\n" for line in whole))
    assert desk.run(*RUN, "--retry-failed").exit_code == 0
    assert ids() == ALL
    assert [sum(one.counts.values()) for one in desk.store.newest_first()] == [1, 1, 50]


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--no-input"]], ids=lambda one: one[0])
def test_a_retry_that_was_only_planned_is_sent_by_no_later_call(
    file: str, arguments: list[str]
) -> None:
    desk = Desk(outcomes={"errored": 1.0})
    assert desk.run(*RUN).exit_code == 3
    created = len(desk.store.newest_first())
    planned = [word for word in RUN if word != "--yes"]
    desk.run(*planned, "--retry-failed", *arguments)
    assert desk.run(*RUN).exit_code == 3
    assert len(desk.store.newest_first()) == created
    assert desk.run(*RUN, "--retry-failed").exit_code == 3
    assert len(desk.store.newest_first()) > created


def test_the_requests_are_not_replaced_by_the_results(file: str) -> None:
    before = Path(file).read_bytes()
    desk = Desk()
    done = desk.run("run", file, "-o", f"./{file}", "--yes", "--replace")
    assert (done.exit_code, desk.store.newest_first()) == (2, [])
    assert Path(file).read_bytes() == before


# the most that it may cost


def test_no_batch_is_created_that_might_cost_too_much(file: str) -> None:
    written(Path(file), 50, model="claude-haiku-4-5")
    desk = Desk()
    words = ["run", file, "-o", "out.jsonl", "--yes", "--batch-size", "10"]
    done = desk.run(*words, "--max-cost", "0.000001")
    assert (done.exit_code, desk.store.newest_first()) == (5, [])
    assert error_lines(done)[-1].startswith("Next: run the same command again with a higher")
    # room for some of the batches
    [*_, summary] = fits(desk.run(*words, "--max-cost", "0.0012", "--json").stdout)
    assert (summary["exit"], summary["error"]["code"]) == (5, "over_budget")
    assert 0 < len(desk.store.newest_first()) < 5
    assert desk.run(*words, "--max-cost", "9").exit_code == 0
    assert ids() == ALL


# the plan


def test_a_dry_run_creates_nothing(file: str) -> None:
    desk = Desk()
    done = desk.run("run", file, "--dry-run", "--batch-size", "20")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "50 requests · 3 to 4 batches · m" in done.stderr
    assert desk.store.newest_first() == []
    assert os.listdir() == [file]


def test_without_a_terminal_it_needs_consent(file: str) -> None:
    desk = Desk()
    done = desk.run("run", file)
    assert (done.exit_code, desk.store.newest_first()) == (2, [])
    assert error_lines(done)[-1] == "Next: add --yes to begin it"
    [*_, summary] = fits(desk.run("run", file, "--json").stdout)
    assert (summary["exit"], summary["error"]["code"]) == (2, "wrong_use")


ANSWERS: dict[str, tuple[str, int, int]] = {
    "yes": ("y\n", 0, 1),
    "no": ("n\n", 5, 0),
    "nothing": ("\n", 5, 0),
}


@table("typed, code, batches", ANSWERS)
def test_on_a_terminal_it_asks(
    file: str, typed: str, code: int, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anthropix_py.cli._output._is_terminal", lambda name: name == "stdin")
    monkeypatch.setattr("anthropix_py.cli._output.Output.can_ask", True)
    desk = Desk()
    done = desk.run("run", file, input=typed)
    assert "Create 1 batch? [y/N]" in done.stderr
    assert (done.exit_code, len(desk.store.newest_first())) == (code, batches)


def test_a_plan_with_faults_ends_before_anything_is_asked(file: str) -> None:
    lines = [samples.request("any text", model="m"), {"custom_id": "b", "params": [], "x": 1}]
    Path(file).write_text("\n".join(map(json.dumps, lines)) + "\n")
    desk = Desk()
    done = desk.run("run", file, "--dry-run")
    assert done.exit_code == 2
    assert re.fullmatch("Error: [0-9]+ faults? that no batch can hold", error_lines(done)[-2])
    assert error_lines(done)[-1] == "Next: anthropix lint r.jsonl"
    # a job takes custom_ids of any text
    Path(file).write_text(json.dumps(lines[0]) + "\n")
    assert desk.run("run", file, "--dry-run").exit_code == 0
    written(Path(file), 3, max_tokens=0)
    assert "3 requests will probably fail" in desk.run("run", file, "--dry-run").stderr


def test_a_plan_counts_bytes_too(file: str) -> None:
    client = init("any-key", limits=Limits(bytes=1000))
    found = _plan.read(client, file, 10_000)
    size = sum(len(line) for line in Path(file).read_text().splitlines())
    assert (found.requests, found.batches[0]) == (50, -(-size // 1000))


@table("size", {str(size): size for size in (1, 2, 3, 9, 10, 50, 400, 1000, 10_000, 100_000)})
def test_a_plan_knows_how_jobs_cut_batches(size: int) -> None:
    sizes = Sizes(job.Policy(requests_per_batch=size), 0)
    cut = [sizes.of(part) for part in range(5000)]
    assert (min(cut), max(cut)) == (_plan.smallest(size), size)
    assert size <= Limits().requests


# wrong use


def gone(file: str) -> None:
    Path(file).unlink()


def taken(file: str) -> None:
    Path("out.jsonl").write_text("precious\n")


def changed(file: str) -> None:
    Desk().run("run", file, "--yes")
    written(Path(file), 3)


def invalid(file: str) -> None:
    Path(file).write_text('{"custom_id": "a"}\n{"custom_id": "a", "params": {}}\n')


def empty(file: str) -> None:
    Path(file).write_text("\n")


def folder(file: str) -> None:
    Path("in").mkdir()
    Path("in/requests.txt").touch()


def nothing(file: str) -> None:
    pass


RUN = ["run", "r.jsonl", "-o", "out.jsonl", "--yes"]
WRONG: dict[str, tuple[Callable[[str], None], list[str], int, str]] = {
    "no file": (gone, RUN, 2, "no such file"),
    "a folder of other files": (folder, ["run", "in", "--yes"], 1, "name the files of requests"),
    "stdin": (nothing, ["run", "-", "--yes"], 2, "run needs a file"),
    "a file of others": (taken, RUN, 2, "add --replace"),
    "no folder for the results": (nothing, [*RUN, "-o", "no/out"], 2, "there is no folder"),
    "a folder as results": (nothing, [*RUN, "-o", "."], 2, "name a file"),
    "events and results": (nothing, [*RUN, "-o", "-", "--json"], 2, "both go to stdout"),
    "another input": (changed, RUN, 2, "-d DIR"),
    "invalid requests": (invalid, RUN, 2, "anthropix lint"),
    "no requests": (empty, RUN, 2, "request"),
    "a job's folder that is a file": (nothing, [*RUN, "-d", "r.jsonl"], 1, "r.jsonl"),
    "status of no job": (nothing, ["status", "."], 2, "anthropix run FILE"),
    "cancel of no job": (nothing, ["cancel", "--job", "."], 2, "anthropix run FILE"),
}


@table("prepare, arguments, code, part", WRONG)
@table("form", {"text": [], "json": ["--json"]})
def test_wrong_use(
    file: str,
    prepare: Callable[[str], None],
    arguments: list[str],
    code: int,
    part: str,
    form: list[str],
) -> None:
    prepare(file)
    desk = Desk()
    done = desk.run(*arguments, *[word for word in form if word not in arguments])
    text = done.stderr + done.stdout
    assert (done.exit_code, desk.store.newest_first()) == (code, []), text
    assert part in text
    if prepare is taken:
        assert Path("out.jsonl").read_text() == "precious\n"


def test_replaced_if_that_is_wanted(file: str) -> None:
    taken(file)
    assert Desk().run(*RUN, "--replace").exit_code == 0
    assert ids() == ALL


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_found_before_money_is_spent(file: str) -> None:
    Path("locked").mkdir(mode=0o500)
    desk = Desk()
    done = desk.run("run", file, "--yes", "-o", "locked/out")
    assert (done.exit_code, desk.store.newest_first()) == (1, [])


def test_a_full_disk_is_one_line_and_nothing_is_lost(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()

    replace = os.replace

    def full(source: str, target: str) -> None:
        if target == "out.jsonl":
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        done = desk.run(*RUN)
    assert done.exit_code == 1
    assert error_lines(done)[-2:] == [
        "Error: out.jsonl: No space left on device",
        "Next: free some space, then run the same command again",
    ]
    assert sorted(os.listdir()) == ["r.jsonl", "r.jsonl.job"]
    assert desk.run(*RUN).exit_code == 0
    assert ids() == ALL


# status, cancel


def test_status_needs_no_network_and_no_key(file: str) -> None:
    desk = Desk(takes=1000)
    interrupted(desk, 3)
    desk.run(*RUN)
    done = desk.run("status", "r.jsonl.job", ANTHROPIC_API_KEY=None)
    [status] = fits(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (status["waiting"], status["batches"]) == (50, {"in progress": 1})
    assert status["attempts"][0]["state"] == "submitted"
    assert status["next_at"] is not None
    shown = desk.run("status", "r.jsonl.job", "--table").stdout
    assert "waiting    50" in shown
    assert "in progress" in shown


def test_status_can_do_what_is_due(file: str) -> None:
    desk = Desk(takes=1000)
    interrupted(desk, 3)
    desk.run(*RUN)
    patient(desk)
    desk.clock.advance(2000)
    done = desk.run("status", "r.jsonl.job", "--refresh")
    [status] = fits(done.stdout)
    assert (status["succeeded"], status["next_at"]) == (50, None)
    assert HOST in done.stderr


# against a retry that goes on, and is billed
def test_cancel_a_job_cancels_its_retry(file: str) -> None:
    desk = Desk(outcomes={"errored": 1.0})
    assert desk.run(*RUN).exit_code == 3
    desk.store._pace = Desk(takes=1000, cancel_takes=1).store._pace
    interrupted(desk, 3)
    assert desk.run(*RUN, "--retry-failed").exit_code == 130
    patient(desk)
    assert desk.run("cancel", "--job", "r.jsonl.job").exit_code in (0, 3)
    assert {one.status for one in desk.store.newest_first()} == {"ended"}


# against a limit that is forgotten by the call that resumes
def test_the_limit_of_the_last_call_holds(file: str) -> None:
    written(Path(file), 50, model="claude-haiku-4-5")
    desk = Desk()
    assert desk.run(*RUN, "--max-cost", "0.000001").exit_code == 5
    done = desk.run(*RUN)
    assert done.exit_code == 5
    assert "The limit of the last call holds: --max-cost 1e-06" in done.stderr
    assert desk.store.newest_first() == []
    assert desk.run(*RUN, "--max-cost", "9").exit_code == 0


def test_cancel_a_job(file: str) -> None:
    desk = Desk(takes=1000, cancel_takes=1)
    interrupted(desk, 3)
    desk.run(*RUN)
    patient(desk)
    done = desk.run("cancel", "--job", "r.jsonl.job")
    assert done.exit_code == 0, done.stderr
    assert "50 × canceled  (first: id-0)" in done.stderr
    [*_, summary] = fits(desk.run("cancel", "--job", "r.jsonl.job", "--json").stdout)
    assert summary["failed"] == {"canceled": 50}
