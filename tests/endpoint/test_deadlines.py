"""Deadlines on real sockets: each is kept by itself, and none cuts off what is on its way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint, Timeouts
from nihbench.endpoint.wire.base import Dialect
from nihbench.types import Completion, Failure, Message, Request
from tests.wording import says

# Short ones for the tests; a `LONG` one is never reached by them.
LONG = 300.0
PLAIN = {"dialect": Dialect(stream=False)}
JSON = json.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}).encode()
DONE = b"data: [DONE]\n\n"


def timeouts(**short: float) -> Timeouts:
    return Timeouts(**({"connect_s": LONG, "write_s": LONG, "first_token_s": LONG, "idle_s": LONG} | short))


def at_any_speed(check: Callable[[float], None]) -> None:
    """Let a check of what comes in time be made; where the machine is at work, again with ten times the time."""
    try:
        check(1.0)
    except AssertionError:
        check(10.0)


def missed(outcome: Any, code: str, at_most_s: float = 100.0) -> Failure:
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.may_be_billed) == ("timeout", True)
    assert says(outcome.message, f"note.{code}")
    assert outcome.latency_s < at_most_s
    return outcome


def test_the_defaults_are_fit_for_a_million_tokens() -> None:
    kept = Timeouts()
    assert kept.first_token_s >= 900 and kept.idle_s >= 120 and kept.write_s >= 60
    assert kept.total_s > kept.first_token_s > kept.idle_s > kept.connect_s


@pytest.mark.parametrize("sign_of_life", [None, b": keep-alive\n\n", "role", b"\n"])
def test_the_first_token(wire: Any, playing: Any, ask: Any, sign_of_life: Any) -> None:
    # Neither headers nor comments nor an empty first delta is a token: a queue that never ends must.
    alive = playing.piece("") if sign_of_life == "role" else sign_of_life
    signs = [playing.chunk(alive), 0.1] * 20 if alive else []
    wire.play(playing.events, *signs, "hang")
    missed(ask(wire.base_url, timeouts=timeouts(first_token_s=0.4), max_attempts=1), "first_token_late")


def test_a_silent_prefill_is_waited_for_longer_than_a_pause(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(0.8, playing.events, playing.chunk(playing.piece("a", "stop") + DONE), b"0\r\n\r\n")
    outcome = ask(wire.base_url, timeouts=timeouts(idle_s=0.4))
    assert isinstance(outcome, Completion)
    assert outcome.first_token_s is not None and outcome.first_token_s >= 0.8


def test_a_pause_after_the_first_token(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(playing.events, playing.chunk(playing.piece("a")), "hang")
    missed(ask(wire.base_url, timeouts=timeouts(idle_s=0.3), max_attempts=1), "answer_stalled")


def test_a_slow_drip_is_no_pause(wire: Any, playing: Any, ask: Any) -> None:
    def check(times: float) -> None:
        drip = [step for _ in range(8) for step in (playing.chunk(playing.piece("a")), 0.1 * times)]
        wire.play(playing.events, *drip, playing.chunk(playing.piece("b", "stop") + DONE), b"0\r\n\r\n")
        short = timeouts(first_token_s=0.6 * times, idle_s=0.6 * times)
        outcome = ask(wire.base_url, timeouts=short, max_attempts=1)
        assert isinstance(outcome, Completion) and outcome.text == "aaaaaaaab"

    at_any_speed(check)


def test_the_total_ends_a_drip_that_does_not(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(playing.events, *[playing.chunk(playing.piece("a")), 0.05] * 60, "hang")
    missed(ask(wire.base_url, timeouts=timeouts(total_s=0.5), max_attempts=1), "answer_late")


def test_an_unstreamed_answer_knows_only_the_total(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(0.8, playing.head(f"Content-Length: {len(JSON)}"), JSON)
    short = timeouts(first_token_s=0.4, idle_s=0.4, total_s=LONG)
    assert isinstance(ask(wire.base_url, timeouts=short, **PLAIN), Completion)
    wire.play("hang")
    missed(ask(wire.base_url, timeouts=timeouts(total_s=0.4), max_attempts=1, **PLAIN), "answer_late")


def test_half_a_body_that_stops(wire: Any, playing: Any, ask: Any) -> None:
    wire.play(playing.head(f"Content-Length: {len(JSON)}"), JSON[:20], "hang")
    missed(ask(wire.base_url, timeouts=timeouts(idle_s=0.3), max_attempts=1, **PLAIN), "answer_stalled")


def test_a_short_prompt_to_a_service_is_given_less_time_and_never_more_than_a_long_one() -> None:
    kept = Timeouts()
    given = [kept.of_service(tokens).first_token_s for tokens in (0, 1000, 5000, 9000, 10**6)]
    assert given == sorted(given) and given[-2:] == [kept.first_token_s] * 2
    # Queues of a quarter of an hour are known, and a service that reads 10 tokens a second is not.
    assert all(900 + tokens / 10 <= time_s for tokens, time_s in zip((0, 1000, 5000), given, strict=False))
    assert (kept.of_service(1000).idle_s, kept.of_service(1000).total_s) == (kept.idle_s, kept.total_s)
    assert timeouts(first_token_s=0.4).of_service(10**6).first_token_s == 0.4


@pytest.mark.parametrize("alive", [True, False])
def test_after_a_long_wait_for_nothing_there_is_no_second_one(wire: Any, playing: Any, ask: Any, alive: bool) -> None:
    for _ in range(2):
        wire.play(*([playing.events, *[playing.chunk(b": keep-alive\n\n"), 0.05] * 100] if alive else []), "hang")
    outcome = ask(wire.base_url, timeouts=timeouts(first_token_s=0.5), patience_s=0.4)
    assert missed(outcome, "first_token_late").attempts == 1
    assert len(wire.requests) == 1


@pytest.mark.parametrize("streams", [True, False])
def test_a_long_silence_is_told_once(wire: Any, playing: Any, streams: bool) -> None:
    said: list[str] = []
    for _ in range(2):
        wire.play(
            playing.head("Content-Type: application/json", f"Content-Length: {len(JSON) + 9}"), b"\n" * 9, 0.8, JSON
        )
    wire.play(playing.events, playing.chunk(playing.piece("a", "stop") + DONE), b"0\r\n\r\n")

    async def run() -> list[Any]:
        short = timeouts(tell_s=0.1, first_token_s=600.0, total_s=7200.0)
        client = ChatClient(
            Endpoint(base_url=wire.base_url), dialect=Dialect(stream=streams), timeouts=short, on_silence=said.append
        )
        async with client:
            request = Request(model="m", max_output=3, prompt_tokens=1234)
            return [await client.complete([Message(role="user", content="q")], request) for _ in range(3)]

    assert all(isinstance(outcome, Completion) for outcome in asyncio.run(run()))
    assert len(said) == 1
    assert f"127.0.0.1:{wire.port}" in said[0] and says(said[0], "endpoint.sent_nothing_answer_prompt", tokens=1234)
    assert ("10 min" if streams else "2 h") in said[0]


def test_who_answers_in_time_is_not_said_to_be_silent(wire: Any, playing: Any, ask: Any) -> None:
    def check(times: float) -> None:
        said: list[str] = []
        drip = [step for _ in range(6) for step in (playing.chunk(playing.piece("a")), 0.1 * times)]
        wire.play(playing.events, *drip, playing.chunk(playing.piece("b", "stop") + DONE), b"0\r\n\r\n")
        short = timeouts(tell_s=0.3 * times)
        assert isinstance(ask(wire.base_url, timeouts=short, on_silence=said.append), Completion)
        assert said == []

    at_any_speed(check)


@pytest.mark.parametrize("last", ["reason", "done"])
def test_what_keeps_the_connection_open_after_the_answer_costs_little(
    wire: Any, playing: Any, ask: Any, last: str
) -> None:
    def check(times: float) -> None:
        body = playing.piece("a", "stop") + (DONE if last == "done" else b"")
        wire.play(playing.events, playing.chunk(body), "hang")
        started = time.monotonic()
        outcome = ask(wire.base_url, timeouts=timeouts(idle_s=0.3 * times if last == "reason" else LONG))
        assert isinstance(outcome, Completion) and outcome.attempts == 1
        assert time.monotonic() - started < 100  # a connection that hangs does so for 300 s
        assert outcome.first_token_s is not None
        # The answer was there; only the connection was slow to end.
        assert outcome.latency_s - outcome.first_token_s < 0.2 * times

    at_any_speed(check)


def test_a_server_that_does_not_read(wire: Any, playing: Any, ask: Any) -> None:
    for _ in range(2):
        wire.play("deaf")
    novel = Message(role="user", content="word " * 3_000_000)
    outcome = ask(wire.base_url, None, novel, timeouts=timeouts(write_s=0.4), max_attempts=1)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.may_be_billed) == ("transient", False)
    assert outcome.message.code == "prompt_not_taken"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves a caller hanging where the line is full")
def test_nobody_picks_up(ask: Any) -> None:
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        address = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        outcome = ask(address, timeouts=timeouts(connect_s=0.3), max_attempts=1)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.may_be_billed, outcome.latency_s < 100) == ("transient", False, True)
    assert says(str(outcome.message), "note.no_connection") and says(str(outcome.message), "note.no_answer")


def test_a_timed_out_prompt_is_sent_once_more_only(wire: Any, playing: Any, ask: Any) -> None:
    for _ in range(4):
        wire.play("hang")
    outcome = ask(wire.base_url, timeouts=timeouts(first_token_s=1.0))
    assert (outcome.kind, outcome.attempts, len(wire.requests)) == ("timeout", 2, 2)


def test_one_that_is_called_off_leaves_the_client_usable(wire: Any, playing: Any) -> None:
    wire.play("hang")
    wire.play(playing.events, playing.chunk(playing.piece("a", "stop") + DONE), b"0\r\n\r\n")

    async def run() -> Any:
        async with ChatClient(Endpoint(base_url=wire.base_url)) as client:
            question = [Message(role="user", content="q")], Request(model="m", max_output=3)
            first = asyncio.ensure_future(client.complete(*question))
            while not wire.requests:
                await asyncio.sleep(0.02)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return await client.complete(*question)

    assert isinstance(asyncio.run(run()), Completion)
