"""What the commands that read and grade runs take: `nih plot`, `cases`, `compare`, ..., `grade`, `score`, `agree`.

Only what the parser needs: the work of a command is imported when it is invoked (`cli.door.command`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from nihbench.app.keywords import EXPORTS, FIGURES
from nihbench.cli.door import command

_FLOAT = Optional[float]  # noqa: UP045
_INT = Optional[int]  # noqa: UP045
_PATH = Optional[Path]  # noqa: UP045
_TEXT = Optional[str]  # noqa: UP045
_TEXTS = Optional[list[str]]  # noqa: UP045
_LOOK = "help.panel_look"


def _filter(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="help.panel_which_cases")


def _probing(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="help.panel_probes")


def _publishing(flag: str, text: str, metavar: str) -> Any:
    return typer.Option(flag, help=text, metavar=metavar, rich_help_panel="help.panel_publishing")


@command("nihbench.cli.plot:plot")
def plot(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="help.option_runs")],
    out: Annotated[Path, typer.Option("--out", "-o", help="help.plot_out")] = Path("heatmap.png"),
    kind: Annotated[str, typer.Option("--kind", metavar=" | ".join(FIGURES), help="help.option_kind")] = "map",
    prompt: Annotated[str, typer.Option("--prompt", help="help.plot_prompt")] = "",
    axis: Annotated[str, typer.Option("--axis", help="help.option_axis")] = "nominal",
    scorer: Annotated[str | None, typer.Option("--scorer", help="help.option_scorer")] = None,
    animate: Annotated[Path | None, typer.Option("--animate", help="help.option_animate")] = None,
    title: Annotated[str | None, typer.Option("--title", help="help.option_title", rich_help_panel=_LOOK)] = None,
    subtitle: Annotated[
        str | None, typer.Option("--subtitle", help="help.option_subtitle", rich_help_panel=_LOOK)
    ] = None,
    names: Annotated[
        str | None,
        typer.Option("--names", metavar="MODEL=SHOWN,...", help="help.option_names", rich_help_panel=_LOOK),
    ] = None,
    caption: Annotated[str, typer.Option("--caption", help="help.option_caption", rich_help_panel=_LOOK)] = "full",
    preset: Annotated[str, typer.Option("--preset", help="help.option_preset", rich_help_panel=_LOOK)] = "default",
    colours: Annotated[
        str, typer.Option("--colours", "--colors", help="help.option_colours", rich_help_panel=_LOOK)
    ] = "classic",
    size: Annotated[str | None, typer.Option("--size", help="help.option_size", rich_help_panel=_LOOK)] = None,
    dpi: Annotated[int | None, typer.Option("--dpi", help="help.option_dpi", rich_help_panel=_LOOK)] = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="help.option_transparent", rich_help_panel=_LOOK)
    ] = False,
    values: Annotated[
        bool, typer.Option("--values/--no-values", help="help.option_values", rich_help_panel=_LOOK)
    ] = True,
) -> None:
    """`nih plot`: see the catalogs' help.plot."""


@command("nihbench.cli.report:report")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="help.option_runs")],
    out: Annotated[Path, typer.Option("--out", "-o", help="help.report_out")] = Path("report.html"),
    title: Annotated[str | None, typer.Option("--title", help="help.option_title")] = None,
    scorer: Annotated[str | None, typer.Option("--scorer", help="help.option_scorer")] = None,
    price: Annotated[str | None, typer.Option("--price", help="help.report_price")] = None,
) -> None:
    """`nih report`: see the catalogs' help.report."""


@command("nihbench.cli.passport:passport")
def passport(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="help.option_runs")],
    rule: Annotated[_TEXT, typer.Option("--rule", help="help.option_rule")] = None,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih passport`: see the catalogs' help.passport."""


@command("nihbench.cli.cases:cases")
def cases(
    run: Annotated[Path, typer.Argument(help="help.cases_run")],
    outcome: Annotated[_TEXT, _filter("--outcome", "help.option_outcome")] = None,
    failure: Annotated[_TEXT, _filter("--failure", "help.option_failure")] = None,
    prompt: Annotated[_TEXT, _filter("--prompt", "help.cases_prompt")] = None,
    min_length: Annotated[_INT, _filter("--min-length", "help.option_min_length")] = None,
    max_length: Annotated[_INT, _filter("--max-length", "help.option_max_length")] = None,
    min_depth: Annotated[_FLOAT, _filter("--min-depth", "help.option_min_depth")] = None,
    max_depth: Annotated[_FLOAT, _filter("--max-depth", "help.option_max_depth")] = None,
    against: Annotated[_PATH, _filter("--against", "help.option_against")] = None,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="help.cases_corpus")] = None,
    probe: Annotated[bool, _probing("--probe", "help.option_probe")] = False,
    base_url: Annotated[_TEXT, _probing("--base-url", "help.cases_base_url")] = None,
    api_key_env: Annotated[_TEXT, _probing("--api-key-env", "help.option_api_key_env")] = None,
    header: Annotated[_TEXTS, _probing("--header", "help.cases_header")] = None,
    concurrency: Annotated[_INT, _probing("--concurrency", "help.score_concurrency")] = None,
    price: Annotated[_TEXT, _probing("--price", "help.cases_price")] = None,
    max_cost: Annotated[_FLOAT, _probing("--max-cost", "help.cases_max_cost")] = None,
    yes: Annotated[bool, _probing("--yes", "help.option_yes")] = False,
    as_md: Annotated[bool, typer.Option("--md", help="help.option_as_md")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih cases`: see the catalogs' help.cases."""


@command("nihbench.cli.export:export")
def export(
    runs: Annotated[list[Path], typer.Argument(help="help.option_runs")],
    out: Annotated[Path, typer.Option("--out", "-o", help="help.export_out")],
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    form: Annotated[_TEXT, typer.Option("--format", metavar=" | ".join(EXPORTS), help="help.export_format")] = None,
    controls: Annotated[bool, typer.Option("--controls", help="help.export_controls")] = False,
    extra: Annotated[bool, typer.Option("--extra", help="help.option_extra")] = False,
    model_id: Annotated[_TEXT, _publishing("--model-id", "help.export_model_id", "ORG/NAME")] = None,
    dataset: Annotated[_TEXT, _publishing("--dataset", "help.export_dataset", "ORG/NAME")] = None,
    source: Annotated[_TEXT, _publishing("--source", "help.export_source", "URL")] = None,
    organization: Annotated[_TEXT, _publishing("--organization", "help.export_organization", "NAME")] = None,
) -> None:
    """`nih export`: see the catalogs' help.export."""


@command("nihbench.cli.understand:compare")
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN [RUN]", help="help.option_runs")],
    by: Annotated[_TEXT, typer.Option("--by", help="help.option_by")] = None,
    prompt: Annotated[str, typer.Option("--prompt", help="help.compare_prompt")] = "",
    rows: Annotated[str, typer.Option("--rows", help="help.compare_rows")] = "",
    wanted: Annotated[float, typer.Option("--difference", help="help.option_wanted")] = 5.0,
    unpaired: Annotated[bool, typer.Option("--unpaired", help="help.option_unpaired")] = False,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih compare`: see the catalogs' help.compare."""


@command("nihbench.cli.history:history")
def history(
    runs: Annotated[list[Path], typer.Argument(metavar="DIR...", help="help.history_runs")],
    model: Annotated[str, typer.Option("--model", "-m", help="help.history_model")] = "",
    prompt: Annotated[str, typer.Option("--prompt", help="help.plot_prompt")] = "",
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    out: Annotated[_PATH, typer.Option("--out", "-o", help="help.history_out")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih history`: see the catalogs' help.history."""


@command("nihbench.cli.understand:diagnose")
def diagnose(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="help.option_runs")],
    prompt: Annotated[str, typer.Option("--prompt", help="help.diagnose_prompt")] = "",
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih diagnose`: see the catalogs' help.diagnose."""


# ---- `nih grade`, `score` and `agree` --------------------------------------------------------------------------------


def _option(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="help.panel_judge")


@command("nihbench.cli.grading:grade")
def grade(
    file: Annotated[str, typer.Argument(metavar="FILE", help="help.option_file")],
    explain: Annotated[_TEXT, typer.Option("--explain", metavar="ID", help="help.option_explain")] = None,
) -> None:
    """`nih grade`: see the catalogs' help.grade."""


@command("nihbench.cli.score:score")
def score(
    run: Annotated[Path, typer.Argument(help="help.watch_runs")],
    judge: Annotated[_TEXT, _option("--judge", "help.option_judge")] = None,
    judge_base_url: Annotated[_TEXT, _option("--judge-base-url", "help.option_judge_base_url")] = None,
    api_key_env: Annotated[_TEXT, _option("--api-key-env", "help.score_api_key_env")] = None,
    votes: Annotated[int, _option("--votes", "help.option_votes")] = 1,
    only_uncertain: Annotated[bool, _option("--only-uncertain", "help.option_only_uncertain")] = False,
    max_cost: Annotated[_FLOAT, _option("--max-cost", "help.score_max_cost")] = None,
    max_output: Annotated[_INT, _option("--max-output", "help.score_max_output")] = None,
    concurrency: Annotated[_INT, _option("--concurrency", "help.score_concurrency")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="help.option_yes", rich_help_panel="help.panel_judge")
    ] = False,
) -> None:
    """`nih score`: see the catalogs' help.score."""


@command("nihbench.cli.grading:agree")
def agree(
    source: Annotated[str, typer.Argument(metavar="RUN|FILE", help="help.option_source")],
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.agree_scorer")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih agree`: see the catalogs' help.agree."""
