"""Send the owed trials, as many at a time as the limiters allow, and store each outcome before it counts as done.

Retrying one request and waiting for leave to send it are the endpoint's matter; when to stop the whole run is decided
here, from the failure's class. A prompt is built just before its turn, so that memory does not grow with the grid.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby, zip_longest
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from nihbench.endpoint.failures import is_about_model
from nihbench.endpoint.kinds import HANDLING, LONGEST_WAIT_S, put_off, was_unsent
from nihbench.endpoint.limits import Limiter
from nihbench.errors import DamagedDataError, PutOffError, StoppedError
from nihbench.lang.messages import Message as Sentence
from nihbench.lang.messages import Words, t, without_stop
from nihbench.plan.order import Turn
from nihbench.run.records import RecordWriter
from nihbench.run.setup import USUAL_AT_ONCE, Setup
from nihbench.run.verify import CutJudge, Expectation, Recount, checked, verified
from nihbench.types import (
    Completer,
    Failure,
    FailureKind,
    GradedElsewhere,
    Message,
    Outcome,
    Placed,
    Record,
    Request,
    Trial,
)

Owed = Sequence[tuple[str, Trial]]
"""Trials that are to be sent, with their ids, in sending order."""

# ---- one engine for all that is asked of a model: calls side by side, and one rule when to stop ----------------------
# What is sent, and what becomes of an answer, is the caller's matter (`run.runner`, `run.judging`); retrying one
# request and waiting for leave to send it are the endpoint's.


REFUSED_IN_A_ROW = 3
"""So many calls that a busy server refused until nobody would wait longer, and none answered between: it is shut."""

Job = Callable[[], Awaitable[None]]


@dataclass(kw_only=True)
class Pool:
    """Works through jobs side by side.

    `limiters`: those that the jobs' calls wait for, one an endpoint; none: `at_once` jobs at a time. `ahead`: jobs
    begun beyond what may be in flight, so that the limiters' lines never run dry. `model` is what is asked.
    `had_stop` says that it had to be stopped, by the kind of a failure and what was said.
    """

    model: str
    now: Callable[[], datetime]
    had_stop: Callable[[FailureKind, Words], Sentence]
    limiters: Sequence[Limiter] = ()
    at_once: int = USUAL_AT_ONCE
    ahead: int = 0
    _going: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _moved: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _ends: list[Exception] = field(default_factory=list, init=False)
    _refused: int = field(default=0, init=False)

    @property
    def is_ending(self) -> bool:
        """Whether nothing new is to be begun."""
        return bool(self._ends)

    def moved(self) -> None:
        """Look again how many jobs may be under way: something was done, or came."""
        self._moved.set()

    async def work(self, jobs: Iterator[Job]) -> None:
        """Work through all jobs; raise what ended that early, after all that was sent has come to its end.

        Raises:
            Exception: what a job raised first. The others finish what they have sent, for it is paid for.
        """
        following = next(jobs, None)
        async with asyncio.TaskGroup() as group:
            while (following is not None and not self._ends) or self._going:
                while following is not None and not self._ends and len(self._going) < self._most():
                    task = group.create_task(self._one(following))
                    self._going.add(task)
                    task.add_done_callback(self._leave)
                    following = next(jobs, None)
                await self._moved.wait()
                self._moved.clear()
        if self._ends:
            raise self._ends[0]

    def _most(self) -> int:
        """Return how many jobs may be under way now."""
        return sum(limiter.limit for limiter in self.limiters) + self.ahead if self.limiters else self.at_once

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._going.discard(task)
        self._moved.set()

    async def _one(self, job: Job) -> None:
        try:
            await job()
        except Exception as error:
            self._ends.append(_dated(error, self.now()) if isinstance(error, PutOffError) else error)
            for limiter in self.limiters:
                limiter.close()

    def raise_if_pointless(self, outcome: Outcome | GradedElsewhere) -> None:
        """Raise `StoppedError` where a failure says that all further calls would fail, too."""
        if not isinstance(outcome, Failure):
            return
        if HANDLING[outcome.kind].retry and outcome.wait_s is not None and outcome.wait_s > LONGEST_WAIT_S:
            # One of several endpoints is left alone as long as it asks, while another works.
            if all(limiter.is_put_off for limiter in self.limiters):
                raise put_off(outcome.kind, outcome.wait_s)
            return
        if not HANDLING[outcome.kind].stop_run:
            return
        said: Words = without_stop(outcome.message)
        if outcome.kind == "auth" and outcome.status in (401, 403):
            said = t("run.server_refused_key_check", said=said)
        elif outcome.kind == "auth" and outcome.status in (400, 404) and is_about_model(outcome.message):
            said = t("run.server_no_model_you", model=self.model, said=said)
        raise StoppedError(self.had_stop(outcome.kind, said))

    def raise_if_refused(self, outcome: Outcome | GradedElsewhere) -> None:
        """Raise `StoppedError` where a server has refused one call after the other: each has waited its time."""
        if not isinstance(outcome, Failure):
            self._refused = 0
        elif HANDLING[outcome.kind].patient or was_unsent(outcome):
            self._refused += 1
            if self._refused >= REFUSED_IN_A_ROW:
                said = without_stop(outcome.message)
                raise StoppedError(t("run.run_had_stop_server", kind=outcome.kind, count=self._refused, said=said))


def _dated(error: PutOffError, now: datetime) -> StoppedError:
    """Return the error with the time at which there is use in going on."""
    when = now + timedelta(seconds=error.wait_s)
    return StoppedError(t("run.not_before_utc", error=error.args[0], when=f"{when:%Y-%m-%d %H:%M}"))


# ---- opening ---------------------------------------------------------------------------------------------------------
# The first answers of a run: where all of them failed alike, the others would too, and be paid for in vain.

FIRST = 10
"""So many answers that all failed alike say enough."""


class Opening:
    """Looks at a run's answers as they come, until one of them shows that not all fail alike.

    A failure that may pass when it is tried again says nothing of the others, and one at a length nothing of what is
    shorter: such a run goes on until nothing shorter is left.

    Args:
        setup: the resolved run.
        trials: what is to be sent.
        before: the answers that are there already; where these are enough, the user has seen them and goes on.
    """

    def __init__(self, setup: Setup, trials: Iterable[Trial], before: Mapping[str, Record]) -> None:
        self._records = dict(before)
        self._left = Counter(trial.length for trial in trials)
        self._expectation = Expectation(
            exact=setup.counts_exactly, nominal=setup.calibration is not None, language=setup.corpus.language
        )
        self._is_over = len(self._records) >= FIRST

    def take(self, record: Record) -> None:
        """Take the next answer.

        Raises:
            StoppedError: all answers so far failed alike, and so will the rest.
        """
        if self._is_over:
            return
        self._records[record.id] = record
        self._left[record.trial.length] -= 1
        if len(self._records) < FIRST:
            return
        # What only several answers show, such as a prompt that was cut, is no failure on its own record.
        known = verified(self._records, self._expectation).values()
        failures = [each.outcome for each in known if isinstance(each.outcome, Failure)]
        kinds = {failure.kind for failure in failures}
        if len(failures) < len(known) or len(kinds) > 1 or any(HANDLING[kind].momentary for kind in kinds):
            self._is_over = True
            return
        shortest = min(each.trial.length for each in known)
        if all(length >= shortest for length, count in self._left.items() if count > 0):
            raise StoppedError(
                t(
                    "run.run_had_stop_first"
                    if HANDLING[failures[-1].kind].retry_on_resume
                    else "run.run_had_stop_first_answers",
                    count=len(failures),
                    kind=failures[-1].kind,
                    said=without_stop(failures[-1].message),
                )
            )


# ---- turns -----------------------------------------------------------------------------------------------------------
# Who sends which trial next, so that what one computes is there when the others need it (see `plan.order`).


class Turns:
    """The owed trials, shared by those who send them.

    Args:
        trials: what is owed, with ids, in sending order.
        turn_of: what a trial waits for.

    `one_a_place`: whether no place has several trials.
    """

    def __init__(self, trials: Owed, turn_of: Callable[[Trial], Turn]) -> None:
        self._turn_of = turn_of
        self._places = deque(list(place) for _, place in groupby(trials, key=lambda item: turn_of(item[1]).place))
        self.one_a_place = all(len(place) == 1 for place in self._places)
        self._led: dict[Hashable, asyncio.Event] = {}

    def __len__(self) -> int:
        """Return how many places nobody has taken yet."""
        return len(self._places)

    async def take(self) -> AsyncGenerator[tuple[str, Trial], None]:
        """Yield the trials of the next place, one after the other, each when it may be sent.

        A trial is done when the next is asked for, or the iterator is closed; who stops early must close it, since
        others may wait for what it leads.
        """
        for trial_id, trial in self._places.popleft():
            led = [event for group in self._turn_of(trial).groups if (event := await self._join(group))]
            try:
                yield trial_id, trial
            finally:
                for event in led:
                    event.set()

    async def _join(self, group: Hashable) -> asyncio.Event | None:
        """Wait for a group's first trial; return the event to be set where this is the first."""
        known = self._led.get(group)
        if known is not None:
            await known.wait()
            return None
        return self._led.setdefault(group, asyncio.Event())


# ---- recorder --------------------------------------------------------------------------------------------------------
# Stores records off the event loop, those of the same moment together: one flush to the disk for all of them.
#
# A disk may take long to flush; answers that stream in meanwhile must not wait for it. Whoever stores a record waits
# until it is on the disk, so that nothing is shown as done before.


class Recorder:
    """A context manager around a writer; what was given to `store` before it is left is on the disk after."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nih-records")
        self._waiting: SimpleQueue[tuple[Record, asyncio.Future[None]]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    async def store(self, record: Record) -> None:
        """Return when the record is on the disk; where the wait is broken off (Ctrl-C), it is stored all the same.

        Raises:
            UsageError: it can't be written; what was stored before stays whole.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.put((record, done))
        # Whichever job comes first takes all that wait by then; the others find nothing left to do.
        self._thread.submit(self._flush, loop)
        await done

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = []
        while not self._waiting.empty():
            batch.append(self._waiting.get())
        errors = self._writer.write([record for record, _ in batch])
        for (_, done), error in zip(batch, errors, strict=True):
            loop.call_soon_threadsafe(_end, done, error)


def _end(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


AHEAD = 2
"""Prompts that are built beyond what may be in flight: they wait in the limiter's line, so that it never runs dry."""
Build = Callable[[Trial], tuple[Sequence[Message], Placed]]
"""Makes a trial's messages and says what stands where in them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What is known after a trial: the record just stored, how many are done and how many there are."""

    record: Record
    done: int
    total: int


def owed(setup: Setup, records: Mapping[str, Record], *, retry_all: bool = False) -> list[tuple[str, Trial]]:
    """Return the trials (with ids) that have no record yet, or only a failure that may pass now.

    Args:
        setup: the resolved run.
        records: what is there.
        retry_all: whether final failures are owed, too.

    Raises:
        DamagedDataError: there are records of another run, which this one would be mixed with.
    """
    result = []
    planned = setup.by_id
    foreign = sorted(records.keys() - planned.keys())
    if foreign:
        raise DamagedDataError(t("run.records_jsonl_holds_records", foreign=len(foreign), first=foreign[0]))
    for trial_id, trial in planned.items():
        record = records.get(trial_id)
        outcome = record.outcome if record else None
        again = isinstance(outcome, Failure) and (retry_all or HANDLING[outcome.kind].retry_on_resume)
        if outcome is None or again:
            result.append((trial_id, trial))
    return result


async def run_trials(
    setup: Setup,
    trials: Owed,
    completer: Completer,
    writer: RecordWriter,
    *,
    total: int,
    later: int = 0,
    now: Callable[[], datetime],
    on_progress: Callable[[Progress], None],
    limiters: Sequence[Limiter] = (),
    build: Build | None = None,
    opening: Opening | None = None,
    cut_judge: CutJudge | None = None,
) -> None:
    """Measure `trials`, begun in order.

    Args:
        setup: the resolved run.
        trials: what is owed, with ids.
        completer: sends the messages.
        writer: stores the records.
        total: all trials of the plan, for the progress.
        later: those of them that are owed too, and sent after these.
        now: the time, in UTC.
        on_progress: told of every record after it is stored.
        limiters: those that the completer waits for, one an endpoint; none: `setup.concurrency` calls at a time.
        build: makes a trial's messages; None: the setup does.
        opening: looks at the first answers of a run; None: these are none.
        cut_judge: says what a count that fits nothing means; None: that the prompt was cut.

    Raises:
        StoppedError: one failure, or all of the first answers, said that going on is pointless; trials in flight were
            finished and stored first.
    """
    queue = _side_by_side(setup, trials, max(1, len(limiters)))
    # One thread builds, so that prompts reach the limiter's line in the order of the plan.
    with Recorder(writer) as recorder, ThreadPoolExecutor(1, "nih-prompts") as builder:
        # Where a place has several trials, one of another place would come between them in the limiter's line.
        ahead = AHEAD if all(turns.one_a_place for turns, _ in queue) else 0
        pool = Pool(
            model=setup.request.model,
            now=now,
            had_stop=lambda kind, said: t("run.run_had_stop", kind=kind, said=said),
            limiters=limiters,
            at_once=setup.concurrency or USUAL_AT_ONCE,
            ahead=ahead,
        )
        senders = _Senders(
            setup=setup,
            pool=pool,
            completer=completer,
            recorder=recorder,
            builder=builder,
            build=build,
            opening=opening,
            cut_judge=cut_judge,
            now=now,
            on_progress=on_progress,
            recount=Recount(setup),
            done=total - len(trials) - later,
            total=total,
        )
        await pool.work(partial(senders.work, turns, prefix) for turns, prefix in queue)


@dataclass(kw_only=True)
class _Senders:
    """Those who send trials side by side, a job a place of the grid, and what they share (see `run_trials`)."""

    setup: Setup
    pool: Pool
    completer: Completer
    recorder: Recorder
    builder: Executor
    build: Build | None
    opening: Opening | None
    cut_judge: CutJudge | None
    now: Callable[[], datetime]
    on_progress: Callable[[Progress], None]
    done: int
    total: int
    recount: Recount

    async def work(self, turns: Turns, prefix: int) -> None:
        """Send the trials of the next place of these turns."""
        async with aclosing(turns.take()) as place:
            async for trial_id, trial in place:
                if self.pool.is_ending:
                    return
                record = await self._measure(trial_id, trial, prefix)
                self.pool.raise_if_pointless(record.outcome)
                await self.recorder.store(record)
                self.done += 1
                self.on_progress(Progress(record=record, done=self.done, total=self.total))
                self.pool.moved()
                self.pool.raise_if_refused(record.outcome)
                if self.opening is not None:
                    self.opening.take(record)

    def _built(self, trial: Trial) -> tuple[Sequence[Message], Placed, int]:
        """Build a trial's messages; return with them how many tokens they are thought to have."""
        messages, placement = (self.build or self.setup.build)(trial)
        return messages, placement, self.recount.sent(trial, placement)

    async def _measure(self, trial_id: str, trial: Trial, prefix: int) -> Record:
        setup = self.setup
        # Building counts tokens, with a server's help perhaps: off the event loop, which has answers to read.
        messages, placement, counted = await asyncio.get_running_loop().run_in_executor(
            self.builder, self._built, trial
        )
        tokens = setup.expected_tokens(trial, placement)
        planted = setup.planted(trial)
        request = replace(_sized(setup, trial, counted), prefix=prefix)
        if self.build is not None and request.output_room is not None:
            # The plan left room for its own question; another one may be longer.
            request = replace(request, max_output=max(1, min(request.max_output, request.output_room)))
        started = self.now().isoformat(timespec="seconds")
        came = outcome = await self.completer.complete(messages, request)
        if placement.haystack_tokens:
            outcome = checked(came, tokens, setup.counts_exactly)
            if self.cut_judge is not None:
                outcome = await self.cut_judge.judged(came, outcome, tokens, setup.counts_exactly)
        return Record(
            id=trial_id,
            trial=trial,
            placement=placement,
            outcome=outcome,
            fresh=dict(planted.fresh),
            expected=planted.expected,
            started_at=started,
            planted=setup.task.kept(planted),
        )


def _side_by_side(setup: Setup, trials: Owed, endpoints: int) -> deque[tuple[Turns, int]]:
    """Return, for every place to come, whose turn it is and the number of its prefix.

    There are as many stretches of the order as endpoints, begun together: neighbours in the order share most of their
    beginning, so that each endpoint finds its own stretch in its cache.
    """
    size = -(-len(trials) // endpoints) if trials else 1
    stretches = [Turns(trials[start : start + size], setup.turn_of) for start in range(0, len(trials), size)]
    rows = zip_longest(*([(turns, number)] * len(turns) for number, turns in enumerate(stretches)))
    return deque(place for row in rows for place in row if place is not None)


def _sized(setup: Setup, trial: Trial, tokens: int) -> Request:
    """Return the request with what the client must know of this prompt: its tokens, and the room behind it."""
    room = setup.window - tokens if setup.window else None
    return replace(setup.request_of(trial), prompt_tokens=tokens, output_room=room)
