"""An answer read against a needle: all that the lines of `rules` and `nothing` look at, and what they return."""

from __future__ import annotations

from dataclasses import dataclass

from nihbench.score.cues import Cue
from nihbench.score.fold import is_cjk
from nihbench.score.match import Found, Sheet, Text, novel
from nihbench.score.words import CHINESE_REPORTING, REPORTING_WORDS, stem
from nihbench.types import Needle, OutcomeClass

REPORTING = frozenset(map(stem, REPORTING_WORDS)) | CHINESE_REPORTING
_WORD_SHARES = ((0.85, 1.0), (0.65, 0.7), (0.4, 0.5), (0.2, 0.3))  # share of a long answer's words -> band


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with everything the lines look at; `original` is the final answer as it came."""

    needle: Needle
    sheet: Sheet
    answer: Text
    original: str
    found: tuple[Found, ...]
    finish_reason: str | None

    @property
    def right(self) -> tuple[Found, ...]:
        """The facts given; words of the question count only beside a fact that is not in the question."""
        given = tuple(f for f in self.found if f.status == "right")
        return given if any(not f.fact.asked for f in given) or all(f.asked for f in self.sheet.facts) else ()

    @property
    def word_band(self) -> float:
        """The band by the share of a long answer's words that are given."""
        share = len(self.right) / len(self.found)
        return next((band for least, band in _WORD_SHARES if share >= least), 0.0)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing (of a long answer's words, nearly nothing)."""
        return self.word_band == 1.0 if self.sheet.by_words else len(self.right) == len(self.found)

    @property
    def size(self) -> float:
        """The length of the answer in words; a Chinese character counts half a word."""
        return sum(0.5 if is_cjk(token.stem[0]) else 1.0 for token in self.answer.tokens)

    def novel(self, text: str) -> list[str]:
        """Return the content stems of `text` that neither needle, question nor talk about them holds."""
        return novel(text, self.sheet.known | REPORTING)

    def at(self, cue: Cue) -> str:
        """Return the words of a cue."""
        return self.answer.text[cue.start : cue.end].strip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a line decides; `cue` says why."""

    value: float
    outcome: OutcomeClass
    cue: str
    subject_wrong: bool = False
