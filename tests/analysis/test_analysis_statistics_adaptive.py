"""An adaptive run's further draws are in their cells and nowhere else: not in headlines, rows, tests or patterns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nihbench.analysis.cases import find_cases
from nihbench.analysis.grids import Tally, grid
from nihbench.analysis.pairing import Side, pair
from nihbench.analysis.statistics import adaptive_rows, misses, statistics, summary
from nihbench.analysis.table import columns, frame
from tests.analysis.test_analysis_tables import make_record, make_score, make_trial

LENGTHS, DEPTHS = (1000, 2000, 4000), (0.0, 50.0, 100.0)
FIRST = [make_trial(length, depth) for length in LENGTHS for depth in DEPTHS]
# Three more draws of one cell, all of them misses, and two of another, one a hit.
EXTRA = [replace(make_trial(4000, 50.0, repeat), extra=True) for repeat in (1, 2, 3)]
EXTRA += [replace(make_trial(2000, 0.0, repeat), extra=True) for repeat in (1, 4)]
MISSED = {*EXTRA[:4], make_trial(4000, 100.0)}
OF = {"experiment": "sf", "prompt": "original"}


def made(trials):
    records = {}
    for trial in trials:
        record = make_record(trial)
        records[record.id] = record
    return records, {key: make_score(0.0 if r.trial in MISSED else 1.0) for key, r in records.items()}


@pytest.fixture(params=[columns, frame])
def tables(request):
    """The table with the further draws, and the one of the first draws alone."""
    return [request.param(tuple(records.values()), scores) for records, scores in (made(FIRST + EXTRA), made(FIRST))]


def test_numbers_over_cells_are_those_of_the_first_draws(tables) -> None:
    whole, first = tables
    assert summary(whole, **OF, planned=9) == summary(first, **OF, planned=9)
    one, other = statistics(whole, **OF, planned=FIRST), statistics(first, **OF, planned=FIRST)
    assert one.headline == other.headline and one.headline.found.value == pytest.approx(8 / 9)
    assert (one.by_length, one.by_depth, one.by_third) == (other.by_length, other.by_depth, other.by_third)
    assert one.effective_absolute == other.effective_absolute
    assert one.diagnosis == other.diagnosis
    assert len(misses(whole, **OF)[0]) == 9


def test_cells_hold_all_draws(tables) -> None:
    whole, first = tables
    shown = grid(whole, **OF, planned=FIRST)
    assert shown.value[1, 2] == 0.25 and shown.measured[1, 2] == 4
    assert shown.value[0, 1] == pytest.approx(2 / 3) and shown.measured[0, 1] == 3
    assert shown.measured.sum() == 14 and not shown.owed.any()
    cell = statistics(whole, **OF, planned=FIRST).cells[50.0, 4000]
    assert (cell.n, cell.found) == (4, 0.25)
    assert statistics(first, **OF, planned=FIRST).cells[50.0, 4000].n == 1


def test_rows_weigh_each_cell_once(tables) -> None:
    whole, first = tables
    rows = {row.length: row for row in adaptive_rows(whole, **OF)}
    assert rows[1000].found == 1.0 and rows[1000].draws == 3
    assert rows[2000].found == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert rows[4000].found == pytest.approx((1 + 0.25 + 0) / 3)
    assert adaptive_rows(first, **OF) == ()


def test_the_live_count_shows_the_same_as_the_table() -> None:
    records, scores = made(FIRST + EXTRA)
    table = columns(tuple(records.values()), scores)
    for planned in (FIRST, FIRST + EXTRA):
        tally = Tally(planned)
        for _ in range(2):  # a record that comes again counts once
            for key, record in records.items():
                tally.take(record, scores[key])
        shown, whole = tally.grid(("sf", "original")), grid(table, **OF, planned=planned)
        assert np.array_equal(shown.value, whole.value) and np.array_equal(shown.measured, whole.measured)
        assert not shown.owed.any()
        assert (tally.done, tally.total, tally.measured, tally.found) == (14, 14, 9, 8)
    waiting = Tally(FIRST + EXTRA)
    assert waiting.grid(("sf", "original")).owed.sum() == 14


def test_pairs_are_of_first_draws() -> None:
    records, scores = made(FIRST + EXTRA)
    table = columns(tuple(records.values()), scores)
    planned = frozenset((t.length, t.depth_percent, t.repeat) for t in FIRST)
    side = Side(name="a", run="r", model="m", experiment="sf", prompt="original", table=table, text={}, planned=planned)
    paired = pair(side, replace(side, name="b"))
    assert (paired.planned, paired.measured, paired.left_out) == (9, 9, 0)


def test_cases_are_of_all_draws_and_say_so() -> None:
    records, scores = made(FIRST + EXTRA)
    cases = find_cases(records, scores)
    assert (cases.trials, cases.extra, cases.below) == (14, 5, 5)
