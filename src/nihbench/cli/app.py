"""The `nih` application: its commands, in the order of help."""

from __future__ import annotations

import typer

from nihbench import __version__
from nihbench.cli import corpus, models, needle, plan, plot, prompt, rebuild, run, serve

app = typer.Typer(
    name="nih",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("prompt")(prompt.prompt)
app.command("plot")(plot.plot)
app.add_typer(needle.app, name="needle")
app.add_typer(corpus.app, name="corpus")
app.command("models")(models.models)
app.command("serve")(serve.serve)
app.command("rebuild")(rebuild.rebuild)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"nih {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Needle in a haystack: how well a language model finds one fact in a long document, at every depth and length."""


def main() -> None:
    """Run the command line."""
    app()
