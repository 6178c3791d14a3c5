"""Patterns that are compiled when first used: a command that grades nothing doesn't wait for those of the rules."""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "pattern", "flags")


class _Late:
    """Stands for a pattern; with the first use the methods of the compiled one become its own."""

    def __init__(self, pattern: str, flags: re.RegexFlag | int) -> None:
        self._source = pattern, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        made = re.compile(*self._source)
        for each in _METHODS:
            setattr(self, each, getattr(made, each))
        return getattr(made, name)


def late(pattern: str, flags: re.RegexFlag | int = 0) -> re.Pattern[str]:
    """Return a pattern that is compiled when it is first used."""
    return cast("re.Pattern[str]", _Late(pattern, flags))
