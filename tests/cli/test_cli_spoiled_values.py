"""Every command on a run of which one value is what none should be: one clear sentence, or none; never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EVERY = int(os.environ.get("NIH_SPOILED_EVERY", "0"))
"""Of so many combinations of a value, its place and a command one is tried; 1: all, which takes hours; 0: none."""
MOST_MB = 500


@pytest.mark.skipif(os.name != "posix" or not EVERY, reason="takes long: NIH_SPOILED_EVERY=150 for a minute or more")
def test_no_value_in_a_run_ends_a_command_in_a_traceback(
    nih: Any, chat: Any, small: list[object], tmp_path: Path
) -> None:
    chat.say = lambda text: '{"band": 0}' if "band" in text else "Ride a cable car to the Golden Gate Bridge."
    options = [*small[:-4], "--lengths", "300,600", "--depths", "0,100", "--price", "1,2", "--max-cost", "1"]
    kept = tmp_path / "kept"
    assert nih("run", *options, "--out", "kept/base").code == 0
    assert nih("batch", "export", *options, "--out", "exported").code == 0
    shutil.move(tmp_path / "exported" / "batch", kept / "base" / "batch")
    judged = ("--judge", "x", "--judge-base-url", chat.base_url, "--max-output", "20")
    assert nih("score", "kept/base", *judged).code == 3  # its replies can't be read, but are kept
    assert nih("cases", "kept/base", "--probe", "--yes").code == 0
    assert nih("run", *options, "--model", "y", "--out", "kept/tree").code == 0
    (kept / "out").mkdir()
    shutil.copy(tmp_path / "known.json", kept / "known.json")
    (tmp_path / "results.jsonl").write_text("", encoding="utf-8")
    trial = json.loads((kept / "base" / "records.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"]
    plan = {"named": chat.base_url, "trial": trial, "every": EVERY}
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    told = Path(os.environ.get("NIH_SPOILED_OUT", tmp_path / "told.jsonl"))
    with told.open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "tests.cli.spoiled_values", "plan.json"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/src:{ROOT}", "HOME": str(tmp_path)}
            | nih.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
        )
    *wrong, end = map(json.loads, told.read_text(encoding="utf-8").splitlines())
    assert not wrong, json.dumps(wrong, indent=1)
    assert end["tried"] > 5 and end["peak_mb"] < MOST_MB
