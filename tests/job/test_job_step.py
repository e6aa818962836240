"""A job that is begun and continued by steps, each of which returns at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from job_desk import Desk, requests, stopped

from anthropix_py import job, unwrap
from anthropix_py.job import Policy


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, {"question 1": "expired"}, takes=500.0)


def steps(desk: Desk, **options: Any) -> list[job.Progress]:
    """Take steps until the job is finished, each when the one before said so."""
    every = [unwrap(job.step(desk.client, desk.path, **options))]
    while (at := every[-1].next_at) is not None:
        desk.clock.advance(max(1.0, at - desk.clock.now()))
        every.append(unwrap(job.step(desk.client, desk.path, **options)))
    return every


def test_the_same_step_begins_the_job_and_finishes_it(desk: Desk) -> None:
    every = steps(desk, requests=requests(5), policy=Policy(requests_per_batch=2))
    assert desk.clock.sleeps == []
    assert every[0].waiting == every[0].total == 5
    assert (every[-1].succeeded, every[-1].waiting) == (5, 0)
    assert desk.creates == 4
    assert desk.ids() == [f"id {index}" for index in range(5)]
    # a finished job creates nothing more
    assert unwrap(job.step(desk.client, desk.path, requests=requests(5))).next_at is None
    assert desk.creates == 4


def test_steps_without_requests_use_the_policy_of_the_first(desk: Desk) -> None:
    policy = Policy(requests_per_batch=5, max_attempts=1)
    unwrap(job.step(desk.client, desk.path, requests=requests(5), policy=policy))
    last = steps(desk)[-1]
    assert (last.succeeded, last.failed) == (4, {"expired": 1})


def test_steps_with_requests_and_no_policy_keep_the_first(desk: Desk) -> None:
    policy = Policy(requests_per_batch=5, max_attempts=1)
    unwrap(job.step(desk.client, desk.path, requests=requests(5), policy=policy))
    assert steps(desk, requests=requests(5))[-1].failed == {"expired": 1}


def test_a_policy_without_requests_is_used_from_now_on(desk: Desk) -> None:
    unwrap(job.step(desk.client, desk.path, requests=requests(5)))
    assert steps(desk, policy=Policy(max_attempts=1))[-1].failed == {"expired": 1}


def test_other_requests_are_refused(desk: Desk) -> None:
    unwrap(job.step(desk.client, desk.path, requests=requests(5)))
    stopped(job.step(desk.client, desk.path, requests=requests(4)), "another_input")
    assert desk.creates == 1


def test_requests_that_are_wrong_begin_nothing(desk: Desk) -> None:
    twice = [*requests(2), *requests(1)]
    assert job.step(desk.client, desk.path, requests=twice)[0] == "error"
    assert desk.creates == 0
    stopped(job.step(desk.client, desk.path), "incomplete_input")
    with pytest.raises(TypeError, match=r"policy must be a job\.Policy"):
        job.step(desk.client, desk.path, requests=requests(2), policy={})  # type: ignore[arg-type]
    assert steps(desk, requests=requests(2))[-1].succeeded == 2
    assert os.path.exists(os.path.join(desk.path, "results.jsonl"))
