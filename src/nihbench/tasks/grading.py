"""The grade of an answer that is to hold several items: the share of them that it holds.

An item counts where the answer names it, as in RULER (Hsieh et al., 2024): case, width and markup folded, numbers in
any writing; a name within a longer word or number is another one. What kind of nothing an answer without items is, the
rules say.
"""

from __future__ import annotations

import re

from nihbench.lang.messages import Note
from nihbench.score.answer import Text
from nihbench.score.fold import final_answer
from nihbench.score.grammar import grammar_for
from nihbench.score.rules import SCORER, VERSION, grade
from nihbench.types import Evidence, Grade, Item, Needle, OutcomeClass, Planted, Score

Span = tuple[int, int]
_NOTHING: frozenset[OutcomeClass] = frozenset(("abstained", "refused", "off_task", "truncated", "empty"))
_MOST_READ = 64_000
"""Characters of an answer that are read: a list of a thousand values has less."""


def grade_items(planted: Planted, key: Needle, answer: str, finish_reason: str | None) -> Grade:
    """Return the share of a trial's items that an answer holds, with which they are and where each stands.

    Args:
        planted: what was planted.
        key: the same as a needle, by which the rules tell a refusal from an invention.
        answer: what the model said, thinking included.
        finish_reason: what the server said; "length" makes an answer that holds none `truncated`.
    """
    final = final_answer(answer)
    text = Text((final or "")[:_MOST_READ], grammar_for(key.language))
    places = {item.name: _place(item, text) for item in planted.items}
    found = tuple((name, *text.folded.original(*place)) for name, place in places.items() if place is not None)
    missing = tuple(name for name, place in places.items() if place is None)
    outcome: OutcomeClass = "partial" if missing else "correct"
    cue = Note("items_found", found=len(found), all=len(places))
    if not found:
        outcome, cue = _nothing(key, answer, finish_reason, cue)
    return Score(
        value=len(found) / len(places) if places else 0.0,
        outcome=outcome,
        identifying="absent" if missing else "right",
        subject="right",
        evidence=Evidence(found=found, missing=missing, cue=cue),
        scorer=SCORER,
        version=VERSION,
        items=tuple((name, place is not None) for name, place in places.items()),
    )


def _nothing(key: Needle, answer: str, finish_reason: str | None, cue: Note) -> tuple[OutcomeClass, Note]:
    """Return which kind of nothing an answer is that holds no item."""
    told = grade(answer, key, finish_reason=finish_reason)
    if isinstance(told, Score) and told.outcome in _NOTHING:
        said = told.evidence.cue
        return told.outcome, said if isinstance(said, Note) else cue
    return "hallucinated", cue


def _place(item: Item, text: Text) -> Span | None:
    """Return where a folded answer names an item, None where it does not."""
    for name in (item.text, *item.aliases):
        if name.isascii() and name.isdecimal():
            number = next((each for each in text.numbers(name) if each.digits == name), None)
            if number is not None:
                return number.start, number.end
            continue
        wanted = text.grammar.fold(name).text.strip()
        found = re.search(_whole(wanted), text.text) if wanted else None
        if found is not None:
            return found.span()
    return None


def _whole(wanted: str) -> str:
    """Return what finds a text where no ASCII letter or digit goes on at its ends: Chinese sets no spaces."""
    left = r"(?<![a-z0-9])" if re.match("[a-z0-9]", wanted) else ""
    right = r"(?![a-z0-9])" if re.search("[a-z0-9]$", wanted) else ""
    return left + re.escape(wanted) + right
