"""`nih doctor` and `nih needle check`: what should be known of an endpoint, or of a needle, before spending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.fairness import Fairness
from nihbench.app.examining import Found, checked_by_models, checked_in, examine
from nihbench.app.keywords import usual_values
from nihbench.app.options import run_options, spelt_lengths
from nihbench.cli.hearing import measuring, terminal
from nihbench.cli.output import show, show_json, tell
from nihbench.errors import NihError, UsageError
from nihbench.lang.messages import Message, Words, column, language, plain, said, t
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


# ---- `nih needle check --model`: the controls of a needle without a sweep, for every prompt and model ----------------


def as_lines(found: Mapping[str, Sequence[ControlResult]]) -> list[str]:
    """Return the verdicts for a reader."""
    lines = []
    for model, results in found.items():
        lines += ["", said(t("cli.asked", model=plain(model)))]
        lines += [f"  {plain(result.sentence(language()))}" for result in results]
    return lines


def as_rows(found: Mapping[str, Sequence[ControlResult]]) -> list[dict[str, Any]]:
    """Return the verdicts for a program."""
    rows = []
    for model, results in found.items():
        for result in results:
            row = asdict(result)
            row["rate"] = result.rate if result.n else None  # JSON has no NaN
            rows.append({"model": model} | row | {"sentence": result.sentence()})
    return rows


_LEVELS = {"problem": t("cli.problem"), "warning": t("cli.warning"), "note": t("cli.note"), "ok": t("cli.ok")}


def check(
    name: str,
    corpus: str | None,
    lengths: str | None,
    model: list[str] | None,
    base_url: list[str] | None,
    api_key_env: str | None,
    prompt: str | None,
    max_cost: float | None,
    yes: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Check whether a needle is fair in its corpus: copies, rivals, the question's wording, language, length."""
    lengths = spelt_lengths(lengths, terminal())
    text, found = checked_in(name, corpus, lengths, terminal())
    given = {
        "model": model, "base_url": base_url, "api_key_env": api_key_env, "prompt": prompt, "corpus": corpus,
        "lengths": lengths, "max_cost": max_cost,
    }  # fmt: skip
    told = checked_by_models(name, given, measuring(yes=yes)) if model else {}
    if as_json:
        show_json({"needle": name, "corpus": text.name} | asdict(found) | {"controls": as_rows(told)})
        return
    show(
        "\n".join(
            [
                _check_text(t("cli.in", needle=name, corpus=text.name), found, text.text, limit),
                *as_lines(told),
            ]
        )
    )


def _check_text(title: Message, found: Fairness, text: str, limit: int) -> str:
    lines = [plain(said(title))]
    lines += [f"  {column(_LEVELS[each.level], 8)} {plain(said(each.text))}" for each in found.findings]
    kinds = {
        t("cli.sentences_could_mislead_likeliest"): [
            (f"{rival.weight:.2f}", rival.start, rival.text) for rival in found.rivals
        ],
        t("cli.sentences_hold_needle_key"): [(copy.of, copy.start, copy.text) for copy in found.copies],
    }
    for heading, rows in kinds.items():
        if rows:
            lines += ["", said(heading)]
        for mark, start, sentence in rows[: limit or None]:
            number, shown = text.count("\n", 0, start) + 1, _short(plain(sentence))
            place = t("cli.line", mark=mark, number=number, sentence=shown)
            lines.append(f"  {said(place)}")
        if limit and len(rows) > limit:
            lines.append("  " + said(t("cli.more_limit_0_shows", count=len(rows) - limit)))
    return "\n".join(lines)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 400 else sentence[:400] + "..."
