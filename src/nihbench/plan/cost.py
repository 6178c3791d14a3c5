"""What a plan will cost, as a range, and how sure its answers will be. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from nihbench.prices import usage_cost
from nihbench.types import PriceTier, Trial, Usage

_Z95 = 1.959964


@dataclass(frozen=True, kw_only=True, slots=True)
class CostRange:
    """US dollars; None where a price is unknown.

    `least`: every token of every prompt comes from the cache, answers are as long as guessed. `predicted`: the cache
    has what the simulation says. `most`: it has nothing, every answer fills its limit, and the server counts as many
    tokens as it may.
    """

    least: Decimal | None
    predicted: Decimal | None
    most: Decimal | None


def cost_range(
    prompts: Sequence[tuple[int, int]],
    prices: Sequence[PriceTier],
    *,
    guessed_output: int,
    max_output: int,
    hit_price: float | None = None,
    margin: float = 1.0,
) -> CostRange:
    """Return what prompts cost.

    Args:
        prompts: for each its tokens, and how many of them the cache is predicted to have.
        prices: the model's tiers; a prompt falls into one as a whole.
        guessed_output: how long an answer usually is.
        max_output: how long an answer may be.
        hit_price: what a cached token usually costs as a share of an uncached one, where the prices do not say.
        margin: how many tokens of the server a token may be at most.
    """

    def total(cached: Sequence[int], output: int, margin: float = 1.0) -> Decimal | None:
        costs = []
        for (tokens, _), hit in zip(prompts, cached, strict=True):
            usage = Usage(prompt_tokens=math.ceil(tokens * margin), completion_tokens=output, cached_tokens=hit)
            costs.append(usage_cost(prices, usage, hit_price))
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    guessed = min(guessed_output, max_output)
    return CostRange(
        least=total([tokens for tokens, _ in prompts], guessed),
        predicted=total([hit for _, hit in prompts], guessed),
        most=total([0] * len(prompts), max_output, margin),
    )


def half_width(trials: int, rate: float) -> float:
    """Return half the width of the 95% interval for a rate that so many independent trials find to be `rate`.

    Source: E. B. Wilson, JASA 22 (1927), 209-212. Trials over one haystack are not independent: theirs is wider.
    """
    z2 = _Z95**2
    return _Z95 * math.sqrt(rate * (1 - rate) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)


# ---- what a plan adds up to, before anything is sent: trials and tokens ----------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """Sums over a plan's trials, controls included. Tokens are of the length unit; output is the limit, not a guess."""

    trials: int
    prompt_tokens: int
    max_output_tokens: int
    tokens_by_length: tuple[tuple[int, int, int], ...]
    """One (length, trials, prompt tokens) a length of the grid."""
    controls: tuple[tuple[str, int, int], ...] = ()
    """One (kind, trials, prompt tokens) a kind of control."""


def estimate(trials: Sequence[Trial], max_output: int) -> Estimate:
    """Add up a plan's trials; `max_output` is the output limit of one answer in tokens."""
    lengths = Counter(trial.length for trial in trials if trial.control is None)
    controls: dict[str, list[int]] = {}
    for trial in trials:
        if trial.control is not None:
            controls.setdefault(trial.control, []).append(trial.length)
    return Estimate(
        trials=len(trials),
        prompt_tokens=sum(trial.length for trial in trials),
        max_output_tokens=len(trials) * max_output,
        tokens_by_length=tuple((length, count, length * count) for length, count in sorted(lengths.items())),
        controls=tuple((kind, len(tokens), sum(tokens)) for kind, tokens in controls.items()),
    )
