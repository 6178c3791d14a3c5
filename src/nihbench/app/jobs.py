"""The runs that one call means, one or those of a suite and of several models, resolved before any is sent.

A job is one run to be. Jobs of one model share its server; jobs of several models get the same lengths, so that all of
them read the same prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from nihbench.app.checks import Checks, Total, calibrated
from nihbench.app.consent import Again, readmitted
from nihbench.app.events import Caller
from nihbench.app.options import run_options
from nihbench.app.running import now
from nihbench.app.wiring import all_preflown, asks, check_windows, introduce, outlined, reach_all, window_comes_later
from nihbench.catalog.loading import load_for
from nihbench.endpoint.access import ModelAccess
from nihbench.errors import NihError, UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import is_open
from nihbench.run.like import begun_in
from nihbench.run.options import RunOptions
from nihbench.run.resolve import Outline, axis_of, has_own_rows, whole
from nihbench.run.setup import Begun, Setup
from nihbench.run.spent import Ledger, read_ledger, spent_before
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import Beginning, beginning_of, stored_options
from nihbench.run.tree import children_of, grouped, is_tree, open_tree
from nihbench.types import CONDITIONS, Suite

Members = Mapping[str, tuple[ModelAccess, ...]]
"""The servers of every model, by its name."""

REFERENCE_UNIT = "cl100k_base"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run to be: its options, its run where it was begun already, its folder's name where it is one of several."""

    options: RunOptions
    existing: RunFolder | None = None
    folder: str = ""

    @property
    def begun(self) -> Begun | None:
        """What the run found out when it began."""
        return begun_in(self.existing) if self.existing else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A job that is resolved, its model within reach; `members` are all servers that share its work.

    `checks` is what was asked for it before its first trial; None: nothing, and nothing will be.
    """

    job: Job
    caller: Caller
    setup: Setup
    members: tuple[ModelAccess, ...]
    checks: Checks | None = None

    @property
    def model(self) -> ModelAccess:
        """The first of its servers."""
        return self.members[0]


def asked_jobs(values: Mapping[str, Any], suite: str | None, caller: Caller) -> tuple[Job, ...]:
    """Return the jobs that raw options mean, in order.

    Raises:
        UsageError: an option can't be read, or two of them exclude each other.
    """
    models = list(dict.fromkeys(values["model"] or []))
    unit = values["length_unit"] or (REFERENCE_UNIT if len(models) > 1 and not values["like"] else None)
    options = run_options({**values, "model": models[:1], "length_unit": unit}, caller)
    if options.like is not None and suite is not None:
        raise UsageError(t("cli.like_takes_grid_texts", options="--suite"))
    if not all(models):
        raise UsageError(t("cli.model_no_name_leave"))
    conditions = conditions_of(options)
    if suite is None and len(models) == len(conditions) == 1:
        return (Job(options=options),)
    if suite is not None and (options.experiment or options.prompts):
        raise UsageError(t("cli.suite_says_experiments_prompts"))
    if suite is None:
        return tuple(Job(options=each) for each in children_of(options, models, None, conditions))
    known = load_for(caller.tell_once).suite(suite)
    children = children_of(_in_suite(options, values, known), models, known.items, conditions)
    return tuple(Job(options=_with_depths(each, known)) for each in children)


def conditions_of(options: RunOptions) -> tuple[Mapping[str, str], ...]:
    """Return the conditions that options name: of each that has several values, all; one that says nothing for none.

    Where distractors are the task's rows, several of them are rows of one run.
    """
    asked = {name: options.task_options.get(name, "") for name in CONDITIONS}
    if options.task is None and options.experiment is None or not any("," in value for value in asked.values()):
        return ({},)
    axis = axis_of(options.task, options.experiment)
    several = {
        name: tuple(dict.fromkeys(part.strip() for part in value.split(",")))
        for name, value in asked.items()
        if "," in value and name != axis
    }
    return tuple(dict(zip(several, values, strict=True)) for values in product(*several.values()))


def _in_suite(options: RunOptions, values: Mapping[str, Any], suite: Suite) -> RunOptions:
    """Return the options of a suite's runs: what the suite says, where the user says nothing else."""
    if options.lengths is None and not options.quick:
        options = replace(options, lengths=suite.lengths)
    if values["repeats"] is not None or suite.repeats is None:
        return options
    runs = len(grouped(suite.items))
    share = None if suite.of_classic is None or options.adaptive else suite.of_classic / runs
    return replace(options, repeats=suite.repeats, classic_share=share)


def _with_depths(options: RunOptions, suite: Suite) -> RunOptions:
    """Return the options of one run with the suite's depths, where its rows are depths and the user names none."""
    if suite.depths is None or options.depths is not None or options.quick or has_own_rows(None, options.experiment):
        return options
    return replace(options, depths=suite.depths)


@contextmanager
def made_ready(
    jobs: Sequence[Job],
    caller: Caller,
    *,
    sending: bool,
    leave_out: bool = False,
    agree: Callable[[Sequence[Ready]], None] | None = None,
    folder: Path | None = None,
) -> Iterator[tuple[Ready, ...]]:
    """Resolve jobs; embedded servers run as long as the context.

    All that can be wrong with the options is found out, and what the runs can cost is agreed to, before a model has to
    read anything.

    Args:
        jobs: what is to be run.
        caller: hears what a user should know.
        sending: whether models will be asked: a missing key is an error only then, and the servers of new runs are
            asked what must be known before the first expensive prompt.
        leave_out: whether lengths over a window are left out instead of refused.
        agree: makes sure that the jobs' cost is agreed to, of those whose lengths are known; where some can only be
            known when a server has answered, it is called again with all.
        folder: where the runs are, or will be: what is asked before they begin is written down in its ledger.
    """
    total = Total()
    checks = [Checks(options=job.options, caller=caller, total=total) if sending else None for job in jobs]
    with ExitStack() as opened:
        if folder is not None:
            total.ledger = opened.enter_context(Ledger(folder, now))
            total.spent = spent_apart(folder, [job.existing.path for job in jobs if job.existing])
        members = _reached(jobs, caller, opened, sending=sending)
        known = _drafted(jobs, caller, members, leave_out=leave_out)
        if agree is not None and known:
            drafts = [(jobs[number], draft.setup) for number, draft in known.items()]
            agree([Ready(job=j, caller=caller, setup=s, members=members[j.options.model]) for j, s in drafts])
        try:
            told = _told(jobs, known, members, checks)
            setups = _final(jobs, caller, known, members, told, checks, leave_out=leave_out)
            ready = _introduced(jobs, caller, setups, told, checks)
            if agree is not None and len(known) < len(jobs):
                agree(ready)
            yield ready
        except (NihError, KeyboardInterrupt):
            # No run's folder tells it, where none was begun.
            for each in checks:
                each.tell() if each else None
            raise


def spent_apart(folder: Path, runs: Sequence[Path]) -> Decimal:
    """Return what a folder's own ledger says of calls that the ledgers of its runs do not have.

    A command that was killed before its runs had begun has left them there.
    """
    if folder in runs:
        return Decimal(0)
    of_runs = {call for run in runs for call in read_ledger(run).calls}
    return sum((usd for call, usd in read_ledger(folder).calls.items() if call not in of_runs), Decimal(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A job as it is resolved so far: what stays, and the setup that is laid out by what is known as yet."""

    outline: Outline
    setup: Setup


def _laid(outline: Outline, *, leave_out: bool) -> _Draft:
    return _Draft(outline=outline, setup=outline.laid_out(leave_out=leave_out))


def _reached(jobs: Sequence[Job], caller: Caller, opened: ExitStack, *, sending: bool) -> Members:
    """Reach every model's servers."""
    members: dict[str, tuple[ModelAccess, ...]] = {}
    for job in jobs:
        if job.options.model not in members:
            servers = opened.enter_context(reach_all(job.options, caller, sending=sending))
            members[job.options.model] = servers
    return members


def _drafted(jobs: Sequence[Job], caller: Caller, members: Members, *, leave_out: bool) -> dict[int, _Draft]:
    """Return each job by its number as it is without asking anything.

    Those are left out whose lengths depend on a window that its server tells when it has loaded the model.
    """
    drafts: dict[int, _Draft] = {}
    for number, job in enumerate(jobs):
        model = members[job.options.model][0]
        if job.existing is None and window_comes_later(job.options, model):
            continue
        outline = outlined(job.options, model, caller, begun=job.begun, draft=leave_out)
        drafts[number] = _laid(outline, leave_out=leave_out)
        check_windows(members[job.options.model], drafts[number].setup.window)
    return _alike(jobs, drafts)


def _told(
    jobs: Sequence[Job], known: Mapping[int, _Draft], members: Members, checks: Sequence[Checks | None]
) -> dict[str, tuple[ModelAccess, ...]]:
    """Return every model's servers with what they tell when asked; what resumed runs have spent is added up."""
    told: dict[str, tuple[ModelAccess, ...]] = {}
    # Resumed runs first: what they have spent leaves less for the checks of the others.
    for number in sorted(range(len(jobs)), key=lambda number: jobs[number].existing is None):
        job, account = jobs[number], checks[number]
        if account and job.existing:
            account.total.spent += spent_before(job.existing.path, known[number].setup)
        if job.options.model not in told:
            servers = members[job.options.model]
            told[job.options.model] = all_preflown(servers, account, begun=job.begun) if account else servers
    return told


def _final(
    jobs: Sequence[Job],
    caller: Caller,
    known: Mapping[int, _Draft],
    members: Members,
    told: Members,
    checks: Sequence[Checks | None],
    *,
    leave_out: bool,
) -> list[Setup]:
    """Return each job's setup with what its server told, and with lengths that are fitted to its counts."""
    drafts: dict[int, _Draft] = {}
    for number, job in enumerate(jobs):
        draft, model, account = known.get(number), told[job.options.model][0], checks[number]
        if draft is None:
            outline = outlined(job.options, model, caller, begun=job.begun, draft=leave_out)
            draft = _laid(outline, leave_out=leave_out)
        elif job.existing is None and model.window != members[job.options.model][0].window:
            draft = _laid(draft.outline.told(model), leave_out=leave_out)
        if account is not None and draft.setup.wants_calibration and asks(model, job.begun):
            draft = _fitted(draft, model, account)
        drafts[number] = draft
    final = _alike(jobs, drafts)
    return [final[number].setup for number in range(len(jobs))]


def _fitted(draft: _Draft, model: ModelAccess, checks: Checks) -> _Draft:
    """Return a job with lengths that are fitted to what its server counts, where that can be had."""
    found = calibrated(model, checks, whole(draft.setup))
    return draft if found is None else replace(draft, setup=draft.outline.laid_out(found))


def _introduced(
    jobs: Sequence[Job],
    caller: Caller,
    setups: Sequence[Setup],
    members: Members,
    checks: Sequence[Checks | None],
) -> tuple[Ready, ...]:
    """Say what must be known of each run before it begins."""
    ready = []
    for job, setup, account in zip(jobs, setups, checks, strict=True):
        servers = members[job.options.model]
        check_windows(servers, setup.window)
        introduce(setup, servers[0], caller, account, begun=job.begun)
        ready.append(Ready(job=job, caller=caller, setup=setup, members=servers, checks=account))
    return tuple(ready)


def _alike(jobs: Sequence[Job], drafts: Mapping[int, _Draft]) -> dict[int, _Draft]:
    """Return jobs of which all models get the same lengths, those of the smallest window.

    A length that every model counts for itself is another prompt for each anyway. Lengths up to the longest that can be
    had (`2k:max:5`) are the same in all experiments.
    """
    fitting: dict[tuple[str, str], tuple[int, ...]] = {}
    for setup in (draft.setup for draft in drafts.values()):
        known = fitting.setdefault(_alikeness(setup), setup.lengths)
        fitting[_alikeness(setup)] = min(known, setup.lengths, key=lambda lengths: lengths[-1])
    return {number: _with(draft, fitting, jobs[number]) for number, draft in drafts.items()}


def _alikeness(setup: Setup) -> tuple[str, str]:
    """Return which model's and which experiment's setups have the lengths of this one, "" for all of them."""
    model = setup.preset.name if setup.options.length_unit == "model" else ""
    return model, "" if is_open(setup.options.lengths or "") else setup.experiment.name


def _with(draft: _Draft, fitting: Mapping[tuple[str, str], tuple[int, ...]], job: Job) -> _Draft:
    """Return a job with the lengths that it shares with others, where these must be other than its own."""
    setup, lengths = draft.setup, fitting[_alikeness(draft.setup)]
    if job.existing is not None or setup.lengths == lengths:
        return draft
    return replace(draft, setup=draft.outline.with_lengths(lengths).laid_out())


# ---- resuming --------------------------------------------------------------------------------------------------------
# Going on with what was begun: the options that a run or a folder of runs began with, and what may differ now.

_FREE_ON_RESUME = (
    "preflight canary corpus concurrency rpm tpm price max_cost stream ca_file insecure precision max_trials"
).split()
"""Options that change how model and text are reached, not what is answered; the text's hash guards `corpus`."""
_FIELDS = {"prompt": "prompts", "header": "headers"} | dict.fromkeys(("task_option", *CONDITIONS), "task_options")
"""Fields of the options that are called otherwise than what is given."""
_OF_THE_ADDRESS = ("base_url", "api_key_env")
_OF_A_TREE = ("model", "experiment", "prompt")


def resumed_jobs(
    folder: Path, values: Mapping[str, Any], given: Collection[str], suite: str | None, caller: Caller
) -> tuple[Job, ...]:
    """Return the jobs of a run, or of a folder of runs, with the options that they began with.

    Args:
        folder: the run's, or that of the runs.
        values: the raw value of every option.
        given: those of them that were given.
        suite: the suite that was named, which must be the folder's.
        caller: hears what a user should know.

    Raises:
        UsageError: an option that was given again says something else, or a secret is missing.
        DamagedDataError: a file of the run can't be read.
    """
    given = [name for name in values if name in given]
    if not is_tree(folder):
        if suite is not None:
            raise UsageError(t("cli.single_run_not_suite", folder=folder))
        run = open_run(folder)
        if run.manifest.is_import:
            raise UsageError(t("cli.imported_cant_gone_make", path=run.path))
        return (Job(options=_resumed(run.path, run.manifest.beginning, values, given, caller), existing=run),)
    tree = open_tree(folder)
    if (suite is not None and suite != tree.suite) or any(name in given for name in _OF_A_TREE):
        raise UsageError(t("cli.says_itself_runs_leave", folder=folder))
    jobs = []
    for child in tree.children:
        begun = tree.begun(child)
        known = beginning_of(child.options, child.withheld, child.corpus_sha256)
        known = replace(known, begun=begun is not None, is_like=begun is not None and begun.manifest.like is not None)
        options = _resumed(folder / child.folder, known, {**values, "model": None}, given, caller)
        jobs.append(Job(options=options, existing=begun, folder=child.folder))
    return tuple(jobs)


def _resumed(
    path: Path, known: Beginning, values: Mapping[str, Any], given: Collection[str], caller: Caller
) -> RunOptions:
    """Return the options that the run began with; options given again must say the same."""
    began = known.options
    defaults = {"model": [began.model], "length_unit": began.length_unit, "adaptive": began.adaptive}
    asked = run_options({**values, **{name: values[name] or usual for name, usual in defaults.items()}}, caller)
    again: dict[str, Any] = {name: getattr(asked, name) for name in ("base_url", "extra_body") if name in given}
    stored = stored_options(known, asked.headers, again)
    changed = []
    for name in given:
        field = _FIELDS.get(name, name)
        if name not in (*_FREE_ON_RESUME, *_OF_THE_ADDRESS, "header") and getattr(asked, field) != getattr(
            stored, field
        ):
            changed.append("--" + name.replace("_", "-"))
    if changed:
        raise UsageError(t("cli.cant_resume_other_options", changed=tuple(changed), path=path))
    free = {n: getattr(asked, n) for n in _FREE_ON_RESUME if n in given}
    catalog = load_for(caller.tell_once)
    return readmitted(replace(stored, **free), Again(run=path, begun=known, asked=asked, given=given, catalog=catalog))
