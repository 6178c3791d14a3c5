"""Which sentences of a corpus could answer a needle's question as well as the needle: a ranking, and how it is made.

A question is read as a few terms: its subject (any of the subject's names is one term), its judgement ("best", "most
fun", 最值得 are one term: a text that says the one answers the other), and its other content words (stems; in a
language without spaces pairs of signs). A sentence's weight is the share of the terms that it holds, each weighed by
its inverse document frequency over the corpus's sentences (Spärck Jones 1972), smoothed: ln(1 + (N - n + 0.5) /
(n + 0.5)), as in BM25. It sees words, not meanings: a rival that uses none of the question's words is not found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nihbench.score.grammar import Grammar, Phrase, grammar_for
from nihbench.text.sentences import sentence_ends
from nihbench.types import Needle, Subject

LEAST_WEIGHT = 0.5
"""From this weight on a sentence could mislead even without naming the subject."""
SUBJECT, JUDGEMENT = "<subject>", "<judgement>"

_JUDGING = Phrase("@judging@", re.IGNORECASE)
"""Words of judgement: what a question for "the best" or "the most fun" asks for, and what answers it."""
_FRAME = Phrase("@frame@", re.IGNORECASE)
"""How a question speaks of the document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """A sentence of a corpus, text[start:end], that could answer the question.

    `weight` is 0 to 1, `shared` the question's terms in it. `names_subject`: it speaks of what is asked about;
    `fits`: it holds the kind of answer that is asked for (a judgement, or a number).
    """

    start: int
    end: int
    text: str
    weight: float
    names_subject: bool
    fits: bool
    shared: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentences:
    """A corpus as its sentences, each with its terms: made once, asked often."""

    text: str
    spans: tuple[tuple[int, int], ...]
    terms: tuple[frozenset[str], ...]
    grammar: Grammar

    def at(self, index: int) -> str:
        """Return a sentence."""
        start, end = self.spans[index]
        return self.text[start:end]


def sentences_of(text: str, language: str) -> Sentences:
    """Split a corpus into sentences, and find the terms of every sentence."""
    cuts = [0, *sentence_ends(text, language).tolist(), len(text)]
    spans = [_stripped(text, first, last) for first, last in zip(cuts, cuts[1:], strict=False)]
    grammar = grammar_for(language)
    kept = tuple(span for span in spans if span[0] < span[1])
    held = tuple(frozenset(terms(text[a:b], grammar)) for a, b in kept)
    return Sentences(text=text, spans=kept, terms=held, grammar=grammar)


def core(question: str, grammar: Grammar) -> str:
    """Return what a question asks: its sentences that end in a question mark, without their words on the document."""
    asked = [part for part in re.findall(r"[^.。!！?？\n]+[?？]", question) if part.strip()]
    return _FRAME(grammar).sub(" ", " ".join(asked) or question).strip()


def terms(text: str, grammar: Grammar) -> list[str]:
    """Return the content words of a text: stems, numbers, pairs of signs."""
    found: list[str] = []
    for token in grammar.runs.findall(text.casefold()):
        if token[0].isdigit():
            found.append(token)
        elif grammar.is_sign(token[0]):
            found += _pairs(token, grammar)
        elif len(token) > 1 and token not in grammar.empty:
            found.append(grammar.stem(token))
    return found


def judgements(text: str, grammar: Grammar) -> tuple[str, ...]:
    """Return the words of judgement in a text, in lower case, in order, each once."""
    return tuple(dict.fromkeys(match.group().casefold() for match in _JUDGING(grammar).finditer(text)))


def subject_pattern(subject: Subject, grammar: Grammar) -> re.Pattern[str]:
    """Return a pattern for the subject's names; abbreviations (SF) only as they are written."""
    parts = [_name_pattern(name, grammar) for name in (subject.text, *subject.aliases)]
    return re.compile("|".join(parts), re.IGNORECASE)


def _name_pattern(name: str, grammar: Grammar) -> str:
    if grammar.has_signs(name):
        return re.escape(name)
    # A line may end between the words of a name.
    word = r"(?<!\w)" + r"\s+".join(map(re.escape, name.split())) + r"(?!\w)"
    return f"(?-i:{word})" if name.isupper() and len(name) <= 4 else word


def rivals(sentences: Sentences, needle: Needle, question: str) -> tuple[Rival, ...]:
    """Return the sentences that could answer `question` beside the needle, the likeliest first.

    Those are all that name the subject, all others of a weight of at least `LEAST_WEIGHT`, and, where the question is
    for the best of something, all that call something the best of the same ("the most fun thing", "the best thing").
    """
    grammar = sentences.grammar
    asked = core(question, grammar)
    pattern = subject_pattern(needle.subject, grammar) if needle.subject else None
    wanted = _question_terms(asked, pattern, grammar)
    held = [_held(sentences, index, wanted, pattern) for index in range(len(sentences.spans))]
    weights = _weights(wanted, held)
    best_of = _best_of(asked, grammar)
    whole = sum(weights.values()) or 1.0
    number = any(fact.identifying and re.search(r"\d|\{", fact.text) for fact in needle.facts)
    found = []
    for index, shared in enumerate(held):
        weight = sum(weights[term] for term in shared) / whole
        start, end = sentences.spans[index]
        if SUBJECT in shared or weight >= LEAST_WEIGHT or (best_of and best_of.search(sentences.text, start, end)):
            text = sentences.text[start:end]
            found.append(
                Rival(
                    start=start,
                    end=end,
                    text=text,
                    weight=weight,
                    names_subject=SUBJECT in shared,
                    fits=bool(re.search(r"\d", text)) if number else JUDGEMENT in shared,
                    shared=tuple(sorted(shared)),
                )  # fmt: skip
            )
    return tuple(sorted(found, key=lambda r: (-r.weight, not r.fits, r.start)))


def near_copies(sentences: Sentences, statement: str, least: float) -> tuple[tuple[int, float], ...]:
    """Return the sentences (by index, with the share) that hold at least that share of a statement's terms."""
    wanted = set(terms(statement, sentences.grammar))
    if len(wanted) < 2:
        return ()
    shares = ((index, len(wanted & held) / len(wanted)) for index, held in enumerate(sentences.terms))
    return tuple(sorted(((index, share) for index, share in shares if share >= least), key=lambda p: -p[1]))


def _best_of(asked: str, grammar: Grammar) -> re.Pattern[str] | None:
    """Return a pattern for calling something the best of what the question asks for, or None if it asks for none."""
    superlative = f"(?:{grammar.either('superlative')})"
    pair = f"|[{grammar.signs}]{{2}}" if grammar.signs else ""
    found = re.search(rf"{superlative}\s*([a-z]+{pair})", asked, re.IGNORECASE)
    if found is None or found[1].casefold() in grammar.empty:
        return None
    kind = re.escape(grammar.stem(found[1].casefold())) + (r"\w{0,3}\b" if found[1].isascii() else "")
    return re.compile(rf"{superlative}\s*{kind}", re.IGNORECASE)


def _question_terms(asked: str, pattern: re.Pattern[str] | None, grammar: Grammar) -> frozenset[str]:
    named = bool(pattern and pattern.search(asked))
    rest = pattern.sub(" ", asked) if pattern else asked
    judging = _JUDGING(grammar)
    judged = bool(judging.search(rest))
    plain = set(terms(judging.sub(" ", rest), grammar))
    return frozenset(plain | ({SUBJECT} if named else set()) | ({JUDGEMENT} if judged else set()))


def _held(sentences: Sentences, index: int, wanted: frozenset[str], pattern: re.Pattern[str] | None) -> frozenset[str]:
    held = set(wanted & sentences.terms[index])
    start, end = sentences.spans[index]
    if SUBJECT in wanted and pattern and pattern.search(sentences.text, start, end):
        held.add(SUBJECT)
    if JUDGEMENT in wanted and _JUDGING(sentences.grammar).search(sentences.text, start, end):
        held.add(JUDGEMENT)
    return frozenset(held)


def _weights(wanted: Iterable[str], held: Sequence[frozenset[str]]) -> dict[str, float]:
    counts = Counter(term for shared in held for term in shared)
    total = len(held)
    return {term: math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) for term in wanted}


def _pairs(run: str, grammar: Grammar) -> list[str]:
    """Return the pairs of neighbouring signs in a run of them, none across a function word."""
    stops = "".join(grading.phrases.get("pair_stop", "") for grading in grammar.gradings)
    parts = re.split(f"[{stops}]", run) if stops else [run]
    return [part[i : i + 2] for part in parts for i in range(len(part) - 1)]


def _stripped(text: str, first: int, last: int) -> tuple[int, int]:
    while first < last and text[first].isspace():
        first += 1
    while last > first and text[last - 1].isspace():
        last -= 1
    return first, last
