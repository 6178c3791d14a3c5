"""A sweep as it is drawn: one (model, experiment, prompt), what it was made with, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nihbench.analysis import ControlResult, Grid, Statistics, Summary
    from nihbench.figures import Intervals, Setting
    from nihbench.types import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """One (model, experiment, prompt) as it is drawn."""

    setting: Setting
    grid: Grid
    summary: Summary
    statistics: Statistics | None = None
    """For the intervals; None: the numbers alone."""
    withheld: ControlResult | None = None
    """The control for whose sake no headline is given."""
    controls: tuple[ControlResult, ...] = ()
    """What its controls say; of the sentinel, which stands for a whole run, each of the run's sweeps has the result."""

    @property
    def intervals(self) -> Intervals | None:
        """Intervals of the headline numbers, where anything is measured."""
        from nihbench.figures import Intervals

        made = self.statistics.headline if self.statistics else None
        if made is None or not made.found.measured:
            return None
        numbers = {"found": made.found, "strict": made.strict, "mean band": made.mean_band}
        ends = {name: (number.interval.low, number.interval.high) for name, number in numbers.items()}
        return Intervals(of=ends, level=made.found.interval.level, this_haystack=made.found.interval.this_haystack)

    @property
    def name(self) -> str:
        """What tells it from the others: model, experiment and prompt."""
        return f"{self.setting.model}: {self.grid.experiment}/{self.grid.prompt}"

    @property
    def experiment(self) -> str:
        """The experiment as headings call it: by its title, too, where it has one that the fonts at hand can write."""
        from nihbench.figures import missing

        title = self.setting.title
        return f"{title} ({self.grid.experiment})" if title and not missing(title) else self.grid.experiment


def setting_of(manifest: Mapping[str, Any], records: Sequence[Record], scorer: str) -> Setting:
    """Return what a run was made with; its date is that of its records, or of its beginning where there are none."""
    from nihbench.figures import Setting
    from nihbench.run import version_of

    days = sorted({record.started_at[:10] for record in records} or {str(manifest.get("created_at", ""))[:10]})
    return Setting(
        model=manifest["model"]["name"],
        date=days[0] if days[0] == days[-1] else f"{days[0]}/{days[-1]}",
        experiment=manifest["experiment"],
        title=str(manifest.get("title", "")),
        corpus=manifest["corpus"]["name"],
        scorer=f"{scorer} {version_of(scorer)}",
        version=str(manifest.get("nihbench", "?")),
        repeats=manifest["repeats"],
        length_unit=length_unit(manifest),
        copies=manifest["corpus"]["copies"],
        synthetic=bool(manifest.get("synthetic")),
        imported="import" in manifest,
        extra=sum(record.trial.extra for record in records),
    )


def length_unit(content: Mapping[str, Any]) -> str:
    """Return what lengths are counted with: `model`, or a tokenizer's name."""
    unit = content["length_unit"]
    return "model" if unit["counted_by_model"] else str(unit["tokenizer"])


def told_apart(sweeps: Sequence[Sweep]) -> list[str]:
    """Name sweeps by what differs: prompts of one model, or models of one prompt, else both."""
    models = {sweep.setting.model for sweep in sweeps}
    pairs = {(sweep.grid.experiment, sweep.grid.prompt) for sweep in sweeps}
    if len(models) == 1:
        return [f"{sweep.grid.experiment}/{sweep.grid.prompt}" for sweep in sweeps]
    return [sweep.setting.model if len(pairs) == 1 else sweep.name for sweep in sweeps]
