"""`nih watch`: a run, or several, that another process works on; nothing is written, no model is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from nihbench.app.events import TrialDone
from nihbench.app.money import Gauges, stored_tariff
from nihbench.app.results import result_of
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import is_live, terminal
from nihbench.cli.output import note
from nihbench.cli.progress import Watched, show_result, shown
from nihbench.lang.messages import Words, t
from nihbench.run.follow import Follower
from nihbench.run.store import open_run
from nihbench.run.tree import find_runs
from nihbench.types import Record

POLL_S = 0.5
GRACE_S = 3.0
"""So long after the last run ended another one may begin, where a folder of runs is watched."""


def watch(runs: list[Path]) -> None:
    """Watch another process's run until it ends: heatmap, progress, latest miss."""
    folders = _Folders(runs)
    if not folders.any_going_on():
        note(t("cli.no_process_works_how", runs=tuple(map(str, runs))))
    elif is_live():
        _on_screen(folders)
    else:
        _in_lines(folders)
    for follower in folders.all():
        show_result(result_of(follower.folder, store=False))


class _Folders:
    """The runs that are watched; new ones in a watched folder join them."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._found: dict[Path, Follower] = {}
        self.all()

    def all(self) -> list[Follower]:
        for path in self._paths:
            for folder in find_runs(path):
                if folder not in self._found:
                    self._found[folder] = Follower(open_run(folder))
        return list(self._found.values())

    def any_going_on(self) -> bool:
        return any(follower.is_going_on() for follower in self.all())

    def going_on(self) -> list[Follower]:
        """Return the runs that go on; where none does, wait whether another one begins."""
        several = len(self._paths) > 1 or len(self._found) > 1 or self._found.keys() != set(self._paths)
        until = time.monotonic() + (GRACE_S if several else 0.0)
        while not (found := [f for f in self.all() if f.is_going_on()]) and time.monotonic() < until:
            time.sleep(POLL_S)
        return found


def _on_screen(folders: _Folders) -> None:
    """Show the first of the runs that go on, and the next one when it ends."""
    while going := folders.going_on():
        follower = going[0]
        others = len(folders.all())
        sweep = _sweep(follower, f" ({others})" if others > 1 else "")
        with shown(sweep) as draw:
            while follower.is_going_on():
                for record in follower.news():
                    sweep.take(record, time.monotonic())
                draw()
                time.sleep(POLL_S)


def _in_lines(folders: _Folders) -> None:
    while going := folders.going_on():
        for follower in going:
            for record in follower.news():
                note(_done(follower, record))
        time.sleep(POLL_S)
    for follower in folders.all():
        for record in follower.news():
            note(_done(follower, record))


def _done(follower: Follower, record: Record) -> Words:
    axis = follower.folder.manifest.axis
    return TrialDone(record=record, done=follower.done, total=follower.total, axis=axis).message


def _sweep(follower: Follower, more: str) -> Watched:
    content = follower.folder.manifest
    before = follower.news()
    there = {record.trial for record in before}
    sweep = Watched(
        title=f"{content.model.name}  {content.experiment}{more}",
        task=content.task,
        planned=follower.planned,
        owed=[trial for trial in follower.planned if trial not in there],
        now=time.monotonic(),
        gauges=_money(follower),
    )
    for record in before:
        sweep.remember(record)
    return sweep


def _money(follower: Follower) -> Callable[[object], Gauges]:
    """Return what adds up the costs of the records, at the price that the run was given or the catalog knows."""
    content, catalog = follower.folder.manifest, load_for(terminal().tell_once)
    tariff, preset = stored_tariff(content, catalog), catalog.models.get(content.model.name)
    free = preset is not None and preset.local is not None and not tariff.prices

    def read(owed: object) -> Gauges:
        return Gauges(free=free, spent_usd=follower.spent(tariff), most_usd=content.options.max_cost)

    return read
