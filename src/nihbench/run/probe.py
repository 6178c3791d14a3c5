"""Probes: after a run, was a missed needle not retrieved, or retrieved and the question misread?

Each miss is asked again on the very same haystack, to quote what it says of the needle's subject. So are as many hits,
as a control: where a model can't quote what it found, not quoting shows nothing. Probes are records of a file of their
own (probes.jsonl): what was asked is never asked again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nihbench.endpoint.kinds import HANDLING
from nihbench.languages.base import of
from nihbench.run.rebuild import source_text
from nihbench.run.records import read_records
from nihbench.run.setup import Made, Setup
from nihbench.run.store import PROBES, RunFolder
from nihbench.score.rules import grade
from nihbench.stats.interval import Share, share
from nihbench.tasks.task import Task
from nihbench.text.prompt import digest, rebuild
from nihbench.types import Completion, Failure, Grade, Message, Needle, Placement, Planted, Record, Score, Trial

CONTROL = "probe"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One answer of a run that is asked about again: a miss, or a hit as a control."""

    id: str
    kind: Literal["miss", "hit"]
    record: Record
    needle: Needle
    planted: Planted

    @property
    def question(self) -> str:
        """What is asked."""
        asking = of(self.needle.language).asking
        if self.needle.subject is None:
            return asking.quote_answer.format(question=self.planted.question)
        return asking.quote_subject.format(subject=self.needle.subject.text)

    @property
    def trial(self) -> Trial:
        """The trial, told apart from the one that it asks about."""
        return replace(self.record.trial, control=CONTROL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Causes:
    """What the probes say: of the misses and of the hits, how many quoted the needle's identifying facts.

    `owed` probes have no answer yet (not asked, or failed); they count for nothing.
    """

    misses: Share
    hits: Share
    owed: int


def probes(records: Mapping[str, Record], grades: Mapping[str, Grade], task: Task) -> list[Probe]:
    """Return the probes of a run: every miss, and for each the most similar hit that is still free.

    Similar is the same prompt first, then the nearest length, then depth. The choice is the same whenever it is made.
    """
    misses: list[Record] = []
    hits: list[Record] = []
    for key, record in records.items():
        score = grades.get(key)
        asked = record.trial.control is None and isinstance(record.placement, Placement)
        if asked and isinstance(record.outcome, Completion) and isinstance(score, Score):
            (hits if score.found else misses).append(record)
    found = [_probe(record, "miss", task) for record in misses]
    free = {record.id: record for record in hits}
    for miss in misses[: len(hits)]:
        nearest = min(free.values(), key=lambda hit: _distance(miss.trial, hit))
        found.append(_probe(free.pop(nearest.id), "hit", task))
    return found


def _distance(trial: Trial, hit: Record) -> tuple[bool, float, float, str]:
    other = hit.trial
    lengths = abs(math.log(trial.length / other.length))
    return trial.prompt != other.prompt, lengths, abs(trial.row - other.row), hit.id


def _probe(record: Record, kind: Literal["miss", "hit"], task: Task) -> Probe:
    assert record.placement is not None
    planted = task.recorded(record)
    probe = Probe(id="", kind=kind, record=record, needle=task.key(planted), planted=planted)
    key = f"{record.id}|{record.placement.prompt_sha256}|{probe.question}"
    return replace(probe, id=hashlib.sha256(key.encode("utf-8")).hexdigest()[:16])


def asked_probes(run: RunFolder) -> dict[str, Record]:
    """Return the probes' records, by the probe's id.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    return read_records(run.path / PROBES)[0]


def owed_probes(wanted: Iterable[Probe], asked: Mapping[str, Record]) -> list[Probe]:
    """Return the probes that have no record, or only a failure that may pass now."""
    return [probe for probe in wanted if _is_owed(asked.get(probe.id))]


def _is_owed(record: Record | None) -> bool:
    if record is None:
        return True
    return isinstance(record.outcome, Failure) and HANDLING[record.outcome.kind].retry_on_resume


def placed_as(setup: Setup, owed: Sequence[Probe]) -> Setup:
    """Return the setup with what says how long its probes are: how long they were stands in the folder alone."""
    made = {
        probe.trial: Made(placement=place, texts=probe.planted.texts, question=probe.question)
        for probe in owed
        if (place := probe.record.placement) is not None
    }
    return replace(setup, made=made)


def build_probe(setup: Setup, probe: Probe) -> tuple[tuple[Message, ...], Placement]:
    """Build a probe's messages: the haystack as it was sent, with another question behind it."""
    place, prompt = probe.record.placement, probe.record.trial.prompt
    assert isinstance(place, Placement)
    made = None if probe.planted.haystack is None else setup.planted(probe.record.trial).haystack
    text = source_text(made or setup.corpus.text, place)
    messages = rebuild(text, place, probe.planted.texts, setup.prompts[prompt], probe.question)
    count = setup.tokenizer.count
    more = count(probe.question) - count(probe.planted.question)
    return messages, replace(place, total_tokens=place.total_tokens + more, prompt_sha256=digest(messages))


def is_quoted(probe: Probe, record: Record | None) -> bool | None:
    """Say whether the answer to a probe holds the needle's identifying facts; None without an answer to judge."""
    if record is None or not isinstance(record.outcome, Completion):
        return None
    score = grade(record.outcome.text, probe.needle, question=probe.question)
    return score.identifying == "right" if isinstance(score, Score) else None


def causes(wanted: Sequence[Probe], asked: Mapping[str, Record]) -> Causes:
    """Count the two causes of the misses, with exact intervals."""
    quoted = [(probe.kind, is_quoted(probe, asked.get(probe.id))) for probe in wanted]

    def of(kind: str) -> Share:
        known = [answer for which, answer in quoted if which == kind and answer is not None]
        return share(sum(known), len(known))

    return Causes(misses=of("miss"), hits=of("hit"), owed=sum(answer is None for _, answer in quoted))
