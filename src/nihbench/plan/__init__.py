"""Pure planning: the grid, its trials, their order, and what they add up to. No I/O, no text."""

from nihbench.plan.cache import CACHES, Pace, PrefixCache, Sent, Simulated, shared_tokens, simulate
from nihbench.plan.controls import BEFORE_THE_GRID, CONTROLS, ControlKind, make_controls, with_controls
from nihbench.plan.cost import CostRange, cost_range, half_width
from nihbench.plan.estimate import Estimate, estimate
from nihbench.plan.fresh import fill, fresh_values
from nihbench.plan.grid import is_count, parse_depths, parse_lengths
from nihbench.plan.order import ORDERS, VARIED, Turn, order_trials, text_of, turn_of
from nihbench.plan.shards import Shard, parse_shard, stretch
from nihbench.plan.trials import make_trials

__all__ = [
    "CACHES",
    "BEFORE_THE_GRID",
    "CONTROLS",
    "ControlKind",
    "ORDERS",
    "VARIED",
    "CostRange",
    "Estimate",
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
    "is_count",
    "make_controls",
    "make_trials",
    "order_trials",
    "parse_depths",
    "parse_lengths",
    "parse_shard",
    "shared_tokens",
    "simulate",
    "stretch",
    "text_of",
    "turn_of",
    "with_controls",
]
