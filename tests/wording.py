"""Looks for a sentence of the catalogs in what was printed, by its key: rewording a sentence fails no test.

A field that is not given may hold anything, and so may white space: lines of a terminal and of a figure are broken.
"""

from __future__ import annotations

import re
import string
from typing import Any

from nihbench.lang.messages import Note, said, words


def wording(key: str, /, lang: str = "en", **fields: Any) -> str:
    """Return a pattern of a sentence, as `pytest.raises(match=...)` takes it."""
    parts = string.Formatter().parse(words(lang)[key])
    return "".join(_spaced(literal) + _field(name, spec or "", fields) for literal, name, spec, _ in parts)


def says(text: object, key: str, /, lang: str = "en", **fields: Any) -> bool:
    """Say whether a text, or an error's, holds a sentence with these fields."""
    return re.search(wording(key, lang, **fields), str(text)) is not None


def _field(name: str | None, spec: str, given: dict[str, Any]) -> str:
    if name is None:
        return ""
    if "|" in spec:
        return "(?:{}|{})".format(*map(_spaced, spec.split("|")))
    if name not in given:
        return r"[\s\S]*?"
    value = given[name]
    shown = said(value) if isinstance(value, (Note, str)) else format(value, spec)
    return _spaced(shown)


def _spaced(text: str) -> str:
    return r"\s+".join(map(re.escape, re.split(r"\s+", text)))


def part(key: str, /, lang: str = "en") -> str:
    """Return the longest piece of a sentence that no field cuts."""
    return max((literal for literal, *_ in string.Formatter().parse(words(lang)[key])), key=len).strip()
