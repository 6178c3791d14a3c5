"""What happens while something is done, as values, and who hears of it.

Whoever calls the application gives it a `Caller`: `emit` hears events, `agree` is asked before money is spent. What is
done here prints nothing, asks on no terminal and reads no command line. No event and no bill holds a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from nihbench.errors import UsageError
from nihbench.lang.messages import Message, Words, language, said, t, words
from nihbench.tasks.task import Task
from nihbench.types import DEPTH, Axis, Completion, Failure, GradedElsewhere, Record, Trial

if TYPE_CHECKING:
    from nihbench.analysis.controls import ControlResult
    from nihbench.app.money import Gauges
    from nihbench.app.passports import Passports
    from nihbench.app.results import Result
    from nihbench.run.batch_state import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened."""

    @property
    def message(self) -> Words:
        """Say it in a sentence; "" where there is nothing to say."""
        return ""

    def __str__(self) -> str:
        return said(self.message)


@dataclass(frozen=True, slots=True)
class Told(Event):
    """What a user should know."""

    sentence: Words

    @property
    def message(self) -> Words:
        """The sentence."""
        return self.sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetching(Event):
    """A file is being brought here: so many bytes of it are there, of so many in all where that is known."""

    what: str
    done: int
    total: int | None

    @property
    def message(self) -> Words:
        """What is fetched."""
        return t("cli.fetching", what=self.what)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartBegan(Event):
    """Trials are about to be sent, all that a run owes or a round of an adaptive one; `records` are there already.

    `gauges` tells how limits and money stand while they are, given how many trials of each length are owed yet.
    """

    title: str
    task: Task = field(repr=False)
    planned: Sequence[Trial] = field(repr=False)
    owed: Sequence[Trial] = field(repr=False)
    records: Iterable[Record] = field(repr=False)
    gauges: Callable[[Mapping[int, int]], Gauges] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartEnded(Event):
    """What `PartBegan` said is sent, or was broken off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialDone(Event):
    """A trial has an answer, or failed for good: so many of so many are done."""

    record: Record = field(repr=False)
    done: int
    total: int
    axis: Axis = DEPTH
    """What the rows of its run's grid are."""

    @property
    def message(self) -> Words:
        """What came of it, on one line."""
        trial, outcome = self.record.trial, self.record.outcome
        assert not isinstance(outcome, GradedElsewhere)  # a run measures, it imports nothing
        answered = isinstance(outcome, Completion)
        return t(
            "cli.length_depth",
            done=self.done,
            total=self.total,
            prompt=trial.prompt,
            length=trial.length,
            row=row_words(self.axis, trial.row),
            what=t("cli.answered") if answered else t("cli.failed", kind=kind_words(what_came(self.record))),
            seconds=outcome.latency_s,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlTold(Event):
    """What a control says, while the grid is not paid for yet."""

    result: ControlResult

    @property
    def message(self) -> Words:
        """The verdict."""
        return self.result.sentence(language())


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent(Event):
    """What trials have cost in USD, and what their run has cost in all; `unpriced` calls have no known price."""

    usd: Decimal
    run_usd: Decimal
    prompt_tokens: int
    completion_tokens: int
    unpriced: int
    sentence: Words = field(repr=False)

    @property
    def message(self) -> Words:
        """It in words, beside what was planned."""
        return self.sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured(Event):
    """A run is scored, whole or as far as it came."""

    result: Result = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PassportMade(Event):
    """Several tasks are measured: what each model can do."""

    passports: Passports = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn(Event):
    """A picture was written."""

    path: Path
    sentence: Words = field(repr=False)

    @property
    def message(self) -> Words:
        """Where it is."""
        return self.sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchStands(Event):
    """How a batch stands, at its service; `is_new`: it was submitted just now."""

    job: Job
    is_new: bool = False

    @property
    def message(self) -> Words:
        """It on one line."""
        job = self.job
        counts = t("cli.done_failed", done=job.completed or 0, requests=job.requests, failed=job.failed or 0)
        reason = f": {job.message}" if job.message else ""
        return f"{job.name}  {job.batch_id or '-'}  {job.status or '-'}  {said(counts)}{reason}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What is to be agreed to before it is sent.

    `what` says it in a sentence. Amounts are in USD, None where a price is unknown. `dear`: nobody should have to pay
    it unasked. `foreign`: the run was not made on this machine; then a bound of the cost is no agreement.
    """

    what: Message
    tokens: int = 0
    least_usd: Decimal | None = None
    predicted_usd: Decimal | None = None
    most_usd: Decimal | None = None
    dear: bool = False
    foreign: bool = False

    def __str__(self) -> str:
        return said(self.what)


@contextmanager
def unguarded() -> Iterator[Callable[[], None]]:
    """Let work be ended by nothing but Ctrl-C."""
    yield lambda: None


def _nobody(bill: Bill) -> None:
    """Refuse what costs anything: there is nobody to ask."""
    if bill.most_usd != 0:
        raise UsageError(t("app.agree_or_bound", what=bill.what))


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who called: hears what happens, and is asked for leave.

    `agree` raises `UsageError` where a bill is not agreed to; `yes`: all bills are. `confirm` answers a question of two
    meanings; None: there is nobody to ask. `guard` gives, for as long as a loop runs, what is to be called in its first
    task, so that something else than Ctrl-C can end it. `told` are the sentences that are told once.
    """

    emit: Callable[[Event], None] = lambda event: None
    agree: Callable[[Bill], None] = _nobody
    yes: bool = False
    confirm: Callable[[Message], bool] | None = None
    guard: Callable[[], AbstractContextManager[Callable[[], None]]] = unguarded
    told: set[str] = field(default_factory=set, repr=False)

    def tell(self, sentence: Words) -> None:
        """Tell what a user should know."""
        self.emit(Told(sentence))

    def tell_once(self, sentence: Words, words: str | None = None) -> None:
        """Tell what is true of the user's files, the first time; `words` are what it is known by again."""
        if (known := words or str(sentence)) not in self.told:
            self.told.add(known)
            self.tell(sentence)

    def fetching(self, what: str, done: int, total: int | None) -> None:
        """Tell what is being brought here (`fetch.files.Report`)."""
        self.emit(Fetching(what=what, done=done, total=total))


def row_words(axis: Axis, value: float) -> Message:
    """Return where a trial stands on its task's axis: "depth 50%", or "Hops 3"."""
    if axis.name == DEPTH.name:
        return t("figure.at_depth", depth=value)
    return t("figure.at_row", axis=axis.title, row=axis.label(value))


_ORDER = {"cache": t("cli.order_cache"), "grid": t("cli.order_grid"), "random": t("cli.order_random")}


def order_words(name: str) -> str:
    """Return what `--order NAME` does, in words."""
    return _ORDER.get(name, name)


def kind_words(kind: str) -> str:
    """Return a failure's kind as it is read."""
    return t(key) if (key := f"failure.{kind}") in words("en") else kind.replace("_", " ")


def what_came(record: Record) -> str:
    """Return the kind of a record's failure; nothing for an answer."""
    return record.outcome.kind if isinstance(record.outcome, Failure) else ""
