from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.statistics import (
    CELLS,
    Haystacks,
    difference_coverage,
    false_differences,
    false_regions,
    false_sameness,
    general_difference,
    general_sameness,
    power_at_stated,
    regions_found,
    two_sweeps,
)
from nihbench.stats.compare import Pairs, compare, equivalent, haystack_equivalent, haystack_interval, interaction
from nihbench.stats.detectable import (
    Design,
    haystacks_needed,
    power_of,
    repeats_needed,
    shift_seen,
    smallest_detectable,
    smallest_over_haystacks,
)
from nihbench.stats.inversion import max_t, sign_flip, unit_sums
from nihbench.stats.regions import strongest_regions

DIFFERENCES = st.sampled_from([-1.0, -0.7, -0.3, 0.0, 0.2, 0.5, 1.0])


def pairs(first, second, haystack=None, repeats=1):
    n = len(first)
    cells = np.arange(n) // repeats
    side = max(int(np.sqrt(n / repeats)), 1)
    return Pairs(
        first=np.asarray(first, dtype=float),
        second=np.asarray(second, dtype=float),
        text=np.arange(n),
        haystack=np.zeros(n, dtype=np.int64) if haystack is None else np.asarray(haystack),
        length=cells % side,
        depth=cells // side,
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(DIFFERENCES, min_size=2, max_size=9))
def test_sign_flip_agrees_with_scipys_enumeration(differences):
    d = np.array(differences)
    theirs = stats.permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert sign_flip(d, np.arange(len(d))) == pytest.approx(theirs)


def test_sign_flip_of_found_or_not_is_mcnemars_exact_test():
    d = np.r_[np.ones(12), -np.ones(3), np.zeros(210)]
    assert sign_flip(d, np.arange(225)) == pytest.approx(stats.binomtest(3, 15).pvalue)


def test_pairs_of_one_text_are_flipped_together():
    d = np.ones(10)
    assert sign_flip(d, np.arange(10)) == pytest.approx(2 / 2**10)
    assert sign_flip(d, np.repeat([0, 1], 5)) == pytest.approx(2 / 2**2)


def test_max_t_by_enumeration():
    groups = [np.array([1.0, 1.0, 0.5]), np.array([-1.0, 0.3]), np.array([0.0, 0.0])]
    lengths = [len(group) for group in groups]

    def statistic(flat):
        parts = np.split(flat, np.cumsum(lengths)[:-1])
        return [abs(p.sum()) / np.sqrt((p**2).sum()) if p.any() else 0.0 for p in parts]

    flat = np.concatenate(groups)
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(flat))).reshape(len(flat), -1).T
    largest = np.array([max(statistic(flat * sign)) for sign in signs])
    expected = [np.mean(largest >= seen - 1e-9) for seen in statistic(flat)]
    assert np.allclose(max_t(groups), expected)


def test_groups_in_which_nothing_differs_are_no_finding():
    nothing, something = np.zeros(3), np.array([1.0, 1.0, 1.0, 1.0])
    assert np.array_equal(max_t([nothing, nothing]), [1.0, 1.0])
    assert np.allclose(max_t([nothing, something]), [1.0, 2 / 2**4])
    assert np.array_equal(max_t([np.array([1.0, -1.0]), nothing]), [1.0, 1.0])


def test_what_is_no_band_difference_is_refused():
    with pytest.raises(ValueError, match="multiples of 0.01"):
        sign_flip([0.1234567], np.arange(1))


def test_verdicts():
    better = compare(pairs(np.zeros(25), np.ones(25)))
    assert not better.general
    assert (better.verdict, better.difference) == ("differ", 1.0)
    assert better.interval.low > 0.75
    same = compare(pairs(np.ones(225), np.ones(225)))
    assert (same.verdict, same.p_value, same.equivalent) == ("same", 1.0, True)
    few = compare(pairs(np.ones(4), np.ones(4)))
    assert (few.verdict, few.haystack_interval, few.haystack_p_value) == ("unclear", None, None)
    assert few.detectable is None
    with pytest.raises(ValueError, match="no pair"):
        compare(pairs([], []))


def test_the_region_shows_where_and_cells_need_six_texts():
    first, second = np.ones(225), np.ones(225).reshape(15, 15)
    second[10:, 10:] = 0.0
    made = pairs(first, second.ravel())
    found = compare(made)
    (worst,) = strongest_regions(made.first, made.second, made.text, made.length, made.depth)
    assert (worst.depths, worst.lengths, worst.pairs, worst.difference) == ((10, 14), (10, 14), 25, -1.0)
    assert (worst.lost, worst.gained, worst.p_value) == (25, 0, pytest.approx(1 / 2000))
    assert found.cells == ()
    repeated = compare(pairs(np.ones(8 * 4), np.r_[np.zeros(8), np.ones(24)], repeats=8))
    assert len(repeated.cells) == 4
    first_cell = repeated.cells[0]
    assert (first_cell.length, first_cell.depth, first_cell.pairs, first_cell.difference) == (0, 0, 8, -1.0)
    # Alone in its cell to differ: 2 / 2**8, and no other cell can be larger.
    assert first_cell.p_value == pytest.approx(2 / 2**8)


def test_other_haystacks_are_another_question():
    # One haystack answers for the whole difference: seen here, not in general.
    first, second = np.ones(60), np.r_[np.zeros(20), np.ones(40)]
    found = compare(pairs(first, second, haystack=np.repeat([0, 1, 2], 20)))
    assert found.verdict == "differ"
    assert found.haystack_interval is not None
    assert 0.0 in found.haystack_interval
    assert found.haystack_p_value is None


def test_haystack_interval_is_near_the_plain_t_interval_where_that_is_right():
    """Many haystacks, differences far from the ends of their range: nothing is skewed there."""
    d = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (30, 40))
    interval = haystack_interval(d.ravel(), np.repeat(np.arange(30), 40))
    theirs = stats.ttest_1samp(d.mean(axis=1), 0).confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)
    back = haystack_interval(-d.ravel(), np.repeat(np.arange(30), 40))
    assert (back.low, back.high) == pytest.approx((-interval.high, -interval.low), abs=0.003)


def test_with_six_haystacks_the_verdict_is_on_haystacks_in_general():
    """One haystack of six loses everything: surely so on these, not shown for others."""
    second = np.ones((6, 30))
    second[0] = 0.0
    found = compare(pairs(np.ones(180), second.ravel(), haystack=np.repeat(np.arange(6), 30)))
    assert found.general and found.p_value < 1e-6
    assert found.haystack_p_value == pytest.approx(1.0)  # flipped by hand: 2**6 signs of (30, 0, 0, 0, 0, 0)
    assert found.verdict == "unclear" and found.verdict_interval == found.haystack_interval
    everywhere = np.ones((6, 30))
    everywhere[:, :6] = 0.0
    sure = compare(pairs(np.ones(180), everywhere.ravel(), haystack=np.repeat(np.arange(6), 30)))
    assert (sure.verdict, sure.haystack_p_value) == ("differ", 2 / 2**6)


def test_sameness_over_haystacks_is_shown_over_haystacks():
    haystack = np.repeat(np.arange(6), 100)
    change = np.zeros((6, 100))
    change[0, :20], change[1, :20] = 1.0, -1.0  # nothing on the whole, but one haystack gains and one loses 20 points
    assert equivalent(change.ravel(), np.arange(600))
    assert not haystack_equivalent(change.ravel(), haystack)
    assert haystack_equivalent(np.zeros(600), haystack)
    assert not haystack_equivalent(np.zeros(36), np.repeat(np.arange(6), 6))


def test_what_haystacks_see_by_simulation():
    """The stated shift is seen with 80% power by scipy's own permutation test over signs."""
    rng, runs = np.random.default_rng(0), 300
    for haystacks in (6, 8):
        values = rng.standard_normal((runs, haystacks)) + shift_seen(haystacks)
        seen = [
            stats.permutation_test((row,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue <= 0.05
            for row in values
        ]
        assert np.mean(seen) == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / runs))
    assert haystacks_needed(0.1, 0.1 * shift_seen(9)) == 9 and haystacks_needed(1.0, 1e-4) is None
    assert smallest_over_haystacks(0.9, 6) is None


def test_interaction():
    one = pairs(np.zeros(40), np.ones(40))
    other = pairs(np.zeros(40), np.zeros(40))
    made = interaction(one, other)
    assert (made.difference, made.p_value, made.general) == (-1.0, pytest.approx(2 / 2**40), False)
    assert made.interval.high < -0.5
    assert interaction(one, one).p_value == 1.0
    haystack = np.repeat(np.arange(6), 7)[:40]
    over = [pairs(np.zeros(40), end, haystack=haystack) for end in (np.ones(40), np.zeros(40))]
    assert interaction(*over).general and interaction(*over).p_value == 2 / 2**6
    with pytest.raises(ValueError, match="same texts"):
        interaction(one, pairs(np.zeros(4), np.zeros(4)))


def test_power_agrees_with_enumeration_by_scipy():
    n, q, d = 40, 0.3, 0.15
    power = 0.0
    for k in range(1, n + 1):
        wins = np.arange(k + 1)
        rejects = np.array([stats.binomtest(int(w), k).pvalue <= 0.05 for w in wins])
        power += stats.binom.pmf(k, n, q) * stats.binom.pmf(wins, k, (q + d) / (2 * q))[rejects].sum()
    assert power_of(Design(pairs=n, discordant=q, drift=0.0), d) == pytest.approx(power, abs=1e-9)


@pytest.mark.slow
def test_detectable_difference_and_repeats_belong_together():
    design = Design(pairs=225, discordant=0.06, drift=0.94)
    seen = smallest_detectable(design)
    assert power_of(design, seen) >= 0.8 > power_of(design, seen * 0.97)
    assert repeats_needed(design, seen) == 1
    needed = repeats_needed(design, seen / 3)
    assert 3 < needed < 12
    more = Design(pairs=225 * needed, discordant=0.06, drift=0.94)
    assert smallest_detectable(more) <= seen / 3 + 1e-6
    assert repeats_needed(design, 0.0) is None


def test_units_are_summed():
    assert unit_sums([1.0, 0.5, -1.0], np.array([7, 7, 9])).tolist() == [1.5, -1.0]


@pytest.mark.parametrize("mean", [0.5, 0.97])
def test_identical_prompts_seldom_differ(mean):
    for row in false_differences(mean, runs=300):
        assert row.kept, str(row)


@pytest.mark.parametrize("mean", [0.5, 0.97])
def test_the_stated_difference_is_seen(mean):
    row = power_at_stated(mean, runs=300)
    assert row.kept, str(row)


@pytest.mark.slow
def test_sameness_and_haystacks_in_general():
    by_margin = Haystacks(count=6, first=0.95, second=0.9, common=0.5, own=0.0)
    skewed = Haystacks(count=3, first=0.97, second=0.9, common=1.0, own=0.5)  # plain t: 86%
    no_difference = Haystacks(count=6, first=0.9, second=0.9, common=0.5, own=1.0)  # over texts: 60%
    for row in (
        false_sameness(300), general_sameness(by_margin, 60), difference_coverage(skewed, 150),
        general_difference(no_difference, 300),
    ):  # fmt: skip
        assert row.kept, str(row)


@pytest.mark.slow
def test_regions_hold_the_familys_error_and_find_a_loss_beside_a_gain():
    for row in (false_regions(0.8, 40), *regions_found(0.9, 0.1, 15, low=0.8)):
        assert row.kept, str(row)


def test_a_comparison_is_symmetric():
    sweeps = two_sweeps(np.random.default_rng(0), 0.8, 0.7)
    turned = Pairs(
        first=sweeps.second, second=sweeps.first, text=sweeps.text, haystack=sweeps.haystack,
        length=sweeps.length, depth=sweeps.depth,
    )  # fmt: skip
    there, back = compare(sweeps), compare(turned)
    assert there.pairs == CELLS
    assert there.p_value == back.p_value
    assert (there.interval.low, there.interval.high) == pytest.approx((-back.interval.high, -back.interval.low))


@pytest.mark.parametrize(("pairs", "noise"), [(36, 0.0), (59, 0.0), (80, 0.02), (120, 0.0)])
def test_the_same_is_rarely_said_of_a_difference_at_the_margin(pairs, noise):
    """Summed over all outcomes: how often two sides that differ by exactly 0.05 are called the same."""
    better, worse = 0.05 + noise, noise
    wrong = 0.0
    for up in range(30):
        for down in range(12 if noise else 1):
            d = np.array([1.0] * up + [-1.0] * down + [0.0] * (pairs - up - down))
            chance = stats.multinomial.pmf([up, down, pairs - up - down], pairs, [better, worse, 1 - better - worse])
            wrong += chance * equivalent(d, np.arange(pairs))
    assert wrong <= 0.05
