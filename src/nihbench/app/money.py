"""What a run may cost: foretold before it begins, kept to while it goes on, told when it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nihbench.app.events import Caller, Spent
from nihbench.app.wiring import foreseen
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.lang.messages import Message, listed, said, t
from nihbench.prices import CostRange, worst_cost
from nihbench.run.forecast import Covered, Reach, reach_of
from nihbench.run.options import RunOptions, price_of
from nihbench.run.setup import Setup
from nihbench.run.spent import Ledger, Tariff, committed, margin_of, spent_of
from nihbench.run.store import RunFolder
from nihbench.run.stored import Manifest
from nihbench.run.verify import Recount
from nihbench.types import PriceTier, Trial

Part = tuple[Setup, Sequence[ModelAccess], Sequence[Trial]]


def budget_of(
    setup: Setup,
    members: Sequence[ModelAccess],
    caller: Caller,
    spent: Decimal = Decimal(0),
    ledger: Ledger | None = None,
) -> Budget:
    """Return the run's budget; `spent` is what it has cost so far, `ledger` where its calls are written down.

    Raises:
        UsageError: --max-cost is no amount, or the price is unknown.
    """
    recount = Recount(setup)
    return Budget(
        setup.options.max_cost,
        prices_of(setup, members),
        longest_prompt=max(*setup.lengths, *map(recount.planned, setup.trials)),
        spent=spent,
        margin=margin_of(setup),
        journal=ledger,
        on_doubt=caller.tell,
    )


def planned_cost(setup: Setup, members: Sequence[ModelAccess], trials: Sequence[Trial]) -> CostRange:
    """Return what the trials may cost: from all cached to nothing cached and every answer as long as it may be."""
    prices = prices_of(setup, members)
    if trials and not prices:  # nobody knows, whatever the cache will hold
        return CostRange(least=None, predicted=None, most=None)
    preset = replace(setup.preset, prices=prices)
    return foreseen(replace(setup, preset=preset, trials=tuple(trials)), members[0]).cost


def dollars(value: Decimal) -> str:
    """Return an amount with cents, and with four places where it is small."""
    return f"${value:,.2f}" if value >= 1 else f"${value:.4f}"


def stored_tariff(content: Manifest, catalog: Catalog, price: str | None = None) -> Tariff:
    """Return what the calls of a stored run cost.

    Args:
        content: run.json's content.
        catalog: knows the prices of the model of this name, where the run was given none.
        price: what --price says now instead.

    Raises:
        UsageError: --price is no price.
    """
    preset = catalog.models.get(content.model.name)
    given = price or content.options.price
    prices = (price_of(given),) if given else preset.prices if preset else ()
    return Tariff.of(content, prices, preset.batch if preset else None)


def left_behind(run: RunFolder, catalog: Catalog) -> Decimal:
    """Return what a killed command of an older version may have spent on a run beside its records and its ledger."""
    usd = committed(run.path)
    if not usd:
        return usd
    shown = spent_of(run.path, stored_tariff(run.manifest, catalog)) or Decimal(0)
    return max(usd - shown, Decimal(0))


def worst_rest(setup: Setup, members: Sequence[ModelAccess], owed: Mapping[int, int]) -> float | None:
    """Return what trials cost at most in USD, given how many of each length are owed; None where it is unknown."""
    prices, margin, total = prices_of(setup, members), margin_of(setup), Decimal(0)
    for length, count in owed.items():
        cost = worst_cost(prices, math.ceil(length * margin), setup.request.max_output)
        if cost is None:
            return None
        total += cost * count
    return float(total)


def tell_spent(
    setup: Setup,
    members: Sequence[ModelAccess],
    trials: Sequence[Trial],
    budget: Budget,
    caller: Caller,
    *,
    before: Decimal,
    elsewhere: Decimal = Decimal(0),
) -> None:
    """Say what these trials have cost and were planned to, and apart from it what the run has spent in all.

    Args:
        setup: the resolved run.
        members: the servers that share its work.
        trials: what was owed.
        budget: what is spent by now.
        caller: hears it.
        before: what the run had spent before them: in earlier parts, and on checks.
        elsewhere: what other runs have spent of the same budget.
    """
    if is_free(members):
        return
    cost = planned_cost(setup, members, trials)
    planned = t("cli.unknown_cost")
    if cost.predicted is not None and cost.most is not None:
        planned = t("cli.most_predicted", most=dollars(cost.most), predicted=dollars(cost.predicted))
    whole = budget.exactly_spent - elsewhere
    now = _money(whole - before, budget.unpriced)
    counts = t("cli.tokens_out", prompt_tokens=budget.prompt_tokens, completion_tokens=budget.completion_tokens)
    plan = t("cli.tokens_4", planned=planned, tokens=sum(map(Recount(setup).planned, trials)))
    sentence = t("cli.spent_planned", now=now, counts=counts, plan=plan)
    if before:
        sentence = t("cli.spent_all_trials_part", whole=whole, now=now, counts=counts, plan=plan)
    caller.emit(
        Spent(
            usd=whole - before,
            run_usd=whole,
            prompt_tokens=budget.prompt_tokens,
            completion_tokens=budget.completion_tokens,
            unpriced=budget.unpriced,
            sentence=sentence,
        )
    )


def _money(spent: Decimal, unpriced: int) -> Message:
    """Return a sum in words, with the calls whose price is not known."""
    if unpriced and not spent:
        return t("cli.unknown_sum_calls", count=unpriced)
    if unpriced:
        return t("cli.calls_unknown_price_2", spent=spent, count=unpriced)
    return t("cli.spent_2", spent=spent)


def is_free(members: Sequence[ModelAccess]) -> bool:
    """Say whether the answers cost nothing, whichever of the servers gives them."""
    return all(model.is_free for model in members)


def free_words(model: ModelAccess) -> Message:
    """Say why a model's answers cost nothing."""
    if model.server is None or model.model_sha256 is not None:
        return t("cli.nothing_model_runs_machine")
    return t("cli.nothing_says", host=model.endpoint.host, engine=model.server.engine)


def prices_of(setup: Setup, members: Sequence[ModelAccess]) -> tuple[PriceTier, ...]:
    """Return what an answer costs: the setup's price tiers, or nothing; empty where that is not known."""
    return members[0].prices if is_free(members) else setup.preset.prices


# ---- gauges ----------------------------------------------------------------------------------------------------------
# What limiters and budget say while trials are sent.


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """What limiters and budget say at a moment. None: unknown, or there is none.

    `spent_usd` is what the run has spent, `elsewhere_usd` what others have of the same money, `most_usd` the cap
    (--max-cost), `rest_usd` what the owed trials cost at most;
    `waits` says what the next call waits for and for how many seconds. `free`: the answers cost nothing.
    """

    free: bool = False
    spent_usd: float | None = None
    elsewhere_usd: float = 0.0
    most_usd: float | None = None
    rest_usd: float | None = None
    in_flight: int | None = None
    at_once: int | None = None
    refused: int = 0
    tokens_per_minute: float | None = None
    requests_per_minute: float | None = None
    waits: tuple[str, float] | None = None


def gauges_of(
    setup: Setup, members: Sequence[ModelAccess], limiters: Sequence[Limiter], budget: Budget, elsewhere: Decimal
) -> Callable[[Mapping[int, int]], Gauges]:
    """Return what reads the limiters and the budget of a run; `elsewhere` other runs have spent of the same money."""
    free = is_free(members)

    def read(owed: Mapping[int, int]) -> Gauges:
        waits = [wait for limiter in limiters if (wait := limiter.waiting_for) is not None]
        # What no end of a call ends is worth more words than a full house.
        wait = max(waits, key=lambda wait: (wait[0] != "slot", wait[1]), default=None)
        return Gauges(
            free=free,
            spent_usd=None if budget.unpriced and not budget.spent else float(budget.exactly_spent - elsewhere),
            elsewhere_usd=float(elsewhere),
            most_usd=setup.options.max_cost,
            rest_usd=None if free else worst_rest(setup, members, owed),
            in_flight=sum(limiter.in_flight for limiter in limiters),
            at_once=sum(limiter.limit for limiter in limiters),
            refused=sum(limiter.refused for limiter in limiters),
            tokens_per_minute=_sum(limiter.tokens_per_minute for limiter in limiters),
            requests_per_minute=_sum(limiter.requests_per_minute for limiter in limiters),
            waits=wait,
        )

    return read


def _sum(rates: Iterable[float | None]) -> float | None:
    """Add up; one that is unknown makes the sum unknown."""
    known = list(rates)
    return None if any(rate is None for rate in known) else sum(rate for rate in known if rate is not None)


# ---- capped ----------------------------------------------------------------------------------------------------------
# What is said of --max-cost before the first trial: how far it reaches, and in which part of the grid.


def tell_reach(parts: Sequence[Part], spent: Decimal, caller: Caller) -> None:
    """Say of each run that may not come to its end how far the command's --max-cost reaches.

    Args:
        parts: for every run, in sending order, its setup, its servers, and the trials that are owed.
        spent: what the runs have spent before.
        caller: hears it.
    """
    options: RunOptions = parts[0][0].options
    if options.max_cost is None:
        return
    left = Decimal(str(options.max_cost)) - spent
    for part in parts:
        found, cost = reach(part, max(left, Decimal(0)))
        left -= cost
        if found is not None and not found.is_whole:
            caller.tell(t("cli.note_2", sentence=reach_sentence(found, options.max_cost)))


def tell_unknown(max_cost: float | None, caller: Caller, *models: ModelAccess) -> None:
    """Say before anything is sent what no --max-cost can hold: what is billed and not told."""
    if max_cost is not None and not all(model.is_free for model in models):
        caller.tell(t("cli.note_max_cost_goes", max_cost=max_cost))


def reach(part: Part, left: Decimal) -> tuple[Reach | None, Decimal]:
    """Return how far so much money reaches in a run, and what of it the run is predicted to take."""
    setup, members, trials = part
    preset = replace(setup.preset, prices=prices_of(setup, members))
    owed = replace(setup, preset=preset, trials=tuple(trials))
    found = foreseen(owed, members[0])
    return reach_of(owed, found, left), min(found.cost.predicted or Decimal(0), left)


def reach_sentence(found: Reach, max_cost: float) -> Message:
    """Say where a run stops by its --max-cost."""
    if found.is_whole:
        return t("cli.max_cost_enough_all", max_cost=max_cost, planned=found.planned)
    if found.predicted == found.planned:
        return t("cli.max_cost_predicted_enough", max_cost=max_cost, planned=found.planned, least=found.least)
    return t(
        "cli.max_cost_ends_run",
        max_cost=max_cost,
        predicted=found.predicted,
        planned=found.planned,
        least=found.least,
        lengths=_lengths(found),
    )


def _lengths(found: Reach) -> str:
    """Say which lengths are sent whole, which in part, and which not at all."""
    planned = [each for each in found.lengths if each.planned]
    whole = listed(f"{each.length:,}" for each in planned if each.sent == each.planned)
    part = listed(_part(each) for each in planned if 0 < each.sent < each.planned)
    none = listed(f"{each.length:,}" for each in planned if not each.sent)
    told = (
        (whole, t("cli.lengths_completed", lengths=whole)),
        (part, t("cli.part", lengths=part)),
        (none, t("cli.not_all", lengths=none)),
    )
    return said(t("common.blank")).join(said(sentence) for lengths, sentence in told if lengths)


def _part(of: Covered) -> Message:
    if of.depths is None:
        return t("cli.of", length=of.length, sent=of.sent, planned=of.planned)
    first, last = (f"{row:g}" for row in of.depths)
    return t(
        "cli.depth",
        length=of.length,
        sent=of.sent,
        planned=of.planned,
        depths=first if first == last else f"{first}-{last}",
    )
