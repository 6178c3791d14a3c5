"""`nih grade` and `nih agree` over files: rows in, grades out, and every wrong row named with its line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import said, t
from tests.wording import part, says, wording

FULL = "Eat a sandwich and sit in Dolores Park on a sunny day."
OWN = """
needles:
  oar:
    language: en
    text: "The spare key of the boathouse hangs behind the third oar."
    question: "Where does the spare key of the boathouse hang?"
    answer: "Behind the third oar."
"""
ROWS: list[dict[str, Any]] = [
    {"id": "a", "needle": "sf-sandwich", "answer": FULL, "band": 100, "outcome": "correct"},
    {"id": "b", "needle": "sf-sandwich", "answer": "I don't know.", "band": 0.0, "outcome": "abstained"},
    {"id": "c", "needle": "beijing-coffee", "answer": "在五道营胡同的铁手咖啡馆喝一杯热美式。", "band": 0.7},
    {"id": "d", "needle": "beijing-coffee", "answer": "秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式", "band": 50},
]


def write(nih: Any, rows: list[Any], name: str = "rows.jsonl") -> None:
    text = "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
    (nih.folder / name).write_text(text, encoding="utf-8")


def grades(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_rows_come_back_graded_in_their_order(nih: Any) -> None:
    write(nih, ROWS)
    ended = nih("grade", "rows.jsonl")
    assert ended.code == 0 and ended.err == ""
    rows = grades(ended.out)
    assert [(row["id"], row["value"], row["band"]) for row in rows] == [
        ("a", 1.0, 100), ("b", 0.0, 0), ("c", 0.7, 70), ("d", 1.0, 100),
    ]  # fmt: skip
    assert rows[1]["outcome"] == "abstained" and rows[1]["identifying"] == "absent"
    for row in rows:
        assert row.keys() >= {"subject", "evidence", "confidence", "scorer", "version"}
    name, start, end = rows[0]["evidence"]["found"][1]
    assert (name, FULL[start:end]) == ("park", "Dolores Park")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_how_an_answer_was_read_is_told(nih: Any, lang: str) -> None:
    write(nih, ROWS)
    ended = nih("--lang", lang, "grade", "rows.jsonl", "--explain", "c")
    assert (ended.code, ended.err) == (0, "")
    assert "五道营胡同" in ended.out and "0.7" in ended.out
    for key in ("reading_status.right", "reading_status.absent", "reading_line.part", "score.type_phrase"):
        assert said(t(key), lang) in ended.out
    wrong = nih("--lang", lang, "grade", "rows.jsonl", "--explain", "none")
    assert wrong.code == 2
    assert said(t("cli.no_row_of_id", id="none", file="rows.jsonl", some=("a", "b", "c")), lang) in wrong.err


@pytest.mark.slow
def test_a_file_may_come_through_a_pipe_and_go_into_one(nih: Any) -> None:
    write(nih, ["\ufeff" + json.dumps(ROWS[0]), "", json.dumps(ROWS[2]) + "\r"])
    process = nih.start("grade", "rows.jsonl")
    out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, b"")
    piped = subprocess.run(
        [sys.executable, "-c", "from nihbench.cli.app import main; main(['grade', '-'])"],
        input=(nih.folder / "rows.jsonl").read_bytes(),
        capture_output=True,
        check=True,
        cwd=nih.folder,
    )
    assert piped.stdout == out
    assert [row["band"] for row in grades(out.decode())] == [100, 70]


def test_a_users_own_needle_counts(nih: Any) -> None:
    (nih.folder / "needles.yaml").write_text(OWN, encoding="utf-8")
    write(nih, [{"id": 1, "needle": "oar", "answer": "It hangs behind the third oar."}])
    assert [(row["id"], row["band"]) for row in grades(nih("grade", "rows.jsonl").out)] == [("1", 100)]


def test_a_row_may_bring_its_own_answer(nih: Any) -> None:
    write(
        nih,
        [
            {
                "id": "x",
                "expected": "Behind the third oar.",
                "question": "Where is the key?",
                "answer": "It hangs behind the third oar",
            },
            {"id": "y", "needle": "mine", "expected": "铁塔下的长椅", "answer": "在铁塔下的长椅上"},
            {"id": "z", "expected": "4718203", "answer": "no idea", "question": "Which number?"},
        ],
    )
    ended = nih("grade", "rows.jsonl")
    assert ended.err == t("cli.note_not_catalog_graded", own="mine") + "\n"
    rows = grades(ended.out)
    assert rows[0]["band"] == 100 and rows[1]["band"] == 100 and rows[2]["band"] == 0


def test_drawn_values_come_with_the_row(nih: Any) -> None:
    row = {"id": "n", "needle": "magic-number", "answer": "The number is 7482913."}
    write(nih, [row])
    error = nih("grade", "rows.jsonl").error()
    assert says(error, "run.needle_drawn_values_add", example='"number": "1234567"')
    write(nih, [row | {"fresh": {"number": "7482913"}}, row | {"id": "m", "fresh": {"number": "1111111"}}])
    assert [r["band"] for r in grades(nih("grade", "rows.jsonl").out)] == [100, 0]


def test_an_answer_that_was_cut_off_is_truncated(nih: Any) -> None:
    write(nih, [{"id": "t", "needle": "sf-sandwich", "answer": "<think>let me", "finish_reason": "length"}])
    assert grades(nih("grade", "rows.jsonl").out)[0]["outcome"] == "truncated"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{", part("run.line_no_json")),
        ("[" * 100_000, part("run.line_no_json")),
        ("[1]", part("run.line_no_json_object")),
        ({"needle": "sf-sandwich", "answer": "x"}, part("run.row_no_id_text")),
        ({"id": True, "needle": "sf-sandwich", "answer": "x"}, part("run.row_no_id_text")),
        ({"id": "1", "needle": "sf-sandwich"}, part("run.answer_must_text_empty")),
        ({"id": "1", "needle": "sf-sandwich", "answer": None}, part("run.answer_must_text_empty")),
        ({"id": "1", "answer": "x"}, part("run.row_neither_needle_nor")),
        ({"id": "1", "needle": "sf-sandwhich", "answer": "x"}, str(t("catalog.you_mean", known="'sf-sandwich'"))),
        ({"id": "1", "needle": 7, "answer": "x"}, '"needle"'),
        ({"id": "1", "needle": "sf-sandwich", "answer": "x", "expected": 7}, '"expected"'),
        ({"id": "1", "needle": "sf-sandwich", "answer": "x", "finish_reason": []}, '"finish_reason"'),
        ({"id": "1", "needle": "sf-sandwich", "answer": "x", "band": 90}, part("run.band_must_one_100")),
        ({"id": "1", "needle": "sf-sandwich", "answer": "x", "band": True}, part("run.band_must_one_100")),
        ({"id": "1", "needle": "sf-sandwich", "answer": "x", "outcome": "good"}, part("run.outcome_must_one_mend")),
        (
            {"id": "1", "needle": "sf-sandwich", "answer": "x", "outcome": ["correct"]},
            part("run.outcome_must_one_mend"),
        ),
        (ROWS[0], str(t("run.id_stands_line_already", id="a", lines=1))),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_row_is_named_with_its_line_and_nothing_is_printed(nih: Any, bad: Any, words: str) -> None:
    write(nih, [ROWS[0], "", bad, ROWS[1]])
    ended = nih("grade", "rows.jsonl")
    assert ended.code == 2
    assert "rows.jsonl:3: " in ended.error() and words in ended.error()


def test_bytes_that_are_not_utf8_are_named(nih: Any) -> None:
    (nih.folder / "rows.jsonl").write_bytes(b'{"id": "1", "needle": "sf-sandwich", "answer": "caf\xe9"}\n')
    told = nih("grade", "rows.jsonl").error()
    assert "rows.jsonl:1: " in told and "UTF-8" in told


def test_a_missing_or_empty_file_and_a_folder_are_refused(nih: Any) -> None:
    (nih.folder / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    for name, key in (
        ("nothing.jsonl", "errors.cant_read"),
        (".", "errors.cant_read"),
        ("empty.jsonl", "run.holds_no_rows_write"),
    ):
        ended = nih("grade", name)
        assert ended.code == 2 and says(ended.error(), key)


def test_answers_full_of_control_characters_steer_no_terminal(nih: Any) -> None:
    (nih.folder / "rows.jsonl").write_text(
        json.dumps({"id": "\x1b[2J\u202e\ud800", "needle": "sf-sandwich", "answer": "\x1b\ud800 Dolores Park"}),
        encoding="utf-8",
    )
    ended = nih("grade", "rows.jsonl")
    assert ended.code == 0 and "\x1b" not in ended.out and "\u202e" not in ended.out
    assert grades(ended.out)[0]["id"] == "\x1b[2J\u202e\ud800"


# ---- agree -----------------------------------------------------------------------------------------------------


def test_agreement_with_people_shows_what_it_must_beat(nih: Any) -> None:
    """By hand: the rules give 100, 0, 70, 100, people 100, 0, 70, 50; one keyword gives 100, 0, 0, 100."""
    write(nih, ROWS)
    ended = nih("agree", "rows.jsonl", "--json")
    assert ended.code == 0
    report = json.loads(ended.out)
    whole, english, chinese = report["comparisons"]
    assert (whole["language"], english["language"], chinese["language"]) == ("all", "en", "zh")
    assert whole["scorer"]["exact"] == 0.75 and whole["scorer"]["recall"] == [1, None, 0, 1, 1]
    assert whole["outcome"] == 1.0 and chinese["outcome"] is None
    assert [row["id"] for row in report["disagreements"]] == ["d"]
    keyword, share = whole["baselines"]
    assert (keyword["rater"], share["rater"]) == ("one keyword", "share of facts")
    assert keyword["table"][0][0] == 1 and keyword["table"][4][4] == 1 and keyword["exact"] == 0.5
    # Bands at 4, 0, 3, 2 by people and 4, 0, 3, 4 by the rules: observed 1 - (4/16) / 4, expected over the margins.
    apart = sum((a - b) ** 2 for a in (4, 0, 3, 2) for b in (4, 0, 3, 4)) / 16 / 16
    assert whole["scorer"]["kappa"]["value"] == pytest.approx(1 - (4 / 16 / 4) / apart)
    text = nih("agree", "rows.jsonl").out
    assert (
        t("figures.one_keyword") in text
        and t("figures.share_facts") in text
        and re.search(rf"d: {wording('figures.reference', band=50)}\D+100 ", text)
    )


def test_a_file_without_bands_or_with_a_scorer_is_refused(nih: Any) -> None:
    write(nih, [ROWS[0], {key: ROWS[1][key] for key in ("id", "needle", "answer")}])
    assert says(nih("agree", "rows.jsonl").error(), "cli.row_no_band_give")
    assert "--scorer" in nih("agree", "rows.jsonl", "--scorer", "x").error()
    assert says(nih("agree", "nothing").error(), "errors.cant_read")


def test_the_graded_answers_of_the_shared_data(nih: Any) -> None:
    path = Path(__file__).parents[2].parent / "shared" / "data" / "graded_answers_dev.jsonl"
    if not path.exists():
        pytest.skip("../shared is not here")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    write(nih, [row for row in rows if row["needle"] in ("sf-sandwich", "beijing-coffee", "moonshot-address")])
    report = json.loads(nih("agree", "rows.jsonl", "--json").out)
    whole = report["comparisons"][0]
    rules = whole["scorer"]["kappa"]["value"]
    assert all(rules > baseline["kappa"]["value"] for baseline in whole["baselines"])
