"""`nih history`: the runs of a model over time, joined where they can be, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nihbench.analysis.history import Series, as_json
from nihbench.app.events import Caller
from nihbench.app.results import Result, result_of
from nihbench.errors import DamagedDataError, UsageError
from nihbench.figures.history_text import histories_of, table_rows, told
from nihbench.figures.sweeps import Sweep
from nihbench.lang.messages import Lang, language, languages, said, t
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs, is_tree
from nihbench.stats.detectable import ALPHA


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """The series that some runs make, in the order of their first runs."""

    series: tuple[Series, ...]
    sweeps: tuple[Sweep, ...] = field(repr=False)

    def told(self, series: Series, lang: Lang | None = None) -> list[str]:
        """Return what one of them says, sentence by sentence."""
        return told(series, lang or language())

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values (docs/formats.md), sentences in every language."""
        return {"alpha": ALPHA, "series": [self._one(each) for each in self.series]}

    def told_series(self) -> list[dict[str, Any]]:
        """Return the series of two runs or more as a report has them."""
        return [self._one(each) for each in self.series if len(each.points) > 1]

    def _one(self, series: Series) -> dict[str, Any]:
        def words(name: str) -> dict[str, str]:
            return {lang: said(name, lang) for lang in languages()}

        return as_json(series, words) | {
            "text": {lang: told(series, lang) for lang in languages()},
            "rows": {lang: table_rows(series, lang) for lang in languages()},
        }

    def __str__(self) -> str:
        return "\n".join(" ".join(self.told(each)) for each in self.series)


def history_of(results: Iterable[Result], *, model: str = "", prompt: str = "") -> History:
    """Join runs to series.

    Args:
        results: the runs.
        model: only this model's; "": all.
        prompt: only these prompts, separated by commas; "": all.

    Raises:
        UsageError: there is no such model or prompt.
    """
    sweeps = [sweep for result in results for sweep in result.sweeps]
    sweeps = _only(sweeps, model, "--model", lambda sweep: sweep.setting.model)
    sweeps = _only(sweeps, prompt, "--prompt", lambda sweep: sweep.grid.prompt)
    return History(series=histories_of(sweeps), sweeps=tuple(sweeps))


def _only(sweeps: Sequence[Sweep], wanted: str, option: str, name_of: Any) -> list[Sweep]:
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    known = tuple(dict.fromkeys(name_of(sweep) for sweep in sweeps))
    for name in names:
        if name not in known:
            raise UsageError(t("cli.choose_one", option=option, value=name, known=known))
    return [sweep for sweep in sweeps if not names or name_of(sweep) in names]


def runs_below(paths: Iterable[Path]) -> list[Path]:
    """Return the runs of some folders: those in them, and in the folders of suites that they hold, each once."""
    found: list[Path] = []
    for path in paths:
        trees = [] if is_tree(path) else sorted(each for each in path.glob("*") if each.is_dir() and is_tree(each))
        for tree in trees:
            found += find_runs(tree)
        try:
            found += find_runs(path)
        except UsageError:
            if not trees:
                raise
    return list(dict.fromkeys(found))


def history_in(
    paths: Iterable[Path], caller: Caller, *, model: str = "", prompt: str = "", scorer: str | None = None
) -> History:
    """Read the runs of some folders and join them to series; a run that can't be read is told and left out.

    Args:
        paths: folders of runs, or of several.
        caller: hears which runs are left out.
        model: only this model's; "": all.
        prompt: only these prompts, separated by commas; "": all.
        scorer: whose grades; None: the rules', or those that came with an import.

    Raises:
        UsageError: there is no run that can be read, or no such model or prompt.
    """
    results, damaged = [], None
    for path in runs_below(paths):
        try:
            results.append(result_of(open_run(path), scorer=scorer))
        except DamagedDataError as error:
            damaged = error
            caller.tell(t("history.unreadable", run=path.name, why=error))
    if not results and damaged is not None:
        raise damaged
    return history_of(results, model=model, prompt=prompt)
