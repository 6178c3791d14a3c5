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
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nihbench.types import IntArray

Span = tuple[int, int]
"""Positions that are no boundary: from the first number up to, not including, the second."""

# ---- marks -----------------------------------------------------------------------------------------------------

# Possessive quantifiers throughout: nothing is tried twice, so no text makes a pattern slow.
_NEWLINE = r"(?>\r\n|\n|\r)"
_BREAK = re.compile(rf"{_NEWLINE}(?:[^\S\r\n]*+{_NEWLINE})++")
_SPACE = re.compile(r"\s*+")
_LINE_REST = re.compile(r"[^\S\r\n]*+(?=[\r\n]|\Z)")

_OPENER_OF = {
    "”": "“", "’": "‘", "」": "「", "』": "『", "）": "（", "】": "【", "》": "《", "〉": "〈", "〕": "〔",
    ")": "(", "]": "[", "}": "{",
}  # fmt: skip
_TOGGLES = frozenset({'"', "**"})  # opening and closing look alike: they take turns
_QUOTES = frozenset("“‘「『")  # left open, these still shut what follows; a stray bracket does not

_EN_PAIR = re.compile(rf"[“”()\[\]{{}}]|{_BREAK.pattern}")
_ZH_PAIR = re.compile(rf"[“”‘’「」『』（）【】《》〈〉〔〕()\[\]{{}}\"]|\*\*|{_NEWLINE}")

_EN_END = re.compile(r"([.!?…]++)((?:[\"'”’»)\]}*_`]|\[\d{1,3}\])*+)")
_ZH_END = re.compile(r"[。！？!?…]++")
_ZH_CLOSER = re.compile(r"[”’」』）】》〉〕)\]\"*]|\[\d{1,3}\]")

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
_ZH_TITLE = re.compile(rf"\s*+([^\s。；]{_LINE}{{0,38}}(?<![。；：…”」]))[ \t]*+{_BREAK.pattern}")
_FENCE = re.compile(rf"^ {{0,3}}(`{{3,}}+|~~~(?!~))({_LINE}*+)", re.MULTILINE)
_CODE = re.compile(
    r"(?: {2,}|\t)\s*+(?:>>> ?|\.\.\. |\$ |# |@\w"
    r"|(?:async )?(?:def|class|for|if|elif|while|with|match|case)\b.*[:)]\s*$"
    r"|(?:try|else|finally|except\b.*):|(?:import|from|return|raise|print|assert|del|pass)\b(?!.*\.\s*$)"
    r"|[\w.\[\]\"', ]+(?:::=|[-+*/|&]?=[^=])|[\w.]+\(.*\)\s*$)",
    re.MULTILINE,
)

# ---- English words ---------------------------------------------------------------------------------------------

_TITLES = frozenset(
    "Mr Mrs Ms Mx Dr Prof St Ste Mt Ft Rev Hon Gov Sen Rep Pres Gen Col Capt Lt Sgt Maj Cpl Adm Cmdr Messrs Mme Mlle "
    "Mdlle Mssrs Supt Insp vs viz cf approx ca resp incl esp e.g i.e eg ie Cf".split()
)  # always lead on to what follows
_BEFORE_NUMBER = frozenset(
    "No Nos no nos Fig Figs fig figs Vol Vols vol Ch ch Sec sec Art art Eq eq Ref ref App p pp Pt pt c n v l par ver "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri Sat Sun".split()
)
_MAY_END = frozenset(
    "etc Inc Ltd Co Corp Bros Jr Sr Esq Ave Blvd Rd al dept Dept Univ inc Assn ed eds trans op cit ibid".split()
)  # and single capitals, and letters with stops between them (U.S., a.m., Ph.D.)
_STARTERS = frozenset(
    "The This That These Those It Its He She We They You His Her Their Our My Your There Here What Why How When While "
    "Where Who And But Or So Yet However If In On At By For From To With As After Before Then Now Not No Some Most "
    "Many All One Another Because Although Though Since Even Once Perhaps Maybe".split()
)
_SAID = re.compile(
    r"(?:[A-Z][\w'’.-]{0,20}\s+){1,4}?(?:(?:\w{2,12}ly|now|then|again)\s+)?(?:said|says|cried|asked|answered|replied|returned|exclaimed|"
    r"shouted|whispered|repeated|added|continued|began|remarked|thought|inquired|interrupted|observed|muttered|"
    r"murmured|screamed|called|went\s+on|retorted|rejoined|demanded|ordered|kept|broke\s+in|put\s+in)\b"
)
_NEXT = re.compile(r"(\s*+)(?:[-–—*+•>]{1,2}+\s++)?[\"'“”‘’«(\[{*_`]*+(\w{0,20})")
_WORD = re.compile(r"[^\s\"'“”‘’(\[{*_—/-]*\Z")
_DOTTED = re.compile(r"(?:[A-Za-z]{1,3}\.)*[A-Za-z]{1,3}\.[A-Za-z]{1,2}|[A-Z]")
_NUMBER = re.compile(r"\d|[IVXLC]+\b")
_EN_GOES_ON = frozenset(".,;:!?…)]}%=+/|&-–—")
_LIST_MARK = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})")

# ---- Chinese words ---------------------------------------------------------------------------------------------

_HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ZH_SIDE = re.compile(rf"[{_HAN}\u3001-\u301f\uff01-\uff60“”‘’]")
_LATIN_LINE = re.compile(rf"[^\r\n{_HAN}\u3001-\u301f\uff01-\uff60]++")
_ZH_GOES_ON = frozenset("，；、：。！？—～·,;:!?…-)]}）】」』》〉”’(（/的地得之")
_ZH_SPEECH = frozenset("说道曰云问叫喊答呼骂唱笑叹念")
_ZH_SAID = re.compile(rf"[{_HAN}]{{1,8}}?(?:[说問问喊叫答嚷吼叹骂]|[^道路街]道)(?:道|着|了|完)?[。，！]")


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Quotes and brackets of a text: what they shut, and where the opener of each closer stands."""

    shut: list[Span] = field(default_factory=list)
    opener_at: dict[int, int] = field(default_factory=dict)


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
    pairs = _pairs(text, _ZH_PAIR if chinese else _EN_PAIR)
    paragraphs = list(_paragraphs(text))
    shut = pairs.shut
    shut.extend(_fences(text))
    shut.extend((m.start() + 1, m.end() + 1) for m in (_ZH_HEADING if chinese else _EN_HEADING).finditer(text))
    if chinese:
        title = _ZH_TITLE.match(text)
        shut.extend([(title.start(1), title.end(1) + 1)] if title else [])
        ends = _chinese_ends(text, pairs)
    else:
        shut.extend(_code(text, paragraphs))
        ends = _english_ends(text, pairs, 0, len(text))
    kept = _open_positions(ends, shut)
    ended = set(kept.tolist())
    gaps = (p.after for p in paragraphs if p.stop not in ended and _closes(text, p, chinese))
    breaks = _open_positions(gaps, shut)
    found = np.union1d(kept, breaks)
    return found[(found > 0) & (found < len(text)) & ~_joined(text, found)]


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
    for gap in _BREAK.finditer(text):
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


def _pairs(text: str, token: re.Pattern[str]) -> _Pairs:
    """Match openers with closers; a newline token forgets what is open.

    A closer without its opener is ignored, and so is an opener without its closer, but for quotes: an open quote
    shuts what follows up to the next quote that opens alike (so the first one had been meant to end before), or to
    the newline token.
    """
    pairs = _Pairs()
    stack: list[tuple[str, int]] = []
    depth: Counter[str] = Counter()
    latest: dict[str, int] = {}
    following: dict[int, int] = {}

    def forget(end: int) -> None:
        pairs.shut.extend((at + 1, following.get(at, end)) for mark, at in stack if mark in _QUOTES)
        for memory in (stack, depth, latest, following):
            memory.clear()

    for match in token.finditer(text):
        mark, at = match.group(), match.start()
        if mark[0] in "\r\n":
            forget(at)
            continue
        opener = mark if mark in _TOGGLES and depth[mark] else _OPENER_OF.get(mark)
        if opener is None:
            following[latest.get(mark, -1)] = at
            latest[mark] = at
            stack.append((mark, at))
            depth[mark] += 1
        elif depth[opener]:
            begin = _unwind(stack, depth, opener)
            pairs.opener_at[at] = begin
            if mark != "**":
                pairs.shut.append((begin + 1, at + 1))
    forget(len(text))
    return pairs


def _unwind(stack: list[tuple[str, int]], depth: Counter[str], opener: str) -> int:
    """Take openers from the stack down to the last `opener` and return its position."""
    while True:
        mark, at = stack.pop()
        depth[mark] -= 1
        if mark == opener:
            return at


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


# ---- English ---------------------------------------------------------------------------------------------------


def _english_ends(text: str, pairs: _Pairs, start: int, stop: int) -> Iterator[int]:
    """Yield the English sentence ends within text[start:stop]; the context may lie outside."""
    for end in _EN_END.finditer(text, start, stop):
        at = end.end()
        space = _SPACE.match(text, at)
        gap = space.group() if space else ""
        if not gap and at < len(text):
            continue  # glued to what follows: a file name, a number, a lost line break
        if _ends_paragraph(text, at, gap) or _english_end(text, pairs, end):
            yield at


def _ends_paragraph(text: str, at: int, gap: str) -> bool:
    return at + len(gap) == len(text) or gap.count("\n") > 1 or gap.count("\r") > 1


def _english_end(text: str, pairs: _Pairs, end: re.Match[str]) -> bool:
    """Tell whether a terminator with white space behind it ends a sentence."""
    run, closers = end.groups()
    following = _NEXT.match(text, end.end())
    word = following.group(2) if following else ""
    first = word[:1] or text[following.end() : following.end() + 1] if following else ""
    if not first or first.islower() or first in _EN_GOES_ON:
        return False
    if run == ".":
        return _english_stop(text[max(0, end.start() - 24) : end.start()], word)
    if text[end.start() - 1 : end.start()].isspace() or word == "I" and run[0] in ".…":
        return False  # " . . ." and "I... I mean"
    if closers and run[-1] in "!?" and ")" in closers:
        return _stands_alone(text, pairs, end.start(2) + closers.index(")"))
    spoken = bool(closers) and closers[0] in "\"'”’"
    return not (spoken and following and _SAID.match(text, following.start(2)))


def _stands_alone(text: str, pairs: _Pairs, closer: int) -> bool:
    """Tell whether a bracket holds whole sentences: what is before its opener has ended, too."""
    opener = pairs.opener_at.get(closer, 0)
    before = text[max(0, opener - 8) : opener].rstrip()
    return not before or before[-1] in ".!?…\"'”’)]。！？」』）"


def _english_stop(before: str, word: str) -> bool:
    """Tell whether a single full stop, with `before` in front and `word` behind, ends a sentence."""
    found = _WORD.search(before)
    last = found.group() if found else ""
    if not last or last in _TITLES:
        return False
    if last in _BEFORE_NUMBER or last.isdigit() or len(last) == 1:
        if _NUMBER.match(word) and word != "I":
            return False
    if last in _MAY_END or _DOTTED.fullmatch(last):
        return word in _STARTERS and not _opens_line(before)
    return not (_LIST_MARK.fullmatch(last) and _opens_line(before))


def _opens_line(before: str) -> bool:
    """Tell whether `before` ends in a line's first word (or begins the text), as a list's mark does."""
    line = re.split(r"[\r\n]", before)[-1]
    return (len(line) < len(before) or len(before) < 24) and len(line.split()) <= 1


# ---- Chinese ---------------------------------------------------------------------------------------------------


def _chinese_ends(text: str, pairs: _Pairs) -> Iterator[int]:
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
                yield from _english_ends(text, pairs, line.start(), line.end())


def _past_closers(text: str, pairs: _Pairs, at: int) -> tuple[int, int]:
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
    if run[-1] == "…" or run.startswith("。。") or behind in _ZH_GOES_ON:
        return False
    if opener < 0:
        return True
    before = text[opener - 1 : opener]
    if text[opener] in "《〈":
        return False  # a title within its sentence
    if text[opener] not in '“‘「『"':
        return not before.strip() or before in "。！？…”’」』）*"
    if "。" not in run and before.isalpha() and before not in _ZH_SPEECH:
        return False  # a word or a phrase that is mentioned, not said
    return not _ZH_SAID.match(text, at)
