"""Write synthetic runs, for figures and benchmarks: run folders of the real format whose answers come from a formula.

No model is asked. run.json says `"synthetic": true`, which every caption tells, and every name begins with "synthetic".
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from math import exp
from pathlib import Path
from typing import Any

from nihbench.run.records import record_line
from nihbench.run.store import RECORDS, create_run
from nihbench.tasks.task import of_family
from nihbench.types import Completion, Failure, FailureKind, Outcome, Placement, Record, Trial, Usage

_DAY = "2026-01-01T00:00:00+00:00"
_FULL = "Eat a sandwich and sit in Dolores Park on a sunny day."
_PART = "Sit in Dolores Park."
_NONE = "The document does not say what the most fun thing to do in San Francisco is."
_LENGTHS = tuple(round(1000 + k * 127_000 / 14) for k in range(15))
_DEPTHS = tuple(round(k * 100 / 14, 2) for k in range(15))
_PROMPTS = ("original", "explicit", "question-first", "bilingual")
_GAIN = {"original": 0.0, "explicit": 1.2, "question-first": 2.2, "bilingual": 0.4}
_FAILED: Sequence[FailureKind] = ("rate_limit", "timeout", "overflow", "filtered", "cut_answer")


def write_runs(like: Path, folder: Path) -> list[Path]:
    """Write all synthetic runs of the gallery into a folder and return theirs.

    Args:
        like: The folder of a real run, whose needle and settings they take over.
        folder: Where to write.
    """
    small = {"lengths": (1000, 4000, 16_000, 64_000, 128_000), "depths": (0.0, 25.0, 50.0, 75.0, 100.0)}
    return [
        write_run(like, folder, "synthetic-alpha", strength=3.4, prompts=_PROMPTS),
        write_run(like, folder, "synthetic-beta", strength=1.6, prompts=_PROMPTS),
        write_run(like, folder, "synthetic-gamma", strength=0.2, prompts=_PROMPTS),
        write_run(like, folder, "synthetic-failing", strength=2.0, failing=True),
        write_run(like, folder, "synthetic-repeats", strength=1.0, repeats=4, failing=True, **small),
        *write_ladder(like, folder, "synthetic-delta", strength=1.6),
        *write_ladder(like, folder, "synthetic-epsilon", strength=-0.6),
    ]


def write_run(
    like: Path,
    folder: Path,
    name: str,
    *,
    strength: float,
    prompts: Sequence[str] = ("original",),
    lengths: Sequence[int] = _LENGTHS,
    depths: Sequence[float] = _DEPTHS,
    repeats: int = 1,
    failing: bool = False,
) -> Path:
    """Write one run and return its folder; `strength` is how well its answers do, `failing` whether trials fail."""
    manifest: dict[str, Any] = json.loads((like / "run.json").read_text(encoding="utf-8"))
    template = manifest["prompts"]["original"]
    manifest |= {
        "synthetic": True,
        "created_at": _DAY,
        "prompts": {prompt: template | {"name": prompt} for prompt in prompts},
        "model": manifest["model"] | {"name": name, "model": name, "sha256": None},
        "lengths": list(lengths),
        "depths": list(depths),
        "repeats": repeats,
    }
    del manifest["format"]
    run = create_run(folder / name, manifest)
    records = [_record(trial, name, strength, failing) for trial in run.manifest.planned]
    (run.path / RECORDS).write_bytes(b"".join(record_line(record) for record in records if record))
    return run.path


_RUNGS: Mapping[str, tuple[str, dict[str, str], float]] = {
    "single": ("keys", {"distractors": "0"}, 5.0),
    "keys": ("keys", {"distractors": "16"}, 3.2),
    "update": ("update", {"changes": "2"}, 2.4),
    "latent": ("latent", {"distractors": "0"}, 1.2),
    "kth": ("kth", {"alike": "4"}, 0.4),
    "chain": ("chain", {"hops": "4"}, -1.0),
}
"""The rungs of a made-up ladder: a task with its options, and how easy it is."""
_LADDER = (1000, 3382, 11_436, 38_671, 130_772)
_SAMPLES = (20, 20, 20, 7, 2)


def write_ladder(like: Path, folder: Path, name: str, *, strength: float) -> list[Path]:
    """Write the runs of a ladder's rungs by one model and return their folders; arguments as for `write_run`."""
    return [_write_rung(like, folder, name, rung, strength) for rung in _RUNGS]


def _write_rung(like: Path, folder: Path, name: str, rung: str, strength: float) -> Path:
    family, options, ease = _RUNGS[rung]
    task = of_family(family, "en", options)
    manifest: dict[str, Any] = json.loads((like / "run.json").read_text(encoding="utf-8"))
    manifest |= {
        "synthetic": True,
        "created_at": _DAY,
        "experiment": f"ladder-{rung}",
        "needle": json.loads(json.dumps(asdict(task.needle))),
        "task": json.loads(json.dumps(task.stored())),
        "model": manifest["model"] | {"name": name, "model": name, "sha256": None},
        "lengths": list(_LADDER),
        "depths": [],
        "repeats": max(_SAMPLES),
        "samples": list(_SAMPLES),
        "same_prompt": [],
        "controls": [],
    }
    del manifest["format"]
    run = create_run(folder / f"{name}-{rung}", manifest)
    records = []
    for trial in run.manifest.planned:
        luck, planted = random.Random(f"{name}:{rung}:{trial.length}:{trial.repeat}"), task.planted(trial, 0)
        share = 1 / (1 + exp(4.5 * trial.length / 128_000 - strength - ease + luck.gauss(0, 0.8)))
        text = planted.expected if share > 0.5 else "The document does not say."
        answer = Completion(
            text=text, finish_reason="stop", usage=Usage(), model=name, latency_s=1.0, attempts=1, streamed=False
        )
        records.append(
            Record(
                id=f"{hash_of(f'{name}:{rung}:{trial.length}:{trial.repeat}'):016x}",
                trial=trial,
                placement=_placement(trial),
                outcome=answer,
                fresh=dict(planted.fresh),
                expected=planted.expected,
                started_at=_DAY,
                planted=task.kept(planted),
            )
        )
    (run.path / RECORDS).write_bytes(b"".join(record_line(record) for record in records))
    return run.path


def _record(trial: Trial, name: str, strength: float, failing: bool) -> Record | None:
    key = f"{name}:{trial.prompt}:{trial.length}:{trial.depth_percent}:{trial.repeat}"
    luck = random.Random(key)
    outcome = _failure(trial, luck) if failing else None
    if failing and outcome is None and trial.length > 110_000 and trial.depth_percent > 80:
        return None  # never run
    depth, length = trial.depth_percent / 100, trial.length / 128_000
    hard = 5.2 * length * (0.35 + 4 * depth * (1 - depth) * (1 - 0.55 * depth)) - _GAIN.get(trial.prompt, 0.0)
    share = 1 / (1 + exp(hard - strength + luck.gauss(0, 0.7)))
    text = _FULL if share > 0.5 else _PART if share > 0.35 else _NONE
    answer = Completion(
        text=text, finish_reason="stop", usage=Usage(), model=name, latency_s=1.0, attempts=1, streamed=False
    )
    return Record(
        id=f"{abs(hash_of(key)):016x}",
        trial=trial,
        placement=_placement(trial),
        outcome=outcome or answer,
        fresh={},
        expected=_FULL,
        started_at=_DAY,
    )


def _failure(trial: Trial, luck: random.Random) -> Outcome | None:
    chance = luck.random()
    if trial.length > 120_000:
        kind: FailureKind = "overflow"
    elif chance < 0.12:
        kind = luck.choice(_FAILED)
    else:
        return None
    if trial.length > 120_000 and trial.depth_percent > 80:
        return None
    return Failure(kind=kind, message="synthetic", status=None, latency_s=1.0, attempts=1)


def hash_of(key: str) -> int:
    """Return 64 bits that are the same for the same text in every process."""
    return random.Random(f"id:{key}").getrandbits(64)


def _placement(trial: Trial) -> Placement:
    achieved = trial.depth_percent
    tokens = trial.length - 60
    text = f"{trial.prompt} {trial.length} {trial.depth_percent} {trial.repeat}"
    return Placement(
        source_start=1000 * trial.repeat, source_copies=1, start=0, at=0, end=0, before="", after="", tail="",
        achieved_depth_percent=achieved, needle_token=int(tokens * achieved / 100), haystack_tokens=tokens,
        needle_tokens=23, total_tokens=trial.length, sentence_tokens=30,
        prompt_sha256=sha256(text.encode()).hexdigest(),
    )  # fmt: skip
