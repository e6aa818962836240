"""What becomes of a request: its result, made by its own faults, by the outcome chosen for it, or by the reply."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Union

from .. import _json
from ._message import message, quote_prompt
from ._params import fault

Reply = Callable[[dict[str, Any]], Union[str, dict[str, Any]]]
"""Gives the answer to a request: text, fields of a message (`{"content": [...]}`), or a whole result."""

Outcomes = Union[Mapping[str, float], Callable[[dict[str, Any]], str]]
"""Shares of the requests by outcome, or a function that names the outcome of each."""

Row = tuple[str, bytes]
"""(type of the result, the line that holds it)."""

RESULTS = ("succeeded", "errored", "canceled", "expired")
OUTCOMES = (*RESULTS, "refusal", "max_tokens")


class Worker:
    """Makes results of requests. The same seed makes the same choices."""

    def __init__(
        self,
        reply: Reply | None,
        outcomes: Outcomes | None,
        models: Collection[str] | None,
        seed: int,
    ) -> None:
        if isinstance(outcomes, Mapping):
            _check_shares(outcomes)
        self._reply = reply or quote_prompt
        self._outcomes = outcomes or {}
        self._models = models
        self._seed = seed
        self._cached: set[str] = set()

    def row(self, request: dict[str, Any], version: str) -> Row:
        """Give the row of *request*, processed under an API version."""
        custom_id = request["custom_id"]
        found = fault(request["params"], version, self._models)
        if found is not None:
            return as_line(custom_id, errored(*found))
        try:
            return as_line(custom_id, self._result(request))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a reply that fails (pytest.fail too) fails its request
            return as_line(custom_id, errored("api_error", f"{type(error).__name__}: {error}"))

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        outcome = self._outcome(request)
        if outcome == "errored":
            return errored("api_error", "Internal server error")
        if outcome in ("canceled", "expired"):
            return {"type": outcome}
        answer: object = self._reply(request)
        if isinstance(answer, str):
            stop_reason = outcome if outcome in ("refusal", "max_tokens") else "end_turn"
            return {
                "type": "succeeded",
                "message": message(request, answer, self._cached, stop_reason),
            }
        if isinstance(answer, dict) and (answer.get("type") == "message" or "content" in answer):
            return {
                "type": "succeeded",
                "message": {**message(request, "", self._cached), **answer},
            }
        if isinstance(answer, dict) and answer.get("type") in RESULTS:
            return answer
        given = type(answer).__name__
        return errored(
            "api_error", f"the reply function gave a {given}; expected text, a message or a result"
        )

    def _outcome(self, request: dict[str, Any]) -> str:
        if not isinstance(self._outcomes, Mapping):
            outcome = self._outcomes(request)
            if outcome not in OUTCOMES:
                raise ValueError(
                    f"the outcomes function gave {outcome!r}; expected one of {', '.join(OUTCOMES)}"
                )
            return outcome
        digest = hashlib.sha256(
            f"{self._seed} {request['custom_id']}".encode(errors="replace")
        ).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        for outcome, share in self._outcomes.items():
            place -= share
            if place < 0:
                return outcome
        return "succeeded"


def as_line(custom_id: str, result: dict[str, Any]) -> Row:
    """Give the row that holds *result*."""
    return result["type"], _json.dumps({"custom_id": custom_id, "result": result})


def errored(kind: str, text: str) -> dict[str, Any]:
    """Give an errored result, nested as the API nests it."""
    return {
        "type": "errored",
        "error": {"type": "error", "error": {"type": kind, "message": text}, "request_id": None},
    }


def _check_shares(shares: Mapping[str, float]) -> None:
    for outcome, share in shares.items():
        if outcome not in OUTCOMES:
            raise ValueError(f"outcomes names {outcome!r}; expected {', '.join(OUTCOMES)}")
        if not 0 <= share <= 1:
            raise ValueError(f"outcomes[{outcome!r}] must be a share from 0 to 1, not {share}")
    if sum(shares.values()) > 1 + 1e-9:
        raise ValueError(f"the shares of outcomes sum to {sum(shares.values())}, more than 1")
