"""What a resolved run will need: cached tokens, money, time, precision. Nothing is sent, no prompt is built.

Needles are taken to stand at their nominal depth; a real one stands at the next sentence's end.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import joined_depths, standing_for
from nihbench.plan.order import Pace, PrefixCache, Sent, simulate
from nihbench.prices import CostRange, allowed_cost, cost_range, half_width, usage_cost
from nihbench.run.calibration import likely_points
from nihbench.run.options import wanted_precision
from nihbench.run.setup import USUAL_AT_ONCE, Setup
from nihbench.run.spent import margin_of
from nihbench.run.verify import Recount
from nihbench.stats.adaptive import most_draws
from nihbench.text.prompt import frame_of
from nihbench.types import DEPTH, Completion, Placement, Record, Trial, Usage

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
    guessed = guessed_output(setup)
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


def guessed_output(setup: Setup) -> int:
    """Return how many tokens a usual answer has, those of its reasoning among them."""
    return setup.request.max_output if setup.preset.reasoning else min(GUESSED_OUTPUT, setup.request.max_output)


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheUse:
    """What a prefix cache was predicted to do, and what the server says of the same answers.

    `predicted` and `computed`: the shares of prompt tokens that are computed, each of its own tokens: the server's of
    what the server counts. `was_warm`: it had most of the prompts that nothing before them could have brought there,
    so that they are from before this run.
    """

    predicted: float
    computed: float
    was_warm: bool


def cache_use(predicted: Forecast, records: Iterable[Record]) -> CacheUse | None:
    """Return how a run's cache was used; None where the server said nothing of any answer."""
    sent = foreseen = computed = whole = first_computed = first_whole = 0
    for record in records:
        told = _told_tokens(record)
        if told is None or record.trial not in predicted.cached_by_trial:
            continue
        cached = predicted.cached_by_trial[record.trial]
        sent += record.trial.length
        foreseen += record.trial.length - cached
        computed, whole = computed + told[0], whole + told[1]
        if not cached:
            first_computed, first_whole = first_computed + told[0], first_whole + told[1]
    if not whole:
        return None
    return CacheUse(predicted=foreseen / sent, computed=computed / whole, was_warm=first_whole > 2 * first_computed)


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
        local = setup.calibration.local_length(trial.length, trial.prompt, trial.drawn)
    return max(local - setup.fixed_tokens, 0)


def sent_prompts(setup: Setup) -> list[Sent]:
    """Return the plan's prompts in order, as a cache sees them."""
    fixed, heads, planted_tokens = {}, {}, {}
    for name, template in setup.prompts.items():
        planted = max(setup.task.specimens(name), key=lambda each: sum(map(len, each.texts)))
        frame = frame_of(template, planted.question, setup.overheads[name], setup.tokenizer)
        ends = setup.tokenizer.count(frame.before), setup.tokenizer.count(frame.after)
        planted_tokens[name] = sum(map(setup.tokenizer.count, planted.texts))
        fixed[name] = frame.fixed_tokens + sum(ends) + planted_tokens[name]
        heads[name] = max(frame.fixed_tokens - _REPLY_TOKENS, 0) + ends[0]
    # Of the first haystack, for all of them: what counts is how often needles of two lengths come to the same place.
    boundaries = setup.source_of(0).boundary_tokens.tolist()
    prompts, recount = [], Recount(setup)
    for trial in setup.trials:
        bare = trial.control in ("closed_book", "no_needle")
        needle_tokens = planted_tokens[trial.prompt]
        haystack = max(trial.length - fixed[trial.prompt] + needle_tokens * bare, 0)
        planted = setup.planted(trial)
        first = min((insert.depth_percent for insert in planted.inserts), default=0.0)  # up to there texts are alike
        prompts.append(
            Sent(
                head=setup.heads[trial.prompt],
                text=str(trial.repeat if trial.control is None and "haystack" in setup.options.vary else 0),
                needle="" if bare else " ".join(planted.fresh.values() if setup.task.is_single else planted.texts),
                tail=trial.prompt,
                head_tokens=heads[trial.prompt],
                needle_token=haystack if bare else nearest_boundary(boundaries, haystack, first),
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
    rows, cells = Counter[tuple[str, int]](), Counter[tuple[str, int, float]]()
    for trial in setup.whole:
        if trial.control is None and not trial.extra:
            rows[trial.prompt, trial.length] += 1
            cells[trial.prompt, trial.length, trial.row] += 1
    grids = [sum(n for (prompt, _), n in rows.items() if prompt == each) for each in {prompt for prompt, _ in rows}]
    cell = setup.options.repeats
    cell = max(cells.values(), default=cell) if setup.samples else cell
    trials = {"grid": min(grids, default=cell), "row": min(rows.values(), default=cell), "cell": cell}
    return {name: (n, half_width(n, 0.5), half_width(n, 0.9)) for name, n in trials.items()}


# ---- depths ----------------------------------------------------------------------------------------------------------
# How far from their nominal depths the needles of a plan will stand, known before anything is sent.

_HAYSTACKS = 3
"""So many are looked at: further ones are of the same corpus."""
_LARGE_POINTS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthError:
    """How far achieved depths are from nominal ones over a grid, in points: on average, and at most and where."""

    mean: float
    largest: float
    length: int
    is_large: bool


def depth_error(setup: Setup) -> DepthError | None:
    """Return how far the grid's needles will stand from their nominal depths; None where there is no grid.

    It is large beyond 2 points, or beyond half of what two neighbouring depths are apart: then a needle stands nearer
    to another row's depth than to its own.
    """
    found = list(_errors(setup))
    if not found:
        return None
    largest, length = max(found)
    steps = [after - before for before, after in pairwise(sorted(set(setup.depths)))]
    return DepthError(
        mean=sum(error for error, _ in found) / len(found),
        largest=largest,
        length=length,
        is_large=largest > min([_LARGE_POINTS, *(step / 2 for step in steps)]),
    )


def _errors(setup: Setup) -> Iterator[tuple[float, int]]:
    if setup.task.axis.name != DEPTH.name:
        return
    if setup.like is not None:
        for trial in setup.grid:
            placement = setup.like.of(trial).placement
            assert isinstance(placement, Placement)  # of the grid
            for depth in trial.rows:
                yield abs(placement.achieved_depth_percent - depth), trial.length
        return
    for repeat in range(min(setup.haystacks, _HAYSTACKS)):
        boundaries = setup.source_of(repeat).boundary_tokens.tolist()
        for trial in setup.grid:
            if trial.repeat == repeat and (haystack := haystack_tokens(setup, trial)) > 0:
                for depth in trial.rows:
                    achieved = 100 * nearest_boundary(boundaries, haystack, depth) / haystack
                    yield abs(achieved - depth), trial.length


# ---- reach -----------------------------------------------------------------------------------------------------------
# How far a sum of money reaches in a plan: which of its trials are sent before the next could pass it. Pure.


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """How much of a length is sent, of the grid's trials.

    `depths`: the shallowest and the deepest in percent of those that are sent whole, where all between them are, too.
    """

    length: int
    sent: int
    planned: int
    depths: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How many trials of a plan a sum pays for: by the predicted costs, and where each costs its worst."""

    planned: int
    predicted: int
    least: int
    lengths: tuple[Covered, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all trials are sent, whatever they cost."""
        return self.least == self.planned


def reach_of(setup: Setup, found: Forecast, most_usd: Decimal) -> Reach | None:
    """Return how far money reaches in the trials of a setup, in their order; None where a price is unknown.

    A trial is sent where its worst case still fits beside what those before it have cost, as a budget holds it.

    Args:
        setup: the resolved run, with prices.
        found: what was forecast of it.
        most_usd: what may be spent.
    """
    recount = Recount(setup)
    costs = [_costs(setup, recount.planned(trial), found.cached_by_trial[trial], found) for trial in setup.trials]
    known = [(likely, worst) for likely, worst in costs if likely is not None and worst is not None]
    if len(known) < len(costs):
        return None
    predicted = _sent(known, most_usd)
    return Reach(
        planned=len(setup.trials),
        predicted=predicted,
        least=_sent([(worst, worst) for _, worst in known], most_usd),
        lengths=tuple(_covered(setup, length, setup.trials[:predicted]) for length in setup.lengths),
    )


def _costs(setup: Setup, tokens: int, cached: int, found: Forecast) -> tuple[Decimal | None, Decimal | None]:
    """Return what a trial of so many tokens is predicted to cost, and what it costs at its worst."""
    prices = setup.preset.prices
    usage = Usage(prompt_tokens=tokens, completion_tokens=found.guessed_output, cached_tokens=cached)
    most = math.ceil(tokens * margin_of(setup))
    worst = allowed_cost(prices, tokens, most, setup.request.max_output)
    return usage_cost(prices, usage, setup.cache.hit_price), worst


def _sent(costs: Sequence[tuple[Decimal, Decimal]], most_usd: Decimal) -> int:
    spent = Decimal(0)
    for number, (cost, worst) in enumerate(costs):
        if spent + worst > most_usd:
            return number
        spent += cost
    return len(costs)


def _covered(setup: Setup, length: int, sent: Sequence[Trial]) -> Covered:
    planned = [trial for trial in setup.grid if trial.length == length]
    made = {trial for trial in sent if trial.length == length and trial.control is None}
    owed = {trial.row for trial in planned if trial not in made}
    every = sorted({trial.row for trial in planned})
    whole = [number for number, depth in enumerate(every) if depth not in owed]
    follow = bool(whole) and whole[-1] - whole[0] == len(whole) - 1
    depths = (every[whole[0]], every[whole[-1]]) if follow else None
    return Covered(length=length, sent=len(made), planned=len(planned), depths=depths)


# ---- how many further draws an adaptive run could make at most, and what fitting them takes --------------------------
# Which are made, once there are answers, is `run.adaptive`'s work.


def with_extra(setup: Setup, records: Mapping[str, Record]) -> Setup:
    """Return the setup with those further draws in its plan that have a record."""
    extra = [record.trial for record in records.values() if record.trial.extra]
    known = set(setup.trials) if extra else set()
    made = tuple(trial for trial in extra if trial not in known)
    return replace(setup, trials=(*setup.trials, *made)) if made else setup


def most_extra(setup: Setup) -> tuple[Trial, ...]:
    """Return the draws beyond the plan that a run could make at most: the dearest ones where --max-trials bounds them.

    A part of a plan (--shard) makes none: which they are is decided by all first draws.

    Raises:
        UsageError: --max-trials is less than the plan alone.
    """
    options = setup.options
    if not options.adaptive or options.shard is not None:
        return ()
    planned = [trial for trial in setup.grid if not trial.extra]
    cells = cells_of(planned)
    fewest = min(map(len, cells.values()))
    level = most_draws(fewest, wanted_precision(options))
    once = [(trial, math.ceil(level * fewest / len(row))) for row in cells.values() for trial in row]
    possible = tuple(
        replace(trial, repeat=repeat, extra=True)
        for repeat in range(options.repeats, level)
        for trial, most in once
        if repeat < most
    )
    if options.max_trials is None:
        return possible
    if options.max_trials < len(planned):
        raise UsageError(t("run.max_trials_less_than", most=options.max_trials, planned=len(planned)))
    dearest = sorted(possible, key=lambda trial: -trial.length)[: options.max_trials - len(planned)]
    return tuple(dearest)


def most_fit_prompts(setup: Setup, extra: Sequence[Trial]) -> tuple[int, ...]:
    """Return the lengths of the prompts that fit the haystacks of further draws, if all of these are made."""
    if "haystack" not in setup.options.vary or not (setup.calibration or setup.wants_calibration):
        return ()
    level = most_draws(fewest_draws(setup), wanted_precision(setup.options))
    rounds = min(len(extra), max(level - setup.options.repeats, 0))
    return likely_points(setup.lengths, setup.window) * rounds


def cells_of(planned: Sequence[Trial]) -> dict[tuple[str, int], list[Trial]]:
    """Return the cells of each prompt and length, each as a trial of the first repeat that stands for all its depths.

    Haystacks may have different depths as one prompt: those that any has together are one cell.
    """
    rows: dict[tuple[str, int], list[Trial]] = {}
    for trial in planned:
        if not trial.extra:
            rows.setdefault((trial.prompt, trial.length), []).append(trial)
    return {
        key: [
            standing_for(min((t for t in row if t.row in depths), key=lambda t: t.repeat), depths)
            for depths in joined_depths(trial.rows for trial in row)
        ]
        for key, row in rows.items()
    }


def fewest_draws(setup: Setup) -> int:
    """Return how many cells the length with the fewest has."""
    return min(map(len, cells_of(setup.grid).values()))
