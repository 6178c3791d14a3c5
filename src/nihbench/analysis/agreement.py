"""A scorer's bands against a reference's (people, or a judge), and two trivial baselines against the same reference.

No figure of the scorer is made without what it must beat. It reads no files and prints nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from nihbench.lang.messages import Words
from nihbench.types import PERCENT_BANDS, Grade, IntArray, Needle, Score


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One answer graded twice: `band` (`outcome` and `why`, where given) is the reference's, `grade` the scorer's."""

    id: str
    needle: Needle
    answer: str
    expected: str
    band: int
    outcome: str | None
    grade: Grade
    why: Words = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How far one rater agrees with the reference.

    `table[i][j]` counts the reference in band i and the rater in band j, of `PERCENT_BANDS`. `recall[i]` is
    the share of the reference's band i that the rater put there too, None where there are none.
    """

    rater: str
    items: int
    table: tuple[tuple[int, ...], ...]
    kappa: Kappa
    exact: float | None
    recall: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The scorer first, then the baselines, all on the same items: those of one language, or "all".

    `outcome` is the share of items with the reference's outcome class, None where the reference gives none.
    """

    language: str
    scorer: Agreement
    baselines: tuple[Agreement, ...]
    outcome: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementReport:
    """All comparisons (the whole first, then each language where there are several), and what differs.

    `unscored` items are in no figure. `disagreements` have another band, the farthest apart first.
    """

    reference: str
    comparisons: tuple[Comparison, ...]
    disagreements: tuple[Item, ...]
    unscored: tuple[Item, ...]


def agreement_report(items: Sequence[Item], *, scorer: str, reference: str) -> AgreementReport:
    """Compare a scorer's grades with a reference's.

    Args:
        items: every answer that both graded; the scorer may have left some unscored.
        scorer: the scorer's name and version, as it is shown.
        reference: what the reference is called.
    """
    scored = [item for item in items if isinstance(item.grade, Score)]
    languages = sorted({item.needle.language for item in scored})
    groups = [("all", scored)]
    if len(languages) > 1:
        groups += [(name, [i for i in scored if i.needle.language == name]) for name in languages]
    differ = [item for item in scored if _band(item) != item.band]
    return AgreementReport(
        reference=reference,
        comparisons=tuple(_compare(name, group, scorer) for name, group in groups),
        disagreements=tuple(
            sorted(differ, key=lambda item: -abs(PERCENT_BANDS.index(_band(item)) - PERCENT_BANDS.index(item.band)))
        ),
        unscored=tuple(item for item in items if not isinstance(item.grade, Score)),
    )


def _compare(language: str, items: Sequence[Item], scorer: str) -> Comparison:
    told = [item for item in items if item.outcome is not None]
    same = sum(isinstance(item.grade, Score) and item.grade.outcome == item.outcome for item in told)
    return Comparison(
        language=language,
        scorer=_agreement(scorer, items, _band),
        baselines=tuple(_agreement(name, items, rater) for name, rater in BASELINES.items()),
        outcome=same / len(told) if told else None,
    )


def _agreement(rater: str, items: Sequence[Item], band: Callable[[Item], int]) -> Agreement:
    reference = [PERCENT_BANDS.index(item.band) for item in items]
    table = confusion(reference, [PERCENT_BANDS.index(band(item)) for item in items], len(PERCENT_BANDS))
    return Agreement(
        rater=rater,
        items=len(items),
        table=tuple(tuple(int(cell) for cell in row) for row in table),
        kappa=weighted_kappa(table),
        exact=exact_agreement(table),
        recall=recalls(table),
    )


def _band(item: Item) -> int:
    assert isinstance(item.grade, Score)
    return round(item.grade.value * 100)


def keyword_band(item: Item) -> int:
    """Return 100 where the first identifying fact's text stands in the answer, else 0, case apart."""
    texts = [fact.text for fact in item.needle.facts if fact.identifying] or _facts(item)
    return 100 if texts[0].casefold() in item.answer.casefold() else 0


def share_band(item: Item) -> int:
    """Return the band nearest to the share of facts whose text stands in the answer, the lower of two as near."""
    texts = _facts(item)
    answer = item.answer.casefold()
    share = 100 * sum(text.casefold() in answer for text in texts) / len(texts)
    return min(PERCENT_BANDS, key=lambda band: (abs(band - share), band))


def _facts(item: Item) -> list[str]:
    return [fact.text for fact in item.needle.facts] or [item.expected or item.needle.answer]


BASELINES: Mapping[str, Callable[[Item], int]] = {"one keyword": keyword_band, "share of facts": share_band}


# ---- two raters on ordered classes: confusion table, weighted kappa with its interval, recall by class ---------------
# It knows nothing of answers or bands: classes are indices, 0 the lowest.


_ROUNDING = 1e-12
"""A variance that is so small a share of the two numbers whose difference it is, is 0 but for rounding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kappa:
    """A weighted kappa and its confidence interval, cut at -1 and 1.

    `value` is None where it is not defined: there is no item, or both raters gave one and the same class throughout.
    `low` and `high` are None where the standard error says nothing, because it is 0: kappa is undefined, or no two
    ratings differ (a handful of items without a disagreement is no proof of perfect agreement); nor is there an
    interval for fewer than 2 k^2 items in k classes, from where on the large-sample error holds (Cicchetti, Applied
    Psychological Measurement 5 (1981), 101-104).
    """

    value: float | None
    low: float | None
    high: float | None


def confusion(reference: Sequence[int], rated: Sequence[int], classes: int) -> IntArray:
    """Count pairs of ratings: cell (i, j) holds the items that the reference puts into i and the other rater into j.

    Args:
        reference: class indices of the first rater, one an item.
        rated: those of the second, in the same order.
        classes: how many classes there are.

    Raises:
        ValueError: the lengths differ.
    """
    if len(reference) != len(rated):
        raise ValueError(f"{len(reference)} ratings beside {len(rated)}")
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (np.asarray(reference, dtype=np.int64), np.asarray(rated, dtype=np.int64)), 1)
    return table


def weighted_kappa(table: IntArray, *, level: float = 0.95) -> Kappa:
    """Return Cohen's kappa with quadratic weights over equally spaced classes, and its large-sample interval.

    Source: Cohen 1968 (weighted kappa); the standard error is that of Fleiss, Cohen and Everitt, Psychological
    Bulletin 72 (1969), 323-327, for a kappa that is not zero. Items are taken as independent.

    Args:
        table: the square table of `confusion`.
        level: the interval's nominal coverage.
    """
    total = int(table.sum())
    if total == 0:
        return Kappa(value=None, low=None, high=None)
    shares = table / total
    agreement = _quadratic(len(table))
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed = float((agreement * shares).sum())
    expected = float((agreement * np.outer(rows, columns)).sum())
    if math.isclose(expected, 1.0):
        return Kappa(value=None, low=None, high=None)
    kappa = (observed - expected) / (1 - expected)
    # Mean weight of each row and column under the other rater's margins, summed for every cell.
    margins = (agreement @ columns)[:, None] + (rows @ agreement)[None, :]
    spread = float((shares * (agreement * (1 - expected) - margins * (1 - observed)) ** 2).sum())
    square = (observed * expected - 2 * expected + observed) ** 2
    if total < 2 * len(table) ** 2 or spread - square <= _ROUNDING * max(spread, square):
        return Kappa(value=kappa, low=None, high=None)
    variance = (spread - square) / (total * (1 - expected) ** 4)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(variance)
    return Kappa(value=kappa, low=max(kappa - reach, -1.0), high=min(kappa + reach, 1.0))


def exact_agreement(table: IntArray) -> float | None:
    """Return the share of items that both raters put into the same class; None without items."""
    total = int(table.sum())
    return float(np.trace(table) / total) if total else None


def recalls(table: IntArray) -> tuple[float | None, ...]:
    """Return for each class of the reference the share that the other rater put there too; None for an empty class."""
    sums = table.sum(axis=1)
    return tuple(float(table[i, i] / n) if n else None for i, n in enumerate(sums))


def _quadratic(classes: int) -> NDArray[np.float64]:
    """Return the weights of agreement: 1 for the same class, 0 for the two farthest apart."""
    places = np.arange(classes, dtype=np.float64)
    weights: NDArray[np.float64] = 1 - (np.subtract.outer(places, places) / max(classes - 1, 1)) ** 2
    return weights
