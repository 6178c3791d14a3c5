"""The colours of a score: the article's red to yellow to green, one scale for files and terminals."""

from __future__ import annotations

STOPS = ("#F0496E", "#EBB839", "#0CD79F")
"""Colours of 0, 0.5 and 1."""

LEVELS = 401
"""Steps of the scale as drawn: with 401, each of the five bands falls exactly on a step."""

NO_ANSWER = "#D4D4D4"
NOT_RUN = "#F4F4F4"
HATCH_LINE = "#8A8A8A"


def colour_of(value: float) -> str:
    """Return the colour of a value between 0 and 1 as "#rrggbb"."""
    low, high = (STOPS[0], STOPS[1]) if value < 0.5 else (STOPS[1], STOPS[2])
    share = value * 2 if value < 0.5 else value * 2 - 1
    parts = (round(a + (b - a) * share) for a, b in zip(_rgb(low), _rgb(high), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
