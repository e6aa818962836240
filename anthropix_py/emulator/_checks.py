"""What the emulated API refuses at once, in the real API's words if they are known."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..limits import Limits
from ._parse import RequestReader
from ._refusal import Refusal, invalid, not_found

_PAGE = 20  # batches on a page without a limit
_LONGEST_ID = 64
_VERSIONS = ("2023-06-01", "2026-10-21")
_COUNTED = (
    *("system", "tools", "tool_choice", "thinking", "output_config", "cache_control"),
    # not documented, but an argument of the official SDK
    "speed",
)


def check_head(headers: Mapping[str, str], api_keys: Collection[str] | None = None) -> None:
    """Refuse a request without an accepted key, or with an unknown API version.

    *api_keys*: the keys that are accepted, None for any. Of the messages, only that for a wrong
    key is known; the others are assumed (A).
    """
    key = _credential(headers)
    if not key:
        raise _unauthorized("x-api-key header is required")
    if api_keys is not None and key not in api_keys:
        raise _unauthorized("API key is invalid.")
    version = headers.get("anthropic-version")
    if version is None:
        raise invalid("anthropic-version: header is required")
    if version not in _VERSIONS:
        raise invalid(f'anthropic-version: "{version}" is not a valid version')


def _unauthorized(message: str) -> Refusal:
    return Refusal(401, "authentication_error", message, anonymous=True)


def _credential(headers: Mapping[str, str]) -> str:
    key = headers.get("x-api-key", "").strip()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not key and scheme.lower() == "bearer":
        key = token.strip()
    return key


def checked(requests: RequestReader, limits: Limits) -> Iterator[str]:
    """Yield the JSON of each request of a create; refuse what the API refuses at create."""
    seen: set[str] = set()
    count = 0
    for index, (request, text) in enumerate(requests):
        count = index + 1
        if count > limits.requests:
            # from here on the requests are only counted
            continue
        _check_request(request, f"requests.{index}", limits)
        custom_id = request["custom_id"]
        if custom_id in seen:
            found = f"Duplicate custom_id found: {custom_id}"
            raise invalid(f"requests: custom_id's must be unique within a batch. {found}")
        seen.add(custom_id)
        yield text
    if count > limits.requests:
        most = f"at most {limits.requests} items after validation"
        raise invalid(f"requests: List should have {most}, not {count}")
    _check_remainder(requests.remainder, count)


def _check_remainder(body: Any, count: int) -> None:
    _check_keys(body, "", ("requests",))
    if not isinstance(body["requests"], list):
        raise invalid("requests: Input should be a valid list")
    if count == 0:
        raise invalid("requests: List should have at least 1 item after validation, not 0")


def _check_keys(
    value: Any, where: str, required: Collection[str], optional: Collection[str] = ()
) -> None:
    """Refuse anything but an object with the *required* keys, and no others but *optional* ones."""
    if not isinstance(value, dict):
        raise invalid(_joined(": ", where, "Input should be an object"))
    for key in required:
        if key not in value:
            raise invalid(f"{_joined('.', where, key)}: Field required")
    for key in value:
        if key not in required and key not in optional:
            raise invalid(f"{_joined('.', where, key)}: Extra inputs are not permitted")


def _joined(separator: str, where: str, what: str) -> str:
    if not where:
        return what
    return where + separator + what


def _check_request(request: Any, where: str, limits: Limits) -> None:
    _check_keys(request, where, ("custom_id", "params"))
    custom_id = request["custom_id"]
    if not isinstance(custom_id, str):
        raise invalid(f"{where}.custom_id: Input should be a valid string")
    # Python's $ matches before a final newline, too
    if not re.search(limits.custom_id, custom_id) or custom_id.endswith("\n"):
        if len(custom_id) > _LONGEST_ID:
            raise invalid(f"{where}.custom_id: String should have at most {_LONGEST_ID} characters")
        raise invalid(f"{where}.custom_id: String should match pattern '{limits.custom_id}'")
    if not isinstance(request["params"], dict):
        raise invalid(f"{where}.params: Input should be an object")


def page_bounds(query: Mapping[str, str], ids: list[str], limits: Limits) -> tuple[slice, bool]:
    """Return which part of *ids*, newest first, is on the page, and whether more follow."""
    limit = _limit(query.get("limit"), limits.page)
    start = 0
    if "after_id" in query:
        # if both are there, before_id is ignored (A)
        start = _position(query["after_id"], ids) + 1
    elif "before_id" in query:
        end = _position(query["before_id"], ids)
        start = max(0, end - limit)
        return slice(start, end), start > 0
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
        raise not_found(f"Message Batch {id} not found.")  # (A)
    return ids.index(id)


def check_count(body: Any, beta: str = "") -> None:
    """Refuse what count_tokens does not accept. Under a *beta* it may accept any key (A)."""
    optional: Collection[str] = _COUNTED
    if beta and isinstance(body, dict):
        optional = body.keys()
    _check_keys(body, "", ("model", "messages"), optional)
