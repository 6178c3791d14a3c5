"""What of a folder's batches may be used: requests that the plan makes, and ids that stand for them.

A folder may come from anybody. What it has stored as requests is compared, byte for byte, with what the plan would
send; an id in it is used where this machine was given it for that file, or where the server shows the same file for it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nihbench.endpoint.batches import LOST, BatchEndpoint
from nihbench.errors import EndpointError, UsageError
from nihbench.fetch.regular import lines_of
from nihbench.lang.messages import t, typed
from nihbench.run.admit import address_of
from nihbench.run.batch_state import CUSTOM_ID, Batches, Job
from nihbench.run.export import request_line
from nihbench.run.known import known, remember_batch
from nihbench.run.records import unreadable
from nihbench.run.setup import Setup
from nihbench.types import Trial


def plan_of(setup: Setup) -> dict[str, Trial]:
    """Return the plan's trials by their ids."""
    return {setup.trial_id(trial): trial for trial in setup.trials}


def check_requests(setup: Setup, batches: Batches, plan: Mapping[str, Trial]) -> None:
    """Make sure that all that is submitted, or may come back, is what the plan asks.

    Raises:
        UsageError: it is not; nothing was submitted.
    """
    for job in batches.jobs:
        if not (job.is_open or job.waits):
            continue
        ids = batches.ids(job)
        same = len(set(ids)) == len(ids) and all(each in plan for each in ids)
        if not same or (job.is_open and not _is_planned(setup, batches.path(job), plan)):
            raise UsageError(t("run.holds_other_requests_than", file=batches.path(job), run=typed(batches.folder)))


def _is_planned(setup: Setup, path: Path, plan: Mapping[str, Trial]) -> bool:
    """Say whether every line of a file of requests is, to the byte, the one that the plan makes."""
    try:
        for line in lines_of(path):
            found = CUSTOM_ID.match(line)
            trial_id = found[1].decode() if found else ""
            if trial_id not in plan or b"".join(request_line(setup, trial_id, plan[trial_id])[0]) != line:
                return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def check_ids(batches: Batches, service: BatchEndpoint, base_url: str) -> None:
    """Make sure that the ids in batch.json stand for the requests beside it.

    Raises:
        UsageError: they stand for others, or the server can't say; nothing was done.
        StoppedError: the key or the account does not allow it.
    """
    address = address_of(base_url)
    own = set(known().batches)
    for job in batches.jobs:
        used = [each for each in (job.input_file_id, job.batch_id) if each]
        if job.given_up or job.fetched or all((address, each, job.sha256) in own for each in used):
            continue
        if not _is_same(service, job):
            raise UsageError(
                t("run.names_became_not_submitted", run=batches.folder, ids=", ".join(used), name=job.name)
            )
        for each in used:
            remember_batch(address, each, job.sha256)


def _is_same(service: BatchEndpoint, job: Job) -> bool:
    """Say whether a server shows a job's requests for its ids; a batch that it does not know stands for nothing."""
    file_id = job.input_file_id
    try:
        if job.batch_id is not None:
            batch = service.retrieve(job.batch_id)
            if batch.status == LOST:
                return True
            if file_id not in (None, batch.input_file_id):
                return False
            file_id = batch.input_file_id
        if file_id is None:
            return False
        with tempfile.TemporaryDirectory(prefix="nih-batch-") as folder:
            target = Path(folder) / "requests.jsonl"
            service.download(file_id, target)
            with target.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == job.sha256
    except EndpointError:
        return False
