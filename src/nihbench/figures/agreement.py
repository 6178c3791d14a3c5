"""An agreement report as text for a terminal. It computes nothing and prints nothing."""

from __future__ import annotations

from nihbench.analysis import BANDS, Agreement, AgreementReport, Comparison, Item
from nihbench.types import Score, Unscored

_SHOWN_CHARACTERS = 160
_NO_FIGURE = "-"


def agreement_text(report: AgreementReport) -> str:
    """Return the report: figures beside those of the baselines, the table of bands, what differs."""
    whole = report.comparisons[0]
    lines = [f"{whole.scorer.rater} against {report.reference}: {whole.scorer.items} answers", *_unscored(report), ""]
    width = max(len(one.rater) for one in (whole.scorer, *whole.baselines)) + 2
    recalls = " ".join(f"{band:>5}" for band in BANDS)
    lines.append(
        f"{'':<5}{'':<{width}}{'n':>5}  {'kappa':>6} {'95% interval':<17}{'exact':>6} {'outcome':>8}  recall:{recalls}"
    )
    for comparison in report.comparisons:
        lines += _figures(comparison, width)
    lines += ["", f"band by {report.reference} (rows), by {whole.scorer.rater} (columns)"]
    lines.append(f"{'':>5}" + "".join(f"{band:>6}" for band in BANDS))
    lines += [
        f"{band:>5}" + "".join(f"{count:>6}" for count in row)
        for band, row in zip(reversed(BANDS), reversed(whole.scorer.table), strict=True)
    ]
    lines += ["", f"other bands: {len(report.disagreements)}"]
    lines += [_item(item) for item in report.disagreements]
    return "\n".join(lines)


def _unscored(report: AgreementReport) -> list[str]:
    if not report.unscored:
        return []
    reasons = sorted({i.grade.reason for i in report.unscored if isinstance(i.grade, Unscored)})
    return [f"{len(report.unscored)} more are unscored and in no figure: {'; '.join(reasons)}"]


def _figures(comparison: Comparison, width: int) -> list[str]:
    outcome = _share(comparison.outcome)
    rows = [_row(comparison.language, comparison.scorer, outcome, width)]
    return rows + [_row("", baseline, _NO_FIGURE, width) for baseline in comparison.baselines]


def _row(language: str, one: Agreement, outcome: str, width: int) -> str:
    kappa = one.kappa
    interval = _NO_FIGURE if kappa.low is None or kappa.high is None else f"{kappa.low:.3f} to {kappa.high:.3f}"
    value = _NO_FIGURE if kappa.value is None else f"{kappa.value:.3f}"
    recall = " ".join(f"{_share(share):>5}" for share in one.recall)
    return (
        f"{language:<5}{one.rater:<{width}}{one.items:>5}  {value:>6} {interval:<17}{_share(one.exact):>6} "
        f"{outcome:>8}         {recall}"
    )


def _share(share: float | None) -> str:
    return _NO_FIGURE if share is None else f"{share:.2f}"


def _item(item: Item) -> str:
    assert isinstance(item.grade, Score)
    answer = " ".join(item.answer.split())
    shown = answer if len(answer) <= _SHOWN_CHARACTERS else answer[: _SHOWN_CHARACTERS - 1] + "…"
    band = round(item.grade.value * 100)
    why = f" ({item.why})" if item.why else ""
    return f"  {item.id}: {item.band} by the reference{why}, {band} by the scorer ({item.grade.evidence.cue}): {shown}"
