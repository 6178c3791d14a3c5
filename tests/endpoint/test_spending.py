"""The budget: never passed whatever calls turn out to cost, exact in cents, honest about unknown prices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.endpoint.answer import PAST_LIMIT
from nihbench.endpoint.spending import Budget
from nihbench.errors import StoppedError, UsageError
from nihbench.lang.messages import t
from nihbench.prices import tier_of, worst_cost
from nihbench.types import Completion, Failure, Outcome, PriceTier, Usage
from tests.wording import wording

FLAT = (PriceTier(up_to=None, input=1.0, output=4.0, cached_input=0.1),)
TIERS = (
    PriceTier(up_to=200_000, input=1.25, output=10.0, cached_input=0.125),
    PriceTier(up_to=None, input=2.5, output=15.0),
)


def answer(prompt: int | None, output: int | None = 0, cached: int | None = None, cost: float | None = None) -> Outcome:
    usage = Usage(prompt_tokens=prompt, completion_tokens=output, cached_tokens=cached, cost_usd=cost)
    return Completion(text="", finish_reason="stop", usage=usage, model=None, latency_s=1.0, attempts=1)


def failure(kind: Any, *, billed: bool, usage: Usage | None = None) -> Outcome:
    return Failure(
        kind=kind, message="", status=None, latency_s=1.0, attempts=1, may_be_billed=billed, usage=usage or Usage()
    )


def spend(prices: Sequence[PriceTier], outcome: Outcome | None, *, prompt: int = 100_000, output: int = 1000) -> Budget:
    """Return a budget after one call."""
    budget = Budget(None, prices)

    async def main() -> None:
        async with budget.hold(prompt_tokens=prompt, max_output=output) as hold:
            if outcome is not None:
                hold.settle(outcome)

    asyncio.run(main())
    return budget


# ---- what holds whatever happens -----------------------------------------------------------------------------------

costs = st.sampled_from([0.0, 0.01, 0.07, 0.1, 0.125, 1.0, 2.5, 15.0])
tokens = st.integers(0, 300_000)


@settings(max_examples=80, deadline=None)
@given(
    calls=st.lists(st.tuples(tokens, st.integers(0, 5000), st.floats(0, 1), st.integers(0, 4)), max_size=25),
    prices=st.tuples(costs, costs, costs),
    max_cost=st.floats(0, 3),
)
def test_a_budget_is_never_passed_and_adds_up(
    calls: list[tuple[int, int, float, int]], prices: tuple[float, float, float], max_cost: float
) -> None:
    """Each of calls: prompt, output limit, the share of it that is used, seconds until it ends (4: never settled)."""
    tier = PriceTier(up_to=None, input=prices[0], output=prices[1], cached_input=min(prices[2], prices[0]))
    budget = Budget(max_cost, (tier,))
    charged = Fraction(0)
    refused = 0

    async def one(prompt: int, limit: int, share: float, ends: int) -> None:
        nonlocal charged, refused
        try:
            async with budget.hold(prompt_tokens=prompt, max_output=limit) as hold:
                assert budget.spent + budget.held <= max_cost + 1e-9
                for _ in range(ends):
                    await asyncio.sleep(0)
                output, cached = int(limit * share), int(prompt * share)
                if ends < 4:
                    hold.settle(answer(prompt, output, cached))
                else:
                    output, cached = limit, 0
            charged += Fraction(str(tier.input)) * (prompt - cached) + Fraction(str(tier.output)) * output
            charged += Fraction(str(tier.cached_input)) * cached
        except StoppedError:
            refused += 1

    async def main() -> None:
        await asyncio.gather(*(one(*each) for each in calls))

    asyncio.run(main())
    assert budget.held == 0
    assert budget.spent == pytest.approx(float(charged / 10**6))
    assert budget.spent <= max_cost + 1e-9
    everything = sum(Fraction(str(tier.input)) * p + Fraction(str(tier.output)) * o for p, o, _, _ in calls) / 10**6
    if everything <= Fraction(str(max_cost)):
        assert refused == 0


def test_ten_times_ten_cents_are_a_dollar() -> None:
    budget = Budget(1.0, (PriceTier(up_to=None, input=0.1, output=0.0),))

    async def main() -> int:
        sent = 0
        with pytest.raises(
            StoppedError, match=wording("endpoint.next_call_could_cost", worst="0.1000", spent="1.00", most="1.00")
        ):
            while True:
                async with budget.hold(prompt_tokens=1_000_000, max_output=0) as hold:
                    sent += 1
                    hold.settle(answer(1_000_000))
        return sent

    assert asyncio.run(main()) == 10


# ---- in flight ------------------------------------------------------------------------------------------------------


def test_calls_in_flight_count_at_their_worst_and_free_what_they_did_not_use() -> None:
    """Three calls of at most a dollar, for 2.10: the third waits until the first turns out cheap."""
    budget = Budget(2.1, FLAT)
    budget.learn(1_000_000, 0, answer(1_000_000, 0))
    log: list[str] = []

    async def one(name: str, seconds: int) -> None:
        async with budget.hold(prompt_tokens=1_000_000, max_output=0) as hold:
            log.append(f"{name} sent")
            for _ in range(seconds):
                await asyncio.sleep(0)
            log.append(f"{name} ends")
            hold.settle(answer(1_000_000, cached=1_000_000))

    async def main() -> None:
        await asyncio.gather(one("a", 5), one("b", 9), one("c", 1))

    asyncio.run(main())
    assert log.index("b sent") < log.index("a ends") < log.index("c sent") < log.index("b ends")
    assert budget.spent == pytest.approx(0.3)


def test_it_stops_before_the_call_that_would_pass_it_and_stays_stopped() -> None:
    budget = Budget(1.0, FLAT, spent=0.5)

    async def main() -> None:
        for prompt in (600_000, 1):  # the second would fit, but the run has stopped
            with pytest.raises(StoppedError, match=wording("endpoint.next_call_could_cost")):
                async with budget.hold(prompt_tokens=prompt, max_output=0):
                    raise AssertionError("it was sent")

    asyncio.run(main())
    assert (budget.spent, budget.held) == (0.5, 0.0)


def test_a_call_that_waits_stops_when_those_in_flight_are_as_dear_as_feared() -> None:
    budget = Budget(1.5, FLAT)

    async def one() -> None:
        async with budget.hold(prompt_tokens=1_000_000, max_output=0):
            await asyncio.sleep(0)

    async def main() -> list[BaseException | None]:
        return await asyncio.gather(*(one() for _ in range(4)), return_exceptions=True)

    ended = asyncio.run(main())
    assert [type(each) for each in ended] == [type(None), StoppedError, StoppedError, StoppedError]
    assert budget.spent == 1.0


def test_a_call_that_is_broken_off_counts_in_full_and_one_that_waits_not_at_all() -> None:
    budget = Budget(1.0, FLAT)

    async def one() -> None:
        async with budget.hold(prompt_tokens=600_000, max_output=0):
            await asyncio.sleep(3600)

    async def main() -> None:
        sent, waiting = asyncio.ensure_future(one()), asyncio.ensure_future(one())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert budget.held == pytest.approx(0.6)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        sent.cancel()
        await asyncio.gather(sent, return_exceptions=True)

    asyncio.run(main())
    assert (budget.spent, budget.held) == (0.6, 0.0)


# ---- what a call cost -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "dollars"),
    [
        (answer(90_000, 500), 0.092),  # 0.09 + 0.002
        (answer(90_000, 500, cached=80_000), 0.02),  # 0.01 + 0.008 + 0.002
        (answer(90_000, 500, cached=95_000), 0.011),  # never more cached than there was
        (answer(90_000, None), 0.094),  # output unknown: all of the limit
        (answer(None, None), 0.104),  # nothing known: the worst case
        (answer(90_000, 500, cost=0.06), 0.06),  # the server's own word
        (answer(90_000, 500, cost=0.0123), 0.092),  # a part of it, or another unit: its own counts say more
        (answer(90_000, 500, cost=9.2), 0.092),  # cents
        (answer(90_000, 500, cost=0.15), 0.15),  # dearer than was known
        (answer(90_000, 500, cached=80_000, cost=0.0123), 0.0123),
        (answer(None, None, cost=0.05), 0.05),
        (answer(None, None, cost=0.0005), 0.104),
        (answer(None, None, cost=0.0), 0.104),  # 0 of the gateway's own credits: the upstream's bill is another's word
        (answer(90_000, 500, cost=0.0), 0.092),
        (answer(90_000, 500, cost=float("nan")), 0.092),
        (None, 0.104),  # never settled
        (failure("timeout", billed=True), 0.104),
        (failure("transient", billed=True), 0.104),
        (failure("rate_limit", billed=False), 0.0),
        (failure("cut_answer", billed=True, usage=Usage(prompt_tokens=90_000, completion_tokens=1000)), 0.094),
        (failure("overflow", billed=False), 0.0),
    ],
)
def test_what_a_call_cost(outcome: Outcome | None, dollars: float) -> None:
    assert spend(FLAT, outcome).spent == pytest.approx(dollars, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "reasoning", "dollars"),
    [("word" * 5000, "", 0.12), ("word" * 1000, "word" * 4000, 0.12), ("word", "", 0.104)],
)
def test_what_was_written_past_the_limit_is_charged(text: str, reasoning: str, dollars: float) -> None:
    cut = Completion(
        text=text, reasoning=reasoning, finish_reason="length", usage=Usage(), model=None, latency_s=1.0, attempts=1,
        changes=(PAST_LIMIT,),
    )  # fmt: skip
    assert spend(FLAT, cut).spent == pytest.approx(dollars, abs=1e-12)  # 0.1 for the prompt, 4 dollars a million tokens
    counted = replace(cut, usage=Usage(prompt_tokens=90_000, completion_tokens=500))
    assert spend(FLAT, counted).spent == pytest.approx(0.092, abs=1e-12)


def test_the_first_word_about_a_call_counts() -> None:
    budget = Budget(None, FLAT)

    async def main() -> None:
        async with budget.hold(prompt_tokens=1_000_000, max_output=0) as hold:
            hold.settle(answer(500_000))
            hold.settle(answer(900_000))

    asyncio.run(main())
    assert budget.spent == 0.5


@pytest.mark.parametrize(("prompt", "dollars"), [(0, 0.01), (200_000, 0.26), (200_001, 0.5150025), (1_000_000, 2.515)])
def test_the_tier_of_the_whole_prompt_applies(prompt: int, dollars: float) -> None:
    assert float(worst_cost(TIERS, prompt, 1000) or 0) == pytest.approx(dollars)
    assert spend(TIERS, answer(prompt, 1000), prompt=prompt).spent == pytest.approx(dollars)


def test_cached_tokens_cost_full_where_no_cached_price_is_known() -> None:
    assert spend(TIERS, answer(400_000, 0, cached=400_000), prompt=400_000).spent == pytest.approx(1.0)


# ---- unknown prices -------------------------------------------------------------------------------------------------


def test_an_unknown_price_is_not_nothing() -> None:
    bounded = TIERS[:1]
    assert tier_of(bounded, 200_001) is None
    assert worst_cost(bounded, 200_001, 0) is None
    assert worst_cost((), 1, 1) is None
    budget = spend((), answer(1000, 10))
    assert (budget.spent, budget.unpriced) == (0.0, 1)
    assert spend((), answer(1000, 10, cost=0.5)).spent == 0.5
    assert spend((), answer(1000, 10, cost=0.0)).unpriced == 0
    assert spend((), failure("rate_limit", billed=False)).unpriced == 0


@pytest.mark.parametrize(
    ("prices", "longest", "words"),
    [
        ((), 1000, wording("endpoint.max_cost_needs_price", what=t("endpoint.model"))),
        (
            TIERS[:1],
            300_000,
            wording("endpoint.max_cost_needs_price", what=t("endpoint.prompt_tokens", tokens=300_000)),
        ),
    ],
)
def test_a_bound_needs_prices(prices: Sequence[PriceTier], longest: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Budget(5.0, prices, longest_prompt=longest)


def test_a_prompt_longer_than_was_planned_needs_a_price_too() -> None:
    async def main() -> None:
        async with Budget(5.0, TIERS[:1]).hold(prompt_tokens=300_000, max_output=1):
            raise AssertionError("it was sent")

    with pytest.raises(UsageError, match="300,000"):
        asyncio.run(main())


@pytest.mark.parametrize("max_cost", [-1.0, float("nan"), float("inf")])
def test_a_bound_is_an_amount_of_money(max_cost: float) -> None:
    with pytest.raises(UsageError, match=wording("endpoint.max_cost_no_amount")):
        Budget(max_cost, FLAT)


def test_nothing_may_be_spent_where_nothing_costs() -> None:
    async def main() -> float:
        budget = Budget(0.0, (PriceTier(up_to=None, input=0.0, output=0.0),))
        async with budget.hold(prompt_tokens=10**6, max_output=10**4) as hold:
            hold.settle(answer(10**6, 5))
        return budget.spent

    assert asyncio.run(main()) == 0
