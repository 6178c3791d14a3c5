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
from nihbench.cli.door import Entry, LazyGroup, named
from nihbench.cli.output import ENDING, GONE, hang_up, note, told_mistakes
from nihbench.cli.speech import chosen, parser_words, translate
from nihbench.errors import NihError, Terminated, UsageError
from nihbench.lang.messages import languages, speak, t

_DECLARED = "nihbench.cli.commands"


class Commands(LazyGroup):
    """The commands of `nih`, in the order of help."""

    table = (
        Entry("run", f"{_DECLARED}.measure:run"),
        Entry("watch", f"{_DECLARED}.measure:watch"),
        Entry("plan", f"{_DECLARED}.measure:plan"),
        Entry("prompt", f"{_DECLARED}.measure:prompt"),
        Entry("grade", f"{_DECLARED}.understand:grade"),
        Entry("score", f"{_DECLARED}.understand:score"),
        Entry("plot", f"{_DECLARED}.understand:plot"),
        Entry("report", f"{_DECLARED}.understand:report"),
        Entry("passport", f"{_DECLARED}.understand:passport"),
        Entry("cases", f"{_DECLARED}.understand:cases"),
        Entry("export", f"{_DECLARED}.understand:export"),
        Entry("compare", f"{_DECLARED}.understand:compare"),
        Entry("gate", f"{_DECLARED}.measure:gate"),
        Entry("history", f"{_DECLARED}.understand:history"),
        Entry("diagnose", f"{_DECLARED}.understand:diagnose"),
        Entry("agree", f"{_DECLARED}.understand:agree"),
        Entry("merge", f"{_DECLARED}.data:merge"),
        Entry("models", f"{_DECLARED}.data:models"),
        Entry("serve", f"{_DECLARED}.data:serve"),
        Entry("doctor", f"{_DECLARED}.measure:doctor"),
        Entry("rebuild", f"{_DECLARED}.data:rebuild"),
        Entry("needle", f"{_DECLARED}.data:needle"),
        Entry("task", f"{_DECLARED}.data:task"),
        Entry("corpus", f"{_DECLARED}.data:corpus"),
        Entry("batch", f"{_DECLARED}.measure:batch"),
        Entry("import", f"{_DECLARED}.data:import_"),
        Entry("schema", f"{_DECLARED}.data:schema"),
        Entry("completion", f"{_DECLARED}.data:completion"),
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
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="help.option_version"),
    lang: str = typer.Option("en", "--lang", envvar="NIH_LANG", metavar="|".join(languages()), help="help.option_lang"),
) -> None:
    """`nih`: see the catalogs' help.nih."""


# Some versions of typer bring a copy of click, others use click itself: this is the base of its errors in both.
_WrongUse = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


COMPLETING = "__complete"
"""What a shell's completion script asks by (`cli.completing`)."""
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
        # httpx brings a command line of its own where rich and click are there: 50 ms that no command needs. A module
        # that is None counts as one that is not there.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
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
        if given[:1] == [COMPLETING]:
            return int(named("nihbench.cli.completing:answer")(typer.main.get_command(app), given[1:]))
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
