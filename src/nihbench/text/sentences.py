"""Where a needle sentence may be put into a text: after sentences and between paragraphs.

Pure and linear in the text's length. It would rather miss a boundary than invent one: a needle inside a sentence
spoils a trial, a boundary fewer only moves the needle by a sentence. It parses no grammar: word lists, marks and
what stands beside them decide. It neither cleans a text nor puts anything into it.

The way: candidates are all terminators with the closers after them; a rule of the language looks at both sides;
then everything inside quotes, brackets, headings, tables and code is taken out again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nihbench.languages.base import Known, of
from nihbench.languages.scripts import is_joined
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
from nihbench.text.pairs import Pairs, Shut, match_pairs
from nihbench.text.quotes import quotations, turns
from nihbench.text.unbroken import part
from nihbench.types import IntArray


def boundaries(text: str, language: str) -> IntArray:
    r"""Return the positions in `text` at which a sentence may be inserted.

    A position p stands between text[p - 1] and text[p]. It is either directly after a sentence's terminator and
    the closers that belong to it, before any white space; or, where a paragraph ends without a terminator, after
    the newlines of the blank line, so that text[p] is the next paragraph's first character. A single line break is
    no boundary. Quotes and brackets are balanced within a paragraph (English) or a line (Chinese).

    Args:
        text: any text; newlines may be \n, \r\n or \r.
        language: a code; subtags are left aside, and what has no file is split by the English rule.

    Returns:
        Character positions, int64, ascending, without repeats and without 0 and len(text).
    """
    own = of(language)
    pairs = match_pairs(text, own.prose.pair)
    blocks = blocks_of(text)
    firm, shut = _spans(text, blocks, pairs, own)
    ends = own.prose.ends(text, pairs.opener_at, 0, len(text))
    kept = shut.open(ends)
    gaps = [block for block in blocks if block.after < len(text)]
    inside = np.searchsorted(kept, [g.stop for g in gaps]) > np.searchsorted(kept, [g.start for g in gaps], "right")
    ended = set(kept.tolist())
    breaks = (
        gap.after
        for gap, holds_ends in zip(gaps, inside.tolist(), strict=True)
        if gap.stop not in ended and not leads_on(text, gap, holds_ends=holds_ends, spaced=own.language.spaced)
    )
    found = np.union1d(kept, shut.open(breaks))
    found = part(text, found, soft=(gap.after for gap in gaps), shut=shut, firm=firm)
    return found[(found > 0) & (found < len(text)) & ~_joined(text, found)]


def sentence_ends(text: str, language: str) -> IntArray:
    """Return where the sentences and blocks of a text end, those within quotations and lists too: to read it by."""
    prose = of(language).prose
    ends = prose.ends(text, match_pairs(text, prose.pair).opener_at, 0, len(text))
    gaps = (block.after for block in blocks_of(text))
    found = np.unique(np.fromiter((*ends, *gaps), dtype=np.int64))
    return found[(found > 0) & (found < len(text))]


def _spans(text: str, blocks: Sequence[Block], pairs: Pairs, own: Known) -> tuple[Shut, Shut]:
    """Return what never holds a boundary, and that together with what holds one only where nothing else is near."""
    spaced = own.language.spaced
    paragraphs = paragraphs_of(text, blocks, by_line=not spaced)
    firm = quotations(text, paragraphs, spaced=spaced)
    for begin, end in firm:  # those, too, that were opened in a paragraph before
        pairs.opener_at.setdefault(end - 1, begin - 1)
    firm += turns(text, paragraphs)
    firm += attributions(text)
    firm += definitions(text, blocks)
    shut = [
        *headings(text, own.prose),
        *fences(text),
        *lists(text, blocks),
        *leaders(text),
        *numbers(text, blocks),
    ]
    shut += pairs.shut
    if spaced:
        shut += code(text, blocks)
    for span, numbered in contents(text, blocks):
        (firm if numbered else shut).append(span)
    return Shut(firm), Shut([*firm, *shut])


def _joined(text: str, points: IntArray) -> NDArray[np.bool_]:
    """Tell which positions stand before a character that belongs to the one before it (accents, joiners)."""
    glued = (0 < p < len(text) and is_joined(text[p - 1], text[p]) for p in points.tolist())
    return np.fromiter(glued, dtype=np.bool_)
