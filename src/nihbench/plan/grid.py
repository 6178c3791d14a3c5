"""The grid of a plan: `--lengths` and `--depths` as values, the trials of each cell, depths that are one prompt.

An axis is a number of steps, a range with steps, or a list. k is 1,000, m 1,000,000. A unit behind a number (300t, 50%)
says that it is a value, not a number of steps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.types import DEPTH, Trial

OPEN_END = "max"
MAX_LENGTHS = 100
MAX_DEPTHS = 101
PLAIN_COUNT = 25
"""A bare number up to this is a number of steps; a larger one may as well be meant as a value."""
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)([km]?)t?", re.IGNORECASE | re.ASCII)
_BEYOND = 10**9
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


def parse_lengths(spec: str, *, lowest: int, highest: int) -> tuple[int, ...]:
    """Read context lengths in tokens: `15`, `1k:128k:15`, `1k:1m:15:log`, `1k:max:5:log`, `1k,4k,16k` or `300t`.

    Args:
        spec: the text of the option.
        lowest: the first length of `N` steps.
        highest: the last length of `N` steps, and what `max` is: what window and corpus can hold.

    Returns:
        Lengths in ascending order, each once.

    Raises:
        UsageError: the text is none of these forms, or a length is not positive.
    """
    spec = spec.strip()
    if is_count(spec):
        lengths = _steps(float(min(lowest, highest)), float(highest), _count(spec, "--lengths", MAX_LENGTHS), "lin")
    elif ":" in spec:
        parts = spec.split(":")
        if len(parts) not in (3, 4):
            raise UsageError(t("plan.lengths_not_first_last", spec=spec))
        first, last = parse_length(parts[0]), float(highest) if is_open(spec) else parse_length(parts[1])
        if is_open(spec):
            first = min(first, last)
        if first > last:
            raise UsageError(t("plan.lengths_goes_down_write", spec=spec))
        kind = parts[3] if len(parts) == 4 else "lin"
        if kind not in ("lin", "log"):
            raise UsageError(t("plan.lengths_ends_only_log", spec=spec, kind=kind))
        lengths = _steps(first, last, _count(parts[2], "--lengths", MAX_LENGTHS), kind)
    else:
        lengths = [parse_length(part) for part in spec.split(",")]
    return tuple(sorted({round(value) for value in lengths}))


def parse_depths(spec: str) -> tuple[float, ...]:
    """Read depths in percent: `15`, `0:100:15`, `0:100:15:sigmoid`, `0,50,100` or `50%`.

    `sigmoid` is Kamradt's spacing (needlehaystack, 2023): 100 / (1 + exp(-0.1 (x - 50))) of even steps x, the ends
    kept, which puts more depths near both ends.

    Returns:
        Depths in ascending order, each once, rounded to 0.01 percent.

    Raises:
        UsageError: the text is none of these forms, or a depth lies outside 0 to 100.
    """
    spec = spec.strip()
    if is_count(spec):
        depths = _steps(0.0, 100.0, _count(spec, "--depths", MAX_DEPTHS), "lin")
    elif ":" in spec:
        parts = spec.split(":")
        if len(parts) not in (3, 4):
            raise UsageError(t("plan.depths_not_first_last", spec=spec))
        first, last = parse_depth(parts[0]), parse_depth(parts[1])
        if first > last:
            raise UsageError(t("plan.depths_goes_down_write", spec=spec))
        kind = parts[3] if len(parts) == 4 else "lin"
        if kind not in ("lin", "sigmoid"):
            raise UsageError(t("plan.depths_ends_only_sigmoid", spec=spec, kind=kind))
        depths = _steps(first, last, _count(parts[2], "--depths", MAX_DEPTHS), "lin")
        if kind == "sigmoid":
            depths = [x if x in (0.0, 100.0) else 100.0 / (1.0 + math.exp(-0.1 * (x - 50.0))) for x in depths]
    else:
        depths = [parse_depth(part) for part in spec.split(",")]
    return tuple(sorted({round(value, 2) for value in depths}))


def is_count(spec: str) -> bool:
    """Say whether an option's text is a bare number of steps (0 to 9 only: `²` is a digit too, but no number)."""
    return spec.strip().isascii() and spec.strip().isdecimal()


def is_open(spec: str) -> bool:
    """Say whether lengths go up to what window and corpus can hold, from a first one that is named: `2k:max:5`."""
    return spec.count(":") > 1 and spec.split(":")[1].strip() == OPEN_END


def count_of(spec: str) -> int:
    """Return the number that a bare number of steps says; one of many digits is simply very large."""
    return int(spec) if len(spec.strip()) < len(str(_BEYOND)) else _BEYOND


def _steps(first: float, last: float, count: int, kind: str) -> list[float]:
    if count == 1:
        return [last]
    if kind == "log":
        return [float(x) for x in np.geomspace(first, last, count)]
    return [float(x) for x in np.linspace(first, last, count)]


def _count(text: str, option: str, most: int) -> int:
    if not is_count(text) or not 1 <= count_of(text) <= most:
        raise UsageError(t("plan.not_number_steps_from", option=option, text=text, most=most))
    return int(text)


def parse_length(text: str, option: str = "--lengths") -> float:
    """Read one length in tokens, such as 4000, 4k or 300t.

    Raises:
        UsageError: it is none; the message names the `option`.
    """
    match = _NUMBER.fullmatch(text.strip())
    value = float(match[1]) * _UNITS[match[2].lower()] if match is not None else _BEYOND
    if value >= _BEYOND:
        raise UsageError(t("plan.not_length_tokens_such", option=option, text=text.strip()))
    if value < 1:
        raise UsageError(t("plan.must_least_1_token", option=option, text=text.strip()))
    return value


def parse_depth(text: str, option: str = "--depths") -> float:
    """Read one depth in percent, such as 50 or 50%.

    Raises:
        UsageError: it is none, or lies outside 0 to 100; the message names the `option`.
    """
    number = text.strip().removesuffix("%").removesuffix("\N{FULLWIDTH PERCENT SIGN}")
    try:
        value = float(number.encode("ascii"))
    except ValueError as error:
        raise UsageError(t("plan.not_depth_percent_such", option=option, text=text.strip())) from error
    if not 0.0 <= value <= 100.0:
        raise UsageError(t("plan.lies_outside_0_100", option=option, text=text.strip()))
    return value


# ---- the trials of a grid --------------------------------------------------------------------------------------------

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
    axis: str = DEPTH.name,
) -> tuple[Trial, ...]:
    """Return every (repeat, length, depth, prompt) once, in that nesting; on another axis `depths` are its points.

    Raises:
        UsageError: there are more than a run may have.
    """
    count = len(prompts) * len(lengths) * len(depths) * repeats
    if count > MOST_TRIALS:
        raise UsageError(t("plan.grid_trials_more_than", count=count, most=MOST_TRIALS))
    return _made(
        experiment, needle, tuple(prompts), tuple(lengths), tuple(depths), repeats, axis, tuple(map(type, depths))
    )


@lru_cache(maxsize=1)
def _made(
    experiment: str,
    needle: str,
    prompts: tuple[str, ...],
    lengths: tuple[int, ...],
    depths: tuple[float, ...],
    repeats: int,
    axis: str,
    kinds: tuple[type, ...],
) -> tuple[Trial, ...]:
    """Make a grid; the last one is remembered, for a run that is gone on with is read and planned with the same.

    `kinds` tells 50 from 50.0, which are one value and two texts.
    """
    by_depth = axis == DEPTH.name
    return tuple(
        Trial(
            experiment=experiment,
            needle=needle,
            prompt=prompt,
            length=length,
            depth_percent=depth if by_depth else 0.0,
            repeat=repeat,
            point=None if by_depth else depth,
        )
        for repeat in range(repeats)
        for length in lengths
        for depth in depths
        for prompt in prompts
    )


def sampled(trials: Iterable[Trial], lengths: Sequence[int], counts: Sequence[int] | None) -> tuple[Trial, ...]:
    """Return the trials that are left where each length is measured only so often; `counts` None or empty: all.

    Rows that are depths take turns, for one measurement of a length needs one of them; each length begins with the one
    behind those that the shorter one had first. Of other rows each is measured so often.
    """
    if not counts:
        return tuple(trials)
    given = tuple(trials)
    depths = sorted({trial.depth_percent for trial in given if trial.point is None})
    turns = {
        (length, depth): (at - begin * LEAST_SAMPLES) % len(depths)
        for begin, length in enumerate(lengths)
        for at, depth in enumerate(depths)
    }
    most = dict(zip(lengths, counts, strict=True))

    def turn(trial: Trial) -> int:
        if trial.point is not None:
            return trial.repeat
        return trial.repeat * len(depths) + turns[trial.length, trial.depth_percent]

    return tuple(trial for trial in given if turn(trial) < most[trial.length])


LEAST_SAMPLES = 2
"""So often every length is measured whatever it costs: two misses show a fall, one may be chance."""


def trial_at(axis: str, row: float, **known: Any) -> Trial:
    """Return the trial of a row: a nominal depth in percent, or a point of the task's own axis."""
    if axis == DEPTH.name:
        return Trial(depth_percent=row, **known)
    return Trial(depth_percent=0.0, point=row, **known)


# ---- which nominal depths are one prompt: several may share the sentence boundary that is nearest --------------------
# A trial is a place in a text. Where steps of depth are smaller than sentences, several cells of a grid are the same
# place; they are one trial, sent once and counted once, which is drawn in all of them (`Trial.also_depths`). Pure.


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
    # By their numbers: to look a trial itself up takes longer than to make it.
    known = {(trial.prompt, trial.length, trial.repeat, trial.row): number for number, trial in enumerate(trials)}
    gone: set[int] = set()
    made: dict[int, Trial] = {}
    for row in stored:
        depths = [float(depth) for depth in row["depths"]]
        try:
            of_row = [known[str(row["prompt"]), int(row["length"]), int(row["repeat"]), depth] for depth in depths]
        except KeyError as error:
            raise ValueError(f"{error} is no trial of the grid") from error
        if len(set(of_row)) < len(of_row) or any(number in gone or number in made for number in of_row):
            raise ValueError(f"the depths {depths} stand in two trials")
        gone.update(of_row[1:])
        made[of_row[0]] = standing_for(trials[of_row[0]], depths)
    return tuple(made.get(number, trial) for number, trial in enumerate(trials) if number not in gone)


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
        depths = max(cells for cells, _ in each.values())
        prompts = [made for cells, made in each.values() if cells == depths]  # others have some of the depths alone
        if min(prompts) < depths:
            found[length] = (depths, min(prompts), max(prompts))
    return found


# ---- trials beside the grid: is the needle fair, the answer in the text only, the endpoint what it was? --------------
# docs/method.md, "Controls", says why there are so many of each. They stand beside the grid and never in it.


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
