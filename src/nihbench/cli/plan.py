"""`nih plan`: what a run would send, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import command, plain, show, show_json

if TYPE_CHECKING:
    from nihbench.run import Setup


@with_run_options
@command
def plan(
    options: dict[str, Any],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Say what a run would send: trials and tokens. No model is asked anything."""
    from nihbench.cli.wiring import prepared

    with prepared(run_options(options), sending=False) as (setup, model):
        calibration = calibration_cost(setup, free=model.counter is not None)
        if as_json:
            show_json(_as_json(setup) | {"calibration": calibration})
        else:
            show("\n".join([_as_text(setup), *_calibration_lines(calibration)]))


def calibration_cost(setup: Setup, *, free: bool) -> dict[str, Any] | None:
    """Return what fitting the lengths to the server's counts would take; None where nothing is to be fitted.

    `cost_usd` None: the price is unknown. `free`: a counting endpoint counts, at no charge.
    """
    from nihbench.endpoint import worst_cost
    from nihbench.run import likely_prompts

    if not setup.wants_calibration:
        return None
    prompts = likely_prompts(setup)
    costs = [worst_cost(setup.preset.prices, tokens, 1) for tokens in prompts]
    known = [cost for cost in costs if cost is not None]
    price = float(sum(known)) if len(known) == len(costs) else None
    return {"requests": len(prompts), "prompt_tokens": sum(prompts), "cost_usd": 0.0 if free else price, "free": free}


def _calibration_lines(cost: dict[str, Any] | None) -> list[str]:
    if cost is None:
        return []
    money = "at no charge" if cost["free"] else "at an unknown price"
    if not cost["free"] and cost["cost_usd"] is not None:
        money = f"for about ${cost['cost_usd']:.4f}"
    return [
        "",
        f"calibration {cost['requests']} counts by the server, about {cost['prompt_tokens']:,} tokens, {money}; "
        "--no-calibrate leaves it out",
    ]


def _as_json(setup: Setup) -> dict[str, Any]:
    from dataclasses import asdict

    from nihbench.plan import estimate

    return {
        "model": setup.preset.name,
        "experiment": setup.experiment.name,
        "prompts": list(setup.prompts),
        "corpus": setup.corpus.name,
        "corpus_tokens": len(setup.source_of(0).starts),
        "window": setup.window,
        "length_unit": setup.tokenizer.name,
        "counted_by_model": setup.counted_by_model,
        "lengths": list(setup.lengths),
        "depths": list(setup.depths),
        "repeats": setup.options.repeats,
        "order": setup.options.order,
        "max_output": setup.request.max_output,
        "notes": list(setup.notes),
        "estimate": asdict(estimate(setup.trials, setup.request.max_output)),
    }


def _as_text(setup: Setup) -> str:
    from nihbench.plan import estimate

    sums = estimate(setup.trials, setup.request.max_output)
    window = f"{setup.window:,} tokens" if setup.window else "unknown"
    lines = [
        f"model       {plain(setup.preset.name)} (window {window})",
        f"experiment  {setup.experiment.name}: prompts {', '.join(setup.prompts)}",
        f"corpus      {plain(setup.corpus.name)}",
        f"lengths     {', '.join(f'{length:,}' for length in setup.lengths)} ({setup.tokenizer.name} tokens)",
        f"depths      {', '.join(f'{depth:g}' for depth in setup.depths)} percent",
        f"repeats     {setup.options.repeats}",
        f"order       {setup.options.order}",
        f"trials      {sums.trials:,}",
        f"tokens      {sums.prompt_tokens:,} sent, at most {sums.max_output_tokens:,} answered",
        "",
        f"{'length':>10} {'trials':>7} {'tokens':>12}",
    ]
    lines += [f"{length:>10,} {trials:>7,} {tokens:>12,}" for length, trials, tokens in sums.tokens_by_length]
    return "\n".join(lines)
