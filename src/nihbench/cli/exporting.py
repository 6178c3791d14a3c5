"""`nih batch export`: the requests of a run as files, and the folder of a run to bring the answers into."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.app.exporting import write_requests
from nihbench.app.options import run_options
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show, show_json
from nihbench.lang.messages import said, t
from nihbench.run.export import BATCH_FOLDER


def export(options: dict[str, Any], out: Path, max_requests: int, max_file_mb: float | None, as_json: bool) -> None:
    """Write a run's requests in OpenAI's batch format, and a run's folder for the answers."""
    caller = terminal()
    asked = run_options(options, caller)
    folder, files = write_requests(asked, out, caller, max_requests=max_requests, max_file_mb=max_file_mb)
    if as_json:
        show_json([asdict(file) for file in files])
        return
    for file in files:
        path = folder.path / BATCH_FOLDER / file.name
        size = t("cli.requests_bytes", requests=file.requests, bytes=file.size_bytes)
        show(f"{path}  {said(size)}")
