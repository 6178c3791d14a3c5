"""How long a corpus is, in every measure that people use. Counting only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nihbench.types import Corpus, Tokenizer

# ---- which characters are 汉字: one place for the ranges. No words, no sentences -------------------------------------

# Iteration mark and zero, numerals, extension A, the basic block, compatibility, and planes 2 and 3, which hold
# nothing but Han characters (extensions B and on).
HAN_CLASS = "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN = re.compile(f"[{HAN_CLASS}]")


def count_han(text: str) -> int:
    """Return the number of Han characters in `text`."""
    return sum(1 for _ in _HAN.finditer(text))


# Letters and digits of any script but Han, with apostrophes inside: "don't" is one word.
_WORD = re.compile(rf"(?:(?![{HAN_CLASS}])[^\W_])+(?:['’](?:(?![{HAN_CLASS}])[^\W_])+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenCount:
    """The tokens of a text by one tokenizer; `exact` is False for an estimate."""

    tokenizer: str
    tokens: int
    exact: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusStats:
    """The measures of a corpus.

    `bytes` are of its UTF-8. `han` are Han characters. `words` are runs of letters and digits in other scripts; of a
    Chinese corpus it is the number of Han characters, the measure of words in Chinese.
    """

    name: str
    language: str
    bytes: int
    characters: int
    han: int
    words: int
    lines: int
    tokens: tuple[TokenCount, ...]


def stats(corpus: Corpus, tokenizers: Sequence[Tokenizer] = ()) -> CorpusStats:
    """Measure a corpus; tokens once for every tokenizer given."""
    text = corpus.text
    han = count_han(text)
    words = han if corpus.language == "zh" else sum(1 for _ in _WORD.finditer(text))
    return CorpusStats(
        name=corpus.name,
        language=corpus.language,
        bytes=len(text.encode("utf-8")),
        characters=len(text),
        han=han,
        words=words,
        lines=text.count("\n") + (not text.endswith("\n") and bool(text)),
        tokens=tuple(TokenCount(tokenizer=t.name, tokens=t.count(text), exact=t.exact) for t in tokenizers),
    )
