"""Every way in which a job stops, or finds its way after something went wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from job_desk import Desk, requests, stop_at, stopped
from samples import error_in, table

from anthropix_py import APIError, job, unwrap
from anthropix_py._wire import Request
from anthropix_py.job._disk import Disk
from anthropix_py.job._folder import Folder
from anthropix_py.job._journal import Journal


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_somebody_else_canceled_is_not_started_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"question 0": "canceled"})
    stopped(desk.run(requests(4), batches_in_flight=1), "canceled_elsewhere", "try_again")
    assert desk.creates == 1
    stopped(desk.run(requests(4)), "canceled_elsewhere")
    assert desk.creates == 1


def test_the_response_was_lost(desk: Desk) -> None:
    desk.fault("create:lose")
    done = unwrap(desk.run(requests(4)))
    assert (done.batches, done.attempts, done.succeeded) == (2, 2, 4)
    # the batch is read as soon as it has ended, not a quarter of settle later
    assert desk.clock.monotonic() < 130


def read_body(request: Request) -> None:
    for _ in request.body or ():
        pass


def test_the_request_never_arrived(desk: Desk) -> None:
    desk.fault("create:refuse")
    desk.before = read_body
    done = unwrap(desk.run(requests(4)))
    assert (done.batches, done.attempts, done.succeeded) == (2, 3, 4)
    assert desk.clock.monotonic() > 600


def test_the_body_broke_off(desk: Desk) -> None:
    # nothing has to be found out: no server accepts a body without its end
    desk.fault("create:refuse")
    done = unwrap(desk.run(requests(4)))
    assert (done.batches, done.attempts, done.succeeded) == (2, 2, 4)
    assert desk.clock.monotonic() < 600


def test_a_vanished_candidate_leaves_the_job_unsettled(tmp_path: Path) -> None:
    desk = Desk(tmp_path, takes=3000.0)
    desk.fault("create:lose", "list:drop_rows=0,times=1")

    def delete_later(request: Request) -> None:
        if desk.clock.monotonic() > 1000 and desk.store._batches:
            desk.store._batches.clear()

    desk.before = delete_later
    error = stopped(desk.run(requests(2)), "unsettled", "attempt 1")
    assert "msgbatch_" in str(error)
    assert desk.creates == 1


def test_a_batch_that_a_person_deleted_is_lost(tmp_path: Path) -> None:
    desk = Desk(tmp_path, takes=3000.0)

    def delete_later(request: Request) -> None:
        if desk.clock.monotonic() > 1000:
            desk.store._batches.clear()

    desk.before = delete_later
    done = unwrap(desk.run(requests(2)))
    assert (done.succeeded, done.failed) == (0, {"lost": 2})
    assert desk.ids("failures.jsonl") == ["id 0", "id 1"]


def test_results_that_are_too_old_are_lost(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.before = stop_at("GET", 4)
    with pytest.raises(KeyboardInterrupt):
        desk.run(requests(2))
    desk.before = lambda request: None
    desk.clock.advance(30 * 86_400.0)
    assert unwrap(desk.run(requests(2))).failed == {"lost": 2}


ELSEWHERE = {
    "another workspace": {"anthropic-workspace-id": "wrkspc_other"},
    "another organization": {"anthropic-organization-id": "other"},
}


@table("headers", ELSEWHERE)
def test_another_workspace_is_noticed(desk: Desk, headers: dict[str, str | None]) -> None:
    desk.before = stop_at("POST", 2)
    with pytest.raises(KeyboardInterrupt):
        desk.run(requests(4))
    desk.before = lambda request: None
    desk.headers = headers
    creates = desk.creates
    stopped(job.resume(desk.client, desk.path), "another_workspace", "same_workspace=True")
    assert desk.creates == creates
    assert unwrap(job.resume(desk.client, desk.path, same_workspace=True)).succeeded == 4


def test_a_gateway_that_does_not_tell_the_workspace(desk: Desk) -> None:
    desk.headers = {"anthropic-workspace-id": None}
    desk.before = stop_at("POST", 2)
    with pytest.raises(KeyboardInterrupt):
        desk.run(requests(4))
    desk.before = lambda request: None
    # a batch of this job that `show` still answers is the proof
    batches = dict(desk.store._batches)
    desk.store._batches.clear()
    stopped(job.resume(desk.client, desk.path), "another_workspace")
    desk.store._batches.update(batches)
    assert unwrap(job.resume(desk.client, desk.path)).succeeded == 4


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_refusal_that_stays_ends_the_run(desk: Desk, status: int) -> None:
    desk.fault(f"create:status={status}")
    error = error_in(desk.run(requests(2)), APIError)
    assert error.status == status
    assert unwrap(desk.run(requests(2))).attempts == 1


def test_a_wrong_key_is_noticed_before_the_input_is_read(desk: Desk) -> None:
    desk.fault("list:status=401")
    given = iter(requests(2))
    error_in(desk.run(given), APIError)
    assert next(given)["custom_id"] == "id 0"


@pytest.mark.parametrize("fault", ["create:status=429,times=5", "create:status=529,times=5"])
def test_refusals_that_pass_are_waited_out(desk: Desk, fault: str) -> None:
    desk.fault(fault)
    assert unwrap(desk.run(requests(2))).succeeded == 2
    assert desk.creates == 6


def test_a_damaged_body_is_not_sent(desk: Desk) -> None:
    desk.before = stop_at("POST", 1)
    with pytest.raises(KeyboardInterrupt):
        desk.run(requests(4))
    desk.before = lambda request: None
    body = Path(desk.path, "bodies", "000001.json")
    body.write_bytes(body.read_bytes().replace(b"question 0", b"question 9"))
    stopped(desk.run(requests(4)), "corrupt", "is not the body that was written")
    assert len(desk.store._batches) == 0


def test_a_process_that_lost_the_job_sends_nothing(desk: Desk) -> None:
    def take_over(request: Request) -> None:
        if request.method == "POST":
            other = Journal.open(Disk(), os.path.join(desk.path, "journal.sqlite"))
            other.take_over()
            other.close()

    desk.before = take_over
    error = stopped(desk.run(requests(2)), "running_elsewhere")
    assert error.pid == os.getpid()
    assert len(desk.store._batches) == 0
    desk.before = lambda request: None
    assert unwrap(desk.run(requests(2))).batches == 1


@pytest.mark.parametrize("is_restored", [False, True])
def test_a_lost_journal_is_rebuilt(tmp_path: Path, is_restored: bool) -> None:
    desk = Desk(tmp_path, {"question 0": "expired"}, takes=100.0)
    desk.before = stop_at("POST", 3)
    with pytest.raises(KeyboardInterrupt):
        desk.run(requests(6), batches_in_flight=2)
    desk.before = lambda request: None
    for name in os.listdir(desk.path):
        if name.startswith("journal"):
            os.unlink(os.path.join(desk.path, name))
    mirror = Path(desk.path, "mirror.jsonl")
    if is_restored:
        # a line that a crash has cut
        mirror.write_bytes(mirror.read_bytes() + b'{"what":"int')
    stopped(job.resume(desk.client, desk.path), "incomplete_input")
    stopped(desk.run(requests(5)), "another_input")
    done = unwrap(desk.run(requests(6)))
    assert (done.succeeded, done.orphans) == (6, [])
    assert all(
        json.loads(line) for line in mirror.read_text().splitlines() if '"int' not in line[-7:]
    )


def test_a_damaged_journal_is_named(desk: Desk) -> None:
    unwrap(desk.run(requests(2)))
    Path(desk.path, "journal.sqlite").write_bytes(b"not SQLite " * 500)
    stopped(desk.run(requests(2)), "corrupt", "rebuilds it from mirror and input")
    os.unlink(Path(desk.path, "journal.sqlite"))
    assert unwrap(desk.run(requests(2))).succeeded == 2


def test_a_journal_of_another_version_is_refused(desk: Desk) -> None:
    unwrap(desk.run(requests(2)))
    journal = Journal.open(Disk(), Folder.of(Disk(), desk.path).journal)
    journal.db.execute("PRAGMA user_version = 99")
    journal.close()
    stopped(job.status(desk.path), "corrupt", "is of version 99")
