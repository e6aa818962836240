"""A file of requests: every fault with its line, the same faults in groups, a summary."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from samples import error_in, request, table

from anthropix_py import Limits, split, unwrap, validate
from anthropix_py._files import WrongContent
from anthropix_py.errors import FileError
from anthropix_py.validate import Place


def line(custom_id: str = "a", **params: Any) -> str:
    return json.dumps(request(custom_id, **params)) + "\n"


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


# lines: (severity, pointer, count, lines of the places) of each group
FILES: dict[str, tuple[list[str], list[tuple[str, str, int, list[int]]]]] = {
    "good": ([line("a"), line("b")], []),
    "empty": ([], []),
    "empty lines between": (["\n", line("a"), " \r\n", line("b")], []),
    "no newline at the end": ([line("a"), line("b").rstrip()], []),
    "Windows line ends": ([line("a").replace("\n", "\r\n")], []),
    # Some programs begin a file with it.
    "byte order mark": (["\ufeff" + line("a")], []),
    # U+2028 is legal inside JSON, and a line end for Python's str.splitlines.
    "line separator in a text": ([json.dumps(request(system="\u2028"), ensure_ascii=False)], []),
    "not JSON": (["{'a': 1}\n", line("a")], [("error", "", 1, [1])]),
    "cut off": ([line("a"), line("b")[:50]], [("error", "", 1, [2])]),
    "not UTF-8": (["\udcff\n"], [("error", "", 1, [1])]),
    "a list": (["[1]\n"], [("error", "", 1, [1])]),
    "a request of another kind": (
        ['{"model": "m"}\n'],
        [
            ("error", "/custom_id", 1, [1]),
            ("error", "/params", 1, [1]),
            ("error", "/model", 1, [1]),
        ],
    ),
    "the same fault in many": (
        ["\n", *(line(f"r{n}", max_tokens=0) for n in range(7))],
        [("warning", "/params/max_tokens", 7, [2, 3, 4, 5, 6])],
    ),
    "the same fault at several positions": (
        [line("a", messages=[1, 2]), line("b", messages=[3])],
        [("warning", "/params/messages/*", 3, [1, 1, 2])],
    ),
    "errors before warnings, the most frequent first": (
        [line("a", top_p=2), line("b", top_p=2), line("a", max_tokens=0), line("")],
        [
            ("error", "/custom_id", 1, [3]),
            ("error", "/custom_id", 1, [4]),
            ("warning", "/params/top_p", 2, [1, 2]),
            ("warning", "/params/max_tokens", 1, [3]),
        ],
    ),
}


@table("lines, groups", FILES)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_faults_in_groups(
    tmp_path: Path, lines: list[str], groups: list[Any], compressed: bool
) -> None:
    # The name says nothing: compressed data is recognized by its first bytes.
    path = tmp_path / "requests.jsonl"
    content = "".join(lines).encode("utf-8", "surrogateescape")
    path.write_bytes(gzip.compress(content) if compressed else content)
    report = unwrap(validate.file(path))
    assert [
        (group.severity, group.pointer, group.count, [place.line for place in group.places])
        for group in report.groups
    ] == groups
    assert report.ok == (not groups)
    assert report.requests == sum(not one.isspace() for one in lines)


def test_a_place_names_line_request_and_pointer(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", line("a"), line("b", messages=[{"role": "user"}]))
    [group] = unwrap(validate.file(str(path))).groups
    assert group.places == (Place(2, "b", "/params/messages/0/content"),)
    assert (group.found, group.expected) == ("no such key", "text or a list of blocks")


def test_the_summary_says_what_would_be_sent(tmp_path: Path) -> None:
    requests = [request(f"r{n}", model="m" if n % 3 else "n", max_tokens=n + 1) for n in range(10)]
    # Longer as it is written here than as it is sent.
    path = written(tmp_path / "a.jsonl", *(json.dumps(one, indent=None) + "\n" for one in requests))
    report = unwrap(validate.file(path))
    for limits in (Limits(), Limits(requests=3), Limits(bytes=300), Limits(bytes=250, requests=2)):
        batches = unwrap(validate.file(path, limits)).batches
        assert batches == len(list(split.chunks(requests, limits)))
    assert report.models == {"m": 6, "n": 4}
    assert (report.max_tokens, report.requests) == (55, 10)
    sizes = [len(json.dumps(one, separators=(",", ":"))) for one in requests]
    assert (report.bytes, report.largest) == (sum(sizes), max(sizes))


def test_a_request_that_no_batch_can_hold(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", line("a"), line("b", system="x" * 500))
    report = unwrap(validate.file(path, Limits(bytes=400)))
    assert (report.errors, report.warned) == (1, 0)
    assert report.groups[0].expected == "a request that fits a batch of 400 bytes"


def test_the_setting_decides(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", line("a", temperature=1), line("b", unheard_of=1))
    assert unwrap(validate.file(path)).warned == 1
    assert unwrap(validate.file(path, api_version="2026-10-21")).warned == 2
    assert unwrap(validate.file(path, beta=["a-beta"])).ok


def test_the_text_of_a_report(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *(line(f"r{n}", max_tokens=0) for n in range(6)), "x\n")
    assert str(unwrap(validate.file(path))).splitlines() == [
        f"{path}: 7 requests, 618 bytes, the largest 103; batches: 1",
        "models: m (6); sum of max_tokens: 0",
        "1 with errors, 6 with warnings",
        "error, once: the line: expected a request, as JSON in one line; "
        "found not JSON (Expecting value at character 0)",
        "    line 7",
        "warning, 6 times: /params/max_tokens: expected an integer of at least 1; found 0",
        "    line 1 ('r0'), line 2 ('r1'), line 3 ('r2'), line 4 ('r3'), line 5 ('r4'), ...",
    ]


# Garbage may have as many different faults as lines.
def test_the_number_of_groups_is_bounded(tmp_path: Path) -> None:
    lines = [json.dumps({**request(f"r{n}"), f"k{n}": 1}) + "\n" for n in range(1_500)]
    report = unwrap(validate.file(written(tmp_path / "a.jsonl", *lines)))
    assert (len(report.groups), report.more, report.errors) == (1_000, 500, 1_500)
    assert str(report).endswith("and 1,480 more faults")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = written(
            tmp_path / "a.jsonl", *(line(f"r{n}", system="x" * 2_000) for n in range(count))
        )
        tracemalloc.start()
        assert unwrap(validate.file(path)).requests == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(2_000) - peak(200) < 200_000


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    error_in(validate.file(tmp_path / "none"), FileError, "No such file")
    error_in(validate.file(tmp_path), FileError, "directory")
    damaged = tmp_path / "a.jsonl.gz"
    damaged.write_bytes(gzip.compress(line("a").encode() * 100)[:-20])
    error_in(validate.file(damaged), WrongContent, "compressed data is damaged")


@pytest.mark.parametrize("path", [None, 5.0, []], ids=repr)
def test_a_path_of_a_wrong_type_is_a_type_error(path: Any) -> None:
    with pytest.raises(TypeError):
        validate.file(path)
