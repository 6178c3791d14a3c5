"""What a type of answer is: how it is told from its text, and where a value of it stands in an answer, and how near."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar

from nihbench.score.answer import Text

How = Literal["same", "edit", "unit", "half", "part", "order", "other"]
"""How near a place comes: the value itself, one edit away, another unit, the other half of the day, a part of it, its
pieces in another order; or another value."""


class Place(NamedTuple):
    """Where a value of a type stands in a folded answer, how near it is, and the band if that is all there is.

    `rival`: where the right value stands elsewhere, this one could be offered in its place.
    """

    start: int
    end: int
    how: How
    worth: float
    rival: bool = False


class Value(Protocol):
    """A value of a type: what is expected."""

    @property
    def kind(self) -> str:
        """The type's name, one of `VALUE_KINDS`."""

    def places(self, answer: Text) -> list[Place]:
        """Return where values of the type stand in an answer, each as near as it is."""

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the value, each of which is to be graded alike."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A value as it stands within a text, text[start:end]; `sure`: it is one wherever it stands."""

    start: int
    end: int
    value: Value
    sure: bool = True


_T = TypeVar("_T")
_MOST = 200  # places of a value that are looked at


def kept(text: Text, name: object, make: Callable[[Text], _T]) -> _T:
    """Return what was made of a text, made once."""
    found = text.kept.get(name)
    if found is None:
        found = text.kept[name] = make(text)
    return found


def outermost(places: Iterable[Place]) -> list[Place]:
    """Return the places in order of where they stand, without those within a better one."""
    found = list(places)
    if len(found) < 2:
        return found
    kept_places: list[Place] = []
    for place in sorted(found, key=lambda p: (-p.worth, -(p.end - p.start), p.start))[:_MOST]:
        if all(place.end <= other.start or place.start >= other.end for other in kept_places):
            kept_places.append(place)
    return sorted(kept_places, key=lambda p: p.start)
