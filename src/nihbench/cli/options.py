"""How the options that `nih run`, `nih plan` and others share (`commands.shared`) become a `RunOptions`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.commands.shared import usual_values
from nihbench.endpoint.tokenizers import is_tokenizer_file
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, said, t
from nihbench.plan.grid import MAX_DEPTHS, MAX_LENGTHS, PLAIN_COUNT, count_of, is_count
from nihbench.run.known import remember_files
from nihbench.run.like import like_options
from nihbench.run.options import RunOptions, check_adaptive
from nihbench.run.texts import absolute_corpus, corpus_choices

# ---- spelling --------------------------------------------------------------------------------------------------------
# A bare number for --lengths or --depths that may mean a number of steps or one value: asked back, or refused.
#
# Small ones are numbers of steps and pass. Stored options may be older than this rule, and are never asked about.


def spelt_lengths(spec: str | None) -> str | None:
    """Return what --lengths says, beyond doubt.

    Raises:
        UsageError: it is a bare number of two meanings, and nobody can be asked which.
    """
    if spec is None or not _is_doubtful(spec):
        return spec
    number = spec.strip()
    if count_of(number) > MAX_LENGTHS:
        question = t("cli.lengths_one_length_tokens", number=number)
        refusal = t("cli.lengths_more_steps_than", number=number, most=MAX_LENGTHS)
        return _chosen(f"{number}t", None, question, refusal)
    question = t("cli.lengths_one_length_tokens_else", number=number)
    refusal = t("cli.lengths_mean_two_things", number=number)
    return _chosen(f"{number}t", number, question, refusal)


def spelt_depths(spec: str | None) -> str | None:
    """Return what --depths says, beyond doubt.

    Raises:
        UsageError: it is a bare number of two meanings, and nobody can be asked which.
    """
    if spec is None or not _is_doubtful(spec) or count_of(spec) > MAX_DEPTHS:
        return spec  # more than there may be either way: that is said where it is read
    number, steps = spec.strip(), f"0:100:{count_of(spec)}"
    if count_of(spec) > 100:
        raise UsageError(t("cli.depths_no_depth_percent", number=number, steps=steps))
    question = t("cli.depths_one_depth_percent", number=number)
    refusal = t("cli.depths_mean_two_things", number=number, steps=steps)
    return _chosen(f"{number}%", steps, question, refusal)


def _is_doubtful(spec: str) -> bool:
    """Say whether a specification is a bare number that is too large to be surely one of steps."""
    return is_count(spec) and count_of(spec) > PLAIN_COUNT


def _chosen(one: str, several: str | None, question: Message, refusal: Message) -> str:
    """Return which is meant; `several` None: there is nothing else that it could mean.

    Raises:
        UsageError: nobody can be asked, or it is meant as neither.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(refusal)
    chosen = one if typer.confirm(said(question), err=True) else several
    if chosen is None:
        raise UsageError(refusal)
    return chosen


_OWN_FIELDS = {
    "messages": t("cli.messages_run_builds_nih"),
    "model": t("cli.give_model"),
    "stream": t("cli.give_stream_no_stream"),
    "n": t("cli.trial_one_answer_give"),
    "max_tokens": t("cli.give_max_output"),
    "max_completion_tokens": t("cli.give_max_output"),
    "temperature": t("cli.give_temperature"),
    "seed": t("cli.give_seed"),
    "truncate_prompt_tokens": t("cli.would_cut_prompts_measured"),
}
"""Fields of the request that are this tool's own, and what to do instead."""


def run_options(values: dict[str, Any], *, needs_model: bool = True) -> RunOptions:
    """Turn raw option values into a `RunOptions`.

    Args:
        values: the value of every shared option (see `usual_values`).
        needs_model: whether a model must be named; the name of one that is not is empty.

    Raises:
        UsageError: a value can't be read, or no model is named.
    """
    like = values["like"]
    if like:
        _check_like(values)
    corpus = values["corpus"] and absolute_corpus(values["corpus"], load())
    values = dict(values) | {"corpus": corpus, "like": like and os.path.abspath(like)}
    _remember_files(values)
    for name, value in values.items():
        if not _is_text(value):
            option = "--" + name.replace("_", "-")
            raise UsageError(t("cli.holds_bytes_not_utf", option=option))
    values |= {"lengths": spelt_lengths(values["lengths"]), "depths": spelt_depths(values["depths"])}
    models = list(dict.fromkeys(values.pop("model") or []))
    if not models and not needs_model:
        models = [""]
    elif not all(models) or not models:
        raise UsageError(t("cli.no_model_named_give"))
    if len(models) > 1:
        raise UsageError(t("cli.command_takes_one_model"))
    unit = values.pop("length_unit") or "model"
    prompts = values.pop("prompt")
    vary = tuple(dict.fromkeys(part.strip() for part in values.pop("vary").split(",")))
    headers = values.pop("header") or []
    chosen = task_options(values.pop("task_option") or [])
    if values["task"] and values["experiment"] and not like:
        raise UsageError(t("cli.task_and_experiment"))
    extra = values.pop("extra_body")
    first, *more = values.pop("base_url") or [None]
    options = RunOptions(
        **values,
        model=models[0],
        length_unit=unit,
        base_url=first,
        more_urls=tuple(more),
        prompts=tuple(part.strip() for part in prompts.split(",") if part.strip()) if prompts else None,
        vary=vary,
        headers=header_values(headers),
        task_options=chosen,
        extra_body=_extra(extra),
    )
    check_adaptive(options)
    return like_options(options) if like else options


def _remember_files(values: Mapping[str, Any]) -> None:
    """Keep which files of the user's own this command line names, so that a run of them can be gone on with."""
    named = [
        *filter(os.path.isabs, corpus_choices(values["corpus"]).values()),
        *(m for m in values["model"] or () if m.endswith(".gguf")),
    ]
    if values["length_unit"] and is_tokenizer_file(values["length_unit"]):
        named.append(values["length_unit"].removeprefix("hf:"))
    if values["like"]:
        named.append(values["like"])
    remember_files(path for path in named if os.path.exists(path))


_OF_THE_OTHER = (
    "experiment task task_option lengths depths repeats vary length_unit calibrate repeat_corpus quick adaptive "
    "precision max_trials shard seed"
).split()
"""Options that `--like` takes from the other run, or that a run which cuts no prompts of its own can't have."""


def _check_like(values: Mapping[str, Any]) -> None:
    """Raise `UsageError` where an option says something that `--like` decides."""
    usual = usual_values()
    given = [name for name in _OF_THE_OTHER if values[name] != usual[name]]
    if given:
        raise UsageError(
            t("cli.like_takes_grid_texts", options=", ".join("--" + name.replace("_", "-") for name in given))
        )


def _is_text(value: Any) -> bool:
    """Say whether a value can be written down; bytes of the command line that are no UTF-8 came in as surrogates."""
    text = "".join(value) if isinstance(value, list) else str(value)
    return not any("\ud800" <= char <= "\udfff" for char in text)


def task_options(pairs: list[str]) -> dict[str, str]:
    """Read `--task-option NAME=VALUE`, given any number of times.

    Raises:
        UsageError: one is not of that form.
    """
    chosen = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(t("cli.task_options_form"))
        chosen[name.strip()] = value.strip()
    return chosen


def header_values(pairs: list[str]) -> dict[str, str]:
    """Read `--header NAME=VALUE`, given any number of times.

    Raises:
        UsageError: one is not of that form.
    """
    headers = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(t("cli.header_takes_name_value"))
        headers[name.strip()] = value.strip()
    return headers


def _extra(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(t("cli.extra_body_not_json", error=error)) from error
    if not isinstance(value, dict):
        raise UsageError(t("cli.extra_body_must_json"))
    check_extra(value)
    return value


def check_extra(value: Mapping[str, Any]) -> None:
    """Raise `UsageError` where further fields of a request hold one that this tool decides."""
    for name in value:
        if name in _OWN_FIELDS:
            raise UsageError(t("cli.extra_body_may_not", name=name, own_fields=_OWN_FIELDS[name]))
