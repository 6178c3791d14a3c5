"""What a text is made of beside running prose, and what in it belongs together. Pure.

Blocks stand between blank lines. Code, headings, tables of contents and lists are no places for a needle; nor is what
parts a quotation from the name under it, or a term from the definition that is indented below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nihbench.languages.base import Prose, of
from nihbench.languages.scripts import BREAK, LINE, NEWLINE, OTHER_ENDS, ends_sentence
from nihbench.text.quotes import Shut, Span

_LONG_LINE = 160
"""Characters: lines beyond that are not wrapped by hand; each is a paragraph."""
_SHORT_ITEM_BYTES = 240
_SHORT_LINE_BYTES = 100
_LONGEST_CONTENTS = 20_000
_CONTENTS_FROM = 3
"""So many short blocks without a full stop, one after the other, are a table of contents or the like."""

_NEWLINE = re.compile(NEWLINE)
_BREAK = re.compile(BREAK)
_UNWRAPPED = re.compile(rf"^[^\r\n]{{{_LONG_LINE + 1}}}", re.MULTILINE)
_FENCE = re.compile(rf"^ {{0,3}}(`{{3,}}+|~~~(?!~))({LINE}*+)", re.MULTILINE)
_CODE = re.compile(
    r"(?: {2,}+|\t)\s*+(?:>>> ?|\.\.\. |\$ |# |@\w"
    r"|(?:async )?(?:def|class|for|if|elif|while|with|match|case)\b.*[:)]\s*$"
    r"|(?:try|else|finally|except\b.*):|(?:import|from|return|raise|print|assert|del|pass)\b(?!.*\.\s*$)"
    r"|[\w.\[\]\"', ]+(?:::=|[-+*/|&]?=[^=])|[\w.]+\(.*\)\s*$)",
    re.MULTILINE,
)
_ATTRIBUTION = re.compile(
    r"^[ \t\u3000>]*+(?:--+|[—―–]++|[~～](?!~)|-(?=[ ]?[《“A-Z]))[ \t]*+(?![-—])"
    rf"(?=[^\W_]|[《“\"(（@*_]){LINE}{{1,200}}$",
    re.MULTILINE,
)
_HYPHEN = re.compile(r"[ \t\u3000>]*+-(?!-)")
_DASH_LINE = re.compile(r"[ \t\u3000>]*+[-—―–~～]")
_ITEM = re.compile(
    r"^[ \t\u3000>]*+(?:[-*+•·◦▪‣][ \t]+|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)][ \t]+"
    r"|[（(]?[\d一二三四五六七八九十]{1,3}[）)、]|[①-⑳])(?=\S)",
    re.MULTILINE,
)
_LONGEST_NUMBER = 20
_ONLY_A_MARK = re.compile(r"[\W_]*(?:\d{1,4}|[A-Za-z]|[ivxlcIVXLC]{1,7}|[一二三四五六七八九十百]{1,4})[\W_]*")
_LEADERS = re.compile(r"[.…·](?<![.…·]{2})(?<![.…·][ ][.…·])(?:[ ]?[.…·]){2,}+[ \t]*+[\divxlIVXL]{1,6}[ \t]*+$", re.M)
_ENTRY = re.compile(
    r"[ \t]*(?:[*\-•][ \t]+)?(?:(?:CHAPTER|Chapter|BOOK|Book|PART|Part|VOLUME|SECTION|Section|Appendix|APPENDIX)\b"
    r"|\d{1,3}(?:\.\d{1,3})*[.)]?[ \t]|[IVXLC]{1,8}\.?(?:[ \t]|$)"
    r"|第[〇零一二三四五六七八九十百千两\d]{1,6}[回章节節卷部篇集幕])"
)
_OTHER_END = re.compile(f"[{OTHER_ENDS}]")
_SIGNATURE = re.compile(r"[()\[\]=_|<>:]|^\S+$|\w\.\w")


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch between blank lines: [start, stop) without the white space at its end; `after` is the next's start."""

    start: int
    stop: int
    after: int


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a text."""
    ends = [(gap.start(), gap.end()) for gap in _BREAK.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    stops = [*ends, (len(text), len(text))]
    return [_block(text, start, *stop) for start, stop in zip(starts, stops, strict=True)]


def _block(text: str, start: int, stop: int, after: int) -> Block:
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return Block(start, stop, after)


def paragraphs_of(text: str, blocks: Sequence[Block], *, by_line: bool) -> list[Span]:
    """Return what is a paragraph to its writer: a block, or a line where lines are not wrapped by hand."""
    parts: list[Span] = []
    for block in blocks:
        if by_line or _UNWRAPPED.search(text, block.start, block.stop):
            parts += _lines(text, block)
        else:
            parts.append((block.start, block.stop))
    return [(start, stop) for start, stop in parts if start < stop]


def _lines(text: str, block: Block) -> list[Span]:
    ends = [line.span() for line in _NEWLINE.finditer(text, block.start, block.stop)]
    starts = [block.start, *(end for _, end in ends)]
    return list(zip(starts, [*(start for start, _ in ends), block.stop], strict=True))


def headings(text: str, prose: Prose) -> Iterator[Span]:
    """Yield headings, rows of tables, and the title that a text begins with where its language tells one."""
    for found in prose.headings.finditer(text):
        yield found.start() + 1, found.end() + 1
    title = prose.title.match(text) if prose.title else None
    if title:
        yield title.start(1), title.end(1) + 1


def fences(text: str) -> Iterator[Span]:
    """Yield Markdown's fenced code blocks; a fence that is never closed shuts nothing."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence.group(1).startswith(opened.group(1)) and not fence.group(2).strip():
            yield opened.start() + 1, fence.end() + 1
            opened = None


def code(text: str, blocks: Sequence[Block]) -> Iterator[Span]:
    """Yield indented code; a blank line between two blocks of code belongs to it."""
    within = False
    for block in blocks:
        after_code, within = within, _CODE.match(text, block.start, block.stop) is not None
        if within:
            yield block.start + (not after_code), block.stop + 1


def attributions(text: str) -> Iterator[Span]:
    """Yield what lies between a quotation's end and the end of the line under it that names whose it is.

    Lines in a row that all begin with a dash are a dialogue or a list.
    """
    for found in _ATTRIBUTION.finditer(text):
        before = _end_before(text, found.start())
        if _HYPHEN.match(found.group()) and ends_sentence(found.group()):
            continue  # a list's item
        if before and not _begins_with_dash(text, before) and not _begins_with_dash(text, _next(text, found.end())):
            yield before, found.end()


def _end_before(text: str, position: int) -> int:
    """Return where the text before a position ends, white space and marks of quoting left out."""
    while position and (text[position - 1].isspace() or text[position - 1] == ">"):
        position -= 1
    return position


def _next(text: str, position: int) -> int:
    """Return where the next text after a position begins, the marks before it included."""
    while position < len(text) and text[position].isspace():
        position += 1
    return min(position + 1, len(text))


def _begins_with_dash(text: str, position: int) -> bool:
    """Tell whether the line that holds text[position - 1] begins with a dash."""
    line = re.split(r"[\r\n]", text[max(0, position - _SHORT_ITEM_BYTES) : position])[-1]
    return _DASH_LINE.match(line) is not None


def definitions(text: str, blocks: Sequence[Block]) -> Iterator[Span]:
    """Yield what lies between a term without a full stop and the block below it that is indented deeper."""
    for term, below in pairwise(blocks):
        if _indent(text, below.start) < 2 or ends_sentence(text[term.start : term.stop]):
            continue
        lines = [start for start, stop in _lines(text, below) if start < stop]
        deeper = min(_indent(text, start) for start in lines) > _indent(text, term.start) if lines else False
        name = text[term.start : term.stop].strip()
        if deeper and (len(lines) > 1 or len(name) <= _LONG_LINE and _SIGNATURE.search(name)):
            yield term.stop, below.start + 1


def _indent(text: str, start: int) -> int:
    found = re.compile(r"[ \t]*").match(text, start)
    return len(found.group().expandtabs()) if found else 0


def lists(text: str, blocks: Sequence[Block]) -> Iterator[Span]:
    """Yield lists of short items, from behind their beginning to their end."""
    before: Span | None = None
    for block in blocks:
        starts = [found.start() for found in _ITEM.finditer(text, block.start, block.stop)]
        if not starts or starts[0] != block.start:
            before = None
        for start, stop in zip(starts, [*starts[1:], block.stop], strict=False):
            if before is not None:
                yield before[0] + 1, start + 1
                yield start + 1, _item_end(text, start, stop)
            before = (start, stop) if _is_short(text, start, stop, _SHORT_ITEM_BYTES) else None


def _item_end(text: str, start: int, stop: int) -> int:
    """Return where an item ends: with the first line that ends a sentence, else with its block."""
    ends = (line.start() for line in _NEWLINE.finditer(text, start, stop))
    return next((end for end in ends if ends_sentence(text[start:end])), _end_before(text, stop))


def _is_short(text: str, start: int, stop: int, size_bytes: int) -> bool:
    return stop - start <= size_bytes and len(text[start:stop].encode("utf-8", "surrogatepass")) <= size_bytes


def leaders(text: str) -> Iterator[Span]:
    """Yield the dots that lead to a page's number."""
    return ((found.start(), found.end()) for found in _LEADERS.finditer(text))


def numbers(text: str, blocks: Sequence[Block]) -> Iterator[Span]:
    """Yield blocks that are only the number or the mark of what follows, up to that."""
    for block in blocks:
        if block.stop - block.start <= _LONGEST_NUMBER and _ONLY_A_MARK.fullmatch(text, block.start, block.stop):
            yield block.start + 1, block.after + 1


def contents(text: str, blocks: Sequence[Block]) -> Iterator[tuple[Span, bool]]:
    """Yield tables of contents and other rows of short blocks without a full stop, up to the last one's beginning.

    Beside each stands whether its entries are numbered, as a table of contents has them, or it may be verse, a chat
    or a text without marks.
    """
    row: list[Block] = []
    for block in [*blocks, Block(len(text), len(text), len(text))]:
        if block.start < block.stop and _is_entry(text, block):
            row.append(block)
            continue
        if len(row) >= _CONTENTS_FROM:
            span = (row[0].start + 1, row[-1].start + 1)
            numbered = sum(_ENTRY.match(text, one.start) is not None for one in row)
            yield span, 3 * numbered >= len(row) and span[1] - span[0] <= _LONGEST_CONTENTS
        row = []


def _is_entry(text: str, block: Block) -> bool:
    """Tell whether a block is a short line without a full stop, or several that are mostly numbered."""
    if not _is_open(text, max(block.start, block.stop - _SHORT_LINE_BYTES), block.stop):
        return False
    lines = _lines(text, block)
    if not all(_is_short(text, *line, _SHORT_LINE_BYTES) and _is_open(text, *line) for line in lines):
        return False
    return len(lines) == 1 or 2 * sum(_ENTRY.match(text, start) is not None for start, _ in lines) >= len(lines)


def _is_open(text: str, start: int, stop: int) -> bool:
    line = text[start:stop]
    return not ends_sentence(line) and line[-1:] not in "，；、,;" and not _OTHER_END.search(line)


def leads_on(text: str, block: Block, *, holds_ends: bool, spaced: bool) -> bool:
    """Tell whether a block without a full stop goes on in the next one: a lead-in, a sentence cut in two.

    Args:
        text: the whole text.
        block: a block of it.
        holds_ends: whether sentences end within the block, so that it is no title.
        spaced: whether words have spaces between them.
    """
    last = text[max(block.start, block.stop - 4) : block.stop]
    if not last or last[-1] in "，；、：,:;—–" or (last.endswith("--") and not last.endswith("---")):
        return True
    if holds_ends and last[-1].isalpha():
        return True
    if not spaced:
        return False
    # A stray blank line within a sentence, as scraped texts have them, and lists that are one long sentence.
    goes_on = text[block.after : block.after + 40].lstrip()[:1].islower()
    return last in (" and", "\nand") or last[-1].isalpha() and goes_on


# ---- where a text's running prose begins: behind title pages, dedications, tables of contents and lists --------------


_WINDOWS = (600, 3_000)
"""Characters that are looked at from a place on, to say whether it stands in running text: in both."""
_SHARE = 0.6
_LEAST_BYTES = 40
_ENDS_WITHIN = re.compile(rf"[a-z]{{2}}[.!?][\"'”’)]*\s+\S|[{OTHER_ENDS}]")
_SEARCHED_SHARE = 0.2
_SEARCHED = 100_000


def running_start(text: str, language: str) -> int:
    """Return where running text begins: the character at which a first haystack starts.

    A paragraph is running text if it holds a sentence that ends, or leads up to what follows by a colon, and is no
    heading, list, table, code or table of contents. The text begins at the first such paragraph from which on at
    least 60% of the next 600 and of the next 3,000 characters, code left out, are running text. Only the first
    fifth of a text is looked at, and 100,000 characters at most: where nothing there is running text (code, a
    transcript without marks), the text begins at its beginning.
    """
    own = of(language)
    spaced = own.language.spaced
    reach = min(int(len(text) * _SEARCHED_SHARE), _SEARCHED)
    text = text[: reach + _WINDOWS[-1]]
    blocks = blocks_of(text)
    inside = [*headings(text, own.prose), *lists(text, blocks), *(span for span, _ in contents(text, blocks))]
    parts = _outside(paragraphs_of(text, blocks, by_line=not spaced), code(text, blocks) if spaced else [])
    open_parts = set(_outside(parts, inside))
    is_running = [part in open_parts and _is_prose(text, *part) for part in parts]
    starts, sizes = [start for start, _ in parts], np.array([stop - start for start, stop in parts])
    running = np.concatenate([[0], np.cumsum(sizes * is_running)])
    whole = np.concatenate([[0], np.cumsum(sizes)])
    for index, start in enumerate(starts):
        if start > reach:
            break
        ends = [int(np.searchsorted(starts, start + window)) for window in _WINDOWS]
        if is_running[index] and all(
            running[end] - running[index] >= _SHARE * (whole[end] - whole[index]) for end in ends
        ):
            return start + _blanks(text, start)
    return 0


def _outside(parts: list[Span], spans: Iterable[Span]) -> list[Span]:
    """Return the paragraphs that do not begin in one of the spans."""
    kept = set(Shut(spans).open(start + 1 for start, _ in parts).tolist())
    return [part for part in parts if part[0] + 1 in kept]


def _is_prose(text: str, start: int, stop: int) -> bool:
    """Tell whether a paragraph is made of sentences: it has enough letters, not all of them capitals, and ends."""
    paragraph = text[start:stop]
    letters = sum(map(str.isalpha, paragraph))
    if len(paragraph.encode("utf-8", "surrogatepass")) < _LEAST_BYTES or 3 * letters < len(paragraph):
        return False
    if 2 * sum(map(str.isupper, paragraph)) >= letters:
        return False
    return ends_sentence(paragraph) or paragraph[-1] in ":：" or _ENDS_WITHIN.search(paragraph) is not None


def _blanks(text: str, start: int) -> int:
    line = text[start : start + _WINDOWS[-1]]
    return len(line) - len(line.lstrip())
