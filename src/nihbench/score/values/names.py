"""Names of persons: with and without titles, in either order; a surname alone is vague."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from nihbench.score.answer import Text
from nihbench.score.values.base import Place, outermost

_MOST = 40  # places of a name that are looked at
_ROUND = 3  # words between the parts of a name
_EDIT_FROM = 4  # letters


@dataclass(frozen=True, slots=True)
class Name:
    """An expected name: its words without titles, folded, the surname last; in signs one word.

    `whole`: the question asks for the name itself, and not just who it is.
    """

    words: tuple[str, ...]
    signs: bool
    titles: frozenset[str] = field(repr=False)
    written: str
    kind: str = "name"
    whole: bool = False

    def places(self, answer: Text) -> list[Place]:
        """Return where the person, or somebody of nearly the same name, stands in an answer."""
        return outermost(self._in_signs(answer) if self.signs else self._in_words(answer))

    # ---- Latin letters ----

    def _in_words(self, answer: Text) -> Iterator[Place]:
        words = answer.words
        surname, given = self.words[-1], self.words[:-1]
        known = answer.different
        for at in [i for i, word in enumerate(words) if word == surname][:_MOST] if surname in known else ():
            yield self._around(answer, at, given)
        if surname not in known:
            yield from self._misspelt(answer)
            for name in given:
                for at in [i for i, word in enumerate(words) if word == name][:_MOST] if name in known else ():
                    start, end = answer.spans[at]
                    other = self._is_name(answer, at + 1)
                    yield Place(start, end, "edit" if other else "part", 0.3 if other else 0.5, rival=other)

    def _around(self, answer: Text, at: int, given: tuple[str, ...]) -> Place:
        words, spans = answer.words, answer.spans
        low, high = max(0, at - len(given) - _ROUND), min(len(words), at + len(given) + _ROUND + 1)
        beside = [i for i in range(low, high) if i != at and words[i] in given]
        if {words[i] for i in beside} >= set(given):
            ends = [*beside, at]
            first = min(ends)
            first -= first > 0 and words[first - 1] in self.titles  # "not Dr. X": the title belongs to the name
            return Place(spans[first][0], spans[max(ends)][1], "same", 1.0)
        if len(given) > 1 and words[beside[0] if beside else at] == given[0]:  # without a middle name
            return Place(spans[min(beside[0], at)][0], spans[max(beside[0], at)][1], "same", 1.0)
        start, end = spans[at]
        before = words[at - 1] if at and not re.search(r"[.!?\n]", answer.text[spans[at - 1][1] + 1 : start]) else ""
        if given and len(before) == 1 and before == given[0][:1]:
            return Place(spans[at - 1][0], end, "part", 0.7)
        if before and before not in self.titles and self._is_name(answer, at - 1) and at - 1 > 0:
            return Place(spans[at - 1][0], end, "edit", 0.3, rival=True)
        if (
            before
            and before not in self.titles
            and at == 1
            and self._is_name(answer, 0)
            and not _common(answer, before)
        ):
            return Place(spans[0][0], end, "edit", 0.3, rival=True)
        return Place(start, end, "part", 0.7)

    def _is_name(self, answer: Text, at: int) -> bool:
        """Whether a word is written with a capital and is no title, no common word and none of this name."""
        if not 0 <= at < len(answer.words) or answer.original.isupper():
            return False
        word = answer.words[at]
        capital = answer.original[answer.folded.place(answer.spans[at][0])].isupper()
        return capital and word not in self.titles and word not in self.words and not _common(answer, word)

    def _misspelt(self, answer: Text) -> Iterator[Place]:
        from rapidfuzz.distance import OSA

        heads = tuple({name[0] for name in self.words if len(name) >= _EDIT_FROM})
        like = {word for word in answer.different if word.startswith(heads)} if heads else set()
        if not like:
            return
        for at, word in enumerate(answer.words):
            for name in self.words if word in like else ():
                if len(name) < _EDIT_FROM or word[0] != name[0] or abs(len(word) - len(name)) > 1 or word == name:
                    continue
                if OSA.distance(word, name, score_cutoff=1) == 1:
                    yield Place(*answer.spans[at], "edit", 0.3, rival=True)

    # ---- signs ----

    def _in_signs(self, answer: Text) -> Iterator[Place]:
        name, text = self.words[0], answer.text
        for m, _ in zip(re.finditer("[ ·]?".join(map(re.escape, name)), text), range(_MOST), strict=False):
            yield Place(m.start(), m.end(), "same", 1.0)
        if answer.latin:
            yield from self._spelt(answer)
        if not answer.has_signs or len(name) < 2:
            return
        for pattern in _parts_of(name, self.titles, answer.grammar.signs):
            for m, _ in zip(pattern.finditer(text), range(_MOST), strict=False):
                if m.lastgroup == "given" and answer.grammar.has_signs(text[max(0, m.start() - 1) : m.start()]):
                    continue  # of somebody else, or the whole name
                if m.lastgroup != "other":
                    yield Place(m.start(), m.end(), "part", self._titled if m.lastgroup == "titled" else 0.3)
                elif m["other"] != name[m.start("other") - m.start()]:
                    yield Place(m.start(), m.end(), "other", 0.0, rival=True)

    @property
    def _titled(self) -> float:
        """The worth of a surname in signs with a title: few bear one of two signs, very many one of a single sign."""
        return 0.7 if self.words[0][:2] in _DOUBLE and not self.whole else 0.3

    def _spelt(self, answer: Text) -> Iterator[Place]:
        """Look for the name in Latin letters, surname first or last."""
        syllables = answer.grammar.romanized(self.words[0])
        if not syllables or any(syllable not in answer.text for syllable in syllables):
            return
        size = 2 if self.words[0][:2] in _DOUBLE else 1
        first, rest = ("[ '-]?".join(map(re.escape, part)) for part in (syllables[:size], syllables[size:]))
        orders = [rf"{first}[ ,'-]{{0,2}}{rest}", rf"{rest}[ '-]{{0,2}}{first}"] if rest else [first]
        for m, _ in zip(
            re.finditer(rf"(?<![a-z])(?:{'|'.join(orders)})(?![a-z])", answer.text), range(_MOST), strict=False
        ):
            yield Place(m.start(), m.end(), "same", 1.0)

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the name."""
        if self.signs or len(self.words) != 2:
            return []
        first, last = (word.capitalize() for word in self.words)
        return [f"{last}, {first}", f"{first} {last}"]


@lru_cache(maxsize=512)
def _parts_of(name: str, titles: frozenset[str], signs: str) -> tuple[re.Pattern[str], ...]:
    """Return what finds a surname with a title, a given name alone, and names of which one sign is another."""
    surname = name[:2] if name[:2] in _DOUBLE else name[:1]
    own = "|".join(map(re.escape, sorted((title for title in titles if not title.isascii()), key=len, reverse=True)))
    patterns = [f"(?P<titled>{re.escape(surname)}(?:{own})|(?<=姓){re.escape(surname)})"]
    if len(name) > 2:
        patterns.append(f"(?P<given>{re.escape(name[1:])})")
        patterns += [
            f"{re.escape(name[:at])}(?P<other>[{signs}]){re.escape(name[at + 1 :])}" for at in range(len(name))
        ]
    return tuple(map(re.compile, patterns))


def _common(answer: Text, word: str) -> bool:
    grammar = answer.grammar
    return word in grammar.empty or grammar.stem(word) in grammar.reporting


def name_of(
    text: Text, titles: frozenset[str], surnames: frozenset[str], *, asked: bool, whole: bool = False
) -> Name | None:
    """Return the name that a text is; None where it is none.

    `asked`: the question asks for a person; `whole`: for the name itself.
    """
    if text.has_signs:
        return _name_in_signs(text, titles, surnames, whole) if asked else None
    words = [word.strip(".") for word in re.findall(r"[^\W\d_][\w'’.-]*", text.original)]
    if not words or re.search(r"[\d,;:/]", text.original) or len(words) > 6:
        return None
    plain = [word for word in words if word.casefold() not in titles]
    titled = len(plain) < len(words)
    capital = [word for word in plain if word[0].isupper()]
    small = [word for word in plain if not word[0].isupper()]
    if not capital or not plain or not plain[-1][0].isupper() or any(len(word) > 4 for word in small):
        return None
    if any(word.casefold() in text.grammar.empty for word in plain):
        return None
    folded = tuple(text.grammar.words(text.grammar.fold(" ".join(plain)).text))
    if not (asked and len(folded) < 6) and not (titled and len(folded) < 4):
        return None
    return Name(words=folded, signs=False, titles=titles, written=text.original)


def _name_in_signs(text: Text, titles: frozenset[str], surnames: frozenset[str], whole: bool) -> Name | None:
    plain = text.text.strip(" .。·")
    ordered = sorted((title for title in titles if not title.isascii()), key=len, reverse=True)
    while (title := next((t for t in ordered if plain.endswith(t) and len(plain) - len(t) > 1), "")) != "":
        plain = plain.removesuffix(title)
    while (
        title := next((t for t in ordered if len(t) > 1 and plain.startswith(t) and len(plain) - len(t) > 1), "")
    ) != "":
        plain = plain.removeprefix(title)
    if not (2 <= len(plain) <= 4 and all(map(text.grammar.is_sign, plain))):
        return None
    if plain[0] not in surnames and not (len(plain) > 2 and plain[:2] in _DOUBLE):
        return None
    if len(plain) == 4 and plain[:2] not in _DOUBLE:
        return None
    return Name(words=(plain,), signs=True, titles=titles, written=text.original, whole=whole)


_DOUBLE = frozenset("欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 司徒 夏侯 南宫 端木 百里".split())
