"""The exact prompt of one trial, without asking the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nihbench.app.events import Caller
from nihbench.app.options import run_options
from nihbench.app.wiring import prepared
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import parse_depth, parse_length
from nihbench.run.resolve import has_own_rows
from nihbench.types import Message, Placement, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a trial sends, and where its needle stands in it."""

    id: str
    trial: Trial
    messages: tuple[Message, ...]
    placement: Placement

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values (docs/formats.md)."""
        messages = [asdict(message) for message in self.messages]
        return {
            "id": self.id,
            "trial": self.trial.stored(),
            "placement": self.placement.stored(),
            "messages": messages,
        }

    def __str__(self) -> str:
        return as_text(self.messages)


def as_text(messages: Sequence[Message]) -> str:
    """Return messages for reading: each headed by its role where there are several."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)


def prompts_of(
    values: Mapping[str, Any], caller: Caller, *, length: str = "1000", depth: str = "50", repeat: int = 0
) -> tuple[Prompt, ...]:
    """Return the prompts of one cell, one for each prompt variant, as a run with the same options would send them.

    Args:
        values: the raw value of every option (`keywords`).
        caller: hears what a user should know.
        length: tokens of the whole request, such as 4k or 300t.
        depth: in percent, such as 50 or 50%.
        repeat: which repeat; 0 is the first.

    Raises:
        UsageError: the options can't be carried out, or the run that is repeated (`like`) sent no such prompt.
    """
    if repeat < 0:
        raise UsageError(t("cli.repeat_must_0_more", repeat=repeat))
    tokens, percent = round(parse_length(length, "--length")), parse_depth(depth, "--depth")
    one = {"lengths": f"{tokens}t", "depths": f"{percent}%", "repeats": repeat + 1, "controls": False, "shard": None}
    like = values["like"]
    if not like and has_own_rows(values["task"], values["experiment"]):
        del one["depths"]  # its rows are chosen as its options are
    with prepared(
        run_options({**values, **({"controls": False} if like else one)}, caller), caller, sending=False, draft=True
    ) as (setup, _):
        trials = [trial for trial in setup.trials if trial.repeat == repeat]
        if like:
            trials = [trial for trial in trials if trial.length == tokens and percent in trial.rows]
        if not trials:
            raise UsageError(t("cli.sent_no_prompt_tokens", run=like, length=tokens, depth=percent, repeat=repeat))
        made = []
        for trial in trials:
            messages, placement = setup.build(trial)
            assert isinstance(placement, Placement)
            made.append(Prompt(id=setup.trial_id(trial), trial=trial, messages=tuple(messages), placement=placement))
        return tuple(made)
