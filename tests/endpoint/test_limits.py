"""The limiter: first against scripted servers in simulated time, then its invariants, then single cases."""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.endpoint.access import Pool
from nihbench.endpoint.kinds import LONGEST_WAIT_S
from nihbench.endpoint.limits import Concurrency, Limiter, Limits, Pace, Signal, Slot, read_refusal, signal_of
from nihbench.errors import PutOffError
from nihbench.types import Completion, Failure, RateState, Usage

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # as `python -m benchmarks.limits` has it
bench: Any = importlib.import_module("benchmarks.limits")

OK = Signal(kind="ok")


def sweep(calls: Any, server: Any, limits: Limits, **options: Any) -> Any:
    return bench.simulate(lambda: bench.sweep(calls, server, limits, **options))


def simulated(limits: Limits, body: Any) -> Any:
    async def main() -> Any:
        return await body(bench.new_limiter(limits))

    return bench.simulate(main)


async def call(limiter: Limiter, tokens: int = 1000, signal: Signal = OK, lasts_s: float = 1.0) -> float:
    """Make one call and return when it was sent."""
    async with limiter.slot(tokens=tokens) as slot:
        sent_at: float = asyncio.get_running_loop().time()
        await asyncio.sleep(lasts_s)
        slot.settle(signal)
    return sent_at


# ---- against servers that refuse ---------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["random", "shortest first", "longest first"])
@pytest.mark.parametrize("per_minute", [128_300, 500_000, 2_000_000])
def test_a_told_token_rate_is_used_to_the_full_and_hardly_ever_passed(per_minute: int, order: str) -> None:
    calls = bench.mixed_calls(order=order, seed=1)
    done = sweep(calls, bench.TokenBucketServer(per_minute), Limits(tokens_per_minute=per_minute))
    assert done.ended_s <= 1.05 * bench.lower_bound_s(calls, per_minute) + bench.longest_call_s(calls)
    assert done.refused_share <= 0.02
    assert done.sent - done.refused == len(calls)


@pytest.mark.parametrize("guess", [0.8, 0.95, 1.05])
def test_wrong_token_counts_are_made_good_by_usage(guess: float) -> None:
    calls = bench.mixed_calls(guess=guess)
    done = sweep(calls, bench.TokenBucketServer(500_000), Limits(tokens_per_minute=500_000))
    assert done.ended_s <= 1.05 * bench.lower_bound_s(calls, 500_000) + bench.longest_call_s(calls)
    assert done.refused_share <= 0.02


def test_the_lower_bound_is_one() -> None:
    """Nothing ends before the bucket has given all tokens, however wrong the told rate is."""
    calls = bench.mixed_calls(trials=100)
    done = sweep(calls, bench.TokenBucketServer(500_000), Limits(tokens_per_minute=2_000_000))
    assert done.ended_s >= bench.lower_bound_s(calls, 500_000)
    assert done.refused_share > 0.02


def test_a_told_rate_that_is_plainly_too_high_is_corrected() -> None:
    calls = bench.mixed_calls()
    done = sweep(calls, bench.TokenBucketServer(500_000), Limits(tokens_per_minute=2_000_000))
    assert 400_000 <= done.limiter.tokens_per_minute <= 750_000
    assert done.ended_s <= 1.1 * bench.lower_bound_s(calls, 500_000) + bench.longest_call_s(calls)
    assert done.refused_share < 0.12


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("start", [1, 4, 8])
def test_an_unannounced_concurrency_limit_is_found_and_kept(start: int, named: bool) -> None:
    calls = [bench.Call(prompt=4000 + 40 * i, output=60, guessed=4000) for i in range(225)]
    done = sweep(calls, bench.ConcurrencyServer(3, named=named), Limits(start=start))
    assert bench.settled_at(done) == 3
    assert done.refused_share < 0.05
    three = sum(c.seconds for c in calls) / 3
    assert done.ended_s < 1.1 * three


def test_growth_finds_a_high_concurrency_limit() -> None:
    calls = [bench.Call(prompt=4000, output=60, guessed=4000)] * 1000
    done = sweep(calls, bench.ConcurrencyServer(50), Limits(start=4))
    assert 45 <= bench.settled_at(done) <= 50
    assert done.refused_share < 0.05


def test_an_untold_token_rate_is_learnt_from_what_was_accepted() -> None:
    calls = bench.mixed_calls()
    done = sweep(calls, bench.TokenBucketServer(500_000, level=500_000), Limits())
    assert 400_000 <= done.limiter.tokens_per_minute <= 750_000
    assert done.ended_s <= 1.1 * bench.lower_bound_s(calls, 500_000) + bench.longest_call_s(calls)
    assert done.refused_share < 0.1


# ---- what holds whatever happens -----------------------------------------------------------------------------------

KINDS: tuple[Any, ...] = ("ok", "rate_limit", "overloaded", "transient", "timeout", "overflow", None)


@settings(max_examples=60, deadline=None)
@given(
    plan=st.lists(
        st.tuples(
            st.floats(0, 30),
            st.integers(1, 150_000),
            st.sampled_from(KINDS),
            st.one_of(st.none(), st.floats(0, 20)),
            st.one_of(st.none(), st.floats(0, 60)),
        ),
        min_size=1,
        max_size=40,
    ),
    start=st.integers(1, 6),
    per_minute=st.sampled_from([None, 100_000.0, 1_000_000.0]),
)
def test_no_deadlock_and_no_lost_slot(
    plan: list[tuple[float, int, Any, float | None, float | None]], start: int, per_minute: float | None
) -> None:
    """Each of plan: begins at, tokens, how it ends (None: an exception), wait asked for, cancelled at."""

    async def body(limiter: Limiter) -> None:
        async def one(begin_s: float, tokens: int, kind: Any, wait_s: float | None) -> None:
            await asyncio.sleep(begin_s)
            async with limiter.slot(tokens=tokens) as slot:
                assert limiter.in_flight == slot.at_once
                await asyncio.sleep(2)
                if kind is None:
                    raise ValueError
                slot.settle(Signal(kind=kind, wait_s=wait_s, exceeded="tokens" if tokens % 2 else None))

        tasks = []
        for begin_s, tokens, kind, wait_s, cancelled_s in plan:
            task = asyncio.ensure_future(one(begin_s, tokens, kind, wait_s))
            tasks.append(task)
            if cancelled_s is not None:
                asyncio.get_running_loop().call_later(cancelled_s, task.cancel)
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert ended is None or isinstance(ended, (ValueError, asyncio.CancelledError))
        assert limiter.in_flight == 0
        # All that the limit gives can be had at once: nothing was lost.
        room = limiter.limit
        assert room >= 1
        together = asyncio.Barrier(room)

        async def take() -> None:
            async with limiter.slot(tokens=1):
                await together.wait()

        await asyncio.gather(*(take() for _ in range(room)))

    simulated(Limits(start=start, concurrency=8, tokens_per_minute=per_minute), body)


@settings(max_examples=30, deadline=None)
@given(tokens=st.lists(st.integers(1, 120_000), min_size=1, max_size=30))
def test_first_come_first_served(tokens: list[int]) -> None:
    async def body(limiter: Limiter) -> list[int]:
        sent: list[int] = []

        async def one(number: int) -> None:
            async with limiter.slot(tokens=tokens[number]):
                sent.append(number)
                await asyncio.sleep(tokens[number] % 7)

        await asyncio.gather(*(one(number) for number in range(len(tokens))))
        return sent

    assert simulated(Limits(tokens_per_minute=100_000, start=3), body) == list(range(len(tokens)))


@settings(max_examples=30, deadline=None)
@given(tokens=st.lists(st.integers(1, 100_000), min_size=1, max_size=40), begin=st.floats(0, 200))
def test_what_is_sent_fits_a_bucket_that_starts_empty(tokens: list[int], begin: float) -> None:
    """By any time t no more than T * t has been sent, and never more than T at once."""

    async def body(limiter: Limiter) -> None:
        await asyncio.sleep(begin)
        sent_at = await asyncio.gather(*(call(limiter, number, lasts_s=0.0) for number in tokens))
        level, filled_at = 0.0, 0.0
        for at, cost in zip(sent_at, tokens, strict=True):
            level = min(100_000.0, level + (at - filled_at) * 100_000 / 60) - cost
            filled_at = at
            assert level >= -1e-3

    simulated(Limits(tokens_per_minute=100_000, start=64), body)


@settings(max_examples=20, deadline=None)
@given(per_minute=st.integers(1, 600), count=st.integers(2, 80))
def test_requests_keep_to_every_sliding_minute(per_minute: int, count: int) -> None:
    async def body(limiter: Limiter) -> list[float]:
        return list(await asyncio.gather(*(call(limiter, lasts_s=0.0) for _ in range(count))))

    sent_at = simulated(Limits(requests_per_minute=per_minute, start=64), body)
    assert sent_at[0] == 0
    for at in sent_at:
        assert sum(at <= other < at + 60 for other in sent_at) <= per_minute + max(1, per_minute / 60)
    assert sent_at[-1] <= 60 * (count - 1) / per_minute * 1.03


def test_nothing_is_polled() -> None:
    slept: list[float] = []

    async def main() -> None:
        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(seconds)

        limits = Limits(tokens_per_minute=60_000, start=2)
        limiter = Limiter(limits, clock=asyncio.get_running_loop().time, sleep=sleep)
        await asyncio.gather(*(call(limiter, 30_000, lasts_s=50.0) for _ in range(20)))

    bench.simulate(main)
    assert len(slept) <= 60


def test_a_waiting_call_that_is_cancelled_makes_way_at_once() -> None:
    async def body(limiter: Limiter) -> float:
        long = asyncio.ensure_future(call(limiter, 60_000))
        short = asyncio.ensure_future(call(limiter, 100))
        await asyncio.sleep(5)
        long.cancel()
        sent_at = await short
        assert asyncio.all_tasks() == {asyncio.current_task()}  # no timer is left behind
        return sent_at

    assert simulated(Limits(tokens_per_minute=60_000), body) == 5


# ---- single cases: what the server says ---------------------------------------------------------------------------


def test_retry_after_holds_for_all() -> None:
    async def body(limiter: Limiter) -> list[float]:
        first = call(limiter, signal=Signal(kind="rate_limit", wait_s=30.0, exceeded="requests"), lasts_s=1)
        later = [call(limiter) for _ in range(3)]
        return list(await asyncio.gather(first, *later))

    sent = simulated(Limits(start=1), body)
    assert sent[0] == 0 and min(sent[1:]) >= 31


def test_a_longer_wait_is_told_once_for_all_who_were_refused_together() -> None:
    told: list[float] = []
    limiter = Limiter(Limits(), on_wait=told.append, clock=lambda: 0.0)
    for wait_s in (4.0, 40.0, 39.0, 42.0, 300.0, 9999.0):
        limiter.settle(Slot(limiter, 1, 10, 1), Signal(kind="rate_limit", wait_s=wait_s, exceeded="requests"))
    assert told == [40.0, 300.0]  # the last one is no wait, but the run's end


def test_a_wait_beyond_the_ceiling_lets_nobody_wait_and_passes() -> None:
    async def body(limiter: Limiter) -> float:
        # Refused as an overload: the level of the buckets has no part in what follows.
        waiting = [asyncio.ensure_future(call(limiter)) for _ in range(3)]
        await call(limiter, signal=Signal(kind="overloaded", wait_s=LONGEST_WAIT_S + 60))
        for result in await asyncio.gather(*waiting, call(limiter), return_exceptions=True):
            assert isinstance(result, PutOffError) and "(overloaded)" in str(result) and result.wait_s > LONGEST_WAIT_S
        assert limiter.ailing and limiter.is_put_off
        await asyncio.sleep(61)
        assert limiter.ailing and not limiter.is_put_off
        return await call(limiter)

    assert simulated(Limits(start=1, concurrency=1), body) >= LONGEST_WAIT_S


def test_an_announced_concurrency_is_taken_at_once_and_never_passed() -> None:
    async def body(limiter: Limiter) -> tuple[int, int]:
        refusal = Signal(kind="rate_limit", exceeded="concurrency", allowed=3)
        await asyncio.gather(*(call(limiter, signal=refusal if i == 7 else OK, lasts_s=1 + i) for i in range(8)))
        taken = limiter.limit
        await asyncio.gather(*(call(limiter) for _ in range(50)))
        return taken, limiter.limit

    assert simulated(Limits(start=8), body) == (3, 3)


def test_other_users_of_an_account_take_their_share_of_an_announced_concurrency() -> None:
    limit = Concurrency(start=8, most=64)
    limit.announced(50, number=8, last_sent=8, in_flight=8)
    assert (limit.limit, limit.most) == (6, 50)


@pytest.mark.parametrize(
    ("kind", "after"),
    [("rate_limit", 6), ("overloaded", 8), ("transient", 8), ("timeout", 8), ("overflow", 8), ("filtered", 8)],
)
def test_a_burst_of_failures_shrinks_the_limit_once_or_not_at_all(kind: Any, after: int) -> None:
    async def body(limiter: Limiter) -> int:
        await asyncio.gather(*(call(limiter, signal=Signal(kind=kind)) for _ in range(8)))
        return limiter.limit

    assert simulated(Limits(start=8), body) == after


@pytest.mark.parametrize(("status", "after"), [(429, 3), (503, 4), (529, 4), (200, 4), (None, 4)])
def test_an_overload_shrinks_the_limit_as_429_only_and_puts_growth_off(status: int | None, after: int) -> None:
    failed = Failure(kind="overloaded", message="busy", status=status, latency_s=0, attempts=1)

    async def body(limiter: Limiter) -> tuple[int, int, int]:
        await asyncio.gather(*(call(limiter, signal=signal_of(failed)) for _ in range(4)))
        shrunk = limiter.limit
        await asyncio.gather(*(call(limiter, lasts_s=1 + i) for i in range(4)))  # only the first meets a full limit
        paused = limiter.limit
        await asyncio.gather(*(call(limiter) for _ in range(80)))
        return shrunk, paused, limiter.limit

    shrunk, paused, later = simulated(Limits(start=4), body)
    assert (shrunk, paused) == (after, after) and later > after


@pytest.mark.parametrize("exceeded", ["requests", "tokens"])
def test_a_rate_that_is_exceeded_does_not_shrink_the_concurrency(exceeded: Any) -> None:
    async def body(limiter: Limiter) -> tuple[int, float | None, float | None]:
        await asyncio.gather(*(call(limiter, 5000) for _ in range(3)))
        before = limiter.limit
        await call(limiter, 7000, signal=Signal(kind="rate_limit", exceeded=exceeded))
        return limiter.limit - before, limiter.requests_per_minute, limiter.tokens_per_minute

    learnt = {"requests": (0, 3.0, None), "tokens": (0, None, 15000.0)}
    assert simulated(Limits(start=8), body) == learnt[exceeded]


def test_a_limit_named_by_a_refusal_is_kept() -> None:
    async def body(limiter: Limiter) -> list[float]:
        await call(limiter, signal=Signal(kind="rate_limit", exceeded="requests", allowed=3), lasts_s=0)
        return [await call(limiter, lasts_s=0) for _ in range(4)]

    sent = simulated(Limits(), body)
    assert all(20 <= later - before <= 21 for before, later in zip(sent, sent[1:], strict=False))


def test_growth_doubles_until_the_first_refusal_and_needs_a_limit_in_use() -> None:
    limit = Concurrency(start=4, most=64)
    for number in range(1, 20):
        limit.succeeded(number, at_once=2, in_flight=2)
    assert limit.limit == 4
    for number in range(20, 24):
        limit.succeeded(number, at_once=4, in_flight=limit.limit)
    assert limit.limit == 8


def test_trouble_puts_growth_off_by_a_round() -> None:
    limit = Concurrency(start=4, most=64)
    limit.pause()
    for number in range(3):
        limit.succeeded(number, at_once=4, in_flight=4)
    assert limit.limit == 4
    limit.succeeded(4, at_once=4, in_flight=4)
    assert limit.limit == 5


def test_a_step_that_is_refused_is_tried_again_after_ever_more_rounds() -> None:
    limit = Concurrency(start=4, most=64)
    sent, steps = 4, []
    limit.refused(4, last_sent=4, in_flight=4)
    clean = 0
    while len(steps) < 4:
        sent, clean = sent + 1, clean + 1
        limit.succeeded(sent, at_once=limit.limit, in_flight=limit.limit)
        if limit.limit == 4:
            steps.append(clean)
            sent, clean = sent + 1, 0
            limit.refused(sent, last_sent=sent, in_flight=4)
            assert limit.limit == 3
    assert steps == [12, 24, 48, 96]


def test_a_limit_that_held_is_fallen_back_to_and_forgotten_when_it_fails() -> None:
    limit = Concurrency(start=10, most=64)
    limit.succeeded(10, at_once=10, in_flight=10)
    limit.refused(12, last_sent=12, in_flight=11)
    assert limit.limit == 10
    limit.refused(13, last_sent=20, in_flight=10)
    assert limit.limit == 7
    limit.succeeded(21, at_once=7, in_flight=6)
    limit.limit = 8
    limit.refused(22, last_sent=22, in_flight=8)
    assert limit.limit == 7


def test_growth_ends_at_the_most() -> None:
    limit = Concurrency(start=4, most=5)
    for number in range(100):
        limit.succeeded(number, at_once=limit.limit, in_flight=limit.limit)
    assert limit.limit == 5


@pytest.mark.parametrize(("tokens", "at_once"), [(200_000, 8), (210_000, 3), (400_000, 2), (1_000_000, 1)])
def test_long_prompts_begin_low_and_grow(tokens: int, at_once: int) -> None:
    async def body(limiter: Limiter) -> tuple[int, int]:
        await asyncio.gather(*(call(limiter, 2000) for _ in range(8)))
        grown = limiter.limit
        sent = await asyncio.gather(*(call(limiter, tokens, lasts_s=10) for _ in range(20)))
        first = sum(at == sent[0] for at in sent)
        assert max(sent) <= 60  # they are not sent one by one for ever
        return grown, first

    grown, first = simulated(Limits(start=8, concurrency=8), body)
    assert (grown, first) == (8, at_once)


def test_headers_tell_the_rate_and_what_is_left() -> None:
    async def body(limiter: Limiter) -> list[float]:
        async with limiter.slot(tokens=10_000) as slot:
            slot.hear(RateState(limit_tokens=60_000, remaining_tokens=30_000))
        return [await call(limiter, 30_000, lasts_s=0.0) for _ in range(3)]

    first, second, third = simulated(Limits(), body)
    assert first == 0
    assert 30 <= second <= 31 and 30 <= third - second <= 31


def test_what_was_sent_after_a_call_is_not_in_its_headers() -> None:
    async def body(limiter: Limiter) -> float:
        async with limiter.slot(tokens=10_000) as slot, limiter.slot(tokens=30_000):
            slot.hear(RateState(limit_tokens=60_000, remaining_tokens=30_000))
        return await call(limiter, 30_000)

    assert 30 <= simulated(Limits(), body) <= 31


def test_an_option_is_a_ceiling_for_what_headers_say() -> None:
    async def body(limiter: Limiter) -> tuple[float | None, float | None]:
        rates = RateState(limit_tokens=500_000, limit_requests=10)
        await call(limiter, 1, signal=Signal(kind="ok", rates=rates))
        return limiter.tokens_per_minute, limiter.requests_per_minute

    assert simulated(Limits(tokens_per_minute=100_000, requests_per_minute=60), body) == (100_000, 10)


def test_used_up_without_a_known_rate_waits_for_the_reset() -> None:
    async def body(limiter: Limiter) -> float:
        rates = RateState(remaining_requests=0, reset_requests_s=12.0)
        await call(limiter, signal=Signal(kind="ok", rates=rates), lasts_s=0.0)
        return await call(limiter)

    assert simulated(Limits(), body) == 12


def test_headers_name_what_a_refusal_does_not() -> None:
    async def body(limiter: Limiter) -> tuple[int, float | None]:
        rates = RateState(remaining_tokens=400)
        await call(limiter, 5000, signal=Signal(kind="rate_limit", rates=rates))
        return limiter.limit, limiter.tokens_per_minute

    assert simulated(Limits(start=4), body) == (4, 5000)


@pytest.mark.parametrize(
    ("signal", "waits_s"),
    [
        (Signal(kind="ok", prompt_tokens=20_000, completion_tokens=10_000), 30),  # half of it is given back
        (Signal(kind="ok"), 60),  # unknown usage: all of it stays reserved
        (Signal(kind="timeout"), 60),
        (Signal(kind="transient"), 60),
        (Signal(kind="overloaded"), 0),
        (Signal(kind="overflow"), 0),
    ],
)
def test_a_reservation_is_settled_by_usage(signal: Signal, waits_s: float) -> None:
    async def body(limiter: Limiter) -> float:
        await asyncio.sleep(60)
        sent_at = await call(limiter, 60_000, signal=signal, lasts_s=0.0)
        return await call(limiter, 60_000) - sent_at

    waited = simulated(Limits(tokens_per_minute=60_000), body)
    assert waits_s <= waited <= waits_s / 0.98 + 2  # the bucket fills at 0.98 of the told rate


def test_the_first_word_about_a_call_counts() -> None:
    async def body(limiter: Limiter) -> int:
        async with limiter.slot(tokens=1) as slot:
            slot.settle(OK)
            slot.settle(Signal(kind="rate_limit"))
        return limiter.limit

    assert simulated(Limits(start=8), body) == 8


def test_a_prompt_beside_its_output_may_pass_a_minutes_tokens() -> None:
    async def body(limiter: Limiter) -> float:
        return await call(limiter, 130_000)

    assert 60 <= simulated(Limits(tokens_per_minute=128_000), body) <= 62


def test_refusals_in_a_row_slow_a_pace_down_ever_more_until_a_call_is_accepted() -> None:
    pace = Pace(60_000, brim_s=60.0, level=60_000, now=0.0)
    now, waits = 0.0, []
    for number in range(4):
        now += pace.wait_s(1000, now)
        pace.take(number, 1000, now)
        pace.refused(number, 1000, None, now + 0.01)
        now += 0.02
        waits.append(pace.wait_s(1000, now))
    now += waits[-1]
    pace.take(4, 1000, now)
    pace.settle(4, 1000, 1000, now + 0.1)
    pace.take(5, 1000, now + 10.0)
    pace.refused(5, 1000, None, now + 10.1)
    waits.append(pace.wait_s(1000, now + 10.1))
    assert waits == pytest.approx([0.5, 1.0, 2.0, 4.0, 0.5], rel=0.05)


def test_the_real_clock_and_sleep_are_the_default() -> None:
    async def main() -> int:
        limiter = Limiter(Limits(requests_per_minute=6000))
        for _ in range(3):
            await call(limiter, lasts_s=0.0)
        return limiter.in_flight

    assert asyncio.run(main()) == 0


# ---- reading outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ("request reached max organization concurrency: 3, please try again after 1 seconds", ("concurrency", 3)),
        ("reached organization max RPM: 3, please try again after 1 seconds", ("requests", 3)),
        ("TPM rate limit, current: 501434, limit: 500000", ("tokens", 500_000)),
        (
            "Rate limit reached for gpt-x in organization org-9 on tokens per min (TPM): Limit 10000, Used 9000, "
            "Requested 2000. Please try again in 6s.",
            ("tokens", 10_000),
        ),
        ("Rate limit reached on requests per min (RPM): Limit 3, Used 3", ("requests", 3)),
        ("would exceed your organization's rate limit of 30,000 input tokens per minute", ("tokens", 30_000)),
        ("Too many requests, slow down", (None, None)),
        ("concurrency limit reached", ("concurrency", None)),
    ],
)
def test_refusals_in_the_providers_own_words(message: str, read: tuple[Any, Any]) -> None:
    assert read_refusal(message) == read


def test_signals_of_outcomes() -> None:
    usage = Usage(prompt_tokens=900, completion_tokens=12)
    rates = RateState(limit_tokens=5, remaining_tokens=4, reset_tokens_s=1.0)
    answer = Completion(
        text="", finish_reason="stop", usage=usage, model=None, latency_s=1, attempts=1, streamed=True, rates=rates
    )
    assert signal_of(answer) == Signal(kind="ok", prompt_tokens=900, completion_tokens=12)
    said: Any = {"message": "max RPM: 3", "status": 429, "latency_s": 0, "attempts": 1}
    refusal = Failure(kind="rate_limit", wait_s=7, rates=rates, **said)
    assert signal_of(refusal) == Signal(
        kind="rate_limit", status=429, wait_s=7, exceeded="requests", allowed=3, rates=rates
    )
    assert signal_of(Failure(kind="transient", **said)) == Signal(kind="transient", status=429)


# ---- several endpoints ---------------------------------------------------------------------------------------------


def pool_of(*starts: int) -> tuple[Pool[str], list[Limiter]]:
    limiters = [Limiter(Limits(start=start)) for start in starts]
    return Pool([(chr(ord("a") + i), limiter) for i, limiter in enumerate(limiters)]), limiters


def test_a_prefix_stays_where_it_is_cached() -> None:
    pool, _ = pool_of(4, 4)
    with pool.choose("text 1") as first, pool.choose("text 2") as second:
        assert {first, second} == {"a", "b"}
        for _ in range(10):
            with pool.choose("text 1") as again, pool.choose("text 2") as other:
                assert (again, other) == (first, second)


def test_a_single_prefix_does_not_leave_an_endpoint_idle() -> None:
    pool, _ = pool_of(2, 8)
    with ExitStack() as held:
        chosen = [held.enter_context(pool.choose("text")) for _ in range(40)]
        assert chosen[:2] == ["a", "a"]
        assert 8 <= chosen.count("a") <= 11  # by what each takes at once
    with ExitStack() as held:  # all of them have ended, and count no more
        assert [held.enter_context(pool.choose(i)) for i in range(10)].count("a") == 2


def test_calls_side_by_side_take_half_the_time() -> None:
    async def main() -> float:
        limiters = [bench.new_limiter(Limits(start=2, concurrency=2)) for _ in range(2)]
        pool = Pool([(limiter, limiter) for limiter in limiters])

        async def one(key: int) -> None:
            with pool.choose(key) as limiter:
                await call(limiter)

        await asyncio.gather(*(one(i // 5) for i in range(40)))
        return asyncio.get_running_loop().time()

    assert bench.simulate(main) == pytest.approx(10, abs=2)


def test_an_endpoint_in_trouble_is_passed_over_for_a_minute() -> None:
    async def main() -> list[str]:
        limiters = [bench.new_limiter(Limits()) for _ in range(2)]
        pool = Pool([("a", limiters[0]), ("b", limiters[1])])
        await call(limiters[0], signal=Signal(kind="transient"))
        seen = []
        for wait_s in (0.0, 50.0, 20.0):
            await asyncio.sleep(wait_s)
            with pool.choose(wait_s) as member:
                seen.append(member)
        await call(limiters[0], signal=Signal(kind="overloaded"))
        await call(limiters[0])
        with pool.choose("well again") as member:
            seen.append(member)
        await call(limiters[0], signal=Signal(kind="transient"))
        await call(limiters[1], signal=Signal(kind="timeout"))
        with pool.choose("all are ill") as member:
            seen.append(member)
        return seen

    assert bench.simulate(main) == ["b", "b", "a", "a", "a"]


def test_what_was_learnt_in_one_event_loop_holds_in_the_next() -> None:
    limiter = Limiter(Limits(requests_per_minute=1200.0, start=1, concurrency=1))

    async def two() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(call(limiter, lasts_s=0.0), call(limiter, lasts_s=0.0))
        return asyncio.get_running_loop().time() - began

    asyncio.run(two())
    assert asyncio.run(two()) > 0.09  # both wait: the bucket is as empty as it was left
