"""`nih doctor`: what a person needs to know of an endpoint before spending, on one screen."""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from random import SystemRandom
from typing import Any

from nihbench.app.catalogs import load
from nihbench.app.checks import preflight_notes, with_window
from nihbench.app.consent import cost_words
from nihbench.app.keywords import usual_values
from nihbench.app.money import Checks, free_words, is_free, planned_cost
from nihbench.app.options import run_options
from nihbench.app.plain import plain
from nihbench.app.wiring import reach, resolved
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show_json, tell
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.canary import FRAME_TOKENS, Canary, filler, sing
from nihbench.endpoint.checkup import CHECK_PATIENCE_S, KNOWN_TEXT, Preflight, preflight, verdict
from nihbench.endpoint.spending import Budget
from nihbench.errors import NihError, StoppedError, UsageError
from nihbench.lang.messages import Message, Words, column, said, t
from nihbench.plan.cost import CostRange
from nihbench.run.options import RunOptions
from nihbench.run.resolve import check_numbers
from nihbench.types import RateState, Tokenizer

# ---- examination -----------------------------------------------------------------------------------------------------
# What `nih doctor` finds out of an endpoint: a preflight, a canary, and what the default sweep would take.
#
# It shows nothing but notes. What it spends is held by --max-cost as the checks before a run are.

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


def examine(options: RunOptions, canary_tokens: int) -> Found:
    """Check an endpoint before a sweep.

    Args:
        options: how it is asked, and what that may cost.
        canary_tokens: the length of the canary prompt; 0: none is sent.

    Raises:
        EndpointError: the server can't be reached.
        UsageError: an option can't be carried out, or the key is missing.
    """
    caller = terminal()
    checks = Checks(options=options, caller=caller)
    with reach(options, load(caller), caller, sending=True) as access:
        check_numbers(options, access)
        with checks.budget(access) as budget:
            report = asyncio.run(
                preflight(
                    access,
                    stream=options.stream,
                    budget=budget,
                    limiter=checks.limiter(access),
                    on_silence=caller.tell,
                )
            )
            problem, canary = _problem(report), None
            if problem is not None and not report.reachable:
                raise problem
            usable = None if report.withheld else problem is None
            access = with_window(access, report, caller, options.window)
            tokenizer = _tokenizer(access) if usable else None
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
            sweep=None if usable is False else _sweep(replace(options, window=window), access),
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


def _tokenizer(access: ModelAccess) -> Tokenizer | None:
    """Return what counts the model's tokens, or those of a reference; None where it can't be had."""
    try:
        return access.tokenizer("model", terminal().fetching)[0]
    except NihError as error:
        note(t("cli.note_2", sentence=error))
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
    note(t("cli.next_canary_about_tokens", tokens=expected))

    async def ask() -> Canary:
        client = access.client(
            stream=checks.options.stream,
            patience_s=CHECK_PATIENCE_S,
            budget=budget,
            limiter=checks.limiter(access),
            on_silence=note,
        )
        async with client:
            return await sing(
                client, access.preset, text, language="en", expected_tokens=expected, random=SystemRandom()
            )

    return asyncio.run(ask())


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


def _sweep(options: RunOptions, access: ModelAccess) -> Sweep:
    """Return what `nih run` takes with these options, before the server has counted anything for it."""
    if options.window is None:
        return Sweep(sentence=t("cli.unknown_model_window_not"))
    try:
        setup = resolved(options, load(terminal()), access, terminal())
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


_SIDE = 14


def doctor(options: dict[str, Any], canary_tokens: int, as_json: bool) -> None:
    """Check an endpoint before a sweep.

    It costs a few short prompts and one of 8,000 tokens, and never more than --max-cost.
    """
    if not options["model"] and not options["base_url"]:
        raise UsageError(t("cli.no_server_named_give"))
    asked = run_options(usual_values() | options, terminal(), needs_model=False)
    if asked.more_urls:
        raise UsageError(t("cli.command_takes_one_base"))
    try:
        found = examine(asked, canary_tokens)
    except NihError as error:
        if as_json:
            show_json({"usable": False, "problem": str(error)})
        raise
    show_json(_as_json(found)) if as_json else _show_rows(_rows(found))
    if found.problem is not None:
        raise found.problem


def _as_json(found: Found) -> dict[str, Any]:
    """Return all that was found, as JSON values; None is not known."""
    report, canary, sweep = found.report, found.canary, found.sweep
    cost = asdict(sweep.cost) if sweep and sweep.cost else {}
    return {
        "host": report.host,
        "model": report.model,
        "reachable": report.reachable,
        "authorised": report.key_valid,
        "model_listed": report.model_listed,
        "answered": None if report.withheld else report.answered,
        "window": found.window,
        "window_source": found.window_source,
        "token_counting": found.counting,
        "known_text": {"server": report.prompt_tokens, "counting": report.counted_tokens}
        | (dict([found.reference]) if found.reference else {}),
        "streamed": report.streamed,
        "cached_tokens_reported": report.cached_reported,
        "canary": asdict(canary) | {"message": str(canary.message), "sentence": canary.sentence} if canary else None,
        "rate_limits": asdict(report.rates) if report.rates else None,
        "default_sweep": {
            "trials": sweep.trials,
            "controls": sweep.controls,
            "prompt_tokens": sweep.prompt_tokens,
            "cost_usd": {name: None if usd is None else str(usd) for name, usd in cost.items()},
            "sentence": sweep.sentence,
        }
        if sweep
        else None,
        "spent": {
            "prompt_tokens": found.prompt_tokens,
            "cost_usd": None if found.spent_usd is None else str(found.spent_usd),
        },
        "changes": list(map(str, report.changes)),
        "warnings": list(map(str, found.warnings)),
        "usable": found.usable,
        "problem": str(found.problem) if found.problem else "",
    }


def _rows(found: Found) -> list[tuple[Message, str]]:
    """Return what is shown, each with its name; a row of which nothing is known is left out where it says no more."""
    report = found.report
    reported = {True: t("cli.reported"), False: t("cli.not_reported"), None: t("cli.unknown")}
    seen = report.prompt_tokens or report.counted_tokens
    window: str = t("cli.unknown")
    if found.window is not None:
        window = t("cli.tokens_word", tokens=found.window, who=found.window_source)
    canary: str = t("cli.not_sent")
    if found.canary is not None:
        canary = found.canary.finding
    answers = None if report.withheld else report.answered
    rows: list[tuple[Message, Words | None]] = [
        (t("common.model"), t("cli.at_2", model=report.model, host=report.host)),
        (t("cli.reachable"), _word(report.reachable)),
        (t("cli.authorised"), _word(report.key_valid)),
        (t("cli.model_listed"), _word(report.model_listed)),
        (t("cli.answers"), _word(answers)),
        (t("cli.window"), window),
        (t("cli.counting"), found.counting),
        (t("cli.sample_text"), _known_text(seen, found.reference) if seen else None),
        (t("cli.streaming"), _word(report.streamed)),
        (t("cli.cached_tokens"), reported[report.cached_reported]),
        (t("cli.canary"), canary),
        (t("cli.rate_limits"), _limits(report.rates)),
        (t("cli.default_sweep"), found.sweep.sentence if found.sweep else None),
        (t("cli.spent"), _spent(found)),
        (t("cli.differs"), said(t("common.blank")).join(map(said, report.changes)) or None),
        *((t("cli.warning"), warning) for warning in found.warnings),
        (t("cli.usable"), _word(found.usable)),
    ]
    return [(name, plain(said(value))) for name, value in rows if value is not None]


def _show_rows(rows: list[tuple[Message, str]]) -> None:
    """Show rows as a table: one line each, or on a terminal as many as its width asks for, clear of the names."""
    tell("\n".join(f"{column(name, _SIDE)} {value}" for name, value in rows), hanging=_SIDE + 1)


def _word(value: bool | None) -> Message:
    return {True: t("cli.yes"), False: t("cli.no"), None: t("cli.unknown")}[value]


def _known_text(seen: int, reference: tuple[str, int] | None) -> Message:
    if reference is None:
        return t("cli.tokens_server_template", seen=seen)
    name, count = reference
    return t("cli.tokens_server_template_2", seen=seen, count=count, name=name)


def _limits(rates: RateState | None) -> Message | None:
    requests, tokens = (rates.limit_requests, rates.limit_tokens) if rates else (None, None)
    if requests and tokens:
        return t("cli.requests_tokens_window_account", requests=requests, tokens=tokens)
    if requests:
        return t("cli.requests_window_account", requests=requests)
    return t("cli.tokens_window_account", tokens=tokens) if tokens else None


def _spent(found: Found) -> Message:
    money = t("cli.price_unknown") if found.spent_usd is None else f"${found.spent_usd:,.4f}"
    return t("cli.tokens_sent", tokens=found.prompt_tokens, money=money)
