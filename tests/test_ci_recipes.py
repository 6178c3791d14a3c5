"""The CI recipes, played as a runner plays them: the steps' scripts, inputs as variables, files for what they tell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "actions" / "nih-gate"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))


def test_no_input_is_part_of_a_script() -> None:
    steps = ACTION["runs"]["steps"]
    assert ACTION["runs"]["using"] == "composite" and len(steps) == 2
    for step in steps:
        assert "${{" not in step["run"] and step["shell"] == "bash"
    used = {value for step in steps for value in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]} <= used


def test_gitlab_calls_the_same_script() -> None:
    job = GITLAB[".nih-gate"]
    assert (ROOT / job["variables"]["NIH_GATE_SCRIPT"]).samefile(FOLDER / "gate.sh")
    assert "when" in job["artifacts"] and job["artifacts"]["reports"]["junit"].endswith("gate.xml")


@pytest.fixture
def job(tmp_path: Path) -> Any:
    """Run the Action's work with a `nih` that keeps its words; return exit code, words, output and summary files."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "nih").write_text(
        '#!/bin/bash\nprintf "%s\\n" "$@" "--" >>"$WORDS"\n[ "$1" = run ] && exit "${RUN_ENDS:-0}"\n'
        'while [ $# -gt 0 ]; do [ "$1" = --markdown ] && echo "### gate" >"$2"; shift; done\n'
        'echo "{\\"verdict\\": \\"$VERDICT\\", \\"passed\\": $PASSED}"\n[ "$PASSED" = true ]\n',
        encoding="utf-8",
    )
    (tools / "nih").chmod(0o755)

    def play(**env: str) -> tuple[int, list[str], str, str]:
        told = {"WORDS": tmp_path / "words", "GITHUB_OUTPUT": tmp_path / "out", "GITHUB_STEP_SUMMARY": tmp_path / "sum"}
        own = {name: str(path) for name, path in told.items()} | {"PATH": f"{tools}:{os.environ['PATH']}"}
        ended = subprocess.run(
            ["bash", str(FOLDER / "gate.sh")],
            cwd=tmp_path,
            env=own | env,
            capture_output=True,
            check=False,
            timeout=600,
        )
        texts = [path.read_text(encoding="utf-8") if path.exists() else "" for path in told.values()]
        return ended.returncode, texts[0].splitlines(), texts[1], texts[2]

    return play


def test_green_and_red(job: Any) -> None:
    code, _, outputs, summary = job(NIH_GATE_BASELINE="base.json", VERDICT="pass", PASSED="true")
    assert code == 0 and summary == "### gate\n"
    assert outputs.splitlines()[:2] == ["verdict=pass", "passed=true"]
    code, _, outputs, _ = job(NIH_GATE_BASELINE="base.json", VERDICT="fail", PASSED="false")
    assert code == 1 and "verdict=fail" in outputs


def test_a_run_that_stopped_is_no_verdict(job: Any) -> None:
    code, words, outputs, _ = job(NIH_GATE_BASELINE="b", RUN_ENDS="4", VERDICT="pass", PASSED="true")
    assert code == 4 and outputs == "" and "gate" not in words


def test_hostile_inputs_are_words(job: Any, tmp_path: Path) -> None:
    evil = '$(touch pwned) `touch pwned`; touch pwned #"'
    code, words, outputs, _ = job(
        NIH_GATE_BASELINE=evil,
        NIH_GATE_MODEL=evil,
        NIH_GATE_RUN_OPTIONS="--lengths 1k * $(touch pwned)",
        NIH_GATE_OUT="out\nverdict=pass",
        VERDICT="fail",
        PASSED="false",
    )
    assert code == 1 and not list(tmp_path.rglob("pwned"))
    assert words.count(evil) == 2 and "*" in words and "$(touch" in words
    assert [line for line in outputs.splitlines() if line.startswith("verdict=")] == ["verdict=fail"]
