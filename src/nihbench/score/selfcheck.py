"""Whether a needle's own answer would get full marks: its sentence, its answer and other writings of it, graded.

Pure, and asked before any model is: what does not get 1.0 here would cost a model that answers well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nihbench.lang.messages import Note, Words, t
from nihbench.languages.base import of
from nihbench.score.answer import Text
from nihbench.score.grammar import grammar_for
from nihbench.score.match import sheet_of
from nihbench.score.rules import grade
from nihbench.score.values.kinds import recognise
from nihbench.score.values.told import TYPES
from nihbench.types import Needle, Score

_DIGITS = "4829137560283746159"
_MOST = 40  # writings that are tried


@dataclass(frozen=True, kw_only=True, slots=True)
class Weakness:
    """A writing of a needle's own answer that is not graded 1.0 (None: it can't be graded), and what mends it."""

    what: str
    written: str
    value: float | None
    mend: Words

    @property
    def sentence(self) -> str:
        """Say what is not read, what it gets and what to change."""
        shown = self.written if len(self.written) < 100 else self.written[:97] + "..."
        value = "-" if self.value is None else f"{self.value:g}"
        if self.what == "text":
            return t("score.self_text", value=value, mend=self.mend)
        if self.what == "type":
            return t("score.self_type", written=shown, mend=self.mend)
        if self.what == "answer":
            return t("score.self_answer", written=shown, value=value, mend=self.mend)
        return t("score.self_form", written=shown, value=value, mend=self.mend)


def self_check(needle: Needle) -> tuple[Weakness, ...]:
    """Return what of a needle's own text and answer, and of some forms made of them, is not graded 1.0."""
    filled = _filled(needle)
    found = [*_unread(filled)]
    for what, written in list(dict.fromkeys(_writings(filled)))[:_MOST]:
        score = grade(written, filled)
        if not (isinstance(score, Score) and score.value == 1.0):
            value = score.value if isinstance(score, Score) else None
            found.append(Weakness(what=what, written=written, value=value, mend=_mend(filled, written)))
    return tuple(found)


def _filled(needle: Needle) -> Needle:
    """Return the needle with some digits in the place of its fresh values."""

    def put(text: str) -> str:
        for name, digits in needle.fresh.items():
            text = text.replace(f"{{{name}}}", _DIGITS[:digits])
        return text

    facts = tuple(replace(f, text=put(f.text), aliases=tuple(map(put, f.aliases))) for f in needle.facts)
    statements = tuple(map(put, needle.statements))
    return replace(needle, statements=statements, answer=put(needle.answer), facts=facts, fresh={})


def _unread(needle: Needle) -> list[Weakness]:
    """Return the facts whose given type their text can't be read as."""
    grammar = grammar_for(needle.language)
    question = Text(needle.question, grammar)
    given = [(fact.text, fact.type) for fact in needle.facts if fact.type]
    given += [(needle.answer, needle.answer_type)] if needle.answer_type else []
    return [
        Weakness(what="type", written=text, value=None, mend=Note("mend_type", type=TYPES[kind]))
        for text, kind in given
        if kind not in ("phrase", "list", "order") and recognise(Text(text, grammar), question, kind) is None
    ]


def _writings(needle: Needle) -> list[tuple[str, str]]:
    """Return the needle's text and answer, and other writings of the answer, each with what it is."""
    around = of(needle.language).asking.sentence_around
    writings = [("text", " ".join(needle.statements))] if needle.statements else []
    if needle.answer:
        writings += [("answer", needle.answer), ("answer", around.format(answer=needle.answer.strip().rstrip(".。")))]
    sheet = sheet_of(needle, "", {}, needle.question)
    for fact in sheet.facts:
        for equal in fact.value.equals(needle.language) if fact.value is not None else ():
            if len(sheet.facts) == 1:
                writings.append(("form", equal))
            else:
                own = next((f.text for f in needle.facts if f.name == fact.name), "")
                if own and own in needle.answer:
                    writings.append(("form", needle.answer.replace(own, equal, 1)))
    return writings


def _mend(needle: Needle, written: str) -> Words:
    score = grade(written, needle)
    if not isinstance(score, Score):
        return Note("mend_unscored", why=score.reason)
    if score.evidence.missing and len(needle.facts) > 1:
        return Note("mend_fact", facts=", ".join(score.evidence.missing))
    if score.evidence.missing:
        return Note("mend_answer")
    return Note("mend_cue", cue=score.evidence.cue)


def types_of(needle: Needle) -> dict[str, str]:
    """Return the types by which a needle's facts are compared, by their names; of an answer alone that of `answer`."""
    sheet = sheet_of(_filled(needle), "", {}, needle.question)
    if len(needle.facts) < 2:
        return {fact.name: sheet.kind for fact in needle.facts} or {"answer": sheet.kind}
    return {fact.name: fact.kind for fact in sheet.facts}
