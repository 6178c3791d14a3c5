"""`nih gate --live`: asked only as far as the verdict needs; what was asked once is not asked again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.wording import says

pytestmark = pytest.mark.slow  # runs over whole grids

RIGHT, WRONG = "Eat a sandwich and sit in Dolores Park on a sunny day.", "Figs."


@pytest.fixture
def grid(chat: Any, own_texts: dict[str, Path]) -> list[object]:
    """The options of a run of 100 trials."""
    chat.say = lambda text: RIGHT
    return [
        *("--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", 8000),
        *("--no-preflight", "--no-controls", "--corpus", own_texts["en"]),
        *("--lengths", "300,400,500,600,700,800,900,1000,1100,1200", "--depths", "0:100:10"),
    ]


def reach(chat: Any) -> list[object]:
    """The options that say how the new model is reached."""
    return ["--model", "x", "--base-url", chat.base_url, "--window", 8000, "--no-preflight"]


def asked(chat: Any, since: int) -> int:
    return sum(json.loads(each.body)["max_tokens"] > 1 for each in chat.asked[since:])


def test_what_answers_alike_passes_before_all_is_asked(nih: Any, chat: Any, grid: list[object]) -> None:
    assert nih("run", *grid, "--out", "old").code == 0
    since = len(chat.asked)
    ended = nih("gate", "new", "--against", "old", "--live", *reach(chat), "--max-drop", "0.1")
    assert ended.code == 0 and says(ended.out, "gate.pass"), ended
    assert says(ended.err, "gate.live_look", number="1")
    first = asked(chat, since)
    assert 0 < first < 80
    # It is a run as any: asked again, it has its verdict, and nobody is asked.
    since = len(chat.asked)
    again = nih("gate", "new", "--against", "old", "--live", "--max-drop", "0.1")
    assert again.code == 0 and asked(chat, since) == 0, again
    assert again.out == ended.out
    # To the end it goes as any run, too.
    assert nih("run", "--resume", "new").code == 0
    assert first + asked(chat, since) == 100


def test_what_is_broken_fails_at_once(nih: Any, chat: Any, grid: list[object]) -> None:
    assert nih("run", *grid, "--out", "old").code == 0
    chat.say = lambda text: WRONG
    since = len(chat.asked)
    ended = nih("gate", "new", "--against", "old", "--live", *reach(chat), "--json")
    found = json.loads(ended.out)
    assert ended.code == 1 and found["verdict"] == "fail", ended
    # The first look is at short texts.
    assert asked(chat, since) <= 20 and found["parts"][0]["pairs"] == asked(chat, since)


def test_a_live_gate_against_a_baseline_makes_its_run_again(nih: Any, chat: Any, grid: list[object]) -> None:
    corpus = grid[grid.index("--corpus") + 1]
    grid = [each for each in grid if each not in ("--corpus", corpus)]
    assert nih("run", *grid, "--out", "old").code == 0
    assert nih("gate", "old", "--save", "base.json").code == 0
    since = len(chat.asked)
    ended = nih("gate", "new", "--against", "base.json", "--live", *reach(chat), "--max-drop", "0.1")
    assert ended.code == 0 and says(ended.out, "gate.pass"), ended
    assert 0 < asked(chat, since) < 80


@pytest.mark.parametrize("named", [{"corpus": "secrets"}, {"corpus": "../x"}, {"length_unit": "hf:secrets"}])
def test_a_strangers_baseline_reads_no_file_of_this_machine(
    nih: Any, chat: Any, grid: list[object], tmp_path: Path, named: dict[str, str]
) -> None:
    (tmp_path / "secrets").write_text("My own words. They are nobody's business. " * 900, encoding="utf-8")
    assert nih("run", *grid, "--out", "old").code == 0
    assert nih("gate", "old", "--save", "base.json").code == 0
    made = json.loads((tmp_path / "base.json").read_text(encoding="utf-8"))
    made["plan"] |= {"corpus": "paul-graham-en"} | named
    (tmp_path / "base.json").write_text(json.dumps(made), encoding="utf-8")
    since = len(chat.asked)
    ended = nih("gate", "new", "--against", "base.json", "--live", *reach(chat), "--max-drop", "0.1")
    assert ended.code == 2 and says(ended.err, "gate.plan_names_file"), ended
    assert len(chat.asked) == since


def test_a_cap_stops_it_and_it_is_gone_on_with(nih: Any, chat: Any, grid: list[object]) -> None:
    assert nih("run", *grid, "--out", "old").code == 0
    since = len(chat.asked)
    priced = ["--price", "1,1", "--yes"]
    ended = nih("gate", "new", "--against", "old", "--live", *reach(chat), *priced, "--max-cost", "0.01")
    assert ended.code == 4, ended
    before = asked(chat, since)
    assert 0 < before < 60
    ended = nih("gate", "new", "--against", "old", "--live", *priced, "--max-cost", "1", "--max-drop", "0.1")
    assert ended.code == 0 and says(ended.out, "gate.pass"), ended
    assert before < asked(chat, since) < 80


def test_a_model_on_the_old_side_is_asked_too(nih: Any, chat: Any, grid: list[object]) -> None:
    rest = grid[2:]
    since = len(chat.asked)
    ended = nih("gate", "both", "--against", "before", "--live", "--model", "after", *rest, "--max-drop", "0.1")
    assert ended.code == 0 and says(ended.out, "gate.pass"), ended
    names = [json.loads(each.body)["model"] for each in chat.asked[since:]]
    assert names.count("before") == names.count("after") < 80
    since = len(chat.asked)
    ended = nih("gate", "both", "--against", "before", "--live", "--max-drop", "0.1")
    assert ended.code == 0 and asked(chat, since) == 0, ended


def test_more_goes_on_where_the_plan_is_undecided(nih: Any, chat: Any, grid: list[object]) -> None:
    """Of 100 pairs none differs: that can't show a loss of less than 3 points, whatever is asked."""
    assert nih("run", *grid, "--out", "old").code == 0
    since = len(chat.asked)
    ended = nih("gate", "new", "--against", "old", "--live", *reach(chat), "--undecided", "more")
    assert ended.code == 1 and says(ended.out, "gate.undecided") and says(ended.out, "gate.part_undecided"), ended
    assert asked(chat, since) == 100
    assert nih("gate", "new", "--against", "old", "--live", "--undecided", "pass").code == 0


def test_wrong_use_is_said_in_a_sentence(nih: Any, chat: Any, grid: list[object]) -> None:
    assert nih("run", *grid, "--lengths", "300t", "--depths", "0,100", "--out", "old").code == 0
    ended = nih("gate", "new", "--live", "--model", "x")
    assert ended.code == 2 and says(ended.error(), "gate.live_against")
    ended = nih("gate", "old", "--against", "old", "--model", "x")
    assert ended.code == 2 and says(ended.error(), "gate.only_live")
    ended = nih("gate", "old", "--against", "old", "--undecided", "maybe")
    assert ended.code == 2 and says(ended.error(), "gate.choose_undecided")
    ended = nih("gate", "new", "--live", "--against", "old")
    assert ended.code == 2 and says(ended.error(), "cli.no_model_named_give")


LOST = re.compile(r"Dolores Park")


def test_ends_lost_and_middle_won_are_named_alike_in_gate_compare_and_report(
    nih: Any, chat: Any, own_texts: dict[str, Path]
) -> None:
    """One scripted model in two versions: the old one has a hole in the middle, the new one has lost the ends."""

    def version(found: Any) -> Any:
        def say(text: str) -> str:
            at = LOST.search(text)
            share = at.start() / len(text) if at else 0.5
            return RIGHT if at and found(share, len(text)) else WRONG

        return say

    long = 3500  # characters of a text; of 300 to 1,500 tokens
    options: list[object] = [
        *("--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", 8000),
        *("--no-preflight", "--no-controls", "--corpus", own_texts["en"]),
        *("--lengths", "300t:1700t:10", "--depths", "0:100:15"),
    ]
    chat.say = version(lambda share, length: not 0.42 < share < 0.58)
    assert nih("run", *options, "--out", "old").code == 0
    chat.say = version(lambda share, length: length < long or share > 0.1)
    assert nih("run", *options, "--out", "new").code == 0
    gate = nih("gate", "new", "--against", "old", "--json")
    (part,) = json.loads(gate.out)["parts"]
    (pair,) = json.loads(nih("compare", "old", "new", "--json").out)["comparisons"]
    assert gate.code == 1 and part["change"] == pair["change"]
    assert re.fullmatch(
        r"worse at depths 0% to \d+% above [\d.K]+, better in the middle \(depths \d+% to \d+%\)", part["change"]["en"]
    ), part["change"]
    assert "变差" in part["change"]["zh"] and "中部" in part["change"]["zh"]
    assert nih("report", "old", "new", "--out", "page.html").code == 0
    page = (nih.folder / "page.html").read_text(encoding="utf-8")
    assert part["change"]["en"] in page and part["change"]["zh"] in page
