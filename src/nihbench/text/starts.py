"""Where the haystacks of a run's repeats begin: apart from each other as long as the corpus has room for that.

The corpus is taken as a ring, for haystacks go on at its beginning where it ends. It is parted into as many strata of
equal length as can each hold the run's longest haystack. The first repeat begins at the corpus's first sentence, every
further one in a stratum of its own, so that they are pairwise disjoint at every length. When every stratum has one,
further repeats begin half a stratum on, then a quarter, and so on: the overlap can't be helped, and is spread.
A corpus may say in one stratum what it says in another: such strata come last.
Where a repeat begins does not depend on how many there are. Nothing here reads files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from nihbench.text.source import sentence_start
from nihbench.types import FloatArray, IntArray

Shares = Callable[[Sequence[int]], FloatArray]
"""Tells how much text the longest haystacks that begin at so many characters share, shape (n, n)."""

MOST_COMPARED = 64
"""Of more strata the texts aren't compared: a corpus so much longer than the haystack has room enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How a corpus is parted for a run: into `strata` that can each hold a haystack of `longest_tokens`."""

    strata: int
    longest_tokens: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Ring:
    """A corpus whose end leads on to its beginning; `starts` and `boundaries` as for `make_source`.

    The first haystack begins at character `first`, from which on tokens are counted round.
    """

    text: str
    starts: IntArray
    boundaries: IntArray
    first: int = 0

    @property
    def tokens(self) -> int:
        """How many tokens once around has."""
        return len(self.starts)

    def sentence_from(self, place: float) -> int:
        """Return the character at which the first sentence begins that lies `place` tokens or more behind `first`."""
        token = (int(np.searchsorted(self.starts, self.first)) + int(np.ceil(place))) % self.tokens
        return sentence_start(self.text, self.boundaries, int(self.starts[token]))

    def sentence_after(self, start: int) -> int:
        """Return where the next sentence begins behind the one at character `start`."""
        return sentence_start(self.text, self.boundaries, start + 1)

    def behind(self, place: float, start: int) -> float:
        """Return how many tokens the character `start` lies behind a place, counted round."""
        token = int(np.searchsorted(self.starts, start) - np.searchsorted(self.starts, self.first))
        behind = (token - place) % self.tokens
        return 0.0 if behind > self.tokens / 2 else behind  # a character of several tokens, cut by the place


def layout_for(ring: Ring, longest_tokens: int) -> Layout:
    """Return the finest parting whose strata each hold a haystack of `longest_tokens` that begins with a sentence."""
    strata = max(ring.tokens // max(longest_tokens, 1), 1)
    while strata > 1:
        wide = ring.tokens / strata
        late = max(ring.behind(at * wide, ring.sentence_from(at * wide)) for at in range(1, strata))
        if late + longest_tokens <= wide:
            break
        strata = max(min(strata - 1, int(ring.tokens // (late + longest_tokens))), 1)
    return Layout(strata=strata, longest_tokens=longest_tokens)


def haystack_starts(ring: Ring, layout: Layout, key: str, shares: Shares | None = None) -> Iterator[int]:
    """Yield the character at which the haystack of each repeat begins, no two alike as long as there are sentences.

    Args:
        ring: the corpus.
        layout: how it is parted.
        key: what the draws depend on.
        shares: tells which strata have text in common; None: none have.
    """
    used: set[int] = set()
    for start in _drawn(ring, layout, key, shares):
        for _ in range(len(ring.boundaries) + 1):
            if start not in used:
                break
            start = ring.sentence_after(start)
        used.add(start)
        yield start


def _drawn(ring: Ring, layout: Layout, key: str, shares: Shares | None) -> Iterator[int]:
    yield ring.first
    order = list(range(1, layout.strata))
    random.Random(f"{key}:0").shuffle(order)
    apart = [_within(ring, layout, key, stratum) for stratum in order]
    yield from _least_shared_first(ring.first, apart, shares)
    for layer in count(1):
        order = list(range(layout.strata))
        random.Random(f"{key}:{layer}").shuffle(order)
        for stratum in order:
            yield ring.sentence_from((stratum + _halved(layer)) * ring.tokens / layout.strata)


def _within(ring: Ring, layout: Layout, key: str, stratum: int) -> int:
    """Return a sentence anywhere in the stratum where the longest haystack ends within it, else at its beginning."""
    wide = ring.tokens / layout.strata
    spare = random.Random(f"{key}:0:{stratum}").random() * (wide - layout.longest_tokens)
    start = ring.sentence_from(stratum * wide + spare)
    fits = ring.behind(stratum * wide, start) + layout.longest_tokens <= wide
    return start if fits else ring.sentence_from(stratum * wide)


def _least_shared_first(first: int, starts: Sequence[int], shares: Shares | None) -> Iterator[int]:
    """Yield the starts so that each is the next one that shares next to nothing with all before it, else least."""
    if shares is None or not starts or len(starts) >= MOST_COMPARED:
        yield from starts
        return
    shared = shares([first, *starts])
    left, worst = list(range(1, len(shared))), shared[0]
    while left:
        # To whole per cent: a phrase that comes twice shall not undo the draw.
        best = min(left, key=lambda at: int(worst[at] * 100))
        left.remove(best)
        worst = np.maximum(worst, shared[best])
        yield starts[best - 1]


def _halved(number: int) -> float:
    """Return 1/2, 1/4, 3/4, 1/8, 5/8, ... for 1, 2, 3, ...: van der Corput's sequence, which fills gaps evenly."""
    share, step = 0.0, 0.5
    while number:
        number, digit = divmod(number, 2)
        share, step = share + digit * step, step / 2
    return share
