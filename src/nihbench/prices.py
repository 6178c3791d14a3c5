"""What a call costs, from its token counts and a model's prices, and what a plan. Pure; unknown is unknown, never 0.

Money is counted in decimals, so that ten calls of ten cents cost exactly a dollar. It knows no list of prices and
converts no currency.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from nihbench.types import BatchTerms, PriceTier, Trial, Usage

_PER = Decimal(1_000_000)
WRITE_PRICE = Decimal("1.25")
"""What a token that goes into a cache costs as a share of one that does not, where it costs more (Anthropic)."""
USUAL_HIT_PRICE = 0.1
"""The same for a token out of a cache, at the least, to tell what a call costs at least."""
FAR_BELOW = Decimal("0.5")
FAR_ABOVE = Decimal(20)
"""Between these shares of what the tokens cost, the price that a server names is believed."""
DEAREST_TOKEN_USD = Decimal("0.01")
"""No model's token costs more than that."""


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
    return worst_cost(_without_end(prices), most_tokens, output_tokens)


def _without_end(prices: Sequence[PriceTier]) -> Sequence[PriceTier]:
    """Return the tiers with the last one's price for whatever is longer."""
    if not prices or prices[-1].up_to is None:
        return prices
    return (*prices[:-1], replace(prices[-1], up_to=None))


def billable(usage: Usage, expected: int | None = None) -> Usage:
    """Return the tokens that are paid for: the largest reading of what the server said that agrees with itself.

    Providers count differently what their words have in common. Reasoning may be in the answer's count or beside it,
    tokens out of a cache and into one in the prompt's or beside it; the total tells, where there is one, and for the
    prompt how long it should have been.

    Args:
        usage: what the server said.
        expected: the tokens that the prompt should have had; None: unknown.

    Returns:
        Prompt (cached and written ones included) and answer (reasoning included); None for each that nothing tells.
    """
    prompt, answer, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    cached, written, thought = usage.cached_tokens or 0, usage.written_tokens or 0, usage.reasoning_tokens or 0
    rest = 0
    if prompt is not None:
        rest = max(0, (total or 0) - prompt - (answer or 0))
        sums = [tokens for tokens in (cached + written, cached, written) if tokens != thought]
        outside = _outside(prompt, sums or [0], (rest, rest - thought), expected)
        prompt, rest = prompt + outside, max(0, rest - outside)
    if answer is not None or rest:
        answer = (answer or 0) + max(rest, thought if thought > (answer or 0) else 0)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=answer,
        cached_tokens=None if usage.cached_tokens is None else min(cached, prompt or cached),
        written_tokens=None if usage.written_tokens is None else min(written, prompt or written),
    )


def _outside(prompt: int, beside: Sequence[int], rests: Sequence[int], expected: int | None) -> int:
    """Return how many tokens of the cache a prompt's count leaves out.

    Args:
        prompt: the prompt's count.
        beside: how many tokens may stand beside it, the likeliest sum first.
        rests: what the total may hold beyond prompt and answer for their sake.
        expected: the tokens that the prompt should have had.
    """
    told = next((tokens for tokens in beside if tokens and tokens in rests), 0)
    if told or not beside[0] or max(rests) > 0:
        return told
    if expected is None:
        return beside[0] if beside[0] > prompt else 0
    # Of the two readings the one that is nearer to what was sent.
    return beside[0] if prompt < expected and (prompt + beside[0]) * prompt <= expected**2 else 0


def usage_cost(prices: Sequence[PriceTier], usage: Usage, hit_price: float | None = None) -> Decimal | None:
    """Return the price of what was used, in USD; None where the counts or the price are unknown.

    Args:
        prices: tiers by rising `up_to`.
        usage: the tokens that are paid for (see `billable`).
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
    written = min(usage.written_tokens or 0, usage.prompt_tokens - cached)
    total = (
        full * (usage.prompt_tokens - cached)
        + full * (WRITE_PRICE - 1) * written
        + (cached_price or Decimal(0)) * cached
        + decimal_of(tier.output) * usage.completion_tokens
    )
    return total / _PER


class Charge(NamedTuple):
    """What a call is taken to cost in USD (None: unknown), and the price that the server named and is not believed."""

    usd: Decimal | None
    disbelieved: Decimal | None = None


def charge(prices: Sequence[PriceTier], usage: Usage, least: Decimal | None, most: Decimal | None) -> Charge:
    """Return what a call is taken to cost: what the server says, as far as its own counts do not speak against it.

    A price far below what the tokens cost is a part of it (a gateway's fee, a discount on somebody's account) or in
    another unit, and so is one far above.

    Args:
        prices: the model's price tiers.
        usage: what the server said, its tokens as `billable` reads them.
        least: what the call costs at least, where its counts are not known; None: unknown.
        most: what it costs at most.
    """
    prices = _without_end(prices)
    counted, likely = usage_cost(prices, usage), usage_cost(prices, usage, USUAL_HIT_PRICE)
    least, most = (likely, counted) if counted is not None else (least, most)
    told = None if usage.cost_usd is None or not math.isfinite(usage.cost_usd) else decimal_of(usage.cost_usd)
    fee = decimal_of(usage.fee_usd or 0)
    if told is not None and _is_plausible(told, usage, least, most):
        return Charge(told)
    usd = None if most is None else most + fee
    return Charge(usd, told or None)


def _is_plausible(told: Decimal, usage: Usage, least: Decimal | None, most: Decimal | None) -> bool:
    if least is None or most is None:
        # Without a price 0 is believed, too: gateways say so of calls that another account pays for.
        tokens = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        return told <= DEAREST_TOKEN_USD * max(tokens, 1_000)
    return least * FAR_BELOW <= told <= max(most, least) * FAR_ABOVE and (told > 0 or most == 0)


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


def prices_paid(prices: Sequence[PriceTier], terms: BatchTerms | None, via_batch: bool) -> Sequence[PriceTier]:
    """Return the tiers that hold for an answer: those of a batch for one that came out of a batch."""
    return discounted(prices, terms.price) if terms is not None and via_batch else prices


def whole_of(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Add amounts up; one that is unknown makes the sum unknown."""
    known = list(amounts)
    return None if None in known else sum((each or Decimal(0) for each in known), Decimal(0))


@lru_cache(maxsize=4096)
def decimal_of(number: float | Decimal) -> Decimal:
    """Return the number as it is written, not as it is stored: 0.1 is a tenth."""
    return Decimal(str(number))


# ---- what a plan will cost, as a range, and how sure its answers will be ---------------------------------------------


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
