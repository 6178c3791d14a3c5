"""How a terminal hears the application: what it tells is printed, what it would cost is asked about."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from nihbench.app.events import (
    BatchStands,
    Bill,
    Caller,
    Event,
    Fetching,
    Measured,
    PartBegan,
    PartEnded,
    PassportMade,
    TrialDone,
)
from nihbench.cli.output import ENDING, FetchReport, note, show, told_mistakes
from nihbench.errors import Terminated, UsageError
from nihbench.lang.messages import Message, plain, said, t

if TYPE_CHECKING:
    from nihbench.cli.progress import LiveView

FAILED_TRIALS = 3
"""Exit code of a run that is finished but for failed trials."""


def terminal(*, yes: bool = False) -> Caller:
    """Return the user at the terminal; `yes`: what is done costs what they agree to."""
    hearer = Hearer()
    return Caller(
        emit=hearer.hear, agree=_agree, yes=yes, confirm=_confirm if _is_there() else None, guard=terminable,
        told=told_mistakes,
    )  # fmt: skip


def given(context: typer.Context, names: Collection[str]) -> list[str]:
    """Return which of some options stand on the command line."""
    sources = {name: context.get_parameter_source(name) for name in names}
    return [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]


class Hearer:
    """Prints events one after another."""

    def __init__(self) -> None:
        self._fetching = FetchReport()

    def hear(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Fetching):
            self._fetching(event.what, event.done, event.total)
        elif isinstance(event, BatchStands) and event.is_new:
            show(plain(str(event)))
        elif event.message:
            note(event.message)


_TERMINALS_WITHOUT = ("dumb", "unknown", "")


def is_live() -> bool:
    """Say whether stderr is a terminal that can show a picture that changes."""
    return sys.stderr.isatty() and os.environ.get("TERM", "xterm").lower() not in _TERMINALS_WITHOUT


def measuring(*, yes: bool = False, results: bool = True) -> Caller:
    """Return the user at the terminal (`terminal`), who sees what is measured as well; `results`: and every run."""
    hearer = _Watcher(results=results)
    return replace(terminal(yes=yes), emit=hearer.hear)


class _Watcher(Hearer):
    """Shows what came of trials in the live view, where the terminal can, and a run when it is measured."""

    def __init__(self, *, results: bool) -> None:
        super().__init__()
        self._view: LiveView | None = None
        self._results = results

    def hear(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, PartBegan):
            self._view = self._opened(event) if is_live() else None
        elif isinstance(event, PartEnded):
            view, self._view = self._view, None
            view.close() if view is not None else None
        elif isinstance(event, TrialDone) and self._view is not None:
            self._view.take(event.record)
        elif isinstance(event, Measured):
            if not self._results:
                return
            from nihbench.cli.progress import show_result

            show_result(event.result)
        elif isinstance(event, PassportMade):
            from nihbench.cli.passport import show_passports

            show_passports(event.passports)
        else:
            super().hear(event)

    def _opened(self, part: PartBegan) -> LiveView:
        from nihbench.cli.progress import LiveView

        return LiveView(part)


def _is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _confirm(question: Message) -> bool:
    return typer.confirm(said(question), err=True)


def _agree(bill: Bill) -> None:
    """Ask whether a bill is agreed to, on a terminal; elsewhere refuse what is dear, or somebody else's."""
    if not (bill.dear or bill.foreign):
        return
    if not _is_there():
        raise UsageError(t("cli.agree_yes" if bill.foreign else "cli.agree_yes_set_bound", what=bill.what))
    if not typer.confirm(plain(said(t("cli.begin", what=bill.what))), err=True):
        raise UsageError(t("cli.nothing_sent" if bill.foreign else "cli.nothing_sent_give_fewer"))


@contextlib.contextmanager
def terminable() -> Iterator[Callable[[], None]]:
    """Let signals end an event loop as Ctrl-C does: what is given is to be called in the loop's first task."""
    came: list[str] = []
    before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) != signal.SIG_IGN}

    def cancelling() -> None:
        task = asyncio.current_task()

        def terminate(number: int) -> None:
            came.append(signal.Signals(number).name)
            if task is not None:
                task.cancel()

        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows, or not the main thread
            for number in before:
                asyncio.get_running_loop().add_signal_handler(number, terminate, number)

    try:
        yield cancelling
    except asyncio.CancelledError as error:
        if not came:
            raise
        raise Terminated(came[0]) from error
    finally:
        # A loop that ends takes its handlers away, and leaves the system's default.
        with contextlib.suppress(ValueError, TypeError):
            for number, handler in before.items():
                signal.signal(number, handler)
