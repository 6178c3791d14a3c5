"""How often the rules and a careful reader agree, by group of needles and by kind of answer.

`python -m benchmarks.agreement [FILE.jsonl ...]`: rows as `nih grade` reads them, with what a reader accepts: "bands"
(or "want", or one "band") in percent, "outcomes" (or "outs", or one "outcome"). Without a file: those of
tests/data/answers and tests/data, and Claude 2.1's answers where they lie beside the repository. `--needles FOLDER`
holds the needles.yaml of the rows (tests/data/answers by default); `--show` lists the differences, `--quiet` prints
only the numbers of whole files.

kappa is Cohen's with quadratic weights over the five ordered bands, against the reader's own band ("band") and, in the
column "accepted", against the nearest band that the reader accepts; unscored answers are left out of both. `band` is
the share of all answers, unscored ones too, whose band the reader accepts; `outcome` that of the outcomes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nihbench.catalog.loading import load
from nihbench.catalog.lookup import Catalog
from nihbench.catalog.names import packaged_folder
from nihbench.run.scores import row_of
from nihbench.types import PERCENT_BANDS, Grade, Score

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
ANSWERS = DATA / "answers"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
OWN = (
    ANSWERS / "graded_answers2_dev.jsonl",
    ANSWERS / "answer_variants_dev.jsonl",
    ANSWERS / "answer_only_dev.jsonl",
    ANSWERS / "graded_answers_dev.jsonl",
    DATA / "held_out_answers.jsonl",
    DATA / "second_reader_answers.jsonl",
)
CLAUDE = SHARED / "claude21_answers_dev.jsonl"
BANDS = sorted(PERCENT_BANDS)


@dataclass(frozen=True)
class Case:
    """An answer with what the reader accepts (the first band is the reader's own) and what the rules gave."""

    id: str
    group: str
    kind: str
    answer: str
    bands: tuple[int, ...]
    outcomes: tuple[str, ...]
    grade: Grade

    @property
    def given(self) -> int | None:
        """The band that the rules gave, in percent; None for an unscored answer."""
        return round(100 * self.grade.value) if isinstance(self.grade, Score) else None

    @property
    def same(self) -> bool:
        """Whether the reader accepts the band."""
        return self.given in self.bands

    @property
    def outcome(self) -> str:
        """The outcome that the rules gave."""
        return self.grade.outcome if isinstance(self.grade, Score) else "unscored"


def read_cases(path: Path, catalog: Catalog) -> list[Case]:
    """Grade the rows of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [case_of(json.loads(line), catalog) for line in lines if line.strip()]


def case_of(row: Mapping[str, Any], catalog: Catalog) -> Case:
    """Grade one row, as `nih grade` does."""
    plain = {key: value for key, value in row.items() if key not in ("band", "outcome")}
    answered = row_of(plain, catalog).answered
    bands = tuple(row.get("bands") or row.get("want") or ([row["band"]] if "band" in row else []))
    own = row.get("band")
    if own in bands:
        bands = (own, *(band for band in bands if band != own))
    outcomes = tuple(row.get("outcomes") or row.get("outs") or ([row["outcome"]] if "outcome" in row else []))
    return Case(
        id=str(row["id"]),
        group=_group(row, catalog),
        kind=row.get("kind", ""),
        answer=row["answer"],
        bands=bands,
        outcomes=outcomes,
        grade=answered.by_rules(),
    )


_PACKAGED = frozenset(load(packaged_folder()).needles)


def _group(row: Mapping[str, Any], catalog: Catalog) -> str:
    name = row.get("needle", "")
    needle = catalog.needles.get(name)
    if needle is None:
        return "answer only"
    if name in _PACKAGED:
        return "known"
    return "new, with facts" if len(needle.facts) > 1 or needle.facts[0].name != "answer" else "answer only"


def weighted_kappa(expected: Sequence[int], given: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights over the five ordered bands; nan where all are of one band."""
    if len(set(expected)) < 2:
        return float("nan")
    table = np.zeros((5, 5))
    for one, other in zip(expected, given, strict=True):
        table[BANDS.index(one), BANDS.index(other)] += 1
    weights = np.subtract.outer(np.arange(5), np.arange(5)) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return 1 - float((weights * table).sum()) / float((weights * chance).sum())


@dataclass(frozen=True)
class Agreement:
    """How a set of answers was graded beside the reader's grades; shares from 0 to 1."""

    answers: int
    unscored: int
    kappa: float
    accepted: float
    band: float
    outcome: float


def agreement(cases: Sequence[Case]) -> Agreement:
    """Return how often rules and reader agree."""
    scored = [(case, case.given) for case in cases if case.given is not None]
    own = [case.bands[0] for case, _ in scored]
    nearest = [min(case.bands, key=lambda band: abs(band - given)) for case, given in scored]
    given = [given for _, given in scored]
    told = [case for case in cases if case.outcomes]
    return Agreement(
        answers=len(cases),
        unscored=len(cases) - len(scored),
        kappa=weighted_kappa(own, given),
        accepted=weighted_kappa(nearest, given),
        band=float(np.mean([case.same for case in cases])),
        outcome=float(np.mean([case.outcome in case.outcomes for case in told])) if told else float("nan"),
    )


def by(cases: Iterable[Case], key: str) -> dict[str, list[Case]]:
    """Return the cases by a field, in alphabetical order of its values."""
    parts: dict[str, list[Case]] = {}
    for case in cases:
        parts.setdefault(getattr(case, key), []).append(case)
    return dict(sorted(parts.items()))


def _line(name: str, cases: Sequence[Case]) -> str:
    found = agreement(cases)
    right = sum(case.same for case in cases)
    return (
        f"{name:<34} {found.answers:>4} {found.unscored:>4}  {_share(found.kappa)}  {_share(found.accepted)}"
        f"  {found.band:.3f} ({right}/{len(cases)})  {_share(found.outcome)}".rstrip()
    )


def _share(value: float) -> str:
    return f"{value:6.3f}" if np.isfinite(value) else " " * 6


def report(name: str, cases: Sequence[Case], *, show: bool, quiet: bool) -> None:
    """Print a file's agreement, whole and in parts, and its differences."""
    print(_line(name, cases))
    if not quiet:
        for key in ("group", "kind"):
            parts = by(cases, key)
            for part, own in parts.items() if len(parts) > 1 else ():
                print(_line(f"  {part}", own))
    for case in cases if show else ():
        if not case.same or (case.outcomes and case.outcome not in case.outcomes):
            print(f"    {case.id}: {case.given} {case.outcome}, reader {case.bands} {case.outcomes}")
            cue = case.grade.evidence.cue if isinstance(case.grade, Score) else case.grade.reason
            print(f"      {case.answer[:400]!r}\n      {cue}")


def report_claude(catalog: Catalog) -> None:
    """Print how many of Claude's answers are found by the rules as by their judge (7 or more against 0.7 or more)."""
    alike, rows = 0, [json.loads(line) for line in CLAUDE.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        given = case_of(row, catalog).given
        alike += given is not None and (given >= 70) == (row["judge_score"] >= 7)
    print(f"{CLAUDE.name}: {alike} of {len(rows)} found alike")


def main(arguments: Sequence[str]) -> None:
    """Print the agreement of every file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--needles", type=Path, default=ANSWERS)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    chosen = parser.parse_args(arguments)
    catalog = load(chosen.needles)
    print(f"{'':<34} {'n':>4} {'none':>4}  {'kappa':>6}  accepted  band          outcome")
    for path in chosen.files or OWN:
        report(path.stem, read_cases(path, catalog), show=chosen.show, quiet=chosen.quiet)
    if not chosen.files and CLAUDE.exists():
        report_claude(catalog)


if __name__ == "__main__":
    main(sys.argv[1:])
