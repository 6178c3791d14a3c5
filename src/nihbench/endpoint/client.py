"""The chat client: one request to an OpenAI-compatible /chat/completions, an answer or a failure back.

It retries what may pass, a bounded number of times. It keeps no state between requests, limits no concurrency and
judges no answer; which failures end a run is in `failures.HANDLING`.
"""

from __future__ import annotations

import asyncio
import json
import random as random_module
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from nihbench.endpoint.answer import read_answer
from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, async_client, no_answer
from nihbench.endpoint.failures import HANDLING, classify
from nihbench.types import Completion, Failure, FailureKind, Message, Outcome, Request

_FIRST_WAIT_S: Mapping[FailureKind, float] = {"overloaded": 2.0, "rate_limit": 1.0}
_OTHER_FIRST_WAIT_S = 0.5
_LONGEST_BACKOFF_S = 30.0
# A server that asks for more than this is asked again by a later run, not by this request.
_LONGEST_WAIT_S = 120.0
# A prompt that timed out may have been paid for; it is sent once more, not again and again.
_TIMEOUTS_ALLOWED = 2


class ChatClient:
    """A `Completer` for any OpenAI-compatible endpoint; an async context manager that closes its connections.

    Args:
        base_url: the address that /chat/completions is appended to.
        api_key: sent in `key_header`, as a bearer token where that is Authorization; None: nothing is sent.
        key_header: the header that carries the key.
        headers: sent with every request; they win over the client's own.
        output_param: the name of the output limit in the request's body.
        max_attempts: how often one request is sent at most.
        timeouts: connect, write and read time-outs in seconds.
        sleep: waits the given seconds between attempts.
        random: returns a number in [0, 1) that spreads the waits.
        clock: returns seconds that only ever grow; latencies are its differences.

    Raises:
        UsageError: the base URL, a header or the environment's proxy can't be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        key_header: str = "Authorization",
        headers: Mapping[str, str] | None = None,
        output_param: str = "max_tokens",
        max_attempts: int = 4,
        timeouts: Timeouts | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = random_module.random,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._endpoint = Endpoint(base_url=base_url, api_key=api_key, key_header=key_header, headers=headers or {})
        self._http = async_client(self._endpoint, timeouts or Timeouts())
        self._output_param = output_param
        self._max_attempts = max_attempts
        self._sleep = sleep
        self._random = random
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def complete(self, messages: Sequence[Message], request: Request) -> Outcome:
        """Return the model's answer, or the failure of the last attempt; never raises for HTTP or network trouble.

        `latency_s` of the outcome is that of the last attempt alone, `attempts` counts them all.
        Source: OpenAI's chat completions, as the servers of today speak it.
        """
        body = self._encode(messages, request)
        timeouts = 0
        attempt = 1
        while True:
            outcome, wait_s = await self._attempt(body, attempt)
            if isinstance(outcome, Completion):
                return outcome
            timeouts += outcome.kind == "timeout"
            final = attempt >= self._max_attempts or timeouts >= _TIMEOUTS_ALLOWED
            if final or not HANDLING[outcome.kind].retry or (wait_s or 0.0) > _LONGEST_WAIT_S:
                return outcome
            await self._sleep(self._backoff_s(outcome.kind, attempt) if wait_s is None else wait_s)
            attempt += 1

    async def _attempt(self, body: bytes, attempt: int) -> tuple[Outcome, float | None]:
        """Send the request once; return what came of it and the delay that the server asks for."""
        secrets = self._endpoint.secrets()
        started = self._clock()
        try:
            response = await self._http.post(self._endpoint.url("/chat/completions"), content=body)
        except NO_ANSWER as error:
            kind, message = no_answer(error, self._endpoint)
            latency_s = self._clock() - started
            return Failure(kind=kind, message=message, status=None, latency_s=latency_s, attempts=attempt), None
        latency_s = self._clock() - started
        content, headers = response.content, response.headers
        if response.status_code == 200:
            return read_answer(content, headers, latency_s=latency_s, attempts=attempt, secrets=secrets)
        found = classify(response.status_code, content, headers, secrets=secrets)
        failure = Failure(
            kind=found.kind,
            message=found.message,
            status=response.status_code,
            latency_s=latency_s,
            attempts=attempt,
        )
        return failure, found.wait_s

    def _backoff_s(self, kind: FailureKind, attempt: int) -> float:
        """Return an exponential wait in seconds, spread over its last quarter so that requests do not come in step."""
        longest = _FIRST_WAIT_S.get(kind, _OTHER_FIRST_WAIT_S) * 2.0 ** (attempt - 1)
        return min(longest, _LONGEST_BACKOFF_S) * (0.75 + 0.25 * self._random())

    def _encode(self, messages: Sequence[Message], request: Request) -> bytes:
        body: dict[str, Any] = {
            "model": request.model,
            "messages": as_json(messages),
            self._output_param: request.max_output,
        }
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.seed is not None:
            body["seed"] = request.seed
        body |= request.extra_body
        return json.dumps(body, ensure_ascii=False).encode()


def as_json(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return messages as the protocol writes them."""
    return [{"role": message.role, "content": message.content} for message in messages]
