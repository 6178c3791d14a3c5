"""The passport's figure: what stands in it, for one model and for several, and where it has no room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from nihbench.analysis.passport import Passport
from nihbench.errors import UsageError
from nihbench.figures import passport as figure
from nihbench.figures.page import missing, picture_of
from nihbench.figures.passport_text import headed, labels, reach, sentence
from nihbench.figures.sheet import Around
from nihbench.figures.style import Style, preset
from nihbench.tasks.task import of_family
from tests.analysis.test_analysis_passport import CHAIN, rung
from tests.wording import says

COUNTS = [(26, 26), (20, 26), (0, 3)]
AROUND = Around(title="A title", caption="A caption.")


def passport(model: str, lengths: Sequence[int] = (1000, 4000, 16_000)) -> Passport:
    tasks = [CHAIN, of_family("keys", "en", {"distractors": "0"}), of_family("kth", "en", {"alike": "2"})]
    return Passport(model=model, rungs=tuple(rung(COUNTS, task, lengths=lengths) for task in tasks))


def drawn(monkeypatch: pytest.MonkeyPatch, passports: Sequence[Passport], style: Style) -> str:
    monkeypatch.setattr(figure, "passports_of", lambda sweeps: tuple(passports))
    made = figure.draw_passport([], AROUND, style)
    written = re.findall("<!-- (.*?) -->", picture_of(made, ".svg", 100).decode("utf-8"))
    return "\n".join(written)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_passport_has_its_sentence_its_rows_and_their_reaches(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = passport("m")
    if lang == "zh" and missing(sentence(one, "zh")):
        pytest.skip("no font has Chinese here")
    written = drawn(monkeypatch, [one], Style(lang=lang, width=14.0))
    assert "A title" in written and "A caption." in written
    whole = written.replace("\n", " " if lang == "en" else "")
    assert sentence(one, lang) in whole
    for row, name in labels(one, lang).items():
        assert headed(name) in written and reach(row, lang) in written
    lines = written.split("\n")
    assert lines.count("77%") == lines.count("20/26") == lines.count("0/3") == 3
    assert {"1K", "4K", "16K"} <= set(lines)


def test_several_models_stand_beside_each_other_and_have_their_own_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [passport("first"), passport("second", (2000, 8000, 32_000))]
    written = drawn(monkeypatch, two, Style()).split("\n")
    assert "first" in written and "second" in written and {"4K", "8K", "16K", "32K"} <= set(written)
    assert written.count("Follow chains of 4 hops") == 1
    # On a narrow page they stand below each other, and each has the names.
    below = drawn(monkeypatch, two, Style(width=7.0)).split("\n")
    assert below.count("Find a single fact") == 2


@pytest.mark.parametrize("name", ["default", "blog", "slide"])
def test_it_fits_the_presets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "20/26" in drawn(monkeypatch, [passport("m")], preset(name))


def test_what_has_no_room_or_no_trial_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as narrow:
        drawn(monkeypatch, [passport("m")], replace(Style(), width=3.0))
    assert says(str(narrow.value), "figures.figure_doesnt_fit_inches")
    with pytest.raises(UsageError):
        drawn(monkeypatch, [], Style())
