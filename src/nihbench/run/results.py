"""Bring the results of a batch into a run's records: files of OpenAI's format, of whatever engine.

Lines are matched by `custom_id`, the trial's id, and judged as live answers are. Nothing is lost: what can't be used is
counted and told. Nothing is doubled: a trial keeps its first answer, a failure gives way to an answer, and the same
line again changes nothing. Nothing is made up: a trial without a line stays owed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from nihbench.endpoint.batches import BatchResult, read_result
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.usage import MOST_BYTES
from nihbench.errors import UsageError, unreadable
from nihbench.fetch.files import open_named
from nihbench.lang.messages import Message, Words, t
from nihbench.run.batch_state import Planned, read_planned
from nihbench.run.records import all_records
from nihbench.run.store import RECORDS, RunFolder
from nihbench.run.verify import Expectation, checked
from nihbench.types import Completion, Failure, Outcome, Record

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
            repeat = 0 if trial.control == "sentinel" else trial.repeat
            tokens = calibration.server_length(tokens, trial.length, trial.prompt, repeat)
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
