"""A judge model's part that needs no model: the case it is shown, its verdict read strictly, votes made one grade.

A verdict that is not exactly what was asked for is no verdict: it leaves the answer unscored with the reason, never
at 0. Asking the model is `nihbench.run.judging`'s work.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from nihbench.lang.messages import Note, Words, t
from nihbench.languages import base as languages
from nihbench.score.fold import final_answer
from nihbench.score.match import sheet_of
from nihbench.text.late import late
from nihbench.types import PERCENT_BANDS, Evidence, Grade, Identifying, Message, Needle, OutcomeClass, Score, Unscored

VERSION = "2"
"""Of the prompts, of how a verdict is read and of how votes are joined; any change of these is another version."""
UNSURE_BELOW = 0.9
"""A rule score of less confidence is sent to the judge by `--only-uncertain`."""

_OUTCOMES: frozenset[str] = frozenset(get_args(OutcomeClass))
_KEYS = frozenset({"case", "reasons", "identifying", "subject", "outcome", "band"})
_MOST_CHARACTERS = 20_000
_CODE_BLOCK = late(r"```(?:json)?[ \t]*\n(.*)\n```", re.DOTALL)
PERCENT_BANDS_OF = {"correct": (100,), "partial": (30, 50, 70), "hedged": (30, 50, 70), "hallucinated": (0, 30)}
"""The bands that an outcome goes with; every other outcome is a 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What the judge is shown of one answer; `code` is what a verdict on it must repeat."""

    messages: tuple[Message, ...]
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """A verdict that could be read. `band` in percent."""

    band: int
    outcome: OutcomeClass
    identifying: Identifying
    subject: Literal["right", "wrong"]
    reasons: str


# ---- the case --------------------------------------------------------------------------------------------------


def case(needle: Needle, answer: str, *, question: str = "", expected: str = "") -> Case:
    """Return the messages that ask for a verdict on `answer`, in the needle's language, else in English.

    The answer stands inside a fence of random digits that are drawn from the case's own content, so that the same case
    is always asked in the same words, and an answer can't hold the end of its own fence.

    Args:
        needle: the needle, its placeholders filled.
        answer: the final answer; thinking does not belong in it.
        question: the question as it was asked; the needle's own when empty.
        expected: the expected answer; the needle's own when empty.
    """
    told = languages.of(needle.language).judge
    fields = {
        "question": question or needle.question or told.unnamed,
        "statement": " / ".join(needle.statements),
        "expected": expected or needle.answer,
        "facts": _facts(needle, expected, question, told.identifying),
        "subject": needle.subject.text if needle.subject else told.unnamed,
    }
    content = json.dumps([fields, answer], ensure_ascii=True, sort_keys=True)
    fence, code = (first_absent(_marks(what, content), answer) for what in ("fence", "case"))
    shown = told.case.format(**fields, fence=fence, code=code, answer=answer)
    return Case(messages=(Message(role="system", content=told.system), Message(role="user", content=shown)), code=code)


def first_absent(marks: Iterable[str], text: str) -> str:
    """Return the first mark that does not occur in `text`, in whatever case."""
    folded = text.casefold()
    return next(mark for mark in marks if mark.casefold() not in folded)


def _marks(what: str, content: str) -> Iterable[str]:
    return (hashlib.sha256(f"{what}|{turn}|{content}".encode()).hexdigest()[:16] for turn in range(1 << 30))


def _facts(needle: Needle, expected: str, question: str, identifying: str) -> str:
    """Return the facts line by line, each with its type and what equality means for that."""
    sheet = sheet_of(needle, expected, {}, question)
    if not needle.facts or len(sheet.facts) == 1 or sheet.listed or sheet.by_words:
        text = needle.facts[0].text if len(needle.facts) == 1 else expected or needle.answer
        return f"- {text}{identifying}{_type(sheet.kind, needle.language)}"
    kinds = {fact.name: fact.kind for fact in sheet.facts}
    return "\n".join(
        f"- {fact.text}{identifying if fact.identifying else ''}{_type(kinds[fact.name], needle.language)}"
        for fact in needle.facts
    )


def _type(kind: str, language: str) -> str:
    typed = languages.of(language).judge.typed
    return typed.get(kind, languages.of("en").judge.typed[kind])


# ---- the verdict -----------------------------------------------------------------------------------------------


def read_verdict(reply: str, code: str, finish_reason: str | None = None) -> Opinion | Words:
    """Read a judge's reply; return the opinion, or why there is none.

    The reply must be one JSON object with exactly the keys asked for, nothing before or after it but closed thinking
    and one code block around it. It must repeat the case's `code`, which a verdict planted in an answer can't know.

    Args:
        reply: what the judge said.
        code: the case's code.
        finish_reason: what the server said; a reply that was cut off counts as none.
    """
    if finish_reason == "length":
        return Note("verdict_cut")
    # Thinking comes before a verdict; the same tags inside its reasons are only words.
    said = reply if reply.lstrip().startswith(("{", "```")) else final_answer(reply)
    if said is None:
        return Note("judge_endless_thinking")
    said = said.strip()
    if not said:
        return Note("judge_silent")
    if len(said) > _MOST_CHARACTERS:
        return Note("verdict_too_long")
    block = _CODE_BLOCK.fullmatch(said)
    try:
        plain = json.loads(block[1] if block else said, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return Note("verdict_not_json")
    return _opinion(plain, code)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError(t("score.key_comes_twice"))
    return dict(pairs)


def _opinion(plain: Any, code: str) -> Opinion | Words:
    if not isinstance(plain, dict):
        return Note("verdict_not_json")
    if plain.keys() != _KEYS:
        return Note("verdict_other_keys")
    band, reasons = plain["band"], plain["reasons"]
    if not all(isinstance(plain[key], str) for key in _KEYS - {"band"}):
        return Note("verdict_wrong_kind")
    if plain["case"] != code:
        return Note("verdict_other_case")
    if isinstance(band, bool) or not isinstance(band, int) or band not in PERCENT_BANDS:
        return Note("verdict_unknown_band")
    if not reasons.strip():
        return Note("verdict_no_reasons")
    known = plain["outcome"] in _OUTCOMES and plain["identifying"] in get_args(Identifying)
    if not known or plain["subject"] not in ("right", "wrong"):
        return Note("verdict_unknown_word")
    if band not in PERCENT_BANDS_OF.get(plain["outcome"], (0,)):
        return Note("verdict_contradiction", outcome=plain["outcome"], band=band)
    return Opinion(
        band=band,
        outcome=plain["outcome"],
        identifying=plain["identifying"],
        subject=plain["subject"],
        reasons=" ".join(reasons.split()),
    )


# ---- the votes -------------------------------------------------------------------------------------------------


def join_votes(votes: Sequence[Opinion | Words], scorer: str) -> Grade:
    """Make one grade of the votes on an answer, each an opinion or the reason why there is none.

    More than half of the votes must be readable. The band is their median, and the lower of the two middle ones where
    these differ: a doubt is not counted in the model's favour. Outcome, identifying and subject are what most of the
    votes for that band say (the earliest of these on a tie), and so are the reasons. The confidence is the share of
    all votes that gave that very band.
    """
    opinions = [vote for vote in votes if isinstance(vote, Opinion)]
    if 2 * len(opinions) <= len(votes):
        reasons = Counter(vote for vote in votes if not isinstance(vote, Opinion))
        why = reasons.most_common(1)[0][0] if reasons else Note("no_vote")
        none = len(votes) - len(opinions)
        reason: Words = why
        if len(votes) > 1:
            reason = Note("votes_invalid", none=none, all=len(votes), why=why)
        return Unscored(reason=reason, scorer=scorer, version=VERSION)
    bands = sorted(opinion.band for opinion in opinions)
    band = bands[(len(bands) - 1) // 2]
    same = [opinion for opinion in opinions if opinion.band == band]
    ways = Counter((opinion.outcome, opinion.identifying, opinion.subject) for opinion in same)
    outcome, identifying, subject = ways.most_common(1)[0][0]
    chosen = next(o for o in same if (o.outcome, o.identifying, o.subject) == (outcome, identifying, subject))
    return Score(
        value=band / 100,
        outcome=outcome,
        identifying=identifying,
        subject=subject,
        evidence=Evidence(cue=chosen.reasons),
        scorer=scorer,
        version=VERSION,
        confidence=len(same) / len(votes),
        votes=tuple(opinion.band / 100 for opinion in opinions),
    )
