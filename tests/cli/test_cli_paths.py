"""Every path that can't be: one sentence and exit code 2 in every command; and printed commands that can be pasted."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

LONG = "d" * 260
COMMANDS = [
    "cases {}",
    "plot {}",
    "report {}",
    "compare {} {}",
    "export {} --out x.csv",
    "diagnose {}",
    "agree {}",
    "score {}",
    "grade {}",
    "merge {} other --out x",
    "rebuild {} abc",
    "watch {} --once",
    "run --resume {}",
    "import kamradt {}",
    "batch status {}",
    "batch fetch {}",
    "batch submit {}",
    "corpus stats {}",
    "corpus fetch three-kingdoms-zh --from {}",
    "plot run --out {}/x.svg",
    "export run --out {}/x.csv",
    "report run --out {}/x.html",
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out {}",
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out x --corpus {}",
    "run --model m --base-url http://127.0.0.1:9/v1 --window 8000 --out x --ca-file {}",
    "prompt --model moonshot-v1-8k --corpus {}",
    "prompt --model moonshot-v1-8k --length-unit hf:{}",
    "prompt --model moonshot-v1-8k --length-unit {}.json",
    "serve --model {}.gguf",
]


def faults(folder: Path) -> dict[str, str]:
    (folder / "file").write_text("text", encoding="utf-8")
    (folder / "loop").symlink_to("loop")
    return {
        "too long": LONG,
        "too long below": f"a/{LONG}/b",
        "very long": "d/" * 3000 + "d",
        "through a file": "file/below",
        "a loop": "loop",
        "below a loop": "loop/below",
        "nothing": "nowhere/at/all",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_path_that_can_not_be_is_one_sentence(nih: Any, chat: Any, small: list[object], command: str) -> None:
    if " run " in f" {command} " and "run --" not in command:
        assert nih("run", *small, "--out", "run").code == 0
    for fault, path in faults(nih.folder).items():
        if fault == "nothing" and ("--out" in command or command.startswith("run --resume")):
            continue  # a folder that is made
        ended = nih(*command.format(path, path).split())
        assert ended.code == 2, (fault, ended.code, ended.err[-300:])
        said = [line for line in ended.err.splitlines() if line.startswith("nih: ")]
        assert len(said) == 1 and len(said[0]) < 7_000, (fault, ended.err[-300:])
        assert "Traceback" not in ended.err + ended.out


def test_a_nul_in_an_argument_and_a_folder_for_a_file(nih: Any) -> None:
    assert "the character NUL" in nih("plot", "a\0b").error()
    (nih.folder / "folder").mkdir()
    for command in ("grade folder", "import kamradt folder", "plot folder"):
        assert nih(*command.split()).code == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_a_path_without_permission(nih: Any) -> None:
    (nih.folder / "shut").mkdir(mode=0)
    for command in ("plot", "cases", "report", "diagnose", "rebuild", "grade"):
        ended = nih(command, "shut/below", *(["x"] if command == "rebuild" else []))
        assert ended.code == 2 and len(ended.err.strip().splitlines()) == 1, ended.err


@pytest.mark.parametrize("place", ["o/my run", "it's", "$HOME run", "a;b", "-dash", "(x)", "中文 夹"])
def test_printed_commands_can_be_pasted(nih: Any, chat: Any, small: list[object], place: str) -> None:
    chat.fail = {3: (401, {"error": {"message": "no"}})}
    stopped = nih("run", *small, "--concurrency", 1, f"--out={place}")
    assert stopped.code == 4
    pasted = shlex.split(re.search(r"nih (run --resume .*)", stopped.err)[1])
    assert nih(*pasted).code == 0
    taken = nih("run", *small, f"--out={place}")
    pasted = shlex.split(re.search(r"go on with it by (--resume .*), or give", taken.err)[1])
    done = nih("run", *pasted)
    assert done.code == 0
    drawn = shlex.split(re.search(r"nih (plot .* --out heatmap\.svg)", done.err)[1])
    assert nih(*drawn).code == 0
