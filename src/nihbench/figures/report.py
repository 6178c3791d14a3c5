"""The report: its data (`analysis.report`) put into one HTML file that opens from disk and loads nothing.

The page is package data in report_page/: a frame, a style sheet and scripts; no library is in it. What a model wrote
reaches the page as JSON only, and its scripts show it as text only. A Content-Security-Policy lets run the page's own
script, known by its hash, and forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, get_args

from nihbench.figures.style import PALETTES
from nihbench.lang.messages import Lang, languages, words
from nihbench.stats.headline import LEAST_MEASURED
from nihbench.types import FailureKind

# ---- words -----------------------------------------------------------------------------------------------------------
# The words of the report's page: the `page.` sentences of the catalogs, and those that it shares with figures.

_SAME = {
    "by_depth": "figure.by_depth",
    "by_length": "figure.by_length",
    "def_bounds": "figure.unmeasured",
    "depth": "note.depth",
    "intervals_none": "figure.no_interval",
    "length_in": "figure.length",
    "missing_strip": "figure.missing_strip",
    "not_both": "figure.not_both",
    "not_run": "figure.not_run",
    "unknown": "figure.unknown",
    "passport_task": "passport.task",
    "passport_effective": "passport.effective",
    "comma": "figure.comma",
    "blank": "figure.blank",
}
"""What the page and figures say alike."""


def page_words() -> dict[str, tuple[str, ...]]:
    """Return every text of the page by its key, one in each of `languages()`; fields stand in braces."""
    catalogs = [words(lang) for lang in languages()]
    keys = {key.removeprefix("page."): key for key in catalogs[0] if key.startswith("page.")} | _SAME
    for family, prefix in (("outcome", "outcome"), ("failure", "kind"), ("control", "control"), ("pattern", "finding")):
        for key in catalogs[0]:
            if key.startswith(f"{family}."):
                keys[f"{prefix}_{key.partition('.')[2]}"] = key
    keys["outcome_unknown"] = "figure.unknown"
    texts = {name: tuple(catalog[key] for catalog in catalogs) for name, key in keys.items()}
    for kind in get_args(FailureKind):
        texts.setdefault(f"kind_{kind}", (kind.replace("_", " "),) * len(catalogs))
    return texts


SCRIPTS = tuple(f"{name}.js" for name in "text data draw maps hover detail filters profiles lists main".split())
"""The page's own scripts, in the order in which they run; all share one scope."""

_ENDS_ELEMENT = re.compile("</(script|style)|<!--", re.IGNORECASE)
_UNSAFE = re.compile("[<>&\u2028\u2029\ufeff\x7f-\x9f\ud800-\udfff]")
"""What means something to HTML, ends a line in JavaScript, what an editor may strip, and what UTF-8 can't say."""


def report_page(data: Mapping[str, Any], *, lang: Lang) -> bytes:
    """Return the report as HTML in UTF-8; `lang` is the language in which it opens."""
    folder = files("nihbench.figures") / "report_page"
    own = "".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (folder / "report.css").read_text(encoding="utf-8")
    script = f'"use strict";(function(){{\n{own}}})();'
    for text in (script, style):
        # A style sheet or script that ended its own element early would be ours to mend.
        assert not _ENDS_ELEMENT.search(text), "it would end its own element"
    page = Template((folder / "report.html").read_text(encoding="utf-8")).substitute(
        lang=words(lang)["page.tag"],
        policy="; ".join(_policy(style, script)),
        title=escape(_clean(str(data["title"]))),
        style=style,
        words=_embedded(
            {
                "lang": lang,
                "langs": languages(),
                "words": page_words(),
                "palettes": _palettes(),
                "least_measured": LEAST_MEASURED,
            }
        ),
        data=_embedded(data),
        script=script,
    )
    return page.encode("utf-8")


def _policy(style: str, script: str) -> tuple[str, ...]:
    """Return the directives of the policy: nothing but the page's own style and script, and no network."""
    return (
        "default-src 'none'",
        "connect-src 'none'",
        f"script-src {_source(script)}",
        f"style-src {_source(style)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _embedded(value: Any) -> str:
    """Return JSON that can stand in a script element: no character of it means anything to HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _clean(text: str) -> str:
    return "".join(" " if _UNSAFE.match(char) and char not in "<>&" else char for char in text)


def _palettes() -> dict[str, dict[str, tuple[str, ...]]]:
    return {name: {"stops": each.stops, "difference": each.difference} for name, each in PALETTES.items()}
