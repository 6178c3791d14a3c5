"""Where a needle sentence may be put into a text: after sentences and between paragraphs, in English and Chinese.

Pure and linear in the text's length. It would rather miss a boundary than invent one: a needle inside a sentence
spoils a trial, a boundary fewer only moves the needle by a sentence. It parses no grammar: word lists, marks and
what stands beside them decide. It neither cleans a text nor puts anything into it.

The way: candidates are all terminators with the closers after them; a rule of the language looks at both sides;
then everything inside quotes, brackets, headings, tables and code is taken out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nihbench.text.blocks import (
    Block,
    attributions,
    blocks_of,
    code,
    contents,
    definitions,
    fences,
    headings,
    leaders,
    leads_on,
    lists,
    numbers,
    paragraphs_of,
)
from nihbench.text.english import english_ends
from nihbench.text.pairs import EN_PAIR, ZH_PAIR, Pairs, Shut, match_pairs
from nihbench.text.quotes import quotations, turns
from nihbench.text.scripts import PARTICLES, is_joined
from nihbench.text.unbroken import part
from nihbench.types import IntArray

# ---- chinese ---------------------------------------------------------------------------------------------------------
# Where Chinese sentences end: after 。！？ and the closers that belong to them, outside quotations. Pure.

_LINE_REST = re.compile(r"[^\S\r\n]*+(?=[\r\n]|\Z)")
_ZH_END = re.compile(r"[。！？!?…]++")
_ZH_CLOSER = re.compile(r"[”’」』）】》〉〕)\]\"*]|\[\d{1,3}\]")
_HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ZH_SIDE = re.compile(rf"[{_HAN}\u3001-\u301f\uff01-\uff60“”‘’]")
_LATIN_LINE = re.compile(rf"[^\r\n{_HAN}\u3001-\u301f\uff01-\uff60]++")
_ZH_GOES_ON = frozenset("，；、：。！？—～·,;:!?…-)]}）】」』》〉”’(（/的地得之")
_DASH = re.compile(r"[ \t\u3000]*+[-–—―]")  # and the name of who said it
_ZH_SPEECH = frozenset("说道曰云问叫喊答呼骂唱笑叹念")
_ZH_SAID = re.compile(rf"[{_HAN}]{{1,8}}?(?:[说問问喊叫答嚷吼叹骂]|[^道路街]道)(?:道|着|了|完)?[。，！]")


def chinese_ends(text: str, pairs: Pairs) -> Iterator[int]:
    """Yield the Chinese sentence ends, and the English ones of lines that hold no Chinese."""
    for end in _ZH_END.finditer(text):
        at, opener = _past_closers(text, pairs, end.end())
        rest = _LINE_REST.match(text, at)
        if rest or _chinese_end(text, end.group(), at, opener):
            if _is_chinese_mark(text, end, at):
                yield at
    for line in _LATIN_LINE.finditer(text):
        if line.start() == 0 or text[line.start() - 1] in "\r\n":
            if line.end() == len(text) or text[line.end()] in "\r\n":
                yield from english_ends(text, pairs, line.start(), line.end())


def _past_closers(text: str, pairs: Pairs, at: int) -> tuple[int, int]:
    """Return the position after the closers at `at`, and where the outermost one was opened (-1: no closer)."""
    opener = -1
    while closer := _ZH_CLOSER.match(text, at):
        mark = closer.group()
        if at in pairs.opener_at:
            if text[pairs.opener_at[at]] != "*":
                opener = pairs.opener_at[at]
        elif len(mark) == 1:
            break
        at = closer.end() + (mark == "*")
    return at, opener


def _is_chinese_mark(text: str, end: re.Match[str], at: int) -> bool:
    """Tell whether the marks are Chinese ones: half-width ! and ? count between Chinese characters only."""
    if not end.group().isascii():
        return True
    behind = text[at : at + 1]
    before = text[end.start() - 1 : end.start()]
    return bool(_ZH_SIDE.match(before)) and (not behind or behind.isspace() or bool(_ZH_SIDE.match(behind)))


def _chinese_end(text: str, run: str, at: int, opener: int) -> bool:
    """Tell whether marks inside a line end a sentence; `at` is after their closers."""
    behind = text[at]
    if run[-1] == "…" or run.startswith("。。") or behind in _ZH_GOES_ON or _DASH.match(text, at):
        return False
    if opener < 0:
        return True
    if behind in PARTICLES:
        return False
    before = text[opener - 1 : opener]
    if text[opener] in "《〈":
        return False  # a title within its sentence
    if text[opener] not in '“‘「『"':
        return not before.strip() or before in "。！？…”’」』）*"
    if "。" not in run and before.isalpha() and before not in _ZH_SPEECH:
        return False  # a word or a phrase that is mentioned, not said
    return not _ZH_SAID.match(text, at)


def boundaries(text: str, language: str) -> IntArray:
    r"""Return the positions in `text` at which a sentence may be inserted.

    A position p stands between text[p - 1] and text[p]. It is either directly after a sentence's terminator and
    the closers that belong to it, before any white space; or, where a paragraph ends without a terminator, after
    the newlines of the blank line, so that text[p] is the next paragraph's first character. A single line break is
    no boundary. Quotes and brackets are balanced within a paragraph (English) or a line (Chinese).

    Args:
        text: any text; newlines may be \n, \r\n or \r.
        language: "zh" and its subtags follow the Chinese rule, everything else the English one.

    Returns:
        Character positions, int64, ascending, without repeats and without 0 and len(text).
    """
    chinese = _is_chinese(language)
    pairs = match_pairs(text, ZH_PAIR if chinese else EN_PAIR)
    blocks = blocks_of(text)
    firm, shut = _spans(text, blocks, pairs, chinese=chinese)
    ends = chinese_ends(text, pairs) if chinese else english_ends(text, pairs, 0, len(text))
    kept = shut.open(ends)
    gaps = [block for block in blocks if block.after < len(text)]
    inside = np.searchsorted(kept, [g.stop for g in gaps]) > np.searchsorted(kept, [g.start for g in gaps], "right")
    ended = set(kept.tolist())
    breaks = (
        gap.after
        for gap, holds_ends in zip(gaps, inside.tolist(), strict=True)
        if gap.stop not in ended and not leads_on(text, gap, holds_ends=holds_ends, chinese=chinese)
    )
    found = np.union1d(kept, shut.open(breaks))
    found = part(text, found, soft=(gap.after for gap in gaps), shut=shut, firm=firm)
    return found[(found > 0) & (found < len(text)) & ~_joined(text, found)]


def sentence_ends(text: str, language: str) -> IntArray:
    """Return where the sentences and blocks of a text end, those within quotations and lists too: to read it by."""
    chinese = _is_chinese(language)
    pairs = match_pairs(text, ZH_PAIR if chinese else EN_PAIR)
    ends = chinese_ends(text, pairs) if chinese else english_ends(text, pairs, 0, len(text))
    gaps = (block.after for block in blocks_of(text))
    found = np.unique(np.fromiter((*ends, *gaps), dtype=np.int64))
    return found[(found > 0) & (found < len(text))]


def _is_chinese(language: str) -> bool:
    return re.split(r"[-_]", language.lower())[0] == "zh"


def _spans(text: str, blocks: Sequence[Block], pairs: Pairs, *, chinese: bool) -> tuple[Shut, Shut]:
    """Return what never holds a boundary, and that together with what holds one only where nothing else is near."""
    paragraphs = paragraphs_of(text, blocks, by_line=chinese)
    firm = quotations(text, paragraphs, spaced=not chinese)
    for begin, end in firm:  # those, too, that were opened in a paragraph before
        pairs.opener_at.setdefault(end - 1, begin - 1)
    firm += turns(text, paragraphs)
    firm += attributions(text)
    firm += definitions(text, blocks)
    shut = [
        *headings(text, chinese=chinese),
        *fences(text),
        *lists(text, blocks),
        *leaders(text),
        *numbers(text, blocks),
    ]
    shut += pairs.shut
    if not chinese:
        shut += code(text, blocks)
    for span, numbered in contents(text, blocks):
        (firm if numbered else shut).append(span)
    return Shut(firm), Shut([*firm, *shut])


def _joined(text: str, points: IntArray) -> NDArray[np.bool_]:
    """Tell which positions stand before a character that belongs to the one before it (accents, joiners)."""
    glued = (0 < p < len(text) and is_joined(text[p - 1], text[p]) for p in points.tolist())
    return np.fromiter(glued, dtype=np.bool_)
