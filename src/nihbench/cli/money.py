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
from nihbench.lang import Message, said, t
from nihbench.types import PriceTier

if TYPE_CHECKING:
    from nihbench.endpoint import Budget, ModelAccess
    from nihbench.run import Setup
    from nihbench.types import Trial

    Part = tuple[Setup, Sequence[ModelAccess], Sequence[Trial]]

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


def check_cost(parts: Sequence[Part], *, yes: bool) -> None:
    """Make sure that what all trials could cost is agreed to: on a terminal ask, elsewhere refuse what is dear.

    Args:
        parts: for every run its setup, the servers that share its work, and the trials that are owed.
        yes: whether it is agreed to already.

    Raises:
        UsageError: it is not agreed to, or --max-cost can't be kept.
    """
    for setup, members, _ in parts:
        budget_of(setup, members)
    if yes or parts[0][0].options.max_cost is not None or not _are_dear(parts):
        return
    what = _cost_words(parts)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(t("{what}: agree to that by --yes, or set a bound by --max-cost USD", what=what))
    if not typer.confirm(said(t("{what}. Begin?", what=what)), err=True):
        raise UsageError(t("nothing was sent: give fewer --lengths or --depths, or a bound by --max-cost USD"))


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


def tell_spent(
    setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial], budget: Budget, elsewhere: Decimal
) -> None:
    """Say what was planned for these trials, and what the run has spent; `elsewhere` is other runs' part of it."""
    if is_free(setup, members):
        return
    planned = planned_cost(setup, members, trials)
    most = t("at most ${usd:,.2f}", usd=planned) if planned is not None else t("an unknown cost")
    unknown = t(", and {count:,} calls of unknown price", count=budget.unpriced) if budget.unpriced else ""
    spent = budget.exactly_spent - elsewhere
    note(
        t(
            "spent: ${spent:,.4f}{unknown} ({prompt_tokens:,} tokens in, {completion_tokens:,} out); "
            "planned: {most} ({planned_tokens:,} tokens in)",
            spent=spent,
            unknown=unknown,
            prompt_tokens=budget.prompt_tokens,
            completion_tokens=budget.completion_tokens,
            most=most,
            planned_tokens=sum(trial.length for trial in trials),
        )
    )


def is_free(setup: Setup, members: Sequence[ModelAccess]) -> bool:
    """Say whether the answers cost nothing: a model on this machine that nobody gave a price."""
    return not setup.preset.prices and all(model.is_loopback for model in members)


def _prices(setup: Setup, members: Sequence[ModelAccess]) -> tuple[PriceTier, ...]:
    return _NOTHING if is_free(setup, members) else setup.preset.prices


def _are_dear(parts: Sequence[Part]) -> bool:
    """Say whether runs cost so much that nobody should have to pay it unasked; a server of one's own is never dear."""
    paid = [part for part in parts if not all(model.is_loopback for model in part[1])]
    costs = [planned_cost(*part) for part in paid]
    unknown = [part for part, cost in zip(paid, costs, strict=True) if cost is None]
    known = sum((cost for cost in costs if cost is not None), Decimal(0))
    return _tokens(unknown) > ASK_ABOVE_TOKENS or known > ASK_ABOVE_USD


def _cost_words(parts: Sequence[Part]) -> Message:
    trials = sum(len(trials) for *_, trials in parts)
    costs = [planned_cost(*part) for part in parts]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return t(
            "{trials:,} trials send {tokens:,} tokens to a model of unknown price (--price IN,OUT gives it)",
            trials=trials,
            tokens=_tokens(parts),
        )
    return t(
        "{trials:,} trials send {tokens:,} tokens and can cost ${cost:,.2f}",
        trials=trials,
        tokens=_tokens(parts),
        cost=sum(known),
    )


def _tokens(parts: Sequence[Part]) -> int:
    return sum(trial.length for *_, trials in parts for trial in trials)
