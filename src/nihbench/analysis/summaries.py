"""The three headline numbers of one (experiment, prompt): found, strict, mean band, always in this order.

Each is over the measured trials and carries its bounds. Intervals and tests are not here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nihbench.analysis.grids import no_trial, rows_of
from nihbench.analysis.table import Table
from nihbench.lang.messages import t


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A share between 0 and 1: `value` over the measured trials, NaN where nothing was measured.

    `low` and `high` are over all planned trials, the unmeasured counted as misses and as hits.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Headline numbers of one (experiment, prompt), controls left out.

    `planned` trials were to be made, `recorded` have a record, `measured` have a value; `failures` counts the
    recorded ones without a value by kind.
    """

    experiment: str
    prompt: str
    planned: int
    recorded: int
    measured: int
    failures: Mapping[str, int]
    found: Rate
    strict: Rate
    mean_band: Rate

    @property
    def measured_share(self) -> float:
        """Measured trials / planned trials."""
        return self.measured / self.planned

    @property
    def rates(self) -> tuple[tuple[str, Rate], ...]:
        """The three numbers with their names, in the order in which they are always told."""
        return (("found", self.found), ("strict", self.strict), ("mean band", self.mean_band))


def summary(table: Table, *, experiment: str, prompt: str, planned: int | None = None) -> Summary:
    """Summarise one (experiment, prompt) of a table.

    Args:
        table: A table made by `nihbench.analysis.columns` or `frame`.
        experiment: Name of the experiment.
        prompt: Name of the prompt variant.
        planned: Trials that the plan has for this pair, controls not counted; those without a record are unmeasured.
            None: as many as have a record.

    Raises:
        UsageError: There is neither a record nor a planned trial of this pair.
        ValueError: `planned` is smaller than the number of recorded trials.
    """
    rows = rows_of(table, experiment, prompt)
    recorded = len(rows["value"])
    total = recorded if planned is None else planned
    if total < recorded:
        raise ValueError(
            t(
                "analysis.trials_planned_but_recorded",
                total=total,
                experiment=experiment,
                prompt=prompt,
                recorded=recorded,
            )
        )
    if not total:
        raise no_trial(experiment, prompt)
    good = [value == value for value in rows["value"]]  # not NaN
    values, found = rows["value"][good], rows["found"][good]
    kinds = Counter(str(kind) for kind in rows["failure"] if isinstance(kind, str))
    return Summary(
        experiment=experiment,
        prompt=prompt,
        planned=total,
        recorded=recorded,
        measured=len(values),
        failures=dict(sorted(kinds.items())),
        found=_rate(float(sum(map(bool, found))), len(values), total),
        strict=_rate(float(sum(value == 1.0 for value in values)), len(values), total),
        mean_band=_rate(float(sum(values)), len(values), total),
    )


def _rate(points: float, measured: int, planned: int) -> Rate:
    """Turn points won over the measured trials into a share and its bounds over the planned ones."""
    unmeasured = planned - measured
    return Rate(
        value=points / measured if measured else float("nan"),
        low=points / planned,
        high=(points + unmeasured) / planned,
    )
