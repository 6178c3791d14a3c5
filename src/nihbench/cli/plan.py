"""`nih plan`, `prompt`, `rebuild` and `batch export`: what a run would send, or has sent; no model is asked."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.app.options import run_options
from nihbench.app.planning import SIDE, plan_of
from nihbench.app.prompting import as_text, prompts_of, write_requests
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import terminal
from nihbench.cli.output import for_terminal, note, show, show_json, tell
from nihbench.lang.messages import said, t
from nihbench.run.batch_state import BATCH_FOLDER
from nihbench.run.like import find_record, rebuild_prompt
from nihbench.run.store import open_run
from nihbench.run.stored import corpus_of
from nihbench.run.texts import load_corpus

# ---- `nih plan` ------------------------------------------------------------------------------------------------------


def plan(
    options: dict[str, Any], suite: str | None, prefill_speed: float | None, answer_speed: float | None, as_json: bool
) -> None:
    """Show what a run would send, cost and take, in tokens, dollars and time. No model is called."""
    made = plan_of(options, suite, terminal(), prefill_speed=prefill_speed, answer_speed=answer_speed)
    if as_json:
        show_json(made.as_json())
    else:
        tell(str(made), hanging=SIDE)


# ---- `nih prompt`: one trial's exact prompt and placement, without asking the model ----------------------------------


def prompt(options: dict[str, Any], length: str, depth: str, repeat: int, as_json: bool) -> None:
    """Print the exact messages of one trial, as a run with the same options would send them."""
    made = prompts_of(options, terminal(), length=length, depth=depth, repeat=repeat)
    if as_json:
        show_json([each.as_json() for each in made])
        return
    for each in made:
        show(for_terminal(str(each)))
        note(
            t(
                "cli.tokens_needle_asked_id",
                prompt=each.trial.prompt,
                total_tokens=each.placement.total_tokens,
                length=each.trial.length,
                achieved_depth_percent=each.placement.achieved_depth_percent,
                depth_percent=each.trial.depth_percent,
                trial_id=each.id,
            )
        )


# ---- `nih rebuild`: a prompt that was sent, made again byte for byte -------------------------------------------------


def rebuild(run: Path, trial: str, corpus: str | None, as_json: bool) -> None:
    """Print the exact prompt of a recorded trial; its hash is checked against what was sent."""
    folder = open_run(run)
    record = find_record(folder.records(), trial)
    used = folder.manifest.corpus.sha256
    catalog = load_for(terminal().tell_once)
    name = corpus or corpus_of(folder.manifest, folder.path, catalog)
    text = load_corpus(catalog, name, Path.cwd(), terminal().fetching, used)
    messages = rebuild_prompt(folder, record, text)
    if as_json:
        show_json([asdict(message) for message in messages])
        return
    # Bytes, not text: a line end must not be translated, and nothing may be added.
    sys.stdout.buffer.write(for_terminal(as_text(messages)).encode("utf-8"))
    sys.stdout.buffer.flush()


# ---- `nih batch export`: the requests of a run as files, and a run's folder for the answers --------------------------


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
