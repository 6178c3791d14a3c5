"""`nih run`: measure a model, into one folder; several models or a suite: into a folder of runs.

Alone, for what reads and draws results comes with them: nobody waits for it before the first request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from nihbench.app.session import new_session, resumed_session
from nihbench.cli.hearing import FAILED_TRIALS, given, measuring
from nihbench.errors import UsageError
from nihbench.lang.messages import t


def run(
    context: typer.Context,
    options: dict[str, Any],
    suite: str | None,
    out: Path | None,
    resume: Path | None,
    strict_controls: bool,
    retry_all: bool,
    yes: bool,
) -> None:
    """Measure a model: run the grid, show the heatmap and save it as a PNG in the run's folder."""
    if out and resume:
        raise UsageError(t("cli.resume_goes_run_own"))
    if retry_all and not resume:
        raise UsageError(t("cli.retry_all_run_already"))
    caller = measuring(yes=yes)
    if resume:
        again = given(context, options)
        session = resumed_session(
            resume, options, again, suite, caller, retry_all=retry_all, strict_controls=strict_controls
        )
    else:
        session = new_session(options, suite, out, caller, strict_controls=strict_controls)
    if not all(result.is_whole for result in session.measure()):
        raise typer.Exit(FAILED_TRIALS)
