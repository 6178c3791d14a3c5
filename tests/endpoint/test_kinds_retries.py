"""When a request is sent again: the rules counted, and the limiter asked for every single sending."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.kinds import HANDLING, LONGEST_WAIT_S, Retries
from nihbench.endpoint.limits import Limiter, Limits
from nihbench.types import Completion, Failure, FailureKind, Message, Outcome, Request

GOOD = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}
KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


def failed(kind: FailureKind, wait_s: float | None = None) -> Failure:
    return Failure(kind=kind, message="", status=None, latency_s=0.0, attempts=1, wait_s=wait_s)


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=60, max_size=90),
    asked=st.none() | st.floats(0, 200),
    attempts=st.integers(1, 6),
    patience_s=st.floats(0, 900),
)
def test_every_request_ends(kinds: list[FailureKind], asked: float | None, attempts: int, patience_s: float) -> None:
    retries = Retries(max_attempts=attempts, patience_s=patience_s, random=lambda: 0.5)
    sent: list[FailureKind] = []
    waited_s = 0.0
    for kind in kinds:
        sent.append(kind)
        wait_s = retries.wait_s(failed(kind, asked))
        if wait_s is None:
            break
        assert HANDLING[kind].retry and 0 <= wait_s <= LONGEST_WAIT_S
        assert asked is None or wait_s == asked or wait_s > asked < 1
        waited_s += wait_s if HANDLING[kind].patient else 0.0
    else:
        assert asked is not None and asked < 20, "only refusals with short waits may go on for long"
    assert sum(not HANDLING[kind].patient for kind in sent) <= attempts
    assert sent.count("timeout") <= 2
    assert waited_s <= patience_s


def test_waits_grow_and_are_spread_over_their_last_quarter() -> None:
    for random, share in ((0.0, 0.75), (1.0, 1.0)):
        retries = Retries(max_attempts=99, patience_s=9e9, random=lambda random=random: random)
        waits = [retries.wait_s(failed("overloaded")) for _ in range(7)]
        assert waits == [share * wait for wait in (2, 4, 8, 16, 30, 30, 30)]


def test_a_server_that_says_come_at_once_for_ever_is_not_hammered() -> None:
    retries = Retries(max_attempts=99, patience_s=900.0, random=lambda: 1.0)
    waits: list[float] = []
    while (wait_s := retries.wait_s(failed("rate_limit", 0.0))) is not None:
        waits.append(wait_s)
        assert len(waits) < 50
    assert waits[:9] == [0, 0, 1, 2, 4, 8, 16, 30, 30]
    assert sum(waits) <= 900


@pytest.mark.parametrize(
    ("seconds", "again"), [(0.0, True), (300.0, True), (899.0, True), (901.0, False), (1800.0, False)]
)
def test_a_timeout_is_tried_again_only_after_a_short_wait(seconds: float, again: bool) -> None:
    late = replace(failed("timeout"), latency_s=seconds)
    retries = Retries(max_attempts=4, patience_s=900.0, random=lambda: 0.5)
    assert (retries.wait_s(late) is not None) == again
    assert retries.wait_s(late) is None, "once more at most"
    # What broke off after as long is no timeout: its server was at work, and another time it may not break.
    broken = replace(failed("transient"), latency_s=seconds)
    assert Retries(max_attempts=4, patience_s=900.0, random=lambda: 0.5).wait_s(broken) is not None


def test_refusals_that_cost_nothing_are_not_counted(scripted: Any, ask: Any, waits: Any) -> None:
    for _ in range(9):
        scripted.reply({"error": {"message": "max RPM: 3, please try again after 1 seconds"}}, status=429)
    scripted.reply(GOOD)
    outcome = ask(scripted.base_url, sleep=waits)
    assert isinstance(outcome, Completion)
    assert (outcome.attempts, waits.seconds) == (10, [1.0] * 9)
    for _ in range(9):
        scripted.reply({"error": {"message": "please try again after 1 seconds"}}, status=429)
    assert ask(scripted.base_url, patience_s=4.0).attempts == 5


def test_a_date_is_waited_for_by_the_servers_own_clock(wire: Any, playing: Any, ask: Any, waits: Any) -> None:
    lines = ("Retry-After: Wed, 21 Oct 2026 07:28:09 GMT", "Date: Wed, 21 Oct 2026 07:28:00 GMT", "Content-Length: 0")
    wire.play(playing.head(*lines, status="429 Too Many Requests"))
    wire.play(playing.head("Content-Length: 5", status="401 No"), b"no, n")
    assert ask(wire.base_url, sleep=waits).kind == "auth"
    assert waits.seconds == [9.0]


def test_the_limiter_gives_leave_for_every_sending_and_hears_how_it_ended(scripted: Any, waits: Any) -> None:
    scripted.reply({"error": {"message": "oh"}}, status=500)
    scripted.reply({"error": {"message": "max organization concurrency: 1"}}, status=429)
    scripted.reply(GOOD, headers={"x-ratelimit-limit-tokens": "7000", "x-ratelimit-remaining-tokens": "6000"})
    heard: list[object] = []

    class Listening(Limiter):
        def slot(self, *, tokens: int) -> Any:
            heard.append(tokens)
            return super().slot(tokens=tokens)

        def settle(self, slot: Any, signal: Any) -> None:
            assert self.in_flight == 1
            heard.append(signal.kind)
            super().settle(slot, signal)

    async def run() -> tuple[Outcome, Limiter]:
        limiter = Listening(Limits(), sleep=waits)
        async with ChatClient(Endpoint(base_url=scripted.base_url), limiter=limiter, sleep=waits) as client:
            request = Request(model="m", max_output=300, prompt_tokens=700)
            return await client.complete([Message(role="user", content="q")], request), limiter

    outcome, limiter = asyncio.run(run())
    assert isinstance(outcome, Completion)
    assert heard == [1000, "transient", 1000, "rate_limit", 1000, "ok"]
    assert (limiter.in_flight, limiter.tokens_per_minute) == (0, 7000)


@pytest.mark.parametrize("good", [True, False])
def test_an_outcome_survives_being_stored(scripted: Any, ask: Any, good: bool) -> None:
    from dataclasses import asdict

    scripted.reply({"error": {"message": "oh"}}, status=500)
    scripted.reply(GOOD if good else b"no", status=200 if good else 401, headers={"x-ratelimit-limit-tokens": "7"})
    outcome = ask(scripted.base_url)
    kind = Completion if good else Failure
    assert isinstance(outcome, kind) and len(outcome.earlier) == 1 and outcome.rates is not None
    assert TypeAdapter(kind).validate_python(json.loads(json.dumps(asdict(outcome)))) == outcome
