"""Which model options and the environment name: its preset, the host that serves it, the key that goes there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nihbench.app.events import Caller
from nihbench.app.keys import key_named, keys_file
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.connection import Endpoint, is_telling
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.addresses import NO_KEY, USUAL_KEY, address_of, belongs, is_below
from nihbench.run.known import WITHOUT_KEY, remember_pairs
from nihbench.run.options import RunOptions, without_secrets
from nihbench.types import ModelPreset


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
            raise _not_named(variable, preset)
        return None
    key = key_named(variable, caller)
    if not key and sending and (options.api_key_env or preset.key_env):
        raise UsageError(t("cli.no_key_set_environment", preset_name=preset.name, variable=variable, path=keys_file()))
    return key


def _not_named(variable: str, preset: ModelPreset) -> UsageError:
    """Return the error for a server that was named alone, where a key would have gone to another one."""
    return UsageError(t("cli.key_not_known_belong", variable=variable, host=host_of(preset.base_url)))


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
