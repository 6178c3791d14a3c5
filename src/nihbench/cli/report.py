"""`nih report`: runs as one HTML file to explore, from their stored scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nihbench.cli.output import command, note

if TYPE_CHECKING:
    from nihbench.analysis.report import Measured


@command
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The report: one .html file.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option("--title", help="A title of your own.")] = None,
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", envvar="NIH_LANG", help="en | zh: the language in which it opens.")
    ] = "en",
) -> None:
    """Write one HTML file that shows runs down to the single answer, opens from disk and loads nothing."""
    from nihbench.analysis.report import report_data
    from nihbench.cli.plot import language, run_folders
    from nihbench.figures.report import report_page
    from nihbench.fetch import write_atomic

    folders = run_folders(runs)
    told = [_measured(path, scorer) for path in folders]
    page = report_page(report_data(told, title=title or _title(told)), lang=language(lang))
    write_atomic(out, page)
    note(f"report: {out} ({len(page) / 1e6:.1f} MB)")
