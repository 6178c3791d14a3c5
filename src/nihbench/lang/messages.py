"""What the tool says, in the user's language: code names a sentence by its key, catalogs hold the sentences.

`t` makes a sentence where it is thought of, in any room; `said` gives it in the user's language at the edge, where it
is printed. In between it is an English string like any other. What is stored, compared or priced is a `Note`: a code
with fields. A catalog is a module of this folder, one a language (`en`, `zh`), found by its file; what another lacks is
said in English. It holds key -> sentence, its fields in braces as
`str.format` has them; `{count:trial|trials}` is the word that a number takes, `{axis!l}` a title amid a sentence, `{metric!u}` a word that begins one. docs/glossary.md fixes the terms;
tests/lang checks keys and fields of all languages.

Why no gettext and no Fluent: gettext's keys are the English sentences, or need a compiled catalog even for English;
Fluent's runtime for Python has no format of numbers such as `{share:.0%}`, which most sentences need.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any
from unicodedata import category, east_asian_width

Lang = str
"""The code of a language of the interface: one of `languages()`."""
_FILE = re.compile(r"([a-z]{2,3})\.py")
_SENTENCES = frozenset(("said", "message", "problem", "reason", "error", "why", "strerror", "no_answer", "cut"))
"""Fields that hold a sentence which may come from the system or a library."""
_QUOTED = frozenset(("words", "name", "number", "fact", "title"))
_HAN = re.compile("[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]")
"""Chinese characters and punctuation."""
_spoken: list[Lang] = ["en"]


class Message(str):
    """A sentence in English that knows its key and its fields; `open`: it stands without its full stop."""

    key: str
    fields: dict[str, Any]
    open: bool = False


@dataclass(frozen=True, init=False, slots=True)
class Note:
    """A code with its fields: what is stored, compared, grouped or priced in place of a sentence.

    Sentences are made of it where it is shown (`said`), by the catalogs' `note.` sentences. Fields are plain values, notes
    and lists of these.
    """

    code: str
    fields: Mapping[str, Any] = field(hash=False)

    def __init__(self, code: str, /, **fields: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", {name: _plain(value) for name, value in fields.items()})

    def __str__(self) -> str:
        return said(self, "en")

    @property
    def quoted(self) -> str:
        """What it quotes: the texts in its fields."""
        return " ".join(filter(None, map(quoted, self.fields.values())))

    def mapped(self, change: Callable[[str], str]) -> Note:
        """Return it with all texts in its fields changed, those of notes in it too."""
        return Note(self.code, **{name: _mapped(value, change) for name, value in self.fields.items()})

    def stored(self) -> dict[str, Any]:
        """Return it as files have it; `former.note_in` reads that."""
        return {"code": self.code} | {name: stored(value) for name, value in self.fields.items()}


_SPELT = "spelt"


def spelt(**by_language: str) -> Note:
    """Return words that no catalog has, as they are in each language: `spelt(en="Hops", zh="步数")`; so speak plug-ins."""
    return Note(_SPELT, **by_language)


Words = Note | str
"""A note, or somebody else's words: a server's, a judge's, a library's."""


def quoted(value: Any) -> str:
    """Return what is somebody else's in words: a note's own are nothing to decide by."""
    if isinstance(value, tuple):
        return " ".join(map(quoted, value))
    return value.quoted if isinstance(value, Note) else value if isinstance(value, str) else ""


def stored(value: Any) -> Any:
    """Return words as files have them."""
    if isinstance(value, tuple):
        return [stored(each) for each in value]
    return value.stored() if isinstance(value, Note) else value


def _plain(value: Any) -> Any:
    """Return a field's value as it can be stored and compared."""
    if isinstance(value, BaseException):
        value = value.args[0] if len(value.args) == 1 else str(value)
    if value is None or isinstance(value, (Note, bool, int, float)) or type(value) is str:
        return value
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return str(value)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_mapped(each, change) for each in value)
    if isinstance(value, Note):
        return value.mapped(change)
    return change(value) if isinstance(value, str) else value


def t(key: str, /, **fields: Any) -> Message:
    """Return a sentence by its key, or one whose fields were not known yet; without fields its braces are text.

    What no catalog has is a sentence itself, in English: so do others' plug-ins speak.
    """
    if isinstance(key, Message):
        key = key.key
    template = words("en").get(key, key)
    message = Message(_fill(template, fields) if fields else template)
    message.key, message.fields = key, fields
    return message


def languages() -> tuple[Lang, ...]:
    """Return the codes of all languages that have a catalog, English first."""
    folders: Iterable[str] = import_module(str(__package__)).__path__
    found = {file[1] for folder in folders for name in os.listdir(folder) if (file := _FILE.fullmatch(name))}
    return ("en", *sorted(found - {"en"}))


def speak(language: Lang) -> None:
    """Choose the language of this process: one of `languages()`."""
    _spoken[0] = language


def language() -> Lang:
    """Return the language of this process."""
    return _spoken[0]


def said(text: object, lang: Lang | None = None) -> str:
    """Return a sentence, or an error's, in a language; other text, and what no table has, as it is.

    The language is the process's unless another is given.
    """
    lang = lang or _spoken[0]
    if isinstance(text, BaseException):
        text = text.args[0] if len(text.args) == 1 else str(text)
    if isinstance(text, Note):
        return _said_note(text, lang)
    if not isinstance(text, Message) or lang == "en":
        return str(text)
    template = words(lang).get(text.key)
    if template is None:
        return str(text)
    if text.open:
        template = template.rstrip("。.")
    if not text.fields:
        return template
    return _FORMATTER.format(template, **{name: _inner(name, value, lang) for name, value in text.fields.items()})


def _said_note(note: Note, lang: Lang) -> str:
    if note.code == _SPELT and note.fields:
        return str(note.fields.get(lang) or note.fields.get("en") or next(iter(note.fields.values())))
    template = words(lang).get(f"note.{note.code}")
    if template is None:  # of a later version
        return f"{note.code} ({json.dumps(stored(tuple(note.fields.items())), ensure_ascii=False)})"
    return _FORMATTER.format(template, **{name: _inner(name, value, lang) for name, value in note.fields.items()})


def without_stop(text: object) -> Words:
    """Return a sentence, or an error's, without its full stop, for a longer one that goes on after it."""
    if isinstance(text, BaseException):
        text = text.args[0] if len(text.args) == 1 else str(text)
    if isinstance(text, Note):  # ends without one
        return text
    if not isinstance(text, Message):
        return str(text).rstrip(".")
    message = Message(str(text).rstrip("."))
    message.key, message.fields, message.open = text.key, text.fields, True
    return message


def recalled(text: str, lang: Lang | None = None) -> str:
    """Return what the system or a library said as a `Message` where a catalog knows it (`FOREIGN`); other text as it is.

    In English there is nothing to recognise; the language is the process's unless another is given.
    """
    lang = lang or _spoken[0]
    if isinstance(text, Message) or lang == "en":
        return text
    for telling, pattern, template in _system(lang):
        found = pattern.fullmatch(text) if telling in text else None
        if found:
            message = Message(text)
            message.key = template
            message.fields = {n: v if n in _QUOTED else recalled(v, lang) for n, v in found.groupdict().items()}
            return message
    return text


def listed(parts: Iterable[object]) -> str:
    """Join the parts of a list, each in the process's language, as the language does."""
    return said(t("common.comma")).join(map(said, parts))


def typed(path: object) -> str:
    """Return a path or a name as it is typed into a shell: what a printed command holds can be pasted."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def plain(text: str) -> str:
    """Return text of a server or a file without control characters (line breaks and tabs become spaces), as is shown."""
    if text.isprintable():  # as nearly all texts are: no character of it is one of control
        return text
    text = text.translate(_SPACED)
    return text if text.isprintable() else "".join(c for c in text if category(c)[0] != "C")


_SPACED = str.maketrans("\n\r\t", "   ")


def column(text: object, width: int, *, right: bool = False) -> str:
    """Return a text, in the process's language, filled up to a width in a terminal's cells: Chinese takes two each."""
    shown = said(text)
    space = " " * max(0, width - sum(1 + (east_asian_width(character) in "WF") for character in shown))
    return space + shown if right else shown + space


def _inner(name: str, value: Any, lang: Lang) -> Any:
    if isinstance(value, BaseException):
        value = value.args[0] if len(value.args) == 1 else str(value)
    if isinstance(value, str) and name in _SENTENCES:
        value = recalled(value, lang)
    if isinstance(value, tuple):
        return said(t("common.comma"), lang).join(str(_inner(name, each, lang)) for each in value)
    return said(value, lang) if isinstance(value, (Message, Note)) else value


def filled(template: str, /, **fields: Any) -> str:
    """Return a text of a language without spaces with its fields filled in: `str.format`, and no space between Hans.

    A template sets a space between Chinese and a number; where words stand in for the number it has no place.
    """
    return _FORMATTER.format(template, **fields)


def _fill(template: str, fields: Mapping[str, Any]) -> str:
    # Most sentences need no more than the quick one, and there are some of every answer.
    lists = {name: ", ".join(map(str, value)) for name, value in fields.items() if isinstance(value, tuple)}
    fields = {**fields, **lists}
    ours = any(mark in template for mark in ("|", "!l}", "!u}"))
    return _FORMATTER.format(template, **fields) if ours else template.format(**fields)


def _beside(left: str, right: str) -> str:
    """Join two pieces of a sentence; a space at the seam that would stand between Chinese characters is left out."""
    if left[-1:] == " " and _is_han(left[-2:-1]) and _is_han(right[:1]):
        left = left[:-1]
    if right[:1] == " " and _is_han(left[-1:]) and _is_han(right[1:2]):
        right = right[1:]
    return left + right


def _is_han(character: str) -> bool:
    return _HAN.match(character) is not None


class _Formatter(string.Formatter):
    """Fills in fields; a number that was read back from a sentence stands as it was written there.

    `{count:one|more}` is the word that a number takes: the first where it is 1. `{title!l}` begins with a small letter.
    """

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        if conversion in ("l", "u"):
            text = str(value)
            low = text if text[1:2].isupper() else text[:1].lower() + text[1:]
            return low if conversion == "l" else text[:1].upper() + text[1:]
        return super().convert_field(value, conversion)

    def vformat(self, format_string: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        text = ""
        for literal, name, spec, conversion in self.parse(format_string):
            text = _beside(text, literal)
            if name is not None:
                value = self.convert_field(kwargs.get(name, "?"), conversion)
                text = _beside(text, self.format_field(value, spec or ""))
        return text

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            one, more = format_spec.split("|")
            return one if str(value) == "1" else more
        if isinstance(value, str):
            return value
        try:
            return str(super().format_field(value, format_spec))
        except (TypeError, ValueError):  # out of a file that somebody else wrote
            return str(value)


_FORMATTER = _Formatter()


@cache
def _system(language: str) -> list[tuple[str, re.Pattern[str], str]]:
    return recognisers(_catalog(language, "FOREIGN"))


def recognisers(templates: Iterable[str]) -> list[tuple[str, re.Pattern[str], str]]:
    """Return what recognises the sentences of templates, those with the most words of their own first.

    Before each stands the longest row of its own words: few sentences hold that of a template that isn't theirs.
    """
    ordered = sorted(templates, key=lambda template: -len(_FIELD.sub("", template)))
    return [(max(_FIELD.split(template)[::2], key=len), recognising(template), template) for template in ordered]


_FIELD = re.compile(r"\{(\w+)(?:![rs])?(?::[^}]*)?\}")


def recognising(template: str) -> re.Pattern[str]:
    """Return what matches the sentences of a template, its fields as groups; one that comes twice is the same twice."""
    parts = _FIELD.split(template)
    names = parts[1::2]
    group = [f"(?P={name})" if name in names[:at] else f"(?P<{name}>.+?)" for at, name in enumerate(names)]
    texts = [re.escape(part) for part in parts[::2]]
    return re.compile("".join(part for pair in zip(texts, [*group, ""], strict=True) for part in pair), re.DOTALL)


@cache
def words(language: str) -> Mapping[str, str]:
    """Return all sentences of a language by their keys, in English where it has none; systems' by their English."""
    return {**_catalog("en", "WORDS"), **_catalog(language, "WORDS"), **_catalog(language, "FOREIGN")}


def parser_help(language: str) -> Mapping[str, str]:
    """Return what the parser of the command line writes around help, in another language, by its English."""
    return _catalog(language, "PARSER")


def mistakes(language: str) -> Mapping[str, str]:
    """Return what the parser of the command line finds wrong, in another language, by its English."""
    return _catalog(language, "MISTAKES")


def _catalog(language: str, part: str) -> Mapping[str, str]:
    """Return a part of a language's catalog, which may lack it."""
    found: Mapping[str, str] = getattr(import_module(f"{__package__}.{language}"), part, {})
    return found
