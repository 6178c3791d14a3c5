"""The text of a run: which corpus, its token starts and sentences, and the source that each repeat is cut from."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nihbench import corpora
from nihbench.catalog import Catalog
from nihbench.errors import UsageError
from nihbench.fetch import Report
from nihbench.text import Source, boundaries, make_source, sentence_start
from nihbench.types import Corpus, IntArray, Needle, Tokenizer


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """A corpus with its token starts and sentence boundaries, and what a user must be told about it."""

    corpus: Corpus
    starts: IntArray
    boundaries: IntArray
    notes: tuple[str, ...]


def load_texts(
    needle: Needle, name: str, tokenizer: Tokenizer, *, catalog: Catalog, folder: Path, report: Report
) -> Texts:
    """Load the corpus `name` for a needle, with its tokens and sentences.

    Raises:
        UsageError: there is no such corpus, or the needle stands in it already.
        FetchError: it could not be brought.
    """
    corpus = load_corpus(catalog, name, folder, report)
    notes = [corpus.caveat] if corpus.caveat else []
    if corpus.language != needle.language:
        notes.append(
            f"the needle's language is {needle.language}, the corpus's is {corpus.language}: "
            "a needle in another language than its haystack is easy to see"
        )
    if not needle.fresh and needle.statements[0] in corpus.text:
        raise UsageError(
            f"the needle {needle.name!r} already stands in the corpus {corpus.name!r}: take another of the two"
        )
    return Texts(
        corpus=corpus,
        starts=corpora.token_starts(corpus.text, corpus.sha256, tokenizer),
        boundaries=boundaries(corpus.text, corpus.language),
        notes=tuple(notes),
    )


def corpus_choice(option: str | None, language: str) -> str | None:
    """Read `--corpus`: `NAME` or a path, or `zh=NAME` which counts for needles of that language only."""
    choice = None
    for part in option.split(",") if option else []:
        key, equals, name = part.partition("=")
        if equals and len(key) == 2 and key.isalpha():
            choice = name if key == language else choice
        else:
            choice = part
    return choice


def load_corpus(catalog: Catalog, name: str, folder: Path, report: Report) -> Corpus:
    """Load a corpus by its name in the catalog, or a user's own file or folder by its path."""
    if name in catalog.corpora:
        manifest = catalog.corpora[name]
        others = corpora.alternatives_to(manifest, catalog.corpora.values())
        return corpora.ensure(manifest, folder=corpora.haystack_folder(folder), report=report, alternatives=others)
    if Path(name).exists():
        return corpora.load_path(Path(name))
    try:
        catalog.corpus(name)
    except UsageError as error:
        raise UsageError(f"{error}, or give the path of a text file or folder") from error
    raise AssertionError("a corpus of the catalog was taken above")


def sources(texts: Texts, tokenizer: Tokenizer, seed: int, copies: int) -> Callable[[int], Source]:
    """Return a function from a repeat's number to its source; the first begins at the corpus's beginning."""

    @lru_cache(maxsize=2)
    def source_of(repeat: int) -> Source:
        text = texts.corpus.text
        start = 0
        if repeat:
            drawn = random.Random(f"{seed}:{repeat}:{texts.corpus.sha256}").randrange(len(text))
            start = sentence_start(text, texts.boundaries, drawn)
        return make_source(
            text, texts.corpus.language, texts.starts, texts.boundaries, tokenizer, start=start, copies=copies
        )

    return source_of
