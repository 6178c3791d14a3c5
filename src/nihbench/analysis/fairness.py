"""Whether a needle is fair in its corpus, before any model is asked: findings, each with what it rests on.

Pure. What only a model can show (is the question understood, is the answer memorised) is the controls' matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nihbench.lang.messages import t
from nihbench.score.grammar import Grammar, grammar_for
from nihbench.score.rivals import (
    Rival,
    Sentences,
    core,
    judgements,
    near_copies,
    rivals,
    sentences_of,
    subject_pattern,
    terms,
)
from nihbench.score.selfcheck import self_check
from nihbench.types import UNKNOWN_LANGUAGE, Corpus, KeyFact, Needle

# ---- wordings --------------------------------------------------------------------------------------------------------
# How the words of a needle's questions meet the needle's own: which it lacks, and whether both make one judgement.
#
# Pure. It sees words, not meanings.


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a question's words meet the needle's. `asked` and `told` are words of judgement of one and the other.

    `share`: of the question's content words (subject included), how many the needle holds.
    """

    prompt: str
    question: str
    share: float
    lacking: tuple[str, ...]
    asked: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def mismatch(self) -> bool:
        """Whether the question asks for another judgement than the needle makes."""
        return bool(self.asked and self.told and not set(self.asked) & set(self.told))


def wordings_of(needle: Needle) -> tuple[Wording, ...]:
    """Return how each wording of the question meets the needle's words."""
    return tuple(_wording(needle, name, question) for name, question in _questions(needle).items())


def _questions(needle: Needle) -> dict[str, str]:
    """Return the question's wordings by the prompt that they belong to, those that ask the same only once."""
    wordings: dict[str, str] = {}
    grammar = grammar_for(needle.language)
    for name, question in {"": needle.question, **needle.questions}.items():
        if core(question, grammar) not in (core(other, grammar) for other in wordings.values()):
            wordings[name] = question
    return wordings


def _wording(needle: Needle, prompt: str, question: str) -> Wording:
    grammar = grammar_for(needle.language)
    asked, told = core(question, grammar), " ".join(needle.statements)
    pattern = subject_pattern(needle.subject, grammar) if needle.subject else None
    named = bool(pattern and pattern.search(asked))
    rest, told_rest = (pattern.sub(" ", text) if pattern else text for text in (asked, told))
    held = set(terms(told_rest, grammar))
    words = _words(rest, grammar)
    lacking = tuple(word for word in words if not set(terms(word, grammar)) <= held)
    units = len(words) + named
    have = len(words) - len(lacking) + (named and bool(pattern and pattern.search(told)))
    return Wording(
        prompt=prompt,
        question=question,
        share=have / units if units else 0.0,
        lacking=lacking,
        asked=judgements(asked, grammar),
        told=judgements(told, grammar),
    )


def _words(text: str, grammar: Grammar) -> tuple[str, ...]:
    """Return a question's content words as they are written; without spaces the runs between function words."""
    stops = "".join(grading.phrases.get("word_stop", "") for grading in grammar.gradings)
    parts = re.compile(f"[{stops}]" if stops else "(?!)")
    runs = grammar.runs.findall(text)
    pieces = [p for run in runs for p in (parts.split(run) if grammar.is_sign(run[0]) else [run])]
    return tuple(dict.fromkeys(piece for piece in pieces if terms(piece, grammar)))


Level = Literal["problem", "warning", "note", "ok"]
NEAR_COPY = 0.7
"""A sentence that holds so much of the needle's content words (0 to 1) is a near copy of it."""
NEAR_FACT = 0.75
"""The same for a key fact of several words."""

_SAYS = {
    "graded_whole": t("analysis.own_answer_full_marks"),
    "copy": t("analysis.needle_stands_corpus_word"),
    "near_copy": t("analysis.corpus_says_nearly_needle"),
    "no_copy": t("analysis.neither_needle_nor_near"),
    "fact": t("analysis.corpus_holds_fact_x"),
    "near_fact": t("analysis.corpus_nearly_holds_fact"),
    "no_fact": t("analysis.no_key_fact_stands"),
    "subject": t("analysis.corpus_names_subject_sentences"),
    "subject_absent": t("analysis.subject_never_occurs_corpus"),
    "subject_none": t("analysis.needle_no_subject_whether"),
    "mismatch": t("analysis.asks_needle_says_model"),
    "asked_only": t("analysis.asks_needle_makes_no"),
    "lacking": t("analysis.shares_content_words_needle"),
    "covered": t("analysis.uses_only_words_needle"),
    "rivals": t("analysis.sentences_corpus_could_mislead"),
    "no_rivals": t("analysis.no_sentence_corpus_could"),
    "language": t("analysis.needle_language_corpus_needle"),
    "unknown_language": t("analysis.needle_language_corpus_could"),
    "same_language": t("analysis.needle_corpus_both_language"),
    "short": t("analysis.corpus_tokens_lengths_above"),
    "long": t("analysis.corpus_tokens_enough"),
}
"""What is said, by a finding's code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing found out. `problem`: don't use the pair; `warning`: results need care; `note`: know it."""

    code: str
    level: Level
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A sentence of the corpus that holds (nearly) what the needle or a fact says.

    `share`: of its content words; `exact`: word for word, in one of the wordings that are known.
    """

    of: str
    start: int
    text: str
    share: float
    exact: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Fairness:
    """All that was found out about a needle in a corpus."""

    findings: tuple[Finding, ...]
    copies: tuple[Copy, ...]
    wordings: tuple[Wording, ...]
    rivals: tuple[Rival, ...]


def check_needle(
    needle: Needle, corpus: Corpus, *, tokens: int | None = None, unit: str = "", longest: int | None = None
) -> Fairness:
    """Check a needle against a corpus.

    Args:
        needle: the needle; all its wordings of the question are looked at.
        corpus: the text that it is to be hidden in.
        tokens: the corpus's tokens, if they were counted.
        unit: in what they were counted.
        longest: the longest context that is wanted, in the same tokens.
    """
    sentences = sentences_of(corpus.text, corpus.language)
    copies = (*_copies(needle, sentences), *_fact_copies(needle, sentences))
    wordings = wordings_of(needle)
    found = _rivals(needle, sentences, [w.question for w in wordings])
    findings = [
        *_grading_findings(needle),
        *_copy_findings(needle, corpus, copies),
        _subject_finding(needle, found),
        *(finding for wording in wordings for finding in _wording_findings(wording)),
        _rival_finding(found),
        _language_finding(needle, corpus),
        *_length_findings(tokens, unit, longest),
    ]
    return Fairness(findings=tuple(findings), copies=copies, wordings=wordings, rivals=found)


def _say(code: str, level: Level, **values: object) -> Finding:
    return Finding(code=code, level=level, text=t(_SAYS[code], **values))


def _grading_findings(needle: Needle) -> list[Finding]:
    """Say what of the needle's own answer would not get full marks."""
    weak = self_check(needle)
    if not weak:
        return [_say("graded_whole", "ok")]
    return [Finding(code="graded_less", level="problem", text=each.sentence) for each in weak]


# ---- copies ----------------------------------------------------------------------------------------------------


def _copies(needle: Needle, sentences: Sentences) -> list[Copy]:
    return [
        Copy(
            of="needle",
            start=sentences.spans[index][0],
            text=sentences.at(index),
            share=share,
            exact=statement in sentences.at(index),
        )
        for statement in needle.statements
        for index, share in near_copies(sentences, statement, NEAR_COPY)
    ]


def _fact_copies(needle: Needle, sentences: Sentences) -> list[Copy]:
    """Return where key facts stand; a fact with a value that is drawn anew stands nowhere."""
    found = []
    for fact in needle.facts:
        if "{" in fact.text:
            continue
        exact = _fact_pattern(fact, sentences.grammar)
        near = dict(near_copies(sentences, fact.text, NEAR_FACT))
        for index, (start, end) in enumerate(sentences.spans):
            whole = bool(exact.search(sentences.text, start, end))
            share = 1.0 if whole else near.get(index, 0.0)
            if share:
                found.append(Copy(of=fact.name, start=start, text=sentences.at(index), share=share, exact=whole))
    return found


def _fact_pattern(fact: KeyFact, grammar: Grammar) -> re.Pattern[str]:
    names = (fact.text, *fact.aliases)
    parts = (re.escape(n) if grammar.has_signs(n) else rf"(?<!\w){re.escape(n)}(?!\w)" for n in names)
    return re.compile("|".join(parts), re.IGNORECASE)


def _copy_findings(needle: Needle, corpus: Corpus, copies: Sequence[Copy]) -> list[Finding]:
    findings = []
    whole = [copy for copy in copies if copy.of == "needle"]
    if not needle.fresh and any(statement in corpus.text for statement in needle.statements):
        findings.append(_say("copy", "problem"))
    elif whole:
        findings.append(_say("near_copy", "problem", count=len(whole), share=max(copy.share for copy in whole)))
    else:
        findings.append(_say("no_copy", "ok"))
    for fact in needle.facts:
        mark = t("analysis.identifying_one") if fact.identifying else ""
        level: Level = "problem" if fact.identifying else "note"
        exact = sum(copy.of == fact.name and copy.exact for copy in copies)
        near = sum(copy.of == fact.name and not copy.exact for copy in copies)
        if exact:
            findings.append(_say("fact", level, fact=fact.text, count=exact, identifying=mark))
        elif near:
            near_level: Level = "warning" if fact.identifying else "note"
            findings.append(_say("near_fact", near_level, fact=fact.text, count=near, identifying=mark))
    return findings if any(copy.of != "needle" for copy in copies) else [*findings, _say("no_fact", "ok")]


# ---- wordings --------------------------------------------------------------------------------------------------


def _wording_findings(wording: Wording) -> list[Finding]:
    which = t("analysis.question_prompt", prompt=wording.prompt) if wording.prompt else t("analysis.question")
    findings = []
    asked, told = (" / ".join(words) for words in (wording.asked, wording.told))
    if wording.mismatch:
        findings.append(_say("mismatch", "warning", which=which, asked=asked, told=told))
    elif wording.asked and not wording.told:
        findings.append(_say("asked_only", "warning", which=which, asked=asked))
    if wording.lacking:
        words = tuple(wording.lacking)
        findings.append(_say("lacking", "note", which=which, share=wording.share, words=words))
    else:
        findings.append(_say("covered", "note", which=which))
    return findings


# ---- subject, rivals, language, length -------------------------------------------------------------------------


def _rivals(needle: Needle, sentences: Sentences, questions: Sequence[str]) -> tuple[Rival, ...]:
    """Return the rivals under any wording, each with its greatest weight."""
    best: dict[int, Rival] = {}
    for question in questions:
        for rival in rivals(sentences, needle, question):
            if rival.start not in best or rival.weight > best[rival.start].weight:
                best[rival.start] = rival
    return tuple(sorted(best.values(), key=lambda r: (-r.weight, not r.fits, r.start)))


def _subject_finding(needle: Needle, found: Sequence[Rival]) -> Finding:
    if needle.subject is None:
        return _say("subject_none", "note")
    count = sum(rival.names_subject for rival in found)
    if count:
        return _say("subject", "note", subject=needle.subject.text, count=count)
    return _say("subject_absent", "warning", subject=needle.subject.text)


def _rival_finding(found: Sequence[Rival]) -> Finding:
    if not found:
        return _say("no_rivals", "ok")
    named = sum(rival.names_subject for rival in found)
    return _say("rivals", "warning", count=len(found), named=named, others=len(found) - named)


def _language_finding(needle: Needle, corpus: Corpus) -> Finding:
    if needle.language == corpus.language:
        return _say("same_language", "ok", needle=needle.language)
    if corpus.language == UNKNOWN_LANGUAGE:
        return _say("unknown_language", "ok", needle=needle.language)
    return _say("language", "warning", needle=needle.language, corpus=corpus.language)


def _length_findings(tokens: int | None, unit: str, longest: int | None) -> list[Finding]:
    if tokens is None or longest is None:
        return []
    if tokens < longest:
        return [_say("short", "warning", tokens=tokens, unit=unit, longest=longest)]
    return [_say("long", "ok", tokens=tokens, unit=unit, longest=longest)]
