"""models.yaml's entries as model presets: a provider's keys, then the model's own, then those of the user's file.

A later file's entry of the same name adds to the earlier one key by key, so that a user can give a price or
another address without repeating the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nihbench.catalog.document import Sourced
from nihbench.catalog.lookup import Broken, unknown
from nihbench.catalog.schema import ModelEntry, ModelsFile, ProviderEntry
from nihbench.errors import CatalogError
from nihbench.lang.messages import t
from nihbench.types import BatchTerms, LocalModel, ModelPreset, PriceTier

_OUTPUT_TOKENS = 300
_REASONING_OUTPUT_TOKENS = 8192
_MERGED_KEYS = ("extra_body", "headers")


def make_presets(files: Sequence[Sourced[ModelsFile]], broken: Broken) -> dict[str, ModelPreset]:
    """Return the presets of all files, the packaged one first; one with a contradiction goes into `broken`."""
    providers: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, provider in (file.value.providers or {}).items():
            providers[name] = _over(providers.get(name, {}), _given(provider))
    for file in files:
        for name, model in (file.value.models or {}).items():
            source = Sourced(value=model, document=file.document, where=("models", name))
            try:
                _check(source, providers, broken)
            except CatalogError as error:
                broken["models", name] = error
            models[name] = _over(models.get(name, {}), _given(model))
    for name, given in models.items():
        if ("providers", given.get("provider")) in broken:
            broken.setdefault(("models", name), broken["providers", str(given["provider"])])
    sound = {name: given for name, given in models.items() if ("models", name) not in broken}
    return {name: _preset(name, given, providers) for name, given in sound.items()}


def _given(entry: ProviderEntry) -> dict[str, Any]:
    """Return the keys that the file really holds; a default must not hide an earlier value."""
    return entry.model_dump(exclude_unset=True)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one entry's keys over another's; request fields and headers are joined, not replaced."""
    joined = {key: {**below.get(key, {}), **above[key]} for key in _MERGED_KEYS if key in above}
    return {**below, **above, **joined}


def _check(source: Sourced[ModelEntry], providers: Mapping[str, object], broken: Broken) -> None:
    entry = source.value
    if ("providers", entry.provider) in broken:
        return  # its mistake is the provider's
    if entry.provider is not None and entry.provider not in providers:
        raise source.error(unknown(t("catalog.provider"), entry.provider, providers), "provider")
    if entry.prices and entry.prices_as_of is None:
        raise source.error(t("catalog.prices_need_their_day"), "prices")
    bounds = [math.inf if tier.up_to is None else tier.up_to for tier in entry.prices]
    if bounds != sorted(set(bounds)):
        message = t("catalog.price_tiers_must_rise")
        raise source.error(message, "prices")


def _preset(name: str, given: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]]) -> ModelPreset:
    fields = _over(providers.get(given.get("provider") or "", {}), given)
    fields.pop("provider", None)
    fields["name"] = name
    fields["prices"] = tuple(PriceTier(**{"up_to": None, **tier}) for tier in fields.get("prices", ()))
    if fields.get("model") is None:
        fields["model"] = name
    if fields.get("max_output") is None:
        fields["max_output"] = _REASONING_OUTPUT_TOKENS if fields.get("reasoning") else _OUTPUT_TOKENS
    if fields.get("batch") is not None:
        fields["batch"] = BatchTerms(**fields["batch"])
    # So files of the user's own said it before there was a key for it.
    fields["unchecked"] = fields.get("unchecked", fields.get("note") == "unchecked")
    if fields.get("local") is not None:
        fields["local"] = LocalModel(**fields["local"])
    return ModelPreset(**fields)
