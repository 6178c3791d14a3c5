"""How many independent answers a grid's misses are worth, where neighbouring cells tend to agree.

Misses that lie in patches fill some region well by chance alone. What a pattern leaves unexplained shows it: where its
residuals still agree from cell to cell, the answers are fewer than they look, and its likelihood is divided by the
inflation of a sum's variance (a quasi-likelihood: Wedderburn, Biometrika 1974).
"""

from __future__ import annotations

import math

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray

STRONGEST = 0.95
"""Correlation of neighbours from which they are taken as one."""

STEPS = ((1, 0), (0, 1))
"""To the next depth, and to the next length."""

SEEN = 2.0
"""Neighbours, or trials of one cell, agree where that is more than so many standard errors; less is chance."""


def inflation(residual: FloatArray, row: IntArray, column: IntArray) -> float:
    """Return how much more a sum of residuals varies than one of independent answers, 1 or more.

    That is the spread between cells of several trials over what their trials let expect, times the larger of two
    estimates of what neighbours add: that of a first-order process along both axes, (1 + r) / (1 - r) each (Bartlett
    1935; Clifford, Richardson and Hemon, Biometrics 1989), and the sum of the correlations at all distances up to the
    first that is not positive (the initial positive sequence: Geyer, Statistical Science 1992). The first catches short
    and smooth patches, the second rough ones that reach far. What chance lets expect adds nothing.

    Args:
        residual: Shape (n,), each outcome (0 or 1) less the chance that the pattern gives it.
        row: Shape (n,), index of each trial's cell along the depths.
        column: Shape (n,), the same along the lengths.
    """
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row, column), residual)
    np.add.at(count, (row, column), 1)
    cells = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    variance = float(np.nanmean(cells * cells))
    if variance < 1e-12:
        return 1.0
    alone = float(np.mean(residual**2)) * float(np.mean(1 / count[count > 0]))
    scaled = cells / math.sqrt(variance)
    nearest = [_agreement(scaled, *step) for step in STEPS]
    agreed, pairs = (sum(each) for each in zip(*nearest, strict=True))
    patches = max(_first_order(nearest), _all_distances(scaled)) if agreed > SEEN * math.sqrt(pairs) else 1.0
    spread = variance / alone  # of cells of several trials; its own error is about sqrt(2 / cells)
    return (spread if spread > 1 + SEEN * math.sqrt(2 / int(np.sum(count > 0))) else 1.0) * patches


def _first_order(nearest: list[tuple[float, int]]) -> float:
    product = 1.0
    for agreed, pairs in nearest:
        kept = min(max(agreed / max(pairs, 1), 0.0), STRONGEST)
        product *= (1 + kept) / (1 - kept)
    return product


def _all_distances(cells: FloatArray) -> float:
    """Add up the correlations ring by ring, each ring the steps that have about one distance."""
    rows, columns = cells.shape
    rings: dict[int, list[tuple[int, int]]] = {}
    for down in range(rows // 2 + 1):
        for across in range(-(columns // 2), columns // 2 + 1):
            if (down, across) > (0, 0):
                rings.setdefault(round(math.hypot(down, across)), []).append((down, across))
    total = 1.0
    for distance in sorted(rings):
        agreed, pairs = map(sum, zip(*(_agreement(cells, *step) for step in rings[distance]), strict=True))
        if agreed <= 0:
            break
        total += 2 * len(rings[distance]) * agreed / pairs
    return total


def _agreement(cells: FloatArray, down: int, across: int) -> tuple[float, int]:
    """Return the sum of the products of all cells so many steps apart, and how many pairs there are."""
    rows, columns = cells.shape
    near = cells[: rows - down, max(0, -across) : columns - max(0, across)]
    far = cells[down:, max(0, across) : columns - max(0, -across)]
    products = near * far
    there = ~np.isnan(products)
    return float(products[there].sum()), int(there.sum())
