"""What commands print and write, word for word and in both languages, beside this file: a change shows as a diff.

Each file of `expected` holds the commands of one chapter with all that came of them. They run on the folders of
tests/data/runs-0.1.0, on the reference run, and against a scripted model. After a change that is meant, write them
anew and read the diff:

    python -m pytest tests/golden --write-golden && git diff tests/golden
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import gallery
from tests.golden.scripted import Scripted

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "tests" / "data" / "runs-0.1.0"
"""Runs that version 0.1.0 wrote before any later form: see the README beside them."""
REFERENCE = ROOT / "results" / "reference-smollm2-135m"
EXPECTED = Path(__file__).with_name("expected")
LANGUAGES = ("en", "zh")
GRID = ("--corpus", "journal.txt", "--length-unit", "cl100k_base", "--lengths", "300,900", "--depths", "0,50,100")

READING: dict[str, list[str]] = {
    "cases": ["cases early --corpus journal.txt", "en: cases early --md", "cases early --failure filtered",
              "cases batched", "cases late --against early"],
    "cases-json": ["cases early --json", "cases batched --json"],
    "compare": ["compare early late", "compare early late --unpaired", "compare early reference"],
    "compare-json": ["compare early late --json"],
    "diagnose": ["diagnose late", "diagnose late --json"],
    "export": ["export early late --controls --out table.csv", "en: export batched --out table.json",
               "en: export reference --out table-reference.csv"],
    "plot": ["plot early --out map.png --dpi 50",
             "en: plot early --scorer judge-wise --kind profiles --out profiles.svg"],
    "report": ["report early late --out report.html", "report batched --out batched.html"],
    "score": ["score early", "agree early --scorer judge-wise", "en: agree early --scorer judge-wise --json"],
}  # fmt: skip
SENDING: dict[str, list[str]] = {
    "plan": ["plan --model early {grid}", "plan --model early {grid} --controls --repeats 3 --prompt original,explicit",
             "plan --model early {grid} --json"],
    "resume": ["run --resume early --corpus journal.txt --max-cost 20 --yes",
               "run --resume batched --corpus letters --max-cost 20 --yes",
               "en: run --resume early --corpus journal.txt --retry-all --max-cost 5 --yes"],
    "run": ["run --model early {grid} --out live --max-cost 20 --yes", "cases live",
            "en: score live --judge wise"],
}  # fmt: skip
"""Commands by chapter; what costs time and has no more words in another language is run in English only."""


@pytest.fixture
def folder(nih: Any) -> Path:
    """The stored runs in a folder where commands may write, and the reference run beside them."""
    shutil.copytree(STORED, nih.folder, dirs_exist_ok=True)
    shutil.copytree(REFERENCE, nih.folder / "reference", ignore=shutil.ignore_patterns("*.png"))
    path: Path = nih.folder
    return path


@pytest.fixture
def golden(nih: Any, folder: Path, request: pytest.FixtureRequest) -> Callable[[str, list[str]], None]:
    """Return a function that runs a chapter's commands and compares what comes of them with what is kept."""
    write = request.config.getoption("write_golden")

    def check(chapter: str, commands: list[str]) -> None:
        told = []
        for command in commands:
            command, english_only = command.removeprefix("en: "), command.startswith("en: ")
            if english_only and not chapter.startswith("en/"):
                continue
            ended = nih(*command.replace("{grid}", " ".join(GRID)).split())
            told.append(f"$ nih {command}\n[{ended.code}]\n{ended.out}")
            told += ["--- stderr", ended.err] if ended.err else []
        keep(EXPECTED / f"{chapter}.txt", plain("\n".join(told), folder), write)
        for path in sorted(folder.glob("table*.*")):
            keep(EXPECTED / path.name, path.read_text(encoding="utf-8-sig"), write)
        for path in sorted(folder.glob("*.html")):
            keep(EXPECTED / f"report-{path.stem}.json", report_data(path, folder), write)
        if figures := {path.name: digest(path) for path in sorted(folder.iterdir()) if path.suffix in (".png", ".svg")}:
            keep_figures(EXPECTED / f"{chapter}.json", figures, write)

    return check


def keep(path: Path, text: str, write: bool) -> None:
    """Compare a text with the file that is kept of it, or write it."""
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text.splitlines() == path.read_text(encoding="utf-8").splitlines(), path.name


def keep_figures(path: Path, figures: dict[str, str], write: bool) -> None:
    """Compare the hashes of figures with those that are kept, where they are drawn by the same versions."""
    if write:
        keep(path, json.dumps({"versions": gallery.versions(), "sha256": figures}, indent=1) + "\n", write)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["sha256"].keys() == figures.keys()
    if kept["versions"] == gallery.versions():
        assert kept["sha256"] == figures


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def report_data(path: Path, folder: Path) -> str:
    """Return what a report shows, a value a line; both languages have the same."""
    embedded = re.findall('<script type="application/json" id="data">(.*?)</script>', path.read_text(encoding="utf-8"))
    return plain(json.dumps(json.loads(embedded[0]), ensure_ascii=False, indent=0), folder)


def plain(text: str, folder: Path) -> str:
    """Take out of a text what differs from one time to the next: the folder, the port, times, the order of answers.

    Of numbers it leaves twelve digits: the last few are those of the machine.
    """
    text = text.replace(str(folder), "HERE").replace(str(folder.resolve()), "HERE")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d+\.\d (s|秒)(?!\w)", r"N \1", text)
    text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?", "TIME", text)
    text = re.sub(r"-?\d+\.\d{10,}(e-?\d+)?", lambda number: f"{float(number[0]):.12g}", text)
    return "\n\n".join(map(_in_order, text.split("\n\n")))


def _in_order(text: str) -> str:
    """Put what is said of single trials, as they are answered, in the order of the alphabet, behind all else."""
    lines = text.split("\n")
    answered = [line for line in lines if re.match(r"\d+/\d+ ", line)]
    told = sorted(line.partition(" ")[2] for line in answered)
    return "\n".join([*(line for line in lines if line not in answered), *told])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("chapter", READING)
def test_what_is_read_of_stored_runs(nih: Any, golden: Any, chapter: str, lang: str) -> None:
    nih.environment["NIH_LANG"] = lang
    golden(f"{lang}/{chapter}", READING[chapter])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("chapter", SENDING)
def test_what_is_sent_and_said_of_it(nih: Any, golden: Any, named_tokenizer: Any, chapter: str, lang: str) -> None:
    nih.environment["NIH_LANG"] = lang
    with Scripted(named_tokenizer("cl100k_base").count) as server:
        models = nih.folder / "models.yaml"
        models.write_text(models.read_text(encoding="utf-8").replace("127.0.0.1:9", f"127.0.0.1:{server.port}"))
        golden(
            f"{lang}/{chapter}", [each if "cases" in each else f"{each} --concurrency 1" for each in SENDING[chapter]]
        )
