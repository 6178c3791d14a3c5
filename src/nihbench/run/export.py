"""Write a plan as batch files in OpenAI's format: one line {custom_id, method, url, body} a trial.

The files lie in a run's folder, so that the answers can be brought into its records later: `custom_id` is the trial's
id, `planned.jsonl` holds what a record says besides its outcome, `batch.json` names the files with their hashes.
Nothing is sent, no limit of an endpoint is known here but the sizes that are asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from nihbench.endpoint.dialect import Call
from nihbench.endpoint.wire.base import Dialect, wire_of
from nihbench.errors import FetchError, UsageError
from nihbench.fetch.files import atomic_file, check_folder, write_atomic
from nihbench.lang.messages import t
from nihbench.run.options import without_secrets
from nihbench.run.records import planted_fields
from nihbench.run.setup import Setup
from nihbench.types import Placed, Trial

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
            for done, (trial_id, trial) in enumerate(_with_ids(setup), 1):
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


def _with_ids(setup: Setup) -> Iterator[tuple[str, Trial]]:
    return ((setup.trial_id(trial), trial) for trial in setup.trials)


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
        self._file.writelines(pieces)
        _update(self._hash, pieces)
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


def _update(found: hashlib._Hash, pieces: Iterable[bytes | memoryview]) -> None:
    for piece in pieces:
        found.update(piece)
