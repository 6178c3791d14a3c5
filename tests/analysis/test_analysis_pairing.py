from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nihbench.analysis.pairing import Side, holm, pair, prompt_by_model, text_of
from nihbench.analysis.table import columns
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.stats.interval import clopper_pearson
from tests.analysis.test_analysis_tables import make_record, make_score, make_trial
from tests.manifests import small
from tests.wording import wording

LENGTHS = (1000, 2000, 3000, 4000, 5000, 6000)
DEPTHS = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)
TEXT = {"corpus": "essays 1a2b", "length unit": "cl100k_base"}


def side(
    found, *, prompt="original", model="m", repeats=1, haystack=None, failed=(), lengths=LENGTHS, text=TEXT, at=10
):
    """A side with every cell of the grid; `found(length, depth, repeat)` says whether the needle was."""
    trials = [make_trial(n, d, r, prompt=prompt) for r in range(repeats) for n in lengths for d in DEPTHS]
    records, scores = [], {}
    for trial in trials:
        key = (trial.length, trial.depth_percent, trial.repeat)
        record = make_record(trial, failure="timeout" if key in failed else None, haystack=haystack)
        records.append(replace(record, placement=replace(record.placement, at=at)))
        scores[record.id] = make_score(1.0 if found(*key) else 0.0)
    return Side(
        name=prompt,
        run="run",
        model=model,
        experiment="sf",
        prompt=prompt,
        table=columns(records, scores),
        text=text,
        planned=frozenset((t.length, t.depth_percent, t.repeat) for t in trials),
    )


def always(length, depth, repeat):
    return True


def never(length, depth, repeat):
    return False


def late(length, depth, repeat):
    """Misses the four cells of the last third by the last third."""
    return length < 5000 or depth < 80


def test_it_is_mcnemars_exact_test_and_finds_the_region():
    made = pair(side(late), side(always, prompt="explicit"))
    assert (made.found.first, made.found.second) == (32 / 36, 1.0)
    assert made.p_value == pytest.approx(stats.binomtest(0, 4).pvalue)  # four pairs differ, all one way: 2 / 2**4
    assert made.verdict == "unclear" and made.measured == made.planned == 36
    (best,) = made.regions
    assert (made.lengths_of(best), made.depths_of(best)) == ((5000, 6000), (80.0, 100.0))
    assert (best.difference, best.gained, best.lost) == (1.0, 4, 0)
    assert [(each.length, each.depth_percent, each.repeat) for each in made.won] == [
        (length, depth, 0) for length in (5000, 6000) for depth in (80.0, 100.0)
    ]
    assert made.lost == () and {each.first_id for each in made.won} <= set(made.first.table["id"])
    assert made.found.cells == ()  # one pair a cell: no cell is tested


@pytest.mark.slow
def test_differ_same_and_their_direction():
    assert pair(side(never), side(always, prompt="explicit")).verdict == "differ"
    assert pair(side(never), side(always, prompt="explicit")).found.difference == 1.0
    assert pair(side(always), side(never, prompt="explicit")).found.difference == -1.0
    many = [pair(side(always, repeats=n), side(always, prompt="explicit", repeats=n)) for n in (1, 6)]
    # No pair differs: 36 pairs do not show that fewer than one in twenty would, 216 do.
    assert clopper_pearson(36, 36, 0.9)[0] < 0.95 < clopper_pearson(216, 216, 0.9)[0]
    assert [each.verdict for each in many] == ["unclear", "same"]
    assert many[1].found.haystacks == 6 and many[1].found.haystack_p_value == 1.0


def test_what_is_unmeasured_on_one_side_is_no_pair_and_too_much_of_it_no_verdict():
    lost = [(1000, 0.0, 0)]
    one = pair(side(never, failed=lost), side(always, prompt="explicit"))
    assert (one.measured, one.planned, one.verdict) == (35, 36, "differ")
    two = pair(side(never, failed=[*lost, (2000, 0.0, 0)]), side(always, prompt="explicit"))
    assert (two.measured, two.verdict) == (34, "unmeasured")
    everything = [(n, d, 0) for n in LENGTHS for d in DEPTHS]
    none = pair(side(never, failed=everything), side(always, prompt="explicit"))
    assert (none.found, none.measured, none.verdict, none.lengths) == (None, 0, "unmeasured", ())


def test_cells_that_only_one_side_has_are_left_out_and_none_in_common_is_refused():
    made = pair(side(always), side(always, prompt="explicit", lengths=(1000, 2000, 9000)))
    assert (made.planned, made.left_out, made.lengths) == (12, 24 + 6, (1000, 2000))
    with pytest.raises(UsageError, match=wording("analysis.cant_pair_they_no")):
        pair(side(always), side(always, prompt="explicit", lengths=(9000,)))


@pytest.mark.parametrize("name", ["corpus", "length unit", t("analysis.needle_text"), t("analysis.rules_placement")])
def test_another_text_is_refused_and_named(name):
    with pytest.raises(
        UsageError, match=wording("analysis.cant_pair_they_not", told=re.compile(f"{name}: .* | another"))
    ):
        pair(side(always), side(always, prompt="explicit", text=TEXT | {name: "another"}))


def test_haystacks_that_begin_elsewhere_are_refused():
    with pytest.raises(UsageError, match=wording("analysis.cant_pair_trials_haystack", apart=36, all=36)):
        pair(side(always), side(always, prompt="explicit", haystack=77))
    # The first repeat begins alike: only the second is another text.
    with pytest.raises(UsageError, match=wording("analysis.cant_pair_trials_haystack", apart="36", all="72")):
        pair(side(always, repeats=2), side(always, prompt="explicit", repeats=2, haystack=0))


def test_the_same_text_asked_again_is_one_unit():
    def half(length, depth, repeat):
        return (length, depth) != (1000, 0.0)

    again = [side(found, prompt=p, repeats=4, haystack=0) for found, p in ((half, "original"), (always, "explicit"))]
    made = pair(*again)
    assert (made.found.pairs, made.found.texts, made.found.haystacks) == (144, 36, 1)
    assert made.p_value == 1.0  # one text differs, however often it was asked
    fresh = [side(found, prompt=p, repeats=4) for found, p in ((half, "original"), (always, "explicit"))]
    assert pair(*fresh).p_value == pytest.approx(2 / 2**4)  # on four haystacks


def test_haystacks_that_overlap_are_one_of_a_comparison():
    def sides(numbers):
        made = [side(always, prompt=prompt, repeats=6) for prompt in ("original", "explicit")]
        for each, of in zip(made, numbers, strict=True):
            each.table["text"] = [of[begin // 1000] for begin in each.table["haystack"]]
        return made

    apart = (0, 1, 2, 3, 4, 5)
    for numbers, texts in (((apart, apart), 6), ((apart, (7, 7, 7, 7, 7, 7)), 1), (((0, 0, 2, 3, 4, 5), apart), 5)):
        assert pair(*sides(numbers)).found.haystacks == texts  # by what either side's run knows


def test_needles_that_moved_and_texts_that_nobody_recorded():
    made = pair(side(always), side(always, prompt="explicit", at=99))
    assert made.moved == 36 and not made.unrecorded
    one, other = side(always), side(always, prompt="explicit")
    for each in (one, other):
        for column in ("haystack", "needle_at", "prompt_sha256"):
            each.table[column][:] = [None] * 36
    blind = pair(one, other)
    assert blind.unrecorded and blind.moved == 0 and blind.found.texts == 36


def test_interaction_by_hand():
    # On the first model the prompt gains the four late cells, on the second it loses everything.
    first = side(late), side(always, prompt="explicit")
    second = side(always, model="n"), side(never, prompt="explicit", model="n")
    made = prompt_by_model(first, second)
    assert made.change.difference == pytest.approx(-1 - 4 / 36)
    assert made.change.p_value < 1e-6 and made.change.difference in made.change.interval
    assert (made.models, made.prompts, made.pairs) == (("m", "n"), ("original", "explicit"), 36)
    same = prompt_by_model(first, tuple(replace(each, model="n") for each in first))
    assert (same.change.difference, same.change.p_value) == (0.0, 1.0)
    nothing = [(n, d, 0) for n in LENGTHS for d in DEPTHS]
    assert prompt_by_model(first, (side(late, failed=nothing), second[1])) is None


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0] and holm([]) == []
    rng = np.random.default_rng(0)
    for _ in range(20):
        p = rng.uniform(0, 0.2, 5)
        corrected = np.array(holm(p.tolist()))
        assert (corrected >= p).all() and corrected.min() == pytest.approx(min(1, 5 * p.min()))
        assert (np.argsort(corrected, kind="stable") == np.argsort(p)).all() or len(set(corrected)) < 5


def test_what_makes_a_text():
    plain = text_of(small())
    assert plain == text_of(small(identity={"seed": 5, "placement": 2}))  # haystacks are compared trial by trial
    for other in (
        {"corpus": {"name": "essays", "sha256": "cd" * 32}},
        {"length_unit": {"tokenizer": "o200k_base"}},
        {"needle": {"name": "sf", "statements": ["Drink."]}},
        {"identity": {"seed": 0, "placement": 3}},
        {"identity": {"seed": 0, "placement": 2, "calibration": {"ratio": 1.2}}},
    ):
        assert text_of(small(**other)) != plain
    numbers = {"name": "magic", "statements": ["{number}"], "fresh": {"number": 7}}
    one, other = (text_of(small(needle=numbers, identity={"seed": seed})) for seed in (0, 1))
    assert one != other
    assert text_of(small(identity={})) is not None  # an import
