"""Two sides over the same haystacks -> pairs, or the reason why they can't be paired.

A side is one (model, prompt) of an experiment. Two sides are paired cell by cell and repeat by repeat. That is only
sound where both had the same text in front of them: what makes the text is compared before, and where each text begins
is compared trial by trial. Prompts of different length leave a haystack some tokens more or less at its end, so the
needle may stand a sentence away; `Paired.moved` counts that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nihbench.analysis.grids import rows_of
from nihbench.analysis.statistics import LEAST_MEASURED, axis_thirds, found_of, numbers_of
from nihbench.analysis.table import Table
from nihbench.errors import UsageError
from nihbench.lang import said, t
from nihbench.stats import (
    Comparison,
    Interval,
    Pairs,
    compare,
    design_of,
    interaction,
    repeats_needed,
)

_Cell = tuple[int, float, int]


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
    planned: frozenset[_Cell] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Paired:
    """Two sides, paired. `found` and `band` compare the found rates and the mean bands, None where nothing is measured.

    `lengths` and `depths` are those that have a pair measured on both sides: the indices of regions and cells point
    into them. `planned` pairs are in both plans, `left_out` trials only in one. `p_value` is that of `found`, corrected
    for all comparisons that were made together (Holm 1979). `repeats` are the plan's, `needed` those that a difference
    of `wanted` takes with 80% power (None: over 1,000). `moved` counts pairs whose needles stand a sentence apart.
    """

    first: Side
    second: Side
    lengths: tuple[float, ...]
    depths: tuple[float, ...]
    planned: int
    left_out: int
    moved: int
    repeats: int
    wanted: float
    needed: int | None
    found: Comparison | None
    band: Comparison | None
    p_value: float
    unrecorded: bool = False
    """Neither side's records know where its texts begin: that they are the same is taken on trust."""

    @property
    def measured(self) -> int:
        """Pairs that were measured on both sides."""
        return self.found.pairs if self.found else 0

    @property
    def has_verdict(self) -> bool:
        """Whether enough of the planned pairs is measured on both sides."""
        return self.measured >= LEAST_MEASURED * self.planned

    @property
    def verdict(self) -> str:
        """Return "differ", "same", "unclear", or "unmeasured" where too little is measured for any of them."""
        if self.found is None or not self.has_verdict:
            return "unmeasured"
        return "differ" if self.p_value <= 0.05 else "same" if self.found.equivalent else "unclear"

    def third(self, axis: str, number: int) -> tuple[float, float]:
        """Return the first and the last value of a third of "length" or "depth"."""
        values = axis_thirds(self.depths if axis == "depth" else self.lengths)[number]
        return values[0], values[-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """How much more the change of prompt brings on one model than on another: found rate, `second` - `first` model."""

    experiment: str
    prompts: tuple[str, str]
    models: tuple[str, str]
    pairs: int
    difference: float
    interval: Interval
    p_value: float


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


def pair(first: Side, second: Side, *, wanted: float = 0.05) -> Paired:
    """Pair two sides over identical haystacks and compare them.

    Args:
        first: One side.
        second: The other; differences are second - first.
        wanted: The difference for which the needed repeats are told, between 0 and 1.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    both, keys = _aligned([first, second])
    one, other = (_rows(side, keys) for side in (first, second))
    measured = ~np.isnan(one["value"]) & ~np.isnan(other["value"])
    repeats = len({repeat for *_, repeat in both})
    found = band = needed = None
    if measured.any():
        pairs = _pairs(keys, one, other, measured, "found")
        found, band = compare(pairs), compare(_pairs(keys, one, other, measured, "value"))
        design = design_of(pairs.first, pairs.second, found.texts)
        needed = repeats_needed(design, wanted, repeats)
    return Paired(
        first=first,
        second=second,
        lengths=_axis(keys, measured, 0),
        depths=_axis(keys, measured, 1),
        planned=len(both),
        left_out=len(first.planned ^ second.planned),
        moved=int(np.sum(one["needle_at"][measured] != other["needle_at"][measured])),
        repeats=repeats,
        wanted=wanted,
        needed=needed,
        found=found,
        band=band,
        p_value=found.p_value if found else 1.0,
        unrecorded=bool(len(keys)) and bool(np.all(one["haystack"] < 0)),
    )


def prompt_by_model(one: tuple[Side, Side], other: tuple[Side, Side]) -> Interaction | None:
    """Ask whether two models answer differently to the same change of prompt; None where nothing is measured on all.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    _, keys = _aligned([*one, *other])
    rows = [_rows(side, keys) for side in (*one, *other)]
    measured = np.logical_and.reduce([~np.isnan(each["value"]) for each in rows])
    if not measured.any():
        return None
    here, there = (_pairs(keys, a, b, measured, "found") for a, b in (rows[:2], rows[2:]))
    # The texts are numbered by the first model's prompts on both sides.
    aligned = Pairs(
        first=there.first,
        second=there.second,
        text=here.text,
        haystack=here.haystack,
        length=here.length,
        depth=here.depth,
    )
    difference, interval, p_value = interaction(here, aligned)
    return Interaction(
        experiment=one[0].experiment,
        prompts=(one[0].prompt, one[1].prompt),
        models=(one[0].model, other[0].model),
        pairs=len(here.first),
        difference=difference,
        interval=interval,
        p_value=p_value,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, Scandinavian Journal of Statistics 1979)."""
    order = np.argsort(p_values)
    corrected, running = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order.tolist()):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = running
    return corrected


def _aligned(sides: Sequence[Side]) -> tuple[frozenset[_Cell], list[_Cell]]:
    """Return the cells and repeats that all sides have planned, and those of them that have a record on every side."""
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
    begins = [_rows(side, keys)["haystack"] for side in sides]
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


def _axis(keys: Sequence[_Cell], measured: Any, axis: int) -> tuple[float, ...]:
    return tuple(sorted({key[axis] for key, good in zip(keys, measured, strict=True) if good}))


def _places(side: Side) -> list[_Cell]:
    rows = rows_of(side.table, side.experiment, side.prompt)
    columns = (rows["length"], rows["depth_percent"], rows["repeat"])
    return [(int(length), float(depth), int(repeat)) for length, depth, repeat in zip(*columns, strict=True)]


def _rows(side: Side, keys: Sequence[_Cell]) -> dict[str, Any]:
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


def _pairs(keys: Sequence[_Cell], one: dict[str, Any], other: dict[str, Any], mask: Any, what: str) -> Pairs:
    kept = [key for key, good in zip(keys, mask, strict=True) if good]
    # The same haystack, cell and prompt again is the same text.
    texts = [
        (length, depth, float(begin), str(sha))
        for (length, depth, _), begin, sha in zip(kept, one["haystack"][mask], one["prompt_sha256"][mask], strict=True)
    ]
    number = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    return Pairs(
        first=one[what][mask],
        second=other[what][mask],
        text=np.array([number[text] for text in texts], dtype=np.int64),
        haystack=np.unique(one["haystack"][mask], return_inverse=True)[1].astype(np.int64),
        length=np.unique([length for length, *_ in kept], return_inverse=True)[1].astype(np.int64),
        depth=np.unique([depth for _, depth, _ in kept], return_inverse=True)[1].astype(np.int64),
    )
