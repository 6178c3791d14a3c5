"""The client asks budget and limiter before every single sending, and gives back what was not sent."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from nihbench.endpoint.access import open_model
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.limits import Limiter, Limits, Slot
from nihbench.endpoint.spending import Budget
from nihbench.errors import EndingError, StoppedError
from nihbench.types import Completion, Message, ModelPreset, PriceTier, Request
from tests.wording import wording

PRICES = (PriceTier(up_to=None, input=1.0, output=10.0),)
ASK = [Message(role="user", content="q")]
REQUEST = Request(model="m", max_output=1000, prompt_tokens=90_000)  # nine cents and a cent at the worst
GOOD = {
    "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 80_000, "completion_tokens": 100},
}


def complete(url: str, budget: Budget, waits: Any, **options: Any) -> Any:
    async def run() -> Any:
        async with ChatClient(Endpoint(base_url=url), budget=budget, sleep=waits, **options) as client:
            return await client.complete(ASK, REQUEST)

    return asyncio.run(run())


def test_every_sending_is_charged_for_itself(scripted: Any, waits: Any) -> None:
    scripted.reply({"error": {"message": "slow down"}}, status=429)  # costs nothing
    scripted.reply(b"")  # an empty answer: the model may have worked for it
    scripted.reply(GOOD)
    budget = Budget(1.0, PRICES)
    outcome = complete(scripted.base_url, budget, waits)
    assert isinstance(outcome, Completion) and outcome.attempts == 3
    assert budget.spent == pytest.approx(0.10 + 0.081)
    assert (budget.held, budget.prompt_tokens, budget.completion_tokens) == (0, 80_000, 100)


def test_a_retry_that_could_pass_the_cap_is_not_sent(scripted: Any, waits: Any) -> None:
    scripted.reply(b"")
    scripted.reply(GOOD)
    budget = Budget(0.15, PRICES)
    with pytest.raises(StoppedError, match="--max-cost"):
        complete(scripted.base_url, budget, waits)
    assert len(scripted.asked) == 1
    assert budget.spent == pytest.approx(0.10)


def test_what_usage_shows_makes_later_holds_larger(scripted: Any, waits: Any) -> None:
    """Our count was half of the server's: the next call is held at twice its tokens."""
    scripted.reply({**GOOD, "usage": {"prompt_tokens": 180_000, "completion_tokens": 0}})
    budget = Budget(0.36, PRICES)
    complete(scripted.base_url, budget, waits)
    assert budget.spent == pytest.approx(0.18)
    with pytest.raises(StoppedError, match=wording("endpoint.next_call_could_cost", worst=re.compile(r"0\.21"))):
        complete(scripted.base_url, budget, waits)
    assert len(scripted.asked) == 1


def test_a_call_that_waits_for_a_slot_and_is_broken_off_costs_nothing(scripted: Any) -> None:
    budget = Budget(1.0, PRICES)

    async def run() -> None:
        limiter = Limiter(Limits(concurrency=1, start=1))
        async with (
            ChatClient(Endpoint(base_url=scripted.base_url), budget=budget, limiter=limiter) as client,
            limiter.slot(tokens=1),
        ):
            waiting = asyncio.ensure_future(client.complete(ASK, REQUEST))
            await asyncio.sleep(0.01)
            assert budget.held == pytest.approx(0.10)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(run())
    assert (budget.spent, budget.held, scripted.asked) == (0, 0, [])


def test_a_closed_limiter_gives_no_leave_and_lets_go_on_what_flies() -> None:
    async def run() -> None:
        limiter = Limiter(Limits(concurrency=1, start=1))

        async def one() -> Slot:
            async with limiter.slot(tokens=1) as slot:
                await asyncio.sleep(0.01)
                return slot

        calls = [asyncio.ensure_future(one()) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        limiter.close()
        ended = await asyncio.gather(*calls, one(), return_exceptions=True)
        assert isinstance(ended[0], Slot)
        assert [type(end) for end in ended[1:]] == [EndingError] * 3

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "preset", "options", "expected"),
    [
        # A service refuses when it has enough: found out, unless told.
        ("https://api.example.com/v1", {}, {}, Limits(start=4)),
        ("https://api.example.com/v1", {}, {"concurrency": 9}, Limits(concurrency=9, start=9)),
        ("https://api.example.com/v1", {"concurrency": 2}, {}, Limits(concurrency=2, start=2)),
        ("https://api.example.com/v1", {"concurrency": 2}, {"concurrency": 3}, Limits(concurrency=3, start=3)),
        # A server of one's own queues instead.
        ("http://127.0.0.1:1/v1", {}, {}, Limits(concurrency=4, start=4)),
        ("http://10.0.0.1/v1", {}, {"concurrency": 20}, Limits(concurrency=20, start=20)),
        (
            "https://api.example.com/v1",
            {"requests_per_minute": 60.0, "tokens_per_minute": 5e5},
            {"tpm": 1e6},
            Limits(start=4, requests_per_minute=60.0, tokens_per_minute=1e6),
        ),
    ],
)
def test_what_is_known_before_the_first_call(
    url: str, preset: dict[str, Any], options: dict[str, Any], expected: Limits
) -> None:
    model = ModelPreset(name="m", model="m", base_url=url, **preset)
    with open_model(model, key=None, headers={}, ask_server=False) as access:
        assert access.limits(**options) == expected


def test_calls_that_wait_are_held_at_what_was_learnt_meanwhile(scripted: Any, playing: Any) -> None:
    """An answer shows late that the server bills three times as much: what has not been sent by then is not."""
    billed: list[float] = []

    def judge(asked: Any) -> Any:
        share = 1 if len(billed) < 2 else 3
        usage = {"prompt_tokens": 80_000 * share, "completion_tokens": 100}
        billed.append(0.08 * share + 0.001)
        return playing.reply(body=json.dumps({**GOOD, "usage": usage}).encode())

    scripted.judge = judge
    budget = Budget(1.2, PRICES)

    async def run() -> None:
        limiter = Limiter(Limits(concurrency=1, start=1))
        async with ChatClient(Endpoint(base_url=scripted.base_url), budget=budget, limiter=limiter) as client:
            calls = [client.complete(ASK, REQUEST) for _ in range(12)]
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(end) for end in ended} == {Completion, StoppedError}

    asyncio.run(run())
    assert 0.8 < sum(billed) <= 1.2
