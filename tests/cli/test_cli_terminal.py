"""What a text holds can't steer a terminal, and goes unchanged into a pipe."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nihbench.cli.output import show_json

TURNING = "\u202eevil\u2066"
STEERING = f"\x1b]0;owned\x07\x1b[2J\x9b31m{TURNING}\x7f"


def test_json_shows_no_steering_characters_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a" + STEERING: ["秋天 é 🥪" + STEERING, "\u2028\u061c\u200f\\x9b"]}
    show_json(value)
    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert not set(shown) & set(STEERING.replace("evil", "")) - set("]0;owned[2J31m")
    assert "\\u009b" in shown and "\\u202e" in shown and "秋天 é 🥪" in shown


@pytest.fixture
def hostile(nih: Any, small: list[object], own_texts: dict[str, Path]) -> list[object]:
    """The options of a run over a text that turns the direction of writing: other control characters are refused."""
    text = own_texts["en"].read_text(encoding="utf-8").replace(". ", f".{TURNING} ", 3)
    (nih.folder / "hostile.txt").write_text(text, encoding="utf-8")
    return [*small, "--corpus", "hostile.txt"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
def test_a_prompt_is_escaped_on_a_terminal_only(nih: Any, chat: Any, hostile: list[object]) -> None:
    assert nih("run", *hostile, "--lengths", "600,600", "--depths", "100,100", "--out", "run").code == 0
    record = json.loads((nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()[0])
    commands = (["rebuild", "run", record["id"]], ["prompt", *hostile, "--length", 600, "--depth", 100])
    for arguments in commands:
        piped = nih(*arguments).out
        assert TURNING in piped
        shown = on_a_terminal(nih, *arguments)
        assert "\\u202eevil\\u2066" in shown
        assert not set(shown) & {"\u202e", "\u2066"}
        assert len(shown) > 1000


def on_a_terminal(nih: Any, *arguments: object) -> str:
    """Run a command with a pseudo-terminal as its stdout; return what came out there."""
    main, child = os.openpty()
    process: subprocess.Popen[bytes] = nih.start(*arguments, stdout=child)
    os.close(child)
    shown = b""
    with process, os.fdopen(main, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(4096):
                shown += part
        except OSError:
            pass  # Linux says so when the other end is closed
        _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return shown.decode("utf-8")
