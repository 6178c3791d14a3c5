"""Which sentences of a corpus could answer a needle's question as well as the needle: a ranking, and how it is made.

A question is read as a few terms: its subject (any of the subject's names is one term), its judgement ("best", "most
fun", 最值得 are one term: a text that says the one answers the other), and its other content words (English stems;
Chinese pairs of characters). A sentence's weight is the share of the terms that it holds, each weighed by its inverse
document frequency over the corpus's sentences (Spärck Jones 1972), smoothed: ln(1 + (N - n + 0.5) / (n + 0.5)), as in
BM25. It sees words, not meanings: a rival that uses none of the question's words is not found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nihbench.score.fold import HAN
from nihbench.score.words import STOP_WORDS, stem
from nihbench.text.sentences import sentence_ends
from nihbench.types import Needle, Subject

LEAST_WEIGHT = 0.5
"""From this weight on a sentence could mislead even without naming the subject."""
SUBJECT, JUDGEMENT = "<subject>", "<judgement>"

_TOKEN = re.compile(rf"[^\W\d_{HAN}]+|\d+|[{HAN}]+")
_JUDGING = re.compile(
    r"\b(?:(?:most|more|least) (?!of\b|people\b)[a-z]+|best|better|greatest|great|good|fun|funniest|favou?rite|worst|"
    r"nicest|nice|finest|coolest|cool|loveliest|lovely|ideal|perfect|top|must-see|enjoyable|exciting|interesting|"
    r"popular|important|recommend(?:ed|s)?|worth)\b"
    rf"|最(?!后|初|终|近|多|少)(?:(?!的)[{HAN}]){{1,2}}|值得|推荐|首选|必去|好玩|有趣",
    re.IGNORECASE,
)
"""Words of judgement: what a question for "the best" or "the most fun" asks for, and what answers it."""
_SUPERLATIVE = (
    r"(?:\b(?:most|least) [a-z]+"
    r"|\b(?:best|greatest|funniest|favou?rite|worst|nicest|finest|coolest|loveliest|ideal|top)"
    rf"|(?:最(?!后|初|终|近|多|少)[{HAN}]{{1,4}}?|首选|值得[{HAN}]{{0,4}}?)的?)"
)
_FRAME = re.compile(
    r"\b(?:based|going|according) (?:on|by|to) (?:\w+ ){0,3}(?:context|documents?|texts?|passages?|articles?)\b"
    r"|(?:仅|只)?(?:基于|根据|依据)[^，。？]{0,8}(?:文档|文本|文章|内容|上下文)[，,]?",
    re.IGNORECASE,
)
"""How a question speaks of the document."""
_HAN_STOP = frozenset(
    "的了着在是里中上下就和与及或也都而且并这那此其之于为有把被对从到以会能可要去来个一位处什么哪谁多少吗呢几"
)


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

    def at(self, index: int) -> str:
        """Return a sentence."""
        start, end = self.spans[index]
        return self.text[start:end]


def sentences_of(text: str, language: str) -> Sentences:
    """Split a corpus into sentences, and find the terms of every sentence."""
    cuts = [0, *sentence_ends(text, language).tolist(), len(text)]
    spans = [_stripped(text, first, last) for first, last in zip(cuts, cuts[1:], strict=False)]
    kept = tuple(span for span in spans if span[0] < span[1])
    return Sentences(text=text, spans=kept, terms=tuple(frozenset(terms(text[a:b])) for a, b in kept))


def core(question: str) -> str:
    """Return what a question asks: its sentences that end in a question mark, without their words on the document."""
    asked = [part for part in re.findall(r"[^.。!！?？\n]+[?？]", question) if part.strip()]
    return _FRAME.sub(" ", " ".join(asked) or question).strip()


def terms(text: str) -> list[str]:
    """Return the content words of a text: English stems, numbers, Chinese pairs of characters."""
    found: list[str] = []
    for token in _TOKEN.findall(text.casefold()):
        if token[0].isdigit():
            found.append(token)
        elif re.match(f"[{HAN}]", token):
            found += _pairs(token)
        elif len(token) > 1 and token not in STOP_WORDS:
            found.append(stem(token))
    return found


def judgements(text: str) -> tuple[str, ...]:
    """Return the words of judgement in a text, in lower case, in order, each once."""
    return tuple(dict.fromkeys(match.group().casefold() for match in _JUDGING.finditer(text)))


def subject_pattern(subject: Subject) -> re.Pattern[str]:
    """Return a pattern for the subject's names; abbreviations (SF) only as they are written."""
    parts = [_name_pattern(name) for name in (subject.text, *subject.aliases)]
    return re.compile("|".join(parts), re.IGNORECASE)


def _name_pattern(name: str) -> str:
    if re.search(f"[{HAN}]", name):
        return re.escape(name)
    # A line may end between the words of a name.
    word = r"(?<!\w)" + r"\s+".join(map(re.escape, name.split())) + r"(?!\w)"
    return f"(?-i:{word})" if name.isupper() and len(name) <= 4 else word


def rivals(sentences: Sentences, needle: Needle, question: str) -> tuple[Rival, ...]:
    """Return the sentences that could answer `question` beside the needle, the likeliest first.

    Those are all that name the subject, all others of a weight of at least `LEAST_WEIGHT`, and, where the question is
    for the best of something, all that call something the best of the same ("the most fun thing", "the best thing").
    """
    asked = core(question)
    pattern = subject_pattern(needle.subject) if needle.subject else None
    wanted = _question_terms(asked, pattern)
    held = [_held(sentences, index, wanted, pattern) for index in range(len(sentences.spans))]
    weights = _weights(wanted, held)
    best_of = _best_of(asked)
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
    wanted = set(terms(statement))
    if len(wanted) < 2:
        return ()
    shares = ((index, len(wanted & held) / len(wanted)) for index, held in enumerate(sentences.terms))
    return tuple(sorted(((index, share) for index, share in shares if share >= least), key=lambda p: -p[1]))


def _best_of(asked: str) -> re.Pattern[str] | None:
    """Return a pattern for calling something the best of what the question asks for, or None if it asks for none."""
    found = re.search(rf"{_SUPERLATIVE}\s*([a-z]+|[{HAN}]{{2}})", asked, re.IGNORECASE)
    if found is None or found[1].casefold() in STOP_WORDS:
        return None
    kind = re.escape(stem(found[1].casefold())) + (r"\w{0,3}\b" if found[1].isascii() else "")
    return re.compile(rf"{_SUPERLATIVE}\s*{kind}", re.IGNORECASE)


def _question_terms(asked: str, pattern: re.Pattern[str] | None) -> frozenset[str]:
    named = bool(pattern and pattern.search(asked))
    rest = pattern.sub(" ", asked) if pattern else asked
    judged = bool(_JUDGING.search(rest))
    plain = set(terms(_JUDGING.sub(" ", rest)))
    return frozenset(plain | ({SUBJECT} if named else set()) | ({JUDGEMENT} if judged else set()))


def _held(sentences: Sentences, index: int, wanted: frozenset[str], pattern: re.Pattern[str] | None) -> frozenset[str]:
    held = set(wanted & sentences.terms[index])
    start, end = sentences.spans[index]
    if SUBJECT in wanted and pattern and pattern.search(sentences.text, start, end):
        held.add(SUBJECT)
    if JUDGEMENT in wanted and _JUDGING.search(sentences.text, start, end):
        held.add(JUDGEMENT)
    return frozenset(held)


def _weights(wanted: Iterable[str], held: Sequence[frozenset[str]]) -> dict[str, float]:
    counts = Counter(term for shared in held for term in shared)
    total = len(held)
    return {term: math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) for term in wanted}


def _pairs(run: str) -> list[str]:
    """Return the pairs of neighbouring characters in a run of Chinese, none across a function word."""
    parts = re.split(f"[{''.join(_HAN_STOP)}]", run)
    return [part[i : i + 2] for part in parts for i in range(len(part) - 1)]


def _stripped(text: str, first: int, last: int) -> tuple[int, int]:
    while first < last and text[first].isspace():
        first += 1
    while last > first and text[last - 1].isspace():
        last -= 1
    return first, last
