"""`nih plot`: draw a run's heatmap again from its stored scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from nihbench.cli.output import command, note

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time


@command
def plot(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture: .png, .svg or .pdf.")] = Path("heatmap.png"),
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
) -> None:
    """Draw the heatmap of a run from its stored scores."""
    from nihbench.cli.finish import draw, result_of
    from nihbench.run import open_run

    draw(result_of(open_run(run), scorer=scorer), out)
    note(f"heatmap: {out}")
