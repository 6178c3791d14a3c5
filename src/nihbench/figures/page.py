"""A figure's page: its look and fonts, everything laid out by hand (text is measured first), and the file it becomes.

matplotlib's own layouts keep no room for a caption and a legend of unknown length; this does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from nihbench.endpoint.kinds import HANDLING
from nihbench.errors import FetchError, UsageError, unwritable
from nihbench.fetch.files import write_atomic
from nihbench.figures.style import CLASSIC, Palette
from nihbench.lang.messages import t

# ---- the look shared by all figures: matplotlib's settings, and fonts for any script ---------------------------------
# Settings are changed only inside `look()` and put back after it, so a user's matplotlibrc neither changes a figure nor
# is changed by one. Chinese comes from the open font of the extra `nihbench[zh]` where it is installed, else from the
# fonts of the system. Where neither has a character a box is drawn, and `missing` names it.


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


def group_of(kind: str) -> str:
    """Return the group that a kind of failure belongs to, which share a pattern; one that is not known is "other"."""
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


# ---- a page laid out by hand, in inches from its top left corner -----------------------------------------------------


LINE_IN = 1.35 / 72
"""Height of a line of text in inches, per point of its size."""


_CLOSING = r"，。、；：！？）》」』】”’％"
_HAN = "\u2e80-\u2fff\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING = "（《「『【“‘"
_WORD = rf"[^ {_HAN}]+(?: = [^ {_HAN}]+)?"
_UNIT = re.compile(rf" ?[{_OPENING}]*(?:[{_HAN}]|{_WORD})[{_CLOSING}]*")
"""What a line is not broken in: a word, an equation or a Chinese character, with the marks that open and close it."""

_JOINT = re.compile(r"[-/_](?=\w)")
"""Where a word that is longer than a line, such as a model's name, is cut sooner than between two letters."""


class Ruler:
    """Measures text as the Agg renderer sets it."""

    def __init__(self, dpi: int = 200) -> None:
        self._figure = Figure(dpi=dpi)
        FigureCanvasAgg(self._figure)

    def size(self, text: str, *, points: float, bold: bool = False, rotation: float = 0.0) -> tuple[float, float]:
        """Return width and height of a text in inches."""
        artist = self._figure.text(
            0,
            0,
            text,
            fontsize=points,
            fontweight=weight(text) if bold else "normal",
            rotation=rotation,
            parse_math=False,
        )
        box = artist.get_window_extent()
        artist.remove()
        return box.width / self._figure.dpi, box.height / self._figure.dpi

    def balanced(self, text: str, *, width: float, points: float) -> list[str]:
        """Break a text into as few lines as `wrap` does, of about the same width: no single character on the last."""
        lines = self.wrap(text, width=width, points=points)
        for share in (0.6, 0.7, 0.8, 0.9) if len(lines) > 1 else ():
            even = self.wrap(text, width=width * share, points=points)
            if len(even) == len(lines):
                return even
        return lines

    def wrap(self, text: str, *, width: float, points: float, bold: bool = False) -> list[str]:
        """Break a text into lines at most `width` inches wide, at blanks and between Chinese characters.

        No line begins with a mark that closes something; a word is cut only where it is longer than a line, and then
        at one of its joints.
        """
        bold = bold and weight(text) == "bold"
        units, lines = _UNIT.findall(" ".join(text.split())), list[str]()
        while units:
            fitting = self._fitting(units, width, points, bold)
            if not fitting:  # a word too long for a line: cut it
                word = units[0].strip()
                cut = max(1, self._fitting(list(word), width, points, bold))
                cut = max((found.end() for found in _JOINT.finditer(word) if found.end() <= cut), default=cut)
                units[:1] = [word[:cut], *([word[cut:]] if word[cut:] else [])]
                fitting = 1
            lines.append("".join(units[:fitting]).strip())
            units = units[fitting:]
        return lines

    def _fitting(self, units: Sequence[str], width: float, points: float, bold: bool) -> int:
        """Return how many of the units are together at most `width` inches wide."""

        def too_wide(count: int) -> bool:
            return self.size("".join(units[:count]).strip(), points=points, bold=bold)[0] > width

        return bisect_left(range(1, len(units) + 1), True, key=too_wide)


class Page:
    """A figure of a known size on which things are put at `x`, `y` inches from the top left corner."""

    def __init__(self, width: float, height: float, *, transparent: bool = False) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), facecolor="none" if transparent else "white")
        FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes whose top left corner is at x, y."""
        return self.figure.add_axes(
            (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        )

    def lines(self, x: float, y: float, lines: Sequence[str], *, points: float, **style: Any) -> float:
        """Set lines of text under each other, the first one's top at y; return where the next would begin.

        All are bold, or none where one of them could not be.
        """
        if style.get("fontweight") == "bold":
            style["fontweight"] = weight("".join(lines))
        for line in lines:
            self.text(x, y, line, points=points, va="top", **style)
            y += points * LINE_IN
        return y

    def text(self, x: float, y: float, text: str, *, points: float, **style: Any) -> None:
        """Set one line of text; `style` is matplotlib's (ha, va, rotation, color, fontweight)."""
        if style.get("fontweight") == "bold":
            style["fontweight"] = weight(text)
        self.figure.text(
            x / self.width, 1 - y / self.height, text, fontsize=points, parse_math=False, **{"color": INK, **style}
        )

    def stroke(self, x: float, y: float, width: float, **style: Any) -> None:
        """Draw a level stroke with a marker in its middle; `style` is that of a matplotlib line."""
        marker = {key: style.pop(key) for key in ("marker", "markersize")}
        y = 1 - y / self.height
        ends = [x / self.width, (x + width) / self.width]
        self.figure.add_artist(Line2D(ends, [y, y], transform=self.figure.transFigure, **style))
        middle = [sum(ends) / 2]
        self.figure.add_artist(Line2D(middle, [y], transform=self.figure.transFigure, **style, **marker))

    def hatched(self, x: float, y: float, width: float, height: float, hatch: Hatch, palette: Palette) -> None:
        """Draw a hatched rectangle whose top left corner is at x, y."""
        inches = Affine2D().scale(1 / self.width, -1 / self.height).translate(0, 1) + self.figure.transFigure
        corner, size = np.array([(x, y)]), np.array([(width, height)])
        for artist in hatch.boxes(corner, size, (1.0, 1.0), palette):
            artist.set_transform(inches)
            self.figure.add_artist(artist)


# ---- a figure as a file: PNG, SVG or PDF, the same bytes for the same figure -----------------------------------------


# What matplotlib would write of itself and of the time, left out.
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
SUFFIXES = tuple(_METADATA)
_DPI = 200


def check_suffix(path: Path) -> str:
    """Return the path's suffix in lower case.

    Raises:
        UsageError: It is not one that a figure can be written as.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(t("figures.figure_cant_written_give", path_name=path.name, suffixes=tuple(SUFFIXES)))
    return suffix


def save(figure: Figure, path: Path, dpi: int = _DPI) -> None:
    """Write a figure in the format that the path's suffix names; folders that are missing are made.

    The picture is made in memory first, so a failure leaves an older file as it was.

    Raises:
        UsageError: The suffix is not .png, .svg or .pdf, or the file can't be written.
    """
    write_picture(path, picture_of(figure, check_suffix(path), dpi))


def picture_of(figure: Figure, suffix: str, dpi: int = _DPI) -> bytes:
    """Return a figure as the file of this suffix would hold it."""
    picture = BytesIO()
    with look():
        # The figure's own ground: a transparent one stays so.
        figure.savefig(picture, format=suffix[1:], dpi=dpi, metadata=dict(_METADATA[suffix]), facecolor="auto")
    return picture.getvalue()


def write_picture(path: Path, data: bytes) -> None:
    """Write a finished picture; folders that are missing are made.

    Raises:
        UsageError: The file can't be written.
    """
    try:
        # By another name first: what has this name may be a link, and a run's folder somebody else's.
        write_atomic(path, data)
    except FetchError as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else OSError(str(error))
        raise unwritable(path, cause, UsageError, t("errors.choose_another_place")) from error
