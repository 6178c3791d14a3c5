"""The control trials of a run: is the needle fair, is the answer in the text only, does the endpoint stay what it was?

docs/method.md, "Controls", says why there are so many of each. They stand beside the grid and never in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from nihbench.plan.grid import trial_at
from nihbench.types import DEPTH, Trial

ControlKind = Literal["oracle", "closed_book", "no_needle", "sentinel"]
CONTROLS: tuple[ControlKind, ...] = ("oracle", "closed_book", "no_needle", "sentinel")
BEFORE_THE_GRID: tuple[ControlKind, ...] = ("oracle", "closed_book")
"""What a broken needle shows itself in, before the grid is paid for."""

ORACLE_TOKENS = 500
ORACLE_PLACES = 10
CLOSED_BOOK_DRAWS = 3
NO_NEEDLE_LENGTHS = 3
SENTINEL_EVERY = 25


def make_controls(
    *,
    experiment: str,
    needle: str,
    prompts: Mapping[str, int],
    lengths: Sequence[int],
    depths: Sequence[float],
    shortest: int,
    grid_trials: int,
    quick: bool,
    axis: str = DEPTH.name,
) -> tuple[Trial, ...]:
    """Return a run's control trials, kind after kind.

    Args:
        experiment: the experiment's name.
        needle: the needle's name.
        prompts: each prompt variant's name, and how many tokens it has without a haystack.
        lengths: the grid's lengths, ascending.
        depths: the grid's rows, ascending: depths, or points of another axis.
        shortest: the shortest length that holds needle, question and a haystack.
        grid_trials: how many trials the grid has.
        quick: oracle and closed book only.
        axis: what the rows are, by its name.
    """
    usual = 0.0 if axis == DEPTH.name else depths[0]

    def trial(control: ControlKind, prompt: str, length: int, row: float = usual, repeat: int = 0) -> Trial:
        return trial_at(
            axis, row, experiment=experiment, needle=needle, prompt=prompt, length=length, repeat=repeat,
            control=control,
        )  # fmt: skip

    oracle_length = max(shortest, min(ORACLE_TOKENS, lengths[-1]))
    controls = [
        trial("oracle", prompt, oracle_length, row, draw) for row, draw in _oracle(axis, depths) for prompt in prompts
    ]
    controls += [
        trial("closed_book", prompt, tokens, repeat=draw)
        for draw in range(CLOSED_BOOK_DRAWS)
        for prompt, tokens in prompts.items()
    ]
    if quick:
        return tuple(controls)
    controls += [trial("no_needle", prompt, length) for length in _spread(lengths) for prompt in prompts]
    first, middle = next(iter(prompts)), depths[len(depths) // 2]
    controls += [trial("sentinel", first, lengths[0], middle, repeat) for repeat in range(_sentinels(grid_trials))]
    return tuple(controls)


def _oracle(axis: str, rows: Sequence[float]) -> list[tuple[float, int]]:
    """Return where and with which draw the needle is asked for in a short text: at depths, or in all rows in turn."""
    if axis == DEPTH.name:
        return [(round(float(depth), 2), 0) for depth in np.linspace(0.0, 100.0, ORACLE_PLACES)]
    return [(rows[number % len(rows)], number // len(rows)) for number in range(max(ORACLE_PLACES, len(rows)))]


def with_controls(grid: Sequence[Trial], controls: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return the whole plan in sending order: what tells a broken needle, the grid with its sentinels, the rest."""
    sentinels = iter([trial for trial in controls if trial.control == "sentinel"])
    before = [trial for trial in controls if trial.control in BEFORE_THE_GRID]
    rest = [trial for trial in controls if trial.control not in (*BEFORE_THE_GRID, "sentinel")]
    return (*before, *_interleaved(grid, sentinels), *rest)


def _interleaved(grid: Sequence[Trial], sentinels: Iterator[Trial]) -> Iterator[Trial]:
    """Put a sentinel before the grid's first trial, and another after every so many.

    What is asked at one place goes back to back and is not parted: it shares nearly all of its prompts.
    """
    due, place = 0, None
    for number, trial in enumerate(grid):
        last, place = place, (trial.length, trial.row)
        if number >= due and place != last:
            yield from _next(sentinels)
            due += SENTINEL_EVERY
        yield trial
    yield from sentinels


def _next(trials: Iterator[Trial]) -> Iterator[Trial]:
    found = next(trials, None)
    if found is not None:
        yield found


def _sentinels(grid_trials: int) -> int:
    """Return how often the sentinel is asked: also after the last trial; a grid of less than 25 has none."""
    return grid_trials // SENTINEL_EVERY + 1 if grid_trials >= SENTINEL_EVERY else 0


def _spread(lengths: Sequence[int]) -> tuple[int, ...]:
    """Return the shortest length, the longest, and the one in the middle."""
    chosen = np.linspace(0, len(lengths) - 1, NO_NEEDLE_LENGTHS).round().astype(int)
    return tuple(dict.fromkeys(lengths[index] for index in chosen))
