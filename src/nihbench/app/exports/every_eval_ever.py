"""Files of Every Eval Ever (schema 0.3.0): one a run, with a line for each measured trial and number beside it.

A line must have a score, so trials without one have no line: the file says how many they are, and of which kind.
Files lie in the folders that its store has: data/COLLECTION/DEVELOPER/MODEL/UUID.json.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from nihbench import __version__
from nihbench.app.exports.told import Number, Sample, Told, told_apart, whole
from nihbench.app.exports.writing import Asked, Form, compact, indented, placed, texts
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.stats.interval import share
from nihbench.types import GradedElsewhere

_SCHEMA = "0.3.0"
_COLLECTION = "nihbench"
_UNSAFE = re.compile(r'[<>:"\\|?*\x00-\x1f/]')


def write(sweeps: Sequence[Told], asked: Asked) -> list[Path]:
    """Write two files for each run, into a folder."""
    files: list[Path] = []
    for _, group in groupby(sweeps, key=lambda each: each.run.path):
        files += _write_run(list(group), asked)
    if not files:
        raise UsageError(t("export.nothing"))
    return files


def _write_run(every: Sequence[Told], asked: Asked) -> list[Path]:
    sweeps = [each for each in every if each.numbers]
    for each in every:
        if not each.numbers:
            asked.tell(t("export.left_out", name=each.name, why=each.withheld or t("export.not_measured")))
    if not sweeps:
        return []
    first, model = sweeps[0], asked.model_id or sweeps[0].model
    identity = first.identity("every-eval-ever")
    developer, name = _address(model)
    if "/" not in model:
        asked.tell(t("export.no_developer", model=model))
    place = Path("data") / _COLLECTION / developer / name
    lines, aggregate = place / f"{identity}_samples.jsonl", place / f"{identity}.json"
    made = _aggregate(sweeps, asked, model)
    digest, count = hashlib.sha256(), 0
    with placed(asked.out / lines) as file:
        for line in _lines(sweeps, asked, made["evaluation_id"], model):
            text = compact(line) + b"\n"
            digest.update(text)
            count += 1
            file.write(text)
    made["detailed_evaluation_results"] = {
        "format": "jsonl",
        "file_path": lines.as_posix(),
        "hash_algorithm": "sha256",
        "checksum": digest.hexdigest(),
        "total_rows": count,
    }
    with placed(asked.out / aggregate) as file:
        file.write(indented(made))
    return [asked.out / aggregate, asked.out / lines]


def _address(model: str) -> tuple[str, str]:
    """Return the folders of a model's developer and name."""
    parts = [_folder(part) for part in model.strip().split("/") if part] or ["model"]
    return (parts[0], "_".join(parts[1:])) if len(parts) > 1 else (_NOBODY, parts[0])


_NOBODY = "unspecified"


def _folder(name: str) -> str:
    safe = _UNSAFE.sub("_", name).strip(". ") or "model"
    return f"{safe}_" if safe.lower() in ("data", "con", "prn", "aux", "nul") else safe


# ---- the run ---------------------------------------------------------------------------------------------------------


def _aggregate(sweeps: Sequence[Told], asked: Asked, model: str) -> dict[str, Any]:
    first, now = sweeps[0], str(int(asked.now.timestamp()))
    results = [
        result
        for each, name in zip(sweeps, told_apart(sweeps), strict=True)
        for result in [*(_result(each, name, number) for number in each.numbers), *_controls(each, name, asked)]
    ]
    source = {
        "source_name": "nihbench",
        "source_type": "evaluation_run",
        "source_organization_name": asked.organization or _NOBODY,
        "evaluator_relationship": "other",
    }
    if asked.source:
        source["source_organization_url"] = asked.source
    return {
        "schema_version": _SCHEMA,
        "evaluation_id": f"{_COLLECTION}/{model}/{now}",
        "evaluation_timestamp": _seconds(first.started_at),
        "retrieved_timestamp": now,
        "source_metadata": source,
        "eval_library": {"name": "nihbench", "version": first.run.manifest.nihbench, "additional_details": {
            "exported_with": __version__,
        }},
        "model_info": _model(first, model),
        "evaluation_results": results,
    }  # fmt: skip


def _seconds(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


def _model(each: Told, model: str) -> dict[str, Any]:
    stored = each.run.manifest.model
    details = {"deployment_type": "unknown", "model_availability": "unknown", "name_in_nihbench": each.model}
    made: dict[str, Any] = {"name": each.model, "id": model, "additional_details": details}
    if "/" not in model:
        made["developer"] = _NOBODY
    if stored.sha256:  # the file of an embedded model
        details |= {"deployment_type": "self_deployed", "model_availability": "open_weights", "sha256": stored.sha256}
        version = (each.run.manifest.raw.get("libraries") or {}).get("xllamacpp")
        made["inference_engine"] = {"name": "llama.cpp"} | ({"version": f"xllamacpp {version}"} if version else {})
    return made


def _result(each: Told, name: str, number: Number) -> dict[str, Any]:
    estimate, interval = number.estimate, number.estimate.interval
    uncertainty: dict[str, Any] = {
        "confidence_interval": {
            "lower": interval.low,
            "upper": interval.high,
            "confidence_level": interval.level,
            "method": interval.method,
        },
        "num_samples": estimate.measured,
    }
    if number.error is not None:
        uncertainty["standard_error"] = {"value": number.error, "method": "clustered"}
    items = {f"item.{whole(item.name)}": f"{item.found}/{item.measured}" for item in each.summary.items}
    details = each.counts() | {"if_missed": estimate.if_missed, "if_found": estimate.if_found} | items
    return {
        "evaluation_result_id": f"{name}:{number.name}",
        "evaluation_name": f"nihbench/{each.name}",
        "source_data": _source(each),
        "evaluation_timestamp": _seconds(each.started_at),
        "metric_config": _metric(number.name, number.meaning, each.scorer),
        "score_details": {
            "score": estimate.value,
            "details": texts(details),
            "uncertainty": uncertainty,
        },
        "generation_config": _generation(each),
    }


def _metric(name: str, meaning: str, scorer: str) -> dict[str, Any]:
    return {
        "evaluation_description": meaning,
        "metric_id": f"nihbench.{name}",
        "metric_name": name,
        "metric_kind": "accuracy",
        "metric_unit": "proportion",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": 0.0,
        "max_score": 1.0,
        "additional_details": {"scorer": scorer},
    }


def _controls(each: Told, name: str, asked: Asked) -> Iterator[dict[str, Any]]:
    """Give a result for each control, which is no result of the grid."""
    for control, samples in each.controls().items() if asked.controls else ():
        values = [sample.values()["found"] for sample in samples if sample.score is not None]
        if values:
            interval = share(round(sum(values)), len(values)).interval
            yield {
                "evaluation_result_id": f"{name}:{control}",
                "evaluation_name": f"nihbench/{each.name}/{control}",
                "source_data": _source(each),
                "metric_config": _metric(f"{control}_found", f"control: {control}", each.scorer),
                "score_details": {
                    "score": sum(values) / len(values),
                    "details": {"recorded": str(len(samples)), "measured": str(len(values))},
                    "uncertainty": {
                        "confidence_interval": {
                            "lower": interval.low, "upper": interval.high, "confidence_level": interval.level,
                            "method": interval.method,
                        },
                        "num_samples": len(values),
                    },
                },
            }  # fmt: skip


def _source(each: Told) -> dict[str, Any]:
    return {
        "dataset_name": f"{each.experiment} ({whole(each.run.manifest.corpus.name)})",
        "source_type": "other",
        "additional_details": texts(each.settings()),
    }


def _generation(each: Told) -> dict[str, Any]:
    sent = each.generation()
    arguments: dict[str, Any] = {n: sent[n] for n in ("temperature", "max_tokens") if n in sent}
    template = each.run.manifest.prompts[each.prompt].messages
    arguments["prompt_template"] = "\n\n".join(f"{m.role}: {whole(m.content)}" for m in template)
    return {"generation_args": arguments} | (
        {"additional_details": {"seed": str(sent["seed"])}} if "seed" in sent else {}
    )


# ---- its trials ------------------------------------------------------------------------------------------------------


def _lines(sweeps: Sequence[Told], asked: Asked, evaluation: str, model: str) -> Iterator[dict[str, Any]]:
    for each, name in zip(sweeps, told_apart(sweeps), strict=True):
        whose = {"schema_version": _SCHEMA, "evaluation_id": evaluation, "model_id": model}
        for sample in each.samples():
            shared = _shared(each, sample)
            for metric, value in sample.values().items():
                ids = {"evaluation_name": f"nihbench/{each.name}", "evaluation_result_id": f"{name}:{metric}"}
                yield whose | ids | shared | {"evaluation": _evaluation(sample, value)}
        for control, samples in each.controls().items() if asked.controls else ():
            for sample in samples:
                ids = {
                    "evaluation_name": f"nihbench/{each.name}/{control}",
                    "evaluation_result_id": f"{name}:{control}",
                }
                if sample.score is not None:
                    yield (
                        whose
                        | ids
                        | _shared(each, sample)
                        | {"evaluation": _evaluation(sample, sample.values()["found"])}
                    )


def _evaluation(sample: Sample, value: float) -> dict[str, Any]:
    return {"score": value, "is_correct": bool(sample.score and sample.score.found)}


def _shared(each: Told, sample: Sample) -> dict[str, Any]:
    usage = sample.usage
    known = usage.prompt_tokens is not None and usage.completion_tokens is not None
    made: dict[str, Any] = {
        "sample_id": sample.id,
        # Of the prompt as it was sent: the question alone is the same in every trial.
        "sample_hash": sample.place().get("prompt_sha256"),
        "interaction_type": "single_turn",
        "input": {"raw": sample.question, "reference": list(sample.expected)},
        "output": {"raw": [] if sample.answer is None else [sample.answer]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": quote,
                "extraction_method": each.scorer,
                "is_terminal": True,
            }
            for _, quote in sample.quotes
        ],
        "metadata": texts(sample.place() | {"why": sample.why} | ({"items": sample.items()} if sample.items() else {})),
    }
    if sample.reasoning:
        made["output"]["reasoning_trace"] = [sample.reasoning]
    if known:
        prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
        made["token_usage"] = {
            "input_tokens": prompt,
            "output_tokens": completion,
            "total_tokens": usage.total_tokens or prompt + completion,
            "input_tokens_cache_write": usage.written_tokens,
            "input_tokens_cache_read": usage.cached_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        }
    if sample.cost_usd is not None and not isinstance(sample.record.outcome, GradedElsewhere):
        made["metadata"]["cost_usd"] = f"{sample.cost_usd:g}"
    if sample.latency_s is not None:
        made["performance"] = {"latency_ms": 1000 * sample.latency_s}
    return made


FORM = Form(write=write, folder=True)
