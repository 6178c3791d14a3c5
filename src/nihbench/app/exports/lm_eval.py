"""Files as lm-evaluation-harness leaves them: results_DATE.json of a model, and samples_TASK_DATE.jsonl of each sweep.

Its tables have a standard error and no interval: intervals stand in a task's `metadata`. A trial without a score has no
line; `n-samples` says how many were planned (`original`) and how many are measured (`effective`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nihbench import __version__
from nihbench.app.exports.told import Sample, Told, told_apart, whole
from nihbench.app.exports.writing import Asked, Form, compact, indented, placed
from nihbench.errors import UsageError
from nihbench.lang.messages import t

SUFFIXES = (".json",)


def write(sweeps: Sequence[Told], asked: Asked) -> list[Path]:
    """Write one results file a model and the samples of its sweeps: a file that is named, or into a folder."""
    kept = [each for each in sweeps if each.numbers]
    for each in sweeps:
        if not each.numbers:
            asked.tell(t("export.left_out", name=each.name, why=each.withheld or t("export.not_measured")))
    if not kept:
        raise UsageError(t("export.nothing"))
    models = list(dict.fromkeys(each.model for each in kept))
    named = asked.out.suffix.lower() == ".json"
    if named and len(models) > 1:
        raise UsageError(t("export.one_model", models=tuple(models), format="lm-eval"))
    files: list[Path] = []
    for model in models:
        mine = [each for each in kept if each.model == model]
        stamp = min(each.started_at for each in mine)[:19].replace(":", "-")
        folder = asked.out.parent if named else asked.out / _sanitized(asked.model_id or model)
        results = asked.out if named else folder / f"results_{stamp}.json"
        with placed(results) as file:
            file.write(indented(_results(mine, asked)))
        files.append(results)
        for each, task in _tasks(mine):
            path = folder / f"samples_{task}_{stamp}.jsonl"
            with placed(path) as file:
                for line in _lines(each, asked):
                    file.write(compact(line) + b"\n")
            files.append(path)
    return files


def _sanitized(model: str) -> str:
    """Return a model's name as a folder, as the harness makes it."""
    return re.sub(r"[\"<>:/\|\\?\*\[\]\x00-\x1f]+", "__", model).strip(".") or "model"


def _tasks(sweeps: Sequence[Told]) -> list[tuple[Told, str]]:
    return [(each, f"nih_{name}") for each, name in zip(sweeps, told_apart(sweeps), strict=True)]


def _results(sweeps: Sequence[Told], asked: Asked) -> dict[str, Any]:
    tasks, first = _tasks(sweeps), sweeps[0]
    model = asked.model_id or first.model
    names = [number.name for number in first.numbers]
    return {
        "results": {task: _numbers(each, task) for each, task in tasks},
        "group_subtasks": {task: [] for _, task in tasks},
        "configs": {task: _config(each, task) for each, task in tasks},
        "versions": {task: each.run.manifest.task.version for each, task in tasks},
        "n-shot": {task: 0 for _, task in tasks},
        "higher_is_better": {task: dict.fromkeys(names, True) for _, task in tasks},
        "n-samples": {
            task: {"original": each.summary.planned, "effective": each.summary.measured} for each, task in tasks
        },
        "config": {"model": "nihbench", "model_args": {"model": model}, "batch_size": 1, "bootstrap_iters": 0},
        "git_hash": None,
        "date": min(_seconds(each.started_at) for each in sweeps),
        "nihbench_version": __version__,
        "model_source": "nihbench",
        "model_name": model,
        "model_name_sanitized": _sanitized(model),
        "task_hashes": {task: each.run.text for each, task in tasks},
    }


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _numbers(each: Told, task: str) -> dict[str, Any]:
    made: dict[str, Any] = {"alias": task, "sample_len": each.summary.measured}
    for number in each.numbers:
        made[f"{number.name},none"] = number.estimate.value
        made[f"{number.name}_stderr,none"] = "N/A" if number.error is None else number.error
    return made


def _config(each: Told, task: str) -> dict[str, Any]:
    sent = each.generation()
    template = each.run.manifest.prompts[each.prompt].messages
    arguments: dict[str, Any] = {"do_sample": bool(sent.get("temperature"))}
    arguments |= {"temperature": sent["temperature"]} if "temperature" in sent else {}
    arguments |= {"max_gen_toks": sent["max_tokens"]} if "max_tokens" in sent else {}
    return {
        "task": task,
        "dataset_path": whole(each.run.manifest.corpus.name),
        "output_type": "generate_until",
        "doc_to_text": "\n\n".join(f"{m.role}: {whole(m.content)}" for m in template),
        "metric_list": [
            {"metric": number.name, "aggregation": "mean", "higher_is_better": True} for number in each.numbers
        ],
        "generation_kwargs": arguments,
        "repeats": 1,
        "num_fewshot": 0,
        "metadata": each.settings() | {"counts": each.counts()} | {"items": {
            whole(item.name): [item.found, item.measured] for item in each.summary.items
        }} | {"intervals": {
            number.name: [number.estimate.interval.low, number.estimate.interval.high] for number in each.numbers
        }},
    }  # fmt: skip


def _lines(each: Told, asked: Asked) -> Iterator[dict[str, Any]]:
    for number, sample in enumerate(sample for sample in each.samples() if sample.score is not None):
        yield _line(each, number, sample)


def _line(each: Told, number: int, sample: Sample) -> dict[str, Any]:
    target = "\n".join(sample.expected)
    return {
        "doc_id": number,
        "doc": {"id": sample.id, "question": sample.question, "needle": each.needle_of(sample), **sample.place()},
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": sample.question, "arg_1": each.generation()}},
        "resps": [[sample.answer or ""]],
        "filtered_resps": [sample.answer or ""],
        "filter": "none",
        "metrics": list(sample.values()),
        "doc_hash": _hash(sample.id),
        "prompt_hash": str(sample.place().get("prompt_sha256") or _hash(sample.question)),
        "target_hash": _hash(target),
        "why": sample.why,
        **({"items": sample.items()} if sample.items() else {}),
        **sample.values(),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


FORM = Form(write=write, suffixes=SUFFIXES, folder=True)
