"""`nih plan`: what a run would send, cost and take, before anything is sent."""

from __future__ import annotations

from typing import Any

from nihbench.app.planning import SIDE, plan_of
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show_json, tell


def plan(
    options: dict[str, Any], suite: str | None, prefill_speed: float | None, answer_speed: float | None, as_json: bool
) -> None:
    """Show what a run would send, cost and take, in tokens, dollars and time. No model is called."""
    made = plan_of(options, suite, terminal(), prefill_speed=prefill_speed, answer_speed=answer_speed)
    if as_json:
        show_json(made.as_json())
    else:
        tell(str(made), hanging=SIDE)
