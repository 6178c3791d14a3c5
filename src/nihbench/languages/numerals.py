"""Ways to write numbers other than in digits: words, signs for digits and units, syllables. Pure.

Each maker returns a reader of a language's `Grading.numbers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nihbench.languages.base import Number, Reader


def joined(groups: list[Number], expected: str) -> Iterator[Number]:
    """Yield groups of digits as the numbers that they may be: those that spell `expected` as one."""
    if len(groups) == 1:
        yield groups[0]
        return
    at = 0
    pending: list[Number] = []
    while at < len(groups):
        length = _makes(groups, at, expected)
        if length:
            yield from _plain(pending)
            pending = []
            whole = groups[at : at + length]
            yield Number(digits=expected, start=whole[0].start, end=whole[-1].end)
            at += length
        else:
            pending.append(groups[at])
            at += 1
    yield from _plain(pending)


def _makes(groups: list[Number], at: int, expected: str) -> int:
    """Return how many groups from `at` on spell `expected`, or 0."""
    built = ""
    for length, group in enumerate(groups[at : at + len(expected)], start=1):
        built += group.digits
        if built == expected:
            return length
        if not expected.startswith(built):
            return 0
    return 0


def _plain(groups: list[Number]) -> Iterator[Number]:
    if not groups:
        return
    thousands = len(groups[0].digits) <= 3 and all(len(g.digits) == 3 for g in groups[1:])
    if len(groups) > 1 and (thousands or all(len(g.digits) == 1 for g in groups)):
        yield Number(digits="".join(g.digits for g in groups), start=groups[0].start, end=groups[-1].end)
    else:
        yield from groups


def by_words(values: Mapping[str, int], scales: Mapping[str, int], link: str) -> Reader:
    """Read number words: digit by digit, in groups (seventy-four eighty-two) or by value; a single one is a word.

    Args:
        values: what words below a hundred are worth.
        scales: what multiplies; 100 multiplies within a section.
        link: the word that may stand between them ("and").
    """
    word = "|".join(sorted([*values, *scales], key=len, reverse=True))
    runs = re.compile(rf"(?<![a-z])(?:{word})(?:(?: ?, ?| ?- ?| {link} | )(?:{word}))+(?![a-z])")

    def read(text: str, expected: str) -> Iterator[Number]:
        for run in runs.finditer(text):
            words = re.findall(r"[a-z]+", run.group())
            said = [w for w in words if w != link][:60]
            grouped = _groups(said, values)
            as_digits = (grouped and grouped == expected) or all(w in values and values[w] < 10 for w in said)
            digits = grouped if as_digits else str(_value(said, values, scales))
            yield Number(digits=digits, start=run.start(), end=run.end())

    return read


def _groups(words: list[str], values: Mapping[str, int]) -> str:
    """Return the digits of words read in groups (seventy-four eighty-two nine thirteen), or nothing."""
    built: list[str] = []
    tens = False
    for word in words:
        if word not in values:
            return ""
        number = values[word]
        if tens and 0 < number < 10:
            built[-1] = built[-1][0] + str(number)
            tens = False
        else:
            built.append(str(number))
            tens = number >= 20
    return "".join(built)


def _value(words: list[str], values: Mapping[str, int], scales: Mapping[str, int]) -> int:
    total = section = 0
    for word in words:
        if scales.get(word) == 100:
            section = max(section, 1) * 100
        elif word in scales:
            total += max(section, 1) * scales[word]
            section = 0
        else:
            section += values[word]
    return total + section


def by_signs(digits: Mapping[str, str], units: Mapping[str, int], myriads: Mapping[str, int]) -> Reader:
    """Read signs digit by digit (五八零二七一) or by value (五十八万零二百七十一)."""
    signs = "".join([*digits, *units, *myriads])
    runs = re.compile(rf"[{signs}](?:[、,·\- ]?[{signs}])*")

    def value(chars: list[str]) -> int:
        """Return the value of at most 24 signs (longer runs are no number that anybody writes)."""
        total = section = digit = 0
        for char in chars[:24]:
            if char in digits:
                digit = int(digits[char])
            elif char in units:
                section += (digit or 1) * units[char]
                digit = 0
            else:
                high = total if total >= myriads[char] else 0  # 两亿三千六百万
                total = high + (total - high + section + digit) * myriads[char]
                section = digit = 0
        return total + section + digit

    def read(text: str, expected: str) -> Iterator[Number]:
        for run in () if text.isascii() else runs.finditer(text):
            chars = [(c, run.start() + i) for i, c in enumerate(run.group()) if c in signs]
            if any(c in units or c in myriads for c, _ in chars):
                yield Number(digits=str(value([c for c, _ in chars])), start=run.start(), end=run.end())
            elif "," in run.group() or "、" in run.group():
                yield from joined([Number(digits=digits[c], start=at, end=at + 1) for c, at in chars], expected)
            else:
                yield Number(digits="".join(digits[c] for c, _ in chars), start=run.start(), end=run.end())

    return read


def by_syllables(values: Mapping[str, str]) -> Reader:
    """Read digits spelled in Latin letters, at least three of them one by one: wu ba ling er qi yi."""
    word = "|".join(values)
    runs = re.compile(rf"(?<![a-z])(?:{word})(?:[ -](?:{word})){{2,}}(?![a-z])")

    def read(text: str, expected: str) -> Iterator[Number]:
        for run in runs.finditer(text):
            digits = "".join(values[s] for s in re.findall("[a-z]+", run.group()))
            yield Number(digits=digits, start=run.start(), end=run.end())

    return read
