"""Where Chinese sentences end: after 。！？ and the closers that belong to them, outside quotations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nihbench.text.english import english_ends
from nihbench.text.pairs import Pairs
from nihbench.text.scripts import PARTICLES

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
