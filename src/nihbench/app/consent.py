"""Leave to send: asked for before what is dear, and before anything that a run of somebody else's would send.

What a run would cost is told by what this machine counts and knows of prices, never by its folder's word.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from nihbench.app.events import Bill, Caller
from nihbench.app.money import Part, budget_of, dollars, is_free, planned_cost
from nihbench.app.options import check_extra, find_preset, has_secrets, host_of, is_gguf
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.tokenizers import is_tokenizer_file
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, listed, said, t
from nihbench.prices import CostRange, whole_of
from nihbench.run.addresses import NO_KEY, address_of, belongs, is_below, is_known_address, stored_address
from nihbench.run.known import admitted_file, admitted_text, deciding_fields, is_own_run, is_text
from nihbench.run.options import RunOptions
from nihbench.run.stored import Beginning
from nihbench.run.verify import Recount

ASK_ABOVE_USD = 5
ASK_ABOVE_TOKENS = 1_000_000
_SHOWN_CHARACTERS = 200
"""So many characters of a field's value are shown."""


def check_cost(parts: Sequence[Part], caller: Caller, *, runs: Sequence[Path | None] = ()) -> None:
    """Make sure that what all trials could cost is agreed to.

    A bound of the cost is agreement where the run is the user's own. What a run that was not made here would send with
    a key is asked of whatever it costs.

    Args:
        parts: for every run its setup, the servers that share its work, and the trials that are owed.
        caller: who is asked.
        runs: the folder of each, where it is there already; none of a new one.

    Raises:
        UsageError: it is not agreed to, or --max-cost can't be kept.
    """
    for setup, members, _ in parts:
        budget_of(setup, members, caller)
    foreign = _foreign(parts, runs)
    bounded = parts[0][0].options.max_cost is not None
    if not foreign and (caller.yes or bounded):
        return
    bill = _bill(parts)
    if foreign:
        keyed = any(model.endpoint.has_key for _, (_, members, _) in foreign for model in members)
        fields = any(setup.options.extra_body for _, (setup, _, _) in foreign)
        whole = replace(bill, what=_foreign_words(foreign, bill.what), foreign=True)
        if keyed or bill.dear:
            _agree(whole, caller)
            return
        if fields:  # that go where nobody's key goes are told, no more
            caller.tell(t("cli.note_2", sentence=whole.what))
    if not (caller.yes or bounded):
        caller.agree(bill)


def _agree(bill: Bill, caller: Caller) -> None:
    """Have somebody else's run agreed to; whoever agrees unseen sees it all the same."""
    if caller.yes:
        caller.tell(t("cli.note_2", sentence=bill.what))
    else:
        caller.agree(bill)


def _bill(parts: Sequence[Part]) -> Bill:
    """Return what the trials of some runs can cost, as far as that is known."""
    costs = [planned_cost(*part) for part in parts]
    whole = {name: whole_of(getattr(cost, name) for cost in costs) for name in ("least", "predicted", "most")}
    return Bill(
        what=cost_words(parts, costs),
        tokens=_tokens(parts),
        least_usd=whole["least"],
        predicted_usd=whole["predicted"],
        most_usd=whole["most"],
        dear=_are_dear(parts, costs),
    )


def _foreign(parts: Sequence[Part], runs: Sequence[Path | None]) -> list[tuple[Path, Part]]:
    """Return the runs that were not made here, have something to send, and not for free."""
    return [
        (run, part)
        for part, run in zip(parts, runs, strict=False)
        if run is not None and part[2] and not is_free(part[1]) and not is_own_run(run)
    ]


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
        fields=tuple(f"{name}={value}" for name, value in fields.items()),
        cost=cost,
    )


def field_words(body: Mapping[str, Any]) -> dict[str, str]:
    """Return a request's further fields as they are shown: long values by their beginning."""
    found = {}
    for name, value in body.items():
        text = json.dumps(value, ensure_ascii=True)
        more = said(t("cli.characters_2", count=len(text)))
        found[name] = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + more
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

    caller: Caller
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
            _agree(self._bill(words, foreign=True), self.caller)
        elif not (self.bounded or self.caller.yes):
            bill = self._bill(what)
            self.caller.agree(bill)
            if bill.dear:
                self.usd, self.tokens = 0.0, 0

    def _bill(self, what: Message, *, foreign: bool = False) -> Bill:
        dear = self.usd > ASK_ABOVE_USD or self.tokens > ASK_ABOVE_TOKENS
        most = None if self.tokens else Decimal(str(self.usd))
        return Bill(what=what, tokens=self.tokens, most_usd=most, dear=dear, foreign=foreign)


# ---- trust -----------------------------------------------------------------------------------------------------------
# Going on with a run's folder: its addresses, variables and files are used where the user named them (`run.known`).
#
# What is named in this call stands; what only the folder says is compared, or the command stops before any
# request with one sentence that says what to give.


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """A run's folder that is gone on with.

    Attributes:
        run: the folder.
        begun: what it is gone on with, by its run.json or its part of tree.json.
        asked: the options of this call.
        given: which of them were given, by their parameters' names.
        catalog: knows the presets and the corpora.
    """

    run: Path
    begun: Beginning
    asked: RunOptions
    given: Collection[str]
    catalog: Catalog


def readmitted(stored: RunOptions, again: Again) -> RunOptions:
    """Return the options of a run's folder with the address, the variable and the files that it may use.

    Args:
        stored: its options, without an address.
        again: the folder, and what this call says of it.

    Raises:
        UsageError: only the folder names a server, a key for a server, or a file.
    """
    # As on the command line: a folder's further fields may not name another model, or lift a limit.
    check_extra(stored.extra_body)
    options = _with_files(_with_address(stored, again), again)
    own = is_own_run(again.run)
    if "extra_body" not in again.given and not own and (deciding := deciding_fields(stored.extra_body)):
        raise UsageError(t("cli.not_made_machine_every", run=again.run, fields=tuple(map(repr, deciding))))
    # A folder that calls a dear model free would be gone on with unasked.
    return options if "price" in again.given or own else replace(options, price=None)


def _with_address(stored: RunOptions, again: Again) -> RunOptions:
    run, asked, given, catalog = again.run, again.asked, again.given, again.catalog
    theirs = stored_address(again.begun.options)
    named = "base_url" in given and asked.base_url is not None
    urls = (str(asked.base_url), *asked.more_urls) if named else theirs.urls
    for url in () if named else urls:
        if not is_known_address(url, catalog):
            raise UsageError(t("cli.says_model_nobody_named", run=run, host=_shown(url)))
    if not named and not is_own_run(run):
        _check_bearing(stored, again, urls)
    variable = asked.api_key_env if "api_key_env" in given else theirs.variable
    options = replace(stored, base_url=next(iter(urls), None), more_urls=urls[1:], api_key_env=variable)
    if variable is None or variable == NO_KEY or (named and "api_key_env" in given):
        return options
    for one in urls or (find_preset(options, catalog).base_url,):
        if one and not belongs(variable, one, catalog):
            raise UsageError(t("cli.would_key_sent_nobody", run=run, variable=variable, host=_shown(one)))
    return options


def _shown(url: str) -> str:
    return host_of(url) or repr(url)


def _check_bearing(stored: RunOptions, again: Again, urls: Sequence[str]) -> None:
    """Raise `UsageError` where headers or fields that may let somebody in would go to an address of the folder's.

    They are the preset's, or those that the run was made with and that are asked for again.
    """
    preset = again.catalog.models.get(stored.model)
    asked_again = bool(again.begun.options.headers or again.begun.withheld)
    for url in urls:
        own = preset is not None and is_below(url, address_of(preset.base_url))
        if asked_again or (preset is not None and not own and has_secrets(preset)):
            raise UsageError(t("cli.not_made_machine_stands", run=again.run, host=_shown(url)))


def _with_files(options: RunOptions, again: Again) -> RunOptions:
    begun, run, given = again.begun, again.run, again.given
    if "corpus" not in given:
        hashed = begun.begun or is_text(options.corpus, begun.corpus_sha256)
        options = replace(options, corpus=admitted_text(options.corpus, run, again.catalog, hashed=hashed))
    if "length_unit" not in given and is_tokenizer_file(options.length_unit):
        admitted_file(options.length_unit.removeprefix("hf:"), run, "--length-unit")
    if "model" not in given and is_gguf(options.model):
        admitted_file(options.model, run, "--model")
    # A run that was begun has the other one's prompts in its own folder.
    if options.like is not None and "like" not in given and not begun.is_like:
        admitted_file(options.like, run, "--like")
    return options
