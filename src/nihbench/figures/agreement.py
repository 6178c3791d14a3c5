"""An agreement report as text for a terminal, in the user's language. It computes nothing and prints nothing."""

from __future__ import annotations

from unicodedata import east_asian_width

from nihbench.analysis import BANDS, Agreement, AgreementReport, Comparison, Item
from nihbench.lang import said, t
from nihbench.types import Score, Unscored

_SHOWN_CHARACTERS = 160
_NO_FIGURE = "-"


def agreement_text(report: AgreementReport) -> str:
    """Return the report: figures beside those of the baselines, the table of bands, what differs."""
    whole = report.comparisons[0]
    rater, reference = whole.scorer.rater, _name(report.reference)
    head = t("{rater} against {reference}: {items} answers", rater=rater, reference=reference, items=whole.scorer.items)
    lines = [said(head), *_unscored(report), ""]
    width = max(_wide(_name(one.rater)) for one in (whole.scorer, *whole.baselines)) + 2
    recalls = " ".join(f"{band:>5}" for band in BANDS)
    columns = t("    n   kappa 95% interval      exact  outcome  recall:{recalls}", recalls=recalls)
    lines.append(" " * (width + 5) + said(columns))
    for comparison in report.comparisons:
        lines += _figures(comparison, width)
    lines += ["", said(t("band by {reference} (rows), by {rater} (columns)", reference=reference, rater=rater))]
    lines.append(f"{'':>5}" + "".join(f"{band:>6}" for band in BANDS))
    lines += [
        f"{band:>5}" + "".join(f"{count:>6}" for count in row)
        for band, row in zip(reversed(BANDS), reversed(whole.scorer.table), strict=True)
    ]
    lines += ["", said(t("other bands: {count}", count=len(report.disagreements)))]
    lines += [_item(item) for item in report.disagreements]
    return "\n".join(lines)


_NAMES = {
    "people": t("people"),
    "one keyword": t("one keyword"),
    "share of facts": t("share of facts"),
    "all": t("all"),
}


def _name(name: str) -> str:
    """Return how a rater (or all languages together) is called; a scorer keeps its name."""
    return said(_NAMES.get(name, name))


def _wide(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - _wide(text))


def _unscored(report: AgreementReport) -> list[str]:
    if not report.unscored:
        return []
    reasons = sorted({i.grade.reason for i in report.unscored if isinstance(i.grade, Unscored)})
    count, why = len(report.unscored), "; ".join(reasons)
    return [said(t("{count} more are unscored and in no figure: {why}", count=count, why=why))]


def _figures(comparison: Comparison, width: int) -> list[str]:
    outcome = _share(comparison.outcome)
    rows = [_row(comparison.language, comparison.scorer, outcome, width)]
    return rows + [_row("", baseline, _NO_FIGURE, width) for baseline in comparison.baselines]


def _row(language: str, one: Agreement, outcome: str, width: int) -> str:
    kappa = one.kappa
    interval = _NO_FIGURE
    if kappa.low is not None and kappa.high is not None:
        interval = said(t("{low:.3f} to {high:.3f}", low=kappa.low, high=kappa.high))
    value = _NO_FIGURE if kappa.value is None else f"{kappa.value:.3f}"
    recall = " ".join(f"{_share(share):>5}" for share in one.recall)
    return (
        f"{_padded(_name(language), 5)}{_padded(_name(one.rater), width)}"
        f"{one.items:>5}  {value:>6} {_padded(interval, 17)}{_share(one.exact):>6} "
        f"{outcome:>8}         {recall}"
    )


def _share(share: float | None) -> str:
    return _NO_FIGURE if share is None else f"{share:.2f}"


def _item(item: Item) -> str:
    assert isinstance(item.grade, Score)
    answer = " ".join(item.answer.split())
    shown = answer if len(answer) <= _SHOWN_CHARACTERS else answer[: _SHOWN_CHARACTERS - 1] + "…"
    why = f" ({item.why})" if item.why else ""
    return said(
        t(
            "  {id}: {band} by the reference{why}, {given} by the scorer ({cue}): {shown}",
            id=item.id,
            band=item.band,
            why=why,
            given=round(item.grade.value * 100),
            cue=item.grade.evidence.cue,
            shown=shown,
        )
    )
