"""Statistics of a sweep, on numpy arrays and small frozen values: intervals, paired tests, estimators, patterns.

Pure: no tables, no files, no model. Nothing here is random but the shuffles of `drift`, whose generator is an
argument. docs/method.md, "Statistics", defines every quantity and names its source.
"""

from nihbench.stats.adaptive import (
    FirstDraws,
    draws,
    highest_levels,
    most_draws,
    need,
    precision_at,
    row_intervals,
    spread,
)
from nihbench.stats.binomial import Share, above_chance, clopper_pearson, lower_bound, share, trials_to_demonstrate
from nihbench.stats.cell import BANDS, Cell, cell, credible_mean, mean_interval
from nihbench.stats.compare import Comparison, Crossed, Pairs, compare, interaction, repeats_for, verdict_of
from nihbench.stats.detectable import LEAST_HAYSTACKS, Design, design_of, power_of, repeats_needed, smallest_detectable
from nihbench.stats.diagnose import LEAST_MISSES, Cut, Diagnosis, Pattern, diagnose
from nihbench.stats.drift import Drift, drift
from nihbench.stats.effective import RULER_THRESHOLD, EffectiveLength, Reach, effective_length, pooled_rows
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
from nihbench.stats.overlap import (
    ONE_TEXT,
    WINDOW,
    Repeated,
    linked,
    one_text,
    overlaps,
    repeated_windows,
    text_overlaps,
)
from nihbench.stats.patterns import Places
from nihbench.stats.regions import Region, strongest_regions
from nihbench.stats.surface import Surface, smooth

__all__ = [
    "BANDS",
    "LEAST_HAYSTACKS",
    "LEAST_MISSES",
    "ONE_TEXT",
    "WINDOW",
    "RULER_THRESHOLD",
    "Cell",
    "Comparison",
    "Crossed",
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
    "Reach",
    "Region",
    "Repeated",
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
    "linked",
    "lower_bound",
    "mean_interval",
    "one_text",
    "overlaps",
    "pooled_rows",
    "power_of",
    "precision_at",
    "repeats_for",
    "repeated_windows",
    "repeats_needed",
    "row_intervals",
    "share",
    "smallest_detectable",
    "smooth",
    "spread",
    "strongest_regions",
    "text_overlaps",
    "thirds",
    "trials_to_demonstrate",
    "verdict_of",
]
