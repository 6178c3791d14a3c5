"""`nih run`: measure a model over a plan, into one folder, and show the heatmap; several models or a suite: a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.consent import check_cost
from nihbench.cli.finish import finish, finish_tree, show_part
from nihbench.cli.jobs import Job, Ready, asked_jobs, made_ready, resumed_jobs, spent_apart
from nihbench.cli.money import tell_reach, tell_unknown
from nihbench.cli.output import now
from nihbench.cli.sending import Sending, enter_checks, measure, note_cache
from nihbench.errors import InterruptedRunError, StoppedError, UsageError
from nihbench.lang.messages import t
from nihbench.run.adaptive import with_extra
from nihbench.run.batch_state import check_nothing_waits
from nihbench.run.further import most_extra
from nihbench.run.like import begin_run
from nihbench.run.manifest import check_rules, check_same
from nihbench.run.runner import owed
from nihbench.run.spent import spent_before
from nihbench.run.store import RunFolder, check_unchanged, open_run, owned
from nihbench.run.tree import check_place, check_room, create_tree, slug
from nihbench.types import Trial

_RESULTS = Path("results")


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
    """Measure a model: run the grid, show the heatmap, write it as a PNG into the run's folder."""
    if out and resume:
        raise UsageError(t("cli.resume_goes_run_own"))
    if retry_all and not resume:
        raise UsageError(t("cli.retry_all_run_already"))
    jobs = resumed_jobs(context, resume, options, suite) if resume else asked_jobs(options, suite)
    for job in jobs:
        if job.existing:
            check_rules(job.existing.path, job.existing.manifest)
    if resume is None:
        check_place(out) if out else check_room(_RESULTS)

    told: list[bool] = []

    def agree(ready: Sequence[Ready]) -> None:
        _check_begun(ready)
        runs = [resume / each.job.folder if resume else None for each in ready]
        check_cost([(r.setup, r.members, _owed(r, retry_all)) for r in ready], yes=yes, runs=runs)
        if not told:
            told.append(True)
            tell_unknown(ready[0].setup.options.max_cost, *(model for each in ready for model in each.members))

    root = resume or out or _new_folder(jobs, suite)
    with made_ready(jobs, sending=True, agree=agree, folder=root) as ready:
        _check_begun(ready)  # servers may have been asked for long
        folders = _folders(ready, root, suite, new=resume is None)
        code = _send_all(ready, folders, root, strict_controls=strict_controls, retry_all=retry_all)
    if len(folders) > 1 or folders[0] != root:
        finish_tree(root)
    raise typer.Exit(code)


def _check_begun(ready: Sequence[Ready]) -> None:
    """Make sure that runs which are gone on with are what they were, and that no batch of theirs is under way."""
    for each in ready:
        if each.job.existing:
            check_unchanged(each.job.existing)
            check_same(each.job.existing.manifest, each.setup)
            check_nothing_waits(each.job.existing.path)


def _owed(ready: Ready, retry_all: bool) -> list[Trial]:
    """Return what a run has to send, and all that an adaptive one may decide to send besides."""
    existing = ready.job.existing
    made = {record.trial for record in existing.records().values()} if existing else set()
    return [*_planned(ready, retry_all), *(trial for trial in most_extra(ready.setup) if trial not in made)]


def _planned(ready: Ready, retry_all: bool) -> list[Trial]:
    """Return what a run has to send of what is planned."""
    records = ready.job.existing.records() if ready.job.existing else {}
    return [trial for _, trial in owed(with_extra(ready.setup, records), records, retry_all=retry_all)]


def _folders(ready: Sequence[Ready], root: Path, suite: str | None, *, new: bool) -> list[Path]:
    """Return the folders of the runs in that of the whole; a new tree's folder is made."""
    if not new:
        return [root / each.job.folder for each in ready]
    if suite is None and len(ready) == 1:
        return [root]
    children = [(each.setup.options, each.setup.experiment.name) for each in ready]
    texts = [each.setup.corpus.sha256 for each in ready]
    tree = create_tree(root, suite, children, now().isoformat(timespec="seconds"), texts)
    return [root / child.folder for child in tree.children]


def _send_all(
    ready: Sequence[Ready], folders: Sequence[Path], root: Path, *, strict_controls: bool, retry_all: bool
) -> int:
    """Send run after run, each to its end; return the exit code that their records ask for."""
    started = now().isoformat(timespec="seconds")
    # All of them are begun at once: what was found out for them, and what that cost, is kept whatever comes.
    runs: list[RunFolder] = [
        each.job.existing or begin_run(path, each.setup, started) for each, path in zip(ready, folders, strict=True)
    ]
    for each, folder in zip(ready, runs, strict=True):
        enter_checks(each, folder)
    spent = [spent_before(folder.path, each.setup) for each, folder in zip(ready, runs, strict=True)]
    apart = spent_apart(root, folders)
    tell_reach([(each.setup, each.members, _planned(each, retry_all)) for each in ready], sum(spent, apart))
    code = 0
    for number, (each, folder) in enumerate(zip(ready, runs, strict=True)):
        elsewhere = sum(spent, apart) - spent[number]
        with owned(folder.path, now):
            check_unchanged(folder)
            records = folder.records()
            begun = replace(each, setup=with_extra(each.setup, records))
            trials = owed(begun.setup, records, retry_all=retry_all)
            if trials:
                check_room(folder.path)
            sending = Sending(resume=root, elsewhere=elsewhere, strict_controls=strict_controls, retry_all=retry_all)
            try:
                spent[number] = measure(begun, folder, trials, sending)
            except (StoppedError, InterruptedRunError):
                show_part(folder)
                raise
        note_cache(each, folder)
        # An adaptive run writes into run.json what it fitted since.
        code = max(code, finish(open_run(folder.path), resume=root))
    return code


def _new_folder(jobs: Sequence[Job], suite: str | None) -> Path:
    """Return where a new run is kept of which nobody said it: known before anything is asked for it."""
    options = jobs[0].options
    models = list(dict.fromkeys(job.options.model for job in jobs))
    what = [suite] if suite else [options.experiment or load().default_experiment]
    shard = options.shard
    words = [now().strftime("%Y%m%d-%H%M%S"), *models, *what, *([f"part-{shard}"] if shard else [])]
    return _RESULTS / "-".join(slug(word) for word in words)[:200]
