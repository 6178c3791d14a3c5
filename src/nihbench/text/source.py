"""The haystack's source text with its token and sentence positions: composed once, cut many times.

A corpus is tokenized once as a whole. A source is that corpus from a starting character on, wrapped round to its
beginning, and repeated if asked; only the joins are tokenized again. Nothing here reads files.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count

import numpy as np

from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang.messages import t
from nihbench.languages.base import of, shown_by
from nihbench.text.encoded import JsonText
from nihbench.text.seams import Piece, Stretch, starts_joined
from nihbench.text.sentences import boundaries as sentence_boundaries
from nihbench.types import FloatArray, IntArray, Tokenizer

MOST_CHARACTERS = 50_000_000
"""More than ten million tokens of English; records say how often a text is repeated."""
_FIGURE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]*[0-9][A-Za-z0-9]*")
"""A word that has a digit."""
GLUE = "\n\n"
"""What stands between the corpus's end and its beginning where a source wraps round."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A tokenized text: `starts[i]` is the character of token i, `boundaries` where a needle may stand.

    `boundary_tokens[j]` is the number of tokens before `boundaries[j]`. `start` and `copies` say how the source was
    made of its corpus.
    """

    text: str
    language: str
    starts: IntArray
    boundaries: IntArray
    boundary_tokens: IntArray
    start: int = 0
    copies: int = 1
    shuffled: int = 0
    """Of so many characters of another source the sentences are here, in another order; 0: it is no such text."""
    turned: int = 0
    """Of so many characters of that this is made as the turns of a chat (`text.turns`)."""
    corpus: str = ""
    """The text that it was made of: it begins there at `start`, and what it says was said there."""

    @cached_property
    def json(self) -> JsonText:
        """The text as JSON, out of which prompts are cut."""
        return JsonText(self.text)

    @cached_property
    def longest_sentence(self) -> int:
        """The most tokens that lie between two neighbouring places where a needle may stand."""
        return int(np.diff([0, *self.boundary_tokens.tolist(), len(self.starts)]).max())

    @cached_property
    def figures(self) -> frozenset[str]:
        """The words of Latin letters and digits that have a digit: one that is not here is nowhere in the text."""
        if not self.corpus:
            return frozenset(_FIGURE.findall(self.text))
        return _figures(self.corpus).union(*(_FIGURE.findall(part) for part in _parted_word(self.corpus, self.start)))

    def token_at(self, position: int) -> int:
        """Return the number of tokens that begin before the character `position`."""
        return int(np.searchsorted(self.starts, position))

    def stretch(self, first: int, last: int) -> Stretch:
        """Return text[first:last] with its tokens."""
        return Stretch(self.text, self.starts, first, last)


def make_source(
    text: str,
    language: str,
    starts: IntArray,
    boundaries: IntArray,
    tokenizer: Tokenizer,
    *,
    start: int = 0,
    copies: int = 1,
) -> Source:
    """Compose the source that begins at character `start` of `text`, wraps round, and stands `copies` times.

    Args:
        text: the whole corpus.
        language: the corpus's language code.
        starts: the character of every token of `text`.
        boundaries: the positions between sentences of `text`.
        tokenizer: counts the joins again.
        start: where the source begins; must be the first character of a sentence.
        copies: how many times the whole text stands in the source.

    Raises:
        UsageError: the text is empty.
    """
    if not text.strip():
        raise UsageError(t("text.corpus_empty_give_file"))
    base = _source(text, language, starts, boundaries)
    once = _joined([(base, start, len(text)), (base, 0, start)], tokenizer) if start else base
    whole = _repeated(once, copies, tokenizer)
    return Source(
        text=whole.text,
        language=language,
        starts=whole.starts,
        boundaries=whole.boundaries,
        boundary_tokens=whole.boundary_tokens,
        start=start,
        copies=copies,
        corpus=text,
    )


@lru_cache(maxsize=2)
def _figures(text: str) -> frozenset[str]:
    """Return the figures of a corpus: the sources of all repeats are cut from one."""
    return frozenset(_FIGURE.findall(text))


_WORD = re.compile(r"[A-Za-z0-9]*")


def figures_of(text: str) -> list[str]:
    """Return all figures of a text: its words of letters and digits that have a digit."""
    return _FIGURE.findall(text)


def figure_within(text: str) -> str:
    """Return the first figure of a text that neither begins nor ends it; "" where it has none."""
    inside = (found[0] for found in _FIGURE.finditer(text) if found.start() and found.end() < len(text))
    return next(inside, "")


def _parted_word(text: str, at: int) -> tuple[str, str]:
    """Return what is left and right of a place in the word that it lies in; nothing where it parts none."""
    first = at
    while first and text[first - 1].isalnum() and text[first - 1].isascii():
        first -= 1
    match = _WORD.match(text, at)
    return text[first:at], match[0] if match else ""


_SHOWS = 500
_MORE = 1.02
"""So much more than a haystack is shuffled: the same sentences may take a few tokens less in another order."""


@lru_cache(maxsize=2)
def shuffled_text(text: str) -> str:
    """Return a text with its sentences in another order, which follows from the text alone."""
    language = shown_by(text[:_SHOWS])
    ends = [0, *sentence_boundaries(text, language).tolist(), len(text)]
    sentences = [text[one:other] for one, other in zip(ends, ends[1:], strict=False) if text[one:other].strip()]
    spaced = of(language).language.spaced
    sentences = [each + " " if spaced and not each[-1].isspace() else each for each in sentences]
    random.Random(f"{len(text)}|{len(sentences)}").shuffle(sentences)
    return "".join(sentences)


def shuffled_source(source: Source, tokens: int, tokenizer: Tokenizer) -> Source:
    """Return the sentences of a source's first `tokens` tokens in another order: what a haystack of it would hold."""
    after = int(source.boundary_tokens.searchsorted(tokens * _MORE + 64))
    end = int(source.boundaries[after]) if after < len(source.boundaries) else len(source.text)
    text = shuffled_text(source.text[:end])
    made = _source(text, source.language, tokenizer.starts(text), sentence_boundaries(text, source.language))
    return replace(made, start=source.start, copies=source.copies, shuffled=end)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceText:
    """The text of a source, of which slices are cut out of the corpus; it is never put together as a whole.

    A stretch of it is what `make_source` would have there, without a tokenizer. Every repeat of a run begins
    its source at another character, and records of all repeats come in turn.
    """

    text: str
    start: int
    copies: int

    def __getitem__(self, part: slice, /) -> str:
        """Return one stretch; the slice has no step.

        Raises:
            DamagedDataError: it is longer than any prompt.
        """
        # No __len__: the copies of a damaged record may be more than a length may say.
        first, last, _ = part.indices(max(self.copies * self._period - len(GLUE), 0))
        if last - first > MOST_CHARACTERS:
            raise DamagedDataError(t("text.prompt_characters_never_sent", count=last - first))
        cut = []
        while first < last:
            within = first % self._period
            for piece, begin, end in self._pieces:
                size = end - begin
                if within < size:
                    most = min(size - within, last - first)
                    cut.append(piece[begin + within : begin + within + most])
                    first += most
                    within = 0
                else:
                    within -= size
                if first >= last:
                    break
        return "".join(cut)

    @property
    def _pieces(self) -> tuple[tuple[str, int, int], ...]:
        """What one copy consists of, with the glue behind it: each a text and where in it the piece lies."""
        rest, glue = (self.text, self.start, len(self.text)), (GLUE, 0, len(GLUE))
        return (rest, glue, (self.text, 0, self.start), glue) if self.start else (rest, glue)

    @property
    def _period(self) -> int:
        """After how many characters the source comes again."""
        return len(self.text) + len(GLUE) * (2 if self.start else 1)


def sentence_start(text: str, boundaries: IntArray, position: int) -> int:
    """Return where the first sentence after character `position` begins (0 if there is none after it)."""
    index = int(np.searchsorted(boundaries, position))
    if index >= len(boundaries):
        return 0
    start = int(boundaries[index])
    while start < len(text) and text[start].isspace():
        start += 1
    return start if start < len(text) else 0


def _source(text: str, language: str, starts: IntArray, boundaries: IntArray) -> Source:
    return Source(
        text=text,
        language=language,
        starts=starts,
        boundaries=boundaries,
        boundary_tokens=np.searchsorted(starts, boundaries).astype(np.int64),
    )


def _repeated(once: Source, copies: int, tokenizer: Tokenizer) -> Source:
    """Join `copies` of a source, by halves: a long text is not copied again for each of them."""
    if copies == 1:
        return once
    half = _repeated(once, copies // 2, tokenizer)
    twice = [(half, 0, len(half.text))] * 2
    return _joined(twice + [(once, 0, len(once.text))] * (copies % 2), tokenizer)


def _joined(parts: Sequence[tuple[Source, int, int]], tokenizer: Tokenizer) -> Source:
    """Join stretches of sources by GLUE; a needle may stand where one begins."""
    pieces: list[Piece] = []
    inside: list[IntArray] = []
    at = 0
    for source, first, last in parts:
        if pieces:
            pieces.append(GLUE)
            at += len(GLUE)
            inside.append(np.array([at], dtype=np.int64))
        within = (source.boundaries > first) & (source.boundaries < last)
        inside.append(source.boundaries[within] - first + at)
        pieces.append(source.stretch(first, last))
        at += last - first
    text = GLUE.join(source.text[first:last] for source, first, last in parts)
    return _source(text, parts[0][0].language, starts_joined(pieces, tokenizer), np.concatenate(inside))


# ---- where the haystacks of a run's repeats begin: apart from each other as long as there is room --------------------
# The corpus is taken as a ring, for haystacks go on at its beginning where it ends. It is parted into as many strata of
# equal length as can each hold the run's longest haystack. The first repeat begins at the corpus's first sentence,
# every further one in a stratum of its own, so that they are pairwise disjoint at every length. When every stratum has
# one, further repeats begin half a stratum on, then a quarter, and so on: the overlap can't be helped, and is spread. A
# corpus may say in one stratum what it says in another: such strata come last. Where a repeat begins does not depend on
# how many there are. Nothing here reads files.


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
        return sentence_start(self.text, self.boundaries, self._character(place))

    def sentence_after(self, start: int) -> int:
        """Return where the next sentence begins behind the one at character `start`."""
        return sentence_start(self.text, self.boundaries, start + 1)

    def behind(self, place: float, start: int) -> float:
        """Return how many tokens the character `start` lies behind a place, counted round."""
        token = int(np.searchsorted(self.starts, start) - np.searchsorted(self.starts, self.first))
        behind = (token - place) % self.tokens
        # A character of several tokens that the place cuts begins before it.
        return 0.0 if behind >= 1 and start == self._character(place) else behind

    def _character(self, place: float) -> int:
        """Return the character of the first token that lies `place` tokens or more behind `first`."""
        token = (int(np.searchsorted(self.starts, self.first)) + int(np.ceil(place))) % self.tokens
        return int(self.starts[token])


def layout_for(ring: Ring, longest_tokens: int) -> Layout:
    """Return the finest parting whose strata each hold a haystack of `longest_tokens` that begins with a sentence."""
    strata = max(ring.tokens // max(longest_tokens, 1), 1)
    while strata > 1:
        wide = ring.tokens / strata
        late = [ring.behind(at * wide, ring.sentence_from(at * wide)) for at in range(1, strata)]
        if max(late) + longest_tokens <= wide:
            break
        # A sentence of more than half the corpus is in the way of this parting, and maybe of no other.
        usual = max((tokens for tokens in late if tokens <= ring.tokens / 2), default=0.0)
        strata = max(min(strata - 1, int(ring.tokens // (usual + longest_tokens))), 1)
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
