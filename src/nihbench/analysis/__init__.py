"""Records -> table: one row a trial, the depth x length grid, the headline numbers.

Nothing here draws, prints or reads files. What was not measured is NaN or counted as unmeasured, never scored.
"""

from nihbench.analysis.agreement import BANDS, Agreement, AgreementReport, Comparison, Item, agreement_report
from nihbench.analysis.cases import Case, Cases, Cluster, Filter, Group, cluster, find_cases
from nihbench.analysis.export import check_export, export, joined
from nihbench.analysis.fairness import Copy, Fairness, Finding, Wording, check_needle
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.loaded import EXTRA_COLUMNS, LoadedRun, load_run
from nihbench.analysis.summaries import Rate, Summary, summary
from nihbench.analysis.table import COLUMNS, UNSCORED, frame, pairs

__all__ = [
    "BANDS",
    "COLUMNS",
    "EXTRA_COLUMNS",
    "UNSCORED",
    "Agreement",
    "AgreementReport",
    "Case",
    "Cases",
    "Cluster",
    "Comparison",
    "Copy",
    "Fairness",
    "Filter",
    "Finding",
    "Grid",
    "Group",
    "Item",
    "LoadedRun",
    "Rate",
    "Summary",
    "Wording",
    "agreement_report",
    "check_export",
    "check_needle",
    "cluster",
    "export",
    "find_cases",
    "frame",
    "grid",
    "joined",
    "load_run",
    "pairs",
    "summary",
]
