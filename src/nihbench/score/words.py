"""Words of a folded text, a light English stemmer, and the words that carry no content.

A word here is a Latin word, a run of digits or one Chinese character. The stemmer brings the forms of one word
together (eat, eats, eating, ate); it is not a linguist's stemmer and may join a few strangers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_TOKEN = re.compile(r"[^\W\d_\u3400-\u9fff〇]+(?:'[^\W\d_]+)?|\d+|[\u3400-\u9fff〇]")
_GAPS = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "'"}
"""ASCII characters of which no word is made."""

STOP_WORDS = frozenset(
    "a an the and or but of to in on at by for from with without into onto as is are was were be been being am it its "
    "it's this that these those there here he she they them his her their you your we our i my me do does did done "
    "doing have has had having will would can could should may might must shall so then than thus also just only very "
    "too if while when where which who whom whose what why how not no nor all any some both each every other such own "
    "same more most up down out over under again about between during before after above below".split()
)

# Words with which an answer speaks of itself, of its source or of the asker; and words that ask or recommend.
REPORTING_WORDS = frozenset(
    "according based answer question context document text passage essay essays article provided given above below "
    "state states stated say says said mention mentions mentioned describe describes described suggest suggests "
    "suggested sentence quote quoted directly direct information source response respond final correct specifically "
    "explicitly following list lists listed activity activities thing things place where when note please let know "
    "unfortunately however therefore hope help helps statement find found read reads reading recommend recommended "
    "recommends recommendation claim claims simply simple single one best top fun enjoyable most ideal way "
    "solely".split()
)

CHINESE_STOP = frozenset("的了着在是里中上下就和与及或也都而且并这那此其之于为有把被对从到以会能可要去来个一位处")
CHINESE_REPORTING = frozenset("根据依据文档章本内容提到述说明写道答案回问题相关信息以上所我你您好请谢")

_IRREGULAR = {
    "ate": "eat", "eaten": "eat", "sat": "sit", "seated": "sit", "drank": "drink", "drunk": "drink", "went": "go",
    "gone": "go", "made": "make", "took": "take", "taken": "take", "came": "come", "bought": "buy", "brought": "bring",
    "kept": "keep", "held": "hold", "wore": "wear", "worn": "wear", "wrote": "write", "written": "write", "saw": "see",
    "seen": "see", "ran": "run", "swam": "swim", "slept": "sleep", "stood": "stand", "lay": "lie", "lying": "lie",
    "left": "leave", "met": "meet", "paid": "pay", "sold": "sell", "told": "tell", "thought": "think", "knew": "know",
    "known": "know", "grew": "grow", "grown": "grow", "flew": "fly", "children": "child", "people": "person",
    "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "mice": "mouse", "leaves": "leaf",
    "knives": "knife", "loaves": "loaf", "halves": "half", "lives": "life", "zero": "0", "two": "2", "three": "3",
    "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11",
    "twelve": "12", "first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6",
    "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10",
}  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words of a folded text, in order: Latin words, runs of digits, single Chinese characters."""
    plain = text.replace("—", " ")
    if not plain.isascii():
        return _TOKEN.findall(text)
    # Cut at what is in no word, which takes a fifth of the pattern's time; the pattern looks at the few odd pieces.
    pieces = plain.translate(_GAPS).split()
    odd = {piece: _TOKEN.findall(piece) for piece in set(pieces) if not (piece.isalpha() or piece.isdecimal())}
    if all(found == [piece] for piece, found in odd.items()):
        return pieces
    return [word for piece in pieces for word in odd.get(piece, (piece,))]


def spans(text: str, found: Iterable[str]) -> list[tuple[int, int]]:
    """Return where the words of a folded text stand, which are `found` in it."""
    places, end = [], 0
    for word in found:
        # Nothing but gaps stands between a word and the next, so that this finds no other.
        start = text.find(word, end)
        end = start + len(word)
        places.append((start, end))
    return places


def stems(text: str) -> list[str]:
    """Return the stems of the words of a folded text, in order."""
    return stems_of(words(text))


def stems_of(found: Iterable[str]) -> list[str]:
    """Return the stems of folded words, in order."""
    return list(map(_STEMS.__getitem__, found))


def content_stems(text: str) -> list[str]:
    """Return the stems of the words of `text` that are not stop words (all its words if nothing else is left)."""
    return content_stems_of(words(text))


def content_stems_of(found: Collection[str]) -> list[str]:
    """Return the stems of those of some words that are not stop words (of all if nothing else is left)."""
    return stems_of([w for w in found if w not in STOP_WORDS and w not in CHINESE_STOP] or found)


def stem(word: str) -> str:
    """Return the stem of a folded word."""
    return _STEMS[word]


def _stem(word: str) -> str:
    """Find the stem of a word (at most 40 characters of it are looked at)."""
    word = word[:40].removesuffix("'s")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for suffix in ("sses", "ches", "shes", "xes", "zes"):
        if word.endswith(suffix):
            return word[:-2]
    if word.endswith("ing") and len(word) > 5:
        return _bare(word[:-3])
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("ed") and len(word) > 4:
        return _bare(word[:-2])
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def _bare(root: str) -> str:
    """Undo the doubling of sit -> sitting, and drop the silent e of make -> making."""
    if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz":
        return root[:-1]
    return root.removesuffix("e") if len(root) > 3 else root


class _Stems(dict[str, str]):
    """The stems met so far; kept small, so that hostile text can't fill the memory."""

    _MOST = 30_000

    def __missing__(self, word: str) -> str:
        found = _stem(word)
        if len(self) < self._MOST and len(word) <= 40:
            self[word] = found
        return found


_STEMS = _Stems()
