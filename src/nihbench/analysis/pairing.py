"""Two sides over the same haystacks -> pairs, and how they compare.

A side is one (model, prompt) of an experiment. Two sides are paired cell by cell and repeat by repeat. That is only
sound where both had the same text in front of them, which `sides` makes sure of. Prompts of different length leave a
haystack some tokens more or less at its end, so the needle may stand a sentence away; `Paired.moved` counts that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nihbench.analysis.sides import Cell, Side, in_common, rows_at
from nihbench.analysis.statistics import LEAST_MEASURED
from nihbench.stats.compare import Comparison, Crossed, Pairs, compare, interaction, repeats_for, verdict_of
from nihbench.stats.overlap import one_text
from nihbench.stats.regions import Region, strongest_regions


@dataclass(frozen=True, kw_only=True, slots=True)
class Turned:
    """A pair that only one side found: its cell, and the id of its trial on either side."""

    length: int
    depth_percent: float
    repeat: int
    first_id: str
    second_id: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Paired:
    """Two sides, paired. `found` and `band` compare the found rates and the mean bands, None where nothing is measured.

    `lengths` and `depths` are those that have a pair measured on both sides: the indices of regions and cells point
    into them. `planned` pairs are in both plans, `left_out` trials only in one. `p_value` is that of the verdict,
    `texts_p_value` that for these texts alone, each corrected for all comparisons that were made together (Holm 1979).
    `repeats` are the plan's, `needed` those that a difference of `wanted` takes with 80% power (None: over 1,000).
    `moved` counts pairs whose needles stand a sentence apart. `lost` are the pairs that only the first side found,
    `won` those that only the second did. `regions` are those where found got better and worse most surely.
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
    texts_p_value: float
    regions: tuple[Region, ...] = ()
    lost: tuple[Turned, ...] = ()
    won: tuple[Turned, ...] = ()
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
        return verdict_of(self.p_value, self.found.verdict_equivalent)

    @property
    def texts_verdict(self) -> str:
        """Return the verdict on these texts alone, which may be clearer than that on haystacks in general."""
        if self.found is None or not self.has_verdict:
            return "unmeasured"
        return verdict_of(self.texts_p_value, self.found.equivalent)

    def lengths_of(self, region: Region) -> tuple[float, float]:
        """Return the first and the last length of a region, in tokens."""
        return self.lengths[region.lengths[0]], self.lengths[region.lengths[1]]

    def depths_of(self, region: Region) -> tuple[float, float]:
        """Return the first and the last depth of a region, in percent."""
        return self.depths[region.depths[0]], self.depths[region.depths[1]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """How much more the change of prompt brings on one model than on another: found rate, `second` - `first` model."""

    experiment: str
    prompts: tuple[str, str]
    models: tuple[str, str]
    pairs: int
    change: Crossed


def pair(first: Side, second: Side, *, wanted: float = 0.05) -> Paired:
    """Pair two sides over identical haystacks and compare them.

    Args:
        first: One side.
        second: The other; differences are second - first.
        wanted: The difference for which the needed repeats are told, between 0 and 1.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    both, keys = in_common([first, second])
    one, other = (rows_at(side, keys) for side in (first, second))
    measured = ~np.isnan(one["value"]) & ~np.isnan(other["value"])
    repeats = len({repeat for *_, repeat in both})
    found = band = needed = None
    regions: tuple[Region, ...] = ()
    if measured.any():
        pairs = _pairs(keys, one, other, measured, "found")
        found, band = compare(pairs), compare(_pairs(keys, one, other, measured, "value"))
        needed = repeats_for(pairs, wanted, repeats)
        regions = strongest_regions(pairs.first, pairs.second, pairs.text, pairs.length, pairs.depth)
    return Paired(
        first=first,
        second=second,
        lengths=_axis(keys, measured, 0),
        depths=_axis(keys, measured, 1),
        planned=len(both),
        left_out=sum(side.trials - len(both) for side in (first, second)),
        moved=int(np.sum(one["needle_at"][measured] != other["needle_at"][measured])),
        repeats=repeats,
        wanted=wanted,
        needed=needed,
        found=found,
        band=band,
        p_value=found.verdict_p_value if found else 1.0,
        texts_p_value=found.p_value if found else 1.0,
        regions=regions,
        lost=_turned(keys, one, other, measured, -1),
        won=_turned(keys, one, other, measured, 1),
        unrecorded=bool(len(keys)) and bool(np.all(one["haystack"] < 0)),
    )


def turned(first: Side, second: Side) -> tuple[tuple[Turned, ...], tuple[Turned, ...]]:
    """Return the pairs that only the first side found and those that only the second did.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    _, keys = in_common([first, second])
    one, other = (rows_at(side, keys) for side in (first, second))
    measured = ~np.isnan(one["value"]) & ~np.isnan(other["value"])
    return _turned(keys, one, other, measured, -1), _turned(keys, one, other, measured, 1)


def prompt_by_model(one: tuple[Side, Side], other: tuple[Side, Side]) -> Interaction | None:
    """Ask whether two models answer differently to the same change of prompt; None where nothing is measured on all.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    _, keys = in_common([*one, *other])
    rows = [rows_at(side, keys) for side in (*one, *other)]
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
    return Interaction(
        experiment=one[0].experiment,
        prompts=(one[0].prompt, one[1].prompt),
        models=(one[0].model, other[0].model),
        pairs=len(here.first),
        change=interaction(here, aligned),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, Scandinavian Journal of Statistics 1979)."""
    order = np.argsort(p_values)
    corrected, running = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order.tolist()):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = running
    return corrected


def _turned(
    keys: Sequence[Cell], one: dict[str, Any], other: dict[str, Any], measured: Any, way: int
) -> tuple[Turned, ...]:
    """Return the pairs whose found turned from the first side to the second, up (1) or down (-1), by their place."""
    change = np.where(measured, other["found"] - one["found"], 0.0)
    return tuple(
        Turned(
            length=int(keys[at][0]),
            depth_percent=float(keys[at][1]),
            repeat=int(keys[at][2]),
            first_id=str(one["id"][at]),
            second_id=str(other["id"][at]),
        )
        for at in np.flatnonzero(change == way).tolist()
    )


def _axis(keys: Sequence[Cell], measured: Any, axis: int) -> tuple[float, ...]:
    return tuple(sorted({key[axis] for key, good in zip(keys, measured, strict=True) if good}))


def _texts(one: dict[str, Any], other: dict[str, Any], mask: Any) -> Any:
    """Number the texts that pairs stand in: haystacks are one that overlap by what either side's run knows."""
    first, second = (side["text"][mask].astype(np.int64) for side in (one, other))
    apart = np.where(second >= 0, second + first.max(initial=-1) + 1, second)  # each run numbers its own
    begins = one["haystack"][mask].astype(np.int64)
    return one_text(np.concatenate([begins, begins]), np.concatenate([first, apart]))[: len(begins)]


def _pairs(keys: Sequence[Cell], one: dict[str, Any], other: dict[str, Any], mask: Any, what: str) -> Pairs:
    kept = [key for key, good in zip(keys, mask, strict=True) if good]
    # The same prompt again is the same text, in whichever cell it stands.
    texts = [
        sha if isinstance(sha, str) else (length, depth, float(begin))
        for (length, depth, _), begin, sha in zip(kept, one["haystack"][mask], one["prompt_sha256"][mask], strict=True)
    ]
    number = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    return Pairs(
        first=one[what][mask],
        second=other[what][mask],
        text=np.array([number[text] for text in texts], dtype=np.int64),
        haystack=_texts(one, other, mask),
        length=np.unique([length for length, *_ in kept], return_inverse=True)[1].astype(np.int64),
        depth=np.unique([depth for _, depth, _ in kept], return_inverse=True)[1].astype(np.int64),
    )
