"""`nih report`: runs as one HTML file to explore, from their stored scores; of several tasks the passport, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nihbench.app.events import Event, PassportMade
from nihbench.app.reporting import write_report
from nihbench.cli.hearing import Hearer, terminal
from nihbench.cli.passport import show_passports


class _Hearer(Hearer):
    """Prints what a report says in words, too."""

    def hear(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, PassportMade):
            show_passports(event.passports)
        else:
            super().hear(event)


def report(runs: list[Path], out: Path, title: str | None, scorer: str | None, price: str | None) -> None:
    """Write one HTML file that shows runs down to each answer, opens from disk and loads nothing."""
    caller = replace(terminal(), emit=_Hearer().hear)
    write_report(runs, out, caller, title=title, scorer=scorer, price=price)
