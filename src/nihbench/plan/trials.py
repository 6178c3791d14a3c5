"""The trials of a grid."""

from __future__ import annotations

from collections.abc import Sequence

from nihbench.types import Trial


def make_trials(
    *,
    experiment: str,
    needle: str,
    prompts: Sequence[str],
    lengths: Sequence[int],
    depths: Sequence[float],
    repeats: int,
) -> tuple[Trial, ...]:
    """Return every (repeat, length, depth, prompt) once, in that nesting."""
    return tuple(
        Trial(experiment=experiment, needle=needle, prompt=prompt, length=length, depth_percent=depth, repeat=repeat)
        for repeat in range(repeats)
        for length in lengths
        for depth in depths
        for prompt in prompts
    )
