"""`nih compare`: do two prompts or two models differ on the same haystacks, where, and by how much."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import typer

from nihbench.cli.output import command, note, show_json, tell
from nihbench.errors import UsageError
from nihbench.lang import language, t

if TYPE_CHECKING:
    from nihbench.analysis import ControlResult, Interaction, Paired, Side
    from nihbench.cli.finish import Result
    from nihbench.run import RunFolder
    from nihbench.stats import Region

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time


@command
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN [RUN]", help="Run folders, or a folder of runs.")],
    by: Annotated[
        _TEXT,
        typer.Option("--by", help="prompt | model: what is compared (default: prompt in one run, else what differs)."),
    ] = None,
    prompt: Annotated[
        str,
        typer.Option("--prompt", help="Only these prompts, separated by commas; the first is the one to compare with."),
    ] = "",
    wanted: Annotated[
        float, typer.Option("--difference", help="Say how many repeats would show a difference of so many points.")
    ] = 5.0,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Compare runs of other prompts, as two independent samples.")
    ] = False,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Compare prompts, or models, over identical haystacks: paired exact tests and a verdict in plain words."""
    from nihbench.cli.finish import result_of
    from nihbench.cli.plot import chosen
    from nihbench.run import find_runs, open_run

    if by not in (None, "prompt", "model"):
        raise UsageError(t("--by {by!r}: choose prompt or model", by=by))
    if not 0 < wanted <= 100:
        raise UsageError(t("--difference is in points: give a number above 0, up to 100"))
    results = [result_of(open_run(path), scorer=scorer) for given in runs for path in find_runs(given)]
    sides = chosen([side for result in results for side in sides_of(result)], prompt, lambda side: side.prompt)
    kind = by or _what_differs(sides)
    if unpaired:
        note_controls([(result.run, result.controls) for result in results])
        _tell_unpaired(opposed(sides, kind), as_json=as_json, by=kind)
        return
    made = compared(sides, kind, wanted / 100)
    crossed = interactions(sides)
    note_controls([(result.run, result.controls) for result in results])
    if as_json:
        show_json({"by": kind, "comparisons": [as_value(each) for each in made], "interactions": _values(crossed)})
    else:
        _tell(made, crossed)


def sides_of(result: Result) -> list[Side]:
    """Return what a run has to compare, one side for each prompt."""
    from nihbench.analysis import Side, planned_cells, text_of
    from nihbench.cli.sweep import origin_of
    from nihbench.run import length_unit

    manifest, origin = result.run.manifest, origin_of(result.run, result.records)
    return [
        Side(
            name="",
            run=result.run.path.name,
            place=str(result.run.path),
            model=manifest["model"]["name"],
            experiment=experiment,
            prompt=prompt,
            table=result.table,
            text=text_of(manifest),
            unit=length_unit(manifest),
            served=origin.served,
            date=origin.date,
            **planned_cells(
                trial
                for trial in result.planned
                if (trial.experiment, trial.prompt, trial.control) == (experiment, prompt, None)
            ),
        )
        for experiment, prompt in result.prompts
    ]


def _what_differs(sides: Sequence[Side]) -> str:
    """Return "model" where one experiment and prompt was measured more than once, else "prompt"."""
    measured = [(side.experiment, side.prompt) for side in sides]
    return "model" if len(set(measured)) < len(measured) else "prompt"


def compared(sides: Sequence[Side], by: str, wanted: float) -> list[Paired]:
    """Compare the first side of every group with each other one; p-values are corrected for all comparisons together.

    Raises:
        UsageError: There is nothing to compare, or haystacks differ.
    """
    from nihbench.analysis import holm, pair

    made = [pair(first, second, wanted=wanted) for first, second in opposed(sides, by)]
    corrected, of_texts = holm([each.p_value for each in made]), holm([each.texts_p_value for each in made])
    return [
        replace(each, p_value=value, texts_p_value=of_text)
        for each, value, of_text in zip(made, corrected, of_texts, strict=True)
    ]


def opposed(sides: Sequence[Side], by: str) -> list[tuple[Side, Side]]:
    """Return the first side of every group with each other one, named by what tells them apart.

    Raises:
        UsageError: There is nothing to compare.
    """
    groups: dict[tuple[str, ...], list[Side]] = {}
    for side in sides:
        key = (side.model, side.experiment) if by == "prompt" else (side.experiment, side.prompt)
        groups.setdefault(key, []).append(side)
    made = []
    for group in groups.values():
        first, *others = _named(group, by)
        made += [(first, other) for other in others]
    if not made and len(sides) == 2:
        one, other = (replace(side, name=_whole_name(side)) for side in sides)
        made = [(one, other)]
    if not made:
        here = ", ".join(map(_whole_name, sides)) or t("nothing")
        raise UsageError(
            t(
                "there is nothing to compare by prompt: it takes two prompts of one model, and here is: {here}",
                here=here,
            )
            if by == "prompt"
            else t(
                "there is nothing to compare by model: it takes one experiment and prompt on two models, and here is: "
                "{here}",
                here=here,
            )
        )
    return made


def _whole_name(side: Side) -> str:
    return f"{side.model}: {side.experiment}/{side.prompt}"


def _named(group: Sequence[Side], by: str) -> list[Side]:
    """Name sides by what tells them apart: prompts or models, and the run where neither does."""
    from nihbench.cli.sweep import Origin, called_apart

    kinds = [side.prompt if by == "prompt" else side.model for side in group]
    names = list(kinds)
    for kind in {kind for kind in kinds if kinds.count(kind) > 1}:
        mine = [at for at, each in enumerate(kinds) if each == kind]
        origins = [Origin(run=group[at].run, date=group[at].date, served=group[at].served) for at in mine]
        for at, name in zip(mine, called_apart(kind, origins, [0] * len(mine)), strict=True):
            names[at] = name
    return [replace(side, name=name) for side, name in zip(group, names, strict=True)]


def _heading(made: Paired, of: Sequence[Paired]) -> str:
    """Say what both sides have in common, where several comparisons are told."""
    first, second = made.first, made.second
    if len({(each.first.model, each.first.experiment, each.first.prompt) for each in of}) == 1:
        return ""
    if first.model == second.model and first.prompt != second.prompt:
        return f"{first.model}, {first.experiment}: "
    return f"{first.experiment}/{first.prompt}: "


def interactions(sides: Sequence[Side]) -> list[Interaction]:
    """Return the prompt x model interaction of every two prompts that two models have both been asked with."""
    from nihbench.analysis import prompt_by_model

    at = {(side.experiment, side.model, side.prompt): side for side in sides}
    found = []
    for experiment in dict.fromkeys(side.experiment for side in sides):
        models = list(dict.fromkeys(side.model for side in sides if side.experiment == experiment))
        prompts = list(dict.fromkeys(side.prompt for side in sides if side.experiment == experiment))
        for one, other in combinations(models, 2):
            for second in prompts[1:]:
                four = [at.get((experiment, model, name)) for model in (one, other) for name in (prompts[0], second)]
                a, b, c, d = four
                if a and b and c and d:
                    try:
                        made = prompt_by_model((a, b), (c, d))
                    except UsageError as error:  # the models' own prompts can still be compared
                        note(t("no prompt x model interaction: {error}", error=error))
                    else:
                        found += [made] if made else []
    return found


def note_controls(told: Sequence[tuple[RunFolder, Sequence[ControlResult]]]) -> None:
    """Say on stderr which controls of some runs failed: what follows may then measure something else."""
    models = [str(run.manifest["model"]["name"]) for run, _ in told]
    for model, (_, controls) in zip(models, told, strict=True):
        of = f"{model}: " if len(set(models)) > 1 else ""
        for control in controls:
            if control.failed:
                note(of + control.sentence(language()))


def _tell(made: Sequence[Paired], crossed: Sequence[Interaction]) -> None:
    from nihbench.cli.output import plain
    from nihbench.figures import SEVERAL, comparison_paragraph, interaction_sentence, say, unit_phrase

    paragraphs = [_heading(each, made) + comparison_paragraph(each, language(), len(made)) for each in made]
    for listing in dict.fromkeys(
        _listing(each) for each in made if each.lost and each.first.place != each.second.place
    ):
        note(t("what was found before and is missed now, case by case: {command}", command=listing))
    unit = SEVERAL.join(dict.fromkeys(_unit_of(each) for each in made))
    paragraphs += [interaction_sentence(each, language()) for each in crossed]
    paragraphs.append(say(language(), "length_note", unit=unit_phrase(unit, language())))
    tell("\n\n".join(map(plain, paragraphs)))


def _listing(made: Paired) -> str:
    """Return the command that shows what only the first side found."""
    return f"nih cases {shlex.quote(made.second.place)} --against {shlex.quote(made.first.place)}"


def _tell_unpaired(pairs: Sequence[tuple[Side, Side]], *, as_json: bool, by: str) -> None:
    from nihbench.analysis import unpair
    from nihbench.cli.output import plain
    from nihbench.cli.unpaired import unpaired_paragraph, unpaired_values
    from nihbench.figures import SEVERAL, say, unit_phrase

    made = [unpair(first, second) for first, second in pairs]
    if as_json:
        show_json({"by": by, "comparisons": unpaired_values(made)})
        return
    units = SEVERAL.join(dict.fromkeys(side.unit for pair in pairs for side in pair))
    unit = say(language(), "length_note", unit=unit_phrase(units, language()))
    tell("\n\n".join(map(plain, [*(unpaired_paragraph(each, language()) for each in made), unit])))


def _unit_of(paired: Paired) -> str:
    """Return the unit of both sides' lengths: of one that has another run's prompts, the other run's."""
    return paired.second.unit if paired.second.unit.startswith("model:") else paired.first.unit


def as_value(paired: Paired) -> dict[str, Any]:
    """Return a comparison as JSON has it."""
    from nihbench.figures import comparison_paragraph

    return {
        "first": _side(paired.first),
        "second": _side(paired.second),
        "verdict": paired.verdict,
        "general": bool(paired.found and paired.found.general),
        "p_value": paired.p_value,
        "texts_verdict": paired.texts_verdict,
        "texts_p_value": paired.texts_p_value,
        "planned_pairs": paired.planned,
        "measured_pairs": paired.measured,
        "left_out_trials": paired.left_out,
        "moved_needles": paired.moved,
        "found": _comparison(paired, "found"),
        "mean_band": _comparison(paired, "band"),
        "regions": [_region(paired, each) for each in paired.regions],
        "lost": [asdict(each) for each in paired.lost],
        "won": [asdict(each) for each in paired.won],
        "repeats": paired.repeats,
        "wanted_difference": paired.wanted,
        "repeats_needed": paired.needed,
        "length_unit": _unit_of(paired),
        "text": {"en": comparison_paragraph(paired, "en"), "zh": comparison_paragraph(paired, "zh")},
    }


def _side(side: Side) -> dict[str, str]:
    return {"name": side.name, "model": side.model, "experiment": side.experiment, "prompt": side.prompt}


def _region(paired: Paired, region: Region) -> dict[str, Any]:
    return {
        "lengths": paired.lengths_of(region),
        "depths_percent": paired.depths_of(region),
        "pairs": region.pairs,
        "first": region.first,
        "second": region.second,
        "difference": region.difference,
        "gained": region.gained,
        "lost": region.lost,
        "p_value": region.p_value,
    }


def _comparison(paired: Paired, what: Literal["found", "band"]) -> dict[str, Any] | None:
    """Return one of the two comparisons; cells by their tokens and percents, not by their indices."""
    made = paired.found if what == "found" else paired.band
    if made is None:
        return None
    cells = [
        {
            "length": paired.lengths[cell.length],
            "depth_percent": paired.depths[cell.depth],
            "pairs": cell.pairs,
            "difference": cell.difference,
            "p_value": cell.p_value,
        }
        for cell in made.cells
    ]
    return asdict(made) | {"verdict": made.verdict, "general": made.general, "cells": cells}


def _values(crossed: Sequence[Interaction]) -> list[dict[str, Any]]:
    names = ("experiment", "prompts", "models", "pairs")
    return [
        {name: getattr(each, name) for name in names} | asdict(each.change) | {"general": each.change.general}
        for each in crossed
    ]
