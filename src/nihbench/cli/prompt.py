"""`nih prompt`: one trial's exact prompt and placement, without asking the model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nihbench.cli.catalogs import load
from nihbench.cli.options import run_options
from nihbench.cli.output import FetchReport, for_terminal, note, show, show_json
from nihbench.cli.wiring import prepared
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import parse_depth, parse_length
from nihbench.run.rebuild import find_record, rebuild_prompt
from nihbench.run.resolve import has_own_rows
from nihbench.run.store import open_run
from nihbench.run.stored import corpus_of
from nihbench.run.texts import load_corpus
from nihbench.types import Message, Placement


def prompt(options: dict[str, Any], length: str, depth: str, repeat: int, as_json: bool) -> None:
    """Print the exact messages of one trial, as a run with the same options would send them."""
    if repeat < 0:
        raise UsageError(t("cli.repeat_must_0_more", repeat=repeat))
    tokens, percent = round(parse_length(length, "--length")), parse_depth(depth, "--depth")
    one = {
        "lengths": f"{tokens}t",
        "depths": f"{percent}%",
        "repeats": repeat + 1,
        "controls": False,
        "shard": None,
    }
    if has_own_rows(options["task"], options["experiment"]):
        del one["depths"]
    values = options | ({"controls": False} if options["like"] else one)
    with prepared(run_options(values), sending=False, draft=True) as (setup, _):
        trials = [trial for trial in setup.trials if trial.repeat == repeat]
        if options["like"]:
            trials = [trial for trial in trials if trial.length == tokens and percent in trial.rows]
        if not trials:
            raise UsageError(
                t("cli.sent_no_prompt_tokens", run=options["like"], length=tokens, depth=percent, repeat=repeat)
            )
        built = [(trial, *setup.build(trial)) for trial in trials]
        if as_json:
            show_json([_as_json(setup.trial_id(trial), trial, messages, place) for trial, messages, place in built])
            return
        for trial, messages, place in built:
            assert isinstance(place, Placement)
            show(for_terminal(as_text(messages)))
            note(
                t(
                    "cli.tokens_needle_asked_id",
                    prompt=trial.prompt,
                    total_tokens=place.total_tokens,
                    length=trial.length,
                    achieved_depth_percent=place.achieved_depth_percent,
                    depth_percent=trial.depth_percent,
                    trial_id=setup.trial_id(trial),
                )
            )


def as_text(messages: Sequence[Message]) -> str:
    """Return messages for reading: each headed by its role where there are several."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)


def _as_json(trial_id: str, trial: Any, messages: Sequence[Message], placement: Any) -> dict[str, Any]:
    return {
        "id": trial_id,
        "trial": trial.stored(),
        "placement": placement.stored(),
        "messages": [asdict(message) for message in messages],
    }


# ---- `nih rebuild`: a prompt that was sent, made again byte for byte -------------------------------------------------


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
