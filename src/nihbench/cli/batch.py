"""`nih batch`: a plan as files of requests, for endpoints and engines that work them off later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import command, note, show, show_json
from nihbench.errors import UsageError
from nihbench.lang import said, t

app = typer.Typer(no_args_is_help=True, help="Batches: the requests of a run as files, to be answered later.")


@app.command("export")
@with_run_options
@command
def export(
    options: dict[str, Any],
    out: Annotated[Path, typer.Option("--out", help="The run's folder; the requests come into its folder batch/.")],
    max_requests: Annotated[int, typer.Option("--max-requests", help="How many requests one file may hold.")] = 50_000,
    max_file_mb: Annotated[float, typer.Option("--max-file-mb", help="How large one file may be, in MB.")] = 200.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Write the requests of a run in OpenAI's batch format, and a run's folder to bring the answers into."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from nihbench.cli.wiring import prepared
    from nihbench.run import BATCH_FOLDER, check_free, create_run, export_batch
    from nihbench.run.manifest import manifest

    if max_requests < 1 or not 0 < max_file_mb < 1e9:
        raise UsageError(t("--max-requests must be at least 1, and --max-file-mb more than 0"))
    with prepared(run_options(options), sending=False) as (setup, _):
        check_free(out)
        limit = round(max_file_mb * 1_000_000)
        files = export_batch(setup, out, most_requests=max_requests, most_bytes=limit)
        # Last, so that an export that was broken off can be made again.
        folder = create_run(out, manifest(setup, datetime.now(UTC).isoformat(timespec="seconds")))
        if setup.headers:
            note(t("note: --header belongs to a request's transport and is not in the files"))
    if as_json:
        show_json([asdict(file) for file in files])
        return
    for file in files:
        path = folder.path / BATCH_FOLDER / file.name
        size = t("{requests:,} requests, {bytes:,} bytes", requests=file.requests, bytes=file.size_bytes)
        show(f"{path}  {said(size)}")
