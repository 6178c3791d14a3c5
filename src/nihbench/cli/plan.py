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

    with prepared(run_options(options), sending=False) as (setup, _):
        if as_json:
            show_json(_as_json(setup))
        else:
            show(_as_text(setup))


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
