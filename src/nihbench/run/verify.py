"""Whether whole prompts arrived, by what the server counted: each answer by itself, and all of a run together.

A server that cuts a prompt answers all the same, and a lost needle is no miss. What one count can't show, several do:
prompts of different lengths that count the same; counts that fall behind what the run's shortest prompts count; counts
at a power of two. This is judged when records are read: what stands on disk stays what came.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

import numpy as np

from nihbench.errors import DamagedDataError, NihError
from nihbench.lang.messages import Message, Note, t
from nihbench.languages.base import of
from nihbench.run.setup import Made, Setup
from nihbench.run.stored import Manifest
from nihbench.text.fit import TOLERANCE_TOKENS
from nihbench.text.prompt import render
from nihbench.text.source import GLUE, MOST_CHARACTERS
from nihbench.types import (
    Completion,
    Failure,
    FailureKind,
    GradedElsewhere,
    Outcome,
    Placed,
    Placement,
    Record,
    Trial,
    Usage,
)

EXACT_RATIO = 0.97
"""A server that counts less than this share of an exact (or fitted) count has cut the prompt (docs/method.md)."""
ESTIMATE_RATIO = 0.85
"""The same for a count by another tokenizer than the model's, measured by what the run's shortest prompts count."""
MOST_RATIO, MOST_ESTIMATE_RATIO = 1.5, 6.0
FOREIGN_TOKENS = 4096
"""No server counts more than this beyond the ratio: a gateway's own words before a prompt, and its template."""
_SLACK_TOKENS = 64
_SPARSEST = 0.4
"""No vocabulary counts less than this share of what another one does."""
_MUCH = 0.1
"""So much of a prompt must have been cached for its count to tell whether that is in it."""
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
    def of(cls, content: Manifest) -> Expectation:
        """Return what run.json's content says of it."""
        fitted = content.calibration is not None
        return cls(
            exact=fitted or content.length_unit.counted_by_model,
            nominal=fitted,
            language=content.corpus.language,
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
    seen, ratio = outcome.usage.prompt_tokens, EXACT_RATIO if exact else ESTIMATE_RATIO
    if seen > (MOST_RATIO if exact else MOST_ESTIMATE_RATIO) * expected + FOREIGN_TOKENS:
        return _failed(outcome, "bad_response", _foreign(seen, expected))
    if seen >= ratio * expected:
        return replace(outcome, prompt_check="fits")
    if not exact or _fitting(outcome.usage, expected, ratio) is not None:
        return outcome  # only the other answers of the run can tell
    return _failed(
        outcome,
        "cut_prompt",
        Note("count_too_small_exact", seen=seen, expected=expected),
    )


def is_doubtful(outcome: Outcome, expected: int, exact: bool) -> bool:
    """Say whether none of an answer's counts fits its prompt: it was cut, or they leave out what was cached."""
    if not isinstance(outcome, Completion) or not outcome.usage.prompt_tokens:
        return False
    ratio = EXACT_RATIO if exact else _SPARSEST
    return outcome.usage.prompt_tokens < ratio * expected and _fitting(outcome.usage, expected, ratio) is None


class CutJudge:
    """Has a canary say what it means that no count fits, once for about every length.

    Args:
        arrives_whole: sends a canary of so many tokens.
    """

    def __init__(self, arrives_whole: Callable[[int], Awaitable[bool]]) -> None:
        self._arrives_whole = arrives_whole
        self._known: dict[int, asyncio.Task[bool]] = {}

    async def judged(self, came: Outcome, outcome: Outcome, expected: int, exact: bool) -> Outcome:
        """Return an answer as it came where its prompt was whole, though its count does not say so.

        Args:
            came: what the server sent.
            outcome: what its own count makes of it (`checked`).
            expected: what the server should have counted.
            exact: as in `checked`.
        """
        if not isinstance(came, Completion) or not is_doubtful(came, expected, exact):
            return outcome
        size = expected.bit_length()
        if size not in self._known:
            self._known[size] = asyncio.ensure_future(self._arrives_whole(expected))
        try:
            whole = await self._known[size]
        except NihError:
            return outcome  # there is no money for it: the count has the last word
        return replace(came, prompt_check="whole") if whole else outcome


def whole_counts(usage: Usage) -> tuple[int, ...]:
    """Return what a prompt may have had as a whole by the server's counts, the likeliest first.

    Ollama's, LiteLLM's and some gateways' counts leave out what was cached, which may be told beside, or in the total.
    """
    prompt, answer = usage.prompt_tokens or 0, usage.completion_tokens or 0
    beside = (usage.cached_tokens or 0) + (usage.written_tokens or 0)
    total = (usage.total_tokens or 0) - answer
    found = (prompt, prompt + (usage.cached_tokens or 0), prompt + beside, total, total - (usage.reasoning_tokens or 0))
    return tuple(dict.fromkeys(count for count in found if count >= prompt > 0))


def whole_count(usage: Usage, expected: int) -> int | None:
    """Return the server's count of a whole prompt, by which of its counts fits what was expected, else as it is."""
    return _fitting(usage, expected, ESTIMATE_RATIO) or usage.prompt_tokens


def _fitting(usage: Usage, expected: float, ratio: float) -> int | None:
    """Return the first whole count that fits what was expected; None where none does."""
    return next((n for n in whole_counts(usage) if ratio * expected <= n <= expected / ratio + _SLACK_TOKENS), None)


def _foreign(seen: int, expected: float) -> Note:
    return Note("count_too_large", seen=seen, expected=expected)


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
        result[key] = replace(records[key], outcome=_failed(outcome, "cut_prompt", reason))
    return result


def has_text(record: Record) -> bool:
    """Say whether a record's prompt held a haystack: a question alone is mostly the chat template's own tokens.

    What these are is known of few models, so that its count says nothing of how the others are counted.
    """
    return record.placement is not None and record.placement.haystack_tokens > 0


def cut_prompts(records: Mapping[str, Record], expectation: Expectation) -> dict[str, Note]:
    """Return why each prompt that the records show to have been cut was, by the record's id."""
    sizes = {
        key: (record.outcome.usage, expectation.tokens(record))
        for key, record in records.items()
        if isinstance(record.outcome, Completion)
        and has_text(record)
        and record.outcome.usage.prompt_tokens
        and record.outcome.prompt_check != "whole"
    }
    ratio = EXACT_RATIO if expectation.exact else ESTIMATE_RATIO
    known = _believed(sizes, ratio)
    reasons = _equal(known)
    share = 1.0 if expectation.exact else _usual_share(known, records)
    floor = of(expectation.language).language.densest if share is None else share
    for key, (seen, expected) in known.items():
        if key in reasons:
            continue
        if seen < ratio * floor * expected:
            reasons[key] = Note("count_too_small", seen=seen, expected=floor * expected)
        elif _at_power_of_two(seen) and seen < EXACT_RATIO * floor * expected:
            reasons[key] = Note("count_power_of_two", seen=seen, expected=floor * expected)
    return reasons


def _believed(sizes: Mapping[str, tuple[Usage, int]], ratio: float) -> dict[str, tuple[int, int]]:
    """Return each prompt's count, and what was expected.

    A server whose count fits although much of it was cached counts what is cached, and is taken at its word. Of others
    a whole count is believed where it fits.
    """

    def plain(usage: Usage) -> int:
        return usage.prompt_tokens or 0

    counts_cached = any(
        plain(usage) >= ratio * expected and _MUCH * expected <= (usage.cached_tokens or 0) <= plain(usage)
        for usage, expected in sizes.values()
    )
    return {
        key: (plain(usage) if counts_cached else _fitting(usage, expected, ratio) or plain(usage), expected)
        for key, (usage, expected) in sizes.items()
    }


def _equal(sizes: Mapping[str, tuple[int, int]]) -> dict[str, Note]:
    by_count: dict[int, list[str]] = {}
    for key, (seen, _) in sizes.items():
        by_count.setdefault(seen, []).append(key)
    reasons: dict[str, Note] = {}
    for seen, keys in by_count.items():
        least, most = (pick(sizes[key][1] for key in keys) for pick in (min, max))
        if most - least > max(_DIFFERENT * most, 2 * TOLERANCE_TOKENS):
            words = Note("count_alike", seen=seen, least=least, most=most)
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


def _failed(outcome: Completion, kind: FailureKind, reason: Note) -> Failure:
    return Failure(
        kind=kind,
        message=reason,
        status=200,
        latency_s=outcome.latency_s,
        via_batch=outcome.via_batch,
        attempts=outcome.attempts,
        usage=outcome.usage,
        may_be_billed=True,
        changes=outcome.changes,
        earlier=outcome.earlier,
        rates=outcome.rates,
        entry=outcome.entry,
    )


# ---- counts ----------------------------------------------------------------------------------------------------------
# Three counts of every prompt: nominal (the plan's), local (the tokenizer's), and the server's own.


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


# ---- how many tokens a prompt really has, counted again where only a run's folder says it ----------------------------
# A run that was not made here brings a fit of lengths (`calibration`), and records of where prompts were cut, and a
# stranger may have written both: the prompts they make can be far longer than the plan says. So the tokens of what will
# be sent are counted here, by the tokenizer at hand, and the larger count is what a call is thought to cost.


_BYTES_A_TOKEN = 4
"""Blanks and rules are a token for eighty of them in one vocabulary, and for one or a few in another."""
_SEAM_TOKENS = 2
"""About what the join of two copies of a text may add."""
_SAME, _SAME_TOKENS = 1.05, 32
"""A count within this share, and so many tokens, is the same one: seams are not counted to the token here."""


class Recount:
    """Counts the prompts of one run.

    Args:
        setup: the resolved run; where its counts are this machine's own, they are what is given back.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._count = lru_cache(maxsize=4096)(self._counted)
        self._beside = 0
        if setup.counts_doubted and setup.options.extra_body:
            self._beside = self._count(json.dumps(setup.options.extra_body))  # tools are read with the prompt

    def planned(self, trial: Trial) -> int:
        """Return how many tokens a trial's prompt will have, before it is built.

        Raises:
            DamagedDataError: the folder says of a prompt what can't be.
        """
        setup = self._setup
        made = setup.made_of(trial)
        if made is not None:
            return _larger(trial.length, self._of_places(trial, made))
        if not setup.counts_doubted:
            return trial.length
        return _larger(trial.length, self._unshortened(trial, setup.local_length(trial)))

    def sent(self, trial: Trial, placement: Placed) -> int:
        """Return how many tokens a prompt has that was built. Raises as `planned`."""
        setup = self._setup
        expected, made = setup.expected_tokens(trial, placement), setup.made_of(trial)
        if made is not None:
            return _larger(expected, self._of_places(trial, made))
        if not setup.counts_doubted:
            return expected
        return _larger(expected, self._unshortened(trial, placement.total_tokens))

    def _unshortened(self, trial: Trial, tokens: int) -> int:
        """Return a count of this machine's own without what the folder may have taken off it."""
        overhead = self._setup.overheads[trial.prompt]
        return tokens - min(0, overhead) + self._beside

    def _of_places(self, trial: Trial, made: Made) -> int:
        """Count a prompt that is made again from where it was cut: by the corpus's tokens, and what stands around."""
        setup, place = self._setup, made.placement
        around = [message.content for message in render(setup.prompts[trial.prompt], "", made.question)]
        seams = place.inserts if isinstance(place, Placement) else ()
        if any(not 0 <= each.index < len(made.texts) for each in seams):
            raise DamagedDataError(t("run.stored_prompt_cut_where"))
        inserted = [text for each in seams for text in (made.texts[each.index], each.before, each.after)]
        counted = sum(map(self._count, (*around, place.tail, *inserted)))
        found = counted + self._of_corpus(place) + max(0, setup.overheads.get(trial.prompt, 0)) + self._beside
        told, most = place.total_tokens, MOST_ESTIMATE_RATIO
        if not found / most - FOREIGN_TOKENS <= told <= found * most + FOREIGN_TOKENS:
            raise DamagedDataError(t("run.stored_prompt_said_tokens", told=told, found=found))
        return found

    def _of_corpus(self, place: Placed) -> int:
        """Count the tokens of source[start:end], the source being the corpus's text again and again."""
        size = len(self._setup.corpus.text)
        inside = [each.at for each in place.inserts] if isinstance(place, Placement) else []
        cuts = [place.start, *inside, place.end]
        if cuts != sorted(cuts) or cuts[0] < 0 or cuts[-1] > MOST_CHARACTERS or not 0 <= place.source_start <= size:
            raise DamagedDataError(t("run.stored_prompt_cut_where"))
        starts = self._setup.text.starts
        period, begin = size + len(GLUE), int(np.searchsorted(starts, place.source_start))

        def before(position: int) -> int:
            turns, within = divmod(place.source_start + position, period)
            return turns * (len(starts) + _SEAM_TOKENS) + int(np.searchsorted(starts, within)) - begin

        return before(place.end) - before(place.start) + _SEAM_TOKENS if place.end > place.start else 0

    def _counted(self, text: str) -> int:
        """Count a text that came out of a folder, rather too high than too low."""
        tokens = self._setup.tokenizer.count(text)
        if self._setup.counted_by_model:
            return tokens
        return max(tokens, len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)


def _larger(told: int, found: int) -> int:
    """Return what a prompt is thought to have, of what was told and what was counted."""
    return found if found > _SAME * told + _SAME_TOKENS else told
