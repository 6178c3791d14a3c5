"""What prefix caches will hold when a plan is sent: a simulation of each kind, over prompts as lists of token counts.

Pure, and no promise: a provider may route a request elsewhere, or drop what it kept. `docs/providers.md` says where
the figures of `CACHES` come from.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from nihbench.plan.order import Turn

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
