"""Where what has no end of a sentence for long is parted all the same, so that depths can be reached. Pure.

Lengths are in bytes of UTF-8, which is what a token has about the same number of in every script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from nihbench.languages.scripts import is_joined, is_unmarked, may_part
from nihbench.text.pairs import Shut, Span
from nihbench.types import IntArray

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
