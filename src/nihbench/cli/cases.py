"""`nih cases`: every answer below full marks, grouped and clustered, with the text around the needle."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from nihbench.analysis.cases import ORDER, Case, Cases, Cluster, Filter, Group, find_cases
from nihbench.analysis.controls import ControlResult, control_results
from nihbench.analysis.table import UNSCORED
from nihbench.app.comparing import lost_since
from nihbench.app.events import row_words
from nihbench.app.probing import Causes, ProbeOptions, cause_lines, causes_json, causes_of, send_probes
from nihbench.app.results import tell_controls
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import terminal
from nihbench.cli.output import show, show_json, tell
from nihbench.errors import DamagedDataError, FetchError, UsageError
from nihbench.lang.messages import Message, languages, listed, plain, said, stored, t
from nihbench.run.like import needle_surroundings
from nihbench.run.scores import grades_of
from nihbench.run.setup import counted_once
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import corpus_of
from nihbench.run.texts import stored_corpus
from nihbench.run.tree import find_runs
from nihbench.types import DEPTH, Axis, FailureKind, Grade, Record, Trial

# ---- bad cases as text: a model's words are hostile, so fenced, escaped or shown through `plain` ---------------------


Around = tuple[str, str, str]
_MARK = "[[", "]]"
_SHOWN = 400
_TICKS = re.compile("`+")

MEANINGS = {
    "hallucinated": t("cli.invented_another_answer"),
    "abstained": t("cli.said_document_not_tell"),
    "refused": t("cli.refused_answer"),
    "off_task": t("cli.said_something_else"),
    "hedged": t("cli.gave_answer_doubted_took"),
    "partial": t("cli.gave_part_answer_more"),
    "correct": t("cli.gave_answer_graded_below"),
    "truncated": t("cli.cut_off_before_answer"),
    "empty": t("cli.said_nothing"),
    "unknown": t("cli.missed_said_instead_not"),
    "unscored": t("cli.could_not_scored"),
}
_NOTHING = t("cli.nothing_measured_yet_no")


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The text around each case's needle as sent, by trial id, or `missing`: why there is none."""

    around: Mapping[str, Around]
    missing: str = ""


def summary_lines(cases: Cases, words: Callable[[object], str] = said) -> list[str]:
    """Return the summary: how many are below full marks, and so many of each kind because of what.

    `words` gives a sentence in a language: `said` in the process's, `str` in English.
    """
    if not cases.trials or not (cases.measured or cases.groups):
        return [words(_NOTHING)]
    first = _NOTHING
    if cases.below:
        first = t("cli.measured_answers_below_full", below=cases.below, measured=cases.measured)
    elif cases.measured:
        first = t("cli.all_measured_answers_full", measured=cases.measured)
    lines = [words(first)]
    if cases.extra:
        further = t("cli.trials_further_draws_adaptive", extra=cases.extra, trials=cases.trials)
        lines.append("  " + words(further))
    lines += ["  " + words(_of_group(group, words)) for group in cases.groups]
    if cases.below and not cases.groups:
        lines.append(words(t("cli.no_case_kind_asked")))
    return lines


def _of_group(group: Group, words: Callable[[object], str]) -> Message:
    kind, count = group.kind, len(group.cases)
    if not group.scored:
        return t("cli.brought_no_score_count", count=count, kind=kind)
    reasons = [f"{plain(reason)} ({count:,})" for reason, count in group.reasons_in(words)[:3]]
    return t(
        "cli.count_meaning_kind_reasons",
        count=count,
        meaning=MEANINGS.get(kind, kind),
        kind=kind,
        reasons=words(t("common.comma")).join(reasons),
    )


def _heading(group: Group) -> Message:
    """Return what stands over a group's cases: its kind in words, and how many."""
    name = t(f"outcome.{group.kind}") if group.kind in ORDER else t(f"failure.{group.kind}")
    return t("cli.group_heading", name=name, count=len(group.cases))


def as_text(cases: Cases, context: Context, more: Sequence[str]) -> str:
    """Return the cases for a terminal; `more` are lines on the causes, where probes were made."""
    lines = [*summary_lines(cases), *map(said, more)]
    if cases.groups and context.missing:
        lines.append(plain(said(_not_shown(context))))
    for group in cases.groups:
        lines += ["", said(_heading(group))]
        for cluster in group.clusters:
            lines += _cluster_text(cluster, context, cases.axis)
    return "\n".join(lines)


def _cluster_text(cluster: Cluster, context: Context, axis: Axis) -> list[str]:
    first, count = cluster.cases[0], len(cluster.cases)
    lacking = t("cli.no_answer_2") if first.value is None else t("cli.answer_not_kept")
    words = lacking if cluster.said is None else _cut(plain(cluster.said).strip()) or t("cli.white_space_only")
    below = [t("cli.at", places=_places(cluster.cases, 8, axis)), t("cli.why_2", reason=_why(first))]
    if first.items:
        below.append(_items(first))
    below += [t("cli.item_error", error=plain(_cut(said(error)))) for error in first.errors[1:_MOST_ERRORS]]
    if first.hint:
        below.append(t("cli.comes_from_2", sentence=_cut(plain(first.hint))))
    around = context.around.get(first.id)
    if around:
        before, needle, after = map(plain, around)
        below.append(t("cli.sent_2", text=f"...{before}{_marked(needle)}{after}..."))
    return [f"  {count} x {said(words)}", *("      " + said(line) for line in below)]


_MOST_ERRORS = 6
"""Of an answer so many are told; the first stands for why it was graded so."""


def _marked(needle: str) -> str:
    return f"{_MARK[0]}{needle}{_MARK[1]}"


def _not_shown(context: Context) -> Message:
    return t("cli.text_around_needles_cant", why=context.missing)


def _why(case: Case) -> str:
    """Return why a case was graded so, in the process's language."""
    reason = _cut(plain(said(case.reason)))
    if not case.lacks:
        return reason
    return said(t("cli.missing", reason=reason, facts=tuple(map(plain, case.lacks))))


def _items(case: Case) -> Message:
    """Return which items an answer gave and which it did not, by their names."""
    marks = [f"{plain(name)} {'✓' if found else '✗'}" for name, found in case.items]
    return t("cli.items", items=listed(marks))


def _places(cases: Sequence[Case], most: int, axis: Axis) -> str:
    places = [said(_place(case, axis)) for case in cases[:most]]
    if len({case.prompt for case in cases}) > 1:
        places = [f"{place} ({plain(case.prompt)})" for place, case in zip(places, cases[:most], strict=True)]
    rest = len(cases) - most
    some = listed(places)
    return said(t("cli.more", some=some, count=rest)) if rest > 0 else some


def _place(case: Case, axis: Axis) -> Message:
    if case.point is None:
        return t("cli.tokens_3", length=case.length, depth=case.depth_percent)
    return t("cli.tokens_row", length=case.length, row=row_words(axis, case.row))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


# ---- Markdown --------------------------------------------------------------------------------------------------


def as_markdown(cases: Cases, context: Context, more: Sequence[str], title: str) -> str:
    """Return the cases as Markdown, every text of a model or a corpus in a fence of its own."""
    lines = [f"# {escaped(title)}", ""]
    lines += [escaped(line.strip()) + "  " for line in [*summary_lines(cases), *map(said, more)]]
    if cases.groups and context.missing:
        lines += ["", escaped(said(_not_shown(context)))]
    for group in cases.groups:
        lines += ["", f"## {escaped(said(_heading(group)))}"]
        for cluster in group.clusters:
            lines += _cluster_markdown(cluster, context, cases.axis)
    return "\n".join(lines)


def _cluster_markdown(cluster: Cluster, context: Context, axis: Axis) -> list[str]:
    lines = ["", f"### {len(cluster.cases):,} x", ""]
    lines += [said(t("cli.no_answer")) if cluster.said is None else fenced(cluster.said), ""]
    head = t("cli.depth_word") if axis.name == DEPTH.name else t("cli.title", title=axis.title)
    lines += [said(t("cli.trial_prompt_length_row", row=escaped(said(head)))), "|---|---|---|---|---|---|"]
    for c in cluster.cases:
        band = "" if c.value is None else f"{c.value:.0%}"
        lines.append(
            f"| {escaped(c.id)} | {escaped(c.prompt)} | {c.length:,} | {_row(axis, c)} | {c.repeat} | {band} |"
        )
    for case in cluster.cases:
        lines += ["", said(t("cli.why", id=escaped(case.id))), "", fenced(_why(case))]
        if case.items:
            lines += ["", escaped(said(_items(case)))]
        if case.answer is not None and case.answer != cluster.said:
            lines += ["", said(t("cli.said")), "", fenced(case.answer)]
        if case.hint:
            lines += ["", said(t("cli.comes_from")), "", fenced(case.hint)]
        if case.id in context.around:
            before, needle, after = context.around[case.id]
            lines += ["", said(t("cli.sent")), "", fenced(f"...{before}{_marked(needle)}{after}...")]
    return lines


def _row(axis: Axis, case: Case) -> str:
    return escaped(axis.label(case.row)) if case.point is not None else f"{case.depth_percent:g}%"


def escaped(text: str) -> str:
    """Return one line of text that Markdown and HTML take as it stands."""
    return re.sub(r"([\\`*_{}\[\]()#+\-!|<>~&$])", r"\\\1", plain(text))


def fenced(text: str) -> str:
    """Return a text in a fence that is longer than any in it, without control characters but line breaks."""
    kept = "\n".join(plain(line) for line in re.split(r"\r\n?|[\n\x0b\x0c\x85\u2028\u2029]", text))
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(kept)), default=0))
    return f"{fence}text\n{kept}\n{fence}"


# ---- JSON ------------------------------------------------------------------------------------------------------


def as_json(cases: Cases, context: Context, causes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the cases as JSON values (docs/formats.md)."""
    return {
        "trials": cases.trials,
        "measured": cases.measured,
        "below_full_marks": cases.below,
        "summary": [line.strip() for line in summary_lines(cases, str)],
        "causes": causes,
        "context_missing": context.missing or None,
        **_axis_json(cases.axis),
        "groups": [_group_json(group, context) for group in cases.groups],
    }


def _axis_json(axis: Axis) -> dict[str, Any]:
    """Return what the rows are, where they are not depths."""
    if axis.name == DEPTH.name:
        return {}
    return {
        "axis": {"name": axis.name, "unit": axis.unit, "title": {lang: said(axis.title, lang) for lang in languages()}}
    }


def _group_json(group: Group, context: Context) -> dict[str, Any]:
    return {
        "kind": group.kind,
        "scored": group.scored,
        "cases": len(group.cases),
        "reasons": [{"reason": reason, "cases": count} for reason, count in group.reasons],
        "clusters": [
            {
                "said": cluster.said,
                "cases": [_case_json(case, context) for case in cluster.cases],
            }
            for cluster in group.clusters
        ],
    }


def _case_json(case: Case, context: Context) -> dict[str, Any]:
    shown = {each.name: getattr(case, each.name) for each in fields(case) if each.name != "lacks"}
    if case.point is None:
        del shown["point"]
    shown["items"] = [{"name": name, "found": found} for name, found in case.items]
    shown["errors"] = [stored(error) | {"sentence": str(error)} for error in case.errors]
    shown = {name: value for name, value in shown.items() if value or name not in ("items", "errors")}
    return shown | {"reason": str(case.reason), "sent": _sent(context.around.get(case.id))}


def _sent(around: Around | None) -> dict[str, str] | None:
    return None if around is None else dict(zip(("before", "needle", "after"), around, strict=True))


# ---- the command -----------------------------------------------------------------------------------------------------


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
    mark = ("", "") if as_json else _MARK
    looked = [_looked(one, each, corpus, mark) for one, each in zip(read, filters, strict=True)]
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
        shown = as_text(self.cases, self.context, self._causes())
        return f"{plain(self.title)}\n{shown}" if titled else shown

    def markdown(self) -> str:
        return as_markdown(self.cases, self.context, self._causes(), self.title)

    def json(self) -> dict[str, Any]:
        found = causes_json(self.causes) if self.causes else None
        return {"run": str(self.folder.path)} | as_json(self.cases, self.context, found)

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


def _looked(read: _Read, chosen: Filter, corpus: str | None, mark: tuple[str, str]) -> _Looked:
    folder, planned, records, grades = read
    found = find_cases(records, grades, chosen, folder.manifest.axis, folder.manifest.needle)
    return _Looked(
        folder=folder,
        cases=found,
        context=context_of(folder, records, found, corpus, mark),
        causes=causes_of(folder, _let(records, chosen), grades),
        controls=control_results(records.values(), grades, planned),
    )


def context_of(
    folder: RunFolder, records: dict[str, Record], found: Cases, corpus: str | None, mark: tuple[str, str]
) -> Context:
    """Return the text around each case's needle, other inserts within `mark`, or why it can't be had."""
    shown = [case.id for group in found.groups for case in group.cases if records[case.id].placement]
    if folder.manifest.is_import:
        return Context(around={}, missing=t("cli.run_imported_source_not"))
    if not shown:
        return Context(around={})
    used = folder.manifest.corpus.sha256
    try:
        catalog = load_for(terminal().tell_once)
        name = corpus or corpus_of(folder.manifest, folder.path, catalog)
        text = stored_corpus(catalog, name, Path.cwd(), used)
    except (UsageError, FetchError, DamagedDataError) as error:
        return Context(around={}, missing=error.args[0])
    around = {key: needle_surroundings(folder, records[key], text, _REACH, mark) for key in shown}
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
