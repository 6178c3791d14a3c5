"""Runs from options to results: made, agreed to, measured, finished; one, or those of a suite or of several models."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nihbench.app.consent import check_cost
from nihbench.app.events import Caller
from nihbench.app.jobs import Job, Ready, asked_jobs, made_ready, resumed_jobs, spent_apart
from nihbench.app.money import tell_reach, tell_unknown
from nihbench.app.running import now
from nihbench.app.sending import Sending, enter_checks, measure, tell_cache
from nihbench.catalog.loading import load_for
from nihbench.errors import InterruptedRunError, NihError, StoppedError
from nihbench.run.batch_state import check_nothing_waits
from nihbench.run.forecast import most_extra, with_extra
from nihbench.run.like import begin_run
from nihbench.run.runner import owed
from nihbench.run.spent import spent_before
from nihbench.run.store import RunFolder, check_rules, check_same, check_unchanged, open_run, owned
from nihbench.run.tree import check_place, check_room, create_tree, slug
from nihbench.types import Trial

if TYPE_CHECKING:
    from nihbench.app.live import Pace
    from nihbench.app.results import Result

_RESULTS = Path("results")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """The runs of one call: what is to be measured, for whom, and where it is kept.

    `root` is the folder of the run, or of the runs where they are several. `is_new`: nothing of them is there yet.
    `retry_all`: final failures are tried again, too. `strict_controls`: a control that fails stops a run before its
    grid. `pace`: it is sent look by look, as far as a gate's verdict needs; None: all of it.
    """

    jobs: tuple[Job, ...] = field(repr=False)
    caller: Caller = field(repr=False)
    root: Path
    suite: str | None
    is_new: bool
    retry_all: bool = False
    strict_controls: bool = False
    pace: Pace | None = field(default=None, repr=False)

    def measure(self) -> tuple[Result, ...]:
        """Measure all of it; return the runs as they are read.

        Raises:
            UsageError: the options can't be carried out, or their cost is not agreed to.
            NihError: it could not be finished; what is done is kept, and the message says how to go on.
        """
        try:
            return self._measure()
        except NihError as error:
            error.folder = self.root if self.root.exists() else None
            raise

    def _measure(self) -> tuple[Result, ...]:
        told: list[bool] = []

        def agree(ready: Sequence[Ready]) -> None:
            _check_begun(ready)
            runs = [None if self.is_new else self.root / each.job.folder for each in ready]
            parts = [(r.setup, r.members, self._at_most_owed(r)) for r in ready]
            check_cost(parts, self.caller, runs=runs)
            if not told:
                told.append(True)
                members = [model for each in ready for model in each.members]
                tell_unknown(ready[0].setup.options.max_cost, self.caller, *members)

        with made_ready(self.jobs, self.caller, sending=True, agree=agree, folder=self.root) as ready:
            _check_begun(ready)  # servers may have been asked for long
            folders = self._folders(ready)
            results = self._send_all(ready, folders)
        if len(folders) > 1 or folders[0] != self.root:
            from nihbench.app.finishing import finish_tree

            finish_tree(self.root, self.caller)
        return results

    def _at_most_owed(self, ready: Ready) -> list[Trial]:
        """Return what a run has to send, and all that an adaptive one may decide to send besides."""
        existing, more = ready.job.existing, most_extra(ready.setup)
        made = {record.trial for record in existing.records().values()} if existing and more else set()
        return [*self._planned(ready), *(trial for trial in more if trial not in made)]

    def _planned(self, ready: Ready) -> list[Trial]:
        """Return what a run has to send of what is planned."""
        records = ready.job.existing.records() if ready.job.existing else {}
        due = [trial for _, trial in owed(with_extra(ready.setup, records), records, retry_all=self.retry_all)]
        most = None if self.pace is None else self.pace.most(ready.setup)
        return due if most is None else [trial for trial in due if trial in most]

    def _folders(self, ready: Sequence[Ready]) -> list[Path]:
        """Return the folders of the runs in that of the whole; a new tree's folder is made."""
        if not self.is_new:
            return [self.root / each.job.folder for each in ready]
        if self.suite is None and len(ready) == 1:
            return [self.root]
        children = [(each.setup.options, each.setup.experiment.name) for each in ready]
        texts = [each.setup.corpus.sha256 for each in ready]
        tree = create_tree(self.root, self.suite, children, now().isoformat(timespec="seconds"), texts)
        return [self.root / child.folder for child in tree.children]

    def _send_all(self, ready: Sequence[Ready], folders: Sequence[Path]) -> tuple[Result, ...]:
        """Send run after run, each to its end."""
        started = now().isoformat(timespec="seconds")
        # All of them are begun at once: what was found out for them, and what that cost, is kept whatever comes.
        runs = [
            each.job.existing or begin_run(path, each.setup, started) for each, path in zip(ready, folders, strict=True)
        ]
        for each, folder in zip(ready, runs, strict=True):
            enter_checks(each, folder)
        spent = [spent_before(folder.path, each.setup) for each, folder in zip(ready, runs, strict=True)]
        apart = spent_apart(self.root, folders)
        tell_reach([(each.setup, each.members, self._planned(each)) for each in ready], sum(spent, apart), self.caller)
        if self.pace is not None:
            return self._send_by_looks(self.pace, ready, runs, spent, apart)
        results = []
        for number, (each, folder) in enumerate(zip(ready, runs, strict=True)):
            spent[number] = self._send(each, folder, sum(spent, apart) - spent[number])
            results.append(self._finished(each, folder))
        return tuple(results)

    def _send_by_looks(
        self, pace: Pace, ready: Sequence[Ready], runs: Sequence[RunFolder], spent: list[Decimal], apart: Decimal
    ) -> tuple[Result, ...]:
        """Send what a gate's next look needs of every run, until it has a verdict."""
        setups = [each.setup for each in ready]
        for step in pace.steps(setups[-1]):
            for number, (each, folder) in enumerate(zip(ready, runs, strict=True)):
                elsewhere = sum(spent, apart) - spent[number]
                spent[number] = self._send(each, folder, elsewhere, step.trials(each.setup))
            if pace.is_decided(step, [folder.path for folder in runs]):
                break
        return tuple(self._finished(each, folder) for each, folder in zip(ready, runs, strict=True))

    def _finished(self, ready: Ready, folder: RunFolder) -> Result:
        from nihbench.app.finishing import finish

        tell_cache(ready, folder)
        # An adaptive run writes into run.json what it fitted since.
        return finish(open_run(folder.path), self.caller, resume=self.root, enough=self.pace is not None)

    def _send(
        self, ready: Ready, folder: RunFolder, elsewhere: Decimal, part: Collection[Trial] | None = None
    ) -> Decimal:
        """Send what one run owes, or what of a part of it; return what it has spent in all."""
        with owned(folder.path, now):
            check_unchanged(folder)
            records = folder.records()
            begun = replace(ready, setup=with_extra(ready.setup, records))
            due = owed(begun.setup, records, retry_all=self.retry_all)
            trials = due if part is None else [pair for pair in due if pair[1] in part]
            if trials:
                check_room(folder.path)
            elif part is not None:
                return spent_before(folder.path, ready.setup)
            sending = Sending(
                resume=self.root,
                elsewhere=elsewhere,
                strict_controls=self.strict_controls,
                retry_all=self.retry_all,
                later=len(due) - len(trials),
            )
            try:
                return measure(begun, folder, trials, sending)
            except (StoppedError, InterruptedRunError):
                from nihbench.app.finishing import finish_part

                finish_part(folder, self.caller)
                raise


def new_session(
    values: Mapping[str, Any], suite: str | None, out: Path | None, caller: Caller, *, strict_controls: bool = False
) -> Session:
    """Return a session of new runs.

    Args:
        values: the raw value of every option (`keywords`).
        suite: the suite that is measured; None: one experiment.
        out: where it is kept; None: in a new folder in results/.
        caller: hears what happens.
        strict_controls: as in `Session`.

    Raises:
        UsageError: an option can't be read, two of them exclude each other, or the place is taken.
    """
    jobs = asked_jobs(values, suite, caller)
    check_place(out) if out else check_room(_RESULTS)
    root = out or _new_folder(jobs, suite, caller)
    return Session(jobs=jobs, caller=caller, root=root, suite=suite, is_new=True, strict_controls=strict_controls)


def resumed_session(
    folder: Path,
    values: Mapping[str, Any],
    given: Collection[str],
    suite: str | None,
    caller: Caller,
    *,
    retry_all: bool = False,
    strict_controls: bool = False,
) -> Session:
    """Return a session that goes on with what was begun; arguments as for `resumed_jobs` and `Session`.

    Raises:
        UsageError: an option says something else than the run's, or a secret is missing.
        DamagedDataError: a file of the run can't be read.
    """
    jobs = resumed_jobs(folder, values, given, suite, caller)
    for job in jobs:
        if job.existing:
            check_rules(job.existing.path, job.existing.manifest)
    return Session(
        jobs=jobs,
        caller=caller,
        root=folder,
        suite=suite,
        is_new=False,
        retry_all=retry_all,
        strict_controls=strict_controls,
    )


def _check_begun(ready: Sequence[Ready]) -> None:
    """Make sure that runs which are gone on with are what they were, and that no batch of theirs is under way."""
    for each in ready:
        if each.job.existing:
            check_unchanged(each.job.existing)
            check_same(each.job.existing.manifest, each.setup)
            check_nothing_waits(each.job.existing.path)


def _new_folder(jobs: Sequence[Job], suite: str | None, caller: Caller) -> Path:
    """Return where a new run is kept of which nobody said it: known before anything is asked for it."""
    options = jobs[0].options
    models = list(dict.fromkeys(job.options.model for job in jobs))
    what = [suite] if suite else [options.experiment or load_for(caller.tell_once).default_experiment]
    shard = options.shard
    words = [now().strftime("%Y%m%d-%H%M%S"), *models, *what, *([f"part-{shard}"] if shard else [])]
    return _RESULTS / "-".join(slug(word) for word in words)[:200]
