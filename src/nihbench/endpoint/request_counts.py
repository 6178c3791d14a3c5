"""Have a server count whole requests: by its counting endpoint, else by the usage of answers of one token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.client import silent
from nihbench.endpoint.failures import HANDLING
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.errors import EndpointError, StoppedError
from nihbench.lang import t, without_stop
from nihbench.types import Failure, Message, Request

CountSource = Literal["counting endpoint", "usage"]


@contextmanager
def measuring(
    access: ModelAccess,
    *,
    stream: bool | None = None,
    on_change: Callable[[str], None] = silent,
    budget: Budget | None = None,
    limiter: Limiter | None = None,
    likely: Callable[[Sequence[Message]], int] | None = None,
) -> Iterator[tuple[Callable[[Sequence[Message]], int | None], CountSource]]:
    """Yield a function from messages to the server's count of them (None: it tells none), and where that comes from.

    It raises `StoppedError` where every other request would fail too or the budget has no room, and `EndpointError` for
    other failures.

    Args:
        access: the model within reach.
        stream: whether answers are asked for as streams; None: wherever the server can.
        on_change: told once, in a sentence, of every change in how requests are written, and of a long silence.
        budget: what answers are charged to; a counting endpoint is free.
        limiter: gives leave for every answer that is asked for.
        likely: about how many tokens messages have, so that their price is known beforehand.
    """
    if access.counter is not None:
        yield access.counter.count_messages, "counting endpoint"
        return
    client = access.client(stream=stream, on_change=on_change, on_silence=on_change, budget=budget, limiter=limiter)
    preset = access.preset

    def count(messages: Sequence[Message]) -> int | None:
        request = Request(
            model=preset.model,
            max_output=1,
            temperature=preset.temperature,
            extra_body=dict(preset.extra_body),
            prompt_tokens=likely(messages) if likely else None,
        )
        outcome = runner.run(client.complete(messages, request))
        if isinstance(outcome, Failure) and outcome.kind != "cut_answer":
            kind = StoppedError if HANDLING[outcome.kind].stop_run else EndpointError
            raise kind(
                t(
                    "lengths can't be fitted to the server's count ({kind}: {said}): mend that, or give --no-calibrate "
                    "to count in a reference tokenizer",
                    kind=outcome.kind,
                    said=without_stop(outcome.message),
                )
            )
        return outcome.usage.prompt_tokens

    with asyncio.Runner() as runner:
        try:
            yield count, "usage"
        finally:
            runner.run(client.__aexit__(None, None, None))
