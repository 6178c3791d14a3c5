"""Traditional to simplified characters and the pinyin of names, by OpenCC's and pypinyin's dictionaries.

The one module of the room that touches files: both libraries read their own dictionaries when they are first asked,
so they are imported only when an answer has Chinese (or a Chinese needle is answered in Latin letters).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(char: str) -> str:
    """Return the simplified form of one Chinese character."""
    plain = str(_converter().convert(char))
    return plain if len(plain) == 1 else char


@lru_cache(maxsize=1024)
def pinyin(text: str) -> tuple[str, ...]:
    """Return the syllables, without tones, of a text all of whose characters are Chinese; else nothing."""
    from pypinyin import lazy_pinyin

    syllables = tuple(lazy_pinyin(text, errors="ignore"))
    return syllables if len(syllables) == len(text) else ()
