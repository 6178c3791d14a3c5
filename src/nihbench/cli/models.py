"""`nih models`: the presets, or what a server has."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.app.options import is_gguf, key_for, remember
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show, show_json
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.servers import probe
from nihbench.errors import LocalModelError, UsageError
from nihbench.lang.messages import plain, said, t, typed
from nihbench.local.server import LocalServer, model_file
from nihbench.run.options import RunOptions, header_digest, without_secrets
from nihbench.types import ModelPreset


def models(base_url: str | None, api_key_env: str | None, as_json: bool) -> None:
    """List the model presets, or the models of a server."""
    if base_url is not None:
        info = probe(Endpoint(base_url=base_url, api_key=_key(base_url, api_key_env)))
        if as_json:
            show_json(asdict(info))
            return
        server = (
            t("cli.server_window_tokens", kind=info.kind, tokens=info.window)
            if info.window
            else t("cli.server", kind=info.kind)
        )
        show("\n".join([said(server), *(f"  {plain(name)}" for name in info.models)]))
        return
    presets = load_for(terminal().tell_once).models.values()
    if as_json:
        show_json([_shown(preset) for preset in presets])
        return
    show("\n".join(_line(preset) for preset in presets))


def _shown(preset: ModelPreset) -> dict[str, Any]:
    """Return a preset as JSON has it: of headers, and of a body's secrets, a digest."""
    headers = {name: header_digest(value) for name, value in preset.headers.items()}
    return asdict(preset) | {"headers": headers, "extra_body": without_secrets(preset.extra_body)}


def _key(base_url: str, api_key_env: str | None) -> str | None:
    """Return the key that goes to a server of which nothing but its address is known."""
    caller, options = terminal(), RunOptions(model="", base_url=base_url, api_key_env=api_key_env)
    catalog = load_for(caller.tell_once)
    key = key_for(options, ModelPreset(name="", model="", base_url=base_url), catalog, caller, sending=True)
    remember(options, catalog)
    return key


def _line(preset: ModelPreset) -> str:
    window = f"{preset.window:,}" if preset.window else "?"
    where = t("cli.embedded") if preset.local else (preset.base_url or "")
    shown = (
        (t("cli.reasoning"), preset.reasoning),
        (t("cli.retired"), preset.retired),
        (t("cli.unchecked"), preset.unchecked),
    )
    marks = " ".join(said(mark) for mark, on in shown if on)
    return f"{preset.name:<28} {window:>10}  {preset.key_env or '-':<20} {said(where)} {marks}".rstrip()


# ---- serve -----------------------------------------------------------------------------------------------------------
# `nih serve`: the embedded model as an OpenAI-compatible server, for other programs or for trying things out.


def serve(model: str, port: int, slots: int, window: int) -> None:
    """Serve a local model until Ctrl-C."""
    if slots < 1:
        raise UsageError(t("cli.slots_must_least_1", slots=slots))
    if window < 0:
        raise UsageError(t("cli.window_must_0_trained", window=window))
    if is_gguf(model):
        path, alias = Path(model), None
    else:
        preset = load_for(terminal().tell_once).model(model)
        if preset.local is None:
            raise UsageError(t("cli.not_embedded_model_name", model=model))
        path, alias = model_file(preset.local, report=terminal().fetching), preset.model
    with LocalServer(path, alias=alias, port=port, slots=slots, window=window) as server:
        show(server.base_url)
        note(t("cli.serving_try_nih_run", path_name=path.name, alias=typed(server.alias), base_url=server.base_url))
        while server.alive():
            time.sleep(0.5)
        raise LocalModelError(t("cli.server_stopped_itself", log_tail=server.log_tail()))
