"""What should be known before a sweep: of an endpoint (preflight, canary, what a sweep takes), or of a needle.

What it spends is held by --max-cost as the checks before a run are.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import SystemRandom
from typing import Any

from nihbench.analysis.controls import ControlResult, control_results
from nihbench.analysis.fairness import Fairness, check_needle
from nihbench.app.checks import preflight_notes, with_window
from nihbench.app.consent import check_cost, cost_words
from nihbench.app.events import Caller
from nihbench.app.jobs import Ready, asked_jobs, made_ready
from nihbench.app.keywords import usual_values
from nihbench.app.money import Checks, free_words, is_free, planned_cost
from nihbench.app.running import complete, now
from nihbench.app.sending import Sending, enter_checks, measure
from nihbench.app.wiring import outlined, reach
from nihbench.catalog.loading import load_for
from nihbench.catalog.lookup import Catalog
from nihbench.corpora.store import stats
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.checkup import (
    CHECK_PATIENCE_S,
    FRAME_TOKENS,
    KNOWN_TEXT,
    Canary,
    Preflight,
    filler,
    preflight,
    sing,
    verdict,
)
from nihbench.endpoint.spending import Budget
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import NihError, StoppedError, UsageError
from nihbench.lang.messages import Message, Words, t
from nihbench.plan.grid import parse_lengths
from nihbench.prices import CostRange
from nihbench.run.options import RunOptions
from nihbench.run.resolve import check_numbers
from nihbench.run.runner import owed
from nihbench.run.scores import score_run
from nihbench.run.store import create_run, manifest
from nihbench.run.texts import corpus_choice, load_corpus
from nihbench.types import Corpus, Tokenizer

_LETTERS_A_TOKEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What a run without further options takes, as `nih plan` says it. None is not known; the sentence says why."""

    sentence: Message
    trials: int | None = None
    controls: int | None = None
    prompt_tokens: int | None = None
    cost: CostRange | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found of an endpoint. None is not known, or not asked.

    `window`: in tokens, `window_source` by whose word. `reference`: a tokenizer's name, and its count of the known
    text. `spent_usd` is what all this has cost, `prompt_tokens` were sent for it by the server's counts. `usable`:
    whether a run could begin. `problem`: why it could not, or why not all was asked; its exit code is the command's.
    """

    report: Preflight
    window: int | None
    window_source: str | None
    counting: Message
    reference: tuple[str, int] | None
    canary: Canary | None
    sweep: Sweep | None
    warnings: tuple[Words, ...]
    prompt_tokens: int
    spent_usd: Decimal | None
    usable: bool | None
    problem: NihError | None


def examine(options: RunOptions, canary_tokens: int, caller: Caller) -> Found:
    """Ask an endpoint what should be known before a sweep.

    Args:
        options: how it is asked, and what that may cost.
        canary_tokens: the length of the canary prompt; 0: none is sent.
        caller: hears what a user should know.

    Raises:
        EndpointError: the server can't be reached.
        UsageError: an option can't be carried out, or the key is missing.
    """
    checks = Checks(options=options, caller=caller)
    with reach(options, caller, sending=True) as access:
        check_numbers(options, access)
        with checks.budget(access) as budget:
            stream, limiter = options.stream, checks.limiter(access)
            asking = preflight(access, stream=stream, budget=budget, limiter=limiter, on_silence=caller.tell)
            report = complete(asking, caller)
            problem, canary = _problem(report), None
            if problem is not None and not report.reachable:
                raise problem
            usable = None if report.withheld else problem is None
            access = with_window(access, report, caller, options.window)
            tokenizer = _tokenizer(access, caller) if usable else None
            if usable and canary_tokens > 0:
                try:
                    canary = _canary(access, checks, budget, tokenizer, min(canary_tokens, _room(access, options)))
                except StoppedError as error:
                    problem = error
        window = _window(options, access)
        return Found(
            report=report,
            window=window,
            window_source=_window_source(options, access, report),
            counting=_counting(access),
            reference=_reference(tokenizer),
            canary=canary,
            sweep=None if usable is False else _sweep(replace(options, window=window), access, caller),
            warnings=_warnings(report),
            prompt_tokens=budget.prompt_tokens,
            spent_usd=None if budget.unpriced else budget.exactly_spent,
            usable=usable,
            problem=problem,
        )


def _problem(report: Preflight) -> NihError | None:
    """Return why a run could not begin now, or why that is not known; None: it could."""
    wrong = verdict(report)
    if wrong is not None or report.answered:
        return wrong
    said = report.problem or t("cli.server_gave_no_answer")
    if report.failure is None:
        return StoppedError(said)
    return StoppedError(t("common.gives_no_answer", host=report.host, failure=report.failure, said=said))


def _tokenizer(access: ModelAccess, caller: Caller) -> Tokenizer | None:
    """Return what counts the model's tokens, or those of a reference; None where it can't be had."""
    try:
        return access.tokenizer("model", caller.fetching)[0]
    except NihError as error:
        caller.tell(t("cli.note_2", sentence=error))
        return None


def _reference(tokenizer: Tokenizer | None) -> tuple[str, int] | None:
    return (tokenizer.name, tokenizer.count(KNOWN_TEXT)) if tokenizer is not None else None


def _canary(access: ModelAccess, checks: Checks, budget: Budget, tokenizer: Tokenizer | None, tokens: float) -> Canary:
    """Send a canary of so many tokens.

    Raises:
        StoppedError: the budget has no room for it.
    """
    count = tokenizer.count if tokenizer is not None else _guess
    text = filler(tokens - FRAME_TOKENS, count)
    expected = count(text) + FRAME_TOKENS
    checks.caller.tell(t("cli.next_canary_about_tokens", tokens=expected))

    async def ask() -> Canary:
        client = access.client(
            stream=checks.options.stream,
            patience_s=CHECK_PATIENCE_S,
            budget=budget,
            limiter=checks.limiter(access),
            on_silence=checks.caller.tell,
        )
        async with client:
            return await sing(
                client, access.preset, text, language="en", expected_tokens=expected, random=SystemRandom()
            )

    return complete(ask(), checks.caller)


def _guess(text: str) -> int:
    return math.ceil(len(text) / _LETTERS_A_TOKEN)


def _window(options: RunOptions, access: ModelAccess) -> int | None:
    """Return the window in tokens: what --window says, unless the server says less."""
    told = access.server.window if access.server is not None else None
    asked = access.window if options.window is None else options.window
    return asked if asked is None or told is None else min(asked, told)


def _window_source(options: RunOptions, access: ModelAccess, report: Preflight) -> str | None:
    """Say by whose word the window is what it is."""
    window = _window(options, access)
    if window is None or window == options.window:
        return "--window" if window else None
    told = access.server is not None and window == access.server.window
    return (report.window_source or t("common.server")) if told else t("cli.preset")


def _room(access: ModelAccess, options: RunOptions) -> float:
    """Return how many tokens a canary may have, should the server count some more than is thought."""
    window = _window(options, access)
    return math.inf if window is None else 0.9 * (window - access.preset.max_output)


def _counting(access: ModelAccess) -> Message:
    if access.server_tokenizer is not None:
        return t("cli.server_own_tokenizer")
    if access.counter is not None:
        return t("cli.service_counting_endpoint")
    if access.preset.tokenizer:
        return t("cli.machine", tokenizer=access.preset.tokenizer)
    return t("cli.usage_short_answers_run")


def _warnings(report: Preflight) -> tuple[Words, ...]:
    """Return what of a server that can be used should be known before a sweep."""
    if not report.answered:
        return ()
    return (*([report.problem] if report.problem else []), *preflight_notes(report))


def _sweep(options: RunOptions, access: ModelAccess, caller: Caller) -> Sweep:
    """Return what `nih run` takes with these options, before the server has counted anything for it."""
    if options.window is None:
        return Sweep(sentence=t("cli.unknown_model_window_not"))
    try:
        setup = outlined(options, access, caller).laid_out()
    except NihError as error:
        return Sweep(sentence=t("cli.unknown_2", problem=error))
    part = setup, (access,), setup.trials
    cost, tokens = planned_cost(*part), sum(trial.length for trial in setup.trials)
    sentence = cost_words([part], [cost])
    if is_free((access,)):
        sentence = t("cli.trials_send_tokens_cost", trials=len(setup.trials), tokens=tokens, cost=free_words(access))
    return Sweep(
        sentence=sentence,
        trials=len(setup.grid),
        controls=len(setup.trials) - len(setup.grid),
        prompt_tokens=tokens,
        cost=cost,
    )


# ---- whether a needle is fair: in its corpus, and by its controls, asked of models without a sweep -------------------


USUAL_LENGTHS = "1k,2k,4k"


def checked_by_models(name: str, given: Mapping[str, Any], caller: Caller) -> dict[str, tuple[ControlResult, ...]]:
    """Ask models the controls of a needle; return what these say, by model.

    Args:
        name: the needle.
        given: options of `nih run` by name; what is missing is as usual.
        caller: hears what happens, and is asked for agreement.

    Raises:
        UsageError: there is no experiment with this needle, or the options can't be carried out.
    """
    catalog = load_for(caller.tell_once)
    values = usual_values() | {
        "experiment": _experiment(catalog, name),
        "prompt": ",".join(_variants(catalog, name)),
        "lengths": USUAL_LENGTHS,
        "depths": "50:50:1",
    }
    jobs = asked_jobs(values | {key: value for key, value in given.items() if value}, None, caller)

    def agree(ready: Sequence[Ready]) -> None:
        asked = [_controls_only(each) for each in ready]
        check_cost([(each.setup, each.members, each.setup.trials) for each in asked], caller)

    found, spent = {}, Decimal(0)
    with tempfile.TemporaryDirectory(prefix="nih-check-") as place:
        root = Path(place)
        with made_ready(jobs, caller, sending=True, agree=agree, folder=root) as ready:
            checks = sum((each.checks.spent for each in ready if each.checks), Decimal(0))
            for number, each in enumerate(map(_controls_only, ready)):
                own = each.checks.spent if each.checks else Decimal(0)
                checks -= own
                found[each.setup.preset.name], cost = _ask(each, root / str(number), spent + checks)
                spent += cost
    return found


def _experiment(catalog: Catalog, needle: str) -> str:
    """Return the experiment that a needle is checked in: one with its own corpus, or the needle's own."""
    catalog.needle(needle)
    known = [name for name, experiment in catalog.experiments.items() if experiment.needle == needle]
    if not known:
        raise UsageError(t("cli.no_experiment_needle_add", needle=needle))
    return known[0]


def _variants(catalog: Catalog, needle: str) -> list[str]:
    """Return the prompts that ask for a needle in words of their own: of two that send the same, the first."""
    asked: dict[tuple[object, str], str] = {}
    for name, template in catalog.prompts.items():
        asked.setdefault((template.messages, catalog.needle(needle).question_for(name)), name)
    return list(asked.values())


def _controls_only(ready: Ready) -> Ready:
    controls = tuple(trial for trial in ready.setup.trials if trial.control not in (None, "sentinel"))
    return replace(ready, setup=replace(ready.setup, trials=controls))


def _ask(ready: Ready, place: Path, elsewhere: Decimal) -> tuple[tuple[ControlResult, ...], Decimal]:
    """Ask one model, whose records are kept in `place` as long as it takes to judge them; return what it cost, too."""
    folder = create_run(place, manifest(ready.setup, now().isoformat(timespec="seconds")))
    enter_checks(ready, folder)
    spent = measure(ready, folder, owed(ready.setup, {}), Sending(resume=None, quiet=True, elsewhere=elsewhere))
    records = folder.records()
    return control_results(records.values(), score_run(folder, records), ready.setup.trials), spent


_USUAL_WINDOW = 128_000


def checked_in(name: str, corpus: str | None, lengths: str | None, caller: Caller) -> tuple[Corpus, Fairness]:
    """Check a needle against the corpus that is asked for, or that an experiment hides it in; return both."""
    catalog, report = load_for(caller.tell_once), caller.fetching
    needle = catalog.needle(name)
    usual = next((e.corpus for e in catalog.experiments.values() if e.needle == name and e.corpus), None)
    chosen = corpus_choice(corpus, needle.language) or usual
    if not chosen:
        raise UsageError(t("cli.no_corpus_belongs_needle", name=name))
    text = load_corpus(catalog, chosen, Path.cwd(), report)
    tokenizer = load_tokenizer("cl100k_base", report=report)
    tokens = stats(text, [tokenizer]).tokens[0].tokens
    longest = max(parse_lengths(lengths or "1k:128k:15", lowest=1_000, highest=_USUAL_WINDOW))
    return text, check_needle(needle, text, tokens=tokens, unit=tokenizer.name, longest=longest)
