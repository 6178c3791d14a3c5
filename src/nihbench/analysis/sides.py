"""A side of a comparison, and whether several read the same text: if not, the reason why they can't be paired.

What makes the text is compared before, and where each text begins is compared trial by trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nihbench.analysis.grids import rows_of
from nihbench.analysis.statistics import found_of, numbers_of
from nihbench.analysis.table import Table
from nihbench.errors import UsageError
from nihbench.lang import said, t

Cell = tuple[int, float, int]
"""Length, depth in percent, repeat."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One (model, prompt) of an experiment.

    `name` is what tells it from what it is compared with, `run` its folder's name. `text` is what makes its haystacks
    (`text_of`), by names that a user knows. `planned` are the cells and repeats of its plan as (length, depth, repeat).
    """

    name: str
    run: str
    model: str
    experiment: str
    prompt: str
    table: Table = field(repr=False)
    text: Mapping[str, object] = field(repr=False)
    planned: frozenset[Cell] = field(repr=False)


def text_of(manifest: Mapping[str, Any]) -> dict[str, object]:
    """Return what makes the haystacks of a run, by names that a user knows."""
    identity, needle = manifest["identity"], manifest["needle"]
    unit = manifest["length_unit"]
    # A fit to a server's own counts makes lengths that no other server has.
    fitted = identity.get("calibration")
    return {
        t("corpus"): f"{manifest['corpus']['name']} {str(manifest['corpus']['sha256'])[:12]}",
        t("needle"): needle["name"],
        t("needle's text"): " ".join(needle["statements"]),
        t("length unit"): unit["tokenizer"]
        if fitted is None
        else t("{tokenizer} as fitted to the server's count", tokenizer=unit["tokenizer"]),
        t("fit of the length unit"): fitted,
        t("rules of placement"): identity.get("placement"),
        # Where only haystacks are drawn, what was drawn is compared trial by trial.
        t("seed of the needle"): identity.get("seed") if needle.get("fresh") else None,
    }


def in_common(sides: Sequence[Side]) -> tuple[frozenset[Cell], list[Cell]]:
    """Return the cells and repeats that all sides have planned, and those of them that have a record on every side.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    first = sides[0]
    for side in sides[1:]:
        _check_same_text(first, side)
    both = frozenset.intersection(*(side.planned for side in sides))
    if not both:
        raise UsageError(
            t(
                "can't pair {one} with {other}: they have no cell in common (lengths and depths differ); measure both "
                "with the same --lengths, --depths and --repeats",
                one=_whole(first),
                other=_whole(sides[1]),
            )
        )
    recorded = [set(_places(side)) for side in sides]
    keys = sorted(both.intersection(*recorded))
    begins = [rows_at(side, keys)["haystack"] for side in sides]
    for side, other in zip(sides[1:], begins[1:], strict=True):
        apart = int(np.sum(begins[0] != other))
        if apart:
            raise UsageError(
                t(
                    "can't pair {one} with {other}: in {apart} of {all} trials the haystack begins elsewhere in the "
                    "corpus; measure both with the same --seed and --vary",
                    one=_whole(first),
                    other=_whole(side),
                    apart=apart,
                    all=len(keys),
                )
            )
    return both, keys


def _check_same_text(first: Side, second: Side) -> None:
    names = [name for name in {**first.text, **second.text} if first.text.get(name) != second.text.get(name)]
    if names:
        told = said(t("; ")).join(
            f"{said(name)}: {_shown(first.text.get(name))} | {_shown(second.text.get(name))}" for name in names
        )
        raise UsageError(
            t(
                "can't pair {one} with {other}: they did not read the same haystack ({told}); measure both with the "
                "same --corpus, --length-unit and --seed",
                one=_whole(first),
                other=_whole(second),
                told=told,
            )
        )


def _whole(side: Side) -> str:
    whole = f"{side.model}: {side.experiment}/{side.prompt}"
    return whole if side.run in whole else f"{whole} ({side.run})"


def _shown(value: object) -> str:
    text = "none" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _places(side: Side) -> list[Cell]:
    rows = rows_of(side.table, side.experiment, side.prompt)
    columns = (rows["length"], rows["depth_percent"], rows["repeat"])
    return [(int(length), float(depth), int(repeat)) for length, depth, repeat in zip(*columns, strict=True)]


def rows_at(side: Side, keys: Sequence[Cell]) -> dict[str, Any]:
    """Return the columns that pairing needs, in the order of the keys; every key has a record."""
    rows = rows_of(side.table, side.experiment, side.prompt)
    at = {place: index for index, place in enumerate(_places(side))}
    order = np.array([at[key] for key in keys], dtype=np.int64)
    return {
        "value": rows["value"].astype(np.float64)[order],
        "found": found_of(rows["found"])[order].astype(np.float64),
        "haystack": numbers_of(rows["haystack"])[order],
        "needle_at": numbers_of(rows["needle_at"])[order],
        "prompt_sha256": rows["prompt_sha256"][order],
    }
