"""Probes: was a missed needle not retrieved, or retrieved and the question misread? Sent, and what they show."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from nihbench.app.consent import Again, check_cost, readmitted
from nihbench.app.events import Caller
from nihbench.app.jobs import Job, Ready, made_ready
from nihbench.app.money import tell_unknown
from nihbench.app.options import header_values
from nihbench.app.running import completed, now
from nihbench.app.sending import billed, clients, enter_checks
from nihbench.catalog.loading import load_for
from nihbench.endpoint.kinds import may_be_asked
from nihbench.endpoint.spending import Budget
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, t
from nihbench.languages.base import of
from nihbench.run.like import source_text
from nihbench.run.options import RunOptions
from nihbench.run.records import RecordWriter, read_records
from nihbench.run.runner import run_trials
from nihbench.run.setup import Made, Setup
from nihbench.run.store import PROBES, RunFolder, check_same, owned
from nihbench.run.stored import stored_options
from nihbench.score.rules import grade
from nihbench.stats.interval import Share, share
from nihbench.tasks.task import Task
from nihbench.text.prompt import digest, rebuild
from nihbench.types import Completion, Grade, Needle, Placement, Planted, Record, Score, Trial
from nihbench.types import Message as Sent

# ---- was a missed needle not retrieved, or retrieved and the question misread? ---------------------------------------
# Each miss is asked again on the very same haystack, to quote what it says of the needle's subject. So are as many
# hits, as a control: where a model can't quote what it found, not quoting shows nothing. Probes are records of a file
# of their own (probes.jsonl): what was asked is never asked again.


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
    return [probe for probe in wanted if may_be_asked(asked.get(probe.id))]


def placed_as(setup: Setup, owed: Sequence[Probe]) -> Setup:
    """Return the setup with what says how long its probes are: how long they were stands in the folder alone."""
    made = {
        probe.trial: Made(placement=place, texts=probe.planted.texts, question=probe.question)
        for probe in owed
        if (place := probe.record.placement) is not None
    }
    return replace(setup, made=made)


def build_probe(setup: Setup, probe: Probe) -> tuple[tuple[Sent, ...], Placement]:
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


# ---- probes sent -----------------------------------------------------------------------------------------------------


_KEPT = t("cli.probes_answered_kept_give")
_SAYS = {
    "retrieved": t("cli.retrieved_question_misread_misses"),
    "lost": t("cli.not_retrieved_misses_could"),
    "control": t("cli.control_hits_could_quote"),
    "weak": t("cli.control_weak_model_often"),
    "none": t("cli.no_probe_answered_causes"),
    "owed": t("cli.probes_no_answer_judged"),
}
_SOUND_CONTROL = 0.8
"""Below this share of quoted hits not quoting a miss says little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeOptions:
    """How the model is reached for the probes, and what they may cost; None is as the run was made."""

    base_url: str | None = None
    api_key_env: str | None = None
    headers: tuple[str, ...] = ()
    concurrency: int | None = None
    price: str | None = None
    max_cost: float | None = None


def send_probes(
    folder: RunFolder,
    records: Mapping[str, Record],
    grades: Mapping[str, Grade],
    options: ProbeOptions,
    caller: Caller,
) -> None:
    """Ask what is owed of a run's probes.

    Raises:
        UsageError: the run can't be asked again, or the cost is not agreed to.
        StoppedError: it had to stop; probes that were answered are kept.
    """
    if folder.manifest.is_import:
        raise UsageError(t("cli.imported_haystacks_not_hand", path=folder.path))
    wanted = probes(records, grades, folder.manifest.task)
    if not owed_probes(wanted, asked_probes(folder)):
        caller.tell(t("cli.nothing_sent_every_probe") if wanted else t("cli.nothing_sent_no_miss"))
        return
    jobs = [Job(options=_options(folder, options, caller), existing=folder)]
    with made_ready(jobs, caller, sending=True) as (ready,):
        check_same(folder.manifest, ready.setup, placed=True)
        with owned(folder.path, now):
            owed = owed_probes(wanted, asked_probes(folder))
            misses = sum(probe.kind == "miss" for probe in owed)
            caller.tell(t("cli.probes_misses_hits_control", misses=misses, hits=len(owed) - misses))
            ready = replace(ready, setup=placed_as(ready.setup, owed))
            planned = [probe.trial for probe in owed]
            check_cost([(ready.setup, ready.members, planned)], caller, runs=[folder.path])
            tell_unknown(ready.setup.options.max_cost, caller, *ready.members)
            enter_checks(ready, folder)
            _measure(ready, folder, owed)


def _options(folder: RunFolder, options: ProbeOptions, caller: Caller) -> RunOptions:
    again = {} if options.base_url is None else {"base_url": options.base_url}
    stored = stored_options(folder.manifest.beginning, header_values(list(options.headers)), again)
    fresh = {
        name: value for name in ("concurrency", "price", "max_cost") if (value := getattr(options, name)) is not None
    }
    asked = RunOptions(model=stored.model, base_url=options.base_url, api_key_env=options.api_key_env)
    given = [name for name in ("base_url", "api_key_env", "price") if getattr(options, name) is not None]
    catalog, begun = load_for(caller.tell_once), folder.manifest.beginning
    return readmitted(
        replace(stored, **fresh), Again(run=folder.path, begun=begun, asked=asked, given=given, catalog=catalog)
    )


def _measure(ready: Ready, folder: RunFolder, owed: Sequence[Probe]) -> None:
    setup, caller = ready.setup, ready.caller
    by_trial = {probe.trial: probe for probe in owed}

    async def main(budget: Budget) -> None:
        with RecordWriter(folder.path / PROBES) as writer:
            async with clients(ready, budget) as (completer, limiters):
                await run_trials(
                    setup,
                    [(probe.id, probe.trial) for probe in owed],
                    completer,
                    writer,
                    total=len(owed),
                    now=now,
                    on_progress=lambda progress: caller.tell(t("cli.probes", done=progress.done, total=progress.total)),
                    limiters=limiters,
                    build=lambda trial: build_probe(setup, by_trial[trial]),
                )

    with billed(ready, folder, list(by_trial)) as budget:
        completed(main(budget), caller, _KEPT)


def causes_of(folder: RunFolder, records: Mapping[str, Record], grades: Mapping[str, Grade]) -> Causes | None:
    """Return what the probes of a run say; None where none was ever asked."""
    asked = {} if folder.manifest.is_import else asked_probes(folder)
    if not asked:
        return None
    return causes(probes(records, grades, folder.manifest.task), asked)


def cause_lines(found: Causes) -> list[Message]:
    """Return the two causes in words, with counts and intervals."""
    lines = []
    misses, hits = found.misses, found.hits
    if misses.trials:
        lost = misses.trials - misses.hits
        low, high = misses.interval.low, misses.interval.high
        lines.append(_line("retrieved", misses.hits, misses.trials, low, high))
        lines.append(_line("lost", lost, misses.trials, 1 - high, 1 - low))
    else:
        lines.append(_SAYS["none"])
    if hits.trials:
        lines.append(_line("control", hits.hits, hits.trials, hits.interval.low, hits.interval.high))
        if hits.value < _SOUND_CONTROL:
            lines.append(_SAYS["weak"])
    if found.owed:
        lines.append(t(_SAYS["owed"], count=found.owed))
    return lines


def _line(key: str, count: int, trials: int, low: float, high: float) -> Message:
    return t(
        _SAYS[key], count=count, trials=trials, share=f"{count / trials:.0%}", low=f"{low:.0%}", high=f"{high:.0%}"
    )


def causes_json(found: Causes) -> dict[str, Any]:
    """Return the causes as JSON values (docs/formats.md)."""
    return {
        kind: {
            "probed": each.trials,
            "quoted": each.hits,
            "share": each.value if each.trials else None,
            "low": each.interval.low,
            "high": each.interval.high,
        }
        for kind, each in (("misses", found.misses), ("hits", found.hits))
    } | {"without_answer": found.owed}
