"""Progress of a run on stderr: the live view on a terminal, a line a trial elsewhere.

The live view takes the terminal's other screen, so that resizing leaves nothing behind, and gives it back at the end;
what is noted meanwhile is shown in it and printed after it. All is drawn by the event loop itself: nothing is shared
between threads.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

from nihbench.analysis.grids import Grid, Pair, Tally, squeezed
from nihbench.app.events import PartBegan, kind_words, row_words
from nihbench.app.money import Gauges
from nihbench.app.results import Result, rows_sentence
from nihbench.cli import output
from nihbench.cli.output import console, note, speaks_unicode, tell, width_of, wrapped
from nihbench.figures.captions import headline, length_notes
from nihbench.figures.findings import effective_sentence, sampled_sentence, worst_sentence
from nihbench.figures.terminal import terminal_heatmap
from nihbench.lang.messages import Message, language, listed, plain, said, t
from nihbench.run.follow import Eta, Left
from nihbench.run.scores import answer_of
from nihbench.tasks.task import Task
from nihbench.types import Completion, GradedElsewhere, Record, Trial

# ---- what of a run goes to stdout: heatmaps, headline numbers, how far they reach, its controls ----------------------


def show_result(result: Result) -> None:
    """Show the heatmaps, the headline numbers and how far they reach on stdout."""
    screen, words = console(), language()
    colour = screen.is_terminal and not screen.no_color
    for sweep in result.sweeps:
        unicode = speaks_unicode()
        screen.print(terminal_heatmap(sweep.grid, width=screen.width, colour=colour, unicode=unicode, lang=words))
        if sweep.withheld:
            tell(sweep.withheld.sentence(words))
            continue
        tell(headline(sweep.summary, lang=words, intervals=sweep.intervals))
        if sweep.statistics:
            for sentence_of in (effective_sentence, worst_sentence, sampled_sentence):
                sentence = sentence_of(sweep.statistics, words)
                tell(sentence) if sentence else None
        rows = rows_sentence(result.table, experiment=sweep.grid.experiment, prompt=sweep.grid.prompt)
        tell(said(rows)) if rows else None
    tell("\n".join(length_notes([sweep.setting for sweep in result.sweeps], words)))
    for control in result.controls:
        sentence = wrapped(control.sentence(words), width_of(sys.stdout))
        screen.print(sentence, style="bold" if control.failed else None, soft_wrap=True)


# ---- what the live view shows ----------------------------------------------------------------------------------------
# What the live view knows of a run: its tally, how long it still takes, and what its limits and its money say.


class Watched:
    """Takes records as they come and grades them by the rules.

    Args:
        title: the model and the experiment.
        needle: the run's needle.
        planned: all trials of the run.
        owed: the trials to be measured now.
        now: the time, by any clock in seconds; `records` carry none of their own into it.
        gauges: asked whenever the view is drawn.
    """

    def __init__(
        self,
        *,
        title: str,
        task: Task,
        planned: Sequence[Trial],
        owed: Sequence[Trial],
        now: float,
        gauges: Callable[[Mapping[int, int]], Gauges],
    ) -> None:
        self.title, self.began = title, now
        self.tally: Tally = Tally(planned)
        self.eta: Eta = Eta((trial.length for trial in owed), now)
        self.tokens_in = self.tokens_out = 0
        self.tokens_planned = sum(trial.length for trial in planned)
        self.miss: Record | None = None
        self.said = ""
        self._task = task
        self._gauges = gauges

    def remember(self, record: Record) -> None:
        """Take a record that was there before: it is in the grid, and says nothing of the pace of today."""
        answer = answer_of(self._task, record)
        grade = answer.by_rules() if answer is not None else None
        self.tally.take(record, grade)
        if not isinstance(record.outcome, GradedElsewhere):
            self.tokens_in += record.outcome.usage.prompt_tokens or 0
            self.tokens_out += record.outcome.usage.completion_tokens or 0
        if record.trial.control is None and grade is not None and not getattr(grade, "found", False):
            self.miss = record

    def take(self, record: Record, now: float) -> None:
        """Take a record that was just made."""
        self.remember(record)
        if not isinstance(record.outcome, GradedElsewhere):
            self.eta.take(record.trial.length, record.outcome.latency_s, now)

    def row(self, trial: Trial) -> Message:
        """Return where a trial stands on the task's axis."""
        return row_words(self._task.axis, trial.row)

    def grid(self, pair: Pair) -> Grid:
        """Return one grid as it stands, by what its task calls its rows."""
        return self.tally.grid(pair, self._task.axis)

    def gauges(self) -> Gauges:
        """Return what limits and money say now."""
        return self._gauges(self.eta.owed)

    def left(self, gauges: Gauges, now: float) -> Left | None:
        """Return how long the rest takes."""
        waits = gauges.waits
        return self.eta.left(
            now,
            in_flight=gauges.in_flight or 0,
            tokens_per_minute=gauges.tokens_per_minute,
            requests_per_minute=gauges.requests_per_minute,
            wait_s=waits[1] if waits is not None and waits[0] != "slot" else 0.0,
        )

    def miss_text(self) -> str:
        """Return what was answered instead of the needle, the latest time."""
        outcome = self.miss.outcome if self.miss is not None else None
        return outcome.text[:400] if isinstance(outcome, Completion) else ""

    @property
    def share(self) -> float:
        """The share of the plan's tokens that is done."""
        return 1.0 - self.eta.tokens / self.tokens_planned if self.tokens_planned else 1.0


_LEAST_HEATMAP = 5
_HIGH, _MISS_LINES = 30, 3
_BAR, _BAR_ASCII = ("\N{BOX DRAWINGS HEAVY HORIZONTAL}", "\N{BOX DRAWINGS LIGHT HORIZONTAL}"), ("#", "-")
_WAITS = {
    "slot": "cli.next_waits_answer",
    "server": "cli.next_waits_server_asked",
    "requests": "cli.next_waits_requests_minute",
    "tokens": "cli.next_waits_tokens_minute",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """A terminal: its size in cells, whether it has colours, and whether it shows more than ASCII."""

    width: int
    height: int
    colour: bool
    unicode: bool


def view(sweep: Watched, screen: Screen, now: float) -> Text:
    """Return the view of a run as it stands, of at most `screen.height` lines."""
    gauges = sweep.gauges()
    head: list[Text | str] = [
        _title(sweep, screen, now),
        _bar(sweep, gauges, screen, now),
        _found(sweep),
        _tokens(sweep, gauges),
    ]
    if (limits := _limits(gauges)) is not None:
        head.append(limits)
    foot = [*_miss(sweep, screen), *_note(sweep)]
    # Where the screen is low, the heatmap comes before words.
    while foot and screen.height - len(head) - len(foot) < _LEAST_HEATMAP:
        foot.pop()
    lines = [*(_line(line, screen) for line in head), *_heatmap(sweep, screen, screen.height - len(head) - len(foot))]
    lines += [_line(line, screen) for line in foot]
    return Text("\n", no_wrap=True, overflow="crop").join(lines[: screen.height])


def _line(line: Text | str, screen: Screen) -> Text:
    text = line if isinstance(line, Text) else Text(line)
    if not screen.unicode:
        text.plain = text.plain.encode("ascii", "replace").decode()
    if not screen.colour:
        text = Text(text.plain)
    text.truncate(screen.width, overflow="ellipsis" if screen.unicode else "crop")
    return text


def _title(sweep: Watched, screen: Screen, now: float) -> Text:
    tally = sweep.tally
    right = said(t("cli.trials_2", done=tally.done, total=tally.total, elapsed=clock(now - sweep.began)))
    left = plain(sweep.title)
    room = max(0, screen.width - cell_len(right) - 2)
    text = Text(set_cell_size(left, room) if cell_len(left) > room else left.ljust(room - cell_len(left) + len(left)))
    text.stylize("bold")
    return text.append("  " + right)


def _bar(sweep: Watched, gauges: Gauges, screen: Screen, now: float) -> Text:
    left = sweep.left(gauges, now)
    if left is None:
        words = t("cli.tokens_time_left_unknown", share=sweep.share)
    elif left.at_least:
        words = t("cli.tokens_least_left", share=sweep.share, time=clock(left.seconds))
    else:
        words = t("cli.tokens_about_left", share=sweep.share, time=clock(left.seconds))
    text = said(words)
    full, empty = _BAR if screen.unicode else _BAR_ASCII
    width = max(0, screen.width - cell_len(text) - 2)
    filled = math.floor(width * sweep.share)
    bar = Text(full * filled, style="green").append(empty * (width - filled), style="dim")
    return bar.append(("  " if width else "") + text)


def _found(sweep: Watched) -> str:
    tally = sweep.tally
    failed = listed(f"{said(kind_words(kind))} {count}" for kind, count in sorted(tally.failures.items()) if count)
    if tally.measured:
        text = t(
            "cli.found_strict",
            found=tally.found / tally.measured,
            hits=tally.found,
            measured=tally.measured,
            strict=tally.strict / tally.measured,
        )
    else:
        text = t("cli.nothing_measured_yet")
    return said(t("cli.no_valid_answer", found=text, failures=failed) if failed else text)


def _tokens(sweep: Watched, gauges: Gauges) -> str:
    spent = t("cli.tokens_out_about_go", sent=sweep.tokens_in, answered=sweep.tokens_out, left=sweep.eta.tokens)
    return said(t("cli.tokens_money", tokens=spent, money=_money(gauges)))


def _money(gauges: Gauges) -> Message:
    if gauges.free:
        return t("cli.no_cost")
    if gauges.spent_usd is None:
        return t("cli.cost_unknown")
    spent = f"{gauges.spent_usd:,.4f}"
    if gauges.most_usd is not None and gauges.elsewhere_usd:
        total = f"{gauges.spent_usd + gauges.elsewhere_usd:,.4f}"
        return t("cli.spent_all_runs", spent=spent, total=total, most=gauges.most_usd)
    if gauges.most_usd is not None:
        return t("cli.spent_4", spent=spent, most=gauges.most_usd)
    if gauges.rest_usd is not None:
        return t("cli.spent_rest_most", spent=spent, rest=gauges.rest_usd)
    return t("cli.spent_3", spent=spent)


def _limits(gauges: Gauges) -> str | None:
    if gauges.in_flight is None or gauges.at_once is None:
        return None
    parts = [t("cli.most_calls_under_way", flying=gauges.in_flight, limit=gauges.at_once)]
    if gauges.refused:
        parts.append(t("cli.refused", count=gauges.refused))
    if gauges.tokens_per_minute:
        parts.append(t("cli.tokens_minute", count=gauges.tokens_per_minute))
    if gauges.requests_per_minute:
        parts.append(t("cli.requests_minute", count=gauges.requests_per_minute))
    if gauges.waits is not None and not (gauges.waits[0] == "slot" and gauges.at_once == gauges.in_flight == 1):
        what, seconds = gauges.waits
        parts.append(t(_WAITS[what], seconds=f"{seconds:.0f} s"))
    return said(t("cli.limits", parts=said(t("common.comma")).join(map(said, parts))))


def _miss(sweep: Watched, screen: Screen) -> list[Text]:
    record = sweep.miss
    if record is None:
        return []
    where = said(t("cli.latest_miss_length_depth", length=record.trial.length, row=sweep.row(record.trial)))
    text = " ".join(plain(sweep.miss_text()).split())
    if screen.height < _HIGH:
        return [Text(where, style="bold").append(text, style="not bold")]
    return [Text(where.rstrip(), style="bold"), *map(Text, chop_cells(text, screen.width)[:_MISS_LINES])]


def _note(sweep: Watched) -> list[Text]:
    return [Text(plain(said(sweep.said)), style="yellow")] if sweep.said else []


def _heatmap(sweep: Watched, screen: Screen, room: int) -> list[Text]:
    """Draw all grids in the order of the plan where they have room, else that of the latest record."""
    pairs = sweep.tally.pairs
    every = [_fitted(sweep.grid(pair), screen, len(sweep.grid(pair).depths) + 10) for pair in pairs]
    if sum(map(len, every)) <= room:
        return [line for part in every for line in part]
    shown = sweep.tally.last
    return _fitted(sweep.grid(shown), screen, room)[: max(0, room)] if shown is not None else []


def _fitted(grid: Grid, screen: Screen, room: int) -> list[Text]:
    """Draw a grid on at most `room` lines; neighbours are put together where it has more."""
    rows, columns = len(grid.depths), min(len(grid.lengths), max(1, (screen.width - 7) // 3))
    while True:
        part = squeezed(grid, rows=rows, columns=columns)
        drawn = terminal_heatmap(
            part, width=screen.width, colour=screen.colour, unicode=screen.unicode, lang=language()
        )
        lines = list(drawn.split("\n", allow_blank=True))
        if len(lines) <= room or rows == 1:
            break
        rows = max(1, rows - (len(lines) - room))
    for line in lines:
        line.truncate(screen.width)
    return lines


def clock(seconds: float) -> str:
    """Return a time as 0:42, 12:05 or 1:02:03."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


# ---- progress --------------------------------------------------------------------------------------------------------


REFRESH_S = 0.5


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
