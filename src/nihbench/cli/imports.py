"""`nih import`: other tools' published results as runs that every command accepts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.output import command, note
from nihbench.lang.messages import t

app = typer.Typer(help="Make runs of other tools' results.", no_args_is_help=True)
_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_PATH = Optional[Path]  # noqa: UP045


@app.callback()
def _group() -> None:
    """Make runs of other tools' results."""


@app.command("kamradt")
@command
def kamradt(
    path: Annotated[Path, typer.Argument(help="His folder of JSON files, his list of scores, or a results.jsonl.")],
    out: Annotated[_PATH, typer.Option("--out", help="The run's folder (default: a new one in results/).")] = None,
    model: Annotated[_TEXT, typer.Option("--model", "-m", help="The model, where the results don't name it.")] = None,
) -> None:
    """Import results of Kamradt's needle-in-a-haystack, of 2023 or of today."""
    from nihbench.cli.results import result_of, show
    from nihbench.run.imports import import_rows
    from nihbench.run.kamradt import read_kamradt

    now = datetime.now(UTC)
    rows, sha256 = read_kamradt(path)
    runs = import_rows(
        rows,
        source=path.name,
        sha256=sha256,
        out=out or Path("results") / f"{now:%Y%m%d-%H%M%S}-import-kamradt",
        catalog=load(),
        model=model,
        created_at=now.isoformat(timespec="seconds"),
    )
    for run in runs:
        result = result_of(run)
        show(result)
        note(t("run folder: {path}", path=run.path))
        if result.owed:
            note(t("{owed} cells of its grid have no result in the source; they stay missing", owed=result.owed))
