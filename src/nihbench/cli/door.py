"""The lazy door: a command is imported when it is wanted, its work when it is invoked.

`LazyGroup` is Click's recipe of that name for Typer: help and completion of the group need each command's name, which
stands in a table, and the first sentence of its help, which is in the catalogs; the module that declares a command's
options is imported when it is invoked or its own help is asked for. `command` does the same once more: a declaration
holds options and the keys of their help, and what a command does is imported behind it. So `nih --help` loads nothing
of the tool, and `nih run --help` no more than its options.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ParamSpec

import typer
from typer.core import TyperCommand, TyperGroup

from nihbench.app.keys import check_variable
from nihbench.cli.output import GONE, hang_up, note, told_mistakes
from nihbench.cli.speech import translate
from nihbench.errors import InterruptedRunError, NihError, Terminated, TerminatedRunError, path_error
from nihbench.lang.messages import t

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the command table: a command's name, and where it is declared ("module:name")."""

    name: str
    place: str


class Unloaded(TyperCommand):
    """A command as the list of commands shows it; `load` imports what declares it."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, help=f"help.{entry.name}")
        self.entry = entry

    def load(self) -> Any:
        """Return the whole command, its help in the process's language."""
        made = self.declared()
        translate(made, self.entry.name)
        return made

    def declared(self) -> Any:
        """Return the whole command as it is declared: its help is keys."""
        declared = named(self.entry.place)
        app = declared if isinstance(declared, typer.Typer) else typer.Typer(rich_markup_mode="rich")
        if app is not declared:
            app.command(self.entry.name)(declared)
        app._add_completion = False
        made: Any = typer.main.get_command(app)
        made.name = self.entry.name
        return made


class LazyGroup(TyperGroup):
    """A group whose commands stand in a table, and are loaded one by one."""

    table: Sequence[Entry] = ()

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.commands = {entry.name: Unloaded(entry) for entry in self.table}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name, loaded, and what of them is left for it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found.load() if isinstance(found, Unloaded) else found, rest


def whole(parser: Any) -> Any:
    """Return a parser with all its commands as they are declared, for who looks through them."""
    for name, below in parser.commands.items():
        if isinstance(below, Unloaded):
            parser.commands[name] = below.declared()
    return parser


def named(place: str) -> Any:
    """Return what "module:name" names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def command(work: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a command of its declaration, whose body is empty; every known error becomes one line and its exit code.

    Args:
        work: the function that does it ("module:name"), with the same parameters; imported when it is invoked.
    """

    def declare(declaration: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(declaration)
        def invoked(*args: P.args, **kwargs: P.kwargs) -> None:
            with _errors_said():
                _check_variable(kwargs)
                named(work)(*args, **kwargs)

        invoked.work = work  # type: ignore[attr-defined]
        return invoked

    return declare


@contextmanager
def _errors_said() -> Iterator[None]:
    try:
        yield
    except NihError as error:
        told = str(error) in told_mistakes
        note(t("cli.nih_asked_cant_used") if told else _ended(error))
        raise typer.Exit(error.exit_code) from error
    except BrokenPipeError as error:
        hang_up()
        raise typer.Exit(0) from error
    except OSError as error:
        if error.filename is None and error.errno in GONE:
            hang_up()
            raise typer.Exit(0) from error
        if error.filename is None:
            raise  # no path of the user's is at fault
        note(t("cli.nih", error=path_error(error)))
        raise typer.Exit(NihError.exit_code) from error
    except KeyboardInterrupt as error:
        note(t("cli.nih_interrupted"))
        kind = TerminatedRunError if isinstance(error, Terminated) else InterruptedRunError
        raise typer.Exit(kind.exit_code) from error


def _check_variable(options: Mapping[str, Any]) -> None:
    """Raise `UsageError` where `--api-key-env` is given what can be no variable's name, which may be the key itself."""
    given = options.get("api_key_env") or (options.get("options") or {}).get("api_key_env")
    if given:
        check_variable(given)


def _ended(error: NihError) -> Any:
    return t("cli.nih", error=error)
