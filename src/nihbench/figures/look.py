"""The look shared by all figures: matplotlib's settings, and fonts for any script.

Settings are changed only inside `look()` and put back after it, so a user's matplotlibrc neither changes a figure
nor is changed by one. Chinese comes from the open font of the extra `nihbench[zh]`
where it is installed, else from the fonts of the system. Where neither has a character a box is drawn, and `missing`
names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import matplotlib
from matplotlib import font_manager

INK = "#262626"
QUIET = "#555555"

_PACKAGED = ("pylopdf_fonts_zh_cn", "sans_path")
"""The module of the extra `zh` and its function that returns a font file's path."""

_CJK_FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "STHeiti", "SimHei", "SimSun",
    "Noto Sans CJK JP", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
_BOLD = (600, 700, 800, "semibold", "demibold", "bold", "heavy")
_THIN: set[str] = set()
"""Families that have no bold face."""
_BOX = "\N{WHITE SQUARE}"


@contextmanager
def look() -> Iterator[None]:
    """Draw or save inside: matplotlib's own defaults and ours, whatever the user's settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": list(families()),
                "pdf.fonttype": 42,
                # Widths that grow with the size alone, so that what is measured fits at every resolution.
                "text.hinting": "none",
                "svg.hashsalt": "nihbench",
            }
        )
        yield


@cache
def families() -> tuple[str, ...]:
    """Return the font families to use, in order: matplotlib's own, then those with Chinese, the packaged one first."""
    packaged = _add_packaged()
    fonts = font_manager.fontManager.ttflist
    present = {font.name for font in fonts}
    chinese = (*packaged, *(name for name in _CJK_FAMILIES if name in present and name not in packaged))
    for name in chinese:  # a family without bold stands in a bold title as it is; matplotlib would warn each time
        faces = [font for font in fonts if font.name == name]
        if not any(font.weight in _BOLD for font in faces):
            _THIN.add(name)
            fonts.append(replace(faces[0], weight=700))
    return ("DejaVu Sans", *chinese)


def _add_packaged() -> tuple[str, ...]:
    """Tell matplotlib of the extra's font, for this process only; return its family, or nothing without the extra."""
    module, function = _PACKAGED
    if find_spec(module) is None:
        return ()
    path = getattr(import_module(module), function)()
    font_manager.fontManager.addfont(path)
    return (font_manager.get_font(path).family_name,)


@cache
def _covers(character: str, weight: str) -> bool:
    return any(font_manager.get_font(path).get_char_index(ord(character)) for path in _files(weight))


@cache
def _files(weight: str) -> tuple[str, ...]:
    fonts = (font_manager.FontProperties(family=name, weight=weight) for name in families())
    return tuple(font_manager.findfont(font) for font in fonts)


def drawable(text: str, *, bold: bool = False) -> str:
    """Return the text with every run of white space as one blank and a box for each character that no font has."""
    weight = "bold" if bold else "normal"
    return "".join(c if _covers(c, weight) else _BOX for c in " ".join(text.split()))


def weight(text: str) -> str:
    """Return "bold", or "normal" for a text that would be bold in parts only: a family it needs has no bold face."""
    return "bold" if all(_is_bold(character) for character in text) else "normal"


@cache
def _is_bold(character: str) -> bool:
    for name, path in zip(families(), _files("bold"), strict=True):
        if font_manager.get_font(path).get_char_index(ord(character)):
            return name not in _THIN
    return True


def missing(text: str) -> tuple[str, ...]:
    """Return the characters of a text that would be drawn as boxes, each once, in their order."""
    return tuple(dict.fromkeys(c for c in text if not c.isspace() and not _covers(c, "normal")))
