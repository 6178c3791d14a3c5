"""The `nih` application: its commands, in the order of help."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from nihbench import __version__
from nihbench.cli import (
    agree,
    batch,
    cases,
    compare,
    corpus,
    diagnose,
    doctor,
    export,
    grade,
    imports,
    merge,
    models,
    needle,
    plan,
    plot,
    prompt,
    rebuild,
    report,
    run,
    score,
    serve,
    watch,
)
from nihbench.cli.catalogs import forget
from nihbench.cli.output import ENDING, GONE, Terminated, hang_up, note
from nihbench.cli.speech import chosen, parser_words, translate
from nihbench.errors import NihError, UsageError
from nihbench.lang import speak, t

app = typer.Typer(
    name="nih",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("run")(run.run)
app.command("watch")(watch.watch)
app.command("plan")(plan.plan)
app.command("prompt")(prompt.prompt)
app.command("grade")(grade.grade)
app.command("score")(score.score)
app.command("plot")(plot.plot)
app.command("report")(report.report)
app.command("cases")(cases.cases)
app.command("export")(export.export)
app.command("compare")(compare.compare)
app.command("diagnose")(diagnose.diagnose)
app.command("agree")(agree.agree)
app.add_typer(needle.app, name="needle")
app.add_typer(corpus.app, name="corpus")
app.add_typer(batch.app, name="batch")
app.add_typer(imports.app, name="import")
app.command("merge")(merge.merge)
app.command("models")(models.models)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("rebuild")(rebuild.rebuild)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"nih {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    lang: str = typer.Option("en", "--lang", envvar="NIH_LANG", help="en | zh: every word the tool says."),
) -> None:
    """Needle in a haystack: how well a language model finds one fact in a long document, at every depth and length."""


# Some versions of typer bring a copy of click, others use click itself: this is the base of its errors in both.
_WrongUse = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


_COLLECT_AFTER = 50_000, 20, 100
"""New objects until unreachable ones are looked for. A run of 20,000 trials is a million objects, all in use: by
Python's own numbers a quarter of a command's time goes into looking through them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; `arguments` are the process's own unless they are given."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # What the terminal's encoding can't say is shown as an escape; it must not end a command.
            stream.reconfigure(errors="backslashreplace")
    if threading.current_thread() is threading.main_thread():
        gc.set_threshold(*_COLLECT_AFTER)
        for number in ENDING:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup: it is to go on when the terminal is closed
                signal.signal(number, _terminated)
    sys.exit(_run(arguments))


def _terminated(number: int, frame: object) -> None:
    raise Terminated(signal.Signals(number).name)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        given = sys.argv[1:] if arguments is None else arguments
        spoken, rest = chosen(given, os.environ)
        speak(spoken)
        forget()
        if any("\0" in argument for argument in given):
            raise UsageError(t("an argument holds the character NUL, which no path and no name can: take it out"))
        parser = typer.main.get_command(app)
        translate(parser)
        code = parser(args=rest, prog_name="nih", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except OSError as error:
        if error.errno not in GONE or error.filename is not None:
            raise
        hang_up()
        return 0
    except UsageError as error:
        note(t("nih: {error}", error=error))
        return error.exit_code
    except Exception as error:
        if not isinstance(error, _WrongUse):
            raise
        return _wrong_use(error)


def _wrong_use(error: Exception) -> int:
    """Say in one line what the parser of the command line found; `nih` and `nih corpus` alone show their help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return NihError.exit_code
    where = getattr(getattr(error, "ctx", None), "command_path", "nih")
    what = " ".join(getattr(error, "format_message", error.__str__)().split()).rstrip(".")
    note(t("nih: {what} (see `{where} --help`)", what=parser_words(what), where=where))
    return NihError.exit_code
