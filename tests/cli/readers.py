"""Reads exported files with the tools that they are for; run by an interpreter that has these (docs/export.md).

`python readers.py FORMAT PATH...` prints as JSON what the tool's own reader found, or fails as that does.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import Any


def inspect(paths: list[str]) -> Any:
    """A log's counts, its own means, and the means of its samples' scores."""
    from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

    logs = []
    for path in paths:
        log = read_eval_log(path)
        again = read_eval_log(path, header_only=True)
        assert again.samples is None and again.results is not None and log.results is not None
        samples = log.samples or []
        scores: dict[str, list[float]] = {}
        for sample in samples:
            for name, score in (sample.scores or {}).items():
                if not math.isnan(score.as_float()):
                    scores.setdefault(name, []).append(score.as_float())
        logs.append(
            {
                "task": log.eval.task,
                "model": log.eval.model,
                "status": log.status,
                "planned": log.results.total_samples,
                "samples": len(samples),
                "summaries": len(read_eval_log_sample_summaries(path)) if path.endswith(".eval") else len(samples),
                "errors": sum(sample.error is not None for sample in samples),
                "unscored": sum(any(math.isnan(s.as_float()) for s in (x.scores or {}).values()) for x in samples),
                "metrics": {s.name: {k: m.value for k, m in s.metrics.items()} for s in log.results.scores},
                "means": {name: fmean(values) for name, values in scores.items()},
                "counts": {name: len(values) for name, values in scores.items()},
                "answers": [sample.output.completion for sample in samples],
                "questions": sorted({str(sample.input) for sample in samples}),
                "why": [next(iter(x.scores.values())).explanation for x in samples if x.scores],
                "cost": [usage.total_cost for usage in log.stats.model_usage.values()],
            }
        )
    return logs


def every_eval_ever(paths: list[str]) -> Any:
    """The validator's report on the files, which are named by their place under the store's root."""
    command = [sys.executable, "-m", "every_eval_ever", "validate", "--format", "json", *paths]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return {"code": ended.returncode, "reports": json.loads(ended.stdout or "[]"), "err": ended.stderr}


def hf_eval_results(paths: list[str]) -> Any:
    """The entries, read and written again by the hub's client."""
    import yaml
    from huggingface_hub import eval_result_entries_to_yaml, parse_eval_result_entries

    plain = yaml.safe_load(Path(paths[0]).read_text(encoding="utf-8"))
    entries = parse_eval_result_entries(plain)
    assert eval_result_entries_to_yaml(entries) == plain
    return [vars(entry) for entry in entries]


def lm_eval(paths: list[str]) -> Any:
    """A results file as Every Eval Ever's converter of such files understands it, sample by sample."""
    from every_eval_ever.converters.lm_eval.adapter import LMEvalAdapter
    from every_eval_ever.converters.lm_eval.instance_level_adapter import LMEvalInstanceLevelAdapter

    adapter, results = LMEvalAdapter(), Path(paths[0])
    told = {"source_organization_name": "test", "evaluator_relationship": "other"}
    raw = json.loads(results.read_text(encoding="utf-8"))
    means: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    for task in adapter._get_tasks(raw):
        made = adapter._build_evaluation_results(raw, task)
        model = adapter._extract_model_info(raw, told).name
        means[task] = {
            each.metric_config.metric_name: [
                each.score_details.score,
                each.score_details.uncertainty.num_samples,
                each.score_details.uncertainty.standard_error and each.score_details.uncertainty.standard_error.value,
            ]
            for each in made
        }
        (samples,) = results.parent.glob(f"samples_{task}_*.jsonl")
        lines = LMEvalInstanceLevelAdapter().transform_samples(samples, "id", model, task)
        values: dict[str, list[float]] = {}
        for line in lines:
            values.setdefault(line.evaluation_result_id or "", []).append(line.evaluation.score)
        rows[task] = {name: [fmean(each), len(each)] for name, each in values.items()}
    return {"means": means, "rows": rows, "model": raw["model_name"]}


def junit(paths: list[str]) -> Any:
    """The suites' own counts, and those of their cases."""
    from junitparser import Error, Failure, JUnitXml, Skipped

    suites = []
    for suite in JUnitXml.fromfile(paths[0]):
        kinds = [{type(result) for result in case.result} for case in suite]
        suites.append(
            {
                "name": suite.name,
                "told": [suite.tests, suite.failures, suite.errors, suite.skipped],
                "cases": [len(kinds), *(sum(kind in each for each in kinds) for kind in (Failure, Error, Skipped))],
                "names": len({case.name for case in suite}),
            }
        )
    return suites


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1].replace("-", "_")](sys.argv[2:])))
