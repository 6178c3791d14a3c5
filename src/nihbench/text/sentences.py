"""Where a needle sentence may be put into a text: after sentences and between paragraphs, in English and Chinese.

Pure and linear in the text's length. It would rather miss a boundary than invent one: a needle inside a sentence
spoils a trial, a boundary fewer only moves the needle by a sentence. It parses no grammar: word lists, marks and
what stands beside them decide. It neither cleans a text nor puts anything into it.

The way: candidates are all terminators with the closers after them; a rule of the language looks at both sides;
then everything inside quotes, brackets, headings, tables and code is taken out again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nihbench.text.chinese import chinese_ends
from nihbench.text.english import english_ends
from nihbench.text.pairs import BREAK, EN_PAIR, ZH_PAIR, Span, match_pairs
from nihbench.types import IntArray

_LONGEST_SENTENCE = 2_000
_LINE_START = re.compile(r"(?<=\S)[ \t]*+\n(?=\S)")

# ---- what is shut as a whole -----------------------------------------------------------------------------------

_LINE = r"[^\r\n]"
_LINE_END = r"(?=[\r\n]|\Z)"
_TABLE_OR_HASH = rf"[ \t]*+(?:#{{1,6}}[ \t]|\|){_LINE}*+"
_EN_HEADING = re.compile(
    rf"^(?:{_TABLE_OR_HASH}"
    rf"|[ \t]*+(?:CHAPTER|Chapter|BOOK|PART|VOLUME)[ ](?:\d+|[IVXLC]+|[A-Z]{{3,}})\b{_LINE}{{0,60}}{_LINE_END})",
    re.MULTILINE,
)
_ZH_HEADING = re.compile(
    rf"^(?:{_TABLE_OR_HASH}"
    r"|[ \t\u3000]*+第[〇零一二三四五六七八九十百千两\d]{1,6}[回章节節卷部篇集幕]"
    rf"(?:[ \t\u3000：:、]{_LINE}{{0,60}})?{_LINE_END}"
    rf"|[ \t\u3000]*+\*\*[^*\r\n]{{1,80}}\*\*[ \t]*+{_LINE_END})",
    re.MULTILINE,
)
_ZH_TITLE = re.compile(rf"\s*+([^\s。；]{_LINE}{{0,38}}(?<![。；：…”」]))[ \t]*+{BREAK.pattern}")
_FENCE = re.compile(rf"^ {{0,3}}(`{{3,}}+|~~~(?!~))({_LINE}*+)", re.MULTILINE)
_CODE = re.compile(
    r"(?: {2,}|\t)\s*+(?:>>> ?|\.\.\. |\$ |# |@\w"
    r"|(?:async )?(?:def|class|for|if|elif|while|with|match|case)\b.*[:)]\s*$"
    r"|(?:try|else|finally|except\b.*):|(?:import|from|return|raise|print|assert|del|pass)\b(?!.*\.\s*$)"
    r"|[\w.\[\]\"', ]+(?:::=|[-+*/|&]?=[^=])|[\w.]+\(.*\)\s*$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A stretch between blank lines: [start, stop) without the white space at its end; `after` is the next's start."""

    start: int
    stop: int
    after: int


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
    chinese = re.split(r"[-_]", language.lower())[0] == "zh"
    pairs = match_pairs(text, ZH_PAIR if chinese else EN_PAIR)
    paragraphs = list(_paragraphs(text))
    shut = pairs.shut
    shut.extend(_fences(text))
    shut.extend((m.start() + 1, m.end() + 1) for m in (_ZH_HEADING if chinese else _EN_HEADING).finditer(text))
    if chinese:
        title = _ZH_TITLE.match(text)
        shut.extend([(title.start(1), title.end(1) + 1)] if title else [])
        ends = chinese_ends(text, pairs)
    else:
        shut.extend(_code(text, paragraphs))
        ends = english_ends(text, pairs, 0, len(text))
    kept = _open_positions(ends, shut)
    ended = set(kept.tolist())
    gaps = (p.after for p in paragraphs if p.stop not in ended and _closes(text, p, chinese))
    breaks = _open_positions(gaps, shut)
    found = np.union1d(kept, breaks)
    found = found[(found > 0) & (found < len(text)) & ~_joined(text, found)]
    return np.union1d(found, _line_starts(text, found))


def _line_starts(text: str, found: IntArray) -> IntArray:
    """Return the starts of lines in stretches too long to be sentences: tables, code, verse, lists."""
    ends = [0, *found.tolist(), len(text)]
    starts = [
        line.end()
        for first, last in zip(ends, ends[1:], strict=False)
        if last - first > _LONGEST_SENTENCE
        for line in _LINE_START.finditer(text, first + 1, last - 1)
    ]
    return np.array(starts, dtype=np.int64)


def _open_positions(positions: Iterable[int], shut: list[Span]) -> IntArray:
    """Return the positions that lie in no shut span; spans may nest and overlap."""
    points = np.fromiter(positions, dtype=np.int64)
    if not shut or not points.size:
        return points
    spans = np.array(shut, dtype=np.int64)
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    last = np.searchsorted(spans[:, 0], points, side="right") - 1
    return points[(last < 0) | (points >= reach[np.maximum(last, 0)])]


def _joined(text: str, points: IntArray) -> NDArray[np.bool_]:
    """Tell which positions stand before a character that belongs to the one before it (accents, joiners)."""
    signs = (text[p] if p < len(text) else " " for p in points.tolist())
    glued = (sign > "\u02ff" and (sign in "\u200c\u200d" or unicodedata.category(sign)[0] == "M") for sign in signs)
    return np.fromiter(glued, dtype=np.bool_)


def _paragraphs(text: str) -> Iterator[_Paragraph]:
    start = 0
    for gap in BREAK.finditer(text):
        yield _paragraph(text, start, gap.start(), gap.end())
        start = gap.end()
    yield _paragraph(text, start, len(text), len(text))


def _paragraph(text: str, start: int, stop: int, after: int) -> _Paragraph:
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return _Paragraph(start, stop, after)


def _closes(text: str, paragraph: _Paragraph, chinese: bool) -> bool:
    """Tell whether the blank line after a paragraph without a terminator parts it from the next one."""
    last = text[max(paragraph.start, paragraph.stop - 4) : paragraph.stop]
    if not last or last[-1] in "，；、：,;:—–" or (last.endswith("--") and not last.endswith("---")):
        return False  # it leads up to what follows
    if chinese:
        return True
    # A stray blank line within a sentence, as scraped texts have them, and lists that are one long sentence.
    goes_on = text[paragraph.after : paragraph.after + 40].lstrip()[:1].islower()
    return last not in (" and", "\nand") and not (last[-1].isalpha() and goes_on)


def _fences(text: str) -> Iterator[Span]:
    """Yield Markdown's fenced code blocks; a fence that is never closed shuts nothing."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence.group(1).startswith(opened.group(1)) and not fence.group(2).strip():
            yield opened.start() + 1, fence.end() + 1
            opened = None


def _code(text: str, paragraphs: list[_Paragraph]) -> Iterator[Span]:
    """Yield indented code; a blank line between two paragraphs of code belongs to it."""
    within = False
    for paragraph in paragraphs:
        after_code, within = within, _CODE.match(text, paragraph.start, paragraph.stop) is not None
        if within:
            yield paragraph.start + (not after_code), paragraph.stop + 1
