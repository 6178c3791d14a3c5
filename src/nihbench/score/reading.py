"""An answer read against a needle: all that the lines of `rules` and `nothing` look at, and what they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nihbench.lang.messages import Words
from nihbench.score.answer import Text
from nihbench.score.grammar import Cue, Grammar
from nihbench.score.match import Found, places_of
from nihbench.score.sheet import Sheet
from nihbench.text.late import once
from nihbench.types import Needle, OutcomeClass

_WORD_SHARES = ((0.85, 1.0), (0.65, 0.7), (0.4, 0.5), (0.2, 0.3))  # share of a long answer's words -> band
_FEW = 6  # words: in so short an answer each counts
_ITEM_SHARES = ((1.0, 1.0), (2 / 3, 0.7), (0.4, 0.5))  # share of a list's items -> band


@dataclass(frozen=True)
class Reading:
    """An answer with everything the lines look at."""

    needle: Needle
    sheet: Sheet
    answer: Text
    found: tuple[Found, ...]
    finish_reason: str | None

    @once
    def grammar(self) -> Grammar:
        """How the answer is read."""
        return self.answer.grammar

    @once
    def right(self) -> tuple[Found, ...]:
        """The facts given; words of the question count only beside a fact that is not in the question."""
        given = tuple([f for f in self.found if f.status == "right"])
        if len(self.found) == 1 and given and self._only_in_abstaining(given[0]):
            return ()
        if any([not f.fact.asked for f in given]) or all([f.asked for f in self.sheet.facts]):
            return given
        return ()

    def _only_in_abstaining(self, found: Found) -> bool:
        """Whether a lone fact is but a part of words by which the answer abstains ("No" of "no information")."""
        cues = self.answer.cues("abstain")
        return bool(cues) and all([any([c.start <= s[0] and s[1] <= c.end for c in cues]) for s in found.spans])

    @once
    def worth(self) -> float:
        """The least worth of a fact that is given: below 1 where one is given, but not in full (a surname alone)."""
        return min([found.worth for found in self.right], default=0.0)

    @property
    def item_band(self) -> float:
        """The band by the share of a list's items that are given; of a person the name counts most."""
        if self.sheet.listed == "person":
            return (
                1.0
                if self.complete
                else 0.7
                if any(f.fact.identifying for f in self.right)
                else 0.3
                if self.right
                else 0.0
            )
        halves = len([f for f in self.found if f.status == "near" and f.worth == 0.5])
        share = (len(self.right) + 0.5 * halves) / len(self.found)
        return next((band for least, band in _ITEM_SHARES if share >= least - 1e-9), 0.3 if self.right else 0.0)

    @once
    def in_order(self) -> bool:
        """Whether the facts stand in the order in which they are listed."""
        places = [found.spans[0][0] for found in self.found if found.status == "right"]
        return places == sorted(places)

    def covered(self, start: int, end: int) -> bool:
        """Whether text[start:end] lies where a fact, or a value nearly a fact's, stands."""
        return any(s < end and start < e for s, e in self._covered)

    @once
    def _covered(self) -> list[tuple[int, int]]:
        spans = [span for found in self.found for span in found.spans]
        for fact in self.sheet.facts:
            spans += [(p.start, p.end) for p in places_of(fact, self.answer) if p.worth > 0.0] if fact.values else []
        return spans

    @property
    def share(self) -> float:
        """The share of the facts (of a long answer: its words) that are given."""
        return len(self.right) / len(self.found)

    @property
    def word_band(self) -> float:
        """The band by the share of a long answer's words that are given."""
        band = next((band for least, band in _WORD_SHARES if self.share >= least), 0.0)
        if band == 1.0 and (self._contrary or self._counts_missing or self._sign_replaced):
            return 0.7
        return 0.5 if band == 0.7 and self._replaced else band

    @once
    def _contrary(self) -> bool:
        """Whether an answer says another side, time or direction than the long answer that it gives the words of."""
        span = (self.first, max([f.spans[-1][1] for f in self.right])) if self.right else (0, 0)
        return any([relation.denied(self.answer, span) for relation in self.sheet.relations])

    @property
    def _counts_missing(self) -> bool:
        """Whether what is missing of a long answer's words is a number or a value."""
        missing = [f.fact for f in self.found if f.status != "right"]
        return any([fact.values or self.grammar.numerals.find(fact.forms[0]) for fact in missing])

    @property
    def _sign_replaced(self) -> bool:
        """Whether another sign stands in the place of one of a long answer's: 汪守信 for 汪守礼."""
        grammar, text = self.grammar, self.answer.text
        for before, found in zip(self.found, self.found[1:], strict=False):
            form, own = found.fact.forms[0], before.fact.forms[0]
            if found.status == "right" or before.status != "right" or len(form) != 2 or form[:1] != own[-1:]:
                continue
            for _, end in before.spans:
                other = text[end : end + 1]
                if other and grammar.is_sign(other) and other not in grammar.light and other not in self.sheet.known:
                    return True
        return False

    @property
    def _replaced(self) -> bool:
        """Whether a short answer has another word in the place of a missing one."""
        if not 3 <= len(self.found) <= _FEW or self.answer.size > 3 * len(self.found) + 6 or self.answer.has_signs:
            return False
        end = max([f.spans[0][1] for f in self.right])
        return bool(self.novel(self.answer.text[self.first : end]))

    @once
    def complete(self) -> bool:
        """Whether nothing is missing (of a long answer's words, nearly nothing)."""
        return self.word_band == 1.0 if self.sheet.by_words else len(self.right) == len(self.found)

    @once
    def first(self) -> int:
        """Where the first of the facts given stands."""
        return min([f.spans[0][0] for f in self.right])

    @once
    def end(self) -> int:
        """Where every fact has been given once."""
        return max([f.spans[0][1] for f in self.right])

    @once
    def says_more(self) -> bool:
        """Whether a word of the answer is in neither needle nor question: without one it can add nothing to them."""
        return not (self.answer.stems.keys() - self.sheet.known) <= self.grammar.plain

    def novel(self, text: str) -> list[str]:
        """Return the content stems of `text` that neither needle, question nor talk about them holds."""
        return self.grammar.novel(text, self.sheet.heard)

    def at(self, cue: Cue) -> str:
        """Return the words of a cue."""
        return self.answer.text[cue.start : cue.end].strip()


class Verdict(NamedTuple):
    """What a line decides; `cue` says why, `doubt` how far a careful reader might see it otherwise (0 to 1)."""

    value: float
    outcome: OutcomeClass
    cue: Words
    subject_wrong: bool = False
    doubt: float = 0.0
