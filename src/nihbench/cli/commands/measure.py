"""What the commands that plan and send take: `nih run`, `watch`, `plan`, `prompt`, `gate`, `doctor` and `batch`.

Only what the parser needs: the work of a command is imported when it is invoked (`cli.door.command`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from nihbench.app.keywords import MODEL, OPTIONS, TEXT, Option
from nihbench.cli.door import command

# ---- the options that `nih run`, `nih plan` and others share ---------------------------------------------------------


SUITE = Annotated[TEXT, typer.Option("--suite", rich_help_panel=MODEL, help="help.option_suite")]

_OF_AN_ENDPOINT = ("model base_url api_key_env window extra_body header stream ca_file insecure price max_cost").split()
"""Options that say how one endpoint is asked, and what that may cost."""


def _parameter(name: str, option: Option) -> inspect.Parameter:
    said = typer.Option(option.flag, *option.also, help=option.help, rich_help_panel=option.panel)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=option.default, annotation=Annotated[option.kind, said])


def with_run_options(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; its body gets them as one `options: dict` of raw values."""
    return _sharing(body, OPTIONS)


def with_endpoint_options(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command those shared options that are about one endpoint, as `with_run_options` does."""
    return _sharing(body, [name for name in OPTIONS if name in _OF_AN_ENDPOINT])


def _sharing(body: Callable[..., None], names: Iterable[str]) -> Callable[..., None]:
    options = [_parameter(name, OPTIONS[name]) for name in names]
    own = [p for p in inspect.signature(body, eval_str=True).parameters.values() if p.name != "options"]
    shared_names = {p.name for p in options}

    @functools.wraps(body)
    def wrapped(**values: Any) -> None:
        shared = {name: values.pop(name) for name in list(values) if name in shared_names}
        body(options=shared, **values)

    own_last = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    parameters = [*options, *own_last]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped


# ---- the commands ----------------------------------------------------------------------------------------------------


_PATH = Optional[Path]  # noqa: UP045
_RATE = Optional[float]  # noqa: UP045
_FLOAT = Optional[float]  # noqa: UP045
_TEXT = Optional[str]  # noqa: UP045
_TEXTS = Optional[list[str]]  # noqa: UP045
_OUT = Annotated[_PATH, typer.Option("--out", help="help.option_out")]
_RESUME = Annotated[_PATH, typer.Option("--resume", help="help.option_resume")]
_RETRY_ALL = Annotated[bool, typer.Option("--retry-all", help="help.option_retry_all")]
_STRICT = Annotated[bool, typer.Option("--strict-controls", help="help.option_strict_controls")]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="help.option_yes")]
_CANARY_TOKENS = 8_000
_BASE_URL = Annotated[_TEXTS, typer.Option("--base-url", help="help.batch_status_base_url")]
_CA_FILE = Annotated[_TEXT, typer.Option("--ca-file", help="help.option_ca_file")]
_HEADER = Annotated[_TEXTS, typer.Option("--header", help="help.option_header")]
_INSECURE = Annotated[bool, typer.Option("--insecure", help="help.option_insecure")]
_JSON = Annotated[bool, typer.Option("--json", help="help.option_as_json")]
_KEY_ENV = Annotated[_TEXT, typer.Option("--api-key-env", help="help.option_api_key_env")]
_MAX_FILE_MB = Annotated[
    _FLOAT,
    typer.Option("--max-file-mb", help="help.option_max_file_mb"),
]
_MAX_REQUESTS = Annotated[int, typer.Option("--max-requests", help="help.option_max_requests")]
_RUN = Annotated[Path, typer.Argument(metavar="RUN", help="help.option_run")]

batch = typer.Typer(no_args_is_help=True, help="help.batch")


@with_run_options
@command("nihbench.cli.run:run")
def run(
    context: typer.Context,
    options: dict[str, Any],
    suite: SUITE = None,
    out: _OUT = None,
    resume: _RESUME = None,
    strict_controls: _STRICT = False,
    retry_all: _RETRY_ALL = False,
    yes: _YES = False,
) -> None:
    """`nih run`: see the catalogs' help.run."""


@command("nihbench.cli.watch:watch")
def watch(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="help.watch_runs")],
) -> None:
    """`nih watch`: see the catalogs' help.watch."""


@with_run_options
@command("nihbench.cli.plan:plan")
def plan(
    options: dict[str, Any],
    suite: SUITE = None,
    prefill_speed: Annotated[_RATE, typer.Option("--prefill-speed", help="help.option_prefill_speed")] = None,
    answer_speed: Annotated[_RATE, typer.Option("--answer-speed", help="help.option_answer_speed")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih plan`: see the catalogs' help.plan."""


@with_run_options
@command("nihbench.cli.plan:prompt")
def prompt(
    options: dict[str, Any],
    length: Annotated[str, typer.Option("--length", help="help.option_length")] = "1000",
    depth: Annotated[str, typer.Option("--depth", help="help.option_depth")] = "50",
    repeat: Annotated[int, typer.Option("--repeat", help="help.option_repeat")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih prompt`: see the catalogs' help.prompt."""


@with_run_options
@command("nihbench.cli.gate:gate")
def gate(
    context: typer.Context,
    options: dict[str, Any],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="help.gate_new")],
    against: Annotated[_PATH, typer.Option("--against", metavar="OLD", help="help.gate_against")] = None,
    live: Annotated[bool, typer.Option("--live", help="help.gate_live")] = False,
    save: Annotated[_PATH, typer.Option("--save", metavar="FILE", help="help.gate_save")] = None,
    max_drop: Annotated[_FLOAT, typer.Option("--max-drop", help="help.gate_max_drop")] = None,
    min_found: Annotated[_FLOAT, typer.Option("--min-found", help="help.gate_min_found")] = None,
    min_length: Annotated[_TEXT, typer.Option("--min-length", help="help.gate_min_length")] = None,
    tasks: Annotated[_TEXT, typer.Option("--tasks", help="help.gate_tasks")] = None,
    undecided: Annotated[
        str, typer.Option("--undecided", metavar="pass|fail|more", help="help.gate_undecided")
    ] = "fail",
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
    junit_file: Annotated[_PATH, typer.Option("--junit", metavar="FILE", help="help.gate_junit")] = None,
    markdown_file: Annotated[_PATH, typer.Option("--markdown", metavar="FILE", help="help.gate_markdown")] = None,
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="help.option_scorer")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="help.option_yes")] = False,
) -> None:
    """`nih gate`: see the catalogs' help.gate."""


@with_endpoint_options
@command("nihbench.cli.examining:doctor")
def doctor(
    options: dict[str, Any],
    canary_tokens: Annotated[int, typer.Option("--canary", help="help.option_canary_tokens")] = (_CANARY_TOKENS),
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih doctor`: see the catalogs' help.doctor."""


@batch.command("export")
@with_run_options
@command("nihbench.cli.plan:export")
def export(
    options: dict[str, Any],
    out: Annotated[Path, typer.Option("--out", help="help.batch_export_out")],
    max_requests: _MAX_REQUESTS = 50_000,
    max_file_mb: _MAX_FILE_MB = None,
    as_json: _JSON = False,
) -> None:
    """`nih batch export`: see the catalogs' help.batch_export."""


@batch.command("submit")
@with_run_options
@command("nihbench.cli.batch:submit")
def submit(
    context: typer.Context,
    options: dict[str, Any],
    run: Annotated[_PATH, typer.Argument(metavar="[RUN]", help="help.batch_submit_run")] = None,
    out: Annotated[_PATH, typer.Option("--out", help="help.batch_submit_out")] = None,
    max_requests: _MAX_REQUESTS = 50_000,
    max_file_mb: _MAX_FILE_MB = None,
    completion_window: Annotated[
        _TEXT, typer.Option("--completion-window", help="help.option_completion_window")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="help.option_again")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="help.option_yes")] = False,
) -> None:
    """`nih batch submit`: see the catalogs' help.batch_submit."""


@batch.command("status")
@command("nihbench.cli.batch:status")
def status(
    context: typer.Context,
    run: _RUN,
    base_url: _BASE_URL = None,
    api_key_env: _KEY_ENV = None,
    header: _HEADER = None,
    ca_file: _CA_FILE = None,
    insecure: _INSECURE = False,
    as_json: _JSON = False,
) -> None:
    """`nih batch status`: see the catalogs' help.batch_status."""


@batch.command("fetch")
@command("nihbench.cli.batch:fetch")
def fetch(
    context: typer.Context,
    run: _RUN,
    wait: Annotated[bool, typer.Option("--wait", help="help.option_wait")] = False,
    every: Annotated[float, typer.Option("--every", help="help.option_every")] = 60.0,
    base_url: _BASE_URL = None,
    api_key_env: _KEY_ENV = None,
    header: _HEADER = None,
    ca_file: _CA_FILE = None,
    insecure: _INSECURE = False,
) -> None:
    """`nih batch fetch`: see the catalogs' help.batch_fetch."""


@batch.command("import")
@command("nihbench.cli.batch:import_")
def import_(
    run: _RUN,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="help.option_files")],
) -> None:
    """`nih batch import`: see the catalogs' help.batch_import."""
