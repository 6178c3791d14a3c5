"""Numbers in a folded text, whatever their writing, as digit strings.

Read are digits with any grouping (7,482,913; 7 482 913; 5-8-0-2-7-1), digits with a scale (46.35k, 58万0271), and what
languages write in words or signs of their own. How near a number is to the expected one is judged here too. Signs,
units and fractions are not read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal

from nihbench.languages.base import Language, Number
from nihbench.languages.numerals import joined
from nihbench.text.late import late

Nearness = Literal["same", "near", "part", "other"]

_LEAST_PART = 2  # digits: less than that is no part of a number that one could recognise
_DIGITS = late(r"\d+(?:[ .,'、·-] ?\d+)*", re.ASCII)
_GROUP = late(r"\d+", re.ASCII)


class Numerals:
    """Reads numbers as some languages write them."""

    def __init__(self, languages: Sequence[Language]) -> None:
        spaced = [each.grading for each in languages if each.grading and each.spaced]
        signs = [each.grading for each in languages if each.grading and not each.spaced]
        self._readers = [reader for each in (*signs, *spaced) for reader in each.numbers]
        self._scale_of = {word: scale for each in (*spaced, *signs) for word, scale in each.scales.items()}
        words = "|".join(word for each in spaced for word in each.scales) or "(?!)"
        chars = "".join(word for each in signs for word in each.scales)
        zeros = "".join(sign for each in signs for sign, digit in each.digits.items() if digit == "0")
        behind = rf"|([{chars}])[{zeros}]?(\d{{1,8}})?" if chars and zeros else "|((?!))((?!))"
        self._scaled_run = re.compile(rf"(?<![\d.])(\d{{1,9}})(?:\.(\d{{1,9}}))? ?(?:({words})\b{behind})", re.ASCII)
        unit = "|".join(each.unit for each in (*spaced, *signs) if each.unit)
        per = "".join(f"(?:{each.per})?" for each in (*spaced, *signs) if each.per)
        self._unit = re.compile(rf" ?(?:{unit})?{per}")

    def find(self, text: str, expected: str = "", *, said: bool = True) -> list[Number]:
        """Return the numbers of a folded text in order of place.

        Where groups of digits or words could be one number or several, the reading that gives `expected` is taken.
        Numbers in words or signs are looked for only if such are `said`.
        """
        found = list(_in_digits(text, expected))
        for read in self._readers if said else ():
            found += read(text, expected)
        scaled = list(self._scaled(text))
        if scaled:
            ends = [n.end for n in scaled]  # in order, and none overlaps the next
            found = [n for n in found if not _overlaps(n, scaled, bisect_right(ends, n.start))] + scaled
        found.sort(key=lambda number: number.start)
        return found

    def as_number(self, text: str) -> str | None:
        """Return the digits when the folded `text` is one number of at least three digits, alone or with its unit."""
        stripped = text.strip(" .。")
        numbers = self.find(stripped)
        if len(numbers) != 1 or len(numbers[0].digits) < 3 or numbers[0].start != 0:
            return None
        return numbers[0].digits if self._unit.fullmatch(stripped, numbers[0].end) else None

    def _scaled(self, text: str) -> Iterator[Number]:
        """Digits with a scale: 46.35k, 7.482913 million, 58万0271; what is no whole number then is not read."""
        for run in self._scaled_run.finditer(text):
            whole, part, word, sign, rest = run.groups()
            scale = self._scale_of[word or sign]
            value = int(whole + (part or "")) * scale
            over = 10 ** len(part or "")
            if value % over == 0:
                yield Number(digits=str(value // over + int(rest or 0)), start=run.start(), end=run.end())


def _overlaps(number: Number, others: list[Number], at: int) -> bool:
    return at < len(others) and others[at].start < number.end


def find_digits(text: str) -> list[Number]:
    """Return the numbers written in digits only, each group for itself unless it is grouped by thousands."""
    return list(_in_digits(text, ""))


def nearness(digits: str, expected: str) -> Nearness:
    """Say how near `digits` is to `expected`: the same, one edit away, a part of at least half, or another."""
    if digits == expected:
        return "same"
    if _one_edit(digits, expected):
        return "near"
    if 2 * len(digits) >= len(expected) > len(digits) >= _LEAST_PART and _in_order(digits, expected):
        return "part"
    return "other"


def _in_order(digits: str, expected: str) -> bool:
    """Whether `digits` stand in `expected` in their order, gaps allowed."""
    rest = iter(expected)
    return all(digit in rest for digit in digits)


def _one_edit(one: str, other: str) -> bool:
    """Whether one substituted, missing, added or swapped (with its neighbour) digit makes `one` into `other`."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 3:
        return False
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    one, other = one[head:], other[head:]
    if len(one) == len(other):
        return one[1:] == other[1:] or (one[1::-1] == other[:2] and one[2:] == other[2:])
    return one[1:] == other if len(one) > len(other) else one == other[1:]


def _in_digits(text: str, expected: str) -> Iterator[Number]:
    for run in _DIGITS.finditer(text):
        groups = [Number(digits=g.group(), start=run.start() + g.start(), end=run.start() + g.end())
                  for g in _GROUP.finditer(run.group())]  # fmt: skip
        yield from joined(groups, expected)
