"""The language of the command line itself: chosen by --lang or NIH_LANG before anything is read, then help and errors.

Help is filled in when the commands are built, by a look-up of every key that they hold.
What the parser of the command line says is recognised by its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from nihbench.errors import UsageError
from nihbench.lang.messages import Lang, language, languages, mistakes, parser_help, recognising, t, words

_PANELS = ("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE", "DEFAULT_STRING", "ENVVAR_STRING",
           "REQUIRED_LONG_STRING")  # fmt: skip
_english: dict[str, Any] = {}


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Lang, list[str]]:
    """Return the language, and the arguments without --lang, which may stand anywhere before a `--`.

    Raises:
        UsageError: it is no language that the tool speaks.
    """
    rest, value, name = [], environment.get("NIH_LANG") or "en", "NIH_LANG"
    given = iter(arguments)
    for argument in given:
        if argument == "--":
            rest += [argument, *given]
        elif argument == "--lang":
            value, name = next(given, ""), "--lang"
        elif argument.startswith("--lang="):
            value, name = argument.removeprefix("--lang="), "--lang"
        else:
            rest.append(argument)
    if value not in languages():
        raise UsageError(t("cli.choose_one_2", name=name, value=value, languages=languages()))
    return value, rest


def translate(command: Any, *path: str) -> None:
    """Put the help of a command, and of those below it, into the process's language.

    Declarations hold keys of the catalogs (`help=`, `rich_help_panel=`). A command's own key is made of its path
    (`help.batch_export`); what its own page says beside is that with `_more`.
    """
    _own_words(parser_help(language()))
    _translate(command, path, {**words(language()), **parser_help(language())})


def help_keys(command: Any, *path: str) -> set[str]:
    """Return the key of every text that the help of a command, and of those below it, shows."""
    found = _Collecting(words("en"))
    _translate(command, path, found)
    return found.asked


class _Collecting(dict[str, str]):
    """A table that keeps what it was asked for."""

    def __init__(self, table: Mapping[str, str]) -> None:
        super().__init__(table)
        self.asked: set[str] = set()

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)


def _translate(command: Any, path: tuple[str, ...], table: Mapping[str, str]) -> None:
    own = f"help.{'_'.join(path) or 'nih'}".replace("-", "_")
    command.help = table.get(own, command.help)
    if f"{own}_more" in table and not hasattr(command, "load"):
        command.help = f"{command.help}\n\n{table[f'{own}_more']}"
    for parameter in command.params:
        for name in ("help", "rich_help_panel"):
            _put(parameter, name, table)
    if "get_usage" not in vars(command):  # else a parser that is kept, and has had its words
        _speak_in_usage(command, table)
    for name, below in getattr(command, "commands", {}).items():
        _translate(below, (*path, name), table)


def _speak_in_usage(command: Any, table: Mapping[str, str]) -> None:
    usage, help_option = command.get_usage, command.get_help_option

    def in_language(context: Any) -> str:
        text: str = usage(context)
        for english in ("Usage: ", "[OPTIONS]", "COMMAND [ARGS]..."):
            text = text.replace(english, table.get(english, english), 1)
        return text

    def help_in_language(context: Any) -> Any:
        option = help_option(context)
        if option is not None:
            option.help = table.get(option.help, option.help)
        return option

    command.get_usage, command.get_help_option = in_language, help_in_language


def _put(owner: Any, name: str, table: Mapping[str, str]) -> None:
    text = getattr(owner, name, None)
    if isinstance(text, str) and text:
        setattr(owner, name, table.get(text, text))


def _own_words(table: Mapping[str, str]) -> None:
    """Give the titles and marks of help their words; in English those that they had."""
    if not table and not _english:
        return
    import typer.rich_utils as helping

    for name in _PANELS:
        _english.setdefault(name, getattr(helping, name))
        setattr(helping, name, table.get(_english[name], _english[name]))
    for name, folding in (("Table", _folding_table), ("Columns", _folding_columns)):
        usual = _english.setdefault(name, getattr(helping, name))
        setattr(helping, name, folding(usual) if table else usual)


# Chinese has few blanks to break a line at; what is too long would be cut, if it did not go on in the next line.
def _folding_table(table: Any) -> Any:
    class Folding(table):  # type: ignore[misc]
        def add_row(self, *cells: Any, **more: Any) -> None:
            super().add_row(*cells, **more)
            for column in self.columns:
                column.overflow = "fold"

    return Folding


def _folding_columns(columns: Any) -> Any:
    def folding(parts: Sequence[Any], *more: Any, **options: Any) -> Any:
        for part in parts:
            part.overflow = "fold"
        return columns(parts, *more, **options)

    return folding


def parser_words(text: str) -> str:
    """Return what the parser of the command line said in the process's language; what is not known, as it is."""
    if language() == "en":
        return text
    for pattern, template in _patterns(language()):
        found = pattern.fullmatch(text)
        if found:
            return template.format(**{name: parser_words(value) for name, value in found.groupdict().items()})
    return text


@cache
def _patterns(spoken: str) -> list[tuple[re.Pattern[str], str]]:
    return [(recognising(english), other) for english, other in mistakes(spoken).items()]
