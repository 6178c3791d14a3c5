"""The mean score by length and by depth as lines, with intervals where they came along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nihbench.analysis.grids import Profile
from nihbench.figures.captions import SEVERAL, axis_title, depth_labels, length_labels, row_labels, say, unit_phrase
from nihbench.figures.page import INK, LINE_IN, QUIET, Page, Ruler, drawable, look
from nihbench.figures.sheet import GAP, HEADING, LABEL, MARGIN, TICK, TICK_MARK, Around, Sheet, fitted, too_narrow
from nihbench.figures.style import Style
from nihbench.types import DEPTH, Axis

_WIDTH, _HEIGHT, _LEAST = 9.6, 3.2, 1.0
_LOG_FROM = 30
"""The ratio of the longest to the shortest length from which the axis of lengths is logarithmic."""
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")  # Okabe and Ito, 2008
_GREYS = ("#000000", "#6A6A6A", "#9A9A9A", "#444444")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_STROKES = ("-", "--", "-.", ":")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing that is compared: its name and its profiles."""

    name: str
    by_length: Profile
    by_depth: Profile
    axis: Axis = DEPTH
    """What the rows of its grid are."""


def draw_profiles(lines: Sequence[Line], around: Around, style: Style | None = None, *, length_unit: str) -> Figure:
    """Draw the profiles by length (left) and by depth (right) under one axis of values from 0 to 100%.

    Raises:
        NoRoomError: The style's size is too small for it.
    """
    with look():
        return fitted(style or Style(), lambda chosen: _drawn(lines, around, chosen, length_unit))


def _drawn(lines: Sequence[Line], around: Around, style: Style, length_unit: str) -> Figure:
    f, ruler = style.scale, Ruler(style.dpi)
    width = style.width or _WIDTH
    names = _Names(lines, ruler, style, width - 2 * MARGIN)
    sheet = Sheet(around, style, ruler, width, [])
    left = MARGIN + LABEL * f * LINE_IN + GAP / 2 + ruler.size("100%", points=TICK * f)[0] + TICK_MARK
    half = ruler.size("100%", points=TICK * f)[0] / 2  # what a label of an axis's end hangs out
    between = 2 * half + GAP * f
    each = (width - left - MARGIN - between - half) / 2
    if each < _LEAST:
        raise too_narrow(width, width + 2 * (_LEAST - each))
    above = names.height + HEADING * f * LINE_IN + GAP
    length = drawable(say(style.lang, "length", unit=unit_phrase(length_unit, style.lang)))
    length_lines = ruler.balanced(length, width=each, points=LABEL * f)
    after = TICK_MARK + TICK * f * LINE_IN + GAP / 2 + len(length_lines) * LABEL * f * LINE_IN
    body = sheet.body(above + after + _LEAST)
    height = _HEIGHT if body is None else body - above - after
    page = sheet.page(above + height + after)
    names.draw(page, sheet.above)
    y = sheet.above + above
    places = (left, left + each + between)
    axes = [page.axes(x, y, each, height) for x in places]
    title = SEVERAL.join(dict.fromkeys(axis_title(line.axis, style.lang) for line in lines))
    are_depths = all(line.axis.name == DEPTH.name for line in lines)
    by_row = say(style.lang, "by_depth") if are_depths else say(style.lang, "by_axis", axis=title)
    for x, heading in zip(places, (say(style.lang, "by_length"), by_row), strict=True):
        text = drawable(heading, bold=True)
        page.text(x, y - GAP, text, points=HEADING * f, va="bottom", fontweight="bold")
    for k, line in enumerate(lines):
        _draw(axes[0], line.by_length, k, style)
        _draw(axes[1], line.by_depth, k, style)
    widest = ruler.size("100.0K", points=TICK * f)[0]
    _length_axis(axes[0], [line.by_length for line in lines], max(2, int(each / (widest + GAP))))
    room = max(2, int(each / (widest + GAP)))
    if are_depths:
        _depth_axis(axes[1], room)
    else:
        _row_axis(axes[1], lines, room)
    for ax, labelled in zip(axes, (True, False), strict=True):
        _value_axis(ax, f, labelled=labelled)
    label_y = y + height + TICK_MARK + TICK * f * LINE_IN + GAP / 2
    for k, text in enumerate(length_lines):
        line_y = label_y + k * LABEL * f * LINE_IN
        page.text(places[0] + each / 2, line_y, text, points=LABEL * f, va="top", ha="center")
    page.text(places[1] + each / 2, label_y, drawable(title), points=LABEL * f, va="top", ha="center")
    band = drawable(say(style.lang, "mean_band"))
    page.text(MARGIN, y + height / 2, band, points=LABEL * f, rotation=90, va="center", ha="left")
    return page.figure


class _Names:
    """The legend above the axes: a stroke and a name for each line, as many in a row as fit."""

    def __init__(self, lines: Sequence[Line], ruler: Ruler, style: Style, width: float) -> None:
        self._style, f = style, style.scale
        self._places: list[tuple[float, int, str]] = []
        x, row = 0.0, 0
        for line in lines if len(lines) > 1 else ():
            [name, *_] = ruler.wrap(drawable(line.name), width=width - 0.5 * f, points=TICK * f) or [""]
            wide = 0.45 * f + ruler.size(name, points=TICK * f)[0] + 2 * GAP
            if x and x + wide > width:
                x, row = 0.0, row + 1
            self._places.append((x, row, name))
            x += wide
        self.height = (row + 1) * TICK * f * LINE_IN + GAP if self._places else 0.0

    def draw(self, page: Page, y: float) -> None:
        """Set the legend with its top at y."""
        f = self._style.scale
        for k, (x, row, name) in enumerate(self._places):
            line_y = y + row * TICK * f * LINE_IN
            page.stroke(MARGIN + x, line_y + TICK * f * LINE_IN * 0.4, 0.34 * f, **_stroke(k, self._style))
            page.text(MARGIN + x + 0.42 * f, line_y, name, points=TICK * f, va="top")


def _stroke(k: int, style: Style) -> dict[str, object]:
    colours = _GREYS if style.palette.name == "grey" else _LINES
    return {
        "color": colours[k % len(colours)],
        "marker": _MARKS[k % len(_MARKS)],
        "linestyle": _STROKES[k // len(colours) % len(_STROKES)] if style.palette.name != "grey" else _STROKES[k % 4],
        "linewidth": 1.6 * style.scale,
        "markersize": 4.0 * style.scale,
    }


def _draw(axes: Axes, profile: Profile, k: int, style: Style) -> None:
    stroke = _stroke(k, style)
    at = np.array(profile.at)
    # A place without a value breaks the line: nothing is drawn across what was not measured.
    axes.plot(at, profile.value, clip_on=False, zorder=3 + k / 100, **stroke)  # type: ignore[arg-type]
    if profile.low is not None and profile.high is not None:
        axes.fill_between(at, profile.low, profile.high, color=str(stroke["color"]), alpha=0.16, linewidth=0, zorder=2)
        alone = np.isnan(np.concatenate([[np.nan], profile.value[:-1]])) & np.isnan(
            np.concatenate([profile.value[1:], [np.nan]])
        )
        if alone.any():
            axes.vlines(at[alone], profile.low[alone], profile.high[alone], color=str(stroke["color"]), alpha=0.5)


def _length_axis(axes: Axes, profiles: Sequence[Profile], room: int) -> None:
    at = sorted({place for profile in profiles for place in profile.at})
    if at[-1] / at[0] >= _LOG_FROM and _is_geometric(at):
        axes.set_xscale("log")
    labels = dict(zip(at, length_labels([int(place) for place in at]), strict=True))
    step = max(1, ceil(len(at) / room))
    gaps = max(1, (len(at) - 1) // step)
    kept = [at[int(k * (len(at) - 1) / gaps + 0.5)] for k in range(gaps + 1)] if len(at) > 1 else at
    axes.set_xticks(kept, [labels[place] for place in kept])
    axes.minorticks_off()
    pad = (at[-1] - at[0]) * 0.02 or 1.0
    if axes.get_xscale() == "linear":
        axes.set_xlim(at[0] - pad, at[-1] + pad)
    else:
        axes.set_xlim(at[0] / 1.08, at[-1] * 1.08)


def _is_geometric(at: Sequence[float]) -> bool:
    """Say whether the places are nearer to even steps of a ratio than to even steps."""
    steps, ratios = np.diff(at), np.diff(np.log(at))
    return bool(ratios.std() / ratios.mean() < steps.std() / steps.mean())


def _depth_axis(axes: Axes, room: int) -> None:
    places = (0.0, 25.0, 50.0, 75.0, 100.0) if room >= 5 else (0.0, 50.0, 100.0)
    axes.set_xticks(places, depth_labels(places))
    axes.set_xlim(-2, 102)


def _row_axis(axes: Axes, lines: Sequence[Line], room: int) -> None:
    """Label the points of a task's own axis, as many as have room."""
    at = sorted({place for line in lines for place in line.by_depth.at})
    kept = at[:: max(1, ceil(len(at) / room))]
    axes.set_xticks(kept, row_labels(lines[0].axis, kept))
    pad = (at[-1] - at[0]) * 0.02 or 1.0
    axes.set_xlim(at[0] - pad, at[-1] + pad)


def _value_axis(axes: Axes, factor: float, *, labelled: bool) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.3, 0.5, 0.7, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, 0))
    axes.grid(axis="y", color="#E2E2E2", linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=3, width=0.8, color=QUIET, labelcolor=INK, labelsize=TICK * factor)
    axes.tick_params(axis="y", length=0, labelleft=labelled)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.patch.set_visible(False)
