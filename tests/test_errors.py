"""Errors: what they carry, what they say, and that they can be pickled."""

from __future__ import annotations

import copy
import pickle
from types import MappingProxyType
from typing import get_args, get_type_hints

import pytest

import anthropix_py
from anthropix_py import errors
from anthropix_py.errors import (
    AnthropixError,
    APIError,
    AuthError,
    DecodeError,
    FileError,
    IncompleteResults,
    InvalidRequest,
    MissingCredentials,
    MissingExtra,
    NotEnded,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)
from anthropix_py.result import Err
from anthropix_py.types import MessageBatch
from anthropix_py.validate import Problem

BATCH: MessageBatch = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "canceling",
    "request_counts": {"processing": 1, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "ended_at": None,
    "created_at": "2026-08-19T14:44:51.493319+00:00",
    "expires_at": "2026-08-20T14:44:51.493319+00:00",
    "archived_at": None,
    "cancel_initiated_at": None,
    "results_url": None,
}
FAULT = Problem(
    3, "a", "/custom_id", "'a', used before in requests[0]", "an id that is unique in its batch"
)


def faults(count: int) -> list[Problem]:
    return [Problem(index, None, f"/{index}", "x", "y") for index in range(count)]


CASES: dict[str, tuple[AnthropixError, str]] = {
    "base": (AnthropixError("what"), "what"),
    "invalid 1": (
        InvalidRequest([FAULT]),
        "requests[3]/custom_id ('a'): expected an id that is unique in its batch; "
        "found 'a', used before in requests[0]",
    ),
    "invalid 0": (InvalidRequest([]), "0 problems:"),
    "invalid 2": (
        InvalidRequest(faults(2)),
        "2 problems:\n  requests[0]/0: expected y; found x\n  requests[1]/1: expected y; found x",
    ),
    "invalid 10": (
        InvalidRequest(faults(10)),
        "10 problems:" + "".join(f"\n  requests[{n}]/{n}: expected y; found x" for n in range(10)),
    ),
    "invalid 1234": (
        InvalidRequest(faults(1234)),
        "1,234 problems:"
        + "".join(f"\n  requests[{n}]/{n}: expected y; found x" for n in range(10))
        + "\n  ... and 1,224 more",
    ),
    "extra": (
        MissingExtra("a Parquet table", "pyarrow", "table"),
        "a Parquet table needs pyarrow: pip install 'anthropix_py[table]'",
    ),
    "missing": (
        MissingCredentials(["A", "B"]),
        "no credentials: pass api_key=, auth_token= or auth=, or set A or B "
        "(both are unset or empty)",
    ),
    "auth": (
        AuthError("OSError: no token"),
        "no credential: auth failed with OSError: no token (nothing was sent)",
    ),
    "api bare": (APIError(529), "529"),
    "api type": (APIError(404, "not_found_error"), "404 not_found_error"),
    "api message": (APIError(502, None, "Bad Gateway"), "502: Bad Gateway"),
    "api code alone": (APIError(429, None, None, "ramp_limit_exceeded"), "429 ramp_limit_exceeded"),
    "api id alone": (APIError(500, None, None, None, "req_1"), "500 [req_1]"),
    "api empty texts": (APIError(500, "", "", "", "", {}, ""), "500"),
    "api all": (
        APIError(
            429,
            "rate_limit_error",
            "Slow",
            "ramp_limit_exceeded",
            "req_1",
            {"retry-after": "7"},
            {"a": [1]},
        ),
        "429 rate_limit_error/ramp_limit_exceeded: Slow (retry-after: 7) [req_1]",
    ),
    # A gateway's page of HTML must not fill the message.
    "api long message": (APIError(502, None, "x" * 1001), "502: " + "x" * 1000 + "..."),
    "sent": (
        TransportError("closed", "peer left", sent=True),
        "closed: peer left (after sending had begun)",
    ),
    "unsent": (
        TransportError("connect", "refused", sent=False),
        "connect: refused (before anything was sent)",
    ),
    "decode bare": (DecodeError("not JSON"), "not JSON"),
    "decode line": (DecodeError("not JSON", 3), "line 3: not JSON"),
    "decode zero": (DecodeError("not JSON", 1, 0), "line 1, byte 0: not JSON"),
    "decode offset": (DecodeError("not JSON", None, 9), "byte 9: not JSON"),
    "decode all": (
        DecodeError("bad", 3, 9, "{\n", "req_1"),
        "line 3, byte 9: bad, near '{\\n' [req_1]",
    ),
    "not ended": (
        NotEnded(BATCH),
        "batch msgbatch_1 is canceling: results are available once it has ended",
    ),
    "wait": (WaitTimeout(BATCH, 61.4), "batch msgbatch_1 is canceling after 61 s"),
    "wait and failed": (
        WaitTimeout(BATCH, 61.4, APIError(500)),
        "batch msgbatch_1 is canceling after 61 s; the last poll failed: 500",
    ),
    "wait blind": (WaitTimeout(None, 0.2), "the batch could not be read within 0 s"),
    "unknown": (
        UnknownOutcome(TransportError("timeout", "silence", sent=True), 100_000, 1.5),
        "a batch of 100,000 requests may have been created; the create was not repeated: "
        "timeout: silence (after sending had begun). "
        "Check batch.candidates before creating it again",
    ),
    # Made by hand after a crash, from what the program had noted before it sent the request.
    "unknown without a cause": (
        UnknownOutcome(None, 1, 1.5),
        "a batch of 1 request may have been created; the create was not repeated. "
        "Check batch.candidates before creating it again",
    ),
    "short": (IncompleteResults(1000, 999), "the results ended after 999 of 1,000 rows"),
    "short unknown": (
        IncompleteResults(None, 0, 0),
        "the results ended after 0 of an unknown number of rows",
    ),
    "short again": (
        IncompleteResults(3, 1, 1200),
        "the results ended after 1 of 3 rows, 1,200 arrived more than once",
    ),
    "short because": (
        IncompleteResults(3, 1, 0, TransportError("closed", "gone", sent=True)),
        "the results ended after 1 of 3 rows: closed: gone (after sending had begun)",
    ),
    "file": (FileError("/tmp/out.jsonl", "disk full"), "/tmp/out.jsonl: disk full"),
}

PUBLIC = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}


def attributes(error: BaseException) -> dict[str, object]:
    return {
        name: attributes(value) if isinstance(value, BaseException) else value
        for name, value in vars(error).items()
    }


def assert_same(one: BaseException, other: BaseException) -> None:
    assert type(one) is type(other)
    assert str(one) == str(other)
    assert attributes(one) == attributes(other)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_text(case: tuple[AnthropixError, str]) -> None:
    error, text = case
    assert str(error) == text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_pickle_is_equal(case: tuple[AnthropixError, str], protocol: int) -> None:
    assert_same(pickle.loads(pickle.dumps(case[0], protocol)), case[0])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_copy_is_equal(case: tuple[AnthropixError, str]) -> None:
    assert_same(copy.copy(case[0]), case[0])
    assert_same(copy.deepcopy(case[0]), case[0])


def test_every_class_has_a_case() -> None:
    assert {type(error) for error, _ in CASES.values()} == set(PUBLIC.values())


@pytest.mark.parametrize("kind", PUBLIC.values(), ids=PUBLIC)
def test_the_tree_is_closed(kind: type[BaseException]) -> None:
    assert issubclass(kind, AnthropixError)
    assert issubclass(kind, Exception)
    assert getattr(anthropix_py, kind.__name__) is kind
    assert kind.__name__ in anthropix_py.__all__


def test_every_exported_exception_is_of_the_tree() -> None:
    exported = {name: getattr(anthropix_py, name) for name in anthropix_py.__all__}
    found = {
        name
        for name, value in exported.items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert found == set(PUBLIC)


def test_err_holds_the_base() -> None:
    assert get_args(Err)[1] is AnthropixError


@pytest.mark.parametrize("kind", PUBLIC.values(), ids=PUBLIC)
def test_every_attribute_is_documented(kind: type[BaseException]) -> None:
    error = next(error for error, _ in CASES.values() if type(error) is kind)
    documented = kind.__doc__ or ""
    assert [
        name for name in public(error) if f"`{name}`" not in documented and name != "detail"
    ] == []


def public(error: AnthropixError) -> set[str]:
    return {name for name in vars(error) if not name.startswith("_")}


@pytest.mark.parametrize(
    "kind",
    [kind for kind in PUBLIC.values() if kind is not AnthropixError],
    ids=lambda kind: kind.__name__,
)
def test_every_argument_is_an_attribute(kind: type[AnthropixError]) -> None:
    error = next(error for error, _ in CASES.values() if type(error) is kind)
    names = set(
        get_type_hints(
            kind.__init__, vars(errors) | {"MessageBatch": MessageBatch, "Problem": Problem}
        )
    )
    assert names - {"return"} == public(error)


def test_problems_are_kept_apart_from_the_list_given() -> None:
    given = faults(2)
    error = InvalidRequest(given)
    given.clear()
    assert error.problems == tuple(faults(2))


def test_looked_at_is_a_tuple() -> None:
    assert MissingCredentials(["A"]).looked_at == ("A",)


@pytest.mark.parametrize("given", [None, {}, MappingProxyType({})], ids=["none", "empty", "proxy"])
def test_headers_are_always_a_dict(given: dict[str, str] | None) -> None:
    assert APIError(500, headers=given).headers == {}


def test_headers_are_kept_apart_from_the_mapping_given() -> None:
    given = {"a": "b"}
    error = APIError(500, headers=given)
    given["a"] = "c"
    assert error.headers == {"a": "b"}
