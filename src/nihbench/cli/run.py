"""`nih run`, `watch`, `merge`, `import` and `batch`: the commands that make the folders of runs, and see them grow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from nihbench.app.batching import Terms, fetch_all, served, submit_run
from nihbench.app.events import BatchStands, TrialDone
from nihbench.app.jobs import Job, resumed_jobs
from nihbench.app.money import Gauges, left_behind, stored_tariff
from nihbench.app.options import run_options
from nihbench.app.prompting import write_requests
from nihbench.app.results import result_of
from nihbench.app.running import now
from nihbench.app.session import finish, finish_tree, new_session, resumed_session
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import FAILED_TRIALS, given, terminal
from nihbench.cli.output import note, show, show_json
from nihbench.cli.progress import Watched, is_live, measuring, show_result, shown
from nihbench.errors import UsageError
from nihbench.lang.messages import Words, plain, t
from nihbench.run.batch_state import open_batches
from nihbench.run.batches import import_results, refresh
from nihbench.run.follow import Follower
from nihbench.run.imports import import_rows, read_kamradt
from nihbench.run.merging import merge_folders
from nihbench.run.store import open_run, owned
from nihbench.run.tree import find_runs
from nihbench.types import Record

# ---- `nih run`: into one folder; several models or a suite: a tree ---------------------------------------------------


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


# ---- `nih import`: other tools' published results as runs that every command accepts ---------------------------------


def kamradt(path: Path, out: Path | None, model: str | None) -> None:
    """Import results of Kamradt's needle-in-a-haystack, the 2023 or the current version."""
    now = datetime.now(UTC)
    rows, sha256 = read_kamradt(path)
    runs = import_rows(
        rows,
        source=path.name,
        sha256=sha256,
        out=out or Path("results") / f"{now:%Y%m%d-%H%M%S}-import-kamradt",
        catalog=load_for(terminal().tell_once),
        model=model,
        created_at=now.isoformat(timespec="seconds"),
    )
    for run in runs:
        result = result_of(run)
        show_result(result)
        note(t("cli.run_folder", path=run.path))
        if result.owed:
            note(t("cli.cells_grid_no_result", owed=result.owed))


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


# ---- `nih watch`: a run, or several, that another process works on; nothing is written, no model is asked ------------


POLL_S = 0.5
GRACE_S = 3.0
"""So long after the last run ended another one may begin, where a folder of runs is watched."""


def watch(runs: list[Path]) -> None:
    """Watch another process's run until it ends: heatmap, progress, latest miss."""
    folders = _Folders(runs)
    if not folders.any_going_on():
        note(t("cli.no_process_works_how", runs=tuple(map(str, runs))))
    elif is_live():
        _on_screen(folders)
    else:
        _in_lines(folders)
    for follower in folders.all():
        show_result(result_of(follower.folder, store=False))


class _Folders:
    """The runs that are watched; new ones in a watched folder join them."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._found: dict[Path, Follower] = {}
        self.all()

    def all(self) -> list[Follower]:
        for path in self._paths:
            for folder in find_runs(path):
                if folder not in self._found:
                    self._found[folder] = Follower(open_run(folder))
        return list(self._found.values())

    def any_going_on(self) -> bool:
        return any(follower.is_going_on() for follower in self.all())

    def going_on(self) -> list[Follower]:
        """Return the runs that go on; where none does, wait whether another one begins."""
        several = len(self._paths) > 1 or len(self._found) > 1 or self._found.keys() != set(self._paths)
        until = time.monotonic() + (GRACE_S if several else 0.0)
        while not (found := [f for f in self.all() if f.is_going_on()]) and time.monotonic() < until:
            time.sleep(POLL_S)
        return found


def _on_screen(folders: _Folders) -> None:
    """Show the first of the runs that go on, and the next one when it ends."""
    while going := folders.going_on():
        follower = going[0]
        others = len(folders.all())
        sweep = _sweep(follower, f" ({others})" if others > 1 else "")
        with shown(sweep) as draw:
            while follower.is_going_on():
                for record in follower.news():
                    sweep.take(record, time.monotonic())
                draw()
                time.sleep(POLL_S)


def _in_lines(folders: _Folders) -> None:
    while going := folders.going_on():
        for follower in going:
            for record in follower.news():
                note(_done(follower, record))
        time.sleep(POLL_S)
    for follower in folders.all():
        for record in follower.news():
            note(_done(follower, record))


def _done(follower: Follower, record: Record) -> Words:
    axis = follower.folder.manifest.axis
    return TrialDone(record=record, done=follower.done, total=follower.total, axis=axis).message


def _sweep(follower: Follower, more: str) -> Watched:
    content = follower.folder.manifest
    before = follower.news()
    there = {record.trial for record in before}
    sweep = Watched(
        title=f"{content.model.name}  {content.experiment}{more}",
        task=content.task,
        planned=follower.planned,
        owed=[trial for trial in follower.planned if trial not in there],
        now=time.monotonic(),
        gauges=_money(follower),
    )
    for record in before:
        sweep.remember(record)
    return sweep


def _money(follower: Follower) -> Callable[[object], Gauges]:
    """Return what adds up the costs of the records, at the price that the run was given or the catalog knows."""
    content, catalog = follower.folder.manifest, load_for(terminal().tell_once)
    tariff, preset = stored_tariff(content, catalog), catalog.models.get(content.model.name)
    free = preset is not None and preset.local is not None and not tariff.prices

    def read(owed: object) -> Gauges:
        return Gauges(free=free, spent_usd=follower.spent(tariff), most_usd=content.options.max_cost)

    return read
