"""Reads what a provider says of a call's tokens and price into one `Usage`, whichever fields it writes them in.

Pure. It takes down what was said; which tokens of it are billed, and whether the price is believed, is in
`nihbench.prices`, where the prices are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nihbench.endpoint.error_body import parse_json
from nihbench.types import Usage

# No count or price of one answer reaches this, and a float holds it exactly; NaN and infinity do not pass either.
MOST = 2**53
# Nested objects of an error body in which gateways hand on what the upstream has used.
_INSIDE = ("error", "metadata", "response", "data", "detail")


def usage_of(data: Mapping[str, Any], choice: Mapping[str, Any]) -> Usage:
    """Return what an answer's object says of the call; Moonshot's streams say it in the choice."""
    usage = mapping(data.get("usage")) or mapping(choice.get("usage"))
    ahead, behind = mapping(usage.get("prompt_tokens_details")), mapping(usage.get("completion_tokens_details"))
    cached = (
        usage.get("cached_tokens"),
        ahead.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("cache_read_input_tokens"),
        mapping(data.get("timings")).get("cache_n"),
    )
    written = (
        usage.get("cache_creation_input_tokens"),
        ahead.get("cache_creation_tokens"),
        ahead.get("cache_write_tokens"),
        usage.get("cache_write_tokens"),
    )
    # No prompt has 0 tokens: who says so does not count (some gateways, in streams), and its calls are not free.
    prompt, answer = count(usage.get("prompt_tokens")) or None, count(usage.get("completion_tokens"))
    thought = _first(behind.get("reasoning_tokens"), usage.get("reasoning_tokens"))
    total = count(usage.get("total_tokens")) or None
    if total is None and prompt is not None and answer is not None and thought:
        # Nothing says whether the reasoning is in the answer's count or beside it: it is paid for in the one case.
        total = prompt + answer + thought
    cost, fee = _price(usage)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=answer,
        # Of several counts of what costs less the first: a larger one would make the call cheaper.
        cached_tokens=next((found for found in map(count, cached) if found is not None), None),
        reasoning_tokens=thought,
        cost_usd=cost,
        total_tokens=total,
        written_tokens=_first(*written),
        fee_usd=fee,
    )


def usage_in(body: bytes) -> Usage:
    """Return what the body of a refusal says of a call that was paid for all the same, if anything."""
    try:
        value = parse_json(body) if b"usage" in body else None
    except ValueError:
        return Usage()
    value = value[0] if isinstance(value, list) and value else value
    layers = [mapping(value)]
    layers += [mapping(layer.get(name)) for layer in layers[:1] for name in _INSIDE]
    return next((usage_of(layer, {}) for layer in layers if mapping(layer.get("usage"))), Usage())


def _price(usage: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the price of the whole call and the fee beside a price that is not told, each where it is.

    Source: OpenRouter's usage accounting. With a key of one's own (`is_byok`) `cost` is its fee alone, and the upstream
    bills `upstream_inference_cost`; else that one is the upstream's part of `cost`.
    """
    cost = amount(usage.get("cost"))
    upstream = amount(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
    if usage.get("is_byok") is True:
        return (None, cost) if not upstream else ((cost or 0.0) + upstream, None)
    if cost is not None and upstream is not None and upstream > cost:
        return cost + upstream, None
    return cost, None


def _first(*values: object) -> int | None:
    """Return the first count that is one, a positive one before a zero: gateways fill what they don't know with 0."""
    counts = [found for found in map(count, values) if found is not None]
    return next((found for found in counts if found), counts[0] if counts else None)


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def amount(value: object) -> float | None:
    """Return a number that can be a count or a price; None for anything else."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= MOST:
        return None
    return float(value)


def count(value: object) -> int | None:
    """Return a count; None for what is none."""
    found = amount(value)
    return int(found) if found is not None and found.is_integer() else None
