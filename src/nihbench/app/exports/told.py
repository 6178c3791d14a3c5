"""What every format is made of: a sweep's counts, means and intervals, and its trials one by one.

A trial of the grid is measured, failed, unscored or owed, as everywhere; controls stand apart, an adaptive run's
further draws are left out. Texts hold no half characters, which UTF-8 can't write. Nothing here knows a format.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nihbench.analysis.cases import in_fact_words
from nihbench.analysis.statistics import Statistics, Summary
from nihbench.app.loaded import load_one
from nihbench.app.money import stored_tariff
from nihbench.app.results import Result, result_from
from nihbench.catalog.lookup import Catalog
from nihbench.errors import UsageError
from nihbench.figures.captions import headline
from nihbench.figures.sweeps import Sweep
from nihbench.lang.messages import Lang, Note, language, plain, said, t
from nihbench.run.spent import Tariff
from nihbench.run.store import RunFolder
from nihbench.stats.headline import METRICS, Estimate, standard_error
from nihbench.tasks.needle import fact_words, fill
from nihbench.types import (
    DEPTH,
    Completion,
    Failure,
    Grade,
    GradedElsewhere,
    Placement,
    Planted,
    Record,
    Score,
    Trial,
    Unscored,
    Usage,
    plain_turns,
)

NAMES = {"found": "found", "strict": "strict", "mean_band": "mean_score"}
"""What the numbers of a summary are called in other tools' files."""

_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text in which half a character (a lone surrogate) is the sign for one that is lost."""
    return _HALF.sub("\ufffd", text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A mean of a sweep: its name in files, its interval, and its standard error where that can be told."""

    key: str
    name: str
    estimate: Estimate
    error: float | None

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return said(t(f"page.def_{self.key}"), language())


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A trial as it came out. `score` is None of a failure and of an answer without a score: `why` says why then.

    `id` is the same for the same place of the same plan whoever answered; `record` has the trial's own id.
    """

    id: str
    record: Record
    planted: Planted | None
    question: str
    answer: str | None
    reasoning: str
    score: Score | None
    failure: str | None
    """A failure's kind, or "unscored"; None where it is measured."""
    why: str
    quotes: tuple[tuple[str, str], ...]
    """What the answer says of each fact that was found, by the fact's words."""
    missing: tuple[str, ...]
    cost_usd: float | None

    @property
    def trial(self) -> Trial:
        """Which trial it is."""
        return self.record.trial

    @property
    def usage(self) -> Usage:
        """What the server counted; nothing is known of a call that another tool made."""
        outcome = self.record.outcome
        return Usage() if isinstance(outcome, GradedElsewhere) else outcome.usage

    @property
    def latency_s(self) -> float | None:
        """How long the answer took; None where that is not known."""
        outcome = self.record.outcome
        took = math.nan if isinstance(outcome, GradedElsewhere) else outcome.latency_s
        return None if math.isnan(took) else took

    @property
    def expected(self) -> tuple[str, ...]:
        """What a full answer says: every item of a task with several, else the expected answer."""
        items = self.planted.items if self.planted and self.record.planted else ()
        told = tuple(item.text for item in items) or (self.record.expected,)
        return tuple(whole(text) for text in told if text)

    def values(self) -> dict[str, float]:
        """Return what it came to, by the names of `NAMES`; nothing where it is not measured."""
        if self.score is None:
            return {}
        return {NAMES[each.name]: float(each.of(self.score.value, self.score.found)) for each in METRICS}

    def place(self) -> dict[str, str | int | float]:
        """Return where it stands in the grid and in the corpus, and what its grade rests on."""
        trial, at = self.trial, self.record.placement
        told: dict[str, str | int | float | None] = {
            "trial": self.record.id,
            "length": trial.length,
            "depth_percent" if trial.point is None else "row": None if at is None and trial.control else trial.row,
            "also_depths": " ".join(f"{depth:g}" for depth in trial.also_depths) or None,
            "repeat": trial.repeat,
            "control": trial.control,
            "needle": self.planted.fresh.get("needle") if self.planted else None,
            "achieved_depth_percent": at.achieved_depth_percent if isinstance(at, Placement) else None,
            "total_tokens": at.total_tokens if at else None,
            "prompt_sha256": at.prompt_sha256 if at else None,
            "outcome": self.score.outcome if self.score else None,
            "misled": whole(self.score.misled) or None if self.score else None,
            "decided_by": self.score.decided_by or None if self.score else None,
            "confidence": self.score.confidence if self.score else None,
        }
        return {name: value for name, value in told.items() if value is not None}

    def items(self) -> dict[str, bool]:
        """Return which items were found, by name, of a task with several."""
        return {whole(name): found for name, found in self.score.items} if self.score else {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """One sweep as other tools are told of it."""

    run: RunFolder
    result: Result
    sweep: Sweep
    grades: Mapping[str, Grade]
    tariff: Tariff | None

    @property
    def experiment(self) -> str:
        """Its experiment."""
        return self.sweep.grid.experiment

    @property
    def prompt(self) -> str:
        """Its prompt."""
        return self.sweep.grid.prompt

    @property
    def model(self) -> str:
        """The model's name."""
        return whole(self.run.manifest.model.name)

    @property
    def name(self) -> str:
        """Experiment and prompt."""
        return f"{self.experiment}/{self.prompt}"

    @property
    def scorer(self) -> str:
        """Who graded, with the version."""
        return f"{self.result.scorer} {self.result.version}"

    @property
    def summary(self) -> Summary:
        """Its counts and means."""
        return self.sweep.summary

    @property
    def owed(self) -> int:
        """How many planned trials have no record yet."""
        return self.summary.planned - self.summary.recorded

    @property
    def unscored(self) -> int:
        """Answers without a score."""
        return self.summary.failures.get("unscored", 0)

    @property
    def failed(self) -> int:
        """Trials without an answer."""
        return self.summary.recorded - self.summary.measured - self.unscored

    @property
    def withheld(self) -> str:
        """Why no headline is given of it; "" where one is."""
        return self.sweep.withheld.sentence(language()) if self.sweep.withheld else ""

    @property
    def started_at(self) -> str:
        """When its first trial was asked, or the run made."""
        return min((r.started_at for r in self._records if r.started_at), default=self.run.manifest.created_at)

    @property
    def ended_at(self) -> str:
        """When its last trial was asked."""
        return max((r.started_at for r in self._records if r.started_at), default=self.run.manifest.created_at)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Its means; none where nothing was measured, or no headline may be given."""
        made = self.sweep.statistics
        assert isinstance(made, Statistics)  # a sweep of a stored run has them
        if not self.summary.measured or self.withheld:
            return ()
        trials = made.trials
        return tuple(
            Number(
                key=each.name,
                name=NAMES[each.name],
                estimate=made.headline[each.name],
                error=standard_error(
                    trials, np.where(np.isnan(trials.value), np.nan, each.of(trials.value, trials.found))
                ),
            )
            for each in METRICS
        )

    def sentence(self) -> str:
        """Return its headline as a sentence in the user's language, or why there is none."""
        return self.sentence_in(language())

    def sentence_in(self, lang: Lang) -> str:
        """Return its headline as a sentence in a language, or why there is none."""
        if self.sweep.withheld:
            return self.sweep.withheld.sentence(lang)
        return headline(self.summary, lang=lang, name=self.name, intervals=self.sweep.intervals)

    def counts(self) -> dict[str, int]:
        """Return how many trials were planned, and what became of them: failures by kind."""
        kinds = {f"not_measured.{kind}": count for kind, count in self.summary.failures.items()}
        owed = {"not_asked": self.owed} if self.owed else {}
        return {"planned": self.summary.planned, "measured": self.summary.measured, **kinds, **owed}

    def settings(self) -> dict[str, Any]:
        """Return what it was made with, as far as everybody may know it: no address, no header, no key."""
        content = self.run.manifest
        return {
            "experiment": self.experiment,
            "prompt": self.prompt,
            "task": content.task.name,
            "corpus": whole(content.corpus.name),
            "corpus_sha256": content.corpus.sha256,
            "language": content.task.language,
            "lengths": list(self.sweep.grid.lengths),
            "depths" if content.axis.name == DEPTH.name else content.axis.name: list(self.sweep.grid.depths),
            "length_unit": content.unit,
            "tokenizer": content.length_unit.tokenizer,
            "repeats": content.repeats,
            "scorer": self.scorer,
            "nihbench": content.nihbench,
        }

    def generation(self) -> dict[str, float | int]:
        """Return what answers were made with: temperature, limit of the output, seed; only what was sent."""
        known = self.run.manifest.identity
        names = {"temperature": "temperature", "max_output": "max_tokens", "request_seed": "seed"}
        given = {name: known.get(key) for key, name in names.items()}
        return {n: v for n, v in given.items() if isinstance(v, int | float) and not isinstance(v, bool)}

    def identity(self, *more: str) -> uuid.UUID:
        """Return an id that stays the same however often it is exported."""
        known = json.dumps([self.run.text, self.result.scorer, self.result.version, *more])
        return uuid.UUID(bytes=hashlib.sha256(known.encode("utf-8")).digest()[:16], version=4)

    @cached_property
    def _records(self) -> tuple[Record, ...]:
        mine = (r for r in self.result.records if self._is_mine(r.trial) and r.trial.control is None)
        return tuple(sorted((r for r in mine if not r.trial.extra), key=lambda r: _order(r.trial)))

    def _is_mine(self, trial: Trial) -> bool:
        return (trial.experiment, trial.prompt) == (self.experiment, self.prompt)

    def samples(self) -> Iterator[Sample]:
        """Give the grid's trials that have a record, by length, depth and repeat."""
        return map(self._sample, self._records)

    def controls(self) -> dict[str, tuple[Sample, ...]]:
        """Return the control trials that have a record, by which control they are."""
        made: dict[str, list[Sample]] = {}
        for record in sorted(self.result.records, key=lambda r: _order(r.trial)):
            if record.trial.control is not None and self._is_mine(record.trial):
                made.setdefault(record.trial.control, []).append(self._sample(record))
        return {name: tuple(samples) for name, samples in made.items()}

    def missing(self) -> Iterator[Trial]:
        """Give the planned trials that have no record."""
        known = {record.trial for record in self._records}
        planned = (trial for trial in self.result.planned if self._is_mine(trial) and trial.control is None)
        return (trial for trial in sorted(planned, key=_order) if trial not in known)

    def messages(self, sample: Sample) -> list[tuple[str, str]]:
        """Return the prompt's messages as they were sent, but for the haystack: how long that was stands in its place.

        With it a file would be as large as all prompts together; `nih rebuild` makes it again.
        """
        at, content = sample.record.placement, self.run.manifest
        tokens = at.haystack_tokens if at else 0
        gap = said(t("export.haystack", tokens=tokens, corpus=content.corpus.name), language()) if tokens else ""
        return [
            (m.role, whole(m.content.replace("{haystack}", gap).replace("{question}", sample.question)))
            for m in content.prompts[self.prompt].messages
        ]

    def _sample(self, record: Record) -> Sample:
        task, outcome, grade = self.run.manifest.task, record.outcome, self.grades.get(record.id)
        planted: Planted | None = None
        with suppress(UsageError):  # the task is not here: what it asked is not known
            planted = task.recorded(record)
        words = fact_words(fill(task.needle, record.fresh))
        score = grade if isinstance(grade, Score) and not isinstance(outcome, Failure) else None
        answer = whole(outcome.text) if isinstance(outcome, Completion) else None
        return Sample(
            id=sample_id(record.trial),
            record=record,
            planted=planted,
            question=whole(planted.question if planted else task.needle.question_for(self.prompt)),
            answer=answer,
            reasoning=whole(outcome.reasoning) if isinstance(outcome, Completion) else "",
            score=score,
            failure=outcome.kind if isinstance(outcome, Failure) else None if score else "unscored",
            why=whole(_why(outcome, grade, words)),
            quotes=_quotes(score, outcome, words),
            missing=tuple(whole(words.get(fact, fact)) for fact in score.evidence.missing) if score else (),
            cost_usd=self._cost(record),
        )

    def _cost(self, record: Record) -> float | None:
        cost = self.tariff.cost(record) if self.tariff else None
        return None if cost is None else round(float(cost), 10)

    def needle_of(self, sample: Sample) -> str:
        """Return the text that was planted and asked for."""
        planted = sample.planted
        return whole(plain_turns(planted.inserts[planted.asked].text)) if planted and planted.inserts else ""


def _why(outcome: object, grade: Grade | None, words: Mapping[str, str]) -> str:
    if isinstance(outcome, Failure):
        return said(outcome.message, language())
    if isinstance(grade, Score):
        return said(in_fact_words(grade.evidence.cue, words), language())
    return said(grade.reason if isinstance(grade, Unscored) else Note("no_score"), language())


def _quotes(score: Score | None, outcome: object, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if score is None or not isinstance(outcome, Completion):
        return ()
    return tuple((whole(words.get(f, f)), whole(outcome.text[first:last])) for f, first, last in score.evidence.found)


def _order(trial: Trial) -> tuple[str, int, float, int]:
    return trial.control or "", trial.length, trial.row, trial.repeat


def sample_id(trial: Trial) -> str:
    """Return a trial's place as a name: length, row, repeat; a control's begins with what it is."""
    name = f"{trial.length}-{trial.row:g}-{trial.repeat}"
    return f"{trial.control}-{name}" if trial.control else name


def told_of(runs: Iterable[Path], catalog: Catalog, *, scorer: str | None = None) -> list[Told]:
    """Read runs as other tools are told of them, a `Told` for each of their sweeps.

    Args:
        runs: folders of runs.
        catalog: knows prices.
        scorer: whose grades; None: the rules', or those that came with an import.
    """
    made = []
    for path in runs:
        one = load_one(path, scorer=scorer)
        result = result_from(one.folder, one.records, one.grades, one.scorer)
        tariff = None if one.manifest.is_import else stored_tariff(one.manifest, catalog)
        made += [
            Told(run=one.folder, result=result, sweep=each, grades=one.grades, tariff=tariff) for each in result.sweeps
        ]
    return made


def told_apart(sweeps: Sequence[Told]) -> list[str]:
    """Return a name of letters, digits, dots and dashes for each sweep, no two alike."""
    seen: dict[str, int] = {}
    names = []
    for each in sweeps:
        name = (
            re.sub(r"[^\w.-]+", "_", plain(f"{each.experiment}_{each.prompt}"), flags=re.ASCII).strip("._") or "sweep"
        )
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names
