"""What an answer is held against: the needle's facts in folded form, its words, its subject. Made once a needle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nihbench.score.grammar import Grammar, Phrase, grammar_for
from nihbench.types import KeyFact, Needle

_SLACK = 3  # words that may stand between the words of a fact, over and above its own
_NEAR_WORD = 4  # letters: a shorter word of a longer fact says nothing by itself
_TYPO_FROM = 7  # letters: in a shorter word one wrong letter may make another word
_WORDS_FROM = 4  # a lone fact of so many content words (or pairs of signs) is graded by its words
_PLACE = Phrase("@place@")


@dataclass(frozen=True, slots=True)
class Sought:
    """One fact as it is sought: its folded forms, or its digits when it is a number.

    `by_signs` is one pattern for all forms with signs, `by_words` has for every other form its content stems and the
    number of words within which they must stand. A fact is nearly given by half the signs of a form (`halves`) or by
    half the words of another (`parts`: how many words, and those that tell); `long` are the
    stems in which a letter may be wrong. `asked`: the question itself says it. `denied`: the needle itself negates it
    ("never eats meat"), so the answer must too; None where its sentence does and its answer does not ("What does he
    never eat?" "Meat."): either will do.
    """

    name: str
    forms: tuple[str, ...]
    digits: str | None
    identifying: bool
    weight: float
    by_signs: re.Pattern[str] | None = None
    by_words: tuple[tuple[tuple[str, ...], int], ...] = ()
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
    written, and `grammar` is how an answer to it is read.
    """

    facts: tuple[Sought, ...]
    by_words: bool
    known: frozenset[str]
    lead: frozenset[str]
    question: str
    subjects: tuple[str, ...]
    statements: tuple[str, ...]
    told: tuple[str, ...]
    grammar: Grammar


def make_sheet(needle: Needle, expected: str, fresh: Mapping[str, str], question: str) -> Sheet:
    """Return what an answer to `needle` must say, its placeholders filled from `fresh`."""

    def fill(text: str) -> str:
        for name, value in fresh.items():
            text = text.replace("{" + name + "}", value)
        return text

    grammar = grammar_for(needle.language)
    listed = needle.facts != (KeyFact(name="answer", text=needle.answer, identifying=True),)
    given = (needle.facts if listed else ()) or (_answer_as_fact(expected or needle.answer, grammar),)
    facts = [replace(f, text=fill(f.text), aliases=tuple(map(fill, f.aliases))) for f in given]
    subject = (needle.subject.text, *needle.subject.aliases) if needle.subject else ()
    statements = tuple(map(fill, needle.statements))
    told = tuple(filter(None, (*statements, fill(needle.answer), expected)))
    question = question or needle.question
    asked = grammar.fold(question).text
    sought = [_sought(fact, asked, grammar) for fact in facts]
    by_words = False
    if len(sought) == 1 and sought[0].digits is None:
        parts = _split(sought[0], asked, grammar)
        by_words = len(parts) >= _WORDS_FROM
        sought = parts if by_words else sought
    elif not any(fact.identifying for fact in sought):
        sought = [replace(fact, identifying=True) for fact in sought]
    texts = (question, *told, *subject, *(t for f in facts for t in (f.text, *f.aliases)))
    known = frozenset(s for text in texts for s in grammar.stems(grammar.fold(text).text))
    said = frozenset(s for fact in sought for form in fact.forms for s in grammar.stems(form))
    return Sheet(
        facts=tuple(sought),
        by_words=by_words,
        known=known,
        lead=known - said,
        question=asked,
        subjects=tuple(name for name in (grammar.fold(text).text for text in subject) if name),
        statements=tuple(grammar.fold(text).text for text in statements),
        told=told,
        grammar=grammar,
    )


def _answer_as_fact(answer: str, grammar: Grammar) -> KeyFact:
    """Return the one fact of a needle that lists none; a place in Chinese is the same with and without 在 and 里."""
    plain = _PLACE(grammar).sub("", answer.strip(" .。"))
    short = plain if len(plain) > 1 and grammar.has_signs(plain) else answer
    return KeyFact(name="answer", text=answer, aliases=(short,) if short != answer else (), identifying=True)


def _sought(fact: KeyFact, asked: str, grammar: Grammar) -> Sought:
    forms = tuple(dict.fromkeys(grammar.fold(text).text.strip(" .。") for text in (fact.text, *fact.aliases)))
    digits = next(filter(None, map(grammar.numerals.as_number, forms)), None)
    echo = bool(forms[0]) and digits is None and _stands_in(forms[0], asked, grammar)
    return prepared(grammar, fact.name, forms, digits, fact.identifying, fact.weight, echo)


def prepared(
    grammar: Grammar,
    name: str,
    forms: tuple[str, ...],
    digits: str | None,
    identifying: bool,
    weight: float,
    asked: bool = False,
) -> Sought:
    """Return a fact with its patterns ready."""
    signs = sorted(filter(grammar.has_signs, forms), key=len, reverse=True)
    spaced = [form for form in forms if form and not grammar.has_signs(form)]
    wanted = [(tuple(dict.fromkeys(grammar.content_stems(form))), len(form.split()) + _SLACK) for form in spaced]
    halves = dict.fromkeys(re.escape(half) for form in signs for half in _halves(form))
    return Sought(
        name=name,
        forms=forms,
        digits=digits,
        identifying=identifying,
        weight=weight,
        by_signs=re.compile("|".join(_in_signs(form, grammar) for form in signs)) if signs else None,
        by_words=tuple(wanted),
        halves=re.compile("|".join(halves)) if halves else None,
        parts=tuple((len(w), tuple(s for s in w if len(s) >= _NEAR_WORD or s.isdecimal())) for w, _ in wanted if w[1:]),
        long=frozenset(s for w, _ in wanted for s in w if len(s) >= _TYPO_FROM and s.isalpha() and s.isascii()),
        asked=asked,
    )


def _halves(form: str) -> list[str]:
    """Return all rows of half the characters of a form (at least two)."""
    size = max(2, (len(form) + 1) // 2)
    return [form[start : start + size] for start in range(min(len(form) - size + 1, 40))]


def _in_signs(form: str, grammar: Grammar) -> str:
    """Return a pattern for a form with signs: particles between them, numerals in either script."""
    pieces = re.findall(r"\d+|\S", form)
    numbers = {piece for piece in pieces if piece in grammar.digits or piece.isdecimal()}
    letters = [rf"(?:{p}|{grammar.numeral(p)})" if p in numbers else re.escape(p) for p in pieces]
    particles = "".join(grading.particles for grading in grammar.gradings)
    return rf"[ {particles}]{{0,2}}".join(letters) if len(letters) <= 40 else re.escape(form)


def _stands_in(form: str, text: str, grammar: Grammar) -> bool:
    if grammar.has_signs(form):
        return form in text
    return set(grammar.content_stems(form)) <= set(grammar.stems(text))


def _split(fact: Sought, asked: str, grammar: Grammar) -> list[Sought]:
    """Split a long answer into its key words and key pairs of signs, less the question's."""
    form = fact.forms[0]
    seen = set(grammar.stems(asked))
    parts: dict[str, None] = {}
    for word in grammar.words(form):
        if not grammar.is_sign(word[0]) and word not in grammar.empty and grammar.stem(word) not in seen:
            parts[word] = None
    for row in re.findall(f"[{grammar.signs}]{{2,}}", form) if grammar.signs else []:
        for pair in (row[at : at + 2] for at in range(len(row) - 1)):
            if pair not in asked and not set(pair) & grammar.light:
                parts[pair] = None
    digits = {part: part if part.isdecimal() and len(part) > 2 else None for part in parts}
    return [prepared(grammar, part, (part,), digits[part], True, 1.0) for part in parts]
