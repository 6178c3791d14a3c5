"""Make the figures of docs/gallery and of the reference run: `python scripts/gallery.py`; `--check` tells stale ones.

The reference run in results/ is real. All other runs here are synthetic, written by `scripts/synthetic_runs.py`: their
names and captions say so. Beside the figures stands figures.json: for each the hash of what it was made from (the runs'
files and the code that draws), the hash of its bytes, and the versions it was made with.

A figure is stale where its file isn't the one that was made, where what it is made from has changed, or where the same
versions now give other bytes. With other versions of matplotlib, FreeType or the font, bytes may differ though nothing
is wrong, so there they are not compared.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "scripts")]

import matplotlib.ft2font  # noqa: E402
from synthetic_runs import write_runs  # noqa: E402

from nihbench.analysis.controls import ControlResult, Verdict  # noqa: E402
from nihbench.app.drawing import Wording, draw  # noqa: E402
from nihbench.app.events import Caller  # noqa: E402
from nihbench.app.results import (  # noqa: E402
    Result,
    result_of,
)
from nihbench.figures.style import (  # noqa: E402
    Style,
    palette,  # noqa: E402
    preset,
)
from nihbench.figures.sweeps import Sweep  # noqa: E402
from nihbench.run.store import open_run  # noqa: E402
from nihbench.stats.interval import share  # noqa: E402

GALLERY = ROOT / "docs" / "gallery"
LEDGER = GALLERY / "figures.json"
REFERENCE = ROOT / "results" / "reference-smollm2-135m"
REFERENCE_FIGURE = REFERENCE / "heatmap.png"
COMMAND = "python scripts/gallery.py"
_CODE = [
    *(
        "src/nihbench/figures",
        *("src/nihbench/app/drawing.py", "src/nihbench/app/results.py", "src/nihbench/lang"),
        "src/nihbench/stats",
        "src/nihbench/analysis/statistics.py",
        "src/nihbench/analysis/passport.py",
    ),
    *("scripts/gallery.py", "scripts/synthetic_runs.py"),
]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: where it is kept, which runs it shows, and how it is drawn to a path."""

    path: Path
    runs: tuple[str, ...]
    draw: Callable[[Path], None]


def figures(runs: dict[str, Result]) -> list[Figure]:
    """Return all figures; `runs` are by their folders' names."""

    def of(*names: str, prompts: tuple[str, ...] = ()) -> list[Sweep]:
        sweeps = [sweep for name in names for sweep in runs[name].sweeps]
        return [s for p in prompts for s in sweeps if s.grid.prompt == p] if prompts else sweeps

    def figure(name: str, sweeps: list[Sweep], style: Style, **more: object) -> Figure:
        used = tuple(n for n, result in runs.items() if any(s.setting.model == _model(result) for s in sweeps))
        path = REFERENCE_FIGURE if name == "heatmap.png" else GALLERY / name
        if "title" in more:
            more["wording"] = Wording(title=str(more.pop("title")))
        return Figure(path=path, runs=used, draw=lambda to: draw(sweeps, to, style, Caller(), **more))  # type: ignore[arg-type]

    plain, blog, slide = preset("default"), preset("blog"), preset("slide")
    alpha = of("synthetic-alpha", prompts=("original",))
    panel = [f"synthetic-{name}" for name in ("alpha", "beta", "gamma")]
    two = of("synthetic-alpha", prompts=("original", "explicit"))
    bad = (control("no_needle", hits=4, verdict="failed"), control("oracle", hits=10, verdict="passed"))
    failing = [replace(sweep, controls=bad) for sweep in of("synthetic-failing")]
    made = [
        figure("heatmap.png", of(REFERENCE.name), plain),
        figure("reference-zh.png", of(REFERENCE.name), replace(blog, lang="zh")),
        figure("reference-achieved.png", of(REFERENCE.name), replace(blog, achieved=True)),
        figure("map.png", alpha, blog),
        figure("map-default.png", alpha, plain),
        figure("map-slide.png", alpha, slide),
        figure("map-safe.png", alpha, replace(blog, palette=palette("safe"))),
        figure("map-grey.png", alpha, replace(blog, palette=palette("grey"))),
        figure(
            "panel-zh.png", of(*panel), replace(plain, lang="zh"), title="大海捞针：三个合成模型在四种提问方式下的表现"
        ),
        figure(
            "panel-slide-zh.png", of(*panel), replace(slide, lang="zh"), title="大海捞针：三个合成模型，四种提问方式"
        ),
        figure("difference.png", two, blog, kind="difference"),
        figure("difference-grey-zh.png", two, replace(blog, lang="zh", palette=palette("grey")), kind="difference"),
        figure("failures.png", failing, blog),
        figure("failures-zh.png", failing, replace(slide, lang="zh")),
        figure("repeats.png", of("synthetic-repeats"), blog),
        figure("profiles.png", of(*panel, prompts=("original",)), blog, kind="profiles"),
        figure(
            "profiles-grey-zh.png",
            two,
            replace(blog, lang="zh", palette=palette("grey")),
            kind="profiles",
        ),  # fmt: skip
        figure("profiles-slide-zh.png", two, replace(slide, lang="zh"), kind="profiles"),
        figure("passport.png", of(*_of(runs, "synthetic-delta")), blog, kind="passport"),
        figure(
            "passport-two-zh.png",
            of(*_of(runs, "synthetic-delta"), *_of(runs, "synthetic-epsilon")),
            replace(plain, lang="zh"),
            kind="passport",
        ),
        figure("passport-slide.png", of(*_of(runs, "synthetic-epsilon")), slide, kind="passport"),
        figure("panel.svg", of(*panel, prompts=("original", "explicit")), replace(plain, values=False)),
    ]
    still = figure("map-still.png", alpha, replace(blog, dpi=100), animate=None)
    records = runs["synthetic-alpha"].records

    def animated(to: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            draw(alpha, Path(folder) / "still.png", replace(blog, dpi=100), Caller(), animate=(to, records))

    return [*made, replace(still, path=GALLERY / "sweep.gif", draw=animated)]


def _of(runs: dict[str, Result], model: str) -> list[str]:
    """Return the names of a model's runs."""
    return [name for name, result in runs.items() if _model(result) == model]


def control(name: str, *, hits: int, verdict: Verdict) -> ControlResult:
    """Return a control's result, made up as the synthetic runs are."""
    found = share(hits, 10)
    return ControlResult(
        experiment="sf-sandwich",
        prompt="original",
        name=name,
        planned=10,
        n=10,
        hits=hits,
        rate=found.value,
        interval=found.interval,
        verdict=verdict,
    )


def _model(result: Result) -> str:
    return result.run.manifest.model.name


def versions() -> dict[str, str]:
    """Return the versions that a figure's bytes depend on."""
    names = ("matplotlib", "numpy", "pillow", "pylopdf-fonts-zh-cn")
    found = {name: metadata.version(name) for name in names}
    return {**found, "freetype": matplotlib.ft2font.__freetype_version__}


def code_hash() -> str:
    """Hash the code that draws figures, without blank and comment lines; the same under every version of Python."""
    digest = hashlib.sha256()
    for place in _CODE:
        path = ROOT / place
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            lines = (line.rstrip() for line in file.read_text(encoding="utf-8").splitlines())
            kept = [line for line in lines if line and not line.lstrip().startswith("#")]
            digest.update("\n".join([file.relative_to(ROOT).as_posix(), *kept]).encode())
    return digest.hexdigest()


def run_hash(result: Result) -> str:
    """Hash what a run's figure is made from: its manifest, its records and their scores."""
    digest = hashlib.sha256()
    for name in ("run.json", "records.jsonl", "scores.rules.jsonl"):
        digest.update((result.run.path / name).read_bytes())
    return digest.hexdigest()


def entry(figure: Figure, data: bytes, runs: dict[str, Result]) -> dict[str, object]:
    """Return a figure's line in the ledger."""
    inputs = hashlib.sha256("\n".join([code_hash(), *(run_hash(runs[name]) for name in figure.runs)]).encode())
    return {"runs": list(figure.runs), "inputs": inputs.hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}


def stale(ledger: dict[str, dict[str, object]], made: dict[str, dict[str, object]], same: bool) -> list[str]:
    """Say what is wrong with the committed figures, a sentence each."""
    problems = [f"{name}: not in the ledger" for name in made.keys() - ledger.keys()]
    problems += [f"{name}: no figure of this program any more" for name in ledger.keys() - made.keys()]
    for name in made.keys() & ledger.keys():
        file, old, new = ROOT / name, ledger[name], made[name]
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != old["sha256"]:
            problems.append(f"{name}: the file is missing, or not the one that was made")
        elif old["inputs"] != new["inputs"]:
            problems.append(f"{name}: its runs or the code that draws it changed since it was made")
        elif same and old["sha256"] != new["sha256"]:
            problems.append(f"{name}: made again with the same versions, it has other bytes")
    return sorted(problems)


def main(arguments: list[str]) -> int:
    """Make the figures, or with `--check` compare them with what is kept; return the exit code."""
    check = arguments == ["--check"]
    if arguments and not check:
        print(f"usage: {COMMAND} [--check]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        paths = [REFERENCE, *write_runs(REFERENCE, Path(folder))]
        runs = {path.name: result_of(open_run(path)) for path in paths}
        made = {}
        for figure in figures(runs):
            to = Path(folder) / "figures" / figure.path.name if check else figure.path
            figure.draw(to)
            made[figure.path.relative_to(ROOT).as_posix()] = entry(figure, to.read_bytes(), runs)
    if not check:
        text = json.dumps({"versions": versions(), "figures": made}, indent=1) + "\n"
        LEDGER.write_text(text, encoding="utf-8", newline="\n")
        print(f"{len(made)} figures made")
        return 0
    kept = json.loads(LEDGER.read_text(encoding="utf-8"))
    problems = stale(kept["figures"], made, same=kept["versions"] == versions())
    for problem in problems:
        print(f"stale figure: {problem}")
    print(f"make them again: {COMMAND}" if problems else f"{len(made)} figures are as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
