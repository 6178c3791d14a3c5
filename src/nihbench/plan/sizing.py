"""How often each length is measured where a run may send only so much: fewer repeats where a prompt costs more. Pure.

Every length may cost as much as another. So the many trials of short lengths, which cost little, and those of longer
ones together show how far a range reaches at least, though the few at the longest length alone would show nothing.
What a trial costs is told in tokens of its prompt, those of its answer among them at what they usually cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nihbench.plan.grid import LEAST_SAMPLES
from nihbench.stats.effective import TOGETHER

CLASSIC_STEPS = 15
"""The classic sweep has so many lengths, evenly spaced, and so many depths at each."""
CLASSIC_SHORTEST = 1000
ANSWER_PRICE = 5
"""What a token of an answer costs, in tokens of a prompt."""


def classic_lengths(longest: int) -> tuple[int, ...]:
    """Return the lengths of a classic sweep up to `longest` tokens."""
    steps = np.linspace(min(CLASSIC_SHORTEST, longest), longest, CLASSIC_STEPS)
    return tuple(sorted({round(float(step)) for step in steps}))


def classic_cost(longest: int, answer_tokens: int) -> int:
    """Return what a classic sweep costs in tokens of a prompt; its controls are not counted."""
    return CLASSIC_STEPS * sum(trial_cost(length, answer_tokens) for length in classic_lengths(longest))


def trial_cost(length: int, answer_tokens: int) -> int:
    """Return what one trial costs in tokens of a prompt."""
    return length + ANSWER_PRICE * answer_tokens


def samples(
    lengths: Sequence[int], budget: float, *, answer_tokens: int, most: int, at_once: int = 1
) -> tuple[int, ...]:
    """Return how often each length is measured.

    Args:
        lengths: in tokens, ascending.
        budget: what all of it may cost, in tokens of a prompt. `LEAST_SAMPLES` of each length, and `TOGETHER` of
            all with more of the shortest, are measured whatever they cost.
        answer_tokens: of a usual answer.
        most: more often than so no length is measured.
        at_once: how many trials one measurement of a length is: the prompts of the grid, and its rows where they are
            no depths.
    """
    costs = [at_once * trial_cost(length, answer_tokens) for length in lengths]
    counts = [min(LEAST_SAMPLES, most)] * len(costs)
    counts[0] = min(max(counts[0], math.ceil((TOGETHER - sum(counts[1:]) * at_once) / at_once)), most)
    left = budget - sum(count * cost for count, cost in zip(counts, costs, strict=True))
    growing = set(range(len(costs)))
    while growing:
        at = min(growing, key=lambda each: (counts[each] * costs[each], each))
        if counts[at] >= most or costs[at] > left:
            growing.discard(at)
            continue
        counts[at] += 1
        left -= costs[at]
    return tuple(counts)
