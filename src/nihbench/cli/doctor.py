"""`nih doctor`: what a person needs to know of an endpoint before spending, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nihbench.cli.options import run_options, usual_values, with_endpoint_options
from nihbench.cli.output import command, plain, show_json, tell
from nihbench.errors import NihError, UsageError
from nihbench.lang import Message, Words, column, said, t

if TYPE_CHECKING:
    from nihbench.cli.examination import Found
    from nihbench.types import RateState

_CANARY_TOKENS = 8_000
_SIDE = 14


@with_endpoint_options
@command
def doctor(
    options: dict[str, Any],
    canary_tokens: Annotated[int, typer.Option("--canary", help="Length of the canary prompt; 0: none.")] = (
        _CANARY_TOKENS
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Ask an endpoint what should be known before a sweep.

    It costs a few short prompts and one of 8,000 tokens, and never more than --max-cost.
    """
    from nihbench.cli.examination import examine

    if not options["model"] and not options["base_url"]:
        raise UsageError(t("no server is named: give --model, --base-url, or both"))
    asked = run_options(usual_values() | options, needs_model=False)
    if asked.more_urls:
        raise UsageError(t("this command takes one --base-url: leave the others out"))
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
    from dataclasses import asdict

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
    reported = {True: t("reported"), False: t("not reported"), None: t("unknown")}
    seen = report.prompt_tokens or report.counted_tokens
    window: str = t("unknown")
    if found.window is not None:
        window = t("{tokens:,} tokens, by the word of {who}", tokens=found.window, who=found.window_source)
    canary: str = t("not sent")
    if found.canary is not None:
        canary = found.canary.finding
    answers = None if report.withheld else report.answered
    rows: list[tuple[Message, Words | None]] = [
        (t("model"), t("{model} at {host}", model=report.model, host=report.host)),
        (t("reachable"), _word(report.reachable)),
        (t("authorised"), _word(report.key_valid)),
        (t("model listed"), _word(report.model_listed)),
        (t("answers"), _word(answers)),
        (t("window"), window),
        (t("counting"), found.counting),
        (t("sample text"), _known_text(seen, found.reference) if seen else None),
        (t("streaming"), _word(report.streamed)),
        (t("cached tokens"), reported[report.cached_reported]),
        (t("canary"), canary),
        (t("rate limits"), _limits(report.rates)),
        (t("default sweep"), found.sweep.sentence if found.sweep else None),
        (t("spent"), _spent(found)),
        (t("differs"), said(t("; ")).join(map(said, report.changes)) or None),
        *((t("warning"), warning) for warning in found.warnings),
        (t("usable"), _word(found.usable)),
    ]
    return [(name, plain(said(value))) for name, value in rows if value is not None]


def _show_rows(rows: list[tuple[Message, str]]) -> None:
    """Show rows as a table: one line each, or on a terminal as many as its width asks for, clear of the names."""
    tell("\n".join(f"{column(name, _SIDE)} {value}" for name, value in rows), hanging=_SIDE + 1)


def _word(value: bool | None) -> Message:
    return {True: t("yes"), False: t("no"), None: t("unknown")}[value]


def _known_text(seen: int, reference: tuple[str, int] | None) -> Message:
    if reference is None:
        return t("{seen} tokens by the server with its template", seen=seen)
    name, count = reference
    return t("{seen} tokens by the server with its template, {count} by {name}", seen=seen, count=count, name=name)


def _limits(rates: RateState | None) -> Message | None:
    requests, tokens = (rates.limit_requests, rates.limit_tokens) if rates else (None, None)
    if requests and tokens:
        return t("{requests:,} requests, {tokens:,} tokens a window of the account", requests=requests, tokens=tokens)
    if requests:
        return t("{requests:,} requests a window of the account", requests=requests)
    return t("{tokens:,} tokens a window of the account", tokens=tokens) if tokens else None


def _spent(found: Found) -> Message:
    money = t("price unknown") if found.spent_usd is None else f"${found.spent_usd:,.4f}"
    return t("{tokens:,} tokens sent for this, {money}", tokens=found.prompt_tokens, money=money)
