"""What a run would send, without asking the model: the exact prompt of a trial, or all requests as files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nihbench.app.events import Caller
from nihbench.app.options import is_gguf, run_options
from nihbench.app.running import now
from nihbench.app.wiring import introduce, outlined, prepared
from nihbench.catalog.loading import load_for
from nihbench.endpoint.access import ModelAccess
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import parse_depth, parse_length
from nihbench.run.batch_state import BatchFile, export_batch
from nihbench.run.like import begin_run
from nihbench.run.options import RunOptions
from nihbench.run.resolve import has_own_rows
from nihbench.run.setup import Setup
from nihbench.run.store import RunFolder, check_free
from nihbench.types import Message, ModelPreset, Placement, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a trial sends, and where its needle stands in it."""

    id: str
    trial: Trial
    messages: tuple[Message, ...]
    placement: Placement

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values (docs/formats.md)."""
        messages = [asdict(message) for message in self.messages]
        return {
            "id": self.id,
            "trial": self.trial.stored(),
            "placement": self.placement.stored(),
            "messages": messages,
        }

    def __str__(self) -> str:
        return as_text(self.messages)


def as_text(messages: Sequence[Message]) -> str:
    """Return messages for reading: each headed by its role where there are several."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)


def prompts_of(
    values: Mapping[str, Any], caller: Caller, *, length: str = "1000", depth: str = "50", repeat: int = 0
) -> tuple[Prompt, ...]:
    """Return the prompts of one cell, one for each prompt variant, as a run with the same options would send them.

    Args:
        values: the raw value of every option (`keywords`).
        caller: hears what a user should know.
        length: tokens of the whole request, such as 4k or 300t.
        depth: in percent, such as 50 or 50%.
        repeat: which repeat; 0 is the first.

    Raises:
        UsageError: the options can't be carried out, or the run that is repeated (`like`) sent no such prompt.
    """
    if repeat < 0:
        raise UsageError(t("cli.repeat_must_0_more", repeat=repeat))
    tokens, percent = round(parse_length(length, "--length")), parse_depth(depth, "--depth")
    one = {"lengths": f"{tokens}t", "depths": f"{percent}%", "repeats": repeat + 1, "controls": False, "shard": None}
    like = values["like"]
    if not like and has_own_rows(values["task"], values["experiment"]):
        del one["depths"]  # its rows are chosen as its options are
    with prepared(
        run_options({**values, **({"controls": False} if like else one)}, caller), caller, sending=False, draft=True
    ) as (setup, _):
        trials = [trial for trial in setup.trials if trial.repeat == repeat]
        if like:
            trials = [trial for trial in trials if trial.length == tokens and percent in trial.rows]
        if not trials:
            raise UsageError(t("cli.sent_no_prompt_tokens", run=like, length=tokens, depth=percent, repeat=repeat))
        made = []
        for trial in trials:
            messages, placement = setup.build(trial)
            assert isinstance(placement, Placement)
            made.append(Prompt(id=setup.trial_id(trial), trial=trial, messages=tuple(messages), placement=placement))
        return tuple(made)


# ---- the requests of a run as files, and the folder of a run to bring the answers into -------------------------------


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
    catalog = load_for(caller.tell_once)
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
    setup = outlined(options, model, caller).laid_out()
    introduce(setup, model, caller)
    yield setup
