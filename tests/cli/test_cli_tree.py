"""Suites, several models and controls, end to end against a scripted model: what is sent, stored, said and drawn."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from nihbench.figures.page import missing
from nihbench.lang.messages import t, words
from nihbench.run.tree import find_runs
from tests.wording import part, says, wording

FACTS = {
    "Dolores Park": "Eat a sandwich and sit in Dolores Park on a sunny day.",
    "铁手咖啡馆": "秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。",
    "量子芯座": "海淀区知春路量子芯座。",
}


# Where no font has Chinese, a name alone is read better than boxes.
COFFEE, ADDRESS = (
    name if missing(title) else f"{title} ({name})"
    for name, title in (("beijing-coffee", "北京的咖啡馆"), ("moonshot-address", "月之暗面的地址"))
)


def reads(text: str) -> str:
    """A model that finds whatever is there, and says so where nothing is."""
    return next(
        (answer for fact, answer in FACTS.items() if fact in text), "The document does not say. 文档中没有提到。"
    )


@pytest.fixture
def suite(chat: Any, own_texts: dict[str, Path]) -> list[object]:
    """The options of the article's suite over small texts: 2 lengths by 2 depths."""
    chat.say = reads
    return [
        *("--suite", "moonshot-2023", "--base-url", chat.base_url, "--window", 8000, "--no-preflight"),
        *("--corpus", f"en={own_texts['en']},zh={own_texts['zh']}", "--lengths", "420,700", "--depths", "0,100"),
    ]


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_suite_is_a_tree_of_ordinary_runs_and_its_panel(nih: Any, chat: Any, suite: list[object]) -> None:
    plan = json.loads(nih("plan", "--model", "x", "--length-unit", "cl100k_base", *suite, "--json").out)
    ended = nih.drawing("run", "--model", "x", "--length-unit", "cl100k_base", *suite, "--out", "tree")
    assert ended.code == 0, ended.err
    root = nih.folder / "tree"
    tree = json.loads((root / "tree.json").read_text(encoding="utf-8"))
    assert (tree["suite"], tree["models"]) == ("moonshot-2023", ["x"])
    # Two prompts of one experiment are one run: the same haystacks, back to back.
    assert [child["folder"] for child in tree["children"]] == ["sf-sandwich", "beijing-coffee", "moonshot-address"]
    assert [child["options"]["prompts"] for child in tree["children"]] == [
        ["original", "explicit"],
        ["original"],
        ["original"],
    ]
    folders = find_runs(root)
    assert folders == tuple(root / child["folder"] for child in tree["children"])
    # A prompt has 4 cells, 10 oracles, 3 closed books, 2 texts without its needle; too few cells for sentinels.
    assert [len(lines_of(folder)) for folder in folders] == [38, 19, 19]
    assert plan["total"]["trials"] == len(chat.asked) == 76
    assert [row["estimate"]["trials"] for row in plan["runs"]] == [38, 19, 19]
    assert plan["total"]["prompt_tokens"] >= sum(
        line["placement"]["total_tokens"] for f in folders for line in lines_of(f)
    )
    assert (root / "panel.png").stat().st_size > 10_000
    assert nih("plot", "tree", "--out", "again.svg").code == 0
    drawn = (nih.folder / "again.svg").read_text(encoding="utf-8")
    # One map's row is so narrow that its name takes two lines.
    written = " ".join(re.findall("<!-- (.*?) -->", drawn))
    for row in ("sf-sandwich / original", "sf-sandwich / explicit", f"{COFFEE} / original", f"{ADDRESS} / original"):
        assert row in written
    assert says(
        nih("run", "--model", "x", "--length-unit", "cl100k_base", *suite, "--out", "tree").error(),
        "run.already_holds_run_go",
    )


def test_a_panel_names_the_maps_whose_controls_failed_and_cuts_no_number(
    nih: Any, chat: Any, suite: list[object]
) -> None:
    chat.say = lambda text: "我不知道。" if "月之暗面科技" in text else reads(text)
    ended = nih("run", "--model", "x", "--length-unit", "cl100k_base", *suite, "--out", "tree")
    assert ended.code == 0, ended.err
    drawn = drawing(nih, "tree")
    assert words("en")["figure.controls_bad"].split("{")[0] in drawn and " 0% (moonshot-address/original)" in drawn
    # Narrow maps have their row's name and their number on a line each.
    for row in ("sf-sandwich / explicit", f"{COFFEE} / original"):
        assert f"<!-- {row} -->" in drawn
    assert drawn.count(f"<!-- {t('figure.map_note_interval', value='100.0%', low='40', high='100')} -->") == 3
    assert f"<!-- {t('figure.map_note_interval', value='0.0%', low='0', high='60')} -->" in drawn
    assert f"x: sf-sandwich, {COFFEE}" in drawn
    # The failed control of a map that is not drawn is not said of the others.
    explicit = drawing(nih, "tree", "--prompt", "explicit")
    assert "FAILED" not in explicit and says(explicit, "figure.controls_good")
    # What is looked at case by case may measure something else, too.
    assert says(nih("cases", "tree").err, "control_told.oracle_failed", where="moonshot-address/original")


def drawing(nih: Any, *arguments: str) -> str:
    ended = nih("plot", *arguments, "--out", "drawn.svg")
    assert ended.code == 0, ended.err
    return (nih.folder / "drawn.svg").read_text(encoding="utf-8")


def test_failed_controls_of_several_models_are_told_apart(nih: Any, chat: Any, small: list[object]) -> None:
    chat.say = lambda text: FACTS["Dolores Park"]
    options = ["--controls" if option == "--no-controls" else option for option in small[2:]]
    ended = nih("run", "--model", "x", "--model", "y", *options, "--out", "two")
    assert ended.code == 0, ended.err
    for command in ("compare", "diagnose", "cases"):
        said = nih(command, "two").err
        for model in ("x", "y"):
            failed = wording("control_told.closed_book_failed", where="sf-sandwich/original")
            assert re.search(rf"{model}: {failed}", said), (command, said)


def test_controls_come_before_the_grid_and_are_judged(nih: Any, chat: Any, suite: list[object]) -> None:
    options = [*suite[2:], "--model", "x", "--length-unit", "cl100k_base", "--concurrency", 1]
    ended = nih("run", *options, "--depths", "15", "--out", "run")
    assert ended.code == 0, ended.err
    kinds = [line["trial"]["control"] for line in lines_of(nih.folder / "run")]
    assert kinds[:13] == ["oracle"] * 10 + ["closed_book"] * 3
    # 30 cells: a sentinel before the first, after the 25th, and at the end; the texts without the needle follow.
    assert [number for number, kind in enumerate(kinds[13:]) if kind == "sentinel"] == [0, 26]
    # A cell that waits for another's end, to find what it computed, may be overtaken.
    assert kinds[-4:].count("no_needle") == 2 and kinds.count(None) == 30
    assert says(ended.out, "control_told.oracle_passed", where="sf-sandwich/original", hits=10, n=10)
    assert says(ended.out, "control_told.closed_book_passed", hits=0, n=3)
    assert says(ended.out, "control_told.no_needle_passed", n=2)
    alone = chat.asked[10].messages
    assert alone == [{"role": "user", "content": alone[0]["content"]}] and "most fun thing" in alone[0]["content"]
    assert len(alone[0]["content"]) < 150 and "Dolores" not in json.dumps(chat.asked[-1].messages)
    sentinels = [asked.body for asked, kind in zip(chat.asked, kinds, strict=True) if kind == "sentinel"]
    assert len(set(sentinels)) == 1
    # Told before the grid is paid for.
    told = re.search(
        wording("control_told.oracle_passed", where="sf-sandwich/original", hits=10, n=10), ended.err
    ).start()
    assert told < ended.err.index("14/47")


def test_controls_are_rebuilt_byte_for_byte_and_count_for_nothing(
    nih: Any, chat: Any, suite: list[object], own_texts: dict[str, Path]
) -> None:
    options = [*suite[2:], "--model", "x", "--length-unit", "cl100k_base", "--concurrency", 1]
    assert nih("run", *options, "--out", "run").code == 0
    lines = lines_of(nih.folder / "run")
    assert len(lines) == len(chat.asked) == 19
    for line, asked in zip(lines, chat.asked, strict=True):
        again = nih("rebuild", "run", line["id"], "--json")
        assert json.loads(again.out) == asked.messages and asked.sha256 == line["placement"]["prompt_sha256"]
    bare = {line["trial"]["control"] for line in lines if "at" not in line["placement"]}
    assert bare == {"closed_book", "no_needle"}
    # Found in every cell of the grid: the controls that were not are left out of it.
    shown = nih("run", "--resume", "run")
    assert (
        shown.code == 0
        and f"{part('figure.metric_found')} 100.0%" in shown.out
        and says(shown.out, "figure.headline", measured="4", planned="4")
    )
    assert len(chat.asked) == 19


def test_a_memorised_answer_fails_the_closed_book_control(nih: Any, chat: Any, small: list[object]) -> None:
    chat.say = lambda text: FACTS["Dolores Park"]
    options = ["--controls" if option == "--no-controls" else option for option in small]
    ended = nih("run", *options, "--out", "run")
    shown = " ".join(ended.out.split())
    assert says(shown, "control_told.closed_book_failed") and says(
        shown, "control_told.closed_book_failed", rate="100%", low="29%", high="100%"
    )
    assert (
        f"{part('figure.metric_mean_band')} 100" not in shown and f"{part('figure.metric_found')} 100" not in shown
    )  # the headline is withheld
    assert says(shown, "control_told.no_needle_failed", where="sf-sandwich/original", hits=2, n=2)
    stopped = nih("run", *options, "--strict-controls", "--out", "strict")
    assert stopped.code == 4 and "--strict-controls" in stopped.err
    assert {line["trial"]["control"] for line in lines_of(nih.folder / "strict")} == {"oracle", "closed_book"}
    # Who wants the grid all the same goes on without it.
    assert nih("run", "--resume", "strict").code == 0


def test_an_endpoint_that_changes_during_the_run_is_noticed(nih: Any, chat: Any, small: list[object]) -> None:
    asked = iter(range(10_000))
    chat.say = lambda text: reads(text) if next(asked) < 100 else "I can't say."
    options = ["--controls" if option == "--no-controls" else option for option in small]
    ended = nih("run", *options, "--depths", "10", "--repeats", 10, "--concurrency", 1, "--out", "run")
    assert says(ended.out, "control_told.sentinel_failed", where="sf-sandwich/original")


def test_several_models_read_the_same_prompts_up_to_the_smallest_window(
    nih: Any, chat: Any, own_texts: dict[str, Path]
) -> None:
    chat.say = reads
    lines = ["models:"]
    for name, window in (("wide", 2400), ("narrow", 1500)):
        lines.append(f"  {name}: {{base_url: '{chat.base_url}', window: {window}, max_output: 100}}")
    (nih.folder / "models.yaml").write_text("\n".join(lines), encoding="utf-8")
    common = ["--corpus", own_texts["en"], "--depths", "0,100", "--no-preflight", "--no-controls", "--concurrency", 1]
    ended = nih("run", "--model", "wide", "--model", "narrow", *common, "--lengths", "3", "--out", "two")
    assert ended.code == 0, ended.err
    first, second = (lines_of(folder) for folder in find_runs(nih.folder / "two"))
    assert [folder.name for folder in find_runs(nih.folder / "two")] == ["wide-sf-sandwich", "narrow-sf-sandwich"]
    assert {line["trial"]["length"] for line in first} == {1000, 1200, 1400}
    assert [line["placement"] for line in first] == [line["placement"] for line in second]
    assert [line["id"] for line in first] != [line["id"] for line in second]
    unit = json.loads((nih.folder / "two" / "wide-sf-sandwich" / "run.json").read_text(encoding="utf-8"))["length_unit"]
    assert unit["tokenizer"] == "cl100k_base"
    drawn = nih("plot", "two", "--out", "two.svg")
    assert drawn.code == 0
    text = (nih.folder / "two.svg").read_text(encoding="utf-8")
    assert "wide" in text and "narrow" in text
    assert says(nih("prompt", "--model", "wide", "--model", "narrow").error(), "cli.command_takes_one_model")


def test_a_tree_that_was_killed_goes_on_and_doubles_nothing(nih: Any, chat: Any, suite: list[object]) -> None:
    chat.hold_from = 45
    options = ["--model", "x", "--length-unit", "cl100k_base", *suite, "--concurrency", 1]
    process = nih.start("run", *options, "--out", "tree")
    chat.wait_for(45)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=600)
    # All are begun at once, so that what was found out for them is kept.
    last = nih.folder / "tree" / "moonshot-address"
    assert (last / "run.json").exists() and not (last / "records.jsonl").exists()
    assert nih("plot", "tree", "--out", "early.svg").code in (0, 3)
    chat.hold_from = None
    chat.release.set()
    assert says(nih("run", "--resume", "tree", "--model", "y").error(), "cli.says_itself_runs_leave")
    ended = nih("run", "--resume", "tree")
    assert ended.code == 0, ended.err
    folders = find_runs(nih.folder / "tree")
    assert [len({line["id"] for line in lines_of(folder)}) for folder in folders] == [38, 19, 19]
    assert sum(len(lines_of(folder)) for folder in folders) == 76
    # Asked again is what was in flight, and an answer that had come and was not on the disk yet.
    assert len(chat.asked) <= 78
    assert (nih.folder / "tree" / "panel.png").exists()


def test_one_bound_for_all_runs_of_a_tree(nih: Any, chat: Any, suite: list[object]) -> None:
    options = ["--model", "x", "--length-unit", "cl100k_base", *suite, "--price", "10,10", "--concurrency", 1]
    ended = nih("run", *options, "--max-cost", "0.3", "--out", "tree")
    assert ended.code == 4 and says(ended.err, "cli.done_kept_go_nih", path="tree")

    def spent() -> float:
        return sum(
            10e-6 * sum(line["completion"]["usage"][key] for key in ("prompt_tokens", "completion_tokens"))
            for folder in find_runs(nih.folder / "tree")
            for line in lines_of(folder)
        )

    assert 0.2 < spent() <= 0.3
    assert len(find_runs(nih.folder / "tree")) >= 2  # the bound is not each run's own
    asked = len(chat.asked)
    assert nih("run", "--resume", "tree").code == 4 and len(chat.asked) == asked
    assert nih("run", "--resume", "tree", "--max-cost", "5").code == 0


def test_needle_check_asks_every_prompt_variant(nih: Any, chat: Any, own_texts: dict[str, Path]) -> None:
    chat.say = reads
    options = ["--model", "x", "--base-url", chat.base_url, "--corpus", own_texts["en"], "--lengths", "420,700"]
    ended = nih("needle", "check", "sf-sandwich", *options, "--json")
    assert ended.code == 0, ended.err
    rows = json.loads(ended.out)["controls"]
    assert {(row["prompt"], row["name"]) for row in rows} == {
        (prompt, name)
        for prompt in ("original", "explicit", "kamradt-0.1.0")
        for name in ("oracle", "closed_book", "no_needle")
    }
    assert {row["verdict"] for row in rows} == {"passed"}
    assert len(chat.asked) >= 3 * (10 + 3 + 2)
    assert not list(nih.folder.glob("results/*"))
    assert says(
        nih("needle", "check", "sf-sandwich", *options).out,
        "control_told.oracle_passed",
        where="sf-sandwich/explicit",
        hits="10",
        n="10",
    )
