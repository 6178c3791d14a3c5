"""A number of every summary is one entry of `METRICS` and its words: wherever the others are told, so is it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

import nihbench as nih
from nihbench.analysis import grids, pairing, statistics
from nihbench.app import comparing
from nihbench.lang import en, messages, zh
from nihbench.stats import headline
from scripts.synthetic_runs import write_run

REFERENCE = Path(__file__).parents[2] / "results" / "reference-smollm2-135m"
WORDS = {
    "figure.metric_half": "halfway {value}",
    "page.half": "halfway",
    "page.def_half": "Halfway: a score of at least 50%.",
}


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    metric = headline.Metric(name="half", of=lambda value, found: (np.asarray(value) >= 0.5).astype(np.float64))
    with monkeypatch.context() as patch:
        for room in (headline, grids, pairing, statistics, comparing):
            patch.setattr(room, "METRICS", (*headline.METRICS[:3], metric))
        for catalog in (en, zh):
            patch.setattr(catalog, "WORDS", {**catalog.WORDS, **WORDS})
        messages.words.cache_clear()
        yield metric.name
    messages.words.cache_clear()


def test_a_number_more_is_told_wherever_the_others_are(half: str, tmp_path: Path) -> None:
    grid = {"lengths": (1000, 4000, 16_000), "depths": (0.0, 50.0, 100.0)}
    run = write_run(REFERENCE, tmp_path, "synthetic", strength=2.0, prompts=("original", "explicit"), **grid)
    assert all("halfway" in line for line in str(nih.load_run(run)).splitlines()[1:])
    drawn: Any = nih.plot(run, prompt="original")
    assert "halfway" in " ".join(text.get_text() for text in drawn.findobj(Text))
    nih.report(run, out=tmp_path / "report.html")
    assert WORDS["page.def_half"] in (tmp_path / "report.html").read_text(encoding="utf-8")
    compared = nih.compare(run)
    assert "Halfway: " in " ".join(map(str, compared.paragraphs))
    assert [comparing.as_value(made)[half]["pairs"] for made in compared.pairs] == [9]


@pytest.mark.parametrize("lang", messages.languages())
def test_every_number_has_its_words(lang: str) -> None:
    for metric in headline.METRICS:
        assert {f"figure.metric_{metric.name}", f"page.{metric.name}", f"page.def_{metric.name}"} <= {
            *messages.words(lang)
        }
