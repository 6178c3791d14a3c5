"""`nih score`: grade a run's answers again, by rules or by a judge model; the measured model is not asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from nihbench.cli.output import command, note
from nihbench.errors import UsageError
from nihbench.lang.messages import t

if TYPE_CHECKING:
    from nihbench.cli.consent import Judged
    from nihbench.cli.judging import JudgeOptions
    from nihbench.run.store import RunFolder

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_INT = Optional[int]  # noqa: UP045
_FLOAT = Optional[float]  # noqa: UP045
UNSCORED = 3
"""Exit code where answers are left unscored."""


def _option(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Judge")


@command
def score(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a folder of runs.")],
    judge: Annotated[
        _TEXT, _option("--judge", "A judge model: a preset, any name with an address, a .gguf file.")
    ] = None,
    judge_base_url: Annotated[_TEXT, _option("--judge-base-url", "The judge's OpenAI-compatible server.")] = None,
    api_key_env: Annotated[_TEXT, _option("--api-key-env", "The environment variable that holds its key.")] = None,
    votes: Annotated[int, _option("--votes", "How often each answer is judged; the median counts.")] = 1,
    only_uncertain: Annotated[bool, _option("--only-uncertain", "Judge just what the rules are unsure of.")] = False,
    max_cost: Annotated[_FLOAT, _option("--max-cost", "The most to spend, in US dollars.")] = None,
    max_output: Annotated[_INT, _option("--max-output", "Output limit of one verdict in tokens.")] = None,
    concurrency: Annotated[_INT, _option("--concurrency", "Requests in flight at a time.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Agree to what the judge can cost.", rich_help_panel="Judge")
    ] = False,
) -> None:
    """Score a run again: by rules, or with --judge by a model; the scores stand beside the records."""
    from nihbench.cli.consent import Judged
    from nihbench.cli.judging import JudgeOptions
    from nihbench.run.store import open_run
    from nihbench.run.tree import find_runs

    folders = [open_run(path) for path in find_runs(run)]
    given = (judge_base_url, api_key_env, max_cost, max_output, concurrency)
    if judge is None and (only_uncertain or votes != 1 or any(value is not None for value in given)):
        raise UsageError(t("the rules take none of these options, they are a judge's: name it by --judge MODEL"))
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
    agreed = Judged(yes=yes, bounded=max_cost is not None)
    left = [_score(folder, options, agreed) for folder in folders]
    if any(left):
        raise typer.Exit(UNSCORED)


def _score(folder: RunFolder, options: JudgeOptions | None, agreed: Judged) -> int:
    """Score one run, show it, and return how many of its answers are left unscored."""
    from nihbench.cli.judging import score_by_judge
    from nihbench.cli.results import result_of, show
    from nihbench.run.scores import scores_file

    scorer = score_by_judge(folder, options, agreed) if options else None
    result = result_of(folder, scorer=scorer, again=scorer is None)
    show(result)
    note(t("scores: {scores_file}", scores_file=scores_file(folder, result.scorer)))
    if result.unscored:
        note(t("{unscored} answers are left unscored; the file says why", unscored=result.unscored))
    return result.unscored
