"""The rounds of an adaptive run: each sent as a whole, as long as precision and money ask for it.

Which draws a round has is `run.adaptive`'s matter, which reads what answers are worth: only an adaptive run needs it.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nihbench.app.events import Caller
from nihbench.endpoint.spending import Budget
from nihbench.lang.messages import Message, t
from nihbench.run.adaptive import Rounds, rounds, settled, to_fit
from nihbench.run.calibration import Calibration, likely_points
from nihbench.run.forecast import with_extra
from nihbench.run.options import RunOptions, wanted_precision
from nihbench.run.runner import Owed, owed
from nihbench.run.setup import Setup
from nihbench.run.spent import MARGIN
from nihbench.run.store import RunFolder, amend
from nihbench.types import Record, Trial

Send = Callable[[Setup, Owed, Mapping[str, Record]], Awaitable[None]]
Fit = Callable[[Setup, Sequence[Trial]], Awaitable[Calibration]]


async def send_rounds(
    setup: Setup,
    folder: RunFolder,
    budget: Budget,
    send: Send,
    fit: Fit,
    caller: Caller,
    *,
    fits_free: bool = False,
    retry_all: bool = False,
) -> None:
    """Decide round after round from the records, and send what is owed of it.

    A round is begun only if all of it fits into --max-cost at its worst: which cells it measures then never depends on
    what their answers cost. Where lengths are fitted to the server's counts, so is each further haystack, before its
    round; the fit stands in run.json before a trial is sent by it.

    Args:
        setup: the resolved run.
        folder: its folder, where the first draws are.
        budget: what is spent and may be.
        send: measures trials, given a setup that has them and the records before them.
        fit: fits the haystack of further draws to the server's counts.
        caller: hears how it ended.
        fits_free: whether that is at no charge.
        retry_all: whether final failures are owed, too.
    """
    if setup.options.shard is not None:
        caller.tell(t("cli.adaptive_part_makes_first"))
        return
    planned = rounds(setup, folder.records())
    made = _Made(
        setup=setup, folder=folder, budget=budget, send=send, fit=fit, fits_free=fits_free, retry_all=retry_all,
        records=folder.records(),
    )  # fmt: skip
    reached, short = planned.before, False
    for step in planned.steps:
        if not await made.add(step.trials):
            short = True
            break
        reached = step.precision
    extra = sum(record.trial.extra for record in made.records.values())
    caller.tell(_ended(setup.options, planned, extra, reached if short else planned.after, short=short))


@dataclass(kw_only=True, slots=True)
class _Made:
    """An adaptive run as far as it is made: its fit and its records grow from round to round (see `send_rounds`)."""

    setup: Setup
    folder: RunFolder
    budget: Budget
    send: Send
    fit: Fit
    fits_free: bool
    retry_all: bool
    records: Mapping[str, Record]

    async def add(self, trials: Sequence[Trial]) -> bool:
        """Make a round; return False where not all of it can be paid for, and none of it was sent."""
        due = self._due(trials)
        unfitted = to_fit(self.setup, [trial for _, trial in due], self.records)
        if due and not self._fits(due, self._counts(unfitted)):
            return False
        if unfitted:
            fitted = await self.fit(self.setup, unfitted)
            self.setup, self.folder = replace(self.setup, calibration=fitted), amend(self.folder, fitted)
            due = self._due(trials)
            if not self._fits(due):  # a text may take more counts than are foreseen
                return False
        if due:
            made = with_extra(self.setup, self.records)
            more = tuple(trial for trial_id, trial in due if trial_id not in self.records)
            await self.send(replace(made, trials=(*made.trials, *more)), due, self.records)
            self.records = self.folder.records()
        return True

    def _due(self, trials: Sequence[Trial]) -> Owed:
        """Return what is owed of a round, every place of its haystack once."""
        sent = settled(self.setup, trials)
        ids = {self.setup.trial_id(trial) for trial in sent}
        of_round = {key: record for key, record in self.records.items() if key in ids}
        return owed(replace(self.setup, trials=sent), of_round, retry_all=self.retry_all)

    def _counts(self, unfitted: Sequence[Trial]) -> Sequence[int]:
        """Return about how many tokens the counts have that fit a haystack, as far as they are paid for."""
        if not unfitted or self.fits_free:
            return ()
        return likely_points(sorted({trial.length for trial in unfitted}), self.setup.window)

    def _fits(self, due: Owed, counts: Sequence[int] = ()) -> bool:
        """Say whether trials can be paid for at their worst, and before them counts of so many tokens."""
        if self.setup.options.max_cost is None:
            return True
        total = self.budget.exactly_spent
        sent = [(trial.length, self.setup.request.max_output) for _, trial in due]
        for tokens, output in [*sent, *((math.ceil(MARGIN * count), 1) for count in counts)]:
            total += self.budget.worst_cost(tokens, output) or 0
        return total <= Decimal(str(self.setup.options.max_cost))


def _ended(options: RunOptions, planned: Rounds, extra: int, reached: float, *, short: bool) -> Message:
    wanted = wanted_precision(options)
    if not planned.measured:
        return t("cli.adaptive_further_draws_too", extra=extra)
    if reached <= wanted:
        return t("cli.adaptive_further_draws_enough", extra=extra, wanted=wanted)
    why = t("cli.next_round_could_pass") if short else t("cli.max_trials_bounds_them")
    return t("cli.adaptive_further_draws_enough_length", extra=extra, reached=reached, wanted=wanted, why=why)
