"""The result of a request: from its own faults, from the outcome chosen for it, or from a reply."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeGuard, Union

from .. import _json
from ._message import default_reply, message
from ._params import Rules, fault, is_truncated

Reply = Callable[[dict[str, Any]], Union[str, dict[str, Any]]]
"""Takes a request; returns text, fields of a message (`{"content": [...]}`), or a result."""

Outcomes = Union[Mapping[str, float], Callable[[dict[str, Any]], str]]
"""The share of each outcome among the requests, or a function that returns a request's outcome."""

Row = tuple[str, bytes]
"""(type of the result, the line that holds it)."""

RESULTS = ("succeeded", "errored", "canceled", "expired")

OUTCOMES = (*RESULTS, "refusal", "max_tokens")
"""The possible outcomes of a request. The last two are succeeded, with that stop reason."""


class Terms(NamedTuple):
    """What the result of a request depends on in its batch.

    *beta*: the `anthropic-beta` header of its create, empty if there was none.
    """

    batch_id: str
    version: str
    beta: str = ""

    @property
    def betas(self) -> list[str]:
        """Return the names in the header."""
        return [name.strip() for name in self.beta.split(",") if name.strip()]


class Worker:
    """Makes the results of requests. The same seed makes the same choices."""

    def __init__(
        self,
        reply: Reply | None,
        outcomes: Outcomes | None,
        models: Collection[str] | None,
        seed: int,
    ) -> None:
        self._reply = reply or default_reply
        self._outcomes = outcomes or {}
        self._models = models
        self._seed = seed
        self._cached: set[str] = set()

    def row(self, request: dict[str, Any], terms: Terms) -> Row:
        """Return the row of *request* in a batch with *terms*."""
        custom_id = request["custom_id"]
        rules = Rules(terms.version, terms.betas, self._models)
        found = fault(request["params"], rules)
        if found is not None:
            return as_row(custom_id, errored(*found, None))
        try:
            return as_row(custom_id, self._result(request, terms, rules))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001
            # A reply that fails (also by pytest.fail) fails only its own request.
            message = f"{type(error).__name__}: {error}"
            return as_row(custom_id, self._failed(custom_id, terms, message))

    def _result(self, request: dict[str, Any], terms: Terms, rules: Rules) -> dict[str, Any]:
        outcome = self._outcome(request, terms)
        is_own_reply = outcome == "succeeded" and self._reply is default_reply
        # a model that thinks first, and has too few tokens for it
        if is_own_reply and is_truncated(request["params"], rules):
            outcome = "max_tokens"
        if outcome == "errored":
            return self._failed(request["custom_id"], terms, "Internal server error")
        if outcome in ("canceled", "expired"):
            return {"type": outcome}
        reply: object = self._reply(request)
        if isinstance(reply, str):
            reply = {"content": [{"type": "text", "text": reply}]}
        if is_fields(reply):
            made = message(request, reply, outcome, self._cached)
            return {"type": "succeeded", "message": made}
        if is_result(reply):
            return reply
        expected = "expected text, a message or a result"
        found = f"the reply function returned a {type(reply).__name__}; {expected}"
        return self._failed(request["custom_id"], terms, found)

    def _failed(self, custom_id: str, terms: Terms, message: str) -> dict[str, Any]:
        """Return an errored result with a request id, which faults in params do not have."""
        id = f"workerreq_01{self._digest(custom_id, terms).hex()[:22]}"
        return errored("api_error", message, id)

    def _outcome(self, request: dict[str, Any], terms: Terms) -> str:
        if isinstance(self._outcomes, Mapping):
            return self._drawn(self._outcomes, request["custom_id"], terms)
        outcome = self._outcomes(request)
        if outcome not in OUTCOMES:
            expected = f"expected one of {', '.join(OUTCOMES)}"
            raise ValueError(f"the outcomes function returned {outcome!r}; {expected}")
        return outcome

    def _drawn(self, shares: Mapping[str, float], custom_id: str, terms: Terms) -> str:
        """Draw an outcome for each batch separately: what fails in one may succeed in the next."""
        place = int.from_bytes(self._digest(custom_id, terms)[:8], "big") / 2**64
        for outcome, share in shares.items():
            place -= share
            if place < 0:
                return outcome
        return "succeeded"

    def _digest(self, custom_id: str, terms: Terms) -> bytes:
        text = f"{self._seed} {terms.batch_id} {custom_id}"
        return hashlib.sha256(text.encode(errors="replace")).digest()


def is_fields(reply: object) -> TypeGuard[dict[str, Any]]:
    """Return whether *reply* has fields of a message."""
    return isinstance(reply, dict) and (reply.get("type") == "message" or "content" in reply)


def is_result(reply: object) -> TypeGuard[dict[str, Any]]:
    """Return whether *reply* is a complete result."""
    return isinstance(reply, dict) and reply.get("type") in RESULTS


def as_row(custom_id: str, result: dict[str, Any]) -> Row:
    """Return the row that holds *result*."""
    return result["type"], _json.dumps({"custom_id": custom_id, "result": result})


def errored(kind: str, text: str, request_id: str | None) -> dict[str, Any]:
    """Return an errored result, with the error nested twice as the API does it."""
    error = {"details": {"error_visibility": "user_facing"}, "type": kind, "message": text}
    nested = {"type": "error", "error": error, "request_id": request_id}
    return {"type": "errored", "error": nested}


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise ValueError for impossible shares of outcomes."""
    for outcome, share in shares.items():
        if outcome not in OUTCOMES:
            raise ValueError(f"outcomes has {outcome!r}; expected {', '.join(OUTCOMES)}")
        if not 0 <= share <= 1:
            raise ValueError(f"outcomes[{outcome!r}] must be a share from 0 to 1, not {share}")
    total = sum(shares.values())
    if total > 1 + 1e-9:
        raise ValueError(f"the shares of outcomes add up to {total}, more than 1")
