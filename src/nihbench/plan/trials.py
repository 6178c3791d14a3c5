"""The trials of a grid and the order in which they are sent."""

from __future__ import annotations

import random
from collections.abc import Sequence

from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.types import Trial

ORDERS = ("cache", "random", "grid")


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


def order_trials(trials: Sequence[Trial], order: str, seed: int) -> tuple[Trial, ...]:
    """Return the trials in sending order; a repeat is finished before the next begins.

    `cache`: by the needle's position in the text. Two prompts over one text share their beginning up to the
    shallower needle, so ascending positions let a server that keeps its last prompt compute only what lies behind
    it; prompt variants of one placement follow each other. `random`: shuffled by `seed`, so that a drift of the
    endpoint is not confounded with length. `grid`: row by row.

    Raises:
        UsageError: there is no such order.
    """
    if order not in ORDERS:
        raise UsageError(t("--order {order!r} is none of {orders}", order=order, orders=", ".join(ORDERS)))
    if order == "grid":
        return tuple(trials)
    ordered: list[Trial] = []
    for repeat in sorted({trial.repeat for trial in trials}):
        block = [trial for trial in trials if trial.repeat == repeat]
        if order == "random":
            random.Random(f"{seed}:{repeat}").shuffle(block)
        else:
            block.sort(key=lambda t: (t.length * t.depth_percent, t.length, t.prompt))
        ordered += block
    return tuple(ordered)
