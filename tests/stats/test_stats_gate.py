"""The gate's tests: published numbers, enumeration, and the error rates and power that are stated."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from nihbench.stats.compare import Pairs
from nihbench.stats.gate import (
    Bar,
    Worse,
    drop_of,
    haystacks_needed,
    judged,
    largest_loss,
    not_shown,
    pairs_needed,
    shown_worse,
    verdict_of,
)
from nihbench.stats.looks import AT_ONCE, LOOKS, cuts, levels_of_looks, spread_out

pytestmark = pytest.mark.slow  # coverage by simulation


def pairs(gained: int, lost: int, count: int, haystacks: int = 1) -> Pairs:
    """Found on both sides but for so many pairs; haystacks take turns."""
    first, second = np.ones(count), np.ones(count)
    first[:gained], second[gained : gained + lost] = 0.0, 0.0
    number = np.arange(count)
    zeros = np.zeros(count, dtype=np.int64)
    return Pairs(first=first, second=second, text=number, haystack=number % haystacks, length=zeros, depth=zeros)


def test_bounds_of_looks_are_those_of_lan_and_demets() -> None:
    """Pocock-type spending, five looks, two-sided 0.05: the z values that are printed everywhere for it."""
    levels = levels_of_looks((0.2, 0.4, 0.6, 0.8, 1.0), 0.025)
    z = [NormalDist().inv_cdf(1 - level) for level in levels]
    assert z == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=0.002)
    assert levels_of_looks((1.0,), 0.05) == pytest.approx((0.05,), abs=1e-4)


def test_looks_ascend_up_to_the_plan() -> None:
    for shares in ((), (0.5, 0.5), (0.5, 1.1), (0.0, 1.0)):
        with pytest.raises(ValueError, match="ascending"):
            levels_of_looks(shares)


def test_the_test_of_a_small_sample_is_that_of_enumeration() -> None:
    """Every table of 20 pairs, weighed by its chance at the worst nuisance parameter, ordered by Tango's statistic."""
    count, allowed = 20, 0.1

    def score(gained: int, lost: int) -> float:
        # The likeliest chance of a gain given the loss, by search instead of by the formula.
        gains = np.linspace(1e-9, (1 - allowed) / 2 - 1e-9, 200_001)
        likely = (
            gained * np.log(gains)
            + lost * np.log(gains + allowed)
            + (count - gained - lost) * np.log(1 - 2 * gains - allowed)
        )
        best = gains[np.argmax(likely)]
        return (count * allowed - (lost - gained)) / math.sqrt(count * (2 * best + allowed - allowed**2))

    tables = [(b, c) for b, c in product(range(count + 1), repeat=2) if b + c <= count]
    scores = np.array([score(b, c) for b, c in tables])
    for gained, lost in ((0, 0), (1, 0), (2, 1), (5, 3)):
        extreme = scores >= score(gained, lost) - 1e-6
        worst = max(
            sum(
                multinomial.pmf([b, c, count - b - c], count, [q, q + allowed, 1 - 2 * q - allowed])
                for (b, c), here in zip(tables, extreme, strict=True)
                if here
            )
            for q in np.linspace(0.0, 0.44, 45)
        )
        ours = not_shown(gained, lost, count, allowed)
        # Ours looks only where the nuisance parameter can be, and pays 0.001 for it.
        assert ours <= worst + 0.0015, (gained, lost)
        assert ours >= 0.3 * worst, (gained, lost)


@settings(max_examples=25)
@given(st.integers(0, 8), st.integers(0, 8), st.sampled_from([40, 90, 225]))
def test_a_bound_lies_beyond_the_loss_and_grows_with_it(gained: int, lost: int, count: int) -> None:
    bound = largest_loss(gained, lost, count)
    assert (lost - gained) / count < bound <= 1
    assert largest_loss(gained, lost + 1, count) >= bound
    assert not_shown(gained, lost, count, bound) <= 0.05 + 1e-9


@pytest.mark.parametrize(("gains", "count"), [(0.0, 225), (0.01, 120), (0.05, 60)])
def test_what_lost_as_much_as_is_allowed_passes_in_one_of_twenty_at_most(gains: float, count: int) -> None:
    """Exactly: the chances of all tables that pass, added up; no simulation."""
    allowed = 0.03
    most = 25
    chance = 0.0
    for gained in range(most):
        for lost in range(most - gained):
            likely = float(multinomial.pmf([gained, lost, count - gained - lost], count,
                                           [gains, gains + allowed, 1 - 2 * gains - allowed]))  # fmt: skip
            if likely > 1e-5 and not_shown(gained, lost, count, allowed) <= 0.05:
                chance += likely
    assert chance <= 0.05


def test_a_drop_is_measured_with_its_bounds() -> None:
    drop = drop_of(pairs(gained=1, lost=20, count=200))
    assert drop.value == pytest.approx(19 / 200) and (drop.texts, drop.haystacks, drop.general) == (200, 1, False)
    assert drop.low < 19 / 200 < drop.high
    # McNemar's exact test, one-sided: 20 or more of 21.
    assert drop.p_worse == pytest.approx((21 + 1) / 2**21)
    assert drop_of(pairs(gained=20, lost=1, count=200)).p_worse == 1.0
    with pytest.raises(ValueError, match="no pair"):
        drop_of(pairs(0, 0, 0))


def test_a_loss_is_shown_on_these_texts_and_bounded_for_haystacks_in_general() -> None:
    """All that is lost is lost over two of six haystacks: sure of these texts, and not of haystacks in general."""
    made = pairs(gained=0, lost=0, count=600, haystacks=6)
    second = np.where((made.haystack < 2) & (made.text < 60), 0.0, 1.0)
    drop = drop_of(replace(made, second=second))
    assert drop.general and drop.p_general == pytest.approx(1 / 2**2)
    assert drop.p_worse == pytest.approx(1 / 2**20) and 0 < drop.low < drop.value < drop.high


def test_haystacks_few_as_they_are_do_not_keep_a_gate_from_failing() -> None:
    """Three tasks over six haystacks: their signs alone could never show a loss among six that are looked at."""
    good, bad = pairs(0, 0, 600, haystacks=6), pairs(0, 60, 600, haystacks=6)
    made = judged([(good, ()), (good, ()), (bad, ())], 0.03)
    assert [each.fails for each in made] == [False, False, True] and verdict_of(made) == "fail"


def test_losses_share_one_error() -> None:
    """Holm's procedure by hand: 0.01 x 3, 0.02 x 2, 0.04 x 1 against 0.05."""
    made = [Worse(p_value=p, drop=0.1) for p in (0.04, 0.01, 0.02)]
    assert shown_worse(made, 0.03) == (True, True, True)
    made = [Worse(p_value=p, drop=0.1) for p in (0.04, 0.01, 0.03)]
    assert shown_worse(made, 0.03) == (False, True, False)
    assert shown_worse([Worse(p_value=0.001, drop=0.02)], 0.03) == (False,)  # shown, and smaller than is allowed


def test_three_verdicts() -> None:
    small, large, lost = (judged([(pairs(1, count, 400), ())], 0.03)[0] for count in (1, 8, 40))
    reached, missed = Bar(least=0.9, low=0.91, high=0.97), Bar(least=0.9, low=0.7, high=0.89)
    assert verdict_of([small]) == "pass"
    assert verdict_of([small, large]) == "undecided"
    assert verdict_of([small, lost]) == "fail"
    assert verdict_of([small], [reached]) == "pass"
    assert verdict_of([small], [missed]) == "fail"
    assert Bar(least=0.9, low=0.8, high=0.95).verdict == "undecided"


@pytest.mark.parametrize(("allowed", "discordant"), [(0.03, 0.02), (0.05, 0.05), (0.1, 0.1)])
def test_the_planned_pairs_pass_the_same_and_fail_twice_the_loss(allowed: float, discordant: float) -> None:
    count = pairs_needed(allowed, discordant)
    assert count is not None
    rng = np.random.default_rng(18)
    same = rng.multinomial(count, [discordant / 2, discordant / 2, 1 - discordant], size=300)
    passed = np.mean([not_shown(int(b), int(c), count, allowed) <= 0.05 for b, c, _ in same])
    lost = 2 * allowed
    gains = max(0.0, discordant - lost) / 2
    worse = rng.multinomial(count, [gains, gains + lost, 1 - 2 * gains - lost], size=600)
    failed = np.mean([
        drop_of(pairs(int(b), int(c), count)).p_worse <= 0.025 and (c - b) / count > allowed
        for b, c, _ in worse[:150]
    ])  # fmt: skip
    assert passed >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / 300)
    assert failed >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / 150)


def test_haystacks_that_differ_much_take_many() -> None:
    assert haystacks_needed(0.0, 0.03) == 6
    few, many = haystacks_needed(0.05, 0.03), haystacks_needed(0.1, 0.03)
    assert few is not None and many is not None and 6 < few < many
    assert haystacks_needed(2.0, 0.01) is None


def test_more_losses_and_fewer_haystacks_take_more_pairs() -> None:
    one, four = pairs_needed(0.03), pairs_needed(0.03, losses=8)
    twelve, many = pairs_needed(0.03, haystacks=12), pairs_needed(0.03, haystacks=48)
    assert one is not None and four is not None and twelve is not None and many is not None
    assert one < four and one < many < twelve
    assert pairs_needed(0.03, haystacks=2) is None  # what two haystacks lose may be far from what is lost in general


def test_looks_spend_one_error_and_the_first_can_not_pass() -> None:
    assert AT_ONCE.can_pass and AT_ONCE.pass_level(0.05) == 0.05 == AT_ONCE.fail_level(0.05) == AT_ONCE.spent_now(0.05)
    assert not LOOKS[0].can_pass and LOOKS[0].pass_level(0.05) == 0 and all(look.can_pass for look in LOOKS[1:])
    assert sum(look.spent_now(0.05) for look in LOOKS) == pytest.approx(0.05)
    assert all(0 < look.spent_now(0.05) <= look.fail_level(0.05) + 1e-4 < 0.05 for look in LOOKS)
    clear = pairs(0, 0, 300)
    assert [judged([(clear, ())], 0.03, look=look)[0].passes for look in LOOKS[:2]] == [False, True]


def test_every_stretch_of_spread_cells_stands_for_all() -> None:
    grid = [(length, depth) for length in range(12) for depth in range(15)]
    order = spread_out(grid)
    assert sorted(order) == grid and order == spread_out(grid)
    for start in (0, 36, 72):
        part = order[start : start + 36]
        for axis, steps in ((0, 12), (1, 15)):
            counts = [sum(cell[axis] == step for cell in part) for step in range(steps)]
            assert min(counts) >= 1 and max(counts) <= 5
    assert cuts(500) == (50, 100, 200, 300, 400, 500) and cuts(3) == (1, 2, 3)
    assert cuts(100, 190)[-6:] == (80, 100, 120, 140, 160, 180, 190)[-6:]
