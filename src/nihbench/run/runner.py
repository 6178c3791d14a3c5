"""Send the owed trials, a few at a time, and store each outcome before anything else happens.

Retrying one request is the endpoint's matter; when to stop the whole run is decided here, from the failure's class.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nihbench.endpoint import HANDLING
from nihbench.errors import DamagedDataError, StoppedError
from nihbench.run.setup import Setup
from nihbench.run.store import RecordWriter
from nihbench.run.verify import checked
from nihbench.types import Completer, Failure, Outcome, Record, Request, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What is known after a trial: the record just stored, how many are done and how many there are."""

    record: Record
    done: int
    total: int


def owed(setup: Setup, records: Mapping[str, Record]) -> list[tuple[str, Trial]]:
    """Return the trials (with ids) that have no record yet, or only a failure that may pass now.

    Raises:
        DamagedDataError: there are records of another run, which this one would be mixed with.
    """
    result = []
    planned = {setup.trial_id(trial): trial for trial in setup.trials}
    foreign = sorted(records.keys() - planned.keys())
    if foreign:
        raise DamagedDataError(
            f"records.jsonl holds {len(foreign)} records of another run ({foreign[0]} is one): restore it from a copy, "
            "or take their lines out"
        )
    for trial_id, trial in planned.items():
        record = records.get(trial_id)
        if record is None or (isinstance(record.outcome, Failure) and HANDLING[record.outcome.kind].retry_on_resume):
            result.append((trial_id, trial))
    return result


async def run_trials(
    setup: Setup,
    trials: Sequence[tuple[str, Trial]],
    completer: Completer,
    writer: RecordWriter,
    *,
    total: int,
    now: Callable[[], datetime],
    on_progress: Callable[[Progress], None],
) -> None:
    """Measure `trials`, `setup.concurrency` at a time, in order.

    Args:
        setup: the resolved run.
        trials: what is owed, with ids.
        completer: sends the messages.
        writer: stores the records.
        total: all trials of the plan, for the progress.
        now: the time, in UTC.
        on_progress: told of every record after it is stored.

    Raises:
        StoppedError: a failure said that going on is pointless; trials in flight were finished and stored first.
    """
    queue: Iterator[tuple[str, Trial]] = iter(trials)
    done = total - len(trials)
    ends: list[Exception] = []

    async def work() -> None:
        nonlocal done
        for trial_id, trial in queue:
            if ends:
                return
            try:
                record = await _measure(setup, trial_id, trial, completer, now)
                _raise_if_pointless(record.outcome)
                writer.append(record)
            except Exception as error:
                # The others finish what they have sent, for it is paid for; nothing new is begun.
                ends.append(error)
                return
            done += 1
            on_progress(Progress(record=record, done=done, total=total))

    await asyncio.gather(*(work() for _ in range(setup.concurrency)))
    if ends:
        raise ends[0]


def _raise_if_pointless(outcome: Outcome) -> None:
    if isinstance(outcome, Failure) and HANDLING[outcome.kind].stop_run:
        raise StoppedError(f"the run had to stop ({outcome.kind}): {outcome.message}")


async def _measure(
    setup: Setup, trial_id: str, trial: Trial, completer: Completer, now: Callable[[], datetime]
) -> Record:
    # Building counts tokens, with a server's help perhaps: off the event loop, so that other answers are not held up.
    messages, placement = await asyncio.to_thread(setup.build, trial)
    needle, fresh = setup.needle_of(trial)
    started = now().isoformat(timespec="seconds")
    outcome = await completer.complete(messages, _sized(setup, setup.expected_tokens(trial, placement)))
    return Record(
        id=trial_id,
        trial=trial,
        placement=placement,
        outcome=checked(outcome, setup.expected_tokens(trial, placement), setup.counts_exactly),
        fresh=fresh,
        expected=needle.answer,
        started_at=started,
    )


def _sized(setup: Setup, tokens: int) -> Request:
    """Return the request with what the client must know of this prompt: its tokens, and the room behind it."""
    room = setup.window - tokens if setup.window else None
    return replace(setup.request, prompt_tokens=tokens, output_room=room)
