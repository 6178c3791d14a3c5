"""Fit a haystack to a context length and put the needle at a depth, exactly and without tokenizing it anew.

The needle goes to the sentence boundary nearest to its nominal depth; the haystack is cut between words so that the
whole request counts as many tokens as asked for, or a few less. Counts come from the source's token positions; only
the text around the seams (the ends, the needle) is tokenized again (`seams`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.languages.scripts import ends_sentence, stop_for
from nihbench.text.seams import Piece, count_joined
from nihbench.text.source import Source, SourceText
from nihbench.types import Tokenizer

TOLERANCE_TOKENS = 8
"""A request has its nominal length or up to this many tokens less."""

_LONGEST_WORD = 20
_GIVE_TOKENS = 5
_LINKS = frozenset("'’-_.,:")
# Han, kana, Thai, Lao, Burmese and Khmer are written without spaces: between any two characters is between words.
_WITHOUT_SPACES = re.compile(
    r"[\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What stands around the haystack: the text before and after it in its message, and all other tokens.

    `fixed_tokens` counts the chat template and the other messages.
    """

    before: str
    after: str
    fixed_tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Splice:
    """A haystack source.text[start:end] with the needle before character `at`, and what that counts in tokens."""

    start: int
    at: int
    end: int
    before: str
    after: str
    tail: str
    needle_token: int
    haystack_tokens: int
    sentence_tokens: int
    total_tokens: int

    @property
    def achieved_depth_percent(self) -> float:
        """Haystack tokens before the needle / all haystack tokens, in percent."""
        return 100.0 * self.needle_token / self.haystack_tokens if self.haystack_tokens else 0.0

    def render(self, text: str | SourceText, statement: str) -> str:
        """Return the haystack with the needle in it, cut out of the source's `text`."""
        head, rest = text[self.start : self.at], text[self.at : self.end]
        return head + self.before + statement + self.after + rest + self.tail


def fit(
    source: Source,
    statement: str | None,
    *,
    length: int,
    depth_percent: float,
    frame: Frame,
    tokenizer: Tokenizer,
) -> Splice:
    """Cut the source to a request of `length` tokens and place the needle.

    Args:
        source: the tokenized text; the haystack is its beginning.
        statement: the needle's sentence, stored verbatim; None leaves the haystack without one.
        length: tokens of the whole request, as the tokenizer and `frame.fixed_tokens` count them.
        depth_percent: 0 = needle first, 100 = needle last.
        frame: what stands around the haystack.
        tokenizer: counts in the length unit.

    Returns:
        The splice whose total is the largest that was reached without exceeding `length`.

    Raises:
        UsageError: the length can't hold needle and question, or the source is too short for it.
    """
    start = len(source.text) - len(source.text.lstrip())
    around = (frame.before, statement or "", frame.after)
    fixed = frame.fixed_tokens + sum(map(tokenizer.count, around))

    def cut_at(end: int) -> Splice:
        return _splice(source, statement, start, end, depth_percent, frame, tokenizer)

    best = _longest(source, start, length, length - fixed, cut_at)
    if best is None or best.haystack_tokens < 1:
        raise UsageError(t("text.length_tokens_cant_hold", length=length, fixed=fixed, fixed_2=fixed + 64))
    if best.end >= len(source.text.rstrip()) and length - best.total_tokens > TOLERANCE_TOKENS:
        raise UsageError(t("text.length_tokens_longer_than", length=length, total_tokens=best.total_tokens))
    return best


def _longest(source: Source, start: int, length: int, budget: int, cut_at: Callable[[int], Splice]) -> Splice | None:
    """Return the longest splice of up to `length` tokens: one that another place to cut would take over the length.

    The first guess is a haystack of `budget` tokens; every further one is off by what the last splice has to spare.
    """
    first_token = source.token_at(start)
    best: Splice | None = None
    too_long = len(source.text) + 1
    token = first_token + budget
    while token > first_token:
        end = cut_position(source, start, token)
        if end >= too_long:  # the guess leads back there: try the place before it
            end = cut_position(source, start, source.token_at(too_long) - 1)
        if end <= (best.end if best is not None else start):
            break
        splice = cut_at(end)
        spare = length - splice.total_tokens
        if spare < 0:
            too_long = end
        else:
            best = splice
        if spare == 0:
            break
        token = source.token_at(end) + spare
    return best


def cut_position(source: Source, start: int, token: int) -> int:
    """Return the last place at or before token number `token` where the text may end: never inside a word.

    What has no end within `_LONGEST_WORD` characters or `_GIVE_TOKENS` tokens is no word and is cut between characters;
    a character of many code points (joined emoji, piled-up accents) is cut between these by the same rule.
    """
    text = source.text
    if token >= len(source.starts):
        return len(text.rstrip())
    first = int(source.starts[token])
    least = max(start, first - _LONGEST_WORD)
    if token > _GIVE_TOKENS:
        least = max(least, int(source.starts[token - _GIVE_TOKENS]))
    position = first
    for inside in (_inside_word, _inside_character):
        found = next((at for at in range(first, least - 1, -1) if at <= start or not inside(text, at)), None)
        if found is not None:
            position = found
            break
    ended = _without_blanks(text, start, position)
    return ended if token - source.token_at(ended) <= _GIVE_TOKENS else position


def _without_blanks(text: str, start: int, position: int) -> int:
    """Return where the white space before `position` begins."""
    while position > start:
        block = text[max(start, position - 256) : position]
        kept = len(block.rstrip())
        position -= len(block) - kept
        if kept:
            break
    return position


def _inside_character(text: str, position: int) -> bool:
    """Say whether a place lies within what a reader sees as one character: marks, joiners, flags, skin tones."""
    left, right = text[position - 1], text[position]
    if unicodedata.category(right)[0] == "M" or "\u200d" in (left, right) or "\U0001f3fb" <= right <= "\U0001f3ff":
        return True
    return all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (left, right))


def _inside_word(text: str, position: int) -> bool:
    if _inside_character(text, position):
        return True
    left, right = text[position - 1], text[position]
    if right in _LINKS and position + 1 < len(text):
        return _is_word(left) and _is_linked(left, right, text[position + 1])
    if left in _LINKS and position > 1:
        return _is_word(right) and _is_linked(text[position - 2], left, right)
    return _is_word(left) and _is_word(right)


def _is_linked(left: str, link: str, right: str) -> bool:
    """Say whether a sign between two characters makes one word or number of them: can't, 3.14, 10,000, well-known."""
    if link in ",:":
        return left.isdigit() and right.isdigit()
    return _is_word(left) and _is_word(right)


def _is_word(char: str) -> bool:
    """Say whether a character belongs to words that have spaces around them."""
    return char.isalnum() and not _WITHOUT_SPACES.match(char)


def _is_wide(char: str, language: str) -> bool:
    width = unicodedata.east_asian_width(char)
    return width in "WF" or (width == "A" and language == "zh")


def _splice(
    source: Source,
    statement: str | None,
    start: int,
    end: int,
    depth_percent: float,
    frame: Frame,
    tokenizer: Tokenizer,
) -> Splice:
    first, last = source.token_at(start), source.token_at(end)
    at, sentence_tokens = _nearest_boundary(source, start, end, depth_percent)
    before, after, tail = _marks(source, statement, start, at, end)
    pieces: list[Piece] = [frame.before, source.stretch(start, at)]
    if statement is not None:
        pieces.append(before + statement + after)
    pieces += [source.stretch(at, end), tail + frame.after]
    return Splice(
        start=start,
        at=at,
        end=end,
        before=before,
        after=after,
        tail=tail,
        needle_token=source.token_at(at) - first,
        haystack_tokens=last - first,
        sentence_tokens=sentence_tokens,
        total_tokens=frame.fixed_tokens + count_joined(pieces, tokenizer),
    )


def _nearest_boundary(source: Source, start: int, end: int, depth_percent: float) -> tuple[int, int]:
    """Return the boundary nearest to the depth, the haystack's ends included, and the local sentence's tokens."""
    lo = int(np.searchsorted(source.boundaries, start, side="right"))
    hi = int(np.searchsorted(source.boundaries, end, side="left"))
    first, last = source.token_at(start), source.token_at(end)
    inside, before = source.boundaries[lo:hi], source.boundary_tokens[lo:hi]
    target = first + depth_percent / 100.0 * (last - first)
    right = int(np.searchsorted(before, target)) if first < target else 0
    left_at, left = (int(inside[right - 1]), int(before[right - 1])) if right > 0 else (start, first)
    right_at, after = (int(inside[right]), int(before[right])) if right < len(inside) else (end, last)
    return (left_at if target - left <= after - target else right_at), after - left


def _marks(source: Source, statement: str | None, start: int, at: int, end: int) -> tuple[str, str, str]:
    """Return what the language needs around the needle, and what closes the haystack's cut sentence."""
    text, language = source.text, source.language
    ellipsis = "" if ends_sentence(text[max(start, end - 40) : end]) else ("……" if language == "zh" else "...")
    if statement is None:
        return "", "", ellipsis
    stop = stop_for(statement)
    if at == end:
        return ellipsis + "\n\n", stop, ""
    if at == start or text[at - 1] == "\n":
        return "", stop + "\n\n", ellipsis
    before = "" if _is_wide(text[at - 1], language) else " "
    closed = text[at].isspace() or _is_wide((statement + stop)[-1], language)
    return before, stop + ("" if closed else " "), ellipsis
