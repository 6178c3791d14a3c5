"""One engine for all that is asked of a model: as many calls at once as its limiters allow, and one rule when to stop.

What is sent, and what becomes of an answer, is the caller's matter (`run.runner`, `run.judging`); retrying one request
and waiting for leave to send it are the endpoint's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nihbench.endpoint.failures import is_about_model
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.retries import LONGEST_WAIT_S, put_off
from nihbench.errors import PutOffError, StoppedError
from nihbench.lang.messages import Message, Words, t, without_stop
from nihbench.run.setup import USUAL_AT_ONCE
from nihbench.types import Failure, FailureKind, GradedElsewhere, Outcome

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
    had_stop: Callable[[FailureKind, Words], Message]
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
        elif HANDLING[outcome.kind].patient:
            self._refused += 1
            if self._refused >= REFUSED_IN_A_ROW:
                said = without_stop(outcome.message)
                raise StoppedError(t("run.run_had_stop_server", kind=outcome.kind, count=self._refused, said=said))


def _dated(error: PutOffError, now: datetime) -> StoppedError:
    """Return the error with the time at which there is use in going on."""
    when = now + timedelta(seconds=error.wait_s)
    return StoppedError(t("run.not_before_utc", error=error.args[0], when=f"{when:%Y-%m-%d %H:%M}"))
