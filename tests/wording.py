"""Looks for a sentence of the catalogs in what was printed, by its key: rewording a sentence fails no test.

A field that is not given may hold anything, one given as a pattern what has it somewhere; white space may be any, for
lines of a terminal and of a figure are broken.
"""

from __future__ import annotations

import re
import string
from typing import Any

from nihbench.lang.messages import Note, said, words

_PIECE = re.compile(r"\s+|\S+")
_HAN = re.compile("[\u3000-\u9fff\uff00-\uff60]")


def wording(key: str, /, lang: str = "en", **fields: Any) -> str:
    """Return a pattern of a sentence, as `pytest.raises(match=...)` takes it."""
    return "".join(_spaced(literal) + _field(name, spec, fields) for literal, name, spec in _parts(key, lang))


def says(text: object, key: str, /, lang: str = "en", **fields: Any) -> bool:
    """Say whether a text, or an error's, holds a sentence with these fields."""
    return re.search(wording(key, lang, **fields), str(text)) is not None


def _parts(key: str, lang: str) -> list[tuple[str, str | None, str]]:
    """Return a sentence's pieces as `string.Formatter` has them; in one without fields braces are text."""
    sentence = words(lang)[key]
    try:
        parts = [(literal, name, spec or "") for literal, name, spec, _ in string.Formatter().parse(sentence)]
    except ValueError:  # a lone brace
        parts = []
    return parts if any(name for _, name, _ in parts) else [(sentence, None, "")]


def _field(name: str | None, spec: str, given: dict[str, Any]) -> str:
    if name is None:
        return ""
    if "|" in spec:
        return "(?:{}|{})".format(*map(_spaced, spec.split("|")))
    if name not in given:
        return r"[\s\S]*?"
    value = given[name]
    if isinstance(value, re.Pattern):
        return rf"[\s\S]*?(?:{value.pattern})[\s\S]*?"
    shown = said(value) if isinstance(value, (Note, str)) else format(value, spec)
    return _spaced(shown)


def _spaced(text: str) -> str:
    """Return a pattern of a text; a space beside a Chinese character may be left out, as `filled` does."""
    return "".join(
        _space(text, *piece.span()) if piece[0].isspace() else re.escape(piece[0]) for piece in _PIECE.finditer(text)
    )


def _space(text: str, start: int, end: int) -> str:
    return r"\s*" if _HAN.search(text[max(0, start - 1) : start] + text[end : end + 1]) else r"\s+"


def part(key: str, /, lang: str = "en") -> str:
    """Return the longest piece of a sentence that no field cuts."""
    return max((literal for literal, *_ in _parts(key, lang)), key=len).strip()
