"""How long a run still takes, against runs that are worked off by a simple model of a server."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from nihbench.run.follow import Eta, Left


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
    assert left is not None and left.at_least and left.seconds == pytest.approx(4)  # longer ones take no less
    eta.take(1000, 8.0, 17.0)
    assert eta.left(17.0).seconds == 0  # type: ignore[union-attr]


SERVERS: dict[str, Callable[[random.Random], Callable[[int, int], float]]] = {
    "linear": lambda draw: lambda length, turn: 0.3 + length / 2000,
    "uneven": lambda draw: lambda length, turn: (0.3 + length / 4000) * draw.lognormvariate(0, 0.4),
    "equal": lambda draw: lambda length, turn: draw.uniform(0.5, 1.5),
    "quadratic": lambda draw: lambda length, turn: 0.3 + length / 4000 + (length / 30_000) ** 2,
    "cold": lambda draw: lambda length, turn: (20 if turn < 4 else 0) + 0.5 + length / 8000,
}
ORDERS: dict[str, Callable[[list[int], random.Random], list[int]]] = {
    "rising": lambda lengths, draw: sorted(lengths),
    "random": lambda lengths, draw: draw.sample(lengths, len(lengths)),
    "falling": lambda lengths, draw: sorted(lengths, reverse=True),
    "cache": lambda lengths, draw: lengths,
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("order", ORDERS)
def test_from_its_first_word_on_it_is_within_a_factor_of_two_and_a_half(server: str, order: str) -> None:
    """Controls first, then the grid: what is said while a tenth of the trials is owed, against the clock's own end."""
    for longest, at_once in ((15_000, 1), (15_000, 8), (128_000, 1), (128_000, 4)):
        draw = random.Random(1)
        grid = [1000 + (longest - 1000) * column // 14 for _ in range(15) for column in range(15)]
        lengths = [60] * 3 + [500] * 10 + ORDERS[order](grid, draw)
        said, end = foretold(lengths, SERVERS[server](draw), at_once)
        assert len(said) > len(lengths) / 2
        for now, left in said:
            rest, where = end - now, (longest, at_once, now, left, end)
            assert left.seconds < 2.5 * rest + 10, where
            assert left.seconds > rest / (4 if left.at_least else 2.5) - 10, where


def foretold(
    lengths: list[int], seconds: Callable[[int, int], float], at_once: int
) -> tuple[list[tuple[float, Left]], float]:
    """Work lengths off; return what is said after every answer while a tenth of the trials is owed, and the end."""
    eta, flying, waiting = Eta(lengths, 0.0), [], list(lengths)
    now, turn, said = 0.0, 0, []
    while waiting or flying:
        while waiting and len(flying) < at_once:
            length = waiting.pop(0)
            took = seconds(length, turn)
            heapq.heappush(flying, (now + took, length, took))
            turn += 1
        now, length, took = heapq.heappop(flying)
        eta.take(length, took, now)
        left = eta.left(now, in_flight=min(at_once, len(waiting) + len(flying)))
        if left is not None and eta.trials >= len(lengths) / 10:
            said.append((now, left))
    return said, now
