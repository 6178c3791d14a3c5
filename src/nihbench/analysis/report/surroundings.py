"""The text around each needle as sent, cut out of the corpus by the placement; none where that is not at hand."""

from __future__ import annotations

from functools import lru_cache

from nihbench.analysis.report.pool import Pool
from nihbench.text import compose_text
from nihbench.types import Placement, Record

AROUND = 160
"""Characters that are shown on either side of a needle."""

BEGINS, ENDS = 1, 2
"""Edges: the haystack begins (ends) inside what is shown."""


class Surroundings:
    """Cuts out of one corpus's text. `text` is None where the run's own text is not on this machine."""

    def __init__(self, text: str | None) -> None:
        self._text = text
        # Every repeat begins its source at another place; trials come repeat by repeat.
        self._source = lru_cache(maxsize=2)(self._made)

    def of(self, record: Record, pool: Pool) -> tuple[int | None, int | None, int]:
        """Return the numbers of the texts before and after a record's needle, and the edges that they reach."""
        place = record.placement
        if self._text is None or not isinstance(place, Placement):
            return None, None, 0
        source, period = self._source(place.source_start)
        first, last = max(place.start, place.at - AROUND), min(place.end, place.at + AROUND)
        before = _cut(source, period, first, place.at) + place.before
        after = place.after + _cut(source, period, place.at, last) + (place.tail if last == place.end else "")
        edges = (BEGINS if first == place.start else 0) | (ENDS if last == place.end else 0)
        return pool.add(before), pool.add(after), edges

    def _made(self, start: int) -> tuple[str, int]:
        """Return the source twice in a row and after how many characters it comes again: more copies say no more."""
        assert self._text is not None
        twice = compose_text(self._text, start, 2)
        return twice, len(twice) - len(compose_text(self._text, start, 1))


def _cut(source: str, period: int, first: int, last: int) -> str:
    begin, size = first % period, last - first
    if begin + size > len(source):  # a text shorter than what is shown of it
        source = source[:period] * (2 + size // period)
    return source[begin : begin + size]
