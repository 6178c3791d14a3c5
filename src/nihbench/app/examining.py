"""What should be known of an endpoint before a sweep: preflight, canary, what a sweep takes.

What it spends is held by --max-cost as the checks before a run are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from random import SystemRandom

from nihbench.app.checks import Checks, preflight_notes, with_window
from nihbench.app.consent import cost_words
from nihbench.app.events import Caller
from nihbench.app.money import free_words, is_free, planned_cost
from nihbench.app.running import complete
from nihbench.app.wiring import outlined, reach
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.checkup import (
    CHECK_PATIENCE_S,
    FRAME_TOKENS,
    KNOWN_TEXT,
    Canary,
    Preflight,
    filler,
    preflight,
    sing,
    verdict,
)
from nihbench.endpoint.spending import Budget
from nihbench.errors import NihError, StoppedError
from nihbench.lang.messages import Message, Words, t
from nihbench.prices import CostRange
from nihbench.run.options import RunOptions
from nihbench.run.resolve import check_numbers
from nihbench.types import Tokenizer

_LETTERS_A_TOKEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What a run without further options takes, as `nih plan` says it. None is not known; the sentence says why."""

    sentence: Message
    trials: int | None = None
    controls: int | None = None
    prompt_tokens: int | None = None
    cost: CostRange | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found of an endpoint. None is not known, or not asked.

    `window`: in tokens, `window_source` by whose word. `reference`: a tokenizer's name, and its count of the known
    text. `spent_usd` is what all this has cost, `prompt_tokens` were sent for it by the server's counts. `usable`:
    whether a run could begin. `problem`: why it could not, or why not all was asked; its exit code is the command's.
    """

    report: Preflight
    window: int | None
    window_source: str | None
    counting: Message
    reference: tuple[str, int] | None
    canary: Canary | None
    sweep: Sweep | None
    warnings: tuple[Words, ...]
    prompt_tokens: int
    spent_usd: Decimal | None
    usable: bool | None
    problem: NihError | None


def examine(options: RunOptions, canary_tokens: int, caller: Caller) -> Found:
    """Ask an endpoint what should be known before a sweep.

    Args:
        options: how it is asked, and what that may cost.
        canary_tokens: the length of the canary prompt; 0: none is sent.
        caller: hears what a user should know.

    Raises:
        EndpointError: the server can't be reached.
        UsageError: an option can't be carried out, or the key is missing.
    """
    checks = Checks(options=options, caller=caller)
    with reach(options, caller, sending=True) as access:
        check_numbers(options, access)
        with checks.budget(access) as budget:
            stream, limiter = options.stream, checks.limiter(access)
            asking = preflight(access, stream=stream, budget=budget, limiter=limiter, on_silence=caller.tell)
            report = complete(asking, caller)
            problem, canary = _problem(report), None
            if problem is not None and not report.reachable:
                raise problem
            usable = None if report.withheld else problem is None
            access = with_window(access, report, caller, options.window)
            tokenizer = _tokenizer(access, caller) if usable else None
            if usable and canary_tokens > 0:
                try:
                    canary = _canary(access, checks, budget, tokenizer, min(canary_tokens, _room(access, options)))
                except StoppedError as error:
                    problem = error
        window = _window(options, access)
        return Found(
            report=report,
            window=window,
            window_source=_window_source(options, access, report),
            counting=_counting(access),
            reference=_reference(tokenizer),
            canary=canary,
            sweep=None if usable is False else _sweep(replace(options, window=window), access, caller),
            warnings=_warnings(report),
            prompt_tokens=budget.prompt_tokens,
            spent_usd=None if budget.unpriced else budget.exactly_spent,
            usable=usable,
            problem=problem,
        )


def _problem(report: Preflight) -> NihError | None:
    """Return why a run could not begin now, or why that is not known; None: it could."""
    wrong = verdict(report)
    if wrong is not None or report.answered:
        return wrong
    said = report.problem or t("cli.server_gave_no_answer")
    if report.failure is None:
        return StoppedError(said)
    return StoppedError(t("common.gives_no_answer", host=report.host, failure=report.failure, said=said))


def _tokenizer(access: ModelAccess, caller: Caller) -> Tokenizer | None:
    """Return what counts the model's tokens, or those of a reference; None where it can't be had."""
    try:
        return access.tokenizer("model", caller.fetching)[0]
    except NihError as error:
        caller.tell(t("cli.note_2", sentence=error))
        return None


def _reference(tokenizer: Tokenizer | None) -> tuple[str, int] | None:
    return (tokenizer.name, tokenizer.count(KNOWN_TEXT)) if tokenizer is not None else None


def _canary(access: ModelAccess, checks: Checks, budget: Budget, tokenizer: Tokenizer | None, tokens: float) -> Canary:
    """Send a canary of so many tokens.

    Raises:
        StoppedError: the budget has no room for it.
    """
    count = tokenizer.count if tokenizer is not None else _guess
    text = filler(tokens - FRAME_TOKENS, count)
    expected = count(text) + FRAME_TOKENS
    checks.caller.tell(t("cli.next_canary_about_tokens", tokens=expected))

    async def ask() -> Canary:
        client = access.client(
            stream=checks.options.stream,
            patience_s=CHECK_PATIENCE_S,
            budget=budget,
            limiter=checks.limiter(access),
            on_silence=checks.caller.tell,
        )
        async with client:
            return await sing(
                client, access.preset, text, language="en", expected_tokens=expected, random=SystemRandom()
            )

    return complete(ask(), checks.caller)


def _guess(text: str) -> int:
    return math.ceil(len(text) / _LETTERS_A_TOKEN)


def _window(options: RunOptions, access: ModelAccess) -> int | None:
    """Return the window in tokens: what --window says, unless the server says less."""
    told = access.server.window if access.server is not None else None
    asked = access.window if options.window is None else options.window
    return asked if asked is None or told is None else min(asked, told)


def _window_source(options: RunOptions, access: ModelAccess, report: Preflight) -> str | None:
    """Say by whose word the window is what it is."""
    window = _window(options, access)
    if window is None or window == options.window:
        return "--window" if window else None
    told = access.server is not None and window == access.server.window
    return (report.window_source or t("common.server")) if told else t("cli.preset")


def _room(access: ModelAccess, options: RunOptions) -> float:
    """Return how many tokens a canary may have, should the server count some more than is thought."""
    window = _window(options, access)
    return math.inf if window is None else 0.9 * (window - access.preset.max_output)


def _counting(access: ModelAccess) -> Message:
    if access.server_tokenizer is not None:
        return t("cli.server_own_tokenizer")
    if access.counter is not None:
        return t("cli.service_counting_endpoint")
    if access.preset.tokenizer:
        return t("cli.machine", tokenizer=access.preset.tokenizer)
    return t("cli.usage_short_answers_run")


def _warnings(report: Preflight) -> tuple[Words, ...]:
    """Return what of a server that can be used should be known before a sweep."""
    if not report.answered:
        return ()
    return (*([report.problem] if report.problem else []), *preflight_notes(report))


def _sweep(options: RunOptions, access: ModelAccess, caller: Caller) -> Sweep:
    """Return what `nih run` takes with these options, before the server has counted anything for it."""
    if options.window is None:
        return Sweep(sentence=t("cli.unknown_model_window_not"))
    try:
        setup = outlined(options, access, caller).laid_out()
    except NihError as error:
        return Sweep(sentence=t("cli.unknown_2", problem=error))
    part = setup, (access,), setup.trials
    cost, tokens = planned_cost(*part), sum(trial.length for trial in setup.trials)
    sentence = cost_words([part], [cost])
    if is_free((access,)):
        sentence = t("cli.trials_send_tokens_cost", trials=len(setup.trials), tokens=tokens, cost=free_words(access))
    return Sweep(
        sentence=sentence,
        trials=len(setup.grid),
        controls=len(setup.trials) - len(setup.grid),
        prompt_tokens=tokens,
        cost=cost,
    )
