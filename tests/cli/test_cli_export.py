"""`nih export --format`: files of other tools, read back by their own readers and by plain parsers of ours.

The tools' readers are no dependency of the project. Tests that need them run in another interpreter, which NIH_READERS
names (docs/export.md), and are skipped without it; what the files hold is tested here in any case.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml

import nihbench
from nihbench.run.records import record_line
from nihbench.run.store import RECORDS, create_run
from nihbench.types import Completion, Failure, Placement, Record, Trial, Usage
from tests.wording import says

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "results" / "reference-smollm2-135m"
FAMILIES = ROOT / "results" / "families-smollm2-135m"
FULL = "Eat a sandwich and sit in Dolores Park on a sunny day."
SECRET = "sk-do-not-tell-3141592653589793"
ANSWERS = (
    FULL,
    "Sit in Dolores Park.",
    "]]> <failure>&amp; \x00\x08\x1b[31m\ud800\ufffe \u2028\x85 Eat a sandwich and sit in Dolores Park on a sunny day.",
    "文档没有说。\r\n<![CDATA[ ]]>",
    "",
)
FORMATS = ("inspect", "every-eval-ever", "lm-eval", "hf-eval-results", "junit")


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run with answers, failures, trials that are owed, and controls."""

    def write(name: str = "run", *, prompts: tuple[str, ...] = ("original",), **more: Any) -> Path:
        content: dict[str, Any] = json.loads((REFERENCE / "run.json").read_text(encoding="utf-8"))
        template = content["prompts"]["original"]
        controls = [{"control": "oracle", "prompt": p, "length": 4000, "depth_percent": d, "repeat": 0}
                    for p in prompts for d in (0.0, 50.0)]  # fmt: skip
        content["options"] |= {"price": "2,8", "base_url": None, "header": [f"X-Key: {SECRET}"]}
        content |= {
            "prompts": {prompt: template | {"name": prompt} for prompt in prompts},
            "model": content["model"] | {"name": "org/a-model", "sha256": None},
            "lengths": [1000, 4000, 16_000],
            "depths": [0.0, 50.0, 100.0],
            "repeats": 2,
            "controls": controls,
            "same_prompt": [],
            **more,
        }
        del content["format"]
        run = create_run(tmp_path / name, content)
        records = [_record(number, trial) for number, trial in enumerate(run.manifest.planned)]
        (run.path / RECORDS).write_bytes(b"".join(record_line(record) for record in records if record))
        return run.path

    return write


def _record(number: int, trial: Trial) -> Record | None:
    usage = Usage(prompt_tokens=trial.length, completion_tokens=12, cached_tokens=100, total_tokens=trial.length + 12)
    outcome: Completion | Failure = Completion(
        text=ANSWERS[number % len(ANSWERS)], finish_reason="stop", usage=usage, model="org/a-model-2026", latency_s=1.5,
        attempts=1, streamed=False, reasoning="Let me see." if number % 3 == 0 else "",
    )  # fmt: skip
    if number % 7 == 6:
        outcome = Failure(kind="timeout", message="gone ]]> \x07", status=504, latency_s=9.0, attempts=3)
    if trial.control is None and trial.length == 16_000 and trial.depth_percent == 100:
        return None
    return Record(
        id=hashlib.sha256(repr(trial).encode()).hexdigest()[:16],
        trial=trial,
        placement=Placement(
            source_start=1000 * trial.repeat, source_copies=1, start=0, at=0, end=0, before="", after="", tail="",
            achieved_depth_percent=trial.depth_percent, needle_token=0, haystack_tokens=trial.length - 60,
            needle_tokens=23, total_tokens=trial.length, sentence_tokens=30,
            prompt_sha256=hashlib.sha256(f"{trial.length} {trial.depth_percent} {trial.repeat}".encode()).hexdigest(),
        ),
        outcome=outcome,
        fresh={},
        expected=FULL,
        started_at=f"2026-01-01T00:{number % 60:02d}:00+00:00",
    )  # fmt: skip


@pytest.fixture
def export(nih: Any, tmp_path: Path) -> Callable[..., list[Path]]:
    """Return a function that exports a run and returns the files, in the order of their names."""
    outs = {"inspect": "logs", "every-eval-ever": "eee", "lm-eval": "lm", "hf-eval-results": "r.yaml", "junit": "r.xml"}

    def write(form: str, *runs: Path, out: str = "", options: tuple[str, ...] = (), lang: str = "en") -> list[Path]:
        place = out or outs[form]
        dataset = ("--dataset", "org/haystacks") if form == "hf-eval-results" else ()
        ended = nih("--lang", lang, "export", *runs, "--format", form, "--out", place, *dataset, *options)
        assert ended.code == 0, ended
        path = tmp_path / place
        return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())

    return write


@pytest.fixture(scope="session")
def readers() -> Callable[..., Any]:
    """Return a function that has a tool's own reader read files; skipped where there is no interpreter that has it."""
    python = os.environ.get("NIH_READERS", "")
    if not python:
        pytest.skip("NIH_READERS names no interpreter that has the readers of tests/cli/readers.txt (docs/export.md)")

    def read(form: str, paths: list[Path] | list[str], folder: Path) -> Any:
        script = Path(__file__).with_name("readers.py")
        command = [python, str(script), form, *map(str, paths)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
        assert ended.returncode == 0, ended.stderr[-3000:]
        return json.loads(ended.stdout.splitlines()[-1])

    return read


def truth(run: Path) -> dict[str, Any]:
    """What the runs say themselves, by sweep: numbers and counts."""
    loaded = nihbench.load_run(run)
    return {
        f"{sweep.grid.experiment}/{sweep.grid.prompt}": {
            "found": sweep.summary.found.value,
            "strict": sweep.summary.strict.value,
            "mean_score": sweep.summary.mean_band.value,
            "planned": sweep.summary.planned,
            "measured": sweep.summary.measured,
            "failed": sweep.summary.recorded - sweep.summary.measured,
            "owed": sweep.summary.planned - sweep.summary.recorded,
        }
        for sweep in loaded.sweeps
    }


NAMES = ("found", "strict", "mean_score")


def near(value: float) -> Any:
    return pytest.approx(value, abs=1e-12)


# ---- Inspect ---------------------------------------------------------------------------------------------------------


def log_of(path: Path) -> dict[str, Any]:
    """A log's header and samples, as any JSON reader has them."""
    if path.suffix == ".json":
        whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return whole
    with zipfile.ZipFile(path) as archive:
        samples = [json.loads(archive.read(n)) for n in archive.namelist() if n.startswith("samples/")]
        made: dict[str, Any] = json.loads(archive.read("header.json"))
        assert json.loads(archive.read("_journal/start.json"))["eval"] == made["eval"]
        assert len(json.loads(archive.read("summaries.json"))) == len(samples)
    return made | {"samples": samples}


@pytest.mark.parametrize("out", ["log.eval", "log.json"])
def test_a_log_has_our_counts_and_means(made: Any, export: Any, out: str) -> None:
    run = made()
    (file,) = export("inspect", run, out=out)
    log, own = log_of(file), truth(run)["sf-sandwich/original"]
    assert log["status"] == "cancelled" and log["results"]["total_samples"] == own["planned"]  # some are owed
    assert len(log["samples"]) == own["measured"] + own["failed"]
    assert sum("error" in sample for sample in log["samples"]) == own["failed"]
    for made_score in log["results"]["scores"]:
        assert made_score["metrics"]["mean"]["value"] == near(own[made_score["name"]])
        assert made_score["scored_samples"] == own["measured"]
        low, high = (made_score["metrics"][name]["value"] for name in ("ci_low", "ci_high"))
        assert 0 <= low <= own[made_score["name"]] <= high <= 1
    for name in NAMES:
        values = [sample["scores"][name]["value"] for sample in log["samples"] if "scores" in sample]
        assert len(values) == own["measured"] and fmean(values) == near(own[name])
    right = next(s for s in log["samples"] if s["output"]["completion"] == FULL)
    assert right["scores"]["found"]["metadata"]["evidence"] and right["target"] == FULL and "San Fran" in right["input"]
    assert right["output"]["usage"]["total_cost"] == pytest.approx(
        (right["output"]["usage"]["input_tokens"] * 2 + 100 * 2 + 12 * 8) / 1e6
    )
    # Controls are in no mean of the grid: with them the same numbers stand, and they have scores of their own.
    (with_controls,) = export("inspect", run, out="c-" + out, options=("--controls",))
    both = log_of(with_controls)
    assert both["results"] == log["results"]
    assert len(both["samples"]) > len(log["samples"])
    own_names = {name for s in both["samples"] if s["metadata"].get("control") for name in s.get("scores", {})}
    assert own_names == {f"oracle_{name}" for name in NAMES}


def test_an_answer_without_a_score_is_none_of_zero(made: Any, export: Any) -> None:
    run = made()
    records = [json.loads(line) for line in (run / RECORDS).read_text(encoding="utf-8").splitlines()]
    answered = [record["id"] for record in records if "completion" in record]
    rows = [{"id": key, "scorer": "judge-x", "version": "2", "unscored": {"code": "no_score"}} for key in answered[-2:]]
    rows += [
        {"id": key, "value": 1.0, "band": 100, "outcome": "correct", "identifying": "right", "subject": "right",
         "evidence": {"found": [], "missing": [], "cue": "said so"}, "confidence": 1.0, "scorer": "judge-x",
         "version": "2"}
        for key in answered[:-2]
    ]  # fmt: skip
    (run / "scores.judge-x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    judged = ("--scorer", "judge-x")
    (file,) = export("inspect", run, out="log.eval", options=judged)
    log = log_of(file)
    values = [s["scores"]["found"]["value"] for s in log["samples"] if "scores" in s]
    unscored = sum(math.isnan(value) for value in values)
    assert unscored and {value for value in values if not math.isnan(value)} == {1.0}
    assert log["results"]["scores"][0]["unscored_samples"] == unscored
    assert log["results"]["scores"][0]["metrics"]["mean"]["value"] == 1.0
    (file,) = export("junit", run, options=judged)
    suite = ET.parse(file).getroot()[0]
    assert suite.get("failures") == "0" and int(suite.get("skipped", "0")) == unscored + 2
    results, samples = export("lm-eval", run, options=judged)
    assert len(samples.read_text(encoding="utf-8").splitlines()) == len(values) - unscored
    assert json.loads(results.read_text())["results"]["nih_sf-sandwich_original"]["found,none"] == 1.0
    *_, lines = export("every-eval-ever", run, options=judged)
    assert len(lines.read_text(encoding="utf-8").splitlines()) == 3 * (len(values) - unscored)


@pytest.mark.slow
def test_inspect_reads_our_logs(made: Any, export: Any, readers: Any, tmp_path: Path) -> None:
    run = made(prompts=("original", "explicit"))
    own = truth(run)
    files = export("inspect", run, options=("--controls",))
    assert len(files) == 2
    for log in readers("inspect", files, tmp_path):
        told = own[log["task"].removeprefix("nih/")]
        assert log["model"] == "org/a-model" and log["planned"] == told["planned"]
        assert log["samples"] == log["summaries"]
        assert {name: log["counts"][name] for name in NAMES} == dict.fromkeys(NAMES, told["measured"])
        for name in NAMES:
            assert log["means"][name] == near(told[name]) == log["metrics"][name]["mean"]
        assert FULL in log["answers"] and all(log["why"]) and log["cost"][0] > 0
    (document,) = export("inspect", FAMILIES / "values", out="one.json")
    (log,) = readers("inspect", [document], tmp_path)
    (told,) = truth(FAMILIES / "values").values()
    assert log["means"]["found"] == near(told["found"]) and log["counts"]["found"] == told["measured"]


# ---- Every Eval Ever -------------------------------------------------------------------------------------------------


def test_every_eval_ever_has_our_numbers_and_lines(made: Any, export: Any) -> None:
    run = made(prompts=("original", "explicit"))
    aggregate, lines = export("every-eval-ever", run, options=("--organization", "Us", "--source", "https://x.org"))
    log = json.loads(aggregate.read_text(encoding="utf-8"))
    assert aggregate.parts[-5:-1] == ("data", "nihbench", "org", "a-model") and re.fullmatch(UUID4, aggregate.stem)
    data = lines.read_bytes()
    assert log["detailed_evaluation_results"]["checksum"] == hashlib.sha256(data).hexdigest()
    rows = [json.loads(line) for line in data.decode("ascii").splitlines()]
    assert log["detailed_evaluation_results"]["total_rows"] == len(rows)
    assert {row["evaluation_id"] for row in rows} == {log["evaluation_id"]}
    for name, own in truth(run).items():
        mine = [r for r in log["evaluation_results"] if r["evaluation_name"] == f"nihbench/{name}"]
        assert [r["metric_config"]["metric_name"] for r in mine] == list(NAMES)
        for result in mine:
            metric = result["metric_config"]["metric_name"]
            scores = [
                r["evaluation"]["score"] for r in rows if r["evaluation_result_id"] == result["evaluation_result_id"]
            ]
            assert len(scores) == own["measured"] == result["score_details"]["uncertainty"]["num_samples"]
            assert fmean(scores) == near(own[metric]) == result["score_details"]["score"]
            interval = result["score_details"]["uncertainty"]["confidence_interval"]
            assert interval["lower"] <= own[metric] <= interval["upper"]
            details = result["score_details"]["details"]
            assert (details["planned"], details["not_asked"]) == (str(own["planned"]), str(own["owed"]))
            assert int(details.get("not_measured.timeout", "0")) == own["failed"]
            assert all(isinstance(value, str) for value in details.values())
    # Exported again it is the same file: nothing is there twice.
    assert len(export("every-eval-ever", run)) == 2


UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_its_validator_accepts(made: Any, export: Any, readers: Any, tmp_path: Path, lang: str) -> None:
    files = export("every-eval-ever", made(), options=("--controls",), lang=lang)
    files += export("every-eval-ever", FAMILIES, options=("--model-id", "org/small"), lang=lang)
    named = [str(file.relative_to(tmp_path / "eee")) for file in sorted(set(files))]
    found = readers("every-eval-ever", named, tmp_path / "eee")
    assert found["code"] == 0, found
    assert len(found["reports"]) == len(named) > 4
    assert all(report["valid"] and not report["warnings"] for report in found["reports"]), found


# ---- lm-eval ---------------------------------------------------------------------------------------------------------


def test_lm_eval_has_our_numbers_and_samples(made: Any, export: Any) -> None:
    run = made(prompts=("original", "explicit"))
    results, *samples = export("lm-eval", run, out="lm")
    assert results.parent.name == "org__a-model" and results.name.startswith("results_2026-01-01T00-")
    told = json.loads(results.read_text(encoding="utf-8"))
    for table in ("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "group_subtasks"):
        assert set(told[table]) == {"nih_sf-sandwich_original", "nih_sf-sandwich_explicit"}
    for name, own in truth(run).items():
        task = f"nih_{name.replace('/', '_')}"
        assert told["n-samples"][task] == {"original": own["planned"], "effective": own["measured"]}
        (file,) = (file for file in samples if file.name.startswith(f"samples_{task}_"))
        rows = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
        assert len(rows) == own["measured"] and [row["doc_id"] for row in rows] == list(range(len(rows)))
        for metric in NAMES:
            assert told["results"][task][f"{metric},none"] == near(own[metric])
            assert fmean(row[metric] for row in rows) == near(own[metric])
            error = told["results"][task][f"{metric}_stderr,none"]
            assert error == "N/A" or 0 < error < 0.5


@pytest.mark.slow
def test_a_converter_of_lm_evals_files_reads_them(made: Any, export: Any, readers: Any, tmp_path: Path) -> None:
    run = made(prompts=("original", "explicit"))
    results, *_ = export("lm-eval", run)
    found = readers("lm-eval", [results], tmp_path)
    assert found["model"] == "org/a-model"
    for name, own in truth(run).items():
        task = f"nih_{name.replace('/', '_')}"
        for metric in NAMES:
            assert found["means"][task][metric][:2] == [near(own[metric]), own["measured"]]
            assert found["rows"][task][metric] == [near(own[metric]), own["measured"]]


# ---- the hub ---------------------------------------------------------------------------------------------------------


def test_the_hubs_file_has_its_documented_form(made: Any, export: Any, nih: Any) -> None:
    run = made(prompts=("original", "explicit"))
    (file,) = export("hf-eval-results", run, options=("--source", "https://x.org/log"))
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    own = truth(run)
    assert [set(entry) for entry in entries] == [{"dataset", "value", "date", "source", "notes"}] * 2
    for entry, told in zip(entries, own.values(), strict=True):
        assert entry["dataset"]["id"] == "org/haystacks" and set(entry["dataset"]) == {"id", "task_id"}
        assert entry["value"] == pytest.approx(100 * told["found"])
        assert entry["date"] == "2026-01-01" and entry["source"]["url"] == "https://x.org/log"
        assert says(entry["notes"], "export.hub_notes", measured=told["measured"], planned=told["planned"])
    assert len({entry["dataset"]["task_id"] for entry in entries}) == 2
    for options in (["--dataset", "no-owner"], [], ["--dataset", "a/b", "--source", "javascript:x"]):
        ended = nih("export", run, "--format", "hf-eval-results", "--out", "x.yaml", *options)
        assert ended.code == 2 and (says(ended.err, "export.dataset") or says(ended.err, "export.source"))


@pytest.mark.slow
def test_the_hubs_client_reads_it(made: Any, export: Any, readers: Any, tmp_path: Path) -> None:
    run = made()
    files = export("hf-eval-results", run, lang="zh", options=("--source", "https://x.org/log"))
    (entry,) = readers("hf-eval-results", files, tmp_path)
    (own,) = truth(run).values()
    assert entry["value"] == pytest.approx(100 * own["found"]) and entry["dataset_id"] == "org/haystacks"
    assert "找到率" in entry["notes"]


# ---- JUnit -----------------------------------------------------------------------------------------------------------


def test_junit_is_well_formed_and_counts_as_we_do(made: Any, export: Any) -> None:
    run = made()
    (own,) = truth(run).values()
    for options in ((), ("--controls",)):
        (file,) = export("junit", run, options=options)
        root = ET.parse(file).getroot()
        suite = root[0]
        cases = suite.findall("testcase")
        counted = [len(cases), *(sum(c.find(n) is not None for c in cases) for n in ("failure", "error", "skipped"))]
        assert counted == [int(suite.get(name, "-1")) for name in ("tests", "failures", "errors", "skipped")]
        tests, failures, errors, skipped = counted
        assert (tests, errors, skipped) == (own["planned"], own["failed"], own["owed"])
        assert (tests - failures - errors - skipped) / (tests - errors - skipped) == near(own["found"])
        assert len({case.get("name") for case in cases}) == tests
        text = "".join(root.itertext())
        assert "]]> <failure>&amp; " in text and "<![CDATA[ ]]>" in text and "\x00" not in text
        assert len(root) == 1 + len(options)


@pytest.mark.slow
def test_junitparser_reads_it(made: Any, export: Any, readers: Any, tmp_path: Path) -> None:
    run = made(prompts=("original", "explicit"))
    for suite in readers("junit", export("junit", run, options=("--controls",), lang="zh"), tmp_path):
        assert suite["told"] == suite["cases"] and suite["names"] == suite["cases"][0]


# ---- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_no_key_is_told_and_both_languages_hold_the_same(made: Any, export: Any, form: str) -> None:
    run = made()
    numbers = []
    for lang in ("en", "zh"):
        files = export(form, run, lang=lang)
        texts = "\n".join(_texts(file) for file in files)
        assert SECRET not in texts and "X-Key" not in texts and str(run) not in texts
        numbers.append(sorted(re.findall(r"\d+\.\d+", texts)))
    assert numbers[0] == numbers[1] and numbers[0]


def _texts(file: Path) -> str:
    if file.suffix != ".eval":
        return file.read_text(encoding="utf-8")
    with zipfile.ZipFile(file) as archive:
        return "\n".join(archive.read(name).decode("utf-8") for name in archive.namelist())


def test_items_are_told_of_tasks_with_several(export: Any) -> None:
    (own,) = truth(FAMILIES / "values").values()
    (file,) = export("inspect", FAMILIES / "values", out="log.eval")
    log = log_of(file)
    scored = [sample["scores"]["mean_score"] for sample in log["samples"] if "scores" in sample]
    grades = nihbench.load_run(FAMILIES / "values").grades
    items = {key: dict(getattr(grade, "items", ())) for key, grade in grades.items()}
    assert all(s["scores"]["found"]["metadata"]["items"] == items[s["metadata"]["trial"]] for s in log["samples"])
    assert any(isinstance(s["target"], list) for s in log["samples"]) and len(scored) == own["measured"]
    *_, lines = export("every-eval-ever", FAMILIES / "values")
    assert '"items":' in lines.read_text(encoding="utf-8")


def test_what_does_not_fit_is_said(made: Any, nih: Any) -> None:
    run = made(prompts=("original", "explicit"))
    for out, form, key in (
        ("x.eval", "inspect", "export.one_sweep"),
        ("x.csv", "inspect", "export.out_either"),
        ("x.json", "junit", "export.out_file"),
        ("x.json", "every-eval-ever", "export.out_folder"),
        ("x", "kamradt", "export.no_format"),
    ):
        ended = nih("export", run, "--format", form, "--out", out)
        assert ended.code == 2 and says(ended.err, key), ended
    ended = nih("export", run, "--format", "junit", "--out", "x.xml", "--extra")
    assert ended.code == 2 and says(ended.err, "export.no_extra")
