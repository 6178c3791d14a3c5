"""`nih report`: runs as one HTML file to explore, from their stored scores; of several tasks the passport, too."""

from __future__ import annotations

from pathlib import Path

from nihbench.app.reporting import write_report
from nihbench.cli.hearing import measuring


def report(runs: list[Path], out: Path, title: str | None, scorer: str | None, price: str | None) -> None:
    """Write one HTML file that shows runs down to each answer, opens from disk and loads nothing."""
    write_report(runs, out, measuring(), title=title, scorer=scorer, price=price)
