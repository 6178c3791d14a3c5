"""`nih plot` on run folders of the real format."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nihbench.app.drawing import FIGURES
from nihbench.cli.app import main
from nihbench.lang.messages import Note, languages, said, t
from scripts.synthetic_runs import write_run
from tests.wording import part, says

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "results" / "reference-smollm2-135m"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    small: dict[str, Any] = {"lengths": (1000, 4000, 16_000), "depths": (0.0, 50.0, 100.0)}
    write_run(REFERENCE, folder, "synthetic-one", strength=2.0, prompts=("original", "explicit"), **small)
    write_run(REFERENCE, folder, "synthetic-two", strength=0.0, prompts=("original",), failing=True, **small)
    return folder


def plot(folder: Path, *arguments: str) -> SimpleNamespace:
    """Give the command in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main(["plot", *arguments])
    out.flush()
    return SimpleNamespace(code=ended.value.code, out=out.buffer.getvalue().decode(), err=err.getvalue())  # type: ignore[attr-defined]


def minus(b: str, a: str) -> str:
    return t("figure.difference_title", a=a, b=b)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["synthetic-two"],
            [
                "synthetic-two, sf-sandwich/original, ",
                t("finding.title_below", model="synthetic-two", length="1K"),
                part("figure.synthetic"),
                "2026-01-01",
            ],
        ),
        (["."], ["synthetic-one", "synthetic-two", "explicit", t("figure.not_run")]),
        (["synthetic-one", "--kind", "difference"], [minus("sf-sandwich/explicit", "sf-sandwich/original")]),
        (
            ["synthetic-one", "--kind", "difference", "--prompt", "explicit,original"],
            [minus("sf-sandwich/original", "sf-sandwich/explicit")],
        ),
        (
            ["synthetic-one", "synthetic-two", "--prompt", "original", "--kind", "difference"],
            [minus("synthetic-two", "synthetic-one")],
        ),
        (
            ["synthetic-one", "--kind", "profiles"],
            [t("figure.by_length"), t("figure.interval", level="95%", method=t("figure.interval_haystack"))],
        ),
        (["synthetic-two", "--axis", "achieved"], [part("figure.depth_achieved"), part("figure.achieved_note")]),
        (
            ["synthetic-two", "--lang", "zh"],
            [said(Note("depth"), "zh"), said(t("figure.mean_band"), "zh"), part("figure.length", "zh").strip("（）")]
            + [part("figure.synthetic", "zh")],
        ),
        (["synthetic-two", "--title", "My own", "--subtitle", "and more"], ["My own", "and more"]),
        (["synthetic-two", "--names", "synthetic-two=A shown one"], ["A shown one, "]),
        (["synthetic-two", "--preset", "story", "--caption", "short"], [part("figure.synthetic")]),
    ],
)
def test_what_a_figure_says(
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: list[str],
) -> None:
    out = tmp_path / "f.svg"
    monkeypatch.chdir(runs)
    with pytest.raises(SystemExit) as ended:
        main(["plot", *arguments, "--out", str(out)])
    note = said(t("cli.figure", out=out), "zh" if "--lang" in arguments else "en") + "\n"
    assert (ended.value.code, capsys.readouterr()) == (0, ("", note))
    # Text is drawn as outlines; each has a comment that says what it is.
    drawn = " ".join(part.split("-->")[0].strip() for part in out.read_text(encoding="utf-8").split("<!--")[1:])
    for text in told:
        assert text in " ".join(drawn.split()), text


def test_a_sweep_is_animated(runs: Path, tmp_path: Path) -> None:
    ended = plot(runs, "synthetic-two", "-o", str(tmp_path / "f.png"), "--animate", str(tmp_path / "f.gif"))
    assert ended.code == 0 and "f.gif" in ended.err
    assert (tmp_path / "f.gif").read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synthetic-two", "--kind", "pie"], t("cli.choose_one", option="--kind", value="pie", known=tuple(FIGURES))),
        (["synthetic-two", "--lang", "fr"], t("cli.choose_one_2", name="--lang", value="fr", languages=languages())),
        (["synthetic-two", "--axis", "real"], "--axis 'real'"),
        (["synthetic-two", "--caption", "long"], "--caption 'long'"),
        (["synthetic-two", "--names=synthetic-two"], t("cli.names_not_read", names="synthetic-two")),
        (
            ["synthetic-two", "--names", "other=B"],
            t("cli.names_no_model", model="other", models=("synthetic-two",)),
        ),
        (
            ["synthetic-one", "synthetic-two", "--names=synthetic-one=synthetic-two"],
            t("cli.names_shown_twice", name="synthetic-two"),
        ),
        (["synthetic-two", "--colours", "jet"], "classic, safe, grey"),
        (["synthetic-two", "--preset", "poster"], "default, blog, slide"),
        (["synthetic-two", "--size", "huge"], "--size 'huge'"),
        (["synthetic-two", "--prompt", "none"], t("cli.no_run_here_prompt", name="none", present="original")),
        (["synthetic-two", "--kind", "difference"], part("cli.difference_between_two_sweeps")),
        (["synthetic-one", "--animate", "f.gif"], part("cli.animation_shows_one_map")),
        (["synthetic-two", "--animate", "f.mp4"], part("figures.animation_written_png_apng")),
        (["synthetic-two", "--size", "6x2"], part("figures.figure_doesnt_fit_x")),
        (["synthetic-two", "--size", "2"], part("figures.figure_doesnt_fit_inches")),
    ],
)
def test_what_can_not_be_drawn_is_said_in_one_line(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    there = [str(runs / each) if each.startswith("synthetic-") else each for each in arguments]
    with pytest.raises(SystemExit) as ended:
        main(["plot", *there, "--out", str(tmp_path / "f.png")])
    err = capsys.readouterr().err
    assert ended.value.code == 2 and words in err and err.count("\n") == 1, err
    assert not (tmp_path / "f.png").exists()


@pytest.mark.slow
def test_plotting_imports_neither_pandas_nor_the_client(runs: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom nihbench.cli.app import main\n"
        f"try: main(['plot', 'synthetic-two', '--out', {str(tmp_path / 'f.png')!r}])\n"
        "finally: print([name for name in ('pandas', 'httpx', 'matplotlib.pyplot') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=runs, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_characters_that_no_font_has_are_named_with_the_way_to_a_font(runs: Path, tmp_path: Path) -> None:
    for lang in languages():
        out = str(tmp_path / "f.png")
        ended = plot(runs, "synthetic-two", "--title", "a needle \U0001f9ff", "--lang", lang, "--out", out)
        assert ended.code == 0 and says(ended.err, "figure.no_font", lang, characters="\U0001f9ff")


def test_a_caption_is_as_long_as_it_is_asked_to_be(runs: Path, tmp_path: Path) -> None:
    heights = []
    for much in ("none", "short", "full"):
        out = tmp_path / f"{much}.svg"
        assert plot(runs, "synthetic-two", "--caption", much, "--out", str(out)).code == 0
        heights.append(float(out.read_text(encoding="utf-8").split('height="')[1].split("pt")[0]))
    assert heights == sorted(set(heights))


@pytest.mark.parametrize(
    ("preset", "pixels"), [("square", (1080, 1080)), ("wide", (1600, 900)), ("story", (1080, 1920))]
)
def test_a_post_has_its_pixels(runs: Path, tmp_path: Path, preset: str, pixels: tuple[int, int]) -> None:
    out = tmp_path / "post.png"
    assert plot(runs, "synthetic-two", "--preset", preset, "--out", str(out)).code == 0
    head = out.read_bytes()[16:24]
    assert (int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")) == pixels
