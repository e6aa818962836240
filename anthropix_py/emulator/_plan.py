"""How one response is sent: complete, cut off, slowed down, or not at all.

A `Plan` only describes this. `_gateway` carries it out on a socket. `in_process` imitates it
without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .._clock import Clock
from .._wire import Request, Response, Timeout, Transport
from ..errors import TransportError


class Plan(NamedTuple):
    """A response, and how it is sent.

    *head*, *body*: the most bytes of head and body that are sent, None for all. *end*: what happens
    after them: `close`, `reset` or `stall`, None for a proper end. *size*: bytes of one block of
    the body, None to leave the blocks as they are. *pause*: seconds after each block.
    """

    response: Response
    head: int | None = None
    body: int | None = None
    end: str | None = None
    size: int | None = None
    pause: float = 0.0

    def blocks(self) -> Iterator[bytes]:
        """Yield the part of the body that is sent, in blocks of the planned size."""
        left = self.body
        if left == 0:
            return
        for chunk in self.response.chunks:
            size = self.size or max(1, len(chunk))
            for start in range(0, len(chunk), size):
                block = chunk[start : start + size][:left]
                yield block
                if left is not None:
                    left -= len(block)
                    if left == 0:
                        return


def in_process(plan_for: Callable[[Request], Plan], clock: Clock) -> Transport:
    """Return a transport without a socket that responds by *plan_for*, and waits on *clock*."""

    def send(request: Request, timeout: Timeout) -> Response:
        plan = plan_for(request)
        if plan.head is not None:
            plan.response.close()
            raise _broken(plan, clock, timeout)
        return plan.response._replace(chunks=_body(plan, clock, timeout))

    return send


def _body(plan: Plan, clock: Clock, timeout: Timeout) -> Iterator[bytes]:
    for block in plan.blocks():
        yield block
        if plan.pause:
            clock.sleep(plan.pause)
    if plan.end is not None:
        raise _broken(plan, clock, timeout)


def _broken(plan: Plan, clock: Clock, timeout: Timeout) -> TransportError:
    if plan.end == "stall":
        clock.sleep(timeout.read)
        return TransportError("timeout", "emulated: nothing more arrived", sent=True)
    return TransportError("closed", f"emulated: {plan.end}", sent=True)
