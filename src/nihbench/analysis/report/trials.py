"""The trials of one (experiment, prompt) as columns: what was asked and answered, why it got its grade, its cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nihbench.analysis.report.pool import Pool, utf16
from nihbench.analysis.report.surroundings import Surroundings
from nihbench.analysis.table import UNSCORED
from nihbench.plan.fresh import fill
from nihbench.types import Completion, Grade, GradedElsewhere, Needle, Outcome, Placement, Record, Score, Unscored

Cost = Callable[[Record], float | None]
"""What a trial cost in USD with every sending of it, None where that is unknown."""


def trial_columns(
    records: Sequence[Record],
    grades: Mapping[str, Grade],
    needle: Needle,
    around: Surroundings,
    pool: Pool,
    cost: Cost,
) -> dict[str, list[Any]]:
    """Return one list a column, all as long as `records`; docs/report.md says what each holds."""
    rows = [_row(record, grades.get(record.id), needle, around, pool, cost) for record in records]
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def _row(
    record: Record, grade: Grade | None, needle: Needle, around: Surroundings, pool: Pool, cost: Cost
) -> dict[str, Any]:
    trial, outcome, place = record.trial, record.outcome, record.placement
    filled = fill(needle, record.fresh)
    row: dict[str, Any] = {
        "id": record.id,
        "length": trial.length,
        "depth": trial.depth_percent,
        "also": list(trial.also_depths),
        "repeat": trial.repeat,
        "control": trial.control,
        "extra": trial.extra,
        "needle": pool.add_or_none(" ".join(filled.statements)),
        "expected": pool.add_or_none(record.expected),
        "achieved": round(place.achieved_depth_percent, 2) if isinstance(place, Placement) else None,
        "needle_token": place.needle_token if isinstance(place, Placement) else None,
        "total_tokens": place.total_tokens if place else None,
        "started_at": record.started_at,
    }
    row |= _call(outcome, cost(record))
    before, after, edges = around.of(record, pool)
    row |= {"before": before, "after": after, "edges": edges}
    if isinstance(outcome, GradedElsewhere):
        row |= {"answer": None, "reasoning": None, "finish": None, "first_token_s": None, "message": None}
        row["failure"] = None if isinstance(grade, Score) else UNSCORED
        return row | _score("", grade if isinstance(grade, Score) else None, pool)
    if isinstance(outcome, Completion):
        row |= {
            "answer": pool.add(outcome.text, may_cut=True),
            "reasoning": pool.add_or_none(outcome.reasoning, may_cut=True),
            "finish": outcome.finish_reason,
            "first_token_s": None if outcome.first_token_s is None else round(outcome.first_token_s, 3),
            "failure": None if isinstance(grade, Score) else UNSCORED,
            "message": pool.sentence(grade.reason) if isinstance(grade, Unscored) else None,
        }
        return row | _score(outcome.text, grade if isinstance(grade, Score) else None, pool)
    row |= {"answer": None, "reasoning": None, "finish": None, "first_token_s": None, "failure": outcome.kind}
    row["message"] = pool.sentence(outcome.message, may_cut=True)
    return row | _score("", None, pool)


def seconds(value: float, digits: int) -> float | None:
    """Return a time rounded; None where it is NaN, as of an answer out of a batch, whose time is not known."""
    return None if math.isnan(value) else round(value, digits)


def _call(outcome: Outcome | GradedElsewhere, cost_usd: float | None) -> dict[str, Any]:
    """Return what the call took; nothing is known of one that another tool made."""
    if isinstance(outcome, GradedElsewhere):
        return dict.fromkeys(_CALL)
    usage = outcome.usage
    values = (
        usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.reasoning_tokens,
        seconds(outcome.latency_s, 3), outcome.attempts, cost_usd,
    )  # fmt: skip
    return dict(zip(_CALL, values, strict=True))


_CALL = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "latency_s", "attempts", "cost_usd",
)  # fmt: skip

_SCORE = (
    "value", "outcome", "found", "identifying", "subject", "spans", "missing", "cue", "confidence", "misled",
    "votes", "decided_by",
)  # fmt: skip


def _score(text: str, score: Score | None, pool: Pool) -> dict[str, Any]:
    if score is None:
        return dict.fromkeys(_SCORE)
    places = utf16(text, [place for _, first, last in score.evidence.found for place in (first, last)])
    facts = [fact for fact, _, _ in score.evidence.found]
    return {
        "value": score.value,
        "outcome": score.outcome,
        "found": score.found,
        "identifying": score.identifying,
        "subject": score.subject,
        "spans": [[fact, places[2 * i], places[2 * i + 1]] for i, fact in enumerate(facts)],
        "missing": list(score.evidence.missing),
        "cue": pool.sentence(score.evidence.cue, may_cut=True),
        "confidence": round(score.confidence, 3),
        "misled": pool.add_or_none(score.misled),
        "votes": list(score.votes) or None,
        "decided_by": score.decided_by or None,
    }
