"""`nih passport`: what models can do, and up to which length, as a table; also at the end of runs and with a report."""

from __future__ import annotations

from pathlib import Path

from nihbench.app.passports import Passports, passports_in, rule_of
from nihbench.app.results import results_in
from nihbench.cli.hearing import terminal
from nihbench.cli.output import console, show_json, tell
from nihbench.figures.passport_text import terminal_passport, terminal_rule
from nihbench.lang.messages import language


def passport(runs: list[Path], rule: str | None, scorer: str | None, as_json: bool) -> None:
    """Show what a model can do, and up to which length: tasks by lengths, with intervals and one sentence."""
    results = results_in(runs, scorer=scorer)
    made = passports_in(results, rule_of(runs, terminal()) if rule is None else rule)
    if as_json:
        show_json(made.as_json())
        return
    show_passports(made)


def show_passports(made: Passports) -> None:
    """Show passports on stdout: of each model its table, its sentence, and what that rests on."""
    screen = console()
    colour = screen.is_terminal and not screen.no_color
    for passport in made.all_of:
        screen.print(terminal_passport(passport, colour=colour, lang=language()))
        by_rule = terminal_rule(passport, lang=language())
        screen.print(by_rule) if by_rule is not None else None
        tell("\n".join(made.told(passport)))
