"""`nih cases`, its probes, `nih import`, `nih export` and `nih needle check`, through the command line."""

from __future__ import annotations

import csv
import io
import json
import re

import pandas as pd
import pytest

from nihbench import load_run
from nihbench.analysis.statistics import statistics
from nihbench.stats.effective import RULER_THRESHOLD
from tests.wording import says, wording

# Kamradt's published GPT-4 grid: every cell is a 10 but these (length, depth, score).
LENGTHS = (
    1000, 10071, 19143, 28214, 37286, 46357, 55429, 64500, 73571, 82643, 91714, 100786, 109857, 118929, 128000,
)  # fmt: skip
DEPTHS = (0, 7, 14, 21, 29, 36, 43, 50, 57, 64, 71, 79, 86, 93, 100)
BELOW = (
    (73571, 14, 3), (82643, 7, 3), (82643, 14, 3), (82643, 43, 7), (100786, 7, 1), (100786, 14, 3), (100786, 29, 3),
    (100786, 43, 3), (109857, 14, 3), (118929, 7, 1), (118929, 21, 5), (118929, 50, 3), (128000, 7, 3),
    (128000, 14, 1), (128000, 21, 3), (128000, 43, 3), (128000, 79, 3), (128000, 86, 3),
)  # fmt: skip
HOSTILE = "=HYPERLINK(1)\x1b[31m ``` \n# not a heading <b>|x|\u202e Golden Gate 7"
NEEDLE = "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."


@pytest.fixture
def gpt4(nih):
    """The published grid, imported."""
    scores = {(length, depth): score for length, depth, score in BELOW}
    rows = [
        {"token_limit": length, "depth_percent": depth, "score": scores.get((length, depth), 10)}
        for length in LENGTHS
        for depth in DEPTHS
    ]
    (nih.folder / "grid.json").write_text(json.dumps(rows), encoding="utf-8")
    ended = nih("import", "kamradt", "grid.json", "--model", "gpt-4-1106-preview", "--out", "gpt4")
    assert ended.code == 0, ended.err
    return ended


@pytest.mark.slow
def test_the_published_grid_by_hand(nih, gpt4):
    # 207 tens, one 7, one 5, thirteen 3, three 1 of 225: found 208, strict 207, bands 207 + 0.7 + 0.5 + 13 x 0.3.
    said = " ".join(gpt4.out.split())
    numbers = {"found": "92.4%", "strict": "92.0%", "mean_band": "94.3%"}
    for name, share in numbers.items():
        assert says(said, f"figure.metric_{name}", value=re.compile(rf"{re.escape(share)} \[[^]]+\]")), said
    assert says(said, "figure.headline", measured="225", planned="225"), said
    assert says(said, "finding.worst", lengths="92K-128K", rows=re.compile("0%-29%"), value="64.0%")
    assert (208 / 225, 207 / 225, 212.1 / 225) == pytest.approx((0.924, 0.920, 0.943), abs=5e-4)
    frame = load_run(nih.folder / "gpt4").frame()
    assert frame["value"].mean() == pytest.approx(212.1 / 225)
    # The worst ninth: the longest third of the lengths, the first third of the depths (five by five cells).
    worst = frame[(frame["length"] >= 91714) & (frame["depth_percent"] <= 29)]
    assert len(worst) == 25 and worst["value"].mean() == pytest.approx((16 + 5 * 0.3 + 0.5) / 25)
    # Found by row: all to 64.5K, then 14, 13, 15, 11, 14, 12, 9 of 15; never rising: 14/15 (pooled with the next two:
    # 14, 13 + 15), then (11 + 14)/30 = 0.83, under RULER's 0.856. So 91,714 is the last length before the fall.
    made = statistics(frame, experiment="kamradt", prompt="as-imported", absolute=RULER_THRESHOLD)
    assert [round(row.found.value * 15) for row in made.by_length] == [15] * 8 + [14, 13, 15, 11, 14, 12, 9]
    assert made.effective.length == 91714
    worst_third = made.by_third[0][2]
    assert worst_third is not None and worst_third.mean_band.value == pytest.approx(0.72)
    assert "nan" not in str(made.diagnosis).lower()
    for command in (("plot", "gpt4", "--out", "a.png"), ("cases", "gpt4"), ("export", "gpt4", "--out", "a.csv")):
        assert nih(*command).code == 0, command
    assert says(nih("score", "gpt4").error(), "run.answers_not_kept_tool", default_scorer="kamradt-judge")
    assert says(nih("run", "--resume", "gpt4").error(), "cli.imported_cant_gone_make")
    assert says(nih("cases", "gpt4", "--probe").error(), "cli.imported_haystacks_not_hand")


def test_cases_of_the_published_grid(nih, gpt4):
    out = nih("cases", "gpt4").out
    assert says(out, "cli.measured_answers_below_full", below="18", measured="225")
    assert says(out, "cli.missed_said_instead_not") and says(
        out, "cli.text_around_needles_cant", why=re.compile(wording("cli.run_imported_source_not"))
    )
    found = json.loads(nih("cases", "gpt4", "--json", "--outcome", "unknown").out)["runs"][0]
    assert [case["depth_percent"] for case in found["groups"][0]["clusters"][0]["cases"]] == [7, 7, 14]
    assert found["groups"][0]["clusters"][0]["said"] is None


@pytest.fixture
def mixed(nih, chat, small):
    """A run with hits at 300 tokens and hostile misses at 600; a probe is answered with the needle's sentence."""

    def say(text):
        if "Quote, word for word" in text:
            return f'"{NEEDLE}"'
        return HOSTILE if chat.count(text) > 400 else "Eat a sandwich and sit in Dolores Park on a sunny day."

    chat.say = say
    ended = nih("run", *small, "--no-controls", "--out", "run")
    assert ended.code == 0, ended.err
    return nih.folder / "run"


def test_cases_show_what_was_said_and_sent(nih, mixed):
    ended = nih("cases", mixed)
    assert ended.code == 0 and says(ended.out, "cli.measured_answers_below_full", below="3", measured="6")
    assert "3 x =HYPERLINK(1)" in ended.out and f"[[{NEEDLE}]]" in ended.out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ended.out)
    found = json.loads(nih("cases", mixed, "--json").out)["runs"][0]
    cases = [c for g in found["groups"] for cluster in g["clusters"] for c in cluster["cases"]]
    assert len(cases) == 3
    for case in cases:
        messages = json.loads(nih("rebuild", mixed, case["id"], "--json").out)
        sent = case["sent"]["before"] + case["sent"]["needle"] + case["sent"]["after"]
        assert sent in messages[0]["content"] and case["sent"]["needle"] == NEEDLE


def test_markdown_fences_what_is_hostile(nih, mixed):
    out = nih("cases", mixed, "--md").out
    # The answer's own fence of three ends nothing: it stands in one of four.
    assert "````text\n=HYPERLINK(1)[31m ``` \n# not a heading <b>|x| Golden Gate 7\n````" in out
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", out)
    assert "not a heading" not in outside and "<b>" not in outside and "\x1b" not in out


def test_filters_and_wrong_ones(nih, mixed):
    assert says(nih("cases", mixed, "--max-length", 400).out, "cli.all_measured_answers_full", measured="3")
    assert says(nih("cases", mixed, "--failure", "timeout").out, "cli.no_case_kind_asked")
    assert says(nih("cases", mixed, "--outcome", "wrong").error(), "cli.outcome_none")
    assert says(nih("cases", mixed, "--failure", "x").error(), "cli.failure_none")
    assert says(nih("cases", mixed, "--md", "--json").error(), "cli.md_json_two_forms")
    assert says(nih("cases", mixed, "--prompt", "x").error(), "analysis.run_no_prompt", prompt=re.compile("x"))


def test_the_corpus_is_gone(nih, mixed, own_texts):
    other = nih.folder / "other.txt"
    other.write_text("Another text.\n" * 50, encoding="utf-8")
    ended = nih("cases", mixed, "--corpus", other)
    assert (
        ended.code == 0
        and says(ended.out, "cli.text_around_needles_cant")
        and says(ended.out, "run.corpus_here_not_one")
    )


def test_probes_ask_on_the_same_haystack_and_never_twice(nih, chat, mixed):
    chat.asked.clear()
    ended = nih("cases", mixed, "--probe", "--base-url", chat.base_url)
    assert ended.code == 0, ended.err
    assert len(chat.asked) == 6 and says(ended.err, "cli.probes_misses_hits_control", hits=3)
    assert says(ended.out, "cli.retrieved_question_misread_misses", count=3, trials=3)
    assert says(ended.out, "cli.not_retrieved_misses_could", count=0, trials=3) and says(
        ended.out, "cli.control_hits_could_quote", count=3, trials=3
    )
    records = {r["id"]: r for r in map(json.loads, (mixed / "records.jsonl").read_text().splitlines())}
    haystacks = {
        json.loads(nih("rebuild", mixed, key, "--json").out)[0]["content"].rpartition("\n\n")[0] for key in records
    }
    for asked in chat.asked:
        haystack, _, question = asked.messages[0]["content"].rpartition("\n\n")
        assert haystack in haystacks and question.startswith("Quote, word for word") and "San Francisco" in question
    stored = (mixed / "probes.jsonl").read_text()
    again = nih("cases", mixed, "--probe", "--base-url", chat.base_url)
    assert len(chat.asked) == 6 and says(again.err, "cli.nothing_sent_every_probe")
    # What is known is shown without asking, and in JSON with its exact interval: 3 of 3 is 29% to 100%.
    causes = json.loads(nih("cases", mixed, "--json").out)["runs"][0]["causes"]
    assert causes["misses"]["quoted"] == 3 and causes["misses"]["low"] == pytest.approx(0.025 ** (1 / 3))
    # A probe that is lost (a torn line) is owed again, the others are not.
    (mixed / "probes.jsonl").write_text(stored[:-40])
    assert nih("cases", mixed, "--probe", "--base-url", chat.base_url).code == 0
    assert len(chat.asked) == 7


def test_probes_that_quote_nothing(nih, chat, mixed):
    chat.say = lambda text: "There is none."
    out = nih("cases", mixed, "--probe", "--base-url", chat.base_url).out
    assert says(out, "cli.not_retrieved_misses_could", count=3, trials=3)


def test_probes_cost_is_guarded(nih, chat, mixed):
    chat.asked.clear()
    reach = ("--base-url", chat.base_url, "--price", "1000,1000")
    ended = nih("cases", mixed, "--probe", *reach, "--max-cost", "0.0001")
    assert ended.code == 4 and says(ended.err, "cli.probes_answered_kept_give") and chat.asked == []


def test_export_is_safe_and_whole(nih, mixed):
    for name in ("a.csv", "a.json", "a.parquet"):
        if name == "a.parquet":
            pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
        assert nih("export", mixed, "--out", name).code == 0
    raw = (nih.folder / "a.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"\x1b" not in raw
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert len(rows) == 6 and sum(row["answer"].startswith("'=HYPERLINK") for row in rows) == 3
    assert not any(cell[:1] in "=+@\t\r" and cell for row in rows for cell in row.values())
    frame = load_run(mixed).frame()
    stored = json.loads((nih.folder / "a.json").read_text(encoding="utf-8"))
    assert stored["format"] == 1 and [row["answer"] for row in stored["rows"]] == frame["answer"].tolist()
    assert list(stored["rows"][0]) == list(frame.columns)
    again = pd.read_parquet(nih.folder / "a.parquet")
    pd.testing.assert_frame_equal(again, frame, check_dtype=False)
    assert ".csv, .parquet, .json" in nih("export", mixed, "--out", "a.xls").error()


def test_a_folder_of_runs_is_taken_whole(nih, mixed):
    mixed.rename(nih.folder / "one")
    (nih.folder / "all").mkdir()
    (nih.folder / "one").rename(nih.folder / "all" / "one")
    assert nih("export", "all", "--out", "a.csv").code == 0
    assert len(json.loads(nih("cases", "all", "--json").out)["runs"]) == 1


def _one(nih, chat, small, answer, *more):
    chat.say = lambda text: answer
    options = [*small]
    options[options.index("300,600")], options[options.index("0,50,100")] = "300:300:1", "50:50:1"
    return nih("run", *options, "--no-controls", "--out", "one", *more)


def test_one_perfect_cell(nih, chat, small):
    assert _one(nih, chat, small, "Eat a sandwich and sit in Dolores Park on a sunny day.").code == 0
    assert says(nih("cases", "one").out, "cli.all_measured_answers_full", measured="1")
    ended = nih("cases", "one", "--probe")
    assert ended.code == 0 and says(ended.err, "cli.nothing_sent_no_miss")
    assert nih("plot", "one", "--out", "a.png").code == 0 and nih("export", "one", "--out", "a.csv").code == 0


def test_all_failures(nih, chat, small):
    chat.fail = {number: (400, {"error": {"message": "no \x1b[2J"}}) for number in range(1, 9)}
    assert _one(nih, chat, small, "").code == 3
    out = nih("cases", "one").out
    assert (
        says(out, "cli.nothing_measured_yet_no")
        and says(out, "cli.brought_no_score_count", count=1)
        and "\x1b" not in out
    )
    assert nih("export", "one", "--out", "a.csv").code == 0 and nih("plot", "one", "--out", "a.png").code == 0


def test_an_empty_run(nih, mixed):
    (mixed / "records.jsonl").unlink()
    (mixed / "scores.rules.jsonl").unlink()
    for command in (("cases", mixed), ("cases", mixed, "--md"), ("export", mixed, "--out", "a.json")):
        assert nih(*command).code == 0, command
    assert says(nih("cases", mixed).out, "cli.nothing_measured_yet_no")
    assert nih("plot", mixed, "--out", "a.png").code == 0


def test_a_wrong_answer_says_where_it_comes_from(nih, chat):
    rival = "The best thing about San Francisco, old sailors told us, is a cable car ride at midnight."
    text = "\n\n".join([*(f"Line {n} tells of the harbour and its ships." for n in range(60)), rival] * 2)
    (nih.folder / "own.txt").write_text(text, encoding="utf-8")
    chat.say = lambda text: "The best thing is a cable car ride at midnight, as old sailors told."
    ended = nih(
        "run", "--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", 8000,
        "--no-preflight", "--no-controls", "--corpus", "own.txt", "--lengths", "500:500:1", "--depths", "50:50:1",
            "--out", "run",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert rival in nih("cases", "run").out
    assert load_run(nih.folder / "run").frame()["misled"].tolist() == [rival]


def test_needle_check(nih, own_texts):
    ended = nih("needle", "check", "sf-sandwich", "--corpus", own_texts["en"])
    assert ended.code == 0 and says(ended.out, "analysis.subject_never_occurs_corpus")
    assert says(ended.out, "analysis.asks_needle_says_model", asked="'most fun'", told="'best'") and says(
        ended.out, "analysis.corpus_tokens_lengths_above"
    )
    found = json.loads(
        nih("needle", "check", "beijing-coffee", "--corpus", own_texts["zh"], "--lengths", "500:500:1", "--json").out
    )
    codes = {finding["code"] for finding in found["findings"]}
    assert {"subject_absent", "mismatch", "long", "same_language"} <= codes
    assert "'nothing'" in nih("needle", "check", "nothing").error()


def test_the_obvious_mean_over_the_table_is_that_of_the_grid(nih, chat, small):
    """Counted out of the records by hand: controls, which would drag the mean, come on request only."""
    options = [option for option in small if option != "--no-controls"]
    assert nih("run", *options, "--depths", "0:100:15", "--out", "run").code == 0
    lines = (nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line)["trial"] for line in lines]
    grid = [trial for trial in records if trial["control"] is None]
    assert len(grid) < len(records)
    table = load_run(nih.folder / "run").frame()
    assert sorted(table["length"]) == sorted(trial["length"] for trial in grid)
    scores = (nih.folder / "run" / "scores.rules.jsonl").read_text(encoding="utf-8").splitlines()
    values = {row["id"]: row["value"] for row in map(json.loads, scores) if "value" in row}
    mine = [values[json.loads(line)["id"]] for line in lines if json.loads(line)["trial"]["control"] is None]
    assert table.groupby("prompt")["value"].mean()["original"] == pytest.approx(sum(mine) / len(mine))
    assert table.index.tolist() == list(range(len(grid)))
    whole = load_run(nih.folder / "run").frame(controls=True)
    assert len(whole) == len(records) and set(whole["control"].dropna()) == {t["control"] for t in records} - {None}
    for more, rows in (([], len(grid)), (["--controls"], len(records))):
        assert nih("export", "run", "--out", "a.json", *more).code == 0
        assert len(json.loads((nih.folder / "a.json").read_text(encoding="utf-8"))["rows"]) == rows


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reasons_that_differ_in_a_number_are_told_with_their_numbers(lang):
    from nihbench.analysis.cases import Case, _group
    from nihbench.lang.messages import Note, said

    reasons = [Note("some_facts", right=right, all=3) for right in (1, 2, 1)]
    cases = [
        Case(
            id=str(n), prompt="p", length=1000, depth_percent=0.0, achieved_depth_percent=0.0, repeat=n, kind="partial",
            value=0.3, answer="x", expected="y", reason=reason,
        )
        for n, reason in enumerate(reasons)
    ]  # fmt: skip
    ((reason, count),) = _group("partial", cases).reasons_in(lambda text: said(text, lang))
    assert count == 3 and re.fullmatch(wording("note.some_facts", lang, right="1–2", all=3), str(reason))
