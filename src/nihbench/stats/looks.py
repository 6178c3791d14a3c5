"""Looks: the same tests, asked again and again as answers come in, with one error for all looks together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from nihbench.stats.detectable import ALPHA

_Cell = TypeVar("_Cell")

_TINY = 1e-9
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of the planned pairs after which it is looked; each part holds as many of every length and haystack."""
FIRST = 0.1
"""The first look, at the cheaper half of the first part: it can only fail, for it is not of all lengths."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look of several: the shares of the planned pairs at which it was looked for a loss, this one the last.

    `to_pass`: those of them at which it could pass, the same unless the first was made for losses alone.
    """

    to_fail: tuple[float, ...] = (1.0,)
    to_pass: tuple[float, ...] = (1.0,)

    def fail_level(self, alpha: float) -> float:
        """Return the level of a test for a loss at this look, so that all of them err with a chance of `alpha`."""
        return _last_level(self.to_fail, alpha)

    def pass_level(self, alpha: float) -> float:
        """Return that of a test that passes; 0 where it may not."""
        return _last_level(self.to_pass, alpha) if self.can_pass else 0.0

    def spent_now(self, alpha: float) -> float:
        """Return what of the error is spent at this look alone.

        A test at this level holds whatever its statistic does between looks; those above take that of sums.
        """
        spent = [0.0, *(_spent(share, alpha) for share in self.to_fail)]
        return spent[-1] - spent[-2]

    @property
    def can_pass(self) -> bool:
        """Whether the pairs at hand are of the whole plan, so that it may pass."""
        return bool(self.to_pass) and self.to_pass[-1] == self.to_fail[-1]


AT_ONCE = Look()
"""All pairs looked at once."""


def looks_at(ends: Sequence[int]) -> tuple[Look, ...]:
    """Return the looks after so many pairs each, the first at losses alone; the last is at all that is planned."""
    shares = [end / ends[-1] for end in ends]
    return tuple(Look(tuple(shares[: at + 1]), tuple(shares[1 : at + 1])) for at in range(len(ends)))


LOOKS = looks_at([round(1000 * share) for share in (FIRST, *SHARES)])
"""The looks of a gate that asks as it goes."""


_GOLDEN = (math.sqrt(5) - 1) / 2


def spread_out(cells: Sequence[_Cell]) -> list[_Cell]:
    """Return cells in an order of which every stretch is spread evenly over theirs, so that it stands for all of them.

    A sequence of low discrepancy (Kronecker's, of the golden ratio): no seed, and the same for the same cells.
    """
    return [cells[at] for at in sorted(range(len(cells)), key=lambda at: (at * _GOLDEN) % 1)]


MOST_LOOKS = 12


def cuts(planned: int, most: int = 0) -> tuple[int, ...]:
    """Return after how many pairs it is looked: as in `LOOKS`, and up to `most` where it is gone on beyond the plan."""
    ends = [math.ceil(share * planned) for share in (FIRST, *SHARES)]
    if most > planned:
        step = max(math.ceil(SHARES[0] * planned), math.ceil((most - planned) / (MOST_LOOKS - len(ends))))
        ends += [*range(planned + step, most, step), most]
    return tuple(dict.fromkeys(min(end, max(planned, most)) for end in ends))


def _last_level(shares: tuple[float, ...], alpha: float) -> float:
    return alpha if shares == (1.0,) else levels_of_looks(shares, alpha)[-1]


def _spent(share: float, alpha: float) -> float:
    return alpha * math.log1p((math.e - 1) * min(1.0, share))


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
    spent = [_spent(share, alpha) for share in shares]
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
