"""Make a prompt that was once sent again, byte for byte, from its record, run.json and the corpus's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nihbench.errors import DamagedDataError, UsageError
from nihbench.lang.messages import t
from nihbench.run.store import RunFolder
from nihbench.run.stored import Manifest
from nihbench.run.texts import check_corpus
from nihbench.text.prompt import around, digest, rebuild, rebuild_bare
from nihbench.text.source import SourceText
from nihbench.types import Corpus, Message, Placed, Placement, Planted, Record, Trial


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


def needle_surroundings(run: RunFolder, record: Record, corpus: Corpus, reach: int) -> tuple[str, str, str] | None:
    """Return the text before the needle, the needle, and the text after it, as sent; None where no place is recorded.

    `reach` is how many characters before and after it. The corpus must be the run's own (`stored_corpus`).
    """
    if not isinstance(record.placement, Placement):
        return None
    return surroundings(run.manifest, record, run.manifest.task.recorded(record), corpus.text, reach)


def surroundings(content: Manifest, record: Record, recorded: Planted, text: str, reach: int) -> tuple[str, str, str]:
    """Do as `needle_surroundings` for a record that has a place, out of the corpus's `text`.

    `recorded` is what its trial planted (`Task.recorded`).
    """
    place = record.placement
    assert isinstance(place, Placement)
    planted = with_haystack(content, record.trial, recorded)
    return around(source_text(planted.haystack or text, place), place, planted.texts, reach)


def replanted(run: RunFolder, record: Record) -> Planted:
    """Return what a record's trial planted, with the haystack that its task made, if it did: that is made again.

    Raises:
        UsageError: it has to be made again, and the task is not installed.
    """
    return with_haystack(run.manifest, record.trial, run.manifest.task.recorded(record))


def with_haystack(content: Manifest, trial: Trial, planted: Planted) -> Planted:
    """Return what a trial planted, with the haystack that its task made for it, if any. Raises as `replanted`."""
    if planted.haystack is None:
        return planted
    alike = trial.control == "sentinel" or (trial.control is None and not content.task.draws)
    drawn = replace(trial, repeat=0) if alike else trial
    return replace(planted, haystack=content.task.planted(drawn, int(content.identity.get("seed", 0))).haystack)


def source_text(text: str, place: Placed) -> SourceText:
    """Return the text of the source that a record's prompt was cut out of; `text` is the corpus's."""
    return SourceText(text=text, start=place.source_start, copies=place.source_copies)


def rebuild_prompt(run: RunFolder, record: Record, corpus: Corpus) -> tuple[Message, ...]:
    """Make a record's messages again.

    Raises:
        UsageError: the corpus is not the one that the run used.
        DamagedDataError: the result is not what was sent.
    """
    if record.placement is None:
        raise UsageError(t("run.where_needle_trial_stood", id=record.id))
    check_corpus(corpus, run.manifest.corpus.sha256)
    planted = replanted(run, record)
    prompt, prompts = record.trial.prompt, run.manifest.prompts
    if prompt not in prompts:
        raise DamagedDataError(t("run.run_json_no_prompt", prompt=prompt, id=record.id))
    place, template, question = record.placement, prompts[prompt], planted.question
    text = source_text(planted.haystack or corpus.text, place)
    if isinstance(place, Placement):
        messages = rebuild(text, place, planted.texts, template, question)
    else:
        messages = rebuild_bare(text, place, template, question)
    if digest(messages) != place.prompt_sha256:
        raise DamagedDataError(t("run.prompt_trial_rebuilds_other", id=record.id))
    return messages
