"""What the live view knows of a run: its tally, how long it still takes, and what its limits and its money say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nihbench.analysis.tally import Tally
from nihbench.run.answers import answer_of
from nihbench.run.eta import Eta, Left
from nihbench.types import Completion, Failure, GradedElsewhere, Needle, Record, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """What limiters and budget say at a moment. None: unknown, or there is none.

    `spent_usd` is what the run has spent, `elsewhere_usd` what others have of the same money, `most_usd` the cap
    (--max-cost), `rest_usd` what the owed trials cost at most;
    `waits` says what the next call waits for and for how many seconds. `free`: the answers cost nothing.
    """

    free: bool = False
    spent_usd: float | None = None
    elsewhere_usd: float = 0.0
    most_usd: float | None = None
    rest_usd: float | None = None
    in_flight: int | None = None
    at_once: int | None = None
    refused: int = 0
    tokens_per_minute: float | None = None
    requests_per_minute: float | None = None
    waits: tuple[str, float] | None = None


class Watched:
    """Takes records as they come and grades them by the rules.

    Args:
        title: the model and the experiment.
        needle: the run's needle.
        planned: all trials of the run.
        owed: the trials to be measured now.
        now: the time, by any clock in seconds; `records` carry none of their own into it.
        gauges: asked whenever the view is drawn.
    """

    def __init__(
        self,
        *,
        title: str,
        needle: Needle,
        planned: Sequence[Trial],
        owed: Sequence[Trial],
        now: float,
        gauges: Callable[[Watched], Gauges],
    ) -> None:
        self.title, self.began = title, now
        self.tally: Tally = Tally(planned)
        self.eta: Eta = Eta((trial.length for trial in owed), now)
        self.tokens_in = self.tokens_out = 0
        self.tokens_planned = sum(trial.length for trial in planned)
        self.miss: Record | None = None
        self.said = ""
        self._needle = needle
        self._gauges = gauges

    def remember(self, record: Record) -> None:
        """Take a record that was there before: it is in the grid, and says nothing of the pace of today."""
        answer = answer_of(self._needle, record)
        grade = answer.by_rules() if answer is not None else None
        self.tally.take(record, grade)
        if not isinstance(record.outcome, GradedElsewhere):
            self.tokens_in += record.outcome.usage.prompt_tokens or 0
            self.tokens_out += record.outcome.usage.completion_tokens or 0
        if record.trial.control is None and grade is not None and not getattr(grade, "found", False):
            self.miss = record

    def take(self, record: Record, now: float) -> None:
        """Take a record that was just made."""
        self.remember(record)
        if not isinstance(record.outcome, GradedElsewhere):
            self.eta.take(record.trial.length, record.outcome.latency_s, now)

    def gauges(self) -> Gauges:
        """Return what limits and money say now."""
        return self._gauges(self)

    def left(self, gauges: Gauges, now: float) -> Left | None:
        """Return how long the rest takes."""
        waits = gauges.waits
        return self.eta.left(
            now,
            in_flight=gauges.in_flight or 0,
            tokens_per_minute=gauges.tokens_per_minute,
            requests_per_minute=gauges.requests_per_minute,
            wait_s=waits[1] if waits is not None and waits[0] != "slot" else 0.0,
        )

    def miss_text(self) -> str:
        """Return what was answered instead of the needle, the latest time."""
        outcome = self.miss.outcome if self.miss is not None else None
        return outcome.text[:400] if isinstance(outcome, Completion) else ""

    @property
    def share(self) -> float:
        """The share of the plan's tokens that is done."""
        return 1.0 - self.eta.tokens / self.tokens_planned if self.tokens_planned else 1.0


def what_came(record: Record) -> str:
    """Return the kind of a record's failure; nothing for an answer."""
    return record.outcome.kind if isinstance(record.outcome, Failure) else ""
