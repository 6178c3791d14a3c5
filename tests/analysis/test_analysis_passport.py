"""Passports of made-up trials: rows, effective lengths, intervals and the sentence, against hand calculation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nihbench.analysis.passport import Passport, Rung, contained, joined, rungs_of
from nihbench.analysis.statistics import Statistics, _named
from nihbench.catalog.loading import load
from nihbench.figures.passport_text import (
    does,
    interval,
    labels,
    reach,
    scope,
    sentence,
    terminal_passport,
    terminal_rule,
)
from nihbench.stats.effective import RULER_THRESHOLD
from nihbench.stats.headline import Trials
from nihbench.stats.patterns import Places
from nihbench.tasks.task import Task, of_family, of_needle
from tests.wording import says

CHAIN = of_family("chain", "en", {"hops": "4"})
KEYS = of_family("keys", "en", {"distractors": "0,16"})
Counts = Sequence[tuple[int, int]]
"""Found and measured trials of each length."""
LENGTHS = (1000, 4000, 16_000)


def made(task: Task, rows: Sequence[Counts], *, lengths: Sequence[int] = LENGTHS, missing: int = 0) -> Statistics:
    """Return statistics of rows of counts by length; of the last length of each row some more have no answer."""
    value, length, depth = list[float](), list[int](), list[int]()
    for row, counts in enumerate(rows):
        for step, (hits, trials) in enumerate(counts):
            lost = missing if step == len(counts) - 1 else 0
            value += [1.0] * hits + [0.0] * (trials - hits) + [np.nan] * lost
            length += [step] * (trials + lost)
            depth += [row] * (trials + lost)
    values = np.array(value)
    trials_of = Trials(
        value=values,
        found=np.nan_to_num(values).astype(bool),
        haystack=np.zeros(len(values), dtype=np.int64),
        length=np.array(length),
        depth=np.array(depth),
    )
    none = np.zeros(0)
    return Statistics(
        lengths=tuple(lengths),
        depths=task.axis.values or (50.0,),
        trials=trials_of,
        in_cells=trials_of,
        every=trials_of,
        missed=none.astype(bool),
        places=Places(before=none, after=none, length=none, row=none.astype(np.int64)),
        axis=task.axis,
    )


def rung(counts: Counts, task: Task = CHAIN, **more: Any) -> Rung:
    (found,) = rungs_of(made(task, [counts], **more), task, experiment="ladder-chain", prompt="original")
    return found


def told(*rungs: Rung, lang: str = "en") -> str:
    return sentence(Passport(model="m", rungs=rungs), lang)


def exact_low(trials: int) -> float:
    """The lower end of Clopper and Pearson's 95% interval where all of so many are found."""
    return float(0.025 ** (1 / trials))


def test_a_model_that_finds_all_reaches_the_longest_and_its_interval_begins_where_enough_are_pooled() -> None:
    found = rung([(20, 20), (16, 16), (8, 8)])
    # Pools of 26 or more, or up to the end: 36, 24 and 8 trials; the last is too small to show anything.
    assert exact_low(24) > RULER_THRESHOLD > exact_low(8)
    assert found.verdict == "reaches" and found.effective.status == "at_least"
    assert (found.effective.length, found.effective.low, found.effective.high) == (16_000, 4000, 16_000)
    assert found.effective.high_open
    assert told(found) == "Can follow chains of 4 hops up to 16K, the longest tested (95%: 4K or more)."
    assert told(found, lang="zh") == "能追踪 4 步的链，可达 16K（所测最长，95% 区间：4K 或更长）。"


def test_a_known_fall_ends_the_range_between_what_is_shown_on_either_side() -> None:
    found = rung([(26, 26), (26, 26), (2, 12)])
    # 26 of 26 at each of the first two, pools of their own; the upper end of 2 of 12 is 0.48.
    assert (found.effective.length, found.effective.low, found.effective.high) == (4000, 4000, 4000)
    assert found.verdict == "ends" and not found.effective.high_open
    assert told(found) == "Can follow chains of 4 hops up to 4K (95%: 4K; 17% found at 16K)."
    assert told(found, lang="zh") == "能追踪 4 步的链，可达 4K（95% 区间：4K；到 16K 只找到 17%）。"


def test_what_is_not_shown_widens_the_interval_and_is_told() -> None:
    found = rung([(20, 20), (5, 12), (6, 12)])
    # The first pool is 25 of 32, under the threshold; 5 of 12 is at most 0.72 and 6 of 12 at most 0.79.
    assert found.effective.length == 1000 and found.effective.low is None
    assert found.effective.high == 1000
    assert interval(found, "en") == "95%: under 1K to 1K"


def test_a_model_that_fails_at_the_shortest_is_said_to_with_what_it_found() -> None:
    found, other = (
        rung([(2, 20), (1, 16), (0, 8)]),
        rung([(3, 20), (0, 16), (0, 8)], of_family("kth", "en", {"alike": "2"})),
    )
    assert found.verdict == "fails" and reach(found, "en") == "under 1K"
    assert told(found, other) == (
        "Can't reliably follow chains of 4 hops (10%) or copy the right one of 2 similar texts (15%) even at 1K."
    )


@pytest.mark.parametrize("counts", [[(3, 3), (3, 3), (3, 3)], [(2, 3), (3, 3), (2, 2)]])
def test_an_interval_that_leaves_all_open_is_unknown(counts: Counts) -> None:
    found = rung(counts)
    assert found.verdict == "unknown" and says(reach(found, "en"), "passport.unknown")
    assert told(found) == "Too little is measured to tell whether it can follow chains of 4 hops."


def test_a_length_without_answers_is_not_judged_and_ends_what_is_said() -> None:
    found = rung([(40, 40), (40, 40), (1, 1)], missing=3)
    assert found.effective.ended == "unmeasured" and found.verdict == "ends"
    assert told(found).startswith("Can follow chains of 4 hops up to 4K (95%: 4K")


def test_rows_of_a_task_are_rungs_of_their_own_and_depths_are_not() -> None:
    counts = [[(26, 26), (26, 26), (26, 26)], [(26, 26), (0, 26), (0, 26)]]
    easy, hard = rungs_of(made(KEYS, counts), KEYS, experiment="keys", prompt="original")
    assert (easy.point, hard.point) == (0, 16)
    assert [cell.value for cell in hard.cells] == [1, 0, 0] and [cell.measured for cell in easy.cells] == [26, 26, 26]
    assert (easy.effective.length, hard.effective.length) == (16_000, 1000)
    assert told(easy, hard) == (
        "Can find a single fact up to 16K, the longest tested (95%: 16K or more); "
        "find one fact among 16 look-alikes up to 1K (95%: 1K; 0% found at 4K)."
    )
    # Where one prompt stands for several rows they are one.
    whole = made(KEYS, counts)
    twice = {
        name: np.concatenate([getattr(whole.in_cells, name)] * 2)
        for name in ("value", "found", "haystack", "length", "depth")
    }
    together = rungs_of(replace(whole, in_cells=Trials(**twice)), KEYS, experiment="keys", prompt="original")
    assert [each.point for each in together] == [None]


def test_a_rung_whose_control_failed_is_withheld() -> None:
    found = rungs_of(made(CHAIN, [[(24, 24)] * 3]), CHAIN, experiment="e", prompt="original", withheld=True)[0]
    assert found.verdict == "withheld" and interval(found, "en") == ""
    assert told(found) == "A control failed, so nothing is said of whether it can follow chains of 4 hops."


def test_rows_of_one_name_are_told_apart() -> None:
    one, other = rung([(20, 20)] * 3), rung([(20, 20)] * 3)
    names = list(labels(Passport(model="m", rungs=(one, other)), "en").values())
    assert len(set(names)) == 2 and all("ladder-chain" in name for name in names)


def test_a_task_that_is_not_installed_is_called_by_its_name() -> None:
    stranger = replace(CHAIN, name="not-there")
    found = rungs_of(made(CHAIN, [[(20, 20)] * 3]), stranger, experiment="e", prompt="original")[0]
    assert "not-there" in does(found, "en") and "4" in does(found, "en")


def test_rulers_rule_is_the_share_of_references_contained() -> None:
    assert contained(["12345", "ABC"], "It is 123456 and abc.") == 1.0
    assert contained(["12345", "67890"], "12345, 6789") == 0.5
    assert contained([], "anything") == 0.0


def test_the_average_by_rulers_rule_passes_its_threshold_up_to_a_length() -> None:
    statistics = made(CHAIN, [[(20, 20)] * 3])
    rungs = [
        rungs_of(statistics, CHAIN, experiment=name, prompt="original", by_rule=lambda point, means=means: means)[0]
        for name, means in (("a", {1000: 1.0, 4000: 0.9, 16_000: 0.8}), ("b", {1000: 1.0, 4000: 0.9, 16_000: 0.7}))
    ]
    passport = Passport(model="m", rungs=tuple(rungs))
    assert passport.averages == {1000: 1.0, 4000: 0.9, 16_000: 0.75} and passport.by_rule == 4000
    assert terminal_rule(passport, lang="en") is not None
    assert terminal_rule(Passport(model="m", rungs=(rung([(20, 20)] * 3),)), lang="en") is None


def test_the_table_has_a_row_a_task_and_a_column_a_length() -> None:
    table = terminal_passport(Passport(model="m", rungs=(rung([(20, 20), (5, 12), (0, 12)]),)), colour=False, lang="en")
    assert table.row_count == 1 and len(table.columns) == 2 + len(LENGTHS)
    assert [str(cell) for column in table.columns[1:4] for cell in column.cells] == [
        "100%\n(20)",
        "42%\n(12)",
        "0%\n(12)",
    ]


def test_runs_of_one_task_at_other_lengths_are_one_row() -> None:
    parts = [rung([(24, 24)], lengths=[length]) for length in (16_000, 1000, 4000)]
    (whole,) = joined(parts, lambda each: each.task.name)
    assert whole.lengths == LENGTHS and [cell.measured for cell in whole.cells] == [24, 24, 24]
    fallen = [rung([counts], lengths=[length]) for length, counts in ((4000, (0, 26)), (1000, (26, 26)))]
    (found,) = joined(fallen, lambda each: each.task.name)
    assert [cell.value for cell in found.cells] == [1.0, 0.0] and found.effective.length == 1000
    # Two measurements of one length are two rows.
    assert len(joined([*parts, parts[0]], lambda each: each.task.name)) == 2


def test_one_miss_among_forty_is_still_shown_to_be_enough() -> None:
    # The exact lower end of 39 of 40 is 0.868; of 38 of 40 it is 0.831, under the threshold.
    assert rung([(39, 40), (0, 26), (0, 26)]).effective.low == 1000
    assert rung([(38, 40), (0, 26), (0, 26)]).effective.low is None
    cell = rung([(39, 40), (0, 26), (0, 26)]).cells[0]
    assert (round(cell.interval.low, 3), round(cell.interval.high, 4)) == (0.868, 0.9994)


def test_a_row_of_one_needle_says_that_it_holds_for_this_needle() -> None:
    alone = rung([(20, 20), (16, 16), (8, 8)], of_needle(load().needles["sf-sandwich"]))
    for lang in ("en", "zh"):
        told = scope(Passport(model="m", rungs=(alone, rung([(20, 20), (16, 16), (8, 8)]))), [], lang)
        assert says(told, "passport.this_needle", lang, does=does(alone, lang))
        assert not says(scope(Passport(model="m", rungs=(rung([(20, 20), (16, 16), (8, 8)]),)), [], lang),
                        "passport.this_needle", lang)  # fmt: skip


def test_needles_of_several_runs_are_the_same_in_one_row() -> None:
    bank = of_family("bank", "en", {})
    runs = []
    for lengths, needles in (((1000,), ["code-1", "date-2"]), ((4000,), ["date-2", "list-3"])):
        known = made(bank, [[(1, 2)]], lengths=lengths)
        numbers = _named(np.array(needles, dtype=object), np.zeros(0, dtype=np.int64))
        trials = replace(known.trials, needle=numbers, wording=numbers)
        one = replace(known, depths=(50.0,), trials=trials, in_cells=trials, every=trials)
        runs.append(*rungs_of(one, bank, experiment="ladder-bank", prompt="original"))
    (both,) = joined(runs, lambda rung: rung.experiment)
    needle = both.made.trials.needle
    assert needle is not None and len(np.unique(needle)) == 3 and needle[1] == needle[2]
    (without,) = joined([runs[0], replace(runs[1], made=made(bank, [[(1, 2)]], lengths=(4000,)))], lambda _: 0)
    assert without.made.trials.needle is None
