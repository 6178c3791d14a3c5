"""The words of the report's page: the `page.` sentences of the catalogs, and those that it shares with figures."""

from __future__ import annotations

from typing import get_args

from nihbench.lang.messages import LANGUAGES, words
from nihbench.types import FailureKind

_SAME = {
    "by_depth": "figure.by_depth",
    "by_length": "figure.by_length",
    "def_bounds": "figure.unmeasured",
    "depth": "figure.depth_nominal",
    "intervals_none": "figure.no_interval",
    "length_in": "figure.length",
    "missing_strip": "figure.missing_strip",
    "not_both": "figure.not_both",
    "not_run": "figure.not_run",
    "unknown": "figure.unknown",
}
"""What the page and figures say alike."""


def page_words() -> dict[str, tuple[str, ...]]:
    """Return every text of the page by its key, one in each of `LANGUAGES`; fields stand in braces."""
    catalogs = [words(lang) for lang in LANGUAGES]
    keys = {key.removeprefix("page."): key for key in catalogs[0] if key.startswith("page.")} | _SAME
    for family, prefix in (("outcome", "outcome"), ("failure", "kind"), ("control", "control")):
        for key in catalogs[0]:
            if key.startswith(f"{family}."):
                keys[f"{prefix}_{key.partition('.')[2]}"] = key
    keys["outcome_unknown"] = "figure.unknown"
    texts = {name: tuple(catalog[key] for catalog in catalogs) for name, key in keys.items()}
    for kind in get_args(FailureKind):
        texts.setdefault(f"kind_{kind}", (kind.replace("_", " "),) * len(LANGUAGES))
    return texts
