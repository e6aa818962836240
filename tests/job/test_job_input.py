"""Input of every kind: ids of any text, files, folders, and faults with their places."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from job_desk import Desk, request, requests, stopped, text
from samples import error_in, table

from anthropix_py import FileError, InvalidRequest, job, unwrap


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# against ids that the API refuses, that SQLite cannot hold, and that JSON escapes
IDS = ["", " ", "a" * 300, "ä\u2028", 'quote " and \\', "\ud800", "\x00", "[]", "1"]


def test_ids_may_be_any_text(desk: Desk) -> None:
    given = [{**request(0), "custom_id": id} for id in IDS]
    unwrap(desk.run(given))
    assert desk.ids() == IDS
    [found] = unwrap(job.locate(desk.path, "\ud800"))
    assert (found.row, found.custom_id, found.outcome) == (5, "\ud800", "succeeded")
    assert unwrap(job.locate(desk.path, found.wire_id)) == [found]
    assert unwrap(job.locate(desk.path, "nobody")) == []


def write_plain(folder: Path) -> Path:
    path = folder / "in.jsonl"
    path.write_text(text(requests(3)) + "\n \n" + text([request(3)]).rstrip("\n"))
    return path


def write_gzip(folder: Path) -> Path:
    path = folder / "in.jsonl.gz"
    path.write_bytes(gzip.compress(text(requests(4)).encode()))
    return path


@table("write", {"plain, with blank lines and no end": write_plain, "gzip": write_gzip})
def test_a_file(desk: Desk, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    path = write(tmp_path)
    assert unwrap(desk.run(path)).total == 4
    assert desk.ids() == [f"id {index}" for index in range(4)]
    creates = desk.creates
    assert unwrap(desk.run(str(path))).total == 4
    assert desk.creates == creates


def test_a_folder_of_files_gives_aligned_results(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"question 3": "canceled"})
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "part-2.jsonl").write_text(text([request(3), request(4)]))
    (folder / "part-1.jsonl.gz").write_bytes(gzip.compress(text(requests(3)).encode()))
    (folder / "part-3.jsonl").write_text("")
    (folder / "notes.txt").write_text("not requests")
    done = unwrap(desk.run(folder, try_again=lambda row: row["result"]["type"] == "canceled"))
    assert done.results == os.path.join(desk.path, "results")
    assert desk.ids("results/part-1.jsonl") == ["id 0", "id 1", "id 2"]
    assert desk.ids("results/part-2.jsonl") == ["id 3", "id 4"]
    assert desk.ids("results/part-3.jsonl") == []


BAD: dict[str, tuple[Any, list[str]]] = {
    "not an object": ([7], ["requests[0]: expected an object with custom_id and params"]),
    "no custom_id": ([{"params": {}}], ["requests[0]/custom_id: expected a string"]),
    "an id that is a number": ([{**request(0), "custom_id": 7}], ["requests[0]/custom_id"]),
    "no params": ([request(0), {"custom_id": "b"}], ["requests[1]/params ('b')"]),
    "a key too many": ([{**request(0), "x": 1}], ["requests[0]/x ('id 0')"]),
    "not JSON": ([request(0, temperature=float("nan"))], ["requests[0]/params/temperature"]),
    # without the place of the first, nobody finds it among a million
    "an id twice": (
        [request(0), request(1), request(0)],
        [
            "requests[2]/custom_id: expected an id used once; found 'id 0'",
            "used before in requests[0]",
        ],
    ),
    "nothing": ([], ["requests: expected at least 1 request"]),
    "several": ([7, {}, request(0)], ["2 problems", "requests[0]", "requests[1]/custom_id"]),
}


@table("given, words", BAD)
def test_faults_are_named_with_their_places_and_nothing_is_sent(
    desk: Desk, given: Any, words: list[str]
) -> None:
    error = error_in(desk.run(given), InvalidRequest)
    assert [word for word in words if word not in str(error)] == []
    assert desk.creates == 0
    # corrected, the job begins
    assert unwrap(desk.run(requests(2))).succeeded == 2


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"\n{\n", "in.jsonl line 2: expected a request, as JSON"),
    "not an object": (b"[]\n", "in.jsonl line 1: expected an object"),
    "an id twice": (text([request(0)] * 2).encode(), "in.jsonl request 2/custom_id"),
    "cut gzip": (gzip.compress(text(requests(3)).encode())[:-9], "compressed data is damaged"),
}


@table("content, words", BAD_FILES)
def test_faults_of_a_file_are_named(desk: Desk, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "in.jsonl").write_bytes(content)
    tag, error = desk.run(tmp_path / "in.jsonl")
    assert tag == "error"
    assert words in str(error)


def test_paths_that_hold_no_requests(desk: Desk, tmp_path: Path) -> None:
    error_in(desk.run(tmp_path / "missing"), FileError, "No such file")
    error_in(desk.run(tmp_path), FileError, "holds no .jsonl")
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "a.jsonl.gz").touch()
    error_in(desk.run(tmp_path), FileError, "has a.jsonl and a.jsonl.gz")
    with pytest.raises(TypeError, match="requests must be an iterable"):
        desk.run({"custom_id": "a", "params": {}})


def test_another_input_is_refused(desk: Desk) -> None:
    unwrap(desk.run(requests(3)))
    stopped(desk.run(requests(2)), "another_input")
    stopped(desk.run([*requests(2), request(2, max_tokens=8)]), "another_input")
    assert unwrap(desk.run(requests(3))).succeeded == 3


def test_a_file_that_changed_is_named(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(text(requests(2)))
    unwrap(desk.run(file))
    assert unwrap(job.policy(desk.path)).max_cost is None
    file.write_text(text(requests(3)))
    stopped(desk.run(file), "another_input", "(in.jsonl has changed)")


def test_the_files_that_changed_are_named(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index, name in enumerate("abc"):
        (tmp_path / "in" / f"{name}.jsonl").write_text(text([request(index)]))
    unwrap(desk.run(tmp_path / "in"))
    (tmp_path / "in" / "b.jsonl").write_text(text([request(1, max_tokens=88)]))
    (tmp_path / "in" / "c.jsonl").rename(tmp_path / "in" / "d.jsonl")
    error = stopped(desk.run(tmp_path / "in"), "another_input")
    assert "(b.jsonl has changed, d.jsonl is new, c.jsonl is missing)" in str(error)


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no attempts": ({"max_attempts": 0}, ValueError, "policy.max_attempts must be at least 1"),
    "too many requests": ({"requests_per_batch": 10**6}, ValueError, "at most 100,000"),
    "no settle": ({"settle": 0}, ValueError, "policy.settle must be more than 0"),
    "an interval that is no number": ({"interval": "1"}, TypeError, "policy.interval"),
    "a rule that cannot be asked": ({"try_again": True}, TypeError, "policy.try_again"),
    "no money at all": ({"max_cost": 0}, ValueError, "policy.max_cost must be more than 0"),
}


@table("numbers, kind, words", WRONG)
def test_policies_that_cannot_be_meant(
    desk: Desk, numbers: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        desk.run(requests(1), **numbers)
    assert desk.calls == []
