"""`nih score`: grade a run's answers again, by rules or by a judge model; the measured model is not asked."""

from __future__ import annotations

from pathlib import Path

import typer

from nihbench.app.consent import Judged
from nihbench.app.judging import JudgeOptions, score_by_judge
from nihbench.app.results import result_of
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note
from nihbench.cli.progress import show_result
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.scores import scores_file
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs

UNSCORED = 3
"""Exit code where answers are left unscored."""


def score(
    run: Path,
    judge: str | None,
    judge_base_url: str | None,
    api_key_env: str | None,
    votes: int,
    only_uncertain: bool,
    max_cost: float | None,
    max_output: int | None,
    concurrency: int | None,
    yes: bool,
) -> None:
    """Score a run again, with the rules or a judge model (--judge); scores are kept beside the records."""
    folders = [open_run(path) for path in find_runs(run)]
    given = (judge_base_url, api_key_env, max_cost, max_output, concurrency)
    if judge is None and (only_uncertain or votes != 1 or any(value is not None for value in given)):
        raise UsageError(t("cli.rules_take_none_options"))
    options = None
    if judge is not None:
        options = JudgeOptions(
            model=judge,
            base_url=judge_base_url,
            api_key_env=api_key_env,
            votes=votes,
            only_uncertain=only_uncertain,
            max_cost=max_cost,
            max_output=max_output,
            concurrency=concurrency,
        )
    agreed = Judged(caller=terminal(yes=yes), bounded=max_cost is not None)
    left = [_score(folder, options, agreed) for folder in folders]
    if any(left):
        raise typer.Exit(UNSCORED)


def _score(folder: RunFolder, options: JudgeOptions | None, agreed: Judged) -> int:
    """Score one run, show it, and return how many of its answers are left unscored."""
    scorer = score_by_judge(folder, options, agreed) if options else None
    result = result_of(folder, scorer=scorer, again=scorer is None)
    show_result(result)
    note(t("cli.scores", scores_file=scores_file(folder, result.scorer)))
    if result.unscored:
        note(t("cli.answers_left_unscored_file", unscored=result.unscored))
    return result.unscored
