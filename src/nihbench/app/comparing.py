"""`nih compare`: do two prompts or two models differ on the same haystacks, where, and by how much."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from nihbench.analysis.pairing import (
    CONDITION,
    CORPUS,
    LANGUAGE,
    MARGIN,
    Interaction,
    Paired,
    Side,
    Turned,
    Unpaired,
    condition_of,
    equal_content,
    holm,
    pair,
    planned_cells,
    prompt_by_model,
    text_of,
    turned,
    unpair,
)
from nihbench.app.events import Caller
from nihbench.app.results import Result, origin_of, result_of, tell_controls
from nihbench.errors import UsageError
from nihbench.figures.captions import SEVERAL, joined, say, unit_phrase
from nihbench.figures.findings import change_phrase, comparison_paragraph, interaction_sentence, points
from nihbench.figures.sweeps import Origin, called_apart, chosen
from nihbench.lang.messages import Lang, Message, language, languages, said, t
from nihbench.run.options import OF_ANOTHER
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs
from nihbench.stats.headline import METRICS
from nihbench.stats.regions import Region
from nihbench.types import DEPTH, Placement, Record

# ---- unpaired --------------------------------------------------------------------------------------------------------
# What `nih compare --unpaired` says of two sides: a difference of two samples, and what that is worth.


def unpaired_paragraph(made: Unpaired, lang: Lang) -> str:
    """Return the verdict in plain words, named as what it is."""
    return joined(lang, [said(sentence, lang) for sentence in (_verdict(made), _of_what(made), _how_far(made))])


def _verdict(made: Unpaired) -> Message:
    a, b, (one, other) = made.first.name, made.second.name, made.found
    if not one.measured or not other.measured:
        return t("cli.unpaired_nothing_measured", a=a, b=b)
    numbers = t(
        "cli.difference_points_95_interval",
        first=f"{one.value:.1%}",
        second=f"{other.value:.1%}",
        d=points(made.difference),
        low=points(made.interval.low),
        high=points(made.interval.high),
    )
    if made.verdict == "unmeasured":
        return t("cli.unpaired_no_verdict_under", a=a, b=b, numbers=numbers)
    if made.verdict == "same":
        return t("cli.unpaired_find_needle_equally", a=a, b=b, margin=100 * MARGIN, numbers=numbers)
    if made.verdict == "unclear":
        return t("cli.unpaired_whether_differ_open", a=a, b=b, numbers=numbers)
    if made.difference > 0:
        return t("cli.unpaired_finds_needle_more", a=a, b=b, numbers=numbers)
    return t("cli.unpaired_finds_needle_less", a=a, b=b, numbers=numbers)


def _of_what(made: Unpaired) -> Message:
    if made.cells:
        return t("cli.two_independent_samples_trials", first=made.planned[0], second=made.planned[1], cells=made.cells)
    one, other = (f"{low:,}-{high:,}" for low, high in made.lengths)
    return t("cli.two_grids_no_cell", one=one, other=other)


def _how_far(made: Unpaired) -> Message:
    if made.this_haystack:
        return t("cli.side_stands_one_haystack")
    one, other = (each.haystacks for each in made.found)
    return t("cli.intervals_over_haystacks_hold", one=one, other=other)


def unpaired_values(made: Sequence[Unpaired]) -> list[dict[str, Any]]:
    """Return unpaired comparisons as JSON has them."""
    return [
        {
            "first": _unpaired_side(each.first),
            "second": _unpaired_side(each.second),
            "paired": False,
            "verdict": each.verdict,
            "planned_trials": list(each.planned),
            "common_cells": each.cells,
            "found": [asdict(found) | {"value": found.value if found.measured else None} for found in each.found],
            "difference": each.difference if all(found.measured for found in each.found) else None,
            "interval": asdict(each.interval) if all(found.measured for found in each.found) else None,
            "text": {lang: unpaired_paragraph(each, lang) for lang in languages()},
        }
        for each in made
    ]


def _unpaired_side(side: Side) -> dict[str, str]:
    told = {"name": side.name, "model": side.model, "experiment": side.experiment, "prompt": side.prompt}
    return told | {"run": side.run}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How some runs compare: pairs over identical haystacks, or two samples each (`unpaired`), and a verdict of each.

    `by`: what is compared, one of `WAYS`. `interactions`: whether a prompt helps one model more than
    another.
    """

    by: str
    pairs: tuple[Paired, ...] = ()
    unpaired: tuple[Unpaired, ...] = ()
    interactions: tuple[Interaction, ...] = ()

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The verdicts in plain words, in the language of this process, and in what lengths are counted."""
        lang = language()
        paragraphs = [
            _heading(each, self.pairs) + comparison_paragraph(each, lang, len(self.pairs)) for each in self.pairs
        ]
        paragraphs += [unpaired_paragraph(each, lang) for each in self.unpaired]
        paragraphs += [interaction_sentence(each, lang) for each in self.interactions]
        units = [_unit_of(each) for each in self.pairs]
        units += [side.unit for each in self.unpaired for side in (each.first, each.second)]
        unit = SEVERAL.join(dict.fromkeys(units))
        return (*paragraphs, say(lang, "length_note", unit=unit_phrase(unit, lang)))

    @property
    def listings(self) -> tuple[str, ...]:
        """The commands that show what only the first side of a pair found."""
        lost = (each for each in self.pairs if each.lost and each.first.place != each.second.place)
        return tuple(dict.fromkeys(map(_listing, lost)))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values (docs/formats.md)."""
        if self.unpaired:
            return {"by": self.by, "comparisons": unpaired_values(self.unpaired)}
        pairs = [as_value(each) for each in self.pairs]
        return {"by": self.by, "comparisons": pairs, "interactions": _values(self.interactions)}

    def __str__(self) -> str:
        return "\n\n".join(self.paragraphs)


def comparison_of(
    read: Callable[[], Sequence[Result]],
    caller: Caller,
    *,
    by: str | None = None,
    prompt: str = "",
    rows: str = "",
    wanted: float = 5.0,
    unpaired: bool = False,
) -> Comparison:
    """Compare prompts or models over identical haystacks: exact paired tests and a verdict in plain words.

    Args:
        read: reads the runs, when the options are known to be some.
        caller: hears which controls failed.
        by: one of `WAYS`; None: what differs.
        prompt: only these prompts, separated by commas; "": all.
        rows: only these rows of the grid (depths, or the task's own), separated by commas; "": all.
        wanted: the difference in points that should be seen: how many repeats it needs is said.
        unpaired: as two samples, where the haystacks differ.

    Raises:
        UsageError: there is nothing to compare, or haystacks differ.
    """
    if by not in (None, *WAYS):
        raise UsageError(t("cli.choose_prompt_model", by=by))
    if not 0 < wanted <= 100:
        raise UsageError(t("cli.difference_points_give_number"))
    results = read()
    sides = chosen([side for result in results for side in sides_of(result)], prompt, lambda side: side.prompt)
    sides = [_with_rows(side, rows) for side in sides]
    kind = by or _what_differs(sides)
    told = [(result.run, result.controls) for result in results]
    if unpaired:
        tell_controls(told, caller)
        return Comparison(by=kind, unpaired=tuple(unpair(first, second) for first, second in opposed(sides, kind)))
    made, crossed = compared(sides, kind, wanted / 100), interactions(sides, caller)
    tell_controls(told, caller)
    return Comparison(by=kind, pairs=tuple(made), interactions=tuple(crossed))


WAYS = ("prompt", "model", "condition", "language")
"""What sides may differ in."""


def _with_rows(side: Side, rows: str) -> Side:
    """Return a side with some of its grid's rows alone, all of them where none is named.

    Raises:
        UsageError: one of them is no row of its grid.
    """
    if not rows.strip():
        return side
    there = sorted({row for _, row, _ in side.planned})
    for name in (name.strip() for name in rows.split(",")):
        if not any(f"{row:g}" == name for row in there):
            listed = ", ".join(f"{row:g}" for row in there)
            raise UsageError(t("cli.compare_no_such_row", row=name, rows=listed, run=side.run))
    kept = {name.strip() for name in rows.split(",")}
    planned = frozenset(cell for cell in side.planned if f"{cell[1]:g}" in kept)
    return replace(side, planned=planned, same={cell: trial for cell, trial in side.same.items() if cell in planned})


def sides_of(result: Result) -> list[Side]:
    """Return what a run has to compare, one side for each prompt."""
    manifest, origin = result.run.manifest, origin_of(result.run, result.records)
    return [
        Side(
            name="",
            run=result.run.path.name,
            place=str(result.run.path),
            model=manifest.model.name,
            experiment=experiment,
            prompt=prompt,
            table=result.table,
            text=text_of(manifest),
            unit=manifest.unit,
            axis=manifest.axis,
            served=origin.served,
            date=origin.date,
            condition=condition_of(manifest),
            language=manifest.task.language,
            planted_tokens={} if manifest.task.is_single else _planted_tokens(result.records, experiment, prompt),
            **planned_cells(
                trial
                for trial in result.planned
                if (trial.experiment, trial.prompt, trial.control) == (experiment, prompt, None)
            ),
        )
        for experiment, prompt in result.prompts
    ]


def _planted_tokens(records: Iterable[Record], experiment: str, prompt: str) -> dict[tuple[int, float, int], int]:
    """Return what all that is planted takes in each cell's trial."""
    return {
        (record.trial.length, float(record.trial.row), record.trial.repeat): sum(
            each.needle_tokens for each in record.placement.inserts
        )
        for record in records
        if isinstance(record.placement, Placement)
        and (record.trial.experiment, record.trial.prompt, record.trial.control) == (experiment, prompt, None)
    }


def _what_differs(sides: Sequence[Side]) -> str:
    """Return what is compared where nothing is said.

    That is "model" where one experiment, prompt and condition was measured more than once, "condition" or "language"
    where one model was measured with several, else "prompt".
    """
    for by in ("condition", "language"):
        whole = [_key(side, by) for side in sides]
        kinds = {(key, _kind(side, by)) for key, side in zip(whole, sides, strict=True)}
        if len(set(whole)) < len(sides) == len(kinds):
            return by
    measured = [(side.experiment, side.prompt) for side in sides]
    return "model" if len(set(measured)) < len(measured) else "prompt"


def _kind(side: Side, by: str) -> str:
    """Return what a side is among those that it is compared with."""
    return str(getattr(side, by))


def _key(side: Side, by: str) -> tuple[str, ...]:
    """Return what sides have in common that are compared by one thing."""
    parts = {"model": side.model, "prompt": side.prompt, "condition": side.condition, "language": side.language}
    return (side.experiment, *(value for name, value in parts.items() if name != by))


def compared(sides: Sequence[Side], by: str, wanted: float) -> list[Paired]:
    """Compare the first side of every group with each other one; p-values are corrected for all comparisons together.

    Raises:
        UsageError: There is nothing to compare, or haystacks differ.
    """
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
    apart = {"condition": (CONDITION,), "language": (LANGUAGE, CORPUS)}.get(by, ())
    sides = [side.without(*apart) for side in sides] if apart else sides
    groups: dict[tuple[str, ...], list[Side]] = {}
    for side in sides:
        groups.setdefault(_key(side, by), []).append(side)
    if all(len(group) < 2 for group in groups.values()) and not apart:  # what differs beside it is said when they meet
        groups = {}
        for side in sides:
            key = (side.model, side.experiment) if by == "prompt" else (side.experiment, side.prompt)
            groups.setdefault(key, []).append(side)
    made = []
    for group in groups.values():
        first, *others = _named(group, by)
        made += [(first, other) for other in others]
    if not made and len(sides) == 2 and not apart:
        one, other = (replace(side, name=_whole_name(side)) for side in sides)
        made = [(one, other)]
    if not made:
        here = tuple(map(_whole_name, sides)) or t("cli.nothing")
        if apart:
            told = "condition" if by == "condition" else "language"
            raise UsageError(t("cli.nothing_compare_twins", by=t(f"common.{told}"), here=here))
        raise UsageError(
            t("cli.nothing_compare_prompt_takes", here=here)
            if by == "prompt"
            else t("cli.nothing_compare_model_takes", here=here)
        )
    return made


def _whole_name(side: Side) -> str:
    return f"{side.model}: {side.experiment}/{side.prompt}"


def _named(group: Sequence[Side], by: str) -> list[Side]:
    """Name sides by what tells them apart: prompts, models, conditions, languages, and the run where none does."""
    kinds = [_kind(side, by) for side in group]
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


def interactions(sides: Sequence[Side], caller: Caller) -> list[Interaction]:
    """Return the prompt x model interaction of every two prompts that two models have both been asked with."""
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
                        caller.tell(t("cli.no_prompt_x_model", error=error))
                    else:
                        found += [made] if made else []
    return found


def _listing(made: Paired) -> str:
    """Return the command that shows what only the first side found."""
    return f"nih cases {shlex.quote(made.second.place)} --against {shlex.quote(made.first.place)}"


def _unit_of(paired: Paired) -> str:
    """Return the unit of both sides' lengths: of one that has another run's prompts, the other run's."""
    return paired.second.unit if paired.second.unit.startswith(OF_ANOTHER) else paired.first.unit


def as_value(paired: Paired) -> dict[str, Any]:
    """Return a comparison as JSON has it."""
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
        **{each.name: _comparison(paired, each.name) for each in METRICS},
        "change": {lang: change_phrase(paired, lang) for lang in languages()},
        "regions": [_region(paired, each) for each in paired.regions],
        "lost": [_turned(paired, each) for each in paired.lost],
        "won": [_turned(paired, each) for each in paired.won],
        **_task_json(paired),
        **_language_json(paired),
        "repeats": paired.repeats,
        "wanted_difference": paired.wanted,
        "repeats_needed": paired.needed,
        "length_unit": _unit_of(paired),
        "text": {lang: comparison_paragraph(paired, lang) for lang in languages()},
    }


def _side(side: Side) -> dict[str, str]:
    told = {"name": side.name, "model": side.model, "experiment": side.experiment, "prompt": side.prompt}
    return told | ({"condition": side.condition} if side.condition else {})


def _language_json(paired: Paired) -> dict[str, Any]:
    """Return how two languages are paired, and what they find at equal content, where sides are of two."""
    if paired.first.language == paired.second.language:
        return {}
    made = equal_content(paired)
    return {
        "languages": [paired.first.language, paired.second.language],
        "paired_at": "equal_tokens",
        "tokens_ratio": paired.tokens_ratio,
        "equal_content": None if made is None else asdict(made),
    }


def _region(paired: Paired, region: Region) -> dict[str, Any]:
    return {
        "lengths": paired.lengths_of(region),
        **_rows_json(paired, paired.depths_of(region)),
        "pairs": region.pairs,
        "first": region.first,
        "second": region.second,
        "difference": region.difference,
        "gained": region.gained,
        "lost": region.lost,
        "p_value": region.p_value,
    }


def _rows_json(paired: Paired, ends: tuple[float, float]) -> dict[str, Any]:
    return {"depths_percent" if paired.axis.name == DEPTH.name else "rows": ends}


def _turned(paired: Paired, turned: Turned) -> dict[str, Any]:
    plain = asdict(turned)
    if paired.axis.name != DEPTH.name:
        plain["row"] = plain.pop("depth_percent")
    return plain


def _task_json(paired: Paired) -> dict[str, Any]:
    """Return what the rows are, where they are not depths, and how often each side gave each item, where there are."""
    axis, (one, other) = paired.axis, paired.items
    title = {lang: said(axis.title, lang) for lang in languages()}
    told: dict[str, Any] = {}
    if axis.name != DEPTH.name:
        told["axis"] = {"name": axis.name, "unit": axis.unit, "title": title}
    if one or other:
        told["items"] = {"first": [asdict(each) for each in one], "second": [asdict(each) for each in other]}
    return told


def _comparison(paired: Paired, metric: str) -> dict[str, Any] | None:
    """Return the comparison of a metric; cells by their tokens and percents, not by their indices."""
    made = paired.metrics.get(metric)
    if made is None:
        return None
    cells = [
        {
            "length": paired.lengths[cell.length],
            **({"depth_percent": at} if paired.axis.name == DEPTH.name else {"row": at}),
            "pairs": cell.pairs,
            "difference": cell.difference,
            "p_value": cell.p_value,
        }
        for cell in made.cells
        for at in [paired.depths[cell.depth]]
    ]
    return asdict(made) | {"verdict": made.verdict, "general": made.general, "cells": cells}


def _values(crossed: Sequence[Interaction]) -> list[dict[str, Any]]:
    names = ("experiment", "prompts", "models", "pairs")
    return [
        {name: getattr(each, name) for name in names} | asdict(each.change) | {"general": each.change.general}
        for each in crossed
    ]


def lost_since(old: Path, new: RunFolder, scorer: str | None) -> frozenset[str]:
    """Return the ids of the trials of a run that an older run found and this one misses.

    Prompts are paired by their names, or, where each run has a single one, as they are.

    Raises:
        UsageError: The two did not read the same haystacks, or have no prompt in common; the message says which.
    """
    then = [side for path in find_runs(old) for side in sides_of(result_of(open_run(path), scorer=scorer))]
    now = sides_of(result_of(new, scorer=scorer))
    matched = [(a, b) for b in now for a in then if (a.experiment, a.prompt) == (b.experiment, b.prompt)]
    if not matched and len(then) == len(now) == 1:
        matched = [(then[0], now[0])]
    if not matched:
        here, there = (tuple(f"{s.experiment}/{s.prompt}" for s in sides) for sides in (now, then))
        raise UsageError(t("cli.no_prompt_common", new=new.path.name, old=old.name, here=here, there=there))
    return frozenset(pair.second_id for a, b in matched for pair in turned(a, b)[0])
