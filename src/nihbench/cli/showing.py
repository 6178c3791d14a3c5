"""What of a run goes to stdout: its heatmaps, its headline numbers, how far they reach, what its controls say."""

from __future__ import annotations

import sys

from nihbench.app.results import Result, rows_sentence
from nihbench.cli.output import console, speaks_unicode, tell, width_of, wrapped
from nihbench.figures.captions import headline, length_notes
from nihbench.figures.findings import effective_sentence, worst_sentence
from nihbench.figures.terminal import terminal_heatmap
from nihbench.lang.messages import language, said


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
            for sentence in (effective_sentence(sweep.statistics, words), worst_sentence(sweep.statistics, words)):
                tell(sentence) if sentence else None
        rows = rows_sentence(result.table, experiment=sweep.grid.experiment, prompt=sweep.grid.prompt)
        tell(said(rows)) if rows else None
    tell("\n".join(length_notes([sweep.setting for sweep in result.sweeps], words)))
    for control in result.controls:
        sentence = wrapped(control.sentence(words), width_of(sys.stdout))
        screen.print(sentence, style="bold" if control.failed else None, soft_wrap=True)
