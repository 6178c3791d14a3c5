"""Numbers, percentages, sums of money, quantities with a unit and durations, however written.

What is read: digits with any grouping and a decimal point or comma, with a scale (46.35k, 3.6万, 3.6×10⁴), words and
signs for numbers, a currency or a unit in front or behind, "per" something; parts of one quantity side by side
(3 h 20 min, 18元5角) are one. Two amounts are equal where they are the same quantity (12.5 kg, 12,500 g); without a
unit a number is equal to one with any.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar
from nihbench.score.numbers import nearness
from nihbench.score.values.base import Place, kept, outermost
from nihbench.score.values.units import dimension, same, size_of
from nihbench.text.late import late

_MOST = 3000  # amounts of a text that are read
_LARGEST = 40  # digits: a longer row is no amount
_DIGITS = late(
    r"(?<![\d.])(?<!\d,)(?:\d{1,3}(?P<sep>[., ])\d{3}(?:(?P=sep)\d{3})*(?!\d)(?P<part>[.,]\d{1,9}(?!\d))?"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d{1,40}(?:[.,]\d{1,9}(?![\d]))?|\d)|(?<![\w.])\.\d{1,3}(?!\d)",
    re.ASCII,
)
_POWER = late(r" ?[x×*·] ?10(\^?)(-?\d{1,2})|e([+-]?\d{1,2})(?![a-z0-9])", re.ASCII)
_REST = late(r"[零〇]?(\d{1,8})", re.ASCII)
_GLUED = late(r"[a-z]$")
_WORDS_BEHIND = late(r"[ -]?([a-z]+)((?: [a-z]+){0,3})")
_MINUS = late(r"(?:^|[\s(\[=:])-$")
_PLURAL = late(r" ([a-z]{3,20}s)\b(?!')")
_OUR_CENTURIES = (19, 20)  # of years that two digits tell
_ENDLESS = 12  # digits
_ORDER = 5  # times as much: more than that is another matter
_REACH = 40  # characters from a number to what it counts
_UP_TO = late(r"[ \n]?[^,;.。!?、\n\d{}\[\]]*")
_STUFF = late(r" of (?:the |its |their )?([a-z]{3,20}(?: [a-z]{3,20})?)|的?([\u4e00-\u9fff]{2,4})(?=[,。;、)]|$)")
_OTHER_THING = late(r" ?(?:[a-z]{3,}|[\u4e00-\u9fff]{2,})")
_NUMBER_BEFORE = late(
    r"[\d零一二两三四五六七八九十百千万][^,;.。、\d]{0,20}$|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen)\b[^,;.]{0,16}$"
)
_OWN_THING = late(r" [a-z]{3,}")
_DOLLAR = late(r"(?<![^\W\d_])(us|au?|ca?|nz|hk|sg?|nt|r|mex|mx)$", re.IGNORECASE)
_FORMULA = late(r"\$[^$\n]{1,40}\$(?!\d)")
_UNIT_KEY = late(r"(?<![^\W_])(?:unit|units|currency|unit of measure(?:ment)?|单位|币种|货币)\W{1,4}([^,;}\n|:]{1,24})")
_UNIT_REACH = 80  # characters from a number to the field that tells its unit
_OVER_TIME = {("km", "h"): "km/h", ("m", "s"): "m/s", ("mi", "h"): "mph"}
_ROUNDED = Decimal("0.01")
_MORE_SCALES = late(r"(\d{1,4}(?:\.\d+)?)([十百千万]{1,2})")
_FRACTION = late(r"[ ,]?(?:and a half|and a quarter)\b|半(?![a-z\u4e00-\u9fff]?[小天年月])")


@dataclass(frozen=True, slots=True)
class Read:
    """An amount as it stands in a text: `values` are the ways to read its number, the usual one first.

    `formed`: its groups or its decimals show that it is this number and no row of digits. `single`: one word or sign.
    `first`, `last` are where the number itself stands; start and end take in unit and currency. `pieces` are the parts
    of a quantity that is told in several (6 h 40 min).
    """

    start: int
    end: int
    first: int
    last: int
    values: tuple[Decimal, ...]
    unit: str
    per: str
    digits: str
    formed: bool
    single: bool
    pieces: tuple[tuple[Decimal, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Amount:
    """An expected amount: `thing` are the stems of what is counted, `of` those of what is measured.

    `asked` are the stems of the question.
    """

    kind: str
    value: Decimal
    unit: str
    per: str
    digits: str
    thing: tuple[str, ...] = ()
    per_asked: bool = False
    asked: frozenset[str] = frozenset()
    pieces: tuple[tuple[Decimal, str], ...] = ()
    of: tuple[str, ...] = ()

    def places(self, answer: Text) -> list[Place]:
        """Return where amounts stand in an answer, each as near as it is."""
        reads = amounts(answer)
        found = [place for read in reads if (place := self._place(read, answer)) is not None]
        if self.thing and not any(place.how == "same" for place in found):
            found += self._uncounted(answer)
        if self.unit == "year" and int(self.value) == self.value and int(self.value) // 100 in _OUR_CENTURIES:
            short = reader_for(answer.grammar).short_years(answer.text)
            for start, end, year in short:
                right = year == int(self.value) % 100
                found.append(Place(start, end, "same" if right else "edit", 1.0 if right else 0.3, rival=not right))
        if self.digits:
            lasts = [read.last for read in reads]  # in order, and none overlaps the next
            for number in answer.numbers(self.digits):
                at = bisect_right(lasts, number.start)
                over = reads[at] if at < len(reads) and reads[at].first < number.end else None
                if over is None or not (over.formed or (over.first, over.last) == (number.start, number.end)):
                    place = self._by_digits(number.digits, number.start, number.end, answer)
                    found += [place] if place is not None else []
        return outermost(found)

    def _uncounted(self, answer: Text) -> list[Place]:
        """Return where the things stand without a number: flares for 12 flares."""
        text, grammar = answer.text, answer.grammar
        if grammar.is_sign(self.thing[0][0]):
            places = [(m.start(), m.end()) for m in re.finditer(re.escape("".join(self.thing)), text)]
        else:
            spots = [answer.places.get(stem) for stem in self.thing]
            places = [answer.spans[at] for at in spots[-1] or ()] if all(spots) else []
        free = [(s, e) for s, e in places[:20] if not _NUMBER_BEFORE.search(text, max(0, s - 24), s)]
        return [Place(start, end, "part", 0.5) for start, end in free]

    def _by_digits(self, digits: str, start: int, end: int, answer: Text) -> Place | None:
        kind = nearness(digits, self.digits)
        if kind == "same":
            unit, last = reader_for(answer.grammar).unit_behind(answer.text, end)
            if unit and self.unit and same(self.value, self.unit, self.value, unit) is None:
                return Place(start, last, "unit", 0.3, rival=True)
            return Place(start, last if unit else end, "same", 1.0)
        if kind == "other":
            return Place(start, end, "other", 0.0, rival=True) if len(digits) == len(self.digits) else None
        return Place(start, end, "edit" if kind == "near" else "part", 0.3, rival=kind == "near")

    def _place(self, read: Read, answer: Text) -> Place | None:
        equal = self._equal(read)
        if equal:
            return self._right(read, answer)
        if self.value in read.values and not self._padded(read):
            return Place(read.start, read.end, "unit", 0.3)
        if self.thing and self._beside(read, answer) is None and _OTHER_THING.match(answer.text, read.end):
            return None
        some = self._some(read)
        if some is not None:
            return some
        if equal is None or (self.unit and read.unit and dimension(self.unit) != dimension(read.unit)):
            return None
        return self._near(read) or self._other(read)

    def _padded(self, read: Read) -> bool:
        """Whether one of both begins with zeros and not the other, so that they are no numbers but codes."""
        zero = read.digits.startswith("0") and not read.formed and len(read.digits) > 1
        return bool(self.digits) and (self.digits.startswith("0") or zero) and read.digits != self.digits

    def _equal(self, read: Read) -> bool | None:
        """Whether an amount is the expected one; None where its unit measures something else."""
        equal: bool | None = False
        for value in () if self._padded(read) else read.values:
            if not self.unit or read.unit in ("", "count"):
                share = self.unit == "%" and not read.unit and value < 1 and value * 100 == self.value
                equal = value == self.value or share
            elif (
                value is read.values[0] or read.unit == self.unit or dimension(read.unit) == "money"
            ):  # the other way to read a point is for its own unit
                equal = same(self.value, self.unit, value, read.unit)
            if not equal and self.unit == read.unit == "%" and _endless(self.value):
                equal = abs(value - self.value) < Decimal("0.5")
            if equal or equal is None:
                break
        return equal

    def _near(self, read: Read) -> Place | None:
        """Return the place of a number of which one digit is wrong, or whose point stands elsewhere."""
        whole = bool(self.digits and read.digits)
        mine, its = (self.digits, read.digits) if whole else (_plain(self.value), _plain(read.values[0]))
        kind = nearness(its.replace(".", ""), mine.replace(".", "")) if len(mine) > 2 else "other"
        if not whole and kind == "near" and _point(its) != _point(mine):
            kind = "other"
        short = mine.replace(".", ""), its.replace(".", "")
        telling = short[0].strip("0"), short[1].strip("0")
        if kind == "other" and self.unit and read.unit and telling[0] == telling[1] and len(telling[0]) > 1:
            kind = "near"  # the scale is another: 640 billion of 640 million
        if kind == "other" and len(short[0]) == 2 and short[0][::-1] == short[1] and _point(mine) == _point(its):
            kind = "near"
        if kind == "other":
            return None
        return Place(read.start, read.end, "part" if kind == "part" else "edit", 0.3, rival=kind == "near")

    def _other(self, read: Read) -> Place | None:
        """Return the place of another amount that could be offered in this one's place."""
        if (read.per and read.per != self.per) or (read.unit == "count" and not self.thing):
            return None
        size = len(self.digits or _plain(self.value))
        alike = not read.single and not (self.unit and not read.unit) and len(read.digits) == size
        return Place(read.start, read.end, "other", 0.0, rival=True) if alike or self._comparable(read) else None

    def _comparable(self, read: Read) -> bool:
        """Whether an amount of a unit is of an order in which it could be offered for this one."""
        own, its = size_of(self.value, self.unit), size_of(read.values[0], read.unit)
        if own is None or its is None:
            return bool(self.unit and read.unit)
        return own[0] == its[0] and abs(own[1]) <= _ORDER * abs(its[1]) and abs(its[1]) <= _ORDER * abs(own[1])

    def _some(self, read: Read) -> Place | None:
        """Return the place of an amount that is rounded, or of one part of a quantity in several."""
        if self.pieces:
            said = read.pieces or ((read.values[0], read.unit),)
            if any(same(*self.pieces[0], *piece) for piece in said):
                return Place(read.start, read.end, "part", 0.5)
            if any(same(*mine, *piece) for mine in self.pieces[1:] for piece in said):
                return Place(read.start, read.end, "part", 0.3)
        if self.unit and read.unit and (read.unit != self.unit or self.pieces):
            own, its = size_of(self.value, self.unit), size_of(read.values[0], read.unit)
            if own and its and own[0] == its[0] and abs(own[1] - its[1]) <= _ROUNDED * abs(own[1]):
                return Place(read.start, read.end, "part", 0.7)
        if self.unit == read.unit or not read.unit or not self.unit:
            mine, its_own = self.value, read.values[0]
            for places in (2, 1) if self.unit == read.unit and self.unit else (3, 2):
                many = len(_plain(abs(mine)).replace(".", "")) > places
                if mine and many and its_own in (_rounded(mine, places), _cut(mine, places)):
                    return Place(read.start, read.end, "part", 0.3)
        return None

    def _right(self, read: Read, answer: Text) -> Place | None:
        if self.per and read.per and self.per != read.per:
            return Place(read.start, read.end, "unit", 0.5, rival=True)
        if self.per and not read.per and not self.per_asked:
            return Place(read.start, read.end, "part", 0.7)
        if self.of and self._of_another_stuff(read, answer):
            return Place(read.start, read.end, "unit", 0.5)
        if self._of_others(read, answer):
            return Place(read.start, read.end, "unit", 0.5)
        if self.thing and read.unit not in ("", "count") and self._beside(read, answer) is None:
            return Place(read.start, read.end, "unit", 0.3)
        if self.thing and read.unit in ("", "count"):
            beside = self._beside(read, answer)
            if beside is None and self.value < 100 and len(answer.words) > len(self.thing) + 2:
                return None
            start, end = beside or (read.start, read.end)
            return Place(min(start, read.start), max(end, read.end), "same", 1.0)
        if read.single and not self.unit and len(answer.words) > 6 and self.value < 3:
            behind = answer.grammar.stems(answer.text[read.end : read.end + 60])[:3]
            if not set(self.thing) & set(behind):
                return None
        return Place(read.start, read.end, "same", 1.0)

    def _beside(self, read: Read, answer: Text) -> tuple[int, int] | None:
        """Return where the things that are counted stand: directly behind the number, else directly in front of it."""
        text, grammar = answer.text, answer.grammar
        behind = _UP_TO.match(text, read.end, read.end + _REACH)
        before = _UP_TO.match(text[max(0, read.start - _REACH) : read.start][::-1])
        signs = bool(self.thing) and grammar.is_sign(self.thing[0][0])
        stretches = [(read.end, behind.group() if behind else "")]
        if behind is None or not behind.group().strip(" :|-") or grammar.has_signs(behind.group()) or before:
            front = before.group()[::-1] if before else ""
            stretches.append((read.start - len(front), front))
        for at, (low, stretch) in enumerate(stretches):
            if signs:
                if at == 1 and len([c for c in stretches[0][1] if grammar.is_sign(c)]) > 1:
                    continue
                place = stretch.find("".join(self.thing))
                if place >= 0:
                    return low + place, low + place + len(self.thing)
                continue
            words = grammar.words(stretch)
            stems = grammar.stems_of(words)
            if at == 1 and _OWN_THING.match(stretches[0][1]):
                continue  # another thing stands behind the number
            if self.thing[-1] in stems:
                last = words[stems.index(self.thing[-1])]
                place = stretch.find(last)
                return low + place, low + place + len(last)
        return None

    def _of_another_stuff(self, read: Read, answer: Text) -> bool:
        """Whether the quantity is said to be of something else: tonnes of pears for tonnes of apples."""
        m = _STUFF.match(answer.text, read.end) if read.unit else None
        if m is None:
            return False
        stems = {s for s in answer.grammar.content_stems(m[1] or m[2]) if s not in answer.grammar.empty}
        own = {*self.of, *self.asked, *answer.grammar.reporting}
        if m[2] and all(map(str.isascii, self.of)):
            return False  # in another language
        return bool(stems) and stems.isdisjoint(own)

    def _of_others(self, read: Read, answer: Text) -> bool:
        """Whether the number is said of other things: 1,380 goats for 1,380 sheep, 62 members for 62%."""
        if read.unit not in ("", "count") or not (self.thing or self.unit) or dimension(self.unit) == "money":
            return False
        if answer.grammar.has_signs(answer.text[read.end : read.end + 1]) and not self.thing:
            return read.unit == "count"
        m = _PLURAL.match(answer.text, read.end)
        if m is None or m[1] in answer.grammar.empty:
            return False
        stem = answer.grammar.stem(m[1])
        known = (
            stem in answer.grammar.reporting
            or any(own.endswith(stem) for own in self.thing)
            or (not self.unit and stem in self.asked)
        )
        return not known and set(self.thing).isdisjoint(answer.stems)

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the amount."""
        if self.pieces or _endless(self.value):
            return []
        number = _plain(self.value)
        grouped = f"{self.value:,}" if self.value == self.value.to_integral() else number
        forms = [number, grouped] if not self.unit else []
        if self.unit and dimension(self.unit) == "money":
            forms += [f"{grouped} {self.unit.split()[0]}"]
        elif self.unit == "%":
            forms += [f"{number}%", f"{number} percent"] + ([f"百分之{number}"] if language == "zh" else [])
        elif self.unit:
            forms += [f"{grouped} {self.unit}"]
        return [] if self.per or self.thing else forms


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _endless(value: Decimal) -> bool:
    """Whether a value has more digits than anybody writes: a third."""
    return len(value.as_tuple().digits) > _ENDLESS


def _rounded(value: Decimal, places: int) -> Decimal:
    """Return a value rounded to so many digits."""
    return value.quantize(Decimal(1).scaleb(value.adjusted() - places + 1), ROUND_HALF_UP)


def _cut(value: Decimal, places: int) -> Decimal:
    """Return a value cut to so many digits."""
    return value.quantize(Decimal(1).scaleb(value.adjusted() - places + 1), ROUND_DOWN)


def _point(number: str) -> int:
    """Return how many digits stand behind the point."""
    return len(number.partition(".")[2])


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


class Reader:
    """Reads amounts as some languages write them."""

    def __init__(self, grammar: Grammar) -> None:
        self.values = [each.values for each in grammar.languages if each.values]
        spaced = [each.values for each in grammar.languages if each.values and each.spaced]
        signs = [each.values for each in grammar.languages if each.values and not each.spaced]
        self._units: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        for each in self.values:
            self._units |= each.units
        for each in self.values:  # what is money goes before what is not: pounds are both
            for word, code in each.currencies.items():
                self._prefixes[word] = code
                self._units[word] = f"{code} {self._units[word]}" if word in self._units and code else code
        self._key = re.compile(
            rf"(?<![a-z\d])({_any([w for w, u in self._units.items() if u and len(w) > 1])})[a-z]{{0,2}} ?: ?$"
        )
        small = [(word, size.split(maxsplit=1)) for each in self.values for word, size in each.small.items()]
        self._small = {word: Decimal(size[0]) for word, size in small}
        self._small_of = {word: size[1] for word, size in small if len(size) > 1}
        latin = [word for word in {*self._units, *self._small} if word[-1].isascii() and word[-1].isalpha()]
        other = [word for word in {*self._units, *self._small} if word not in latin and word]
        behind = "|".join(
            [rf"(?:{_any(latin)})(?:(?![a-z0-9])|(?<=[a-z])(?=\d{{1,2}} ?(?:m|mins?|s|secs?|in|g)\b))(?:\.(?=\s|$))?"]
            * bool(latin)
            + [f"(?:{_any(other)})"] * bool(other)
        )
        self._behind = re.compile(rf" ?-? ?({behind})")
        self._opens_unit = frozenset(word[0] for word in (*latin, *other)) | {" ", "-"}
        self._before = re.compile(rf"(?:(?<![a-z])({_any(filter(_is_code, self._prefixes))})"
                                  rf"|({_any(filter(_may_lead, self._prefixes))}))[ :]{{0,2}}$")  # fmt: skip
        self._codes = frozenset(filter(_is_code, self._prefixes))
        self._lead_ends = frozenset(word[-1] for word in filter(_may_lead, self._prefixes))
        words = {word: scale for each in spaced for word, scale in each.scales.items()}
        chars = {word: scale for each in signs for word, scale in each.scales.items()}
        self._scale_of = {**words, **chars}
        self._scale = re.compile(
            rf"(?:[ -]?({_any([w for w in words if len(w) > 1])})(?![a-z])|({_any([w for w in words if len(w) < 2])})"
            rf"(?![a-z])| ?({_any(chars)}))"
        )
        self._said = [(re.compile(each.number), each.value) for each in self.values if each.number and each.value]
        self._short_years = [(re.compile(each.short_year), each) for each in self.values if each.short_year]
        self._minus = re.compile("|".join(f"(?:{each.minus})" for each in self.values if each.minus) or "(?!)")
        after = "|".join(f"(?:{each.minus_after})" for each in self.values if each.minus_after)
        self._minus_after = re.compile(after or "(?!)")
        self._percent = tuple(each.percent_before for each in self.values if each.percent_before)
        self._per_after = [re.compile(each.per_after) for each in self.values if each.per_after]
        self._per_before = [re.compile(rf"(?:{each.per})[ ,]?(?:[a-z]{{1,6}} )?$") for each in self.values if each.per]
        self._stem = grammar.stem
        self.has_signs = grammar.has_signs

    def read(self, text: Text) -> list[Read]:
        """Return the amounts of a text, in order of place."""
        if not text.has_digits:
            return self._joined(text, self._in_words(text, [])) if text.has_said_amounts else []
        written = _parted(text)
        spans = [(m.start(), m.end(), m.group()) for m, _ in zip(_DIGITS.finditer(written), range(_MOST), strict=False)]
        found: list[Read] = [self._mixed(text, m) for m in _MIXED.finditer(text.text)] if "/" in written else []
        found += [
            share
            for m in (_SHARE.finditer(text.text) if "/" in written else ())
            if (share := _share_of(m)) is not None and not any(each.start <= m.start() < each.end for each in found)
        ]
        shares = list(found)
        for start, end, run in spans:
            if any(share.start <= start < share.end for share in shares):
                continue
            if found and found[-1].start < start < found[-1].last:
                continue
            read = self._digits(text, start, end, run, glued=bool(found) and found[-1].end == start)
            if read is not None:
                found.append(read)
        found.sort(key=lambda read: read.first)
        return self._joined(text, self._in_words(text, found) if text.has_said_amounts else found)

    def _in_words(self, text: Text, found: list[Read]) -> list[Read]:
        """Add the amounts that are told in words to those in digits."""
        for pattern, value in self._said:
            ends, more = [read.end for read in found], list[Read]()
            for m, _ in zip(pattern.finditer(text.text), range(_MOST), strict=False):
                if value is not None and not _within(m.start(), m.end(), found, ends):
                    end = m.end() - self._opens_next(text.text, m)
                    said = self._words(text, m.start(), end, value(text.text[m.start() : end]))
                    if said is not None:
                        more.append(said)
            found = sorted([*found, *more], key=lambda read: read.first)
        return found

    def _opens_next(self, text: str, m: re.Match[str]) -> int:
        """Return 1 where the last sign of a number in words is the first of its unit (五百千克: 千克), else 0."""
        at = m.end() - 1
        if at <= m.start() or text[at].isascii():
            return 0
        behind = self._behind.match(text, at)
        return int(behind is not None and behind[1].startswith(text[at]) and len(behind[1]) > 1)

    def short_years(self, text: str) -> list[tuple[int, int, int]]:
        """Return where years are told by their last two digits, and these: 七四年."""
        found = list[tuple[int, int, int]]()
        for pattern, values in self._short_years:
            for m, _ in zip(pattern.finditer(text), range(_MOST), strict=False):
                said = m["y"] if m["y"].isdecimal() else (values.value(m["y"]) if values.value else None)
                if said and said.isdecimal():
                    found.append((m.start(), m.end(), int(said)))
        return found

    def unit_behind(self, text: str, at: int) -> tuple[str, int]:
        """Return the unit that stands behind a number, and where it ends."""
        m = self._behind.match(text, at) if text[at : at + 1] in self._opens_unit else None
        return (self._units.get(m[1].rstrip("."), ""), m.end()) if m and m[1] not in self._small else ("", at)

    def _mixed(self, text: Text, m: re.Match[str]) -> Read:
        """Read a whole number with a fraction: 2 1/2 cups."""
        value = Decimal(m[1]) + Decimal(m[2]) / max(Decimal(m[3]), Decimal(1))
        return self._with_unit(text, m.start(), m.end(), (value,), "", formed=True, single=False)

    def words_for(self, unit: str) -> tuple[str, str]:
        """Return patterns of the words for a unit, and of those for others of its dimension."""
        mine = set(unit.split())
        own = [word for word, symbol in self._units.items() if symbol and mine & set(symbol.split())]
        what = dimension(unit)
        others = [word for word, symbol in self._units.items()
                  if symbol and not mine & set(symbol.split()) and dimension(symbol) == what]  # fmt: skip
        return _any(own), _any(others)

    def _digits(self, text: Text, start: int, end: int, run: str, *, glued: bool) -> Read | None:
        written = text.text
        if start and not glued and _GLUED.match(written[start - 1]):
            if self._currency(text, start) == ("", start):
                return None
        values, formed = _readings(run)
        power = _POWER.match(written, end)
        first, last = start, end
        if power and (power[3] or power[1] or self._raised(text, power)):
            tens = Decimal(10) ** int(power[3] or power[2])
            values, last, formed = [min(values) * tens] if values else [], power.end(), True
        else:
            scale = self._scale.match(written, end)
            if scale and self._scales(text, scale, start):
                factor = Decimal(self._scale_of[scale[1] or scale[2] or scale[3]])
                values = [value * factor for value in dict.fromkeys(values)]
                last, formed = scale.end(), True
                rest = _REST.match(written, last) if scale[3] and not _MORE_SCALES.match(written, last) else None
                if rest and len(rest[1]) <= len(str(int(factor))) - 1:
                    added = int(rest[1]) * (int(factor) // 10 if len(rest[1]) == 1 and rest.group() == rest[1] else 1)
                    values, last = [value + added for value in values], rest.end()
                while scale[3] and (further := _MORE_SCALES.match(written, last)):
                    added_scale = Decimal(self._scale_of.get(further[2], 1))
                    values, last = [value + Decimal(further[1]) * added_scale for value in values], further.end()
        if not values:
            return None
        digits = re.sub(r"\D", "", run)
        if last != end:  # with a scale, the digits are those of the number that it makes
            digits = _plain(values[0]) if values[0] == values[0].to_integral() else ""
        return self._with_unit(text, first, last, tuple(values), digits, formed, single=False)

    @staticmethod
    def _raised(text: Text, power: re.Match[str]) -> bool:
        """Whether the power of ten stands raised in the original (a plain 104 is another number)."""
        place = text.folded.place(power.start(2))
        return text.original[place : place + 1] in tuple("⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

    def _scales(self, text: Text, scale: re.Match[str], start: int) -> bool:
        if scale[2] == "m":  # million beside a currency, else metres
            behind = self._behind.match(text.text, scale.end())
            money = behind is not None and dimension(self._units.get(behind[1], "")) == "money"
            return money or self._currency(text, start) != ("", start)
        if scale[3]:  # 3千米, 5千克: the scale is a part of the unit
            behind = self._behind.match(text.text, scale.start(3))
            return not (behind and behind[1].startswith(scale[3]) and len(behind[1]) > len(scale[3]))
        return True

    def _words(self, text: Text, start: int, end: int, value: str | None) -> Read | None:
        if value is None:
            return None
        number, _, scale = value.partition("*")
        plain = _decimal(number)
        if plain is None:
            return None
        if scale.endswith("%"):
            return self._with_unit(text, start, end, (plain / Decimal(scale[:-1]) * 100,), "", True, False, "%")
        plain *= Decimal(scale or 1)
        written = text.text[start:end]
        single = not re.search(r"[ -]", written) if written.isascii() else len(written) == 1
        digits = number if number.isdecimal() and not scale else ""
        formed = not digits or plain >= 100 and len(str(plain)) != len(written)
        return self._with_unit(text, start, end, (plain,), digits, formed and not single, single)

    def _currency(self, text: Text, start: int) -> tuple[str, int]:
        """Return the currency in front of a number, and where it begins; a dollar sign is folded away."""
        before = self._before.search(text.text, max(0, start - 20), start) if self._led(text.text, start) else None
        if before:
            return self._prefixes[before[1] or before[2]], before.start()
        at = text.folded.place(start) - 1
        while at >= 0 and text.original[at] in " *_`":
            at -= 1
        if at >= 0 and text.original[at] in "$＄﹩" and not _FORMULA.match(text.original, at):
            mark = _DOLLAR.search(text.original[max(0, at - 4) : at])
            if mark is None:
                return self._prefixes.get("dollars", ""), start
            code = self._prefixes.get(f"{mark[1].lower()}$", "")
            return code or self._prefixes.get("dollars", ""), max(0, start - len(mark[1]))
        return "", start

    def _led(self, written: str, start: int) -> bool:
        """Whether a currency may stand in front of a number: what spares most numbers the pattern for all of them."""
        at = start
        while at > start - 3 and written[at - 1 : at] in (" ", ":") and at:
            at -= 1
        last = written[at - 1 : at]
        if not ("a" <= last <= "z"):
            return last in self._lead_ends
        begin = at - 1
        while begin > at - 5 and begin and "a" <= written[begin - 1] <= "z":
            begin -= 1
        return written[begin:at] in self._codes

    def _with_unit(
        self,
        text: Text,
        first: int,
        last: int,
        values: tuple[Decimal, ...],
        digits: str,
        formed: bool,
        single: bool,
        unit: str = "",
    ) -> Read:
        written = text.text
        start, end = first, last
        currency, start = self._currency(text, first)
        share_of_one, pieces = bool(unit), tuple[tuple[Decimal, str], ...]()
        if not share_of_one:
            unit, end = self._unit(written, last, currency)
        if not unit and ":" in written:
            key = self._key.search(written, max(0, start - 24), start)  # "minutes": 40
            if key:
                unit, start = self._units[key[1]], key.start()
        half = _FRACTION.match(written, end) if unit and end > last else None
        if half:
            share = Decimal("0.25") if "quarter" in half.group() else Decimal("0.5")
            pieces = ((values[0], unit), (share, unit))
            values, end, formed, digits = tuple(value + share for value in values), half.end(), True, ""
        if written.endswith(self._percent, 0, first):
            unit, start = "%", first - len(self._percent[0])
        per, end = self._per(written, start, end)
        if (unit, per) in _OVER_TIME:
            unit, start, per = _OVER_TIME[unit, per], self._per_start(written, start), ""
        values = self._signed(written, start, values)
        if "|" in unit:  # pence, cents
            word, _, unit = unit.partition("|")
            values, digits, formed = tuple(value * self._small[word] for value in values), "", True
        if self._minus_after.match(written, end):
            values = tuple(-value for value in values)
        if unit == "tenth":  # 六成; 七五折 is 7.5折
            unit, values = "%", tuple(value * 10 if value < 10 else value for value in values)
        return Read(start, end, first, last, values, unit, per, digits, formed, single, pieces)

    def _signed(self, written: str, start: int, values: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
        """Return the ways to read a number with the sign in front of it; a dash may be a bullet."""
        before = written[max(0, start - 12) : start]
        if not ((before.endswith("-") and _MINUS.search(before)) or self._minus.search(before)):
            return values
        bullet = before.rstrip("-").endswith("\n") or not before.rstrip("-").strip()
        negative = tuple(-value for value in values)
        return (*negative, *values) if bullet and before.endswith("-") and start - 1 > 0 else negative

    def _unit(self, written: str, last: int, currency: str) -> tuple[str, int]:
        if written[last : last + 1] not in self._opens_unit:
            return currency, last
        m = self._behind.match(written, last)
        if m is None:
            return currency, last
        word = m[1].rstrip(".")
        unit = self._units.get(word)
        if word in self._small and word not in self._units:
            return (
                (f"{word}|{self._small_of[word]}", m.end())
                if word in self._small_of and not currency
                else (currency, last)
            )
        if unit is None:
            return currency, last
        if currency and dimension(unit) != "money" and not (set(unit.split()) & set(currency.split())):
            return currency, last
        if " " in unit and currency:
            unit = currency if set(unit.split()) & set(currency.split()) else unit
        preposition = word in ("in", "a") and not _ENDS.match(written, m.end())
        if m.group().startswith((" - ", "- ")) or preposition:
            return currency, last
        return unit, m.end()

    def _per(self, written: str, start: int, end: int) -> tuple[str, int]:
        for pattern in self._per_after:
            after = pattern.match(written, end)
            if after:
                return self._per_unit(after["per"]), after.end()
        for pattern in self._per_before:
            before = pattern.search(written, max(0, start - 24), start)
            if before:
                return self._per_unit(before["per"]), end
        return "", end

    def _per_start(self, written: str, start: int) -> int:
        """Return where the "per" in front of an amount begins; its own start where there is none."""
        found = [pattern.search(written, max(0, start - 24), start) for pattern in self._per_before]
        return next((m.start() for m in found if m), start)

    def _per_unit(self, word: str) -> str:
        return self._units.get(word) or self._units.get(self._stem(word)) or self._stem(word)

    def _joined(self, text: Text, reads: list[Read]) -> list[Read]:
        """Add up what stands side by side and measures the same: 3 h 20 min, 18元5角, 十八块五."""
        joined: list[Read] = []
        for at, read in enumerate(reads[:-1]):  # 2 to 2.4 tonnes
            after = reads[at + 1]
            if (
                not read.unit
                and after.unit
                and after.start - read.end < 8
                and _TO.fullmatch(text.text, read.end, after.first)
            ):
                factor = self._scale_in(text.text[after.first : after.last])
                if factor != 1 and read.last - read.first <= len(read.digits) and read.values[0] < 1000:
                    values = tuple(value * factor for value in read.values)
                    reads[at] = replace(read, unit=after.unit, values=values, digits="", formed=True)
                else:
                    reads[at] = replace(read, unit=after.unit)
        if reads:
            reads = self._with_unit_fields(text.text, reads)
        for read in reads:
            last = joined[-1] if joined else None
            whole = last and last.unit and self._sum(text, last, read)
            if whole:
                joined[-1] = whole
            else:
                joined.append(read)
        return joined

    def _scale_in(self, written: str) -> int:
        """Return the scale that is told in a number as written: 10**6 of 640 million."""
        m = _ENDS_IN_SCALE.search(written)
        return self._scale_of.get(m[1].strip(" -"), 1) if m else 1

    def _with_unit_fields(self, text: str, reads: list[Read]) -> list[Read]:
        """Give a bare number the unit that a field of its own tells: {"amount": 26.8, "unit": "万元"}."""
        fields = list(_UNIT_KEY.finditer(text))
        if not fields:
            return reads
        found = list(reads)
        for field in fields[:_MOST_FIELDS]:
            near = [at for at, read in enumerate(found)
                    if not read.unit and 0 <= max(field.start() - read.end, read.start - field.end()) <= _UNIT_REACH
                    and "}" not in text[min(read.end, field.end()) : max(read.start, field.start())]]  # fmt: skip
            if len(near) != 1:
                continue
            said, read = field[1].strip(), found[near[0]]
            unit, end = self.unit_behind(said, 0)
            scale = self._scale.match(said) if not unit or end < len(said) else None
            factor = self._scale_of[scale[1] or scale[2] or scale[3]] if scale else 1
            if scale:
                unit, end = self.unit_behind(said, scale.end())
            if not unit or end < len(said) or (unit == "count" and factor == 1):
                continue
            values = tuple(value * factor for value in read.values)
            digits = read.digits if factor == 1 else ""
            found[near[0]] = replace(read, unit=unit, values=values, digits=digits, formed=read.formed or factor != 1)
        return found

    def _sum(self, text: Text, one: Read, other: Read) -> Read | None:
        gap = text.text[one.end : max(one.end, other.start)]
        if one.unit == "%" and not gap and text.text[one.end - 1] == "成" and not other.unit and other.single:
            return replace(one, end=other.end, last=other.last, values=(one.values[0] + other.values[0],), digits="")
        if len(gap) > 5 or not _SIDE_BY_SIDE.fullmatch(gap):
            return None
        if dimension(one.unit) == "money":
            return self._change(text, one, other, gap)
        if one.unit == "m" and not gap and not other.unit and 0 < len(other.digits) < 3:  # 1米85
            value = one.values[0] + Decimal(other.digits).scaleb(-len(other.digits))
            return replace(one, end=other.end, last=other.last, values=(value,), digits="")
        if one.unit == "h" and not gap and (other.unit == "m" or (not other.unit and len(other.digits) == 2)):
            other = replace(other, unit="min")
        if not other.unit or other.unit == one.unit or dimension(one.unit) != dimension(other.unit):
            return None
        if dimension(one.unit) not in ("time", "months", "length", "mass"):
            return None
        from nihbench.score.values.units import SIZES

        size, small = SIZES[one.unit][1], SIZES[other.unit][1]
        if small >= size or other.values[0] * small >= size:
            return None
        value = one.values[0] + other.values[0] * small / size
        pieces = (*(one.pieces or ((one.values[0], one.unit),)), (other.values[0], other.unit))
        per = one.per or other.per
        return replace(one, end=other.end, last=other.last, values=(value,), digits="", per=per, pieces=pieces)

    def _change(self, text: Text, one: Read, other: Read, gap: str) -> Read | None:
        if gap.strip(" ,and") or len(one.values) == 0:
            return None
        bare = text.text[one.last : one.end].strip() in ("pounds", "dollars", "euros", "pound", "dollar", "euro")
        if gap == " " and bare and not other.unit and 9 < other.values[0] < 100:
            value = one.values[0] + other.values[0] / 100  # three pounds fifty
            return replace(one, end=other.end, last=other.last, values=(value,), digits="", formed=True)
        m = self._behind.match(text.text, other.last)
        size = self._small.get(m[1]) if m else None
        if m and size is not None:
            after = m.end()
        elif not gap and other.single and not other.unit and text.text[one.last : one.end].strip() in ("块", "块钱"):
            size, after = Decimal("0.1"), other.end
        elif not gap and len(other.digits) == 1 and not other.unit and text.text[one.last : one.end] in ("块", "元"):
            size, after = Decimal("0.1"), other.end
        else:
            return None
        value = one.values[0] + other.values[0] * size
        per, after = self._per(text.text, one.start, after)
        return replace(one, end=after, last=other.last, values=(value,), digits="", formed=True, per=one.per or per)


_MOST_FIELDS = 20
_ENDS_IN_SCALE = late(r"((?:[ -]?[a-z]+|[百千万亿兆]+))$")
_ENDS = late(r"[.,;)\]}\"]|$| (?:deep|high|wide|long|tall|thick)\b")
_TO = late(r" ?(?:to|and|or|-|—|~|至|到|或) ?")
_MIXED = late(r"(?<![\d/.])(\d{1,3})[ -](\d)/(\d{1,2})(?![\d/])", re.ASCII)
_SHARE = late(r"(?<![\d/.])(\d{1,2})/(\d{1,3})(?![\d/])", re.ASCII)
_SIDE_BY_SIDE = late(r"[ ,]{0,2}(?:and |零|又)?")


def _is_code(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) < 4


def _may_lead(word: str) -> bool:
    """Whether a word for a currency may stand in front of its number: a symbol, 人民币."""
    return word.endswith("币") or (not word.isalpha() and " " not in word and not word.endswith("."))


def _any(words: object) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"  # type: ignore[call-overload]


def _parted(text: Text) -> str:
    """Return a folded text in which a wide comma, which stands in no number, is no comma."""
    if "，" not in text.original:
        return text.text
    place, original = text.folded.place, text.original
    return "".join(";" if char == "," and original[place(at)] == "，" else char for at, char in enumerate(text.text))


def _share_of(m: re.Match[str]) -> Read | None:
    """Return a share in digits (2/5), as a percentage; None where it is none."""
    part, whole = int(m[1]), int(m[2])
    if not 0 < part < whole:
        return None
    return Read(m.start(), m.end(), m.start(), m.end(), (Decimal(part) / whole * 100,), "%", "", "", True, False)


def _readings(run: str) -> tuple[list[Decimal], bool]:
    """Return the ways to read digits with points and commas, the usual one first, and whether they form a number."""
    plain = re.sub(r"[ ,.]", "", run)
    if len(plain) > _LARGEST:
        return [], False
    separators = re.findall(r"[ ,.]", run)
    if not separators:
        return [Decimal(run)], False
    last = separators[-1]
    head, _, tail = run.rpartition(last)
    if len(set(separators)) > 1:
        return [Decimal(re.sub(r"[ ,.]", "", head) + "." + tail)], True
    if len(separators) > 1 or last == " ":
        return [Decimal(plain)], True
    if len(tail) != 3:
        return [Decimal(f"{head}.{tail}")], True
    whole, part = Decimal(plain), Decimal(f"{head}.{tail}")
    if head.startswith("0"):
        return [part], True
    return ([whole, part] if last == "," else [part, whole]), True


def _within(start: int, end: int, reads: list[Read], ends: list[int]) -> bool:
    at = bisect_right(ends, start)
    return at < len(reads) and reads[at].first < end


@lru_cache(maxsize=64)
def reader_for(grammar: Grammar) -> Reader:
    """Return how amounts are read in the languages of a grammar."""
    return Reader(grammar)


def amounts(text: Text) -> list[Read]:
    """Return the amounts of a text; read once."""
    return kept(text, "amounts", reader_for(text.grammar).read)


def kind_of(unit: str, thing: object = ()) -> str:
    """Return the name of the type of an amount with a unit."""
    what = dimension(unit)
    if unit == "%":
        return "percentage"
    return {"money": "money", "time": "duration", "months": "duration", "": "quantity" if thing else "number"}.get(
        what, "quantity"
    )


def amount_of(
    read: Read,
    thing: tuple[str, ...] = (),
    per_asked: bool = False,
    asked: frozenset[str] = frozenset(),
    of: tuple[str, ...] = (),
) -> Amount:
    """Return what is expected where a read amount is."""
    value = read.values[0]
    unit = "" if read.unit == "count" else read.unit
    digits = _plain(value) if value == value.to_integral() and value >= 0 else ""
    if read.digits.startswith("0") and read.digits.isdecimal() and not read.formed:
        digits = read.digits
    return Amount(
        kind=kind_of(unit, thing), value=value, unit=unit, per=read.per,
        digits=digits if len(digits) >= 3 else "", thing=thing, per_asked=per_asked, asked=asked, pieces=read.pieces,
        of=of,
    )  # fmt: skip
