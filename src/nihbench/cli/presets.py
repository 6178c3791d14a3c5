"""Which model the options and the environment name: its preset, the host that serves it, the key that goes there."""

from __future__ import annotations

import os
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nihbench.cli.keys import key_named, keys_file
from nihbench.cli.output import note
from nihbench.errors import UsageError
from nihbench.lang import t

if TYPE_CHECKING:
    from nihbench.catalog import Catalog
    from nihbench.run import RunOptions
    from nihbench.types import ModelPreset

_USUAL_KEY = "OPENAI_API_KEY"
"""Read for a model that has no key variable of its own."""


def is_gguf(model: str) -> bool:
    """Say whether `--model` names a model file rather than a model."""
    return model.lower().endswith(".gguf")


def find_preset(options: RunOptions, catalog: Catalog) -> ModelPreset:
    """Return the preset of `--model`; any name will do together with a base URL.

    Raises:
        UsageError: the name is unknown and no server is given.
    """
    from nihbench.types import ModelPreset

    if is_gguf(options.model):
        stem = Path(options.model).stem
        return ModelPreset(name=stem, model=stem, base_url=options.base_url, concurrency=1)
    if options.model in catalog.models:
        preset = catalog.models[options.model]
        # An embedded model that is served already (`nih serve`) is a model of that server.
        if not options.base_url:
            return preset
        # Another server, such as a gateway, need not have the service's counting endpoint, nor its cache.
        same = preset.base_url is None or host_of(options.base_url) == host_of(preset.base_url)
        counter, cache, batch = (preset.counter, preset.cache, preset.batch) if same else (None, None, None)
        return replace(preset, base_url=options.base_url, local=None, counter=counter, cache=cache, batch=batch)
    base_url = options.base_url or os.environ.get("OPENAI_BASE_URL")
    if not base_url:
        catalog.model(options.model)
        raise UsageError(
            t("the model {model!r} is not known: give --base-url as well, or see `nih models`", model=options.model)
        )
    there = [known for known in catalog.models.values() if host_of(known.base_url) == host_of(base_url)]
    counter = next((known.counter for known in there if known.counter), None)
    batch = next((known.batch for known in there if known.batch), None)
    return ModelPreset(name=options.model, model=options.model, base_url=base_url, counter=counter, batch=batch)


def key_for(variable: str | None, preset: ModelPreset, sending: bool) -> str | None:
    """Return the key that goes to a model's server; a note says where the usual one goes.

    Raises:
        UsageError: the model will be asked, and the key that it needs is not there.
    """
    if variable is None:
        key = key_named(_USUAL_KEY)
        host = host_of(preset.base_url)
        if key and host != "api.openai.com" and not _is_loopback(host):
            note(
                t(
                    "note: the key in {usual_key} is sent to {host}: name another variable by --api-key-env",
                    usual_key=_USUAL_KEY,
                    host=host,
                )
            )
        return key
    key = key_named(variable)
    if not key and sending:
        raise UsageError(
            t(
                "no key for {preset_name}: set the environment variable {variable} (or put {variable}=KEY into "
                "{path}), or name another by --api-key-env",
                preset_name=preset.name,
                variable=variable,
                path=keys_file(),
            )
        )
    return key


def host_of(url: str | None) -> str:
    """Return the host of an address, "" where it has none."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
