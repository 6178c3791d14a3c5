"""A program of a user's as a process of its own: killed in the middle, run again, and done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nihbench as nih
from tests.cli.conftest import SOURCE, ChatModel

SCRIPT = Path(__file__).parents[2] / "examples" / "sweep.py"


def start(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # A shell starts background jobs with Ctrl-C ignored, and what they start inherits it.
        [
            sys.executable, "-W", "error", "-c",
            "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
            str(SCRIPT), *map(str, arguments),
        ],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(SOURCE)}, encoding="utf-8", stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def is_kept(folder: Path) -> bool:
    """Say whether an answer stands in a record: they are written in groups."""
    return any(file.stat().st_size for file in folder.glob("*/records.jsonl"))


def test_a_sweep_is_fifteen_lines_and_outlives_a_kill_and_ctrl_c(
    here: Path, chat: ChatModel, own_texts: dict[str, Path]
) -> None:
    assert len([line for line in SCRIPT.read_text(encoding="utf-8").splitlines() if line.strip()]) <= 15
    chat.hold_from = 9  # two preflights are before the first trial
    killed = start(here, chat.base_url, own_texts["en"])
    chat.wait_for(9)
    while not is_kept(here / "sweep"):
        time.sleep(0.05)
    killed.kill()
    killed.communicate(timeout=600)
    part = nih.load_run(here / "sweep")
    done = len(part.records)
    assert 0 < done < 12 and part.owed + done <= 12
    assert not (here / "sweep.png").exists()

    asked = len(chat.asked)
    interrupted = start(here, chat.base_url, own_texts["en"])
    chat.wait_for(asked + 1)
    interrupted.send_signal(signal.SIGINT)
    chat.release.set()
    _, err = interrupted.communicate(timeout=600)
    assert interrupted.returncode != 0 and err.splitlines()[-1].startswith("KeyboardInterrupt: "), err
    assert "sweep" in err.splitlines()[-1]

    chat.hold_from = None
    ended = start(here, chat.base_url, own_texts["en"])
    out, err = ended.communicate(timeout=600)
    assert (ended.returncode, err) == (0, ""), err
    assert out.startswith("12 trials, ") and "sweep.html" in out.splitlines()[-1]
    whole = nih.load_run(here / "sweep")
    assert whole.is_whole and len(whole.records) == 12
    assert all(whole.records[key] == record for key, record in part.records.items())
    assert (here / "sweep.png").read_bytes()[:4] == b"\x89PNG" and (here / "sweep.html").stat().st_size > 10_000
