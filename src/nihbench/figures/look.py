"""The look shared by all figures: matplotlib's settings, and fonts for any script.

Settings are changed only inside `look()` and put back after it, so a user's matplotlibrc neither changes a figure
nor is changed by one. Chinese comes from the open font of the extra `nihbench[zh]`
where it is installed, else from the fonts of the system. Where neither has a character a box is drawn, and `missing`
names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from nihbench.endpoint.kinds import HANDLING
from nihbench.figures.style import CLASSIC, Palette

INK = "#262626"
QUIET = "#555555"

_PACKAGED = ("pylopdf_fonts_zh_cn", "sans_path")
"""The module of the extra `zh` and its function that returns a font file's path."""

_CJK_FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "STHeiti", "SimHei", "SimSun",
    "Noto Sans CJK JP", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
_BOLD = (600, 700, 800, "semibold", "demibold", "bold", "heavy")
_THIN: set[str] = set()
"""Families that have no bold face."""
_BOX = "\N{WHITE SQUARE}"


@contextmanager
def look() -> Iterator[None]:
    """Draw or save inside: matplotlib's own defaults and ours, whatever the user's settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": list(families()),
                "pdf.fonttype": 42,
                # Widths that grow with the size alone, so that what is measured fits at every resolution.
                "text.hinting": "none",
                "svg.hashsalt": "nihbench",
            }
        )
        yield


@cache
def families() -> tuple[str, ...]:
    """Return the font families to use, in order: matplotlib's own, then those with Chinese, the packaged one first."""
    packaged = _add_packaged()
    fonts = font_manager.fontManager.ttflist
    present = {font.name for font in fonts}
    chinese = (*packaged, *(name for name in _CJK_FAMILIES if name in present and name not in packaged))
    for name in chinese:  # a family without bold stands in a bold title as it is; matplotlib would warn each time
        faces = [font for font in fonts if font.name == name]
        if not any(font.weight in _BOLD for font in faces):
            _THIN.add(name)
            fonts.append(replace(faces[0], weight=700))
    return ("DejaVu Sans", *chinese)


def _add_packaged() -> tuple[str, ...]:
    """Tell matplotlib of the extra's font, for this process only; return its family, or nothing without the extra."""
    module, function = _PACKAGED
    if find_spec(module) is None:
        return ()
    path = getattr(import_module(module), function)()
    font_manager.fontManager.addfont(path)
    return (font_manager.get_font(path).family_name,)


@cache
def _covers(character: str, weight: str) -> bool:
    return any(font_manager.get_font(path).get_char_index(ord(character)) for path in _files(weight))


@cache
def _files(weight: str) -> tuple[str, ...]:
    fonts = (font_manager.FontProperties(family=name, weight=weight) for name in families())
    return tuple(font_manager.findfont(font) for font in fonts)


def drawable(text: str, *, bold: bool = False) -> str:
    """Return the text with every run of white space as one blank and a box for each character that no font has."""
    weight = "bold" if bold else "normal"
    return "".join(c if _covers(c, weight) else _BOX for c in " ".join(text.split()))


def weight(text: str) -> str:
    """Return "bold", or "normal" for a text that would be bold in parts only: a family it needs has no bold face."""
    return "bold" if all(_is_bold(character) for character in text) else "normal"


@cache
def _is_bold(character: str) -> bool:
    for name, path in zip(families(), _files("bold"), strict=True):
        if font_manager.get_font(path).get_char_index(ord(character)):
            return name not in _THIN
    return True


def missing(text: str) -> tuple[str, ...]:
    """Return the characters of a text that would be drawn as boxes, each once, in their order."""
    return tuple(dict.fromkeys(c for c in text if not c.isspace() and not _covers(c, "normal")))


# ---- the hatching of cells without a value, as plain lines: many viewers of SVG can't fill with a pattern ------------
# A pattern tells a group of failures, so that a map says at a glance whether the account, the server or the prompt was
# at fault.


Lines = NDArray[np.float64]

_GROUP_OF: Mapping[str, str] = {kind: handling.group for kind, handling in HANDLING.items()} | {"unscored": "answer"}
GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(kind for kind, own in _GROUP_OF.items() if own == group) for group in dict.fromkeys(_GROUP_OF.values())
}
"""Which kinds of failure share a pattern; a kind that is not here is "other"."""


def group_of(kind: str) -> str:
    """Return the group that a kind of failure belongs to."""
    return _GROUP_OF.get(kind, "other")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hatch:
    """Lines `step` inches apart on a light ground; `ways` are of "rising", "falling", "level" and "upright"."""

    ways: tuple[str, ...]
    step: float
    answered: bool = True
    """Whether the ground is that of cells with a failure, not of cells that were never run."""

    def lines(self, width: float, height: float) -> Lines:
        """Return the lines for a box of this size in inches, each from edge to edge.

        Returns:
            Shape (lines, 2 ends, 2): x to the right and y downwards, as shares of the box's width and height.
        """
        return np.concatenate([_WAYS[way](width, height, self.step) / (width, height) for way in self.ways])

    def boxes(
        self, corners: Lines, sizes: Lines, inches: tuple[float, float], palette: Palette = CLASSIC
    ) -> tuple[PolyCollection, LineCollection]:
        """Return the ground and the lines of boxes, to be added to a figure or to axes.

        Args:
            corners: Shape (boxes, 2), each box's top left corner, in coordinates whose y grows downwards.
            sizes: Shape (boxes, 2), each box's width and height in the same coordinates.
            inches: How many inches one unit of these coordinates has, to the right and downwards.
            palette: Where the colours are from.
        """
        face = palette.no_answer if self.answered else palette.not_run
        outline = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
        ground = PolyCollection(
            list(corners[:, None] + outline * sizes[:, None]), facecolors=face, linewidths=0, zorder=0.4
        )
        lines = [corner + self.lines(*(size * inches)) * size for corner, size in zip(corners, sizes, strict=True)]
        return ground, LineCollection(
            list(np.concatenate(lines)), colors=palette.hatch_line, linewidths=0.8, capstyle="butt", zorder=0.5
        )


def _rising(width: float, height: float, step: float) -> Lines:
    """A rising line at 45 degrees holds the points whose x + y is the same."""
    sums = np.arange(step / 2, width + height, step)
    upper = np.stack([np.minimum(sums, width), np.maximum(sums - width, 0)], axis=-1)
    lower = np.stack([np.maximum(sums - height, 0), np.minimum(sums, height)], axis=-1)
    return np.stack([lower, upper], axis=1)


def _falling(width: float, height: float, step: float) -> Lines:
    lines = _rising(width, height, step)
    lines[:, :, 0] = width - lines[:, :, 0]
    return lines


def _level(width: float, height: float, step: float) -> Lines:
    places = np.arange(min(step, height) / 2, height, step)
    return np.stack([np.stack([np.full_like(places, x), places], axis=-1) for x in (0.0, width)], axis=1)


def _upright(width: float, height: float, step: float) -> Lines:
    lines: Lines = _level(height, width, step)[:, :, ::-1]
    return lines


_WAYS = {"rising": _rising, "falling": _falling, "level": _level, "upright": _upright}

HATCHES: Mapping[str, Hatch] = {
    "account": Hatch(ways=("level",), step=0.065),
    "server": Hatch(ways=("rising",), step=0.075),
    "request": Hatch(ways=("rising", "falling"), step=0.11),
    "content": Hatch(ways=("upright",), step=0.065),
    "answer": Hatch(ways=("level", "upright"), step=0.085),
    "other": Hatch(ways=("falling",), step=0.06),
}
UNRUN = Hatch(ways=("falling",), step=0.15, answered=False)
