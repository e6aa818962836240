"""What is asked of a contestant, and what it gives.

A contestant is a function of the job that makes everything ready, opens its connection, and gives back what
is to be measured: a function without arguments that tells what it counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

Counted = dict[str, float]
Run = Callable[[], Counted]


class Job(TypedDict):
    """What a contestant is told: whom to call, what to ask for, and with how many of what.

    `orjson`: whether there is one. `ca`: a file, where `url` is of https. `control`: the server's
    address without TLS. `warm_up`, `target`: ids of batches, or files of requests.
    """

    contestant: str
    orjson: bool
    url: str
    ca: str | None
    control: str
    warm_up: str
    target: str
    number: int
