"""What a plan adds up to, before anything is sent: trials and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nihbench.types import Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """Sums over a plan's trials. Tokens are of the length unit; output is the limit, not a guess."""

    trials: int
    prompt_tokens: int
    max_output_tokens: int
    tokens_by_length: tuple[tuple[int, int, int], ...]
    """One (length, trials, prompt tokens) a length."""


def estimate(trials: Sequence[Trial], max_output: int) -> Estimate:
    """Add up a plan's trials; `max_output` is the output limit of one answer in tokens."""
    lengths = sorted({trial.length for trial in trials})
    counts = {length: sum(trial.length == length for trial in trials) for length in lengths}
    return Estimate(
        trials=len(trials),
        prompt_tokens=sum(length * count for length, count in counts.items()),
        max_output_tokens=len(trials) * max_output,
        tokens_by_length=tuple((length, count, length * count) for length, count in counts.items()),
    )
