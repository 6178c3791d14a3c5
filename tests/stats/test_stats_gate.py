"""The gate's tests: published numbers, enumeration, and the error rates and power that are stated."""

from __future__ import annotations

import math
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
    largest_loss,
    levels_of_looks,
    not_shown,
    pairs_needed,
    shown_worse,
    verdict_of,
)

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


def test_with_six_haystacks_it_is_said_of_haystacks_in_general() -> None:
    drop = drop_of(pairs(gained=0, lost=60, count=180, haystacks=6))
    assert drop.general and drop.p_worse == pytest.approx(1 / 2**6)


def test_losses_share_one_error() -> None:
    """Holm's procedure by hand: 0.01 x 3, 0.02 x 2, 0.04 x 1 against 0.05."""
    made = [Worse(p_value=p, drop=0.1) for p in (0.04, 0.01, 0.02)]
    assert shown_worse(made, 0.03) == (True, True, True)
    made = [Worse(p_value=p, drop=0.1) for p in (0.04, 0.01, 0.03)]
    assert shown_worse(made, 0.03) == (False, True, False)
    assert shown_worse([Worse(p_value=0.001, drop=0.02)], 0.03) == (False,)  # shown, and smaller than is allowed


def test_three_verdicts() -> None:
    small, large = drop_of(pairs(1, 1, 400)), drop_of(pairs(1, 8, 400))
    reached, missed = Bar(least=0.9, low=0.91, high=0.97), Bar(least=0.9, low=0.7, high=0.89)
    assert verdict_of([small], [False], [], 0.03) == "pass"
    assert verdict_of([small, large], [False, False], [], 0.03) == "undecided"
    assert verdict_of([small], [True], [], 0.03) == "fail"
    assert verdict_of([small], [False], [reached], 0.03) == "pass"
    assert verdict_of([small], [False], [missed], 0.03) == "fail"
    assert Bar(least=0.9, low=0.8, high=0.95).verdict == "undecided"


@pytest.mark.parametrize(("allowed", "discordant"), [(0.03, 0.02), (0.05, 0.05), (0.1, 0.1)])
def test_the_planned_pairs_pass_the_same_and_fail_twice_the_loss(allowed: float, discordant: float) -> None:
    count = pairs_needed(allowed, discordant)
    rng = np.random.default_rng(18)
    same = rng.multinomial(count, [discordant / 2, discordant / 2, 1 - discordant], size=300)
    passed = np.mean([not_shown(int(b), int(c), count, allowed) <= 0.05 for b, c, _ in same])
    lost = 2 * allowed
    gains = max(0.0, discordant - lost) / 2
    worse = rng.multinomial(count, [gains, gains + lost, 1 - 2 * gains - lost], size=600)
    failed = np.mean([
        drop_of(pairs(int(b), int(c), count)).p_worse <= 0.05 and (c - b) / count > allowed
        for b, c, _ in worse[:150]
    ])  # fmt: skip
    assert passed >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / 300)
    assert failed >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / 150)


def test_haystacks_that_differ_much_take_many() -> None:
    assert haystacks_needed(0.0, 0.03) == 6
    few, many = haystacks_needed(0.05, 0.03), haystacks_needed(0.1, 0.03)
    assert few is not None and many is not None and 6 < few < many
    assert haystacks_needed(2.0, 0.01) is None
