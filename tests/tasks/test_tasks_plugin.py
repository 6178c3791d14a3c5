"""A family outside the package, one file: it is planned, run, drawn, reported and compared by its rows and items."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nihbench import load_run
from nihbench.errors import UsageError
from nihbench.lang.messages import languages, said
from nihbench.tasks.task import of_family
from tests.tasks.conftest import HAYSTACK, Install, example
from tests.wording import wording

TITLES = {"en": "Gap between the codes", "zh": "密码间距"}
GRID = ["--task", "two-codes", "--lengths", "400,800", "--task-option", "gap=20,60", "--repeats", "2"]


def says(prompt: str) -> str:
    """A model that knows the first code, and the second one of every other text."""
    red = re.search(r"(?:red code is |红色密码是)(\d{5})", prompt)
    blue = re.search(r"(?:blue code is |蓝色密码是)(\d{5})", prompt)
    if red is None or blue is None:
        return "The document does not say."
    return f"{red[1]} and {blue[1]}" if int(blue[1]) % 2 else f"It is {red[1]}."


def corpus_in(given: list[str]) -> str:
    return given[given.index("--corpus") + 1]


@pytest.fixture
def measured(nih: Any, chat: Any, own_texts: dict[str, Path], install: Install) -> list[str]:
    """Two runs of the family over a scripted model, `one` and `other`; what `nih run` takes."""
    install(example())
    chat.say = says
    given = ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
             "--no-preflight", "--corpus", str(own_texts["en"]), *GRID]  # fmt: skip
    first = nih("run", *given, "--out", "one")
    assert first.code == 0, first.err
    assert named(TITLES["en"], first.out) and "red 100.0% (8/8)" in first.out, first.out
    chat.say = lambda prompt: says(prompt).split(" and ")[0]
    again = ["--model", "y", "--base-url", chat.base_url, "--window", "8000", "--no-preflight", "--like", "one"]
    second = nih("run", *again, "--out", "other")
    assert second.code == 0, second.err
    return given


def named(title: str, text: str) -> bool:
    """Whether a text names an axis, amid a sentence with a small letter."""
    return title.lower() in text.lower()


def test_every_command_names_its_rows_and_items(nih: Any, measured: list[str]) -> None:
    for lang, title in TITLES.items():
        nih.environment["NIH_LANG"] = lang
        assert named(title, nih("plan", *measured).out)
        assert named(title, nih("task", "list").out)
        told = nih("cases", "one").out
        assert re.search(rf"{title} (20|60)%", told, re.IGNORECASE) and "red ✓" in told and "blue ✗" in told, told
        assert named(title, nih("cases", "one", "--md").out)
        told = nih("compare", "one", "other").out
        assert named(title, told) and "red 100.0% (8/8)" in told, told
        drawn = nih("plot", "one", "--out", f"map-{lang}.svg", "--lang", lang)
        assert drawn.code == 0, drawn.err
        assert nih("plot", "one", "other", "--kind", "difference", "--out", f"difference-{lang}.svg").code == 0
        assert nih("plot", "one", "--kind", "profiles", "--out", f"profiles-{lang}.svg").code == 0
        for kind in ("map", "difference", "profiles"):
            text = (nih.folder / f"{kind}-{lang}.svg").read_text(encoding="utf-8")
            assert named(title, text), kind
        assert nih("report", "one", "other", "--out", f"{lang}.html").code == 0
        page = (nih.folder / f"{lang}.html").read_text(encoding="utf-8")
        assert all(each in page for each in TITLES.values()) and '["blue",false]' in page
    nih.environment["NIH_LANG"] = "en"
    cases = json.loads(nih("cases", "one", "--json").out)["runs"][0]
    assert cases["axis"]["title"] == TITLES and cases["axis"]["name"] == "gap"
    one = cases["groups"][0]["clusters"][0]["cases"][0]
    assert one["point"] in (20, 60) and {"name": "blue", "found": False} in one["items"]
    compared = json.loads(nih("compare", "one", "other", "--json").out)["comparisons"][0]
    assert compared["axis"]["title"] == TITLES and compared["items"]["first"][0]["name"] == "red"
    planned = json.loads(nih("plan", *measured, "--json").out)
    assert planned["task"]["axis"]["values"] == [20, 60]


def test_its_prompts_are_exact_and_come_out_again(nih: Any, measured: list[str], named_tokenizer: Any) -> None:
    run = load_run(nih.folder / "one")
    count = named_tokenizer("cl100k_base").count
    overheads = run.manifest["length_unit"]["overheads"]
    seen = set()
    for record in run.records.values():
        if record.trial.control not in (None, "oracle"):
            continue
        planted, place = record.planted, record.placement
        assert planted is not None and place is not None and len(place.inserts) == 3
        told = json.loads(nih("rebuild", "one", record.id, "--json", "--corpus", corpus_in(measured)).out)
        text = "".join(message["content"] for message in told)
        assert overheads["original"] + sum(count(m["content"]) for m in told) == place.total_tokens
        assert 0 <= record.trial.length - place.total_tokens <= 8
        assert [text.count(each) for each in planted.texts] == [1, 1, 1]
        order = [planted.texts[each.index] for each in place.inserts]
        assert sorted(order, key=text.index) == order
        seen.add((record.trial.length, record.trial.row, record.trial.repeat))
    assert len([key for key in seen if key[0] in (400, 800)]) >= 8
    frame = run.frame()
    assert set(frame["axis"]) == {20.0, 60.0} and frame["depth_percent"].isna().all()
    assert json.loads(frame["items"].iloc[0])[0][0] == "red"


def test_a_run_is_gone_on_with(nih: Any, chat: Any, measured: list[str]) -> None:
    before = (nih.folder / "one" / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (nih.folder / "one" / "records.jsonl").write_text("".join(before[:-3]), encoding="utf-8")
    chat.say = says
    asked = len(chat.asked)
    ended = nih("run", "--resume", "one", "--base-url", chat.base_url)
    assert ended.code == 0, ended.err
    assert len(chat.asked) - asked == 3
    after = (nih.folder / "one" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["id"] for line in after) == sorted(json.loads(line)["id"] for line in before)


def test_without_its_package_a_run_is_read_and_says_what_to_install(
    nih: Any, chat: Any, measured: list[str], install: Install
) -> None:
    cases = nih("cases", "one").out
    install(None)
    assert nih("cases", "one").out == cases
    for command in (["plot", "one", "--out", "map.svg"], ["report", "one"], ["compare", "one", "other"],
                    ["export", "one", "--out", "table.csv"]):  # fmt: skip
        ended = nih(*command)
        assert ended.code == 0, ended.err
    some = next(iter(load_run(nih.folder / "one").records))
    assert nih("rebuild", "one", some, "--corpus", corpus_in(measured)).code == 0
    for command in (["score", "one"], ["run", "--resume", "one", "--base-url", chat.base_url, "--retry-all"],
                    ["run", *measured, "--out", "new"]):  # fmt: skip
        ended = nih(*command)
        assert ended.code == 2 and "two-codes" in ended.err and "Traceback" not in ended.err, ended.err
    assert "somebodys-tasks 0.2" in nih("score", "one").err


def test_another_version_grades_and_sends_nothing_for_a_run(
    nih: Any, chat: Any, measured: list[str], install: Install
) -> None:
    install(example().replace('version = "1"', 'version = "2"'))
    asked = len(chat.asked)
    for command in (["score", "one"], ["run", "--resume", "one", "--base-url", chat.base_url, "--retry-all"]):
        ended = nih(*command)
        assert ended.code == 2 and re.search(
            wording("tasks.other_version", version="1", name="two-codes"), ended.err
        ), ended.err
    assert len(chat.asked) == asked and nih("cases", "one").code == 0


BROKEN = [
    ("import nothing_of_that_name", wording("tasks.cant_import", name="two-codes")),
    ("TwoCodes = 3", wording("tasks.not_subclass")),
    (example().replace("def plant", "def plants"), wording("tasks.has_no_method", method="plant")),
    (example().replace('version = "1"', "version = 1"), wording("tasks.lacks_text", attribute="version")),
    (example().replace('name = "two-codes"', 'name = "three"'), wording("tasks.other_name", other="three")),
    (example().replace("values=(10, 40, 80)", "values=(80, 10)"), wording("tasks.wrong_axis")),
    (example().replace("start = draw", "start = 1 / 0 + draw"), "ZeroDivisionError"),
    (example().replace("return Planted(", "return dict("), wording("tasks.wrong_plant")),
    (example().replace("depth_percent=50", "depth_percent=500"), wording("note.plant_wrong_insert")),
    (example().replace("question=question", "question=''"), wording("note.plant_no_question")),
    (example().replace("name=blue", "name=red"), wording("note.plant_no_items")),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_family_that_is_wrong_ends_in_one_sentence(install: Install, number: int) -> None:
    text, told = BROKEN[number]
    install(text)
    with pytest.raises(UsageError) as error:
        of_family("two-codes", "en", {})
    for lang in languages():
        sentence = said(error.value, lang)
        assert "two-codes" in sentence and "\n" not in sentence
    assert re.search(told, said(error.value, "en"))


def test_a_folder_imports_nothing_that_it_names(
    nih: Any, chat: Any, measured: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nih.folder / "evil.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(nih.folder))
    file = nih.folder / "one" / "run.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    for name in ("evil", "evil:Family", "../evil", "os"):
        content["task"]["name"] = name
        file.write_text(json.dumps(content), encoding="utf-8")
        ended = nih("score", "one")
        assert ended.code in (2, 5) and "imported" not in ended.err + ended.out, ended.err


def test_what_a_folder_calls_its_rows_steers_no_terminal(nih: Any, measured: list[str]) -> None:
    steering = "\x1b[31mred\x07"
    file = nih.folder / "one" / "run.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["task"] |= {"version": "1" + steering, "package": steering}
    content["task"]["axis"] |= {"title": {"code": "spelt", "en": steering, "zh": steering}, "unit": steering}
    file.write_text(json.dumps(content), encoding="utf-8")
    scores = nih.folder / "one" / "scores.rules.jsonl"
    rows = scores.read_text(encoding="utf-8").replace('"red"', json.dumps("red" + steering))
    scores.write_text(rows.replace('"two-codes 1"', '"two-codes 1[31mred"'), encoding="utf-8")
    for command in (["cases", "one"], ["cases", "one", "--md"], ["compare", "one", "other"], ["diagnose", "one"]):
        ended = nih(*command)
        assert not re.search("[\x1b\x07]", ended.out + ended.err) and "Traceback" not in ended.err, ended
    for axis in (
        {"name": "gap"},
        {"name": "../x", "title": "t", "values": [1]},
        {"name": "gap", "title": "t", "values": [2, 1]},
        {"name": "gap", "title": {"a": 1}, "values": [1]},
        7,
    ):
        content["task"]["axis"] = axis
        file.write_text(json.dumps(content), encoding="utf-8")
        assert nih("cases", "one").code == 5


def test_a_text_of_the_task_s_own_is_made_again(
    nih: Any, chat: Any, install: Install, own_texts: dict[str, Path]
) -> None:
    install(HAYSTACK, "ledger", "Ledger")
    chat.say = lambda prompt: "None."
    given = ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
             "--no-preflight", "--corpus", str(own_texts["en"]), "--task", "ledger", "--lengths", "400t"]  # fmt: skip
    ended = nih("run", *given, "--out", "own")
    assert ended.code == 0, ended.err
    sent = {asked.sha256 for asked in chat.asked}
    for record in load_run(nih.folder / "own").records.values():
        made = nih("rebuild", "own", record.id, "--json", "--corpus", str(own_texts["en"]))
        assert made.code == 0, (record.trial, made.err)
        assert record.placement is not None and record.placement.prompt_sha256 in sent
    told = nih("cases", "own", "--corpus", str(own_texts["en"])).out
    assert "Entry" in told and "[[The closing number is" in told
    install(None)
    some = next(key for key, r in load_run(nih.folder / "own").records.items() if r.trial.control is None)
    missing = nih("rebuild", "own", some, "--corpus", str(own_texts["en"]))
    assert missing.code == 2 and "ledger" in missing.err, missing.err
