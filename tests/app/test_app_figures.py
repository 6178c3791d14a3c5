"""A kind of figure is one line of `keywords.FIGURES`: the command line, its help, Python and the mistake know it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import reload
from pathlib import Path
from typing import Any, cast

import pytest
from matplotlib.figure import Figure

import nihbench as nih
import nihbench.cli.commands.understand as declared
from nihbench.app.drawing import kind_named
from nihbench.app.keywords import FIGURES
from nihbench.cli.app import main
from nihbench.figures.sweeps import Kind

REFERENCE = Path(__file__).parents[2] / "results" / "reference-smollm2-135m"


def draw_dots(sweeps: Any, around: Any, style: Any) -> Figure:
    """Draw how many trials of each sweep are measured: a kind that stands in no module of the product."""
    figure = Figure()
    figure.suptitle(around.title)
    figure.add_subplot().scatter(range(len(sweeps)), [sweep.summary.measured for sweep in sweeps])
    return figure


@pytest.fixture
def dots(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with monkeypatch.context() as patch:
        patch.setitem(cast(dict[str, str], FIGURES), "dots", f"{__name__}:draw_dots")
        patch.setitem(sys.modules, __name__, sys.modules[__name__])
        reload(declared)
        yield "dots"
    reload(declared)


def command_line(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    told = capfd.readouterr()
    return int(str(ended.value.code or 0)), told.out, told.err


def test_a_kind_of_figure_is_one_line(dots: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    figure = nih.plot(REFERENCE, kind=dots, out=tmp_path / "python.svg")
    assert len(figure.axes[0].collections) == 1 and (tmp_path / "python.svg").stat().st_size > 1000
    code, _, err = command_line(capfd, "plot", REFERENCE, "--kind", dots, "--out", tmp_path / "line.svg")
    assert (code, (tmp_path / "line.svg").exists()) == (0, True), err
    assert dots in command_line(capfd, "plot", "--help")[1]
    code, _, err = command_line(capfd, "plot", REFERENCE, "--kind", "cake")
    assert code == 2 and all(name in err for name in FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_every_kind_is_there_and_is_offered(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert isinstance(kind_named(name), Kind)
    assert name in command_line(capfd, "plot", "--help")[1]


def test_a_kind_that_there_is_not_is_told_before_a_run_is_read(tmp_path: Path) -> None:
    with pytest.raises(nih.UsageError, match="--kind"):
        nih.plot(REFERENCE, kind="cake", out=tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
