"""From what a caller names a batch by to its id and its path.

Everything goes to the client's own base: a results_url is read for its id and never followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._problem import Problem, shown
from .._wire import BATCHES
from ..client import API_BASE, Client
from ..errors import InvalidRequest
from ..types import BatchRef

_CONTROL = r"[\x00-\x1f\x7f]"
_AN_ID = "one non-empty path segment, such as msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"


def batch_id(batch: BatchRef) -> str:
    """Give the id of a batch named by its id or its dict. Raises `InvalidRequest`."""
    if isinstance(batch, str):
        return _checked("batch id", batch)
    if not isinstance(batch, Mapping):
        raise TypeError(f"a batch is named by its id or its dict, not by {shown(batch)}")
    if "id" not in batch:
        raise _invalid("batch['id']", "no such key", _AN_ID)
    return _checked("batch['id']", batch["id"])


def results_id(client: Client, batch_or_url: BatchRef) -> str:
    """Give the id of a batch named by its id, its dict or its results_url. Raises `InvalidRequest`."""
    if not isinstance(batch_or_url, str) or "/" not in batch_or_url:
        return batch_id(batch_or_url)
    from urllib.parse import unquote, urlsplit

    if re.search(_CONTROL, batch_or_url):  # urlsplit would drop some of them without a word
        raise _invalid("results_url", shown(batch_or_url), "a URL without control characters")
    homes = [urlsplit(base) for base in dict.fromkeys((client.base_url, API_BASE))]
    try:
        parts = urlsplit(batch_or_url)
        near = [
            home
            for home in homes
            if (home.scheme, home.netloc.lower()) == (parts.scheme, parts.netloc.lower())
        ]
        if not near:
            hosts = " or ".join(f"{home.scheme}://{home.netloc}" for home in homes)
            found = f"one of another host, {shown(f'{parts.scheme}://{parts.netloc}')}"
            raise _invalid("results_url", found, f"a URL of {hosts}")
        for home in near:
            head, tail = f"{home.path}{BATCHES}/", "/results"
            if parts.path.startswith(head) and parts.path.endswith(tail):
                return _checked(
                    "results_url", unquote(parts.path[len(head) : -len(tail)], errors="strict")
                )
    except ValueError as error:  # of which an undecodable id is one
        raise _invalid("results_url", f"{shown(batch_or_url)} ({error})", "a URL") from None
    raise _invalid("results_url", shown(batch_or_url), f"{BATCHES}/ID/results in its path")


def path(id: str, action: str = "") -> str:
    """Give the path of a batch, or of an action on it."""
    return f"{BATCHES}/{quoted(id)}{action}"


def quoted(text: str) -> str:
    """Give *text* as one segment of a path, or one part of a query."""
    from urllib.parse import quote

    return quote(text.encode(), safe="")  # bytes, as a Secret must not be formatted


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
