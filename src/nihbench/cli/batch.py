"""`nih batch`: requests submitted to an endpoint, and the answers of engines that work them off later."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from nihbench.app.batching import Terms, fetch_all, served, submit_run
from nihbench.app.events import BatchStands
from nihbench.app.jobs import Job, resumed_jobs
from nihbench.app.options import run_options
from nihbench.app.prompting import write_requests
from nihbench.app.running import now
from nihbench.app.session import finish
from nihbench.cli.hearing import FAILED_TRIALS, given, terminal
from nihbench.cli.output import note, show, show_json
from nihbench.cli.progress import measuring
from nihbench.errors import UsageError
from nihbench.lang.messages import plain, t
from nihbench.run.batch_state import open_batches
from nihbench.run.batches import import_results, refresh
from nihbench.run.store import open_run, owned


def submit(
    context: typer.Context,
    options: dict[str, Any],
    run: Path | None,
    out: Path | None,
    max_requests: int,
    max_file_mb: float | None,
    completion_window: str | None,
    again: bool,
    yes: bool,
) -> None:
    """Upload a run's requests to the endpoint's /files and make batches of them; nothing is submitted twice."""
    if (run is None) == (out is None):
        raise UsageError(t("cli.give_folder_run_exported"))
    caller = terminal(yes=yes)
    if run is not None:
        (job,) = resumed_jobs(run, options, given(context, options), None, caller)[:1]
    else:
        assert out is not None
        asked = run_options(options, caller)
        folder, _ = write_requests(asked, out, caller, max_requests=max_requests, max_file_mb=max_file_mb)
        job = Job(options=asked, existing=folder)
    submit_run(job, Terms(completion_window=completion_window, again=again), caller)


def status(
    context: typer.Context,
    run: Path,
    base_url: list[str] | None,
    api_key_env: str | None,
    header: list[str] | None,
    ca_file: str | None,
    insecure: bool,
    as_json: bool,
) -> None:
    """Ask the server for the status of a run's batches."""
    values: dict[str, Any] = {"base_url": base_url, "api_key_env": api_key_env, "header": header, "ca_file": ca_file}
    values["insecure"] = insecure
    with served(run, values, given(context, values), terminal()) as (folder, service), owned(folder.path, now):
        batches = refresh(open_batches(folder.path), service)
    if as_json:
        show_json([asdict(job) for job in batches.jobs])
        return
    for job in batches.jobs:
        show(plain(str(BatchStands(job=job))))


def fetch(
    context: typer.Context,
    run: Path,
    wait: bool,
    every: float,
    base_url: list[str] | None,
    api_key_env: str | None,
    header: list[str] | None,
    ca_file: str | None,
    insecure: bool,
) -> None:
    """Fetch the results of finished batches into the run's records, score them and show the heatmap."""
    if not every > 0:
        raise UsageError(t("cli.every_must_more_than", every=every))
    values: dict[str, Any] = {"base_url": base_url, "api_key_env": api_key_env, "header": header, "ca_file": ca_file}
    values["insecure"] = insecure
    caller = measuring()
    with served(run, values, given(context, values), caller) as (folder, service):
        result = fetch_all(folder, service, caller, every=every if wait else None)
    if not result.is_whole:
        raise typer.Exit(FAILED_TRIALS)


def import_(run: Path, files: list[Path]) -> None:
    """Import result files in OpenAI's batch format into the exported run's records, and score them."""
    folder = open_run(run)
    with owned(folder.path, now):
        imported = import_results(folder, files, now=now)
    for sentence in imported.sentences():
        note(sentence)
    result = finish(folder, measuring(), resume=run)
    if imported.unreadable or not result.is_whole:
        raise typer.Exit(FAILED_TRIALS)
