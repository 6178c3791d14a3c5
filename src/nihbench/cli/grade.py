"""`nih grade`: grade answers that stand in a file, without a run."""

from __future__ import annotations

import sys
from pathlib import Path

from nihbench.app.catalogs import load
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note, show_lines
from nihbench.errors import UsageError, unreadable
from nihbench.fetch.files import read_named
from nihbench.lang.messages import t
from nihbench.run.answers import read_rows
from nihbench.run.scores import grade_row


def grade(file: str) -> None:
    """Grade rows {"id", "needle", "answer"} by rules; the grades come as JSON lines.

    A row may carry "expected", "question", "finish_reason" and "fresh"; without a needle of the catalog it must carry
    "expected".
    """
    catalog = load(terminal())
    rows = read_rows(read_file(file), "stdin" if file == "-" else file, catalog)
    own = sorted({row.answered.needle.name for row in rows} - catalog.needles.keys() - {"expected"})
    if own:
        note(t("cli.note_not_catalog_graded", own=tuple(own)))
    # All are graded before the first is shown: nothing is half printed.
    show_lines([grade_row(row.answered.id, row.answered.by_rules(), str) for row in rows])


_MOST_BYTES = 256_000_000
"""Of a file of answers, which is held as a whole: more than a million short ones."""


def read_file(name: str) -> bytes:
    """Return a file's bytes; `-` is stdin.

    Raises:
        UsageError: it can't be read.
    """
    try:
        if name == "-":
            return _within(sys.stdin.buffer.read(_MOST_BYTES + 1))
        return read_named(Path(name), _MOST_BYTES)
    except OSError as error:
        raise unreadable(name, error, UsageError, t("cli.give_file_json_lines")) from error


def _within(data: bytes) -> bytes:
    if len(data) > _MOST_BYTES:
        raise UsageError(t("cli.stdin_holds_more_than", most=_MOST_BYTES / 1e6))
    return data
