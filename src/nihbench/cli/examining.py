"""`nih doctor`: what should be known of an endpoint before a sweep."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nihbench.app.examining import Found, examine
from nihbench.app.keywords import usual_values
from nihbench.app.options import run_options
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show_json, tell
from nihbench.errors import NihError, UsageError
from nihbench.lang.messages import Message, Words, column, plain, said, t
from nihbench.types import RateState

_SIDE = 14


def doctor(options: dict[str, Any], canary_tokens: int, as_json: bool) -> None:
    """Check an endpoint before a sweep.

    It costs a few short prompts and one of 8,000 tokens, and never more than --max-cost.
    """
    if not options["model"] and not options["base_url"]:
        raise UsageError(t("cli.no_server_named_give"))
    caller = terminal()
    asked = run_options(usual_values() | options, caller, needs_model=False)
    if asked.more_urls:
        raise UsageError(t("cli.command_takes_one_base"))
    try:
        found = examine(asked, canary_tokens, caller)
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
