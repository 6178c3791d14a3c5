"""`nih batch` and `nih merge`: runs whose answers come by another way than `nih run`'s own requests."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from nihbench.app.batching import fetch_all, served, submit_run
from nihbench.app.events import BatchStands
from nihbench.app.finishing import finish, finish_tree
from nihbench.app.jobs import Job, resumed_jobs
from nihbench.app.money import left_behind
from nihbench.app.options import run_options
from nihbench.app.prompting import write_requests
from nihbench.app.running import now
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import FAILED_TRIALS, given, measuring, terminal
from nihbench.cli.output import note, show, show_json
from nihbench.errors import UsageError
from nihbench.lang.messages import plain, t
from nihbench.run.batch_state import open_batches
from nihbench.run.batches import import_results, refresh
from nihbench.run.merging import merge_folders
from nihbench.run.store import open_run, owned

# ---- `nih batch`: requests submitted to an endpoint, and the answers of engines that work them off later -------------


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
    submit_run(job, caller, completion_window=completion_window, again=again)


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


# ---- `nih merge`: the runs of a plan's parts (`--shard`) as one run --------------------------------------------------


def merge(runs: list[Path], out: Path) -> None:
    """Merge the runs of one plan's parts (--shard) into one run; what does not belong together is refused."""
    caller = measuring()
    merged = merge_folders(runs, out, lambda run: left_behind(run, load_for(caller.tell_once)))
    results = [finish(run, caller, resume=out) for run in merged]
    if merged[0].path != out:
        finish_tree(out, caller)
    if not all(result.is_whole for result in results):
        raise typer.Exit(FAILED_TRIALS)
