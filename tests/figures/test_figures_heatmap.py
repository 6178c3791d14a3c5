from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_hex

import nihbench.figures
from nihbench.analysis import Grid
from nihbench.errors import UsageError
from nihbench.figures import check_suffix, draw_heatmap, draw_panel, save
from nihbench.figures.colours import HATCH_LINE, NO_ANSWER, NOT_RUN, colour_of
from nihbench.figures.hatch import Hatch
from nihbench.figures.heatmap import COLOUR_MAP
from nihbench.figures.look import families

NAN = float("nan")


def make_grid(value, failures=None, lengths=None, depths=None, prompt="original"):
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
    )


def draw(*grids, title="A title", caption="A caption.", length_unit="model"):
    return draw_panel(grids, title=title, caption=caption, length_unit=length_unit)


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


def mesh_of(axes):
    [mesh] = of_kind(axes, QuadMesh)
    return mesh


# ---- colours: the stops are the article's, written out here --------------------------------------------------------


def test_pixels_of_known_values_are_the_articles_colours(tmp_path):
    at = pixels(draw(make_grid([[0.0, 0.5, 1.0]])), tmp_path / "f.png")
    assert [at(j + 0.5, 0.5) for j in range(3)] == ["#f0496e", "#ebb839", "#0cd79f"]


def test_a_cell_has_the_colour_of_its_stored_value(tmp_path):
    value = np.array([[1.0, 0.7, 0.5], [0.3, 0.0, 0.85]])
    figure = draw(make_grid(value))
    at = pixels(figure, tmp_path / "f.png")
    mesh = mesh_of(figure.axes[0])
    np.testing.assert_array_equal(np.asarray(mesh.get_array()), value)
    np.testing.assert_allclose(mesh.get_facecolors(), COLOUR_MAP(value.ravel()))
    for (i, j), each in np.ndenumerate(value):
        assert at(j + 0.5, i + 0.5) == to_hex(COLOUR_MAP(each)) == colour_of(each)


@given(st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_files_and_terminals_have_one_scale(value):
    drawn = np.array(COLOUR_MAP(value)[:3]) * 255
    written = [int(colour_of(value)[k : k + 2], 16) for k in (1, 3, 5)]
    assert np.abs(drawn - written).max() <= 1.5  # the drawn scale has steps, the written one has not


def test_depth_grows_downwards_and_length_to_the_right(tmp_path):
    figure = draw(make_grid([[1.0, 0.5], [0.0, 0.0]], depths=(0.0, 100.0), lengths=(1000, 32_000)))
    at = pixels(figure, tmp_path / "f.png")
    axes = figure.axes[0]
    assert (at(0.5, 0.5), at(1.5, 0.5), at(0.5, 1.5)) == (colour_of(1.0), colour_of(0.5), colour_of(0.0))
    top = {label.get_text(): label.get_window_extent().y0 for label in axes.get_yticklabels()}
    right = {label.get_text(): label.get_window_extent().x0 for label in axes.get_xticklabels()}
    assert top["0%"] > top["100%"] and right["32K"] > right["1K"]


# ---- cells without a value -----------------------------------------------------------------------------------------


def test_unmeasured_cells_are_hatched_and_have_no_colour_of_the_map(tmp_path):
    grid = make_grid([[1.0, NAN], [NAN, 0.0]], {"overflow": [[0, 3], [0, 0]], "rate_limit": [[0, 1], [0, 0]]})
    figure = draw(grid)
    at = pixels(figure, tmp_path / "f.png")
    axes = figure.axes[0]
    for (x, y), ground in (((1, 0), NO_ANSWER), ((0, 1), NOT_RUN)):
        [box] = [box for box in of_kind(axes, PolyCollection) if to_hex(box.get_facecolor()) == ground.lower()]
        [path] = box.get_paths()
        assert path.get_extents().bounds == (x, y, 1, 1)
        seen = {at(x + dx, y + dy) for dx in np.linspace(0.1, 0.9, 33) for dy in np.linspace(0.1, 0.9, 33)}
        assert {ground.lower(), HATCH_LINE.lower()} <= seen, "the ground and the lines of the hatching"
        assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in seen), "grey only"
    faces = mesh_of(axes).get_facecolors()
    assert faces[:, 3].tolist() == [1, 0, 0, 1]
    legend = texts(figure)
    assert "no valid answer: overflow 3, rate limit 1" in legend and "not run" in legend


def test_a_full_grid_has_no_legend():
    figure = draw(make_grid([[1.0, 0.0]]))
    assert not of_kind(figure.axes[0], PolyCollection) and not of_kind(figure.axes[0], LineCollection)
    assert not any("no valid answer" in text or "not run" in text for text in texts(figure))


def test_failures_in_a_cell_that_has_a_value_do_not_hatch_it():
    figure = draw(make_grid([[1.0, 0.0]], {"timeout": [[2, 0]]}))
    assert not of_kind(figure.axes[0], PolyCollection) and not of_kind(figure.axes[0], LineCollection)


@given(st.floats(0.05, 9), st.floats(0.05, 5), st.booleans())
@settings(max_examples=50, deadline=None)
def test_hatching_lines_run_at_45_degrees_from_edge_to_edge(width, height, falling):
    lines = Hatch(face="#ffffff", step=0.075, falling=falling).lines(width, height)
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
    assert {"model: sf", "First.", "Second.", "Context length (cl100k_base tokens)"} <= set(texts(figure))


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


@pytest.mark.parametrize("name", ODD_GRIDS)
def test_no_text_is_cut_off_or_on_another(name):
    figure = draw(ODD_GRIDS[name], title="long title " * 20, caption="words of a caption " * 30 + "\n" + "字" * 200)
    figure.canvas.draw()
    page = figure.bbox
    axes = figure.axes[0]
    standing = [text.get_window_extent() for text in figure.texts]
    ticks_x = [label.get_window_extent() for label in axes.get_xticklabels()]
    ticks_y = [label.get_window_extent() for label in axes.get_yticklabels()]
    bar = [label.get_window_extent() for label in figure.axes[1].get_yticklabels()]
    for box in [*standing, *ticks_x, *ticks_y, *bar]:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
    for k, box in enumerate(standing):
        others = [*standing[k + 1 :], *ticks_x, *ticks_y, *bar, axes.bbox, figure.axes[1].bbox]
        assert not any(box.overlaps(other) for other in others)
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(ticks_y))
    if axes.get_xticklabels()[0].get_rotation() == 0:
        assert all(left.x1 < right.x0 for left, right in pairwise(ticks_x))
    else:  # lines of text at 45 degrees: what keeps them apart is the distance across them
        height = 9 / 72 * figure.dpi
        assert all((right.x1 - left.x1) / 2**0.5 >= height * 0.95 for left, right in pairwise(ticks_x))


# ---- panel -----------------------------------------------------------------------------------------------------------


def test_a_panel_has_a_row_for_each_grid_and_one_scale():
    grids = [make_grid([[1.0, 0.0]]), make_grid([[0.5], [NAN]], prompt="explicit")]
    figure = draw(*grids)
    first, second, bar = figure.axes
    assert {"sf-sandwich / original", "sf-sandwich / explicit", "not run"} <= set(texts(figure))
    assert first.get_position().y0 > second.get_position().y1
    assert bar.get_position().y1 == pytest.approx(first.get_position().y1)
    assert bar.get_position().y0 == pytest.approx(second.get_position().y0)
    assert mesh_of(first).norm.vmin == mesh_of(second).norm.vmin == 0
    assert mesh_of(first).norm.vmax == mesh_of(second).norm.vmax == 1


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
        save(draw_heatmap(grid, title="A title", caption="A caption.", length_unit="model"), second)
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
    with pytest.raises(UsageError, match="can't be written"):
        save(draw(make_grid([[1.0]])), tmp_path / "file" / "f.png")


def test_importing_the_room_does_not_import_matplotlib():
    code = "import sys, nihbench.figures; print('matplotlib' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_every_public_name_can_be_had():
    assert all(getattr(nihbench.figures, name) for name in nihbench.figures.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = nihbench.figures.nothing
