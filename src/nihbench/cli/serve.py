"""`nih serve`: the embedded model as an OpenAI-compatible server, for other programs or for trying things out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.output import FetchReport, command, note, show
from nihbench.errors import LocalModelError, UsageError
from nihbench.lang.messages import t, typed


@command
def serve(
    model: Annotated[str, typer.Option("--model", "-m", help="An embedded preset, or a .gguf file.")] = "smollm2-135m",
    port: Annotated[int, typer.Option("--port", help="The port on 127.0.0.1; 0 takes a free one.")] = 8080,
    slots: Annotated[int, typer.Option("--slots", help="Requests served at once.")] = 1,
    window: Annotated[int, typer.Option("--window", help="Tokens of one request; 0: as trained.")] = 0,
) -> None:
    """Serve a local model until Ctrl-C."""
    from nihbench.cli.presets import is_gguf
    from nihbench.local.model_file import model_file
    from nihbench.local.server import LocalServer

    if slots < 1:
        raise UsageError(t("--slots must be at least 1, not {slots}", slots=slots))
    if window < 0:
        raise UsageError(t("--window must be 0 (as trained) or more, not {window}", window=window))
    if is_gguf(model):
        path, alias = Path(model), None
    else:
        preset = load().model(model)
        if preset.local is None:
            raise UsageError(t("{model!r} is not an embedded model: name smollm2-135m or a .gguf file", model=model))
        path, alias = model_file(preset.local, report=FetchReport()), preset.model
    with LocalServer(path, alias=alias, port=port, slots=slots, window=window) as server:
        show(server.base_url)
        note(
            t(
                "serving {path_name}; try: nih run --model {alias} --base-url {base_url} --quick",
                path_name=path.name,
                alias=typed(server.alias),
                base_url=server.base_url,
            )
        )
        while server.alive():
            time.sleep(0.5)
        raise LocalModelError(t("the server stopped by itself: {log_tail}", log_tail=server.log_tail()))
