"""`nih cases`: every answer below full marks, grouped and clustered, with the text around the needle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional, get_args

import typer

from nihbench.cli.catalogs import load
from nihbench.cli.compare import note_controls
from nihbench.cli.output import command, plain, show, show_json, tell
from nihbench.errors import DamagedDataError, FetchError, UsageError
from nihbench.lang.messages import said, t

if TYPE_CHECKING:
    from nihbench.analysis.cases import Cases, Filter
    from nihbench.analysis.controls import ControlResult
    from nihbench.cli.caseview import Context
    from nihbench.run.probe import Causes
    from nihbench.run.store import RunFolder
    from nihbench.types import Grade, Record, Trial

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_INT = Optional[int]  # noqa: UP045
_TEXTS = Optional[list[str]]  # noqa: UP045
_FLOAT = Optional[float]  # noqa: UP045
_PATH = Optional[Path]  # noqa: UP045
_REACH = 160


def _filter(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Which cases")


def _probing(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Probes")


@command
def cases(
    run: Annotated[Path, typer.Argument(help="The run's folder, or a folder of runs.")],
    outcome: Annotated[_TEXT, _filter("--outcome", "Only this outcome: hallucinated, abstained, partial ...")] = None,
    failure: Annotated[_TEXT, _filter("--failure", "Only this failure: timeout, filtered ... or unscored.")] = None,
    prompt: Annotated[_TEXT, _filter("--prompt", "Only this prompt variant.")] = None,
    min_length: Annotated[_INT, _filter("--min-length", "Only from this length on.")] = None,
    max_length: Annotated[_INT, _filter("--max-length", "Only up to this length.")] = None,
    min_depth: Annotated[_FLOAT, _filter("--min-depth", "Only from this depth on, in percent.")] = None,
    max_depth: Annotated[_FLOAT, _filter("--max-depth", "Only up to this depth, in percent.")] = None,
    against: Annotated[_PATH, _filter("--against", "Only what this older run found and RUN misses.")] = None,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="Where the run's own text is now, if it was moved.")] = None,
    probe: Annotated[
        bool, _probing("--probe", "Ask each miss, and as many hits, to quote the needle: not retrieved, or misread?")
    ] = False,
    base_url: Annotated[_TEXT, _probing("--base-url", "Where the model is now, if it was moved.")] = None,
    api_key_env: Annotated[_TEXT, _probing("--api-key-env", "The environment variable that holds the key.")] = None,
    header: Annotated[_TEXTS, _probing("--header", "A header of the run as NAME=VALUE; may be repeated.")] = None,
    concurrency: Annotated[_INT, _probing("--concurrency", "Requests in flight at a time.")] = None,
    price: Annotated[_TEXT, _probing("--price", "IN,OUT or IN,OUT,CACHED in USD per million tokens.")] = None,
    max_cost: Annotated[_FLOAT, _probing("--max-cost", "Stop before run and probes pass so many USD.")] = None,
    yes: Annotated[bool, _probing("--yes", "Agree to what the probes can cost.")] = False,
    as_md: Annotated[bool, typer.Option("--md", help="Print Markdown, every case in full.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Show every answer below full marks: what was said, where, why it was graded so, and what was sent."""
    from nihbench.analysis.cases import Filter
    from nihbench.cli.probing import ProbeOptions, send_probes
    from nihbench.run.store import open_run
    from nihbench.run.tree import find_runs

    if as_md and as_json:
        raise UsageError(t("--md and --json are two forms of the same: give one of them"))
    chosen = Filter(
        outcome=_known(outcome), failure=_known_failure(failure), prompt=prompt, min_length=min_length,
        max_length=max_length, min_depth=min_depth, max_depth=max_depth,
    )  # fmt: skip
    reaching = ProbeOptions(
        base_url=base_url, api_key_env=api_key_env, headers=tuple(header or ()), concurrency=concurrency,
        price=price, max_cost=max_cost, yes=yes,
    )  # fmt: skip
    read = [_read(open_run(path), scorer) for path in find_runs(run)]
    filters = [_since(against, folder, chosen, scorer) for folder, *_ in read]
    if probe:
        # All are read by now: what is wrong with one of them is known before another's probes are paid for.
        for (folder, _, records, grades), each in zip(read, filters, strict=True):
            send_probes(folder, _let(records, each), grades, reaching)
    looked = [_looked(one, each, corpus) for one, each in zip(read, filters, strict=True)]
    note_controls([(each.folder, each.controls) for each in looked])
    if as_json:
        show_json({"runs": [each.json() for each in looked]})
    else:
        text = "\n\n".join(each.markdown() if as_md else each.text(titled=len(looked) > 1) for each in looked)
        show(text) if as_md else tell(text, hanging=2)


def _since(against: Path | None, folder: RunFolder, chosen: Filter, scorer: str | None) -> Filter:
    """Return the filter with the trials that an older run found and this one misses, where one is given."""
    from nihbench.cli.against import lost_since

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
        model, experiment = self.folder.manifest["model"]["name"], self.folder.manifest["experiment"]
        return said(t("{model}, {experiment}: bad cases", model=model, experiment=experiment))

    def text(self, *, titled: bool) -> str:
        from nihbench.cli import caseview

        shown = caseview.as_text(self.cases, self.context, self._causes())
        return f"{plain(self.title)}\n{shown}" if titled else shown

    def markdown(self) -> str:
        from nihbench.cli import caseview

        return caseview.as_markdown(self.cases, self.context, self._causes(), self.title)

    def json(self) -> dict[str, Any]:
        from nihbench.cli import caseview
        from nihbench.cli.probing import causes_json

        found = causes_json(self.causes) if self.causes else None
        return {"run": str(self.folder.path)} | caseview.as_json(self.cases, self.context, found)

    def _causes(self) -> Sequence[str]:
        from nihbench.cli.probing import cause_lines

        return cause_lines(self.causes) if self.causes else []


_Read = tuple["RunFolder", tuple["Trial", ...], dict[str, "Record"], Mapping[str, "Grade"]]


def _read(folder: RunFolder, scorer: str | None) -> _Read:
    """Return a run with its plan, its records and their grades."""
    from nihbench.run.places import counted_once
    from nihbench.run.scores import grades_of
    from nihbench.run.stored import planned_trials

    found = folder.records()
    planned, records = counted_once(planned_trials(folder.manifest), found)
    return folder, planned, records, grades_of(folder, found, scorer)


def _let(records: Mapping[str, Record], chosen: Filter) -> dict[str, Record]:
    return {key: record for key, record in records.items() if chosen.lets(record)}


def _looked(read: _Read, chosen: Filter, corpus: str | None) -> _Looked:
    from nihbench.analysis.cases import find_cases
    from nihbench.analysis.controls import control_results
    from nihbench.cli.probing import causes_of

    folder, planned, records, grades = read
    found = find_cases(records, grades, chosen)
    return _Looked(
        folder=folder,
        cases=found,
        context=context_of(folder, records, found, corpus),
        causes=causes_of(folder, _let(records, chosen), grades),
        controls=control_results(records.values(), grades, planned),
    )


def context_of(folder: RunFolder, records: dict[str, Record], found: Cases, corpus: str | None) -> Context:
    """Return the text around each case's needle, or why it can't be had."""
    from nihbench.cli.caseview import Context
    from nihbench.run.rebuild import needle_surroundings
    from nihbench.run.stored import corpus_of, is_imported
    from nihbench.run.texts import stored_corpus

    shown = [case.id for group in found.groups for case in group.cases if records[case.id].placement]
    if is_imported(folder.manifest):
        return Context(
            around={}, missing=t("this run was imported, and its source does not say where the needle stood")
        )
    if not shown:
        return Context(around={})
    used = folder.manifest["corpus"]["sha256"]
    try:
        catalog = load()
        name = corpus or corpus_of(folder.manifest, folder.path, catalog)
        text = stored_corpus(catalog, name, Path.cwd(), used)
    except (UsageError, FetchError, DamagedDataError) as error:
        return Context(around={}, missing=error.args[0])
    around = {key: needle_surroundings(folder, records[key], text, _REACH) for key in shown}
    return Context(around={key: place for key, place in around.items() if place})


def _known(outcome: str | None) -> str | None:
    from nihbench.analysis.cases import ORDER

    if outcome is not None and outcome not in ORDER:
        raise UsageError(t("--outcome {outcome!r} is none of {order}", outcome=outcome, order=", ".join(ORDER)))
    return outcome


def _known_failure(failure: str | None) -> str | None:
    from nihbench.analysis.table import UNSCORED
    from nihbench.types import FailureKind

    known = (*get_args(FailureKind), UNSCORED)
    if failure is not None and failure not in known:
        raise UsageError(t("--failure {failure!r} is none of {known}", failure=failure, known=", ".join(known)))
    return failure
