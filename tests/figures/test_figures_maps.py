from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import get_args

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex

from nihbench.analysis.grids import Grid, difference
from nihbench.errors import UsageError
from nihbench.figures.cells import cells_of, value_scale
from nihbench.figures.page import HATCHES, Hatch, check_suffix, drawable, families, group_of, missing, save
from nihbench.figures.panel import Panel, draw_heatmap, draw_panel
from nihbench.figures.sheet import Around, Control
from nihbench.figures.style import (
    CLASSIC,
    HATCH_LINE,
    LEVELS,
    NO_ANSWER,
    NOT_RUN,
    PALETTES,
    PRESETS,
    Style,
    colour_of,
    is_dark,
    palette,
    preset,
    sized,
)
from nihbench.lang.messages import t
from nihbench.types import FailureKind
from tests.wording import says, wording


def unanswered(group, kind, count):
    """Return the legend's line of trials without a valid answer."""
    counts = f"{t(f'failure.{kind}')} {count}"
    return t("figure.no_answer", group=t(f"failure_group.{group}"), counts=counts)


NAN = float("nan")


def make_grid(value, failures=None, lengths=None, depths=None, prompt="original", achieved=None):
    """Make a grid of one trial a cell: NaN is a failure where `failures` says so, else not run."""
    value = np.array(value, dtype=float)
    failures = {kind: np.array(counts) for kind, counts in (failures or {}).items()}
    measured = (~np.isnan(value)).astype(np.int64)
    failed = sum(failures.values(), np.zeros_like(measured))
    rows, columns = value.shape
    return Grid(
        experiment="sf-sandwich",
        prompt=prompt,
        lengths=tuple(lengths or (1000 * (j + 1) for j in range(columns))),
        depths=tuple(depths or np.linspace(0, 100, rows).tolist()),
        value=value,
        measured=measured,
        owed=1 - np.minimum(measured + failed, 1),
        failures=failures,
        achieved=None if achieved is None else np.array(achieved, dtype=float),
    )


def draw(grid, title="A title", caption="A caption.", length_unit="model", controls=(), **style):
    around = Around(title=title, caption=caption, controls=controls)
    return draw_heatmap(grid, around, Style(**style), length_unit=length_unit)


def pixels(figure, path):
    """Return the saved PNG's colour ("#rrggbb") at a point of the first axes, in data coordinates."""
    save(figure, path)
    image = matplotlib.image.imread(path)
    height, width = image.shape[:2]
    axes = figure.axes[0]

    def at(x, y):
        left, top = figure.transFigure.inverted().transform(axes.transData.transform((x, y)))
        return to_hex(image[int((1 - top) * height), int(left * width)])

    return at


def texts(figure):
    return [text.get_text() for text in figure.texts]


def of_kind(axes, kind):
    return [artist for artist in axes.collections if isinstance(artist, kind)]


# ---- colours: the stops are the article's, written out here --------------------------------------------------------


def test_pixels_of_known_values_are_the_articles_colours(tmp_path):
    at = pixels(draw(make_grid([[0.0, 0.5, 1.0]])), tmp_path / "f.png")
    assert [at(j + 0.1, 0.2) for j in range(3)] == ["#f0496e", "#ebb839", "#0cd79f"]


def test_a_cell_has_the_colour_of_its_stored_value(tmp_path):
    value = np.array([[1.0, 0.7, 0.5], [0.3, 0.0, 0.85]])
    figure = draw(make_grid(value))
    at = pixels(figure, tmp_path / "f.png")
    for (i, j), each in np.ndenumerate(value):
        assert at(j + 0.1, i + 0.2) == to_hex(value_scale(CLASSIC).colour(each)) == colour_of(each)


@given(st.floats(0, 1))
@example(0.96513)
@settings(max_examples=50, deadline=None)
def test_files_and_terminals_have_one_scale(value):
    stops = np.array([[int(stop[k : k + 2], 16) for k in (1, 3, 5)] for stop in CLASSIC.stops])
    steepest = np.abs(np.diff(stops, axis=0)).max() * (len(stops) - 1)  # of a channel, over the whole scale
    drawn = np.array(value_scale(CLASSIC).colour(value)[:3]) * 255
    written = [int(colour_of(value)[k : k + 2], 16) for k in (1, 3, 5)]
    # The drawn scale has steps, the written one is rounded to whole numbers.
    assert np.abs(drawn - written).max() <= steepest / LEVELS + 0.5


def test_depth_grows_downwards_and_length_to_the_right(tmp_path):
    figure = draw(make_grid([[1.0, 0.5], [0.0, 0.0]], depths=(0.0, 100.0), lengths=(1000, 32_000)))
    at = pixels(figure, tmp_path / "f.png")
    axes = figure.axes[0]
    assert (at(0.1, 0.2), at(1.1, 0.2), at(0.1, 1.2)) == (colour_of(1.0), colour_of(0.5), colour_of(0.0))
    top = {label.get_text(): label.get_window_extent().y0 for label in axes.get_yticklabels()}
    right = {label.get_text(): label.get_window_extent().x0 for label in axes.get_xticklabels()}
    assert top["0%"] > top["100%"] and right["32K"] > right["1K"]


# ---- cells without a value -----------------------------------------------------------------------------------------


def test_unmeasured_cells_are_hatched_and_have_no_colour_of_the_map(tmp_path):
    grid = make_grid([[1.0, NAN], [NAN, 0.0]], {"overflow": [[0, 3], [0, 0]], "rate_limit": [[0, 1], [0, 0]]})
    figure = draw(grid)
    at = pixels(figure, tmp_path / "f.png")
    for (x, y), ground in (((1, 0), NO_ANSWER), ((0, 1), NOT_RUN)):
        seen = {at(x + dx, y + dy) for dx in np.linspace(0.1, 0.9, 33) for dy in np.linspace(0.1, 0.9, 33)}
        assert {ground.lower(), HATCH_LINE.lower()} <= seen, "the ground and the lines of the hatching"
        assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in seen), "grey only"
    legend = texts(figure)
    assert unanswered("request", "overflow", 3) in legend and t("figure.not_run") in legend
    assert unanswered("account", "rate_limit", 1) in legend


def test_every_kind_of_failure_has_a_group_and_every_group_its_own_pattern():
    kinds = {*get_args(FailureKind), "unscored"}
    groups = {group_of(kind) for kind in kinds}
    assert "other" not in groups and set(HATCHES) == {*groups, "other"} and group_of("a new kind") == "other"
    assert len({(hatch.ways, hatch.step) for hatch in HATCHES.values()}) == len(HATCHES)


def test_a_cell_has_the_pattern_of_its_most_frequent_failure():
    grid = make_grid([[NAN, NAN]], {"timeout": [[1, 2]], "auth": [[2, 1]], "transient": [[0, 0]]})
    assert [cell.group for cell in cells_of(grid, achieved=False)] == ["account", "server"]


def test_a_full_grid_has_no_legend_and_no_hatching():
    figure = draw(make_grid([[1.0, 0.0]]))
    assert not of_kind(figure.axes[0], LineCollection)
    assert not any(says(text, "figure.no_answer") or says(text, "figure.not_run") for text in texts(figure))


def test_a_strip_at_the_foot_of_a_cell_shows_the_share_that_is_missing(tmp_path):
    """One of three trials of the first cell failed (a third of its width), two of three of the second are owed."""
    grid = replace(
        make_grid([[1.0, 0.0, 1.0]], {"timeout": [[1, 0, 0]]}),
        measured=np.array([[2, 1, 3]]),
        owed=np.array([[0, 2, 0]]),
    )
    figure = draw(grid)
    at = pixels(figure, tmp_path / "f.png")
    for column, ground, share, colour in ((0, NO_ANSWER, 1 / 3, 1.0), (1, NOT_RUN, 2 / 3, 0.0), (2, "", 0.0, 1.0)):
        foot = [at(column + x, 0.9) for x in np.linspace(0.03, 0.97, 95)]
        plain = sum(each == colour_of(colour) for each in foot) / len(foot)
        assert plain == pytest.approx(1 - share, abs=0.04)
        assert ground.lower() in foot or not ground
        assert {at(column + x, 0.5) for x in (0.1, 0.5, 0.9)} == {colour_of(colour)}
    legend = texts(figure)
    assert unanswered("server", "timeout", 1) in legend and t("figure.not_run") in legend
    assert says(legend, "figure.missing_strip")


def test_the_legend_counts_all_failures():
    """Two cells have nothing but failures, thirteen cells one failure beside their values."""
    value = np.ones((3, 5))
    value[0, 0] = value[2, 4] = NAN
    figure = draw(make_grid(value, {"timeout": np.ones((3, 5), dtype=int)}))
    assert unanswered("server", "timeout", 15) in texts(figure)


@given(st.floats(0.05, 9), st.floats(0.05, 5), st.booleans())
@settings(max_examples=50, deadline=None)
def test_hatching_lines_run_at_45_degrees_from_edge_to_edge(width, height, falling):
    lines = Hatch(ways=("falling" if falling else "rising",), step=0.075).lines(width, height)
    assert len(lines) == int(np.ceil((width + height - 0.0375) / 0.075))
    assert lines.min() >= -1e-9 and lines.max() <= 1 + 1e-9
    across, down = np.moveaxis((lines[:, 1] - lines[:, 0]) * (width, height), -1, 0)
    np.testing.assert_allclose(across, down if falling else -down, atol=1e-9)
    for x, y in lines.reshape(-1, 2):
        assert min(abs(x), abs(1 - x), abs(y), abs(1 - y)) < 1e-9


def test_a_hatched_svg_has_no_pattern_fill(tmp_path):
    save(draw(make_grid([[1.0, NAN]])), tmp_path / "f.svg")
    assert "<pattern" not in (tmp_path / "f.svg").read_text(encoding="utf-8"), "many viewers show it black"


# ---- texts -----------------------------------------------------------------------------------------------------------


def test_title_caption_and_unit_are_on_the_figure():
    figure = draw(make_grid([[1.0]]), title="model: sf", caption="First.\nSecond.", length_unit="cl100k_base")
    assert {
        "model: sf",
        "First.",
        "Second.",
        t("figure.length", unit=t("note.unit_tokenizer", name="cl100k_base")),
    } <= set(texts(figure))


def test_all_fifteen_lengths_are_labelled():
    lengths = [round(length) for length in np.linspace(1000, 128_000, 15)]
    axes = draw(make_grid(np.ones((15, 15)), lengths=lengths)).axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert len(labels) == 15 and labels[0] == "1K" and labels[-1] == "128K"
    assert len(axes.get_yticklabels()) == 15


def test_characters_without_a_font_are_boxes_and_dollars_are_dollars(tmp_path):
    figure = draw(make_grid([[1.0]]), title="\U0010fffd costs $5_000^ or $6", caption="\U0010fffd")
    save(figure, tmp_path / "f.png")
    assert "\N{WHITE SQUARE} costs $5_000^ or $6" in texts(figure)


def test_a_chinese_title_can_be_drawn_whatever_fonts_there_are(tmp_path):
    figure = draw(make_grid([[1.0]]), title="月之暗面 moonshot-v1-128k")
    save(figure, tmp_path / "f.svg")
    [title] = [text for text in texts(figure) if text.endswith("moonshot-v1-128k")]
    assert title.startswith("月之暗面") == (len(families()) > 1)


def test_every_character_of_gb2312_has_a_glyph():
    pytest.importorskip("pylopdf_fonts_zh_cn", reason="the extra nihbench[zh] is not installed")
    pairs = (bytes([high, low]) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    text = "".join(pair.decode("gb2312", "ignore") for pair in pairs)
    assert len(text) == 7445
    assert missing(text) == ()
    assert drawable(text.replace("\u3000", ""), bold=True) == text.replace("\u3000", "")


ODD_GRIDS = {
    "1 x 1": make_grid([[0.5]]),
    "one row": make_grid([[0.5] * 15], lengths=[round(n) for n in np.geomspace(1000, 1_000_000, 15)]),
    "one column": make_grid([[0.5]] * 15),
    "30 x 30": make_grid(np.ones((30, 30)), lengths=[round(n) for n in np.linspace(1000, 200_000, 30)]),
    "100 x 100": make_grid(np.ones((100, 100)), lengths=[round(n) for n in np.linspace(1000, 1_000_000, 100)]),
    "close depths": make_grid(np.ones((3, 3)), depths=(0.0, 0.25, 100.0), lengths=(131_072, 131_073, 1_048_576)),
    "all failed": make_grid(
        [[NAN, NAN]], {kind: [[1, 0]] for kind in ("auth", "bad_parameter", "refused_by_server", "cut_prompt", "quota")}
    ),
}


def boxes_of(figure):
    """Return the page, and the extents of every text and of all axes."""
    figure.draw_without_rendering()
    ticks = [
        label.get_window_extent()
        for axes in figure.axes
        for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]
        if label.get_text()
    ]
    return figure.bbox, [text.get_window_extent() for text in figure.texts], ticks, [axes.bbox for axes in figure.axes]


def check_layout(figure):
    page, standing, ticks, axes = boxes_of(figure)
    for box in [*standing, *ticks]:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
    for k, box in enumerate(standing):
        assert not any(box.overlaps(other) for other in [*standing[k + 1 :], *ticks, *axes])
    level = [label for axes in figure.axes for label in axes.get_xticklabels() if label.get_text()]
    if all(label.get_rotation() == 0 for label in level):
        for k, box in enumerate(ticks):
            assert not any(box.overlaps(other) for other in ticks[k + 1 :])


LONG = {"title": "long title " * 8, "caption": "words of a caption " * 30 + "\n" + "字" * 200}


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ODD_GRIDS)
def test_no_text_is_cut_off_or_on_another(name, preset):
    style = PRESETS[preset]
    around = Around(**LONG, controls=(Control(name="oracle", passed=False, rate=0.5),))
    if style.height:
        around = Around(title="A title", caption="words of a caption " * 30, controls=around.controls)
    figure = draw_heatmap(ODD_GRIDS[name], around, style)
    check_layout(figure)
    labels = figure.axes[0].get_xticklabels()
    if labels[0].get_rotation():  # lines of text at 45 degrees: what keeps them apart is the distance across them
        boxes, height = [label.get_window_extent() for label in labels], 9 * style.scale / 72 * figure.dpi
        assert all((right.x1 - left.x1) / 2**0.5 >= height * 0.95 for left, right in pairwise(boxes))


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("rows", "columns", "lang"), [(1, 2, "zh"), (2, 1, "en"), (4, 3, "en"), (3, 4, "zh")])
def test_no_text_of_a_panel_is_cut_off_or_on_another(preset, rows, columns, lang):
    lengths = [round(n) for n in np.linspace(1000, 128_000, 15)]
    grid = make_grid(np.full((15, 15), 0.7), lengths=lengths)
    panel = Panel(
        grids=tuple(tuple(grid for _ in range(columns)) for _ in range(rows)),
        row_names=tuple(f"an-experiment / prompt-{i}" for i in range(rows)),
        column_names=tuple(f"a-rather-long-name-of-a-model-{j}" for j in range(columns)),
        notes=tuple(tuple("found 81.0% [75, 86]" for _ in range(columns)) for _ in range(rows)),
    )
    style = replace(PRESETS[preset], lang=lang)
    check_layout(draw_panel(panel, Around(title="大海捞针：十二张图", caption="One line."), style))


@pytest.mark.parametrize("preset", PRESETS)
def test_columns_whose_names_differ_at_their_ends_are_told_apart_and_keep_their_intervals(preset):
    ends = ("Turbo", "FP8", "月之暗面版")
    panel = Panel(
        grids=((make_grid(np.full((5, 5), 0.7)),) * 3,) * 2,
        row_names=("original", "explicit"),
        column_names=tuple(f"Meta-Llama-3.1-405B-Instruct-{end}" for end in ends),
        notes=(("found 55.1% [50, 60]",) * 3,) * 2,
    )
    figure = draw_panel(panel, Around(title="", caption=""), PRESETS[preset])
    check_layout(figure)
    written = "".join(texts(figure))
    assert all(end in written for end in ends) and "\N{HORIZONTAL ELLIPSIS}" not in written
    assert written.count("[50, 60]") == 6


@pytest.mark.parametrize("width", [3.2, 4.0, 5.0, 12.0])
def test_no_text_of_a_narrow_map_is_cut_off(width):
    check_layout(draw(ODD_GRIDS["30 x 30"], length_unit="a-tokenizer-with-a-rather-long-name", width=width))


@pytest.mark.slow
def test_a_figure_that_does_not_fit_its_size_is_refused_with_the_size_it_needs():
    with pytest.raises(UsageError, match=wording("figures.figure_doesnt_fit_x", width=4, height=3)):
        draw(make_grid([[1.0]]), caption="words " * 400, width=4.0, height=3.0)
    with pytest.raises(UsageError, match=wording("figures.figure_doesnt_fit_inches", width=2)) as caught:
        draw(make_grid([[1.0]]), width=2.0)
    need = caught.value.args[0].fields["need"]
    assert need > 2.0 and f"{need:.1f}" in str(caught.value)


@pytest.mark.parametrize(("size", "edges"), [("8x5", (8, 5)), ("8", (8, None)), ("6.5X4", (6.5, 4))])
def test_sizes(size, edges):
    style = sized(Style(), size=size, dpi=150)
    assert (style.width, style.height, style.dpi) == (*edges, 150)


@pytest.mark.parametrize(
    ("size", "dpi"), [("x", None), ("8x", None), ("1x1", None), ("8x-5", None), ("99", None), (None, 9), ("50", 1200)]
)
def test_absurd_sizes_are_refused(size, dpi):
    with pytest.raises(UsageError, match=r"--size|--dpi"):
        sized(Style(), size=size, dpi=dpi)


def test_a_figure_has_the_pixels_that_were_asked_for(tmp_path):
    figure = draw(make_grid([[1.0, 0.5]]), width=8.0, height=5.0, dpi=100)
    save(figure, tmp_path / "f.png", 100)
    assert matplotlib.image.imread(tmp_path / "f.png").shape[:2] == (500, 800)


def test_a_transparent_figure_has_no_ground(tmp_path):
    for transparent, alpha in ((True, 0), (False, 1)):
        save(draw(make_grid([[1.0]]), transparent=transparent), tmp_path / "f.png")
        assert matplotlib.image.imread(tmp_path / "f.png")[2, 2, 3] == alpha


# ---- numbers in the cells -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_numbers_fit_their_cells_or_drop_out():
    def numbers(size):
        grid = make_grid(np.linspace(0, 1, size * size).reshape(size, size))
        figure = draw(grid)
        return figure, of_kind(figure.axes[0], PathCollection)

    figure, written = numbers(15)
    assert sum(len(each.get_offsets()) for each in written) == 225
    axes = figure.axes[0]
    width, height = axes.bbox.width / 15, axes.bbox.height / 15
    for each in written:
        [box] = [each.get_transform().transform_path(path).get_extents() for path in each.get_paths()]
        assert box.width < width and box.height < height
        assert abs(box.x0 + box.x1) < 1 and abs(box.y0 + box.y1) < height / 4, "in the middle"
    assert numbers(60)[1] == []
    assert not of_kind(draw(make_grid([[1.0]]), values=False).axes[0], PathCollection)


@given(st.sampled_from(list(PALETTES.values())), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_numbers_have_a_contrast_of_four_and_a_half(palette, value):
    colour = palette.colour(value)
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    contrast = 1.05 / (luminance + 0.05) if is_dark(colour) else (luminance + 0.05) / 0.05
    assert contrast >= 4.5  # WCAG 2.2, level AA


@pytest.mark.parametrize("name", ["safe", "grey"])
def test_lightness_grows_with_the_value(name):
    def lightness(colour):
        parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ (0.21, 0.72, 0.07))

    steps = [lightness(PALETTES[name].colour(value)) for value in np.linspace(0, 1, 21)]
    assert all(low < high for low, high in pairwise(steps))


def test_an_unknown_palette_or_preset_is_refused():
    for chosen, key in ((palette, "no_colours_named_choose"), (preset, "no_preset_choose_one")):
        with pytest.raises(UsageError, match=wording(f"figures.{key}", name="'jet'")):
            chosen("jet")


# ---- achieved depths -------------------------------------------------------------------------------------------------


def test_achieved_cells_reach_half_way_to_their_neighbours_and_one_place_is_one_cell():
    grid = make_grid(
        [[1.0], [0.0], [0.5], [0.7]], depths=(0.0, 30.0, 60.0, 100.0), achieved=[[10.0], [10.01], [50.0], [90.0]]
    )
    cells = cells_of(grid, achieved=True)
    assert [(cell.top, cell.bottom) for cell in cells] == [
        (0.0, pytest.approx(30.0, abs=0.01)),
        (pytest.approx(30.0, abs=0.01), 70.0),
        (70.0, 100.0),
    ]
    assert [cell.value for cell in cells] == [0.5, 0.5, 0.7] and cells[0].measured == 2


def test_achieved_depths_are_at_their_pixels(tmp_path):
    grid = make_grid([[1.0], [0.0]], depths=(0.0, 100.0), achieved=[[20.0], [40.0]])
    at = pixels(draw(grid, achieved=True), tmp_path / "f.png")
    assert (at(0.1, 28), at(0.1, 32)) == (colour_of(1.0), colour_of(0.0))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_achieved_cells_fill_the_column_once(places):
    grid = make_grid([[1.0]] * len(places), achieved=[[place] for place in places])
    cells = cells_of(grid, achieved=True)
    assert (cells[0].top, cells[-1].bottom) == (0.0, 100.0)
    assert all(upper.bottom == lower.top for upper, lower in pairwise(cells))
    assert sum(cell.measured for cell in cells) == len(places)


# ---- panel, difference -----------------------------------------------------------------------------------------------


def test_a_panel_has_one_scale_and_hatches_what_is_not_there(tmp_path):
    grids = ((make_grid([[1.0, 0.0]]), None), (make_grid([[0.5, NAN]], prompt="explicit"), make_grid([[0.7, 0.7]])))
    names = {"row_names": ("original", "explicit"), "column_names": ("one", "two")}
    figure = draw_panel(Panel(grids=grids, **names), Around(title="", caption=""))
    first, second, third, bar = figure.axes
    assert {"original", "explicit", "one", "two", t("figure.not_run")} <= set(texts(figure))
    assert first.get_position().y0 > second.get_position().y1
    assert third.get_position().x0 > second.get_position().x1
    assert bar.get_position().y1 == pytest.approx(first.get_position().y1)
    assert bar.get_position().y0 == pytest.approx(second.get_position().y0)
    at = pixels(figure, tmp_path / "f.png")
    assert (at(0.1, 0.2), at(1.1, 0.2)) == (colour_of(1.0), colour_of(0.0))


def test_a_difference_by_hand(tmp_path):
    first = make_grid([[1.0, 0.3, 0.5]], lengths=(1000, 2000, 3000))
    second = make_grid([[0.5, 0.7, 1.0]], lengths=(2000, 3000, 4000))
    made = difference(first, second)
    assert made.lengths == (2000, 3000)
    np.testing.assert_allclose(made.value, [[0.2, 0.2]])
    worse = difference(make_grid([[1.0, NAN]]), make_grid([[0.0, 1.0]]))
    figure = draw_panel(Panel(grids=((worse,),), is_difference=True), Around(title="", caption=""))
    at = pixels(figure, tmp_path / "f.png")
    assert at(0.1, 0.2) == CLASSIC.difference[0].lower() and t("figure.not_both") in texts(figure)
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["−100", "−50", "0", "+50", "+100"]
    with pytest.raises(UsageError, match=wording("analysis.two_no_cell_common")):
        difference(first, make_grid([[1.0]], lengths=(9000,)))


def test_controls_are_told_and_failed_ones_first():
    controls = (Control(name="oracle", passed=True, rate=1.0), Control(name="no_needle", passed=False, rate=0.4))
    said = texts(draw(make_grid([[1.0]]), controls=controls))
    bad, good = (
        t("figure.control_bad_no_needle", rate="40%"),
        t("figure.control_rate", name=t("control.oracle"), rate="100%"),
    )
    (failed,) = [place for place, text in enumerate(said) if says(text, "figure.controls_bad", names=bad)]
    (passed,) = [place for place, text in enumerate(said) if says(text, "figure.controls_good", names=good)]
    assert failed < passed
    said = texts(draw(make_grid([[1.0]]), controls=controls, lang="zh"))
    assert any(says(text, "figure.controls_bad", "zh") and "40%" in text for text in said)


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_data_give_the_same_bytes(tmp_path, suffix, monkeypatch):
    grid = make_grid([[1.0, NAN], [0.3, NAN]], {"timeout": [[0, 1], [0, 0]]})
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")  # what matplotlib takes for the time of writing
    save(draw(grid), first)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1100000000")
    with matplotlib.rc_context({"font.size": 20.0, "lines.linewidth": 5.0, "savefig.facecolor": "red"}):
        mine = dict(matplotlib.rcParams)
        save(draw(grid), second)
        assert dict(matplotlib.rcParams) == mine, "the user's settings are left as they were"
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[:4] == {".png": b"\x89PNG", ".svg": b"<?xm", ".pdf": b"%PDF"}[suffix]


def test_other_data_give_other_bytes(tmp_path):
    save(draw(make_grid([[1.0]])), tmp_path / "a.png")
    save(draw(make_grid([[0.7]])), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_missing_folders_are_made_and_suffixes_fold_case(tmp_path):
    save(draw(make_grid([[1.0]])), tmp_path / "new" / "F.PNG")
    assert (tmp_path / "new" / "F.PNG").stat().st_size > 1000


@pytest.mark.parametrize("name", ["f.jpg", "f", "f.png.txt"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"\.png, \.svg, \.pdf"):
        check_suffix(Path(name))
    with pytest.raises(UsageError, match=r"\.png, \.svg, \.pdf"):
        save(draw(make_grid([[1.0]])), tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=wording("errors.cant_write") + ".*--out"):
        save(draw(make_grid([[1.0]])), tmp_path / "file" / "f.png")


@pytest.mark.slow
def test_words_and_terminal_maps_do_without_matplotlib():
    code = "import sys, nihbench.figures.findings, nihbench.figures.terminal; "
    code += "print('matplotlib' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
