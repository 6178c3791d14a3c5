"""`nih agree`: how far the rules agree with people or with a judge, beside what two trivial graders reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nihbench.analysis.agreement import AgreementReport, Item, agreement_report
from nihbench.app.catalogs import load
from nihbench.app.plain import plain
from nihbench.cli.grade import read_file
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show, show_json
from nihbench.errors import UsageError
from nihbench.figures.agreement import agreement_text
from nihbench.lang.messages import t, typed
from nihbench.run.answers import answers_of, read_rows
from nihbench.run.scores import COMBINED, grades_of, stored_scorers
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs
from nihbench.score.rules import SCORER, VERSION
from nihbench.types import Grade, Score, Unscored


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
    rows = read_rows(read_file(name), "stdin" if name == "-" else name, load(terminal()))
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
