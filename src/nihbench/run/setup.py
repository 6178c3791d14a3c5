"""A resolved run: the plan, the texts, the tokenizer, the request, and what follows from them for each trial.

`resolve` makes it, from the user's options.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nihbench.lang.messages import Note, Words
from nihbench.plan.grid import Landing, is_placed, merged, prompts_by_length, standing_for
from nihbench.plan.order import PrefixCache, Turn, turn_of
from nihbench.run.calibration import Calibration
from nihbench.run.haystacks import Laid
from nihbench.run.options import MODEL_UNIT, RunOptions, header_digest, without_secrets
from nihbench.run.texts import Texts, made_source
from nihbench.tasks.task import Grid, Task
from nihbench.text.encoded import EncodedMessages
from nihbench.text.prompt import PLACEMENT_VERSION, build_alone, build_bare, build_prompt, splice_of
from nihbench.text.source import Layout, Source, shuffled_source
from nihbench.text.turns import turned_source
from nihbench.types import (
    Completion,
    Corpus,
    Experiment,
    GradedElsewhere,
    ModelPreset,
    Needle,
    Placed,
    Placement,
    Planted,
    PromptTemplate,
    Record,
    Request,
    Tokenizer,
    Trial,
)

if TYPE_CHECKING:
    from nihbench.run.like import Like


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A prompt that is made again from where it was cut: with which inserts, and which question."""

    placement: Placed
    texts: tuple[str, ...]
    question: str


USUAL_AT_ONCE = 4
"""So many requests are in flight at a time where nothing says how many, and nothing finds it out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """A resolved run. `notes` are sentences that the user must read before it starts.

    `calibration` turns nominal lengths into the tokenizer's, where these are not the model's own; None: they are
    taken as they are. `cache` is how the server is known to keep prefixes, of kind `none` where that is not known.
    """

    options: RunOptions
    preset: ModelPreset
    model_sha256: str | None
    experiment: Experiment
    task: Task
    prompts: Mapping[str, PromptTemplate]
    text: Texts
    tokenizer: Tokenizer
    counted_by_model: bool
    overheads: Mapping[str, int]
    request: Request
    headers: Mapping[str, str]
    window: int | None
    cache: PrefixCache
    depths: tuple[float, ...]
    """The rows of its grid, ascending: nominal depths, or the values of the task's own axis."""
    concurrency: int | None
    source_of: Callable[[int], Source]
    heads: Mapping[str, str]
    """What each prompt puts before the haystack: only prompts with the same share a cached beginning."""
    lengths: tuple[int, ...] = ()
    """Like all that follows from them, not there before they are laid out (`resolve.Outline`)."""
    trials: tuple[Trial, ...] = ()
    copies: int = 1
    layout: Layout | None = None
    """How haystacks are laid out over the corpus; None: by the rule of older versions, which such runs keep."""
    start_of: Callable[[int], int] = lambda repeat: 0
    """The character of the corpus at which a repeat's haystack begins."""
    fixed_tokens: int = 0
    notes: tuple[Words, ...] = ()
    calibration: Calibration | None = None
    to_be_fitted: bool = False
    """Lengths are meant in the model's tokens and stand in the tokenizer's as yet: a run fits them as it begins."""
    like: Like | None = None
    """The run whose prompts are sent again; None: prompts are cut for this run."""
    too_long: tuple[int, ...] = ()
    """Lengths that were asked for and left out, because they are over the window."""
    counts_doubted: bool = False
    """Its fit of lengths and its records come out of a folder that was not made here: `run.verify` counts again."""
    made: Mapping[Trial, Made] = field(default_factory=dict)
    """Prompts that are made again from a folder's records (probes): how long they are is counted again."""
    samples: tuple[int, ...] = ()
    """How often each length is measured, where that is not everywhere as often as `repeats` says."""
    exchange_tokens: int = 0
    """Tokens of the model's template around two turns of a chat, where the task's haystack is one."""
    plan: tuple[Trial, ...] = ()
    """The whole plan, where `trials` are a part of it (`--shard`)."""
    _ids: dict[Trial, str] = field(init=False, repr=False, compare=False, default_factory=dict)
    """Ids that were asked for: a plan's are asked for several times before the first trial is sent. A copy with other
    fields has none of them."""
    _by_id: dict[str, Trial] = field(init=False, repr=False, compare=False, default_factory=dict)
    _forms: dict[tuple[str, tuple[str, ...]], _Form] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    """What ids are made of, by the prompt and by which values differ from trial to trial."""

    _planted: dict[Trial, Planted] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What the last trial planted: it is asked for again as it is built, and as its record is written."""
    _written: dict[tuple[str, float], Planted] = field(init=False, repr=False, compare=False, default_factory=dict)
    """A needle's that draws nothing, by prompt and depth: small, and as many as the grid has rows."""
    _shuffled: dict[tuple[int, int], Source] = field(init=False, repr=False, compare=False, default_factory=dict)
    """The last shuffled text, or that of turns, by repeat and length: all rows of a column are cut from it."""

    @property
    def whole(self) -> tuple[Trial, ...]:
        """The whole plan, of which `trials` may be a part."""
        return self.plan or self.trials

    @property
    def needle(self) -> Needle:
        """What the single needle hides; of another task one that is like its first trial, for words about the run."""
        return self.task.needle

    @property
    def corpus(self) -> Corpus:
        """The corpus that haystacks are cut from."""
        return self.text.corpus

    @property
    def grid(self) -> tuple[Trial, ...]:
        """The trials that count, controls left out."""
        return tuple(trial for trial in self.trials if trial.control is None)

    @property
    def haystacks(self) -> int:
        """How many haystacks the grid has, one a repeat or one for all."""
        return self.options.repeats if "haystack" in self.options.vary else 1

    @property
    def varied(self) -> tuple[str, ...]:
        """What differs from one repeat to the next: what the options say, and fresh values in any case.

        Runs of older versions drew these once for all repeats unless they were asked for, and go on so.
        """
        fresh = self.layout is not None and self.task.draws and "needle" not in self.options.vary
        return (*self.options.vary, "needle") if fresh else self.options.vary

    def planted(self, trial: Trial) -> Planted:
        """Return what the trial plants, asks and expects."""
        if self.like is not None:
            return self.like.planted(self.task, trial)
        if self.task.is_single and not self.task.draws:  # as it is written, wherever it stands
            place = trial.prompt, trial.depth_percent
            if place not in self._written:
                self._written[place] = self.task.planted(trial, self.options.draw_seed)
            return self._written[place]
        known = self._planted.get(trial)
        if known is None:
            same = trial.control is None and "needle" not in self.varied
            drawn = replace(trial, repeat=0 if same else trial.drawn)
            cells = Grid(self.lengths, self.depths, self.options.repeats)
            known = self.task.planted(drawn, self.options.draw_seed, distinct=self.layout is not None, grid=cells)
            self._planted.clear()
            self._planted[trial] = known
        return known

    def made_of(self, trial: Trial) -> Made | None:
        """Return what a trial's prompt is made again from, where a stored placement says that."""
        if self.like is None or trial not in self.like.asked:
            return self.made.get(trial)
        planted, placement = self.planted(trial), self.like.of(trial).placement
        return Made(placement=placement, texts=planted.texts, question=planted.question)

    def build(self, trial: Trial) -> tuple[EncodedMessages, Placed]:
        """Build the trial's messages and placement."""
        if self.like is not None:
            return self.like.build(self, trial)
        if trial.control == "closed_book":
            return self._build_alone(trial)
        return self.build_local(trial, self.local_length(trial))

    def local_length(self, trial: Trial) -> int:
        """Return the trial's length in the tokenizer's own tokens."""
        if self.calibration is None:
            return trial.length
        return self.calibration.local_length(trial.length, trial.prompt, trial.drawn)

    def landing(self, trial: Trial) -> Landing:
        """Return where the trial's inserts will stand, without building its prompt.

        On another axis than the depth the same is planted where the prompt is the same, and need not be placed.
        """
        planted = self.planted(trial)
        if trial.point is not None:
            return Landing(place=planted, achieved=trial.point)
        splice = splice_of(
            self._source(trial, planted),
            planted,
            self.prompts[trial.prompt],
            length=self.local_length(trial),
            overhead=self.overheads[trial.prompt],
            tokenizer=self.tokenizer,
            exchange=self.exchange_tokens,
        )
        asked = next(each for each in splice.inserts if each.index == planted.asked)
        places = tuple((each.index, each.at) for each in splice.inserts)
        return Landing(place=places, achieved=splice.depth_percent(asked))

    def _source(self, trial: Trial, planted: Planted) -> Source:
        """Return the text that a trial's haystack is cut from: the corpus, or what the task made."""
        length = self.local_length(trial)
        if planted.haystack is not None:
            made = made_source(planted.haystack, self.task.language, self.tokenizer)
            return self._in_turns(made, length) if planted.turned else made
        repeat = trial.drawn if trial.control != "no_needle" else 0
        if not (planted.shuffled or planted.turned):
            return self.source_of(repeat)
        if (repeat, length) not in self._shuffled:
            self._shuffled.clear()
            source = self.source_of(repeat)
            source = shuffled_source(source, length, self.tokenizer) if planted.shuffled else source
            self._shuffled[repeat, length] = self._in_turns(source, length) if planted.turned else source
        return self._shuffled[repeat, length]

    def _in_turns(self, source: Source, length: int) -> Source:
        return turned_source(source, length, self.tokenizer, self.exchange_tokens)

    def _build_alone(self, trial: Trial) -> tuple[EncodedMessages, Placed]:
        return build_alone(
            self.prompts[trial.prompt],
            self.planted(trial).question,
            overhead=self.overheads[trial.prompt],
            tokenizer=self.tokenizer,
        )

    def build_local(self, trial: Trial, length: int) -> tuple[EncodedMessages, Placed]:
        """Build the trial's messages with another length, in the tokenizer's own tokens."""
        planted = self.planted(trial)
        if trial.control == "no_needle":
            return build_bare(
                self._source(trial, planted),
                self.prompts[trial.prompt],
                planted.question,
                length=length,
                overhead=self.overheads[trial.prompt],
                tokenizer=self.tokenizer,
                exchange=self.exchange_tokens,
            )
        return build_prompt(
            self._source(trial, planted),
            planted,
            self.prompts[trial.prompt],
            length=length,
            overhead=self.overheads[trial.prompt],
            tokenizer=self.tokenizer,
            exchange=self.exchange_tokens,
        )

    def request_of(self, trial: Trial) -> Request:
        """Return the trial's request: repeats of one prompt that the model itself shall vary have each its own seed."""
        if self.request.seed is None or "sampling" not in self.options.vary:
            return self.request
        return replace(self.request, seed=self.request.seed + trial.drawn)

    def turn_of(self, trial: Trial) -> Turn:
        """Return what the trial waits for, where several are in flight; a control waits for nothing.

        Where no cache is known that a leader could feed, waiting for one would cost an answer's time and save nothing.
        """
        turn = turn_of(trial, self.options.order, self.varied, self.heads)
        return replace(turn, groups=()) if self.cache.kind == "none" else turn

    def expected_tokens(self, trial: Trial, placement: Placed) -> int:
        """Return what the server should count for a trial's prompt, as far as this run knows its tokenizer."""
        if self.calibration is None:
            return placement.total_tokens
        return self.calibration.server_length(placement.total_tokens, trial)

    @property
    def counts_exactly(self) -> bool:
        """Whether the server's counts are known beforehand: by its tokenizer, or fitted."""
        return self.counted_by_model or self.calibration is not None

    @property
    def length_unit(self) -> str:
        """The code of the unit of its lengths (see `run.options`)."""
        if self.like is not None:
            return self.like.unit
        return MODEL_UNIT if self.counts_exactly or self.to_be_fitted else self.tokenizer.name

    @property
    def wants_calibration(self) -> bool:
        """Whether lengths are meant in the model's tokens, and nothing at hand counts these."""
        wanted = self.like is None and self.options.calibrate and self.options.length_unit == "model"
        return wanted and not self.counted_by_model

    def identity(self) -> dict[str, Any]:
        """Return everything that is common to all trials and could change an answer."""
        calibrated = {} if self.calibration is None else {"calibration": self.calibration.identity()}
        theirs = {} if self.like is None else self.like.text_identity
        own: dict[str, Any] = calibrated | {
            "model": self.model_sha256 or self.request.model,
            "max_output": self.request.max_output,
            "temperature": self.request.temperature,
            "request_seed": self.request.seed,
            "extra_body": without_secrets(self.request.extra_body),
            "headers": {name: header_digest(value) for name, value in sorted(self.headers.items())},
            "corpus": self.corpus.sha256,
            "copies": self.copies,
            "seed": self.options.draw_seed,
            "tokenizer": self.tokenizer.name,
            "placement": PLACEMENT_VERSION,
        }
        turned = {"exchange": self.exchange_tokens} if self.exchange_tokens else {}
        if self.task.by_grid:
            own["grid"] = [list(self.lengths), list(self.depths), self.options.repeats]
        return own | turned | self.task.identity() | theirs

    @property
    def by_id(self) -> Mapping[str, Trial]:
        """Its trials, in their order, by their ids."""
        if not self._by_id:
            self._by_id.update((self.trial_id(trial), trial) for trial in self.trials)
        return self._by_id

    def trial_id(self, trial: Trial) -> str:
        """Return the trial's id: 16 hex digits of a hash over all that could change its answer."""
        known = self._ids.get(trial)
        if known is None:
            known = self._ids[trial] = self._made_id(trial)
        return known

    def _made_id(self, trial: Trial) -> str:
        place: dict[str, Any] = {
            "length": trial.length,
            "depth_percent": trial.depth_percent,
            "repeat": trial.repeat,
            "control": trial.control,
        }
        if trial.point is not None:
            place["point"] = trial.point
        if trial.repeat and trial.control is None and set(self.options.vary) != {"haystack"}:
            # By the name that ids were made with when this was called so.
            place["vary"] = sorted("temperature" if name == "sampling" else name for name in self.options.vary)
        if trial.repeat and trial.control is None and self.layout is not None:
            place["start"] = self.start_of(trial.repeat)
        later = self.calibration.later_fit(trial.repeat, trial.length) if self.calibration and trial.extra else None
        if later is not None:
            place["fit"] = [list(point) for point in later.points]
        kind = trial.prompt, tuple(place)
        form = self._forms.get(kind)
        if form is None:
            form = self._forms[kind] = _Form(self._common(trial.prompt), tuple(place))
        return hashlib.sha256(form.text(place)).hexdigest()[:16]

    def _common(self, prompt: str) -> dict[str, Any]:
        """Return what an id is made of that all trials of a prompt have in common."""
        return self.identity() | {
            "prompt": [[m.role, m.content] for m in self.prompts[prompt].messages],
            "question": self.needle.question_for(prompt) if self.task.is_single else None,
            "overhead": self.overheads[prompt],
        }


_CODED = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _coded(value: Any) -> bytes:
    """Return a value as JSON; plain numbers go the short way."""
    if value is None:
        return b"null"
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return repr(value).encode("ascii")
    return _CODED(value).encode()


class _Form:
    """A JSON object in UTF-8, its keys in order, of which all but a few values are written once.

    Ids are made by the ten thousand, and most of the text that they are made of is the same for all.

    Args:
        fixed: the values that stay.
        named: the keys whose values differ; where they are in both, they do.
    """

    def __init__(self, fixed: Mapping[str, Any], named: tuple[str, ...]) -> None:
        self._named = sorted(named)
        self._between = [b"{"]
        for number, key in enumerate(sorted({*fixed, *named})):
            self._between[-1] += (b"," if number else b"") + _CODED(key).encode() + b":"
            if key in named:
                self._between.append(b"")
            else:
                self._between[-1] += _CODED(fixed[key]).encode()
        self._between[-1] += b"}"

    def text(self, values: Mapping[str, Any]) -> bytes:
        """Return the object with these values of the keys that differ."""
        pieces = [self._between[0]]
        for key, after in zip(self._named, self._between[1:], strict=True):
            pieces += _coded(values[key]), after
        return b"".join(pieces)


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What a run found out when it began, and keeps when it is resumed; `doubted`: it was not made here."""

    doubted: bool = False
    corpus_sha256: str | None = None
    window: int | None = None
    cache: str | None = None
    calibration: Calibration | None = None
    laid: Laid | None = None
    """How its haystacks are laid out; None: they are laid out now."""
    same_prompt: tuple[Mapping[str, Any], ...] | None = None
    """Which depths of it are one prompt, as run.json has them; None: it is found out now, which takes long."""
    samples: tuple[int, ...] | None = None
    """How often each length is measured; None: it is worked out now, where it is not everywhere as often."""
    like: Like | None = None


# ---- one place is one trial: in a plan before anything is sent, and in the records of older runs ---------------------
# `plan.grid` says what is merged into what; here it is known where needles stand.


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
    return Note("same_prompts", length=length, depths=depths, prompts=_range(fewest, most), more=more)


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
