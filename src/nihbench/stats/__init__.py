"""Statistics of a sweep, on numpy arrays and small frozen values: intervals, paired tests, estimators, patterns.

Pure: no tables, no files, no model. Nothing here is random but the shuffles of `drift`, whose generator is an
argument. docs/method.md, "Statistics", defines every quantity and names its source.
"""
