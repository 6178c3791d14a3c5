"""Resolve options into everything a run needs: the plan, the texts, the tokenizer, the request, the trials' ids.

All questions that can fail are asked here, before the first call that costs money.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from nihbench.catalog.loading import load
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.servers import ServerInfo
from nihbench.errors import UsageError
from nihbench.fetch.files import Report
from nihbench.lang.messages import Note, Words, t
from nihbench.plan.grid import (
    MOST_TRIALS,
    make_controls,
    make_trials,
    merged_as_stored,
    parse_depths,
    sampled,
    with_controls,
)
from nihbench.plan.order import CACHES, VARIED, PrefixCache, order_trials, parse_shard, stretch
from nihbench.plan.sizing import classic_cost, samples, trial_cost
from nihbench.run.calibration import WINDOW_SLACK, Calibration
from nihbench.run.forecast import depth_error, guessed_output
from nihbench.run.haystacks import MIN_HAYSTACK_TOKENS, fixed_tokens, haystack_notes, laid_out, resolve_lengths
from nihbench.run.like import Like, as_like, like_of
from nihbench.run.options import QUICK_DEPTHS, QUICK_MAX_OUTPUT, RunOptions, price_of
from nihbench.run.setup import Begun, Setup, merge_places, shared_note
from nihbench.run.texts import check_corpus_option, corpus_choice, load_texts, sources
from nihbench.tasks.planting import FIT
from nihbench.tasks.registry import SINGLE_NEEDLE, family
from nihbench.tasks.task import Task, of_family, of_needle
from nihbench.text.prompt import asks_first, head_of
from nihbench.types import DEPTH, Experiment, Message, ModelPreset, Needle, PromptTemplate, Request, Tokenizer, Trial

# ---- choices ---------------------------------------------------------------------------------------------------------
# What the options choose, out of the catalog and for the request, and what of it can't be carried out.


def chosen_experiment(options: RunOptions, catalog: Catalog) -> tuple[Experiment, tuple[str, ...]]:
    """Return the experiment that the options name, and its prompts."""
    if options.task and options.experiment is None:
        experiment = _experiment_of(options, catalog)
        return experiment, tuple(dict.fromkeys(options.prompts or experiment.prompts))
    experiment, prompts = catalog.parse_experiment(options.experiment or catalog.default_experiment)
    return experiment, tuple(dict.fromkeys(options.prompts or prompts))


def _experiment_of(options: RunOptions, catalog: Catalog) -> Experiment:
    """Return the experiment of a task that is named by itself: over the usual corpus of its language."""
    language, name = options.task_options.get("language") or "en", str(options.task)
    corpus = _usual_corpus(catalog, language)
    return Experiment(name=name, needle="", corpus=corpus, prompts=("original",), task=name)


def _usual_corpus(catalog: Catalog, language: str) -> str:
    """Return the corpus of the first experiment in a language; "" where there is none."""
    return next((e.corpus for e in catalog.experiments.values() if _speaks(catalog, e, language)), "")


def _speaks(catalog: Catalog, experiment: Experiment, language: str) -> bool:
    return experiment.corpus in catalog.corpora and catalog.corpora[experiment.corpus].language == language


def asked_prompts(
    options: RunOptions, catalog: Catalog, like: Like | None
) -> tuple[Experiment, Task, dict[str, PromptTemplate]]:
    """Return the experiment, its task and its prompts: the catalog's, or those of the run that is repeated."""
    if like is None:
        experiment, names = chosen_experiment(options, catalog)
        return experiment, task_of(options, experiment, catalog), {name: catalog.prompt(name) for name in names}
    names = options.prompts or tuple(like.prompts)
    for name in names:
        if name not in like.prompts:
            known = tuple(like.prompts)
            raise UsageError(t("run.no_prompt", run=like.run, name=name, known=known))
    return like.experiment, like.task, {name: like.prompts[name] for name in names}


def chosen_corpus(options: RunOptions, experiment: Experiment, needle: Needle, catalog: Catalog) -> str:
    """Return the name or path of the text: what --corpus says for the needle's language, else the experiment's."""
    check_corpus_option(options.corpus, catalog)
    # What is not in the catalog comes from a run's folder, which names no file by this way (`run.known`).
    usual = experiment.corpus if experiment.corpus in catalog.corpora else ""
    if "language" in options.task_options and not _speaks(catalog, experiment, needle.language):
        usual = _usual_corpus(catalog, needle.language) or usual
    name = corpus_choice(options.corpus, needle.language) or usual
    if not name:
        raise UsageError(t("run.needle_language_no_corpus", needle_name=needle.name, language=needle.language))
    return name


def task_of(options: RunOptions, experiment: Experiment, catalog: Catalog) -> Task:
    """Return the task of an experiment, with what the options choose of it; it plants, asks and grades.

    Raises:
        UsageError: it is not installed, or has no such option; a needle has several sentences.
    """
    if experiment.task != SINGLE_NEEDLE:
        language = options.task_options.get("language") or experiment.options.get("language") or "en"
        given = {**experiment.options, **options.task_options}
        if options.depths and of_family(experiment.task, language, _without_language(given)).axis.name != DEPTH.name:
            raise UsageError(t("run.task_has_no_depths", task=experiment.task))
        return of_family(experiment.task, language, _without_language(given))
    if options.task_options:
        raise UsageError(t("run.needle_has_no_options", needle=experiment.needle))
    needle = catalog.needle(experiment.needle)
    if len(needle.statements) != 1:
        raise UsageError(t("run.needle_several_sentences_version", needle_name=needle.name))
    return of_needle(needle)


def has_own_rows(task: str | None, experiment: str | None) -> bool:
    """Say whether what `--task` or `--experiment` names has rows of its own, not depths."""
    return axis_of(task, experiment) != DEPTH.name


def axis_of(task: str | None, experiment: str | None) -> str:
    """Return the name of what the rows are of what `--task` or `--experiment` names."""
    name = task
    if not name:
        catalog = load()
        name = catalog.parse_experiment(experiment or catalog.default_experiment)[0].task
    return family(name).axis.name


def _without_language(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name != "language"}


def check_numbers(options: RunOptions, model: ModelAccess) -> None:
    """Raise `UsageError` where a number makes no sense, or promises what the server does not hold."""
    for name in ("repeats", "window", "max_output", "concurrency"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(t("run.must_least_1_not", replace=name.replace("_", "-"), value=value))
    if options.repeats > MOST_TRIALS:
        raise UsageError(t("run.repeats_must_most_not", most=MOST_TRIALS, value=options.repeats))
    for name, rate in (("rpm", options.rpm), ("tpm", options.tpm)):
        if rate is not None and not 0 < rate < math.inf:
            raise UsageError(t("run.must_more_than_0", name=name, rate=rate))
    told = model.server.window if model.server else None
    if told and options.window and options.window > told:
        raise UsageError(t("run.window_more_than_server", window=options.window, told=told))


def check_prompts(task: Task, prompts: Mapping[str, PromptTemplate]) -> None:
    """Refuse two prompts that would send the same: their trials could not be told apart, and be paid for twice."""
    seen: dict[tuple[tuple[Message, ...], str], str] = {}
    for name, template in prompts.items():
        other = seen.setdefault((template.messages, task.specimens(name)[0].question), name)
        if other != name:
            raise UsageError(t("run.prompts_ask_needle_same", other=other, name=name, needle_name=task.needle.name))


def check_vary(options: RunOptions, task: Task) -> None:
    """Raise `UsageError` where what is to vary is unknown, or the task has nothing to vary."""
    for name in options.vary:
        if name == "temperature":
            raise UsageError(t("run.vary_temperature_vary_sampling"))
        if name not in VARIED:
            raise UsageError(t("run.vary_none", name=name, known=tuple(VARIED)))
    if "needle" in options.vary and not task.draws:
        raise UsageError(t("run.vary_needle_needle_no", name=task.needle.name))


def check_sampling(options: RunOptions, task: Task, temperature: float | None) -> None:
    """Raise `UsageError` where every repeat would ask the same prompt at temperature 0, and be answered the same."""
    several = options.repeats > 1 or options.adaptive
    if several and set(options.vary) == {"sampling"} and not task.draws and temperature == 0.0:
        raise UsageError(t("run.vary_sampling_asks_same"))


def preset_of(options: RunOptions, preset: ModelPreset) -> ModelPreset:
    """Return the model's preset with what the user says instead: the price, and further fields of every request.

    Raises:
        UsageError: --price is no price.
    """
    prices = (price_of(options.price),) if options.price else preset.prices
    return replace(preset, prices=prices, extra_body=dict(preset.extra_body) | dict(options.extra_body))


def request_of(options: RunOptions, preset: ModelPreset) -> Request:
    """Return what every request of the run has in common; `preset` is one of `preset_of`."""
    temperature = preset.temperature
    if options.temperature is not None:
        temperature = None if options.temperature == "none" else _number(options.temperature)
    usual = min(preset.max_output, QUICK_MAX_OUTPUT) if options.quick and not preset.reasoning else preset.max_output
    return Request(
        model=preset.model,
        max_output=options.max_output or usual,
        temperature=temperature,
        seed=options.draw_seed if preset.local is not None else options.seed,
        extra_body=dict(preset.extra_body),
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UsageError(t("run.temperature_neither_number_nor", text=text)) from error
    if not 0.0 <= value <= 2.0:
        raise UsageError(t("run.temperature_lies_outside_0", text=text))
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """Options resolved but for the lengths and what follows from them: texts, prompts, tokenizer and request.

    Lengths are laid out once they are known, and anew where a server tells another window or counts otherwise: what
    takes long is done once. `others` says about how many of the run's tokens other corpora have.
    """

    setup: Setup
    begun: Begun
    others: Mapping[str, int]

    def told(self, model: ModelAccess) -> Outline:
        """Return it with what the model's server said when it was asked.

        Raises:
            UsageError: --window is more than that.
        """
        options = self.setup.options
        check_numbers(options, model)
        cache = _cache_of(self.setup.preset.cache, model.server, self.begun.cache)
        return replace(self, setup=replace(self.setup, window=_window_of(options, model, self.begun), cache=cache))

    def with_lengths(self, lengths: Sequence[int]) -> Outline:
        """Return it with other lengths than its own, in the same unit."""
        options = replace(self.setup.options, lengths=",".join(f"{length}t" for length in lengths))
        return replace(self, setup=replace(self.setup, options=options))

    def laid_out(self, calibration: Calibration | None = None, *, leave_out: bool = False) -> Setup:
        """Return the whole setup.

        Args:
            calibration: turns nominal lengths into the tokenizer's; None: that of the run that is resumed, if any.
            leave_out: whether lengths over the window are left out instead of refused (`Setup.too_long`).

        Raises:
            UsageError: the options can't be carried out; the message says what to change.
        """
        if self.setup.like is not None:
            setup = as_like(self.setup, self.setup.like)
            _check_builds(setup)
            return replace(setup, notes=(*setup.notes, *_cache_notes(setup)))
        fitted = calibration or self.begun.calibration
        setup, told = _with_lengths(self.setup, fitted, leave_out=leave_out and fitted is None)
        setup = laid_out(setup, fitted, self.begun.laid)
        setup = _with_trials(setup, self.begun)
        setup = replace(setup, notes=(*setup.text.notes, *told, *_notes(setup, self.others)))
        if setup.options.controls:
            setup = replace(setup, trials=with_controls(setup.trials, _controls(setup)))
        _check_builds(setup)
        return _sharded(replace(setup, notes=(*setup.notes, *_depth_notes(setup))))


def outline_of(
    options: RunOptions,
    catalog: Catalog,
    model: ModelAccess,
    *,
    folder: Path,
    report: Report,
    begun: Begun | None = None,
    draft: bool = False,
) -> Outline:
    """Resolve `options` against the catalog and the model, but for their lengths.

    Args:
        options: what the user asked for.
        catalog: needles, prompts, corpora, models.
        model: the model within reach: preset, window, tokenizer, template overhead.
        folder: the user's working folder (its haystack/ is looked in first).
        report: told what is being fetched.
        begun: what the run found out when it began, where it is resumed.
        draft: whether it is only looked at, so that a run may have lengths fitted yet (`Setup.to_be_fitted`).

    Raises:
        UsageError: the options can't be carried out; the message says what to change.
    """
    begun = begun or Begun()
    like = None if options.like is None else begun.like or like_of(Path(options.like))
    experiment, task, prompts = asked_prompts(options, catalog, like)
    check_numbers(options, model)
    check_prompts(task, prompts)
    check_vary(options, task)
    preset = preset_of(options, model.preset)
    request = request_of(options, preset)
    if begun.laid is None:
        check_sampling(options, task, request.temperature)
    tokenizer, counted_by_model = model.tokenizer(options.length_unit, report)
    name = chosen_corpus(options, experiment, task.needle, catalog)
    known = begun.corpus_sha256 or (like.text_identity["corpus"] if like else None)
    texts = load_texts(task.needle, name, tokenizer, catalog=catalog, folder=folder, report=report, text_sha256=known)
    setup = Setup(
        options=options,
        preset=preset,
        model_sha256=model.model_sha256,
        experiment=experiment,
        task=task,
        prompts=prompts,
        text=texts,
        tokenizer=tokenizer,
        counted_by_model=counted_by_model,
        overheads={name: model.overhead(_probe_messages(prompts[name]), tokenizer) for name in prompts},
        request=request,
        headers=options.headers,
        window=_window_of(options, model, begun),
        cache=_cache_of(preset.cache, model.server, begun.cache),
        depths=rows_of(options, task),
        source_of=sources(texts, tokenizer, lambda repeat: 0, 1),
        heads={name: head_of(prompts[name], task.specimens(name)[0].question) for name in prompts},
        concurrency=options.concurrency or preset.concurrency,
        counts_doubted=begun.doubted,
        exchange_tokens=_exchange_tokens(model, tokenizer) if task.turned else 0,
        like=like,
    )
    if like is not None:
        return Outline(setup=setup, begun=begun, others={})
    setup = replace(setup, to_be_fitted=draft and setup.wants_calibration)
    return Outline(setup=setup, begun=begun, others=_others(catalog, setup))


def whole(setup: Setup) -> Setup:
    """Return a setup with its whole plan, where it has a part of it (`--shard`): all parts are fitted alike."""
    return replace(setup, trials=setup.plan, plan=()) if setup.plan else setup


def _window_of(options: RunOptions, model: ModelAccess, begun: Begun) -> int | None:
    told = model.server.window if model.server else None
    return options.window or told or begun.window or model.window


def _exchange_tokens(model: ModelAccess, tokenizer: Tokenizer) -> int:
    """Return the tokens that the model's template puts around a turn of the user's and one of the assistant's."""
    asked = Message(role="user", content="One two three.")
    several = [asked, Message(role="assistant", content="One two three."), asked]
    return model.overhead(several, tokenizer) - model.overhead([asked], tokenizer)


def rows_of(options: RunOptions, task: Task) -> tuple[float, ...]:
    """Return the rows of the grid: --depths, or the values of the task's own axis."""
    if task.axis.name != DEPTH.name:
        return task.axis.values
    return parse_depths(options.depths or (QUICK_DEPTHS if options.quick else "15"))


def _cache_of(name: str | None, server: ServerInfo | None, begun: str | None) -> PrefixCache:
    """Return the cache of a preset, else of the kind of server; none where neither is known.

    A server that says of how many tokens its blocks are is believed.
    """
    kind = server.kind if server is not None else begun
    chosen = name or (kind if kind in CACHES else None) or "none"
    if chosen not in CACHES:
        raise UsageError(t("run.models_yaml_no_cache", chosen=chosen, known=tuple(CACHES)))
    cache = CACHES[chosen]
    block = server.cache_block if server is not None and cache.kind == "block" else None
    if block is None:
        return cache
    return replace(cache, minimum=block, granularity=block) if block else CACHES["none"]


def _sharded(setup: Setup) -> Setup:
    """Return the setup with the part of its plan that is asked for; last, for all parts have everything else alike."""
    if setup.options.shard is None:
        return setup
    part = stretch(setup.trials, parse_shard(setup.options.shard), setup.turn_of)
    return replace(setup, plan=setup.trials, trials=part)


def _others(catalog: Catalog, setup: Setup) -> dict[str, int]:
    """Return about how many of the run's tokens the packaged corpora of the needle's language have."""
    known = {name: corpus.approximate_tokens or 0 for name, corpus in catalog.corpora.items()}
    here = known.get(setup.corpus.name)
    ratio = len(setup.text.starts) / here if here else 1.0
    return {
        name: int(tokens * ratio)
        for name, tokens in known.items()
        if catalog.corpora[name].language == setup.needle.language
    }


def _with_lengths(setup: Setup, calibration: Calibration | None, *, leave_out: bool) -> tuple[Setup, tuple[Words, ...]]:
    """Return the setup with its lengths, and what must be said of these."""
    overheads = setup.overheads if calibration is None else calibration.overheads
    tokens = len(setup.text.starts)
    fixed = fixed_tokens(setup.task, setup.prompts, overheads, setup.tokenizer)
    lengths = resolve_lengths(
        setup.options,
        setup.window,
        setup.request.max_output,
        fixed,
        tokens if calibration is None else calibration.server_text(tokens),
        slack=WINDOW_SLACK if calibration is not None or setup.wants_calibration else 0.0,
        leave_out=leave_out,
    )
    resolved = replace(
        setup,
        overheads=overheads,
        calibration=calibration,
        lengths=lengths.fitting,
        too_long=lengths.too_long,
        copies=lengths.copies,
        fixed_tokens=fixed,
    )
    return resolved, lengths.notes


def _with_trials(setup: Setup, begun: Begun) -> Setup:
    """Return the setup with the trials of its grid, and how often each length is measured, where that differs."""
    found = replace(setup, trials=_trials(setup, begun.same_prompt))
    if setup.options.classic_share is None:
        return found
    often = _samples(found) if begun.samples is None else begun.samples
    return replace(found, trials=sampled(found.trials, found.lengths, often), samples=often)


def _samples(setup: Setup) -> tuple[int, ...]:
    """Return how often each length is measured, so that grid and controls cost no more than the setup's share."""
    options, answer = setup.options, guessed_output(setup)
    controls = _controls(setup) if options.controls else ()
    budget = (options.classic_share or 0.0) * classic_cost(setup.lengths[-1], answer)
    return samples(
        setup.lengths,
        budget - sum(trial_cost(trial.length, answer) for trial in controls),
        answer_tokens=answer,
        most=options.repeats,
        at_once=len(setup.prompts) * (1 if setup.task.axis.name == DEPTH.name else len(setup.depths)),
    )


def _controls(setup: Setup) -> tuple[Trial, ...]:
    """Return a setup's control trials."""
    fixed = fixed_tokens(setup.task, setup.prompts, setup.overheads, setup.tokenizer)
    alone = {name: replace(setup.trials[0], prompt=name, control="closed_book") for name in setup.prompts}
    tokens = {}
    for name, trial in alone.items():
        _, placement = setup.build(trial)
        tokens[name] = setup.expected_tokens(trial, placement)
    made = make_controls(
        experiment=setup.experiment.name,
        needle=setup.needle.name,
        prompts=tokens,
        lengths=setup.lengths,
        depths=setup.depths,
        shortest=fixed + MIN_HAYSTACK_TOKENS,
        grid_trials=len(setup.trials),
        quick=setup.options.quick or setup.options.classic_share is not None,
        axis=setup.task.axis.name,
    )
    if not setup.task.family.needs_text:
        made = tuple(trial for trial in made if trial.control in ("oracle", "sentinel"))
    return merge_places(setup, made)


def _trials(setup: Setup, same_prompt: Sequence[Mapping[str, Any]] | None) -> tuple[Trial, ...]:
    """Return the grid's trials in sending order, every place once; `same_prompt` as in `Begun`."""
    options = setup.options
    trials = make_trials(
        experiment=setup.experiment.name,
        needle=setup.needle.name,
        prompts=list(setup.prompts),
        lengths=setup.lengths,
        depths=setup.depths,
        repeats=options.repeats,
        axis=setup.task.axis.name,
    )
    known = None
    if same_prompt is not None:
        with suppress(
            ValueError, KeyError, TypeError
        ):  # of another grid: what has changed since the run began is said later
            known = merged_as_stored(trials, same_prompt)
    return order_trials(
        merge_places(setup, trials) if known is None else known,
        options.order,
        options.draw_seed,
        vary=setup.varied,
        heads=setup.heads,
        fixed_tokens=setup.fixed_tokens,
    )


def _check_builds(setup: Setup) -> None:
    """Build the prompts that are likeliest not to fit (longest and shortest) before the first call is paid for."""
    shortest, longest = setup.lengths[0], setup.lengths[-1]
    depths = setup.depths
    tried = {(longest, depth) for depth in (depths[0], depths[len(depths) // 2], depths[-1])} | {(shortest, depths[0])}
    for trial in setup.grid:
        if trial.repeat == 0 and any((trial.length, depth) in tried for depth in trial.rows):
            setup.build(trial)


def _depth_notes(setup: Setup) -> list[Words]:
    """Return what must be said of the depths where needles will stand far from them."""
    error = depth_error(setup)
    if error is None or not error.is_large:
        return []
    return [Note("depths_off", largest=error.largest, mean=error.mean, length=error.length)]


def _notes(setup: Setup, others: Mapping[str, int]) -> list[Words]:
    """Return what must be said of haystacks and prompts before trials are sent; `others` as in `Outline`."""
    shared = shared_note(setup.trials)
    return [
        *haystack_notes(setup, others),
        *_cache_notes(setup),
        *_unit_notes(setup),
        *_spacing_notes(setup),
        *([shared] if shared else []),
    ]


def _spacing_notes(setup: Setup) -> list[Words]:
    """Return what must be said where inserts are too many to stand 1% of the haystack apart."""
    if setup.task.is_single:
        return []
    last = max(setup.grid, key=lambda trial: trial.row)
    planted = setup.planted(last)
    depths = sorted(insert.depth_percent for insert in planted.inserts)
    least = min((other - one for one, other in pairwise(depths)), default=100.0)
    if not planted.apart or planted.haystack is not None or len(depths) <= FIT or least >= 1:
        return []
    return [Note("inserts_close", count=len(depths), least=f"{least:.2f}", fit=FIT)]


def _unit_notes(setup: Setup) -> list[Words]:
    """Return what must be said about the unit of lengths, where it is not the model's own."""
    name, fit = setup.tokenizer.name, setup.calibration
    if fit is not None:
        return [Note("lengths_fitted", name=name, requests=fit.requests, ratio=fit.ratio)]
    if setup.counted_by_model:
        return []
    return [Note("lengths_to_be_fitted" if setup.to_be_fitted else "lengths_by_other", name=name)]


def _cache_notes(setup: Setup) -> list[Words]:
    """Return what must be said about prompts that share no beginning."""
    first = [name for name, template in setup.prompts.items() if asks_first(template)]
    return [Note("question_first", prompts=first)] if first else []


def _probe_messages(template: PromptTemplate) -> tuple[Message, ...]:
    """Return a template's messages with a short text of plain words each, to measure the chat template around them."""
    return tuple(Message(role=m.role, content="One two three.") for m in template.messages)
