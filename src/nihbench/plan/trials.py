"""The trials of a grid."""

from __future__ import annotations

from collections.abc import Sequence

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.types import Trial

MOST_TRIALS = 200_000
"""Ten times the largest sweep that anybody reads; a plan is in memory as a whole."""


def make_trials(
    *,
    experiment: str,
    needle: str,
    prompts: Sequence[str],
    lengths: Sequence[int],
    depths: Sequence[float],
    repeats: int,
) -> tuple[Trial, ...]:
    """Return every (repeat, length, depth, prompt) once, in that nesting.

    Raises:
        UsageError: there are more than a run may have.
    """
    count = len(prompts) * len(lengths) * len(depths) * repeats
    if count > MOST_TRIALS:
        raise UsageError(t("plan.grid_trials_more_than", count=count, most=MOST_TRIALS))
    return tuple(
        Trial(experiment=experiment, needle=needle, prompt=prompt, length=length, depth_percent=depth, repeat=repeat)
        for repeat in range(repeats)
        for length in lengths
        for depth in depths
        for prompt in prompts
    )
