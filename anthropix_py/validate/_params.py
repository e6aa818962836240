"""The faults in `params` that the server finds only while processing: each makes a row errored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from .._problem import Fault, shown

_NO_KEY = "no such key, so this request will come back as an errored row"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_filled_list(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0


# key: (a check of its value, what is expected)
_REQUIRED: dict[str, tuple[Callable[[object], bool], str]] = {
    "model": (_is_name, "a model's name"),
    "max_tokens": (_is_count, "an integer of at least 1"),
    "messages": (_is_filled_list, "a list of at least 1 message"),
}
_ROLES = ("user", "assistant", "system")
_CONTENT = (str, list)
_UNSUPPORTED = (
    "speed",
    "store",
    "cache_hint",
    "context_hint",
    "fallbacks",
    "previous_thread_event_id",
)
# Arguments of the official SDK's functions, and the right place for their content.
_MISPLACED = {
    "betas": "betas for the whole batch: with_options(client, beta=...)",
    "extra_headers": "headers of the create call: with_options(client, headers=...)",
    "extra_query": "the query of the create call: with_options(client, query=...)",
    "extra_body": "its content as keys of params",
    "timeout": "the timeout of the create call: with_options(client, timeout=...)",
}
_UNUSUAL = frozenset(("stream", *_UNSUPPORTED, *_MISPLACED))


def params_faults(params: object) -> Iterator[Fault]:
    """Yield every fault of *params*, with pointers that start at the request."""
    if not isinstance(params, Mapping):
        return
    for key, (fits, expected) in _REQUIRED.items():
        if key not in params:
            yield f"/params/{key}", _NO_KEY, expected
        elif not fits(params[key]):
            yield f"/params/{key}", shown(params[key]), expected
    if params.get("stream"):
        yield "/params/stream", shown(params["stream"]), "no streaming in a batch"
    for key in _UNSUPPORTED:
        if key in params:
            yield f"/params/{key}", shown(params[key]), "a key that batches support"
    for key, expected in _MISPLACED.items():
        if key in params:
            found = "an argument of the SDK, which the API does not know"
            yield f"/params/{key}", found, expected
    if isinstance(params.get("messages"), (list, tuple)):
        yield from _message_faults(params["messages"])


def _message_faults(messages: Iterable[object]) -> Iterator[Fault]:
    for index, message in enumerate(messages):
        where = f"/params/messages/{index}"
        if not isinstance(message, Mapping):
            yield where, shown(message), "an object with role and content"
            continue
        if message.get("role") not in _ROLES:
            yield f"{where}/role", shown(message.get("role")), f"one of {', '.join(_ROLES)}"
        if not isinstance(message.get("content"), (str, list, tuple)):
            yield f"{where}/content", shown(message.get("content")), "text or a list of blocks"


def is_plainly_sound(request: object) -> TypeGuard[dict[str, Any]]:
    """Fast path: True only if a complete check could find no fault except one of the custom_id.

    Nearly every request takes it, because it takes a fraction of the time of collecting faults. It
    is safe because it accepts exact types only. A request that it does not accept is checked
    completely, and may turn out to have no fault.
    """
    if type(request) is not dict or len(request) != 2:
        return False
    params = request.get("params")
    if type(request.get("custom_id")) is not str or type(params) is not dict:
        return False
    if not _UNUSUAL.isdisjoint(params):
        return False
    model, max_tokens = params.get("model"), params.get("max_tokens")
    if type(model) is not str or not model or type(max_tokens) is not int or max_tokens < 1:
        return False
    messages = params.get("messages")
    if type(messages) is not list or not messages:
        return False
    for message in messages:
        if type(message) is not dict or message.get("role") not in _ROLES:
            return False
        if type(message.get("content")) not in _CONTENT:
            return False
    return True
