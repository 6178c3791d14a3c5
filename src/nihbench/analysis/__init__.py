"""Records -> table: one row a trial, the depth x length grid, its profiles and differences, the headline numbers.

Nothing here draws, prints or reads files. What was not measured is NaN or counted as unmeasured, never scored.
"""

from nihbench.analysis.differences import difference
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.profiles import Profile, depth_profile, length_profile
from nihbench.analysis.summaries import Rate, Summary, summary
from nihbench.analysis.table import COLUMNS, UNSCORED, Table, columns, frame, pairs

__all__ = [
    "COLUMNS",
    "UNSCORED",
    "Grid",
    "Profile",
    "Rate",
    "Summary",
    "Table",
    "columns",
    "depth_profile",
    "difference",
    "frame",
    "grid",
    "length_profile",
    "pairs",
    "summary",
]
