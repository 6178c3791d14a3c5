"""The order in which a plan's trials are sent, and who must wait for whom so that prefix caches are fed.

Prompts over one text share their beginning up to the shallower needle. Whatever a cache is made of, the tokens that
must be computed are least when the prompts go by needle position: the sum over all prompts of what lies behind the
needle, and the deepest prefix once. A server that keeps its last prompt only (one slot) loses nothing by either
direction. One that keeps blocks of all prompts gains from the deepest first: after this one leader every other finds
its beginning computed, so that they may go at the same time. Prompts with the same needle position (depth 0) share
all of the shorter one: there the longest leads.
"""

from __future__ import annotations

import heapq
import random
import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Literal

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


# ---- what prefix caches will hold when a plan is sent: a simulation of each kind, over token counts ------------------
# Pure, and no promise: a provider may route a request elsewhere, or drop what it kept. `docs/providers.md` says where
# the figures of `CACHES` come from.


LEAST_SIMILAR = 0.1
"""llama.cpp gives a prompt to the slot whose last one begins alike if that is more than this share of the prompt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrefixCache:
    """How a server keeps the beginnings of prompts.

    `slot`: the last prompt of each slot. `block`: the blocks of all prompts, for `lifetime_s` after their last use
    (None: until memory is short, which is not simulated); a hit has at least `minimum` tokens and is a multiple of
    `granularity`. `hit_price`: the usual price of a cached token as a share of an uncached one; None: not known.
    """

    name: str
    kind: Literal["none", "slot", "block"]
    minimum: int = 1
    granularity: int = 1
    lifetime_s: float | None = None
    hit_price: float | None = None


CACHES = {
    cache.name: cache
    for cache in (
        PrefixCache(name="none", kind="none"),
        PrefixCache(name="llama.cpp", kind="slot"),
        PrefixCache(name="vllm", kind="block", minimum=16, granularity=16),
        PrefixCache(name="sglang", kind="block"),
        PrefixCache(name="openai", kind="block", minimum=1024, granularity=128, lifetime_s=300, hit_price=0.5),
        PrefixCache(name="moonshot", kind="block", minimum=256, granularity=256, lifetime_s=300, hit_price=0.17),
        PrefixCache(name="deepseek", kind="block", minimum=64, granularity=64, lifetime_s=3600, hit_price=0.02),
        PrefixCache(name="qwen", kind="block", minimum=256, hit_price=0.2),
        PrefixCache(name="gemini", kind="block", minimum=4096, hit_price=0.1),
    )
}
"""Of a range that a provider gives, the end that promises less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One prompt, as far as a cache can tell it from another.

    `head`: what stands before the haystack (with the chat template's beginning), of `head_tokens`; `text`: which
    haystack; `needle`: what is hidden, after `needle_token` tokens of haystack, of `needle_tokens`; `tail`: what
    stands after the haystack. `turn`: what it waits for.
    """

    head: str
    text: str
    needle: str
    tail: str
    head_tokens: int
    needle_token: int
    needle_tokens: int
    haystack_tokens: int
    total_tokens: int
    turn: Turn

    @property
    def behind_tokens(self) -> int:
        """Haystack tokens behind the needle."""
        return self.haystack_tokens - self.needle_token


def shared_tokens(a: Sent, b: Sent) -> int:
    """Return how many tokens the beginnings of two prompts have in common."""
    if a.head != b.head:
        return 0
    if a.text != b.text:
        return a.head_tokens
    depth = a.head_tokens + min(a.needle_token, b.needle_token)
    if a.needle_token != b.needle_token or a.needle != b.needle:
        return depth
    if a.haystack_tokens == b.haystack_tokens and a.tail == b.tail:
        return min(a.total_tokens, b.total_tokens)
    return depth + a.needle_tokens + min(a.behind_tokens, b.behind_tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast prompts go out and are worked off. None: not known, or no limit.

    `first_answer_s`: what a request takes beside reading and writing.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    prefill_tokens_s: float | None = None
    decode_tokens_s: float | None = None
    output_tokens: int = 60
    first_answer_s: float = 0.5

    def request_s(self, computed_tokens: int) -> float:
        """Return how long one request takes; of an unknown speed nothing is counted."""
        seconds = self.first_answer_s
        if self.prefill_tokens_s:
            seconds += computed_tokens / self.prefill_tokens_s
        if self.decode_tokens_s:
            seconds += self.output_tokens / self.decode_tokens_s
        return seconds

    def earliest_s(self, earlier_requests: int, earlier_tokens: int) -> float:
        """Return when a request may start that so many are before; the limits are spent evenly."""
        return max(
            60.0 * earlier_requests / self.requests_per_minute if self.requests_per_minute else 0.0,
            60.0 * earlier_tokens / self.tokens_per_minute if self.tokens_per_minute else 0.0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulated:
    """What came of it: cached tokens of every prompt in order, and how long all took."""

    cached_tokens: tuple[int, ...]
    seconds: float

    @property
    def total(self) -> int:
        """All cached tokens."""
        return sum(self.cached_tokens)


def simulate(
    prompts: Sequence[Sent], cache: PrefixCache, *, concurrency: int = 1, pace: Pace | None = None
) -> Simulated:
    """Send `prompts` in order, `concurrency` at a time, and say what the cache had of each.

    A prompt finds what was finished before it started. Who sends takes the prompts of one place, one after the other,
    and then the next place that nobody has.
    """
    pace = pace or Pace(prefill_tokens_s=1000.0)
    memory = _MEMORIES[cache.kind](cache, concurrency)
    places = (list(place) for _, place in groupby(range(len(prompts)), key=lambda i: prompts[i].turn.place))
    # Each sender: when it is free, and what is left of its place.
    senders: list[tuple[float, int, list[int]]] = [(0.0, who, []) for who in range(concurrency)]
    running: list[tuple[float, int]] = []
    led: dict[object, float] = {}
    cached = [0] * len(prompts)
    requests = tokens = 0
    ended = 0.0
    while senders:
        now, who, left = heapq.heappop(senders)
        left = left or next(places, [])
        if not left:
            continue
        number = left[0]
        prompt = prompts[number]
        start = max(now, pace.earliest_s(requests, tokens), *(led.get(group, 0.0) for group in prompt.turn.groups))
        if start > now:
            heapq.heappush(senders, (start, who, left))
            continue
        while running and running[0][0] <= start:
            finished, done = heapq.heappop(running)
            memory.keep(prompts[done], finished)
        cached[number] = memory.find(prompt, start)
        requests += 1
        tokens += prompt.total_tokens + pace.output_tokens
        ended = start + pace.request_s(prompt.total_tokens - cached[number])
        memory.begin(prompt, ended)
        for group in prompt.turn.groups:
            led.setdefault(group, ended)
        heapq.heappush(running, (ended, number))
        heapq.heappush(senders, (ended, who, left[1:]))
    return Simulated(cached_tokens=tuple(cached), seconds=max((end for end, _ in running), default=0.0))


class _Nothing:
    def __init__(self, cache: PrefixCache, concurrency: int) -> None:
        pass

    def find(self, prompt: Sent, now: float) -> int:
        return 0

    def begin(self, prompt: Sent, until: float) -> None:
        pass

    def keep(self, prompt: Sent, now: float) -> None:
        pass


class _Slots(_Nothing):
    """The last prompt of each of as many slots as there are requests at a time."""

    def __init__(self, cache: PrefixCache, concurrency: int) -> None:
        self._slots: list[tuple[Sent | None, float]] = [(None, 0.0)] * concurrency
        self._chosen = 0

    def find(self, prompt: Sent, now: float) -> int:
        free = [i for i, (_, until) in enumerate(self._slots) if until <= now]
        shared = {i: shared_tokens(last, prompt) if (last := self._slots[i][0]) else 0 for i in free}
        self._chosen = max(free, key=lambda i: shared[i])
        if shared[self._chosen] <= LEAST_SIMILAR * prompt.total_tokens:
            self._chosen = min(free, key=lambda i: self._slots[i][1])
        return min(shared[self._chosen], prompt.total_tokens - 1)

    def begin(self, prompt: Sent, until: float) -> None:
        self._slots[self._chosen] = (prompt, until)


@dataclass(slots=True)
class _Text:
    """What is kept of the prompts over one text: when each place was last used."""

    depths: dict[int, float] = field(default_factory=dict)
    behind: dict[tuple[int, str], dict[int, float]] = field(default_factory=dict)
    whole: dict[tuple[int, str, int, str], float] = field(default_factory=dict)


class _Blocks(_Nothing):
    """All prompts that were used within the lifetime."""

    def __init__(self, cache: PrefixCache, concurrency: int) -> None:
        self._cache = cache
        self._texts: dict[tuple[str, str], _Text] = {}
        self._heads: dict[str, float] = {}

    def find(self, prompt: Sent, now: float) -> int:
        found = min(self._longest(prompt, now), prompt.total_tokens - 1)
        found -= found % self._cache.granularity
        return found if found >= self._cache.minimum else 0

    def keep(self, prompt: Sent, now: float) -> None:
        text = self._texts.setdefault((prompt.head, prompt.text), _Text())
        self._heads[prompt.head] = now
        text.depths[prompt.needle_token] = now
        text.behind.setdefault((prompt.needle_token, prompt.needle), {})[prompt.behind_tokens] = now
        text.whole[prompt.needle_token, prompt.needle, prompt.haystack_tokens, prompt.tail] = now

    def _longest(self, prompt: Sent, now: float) -> int:
        lifetime = self._cache.lifetime_s

        def alive(used: float) -> bool:
            return lifetime is None or now - used <= lifetime

        if prompt.head not in self._heads or not alive(self._heads[prompt.head]):
            return 0
        text = self._texts.get((prompt.head, prompt.text))
        if text is None:
            return prompt.head_tokens
        place = (prompt.needle_token, prompt.needle)
        whole = text.whole.get((*place, prompt.haystack_tokens, prompt.tail))
        if whole is not None and alive(whole):
            return prompt.total_tokens
        depth = min(prompt.needle_token, max((d for d, used in text.depths.items() if alive(used)), default=0))
        behind = max((b for b, used in text.behind.get(place, {}).items() if alive(used)), default=None)
        if behind is None:
            return prompt.head_tokens + depth
        return prompt.head_tokens + depth + prompt.needle_tokens + min(behind, prompt.behind_tokens)


_MEMORIES: dict[str, Callable[[PrefixCache, int], _Nothing]] = {"none": _Nothing, "slot": _Slots, "block": _Blocks}
