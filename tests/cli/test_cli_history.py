"""`nih history`: which runs are joined, which change is shown, and what a table, a figure and JSON say of it."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text

import nihbench
from nihbench.lang.messages import speak, words
from nihbench.run.records import record_line
from nihbench.run.store import RECORDS, create_run
from nihbench.types import Completion, Failure, Placement, Record, Trial, Usage
from tests.wording import says

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"
FULL = "Eat a sandwich and sit in Dolores Park on a sunny day."

OTHER = {"role": "user", "content": "{haystack} {question}"}
Answer = Callable[[Trial, float, random.Random], str | None]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a week's run; `answer` gets how hard a trial is and luck, None is a failure."""

    def made(week: int, answer: Answer, *, folder: str = "runs", version: str = "m-1", **more: Any) -> Path:
        content: dict[str, Any] = json.loads((REFERENCE / "run.json").read_text(encoding="utf-8"))
        content |= {
            "model": content["model"] | {"name": "m", "model": "m", "sha256": None},
            "lengths": [1000, 4000, 16_000],
            "depths": [0.0, 50.0, 100.0],
            "repeats": 8,
            "controls": [],
            "same_prompt": [],
        }
        content |= {
            key: content.get(key, {}) | value if isinstance(value, dict) else value for key, value in more.items()
        }
        del content["format"]
        day = (date(2026, 1, 5) + timedelta(weeks=week)).isoformat()
        run = create_run(tmp_path / folder / f"week-{week:02d}{''.join(more)}", content)
        lines = [record_line(_record(t, answer, week, version, day)) for t in run.manifest.planned]
        (run.path / RECORDS).write_bytes(b"".join(lines))
        return run.path

    return made


def _record(trial: Trial, answer: Answer, week: int, version: str, day: str) -> Record:
    text = answer(trial, random.Random(repr(trial)).random(), random.Random(f"{week} {trial}"))
    outcome: Completion | Failure = Failure(kind="timeout", message="gone", status=None, latency_s=1.0, attempts=1)
    if text is not None:
        outcome = Completion(
            text=text, finish_reason="stop", usage=Usage(), model=version, latency_s=1.0, attempts=1, streamed=False
        )
    return Record(
        id=hashlib.sha256(repr(trial).encode()).hexdigest()[:16],
        trial=trial,
        placement=Placement(
            source_start=70_000 * trial.repeat, source_copies=1, start=0,
            at=int(trial.length * trial.depth_percent / 25), end=4 * trial.length, before="", after="", tail="",
            achieved_depth_percent=trial.depth_percent, needle_token=0, haystack_tokens=trial.length - 60,
            needle_tokens=23, total_tokens=trial.length, sentence_tokens=30,
            prompt_sha256=hashlib.sha256(repr(trial).encode()).hexdigest(),
        ),
        outcome=outcome,
        fresh={},
        expected=FULL,
        started_at=f"{day}T08:00:00+00:00",
    )  # fmt: skip


def finds(share: float, noise: float = 0.04) -> Answer:
    return lambda trial, hard, luck: FULL if (hard < share) != (luck.random() < noise) else "Figs."


def of(nih: Any, *arguments: object) -> list[dict[str, Any]]:
    ended = nih("history", *arguments, "--json")
    assert ended.code == 0, ended
    made: list[dict[str, Any]] = json.loads(ended.out)["series"]
    return made


def test_a_change_is_found_at_its_run_and_nothing_where_nothing_changed(nih: Any, write: Any) -> None:
    for week in range(8):
        write(week, finds(0.9 if week < 5 else 0.55), version="m-1" if week < 5 else "m-2")
        write(week, finds(0.8), folder="same")
    (made,) = of(nih, "runs")
    assert [(c["after"], c["before"]) for c in made["changes"]] == [(4, 5)] and made["change_p_value"] <= 0.001
    assert made["general"] and made["trials"] == 72
    assert [run["version"] for run in made["runs"]] == ["m-1"] * 5 + ["m-2"] * 3
    change = made["changes"][0]
    shares = [run["found"]["value"] for run in made["runs"]]
    assert change["found_before"] == pytest.approx(sum(shares[:5]) / 5)
    assert change["found_behind"] == pytest.approx(sum(shares[5:]) / 3)
    ended = nih("history", "runs")
    assert ended.code == 0 and says(ended.out, "history.changed", runs=8) and "m-2" in ended.out
    assert says(ended.out, "history.change", run="week-05")
    (steady,) = of(nih, "same")
    assert not steady["changes"] and steady["change_p_value"] > 0.05 and not any(s["shown"] for s in steady["steps"])
    assert says(nih("history", "same").out, "history.steady", runs=8)


def test_a_step_is_tested_exactly_and_corrected_for_all_of_them(nih: Any, write: Any) -> None:
    """Eight haystacks, each lost something: of 256 ways to sign them two are as large, and three steps were tested."""
    for week in range(4):
        write(week, finds(1.0 if week < 2 else 0.3, noise=0.0))
    (made,) = of(nih, "runs")
    assert [step["p_value"] for step in made["steps"]] == [1.0, pytest.approx(3 * 2 / 256), 1.0]
    assert [step["shown"] for step in made["steps"]] == [False, True, False]
    assert made["steps"][1]["lost"] > 30 and made["steps"][1]["gained"] == 0
    assert says(nih("history", "runs").out, "history.step", run="week-02", before="week-01")


def test_numbers_are_those_of_the_runs(nih: Any, write: Any, tmp_path: Path) -> None:
    for week in range(3):
        write(week, finds(0.7))
    (made,) = of(nih, "runs")
    for told, sweep in zip(made["runs"], nihbench.load_run(tmp_path / "runs").sweeps, strict=True):
        found = sweep.statistics.headline.found
        assert told["found"] == {"value": found.value, "low": found.interval.low, "high": found.interval.high}
        assert (told["measured"], told["planned"]) == (sweep.summary.measured, sweep.summary.planned)
        assert told["effective"]["length"] in (None, 1000, 4000, 16_000)
        assert told["run"] == sweep.origin.run and told["at"].startswith("2026-01-")


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"lengths": [1000, 4000, 8000]}, "history.lengths"),
        ({"depths": [0.0, 100.0]}, "history.rows"),
        ({"corpus": {"sha256": "ab" * 32}}, "common.corpus"),
        ({"needle": {"statements": ["The best thing is something else."]}}, "analysis.needle_text"),
        ({"prompts": {"original": {"name": "original", "messages": [OTHER]}}},
         "history.prompt"),
        ({"haystacks": {"characters": 9_000_000, "starts": [5], "layout": None, "overlaps": []}}, "history.haystacks"),
    ],
)  # fmt: skip
def test_what_was_measured_otherwise_is_not_joined(nih: Any, write: Any, more: dict[str, Any], name: str) -> None:
    for week in range(3):
        write(week, finds(0.9))
    for week in range(3, 6):
        write(week, finds(0.4), **more)
    first, second = of(nih, "runs")
    assert [len(first["runs"]), len(second["runs"])] == [3, 3] and not first["changes"] + second["changes"]
    assert words("en")[name] in [each["en"] for each in second["apart"]] and not first["apart"]
    assert says(nih("history", "runs").out, "history.apart")


def test_another_setting_is_told_and_joined(nih: Any, write: Any) -> None:
    for week in range(4):
        write(week, finds(0.9), **({"identity": {"temperature": 0.7}} if week == 2 else {}))
    (made,) = of(nih, "runs")
    assert [bool(step["settings"]) for step in made["steps"]] == [False, True, True]
    assert says(nih("history", "runs").out, "history.settings")


def test_a_run_of_which_too_little_is_measured_is_shown_and_not_tested(nih: Any, write: Any) -> None:
    for week in range(6):
        write(week, finds(0.9) if week != 3 else lambda t, hard, luck: None if luck.random() < 0.3 else "Figs.")
    (made,) = of(nih, "runs")
    assert [run["tested"] for run in made["runs"]] == [True] * 3 + [False] + [True] * 2
    assert not made["changes"] and [(s["before"], s["after"]) for s in made["steps"]][2] == (2, 4)
    assert says(nih("history", "runs").out, "history.left", count=1)


def test_one_run_none_and_a_damaged_one(nih: Any, write: Any, tmp_path: Path) -> None:
    assert nih("history", "runs").code == 2
    run = write(0, finds(0.9))
    assert says(nih("history", "runs").out, "history.alone")
    ended = nih("history", "runs", "--out", "h.png")
    assert ended.code == 2 and says(ended.err, "history.no_series")
    write(1, finds(0.9))
    (run / RECORDS).write_bytes(b"{}\n{}\n")
    ended = nih("history", "runs")
    assert ended.code == 0 and says(ended.err, "history.unreadable", run="week-00")
    ended = nih("history", "runs", "--model", "another")
    assert ended.code == 2 and says(ended.err, "cli.choose_one", option="--model")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_is_drawn_in_both_languages(nih: Any, write: Any, tmp_path: Path, lang: str) -> None:
    for week in range(5):
        write(week, finds(0.9 if week < 3 else 0.5))
    ended = nih("--lang", lang, "history", "runs", "--out", "h.svg")
    assert ended.code == 0 and (tmp_path / "h.svg").is_file() and says(ended.out, "history.changed", lang), ended
    speak(lang)
    figure = nihbench.plot(tmp_path / "runs", kind="history", preset="slide", colours="grey")
    shown = " ".join(text.get_text() for text in figure.findobj(Text))
    assert says(shown, "history.axis_found", lang) and says(shown, "history.axis_reach", lang)
    assert says(shown, "history.title", lang, models="m") and "2026-01-05" in shown
    above, below = (axes for axes in figure.axes if axes.lines)
    dashed = [line for axes in (above, below) for line in axes.lines if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in dashed] == [2.5, 2.5]


def test_from_python(write: Any, tmp_path: Path) -> None:
    for week in range(5):
        write(week, finds(0.9 if week < 3 else 0.4))
    made = nihbench.history(tmp_path / "runs")
    (series,) = made.series
    assert [change.after for change in series.changes.points] == [2] and re.search("week-03", str(made))
    assert made.as_json()["series"][0]["text"]["zh"]
    speak("zh")
    assert "变化" in str(made)


def test_suites_below_a_folder_are_read_once(nih: Any, write: Any, tmp_path: Path) -> None:
    for week in range(2):
        path = write(week, finds(0.9), folder=f"all/suite-{week}")
        tree = {
            "format": 1,
            "suite": "s",
            "models": ["m"],
            "children": [{"folder": path.name, "options": {"model": "m"}}],
        }
        (path.parent / "tree.json").write_text(json.dumps(tree), encoding="utf-8")
    write(2, finds(0.9), folder="all")
    (made,) = of(nih, "all")
    assert [run["run"] for run in made["runs"]] == ["week-00", "week-01", "week-02"]
