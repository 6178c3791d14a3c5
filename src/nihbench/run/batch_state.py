"""A run's batches: their files of requests, and how they stand (batch.json, written whole before and after each step).

A file of requests is exported, then uploaded (it has an `input_file_id`), then a batch is made of it. `creating` is
set before the server is asked for that: where it is found set and no `batch_id` beside it, the batch may exist.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from nihbench.endpoint.dialect import Call
from nihbench.endpoint.wire.base import Dialect, wire_of
from nihbench.errors import DamagedDataError, FetchError, UsageError, reading, unreadable
from nihbench.fetch.files import atomic_file, check_folder, is_there, lines_of, parse_json, read_json, write_atomic
from nihbench.lang.messages import t, typed
from nihbench.run.options import without_secrets
from nihbench.run.records import adapter, lines_in, placement_of, planted_fields, planted_in
from nihbench.run.setup import Setup
from nihbench.text.encoded import together
from nihbench.types import Placed, Planted, Trial

# ---- a plan as batch files in OpenAI's format: one line {custom_id, method, url, body} a trial -----------------------
# The files lie in a run's folder, so that the answers can be brought into its records later: `custom_id` is the trial's
# id, `planned.jsonl` holds what a record says besides its outcome, `batch.json` names the files with their hashes.
# Nothing is sent, no limit of an endpoint is known here but the sizes that are asked for.


BATCH_FOLDER = "batch"
BATCH_MANIFEST = "batch.json"
PLANNED = "planned.jsonl"
BATCH_FORMAT = 1
URL = "/v1/chat/completions"
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchFile:
    """One file of requests."""

    name: str
    requests: int
    size_bytes: int
    sha256: str


def export_batch(
    setup: Setup,
    folder: Path,
    *,
    most_requests: int = MOST_REQUESTS,
    most_bytes: int = MOST_BYTES,
    on_request: Callable[[int], None] = lambda done: None,
) -> tuple[BatchFile, ...]:
    """Write the requests of all trials of `setup`, in the plan's order, into `folder`/batch.

    Args:
        setup: the resolved run.
        folder: the run's folder.
        most_requests: how many requests one file may hold.
        most_bytes: how large one file may be.
        on_request: told how many requests are written.

    Returns:
        The files, in order.

    Raises:
        UsageError: a request is larger than a file may be, or would hold a secret; or a file can't be written.
    """
    if without_secrets(setup.request.extra_body) != dict(setup.request.extra_body):
        raise UsageError(t("run.extra_body_preset_holds"))
    target = folder / BATCH_FOLDER
    check_folder(target)
    try:
        with atomic_file(target / PLANNED, durable=False) as planned, _Files(target, most_requests, most_bytes) as out:
            for done, (trial_id, trial) in enumerate(setup.by_id.items(), 1):
                pieces, placement = request_line(setup, trial_id, trial)
                out.write(pieces)
                planned.write(_planned_line(setup, trial_id, trial, placement))
                on_request(done)
        content = {"format": BATCH_FORMAT, "url": URL, "files": [asdict(file) for file in out.files]}
        write_atomic(target / BATCH_MANIFEST, (json.dumps(content, indent=1) + "\n").encode())
    except FetchError as error:
        raise UsageError(str(error)) from error
    return tuple(out.files)


def request_line(setup: Setup, trial_id: str, trial: Trial) -> tuple[list[bytes | memoryview], Placed]:
    """Return a trial's line of a batch file in pieces, and how its prompt was put together.

    The body is the one that a live run sends, but that it asks for no stream: a batch has none.
    """
    if not wire_of(setup.preset.wire).batches:
        raise UsageError(t("run.wire_has_no_batches", wire=setup.preset.wire))
    messages, placement = setup.build(trial)
    body = Call(messages=messages, request=setup.request_of(trial)).body(Dialect.of(setup.preset, stream=False))
    head = f'{{"custom_id": "{trial_id}", "method": "POST", "url": "{URL}", "body": '
    return [head.encode(), *body, b"}\n"], placement


def _planned_line(setup: Setup, trial_id: str, trial: Trial, placement: Placed) -> bytes:
    """Return what a record of the trial will say besides its outcome."""
    planted = setup.planted(trial)
    plain = {
        "id": trial_id,
        "trial": trial.stored(),
        "placement": placement.stored(),
        "fresh": dict(planted.fresh),
        "expected": planted.expected,
    } | planted_fields(setup.task.kept(planted))
    return (json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "surrogatepass")


class _Files:
    """Writes lines into files, a new one wherever the next line would make the last one too large.

    Every file is put in its place when the next begins, or at the end; after an error the unfinished one is gone.
    """

    def __init__(self, folder: Path, most_requests: int, most_bytes: int) -> None:
        self.files: list[BatchFile] = []
        self._folder = folder
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._open = ExitStack()
        self._file: BinaryIO | None = None
        self._requests = self._size = 0

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.__exit__(*error)  # type: ignore[arg-type]
        if error[0] is None:
            self._note()

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Write one line."""
        size = sum(map(len, pieces))
        if size > self._most_bytes:
            raise UsageError(t("run.one_request_bytes_more", size=size, most=self._most_bytes))
        if self._file is None or self._requests >= self._most_requests or self._size + size > self._most_bytes:
            self._next()
        assert self._file is not None
        for piece in together(pieces):
            self._file.write(piece)
            self._hash.update(piece)
        self._requests += 1
        self._size += size

    def _next(self) -> None:
        self._open.close()
        self._note()
        self._name = f"requests-{len(self.files) + 1:04}.jsonl"
        self._file = self._open.enter_context(atomic_file(self._folder / self._name, durable=False))
        self._hash = hashlib.sha256()
        self._requests = self._size = 0

    def _note(self) -> None:
        if self._file is not None:
            self.files.append(
                BatchFile(
                    name=self._name, requests=self._requests, size_bytes=self._size, sha256=self._hash.hexdigest()
                )
            )
            self._file = None


# ---- how batches stand -----------------------------------------------------------------------------------------------


FINISHED = ("completed", "failed", "expired", "cancelled")
"""Where a batch ends."""
CUSTOM_ID = re.compile(rb'\{"custom_id": "([0-9a-f]{16})"')
"""How a line of requests begins."""
_MOST_FILES = 1000
"""A run of 200,000 trials has a handful."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A file of requests and what became of it.

    `base_url`: where it was uploaded to. `status`, counts and file ids are the server's. `fetched`: its results are
    in the records. `given_up`: nothing is awaited of it any more. `earlier`: batches of it that failed as a whole.
    """

    name: str
    requests: int
    size_bytes: int
    sha256: str
    base_url: str | None = None
    input_file_id: str | None = None
    creating: bool = False
    batch_id: str | None = None
    status: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    total: int | None = None
    completed: int | None = None
    failed: int | None = None
    message: str = ""
    fetched: bool = False
    given_up: bool = False
    earlier: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether answers may still come of it, which are paid for."""
        return not self.given_up and (self.creating or self.batch_id is not None) and not self.fetched

    @property
    def entry(self) -> str:
        """What the ledger calls the batch that is made of it."""
        return self._entry(len(self.earlier))

    @property
    def entries(self) -> tuple[str, ...]:
        """The same for all batches that were made of it; of the earlier ones no request was carried out."""
        return tuple(self._entry(number) for number in range(len(self.earlier) + 1))

    def _entry(self, number: int) -> str:
        return f"{self.name}-{self.sha256[:12]}-{number}"

    @property
    def is_paid(self) -> bool:
        """Whether its answers are in the records, or it never had one, so that nothing need be set aside for it."""
        return self.fetched or (self.status == "failed" and not self.completed)

    @property
    def is_open(self) -> bool:
        """Whether it may be submitted."""
        return not self.given_up and self.batch_id is None

    @property
    def finished(self) -> bool:
        """Whether the server has done with it."""
        return self.status in FINISHED


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a record says besides its outcome."""

    trial: Trial
    placement: Placed
    fresh: Mapping[str, str]
    expected: str
    planted: Planted | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Batches:
    """The jobs of a run's folder; a changed value is written at once."""

    folder: Path
    jobs: tuple[Job, ...] = field(default=())

    def path(self, job: Job) -> Path:
        """Return where a job's requests are."""
        return self.folder / BATCH_FOLDER / job.name

    def put(self, *jobs: Job) -> Batches:
        """Return and write the state with these jobs in the place of those of the same names, or behind the others."""
        known = {job.name: job for job in self.jobs} | {job.name: job for job in jobs}
        changed = replace(self, jobs=tuple(known.values()))
        content = {"format": BATCH_FORMAT, "url": URL, "files": [asdict(job) for job in changed.jobs]}
        path = self.folder / BATCH_FOLDER / BATCH_MANIFEST
        write_atomic(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())
        return changed

    def waiting(self) -> set[str]:
        """Return the ids of the trials whose answers may still come out of a batch."""
        return {trial_id for job in self.jobs if job.waits for trial_id in self.ids(job)}

    def ids(self, job: Job) -> list[str]:
        """Return the ids of the trials of a file of requests, in order.

        Raises:
            DamagedDataError: the file is not the one that was exported.
        """
        ids, digest = [], hashlib.sha256()
        path = self.path(job)
        try:
            for line in lines_of(path):
                digest.update(line)
                found = CUSTOM_ID.match(line)
                ids.append(found[1].decode() if found else "")
        except OSError as error:
            raise unreadable(path, error, DamagedDataError) from error
        if digest.hexdigest() != job.sha256:
            raise DamagedDataError(t("run.not_exported_restore_from", path=path))
        return ids


def open_batches(folder: Path) -> Batches:
    """Read the state of a run's batches.

    Raises:
        UsageError: the run was not exported.
        DamagedDataError: batch.json can't be read.
    """
    check_folder(folder / BATCH_FOLDER)
    path = folder / BATCH_FOLDER / BATCH_MANIFEST
    with reading(path, UsageError(t("run.no_requests_batch_make", folder=folder))):
        content = read_json(path)
        if content["format"] != BATCH_FORMAT:
            raise ValueError(t("run.not_format", format=BATCH_FORMAT))
        jobs = adapter(tuple[Job, ...]).validate_python(content["files"])
    wrong = next((job.name for job in jobs if not _is_sound(job)), None)
    if wrong is not None:
        raise DamagedDataError(t("run.damaged_no_state_file", file=path, name=wrong))
    if len(jobs) > _MOST_FILES:
        raise DamagedDataError(t("run.damaged_names_more_than", file=path, most=_MOST_FILES))
    if any(Path(job.name).name != job.name for job in jobs):
        raise DamagedDataError(t("run.names_files_outside_folder", file=path))
    return Batches(folder=folder, jobs=jobs)


def _is_sound(job: Job) -> bool:
    """Say whether a job's counts and ids go together: what may have been created was uploaded before."""
    counts = (job.requests, job.size_bytes, job.total or 0, job.completed or 0, job.failed or 0)
    return min(counts) >= 0 and (job.input_file_id is not None or not job.creating)


def check_nothing_waits(folder: Path) -> None:
    """Make sure that no trial of a run is sent while a batch may bring its answer: it would be paid for twice.

    Raises:
        UsageError: one may.
    """
    if not is_there(folder / BATCH_FOLDER):
        return
    check_folder(folder / BATCH_FOLDER)
    if not is_there(folder / BATCH_FOLDER / BATCH_MANIFEST):
        return
    waiting = sum(job.requests for job in open_batches(folder).jobs if job.waits)
    if waiting:
        raise UsageError(t("run.requests_batch_bring_their", waiting=waiting, folder=typed(folder)))


def read_planned(folder: Path) -> dict[str, Planned]:
    """Return what was exported, by the trial's id, in the plan's order.

    Raises:
        UsageError: nothing was.
        DamagedDataError: planned.jsonl can't be read.
    """
    path = folder / BATCH_FOLDER / PLANNED
    planned: dict[str, Planned] = {}
    with reading(path, UsageError(t("run.no_requests_batch_make", folder=folder))):
        for line in lines_of(path):
            if not line.strip():
                continue
            row = parse_json(line)
            measured = adapter(Trial).validate_python(row["trial"])
            planned[str(row["id"])] = Planned(
                trial=measured,
                placement=placement_of(row["placement"], measured.control),
                fresh=adapter(dict[str, str]).validate_python(row["fresh"]),
                expected=str(row["expected"]),
                planted=planted_in(row),
            )
    return planned


def extract(batches: Batches, jobs: Sequence[Job], wanted: Iterable[str]) -> tuple[Job, ...]:
    """Write the lines of `wanted` trials out of the files of `jobs` into new files; return those as jobs."""
    left = set(wanted)
    names = {job.name for job in batches.jobs}
    made = []
    for job in jobs:
        lines = []
        for line in lines_in(batches.path(job)):
            found = CUSTOM_ID.match(line)
            if found and found[1].decode() in left:
                left.discard(found[1].decode())
                lines.append(line)
        if not lines:
            continue
        number = next(n for n in range(1, len(names) + 2) if f"again-{n:04}.jsonl" not in names)
        name = f"again-{number:04}.jsonl"
        names.add(name)
        content = b"".join(lines)
        write_atomic(batches.folder / BATCH_FOLDER / name, content)
        made.append(
            Job(name=name, requests=len(lines), size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        )
    return tuple(made)
