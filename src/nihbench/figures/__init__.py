"""Table -> picture: the depth x length heatmap as a file and in a terminal, and its caption.

Nothing here computes a score. The names are loaded when first used, so that importing this package does not import
matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nihbench.figures.agreement import agreement_text
    from nihbench.figures.captions import caption, headline
    from nihbench.figures.files import SUFFIXES, check_suffix, save
    from nihbench.figures.heatmap import draw_heatmap, draw_panel
    from nihbench.figures.terminal import terminal_heatmap

_HOMES = {
    "SUFFIXES": "files",
    "agreement_text": "agreement",
    "caption": "captions",
    "check_suffix": "files",
    "draw_heatmap": "heatmap",
    "draw_panel": "heatmap",
    "headline": "captions",
    "save": "files",
    "terminal_heatmap": "terminal",
}

__all__ = [
    "SUFFIXES",
    "agreement_text",
    "caption",
    "check_suffix",
    "draw_heatmap",
    "draw_panel",
    "headline",
    "save",
    "terminal_heatmap",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
