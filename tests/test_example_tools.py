"""examples/tools.py: two rounds with tools, whose uses may be several, wrong, or cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from example_runs import EXPIRED, INVALID, OVERLOADED, REFUSED, Trial
from samples import table

from anthropix_py.emulator import Fault


def uses(*inputs: Any, stop: str = "tool_use") -> dict[str, Any]:
    """Return a message that uses the tool once with each of *inputs*."""
    content: list[Any] = [{"type": "text", "text": "I look it up."}]
    for number, one in enumerate(inputs):
        used = {"type": "tool_use", "id": f"toolu_{number}", "name": "stock", "input": one}
        content.append(used)
    return {"content": content, "stop_reason": stop}


def answered(*answers: Any) -> Any:
    """Return a reply that is the next of *answers* if the last message is not the same."""

    def reply(request: dict[str, Any]) -> Any:
        return answers[len(request["params"]["messages"]) // 2]

    return reply


def results(trial: Trial) -> list[dict[str, Any]]:
    """Return what the tools returned, as it was sent in the last batch."""
    [last] = trial.sent(-1)
    content: list[dict[str, Any]] = last["params"]["messages"][-1]["content"]
    return content


def run(monkeypatch: Any, capsys: Any, path: Path, reply: Any) -> tuple[Trial, Any]:
    path.write_text("How many chairs are there?\n")
    trial = Trial(monkeypatch, capsys, reply=reply)
    return trial, trial.run("tools.py", path)


CHAIR = {"type": "tool_result", "tool_use_id": "toolu_0", "content": "12"}
NO_TOOL = "asked for a tool again: []\n"


@table(
    "first, second, sent",
    {
        "one": (uses({"item": "chair"}), "12 chairs", [CHAIR]),
        "two at once": (
            uses({"item": "chair"}, {"item": "table"}),
            "12 chairs",
            [CHAIR, {**CHAIR, "tool_use_id": "toolu_1", "content": "0"}],
        ),
        "an item that is not there": (
            uses({"item": "bed"}),
            "No beds",
            [{**CHAIR, "content": "There is no item 'bed'.", "is_error": True}],
        ),
        "no item": (
            uses({}),
            "Which?",
            [{**CHAIR, "content": "There is no item 'item'.", "is_error": True}],
        ),
    },
)
def test_tools_are_answered_in_a_second_round(
    first: Any, second: str, sent: Any, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial, printed = run(monkeypatch, capsys, tmp_path / "q.txt", answered(first, second))
    assert printed.output == f"1 succeeded {second}\n{NO_TOOL}"
    assert trial.sizes == [1, 1]
    assert results(trial) == sent
    # the tools are not asked, and nothing is sent, in a second run
    assert trial.run("tools.py", tmp_path / "q.txt") == printed
    assert trial.sizes == [1, 1]


@table("item", {"a list": ["chair"], "null": None})
def test_an_input_of_another_type_is_an_error_for_the_model(
    item: Any, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    first = uses({"item": item})
    trial, printed = run(monkeypatch, capsys, tmp_path / "q.txt", answered(first, "Sorry"))
    assert printed.stopped is None
    assert results(trial)[0]["is_error"] is True


@table(
    "replies, sizes, line",
    {
        "no tool": (["12 chairs"], [1], "1 succeeded 12 chairs\n"),
        "refused": ([REFUSED], [1], "1 refused \n"),
        "invalid": ([INVALID], [1], "1 errored \n"),
        "expired": ([EXPIRED], [1, 1, 1], "1 expired \n"),
        # the input of a tool use that was cut off may be anything
        "cut off": ([uses({}, stop="max_tokens")], [1], "1 truncated I look it up.\n"),
        "refused in the second round": (
            [uses({"item": "chair"}), REFUSED],
            [1, 1],
            "1 refused \n",
        ),
        "overloaded in the second round": (
            [uses({"item": "chair"}), OVERLOADED],
            [1, 1, 1, 1],
            "1 errored \n",
        ),
    },
)
def test_other_ends(
    replies: Any, sizes: list[int], line: str, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial, printed = run(monkeypatch, capsys, tmp_path / "q.txt", answered(*replies))
    assert (printed.output, printed.stopped) == (line + NO_TOOL, None)
    assert trial.sizes == sizes


def test_a_tool_in_every_round(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    trial, printed = run(monkeypatch, capsys, tmp_path / "q.txt", lambda _: uses({}))
    assert printed.output == "asked for a tool again: ['1']\n"
    assert trial.sizes == [1, 1]


def test_only_who_asked_for_a_tool_is_in_the_second_round(
    monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    def reply(request: dict[str, Any]) -> Any:
        talk = request["params"]["messages"]
        if "chair" in talk[0]["content"] and len(talk) == 1:
            return uses({"item": "chair"})
        return f"answer to {talk[0]['content']}"

    file = tmp_path / "q.txt"
    file.write_text("chair?\n\nwhy?\nchair again?\n")
    trial = Trial(monkeypatch, capsys, reply=reply)
    trial.faults.add(Fault("results", "status", 403, skip=1))
    assert "403" in str(trial.run("tools.py", file).stopped)
    # it stopped in the second round; the first is not paid for again
    assert sorted(trial.run("tools.py", file).output.splitlines()) == [
        "1 succeeded answer to chair?",
        "2 succeeded answer to why?",
        "3 succeeded answer to chair again?",
        NO_TOOL.strip(),
    ]
    assert trial.sizes == [3, 2]
