"""Pure planning: the grid, its trials, their order, and what they add up to. No I/O, no text."""

from nihbench.plan.estimate import Estimate, estimate
from nihbench.plan.fresh import fill, fresh_values
from nihbench.plan.grid import is_count, parse_depths, parse_lengths
from nihbench.plan.trials import ORDERS, make_trials, order_trials

__all__ = [
    "ORDERS",
    "Estimate",
    "estimate",
    "fill",
    "fresh_values",
    "is_count",
    "make_trials",
    "order_trials",
    "parse_depths",
    "parse_lengths",
]
