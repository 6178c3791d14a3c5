"""What the commands around a run's data take: `nih needle`, `task`, `corpus`, `import`, `merge`, ...

Only what the parser needs: the work of a command is imported when it is invoked (`cli.door.command`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from nihbench.cli.door import command

_RATE = Optional[float]  # noqa: UP045
_TEXT = Optional[str]  # noqa: UP045
_TEXTS = Optional[list[str]]  # noqa: UP045
_PATH = Optional[Path]  # noqa: UP045
_JSON = Annotated[bool, typer.Option("--json", help="help.option_as_json")]

needle = typer.Typer(help="help.needle", no_args_is_help=True)
task = typer.Typer(help="help.task", no_args_is_help=True)
corpus = typer.Typer(help="help.corpus", no_args_is_help=True)
import_ = typer.Typer(help="help.import", no_args_is_help=True)


@needle.command("list")
@command("nihbench.cli.catalog:list_needles")
def list_needles(
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih needle list`: see the catalogs' help.needle_list."""


@needle.command("show")
@command("nihbench.cli.catalog:show_needle")
def show_needle(
    name: Annotated[str, typer.Argument(help="help.option_name")],
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih needle show`: see the catalogs' help.needle_show."""


@needle.command("check")
@command("nihbench.cli.fairness:check")
def check(
    name: Annotated[str, typer.Argument(help="help.option_name")],
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="help.needle_check_corpus")] = None,
    lengths: Annotated[_TEXT, typer.Option("--lengths", help="help.needle_check_lengths")] = None,
    model: Annotated[_TEXTS, typer.Option("--model", "-m", help="help.needle_check_model")] = None,
    base_url: Annotated[_TEXTS, typer.Option("--base-url", help="help.needle_check_base_url")] = None,
    api_key_env: Annotated[_TEXT, typer.Option("--api-key-env", help="help.option_api_key_env")] = None,
    prompt: Annotated[_TEXT, typer.Option("--prompt", help="help.needle_check_prompt")] = None,
    max_cost: Annotated[_RATE, typer.Option("--max-cost", help="help.needle_check_max_cost")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="help.option_yes")] = False,
    limit: Annotated[int, typer.Option("--limit", help="help.option_limit")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="help.needle_check_as_json")] = False,
) -> None:
    """`nih needle check`: see the catalogs' help.needle_check."""


@task.callback()
def _tasks() -> None:
    """`nih task`: see the catalogs' help.task."""


@task.command("list")
@command("nihbench.cli.catalog:list_tasks")
def list_tasks(as_json: _JSON = False) -> None:
    """`nih task list`: see the catalogs' help.task_list."""


@corpus.command("list")
@command("nihbench.cli.catalog:list_corpora")
def list_corpora(as_json: _JSON = False) -> None:
    """`nih corpus list`: see the catalogs' help.corpus_list."""


@corpus.command("fetch")
@command("nihbench.cli.catalog:fetch_corpus")
def fetch_corpus(
    names: Annotated[list[str], typer.Argument(help="help.corpus_fetch_names")],
    origin: Annotated[_PATH, typer.Option("--from", help="help.option_origin")] = None,
) -> None:
    """`nih corpus fetch`: see the catalogs' help.corpus_fetch."""


@corpus.command("stats")
@command("nihbench.cli.catalog:corpus_stats")
def corpus_stats(
    names: Annotated[list[str], typer.Argument(help="help.corpus_stats_names")],
    tokenizer: Annotated[str, typer.Option("--tokenizer", help="help.option_tokenizer")] = "cl100k_base",
    as_json: _JSON = False,
) -> None:
    """`nih corpus stats`: see the catalogs' help.corpus_stats."""


@import_.callback()
def _group() -> None:
    """`nih import`: see the catalogs' help.import."""


@import_.command("kamradt")
@command("nihbench.cli.imports:kamradt")
def kamradt(
    path: Annotated[Path, typer.Argument(help="help.option_path")],
    out: Annotated[_PATH, typer.Option("--out", help="help.option_out")] = None,
    model: Annotated[_TEXT, typer.Option("--model", "-m", help="help.import_kamradt_model")] = None,
) -> None:
    """`nih import kamradt`: see the catalogs' help.import_kamradt."""


@command("nihbench.cli.batch:merge")
def merge(
    runs: Annotated[list[Path], typer.Argument(help="help.merge_runs")],
    out: Annotated[Path, typer.Option("--out", help="help.merge_out")],
) -> None:
    """`nih merge`: see the catalogs' help.merge."""


@command("nihbench.cli.models:models")
def models(
    base_url: Annotated[_TEXT, typer.Option("--base-url", help="help.models_base_url")] = None,
    api_key_env: Annotated[_TEXT, typer.Option("--api-key-env", help="help.option_api_key_env")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.option_as_json")] = False,
) -> None:
    """`nih models`: see the catalogs' help.models."""


@command("nihbench.cli.models:serve")
def serve(
    model: Annotated[str, typer.Option("--model", "-m", help="help.serve_model")] = "smollm2-135m",
    port: Annotated[int, typer.Option("--port", help="help.option_port")] = 8080,
    slots: Annotated[int, typer.Option("--slots", help="help.option_slots")] = 1,
    window: Annotated[int, typer.Option("--window", help="help.serve_window")] = 0,
) -> None:
    """`nih serve`: see the catalogs' help.serve."""


@command("nihbench.cli.plan:rebuild")
def rebuild(
    run: Annotated[Path, typer.Argument(help="help.rebuild_run")],
    trial: Annotated[str, typer.Argument(help="help.option_trial")],
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="help.cases_corpus")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.rebuild_as_json")] = False,
) -> None:
    """`nih rebuild`: see the catalogs' help.rebuild."""


@command("nihbench.cli.schemas:schema")
def schema(
    name: Annotated[_TEXT, typer.Argument(metavar="[NAME]", help="help.schema_name")] = None,
    as_json: _JSON = False,
) -> None:
    """`nih schema`: see the catalogs' help.schema."""


@command("nihbench.cli.completing:completion")
def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish|powershell", help="help.completion_shell")],
) -> None:
    """`nih completion`: see the catalogs' help.completion."""
