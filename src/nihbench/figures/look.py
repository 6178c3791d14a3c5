"""The look shared by all figures: matplotlib's settings, and fonts for any script.

Settings are changed only inside `look()` and put back after it, so a user's matplotlibrc neither changes a figure
nor is changed by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import matplotlib
from matplotlib import font_manager

INK = "#262626"
QUIET = "#555555"

_CJK_FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "STHeiti", "SimHei", "SimSun",
    "Noto Sans CJK JP", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip


@contextmanager
def look() -> Iterator[None]:
    """Draw or save inside: matplotlib's own defaults and ours, whatever the user's settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": list(families()),
                "pdf.fonttype": 42,
                "svg.hashsalt": "nihbench",
            }
        )
        yield


@cache
def families() -> tuple[str, ...]:
    """Return the font families to use, in order: matplotlib's own, then those of this system that have Chinese."""
    present = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _CJK_FAMILIES if name in present))


@cache
def _covers(character: str, weight: str) -> bool:
    fonts = (font_manager.FontProperties(family=name, weight=weight) for name in families())
    paths = (font_manager.findfont(font) for font in fonts)
    return any(font_manager.get_font(path).get_char_index(ord(character)) for path in paths)


def drawable(text: str, *, bold: bool = False) -> str:
    """Return the text with every run of white space as one blank and a box for each character that no font has."""
    weight = "bold" if bold else "normal"
    return "".join(c if _covers(c, weight) else "\N{WHITE SQUARE}" for c in " ".join(text.split()))
