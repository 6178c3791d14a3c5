"""Progress of a run on stderr: the live view on a terminal, a line a trial elsewhere.

The live view takes the terminal's other screen, so that resizing leaves nothing behind, and gives it back at the end;
what is noted meanwhile is shown in it and printed after it. All is drawn by the event loop itself: nothing is shared
between threads.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from nihbench.app.events import Caller, Event, Measured, PartBegan, PartEnded, TrialDone
from nihbench.cli import output
from nihbench.cli.hearing import Hearer, terminal
from nihbench.cli.output import console, note
from nihbench.cli.showing import show_result
from nihbench.cli.view import Screen, Watched, view
from nihbench.types import Record

REFRESH_S = 0.5
_TERMINALS_WITHOUT = ("dumb", "unknown", "")


def is_live() -> bool:
    """Say whether stderr is a terminal that can show a picture that changes."""
    return sys.stderr.isatty() and os.environ.get("TERM", "xterm").lower() not in _TERMINALS_WITHOUT


def measuring(*, yes: bool = False) -> Caller:
    """Return the user at the terminal (`hearing.terminal`), who sees what is measured as well."""
    hearer = _Hearer()
    return replace(terminal(yes=yes), emit=hearer.hear)


class _Hearer(Hearer):
    """Shows what came of trials in the live view, where the terminal can, and a run when it is measured."""

    def __init__(self) -> None:
        super().__init__()
        self._view: LiveView | None = None

    def hear(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, PartBegan):
            self._view = LiveView(event) if is_live() else None
        elif isinstance(event, PartEnded):
            view, self._view = self._view, None
            view.close() if view is not None else None
        elif isinstance(event, TrialDone) and self._view is not None:
            self._view.take(event.record)
        elif isinstance(event, Measured):
            show_result(event.result)
        else:
            super().hear(event)


class LiveView:
    """The live view of a part of a run: it draws itself by the loop that is running until it is closed."""

    def __init__(self, part: PartBegan) -> None:
        self._sweep = Watched(
            title=part.title,
            task=part.task,
            planned=part.planned,
            owed=part.owed,
            now=time.monotonic(),
            gauges=part.gauges,
        )
        for record in part.records:
            self._sweep.remember(record)
        self._opened = ExitStack()
        draw = self._opened.enter_context(shown(self._sweep))
        self._drawing = asyncio.get_running_loop().create_task(_draw_on(draw))

    def take(self, record: Record) -> None:
        """Take a record that was just made."""
        self._sweep.take(record, time.monotonic())

    def close(self) -> None:
        """Give the screen back."""
        with self._opened:
            if self._drawing.done() and not self._drawing.cancelled():
                self._drawing.result()  # what went wrong there
            self._drawing.cancel()


async def _draw_on(draw: Callable[[], None]) -> None:
    while True:
        draw()
        await asyncio.sleep(REFRESH_S)


@contextmanager
def shown(sweep: Watched) -> Iterator[Callable[[], None]]:
    """Show the view on the terminal's other screen; what is yielded draws it as things stand."""
    from rich.live import Live

    screen = console(stderr=True)
    unicode = (sys.stderr.encoding or "").lower().replace("-", "") == "utf8"
    colour = screen.color_system is not None and not screen.no_color
    noted: list[str] = []

    def hear(text: str) -> None:
        sweep.said = text
        noted.append(text)

    def draw() -> None:
        size = screen.size
        now = Screen(width=size.width, height=size.height, colour=colour, unicode=unicode)
        live.update(view(sweep, now, time.monotonic()), refresh=True)

    live = Live(
        console=screen, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False,
        vertical_overflow="crop",
    )  # fmt: skip
    try:
        with output.heard(hear), live:
            draw()
            yield draw
    finally:
        for text in noted:
            note(text)
