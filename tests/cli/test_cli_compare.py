"""`nih compare`, `nih diagnose`, and what every command says of perfect, empty, failed and tiny grids."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nihbench.app.finishing import finish
from nihbench.cli.hearing import measuring
from nihbench.lang.messages import Note, t
from nihbench.run.store import open_run
from scripts.synthetic_runs import write_run
from tests.wording import part, says, wording

pytestmark = pytest.mark.slow  # intervals and regions of whole grids

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"
SMALL: dict[str, Any] = {
    "lengths": tuple(range(8000, 128_001, 20_000)),
    "depths": (0.0, 20.0, 40.0, 60.0, 80.0, 100.0),
}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a function that writes a synthetic run into the folder where commands are run."""

    def made(name: str, strength: float, **more: Any) -> Path:
        return write_run(REFERENCE, tmp_path, name, strength=strength, **(SMALL | more))

    return made


def change(run: Path, name: str, value: Any) -> None:
    """Change one entry of a run's run.json, as another run would have it."""
    content = json.loads((run / "run.json").read_text(encoding="utf-8"))
    content[name] = value if not isinstance(value, dict) else content[name] | value
    (run / "run.json").write_text(json.dumps(content), encoding="utf-8")


def test_two_prompts_of_one_run(nih: Any, write: Any) -> None:
    write("one", 1.0, prompts=("original", "question-first"))
    ended = nih("compare", "one")
    assert ended.code == 0, ended.err
    assert says(ended.out, "finding.better", pairs="42", a="original", b="question-first") and says(
        ended.out, "finding.one_haystack"
    )
    value = json.loads(nih("compare", "one", "--json").out)
    (made,) = value["comparisons"]
    assert value["by"] == "prompt" and made["verdict"] == "differ" and made["text"]["en"] in ended.out
    assert made["found"]["difference"] == pytest.approx(made["found"]["second"] - made["found"]["first"])
    assert made["found"]["interval"]["low"] < made["found"]["difference"] < made["found"]["interval"]["high"]
    assert not made["general"] and made["regions"][0]["difference"] > 0
    assert len(made["won"]) - len(made["lost"]) == round(42 * made["found"]["difference"])
    nih.environment["NIH_LANG"] = "zh"
    assert nih("compare", "one").out.startswith(made["text"]["zh"] + "\n\n")
    turned = json.loads(nih("compare", "one", "--prompt", "question-first,original", "--json").out)
    assert turned["comparisons"][0]["found"]["difference"] == -made["found"]["difference"]


def test_of_two_models_that_answer_alike_no_region_differs(nih: Any, write: Any) -> None:
    for name in ("one", "other"):
        change(write(name, 0.5), "model", {"name": name})
    # The very same answers on both sides.
    (nih.folder / "other" / "records.jsonl").write_bytes((nih.folder / "one" / "records.jsonl").read_bytes())
    ended = nih("compare", "one", "other")
    assert (
        ended.code == 0
        and says(ended.out, "finding.unclear")
        and not says(ended.out, "finding.region_worse")
        and not says(ended.out, "finding.region_better")
    )
    (made,) = json.loads(nih("compare", "one", "other", "--json").out)["comparisons"]
    assert (made["regions"], made["lost"], made["won"]) == ([], [], [])


def _answers(run: Path, found: Any) -> None:
    """Let a run answer right where `found(length, depth)`; what is asked and where the needle stands is left."""
    path = run / "records.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        right = found(line["trial"]["length"], line["trial"]["depth_percent"])
        line["completion"]["text"] = "Eat a sandwich and sit in Dolores Park on a sunny day." if right else "Figs."
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")


def test_only_the_rows_that_are_named_are_compared(nih: Any, write: Any) -> None:
    """One model at two times loses what stands at 60% alone: that row says so, another does not."""
    old, new = (write(name, 1.0, lengths=tuple(range(8000, 128_001, 8_000))) for name in ("old", "new"))
    for run in (old, new):
        change(run, "model", {"name": "m"})
    _answers(old, lambda length, depth: True)
    _answers(new, lambda length, depth: depth != 60)
    at_60, others = (
        json.loads(nih("compare", "old", "new", "--rows", rows, "--json").out)["comparisons"][0]
        for rows in ("60", "0, 20")
    )
    assert (at_60["found"]["pairs"], len(at_60["lost"])) == (16, 16) and at_60["found"]["difference"] == -1
    assert {each["depth_percent"] for each in at_60["lost"]} == {60.0}
    assert (others["found"]["pairs"], others["lost"], others["left_out_trials"]) == (32, [], 0)
    # The exact test of a row is McNemar's of its pairs, not that of the whole grid.
    assert at_60["texts_p_value"] == pytest.approx(2 * 0.5**16)
    ended = nih("compare", "old", "new", "--rows", "60,61")
    assert ended.code == 2 and says(ended.err, "cli.compare_no_such_row", row="61")


def test_what_got_worse_is_told_beside_a_gain(nih: Any, write: Any) -> None:
    """A model at two times: it gains the middle and loses the beginning of long texts, by a grid counted by hand."""
    lengths, depths = tuple(range(10_000, 151_000, 10_000)), tuple(float(d) for d in range(0, 141, 10))
    grid = {"lengths": lengths, "depths": tuple(d / 1.4 for d in depths)}
    old, new = (write(name, 1.0, **grid) for name in ("o ld", "new"))
    change(new, "model", {"name": json.loads((old / "run.json").read_text(encoding="utf-8"))["model"]["name"]})
    _answers(old, lambda length, depth: not 30 < depth < 70)
    _answers(new, lambda length, depth: not (depth < 10 and length > 40_000))
    (made,) = json.loads(nih("compare", "o ld", "new", "--json").out)["comparisons"]
    assert made["found"]["difference"] > 0
    loss, gain = sorted(made["regions"], key=lambda region: region["difference"])
    assert (loss["lengths"], loss["lost"], loss["gained"]) == ([50_000, 150_000], 22, 0)
    assert loss["depths_percent"] == pytest.approx([0, 10 / 1.4]) and loss["p_value"] <= 0.05
    assert gain["p_value"] <= 0.05 and gain["gained"] > 50
    assert len(made["lost"]) == 22 and {each["depth_percent"] < 10 for each in made["lost"]} == {True}
    told = nih("compare", "o ld", "new")
    assert says(told.out, "finding.region_worse", lengths="50K-150K", depths="0%-7%", second="0.0%", first="100.0%")
    assert "nih cases new --against 'o ld'" in " ".join(told.err.split())
    (shown,) = json.loads(nih("cases", "new", "--against", "o ld", "--json").out)["runs"]
    ids = {case["id"] for group in shown["groups"] for cluster in group["clusters"] for case in cluster["cases"]}
    assert ids == {each["second_id"] for each in made["lost"]} and shown["trials"] == 22
    assert json.loads(nih("cases", "o ld", "--against", "o ld", "--json").out)["runs"][0]["trials"] == 0
    change(new, "corpus", {"name": "dumas", "sha256": "ab" * 32})
    assert says(nih("cases", "new", "--against", "o ld").error(), "analysis.cant_pair_they_not")


def test_several_prompts_are_compared_with_the_first_and_corrected(nih: Any, write: Any) -> None:
    write("one", 1.0, prompts=("original", "explicit", "bilingual"))
    made = json.loads(nih("compare", "one", "--json").out)["comparisons"]
    assert [(each["first"]["prompt"], each["second"]["prompt"]) for each in made] == [
        ("original", "explicit"),
        ("original", "bilingual"),
    ]
    for each in made:
        assert each["p_value"] >= each["found"]["p_value"]
    assert says(nih("compare", "one").out, "finding.corrected", count=2)


def test_two_models_and_the_interaction(nih: Any, write: Any) -> None:
    write("strong", 4.0, prompts=("original", "explicit"))
    write("weak", 0.0, prompts=("original", "explicit"))
    ended = nih("compare", "strong", "weak")
    assert ended.code == 0, ended.err
    first, second, crossed, unit = ended.out.strip().split("\n\n")
    assert unit == t("figure.length_note", unit=Note("unit_model"))
    assert first.startswith("sf-sandwich/original: ") and says(first, "finding.worse", a="strong", b="weak")
    assert second.startswith("sf-sandwich/explicit: ") and says(second, "finding.worse", a="strong", b="weak")
    assert says(crossed, "finding.no_interaction", experiment="sf-sandwich", a="original", b="explicit", other="weak")
    by_prompt = nih("compare", ".", "--by", "prompt").out
    assert by_prompt.startswith("strong, sf-sandwich: ") and "\n\nweak, sf-sandwich: " in by_prompt
    assert by_prompt.strip().endswith(f"{crossed}\n\n{unit}")


def test_two_runs_of_one_model_are_told_apart_by_their_folders(nih: Any, write: Any) -> None:
    write("one", 1.0)
    write("other", 1.0)
    change(nih.folder / "other", "model", {"name": "one"})
    out = nih("compare", "one", "other").out
    assert "one (one)" in out and "one (other)" in out


@pytest.mark.parametrize(
    ("name", "value", "apart"),
    [
        (
            "corpus",
            {"name": "dumas", "sha256": "ab" * 32},
            t("common.corpus") + ": paul-graham-en 1074bce916d9 | dumas abababababab",
        ),
        (
            "length_unit",
            {"tokenizer": "cl100k_base"},
            t("analysis.length_unit") + ": llama.cpp:smollm2-135m:61214c46859a | cl100k_base",
        ),
        ("identity", {"placement": 99}, t("analysis.rules_placement") + ": 2 | 99"),
        (
            "needle",
            {"statements": ["Figs."]},
            t("analysis.needle_text") + ": The best thing to do in San Francisco is eat a sandwich a... | Figs.",
        ),
    ],
)
def test_what_is_not_the_same_haystack_is_not_paired(nih: Any, write: Any, name: str, value: Any, apart: str) -> None:
    write("one", 1.0)
    change(write("other", 1.0), name, value)
    ended = nih("compare", "one", "other")
    assert ended.code == 2
    assert apart in ended.error() and says(
        ended.error(), "analysis.cant_pair_they_not", one="one: sf-sandwich/original"
    )


def test_other_lengths_other_seeds_and_nothing_to_compare(nih: Any, write: Any) -> None:
    write("one", 1.0)
    write("long", 1.0, lengths=(200_000,))
    assert says(nih("compare", "one", "long").error(), "analysis.cant_pair_they_no")
    write("some", 1.0, lengths=(8000, 28_000, 200_000))
    ended = nih("compare", "one", "some")
    assert ended.code == 0 and says(ended.out, "finding.unclear", pairs=12)
    assert "36 " in ended.out
    write("repeats", 1.0, repeats=2)
    other = write("seeded", 1.0, repeats=2)
    lines = [json.loads(line) for line in (other / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["trial"]["repeat"]:
            line["placement"]["source_start"] += 7
    (other / "records.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    assert says(nih("compare", "repeats", "seeded").error(), "analysis.cant_pair_trials_haystack", apart=42, all=84)
    assert says(nih("compare", "one").error(), "cli.nothing_compare_prompt_takes")
    assert says(nih("compare", "one", "--by", "length").error(), "cli.choose_prompt_model", by="'length'")
    assert says(nih("compare", "one", "--difference", "0").error(), "cli.difference_points_give_number")
    assert says(nih("compare", "one", "--prompt", "x").error(), "cli.no_run_here_prompt", name="'x'")
    assert says(_with(nih, "fr")("diagnose", "one").error(), "cli.choose_one_2", name="NIH_LANG", value="'fr'")


def _with(nih: Any, lang: str) -> Any:
    nih.environment["NIH_LANG"] = lang
    return nih


def test_failed_controls_are_said_beside_a_comparison(nih: Any, chat: Any, small: list[object]) -> None:
    """A needle that is not found in 500 tokens is no matter of prompts: stderr says so, whatever the verdict."""
    chat.say = lambda text: "The document does not say."
    options = [option for option in small if option != "--no-controls"]
    assert nih("run", *options, "--prompt", "original,explicit", "--out", "run").code == 0
    for command in ("compare", "diagnose"):
        ended = nih(command, "run")
        assert ended.code == 0 and ended.out
        assert len(re.findall(wording("control_told.oracle_failed"), ended.err)) == 2, ended.err


def test_a_diagnosis_and_its_json(nih: Any, write: Any) -> None:
    write("one", 0.5, lengths=tuple(range(8000, 128_001, 8000)))
    ended = nih("diagnose", "one")
    assert ended.code == 0, ended.err
    (value,) = json.loads(nih("diagnose", "one", "--json").out)
    told, unit = ended.out.splitlines()
    assert told == f"one: sf-sandwich/original: {value['text']['en']}" and says(unit, "figure.length_note")
    assert value["finding"] not in ("cant_tell", "none") and value["measured"] == value["planned"] == 96
    for cut in value["patterns"][0]["cuts"]:
        assert cut["low"] <= cut["value"] <= cut["next_value"] <= cut["high"]
    assert nih("diagnose", "one", "--prompt", "explicit").code == 2


def _empty(run: Path) -> None:
    (run / "records.jsonl").write_bytes(b"")


def _failed(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    failure = {"kind": "timeout", "message": "no", "status": None, "latency_s": 1.0, "attempts": 1}
    for line in lines:
        line.pop("completion")
        line["failure"] = failure
    (run / "records.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")


ONE_CELL: dict[str, Any] = {"lengths": (8000,), "depths": (50.0,)}
UNKNOWN = [t("figure.metric_found", value=t("figure.unknown")), part("finding.effective_unmeasured")]


def found(value: str) -> str:
    return t("figure.metric_found", value=value)


@pytest.mark.parametrize(
    ("case", "strength", "grid", "mend", "shown", "compared", "diagnosed"),
    [
        pytest.param(
            "perfect", 90.0, {}, None,
            ["100.0% [", t("finding.effective_absolute", threshold="85.6%"), part("finding.effective_at_least")],
            wording("finding.unclear", pairs=42, d="+0.0"), t("finding.no_miss", trials=42),
            id="perfect",
        ),
        pytest.param(
            "nothing", -90.0, {}, None, [found("0.0% [0.0% "), part("finding.effective_below")],
            wording("finding.unclear", pairs=42, d="+0.0"), part("finding.bee"), id="nothing found",
        ),
        pytest.param(
            "empty", 1.0, {}, _empty, UNKNOWN,
            wording("finding.nothing_measured", a="original", b="explicit"), t("finding.no_trial"),
            id="no records",
        ),
        pytest.param(
            "failed", 1.0, {}, _failed, UNKNOWN,
            wording("finding.nothing_measured", a="original", b="explicit"), t("finding.no_trial"),
            id="all failed",
        ),
        pytest.param(
            "cell", 90.0, ONE_CELL, None, [found("100.0% [2.5% "), t("figure.brackets_haystack", level="95%")],
            wording("finding.not_detectable"), t("finding.no_miss", trials=1), id="one cell",
        ),
    ],
)  # fmt: skip
def test_every_command_says_something_true(
    nih: Any,
    write: Any,
    case: str,
    strength: float,
    grid: Any,
    mend: Any,
    shown: list[str],
    compared: str,
    diagnosed: str,
) -> None:
    run = write("one", strength, prompts=("original", "explicit"), **grid)
    if mend:
        mend(run)
    nih.capture.readouterr()
    result = finish(open_run(run), measuring(), resume=run)
    out = nih.capture.readouterr().out.decode()
    assert result.is_whole is not bool(mend)
    for text in shown:
        assert text in " ".join(out.split()), out
    for kind in ("map", "profiles", "difference"):
        ended = nih("plot", "one", "--kind", kind, "--out", f"{case}.svg")
        assert ended.code == 0, ended.err
        assert (nih.folder / f"{case}.svg").stat().st_size > 1000
    ended = nih("compare", "one")
    assert ended.code == 0 and re.search(compared, ended.out), ended.err + ended.out
    ended = nih("diagnose", "one")
    assert ended.code == 0 and ended.out.count(diagnosed) == 2, ended.err + ended.out
    for command in ("compare", "diagnose"):
        json.loads(nih(command, "one", "--json").out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_what_can_not_be_paired_is_compared_as_two_samples_and_called_so(nih: Any, write: Any) -> None:
    write("one", 4.0)
    change(write("other", -3.0), "corpus", {"name": "dumas", "sha256": "ab" * 32})
    refused = nih("compare", "one", "other")
    assert refused.code == 2 and "--like" in refused.error() and "--unpaired" in refused.error()
    ended = nih("compare", "one", "other", "--unpaired")
    assert ended.code == 0, ended.err
    assert re.match(wording("cli.unpaired_finds_needle_less", a="one", b="other"), ended.out)
    assert says(ended.out, "cli.two_independent_samples_trials", first=42, second=42, cells=42)
    assert says(ended.out, "cli.side_stands_one_haystack")
    chinese = nih("compare", "one", "other", "--unpaired", "--lang", "zh").out
    assert says(chinese, "cli.unpaired_finds_needle_less", "zh", a="one", b="other")
    (made,) = json.loads(nih("compare", "one", "other", "--unpaired", "--json").out)["comparisons"]
    assert made["paired"] is False and made["verdict"] == "differ" and made["text"]["en"] in ended.out


def test_no_refusal_shows_a_python_value(nih: Any, write: Any) -> None:
    fit = {"bases": {"original": 80}, "curves": [[[0, 0], [900, 1100]]]}
    write("one", 1.0)
    change(write("other", 1.0), "identity", {"calibration": fit})
    said = nih("compare", "one", "other").error()
    assert f"{t('analysis.fit_length_unit')}: {t('analysis.none')} | " in said and not set("{}[]") & set(said)


def test_versions_of_one_model_have_the_shortest_names_that_tell_them_apart(
    nih: Any, write: Any, tmp_path: Path
) -> None:
    for name, served, day in (("a-run-of-november", "m-2026-11-01", "2026-11-03"), ("b", "m-2027-02-01", "2027-02-04")):
        run = write(name, 1.0)
        change(run, "model", {"name": "m"})
        records = run / "records.jsonl"
        lines = []
        for line in map(json.loads, records.read_text(encoding="utf-8").splitlines()):
            line["started_at"] = f"{day}T00:00:00+00:00"
            line["completion"]["model"] = served
            lines.append(json.dumps(line))
        records.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = nih("compare", "a-run-of-november", "b").out
    assert "m-2026-11-01" in out and "m-2027-02-01" in out and "a-run-of-november" not in out
    for kind in ("map", "difference", "profiles"):
        ended = nih("plot", "a-run-of-november", "b", "--kind", kind, "--out", "f.svg")
        assert ended.code == 0, ended.err
        drawn = (nih.folder / "f.svg").read_text(encoding="utf-8")
        assert "m-2026-11-01" in drawn and "m-2027-02-01" in drawn
