"""Every Python example of the README runs as it stands, against the emulator."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from anthropix_py import batch, emulator, init, unwrap

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
FIRST = {
    "custom_id": "a",
    "params": {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]},
}


def test_it_begins_with_the_two_commands() -> None:
    commands = re.findall(r"^make \w+|^pip .*", README, re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[re.sub(r"\W+", "-", code[-40:]) for code in EXAMPLES]
)
def test_example(example: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    if "def test_" in example:
        _run_as_tests(example, tmp_path)
        return
    with emulator.serve() as url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-readme")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        unwrap(batch.wait(init(), unwrap(batch.create(init(), [FIRST]))))
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(example, "README.md", "exec"), {"__name__": "example"})
    promised = re.findall(r"^# (.*\n)", example, re.MULTILINE)
    if promised:
        assert printed.getvalue() == "".join(promised)


def _run_as_tests(example: str, folder: Path) -> None:
    (folder / "test_example.py").write_text(example, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
