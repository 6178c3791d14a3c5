"""`nih plot`: figures of runs, from their stored scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from nihbench.cli.output import command, note
from nihbench.errors import UsageError
from nihbench.lang.messages import language, t

if TYPE_CHECKING:
    from nihbench.figures.style import Style

T = TypeVar("T")
_LOOK = "Look"


@command
def plot(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture: .png, .svg or .pdf.")] = Path("heatmap.png"),
    kind: Annotated[
        str, typer.Option("--kind", help="map (a panel where there are several) | difference (of two) | profiles.")
    ] = "map",
    prompt: Annotated[
        str, typer.Option("--prompt", help="Only these prompts, separated by commas, in this order.")
    ] = "",
    axis: Annotated[
        str, typer.Option("--axis", help="Depths as planned (nominal) or as they came out (achieved).")
    ] = "nominal",
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")
    ] = None,
    animate: Annotated[
        Path | None, typer.Option("--animate", help="Write also how the map filled: .png (APNG) or .gif.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="A title of your own.", rich_help_panel=_LOOK)] = None,
    preset: Annotated[
        str, typer.Option("--preset", help="default | blog | slide (16:9).", rich_help_panel=_LOOK)
    ] = "default",
    colours: Annotated[
        str,
        typer.Option(
            "--colours", "--colors", help="classic | safe (colour-blind) | grey (print).", rich_help_panel=_LOOK
        ),
    ] = "classic",
    size: Annotated[
        str | None, typer.Option("--size", help="In inches: 8x5, or 8 for the width alone.", rich_help_panel=_LOOK)
    ] = None,
    dpi: Annotated[int | None, typer.Option("--dpi", help="Pixels an inch.", rich_help_panel=_LOOK)] = None,
    transparent: Annotated[bool, typer.Option("--transparent", help="No ground.", rich_help_panel=_LOOK)] = False,
    values: Annotated[
        bool, typer.Option("--values/--no-values", help="Numbers in the cells, where they fit.", rich_help_panel=_LOOK)
    ] = True,
) -> None:
    """Draw runs from their stored scores: a heatmap, a panel of several, a difference, or profiles."""
    from nihbench.cli.drawing import KINDS, draw
    from nihbench.cli.results import result_of
    from nihbench.figures.animation import check_animation
    from nihbench.figures.files import check_suffix
    from nihbench.run.store import open_run
    from nihbench.run.tree import find_runs

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
    draw(sweeps, out, style, kind=kind, title=title, animate=(animate, records) if animate else None)
    note(t("figure: {out}", out=out))


def _style(preset_name: str, colours: str, size: str | None, dpi: int | None) -> Style:
    from nihbench.figures.colours import palette
    from nihbench.figures.style import preset, sized

    return sized(replace(preset(preset_name), lang=language(), palette=palette(colours)), size=size, dpi=dpi)


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(
            t("{option} {value!r}: choose one of {known}", option=option, value=value, known=", ".join(known))
        )


def chosen(items: Sequence[T], prompts: str, prompt_of: Callable[[T], str]) -> list[T]:
    """Keep what has the prompts that are named, in the order of their names; all of it where none is.

    Raises:
        UsageError: A prompt is not among them.
    """
    names = [name.strip() for name in prompts.split(",") if name.strip()]
    present = dict.fromkeys(map(prompt_of, items))
    for name in names:
        if name not in present:
            raise UsageError(
                t("no run here has a prompt {name!r}: there are {present}", name=name, present=", ".join(present))
            )
    return [item for name in names for item in items if prompt_of(item) == name] if names else list(items)
