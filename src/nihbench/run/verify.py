"""Whether whole prompts arrived, by what the server counted: each answer by itself, and all of a run together.

A server that cuts a prompt answers all the same, and a lost needle is no miss. What one count can't show, several do:
prompts of different lengths that count the same; counts that fall behind what the run's shortest prompts count; counts
at a power of two. This is judged when records are read: what stands on disk stays what came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from nihbench.lang import t
from nihbench.text import TOLERANCE_TOKENS
from nihbench.types import Completion, Failure, Outcome, Record

EXACT_RATIO = 0.97
"""A server that counts less than this share of an exact (or fitted) count has cut the prompt (docs/method.md)."""
ESTIMATE_RATIO = 0.85
"""The same for a count by another tokenizer than the model's, measured by what the run's shortest prompts count."""
_DENSEST = {"zh": 0.5}
"""The least share of a reference tokenizer's count that a model's own may have: cl100k_base spends twice as many tokens
on Chinese as newer vocabularies. It stands in while no shorter prompt of the run tells the true share."""
_DIFFERENT = 0.05
"""Prompts of the same size within this share may count the same by chance."""
_LEAST_POWER = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What is known of the server's counts: exactly (its own tokenizer, or a fit), or by another tokenizer only.

    `language` is the haystack's.
    """

    exact: bool
    nominal: bool = False
    language: str = "en"

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Expectation:
        """Return what run.json's content says of it."""
        fitted = content.get("calibration") is not None
        return cls(
            exact=fitted or bool(content["length_unit"]["counted_by_model"]),
            nominal=fitted,
            language=str(content["corpus"].get("language", "en")),
        )

    def tokens(self, record: Record) -> int:
        """Return what the server should count for a record's prompt, or what another tokenizer does."""
        # A fitted length is in the model's tokens itself; the prompt may be a few tokens short of it.
        if self.nominal or record.placement is None:
            return record.trial.length - TOLERANCE_TOKENS
        return record.placement.total_tokens


def checked(outcome: Outcome, expected: int, exact: bool) -> Outcome:
    """Judge one answer by itself: a prompt that was surely cut is a failure, a count that fits is noted.

    Args:
        outcome: what came.
        expected: what the server should have counted.
        exact: whether that is more than another tokenizer's count.
    """
    if not isinstance(outcome, Completion) or not outcome.usage.prompt_tokens:
        return outcome
    seen = outcome.usage.prompt_tokens
    if seen >= (EXACT_RATIO if exact else ESTIMATE_RATIO) * expected:
        return replace(outcome, prompt_check="fits")
    if not exact:
        return outcome  # only the other answers of the run can tell
    return _cut(
        outcome,
        t(
            "the server counted {seen} tokens of a prompt of {expected}: it was cut on the way",
            seen=seen,
            expected=expected,
        ),
    )


def verified(records: Mapping[str, Record], expectation: Expectation) -> dict[str, Record]:
    """Return the records with every answer to a cut prompt turned into the failure that it is.

    Args:
        records: a run's, by id.
        expectation: what is known of the server's counts.
    """
    reasons = cut_prompts(records, expectation)
    result = dict(records)
    for key, reason in reasons.items():
        outcome = records[key].outcome
        assert isinstance(outcome, Completion)
        result[key] = replace(records[key], outcome=_cut(outcome, reason))
    return result


def has_text(record: Record) -> bool:
    """Say whether a record's prompt held a haystack: a question alone is mostly the chat template's own tokens.

    What these are is known of few models, so that its count says nothing of how the others are counted.
    """
    return record.placement is not None and record.placement.haystack_tokens > 0


def cut_prompts(records: Mapping[str, Record], expectation: Expectation) -> dict[str, str]:
    """Return why each prompt that the records show to have been cut was, by the record's id."""
    sizes = {
        key: (record.outcome.usage.prompt_tokens, expectation.tokens(record))
        for key, record in records.items()
        if isinstance(record.outcome, Completion) and has_text(record) and record.outcome.usage.prompt_tokens
    }
    known = {key: (seen, expected) for key, (seen, expected) in sizes.items() if seen}
    reasons = _equal(known)
    share = 1.0 if expectation.exact else _usual_share(known, records)
    floor = _DENSEST.get(expectation.language[:2], 1.0) if share is None else share
    ratio = EXACT_RATIO if expectation.exact else ESTIMATE_RATIO
    for key, (seen, expected) in known.items():
        if key in reasons:
            continue
        if seen < ratio * floor * expected:
            reasons[key] = t(
                "the server counted {seen:,} tokens of a prompt of about {expected:,.0f}: it was cut",
                seen=seen,
                expected=floor * expected,
            )
        elif _at_power_of_two(seen) and seen < EXACT_RATIO * floor * expected:
            reasons[key] = t(
                "the server counted {seen:,} tokens, a power of two, of a prompt of about {expected:,.0f}: it was "
                "cut to a context of that size",
                seen=seen,
                expected=floor * expected,
            )
    return reasons


def _equal(sizes: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    by_count: dict[int, list[str]] = {}
    for key, (seen, _) in sizes.items():
        by_count.setdefault(seen, []).append(key)
    reasons: dict[str, str] = {}
    for seen, keys in by_count.items():
        least, most = (pick(sizes[key][1] for key in keys) for pick in (min, max))
        if most - least > max(_DIFFERENT * most, 2 * TOLERANCE_TOKENS):
            words = t(
                "the server counted {seen:,} tokens of prompts of {least:,} and of {most:,} alike: it cuts them",
                seen=seen,
                least=least,
                most=most,
            )
            reasons |= dict.fromkeys(keys, words)
    return reasons


def _usual_share(sizes: Mapping[str, tuple[int, int]], records: Mapping[str, Record]) -> float | None:
    """Return the server's share of another tokenizer's count in the run's shortest prompts; None for one length."""
    lengths = {records[key].trial.length for key in sizes}
    if len(lengths) < 2:
        return None
    shortest = min(lengths)
    return median(seen / expected for key, (seen, expected) in sizes.items() if records[key].trial.length == shortest)


def _at_power_of_two(count: int) -> bool:
    return count >= _LEAST_POWER and count & (count - 1) == 0


def _cut(outcome: Completion, reason: str) -> Failure:
    return Failure(
        kind="cut_prompt",
        message=reason,
        status=200,
        latency_s=outcome.latency_s,
        attempts=outcome.attempts,
        usage=outcome.usage,
        may_be_billed=True,
        changes=outcome.changes,
        earlier=outcome.earlier,
        rates=outcome.rates,
        entry=outcome.entry,
    )
