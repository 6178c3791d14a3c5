"""An agreement report as text for a terminal. It computes nothing and prints nothing."""

from __future__ import annotations

from rich.cells import cell_len

from nihbench.analysis.agreement import Agreement, AgreementReport, Comparison, Item
from nihbench.lang.messages import column, said, t
from nihbench.types import PERCENT_BANDS, Score, Unscored

_SHOWN_CHARACTERS = 160
_NO_FIGURE = "-"


def agreement_text(report: AgreementReport) -> str:
    """Return the report: figures beside those of the baselines, the table of bands, what differs."""
    whole = report.comparisons[0]
    rater, reference = whole.scorer.rater, _rater(report.reference)
    title = t("figures.against_answers", rater=rater, reference=reference,
              answers=whole.scorer.items)  # fmt: skip
    lines = [said(title), *_unscored(report), ""]
    width = max(cell_len(said(_rater(one.rater))) for one in (whole.scorer, *whole.baselines)) + 2
    recalls = " ".join(f"{band:>5}" for band in PERCENT_BANDS)
    interval, exact, outcome = (
        column(t("figures.95_interval"), 17),
        column(t("figures.exact"), 6, right=True),
        t("figures.outcome"),
    )
    lines.append(
        f"{'':<5}{'':<{width}}{'n':>5}  {'kappa':>6} {interval}{exact} {column(outcome, 8, right=True)}  "
        f"{column(t('figures.recall'), 7)}{recalls}"
    )
    for comparison in report.comparisons:
        lines += _figures(comparison, width)
    lines += ["", said(t("figures.band_rows_columns", reference=reference, rater=rater))]
    lines.append(f"{'':>5}" + "".join(f"{band:>6}" for band in PERCENT_BANDS))
    lines += [
        f"{band:>5}" + "".join(f"{count:>6}" for count in row)
        for band, row in zip(reversed(PERCENT_BANDS), reversed(whole.scorer.table), strict=True)
    ]
    lines += ["", said(t("figures.other_bands", count=len(report.disagreements)))]
    lines += [_item(item) for item in report.disagreements]
    return "\n".join(lines)


def _unscored(report: AgreementReport) -> list[str]:
    if not report.unscored:
        return []
    reasons = sorted({said(i.grade.reason) for i in report.unscored if isinstance(i.grade, Unscored)})
    count, why = len(report.unscored), said(t("common.blank")).join(reasons)
    return [said(t("figures.more_unscored_no_figure", count=count, reasons=why))]


def _rater(name: str) -> str:
    """Return who graded, in words where it is nobody with a name."""
    return {
        "people": t("figures.people"),
        "one keyword": t("figures.one_keyword"),
        "share of facts": t("figures.share_facts"),
    }.get(name, name)


def _figures(comparison: Comparison, width: int) -> list[str]:
    outcome = _share(comparison.outcome)
    rows = [_row(comparison.language, comparison.scorer, outcome, width)]
    return rows + [_row("", baseline, _NO_FIGURE, width) for baseline in comparison.baselines]


def _row(language: str, one: Agreement, outcome: str, width: int) -> str:
    kappa = one.kappa
    interval = (
        _NO_FIGURE
        if kappa.low is None or kappa.high is None
        else said(t("figures.to", low=f"{kappa.low:.3f}", high=f"{kappa.high:.3f}"))
    )
    value = _NO_FIGURE if kappa.value is None else f"{kappa.value:.3f}"
    recall = " ".join(f"{_share(share):>5}" for share in one.recall)
    return (
        f"{language:<5}{column(_rater(one.rater), width)}{one.items:>5}  {value:>6} {column(interval, 17)}"
        f"{_share(one.exact):>6} {outcome:>8}         {recall}"
    )


def _share(share: float | None) -> str:
    return _NO_FIGURE if share is None else f"{share:.2f}"


def _item(item: Item) -> str:
    assert isinstance(item.grade, Score)
    answer = " ".join(item.answer.split())
    shown = answer if len(answer) <= _SHOWN_CHARACTERS else answer[: _SHOWN_CHARACTERS - 1] + "…"
    band = round(item.grade.value * 100)
    reference = t("figures.reference_2", band=item.band, why=item.why)
    if not item.why:
        reference = t("figures.reference", band=item.band)
    scorer = t("figures.scorer", band=band, why=item.grade.evidence.cue)
    row = t("figures.id_reference_scorer_answer", id=item.id, reference=reference, scorer=scorer, answer=shown)
    return "  " + said(row)
