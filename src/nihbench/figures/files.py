"""A figure as a file: PNG, SVG or PDF, the same bytes for the same figure."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from nihbench.errors import FetchError, UsageError, unwritable
from nihbench.fetch.files import write_atomic
from nihbench.figures.look import look
from nihbench.lang.messages import t

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What matplotlib would write of itself and of the time, left out.
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
SUFFIXES = tuple(_METADATA)
_DPI = 200


def check_suffix(path: Path) -> str:
    """Return the path's suffix in lower case.

    Raises:
        UsageError: It is not one that a figure can be written as.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(t("figures.figure_cant_written_give", path_name=path.name, suffixes=tuple(SUFFIXES)))
    return suffix


def save(figure: Figure, path: Path, dpi: int = _DPI) -> None:
    """Write a figure in the format that the path's suffix names; folders that are missing are made.

    The picture is made in memory first, so a failure leaves an older file as it was.

    Raises:
        UsageError: The suffix is not .png, .svg or .pdf, or the file can't be written.
    """
    write_picture(path, picture_of(figure, check_suffix(path), dpi))


def picture_of(figure: Figure, suffix: str, dpi: int = _DPI) -> bytes:
    """Return a figure as the file of this suffix would hold it."""
    picture = BytesIO()
    with look():
        # The figure's own ground: a transparent one stays so.
        figure.savefig(picture, format=suffix[1:], dpi=dpi, metadata=dict(_METADATA[suffix]), facecolor="auto")
    return picture.getvalue()


def write_picture(path: Path, data: bytes) -> None:
    """Write a finished picture; folders that are missing are made.

    Raises:
        UsageError: The file can't be written.
    """
    try:
        # By another name first: what has this name may be a link, and a run's folder somebody else's.
        write_atomic(path, data)
    except FetchError as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else OSError(str(error))
        raise unwritable(path, cause, UsageError, t("errors.choose_another_place")) from error
