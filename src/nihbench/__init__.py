"""nihbench: the needle-in-a-haystack long-context evaluation, with numbers that can be defended."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nihbench.analysis.loaded import LoadedRun

__version__ = "0.1.0"
__all__ = ["__version__", "load_run"]


def load_run(path: str | PathLike[str], *, scorer: str | None = None) -> LoadedRun:
    """Read a stored run; `load_run(path).frame()` is its table, a row a trial of the grid (docs/formats.md).

    Raises:
        UsageError: there is no run, or no such scorer's grades.
        DamagedDataError: its files can't be read.
    """
    from nihbench.analysis.loaded import load_run as load  # not before: `import nihbench` stays light

    return load(path, scorer=scorer)
