"""Folding: one plain form of a text, with the way back to the original.

Case, width, accents, Markdown, quotes, white space, dashes and traditional characters are folded away, so that two
texts that differ only in these are equal. It does not translate, and it does not know words (see `words`) or
numbers (see `numbers`).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nihbench.text.markup import markup_of

# ---- script ----------------------------------------------------------------------------------------------------------
# Traditional to simplified characters and the pinyin of names, by OpenCC's and pypinyin's dictionaries.
#
# The one module of the room that touches files: both libraries read their own dictionaries when they are first asked,
# so they are imported only when an answer has Chinese (or a Chinese needle is answered in Latin letters).


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(char: str) -> str:
    """Return the simplified form of one Chinese character."""
    plain = str(_converter().convert(char))
    return plain if len(plain) == 1 else char


@lru_cache(maxsize=1024)
def pinyin(text: str) -> tuple[str, ...]:
    """Return the syllables, without tones, of a text all of whose characters are Chinese; else nothing."""
    from pypinyin import lazy_pinyin

    syllables = tuple(lazy_pinyin(text, errors="ignore"))
    return syllables if len(syllables) == len(text) else ()


HAN = "\u3400-\u4dbf\u4e00-\u9fff〇"
"""Chinese characters, as the inside of a character class."""
_GONE = "\0"  # stands for a character that is folded away, so that a fold keeps its length as long as it can
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
_CJK = re.compile(f"[{HAN}]")

# What goes from a line: spaces at its ends, all but one of a run, and any between two of which one needs none;
# apostrophes that stand in no word.
_TIGHT = rf"[{HAN}、。,;:!?.()]"
_STRAY = r"'(?:(?<![^\W\d_]')|(?![^\W\d_]))"
_SPARE = re.compile(rf" (?:(?<=^ )|(?<=[ \n] )|(?=\n)|(?<={_TIGHT} ) *(?={_TIGHT})) *|{_STRAY}")
# One of these stands wherever that fits; most lines have none, and looking takes a fraction of its time.
_SPARE_PAIRS = ("  ", "\n ", " \n")
_SPARE_SIGNS = re.compile(f"{_TIGHT} {_TIGHT}")
_STRAYS = re.compile(_STRAY)


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
    """Blank out a model's reasoning, keeping every character's place; None when the last of it never ends.

    An end without a beginning ends a part that began before the answer (some chat templates open it in the prompt), so
    everything up to it is blanked too.
    """
    found = markup_of(answer)
    if found.is_open:
        return None
    kept, at = [], 0
    for start, end in found.gone:
        kept += [answer[at:start], " " * (end - start)]
        at = end
    return "".join([*kept, answer[at:]])


def is_cjk(char: str) -> bool:
    """Whether `char` is a Chinese character."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char == "〇"


def has_cjk(text: str) -> bool:
    """Whether there is a Chinese character in `text`."""
    return not text.isascii() and _CJK.search(text) is not None


def count_cjk(text: str) -> int:
    """Return the number of Chinese characters in `text`."""
    return 0 if text.isascii() else len(_CJK.findall(text))


def fold(original: str) -> Folded:
    """Return the folded form of `original`. Time is linear in its length."""
    text = original.translate(_TABLE)
    grown = None if len(text) == len(original) else _places(original)
    steps = []
    if _GONE in text:
        text, cuts = _cut(text, _RUN_OF_GONE)
        steps.append(cuts)
    text = text.rstrip(" ")
    if _has_spare(text):
        text, cuts = _cut(text, _SPARE)
        steps.append(cuts)
    return Folded(text, tuple(reversed(steps)), grown)


def _has_spare(text: str) -> bool:
    if text.startswith(" ") or any(pair in text for pair in _SPARE_PAIRS):
        return True
    return ("'" in text and _STRAYS.search(text) is not None) or _SPARE_SIGNS.search(text) is not None


_RUN_OF_GONE = re.compile(f"{_GONE}+")


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


def _places(original: str) -> tuple[int, ...]:
    return tuple(place for place, char in enumerate(original) for _ in _TABLE[ord(char)])


def _fold_char(char: str) -> str:
    """Return what a character becomes: mostly one character, `_GONE` for none."""
    if char in _DROPPED:
        return _GONE
    if char in _ONE_FOR_ONE:
        return _ONE_FOR_ONE[char]
    if char.isspace():
        return " "
    if is_cjk(char):
        return simplified(char)
    plain = unicodedata.normalize("NFKD", char).casefold()
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf", "Cc"))
    folded = (simplified(c) if is_cjk(c) else _ONE_FOR_ONE.get(c, c) for c in plain if c not in _DROPPED)
    return "".join(folded) or _GONE


class _Table(dict[int, str]):
    """What `str.translate` looks characters up in: filled as they come, and kept small."""

    _MOST = 30_000

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        if len(self) < self._MOST:
            self[code] = folded
        return folded


_TABLE = _Table({code: _fold_char(chr(code)) for code in range(128)})
