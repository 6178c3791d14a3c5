"""Pure planning: the grid, its trials, their order, and what they add up to. No I/O, no text."""

from nihbench.plan.controls import BEFORE_THE_GRID, CONTROLS, ControlKind, make_controls, with_controls
from nihbench.plan.estimate import Estimate, estimate
from nihbench.plan.fresh import fill, fresh_values
from nihbench.plan.grid import is_count, parse_depths, parse_lengths
from nihbench.plan.trials import ORDERS, make_trials, order_trials

__all__ = [
    "BEFORE_THE_GRID",
    "CONTROLS",
    "ControlKind",
    "ORDERS",
    "Estimate",
    "estimate",
    "fill",
    "fresh_values",
    "is_count",
    "make_controls",
    "make_trials",
    "order_trials",
    "parse_depths",
    "parse_lengths",
    "with_controls",
]
