"""Comparisons of a bank: what pairs about one needle have in common is no evidence of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nihbench.stats.compare import Pairs, compare


def pairs_of(effect: np.ndarray, haystacks: int, seed: int) -> Pairs:
    """Return pairs of 12 needles, ten times in each haystack: one side finds more by `effect`, needle by needle."""
    rng = np.random.default_rng(seed)
    needle = np.tile(np.repeat(np.arange(12), 10), haystacks)
    none = np.zeros(len(needle), dtype=np.int64)
    return Pairs(
        first=(rng.random(len(needle)) < 0.5 - effect[needle] / 2).astype(np.float64),
        second=(rng.random(len(needle)) < 0.5 + effect[needle] / 2).astype(np.float64),
        text=np.arange(len(needle)),
        haystack=np.repeat(np.arange(haystacks), 120),
        length=none,
        depth=none,
        needle=needle,
    )


@pytest.mark.parametrize("haystacks", [1, 8])
def test_two_needles_that_differ_are_no_difference_of_needles_in_general(haystacks: int) -> None:
    effect = np.array([0.9, 0.9, *[0.0] * 10])
    pairs = pairs_of(effect, haystacks, 3)
    with_bank, without = compare(pairs), compare(replace(pairs, needle=None))
    assert without.verdict == "differ" and with_bank.verdict == "unclear"
    assert with_bank.verdict_interval.width > 1.3 * without.verdict_interval.width
    assert with_bank.needles == 12 and without.needles == 0
    assert with_bank.difference == without.difference


@pytest.mark.parametrize("haystacks", [1, 8])
def test_all_needles_that_differ_are_seen(haystacks: int) -> None:
    assert compare(pairs_of(np.full(12, 0.4), haystacks, 4)).verdict == "differ"


def test_the_p_value_over_needles_and_haystacks_is_that_of_its_interval() -> None:
    for seed in range(6):
        found = compare(pairs_of(np.linspace(-0.1, 0.3, 12), 8, seed))
        assert found.haystack_interval is not None and found.haystack_p_value is not None
        outside = not found.haystack_interval.low <= 0 <= found.haystack_interval.high
        assert outside == (found.haystack_p_value <= 0.05) and 0 <= found.haystack_p_value <= 1
