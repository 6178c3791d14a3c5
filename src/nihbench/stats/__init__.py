"""Statistics of a sweep, on numpy arrays and small frozen values: intervals, paired tests, estimators, patterns.

Pure: no tables, no files, no model; where something is drawn at random, the seed is fixed. docs/method.md, "Statistics",
defines every quantity and names its source.
"""
