"""Files of a run that an editor, a copy or a disk changed: one sentence, the right exit code, nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, Edit] = {
    "another prompt": lambda r: r["trial"].update(prompt="x"),
    "a placement that is a number": lambda r: r.update(placement=7),
    "a placement that is a text": lambda r: r.update(placement="at"),
    "a placement without a place": lambda r: r["placement"].pop("at"),
    "an outcome that is a number": lambda r: r.update(completion=7),
    "a trial that is a list": lambda r: r.update(trial=[]),
    "fresh values that are none": lambda r: r.update(fresh=7),
}


@pytest.fixture
def made(nih: Any, chat: Any, small: list[object]) -> Path:
    """A run whose lengths are fitted to the server's counts."""
    chat.count = lambda text: round(len(text) / 3.4)
    assert nih("run", *small, "--length-unit", "model", "--price", "1,1", "--out", "run").code == 0
    folder: Path = nih.folder / "run"
    return folder


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_record_is_damage(nih: Any, chat: Any, made: Path, name: str) -> None:
    file = made / "records.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    record = json.loads(lines[1])
    EDITS[name](record)
    file.write_text("".join([lines[0], json.dumps(record) + "\n", *lines[2:]]), encoding="utf-8")
    before, asked = file.read_bytes(), len(chat.asked)
    for command in (["run", "--resume", "run"], ["report", "run", "--out", "r.html"]):
        ended = nih(*command)
        assert ended.code == 5, ended.err
        assert "records.jsonl" in ended.error()
    assert file.read_bytes() == before and len(chat.asked) == asked


@pytest.mark.parametrize("name", ["spent.jsonl", "records.jsonl", "probes.jsonl"])
def test_a_file_that_can_not_be_read_is_said(nih: Any, made: Path, name: str) -> None:
    (made / name).unlink(missing_ok=True)
    (made / name).mkdir()
    ended = nih("run", "--resume", "run")
    assert ended.code == 5
    assert f"/{name}" in ended.error()
