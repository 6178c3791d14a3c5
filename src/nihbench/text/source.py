"""The haystack's source text with its token and sentence positions: composed once, cut many times.

A corpus is tokenized once as a whole. A source is that corpus from a starting character on, wrapped round to its
beginning, and repeated if asked; only the joins are tokenized again. Nothing here reads files.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.text.encoded import JsonText
from nihbench.types import IntArray, Tokenizer

SEARCH = 20_000
"""How many characters an anchor is looked for; where there is none, that much is tokenized again at worst."""

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

    def token_at(self, position: int) -> int:
        """Return the number of tokens that begin before the character `position`."""
        return int(np.searchsorted(self.starts, position))

    def tokens_between(self, first: int, last: int) -> int:
        """Return the number of tokens of text[first:last]; exact where both ends are token boundaries."""
        return self.token_at(last) - self.token_at(first)

    def is_anchor(self, position: int) -> bool:
        """Say whether tokens left and right of `position` can't depend on each other.

        That holds between a letter or digit and a following character that is neither, nor a mark or an apostrophe:
        every pre-tokenizer in use ends its run of letters there (the regular expressions of GPT-2, cl100k, o200k,
        Llama 3, Qwen, DeepSeek and Kimi; SentencePiece begins a new word at the space). It also holds after a single
        line break.
        """
        text = self.text
        if not 0 < position < len(text):
            return False
        left, char = text[position - 1], text[position]
        if left == "\n":
            if position < 2 or text[position - 2].isspace() or char.isspace():
                return False
        elif not left.isalnum() or char.isalnum() or char in "'’" or unicodedata.category(char)[0] == "M":
            return False
        index = self.token_at(position)
        return index < len(self.starts) and int(self.starts[index]) == position

    def anchor_after(self, position: int, limit: int) -> int | None:
        """Return the first anchor after `position` and before `limit`, or None."""
        for candidate in range(position + 1, min(limit, position + SEARCH)):
            if self.is_anchor(candidate):
                return candidate
        return None

    def anchor_before(self, position: int, limit: int) -> int | None:
        """Return the last anchor before `position` and after `limit`, or None."""
        for candidate in range(position - 1, max(limit, position - SEARCH), -1):
            if self.is_anchor(candidate):
                return candidate
        return None


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
        raise UsageError(t("the corpus is empty: give a file or folder with text in it"))
    base = _source(text, language, starts, boundaries)
    once = (
        _join(_part(base, start, len(text), tokenizer), _part(base, 0, start, tokenizer), tokenizer) if start else base
    )
    whole = _repeat(once, copies, tokenizer)
    return Source(
        text=whole.text,
        language=language,
        starts=whole.starts,
        boundaries=whole.boundaries,
        boundary_tokens=whole.boundary_tokens,
        start=start,
        copies=copies,
    )


def compose_text(text: str, start: int, copies: int) -> str:
    """Return the text of the source that `make_source` makes: what `nih rebuild` needs, without a tokenizer."""
    once = text[start:] + GLUE + text[:start] if start else text
    return GLUE.join([once] * copies)


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


def _part(base: Source, first: int, last: int, tokenizer: Tokenizer) -> Source:
    """Cut base.text[first:last] out; its ends, up to their anchors, are tokenized again."""
    head = (base.anchor_after(first, last) or last) if first else first
    tail = (base.anchor_before(last, head) or head) if last < len(base.text) else last
    inside = base.boundaries[(base.boundaries > first) & (base.boundaries < last)] - first
    starts = np.concatenate([
        tokenizer.starts(base.text[first:head]),
        base.starts[base.token_at(head) : base.token_at(tail)] - first,
        tokenizer.starts(base.text[tail:last]) + (tail - first),
    ])  # fmt: skip
    return _source(base.text[first:last], base.language, starts, inside)


def _repeat(once: Source, copies: int, tokenizer: Tokenizer) -> Source:
    """Join `copies` of a source, by halves: a long text is not copied again for each of them."""
    if copies == 1:
        return once
    half = _repeat(once, copies // 2, tokenizer)
    twice = _join(half, half, tokenizer)
    return _join(twice, once, tokenizer) if copies % 2 else twice


def _join(left: Source, right: Source, tokenizer: Tokenizer) -> Source:
    """Join two sources by GLUE; only the text between the anchors on both sides of the join is tokenized again."""
    a = left.anchor_before(len(left.text), 0) or 0
    b = right.anchor_after(0, len(right.text)) or len(right.text)
    offset = len(left.text) + len(GLUE)
    window = tokenizer.starts(left.text[a:] + GLUE + right.text[:b]) + a
    starts = np.concatenate([
        left.starts[: left.token_at(a)],
        window,
        right.starts[right.token_at(b) :] + offset,
    ])  # fmt: skip
    boundaries = np.concatenate([left.boundaries, [offset], right.boundaries + offset]).astype(np.int64)
    return _source(left.text + GLUE + right.text, left.language, starts, boundaries)
