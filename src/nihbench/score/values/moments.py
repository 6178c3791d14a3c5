"""Dates, times of day, and both together, however written; months and parts of the day are a language's.

A moment is read as what it may be: 3/4/2031 as either day, 7:45 without a half of the day as morning or evening. It is
right where it can be the expected one.
"""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nihbench.languages.base import Values
from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar
from nihbench.score.values.base import How, Place, kept, outermost
from nihbench.text.late import late

_MOST = 100  # dates and times of a text that are read, each
_ISO = late(r"(?<![\d.])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d.]*\d)")
_EITHER = late(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])")
_COMPACT = late(r"(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_MONTH_ONLY = late(r"(?<![\d.])(\d{4})-(\d{2})(?![\d-])")
_MONTH_AND_YEAR = late(r"(?<![\d./])(0?[1-9]|1[0-2])[/.](\d{4})(?![\d/])")
_FIELD_OF = {
    "year": "y",
    "month": "m",
    "day": "d",
    "年": "y",
    "年份": "y",
    "月": "m",
    "月份": "m",
    "日": "d",
    "日期": "d",
}
_FIELD = late(
    r"(?<![^\W_])(year|month|day|年份?|月份?|日期?) ?[:=|]{1,2} ?(?:the )?"
    r"([a-z]{3,9}|\d{1,4}|[零〇一二三四五六七八九十]{1,4})"
    r"(?![\d年月日])"
)
_FIELDS = late(r"(?:year|年份?) ?[:=|]")
_FIELDS_REACH = 60  # characters between the fields of one date
_SHARED = late(
    r"(?<![\d.:/-])(?:the )?(\d{1,2})(?:st|nd|rd|th|日|号)? ?(?:or|and|to|-|—|~|/|或者?|和|至|到|、) ?(?:the )?$"
)
_SHARED_BEHIND = late(
    r" ?(?:or|and|to|-|—|~|/|或者?|和|至|到|、) ?(?:the )?(\d{1,2})(?:st|nd|rd|th|日|号)?"
    r"(?![\d:./月年a-z%]|-\d| ?[ap]m\b)"
    r"(?:,? (\d{4})(?!\d))?"
)
_GAP = 16  # characters between a date and its time
_DAY_MINUTES = 24 * 60
_SHORTEST_YEAR = 99  # what is less is told by two digits

Date = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class ReadDate:
    """A date as it stands: the days that it may be (year, month, day; None where it does not say)."""

    start: int
    end: int
    dates: tuple[Date, ...]


@dataclass(frozen=True, slots=True)
class ReadTime:
    """A time as it stands, in minutes: what it may be; `half`: it says which half of the day."""

    start: int
    end: int
    minutes: tuple[int, ...]
    half: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class ReadMoment:
    """A date, a time or both, as they stand; `weekday` is 0 where none is said."""

    start: int
    end: int
    date: ReadDate | None
    time: ReadTime | None
    weekday: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """An expected date, time, or both."""

    kind: str
    date: Date | None
    minutes: int | None
    dates: tuple[Date, ...] = ()
    either: tuple[int, ...] = ()
    weekday: int = 0
    alias: bool = False

    def places(self, answer: Text) -> list[Place]:
        """Return where moments stand in an answer, each as near as it is."""
        read = moments(answer)
        found = [Place(m.start, m.end, *self._near(m)) for m in read]
        exact = [p for p in found if p.how == "same"]
        if not found and self.date and self.date[0]:
            years = re.finditer(rf"(?<![\d.,]){self.date[0]}(?![\d,]|\.\d)", answer.text)
            found = [Place(m.start(), m.end(), "part", 0.3) for m, _ in zip(years, range(_MOST), strict=False)]
        if not exact:
            found = list(self._apart(read, found))
        return outermost(found)

    def _apart(self, read: list[ReadMoment], found: list[Place]) -> Iterator[Place]:
        """Join a date and a time that stand apart, where there is just one of each."""
        yield from found
        dates = [m for m in read if m.date and not m.time and self._date(m)[1] == 1.0]
        times = [m for m in read if m.time and not m.date and self._time(m)[1] == 1.0]
        if self.date and self.minutes is not None and dates and times and len(read) == len(dates) + len(times):
            yield Place(min(dates[0].start, times[0].start), max(dates[0].end, times[0].end), "same", 1.0)

    def _near(self, read: ReadMoment) -> tuple[How, float, bool]:
        if self.date is None:
            if self.minutes is None:
                return ("same", 1.0, False) if read.weekday == self.weekday else ("other", 0.0, bool(read.weekday))
            how, worth = self._time(read)
            if self.weekday and worth and read.weekday != self.weekday:
                how, worth = ("other" if read.weekday else "part"), min(worth, 0.5)
            elif self.weekday and read.weekday == self.weekday and not read.time:
                how, worth = "part", 0.5
            return how, worth, bool(read.time) and worth < 1.0
        how, worth = self._date(read)
        if self.minutes is None:
            return how, worth, self._as_full(read) and how != "part" and worth < 1.0
        return self._both(read, how, worth)

    def _both(self, read: ReadMoment, how: How, date: float) -> tuple[How, float, bool]:
        time_how, time = self._time(read)
        rival = (self._as_full(read) or bool(read.time)) and min(date, time) < 1.0
        if read.date is None:
            return ("part", 0.5, False) if time == 1.0 else ("part", 0.3, True) if time else ("other", 0.0, rival)
        if read.time is None:
            if date < 1.0:
                return how, 0.5 if date == 0.7 else 0.3 if date else 0.0, date < 0.7 and self._as_full(read)
            return "part", 0.7, False
        if date == 1.0:
            return (time_how, {1.0: 1.0, 0.7: 0.7, 0.3: 0.7}.get(time, 0.5), rival)
        if date >= 0.7:
            return how, 0.7 if time == 1.0 else 0.5, rival
        if date > 0.0:
            return how, 0.5 if time == 1.0 else 0.3 if time else 0.0, True
        return ("part", 0.3, True) if time == 1.0 else ("other", 0.0, True)

    def _as_full(self, read: ReadMoment) -> bool:
        """Whether a date says as much as the expected one, but for the year."""
        said = read.date.dates[0] if read.date else (None, None, None)
        return any(said) and all(its is not None for its, mine in zip(said[1:], self.dates[0][1:], strict=True) if mine)

    def _date(self, read: ReadMoment) -> tuple[How, float]:
        """Return how near a date is: all of it 1.0, without its year 0.7, month and year 0.5, one part wrong 0.3."""
        if read.date is None or self.date is None:
            return "other", 0.0
        best: tuple[How, float] = ("other", 0.0)
        for mine in self.dates:
            for each in read.date.dates:
                best = max(best, _one_date(mine, each), key=lambda b: b[1])
        return best

    def _time(self, read: ReadMoment) -> tuple[How, float]:
        if read.time is None or self.minutes is None:
            return "other", 0.0
        if self.alias and self.either and read.time.half:
            return "other", 0.0  # an alias without a half of the day stands for answers without one
        wanted = self.either or (self.minutes,)
        said = read.time.minutes
        if not set(wanted).isdisjoint(said):
            sure = read.time.half or len(said) == 1 or said[0] in wanted
            return ("same", 1.0) if sure else ("half", 0.7)
        if any((minutes + _DAY_MINUTES // 2) % _DAY_MINUTES in wanted for minutes in said):
            return "half", 0.7
        if any(minutes // 60 == mine // 60 for minutes in said for mine in wanted):
            return "edit", 0.3
        if any(minutes % 60 == mine % 60 and abs(minutes - mine) == 60 for minutes in said for mine in wanted):
            return "edit", 0.3
        return "other", 0.0

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the moment."""
        hours = [] if self.minutes is None else [f"{self.minutes // 60:02}:{self.minutes % 60:02}"]
        if self.minutes is not None and self.either:
            hours = []
        if self.date is None or None in self.date:
            return hours if self.date is None else []
        y, m, d = self.date
        days = [f"{y}-{m:02}-{d:02}", f"{y}年{m}月{d}日"]
        if language != "zh":
            days[1:] = [f"{d} {month_name[m or 1]} {y}", f"{month_name[m or 1]} {d}, {y}"]
        return [f"{day} {hour}" for day in days for hour in hours] if self.minutes is not None else days


def _one_date(expected: Date, said: Date) -> tuple[How, float]:
    """Return how near a date is to the expected one."""
    wanted = [part for part in expected if part is not None]
    pairs = [(mine, its) for mine, its in zip(expected, said, strict=True) if mine is not None]
    missing = [mine for mine, its in pairs if its is None]
    wrong = [mine for mine, its in pairs if its is not None and its != mine]
    if not wrong and not missing:
        return "same", 1.0
    if not wrong:
        only_year = len(missing) == 1 and expected[0] is not None and said[0] is None
        return "part", 0.7 if only_year else 0.5 if len(missing) == 1 else 0.3
    if len(wrong) == 1 and not missing and len(wanted) > 1:
        return "edit", 0.3
    swapped = len(wrong) == 2 and said[0] == expected[0] and said[1:] == expected[:0:-1]
    return ("order", 0.3) if swapped else ("other", 0.0)


class Reader:
    """Reads moments as some languages write them."""

    def __init__(self, grammar: Grammar) -> None:
        self._values = [each.values for each in grammar.languages if each.values]
        self._dates = [(re.compile(pattern), each) for each in self._values for pattern in each.dates]
        self._times = [(re.compile(pattern), each) for each in self._values for pattern in each.times]
        between = "|".join(each.between for each in self._values if each.between)
        self._weekday_of = {word: number for each in self._values for word, number in each.weekdays.items()}
        latin = [word for word in self._weekday_of if word.isascii()]
        signs = [word for word in self._weekday_of if not word.isascii()]
        self._weekday = re.compile(
            rf"(?<![a-z])(?:{'|'.join(sorted(latin, key=len, reverse=True)) or '(?!)'})(?![a-z])|"
            rf"(?:{'|'.join(sorted(signs, key=len, reverse=True)) or '(?!)'})"
        )
        self._between = re.compile(rf"(?:{between}|{self._weekday.pattern})*")

    def read(self, text: Text) -> list[ReadMoment]:
        """Return the moments of a text, in order of place."""
        dates = list(self._read_dates(text.text))
        dates += [day for date in dates for day in _sharing(text.text, date)
                  if not any(other.start < day.end and day.start < other.end for other in dates)]  # fmt: skip
        dates = _with_years(text.text, sorted(dates, key=lambda date: date.start))
        times = [time for time in self._read_times(text.text)
                 if not any(date.start < time.end and time.start < date.end for date in dates)]  # fmt: skip
        joined: list[ReadMoment] = []
        used: set[int] = set()
        for date in dates:
            found = self._time_of(text.text, date, times, used)
            if found is None:
                joined.append(ReadMoment(date.start, date.end, date, None))
                continue
            used.add(found)
            time = times[found]
            joined.append(ReadMoment(min(date.start, time.start), max(date.end, time.end), date, time))
        joined += [ReadMoment(t.start, t.end, None, t) for at, t in enumerate(times) if at not in used]
        joined.sort(key=lambda moment: moment.start)
        return self._with_weekdays(text.text, joined)

    def _with_weekdays(self, text: str, joined: list[ReadMoment]) -> list[ReadMoment]:
        days = [(m.start(), m.end(), self._weekday_of[m.group()]) for m, _ in
                zip(self._weekday.finditer(text), range(_MOST), strict=False)]  # fmt: skip
        alone = [d for d in days if not any(m.start <= d[0] < m.end for m in joined)]
        for at, moment in enumerate(joined):
            if moment.date is not None:
                continue
            for start, end, number in alone:
                low, high = (end, moment.start) if end <= moment.start else (moment.end, start)
                if 0 <= high - low <= _GAP and self._between.fullmatch(text, low, high):
                    joined[at] = ReadMoment(min(start, moment.start), max(end, moment.end), None, moment.time, number)
                    alone = [day for day in alone if day[0] != start]
                    break
        return sorted([*joined, *(ReadMoment(s, e, None, None, n) for s, e, n in alone)], key=lambda m: m.start)

    def _time_of(self, text: str, date: ReadDate, times: list[ReadTime], used: set[int]) -> int | None:
        for at, time in enumerate(times):
            low, high = (date.end, time.start) if time.start >= date.end else (time.end, date.start)
            if at not in used and 0 <= high - low <= _GAP and self._between.fullmatch(text, low, high):
                return at
        return None

    def _read_dates(self, text: str) -> Iterator[ReadDate]:
        taken: list[tuple[int, int]] = []
        for read in self._all_dates(text):
            if not any(start < read.end and read.start < end for start, end in taken):
                taken.append((read.start, read.end))
                yield read

    def _all_dates(self, text: str) -> Iterator[ReadDate]:
        if _FIELDS.search(text):
            yield from self._in_fields(text)
        yield from _in_digits(text)
        for pattern, values in self._dates:
            for m, _ in zip(pattern.finditer(text), range(_MOST), strict=False):
                yield from _in_words(m, values)
        for m in _MONTH_ONLY.finditer(text):
            yield from _dated(m, [(int(m[1]), int(m[2]), None)])
        for m in _MONTH_AND_YEAR.finditer(text):
            yield from _dated(m, [(int(m[2]), int(m[1]), None)])

    def _in_fields(self, text: str) -> Iterator[ReadDate]:
        """Read a date whose parts are told each in a field of its own: {"year": 2029, "month": 9, "day": 14}."""
        told: dict[str, re.Match[str]] = {}
        for m, _ in zip(_FIELD.finditer(text), range(_MOST), strict=False):
            key = _FIELD_OF[m[1]]
            near = all(abs(m.start() - other.start()) <= _FIELDS_REACH for other in told.values())
            told = told if near and key not in told else {}
            told[key] = m
            if len(told) == 3:
                parts = {key: next((n for v in self._values if (n := _number(each[2], v)) is not None), None)
                         for key, each in told.items()}  # fmt: skip
                start, end = min(each.start() for each in told.values()), max(each.end() for each in told.values())
                year, month, day = parts["y"], parts["m"], parts["d"]
                if (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31):
                    yield ReadDate(start, end, ((year, month, day),))
                told = {}

    def _read_times(self, text: str) -> Iterator[ReadTime]:
        taken: list[tuple[int, int]] = []
        for pattern, values in reversed(self._times):
            for m, _ in zip(pattern.finditer(text), range(_MOST), strict=False):
                if any(start < m.end() and m.start() < end for start, end in taken):
                    continue
                time = _timed(m, values)
                if time is not None:
                    taken.append((m.start(), m.end()))
                    yield time


def _sharing(text: str, date: ReadDate) -> Iterator[ReadDate]:
    """Read a bare day before a date as one of the same month: 14 or 15 September 2029."""
    m = _SHARED.search(text, max(0, date.start - 24), date.start)
    if m is None and "月" in text[date.start : date.end]:
        m = _SHARED.search(text, date.start, date.end)
    day = int(m[1]) if m else 0
    if m and 0 < day <= 31 and all(d is not None for _, _, d in date.dates) and m.end() == date.start:
        yield ReadDate(m.start(1), m.end(1), tuple(dict.fromkeys((y, mo, day) for y, mo, _ in date.dates)))
    m = _SHARED_BEHIND.match(text, date.end)
    day = int(m[1]) if m else 0
    if m and 0 < day <= 31 and all(d is not None for _, _, d in date.dates):
        year = int(m[2]) if m[2] else None
        yield ReadDate(m.start(1), m.end(), tuple(dict.fromkeys((y or year, mo, day) for y, mo, _ in date.dates)))


_TO = late(r"\W*(?:to|until|till|through|and|or|或者?|[开直起]?(?:至|到))?\W*")


def _with_years(text: str, dates: list[ReadDate]) -> list[ReadDate]:
    """Give the ends of a stretch the year that only one of them tells: 3 May to 19 August 2034, 4月12日至6月8日."""
    found = list(dates)
    for at, (one, other) in enumerate(zip(dates, dates[1:], strict=False)):
        if other.start - one.end > 12 or not _TO.fullmatch(text, one.end, other.start):
            continue
        years = {date[0] for each in (one, other) for date in each.dates if date[0] is not None}
        if len(years) == 1:
            year = years.pop()
            found[at] = ReadDate(one.start, one.end, tuple((d[0] or year, d[1], d[2]) for d in found[at].dates))
            found[at + 1] = ReadDate(other.start, other.end, tuple((d[0] or year, d[1], d[2]) for d in other.dates))
    return found


def _in_digits(text: str) -> Iterator[ReadDate]:
    for m in _ISO.finditer(text):
        yield from _dated(m, [(int(m[1]), int(m[3]), int(m[4]))])
    for m in _EITHER.finditer(text):
        one, other = int(m[1]), int(m[3])
        yield from _dated(m, [day for said in _years(m[4]) for day in ((said, other, one), (said, one, other))])
    for m in _COMPACT.finditer(text):
        yield from _dated(m, [(int(m[1]), int(m[2]), int(m[3]))])


def _in_words(m: re.Match[str], values: Values) -> Iterator[ReadDate]:
    """Read a date by a language's pattern."""
    groups = m.groupdict()
    written = groups.get("y")
    month, day = _number(groups.get("m"), values), _number(groups.get("d"), values)
    if groups.get("dw"):
        day = values.ordinals.get(groups["dw"])
    years = _years_told(written, values) if written else (None,)
    if month is None and day is None:
        return
    days = _last_days if groups.get("last") else (lambda year, month: [day])
    yield from _dated(m, [(year, month, each) for year in years for each in days(year, month)])


def _dated(m: re.Match[str], dates: list[Date]) -> Iterator[ReadDate]:
    real = [(y, mo, d) for y, mo, d in dates if (mo is None or 1 <= mo <= 12) and (d is None or 1 <= d <= 31)]
    if real:
        yield ReadDate(m.start(), m.end(), tuple(dict.fromkeys(real)))


def _years_told(text: str, values: Values) -> Sequence[int | None]:
    """Return the years that a written one may be: of two digits those of both centuries, the likeliest first."""
    number = _number(text, values)
    return (number,) if number is None or number > _SHORTEST_YEAR else tuple(_years(f"{number:02}"))


def _last_days(year: int | None, month: int | None) -> Sequence[int | None]:
    """Return what the last day of a month may be: two days of a February of no year."""
    if month is None or not 1 <= month <= 12:
        return [None]
    return sorted({monthrange(each, month)[1] for each in ([year] if year else (2023, 2024))}, reverse=True)


def _years(text: str) -> list[int]:
    """Return the years that two or four digits may be, the likeliest first."""
    number = int(text)
    if len(text) > 2:
        return [number]
    return [2000 + number, 1900 + number] if number < 70 else [1900 + number, 2000 + number]


def _number(text: str | None, values: Values) -> int | None:
    if not text:
        return None
    if text in values.months:
        return values.months[text]
    if text.isdecimal():
        return int(text)
    said = values.value(text) if values.value else None
    return int(said) if said and said.isdecimal() else None


def _timed(m: re.Match[str], values: Values) -> ReadTime | None:
    groups = m.groupdict()
    named = groups.get("named")
    if named:
        minutes = 0 if values.halves[named] == (0, 0) else 12 * 60
        return ReadTime(m.start(), m.end(), (minutes,), True, True)
    hour = _number(groups.get("h") or groups.get("hw"), values)
    minute = _number(groups.get("n") or groups.get("nw"), values) or 0
    fraction = groups.get("fraction")
    if hour is None or hour > 24:
        return None
    if fraction is not None:
        word = re.sub(r"^(?:an?|\d+(?= m))? |(?: minutes?)$", "", fraction).strip()
        minute = values.fractions.get(word, 0)
    if minute > 59:
        return None
    total = hour * 60 + minute
    if groups.get("to") in ("to", "before", "till"):
        total = hour * 60 - minute
    half = _half_of(groups.get("half"), values)
    if half is not None:
        return ReadTime(m.start(), m.end(), _in_half(total, half), True, True)
    total %= _DAY_MINUTES
    twice = total < 12 * 60 or (total < 13 * 60 and groups.get("n") is None)
    padded = (groups.get("h") or "").startswith("0")
    both = (total, (total + 12 * 60) % _DAY_MINUTES)
    if padded or not twice:
        return ReadTime(m.start(), m.end(), (total,), False, True)
    return ReadTime(m.start(), m.end(), both, False, True)


def _half_of(said: str | None, values: Values) -> tuple[int, int] | None:
    if not said:
        return None
    plain = re.sub(r"[. ]", "", said)
    if plain in values.halves:
        return values.halves[plain]
    return next((hours for word, hours in values.halves.items() if word in said), None)


def _in_half(total: int, half: tuple[int, int]) -> tuple[int, ...]:
    """Return a time of the twelve-hour clock in a part of the day, in minutes of the day."""
    low, high = half
    if total >= 13 * 60:
        return (total % _DAY_MINUTES,)
    around = [total % (12 * 60) + turn * 12 * 60 for turn in range(3)]
    fitting = [minutes % _DAY_MINUTES for minutes in around if low * 60 <= minutes < high * 60]
    return tuple(fitting) or (total % _DAY_MINUTES,)


@lru_cache(maxsize=64)
def reader_for(grammar: Grammar) -> Reader:
    """Return how moments are read in the languages of a grammar."""
    return Reader(grammar)


def moments(text: Text) -> list[ReadMoment]:
    """Return the moments of a text; read once."""
    return kept(text, "moments", reader_for(text.grammar).read)


def moment_of(read: ReadMoment) -> Moment | None:
    """Return what is expected where a read moment is; None where it says too little."""
    dates = read.date.dates if read.date else ()
    date = dates[0] if dates else None
    time = read.time
    kind = "moment" if date and time else "time" if time else "date"
    if time is None:
        return Moment(kind=kind, date=date, minutes=None, dates=dates, weekday=read.weekday)
    either = time.minutes if len(time.minutes) > 1 else ()
    return Moment(kind=kind, date=date, minutes=time.minutes[0], dates=dates, either=either, weekday=read.weekday)
