"""A figure laid out by hand, in inches from its top left corner: text is measured first, then all is placed.

matplotlib's own layouts keep no room for a caption and a legend of unknown length; this does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D

from nihbench.errors import FetchError, UsageError, unwritable
from nihbench.fetch.files import write_atomic
from nihbench.figures.look import INK, Hatch, look, weight
from nihbench.figures.style import Palette
from nihbench.lang.messages import t

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
