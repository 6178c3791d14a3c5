"""`nih doctor`: what a person needs to know of an endpoint before spending, on one screen."""

from __future__ import annotations

from random import Random, SystemRandom
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from nihbench.cli.output import FetchReport, command, note, plain, show, show_json
from nihbench.errors import NihError, StoppedError, UsageError
from nihbench.lang import Message, column, recalled, said, t

if TYPE_CHECKING:
    from nihbench.endpoint import Canary, ModelAccess, Preflight
    from nihbench.run import RunOptions
    from nihbench.types import Tokenizer

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_CANARY_TOKENS = 8_000
USUAL_LENGTHS = USUAL_DEPTHS = 15
"""What `nih run` measures unless told otherwise."""


@command
def doctor(
    model: Annotated[_TEXT, typer.Option("--model", "-m", help="A preset, or any name with --base-url.")] = None,
    base_url: Annotated[_TEXT, typer.Option("--base-url", help="An OpenAI-compatible server.")] = None,
    api_key_env: Annotated[_TEXT, typer.Option("--api-key-env", help="The variable that holds the key.")] = None,
    ca_file: Annotated[_TEXT, typer.Option("--ca-file", help="Further certificate authorities, as PEM.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Check no certificates.")] = False,
    canary_tokens: Annotated[int, typer.Option("--canary", help="Length of the canary prompt; 0: none.")] = (
        _CANARY_TOKENS
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Ask an endpoint what should be known before a sweep. It costs a few short prompts and one of 8,000 tokens."""
    from nihbench.run import RunOptions

    if not model and not base_url:
        raise UsageError(t("no server is named: give --model, --base-url, or both"))
    options = RunOptions(
        model=model or "", base_url=base_url, api_key_env=api_key_env, ca_file=ca_file, insecure=insecure
    )
    try:
        found, code = _examined(options, canary_tokens)
    except NihError as error:
        if as_json:
            show_json({"usable": False, "problem": str(error)})
        raise
    show_json(found) if as_json else show(_screen(found))
    if code:
        note(t("nih: {problem}", problem=recalled(found["problem"]) or t("the server gave no answer")))
        raise typer.Exit(code)


def _examined(options: RunOptions, canary_tokens: int) -> tuple[dict[str, Any], int]:
    """Return what was found of an endpoint, and the exit code."""
    import asyncio

    from nihbench.catalog import load
    from nihbench.cli.checks import with_window
    from nihbench.cli.wiring import reach
    from nihbench.endpoint import preflight, verdict

    with reach(options, load(), sending=True, report=FetchReport()) as access:
        report = asyncio.run(preflight(access, on_silence=note))
        wrong = verdict(report)
        usable = wrong is None and report.answered
        access = with_window(access, report)
        tokenizer, _ = access.tokenizer("model", FetchReport())
        canary = _canary(access, report, tokenizer, canary_tokens) if usable and canary_tokens > 0 else None
        found = _found(access, report, tokenizer, canary)
    found |= {"usable": usable, "problem": wrong.args[0] if wrong else _problem(report)}
    return found, 0 if usable else wrong.exit_code if wrong else StoppedError.exit_code


def _problem(report: Preflight) -> str:
    """Return what is wrong with a server that may be well again soon, or only partly wrong with a usable one."""
    if report.failure is None:
        return report.problem
    said = recalled(report.problem)
    return t("{host} gives no answer ({failure}): {said}", host=report.host, failure=report.failure, said=said)


def _canary(access: ModelAccess, report: Preflight, tokenizer: Tokenizer, tokens: int) -> Canary:
    import asyncio

    from nihbench.endpoint import CHECK_PATIENCE_S, sing

    room = access.window - access.preset.max_output if access.window else tokens
    draw = Random(0)
    lines, size = [], 0
    while size < min(tokens, 0.9 * room) - 200:
        lines.append(f"Entry {draw.randrange(10**6)}: the {draw.choice(_GOODS)} came in on day {draw.randrange(365)}.")
        size += tokenizer.count(lines[-1]) + 1
    text = "\n".join(lines)
    expected = round((size + 100) * min(1.0, _share(report, tokenizer) or 1.0))

    async def ask() -> Canary:
        async with access.client(patience_s=CHECK_PATIENCE_S, on_silence=note) as client:
            return await sing(
                client, access.preset, text, language="en", expected_tokens=expected, random=SystemRandom()
            )

    return asyncio.run(ask())


_GOODS = "barley copper linen salt timber wool amber glass".split()


def _share(report: Preflight, tokenizer: Tokenizer) -> float | None:
    """Return the server's count of the known text for one token of ours."""
    from nihbench.endpoint import KNOWN_TEXT

    seen = report.counted_tokens or report.prompt_tokens
    return seen / tokenizer.count(KNOWN_TEXT) if seen else None


def _found(access: ModelAccess, report: Preflight, tokenizer: Tokenizer, canary: Canary | None) -> dict[str, Any]:
    """Return all that was found, as JSON values; None is not known."""
    from dataclasses import asdict

    from nihbench.cli.checks import OLLAMA, is_ollama
    from nihbench.endpoint import KNOWN_TEXT

    counter = t("none: lengths are fitted to the counts of short answers")
    if access.server_tokenizer is not None:
        counter = t("by the server's own tokenizer")
    elif access.counter is not None:
        counter = t("by the service's counting endpoint")
    elif access.preset.tokenizer:
        counter = t("by {tokenizer} on this machine", tokenizer=access.preset.tokenizer)
    return {
        "host": report.host,
        "model": report.model,
        "reachable": report.reachable,
        "authorised": report.key_valid,
        "model_listed": report.model_listed,
        "answered": report.answered,
        "window": access.window,
        "window_source": report.window_source or (t("the preset") if access.window else None),
        "token_counting": counter,
        "known_text": {
            "server": report.prompt_tokens,
            "counting": report.counted_tokens,
            tokenizer.name: tokenizer.count(KNOWN_TEXT),
        },
        "streamed": report.streamed,
        "cached_tokens_reported": report.cached_reported,
        "canary": asdict(canary) | {"sentence": canary.sentence} if canary else None,
        "rate_limits": asdict(report.rates) if report.rates else None,
        "default_sweep": _sweep(access),
        "changes": list(report.changes),
        "warning": OLLAMA if is_ollama(report) else None,
    }


def _sweep(access: ModelAccess) -> dict[str, Any]:
    """Return what a run without further options takes: lengths from 1,000 tokens to the window, by depths."""
    from nihbench.plan import parse_lengths
    from nihbench.prices import worst_cost

    if access.window is None:
        return {"trials": USUAL_LENGTHS * USUAL_DEPTHS, "prompt_tokens": None, "cost_usd": None}
    output = access.preset.max_output
    lengths = parse_lengths(str(USUAL_LENGTHS), lowest=1000, highest=max(access.window - output, 1000))
    costs = [worst_cost(access.preset.prices, length, output) for length in lengths]
    known = [cost for cost in costs if cost is not None]
    return {
        "trials": len(lengths) * USUAL_DEPTHS,
        "prompt_tokens": sum(lengths) * USUAL_DEPTHS,
        "cost_usd": float(sum(known)) * USUAL_DEPTHS if len(known) == len(costs) else None,
    }


def _screen(found: dict[str, Any]) -> str:
    window = t("unknown")
    if found["window"]:
        window = t("{tokens:,} tokens, by the word of {who}", tokens=found["window"], who=found["window_source"])
    counts = ", ".join(f"{name} {count}" for name, count in found["known_text"].items() if count is not None)
    reported = {True: t("reported"), False: t("not reported"), None: t("unknown")}
    rows = [
        (t("server"), found["host"]),
        (t("model"), found["model"]),
        (t("reachable"), _word(found["reachable"])),
        (t("authorised"), _word(found["authorised"])),
        (t("model listed"), _word(found["model_listed"])),
        (t("answers"), _word(found["answered"])),
        (t("window"), window),
        (t("counting"), found["token_counting"]),
        (t("known text"), t("{counts} tokens (servers count the chat template, too)", counts=counts)),
        (t("streaming"), _word(found["streamed"])),
        (t("cached tokens"), reported[found["cached_tokens_reported"]]),
        (t("canary"), found["canary"]["sentence"].fields["finding"] if found["canary"] else t("not sent")),
        (t("rate limits"), _limits(found["rate_limits"])),
        (t("default sweep"), _cost(found["default_sweep"])),
        *((t("differs"), recalled(change)) for change in found["changes"]),
        *([(t("warning"), found["warning"])] if found["warning"] else []),
        (t("usable"), _word(found["usable"])),
    ]
    return "\n".join(f"{column(name, 14)} {plain(said(value))}" for name, value in rows)


def _word(value: bool | None) -> Message:
    return {True: t("yes"), False: t("no"), None: t("unknown")}[value]


def _limits(rates: dict[str, Any] | None) -> Message:
    requests, tokens = (rates[f"limit_{name}"] for name in ("requests", "tokens")) if rates else (None, None)
    if requests and tokens:
        return t("{requests:,} requests, {tokens:,} tokens a window of the account", requests=requests, tokens=tokens)
    if requests:
        return t("{requests:,} requests a window of the account", requests=requests)
    return t("{tokens:,} tokens a window of the account", tokens=tokens) if tokens else t("none seen")


def _cost(sweep: dict[str, Any]) -> Message:
    if sweep["prompt_tokens"] is None:
        return t("{trials} trials; tokens and price unknown, for the window is not known", trials=sweep["trials"])
    usd = sweep["cost_usd"]
    return t(
        "{trials} trials, {tokens:,} tokens, {money}",
        trials=sweep["trials"],
        tokens=sweep["prompt_tokens"],
        money=t("price unknown") if usd is None else t("at most ${usd:,.2f}", usd=usd),
    )
