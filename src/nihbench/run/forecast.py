"""What a resolved run will need: cached tokens, money, time, precision. Nothing is sent, no prompt is built.

Needles are taken to stand at their nominal depth; a real one stands at the next sentence's end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nihbench.plan import CostRange, Pace, PrefixCache, Sent, cost_range, half_width, simulate
from nihbench.run.recount import Recount
from nihbench.run.setup import USUAL_AT_ONCE, Setup
from nihbench.run.spent import margin_of
from nihbench.text import frame_of
from nihbench.types import Completion, Record, Trial

GUESSED_OUTPUT = 60
"""Tokens of a usual answer of a model that does not think first."""
_REPLY_TOKENS = 4
"""Of the chat template's own tokens, those that stand at the end and open the reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Sums over a plan. `seconds` is None where neither limits nor speeds are known.

    `cached_by_trial`: predicted cached tokens of every trial. `half_widths`: of the 95% interval of the found
    rate, for a grid, a row and a cell, at a rate of 0.5 and of 0.9.
    """

    cache: PrefixCache
    prompt_tokens: int
    cached_by_trial: Mapping[Trial, int]
    cost: CostRange
    guessed_output: int
    seconds: float | None
    half_widths: Mapping[str, tuple[int, float, float]]

    @property
    def cached_tokens(self) -> int:
        """All tokens that the cache is predicted to have."""
        return sum(self.cached_by_trial.values())

    @property
    def computed_share(self) -> float:
        """The share of the sent tokens that is predicted to be computed."""
        return 1.0 - self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 1.0


def forecast_of(setup: Setup, pace: Pace | None = None, at_once: int | None = None) -> Forecast:
    """Simulate a run.

    Args:
        setup: the resolved run.
        pace: limits and speeds, as far as they are known.
        at_once: how many requests are in flight; None: what the setup says, else a few.
    """
    guessed = setup.request.max_output if setup.preset.reasoning else min(GUESSED_OUTPUT, setup.request.max_output)
    known = replace(pace, output_tokens=guessed) if pace else None
    prompts = sent_prompts(setup)
    found = simulate(prompts, setup.cache, concurrency=at_once or setup.concurrency or USUAL_AT_ONCE, pace=known)
    return Forecast(
        cache=setup.cache,
        prompt_tokens=sum(prompt.total_tokens for prompt in prompts),
        cached_by_trial=dict(zip(setup.trials, found.cached_tokens, strict=True)),
        cost=cost_range(
            [(p.total_tokens, hit) for p, hit in zip(prompts, found.cached_tokens, strict=True)],
            setup.preset.prices,
            guessed_output=guessed,
            max_output=setup.request.max_output,
            hit_price=setup.cache.hit_price,
            margin=margin_of(setup),
        ),
        guessed_output=guessed,
        seconds=found.seconds if known else None,
        half_widths=_half_widths(setup),
    )


def computed_shares(predicted: Forecast, records: Iterable[Record]) -> tuple[float, float] | None:
    """Return the shares of prompt tokens that were computed: predicted, and as the server said of the same answers.

    Each is of its own tokens: the server's of what the server counts. None where it said nothing of any.
    """
    sent = foreseen = computed = whole = 0
    for record in records:
        told = _told_tokens(record)
        if told is None or record.trial not in predicted.cached_by_trial:
            continue
        sent += record.trial.length
        foreseen += record.trial.length - predicted.cached_by_trial[record.trial]
        computed, whole = computed + told[0], whole + told[1]
    return (foreseen / sent, computed / whole) if whole else None


def _told_tokens(record: Record) -> tuple[int, int] | None:
    """Return how many tokens of a prompt a server says that it computed, and of how many."""
    if not isinstance(record.outcome, Completion):
        return None
    computed, usage = record.outcome.timings.get("prompt_n"), record.outcome.usage
    if isinstance(computed, int):
        cached = record.outcome.timings.get("cache_n")
        known = computed + cached if isinstance(cached, int) else usage.prompt_tokens
        return computed, max(computed, known or record.trial.length)
    if usage.prompt_tokens is None or usage.cached_tokens is None:
        return None
    if usage.cached_tokens > usage.prompt_tokens:  # it counts beside them what was cached
        return usage.prompt_tokens, usage.prompt_tokens + usage.cached_tokens
    return usage.prompt_tokens - usage.cached_tokens, usage.prompt_tokens


def haystack_tokens(setup: Setup, trial: Trial) -> int:
    """Return about how many tokens of a trial's prompt its haystack has, as this machine counts them."""
    local = trial.length
    if setup.calibration is not None:
        local = setup.calibration.local_length(trial.length, trial.prompt, setup.drawn(trial).repeat)
    return max(local - setup.fixed_tokens, 0)


def sent_prompts(setup: Setup) -> list[Sent]:
    """Return the plan's prompts in order, as a cache sees them."""
    needle_tokens = setup.tokenizer.count(setup.needle.statements[0])
    fixed, heads = {}, {}
    for name, template in setup.prompts.items():
        frame = frame_of(template, setup.needle.question_for(name), setup.overheads[name], setup.tokenizer)
        ends = setup.tokenizer.count(frame.before), setup.tokenizer.count(frame.after)
        fixed[name] = frame.fixed_tokens + sum(ends) + needle_tokens
        heads[name] = max(frame.fixed_tokens - _REPLY_TOKENS, 0) + ends[0]
    # Of the first haystack, for all of them: what counts is how often needles of two lengths come to the same place.
    boundaries = setup.source_of(0).boundary_tokens.tolist()
    prompts, recount = [], Recount(setup)
    for trial in setup.trials:
        bare = trial.control in ("closed_book", "no_needle")
        haystack = max(trial.length - fixed[trial.prompt] + needle_tokens * bare, 0)
        _, values = setup.needle_of(trial)
        prompts.append(
            Sent(
                head=setup.heads[trial.prompt],
                text=str(trial.repeat if trial.control is None and "haystack" in setup.options.vary else 0),
                needle="" if bare else " ".join(values.values()),
                tail=trial.prompt,
                head_tokens=heads[trial.prompt],
                needle_token=haystack if bare else nearest_boundary(boundaries, haystack, trial.depth_percent),
                needle_tokens=0 if bare else needle_tokens,
                haystack_tokens=haystack,
                total_tokens=recount.planned(trial),
                turn=setup.turn_of(trial),
            )
        )
    return prompts


def nearest_boundary(boundaries: Sequence[int], haystack: int, depth_percent: float) -> int:
    """Return the tokens before the needle: those of the boundary nearest to its depth, the haystack's ends included."""
    wanted = haystack * depth_percent / 100
    at = bisect_left(boundaries, wanted)
    near = [0, haystack, *(each for each in boundaries[max(at - 1, 0) : at + 1] if each < haystack)]
    return min(near, key=lambda token: abs(token - wanted))


def _half_widths(setup: Setup) -> dict[str, tuple[int, float, float]]:
    """Return them for one prompt variant's grid, its length with the fewest trials, and a cell."""
    rows: dict[tuple[str, int], int] = {}
    for trial in setup.whole:
        if trial.control is None and not trial.extra:
            rows[trial.prompt, trial.length] = rows.get((trial.prompt, trial.length), 0) + 1
    grids = [sum(n for (prompt, _), n in rows.items() if prompt == each) for each in {prompt for prompt, _ in rows}]
    cell = setup.options.repeats
    trials = {"grid": min(grids, default=cell), "row": min(rows.values(), default=cell), "cell": cell}
    return {name: (n, half_width(n, 0.5), half_width(n, 0.9)) for name, n in trials.items()}
