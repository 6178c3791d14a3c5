"""What kind of server answers at an address, which models it has, and the window that it tells.

Kinds are llama.cpp and vLLM, which count tokens for others; every other server is `other`. Synchronous, because it
belongs to planning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer
from nihbench.endpoint.failures import parse_json
from nihbench.endpoint.masking import masked
from nihbench.endpoint.transport import Asker
from nihbench.errors import EndpointError

ServerKind = Literal["llama.cpp", "vllm", "other"]

_TIMEOUTS = Timeouts(connect_s=5.0, write_s=10.0, idle_s=10.0, total_s=30.0)
# A window or a count beyond this is none: numbers of any length can stand in JSON.
_MOST = 2**40

_MARK = re.compile(r"<\|[a-z_]{2,30}\|>|<(?:start|end)_of_turn>")
_MOST_MARKS = 8
_CACHE_CONFIG = re.compile(r"^vllm:cache_config_info\{([^\n]*)\}", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')

_ENGINES = {"llamacpp": "llama.cpp", "vllm": "vLLM", "sglang": "SGLang", "library": "Ollama"}
"""Who owns the models that an engine lists, and the engine's name. A gateway lists other owners, or several."""
_OWN_LISTS = (
    ("/api/tags", "models", {"digest", "size"}, "Ollama"),  # in /models a user's own models have the user's name
    ("/api/v0/models", "data", {"type", "state"}, "LM Studio"),
)
"""Lists that only one engine has: where, under which key, what each entry has, and the engine's name.

A server that answers every path alike has none of them: it is not known what it is.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerInfo:
    """What a server tells about itself. `window` is one request's, in tokens; `slots` how many it serves at once.

    `engine`: the name of the engine that it says it is, which runs the model itself; "" where it says none.
    `cache_block`: of how many tokens the blocks of its prefix cache are, 0 where it keeps none; None: it does not say.
    `marks`: what its chat template puts between messages, such as <|im_start|>, as far as it shows its template.
    """

    kind: ServerKind
    engine: str = ""
    models: tuple[str, ...] = ()
    window: int | None = None
    slots: int | None = None
    cache_block: int | None = None
    marks: tuple[str, ...] = ()


def probe(endpoint: Endpoint, *, model: str | None = None) -> ServerInfo:
    """Return what the server is; `model` picks whose window is told where it serves several.

    Source: GET {base_url}/models and GET /props at the server's root; what they refuse is simply not known.

    Raises:
        EndpointError: nothing answers at this address.
        UsageError: the environment's proxy or the file of authorities can't be used.
    """
    with Asker(endpoint, _TIMEOUTS) as client:
        listing = _get(client, endpoint, endpoint.url("/models"))
        data = listing.get("data")
        entries = [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
        owners = {entry.get("owned_by") for entry in entries}
        # Public services list their models; only a server that does not say who it is gets the second question.
        asks_props = not owners or "llamacpp" in owners
        props = _get(client, endpoint, endpoint.root_url("/props")) if asks_props else {}
        engine = _engine(client, endpoint, owners, props)
        cache_block = _cache_block(client, endpoint) if "vllm" in owners else None
    kind: ServerKind = "other"
    if "default_generation_settings" in props or "llamacpp" in owners:
        kind = "llama.cpp"
    elif "vllm" in owners:
        kind = "vllm"
    models = tuple(masked(entry["id"], endpoint.keys()) for entry in entries if isinstance(entry.get("id"), str))
    # One request's window is a slot's, where slots are told.
    window = size_of(props.get("default_generation_settings"), "n_ctx")
    window = listed_window(entries, model) if window is None else window
    return ServerInfo(
        kind=kind,
        engine=engine,
        models=models,
        window=window,
        slots=size_of(props, "total_slots"),
        cache_block=cache_block,
        marks=_marks(props.get("chat_template")),
    )


def _marks(template: object) -> tuple[str, ...]:
    """Return the marks in a chat template, each once."""
    if not isinstance(template, str):
        return ()
    return tuple(dict.fromkeys(_MARK.findall(template)))[:_MOST_MARKS]


def _engine(client: Asker, endpoint: Endpoint, owners: Collection[object], props: Mapping[str, Any]) -> str:
    """Return which engine a server says it is; the lists of single engines are asked for in one's own network only."""
    if "default_generation_settings" in props:
        return "llama.cpp"
    known = {_ENGINES.get(str(owner), "") for owner in owners}
    if len(known) == 1 and (name := known.pop()):
        return name
    if not endpoint.is_private:
        return ""
    for path, key, fields, name in _OWN_LISTS:
        entries = _get(client, endpoint, endpoint.root_url(path)).get(key)
        if isinstance(entries, list) and entries and all(isinstance(e, dict) and fields <= e.keys() for e in entries):
            return name
    return ""


def _cache_block(client: Asker, endpoint: Endpoint) -> int | None:
    """Return the size of a vLLM server's cache blocks, which differs by the device that it runs on.

    Source: vLLM's GET /metrics, vllm:cache_config_info.
    """
    try:
        response = client.get(endpoint.root_url("/metrics"))
    except NO_ANSWER:
        return None
    line = _CACHE_CONFIG.search(response.content.decode("utf-8", errors="replace"))
    if response.status_code != 200 or line is None:
        return None
    told = dict(_LABEL.findall(line[1]))
    if told.get("enable_prefix_caching", "").lower() == "false":
        return 0
    size = told.get("block_size", "")
    return int(size) if size.isascii() and size.isdigit() and 0 < len(size) < 7 and int(size) else None


def _get(client: Asker, endpoint: Endpoint, url: str) -> Mapping[str, Any]:
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
    return size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _MOST else None
