"""Reports: runs as one HTML file to explore, from their stored scores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nihbench.analysis.report import Measured, report_data
from nihbench.app.comparing import comparison_of
from nihbench.app.events import Caller, PassportMade
from nihbench.app.history import history_of
from nihbench.app.money import stored_tariff
from nihbench.app.passports import has_rungs, passports_in, rule_of
from nihbench.app.results import Result, result_from
from nihbench.catalog.loading import load_for
from nihbench.catalog.lookup import Catalog
from nihbench.errors import NihError, UsageError
from nihbench.fetch.files import write_atomic
from nihbench.figures.captions import listed
from nihbench.figures.findings import change_phrase
from nihbench.figures.report import report_page
from nihbench.lang.messages import language, languages, said, t
from nihbench.run.scores import default_scorer, grades_of
from nihbench.run.spent import Tariff, spent_of
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import corpus_of
from nihbench.run.texts import stored_corpus
from nihbench.run.tree import find_runs
from nihbench.types import Record


def write_report(
    runs: Iterable[Path],
    out: Path,
    caller: Caller,
    *,
    title: str | None = None,
    scorer: str | None = None,
    price: str | None = None,
) -> Path:
    """Write one HTML file that shows runs down to each answer, opens from disk and loads nothing.

    Args:
        runs: folders of runs, or of several.
        out: the file; its name ends in .html.
        caller: hears what is left out, and how large the file is.
        title: the report's title; None: one that names the models.
        scorer: whose scores; None: the rules', or those that came with an import.
        price: the models' price (`--price`), where it is another than the catalog's.

    Raises:
        UsageError: there is no run, or the file can't be written.
    """
    if out.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(t("cli.report_html_file_give", name=out.with_suffix(".html")))
    catalog, runs = load_for(caller.tell_once), list(runs)
    told = [_measured(folder, scorer, catalog, price, caller) for path in runs for folder in find_runs(path)]
    results = [result_from(run.folder, run.records, run.grades, run.scorer) for run in told]
    made = passports_in(results, rule_of(runs, caller)) if has_rungs(run.folder for run in told) else None
    data = report_data(
        told,
        title=title or _title(told),
        passports=made.as_json() if made else (),
        history=history_of(results).told_series(),
        changes=_changes(results),
    )
    page = report_page(data, lang=language())
    write_atomic(out, page)
    caller.tell(t("cli.report_mb", out=out, size=len(page) / 1e6))
    if made:
        caller.emit(PassportMade(passports=made))
    return out


def _changes(results: Sequence[Result]) -> list[dict[str, str]]:
    """Return where the second of two runs is worse and better; nothing where they can't be paired."""
    if len(results) != 2:
        return []
    try:
        pairs = comparison_of(lambda: results, Caller(), by="model").pairs
    except UsageError:
        return []
    return [
        {
            lang: said(t("finding.change", b=pair.second.name, change=change_phrase(pair, lang)), lang)
            for lang in languages()
        }
        for pair in pairs
        if change_phrase(pair)
    ]


def _measured(path: Path, scorer: str | None, catalog: Catalog, price: str | None, caller: Caller) -> Measured:
    run = open_run(path)
    records = run.records()
    tariff = None if run.manifest.is_import else stored_tariff(run.manifest, catalog, price)
    spent = spent_of(run.path, tariff) if tariff is not None else None
    scorer = scorer or default_scorer(run)
    return Measured(
        folder=run,
        place=_place(path),
        records=records,
        grades=grades_of(run, records, scorer),
        scorer=scorer,
        text=_text(run, catalog, caller),
        spent_usd=None if spent is None else round(float(spent), 8),
        cost=_cost(tariff),
    )


def _place(path: Path) -> str:
    """Return how the folder is called from here; of a folder elsewhere its name alone, since a report is passed on."""
    here = Path(os.path.realpath(path))  # a loop of links is no error of its own
    return here.relative_to(Path.cwd()).as_posix() if here.is_relative_to(Path.cwd()) else here.name


def _text(run: RunFolder, catalog: Catalog, caller: Caller) -> str | None:
    """Return the text of a run's corpus where it is on this machine; a report fetches nothing."""
    if run.manifest.is_import:
        return None
    sha256 = run.manifest.corpus.sha256
    try:
        corpus = stored_corpus(catalog, corpus_of(run.manifest, run.path, catalog), Path.cwd(), sha256)
    except NihError as error:
        caller.tell(t("cli.text_around_needles_left", error=error))
        return None
    return corpus.text


def _cost(tariff: Tariff | None) -> Callable[[Record], float | None]:
    """Return what says what a trial cost: as the server said, else by prices, every sending of it."""

    def cost(record: Record) -> float | None:
        usd = tariff.cost(record) if tariff is not None else None
        return None if usd is None else round(float(usd), 8)

    return cost


def _title(runs: Sequence[Measured]) -> str:
    models = dict.fromkeys(run.folder.manifest.model.name for run in runs)
    experiments = dict.fromkeys(run.folder.manifest.experiment for run in runs)
    if len(experiments) <= _NAMED:
        return f"{listed('en', list(models))}: {listed('en', list(experiments))}"
    more = t("cli.report_experiments", count=len(experiments))
    return f"{listed('en', list(models))}: {said(more, 'en')}"


_NAMED = 4
"""Experiments that a report's title names; of more it says how many they are."""
