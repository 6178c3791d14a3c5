"""Two independent samples: against Newcombe's published interval, and by simulation over haystacks."""

from __future__ import annotations

import numpy as np
import pytest

from nihbench.analysis.pairing import _difference, unpair
from nihbench.stats.headline import Estimate
from nihbench.stats.interval import Interval
from tests.analysis.test_analysis_pairing import DEPTHS, LENGTHS, always, never, side


def estimate(value: float, low: float, high: float) -> Estimate:
    made = Interval(low=low, high=high, level=0.95, method="exact")
    return Estimate(
        value=value, ends=made, if_missed=value, if_found=value, measured=80, planned=80, haystacks=2,
    )  # fmt: skip


def test_the_difference_is_newcombes_method_ten() -> None:
    """56/70 against 48/80 (Newcombe, Statistics in Medicine 17, 1998, table II a): 0.0524 to 0.3339 by Wilson's."""
    found = _difference(estimate(48 / 80, 0.4905, 0.7004), estimate(56 / 70, 0.6920, 0.8766), 0.95)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=2e-3), pytest.approx(0.3339, abs=2e-3))


def test_it_needs_nothing_in_common_and_says_what_it_stands_on() -> None:
    made = unpair(side(never), side(always, model="n", text={"corpus": "another"}, haystack=99))
    assert (made.cells, made.planned, made.difference, made.verdict) == (36, (36, 36), 1.0, "differ")
    assert made.this_haystack
    apart = unpair(side(always), side(always, lengths=(7000, 9000)))
    assert (apart.cells, apart.planned, apart.lengths) == (0, (36, 12), ((1000, 6000), (7000, 9000)))
    assert apart.verdict == "unclear"
    part = unpair(side(always, repeats=2), side(always, lengths=(1000, 2000, 9000)))
    assert (part.cells, part.planned) == (12, (24, 12))
    lost = [(1000, 0.0, 0), (2000, 0.0, 0), (3000, 0.0, 0)]
    assert unpair(side(never, failed=lost), side(always)).verdict == "unmeasured"


@pytest.mark.parametrize("sd", [0.0, 1.0])
def test_alike_models_are_rarely_called_different(sd: float) -> None:
    """Three haystacks a side, their effects drawn anew: the 95% interval of the difference holds 0."""
    draw, wrong, sweeps = np.random.default_rng(7), 0, 60
    for _ in range(sweeps):
        sides = []
        for _ in range(2):
            effects = draw.normal(0, sd, 3)

            def found(length: int, depth: float, repeat: int, effects=effects) -> bool:
                return bool(draw.random() < 1 / (1 + np.exp(-(1.0 + effects[repeat]))))

            sides.append(side(found, repeats=3))
        wrong += unpair(*sides).verdict == "differ"
    assert len(LENGTHS) * len(DEPTHS) == 36
    # 5% of 60 are 3; 8 or more come in less than one of a hundred such series.
    assert wrong < 8
