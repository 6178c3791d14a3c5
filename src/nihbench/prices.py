"""What a call costs, from its token counts and a model's price tiers. Pure; an unknown price is unknown, never 0.

Money is counted in decimals, so that ten calls of ten cents cost exactly a dollar. It knows no list of prices and
converts no currency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from nihbench.types import BatchTerms, PriceTier, Usage

_PER = Decimal(1_000_000)


def tier_of(prices: Sequence[PriceTier], prompt_tokens: int) -> PriceTier | None:
    """Return the tier that a prompt of this length falls into as a whole; None where its price is unknown.

    Args:
        prices: tiers by rising `up_to`.
        prompt_tokens: the prompt's length.
    """
    return next((tier for tier in prices if tier.up_to is None or prompt_tokens <= tier.up_to), None)


def worst_cost(prices: Sequence[PriceTier], prompt_tokens: int, output_tokens: int) -> Decimal | None:
    """Return what a call costs in USD if nothing of its prompt is cached; None where the price is unknown."""
    return usage_cost(prices, Usage(prompt_tokens=prompt_tokens, completion_tokens=output_tokens))


def allowed_cost(
    prices: Sequence[PriceTier], prompt_tokens: int, most_tokens: int, output_tokens: int
) -> Decimal | None:
    """Return what a call costs at most whose prompt should have `prompt_tokens` and may have `most_tokens`.

    Where only the allowance is beyond the last tier, it is taken at that tier's price; None where the price of the
    expected prompt is unknown.
    """
    if tier_of(prices, prompt_tokens) is None:
        return None
    return worst_cost((*prices[:-1], replace(prices[-1], up_to=None)), most_tokens, output_tokens)


def usage_cost(prices: Sequence[PriceTier], usage: Usage, hit_price: float | None = None) -> Decimal | None:
    """Return the price of what was used, in USD; None where the counts or the price are unknown.

    Args:
        prices: tiers by rising `up_to`.
        usage: what was used.
        hit_price: what a cached token usually costs as a share of an uncached one, where the tier does not say; None:
            as much.
    """
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    tier = tier_of(prices, usage.prompt_tokens)
    if tier is None:
        return None
    full, cached_price = decimal_of(tier.input), None
    if tier.cached_input is not None:
        cached_price = decimal_of(tier.cached_input)
    elif hit_price is not None:
        cached_price = full * decimal_of(hit_price)
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens) if cached_price is not None else 0
    total = (
        full * (usage.prompt_tokens - cached)
        + (cached_price or Decimal(0)) * cached
        + decimal_of(tier.output) * usage.completion_tokens
    )
    return total / _PER


def discounted(prices: Sequence[PriceTier], share: float) -> tuple[PriceTier, ...]:
    """Return the tiers with every price at `share` of itself, as in a batch."""

    def part(price: float) -> float:
        return float(decimal_of(price) * decimal_of(share))

    return tuple(
        replace(
            tier,
            input=part(tier.input),
            output=part(tier.output),
            cached_input=None if tier.cached_input is None else part(tier.cached_input),
        )
        for tier in prices
    )


def prices_paid(prices: Sequence[PriceTier], terms: BatchTerms | None, latency_s: float) -> Sequence[PriceTier]:
    """Return the tiers that hold for an answer: a live one always has a latency, one out of a batch has NaN."""
    return discounted(prices, terms.price) if terms is not None and math.isnan(latency_s) else prices


def decimal_of(number: float | Decimal) -> Decimal:
    """Return the number as it is written, not as it is stored: 0.1 is a tenth."""
    return Decimal(str(number))
