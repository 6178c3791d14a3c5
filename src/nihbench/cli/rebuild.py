"""`nih rebuild`: a prompt that was sent, made again byte for byte."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Optional

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.output import FetchReport, command, for_terminal, show_json
from nihbench.cli.prompt import as_text

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time


@command
def rebuild(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    trial: Annotated[str, typer.Argument(help="The trial's id, or its beginning.")],
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="Where the run's own text is now, if it was moved.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the messages as JSON (exact for several).")] = False,
) -> None:
    """Print the exact prompt of a recorded trial; its hash is checked against what was sent."""
    from nihbench.run.rebuild import find_record, rebuild_prompt
    from nihbench.run.store import open_run
    from nihbench.run.stored import corpus_of
    from nihbench.run.texts import load_corpus

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
