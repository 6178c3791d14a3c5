from __future__ import annotations

from dataclasses import replace

import pytest

from nihbench.analysis.pairing import pair, prompt_by_model
from nihbench.analysis.statistics import statistics
from nihbench.analysis.table import columns
from nihbench.figures.findings import (
    comparison_paragraph,
    diagnosis_sentence,
    effective_sentence,
    interaction_sentence,
    worst_sentence,
)
from nihbench.lang.messages import t, words
from tests.analysis.test_analysis_pairing import DEPTHS, LENGTHS, always, late, never, side
from tests.analysis.test_analysis_tables import make_record, make_score, make_trial
from tests.wording import part, says


def made(found, *, lengths=LENGTHS, depths=DEPTHS, failed=(), repeats=1):
    trials = [make_trial(n, d, r) for r in range(repeats) for n in lengths for d in depths]
    records = [make_record(t, failure="timeout" if (t.length, t.depth_percent) in failed else None) for t in trials]
    scores = {
        r.id: make_score(1.0 if found(r.trial.length, r.trial.depth_percent, r.trial.repeat) else 0.0) for r in records
    }
    return statistics(columns(records, scores), experiment="sf", prompt="original", planned=trials)


def test_terminals_that_know_no_more_say_it():
    for key, english in words("en").items():
        if key.startswith(("finding.", "pattern.")):
            english.encode("ascii")


def test_every_pattern_has_a_name_and_a_sentence():
    names = {key.partition(".")[2] for key in words("en") if key.startswith("pattern.")}
    assert names and {f"finding.{name}" for name in names} <= words("en").keys()


def test_effective_length_and_worst_region():
    lengths = (250, 500, 1000, 2000, 4000, 8000)
    depths = tuple(float(d) for d in range(0, 100, 5))  # 60 trials of the base, 20 a row
    told = effective_sentence(made(lambda n, d, r: n <= 4000, lengths=lengths, depths=depths))
    assert "Effective length: 4K tokens (95% interval under 2K to 4K)" in told and "85.0%" in told
    assert says(told, "finding.demonstrated", length="4K")
    told = effective_sentence(made(always, lengths=lengths, depths=depths))
    assert "at least 8K tokens" in told
    told = effective_sentence(made(lambda n, d, r: n <= 1000, lengths=lengths, depths=depths), "zh")
    assert "有效长度：不到" in told and "没有哪个长度得到证实" in told
    brief = effective_sentence(made(lambda n, d, r: n <= 4000), brief=True)
    assert brief.startswith(part("finding.effective_absolute")) and not says(brief, "finding.demonstrated")
    assert says(
        effective_sentence(made(never, lengths=lengths, depths=depths)), "finding.effective_base_too_low", base="0.0%"
    )
    lost = [(n, 0.0) for n in LENGTHS]
    assert says(effective_sentence(made(always, failed=lost)), "finding.effective_unmeasured", share="95%")
    assert worst_sentence(made(late)) == "Worst region: length 5K-6K at depths 80%-100%, found 0.0%."
    assert worst_sentence(made(late), "zh") == "最差的区域：长度 5K-6K、深度 80%-100%，找到率 0.0%。"
    assert worst_sentence(made(always)) == worst_sentence(made(late, failed=lost)) == ""


@pytest.mark.parametrize(
    ("first", "second", "english", "chinese"),
    [
        (
            never,
            always,
            "On this haystack explicit finds the needle more often than original: 100.0% versus 0.0%",
            "更常找到针",
        ),
        (
            always,
            never,
            "On this haystack explicit finds the needle less often than original",
            "不如 original 常找到针",
        ),
        (late, always, "On this haystack original and explicit can't be told apart", "还不能断定"),
    ],
)
def test_a_verdict_in_plain_words(first, second, english, chinese):
    paired = pair(side(first), side(second, prompt="explicit"))
    told = comparison_paragraph(paired)
    assert told.startswith(english) and says(told, "finding.one_haystack") and "36 paired trials" in told
    assert chinese in comparison_paragraph(paired, "zh")
    assert comparison_paragraph(paired, "zh").startswith("在这一篇长文上，")
    assert "corrected for 3 comparisons" in comparison_paragraph(paired, comparisons=3)


def test_the_same_over_several_haystacks_and_what_it_would_take():
    paired = pair(side(late, repeats=6), side(late, prompt="explicit", repeats=6))
    told = comparison_paragraph(paired)
    assert told.startswith("original and explicit find the needle equally often, within 5 points")
    assert says(told, "finding.detectable") and says(told, "finding.needed", repeats=6)
    assert "频率相同" in comparison_paragraph(paired, "zh")


def test_too_little_for_a_verdict():
    everything = [(n, d, 0) for n in LENGTHS for d in DEPTHS]
    some = pair(side(never, failed=everything[:9]), side(always, prompt="explicit"))
    assert comparison_paragraph(some).startswith("No verdict on original and explicit: only 27 of 36 pairs")
    none = pair(side(never, failed=everything), side(always, prompt="explicit"))
    assert says(comparison_paragraph(none), "finding.nothing_measured", a="original", b="explicit")
    assert comparison_paragraph(none, "zh").startswith("original 与 explicit 没有两边都有结果的试验")


def test_an_interaction():
    first = side(late), side(always, prompt="explicit")
    second = side(always, model="n"), side(never, prompt="explicit", model="n")
    told = interaction_sentence(prompt_by_model(first, second))
    assert "On this haystack the change on n minus that on m is -111.1 points" in told and says(
        told, "finding.interaction"
    )
    same = prompt_by_model(first, tuple(replace(each, model="n") for each in first))
    assert "is not shown" in interaction_sentence(same) and "不能断定" in interaction_sentence(same, "zh")


@pytest.mark.parametrize(
    ("found", "english", "chinese"),
    [
        (always, t("finding.no_miss", trials=36), part("finding.no_miss", "zh")),
        (late, t("finding.few_misses", misses=4, trials=36, least=8), "至少要有 8 次"),
        (never, "Weak from the start", "从一开始就弱"),
        (lambda n, d, r: n <= 3000, part("finding.cliff") + " 3.5K tokens", "断崖"),
        (lambda n, d, r: n * (1 - d / 100) <= 2000, "Only the end is kept", "只记得结尾"),
        (lambda n, d, r: n * d / 100 <= 2000, "Only the beginning is kept", "只记得开头"),
        (lambda n, d, r: not 10 < d < 50, "A band of depths", "一段深度"),
    ],
)
def test_a_diagnosis_in_plain_words(found, english, chinese):
    assert diagnosis_sentence(made(found)).startswith(english)
    assert chinese in diagnosis_sentence(made(found), "zh")


SWEPT = {"lengths": (250, 500, 1000, 2000, 4000, 6000, 8000, 16_000), "depths": DEPTHS, "repeats": 9}


def test_a_dip_is_told_and_no_cliff_is_named():
    """The issue's sweep: 54 trials a length, all found but a third of those at 4K."""
    swept = made(lambda n, d, r: n != 4000 or r % 3 != int(d) % 3, **SWEPT)
    told, chinese = effective_sentence(swept), effective_sentence(swept, "zh")
    assert (
        "Effective length: 2K tokens" in told
        and says(told, "finding.effective_dip", ended="4K", value="66.7%")
        and "16K" not in told
    )
    assert says(told, "finding.demonstrated", length="2K")
    assert "并非单调：4K 处的找到率为 66.7%" in chinese
    told = diagnosis_sentence(swept)
    assert told.startswith("A band of lengths: missed between about 3K tokens") and "cliff" not in told
    assert says(told, "finding.inside", inside="33.3% (18/54)") and "一段长度" in diagnosis_sentence(swept, "zh")


def test_a_length_that_is_hardly_measured_ends_the_range():
    """All that is measured of the longest is right, but a sixth of it timed out: nothing may be claimed of it."""
    lost = [(16_000, DEPTHS[0])]
    swept = made(always, failed=lost, **SWEPT)
    assert swept.headline.found.value == 1.0
    for told in (effective_sentence(swept), effective_sentence(swept, brief=True)):
        assert says(told, "finding.effective_open", length="8K", ended="16K", measured=45, planned=54, share="95%")

        assert t("finding.effective_bounds", missed="8K", found="16K or more") in told
    assert "对 16K 不下结论" in effective_sentence(swept, "zh")
    assert diagnosis_sentence(swept).endswith(t("finding.unjudged", lengths="16K", share="95%"))


def test_a_diagnosis_of_what_is_not_measured():
    lost = [(n, 0.0) for n in LENGTHS]
    assert says(diagnosis_sentence(made(never, failed=lost)), "finding.partly_measured", measured=30, planned=36)
    everything = [(n, d) for n in LENGTHS for d in DEPTHS]
    assert diagnosis_sentence(made(never, failed=everything)) == t("finding.no_trial")
