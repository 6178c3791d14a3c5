"""The numbers that every summary has: each is the mean of what single trials came to.

One more is one more entry here and its words in the catalogs (`figure.metric_NAME`, `page.NAME`, `page.def_NAME`):
terminal, captions and the report take them from this list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import FloatArray

LEAST_MEASURED = 0.95
"""With a smaller share of the planned trials measured there is no effective length and no verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A number of a summary.

    `of` returns what trials came to, from 0 to 1, of their scores and of whether each was found; any shape.
    """

    name: str
    of: Callable[[ArrayLike, ArrayLike], FloatArray]


def _found(value: ArrayLike, found: ArrayLike) -> FloatArray:
    return np.asarray(found, dtype=np.float64)


def _strict(value: ArrayLike, found: ArrayLike) -> FloatArray:
    return np.isclose(np.asarray(value, dtype=np.float64), 1.0).astype(np.float64)


def _score(value: ArrayLike, found: ArrayLike) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


METRICS = (
    Metric(name="found", of=_found),
    Metric(name="strict", of=_strict),
    Metric(name="mean_band", of=_score),
)
"""In the order in which they are always told."""
