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
from nihbench.cli.door import Entry, LazyGroup
from nihbench.cli.output import ENDING, GONE, hang_up, note, told_mistakes
from nihbench.cli.speech import chosen, parser_words, translate
from nihbench.errors import NihError, Terminated, UsageError
from nihbench.lang.messages import languages, speak, t

_DECLARED = "nihbench.cli.commands"


class Commands(LazyGroup):
    """The commands of `nih`, in the order of help."""

    table = (
        Entry("run", f"{_DECLARED}.measure:run",
              "Measure a model: run the grid, show the heatmap and save it as a PNG in the run's folder."),
        Entry("watch", f"{_DECLARED}.measure:watch",
              "Watch another process's run until it ends: heatmap, progress, latest miss."),
        Entry("plan", f"{_DECLARED}.measure:plan",
              "Show what a run would send, cost and take, in tokens, dollars and time. No model is called."),
        Entry("prompt", f"{_DECLARED}.measure:prompt",
              "Print the exact messages of one trial, as a run with the same options would send them."),
        Entry("grade", f"{_DECLARED}.understand:grade",
              'Grade rows {"id", "needle", "answer"} by rules; the grades come as JSON lines.'),
        Entry("score", f"{_DECLARED}.understand:score",
              "Score a run again, with the rules or a judge model (--judge); scores are kept beside the records."),
        Entry("plot", f"{_DECLARED}.understand:plot",
              "Draw runs from their stored scores: a heatmap, a panel of several, a difference, or profiles."),
        Entry("report", f"{_DECLARED}.understand:report",
              "Write one HTML file that shows runs down to each answer, opens from disk and loads nothing."),
        Entry("cases", f"{_DECLARED}.understand:cases",
              "Show every answer below full marks: what the model said, where, why it got its grade, what was sent."),
        Entry("export", f"{_DECLARED}.understand:export",
              "Write runs as one table, one row per trial: CSV (safe to open in a spreadsheet), Parquet or JSON."),
        Entry("compare", f"{_DECLARED}.understand:compare",
              "Compare prompts or models over identical haystacks: exact paired tests and a verdict in plain words."),
        Entry("diagnose", f"{_DECLARED}.understand:diagnose",
              "Find the pattern behind the misses: only the end kept, the middle lost, a cliff, random holes, ..."),
        Entry("agree", f"{_DECLARED}.understand:agree",
              "Compare the rules with a judge (RUN) or with people (FILE): kappa, bands, and every disagreement."),
        Entry("merge", f"{_DECLARED}.data:merge",
              "Merge the runs of one plan's parts (--shard) into one run; what does not belong together is refused."),
        Entry("models", f"{_DECLARED}.data:models", "List the model presets, or the models of a server."),
        Entry("serve", f"{_DECLARED}.data:serve", "Serve a local model until Ctrl-C."),
        Entry("doctor", f"{_DECLARED}.measure:doctor", "Check an endpoint before a sweep."),
        Entry("rebuild", f"{_DECLARED}.data:rebuild",
              "Print the exact prompt of a recorded trial; its hash is checked against what was sent."),
        Entry("needle", f"{_DECLARED}.data:needle", "Needles, prompts, experiments and suites."),
        Entry("task", f"{_DECLARED}.data:task", "Tasks: the families of trials, with their rows and options."),
        Entry("corpus", f"{_DECLARED}.data:corpus", "Corpora: list, fetch, count."),
        Entry("batch", f"{_DECLARED}.measure:batch",
              "Batches: a run's requests as files, to be answered later."),
        Entry("import", f"{_DECLARED}.data:import_", "Turn other tools' results into runs."),
    )  # fmt: skip


app = typer.Typer(
    name="nih",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"nih {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    lang: str = typer.Option(
        "en", "--lang", envvar="NIH_LANG", metavar="|".join(languages()), help="Language of every word the tool says."
    ),
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
        # What is multiplied here is small: numpy's threads would cost more to wake, and to wait in, than they save.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
        told_mistakes.clear()
        if any("\0" in argument for argument in given):
            raise UsageError(t("cli.argument_holds_character_nul"))
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
        note(t("cli.nih", error=error))
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
    note(t("cli.nih_see_help", what=parser_words(what), where=where))
    return NihError.exit_code
