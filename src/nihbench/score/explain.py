"""How the rules read an answer: each fact with its type and its places, the line that decided, and what is doubted.

It reads once more what `rules` reads and decides nothing. A task that grades by itself has no such reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nihbench.score.fold import final_answer
from nihbench.score.match import Status, denials, sheet_of
from nihbench.score.reading import Reading
from nihbench.score.rules import decided, grade, read
from nihbench.score.values.base import How
from nihbench.types import Grade, Needle

CUES = ("denies", "denied", "hedge", "vague", "retract", "either", "abstain", "refuse", "outside", "grader", "clarify")
"""The kinds of turns of phrase that are told, where an answer has them."""
_NO_FRESH: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something stands in the answer as it was written, answer[start:end], and its words."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRead:
    """A fact: what is expected, of which type, and how it stands in the answer."""

    name: str
    expected: str
    kind: str
    identifying: bool
    status: Status
    how: How
    places: tuple[Place, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """How an answer was read. `line` is the name of the rule that decided; "" where none came to its turn.

    `kind` is the type of the whole answer, `denied` are the parts that a frame denies, `cues` turns of phrase by kind.
    """

    grade: Grade
    kind: str
    facts: tuple[FactRead, ...]
    line: str
    denied: tuple[Place, ...]
    cues: tuple[tuple[str, Place], ...]


def explain(
    answer: str,
    needle: Needle,
    *,
    expected: str = "",
    fresh: Mapping[str, str] = _NO_FRESH,
    finish_reason: str | None = None,
    question: str = "",
) -> Explained:
    """Return how `answer` is read; the arguments are those of `rules.grade`."""
    given = grade(answer, needle, expected=expected, fresh=fresh, finish_reason=finish_reason, question=question)
    sheet = sheet_of(needle, expected, fresh, question)
    final = final_answer(answer)
    if final is None or not any(map(str.isalnum, final)):
        return Explained(grade=given, kind=sheet.kind, facts=(), line="", denied=(), cues=())
    reading = read(final, needle, sheet, finish_reason)
    text = reading.answer
    cues = [(kind, _place(reading, cue.start, cue.end)) for kind in CUES for cue in text.cues(kind)[:8]]
    return Explained(
        grade=given,
        kind=sheet.kind,
        facts=_facts(reading),
        line=decided(reading)[0],
        denied=tuple(_place(reading, *span) for span in dict.fromkeys(denials(text)) if span[0] < span[1]),
        cues=tuple(cues),
    )


def _facts(reading: Reading) -> tuple[FactRead, ...]:
    told = {fact.name: fact.text for fact in reading.needle.facts}
    return tuple(
        FactRead(
            name=found.fact.name,
            expected=told.get(found.fact.name, found.fact.forms[0]),
            kind=found.fact.kind,
            identifying=found.fact.identifying,
            status=found.status,
            how=found.how,
            places=tuple(_place(reading, start, end) for start, end in found.spans[:8]),
        )
        for found in reading.found
    )


def _place(reading: Reading, start: int, end: int) -> Place:
    low, high = reading.answer.folded.original(start, end)
    return Place(start=low, end=high, words=reading.answer.original[low:high])
