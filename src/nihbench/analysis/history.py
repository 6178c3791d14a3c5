"""Runs of one model over time: which of them can be joined to a series, and what changed in it.

A series is one (model, experiment, prompt) measured in the same way: the same texts, needle, prompt and places. Runs
that differ in any of these are a series of their own, and it is said in what. Two tests are made: each run against the
one before, exactly and paired, corrected for all steps together (Holm 1979); and that of a change at an unknown time
(`stats.change`). Runs under 95% measured are shown and not tested.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from nihbench.analysis.grids import Place, Rows, places_of
from nihbench.analysis.pairing import holm, text_of
from nihbench.analysis.statistics import Statistics, Summary, found_of, numbers_of
from nihbench.lang.messages import t
from nihbench.run.stored import Manifest
from nihbench.stats.change import Changes, change_points
from nihbench.stats.detectable import ALPHA, LEAST_HAYSTACKS
from nihbench.stats.effective import EffectiveLength
from nihbench.stats.headline import LEAST_MEASURED, Estimate
from nihbench.stats.interval import FloatArray, IntArray
from nihbench.stats.inversion import sign_flip
from nihbench.stats.overlap import one_text

_SEED = 20231121
"""Of the shuffles: the same runs always get the same p-values."""

Made = Mapping[str, object]
"""What makes a run's trials, by names that a user knows (keys of sentences)."""


def made_of(manifest: Manifest, prompt: str, scorer: str) -> Made:
    """Return what must be the same in two runs of a series."""
    content = manifest.prompts.get(prompt)
    template = [(m.role, m.content) for m in content.messages] if content else []
    question = manifest.task.needle.question_for(prompt)
    starts = manifest.haystacks.starts if manifest.haystacks else ()
    return {
        **text_of(manifest),
        t("history.prompt"): _digest([template, question]),
        t("history.haystacks"): _digest(starts) if starts else None,
        t("history.lengths"): ", ".join(map(str, manifest.lengths)),
        t("history.rows"): ", ".join(f"{row:g}" for row in manifest.rows),
        t("history.repeats"): _digest([manifest.repeats, manifest.samples]),
        t("history.scorer"): scorer,
    }


def settings_of(manifest: Manifest) -> Made:
    """Return what may differ between two runs of a series, and is told where it does."""
    known = manifest.identity
    return {
        t("history.temperature"): known.get("temperature"),
        t("history.max_output"): known.get("max_output"),
        t("history.extra_body"): _digest(known.get("extra_body") or {}),
        t("history.model_file"): (manifest.model.sha256 or "")[:12] or None,
    }


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()[:12]


def differences(one: Made, other: Made) -> tuple[str, ...]:
    """Name what differs."""
    return tuple(name for name in {**one, **other} if one.get(name) != other.get(name))


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    """One (model, experiment, prompt) as one run measured it.

    `at` is when its first trial was asked, `version` how the model was served ("" where that is not known).
    """

    run: str
    at: str
    version: str
    model: str
    experiment: str
    prompt: str
    made: Made = field(repr=False)
    settings: Made = field(repr=False)
    summary: Summary = field(repr=False)
    statistics: Statistics = field(repr=False)
    rows: Callable[[], Rows] = field(repr=False)
    withheld: str = ""
    """Why no headline is given; "" where one is."""

    @property
    def day(self) -> str:
        """Its day."""
        return self.at[:10]

    @property
    def found(self) -> Estimate:
        """The found rate."""
        return self.statistics.headline.found

    @property
    def mean(self) -> Estimate:
        """The mean score."""
        return self.statistics.headline.mean_band

    @cached_property
    def items(self) -> float | None:
        """The share of all asked items that were given, of a task with several."""
        asked = sum(item.measured for item in self.summary.items)
        return sum(item.found for item in self.summary.items) / asked if asked else None

    @property
    def effective(self) -> EffectiveLength:
        """How far it is reliable: by its own base, else by a fixed threshold."""
        own = self.statistics.effective
        return self.statistics.effective_absolute if own.status == "no_base" else own

    @property
    def is_tested(self) -> bool:
        """Whether enough of it is measured, and a headline may be given."""
        return not self.withheld and self.found.measured_share >= LEAST_MEASURED

    @cached_property
    def outcomes(self) -> dict[Place, float]:
        """Whether the needle was found, by the trial's place; what is not measured has none."""
        rows = self.rows()
        good = ~np.isnan(rows["value"].astype(np.float64))
        found = found_of(rows["found"])
        return {place: float(hit) for place, hit, is_good in zip(places_of(rows), found, good, strict=True) if is_good}

    @cached_property
    def units(self) -> tuple[dict[Place, int], dict[Place, int]]:
        """The haystack, and the text, that each trial stands in: what is independent in general, and here."""
        rows = self.rows()
        places = places_of(rows)
        haystack = numbers_of(rows["haystack"]).astype(np.int64)
        clusters = one_text(haystack, numbers_of(rows["text"]).astype(np.int64)) if len(haystack) else haystack
        needle, length = numbers_of(rows["needle_at"]), rows["length"].astype(np.float64)
        known = {key: n for n, key in enumerate(dict.fromkeys(_asked(rows, haystack, needle, length)))}
        texts = [known[key] for key in _asked(rows, haystack, needle, length)]
        by_haystack = dict(zip(places, clusters.tolist(), strict=True))
        return by_haystack, dict(zip(places, texts, strict=True))


def _asked(rows: Rows, haystack: IntArray, needle: FloatArray, length: FloatArray) -> Iterator[tuple[float, ...]]:
    """Give which prompt each trial asked: repeats over one text ask the same again; unknown ones are each their own."""
    for number, (text, at, of) in enumerate(zip(haystack, needle, length, strict=True)):
        yield (float(text), float(at), float(of)) if text >= 0 and at >= 0 else (-1.0, -1.0, -1.0, float(number))


# ---- a series and its tests ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A run against the one before, over the trials that both measured. `p_value` is corrected for all steps."""

    before: int
    after: int
    pairs: int
    gained: int
    lost: int
    raw_p: float
    p_value: float
    settings: tuple[str, ...] = ()
    """What was measured otherwise, by name."""

    @property
    def difference(self) -> float:
        """What the found rate won, -1 to 1."""
        return (self.gained - self.lost) / self.pairs

    @property
    def is_shown(self) -> bool:
        """Whether the two differ beyond chance."""
        return self.p_value <= ALPHA


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Runs that can be joined, in the order of their time.

    `apart` names what tells it from the series before it of the same model, experiment and prompt; empty: it is the
    only one, or the first. `tested` are the indices of the runs that were tested, over `trials` trials; `general`: for
    haystacks in general, not for these texts alone. `changes` point into `tested`.
    """

    points: tuple[Measurement, ...]
    apart: tuple[str, ...] = ()
    tested: tuple[int, ...] = ()
    trials: int = 0
    general: bool = False
    steps: tuple[Step, ...] = ()
    changes: Changes = field(default_factory=lambda: Changes(p_value=None))

    @property
    def first(self) -> Measurement:
        """Its first run."""
        return self.points[0]

    @property
    def name(self) -> str:
        """Model, experiment and prompt."""
        return f"{self.first.model}: {self.first.experiment}/{self.first.prompt}"

    @property
    def shown_steps(self) -> tuple[Step, ...]:
        """The steps that are no chance."""
        return tuple(step for step in self.steps if step.is_shown)


def series_of(measured: Sequence[Measurement]) -> tuple[Series, ...]:
    """Join runs to series, and test these; one error rate over all steps, and one over all changes.

    Args:
        measured: what was measured, in any order.
    """
    groups: dict[tuple[str, str, str], list[list[Measurement]]] = {}
    for each in sorted(measured, key=lambda m: (m.at, m.run)):
        alike = groups.setdefault((each.model, each.experiment, each.prompt), [])
        mine = next((group for group in alike if not differences(group[0].made, each.made)), None)
        if mine is None:
            alike.append([each])
        else:
            mine.append(each)
    made = [
        Series(points=tuple(group), apart=differences(alike[number - 1][0].made, group[0].made) if number else ())
        for alike in groups.values()
        for number, group in enumerate(alike)
    ]
    several = sum(len(each.points) > 1 for each in made)
    tested = [_tested(each, ALPHA / max(1, several)) for each in made]
    corrected = iter(holm([step.raw_p for each in tested for step in each.steps]))
    return tuple(
        replace(each, steps=tuple(replace(step, p_value=next(corrected)) for step in each.steps)) for each in tested
    )


def _tested(series: Series, alpha: float) -> Series:
    tested = tuple(number for number, point in enumerate(series.points) if point.is_tested)
    if len(tested) < 2:
        return replace(series, tested=tested)
    haystacks, texts = series.points[tested[0]].units
    general = len(set(haystacks.values())) >= LEAST_HAYSTACKS
    unit = haystacks if general else texts
    steps = tuple(_step(series, before, after, unit) for before, after in pairwise(tested))
    every = [series.points[number].outcomes for number in tested]
    common = sorted(set(unit).intersection(*every))
    changes = Changes(p_value=None)
    # Where failures leave too few trials that all runs measured, they may be those that changed.
    if len(common) >= LEAST_MEASURED * LEAST_MEASURED * len(unit):
        values = np.array([[outcomes[place] for outcomes in every] for place in common])
        units = np.array([unit[place] for place in common], dtype=np.int64)
        changes = _changes(values.tobytes(), values.shape, units.tobytes(), alpha)
    return replace(series, tested=tested, trials=len(common), general=general, steps=steps, changes=changes)


@lru_cache(maxsize=64)
def _changes(values: bytes, shape: tuple[int, int], unit: bytes, alpha: float) -> Changes:
    """Test a series once: table, figure and caption ask for the same."""
    outcomes, units = np.frombuffer(values).reshape(shape), np.frombuffer(unit, dtype=np.int64)
    return change_points(outcomes, units, np.random.default_rng(_SEED), alpha=alpha)


def _step(series: Series, before: int, after: int, unit: Mapping[Place, int]) -> Step:
    one, other = series.points[before], series.points[after]
    common = [place for place in unit if place in one.outcomes and place in other.outcomes]
    difference = np.array([other.outcomes[place] - one.outcomes[place] for place in common])
    units = np.array([unit[place] for place in common], dtype=np.int64)
    p_value = sign_flip(difference, units) if len(common) and np.any(difference) else 1.0
    return Step(
        before=before,
        after=after,
        pairs=len(common),
        gained=int(np.sum(difference > 0)),
        lost=int(np.sum(difference < 0)),
        raw_p=p_value,
        p_value=p_value,
        settings=differences(one.settings, other.settings),
    )


# ---- as JSON has it --------------------------------------------------------------------------------------------------


def as_json(series: Series, words: Callable[[str], dict[str, str]]) -> dict[str, Any]:
    """Return a series as a JSON value (docs/formats.md); `words` gives a name in every language."""
    return {
        "model": series.first.model,
        "experiment": series.first.experiment,
        "prompt": series.first.prompt,
        "apart": [words(name) for name in series.apart],
        "runs": [_point(each, number in series.tested) for number, each in enumerate(series.points)],
        "trials": series.trials,
        "general": series.general,
        "steps": [
            {
                "before": step.before,
                "after": step.after,
                "pairs": step.pairs,
                "gained": step.gained,
                "lost": step.lost,
                "difference": step.difference if step.pairs else None,
                "p_value": step.p_value,
                "shown": step.is_shown,
                "settings": [words(name) for name in step.settings],
            }
            for step in series.steps
        ],
        "change_p_value": series.changes.p_value,
        "changes": [
            {
                "after": series.tested[change.after],
                "before": series.tested[change.after + 1],
                "p_value": change.p_value,
                "found_before": change.before,
                "found_behind": change.behind,
            }
            for change in series.changes.points
        ],
    }


def _point(point: Measurement, tested: bool) -> dict[str, Any]:
    reach = point.effective
    return {
        "run": point.run,
        "at": point.at,
        "version": point.version,
        "tested": tested,
        "withheld": bool(point.withheld),
        "planned": point.summary.planned,
        "measured": point.summary.measured,
        "found": _estimate(point.found),
        "mean_band": _estimate(point.mean),
        "items": point.items,
        "items_by_name": {item.name: [item.found, item.measured] for item in point.summary.items},
        "effective": {
            "status": reach.status,
            "length": reach.length,
            "low": reach.low,
            "high": reach.high,
            "high_open": reach.high_open,
        },
    }


def _estimate(made: Estimate) -> dict[str, float | None]:
    bounded = made.interval.method != "none"
    return {
        "value": None if math.isnan(made.value) else made.value,
        "low": made.interval.low if bounded else None,
        "high": made.interval.high if bounded else None,
    }
