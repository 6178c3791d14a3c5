"""How far a sum of money reaches in a plan: which of its trials are sent before the next could pass it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from nihbench.prices import allowed_cost, usage_cost
from nihbench.run.forecast import Forecast
from nihbench.run.recount import Recount
from nihbench.run.setup import Setup
from nihbench.run.spent import margin_of
from nihbench.types import Trial, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """How much of a length is sent, of the grid's trials.

    `depths`: the shallowest and the deepest in percent of those that are sent whole, where all between them are, too.
    """

    length: int
    sent: int
    planned: int
    depths: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How many trials of a plan a sum pays for: by the predicted costs, and where each costs its worst."""

    planned: int
    predicted: int
    least: int
    lengths: tuple[Covered, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all trials are sent, whatever they cost."""
        return self.least == self.planned


def reach_of(setup: Setup, found: Forecast, most_usd: Decimal) -> Reach | None:
    """Return how far money reaches in the trials of a setup, in their order; None where a price is unknown.

    A trial is sent where its worst case still fits beside what those before it have cost, as a budget holds it.

    Args:
        setup: the resolved run, with prices.
        found: what was forecast of it.
        most_usd: what may be spent.
    """
    recount = Recount(setup)
    costs = [_costs(setup, recount.planned(trial), found.cached_by_trial[trial], found) for trial in setup.trials]
    known = [(likely, worst) for likely, worst in costs if likely is not None and worst is not None]
    if len(known) < len(costs):
        return None
    predicted = _sent(known, most_usd)
    return Reach(
        planned=len(setup.trials),
        predicted=predicted,
        least=_sent([(worst, worst) for _, worst in known], most_usd),
        lengths=tuple(_covered(setup, length, setup.trials[:predicted]) for length in setup.lengths),
    )


def _costs(setup: Setup, tokens: int, cached: int, found: Forecast) -> tuple[Decimal | None, Decimal | None]:
    """Return what a trial of so many tokens is predicted to cost, and what it costs at its worst."""
    prices = setup.preset.prices
    usage = Usage(prompt_tokens=tokens, completion_tokens=found.guessed_output, cached_tokens=cached)
    most = math.ceil(tokens * margin_of(setup))
    worst = allowed_cost(prices, tokens, most, setup.request.max_output)
    return usage_cost(prices, usage, setup.cache.hit_price), worst


def _sent(costs: Sequence[tuple[Decimal, Decimal]], most_usd: Decimal) -> int:
    spent = Decimal(0)
    for number, (cost, worst) in enumerate(costs):
        if spent + worst > most_usd:
            return number
        spent += cost
    return len(costs)


def _covered(setup: Setup, length: int, sent: Sequence[Trial]) -> Covered:
    planned = [trial for trial in setup.grid if trial.length == length]
    made = {trial for trial in sent if trial.length == length and trial.control is None}
    owed = {trial.depth_percent for trial in planned if trial not in made}
    every = sorted({trial.depth_percent for trial in planned})
    whole = [number for number, depth in enumerate(every) if depth not in owed]
    follow = bool(whole) and whole[-1] - whole[0] == len(whole) - 1
    depths = (every[whole[0]], every[whole[-1]]) if follow else None
    return Covered(length=length, sent=len(made), planned=len(planned), depths=depths)
