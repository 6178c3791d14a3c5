"""Folding: one plain form of a text, with the way back to the original.

Case, width, accents, Markdown, quotes, white space, dashes and what a language folds of its own letters (traditional
characters) are folded away, so that two texts that differ only in these are equal. It does not translate, and it does
not know words (see `grammar`) or numbers (see `numbers`).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from nihbench.text.late import late
from nihbench.text.markup import markup_of, template_marks

_GONE = "\0"  # stands for a character that is folded away, so that a fold keeps its length as long as it can
_QUOTED_CELL = late(r'(?<=\d,)"(?=[^\W_])')
_DROPPED = set('*`~#"“”„«»「」『』《》〈〉＂﹁﹂\\$\ufeff')
_ONE_FOR_ONE = {
    **dict.fromkeys("‘’ʼ′＇", "'"),
    **dict.fromkeys("‐‑−﹣", "-"),
    **dict.fromkeys("–—―─", "—"),
    **dict.fromkeys("·•‧∙", "·"),
    **dict.fromkeys("\n\r\u2028\u2029", "\n"),
    "_": " ",
    "…": ".",
}
_STRAY = r"'(?:(?<![^\W\d_]')|(?![^\W\d_]))"  # an apostrophe that stands in no word
_STRAYS = late(_STRAY)
# One of these stands wherever spaces are to go; most lines have none, and looking takes a fraction of the time.
_SPARE_PAIRS = ("  ", "\n ", " \n")


# Letters of other scripts that look like Latin ones, and a word that mixes them with these: nobody writes that.
_ALIKE = str.maketrans(
    "аАВеЕіІјЈкКмМНоОрРсСТуУхХѕЅԁһνοΟαΑΒεΕιΙΚΜΝρΡΤΥΧ", "aABeEiIjJkKmMHoOpPcCTyYxXsSdhvoOaABeEiIKMNpPTYX"
)
_OTHER = "\u0370-\u03ff\u0400-\u052f"
_AMONG_LATIN = late(rf"[a-zA-Z][{_OTHER}]|[{_OTHER}][a-zA-Z]")
_MIXED = late(rf"[a-zA-Z{_OTHER}]{{1,40}}")


@dataclass(frozen=True, slots=True)
class _Cuts:
    """What was cut out of a text: from `at[i]` on, a place in what is left lies `by[i]` further on in the whole."""

    at: tuple[int, ...]
    by: tuple[int, ...]

    def back(self, place: int) -> int:
        found = bisect_right(self.at, place)
        return place + self.by[found - 1] if found else place


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the steps that lead from a place in it back to the original."""

    text: str
    cuts: tuple[_Cuts, ...] = ()
    grown: tuple[int, ...] | None = None  # place in the original by place, where a character became several

    def place(self, at: int) -> int:
        """Return the place in the original of the folded character `at`."""
        for cuts in self.cuts:
            at = cuts.back(at)
        return self.grown[at] if self.grown is not None else at

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original that became text[start:end], which must not be empty."""
        return self.place(start), self.place(end - 1) + 1


def final_answer(answer: str) -> str | None:
    """Blank out a model's reasoning and a chat template's marks, keeping every character's place.

    None when the last of the reasoning never ends.

    An end without a beginning ends a part that began before the answer (some chat templates open it in the prompt), so
    everything up to it is blanked too.
    """
    found = markup_of(answer)
    if found.is_open:
        return None
    kept, at = [], 0
    for start, end in sorted((*found.gone, *template_marks(answer))):
        kept += [answer[at:start], " " * (end - max(at, start))]
        at = max(at, end)
    return "".join([*kept, answer[at:]])


# ---- what stands for a character, or dresses text, in LaTeX, JSON and HTML -------------------------------------------

_PAD = "\ufeff"  # folded away, so that what is written for a character keeps its length
_SIGNS_WRITTEN = {
    "times": "×", "cdot": "·", "circ": "°", "degree": "°", "pounds": "£", "euro": "€", "quad": " ", "rightarrow": "→",
    "to": "→", "approx": " ", "sim": " ", "newline": "\n", "textdegree": "°", "textyen": "¥", "yen": "¥",
    "textdollar": "$", "textpounds": "£", "texteuro": "€",
}  # fmt: skip
_ENTITIES = {
    "amp": "&", "nbsp": " ", "quot": '"', "apos": "'", "lt": "<", "gt": ">", "ndash": "–", "mdash": "—", "euro": "€",
    "pound": "£", "yen": "¥", "deg": "°", "times": "×", "thinsp": " ", "ensp": " ", "minus": "-",
}  # fmt: skip
_WRITTEN = late(
    r"\\u(?P<code>[0-9a-fA-F]{4})"
    rf"|(?:\^\{{?)?\\(?P<sign>{'|'.join(sorted(_SIGNS_WRITTEN, key=len, reverse=True))})(?![a-zA-Z])\}}?"
    r"|\\(?P<dress>text(?:bf|it|rm|tt|sf)?|math(?:rm|bf|it|tt|sf)|boxed|fbox|mbox|emph|underline|displaystyle|left"
    r"|right)(?![a-zA-Z])\{?"
    r"|\\frac\{(?P<over>\d{1,4})\}\{(?P<under>\d{1,4})\}"
    r"|\\(?P<line>[nrt])(?![a-z])"
    r"|\\(?P<space>[,;: !])"
    r"|\{(?P<comma>,)\}"
    r"|\^\{(?P<power>-?\d{1,3})\}"
    r"|&(?P<entity>[a-z]{2,6});|&#(?P<number>\d{1,5});"
)


def _written(m: re.Match[str]) -> str:
    """Return the character for which something is written, padded to its length; what only dresses text is gone."""
    kind = m.lastgroup or ""
    said = m[kind]
    if kind == "under":
        said = f"{m['over']}/{m['under']}"
    elif kind == "code":
        said = chr(int(said, 16))
    elif kind == "number":
        said = chr(int(said)) if 31 < int(said) < 0xD800 else m.group()
    elif kind == "entity":
        said = _ENTITIES.get(said, m.group())
    elif kind == "sign":
        said = _SIGNS_WRITTEN[said]
    elif kind == "line":
        said = "\n"
    elif kind == "space":
        said = " "
    elif kind == "dress":
        said = ""
    elif kind == "power":
        said = f"^{said}"
    return said + _PAD * (len(m.group()) - len(said))


_RUN_OF_GONE = late(f"{_GONE}+")


def _cut(text: str, pattern: re.Pattern[str]) -> tuple[str, _Cuts]:
    pieces, at, by = [], [], []
    begin = gone = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        pieces.append(text[begin:start])
        begin = end
        gone += end - start
        at.append(end - gone)
        by.append(gone)
    if not at:
        return text, _Cuts((), ())
    pieces.append(text[begin:])
    return "".join(pieces), _Cuts(tuple(at), tuple(by))


def _latin(word: re.Match[str]) -> str:
    """Return a word in Latin letters if it has some, or could be one."""
    written = word.group()
    plain = written.translate(_ALIKE)
    return plain if plain.isascii() or any(map(str.isascii, written)) else written


class Folder:
    """Folds texts for languages some of whose letters stand for words: spaces between these tell nothing."""

    def __init__(self, signs: str, plain: Callable[[str], str] | None = None) -> None:
        """Make one.

        Args:
            signs: The letters that are words, as the inside of a character class; "" for none.
            plain: Folds one of them.
        """
        self.sign = re.compile(f"[{signs}]" if signs else "(?!)")
        self._plain = plain
        tight = rf"[{signs}、。,;:!?.()]"
        # What goes from a line: spaces at its ends, all but one of a run, and any between two characters of which one
        # needs none; apostrophes that stand in no word.
        spare = rf" (?:(?<=^ )|(?<=[ \n] )|(?=\n)|(?<={tight} ) *(?={tight})) *|{_STRAY}"
        self.spare = re.compile(spare)
        self._spare_signs = re.compile(f"{tight} {tight}")
        self._table = _Table(self._fold_char)

    def fold(self, original: str) -> Folded:
        """Return the folded form of `original`. Time is linear in its length."""
        if not original.isascii() and _AMONG_LATIN.search(original):
            original = _MIXED.sub(_latin, original)
        if "\\" in original or "&" in original or "{,}" in original:
            original = _WRITTEN.sub(_written, original)
        if ',"' in original:  # a quotation mark between two numbers of a row keeps them apart
            original = _QUOTED_CELL.sub(" ", original)
        text = original.translate(self._table)
        grown = None if len(text) == len(original) else self._places(original)
        steps = []
        if _GONE in text:
            text, cuts = _cut(text, _RUN_OF_GONE)
            steps.append(cuts)
        text = text.rstrip(" ")
        if self._has_spare(text):
            text, cuts = _cut(text, self.spare)
            steps.append(cuts)
        return Folded(text, tuple(reversed(steps)), grown)

    def is_sign(self, char: str) -> bool:
        """Whether `char` is a letter that is a word."""
        return self.sign.match(char) is not None

    def has_signs(self, text: str) -> bool:
        """Whether there is such a letter in `text`."""
        return not text.isascii() and self.sign.search(text) is not None

    def count_signs(self, text: str) -> int:
        """Return the number of such letters in `text`."""
        return 0 if text.isascii() else len(self.sign.findall(text))

    def _has_spare(self, text: str) -> bool:
        if text.startswith(" ") or any(pair in text for pair in _SPARE_PAIRS):
            return True
        return ("'" in text and _STRAYS.search(text) is not None) or self._spare_signs.search(text) is not None

    def _places(self, original: str) -> tuple[int, ...]:
        return tuple(place for place, char in enumerate(original) for _ in self._table[ord(char)])

    def _fold_char(self, char: str) -> str:
        """Return what a character becomes: mostly one character, `_GONE` for none."""
        if char in _DROPPED:
            return _GONE
        if char in _ONE_FOR_ONE:
            return _ONE_FOR_ONE[char]
        if char.isspace():
            return " "
        if self.is_sign(char):
            return self._plain(char) if self._plain else char
        if char.isdecimal() and not char.isascii():
            return str(unicodedata.decimal(char))
        plain = unicodedata.normalize("NFKD", char).casefold()
        if "\u2044" in plain and len(plain) > 2:  # a vulgar fraction: 7¼ is 7.25
            return f"{unicodedata.numeric(char):.3f}".lstrip("0").rstrip("0").rstrip(".")
        plain = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf", "Cc"))
        return "".join(map(self._rest, (c for c in plain if c not in _DROPPED))) or _GONE

    def _rest(self, char: str) -> str:
        """Return what a piece of a character becomes."""
        return self._plain(char) if self._plain and self.is_sign(char) else _ONE_FOR_ONE.get(char, char)


class _Table(dict[int, str]):
    """What `str.translate` looks characters up in: filled as they come, and kept small."""

    _MOST = 30_000

    def __init__(self, fold_char: Callable[[str], str]) -> None:
        super().__init__({code: fold_char(chr(code)) for code in range(128)})
        self._fold_char = fold_char

    def __missing__(self, code: int) -> str:
        folded = self._fold_char(chr(code))
        if len(self) < self._MOST:
            self[code] = folded
        return folded
