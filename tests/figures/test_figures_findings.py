from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from nihbench.analysis.pairing import pair, prompt_by_model
from nihbench.analysis.statistics import statistics
from nihbench.analysis.table import columns
from nihbench.figures.findings import (
    comparison_paragraph,
    diagnosis_sentence,
    effective_sentence,
    interaction_sentence,
    title_of,
    worst_sentence,
)
from nihbench.lang.messages import said, t, words
from tests.analysis.test_analysis_pairing import DEPTHS, LENGTHS, always, late, never, side
from tests.analysis.test_analysis_tables import make_record, make_score, make_trial
from tests.wording import part, says, wording


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
    assert says(told, "finding.effective_length", length="4K", high="4K") and "85.0%" in told
    assert says(told, "finding.demonstrated", length="4K")
    told = effective_sentence(made(always, lengths=lengths, depths=depths))
    assert says(told, "finding.effective_at_least", length="8K")
    told = effective_sentence(made(lambda n, d, r: n <= 1000, lengths=lengths, depths=depths), "zh")
    assert says(told, "finding.effective_below", "zh") and says(told, "finding.not_demonstrated", "zh")
    brief = effective_sentence(made(lambda n, d, r: n <= 4000), brief=True)
    assert brief.startswith(part("finding.effective_absolute")) and not says(brief, "finding.demonstrated")
    assert says(
        effective_sentence(made(never, lengths=lengths, depths=depths)), "finding.effective_base_too_low", base="0.0%"
    )
    lost = [(n, 0.0) for n in LENGTHS]
    assert says(effective_sentence(made(always, failed=lost)), "finding.effective_unmeasured", share="95%")
    assert says(worst_sentence(made(late)), "finding.worst", lengths="5K-6K", rows=re.compile("80%-100%"), value="0.0%")
    assert says(worst_sentence(made(late), "zh"), "finding.worst", "zh", lengths="5K-6K", value="0.0%")
    assert worst_sentence(made(always)) == worst_sentence(made(late, failed=lost)) == ""


@pytest.mark.parametrize(
    ("first", "second", "english", "chinese"),
    [
        (
            never,
            always,
            wording(
                "finding.better", where=t("finding.on_haystack"), b="explicit", second="100.0%", first="0.0%", pairs=36
            ),
            wording("finding.better", "zh"),
        ),
        (
            always,
            never,
            wording("finding.worse", where=t("finding.on_haystack"), b="explicit", pairs=36),
            wording("finding.worse", "zh", a="original"),
        ),
        (
            late,
            always,
            wording("finding.unclear", where=t("finding.on_haystack"), a="original", pairs=36),
            wording("finding.unclear", "zh"),
        ),
    ],
)
def test_a_verdict_in_plain_words(first, second, english, chinese):
    paired = pair(side(first), side(second, prompt="explicit"))
    told = comparison_paragraph(paired)
    assert re.match(english, told) and says(told, "finding.one_haystack")
    assert re.search(chinese, comparison_paragraph(paired, "zh"))
    assert comparison_paragraph(paired, "zh").startswith(said(t("finding.on_haystack"), "zh"))
    assert says(comparison_paragraph(paired, comparisons=3), "finding.corrected", count="3")


def test_the_same_over_several_haystacks_and_what_it_would_take():
    paired = pair(side(late, repeats=6), side(late, prompt="explicit", repeats=6))
    told = comparison_paragraph(paired)
    assert re.match(wording("finding.same", where="", a="original", margin=5), told)
    assert says(told, "finding.detectable") and says(told, "finding.needed", repeats=6)
    assert says(comparison_paragraph(paired, "zh"), "finding.same", "zh")


def test_too_little_for_a_verdict():
    everything = [(n, d, 0) for n in LENGTHS for d in DEPTHS]
    some = pair(side(never, failed=everything[:9]), side(always, prompt="explicit"))
    assert says(comparison_paragraph(some), "finding.few_measured", a="original", pairs=27, planned=36)
    none = pair(side(never, failed=everything), side(always, prompt="explicit"))
    assert says(comparison_paragraph(none), "finding.nothing_measured", a="original", b="explicit")
    assert says(comparison_paragraph(none, "zh"), "finding.nothing_measured", "zh", a="original", b="explicit")


def test_an_interaction():
    first = side(late), side(always, prompt="explicit")
    second = side(always, model="n"), side(never, prompt="explicit", model="n")
    told = interaction_sentence(prompt_by_model(first, second))
    assert says(told, "finding.interaction", where=t("finding.on_haystack"), other="n", one="m", d="-111.1")
    same = prompt_by_model(first, tuple(replace(each, model="n") for each in first))
    assert says(interaction_sentence(same), "finding.no_interaction")
    assert says(interaction_sentence(same, "zh"), "finding.no_interaction", "zh")


@pytest.mark.parametrize(
    ("found", "english", "chinese"),
    [
        (always, wording("finding.no_miss", trials=36), wording("finding.no_miss", "zh")),
        (
            late,
            wording("finding.few_misses", misses=4, trials=36, least=8),
            wording("finding.few_misses", "zh", least=8),
        ),
        (never, wording("finding.tadpole"), wording("finding.tadpole", "zh")),
        (lambda n, d, r: n <= 3000, wording("finding.cliff", n="3.5K"), wording("finding.cliff", "zh")),
        (lambda n, d, r: n * (1 - d / 100) <= 2000, wording("finding.tail_kept"), wording("finding.tail_kept", "zh")),
        (lambda n, d, r: n * d / 100 <= 2000, wording("finding.head_kept"), wording("finding.head_kept", "zh")),
        (lambda n, d, r: not 10 < d < 50, wording("finding.depth_band"), wording("finding.depth_band", "zh")),
    ],
)
def test_a_diagnosis_in_plain_words(found, english, chinese):
    assert re.match(english, diagnosis_sentence(made(found)))
    assert re.search(chinese, diagnosis_sentence(made(found), "zh"))


SWEPT = {"lengths": (250, 500, 1000, 2000, 4000, 6000, 8000, 16_000), "depths": DEPTHS, "repeats": 9}


def test_a_dip_is_told_and_no_cliff_is_named():
    """The issue's sweep: 54 trials a length, all found but a third of those at 4K."""
    swept = made(lambda n, d, r: n != 4000 or r % 3 != int(d) % 3, **SWEPT)
    told, chinese = effective_sentence(swept), effective_sentence(swept, "zh")
    assert (
        says(told, "finding.effective_length", length="2K")
        and says(told, "finding.effective_dip", ended="4K", value="66.7%")
        and "16K" not in told
    )
    assert says(told, "finding.demonstrated", length="2K")
    assert says(chinese, "finding.effective_dip", "zh", ended="4K", value="66.7%")
    told = diagnosis_sentence(swept)
    assert re.match(wording("finding.length_band", n="3K"), told) and not says(told, "finding.cliff")
    assert says(told, "finding.inside", inside="33.3% (18/54)") and says(
        diagnosis_sentence(swept, "zh"), "finding.length_band", "zh"
    )


def test_a_length_that_is_hardly_measured_ends_the_range():
    """All that is measured of the longest is right, but a sixth of it timed out: nothing may be claimed of it."""
    lost = [(16_000, DEPTHS[0])]
    swept = made(always, failed=lost, **SWEPT)
    assert swept.headline.found.value == 1.0
    for told in (effective_sentence(swept), effective_sentence(swept, brief=True)):
        assert says(told, "finding.effective_open", length="8K", ended="16K", measured=45, planned=54, share="95%")

        assert t("finding.effective_bounds", missed="8K", found=t("finding.or_more", length="16K")) in told
    assert says(effective_sentence(swept, "zh"), "finding.effective_open", "zh", ended="16K")
    assert diagnosis_sentence(swept).endswith(t("finding.unjudged", lengths="16K", share="95%"))


def test_a_diagnosis_of_what_is_not_measured():
    lost = [(n, 0.0) for n in LENGTHS]
    assert says(diagnosis_sentence(made(never, failed=lost)), "finding.partly_measured", measured=30, planned=36)
    everything = [(n, d) for n in LENGTHS for d in DEPTHS]
    assert diagnosis_sentence(made(never, failed=everything)) == t("finding.no_trial")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_title_says_what_was_found_only_where_that_is_known(lang):
    lengths = (250, 500, 1000, 2000, 4000, 8000)
    depths = tuple(float(d) for d in range(0, 100, 5))

    def title(found, control=False, single=True, **options):
        sweep = SimpleNamespace(
            statistics=made(found, lengths=lengths, depths=depths, **options), withheld=None,
            controls=(SimpleNamespace(failed=control),), task=SimpleNamespace(is_single=single),
            setting=SimpleNamespace(model="M"), grid=SimpleNamespace(lengths=lengths),
        )  # fmt: skip
        return title_of(sweep, lang)

    def is_said(told, key, length):
        return told == said(t(f"finding.{key}", model="M", length=length), lang)

    assert is_said(title(always), "title_found", "8K")
    assert is_said(title(lambda n, d, r: n <= 4000), "title_found", "4K")
    assert is_said(title(lambda n, d, r: n <= 2000), "title_lost", "2K")
    assert title(never) is None
    assert title(always, control=True) is None and title(always, single=False) is None
    assert title(always, failed=[(n, d) for n in lengths for d in depths[:5]]) is None
