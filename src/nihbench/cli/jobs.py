"""The runs that one command means, one or those of a suite and of several models, resolved before any is sent.

A job is one run to be. Jobs of one model share its server; jobs of several models get the same lengths, so that all of
them read the same prompts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nihbench.cli.options import run_options
from nihbench.errors import NihError, UsageError
from nihbench.lang import t

if TYPE_CHECKING:
    from nihbench.cli.money import Checks, Total
    from nihbench.endpoint import ModelAccess
    from nihbench.run import Begun, RunFolder, RunOptions, Setup

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
        from nihbench.run import begun

        return begun(self.existing.manifest) if self.existing else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A job that is resolved, its model within reach; `members` are all servers that share its work.

    `checks` is what was asked for it before its first trial; None: nothing, and nothing will be.
    """

    job: Job
    setup: Setup
    model: ModelAccess
    members: tuple[ModelAccess, ...]
    checks: Checks | None = None


def asked_jobs(values: Mapping[str, Any], suite: str | None) -> tuple[Job, ...]:
    """Return the jobs that the options of the command line mean, in order.

    Raises:
        UsageError: an option can't be read, or two of them exclude each other.
    """
    from nihbench.catalog import load
    from nihbench.run import children_of

    models = list(dict.fromkeys(values["model"] or []))
    unit = values["length_unit"] or (REFERENCE_UNIT if len(models) > 1 else "model")
    options = run_options({**values, "model": models[:1], "length_unit": unit})
    if not all(models):
        raise UsageError(t("a --model has no name: leave it out"))
    if suite is None and len(models) == 1:
        return (Job(options=options),)
    if suite is not None and (options.experiment or options.prompts):
        raise UsageError(t("--suite says which experiments and prompts are run: leave --experiment and --prompt out"))
    items = load().suite(suite).items if suite is not None else None
    return tuple(Job(options=each) for each in children_of(options, models, items))


def agreed(jobs: Sequence[Job], *, yes: bool) -> bool:
    """Make sure that what new runs of services could cost is agreed to before their servers are asked anything.

    Servers on this machine are left to the check that follows when all is known. Returns whether there is nothing left
    to ask.

    Raises:
        UsageError: it is not agreed to, or --max-cost can't be kept.
    """
    from nihbench.catalog import load
    from nihbench.cli.money import check_cost
    from nihbench.cli.output import FetchReport
    from nihbench.cli.presets import is_here
    from nihbench.cli.wiring import reach, resolved
    from nihbench.run import most_extra

    catalog = load()
    away = [job for job in jobs if job.existing is None and not is_here(job.options, catalog)]
    if not away:
        return yes
    parts = []
    with ExitStack() as opened:
        for job in away:
            model = opened.enter_context(reach(job.options, catalog, sending=True, report=FetchReport()))
            setup = resolved(job.options, catalog, model, None)
            parts.append((setup, (model,), (*setup.trials, *most_extra(setup))))
        check_cost(parts, yes=yes)
    return True


@contextmanager
def made_ready(jobs: Sequence[Job], *, sending: bool, leave_out: bool = False) -> Iterator[tuple[Ready, ...]]:
    """Resolve jobs; embedded servers run as long as the context.

    Args:
        jobs: what is to be run.
        sending: whether models will be asked (see `wiring.prepared`).
        leave_out: whether lengths over a window are left out instead of refused.
    """
    from nihbench.cli.money import Checks, Total

    total = Total()
    checks = [Checks(options=job.options, total=total) if sending else None for job in jobs]
    with ExitStack() as opened:
        try:
            setups, members = _resolved(jobs, checks, total, opened, leave_out=leave_out)
            ready = _introduced(jobs, setups, members, checks)
            yield ready
        except (NihError, KeyboardInterrupt):
            # No run's folder tells it, where none was begun.
            for each in checks:
                each.tell() if each else None
            raise


def _resolved(
    jobs: Sequence[Job], checks: Sequence[Checks | None], total: Total, opened: ExitStack, *, leave_out: bool
) -> tuple[list[Setup], dict[str, tuple[ModelAccess, ...]]]:
    """Return each job's setup, and every model's servers; what resumed runs have spent is added to the total."""
    from nihbench.catalog import load
    from nihbench.cli.wiring import reached, resolved, side_by_side
    from nihbench.run import spent_before

    catalog = load()
    members: dict[str, tuple[ModelAccess, ...]] = {}
    setups: dict[int, Setup] = {}
    # Resumed runs first: what they have spent leaves less for the checks of the others.
    for number in sorted(range(len(jobs)), key=lambda number: jobs[number].existing is None):
        job, account = jobs[number], checks[number]
        name, begun = job.options.model, job.begun
        if name not in members:
            model = opened.enter_context(reached(job.options, catalog, account, begun=begun))
            all_of_it = side_by_side(job.options, model, account) if account else nullcontext((model,))
            members[name] = opened.enter_context(all_of_it)
        model = members[name][0]
        setups[number] = resolved(job.options, catalog, model, account, begun=begun, leave_out=leave_out)
        if account and job.existing:
            total.spent += spent_before(job.existing.path, setups[number])
    ordered = [setups[number] for number in range(len(jobs))]
    for number, lengths in _other_lengths(jobs, ordered).items():
        options = replace(ordered[number].options, lengths=",".join(str(length) for length in lengths))
        ordered[number] = resolved(options, catalog, members[options.model][0], checks[number])
    return ordered, members


def _introduced(
    jobs: Sequence[Job],
    setups: Sequence[Setup],
    members: Mapping[str, tuple[ModelAccess, ...]],
    checks: Sequence[Checks | None],
) -> tuple[Ready, ...]:
    """Say what must be known of each run before it begins."""
    from nihbench.cli.wiring import check_windows, introduce

    ready = []
    for job, setup, account in zip(jobs, setups, checks, strict=True):
        servers = members[job.options.model]
        check_windows(servers, setup.window)
        introduce(setup, servers[0], account, begun=job.begun)
        ready.append(Ready(job=job, setup=setup, model=servers[0], members=servers, checks=account))
    return tuple(ready)


def _other_lengths(jobs: Sequence[Job], setups: Sequence[Setup]) -> dict[int, tuple[int, ...]]:
    """Return the lengths of each job that must take others than its own: all models get those of the smallest window.

    A length that every model counts for itself is another prompt for each anyway.
    """
    fitting: dict[str, tuple[int, ...]] = {}
    for setup in setups:
        known = fitting.setdefault(setup.experiment.name, setup.lengths)
        fitting[setup.experiment.name] = min(known, setup.lengths, key=lambda lengths: lengths[-1])
    return {
        number: fitting[setup.experiment.name]
        for number, (job, setup) in enumerate(zip(jobs, setups, strict=True))
        if job.existing is None
        and setup.options.length_unit != "model"
        and setup.lengths != fitting[setup.experiment.name]
    }
