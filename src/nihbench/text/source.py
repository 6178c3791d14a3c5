"""The haystack's source text with its token and sentence positions: composed once, cut many times.

A corpus is tokenized once as a whole. A source is that corpus from a starting character on, wrapped round to its
beginning, and repeated if asked; only the joins are tokenized again. Nothing here reads files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang.messages import t
from nihbench.text.encoded import JsonText
from nihbench.text.seams import Piece, Stretch, starts_joined
from nihbench.types import IntArray, Tokenizer

MOST_CHARACTERS = 50_000_000
"""More than ten million tokens of English; records say how often a text is repeated."""
FIGURE = re.compile(r"[A-Za-z]*[0-9][A-Za-z0-9]*")
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
        return frozenset(FIGURE.findall(self.text))

    def token_at(self, position: int) -> int:
        """Return the number of tokens that begin before the character `position`."""
        return int(np.searchsorted(self.starts, position))

    def tokens_between(self, first: int, last: int) -> int:
        """Return the number of tokens of text[first:last]; exact where both ends are token boundaries."""
        return self.token_at(last) - self.token_at(first)

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
    )


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
