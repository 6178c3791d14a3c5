"""Runs -> the data of the report: one value that JSON can hold, documented in docs/report.md.

Nothing here draws or knows HTML. Numbers are made by the rest of `analysis`; here they are only laid out: runs, panels
(one a run and prompt), texts, bad cases.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from nihbench import __version__
from nihbench.analysis.cases import find_cases, in_fact_words
from nihbench.analysis.controls import ControlResult, control_results
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.statistics import Sampled, Statistics, Summary, statistics, summary
from nihbench.analysis.table import UNSCORED, Table, columns
from nihbench.errors import UsageError
from nihbench.lang.former import note_in
from nihbench.lang.messages import Lang, Note, Words, languages, said, words
from nihbench.run.like import surroundings
from nihbench.run.options import MODEL_UNIT, unit_words
from nihbench.run.scores import version_in
from nihbench.run.setup import counted_once
from nihbench.run.store import RunFolder
from nihbench.stats.cell import mean_interval, scale_of
from nihbench.stats.effective import EffectiveLength, Reach
from nihbench.stats.headline import Estimate, Headline
from nihbench.tasks.needle import fact_words, fill
from nihbench.types import (
    DEPTH,
    Axis,
    Completion,
    Grade,
    GradedElsewhere,
    Outcome,
    Placement,
    Planted,
    Record,
    Score,
    Trial,
    Unscored,
    plain_turns,
)

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
        "needle": pool.add_or_none(plain_turns(planted.inserts[planted.asked].text)) if planted else None,
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


# ---- statistics of one (experiment, prompt) as JSON can hold them ----------------------------------------------------


def statistics_of(
    table: Table,
    *,
    experiment: str,
    prompt: str,
    planned: Sequence[Trial],
    axis: Axis = DEPTH,
    one_needle: bool = False,
) -> dict[str, Any]:
    """Return the statistics of one (experiment, prompt) laid out as the report's data has them."""
    made = statistics(table, experiment=experiment, prompt=prompt, planned=planned, axis=axis, one_needle=one_needle)
    return {
        "headline": _headline(made.headline),
        "this_haystack": made.this_haystack,
        "overlapping": made.overlapping,
        "sampled": sampled_of(made.sampled),
        "by_length": [_headline(row) for row in made.by_length],
        "by_depth": [_headline(row) for row in made.by_depth],
        "cells": _cells(made),
        "effective": _effective(made.effective),
        "diagnosis": {"finding": _finding(made)},
    }


def sampled_of(made: Sampled | None) -> dict[str, Any] | None:
    """Return what numbers were sampled over, as JSON has it; `sentence` by language."""
    if made is None:
        return None
    sentences = [words for words in (made.brief, made.shares) if words is not None]
    return {
        "needles": made.needles,
        "wordings": made.wordings,
        "haystacks": made.haystacks,
        "variance": {
            each.name: {
                "levels": each.levels, "share": number(each.share), "p_value": number(each.p_value), "told": each.told,
            }
            for each in made.components
        },
        "sentence": {lang: spoken(lang, sentences) for lang in languages()},
    }  # fmt: skip


def spoken(lang: Lang, sentences: Iterable[Words]) -> str:
    """Join whole sentences to a paragraph, as a language does."""
    return words(lang)["figure.blank"].join(said(each, lang) for each in sentences)


def number(value: float) -> float | None:
    """Return a number as JSON can hold it: None for NaN, six digits else."""
    return None if math.isnan(value) else round(value, 6)


def control(made: ControlResult) -> dict[str, Any]:
    """Return one kind of control; `sentence` by language."""
    return {
        "name": made.name,
        "planned": made.planned,
        "measured": made.n,
        "rate": number(made.rate),
        "low": number(made.interval.low) if made.n else None,
        "high": number(made.interval.high) if made.n else None,
        "verdict": made.verdict,
        "sentence": {lang: made.sentence(lang) for lang in languages()},
    }


def _headline(made: Headline) -> dict[str, Any]:
    return {name: _estimate(each) for name, each in made.items()}


def _estimate(made: Estimate) -> dict[str, Any]:
    bounded = made.interval.method != "none"
    return {
        "value": number(made.value),
        "low": number(made.interval.low) if bounded else None,
        "high": number(made.interval.high) if bounded else None,
        "method": made.interval.method,
    }


def _cells(made: Statistics) -> list[list[dict[str, Any] | None]]:
    """Return each cell's interval of the mean score; None under two trials, which bound nothing worth reading."""
    trials = made.every
    scale = scale_of(trials.value)
    counts = np.zeros((len(made.depths), len(made.lengths), len(scale)))
    for index, band in enumerate(scale):
        here = np.isclose(trials.value, band, atol=1e-6)
        np.add.at(counts[:, :, index], (trials.depth[here], trials.length[here]), 1)
    low, high = mean_interval(counts, scale=scale)
    several = counts.sum(axis=2) >= 2
    return [
        [
            {"low": number(low[i, j]), "high": number(high[i, j])} if several[i, j] else None
            for j in range(len(made.lengths))
        ]
        for i in range(len(made.depths))
    ]


def _finding(made: Statistics) -> str:
    """Return the pattern of the misses; with too little measured none: what is missing may have its own."""
    if not made.has_verdict:
        return "unmeasured"
    found = made.diagnosis
    return "patchy" if found.patchy and found.finding != "tadpole" else found.finding


def _effective(made: EffectiveLength) -> dict[str, Any]:
    return {
        "status": made.status,
        "shortest": made.shortest,
        "length": made.length,
        "ended": made.ended,
        "ended_at": made.ended_at,
        "ended_value": number(made.ended_value),
        "if_missed": _reach(made.if_missed),
        "if_found": _reach(made.if_found),
        "low": made.low,
        "high": made.high,
        "high_open": made.high_open,
        "demonstrated_to": made.demonstrated_to,
    }


def _reach(made: Reach | None) -> dict[str, Any] | None:
    return None if made is None else {"length": made.length, "open": made.open}


FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A run as it is reported: its records and one scorer's grades.

    `place` is how a user calls its folder. `text` is its corpus's text, None where that is not at hand. `cost` says
    what a trial cost, `spent_usd` is what the whole run did, its checks and what left no record too.
    """

    folder: RunFolder
    place: str
    records: Mapping[str, Record]
    grades: Mapping[str, Grade]
    scorer: str
    text: str | None
    cost: Cost
    spent_usd: float | None = None


def report_data(
    runs: Iterable[Measured],
    *,
    title: str,
    passports: Sequence[Mapping[str, Any]] = (),
    history: Sequence[Mapping[str, Any]] = (),
    changes: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return the data of a report on some runs, in this order; NaN nowhere. docs/report.md documents it.

    `passports` are the models' passports as JSON values, of runs of several tasks, `history` series of runs over time.
    `changes` say, by language, where the second of two runs is worse and better.
    """
    pool = Pool()
    described: list[dict[str, Any]] = []
    panels: list[dict[str, Any]] = []
    for index, run in enumerate(runs):
        described.append(_run(run, pool))
        panels += _panels(run, index, pool)
    texts, cut = pool.texts()
    return {
        "format": FORMAT,
        "made_by": f"nih {__version__}",
        "title": title,
        "runs": described,
        "panels": panels,
        "passports": list(passports),
        "history": list(history),
        "changes": [dict(each) for each in changes],
        "texts": texts,
        "cut": cut,
        "said": pool.said(),
    }


def _run(run: Measured, pool: Pool) -> dict[str, Any]:
    content = run.folder.manifest
    unit, corpus = content.unit, content.corpus
    needle = content.needle
    every = [record.outcome for record in run.records.values()]
    outcomes = [outcome for outcome in every if not isinstance(outcome, GradedElsewhere)]
    complete = len(outcomes) == len(every)
    days = sorted({record.started_at[:10] for record in run.records.values()} - {""})
    return {
        "name": run.folder.path.resolve().name,
        "model": content.model.name,
        "experiment": content.experiment,
        "needle": {"name": needle.name, "language": needle.language, "text": pool.add(" ".join(needle.statements))},
        "corpus": {name: getattr(corpus, name) for name in ("name", "language", "title", "copies")},
        "stored_corpus": run.text is not None,
        "scorer": run.scorer,
        "scorer_version": version_in(run.grades, run.scorer, content),
        "length_unit": None if unit == MODEL_UNIT else unit,
        "unit": {lang: said(unit_words(unit), lang) for lang in languages()},
        "repeats": content.repeats,
        "order": None if content.is_import else content.raw["options"].get("order"),
        "extra": sum(record.trial.extra for record in run.records.values()),
        "days": [days[0], days[-1]] if days else [],
        "version": content.nihbench,
        "synthetic": content.synthetic,
        "cost_usd": run.spent_usd if complete else None,
        "prompt_tokens": _total([outcome.usage.prompt_tokens for outcome in outcomes]) if complete else None,
        "completion_tokens": _total([outcome.usage.completion_tokens for outcome in outcomes]) if complete else None,
        "latency_s": seconds(sum(outcome.latency_s for outcome in outcomes), 1),
        "rebuild": None if content.is_import else f"nih rebuild {shlex.quote(run.place)}",
        "notes": [pool.sentence(note_in(note, "notes")) for note in content.notes],
    }


def _total(counts: Sequence[int | None]) -> int | None:
    """Add up counts; None where one is unknown, since the rest is not the whole."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _panels(run: Measured, index: int, pool: Pool) -> list[dict[str, Any]]:
    planned, records = counted_once(run.folder.manifest.planned, run.records)
    table = columns(tuple(records.values()), run.grades, content=run.folder.manifest)
    pairs = dict.fromkeys((trial.experiment, trial.prompt) for trial in planned if trial.control is None)
    controls = control_results(records.values(), run.grades, planned)
    task, around = run.folder.manifest.task, Surroundings(run.folder, run.text)
    said = _said(records, run.grades, pool)
    prompts = run.folder.manifest.prompts
    panels = []
    for experiment, prompt in pairs:
        mine = [r for r in records.values() if (r.trial.experiment, r.trial.prompt) == (experiment, prompt)]
        here = _of_pair(planned, experiment, prompt)
        told = trial_columns(mine, run.grades, around, pool, run.cost)
        panels.append(
            {
                "run": index,
                "experiment": experiment,
                "prompt": prompt,
                "question": pool.add(task.needle.question_for(prompt)),
                "messages": [[m.role, pool.add(m.content)] for m in prompts[prompt].messages],
                "grid": _grid(grid(table, experiment=experiment, prompt=prompt, planned=here, axis=task.axis)),
                "summary": _summary(summary(table, experiment=experiment, prompt=prompt, planned=len(here))),
                "statistics": statistics_of(
                    table, experiment=experiment, prompt=prompt, planned=here, axis=task.axis, one_needle=task.is_single
                ),  # fmt: skip
                "controls": [control(c) for c in controls if (c.experiment, c.prompt) == (experiment, prompt)],
                "trials": told | {"case": [said.get(record.id) for record in mine]},
            }
        )
    return panels


def _said(records: Mapping[str, Record], grades: Mapping[str, Grade], pool: Pool) -> dict[str, int]:
    """Return, for each trial below full marks, the number of the text that stands for all which say nearly the same."""
    groups = find_cases(records, grades).groups
    clusters = [cluster for group in groups for cluster in group.clusters]
    return {
        case.id: pool.add(str(cluster.cases[0].reason) if cluster.said is None else cluster.said, may_cut=True)
        for cluster in clusters
        for case in cluster.cases
    }


def _of_pair(planned: Iterable[Trial], experiment: str, prompt: str) -> list[Trial]:
    return [t for t in planned if (t.experiment, t.prompt, t.control) == (experiment, prompt, None)]


def _axis(axis: Axis) -> dict[str, Any] | None:
    """Return what the rows are, where they are not depths, whose words the page has."""
    if axis.name == DEPTH.name:
        return None
    return {"name": axis.name, "unit": axis.unit, "title": {lang: said(axis.title, lang) for lang in languages()}}


def _grid(made: Grid) -> dict[str, Any]:
    return {
        "lengths": list(made.lengths),
        "depths": list(made.depths),
        "axis": _axis(made.axis),
        "value": [[number(value) for value in row] for row in made.value.tolist()],
        "measured": made.measured.tolist(),
        "owed": made.owed.tolist(),
        "failures": {kind: counts.tolist() for kind, counts in made.failures.items()},
    }


def _summary(made: Summary) -> dict[str, Any]:
    return {
        "planned": made.planned,
        "recorded": made.recorded,
        "measured": made.measured,
        "failures": dict(made.failures),
        "items": [[each.name, each.found, each.measured] for each in made.items] or None,
        "rates": {
            name: {"value": number(rate.value), "if_missed": rate.low, "if_found": rate.high}
            for name, rate in made.rates.items()
        },
    }
