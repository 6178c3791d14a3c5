"""Which lengths a run measures, where the haystack of each repeat begins, how far it reads, and what they share.

A run that is resumed keeps the rule and the beginnings that it began with. Runs of older versions drew beginnings one
by one, wherever they fell.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from nihbench.corpora.offsets import repeated_windows
from nihbench.errors import UsageError
from nihbench.lang.messages import Note, Words, t
from nihbench.plan.grid import is_count, is_open, parse_lengths
from nihbench.run.options import QUICK_LENGTHS, RunOptions
from nihbench.run.texts import Texts, sources
from nihbench.stats.overlap import ONE_TEXT, Repeated, linked, text_overlaps
from nihbench.tasks.task import Task
from nihbench.text.prompt import frame_of
from nihbench.text.source import GLUE, MOST_COMPARED, Layout, Ring, haystack_starts, layout_for, sentence_start
from nihbench.types import FloatArray, PromptTemplate, Tokenizer

if TYPE_CHECKING:
    from nihbench.run.calibration import Calibration
    from nihbench.run.setup import Setup


# ---- which context lengths a run measures: what window, corpus and question leave room for ---------------------------


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
    explicit = not (is_count(spec) or is_open(spec))
    if room is None and not explicit:
        raise UsageError(t("run.model_window_not_known"))
    highest = room - int(slack * room) if room is not None else capacity
    if explicit or repeat_corpus or highest <= capacity:
        return highest, []
    note = Note("corpus_too_short", capacity=capacity, highest=highest)
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


# ---- where haystacks begin, and how far they read --------------------------------------------------------------------


FIT_MARGIN = 1.02
"""Fitted lengths differ a little from text to text: by so much longer the longest haystack is taken to be."""

NOTHING = 0.005
"""Less in common is some phrase that comes twice, and rounds to 0%."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Laid:
    """How a run's haystacks are laid out: by `layout`, or, None, by the rule of older versions.

    `starts` are the characters of the corpus at which those of the planned repeats begin, as far as run.json has them.
    """

    layout: Layout | None
    starts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """What the haystacks of a run have in common at one length: `shares` of every pair of repeats, by their numbers."""

    length: int
    shares: Mapping[tuple[int, int], float]
    texts: int
    """How many of them are apart: those that share more than a tenth, with each other or with a third, are one."""

    @property
    def worst(self) -> tuple[tuple[int, int], float]:
        """The pair that has most in common, and its share."""
        return max(self.shares.items(), key=lambda each: each[1])


def laid_out(setup: Setup, calibration: Calibration | None, laid: Laid | None = None) -> Setup:
    """Return the setup with the haystacks of its repeats laid out for its lengths.

    Args:
        setup: with its lengths.
        calibration: as far as it is fitted: the first text's curve is enough.
        laid: how a run that is resumed has them.
    """
    if laid is None:
        laid = Laid(layout=layout_for(ring_of(setup.text), _longest_tokens(setup, calibration)))
    start_of = _starts(setup, laid)
    made = sources(setup.text, setup.tokenizer, start_of, setup.copies)
    return replace(setup, layout=laid.layout, start_of=start_of, source_of=made)


def ring_of(text: Texts) -> Ring:
    """Return a run's corpus as a ring."""
    return Ring(text=text.corpus.text, starts=text.starts, boundaries=text.boundaries, first=text.first)


def overlaps_of(setup: Setup) -> tuple[Overlap, ...]:
    """Return what the haystacks of the planned repeats have in common, one entry a length; none with one repeat."""
    return _overlaps(setup, setup.options.repeats, setup.lengths)


def _overlaps(setup: Setup, repeats: int, lengths: Sequence[int]) -> tuple[Overlap, ...]:
    if repeats < 2:
        return ()
    around = len(setup.corpus.text) + len(GLUE)
    begins = tuple(setup.start_of(repeat) for repeat in range(repeats))
    spent = spent_tokens(setup.task, setup.prompts, setup.overheads, setup.tokenizer)
    repeated = repeated_windows(setup.corpus.text, setup.corpus.sha256)
    return tuple(
        _overlap(length, begins, tuple(_reach(setup, spent, repeat, length) for repeat in range(repeats)), around,
                 repeated)
        for length in lengths
    )  # fmt: skip


@lru_cache(maxsize=256)
def _overlap(length: int, begins: tuple[int, ...], reach: tuple[int, ...], around: int, repeated: Repeated) -> Overlap:
    """Remembered: a run that is resumed is laid out, compared with its folder and told of, each time the same."""
    shares = text_overlaps(begins, reach, around, repeated)
    pairs = {(one, other): float(shares[one, other]) for one, other in combinations(range(len(begins)), 2)}
    return Overlap(length=length, shares=pairs, texts=len(np.unique(linked(shares > ONE_TEXT))))


def stored_haystacks(setup: Setup) -> dict[str, Any]:
    """Return what run.json says of the haystacks; `overlaps` as [repeat, repeat, share of the text in common]."""
    layout = setup.layout
    return {
        "characters": len(setup.corpus.text),
        "starts": [setup.start_of(repeat) for repeat in range(setup.options.repeats)],
        "layout": None if layout is None else {"strata": layout.strata, "longest_tokens": layout.longest_tokens},
        "overlaps": [
            {"length": each.length, "pairs": [[*pair, round(share, 4)] for pair, share in each.shares.items()]}
            for each in overlaps_of(setup)
        ],
    }


def haystack_notes(setup: Setup, others: Mapping[str, int]) -> list[Note]:
    """Return what must be said of haystacks that overlap, and of those that don't; nothing with one repeat.

    Args:
        setup: the resolved run.
        others: about how many tokens of the run's tokenizer the packaged corpora of the needle's language have.
    """
    if setup.options.repeats < 2:
        return []
    if "haystack" not in setup.options.vary:
        return [Note("one_haystack")]
    worst = max(overlaps_of(setup), key=lambda each: each.worst[1])
    told = _overlap_note(setup.options.repeats, worst)
    return [told, _rooms(setup, others)] if worst.worst[1] > ONE_TEXT else [told]


def _overlap_note(repeats: int, worst: Overlap) -> Note:
    (one, other), share = worst.worst
    if share < NOTHING:
        return Note("haystacks_apart", count=repeats)
    if share <= ONE_TEXT:
        return Note(
            "haystacks_mostly_apart",
            count=repeats,
            one=one + 1,
            other=other + 1,
            share=share,
            length=worst.length,
        )
    return Note(
        "haystacks_overlap",
        length=worst.length,
        texts=worst.texts,
        count=repeats,
        one=one + 1,
        other=other + 1,
        share=share,
    )


def _rooms(setup: Setup, others: Mapping[str, int]) -> Note:
    """Return how many haystacks of the longest length have room in which corpus, without overlap."""
    layout = setup.layout
    longest = layout.longest_tokens if layout else setup.lengths[-1]
    here = layout.strata if layout and len(setup.text.starts) >= longest else len(setup.text.starts) // longest
    if 1 < here <= MOST_COMPARED:
        # What a corpus says twice is one text, wherever it stands.
        here = _overlaps(setup, here, setup.lengths[-1:])[0].texts
    rooms = {name: tokens // longest for name, tokens in others.items()} | {setup.corpus.name: here}
    named = sorted(rooms.items(), key=lambda each: (-each[1], each[0]))
    return Note("rooms", length=setup.lengths[-1], rooms=[f"{name} {room:,}" for name, room in named])


def _longest_tokens(setup: Setup, calibration: Calibration | None) -> int:
    """Return how long the longest haystack may become, in the tokenizer's own tokens."""
    longest = setup.lengths[-1]
    if calibration is None:
        return longest
    fitted = max(calibration.local_length(longest, prompt, 0) for prompt in setup.prompts)
    return int(fitted * FIT_MARGIN)


def _reach(setup: Setup, spent: Mapping[str, int], repeat: int, length: int) -> int:
    """Return how many characters of the corpus a repeat's haystack reads at a length, by the prompt that reads most."""
    tokens = max(_local(setup, length, prompt, repeat) - spent[prompt] for prompt in setup.prompts)
    return _characters(setup, setup.start_of(repeat), max(tokens, 0))


def _characters(setup: Setup, begin: int, tokens: int) -> int:
    """Return how many characters so many tokens of the corpus are, from a character on and round where it ends."""
    starts, whole = setup.text.starts, len(setup.text.corpus.text)
    end = int(np.searchsorted(starts, begin)) + tokens
    if tokens >= len(starts):
        return whole + len(GLUE)
    if end < len(starts):
        return int(starts[end]) - begin
    return whole - begin + len(GLUE) + int(starts[end - len(starts)])


def _local(setup: Setup, length: int, prompt: str, repeat: int) -> int:
    return length if setup.calibration is None else setup.calibration.local_length(length, prompt, repeat)


def _starts(setup: Setup, laid: Laid) -> Callable[[int], int]:
    """Return what tells where a repeat's haystack begins; all begin alike where only other things vary."""
    key = f"{setup.options.draw_seed}:{setup.corpus.sha256}"
    ring, layout, known = ring_of(setup.text), laid.layout, list(laid.starts)
    if layout is None:
        varied = "haystack" in setup.options.vary
        return lambda repeat: _start_before(setup, repeat) if varied else 0
    if "haystack" not in setup.options.vary:
        return lambda repeat: known[0] if known else ring.first
    drawn = haystack_starts(ring, layout, key, _shares(setup, layout))
    begins = list(known)

    def start_of(repeat: int) -> int:
        while len(begins) <= repeat:
            begins.append(next(start for start in drawn if start not in known))
        return begins[repeat]

    return start_of


def _shares(setup: Setup, layout: Layout) -> Callable[[Sequence[int]], FloatArray]:
    """Return what tells the share of text that the longest haystacks have in common which begin at some characters."""
    text = setup.text.corpus

    def shares(begins: Sequence[int]) -> FloatArray:
        reach = [_characters(setup, begin, layout.longest_tokens) for begin in begins]
        return text_overlaps(begins, reach, len(text.text) + len(GLUE), repeated_windows(text.text, text.sha256))

    return shares


def _start_before(setup: Setup, repeat: int) -> int:
    """Return where a repeat's haystack begins by the rule of older versions."""
    if not repeat:
        return 0
    text = setup.corpus.text
    place = random.Random(f"{setup.options.draw_seed}:{repeat}:{setup.corpus.sha256}").randrange(len(text))
    return sentence_start(text, setup.text.boundaries, place)
