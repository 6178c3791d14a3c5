"""What each script writes at a sentence's end, where one without spaces may be parted, and which letters are Han. Pure.

The marks are Unicode's Sentence_Terminal characters of the basic plane, with the shads of Tibetan and the Greek
question mark; a script that is not named here ends its sentences by . ! ? or by nothing.
"""

from __future__ import annotations

import re
import unicodedata

HAN = "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Han characters, as the inside of a character class.

These are the iteration mark and zero, numerals, extension A, the basic block, compatibility, and planes 2 and 3, which
hold nothing else (extensions B and on).
"""
HAN_READ = "\u3400-\u4dbf\u4e00-\u9fff\u3007"
"""Those of them that version 0.3 of the rules takes for words: in folded text few others are left."""
HAN_AND_PARTS = HAN + "\u3006\u2e80-\u2fdf"
"""Han characters and the parts of which they are made, which PDF files have in place of whole ones."""

# Possessive quantifiers throughout: nothing is tried twice, so no text makes a pattern slow.
NEWLINE = r"(?>\r\n|\n|\r)"
BREAK = rf"{NEWLINE}(?:[^\S\r\n]*+{NEWLINE})++"
LINE = r"[^\r\n]"
LINE_END = r"(?=[\r\n]|\Z)"
TABLE_OR_HASH = rf"[ \t]*+(?:#{{1,6}}[ \t]|\|){LINE}*+"
"""A row of a table, or a heading in Markdown."""

OTHER_ENDS = (
    "\u037e\u0589\u061d-\u061f\u06d4\u0700-\u0702\u07f9\u0837\u0839\u083d\u083e\u0964\u0965\u0f08\u0f0d-\u0f11"
    "\u104a\u104b\u1362\u1367\u1368\u166e\u1735\u1736\u17d4\u17d5\u1803\u1809\u1944\u1945\u1aa8-\u1aab"
    "\u1b4e\u1b4f\u1b5a\u1b5b\u1b5e\u1b5f\u1b7d-\u1b7f\u1c3b\u1c3c\u1c7e\u1c7f\u203c\u203d\u2047-\u2049"
    "\u2cf9-\u2cfb\u2e2e\u2e3c\u2e53\u2e54\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf\ua92f"
    "\ua9c8\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe12\ufe15\ufe16\ufe52\ufe56\ufe57\uff01\uff1f\uff61"
)
"""A character class of the marks that end sentences and nothing else, beside . ! ? and …; a space need not follow."""

CLOSERS = "\"'”’»«“‘›‹)\\]}」』）】》〉〕＂*_`"
"""A character class of what may stand between a sentence's mark and the next sentence."""

PARTICLES = frozenset("とのがはをにでもよねっな")
"""Japanese goes on by these after what was said."""

_LEFT_OUT = re.compile(r"(?:\.\.|…)[)\]}][\s)\]}]*\Z")  # f(x, ...): what is left out, no sentence's end
_ENDED = re.compile(rf"[.!?…．{OTHER_ENDS}][{CLOSERS}\s]*\Z")
_PLAIN_ENDS = (".", "!", "?", "。", "！", "？")
_LETTER = re.compile(r"[^\W\d_]")
# By the letters that the script's or the language's own mark goes with; the first that holds one of them decides.
_STOPS = (
    (re.compile(f"[\u3040-\u30ff\u31f0-\u31ff{HAN_READ}]"), "。"),
    (re.compile("[\u0900-\u0a7f\u0b00-\u0b7f]"), "।"),  # Devanagari, Bengali, Gurmukhi, Odia
    (re.compile("[\u0679\u0688\u0691\u06ba\u06be\u06c1\u06d2]"), "۔"),  # letters that Urdu has, and Arabic has not
    (re.compile("[\u0530-\u0588]"), "։"),
    (re.compile("[\u1200-\u135f\u1380-\u139f]"), "።"),
    (re.compile("[\u1000-\u1049\u1050-\u109f]"), "။"),
    (re.compile("[\u1780-\u17d3]"), "។"),
    (re.compile("[\u0f40-\u0fbc]"), "།"),
    (re.compile("[\u0e01-\u0e4e\u0e80-\u0ede]"), ""),  # Thai and Lao end sentences by a space
)
_UNMARKED = re.compile("[\u0e01-\u0e4e\u0e80-\u0ede]")
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
_TRAILING_VOWELS = frozenset("ะาำๅๆฯະາຳໆຯ")
_NEVER_FIRST = frozenset("，。、；：？！…—～·）】》〉〕」』”’％ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.;:?!)]}%་།༎")
_NEVER_LAST = frozenset("（【《〈〔「『“‘([{")
_UNSPACED = re.compile(
    r"[\u0e00-\u0edf\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)


def ends_sentence(text: str) -> bool:
    """Say whether a text ends in a mark of any script that ends sentences, or is blank; closers may follow the mark."""
    if text[-1:] in _PLAIN_ENDS and text[-2:-1].isalnum():
        return True  # as nearly all do
    end = text[-40:]
    return not text.strip() or _ENDED.search(end) is not None and not _LEFT_OUT.search(end)


def stop_for(statement: str) -> str:
    """Return what a sentence lacks at its end, as its script writes it: nothing where it has a mark, or needs none."""
    if ends_sentence(statement):
        return ""
    return next((stop for letters, stop in _STOPS if letters.search(statement)), ".")


def is_unmarked(text: str) -> bool:
    """Say whether a text is for the greater part in a script that has no mark for a sentence's end (Thai, Lao)."""
    return 2 * len(_UNMARKED.findall(text)) > len(text)


def is_joined(left: str, right: str) -> bool:
    """Say whether two characters belong together: an accent, a joiner, a conjunct, a flag, a vowel and its letter."""
    if left < "\u0300" and right < "\u0300":
        return left == "\r" and right == "\n"
    if unicodedata.category(right)[0] == "M" or unicodedata.combining(left) == 9 or left in _LEADING_VOWELS:
        return True
    if "\u200c" in (left, right) or "\u200d" in (left, right) or right in _TRAILING_VOWELS:
        return True
    return "\U0001f3fb" <= right <= "\U0001f3ff" or all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (left, right))


def may_part(text: str, position: int) -> bool:
    """Say whether a text without spaces may be parted at a place: between two characters that stand for themselves."""
    left, right = text[position - 1], text[position]
    if is_joined(left, right) or right in _NEVER_FIRST or left in _NEVER_LAST:
        return False
    if "\u0f00" <= left <= "\u0fff":
        return left == "\u0f0b"
    return bool(_UNSPACED.match(left) or _UNSPACED.match(right)) or not (left.isalnum() and right.isalnum())
