"""Leave to send: asked for before what is dear, and before anything that a run of somebody else's would send.

What a run would cost is told by what this machine counts and knows of prices, never by its folder's word.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from nihbench.cli.money import Part, budget_of, dollars, is_free, planned_cost
from nihbench.cli.output import note, plain
from nihbench.endpoint.access import ModelAccess
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, listed, said, t
from nihbench.plan.cost import CostRange
from nihbench.run.known import is_own_run
from nihbench.run.recount import Recount

ASK_ABOVE_USD = 5
ASK_ABOVE_TOKENS = 1_000_000
_SHOWN = 200
"""So many characters of a field's value are shown."""


def check_cost(parts: Sequence[Part], *, yes: bool, runs: Sequence[Path | None] = ()) -> None:
    """Make sure that what all trials could cost is agreed to: on a terminal ask, elsewhere refuse what is dear.

    A bound of the cost is agreement where the run is the user's own. What a run that was not made here would send with
    a key is asked of whatever it costs.

    Args:
        parts: for every run its setup, the servers that share its work, and the trials that are owed.
        yes: whether it is agreed to already.
        runs: the folder of each, where it is there already; none of a new one.

    Raises:
        UsageError: it is not agreed to, or --max-cost can't be kept.
    """
    for setup, members, _ in parts:
        budget_of(setup, members)
    foreign = _foreign(parts, runs)
    if not foreign and (yes or parts[0][0].options.max_cost is not None):
        return
    costs = [planned_cost(*part) for part in parts]
    dear = _are_dear(parts, costs)
    if foreign:
        keyed = any(model.endpoint.has_key for _, (_, members, _) in foreign for model in members)
        fields = any(setup.options.extra_body for _, (setup, _, _) in foreign)
        # Fields that go where nobody's key goes are told, no more.
        words = _foreign_words(foreign, cost_words(parts, costs))
        if keyed or dear or fields:
            _ask(words, yes=yes or not (keyed or dear), bound=False)
    elif dear:
        _ask(cost_words(parts, costs), yes=yes, bound=True)


def _foreign(parts: Sequence[Part], runs: Sequence[Path | None]) -> list[tuple[Path, Part]]:
    """Return the runs that were not made here, have something to send, and not for free."""
    return [
        (run, part)
        for part, run in zip(parts, runs, strict=False)
        if run is not None and part[2] and not is_free(part[1]) and not is_own_run(run)
    ]


def _ask(what: Message, *, yes: bool, bound: bool) -> None:
    """Have the user agree to something; where there is nobody to ask, refuse it.

    Args:
        what: says what it is.
        yes: whether it is agreed to already.
        bound: whether --max-cost is another way to agree.
    """
    if yes:
        if not bound:  # whoever agrees unseen sees it all the same
            note(t("cli.note_2", sentence=what))
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(t("cli.agree_yes_set_bound", what=what) if bound else t("cli.agree_yes", what=what))
    if not typer.confirm(plain(said(t("cli.begin", what=what))), err=True):
        raise UsageError(t("cli.nothing_sent_give_fewer") if bound else t("cli.nothing_sent"))


def _foreign_words(foreign: Sequence[tuple[Path, Part]], cost: Message) -> Message:
    """Say whose runs these are, where their requests go, and what is in these besides; `cost` is what they cost."""
    whose = listed(dict.fromkeys(str(run) for run, _ in foreign))
    targets = dict.fromkeys(
        (model.endpoint.host, setup.request.model) for _, (setup, members, _) in foreign for model in members
    )
    fields: dict[str, str] = {}
    for _, (setup, _, _) in foreign:
        fields |= field_words(setup.options.extra_body)
    where = listed(said(t("cli.at_2", model=model, host=host)) for host, model in targets)
    if not fields:
        return t("cli.not_made_machine_would", run=whose, where=where, cost=cost)
    return t(
        "cli.not_made_machine_would_ask",
        run=whose,
        where=where,
        fields=", ".join(f"{name}={value}" for name, value in fields.items()),
        cost=cost,
    )


def field_words(body: Mapping[str, Any]) -> dict[str, str]:
    """Return a request's further fields as they are shown: long values by their beginning."""
    found = {}
    for name, value in body.items():
        text = json.dumps(value, ensure_ascii=True)
        more = said(t("cli.characters_2", count=len(text)))
        found[name] = text if len(text) <= _SHOWN else text[:_SHOWN] + more
    return found


def _are_dear(parts: Sequence[Part], costs: Sequence[CostRange]) -> bool:
    """Say whether runs cost so much that nobody should have to pay it unasked."""
    unknown = [part for part, cost in zip(parts, costs, strict=True) if cost.most is None]
    known = sum((cost.most for cost in costs if cost.most is not None), Decimal(0))
    return _tokens(unknown) > ASK_ABOVE_TOKENS or known > ASK_ABOVE_USD


def cost_words(parts: Sequence[Part], costs: Sequence[CostRange]) -> Message:
    """Say how many trials send how many tokens, and what that can cost. Arguments as for `check_cost`."""
    trials, tokens = sum(len(trials) for *_, trials in parts), _tokens(parts)
    known = [(c.least, c.predicted, c.most) for c in costs if None not in (c.least, c.predicted, c.most)]
    if len(known) < len(costs):
        return t("cli.trials_send_tokens_model", trials=trials, tokens=tokens)
    least, predicted, most = (
        sum((cost or Decimal(0) for cost in each), Decimal(0)) for each in zip(*known, strict=True)
    )
    return t(
        "cli.trials_send_tokens_cost_predicted",
        trials=trials,
        tokens=tokens,
        least=dollars(least),
        most=dollars(most),
        predicted=dollars(predicted),
    )


def _tokens(parts: Sequence[Part]) -> int:
    return sum(sum(map(Recount(setup).planned, trials)) for setup, _, trials in parts)


@dataclass(kw_only=True, slots=True)
class Judged:
    """What the judging of one command's runs may cost, and whether that is agreed to.

    `usd` and `tokens` (of unknown price) are of the runs since the user was last asked.
    """

    yes: bool
    bounded: bool
    usd: float = 0.0
    tokens: int = 0

    def check(self, run: Path, model: ModelAccess, what: Message, *, worst_usd: float | None, tokens: int) -> None:
        """Make sure that one more run may be judged, by the rule of `check_cost`.

        Args:
            run: its folder.
            model: the judge.
            what: says what is sent, and what it costs.
            worst_usd: what it costs at most; None: its price is unknown.
            tokens: about how many tokens are sent.

        Raises:
            UsageError: it is not agreed to.
        """
        if not tokens:
            return
        self.usd, self.tokens = self.usd + (worst_usd or 0), self.tokens + (tokens if worst_usd is None else 0)
        if not model.is_free and not is_own_run(run):
            where = said(t("cli.at_2", model=model.preset.model, host=model.endpoint.host))
            words = t("cli.not_made_machine_answers", run=run, where=where, cost=what)
            _ask(words, yes=self.yes, bound=False)
        elif not self.bounded and (self.usd > ASK_ABOVE_USD or self.tokens > ASK_ABOVE_TOKENS):
            _ask(what, yes=self.yes, bound=True)
            self.usd, self.tokens = 0.0, 0
