"""Records -> table: one row a trial, the depth x length grid, the headline numbers.

Nothing here draws, prints or reads files. What was not measured is NaN or counted as unmeasured, never scored.
"""

from nihbench.analysis.adaptive import AdaptiveRow, adaptive_rows
from nihbench.analysis.agreement import BANDS, Agreement, AgreementReport, Comparison, Item, agreement_report
from nihbench.analysis.cases import Case, Cases, Cluster, Filter, Group, cluster, find_cases
from nihbench.analysis.controls import ControlResult, control_results, is_false_answer, withheld
from nihbench.analysis.differences import difference
from nihbench.analysis.export import check_export, export, joined
from nihbench.analysis.fairness import Copy, Fairness, Finding, check_needle
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.loaded import EXTRA_COLUMNS, LoadedRun, load_run
from nihbench.analysis.pairing import Interaction, Paired, Turned, holm, pair, prompt_by_model, turned
from nihbench.analysis.profiles import Profile, depth_profile, length_profile
from nihbench.analysis.sides import Side, planned_cells, text_of
from nihbench.analysis.statistics import GridTrials, Region, Statistics, grid_trials, misses, statistics
from nihbench.analysis.summaries import Rate, Summary, summary
from nihbench.analysis.table import COLUMNS, UNSCORED, Table, columns, frame, pairs
from nihbench.analysis.tally import Tally, squeezed
from nihbench.analysis.unpaired import Unpaired, unpair
from nihbench.analysis.wordings import Wording

__all__ = [
    "Unpaired",
    "unpair",
    "BANDS",
    "COLUMNS",
    "EXTRA_COLUMNS",
    "UNSCORED",
    "AdaptiveRow",
    "Agreement",
    "AgreementReport",
    "Case",
    "Cases",
    "Cluster",
    "Comparison",
    "ControlResult",
    "Copy",
    "Fairness",
    "Filter",
    "Finding",
    "Grid",
    "GridTrials",
    "Group",
    "Interaction",
    "Item",
    "LoadedRun",
    "Paired",
    "Profile",
    "Rate",
    "Region",
    "Side",
    "Statistics",
    "Summary",
    "Table",
    "Tally",
    "Turned",
    "Wording",
    "adaptive_rows",
    "agreement_report",
    "check_export",
    "check_needle",
    "cluster",
    "columns",
    "control_results",
    "depth_profile",
    "difference",
    "export",
    "find_cases",
    "frame",
    "grid",
    "grid_trials",
    "holm",
    "is_false_answer",
    "joined",
    "length_profile",
    "load_run",
    "misses",
    "pair",
    "pairs",
    "planned_cells",
    "prompt_by_model",
    "squeezed",
    "statistics",
    "summary",
    "text_of",
    "withheld",
    "turned",
]
