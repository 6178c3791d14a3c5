"""`nih report`: runs as one HTML file to explore, from their stored scores."""

from __future__ import annotations

from pathlib import Path

from nihbench.app.passports import has_rungs, passports_in, rule_of
from nihbench.app.reporting import write_report
from nihbench.app.results import results_in
from nihbench.cli.hearing import terminal
from nihbench.cli.passport import show_passports
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs


def report(runs: list[Path], out: Path, title: str | None, scorer: str | None, price: str | None) -> None:
    """Write one HTML file that shows runs down to each answer, opens from disk and loads nothing."""
    write_report(runs, out, terminal(), title=title, scorer=scorer, price=price)
    if has_rungs(open_run(folder) for path in runs for folder in find_runs(path)):
        show_passports(passports_in(results_in(runs, scorer=scorer), rule_of(runs, terminal())))
