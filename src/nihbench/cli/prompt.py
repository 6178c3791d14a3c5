"""`nih prompt`: one trial's exact prompt and placement, without asking the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import command, for_terminal, note, show, show_json
from nihbench.errors import UsageError
from nihbench.lang import t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nihbench.types import Message


@with_run_options
@command
def prompt(
    options: dict[str, Any],
    length: Annotated[str, typer.Option("--length", help="Tokens of the whole request.")] = "1000",
    depth: Annotated[float, typer.Option("--depth", help="Depth in percent.")] = 50.0,
    repeat: Annotated[int, typer.Option("--repeat", help="Which repeat (0 is the first).")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Print the exact messages of one trial, as a run with the same options would send them."""
    from nihbench.cli.wiring import prepared
    from nihbench.types import Placement

    tokens = _tokens(length)
    _check(depth, repeat)
    one = {
        "lengths": f"{tokens}:{tokens}:1",
        "depths": f"{depth}",
        "repeats": repeat + 1,
        "controls": False,
        "shard": None,
    }
    values = options | one
    with prepared(run_options(values), sending=False) as (setup, _):
        trials = [trial for trial in setup.trials if trial.repeat == repeat]
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


def _tokens(text: str) -> int:
    """Read a length as `nih run --lengths` takes them: 4000 or 4k."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower())
    try:
        length = round(float(text[:-1] if factor else text) * (factor or 1))
    except (ValueError, OverflowError) as error:
        raise UsageError(t("--length {text!r} is not a length in tokens, such as 4000 or 4k", text=text)) from error
    if length < 1:
        raise UsageError(t("--length {length} must be at least 1 token", length=text))
    return length


def _check(depth: float, repeat: int) -> None:
    if not 0.0 <= depth <= 100.0:
        raise UsageError(t("--depth {depth:g} lies outside 0 to 100 percent", depth=depth))
    if repeat < 0:
        raise UsageError(t("--repeat {repeat} must be 0 or more", repeat=repeat))


def as_text(messages: Sequence[Message]) -> str:
    """Return messages for reading: each headed by its role where there are several."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)


def _as_json(trial_id: str, trial: Any, messages: Sequence[Message], placement: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "id": trial_id,
        "trial": trial.stored(),
        "placement": asdict(placement),
        "messages": [asdict(message) for message in messages],
    }
