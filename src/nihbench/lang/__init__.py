"""What the tool says, in the user's language: sentences stand in English in the code, other languages in tables here.

`t` makes a sentence where it is thought of, in any room; `said` gives it in the user's language at the edge, where it
is printed. In between it is an English string like any other, so that what is written into files never depends on the
language. A table is a Python module of the folder `zh`: English template -> Chinese template; docs/glossary.md fixes
the terms. tests/lang finds what has no translation yet.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args

Lang = Literal["en", "zh"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)
_TABLES = ("help", "parser", "view", "cli", "rooms", "run", "before", "study")
_spoken: list[Lang] = ["en"]


class Message(str):
    """A sentence in English that knows its template and its fields."""

    template: str
    fields: dict[str, Any]


def t(template: str, /, **fields: Any) -> Message:
    """Return a sentence; `{name}` in the template is a field as `str.format` has it. Without fields braces are text."""
    message = Message(template.format(**fields) if fields else template)
    message.template, message.fields = template, fields
    return message


def speak(language: Lang) -> None:
    """Choose the language of this process: one of `LANGUAGES`."""
    _spoken[0] = language


def language() -> Lang:
    """Return the language of this process."""
    return _spoken[0]


def said(text: object) -> str:
    """Return a sentence, or an error's, in the process's language; other text, and what no table has, as it is."""
    if isinstance(text, BaseException):
        text = text.args[0] if len(text.args) == 1 else str(text)
    if not isinstance(text, Message) or _spoken[0] == "en":
        return str(text)
    template = _template(text.template)
    return template.format(**{name: _inner(value) for name, value in text.fields.items()}) if text.fields else template


def without_stop(error: BaseException) -> str:
    """Return an error's sentence without its full stop, for a longer one that goes on after it."""
    text = error.args[0] if len(error.args) == 1 else str(error)
    if not isinstance(text, Message):
        return str(text).rstrip(".")
    return t(text.template.rstrip("."), **text.fields)


def _template(english: str) -> str:
    table = words(_spoken[0])
    return table.get(english) or table.get(english + ".", english).rstrip("。")


def _inner(value: Any) -> Any:
    return said(value) if isinstance(value, Message | BaseException) else value


@cache
def words(language: str) -> dict[str, str]:
    """Return all sentences of a language by their English templates."""
    tables = (import_module(f"{__name__}.{language}.{table}").WORDS for table in _TABLES)
    return {english: other for table in tables for english, other in table.items()}
