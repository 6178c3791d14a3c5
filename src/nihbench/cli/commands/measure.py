"""What the commands that plan and send take: `nih run`, `watch`, `plan`, `prompt`, `doctor` and `batch`.

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


SUITE = Annotated[
    TEXT, typer.Option("--suite", rich_help_panel=MODEL, help="All experiments of a suite (nih needle list).")
]

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
_OUT = Annotated[_PATH, typer.Option("--out", help="The run's folder (default: a new one in results/).")]
_RESUME = Annotated[_PATH, typer.Option("--resume", help="Continue the run or runs in this folder.")]
_RETRY_ALL = Annotated[bool, typer.Option("--retry-all", help="With --resume: retry final failures, too.")]
_STRICT = Annotated[
    bool, typer.Option("--strict-controls", help="Stop before the grid (exit code 4) where a control fails.")
]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Skip the cost confirmation.")]
_CANARY_TOKENS = 8_000
_BASE_URL = Annotated[_TEXTS, typer.Option("--base-url", help="The server, if it is not the run's own.")]
_CA_FILE = Annotated[_TEXT, typer.Option("--ca-file", help="Further certificate authorities to trust, as a PEM file.")]
_HEADER = Annotated[_TEXTS, typer.Option("--header", help="A further header as NAME=VALUE; may be repeated.")]
_INSECURE = Annotated[
    bool, typer.Option("--insecure", help="Do not check certificates: anyone on the way can read the key.")
]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_KEY_ENV = Annotated[_TEXT, typer.Option("--api-key-env", help="The environment variable that holds the key.")]
_MAX_FILE_MB = Annotated[
    _FLOAT,
    typer.Option("--max-file-mb", help="Maximum file size in MB (default: the service's limit, else 200)."),
]
_MAX_REQUESTS = Annotated[int, typer.Option("--max-requests", help="Maximum number of requests per file.")]
_RUN = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of an exported run.")]

batch = typer.Typer(no_args_is_help=True, help="Batches: a run's requests as files, to be answered later.")


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
    """Measure a model: run the grid, show the heatmap and save it as a PNG in the run's folder."""


@command("nihbench.cli.run:watch")
def watch(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="A run's folder, or a folder of runs.")],
) -> None:
    """Watch another process's run until it ends: heatmap, progress, latest miss."""


@with_run_options
@command("nihbench.cli.plan:plan")
def plan(
    options: dict[str, Any],
    suite: SUITE = None,
    prefill_speed: Annotated[_RATE, typer.Option("--prefill-speed", help="Prompt tokens per second.")] = None,
    answer_speed: Annotated[_RATE, typer.Option("--answer-speed", help="Answer tokens per second.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what a run would send, cost and take, in tokens, dollars and time. No model is called."""


@with_run_options
@command("nihbench.cli.plan:prompt")
def prompt(
    options: dict[str, Any],
    length: Annotated[str, typer.Option("--length", help="Tokens of the whole request, such as 4k or 300t.")] = "1000",
    depth: Annotated[str, typer.Option("--depth", help="Depth in percent, such as 50 or 50%.")] = "50",
    repeat: Annotated[int, typer.Option("--repeat", help="Which repeat (0 is the first).")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Print the exact messages of one trial, as a run with the same options would send them."""


@with_endpoint_options
@command("nihbench.cli.examining:doctor")
def doctor(
    options: dict[str, Any],
    canary_tokens: Annotated[int, typer.Option("--canary", help="Length of the canary prompt; 0: none.")] = (
        _CANARY_TOKENS
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check an endpoint before a sweep.

    It costs a few short prompts and one of 8,000 tokens, and never more than --max-cost.
    """


@batch.command("export")
@with_run_options
@command("nihbench.cli.plan:export")
def export(
    options: dict[str, Any],
    out: Annotated[Path, typer.Option("--out", help="The run's folder; requests go into its batch/ folder.")],
    max_requests: _MAX_REQUESTS = 50_000,
    max_file_mb: _MAX_FILE_MB = None,
    as_json: _JSON = False,
) -> None:
    """Write a run's requests in OpenAI's batch format, and a run's folder for the answers."""


@batch.command("submit")
@with_run_options
@command("nihbench.cli.run:submit")
def submit(
    context: typer.Context,
    options: dict[str, Any],
    run: Annotated[
        _PATH, typer.Argument(metavar="[RUN]", help="The folder of an exported run; without it, a new run is made.")
    ] = None,
    out: Annotated[_PATH, typer.Option("--out", help="The folder of a new run.")] = None,
    max_requests: _MAX_REQUESTS = 50_000,
    max_file_mb: _MAX_FILE_MB = None,
    completion_window: Annotated[
        _TEXT, typer.Option("--completion-window", help="Time that the service may take (default: 24h).")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Resubmit what the server can't find or can't be asked for.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the cost confirmation.")] = False,
) -> None:
    """Upload a run's requests to the endpoint's /files and make batches of them; nothing is submitted twice."""


@batch.command("status")
@command("nihbench.cli.run:status")
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
    """Ask the server for the status of a run's batches."""


@batch.command("fetch")
@command("nihbench.cli.run:fetch")
def fetch(
    context: typer.Context,
    run: _RUN,
    wait: Annotated[bool, typer.Option("--wait", help="Ask again until all batches have ended.")] = False,
    every: Annotated[float, typer.Option("--every", help="With --wait: seconds between checks.")] = 60.0,
    base_url: _BASE_URL = None,
    api_key_env: _KEY_ENV = None,
    header: _HEADER = None,
    ca_file: _CA_FILE = None,
    insecure: _INSECURE = False,
) -> None:
    """Fetch the results of finished batches into the run's records, score them and show the heatmap."""


@batch.command("import")
@command("nihbench.cli.run:import_")
def import_(
    run: _RUN,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Result files, of any engine.")],
) -> None:
    """Import result files in OpenAI's batch format into the exported run's records, and score them."""
