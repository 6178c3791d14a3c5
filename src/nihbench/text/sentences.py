"""Where a needle sentence may be put into a text: after sentences and between paragraphs.

Pure and linear in the text's length. It would rather miss a boundary than invent one: a needle inside a sentence
spoils a trial, a boundary fewer only moves the needle by a sentence. It parses no grammar: word lists, marks and
what stands beside them decide. It neither cleans a text nor puts anything into it.

The way: candidates are all terminators with the closers after them; a rule of the language looks at both sides;
then everything inside quotes, brackets, headings, tables and code is taken out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nihbench.languages.base import Known, of
from nihbench.languages.scripts import is_joined, is_unmarked, may_part
from nihbench.text.blocks import (
    Block,
    attributions,
    blocks_of,
    code,
    contents,
    definitions,
    fences,
    headings,
    leaders,
    leads_on,
    lists,
    numbers,
    paragraphs_of,
)
from nihbench.text.quotes import Pairs, Shut, Span, match_pairs, quotations, turns
from nihbench.types import IntArray


def boundaries(text: str, language: str) -> IntArray:
    r"""Return the positions in `text` at which a sentence may be inserted.

    A position p stands between text[p - 1] and text[p]. It is either directly after a sentence's terminator and
    the closers that belong to it, before any white space; or, where a paragraph ends without a terminator, after
    the newlines of the blank line, so that text[p] is the next paragraph's first character. A single line break is
    no boundary. Quotes and brackets are balanced within a paragraph (English) or a line (Chinese).

    Args:
        text: any text; newlines may be \n, \r\n or \r.
        language: a code; subtags are left aside, and what has no file is split by the English rule.

    Returns:
        Character positions, int64, ascending, without repeats and without 0 and len(text).
    """
    own = of(language)
    pairs = match_pairs(text, own.prose.pair)
    blocks = blocks_of(text)
    firm, shut = _spans(text, blocks, pairs, own)
    ends = own.prose.ends(text, pairs.opener_at, 0, len(text))
    kept = shut.open(ends)
    gaps = [block for block in blocks if block.after < len(text)]
    inside = np.searchsorted(kept, [g.stop for g in gaps]) > np.searchsorted(kept, [g.start for g in gaps], "right")
    ended = set(kept.tolist())
    breaks = (
        gap.after
        for gap, holds_ends in zip(gaps, inside.tolist(), strict=True)
        if gap.stop not in ended and not leads_on(text, gap, holds_ends=holds_ends, spaced=own.language.spaced)
    )
    found = np.union1d(kept, shut.open(breaks))
    found = part(text, found, soft=(gap.after for gap in gaps), shut=shut, firm=firm)
    return found[(found > 0) & (found < len(text)) & ~_joined(text, found)]


def sentence_ends(text: str, language: str) -> IntArray:
    """Return where the sentences and blocks of a text end, those within quotations and lists too: to read it by."""
    prose = of(language).prose
    ends = prose.ends(text, match_pairs(text, prose.pair).opener_at, 0, len(text))
    gaps = (block.after for block in blocks_of(text))
    found = np.unique(np.fromiter((*ends, *gaps), dtype=np.int64))
    return found[(found > 0) & (found < len(text))]


def _spans(text: str, blocks: Sequence[Block], pairs: Pairs, own: Known) -> tuple[Shut, Shut]:
    """Return what never holds a boundary, and that together with what holds one only where nothing else is near."""
    spaced = own.language.spaced
    paragraphs = paragraphs_of(text, blocks, by_line=not spaced)
    firm = quotations(text, paragraphs, spaced=spaced)
    for begin, end in firm:  # those, too, that were opened in a paragraph before
        pairs.opener_at.setdefault(end - 1, begin - 1)
    firm += turns(text, paragraphs)
    firm += attributions(text)
    firm += definitions(text, blocks)
    shut = [
        *headings(text, own.prose),
        *fences(text),
        *lists(text, blocks),
        *leaders(text),
        *numbers(text, blocks),
    ]
    shut += pairs.shut
    if spaced:
        shut += code(text, blocks)
    for span, numbered in contents(text, blocks):
        (firm if numbered else shut).append(span)
    return Shut(firm), Shut([*firm, *shut])


def _joined(text: str, points: IntArray) -> NDArray[np.bool_]:
    """Tell which positions stand before a character that belongs to the one before it (accents, joiners)."""
    glued = (0 < p < len(text) and is_joined(text[p - 1], text[p]) for p in points.tolist())
    return np.fromiter(glued, dtype=np.bool_)


# ---- where what has no end of a sentence for long is parted all the same, so that depths can be reached --------------
# Lengths are in bytes of UTF-8, which is what a token has about the same number of in every script.


LONGEST_BYTES = 2_000
"""No sentence is longer: tables, code and lists beyond it are parted between lines, and what has none at spaces."""
PLAIN_BYTES = 450
"""As `LONGEST_BYTES`, for what has no marks at all, or is in a script that has none for a sentence's end."""
PIECE_BYTES = 240
"""About how long the pieces are: an English sentence of 50 words, 80 characters of Chinese."""

_CLAUSE = re.compile(r"[,;:—–،؛၊፣፤፥፡，；：、་।]")
_CLAUSE_EVERY_BYTES = 300
_REACH_BYTES = (PIECE_BYTES // 2, PIECE_BYTES)
_LINE_START = re.compile(r"(?<=\S)[ \t]*+\n(?=[ \t]*+\S)")
_CLAUSE_END = re.compile(r"[,;:—–،؛၊፣፤፥，；：、](?=\s|[^\x00-\u2fff])")
_SPACE = re.compile(r"(?<=\S)\s(?=\s*+\S)")


class Ruler:
    """How many bytes of UTF-8 stand before each character of a text, those in shut spans left out."""

    def __init__(self, sizes: IntArray) -> None:
        self._before = np.concatenate([[0], np.cumsum(sizes)])

    def between(self, first: int, last: int) -> int:
        """Return the bytes of text[first:last]."""
        return int(self._before[last] - self._before[first])

    def at(self, first: int, size: float) -> int:
        """Return the first character that has `size` bytes or more between itself and the character `first`."""
        return int(np.searchsorted(self._before, int(self._before[first] + max(size, 0))))

    def long_gaps(self, found: IntArray, limit: int) -> list[Span]:
        """Return the stretches between neighbouring boundaries that have more than `limit` bytes."""
        cuts = np.union1d(found, np.array([0, len(self._before) - 1], dtype=np.int64))
        long = np.flatnonzero(np.diff(self._before[cuts]) > limit).tolist()
        return [(int(cuts[index]), int(cuts[index + 1])) for index in long]


def part(text: str, found: IntArray, soft: Iterable[int], shut: Shut, firm: Shut) -> IntArray:
    """Return `found` and, in stretches that have no boundary for too long, further ones.

    Args:
        text: the whole text.
        found: the boundaries so far.
        soft: places that are taken where nothing better is there.
        shut: spans that hold no boundary where that can be helped.
        firm: those of them that never hold one, however long.
    """
    sizes = _sizes(text)
    ruler = Ruler(shut.cover(sizes))
    plain = [
        place
        for first, last in ruler.long_gaps(found, PLAIN_BYTES)
        if _is_plain(text[first:last], ruler.between(first, last))
        for place in _spaced(text, first, last, ruler)
    ]
    found = np.union1d(found, shut.open(plain))
    ruler = Ruler(firm.cover(sizes))
    gaps = ruler.long_gaps(found, LONGEST_BYTES)
    lines = [line.end() for first, last in gaps for line in _LINE_START.finditer(text, first + 1, last - 1)]
    found = np.union1d(found, _within(firm.open({*soft, *lines}), gaps))
    gaps = ruler.long_gaps(found, LONGEST_BYTES)
    spaces = (place for first, last in gaps for place in _spaced(text, first, last, ruler, anywhere=True))
    return np.union1d(found, firm.open(spaces))


def _sizes(text: str) -> IntArray:
    """Return the bytes of UTF-8 of every character."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    sizes = np.ones(len(points), dtype=np.int64)
    for most in (0x7F, 0x7FF, 0xFFFF):
        sizes += points > most
    return sizes


def _within(points: IntArray, gaps: list[Span]) -> IntArray:
    """Return the points that lie inside one of the gaps."""
    points = np.unique(points)
    bounds = np.array(gaps, dtype=np.int64).reshape(-1, 2)
    index = np.searchsorted(bounds[:, 0], points) - 1
    return points[(index >= 0) & (points < bounds[np.maximum(index, 0), 1])] if len(bounds) else points[:0]


def _is_plain(text: str, size_bytes: int) -> bool:
    """Tell whether a stretch has hardly any marks, as a transcript, or its script has none that end sentences."""
    return len(_CLAUSE.findall(text)) * _CLAUSE_EVERY_BYTES < size_bytes or is_unmarked(text)


def _spaced(text: str, first: int, last: int, ruler: Ruler, *, anywhere: bool = False) -> Iterator[int]:
    """Yield places that part a stretch into pieces of about the same length: after a comma, at a space.

    Where there is no space the script must be one that needs none, or `anywhere` be set.
    """
    size = ruler.between(first, last)
    pieces = -(-size // PIECE_BYTES)
    for number in range(1, pieces):
        aim = number * size / pieces
        target = ruler.at(first, aim)
        near, far = ((ruler.at(first, aim - reach) + 1, ruler.at(first, aim + reach)) for reach in _REACH_BYTES)
        comma = (found.end() for found in _CLAUSE_END.finditer(text, near[0], min(near[1], last)))
        space = (found.start() for found in _SPACE.finditer(text, far[0], min(far[1], last)))
        place = _nearest(target, comma) or _nearest(target, space) or _between(text, target, last, anywhere=anywhere)
        if place:
            yield place


def _nearest(target: int, places: Iterable[int]) -> int | None:
    return min(places, key=lambda place: abs(place - target), default=None)


def _between(text: str, target: int, last: int, *, anywhere: bool) -> int | None:
    """Return the first place after `target` that lies between two characters which may be parted."""
    reach = range(target, min(target + PIECE_BYTES, last))
    place = next((place for place in reach if place and may_part(text, place)), None)
    if place is None and anywhere:
        place = next((place for place in reach if place and not is_joined(text[place - 1], text[place])), None)
    return place
