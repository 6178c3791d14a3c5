"""What a run may cost: asked before it begins, kept to while it goes on, told when it ends."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from nihbench.cli.output import note
from nihbench.errors import UsageError
from nihbench.types import PriceTier

if TYPE_CHECKING:
    from nihbench.endpoint import Budget, ModelAccess
    from nihbench.run import Setup
    from nihbench.types import Trial

ASK_ABOVE_USD = 5
ASK_ABOVE_TOKENS = 1_000_000
_NOTHING = (PriceTier(up_to=None, input=0.0, output=0.0),)


def budget_of(setup: Setup, members: Sequence[ModelAccess], spent: Decimal = Decimal(0)) -> Budget:
    """Return the run's budget; `spent` is what it has cost so far.

    Raises:
        UsageError: --max-cost is no amount, or the price is unknown.
    """
    from nihbench.endpoint import Budget
    from nihbench.run import margin_of

    return Budget(
        setup.options.max_cost,
        _prices(setup, members),
        longest_prompt=max(setup.lengths),
        spent=spent,
        margin=margin_of(setup),
    )


def check_cost(setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial], *, yes: bool) -> None:
    """Make sure that what the trials could cost is agreed to: on a terminal ask, elsewhere refuse what is dear.

    Raises:
        UsageError: it is not agreed to, or --max-cost can't be kept.
    """
    budget_of(setup, members)
    if yes or setup.options.max_cost is not None or not _is_dear(setup, members, trials):
        return
    what = f"{len(trials):,} trials {_cost_words(setup, members, trials)}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{what}: agree to that by --yes, or set a bound by --max-cost USD")
    if not typer.confirm(f"{what}. Begin?", err=True):
        raise UsageError("nothing was sent: give fewer --lengths or --depths, or a bound by --max-cost USD")


def planned_cost(setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial]) -> Decimal | None:
    """Return what the trials cost in USD if nothing is cached and every answer is as long as it may be."""
    from nihbench.endpoint import worst_cost
    from nihbench.run import margin_of

    prices, margin, total = _prices(setup, members), margin_of(setup), Decimal(0)
    for trial in trials:
        cost = worst_cost(prices, math.ceil(trial.length * margin), setup.request.max_output)
        if cost is None:
            return None
        total += cost
    return total


def worst_rest(setup: Setup, members: Sequence[ModelAccess], owed: Mapping[int, int]) -> float | None:
    """Return what trials cost at most in USD, given how many of each length are owed; None where it is unknown."""
    from nihbench.endpoint import worst_cost
    from nihbench.run import margin_of

    prices, margin, total = _prices(setup, members), margin_of(setup), Decimal(0)
    for length, count in owed.items():
        cost = worst_cost(prices, math.ceil(length * margin), setup.request.max_output)
        if cost is None:
            return None
        total += cost * count
    return float(total)


def tell_spent(setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial], budget: Budget) -> None:
    """Say what was planned for these trials, and what the run has spent."""
    if is_free(setup, members):
        return
    planned = planned_cost(setup, members, trials)
    most = f"at most ${planned:,.2f}" if planned is not None else "an unknown cost"
    unknown = f", and {budget.unpriced:,} calls of unknown price" if budget.unpriced else ""
    note(
        f"spent: ${budget.spent:,.4f}{unknown} ({budget.prompt_tokens:,} tokens in, {budget.completion_tokens:,} out); "
        f"planned: {most} ({sum(trial.length for trial in trials):,} tokens in)"
    )


def is_free(setup: Setup, members: Sequence[ModelAccess]) -> bool:
    """Say whether the answers cost nothing: a model on this machine that nobody gave a price."""
    return not setup.preset.prices and all(model.is_loopback for model in members)


def _prices(setup: Setup, members: Sequence[ModelAccess]) -> tuple[PriceTier, ...]:
    return _NOTHING if is_free(setup, members) else setup.preset.prices


def _is_dear(setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial]) -> bool:
    if all(model.is_loopback for model in members):
        return False
    cost = planned_cost(setup, members, trials)
    if cost is None:
        return sum(trial.length for trial in trials) > ASK_ABOVE_TOKENS
    return cost > ASK_ABOVE_USD


def _cost_words(setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial]) -> str:
    cost = planned_cost(setup, members, trials)
    tokens = f"{sum(trial.length for trial in trials):,} tokens"
    if cost is None:
        return f"send {tokens} to a model of unknown price (--price IN,OUT gives it)"
    return f"send {tokens} and can cost ${cost:,.2f}"
