"""What calls cost, and a budget that is never passed: `--max-cost`.

A call is held at its worst case from before it is sent until it is settled: its whole prompt at the uncached price
and its whole output. It is sent only if that fits beside what is spent and what is held for calls in flight, and alone
until an answer has shown how far the server goes past what is expected of it (`learnt`). Money is counted in decimals,
so that ten calls of ten cents cost exactly a dollar. An unknown price is unknown, never 0.

It knows no list of prices and converts no currency; which price is believed is in `nihbench.prices`, and whether a
failed call may have been billed is the failure's own word (`Failure.may_be_billed`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from nihbench.endpoint.answer import PAST_LIMIT
from nihbench.endpoint.usage import likely_tokens
from nihbench.errors import StoppedError, UsageError
from nihbench.lang.messages import Message, t
from nihbench.prices import (
    USUAL_HIT_PRICE,
    Charge,
    allowed_cost,
    billable,
    charge,
    decimal_of,
    tier_of,
    usage_cost,
    worst_cost,
)
from nihbench.types import Completion, Failure, Outcome, PriceTier, Usage

# ---- learnt ----------------------------------------------------------------------------------------------------------
# What a server's counts and bills have shown of calls that are to come: how far they may go past what is expected.
#
# Nothing is taken for granted of a server before its first answer: one that counts thrice, or writes on past the output
# limit, shows it there. What it has passed once by so much it may pass again, and by a quarter more.

AGAIN = 1.25
"""What passed its bound once is expected to pass it again by so many times as much."""


class Learnt:
    """What was seen so far.

    Args:
        margin: how many tokens of the server a token of the caller's count may be, as far as counts do not show more.
    """

    def __init__(self, margin: float) -> None:
        self._margin = margin
        # By the prompt's size in powers of two: the largest share of the expected tokens that the server counted, and
        # by how many it passed the margin.
        self._prompts: dict[int, tuple[float, int]] = {}
        # By the output limit in powers of two: by how many tokens an answer passed it at most.
        self._outputs: dict[int, int] = {}
        self._dearer = Decimal(1)

    def knows(self, max_output: int) -> bool:
        """Say whether an answer with an output limit as large as this one was seen."""
        return any(size >= max_output.bit_length() for size in self._outputs)

    def most_tokens(self, prompt_tokens: int) -> int:
        """Return how many tokens the server may count in a prompt that is thought to have so many.

        The longest prompts tell its share. What was counted too much in much shorter ones is their template's, and
        every prompt may have as much: in proportion, it would make every long prompt look dear.
        """
        longest = max(self._prompts, default=0)
        shares = [share for size, (share, _) in self._prompts.items() if size >= longest - 1]
        beyond = [excess for size, (_, excess) in self._prompts.items() if size < longest - 1]
        share = max(0.0, *shares, 0.0)
        # One that keeps to the margin is taken at the margin; one that does not was not foreseen.
        share = self._margin if share <= self._margin else share + (AGAIN - 1) * (share - self._margin)
        return math.ceil(prompt_tokens * share) + max(0, *beyond, 0)

    def most_output(self, max_output: int) -> int:
        """Return how many tokens an answer with this limit may have, reasoning included.

        Where answers of such a limit were seen, those of smaller ones (counts, for which one token is asked) tell
        nothing more.
        """
        alike = [beyond for size, beyond in self._outputs.items() if size >= max_output.bit_length()]
        return max_output + math.ceil(AGAIN * max(alike or self._outputs.values(), default=0))

    @property
    def dearer(self) -> Decimal:
        """How many times what its tokens cost a call may cost, such as for what is written into a cache."""
        return self._dearer if self._dearer == 1 else 1 + (self._dearer - 1) * Decimal(str(AGAIN))

    def prompt(self, expected: int, counted: int | None) -> None:
        """Take in the server's count of a prompt."""
        if counted and expected > 0:
            size = expected.bit_length()
            share, beyond = self._prompts.get(size, (0.0, 0))
            excess = counted - math.ceil(expected * self._margin)
            self._prompts[size] = max(share, counted / expected), max(beyond, excess)

    def output(self, max_output: int, counted: int | None) -> None:
        """Take in the length of an answer; None: an answer came, and its length is not known."""
        size = max_output.bit_length()
        self._outputs[size] = max(self._outputs.get(size, 0), (counted or 0) - max_output)

    def bill(self, usd: Decimal | None, counted_usd: Decimal | None) -> None:
        """Take in what a call cost, and what its tokens cost where none comes out of a cache."""
        if usd and counted_usd:
            self._dearer = max(self._dearer, usd / counted_usd)


class Journal(Protocol):
    """Where it is written down what is reserved for calls, and what became of it: a kill loses nothing of it."""

    async def reserve(self, usd: Decimal) -> str:
        """Write down that a call may cost so much; it is on the disk when this returns what to call it by."""
        ...

    def settle(self, entry: str, usd: Decimal) -> None:
        """Write down what a call has cost, or may cost by what is known now; `entry` "": nothing was reserved."""
        ...


def cost_of(
    prices: Sequence[PriceTier], outcome: Outcome, max_output: int, prompt: tuple[int, int] | None
) -> Decimal | None:
    """Return what one sending cost in USD (see `Hold.settle`); None where it is unknown. Arguments as `charge_of`."""
    return charge_of(prices, outcome, max_output, prompt)[0].usd


def charge_of(
    prices: Sequence[PriceTier], outcome: Outcome, max_output: int, prompt: tuple[int, int] | None
) -> tuple[Charge, Usage]:
    """Return what one sending cost, and the tokens that it is charged for.

    Args:
        prices: the model's price tiers.
        outcome: what came of it; its `earlier` sendings are not looked at.
        max_output: the output limit, for what came without a count.
        prompt: the tokens that the prompt should have had, and may have had at most, for the same; None: they are
            unknown, and so is such a cost.
    """
    used = billable(outcome.usage, None if prompt is None else prompt[0])
    cut = PAST_LIMIT in outcome.changes
    if isinstance(outcome, Completion) and cut:
        # It was cut off before its count could come, and what it holds was written for money.
        max_output = max(max_output, likely_tokens(outcome.text) + likely_tokens(outcome.reasoning))
    unbilled = isinstance(outcome, Failure) and not outcome.may_be_billed
    if unbilled and used.prompt_tokens is None and not outcome.usage.cost_usd:
        return Charge(Decimal(0)), used
    if used.completion_tokens is None and (cut or used.prompt_tokens is not None):
        used = replace(used, completion_tokens=max_output)
    least, most = (None, None) if prompt is None else _bounds(tuple(prices), prompt, max_output)
    said = outcome.usage.cost_usd, outcome.usage.fee_usd
    told = used if said == (None, None) else replace(used, cost_usd=said[0], fee_usd=said[1])
    return charge(prices, told, least, most), used


@lru_cache(maxsize=4096)
def _bounds(
    prices: tuple[PriceTier, ...], prompt: tuple[int, int], max_output: int
) -> tuple[Decimal | None, Decimal | None]:
    """Return what a call costs at least and at most: the prompts of a plan are of few lengths, and its calls many."""
    cached = Usage(prompt_tokens=prompt[0], completion_tokens=0, cached_tokens=prompt[0])
    return usage_cost(prices, cached, USUAL_HIT_PRICE), allowed_cost(prices, *prompt, max_output)


def tells_cost(outcome: Outcome) -> bool:
    """Say whether a server tells what a call cost, by counts or a price; else it costs what such calls cost at most."""
    usage = outcome.usage
    return usage.prompt_tokens is not None or bool(usage.cost_usd) or PAST_LIMIT in outcome.changes


class Hold:
    """Money set aside for one sending of a call. `entry` is what the journal calls it by."""

    def __init__(self, budget: Budget, prompt_tokens: int, max_output: int) -> None:
        self._budget = budget
        self.max_output = max_output
        self.prompt_tokens = prompt_tokens
        self.settled = False
        self.entry = ""

    @property
    def worst(self) -> Decimal | None:
        """What it may cost by all that is known now; None: the price is unknown."""
        return self._budget.worst_cost(self.prompt_tokens, self.max_output)

    async def begin(self) -> bool:
        """Say that the call is sent next: when this returns, a kill can't lose what it may cost.

        False: it may not be sent any more, for calls have turned out dearer since it was held; it is given back.
        """
        return await self._budget.begin(self)

    def settle(self, outcome: Outcome) -> None:
        """Replace the worst case by what the outcome says that it cost; the first word counts.

        That is the price that the server names, where its counts do not speak against it; else its token counts at
        their prices, cached tokens at the cached price where one is known; else nothing for a failure that can't have
        been billed, and the worst case for everything else. `outcome.earlier` is not looked at: every sending has its
        own hold.
        """
        if not self.settled:
            self.settled = True
            self._budget.take(self, outcome)

    def lapse(self) -> None:
        """Settle at the worst case what nothing is known of, such as a call that was broken off."""
        if not self.settled:
            self.settled = True
            self._budget.charge(self, self.worst)

    def free(self) -> None:
        """Give back what was held for a call that was never sent."""
        if not self.settled:
            self.settled = True
            self._budget.charge(self, Decimal(0))


class Budget:
    """What a run has spent and may spend, in USD.

    Args:
        max_cost: the most to spend; None: no bound, costs are only added up.
        prices: the model's price tiers; empty: unknown.
        longest_prompt: the longest prompt of the plan in tokens: its price must be known, too.
        spent: what an earlier part of the run has spent of `max_cost`.
        margin: how many tokens of the server a token of the caller's count may be, as far as usage does not show more
            (see `learn`).
        journal: where every call is written down before it is sent and after it is charged; None: nowhere.
        on_doubt: told once, in a sentence, that a price which the server names is not believed.

    Raises:
        UsageError: `max_cost` is negative, or it is given and a price is unknown.
    """

    def __init__(
        self,
        max_cost: float | None,
        prices: Sequence[PriceTier],
        *,
        longest_prompt: int = 0,
        spent: float | Decimal = 0.0,
        margin: float = 1.0,
        journal: Journal | None = None,
        on_doubt: Callable[[str], None] | None = None,
    ) -> None:
        if max_cost is not None and not 0 <= max_cost < math.inf:
            raise UsageError(t("endpoint.max_cost_no_amount", max_cost=max_cost))
        self.prices = tuple(prices)
        self._learnt = Learnt(margin)
        self._journal = journal
        self._on_doubt = on_doubt
        self.prompt_tokens = 0  # as the server counted them
        self.completion_tokens = 0
        self._max_cost = None if max_cost is None else decimal_of(max_cost)
        self._spent = decimal_of(spent)
        self._held: set[Hold] = set()
        self._in_flight: dict[Hold, Decimal] = {}
        self._unpriced = 0
        self._stopped: str = ""  # why no further call may be sent
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        if self._max_cost is not None:
            self._check_price(longest_prompt)

    @property
    def spent(self) -> float:
        """What is spent as far as prices are known, calls in flight left out."""
        return float(self._spent)

    @property
    def exactly_spent(self) -> Decimal:
        """The same, to the last digit."""
        return self._spent

    @property
    def held(self) -> float:
        """The worst case of the calls in flight."""
        return float(self._all_held())

    @property
    def unpriced(self) -> int:
        """How many calls were charged that `spent` does not hold, because their price is unknown."""
        return self._unpriced

    @asynccontextmanager
    async def hold(self, *, prompt_tokens: int, max_output: int) -> AsyncIterator[Hold]:
        """Set the worst case of one sending aside, and charge it when the block is left unless it was settled.

        A call that fits only when others have turned out cheaper waits for them. One hold a sending, and none inside
        another: the outer one would be waited for. Hold before a slot of the limiter is taken, so that no slot waits.

        Args:
            prompt_tokens: the prompt's length.
            max_output: the output limit, reasoning included.

        Raises:
            StoppedError: the call could pass `max_cost` with nothing else in flight; no later one is sent either.
            UsageError: `max_cost` is given and the price of a prompt this long is unknown.
        """
        hold = Hold(self, prompt_tokens, max_output)
        if self._max_cost is not None:
            self._check_price(prompt_tokens)
            async with self._turn:
                await self._until_it_fits(hold, self._max_cost)
                self._held.add(hold)
        try:
            yield hold
        finally:
            hold.lapse()

    async def begin(self, hold: Hold) -> bool:
        """Write a call down as in flight (see `Hold.begin`)."""
        worst = hold.worst or Decimal(0)
        if self._max_cost is not None and self._spent + sum(self._in_flight.values()) + worst > self._max_cost:
            hold.free()
            return False
        if self._journal is not None and worst:
            hold.entry = await self._journal.reserve(worst)
        self._in_flight[hold] = worst
        return True

    def take(self, hold: Hold, outcome: Outcome) -> None:
        """Charge a call by what came of it, and expect the same of later ones (see `Hold.settle`)."""
        prompt, limit = hold.prompt_tokens, hold.max_output
        cost, used = charge_of(self.prices, outcome, limit, (prompt, self._learnt.most_tokens(prompt)))
        self._hear(prompt, limit, outcome, cost, used)
        if cost.usd and not tells_cost(outcome):
            cost = cost._replace(usd=max(cost.usd, hold.worst or cost.usd))
        self.prompt_tokens += outcome.usage.prompt_tokens or 0
        self.completion_tokens += used.completion_tokens or 0
        self.charge(hold, cost.usd)
        self._raise_those_in_flight()
        if cost.disbelieved is not None and cost.usd is not None and self._on_doubt is not None:
            self._on_doubt(_doubt(cost.disbelieved, cost.usd))
            self._on_doubt = None

    def charge(self, hold: Hold, cost: Decimal | None) -> None:
        """Count a call as spent and give free what was held for it (see `Hold.settle`)."""
        self._held.discard(hold)
        self._in_flight.pop(hold, None)
        if cost is None:
            self._unpriced += 1
        else:
            self._spent += cost
        self._changed.set()
        if self._journal is not None and cost is not None and (cost or hold.entry):
            self._journal.settle(hold.entry, cost)

    def learn(self, prompt_tokens: int, max_output: int, outcome: Outcome) -> None:
        """Expect of later calls what came of an earlier one, whose prompt was thought to have so many tokens."""
        cost, used = charge_of(self.prices, outcome, max_output, (prompt_tokens, prompt_tokens))
        self._hear(prompt_tokens, max_output, outcome, cost, used)

    def _hear(self, prompt_tokens: int, max_output: int, outcome: Outcome, cost: Charge, used: Usage) -> None:
        """Take in what one call's counts and bill show of those to come."""
        self._learnt.prompt(prompt_tokens, used.prompt_tokens)
        if isinstance(outcome, Completion) or outcome.usage.completion_tokens is not None:
            self._learnt.output(max_output, used.completion_tokens)
        if used.prompt_tokens is not None or outcome.usage.cost_usd:
            # A price without counts is compared with what was expected of them.
            nominal = worst_cost(self.prices, used.prompt_tokens or prompt_tokens, used.completion_tokens or max_output)
            self._learnt.bill(cost.usd, nominal)

    def worst_cost(self, prompt_tokens: int, max_output: int) -> Decimal | None:
        """Return what one sending of a prompt may cost at most; None where the price is unknown."""
        most, output = self._learnt.most_tokens(prompt_tokens), self._learnt.most_output(max_output)
        cost = allowed_cost(self.prices, prompt_tokens, most, output)
        return None if cost is None else cost * self._learnt.dearer

    def _all_held(self) -> Decimal:
        return sum((hold.worst or Decimal(0) for hold in self._held), Decimal(0))

    def _raise_those_in_flight(self) -> None:
        """Write down that calls in flight may cost more than was thought when they were sent."""
        for hold, reserved in self._in_flight.items():
            worst = hold.worst or Decimal(0)
            if self._journal is not None and hold.entry and worst > reserved:
                self._journal.settle(hold.entry, worst)
                self._in_flight[hold] = worst

    async def _until_it_fits(self, hold: Hold, max_cost: Decimal) -> None:
        while not self._fits(hold.worst or Decimal(0), max_cost) or self._must_wait(hold):
            if not self._held:
                self._stopped = t(
                    "endpoint.next_call_could_cost",
                    worst=_money(hold.worst or Decimal(0)),
                    spent=_money(self._spent),
                    most=_money(max_cost),
                )
                break
            self._changed.clear()
            await self._changed.wait()
        if self._stopped:
            raise StoppedError(self._stopped)

    def _fits(self, worst: Decimal, max_cost: Decimal) -> bool:
        return self._spent + self._all_held() + worst <= max_cost

    def _must_wait(self, hold: Hold) -> bool:
        """Say whether a call has to wait for one in flight, which shows what such a call costs."""
        return bool(self._held and hold.worst) and not self._learnt.knows(hold.max_output)

    def _check_price(self, prompt_tokens: int) -> None:
        if tier_of(self.prices, prompt_tokens) is not None:
            return
        what = t("endpoint.prompt_tokens", tokens=prompt_tokens) if self.prices else t("endpoint.model")
        raise UsageError(t("endpoint.max_cost_needs_price", what=what))


def _money(amount: Decimal) -> str:
    """Return an amount with cents, and with four places where it is small."""
    return f"{amount:.4f}" if amount < 1 else f"{amount:,.2f}"


def _doubt(told: Decimal, counted: Decimal) -> Message:
    return t("endpoint.note_server_names_cost", told=float(told), counted=_money(counted))
