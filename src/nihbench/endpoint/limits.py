"""When a call may be sent: one limiter an endpoint, for calls at once, requests a minute and tokens a minute together.

Calls wait in one line, first come, first served: a long prompt is not overtaken by short ones. The first in line is
sent when no wait asked for by the server is running (`HoldOff`; Retry-After holds for all), fewer calls than the limit
are in flight (`Concurrency`) and both buckets have what it costs (`Pace`). The limiter sends nothing and tries
nothing again: a refused call is to leave its slot, wait as it likes and come back for another.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

from nihbench.endpoint.kinds import HANDLING, HoldOff, silent
from nihbench.errors import EndingError
from nihbench.lang.messages import quoted, t
from nihbench.types import Completion, FailureKind, Outcome, RateState

# ---- what the limiter is told of a call that ended, as numbers: `Signal`, and how one is read off an outcome ---------
# Pure. Headers are parsed elsewhere and come as `RateState`; here only the few words are read with which a refusal
# names what was exceeded ("max organization concurrency: 3").


Dimension = Literal["concurrency", "requests", "tokens"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """How a call ended.

    `wait_s` is how long the server asks to wait. `exceeded` is what a refusal says was too much, `allowed` the
    number that it names for it: calls at once, or requests or tokens a minute. Token counts are the server's.
    None is unknown, not zero. `status` is a failure's HTTP status.
    """

    kind: FailureKind | Literal["ok"]
    status: int | None = None
    wait_s: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    exceeded: Dimension | None = None
    allowed: int | None = None
    rates: RateState | None = None

    def used_up(self, tokens: int) -> Dimension | None:
        """Return what the refusal of a call of so many tokens is about: its own word, else what its headers say."""
        if self.exceeded is not None or self.rates is None:
            return self.exceeded
        if self.rates.remaining_requests == 0:
            return "requests"
        left = self.rates.remaining_tokens
        return "tokens" if left is not None and left < tokens else None


def signal_of(outcome: Outcome) -> Signal:
    """Return what the limiter needs to know of one attempt's outcome.

    The headers of an answer were heard when they came (`Slot.hear`), and have grown old while it was written.
    """
    usage = outcome.usage
    ended = Signal(kind="ok", prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens)
    if isinstance(outcome, Completion):
        return ended
    ended = replace(ended, kind=outcome.kind, status=outcome.status, wait_s=outcome.wait_s, rates=outcome.rates)
    if outcome.kind != "rate_limit":
        return ended
    exceeded, allowed = read_refusal(quoted(outcome.message))
    return replace(ended, exceeded=exceeded, allowed=allowed)


_NUMBER = r"(\d[\d,]*)"
# In this order: a message about tokens may name its requests too ("Requested 2000").
_NAMES: tuple[tuple[Dimension, str], ...] = (
    ("concurrency", r"\bconcurrency\b"),
    ("tokens", r"\bTPM\b|\btokens per min(?:ute)?\b"),
    ("requests", r"\bRPM\b|\brequests per min(?:ute)?\b"),
)


def read_refusal(message: str) -> tuple[Dimension | None, int | None]:
    """Return what a refusal says was exceeded, and the limit that it names; None where it does not say.

    Source: the wording of Moonshot ("max RPM: 3", "TPM rate limit, current: 7, limit: 5"), OpenAI ("tokens per min
    (TPM): Limit 10000, Used ...") and Anthropic ("rate limit of 30,000 input tokens per minute").
    """
    named = next(((what, name) for what, name in _NAMES if re.search(name, message, re.IGNORECASE)), None)
    if named is None:
        return None, None
    dimension, name = named
    patterns = (
        rf"\blimit:? {_NUMBER}",
        rf"(?:{name})\)?(?: limit)?:? {_NUMBER}",
        rf"{_NUMBER} (?:(?:input|output|total) )?(?:{name})",
    )
    for pattern in patterns:
        found = re.search(pattern, message, re.IGNORECASE)
        if found:
            return dimension, int(found[1].replace(",", "")) or None
    return dimension, None


# ---- pacing ----------------------------------------------------------------------------------------------------------
# How fast: a token bucket for the requests or the tokens of a minute, whose rate is told, or learnt from refusals.
#
# Source: the token bucket as in RFC 2697 (a level that fills at a steady rate up to a brim; a call takes its cost out).
# It starts empty, because nothing is known of what the account has used before; a server's own word on what is left
# replaces that. Costs are reserved before a call is sent and settled by usage. Pure: the time in seconds is an argument
# of every method; nothing waits here.

MINUTE_S = 60.0
HEADROOM = 0.98
"""The share of a told rate that is used: clocks differ, and prompts do not arrive in the order and time of sending."""
GROWTH = 0.05
"""A learnt rate grows by this share of what was accepted: about a twentieth a minute, none while idle."""
FIRST_GROWTH = 4.0
"""The same for a rate that was learnt from less than a whole minute: the bucket may have been empty at the start."""
_ENOUGH = 0.8
"""A told rate is doubted when it is refused although the last minute took less than this share of it."""
_MOST_DOUBLINGS = 10
_ROUNDING = 1e-6


class Pace:
    """One bucket of requests or tokens a minute.

    Args:
        per_minute: the rate that an option or a preset gives; None is unknown: nothing waits until it is learnt.
        brim_s: how many seconds' worth the bucket holds (at least 1 unit).
        level: what is in it at the start.
        now: the time.
    """

    def __init__(self, per_minute: float | None, *, brim_s: float, level: float, now: float) -> None:
        self._own = per_minute
        self._announced: float | None = None
        self._rate = per_minute
        self._brim_s = brim_s
        self._level = level
        self._filled_at = now
        self._began_at = now
        self._learnt_at = now
        # The last minute's calls that were not refused, by number: when sent, and their cost.
        self._accepted: dict[int, tuple[float, float]] = {}
        self._refused_at = -math.inf
        self._refusals = 0  # in a row, of calls sent one after the other

    @property
    def per_minute(self) -> float | None:
        """The rate in use; None while it is unknown."""
        return self._rate

    def wait_s(self, cost: float, now: float) -> float:
        """Return how long a call of `cost` has to wait; one that costs more than the brim waits for a full bucket."""
        if self._rate is None:
            return 0.0
        self._fill(now)
        missing = min(cost, self._brim(self._rate)) - self._level
        return missing / self._per_second(self._rate) if missing > _ROUNDING else 0.0

    def take(self, number: int, cost: float, now: float) -> None:
        """Reserve the cost of the call of this number; the level may fall below zero."""
        self._fill(now)
        self._accepted[number] = (now, cost)
        while self._accepted and next(iter(self._accepted.values()))[0] <= now - MINUTE_S:
            del self._accepted[next(iter(self._accepted))]
        if self._rate is not None:
            self._level -= cost

    def settle(self, number: int, reserved: float, used: float, now: float) -> None:
        """Replace what was reserved for an accepted call by what it used; a learnt rate grows a little."""
        self._give(reserved - used, now)
        if number in self._accepted:
            sent_at, _ = self._accepted[number]
            self._accepted[number] = (sent_at, used)
            if sent_at > self._refused_at:
                self._refusals = 0
        told = self._told()
        if self._rate is not None and (told is None or self._rate < told):
            growth = GROWTH if self._learnt_at - self._began_at >= MINUTE_S else FIRST_GROWTH
            self._set_rate(min(told or math.inf, self._rate + growth * used), now)

    def cancel(self, number: int, reserved: float, now: float) -> None:
        """Give back what was reserved for a call that the server did not count."""
        self._give(reserved, now)
        self._accepted.pop(number, None)

    def refused(self, number: int, reserved: float, wait_s: float | None, now: float) -> None:
        """Take in that the server refused a call for this rate, and how long it asks to wait.

        A rate that is unknown, or told but plainly too high, is estimated as what was accepted in the last minute.
        The server holds less than the call costs: the level is put at half of that, and twice as far below at every
        further refusal in a row, or lower where the wait asks for it. So a level that runs behind the server's by
        what prompts are counted too low settles there by itself.
        """
        sent_at, _ = self._accepted.get(number, (-math.inf, reserved))
        if sent_at > self._refused_at:
            self._refusals, self._refused_at = min(self._refusals + 1, _MOST_DOUBLINGS), now
        self.cancel(number, reserved, now)
        accepted = sum(cost for sent_at, cost in self._accepted.values() if sent_at > now - MINUTE_S)
        told = self._told()
        doubted = told is not None and now - self._began_at >= MINUTE_S and accepted < _ENOUGH * told
        if told is None or doubted or self._rate is None:
            self._set_rate(max(accepted, reserved, 1.0), now)
            self._learnt_at = now
        if self._rate is not None:
            lacking = max(reserved * 2.0 ** (self._refusals - 2), self._per_second(self._rate) * (wait_s or 0.0))
            self._level = min(self._level, reserved - min(lacking, self._rate))

    def announce(self, per_minute: float | None, remaining: float | None, now: float) -> None:
        """Take in what the server says: its limit, and what is left beside all that has been sent."""
        if per_minute is not None and per_minute > 0 and per_minute != self._announced:
            self._announced = per_minute
            self._set_rate(self._told() or per_minute, now)
        if remaining is not None and self._rate is not None:
            self._fill(now)
            self._level = min(remaining, self._brim(self._rate))

    def _told(self) -> float | None:
        """Return the lower of the user's own rate and the announced one."""
        told = [rate for rate in (self._own, self._announced) if rate is not None]
        return min(told) if told else None

    def _brim(self, rate: float) -> float:
        return max(1.0, rate * self._brim_s / MINUTE_S)

    def _per_second(self, rate: float) -> float:
        return HEADROOM * rate / MINUTE_S

    def _set_rate(self, rate: float, now: float) -> None:
        self._fill(now)
        self._rate = rate

    def _give(self, amount: float, now: float) -> None:
        self._fill(now)
        if self._rate is not None:
            self._level = min(self._level + amount, self._brim(self._rate))

    def _fill(self, now: float) -> None:
        passed_s = max(0.0, now - self._filled_at)
        self._filled_at = max(self._filled_at, now)
        if self._rate is not None:
            self._level = min(self._level + self._per_second(self._rate) * passed_s, self._brim(self._rate))


# ---- how many at once: a limit that grows while calls succeed and shrinks when the server refuses --------------------
# Source: AIMD, as in TCP's congestion control (RFC 5681): double a round until the first refusal, then one more a
# round; times 0.75 on a refusal, once a burst (refusals of calls sent before the last decrease say nothing new). Two
# things are changed, because a refused prompt costs more than a lost packet and an account's limit rarely moves: the
# limit falls back to a number that is known to hold where there is one, as CUBIC remembers its last window (RFC 9438),
# and a step that was refused is tried again only after twice as many rounds. Growth needs a limit that is in use.
#
# Pure: it counts calls, and knows no time.

DECREASE = 0.75
LONG_PROMPT_TOKENS = 200_000
_FIRST_PATIENCE = 4
_LONGEST_PATIENCE = 64


def start_for(tokens: int, start: int) -> int:
    """Return how many calls of this many tokens to begin with: `start`, or 4 to 1 for more than 200K tokens."""
    return start if tokens <= LONG_PROMPT_TOKENS else max(1, min(start, 4 * LONG_PROMPT_TOKENS // tokens))


class Concurrency:
    """The limit and what it learnt.

    Args:
        start: calls at once to begin with.
        most: calls at once at most.
    """

    def __init__(self, start: int, most: int) -> None:
        self.most = most
        self.limit = max(1, min(start, most))
        self._holds = 0  # so many at once were accepted
        self._clean = 0  # successes with the limit in use since it last changed
        self._patience = 0  # rounds of them that the next step needs
        self._stepped = False  # the last change was a step up
        self._decreased_at = -1  # the last call that was sent before the last decrease

    def succeeded(self, number: int, at_once: int, in_flight: int) -> None:
        """Take in a call's success.

        Args:
            number: the call's place in the order of sending.
            at_once: calls in flight when it was sent, itself included.
            in_flight: calls in flight now, itself included.
        """
        if number > self._decreased_at:
            self._holds = max(self._holds, at_once)
        if in_flight < self.limit:
            return
        self._clean += 1
        if self._clean < self._patience * self.limit or self.limit >= self.most:
            return
        if self._stepped:
            self._patience //= 2
        self.limit, self._clean, self._stepped = self.limit + 1, 0, True

    def refused(self, number: int, last_sent: int, in_flight: int) -> None:
        """Take in a refusal for too many calls at once; `last_sent` is the number of the newest call."""
        if number <= self._decreased_at:
            return
        self._decreased_at = last_sent
        tried = min(self.limit, in_flight)
        lower = int(tried * DECREASE)
        if self._holds < tried:
            lower = max(lower, self._holds)
        else:
            self._holds = 0
        self.limit, self._clean, self._stepped = max(1, lower), 0, False
        self._patience = min(max(_FIRST_PATIENCE, 2 * self._patience), _LONGEST_PATIENCE)

    def announced(self, allowed: int, number: int, last_sent: int, in_flight: int) -> None:
        """Take in a refusal that names the most calls at once."""
        self.most = max(1, min(self.most, allowed))
        if self.limit > self.most:
            self.limit, self._clean, self._decreased_at = self.most, 0, last_sent
        elif in_flight <= allowed:  # others use the same account
            self.refused(number, last_sent, in_flight)

    def pause(self) -> None:
        """Put off growth by a round: the server has trouble that is not of our making."""
        self._clean = -self.limit

    def begin_low(self, limit: int) -> None:
        """Start again from `limit` at most, for calls that weigh more than any before."""
        if limit < self.limit:
            self.limit, self._clean, self._holds = limit, 0, 0


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
        if signal.kind != "ok" and HANDLING[signal.kind].slows == "exceeded":
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
        elif signal.kind != "ok" and not HANDLING[signal.kind].weighed:
            # Refused before any work was done: such a call does not count against the tokens of a minute.
            self._tokens.cancel(slot.number, slot.tokens, now)

    def _adapt(self, slot: Slot, signal: Signal) -> None:
        if signal.kind == "ok":
            self._trouble_at = -math.inf
            self._longest_answered = max(self._longest_answered, slot.tokens)
            self._concurrency.succeeded(slot.number, slot.at_once, self.in_flight)
        elif (handling := HANDLING[signal.kind]).slows:
            self._trouble_at = self._clock()
            # A server that is overloaded by others gains nothing by our sending less.
            if handling.sends_fewer(signal.status):
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
