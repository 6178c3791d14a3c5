"""`nih plot`: figures of runs, from their stored scores."""

from __future__ import annotations

from pathlib import Path

from nihbench.app.drawing import plot_of, style_of
from nihbench.app.results import results_in
from nihbench.cli.hearing import terminal


def plot(
    runs: list[Path],
    out: Path,
    kind: str,
    prompt: str,
    axis: str,
    scorer: str | None,
    animate: Path | None,
    title: str | None,
    preset: str,
    colours: str,
    size: str | None,
    dpi: int | None,
    transparent: bool,
    values: bool,
) -> None:
    """Draw runs from their stored scores: a heatmap, a panel of several, a difference, or profiles."""
    style_of(out, kind=kind, axis=axis, animate=animate, preset=preset, colours=colours, size=size, dpi=dpi)
    plot_of(
        results_in(runs, scorer=scorer), out, terminal(), kind=kind, prompt=prompt, axis=axis, animate=animate,
        title=title, preset=preset, colours=colours, size=size, dpi=dpi, transparent=transparent, values=values,
    )  # fmt: skip
