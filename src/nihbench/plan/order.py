"""The order in which a plan's trials are sent, and who must wait for whom so that prefix caches are fed.

Prompts over one text share their beginning up to the shallower needle. Whatever a cache is made of, the tokens that
must be computed are least when the prompts go by needle position: the sum over all prompts of what lies behind the
needle, and the deepest prefix once. A server that keeps its last prompt only (one slot) loses nothing by either
direction. One that keeps blocks of all prompts gains from the deepest first: after this one leader every other finds
its beginning computed, so that they may go at the same time. Prompts with the same needle position (depth 0) share
all of the shorter one: there the longest leads.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.types import Trial

ORDERS = ("cache", "random", "grid")
VARIED = ("haystack", "needle", "sampling")
"""What may differ from one repeat to the next."""


def order_trials(
    trials: Sequence[Trial],
    order: str,
    seed: int,
    *,
    vary: Collection[str] = ("haystack",),
    heads: Mapping[str, str] = MappingProxyType({}),
    fixed_tokens: int = 0,
) -> tuple[Trial, ...]:
    """Return the trials in sending order.

    `cache`: see the module. Repeats over haystacks of their own follow each other, every other one in the opposite
    direction, so that a drift of the endpoint is not confounded with length. Repeats over the same text, and prompt
    variants, go back to back, placement by placement. `random`: shuffled by `seed` within each repeat. `grid`: row by
    row.

    Args:
        trials: the plan.
        order: one of `ORDERS`.
        seed: of the shuffling.
        vary: what differs from one repeat to the next.
        heads: for every prompt, what it puts before the haystack: only prompts with the same share a beginning.
        fixed_tokens: tokens of a request beside the haystack.

    Raises:
        UsageError: there is no such order.
    """
    if order not in ORDERS:
        raise UsageError(t("plan.order_none", order=order, orders=tuple(ORDERS)))
    if order == "grid":
        return tuple(trials)
    ordered: list[Trial] = []
    if order == "random":
        for repeat in sorted({trial.repeat for trial in trials}):
            block = [trial for trial in trials if trial.repeat == repeat]
            random.Random(f"{seed}:{repeat}").shuffle(block)
            ordered += block
        return tuple(ordered)
    texts: dict[tuple[int, str], list[Trial]] = {}
    for trial in trials:
        texts.setdefault(text_of(trial, vary, heads), []).append(trial)
    for (text, _), block in sorted(texts.items(), key=lambda item: item[0][0]):
        ordered += _by_position(block, text % 2 == 1, "needle" in vary, fixed_tokens)
    return tuple(ordered)


def text_of(trial: Trial, vary: Collection[str], heads: Mapping[str, str]) -> tuple[int, str]:
    """Return what a trial's beginning is: which haystack, and what stands before it."""
    return (trial.repeat if "haystack" in vary else 0, heads.get(trial.prompt, ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """When a trial may be sent, several being in flight: the trials of one `place` go one after the other.

    Of the first trial of each of `groups` the others wait for the end: it computes what they share.
    """

    place: Hashable
    groups: tuple[Hashable, ...] = ()


def turn_of(trial: Trial, order: str, vary: Collection[str], heads: Mapping[str, str]) -> Turn:
    """Return a trial's turn; in another order than `cache` nothing waits for anything, and controls never do."""
    if order != "cache" or trial.control is not None:
        return Turn(place=trial)
    text = text_of(trial, vary, heads)
    top = ((*text, "top"),) if trial.row == trial.depth_percent == 0.0 else ()
    return Turn(place=(*text, trial.length, trial.row), groups=(text, *top))


def _by_position(trials: Sequence[Trial], ascending: bool, fresh_needles: bool, fixed_tokens: int) -> Iterator[Trial]:
    places: dict[tuple[float, int, float], list[Trial]] = {}
    for trial in trials:
        position = max(trial.length - fixed_tokens, 0) * trial.depth_percent
        key = (position if ascending else -position, -trial.length, trial.row)
        places.setdefault(key, []).append(trial)
    for place in places.values():
        # The same prompt again costs one token, another question its own, another needle all that is behind it.
        place.sort(key=lambda t: (t.repeat, t.prompt) if fresh_needles else (t.prompt, t.repeat))
    for key in sorted(places):
        yield from places[key]


# ---- one part of several of a plan, for machines that share a sweep: `--shard 3/8`. Pure -----------------------------
# A part is a contiguous stretch of the sending order: trials that share a prefix are neighbours there and stay
# together, so that every machine's cache is fed as one machine's would be. Parts have about the same number of
# tokens. What is asked at one place goes back to back and is never parted. Controls stay where the order has them, so
# that every part has a piece of the grid.

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
