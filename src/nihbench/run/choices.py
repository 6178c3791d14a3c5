"""What the options choose, out of the catalog and for the request, and what of it can't be carried out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.access import ModelAccess
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.order import VARIED
from nihbench.plan.trials import MOST_TRIALS
from nihbench.run.options import (
    QUICK_MAX_OUTPUT,
    RunOptions,
    price_of,
)
from nihbench.run.texts import check_corpus_option, corpus_choice
from nihbench.types import (
    Experiment,
    Message,
    ModelPreset,
    Needle,
    PromptTemplate,
    Request,
)

if TYPE_CHECKING:
    from nihbench.run.like import Like


def chosen_experiment(options: RunOptions, catalog: Catalog) -> tuple[Experiment, tuple[str, ...]]:
    """Return the experiment that the options name, and its prompts."""
    experiment, prompts = catalog.parse_experiment(options.experiment or catalog.default_experiment)
    return experiment, tuple(dict.fromkeys(options.prompts or prompts))


def asked_prompts(
    options: RunOptions, catalog: Catalog, like: Like | None
) -> tuple[Experiment, Needle, dict[str, PromptTemplate]]:
    """Return the experiment, its needle and its prompts: the catalog's, or those of the run that is repeated."""
    if like is None:
        experiment, names = chosen_experiment(options, catalog)
        return experiment, catalog.needle(experiment.needle), {name: catalog.prompt(name) for name in names}
    names = options.prompts or tuple(like.prompts)
    for name in names:
        if name not in like.prompts:
            known = ", ".join(like.prompts)
            raise UsageError(t("run.no_prompt", run=like.run, name=name, known=known))
    return like.experiment, like.needle, {name: like.prompts[name] for name in names}


def chosen_corpus(options: RunOptions, experiment: Experiment, needle: Needle, catalog: Catalog) -> str:
    """Return the name or path of the text: what --corpus says for the needle's language, else the experiment's."""
    check_corpus_option(options.corpus, catalog)
    # What is not in the catalog comes from a run's folder, which names no file by this way (`run.admit`).
    usual = experiment.corpus if experiment.corpus in catalog.corpora else ""
    name = corpus_choice(options.corpus, needle.language) or usual
    if not name:
        raise UsageError(t("run.needle_language_no_corpus", needle_name=needle.name, language=needle.language))
    return name


def check_needle(needle: Needle) -> None:
    """Raise `UsageError` where a needle has several sentences."""
    if len(needle.statements) != 1:
        raise UsageError(t("run.needle_several_sentences_version", needle_name=needle.name))


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


def check_prompts(needle: Needle, prompts: Mapping[str, PromptTemplate]) -> None:
    """Refuse two prompts that would send the same: their trials could not be told apart, and be paid for twice."""
    seen: dict[tuple[tuple[Message, ...], str], str] = {}
    for name, template in prompts.items():
        other = seen.setdefault((template.messages, needle.question_for(name)), name)
        if other != name:
            raise UsageError(t("run.prompts_ask_needle_same", other=other, name=name, needle_name=needle.name))


def check_vary(options: RunOptions, needle: Needle) -> None:
    """Raise `UsageError` where what is to vary is unknown, or the needle has nothing to vary."""
    for name in options.vary:
        if name == "temperature":
            raise UsageError(t("run.vary_temperature_vary_sampling"))
        if name not in VARIED:
            raise UsageError(t("run.vary_none", name=name, known=", ".join(VARIED)))
    if "needle" in options.vary and not needle.fresh:
        raise UsageError(t("run.vary_needle_needle_no", name=needle.name))


def check_sampling(options: RunOptions, needle: Needle, temperature: float | None) -> None:
    """Raise `UsageError` where every repeat would ask the same prompt at temperature 0, and be answered the same."""
    several = options.repeats > 1 or options.adaptive
    if several and set(options.vary) == {"sampling"} and not needle.fresh and temperature == 0.0:
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
