"""What calls cost, and a budget that is never passed: `--max-cost`.

A call is held at its worst case from before it is sent until it is settled: its whole prompt at the uncached price
and its whole output. It is sent only if that fits beside what is spent and what is held for calls in flight. Money is
counted in decimals, so that ten calls of ten cents cost exactly a dollar. An unknown price is unknown, never 0.

It knows no list of prices and converts no currency; whether a failed call may have been billed is the failure's own
word (`Failure.may_be_billed`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from nihbench.endpoint.answer import PAST_LIMIT
from nihbench.endpoint.bounds import likely_tokens
from nihbench.errors import StoppedError, UsageError
from nihbench.lang import t
from nihbench.prices import allowed_cost, decimal_of, tier_of, usage_cost
from nihbench.types import Completion, Failure, Outcome, PriceTier, Usage


def cost_of(
    prices: Sequence[PriceTier], outcome: Outcome, max_output: int, prompt: tuple[int, int] | None
) -> Decimal | None:
    """Return what one sending cost in USD (see `Hold.settle`); None where it is unknown.

    Args:
        prices: the model's price tiers.
        outcome: what came of it; its `earlier` sendings are not looked at.
        max_output: the output limit, for what came without a count.
        prompt: the tokens that the prompt should have had, and may have had at most, for the same; None: they are
            unknown, and so is such a cost.
    """
    usage = outcome.usage
    if isinstance(outcome, Completion) and PAST_LIMIT in outcome.changes:
        # It was cut off before its count could come, and what it holds was written for money.
        max_output = max(max_output, likely_tokens(outcome.text) + likely_tokens(outcome.reasoning))
    worst = None if prompt is None else allowed_cost(prices, *prompt, max_output)
    # A cost of 0 is believed where no price is known: gateways say so of calls that another account pays for.
    free = usage.cost_usd == 0 and worst is None
    if usage.cost_usd is not None and (0 < usage.cost_usd < math.inf or free):
        return decimal_of(usage.cost_usd)
    if isinstance(outcome, Failure) and usage.prompt_tokens is None:
        return worst if outcome.may_be_billed else Decimal(0)
    counted = Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=max_output if usage.completion_tokens is None else usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
    )
    cost = usage_cost(prices, counted)
    return worst if cost is None else cost


class Hold:
    """Money set aside for one sending of a call."""

    def __init__(self, budget: Budget, prompt_tokens: int, max_output: int) -> None:
        self._budget = budget
        self._max_output = max_output
        self._prompt = prompt_tokens, budget.most_tokens(prompt_tokens)
        self._settled = False
        self.worst = allowed_cost(budget.prices, *self._prompt, max_output)

    def begin(self) -> None:
        """Say that the call is sent now: from here on it may be charged, whatever becomes of this process."""
        self._budget.begin(self)

    def settle(self, outcome: Outcome) -> None:
        """Replace the worst case by what the outcome says that it cost; the first word counts.

        That is the price that the server names (0 only where none is known); else its token counts at their prices,
        cached tokens at the cached price where one is known; else nothing for a failure that can't have been billed,
        and the worst case for everything else. `outcome.earlier` is not looked at: every sending has its own hold.
        """
        if not self._settled:
            self._settled = True
            self._budget.charge(self, cost_of(self._budget.prices, outcome, self._max_output, self._prompt))
            self._budget.count(self._prompt[0], outcome.usage)

    def lapse(self) -> None:
        """Settle at the worst case what nothing is known of, such as a call that was broken off."""
        if not self._settled:
            self._settled = True
            self._budget.charge(self, self.worst)

    def free(self) -> None:
        """Give back what was held for a call that was never sent."""
        if not self._settled:
            self._settled = True
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
        on_change: told, before a call is sent and after it is charged, what is spent if all in flight cost their worst.

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
        on_change: Callable[[Decimal], None] | None = None,
    ) -> None:
        if max_cost is not None and not 0 <= max_cost < math.inf:
            raise UsageError(
                t(
                    "--max-cost {max_cost} is no amount of money: give US dollars, such as --max-cost 5.",
                    max_cost=max_cost,
                )
            )
        self.prices = tuple(prices)
        self._margin = margin
        self._on_change = on_change
        # By the prompt's size in powers of two: the largest share of the expected tokens that the server counted, and
        # by how many it passed the margin.
        self._seen: dict[int, tuple[float, int]] = {}
        self.prompt_tokens = 0  # as the server counted them
        self.completion_tokens = 0
        self._max_cost = None if max_cost is None else decimal_of(max_cost)
        self._spent = decimal_of(spent)
        self._held: dict[Hold, Decimal] = {}
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
        return float(sum(self._held.values()))

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
        if self._max_cost is not None and hold.worst is not None:
            async with self._turn:
                await self._until_it_fits(hold.worst, self._max_cost)
                self._held[hold] = hold.worst
        elif self._max_cost is not None:
            self._check_price(prompt_tokens)
        try:
            yield hold
        finally:
            hold.lapse()

    def charge(self, hold: Hold, cost: Decimal | None) -> None:
        """Count a call as spent and give free what was held for it (see `Hold.settle`)."""
        self._held.pop(hold, None)
        self._in_flight.pop(hold, None)
        if cost is None:
            self._unpriced += 1
        else:
            self._spent += cost
        self._changed.set()
        self._tell()

    def count(self, prompt_tokens: int, usage: Usage) -> None:
        """Take in the server's counts for a call whose prompt was thought to have so many tokens."""
        self.prompt_tokens += usage.prompt_tokens or 0
        self.completion_tokens += usage.completion_tokens or 0
        self.learn(prompt_tokens, usage)

    def learn(self, prompt_tokens: int, usage: Usage) -> None:
        """Expect of later prompts what the server counted in this one, which was thought to have so many tokens."""
        counted = usage.prompt_tokens
        if counted and prompt_tokens > 0:
            size = prompt_tokens.bit_length()
            share, beyond = self._seen.get(size, (0.0, 0))
            excess = counted - math.ceil(prompt_tokens * self._margin)
            self._seen[size] = max(share, counted / prompt_tokens), max(beyond, excess)

    def worst_cost(self, prompt_tokens: int, max_output: int) -> Decimal | None:
        """Return what one sending of a prompt may cost at most; None where the price is unknown."""
        return allowed_cost(self.prices, prompt_tokens, self.most_tokens(prompt_tokens), max_output)

    def most_tokens(self, prompt_tokens: int) -> int:
        """Return how many tokens the server may count in a prompt that is thought to have so many.

        The longest prompts tell its share. What was counted too much in much shorter ones is their template's, and
        every prompt may have as much: in proportion, it would make every long prompt look dear.
        """
        longest = max(self._seen, default=0)
        shares = [share for size, (share, _) in self._seen.items() if size >= longest - 1]
        beyond = [excess for size, (_, excess) in self._seen.items() if size < longest - 1]
        return math.ceil(prompt_tokens * max(self._margin, *shares, 0.0)) + max(0, *beyond, 0)

    def begin(self, hold: Hold) -> None:
        """Count a call as in flight (see `Hold.begin`)."""
        self._in_flight[hold] = hold.worst or Decimal(0)
        self._tell()

    def _tell(self) -> None:
        if self._on_change is not None:
            self._on_change(self._spent + sum(self._in_flight.values()))

    async def _until_it_fits(self, worst: Decimal, max_cost: Decimal) -> None:
        while self._spent + sum(self._held.values()) + worst > max_cost:
            if not self._held:
                self._stopped = t(
                    "The next call could cost ${worst}, and ${spent} of the ${most} of --max-cost are spent: "
                    "go on with a higher --max-cost.",
                    worst=_money(worst),
                    spent=_money(self._spent),
                    most=_money(max_cost),
                )
                break
            self._changed.clear()
            await self._changed.wait()
        if self._stopped:
            raise StoppedError(self._stopped)

    def _check_price(self, prompt_tokens: int) -> None:
        if tier_of(self.prices, prompt_tokens) is not None:
            return
        what = t("of a prompt of {tokens:,} tokens", tokens=prompt_tokens) if self.prices else t("of this model")
        raise UsageError(
            t(
                "--max-cost needs the price {what}, which is unknown: give it by --price IN,OUT, or as "
                "`prices` in models.yaml.",
                what=what,
            )
        )


def _money(amount: Decimal) -> str:
    """Return an amount with cents, and with four places where it is small."""
    return f"{amount:.4f}" if amount < 1 else f"{amount:,.2f}"
