"""Where a text's running prose begins: behind title pages, dedications, tables of contents and lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from nihbench.languages.base import of
from nihbench.languages.scripts import OTHER_ENDS, ends_sentence
from nihbench.text.blocks import blocks_of, code, contents, headings, lists, paragraphs_of
from nihbench.text.pairs import Shut, Span

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
