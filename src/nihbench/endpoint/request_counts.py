"""Have a server count whole requests: by its counting endpoint, else by the usage of answers of one token."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.kinds import HANDLING
from nihbench.errors import EndpointError, StoppedError
from nihbench.lang.messages import t, without_stop
from nihbench.types import Completer, Failure, Message, Request, Usage

_LITTLE = 0.02
CountSource = Literal["counting endpoint", "usage"]


def request_counter(
    access: ModelAccess,
    completer: Completer,
    likely: Callable[[Sequence[Message]], int] | None = None,
    *,
    on_refusal: Callable[[str], None] | None = None,
) -> tuple[Callable[[Sequence[Message]], Awaitable[int | None]], CountSource]:
    """Return a function from messages to the server's count of them (None: it tells none), and where that comes from.

    It raises `StoppedError` where every other request would fail too or the budget has no room, and `EndpointError` for
    other failures.

    Args:
        access: the model within reach.
        completer: asks it for answers of one token, unless the service has a counting endpoint, which is free.
        likely: about how many tokens messages have, so that an answer's price is known beforehand.
        on_refusal: for a run that has begun: told in a sentence of messages that will never be answered, of which no
            count is returned then; other failures stop the run. None: any failure is an error.
    """
    counter, preset = access.counter, access.preset
    if counter is not None:

        async def counted(messages: Sequence[Message]) -> int | None:
            return await asyncio.to_thread(counter.count_messages, messages)

        return counted, "counting endpoint"

    whole = _Whole()

    async def answered(messages: Sequence[Message]) -> int | None:
        request = Request(
            model=preset.model,
            max_output=1,
            temperature=preset.temperature,
            extra_body=dict(preset.extra_body),
            prompt_tokens=likely(messages) if likely else None,
        )
        outcome = await completer.complete(messages, request)
        if isinstance(outcome, Failure) and outcome.kind != "cut_answer":
            if on_refusal is not None:
                _leave_out(outcome, on_refusal)
                return None
            kind = StoppedError if HANDLING[outcome.kind].stop_run else EndpointError
            raise kind(t("endpoint.lengths_cant_fitted_server", kind=outcome.kind, said=without_stop(outcome.message)))
        return whole.of(outcome.usage, likely(messages) if likely else None)

    return answered, "usage"


class _Whole:
    """Tells what a server counts of a whole prompt, where its count may leave out what it had cached.

    The prompts that nothing was cached of say how its count goes with another tokenizer's; of the others that of the
    two sums is believed which lies nearer.
    """

    def __init__(self) -> None:
        self._share = 1.0

    def of(self, usage: Usage, likely: int | None) -> int | None:
        plain, cached = usage.prompt_tokens, usage.cached_tokens or 0
        if not plain or not likely:
            return plain
        if cached < _LITTLE * plain:
            self._share = plain / likely
            return plain
        expected = self._share * likely
        return min((plain, plain + cached), key=lambda count: abs(math.log(count / expected)))


def _leave_out(failure: Failure, on_refusal: Callable[[str], None]) -> None:
    """Say that a haystack goes uncounted where it always would; else raise `StoppedError`: it may be counted later."""
    if HANDLING[failure.kind].stop_run or HANDLING[failure.kind].retry_on_resume:
        raise StoppedError(t("endpoint.run_had_stop_further", kind=failure.kind, said=without_stop(failure.message)))
    on_refusal(t("endpoint.note_further_haystack_not", kind=failure.kind, said=without_stop(failure.message)))
