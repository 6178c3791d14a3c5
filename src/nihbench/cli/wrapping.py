"""Lines for a terminal: broken between words in English, between characters in Chinese, and never within a command.

Chinese has no spaces, so that what breaks at them alone tears its numbers and Latin words apart; and a line there never
begins with a closing mark or ends with an opening one. A command that is to be copied stays in one piece.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TextIO
from unicodedata import combining, east_asian_width

_LEAST_WIDTH = 20
_CLOSING = frozenset("，。；：！？、）》」』】〉…%”’,.;:!?)]}»")
_OPENING = frozenset("（《「『【〈“‘([{«")
_COMMAND = re.compile(r"`[^`]+`|(?:(?<=[:：])|(?<=[:：] ))nih [a-z]+ .*$")


def width_of(stream: TextIO) -> int | None:
    """Return how many cells a line of a terminal has; None where the stream is none: there lines are not broken."""
    if not stream.isatty():
        return None
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def wrapped(text: str, width: int | None, *, hanging: int = 0) -> str:
    """Return a text of one or more lines with each broken to `width` cells; as it is where that is None.

    Further lines begin under the text of the first one, or `hanging` cells to the right of it.
    """
    if width is None:
        return text
    return "\n".join(each for line in text.split("\n") for each in _lines(line, width, hanging))


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes: Chinese takes two each."""
    return sum(0 if combining(char) else 2 if _is_wide(char) else 1 for char in text)


def _lines(line: str, width: int, hanging: int) -> Iterator[str]:
    if cells(line) <= width:
        yield line
        return
    indent = " " * (len(line) - len(line.lstrip(" ")))
    current, room = indent, max(width, _LEAST_WIDTH)
    empty = True
    for space, unit in _units(line.lstrip(" ")):
        if not empty and cells(current + space + unit) > room:
            yield current
            current, space = indent + " " * hanging, ""
        current += unit if empty else space + unit
        empty = False
    yield current


def _units(text: str) -> Iterator[tuple[str, str]]:
    """Yield what may not be broken, each with the space before it."""
    space, unit = "", ""
    for gap, piece in _pieces(text):
        if unit and not gap and not _may_break(unit[-1], piece[0]):
            unit += piece
            continue
        if unit:
            yield space, unit
        space, unit = gap, piece
    if unit:
        yield space, unit


def _may_break(left: str, right: str) -> bool:
    """Say whether a line may end between two characters that stand beside each other."""
    return (_is_wide(left) or _is_wide(right)) and right not in _CLOSING and left not in _OPENING


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield commands whole, and what is between them character by character, each with the space before it."""
    at, gap = 0, ""
    for found in [*_COMMAND.finditer(text), None]:
        end = found.start() if found else len(text)
        for char in text[at:end]:
            if char == " ":
                gap += char
                continue
            yield gap, char
            gap = ""
        if found:
            yield gap, found[0]
            at, gap = found.end(), ""


def _is_wide(char: str) -> bool:
    return east_asian_width(char) in "WF"
