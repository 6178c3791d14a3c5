"""`nih rebuild`: a prompt that was sent, made again byte for byte."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from nihbench.cli.catalogs import load
from nihbench.cli.output import FetchReport, for_terminal, show_json
from nihbench.cli.prompt import as_text
from nihbench.run.rebuild import find_record, rebuild_prompt
from nihbench.run.store import open_run
from nihbench.run.stored import corpus_of
from nihbench.run.texts import load_corpus


def rebuild(run: Path, trial: str, corpus: str | None, as_json: bool) -> None:
    """Print the exact prompt of a recorded trial; its hash is checked against what was sent."""
    folder = open_run(run)
    record = find_record(folder.records(), trial)
    used = folder.manifest["corpus"]["sha256"]
    catalog = load()
    name = corpus or corpus_of(folder.manifest, folder.path, catalog)
    text = load_corpus(catalog, name, Path.cwd(), FetchReport(), used)
    messages = rebuild_prompt(folder, record, text)
    if as_json:
        show_json([asdict(message) for message in messages])
        return
    # Bytes, not text: a line end must not be translated, and nothing may be added.
    sys.stdout.buffer.write(for_terminal(as_text(messages)).encode("utf-8"))
    sys.stdout.buffer.flush()
