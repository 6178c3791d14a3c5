"""The requests of a run as files, and the folder of a run to bring the answers into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nihbench.app.catalogs import load
from nihbench.app.events import Caller
from nihbench.app.presets import is_gguf
from nihbench.app.running import now
from nihbench.app.wiring import introduce, outlined, prepared
from nihbench.endpoint.access import ModelAccess
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.export import BatchFile, export_batch
from nihbench.run.like import begin_run
from nihbench.run.options import RunOptions
from nihbench.run.setup import Setup
from nihbench.run.store import RunFolder, check_free
from nihbench.types import ModelPreset

_FILE_MB = 200.0


def write_requests(
    options: RunOptions, out: Path, caller: Caller, *, max_requests: int, max_file_mb: float | None
) -> tuple[RunFolder, tuple[BatchFile, ...]]:
    """Export a run's requests into a new folder.

    Raises:
        UsageError: a bound is none, the folder holds a run, or the options can't be carried out.
    """
    if max_requests < 1 or not (max_file_mb is None or 0 < max_file_mb < 1e9):
        raise UsageError(t("cli.max_requests_must_least"))
    with _exportable(options, caller) as setup:
        check_free(out)
        terms = setup.preset.batch
        size_mb = max_file_mb or (terms.max_file_mb if terms else None) or _FILE_MB
        files = export_batch(setup, out, most_requests=max_requests, most_bytes=round(size_mb * 1_000_000))
        # Last, so that an export that was broken off can be made again.
        folder = begin_run(out, setup, now().isoformat(timespec="seconds"))
        if setup.headers:
            caller.tell(t("cli.note_header_belongs_request"))
    return folder, files


@contextmanager
def _exportable(options: RunOptions, caller: Caller) -> Iterator[Setup]:
    """Resolve options; a model of any name will do without a server, for an engine that works files off needs none."""
    catalog = load(caller)
    nowhere = not (options.base_url or os.environ.get("OPENAI_BASE_URL") or options.model in catalog.models)
    if not nowhere or is_gguf(options.model):
        with prepared(options, caller, sending=False) as (setup, _):
            yield setup
        return
    caller.tell(t("cli.note_no_preset_no", model=options.model))
    model = ModelAccess(
        preset=ModelPreset(name=options.model, model=options.model),
        server=None,
        server_tokenizer=None,
        model_sha256=None,
        key=None,
        headers=options.headers,
    )
    setup = outlined(options, catalog, model, caller).laid_out()
    introduce(setup, model, caller)
    yield setup
