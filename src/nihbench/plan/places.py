"""Which nominal depths are one prompt: a needle goes to the nearest sentence boundary, and several depths may share it.

A trial is a place in a text. Where steps of depth are smaller than sentences, several cells of a grid are the same
place; they are one trial, sent once and counted once, which is drawn in all of them (`Trial.also_depths`). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nihbench.types import Trial

NEEDLE_CONTROLS = ("oracle",)
"""Controls that ask at several depths; the others ask the same again on purpose, or have no needle."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """Where a trial's inserts come to stand: `place` is equal where two trials of one text have the same prompt.

    `achieved`: which row of the grid that is.
    """

    place: Hashable
    achieved: float


Group = tuple[str, int, int, bool, str | None]
"""What trials must share, beside the place, to be one: prompt, length, repeat, extra, control."""


def merged(trials: Sequence[Trial], landing_of: Callable[[Trial], Landing | None]) -> tuple[Trial, ...]:
    """Return the trials with those of one place made one, which bears the nominal depth nearest to where it stands.

    The order is that of the trials that remain.

    Args:
        trials: of one experiment, each depth by itself.
        landing_of: says where a trial's needle stands; None: at a place of its own.
    """
    together: dict[Hashable, list[tuple[float, Trial]]] = {}
    for number, trial in enumerate(trials):
        landing = landing_of(trial) if is_placed(trial) else None
        off = abs(trial.row - landing.achieved) if landing else 0.0
        key: Hashable = number if landing is None else (group_of(trial), landing.place)
        together.setdefault(key, []).append((off, trial))
    made = {}
    for each in together.values():
        _, first = min(each, key=lambda pair: (round(pair[0], 6), pair[1].row))
        made[first] = standing_for(first, (row for _, trial in each for row in trial.rows))
    return tuple(made[trial] for trial in trials if trial in made)


def is_placed(trial: Trial) -> bool:
    """Say whether a trial's depth is what tells it from others, so that one place is one trial."""
    return trial.control is None or trial.control in NEEDLE_CONTROLS


def group_of(trial: Trial) -> Group:
    """Return what trials must share, beside the place, to be one."""
    return trial.prompt, trial.length, trial.repeat, trial.extra, trial.control


def standing_for(trial: Trial, depths: Iterable[float]) -> Trial:
    """Return the trial with all these nominal depths, its own kept first."""
    return replace(trial, also_depths=tuple(sorted(set(depths) - {trial.row})))


def joined_depths(groups: Iterable[Iterable[float]]) -> tuple[tuple[float, ...], ...]:
    """Return groups of depths with those made one that have a depth in common, each ascending."""
    joined: list[set[float]] = []
    for group in groups:
        one = set(group)
        touched = [other for other in joined if not other.isdisjoint(one)]
        joined = [*(other for other in joined if other not in touched), one.union(*touched)]
    return tuple(sorted(tuple(sorted(one)) for one in joined))


def stored_places(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """Return how run.json says which depths of a grid are one prompt; the first depth is the trial's."""
    return [
        {
            "prompt": trial.prompt,
            "length": trial.length,
            "repeat": trial.repeat,
            "depths": [trial.row, *trial.also_depths],
        }
        for trial in trials
        if trial.also_depths and trial.control is None
    ]


def merged_as_stored(trials: Sequence[Trial], stored: Iterable[Mapping[str, Any]]) -> tuple[Trial, ...]:
    """Return a grid's trials as `stored_places` says that they were merged.

    Raises:
        ValueError: it names a depth twice, or one that is not in the grid.
    """
    known = {(trial.prompt, trial.length, trial.repeat, trial.row): trial for trial in trials}
    gone: set[Trial] = set()
    made: dict[Trial, Trial] = {}
    for row in stored:
        depths = [float(depth) for depth in row["depths"]]
        try:
            of_row = [known[str(row["prompt"]), int(row["length"]), int(row["repeat"]), depth] for depth in depths]
        except KeyError as error:
            raise ValueError(f"{error} is no trial of the grid") from error
        if len(set(of_row)) < len(of_row) or any(trial in gone or trial in made for trial in of_row):
            raise ValueError(f"the depths {depths} stand in two trials")
        gone.update(of_row[1:])
        made[of_row[0]] = standing_for(of_row[0], depths)
    return tuple(made.get(trial, trial) for trial in trials if trial not in gone)


def prompts_by_length(trials: Iterable[Trial]) -> dict[int, tuple[int, int, int]]:
    """Return for each length where depths share prompts: how many depths, and the fewest and most prompts of them.

    Fewest and most over the prompt variants and repeats.
    """
    counts: dict[int, dict[tuple[str, int], list[int]]] = {}
    for trial in trials:
        if trial.control is None and not trial.extra:
            count = counts.setdefault(trial.length, {}).setdefault((trial.prompt, trial.repeat), [0, 0])
            count[0] += len(trial.rows)
            count[1] += 1
    found = {}
    for length, each in sorted(counts.items()):
        depths, prompts = max(cells for cells, _ in each.values()), [made for _, made in each.values()]
        if min(prompts) < depths:
            found[length] = (depths, min(prompts), max(prompts))
    return found
