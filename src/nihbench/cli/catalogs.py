"""The catalog as commands read it: what is wrong in the user's files is said once, and stops nothing else."""

from __future__ import annotations

from nihbench.catalog import loading
from nihbench.catalog.lookup import Catalog
from nihbench.cli.output import note, told_mistakes
from nihbench.lang.messages import t


def load() -> Catalog:
    """Return the packaged catalog with the working folder's, and say what entries of the latter can't be used."""
    found = loading.load()
    for mistake in found.mistakes():
        if str(mistake) not in told_mistakes:
            note(t("cli.note_entry_left_out", error=mistake))
            told_mistakes.add(str(mistake))
    return found
