"""The catalog as it is read for somebody: what is wrong in their files is told once, and stops nothing else."""

from __future__ import annotations

from nihbench.app.events import Caller
from nihbench.catalog import loading
from nihbench.catalog.lookup import Catalog
from nihbench.lang.messages import t


def load(caller: Caller) -> Catalog:
    """Return the packaged catalog with the working folder's; what entries of the latter can't be used is told once."""
    found = loading.load()
    for mistake in found.mistakes():
        caller.tell_once(t("cli.note_entry_left_out", error=mistake), str(mistake))
    return found
