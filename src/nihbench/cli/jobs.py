"""The runs that one command means: one, or those of a suite and of several models; resolved together, before any is sent.

A job is one run to be. Jobs of one model share its server; jobs of several models get the same lengths, so that all of
them read the same prompts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nihbench.cli.options import run_options
from nihbench.errors import UsageError

if TYPE_CHECKING:
    from nihbench.endpoint import ModelAccess
    from nihbench.run import Begun, RunFolder, RunOptions, Setup

REFERENCE_UNIT = "cl100k_base"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run to be: its options, and its folder where it was begun already."""

    options: RunOptions
    existing: RunFolder | None = None

    @property
    def begun(self) -> Begun | None:
        """What the run found out when it began."""
        from nihbench.run import begun

        return begun(self.existing.manifest) if self.existing else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A job that is resolved, its model within reach; `members` are all servers that share its work."""

    job: Job
    setup: Setup
    model: ModelAccess
    members: tuple[ModelAccess, ...]


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
    if suite is None and len(models) == 1:
        return (Job(options=options),)
    if suite is not None and (options.experiment or options.prompts):
        raise UsageError("--suite says which experiments and prompts are run: leave --experiment and --prompt out")
    items = load().suite(suite).items if suite is not None else None
    return tuple(Job(options=each) for each in children_of(options, models, items))


@contextmanager
def made_ready(jobs: Sequence[Job], *, sending: bool) -> Iterator[tuple[Ready, ...]]:
    """Resolve jobs; embedded servers run as long as the context.

    Args:
        jobs: what is to be run.
        sending: whether models will be asked (see `wiring.prepared`).
    """
    from nihbench.cli.wiring import reached, resolved, side_by_side

    with ExitStack() as opened:
        models = {
            name: opened.enter_context(reached(first.options, sending=sending, begun=first.begun))
            for name, first in {job.options.model: job for job in reversed(jobs)}.items()
        }
        setups = []
        for job in jobs:
            setups.append(resolved(job.options, models[job.options.model], sending=sending, begun=job.begun))
        setups = _alike(jobs, setups, models, sending=sending)
        ready = []
        for job, setup in zip(jobs, setups, strict=True):
            model = models[job.options.model]
            members = opened.enter_context(side_by_side(setup, model)) if sending else (model,)
            ready.append(Ready(job=replace(job, options=setup.options), setup=setup, model=model, members=members))
        yield tuple(ready)


def _alike(
    jobs: Sequence[Job], setups: Sequence[Setup], models: Mapping[str, ModelAccess], *, sending: bool
) -> list[Setup]:
    """Give all models the same lengths for an experiment: those that the smallest window leaves, unless they are given.

    A length that is counted by each model for itself is another prompt for each anyway.
    """
    from nihbench.cli.wiring import resolved

    fitting: dict[str, tuple[int, ...]] = {}
    for setup in setups:
        known = fitting.setdefault(setup.experiment.name, setup.lengths)
        fitting[setup.experiment.name] = min(known, setup.lengths, key=lambda lengths: lengths[-1])
    result = []
    for job, setup in zip(jobs, setups, strict=True):
        lengths = fitting[setup.experiment.name]
        if setup.lengths != lengths and setup.options.length_unit != "model" and job.existing is None:
            options = replace(setup.options, lengths=",".join(str(length) for length in lengths))
            setup = resolved(options, models[options.model], sending=sending, begun=None)
        result.append(setup)
    return result
