"""How far from their nominal depths the needles of a plan will stand, known before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nihbench.run.forecast import haystack_tokens, nearest_boundary
from nihbench.run.setup import Setup
from nihbench.types import Placement

_HAYSTACKS = 3
"""So many are looked at: further ones are of the same corpus."""
_LARGE_POINTS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthError:
    """How far achieved depths are from nominal ones over a grid, in points: on average, and at most and where."""

    mean: float
    largest: float
    length: int
    is_large: bool


def depth_error(setup: Setup) -> DepthError | None:
    """Return how far the grid's needles will stand from their nominal depths; None where there is no grid.

    It is large beyond 2 points, or beyond half of what two neighbouring depths are apart: then a needle stands nearer
    to another row's depth than to its own.
    """
    found = list(_errors(setup))
    if not found:
        return None
    largest, length = max(found)
    steps = [after - before for before, after in pairwise(sorted(set(setup.depths)))]
    return DepthError(
        mean=sum(error for error, _ in found) / len(found),
        largest=largest,
        length=length,
        is_large=largest > min([_LARGE_POINTS, *(step / 2 for step in steps)]),
    )


def _errors(setup: Setup) -> Iterator[tuple[float, int]]:
    if setup.like is not None:
        for trial in setup.grid:
            placement = setup.like.of(trial).placement
            assert isinstance(placement, Placement)  # of the grid
            for depth in trial.depths:
                yield abs(placement.achieved_depth_percent - depth), trial.length
        return
    for repeat in range(min(setup.haystacks, _HAYSTACKS)):
        boundaries = setup.source_of(repeat).boundary_tokens.tolist()
        for trial in setup.grid:
            haystack = haystack_tokens(setup, trial)
            if trial.repeat == repeat and haystack > 0:
                for depth in trial.depths:
                    achieved = 100 * nearest_boundary(boundaries, haystack, depth) / haystack
                    yield abs(achieved - depth), trial.length
