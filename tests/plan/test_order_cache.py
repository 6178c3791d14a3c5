"""Orders and simulated caches, against a search over all orders and against caches of real token lists."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.plan.grid import make_trials, parse_depths, parse_lengths
from nihbench.plan.order import (
    CACHES,
    Pace,
    PrefixCache,
    Sent,
    Turn,
    order_trials,
    shared_tokens,
    simulate,
    text_of,
    turn_of,
)
from nihbench.prices import cost_range, half_width
from nihbench.types import PriceTier

FIXED = 60
SLOT, BLOCK = CACHES["llama.cpp"], CACHES["sglang"]


def planned(lengths, depths, prompts=("a",), repeats=1, vary=("haystack",), order="cache", heads=None):
    trials = make_trials(
        experiment="e",
        needle="n",
        prompts=prompts,
        lengths=parse_lengths(lengths, lowest=1, highest=1),
        depths=parse_depths(depths),
        repeats=repeats,
    )
    return order_trials(trials, order, 0, vary=vary, heads=heads or {}, fixed_tokens=FIXED)


def sent(trial, vary=("haystack",), order="cache", heads=None):
    haystack = trial.length - FIXED
    return Sent(
        head=(heads or {}).get(trial.prompt, ""),
        text=str(text_of(trial, vary, {})[0]),
        needle=str(trial.repeat) if "needle" in vary else "",
        tail=trial.prompt,
        head_tokens=10,
        needle_token=round(haystack * trial.depth_percent / 100),
        needle_tokens=20,
        haystack_tokens=haystack,
        total_tokens=trial.length,
        turn=turn_of(trial, order, vary, heads or {}),
    )


def tokens_of(prompt):
    """The prompt as a list of real tokens, the way it is put together."""
    text = [("text", prompt.text, i) for i in range(prompt.haystack_tokens)]
    needle = [("needle", prompt.needle, i) for i in range(prompt.needle_tokens)]
    tail = prompt.total_tokens - prompt.head_tokens - len(needle) - len(text)
    return (
        [("head", prompt.head, i) for i in range(prompt.head_tokens)]
        + text[: prompt.needle_token]
        + needle
        + text[prompt.needle_token :]
        + [("tail", prompt.tail, i) for i in range(tail)]
    )


def in_common(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


PROMPTS = st.builds(
    lambda head, text, needle, tail, at, behind: Sent(
        head=head,
        # A needle before all of two texts would be shared as well: twenty tokens once a repeat are not counted.
        text=text if at else "x",
        needle=needle,
        tail=tail,
        head_tokens=3,
        needle_token=at,
        needle_tokens=2,
        haystack_tokens=at + behind,
        total_tokens=3 + 2 + at + behind + 4,
        turn=Turn(place=object()),
    ),
    *[st.sampled_from("xy")] * 4,
    st.integers(0, 5),
    st.integers(0, 5),
)


@given(PROMPTS, PROMPTS)
@settings(max_examples=300, deadline=None)
def test_shared_tokens_are_those_of_real_token_lists(a, b):
    assert shared_tokens(a, b) == shared_tokens(b, a) == in_common(tokens_of(a), tokens_of(b))


@given(st.lists(PROMPTS, max_size=12), st.integers(1, 4), st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_a_block_cache_has_what_a_cache_of_real_token_lists_has(prompts, granularity, minimum):
    cache = PrefixCache(name="x", kind="block", minimum=minimum, granularity=granularity)
    expected, kept = [], []
    for prompt in map(tokens_of, prompts):
        hit = min(max((in_common(prompt, other) for other in kept), default=0), len(prompt) - 1)
        hit -= hit % granularity
        expected.append(hit if hit >= minimum else 0)
        kept.append(prompt)
    assert list(simulate(prompts, cache).cached_tokens) == expected


def computed(trials, cache=SLOT, concurrency=1, vary=("haystack",), order="cache"):
    prompts = [sent(trial, vary, order) for trial in trials]
    total = sum(prompt.total_tokens for prompt in prompts)
    return (total - simulate(prompts, cache, concurrency=concurrency).total) / total


def test_no_order_feeds_a_single_slot_better():
    trials = planned("300,500,900", "0,60")
    best = min(computed(order) for order in permutations(trials))
    assert computed(trials) == pytest.approx(best)


@pytest.mark.parametrize(
    ("repeats", "prompts", "vary", "bound"),
    [
        (1, ("a",), ("haystack",), 0.53),
        (1, ("a", "b"), ("haystack",), 0.28),
        (3, ("a", "b"), ("temperature",), 0.11),
        (3, ("a", "b"), ("haystack",), 0.28),
    ],
)
@pytest.mark.parametrize("grid", [("400:2k:5", "5"), ("500:8k:15", "15"), ("1k:126k:15", "15")])
def test_cache_order_keeps_the_bounds_and_beats_the_others(grid, repeats, prompts, vary, bound):
    trials = planned(*grid, prompts=prompts, repeats=repeats, vary=vary)
    share = computed(trials, vary=vary)
    assert share <= bound
    for other in ("random", "grid"):
        alike = planned(*grid, prompts=prompts, repeats=repeats, vary=vary, order=other)
        assert share < computed(alike, vary=vary, order=other)
    # Whoever keeps all beginnings computes the same, however many are in flight: one leader goes first.
    alone = computed(trials, BLOCK, vary=vary)
    assert computed(trials, BLOCK, 4, vary=vary) <= alone * 1.1


def test_same_text_repeats_and_variants_go_back_to_back():
    trials = planned("300,500", "0,50,100", prompts=("a", "b"), repeats=3, vary=("sampling",))
    places = [(t.length, t.depth_percent) for t in trials]
    assert places[::6] == places[5::6] and len(set(places)) == len(trials) // 6


def test_fresh_haystacks_follow_each_other_in_alternating_direction():
    trials = planned("300,500", "0,50,100", repeats=3)
    assert [t.repeat for t in trials] == [0] * 6 + [1] * 6 + [2] * 6
    at = [(t.length - FIXED) * t.depth_percent for t in trials]
    assert at[:6] == sorted(at[:6], reverse=True) == at[12:] and at[6:12] == sorted(at[:6])


def test_prompts_that_begin_differently_are_kept_apart():
    heads = {"a": "", "b": "Which?"}
    trials = planned("300,500", "0,50", prompts=("a", "b"), heads=heads)
    assert [t.prompt for t in trials] == ["a"] * 4 + ["b"] * 4


def test_an_expired_beginning_is_computed_again():
    trials = planned("1k,2k", "0,100")
    prompts = [sent(trial) for trial in trials]
    short = PrefixCache(name="x", kind="block", lifetime_s=30)
    slow, fast = Pace(requests_per_minute=1), Pace(requests_per_minute=600)
    assert simulate(prompts, short, pace=slow).total == 0 < simulate(prompts, short, pace=fast).total


def test_time_is_what_the_limits_leave():
    prompts = [sent(trial) for trial in planned("1k", "0,25,50,75,100")]
    a_minute = Pace(requests_per_minute=2, first_answer_s=1.0)
    assert simulate(prompts, CACHES["none"], pace=a_minute).seconds == pytest.approx(4 * 30 + 1)
    reading = Pace(prefill_tokens_s=500, decode_tokens_s=10, output_tokens=20, first_answer_s=0.0)
    assert simulate(prompts, CACHES["none"], pace=reading).seconds == pytest.approx(5 * (2 + 2))
    # The leader alone, then the four others at once.
    assert simulate(prompts, CACHES["none"], pace=reading, concurrency=4).seconds == pytest.approx(2 * 4)


def test_cost_by_hand():
    prices = (
        PriceTier(up_to=1000, input=1.0, output=10.0, cached_input=0.1),
        PriceTier(up_to=None, input=2.0, output=20.0, cached_input=0.2),
    )
    found = cost_range([(1000, 400), (2000, 0)], prices, guessed_output=50, max_output=100)
    assert found.most == Decimal("0.008") == (1000 + 1000 + 4000 + 2000) / Decimal(1_000_000)
    assert found.predicted == Decimal(600 + 40 + 500 + 4000 + 1000) / 1_000_000
    assert found.least == Decimal(100 + 500 + 400 + 1000) / 1_000_000


def test_an_unknown_price_is_unknown():
    assert cost_range([(10, 0)], (), guessed_output=1, max_output=1).most is None
    short = (PriceTier(up_to=5, input=1.0, output=1.0),)
    assert cost_range([(3, 0), (10, 0)], short, guessed_output=1, max_output=1).predicted is None


def test_a_cached_price_that_is_not_named_is_the_usual_share():
    prices = (PriceTier(up_to=None, input=2.0, output=0.0),)
    found = cost_range([(1000, 500)], prices, guessed_output=0, max_output=0, hit_price=0.5)
    assert (found.least, found.predicted, found.most) == (Decimal("0.001"), Decimal("0.0015"), Decimal("0.002"))


def test_wilsons_half_width():
    # Wilson's interval for 50 of 100 is 0.4038 to 0.5962 (any table); for 1 of 1 it is 0.2065 to 1.
    assert half_width(100, 0.5) == pytest.approx((0.59617 - 0.40383) / 2, abs=1e-4)
    assert half_width(1, 1.0) == pytest.approx((1 - 0.20654) / 2, abs=1e-4)
