"""Logs of Inspect (inspect_ai), which `inspect view` opens: a log a sweep, a sample a trial.

Scores are three: found, strict, and the score itself. A trial without an answer has an error and no score, an answer
without a score has NaN and the reason, as Inspect has it; neither counts in a mean. Controls, where they go with the
others, have scores of their own names, so that no mean of the grid holds them.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from nihbench import __version__
from nihbench.app.exports.told import Number, Sample, Told, told_apart, whole
from nihbench.app.exports.writing import Asked, Form, compact, placed
from nihbench.errors import UsageError
from nihbench.lang.messages import language, languages, said, t
from nihbench.types import Completion, Usage

SUFFIXES = (".eval", ".json")

_VERSION = 2
"""Of the format."""
_MOST_SHOWN = 1000
"""Characters of a text that a list of samples shows."""


def write(sweeps: Sequence[Told], asked: Asked) -> list[Path]:
    """Write a log for each sweep: the file that is named, or files in a folder."""
    if asked.out.suffix.lower() in SUFFIXES:
        if len(sweeps) > 1:
            raise UsageError(
                t("export.one_sweep", count=len(sweeps), format="inspect", folder=asked.out.with_suffix(""))
            )
        files = [asked.out]
    else:
        files = [
            asked.out / f"{_stamp(each)}_{name}.eval" for each, name in zip(sweeps, told_apart(sweeps), strict=True)
        ]
    for each, path in zip(sweeps, files, strict=True):
        with placed(path) as file:
            (_archive if path.suffix.lower() == ".eval" else _document)(each, asked, file)
    return files


def _stamp(each: Told) -> str:
    """Return when it began, as file names of logs begin."""
    return each.started_at[:19].replace(":", "-") + "Z"


def _archive(each: Told, asked: Asked, file: BinaryIO) -> None:
    """Write a log as an archive: each sample is a member of its own, so that none of them stays in memory."""
    summaries = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, value: Any) -> None:
            # The same run is the same file: a member's time is that of the run.
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), compact(value), zipfile.ZIP_DEFLATED)

        head = _head(each)
        add("_journal/start.json", {"version": _VERSION, "eval": head["eval"], "plan": head["plan"]})
        for sample in _every(each, asked):
            made = _sample(each, sample)
            add(f"samples/{made['id']}_epoch_1.json", made)
            summaries.append(_summary(made))
        add("summaries.json", summaries)
        add("header.json", head)


_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def _document(each: Told, asked: Asked, file: BinaryIO) -> None:
    """Write a log as one document, sample by sample."""
    file.write(compact(_head(each))[:-1] + b',"samples":[')
    for number, sample in enumerate(_every(each, asked)):
        file.write((b",\n" if number else b"\n") + compact(_sample(each, sample)))
    file.write(b"\n]}\n")


def _every(each: Told, asked: Asked) -> Iterator[Sample]:
    yield from each.samples()
    if asked.controls:
        for samples in each.controls().values():
            yield from samples


# ---- what stands above the samples -----------------------------------------------------------------------------------


def _head(each: Told) -> dict[str, Any]:
    settings, generation = each.settings(), each.generation()
    samples = each.summary.recorded
    spec = {
        "eval_id": each.identity("eval", each.name).hex[:22],
        "run_id": each.identity("run").hex[:22],
        "task_id": each.identity("task", each.name).hex[:22],
        "created": _time(each.started_at),
        "task": f"nih/{each.name}",
        "task_version": each.run.manifest.task.version,
        "task_args": settings,
        "task_args_passed": {},
        "dataset": {"name": settings["corpus"], "samples": samples, "shuffled": False},
        "model": each.model,
        "model_generate_config": generation,
        "model_args": {},
        "config": {"epochs": 1, "fail_on_error": False},
        "packages": {"nihbench": __version__},
        "metadata": {"headline": {lang: each.sentence_in(lang) for lang in languages()}, **each.counts()},
        "scorers": [{"name": name} for name in _names(each)],
    }
    return {
        "version": _VERSION,
        # A run that is not whole was ended before it was.
        "status": "cancelled" if each.owed else "success",
        "eval": spec,
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}], "config": generation},
        "results": _results(each),
        "stats": _stats(each),
    }


def _names(each: Told) -> list[str]:
    return [number.name for number in each.numbers]


def _results(each: Told) -> dict[str, Any]:
    made = each.summary
    items = {item.name: {"found": item.found, "measured": item.measured} for item in made.items}
    more: dict[str, Any] = {"items": items} if items else {}
    return {
        "total_samples": made.planned,
        "completed_samples": made.measured + each.unscored,
        "scores": [_score(each, number) for number in each.numbers],
        "metadata": {
            **each.counts(),
            **more,
            "controls": [control.sentence(language()) for control in each.sweep.controls],
            **({"withheld": each.withheld} if each.withheld else {}),
        },
    }


def _score(each: Told, number: Number) -> dict[str, Any]:
    made = number.estimate
    values = {"mean": made.value}
    if number.error is not None:
        values["stderr"] = number.error
    values |= {"ci_low": made.interval.low, "ci_high": made.interval.high}
    return {
        "name": number.name,
        "scorer": number.name,
        "scored_samples": each.summary.measured,
        "unscored_samples": each.unscored,
        "params": {"scorer": each.scorer},
        "metrics": {name: {"name": name, "value": value, "params": {}} for name, value in values.items()},
        "metadata": {
            "meaning": number.meaning,
            "interval": {"level": made.interval.level, "method": made.interval.method},
            "over_all_planned": {"if_missed": made.if_missed, "if_found": made.if_found},
        },
    }


def _stats(each: Told) -> dict[str, Any]:
    return {
        "started_at": _time(each.started_at),
        "completed_at": _time(each.ended_at),
        "model_usage": _sum(each.model, (_usage(sample) for sample in each.samples())),
    }


def _sum(model: str, usages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for usage in usages:
        for name, count in usage.items():
            total[name] = total.get(name, 0) + count
    return {model: total} if total else {}


def _time(text: str) -> str:
    """Return a time as the format has it; ours are in UTC."""
    return text.replace("Z", "+00:00") if "+" in text or text.endswith("Z") else f"{text}+00:00"


# ---- a sample --------------------------------------------------------------------------------------------------------


def _sample(each: Told, sample: Sample) -> dict[str, Any]:
    usage, outcome = _usage(sample), sample.record.outcome
    messages: list[dict[str, Any]] = [
        {"role": role, "content": text, "source": "input"} for role, text in each.messages(sample)
    ]
    reply = {"role": "assistant", "content": _content(sample), "source": "generate", "model": each.model}
    started = _time(sample.record.started_at) if sample.record.started_at else None
    made: dict[str, Any] = {
        "id": sample.id,
        "epoch": 1,
        "input": sample.question,
        "target": list(sample.expected) if len(sample.expected) != 1 else sample.expected[0],
        "messages": messages if sample.answer is None else [*messages, reply],
        "output": _output(each, sample, reply, usage),
        "metadata": sample.place() | {"needle_text": each.needle_of(sample)},
        "store": {},
        "model_usage": {each.model: usage} if usage else {},
        "uuid": sample.record.id,
    }
    if started:
        made["started_at"] = started
    if sample.latency_s is not None:
        made["total_time"] = made["working_time"] = sample.latency_s
    if sample.failure not in (None, "unscored"):
        made["error"] = {"message": f"{sample.failure}: {sample.why}", "traceback": "", "traceback_ansi": ""}
    else:
        made["scores"] = _scores(each, sample)
    served = outcome.model if isinstance(outcome, Completion) else None
    if served:
        made["metadata"]["served_model"] = whole(served)
    made["events"] = list(_events(each, sample, made, messages))
    return made


def _events(
    each: Told, sample: Sample, made: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Give what happened, as the viewer tells it: the call, and its scores."""
    when, took = _time(sample.record.started_at or each.started_at), sample.latency_s or 0.0
    call: dict[str, Any] = {"model": each.model, "input": messages, "tools": [], "tool_choice": "none"}
    call |= {"config": each.generation(), "output": made["output"]}
    if "error" in made:
        call["error"] = made["error"]["message"]
    yield {"event": "model", "timestamp": when, "working_start": 0.0, "working_time": took, **call}
    for name, score in made.get("scores", {}).items():
        told = {"value": score["value"], "explanation": score["explanation"]}
        yield {"event": "score", "timestamp": when, "working_start": took, "scorer": name, "score": told}


def _content(sample: Sample) -> Any:
    """Return the answer, behind its reasoning where there is some."""
    if not sample.reasoning:
        return sample.answer or ""
    return [{"type": "reasoning", "reasoning": sample.reasoning}, {"type": "text", "text": sample.answer or ""}]


_STOPS = {
    "stop": "stop", "end_turn": "stop", "length": "max_tokens", "max_tokens": "max_tokens",
    "content_filter": "content_filter", "tool_calls": "tool_calls",
}  # fmt: skip


def _output(each: Told, sample: Sample, reply: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, Any]:
    outcome = sample.record.outcome
    if not isinstance(outcome, Completion):
        return {"model": each.model, "choices": [], "completion": ""}
    stop = _STOPS.get(outcome.finish_reason or "", "unknown")
    made: dict[str, Any] = {
        "model": each.model,
        "choices": [{"message": reply, "stop_reason": stop}],
        "completion": sample.answer or "",
    }
    return made | ({"usage": usage} if usage else {}) | ({"time": sample.latency_s} if sample.latency_s else {})


def _usage(sample: Sample) -> dict[str, Any]:
    """Return the counts of tokens; those of the prompt that were read from a cache, or put there, stand apart."""
    used: Usage = sample.usage
    if used.prompt_tokens is None and used.completion_tokens is None:
        return {}
    prompt, completion = used.prompt_tokens or 0, used.completion_tokens or 0
    cached, written = used.cached_tokens, used.written_tokens
    counts: dict[str, Any] = {
        "input_tokens": max(0, prompt - (cached or 0) - (written or 0)),
        "output_tokens": completion,
        "total_tokens": used.total_tokens or prompt + completion,
        "input_tokens_cache_read": cached,
        "input_tokens_cache_write": written,
        "reasoning_tokens": used.reasoning_tokens,
        "total_cost": sample.cost_usd,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _scores(each: Told, sample: Sample) -> dict[str, Any]:
    values: Mapping[str, float] = sample.values() or dict.fromkeys(_ALL, math.nan)
    common: dict[str, Any] = {"answer": sample.answer, "explanation": _explanation(sample)}
    if sample.score is None:
        common["reason"] = sample.why
    metadata = {
        "scorer": each.scorer,
        "evidence": [{"fact": fact, "answer": quote} for fact, quote in sample.quotes],
        "missing": list(sample.missing),
        **({"items": sample.items()} if sample.items() else {}),
        **({"outcome": sample.score.outcome} if sample.score else {}),
    }
    before = f"{sample.trial.control}_" if sample.trial.control else ""
    return {before + name: {"value": value, **common, "metadata": metadata} for name, value in values.items()}


_ALL = ("found", "strict", "mean_score")


def _explanation(sample: Sample) -> str:
    """Return why it has its score, what was found and what is missing."""
    lines = [sample.why]
    lines += [said(t("export.says", fact=fact, quote=quote), language()) for fact, quote in sample.quotes]
    lines += [said(t("export.lacks", fact=fact), language()) for fact in sample.missing]
    return "\n".join(line for line in lines if line)


def _summary(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a list of samples shows of one."""
    scores = {
        name: {
            "value": score["value"],
            "answer": _short(score["answer"]) if score["answer"] is not None else None,
            "explanation": _short(score["explanation"]),
            **({"reason": score["reason"]} if "reason" in score else {}),
        }
        for name, score in made.get("scores", {}).items()
    }
    kept = {n: made[n] for n in ("id", "epoch", "model_usage", "uuid", "started_at", "total_time") if n in made}
    target = made["target"]
    return kept | {
        "input": _short(made["input"]),
        "target": _short(target) if isinstance(target, str) else [_short(each) for each in target],
        "metadata": {name: _short(v) if isinstance(v, str) else v for name, v in made["metadata"].items()},
        "scores": scores,
        "completed": True,
        "message_count": len(made["messages"]),
        **({"error": _short(made["error"]["message"])} if "error" in made else {}),
    }


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


FORM = Form(write=write, suffixes=SUFFIXES, folder=True)
