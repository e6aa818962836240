"""The loop of a job: ask the planner, do what it says, record what happened."""

from __future__ import annotations

from typing import NoReturn

from . import _collect, _deliver, _replan, _submit, _survey
from ._core import Core
from ._errors import JobError
from ._happened import Doubted
from ._plan import (
    Action,
    Cancel,
    Collect,
    Deliver,
    Doubt,
    Drop,
    Finish,
    GiveUp,
    Lose,
    Poll,
    Read,
    Replace,
    Retry,
    Send,
    Start,
    Stop,
    Wait,
    Walk,
    plan,
)
from ._values import Progress, Summary

_LONGEST_SLEEP = 300.0  # seconds


class Runner:
    """Runs an open job."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._collector = _collect.Collector(core)

    def run(self) -> Summary:
        """Run until the job is finished. Raises `JobError` if it cannot be finished."""
        core = self._core
        self._keep(core.now())
        try:
            while (until := self._advance()) is not None:
                core.client.clock.sleep(min(max(0.0, until - core.now()), _LONGEST_SLEEP))
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                "The batches of this job are still being processed by the server. To go on: "
                f"job.resume(client, {core.folder.path!r})"
            )
            raise
        self._keep(None)
        _deliver.clean_up(core)
        return _deliver.summary(core)

    def step(self) -> Progress:
        """Do what can be done now."""
        core = self._core
        next_at = self._advance()
        self._keep(next_at)
        if next_at is None:
            _deliver.clean_up(core)
        return _deliver.progress(core.journal, core.view, next_at)

    def _keep(self, next_at: float | None) -> None:
        """Keep for `status` when there is something to do; None: the job is finished."""
        with self._core.journal.change():
            self._core.journal.put(next_at=next_at)

    def _advance(self) -> float | None:
        """Do what can be done now; return when there is more to do, None if the job is finished."""
        core = self._core
        while True:
            action = plan(core.view, core.now())[0]
            if isinstance(action, Wait):
                return action.until
            if isinstance(action, Finish):
                return None
            if isinstance(action, Stop):
                self._stop(action)
            self._do(action)

    def _do(self, action: Action) -> None:
        core = self._core
        match action:
            case Start():
                _survey.start(core)
            case Walk(since):
                _survey.walk(core, since)
            case Read(batch):
                _survey.read(core, batch)
            case Send(number):
                _submit.send(core, number)
            case Poll(number):
                self._collector.poll(number)
            case Cancel(number):
                self._collector.cancel(number)
            case Collect(number):
                self._collector.collect(number)
            case Doubt(number):
                core.commit(Doubted(number))
            case GiveUp(number):
                _replan.give_up(core, number)
            case Drop(number):
                _replan.drop(core, number)
            case Lose(number):
                _replan.lose(core, number)
            case Replace(number):
                _replan.replace(core, number)
            case Retry():
                _replan.retry(core)
            case Deliver():
                _deliver.deliver(core)
            case _:
                raise ValueError(f"not to be done here: {action!r}")

    def _stop(self, stop: Stop) -> NoReturn:
        self._core.emit("stopped", reason=stop.reason)
        if stop.reason == "another_workspace":
            place = self._core.view.place
            detail = (
                f"the server does not show the batches of this job, which belong to {_shown(place)}"
                ". Use a key of that workspace. If this is the same workspace, behind a "
                "gateway that does not say so, pass same_workspace=True"
            )
        elif stop.reason == "canceled_elsewhere":
            detail = (
                "somebody canceled batches of this job, so no more are created. To send the "
                "canceled requests again, run the job with a policy whose try_again takes them"
            )
        elif stop.reason == "over_budget":
            detail = (
                f"{self._core.view.over_budget}. What was sent has been collected. To go on, run "
                "the job with a policy of a higher max_cost"
            )
        else:
            attempts = ", ".join(map(str, stop.attempts))
            batches = ", ".join(stop.batches) or "none"
            detail = (
                f"nobody can find out any more whether attempt {attempts} created a batch "
                f"(possible batches: {batches}; deleted, archived, or too old). Its requests are "
                "not sent again. All else has been collected: see job.results and job.failures"
            )
        raise JobError(stop.reason, detail)


def _shown(place: object) -> str:
    if not isinstance(place, tuple):
        return "another place"
    origin, organization, workspace = place
    return f"workspace {workspace} of organization {organization} at {origin}"
