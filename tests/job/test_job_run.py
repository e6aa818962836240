"""Jobs from end to end, with results in order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from job_desk import Desk, request, requests, stop_at, stopped

from anthropix_py import job, unwrap


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_job_from_a_generator(desk: Desk) -> None:
    done = unwrap(desk.run(iter(requests(5))))
    assert (done.total, done.succeeded, done.failed) == (5, 5, {})
    assert (done.batches, done.attempts, done.orphans) == (3, 3, [])
    assert done.tokens["m"]["output"] > 0
    assert desk.ids() == [f"id {index}" for index in range(5)]
    assert desk.ids("failures.jsonl") == []
    assert sorted(os.listdir(desk.path)) == [
        "bodies",
        "failures.jsonl",
        "journal.sqlite",
        "lock",
        "mirror.jsonl",
        "raw",
        "results.jsonl",
    ]
    assert os.listdir(os.path.join(desk.path, "bodies")) == []


def test_what_expired_or_was_overloaded_is_sent_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"question 1": "expired", "question 4": "errored"})
    done = unwrap(desk.run(requests(5)))
    # the emulator's errored rows are api_errors
    assert (done.succeeded, done.failed, done.attempts) == (5, {}, 4)
    assert desk.ids() == [f"id {index}" for index in range(5)]


def test_a_row_that_fails_for_good_keeps_its_last_outcome(desk: Desk) -> None:
    given = [*requests(2), request(2, max_tokens=0)]
    done = unwrap(desk.run(given))
    assert (done.succeeded, done.failed) == (2, {"errored": 1})
    [(error, count)] = done.errors.items()
    assert error.startswith("invalid_request_error: max_tokens")
    assert count == 1
    [row] = desk.file("failures.jsonl")
    assert row["custom_id"] == "id 2"
    assert list(unwrap(job.failures(desk.path))) == [row]
    assert [row["custom_id"] for row in unwrap(job.results(desk.path))] == ["id 0", "id 1"]


def test_a_row_is_sent_no_more_than_max_attempts_times(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.always = "expired"
    done = unwrap(desk.run(requests(2), max_attempts=3))
    assert (done.failed, done.attempts) == ({"expired": 2}, 3)


def test_the_rule_may_be_replaced_and_sees_your_ids(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"question 0": "expired", "question 1": "expired"})
    asked: list[str] = []

    def only_the_second(row: Any) -> bool:
        asked.append(row["custom_id"])
        return (row["custom_id"], row["result"]["type"]) == ("id 1", "expired")

    done = unwrap(desk.run(requests(2), try_again=only_the_second))
    assert (done.succeeded, done.failed) == (1, {"expired": 1})
    assert sorted(asked) == ["id 0", "id 1", "id 1"]


def test_a_job_that_was_not_begun(desk: Desk) -> None:
    for result in (
        job.resume(desk.client, desk.path),
        job.step(desk.client, desk.path),
        job.cancel(desk.client, desk.path),
        job.status(desk.path),
        job.results(desk.path),
        job.failures(desk.path),
        job.locate(desk.path, "a"),
    ):
        stopped(result, "incomplete_input")
    assert not os.path.exists(desk.path)


def test_input_that_was_not_read_to_its_end(desk: Desk) -> None:
    def broken() -> Any:
        yield from requests(3)
        raise KeyError("the user's own")

    with pytest.raises(KeyError):
        desk.run(broken())
    stopped(job.resume(desk.client, desk.path), "incomplete_input")
    stopped(job.status(desk.path), "incomplete_input")
    assert desk.creates == 0
    assert unwrap(desk.run(requests(3))).succeeded == 3


def test_steps_come_to_the_same_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"question 1": "expired"}, takes=500.0)
    desk.before = stop_at("POST", 2)
    with pytest.raises(KeyboardInterrupt) as stopping:
        desk.run(requests(5))
    assert "job.resume(client" in stopping.value.__notes__[0]
    desk.before = lambda request: None
    progress = unwrap(job.step(desk.client, desk.path))
    while progress.next_at is not None:
        assert unwrap(job.status(desk.path)) == progress
        desk.clock.advance(max(1.0, progress.next_at - desk.clock.now()))
        progress = unwrap(job.step(desk.client, desk.path))
    assert unwrap(job.status(desk.path)) == progress
    assert (progress.total, progress.succeeded, progress.waiting) == (5, 5, 0)
    assert {one.state for one in progress.batches} <= {"collected", "given_up"}
    assert unwrap(job.resume(desk.client, desk.path)).orphans == []


def test_canceling_a_job(tmp_path: Path) -> None:
    desk = Desk(tmp_path, takes=5000.0, progressive=True)
    desk.before = stop_at("POST", 3)
    with pytest.raises(KeyboardInterrupt):
        desk.run(requests(6), batches_in_flight=2, interval=2600.0)
    desk.before = lambda request: None
    creates = desk.creates
    done = unwrap(job.cancel(desk.client, desk.path))
    assert done.succeeded + done.failed["canceled"] == 6
    assert done.failed["canceled"] >= 2
    # what was not sent is reported, too
    assert desk.ids("failures.jsonl")[-1] == "id 5"
    assert desk.creates - creates <= 2
    assert unwrap(desk.run(requests(6))).failed == done.failed


def test_events_tell_what_happens(desk: Desk) -> None:
    events: list[str] = []
    desk.fault("create:status=429")
    unwrap(
        job.run(
            desk.client,
            requests(2),
            desk.path,
            on_event=lambda event: events.append(event["event"]),
        )
    )
    assert events == [
        "job_started",
        "job_refused",
        "job_submitted",
        "job_polled",
        "job_collected",
        "job_delivered",
    ]
