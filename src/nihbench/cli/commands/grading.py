"""What the commands that grade take: `nih grade`, `score` and `agree`.

Only what the parser needs: the work of a command is imported when it is invoked (`cli.door.command`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from nihbench.cli.door import command

_FLOAT = Optional[float]  # noqa: UP045
_INT = Optional[int]  # noqa: UP045
_TEXT = Optional[str]  # noqa: UP045


def _option(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Judge")


@command("nihbench.cli.grade:grade")
def grade(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Rows as JSON lines, or - for stdin.")],
) -> None:
    """Grade rows {"id", "needle", "answer"} by rules; the grades come as JSON lines.

    A row may carry "expected", "question", "finish_reason" and "fresh"; without a needle of the catalog it must carry
    "expected".
    """


@command("nihbench.cli.score:score")
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


@command("nihbench.cli.agree:agree")
def agree(
    source: Annotated[
        str, typer.Argument(metavar="RUN|FILE", help='A judged run, or rows with a "band" (- is stdin).')
    ],
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="The judge's scores, where a run has several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Compare the rules with a judge (RUN) or with people (FILE): kappa, bands, and every disagreement."""
