"""The body of a create: read once, sent as often as need be, kept off memory, and given up at the end."""

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

from anthropix_py import InvalidRequest
from anthropix_py.batch._body import Spool
from anthropix_py.limits import Limits

MIB = 1 << 20
LIMITS = Limits()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """Give the list of all temporary files on the disk that are made from now on."""
    made: list[IO[bytes]] = []
    make = tempfile.TemporaryFile

    def recorded(*args: Any, **options: Any) -> IO[bytes]:
        made.append(make(*args, **options))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", recorded)
    return made


def of_size(length: int) -> list[dict[str, Any]]:
    """Give requests whose body has exactly *length* bytes."""
    with Spool([request(system="")], LIMITS) as body:
        shortest = body.length
    return [request(system="x" * (length - shortest))]


BATCHES: dict[str, list[dict[str, Any]]] = {
    "one": [request("a")],
    "two": [request("a"), request("b")],
    "thousands": [request(str(n)) for n in range(3000)],
    "text of all widths": [
        request("a", system="\x00\x7fé\u2028\u2029\ufeff\U0001f600"),
        request("b"),
    ],
    "a lone surrogate": [request("a", system="\ud800 é"), request("b", system="é")],
    "quotes and newlines": [request("a", system='"\\\n\r\t\b]}')],
    "numbers": [request("a", temperature=0.1, top_k=-0, top_p=1e-300, big=10**40)],
    "tuples": [request("a", messages=({"role": "user", "content": ("x", None, True)},))],
    "nothing right but the envelope": [{"custom_id": "a", "params": {}}],
    "64 KiB": of_size(64 * 1024),
    "64 KiB and a byte": of_size(64 * 1024 + 1),
    "1 MiB": of_size(MIB),
    "1 MiB and a byte": of_size(MIB + 1),
    "5 MiB": of_size(5 * MIB),
}

one_batch = pytest.mark.parametrize("requests", BATCHES.values(), ids=BATCHES.keys())


@one_batch
def test_the_same_bytes_each_time_and_exactly_as_many_as_it_says(
    requests: list[dict[str, Any]],
) -> None:
    with Spool(iter(requests), LIMITS) as body:
        first, second, third = (b"".join(body) for _ in range(3))
        assert first == second == third
        assert len(first) == body.length
        assert body.total == len(requests)
        assert json.loads(first) == json.loads(json.dumps({"requests": requests}))
        assert max(map(len, body)) <= 64 * 1024


@one_batch
def test_a_time_that_broke_off_spoils_nothing(requests: list[dict[str, Any]]) -> None:
    with Spool(requests, LIMITS) as body:
        whole = b"".join(body)
        assert next(iter(body)) == whole[: 64 * 1024]
        assert b"".join(body) == whole


def test_bytes_are_utf8_and_compact() -> None:
    with Spool([{"custom_id": "a", "params": {"system": "é"}}], LIMITS) as body:
        assert b"".join(body) == '{"requests":[{"custom_id":"a","params":{"system":"é"}}]}'.encode()


def test_any_mapping_is_an_object() -> None:
    inner = types.MappingProxyType({"model": "m", "system": types.MappingProxyType({"a": 1})})
    with Spool([types.MappingProxyType({"custom_id": "a", "params": inner})], LIMITS) as body:
        assert json.loads(b"".join(body)) == {
            "requests": [{"custom_id": "a", "params": {"model": "m", "system": {"a": 1}}}]
        }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), min_size=1, max_size=4))
def test_any_params(params: list[dict[str, Any]]) -> None:
    requests = [{"custom_id": str(n), "params": one} for n, one in enumerate(params)]
    with Spool(requests, LIMITS) as body:
        sent = b"".join(body)
        assert (len(sent), body.total) == (body.length, len(params))
        assert json.loads(sent) == {"requests": requests}


PLACES: dict[str, tuple[int, int]] = {
    "a small one": (1000, 0),
    "1 MiB to the byte": (MIB, 0),
    "a byte more": (MIB + 1, 1),
    "a large one": (3 * MIB, 1),
}


@pytest.mark.parametrize(("length", "on_disk"), PLACES.values(), ids=PLACES.keys())
def test_where_it_is_kept(files: list[IO[bytes]], length: int, on_disk: int) -> None:
    requests = of_size(length)
    with Spool(requests, LIMITS) as body:
        assert body.length == length
        assert len(files) == on_disk
        assert all(not file.closed for file in files)
    assert all(file.closed for file in files)


def test_a_small_one_needs_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with Spool([request()], LIMITS) as body:
        assert len(b"".join(body)) == body.length


@pytest.mark.parametrize("requests", [[request()], of_size(2 * MIB)], ids=["in memory", "on disk"])
def test_closed_at_the_end(requests: list[dict[str, Any]]) -> None:
    with Spool(requests, LIMITS) as body:
        pass
    with pytest.raises(ValueError, match="closed file"):
        list(body)


def test_closed_after_an_error_inside(files: list[IO[bytes]]) -> None:
    with pytest.raises(ZeroDivisionError), Spool(of_size(2 * MIB), LIMITS) as body:
        body.total //= 0
    assert [file.closed for file in files] == [True]


@pytest.mark.parametrize("kind", [ValueError, KeyError, KeyboardInterrupt, GeneratorExit, OSError])
@pytest.mark.parametrize(
    "before", [[], [request("a")], of_size(2 * MIB)], ids=["at once", "later", "on disk"]
)
def test_what_the_generator_raises_passes_through(
    files: list[IO[bytes]], kind: type[BaseException], before: list[dict[str, Any]]
) -> None:
    raised = kind("mine")

    def requests() -> Iterator[dict[str, Any]]:
        yield from before
        raise raised

    with pytest.raises(kind) as caught:
        Spool(requests(), LIMITS)
    assert caught.value is raised
    assert all(file.closed for file in files)
    assert len(files) == (before == of_size(2 * MIB))


REFUSED: dict[str, tuple[Callable[[], Iterable[Any]], Limits, list[str]]] = {
    "none": (list, LIMITS, ["requests"]),
    "none from a generator": (lambda: (request() for _ in ()), LIMITS, ["requests"]),
    "faults in several": (
        lambda: [{}, request("b"), 3, request("b")],
        LIMITS,
        ["/custom_id", "/params", "", "/custom_id"],
    ),
    "not JSON": (
        lambda: [request("a", x={1, 2}), request("b", y=float("inf"))],
        LIMITS,
        ["/params/x", "/params/y"],
    ),
    "one too many": (lambda: [request("a"), request("b")], LIMITS._replace(requests=1), [""]),
    "a byte too many": (lambda: of_size(1001), LIMITS._replace(bytes=1000), [""]),
    "on disk, then a fault": (lambda: [*of_size(2 * MIB), {}], LIMITS, ["/custom_id", "/params"]),
}


@pytest.mark.parametrize(("requests", "limits", "pointers"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_and_closed(
    files: list[IO[bytes]],
    requests: Callable[[], Iterable[Any]],
    limits: Limits,
    pointers: list[str],
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Spool(requests(), limits)
    assert [problem.pointer for problem in caught.value.problems] == pointers
    assert {problem.severity for problem in caught.value.problems} == {"error"}
    assert all(file.closed for file in files)


@pytest.mark.parametrize("length", [1000, 65_536, MIB])
def test_the_limit_is_exact(length: int) -> None:
    with Spool(of_size(length), LIMITS._replace(bytes=length)) as body:
        assert len(b"".join(body)) == length
    with pytest.raises(InvalidRequest):
        Spool(of_size(length), LIMITS._replace(bytes=length - 1))


def test_no_more_is_read_once_it_is_over_the_limit() -> None:
    read = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal read
        while True:
            read += 1
            yield request(str(read))

    with pytest.raises(InvalidRequest):
        Spool(endless(), LIMITS._replace(requests=10))
    assert read == 11


WARNED: dict[str, tuple[list[dict[str, Any]], int, int]] = {
    "none": ([request("a")], 0, 0),
    "one": ([request("a"), request("b", max_tokens=0)], 1, 1),
    "several in one request": ([{"custom_id": "a", "params": {}}, request("b")], 1, 3),
    "ten": ([request(str(n), max_tokens=0) for n in range(10)], 10, 10),
    "eleven": ([request(str(n), max_tokens=0) for n in range(11)], 11, 10),
    "very many": ([{"custom_id": str(n), "params": {}} for n in range(5000)], 5000, 10),
}


@pytest.mark.parametrize(("requests", "warned", "named"), WARNED.values(), ids=WARNED.keys())
def test_warnings_are_counted_and_the_first_few_kept(
    requests: list[dict[str, Any]], warned: int, named: int
) -> None:
    with Spool(requests, LIMITS) as body:
        assert (body.warned, len(body.warnings)) == (warned, named)
        assert all(problem.severity == "warning" for problem in body.warnings)
        assert [problem.index for problem in body.warnings] == sorted(
            problem.index or 0 for problem in body.warnings
        )
        assert body.total == len(requests)


@pytest.mark.parametrize(
    "requests", [request(), "text", b"bytes", None, 3], ids=lambda value: type(value).__name__
)
def test_what_is_no_list_of_requests(files: list[IO[bytes]], requests: Any) -> None:
    with pytest.raises(TypeError, match=f"iterable of mappings, not {type(requests).__name__}"):
        Spool(requests, LIMITS)
    assert files == []
