"""Runs -> the data of the report: one value that JSON can hold, documented in docs/report.md.

Nothing here draws or knows HTML. Numbers are made by the rest of `analysis`; here they are only laid out.
"""
