"""Reads what a provider says of a call's tokens and price into one `Usage`, whichever fields it writes them in.

Pure. It takes down what was said; which tokens of it are billed, and whether the price is believed, is in
`nihbench.prices`, where the prices are known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from nihbench.endpoint.failures import parse_json
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


# ---- bounds ----------------------------------------------------------------------------------------------------------
# How much an answer may hold before its server has clearly gone past the output limit that it was given.
#
# Pure. Text is measured in characters, because tokens are the server's own, and are told at the end or not at all. The
# bounds are for servers that keep to no limit: none that does comes near them, whatever its model says.

MOST_BYTES = 64 * 1024 * 1024
"""No answer is this long; one that goes on is broken off, before it fills the memory."""

# Of the tokens in cl100k_base four are longer than this (names out of code, 42 at most), and text of any language has
# some 7 characters a token at most. Blanks and rules (-----) count a quarter: there are tokens of up to 128 of them.
_CHARACTERS_A_TOKEN = 32
_FILLER_SHARE = 4
_FILLER = re.compile(r"\s+|(.)\1{3,}")
# A server may have a least output of its own, some 16 tokens, which it gives for a limit of 1.
_CHARACTERS_ANYWAY = 1024
# DashScope's `max_tokens` limits the answer alone, and its models reason for up to 81,920 tokens before it, some
# 370,000 characters of English. `max_completion_tokens` holds reasoning by its definition.
_REASONING_CHARACTERS = 512 * 1024
# A whole body: JSON may write a character in 12 bytes, and the user's own fields may ask for the likeliest 20 tokens at
# each place (some 2.5 KB) or for several choices. The rest is reasoning, under two names perhaps.
_BYTES_A_TOKEN = 4 * 1024
_BYTES_ANYWAY = 8 * 1024 * 1024
_LETTERS_A_TOKEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputBound:
    """What the answer to one request may hold.

    `characters`: of its text, as `weight` counts them. `reasoning`: so many of its reasoning are not counted there.
    `size`: bytes of a body that comes whole.
    """

    characters: float
    reasoning: float
    size: int

    @classmethod
    def of(cls, limit: int | None, *, holds_reasoning: bool) -> Self:
        """Return the bound that follows from an output limit.

        Args:
            limit: in tokens; None: there is none, and only the memory sets a bound.
            holds_reasoning: whether the server surely counts reasoning against it.
        """
        if limit is None:
            return cls(characters=math.inf, reasoning=math.inf, size=MOST_BYTES)
        return cls(
            characters=_CHARACTERS_ANYWAY + _CHARACTERS_A_TOKEN * limit,
            reasoning=0 if holds_reasoning else _REASONING_CHARACTERS,
            size=min(MOST_BYTES, _BYTES_ANYWAY + _BYTES_A_TOKEN * limit),
        )

    def is_passed(self, answer: int, reasoning: int) -> bool:
        """Say whether an answer with so much text and reasoning is beyond what the limit could ever be."""
        return answer + max(0, reasoning - self.reasoning) > self.characters


def weight(piece: str) -> int:
    """Return how many characters of text a streamed piece counts for: filler for a part of it, and a piece for one."""
    solid = len(_FILLER.sub("", piece))
    return max(1, solid + (len(piece) - solid) // _FILLER_SHARE)


def likely_tokens(text: str) -> int:
    """Guess a text's tokens: four letters a token in alphabets, one character a token in other scripts."""
    plain = len(text.encode("ascii", "ignore"))
    return plain // _LETTERS_A_TOKEN + len(text) - plain
