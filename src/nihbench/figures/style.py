"""How a figure is to look: language, colours, size, resolution, size of type; presets for a post and for a slide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nihbench.errors import UsageError
from nihbench.figures.colours import CLASSIC, Palette
from nihbench.lang.messages import Lang, t

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
