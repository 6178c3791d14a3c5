"""How long a run still takes, against runs that are worked off by a simple model of a server."""

from __future__ import annotations

import heapq

import pytest

from nihbench.run import Eta


def simulate(lengths: list[int], seconds, at_once: int, share: float) -> tuple[Eta, float, float]:
    """Work lengths off in order, so many at once; return the clock at `share` of the trials, and the true end."""
    eta, flying, waiting = Eta(lengths, 0.0), [], list(lengths)
    now, seen, done = 0.0, 0.0, 0
    while waiting or flying:
        while waiting and len(flying) < at_once:
            length = waiting.pop(0)
            heapq.heappush(flying, (now + seconds(length), length))
        now, length = heapq.heappop(flying)
        done += 1
        if done <= share * len(lengths):
            eta.take(length, seconds(length), now)
            seen = now
    return eta, seen, now


@pytest.mark.parametrize("at_once", [1, 8])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_it_knows_that_long_prompts_take_longer(at_once: int, share: float) -> None:
    lengths = [1000 * (1 + i % 15) for i in range(225)]
    eta, now, end = simulate(lengths, lambda n: 0.3 + n / 2000, at_once, share)
    left = eta.left(now, in_flight=at_once)
    assert left is not None and left.seconds == pytest.approx(end - now, rel=0.2, abs=8)
    assert not left.at_least


def test_trials_by_rising_length_are_not_taken_for_short_ones() -> None:
    lengths = sorted(1000 * (1 + i % 15) for i in range(225))
    eta, now, end = simulate(lengths, lambda n: 0.3 + n / 2000, 4, 0.5)
    left = eta.left(now, in_flight=4)
    assert left is not None and left.at_least
    assert left.seconds == pytest.approx(end - now, rel=0.2)
    assert (end - now) / now > 2  # by trials one would have thought: as long again


def test_limits_and_waits_are_floors() -> None:
    eta = Eta([1000] * 100, 0.0)
    for i in range(50):
        eta.take(1000, 1.0, i + 1.0)
    assert eta.left(50.0).seconds == pytest.approx(50, rel=0.05)  # type: ignore[union-attr]
    assert eta.left(50.0, tokens_per_minute=10_000).seconds == pytest.approx(300)  # type: ignore[union-attr]
    assert eta.left(50.0, requests_per_minute=10).seconds == pytest.approx(300)  # type: ignore[union-attr]
    assert eta.left(50.0, wait_s=900).seconds == 900  # type: ignore[union-attr]


def test_a_run_that_was_slowed_down_is_judged_by_its_last_trials() -> None:
    eta = Eta([1000] * 400, 0.0)
    for i in range(100):
        eta.take(1000, 1.0, (i + 1) / 10)
    for i in range(60):
        eta.take(1000, 1.0, 10.0 + i + 1)
    assert eta.left(70.0).seconds == pytest.approx(240, rel=0.05)  # type: ignore[union-attr]


def test_nothing_is_said_before_anything_is_known_and_zero_at_the_end() -> None:
    eta = Eta([500, 1000], 5.0)
    assert eta.left(9.0) is None and (eta.trials, eta.tokens) == (2, 1500)
    eta.take(500, 4.0, 9.0)
    left = eta.left(9.0)
    assert left is not None and left.at_least and left.seconds == pytest.approx(8)
    eta.take(1000, 8.0, 17.0)
    assert eta.left(17.0).seconds == 0  # type: ignore[union-attr]
