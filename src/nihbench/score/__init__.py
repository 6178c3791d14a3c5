"""Scores: an answer against a needle gives a band, an outcome class and the evidence for both. Pure, no I/O."""

from __future__ import annotations

from nihbench.score.judge import VERSION as JUDGE_VERSION
from nihbench.score.rules import SCORER, VERSION, grade

__all__ = ["JUDGE_VERSION", "SCORER", "VERSION", "grade"]
