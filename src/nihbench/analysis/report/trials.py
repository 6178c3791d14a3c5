"""The trials of one (experiment, prompt) as columns: what was asked and answered, why it got its grade, its cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from nihbench.analysis.cases import in_fact_words
from nihbench.analysis.table import UNSCORED
from nihbench.errors import UsageError
from nihbench.lang.messages import Note, Words, languages, said
from nihbench.plan.fresh import fact_words, fill
from nihbench.run.rebuild import surroundings
from nihbench.run.store import RunFolder
from nihbench.types import Completion, Grade, GradedElsewhere, Outcome, Placement, Planted, Record, Score, Unscored

# ---- the report's texts, each kept once, and cut where all together would make the file too large --------------------
# Most answers of a sweep say the same, and repeats share their surroundings. Positions in a text are told in UTF-16
# units, which is how the page's language counts.

TOTAL = 600_000
"""Characters of answers that a report holds whole."""

LEAST = 400
"""Characters that are kept of every answer, however many there are."""


SENTENCE = 2000
"""Characters up to which a note is kept in Chinese, too: with all that it quotes, none of ours is as long."""


class Pool:
    """Texts by number; a text that comes again gets the number that it has."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._may_cut: set[int] = set()
        self._sentences: dict[int, Note] = {}

    def add(self, text: str, *, may_cut: bool = False) -> int:
        """Return the number of a text. Only texts that a model wrote may be cut."""
        number = self._numbers.setdefault(text, len(self._numbers))
        if may_cut:
            self._may_cut.add(number)
        return number

    def add_or_none(self, text: str, *, may_cut: bool = False) -> int | None:
        """Return the number of a text, None of an empty one."""
        return self.add(text, may_cut=may_cut) if text else None

    def sentence(self, words: Words, *, may_cut: bool = False) -> int | None:
        """Return the number of a note in English, or of somebody's words; None of an empty one."""
        text = str(words)
        number = self.add_or_none(text, may_cut=may_cut)
        if number is not None and isinstance(words, Note) and len(text) <= SENTENCE:
            self._sentences[number] = words
        return number

    def said(self) -> dict[str, dict[str, str]]:
        """Return the sentences in every language but English that has words for them, by their English's numbers."""
        english = {number: text for text, number in self._numbers.items() if number in self._sentences}
        found = {lang: {n: said(note, lang) for n, note in self._sentences.items()} for lang in languages()[1:]}
        return {lang: {str(n): text for n, text in each.items() if text != english[n]} for lang, each in found.items()}

    def texts(self) -> tuple[list[str], dict[str, int]]:
        """Return all texts by number, and for those that were cut how many characters they had."""
        long = [text for text, number in self._numbers.items() if number in self._may_cut]
        limit = most_of_each([len(text) for text in long], max(TOTAL, LEAST * len(long)))
        kept, cut = [], {}
        for text, number in self._numbers.items():
            if number in self._may_cut and len(text) > limit:
                cut[str(number)] = len(text)
                text = text[:limit]
            kept.append(text)
        return kept, cut


def most_of_each(sizes: Sequence[int], total: int) -> int:
    """Return the largest limit at which sizes, each cut to it, add up to no more than `total`."""
    rest, ordered = total, sorted(sizes)
    for index, size in enumerate(ordered):
        left = len(ordered) - index
        if size * left > rest:
            return rest // left
        rest -= size
    return max(ordered, default=0)


def utf16(text: str, places: Sequence[int]) -> list[int]:
    """Turn places counted in characters of `text` into UTF-16 units."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return list(places)
    return [place + sum(char > "\uffff" for char in text[:place]) for place in places]


# ---- surroundings ----------------------------------------------------------------------------------------------------
# The text around each needle as sent, cut out of the corpus by the placement; none where that is not at hand.

AROUND = 160
"""Characters that are shown on either side of a needle."""

BEGINS, ENDS = 1, 2
"""Edges: the haystack begins (ends) inside what is shown."""


class Surroundings:
    """Cuts out of one run's corpus. `text` is None where that is not on this machine."""

    def __init__(self, run: RunFolder, text: str | None) -> None:
        self._content, self._text = run.manifest, text
        self._task = run.manifest.task

    def planted(self, record: Record) -> Planted | None:
        """Return what a record's trial planted; None where the task that would know is not here."""
        with suppress(UsageError):
            return self._task.recorded(record)
        return None

    def words(self, record: Record) -> dict[str, str]:
        """Return what the facts say that were asked for, by their names."""
        return fact_words(fill(self._task.needle, record.fresh))

    def of(self, record: Record, planted: Planted | None, pool: Pool) -> tuple[int | None, int | None, int]:
        """Return the numbers of the texts before and after a record's needle, and the edges that they reach."""
        place = record.placement
        if self._text is None or planted is None or not isinstance(place, Placement):
            return None, None, 0
        try:
            before, _, after = surroundings(self._content, record, planted, self._text, AROUND)
        except UsageError:  # the task that made the haystack is not installed
            return None, None, 0
        first, last = max(place.start, place.at - AROUND), min(place.end, place.at + AROUND)
        edges = (BEGINS if first == place.start else 0) | (ENDS if last == place.end else 0)
        return pool.add(before), pool.add(after), edges


Cost = Callable[[Record], float | None]
"""What a trial cost in USD with every sending of it, None where that is unknown."""


def trial_columns(
    records: Sequence[Record],
    grades: Mapping[str, Grade],
    around: Surroundings,
    pool: Pool,
    cost: Cost,
) -> dict[str, list[Any]]:
    """Return one list a column, all as long as `records`; docs/report.md says what each holds."""
    rows = [_row(record, grades.get(record.id), around, pool, cost) for record in records]
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def _row(record: Record, grade: Grade | None, around: Surroundings, pool: Pool, cost: Cost) -> dict[str, Any]:
    trial, outcome, place = record.trial, record.outcome, record.placement
    facts, planted = around.words(record), around.planted(record)
    row: dict[str, Any] = {
        "id": record.id,
        "length": trial.length,
        "depth": trial.row,
        "also": list(trial.also_depths),
        "repeat": trial.repeat,
        "control": trial.control,
        "extra": trial.extra,
        "needle": pool.add_or_none(planted.inserts[planted.asked].text) if planted else None,
        "expected": pool.add_or_none(record.expected),
        "achieved": round(place.achieved_depth_percent, 2) if isinstance(place, Placement) else None,
        "needle_token": place.needle_token if isinstance(place, Placement) else None,
        "total_tokens": place.total_tokens if place else None,
        "started_at": record.started_at,
    }
    row |= _call(outcome, cost(record))
    before, after, edges = around.of(record, planted, pool)
    row |= {"before": before, "after": after, "edges": edges}
    if isinstance(outcome, GradedElsewhere):
        row |= {"answer": None, "reasoning": None, "finish": None, "first_token_s": None, "message": None}
        row["failure"] = None if isinstance(grade, Score) else UNSCORED
        return row | _score("", grade if isinstance(grade, Score) else None, facts, pool)
    if isinstance(outcome, Completion):
        row |= {
            "answer": pool.add(outcome.text, may_cut=True),
            "reasoning": pool.add_or_none(outcome.reasoning, may_cut=True),
            "finish": outcome.finish_reason,
            "first_token_s": None if outcome.first_token_s is None else round(outcome.first_token_s, 3),
            "failure": None if isinstance(grade, Score) else UNSCORED,
            "message": pool.sentence(grade.reason) if isinstance(grade, Unscored) else None,
        }
        return row | _score(outcome.text, grade if isinstance(grade, Score) else None, facts, pool)
    row |= {"answer": None, "reasoning": None, "finish": None, "first_token_s": None, "failure": outcome.kind}
    row["message"] = pool.sentence(outcome.message, may_cut=True)
    return row | _score("", None, facts, pool)


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
    "votes", "decided_by", "items",
)  # fmt: skip


def _score(text: str, score: Score | None, words: Mapping[str, str], pool: Pool) -> dict[str, Any]:
    if score is None:
        return dict.fromkeys(_SCORE)
    places = utf16(text, [place for _, first, last in score.evidence.found for place in (first, last)])
    facts = [words.get(fact, fact) for fact, _, _ in score.evidence.found]
    return {
        "value": score.value,
        "outcome": score.outcome,
        "found": score.found,
        "identifying": score.identifying,
        "subject": score.subject,
        "spans": [[fact, places[2 * i], places[2 * i + 1]] for i, fact in enumerate(facts)],
        "missing": [words.get(fact, fact) for fact in score.evidence.missing],
        "cue": pool.sentence(in_fact_words(score.evidence.cue, words), may_cut=True),
        "confidence": round(score.confidence, 3),
        "misled": pool.add_or_none(score.misled),
        "votes": list(score.votes) or None,
        "decided_by": score.decided_by or None,
        "items": [[name, found] for name, found in score.items] or None,
    }
