"""Half a character in what a server said (a lone surrogate): stored as it came, and read by every command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nihbench import load_run

REFERENCE = Path(__file__).parents[2] / "results" / "reference-smollm2-135m"
HALF = "\ud83d lone \udc00"


@pytest.fixture
def halved(nih: Any) -> Path:
    """A run in whose every text of the server's is half a character."""
    folder = nih.folder / "run"
    shutil.copytree(REFERENCE, folder)
    lines = []
    for number, line in enumerate((folder / "records.jsonl").read_text(encoding="utf-8").splitlines()):
        record = json.loads(line)
        said = record["completion"]
        said |= dict.fromkeys(("reasoning", "model", "provider", "system_fingerprint"), HALF)
        said |= {"text": said["text"] + HALF, "finish_reason": "stop" + HALF, "timings": {HALF: HALF}}
        if number % 7 == 0:
            record["failure"] = {"kind": "overflow", "message": HALF, "status": 200, "latency_s": 1.0, "attempts": 1}
            record["failure"]["usage"] = record.pop("completion")["usage"]
        lines.append(json.dumps(record))
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n", encoding="ascii")
    return Path(folder)


def test_every_reader_takes_half_a_character(nih: Any, halved: Path) -> None:
    frame = load_run(halved).frame()
    answers = frame["answer"].dropna()
    assert len(answers) and answers.str.endswith("\ufffd lone \ufffd").all()
    for command in (
        ("export", "run", "--out", "e.csv"),
        ("export", "run", "--out", "e.json"),
        ("export", "run", "--out", "e.parquet"),
        ("report", "run", "--out", "r.html"),
        ("plot", "run", "--out", "p.svg"),
        ("cases", "run"),
        ("cases", "run", "--json"),
        ("compare", "run", "run", "--json"),
        ("score", "run"),
        ("diagnose", "run"),
    ):
        ended = nih(*command)
        assert ended.code == 0, (command, ended.err)
        if "--json" in command:
            json.loads(ended.out)
    for name in ("e.csv", "e.json", "r.html", "p.svg"):
        (nih.folder / name).read_text(encoding="utf-8")
