"""Records -> table: one row a trial, the depth x length grid, the headline numbers.

Nothing here draws, prints or reads files. What was not measured is NaN or counted as unmeasured, never scored.
"""
