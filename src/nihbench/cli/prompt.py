"""`nih prompt`: one trial's exact prompt and placement, without asking the model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import command, for_terminal, note, show, show_json
from nihbench.errors import UsageError
from nihbench.lang.messages import t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nihbench.types import Message


@with_run_options
@command
def prompt(
    options: dict[str, Any],
    length: Annotated[str, typer.Option("--length", help="Tokens of the whole request, such as 4k or 300t.")] = "1000",
    depth: Annotated[str, typer.Option("--depth", help="Depth in percent, such as 50 or 50%.")] = "50",
    repeat: Annotated[int, typer.Option("--repeat", help="Which repeat (0 is the first).")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Print the exact messages of one trial, as a run with the same options would send them."""
    from nihbench.cli.wiring import prepared
    from nihbench.plan.grid import parse_depth, parse_length
    from nihbench.types import Placement

    if repeat < 0:
        raise UsageError(t("--repeat {repeat} must be 0 or more", repeat=repeat))
    tokens, percent = round(parse_length(length, "--length")), parse_depth(depth, "--depth")
    one = {
        "lengths": f"{tokens}t",
        "depths": f"{percent}%",
        "repeats": repeat + 1,
        "controls": False,
        "shard": None,
    }
    values = options | ({"controls": False} if options["like"] else one)
    with prepared(run_options(values), sending=False, draft=True) as (setup, _):
        trials = [trial for trial in setup.trials if trial.repeat == repeat]
        if options["like"]:
            trials = [trial for trial in trials if trial.length == tokens and percent in trial.depths]
        if not trials:
            raise UsageError(
                t(
                    "{run} sent no prompt of {length:,} tokens at a depth of {depth:g}% in repeat {repeat}",
                    run=options["like"],
                    length=tokens,
                    depth=percent,
                    repeat=repeat,
                )
            )
        built = [(trial, *setup.build(trial)) for trial in trials]
        if as_json:
            show_json([_as_json(setup.trial_id(trial), trial, messages, place) for trial, messages, place in built])
            return
        for trial, messages, place in built:
            assert isinstance(place, Placement)
            show(for_terminal(as_text(messages)))
            note(
                t(
                    "{prompt}: {total_tokens} of {length} tokens, needle at {achieved_depth_percent:.2f}% "
                    "(asked {depth_percent:g}%), id {trial_id}",
                    prompt=trial.prompt,
                    total_tokens=place.total_tokens,
                    length=trial.length,
                    achieved_depth_percent=place.achieved_depth_percent,
                    depth_percent=trial.depth_percent,
                    trial_id=setup.trial_id(trial),
                )
            )


def as_text(messages: Sequence[Message]) -> str:
    """Return messages for reading: each headed by its role where there are several."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)


def _as_json(trial_id: str, trial: Any, messages: Sequence[Message], placement: Any) -> dict[str, Any]:
    return {
        "id": trial_id,
        "trial": trial.stored(),
        "placement": asdict(placement),
        "messages": [asdict(message) for message in messages],
    }
