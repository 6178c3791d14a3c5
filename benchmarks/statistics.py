"""Do the statistics keep their promises? `python -m benchmarks.statistics` simulates sweeps and prints the tables.

Every row is simulated from a known truth with a fixed seed; `--runs N` shortens it. It exits with 1 when a row misses
its bound by more than the simulation's own error (three standard errors at the bound). Nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, product
from statistics import NormalDist

import numpy as np

from benchmarks import adaptive
from nihbench.analysis.controls import drift
from nihbench.analysis.statistics import statistics
from nihbench.analysis.table import columns
from nihbench.run.setup import counted_once
from nihbench.stats.adaptive import most_draws
from nihbench.stats.compare import Pairs, difference_interval, equivalent, haystack_equivalent, haystack_interval
from nihbench.stats.crossed import components, counted, parts_of
from nihbench.stats.detectable import Design, design_of, smallest_detectable
from nihbench.stats.diagnose import diagnose
from nihbench.stats.effective import EffectiveLength, dips, effective_length, pooled_rows
from nihbench.stats.headline import (
    Headline,
    Trials,
    by_length,
    estimate,
    one_haystack,
    over_haystacks,
    over_needles,
)
from nihbench.stats.interval import clopper_pearson, t_value
from nihbench.stats.inversion import sign_flip
from nihbench.stats.overlap import ONE_TEXT, linked, overlaps
from nihbench.stats.patterns import Places, Space
from nihbench.stats.regions import strongest_regions
from nihbench.tasks.squares import square, wordings
from nihbench.text.source import Ring, haystack_starts, layout_for
from nihbench.types import Completion, Evidence, Placement, Record, Score, Trial, Usage

SIDE = 15
CELLS = SIDE * SIDE
STEP = np.linspace(0.0, 1.0, SIDE)
DEPTH, LENGTH = (axis.ravel() for axis in np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"))


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


SURFACES = {
    "flat, 0.50": np.zeros(CELLS),
    "flat, 0.90": np.full(CELLS, math.log(0.9 / 0.1)),
    "flat, 0.97": np.full(CELLS, math.log(0.97 / 0.03)),
    "flat, 0.99": np.full(CELLS, math.log(0.99 / 0.01)),
    "flat, 0.997": np.full(CELLS, math.log(0.997 / 0.003)),
    "slope in length, dip in the middle": 4 - 6 * STEP[LENGTH] - 1.5 * np.sin(np.pi * STEP[DEPTH]) * STEP[LENGTH],
    "cliff, 0.95 to 0.12": np.where(STEP[LENGTH] < 0.6, 3.0, -2.0),
    "cliff, 0.999 to 0.001": np.where(STEP[LENGTH] < 0.6, 7.0, -7.0),
}
"""Logit of the chance to find the needle, cell by cell of a 15 x 15 grid."""

ADAPTIVE = ("flat, 0.50", "flat, 0.90", "flat, 0.99", "cliff in length, 0.98 to 0.10", "slope in length, 1 to 0")

FEW_MISSES = "up to five misses in all, or under one a haystack: counts so small take too few values"
NO_CHANCE = "hardly a cell is left to chance: there is one outcome, which holds or does not"
WIDER = {
    ("flat, 0.99", 2): FEW_MISSES,
    **{("flat, 0.997", haystacks): FEW_MISSES for haystacks in (2, 3, 5, 10)},
    **{("cliff, 0.999 to 0.001", haystacks): NO_CHANCE for haystacks in (1, 2, 3, 5, 10)},
}
"""Truths (surface, haystacks) that no interval can hold in 93% to 97%, and why; theirs have to be too wide."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One simulated rate and the bounds it has to keep."""

    name: str
    rate: float
    runs: int
    low: float = 0.0
    high: float = 1.0
    note: str = ""

    @property
    def kept(self) -> bool:
        """Within the bounds, or outside by no more than three standard errors of this many runs."""

        def slack(bound: float) -> float:
            return 3 * math.sqrt(bound * (1 - bound) / self.runs) if self.runs else 0.0

        return self.low - slack(self.low) <= self.rate <= self.high + slack(self.high)

    def __str__(self) -> str:
        inside = self.low <= self.rate <= self.high
        mark = "ok" if inside else "within error" if self.kept else "MISSED"
        return f"{self.name:<66} {self.rate:7.4f}  [{self.low:.3f}, {self.high:.3f}]  {mark}  {self.note}".rstrip()


# ---- intervals -------------------------------------------------------------------------------------------------


def grid_coverage(name: str, haystacks: int, between: float, runs: int, seed: int = 20) -> Row:
    """How often the interval of the found rate holds the truth.

    `between` is the standard deviation of the haystacks on the logit scale. With one haystack the truth is that
    haystack's own mean, with more the mean over all haystacks there could be.
    """
    rng = np.random.default_rng(seed)
    logit = SURFACES[name]
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    everywhere = float(sum(w * _logistic(logit + between * z).mean() for z, w in zip(nodes, weights, strict=True)))
    everywhere /= float(weights.sum())
    haystack = np.repeat(np.arange(haystacks), CELLS)
    held, widths = 0, []
    for _ in range(runs):
        chance = _logistic(logit[None, :] + between * rng.standard_normal((haystacks, 1)))
        values = (rng.random(chance.shape) < chance).astype(np.float64).ravel()
        if haystacks == 1:
            interval, truth = one_haystack(values, LENGTH, DEPTH), float(chance.mean())
        else:
            interval, truth = over_haystacks(values, haystack), everywhere
        held += truth in interval
        widths.append(interval.width)
    label = f"{name}; haystacks: {haystacks}, between them {between}"
    note, wider = f"width {np.median(widths):.3f}", WIDER.get((name, haystacks))
    if wider:
        return Row(name=label, rate=held / runs, runs=runs, low=0.93, note=f"{note}; {wider}")
    return Row(name=label, rate=held / runs, runs=runs, low=0.93, high=0.97, note=note)


def row_coverage(mean: float, haystacks: int, between: float, runs: int, seed: int = 12) -> Row:
    """The same for one row of the grid: 15 cells of one logit, whose intervals must not be too narrow."""
    rng = np.random.default_rng(seed)
    logit, place = math.log(mean / (1 - mean)), np.arange(SIDE)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    everywhere = float(weights @ _logistic(logit + between * nodes) / weights.sum())
    held = 0
    for _ in range(runs):
        chance = np.repeat(_logistic(logit + between * rng.standard_normal((haystacks, 1))), SIDE, axis=1)
        values = (rng.random(chance.shape) < chance).astype(np.float64).ravel()
        if haystacks == 1:
            held += float(chance.mean()) in one_haystack(values, np.zeros_like(place), place)
        else:
            held += everywhere in over_haystacks(values, np.repeat(np.arange(haystacks), SIDE))
    label = f"a row of 15 at {mean}; haystacks: {haystacks}, between them {between}"
    return Row(name=label, rate=held / runs, runs=runs, low=0.93)


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """A bank's sweep: needles over the cells of a 15 x 15 grid by a Latin square, in haystacks of which each has all.

    Logits of the chance to find the needle are normal in needles and in haystacks, with these standard deviations.
    """

    needles: int
    haystacks: int
    by_needle: float
    by_haystack: float
    mean: float

    def __str__(self) -> str:
        return (
            f"{self.needles} needles, sd {self.by_needle}; {self.haystacks} haystacks, sd {self.by_haystack}; "
            f"mean {self.mean}"
        )

    def layout(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the needle and the haystack of every trial."""
        drawn = np.array(square("benchmark", SIDE, SIDE, self.haystacks, self.needles))
        return drawn, np.tile(np.arange(self.haystacks), CELLS)

    def draw(self, rng: np.random.Generator, needle: np.ndarray, haystack: np.ndarray) -> tuple[np.ndarray, float]:
        """Return a sweep's values and the truth that its interval is of.

        With one haystack that is the mean over all needles there could be in this haystack, with more the mean over all
        needles and haystacks there could be.
        """
        middle = logit_of_mean(self.mean, math.hypot(self.by_needle, self.by_haystack))
        of_needle = self.by_needle * rng.standard_normal(self.needles)
        of_haystack = self.by_haystack * rng.standard_normal(self.haystacks)
        values = rng.random(len(needle)) < _logistic(middle + of_needle[needle] + of_haystack[haystack])
        truth = self.mean
        if self.haystacks == 1:
            nodes, weights = _hermite()
            here = _logistic(middle + of_haystack[0] + self.by_needle * nodes)
            truth = float(weights @ here / weights.sum())
        return values.astype(np.float64), truth


def two_way_coverage(truth: Crossed, runs: int, seed: int = 30) -> Iterator[Row]:
    """How often the interval of a bank's found rate holds the truth; beside it the plain recipe, which has no bound.

    That is t of the two-way CR2 variance with Satterthwaite's degrees of freedom.
    """
    rng = np.random.default_rng(seed)
    needle, haystack = truth.layout()
    held, plain, widths = 0, 0, []
    for _ in range(runs):
        values, mean = truth.draw(rng, needle, haystack)
        made = over_needles(values, needle, haystack)
        held += mean in made
        widths.append(made.width)
        if truth.haystacks > 1:
            parts = parts_of(*counted(values, needle, haystack))
            t = t_value(0.975, round(max(float(parts.freedom), 1.0), 3)) if parts.freedom > 0 else 0.0
            plain += abs(float(parts.mean) - mean) <= t * math.sqrt(float(parts.variance))
    note = f"width {np.median(widths):.3f}"
    yield Row(name=f"bank: {truth}", rate=held / runs, runs=runs, low=0.93, high=0.97, note=note)
    if truth.haystacks > 1:
        yield Row(name=f"bank, t and Satterthwaite: {truth}", rate=plain / runs, runs=runs, note="no bound")


def false_components(runs: int, seed: int = 31) -> Iterator[Row]:
    """Needles, wordings and haystacks of no account: how often one is told apart from 0."""
    rng = np.random.default_rng(seed)
    truth = Crossed(needles=60, haystacks=3, by_needle=0.0, by_haystack=0.0, mean=0.85)
    needle, haystack = truth.layout()
    asked = 3 * needle + np.array(wordings("benchmark", SIDE, SIDE, truth.haystacks, truth.needles, 3))
    cell = np.repeat(np.arange(CELLS), truth.haystacks)
    factors = (
        ("needle", needle, haystack * SIDE + LENGTH[cell]),
        ("wording", asked, needle),
        ("haystack", haystack, cell),
    )
    told = Counter[str]()
    for _ in range(runs):
        values, _ = truth.draw(rng, needle, haystack)
        told.update(each.name for each in components(values, factors, permutations=199) if each.told)
    for name, *_ in factors:
        yield Row(name=f"no {name} effect: told apart from 0", rate=told[name] / runs, runs=runs, high=0.05)


def two_way_rows(runs: int) -> Iterator[Row]:
    """Intervals over needles and haystacks, and whose variance it is."""
    spreads = (0.0, 0.5, 1.0)
    for needles, haystacks, by_needle, by_haystack in product((12, 60), (1, 3, 6), spreads, spreads):
        truth = Crossed(needles=needles, haystacks=haystacks, by_needle=by_needle, by_haystack=by_haystack, mean=0.85)
        yield from two_way_coverage(truth, runs)
    for mean, by_needle, by_haystack in product((0.5, 0.95), (0.0, 1.0), (0.0, 1.0)):
        truth = Crossed(needles=60, haystacks=3, by_needle=by_needle, by_haystack=by_haystack, mean=mean)
        yield from two_way_coverage(truth, runs // 4)
    yield from false_components(runs // 4)


def identical_prompts(mean: float, prompts: tuple[int, ...], repeats: int, runs: int, seed: int = 21) -> Row:
    """Depths that share prompts, or repeats that ask the same one again: the interval over the records of such a run.

    Every length has 100 depths, which are as many different prompts as `prompts` says; each prompt has a chance of its
    own, and what was asked again is answered alike. The truth is the prompts' mean chance.
    """
    rng = np.random.default_rng(seed)
    held, widths, logit = 0, [], math.log(mean / (1 - mean))
    for _ in range(runs):
        records, chances = [], []
        for length, count in enumerate(prompts, 1):
            chance = _logistic(logit + rng.standard_normal(count))
            found = rng.random(count) < chance
            ends = np.sort(rng.choice(np.arange(1, 100), count - 1, replace=False))
            at = np.searchsorted(ends, np.arange(100), side="right")
            records += [_record(1000 * length, depth, int(at[depth]), r, bool(found[at[depth]]))
                        for r in range(repeats) for depth in range(100)]  # fmt: skip
            chances.append(chance)
        by_id = {record.id: record for record in records}
        planned, kept = counted_once([record.trial for record in records], by_id)
        scores = {key: _SCORES[record.outcome.text] for key, record in kept.items()}
        made = statistics(columns(tuple(kept.values()), scores), experiment="e", prompt="p", planned=planned)
        interval = made.headline.found.interval
        held += float(np.concatenate(chances).mean()) in interval
        widths.append(interval.width)
    again = f", asked {repeats} times" if repeats > 1 else ""
    label = f"100 depths that are {' and '.join(map(str, prompts))} prompts{again}, mean {mean}"
    return Row(name=label, rate=held / runs, runs=runs, low=0.93, note=f"width {np.median(widths):.3f}")


def _record(length: int, depth: int, at: int, repeat: int, found: bool) -> Record:
    """Return a record as runs had them before depths that share a prompt were one trial; all in one haystack."""
    trial = Trial(experiment="e", needle="n", prompt="p", length=length, depth_percent=float(depth), repeat=repeat)
    place = Placement(
        source_start=0, source_copies=1, start=0, at=at, end=length, before="", after="", tail="",
        achieved_depth_percent=float(depth), needle_token=at, haystack_tokens=length, needle_tokens=1,
        total_tokens=length, sentence_tokens=1, prompt_sha256=f"{length} {at}",
    )  # fmt: skip
    said = Completion(text=str(found), finish_reason="stop", usage=Usage(), model=None, latency_s=1.0, attempts=1)
    return Record(
        id=f"{length} {depth} {repeat}",
        trial=trial,
        placement=place,
        outcome=said,
        fresh={},
        expected="",
        started_at="",
    )


_SCORES = {
    str(found): Score(
        value=float(found), outcome="correct" if found else "abstained", identifying="right" if found else "absent",
        subject="right", evidence=Evidence(), scorer="rules", version="1",
    )
    for found in (True, False)
}  # fmt: skip
RING = 148_760
"""Tokens of a corpus, as of paul-graham-en; haystacks of these lengths are drawn on it."""


def overlapping_coverage(longest: int, haystacks: int, between: float, rule: str, runs: int, seed: int = 21) -> Row:
    """How often the interval of a grid's found rate holds where haystacks overlap and their effects correlate as much.

    The effect of a haystack is normal on the logit scale, and that of two correlates by the share of text that they
    have in common. The truth is the mean over these haystacks where the interval claims no more ("for this text"),
    else the mean over all haystacks there could be. `rule`: "strata" as runs begin haystacks today, "draws" as they
    did before, "a tenth" where every two neighbours share the most that still counts as apart.
    """
    rng = np.random.default_rng(seed)
    around = int(0.9 * haystacks * longest) + haystacks if rule == "a tenth" else RING
    around = int(1.9 * longest) + 2 if rule == "a tenth" and haystacks == 2 else around  # they share on both sides
    text = "".join("One sentence of words stands here. " for _ in range(around // 35 + 1))[:around]
    ring = Ring(text=text, starts=np.arange(around), boundaries=np.arange(35, around, 35))
    layout = layout_for(ring, longest)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    everywhere = float(weights @ _logistic(math.log(9) + between * nodes) / weights.sum())
    held = here = 0
    for run in range(runs):
        if rule == "strata":
            starts = np.array(list(islice(haystack_starts(ring, layout, str(run)), haystacks)))
        elif rule == "draws":
            starts = np.concatenate([[0], rng.integers(0, around, haystacks - 1)])
        else:
            starts = np.arange(haystacks) * around // haystacks
        shares = overlaps(starts, np.full(haystacks, longest), around)
        size, way = np.linalg.eigh(between**2 * shares)
        effect = way @ (np.sqrt(np.clip(size, 0, None)) * rng.standard_normal(haystacks))
        chance = np.repeat(_logistic(math.log(9) + effect), CELLS)
        found = rng.random(len(chance)) < chance
        made = Headline(
            Trials(
                value=found.astype(np.float64),
                found=found,
                haystack=np.repeat(starts, CELLS),
                length=np.tile(LENGTH, haystacks),
                depth=np.tile(DEPTH, haystacks),
                text=np.repeat(linked(shares > ONE_TEXT), CELLS),
            )
        ).found.interval
        held += (float(chance.mean()) if made.this_haystack else everywhere) in made
        here += made.this_haystack
    name = f"overlap, {rule}: {haystacks} of {longest:,} on {around:,}, between them {between}"
    return Row(name=name, rate=held / runs, runs=runs, low=0.93, note=f"for this text in {here / runs:.2f}")


def adaptive_rows(name: str, precision: float, between: float, runs: int, seed: int = 13) -> Row:
    """The same for the rows of an adaptive run, whose rounds are haystacks of their own."""
    chance, level = adaptive.SURFACES[name], most_draws(SIDE, precision)
    held = adaptive.rows_held(
        adaptive.simulate(chance, level, runs, seed=seed, between=between), adaptive.over_haystacks(chance, between)
    )
    label = f"adaptive rows, {name}, +-{precision}; between haystacks {between}"
    return Row(name=label, rate=float(held.mean()), runs=runs, low=0.93)


def cell_coverage(trials: int) -> Row:
    """The least coverage of a cell's interval over all true rates: computed, not simulated."""
    hits = np.arange(trials + 1)
    low, high = clopper_pearson(hits, trials)
    # The coverage only jumps at the intervals' ends, so it is least just inside or outside of one.
    ends = np.concatenate([low, high])
    rates = np.clip(np.concatenate([ends - 1e-7, ends + 1e-7, np.linspace(0, 1, 2001)]), 0, 1)
    chance = (
        np.array([math.comb(trials, k) for k in hits]) * rates[:, None] ** hits * (1 - rates[:, None]) ** hits[::-1]
    )
    covered = ((low <= rates[:, None]) & (rates[:, None] <= high)) * chance
    return Row(
        name=f"a cell of {trials} trials, least over every p", rate=float(covered.sum(axis=1).min()), runs=0, low=0.95
    )


def effective_coverage(haystacks: int, runs: int, pooled: bool = True, seed: int = 2) -> Row:
    """How often the interval of the effective length holds the true one."""
    rng = np.random.default_rng(seed)
    lengths = tuple(int(x) for x in np.linspace(1000, 128_000, SIDE))
    rates = _logistic(4 - 5 * STEP)
    base_rate = 0.98
    truth = max(length for length, rate in zip(lengths, rates, strict=True) if rate >= 0.85 * base_rate)
    held, exact, bounded = 0, 0, 0
    haystack = np.repeat(np.arange(haystacks), SIDE)
    depth = np.tile(np.arange(SIDE), haystacks)
    for _ in range(runs):
        hits = (rng.random((SIDE, haystacks * SIDE)) < rates[:, None]).astype(np.float64)
        rows = [estimate(row, haystack, np.zeros_like(depth), depth) for row in hits]
        draws = (rng.random(45) < base_rate).astype(np.float64)
        base = estimate(draws, np.arange(45) % haystacks, np.arange(45) % 3, np.arange(45) // 3)
        grid = Trials(
            value=hits.ravel(),
            found=hits.ravel() > 0,
            haystack=np.tile(haystack, SIDE),
            length=np.repeat(np.arange(SIDE), haystacks * SIDE),
            depth=np.tile(depth, SIDE),
        )
        found = effective_length(lengths, rows, base, pooled=pooled_rows(grid) if pooled else ())
        held += (found.low or 0) <= truth and (found.high_open or truth <= (found.high or 0))
        exact += found.length == truth
        bounded += found.low is not None
    note = f"the point estimate is exact in {exact / runs:.2f}, the lower bound a length in {bounded / runs:.2f}"
    return Row(
        name=f"effective length; haystacks: {haystacks}, rows {'pooled' if pooled else 'alone'}",
        rate=held / runs,
        runs=runs,
        low=0.95,
        note=note,
    )


FALLING = {
    "flat, 0.50": np.full(SIDE, 0.5),
    "flat, 0.90": np.full(SIDE, 0.9),
    "flat, 0.97": np.full(SIDE, 0.97),
    "slope, 0.98 to 0.4": np.linspace(0.98, 0.4, SIDE),
}
"""Found rates by length that never rise."""

BASED = 6
"""Rows of the sweeps below, behind a base of 45 trials at a rate of 0.98."""
_LENGTHS = (2000, 4000, 8000, 16_000, 32_000, 64_000)


def dipping_sweep(
    rng: np.random.Generator, rates: np.ndarray, haystacks: int, between: float, lost: np.ndarray | None = None
) -> tuple[EffectiveLength, EffectiveLength]:
    """One sweep of rows of 15 depths, as it is measured and as it would be with nothing lost.

    Args:
        rng: what is drawn.
        rates: Shape (rows,), the found rate of each length.
        haystacks: Rows are measured over each.
        between: Standard deviation of the haystacks on the logit scale.
        lost: Shape (rows, 2), chance of a miss, and of a hit, to fail instead; None: none does.
    """
    shift = between * rng.standard_normal(haystacks)
    logit = np.log(rates / (1 - rates))[:, None, None] + shift[:, None]
    hits = rng.random((len(rates), haystacks, SIDE)) < _logistic(np.broadcast_to(logit, (len(rates), haystacks, SIDE)))
    row, haystack, depth = (axis.ravel() for axis in np.indices(hits.shape))
    short = (rng.random(45) < 0.98).astype(np.float64)
    base = estimate(short, np.arange(45) % haystacks, np.arange(45) % 3, np.arange(45) // 3)
    values = hits.ravel().astype(np.float64)
    torn = values
    if lost is not None:
        torn = np.where(rng.random(len(values)) < lost[row, values.astype(np.int64)], np.nan, values)
    made = []
    for value in (torn, values):
        grid = Trials(value=value, found=value > 0, haystack=haystack, length=row, depth=depth)
        rows = [each.found for each in by_length(grid)]
        made.append(effective_length(_LENGTHS, rows, base, pooled=pooled_rows(grid)))
    return made[0], made[1]


def false_dips(name: str, rates: np.ndarray, haystacks: int, between: float, runs: int, seed: int = 21) -> Row:
    """A rate that never rises: how often it is said to dip anywhere."""
    rng = np.random.default_rng(seed)
    seen = 0
    for _ in range(runs):
        shift = between * rng.standard_normal(haystacks)
        chance = _logistic(np.log(rates / (1 - rates))[:, None] + shift)
        seen += bool(dips(rng.binomial(SIDE, chance).sum(axis=1).tolist(), [SIDE * haystacks] * len(rates)))
    label = f"{name}; haystacks: {haystacks}, between them {between}: a false dip"
    return Row(name=label, rate=seen / runs, runs=runs, high=0.05)


def dip_rows(runs: int, seed: int = 22) -> Iterator[Row]:
    """All found but for a dip: does it end the range, and do interval and demonstrated length keep their promise?"""
    # One haystack's 15 trials are too few for a promise: 11 of 15 against 30 of 30 is no proof of a dip (p = 0.009).
    # The 0.95 that was set for it beforehand is not met (some 0.9), so that row is told and promises nothing.
    for at, rate, haystacks, between, power in (
        (1, 0.67, 3, 0.0, 0.95), (1, 0.67, 3, 0.5, 0.95), (3, 0.5, 1, 0.0, None), (0, 0.6, 3, 0.5, 0.95),
    ):  # fmt: skip
        rng = np.random.default_rng(seed)
        rates = np.full(BASED, 0.985)
        rates[at] = rate
        truth = _LENGTHS[at - 1] if at else 0
        ended = held = false = 0
        for _ in range(runs):
            found, _ = dipping_sweep(rng, rates, haystacks, between)
            ended += found.ended_at is not None and found.ended_at <= _LENGTHS[at]
            held += (found.low or 0) <= truth and (found.high_open or truth <= (found.high or 0))
            false += (found.demonstrated_to or 0) > truth
        label = f"a dip to {rate} at {_LENGTHS[at]}; haystacks: {haystacks}, between them {between}"
        yield Row(
            name=f"{label}: ends the range",
            rate=ended / runs,
            runs=runs,
            low=power or 0.0,
            note="" if power else "no bound: 15 trials a length",
        )
        yield Row(name=f"{label}: its interval", rate=held / runs, runs=runs, low=0.93)
        yield Row(name=f"{label}: demonstrated past it", rate=false / runs, runs=runs, high=0.05)


def failures_not_at_random(runs: int, seed: int = 23) -> Iterator[Row]:
    """Misses fail instead (as where a server gives up on long prompts): no verdict there, and bounds that hold."""
    rng = np.random.default_rng(seed)
    rates = np.array([0.98, 0.98, 0.97, 0.95, 0.9, 0.3])
    lost = np.zeros((BASED, 2))
    lost[-1] = (0.9, 0.2)  # by what the answer would have been: a miss, a hit
    reached = 0
    for _ in range(runs):
        found, _ = dipping_sweep(rng, rates, 3, 0.0, lost)
        reached += found.length == _LENGTHS[-1] or (found.demonstrated_to or 0) == _LENGTHS[-1]
    yield Row(name="nine in ten misses of the longest fail: it is reached", rate=reached / runs, runs=runs, high=0.0)
    rng, held = np.random.default_rng(seed + 1), 0
    lost[:] = (0.3, 0.0)
    for _ in range(runs):
        found, whole = dipping_sweep(rng, rates, 3, 0.0, lost)
        ends = (found.if_missed, found.if_found)
        low, high = (_LENGTHS[-1] if end is None else end.length or 0 for end in ends)
        held += (found.if_missed is None and found.length == whole.length) or low <= (whole.length or 0) <= high
    label = "three in ten misses fail: counted both ways they hold the length of the whole"
    yield Row(name=label, rate=held / runs, runs=runs, low=0.99)


# ---- comparison ------------------------------------------------------------------------------------------------


def two_sweeps(rng: np.random.Generator, first: float, second: float) -> Pairs:
    """Two sweeps over one grid in one haystack, at two means."""
    a, b = ((rng.random(CELLS) < mean).astype(np.float64) for mean in (first, second))
    cells = np.arange(CELLS)
    return Pairs(first=a, second=b, text=cells, haystack=np.zeros_like(cells), length=LENGTH, depth=DEPTH)


def false_differences(mean: float, runs: int, seed: int = 3) -> list[Row]:
    """Two identical prompts: how often they differ overall, and the interval's coverage."""
    rng = np.random.default_rng(seed)
    overall = held = 0
    for _ in range(runs):
        pairs = two_sweeps(rng, mean, mean)
        overall += sign_flip(pairs.difference, pairs.text) <= 0.05
        held += 0.0 in difference_interval(pairs.difference, pairs.text)
    name = f"identical prompts at {mean}"
    return [
        Row(name=f"{name}: differ overall", rate=overall / runs, runs=runs, high=0.065),
        Row(name=f"{name}: the difference's interval holds 0", rate=held / runs, runs=runs, low=0.93),
    ]


def named_regions(old: np.ndarray, new: np.ndarray, runs: int, seed: int) -> tuple[float, float]:
    """How often a region is said to be better, and how often one worse, with these chances of the cells."""
    rng = np.random.default_rng(seed)
    cells, better, worse = np.arange(CELLS), 0, 0
    for _ in range(runs):
        a, b = ((rng.random(CELLS) < chance).astype(np.float64) for chance in (old, new))
        sure = [each for each in strongest_regions(a, b, cells, LENGTH, DEPTH) if each.p_value <= 0.05]
        better += any(each.difference > 0 for each in sure)
        worse += any(each.difference < 0 for each in sure)
    return better / runs, worse / runs


def false_regions(mean: float, runs: int, seed: int = 13) -> Row:
    """Two identical prompts: how often any region, in either direction, is said to differ."""
    same = np.full(CELLS, mean)
    better, worse = named_regions(same, same, runs, seed)
    return Row(name=f"identical prompts at {mean}: any region differs", rate=better + worse, runs=runs, high=0.065)


def regions_found(before: float, after: float, runs: int, low: float, seed: int = 14) -> list[Row]:
    """A loss in 2 rows by 10 columns beside a gain of the middle rows: is the loss told, is nothing else?"""
    corner, middle = (DEPTH < 2) & (LENGTH >= 5), (DEPTH >= 4) & (DEPTH < 11)
    old = np.where(corner, before, 0.75)
    new = np.where(corner, after, np.where(middle, 0.95, 0.75))
    _, worse = named_regions(old, new, runs, seed)
    _, wrongly = named_regions(old, np.where(corner, before, new), runs, seed)
    return [
        Row(name=f"a loss from {before} to {after} in 20 cells beside a gain: told", rate=worse, runs=runs, low=low),
        Row(name=f"only a gain, {before} in 20 other cells: a loss told", rate=wrongly, runs=runs, high=0.065),
    ]


@dataclass(frozen=True, kw_only=True)
class Haystacks:
    """Two sides over haystacks: their true means, and standard deviations on the logit scale.

    `common` is that of a haystack's effect on both sides, `own` that of its effect on the difference between them:
    half of it on each side, or all of it on the second where `one_sided`.
    """

    count: int
    first: float
    second: float
    common: float
    own: float
    one_sided: bool = False

    def __str__(self) -> str:
        side = ", one side's" if self.one_sided else ""
        return f"{self.first} and {self.second}, {self.count} haystacks, sd {self.common} and {self.own}{side}"

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides' found or not, shape (haystacks, cells)."""
        level, apart = self.common * rng.standard_normal(self.count), self.own * rng.standard_normal(self.count)
        here = 0.0 if self.one_sided else -0.5
        parts = ((self.first, here), (self.second, here + 1.0))
        chances = [
            _logistic(logit_of_mean(mean, math.hypot(self.common, share * self.own)) + level + share * apart)
            for mean, share in parts
        ]
        first, second = ((rng.random((self.count, CELLS)) < chance[:, None]).astype(np.float64) for chance in chances)
        return first, second


@cache
def _hermite() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of a mean over normal numbers."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return nodes, weights


@cache
def logit_of_mean(mean: float, spread: float) -> float:
    """Return the middle of normal logits of this spread whose mean share is `mean`."""
    nodes, weights = _hermite()
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        below = float(weights @ _logistic(middle + spread * nodes) / weights.sum()) < mean
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


def difference_coverage(truth: Haystacks, runs: int, seed: int = 7) -> Row:
    """How often the interval of a difference over haystacks holds the difference of the true means."""
    rng = np.random.default_rng(seed)
    haystack = np.repeat(np.arange(truth.count), CELLS)
    held, widths = 0, []
    for _ in range(runs):
        first, second = truth.draw(rng)
        made = haystack_interval((second - first).ravel(), haystack)
        held += truth.second - truth.first in made
        widths.append(made.width)
    return Row(
        name=f"difference: {truth}", rate=held / runs, runs=runs, low=0.93, note=f"width {np.median(widths):.3f}"
    )


def general_difference(truth: Haystacks, runs: int, seed: int = 15) -> Row:
    """No difference in general, but one on each haystack: how often the verdict in general is that they differ."""
    rng = np.random.default_rng(seed)
    haystack = np.repeat(np.arange(truth.count), CELLS)
    wrong = here = 0
    for _ in range(runs):
        first, second = truth.draw(rng)
        change = (second - first).ravel()
        wrong += sign_flip(change, haystack) <= 0.05
        here += sign_flip(change, np.arange(len(change))) <= 0.05
    note = f"on these texts {here / runs:.2f}"
    return Row(name=f"interaction: {truth}: differ in general", rate=wrong / runs, runs=runs, high=0.065, note=note)


def general_sameness(truth: Haystacks, runs: int, seed: int = 16) -> Row:
    """Sides that differ by the margin in general: how often they are called the same in general."""
    rng = np.random.default_rng(seed)
    haystack = np.repeat(np.arange(truth.count), CELLS)
    same = 0
    for _ in range(runs):
        first, second = truth.draw(rng)
        same += haystack_equivalent((second - first).ravel(), haystack)
    return Row(name=f"by the margin: {truth}: the same in general", rate=same / runs, runs=runs, high=0.065)


def power_at_stated(mean: float, runs: int, seed: int = 4) -> Row:
    """The power at the detectable difference that is stated from the design's true rates."""
    rng = np.random.default_rng(seed)
    design = Design(pairs=CELLS, discordant=2 * mean * (1 - mean), drift=abs(2 * mean - 1))
    stated = smallest_detectable(design) or math.nan
    seen = 0
    for _ in range(runs):
        pairs = two_sweeps(rng, mean, mean - stated)
        seen += sign_flip(pairs.difference, pairs.text) <= 0.05
    return Row(
        name=f"power at the stated difference, mean {mean}", rate=seen / runs, runs=runs, low=0.8, note=f"{stated:.3f}"
    )


def power_as_estimated(mean: float, runs: int, seed: int = 5) -> Row:
    """The same, with the difference stated by one sweep and looked for in the next."""
    rng = np.random.default_rng(seed)
    seen, stated = 0, []
    for _ in range(runs):
        pilot = two_sweeps(rng, mean, mean)
        difference = smallest_detectable(design_of(pilot.first, pilot.second)) or math.nan
        pairs = two_sweeps(rng, mean, mean - difference)
        seen += sign_flip(pairs.difference, pairs.text) <= 0.05
        stated.append(difference)
    note = f"{np.median(stated):.3f} in the median"
    return Row(
        name=f"power at the difference a sweep states, mean {mean}", rate=seen / runs, runs=runs, low=0.8, note=note
    )


def false_sameness(runs: int, seed: int = 6) -> Row:
    """Prompts that differ by exactly the margin: how often they are called the same."""
    rng = np.random.default_rng(seed)
    cells = np.arange(CELLS)
    same = sum(equivalent(two_sweeps(rng, 0.97, 0.92).difference, cells) for _ in range(runs))
    return Row(name="prompts that differ by the margin: called the same", rate=same / runs, runs=runs, high=0.05)


# ---- patterns --------------------------------------------------------------------------------------------------

TOKENS = np.linspace(1000, 128_000, SIDE).round()[LENGTH]
BEFORE = np.round((TOKENS - 60) * STEP[DEPTH])
PLACES = Places(before=BEFORE, after=TOKENS - 60 - BEFORE, length=TOKENS)


def region_of(kind: str, rng: np.random.Generator) -> np.ndarray:
    """A pattern of this kind with random cuts, that leaves at least 12 cells on each side."""
    p, q, depth = PLACES.before, PLACES.after, STEP[DEPTH]
    while True:
        one, other, start, wide = rng.uniform(8e3, 8e4), rng.uniform(8e3, 4e4), rng.random(), rng.random()
        region = {
            "tail_kept": q > one,
            "head_kept": p > one,
            "middle_cut": (p > one / 2) & (q > other),
            "cliff": one + 2e4 < TOKENS,
            "content_hole": (p > one) & (p < one + 1.5e4 + 2e4 * wide),
            "depth_band": (depth > 0.7 * start) & (depth < 0.7 * start + 0.15 + 0.2 * wide),
            "length_band": (one / 2 + 8e3 < TOKENS) & (one / 2 + 1.8e4 + 1.5e4 * wide > TOKENS),
        }[kind]
        if 12 <= region.sum() <= CELLS - 12:
            return region


def right_pattern(kind: str, runs: int, seed: int = 8) -> Row:
    """How often the right pattern, and no second one, is named with 10% of the cells flipped."""
    rng = np.random.default_rng(seed)
    space, named = Space(PLACES), Counter[str]()
    for _ in range(runs):
        if kind == "u_in_depth":
            missed = rng.random(CELLS) < _logistic(-4 + 5 * 4 * STEP[DEPTH] * (1 - STEP[DEPTH]))
        else:
            missed = region_of(kind, rng)
        found = diagnose(missed ^ (rng.random(CELLS) < 0.1), PLACES, space=space)
        named["+".join(sorted(pattern.kind for pattern in found.patterns)) or found.finding] += 1
    wrong = ", ".join(f"{name} {count}" for name, count in named.most_common(4) if name != kind)
    return Row(name=f"{kind}, 10% of cells flipped: named", rate=named[kind] / runs, runs=runs, low=0.95, note=wrong)


def mixtures(runs: int, seed: int = 9) -> Row:
    """A cliff and a band of depths together: how often both are named and nothing else."""
    rng = np.random.default_rng(seed)
    space, right = Space(PLACES), 0
    for _ in range(runs):
        missed = (TOKENS > 9.5e4) | ((STEP[DEPTH] > 0.3) & (STEP[DEPTH] < 0.6))
        found = diagnose(missed ^ (rng.random(CELLS) < 0.1), PLACES, space=space)
        right += {pattern.kind for pattern in found.patterns} == {"cliff", "depth_band"}
    return Row(name="cliff and depth band, 10% flipped: both named", rate=right / runs, runs=runs, low=0.9)


def false_patterns(runs: int, seed: int = 10) -> Row:
    """Noise at a random rate from 4% to 60%: how often a pattern is seen in it."""
    rng = np.random.default_rng(seed)
    space, seen = Space(PLACES), Counter[str]()
    for _ in range(runs):
        found = diagnose(rng.random(CELLS) < rng.uniform(0.04, 0.6), PLACES, space=space)
        seen[found.finding] += bool(found.patterns)
    note = ", ".join(f"{name} {count}" for name, count in seen.items() if count)
    return Row(name="noise: a false pattern", rate=sum(seen.values()) / runs, runs=runs, high=0.01, note=note)


KERNELS = {
    "exp(-d / 2)": lambda apart: np.exp(-apart / 2),
    "exp(-(d / 2)^2)": lambda apart: np.exp(-((apart / 2) ** 2)),
    "exp(-d^2 / 8)": lambda apart: np.exp(-(apart**2) / 8),
}
"""Correlation of two cells of a Gaussian field d steps apart: a rough and two smooth ones, each over about two."""


def smooth_fields(name: str, runs: int, haystacks: int = 1, seed: int = 24) -> Row:
    """Misses where a random field is low, three in ten: how often a pattern is seen in their patches.

    Each haystack has a field of its own.
    """
    rng = np.random.default_rng(seed)
    apart = np.hypot(DEPTH[:, None] - DEPTH, LENGTH[:, None] - LENGTH)
    values, vectors = np.linalg.eigh(KERNELS[name](apart))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    places = Places(
        before=np.tile(BEFORE, haystacks), after=np.tile(PLACES.after, haystacks), length=np.tile(TOKENS, haystacks)
    )
    space, seen = Space(places), Counter[str]()
    for _ in range(runs):
        fields = root @ rng.standard_normal((CELLS, haystacks))
        found = diagnose((fields < NormalDist().inv_cdf(0.3)).T.ravel(), places, space=space)
        seen[found.finding] += bool(found.patterns)
    note = ", ".join(f"{kind} {count}" for kind, count in seen.items() if count)
    label = f"smooth noise, {name}; haystacks: {haystacks}: a false pattern"
    return Row(name=label, rate=sum(seen.values()) / runs, runs=runs, high=0.05, note=note)


def false_drift(runs: int, seed: int = 11) -> Row:
    """A steady endpoint with ten sentinels: how often it is said to drift."""
    rng = np.random.default_rng(seed)
    seen = sum(drift((rng.random(10) < 0.7).astype(np.float64), rng).drifted for _ in range(runs))
    return Row(name="a steady endpoint: drift", rate=seen / runs, runs=runs, high=0.05)


def interval_rows(runs: int) -> Iterator[Row]:
    for trials in (1, 3, 5, 10, 25):
        yield cell_coverage(trials)
    for name, haystacks, between in product(SURFACES, (1, 2, 3, 5, 10, 30), (0.0, 0.5, 1.0)):
        yield grid_coverage(name, haystacks, between, runs)
    for mean, haystacks in product((0.5, 0.97), (1, 3, 10)):
        yield row_coverage(mean, haystacks, 0.5, runs)
    yield from text_rows(runs)
    for name, precision, between in product(ADAPTIVE, (0.05, 0.1), (0.0, 0.5, 1.0)):
        yield adaptive_rows(name, precision, between, runs // 10)
    for haystacks in (1, 5):
        yield effective_coverage(haystacks, runs // 4)
    for name, haystacks, between in product(FALLING, (1, 3), (0.0, 0.5)):
        yield false_dips(name, FALLING[name], haystacks, between, runs)
    yield from dip_rows(runs // 8)
    yield from failures_not_at_random(runs // 8)


def text_rows(runs: int) -> Iterator[Row]:
    """Intervals where prompts or texts are shared."""
    for mean, prompts in product((0.5, 0.85), ((11,), (7, 11, 15), (20, 40, 60))):
        yield identical_prompts(mean, prompts, 1, runs // 5)
    yield identical_prompts(0.85, (11,), 3, runs // 5)
    for longest, haystacks, between in product((8_000, 32_000, 128_000), (2, 3, 5, 10), (0.5, 1.0)):
        for rule in ("strata", "draws"):
            yield overlapping_coverage(longest, haystacks, between, rule, runs)
    for haystacks, between in product((2, 3, 5, 10), (0.5, 1.0)):
        yield overlapping_coverage(8_000, haystacks, between, "a tenth", runs)


def comparison_rows(runs: int) -> Iterator[Row]:
    for mean in (0.5, 0.97):
        yield from false_differences(mean, runs)
        yield power_at_stated(mean, runs)
        yield power_as_estimated(mean, runs // 5)
        yield false_regions(mean, runs // 2)
    yield false_sameness(runs)
    yield from regions_found(0.75, 0.2, runs // 4, low=0.0)
    yield from regions_found(0.9, 0.1, runs // 4, low=0.8)
    yield from haystack_rows(runs)


def haystack_rows(runs: int) -> Iterator[Row]:
    """Comparisons over haystacks in general."""
    means, spreads = ((0.5, 0.5), (0.9, 0.9), (0.97, 0.97), (0.97, 0.9)), ((0.0, 0.5), (0.0, 1.0), (1.0, 0.5))
    for (first, second), (common, own), count in product(means, spreads, (2, 3, 6, 10)):
        truth = Haystacks(count=count, first=first, second=second, common=common, own=own)
        yield difference_coverage(truth, runs // 4)
    for mean, count in product((0.9, 0.97), (3, 6, 10)):
        truth = Haystacks(count=count, first=mean, second=mean, common=0.0, own=1.0, one_sided=True)
        yield difference_coverage(truth, runs // 4)
    for mean, own, count in product((0.5, 0.9), (0.5, 1.0), (6, 10)):
        yield general_difference(Haystacks(count=count, first=mean, second=mean, common=0.5, own=own), runs)
    for count, own in product((6, 10), (0.0, 0.5)):
        yield general_sameness(Haystacks(count=count, first=0.95, second=0.9, common=0.5, own=own), runs // 4)


def pattern_rows(runs: int) -> Iterator[Row]:
    for kind in (
        "tail_kept",
        "head_kept",
        "middle_cut",
        "cliff",
        "content_hole",
        "depth_band",
        "length_band",
        "u_in_depth",
    ):
        yield right_pattern(kind, runs // 10)
    yield mixtures(runs // 10)
    yield false_patterns(runs // 2)
    for name in KERNELS:
        yield smooth_fields(name, runs // 10)
    yield smooth_fields("exp(-d / 2)", runs // 20, haystacks=3)
    yield false_drift(runs // 2)


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "intervals": interval_rows,
    "bank": two_way_rows,
    "comparison": comparison_rows,
    "patterns": pattern_rows,
}


def main() -> int:
    """Print the tables; 1 when a row misses its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="which tables, of " + ", ".join(PARTS))
    parser.add_argument(
        "--runs", type=int, default=2000, help="simulated sweeps a row (default 2,000; some take a part)"
    )
    missed = 0
    chosen = parser.parse_args()
    for row in chain.from_iterable(PARTS[name](chosen.runs) for name in chosen.parts.split(",")):
        print(row, flush=True)
        missed += not row.kept
    print(f"{missed} rows missed their bound" if missed else "every row keeps its bound")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
