from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nihbench.analysis.grids import grid
from nihbench.analysis.statistics import misses, statistics, summary
from nihbench.analysis.table import columns, frame
from nihbench.errors import UsageError
from nihbench.stats.effective import RULER_THRESHOLD
from tests.analysis.test_analysis_tables import make_record, make_score, make_trial
from tests.manifests import small

LENGTHS = (1000, 2000, 4000, 8000)
DEPTHS = (0.0, 50.0, 100.0)


def table(value_of, repeats=2, failed=(), haystack=None, lengths=LENGTHS, depths=DEPTHS):
    """A table with a record for every trial; `value_of(length, depth, repeat)`, None for an answer without a score."""
    trials = [make_trial(n, d, r) for r in range(repeats) for n in lengths for d in depths]
    records = [make_record(each, failure="timeout" if each in failed else None, haystack=haystack) for each in trials]
    values = {
        record.id: value_of(t.length, t.depth_percent, t.repeat) for t, record in zip(trials, records, strict=True)
    }
    scores = {name: make_score(value) for name, value in values.items() if value is not None}
    control = make_record(make_trial(250, 0.0, control="oracle"))
    return frame([*records, control], {**scores, control.id: make_score(0.0)}), trials


def of(made, **options):
    return statistics(made, experiment="sf", prompt="original", **options)


def test_it_agrees_with_the_grid_and_the_summary():
    made, trials = table(lambda length, depth, repeat: 1.0 if length < 4000 or depth == 100 else 0.3 * repeat)
    found = of(made, absolute=RULER_THRESHOLD)
    cells, short = grid(made, experiment="sf", prompt="original"), summary(made, experiment="sf", prompt="original")
    assert (found.lengths, found.depths) == (cells.lengths, cells.depths)
    values = [[found.cells[depth, length].mean_band for length in found.lengths] for depth in found.depths]
    assert np.allclose(values, cells.value)
    assert list(short.rates) == [name for name, _ in found.headline.items()] == ["found", "strict", "mean_band"]
    for name, ours in found.headline.items():
        assert ours.value == pytest.approx(short.rates[name].value)
    assert (found.effective.status, found.effective.length) == ("length", 2000)
    assert found.headline.found.haystacks == 2
    assert found.headline.found.planned == len(trials) == 24  # the control is not among them
    assert found.diagnosis.misses.hits == 8


def test_what_is_owed_failed_or_unscored_is_unmeasured():
    made, trials = table(lambda length, depth, repeat: 1.0, failed=[make_trial(1000, 0.0, 0)])
    planned = [*trials, make_trial(16_000, 0.0, 0)]
    found = of(made, planned=planned)
    assert (found.headline.found.measured, found.headline.found.planned) == (23, 25)
    assert (found.headline.found.if_missed, found.headline.found.if_found) == pytest.approx((23 / 25, 1.0))
    assert found.cells[0.0, 16_000].n == 0
    assert found.effective.status == "unmeasured"
    missed, places = misses(made, experiment="sf", prompt="original")
    assert len(missed) == len(places.length) == 23
    assert np.allclose(places.before + places.after, places.length)


@pytest.mark.parametrize("value", [0.0, 1.0, None])
def test_perfect_empty_and_unscored_grids_say_something_true(value):
    made, _ = table(lambda length, depth, repeat: value, repeats=1)
    found = of(made, absolute=RULER_THRESHOLD)
    status = {0.0: "below", 1.0: "at_least", None: "unmeasured"}[value]
    assert found.effective.status == status
    # Nothing found at 1K either: weak from the start.
    assert found.diagnosis.finding == ("tadpole" if value == 0.0 else "cant_tell")
    assert found.headline.found.interval.this_haystack or value is None


def overlapping(starts, reach_of, copies=1, **told):
    """A table whose repeats begin at `starts` and read `reach_of(length)` characters, as old records have them."""
    trials = [make_trial(n, d, r) for r in range(len(starts)) for n in LENGTHS for d in DEPTHS]
    records = []
    for trial in trials:
        record = make_record(trial, haystack=starts[trial.repeat])
        place = replace(record.placement, end=reach_of(trial.length), source_copies=copies)
        records.append(replace(record, placement=place))
    scores = {record.id: make_score(1.0 if record.trial.repeat else 0.3) for record in records}
    content = small(corpus={"sha256": ""}, **({"haystacks": told} if told else {}))
    return frame(records, scores, content=content)


def haystacks(found):
    return found.headline.found.haystacks, [row.found.haystacks for row in found.by_length]


def test_haystacks_that_overlap_are_one_text_in_old_runs_too():
    # Each begins where the one before has read a quarter of its longest text: 4,000 characters of 16,000.
    found = of(overlapping((0, 4_000, 8_000), lambda length: 2 * length))
    assert haystacks(found) == (1, [3, 3, 1, 1])  # at 4K, 8,000 characters are read, 4,000 of them by the next one, too
    assert found.this_haystack and found.headline.found.interval.this_haystack
    # Two begin near the corpus's end: whether they go on at its beginning is known only where its length is.
    starts = (0, 490_000, 250_000)
    assert haystacks(of(overlapping(starts, lambda length: 2 * length)))[0] == 3
    assert haystacks(of(overlapping(starts, lambda length: 2 * length, characters=500_000)))[0] == 2
    # A corpus that is repeated to fill the longest haystack is one text there, and not where it is not filled.
    repeated = of(overlapping((0, 3_000, 6_000), lambda length: 2 * length, copies=2))
    assert haystacks(repeated) == (1, [3, 1, 1, 1])


def test_what_a_run_says_of_its_overlaps_counts_also_where_haystacks_stand_apart():
    """A corpus that repeats itself: the first two have a third of their text in common at 4K, a tenth at 8K."""
    pairs = {4000: [[0, 1, 0.33], [0, 2, 0.1], [1, 2, 0.0]], 8000: [[0, 1, 0.1], [0, 2, 0.0], [1, 2, 0.0]]}
    told = [{"length": length, "pairs": each} for length, each in pairs.items()]
    made = overlapping((0, 40_000, 80_000), lambda length: 2 * length, characters=500_000, overlaps=told)
    assert haystacks(of(made)) == (2, [3, 3, 2, 3])
    assert not of(made).overlapping and not of(made).this_haystack


def test_repeats_over_one_text_are_one_haystack():
    def value(length, depth, repeat):
        return 1.0

    one, two = of(table(value, haystack=5)[0]), of(table(value)[0])
    assert one.headline.found.interval.this_haystack and one.this_haystack
    assert not two.headline.found.interval.this_haystack and not two.this_haystack


def test_columns_and_a_frame_give_the_same():
    trials = [make_trial(n, d) for n in LENGTHS for d in DEPTHS]
    records = [make_record(each, failure="timeout" if each.depth_percent == 50 else None) for each in trials]
    scores = {record.id: make_score(0.3 if record.trial.length > 3000 else 1.0) for record in records}
    slow, quick = of(frame(records, scores)), of(columns(records, scores))
    assert slow.headline == quick.headline and slow.cells.keys() == quick.cells.keys()
    assert (slow.missed == quick.missed).all() and (slow.places.before == quick.places.before).all()


def test_the_base_is_what_was_measured_up_to_1k():
    depths = tuple(range(0, 100, 10))

    def value(length, depth, repeat):
        return 1.0 if length < 4000 or depth >= 50 else 0.0

    # 30 trials at 250, 500 and 1K, all found: the threshold is 0.85, and 4K (half of it found) is below.
    made, _ = table(value, repeats=1, lengths=(250, 500, 1000, 2000, 4000, 8000), depths=depths)
    found = of(made)
    assert (found.base.measured, found.base.value) == (30, 1.0)
    assert (found.effective.status, found.effective.length) == ("length", 2000)
    assert found.effective.threshold == pytest.approx(0.85)
    few = of(table(value, repeats=1, depths=depths)[0])  # ten trials at 1K
    assert few.effective.status == "no_base" and few.effective_absolute.length == 2000
    # Where every length is a base there is none to compare with it.
    short = of(table(value, repeats=1, lengths=(250, 500, 1000), depths=depths)[0])
    assert short.base is None and short.effective.status == "no_base"
    assert short.effective_absolute.status == "at_least"


def test_the_worst_region():
    made, _ = table(lambda length, depth, repeat: 0.0 if (length, depth) == (8000, 50.0) else 1.0)
    worst = of(made).worst
    assert (worst.lengths, worst.depths, worst.headline.found.value) == ((8000, 8000), (50.0, 50.0), 0.0)
    assert of(table(lambda length, depth, repeat: 1.0)[0]).worst is None


def test_an_unknown_pair_is_refused():
    made, _ = table(lambda length, depth, repeat: 1.0)
    with pytest.raises(UsageError, match="sf/nothing"):
        statistics(made, experiment="sf", prompt="nothing")
