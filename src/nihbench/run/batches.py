"""A run's requests through an endpoint's batches: submit, see how they stand, bring the results, of any engine.

Nothing is paid for twice: every id is on the disk before the next step, a batch that may have been created is looked
for by its file before another is, and what waits in a batch is not sent by other ways.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from nihbench.endpoint.batches import LOST, Batch, BatchEndpoint, BatchResult, UnsureError, read_result
from nihbench.endpoint.kinds import HANDLING, may_be_asked
from nihbench.endpoint.usage import MOST_BYTES
from nihbench.errors import DamagedDataError, EndpointError, UsageError, unreadable
from nihbench.fetch.files import lines_of, open_named
from nihbench.lang.messages import Message, Words, t, typed
from nihbench.run.addresses import address_of
from nihbench.run.batch_state import (
    BATCH_FOLDER,
    CUSTOM_ID,
    URL,
    Batches,
    Job,
    Planned,
    extract,
    read_planned,
    request_line,
)
from nihbench.run.known import known, remember_batch
from nihbench.run.records import all_records
from nihbench.run.setup import Setup
from nihbench.run.store import RECORDS, RunFolder
from nihbench.run.verify import Expectation, checked
from nihbench.types import Completion, Failure, Outcome, Record, Trial

OUTPUT, ERRORS = "output", "errors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """How batches are submitted.

    `base_url` is the server's address without secrets. `again`: what may have been created is given up where the
    server can't say whether it was.
    """

    base_url: str
    completion_window: str = "24h"
    again: bool = False


def to_submit(batches: Batches, ids: Sequence[str], records: Mapping[str, Record], *, again: bool) -> Batches:
    """Return (and write) the state in which the open jobs are all that is owed and waits in no batch.

    Files of which nothing was submitted and nothing is done stay as they are. What failed as a whole is opened again;
    of other files what is owed still goes into new ones.

    Args:
        batches: the state.
        ids: the ids of the plan's trials.
        records: what is there.
        again: whether batches that the server does not know any more are given up.
    """
    for job in batches.jobs:
        if job.status == "failed" and not job.completed and not job.given_up:
            # The server found the file wanting as a whole: no request of it was carried out.
            earlier = (*job.earlier, job.batch_id or "")
            batches = batches.put(_bare(job, earlier=earlier))
        elif job.status == LOST and again:
            batches = batches.put(replace(job, given_up=True))
    waiting = batches.waiting()
    owed = {trial_id for trial_id in ids if trial_id not in waiting and may_be_asked(records.get(trial_id))}
    for job in batches.jobs:
        if job.is_open and not job.creating:
            held = set(batches.ids(job))
            if held <= owed:
                owed -= held
            else:
                batches = batches.put(replace(job, given_up=True))
    return batches.put(*extract(batches, batches.jobs, owed)) if owed else batches


def _bare(job: Job, *, earlier: tuple[str, ...]) -> Job:
    return Job(name=job.name, requests=job.requests, size_bytes=job.size_bytes, sha256=job.sha256, earlier=earlier)


def check_server(batches: Batches, base_url: str) -> None:
    """Make sure that batches are asked for where they were submitted.

    Raises:
        UsageError: that was another server.
    """
    for job in batches.jobs:
        if job.base_url is not None and job.base_url != base_url and (job.waits or job.input_file_id):
            raise UsageError(
                t("run.requests_sent_not_give", folder=batches.folder, known=job.base_url, base_url=base_url)
            )


def submit(
    batches: Batches,
    service: BatchEndpoint,
    how: Submission,
    on_job: Callable[[Job], None] = lambda job: None,
    *,
    reserve: Callable[[Job], None] = lambda job: None,
    free: Callable[[Job], None] = lambda job: None,
) -> Batches:
    """Upload every open job's file and create its batch; a job is on the disk before and after each of the two.

    Args:
        batches: the state.
        service: the server.
        how: how they are submitted.
        on_job: told of every batch when it is there.
        reserve: sets aside what a batch may cost, before the server is asked for it; it is on the disk then.
        free: gives that back where there is no batch.

    Raises:
        UnsureError: a batch may have been created; submitting again looks for it first.
        StoppedError: the key or the account does not allow it.
        EndpointError: the server refused, or can't say whether a batch was created.
    """
    for job in batches.jobs:
        if not job.is_open:
            continue
        found = _find(service, job, how) if job.creating else None
        if found is None:
            batches, found, job = _create(batches, job, service, how, reserve, free)
        remember_batch(address_of(how.base_url), found.id, job.sha256)
        job = told(replace(job, creating=False), found)
        batches = batches.put(job)
        on_job(job)
    return batches


def _create(
    batches: Batches,
    job: Job,
    service: BatchEndpoint,
    how: Submission,
    reserve: Callable[[Job], None],
    free: Callable[[Job], None],
) -> tuple[Batches, Batch, Job]:
    """Upload a job's file, where it is not yet, and create its batch."""
    file_id = job.input_file_id
    if file_id is None:
        batches.ids(job)  # the file must be what its hash says
        file_id = service.upload(batches.path(job))
        remember_batch(address_of(how.base_url), file_id, job.sha256)
    job = replace(job, base_url=how.base_url, input_file_id=file_id, creating=True)
    batches = batches.put(job)
    reserve(job)
    try:
        made = service.create(
            file_id,
            url=URL,
            completion_window=how.completion_window,
            metadata={"tool": "nihbench", "file": job.name, "sha256": job.sha256},
        )
    except UnsureError as error:
        raise UnsureError(t("run.may_all_same_submit", error=error)) from error
    except Exception:
        # Refused, or never sent: there is no batch. Ctrl-C is no Exception, and leaves the question open.
        free(job)
        batches.put(replace(job, creating=False))
        raise
    return batches, made, job


def _find(service: BatchEndpoint, job: Job, how: Submission) -> Batch | None:
    """Look for a batch that may have been created."""
    assert job.input_file_id is not None
    try:
        return service.find(job.input_file_id)
    except EndpointError as error:
        if how.again:
            return None
        raise EndpointError(t("run.batch_may_been_created", name=job.name, error=error)) from error


def told(job: Job, batch: Batch) -> Job:
    """Return a job with what the server says of its batch."""
    return replace(
        job,
        batch_id=batch.id,
        status=batch.status,
        output_file_id=batch.output_file_id,
        error_file_id=batch.error_file_id,
        total=batch.total,
        completed=batch.completed,
        failed=batch.failed,
        message=batch.message,
    )


def refresh(batches: Batches, service: BatchEndpoint) -> Batches:
    """Ask how all batches stand that have not ended yet. Raises as `BatchEndpoint.retrieve`."""
    for job in batches.jobs:
        if job.batch_id is not None and not job.given_up and not (job.finished and job.fetched):
            batches = batches.put(told(job, service.retrieve(job.batch_id)))
    return batches


def bring(batches: Batches, job: Job, service: BatchEndpoint) -> tuple[Path, ...]:
    """Download the result files of a job that has ended; return them, good answers first.

    A job without a batch has none: what batch.json calls its results are no answer of a server.

    Raises:
        StoppedError, EndpointError, FetchError: see `BatchEndpoint.download`.
    """
    if job.batch_id is None:
        return ()
    stem = Path(job.name).stem
    brought = []
    for kind, file_id in ((OUTPUT, job.output_file_id), (ERRORS, job.error_file_id)):
        if file_id is not None:
            path = batches.folder / BATCH_FOLDER / f"{kind}-{stem}.jsonl"
            service.download(file_id, path)
            brought.append(path)
    return tuple(brought)


# ---- batch trust -----------------------------------------------------------------------------------------------------
# What of a folder's batches may be used: requests that the plan makes, and ids that stand for them.
#
# A folder may come from anybody. What it has stored as requests is compared, byte for byte, with what the plan would
# send; an id in it is used where this machine was given it for that file, or where the server shows the same file for
# it.


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
        raise unreadable(path, error, DamagedDataError) from error
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
            raise UsageError(t("run.names_became_not_submitted", run=batches.folder, ids=tuple(used), name=job.name))
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


# ---- the results of a batch brought into a run's records: files of OpenAI's format, of whatever engine ---------------
# Lines are matched by `custom_id`, the trial's id, and judged as live answers are. Nothing is lost: what can't be used
# is counted and told. Nothing is doubled: a trial keeps its first answer, a failure gives way to an answer, and the
# same line again changes nothing. Nothing is made up: a trial without a line stays owed.


_MOST_FILE_BYTES = 8 << 30
"""As much as is downloaded of a batch's results (`endpoint.batches`); they are read line by line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of the lines of result files.

    `answers` and `failures` are new records. `known`: outcomes that the records have already. `surplus`: further
    outcomes of trials that have their answer. `foreign`: of no trial of the run. `unreadable`: where such lines
    stand. `stopped`: failures that would have ended a live run, by their message; such trials have no record and are
    owed.
    """

    answers: int = 0
    failures: int = 0
    known: int = 0
    surplus: int = 0
    foreign: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    stopped: Mapping[Words, int] = field(default_factory=dict)

    def sentences(self) -> list[Message]:
        """Say it, in sentences."""
        said = [
            t("run.imported_answers_failures_already", answers=self.answers, failures=self.failures, known=self.known)
        ]
        if self.surplus:
            said.append(t("run.lines_trials_answer_first", surplus=self.surplus))
        if self.foreign:
            said.append(t("run.lines_belong_no_trial", count=len(self.foreign), first=self.foreign[0]))
        if self.unreadable:
            said.append(t("run.lines_cant_read_first", count=len(self.unreadable), first=self.unreadable[0]))
        said += [
            t("run.requests_refused_their_trials", count=count, message=message)
            for message, count in self.stopped.items()
        ]
        return said


def import_results(
    run: RunFolder,
    files: Sequence[Path],
    *,
    now: Callable[[], datetime],
    keys: Sequence[str] = (),
    asked: Collection[str] | None = None,
) -> Imported:
    """Append the results in `files` to the run's records.

    Args:
        run: the run that was exported; its folder is owned by this process.
        files: the result files, in order.
        now: the time, in UTC, for answers whose server does not say when they began.
        keys: what must not stand in a record, should the server give it back.
        asked: the trials of the batch that ended: an answer to any other was not asked for. None: all of the run's.

    Raises:
        UsageError: a file can't be read, nothing in it belongs to the run, or the run was not exported.
        DamagedDataError: the run's own files can't be read.
    """
    planned = read_planned(run.path)
    if asked is not None:
        planned = {trial_id: plan for trial_id, plan in planned.items() if trial_id in set(asked)}
    run.records()  # refuses records of another run
    intake = _Intake(planned, all_records(run.path / RECORDS), _judge(run, planned), keys)
    for file in files:
        for number, line in _lines(file):
            intake.take(line, f"{file.name}:{number}", now)
    if intake.foreign and not intake.matched:
        raise UsageError(t("run.holds_no_result_custom", file=files[0], path=run.path))
    order = {trial_id: place for place, trial_id in enumerate(planned)}
    found = sorted(intake.found, key=lambda record: order[record.id])
    with run.writer() as writer:
        for error in writer.write(found):
            if error is not None:
                raise error
    answers = sum(isinstance(record.outcome, Completion) for record in found)
    return Imported(
        answers=answers,
        failures=len(found) - answers,
        known=intake.known,
        surplus=intake.surplus,
        foreign=tuple(intake.foreign),
        unreadable=tuple(intake.unreadable),
        stopped=dict(intake.stopped),
    )


class _Intake:
    """Takes line after line, and decides of each what becomes of it."""

    def __init__(
        self,
        planned: Mapping[str, Planned],
        records: Sequence[Record],
        judge: Callable[[str, Outcome], Outcome],
        keys: Sequence[str],
    ) -> None:
        self.found: list[Record] = []
        self.known = self.surplus = self.matched = 0
        self.foreign: list[str] = []
        self.unreadable: list[str] = []
        self.stopped: Counter[Words] = Counter()
        self._planned, self._judge, self._keys = planned, judge, keys
        self._seen = {(record.id, _key(record.outcome)) for record in records}
        self._answered = {record.id for record in records if isinstance(record.outcome, Completion)}

    def take(self, line: bytes, where: str, now: Callable[[], datetime]) -> None:
        try:
            result = read_result(line, self._keys)
        except ValueError:
            self.unreadable.append(where)
            return
        plan = self._planned.get(result.custom_id)
        if plan is None:
            self.foreign.append(where)
            return
        self.matched += 1
        outcome = self._judge(result.custom_id, result.outcome)
        key = (result.custom_id, _key(outcome))
        if key in self._seen:
            self.known += 1
        elif result.custom_id in self._answered:
            self.surplus += 1
        elif isinstance(outcome, Failure) and HANDLING[outcome.kind].stop_run:
            # A live run would have ended there, without a record.
            self.stopped[outcome.message] += 1
        else:
            self._seen.add(key)
            if isinstance(outcome, Completion):
                self._answered.add(result.custom_id)
            self.found.append(_record(result, plan, outcome, now))


def _record(result: BatchResult, plan: Planned, outcome: Outcome, now: Callable[[], datetime]) -> Record:
    return Record(
        id=result.custom_id,
        trial=plan.trial,
        placement=plan.placement,
        outcome=outcome,
        fresh=plan.fresh,
        expected=plan.expected,
        planted=plan.planted,
        started_at=result.created_at or now().isoformat(timespec="seconds"),
    )


def _judge(run: RunFolder, planned: Mapping[str, Planned]) -> Callable[[str, Outcome], Outcome]:
    """Return what judges an answer by itself, as a live run does: was its prompt cut?"""
    exact, calibration = Expectation.of(run.manifest).exact, run.manifest.begun.calibration

    def judge(trial_id: str, outcome: Outcome) -> Outcome:
        placement, trial = planned[trial_id].placement, planned[trial_id].trial
        if not placement.haystack_tokens:
            return outcome
        tokens = placement.total_tokens
        if calibration is not None:
            tokens = calibration.server_length(tokens, trial)
        return checked(outcome, tokens, exact)

    return judge


def _key(outcome: Any) -> str:
    """Return what tells two outcomes apart; JSON has one form for a latency that is not known.

    Notes are compared as they read: those of older versions have texts for the numbers in them.
    """
    message = {"message": str(outcome.message)} if isinstance(outcome, Failure) else {}
    return json.dumps(asdict(outcome) | message, sort_keys=True)


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers; of one that is longer than a live answer may be, nothing."""
    try:
        with open_named(file, _MOST_FILE_BYTES) as lines:
            for number in count(1):
                line = lines.readline(MOST_BYTES)
                if not line:
                    return
                whole = True
                while len(line) == MOST_BYTES and not line.endswith(b"\n"):
                    line, whole = lines.readline(MOST_BYTES), False
                if not whole:
                    yield number, b""
                elif line.strip(b" \t\r\n\0\xef\xbb\xbf"):
                    yield number, line
    except OSError as error:
        raise unreadable(file, error, UsageError) from error
