"""`nih plot`: figures of runs, from their stored scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nihbench.app.drawing import KINDS, draw
from nihbench.app.results import chosen, result_of
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note
from nihbench.errors import UsageError
from nihbench.figures.animation import check_animation
from nihbench.figures.colours import palette
from nihbench.figures.files import check_suffix
from nihbench.figures.style import Style, preset, sized
from nihbench.lang.messages import language, t
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs


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
    check_suffix(out)
    if animate:
        check_animation(animate)
    _one_of("--kind", kind, KINDS)
    _one_of("--axis", axis, ("nominal", "achieved"))
    style = _style(preset, colours, size, dpi)
    style = replace(style, transparent=transparent, values=values, achieved=axis == "achieved" and kind == "map")
    results = [result_of(open_run(path), scorer=scorer) for path in runs for path in find_runs(path)]
    records = results[0].records if len(results) == 1 else ()
    sweeps = chosen([s for result in results for s in result.sweeps], prompt, lambda sweep: sweep.grid.prompt)
    draw(sweeps, out, style, terminal(), kind=kind, title=title, animate=(animate, records) if animate else None)
    note(t("cli.figure", out=out))


def _style(preset_name: str, colours: str, size: str | None, dpi: int | None) -> Style:
    return sized(replace(preset(preset_name), lang=language(), palette=palette(colours)), size=size, dpi=dpi)


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(t("cli.choose_one", option=option, value=value, known=", ".join(known)))
