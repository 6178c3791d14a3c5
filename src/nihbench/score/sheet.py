"""What an answer is held against: the needle's facts in folded form, its words, its subject. Made once a needle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nihbench.score.fold import fold, has_cjk, is_cjk
from nihbench.score.numbers import DIGITS, as_number, numeral
from nihbench.score.words import CHINESE_STOP, STOP_WORDS, content_stems, stem, stems, words
from nihbench.types import KeyFact, Needle

_SLACK = 3  # words that may stand between the words of a fact, over and above its own
_NEAR_WORD = 4  # letters: a shorter word of a longer fact says nothing by itself
_TYPO_FROM = 7  # letters: in a shorter word one wrong letter may make another word
_PARTICLES = "的了着里之上中在一杯家条个"
_WORDS_FROM = 4  # a lone fact of so many content words (or Chinese pairs) is graded by its words
_AT = re.compile(r"^(?:位于|放在|藏在|在)|(?:里面?|之中|当中)$")
_CHINESE_IN_A_ROW = re.compile(r"[\u3400-\u9fff]{2,}")


@dataclass(frozen=True, slots=True)
class Sought:
    """One fact as it is sought: its folded forms, or its digits when it is a number.

    `chinese` is one pattern for all forms with Chinese characters, `latin` has for every other form its content stems
    and the number of words within which they must stand. A fact is nearly given by half the characters of a Chinese
    form (`halves`) or by half the words of a Latin one (`parts`: how many words, and those that tell); `long` are the
    stems in which a letter may be wrong. `asked`: the question itself says it. `denied`: the needle itself negates it
    ("never eats meat"), so the answer must too; None where its sentence does and its answer does not ("What does he
    never eat?" "Meat."): either will do.
    """

    name: str
    forms: tuple[str, ...]
    digits: str | None
    identifying: bool
    weight: float
    chinese: re.Pattern[str] | None = None
    latin: tuple[tuple[tuple[str, ...], int], ...] = ()
    halves: re.Pattern[str] | None = None
    parts: tuple[tuple[int, tuple[str, ...]], ...] = ()
    long: frozenset[str] = frozenset()
    asked: bool = False
    denied: bool | None = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an answer is held against. `by_words`: the facts are the words of one long answer, graded by share.

    `known` are the stems of needle and question, `lead` those of them that are no fact's; `subjects` are the folded
    names of the subject, `statements` the folded sentences of the needle; `told` are its sentences and answers as
    written.
    """

    facts: tuple[Sought, ...]
    by_words: bool
    known: frozenset[str]
    lead: frozenset[str]
    question: str
    subjects: tuple[str, ...]
    statements: tuple[str, ...]
    told: tuple[str, ...]


def make_sheet(needle: Needle, expected: str, fresh: Mapping[str, str], question: str) -> Sheet:
    """Return what an answer to `needle` must say, its placeholders filled from `fresh`."""

    def fill(text: str) -> str:
        for name, value in fresh.items():
            text = text.replace("{" + name + "}", value)
        return text

    listed = needle.facts != (KeyFact(name="answer", text=needle.answer, identifying=True),)
    given = (needle.facts if listed else ()) or (_answer_as_fact(expected or needle.answer),)
    facts = [replace(f, text=fill(f.text), aliases=tuple(map(fill, f.aliases))) for f in given]
    subject = (needle.subject.text, *needle.subject.aliases) if needle.subject else ()
    statements = tuple(map(fill, needle.statements))
    told = tuple(filter(None, (*statements, fill(needle.answer), expected)))
    question = question or needle.question
    asked = fold(question).text
    sought = [_sought(fact, asked) for fact in facts]
    by_words = False
    if len(sought) == 1 and sought[0].digits is None:
        parts = _split(sought[0], asked)
        by_words = len(parts) >= _WORDS_FROM
        sought = parts if by_words else sought
    elif not any(fact.identifying for fact in sought):
        sought = [replace(fact, identifying=True) for fact in sought]
    texts = (question, *told, *subject, *(t for f in facts for t in (f.text, *f.aliases)))
    known = frozenset(s for text in texts for s in stems(fold(text).text))
    said = frozenset(s for fact in sought for form in fact.forms for s in stems(form))
    return Sheet(
        facts=tuple(sought),
        by_words=by_words,
        known=known,
        lead=known - said,
        question=asked,
        subjects=tuple(name for name in (fold(text).text for text in subject) if name),
        statements=tuple(fold(text).text for text in statements),
        told=told,
    )


def _answer_as_fact(answer: str) -> KeyFact:
    """Return the one fact of a needle that lists none; a Chinese place is the same with and without 在 and 里."""
    plain = _AT.sub("", answer.strip(" .。"))
    short = plain if len(plain) > 1 and has_cjk(plain) else answer
    return KeyFact(name="answer", text=answer, aliases=(short,) if short != answer else (), identifying=True)


def _sought(fact: KeyFact, asked: str) -> Sought:
    forms = tuple(dict.fromkeys(fold(text).text.strip(" .。") for text in (fact.text, *fact.aliases)))
    digits = next(filter(None, map(as_number, forms)), None)
    echo = bool(forms[0]) and digits is None and _stands_in(forms[0], asked)
    return prepared(fact.name, forms, digits, fact.identifying, fact.weight, echo)


def prepared(
    name: str, forms: tuple[str, ...], digits: str | None, identifying: bool, weight: float, asked: bool = False
) -> Sought:
    """Return a fact with its patterns ready."""
    chinese = sorted(filter(has_cjk, forms), key=len, reverse=True)
    latin = [form for form in forms if form and not has_cjk(form)]
    wanted = [(tuple(dict.fromkeys(content_stems(form))), len(form.split()) + _SLACK) for form in latin]
    halves = dict.fromkeys(re.escape(half) for form in chinese for half in _halves(form))
    return Sought(
        name=name,
        forms=forms,
        digits=digits,
        identifying=identifying,
        weight=weight,
        chinese=re.compile("|".join(map(_chinese, chinese))) if chinese else None,
        latin=tuple(wanted),
        halves=re.compile("|".join(halves)) if halves else None,
        parts=tuple((len(w), tuple(s for s in w if len(s) >= _NEAR_WORD or s.isdecimal())) for w, _ in wanted if w[1:]),
        long=frozenset(s for w, _ in wanted for s in w if len(s) >= _TYPO_FROM and s.isalpha() and s.isascii()),
        asked=asked,
    )


def _halves(form: str) -> list[str]:
    """Return all rows of half the characters of a form (at least two)."""
    size = max(2, (len(form) + 1) // 2)
    return [form[start : start + size] for start in range(min(len(form) - size + 1, 40))]


def _chinese(form: str) -> str:
    """Return a pattern for a form with Chinese characters: particles between them, numerals in either script."""
    pieces = re.findall(r"\d+|\S", form)
    letters = [rf"(?:{piece}|{numeral(piece)})" if piece in DIGITS or piece.isdecimal() else re.escape(piece)
               for piece in pieces]  # fmt: skip
    return rf"[ {_PARTICLES}]{{0,2}}".join(letters) if len(letters) <= 40 else re.escape(form)


def _stands_in(form: str, text: str) -> bool:
    return form in text if has_cjk(form) else set(content_stems(form)) <= set(stems(text))


def _split(fact: Sought, asked: str) -> list[Sought]:
    """Split a long answer into its key words (Latin) and key pairs of characters (Chinese), less the question's."""
    form = fact.forms[0]
    seen = set(stems(asked))
    parts: dict[str, None] = {}
    for word in words(form):
        if not is_cjk(word[0]) and word not in STOP_WORDS and stem(word) not in seen:
            parts[word] = None
    for row in _CHINESE_IN_A_ROW.findall(form):
        for pair in (row[at : at + 2] for at in range(len(row) - 1)):
            if pair not in asked and not set(pair) & CHINESE_STOP:
                parts[pair] = None
    return [prepared(part, (part,), part if part.isdecimal() and len(part) > 2 else None, True, 1.0) for part in parts]
