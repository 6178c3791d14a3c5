"""`nih run`: measure a model over a plan, into one folder, and show the heatmap."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import command, note
from nihbench.errors import DamagedDataError, InterruptedRunError, NihError, UsageError

if TYPE_CHECKING:
    from nihbench.endpoint import ModelAccess
    from nihbench.run import RunFolder, RunOptions, Setup

_PATH = Optional[Path]  # noqa: UP045  typer reads it at run time
_FREE_ON_RESUME = "preflight canary corpus concurrency base_url api_key_env stream ca_file insecure".split()
"""Options that change how model and text are reached, not what is answered; the text's hash guards `corpus`."""


@with_run_options
@command
def run(
    context: typer.Context,
    options: dict[str, Any],
    out: Annotated[_PATH, typer.Option("--out", help="The run's folder (default: a new one in results/).")] = None,
    resume: Annotated[_PATH, typer.Option("--resume", help="Go on with the run in this folder.")] = None,
) -> None:
    """Measure a model: run the grid, show the heatmap, write it as a PNG into the run's folder."""
    from nihbench.cli.finish import finish
    from nihbench.cli.wiring import prepared
    from nihbench.run import begun, check_same, create_run, manifest, open_run, owned

    if out and resume:
        raise UsageError("--resume goes on in the run's own folder: leave --out away")
    existing = open_run(resume) if resume else None
    chosen = _resumed(context, existing, options) if existing else run_options(options)
    with prepared(chosen, sending=True, begun=begun(existing.manifest) if existing else None) as (setup, model):
        if existing:
            check_same(existing.manifest, setup)
        folder = existing or create_run(
            out or _new_folder(setup), manifest(setup, _now().isoformat(timespec="seconds"))
        )
        with owned(folder.path, _now):
            _measure(setup, model, folder)
    raise typer.Exit(finish(folder))


def _resumed(context: typer.Context, existing: RunFolder, values: dict[str, Any]) -> RunOptions:
    """Return the options that the run began with; options given again must say the same."""
    from dataclasses import replace

    from nihbench.run import stored_options

    given = [name for name in values if _is_given(context, name)]
    asked = run_options(values | {"model": values["model"] or existing.manifest["options"]["model"]})
    again: dict[str, Any] = {name: getattr(asked, name) for name in ("base_url", "extra_body") if name in given}
    stored = stored_options(existing.manifest, asked.headers, again)
    changed = []
    for name in given:
        field = {"prompt": "prompts", "header": "headers"}.get(name, name)
        if name not in (*_FREE_ON_RESUME, "header") and getattr(asked, field) != getattr(stored, field):
            changed.append("--" + name.replace("_", "-"))
    if changed:
        raise UsageError(
            f"can't resume with other options: {', '.join(changed)} differ from what {existing.path} began with; "
            "leave them out, or make a new run"
        )
    free = {n: getattr(asked, n) for n in _FREE_ON_RESUME if n in given}
    return replace(stored, **free)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _measure(setup: Setup, model: ModelAccess, folder: RunFolder) -> None:
    """Send what is owed; on an interruption say how to go on."""
    from nihbench.cli.progress import progress
    from nihbench.endpoint import Limiter, Limits
    from nihbench.run import owed, run_trials

    trials = owed(setup, folder.records())
    note(f"run folder: {folder.path} ({len(setup.trials) - len(trials)} of {len(setup.trials)} trials are done)")

    limiter = Limiter(Limits(concurrency=setup.concurrency, start=setup.concurrency))

    async def main() -> None:
        with folder.writer() as writer, progress(setup, trials) as shown:
            async with model.client(stream=setup.options.stream, limiter=limiter, on_change=note) as client:
                await run_trials(
                    setup, trials, client, writer, total=len(setup.trials), now=_now, on_progress=shown.update
                )

    try:
        asyncio.run(main())
    except KeyboardInterrupt as error:
        raise InterruptedRunError(f"stopped; {_go_on(folder)}") from error
    except DamagedDataError:
        raise
    except NihError as error:
        raise type(error)(f"{str(error).rstrip('.')}; {_go_on(folder)}") from error


def _go_on(folder: RunFolder) -> str:
    return f"what is done is kept: go on by nih run --resume {folder.path}"


def _new_folder(setup: Setup) -> Path:
    words = [_now().strftime("%Y%m%d-%H%M%S"), setup.preset.name, setup.experiment.name]
    return Path("results") / "-".join(re.sub(r"[^\w.]+", "-", word).strip("-.") for word in words)


def _now() -> datetime:
    return datetime.now(UTC)
