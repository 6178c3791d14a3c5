"""What kind of server answers at an address, which models it has, and the window that it tells.

For llama.cpp and vLLM; every other server is `other`. Synchronous, because it belongs to planning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer
from nihbench.endpoint.error_body import parse_json
from nihbench.endpoint.transport import sync_client
from nihbench.errors import EndpointError

ServerKind = Literal["llama.cpp", "vllm", "other"]

_TIMEOUTS = Timeouts(connect_s=5.0, write_s=10.0, idle_s=10.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerInfo:
    """What a server tells about itself. `window` is one request's, in tokens; `slots` how many it serves at once."""

    kind: ServerKind
    models: tuple[str, ...] = ()
    window: int | None = None
    slots: int | None = None


def probe(endpoint: Endpoint, *, model: str | None = None) -> ServerInfo:
    """Return what the server is; `model` picks whose window is told where it serves several.

    Source: GET {base_url}/models and GET /props at the server's root; what they refuse is simply not known.

    Raises:
        EndpointError: nothing answers at this address.
        UsageError: the environment's proxy or the file of authorities can't be used.
    """
    with sync_client(endpoint, _TIMEOUTS) as client:
        listing = _get(client, endpoint, endpoint.url("/models"))
        data = listing.get("data")
        entries = [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
        owners = {entry.get("owned_by") for entry in entries}
        # Public services list their models; only a server that does not say who it is gets the second question.
        asks_props = not owners or "llamacpp" in owners
        props = _get(client, endpoint, endpoint.root_url("/props")) if asks_props else {}
    kind: ServerKind = "other"
    if "default_generation_settings" in props or "llamacpp" in owners:
        kind = "llama.cpp"
    elif "vllm" in owners:
        kind = "vllm"
    models = tuple(entry["id"] for entry in entries if isinstance(entry.get("id"), str))
    # One request's window is a slot's, where slots are told.
    window = size_of(props.get("default_generation_settings"), "n_ctx")
    window = listed_window(entries, model) if window is None else window
    return ServerInfo(kind=kind, models=models, window=window, slots=size_of(props, "total_slots"))


def _get(client: httpx.Client, endpoint: Endpoint, url: str) -> Mapping[str, Any]:
    """Return the JSON object at `url`; an empty one where the server has nothing to say there."""
    try:
        response = client.get(url)
        value = parse_json(response.content) if response.status_code == 200 else {}
    except httpx.ReadTimeout:
        return {}
    except NO_ANSWER as error:
        raise EndpointError(no_answer(error, endpoint)[1]) from error
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def listed_window(entries: Sequence[Mapping[str, Any]], model: str | None) -> int | None:
    """Return the window in tokens that a list of models gives for `model`; for its first where none is named.

    A server of one model answers to any name, so that its only entry counts.
    """
    other = entries[0] if entries and (not model or len(entries) == 1) else {}
    asked = next((entry for entry in entries if entry.get("id") == model), other)
    # In turn as vLLM and SGLang, as Moonshot and OpenRouter, and as others name it.
    names = ("max_model_len", "context_length", "context_window", "max_context_length")
    sizes = [size_of(asked, name) for name in names] + [size_of(asked.get("meta"), "n_ctx")]
    return next((size for size in sizes if size is not None), None)


def size_of(value: object, key: str) -> int | None:
    """Return the number of tokens (or of slots) that a JSON object has under a key, None where it has none."""
    size = value.get(key) if isinstance(value, dict) else None
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None
