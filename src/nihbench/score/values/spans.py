"""From one value to another: dates, times, amounts; both ends count, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from nihbench.score.answer import Text
from nihbench.score.values.base import Place, Value, outermost

_REACH = 48  # characters between both ends
_MOST = 12  # places of an end that are looked at


@dataclass(frozen=True, slots=True)
class Span:
    """An expected stretch with its two ends."""

    first: Value
    last: Value
    kind: str = "span"

    def places(self, answer: Text) -> list[Place]:
        """Return where both ends stand, or one of them."""
        starts = [p for p in self.first.places(answer) if p.worth > 0.0][:_MOST]
        ends = [p for p in self.last.places(answer) if p.worth > 0.0][:_MOST]
        found = []
        for one in starts:
            for other in ends:
                if one.end <= other.start <= one.end + _REACH and (one.start, one.end) != (other.start, other.end):
                    worth = min(one.worth, other.worth)
                    how = one.how if one.worth < other.worth else other.how
                    both = 0.5 if 0.0 < worth < 0.5 else worth
                    found.append(Place(one.start, other.end, how, both, rival=how != "same"))
        if found:
            return outermost(found)
        return outermost(Place(p.start, p.end, "part", 0.5 if p.worth == 1.0 else 0.3) for p in (*starts, *ends))

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the stretch: none, as the words between its ends are a language's."""
        return []
