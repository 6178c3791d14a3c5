"""`nih serve`: the embedded model as an OpenAI-compatible server, for other programs or for trying things out."""

from __future__ import annotations

import time
from pathlib import Path

from nihbench.cli.catalogs import load
from nihbench.cli.output import FetchReport, note, show
from nihbench.cli.presets import is_gguf
from nihbench.errors import LocalModelError, UsageError
from nihbench.lang.messages import t, typed
from nihbench.local.model_file import model_file
from nihbench.local.server import LocalServer


def serve(model: str, port: int, slots: int, window: int) -> None:
    """Serve a local model until Ctrl-C."""
    if slots < 1:
        raise UsageError(t("cli.slots_must_least_1", slots=slots))
    if window < 0:
        raise UsageError(t("cli.window_must_0_trained", window=window))
    if is_gguf(model):
        path, alias = Path(model), None
    else:
        preset = load().model(model)
        if preset.local is None:
            raise UsageError(t("cli.not_embedded_model_name", model=model))
        path, alias = model_file(preset.local, report=FetchReport()), preset.model
    with LocalServer(path, alias=alias, port=port, slots=slots, window=window) as server:
        show(server.base_url)
        note(t("cli.serving_try_nih_run", path_name=path.name, alias=typed(server.alias), base_url=server.base_url))
        while server.alive():
            time.sleep(0.5)
        raise LocalModelError(t("cli.server_stopped_itself", log_tail=server.log_tail()))
