"""What adaptive repeats cost and save, on simulated models: `python -m benchmarks.adaptive [--runs N]`.

First table: is anything biased? Second: how many calls an adaptive run makes for its error, and how many equal repeats
would take for the same. Every row has a known truth and a fixed seed. It exits with 1 where the headline of a flat grid
is off by half a point. Nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nihbench.stats.adaptive import FirstDraws, draws, highest_levels, most_draws, need, row_intervals

SIDE = 15
CELLS = SIDE * SIDE
DEPTH, LENGTH = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE), indexing="ij")
CHUNK = 100
DEAR = 3.0
_TAIL = np.where(DEPTH + LENGTH > 1.3, 0.2, 0.97)


def _speckled(share: float, low: float, high: float) -> np.ndarray:
    return np.where(np.random.default_rng(5).random((SIDE, SIDE)) < share, low, high)


SURFACES = {
    "flat, 0.30": np.full((SIDE, SIDE), 0.3),
    "flat, 0.50": np.full((SIDE, SIDE), 0.5),
    "flat, 0.90": np.full((SIDE, SIDE), 0.9),
    "flat, 0.99": np.full((SIDE, SIDE), 0.99),
    "cliff in length, 0.98 to 0.10": np.where(LENGTH < 0.6, 0.98, 0.1),
    "slope in length, 1 to 0": 1 / (1 + np.exp(-(6 - 10 * LENGTH))),
    "late slope, 1 to 0.5": 1 - 0.5 * np.clip((LENGTH - 0.7) / 0.3, 0, 1),
    "U in depth, deeper with length": 1 - 0.8 * LENGTH * 4 * DEPTH * (1 - DEPTH),
    "band of depth at 0.50, else 0.98": np.where((DEPTH > 0.3) & (DEPTH < 0.5), 0.5, 0.98),
    "corner at 0.20, else 0.97": _TAIL,
    "mixture: U where long, else 0.99": np.where(LENGTH < 0.5, 0.99, 1 - 0.7 * 4 * DEPTH * (1 - DEPTH)),
    "speckled: 15% of cells at 0.30, else 0.97": _speckled(0.15, 0.3, 0.97),
}
"""The chance to find the needle, by depth and length."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Simulated adaptive runs, shape (runs, depths, lengths); of each round with a further axis behind the runs."""

    first: np.ndarray
    hits: np.ndarray
    number: np.ndarray
    hits_of: np.ndarray
    drawn_of: np.ndarray

    @property
    def cells(self) -> np.ndarray:
        """Each cell's mean over all its draws."""
        return np.asarray(self.hits / self.number)

    @property
    def rows(self) -> np.ndarray:
        """Each length's mean, every cell weighing once."""
        return np.asarray(self.cells.mean(axis=1))


def own_too(first: FirstDraws) -> np.ndarray:
    """What must not be done: like `need`, with the cell's own first draw in its share."""
    apart = np.abs(np.subtract.outer(np.arange(SIDE), np.arange(SIDE)))
    kernel = np.where(apart <= 2, np.exp(-0.5 * apart**2), 0.0)
    rate = (kernel @ first.found @ kernel + 0.2) / (kernel @ first.measured @ kernel + 0.4)
    root = np.sqrt(rate * (1 - rate))
    return np.asarray(4 * root * root.mean(axis=-2, keepdims=True))


def simulate(
    chance: np.ndarray, level: int, runs: int, *, seed: int = 1, between: float = 0.0, most: int | None = None,
    money: float | None = None, own: bool = False,
) -> Drawn:  # fmt: skip
    """Make adaptive runs of a model with this chance in every cell.

    Args:
        chance: shape (depths, lengths).
        level: draws of a cell where half of all answers hit.
        runs: how many.
        seed: of the answers.
        between: standard deviation of the haystacks, one a round, on the logit scale.
        most: the bound of all draws of a run.
        money: the bound of its cost, where a hit costs 1 and a miss `DEAR`: a round that could pass it is not begun.
        own: whether a cell's own first draw is let into its share, against the method.
    """
    rng = np.random.default_rng(seed)
    parts = [
        _chunk(rng, chance, level, min(CHUNK, runs - at), between, most, money, own) for at in range(0, runs, CHUNK)
    ]
    return Drawn(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Drawn.__annotations__})


def _chunk(
    rng: np.random.Generator,
    chance: np.ndarray,
    level: int,
    runs: int,
    between: float,
    most: int | None,
    money: float | None,
    own: bool,
) -> Drawn:
    logit = np.log(np.clip(chance, 1e-12, 1 - 1e-12) / np.clip(1 - chance, 1e-12, 1))

    def answers() -> np.ndarray:
        shift = between * rng.standard_normal((runs, 1, 1)) if between else 0.0
        return (rng.random((runs, SIDE, SIDE)) < 1 / (1 + np.exp(-(logit + shift)))).astype(np.float64)

    hits = answers()
    first = FirstDraws(found=hits.copy(), measured=np.ones_like(hits))
    share = own_too(first) if own else need(first)
    highest = np.full(hits.shape, float(level))
    if most is not None:
        for run in range(runs):
            alone = FirstDraws(found=first.found[run], measured=first.measured[run])
            highest[run] = highest_levels(alone, 1, level, most)
    number, going = np.ones_like(hits), np.ones(runs, dtype=bool)
    hits_of, drawn_of = (np.zeros((runs, level, SIDE, SIDE), dtype=bool) for _ in range(2))
    hits_of[:, 0], drawn_of[:, 0] = hits > 0, True
    for now in range(2, level + 1):
        before, after = (draws(share, np.minimum(to, highest), 1) for to in (now - 1, now))
        more = after > before
        if money is not None:
            spent = (number + (DEAR - 1) * (number - hits)).sum(axis=(1, 2))
            going &= spent + DEAR * more.sum(axis=(1, 2)) <= money
            more &= going[:, None, None]
        drawn_of[:, now - 1] = more
        hits_of[:, now - 1] = (answers() * more) > 0
        hits += hits_of[:, now - 1]
        number += more
    return Drawn(first=first.found, hits=hits, number=number, hits_of=hits_of, drawn_of=drawn_of)


# ---- bias ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bias:
    """Mean errors in points: of the headline, of cells (their mean, with its standard error), of all draws pooled.

    `row`: that of the row with the largest one, in its own standard errors.
    """

    headline: float
    cells: float
    error: float
    row: float
    pooled: float


def bias_of(drawn: Drawn, truth: np.ndarray) -> Bias:
    """Compare simulated runs with the truth, shape (depths, lengths)."""
    runs = len(drawn.first)
    off = drawn.cells.mean(axis=(1, 2)) - truth.mean()
    rows = drawn.rows - truth.mean(axis=0)
    error = rows.std(axis=0) / math.sqrt(runs)
    pooled = drawn.hits.sum(axis=(1, 2)) / drawn.number.sum(axis=(1, 2))
    return Bias(
        headline=100 * float(drawn.first.mean() - truth.mean()),
        cells=100 * float(off.mean()),
        error=100 * float(off.std()) / math.sqrt(runs),
        row=float(np.max(np.abs(rows.mean(axis=0)) / np.maximum(error, 1e-9))),
        pooled=100 * float(pooled.mean() - truth.mean()),
    )


def bias_table(runs: int) -> Iterator[tuple[str, Bias]]:
    """Yield a name and what is biased, in points."""
    level = most_draws(SIDE, 0.05)
    for name in ("flat, 0.30", "flat, 0.50", "flat, 0.90"):
        yield name, bias_of(simulate(SURFACES[name], level, runs), SURFACES[name])
    for name in ("cliff in length, 0.98 to 0.10", "U in depth, deeper with length"):
        yield name, bias_of(simulate(SURFACES[name], level, runs), SURFACES[name])
    for name in ("flat, 0.90", "U in depth, deeper with length"):
        bounded = simulate(SURFACES[name], level, runs // 4, most=4 * CELLS)
        yield f"{name}; --max-trials {4 * CELLS}", bias_of(bounded, SURFACES[name])
    for name in ("flat, 0.90", "U in depth, deeper with length"):
        paid = simulate(SURFACES[name], level, runs, money=6.0 * CELLS)
        yield f"{name}; --max-cost ends it, a miss costs three hits", bias_of(paid, SURFACES[name])
    for name, between in (("flat, 0.50", 0.5), ("flat, 0.90", 0.5), ("flat, 0.90", 1.0)):
        apart = simulate(SURFACES[name], level, runs, between=between)
        yield f"{name}; haystacks differ by {between}", bias_of(apart, over_haystacks(SURFACES[name], between))
    for name in ("flat, 0.30", "flat, 0.90"):
        yield (
            f"{name}; a cell's own draw decides, too (not done)",
            bias_of(simulate(SURFACES[name], level, runs, own=True), SURFACES[name]),
        )


# ---- savings ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Saving:
    """Calls of an adaptive run, and of equal repeats for the same error; errors are root mean squares, in points.

    `row_error`: of the found rate of the length that has the largest. `equal_rows`: calls of equal repeats whose worst
    length has the same error; `equal_cells`: whose cells have the same error on the average of their squares.
    `covered`: how often a length's interval holds its truth.
    """

    calls: float
    row_error: float
    equal_rows: float
    equal_cells: float
    covered: float


def rows_held(drawn: Drawn, truth: np.ndarray) -> np.ndarray:
    """Return which intervals of rows hold the truth, shape (depths, lengths), of shape (runs, lengths)."""
    held = []
    for first, hits, drawn_of in zip(drawn.first, drawn.hits_of, drawn.drawn_of, strict=True):
        used = drawn_of.any(axis=(1, 2))
        once = FirstDraws(found=first, measured=np.ones_like(first))
        _, low, high = row_intervals(hits[used].astype(np.float64), drawn_of[used].astype(np.float64), once)
        held.append((low - 1e-9 <= truth.mean(axis=0)) & (truth.mean(axis=0) <= high + 1e-9))
    return np.array(held)


def over_haystacks(chance: np.ndarray, between: float) -> np.ndarray:
    """Return the chance in each cell over all haystacks there could be, `between` their deviation in logits."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    logit = np.log(np.clip(chance, 1e-12, 1 - 1e-12) / np.clip(1 - chance, 1e-12, 1))
    each = [w / (1 + np.exp(-(logit + between * z))) for z, w in zip(nodes, weights, strict=True)]
    return np.asarray(sum(each) / weights.sum())


def saving(chance: np.ndarray, precision: float, runs: int, seed: int = 2) -> Saving:
    """Simulate adaptive runs on a surface, and compute what equal repeats take; nothing of the latter is simulated."""
    drawn = simulate(chance, most_draws(SIDE, precision), runs, seed=seed)
    variance = chance * (1 - chance)
    row_error = np.sqrt(np.mean((drawn.rows - chance.mean(axis=0)) ** 2, axis=0)).max()
    cell_error = np.mean((drawn.cells - chance) ** 2)
    return Saving(
        calls=float(drawn.number.sum(axis=(1, 2)).mean()),
        row_error=100 * float(row_error),
        equal_rows=CELLS * float((variance.sum(axis=0) / SIDE**2).max() / row_error**2),
        equal_cells=CELLS * float(variance.mean() / cell_error),
        covered=float(rows_held(drawn, chance).mean()),
    )


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="Simulated grids a row of the first table.")
    runs = parser.parse_args().runs
    print(f"Mean errors in points, {runs} grids of {SIDE} x {SIDE} a row, --precision 0.05\n")
    print("| model | headline | cells (standard error) | worst row, in standard errors | all draws pooled |")
    print("|---|---|---|---|---|")
    worst = 0.0
    for name, bias in bias_table(runs):
        print(
            f"| {name} | {bias.headline:+.2f} | {bias.cells:+.2f} ({bias.error:.2f}) | {bias.row:.1f} | "
            f"{bias.pooled:+.2f} |",
            flush=True,
        )
        if name in ("flat, 0.30", "flat, 0.50", "flat, 0.90"):
            worst = max(worst, abs(bias.headline))
    for precision in (0.05, 0.1):
        sure = CELLS * most_draws(SIDE, precision)
        print(f"\n--precision {precision}: equal repeats that are sure of it beforehand take {sure:,} calls\n")
        print("| model | calls | error of the worst length | equal repeats, same error | saved | by cells | held |")
        print("|---|---|---|---|---|---|---|")
        for name, chance in SURFACES.items():
            found = saving(chance, precision, runs)
            saved, cells = 1 - found.calls / found.equal_rows, 1 - found.calls / found.equal_cells
            print(
                f"| {name} | {found.calls:,.0f} | {found.row_error:.1f} | {found.equal_rows:,.0f} | {saved:+.0%} | "
                f"{cells:+.0%} | {found.covered:.1%} |",
                flush=True,
            )
    return int(worst >= 0.5)


if __name__ == "__main__":
    raise SystemExit(main())
