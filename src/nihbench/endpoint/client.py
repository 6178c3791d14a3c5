"""The chat client: one request to a server that speaks one of the wire formats, an answer or a failure back.

It sends again what may pass, writes requests as the server turns out to want them, and asks once more with a larger
output limit for an answer that was cut off before it began. Which failures allow what is in `kinds.HANDLING`; when
the next sending may start is the limiter's word. It judges no answer, and ends no run.
"""

from __future__ import annotations

import asyncio
import random as random_module
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nihbench.endpoint.answer import PAST_LIMIT, Received, read_body, read_stream
from nihbench.endpoint.coding import TooLongError
from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer, proxy_for
from nihbench.endpoint.dialect import Call, learn, without_stream
from nihbench.endpoint.exchange import HEADER, SUCCESS, DeadlineError, Reply, exchange, new_id
from nihbench.endpoint.failures import Diagnosis, classify, own_words
from nihbench.endpoint.kinds import GONE_S, HANDLING, Retries, was_unsent
from nihbench.endpoint.limits import signal_of
from nihbench.endpoint.transport import Lanes, keep_alive_trace
from nihbench.endpoint.usage import usage_in
from nihbench.endpoint.waits import in_words, rate_state
from nihbench.endpoint.wire.base import Dialect, wire_of
from nihbench.errors import EndingError, NihError
from nihbench.lang.messages import Note, Words, t, without_stop
from nihbench.types import Completion, Failure, FailureKind, Message, Outcome, Request

if TYPE_CHECKING:
    from nihbench.endpoint.limits import Limiter, Slot
    from nihbench.endpoint.spending import Budget, Hold

# ---- notices ---------------------------------------------------------------------------------------------------------
# What a user is told, once a client, while requests are under way: an answer is long in coming, a limit is not kept.
#
# It knows neither a screen nor a log: it calls what it was given.


class Notices:
    """The sentences of one client about one host.

    Args:
        host: who is spoken of.
        on_silence: told that nothing of an answer has come for long.
        on_excess: told that the server goes past the output limit.
    """

    def __init__(self, host: str, on_silence: Callable[[str], None], on_excess: Callable[[str], None]) -> None:
        self._host = host
        self._on_silence: Callable[[str], None] | None = on_silence
        self._on_excess: Callable[[str], None] | None = on_excess
        self._on_absence = on_silence

    def silence(self, waited_s: float, prompt_tokens: int, most_s: float) -> None:
        """Say that nothing has come for `waited_s` in answer to such a prompt, and that `most_s` are waited in all."""
        if self._on_silence is not None:
            tell, self._on_silence = self._on_silence, None
            tell(
                t(
                    "endpoint.sent_nothing_answer_prompt",
                    host=self._host,
                    waited=in_words(waited_s),
                    tokens=prompt_tokens,
                    most=in_words(most_s),
                )
            )

    def absence(self, why: Words, most_s: float) -> None:
        """Say that a server that has answered before can't be reached, and is waited for."""
        self._on_absence(t("endpoint.server_gone_waited_for", said=without_stop(why), most=in_words(most_s)))

    def excess(self) -> None:
        """Say that the output limit is not kept."""
        if self._on_excess is not None:
            tell, self._on_excess = self._on_excess, None
            tell(t("endpoint.not_keep_output_limit", host=self._host))


_LARGER = 4


class _ForeignError(Exception):
    """The answer bears another request's id."""


def _now() -> datetime:
    return datetime.now(UTC)


def silent(sentence: str) -> None:
    """Say nothing."""


class ChatClient:
    """A `Completer` for any endpoint of a known wire format; an async context manager that closes its connections.

    Args:
        endpoint: the address that the wire format's path is appended to, and what lets us in.
        dialect: how requests are written, until the server teaches otherwise.
        limiter: gives leave for every single sending, and is told how it ended; None: nothing waits.
        budget: money is set aside of it for every single sending; None: nothing is counted.
        max_attempts: how often one request is sent at most, not counting refusals that cost nothing.
        patience_s: how many seconds one request may wait in all between such refusals, and for what came too late.
        gone_s: how many seconds a server is waited for that has answered before and can't be reached any more.
        timeouts: the deadlines of one sending.
        on_change: told once, in a sentence, of every change in how requests are written, and of a server that goes past
            the output limit.
        on_silence: told once, in a sentence, that nothing of an answer has come for long, and each time that the server
            can't be reached any more and is waited for.
        sleep: waits the given seconds between attempts.
        random: returns a number in [0, 1) that spreads the waits.
        clock: returns seconds that only ever grow; latencies are its differences.
        now: returns the time in UTC, for servers that give a date to wait for.

    Raises:
        UsageError: the environment's proxy or the file of authorities can't be used.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        dialect: Dialect | None = None,
        limiter: Limiter | None = None,
        budget: Budget | None = None,
        max_attempts: int = 4,
        patience_s: float = 900.0,
        gone_s: float = GONE_S,
        timeouts: Timeouts | None = None,
        on_change: Callable[[str], None] = silent,
        on_silence: Callable[[str], None] = silent,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = random_module.random,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._endpoint = endpoint
        self._secrets = self._endpoint.secrets()
        self._keys = self._endpoint.keys()
        self._timeouts = timeouts or Timeouts()
        self._lanes = Lanes(self._endpoint, self._timeouts)
        self._names_requests = any(name.lower() == HEADER.lower() for name in endpoint.headers)
        self._extensions = {"trace": keep_alive_trace} if proxy_for(self._endpoint) else None
        self._first_dialect = self._dialect = dialect or Dialect()
        self._wire = wire_of(self._dialect.wire)
        self._limiter = limiter
        self._budget = budget
        self._max_attempts = max_attempts
        self._patience_s = patience_s
        self._gone_s = gone_s
        self._on_change = on_change
        self._notices = Notices(self._endpoint.host, on_silence, on_change)
        self._sleep = sleep
        self._random = random
        self._clock = clock
        self._now = now
        self._was_heard = False
        self._gone_at: float | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._lanes.aclose()

    @property
    def dialect(self) -> Dialect:
        """How requests are written by now."""
        return self._dialect

    async def complete(self, messages: Sequence[Message], request: Request) -> Outcome:
        """Return the model's answer, or the failure of the last attempt; never raises for HTTP or network trouble.

        Source: OpenAI's chat completions, as the servers of today speak it.

        Raises:
            StoppedError: the budget has no room for another sending.
        """
        call = Call(messages=messages, request=request)
        earlier: list[Failure] = []
        outcome = await self._persist(call, earlier)
        if isinstance(outcome, Failure) and (limit := _larger_limit(outcome, request)) is not None:
            outcome = await self._with_more_room(call, limit, outcome, earlier)
        return replace(outcome, attempts=len(earlier) + 1, earlier=tuple(earlier))

    async def _with_more_room(self, call: Call, limit: int, cut: Failure, earlier: list[Failure]) -> Outcome:
        """Ask once more with a larger output limit for an answer that was cut off before it began."""
        earlier.append(cut)
        larger = Call(messages=call.messages, request=replace(call.request, max_output=limit))
        outcome = await self._persist(larger, earlier)
        if isinstance(outcome, Failure) and HANDLING[outcome.kind].no_help:
            # What matters is that no answer began, not that the larger limit itself was refused.
            words = Note("larger_limit_no_help", cut=cut.message, limit=limit, said=outcome.message)
            outcome = replace(outcome, kind="cut_answer", message=words)
        return replace(outcome, changes=(*outcome.changes, Note("larger_limit", limit=limit)))

    async def _persist(self, call: Call, earlier: list[Failure]) -> Outcome:
        """Send until there is an answer, or a failure that this request must live with; fill `earlier` on the way."""
        retries = Retries(
            max_attempts=self._max_attempts,
            patience_s=self._patience_s,
            random=self._random,
            is_awaited=self._is_awaited,
        )
        failed: Failure | None = None
        while True:
            try:
                outcome = await self._adapting(call, earlier)
            except EndingError:
                # What was sent and failed may be paid for: its record is kept, though nothing is sent again.
                if failed is None or earlier[-1] is not failed:
                    raise
                return earlier.pop()
            wait_s = retries.wait_s(outcome) if isinstance(outcome, Failure) else None
            if wait_s is None or isinstance(outcome, Completion):
                return outcome
            failed = outcome
            earlier.append(outcome)
            await self._sleep(wait_s)

    def _is_awaited(self) -> bool:
        """Say whether the server has answered before, and has been gone for no longer than it is waited for."""
        return self._was_heard and (self._gone_at is None or self._clock() - self._gone_at < self._gone_s)

    def _note_presence(self, outcome: Outcome) -> None:
        """Take in whether the server is there."""
        if not isinstance(outcome, Failure) or outcome.status is not None:
            self._was_heard, self._gone_at = True, None
        elif was_unsent(outcome) and self._was_heard and self._gone_at is None:
            self._gone_at = self._clock()
            if self._gone_s > 0:
                self._notices.absence(outcome.message, self._gone_s)

    async def _adapting(self, call: Call, earlier: list[Failure]) -> Outcome:
        """Send once, and again wherever the refusal was about how the request was written."""
        while True:
            outcome, found, dialect = await self._limited(call)
            outcome = replace(outcome, changes=(*call.changes(dialect, self._first_dialect), *outcome.changes))
            if isinstance(outcome, Completion):
                if dialect.stream is None and call.wants_stream(dialect) and not outcome.streamed:
                    self._change(dialect, without_stream(dialect))
                return outcome
            lesson = learn(dialect, call, outcome.status, found) if found and outcome.status else None
            if lesson is None:
                return outcome
            earlier.append(outcome)
            self._change(dialect, lesson)

    def _change(self, sent: Dialect, lesson: tuple[Dialect, str]) -> None:
        """Write requests in another dialect from now on, and say so.

        Of several calls in flight the first to come back teaches; the others are sent again in what it taught, and
        learn what that did not mend.
        """
        if self._dialect == sent:
            self._dialect, sentence = lesson
            self._on_change(sentence)

    async def _limited(self, call: Call) -> tuple[Outcome, Diagnosis | None, Dialect]:
        """Send once, when budget and limiter give leave, and tell them what came of it.

        The dialect is chosen after the wait, in which another call may have learnt that the old one is refused.
        """
        while True:
            async with AsyncExitStack() as stack:
                hold, slot = await self._leave(call, stack)
                if hold is None or await _begun(hold):
                    return await self._send(call, hold, slot)

    async def _send(
        self, call: Call, hold: Hold | None, slot: Slot | None
    ) -> tuple[Outcome, Diagnosis | None, Dialect]:
        dialect = self._dialect

        def heard(headers: Mapping[str, str]) -> None:
            rates = rate_state(headers, self._now())
            if slot is not None and rates is not None:
                slot.hear(rates)

        outcome, found = await self._attempt(call, dialect, heard)
        self._note_presence(outcome)
        if hold is not None:
            hold.settle(outcome)
            outcome = replace(outcome, entry=hold.entry)
        if slot is not None:
            slot.settle(signal_of(outcome))
        return outcome, found, dialect

    async def _leave(self, call: Call, stack: AsyncExitStack) -> tuple[Hold | None, Slot | None]:
        """Wait until money and a slot are there for one sending; `stack` gives them back."""
        prompt, output = call.prompt_tokens, call.request.max_output
        hold = slot = None
        if self._budget is not None:
            hold = await stack.enter_async_context(self._budget.hold(prompt_tokens=prompt, max_output=output))
        try:
            if self._limiter is not None:
                slot = await stack.enter_async_context(self._limiter.slot(tokens=prompt + output))
        except BaseException:
            if hold is not None:
                hold.free()
            raise
        return hold, slot

    async def _attempt(
        self, call: Call, dialect: Dialect, on_headers: Callable[[Mapping[str, str]], None]
    ) -> tuple[Outcome, Diagnosis | None]:
        """Send once; return what came of it, and what the server said where it refused."""
        started = self._clock()
        try:
            return self._read(await self._exchange(call, dialect, on_headers))
        except NihError:
            raise  # a proxy or a certificate of the user's own
        except Exception as error:
            # Whatever a server sends is one trial's matter: nothing that it does to the reading may end a run.
            kind, message, billed = self._unanswered(error)
        seconds = self._clock() - started
        failure = Failure(kind=kind, message=message, status=None, latency_s=seconds, attempts=1, may_be_billed=billed)
        return failure, None

    async def _exchange(self, call: Call, dialect: Dialect, on_headers: Callable[[Mapping[str, str]], None]) -> Reply:
        streams, timeouts = call.wants_stream(dialect), self._timeouts
        # A server of one's own reads slowly, and works off a queue in which other calls of this run may be.
        if not self._endpoint.is_private:
            timeouts = timeouts.of_service(call.prompt_tokens)
        most_s = timeouts.first_token_s if streams else timeouts.total_s
        own = {} if self._names_requests else {HEADER: new_id()}
        with self._lanes.lane() as http:
            reply = await exchange(
                http,
                self._endpoint.url(call.path(dialect)),
                call.body(dialect),
                streams=streams,
                timeouts=timeouts,
                bound=call.bound(dialect),
                clock=self._clock,
                on_headers=on_headers,
                on_silence=lambda: self._notices.silence(timeouts.tell_s, call.prompt_tokens, most_s),
                own_headers=own,
                wire=self._wire,
                extensions=self._extensions,
            )
        if own and reply.is_foreign(own[HEADER]):
            raise _ForeignError
        return reply

    def _unanswered(self, error: Exception) -> tuple[FailureKind, Words, bool]:
        """Return what it means that an error came in place of an answer, as `no_answer` does."""
        host = self._endpoint.host
        if isinstance(error, DeadlineError):
            return "timeout", Note("too_slow", host=host, error=error), True
        if isinstance(error, _ForeignError):
            return "bad_response", Note("foreign_answer", host=host), True
        if isinstance(error, TooLongError):
            return "bad_response", Note("far_past_limit", host=host), True
        if isinstance(error, NO_ANSWER):
            return no_answer(error, self._endpoint)
        words = Note("unreadable_answer", host=host, error=type(error).__name__)
        return "bad_response", own_words(words, self._secrets), True

    def _read(self, reply: Reply) -> tuple[Outcome, Diagnosis | None]:
        now = self._now()
        rates = rate_state(reply.headers, now)
        if reply.status in SUCCESS:
            received = Received(
                headers=reply.headers,
                latency_s=reply.latency_s,
                first_token_s=reply.first_token_s,
                streamed=reply.stream is not None,
                secrets=self._secrets,
                keys=self._keys,
                now=now,
                wire=self._wire,
            )
            outcome, found = (
                read_body(reply.body, received) if reply.stream is None else read_stream(reply.stream, received)
            )
            if PAST_LIMIT in outcome.changes:
                self._notices.excess()
            return replace(outcome, rates=rates), found
        host = self._endpoint.name
        found = classify(reply.status, reply.body, reply.headers, secrets=self._secrets, now=now, host=host)
        failure = Failure(
            kind=found.kind,
            message=found.message,
            status=reply.status,
            latency_s=reply.latency_s,
            attempts=1,
            usage=usage_in(reply.body),
            wait_s=found.wait_s,
            rates=rates,
            # What broke behind a gateway, or took too long for it, may well have been worked on; a refusal was not.
            may_be_billed=reply.status >= 500 and not HANDLING[found.kind].unworked,
        )
        return failure, found


async def _begun(hold: Hold) -> bool:
    """Write down that a call is sent next; one that could not be written down costs nothing, for it is not sent."""
    try:
        return await hold.begin()
    except BaseException:
        hold.free()
        raise


def _larger_limit(failure: Failure, request: Request) -> int | None:
    """Return the output limit to ask with once more, or None where that is not called for or there is no room.

    A server that keeps to none is not given a larger one.
    """
    if not HANDLING[failure.kind].larger_output or request.output_room is None or PAST_LIMIT in failure.changes:
        return None
    limit = min(_LARGER * request.max_output, request.output_room)
    return limit if limit > request.max_output else None
