"""Where the facts of a needle stand in a folded answer, and whether each is given, negated, nearly given or absent.

A fact matches by its text or an alias: Latin words by their stems in a small window, in any order; Chinese
characters in order with particles allowed between; numbers by their digits. Nothing is decided here about the
grade (see `rules`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from nihbench.score import cues
from nihbench.score.fold import Folded, fold, is_cjk
from nihbench.score.numbers import Number, as_number, find_numbers, nearness
from nihbench.score.words import CHINESE_STOP, STOP_WORDS, Token, content_stems, tokens
from nihbench.types import KeyFact, Needle

Status = Literal["right", "negated", "near", "absent"]
Span = tuple[int, int]

_SLACK = 3  # words that may stand between the words of a fact, over and above its own
_MOST = 64  # places of one fact that are looked at
_PARTICLES = "的了着里之上中在一杯家条个"
_WORDS_FROM = 4  # a lone fact of so many content words (or Chinese pairs) is graded by its words
_NEAR_WORD = 4  # letters: a shorter word of a longer fact says nothing by itself


@dataclass(frozen=True, slots=True)
class Sought:
    """One fact as it is sought: its folded forms, or its digits when it is a number.

    `asked`: the question itself says it. `denied`: the needle itself negates it ("never eats meat"), so the answer
    must too; None where its sentence does and its answer does not ("What does he never eat?" "Meat."): either will do.
    """

    name: str
    forms: tuple[str, ...]
    digits: str | None
    identifying: bool
    weight: float
    asked: bool = False
    denied: bool | None = False


@dataclass(frozen=True, slots=True)
class Found:
    """One fact as it was found: `spans` are the un-negated places (the near or negated one for those states)."""

    fact: Sought
    status: Status
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an answer is held against. `by_words`: the facts are the words of one long answer, graded by share.

    `known` are the stems of needle and question, `lead` those of them that are no fact's.
    """

    facts: tuple[Sought, ...]
    by_words: bool
    known: frozenset[str]
    lead: frozenset[str]
    question: str


class Text:
    """An answer prepared for matching: folded text, tokens, and where each stem stands."""

    def __init__(self, original: str) -> None:
        self.folded: Folded = fold(original)
        self.text: str = self.folded.text
        self.tokens: list[Token] = tokens(self.text)
        self.places: dict[str, list[int]] = {}
        for place, token in enumerate(self.tokens):
            self.places.setdefault(token.stem, []).append(place)


def sheet(needle: Needle, expected: str, fresh: Mapping[str, str], question: str) -> Sheet:
    """Return what an answer to `needle` must say, its placeholders filled from `fresh`."""

    def fill(text: str) -> str:
        for name, value in fresh.items():
            text = text.replace("{" + name + "}", value)
        return text

    facts = needle.facts or (KeyFact(name="answer", text=expected or needle.answer, identifying=True),)
    filled = tuple(replace(f, text=fill(f.text), aliases=tuple(map(fill, f.aliases))) for f in facts)
    subject = (needle.subject.text, *needle.subject.aliases) if needle.subject else ()
    told = (*needle.statements, needle.answer, expected)
    return _sheet(filled, tuple(map(fill, told)), subject, question or needle.question)


@lru_cache(maxsize=512)
def _sheet(facts: tuple[KeyFact, ...], told: tuple[str, ...], subject: tuple[str, ...], question: str) -> Sheet:
    asked = fold(question).text
    sought = [_sought(fact, asked) for fact in facts]
    by_words = False
    if len(sought) == 1 and sought[0].digits is None:
        words = _split(sought[0], asked)
        by_words = len(words) >= _WORDS_FROM
        sought = words if by_words else sought
    elif not any(fact.identifying for fact in sought):
        sought = [replace(fact, identifying=True) for fact in sought]
    own = [Text(text) for text in told if text]
    sought = [replace(fact, denied=_own_polarity(fact, own)) for fact in sought]
    texts = (question, *told, *subject, *(t for f in facts for t in (f.text, *f.aliases)))
    known = frozenset(token.stem for text in texts for token in tokens(fold(text).text))
    said = frozenset(token.stem for fact in sought for form in fact.forms for token in tokens(form))
    return Sheet(facts=tuple(sought), by_words=by_words, known=known, lead=known - said, question=asked)


def _own_polarity(fact: Sought, told: list[Text]) -> bool | None:
    statuses = {find(fact, text).status for text in told} & {"right", "negated"}
    return None if len(statuses) == 2 else statuses == {"negated"}


def find(fact: Sought, answer: Text) -> Found:
    """Return how `fact` stands in `answer`: right when one un-negated place gives it."""
    spans = _number_places(fact.digits, answer) if fact.digits else _places(fact, answer)
    standing = tuple(s for s in spans if fact.denied is None or cues.negated(answer.text, *s) == fact.denied)
    if standing:
        return Found(fact, "right", standing)
    if spans:
        return Found(fact, "negated", tuple(spans))
    near = None if fact.digits else next(filter(None, (_near(form, answer) for form in fact.forms)), None)
    return Found(fact, "near", (near,)) if near else Found(fact, "absent")


def numbers_beside(digits: str, answer: Text) -> list[Number]:
    """Return the un-negated numbers of `answer`, read with `digits` in mind."""
    return [n for n in find_numbers(answer.text, digits) if not cues.negated(answer.text, n.start, n.end)]


def _sought(fact: KeyFact, asked: str) -> Sought:
    forms = tuple(fold(text).text.strip(" .。") for text in (fact.text, *fact.aliases))
    digits = next(filter(None, map(as_number, forms)), None)
    echo = bool(forms[0]) and digits is None and _stands_in(forms[0], asked)
    return Sought(fact.name, forms, digits, fact.identifying, fact.weight, echo)


def _stands_in(form: str, text: str) -> bool:
    return form in text if _has_cjk(form) else set(content_stems(form)) <= {t.stem for t in tokens(text)}


def _split(fact: Sought, asked: str) -> list[Sought]:
    """Split a long answer into its key words (Latin) and key pairs of characters (Chinese), less the question's."""
    form = fact.forms[0]
    seen = {t.stem for t in tokens(asked)}
    parts: dict[str, None] = {}
    previous: Token | None = None
    for token in tokens(form):
        if not is_cjk(token.stem[0]):
            word = form[token.start : token.end]
            if word not in STOP_WORDS and token.stem not in seen:
                parts[word] = None
            previous = None
            continue
        if previous is not None and previous.end == token.start:
            pair = previous.stem + token.stem
            if pair not in asked and not (set(pair) & CHINESE_STOP):
                parts[pair] = None
        previous = token
    return [Sought(part, (part,), part if part.isdecimal() and len(part) > 2 else None, True, 1.0) for part in parts]


def _places(fact: Sought, answer: Text) -> list[Span]:
    spans: list[Span] = []
    for form in fact.forms:
        if form:
            spans += _cjk_places(form, answer.text) if _has_cjk(form) else _latin_places(form, answer)
    longest_first = sorted(set(spans), key=lambda span: (span[0], -span[1]))
    outermost: list[Span] = []
    for span in longest_first:
        if not outermost or span[1] > outermost[-1][1]:
            outermost.append(span)
    return outermost[:_MOST]


def _number_places(digits: str, answer: Text) -> list[Span]:
    return [(n.start, n.end) for n in find_numbers(answer.text, digits) if nearness(n.digits, digits) == "same"]


def _has_cjk(text: str) -> bool:
    return any(map(is_cjk, text))


def _cjk_places(form: str, text: str) -> list[Span]:
    return [m.span() for _, m in zip(range(_MOST), _cjk_pattern(form).finditer(text), strict=False)]


@lru_cache(maxsize=2048)
def _cjk_pattern(form: str) -> re.Pattern[str]:
    letters = [re.escape(c) for c in form if not c.isspace()]
    return re.compile(rf"[ {_PARTICLES}]{{0,2}}".join(letters) if len(letters) <= 40 else re.escape(form))


@lru_cache(maxsize=2048)
def _stems(form: str) -> tuple[tuple[str, ...], int]:
    """Return the content stems of a form and the window in which they must stand, in words."""
    return tuple(dict.fromkeys(content_stems(form))), len(form.split()) + _SLACK


def _latin_places(form: str, answer: Text) -> list[Span]:
    stems, window = _stems(form)
    if not stems or any(s not in answer.places for s in stems):
        return []
    spans: list[Span] = []
    first, *others = sorted(stems, key=lambda s: len(answer.places[s]))
    for place in answer.places[first][:_MOST]:
        group = [place, *(_nearest(answer.places[other], place) for other in others)]
        low, high = min(group), max(group)
        if high - low < window:
            spans.append((answer.tokens[low].start, answer.tokens[high].end))
    return spans


def _nearest(places: list[int], place: int) -> int:
    at = bisect_left(places, place)
    return min(places[max(0, at - 1) : at + 1], key=lambda p: abs(p - place))


def _near(form: str, answer: Text) -> Span | None:
    """Return where at least half of a form stands: half its characters in a row, or half its words."""
    if _has_cjk(form):
        size = max(2, (len(form) + 1) // 2)
        for start in range(len(form) - size + 1):
            at = answer.text.find(form[start : start + size])
            if at >= 0:
                return at, at + size
        return None
    stems, _ = _stems(form)
    present = [s for s in stems if s in answer.places and (len(s) >= _NEAR_WORD or s.isdecimal())]
    if len(stems) < 2 or 2 * len(present) < len(stems):
        return None
    token = answer.tokens[answer.places[present[0]][0]]
    return token.start, token.end


def novel(text: str, known: frozenset[str]) -> list[str]:
    """Return the content stems of a folded `text` that are not in `known`."""
    return [s for s in content_stems(text) if s not in known and s not in STOP_WORDS and s not in CHINESE_STOP]
