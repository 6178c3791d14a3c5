"""What stands around the picture proper on every figure: title above, legend, controls and caption below.

It measures first how much height these take, so that a figure of a fixed size gives the rest to its maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nihbench.errors import UsageError
from nihbench.figures.captions import control_word, joined, listed, say
from nihbench.figures.page import INK, LINE_IN, QUIET, Hatch, Page, Ruler, drawable
from nihbench.figures.style import Style
from nihbench.lang.messages import t, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Text in points, all else in inches; both before the style's scale.
TITLE, SUBTITLE, HEADING, LABEL, TICK, CAPTION = 14.0, 10.5, 11.0, 10.0, 9.0, 8.5
MARGIN, GAP, TICK_MARK, SWATCH = 0.3, 0.12, 0.09, 0.36

SMALLER = (1.0, 0.92, 0.84, 0.76)
"""Shares of a style's type size that are tried one after the other where its height is fixed."""


class NoRoomError(UsageError):
    """The picture doesn't fit on a style's size."""


def too_narrow(width: float, need: float) -> NoRoomError:
    """Return the error for a figure of `width` inches that takes `need`; a little more is named, to be rounded up."""
    return NoRoomError(t("figures.figure_doesnt_fit_inches", width=width, need=need + 0.05))


def fitted(style: Style, draw: Callable[[Style], Figure]) -> Figure:
    """Draw with the largest type that a style's size has room for.

    Raises:
        NoRoomError: It has none for the smallest of `SMALLER`; what the error names is enough for that one.
    """
    *shares, least = SMALLER if style.height is not None else (1.0,)
    for share in shares:
        try:
            return draw(replace(style, scale=style.scale * share))
        except NoRoomError:
            continue
    return draw(replace(style, scale=style.scale * least))


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """The result of one kind of control trials; `rate` is the share found, None where nothing was measured.

    `where` names the maps in which it failed, where these are not all.
    """

    name: str
    passed: bool
    rate: float | None = None
    where: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What is written around a picture: its title, what stands under it, the lines of its caption, its controls."""

    title: str
    caption: str
    controls: tuple[Control, ...] = ()
    subtitle: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """An entry of the legend: `x` inches from the margin, in a line of the legend, with its hatch and its text."""

    x: float
    line: int
    hatch: Hatch
    texts: list[str]


class Sheet:
    """A figure's furniture, measured for a width in inches; `legend` are hatches with their texts."""

    def __init__(
        self, around: Around, style: Style, ruler: Ruler, width: float, legend: Sequence[tuple[Hatch, str]]
    ) -> None:
        self.width = width
        self._style, self._factor = style, style.scale
        inner = width - 2 * MARGIN
        f = self._factor
        self._title = ruler.wrap(drawable(around.title, bold=True), width=inner, points=TITLE * f, bold=True)
        self._subtitle = ruler.wrap(drawable(around.subtitle), width=inner, points=SUBTITLE * f)
        self._legend, self._legend_lines = self._flowed(ruler, inner, legend)
        self._controls = [
            (line, bad)
            for text, bad in _control_lines(around.controls, style)
            for line in ruler.wrap(drawable(text, bold=bad), width=inner, points=TICK * f, bold=bad)
        ]
        self._caption = [
            piece
            for line in around.caption.splitlines()
            for piece in ruler.wrap(drawable(line), width=inner, points=CAPTION * f)
        ]

    def _flowed(self, ruler: Ruler, inner: float, legend: Sequence[tuple[Hatch, str]]) -> tuple[list[_Entry], int]:
        """Place the legend's entries from left to right, as many in a line as fit; return them and the lines."""
        f = self._factor
        placed, x, line = list[_Entry](), 0.0, 0
        for hatch, text in legend:
            texts = ruler.wrap(drawable(text), width=inner - SWATCH * f, points=TICK * f)
            wide = SWATCH * f + max(ruler.size(text, points=TICK * f)[0] for text in texts) + 2 * GAP * f
            if x and (x + wide - 2 * GAP * f > inner or len(texts) > 1):
                x, line = 0.0, line + 1
            placed.append(_Entry(x=x, line=line, hatch=hatch, texts=texts))
            x, line = (0.0, line + len(texts)) if len(texts) > 1 else (x + wide, line)
        return placed, line + (1 if x else 0)

    @property
    def above(self) -> float:
        """Height that margin, title and subtitle take."""
        title, subtitle = self._heights()
        return MARGIN + title + subtitle + (GAP if title or subtitle else 0.0)

    def _heights(self) -> tuple[float, float]:
        line = self._factor * LINE_IN
        return len(self._title) * TITLE * line, len(self._subtitle) * SUBTITLE * line

    @property
    def below(self) -> float:
        """Height that legend, controls, caption and margin take."""
        legend = self._legend_lines + len(self._controls)
        parts = [legend * TICK * self._factor * LINE_IN, len(self._caption) * CAPTION * self._factor * LINE_IN]
        return sum(part + GAP for part in parts if part) - GAP + MARGIN + (GAP if any(parts) else 0.0)

    def body(self, least: float) -> float | None:
        """Return the height that is left for the picture, None where the style fixes none.

        Raises:
            UsageError: It is less than `least`.
        """
        if self._style.height is None:
            return None
        left = self._style.height - self.above - self.below
        if left < least:
            need = self.above + self.below + least
            raise NoRoomError(
                t("figures.figure_doesnt_fit_x", width=self.width, height=self._style.height, need=need + 0.05)
            )
        return left

    def page(self, body: float) -> Page:
        """Return a page with title, legend, controls and caption set around a picture of a height in inches."""
        style, f = self._style, self._factor
        page = Page(self.width, style.height or self.above + body + self.below, transparent=style.transparent)
        page.lines(MARGIN, MARGIN, self._title, points=TITLE * f, fontweight="bold")
        page.lines(MARGIN, MARGIN + self._heights()[0], self._subtitle, points=SUBTITLE * f, color=QUIET)
        y = self.above + body + GAP
        for entry in self._legend:
            x, line_y = MARGIN + entry.x, y + entry.line * TICK * f * LINE_IN
            page.hatched(x, line_y + 0.015, (SWATCH - GAP / 2) * f, 0.115 * f, entry.hatch, style.palette)
            page.lines(x + SWATCH * f, line_y, entry.texts, points=TICK * f)
        y += self._legend_lines * TICK * f * LINE_IN
        for line, bad in self._controls:
            look = {"color": style.palette.alarm, "fontweight": "bold"} if bad else {"color": INK}
            y = page.lines(MARGIN, y, [line], points=TICK * f, **look)
        if self._legend or self._controls:
            y += GAP
        page.lines(MARGIN, y, self._caption, points=CAPTION * f, color=QUIET)
        return page


def _control_lines(controls: Sequence[Control], style: Style) -> list[tuple[str, bool]]:
    """Say which controls failed and which passed, what failed first."""
    lines = []
    for key, passed in (("controls_bad", False), ("controls_good", True)):
        each = [control for control in controls if control.passed is passed]
        names = [_control(control, style) for control in each]
        key = "controls_bad_in" if any(control.where for control in each) else key
        if names:
            mark = "\N{CHECK MARK} " if passed else "\N{BALLOT X} "
            lines.append(
                (mark + joined(style.lang, [say(style.lang, key, names=listed(style.lang, names))]), not passed)
            )
    return lines


def _control(control: Control, style: Style) -> str:
    name = control_word(style.lang, control.name)
    if control.rate is not None:
        told = f"control_bad_{control.name}" if control.passed is False else "control_rate"
        key = told if f"figure.{told}" in words(style.lang) else "control_rate"
        name = say(style.lang, key, name=name, rate=f"{control.rate:.0%}")
    return (
        say(style.lang, "control_where", name=name, where=listed(style.lang, [*control.where]))
        if control.where
        else name
    )
