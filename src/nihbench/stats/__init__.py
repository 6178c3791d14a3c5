"""Statistics of a sweep, on numpy arrays and small frozen values: intervals, paired tests, estimators, patterns.

Pure: no tables, no files, no model. Nothing here is random but the shuffles of `drift`, whose generator is an
argument. docs/method.md, "Statistics", defines every quantity and names its source.
"""

from nihbench.stats.adaptive import FirstDraws, draws, highest_levels, most_draws, need, precision_at, row_means, spread
from nihbench.stats.binomial import Share, above_chance, clopper_pearson, lower_bound, share, trials_to_demonstrate
from nihbench.stats.cell import BANDS, Cell, cell, credible_mean
from nihbench.stats.compare import Comparison, Pairs, compare, interaction
from nihbench.stats.detectable import Design, design_of, power_of, repeats_needed, smallest_detectable
from nihbench.stats.diagnose import LEAST_MISSES, Cut, Diagnosis, Pattern, diagnose
from nihbench.stats.drift import Drift, drift
from nihbench.stats.effective import RULER_THRESHOLD, EffectiveLength, effective_length, pooled_rows
from nihbench.stats.headline import (
    Estimate,
    Headline,
    Trials,
    by_depth,
    by_length,
    by_third,
    estimate,
    headline,
    thirds,
)
from nihbench.stats.interval import Interval
from nihbench.stats.monotone import decreasing_fit
from nihbench.stats.patterns import Places
from nihbench.stats.surface import Surface, smooth

__all__ = [
    "BANDS",
    "LEAST_MISSES",
    "RULER_THRESHOLD",
    "Cell",
    "Comparison",
    "Cut",
    "Design",
    "Diagnosis",
    "Drift",
    "EffectiveLength",
    "Estimate",
    "FirstDraws",
    "Headline",
    "Interval",
    "Pairs",
    "Pattern",
    "Places",
    "Share",
    "Surface",
    "Trials",
    "above_chance",
    "by_depth",
    "by_length",
    "by_third",
    "cell",
    "clopper_pearson",
    "compare",
    "credible_mean",
    "decreasing_fit",
    "design_of",
    "diagnose",
    "draws",
    "drift",
    "effective_length",
    "estimate",
    "headline",
    "highest_levels",
    "interaction",
    "most_draws",
    "need",
    "lower_bound",
    "pooled_rows",
    "power_of",
    "precision_at",
    "repeats_needed",
    "row_means",
    "share",
    "smallest_detectable",
    "smooth",
    "spread",
    "thirds",
    "trials_to_demonstrate",
]
