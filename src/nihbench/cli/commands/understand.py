"""What the commands that read and grade runs take: `nih plot`, `cases`, `compare`, ..., `grade`, `score`, `agree`.

Only what the parser needs: the work of a command is imported when it is invoked (`cli.door.command`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from nihbench.cli.door import command

_FLOAT = Optional[float]  # noqa: UP045
_INT = Optional[int]  # noqa: UP045
_PATH = Optional[Path]  # noqa: UP045
_TEXT = Optional[str]  # noqa: UP045
_TEXTS = Optional[list[str]]  # noqa: UP045
_LOOK = "Look"


def _filter(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Which cases")


def _probing(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Probes")


@command("nihbench.cli.plot:plot")
def plot(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture: .png, .svg or .pdf.")] = Path("heatmap.png"),
    kind: Annotated[
        str, typer.Option("--kind", help="map (a panel where there are several) | difference (of two) | profiles.")
    ] = "map",
    prompt: Annotated[
        str, typer.Option("--prompt", help="Only these prompts, separated by commas, in this order.")
    ] = "",
    axis: Annotated[
        str, typer.Option("--axis", help="Depths as planned (nominal) or as measured (achieved).")
    ] = "nominal",
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")
    ] = None,
    animate: Annotated[
        Path | None,
        typer.Option("--animate", help="Also save an animation of the map filling up: .png (APNG) or .gif."),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="A title of your own.", rich_help_panel=_LOOK)] = None,
    preset: Annotated[
        str, typer.Option("--preset", help="default | blog | slide (16:9).", rich_help_panel=_LOOK)
    ] = "default",
    colours: Annotated[
        str,
        typer.Option(
            "--colours", "--colors", help="classic | safe (colour-blind) | grey (print).", rich_help_panel=_LOOK
        ),
    ] = "classic",
    size: Annotated[
        str | None, typer.Option("--size", help="Size in inches: 8x5, or 8 for the width only.", rich_help_panel=_LOOK)
    ] = None,
    dpi: Annotated[int | None, typer.Option("--dpi", help="Pixels per inch.", rich_help_panel=_LOOK)] = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Transparent background.", rich_help_panel=_LOOK)
    ] = False,
    values: Annotated[
        bool,
        typer.Option("--values/--no-values", help="Show numbers in the cells where they fit.", rich_help_panel=_LOOK),
    ] = True,
) -> None:
    """Draw runs from their stored scores: a heatmap, a panel of several, a difference, or profiles."""


@command("nihbench.cli.report:report")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The report: one .html file.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option("--title", help="A title of your own.")] = None,
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")
    ] = None,
    price: Annotated[
        str | None, typer.Option("--price", help="IN,OUT or IN,OUT,CACHED, instead of the runs' own prices.")
    ] = None,
) -> None:
    """Write one HTML file that shows runs down to each answer, opens from disk and loads nothing."""


@command("nihbench.cli.cases:cases")
def cases(
    run: Annotated[Path, typer.Argument(help="The run's folder, or a folder of runs.")],
    outcome: Annotated[_TEXT, _filter("--outcome", "Only this outcome: hallucinated, abstained, partial ...")] = None,
    failure: Annotated[_TEXT, _filter("--failure", "Only this failure: timeout, filtered ... or unscored.")] = None,
    prompt: Annotated[_TEXT, _filter("--prompt", "Only this prompt variant.")] = None,
    min_length: Annotated[_INT, _filter("--min-length", "Minimum length.")] = None,
    max_length: Annotated[_INT, _filter("--max-length", "Maximum length.")] = None,
    min_depth: Annotated[_FLOAT, _filter("--min-depth", "Minimum depth, in percent.")] = None,
    max_depth: Annotated[_FLOAT, _filter("--max-depth", "Maximum depth, in percent.")] = None,
    against: Annotated[_PATH, _filter("--against", "Only what this older run found and RUN misses.")] = None,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="Where the run's own text is now, if it was moved.")] = None,
    probe: Annotated[
        bool, _probing("--probe", "Ask each miss, and as many hits, to quote the needle: not retrieved, or misread?")
    ] = False,
    base_url: Annotated[_TEXT, _probing("--base-url", "Where the model is now, if it was moved.")] = None,
    api_key_env: Annotated[_TEXT, _probing("--api-key-env", "The environment variable that holds the key.")] = None,
    header: Annotated[_TEXTS, _probing("--header", "A header of the run as NAME=VALUE; may be repeated.")] = None,
    concurrency: Annotated[_INT, _probing("--concurrency", "Requests in flight at once.")] = None,
    price: Annotated[_TEXT, _probing("--price", "IN,OUT or IN,OUT,CACHED in USD per million tokens.")] = None,
    max_cost: Annotated[_FLOAT, _probing("--max-cost", "Stop before run and probes exceed this many USD.")] = None,
    yes: Annotated[bool, _probing("--yes", "Skip the cost confirmation.")] = False,
    as_md: Annotated[bool, typer.Option("--md", help="Print Markdown, every case in full.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show every answer below full marks: what the model said, where, why it got its grade, what was sent."""


@command("nihbench.cli.understand:export")
def export(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file: .csv, .parquet or .json.")],
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    controls: Annotated[bool, typer.Option("--controls", help="Include control trials.")] = False,
    extra: Annotated[bool, typer.Option("--extra", help="Include the extra trials of an adaptive run.")] = False,
) -> None:
    """Write runs as one table, one row per trial: CSV (safe to open in a spreadsheet), Parquet or JSON."""


@command("nihbench.cli.understand:compare")
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN [RUN]", help="Run folders, or a folder of runs.")],
    by: Annotated[
        _TEXT,
        typer.Option("--by", help="prompt | model: what is compared (default: prompt in one run, else what differs)."),
    ] = None,
    prompt: Annotated[
        str,
        typer.Option("--prompt", help="Only these prompts, separated by commas; the first is the one to compare with."),
    ] = "",
    wanted: Annotated[
        float, typer.Option("--difference", help="Show how many repeats would detect a difference of this many points.")
    ] = 5.0,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Compare runs of other prompts, as two independent samples.")
    ] = False,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Compare prompts or models over identical haystacks: exact paired tests and a verdict in plain words."""


@command("nihbench.cli.understand:diagnose")
def diagnose(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or a folder of runs.")],
    prompt: Annotated[str, typer.Option("--prompt", help="Only these prompts, separated by commas.")] = "",
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Find the pattern behind the misses: only the end kept, the middle lost, a cliff, random holes, ..."""


# ---- `nih grade`, `score` and `agree` --------------------------------------------------------------------------------


def _option(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Judge")


@command("nihbench.cli.grading:grade")
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


@command("nihbench.cli.grading:agree")
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
