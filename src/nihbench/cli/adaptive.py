"""The rounds of an adaptive run: each sent as a whole, as long as precision is wanting and the money reaches."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nihbench.cli.money import dollars
from nihbench.cli.output import note
from nihbench.endpoint.spending import Budget
from nihbench.lang.messages import Message, t
from nihbench.prices import worst_cost
from nihbench.run.adaptive import Rounds, most_extra, most_fit_prompts, rounds, settled, to_fit, with_extra
from nihbench.run.calibration import Calibration, likely_points
from nihbench.run.options import RunOptions, wanted_precision
from nihbench.run.runner import owed
from nihbench.run.setup import Setup
from nihbench.run.spent import MARGIN
from nihbench.run.store import RunFolder, amend
from nihbench.types import Record, Trial

Owed = Sequence[tuple[str, Trial]]
Send = Callable[[Setup, Owed, Mapping[str, Record]], Awaitable[None]]
Fit = Callable[[Setup, Sequence[Trial]], Awaitable[Calibration]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What an adaptive run takes at least and at most: trials of the grid, tokens, US dollars (None: unknown)."""

    precision: float
    trials: tuple[int, int]
    prompt_tokens: tuple[int, int]
    cost_usd: tuple[str | None, str | None]

    def sentence(self) -> Message:
        """Return it for a reader."""
        least, most = (t("an unknown cost") if cost is None else dollars(Decimal(cost)) for cost in self.cost_usd)
        return t(
            "{least:,} to {most:,} trials of the grid, {least_tokens:,} to {most_tokens:,} tokens, {least_cost} to "
            "{most_cost}, for ±{precision:.1%} a length where answers are independent; the rows below are the first "
            "pass",
            least=self.trials[0],
            most=self.trials[1],
            least_tokens=self.prompt_tokens[0],
            most_tokens=self.prompt_tokens[1],
            least_cost=least,
            most_cost=most,
            precision=self.precision,
        )


async def send_rounds(
    setup: Setup,
    folder: RunFolder,
    budget: Budget,
    send: Send,
    fit: Fit,
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
        fits_free: whether that is at no charge.
        retry_all: whether final failures are owed, too.
    """
    if setup.options.shard is not None:
        note(t("adaptive: a part makes first draws only; nih merge the parts, and go on with the whole by --resume"))
        return
    records = folder.records()
    planned = rounds(setup, records)
    reached, short = planned.before, False
    for step in planned.steps:
        due = _due(setup, step.trials, records, retry_all=retry_all)
        unfitted = to_fit(setup, [trial for _, trial in due], records)
        lengths = sorted({trial.length for trial in unfitted})
        counts = likely_points(lengths, setup.window) if unfitted and not fits_free else ()
        if due and not _fits(setup, budget, [trial for _, trial in due], counts):
            short = True
            break
        if unfitted:
            setup = replace(setup, calibration=await fit(setup, unfitted))
            assert setup.calibration is not None
            folder = amend(folder, setup.calibration)
            due = _due(setup, step.trials, records, retry_all=retry_all)
            # A text may take more counts than are foreseen.
            if not _fits(setup, budget, [trial for _, trial in due]):
                short = True
                break
        if due:
            made = with_extra(setup, records)
            more = tuple(trial for trial_id, trial in due if trial_id not in records)
            await send(replace(made, trials=(*made.trials, *more)), due, records)
            records = folder.records()
        reached = step.precision
    extra = sum(record.trial.extra for record in records.values())
    note(_ended(setup.options, planned, extra, reached if short else planned.after, short=short))


def _due(setup: Setup, trials: Sequence[Trial], records: Mapping[str, Record], *, retry_all: bool) -> Owed:
    """Return what is owed of a round, every place of its haystack once."""
    sent = settled(setup, trials)
    ids = {setup.trial_id(trial) for trial in sent}
    of_round = {key: record for key, record in records.items() if key in ids}
    return owed(replace(setup, trials=sent), of_round, retry_all=retry_all)


def _fits(setup: Setup, budget: Budget, trials: Sequence[Trial], counts: Sequence[int] = ()) -> bool:
    """Say whether trials can be paid for at their worst, and before them counts of so many tokens."""
    if setup.options.max_cost is None:
        return True
    total = budget.exactly_spent
    sent = [(trial.length, setup.request.max_output) for trial in trials]
    for tokens, output in [*sent, *((math.ceil(MARGIN * count), 1) for count in counts)]:
        total += budget.worst_cost(tokens, output) or 0
    return total <= Decimal(str(setup.options.max_cost))


def _ended(options: RunOptions, planned: Rounds, extra: int, reached: float, *, short: bool) -> Message:
    wanted = wanted_precision(options)
    if not planned.measured:
        return t("adaptive: {extra:,} further draws; too few first ones are measured to tell a precision", extra=extra)
    if reached <= wanted:
        return t(
            "adaptive: {extra:,} further draws; that is enough for ±{wanted:.1%} a length, as asked for, where answers "
            "are independent",
            extra=extra,
            wanted=wanted,
        )
    why = t("the next round could pass --max-cost") if short else t("--max-trials bounds them")
    return t(
        "adaptive: {extra:,} further draws; that is enough for ±{reached:.1%} a length instead of ±{wanted:.1%}, where "
        "answers are independent, for {why}",
        extra=extra,
        reached=reached,
        wanted=wanted,
        why=why,
    )


def bounds(
    setup: Setup, least: Decimal | None, most_of: Callable[[Setup], Decimal | None], *, fits_free: bool
) -> Bounds:
    """Return what an adaptive run takes: nothing but the first pass at least; at most all that may be decided on.

    Args:
        setup: the resolved run.
        least: what the first pass costs at least.
        most_of: what a setup costs at most.
        fits_free: whether further haystacks are fitted to the server's counts at no charge.
    """
    extra = most_extra(setup)
    counts = () if fits_free else most_fit_prompts(setup, extra)
    most = most_of(replace(setup, trials=(*setup.trials, *extra)))
    if most is not None:
        most += sum((worst_cost(setup.preset.prices, tokens, 1) or Decimal(0) for tokens in counts), Decimal(0))
    cap = setup.options.max_cost
    if most is not None and cap is not None:
        most = min(most, Decimal(str(cap)))
    planned, tokens = len(setup.grid), sum(trial.length for trial in setup.trials)
    return Bounds(
        precision=wanted_precision(setup.options),
        trials=(planned, planned + len(extra)),
        prompt_tokens=(tokens, tokens + sum(trial.length for trial in extra) + sum(counts)),
        cost_usd=(None if least is None else str(least), None if most is None else str(most)),
    )
