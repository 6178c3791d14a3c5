"""Send what a run owes, and tell how it goes: controls first, then the grid; on an interruption how to go on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nihbench.app.checks import canary_of, likely_tokens, request_counter
from nihbench.app.events import Caller, PartBegan, PartEnded, TrialDone, order_words
from nihbench.app.jobs import Ready
from nihbench.app.money import Checks, Gauges, budget_of, gauges_of, tell_spent
from nihbench.app.running import complete, now, stopped
from nihbench.app.wiring import foreseen
from nihbench.endpoint.access import SideBySide
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.endpoint.waits import in_words
from nihbench.errors import DamagedDataError, MovedError, NihError
from nihbench.lang.messages import Message, t, typed, without_stop
from nihbench.plan.grid import BEFORE_THE_GRID
from nihbench.run.calibration import Calibration, calibrate_further
from nihbench.run.forecast import cache_use
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
    setup, members, caller = ready.setup, ready.members, ready.caller
    if sending.resume is not None:
        caller.tell(
            t(
                "cli.run_folder_trials_done",
                path=folder.path,
                done=len(setup.trials) - len(trials) - sending.later,
                total=len(setup.trials),
            )
        )
    sent = [trial for _, trial in trials]
    with account(folder.path, setup, now) as (ledger, before):
        budget = budget_of(setup, members, caller, before + sending.elsewhere, ledger)
        # What earlier answers taught is known again, so that a resumed run weighs the same call alike.
        for tokens, outcome in () if setup.counts_doubted else outcomes_before(folder.path, setup):
            budget.learn(tokens, setup.request.max_output, outcome)
        try:
            complete(_send(ready, folder, trials, budget, sending, sent), caller)
        except KeyboardInterrupt as error:
            raise stopped(error, _go_on(sending)) from error
        except (DamagedDataError, MovedError):
            raise
        except NihError as error:
            raise type(error)(t("cli.error_go_on", error=without_stop(error), go_on=_go_on(sending))) from error
        finally:
            tell_spent(setup, members, sent, budget, caller, before=before, elsewhere=sending.elsewhere)
    return budget.exactly_spent - sending.elsewhere


def enter_checks(ready: Ready, folder: RunFolder) -> None:
    """Say what was spent on a run's checks, before its first trial is sent; it stands in the run's own ledger then."""
    if ready.checks is not None and ready.checks.spent:
        ready.checks.tell()
        ready.checks.enter(folder.path)


async def _send(
    ready: Ready,
    folder: RunFolder,
    trials: Owed,
    budget: Budget,
    sending: Sending,
    sent: list[Trial],
) -> None:
    """Send what is owed, and what an adaptive run decides on after it; `sent` is told of the latter."""
    asleep = asyncio.create_task(tell_of_sleep(ready.caller.tell))
    try:
        await _send_parts(ready, folder, trials, budget, sending, sent)
    finally:
        asleep.cancel()


async def _send_parts(
    ready: Ready, folder: RunFolder, trials: Owed, budget: Budget, sending: Sending, sent: list[Trial]
) -> None:
    setup, caller = ready.setup, ready.caller
    before = [pair for pair in trials if pair[1].control in BEFORE_THE_GRID]
    rest = [pair for pair in trials if pair[1].control not in BEFORE_THE_GRID]

    def opening(part: Owed) -> Opening | None:
        """Look at the first answers of the controls before the grid, and at those of all else, each for themselves.

        What is made anew is not looked at for what it was; a check is small, and has an answer for every failure.
        """
        if sending.quiet or not part:
            return None
        kept = {} if sending.retry_all else folder.records()
        early = part is before
        known = {key: each for key, each in kept.items() if (each.trial.control in BEFORE_THE_GRID) == early}
        return Opening(setup, (trial for _, trial in part), known)

    with folder.writer() as writer:
        async with clients(ready, budget) as (completer, limiters):
            judge = CutJudge(canary_of(completer, setup, caller))
            gauges = gauges_of(setup, ready.members, limiters, budget, sending.elsewhere)
            with _part(setup, trials, folder.records().values(), gauges, caller) as shown:
                for part, later in ((before, len(rest)), (rest, 0)):
                    await run_trials(
                        setup,
                        part,
                        completer,
                        writer,
                        total=len(setup.trials),
                        later=later + sending.later,
                        now=now,
                        on_progress=shown,
                        limiters=limiters,
                        opening=opening(part),
                        cut_judge=judge,
                    )
                    if part and later and not sending.quiet:
                        from nihbench.app.finishing import tell_controls

                        tell_controls(folder, caller, strict=sending.strict_controls)

            async def send(setup: Setup, due: Owed, records: Mapping[str, Record]) -> None:
                sent.extend(trial for _, trial in due)
                with _part(setup, due, records.values(), gauges, caller) as shown:
                    await run_trials(
                        setup, due, completer, writer, total=len(setup.trials), now=now, on_progress=shown,
                        limiters=limiters, cut_judge=judge,
                    )  # fmt: skip

            async def fit(setup: Setup, due: Sequence[Trial]) -> Calibration:
                told: list[str] = []
                measure, _ = request_counter(ready.model, completer, likely_tokens(setup), on_refusal=told.append)
                found = await calibrate_further(setup, due, measure)
                if found is setup.calibration:
                    told.append(t("cli.note_further_haystack_not"))
                if told:
                    caller.tell(told[0])
                return found

            if setup.options.adaptive:
                from nihbench.app.rounds import send_rounds

                free = ready.model.counter is not None
                await send_rounds(
                    setup, folder, budget, send, fit, caller, fits_free=free, retry_all=sending.retry_all
                )  # fmt: skip


@contextlib.asynccontextmanager
async def clients(ready: Ready, budget: Budget) -> AsyncIterator[tuple[Completer, list[Limiter]]]:
    """Open a client for each server that shares the work; give one completer for all, and their limiters."""
    options = ready.setup.options
    checks, tell = ready.checks or Checks(options=options, caller=ready.caller), ready.caller.tell
    limiters = [checks.limiter(member) for member in ready.members]
    async with contextlib.AsyncExitStack() as opened:
        each = [
            await opened.enter_async_context(
                member.client(stream=options.stream, limiter=limiter, budget=budget, on_change=tell, on_silence=tell)
            )
            for member, limiter in zip(ready.members, limiters, strict=True)
        ]
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
