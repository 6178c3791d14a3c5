"""A file for the folder .eval_results of a model on the Hugging Face hub: the found rate of each sweep, in percent.

The hub takes results of benchmarks that it has by name, so the benchmark is named (`--dataset`); each sweep is a task
of it. The format has no place for an interval or a count: `notes` says them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from nihbench.app.exports.told import Told, told_apart
from nihbench.app.exports.writing import Asked, Form, placed
from nihbench.errors import UsageError
from nihbench.lang.messages import language, said, t

SUFFIXES = (".yaml", ".yml")

_DATASET = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def write(sweeps: Sequence[Told], asked: Asked) -> list[Path]:
    """Write one file of a model."""
    if asked.dataset is None or not _DATASET.fullmatch(asked.dataset):
        raise UsageError(t("export.dataset", dataset=asked.dataset or ""))
    if asked.source is not None and not asked.source.startswith(("https://", "http://")):
        raise UsageError(t("export.source", source=asked.source))
    models = tuple(dict.fromkeys(each.model for each in sweeps))
    if len(models) > 1:
        raise UsageError(t("export.one_model", models=models, format="hf-eval-results"))
    entries = []
    for each, name in zip(sweeps, told_apart(sweeps), strict=True):
        if each.numbers:
            entries.append(_entry(each, name, asked))
        else:
            asked.tell(t("export.left_out", name=each.name, why=each.withheld or t("export.not_measured")))
    if not entries:
        raise UsageError(t("export.nothing"))
    with placed(asked.out) as file:
        file.write(yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=1000).encode("utf-8"))
    return [asked.out]


def _entry(each: Told, name: str, asked: Asked) -> dict[str, Any]:
    found = next(number for number in each.numbers if number.name == "found")
    source = {"url": asked.source, "name": "nihbench"} if asked.source else None
    made: dict[str, Any] = {
        "dataset": {"id": asked.dataset, "task_id": name},
        "value": 100 * found.estimate.value,
        "date": each.started_at[:10],
    }
    notes = t(
        "export.hub_notes",
        measured=each.summary.measured,
        planned=each.summary.planned,
        low=f"{found.estimate.interval.low:.1%}",
        high=f"{found.estimate.interval.high:.1%}",
        level=f"{found.estimate.interval.level:.0%}",
        shortest=each.sweep.grid.lengths[0],
        longest=each.sweep.grid.lengths[-1],
        scorer=each.scorer,
        version=each.run.manifest.nihbench,
    )
    return made | ({"source": source} if source else {}) | {"notes": said(notes, language())}


FORM = Form(write=write, suffixes=SUFFIXES)
