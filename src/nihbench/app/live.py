"""`nih gate --live`: a new run is asked only as far as the gate's verdict needs, look by look.

What is asked is a sample of the old run's cells that is spread evenly over lengths, rows and haystacks, more of it at
each look (`stats.looks`); within a look short texts come first. What the old run has answered is not paid again; where
the old side is a model, both are asked. A gate that was broken off is gone on with as any run: its looks are made again
from the records.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from nihbench.analysis.grids import in_cells, places_of, rows_of
from nihbench.analysis.pairing import Cell, Side
from nihbench.app.baseline import plan_in, without_text
from nihbench.app.comparing import sides_of
from nihbench.app.events import Caller
from nihbench.app.gating import Asked, Gate, gate_of, old_sides
from nihbench.app.results import Result, result_of
from nihbench.app.session import new_session, resumed_session
from nihbench.catalog.loading import load_for
from nihbench.endpoint.tokenizers import is_tokenizer_file
from nihbench.errors import StoppedError, UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import BEFORE_THE_GRID
from nihbench.run.setup import Setup
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs, is_tree
from nihbench.stats.gate import pairs_needed
from nihbench.stats.looks import Look, cuts, looks_at, spread_out
from nihbench.types import Trial

_Part = tuple[str, str]
"""An experiment and a prompt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One look: which trials have to be there for it, and after how many pairs of each part it is."""

    look: Look
    cells: Mapping[_Part, frozenset[Cell]]

    def trials(self, setup: Setup) -> frozenset[Trial]:
        """Return those of a run's trials that this look is made of."""
        return frozenset(
            trial
            for trial in setup.trials
            if (trial.control in BEFORE_THE_GRID)
            or (trial.control is None and _cell(trial) in self.cells.get((trial.experiment, trial.prompt), ()))
        )

    def within(self, side: Side) -> Side:
        """Return a side with these cells of its plan alone."""
        kept = self.cells.get((side.experiment, side.prompt), frozenset())
        planned = frozenset(cell for cell in side.planned if side.trial_at(cell) in kept)
        return replace(side, planned=planned, same={at: to for at, to in side.same.items() if at in planned})


@dataclass(frozen=True, kw_only=True, eq=False)
class Pace:
    """How far a session goes: look by look, until the gate has a verdict.

    `old`: the old side's runs as sides; None: the session's first run is the old side. `on`: it is gone on with beyond
    the planned trials, up to all that there are. `gates` is told of what each look found.
    """

    asked: Asked
    old: tuple[Side, ...] | None
    old_name: str
    on: bool
    caller: Caller
    gates: list[Gate] = field(default_factory=list)

    def most(self, setup: Setup) -> frozenset[Trial]:
        """Return what may have to be asked of a run."""
        return self.steps(setup)[-1].trials(setup)

    def steps(self, setup: Setup) -> list[Step]:
        """Return the looks of a run.

        Raises:
            UsageError: there is nothing to compare it with.
        """
        orders = {part: spread_out(cells) for part, cells in self._cells(setup).items() if cells}
        if not orders:
            raise UsageError(t("gate.live_nothing"))
        ends = self._ends(setup, orders)
        steps = []
        for number, (look, end) in enumerate(zip(looks_at(ends), ends, strict=True)):
            chosen = {}
            for part, order in orders.items():
                # The first look is at the shorter half of what the second is at.
                first = sorted(order[: ends[min(1, len(ends) - 1)]], key=lambda cell: cell[0])
                chosen[part] = frozenset(first[:end] if number == 0 else order[:end])
            steps.append(Step(look=look, cells=chosen))
        return steps

    def _cells(self, setup: Setup) -> dict[_Part, list[Cell]]:
        """Return the cells of every prompt that can make a pair, in order."""
        known = None if self.old is None else {(side.experiment, side.prompt): _measured(side) for side in self.old}
        cells: dict[_Part, list[Cell]] = {}
        for trial in sorted(setup.grid, key=lambda each: (each.length, each.repeat, each.row)):
            part = (trial.experiment, trial.prompt)
            wanted = not self.asked.tasks or not {trial.experiment, trial.prompt}.isdisjoint(self.asked.tasks)
            if wanted and not trial.extra and (known is None or _cell(trial) in known.get(part, ())):
                cells.setdefault(part, []).append(_cell(trial))
        return cells

    def _ends(self, setup: Setup, orders: Mapping[_Part, Sequence[Cell]]) -> tuple[int, ...]:
        """Return after how many pairs of each part it is looked."""
        there = max(map(len, orders.values()))
        haystacks = len({cell[2] for order in orders.values() for cell in order}) if "haystack" in setup.varied else 1
        last = looks_at(cuts(1000))[-1]
        needed = pairs_needed(
            self.asked.max_drop, haystacks=haystacks, losses=2 * len(orders), alpha=self.asked.alpha, look=last
        )
        bars = self.asked.min_found is not None or self.asked.min_length is not None
        planned = there if needed is None or bars else min(needed, there)
        return cuts(planned, there if self.on else 0)

    def is_decided(self, step: Step, paths: Sequence[Path]) -> bool:
        """Look at what is there by now: whether the gate has a verdict."""
        results = [result_of(open_run(path), again=True) for path in paths]
        old, new = self._sides(results)
        made = gate_of(
            new, [step.within(side) for side in old], self.caller if not self.gates else Caller(), self.asked,
            old_name=self.old_name, look=step.look, within=step.within,
        )  # fmt: skip
        self.gates.append(made)
        pairs = sum(part.drop.pairs for part in made.parts if part.drop)
        self.caller.tell(
            t("gate.live_look", number=len(self.gates), pairs=pairs, verdict=t(f"gate.word_{made.verdict}"))
        )
        return made.verdict != "undecided"

    def _sides(self, results: Sequence[Result]) -> tuple[Sequence[Side], Sequence[Result]]:
        if self.old is not None:
            return self.old, results
        return [without_text(side) for side in sides_of(results[0])], results[1:]


def _cell(trial: Trial) -> Cell:
    return trial.length, float(trial.row), trial.repeat


def _measured(side: Side) -> frozenset[Cell]:
    """Return the trials of a side that have a value, by the cell that they are known by."""
    spread, _ = in_cells(rows_of(side.table, side.experiment, side.prompt))
    good = ~np.isnan(spread["value"].astype(np.float64))
    return frozenset(side.trial_at(place) for place, there in zip(places_of(spread), good, strict=True) if there)


def live_gate(
    new: Path,
    against: str,
    values: Mapping[str, Any],
    given: Collection[str],
    caller: Caller,
    asked: Asked,
    *,
    on: bool = False,
    scorer: str | None = None,
) -> Gate:
    """Ask a new run as far as the verdict needs.

    Args:
        new: where it is kept; what is there already is gone on with.
        against: the old run's folder, a baseline file, or a model that is asked, too.
        values: the raw value of every option of a run.
        given: those of them that were given.
        caller: hears what happens.
        asked: what the gate asks for.
        on: whether it is gone on with beyond the planned trials while undecided.
        scorer: whose grades of the old run.

    Raises:
        UsageError: the options can't be carried out, or the two read other texts.
        NihError: as for a run; what is done is kept.
    """
    path, begun = Path(against), new.exists() and any(new.iterdir())
    more: dict[str, Any] = {}
    old: tuple[Side, ...] | None = None
    if path.is_file():
        old, more = tuple(old_sides(path)), {} if begun else _plan_of(path, given, caller)
    elif path.is_dir():
        if is_tree(path):
            raise UsageError(t("gate.live_one_run", old=against))
        old = tuple(old_sides(path, scorer))
        more = {"like": str(path)}
    elif not begun:
        if not values["model"]:
            raise UsageError(t("cli.no_model_named_give"))
        more = {"model": [against, *values["model"]]}
    pace = Pace(asked=asked, old=old, old_name=path.name if old else against, on=on, caller=caller)
    session = (
        resumed_session(new, values, given, None, caller)
        if begun
        else new_session({**values, **more}, None, new, caller)
    )
    session = replace(session, pace=pace)
    if begun and old is None and len(find_runs(new)) != 2:
        raise UsageError(t("gate.live_no_old", old=against))
    try:
        session.measure()
    except StoppedError as error:
        if pace.gates:
            caller.tell(pace.gates[-1].headline())
        raise error
    return pace.gates[-1]


def _plan_of(path: Path, given: Collection[str], caller: Caller) -> dict[str, Any]:
    """Return the options of a baseline's plan; what the user gives wins.

    A baseline may come from anybody, and what it names is sent to a model: texts and tokenizers of the catalog, no
    files of this machine.
    """
    plan = {name: value for name, value in plan_in(path).items() if name not in given}
    corpus = plan.get("corpus")
    if corpus is not None and corpus not in load_for(caller.tell_once).corpora:
        raise UsageError(t("gate.plan_names_file", path=path, option="--corpus", value=corpus))
    if is_tokenizer_file(plan.get("length_unit", "")):
        raise UsageError(t("gate.plan_names_file", path=path, option="--length-unit", value=plan["length_unit"]))
    return plan
