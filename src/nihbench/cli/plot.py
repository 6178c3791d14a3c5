"""`nih plot`: figures of runs, from their stored scores."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from nihbench.app.drawing import plot_of
from nihbench.app.results import results_in
from nihbench.cli.hearing import terminal


def plot(runs: list[Path], out: Path, scorer: str | None, **look: Any) -> None:
    """Draw runs from their stored scores: a heatmap, a panel of several, a difference, or profiles."""
    plot_of(partial(results_in, runs, scorer=scorer), out, terminal(), **look)
