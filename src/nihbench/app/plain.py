"""Text from a server or a file as it may be shown: without what steers a terminal."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Return text without control characters (line breaks and tabs become spaces), safe to show on a terminal."""
    if text.isprintable():  # as nearly all texts are: no character of it is one of control
        return text
    text = text.translate(_SPACED)
    return text if text.isprintable() else "".join(c for c in text if unicodedata.category(c)[0] != "C")


_SPACED = str.maketrans("\n\r\t", "   ")
