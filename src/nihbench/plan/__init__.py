"""Pure planning: the grid, its trials, their order, and what they add up to. No I/O, no text."""

from nihbench.plan.cache import CACHES, Pace, PrefixCache, Sent, Simulated, shared_tokens, simulate
from nihbench.plan.controls import BEFORE_THE_GRID, CONTROLS, ControlKind, make_controls, with_controls
from nihbench.plan.cost import CostRange, cost_range, half_width
from nihbench.plan.estimate import Estimate, estimate
from nihbench.plan.fresh import fill, fresh_values
from nihbench.plan.grid import (
    MAX_DEPTHS,
    MAX_LENGTHS,
    PLAIN_COUNT,
    count_of,
    is_count,
    parse_depth,
    parse_depths,
    parse_length,
    parse_lengths,
)
from nihbench.plan.order import ORDERS, VARIED, Turn, order_trials, text_of, turn_of
from nihbench.plan.places import (
    Landing,
    is_placed,
    joined_depths,
    merged,
    merged_as_stored,
    prompts_by_length,
    standing_for,
    stored_places,
)
from nihbench.plan.shards import Shard, parse_shard, stretch
from nihbench.plan.trials import MOST_TRIALS, make_trials

__all__ = [
    "CACHES",
    "BEFORE_THE_GRID",
    "CONTROLS",
    "ControlKind",
    "MAX_DEPTHS",
    "MAX_LENGTHS",
    "MOST_TRIALS",
    "ORDERS",
    "PLAIN_COUNT",
    "VARIED",
    "CostRange",
    "Estimate",
    "Landing",
    "Pace",
    "PrefixCache",
    "Sent",
    "Shard",
    "Simulated",
    "Turn",
    "cost_range",
    "estimate",
    "fill",
    "fresh_values",
    "half_width",
    "count_of",
    "is_count",
    "is_placed",
    "joined_depths",
    "make_controls",
    "make_trials",
    "merged",
    "merged_as_stored",
    "order_trials",
    "parse_depth",
    "parse_depths",
    "parse_length",
    "parse_lengths",
    "parse_shard",
    "prompts_by_length",
    "shared_tokens",
    "simulate",
    "standing_for",
    "stored_places",
    "stretch",
    "text_of",
    "turn_of",
    "with_controls",
]
