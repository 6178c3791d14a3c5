"""The text around each needle as sent, cut out of the corpus by the placement; none where that is not at hand."""

from __future__ import annotations

from nihbench.analysis.report.pool import Pool
from nihbench.text.source import SourceText
from nihbench.types import Placement, Record

AROUND = 160
"""Characters that are shown on either side of a needle."""

BEGINS, ENDS = 1, 2
"""Edges: the haystack begins (ends) inside what is shown."""


class Surroundings:
    """Cuts out of one corpus's text. `text` is None where the run's own text is not on this machine."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def of(self, record: Record, pool: Pool) -> tuple[int | None, int | None, int]:
        """Return the numbers of the texts before and after a record's needle, and the edges that they reach."""
        place = record.placement
        if self._text is None or not isinstance(place, Placement):
            return None, None, 0
        source = SourceText(text=self._text, start=place.source_start, copies=place.source_copies)
        first, last = max(place.start, place.at - AROUND), min(place.end, place.at + AROUND)
        before = source[first : place.at] + place.before
        after = place.after + source[place.at : last] + (place.tail if last == place.end else "")
        edges = (BEGINS if first == place.start else 0) | (ENDS if last == place.end else 0)
        return pool.add(before), pool.add(after), edges
