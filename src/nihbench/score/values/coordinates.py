"""Places on the earth by latitude and longitude: in degrees, minutes and seconds or in decimals, in any language's words.

Read from the text as it was written: folding drops the marks for minutes and seconds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from nihbench.score.answer import Text
from nihbench.score.values.base import How, Place, kept, outermost

_BEFORE = r"(?P<before{n}>北纬|北緯|南纬|南緯|东经|東經|西经|西經|(?<![A-Za-z])[NSEW](?![A-Za-z])|latitude|longitude|lat\.?|lon(?:g\.?)?)?[ :]{{0,2}}"
_SIZE = (
    r"(?P<d{n}>-?\d{{1,3}}(?:\.\d{{1,9}})?) ?(?:°|º|度|degrees?|deg\.?)"
    r"(?: ?(?P<m{n}>\d{{1,2}}(?:\.\d{{1,6}})?) ?(?:['′’‘]|分|minutes?|min\.?)"
    r"(?: ?(?P<s{n}>\d{{1,2}}(?:\.\d{{1,6}})?) ?(?:[\"″”“]|''|′′|’’|秒|seconds?|sec\.?))?)?"
)
_AFTER = r"(?: ?(?P<after{n}>north|south|east|west|[NSEW](?![A-Za-z])))?"
_ONE = _BEFORE + _SIZE + _AFTER
_PAIR = re.compile(rf"{_ONE.format(n=1)}[ ,，、;/and]{{0,6}}{_ONE.format(n=2)}", re.IGNORECASE)
_PLAIN = re.compile(r"(?<![\d.])(-?\d{1,3}\.\d{2,9})°? ?([NSEW])?[ ,，;/]{1,3}(-?\d{1,3}\.\d{2,9})°? ?([NSEW])?(?![\d.])", re.IGNORECASE)
_MOST = 60
_SAME = 0.0006  # degrees: two seconds
_SIGN = {"n": 1, "s": -1, "e": 1, "w": -1, "北": 1, "南": -1, "东": 1, "東": 1, "西": -1}


@dataclass(frozen=True, slots=True)
class ReadPlace:
    """A place as it stands in the folded text, in degrees; north and east are positive."""

    start: int
    end: int
    latitude: float
    longitude: float


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
        ours, theirs = (self.latitude, self.longitude), (read.latitude, read.longitude)
        right = [abs(mine - its) <= _SAME for mine, its in zip(ours, theirs, strict=True)]
        if all(right):
            return "same", 1.0, False
        if all(abs(abs(mine) - abs(its)) <= _SAME for mine, its in zip(ours, theirs, strict=True)):
            return "half", 0.5, True
        if all(abs(abs(mine) - abs(its)) <= _SAME for mine, its in zip(ours, theirs[::-1], strict=True)):
            return "order", 0.3, True
        return ("part", 0.3, True) if any(right) else ("other", 0.0, True)

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the place."""
        return [f"{self.latitude:.5f}, {self.longitude:.5f}"]


def _read(text: Text) -> list[ReadPlace]:
    found: list[ReadPlace] = []
    original = text.original
    if not re.search(r"[°º度]|degree|\d\.\d{2}", original):
        return found
    for m, _ in zip(_PAIR.finditer(original), range(_MOST), strict=False):
        first, second = (_degrees(m, n) for n in ("1", "2"))
        if _is_longitude(m, "1") and not _is_longitude(m, "2"):
            first, second = second, first
        if abs(first) <= 90 and abs(second) <= 180:
            found.append(ReadPlace(*_span(text, m), first, second))
    for m, _ in zip(_PLAIN.finditer(original), range(_MOST), strict=False):
        latitude = float(m[1]) * _SIGN.get((m[2] or "n").lower(), 1)
        longitude = float(m[3]) * _SIGN.get((m[4] or "e").lower(), 1)
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            found.append(ReadPlace(*_span(text, m), latitude, longitude))
    return found


def _degrees(m: re.Match[str], n: str) -> float:
    size = abs(float(m[f"d{n}"])) + float(m[f"m{n}"] or 0) / 60 + float(m[f"s{n}"] or 0) / 3600
    said = m[f"after{n}"] or m[f"before{n}"] or ""
    sign = _SIGN.get(said[:1].lower(), 1) if not said.lower().startswith(("lat", "lon")) else 1
    return -size if m[f"d{n}"].startswith("-") else size * sign


def _is_longitude(m: re.Match[str], n: str) -> bool:
    said = ((m[f"after{n}"] or "") + (m[f"before{n}"] or "")).lower()
    return bool(said) and (said[0] in "ew东東西" or "lon" in said)


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
    return Coordinates(read[0].latitude, read[0].longitude)


