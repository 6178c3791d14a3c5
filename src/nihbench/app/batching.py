"""Batches: have the cost of requests agreed to, submit them, bring the answers."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from nihbench.app.consent import check_cost
from nihbench.app.events import BatchStands, Caller
from nihbench.app.finishing import finish
from nihbench.app.jobs import Job, resumed_jobs
from nihbench.app.keywords import usual_values
from nihbench.app.money import dollars, planned_cost
from nihbench.app.results import Result
from nihbench.app.running import now
from nihbench.app.wiring import prepared, reach
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.batches import BatchEndpoint
from nihbench.errors import StoppedError, UsageError
from nihbench.lang.messages import t, typed
from nihbench.prices import decimal_of, discounted
from nihbench.run.batch_state import Batches, open_batches
from nihbench.run.batch_state import Job as BatchJob
from nihbench.run.batches import (
    Submission,
    bring,
    check_ids,
    check_requests,
    check_server,
    import_results,
    refresh,
    submit,
    to_submit,
)
from nihbench.run.options import bare_url
from nihbench.run.setup import Setup
from nihbench.run.spent import Ledger, read_ledger, spent_before
from nihbench.run.store import RunFolder, check_rules, check_same, open_run, owned
from nihbench.types import Trial


def submit_run(job: Job, caller: Caller, *, completion_window: str | None, again: bool) -> None:
    """Submit what a run owes, when its cost is agreed to; tell of each batch when it is there.

    Args:
        job: the run.
        caller: hears of each batch, and is asked for agreement.
        completion_window: how long a batch may take; None: the service's usual time.
        again: as in `Submission`.

    Raises:
        NihError: it can't be submitted, or is not agreed to.
    """
    folder = job.existing
    assert folder is not None
    open_batches(folder.path)
    check_rules(folder.path, folder.manifest)
    with prepared(job.options, caller, sending=True, begun=job.begun) as (setup, model), owned(folder.path, now):
        _check_remote(setup, model)
        check_same(folder.manifest, setup)
        plan, batches = setup.by_id, open_batches(folder.path)
        url = bare_url(model.base_url) or ""
        check_server(batches, url)
        batches = to_submit(batches, list(plan), folder.records(), again=again)
        check_requests(setup, batches, plan)
        _settle(folder, batches)
        ids = [trial_id for each in batches.jobs if each.is_open for trial_id in batches.ids(each)]
        if not ids:
            raise UsageError(t("cli.nothing_left_submit_bring", path=typed(folder.path)))
        _agree(setup, model, folder, *_unagreed(folder, batches, plan), caller)
        usual = setup.preset.batch.completion_window if setup.preset.batch else "24h"
        how = Submission(base_url=url, completion_window=completion_window or usual, again=again)
        _submit(setup, model, batches, plan, how, caller)
        caller.tell(t("cli.answers_come_later_nih", path=typed(folder.path)))


def _unagreed(folder: RunFolder, batches: Batches, plan: Mapping[str, Trial]) -> tuple[list[Trial], list[Trial]]:
    """Return the trials that are submitted next, and those under way, for which the ledger sets nothing aside yet.

    What it does is spent; older versions did not enter batches there.
    """
    known = read_ledger(folder.path).calls
    left = [job for job in batches.jobs if job.entry not in known]

    def trials(jobs: Iterable[BatchJob]) -> list[Trial]:
        return [plan[trial_id] for job in jobs for trial_id in batches.ids(job)]

    return trials(job for job in left if job.is_open), trials(job for job in left if job.waits and not job.is_open)


def _submit(
    setup: Setup,
    model: ModelAccess,
    batches: Batches,
    plan: Mapping[str, Trial],
    how: Submission,
    caller: Caller,
) -> None:
    """Submit what is open; what a batch may cost is set aside before it is made."""
    cheap = _at_batch_prices(setup)

    def reserve(job: BatchJob) -> None:
        worst = planned_cost(cheap, (model,), [plan[each] for each in batches.ids(job)]).most
        if worst:
            ledger.reserve_now(worst, job.entry)

    with BatchEndpoint(model.endpoint) as service, Ledger(batches.folder, now) as ledger:
        check_ids(batches, service, how.base_url)
        submit(
            batches,
            service,
            how,
            on_job=lambda each: caller.emit(BatchStands(job=each, is_new=True)),
            reserve=reserve,
            free=lambda job: ledger.settle(job.entry, Decimal(0)),
        )


def _check_remote(setup: Setup, model: ModelAccess) -> None:
    if model.model_sha256 is not None:
        raise UsageError(t("cli.embedded_model_takes_no"))
    if setup.options.more_urls:
        raise UsageError(t("cli.batch_goes_one_server"))


def _agree(
    setup: Setup,
    model: ModelAccess,
    folder: RunFolder,
    trials: Sequence[Trial],
    waiting: Sequence[Trial],
    caller: Caller,
) -> None:
    """Make sure that the cost is agreed to, at the prices of a batch.

    Raises:
        UsageError: it is not, or --max-cost can't be kept.
        StoppedError: it could be more than --max-cost.
    """
    cheap = _at_batch_prices(setup)
    check_cost([(cheap, (model,), trials)], caller, runs=[folder.path])
    if setup.options.max_cost is None:
        return
    worst = planned_cost(cheap, (model,), [*trials, *waiting]).most
    spent, most = spent_before(folder.path, setup), decimal_of(setup.options.max_cost)
    if worst is not None and worst + spent > most:
        raise StoppedError(
            t("cli.requests_could_cost_max", worst=dollars(worst), spent=dollars(spent), most=dollars(most))
        )


def _at_batch_prices(setup: Setup) -> Setup:
    share = setup.preset.batch.price if setup.preset.batch else 1.0
    return replace(setup, preset=replace(setup.preset, prices=discounted(setup.preset.prices, share)))


def _settle(folder: RunFolder, batches: Batches) -> None:
    """Give back what is set aside for batches whose answers are in the records, and cost what these say."""
    known = read_ledger(folder.path).calls
    paid = [entry for job in batches.jobs for entry in (job.entries if job.is_paid else job.entries[:-1])]
    with Ledger(folder.path, now) as ledger:
        for entry in paid:
            if known.get(entry):
                ledger.settle(entry, Decimal(0))


@contextmanager
def served(
    path: Path, values: Mapping[str, Any], given: Collection[str], caller: Caller
) -> Iterator[tuple[RunFolder, BatchEndpoint]]:
    """Reach the server that a run's batches are at.

    Args:
        path: the run's folder.
        values: the raw values of some options.
        given: which of them were given.
        caller: hears what a user should know.

    Raises:
        UsageError: the run was not exported, or its batches are at another server.
    """
    open_batches(open_run(path).path)
    (job,) = resumed_jobs(path, usual_values() | dict(values), given, None, caller)
    assert job.existing is not None
    with reach(job.options, caller, sending=True) as model:
        check_server(open_batches(path), bare_url(model.base_url) or "")
        with BatchEndpoint(model.endpoint) as service:
            check_ids(open_batches(path), service, model.base_url)
            yield job.existing, service


def fetch_all(folder: RunFolder, service: BatchEndpoint, caller: Caller, *, every: float | None) -> Result:
    """Bring all results that are there; return the run as it is read then.

    Args:
        folder: the run.
        service: its server.
        caller: hears how its batches stand.
        every: seconds between two questions until all batches have ended; None: ask once.
    """
    with owned(folder.path, now):
        batches = open_batches(folder.path)
        if not any(job.batch_id for job in batches.jobs):
            raise UsageError(t("cli.no_batch_yet_nih", path=typed(folder.path)))
        while True:
            batches = _bring_ended(folder, refresh(batches, service), service, caller)
            _settle(folder, batches)
            going = [job for job in batches.jobs if job.waits and job.batch_id and not job.finished]
            if every is None or not going:
                break
            time.sleep(every)
    for job in batches.jobs:
        if job.waits:
            caller.emit(BatchStands(job=job))
    return finish(folder, caller, resume=folder.path)


def _bring_ended(folder: RunFolder, batches: Batches, service: BatchEndpoint, caller: Caller) -> Batches:
    for job in batches.jobs:
        if job.finished and job.waits:
            caller.emit(BatchStands(job=job))
            files = bring(batches, job, service)
            if files:
                asked = batches.ids(job)
                for sentence in import_results(folder, files, now=now, keys=service.keys(), asked=asked).sentences():
                    caller.tell(sentence)
            batches = batches.put(replace(job, fetched=True))
    return batches
