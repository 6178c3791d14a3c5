"""Numbers in a folded text, whatever their writing, as digit strings.

Read are digits with any grouping (7,482,913; 7 482 913; 5-8-0-2-7-1), Chinese numerals digit by digit
(五八零二七一, 伍捌零贰柒壹) or by value (五十八万零二百七十一), digits with a scale (46.35k, 58万0271), English number
words digit by digit, in groups (seventy-four eighty-two) or by value, and Chinese digits in pinyin. How near a number
is to the expected one is judged here too. Signs, units and fractions are not read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Nearness = Literal["same", "near", "part", "other"]

_CHINESE_DIGITS = {c: str(d) for d, cs in enumerate(
    ("零〇○", "一壹幺", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")) for c in cs}  # fmt: skip
DIGITS = _CHINESE_DIGITS  # Chinese digits, plain and formal, with their Arabic ones
_PLAIN = "零一二三四五六七八九"
_CHINESE_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_CHINESE_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_ENGLISH = {w: n for n, w in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split())}  # fmt: skip
_ENGLISH |= {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
_ENGLISH["oh"] = 0
_PINYIN = {word: digit for word, digit in zip(
    "ling yi yao er san si wu liu qi ba jiu".split(), "01123456789", strict=True)}  # fmt: skip
_PINYIN_RUN = re.compile(rf"(?<![a-z])(?:{'|'.join(_PINYIN)})(?:[ -](?:{'|'.join(_PINYIN)})){{2,}}(?![a-z])")
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}

_LEAST_PART = 2  # digits: less than that is no part of a number that one could recognise

_DIGITS = re.compile(r"\d+(?:[ .,'、·-] ?\d+)*", re.ASCII)
_GROUP = re.compile(r"\d+", re.ASCII)
_CJK = "".join([*_CHINESE_DIGITS, *_CHINESE_UNITS, *_CHINESE_MYRIADS])
_CHINESE = re.compile(rf"[{_CJK}](?:[、,·\- ]?[{_CJK}])*")
_WORD = "|".join(sorted([*_ENGLISH, *_SCALES], key=len, reverse=True))
_UNIT = re.compile(
    r" ?(?:(?:us |american )?dollars?|usd|euros?|eur|pounds?|gbp|yuan|rmb|cny|yen|percent|%|(?:kilo|centi|"
    r"milli)?met(?:re|er)s?|"
    r"km|cm|mm|m|miles?|feet|ft|inches|(?:kilo)?grams?|kg|g|tons?|tonnes?|lit(?:re|er)s?|l|years?|months?|"
    r"weeks?|days?|"
    r"hours?|minutes?|seconds?|people|persons?|pages?|degrees?|bytes?|tokens?|(?:美|欧|日|港)?元|人民币|块钱?|英镑|"
    r"平方米|立方米|公里|千米|厘米|毫米|米|公斤|千克|克|吨|升|年|个?月|天|个?小时|分钟|秒|人|名|个|页|度|次|件)?"
    r"(?: (?:a|an|per|each) (?:month|year|week|day|hour|night|person|head|piece))?"
)
_SCALED = re.compile(
    r"(?<![\d.])(\d{1,9})(?:\.(\d{1,9}))? ?(?:(k|m|bn|thousand|million|billion)\b|([千万亿])[零〇]?(\d{1,8})?)",
    re.ASCII,
)
_SCALE_OF = {"k": 1000, "m": 10**6, "bn": 10**9, "thousand": 1000, "million": 10**6, "billion": 10**9,
             "千": 1000, "万": 10_000, "亿": 10**8}  # fmt: skip
_WORDS = re.compile(rf"(?<![a-z])(?:{_WORD})(?:(?: ?, ?| ?- ?| and | )(?:{_WORD}))+(?![a-z])")


@dataclass(frozen=True, slots=True)
class Number:
    """A number's digits and its span in the folded text."""

    digits: str
    start: int
    end: int


def find_numbers(text: str, expected: str = "") -> list[Number]:
    """Return the numbers of a folded text in order of place.

    Where groups of digits or words could be one number or several, the reading that gives `expected` is taken.
    """
    found = list(_latin(text, expected))
    if not text.isascii():
        found += _chinese(text, expected)
    found += _english(text, expected)
    found += _pinyin(text)
    scaled = list(_scaled(text))
    if scaled:
        ends = [n.end for n in scaled]  # in order, and none overlaps the next
        found = [n for n in found if not _overlaps(n, scaled, bisect_right(ends, n.start))] + scaled
    found.sort(key=lambda number: number.start)
    return found


def _overlaps(number: Number, others: list[Number], at: int) -> bool:
    return at < len(others) and others[at].start < number.end


def find_digits(text: str) -> list[Number]:
    """Return the numbers written in digits only, each group for itself unless it is grouped by thousands."""
    return list(_latin(text, ""))


def as_number(text: str) -> str | None:
    """Return the digits when the folded `text` is one number of at least three digits, alone or with its unit."""
    stripped = text.strip(" .。")
    numbers = find_numbers(stripped)
    if len(numbers) != 1 or len(numbers[0].digits) < 3 or numbers[0].start != 0:
        return None
    return numbers[0].digits if _UNIT.fullmatch(stripped, numbers[0].end) else None


def numeral(piece: str) -> str:
    """Return a number of one or two digits in Chinese (17: 十七), a Chinese digit as digit; others as they are."""
    if piece in DIGITS:
        return DIGITS[piece]
    if not piece.isascii() or not 0 < int(piece[:3]) < 100 or len(piece) > 2:
        return piece
    tens, ones = divmod(int(piece), 10)
    return ("" if tens < 2 else _PLAIN[tens]) + ("十" if tens else "") + (_PLAIN[ones] if ones else "")


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


def _latin(text: str, expected: str) -> Iterator[Number]:
    for run in _DIGITS.finditer(text):
        groups = [Number(g.group(), run.start() + g.start(), run.start() + g.end())
                  for g in _GROUP.finditer(run.group())]  # fmt: skip
        yield from _joined(groups, expected)


def _joined(groups: list[Number], expected: str) -> Iterator[Number]:
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
            yield Number(expected, whole[0].start, whole[-1].end)
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
        yield Number("".join(g.digits for g in groups), groups[0].start, groups[-1].end)
    else:
        yield from groups


def _chinese(text: str, expected: str) -> Iterator[Number]:
    for run in _CHINESE.finditer(text):
        chars = [(c, run.start() + i) for i, c in enumerate(run.group()) if c in _CJK]
        by_value = any(c in _CHINESE_UNITS or c in _CHINESE_MYRIADS for c, _ in chars)
        if by_value:
            yield Number(str(_chinese_value([c for c, _ in chars])), run.start(), run.end())
        elif "," in run.group() or "、" in run.group():
            yield from _joined([Number(_CHINESE_DIGITS[c], at, at + 1) for c, at in chars], expected)
        else:
            yield Number("".join(_CHINESE_DIGITS[c] for c, _ in chars), run.start(), run.end())


def _chinese_value(chars: list[str]) -> int:
    """Return the value of at most 24 Chinese numeral characters (longer runs are no number that anybody writes)."""
    total = section = digit = 0
    for char in chars[:24]:
        if char in _CHINESE_DIGITS:
            digit = int(_CHINESE_DIGITS[char])
        elif char in _CHINESE_UNITS:
            section += (digit or 1) * _CHINESE_UNITS[char]
            digit = 0
        else:
            total = (total + section + digit) * _CHINESE_MYRIADS[char]
            section = digit = 0
    return total + section + digit


def _scaled(text: str) -> Iterator[Number]:
    """Digits with a scale: 46.35k, 7.482913 million, 58万0271; what is no whole number then is not read."""
    for run in _SCALED.finditer(text):
        whole, part, latin, chinese, rest = run.groups()
        scale = _SCALE_OF[latin or chinese]
        value = int(whole + (part or "")) * scale
        over = 10 ** len(part or "")
        if value % over == 0:
            yield Number(str(value // over + int(rest or 0)), run.start(), run.end())


def _english(text: str, expected: str) -> Iterator[Number]:
    for run in _WORDS.finditer(text):
        words = re.findall(r"[a-z]+", run.group())
        values = [w for w in words if w != "and"][:60]
        grouped = _english_groups(values)
        if (grouped and grouped == expected) or all(w in _ENGLISH and _ENGLISH[w] < 10 for w in values):
            yield Number(grouped, run.start(), run.end())
        else:
            yield Number(str(_english_value(values)), run.start(), run.end())


def _pinyin(text: str) -> Iterator[Number]:
    """Chinese digits in Latin letters, one by one: wu ba ling er qi yi."""
    for run in _PINYIN_RUN.finditer(text):
        yield Number("".join(_PINYIN[s] for s in re.findall("[a-z]+", run.group())), run.start(), run.end())


def _english_groups(words: list[str]) -> str:
    """Return the digits of words read in groups (seventy-four eighty-two nine thirteen), or nothing."""
    built: list[str] = []
    tens = False
    for word in words:
        if word not in _ENGLISH:
            return ""
        number = _ENGLISH[word]
        if tens and 0 < number < 10:
            built[-1] = built[-1][0] + str(number)
            tens = False
        else:
            built.append(str(number))
            tens = number >= 20
    return "".join(built)


def _english_value(words: list[str]) -> int:
    total = section = 0
    for word in words:
        if word == "hundred":
            section = max(section, 1) * 100
        elif word in _SCALES:
            total += max(section, 1) * _SCALES[word]
            section = 0
        else:
            section += _ENGLISH[word]
    return total + section
