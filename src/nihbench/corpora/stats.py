"""How long a corpus is, in every measure that people use. Counting only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nihbench.languages.base import of
from nihbench.languages.scripts import HAN
from nihbench.types import Corpus, Tokenizer

_HAN = re.compile(f"[{HAN}]")


def count_han(text: str) -> int:
    """Return the number of Han characters in `text`."""
    return sum(1 for _ in _HAN.finditer(text))


# Letters and digits of any script but Han, with apostrophes inside: "don't" is one word.
_WORD = re.compile(rf"(?:(?![{HAN}])[^\W_])+(?:['’](?:(?![{HAN}])[^\W_])+)*")


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
    corpus in a language without spaces it is the number of its letters, the measure of words in Chinese.
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
    own = of(corpus.language).language
    word = _WORD if own.spaced else re.compile(f"[{own.letters}{HAN}]")
    return CorpusStats(
        name=corpus.name,
        language=corpus.language,
        bytes=len(text.encode("utf-8")),
        characters=len(text),
        han=han,
        words=sum(1 for _ in word.finditer(text)),
        lines=text.count("\n") + (not text.endswith("\n") and bool(text)),
        tokens=tuple(TokenCount(tokenizer=t.name, tokens=t.count(text), exact=t.exact) for t in tokenizers),
    )
