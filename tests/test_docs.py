"""README and docs: every example runs as it stands, twice, whatever becomes of its rows."""

from __future__ import annotations

import functools
import inspect
import io
import json
import re
import subprocess
import sys
import time
from configparser import ConfigParser
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from anthropix_py import APIError, batch, emulator, init, unwrap
from anthropix_py._clock import SystemClock
from anthropix_py.emulator import Fault

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
}
ONE: dict[str, Any] = {
    "custom_id": "a",
    "params": {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]},
}


class Example(NamedTuple):
    """A block of Python, and the block of text after it: what it prints."""

    page: str
    code: str
    prints: str | None

    @property
    def kind(self) -> str:
        if "def test_" in self.code:
            return "test"
        return "client" if "init()" in self.code or "init(timeout" in self.code else "alone"


BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
EXAMPLES = {
    f"{page}-{text[: found.start()].count(chr(10)) + 1}": Example(page, *found.groups())
    for page, text in PAGES.items()
    for found in BLOCK.finditer(text)
}


def of(kind: str) -> list[Any]:
    return [pytest.param(one, id=id) for id, one in EXAMPLES.items() if one.kind == kind]


def only(content: list[dict[str, Any]], stop_reason: str) -> dict[str, Any]:
    return {"reply": lambda request: {"content": content, "stop_reason": stop_reason}}


TOOL_USE = {"type": "tool_use", "id": "toolu_01", "name": "weather", "input": {}}
THINKING = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
ROWS: dict[str, dict[str, Any]] = {
    "good": {},
    # content is empty: content[0] fails
    "refused": {"outcomes": {"refusal": 1.0}},
    "truncated": {"outcomes": {"max_tokens": 1.0}},
    # content has no block of text: content[0]["text"] fails
    "tool calls": only([TOOL_USE], "tool_use"),
    # the text is not in the first block
    "thinking": only([THINKING, {"type": "text", "text": "Yes"}], "end_turn"),
    # rows without a message
    "errored": {"outcomes": {"errored": 1.0}},
    "expired": {"outcomes": {"expired": 1.0}},
    "canceled": {"outcomes": {"canceled": 1.0}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def skip_sleeps(patch: pytest.MonkeyPatch) -> None:
    """Make the sleeps of a client move its clock, and take no time."""
    skipped = [0.0]
    patch.setattr(SystemClock, "now", lambda _: time.time() + sum(skipped))
    patch.setattr(SystemClock, "monotonic", lambda _: time.monotonic() + sum(skipped))
    patch.setattr(SystemClock, "sleep", lambda _, seconds: skipped.append(seconds))


def run(code: str, url: str) -> str:
    """Run *code* as a client of *url*; return what it prints."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        skip_sleeps(patch)
        patch.setenv("ANTHROPIC_API_KEY", "sk-ant-docs")
        patch.setenv("ANTHROPIC_BASE_URL", url)
        exec(compile(code, "example", "exec"), {"__name__": "example"})
    return printed.getvalue()


# --- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("example", of("client"))
def test_example_of_a_client(example: Example, rows: dict[str, Any]) -> None:
    with emulator.serve(**rows) as url:
        client = init("any-key", base_url=url)
        unwrap(batch.wait(client, unwrap(batch.create(client, [ONE]))))
        for _ in ("first", "second"):
            printed = run(example.code, url)
            assert example.prints in (None, printed)


@pytest.mark.parametrize("rows", ["refused", "tool calls"])
def test_rows_that_a_careless_example_does_not_survive(rows: str) -> None:
    text = 'row["result"]["message"]["content"][0]["text"]'
    careless = example_with("A first batch").replace("rows.text(row)", text)
    assert text in careless
    with emulator.serve(**ROWS[rows]) as url, pytest.raises((IndexError, KeyError)):
        run(careless, url)


@pytest.mark.parametrize("example", of("alone"))
def test_example_that_needs_no_server(example: Example) -> None:
    assert example.prints in (None, run(example.code, "http://127.0.0.1:9"))


@pytest.mark.parametrize("example", of("test"))
def test_example_of_a_test(example: Example, folder: Path) -> None:
    (folder / "test_example.py").write_text(example.code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def batches_at(url: str) -> list[str]:
    """Return the ids of all batches, the oldest first."""
    every = unwrap(batch.list(init("any-key", base_url=url), stream=True))
    return [one["id"] for one in every][::-1]


def example_with(title: str) -> str:
    """Return the first example under a heading."""
    [text] = [text for text in PAGES.values() if f"\n## {title}\n" in text]
    found = BLOCK.search(text, text.index(f"\n## {title}\n"))
    assert found is not None
    return found.group(1)


def test_example_of_a_lost_response() -> None:
    with emulator.serve(faults=Fault("create", "lose")) as url:
        printed = run(example_with("A create whose response was lost"), url)
        [made] = batches_at(url)
        assert printed.startswith(f"may be it: {made} ")


needs_known = pytest.mark.skipif(
    "known" not in inspect.signature(batch.candidates).parameters,
    reason="batch.candidates does not take known yet",
)


class TestManyBatches:
    """The program that creates three batches, and is stopped at any of its creates."""

    CODE = example_with("Many batches, and a crash between them")
    LOG = Path("batches.jsonl")

    def ids(self) -> list[str]:
        entries = map(json.loads, self.LOG.read_text().splitlines())
        return [entry["id"] for entry in entries if "id" in entry]

    def test_a_second_run_creates_nothing(self) -> None:
        with emulator.serve() as url:
            assert run(self.CODE, url) == run(self.CODE, url)
            assert self.ids() == batches_at(url)
            assert len(self.ids()) == 3

    @needs_known
    @pytest.mark.parametrize("creates", [1, 2, 3])
    def test_killed_after_a_create_and_before_its_id_is_written(self, creates: int) -> None:
        with emulator.serve() as url:
            run(self.CODE, url)
            every = self.LOG.read_text().splitlines(keepends=True)
            for later in self.ids()[creates:]:
                unwrap(batch.delete(init("any-key", base_url=url), later))
            last = self.ids()[creates - 1]
            self.LOG.write_text("".join(every[: 2 * creates - 1]))
            with pytest.raises(SystemExit, match=rf"\['{last}'\]"):
                run(self.CODE, url)
            assert len(batches_at(url)) == creates
            # told which batch it was, it goes on
            self.LOG.write_text("".join(every[: 2 * creates]))
            run(self.CODE, url)
            assert self.ids() == batches_at(url)
            assert len(self.ids()) == 3

    @needs_known
    def test_killed_before_a_create_was_sent(self) -> None:
        with emulator.serve() as url:
            self.LOG.write_text('{"total": 1000, "sent_at": 0}\n')
            with pytest.raises(SystemExit, match=r"may be in \[\]"):
                run(self.CODE, url)
            with self.LOG.open("a") as log:
                log.write('{"failed": "not created"}\n')
            run(self.CODE, url)
            assert self.ids() == batches_at(url)
            assert len(self.ids()) == 3

    @needs_known
    def test_a_response_that_is_lost(self) -> None:
        with emulator.serve(faults=Fault("create", "lose", skip=1)) as url:
            with pytest.raises(SystemExit) as stopped:
                run(self.CODE, url)
            [known, lost] = batches_at(url)
            assert self.ids() == [known]
            assert f"['{lost}']" in str(stopped.value)

    def test_a_create_that_certainly_failed_is_made_again(self) -> None:
        with emulator.serve(faults=Fault("create", "status", 401)) as url:
            with pytest.raises(APIError, match="401"):
                run(self.CODE, url)
            run(self.CODE, url)
            assert self.ids() == batches_at(url)
            assert len(self.ids()) == 3

    def test_a_log_that_was_cut_off_stops_it_before_anything_is_sent(self) -> None:
        self.LOG.write_text('{"total": 10')
        with pytest.raises(ValueError, match="delimiter"):
            run(self.CODE, "http://127.0.0.1:9")


# --- commands and links ---------------------------------------------------------------------------

SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:make|pip|anthropix) [^`]*)`")
COMMANDS = [
    pytest.param(command.partition("  #")[0].strip(), id=f"{page}-{command.partition('  #')[0]}")
    for page, text in PAGES.items()
    for command in [
        *(line for block in SHELL.findall(text) for line in block.splitlines()),
        *INLINE.findall(text),
    ]
]


def test_the_readme_begins_with_two_commands() -> None:
    commands = re.findall(r"^make (\w+)", PAGES["README.md"], re.MULTILINE)
    assert commands[:2] == ["demo", "test"]


def test_the_readme_is_a_screen_and_a_half() -> None:
    assert PAGES["README.md"].count("\n") <= 180


@pytest.mark.parametrize("command", COMMANDS)
def test_command_exists(command: str) -> None:
    program, *words = command.split()
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE)
        for name, _, _ in (word.partition("=") for word in words[1:]):
            assert re.search(rf"\$\((if \$\()?{name}\b", makefile), name
    elif program == "pip":
        setup = ConfigParser()
        setup.read(ROOT / "setup.cfg")
        assert words[0] == "install"
        for extra in re.findall(r"\w+", words[1]):
            assert setup.has_option("options.extras_require", extra)
    else:
        assert program == "anthropix"
        assert set(re.findall(r"--[a-z-]+", command)) <= set(options_of(words[0]))


@functools.cache
def options_of(subcommand: str) -> list[str]:
    command = [sys.executable, "-m", "anthropix_py", subcommand, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return re.findall(r"--[a-z-]+", done.stdout)


LINKS = [
    pytest.param(page, target, id=f"{page}-{target}")
    for page, text in PAGES.items()
    for target in re.findall(r"\]\(((?!http)[^)]+)\)", text)
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_link_leads_somewhere(page: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (ROOT / page).parent / path if path else ROOT / page
    text = file.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings]
    assert anchor in ("", *anchors)
