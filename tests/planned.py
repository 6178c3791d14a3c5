"""What a plan would send and expects, so that a scripted model can answer by what was planted, or fail by a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nihbench.app.events import Caller
from nihbench.app.jobs import asked_jobs, made_ready
from nihbench.app.options import raw_values
from nihbench.types import Planted, Trial

Answer = Callable[[Trial, Planted], str]


class Planner:
    """Knows every prompt of a suite's plan by its text; what is asked of it that is not planned has no answer."""

    def __init__(self, suite: str | None, options: Mapping[str, Any], answer: Answer) -> None:
        self.known: dict[str, tuple[Trial, Planted]] = {}
        self.answer = answer
        with made_ready(asked_jobs(raw_values(options), suite, Caller()), Caller(), sending=False) as ready:
            for each in ready:
                for trial in each.setup.trials:
                    messages, _ = each.setup.build(trial)
                    text = "\n".join(message.content for message in messages)
                    self.known[text] = trial, each.setup.planted(trial)

    def __call__(self, text: str) -> str:
        trial, planted = self.known[text]
        return self.answer(trial, planted) if trial.control in (None, "oracle", "sentinel") else "not stated"


def expected(trial: Trial, planted: Planted) -> str:
    """Answer as the task expects."""
    return planted.expected
