"""`nih agree` and `grade`: how far the rules agree with people or a judge; answers of a file, graded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from nihbench.analysis.agreement import Agreement, AgreementReport, Comparison, Item, agreement_report
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show, show_json, show_lines
from nihbench.errors import UsageError, unreadable
from nihbench.fetch.files import read_named
from nihbench.lang.messages import Words, column, plain, said, t, typed
from nihbench.run.scores import COMBINED, Answered, Row, answers_of, grade_row, grades_of, read_rows, stored_scorers
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs
from nihbench.score.explain import FactRead, Place
from nihbench.score.explain import explain as explain_answer
from nihbench.score.rules import DIFFERS, SCORER, VERSION
from nihbench.score.values.told import RULES, TYPES
from nihbench.types import PERCENT_BANDS, Grade, Score, Unscored

# ---- an agreement report as text for a terminal; nothing is computed here --------------------------------------------


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
    lines += [_disagreement(item) for item in report.disagreements]
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


def _disagreement(item: Item) -> str:
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


# ---- the command -----------------------------------------------------------------------------------------------------


def agree(source: str, scorer: str | None, as_json: bool) -> None:
    """Compare the rules with a judge (RUN) or with people (FILE): kappa, bands, and every disagreement."""
    is_run = source != "-" and Path(source).is_dir()
    if scorer and not is_run:
        raise UsageError(t("cli.scorer_chooses_among_run"))
    reference, items = _of_run(Path(source), scorer) if is_run else _of_file(source)
    report = agreement_report(items, scorer=f"{SCORER} {VERSION}", reference=reference)
    if as_json:
        show_json(_as_json(report))
    else:
        show("\n".join(map(plain, agreement_text(report).split("\n"))))


def _of_file(name: str) -> tuple[str, list[Item]]:
    rows = read_rows(read_file(name), "stdin" if name == "-" else name, load_for(terminal().tell_once))
    without = next((row.answered.id for row in rows if row.band is None), None)
    if without is not None:
        raise UsageError(t("cli.row_no_band_give", name=name, without=without))
    items = [
        Item(
            id=row.answered.id,
            needle=row.answered.needle,
            answer=row.answered.text,
            expected=row.answered.expected,
            band=row.band,
            outcome=row.outcome,
            grade=row.answered.by_rules(),
        )
        for row in rows
        if row.band is not None
    ]
    return "people", items


def _of_run(path: Path, scorer: str | None) -> tuple[str, list[Item]]:
    """Return the answers that one judge decided in a run, or in all runs of a folder."""
    folders = [open_run(found) for found in find_runs(path)]
    judges = {scorer or _only_judge(folder) for folder in folders}
    if len(judges) > 1:
        raise _several_judges(path, sorted(judges))
    judge = judges.pop()
    items = [item for folder in folders for item in _judged(folder, judge)]
    if not items:
        raise UsageError(t("cli.decided_no_answer_nothing", judge=judge, path=path))
    return judge, items


def _judged(folder: RunFolder, judge: str) -> list[Item]:
    """Return the answers of a run that a judge decided; of a set in which the rules decided some, only the others."""
    records = folder.records()
    rules, by_judge = grades_of(folder, records), grades_of(folder, records, judge)
    left = sum(isinstance(grade, Unscored) for grade in by_judge.values())
    if left:
        note(t("cli.note_answers_left_unscored", left=left, judge=judge))
    items = []
    for answered in answers_of(folder, records):
        other = by_judge[answered.id]
        if isinstance(other, Score) and SCORER not in (other.scorer, other.decided_by):
            items.append(
                Item(
                    id=answered.id,
                    needle=answered.needle,
                    answer=answered.text,
                    expected=answered.expected,
                    band=round(other.value * 100),
                    outcome=other.outcome,
                    grade=rules[answered.id],
                    why=other.evidence.cue,
                )
            )
    return items


def _only_judge(folder: RunFolder) -> str:
    judges = [name for name in stored_scorers(folder) if name != SCORER]
    whole = [name for name in judges if not name.startswith(COMBINED)] or judges
    if len(whole) == 1:
        return whole[0]
    if not whole:
        raise UsageError(t("cli.no_judge_scores_add", path=typed(folder.path)))
    raise _several_judges(folder.path, whole)


def _several_judges(path: Path, judges: Sequence[str]) -> UsageError:
    return UsageError(t("cli.several_judges_scores_choose", path=path, whole=" | ".join(judges)))


def _as_json(report: AgreementReport) -> dict[str, Any]:
    return {
        "reference": report.reference,
        "comparisons": [asdict(comparison) for comparison in report.comparisons],
        "disagreements": [_item(item) for item in report.disagreements],
        "unscored": [_item(item) for item in report.unscored],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "needle": item.needle.name,
        "answer": item.answer,
        "band": item.band,
        "outcome": item.outcome,
        "why": str(item.why),
        "scorer": asdict(_in_words(item.grade)),
    }


def _in_words(grade: Grade) -> Grade:
    """Return a grade with its note as a sentence."""
    if isinstance(grade, Score):
        return replace(grade, evidence=replace(grade.evidence, cue=str(grade.evidence.cue)))
    return replace(grade, reason=str(grade.reason))


# ---- `nih grade`: answers that stand in a file, without a run --------------------------------------------------------


def grade(file: str, explain: str | None) -> None:
    """Grade the rows of a file, or tell how the answer of one of them was read."""
    catalog = load_for(terminal().tell_once)
    rows = read_rows(read_file(file), "stdin" if file == "-" else file, catalog)
    own = sorted({row.answered.needle.name for row in rows} - catalog.needles.keys() - {"expected"})
    if own:
        note(t("cli.note_not_catalog_graded", own=tuple(own)))
    if explain is not None:
        show(explained_text(_of_id(rows, explain, file)))
        return
    # All are graded before the first is shown: nothing is half printed.
    show_lines([grade_row(row.answered.id, row.answered.by_rules(), str) for row in rows])


def _of_id(rows: Sequence[Row], wanted: str, file: str) -> Answered:
    for row in rows:
        if row.answered.id == wanted:
            return row.answered
    raise UsageError(t("cli.no_row_of_id", id=wanted, file=file, some=tuple(row.answered.id for row in rows[:3])))


def explained_text(answered: Answered) -> str:
    """Return how an answer was read: its grade, the line that decided, its facts by type, what speaks against it."""
    read = explain_answer(
        answered.text,
        answered.needle,
        expected=answered.expected,
        finish_reason=answered.finish_reason,
        question=answered.question,
    )
    given = read.grade
    if isinstance(given, Score):
        head = t("cli.explain_scored", id=answered.id, needle=answered.needle.name, value=given.value,
                 outcome=t(f"outcome.{given.outcome}"), confidence=given.confidence)  # fmt: skip
        why: Words = given.evidence.cue
    else:
        head = t("cli.explain_unscored", id=answered.id, needle=answered.needle.name)
        why = given.reason
    lines = [said(head), said(t("cli.explain_expected", type=TYPES[read.kind],
             rule=RULES[read.kind])), said(t("cli.explain_because", why=why))]  # fmt: skip
    if read.line:
        lines.append(said(t("cli.explain_line", line=t(f"reading_line.{read.line}"))))
    lines += ["", *map(_fact_read, read.facts)]
    lines += [said(t("cli.explain_denied", place=_place_read(place))) for place in read.denied]
    lines += [
        said(t("cli.explain_cue", kind=t(f"reading_cue.{kind}"), place=_place_read(place))) for kind, place in read.cues
    ]
    return "\n".join(map(plain, lines)).rstrip()


def _fact_read(fact: FactRead) -> str:
    name = t("cli.explain_identifying", name=fact.name) if fact.identifying else fact.name
    how = t(f"reading_status.{fact.status}")
    if fact.status == "near" or (fact.status == "right" and fact.how != "same"):
        how = t("cli.explain_how", status=how, how=DIFFERS[fact.how])
    where = ", ".join(_place_read(place) for place in fact.places)
    key = "cli.explain_fact_at" if where else "cli.explain_fact"
    return said(t(key, name=name, expected=fact.expected, type=TYPES[fact.kind], how=how, where=where))


def _place_read(place: Place) -> str:
    words = " ".join(place.words.split())
    return said(t("cli.explain_place", words=words[:_SHOWN_CHARACTERS], start=place.start, end=place.end))


_MOST_BYTES = 256_000_000
"""Of a file of answers, which is held as a whole: more than a million short ones."""


def read_file(name: str) -> bytes:
    """Return a file's bytes; `-` is stdin.

    Raises:
        UsageError: it can't be read.
    """
    try:
        if name == "-":
            return _within(sys.stdin.buffer.read(_MOST_BYTES + 1))
        return read_named(Path(name), _MOST_BYTES)
    except OSError as error:
        raise unreadable(name, error, UsageError, t("cli.give_file_json_lines")) from error


def _within(data: bytes) -> bytes:
    if len(data) > _MOST_BYTES:
        raise UsageError(t("cli.stdin_holds_more_than", most=_MOST_BYTES / 1e6))
    return data
