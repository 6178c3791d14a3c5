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
    file: Annotated[str, typer.Argument(metavar="FILE", help="Rows as JSON Lines, or - for stdin.")],
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
    only_uncertain: Annotated[
        bool, _option("--only-uncertain", "Judge only answers that the rules are unsure of.")
    ] = False,
    max_cost: Annotated[_FLOAT, _option("--max-cost", "Maximum cost in US dollars.")] = None,
    max_output: Annotated[_INT, _option("--max-output", "Output limit of one verdict in tokens.")] = None,
    concurrency: Annotated[_INT, _option("--concurrency", "Requests in flight at once.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Skip the cost confirmation.", rich_help_panel="Judge")
    ] = False,
) -> None:
    """Score a run again, with the rules or a judge model (--judge); scores are kept beside the records."""


@command("nihbench.cli.agree:agree")
def agree(
    source: Annotated[
        str, typer.Argument(metavar="RUN|FILE", help='A judged run, or rows with a "band" (- is stdin).')
    ],
    scorer: Annotated[
        _TEXT, typer.Option("--scorer", help="Which judge's scores to use, if a run has several.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Compare the rules with a judge (RUN) or with people (FILE): kappa, bands, and every disagreement."""
