"""What an adaptive run takes at least and at most, before it is begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from nihbench.app.money import dollars
from nihbench.lang.messages import Message, t
from nihbench.prices import worst_cost
from nihbench.run.further import most_extra, most_fit_prompts
from nihbench.run.options import wanted_precision
from nihbench.run.setup import Setup


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What an adaptive run takes at least and at most: trials of the grid, tokens, US dollars (None: unknown)."""

    precision: float
    trials: tuple[int, int]
    prompt_tokens: tuple[int, int]
    cost_usd: tuple[str | None, str | None]

    def sentence(self) -> Message:
        """Return it for a reader."""
        least, most = (t("cli.unknown_cost") if cost is None else dollars(Decimal(cost)) for cost in self.cost_usd)
        return t(
            "cli.trials_grid_tokens_length",
            least=self.trials[0],
            most=self.trials[1],
            least_tokens=self.prompt_tokens[0],
            most_tokens=self.prompt_tokens[1],
            least_cost=least,
            most_cost=most,
            precision=self.precision,
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
