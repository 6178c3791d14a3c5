"""Progress of a run on stderr: the live view on a terminal, a line a trial elsewhere.

The live view takes the terminal's other screen, so that resizing leaves nothing behind, and gives it back at the end;
what is noted meanwhile is shown in it and printed after it. All is drawn by the event loop itself: nothing is shared
between threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from functools import partial

from nihbench.cli import output
from nihbench.cli.money import is_free, worst_rest
from nihbench.cli.output import console, note
from nihbench.cli.view import Gauges, Screen, Watched, kind_words, view, what_came
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.figures.labels import row_words
from nihbench.lang.messages import t
from nihbench.run.runner import Progress
from nihbench.run.setup import Setup
from nihbench.types import Axis, Completion, GradedElsewhere, Record, Trial

REFRESH_S = 0.5
_TERMINALS_WITHOUT = ("dumb", "unknown", "")


def is_live() -> bool:
    """Say whether stderr is a terminal that can show a picture that changes."""
    return sys.stderr.isatty() and os.environ.get("TERM", "xterm").lower() not in _TERMINALS_WITHOUT


@asynccontextmanager
async def progress(
    setup: Setup,
    trials: Sequence[tuple[str, Trial]],
    records: Iterable[Record],
    gauges: Callable[[Watched], Gauges],
) -> AsyncIterator[Callable[[Progress], None]]:
    """Show the progress of the owed `trials` while the context lasts; what is yielded takes the news.

    Args:
        setup: the resolved run.
        trials: what is owed, with ids.
        records: what is there already.
        gauges: says how limits and money stand.
    """
    if not is_live():
        yield partial(line, setup.task.axis)
        return
    sweep = Watched(
        title=f"{setup.preset.name}  {setup.experiment.name}",
        task=setup.task,
        planned=setup.trials,
        owed=[trial for _, trial in trials],
        now=time.monotonic(),
        gauges=gauges,
    )
    for record in records:
        sweep.remember(record)
    with shown(sweep) as draw:
        drawing = asyncio.create_task(_draw_on(draw))
        try:
            yield lambda news: sweep.take(news.record, time.monotonic())
        finally:
            drawing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drawing


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


def gauges_of(
    setup: Setup, members: Sequence[ModelAccess], limiters: Sequence[Limiter], budget: Budget, elsewhere: Decimal
) -> Callable[[Watched], Gauges]:
    """Return what reads the limiters and the budget of a run; `elsewhere` other runs have spent of the same money."""
    free = is_free(members)

    def read(sweep: Watched) -> Gauges:
        waits = [wait for limiter in limiters if (wait := limiter.waiting_for) is not None]
        # What no end of a call ends is worth more words than a full house.
        wait = max(waits, key=lambda wait: (wait[0] != "slot", wait[1]), default=None)
        return Gauges(
            free=free,
            spent_usd=None if budget.unpriced and not budget.spent else float(budget.exactly_spent - elsewhere),
            elsewhere_usd=float(elsewhere),
            most_usd=setup.options.max_cost,
            rest_usd=None if free else worst_rest(setup, members, sweep.eta.owed),
            in_flight=sum(limiter.in_flight for limiter in limiters),
            at_once=sum(limiter.limit for limiter in limiters),
            refused=sum(limiter.refused for limiter in limiters),
            tokens_per_minute=_sum(limiter.tokens_per_minute for limiter in limiters),
            requests_per_minute=_sum(limiter.requests_per_minute for limiter in limiters),
            waits=wait,
        )

    return read


def _sum(rates: Iterable[float | None]) -> float | None:
    """Add up; one that is unknown makes the sum unknown."""
    known = list(rates)
    return None if any(rate is None for rate in known) else sum(rate for rate in known if rate is not None)


def line(axis: Axis, progress: Progress) -> None:
    """Say on a line what came of a trial; `axis`: what the rows of its run's grid are."""
    record = progress.record
    outcome = record.outcome
    assert not isinstance(outcome, GradedElsewhere)  # a run measures, it imports nothing
    what = t("cli.answered") if isinstance(outcome, Completion) else t("cli.failed", kind=kind_words(what_came(record)))
    note(
        t(
            "cli.length_depth",
            done=progress.done,
            total=progress.total,
            prompt=record.trial.prompt,
            length=record.trial.length,
            row=row_words(axis, record.trial.row),
            what=what,
            seconds=outcome.latency_s,
        )
    )
