"""`nih cases`: every answer below full marks, grouped and clustered, with the text around the needle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from nihbench.cli.output import FetchReport, command, show, show_json
from nihbench.errors import DamagedDataError, FetchError, UsageError
from nihbench.lang import t

if TYPE_CHECKING:
    from nihbench.analysis import Cases
    from nihbench.cli.caseview import Context
    from nihbench.run import RunFolder
    from nihbench.types import Record

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_INT = Optional[int]  # noqa: UP045
_FLOAT = Optional[float]  # noqa: UP045
_REACH = 160


def _filter(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Which cases")


@command
def cases(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    outcome: Annotated[_TEXT, _filter("--outcome", "Only this outcome: hallucinated, abstained, partial ...")] = None,
    failure: Annotated[_TEXT, _filter("--failure", "Only this failure: timeout, filtered ... or unscored.")] = None,
    prompt: Annotated[_TEXT, _filter("--prompt", "Only this prompt variant.")] = None,
    min_length: Annotated[_INT, _filter("--min-length", "Only from this length on.")] = None,
    max_length: Annotated[_INT, _filter("--max-length", "Only up to this length.")] = None,
    min_depth: Annotated[_FLOAT, _filter("--min-depth", "Only from this depth on, in percent.")] = None,
    max_depth: Annotated[_FLOAT, _filter("--max-depth", "Only up to this depth, in percent.")] = None,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="Where the run's own text is now, if it was moved.")] = None,
    as_md: Annotated[bool, typer.Option("--md", help="Print Markdown, every case in full.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Show every answer below full marks: what was said, where, why it was graded so, and what was sent."""
    from nihbench.analysis import Filter, find_cases
    from nihbench.cli import caseview
    from nihbench.run import grades_of, open_run

    if as_md and as_json:
        raise UsageError(t("--md and --json are two forms of the same: give one of them"))
    folder = open_run(run)
    records = folder.records()
    chosen = Filter(
        outcome=_known(outcome), failure=_known_failure(failure), prompt=prompt, min_length=min_length,
        max_length=max_length, min_depth=min_depth, max_depth=max_depth,
    )  # fmt: skip
    found = find_cases(records, grades_of(folder, records, scorer), chosen)
    context = context_of(folder, records, found, corpus)
    if as_json:
        show_json(caseview.as_json(found, context, None))
    elif as_md:
        show(caseview.as_markdown(found, context, [], f"{folder.manifest['model']['name']}: bad cases"))
    else:
        show(caseview.as_text(found, context, []))


def context_of(folder: RunFolder, records: dict[str, Record], found: Cases, corpus: str | None) -> Context:
    """Return the text around each case's needle, or why it can't be had."""
    from nihbench.catalog import load
    from nihbench.cli.caseview import Context
    from nihbench.run import check_corpus, corpus_of, is_imported, load_corpus, needle_surroundings

    shown = [case.id for group in found.groups for case in group.cases if records[case.id].placement]
    if is_imported(folder.manifest):
        return Context(around={}, missing="this run was imported, and its source does not say where the needle stood")
    if not shown:
        return Context(around={})
    used = folder.manifest["corpus"]["sha256"]
    try:
        text = load_corpus(load(), corpus or corpus_of(folder.manifest), Path.cwd(), FetchReport(), used)
        check_corpus(folder, text)
    except (UsageError, FetchError, DamagedDataError) as error:
        return Context(around={}, missing=str(error))
    around = {key: needle_surroundings(folder, records[key], text, _REACH) for key in shown}
    return Context(around={key: place for key, place in around.items() if place})


def _known(outcome: str | None) -> str | None:
    from nihbench.analysis.cases import ORDER

    if outcome is not None and outcome not in ORDER:
        raise UsageError(t("--outcome {outcome!r} is none of {order}", outcome=outcome, order=", ".join(ORDER)))
    return outcome


def _known_failure(failure: str | None) -> str | None:
    from typing import get_args

    from nihbench.analysis import UNSCORED
    from nihbench.types import FailureKind

    known = (*get_args(FailureKind), UNSCORED)
    if failure is not None and failure not in known:
        raise UsageError(t("--failure {failure!r} is none of {known}", failure=failure, known=", ".join(known)))
    return failure
