"""Scores: an answer against a needle gives a band, an outcome class and the evidence for both. Pure, no I/O."""
