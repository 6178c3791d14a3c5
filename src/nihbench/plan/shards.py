"""One part of several of a plan, for machines that share a sweep: `--shard 3/8`. Pure.

A part is a contiguous stretch of the sending order: trials that share a prefix are neighbours there and stay together,
so that every machine's cache is fed as one machine's would be. Parts have about the same number of tokens. What is
asked at one place goes back to back and is never parted. Controls stay where the order has them, so that every part
has a piece of the grid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.order import Turn
from nihbench.types import Trial

_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Part `number` (from 1) of `of`."""

    number: int
    of: int

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """Read `3/8`.

    Raises:
        UsageError: it is no part of a whole.
    """
    found = _SHARD.fullmatch(text.strip())
    if found is None or int(found[1]) > int(found[2]):
        raise UsageError(t("plan.shard_no_part_plan", text=text))
    return Shard(number=int(found[1]), of=int(found[2]))


def stretch(trials: Sequence[Trial], shard: Shard, turn_of: Callable[[Trial], Turn]) -> tuple[Trial, ...]:
    """Return a shard's trials, in order.

    Args:
        trials: the whole plan in sending order.
        shard: which part.
        turn_of: says which trials are asked at one place.

    Raises:
        UsageError: the plan has fewer places than parts.
    """
    places = _places(trials, turn_of)
    if shard.of > len(places):
        raise UsageError(t("plan.shard_plan_places_only", shard=shard, places=len(places)))
    cuts = _cuts([sum(trial.length for trial in place) for place in places], shard.of)
    first, last = cuts[shard.number - 1], cuts[shard.number]
    return tuple(trial for place in places[first:last] for trial in place)


def _places(trials: Sequence[Trial], turn_of: Callable[[Trial], Turn]) -> list[list[Trial]]:
    """Return the plan place by place; controls go with the grid's place that follows them, the last with the last."""
    places: list[list[Trial]] = []
    waiting: list[Trial] = []
    for _, place in groupby(trials, key=lambda trial: turn_of(trial).place):
        waiting += place
        if waiting[-1].control is None:
            places.append(waiting)
            waiting = []
    if places:
        places[-1] += waiting
    return places


def _cuts(sizes: Sequence[int], parts: int) -> list[int]:
    """Return where the parts begin and end: each as near to its share as places allow, and none of them empty."""
    total, done, cuts = sum(sizes), 0, [0]
    for index, size in enumerate(sizes):
        number = len(cuts)
        # A place goes to the part that holds its middle; what is left must be enough for one place a part.
        due = (2 * done + size) * parts >= 2 * total * number or len(sizes) - index == parts - number
        if number < parts and due and index > cuts[-1]:
            cuts.append(index)
        done += size
    return [*cuts, len(sizes)]
