"""Has the second side lost more than is allowed? Tests of a gate, for a fixed number of pairs or look by look.

A gate knows three verdicts. It *passes* where the loss is shown to be smaller than the largest that is allowed
(non-inferiority). It *fails* where the second side is shown to be worse, and has lost more than is allowed by the best
estimate. Else it is *undecided*. So a side that lost as much as is allowed, or more, passes with a chance of `alpha`
at most, and one that lost nothing fails with a chance of `alpha` at most, over all tasks and regions that are looked
at together.

As in `compare`: with six haystacks or more all is said of haystacks in general, with fewer of these texts alone.
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
from nihbench.stats.interval import FloatArray, IntArray, binomial_tail, clopper_pearson, log_gamma, t_value
from nihbench.stats.inversion import sign_flip, unit_sums

Verdict = Literal["pass", "fail", "undecided"]

PLANNED_POWER = 0.9
"""How surely the planned number of pairs passes what is unchanged, and fails what lost twice what is allowed."""

_NUISANCE = 0.001
"""What the exact test pays for not knowing how many pairs differ anyway (Berger and Boos, JASA 1994)."""

_STEPS = 24
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """What the second side lost against the first: `value` = first - second, positive where it is worse.

    `low` and `high` are one-sided bounds of the true loss, each wrong with a chance of `alpha`. `p_worse` is the
    one-sided exact p-value of "it lost nothing". `general`: for haystacks in general, not for these texts alone.
    """

    pairs: int
    texts: int
    haystacks: int
    first: float
    second: float
    low: float
    high: float
    p_worse: float
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
    if general:
        made = haystack_interval(pairs.difference, pairs.haystack, 1 - 2 * alpha)
        low, high = -made.high, -made.low
    elif len(sums) == len(pairs.first) and np.all(np.isin(np.round(sums, 9), (-1.0, 0.0, 1.0))):
        gained, lost = int(np.sum(sums > _TINY)), int(np.sum(sums < -_TINY))
        low, high = -largest_loss(lost, gained, len(sums), alpha), largest_loss(gained, lost, len(sums), alpha)
    else:
        made = difference_interval(pairs.difference, pairs.text, 1 - 2 * alpha)
        low, high = -made.high, -made.low
    return Drop(
        pairs=len(pairs.first),
        texts=len(sums),
        haystacks=haystacks,
        first=float(pairs.first.mean()),
        second=float(pairs.second.mean()),
        low=low,
        high=high,
        p_worse=_one_sided(pairs, pairs.haystack if general else pairs.text),
        discordant=float(np.mean(np.abs(sums) > _TINY)),
        general=general,
    )


def _one_sided(pairs: Pairs, unit: IntArray) -> float:
    """Return P(a loss as large or larger) when every unit's sign is a toss; 1 where nothing was lost."""
    return sign_flip(pairs.difference, unit) / 2 if pairs.difference.sum() < -_TINY else 1.0


# ---- the exact bound of a loss ---------------------------------------------------------------------------------------


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
    ends = clopper_pearson(gained, pairs, 1 - _NUISANCE)
    low, high = max(float(ends[0]), least), min(float(ends[1]), (1 - allowed) / 2)
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
    """A loss that may fail a gate: the one-sided p-value of "nothing is lost", and how much was lost."""

    p_value: float
    drop: float


def shown_worse(losses: Sequence[Worse], allowed: float, alpha: float = ALPHA) -> tuple[bool, ...]:
    """Tell of each loss whether it fails the gate: shown (Holm 1979, one error for all), and larger than is allowed.

    Args:
        losses: Everything that is looked at: every task, and every task's worst region.
        allowed: The largest loss that is allowed, 0 to 1.
        alpha: Chance that any of them is called worse where nothing is lost.
    """
    order = np.argsort([each.p_value for each in losses], kind="stable").tolist()
    shown = [False] * len(losses)
    for rank, at in enumerate(order):
        if losses[at].p_value * (len(losses) - rank) > alpha:
            break
        shown[at] = losses[at].drop > allowed + _TINY
    return tuple(shown)


def verdict_of(drops: Sequence[Drop], worse: Sequence[bool], bars: Sequence[Bar], allowed: float) -> Verdict:
    """Return the gate's verdict.

    Args:
        drops: The loss of every task: each has to be shown smaller than `allowed`, so that no correction is due.
        worse: `shown_worse` of all losses and regions.
        bars: What has to be reached whatever the old side does.
        allowed: The largest loss that is allowed.
    """
    if any(worse) or any(bar.verdict == "fail" for bar in bars):
        return "fail"
    if all(drop.high < allowed for drop in drops) and all(bar.verdict == "pass" for bar in bars):
        return "pass"
    return "undecided"


def pairs_needed(allowed: float, discordant: float, *, alpha: float = ALPHA, power: float = PLANNED_POWER) -> int:
    """Return how many pairs pass what is unchanged, and fail what lost twice what is allowed, with this power each.

    By the normal approximation for matched pairs (Nam, Biometrics 1997; Connor, Biometrics 1987), with a pair more for
    each step that a whole number can be off.

    Args:
        allowed: The largest loss that is allowed, over 0.
        discordant: Share of pairs that differ although nothing changed.
        alpha: One-sided error of each test.
        power: Chance that it is seen.
    """
    z, reach = NormalDist().inv_cdf(1 - alpha), NormalDist().inv_cdf(power)
    same = max(discordant, 1e-6)
    bound = min(1.0, same + allowed)  # how many differ when as much as is allowed is lost
    passes = (z * math.sqrt(bound - allowed**2) + reach * math.sqrt(same)) ** 2 / allowed**2
    lost = 2 * allowed
    differing = min(1.0, max(same, lost) if same >= lost else lost + same)
    spread = math.sqrt(max(differing - lost**2, 0.0))
    seen = (z * math.sqrt(differing) + reach * spread) ** 2 / lost**2
    over = reach**2 * spread**2 / allowed**2
    return math.ceil(max(passes, seen, over) + 1 / allowed)


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


# ---- looks: the same tests, asked again and again as answers come in -------------------------------------------------


@lru_cache(maxsize=64)
def levels_of_looks(shares: tuple[float, ...], alpha: float = ALPHA) -> tuple[float, ...]:
    """Return the one-sided level of the test at each look, so that all looks together err with a chance of `alpha`.

    The error is spent as information grows: alpha ln(1 + (e - 1) t) (Lan and DeMets, Biometrika 1983, close to
    Pocock's bounds: it spends early, where a clear case ends); the bounds come by the recursive integration of
    Armitage, McPherson and Rowe (JRSS A 1969).

    Args:
        shares: Share of the planned pairs that is in at each look, ascending, the last 1 or less.
        alpha: One-sided error of all of them together.

    Raises:
        ValueError: They do not ascend, or lie outside 0 to 1.
    """
    if not shares or any(b <= a for a, b in zip((0.0, *shares), shares, strict=False)) or shares[-1] > 1 + _TINY:
        raise ValueError("looks take ascending shares of the planned pairs, up to 1")
    spent = [alpha * math.log1p((math.e - 1) * min(1.0, share)) for share in shares]
    grid = np.linspace(-9.0, 9.0, 2401)
    step = grid[1] - grid[0]
    density, levels, before, at = np.array([1.0]), list[float](), 0.0, np.array([0.0])
    normal = NormalDist()
    for share, total in zip(shares, spent, strict=True):
        apart = math.sqrt(share - before)
        # Sum of the increments up to this look, at the grid scaled to its spread.
        here = grid * math.sqrt(share)
        away = (here[:, None] - at[None, :]) / apart
        moved = np.exp(-(away**2) / 2) / (apart * math.sqrt(2 * math.pi))
        made = moved @ density
        due = total - (spent[len(levels) - 1] if levels else 0.0)
        tail = (np.cumsum(made[::-1])[::-1] - made / 2) * step * math.sqrt(share)
        bound = float(np.interp(-due, -tail, grid)) if due > 0 else math.inf
        levels.append(1 - normal.cdf(bound))
        kept = grid < bound
        density, at, before = made[kept] * step * math.sqrt(share), here[kept], share
    return tuple(levels)
