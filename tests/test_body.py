"""The body of a create: read once, sent as often as needed, on disk, and released at the end."""

from __future__ import annotations

import json
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import request

from anthropix_py import FileError, InvalidRequest
from anthropix_py.batch._body import Spool
from anthropix_py.limits import Limits

KIB = 1 << 10
MIB = 1 << 20
LIMITS = Limits()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """Return the list of all temporary files on the disk that are made from now on."""
    made: list[IO[bytes]] = []
    make = tempfile.TemporaryFile

    def recorded(*args: Any, **options: Any) -> IO[bytes]:
        made.append(make(*args, **options))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", recorded)
    return made


def of_size(length: int) -> list[dict[str, Any]]:
    """Return requests whose body has exactly *length* bytes."""
    with Spool.of([request(system="")], LIMITS) as body:
        shortest = body.length
    return [request(system="x" * (length - shortest))]


WIDTHS = "\x00\x7fé\u2028\u2029\ufeff\U0001f600"
BATCHES: dict[str, list[dict[str, Any]]] = {
    "one": [request("a")],
    "two": [request("a"), request("b")],
    "thousands": [request(str(n)) for n in range(3000)],
    "text of all widths": [request("a", system=WIDTHS), request("b")],
    "a lone surrogate": [request("a", system="\ud800 é"), request("b", system="é")],
    "quotes and newlines": [request("a", system='"\\\n\r\t\b]}')],
    "numbers": [request("a", temperature=0.1, top_k=-0, top_p=1e-300, big=10**40)],
    "tuples": [request("a", messages=({"role": "user", "content": ("x", None, True)},))],
    "nothing right but the envelope": [{"custom_id": "a", "params": {}}],
    "a block": of_size(64 * KIB),
    "a block and a byte": of_size(64 * KIB + 1),
    "all that stays in memory": of_size(MIB),
    "5 MiB": of_size(5 * MIB),
}


@pytest.mark.parametrize("requests", BATCHES.values(), ids=BATCHES)
def test_the_same_bytes_each_time_and_exactly_as_many_as_it_says(
    requests: list[dict[str, Any]],
) -> None:
    with Spool.of(iter(requests), LIMITS) as body:
        first = b"".join(body)
        assert (len(first), body.total) == (body.length, len(requests))
        assert json.loads(first) == json.loads(json.dumps({"requests": requests}))
        # against an attempt that broke off in the body
        assert next(iter(body)) == first[: 64 * KIB]
        blocks = list(body)
        assert b"".join(blocks) == first
        assert max(map(len, blocks)) <= 64 * KIB


def test_it_has_begun_once_a_transport_asks_for_a_block() -> None:
    with Spool.of([request()], LIMITS) as body:
        blocks = iter(body)
        assert not body.begun
        next(blocks)
        assert body.begun


def test_any_mapping_is_an_object_and_bytes_are_compact_utf8() -> None:
    inner = types.MappingProxyType({"system": types.MappingProxyType({"a": "é"})})
    requests = [types.MappingProxyType({"custom_id": "a", "params": inner})]
    with Spool.of(requests, LIMITS) as body:
        expected = '{"requests":[{"custom_id":"a","params":{"system":{"a":"é"}}}]}'
        assert b"".join(body) == expected.encode()


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), min_size=1, max_size=4))
def test_any_params(params: list[dict[str, Any]]) -> None:
    requests = [{"custom_id": str(n), "params": one} for n, one in enumerate(params)]
    with Spool.of(requests, LIMITS) as body:
        sent = b"".join(body)
        assert (len(sent), body.total) == (body.length, len(params))
        assert json.loads(sent) == {"requests": requests}


@pytest.mark.parametrize(("length", "on_disk"), [(1000, 0), (MIB, 0), (MIB + 1, 1), (3 * MIB, 1)])
def test_a_large_body_is_kept_on_disk_and_released_at_the_end(
    files: list[IO[bytes]], length: int, on_disk: int
) -> None:
    with Spool.of(of_size(length), LIMITS) as body:
        assert (body.length, len(files)) == (length, on_disk)
        assert not any(file.closed for file in files)
    assert all(file.closed for file in files)
    with pytest.raises(ValueError, match="closed file"):
        list(body)
    # against a file that an error inside the block leaves open
    with pytest.raises(ZeroDivisionError), Spool.of(of_size(length), LIMITS) as body:
        body.total //= 0
    assert len(files) == 2 * on_disk
    assert all(file.closed for file in files)


def test_a_small_body_needs_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with Spool.of([request()], LIMITS) as body:
        assert len(b"".join(body)) == body.length
    with pytest.raises(FileError, match=r"^a temporary file: No such file or directory$"):
        Spool.of(of_size(2 * MIB), LIMITS)


@pytest.mark.parametrize("kind", [ValueError, KeyError, KeyboardInterrupt, GeneratorExit, OSError])
@pytest.mark.parametrize(
    ("before", "on_disk"),
    [([], 0), ([request("a")], 0), (of_size(2 * MIB), 1)],
    ids=["at once", "later", "on disk"],
)
def test_what_the_generator_raises_passes_through(
    files: list[IO[bytes]],
    kind: type[BaseException],
    before: list[dict[str, Any]],
    on_disk: int,
) -> None:
    raised = kind("mine")

    def requests() -> Iterator[dict[str, Any]]:
        yield from before
        raise raised

    with pytest.raises(kind) as caught:
        Spool.of(requests(), LIMITS)
    assert caught.value is raised
    assert [file.closed for file in files] == [True] * on_disk


BESIDE = [{}, request("b"), 3, request("b")]
NOT_JSON = [request("a", x={1, 2}), request("b", y=float("inf"))]
Make = Callable[[], Iterable[Any]]
REFUSED: dict[str, tuple[Make, Limits, list[str]]] = {
    "none": (list, LIMITS, ["requests"]),
    "none from a generator": (lambda: (request() for _ in ()), LIMITS, ["requests"]),
    "several": (lambda: BESIDE, LIMITS, ["/custom_id", "/params", "", "/custom_id"]),
    "not JSON": (lambda: NOT_JSON, LIMITS, ["/params/x", "/params/y"]),
    "one too many": (lambda: [request("a"), request("b")], LIMITS._replace(requests=1), [""]),
    "a byte too many": (lambda: of_size(1001), LIMITS._replace(bytes=1000), [""]),
    "after 2 MiB": (lambda: [*of_size(2 * MIB), {}], LIMITS, ["/custom_id", "/params"]),
}


@pytest.mark.parametrize(("make", "limits", "pointers"), REFUSED.values(), ids=REFUSED)
def test_what_is_invalid_is_refused_and_its_file_released(
    files: list[IO[bytes]], make: Make, limits: Limits, pointers: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Spool.of(make(), limits)
    assert [problem.pointer for problem in caught.value.problems] == pointers
    assert {problem.severity for problem in caught.value.problems} == {"error"}
    assert all(file.closed for file in files)


@pytest.mark.parametrize("length", [1000, 64 * KIB, MIB])
def test_the_limit_on_bytes_is_exact(length: int) -> None:
    with Spool.of(of_size(length), LIMITS._replace(bytes=length)) as body:
        assert len(b"".join(body)) == length
    with pytest.raises(InvalidRequest):
        Spool.of(of_size(length), LIMITS._replace(bytes=length - 1))


def test_no_more_is_read_once_it_is_over_the_limit() -> None:
    read: list[int] = []

    def endless() -> Iterator[dict[str, Any]]:
        while True:
            read.append(1)
            yield request(str(len(read)))

    with pytest.raises(InvalidRequest):
        Spool.of(endless(), LIMITS._replace(requests=10))
    assert len(read) == 11


def without_tokens(count: int) -> list[dict[str, Any]]:
    return [request(str(n), max_tokens=0) for n in range(count)]


# (requests, how many of them are warned of, how many warnings are kept)
WARNED: dict[str, tuple[list[dict[str, Any]], int, int]] = {
    "none": ([request("a")], 0, 0),
    "one": ([request("a"), request("b", max_tokens=0)], 1, 1),
    "several in one request": ([{"custom_id": "a", "params": {}}, request("b")], 1, 3),
    "ten": (without_tokens(10), 10, 10),
    "eleven": (without_tokens(11), 11, 10),
    "very many": ([{"custom_id": str(n), "params": {}} for n in range(5000)], 5000, 10),
}


@pytest.mark.parametrize(("requests", "warned", "kept"), WARNED.values(), ids=WARNED)
def test_warnings_are_counted_and_the_first_few_kept(
    requests: list[dict[str, Any]], warned: int, kept: int
) -> None:
    with Spool.of(requests, LIMITS) as body:
        assert (body.total, body.warned, len(body.warnings)) == (len(requests), warned, kept)
    assert all(problem.severity == "warning" for problem in body.warnings)
    indices = [problem.index or 0 for problem in body.warnings]
    assert indices == sorted(indices)


@pytest.mark.parametrize("requests", [request(), "text", b"bytes", None, 3], ids=type)
def test_what_is_not_a_list_of_requests(files: list[IO[bytes]], requests: Any) -> None:
    with pytest.raises(TypeError, match=f"such as a list, not {type(requests).__name__}"):
        Spool.of(requests, LIMITS)
    assert files == []
