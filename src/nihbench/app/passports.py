"""Passports of runs: what each model can do and up to which length, for a terminal, for programs, for a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nihbench.analysis.passport import RULES, Passport, Rung, as_json, means_by_rule
from nihbench.app.events import Caller
from nihbench.app.results import Result
from nihbench.catalog.loading import load_for
from nihbench.errors import NihError, UsageError
from nihbench.figures.passport_text import (
    interval,
    labels,
    passports_of,
    place_of,
    reach,
    rule_sentence,
    scope,
    sentence,
)
from nihbench.figures.sweeps import Sweep, named
from nihbench.lang.messages import language, languages, t
from nihbench.run.store import RunFolder
from nihbench.run.tree import is_tree, open_tree


@dataclass(frozen=True, kw_only=True, eq=False)
class Passports:
    """The passport of each model of some runs."""

    all_of: tuple[Passport, ...]
    sweeps: tuple[Sweep, ...] = field(repr=False)

    def told(self, passport: Passport) -> list[str]:
        """Return the sentence of one of them, what it rests on, and what another rule says, in the user's language."""
        lang = language()
        sentences = [sentence(passport, lang), scope(passport, self.sweeps, lang), rule_sentence(passport, lang)]
        return [each for each in sentences if each]

    def as_json(self) -> list[dict[str, Any]]:
        """Return them as JSON values (docs/formats.md), sentences in every language."""
        return [self._one(passport) for passport in self.all_of]

    def _one(self, passport: Passport) -> dict[str, Any]:
        names = {lang: labels(passport, lang) for lang in languages()}

        def words(rung: Rung) -> Mapping[str, Mapping[str, str]]:
            return {
                "does": {lang: names[lang][rung] for lang in languages()},
                "reach": {lang: reach(rung, lang) for lang in languages()},
                "interval": {lang: interval(rung, lang) for lang in languages()},
            }

        told = {lang: sentence(passport, lang) for lang in languages()}
        rests = {lang: scope(passport, self.sweeps, lang) for lang in languages()}
        return as_json(passport, words) | {"sentence": told, "scope": rests}

    def __str__(self) -> str:
        return "\n".join(f"{each.model}: {' '.join(self.told(each))}" for each in self.all_of)


def passports_in(results: Sequence[Result], rule: str = "") -> Passports:
    """Return the passports of some runs.

    Args:
        results: the runs.
        rule: another rule of scoring that is told, too; "": none.

    Raises:
        UsageError: there is no such rule.
    """
    if rule and rule not in RULES:
        raise UsageError(t("cli.choose_one", option="--rule", value=rule, known=tuple(RULES)))
    owners = {(id(sweep.grid)): result for result in results for sweep in result.sweeps}
    sweeps = named([sweep for result in results for sweep in result.sweeps], place_of)

    def by_rule(sweep: Sweep, point: float | None) -> Mapping[int, float]:
        grid, records = sweep.grid, owners[id(sweep.grid)].records
        return means_by_rule(
            RULES[rule], records, sweep.task, experiment=grid.experiment, prompt=grid.prompt, point=point
        )

    return Passports(all_of=passports_of(sweeps, by_rule if rule else None), sweeps=tuple(sweeps))


def rule_of(paths: Iterable[Path], caller: Caller) -> str:
    """Return the further rule of the suite that some folders are of; "" where they are of none, or of several."""
    suites = load_for(caller.tell_once).suites
    rules = set()
    for path in paths:
        try:
            name = open_tree(path).suite if is_tree(path) else None
        except NihError:
            name = None
        rules.add(suites[name].rule if name is not None and name in suites else "")
    return rules.pop() if len(rules) == 1 else ""


def has_rungs(runs: Iterable[RunFolder]) -> bool:
    """Say whether runs are of several tasks, so that a passport says more of them than their maps."""
    tasks = (run.manifest.task for run in runs)
    return len({(task.name, tuple(sorted(task.options.items()))) for task in tasks}) > 1
