"""Every command that takes a run, on every folder that a hostile stranger made: nothing leaves, nothing hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nihbench.cli.app import app
from nihbench.cli.door import whole
from tests.cli.stranger_folders import CANARY, HOSTILE, LIMIT_S, NO_RUN, SECRET, commands

ROOT = Path(__file__).parents[2]
MOST_MB = 500
PARTS = 4
"""Some 900 commands: in parts that can be tried side by side."""


def _names(parser: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in getattr(parser, "commands", {}).items():
        yield from _names(command, (*path, name))
    if not hasattr(parser, "commands"):
        yield " ".join(path)


def test_every_command_is_tried_or_takes_no_run() -> None:
    known = commands("", "", "", "").keys()
    assert set(_names(whole(typer.main.get_command(app)))) == known | NO_RUN
    assert len(HOSTILE) >= 25


@pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices as POSIX has them")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_stranger_s_folder_reaches_nothing_and_stops_nothing(
    nih: Any, chat: Any, small: list[object], tmp_path: Path, part: int
) -> None:
    """No request, no write and no read outside it, no hang, no work over 10 s, no memory over 500 MB, no traceback."""
    assert nih("batch", "export", *small, "--out", "base").code == 0
    chat.say = lambda text: "Ride a cable car to the Golden Gate Bridge."
    assert nih("run", *small, "--out", "live").code == 0
    for name in ("records.jsonl", "scores.rules.jsonl", "heatmap.png"):
        (tmp_path / "live" / name).rename(tmp_path / "base" / name)
    home = tmp_path / "home"
    home.mkdir()
    (home / "id_rsa").write_text((CANARY + "\n") * 400, encoding="utf-8")
    (home / "run").mkdir()
    for file in (tmp_path / "base").rglob("*"):
        target = home / "run" / file.relative_to(tmp_path / "base")
        target.mkdir() if file.is_dir() else target.write_bytes(file.read_bytes())
    (tmp_path / "results.jsonl").write_text("", encoding="utf-8")
    thief, named = type(chat)(count=chat.count), type(chat)(count=chat.count)
    chat.asked.clear()
    chat.looked.clear()
    trial = json.loads((tmp_path / "base" / "records.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"]
    folders = list(HOSTILE)[part::PARTS]
    plan = {"thief": thief.base_url, "named": named.base_url, "trial": trial, "folders": folders}
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    environment = nih.environment | {
        **{
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "MY_KEY": SECRET,
            "HOME": str(tmp_path / "elsewhere"),
            "PYTHONPATH": f"{ROOT}/src:{ROOT}",
        },
        "NIH_KNOWN_FILE": str(tmp_path / "nothing-known.json"),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.cli.stranger_folders", "plan.json"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=600,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
    finally:
        thief.close()
        named.close()
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert {row["what"] for row in rows} == set(folders)
    wrong = [(row["what"], row["line"], row["code"], row["said"][-300:]) for row in rows if _is_wrong(row)]
    assert not wrong, json.dumps(wrong, indent=1)
    assert rows[-1]["peak_mb"] < MOST_MB
    asked = [*thief.looked, *thief.asked, *chat.looked, *chat.asked]
    assert not asked, asked
    assert not any(SECRET in str(each.headers) or CANARY.encode() in each.body for each in named.asked)


def _is_wrong(row: dict[str, Any]) -> bool:
    codes = (0, 1, 2, 3, 4, 5) if row["line"][0] == "gate" else (0, 2, 3, 4, 5)
    fine = row["code"] in codes and row["seconds"] < LIMIT_S
    return not fine or bool(row["changed"] or row["leaks"])
