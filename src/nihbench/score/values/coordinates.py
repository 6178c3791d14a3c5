"""Places on the earth by latitude and longitude: in degrees, minutes and seconds, or in decimals.

Read from the text as it was written: folding drops the marks for minutes and seconds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from nihbench.score.answer import Text
from nihbench.score.values.base import How, Place, kept, outermost
from nihbench.text.late import late

_HEAD = r"(?P<before>北纬|北緯|南纬|南緯|东经|東經|西经|西經|(?<![A-Za-z])[NSEW](?![A-Za-z]))"
_NAME = r"(?P<name>latitude|longitude|lat\.?|lon(?:g\.?)?|纬度|经度)"
_SIZE = (
    r"(?P<d>-?\d{1,3}(?:\.\d{1,9})?) ?(?:°|º|度|degrees?|deg\.?)"
    r"(?: ?(?P<m>\d{1,2}(?:\.\d{1,6})?) ?(?:['′’‘]|分|minutes?|min\.?)"
    r"(?: ?(?P<s>\d{1,2}(?:\.\d{1,6})?) ?(?:[\"″”“]|''|′′|’’|秒|seconds?|sec\.?))?)?"
)
_TAIL = r"(?P<after>north|south|east|west|[NSEW](?![A-Za-z]))"
_ONE = late(
    rf"(?:{_NAME}[ :|：]{{0,3}})?(?:{_HEAD}[ :|]{{0,3}})?{_SIZE}(?(before)|(?: ?{_TAIL})?)",
    re.IGNORECASE,
)
_PLAIN = late(
    r"(?<![\d.])(-?\d{1,3}\.\d{2,9})°? ?([NSEW])?[ ,，;/]{1,3}(-?\d{1,3}\.\d{2,9})°? ?([NSEW])?(?![\d.])", re.IGNORECASE
)
_MOST = 60
_SAME = 0.0006  # degrees
_SECOND = 1 / 3600
_SIGN = {"n": 1, "s": -1, "e": 1, "w": -1, "北": 1, "南": -1, "东": 1, "東": 1, "西": -1}


@dataclass(frozen=True, slots=True)
class ReadPlace:
    """A place as it stands in the folded text, in degrees; north and east are positive."""

    start: int
    end: int
    latitude: float | None
    longitude: float | None
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Coordinates:
    """An expected place."""

    latitude: float
    longitude: float
    kind: str = "coordinates"

    def places(self, answer: Text) -> list[Place]:
        """Return where places stand in an answer, each as near as it is."""
        return outermost(Place(r.start, r.end, *self._near(r)) for r in coordinates(answer))

    def _near(self, read: ReadPlace) -> tuple[How, float, bool]:
        if read.latitude is None or read.longitude is None:
            pairs = ((self.latitude, read.latitude), (self.longitude, read.longitude))
            given = any(its is not None and abs(mine - its) <= _SAME for mine, its in pairs)
            return ("part", 0.3, False) if given else ("other", 0.0, False)
        ours, theirs = (self.latitude, self.longitude), (read.latitude, read.longitude)
        limit = _SAME if read.decimal else _SECOND / 2
        right = [abs(mine - its) <= limit for mine, its in zip(ours, theirs, strict=True)]
        if all(right):
            return "same", 1.0, False
        if all(abs(abs(mine) - abs(its)) <= _SAME for mine, its in zip(ours, theirs, strict=True)):
            return "half", 0.5, True
        if all(abs(abs(mine) - abs(its)) <= _SAME for mine, its in zip(ours, theirs[::-1], strict=True)):
            return "order", 0.3, True
        if all(abs(mine - its) < 1 for mine, its in zip(ours, theirs, strict=True)):
            return "part", 0.3, not all(its == int(its) for its in theirs)
        return ("part", 0.3, True) if any(right) else ("other", 0.0, True)

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the place."""
        return [f"{self.latitude:.5f}, {self.longitude:.5f}"]


def _read(text: Text) -> list[ReadPlace]:
    found: list[ReadPlace] = []
    original = text.original
    if not re.search(r"[°º度]|degree|\d\.\d{2}", original):
        return found
    pending: tuple[tuple[int, int], float] | None = None
    for m, _ in zip(_ONE.finditer(original), range(_MOST), strict=False):
        size, across = _degrees(m), _is_longitude(m)
        span = _span(text, m)
        if across is None and pending is None:
            across = False
        if across is False or (across is None and pending is None):
            if pending is not None:
                found.append(ReadPlace(*pending[0], pending[1], None))
            pending = (span, size)
        elif pending is not None:
            found.append(ReadPlace(pending[0][0], span[1], pending[1], size))
            pending = None
        else:
            found.append(ReadPlace(*span, None, size))
    if pending is not None:
        found.append(ReadPlace(*pending[0], pending[1], None))
    found = _turned(found)
    for m, _ in zip(_PLAIN.finditer(original), range(_MOST), strict=False):
        latitude = float(m[1]) * _SIGN.get((m[2] or "n").lower(), 1)
        longitude = float(m[3]) * _SIGN.get((m[4] or "e").lower(), 1)
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            found.append(ReadPlace(*_span(text, m), latitude, longitude, decimal=True))
    return found


def _turned(found: list[ReadPlace]) -> list[ReadPlace]:
    """Join a longitude with the latitude that stands behind it."""
    if len(found) == 2 and found[0].latitude is None and found[1].longitude is None:
        return [ReadPlace(found[0].start, found[1].end, found[1].latitude, found[0].longitude)]
    return found


def _degrees(m: re.Match[str]) -> float:
    size = abs(float(m["d"])) + float(m["m"] or 0) / 60 + float(m["s"] or 0) / 3600
    sign = _SIGN.get((m["after"] or m["before"] or "")[:1].lower(), 1)
    return -size if m["d"].startswith("-") else size * sign


def _is_longitude(m: re.Match[str]) -> bool | None:
    """Whether a size is told to be a longitude; None where it is not told."""
    said = (m["after"] or m["before"] or "").lower()
    if m["name"]:
        return m["name"].lower().startswith(("lon", "经"))
    return said[0] in "ew东東西" if said else None


def _span(text: Text, m: re.Match[str]) -> tuple[int, int]:
    """Return the span in the folded text of what a pattern found in the original."""
    places = range(len(text.text))
    start = bisect_left(places, m.start(), key=text.folded.place)
    end = bisect_left(places, m.end(), key=text.folded.place)
    return start, max(start + 1, end)


def coordinates(text: Text) -> list[ReadPlace]:
    """Return the places of a text; read once."""
    return kept(text, "coordinates", _read)


def coordinates_of(text: Text) -> Coordinates | None:
    """Return the place that a text is; None where it is none."""
    read = coordinates(text)
    if len(read) != 1 or read[0].end - read[0].start < 0.8 * len(text.text.strip(" .。")):
        return None
    if read[0].latitude is None or read[0].longitude is None:
        return None
    return Coordinates(read[0].latitude, read[0].longitude)
