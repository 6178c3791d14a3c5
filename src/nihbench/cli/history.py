"""`nih history`: how a model measured over time, as a table and a figure, and what changed."""

from __future__ import annotations

from pathlib import Path

from nihbench.app.events import Caller
from nihbench.app.history import History, history_in
from nihbench.cli.hearing import terminal
from nihbench.cli.output import console, note, show_json, tell
from nihbench.figures.history_text import terminal_history
from nihbench.lang.messages import language, plain, t


def history(runs: list[Path], model: str, prompt: str, scorer: str | None, out: Path | None, as_json: bool) -> None:
    """Show the runs of a model over time: a table, what changed, and a figure where one is asked for."""
    caller = terminal()
    made = history_in(runs, caller, model=model, prompt=prompt, scorer=scorer)
    if out is not None:
        _draw(made, out, caller)
    if as_json:
        show_json(made.as_json())
        return
    screen = console()
    for series in made.series:
        tell(plain(made.told(series)[0]))
        screen.print(terminal_history(series, language()))
        tell("\n".join(map(plain, made.told(series)[1:])) + "\n")


def _draw(made: History, out: Path, caller: Caller) -> None:
    from nihbench.app.drawing import draw
    from nihbench.figures.style import Style

    draw(made.sweeps, out, Style(lang=language()), caller, kind="history")
    note(t("cli.figure", out=out))
