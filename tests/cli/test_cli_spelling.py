"""A bare number that may be a number of steps or a value: small ones are steps, others are asked about or refused."""

from __future__ import annotations

import json
import os
import pty
from typing import Any

import pytest

from tests.cli.nursery import started

COMMANDS = (["run"], ["plan"], ["batch", "export"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_bare_number_above_25_is_refused_with_both_spellings(
    nih: Any, chat: Any, small: list[object], command: list[str]
) -> None:
    out = [] if command == ["plan"] else ["--out", "run"]
    for wrong, spellings in (
        (["--depths", "50"], ["50%", "0:100:50"]),
        (["--depths", "101"], ["0:100:101"]),
        (["--lengths", "300"], ["300t", "FIRST:LAST:STEPS"]),
        (["--lengths", "26"], ["26t", "FIRST:LAST:26"]),
    ):
        ended = nih(*command, *small, *wrong, *out)
        assert ended.code == 2 and all(spelling in ended.error() for spelling in spellings), ended.err
    assert "300t" in nih("needle", "check", "sf-sandwich", "--lengths", "300").error()
    assert chat.asked == [] and not (nih.folder / "run").exists()


def test_what_is_spelt_out_is_what_is_meant(nih: Any, small: list[object]) -> None:
    def planned(*arguments: object) -> tuple[list[int], list[float]]:
        told = json.loads(nih("plan", *small, *arguments, "--json").out)
        return told["lengths"], told["depths"]

    assert planned("--lengths", "300t", "--depths", "50%") == ([300], [50.0])
    assert planned("--lengths", "300t,0.6kt", "--depths", "0%,50%,100") == ([300, 600], [0.0, 50.0, 100.0])
    assert planned("--lengths", "300t:600t:3", "--depths", "0%:100%:3") == ([300, 450, 600], [0.0, 50.0, 100.0])
    assert planned("--lengths", "3", "--depths", "25")[1] == [round(100 * n / 24, 2) for n in range(25)]
    one = json.loads(nih("prompt", *small, "--length", "300t", "--depth", "50%", "--json").out)
    assert [each["trial"]["depth_percent"] for each in one] == [50.0] and one[0]["trial"]["length"] == 300
    for wrong in (["--lengths", "9" * 5000], ["--lengths", "1," + "9" * 400], ["--depths", "9" * 5000]):
        assert nih("plan", *small, *wrong).code == 2


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(
    ("wrong", "answer", "grid"),
    [
        (["--depths", "50"], "y", (2, 1)),
        (["--depths", "50"], "n", (2, 50)),
        (["--lengths", "300"], "y", (1, 3)),
        (["--lengths", "300"], "n", None),
    ],
)
def test_on_a_terminal_it_asks(
    nih: Any, small: list[object], wrong: list[str], answer: str, grid: tuple[int, int] | None
) -> None:
    terminal, other = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    words = ["plan", *map(str, small), *wrong, "--json"]
    process = started(words, nih.folder, nih.environment, stderr=other, stdin=other)
    out, _ = process.communicate(timeout=600)
    said = os.read(terminal, 65536).decode()
    os.close(other)
    os.close(terminal)
    assert "[y/N]" in said
    if grid is None:
        assert process.returncode == 2 and "300t" in said
    else:
        told = json.loads(out)
        assert (len(told["lengths"]), len(told["depths"])) == grid


def test_an_old_run_that_began_with_a_bare_number_is_gone_on_with(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--depths", "0:100:30", "--lengths", "1.8kt", "--out", "run").code == 0
    path = nih.folder / "run" / "run.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["options"]["depths"] = "30"
    path.write_text(json.dumps(content), encoding="utf-8")
    (nih.folder / "run" / "records.jsonl").unlink()
    ended = nih("run", "--resume", "run")
    assert ended.code == 0 and len(chat.asked) == 60, ended.err
