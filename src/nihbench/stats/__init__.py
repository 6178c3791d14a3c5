"""Statistics of a sweep, on numpy arrays and small frozen values: intervals, paired tests, estimators, patterns.

Pure: no tables, no files, no model; what is drawn at random has a fixed seed. docs/method.md, "Statistics", defines
every quantity and names its source.
"""
