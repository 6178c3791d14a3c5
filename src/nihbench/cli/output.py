"""What every command shares: where text goes, how errors end, how progress is shown.

Results go to stdout, progress and notes to stderr. Text from a server or a file is shown only through `plain`, which
takes out control characters.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, ParamSpec, TextIO, TypeVar, cast
from unicodedata import combining, east_asian_width

from nihbench.lang.messages import plain, said, t

if TYPE_CHECKING:
    from rich.console import Console

# ---- wrapping --------------------------------------------------------------------------------------------------------
# Lines for a terminal: broken between words in English, between characters in Chinese, and never within a command.
#
# Chinese has no spaces, so that what breaks at them alone tears its numbers and Latin words apart; and a line there
# never begins with a closing mark or ends with an opening one. A command that is to be copied stays in one piece.

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


P = ParamSpec("P")
T = TypeVar("T")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal, turns the direction of text, or is half a character; JSON escapes only the first 32."""


ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a process to end: a scheduler's or the system's, and that of a terminal that is closed."""
GONE = (errno.EPIPE, errno.EIO, errno.ENXIO)
"""What a write ends with where nobody reads any more: a pipe without a reader, a terminal that was closed."""


told_mistakes: set[str] = set()
"""What a note has said of the user's files already: an error of the same words would say it twice."""


def hang_up(stream: TextIO | None = None) -> None:
    """Let a stream (stdout) lead nowhere: its reader went away (`| head`), and what is still buffered has no use."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (stream or sys.stdout).fileno())
    os.close(nowhere)


@contextmanager
def unheard() -> Iterator[None]:
    """Go on where stderr was closed with its terminal: what is said is for nobody, what is measured is kept."""
    try:
        yield
    except OSError as error:
        if error.errno not in GONE:
            raise
        with suppress(OSError, ValueError):
            hang_up(sys.stderr)


_hearers: list[Callable[[str], None]] = []


@contextmanager
def heard(hear: Callable[[str], None]) -> Iterator[None]:
    """Give notes to `hear` instead of printing them, while something else is on the screen."""
    _hearers.append(hear)
    try:
        yield
    finally:
        _hearers.remove(hear)


def note(text: object) -> None:
    """Print a sentence or an error for the user on stderr, in the user's language: one line, but on a terminal."""
    if _hearers:
        _hearers[-1](said(text))
    else:
        with unheard():
            print(wrapped(plain(said(text)), width_of(sys.stderr)), file=sys.stderr, flush=True)


def tell(text: str, *, hanging: int = 0) -> None:
    """Print a result in words on stdout, through `plain`; a terminal's lines are broken between words."""
    lines = "\n".join(map(plain, text.split("\n")))
    show(wrapped(lines, width_of(sys.stdout), hanging=hanging))


def show(text: str) -> None:
    """Print a result on stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def show_json(value: Any) -> None:
    """Print a result for a program on stdout."""
    encode = json.JSONEncoder(ensure_ascii=not speaks_unicode()).encode
    _write_indented(value, lambda each: _UNSEEN.sub(_escape, encode(each)), "\n", sys.stdout.write)
    sys.stdout.write("\n")


def _write_indented(value: Any, encode: Callable[[Any], str], line: str, write: Callable[[str], object]) -> None:
    """Write what `json.dumps` with an indent of 1 returns, which makes a list of millions of parts of it first.

    `line` begins a line of what the value stands in.
    """
    if not value or not isinstance(value, dict | list | tuple):
        write(encode(value))
        return
    named = isinstance(value, dict)
    between = ("{" if named else "[") + line + " "
    for each in value:
        write(between)
        if named:
            write(encode(each if isinstance(each, str) else encode(each)) + ": ")
        _write_indented(value[each] if named else each, encode, line + " ", write)
        between = "," + line + " "
    write(line + ("}" if named else "]"))


def show_lines(values: Iterable[Any]) -> None:
    """Print results for a program on stdout, one JSON value a line."""
    unicode = speaks_unicode()
    for value in values:
        show(_UNSEEN.sub(_escape, json.dumps(value, ensure_ascii=not unicode)))


def for_terminal(text: str) -> str:
    """Return a user's text as it may go to stdout: with control characters escaped on a terminal, else as it is."""
    return _UNSEEN.sub(_escape, text) if sys.stdout.isatty() else text


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def speaks_unicode() -> bool:
    """Say whether stdout takes every character."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def console(*, stderr: bool = False) -> Console:
    """Return a rich console that honours NO_COLOR and pipes."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end the process here, with a code of its own

    if stderr:
        return Plain(file=cast("IO[str]", _Heedless()), highlight=False, emoji=False, markup=False)
    return Plain(highlight=False, emoji=False, markup=False)


class _Heedless:
    """Stderr for a picture that changes: where its terminal was closed, what is drawn is for nobody."""

    def write(self, text: str) -> int:
        with unheard():
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with unheard():
            sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


class FetchReport:
    """Shows what is being fetched: a growing line on a terminal, one line per file otherwise."""

    def __init__(self) -> None:
        self._last = ""
        self._live = sys.stderr.isatty()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Take a report: what is fetched, bytes done, bytes in all if known."""
        finished = total is not None and done >= total
        if self._live:
            size = t("cli.mb_mb", done=done / 1e6, total=(total or 0) / 1e6)
            with unheard():
                print(
                    f"\r\033[K{plain(what)}: {said(size) if total else f'{done / 1e6:.1f} MB'}",
                    end="\n" if finished else "",
                    file=sys.stderr,
                    flush=True,
                )
        elif what != self._last:
            note(t("cli.fetching", what=what))
        self._last = what
