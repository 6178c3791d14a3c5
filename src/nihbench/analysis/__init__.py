"""Records -> table: one row a trial, the depth x length grid, the headline numbers.

Nothing here draws, prints or reads files. What was not measured is NaN or counted as unmeasured, never scored.
"""

from nihbench.analysis.agreement import BANDS, Agreement, AgreementReport, Comparison, Item, agreement_report
from nihbench.analysis.controls import ControlResult, control_results, is_false_answer, withheld
from nihbench.analysis.differences import difference
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.profiles import Profile, depth_profile, length_profile
from nihbench.analysis.statistics import GridTrials, Statistics, grid_trials, misses, statistics
from nihbench.analysis.summaries import Rate, Summary, summary
from nihbench.analysis.table import COLUMNS, UNSCORED, Table, columns, frame, pairs
from nihbench.analysis.tally import Tally, squeezed

__all__ = [
    "BANDS",
    "COLUMNS",
    "UNSCORED",
    "Agreement",
    "AgreementReport",
    "Comparison",
    "ControlResult",
    "Grid",
    "GridTrials",
    "Item",
    "Rate",
    "Statistics",
    "Summary",
    "Tally",
    "agreement_report",
    "control_results",
    "frame",
    "grid",
    "grid_trials",
    "is_false_answer",
    "misses",
    "pairs",
    "squeezed",
    "statistics",
    "summary",
    "withheld",
    "difference",
    "Profile",
    "depth_profile",
    "length_profile",
    "Table",
    "columns",
]
