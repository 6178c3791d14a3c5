"""When a call may be sent: one limiter an endpoint, for calls at once, requests a minute and tokens a minute together.

Calls wait in one line, first come, first served: a long prompt is not overtaken by short ones. The first in line is
sent when no wait asked for by the server is running (`holdoff`; Retry-After holds for all), fewer calls than the limit
are in flight (`concurrency`) and both buckets have what it costs (`pacing`). The limiter sends nothing and tries
nothing again: a refused call is to leave its slot, wait as it likes and come back for another.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from nihbench.endpoint.concurrency import LONG_PROMPT_TOKENS, Concurrency, start_for
from nihbench.endpoint.failures import HANDLING
from nihbench.endpoint.holdoff import HoldOff, silent
from nihbench.endpoint.pacing import Pace
from nihbench.endpoint.signals import Signal
from nihbench.errors import EndingError
from nihbench.lang.messages import t
from nihbench.types import FailureKind, RateState

# Refused before any work was done: such a call does not count against the tokens of a minute.
_NOT_COUNTED: frozenset[FailureKind] = frozenset(
    {"rate_limit", "day_limit", "overloaded", "auth", "quota", "overflow", "bad_parameter", "refused_by_server"}
)
_AILING_S = 60.0

Wait = Literal["slot", "server", "requests", "tokens"]
"""What a call may wait for: a call to end, a wait that the server asked for, or what a minute allows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is known before the first call, from options and presets; None is unknown: no limit until it is learnt.

    `start` calls at once to begin with, `concurrency` at most. Where start equals concurrency, nothing is tried out.
    """

    concurrency: int = 64
    start: int = 4
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Slot:
    """Leave to send one call. It counts as in flight until its `async with` block is left.

    `number` is its place in the order of sending, `tokens` what it reserved, `at_once` how many calls were in flight
    when it was given, itself included.
    """

    def __init__(self, limiter: Limiter, number: int, tokens: int, at_once: int) -> None:
        self._limiter = limiter
        self.number = number
        self.tokens = tokens
        self.at_once = at_once
        self.settled = False

    def hear(self, rates: RateState) -> None:
        """Take in an answer's headers at once; an answer may stream for minutes, and its headers grow stale."""
        self._limiter.hear(rates, self)

    def settle(self, signal: Signal) -> None:
        """Say how the call ended; the first word counts. A slot that is left unsettled keeps what it reserved."""
        if not self.settled:
            self.settled = True
            self._limiter.settle(self, signal)


class Limiter:
    """The limits of one endpoint, as told and as learnt.

    Args:
        limits: what options and presets say.
        on_wait: told of every longer wait that the server asks for, in seconds, once for all calls that it holds up.
        clock: returns seconds that only ever grow.
        sleep: waits the given seconds, by the same clock.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        on_wait: Callable[[float], None] = silent,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._start = limits.start
        self._concurrency = Concurrency(limits.start, limits.concurrency)
        now = clock()
        # A minute's tokens may come at once, and an unused account's first request need not wait; but requests are
        # spread evenly, since many servers count them over a sliding minute.
        self._tokens = Pace(limits.tokens_per_minute, brim_s=60.0, level=0.0, now=now)
        self._requests = Pace(limits.requests_per_minute, brim_s=1.0, level=1.0, now=now)
        self._asked = HoldOff(on_wait, now)
        self._closed = False
        self._sent = 0
        self._refusals = 0
        self._waiting_tokens: int | None = None  # of the call that is first in line
        self._flying: dict[int, Slot] = {}
        self._longest_answered = 0
        self._trouble_at = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def limit(self) -> int:
        """How many calls may be in flight now."""
        return self._concurrency.limit

    @property
    def most(self) -> int:
        """How many calls may ever be in flight."""
        return self._concurrency.most

    @property
    def in_flight(self) -> int:
        """How many calls are in flight."""
        return len(self._flying)

    @property
    def tokens_per_minute(self) -> float | None:
        """The tokens a minute that are kept to; None while no limit is known."""
        return self._tokens.per_minute

    @property
    def requests_per_minute(self) -> float | None:
        """The requests a minute that are kept to; None while no limit is known."""
        return self._requests.per_minute

    @property
    def refused(self) -> int:
        """How many calls the server has refused because there were too many."""
        return self._refusals

    @property
    def waiting_for(self) -> tuple[Wait, float] | None:
        """What the first in line waits for, and for how many seconds (infinity: until a call ends); None: no one."""
        if self._waiting_tokens is None:
            return None
        what, wait_s = max(self._waits(self._waiting_tokens).items(), key=lambda wait: wait[1])
        return (what, wait_s) if wait_s > 0 else None

    @property
    def ailing(self) -> bool:
        """Whether the last word from the server, less than a minute ago, was trouble, or it is to be left alone."""
        now = self._clock()
        return now - self._trouble_at < _AILING_S or self._asked.left_s(now) > _AILING_S

    @property
    def is_put_off(self) -> bool:
        """Whether the server asks to wait longer than a run does."""
        return self._asked.is_too_long(self._clock())

    @asynccontextmanager
    async def slot(self, *, tokens: int) -> AsyncIterator[Slot]:
        """Wait in line for leave to send a call; it is in flight until the block is left.

        Args:
            tokens: its prompt plus its largest output.

        Raises:
            PutOffError: the server asks to wait longer than a run does.
            StoppedError: the limiter was closed.
        """
        slot = await self._admit(tokens)
        try:
            yield slot
        finally:
            del self._flying[slot.number]
            self._changed.set()

    def close(self) -> None:
        """Give no leave any more, neither to those who wait nor to those who come; calls in flight go on."""
        self._closed = True
        self._changed.set()

    def hear(self, rates: RateState, slot: Slot) -> None:
        """Take in the limits that the headers of a call's answer announce.

        What remains by the server's count does not hold the calls that were sent after this one: they are taken off.
        """
        now = self._clock()
        later = [other.tokens for number, other in self._flying.items() if number > slot.number]
        for pace, limit, remaining, reset_s, taken in (
            (self._requests, rates.limit_requests, rates.remaining_requests, rates.reset_requests_s, len(later)),
            (self._tokens, rates.limit_tokens, rates.remaining_tokens, rates.reset_tokens_s, sum(later)),
        ):
            pace.announce(limit, None if remaining is None else remaining - taken, now)
            if pace.per_minute is None and remaining == 0 and reset_s is not None:
                self._asked.ask(reset_s, "rate_limit", now)
        self._changed.set()

    def settle(self, slot: Slot, signal: Signal) -> None:
        """Take in how a call ended (see `Slot.settle`)."""
        if signal.wait_s is not None and signal.kind != "ok":
            self._asked.ask(signal.wait_s, signal.kind, self._clock())
        if signal.kind == "rate_limit":
            self._refused(slot, signal)
        else:
            self._settle_tokens(slot, signal)
            self._adapt(slot, signal)
        if signal.rates is not None:
            self.hear(signal.rates, slot)
        self._changed.set()

    def _refused(self, slot: Slot, signal: Signal) -> None:
        """Slow down in what was exceeded; a refusal that does not name it is taken for too many at once."""
        self._refusals += 1
        now, exceeded = self._clock(), signal.used_up(slot.tokens)
        if exceeded == "tokens":
            self._tokens.announce(signal.allowed, None, now)
            self._tokens.refused(slot.number, slot.tokens, signal.wait_s, now)
            self._requests.settle(slot.number, 1.0, 1.0, now)
            return
        self._tokens.cancel(slot.number, slot.tokens, now)
        if exceeded == "requests":
            self._requests.announce(signal.allowed, None, now)
            self._requests.refused(slot.number, 1.0, signal.wait_s, now)
        elif signal.allowed is not None:
            self._concurrency.announced(signal.allowed, slot.number, self._sent, self.in_flight)
        else:
            self._concurrency.refused(slot.number, self._sent, self.in_flight)

    def _settle_tokens(self, slot: Slot, signal: Signal) -> None:
        now = self._clock()
        self._requests.settle(slot.number, 1.0, 1.0, now)
        if signal.prompt_tokens is not None:
            counted = signal.prompt_tokens + (signal.completion_tokens or 0)
            self._tokens.settle(slot.number, slot.tokens, counted, now)
        elif signal.kind in _NOT_COUNTED:
            self._tokens.cancel(slot.number, slot.tokens, now)

    def _adapt(self, slot: Slot, signal: Signal) -> None:
        if signal.kind == "ok":
            self._trouble_at = -math.inf
            self._longest_answered = max(self._longest_answered, slot.tokens)
            self._concurrency.succeeded(slot.number, slot.at_once, self.in_flight)
        elif signal.kind in ("transient", "timeout", "overloaded"):
            self._trouble_at = self._clock()
            # A server that is overloaded by others (503, 529) gains nothing by our sending less: only 429 is about us.
            if HANDLING[signal.kind].shrink and signal.status == 429:
                self._concurrency.refused(slot.number, self._sent, self.in_flight)
            else:
                self._concurrency.pause()

    def _enter_loop(self) -> None:
        """What is asked before a run and the run itself have an event loop each; what was learnt holds for both."""
        if (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._turn, self._changed = loop, asyncio.Lock(), asyncio.Event()

    async def _admit(self, tokens: int) -> Slot:
        self._enter_loop()
        async with self._turn:  # asyncio's lock is first come, first served
            if tokens > max(LONG_PROMPT_TOKENS, 2 * self._longest_answered):
                self._concurrency.begin_low(start_for(tokens, self._start))
            self._waiting_tokens = tokens
            try:
                while not self._closed and (wait_s := max(self._waits(tokens).values())) > 0:
                    self._raise_if_put_off()
                    await self._until_changed(wait_s)
            finally:
                self._waiting_tokens = None
            if self._closed:
                raise EndingError(t("endpoint.run_ending_nothing_more"))
            # Nothing is awaited between here and the caller's block, so that no cancellation can lose the slot.
            return self._grant(tokens)

    def _raise_if_put_off(self) -> None:
        """Let a call go that would wait for very long; it may find another endpoint, or end the run."""
        if self.is_put_off and not self._closed:
            raise self._asked.error(self._clock())

    def _waits(self, tokens: int) -> dict[Wait, float]:
        """Return how long the first in line has to wait for each thing, as things stand."""
        now = self._clock()
        return {
            "slot": math.inf if self.in_flight >= self.limit else 0.0,
            "server": self._asked.left_s(now),
            "requests": self._requests.wait_s(1.0, now),
            "tokens": self._tokens.wait_s(tokens, now),
        }

    def _grant(self, tokens: int) -> Slot:
        now = self._clock()
        self._sent += 1
        slot = Slot(self, self._sent, tokens, self.in_flight + 1)
        self._flying[slot.number] = slot
        self._requests.take(slot.number, 1.0, now)
        self._tokens.take(slot.number, tokens, now)
        return slot

    async def _until_changed(self, wait_s: float) -> None:
        """Wait until something may be different: a call ended, the server said something, or the time has come."""
        self._changed.clear()
        if wait_s == math.inf:
            await self._changed.wait()
            return
        waits = [asyncio.ensure_future(self._sleep(wait_s)), asyncio.ensure_future(self._changed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
