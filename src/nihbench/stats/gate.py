"""Has the second side lost more than is allowed? Tests of a gate, for a fixed number of pairs or look by look.

A gate knows three verdicts. It *passes* where the loss is shown to be smaller than the largest that is allowed
(non-inferiority). It *fails* where the second side is shown to be worse, and has lost more than is allowed by the best
estimate. Else it is *undecided*. So a side that lost as much as is allowed, or more, passes with a chance of `alpha`
at most, and one that lost nothing fails with a chance of `alpha` at most, over all tasks and regions that are looked
at together.

What is estimated differs between the two. *Fails* is said of the texts at hand: had nothing changed, the answers of a
pair could as well have been exchanged, text by text and whatever texts of a haystack have in common, so that the signs
of single texts are flipped (flipping haystacks instead, of which there are few, could hardly show anything). *Passes*
is said, with six haystacks or more, of haystacks in general, where a loss over some of them counts for as many as there
are; with fewer it is said of these texts, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.compare import Pairs, difference_interval, haystack_interval
from nihbench.stats.detectable import ALPHA, LEAST_HAYSTACKS
from nihbench.stats.headline import ASSUMED_CORRELATION
from nihbench.stats.interval import FloatArray, IntArray, binomial_tail, clopper_pearson, log_gamma, t_value
from nihbench.stats.inversion import sign_flip, unit_sums
from nihbench.stats.looks import AT_ONCE, Look
from nihbench.stats.regions import Region

Verdict = Literal["pass", "fail", "undecided"]

PLANNED_POWER = 0.9
"""How surely the planned number of pairs passes what is unchanged, and fails what lost twice what is allowed."""

_NUISANCE = 0.001
"""What the exact test pays for not knowing how many pairs differ anyway (Berger and Boos, JASA 1994)."""

_STEPS = 24
_FEW = 100.0
"""Differing pairs, over the haystacks, that a plan over six haystacks or more has besides: by simulation
(`benchmarks.gate`), for a bound over haystacks of which most lose nothing is wider than Student's t."""
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """What the second side lost against the first: `value` = first - second, positive where it is worse.

    `low` and `high` are one-sided bounds of the true loss, each wrong with a chance of `alpha`: `low` on these texts,
    `high` for haystacks in general where that is `general`, else on these texts, too. `p_worse` is the one-sided exact
    p-value of "nothing changed", `p_general` that of "nothing is lost over haystacks in general" (None under six).
    """

    pairs: int
    texts: int
    haystacks: int
    first: float
    second: float
    low: float
    high: float
    p_worse: float
    p_general: float | None
    discordant: float
    """Share of the texts whose outcome differs at all."""
    general: bool

    @property
    def value(self) -> float:
        """The loss as it was measured."""
        return self.first - self.second


def drop_of(pairs: Pairs, *, alpha: float = ALPHA) -> Drop:
    """Measure a loss.

    Args:
        pairs: At least one pair; found or not, or bands.
        alpha: One-sided error of each bound.

    Raises:
        ValueError: No pairs.
    """
    if not len(pairs.first):
        raise ValueError("there is no pair measured on both sides")
    haystacks, sums = len(np.unique(pairs.haystack)), unit_sums(pairs.difference, pairs.text)
    general = haystacks >= LEAST_HAYSTACKS
    if len(sums) == len(pairs.first) and np.all(np.isin(np.round(sums, 9), (-1.0, 0.0, 1.0))):
        gained, lost = int(np.sum(sums > _TINY)), int(np.sum(sums < -_TINY))
        low, high = -largest_loss(lost, gained, len(sums), alpha), 1.0
        high = high if general else largest_loss(gained, lost, len(sums), alpha)
    else:
        made = difference_interval(pairs.difference, pairs.text, 1 - 2 * alpha)
        low, high = -made.high, -made.low
    if general:
        high = -haystack_interval(pairs.difference, pairs.haystack, 1 - 2 * alpha).low
    return Drop(
        pairs=len(pairs.first),
        texts=len(sums),
        haystacks=haystacks,
        first=float(pairs.first.mean()),
        second=float(pairs.second.mean()),
        low=low,
        high=high,
        p_worse=_one_sided(pairs, pairs.text),
        p_general=_one_sided(pairs, pairs.haystack) if general else None,
        discordant=float(np.mean(np.abs(sums) > _TINY)),
        general=general,
    )


def _one_sided(pairs: Pairs, unit: IntArray) -> float:
    """Return P(a loss as large or larger) when every unit's sign is a toss; 1 where nothing was lost."""
    return sign_flip(pairs.difference, unit) / 2 if pairs.difference.sum() < -_TINY else 1.0


# ---- the exact bound of a loss ---------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def largest_loss(gained: int, lost: int, pairs: int, alpha: float = ALPHA) -> float:
    """Return the one-sided upper bound of the true loss, of independent pairs that were found or not.

    It inverts an exact unconditional test of non-inferiority that is ordered by the score statistic (Tango, Statistics
    in Medicine 1998; Hsueh, Liu and Chen, Biometrics 2001), its nuisance parameter kept to where it can be (Berger
    and Boos, JASA 1994).

    Args:
        gained: Pairs that only the second side found.
        lost: Pairs that only the first side found.
        pairs: All of them.
        alpha: Chance that the true loss is larger.
    """
    low, high = max((lost - gained) / pairs, -1 + _TINY), 1.0
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (low, middle) if not_shown(gained, lost, pairs, middle) <= alpha else (middle, high)
    return high


@lru_cache(maxsize=16_384)
def not_shown(gained: int, lost: int, pairs: int, allowed: float) -> float:
    """Return the p-value of "the loss is `allowed` or more": small where it is shown to be smaller.

    Arguments as in `largest_loss`; `allowed` may be negative, where a gain has to be shown.
    """
    seen = float(_score(gained, lost, pairs, allowed))
    least = max(0.0, -allowed)
    # Chance that a pair is gained: where a bound on it, wrong once in a thousand times, leaves it.
    ends = _gains(gained, pairs)
    low, high = max(ends[0], least), min(ends[1], (1 - allowed) / 2)
    gains = np.unique(np.linspace(min(low, high), high, _STEPS))
    more = np.arange(pairs + 1)
    most = _most_lost(seen, more, pairs, allowed)
    here = most >= 0
    more, most = more[here], most[here]
    lost_here = np.clip((gains[:, None] + allowed) / np.maximum(1 - gains[:, None], _TINY), 0.0, 1.0)
    weight = _binomial(more[None, :], pairs, gains[:, None])
    kept = weight > 1e-12
    rest, threshold = np.broadcast_to(pairs - more, weight.shape), np.broadcast_to(most + 1, weight.shape)
    tail = np.zeros(weight.shape)
    tail[kept] = binomial_tail(threshold[kept], rest[kept], np.broadcast_to(lost_here, weight.shape)[kept])
    chance = np.sum(weight * np.where(kept, 1 - tail, 1.0), axis=1)
    return min(1.0, float(chance.max()) + _NUISANCE)


@lru_cache(maxsize=4096)
def _gains(gained: int, pairs: int) -> tuple[float, float]:
    low, high = clopper_pearson(gained, pairs, 1 - _NUISANCE)
    return float(low), float(high)


def _score(gained: ArrayLike, lost: ArrayLike, pairs: int, allowed: float) -> FloatArray:
    """Return Tango's statistic of "the loss is `allowed`": large where less than that was lost."""
    b, c = np.asarray(gained, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    # The likeliest chance of a gain, given that the loss is `allowed`: root of a quadratic.
    square = 2.0 * pairs
    linear = b * (3 * allowed - 1) + c * (allowed - 1) + 2 * (pairs - b - c) * allowed
    free = -b * allowed * (1 - allowed)
    root = np.sqrt(np.maximum(linear**2 - 4 * square * free, 0.0))
    gain = np.clip((root - linear) / (2 * square), max(0.0, -allowed), (1 - allowed) / 2)
    variance = pairs * (2 * gain + allowed - allowed**2)
    away = pairs * allowed - (c - b)
    return np.asarray(away / np.sqrt(np.maximum(variance, _TINY)))


def _most_lost(seen: float, gained: IntArray, pairs: int, allowed: float) -> IntArray:
    """Return for each number of gains how many may be lost with a statistic as large as was seen; -1: not even none."""
    low, high = np.full(len(gained), -1), pairs - gained + 1
    while np.any(high - low > 1):
        middle = (low + high) // 2
        enough = _score(gained, middle, pairs, allowed) >= seen - 1e-9
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.asarray(low)


def _binomial(k: ArrayLike, n: int, p: ArrayLike) -> FloatArray:
    k, p = np.asarray(k, dtype=np.float64), np.clip(np.asarray(p, dtype=np.float64), 1e-300, 1 - 1e-16)
    ways = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)
    return np.asarray(np.exp(ways + k * np.log(p) + (n - k) * np.log1p(-p)))


# ---- the verdict over several losses, regions and bars ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A number of the second side alone that has to reach `least`; `low` and `high` are its one-sided bounds."""

    least: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Return "pass" where it is shown to reach the bar, "fail" where it is shown not to."""
        return "pass" if self.low >= self.least else "fail" if self.high < self.least else "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Worse:
    """A loss that may fail a gate: the one-sided p-value of "nothing changed", and how much was lost.

    `region`: it is that of the worst of many regions, corrected for all of them.
    """

    p_value: float
    drop: float
    region: bool = False


def shown_worse(
    losses: Sequence[Worse], allowed: float, alpha: float = ALPHA, look: Look = AT_ONCE
) -> tuple[bool, ...]:
    """Tell of each loss whether it fails the gate: shown (Holm 1979, one error for all), and larger than is allowed.

    Args:
        losses: Everything that is looked at: every task, and every task's worst region.
        allowed: The largest loss that is allowed, 0 to 1.
        alpha: Chance that any of them is called worse where nothing changed.
        look: Which look this is.
    """
    shown, left = [False] * len(losses), list(range(len(losses)))
    while left:
        share = alpha / len(left)
        whole, region = look.fail_level(share), look.spent_now(share)
        level = [region if losses[at].region else whole for at in left]
        at = min(range(len(left)), key=lambda each: losses[left[each]].p_value / level[each])
        number = left.pop(at)
        if losses[number].p_value > level[at]:
            break
        shown[number] = losses[number].drop > allowed + _TINY
    return tuple(shown)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What is judged of one task: its loss and its worst region (None: nothing was measured, or nothing was lost).

    `fails`: all of it is shown worse, by more than is allowed; `region_fails`: the region is. `passes`: the loss is
    shown to be smaller.
    """

    drop: Drop | None
    worse: Region | None
    fails: bool
    region_fails: bool
    passes: bool


def judged(
    tasks: Sequence[tuple[Pairs, Sequence[Region]] | None],
    allowed: float,
    *,
    alpha: float = ALPHA,
    to_fail: float | None = None,
    look: Look = AT_ONCE,
) -> tuple[Judged, ...]:
    """Judge the losses of several tasks.

    Args:
        tasks: Each one's pairs and regions (`regions.strongest_regions`); None: it has no pair.
        allowed: The largest loss that is allowed.
        alpha: Chance that a loss as large as that passes.
        to_fail: Chance that what is unchanged fails, over all of them; None: `alpha`.
        look: Which look this is.
    """
    level = look.pass_level(alpha) or look.fail_level(alpha)
    drops = [drop_of(task[0], alpha=level) if task else None for task in tasks]
    regions = [next((each for each in task[1] if each.difference < 0), None) if task else None for task in tasks]
    losses = [Worse(p_value=drop.p_worse, drop=drop.value) if drop else Worse(p_value=1.0, drop=0.0) for drop in drops]
    losses += [
        Worse(p_value=each.p_value, drop=-each.difference, region=True)
        if each
        else Worse(p_value=1.0, drop=0.0, region=True)
        for each in regions
    ]
    shown = shown_worse(losses, allowed, alpha if to_fail is None else to_fail, look)
    return tuple(
        Judged(
            drop=drop,
            worse=region,
            fails=shown[number],
            region_fails=shown[len(tasks) + number],
            passes=look.can_pass and drop is not None and drop.high < allowed,
        )
        for number, (drop, region) in enumerate(zip(drops, regions, strict=True))
    )


def verdict_of(tasks: Sequence[Judged], bars: Sequence[Bar] = ()) -> Verdict:
    """Return the gate's verdict.

    Args:
        tasks: The loss of every task: each has to be shown smaller than is allowed, so that no correction is due.
        bars: What has to be reached whatever the old side does.
    """
    if any(each.fails or each.region_fails for each in tasks) or any(bar.verdict == "fail" for bar in bars):
        return "fail"
    if all(each.passes for each in tasks) and all(bar.verdict == "pass" for bar in bars):
        return "pass"
    return "undecided"


ASSUMED_DISCORDANT = 0.02
"""Share of answers that turn although nothing changed, where nothing is known of it."""


def pairs_needed(
    allowed: float,
    discordant: float = ASSUMED_DISCORDANT,
    *,
    haystacks: int = 1,
    losses: int = 2,
    alpha: float = ALPHA,
    power: float = PLANNED_POWER,
    look: Look = AT_ONCE,
) -> int | None:
    """Return how many pairs pass what is unchanged, and fail what lost twice what is allowed, with this power each.

    By the normal approximation for matched pairs (Nam, Biometrics 1997; Connor, Biometrics 1987), with a pair more for
    each step that a whole number can be off. Over six haystacks or more what passes is by Student's t over them. Over
    several the loss is taken to be more alike over one of them (`ASSUMED_CORRELATION`), so that what is lost on these
    texts can be less than was lost in general. None: so few haystacks can't show it, however many pairs.

    Args:
        allowed: The largest loss that is allowed, over 0.
        discordant: Share of pairs that differ although nothing changed.
        haystacks: Over how many the pairs are spread evenly.
        losses: How many losses are looked at together: a task has two, its own and that of its worst region.
        alpha: One-sided error of each test.
        power: Chance that it is seen.
        look: The last look, where there are several.
    """
    z, reach = NormalDist().inv_cdf(1 - look.pass_level(alpha)), NormalDist().inv_cdf(power)
    every = power ** (2 / max(losses, 2))  # all tasks have to pass
    sure = NormalDist().inv_cdf(every)
    strict = NormalDist().inv_cdf(1 - look.fail_level(alpha / losses))
    same = max(discordant, 1 / 1000)
    bound = min(1.0, same + allowed)  # how many differ when as much as is allowed is lost
    passes = (z * math.sqrt(bound - allowed**2) + sure * math.sqrt(same)) ** 2 / allowed**2
    if haystacks >= LEAST_HAYSTACKS:
        wide = t_value(1 - look.pass_level(alpha), haystacks - 1) + t_value(every, haystacks - 1)
        passes *= (wide / (z + sure)) ** 2
        # Inverted tests are wider than t where few pairs differ (`_FEW`).
        passes = max(passes * (1 + _FEW / haystacks / (passes * same)), _of_haystacks_alike(allowed, haystacks, z))
    lost = 2 * allowed
    differing = min(1.0, max(same, lost) if same >= lost else lost + same)
    # What is lost may differ between haystacks; the rest of the spread is that of the pairs.
    shared = ASSUMED_CORRELATION * lost * (1 - lost) / haystacks if haystacks > 1 else 0.0
    spread = differing - lost**2
    over = _pairs_for(spread, reach**2, allowed**2, shared)
    seen = (strict * math.sqrt(differing) + reach * math.sqrt(max(spread, 0.0))) ** 2 / lost**2
    needed = max(passes, seen, over) + 1 / allowed
    return math.ceil(needed) if math.isfinite(needed) else None


def _pairs_for(spread: float, reach: float, far: float, shared: float) -> float:
    """Return how many pairs keep a mean within `far` (squared) of the truth, where haystacks alone put it off `shared`.

    Infinite where they alone put it off farther.
    """
    left = far / reach - shared
    return max(spread - shared, 0.0) / left if left > 0 else math.inf


def _of_haystacks_alike(allowed: float, haystacks: int, z: float) -> float:
    """Return how many pairs of which none differs bound the loss below `allowed` for haystacks in general.

    They count for fewer: n / (1 + (n / haystacks - 1) x `ASSUMED_CORRELATION`) of them, as in `haystack_interval`.
    """
    worth = (z + 0.2) / allowed
    left = 1 - worth * ASSUMED_CORRELATION / haystacks
    return worth * (1 - ASSUMED_CORRELATION) / left if left > 0 else math.inf


def haystacks_needed(
    spread: float, allowed: float, *, alpha: float = ALPHA, power: float = PLANNED_POWER, most: int = 1000
) -> int | None:
    """Return how many haystacks pass what is unchanged with this power, by Student's t; None: over `most`.

    Args:
        spread: Standard deviation of the haystacks' mean differences.
        allowed: The largest loss that is allowed.
        alpha: One-sided error of the test.
        power: Chance that it passes.
        most: Where the search ends.
    """
    for count in range(LEAST_HAYSTACKS, most + 1):
        reach = t_value(1 - alpha, count - 1) + t_value(power, count - 1)
        if reach * spread <= allowed * math.sqrt(count):
            return count
    return None
