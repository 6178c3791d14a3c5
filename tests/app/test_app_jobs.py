"""Options are resolved once: what a server tells lays lengths out anew, and loads no text and no tokenizer again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import nihbench as nih
from nihbench.app import jobs, wiring
from nihbench.run import resolve
from tests.cli.conftest import ChatModel


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often options are read, resolved, and laid out."""
    count: Counter[str] = Counter()

    def counting(module: Any, name: str) -> None:
        real = getattr(module, name)

        def counted(*args: Any, **more: Any) -> Any:
            count[name] += 1
            return real(*args, **more)

        monkeypatch.setattr(module, name, counted)

    counting(jobs, "run_options")
    counting(wiring, "outline_of")
    counting(resolve, "_with_lengths")
    return count


@pytest.mark.usefixtures("sketched")
def test_a_run_whose_lengths_are_fitted_is_resolved_once_and_laid_out_twice(
    here: Path, chat: ChatModel, small: nih.Keywords, made: Counter[str]
) -> None:
    fitted: nih.Keywords = {**small, "length_unit": "model", "preflight": True}
    run = nih.run(**fitted, agree=True, out="run")
    assert run.is_whole and run.manifest["calibration"]
    assert made == {"run_options": 1, "outline_of": 1, "_with_lengths": 2}


def test_several_models_are_resolved_once_each_and_get_the_lengths_of_the_smallest(
    here: Path, small: nih.Keywords, made: Counter[str]
) -> None:
    del small["base_url"], small["window"]
    plan = nih.plan(**{**small, "lengths": "2", "model": ["moonshot-v1-32k", "smollm2-135m"]}, repeat_corpus=True)
    one, other = (run.values["lengths"] for run in plan.runs)
    assert one == other and max(one) < 8192
    assert made == {"run_options": 1, "outline_of": 2, "_with_lengths": 3}
