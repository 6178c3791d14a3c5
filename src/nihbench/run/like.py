"""A prompt once sent, made again; and a run that sends the prompts of another again (`--like RUN`).

The other run's records say where each prompt was cut; by that it is made again, byte for byte, whatever tokenizer, fit
or rules of placement made it first. The new run keeps these places in its own folder (like.jsonl) and needs the other
run no more. Its lengths stay in the other run's unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nihbench.catalog.loading import load
from nihbench.errors import DamagedDataError, UsageError, first_line
from nihbench.fetch.files import parse_json, write_atomic
from nihbench.lang.messages import Note, Words, t
from nihbench.plan.grid import with_controls
from nihbench.plan.order import order_trials
from nihbench.run.haystacks import fixed_tokens
from nihbench.run.known import is_own_run
from nihbench.run.options import MODEL_UNIT, OF_ANOTHER, RunOptions, unit_words
from nihbench.run.records import lines_in, placement_of, planted_fields, planted_in
from nihbench.run.setup import Begun, Setup, counted_once
from nihbench.run.store import RunFolder, check_free, create_run, manifest, open_run, unusable
from nihbench.run.stored import Manifest, corpus_of
from nihbench.run.texts import check_corpus
from nihbench.tasks.task import Grid, Task
from nihbench.text.encoded import EncodedMessages, messages_json
from nihbench.text.prompt import around, digest, rebuild, rebuild_bare
from nihbench.text.source import SourceText, shuffled_text
from nihbench.text.turns import turned_text
from nihbench.types import Corpus, Experiment, Message, Placed, Placement, Planted, PromptTemplate, Record, Trial

# ---- a prompt that was once sent, byte for byte: from its record, run.json and the corpus's text ---------------------


def find_record(records: Mapping[str, Record], trial_id: str) -> Record:
    """Return the record whose id begins with `trial_id`.

    Raises:
        UsageError: none does, or several do.
    """
    found = [record for key, record in records.items() if key.startswith(trial_id)]
    if len(found) != 1:
        count = len(found)
        raise UsageError(
            t("run.trials_run_id_begins" if found else "run.no_trial_run_id", count=count, trial_id=trial_id)
        )
    return found[0]


def needle_surroundings(
    run: RunFolder, record: Record, corpus: Corpus, reach: int, mark: tuple[str, str] = ("", "")
) -> tuple[str, str, str] | None:
    """Return the text before the needle, the needle, and the text after it, as sent; None where no place is recorded.

    `reach` is how many characters before and after it; other inserts in these stand within `mark`. The corpus must be
    the run's own (`stored_corpus`).
    """
    if not isinstance(record.placement, Placement):
        return None
    return surroundings(run.manifest, record, run.manifest.task.recorded(record), corpus.text, reach, mark)


def surroundings(
    content: Manifest, record: Record, recorded: Planted, text: str, reach: int, mark: tuple[str, str] = ("", "")
) -> tuple[str, str, str]:
    """Do as `needle_surroundings` for a record that has a place, out of the corpus's `text`.

    `recorded` is what its trial planted (`Task.recorded`).
    """
    place = record.placement
    assert isinstance(place, Placement)
    planted = with_haystack(content, record.trial, recorded)
    return around(source_text(planted.haystack or text, place), place, planted.texts, reach, mark)


def with_haystack(content: Manifest, trial: Trial, planted: Planted) -> Planted:
    """Return what a trial planted, with the haystack that its task made for it, if any: that is made again.

    Raises:
        UsageError: it has to be made again, and the task is not installed.
    """
    if planted.haystack is None:
        return planted
    alike = trial.control == "sentinel" or (trial.control is None and not content.task.draws)
    drawn = replace(trial, repeat=0) if alike else trial
    cells = Grid(content.lengths, content.rows, content.repeats)
    made = content.task.planted(drawn, int(content.identity.get("seed", 0)), grid=cells)
    return replace(planted, haystack=made.haystack)


def source_text(text: str, place: Placed) -> SourceText | str:
    """Return the text of the source that a record's prompt was cut out of; `text` is the corpus's."""
    source: SourceText | str = SourceText(text=text, start=place.source_start, copies=place.source_copies)
    if place.shuffled:
        source = shuffled_text(source[: place.shuffled])
    return turned_text(source[: place.turned]) if place.turned else source


def rebuild_prompt(run: RunFolder, record: Record, corpus: Corpus) -> tuple[Message, ...]:
    """Make a record's messages again.

    Raises:
        UsageError: the corpus is not the one that the run used.
        DamagedDataError: the result is not what was sent.
    """
    if record.placement is None:
        raise UsageError(t("run.where_needle_trial_stood", id=record.id))
    check_corpus(corpus, run.manifest.corpus.sha256)
    planted = with_haystack(run.manifest, record.trial, run.manifest.task.recorded(record))
    prompt, prompts = record.trial.prompt, run.manifest.prompts
    if prompt not in prompts:
        raise DamagedDataError(t("run.run_json_no_prompt", prompt=prompt, id=record.id))
    messages = _again(record.placement, planted, prompts[prompt], corpus)
    if digest(messages) != record.placement.prompt_sha256:
        raise DamagedDataError(t("run.prompt_trial_rebuilds_other", id=record.id))
    return messages


def _again(place: Placed, planted: Planted, template: PromptTemplate, corpus: Corpus) -> tuple[Message, ...]:
    """Return the messages that were cut at a place of the corpus, or of the haystack that the task made."""
    text = source_text(planted.haystack or corpus.text, place)
    if isinstance(place, Placement):
        return rebuild(text, place, planted.texts, template, planted.question)
    return rebuild_bare(text, place, template, planted.question)


# ---- a run with the prompts of another -------------------------------------------------------------------------------


LIKE = "like.jsonl"
_OF_THE_TEXT = ("corpus", "copies", "seed", "statements", "tokenizer", "placement", "calibration")
"""What of a run's identity makes its texts; the rest is the model's and the request's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A prompt that was sent: how it was put together, and what was drawn for it."""

    placement: Placed
    fresh: Mapping[str, str]
    planted: Planted | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Like:
    """The prompts of a run, by their trials; `run` is its folder's name, `content` its run.json.

    `owed` trials of its plan have no record, and so no prompt.
    """

    run: str
    content: Manifest
    asked: Mapping[Trial, Asked]
    owed: int = 0

    @property
    def experiment(self) -> Experiment:
        """The run's experiment, whether the catalog still has it or not."""
        content = self.content
        return Experiment(
            name=content.experiment,
            needle=content.needle.name,
            corpus=content.corpus.name,
            prompts=tuple(content.prompts),
            title=content.title,
            task=content.task.name,
        )

    @property
    def task(self) -> Task:
        """The run's task."""
        return self.content.task

    @property
    def prompts(self) -> dict[str, PromptTemplate]:
        """The run's prompt templates."""
        return self.content.prompts

    @property
    def text_identity(self) -> dict[str, Any]:
        """What of the run's identity makes its texts."""
        return {name: value for name, value in self.content.identity.items() if name in _OF_THE_TEXT}

    @property
    def unit(self) -> str:
        """The code of the unit of its lengths, for a run of another model."""
        unit = self.content.unit
        return OF_ANOTHER + self.content.model.name if unit == MODEL_UNIT else unit

    @property
    def stored_unit(self) -> dict[str, Any]:
        """The unit of the run's lengths as the new run's run.json has it: the new model does not count in it."""
        of = {"of": self.unit.removeprefix(OF_ANOTHER)} if self.unit.startswith(OF_ANOTHER) else {}
        return {**self.content.raw["length_unit"], "counted_by_model": False, **of}

    def build(self, setup: Setup, trial: Trial) -> tuple[EncodedMessages, Placed]:
        """Make a trial's prompt again.

        Raises:
            UsageError: the run did not send it.
            DamagedDataError: what comes of it is not what was sent.
        """
        place = self.of(trial).placement
        messages = _again(place, setup.planted(trial), setup.prompts[trial.prompt], setup.corpus)
        if digest(messages) != place.prompt_sha256:
            raise DamagedDataError(t("run.prompt_comes_out_other", run=self.run))
        return EncodedMessages([messages_json(messages)]), place

    def planted(self, task: Task, trial: Trial) -> Planted:
        """Return what the trial planted then."""
        asked = self.of(trial)
        return with_haystack(self.content, trial, task.again(trial, asked.fresh, asked.planted))

    def of(self, trial: Trial) -> Asked:
        """Return what was sent for a trial.

        Raises:
            UsageError: nothing was.
        """
        if trial not in self.asked:
            raise UsageError(
                t("run.sent_no_prompt_tokens", run=self.run, length=trial.length, depth=trial.depth_percent)
            )
        return self.asked[trial]


def like_of(path: Path) -> Like:
    """Return the prompts of the run that `--like` names.

    Raises:
        UsageError: there is no run, or it does not say what it sent.
        DamagedDataError: its files can't be read.
    """
    folder = open_run(path)
    if folder.manifest.is_import:
        raise UsageError(t("run.like_imported_source_not", path=path))
    planned, records = counted_once(folder.manifest.planned, folder.records())
    sent = {record.trial: record for record in records.values() if record.placement is not None}
    asked = {
        trial: Asked(placement=placement, fresh=sent[trial].fresh, planted=sent[trial].planted)
        for trial in planned
        if trial in sent and (placement := sent[trial].placement) is not None
    }
    if not any(trial.control is None for trial in asked):
        raise UsageError(t("run.like_sent_no_prompt", path=path))
    return Like(run=path.resolve().name, content=folder.manifest, asked=asked, owed=len(planned) - len(asked))


def like_options(options: RunOptions) -> RunOptions:
    """Return the options with all that the run which they are like decides.

    Raises:
        UsageError: there is no such run.
        DamagedDataError: its run.json can't be read.
    """
    assert options.like is not None
    content = open_run(Path(options.like)).manifest
    theirs = content.options
    return replace(
        options,
        experiment=content.experiment,
        prompts=options.prompts or tuple(content.prompts),
        corpus=options.corpus or corpus_of(content, Path(options.like), load()),
        lengths=",".join(f"{length}t" for length in content.lengths),
        depths=",".join(repr(float(depth)) for depth in content.depths) or None,
        task=theirs.task,
        task_options=theirs.task_options,
        repeats=content.repeats,
        vary=tuple("sampling" if name == "temperature" else name for name in theirs.vary or ("haystack",)),
        seed=theirs.seed,
    )


def as_like(setup: Setup, like: Like) -> Setup:
    """Return the setup with the trials whose prompts another run has sent, as far as the window holds them.

    Raises:
        UsageError: the corpus is another one, or no prompt fits.
    """
    check_corpus(setup.corpus, like.text_identity["corpus"])
    room = setup.window - setup.request.max_output if setup.window else None
    asked = [trial for trial in like.asked if trial.prompt in setup.prompts]
    lengths = sorted({trial.length for trial in asked if trial.control is None})
    too_long = [length for length in lengths if room is not None and length > room]
    if len(too_long) == len(lengths):
        raise UsageError(
            t(
                "run.like_prompts_tokens_more",
                run=like.run,
                length=lengths[0],
                window=setup.window,
                max_output=setup.request.max_output,
            )
        )
    fitting = [trial for trial in asked if trial.length not in too_long]
    grid = order_trials(
        tuple(trial for trial in fitting if trial.control is None),
        setup.options.order,
        setup.options.draw_seed,
        vary=setup.varied,
        heads=setup.heads,
        fixed_tokens=fixed_tokens(setup.task, setup.prompts, setup.overheads, setup.tokenizer),
    )
    controls = [trial for trial in fitting if trial.control is not None and setup.options.controls]
    resolved = replace(
        setup,
        like=like,
        overheads=dict(like.content.length_unit.overheads),
        counted_by_model=False,
        lengths=tuple(length for length in lengths if length not in too_long),
        too_long=tuple(too_long),
        depths=like.content.rows,
        copies=like.content.corpus.copies,
        trials=with_controls(grid, controls),
    )
    return replace(resolved, notes=(*setup.text.notes, *_notes(resolved, like)))


def _notes(setup: Setup, like: Like) -> list[Words]:
    """Return what must be said of a run that sends another one's prompts."""
    notes: list[Words] = [Note("like_prompts", run=like.run, unit=unit_words(setup.length_unit))]
    if like.owed:
        notes.append(Note("like_owed", owed=like.owed, run=like.run))
    if setup.too_long:
        lengths = [f"{length:,}" for length in setup.too_long]
        notes.append(Note("like_too_long", lengths=lengths))
    theirs = like.content.identity
    own = {"temperature": setup.request.temperature, "max_output": setup.request.max_output}
    apart = [name for name, value in own.items() if name in theirs and theirs[name] != value]
    if apart:
        told = [f"--{name.replace('_', '-')} {theirs[name]}" for name in apart]
        notes.append(Note("like_options", run=like.run, options=told))
    return notes


def begin_run(path: Path, setup: Setup, started: str) -> RunFolder:
    """Make a run's folder with all that it needs to go on later.

    Raises:
        UsageError: a run is there already, or the folder can't be written.
    """
    if setup.like is not None:
        try:
            path.mkdir(parents=True, exist_ok=True)
            check_free(path)
            write_atomic(path / LIKE, b"".join(_line(trial, setup.like.of(trial)) for trial in setup.trials))
        except OSError as error:
            raise unusable(path, error) from error
    return create_run(path, manifest(setup, started))


def begun_in(folder: RunFolder) -> Begun:
    """Read back what a run found out when it began, and the prompts that it took from another one.

    Raises:
        DamagedDataError: it can't be read.
    """
    found = replace(folder.manifest.begun, doubted=not is_own_run(folder.path))
    if folder.manifest.like is None:
        return found
    asked = dict(_parsed(folder.path / LIKE))
    return replace(found, like=Like(run=folder.manifest.like.run, content=folder.manifest, asked=asked))


def _line(trial: Trial, asked: Asked) -> bytes:
    plain = {"trial": trial.stored(), "placement": asked.placement.stored(), "fresh": dict(asked.fresh)}
    plain |= planted_fields(asked.planted)
    return (json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "surrogatepass")


def _parsed(path: Path) -> list[tuple[Trial, Asked]]:
    found = []
    try:
        for line in lines_in(path):
            plain = parse_json(line)
            trial = Trial(**plain["trial"])
            placement = placement_of(plain["placement"], trial.control)
            planted = planted_in(plain)
            found.append((trial, Asked(placement=placement, fresh=dict(plain["fresh"]), planted=planted)))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, first_line(error)) from error
    if not found:
        raise _damaged(path, t("run.holds_nothing"))
    return found


def _damaged(path: Path, error: str) -> DamagedDataError:
    return DamagedDataError(t("run.cant_read_restore_from", file=path, error=error))
