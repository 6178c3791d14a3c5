from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from nihbench.analysis.grids import Grid
from nihbench.analysis.statistics import Rate, Summary
from nihbench.figures import captions
from nihbench.figures.captions import (
    Intervals,
    Setting,
    caption,
    depth_labels,
    half_up,
    headline,
    length_labels,
    unit_phrase,
)
from nihbench.figures.page import Ruler, look
from nihbench.figures.sheet import Control, _control_lines
from nihbench.figures.style import Style, colour_of
from nihbench.figures.terminal import terminal_heatmap
from nihbench.lang.messages import Note, languages, said, t
from nihbench.types import FailureKind
from tests.wording import says, wording

NAN = float("nan")


def make_grid(value, failures=None, lengths=None):
    value = np.array(value, dtype=float)
    rows, columns = value.shape
    return Grid(
        experiment="sf-sandwich",
        prompt="original",
        lengths=tuple(lengths or (round(n) for n in np.linspace(1000, 128_000, columns))),
        depths=tuple(np.linspace(0, 100, rows).tolist()),
        value=value,
        measured=(~np.isnan(value)).astype(np.int64),
        owed=np.zeros(value.shape, dtype=np.int64),
        failures={kind: np.array(counts) for kind, counts in (failures or {}).items()},
    )


def show(grid, width=80, colour=False, unicode=True):
    return terminal_heatmap(grid, width=width, colour=colour, unicode=unicode)


# ---- labels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "labels"),
    [
        ((1000, 32_000, 128_000), ("1K", "32K", "128K")),
        ((256, 823, 1390, 4225), ("256", "823", "1.4K", "4.2K")),
        ((1000, 10_071, 19_143), ("1K", "10K", "19K")),
        ((128_000, 128_400), ("128K", "128.4K")),
        ((200_000, 999_999, 1_500_000), ("200K", "1M", "1.5M")),
        ((1_000_000, 1_048_576), ("1M", "1.05M")),
        ((131_072, 131_073), ("131.072K", "131.073K")),
        ((9_990, 100_000), ("10K", "100K")),
        ((1_000_000, 1_000_001), ("1,000,000", "1,000,001")),
    ],
)
def test_length_labels(lengths, labels):
    assert length_labels(lengths) == labels


@given(st.sets(st.integers(1, 2_000_000), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_length_labels_tell_lengths_apart_and_are_near_them(lengths):
    lengths = sorted(lengths)
    labels = length_labels(lengths)
    assert len(set(labels)) == len(lengths)
    for length, label in zip(lengths, labels, strict=True):
        unit = {"K": 1000, "M": 1_000_000}.get(label[-1], 1)
        assert float(label.rstrip("KM").replace(",", "")) * unit == pytest.approx(length, rel=0.05)


def test_depth_labels():
    assert depth_labels((0.0, 7.142857, 100.0)) == ("0%", "7%", "100%")
    assert depth_labels((0.0, 0.4, 99.8, 100.0)) == ("0.0%", "0.4%", "99.8%", "100.0%")


# ---- caption ---------------------------------------------------------------------------------------------------------


def make_summary(measured=225, recorded=225, prompt="original"):
    rates = [
        Rate(value=0.62 if measured else NAN, low=low, high=high)
        for low, high in ((0.6, 0.65), (0.5, 0.55), (0.61, 0.66))
    ]
    return Summary(
        experiment="sf-sandwich", prompt=prompt, planned=225, recorded=recorded, measured=measured, failures={},
        rates=dict(zip(("found", "strict", "mean_band"), rates, strict=True)),
    )  # fmt: skip


def make_setting(model="smollm2-135m", repeats=1, length_unit="model", **more):
    return Setting(
        model=model, date="2026-11-22", experiment="sf-sandwich", corpus="paul-graham-en", scorer="rules 7",
        version="0.1.0", repeats=repeats, length_unit=length_unit, **more,
    )  # fmt: skip


def test_caption_of_a_full_run():
    line = headline(make_summary())
    first, last = caption([make_setting(copies=2)], [line], notes=["An easy text."]).splitlines()
    assert says(
        first, "figure.setup", model="smollm2-135m", date="2026-11-22", experiment="sf-sandwich",
        corpus="paul-graham-en", scorer="rules 7", version="0.1.0",
    )  # fmt: skip
    assert says(first, "figure.length_note", unit=Note("unit_model")) and says(first, "figure.copies", copies=2)
    assert says(first, "figure.repeats_one") and first.endswith(" An easy text.") and last == line
    numbers = [t(f"figure.metric_{name}", value="62.0%") for name in ("found", "strict", "mean_band")]
    assert says(
        line, "figure.headline", name="sf-sandwich/original", numbers=t("figure.metrics_joint").join(numbers),
        measured="225", planned="225",
    )  # fmt: skip


def told(metric, value, low, high):
    """Return a metric as a headline tells it."""
    return t(
        f"figure.metric_{metric}", value=t("figure.bounds", value=f"{value}.0%", low=f"{low}.0%", high=f"{high}.0%")
    )


def test_headline_of_a_run_with_unmeasured_trials_has_bounds_and_no_verdict():
    line = headline(make_summary(measured=205))
    numbers = told("found", 62, 60, 65), told("strict", 62, 50, 55), told("mean_band", 62, 61, 66)
    assert t("figure.metrics_joint").join(numbers) in line
    assert (
        says(line, "figure.headline", measured="205", planned="225", share="91.1%")
        and t("figure.no_verdict", share="95%") in line
    )
    assert t("figure.no_verdict", share="95%") not in headline(make_summary(measured=220))


def test_headline_with_intervals_has_these_in_its_brackets():
    ends = {"found": (0.5, 0.7), "strict": (0.4, 0.6), "mean_band": (0.55, 0.65)}
    line = headline(make_summary(), intervals=Intervals(of=ends, level=0.95))
    assert told("found", 62, 50, 70) in line and told("strict", 62, 40, 60) in line
    assert says(line, "figure.brackets_interval", level="95%")


def test_headline_of_nothing_measured_has_no_number_for_it():
    line = headline(make_summary(measured=0, recorded=0))
    assert (
        t("figure.metric_found", value=t("figure.bounds", value=t("figure.unknown"), low="60.0%", high="65.0%")) in line
        and "nan" not in line
    )


def test_caption_of_a_panel_says_once_what_its_runs_share():
    settings = [make_setting(repeats=3, length_unit="o200k_base"), make_setting(model="b", repeats=3)]
    text = caption(settings, [])
    assert (
        not says(text, "figure.interval_haystack")
        and says(text, "figure.repeats_many", count="3")
        and says(text, "figure.length_note", unit=re.compile(wording("note.unit_tokenizer", name="o200k_base")))
    )
    assert says(text, "figure.setup", model="smollm2-135m, b") and text.count("paul-graham-en") == 1


def test_synthetic_runs_are_called_so_before_anything_else():
    settings = [make_setting(), make_setting(model="b", synthetic=True)]
    for lang in languages():
        assert re.match(wording("figure.synthetic", lang, model="b"), caption(settings, [], lang=lang))


# ---- words -----------------------------------------------------------------------------------------------------------


def test_chinese_figures_have_no_english_words_of_ours():
    text = caption([make_setting(length_unit="tok")], [headline(make_summary(measured=205), lang="zh")], lang="zh")
    for name in ("smollm2-135m", "sf-sandwich", "paul-graham-en", "original", "rules", "nih", "token", "tok"):
        text = text.replace(name, "")
    assert re.findall("[a-zA-Z]{2,}", text) == []
    for kind in get_args(FailureKind):
        assert not re.search("[a-z]", captions.kind_word("zh", kind))


def test_chinese_lines_break_between_characters_but_not_before_a_closing_mark():
    text = "一二三四，五六七八（九十）。" * 12
    with look():
        lines = Ruler().wrap(text, width=1.3, points=9)
    assert "".join(lines) == text and len(lines) > 5
    assert all(line[0] not in "，。）" and line[-1] not in "（" for line in lines)


def test_the_last_line_of_a_label_is_about_as_long_as_the_others():
    with look():
        text = "上下文长度（token 数，按模型自己的计法）"
        whole = Ruler().size(text, points=10)[0]
        lines = Ruler().balanced(text, width=0.95 * whole, points=10)
        widths = [Ruler().size(line, points=10)[0] for line in lines]
    assert "".join(lines).replace(" ", "") == text.replace(" ", "") and len(lines) == 2
    assert min(widths) > 0.5 * max(widths)


def test_what_an_import_does_not_know_is_said_to_be_unknown():
    setting = replace(make_setting(length_unit="imported", imported=True), date="", corpus=t("figure.unrecorded"))
    assert says(
        caption([setting], []),
        "figure.setup",
        date=t("figure.unrecorded"),
        experiment="sf-sandwich",
        corpus=t("figure.unrecorded"),
    )
    assert unit_phrase("imported", "zh") == said(Note("unit_imported"), "zh")
    assert says(
        caption([setting], [], lang="zh"),
        "figure.setup",
        "zh",
        date=said(t("figure.unrecorded"), "zh"),
        experiment="sf-sandwich",
        corpus=said(t("figure.unrecorded"), "zh"),
    )


def test_a_long_name_is_cut_at_a_joint_and_an_equation_is_not():
    name = "Meta-Llama-3.1-405B-Instruct-Turbo-FP8-Dynamic-with-extended-context"
    with look():
        lines = Ruler().wrap(name, width=1.6, points=9, bold=True)
        small = Ruler().wrap("whole request, K = 1,000. 1 trial a cell, K = 1,000.", width=0.9, points=9)
    assert "".join(lines) == name and len(lines) > 2
    assert all(line.endswith("-") for line in lines[:-1])
    assert sum("K = 1,000." in line for line in small) == 2


@pytest.mark.parametrize(("number", "whole"), [(62.5, 63), (87.5, 88), (12.5, 13), (-12.5, -13), (0.4, 0), (57.5, 58)])
def test_halves_are_rounded_away_from_zero(number, whole):
    """0.575 * 100 is a little less than 57.5 to a computer."""
    assert half_up(number / 100 * 100) == whole
    assert show(make_grid([[abs(number) / 100]])).plain.split()[-1] == str(abs(whole))


# ---- terminal --------------------------------------------------------------------------------------------------------


def test_terminal_by_hand():
    grid = make_grid(
        [[1.0, 0.7, 0.0], [NAN, 0.35, NAN]], {"timeout": [[0, 0, 0], [2, 1, 0]]}, lengths=(500, 1400, 128_000)
    )
    plain = show(grid, width=60).plain
    lines = [line.split() for line in plain.splitlines()]
    # One of two trials at 35% failed: half a block, four eighths; all three failures are counted.
    last = next(i for i, line in enumerate(lines) if line[:1] == ["100%"])
    assert lines[last - 1 : last + 1] == [["0%", "100", "70", "0"], ["100%", "T", "35▄", "·"]]
    legend = [
        wording("figure.grid_failures", kinds=f"T {t('failure.timeout')} 3"),
        wording("figure.missing_share", least="▁", most="▇"),
        "· " + wording("figure.not_run"),
    ]
    assert re.fullmatch("\n".join(legend), "\n".join(plain.splitlines()[last + 1 :]))
    ascii_only = show(grid, width=60, unicode=False).plain
    assert ascii_only.isascii() and "35:5" in ascii_only
    assert says(ascii_only, "figure.missing_tenths", least=":1", most=":9")


def test_fifteen_by_fifteen_fits_eighty_columns_in_one_block():
    lines = show(make_grid(np.ones((15, 15)))).plain.splitlines()
    assert len(lines) == 17 and max(len(line) for line in lines) <= 80
    assert lines[1].split()[0] == "1K" and lines[1].split()[-1] == "128K" and len(lines[1].split()) == 15
    assert lines[2].split() == ["0%"] + ["100"] * 15


@given(st.integers(1, 40), st.integers(1, 8), st.integers(24, 120), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_cell_and_label_is_shown_and_no_line_is_too_long(columns, rows, width, colour):
    value = np.round(np.linspace(0, 1, rows * columns), 2).reshape(rows, columns)
    grid = make_grid(value)
    lines = show(grid, width=width, colour=colour).plain.splitlines()
    assert max(len(line) for line in lines) <= width
    cells = {label: [] for label in depth_labels(grid.depths)}
    seen = []
    for line in lines[1:]:
        label = line[: max(map(len, cells))].strip()
        if label in cells:
            cells[label] += [line[max(map(len, cells)) :]]
        else:
            seen += line.split()
    assert set(length_labels(grid.lengths)) <= set(seen)
    for i, label in enumerate(cells):
        text = "".join(cells[label]).replace("100", " 100 ")
        assert len(cells[label]) >= 1
        assert text.split()[0] == f"{value[i, 0] * 100:.0f}"


def test_long_labels_in_narrow_cells_stay_apart_and_inside():
    lengths = [131_072 + n for n in range(25)]
    lines = show(make_grid(np.ones((1, 25)), lengths=lengths)).plain.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert {label for line in lines for label in line.split()} >= set(length_labels(lengths))


def test_every_kind_of_failure_has_its_own_letter():
    kinds = [*get_args(FailureKind), "unscored"]
    failures = {kind: [[int(i == j) for j in range(len(kinds))]] for i, kind in enumerate(kinds)}
    row = show(make_grid([[NAN] * len(kinds)], failures)).plain.splitlines()[2].split()[1:]
    assert len(set(row)) == len(kinds) and all(len(letter) == 1 and letter.isupper() for letter in row)


def test_without_colour_there_are_no_styles_and_with_it_each_cell_has_its_own():
    grid = make_grid([[1.0, 0.3, NAN]], {"overflow": [[0, 0, 1]]})
    assert not show(grid).spans and not show(grid).style
    backgrounds = [str(span.style) for span in show(grid, colour=True).spans]
    assert backgrounds[0] == f"black on {colour_of(1.0)}" and backgrounds[1] == f"black on {colour_of(0.3)}"
    assert "on #" in backgrounds[2] and len({*backgrounds}) == 3


def test_a_console_prints_it_unbroken():
    grid = make_grid(np.full((15, 15), 0.5))
    console = Console(width=80, color_system="truecolor", force_terminal=True)
    with console.capture() as captured:
        console.print(show(grid, colour=True))
    assert captured.get().count("\n") == 17 and "\x1b[" in captured.get()


@pytest.mark.parametrize("lang", languages())
def test_a_failed_control_says_what_it_means(lang):
    ((line, bad),) = _control_lines([Control(name="oracle", passed=False, rate=0.7)], Style(lang=lang))
    assert bad and says(line, "figure.controls_bad", lang) and "70%" in line
    ((line, bad),) = _control_lines([Control(name="sentinel", passed=False, rate=None)], Style(lang=lang))
    assert bad and "70%" not in line
