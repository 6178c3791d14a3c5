"""An answer prepared for matching: folded and cut into words once, and what is looked up more than once is kept.

Most answers of a long run are wrong in words of their own, so what is needed only where a fact is found is made then.
"""

from __future__ import annotations

from typing import Any

from nihbench.languages.base import Number
from nihbench.score.fold import Folded
from nihbench.score.grammar import AMOUNTS, DENIES, DIGITS, NEGATES, NUMBERS, Cue, Grammar, spans
from nihbench.text.late import once

Span = tuple[int, int]

_LONG = 6  # letters


class Text:
    """A text in folded form, with its words, cues and numbers; made for one reading, shared by none."""

    def __init__(self, original: str, grammar: Grammar) -> None:
        self.grammar: Grammar = grammar
        self.original: str = original
        self.folded: Folded = grammar.fold(original)
        self.text: str = self.folded.text
        self.has_signs: bool = grammar.has_signs(self.text)
        self.words: list[str] = grammar.words(self.text)
        self.different: dict[str, None] = dict.fromkeys(self.words)
        """The words, each once, in order."""
        self.stems: dict[str, None] = dict.fromkeys(grammar.stems_of(self.different))
        """The stems of the words, each once, in order."""
        self.hints: int = grammar.hints_of(self.text, self.different)
        """Which kinds of cues could stand in the text, as a sum of the grammar's bits."""
        self.may_negate: bool = self.hints & grammar.hints.bits[NEGATES] != 0
        """Whether a word that negates may stand in the text."""
        self.negates_nothing: bool = not self.hints & grammar.negating
        """Whether no word stands in the text without which nothing in it is negated."""
        self._bits: dict[str, int] = grammar.hints.bits
        self._cues: dict[str, list[Cue]] = {}
        self._numbers: dict[str, list[Number]] = {}
        self.kept: dict[object, Any] = {}

    @once
    def spans(self) -> list[Span]:
        """Where the words stand."""
        return self.grammar.spans(self.text)

    @once
    def places(self) -> dict[str, list[int]]:
        """Which words have a stem, by stem."""
        places: dict[str, list[int]] = {stem: [] for stem in self.stems}
        for place, stem in enumerate(self.grammar.stems_of(self.words)):
            places[stem].append(place)
        return places

    def first(self, wanted: str) -> Span:
        """Return where the first word of a stem stands."""
        stemmed = zip(self.grammar.stems_of(self.different), self.different, strict=True)
        word = next(word for stem, word in stemmed if stem == wanted)
        return spans(self.text, self.words[: self.words.index(word) + 1])[-1]

    @once
    def by_letter(self) -> dict[str, list[str]]:
        """The stems of long Latin words by their first letter."""
        grouped: dict[str, list[str]] = {}
        for stem in self.stems:
            if len(stem) >= _LONG and stem.isascii() and stem.isalpha():
                grouped.setdefault(stem[0], []).append(stem)
        return grouped

    @once
    def size(self) -> float:
        """The length in words; a sign counts half a word."""
        return len(self.words) - 0.5 * self.grammar.count_signs(self.text)

    @once
    def latin(self) -> bool:
        """Whether there are several words in Latin letters."""
        return len(self.words) - self.grammar.count_signs(self.text) > 1

    @once
    def may_deny_after(self) -> bool:
        """Whether words that deny what stands before them may stand in the text."""
        return self.may_negate or bool(self.hints & self.grammar.hints.bits.get(DENIES, 0))

    @once
    def has_digits(self) -> bool:
        """Whether there is a digit in the text."""
        return bool(self.hints & self.grammar.hints.bits[DIGITS])

    @once
    def has_said_amounts(self) -> bool:
        """Whether a word may stand in the text without which no number is told in words."""
        return bool(self.hints & self.grammar.hints.bits.get(AMOUNTS, 0))

    def cues(self, kind: str, start: int = 0, end: int | None = None) -> list[Cue]:
        """Return the cues of one kind that begin in text[start:end]."""
        found = self._cues.get(kind)
        if found is None:
            if not self.hints & self._bits.get(kind, 0):
                return []
            found = self._cues[kind] = self.grammar.find(kind, self.text, self.hints)
        if not found or (start == 0 and end is None):
            return found
        last = len(self.text) if end is None else end
        return [cue for cue in found if start <= cue.start < last]

    def numbers(self, expected: str) -> list[Number]:
        """Return the numbers of the text, read with `expected` in mind."""
        if expected not in self._numbers:
            said = bool(self.hints & self.grammar.hints.bits.get(NUMBERS, 0))
            possible = said or self.has_digits
            self._numbers[expected] = self.grammar.numbers(self.text, expected, said=said) if possible else []
        return self._numbers[expected]
