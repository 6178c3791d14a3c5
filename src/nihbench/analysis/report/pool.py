"""The report's texts, each kept once, and cut where all together would make the file too large.

Most answers of a sweep say the same, and repeats share their surroundings. Positions in a text are told in UTF-16
units, which is how the page's language counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from nihbench.lang.messages import Note, Words, said

TOTAL = 600_000
"""Characters of answers that a report holds whole."""

LEAST = 400
"""Characters that are kept of every answer, however many there are."""


SENTENCE = 2000
"""Characters up to which a note is kept in Chinese, too: with all that it quotes, none of ours is as long."""


class Pool:
    """Texts by number; a text that comes again gets the number that it has."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._may_cut: set[int] = set()
        self._sentences: dict[int, str] = {}

    def add(self, text: str, *, may_cut: bool = False) -> int:
        """Return the number of a text. Only texts that a model wrote may be cut."""
        number = self._numbers.setdefault(text, len(self._numbers))
        if may_cut:
            self._may_cut.add(number)
        return number

    def add_or_none(self, text: str, *, may_cut: bool = False) -> int | None:
        """Return the number of a text, None of an empty one."""
        return self.add(text, may_cut=may_cut) if text else None

    def sentence(self, words: Words, *, may_cut: bool = False) -> int | None:
        """Return the number of a note in English, or of somebody's words; None of an empty one."""
        text = str(words)
        number = self.add_or_none(text, may_cut=may_cut)
        if number is not None and isinstance(words, Note) and len(text) <= SENTENCE:
            self._sentences[number] = said(words, "zh")
        return number

    def chinese(self) -> dict[str, str]:
        """Return the sentences which Chinese has words for, by the numbers of their English."""
        english = {number: text for text, number in self._numbers.items() if number in self._sentences}
        return {str(number): text for number, text in self._sentences.items() if text != english[number]}

    def texts(self) -> tuple[list[str], dict[str, int]]:
        """Return all texts by number, and for those that were cut how many characters they had."""
        long = [text for text, number in self._numbers.items() if number in self._may_cut]
        limit = most_of_each([len(text) for text in long], max(TOTAL, LEAST * len(long)))
        kept, cut = [], {}
        for text, number in self._numbers.items():
            if number in self._may_cut and len(text) > limit:
                cut[str(number)] = len(text)
                text = text[:limit]
            kept.append(text)
        return kept, cut


def most_of_each(sizes: Sequence[int], total: int) -> int:
    """Return the largest limit at which sizes, each cut to it, add up to no more than `total`."""
    rest, ordered = total, sorted(sizes)
    for index, size in enumerate(ordered):
        left = len(ordered) - index
        if size * left > rest:
            return rest // left
        rest -= size
    return max(ordered, default=0)


def utf16(text: str, places: Sequence[int]) -> list[int]:
    """Turn places counted in characters of `text` into UTF-16 units."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return list(places)
    return [place + sum(char > "\uffff" for char in text[:place]) for place in places]
