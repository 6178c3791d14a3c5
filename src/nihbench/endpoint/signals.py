"""What the limiter is told of a call that ended, as numbers: `Signal`, and how one is read off an outcome.

Pure. Headers are parsed elsewhere and come as `RateState`; here only the few words are read with which a refusal
names what was exceeded ("max organization concurrency: 3").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from nihbench.lang.messages import quoted
from nihbench.types import Completion, Failure, FailureKind, Outcome, RateState

Dimension = Literal["concurrency", "requests", "tokens"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """How a call ended.

    `wait_s` is how long the server asks to wait. `exceeded` is what a refusal says was too much, `allowed` the
    number that it names for it: calls at once, or requests or tokens a minute. Token counts are the server's.
    None is unknown, not zero. `status` is a failure's HTTP status.
    """

    kind: FailureKind | Literal["ok"]
    status: int | None = None
    wait_s: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    exceeded: Dimension | None = None
    allowed: int | None = None
    rates: RateState | None = None

    def used_up(self, tokens: int) -> Dimension | None:
        """Return what the refusal of a call of so many tokens is about: its own word, else what its headers say."""
        if self.exceeded is not None or self.rates is None:
            return self.exceeded
        if self.rates.remaining_requests == 0:
            return "requests"
        left = self.rates.remaining_tokens
        return "tokens" if left is not None and left < tokens else None


def signal_of(outcome: Outcome) -> Signal:
    """Return what the limiter needs to know of one attempt's outcome.

    The headers of a streamed answer came before it: what they say is left is out of date, and is dropped here.
    """
    usage, rates = outcome.usage, outcome.rates
    if isinstance(outcome, Completion):
        if outcome.streamed and rates is not None:
            rates = RateState(limit_requests=rates.limit_requests, limit_tokens=rates.limit_tokens)
        ended = Signal(kind="ok")
    elif outcome.kind == "rate_limit":
        exceeded, allowed = read_refusal(quoted(outcome.message))
        ended = Signal(kind="rate_limit", exceeded=exceeded, allowed=allowed)
    else:
        ended = Signal(kind=outcome.kind)
    if isinstance(outcome, Failure):
        ended = replace(ended, status=outcome.status, wait_s=outcome.wait_s)
    return replace(ended, prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens, rates=rates)


_NUMBER = r"(\d[\d,]*)"
# In this order: a message about tokens may name its requests too ("Requested 2000").
_NAMES: tuple[tuple[Dimension, str], ...] = (
    ("concurrency", r"\bconcurrency\b"),
    ("tokens", r"\bTPM\b|\btokens per min(?:ute)?\b"),
    ("requests", r"\bRPM\b|\brequests per min(?:ute)?\b"),
)


def read_refusal(message: str) -> tuple[Dimension | None, int | None]:
    """Return what a refusal says was exceeded, and the limit that it names; None where it does not say.

    Source: the wording of Moonshot ("max RPM: 3", "TPM rate limit, current: 7, limit: 5"), OpenAI ("tokens per min
    (TPM): Limit 10000, Used ...") and Anthropic ("rate limit of 30,000 input tokens per minute").
    """
    named = next(((what, name) for what, name in _NAMES if re.search(name, message, re.IGNORECASE)), None)
    if named is None:
        return None, None
    dimension, name = named
    patterns = (
        rf"\blimit:? {_NUMBER}",
        rf"(?:{name})\)?(?: limit)?:? {_NUMBER}",
        rf"{_NUMBER} (?:(?:input|output|total) )?(?:{name})",
    )
    for pattern in patterns:
        found = re.search(pattern, message, re.IGNORECASE)
        if found:
            return dimension, int(found[1].replace(",", "")) or None
    return dimension, None
