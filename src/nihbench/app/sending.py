"""Send what a run owes, and tell how it goes: controls first, then the grid; on an interruption how to go on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nihbench.app.checks import Checks, canary_of, likely_tokens, request_counter
from nihbench.app.events import Caller, PartBegan, PartEnded, TrialDone, order_words
from nihbench.app.jobs import Ready
from nihbench.app.money import Gauges, budget_of, gauges_of, tell_spent
from nihbench.app.running import completed, now
from nihbench.app.wiring import foreseen
from nihbench.endpoint.access import SideBySide
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.endpoint.waits import in_words
from nihbench.lang.messages import Message, t, typed
from nihbench.plan.grid import BEFORE_THE_GRID
from nihbench.run.calibration import Calibration, calibrate_further
from nihbench.run.forecast import cache_use
from nihbench.run.records import RecordWriter
from nihbench.run.runner import Opening, Owed, Progress, run_trials
from nihbench.run.setup import Setup
from nihbench.run.spent import account, outcomes_before
from nihbench.run.store import RunFolder
from nihbench.run.verify import CutJudge
from nihbench.types import Completer, Record, Trial

_LOOK_S = 5.0
_ASLEEP_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """How one run of a command is sent.

    `resume`: what --resume takes to go on; None: nothing is kept. `elsewhere`: what other runs have spent of the same
    money. `quiet`: the controls are said by the caller. `retry_all`: final failures of extra draws are owed.
    `later`: trials that are owed and not sent now.
    """

    resume: Path | None
    elsewhere: Decimal = Decimal(0)
    strict_controls: bool = False
    quiet: bool = False
    retry_all: bool = False
    later: int = 0


def measure(ready: Ready, folder: RunFolder, trials: Owed, sending: Sending) -> Decimal:
    """Send what is owed; return what the run has spent in all.

    Raises:
        NihError: it could not be finished; the message says how to go on.
    """
    if sending.resume is not None:
        planned = len(ready.setup.trials)
        done = planned - len(trials) - sending.later
        ready.caller.tell(t("cli.run_folder_trials_done", path=folder.path, done=done, total=planned))
    sent = [trial for _, trial in trials]
    with billed(ready, folder, sent, sending.elsewhere) as budget:
        completed(_send(ready, folder, trials, budget, sending, sent), ready.caller, _go_on(sending))
    return budget.exactly_spent - sending.elsewhere


@contextlib.contextmanager
def billed(ready: Ready, folder: RunFolder, sent: Sequence[Trial], elsewhere: Decimal = Decimal(0)) -> Iterator[Budget]:
    """Keep account of what a run is asked as long as the context lasts; at its end say what that has cost.

    Args:
        ready: the run, its servers within reach.
        folder: its folder, which the caller owns.
        sent: what is sent; more may come to it meanwhile.
        elsewhere: what other runs have spent of the same money.
    """
    setup, members, caller = ready.setup, ready.members, ready.caller
    with account(folder.path, setup, now) as (ledger, before):
        budget = budget_of(setup, members, caller, before + elsewhere, ledger)
        # What earlier answers taught is known again, so that a resumed run weighs the same call alike.
        for tokens, outcome in () if setup.counts_doubted else outcomes_before(folder.path, setup):
            budget.learn(tokens, setup.request.max_output, outcome)
        try:
            yield budget
        finally:
            tell_spent(setup, members, sent, budget, caller, before=before, elsewhere=elsewhere)


def enter_checks(ready: Ready, folder: RunFolder) -> None:
    """Say what was spent on a run's checks, before its first trial is sent; it stands in the run's own ledger then."""
    if ready.checks is not None and ready.checks.spent:
        ready.checks.tell()
        ready.checks.enter(folder.path)


async def _send(
    ready: Ready, folder: RunFolder, trials: Owed, budget: Budget, sending: Sending, sent: list[Trial]
) -> None:
    """Send what is owed, and what an adaptive run decides on after it; `sent` is told of the latter."""
    asleep = asyncio.create_task(tell_of_sleep(ready.caller.tell))
    try:
        with folder.writer() as writer:
            async with clients(ready, budget) as (completer, limiters):
                sender = _Sender(
                    ready=ready,
                    folder=folder,
                    sending=sending,
                    writer=writer,
                    completer=completer,
                    limiters=limiters,
                    judge=CutJudge(canary_of(completer, ready.setup, ready.caller)),
                    gauges=gauges_of(ready.setup, ready.members, limiters, budget, sending.elsewhere),
                    sent=sent,
                )
                await sender.send_planned(trials)
                if ready.setup.options.adaptive:
                    from nihbench.app.rounds import send_rounds

                    free = ready.model.counter is not None
                    await send_rounds(
                        ready.setup, folder, budget, sender.send_further, sender.fit, ready.caller,
                        fits_free=free, retry_all=sending.retry_all,
                    )  # fmt: skip
    finally:
        asleep.cancel()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sender:
    """Sends a run's trials part by part; what all parts have in common."""

    ready: Ready
    folder: RunFolder
    sending: Sending
    writer: RecordWriter
    completer: Completer
    limiters: Sequence[Limiter]
    judge: CutJudge
    gauges: Callable[[Mapping[int, int]], Gauges]
    sent: list[Trial]

    async def send_planned(self, trials: Owed) -> None:
        """Send what is owed of the plan: the controls before the grid, then all else."""
        before = [pair for pair in trials if pair[1].control in BEFORE_THE_GRID]
        rest = [pair for pair in trials if pair[1].control not in BEFORE_THE_GRID]
        setup, caller, quiet = self.ready.setup, self.ready.caller, self.sending.quiet
        with _part(setup, trials, self.folder.records().values(), self.gauges, caller) as shown:
            await self._send(
                setup, before, shown, later=len(rest) + self.sending.later, opening=self._opening(before, early=True)
            )
            if before and rest and not quiet:
                from nihbench.app.finishing import tell_controls

                tell_controls(self.folder, caller, strict=self.sending.strict_controls)
            await self._send(setup, rest, shown, later=self.sending.later, opening=self._opening(rest, early=False))

    async def send_further(self, setup: Setup, due: Owed, records: Mapping[str, Record]) -> None:
        """Send a round of an adaptive run, of which `setup` has the trials."""
        self.sent.extend(trial for _, trial in due)
        with _part(setup, due, records.values(), self.gauges, self.ready.caller) as shown:
            await self._send(setup, due, shown)

    async def fit(self, setup: Setup, due: Sequence[Trial]) -> Calibration:
        """Fit the haystack of further trials to what the server counts; say where that can't be done."""
        told: list[str] = []
        measure, _ = request_counter(self.ready.model, self.completer, likely_tokens(setup), on_refusal=told.append)
        found = await calibrate_further(setup, due, measure)
        if found is setup.calibration:
            told.append(t("cli.note_further_haystack_not"))
        if told:
            self.ready.caller.tell(told[0])
        return found

    async def _send(
        self, setup: Setup, part: Owed, shown: Callable[[Progress], None], *, later: int = 0,
        opening: Opening | None = None,
    ) -> None:  # fmt: skip
        await run_trials(
            setup,
            part,
            self.completer,
            self.writer,
            total=len(setup.trials),
            later=later,
            now=now,
            on_progress=shown,
            limiters=self.limiters,
            opening=opening,
            cut_judge=self.judge,
        )

    def _opening(self, part: Owed, *, early: bool) -> Opening | None:
        """Return what looks at the first answers of the controls before the grid, or of all else, each by themselves.

        What is made anew is not looked at for what it was; a check is small, and has an answer for every failure.
        """
        if self.sending.quiet or not part:
            return None
        kept = {} if self.sending.retry_all else self.folder.records()
        known = {key: each for key, each in kept.items() if (each.trial.control in BEFORE_THE_GRID) == early}
        return Opening(self.ready.setup, (trial for _, trial in part), known)


@contextlib.asynccontextmanager
async def clients(ready: Ready, budget: Budget) -> AsyncIterator[tuple[Completer, list[Limiter]]]:
    """Open a client for each server that shares the work; give one completer for all, and their limiters."""
    checks = ready.checks or Checks(options=ready.setup.options, caller=ready.caller)
    limiters = [checks.limiter(member) for member in ready.members]
    async with contextlib.AsyncExitStack() as opened:
        each = [await opened.enter_async_context(checks.client(member, budget)) for member in ready.members]
        yield SideBySide(list(zip(each, limiters, strict=True))) if len(each) > 1 else each[0], limiters


@contextlib.contextmanager
def _part(
    setup: Setup, owed: Owed, records: Iterable[Record], gauges: Callable[[Mapping[int, int]], Gauges], caller: Caller
) -> Iterator[Callable[[Progress], None]]:
    """Tell that trials are sent, as long as the context lasts; what is yielded tells what came of each."""
    caller.emit(
        PartBegan(
            title=f"{setup.preset.name}  {setup.experiment.name}",
            task=setup.task,
            planned=setup.trials,
            owed=[trial for _, trial in owed],
            records=records,
            gauges=gauges,
        )
    )
    try:
        yield lambda news: caller.emit(
            TrialDone(record=news.record, done=news.done, total=news.total, axis=setup.task.axis)
        )
    finally:
        caller.emit(PartEnded())


def tell_cache(ready: Ready, folder: RunFolder) -> None:
    """Say what the prefix cache was predicted to save, and what the server says that it did."""
    setup = ready.setup
    predicted = foreseen(setup, ready.model)
    use = cache_use(predicted, folder.records().values())
    if use is not None:
        ready.caller.tell(
            t(
                "cli.prefix_cache_prompts_tokens",
                computed=use.computed,
                predicted=use.predicted,
                order=order_words(setup.options.order),
                cache=predicted.cache.name,
            )
        )
        if use.was_warm:
            ready.caller.tell(t("cli.prefix_cache_was_warm"))


async def tell_of_sleep(
    say: Callable[[str], None],
    *,
    wall: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Say when the machine was suspended: its clock went on, and what measures time for a run did not.

    Nothing is lost by it. Connections are dead when it wakes, so that calls in flight fail and are sent again.
    """
    while True:
        before = wall() - steady()
        await sleep(_LOOK_S)
        gap_s = wall() - steady() - before
        if gap_s > _ASLEEP_S:
            say(t("cli.note_machine_stood_still", wait=in_words(gap_s)))


def _go_on(sending: Sending) -> Message:
    if sending.resume is None:
        return t("cli.nothing_kept_check_make")
    return t("cli.done_kept_go_nih", path=typed(sending.resume))
