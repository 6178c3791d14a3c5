"""One place is one trial: in a plan before anything is sent, and in the records of runs that were planned otherwise.

`plan.grid` says what is merged into what; here it is known where needles stand.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from nihbench.lang.messages import Note, Words
from nihbench.plan.grid import Landing, is_placed, merged, prompts_by_length, standing_for
from nihbench.run.setup import Setup
from nihbench.types import Completion, GradedElsewhere, Placement, Record, Trial

_SLACK_TOKENS = 64
"""By so much may haystacks of one length differ, whose needles or depths do."""


def merge_places(setup: Setup, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return a setup's trials with those made one whose needles would stand at one place of one text.

    Their lengths must be final. No two trials that remain of one prompt variant, length and repeat have the same place.
    Where steps of depth are longer than the longest sentence no two needles can meet, and nothing is looked at.
    """
    depths: dict[tuple[int, str | None], set[float]] = {}
    for trial in trials:
        depths.setdefault((trial.length, trial.control), set()).add(trial.row)
    steps = {key: _smallest_step(each) for key, each in depths.items()}

    def landing(trial: Trial) -> Landing | None:
        return setup.landing(trial) if _may_meet(setup, trial, steps[trial.length, trial.control]) else None

    return merged(trials, landing)


def _smallest_step(depths: Iterable[float]) -> float | None:
    """Return the smallest distance between neighbouring depths in percent; None where there is only one."""
    rising = sorted(depths)
    return min((b - a for a, b in zip(rising, rising[1:], strict=False)), default=None)


def _may_meet(setup: Setup, trial: Trial, step: float | None) -> bool:
    """Say whether depths so far apart may have the same nearest boundary: each is within half a sentence of it."""
    if step is None or trial.point is not None:
        return step is not None
    haystack = setup.local_length(trial) - setup.fixed_tokens - _SLACK_TOKENS
    return haystack * step / 100 <= setup.source_of(0).longest_sentence + _SLACK_TOKENS


def shared_note(trials: Iterable[Trial]) -> Note | None:
    """Say at which lengths several depths are one prompt, and how many prompts there are; None where none are."""
    found = prompts_by_length(trials)
    if not found:
        return None
    length, *others = found
    depths, fewest, most = found[length]
    more: Words = ""
    if len(others) == 1:
        more = Note("same_prompts_more", length=others[0], prompts=_range(*found[others[0]][1:]))
    elif others:
        more = Note("same_prompts_longer", count=len(others), last=others[-1])
    return Note(
        "same_prompts",
        length=length,
        depths=depths,
        prompts=_range(fewest, most),
        more=more,
    )


def _range(fewest: int, most: int) -> Note | str:
    return str(fewest) if fewest == most else Note("from_to", fewest=fewest, most=most)


def counted_once(
    planned: Sequence[Trial], records: Mapping[str, Record]
) -> tuple[tuple[Trial, ...], dict[str, Record]]:
    """Return a plan and its records with every place counted once, as `merge_places` would have planned it.

    Runs of older versions sent the same prompt once for every depth. Of the records of one place the first in the
    plan's order that was answered stands for all, or the first where none was; the others and their trials are left
    out. What has no record stays owed, for where its needle would stand is not known.
    """
    order = {trial: number for number, trial in enumerate(planned)}
    places: dict[Hashable, list[tuple[str, Record]]] = {}
    for key, record in sorted(records.items(), key=lambda item: order.get(item[1].trial, len(order))):
        places.setdefault(_place_of(record) or key, []).append((key, record))
    stands: dict[str, Trial] = {}
    gone: set[Trial] = set()
    for each in places.values():
        if len(each) > 1:
            first, record = next((pair for pair in each if _is_answered(pair[1])), each[0])
            stands[first] = standing_for(record.trial, (depth for _, r in each for depth in r.trial.rows))
            gone.update(r.trial for key, r in each if key != first)
    if not gone:
        return tuple(planned), dict(records)
    new = {records[key].trial: trial for key, trial in stands.items()}
    kept = {
        key: replace(record, trial=stands[key]) if key in stands else record
        for key, record in records.items()
        if record.trial not in gone
    }
    return tuple(new.get(trial, trial) for trial in planned if trial not in gone), kept


def _is_answered(record: Record) -> bool:
    return isinstance(record.outcome, Completion | GradedElsewhere)


def _place_of(record: Record) -> Hashable | None:
    """Return what is equal for records of one place; None where that is not known, or asked again on purpose."""
    trial, place = record.trial, record.placement
    if not is_placed(trial) or not isinstance(place, Placement) or record.planted is not None:
        return None  # what is planted beside the asked needle may differ; runs that hold that were planned so
    return (
        trial.experiment, trial.prompt, trial.length, trial.repeat, trial.extra, trial.control,
        place.source_start, place.source_copies, place.start, place.at, place.needle_token,
    )  # fmt: skip
