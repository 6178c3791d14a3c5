"""Grade a run's records by rules and keep the scores beside them; made again at will, without the model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nihbench.errors import DamagedDataError
from nihbench.fetch import write_atomic
from nihbench.plan import fill
from nihbench.run.manifest import stored_needle
from nihbench.run.store import RunFolder
from nihbench.score import SCORER, VERSION, grade
from nihbench.types import Completion, Grade, Record, Score, Unscored

RULES_FILE = f"scores.{SCORER}.jsonl"


def score_run(run: RunFolder, records: Mapping[str, Record]) -> dict[str, Grade]:
    """Grade every answer of a run by rules and store the grades; a failure gets none."""
    needle = stored_needle(run.manifest)
    scores: dict[str, Grade] = {}
    for trial_id, record in records.items():
        if not isinstance(record.outcome, Completion):
            continue
        scores[trial_id] = grade(
            record.outcome.text,
            replace(fill(needle, record.fresh)),
            finish_reason=record.outcome.finish_reason,
            question=needle.question_for(record.trial.prompt),
        )
    lines = [json.dumps({"id": key} | asdict(score), ensure_ascii=False) + "\n" for key, score in scores.items()]
    write_atomic(run.path / RULES_FILE, "".join(lines).encode("utf-8", "backslashreplace"))
    return scores


def load_scores(run: RunFolder, records: Mapping[str, Record]) -> dict[str, Grade] | None:
    """Read a run's stored rule grades, or None where they must be made (again).

    That is where there are none, another version of the rules made them, or they are not of the answers in `records`.

    Raises:
        DamagedDataError: the file can't be read.
    """
    from pydantic import TypeAdapter, ValidationError

    path = run.path / RULES_FILE
    if not path.exists():
        return None
    score, unscored = TypeAdapter(Score), TypeAdapter(Unscored)
    scores: dict[str, Grade] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            plain: dict[str, Any] = json.loads(line)
            trial_id = plain.pop("id")
            scores[trial_id] = (unscored if "reason" in plain else score).validate_python(plain)
        except (ValueError, KeyError, AttributeError, ValidationError) as error:
            raise DamagedDataError(f"{path}:{number}: this line is no score: delete the file to score again") from error
    answered = {trial_id for trial_id, record in records.items() if isinstance(record.outcome, Completion)}
    current = all(grade.version == VERSION for grade in scores.values())
    return scores if current and scores.keys() == answered else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedDataError(f"{path} can't be read: delete it to score again") from error
