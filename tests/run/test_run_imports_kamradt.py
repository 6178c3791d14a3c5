"""Kamradt's published GPT-4 grid of 2023 (225 cells, one needle, one haystack), worked out by hand beside ours.

Found is a grade of 7 or more of 10, strict a 10; his grades 1, 3, 5, 7, 10 are the bands 0, 0.3, 0.5, 0.7, 1.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nihbench.analysis.statistics import statistics, summary
from nihbench.analysis.table import columns
from nihbench.figures.findings import effective_sentence, worst_sentence
from tests.analysis.test_analysis_tables import make_record, make_score, make_trial
from tests.wording import says

BANDS = {1: 0.0, 3: 0.3, 5: 0.5, 7: 0.7, 10: 1.0}


@pytest.fixture(scope="module")
def table():
    rows = json.loads((Path(__file__).parents[1] / "data" / "OpenAI_OriginalResults.json").read_text(encoding="utf-8"))
    records, scores = [], {}
    for row in rows:
        trial = make_trial(length=row["token_limit"], depth=float(row["depth_percent"]))
        record = replace(make_record(trial), placement=None)  # the source does not say where the needle landed
        records.append(record)
        scores[record.id] = make_score(BANDS[row["score"]], identifying="right" if row["score"] >= 7 else "absent")
    return columns(records, scores)


def test_headline(table):
    # 207 tens, a seven, a five, thirteen threes, three ones.
    short = summary(table, experiment="sf", prompt="original")
    made = statistics(table, experiment="sf", prompt="original")
    for rate, estimate, hand in zip(
        (short.found, short.strict, short.mean_band),
        (made.headline.found, made.headline.strict, made.headline.mean_band),
        (208 / 225, 207 / 225, (207 + 0.7 + 0.5 + 13 * 0.3) / 225),
        strict=True,
    ):
        assert rate.value == pytest.approx(hand) and estimate.value == pytest.approx(hand)
        assert estimate.interval.low < hand < estimate.interval.high
    assert made.this_haystack and made.headline.found.interval.this_haystack


def test_worst_region(table):
    # Found of 25 in each third by third, counted in the file: (25 22 16), (25 25 22), (25 25 23), depths downwards.
    made = statistics(table, experiment="sf", prompt="original")
    hits = [[round(part.found.value * part.found.measured) for part in row] for row in made.by_third]
    assert hits == [[25, 22, 16], [25, 25, 22], [25, 25, 23]]
    assert (made.worst.lengths, made.worst.depths) == ((91_714, 128_000), (0.0, 29.0))
    assert says(worst_sentence(made), "finding.worst", lengths="92K-128K", value="64.0%")


def test_effective_length(table):
    # Found of 15 in each row: eight times 15, then 14 13 15 11 14 12 9. Pooled to a falling curve, 13 15 becomes 14 14
    # and 11 14 becomes 12.5 12.5. RULER's 0.856 of 15 is 12.84: the last row above is that of 91,714 tokens.
    made = statistics(table, experiment="sf", prompt="original")
    rows = [round(15 * row.found.value) for row in made.by_length]
    assert rows == [15] * 8 + [14, 13, 15, 11, 14, 12, 9]
    found = made.effective_absolute
    assert (found.status, found.length) == ("length", 91_714)
    assert [15 * value for value in found.fitted[8:]] == pytest.approx([14, 14, 14, 12.5, 12.5, 12, 9])
    # Fifteen hits of fifteen show 0.05 ** (1 / 15) = 0.819 at the most: no row demonstrates 0.856.
    assert found.demonstrated_to is None
    # One row at up to 1K is no base of 30 trials.
    assert made.effective.status == "no_base"
    told = effective_sentence(made)
    assert says(told, "finding.effective_no_base") and says(told, "finding.effective_absolute", threshold="85.6%")
    assert says(told.partition(" 85.6%")[2], "finding.effective_length", length="92K")
