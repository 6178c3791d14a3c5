"""Which context lengths a run measures: what window, corpus and question leave room for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, Words, t
from nihbench.plan.grid import is_count, parse_lengths
from nihbench.run.options import QUICK_LENGTHS, RunOptions
from nihbench.tasks.task import Task
from nihbench.text.prompt import frame_of
from nihbench.types import PromptTemplate, Tokenizer

MIN_HAYSTACK_TOKENS = 64
"""A haystack below this is no haystack: the shortest length is refused."""
CORPUS_RESERVE_TOKENS = 16
"""Kept back from the corpus's end when default lengths are chosen: seams and needle differ a little by place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """The lengths of a run, how many copies of the corpus they need, and what must be said about them.

    `too_long`: those that were asked for and are over the window.
    """

    fitting: tuple[int, ...]
    too_long: tuple[int, ...]
    copies: int
    notes: tuple[Words, ...]


def fixed_tokens(
    task: Task, prompts: Mapping[str, PromptTemplate], overheads: Mapping[str, int], tokenizer: Tokenizer
) -> int:
    """Return the most tokens that a prompt of this run spends on all but the haystack."""
    return max(spent_tokens(task, prompts, overheads, tokenizer).values())


def spent_tokens(
    task: Task, prompts: Mapping[str, PromptTemplate], overheads: Mapping[str, int], tokenizer: Tokenizer
) -> dict[str, int]:
    """Return how many tokens each prompt of this run spends on all but the haystack, in the row that takes most."""
    return {
        name: max(
            frame.fixed_tokens + sum(map(tokenizer.count, (frame.before, frame.after, *planted.texts)))
            for planted in task.specimens(name)
            for frame in [frame_of(template, planted.question, overheads[name], tokenizer)]
        )
        for name, template in prompts.items()
    }


def resolve_lengths(
    options: RunOptions,
    window: int | None,
    max_output: int,
    fixed: int,
    corpus_tokens: int,
    *,
    slack: float = 0.0,
    leave_out: bool = False,
) -> Lengths:
    """Return a run's lengths.

    Args:
        options: what the user asked for.
        window: the model's window; None: unknown.
        max_output: the room that the answer needs.
        fixed: the most tokens that a prompt spends on all but the haystack.
        corpus_tokens: the length of the corpus.
        slack: the share of the window's room that lengths leave free which nobody named one by one.
        leave_out: whether lengths over the window are left out instead of refused, as long as another fits.

    Raises:
        UsageError: a length can't be had; the message says what can.
    """
    capacity = corpus_tokens + fixed - CORPUS_RESERVE_TOKENS
    room = _room(window, max_output, fixed)
    spec = options.lengths or (QUICK_LENGTHS if options.quick else "15")
    highest, notes = _highest(spec, room, capacity, slack, repeat_corpus=options.repeat_corpus)
    lengths = parse_lengths(spec, lowest=1000, highest=highest)
    _check_shortest(lengths[0], fixed)
    too_long = tuple(length for length in lengths if room is not None and length > room)
    if leave_out and len(too_long) < len(lengths):
        lengths = lengths[: len(lengths) - len(too_long)]
    elif too_long:
        raise UsageError(
            t("run.length_tokens_over_window", lengths=lengths[-1], window=window, max_output=max_output, room=room)
        )
    copies = max(1, math.ceil((lengths[-1] - fixed + CORPUS_RESERVE_TOKENS) / max(corpus_tokens, 1)))
    if copies > 1:
        notes.append(_repetition(lengths, capacity, repeat_corpus=options.repeat_corpus))
    return Lengths(fitting=lengths, too_long=too_long, copies=copies, notes=tuple(notes))


def _room(window: int | None, max_output: int, fixed: int) -> int | None:
    """Return how long a prompt may be in this window; None where the window is not known."""
    room = window - max_output if window else None
    if room is not None and room < fixed + MIN_HAYSTACK_TOKENS:
        raise UsageError(t("run.window_tokens_less_answer", window=window, max_output=max_output))
    return room


def _highest(
    spec: str, room: int | None, capacity: int, slack: float, *, repeat_corpus: bool
) -> tuple[int, list[Words]]:
    """Return the longest of lengths that nobody names one by one, and what must be said where the corpus is short."""
    explicit = not is_count(spec)
    if room is None and not explicit:
        raise UsageError(t("run.model_window_not_known"))
    highest = room - int(slack * room) if room is not None else capacity
    if explicit or repeat_corpus or highest <= capacity:
        return highest, []
    note = Note(
        "corpus_too_short",
        capacity=capacity,
        highest=highest,
    )
    return capacity, [note]


def _check_shortest(length: int, fixed: int) -> None:
    if length < fixed + MIN_HAYSTACK_TOKENS:
        raise UsageError(t("run.length_tokens_cant_hold", lengths=length, fixed=fixed + MIN_HAYSTACK_TOKENS))


def _repetition(lengths: tuple[int, ...], capacity: int, *, repeat_corpus: bool) -> Words:
    """Return what must be said of lengths that take the corpus several times."""
    if not repeat_corpus:
        raise UsageError(t("run.length_tokens_longer_than", lengths=lengths[-1], capacity=capacity))
    over = [f"{length:,}" for length in lengths if length > capacity]
    return Note("corpus_repeated", lengths=over)
