"""Intervals, tests and estimators over plain numbers. Pure: no I/O, no tables, nothing of needles or models."""
