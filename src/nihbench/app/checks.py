"""What is asked of a server before `nih run` sends the first expensive prompt: preflight, calibration, canary."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import SystemRandom
from typing import Literal

from nihbench.app.events import Caller
from nihbench.app.running import complete
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.checkup import Preflight, arrives_whole, preflight, sing, verdict
from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.kinds import HANDLING
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.servers import ServerInfo
from nihbench.endpoint.spending import Budget
from nihbench.endpoint.waits import in_words
from nihbench.errors import EndpointError, StoppedError
from nihbench.lang.messages import t, without_stop
from nihbench.run.calibration import Calibration, CutError, calibrate, likely_prompts
from nihbench.run.like import source_text
from nihbench.run.options import RunOptions
from nihbench.run.setup import Setup
from nihbench.run.spent import MARGIN, Ledger, append, lines_of
from nihbench.types import Completer, Failure, Message, Request, Usage

_TEMPLATE_TOKENS = 16
"""About what a chat template adds to a prompt."""

OLLAMA = t("cli.ollama_cuts_prompts_beyond")


def limiter_of(model: ModelAccess, options: RunOptions, caller: Caller) -> Limiter:
    """Return what holds calls to a model's server within its limits and the user's, and tells of long waits."""

    def tell(wait_s: float) -> None:
        caller.tell(t("cli.asks_wait_nothing_sent", host=model.endpoint.host, wait=in_words(wait_s)))

    limits = model.limits(concurrency=options.concurrency, rpm=options.rpm, tpm=options.tpm)
    return Limiter(limits, on_wait=tell)


@dataclass(kw_only=True, slots=True)
class Total:
    """What the runs of one command have spent in USD before it sends a trial, earlier commands included.

    `ledger` is where every call of it is written down, before there is a run; None: nowhere. `limiters` are those of
    its servers, by base URL: what a minute allows is one for the checks and the trials.
    """

    spent: Decimal = Decimal(0)
    ledger: Ledger | None = None
    limiters: dict[str, Limiter] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Checks:
    """What is asked for a run before its first trial, and what it has cost: preflight, calibration, canary.

    `total` is what the whole command has spent of its --max-cost. `prompt_tokens` are the server's counts. `told`: the
    user knows it. `entries` are its calls in the ledger.
    """

    options: RunOptions
    caller: Caller
    total: Total = field(default_factory=Total)
    spent: Decimal = Decimal(0)
    prompt_tokens: int = 0
    told: bool = False
    entries: list[str] = field(default_factory=list)

    @contextmanager
    def budget(self, model: ModelAccess) -> Iterator[Budget]:
        """Give a budget for checks of a model, and take down what was spent of it.

        Raises:
            UsageError: --max-cost is no amount, or the price is unknown.
        """
        ledger = self.total.ledger
        known = len(ledger.entries) if ledger else 0
        budget = Budget(
            self.options.max_cost,
            model.prices,
            spent=self.total.spent,
            margin=MARGIN,
            journal=ledger,
            on_doubt=self.caller.tell,
        )
        try:
            yield budget
        finally:
            self.entries += ledger.entries[known:] if ledger else []
            self.spent += budget.exactly_spent - self.total.spent
            self.total.spent = budget.exactly_spent
            self.prompt_tokens += budget.prompt_tokens

    def limiter(self, model: ModelAccess) -> Limiter:
        """Return the limiter of a model's server, the same one each time."""
        known = self.total.limiters
        if model.base_url not in known:
            known[model.base_url] = limiter_of(model, self.options, self.caller)
        return known[model.base_url]

    def client(self, model: ModelAccess, budget: Budget) -> ChatClient:
        """Return a client of a model's server, whose limiter is the one for checks and trials."""
        return model.client(
            stream=self.options.stream, limiter=self.limiter(model), budget=budget,
            on_change=self.caller.tell, on_silence=self.caller.tell,
        )  # fmt: skip

    def enter(self, folder: Path) -> None:
        """See to it that the checks' calls stand in the ledger of their run, which may be one of several."""
        ledger = self.total.ledger
        if ledger is not None and ledger.folder.resolve() != folder.resolve():
            append(folder, lines_of(ledger.folder, self.entries))

    def tell(self) -> None:
        """Say what the checks have cost, where they did, once."""
        if self.spent and not self.told:
            self.told = True
            self.caller.tell(t("cli.asked_before_first_trial", tokens=self.prompt_tokens, spent=self.spent))


def preflown(model: ModelAccess, checks: Checks) -> ModelAccess:
    """Ask a server what must be known before a sweep; return the model with the window and the count that it told.

    Raises:
        EndpointError, StoppedError: the server can't be used as it is.
    """
    with checks.budget(model) as budget:
        stream, limiter = checks.options.stream, checks.limiter(model)
        asking = preflight(model, stream=stream, budget=budget, limiter=limiter, on_silence=checks.caller.tell)
        report = complete(asking, checks.caller)
    if (wrong := verdict(report)) is not None:
        raise wrong
    for sentence in preflight_notes(report):
        checks.caller.tell(t("cli.note_2", sentence=sentence))
    return replace(
        with_window(model, report, checks.caller, checks.options.window), known_text_tokens=report.prompt_tokens
    )


def with_window(model: ModelAccess, report: Preflight, caller: Caller, asked: int | None = None) -> ModelAccess:
    """Return the model with the window that its server told, where that is the smaller one."""
    told, thought = report.window, asked or model.preset.window
    if model.server is not None and model.server.window is not None:
        return model
    if told is None or (thought is not None and told >= thought):
        return model
    if thought is not None:
        caller.tell(t("cli.note_says_window_tokens", window_source=report.window_source, told=told, thought=thought))
    server = model.server or ServerInfo(kind=report.kind, models=report.models)
    return replace(model, server=replace(server, window=told))


def preflight_notes(report: Preflight) -> list[str]:
    """Return what of a usable server a user should know before a sweep."""
    notes: list[str] = []
    if report.model_listed is False:
        notes.append(t("cli.not_list_model_but", host=report.host, model=report.model))
    if report.failure is not None:
        notes.append(
            t("cli.not_answer_short_question", host=report.host, failure=report.failure, problem=report.problem)
        )
    elif report.prompt_tokens is None:
        notes.append(t("cli.not_say_how_many", host=report.host))
    if is_ollama(report):
        notes.append(OLLAMA)
    return notes


def is_ollama(report: Preflight) -> bool:
    """Say whether a server is Ollama, as far as it shows."""
    return report.ollama or report.host.endswith(":11434")


def calibrated(model: ModelAccess, checks: Checks, setup: Setup) -> Calibration | None:
    """Fit a run's lengths to what the server counts; None where it tells no counts.

    Raises:
        EndpointError, StoppedError: the server refuses, or cuts prompts.
    """
    price = t("cli.answers_one_token") if model.counter is None else t("cli.no_charge")
    tokens = sum(likely_prompts(setup))
    tell = checks.caller.tell
    tell(t("cli.calibrating_lengths_about_tokens", tokens=tokens, price=price))
    with checks.budget(model) as budget:
        found = complete(_calibrated(model, checks, setup, budget), checks.caller)
    if found is None:
        tell(t("cli.note_server_tells_no"))
        return None
    worst = max((share for _, share in found.residuals[1:]), default=0.0)
    tell(
        t(
            "cli.calibrated_counts_tokens_server",
            requests=found.requests,
            tokens=found.tokens,
            ratio=found.ratio,
            reference=found.reference,
            worst=worst,
        )
    )
    return found


async def _calibrated(model: ModelAccess, checks: Checks, setup: Setup, budget: Budget) -> Calibration | None:
    async with checks.client(model, budget) as client:
        try:
            return await calibrate(setup, *request_counter(model, client, likely_tokens(setup)))
        except CutError as error:
            if not await canary_of(client, setup, checks.caller)(error.expected_tokens):
                raise
            return None


def canary_of(completer: Completer, setup: Setup, caller: Caller) -> Callable[[int], Awaitable[bool]]:
    """Return what sends a canary of so many tokens, says what it means, and returns whether it arrived whole."""

    async def sent(tokens: int) -> bool:
        whole = await arrives_whole(completer, setup.preset, tokens, setup.tokenizer.count, SystemRandom())
        caller.tell(t("cli.note_server_counts_far_less" if whole else "cli.note_server_counts_far", tokens=tokens))
        return whole

    return sent


def likely_tokens(setup: Setup) -> Callable[[Sequence[Message]], int]:
    """Return what says about how many tokens a request has; where a fit tells, how many another text's may have."""

    def likely(messages: Sequence[Message]) -> int:
        tokens = sum(setup.tokenizer.count(message.content) for message in messages)
        if setup.calibration is not None:
            # Generous, so that the count of one text teaches a budget nothing about those that are fitted.
            fitted = setup.calibration.server_text(tokens)
            tokens = max(tokens, fitted) if setup.counts_doubted else fitted
            prices = setup.preset.prices
            top = prices[-1].up_to if prices else None  # beyond it there is no price to hold
            generous = math.ceil(MARGIN * tokens)
            tokens = generous if top is None else min(generous, top - _TEMPLATE_TOKENS)
        return tokens + _TEMPLATE_TOKENS

    return likely


def canary(model: ModelAccess, checks: Checks, setup: Setup) -> None:
    """Send the canary at the longest length and say what came of it.

    Raises:
        StoppedError: the server cut it.
    """
    trial = max((trial for trial in setup.grid if trial.repeat == 0), key=lambda trial: trial.length)
    _, placement = setup.build(trial)
    source = source_text(setup.corpus.text, placement)
    text = source[placement.start : placement.end]
    expected = setup.expected_tokens(trial, placement)

    async def ask(budget: Budget) -> str:
        async with checks.client(model, budget) as client:
            found = await sing(
                client,
                model.preset,
                text,
                language=setup.corpus.language,
                expected_tokens=expected,
                random=SystemRandom(),
            )
            share = found.prompt_tokens / expected if found.prompt_tokens else 1.0
            least = 0.95 if setup.counts_exactly else 0.85
            if found.failure is None and share < least and not (found.head and found.tail):
                raise StoppedError(t("cli.raise_server_context_size", sentence=found.sentence))
            return found.sentence

    with checks.budget(model) as budget:
        checks.caller.tell(complete(ask(budget), checks.caller))


# ---- a server counts whole requests: by its counting endpoint, else by the usage of answers of one token -------------


_LITTLE = 0.02
CountSource = Literal["counting endpoint", "usage"]


def request_counter(
    access: ModelAccess,
    completer: Completer,
    likely: Callable[[Sequence[Message]], int] | None = None,
    *,
    on_refusal: Callable[[str], None] | None = None,
) -> tuple[Callable[[Sequence[Message]], Awaitable[int | None]], CountSource]:
    """Return a function from messages to the server's count of them (None: it tells none), and where that comes from.

    It raises `StoppedError` where every other request would fail too or the budget has no room, and `EndpointError` for
    other failures.

    Args:
        access: the model within reach.
        completer: asks it for answers of one token, unless the service has a counting endpoint, which is free.
        likely: about how many tokens messages have, so that an answer's price is known beforehand.
        on_refusal: for a run that has begun: told in a sentence of messages that will never be answered, of which no
            count is returned then; other failures stop the run. None: any failure is an error.
    """
    counter, preset = access.counter, access.preset
    if counter is not None:

        async def counted(messages: Sequence[Message]) -> int | None:
            return await asyncio.to_thread(counter.count_messages, messages)

        return counted, "counting endpoint"

    whole = _Whole()

    async def answered(messages: Sequence[Message]) -> int | None:
        request = Request(
            model=preset.model,
            max_output=1,
            temperature=preset.temperature,
            extra_body=dict(preset.extra_body),
            prompt_tokens=likely(messages) if likely else None,
        )
        outcome = await completer.complete(messages, request)
        if isinstance(outcome, Failure) and outcome.kind != "cut_answer":
            if on_refusal is not None:
                _leave_out(outcome, on_refusal)
                return None
            kind = StoppedError if HANDLING[outcome.kind].stop_run else EndpointError
            raise kind(t("endpoint.lengths_cant_fitted_server", kind=outcome.kind, said=without_stop(outcome.message)))
        return whole.of(outcome.usage, likely(messages) if likely else None)

    return answered, "usage"


class _Whole:
    """Tells what a server counts of a whole prompt, where its count may leave out what it had cached.

    The prompts that nothing was cached of say how its count goes with another tokenizer's; of the others that of the
    two sums is believed which lies nearer.
    """

    def __init__(self) -> None:
        self._share = 1.0

    def of(self, usage: Usage, likely: int | None) -> int | None:
        plain, cached = usage.prompt_tokens, usage.cached_tokens or 0
        if not plain or not likely:
            return plain
        if cached < _LITTLE * plain:
            self._share = plain / likely
            return plain
        expected = self._share * likely
        return min((plain, plain + cached), key=lambda count: abs(math.log(count / expected)))


def _leave_out(failure: Failure, on_refusal: Callable[[str], None]) -> None:
    """Say that a haystack goes uncounted where it always would; else raise `StoppedError`: it may be counted later."""
    if HANDLING[failure.kind].stop_run or HANDLING[failure.kind].retry_on_resume:
        raise StoppedError(t("endpoint.run_had_stop_further", kind=failure.kind, said=without_stop(failure.message)))
    on_refusal(t("endpoint.note_further_haystack_not", kind=failure.kind, said=without_stop(failure.message)))
