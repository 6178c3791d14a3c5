"""An answer prepared for matching: folded once, and what is looked up in it more than once is kept."""

from __future__ import annotations

from functools import cached_property

from nihbench.score import cues
from nihbench.score.fold import Folded, count_cjk, fold, has_cjk
from nihbench.score.numbers import Number, find_numbers
from nihbench.score.words import spans, stems

Span = tuple[int, int]

_LONG = 6  # letters


class Text:
    """A text in folded form, with its words, cues and numbers; made for one reading, shared by none."""

    def __init__(self, original: str) -> None:
        self.original: str = original
        self.folded: Folded = fold(original)
        self.text: str = self.folded.text
        self.chinese: bool = has_cjk(self.text)
        self.stems: list[str] = stems(self.text)
        self._cues: dict[cues.CueKind, list[cues.Cue]] = {}
        self._numbers: dict[str, list[Number]] = {}

    @cached_property
    def spans(self) -> list[Span]:
        """Where the words stand."""
        return spans(self.text)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Which words have a stem, by stem."""
        places: dict[str, list[int]] = {}
        for place, stem in enumerate(self.stems):
            if stem in places:
                places[stem].append(place)
            else:
                places[stem] = [place]
        return places

    @cached_property
    def by_letter(self) -> dict[str, list[str]]:
        """The stems of long Latin words by their first letter."""
        grouped: dict[str, list[str]] = {}
        for stem in self.places:
            if len(stem) >= _LONG and stem.isascii() and stem.isalpha():
                grouped.setdefault(stem[0], []).append(stem)
        return grouped

    @cached_property
    def size(self) -> float:
        """The length in words; a Chinese character counts half a word."""
        return len(self.stems) - 0.5 * count_cjk(self.text)

    @cached_property
    def latin(self) -> bool:
        """Whether there are several words in Latin letters."""
        return len(self.stems) - count_cjk(self.text) > 1

    def cues(self, kind: cues.CueKind, start: int = 0, end: int | None = None) -> list[cues.Cue]:
        """Return the cues of one kind that begin in text[start:end]."""
        found = self._cues.get(kind)
        if found is None:
            found = self._cues[kind] = cues.find(kind, self.text)
        if not found or (start == 0 and end is None):
            return found
        last = len(self.text) if end is None else end
        return [cue for cue in found if start <= cue.start < last]

    def numbers(self, expected: str) -> list[Number]:
        """Return the numbers of the text, read with `expected` in mind."""
        if expected not in self._numbers:
            self._numbers[expected] = find_numbers(self.text, expected)
        return self._numbers[expected]
