"""Weighted kappa against statsmodels, a calculation by hand, and what must hold of any table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.analysis.agreement import confusion, exact_agreement, recalls, weighted_kappa

TABLES = st.lists(st.lists(st.integers(0, 30), min_size=5, max_size=5), min_size=5, max_size=5).map(np.array)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_kappa_and_interval_are_those_of_statsmodels(table):
    rater = pytest.importorskip("statsmodels.stats.inter_rater", reason="statsmodels is not installed")
    ours = weighted_kappa(table)
    if ours.value is None or ours.low is None:
        return
    with np.errstate(all="ignore"):  # its test against kappa 0, not looked at here, may divide by 0
        theirs = rater.cohens_kappa(table, wt="quadratic")
    assert ours.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert ours.low == pytest.approx(max(theirs.kappa_low, -1), abs=1e-9)
    assert ours.high == pytest.approx(min(theirs.kappa_upp, 1), abs=1e-9)


def test_kappa_by_hand():
    """Two classes, 20 + 15 agreed, 5 + 10 not: observed 0.7, expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5, kappa 0.4."""
    assert weighted_kappa(np.array([[20, 5], [10, 15]])).value == pytest.approx(0.4)


def test_three_classes_by_hand():
    """Weights 1, 3/4, 0. Observed (2 + 2 + 2 + 0.75 * 2) / 8; margins 3/8, 3/8, 2/8 by 2/8, 3/8, 3/8."""
    table = confusion([0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 1, 1, 1, 2, 2, 2], 3)
    assert table.tolist() == [[2, 1, 0], [0, 2, 1], [0, 0, 2]]
    observed = (6 + 0.75 * 2) / 8
    expected = (3 * 2 + 3 * 3 + 2 * 3) / 64 + 0.75 * (3 * 3 + 3 * 2 + 3 * 3 + 2 * 3) / 64
    assert weighted_kappa(table).value == pytest.approx((observed - expected) / (1 - expected))
    assert exact_agreement(table) == 6 / 8
    assert recalls(table) == (2 / 3, 2 / 3, 1.0)


def test_what_is_undefined_is_none_and_not_a_number():
    nothing = weighted_kappa(np.zeros((5, 5), dtype=np.int64))
    one_class = weighted_kappa(np.diag([0, 0, 9, 0, 0]))
    assert (nothing.value, nothing.low, one_class.value, one_class.high) == (None, None, None, None)
    assert exact_agreement(np.zeros((5, 5), dtype=np.int64)) is None
    assert recalls(np.diag([1, 0])) == (1.0, None)


def test_five_items_without_a_disagreement_have_no_interval():
    """The formula would say 1 to 1, as if five items proved anything."""
    perfect = weighted_kappa(np.diag([2, 0, 0, 0, 3]))
    assert (perfect.value, perfect.low, perfect.high) == (1.0, None, None)


@given(TABLES)
def test_kappa_is_symmetric_and_at_most_1_exactly_on_the_diagonal(table):
    one, other = weighted_kappa(table), weighted_kappa(table.T)
    assert (one.value is None) == (other.value is None)
    if one.value is not None:
        assert one.value == pytest.approx(other.value, abs=1e-12)
        assert one.value <= 1 + 1e-12
        assert (abs(one.value - 1) < 1e-12) == (np.trace(table) == table.sum())
        if one.low is not None:
            assert -1 <= one.low <= one.value <= one.high <= 1


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_a_confusion_table_counts_every_pair_once(pairs):
    table = confusion([a for a, _ in pairs], [b for _, b in pairs], 5)
    assert table.sum() == len(pairs)
    assert all(table[a, b] == pairs.count((a, b)) for a, b in pairs)


def test_ratings_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="1 ratings beside 2"):
        confusion([1], [1, 2], 5)
