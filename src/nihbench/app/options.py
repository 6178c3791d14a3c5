"""How the options of a run (`keywords`), of the command line or Python's, become a `RunOptions`."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from nihbench.app.events import Caller
from nihbench.app.keys import key_named, keys_file
from nihbench.app.keywords import OPTIONS, kind_of, usual_values
from nihbench.catalog.loading import load_for
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.connection import Endpoint, is_telling
from nihbench.endpoint.tokenizers import is_tokenizer_file
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, t
from nihbench.plan.grid import MAX_DEPTHS, MAX_LENGTHS, PLAIN_COUNT, count_of, is_count
from nihbench.run.addresses import NO_KEY, USUAL_KEY, address_of, belongs, is_below
from nihbench.run.known import WITHOUT_KEY, remember_files, remember_pairs
from nihbench.run.like import like_options
from nihbench.run.options import RunOptions, check_adaptive, without_secrets
from nihbench.run.texts import absolute_corpus, corpus_choices
from nihbench.types import CONDITIONS, ModelPreset

# ---- spelling --------------------------------------------------------------------------------------------------------
# A bare number for --lengths or --depths that may mean a number of steps or one value: asked back, or refused.
#
# Small ones are numbers of steps and pass. Stored options may be older than this rule, and are never asked about.


def spelt_lengths(spec: str | None, caller: Caller) -> str | None:
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
        return _chosen(caller, f"{number}t", None, question, refusal)
    question = t("cli.lengths_one_length_tokens_else", number=number)
    refusal = t("cli.lengths_mean_two_things", number=number)
    return _chosen(caller, f"{number}t", number, question, refusal)


def spelt_depths(spec: str | None, caller: Caller) -> str | None:
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
    return _chosen(caller, f"{number}%", steps, question, refusal)


def _is_doubtful(spec: str) -> bool:
    """Say whether a specification is a bare number that is too large to be surely one of steps."""
    return is_count(spec) and count_of(spec) > PLAIN_COUNT


def _chosen(caller: Caller, one: str, several: str | None, question: Message, refusal: Message) -> str:
    """Return which is meant; `several` None: there is nothing else that it could mean.

    Raises:
        UsageError: nobody can be asked, or it is meant as neither.
    """
    if caller.confirm is None:
        raise UsageError(refusal)
    chosen = one if caller.confirm(question) else several
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


def run_options(values: Mapping[str, Any], caller: Caller, *, needs_model: bool = True) -> RunOptions:
    """Turn raw option values into a `RunOptions`.

    Args:
        values: the raw value of every option (see `usual_values`).
        caller: asked what a number of two meanings means.
        needs_model: whether a model must be named; the name of one that is not is empty.

    Raises:
        UsageError: a value can't be read, or no model is named.
    """
    like = values["like"]
    if like:
        _check_like(values)
    elif values["task"] and values["experiment"]:
        raise UsageError(t("cli.task_and_experiment"))
    corpus = values["corpus"] and absolute_corpus(values["corpus"], load_for(caller.tell_once))
    values = dict(values) | {"corpus": corpus, "like": like and os.path.abspath(like)}
    _remember_files(values)
    _check_texts(values)
    values |= {"lengths": spelt_lengths(values["lengths"], caller), "depths": spelt_depths(values["depths"], caller)}
    first, *more = values.pop("base_url") or [None]
    prompts = values.pop("prompt")
    values |= {
        "model": _one_model(values["model"] or [], needed=needs_model),
        "repeats": 1 if values["repeats"] is None else values["repeats"],
        "length_unit": values["length_unit"] or "model",
        "base_url": first,
        "more_urls": tuple(more),
        "prompts": tuple(part.strip() for part in prompts.split(",") if part.strip()) if prompts else None,
        "vary": tuple(dict.fromkeys(part.strip() for part in values["vary"].split(","))),
        "headers": header_values(values.pop("header") or []),
        "task_options": _of_the_task(values),
        "extra_body": _extra(values["extra_body"]),
    }
    options = RunOptions(**values)
    check_adaptive(options)
    return like_options(options) if like else options


def _check_texts(values: Mapping[str, Any]) -> None:
    """Raise `UsageError` where a value can't be written down."""
    for name, value in values.items():
        if not _is_text(value):
            option = "--" + name.replace("_", "-")
            raise UsageError(t("cli.holds_bytes_not_utf", option=option))


def _one_model(names: Sequence[str], *, needed: bool) -> str:
    """Return the model that is named; "" where none is, and none is needed."""
    models = list(dict.fromkeys(names))
    if not models and not needed:
        return ""
    if not all(models) or not models:
        raise UsageError(t("cli.no_model_named_give"))
    if len(models) > 1:
        raise UsageError(t("cli.command_takes_one_model"))
    return models[0]


def _of_the_task(values: dict[str, Any]) -> dict[str, str]:
    """Take what is chosen of the task out of the values, the conditions among it."""
    chosen = task_options(values.pop("task_option") or [])
    conditions = {name: values.pop(name) for name in CONDITIONS}
    return chosen | {name: value for name, value in conditions.items() if value}


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
    "experiment task task_option haystack distractors lengths depths repeats vary length_unit calibrate repeat_corpus "
    "quick adaptive precision max_trials shard seed"
).split()
"""Options that `--like` takes from the other run, or that a run which cuts no prompts of its own can't have."""


def _check_like(values: Mapping[str, Any]) -> None:
    """Raise `UsageError` where an option says something that `--like` decides."""
    usual = usual_values()
    given = [name for name in _OF_THE_OTHER if values[name] != usual[name]]
    if given:
        raise UsageError(t("cli.like_takes_grid_texts", options=tuple("--" + name.replace("_", "-") for name in given)))


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


# ---- from Python -----------------------------------------------------------------------------------------------------
# Keywords become the raw values that the command line would have read, so that all of them mean the same.


def raw_values(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw value of every option, given Python's keywords; None is "not given", as a default is.

    Raises:
        UsageError: there is no such option, or it takes another kind of value.
    """
    values = usual_values()
    for name, value in keywords.items():
        if name not in OPTIONS:
            near = get_close_matches(name, OPTIONS, 1)
            raise UsageError(t("app.no_such_option_near", name=name, near=near[0]) if near else _unknown(name))
        if value is not None:
            values[name] = _raw(name, value)
    return values


def _unknown(name: str) -> Message:
    return t("app.no_such_option", name=name, known=tuple(OPTIONS))


def _raw(name: str, value: Any) -> Any:
    kind = get_args(OPTIONS[name].kind) or (OPTIONS[name].kind,)
    reader = _OWN_READERS.get(name) or _READERS[kind[0]]
    try:
        return reader(value)
    except (TypeError, ValueError):
        # Without the value: it may hold a key.
        raise UsageError(t("app.option_takes", name=name, given=type(value).__name__, kind=kind_of(name))) from None


def _text(value: Any) -> str:
    if isinstance(value, str | PathLike):
        return os.fspath(value)
    raise TypeError


def _texts(value: Any) -> list[str]:
    return [_text(value)] if isinstance(value, str | PathLike) else [_text(each) for each in _listed(value)]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError
    return operator.index(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _listed(value: Any) -> list[Any]:
    if isinstance(value, bytes | Mapping):
        raise TypeError
    return list(value)


def _joined(value: Any) -> str:
    """Read words: a text with commas, or a list."""
    return value if isinstance(value, str) else ",".join(map(_text, _listed(value)))


def _lengths(value: Any) -> str:
    """Read lengths: a specification, a number of steps, or a list of tokens."""
    if isinstance(value, str):
        return value
    return ",".join(f"{_whole(each)}t" for each in _listed(value)) if hasattr(value, "__iter__") else str(_whole(value))


def _depths(value: Any) -> str:
    """Read depths: a specification, a number of steps, or a list of percents."""
    if isinstance(value, str):
        return value
    return (
        ",".join(f"{_number(each)}%" for each in _listed(value)) if hasattr(value, "__iter__") else str(_whole(value))
    )


def _numbers(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(str(_number(each)) for each in _listed(value))


def _temperature(value: Any) -> str:
    return value if isinstance(value, str) else str(_number(value))


def _fields(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(dict(value))


def _headers(value: Any) -> list[str]:
    pairs = [f"{_text(name)}={_joined(text)}" for name, text in value.items()] if isinstance(value, Mapping) else value
    return _texts(pairs)


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    str: _text,
    list[str]: _texts,
    float: _number,
    int: _whole,
    bool: _flag,
}
_OWN_READERS: Mapping[str, Callable[[Any], Any]] = {
    "prompt": _joined,
    "vary": _joined,
    "lengths": _lengths,
    "depths": _depths,
    "price": _numbers,
    "temperature": _temperature,
    "extra_body": _fields,
    "header": _headers,
    "task_option": _headers,
    "distractors": _numbers,
}
"""What a program has at hand in another form than the command line."""


# ---- which model options and the environment name: its preset, the host that serves it, the key that goes there ------


def is_gguf(model: str) -> bool:
    """Say whether `--model` names a model file rather than a model."""
    return model.lower().endswith(".gguf")


def find_preset(options: RunOptions, catalog: Catalog) -> ModelPreset:
    """Return the preset of `--model`; any name will do together with a base URL.

    Raises:
        UsageError: the name is unknown and no server is given.
    """
    if is_gguf(options.model):
        stem = Path(options.model).stem
        return ModelPreset(name=stem, model=stem, base_url=options.base_url, concurrency=1)
    if options.model in catalog.models:
        preset = catalog.models[options.model]
        # An embedded model that is served already (`nih serve`) is a model of that server.
        if not options.base_url:
            return preset
        return replace(preset_at(preset, options.base_url), local=None)
    base_url = options.base_url or os.environ.get("OPENAI_BASE_URL")
    if not base_url:
        catalog.model(options.model)
        raise UsageError(t("cli.model_not_known_give", model=options.model))
    there = [known for known in catalog.models.values() if host_of(known.base_url) == host_of(base_url)]
    counter = next((known.counter for known in there if known.counter), None)
    batch = next((known.batch for known in there if known.batch), None)
    return ModelPreset(name=options.model, model=options.model, base_url=base_url, counter=counter, batch=batch)


def preset_at(preset: ModelPreset, url: str) -> ModelPreset:
    """Return a preset as it is asked at an address that the user named.

    A key in a header, or in a field, belongs to the preset's own address as one in a variable does; and another server,
    such as a gateway, need not have the service's counting endpoint, nor its cache.
    """
    if preset.base_url is None or is_below(url, address_of(preset.base_url)):
        return replace(preset, base_url=url)
    headers = {name: value for name, value in preset.headers.items() if not is_telling(name)}
    fields = {name: value for name, value in preset.extra_body.items() if not _has_secret({name: value})}
    return replace(preset, base_url=url, headers=headers, extra_body=fields, counter=None, cache=None, batch=None)


def has_secrets(preset: ModelPreset) -> bool:
    """Say whether a preset itself holds what may let somebody in: any header, or a field called as a secret is."""
    return bool(preset.headers) or _has_secret(preset.extra_body)


def _has_secret(fields: Mapping[str, Any]) -> bool:
    return without_secrets(fields) != dict(fields)


def key_for(options: RunOptions, preset: ModelPreset, catalog: Catalog, caller: Caller, *, sending: bool) -> str | None:
    """Return the key that goes to a model's server: one that the user named, or one that belongs there.

    Args:
        options: what the user named; a variable in it may go to the preset's address (`app.consent` sees to that where
            a run's folder says it).
        preset: the model, with its address.
        catalog: whose presets say which key belongs where.
        caller: told what a user should know of the file of keys.
        sending: whether the model will be asked, so that a missing key is an error.

    Raises:
        UsageError: the key that it needs is not there, or belongs to another server.
    """
    if options.api_key_env == NO_KEY:
        return None
    variable = options.api_key_env or preset.key_env or USUAL_KEY
    if not options.api_key_env and not belongs(variable, preset.base_url, catalog):
        if sending and (preset.key_env or (key_named(variable, caller) and not _is_near(preset.base_url))):
            # It was named alone, and the key would have gone to another one.
            raise UsageError(t("cli.key_not_known_belong", variable=variable, host=host_of(preset.base_url)))
        return None
    key = key_named(variable, caller)
    if not key and sending and (options.api_key_env or preset.key_env):
        raise UsageError(t("cli.no_key_set_environment", preset_name=preset.name, variable=variable, path=keys_file()))
    return key


def remember(options: RunOptions, catalog: Catalog) -> None:
    """Keep which servers, with which variables, the user named on this command line, but for a preset's own.

    What a run's folder says is among the options only where that is known already (`app.consent`).
    """
    variable = WITHOUT_KEY if options.api_key_env in (None, "", NO_KEY) else str(options.api_key_env)
    urls: tuple[str | None, ...] = (options.base_url, *options.more_urls)
    if options.base_url is None and options.model in catalog.models:
        urls = (catalog.models[options.model].base_url if variable else None,)
    named = [url for url in urls if url and not (belongs(variable, url, catalog) if variable else False)]
    remember_pairs((address, variable) for url in named if (address := address_of(url)))


def host_of(url: str | None) -> str:
    """Return the host of an address, "" where it has none."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def _is_near(url: str | None) -> bool:
    """Say whether a server is on this machine or in a private network, where servers seldom want a key."""
    try:
        return Endpoint(base_url=url or "").is_private
    except UsageError:
        return False
