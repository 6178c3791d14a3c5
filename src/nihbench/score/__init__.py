"""Scores: an answer against a needle gives a band, an outcome class and the evidence for both. Pure, no I/O."""

from __future__ import annotations

from nihbench.score.rules import SCORER, VERSION, grade

__all__ = ["SCORER", "VERSION", "grade"]
