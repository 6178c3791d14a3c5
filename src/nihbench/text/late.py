"""What is made when it is first used: patterns, so that a command that grades nothing waits for none, and values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, cast, overload

_T = TypeVar("_T")

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


class once(Generic[_T]):  # noqa: N801  a decorator
    """A property that is made when it is first asked for, and kept: `cached_property` without Python 3.11's lock."""

    def __init__(self, make: Callable[[Any], _T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: object = None) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: object = None) -> _T: ...
    def __get__(self, owner: object | None, kind: object = None) -> Self | _T:
        """Make the value; from then on it stands in the owner, where it goes before this."""
        if owner is None:
            return self
        made = owner.__dict__[self._name] = self._make(owner)
        return made
