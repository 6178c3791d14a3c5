"""The catalog as commands read it: what is wrong in the user's files is said once, and stops nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nihbench.cli.output import note, told_mistakes
from nihbench.lang.messages import t

if TYPE_CHECKING:
    from nihbench.catalog.lookup import Catalog


def load() -> Catalog:
    """Return the packaged catalog with the working folder's, and say what entries of the latter can't be used."""
    from nihbench.catalog import loading

    found = loading.load()
    for mistake in found.mistakes():
        if str(mistake) not in told_mistakes:
            note(t("note: {error} (this entry is left out)", error=mistake))
            told_mistakes.add(str(mistake))
    return found


def forget() -> None:
    """Begin anew: what was said before is no longer known."""
    told_mistakes.clear()
