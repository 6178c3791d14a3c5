"""Three counts of every prompt: nominal (the plan's), local (the tokenizer's), and the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nihbench.lang.messages import Message, t
from nihbench.run.verify import has_text, whole_count
from nihbench.types import Completion, GradedElsewhere, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CountSummary:
    """How the server's counts compare with the plan.

    `answers` have a count, `unverified` answers have none. Of the former, the one that is furthest from its nominal
    length has the counts `nominal`, `local` and `server`; these are 0 where there is no count at all.
    """

    answers: int
    unverified: int
    nominal: int = 0
    local: int = 0
    server: int = 0

    @property
    def difference(self) -> float:
        """The largest difference of the server's count from nominal, as a share of nominal; signed."""
        return self.server / self.nominal - 1.0 if self.nominal else 0.0

    def sentences(self) -> list[Message]:
        """Return what a user should be told of it."""
        said: list[Message] = []
        if self.answers:
            said.append(
                t(
                    "run.token_counts_server_differ",
                    difference=abs(self.difference),
                    nominal=self.nominal,
                    local=self.local,
                    server=self.server,
                )
            )
        if self.unverified:
            said.append(t("run.answers_came_without_token", count=self.unverified))
        return said


def count_summary(records: Mapping[str, Record]) -> CountSummary:
    """Compare the counts of all prompts that were answered, and of those that were cut."""
    counted, unverified = [], 0
    for record in records.values():
        if isinstance(record.outcome, GradedElsewhere) or record.placement is None or not has_text(record):
            continue
        seen = whole_count(record.outcome.usage, record.placement.total_tokens)
        if seen:
            counted.append((record.trial.length, record.placement.total_tokens, seen))
        elif isinstance(record.outcome, Completion):
            unverified += 1
    if not counted:
        return CountSummary(answers=0, unverified=unverified)
    nominal, local, server = max(counted, key=lambda counts: abs(counts[2] / counts[0] - 1.0))
    return CountSummary(answers=len(counted), unverified=unverified, nominal=nominal, local=local, server=server)
