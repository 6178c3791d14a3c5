"""Records -> table: one row a trial, the depth x length grid, the headline numbers.

Nothing here draws, prints or reads files. What was not measured is NaN or counted as unmeasured, never scored.
"""

from nihbench.analysis.agreement import BANDS, Agreement, AgreementReport, Comparison, Item, agreement_report
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.summaries import Rate, Summary, summary
from nihbench.analysis.table import COLUMNS, UNSCORED, frame, pairs
from nihbench.analysis.tally import Tally, squeezed

__all__ = [
    "BANDS",
    "COLUMNS",
    "UNSCORED",
    "Agreement",
    "AgreementReport",
    "Comparison",
    "Grid",
    "Item",
    "Rate",
    "Summary",
    "Tally",
    "agreement_report",
    "frame",
    "grid",
    "pairs",
    "squeezed",
    "summary",
]
