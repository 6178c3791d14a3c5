"""Which type an expected text is of, told from itself and from the question; and the values within a text."""

from __future__ import annotations

import re
from functools import lru_cache

from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar
from nihbench.score.values.amounts import Read, amount_of, amounts
from nihbench.score.values.answers import yes_no_of
from nihbench.score.values.base import Standing, Value
from nihbench.score.values.codes import Code
from nihbench.score.values.coordinates import coordinates_of
from nihbench.score.values.moments import moment_of, moments
from nihbench.score.values.names import name_of
from nihbench.score.values.spans import Span
from nihbench.text.late import late

_UUID = late(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_EMAIL = late(r"[a-z0-9.%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_URL = late(r"(?:[a-z]{2,6}://|www\.)\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,12}(?:/\S*)?|(?:/[a-z0-9.-]+){2,}/?")
_FILE = late(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,4}")
_PHONE = late(r"\+?[\d ().\-/]{7,24}")
_VERSION = late(r"v?\d+(?:\.\d+)+(?:[-+.]?[a-z]+[.-]?\d*)?|v\d+")
_DIGITS_APART = late(r"\d+(?:[-:/.]\d+)+")
_PLATE = late(r"[\u4e00-\u9fff][a-z][ ·.-]?[a-z0-9]{5,6}")
_TOKEN = late(r"[a-z0-9]+(?:[-./:@+%=&?][a-z0-9]+)*")
_NUMBERS_APART = late(
    r"(?:between|from|ages?|pages?|从|第)? ?\d{1,6} ?(?:to|-|—|~|and|through|until|至|到) ?"
    r"\d{1,6}(?: ?(?:years?(?: old)?|岁|页|号|名|人))?"
)
_ASKS_TIME = late(r"\b(?:when|time|hours?|o'clock|score|result|date)\b|几点|时间|何时|比分|什么时候|哪[天日]")
_OFTEN = frozenset(("every", "each", "每"))
_CODE_WORDS = 8
_THING_WORDS = 3
_THING_SIGNS = 4
_LATIN = late("[a-z]")
_DIGIT = late("[0-9]")


class _About:
    """What the questions of some languages ask for."""

    def __init__(self, grammar: Grammar) -> None:
        values = [each.values for each in grammar.languages if each.values]

        def pattern(name: str) -> re.Pattern[str]:
            return re.compile("|".join(filter(None, (getattr(each, name) for each in values))) or "(?!)")

        self.code, self.phone, self.version = pattern("code_words"), pattern("phone_words"), pattern("version_words")
        self.steps = pattern("steps")
        self.whose_name = pattern("whose_name")
        self.who, self.order, self.password = pattern("who"), pattern("order_words"), pattern("pass_words")
        self.titles = frozenset().union(*(each.titles for each in values))
        self.surnames = frozenset().union(*(each.surnames for each in values))
        self.fillers = frozenset().union(*(each.fillers for each in values))


@lru_cache(maxsize=64)
def about(grammar: Grammar) -> _About:
    """Return what the questions of a grammar's languages ask for."""
    return _About(grammar)


def recognise(text: Text, question: Text, wanted: str = "") -> Value | None:
    """Return the value that a text is, None where it is a phrase.

    Args:
        text: the expected text.
        question: what was asked.
        wanted: the type that the needle gives; empty: it is found.
    """
    if wanted == "phrase" or not text.text.strip():
        return None
    plain = text.text.strip(" .。")
    if wanted in ("code", "url", "email", "phone", "uuid", "plate", "version"):
        return Code(kind=wanted, text=plain, strict=wanted in ("url", "email", "version"))
    if wanted == "name":
        return _name(text, question, asked=True)
    if wanted == "yes_no":
        return yes_no_of(text, question)
    if wanted in ("date", "time", "moment"):
        return _moment(text, question)
    if wanted in ("number", "percentage", "money", "quantity", "duration"):
        return _amount(text, question)
    if wanted == "coordinates":
        return coordinates_of(text)
    if wanted == "span":
        return _span(text)
    return coordinates_of(text) or _range(text, question) or _found(text, plain, question) or _span(text)


def _found(text: Text, plain: str, question: Text) -> Value | None:
    known = about(text.grammar)
    spaced = " " in plain
    if not spaced and _UUID.fullmatch(plain):
        return Code(kind="uuid", text=plain)
    if not spaced and _EMAIL.fullmatch(plain):
        return Code(kind="email", text=plain, strict=True)
    written = text.original.strip().rstrip(".。").casefold()
    if not re.search(r"\s", written) and _URL.fullmatch(plain.replace(" ", "-")) and not _VERSION.fullmatch(plain):
        return Code(kind="url", text=plain, strict=True)
    if _PHONE.fullmatch(plain) and 7 <= len(re.sub(r"\D", "", plain)) <= 15:
        if plain.startswith("+") or known.phone.search(question.text):
            return Code(kind="phone", text=plain)
    if not spaced and _PLATE.fullmatch(plain):
        return Code(kind="plate", text=plain)
    if not spaced and _VERSION.fullmatch(plain):
        if known.version.search(question.text) or plain.startswith("v") or plain.count(".") > 1:
            return Code(kind="version", text=plain, strict=True)
    found = _moment(text, question) or _amount(text, question) or _code(text, plain, question)
    if found is not None:
        return found
    named = _name(text, question, asked=known.who.search(question.text) is not None)
    return named or yes_no_of(text, question) or _counted(text, question)


def _name(text: Text, question: Text, *, asked: bool) -> Value | None:
    known = about(text.grammar)
    whole = known.whose_name.search(question.text) is not None
    return name_of(text, known.titles, known.surnames, asked=asked, whole=whole)


def _moment(text: Text, question: Text) -> Value | None:
    """Return the date, time or weekday that a text is."""
    read = moments(text)
    told = [m for m in read if m.date or m.time] or read
    if len(told) != 1 or not _only(text, [(m.start, m.end) for m in read], question, often=True):
        return None
    return moment_of(told[0])


def _amount(text: Text, question: Text) -> Value | None:
    read = [each for each in amounts(text)]
    fillers = about(text.grammar).fillers
    if len(read) == 1 and (of := _measured(text, read[0])):
        return amount_of(read[0], of=of, asked=frozenset(question.stems))
    if len(read) == 1 and any(word not in fillers for word in text.grammar.words(text.text[read[0].end :])):
        return None  # 14 tenors: what is counted
    if (
        len(read) == 1
        and read[0].single
        and read[0].unit in ("", "count")
        and text.grammar.words(text.text[: read[0].start])
    ):
        return None  # 每日两次
    if len(read) != 1 or not _only(text, [(read[0].start, read[0].end)], question, read[0]):
        return None
    return amount_of(read[0], per_asked=_asks_per(read[0], question), asked=frozenset(question.stems))


def _measured(text: Text, read: Read) -> tuple[str, ...]:
    """Return the stems of what a quantity with a unit is of: 12.4 tonnes of cider apples, 5408千克板栗."""
    if read.unit in ("", "count", "%") or read.per or text.grammar.words(text.text[: read.start]):
        return ()
    behind = text.text[read.end :].strip(" .。")
    signs = text.grammar.count_signs(behind)
    if (
        not behind
        or re.search(r"[,;:、\d()]", behind)
        or signs > _THING_SIGNS
        or (not signs and not behind.startswith("of "))
    ):
        return ()
    words = [word for word in text.grammar.words(behind) if word not in text.grammar.empty]
    return tuple(text.grammar.stems_of(words)) if 0 < len(words) - signs <= _THING_WORDS or signs else ()


def _asks_per(read: Read, question: Text) -> bool:
    return bool(read.per) and any(each.per == read.per for each in amounts(question))


def _only(
    text: Text, spans: list[tuple[int, int]], question: Text, read: Read | None = None, *, often: bool = False
) -> bool:
    """Whether a text says nothing beside what stands at some places but words of the question."""
    fillers = about(text.grammar).fillers
    rest, at = [], 0
    for start, end in spans:
        rest.append(text.text[at:start])
        at = end
    rest.append(text.text[at:])
    words = text.grammar.words(" ".join(rest))
    if read is not None and read.per:
        return all(
            word in fillers or word in ("per", "each", "every", "每", "一") or _is_unit(word, text, read)
            for word in words
        )
    asked = "".join(rest).strip(" .:。")
    if asked and text.grammar.has_signs(asked):
        return asked in question.text or all(word in fillers or (often and word in _OFTEN) for word in words)
    stems = question.stems
    return all(word in fillers or (often and word in _OFTEN) or text.grammar.stem(word) in stems for word in words)


def _is_unit(word: str, text: Text, read: Read) -> bool:
    """Whether a word in front of an amount is what it is for: 每公斤."""
    before = text.text[: read.start]
    return word in before and len(before) <= 8


def _code(text: Text, plain: str, question: Text) -> Value | None:
    """Return the string that counts as a whole: letters with digits, pieces with hyphens, words asked for as a code."""
    if _DIGITS_APART.fullmatch(plain):
        return Code(kind="code", text=plain, strict=len(re.sub(r"\D", "", plain)) < 10)
    asked = about(text.grammar).code.search(question.text) is not None
    joined = not re.search(r"\s", text.original.strip())
    mixed = bool(_LATIN.search(plain) and _DIGIT.search(plain))
    pieces = re.findall(r"[^\W_]+", plain)
    if not joined:
        short = 1 < len(pieces) <= _CODE_WORDS and not text.has_signs and text.grammar.empty.isdisjoint(pieces)
        password = about(text.grammar).password.search(question.text) is not None
        return Code(kind="code", text=plain) if short and (password or (asked and mixed and len(pieces) < 4)) else None
    if text.has_signs and not (mixed and asked):
        return None
    if mixed or (len(pieces) > 1 and (asked or len(pieces) > 3)) or (asked and not text.has_signs and len(pieces) == 1):
        return Code(kind="code", text=plain)
    return None


def _counted(text: Text, question: Text) -> Value | None:
    """Return the amount that counts things, as 1,250 sheep."""
    read = amounts(text)
    if (
        len(read) != 1
        or read[0].unit not in ("", "count")
        or (read[0].single and not text.has_signs and text.words[0] != text.text[: read[0].end])
    ):
        return None
    fillers = about(text.grammar).fillers
    if text.grammar.words(text.text[: read[0].start]):
        return None
    behind = [w for w in text.grammar.words(text.text[read[0].end :]) if w not in fillers]
    signs = sum(map(text.grammar.is_sign, (w[0] for w in behind)))
    if not behind or len(behind) - signs > _THING_WORDS or signs > 4 or re.search(r"[,;、]", text.text[read[0].end :]):
        return None
    if signs and not text.text[read[0].last : read[0].end].strip():
        return None  # no counter behind the number: 三号仓库
    if any(word.isdecimal() for word in behind) or read[0].values[0] == 1:
        return None  # 1 lamp is a lamp
    return amount_of(read[0], thing=tuple(text.grammar.stems_of(behind)), asked=frozenset(question.stems))


def _range(text: Text, question: Text) -> Value | None:
    """Return the stretch from one bare number to another (10 to 12) that a text is, unless a time is asked for."""
    if not _NUMBERS_APART.fullmatch(text.text.strip(" .。")) or _ASKS_TIME.search(question.text):
        return None
    read = amounts(text)
    if len(read) != 2 or read[0].values[0] >= read[1].values[0]:
        return None
    return Span(amount_of(read[0]), amount_of(read[1]))


def _span(text: Text) -> Value | None:
    ends = spanned(text)
    return Span(ends[0], ends[1]) if ends else None


def spanned(text: Text) -> list[Value]:
    """Return the two ends of a span that a text is (from 9 am to 5 pm, 3 to 5 kg); nothing where it is none."""
    inside = segment(text)
    if len(inside) != 2 or inside[0].value.kind != inside[1].value.kind or inside[0].value.kind == "code":
        return []
    rest = (text.text[: inside[0].start], text.text[inside[0].end : inside[1].start], text.text[inside[1].end :])
    joined = re.fullmatch(r"\W*(?:to|until|till|through|and|至|到)?\W*", rest[1])
    lead = re.fullmatch(r"\W*(?:from|between|open|自|从|在)?\W*", rest[0])
    return [each.value for each in inside] if joined and lead and not rest[2].strip(" .。") else []


def segment(text: Text) -> list[Standing]:
    """Return the values that stand within a text, in order: moments, amounts, strings with digits and letters."""
    found: list[Standing] = []

    def free(start: int, end: int) -> bool:
        return all(end <= each.start or start >= each.end for each in found)

    for m in re.finditer(r"\S+@\S+\.\w+|(?:[a-z]{2,6}://|www\.)[^\s，。]+", text.text):
        kind = "email" if "@" in m.group() else "url"
        found.append(Standing(m.start(), m.end(), Code(kind=kind, text=m.group().rstrip(".,"), strict=True)))
    for moment in moments(text):
        value = moment_of(moment) if moment.date or moment.time else None
        if value is not None and free(moment.start, moment.end):
            found.append(Standing(moment.start, moment.end, value))
    for read in amounts(text):
        telling = (read.unit and read.unit != "count") or read.formed or len(read.digits) > 1
        told = not read.single or (read.unit not in ("", "count") and not text.has_signs)
        if telling and told and free(read.start, read.end):
            found.append(Standing(read.start, read.end, amount_of(read)))
    for m in _TOKEN.finditer(text.text):
        plain = m.group()
        if _LATIN.search(plain) and _DIGIT.search(plain) and len(plain) > 2 and free(m.start(), m.end()):
            if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", plain) is None:
                found.append(Standing(m.start(), m.end(), Code(kind="code", text=plain)))
    return sorted(found, key=lambda each: each.start)
