"""Which characters are 汉字: one place for the ranges. No words, no sentences."""

from __future__ import annotations

import re

# Iteration mark and zero, numerals, extension A, the basic block, compatibility, and planes 2 and 3, which hold
# nothing but Han characters (extensions B and on).
HAN_CLASS = "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN = re.compile(f"[{HAN_CLASS}]")


def count_han(text: str) -> int:
    """Return the number of Han characters in `text`."""
    return sum(1 for _ in _HAN.finditer(text))
