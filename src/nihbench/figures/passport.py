"""The passport as a figure: tasks downwards, lengths to the right, how far each task reaches; a block for each model.

A cell has the share found as its colour and its number, under it the trials, and at its foot the interval of the share
from 0 (left) to 100% (right). A black line stands behind the longest length up to which enough is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nihbench.analysis.passport import Passport, Rung
from nihbench.errors import UsageError
from nihbench.figures.captions import joined, length_labels, length_notes, listed
from nihbench.figures.page import INK, LINE_IN, QUIET, UNRUN, Page, Ruler, drawable, look, weight
from nihbench.figures.passport_text import (
    headed,
    interval,
    labels,
    passports_of,
    percent,
    place_of,
    reach,
    say,
    scope,
    sentence,
)
from nihbench.figures.sheet import GAP, HEADING, LABEL, MARGIN, TICK, Around, Sheet, fitted, too_narrow
from nihbench.figures.style import Style, is_dark
from nihbench.figures.sweeps import Kind, Sweep
from nihbench.lang.messages import Lang, t
from nihbench.stats.headline import Estimate

# In inches, before the style's scale.
_NAME, _NAME_LEAST, _HIGH, _HIGH_LEAST = 2.5, 1.5, 0.44, 0.3
_CELL, _CELL_LEAST, _CELL_MOST = 0.64, 0.42, 1.1
_REACH, _BETWEEN, _BAR = 1.3, 0.3, 0.05
_NUMBER, _SMALL = 9.0, 6.5
_ABREAST = 3
"""So many models stand beside each other at most where nothing says how wide a figure is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Grid:
    """The rows that all models have, and where things are: inches."""

    passports: tuple[Passport, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[Rung | None, ...], ...]
    """For each model its rung in each row, None where it has none."""
    name: float
    cell: float
    reach: float
    abreast: int

    @property
    def columns(self) -> int:
        """The most lengths that a model has."""
        return max(len(passport.lengths) for passport in self.passports)

    @property
    def block(self) -> float:
        """The width of a model's cells, with how far they reach."""
        return self.columns * self.cell + self.reach


def draw_passport(sweeps: Sequence[Sweep], around: Around, style: Style) -> Figure:
    """Draw the passports of the models of some sweeps.

    Raises:
        UsageError: Nothing is measured, or the style's size is too small.
    """
    passports = passports_of(sweeps)
    if not passports:
        raise UsageError(t("cli.nothing_draw_no_run"))
    with look():
        return fitted(style, lambda chosen: _drawn(passports, around, chosen))


def _drawn(passports: Sequence[Passport], around: Around, style: Style) -> Figure:
    f, ruler = style.scale, Ruler(style.dpi)
    grid = _grid(passports, style, ruler)
    width = style.width or 2 * MARGIN + grid.name + grid.abreast * (grid.block + _BETWEEN * f) - _BETWEEN * f
    sheet = Sheet(around, style, ruler, width, [])
    above = _lead(passports, ruler, style, width - 2 * MARGIN)
    lead = len(above) * LABEL * f * LINE_IN + (GAP if above else 0.0)
    wrapped = [ruler.wrap(drawable(name), width=grid.name - GAP, points=TICK * f) for name in grid.names]
    head = (HEADING * f * LINE_IN if len(passports) > 1 else 0.0) + TICK * f * LINE_IN + GAP / 2
    lines = ceil(len(passports) / grid.abreast)
    least = [max(_HIGH_LEAST * f, len(each) * TICK * f * LINE_IN + 0.04) for each in wrapped]
    fixed = lead + lines * head + (lines - 1) * _BETWEEN * f
    body = sheet.body(fixed + lines * sum(least))
    usual = [max(_HIGH * f, each) for each in least]
    spare = sum(usual) if body is None else min(sum(usual), (body - fixed) / lines)
    share = 0.0 if sum(usual) == sum(least) else (spare - sum(least)) / (sum(usual) - sum(least))
    heights = [low + share * (high - low) for low, high in zip(least, usual, strict=True)]
    page = sheet.page(fixed + lines * sum(heights) if body is None else body)
    page.lines(MARGIN, sheet.above, above, points=LABEL * f)
    y = sheet.above + lead
    for first in range(0, len(passports), grid.abreast):
        _names(page, wrapped, heights, y + head, style)
        for place, index in enumerate(range(first, min(first + grid.abreast, len(passports)))):
            x = MARGIN + grid.name + place * (grid.block + _BETWEEN * f)
            _block(page, grid, index, (x, y), head, heights, ruler, style)
        y += head + sum(heights) + _BETWEEN * f
    return page.figure


def _grid(passports: Sequence[Passport], style: Style, ruler: Ruler) -> _Grid:
    """Put the models' rungs into rows, and see how many models stand beside each other."""
    f, lang = style.scale, style.lang
    named = [{name: rung for rung, name in labels(passport, lang).items()} for passport in passports]
    names = tuple(dict.fromkeys(name for each in named for name in each))
    columns = max(len(passport.lengths) for passport in passports)
    name, cell, reach, between = _NAME * f, _CELL * f, _REACH * f, _BETWEEN * f
    abreast = min(len(passports), _ABREAST)
    if style.width is not None:
        room = style.width - 2 * MARGIN
        least = [_NAME_LEAST * f + n * (columns * _CELL_LEAST * f + reach + between) - between for n in range(1, 99)]
        fits = [n for n, need in enumerate(least[: len(passports)], 1) if need <= room]
        if not fits:
            raise too_narrow(style.width, 2 * MARGIN + least[0])
        abreast = fits[-1]
        left = room - abreast * (reach + between) + between
        whole = max(ruler.size(drawable(headed(each)), points=TICK * f)[0] for each in names) + 2 * GAP
        name = min(max(_NAME_LEAST * f, left - abreast * columns * cell), max(whole, _NAME_LEAST * f))
        cell = min((left - name) / (abreast * columns), _CELL_MOST * f)
    return _Grid(
        passports=tuple(passports),
        names=tuple(headed(name) for name in names),
        rows=tuple(tuple(each.get(name) for name in names) for each in named),
        name=name,
        cell=cell,
        reach=reach,
        abreast=abreast,
    )


def _lead(passports: Sequence[Passport], ruler: Ruler, style: Style, width: float) -> list[str]:
    """Return the lines above the cells: of one model its sentence; several have theirs in the caption."""
    if len(passports) > 1:
        return []
    return ruler.wrap(drawable(sentence(passports[0], style.lang)), width=width, points=LABEL * style.scale)


def _names(page: Page, names: Sequence[Sequence[str]], heights: Sequence[float], y: float, style: Style) -> None:
    f = style.scale
    for lines, height in zip(names, heights, strict=True):
        page.lines(MARGIN, y + (height - len(lines) * TICK * f * LINE_IN) / 2, lines, points=TICK * f)
        y += height


def _block(
    page: Page,
    grid: _Grid,
    index: int,
    at: tuple[float, float],
    head: float,
    heights: Sequence[float],
    ruler: Ruler,
    style: Style,
) -> None:
    """Draw a model's lengths, cells and reaches, with its top left corner at `at`."""
    f, (x, y), passport = style.scale, at, grid.passports[index]
    lengths = passport.lengths
    if len(grid.passports) > 1:
        name = ruler.wrap(drawable(passport.model, bold=True), width=grid.block, points=HEADING * f, bold=True)[0]
        page.text(x, y, name, points=HEADING * f, va="top", fontweight="bold")
    for column, label in enumerate(length_labels(lengths)):
        middle = x + (column + 0.5) * grid.cell
        page.text(middle, y + head - GAP / 2, label, points=TICK * f, va="bottom", ha="center")
    right = x + len(lengths) * grid.cell + GAP
    heading = drawable(say(style.lang, "effective"))
    page.text(right, y + head - GAP / 2, heading, points=TICK * f, va="bottom", color=QUIET)
    axes = page.axes(x, y + head, len(lengths) * grid.cell, sum(heights))
    axes.set_xlim(0, len(lengths) * grid.cell)
    axes.set_ylim(sum(heights), 0)
    axes.axis("off")
    top = 0.0
    for rung, height in zip(grid.rows[index], heights, strict=True):
        if rung is not None:
            _row(axes, rung, lengths, (top, height), grid.cell, style)
            _told(page, rung, right, y + head + top + height / 2, style)
        top += height


def _row(axes: Axes, rung: Rung, lengths: Sequence[int], span: tuple[float, float], cell: float, style: Style) -> None:
    """Draw the cells of a row, and the line behind the longest length that is reached."""
    top, height = span
    for length, found in zip(rung.lengths, rung.cells, strict=True):
        _cell(axes, found, (lengths.index(length) * cell, top), (cell, height), style)
    if rung.verdict in ("reaches", "ends") and rung.effective.length is not None:
        x = (lengths.index(rung.effective.length) + 1) * cell
        axes.plot([x, x], [top, top + height], color=INK, linewidth=2.4 * style.scale, solid_capstyle="butt", zorder=5,
                  clip_on=False)  # fmt: skip


def _cell(axes: Axes, found: Estimate, at: tuple[float, float], size: tuple[float, float], style: Style) -> None:
    (x, y), (wide, high), f = at, size, style.scale
    inset = 0.012
    box = (x + inset, y + inset), wide - 2 * inset, high - 2 * inset
    if not found.measured:
        for artist in UNRUN.boxes(np.array([box[0]]), np.array([box[1:]]), (1.0, 1.0), style.palette):
            axes.add_collection(artist, autolim=False)
        return
    colour = style.palette.colour(found.value)
    ink = "white" if is_dark(colour) else "black"
    axes.add_patch(Rectangle(*box, facecolor=colour, linewidth=0))
    middle, bar = x + wide / 2, _BAR * f
    text = {"ha": "center", "color": ink, "parse_math": False, "zorder": 4}
    if style.values:
        number, small = _NUMBER * f, _SMALL * f
        both = (number + small) * LINE_IN
        begin = y + (high - bar - both) / 2
        axes.text(middle, begin + number * LINE_IN / 2, percent(found), fontsize=number, va="center",
                  fontweight=weight("0"), **text)  # type: ignore[arg-type]  # fmt: skip
        times = f"{_hits(found)}/{found.measured}"
        axes.text(middle, begin + (number + small / 2) * LINE_IN, times, fontsize=small, va="center", **text)  # type: ignore[arg-type]
    left, length = x + 2.5 * inset, wide - 5 * inset
    foot = y + high - inset - bar * 0.75
    ends = [left + length * found.interval.low, left + length * found.interval.high]
    axes.plot(
        [left, left + length], [foot, foot], color=ink, alpha=0.18, linewidth=1.6 * f, solid_capstyle="butt", zorder=2
    )
    axes.plot(ends, [foot, foot], color=ink, alpha=0.75, linewidth=1.6 * f, solid_capstyle="butt", zorder=3)


def _hits(found: Estimate) -> int:
    return round(found.value * found.measured)


def _told(page: Page, rung: Rung, x: float, middle: float, style: Style) -> None:
    """Write how far a row reaches, and the interval under it."""
    f = style.scale
    told, between = drawable(reach(rung, style.lang), bold=True), drawable(interval(rung, style.lang))
    bold = {"fontweight": "bold"} if rung.verdict in ("reaches", "ends") else {"color": QUIET}
    if not between:
        page.text(x, middle, told, points=TICK * f, va="center", **bold)
        return
    page.text(x, middle, told, points=TICK * f, va="bottom", **bold)
    page.text(x, middle + 0.02 * f, between, points=_SMALL * f * 1.1, va="top", color=QUIET)


def _title(sweeps: Sequence[Sweep], lang: Lang) -> str:
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    return say(lang, "title", models=listed(lang, models))


def _caption(sweeps: Sequence[Sweep], style: Style) -> str:
    lang, passports = style.lang, passports_of(sweeps)
    settings = [sweep.setting for sweep in sweeps]

    def all_of(values: Sequence[str]) -> str:
        return listed(lang, list(dict.fromkeys(values)))

    sentences = [f"{each.model}: {sentence(each, lang)}" for each in passports] if len(passports) > 1 else []
    synthetic = say(lang, "synthetic") if any(setting.synthetic for setting in settings) else ""
    scopes = list(dict.fromkeys(scope(each, sweeps, lang) for each in passports))
    setup = say(
        lang,
        "setup",
        date=all_of([setting.date for setting in settings]),
        version=all_of([setting.version for setting in settings]),
    )
    level = f"{passports[0].rungs[0].effective.level:.0%}" if passports else ""
    how = joined(lang, [synthetic, say(lang, "legend", level=level), *scopes, *length_notes(settings, lang), setup])
    return "\n".join([*sentences, how])


PASSPORT = Kind(draw=draw_passport, title=_title, caption=_caption, place_of=place_of)
