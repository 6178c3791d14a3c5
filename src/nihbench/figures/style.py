"""How a figure is to look: language, colours, size, resolution, size of type; presets for posts and for a slide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nihbench.errors import UsageError
from nihbench.lang.messages import Lang, t

# ---- the colours of a score: named palettes, each one scale for files and terminals ----------------------------------
# `classic` is the article's red to yellow to green. `safe` runs from dark blue to yellow: its lightness grows with the
# value, so it can be read with any colour vision. `grey` is for print: a miss is dark, and cells without a value stand
# on white.


STOPS = ("#F0496E", "#EBB839", "#0CD79F")
"""Colours of 0, 0.5 and 1 in `classic`."""

LEVELS = 401
"""Steps of the scale as drawn: with 401, each of the five bands falls exactly on a step."""

NO_ANSWER = "#D4D4D4"
NOT_RUN = "#F4F4F4"
HATCH_LINE = "#8A8A8A"


@dataclass(frozen=True, kw_only=True, slots=True)
class Palette:
    """Colours evenly spaced over the scale, those of a difference (worse, same, better), and those of hatching."""

    name: str
    stops: tuple[str, ...]
    difference: tuple[str, ...]
    no_answer: str = NO_ANSWER
    not_run: str = NOT_RUN
    hatch_line: str = HATCH_LINE
    alarm: str = "#C0143C"

    def colour(self, value: float) -> str:
        """Return the colour of a value between 0 and 1 as "#rrggbb"."""
        return mixed(self.stops, value)


_WORSE_TO_BETTER = ("#B35806", "#F1A340", "#F7F7F7", "#74A9CF", "#045A8D")

CLASSIC = Palette(name="classic", stops=STOPS, difference=_WORSE_TO_BETTER)
SAFE = Palette(name="safe", stops=("#00224E", "#434E6C", "#7D7C78", "#BCAF6F", "#FEE838"), difference=_WORSE_TO_BETTER)
GREY = Palette(
    name="grey", stops=("#262626", "#DCDCDC"), difference=("#1A1A1A", "#8C8C8C", "#F2F2F2"), no_answer="#FFFFFF",
    not_run="#FFFFFF", hatch_line="#6A6A6A", alarm="#000000",
)  # fmt: skip
PALETTES: Mapping[str, Palette] = {palette.name: palette for palette in (CLASSIC, SAFE, GREY)}


def palette(name: str) -> Palette:
    """Return a palette by its name.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in PALETTES:
        raise UsageError(t("figures.no_colours_named_choose", name=name, palettes=tuple(PALETTES)))
    return PALETTES[name]


def colour_of(value: float) -> str:
    """Return the classic colour of a value between 0 and 1 as "#rrggbb"."""
    return CLASSIC.colour(value)


def mixed(stops: tuple[str, ...], share: float) -> str:
    """Return the colour at a share of the way through evenly spaced stops."""
    place = share * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    low, high = _rgb(stops[first]), _rgb(stops[first + 1])
    return "#" + "".join(f"{round(a + (b - a) * (place - first)):02x}" for a, b in zip(low, high, strict=True))


def is_dark(colour: str) -> bool:
    """Say whether white is read better on this colour than black: by the contrast ratio of WCAG 2."""
    shares = [part / 255 for part in _rgb(colour)]
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# ---- style -----------------------------------------------------------------------------------------------------------


_LEAST_IN, _MOST_IN = 2.0, 60.0
_LEAST_DPI, _MOST_DPI = 40, 1200
_MOST_PIXELS = 12_000
"""Of an edge: beyond it a picture takes gigabytes of memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """A figure's look. `width` and `height` in inches, None: as the content asks; `scale` multiplies sizes of type."""

    lang: Lang = "en"
    palette: Palette = CLASSIC
    width: float | None = None
    height: float | None = None
    dpi: int = 200
    scale: float = 1.0
    transparent: bool = False
    values: bool = True
    achieved: bool = False


PRESETS: Mapping[str, Style] = {
    "default": Style(),
    # 1,600 pixels, shown about 800 wide on screens of double density: its smallest type is then 11 pixels high.
    "blog": Style(width=8.0, dpi=200, scale=1.1),
    "slide": Style(width=40 / 3, height=7.5, dpi=144, scale=1.45),  # 1,920 x 1,080 pixels
    # Posts: their type is large enough for the screen of a phone.
    "square": Style(width=10.0, height=10.0, dpi=108, scale=1.3),  # 1,080 x 1,080 pixels
    "wide": Style(width=40 / 3, height=7.5, dpi=120, scale=1.45),  # 1,600 x 900 pixels
    "story": Style(width=10.0, height=160 / 9, dpi=108, scale=1.35),  # 1,080 x 1,920 pixels
}


def preset(name: str) -> Style:
    """Return a preset by its name.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in PRESETS:
        raise UsageError(t("figures.no_preset_choose_one", name=name, presets=tuple(PRESETS)))
    return PRESETS[name]


def sized(style: Style, *, size: str | None = None, dpi: int | None = None) -> Style:
    """Return a style with another size or resolution, checked.

    Args:
        style: What to start from.
        size: "8" or "8x5", inches; a width alone lets the content choose the height.
        dpi: Pixels an inch.

    Raises:
        UsageError: A value can't be read, or the picture would be absurdly small or large.
    """
    if size is not None:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:[x×](\d+(?:\.\d+)?))?", size.strip().lower())
        edges = [float(edge) for edge in found.groups() if edge] if found else []
        if not edges or not all(_LEAST_IN <= edge <= _MOST_IN for edge in edges):
            raise UsageError(t("figures.size_give_inches_8x5", size=size, least_in=_LEAST_IN, most_in=_MOST_IN))
        style = replace(style, width=edges[0], height=edges[1] if len(edges) == 2 else None)
    if dpi is not None:
        if not _LEAST_DPI <= dpi <= _MOST_DPI:
            raise UsageError(t("figures.dpi_give_number_from", dpi=dpi, least_dpi=_LEAST_DPI, most_dpi=_MOST_DPI))
        style = replace(style, dpi=dpi)
    if max(style.width or 0, style.height or 0) * style.dpi > _MOST_PIXELS:
        raise UsageError(t("figures.picture_may_pixels_edge", most_pixels=_MOST_PIXELS))
    return style
