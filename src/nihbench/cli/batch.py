"""`nih batch`: a plan as files of requests, for endpoints and engines that work them off later."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import command, note, now, show, show_json
from nihbench.errors import UsageError
from nihbench.lang.messages import said, t

app = typer.Typer(no_args_is_help=True, help="Batches: the requests of a run as files, to be answered later.")

_PATH = Optional[Path]  # noqa: UP045  typer reads it at run time
_TEXT = Optional[str]  # noqa: UP045
_TEXTS = Optional[list[str]]  # noqa: UP045
_FLOAT = Optional[float]  # noqa: UP045

_RUN = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run that was exported.")]
_MAX_REQUESTS = Annotated[int, typer.Option("--max-requests", help="How many requests one file may hold.")]
_MAX_FILE_MB = Annotated[
    _FLOAT,
    typer.Option("--max-file-mb", help="How large one file may be, in MB (default: what the service takes, else 200)."),
]
_BASE_URL = Annotated[_TEXTS, typer.Option("--base-url", help="The server, where it is another than the run's own.")]
_KEY_ENV = Annotated[_TEXT, typer.Option("--api-key-env", help="The environment variable that holds the key.")]
_HEADER = Annotated[_TEXTS, typer.Option("--header", help="A further header as NAME=VALUE; may be repeated.")]
_CA_FILE = Annotated[_TEXT, typer.Option("--ca-file", help="Further certificate authorities to trust, as a PEM file.")]
_INSECURE = Annotated[
    bool, typer.Option("--insecure", help="Check no certificates: anyone on the way can read the key.")
]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@app.command("export")
@with_run_options
@command
def export(
    options: dict[str, Any],
    out: Annotated[Path, typer.Option("--out", help="The run's folder; the requests come into its folder batch/.")],
    max_requests: _MAX_REQUESTS = 50_000,
    max_file_mb: _MAX_FILE_MB = None,
    as_json: _JSON = False,
) -> None:
    """Write the requests of a run in OpenAI's batch format, and a run's folder to bring the answers into."""
    from nihbench.cli.batching import write_requests
    from nihbench.run.export import BATCH_FOLDER

    folder, files = write_requests(run_options(options), out, max_requests=max_requests, max_file_mb=max_file_mb)
    if as_json:
        show_json([asdict(file) for file in files])
        return
    for file in files:
        path = folder.path / BATCH_FOLDER / file.name
        size = t("{requests:,} requests, {bytes:,} bytes", requests=file.requests, bytes=file.size_bytes)
        show(f"{path}  {said(size)}")


@app.command("submit")
@with_run_options
@command
def submit(
    context: typer.Context,
    options: dict[str, Any],
    run: Annotated[
        _PATH, typer.Argument(metavar="[RUN]", help="The folder of a run that was exported; without it: a new run.")
    ] = None,
    out: Annotated[_PATH, typer.Option("--out", help="The run's folder, where it is a new one.")] = None,
    max_requests: _MAX_REQUESTS = 50_000,
    max_file_mb: _MAX_FILE_MB = None,
    completion_window: Annotated[
        _TEXT, typer.Option("--completion-window", help="The time that the service may take (default: 24h).")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Submit anew what the server can't find or can't be asked for.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to what the run can cost.")] = False,
) -> None:
    """Upload a run's requests to the endpoint's /files and make batches of them; nothing is submitted twice."""
    from nihbench.cli.batching import Terms, submit_run, write_requests
    from nihbench.cli.jobs import Job
    from nihbench.cli.resuming import resumed_jobs

    if (run is None) == (out is None):
        raise UsageError(t("give the folder of a run that was exported, or --out DIR and the options of a new one"))
    if run is not None:
        (job,) = resumed_jobs(context, run, options, None)[:1]
    else:
        assert out is not None
        asked = run_options(options)
        folder, _ = write_requests(asked, out, max_requests=max_requests, max_file_mb=max_file_mb)
        job = Job(options=asked, existing=folder)
    terms = Terms(completion_window=completion_window, again=again, yes=yes)
    submit_run(job, terms)


@app.command("status")
@command
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
    """Ask the server how a run's batches stand."""
    from nihbench.cli.batching import job_line, served
    from nihbench.run.batch_state import open_batches
    from nihbench.run.batches import refresh
    from nihbench.run.lock import owned

    given = {"base_url": base_url, "api_key_env": api_key_env, "header": header, "ca_file": ca_file}
    with served(context, run, given | {"insecure": insecure}) as (folder, service), owned(folder.path, now):
        batches = refresh(open_batches(folder.path), service)
    if as_json:
        show_json([asdict(job) for job in batches.jobs])
        return
    for job in batches.jobs:
        show(job_line(job))


@app.command("fetch")
@command
def fetch(
    context: typer.Context,
    run: _RUN,
    wait: Annotated[bool, typer.Option("--wait", help="Ask again until all batches have ended.")] = False,
    every: Annotated[float, typer.Option("--every", help="With --wait: seconds from one time to the next.")] = 60.0,
    base_url: _BASE_URL = None,
    api_key_env: _KEY_ENV = None,
    header: _HEADER = None,
    ca_file: _CA_FILE = None,
    insecure: _INSECURE = False,
) -> None:
    """Bring the results of the batches that have ended into the run's records, score them, show the heatmap."""
    from nihbench.cli.batching import fetch_all, served

    if not every > 0:
        raise UsageError(t("--every {every:g} must be more than 0 seconds", every=every))
    given = {"base_url": base_url, "api_key_env": api_key_env, "header": header, "ca_file": ca_file}
    with served(context, run, given | {"insecure": insecure}) as (folder, service):
        raise typer.Exit(fetch_all(folder, service, every=every if wait else None))


@app.command("import")
@command
def import_(
    run: _RUN,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Result files, of any engine.")],
) -> None:
    """Bring result files of OpenAI's batch format into the records of the run that was exported, and score them."""
    from nihbench.cli.finish import FAILED_TRIALS, finish
    from nihbench.run.lock import owned
    from nihbench.run.results import import_results
    from nihbench.run.store import open_run

    folder = open_run(run)
    with owned(folder.path, now):
        imported = import_results(folder, files, now=now)
    for sentence in imported.sentences():
        note(sentence)
    code = finish(folder, resume=run)
    raise typer.Exit(FAILED_TRIALS if imported.unreadable else code)
