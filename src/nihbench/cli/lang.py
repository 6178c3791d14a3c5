"""The language in which results are told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nihbench.errors import UsageError

if TYPE_CHECKING:
    from nihbench.figures import Lang


def lang() -> Lang:
    """Return the language that the environment's NIH_LANG names, English where it is not set.

    Raises:
        UsageError: It is no language that the tool speaks.
    """
    chosen = os.environ.get("NIH_LANG") or "en"
    known: dict[str, Lang] = {"en": "en", "zh": "zh"}
    if chosen not in known:
        raise UsageError(f"NIH_LANG {chosen!r}: choose one of {', '.join(known)}")
    return known[chosen]
