"""What a contestant is told, and what it returns.

A contestant is a function of the job that gets everything ready and returns what is measured: a
function of a target (a batch's id, or a file of requests) that returns what it counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

Counted = dict[str, float]
Run = Callable[[str], Counted]

# The JSON libraries that the package uses, now or in an earlier revision.
FAST_LIBRARIES = ("msgspec", "orjson")


class Job(TypedDict):
    """One sample's job.

    `contestant`: MODULE.FUNCTION in `_contestants`; `argument`: what only that one understands.
    `package`: the folder that anthropix_py must come from. `fast`: whether it may use a fast
    JSON library. `ca`: a file, for a `url` of https. `control`: the server's address without TLS.
    `warm_up`: the target of a first call that is not measured. `number`: calls, streams or batches
    a page.
    """

    contestant: str
    argument: str
    package: str
    fast: bool
    url: str
    ca: str | None
    control: str
    warm_up: str
    target: str
    number: int
