"""How answers to a needle are read: words, stems, numbers, cues and phrases of its language, English and Chinese.

A word is a Latin word (or one of another script with spaces), a run of digits, or one letter of a language without
spaces: a sign. What the languages say is data of `nihbench.languages`; here it is put together, once for every set of
languages. What a cue or a phrase means for a grade is said in `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from operator import or_
from typing import NamedTuple

from nihbench.languages.base import Language, Number, covered, find
from nihbench.score.fold import Folded, Folder
from nihbench.score.numbers import Numerals
from nihbench.text.late import late, once

_GAPS = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "'"}
"""ASCII characters of which no word is made."""
_OTHERS_REACH = 40
NEGATES, DENIES, DIGITS, NUMBERS, AMOUNTS = "negates", "denies after", "digits", "numbers", "amounts"
"""The kinds of hints that stand beside those of cues.

A word may stand in a text that negates what follows it, or denies what stands before it; a digit, a number in words (as
`Grading.numbers`, or `Values.number`, read them).
"""
_NEVER = "(?!)"

_LETTERS = late(r"[^\W\d_]+")
_PLAIN = late("[a-z]+")
_CLAUSE_END = late(r"[.,!?。;:\n]")
_END = late(r"[.!?。;\n]")


class Cue(NamedTuple):
    """A cue's kind and its span in the folded text."""

    kind: str
    start: int
    end: int


class Grammar:
    """What some languages, read beside one another, make of a text; the last one's stems go before the others'."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self.languages = tuple(languages)
        read = [(language, language.grading) for language in self.languages if language.grading is not None]
        self.gradings = tuple(grading for _, grading in read)
        signs = [(language, grading) for language, grading in read if not language.spaced]
        self.codes = frozenset(language.code for language, _ in read)
        self.signs = "".join(language.letters for language, _ in signs)
        letters = "".join(language.letters for language, _ in read)
        self.letter = re.compile(f"[{letters}]" if letters else _NEVER)
        plain = [(re.compile(f"[{each.letters}]"), grading.plain) for each, grading in signs if grading.plain]

        def plain_sign(char: str) -> str:
            return next((change(char) for own, change in plain if own.match(char)), char)

        self._folder = Folder(self.signs, plain_sign)
        self.is_sign = _Marked(self._folder.is_sign).__getitem__
        self.has_signs, self.count_signs = self._folder.has_signs, self._folder.count_signs
        sign = f"[{self.signs}]" if self.signs else _NEVER
        self._token = re.compile(rf"[^\W\d_{self.signs}]+(?:'[^\W\d_]+)?|\d+|{sign}")
        signs_run = f"|[{self.signs}]+" if self.signs else ""
        self.runs = re.compile(rf"[^\W\d_{self.signs}]+|\d+{signs_run}")
        self.is_strange = _Marked(self._is_strange).__getitem__
        stemmers = [grading.stem for grading in self.gradings if grading.stem]
        self._stems = _Stems(stemmers[-1] if stemmers else str)
        self.empty = frozenset().union(*(grading.stop | grading.light for grading in self.gradings))
        self.light = frozenset().union(*(grading.light for grading in self.gradings))
        self.reporting_signs = frozenset().union(*(grading.reporting_signs for grading in self.gradings))
        words = [word for grading in self.gradings for word in grading.reporting]
        self.reporting = frozenset(map(self.stem, words)) | self.reporting_signs
        self.source_words = frozenset(self.stem(word) for grading in self.gradings for word in grading.source_words)
        self.function_words = frozenset().union(*(grading.function_words for grading in self.gradings))
        self.demonstratives = frozenset().union(*(grading.demonstratives for grading in self.gradings))
        self.numerals = Numerals(self.languages)
        negating = [each for each in self.gradings if each.negators]
        self._negator_words = tuple(word for each in negating for word in each.negator_words)
        self.digits = {sign: digit for grading in self.gradings for sign, digit in grading.digits.items()}
        self.hints = _Hints(self._folder.sign, self.empty)
        self._turns: dict[int, _Turn] = {}
        for language, grading in read:
            own_letters = late(f"[{language.letters}]") if language.letters else None
            for kind, pairs in grading.cues.items():
                for own, written in pairs:
                    groups = tuple(tuple(group.split("|")) for group in own.split("&"))
                    self._turns[self.hints.add(kind, groups)] = _Turn(groups, late(written), own_letters)
        self.hints.add(NEGATES, [self._negator_words])
        for each in self.gradings:
            if each.denied_after or each.denied_at_once:
                self.hints.add(DENIES, [each.denial_words])
        for each in self.gradings:
            if each.numbers:
                self.hints.add(NUMBERS, [each.number_words], whole=True)
        for values in (each.values for each in self.languages if each.values and each.values.number):
            self.hints.add(AMOUNTS, [values.number_words], whole=True)
        bits = self.hints.bits
        self.denying = bits.get("denies", 0) | bits.get("denied", 0)
        self.negating = self.denying | bits[NEGATES] | bits.get(DENIES, 0)

    def _is_strange(self, char: str) -> bool:
        """Whether a character is a letter, and of none of the languages."""
        return not char.isascii() and char.isalpha() and not self.letter.match(char)

    # ---- words ----

    def fold(self, text: str) -> Folded:
        """Return the folded form of a text."""
        return self._folder.fold(text)

    def words(self, text: str) -> list[str]:
        """Return the words of a folded text, in order."""
        plain = text.replace("—", " ")
        if not plain.isascii():
            return self._token.findall(text)
        # Cut at what is in no word, which takes a fifth of the pattern's time; the pattern looks at the few odd pieces.
        pieces = plain.translate(_GAPS).split()
        odd = {p: self._token.findall(p) for p in set(pieces) if not (p.isalpha() or p.isdecimal())}
        if all(found == [piece] for piece, found in odd.items()):
            return pieces
        return [word for piece in pieces for word in odd.get(piece, (piece,))]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the words of a folded text stand."""
        return [m.span() for m in self._token.finditer(text.replace("—", " "))]

    def stem(self, word: str) -> str:
        """Return the stem of a folded word."""
        return self._stems[word]

    def stems_of(self, found: Iterable[str]) -> list[str]:
        """Return the stems of folded words, in order."""
        return list(map(self._stems.__getitem__, found))

    def stems(self, text: str) -> list[str]:
        """Return the stems of the words of a folded text, in order."""
        return self.stems_of(self.words(text))

    def content_stems(self, text: str) -> list[str]:
        """Return the stems of the words of `text` that carry content (of all its words if none does)."""
        return self.content_stems_of(self.words(text))

    def content_stems_of(self, found: Collection[str]) -> list[str]:
        """Return the stems of those of some words that carry content (of all if none does)."""
        return self.stems_of([w for w in found if w not in self.empty] or found)

    def novel(self, text: str, known: frozenset[str]) -> list[str]:
        """Return the content stems of a folded `text` that are not in `known`."""
        return self.novel_of(self.words(text), known)

    def novel_of(self, found: Collection[str], known: frozenset[str]) -> list[str]:
        """Return the content stems of some words that are not in `known`."""
        return [s for s in self.content_stems_of(found) if s not in known and s not in self.empty]

    # ---- numbers ----

    def numbers(self, text: str, expected: str = "", *, said: bool = True) -> list[Number]:
        """Return the numbers of a folded text, read with `expected` in mind; those in words only if it is `said`."""
        return self.numerals.find(text, expected, said=said)

    def numeral(self, piece: str) -> str:
        """Return digits as a language's signs, or a sign as its digit; others as they are."""
        writers = (grading.numeral for grading in self.gradings if grading.numeral)
        return next((written for write in writers if (written := write(piece)) != piece), piece)

    def romanized(self, text: str) -> tuple[str, ...]:
        """Return the syllables of a text in Latin letters, where a language knows them."""
        spellers = (grading.romanized for grading in self.gradings if grading.romanized)
        return next((spelt for spell in spellers if (spelt := spell(text))), ())

    # ---- turns of phrase ----

    def hints_of(self, text: str, found: Iterable[str]) -> int:
        """Return which kinds of cues could stand in a text of these words, as a sum of `hints.bits`."""
        hints = self.hints
        told = reduce(or_, map(hints.__getitem__, found), 0)
        for mark, bits in hints.marks.items():
            if mark in text:
                told |= bits
        return told

    @once
    def plain(self) -> frozenset[str]:
        """The stems that tell nothing by themselves: empty words, and talk of the document."""
        return self.reporting | self.empty | frozenset(map(self.stem, self.empty))

    @once
    def no_names(self) -> frozenset[str]:
        """The stems of capitalised words that are no names."""
        return frozenset(self.stem(word) for word in self.either("no_names").split())

    def find(self, kind: str, text: str, hints: int = -1) -> list[Cue]:
        """Return the cues of one kind in the folded `text`, in order of place; two of them may overlap.

        Args:
            kind: one of `nihbench.languages.base.CUES`.
            text: the folded text.
            hints: what `hints_of` returns for it, if that is known.
        """
        found: list[Cue] = []
        possible = self.hints.bits.get(kind, 0) & hints
        turns = self._turns
        holds, plain = text.__contains__, text.isascii()
        while possible:
            bit = possible & -possible
            possible ^= bit
            turn = turns[bit]
            if turn.letters is not None and (plain or turn.letters.search(text) is None):
                continue
            for group in turn.groups:
                if not any(map(holds, group)):
                    break
            else:
                found += [Cue(kind, *m.span()) for m in turn.pattern.finditer(text)]
        if len(found) > 1:
            found.sort(key=lambda cue: (cue.start, cue.end))
        return found

    def may_negate(self, text: str) -> bool:
        """Whether a word stands in a folded text without which it negates nothing."""
        return any(map(text.__contains__, self._negator_words))

    def is_about_others(self, cue: Cue, text: str) -> bool:
        """Whether an abstaining cue speaks of *other* information only ("offers no other idea"), not of the answer."""
        stop = _END.search(text, cue.end, cue.end + _OTHERS_REACH)
        topic = _CLAUSE_END.split(text[max(0, cue.start - _OTHERS_REACH) : cue.start])[-1]
        rest = text[cue.start : stop.start() if stop else cue.end + _OTHERS_REACH]
        return bool(self.find("others", topic + rest))

    def either(self, name: str) -> str:
        """Return a pattern for what any of the languages says: one of `PHRASES`, or a field of `Grading`."""
        said = (grading.phrases.get(name) or getattr(grading, name, "") for grading in self.gradings)
        return "|".join(filter(None, said)) or _NEVER


@lru_cache(maxsize=256)
def grammar_for(code: str) -> Grammar:
    """Return how answers to a needle in a language are read."""
    return _grammar(tuple(language.code for language in covered(code)))


@cache
def _grammar(codes: tuple[str, ...]) -> Grammar:
    return Grammar(filter(None, map(find, codes)))


class Phrase:
    """A pattern around what languages say, whose `Grammar.either` names stand in it as @name@; compiled when needed."""

    def __init__(self, template: str, flags: re.RegexFlag | int = 0) -> None:
        self._template, self._flags = template, flags
        self._made: dict[Grammar, re.Pattern[str]] = {}

    def __call__(self, grammar: Grammar) -> re.Pattern[str]:
        """Return the pattern with what the languages of a grammar say."""
        made = self._made.get(grammar)
        if made is None:
            said = re.sub(r"@(\w+)@", lambda name: grammar.either(name[1]), self._template)
            made = self._made[grammar] = re.compile(said, self._flags)
        return made


@dataclass(frozen=True, slots=True)
class _Turn:
    """One pattern of a kind of cues: it can be found only where a word of each group stands (`letters`, too)."""

    groups: tuple[tuple[str, ...], ...]
    pattern: re.Pattern[str]
    letters: re.Pattern[str] | None


class _Hints(dict[str, int]):
    """Which kinds of cues a word of a text lets through, as a sum of bits; filled as words come, and kept small.

    Of every word of a sieve one piece is looked for, a run of letters or a sign: where that stands in no word of a
    text, the sieve's word can't stand there either. So a look at each different word of a text, mostly in a table,
    spares that at every word of every sieve.
    """

    _MOST = 30_000
    _LONGEST = 40  # letters of a word that is kept

    def __init__(self, sign: re.Pattern[str], common: frozenset[str]) -> None:
        super().__init__()
        self._count = 1
        self.bits: dict[str, int] = {}
        self.marks: dict[str, int] = {}
        self._sign = sign
        self._common = common
        self._signs: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._tails: dict[str, int] = {}
        self._parts: dict[str, int] = {}
        self._apostrophes = self._possessive = 0
        self._digits = self.bits[DIGITS] = 1

    def add(self, kind: str, groups: Sequence[Sequence[str]], *, whole: bool = False) -> int:
        """Let a kind through where a word of each group stands; looked for are those of the group that tells most.

        Args:
            kind: the kind.
            groups: words in folded form.
            whole: they stand as words of their own: no Latin letter stands beside them.

        Returns:
            The bit by which these groups are told from others of their kind; `bits` holds those of the whole kind.
        """
        bit = 1 << self._count
        self._count += 1
        self.bits[kind] = self.bits.get(kind, 0) | bit
        for word in max(groups, key=lambda group: min(map(self._tells, group))):
            if signs := self._sign.findall(word):
                _put(self._signs, signs[-1], bit)
            elif whole and (runs := _PLAIN.findall(word)):
                _put(self._words, max(runs, key=len), bit)
            elif "'" in word:
                self._apostrophes |= bit
                self._possessive |= bit if "'s" in word or "s'" in word or word.endswith("'") else 0
            elif piece := self._piece(word):
                begins, ends = piece.start() > 0, piece.end() < len(word)
                _put((self._parts, self._tails, self._heads, self._whole)[begins * 2 + ends], piece.group(), bit)
            else:
                _put(self.marks, word, bit)
        return bit

    def _piece(self, word: str) -> re.Match[str] | None:
        """Return the run of letters that tells most; one that begins or ends within a word's space tells more."""

        def tells(m: re.Match[str]) -> int:
            return m.end() - m.start() + 2 * (m.start() > 0) + 2 * (m.end() < len(word))

        return max(_LETTERS.finditer(word), key=tells, default=None)

    def _tells(self, word: str) -> int:
        if self._sign.search(word):
            return 4
        piece = self._piece(word)
        return 0 if piece is None else 1 if piece.group() in self._common else len(piece.group())

    def __missing__(self, word: str) -> int:
        told = self._signs.get(word, 0) | (self._digits if word[:1].isdecimal() else 0)
        if "'" in word:
            told |= self._possessive if word.endswith("'s") else self._apostrophes
            for char in word:  # behind an apostrophe a word holds signs, too
                told |= self._signs.get(char, 0)
        for run in _PLAIN.findall(word):
            told |= self._words.get(run, 0)
        for run in _LETTERS.findall(word):
            told |= self._whole.get(run, 0)
            for piece, bits in self._heads.items():
                told |= bits if run.startswith(piece) else 0
            for piece, bits in self._tails.items():
                told |= bits if run.endswith(piece) else 0
            for piece, bits in self._parts.items():
                told |= bits if piece in run else 0
        if len(self) < self._MOST and len(word) <= self._LONGEST:
            self[word] = told
        return told


def _put(table: dict[str, int], piece: str, bit: int) -> None:
    table[piece] = table.get(piece, 0) | bit


def spans(text: str, found: Iterable[str]) -> list[tuple[int, int]]:
    """Return where the words of a folded text stand, which are `found` in it."""
    places, end = [], 0
    for word in found:
        # Nothing but gaps stands between a word and the next, so that this finds no other.
        start = text.find(word, end)
        end = start + len(word)
        places.append((start, end))
    return places


class _Marked(dict[str, bool]):
    """Which characters are of a kind, filled as they come, and kept small."""

    _MOST = 30_000

    def __init__(self, is_one: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_one = is_one

    def __missing__(self, char: str) -> bool:
        found = self._is_one(char)
        if len(self) < self._MOST and len(char) < 2:
            self[char] = found
        return found


class _Stems(dict[str, str]):
    """The stems met so far; kept small, so that hostile text can't fill the memory."""

    _MOST = 30_000

    def __init__(self, stem: object) -> None:
        super().__init__()
        self._stem = stem

    def __missing__(self, word: str) -> str:
        found = str(self._stem(word))  # type: ignore[operator]
        if len(self) < self._MOST and len(word) <= 40:
            self[word] = found
        return found
