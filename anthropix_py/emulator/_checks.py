"""What the emulated API refuses at once, in the real one's words where they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..limits import Limits
from ._parse import RequestsIn
from ._refused import Refused, invalid

_PAGE = 20  # batches on a page, unless a limit is given
_LONGEST_ID = 64
_VERSIONS = ("2023-06-01", "2026-10-21")
_COUNTED = (
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
)


def check_head(headers: Mapping[str, str]) -> None:
    """Refuse a request without credentials or with an unknown API version. The words are assumed (A)."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not headers.get("x-api-key", "").strip() and not (
        scheme.lower() == "bearer" and token.strip()
    ):
        raise Refused(401, "authentication_error", "x-api-key header is required")
    version = headers.get("anthropic-version")
    if version is None:
        raise invalid("anthropic-version: header is required")
    if version not in _VERSIONS:
        raise invalid(f'anthropic-version: "{version}" is not a valid version')


def checked(requests: RequestsIn, limits: Limits) -> Iterator[str]:
    """Yield the text of each request of a create's body; refuse it as the API does before any processing."""
    seen: set[str] = set()
    count = 0
    for index, (request, text) in enumerate(requests):
        count = index + 1
        if count > limits.requests:
            continue  # only to count them
        _check_request(request, f"requests.{index}", limits)
        if request["custom_id"] in seen:
            words = (
                "requests: custom_id's must be unique within a batch. Duplicate custom_id found: "
            )
            raise invalid(words + request["custom_id"])
        seen.add(request["custom_id"])
        yield text
    if count > limits.requests:
        raise invalid(
            f"requests: List should have at most {limits.requests} items after validation, not {count}"
        )
    _check_rest(requests.rest, count)


def _check_rest(body: Any, count: int) -> None:
    if not isinstance(body, dict):
        raise invalid("Input should be an object")
    for key in body:
        if key != "requests":
            raise invalid(f"{key}: Extra inputs are not permitted")
    if "requests" not in body:
        raise invalid("requests: Field required")
    if not isinstance(body["requests"], list):
        raise invalid("requests: Input should be a valid list")
    if count == 0:
        raise invalid("requests: List should have at least 1 item after validation, not 0")


def _check_request(request: Any, where: str, limits: Limits) -> None:
    if not isinstance(request, dict):
        raise invalid(f"{where}: Input should be an object")
    for key in ("custom_id", "params"):
        if key not in request:
            raise invalid(f"{where}.{key}: Field required")
    for key in request:
        if key not in ("custom_id", "params"):
            raise invalid(f"{where}.{key}: Extra inputs are not permitted")
    custom_id = request["custom_id"]
    if not isinstance(custom_id, str):
        raise invalid(f"{where}.custom_id: Input should be a valid string")
    if not re.search(limits.custom_id, custom_id) or custom_id.endswith("\n"):
        if len(custom_id) > _LONGEST_ID:
            raise invalid(f"{where}.custom_id: String should have at most {_LONGEST_ID} characters")
        raise invalid(f"{where}.custom_id: String should match pattern '{limits.custom_id}'")
    if not isinstance(request["params"], dict):
        raise invalid(f"{where}.params: Input should be an object")


def page_bounds(query: Mapping[str, str], ids: list[str], limits: Limits) -> tuple[slice, bool]:
    """Give the part of *ids*, newest first, that a page holds, and whether more lie beyond it."""
    limit = _limit(query.get("limit"), limits.page)
    if "after_id" in query and "before_id" in query:
        raise invalid("only one of before_id and after_id may be given")  # (A)
    if "before_id" in query:
        end = _position(query["before_id"], ids)
        start = max(0, end - limit)
        return slice(start, end), start > 0
    start = _position(query["after_id"], ids) + 1 if "after_id" in query else 0
    return slice(start, start + limit), start + limit < len(ids)


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return min(_PAGE, most)
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise invalid("limit: Input should be a valid integer")
    limit = int(text)
    if limit < 1:
        raise invalid("limit: Input should be greater than or equal to 1")
    if limit > most:
        raise invalid(f"limit: Input should be less than or equal to {most}")
    return limit


def _position(id: str, ids: list[str]) -> int:
    if id not in ids:
        raise Refused(404, "not_found_error", f"Message Batch {id} not found.")  # (A)
    return ids.index(id)


def check_count(body: Any) -> None:
    """Refuse what count_tokens does not take."""
    if not isinstance(body, dict):
        raise invalid("Input should be an object")
    for key in ("model", "messages"):
        if key not in body:
            raise invalid(f"{key}: Field required")
    for key in body:
        if key not in _COUNTED:
            raise invalid(f"{key}: Extra inputs are not permitted")
