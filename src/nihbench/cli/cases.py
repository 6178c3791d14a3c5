"""`nih cases`: every answer below full marks, grouped and clustered, with the text around the needle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from nihbench.analysis.cases import ORDER, Cases, Filter, find_cases
from nihbench.analysis.controls import ControlResult, control_results
from nihbench.analysis.table import UNSCORED
from nihbench.app.catalogs import load
from nihbench.app.comparing import lost_since
from nihbench.app.plain import plain
from nihbench.app.probing import ProbeOptions, cause_lines, causes_json, causes_of, send_probes
from nihbench.app.results import tell_controls
from nihbench.cli import caseview
from nihbench.cli.caseview import Context
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show, show_json, tell
from nihbench.errors import DamagedDataError, FetchError, UsageError
from nihbench.lang.messages import said, t
from nihbench.run.places import counted_once
from nihbench.run.probe import Causes
from nihbench.run.rebuild import needle_surroundings
from nihbench.run.scores import grades_of
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import corpus_of
from nihbench.run.texts import stored_corpus
from nihbench.run.tree import find_runs
from nihbench.types import FailureKind, Grade, Record, Trial

_REACH = 160


def cases(
    run: Path,
    outcome: str | None,
    failure: str | None,
    prompt: str | None,
    min_length: int | None,
    max_length: int | None,
    min_depth: float | None,
    max_depth: float | None,
    against: Path | None,
    scorer: str | None,
    corpus: str | None,
    probe: bool,
    base_url: str | None,
    api_key_env: str | None,
    header: list[str] | None,
    concurrency: int | None,
    price: str | None,
    max_cost: float | None,
    yes: bool,
    as_md: bool,
    as_json: bool,
) -> None:
    """Show every answer below full marks: what the model said, where, why it got its grade, what was sent."""
    if as_md and as_json:
        raise UsageError(t("cli.md_json_two_forms"))
    chosen = Filter(
        outcome=_known(outcome), failure=_known_failure(failure), prompt=prompt, min_length=min_length,
        max_length=max_length, min_depth=min_depth, max_depth=max_depth,
    )  # fmt: skip
    reaching = ProbeOptions(
        base_url=base_url, api_key_env=api_key_env, headers=tuple(header or ()), concurrency=concurrency,
        price=price, max_cost=max_cost,
    )  # fmt: skip
    read = [_read(open_run(path), scorer) for path in find_runs(run)]
    filters = [_since(against, folder, chosen, scorer) for folder, *_ in read]
    if probe:
        # All are read by now: what is wrong with one of them is known before another's probes are paid for.
        for (folder, _, records, grades), each in zip(read, filters, strict=True):
            send_probes(folder, _let(records, each), grades, reaching, terminal(yes=yes))
    looked = [_looked(one, each, corpus) for one, each in zip(read, filters, strict=True)]
    tell_controls([(each.folder, each.controls) for each in looked], terminal())
    if as_json:
        show_json({"runs": [each.json() for each in looked]})
    else:
        text = "\n\n".join(each.markdown() if as_md else each.text(titled=len(looked) > 1) for each in looked)
        show(text) if as_md else tell(text, hanging=2)


def _since(against: Path | None, folder: RunFolder, chosen: Filter, scorer: str | None) -> Filter:
    """Return the filter with the trials that an older run found and this one misses, where one is given."""
    return chosen if against is None else replace(chosen, only=lost_since(against, folder, scorer))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looked:
    """The cases of one run with all that is shown of them."""

    folder: RunFolder
    cases: Cases
    context: Context
    causes: Causes | None
    controls: tuple[ControlResult, ...]

    @property
    def title(self) -> str:
        model, experiment = self.folder.manifest.model.name, self.folder.manifest.experiment
        return said(t("cli.bad_cases", model=model, experiment=experiment))

    def text(self, *, titled: bool) -> str:
        shown = caseview.as_text(self.cases, self.context, self._causes())
        return f"{plain(self.title)}\n{shown}" if titled else shown

    def markdown(self) -> str:
        return caseview.as_markdown(self.cases, self.context, self._causes(), self.title)

    def json(self) -> dict[str, Any]:
        found = causes_json(self.causes) if self.causes else None
        return {"run": str(self.folder.path)} | caseview.as_json(self.cases, self.context, found)

    def _causes(self) -> Sequence[str]:
        return cause_lines(self.causes) if self.causes else []


_Read = tuple["RunFolder", tuple["Trial", ...], dict[str, "Record"], Mapping[str, "Grade"]]


def _read(folder: RunFolder, scorer: str | None) -> _Read:
    """Return a run with its plan, its records and their grades."""
    found = folder.records()
    planned, records = counted_once(folder.manifest.planned, found)
    return folder, planned, records, grades_of(folder, found, scorer)


def _let(records: Mapping[str, Record], chosen: Filter) -> dict[str, Record]:
    return {key: record for key, record in records.items() if chosen.lets(record)}


def _looked(read: _Read, chosen: Filter, corpus: str | None) -> _Looked:
    folder, planned, records, grades = read
    found = find_cases(records, grades, chosen, folder.manifest.axis, folder.manifest.needle)
    return _Looked(
        folder=folder,
        cases=found,
        context=context_of(folder, records, found, corpus),
        causes=causes_of(folder, _let(records, chosen), grades),
        controls=control_results(records.values(), grades, planned),
    )


def context_of(folder: RunFolder, records: dict[str, Record], found: Cases, corpus: str | None) -> Context:
    """Return the text around each case's needle, or why it can't be had."""
    shown = [case.id for group in found.groups for case in group.cases if records[case.id].placement]
    if folder.manifest.is_import:
        return Context(around={}, missing=t("cli.run_imported_source_not"))
    if not shown:
        return Context(around={})
    used = folder.manifest.corpus.sha256
    try:
        catalog = load(terminal())
        name = corpus or corpus_of(folder.manifest, folder.path, catalog)
        text = stored_corpus(catalog, name, Path.cwd(), used)
    except (UsageError, FetchError, DamagedDataError) as error:
        return Context(around={}, missing=error.args[0])
    around = {key: needle_surroundings(folder, records[key], text, _REACH) for key in shown}
    return Context(around={key: place for key, place in around.items() if place})


def _known(outcome: str | None) -> str | None:
    if outcome is not None and outcome not in ORDER:
        raise UsageError(t("cli.outcome_none", outcome=outcome, order=tuple(ORDER)))
    return outcome


def _known_failure(failure: str | None) -> str | None:
    known = (*get_args(FailureKind), UNSCORED)
    if failure is not None and failure not in known:
        raise UsageError(t("cli.failure_none", failure=failure, known=tuple(known)))
    return failure
