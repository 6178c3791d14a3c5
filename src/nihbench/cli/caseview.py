"""Bad cases as text, Markdown and JSON: a model's words are hostile, so fenced, escaped or shown through `plain`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nihbench.cli.output import plain

if TYPE_CHECKING:
    from nihbench.analysis import Case, Cases, Cluster, Group

Around = tuple[str, str, str]
_SHOWN = 400
_TICKS = re.compile("`+")

MEANINGS = {
    "hallucinated": "invented another answer",
    "abstained": "said that the document does not tell",
    "refused": "refused to answer",
    "off_task": "said something else",
    "hedged": "gave the answer and doubted it or took it back",
    "partial": "gave a part of the answer, or more than it",
    "correct": "gave the answer, graded below full marks",
    "truncated": "were cut off before the answer",
    "empty": "said nothing",
    "unknown": "missed it; what was said instead was not kept",
    "unscored": "could not be scored",
}
_ALL_FULL = "All {measured:,} measured answers have full marks: there are no bad cases."
_NOTHING = "Nothing is measured yet: there are no answers to look at."
_BELOW = "{below:,} of {measured:,} measured answers are below full marks."
_SOME = "  {count:,} {meaning} ({kind}): {reasons}"
_UNMEASURED = "  {count:,} brought no score ({kind}), and count neither as hits nor as misses"
_EXTRA = (
    "  {extra:,} of the {trials:,} trials are further draws of an adaptive run, made where the needle is missed: these "
    "counts are not shares of the sweep"
)
_NONE_LEFT = "No case is of the kind that was asked for."


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The text around each case's needle as sent, by trial id, or `missing`: why there is none."""

    around: Mapping[str, Around]
    missing: str = ""


def summary_lines(cases: Cases) -> list[str]:
    """Return the summary: how many are below full marks, and so many of each kind because of what."""
    if not cases.trials or not (cases.measured or cases.groups):
        return [_NOTHING]
    lines = []
    if cases.measured:
        words = _ALL_FULL if not cases.below else _BELOW
        lines.append(words.format(measured=cases.measured, below=cases.below))
    else:
        lines.append(_NOTHING)
    if cases.extra:
        lines.append(_EXTRA.format(extra=cases.extra, trials=cases.trials))
    for group in cases.groups:
        reasons = ", ".join(f"{plain(reason)} ({count:,})" for reason, count in group.reasons[:3])
        form = _SOME if group.scored else _UNMEASURED
        meaning = MEANINGS.get(group.kind, group.kind)
        lines.append(form.format(count=len(group.cases), meaning=meaning, kind=group.kind, reasons=reasons))
    if cases.below and not cases.groups:
        lines.append(_NONE_LEFT)
    return lines


def as_text(cases: Cases, context: Context, more: Sequence[str]) -> str:
    """Return the cases for a terminal; `more` are lines on the causes, where probes were made."""
    lines = [*summary_lines(cases), *more]
    if cases.groups and context.missing:
        lines.append(f"The text around the needles can't be shown: {plain(context.missing)}")
    for group in cases.groups:
        lines += ["", f"{group.kind}: {len(group.cases):,}"]
        for cluster in group.clusters:
            lines += _cluster_text(cluster, context)
    return "\n".join(lines)


def _cluster_text(cluster: Cluster, context: Context) -> list[str]:
    first, count = cluster.cases[0], len(cluster.cases)
    lacking = "(no answer)" if first.value is None else "(the answer was not kept)"
    said = lacking if cluster.said is None else _cut(plain(cluster.said).strip()) or "(white space only)"
    lines = [f"  {count} x {said}", f"      at {_places(cluster.cases, 8)}"]
    lines.append(f"      why: {_cut(plain(first.reason))}{_missing(first)}")
    if first.hint:
        lines.append(f"      comes from: {_cut(plain(first.hint))}")
    around = context.around.get(first.id)
    if around:
        before, needle, after = map(plain, around)
        lines.append(f"      sent: ...{before}[[{needle}]]{after}...")
    return lines


def _places(cases: Sequence[Case], most: int) -> str:
    places = [f"{case.length:,} tokens/{case.depth_percent:g}%" for case in cases]
    prompts = {case.prompt for case in cases}
    if len(prompts) > 1:
        places = [f"{place} ({plain(case.prompt)})" for place, case in zip(places, cases, strict=True)]
    rest = len(places) - most
    return ", ".join(places[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _missing(case: Case) -> str:
    return f"; missing: {', '.join(map(plain, case.missing))}" if case.missing else ""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


# ---- Markdown --------------------------------------------------------------------------------------------------


def as_markdown(cases: Cases, context: Context, more: Sequence[str], title: str) -> str:
    """Return the cases as Markdown, every text of a model or a corpus in a fence of its own."""
    lines = [f"# {escaped(title)}", ""]
    lines += [escaped(line.strip()) + "  " for line in [*summary_lines(cases), *more]]
    if cases.groups and context.missing:
        lines += ["", escaped(f"The text around the needles can't be shown: {context.missing}")]
    for group in cases.groups:
        lines += ["", f"## {escaped(group.kind)}: {len(group.cases):,}"]
        for cluster in group.clusters:
            lines += _cluster_markdown(cluster, context)
    return "\n".join(lines)


def _cluster_markdown(cluster: Cluster, context: Context) -> list[str]:
    lines = ["", f"### {len(cluster.cases):,} x", ""]
    lines += ["No answer." if cluster.said is None else fenced(cluster.said), ""]
    lines += ["| trial | prompt | length | depth | repeat | band |", "|---|---|---|---|---|---|"]
    for c in cluster.cases:
        band = "" if c.value is None else f"{c.value:.0%}"
        lines.append(
            f"| {escaped(c.id)} | {escaped(c.prompt)} | {c.length:,} | {c.depth_percent:g}% | {c.repeat} | {band} |"
        )
    for case in cluster.cases:
        lines += ["", f"{escaped(case.id)}, why:", "", fenced(case.reason + _missing(case))]
        if case.answer is not None and case.answer != cluster.said:
            lines += ["", "said:", "", fenced(case.answer)]
        if case.hint:
            lines += ["", "comes from:", "", fenced(case.hint)]
        if case.id in context.around:
            before, needle, after = context.around[case.id]
            lines += ["", "sent:", "", fenced(f"...{before}[[{needle}]]{after}...")]
    return lines


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
        "summary": [line.strip() for line in summary_lines(cases)],
        "causes": causes,
        "context_missing": context.missing or None,
        "groups": [_group_json(group, context) for group in cases.groups],
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
                "cases": [asdict(case) | {"sent": _sent(context.around.get(case.id))} for case in cluster.cases],
            }
            for cluster in group.clusters
        ],
    }


def _sent(around: Around | None) -> dict[str, str] | None:
    return None if around is None else dict(zip(("before", "needle", "after"), around, strict=True))
