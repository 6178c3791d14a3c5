"""Does the gate keep its promises? `python -m benchmarks.gate` simulates pairs of runs and prints the table.

Every row has a known truth and a fixed seed, and judges by what `nih gate` itself calls. The number of trials is the
one that the tool plans (`pairs_needed`). Exits with 1 when a row misses its bound by more than three standard errors of
the simulation at the bound. `--runs N` shortens it; nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nihbench.stats.compare import Pairs
from nihbench.stats.gate import Verdict, judged, pairs_needed, verdict_of
from nihbench.stats.looks import AT_ONCE, LOOKS, Look, cuts
from nihbench.stats.regions import Region, strongest_regions

LENGTHS, DEPTHS = 8, 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What is simulated, task by task: `lost` of the pairs are lost over haystacks in general, and `turning` turn.

    Those that turn do so by chance, half of them each way. `alike` is the correlation of losses over one haystack; it
    also says how much found rates differ between haystacks. `on_all`: every task loses, else the last alone.
    `allowed`: what the gate allows.
    """

    name: str
    lost: float = 0.0
    turning: float = 0.02
    haystacks: int = 1
    tasks: int = 1
    alike: float = 0.0
    on_all: bool = True
    allowed: float = 0.03

    def planned(self, look: Look = AT_ONCE) -> int | None:
        """How many pairs of each task the tool plans."""
        turning = max(self.turning, 0.02)
        return pairs_needed(self.allowed, turning, haystacks=self.haystacks, losses=2 * self.tasks, look=look)

    def draw(self, rng: np.random.Generator, count: int) -> list[Pairs]:
        """Draw the pairs of every task."""
        return [self._task(rng, count, task) for task in range(self.tasks)]

    def _task(self, rng: np.random.Generator, count: int, task: int) -> Pairs:
        at = np.arange(count)
        haystack = at % self.haystacks
        lost = self.lost if self.on_all or task == self.tasks - 1 else 0.0
        found = _by_haystack(rng, 0.95, self.alike, self.haystacks)[haystack]
        loss = _by_haystack(rng, lost, self.alike, self.haystacks)[haystack]
        # An unchanged model answers a text alike but for those that turn; which turn is nothing of the haystack's.
        first = rng.random(count) < found
        second = first & (rng.random(count) >= loss / 0.95)
        turns = rng.random(count) < self.turning
        coin = rng.random((2, count)) < 0.5
        first, second = np.where(turns & (coin[0] != coin[1]), [coin[0], coin[1]], [first, second])
        both = turns & (coin[0] == coin[1])  # turned by chance in half of the cases: make it the stated share
        flip = rng.random(count) < 0.5
        first, second = np.where(both & flip, True, first), np.where(both & flip, False, second)
        first, second = np.where(both & ~flip, False, first), np.where(both & ~flip, True, second)
        place = rng.permutation(count)
        return Pairs(
            first=first.astype(np.float64),
            second=second.astype(np.float64),
            text=at,
            haystack=haystack,
            length=place % LENGTHS,
            depth=place // LENGTHS % DEPTHS,
        )


def _by_haystack(rng: np.random.Generator, mean: float, alike: float, haystacks: int) -> np.ndarray:
    """Return each haystack's share: beta distributed with this mean, correlation `alike` of two answers over one."""
    if not 0 < mean < 1 or alike <= 0:
        return np.full(haystacks, mean)
    size = 1 / alike - 1
    return rng.beta(mean * size, (1 - mean) * size, haystacks)


def _part(pairs: Pairs, kept: np.ndarray) -> Pairs:
    names = ("first", "second", "text", "haystack", "length", "depth")
    return Pairs(**{name: getattr(pairs, name)[kept] for name in names})


def verdict(tasks: list[Pairs], allowed: float, look: Look = AT_ONCE) -> Verdict:
    """Judge as the gate does."""
    if verdict_of(judged([(each, ()) for each in tasks], allowed, look=look)) == "fail":
        return "fail"  # whatever regions say
    made = [(each, _regions(each)) for each in tasks]
    return verdict_of(judged(made, allowed, look=look))


def _regions(pairs: Pairs) -> tuple[Region, ...]:
    """Return the strongest regions; none where so few pairs are lost that no region can be shown at 5%."""
    if np.sum(pairs.difference < 0) < 5:
        return ()
    return strongest_regions(pairs.first, pairs.second, pairs.text, pairs.length, pairs.depth)


def live(tasks: list[Pairs], allowed: float) -> tuple[Verdict, float]:
    """Ask look by look; return the verdict, and how many pairs of each task it took."""
    count = len(tasks[0].first)
    ends = cuts(count)
    for look, end in zip(LOOKS, ends, strict=True):
        some = []
        for each in tasks:
            # The first look is at the shorter half of the first part.
            first = np.argsort(each.length[: ends[1]], kind="stable")
            order = np.concatenate([first, np.arange(ends[1], count)])
            some.append(_part(each, order[:end]))
        found = verdict(some, allowed, look)
        if found != "undecided":
            return found, end
    return "undecided", count


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A simulated row: how often each verdict came, and what was promised of one of them."""

    truth: Truth
    way: str
    planned: int
    runs: int
    verdicts: dict[Verdict, int]
    asked: float
    """Pairs asked on average, of each task."""
    fixed: int
    """Pairs that the fixed plan asks."""
    bounded: Verdict
    bound: float
    at_least: bool
    saves: float = 0.0
    """Share of the fixed plan's calls that has to be saved."""

    @property
    def rate(self) -> float:
        """How often the verdict came that is bounded."""
        return self.verdicts[self.bounded] / self.runs

    @property
    def saved(self) -> float:
        """Share of the fixed plan's calls that was saved."""
        return 1 - self.asked / self.fixed

    @property
    def holds(self) -> bool:
        """Whether the promise is kept, but for the simulation's own error."""
        error = 3 * math.sqrt(self.bound * (1 - self.bound) / self.runs)
        kept = self.rate >= self.bound - error if self.at_least else self.rate <= self.bound + error
        return kept and (not self.saves or self.saved >= self.saves)

    def __str__(self) -> str:
        truth = self.truth
        rates = " | ".join(f"{self.verdicts[each] / self.runs:.1%}" for each in ("pass", "fail", "undecided"))
        promise = f"{self.bounded} {'>=' if self.at_least else '<='} {self.bound:.0%}"
        asked = f"{self.asked:.0f} ({self.saved:+.0%})" if self.way == "live" else f"{self.asked:.0f}"
        return (
            f"| {truth.name} | {truth.haystacks} | {truth.tasks} | {self.way} | {self.planned} | {rates} | {asked} | "
            f"{promise}{f', saves >= {self.saves:.0%}' if self.saves else ''}{'' if self.holds else ' MISSED'} |"
        )


def row(
    truth: Truth, way: str, runs: int, bounded: Verdict, bound: float, *, at_least: bool, saves: float = 0.0, seed: int
) -> Row:
    """Simulate one row."""
    rng = np.random.default_rng([7, seed])
    fixed = truth.planned()
    planned = fixed if way == "fixed" else truth.planned(LOOKS[-1])
    assert fixed is not None and planned is not None, truth
    verdicts: dict[Verdict, int] = {"pass": 0, "fail": 0, "undecided": 0}
    asked = 0.0
    for _ in range(runs):
        tasks = truth.draw(rng, planned)
        found, took = live(tasks, truth.allowed) if way == "live" else (verdict(tasks, truth.allowed), planned)
        verdicts[found] += 1
        asked += took
    return Row(
        truth=truth, way=way, planned=planned, runs=runs, verdicts=verdicts, asked=asked / runs, fixed=fixed,
        bounded=bounded, bound=bound, at_least=at_least, saves=saves,
    )  # fmt: skip


ONE = Truth(name="unchanged")
TRUTHS = (
    ONE,
    replace(ONE, haystacks=24, alike=0.05),
    replace(ONE, tasks=4),
    replace(ONE, tasks=3, haystacks=24, alike=0.05),
)
"""Designs of which every promise is looked at: one and several haystacks, alone and of several tasks."""


def rows(runs: int, only: int | None = None) -> Iterator[Row]:
    """Simulate all rows."""
    for number, truth in enumerate(TRUTHS):
        if only is not None and number != only:
            continue
        twice = replace(truth, name="loses twice what is allowed", lost=2 * truth.allowed, on_all=False)
        just = replace(truth, name="loses what is allowed", lost=truth.allowed, on_all=False)
        for way in ("fixed", "live"):
            same = row(truth, way, runs, "fail", 0.05, at_least=False, seed=number)
            yield from (same, replace(same, bounded="pass", bound=0.90, at_least=True))
            yield row(just, way, runs, "pass", 0.05, at_least=False, seed=20 + number)
            yield row(twice, way, runs, "fail", 0.90, at_least=True, seed=30 + number)
        still = replace(truth, name="answers to the word alike", turning=0.0)
        broken = replace(twice, name="loses ten times what is allowed", lost=10 * truth.allowed, turning=0.0)
        yield row(still, "live", runs, "pass", 0.99, at_least=True, saves=0.4, seed=40 + number)
        yield row(broken, "live", runs, "fail", 0.99, at_least=True, saves=0.4, seed=50 + number)


HEAD = (
    "| the new side | haystacks | tasks | | planned pairs | pass | fail | undecided | pairs asked | promised |\n"
    "|---|---:|---:|---|---:|---:|---:|---:|---:|---|"
)


def main() -> int:
    """Print the table; 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", type=int, help="rows of one design alone, by its number")
    given = parser.parse_args()
    print(HEAD)
    missed = 0
    for each in rows(given.runs, given.only):
        print(each, flush=True)
        missed += not each.holds
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
