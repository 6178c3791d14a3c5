"""What a plan adds up to, before anything is sent: trials and tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nihbench.types import Trial


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
