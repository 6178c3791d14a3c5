"""Runs over time as a figure: found with its interval, how far it reaches below, and a line where something changed.

A block for each series, its runs side by side in the order of their time; what could not be tested is drawn hollow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, log2

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nihbench.analysis.history import Series
from nihbench.errors import UsageError
from nihbench.figures.captions import joined, length_labels, length_notes, listed
from nihbench.figures.history_text import histories_of, say, told
from nihbench.figures.page import INK, LINE_IN, QUIET, Ruler, drawable, look
from nihbench.figures.sheet import GAP, HEADING, LABEL, MARGIN, TICK, TICK_MARK, Around, Sheet, fitted, too_narrow
from nihbench.figures.style import Style
from nihbench.figures.sweeps import Kind, Sweep
from nihbench.lang.messages import Lang, t

_WIDTH, _FOUND, _REACH, _BETWEEN, _LEAST = 9.6, 1.8, 1.1, 0.3, 1.6
_COLOURS = {"found": "#0072B2", "reach": "#009E73", "change": "#D55E00"}
_GREYS = {"found": "#000000", "reach": "#555555", "change": "#000000"}


def draw_history(sweeps: Sequence[Sweep], around: Around, style: Style) -> Figure:
    """Draw the series of some sweeps that have two runs or more.

    Raises:
        UsageError: There is none, or the style's size is too small.
    """
    series = drawn_of(sweeps)
    if not series:
        raise UsageError(t("history.no_series"))
    with look():
        return fitted(style, lambda chosen: _drawn(series, around, chosen))


def drawn_of(sweeps: Sequence[Sweep]) -> tuple[Series, ...]:
    """Return the series that have something over time."""
    return tuple(each for each in histories_of(sweeps) if len(each.points) > 1)


def _drawn(series: Sequence[Series], around: Around, style: Style) -> Figure:
    f, ruler = style.scale, Ruler(style.dpi)
    width = style.width or _WIDTH
    sheet = Sheet(around, style, ruler, width, [])
    shown = sorted({length for each in series for point in each.points for length in point.statistics.lengths})
    labels = length_labels(shown)
    wide = max(ruler.size(text, points=TICK * f)[0] for text in ("100%", *labels))
    left = MARGIN + LABEL * f * LINE_IN + GAP / 2 + wide + TICK_MARK
    room = width - left - MARGIN
    if room < _LEAST:
        raise too_narrow(width, width + _LEAST - room)
    foot = TICK_MARK + TICK * f * LINE_IN + GAP
    line = TICK * f * LINE_IN if any(point.version for each in series for point in each.points) else 0.0
    fixed = HEADING * f * LINE_IN + GAP + line + 2 * GAP + foot
    usual = fixed + (_FOUND + _REACH) * f
    total = len(series) * usual + (len(series) - 1) * _BETWEEN * f
    body = sheet.body(len(series) * (fixed + 1.0) + (len(series) - 1) * _BETWEEN * f)
    high = usual if body is None else (body - (len(series) - 1) * _BETWEEN * f) / len(series)
    page = sheet.page(total if body is None else body)
    colours = _GREYS if style.palette.name == "grey" else _COLOURS
    for number, each in enumerate(series):
        y = sheet.above + number * (high + _BETWEEN * f)
        text = drawable(each.name, bold=True)
        page.text(left, y + HEADING * f * LINE_IN, text, points=HEADING * f, va="bottom", fontweight="bold")
        y += HEADING * f * LINE_IN + GAP + line
        for x, version in _versions(each, ruler, room, f):
            page.text(left + x, y - GAP / 3, version, points=TICK * f, va="bottom", color=QUIET)
        upper = (high - fixed) * _FOUND / (_FOUND + _REACH)
        lower = (high - fixed) - upper
        above, below = page.axes(left, y, room, upper), page.axes(left, y + upper + 2 * GAP, room, lower)
        _found(above, each, colours, f)
        _reach(below, each, colours, f, shown)
        _times(below, each, ruler, room, f)
        for axes, key, middle in ((above, "found", y + upper / 2), (below, "reach", y + upper + 2 * GAP + lower / 2)):
            _changes(axes, each, colours, f)
            told_axis = drawable(say(style.lang, f"axis_{key}"))
            page.text(MARGIN, middle, told_axis, points=LABEL * f, rotation=90, va="center", ha="left")
    return page.figure


def _versions(series: Series, ruler: Ruler, room: float, f: float) -> Iterator[tuple[float, str]]:
    """Give where a version is first seen, in inches from the left, and its name; those without room are left out."""
    taken, last = 0.0, ""
    for number, point in enumerate(series.points):
        name = drawable(point.version)
        wide = ruler.size(name, points=TICK * f)[0] if name else 0.0
        x = room * (number + 0.5) / len(series.points) - 0.04
        if name and point.version != last and x >= taken and x + wide <= room:
            yield x, name
            taken = x + wide + GAP
        last = point.version


def _found(axes: Axes, series: Series, colours: dict[str, str], f: float) -> None:
    found = [point.found for point in series.points]
    at = np.arange(len(found), dtype=np.float64)
    value = np.array([each.value for each in found])
    low = np.array([each.interval.low if each.measured else np.nan for each in found])
    high = np.array([each.interval.high if each.measured else np.nan for each in found])
    colour, tested = colours["found"], np.isin(np.arange(len(found)), series.tested)
    axes.vlines(at, low, high, color=colour, alpha=0.45, linewidth=_stroke(found, f, 2.4), zorder=2)
    line = np.where(tested, value, np.nan)
    axes.plot(at[tested], line[tested], color=colour, linewidth=1.0 * f, alpha=0.7, zorder=2.5, clip_on=False)
    size = _stroke(found, f, 4.5)
    axes.plot(at[tested], value[tested], "o", color=colour, markersize=size, zorder=3, clip_on=False)
    axes.plot(
        at[~tested], value[~tested], "o", markerfacecolor="white", markeredgecolor=colour, markersize=size, zorder=3,
        clip_on=False,
    )  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, 0))
    _frame(axes, len(found), f)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)


def _stroke(points: Sequence[object], f: float, usual: float) -> float:
    """Return how thick a mark is: of many runs it is thinner."""
    return f * max(1.0, min(usual, usual * 40 / max(len(points), 1)))


def _reach(axes: Axes, series: Series, colours: dict[str, str], f: float, shown: Sequence[int]) -> None:
    """Draw effective lengths as steps of the lengths that were tested: below the first is none of them."""
    lengths = sorted({length for point in series.points for length in point.statistics.lengths})
    colour = colours["reach"]
    for at, point in enumerate(series.points):
        made = point.effective
        if made.status not in ("length", "at_least", "below"):
            continue
        bottom = lengths[0] / 2
        low, high = made.low or bottom, lengths[-1] if made.high_open else made.high or bottom
        hollow = at not in series.tested
        axes.vlines(at, low, high, color=colour, alpha=0.45, linewidth=_stroke(series.points, f, 2.4), zorder=2)
        axes.plot(
            [at], [made.length or bottom], "^" if made.status == "at_least" else "v" if made.length is None else "o",
            color=colour, markersize=_stroke(series.points, f, 5.0), zorder=3, clip_on=False,
            markerfacecolor="white" if hollow else colour,
        )  # fmt: skip
    axes.set_yscale("log", base=2)
    axes.set_ylim(lengths[0] / 2, lengths[-1] * 2 ** (0.06 * max(1.0, log2(lengths[-1] / lengths[0]))))
    kept = lengths[:: max(1, ceil(len(lengths) / 4))]
    axes.set_yticks(kept, length_labels(kept))
    axes.minorticks_off()
    _frame(axes, len(series.points), f)


def _frame(axes: Axes, runs: int, f: float) -> None:
    axes.set_xlim(-0.5, runs - 0.5)
    axes.grid(axis="y", color="#E2E2E2", linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=3, width=0.8, color=QUIET, labelcolor=INK, labelsize=TICK * f)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.patch.set_visible(False)


def _times(axes: Axes, series: Series, ruler: Ruler, room: float, f: float) -> None:
    """Label runs by their days, as many as have room."""
    days = [point.day for point in series.points]
    wide = ruler.size("2026-00-00", points=TICK * f)[0] + GAP
    step = max(1, ceil(len(days) / max(1, int(room / wide))))
    kept = list(range(0, len(days), step))
    axes.set_xticks(kept, [days[at] for at in kept])


def _changes(axes: Axes, series: Series, colours: dict[str, str], f: float) -> None:
    for change in series.changes.points:
        at = (series.tested[change.after] + series.tested[change.after + 1]) / 2
        axes.axvline(at, color=colours["change"], linewidth=1.4 * f, linestyle=(0, (4, 2)), zorder=1.5)


# ---- the kind --------------------------------------------------------------------------------------------------------


def _title(sweeps: Sequence[Sweep], lang: Lang) -> str:
    return say(lang, "title", models=listed(lang, list(dict.fromkeys(sweep.setting.model for sweep in sweeps))))


def _caption(sweeps: Sequence[Sweep], style: Style) -> str:
    lang, settings = style.lang, [sweep.setting for sweep in sweeps]
    # The first sentence of each is its verdict; the rest is `nih history`'s.
    sentences = [told(each, lang)[0] for each in drawn_of(sweeps)]
    synthetic = say(lang, "synthetic") if any(setting.synthetic for setting in settings) else ""
    versions = listed(lang, list(dict.fromkeys(setting.version for setting in settings)))
    how = [synthetic, say(lang, "legend"), *length_notes(settings, lang), say(lang, "setup", version=versions)]
    return "\n".join([*sentences, joined(lang, how)])


def _place_of(sweep: Sweep) -> tuple[object, ...]:
    """Return where a sweep stands: every run has its own, so that none is called otherwise than its model."""
    return sweep.origin.run, sweep.origin.began, sweep.grid.experiment, sweep.grid.prompt


HISTORY = Kind(draw=draw_history, title=_title, caption=_caption, place_of=_place_of)
