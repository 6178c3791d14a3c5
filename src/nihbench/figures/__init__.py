"""Table -> picture: maps, panels, differences and profiles as files, the map in a terminal, and captions.

Nothing here computes a score. The names are loaded when first used, so that importing this package does not import
matplotlib.
"""

from __future__ import annotations

import os
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nihbench.figures.agreement import agreement_text
    from nihbench.figures.animation import check_animation, save_animation
    from nihbench.figures.captions import Intervals, Setting, caption, headline, length_notes, map_note
    from nihbench.figures.colours import PALETTES, palette
    from nihbench.figures.files import SUFFIXES, check_suffix, save
    from nihbench.figures.findings import (
        comparison_paragraph,
        diagnosis_sentence,
        effective_sentence,
        interaction_sentence,
        worst_sentence,
    )
    from nihbench.figures.labels import SEVERAL, unit_phrase
    from nihbench.figures.layout import Panel
    from nihbench.figures.look import missing
    from nihbench.figures.panel import draw_heatmap, draw_panel
    from nihbench.figures.profile import Line, draw_profiles
    from nihbench.figures.sheet import Around, Control
    from nihbench.figures.style import PRESETS, Style, preset, sized
    from nihbench.figures.terminal import terminal_heatmap
    from nihbench.figures.words import LANGS, Lang, joined, listed, say

_HOMES = {
    "length_notes": "captions",
    "SEVERAL": "labels",
    "unit_phrase": "labels",
    "Around": "sheet",
    "Control": "sheet",
    "Intervals": "captions",
    "LANGS": "words",
    "Lang": "words",
    "Line": "profile",
    "PALETTES": "colours",
    "PRESETS": "style",
    "Panel": "layout",
    "SUFFIXES": "files",
    "Setting": "captions",
    "Style": "style",
    "agreement_text": "agreement",
    "caption": "captions",
    "check_animation": "animation",
    "check_suffix": "files",
    "comparison_paragraph": "findings",
    "diagnosis_sentence": "findings",
    "draw_heatmap": "panel",
    "draw_panel": "panel",
    "draw_profiles": "profile",
    "effective_sentence": "findings",
    "headline": "captions",
    "interaction_sentence": "findings",
    "joined": "words",
    "listed": "words",
    "map_note": "captions",
    "missing": "look",
    "palette": "colours",
    "preset": "style",
    "save": "files",
    "save_animation": "animation",
    "say": "words",
    "sized": "style",
    "terminal_heatmap": "terminal",
    "worst_sentence": "findings",
}

if os.path.lexists("matplotlibrc"):
    # matplotlib reads its settings from the working folder when it is imported, and prints what it can't read there:
    # in somebody else's folder such a file may be a link to a file of keys, or a pipe.
    with chdir(Path(__file__).parent):
        import_module("matplotlib")

__all__ = [
    "length_notes",
    "SEVERAL",
    "unit_phrase",
    "Around",
    "Control",
    "Intervals",
    "LANGS",
    "Lang",
    "Line",
    "PALETTES",
    "PRESETS",
    "Panel",
    "SUFFIXES",
    "Setting",
    "Style",
    "agreement_text",
    "caption",
    "check_animation",
    "check_suffix",
    "comparison_paragraph",
    "diagnosis_sentence",
    "draw_heatmap",
    "draw_panel",
    "draw_profiles",
    "effective_sentence",
    "headline",
    "interaction_sentence",
    "joined",
    "listed",
    "map_note",
    "missing",
    "palette",
    "preset",
    "save",
    "save_animation",
    "say",
    "sized",
    "terminal_heatmap",
    "worst_sentence",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
