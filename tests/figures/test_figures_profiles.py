from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from nihbench.analysis.grids import Grid, depth_profile, length_profile
from nihbench.errors import UsageError
from nihbench.figures.animation import save_animation
from nihbench.figures.page import save
from nihbench.figures.panel import draw_heatmap
from nihbench.figures.profile import Line, draw_profiles
from nihbench.figures.sheet import Around
from nihbench.figures.style import NOT_RUN, PRESETS, Style, colour_of
from tests.figures.test_figures_maps import check_layout, make_grid
from tests.wording import wording

NAN = float("nan")


def lines(count=2, names="model"):
    chance = np.random.default_rng(1)
    made = []
    for k in range(count):
        grid = make_grid(chance.random((15, 15)), lengths=[round(n) for n in np.linspace(1000, 128_000, 15)])
        profiles = [length_profile(grid), depth_profile(grid)]
        by_length, by_depth = (replace(p, low=p.value - 0.1, high=p.value + 0.1) for p in profiles)
        made.append(Line(name=f"{names} {k}", by_length=by_length, by_depth=by_depth))
    return made


def test_profiles_are_means_over_the_measured_trials_of_a_grid():
    value = np.array([[1.0, NAN], [0.0, 0.5]])
    grid = Grid(
        experiment="e", prompt="p", lengths=(10, 20), depths=(0.0, 100.0), value=value,
        measured=np.array([[3, 0], [1, 2]]), owed=np.zeros((2, 2), dtype=np.int64), failures={},
    )  # fmt: skip
    by_length, by_depth = length_profile(grid), depth_profile(grid)
    np.testing.assert_allclose(by_length.value, [3 / 4, 0.5])  # 3 trials of 1.0 and one of 0.0; two of 0.5
    np.testing.assert_allclose(by_depth.value, [1.0, 1 / 3])
    assert (by_length.measured.tolist(), by_depth.measured.tolist()) == ([4, 2], [3, 3])
    assert (by_length.at, by_depth.at) == ((10.0, 20.0), (0.0, 100.0))


def test_a_place_without_a_value_is_not_drawn_across():
    grid = make_grid([[1.0, NAN, 0.5]])
    figure = draw_profiles(
        [Line(name="a", by_length=length_profile(grid), by_depth=depth_profile(grid))],
        Around(title="", caption=""), length_unit="model",
    )  # fmt: skip
    [drawn] = figure.axes[0].lines
    np.testing.assert_array_equal(drawn.get_ydata(), [1.0, NAN, 0.5])


def test_intervals_are_drawn_where_they_are_given():
    made = lines(1)
    figure = draw_profiles(made, Around(title="", caption=""), length_unit="model")
    [band] = figure.axes[0].collections
    [path] = band.get_paths()
    low, high = made[0].by_length.low, made[0].by_length.high
    assert path.vertices[:, 1].min() == pytest.approx(low.min())
    assert path.vertices[:, 1].max() == pytest.approx(high.max())


@pytest.mark.parametrize(("lengths", "scale"), [((1000, 2000, 3000), "linear"), ((1000, 10_000, 100_000), "log")])
def test_geometric_lengths_have_a_logarithmic_axis(lengths, scale):
    grid = make_grid([[1.0, 0.7, 0.5]], lengths=lengths)
    line = Line(name="a", by_length=length_profile(grid), by_depth=depth_profile(grid))
    figure = draw_profiles([line], Around(title="", caption=""), length_unit="model")
    assert figure.axes[0].get_xscale() == scale


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("count", "lang"), [(1, "zh"), (3, "en"), (9, "en"), (9, "zh")])
def test_no_text_of_profiles_is_cut_off_or_on_another(count, preset, lang):
    style = replace(PRESETS[preset], lang=lang)
    around = Around(title="按长度与深度的得分", caption="words of a caption " * 12)
    check_layout(draw_profiles(lines(count, "a model of some name"), around, style, length_unit="model"))


def test_profiles_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match=wording("figures.figure_doesnt_fit_x")):
        draw_profiles(lines(), Around(title="t", caption="w " * 400), Style(width=6.0, height=3.0), length_unit="model")
    with pytest.raises(UsageError, match=wording("figures.figure_doesnt_fit_inches")):
        draw_profiles(lines(), Around(title="t", caption=""), Style(width=2.0), length_unit="model")


# ---- animation -------------------------------------------------------------------------------------------------------


@pytest.fixture
def sweep():
    grid = make_grid([[1.0, 0.5, 0.0], [0.0, 1.0, 0.7]])
    return draw_heatmap(grid, Around(title="t", caption="c"), Style(values=False))


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_cells_appear_in_the_order_of_the_records(tmp_path, sweep, suffix):
    order = [(0, 0), (1, 1), (0, 2), (1, 0), (0, 1), (1, 2)]
    file = tmp_path / f"a{suffix}"
    assert save_animation(sweep, order, file, Style()) == 8
    save(sweep, tmp_path / "still.png", 100)
    with Image.open(file) as moving, Image.open(tmp_path / "still.png") as still:
        assert moving.n_frames in (7, 8)  # a last frame that equals the one before is joined with it
        axes, (width, height) = sweep.axes[0], moving.size

        def at(frame, row, column):
            moving.seek(frame)
            x, y = sweep.transFigure.inverted().transform(axes.transData.transform((column + 0.5, row + 0.5)))
            return "#{:02x}{:02x}{:02x}".format(
                *moving.convert("RGB").getpixel((int(x * width), int((1 - y) * height)))
            )

        values = {(0, 0): 1.0, (1, 1): 1.0, (0, 2): 0.0, (1, 0): 0.0, (0, 1): 0.5, (1, 2): 0.7}
        for frame in range(7):
            for k, place in enumerate(order):
                seen = at(frame, *place)
                shown = seen == colour_of(values[place])
                assert shown if k < frame else len({seen[1:3], seen[3:5], seen[5:7]}) == 1, (frame, place, seen)
        moving.seek(moving.n_frames - 1)
        if suffix == ".png":
            np.testing.assert_array_equal(np.asarray(moving.convert("RGB")), np.asarray(still.convert("RGB")))
        assert NOT_RUN.lower() in {at(0, row, column) for row in range(2) for column in range(3)}


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_the_same_sweep_gives_the_same_bytes(tmp_path, sweep, suffix):
    for name in ("a", "b"):
        save_animation(sweep, [(0, 0), (1, 2)], tmp_path / f"{name}{suffix}", Style())
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_an_animation_of_another_format_is_refused(tmp_path, sweep):
    with pytest.raises(UsageError, match=wording("figures.animation_written_png_apng")):
        save_animation(sweep, [(0, 0)], tmp_path / "a.mp4", Style())
