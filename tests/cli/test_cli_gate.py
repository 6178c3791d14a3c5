"""`nih gate`: verdicts, exit codes, baselines, and what CI and a pull request read."""

from __future__ import annotations

import json
import re
import resource
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import words
from scripts.synthetic_runs import write_run
from tests.wording import says

pytestmark = pytest.mark.slow  # whole grids and their gates

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"
RIGHT = "Eat a sandwich and sit in Dolores Park on a sunny day."
LENGTHS = tuple(range(8000, 128_001, 8000))
DEPTHS = tuple(round(100 * step / 14, 2) for step in range(15))


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a function that writes a run that answers right where `found(length, depth)`."""

    def made(name: str, found: Any, **more: Any) -> Path:
        grid = {"lengths": LENGTHS, "depths": DEPTHS} | more
        run = write_run(REFERENCE, tmp_path, name, strength=1.0, **grid)
        path = run / "records.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            right = found(line["trial"]["length"], line["trial"]["depth_percent"])
            line["completion"]["text"] = RIGHT if right else "Figs."
        path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
        return run

    return made


def always(length: int, depth: float) -> bool:
    return True


def test_the_same_passes_and_what_is_worse_fails(nih: Any, write: Any) -> None:
    write("old", always)
    write("same", always)
    write("new", lambda length, depth: depth > 10)
    ended = nih("gate", "same", "--against", "old")
    assert ended.code == 0 and says(ended.out, "gate.pass") and says(ended.out, "gate.part_passes"), ended
    ended = nih("gate", "new", "--against", "old")
    assert ended.code == 1 and says(ended.out, "gate.fail") and says(ended.out, "gate.part_fails"), ended
    assert says(ended.out, "gate.region_worse", place=re.compile("depths 0% to 7%"))
    # All of it may lose half; the region that lost everything may not.
    ended = nih("gate", "new", "--against", "old", "--max-drop", "0.5")
    assert ended.code == 1 and says(ended.out, "gate.part_region")


def test_a_hole_too_small_for_the_mean_is_named(nih: Any, write: Any) -> None:
    """Lost at the beginning of long texts, won in the middle of others: the mean is as it was, by construction."""
    write("old", lambda length, depth: not (45 < depth < 55 and length < 100_000))
    write("new", lambda length, depth: not (depth < 8 and length > 40_000))
    ended = nih("gate", "new", "--against", "old")
    assert ended.code == 1 and says(ended.out, "gate.part_region")
    assert says(ended.out, "gate.region_worse", place=re.compile("depths 0% to 7%"))
    assert says(ended.out, "gate.region_better", place=re.compile("in the middle .*50%"))
    (part,) = json.loads(nih("gate", "new", "--against", "old", "--json").out)["parts"]
    assert part["region_fails"] and not part["fails"]
    assert part["worse"]["rows"] == [0.0, 7.14] and part["worse"]["lengths"][0] == 48_000
    # `compare` finds the same regions.
    (made,) = json.loads(nih("compare", "old", "new", "--json").out)["comparisons"]
    regions = {region["difference"] > 0: region for region in made["regions"]}
    assert regions[False]["depths_percent"] == part["worse"]["rows"]
    assert regions[True]["depths_percent"] == part["better"]["rows"]


def test_few_trials_decide_nothing_and_it_is_said_what_would(nih: Any, write: Any) -> None:
    few = {"lengths": LENGTHS[:4], "depths": (0.0, 50.0, 100.0)}
    write("old", always, **few)
    write("new", always, **few)
    ended = nih("gate", "new", "--against", "old")
    assert ended.code == 1 and says(ended.out, "gate.undecided") and says(ended.out, "gate.part_undecided", now="1")
    assert nih("gate", "new", "--against", "old", "--undecided", "pass").code == 0
    (part,) = json.loads(nih("gate", "new", "--against", "old", "--json").out)["parts"]
    assert part["verdict"] == "undecided" and part["repeats_needed"] > 1 and part["drop"] == 0


def test_bars_for_one_run_alone(nih: Any, write: Any) -> None:
    write("run", lambda length, depth: length < 70_000)
    assert nih("gate", "run", "--min-found", "0.3").code == 0
    ended = nih("gate", "run", "--min-found", "0.9")
    assert ended.code == 1 and says(ended.out, "gate.fail_bars") and says(ended.out, "gate.found_fail")
    ended = nih("gate", "run", "--min-length", "32k")
    assert ended.code == 0 and says(ended.out, "gate.length_pass")
    ended = nih("gate", "run", "--min-length", "100k")
    assert ended.code == 1 and says(ended.out, "gate.length_fail")
    found = json.loads(nih("gate", "run", "--min-found", "0.5", "--min-length", "32k", "--json").out)
    assert [bar["kind"] for bar in found["bars"]] == ["found", "length"] and found["old"] is None


def test_a_baseline_file_judges_as_the_run_does(nih: Any, write: Any) -> None:
    old = write("old", always)
    write("new", lambda length, depth: depth > 10)
    assert nih("gate", "old", "--save", "base.json").code == 0
    text = (nih.folder / "base.json").read_text(encoding="utf-8")
    assert RIGHT not in text and "Dolores" not in text and len(text) < 60_000
    by_run, by_file = (
        json.loads(nih("gate", "new", "--against", against, "--json").out) for against in (old.name, "base.json")
    )
    assert by_run["parts"] == by_file["parts"] and by_run["verdict"] == by_file["verdict"] == "fail"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "{}",
        lambda text: text[: len(text) // 2],
        lambda text: "[" * 100_000,
        lambda text: text.replace('"value":[1.0', '"value":[7.0'),
        lambda text: text.replace('"repeat":[0,', '"repeat":['),
        lambda text: text.replace('"row":[0.0', '"row":[1e999'),
    ],
)
def test_what_is_no_baseline_is_refused_in_a_sentence(nih: Any, write: Any, spoil: Any) -> None:
    write("old", always, lengths=LENGTHS[:2], depths=DEPTHS[:2])
    nih("gate", "old", "--save", "base.json")
    path = nih.folder / "base.json"
    text = path.read_text(encoding="utf-8")
    spoilt = spoil(text)
    assert spoilt != text
    path.write_text(spoilt, encoding="utf-8")
    ended = nih("gate", "old", "--against", "base.json")
    assert ended.code == 2 and says(ended.error(), "gate.no_baseline")


def test_a_strangers_baseline_is_no_template(nih: Any, write: Any) -> None:
    """Its words are keys of the catalogs, or text: what it writes in braces is not filled in."""
    write("old", always, lengths=LENGTHS[:2], depths=DEPTHS[:2])
    nih("gate", "old", "--save", "base.json")
    path = nih.folder / "base.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for key, fields in (("{a:2000000000}", {"a": 1}), ("analysis.fitted_server_count", {})):
        content["sides"][0]["text"][0][1] = {"key": key, "fields": fields}
        path.write_text(json.dumps(content), encoding="utf-8")
        ended = nih("gate", "old", "--against", "base.json")
        assert ended.code == 2 and len(ended.error()) < 1000
    content["sides"] = [{}] * 500_000
    path.write_text(json.dumps(content), encoding="utf-8")
    assert says(nih("gate", "old", "--against", "base.json").error(), "gate.no_baseline")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_junit_and_markdown_say_what_the_terminal_says(nih: Any, write: Any) -> None:
    write("old", always)
    run = write("new", lambda length, depth: depth > 10)
    content = json.loads((run / "run.json").read_text(encoding="utf-8"))
    content["model"]["name"] = "evil|`<b>\u202e**"
    (run / "run.json").write_text(json.dumps(content), encoding="utf-8")
    ended = nih("gate", "new", "--against", "old", "--junit", "gate.xml", "--markdown", "gate.md", "--min-found", "0.5")
    assert ended.code == 1
    suite = ET.parse(nih.folder / "gate.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    (failure,) = suite.findall("testcase/failure")
    assert "0% to 7%" in (failure.get("message") or "")
    text = (nih.folder / "gate.md").read_text(encoding="utf-8")
    assert "evil\\|\\`\\<b\\>\\*\\*" in text and "\u202e" not in text
    rows = [line for line in text.splitlines() if "🟥" in line and "%" in line and "⬜" not in line]
    assert [row.split()[0] for row in rows] == ["0%", "7%"]
    nih.environment["NIH_LANG"] = "zh"
    nih("gate", "new", "--against", "old", "--markdown", "zh.md")
    assert words("zh")["gate.column_part"] in (nih.folder / "zh.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ([], "gate.nothing_asked"),
        (["--against", "old", "--max-drop", "3"], "gate.max_drop_between"),
        (["--min-found", "95"], "gate.min_found_between"),
        (["--against", "old", "--tasks", "chain"], "gate.no_such_task"),
        (["--against", "old", "--undecided", "maybe"], "gate.choose_undecided"),
    ],
)
def test_a_mistake_is_one_sentence(nih: Any, write: Any, arguments: list[str], key: str) -> None:
    write("old", always, lengths=LENGTHS[:2], depths=DEPTHS[:2])
    ended = nih("gate", "old", *arguments)
    assert ended.code == 2 and says(ended.error(), key)
