"""The id and the path of a batch that a caller names by its id, its dict or its results_url.

All requests go to the client's own base_url: only the id in a results_url is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._arguments import check_is_not_a_result
from .._problem import Problem, shown
from .._wire import BATCHES
from ..client import API_BASE, Client
from ..errors import InvalidRequest
from ..types import BatchRef

_CONTROL = r"[\x00-\x1f\x7f]"
_AN_ID = "one non-empty path segment, such as msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"


def batch_id(batch: BatchRef) -> str:
    """Return the id of a batch named by its id or its dict. Raises `InvalidRequest`."""
    if isinstance(batch, str):
        return _checked("batch id", batch)
    check_is_not_a_result(batch, "a batch")
    if not isinstance(batch, Mapping):
        raise TypeError(f"a batch is named by its id or its dict, not by {shown(batch)}")
    if "id" not in batch:
        raise _invalid("batch['id']", "no such key", _AN_ID)
    return _checked("batch['id']", batch["id"])


def results_id(client: Client, batch_or_url: BatchRef) -> str:
    """Return the id of a batch named by its id, its dict or its results_url.

    A dict may have a `results_url` alone. Raises `InvalidRequest`.
    """
    named = _url_alone(batch_or_url) or batch_or_url
    if not isinstance(named, str) or "/" not in named:
        return batch_id(named)
    # urlsplit would silently drop some of them
    if re.search(_CONTROL, named):
        raise _invalid("results_url", shown(named), "a URL without control characters")
    try:
        return _checked("results_url", _id_in(client, named))
    except ValueError as error:
        raise _invalid("results_url", f"{shown(named)} ({error})", "a URL") from None


def _url_alone(batch: BatchRef) -> str | None:
    """Return the results_url of a dict that has no id; None for anything else."""
    if not isinstance(batch, Mapping) or "id" in batch:
        return None
    url = batch.get("results_url")
    return url if isinstance(url, str) else None


def _id_in(client: Client, url: str) -> str:
    """Return the id in a results_url. Raises ValueError for one that is not a URL in UTF-8."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise _invalid("results_url", shown(url), "a batch id, or a URL with scheme and host")
    homes = [urlsplit(base) for base in dict.fromkeys((client.base_url, API_BASE))]
    origin = (parts.scheme, parts.netloc.lower())
    near = [home for home in homes if (home.scheme, home.netloc.lower()) == origin]
    if not near:
        hosts = " or ".join(f"{home.scheme}://{home.netloc}" for home in homes)
        found = f"one of another host, {shown(f'{parts.scheme}://{parts.netloc}')}"
        raise _invalid("results_url", found, f"a URL of {hosts}")
    for home in near:
        head, tail = f"{home.path}{BATCHES}/", "/results"
        if parts.path.startswith(head) and parts.path.endswith(tail):
            return unquote(parts.path[len(head) : -len(tail)], errors="strict")
    raise _invalid("results_url", shown(url), f"{BATCHES}/ID/results in its path")


def path(id: str, action: str = "") -> str:
    """Return the path of a batch, or of an action on it."""
    return f"{BATCHES}/{quoted(id)}{action}"


def quoted(text: str) -> str:
    """Return *text* as one segment of a path, or one part of a query."""
    from urllib.parse import quote

    # bytes, because a Secret must not be formatted
    return quote(text.encode(), safe="")


def _checked(where: str, id: object) -> str:
    if not isinstance(id, str) or id in ("", ".", "..") or "/" in id or re.search(_CONTROL, id):
        raise _invalid(where, shown(id), _AN_ID)
    try:
        id.encode()
    except UnicodeEncodeError:
        raise _invalid(where, shown(id), _AN_ID) from None
    return id


def _invalid(where: str, found: str, expected: str) -> InvalidRequest:
    return InvalidRequest([Problem(None, None, where, found, expected)])
