"""The run that every fault is played against: 60 trials over a small text of its own, prepared as `nih run` does it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.scripted.server import Known, key_of
from nihbench.catalog.loading import load
from nihbench.endpoint.access import ModelAccess, open_model
from nihbench.fetch.files import silent
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of
from nihbench.run.setup import Setup
from nihbench.types import ModelPreset

WINDOW = 8000
LENGTHS = "300,420,560,700"
DEPTHS = "15"
_SUBJECTS = "The ferry|A grey lantern|Old Mr. Hale|The miller's cousin|Nobody at the quay|Her patient letter".split("|")
_VERBS = "crossed|forgot|repaired|counted|carried|watched".split("|")
_OBJECTS = "the crooked bridge|three barrels|a borrowed blanket|the market|an honest ledger|the hillside".split("|")


def write_corpus(path: Path, sentences: int = 220) -> Path:
    """Write a text that no one has written, the same every time; some ten tokens a sentence."""
    draw = random.Random(11)
    lines = [
        f"{draw.choice(_SUBJECTS)} {draw.choice(_VERBS)} {draw.choice(_OBJECTS)} before day {number}."
        for number in range(sentences)
    ]
    path.write_text(" ".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A prepared run, its trials' ids in the plan's order, and what the server has to know of them.

    `sharing`: for every prompt, in the order of the plan, the ids of the trials that send it. Without controls each
    prompt has one trial; the sentinels all send a prompt of the grid, and closed-book trials of a fixed question each
    other's.
    """

    setup: Setup
    model: ModelAccess
    ids: tuple[str, ...]
    known: dict[str, Known]
    sharing: tuple[tuple[str, ...], ...]

    def at(self, base_url: str, ca_file: Path | None = None) -> Plan:
        """Return the same plan for a server at another address."""
        preset = replace(self.setup.preset, base_url=base_url)
        return replace(
            self,
            setup=replace(self.setup, preset=preset),
            model=replace(self.model, preset=preset, ca_file=ca_file),
        )


def make_plan(folder: Path, **options: object) -> Plan:
    """Prepare the run in `folder`; the model's tokenizer and template are known, so that counts are exact."""
    corpus = write_corpus(folder / "corpus.txt")
    values: dict[str, object] = {"model": "x", "corpus": str(corpus), "lengths": LENGTHS, "depths": DEPTHS}
    values |= {"prompts": ("kamradt-0.1.0",)}  # it has a system message
    chosen = RunOptions(**(values | {"window": WINDOW, "concurrency": 12} | options))  # type: ignore[arg-type]
    preset = ModelPreset(
        name="x",
        model="x",
        base_url="http://127.0.0.1:9/v1",
        tokenizer="cl100k_base",
        message_overhead=4,
        reply_overhead=3,
        max_output=60,
    )
    with open_model(preset, key=None, headers={}, ask_server=False) as model:
        setup = outline_of(chosen, load(), model, folder=folder, report=silent).laid_out()
    known: dict[str, Known] = {}
    sharing: dict[str, list[str]] = {}
    for trial in setup.trials:
        messages, placement = setup.build(trial)
        key = key_of([{"content": message.content} for message in messages])
        blind = trial.control in ("closed_book", "no_needle")
        known.setdefault(key, Known(index=len(known), tokens=placement.total_tokens, blind=blind))
        sharing.setdefault(key, []).append(setup.trial_id(trial))
    ids = tuple(setup.trial_id(trial) for trial in setup.trials)
    if len(set(ids)) < len(ids) or not (chosen.controls or len(known) == len(ids)):
        raise ValueError("two trials of the plan are alike")
    return Plan(setup=setup, model=model, ids=ids, known=known, sharing=tuple(map(tuple, sharing.values())))
