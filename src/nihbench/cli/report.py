"""`nih report`: runs as one HTML file to explore, from their stored scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nihbench.cli.output import command, note
from nihbench.errors import UsageError
from nihbench.lang import language, t

if TYPE_CHECKING:
    from nihbench.analysis.report import Measured
    from nihbench.catalog import Catalog
    from nihbench.run import RunFolder
    from nihbench.types import Outcome


@command
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The report: one .html file.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option("--title", help="A title of your own.")] = None,
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")
    ] = None,
) -> None:
    """Write one HTML file that shows runs down to the single answer, opens from disk and loads nothing."""
    from nihbench.analysis.report import report_data
    from nihbench.catalog import load
    from nihbench.fetch import write_atomic
    from nihbench.figures.report import report_page
    from nihbench.run import find_runs

    if out.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(t("a report is an HTML file: give it a name such as {name}", name=out.with_suffix(".html")))
    catalog = load()
    told = [_measured(folder, scorer, catalog) for path in runs for folder in find_runs(path)]
    page = report_page(report_data(told, title=title or _title(told)), lang=language())
    write_atomic(out, page)
    note(t("report: {out} ({size:.1f} MB)", out=out, size=len(page) / 1e6))


def _measured(path: Path, scorer: str | None, catalog: Catalog) -> Measured:
    from nihbench.analysis.report import Measured
    from nihbench.run import default_scorer, grades_of, open_run

    run = open_run(path)
    records = run.records()
    scorer = scorer or default_scorer(run)
    return Measured(
        folder=run,
        place=_place(path),
        records=records,
        grades=grades_of(run, records, scorer),
        scorer=scorer,
        text=_text(run, catalog),
        cost=_cost(run, catalog),
    )


def _place(path: Path) -> str:
    """Return how the folder is called from here; of a folder elsewhere its name alone, since a report is passed on."""
    here = path.resolve()
    return here.relative_to(Path.cwd()).as_posix() if here.is_relative_to(Path.cwd()) else here.name


def _text(run: RunFolder, catalog: Catalog) -> str | None:
    """Return the text of a run's corpus where it is on this machine; a report fetches nothing."""
    from nihbench.errors import NihError
    from nihbench.run import corpus_of, is_imported, stored_corpus

    if is_imported(run.manifest):
        return None
    sha256 = run.manifest["corpus"]["sha256"]
    try:
        corpus = stored_corpus(catalog, corpus_of(run.manifest), Path.cwd(), sha256)
    except NihError as error:
        note(t("the text around the needles is left out: {error}", error=error))
        return None
    return corpus.text


def _cost(run: RunFolder, catalog: Catalog) -> Callable[[Outcome], float | None]:
    """Return what a call cost: as the server said, else by the prices of the model of this name."""
    from nihbench.endpoint import cost_of
    from nihbench.prices import prices_paid

    preset = catalog.models.get(run.manifest["model"]["name"])
    prices = preset.prices if preset else ()
    limit = run.manifest["identity"].get("max_output", 0)  # an import has no calls to cost anything

    def cost(outcome: Outcome) -> float | None:
        paid = prices_paid(prices, preset.batch if preset else None, outcome.latency_s)
        usd = cost_of(paid, outcome, limit, None)
        return None if usd is None else round(float(usd), 8)

    return cost


def _title(runs: Sequence[Measured]) -> str:
    from nihbench.figures import listed

    models = dict.fromkeys(str(run.folder.manifest["model"]["name"]) for run in runs)
    experiments = dict.fromkeys(str(run.folder.manifest["experiment"]) for run in runs)
    return f"{listed('en', list(models))}: {listed('en', list(experiments))}"
