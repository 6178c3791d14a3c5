"""The text of a run: which corpus, its token starts and sentences, and the source that each repeat is cut from."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nihbench.catalog.lookup import Catalog
from nihbench.corpora.offsets import sentence_boundaries, token_starts
from nihbench.corpora.ownfile import load_path
from nihbench.corpora.store import alternatives_to, ensure, haystack_folder, load
from nihbench.errors import FetchError, UsageError
from nihbench.fetch.files import Report
from nihbench.lang.messages import Note, Words, t
from nihbench.text.blocks import running_start
from nihbench.text.sentences import boundaries
from nihbench.text.source import Source, make_source
from nihbench.types import UNKNOWN_LANGUAGE, Corpus, IntArray, Needle, Tokenizer


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """A corpus with its token starts and sentence boundaries, and what a user must be told about it.

    `first` is the character at which its running text begins, and with it the first haystack.
    """

    corpus: Corpus
    starts: IntArray
    boundaries: IntArray
    first: int
    notes: tuple[Words, ...]


def made_source(text: str, language: str, tokenizer: Tokenizer) -> Source:
    """Return the source of a haystack that a task made."""
    return make_source(text, language, tokenizer.starts(text), boundaries(text, language), tokenizer)


def load_texts(
    needle: Needle,
    name: str,
    tokenizer: Tokenizer,
    *,
    catalog: Catalog,
    folder: Path,
    report: Report,
    text_sha256: str | None = None,
) -> Texts:
    """Load the corpus `name` for a needle, with its tokens and sentences; `text_sha256` is what it must have, if any.

    Raises:
        UsageError: there is no such corpus, it is another text, or the needle stands in it already.
        FetchError: it could not be brought.
    """
    corpus = load_corpus(catalog, name, folder, report, text_sha256)
    if text_sha256 is not None:
        check_corpus(corpus, text_sha256)
    notes: list[Words] = [corpus.caveat] if corpus.caveat else []
    if corpus.language not in (needle.language, UNKNOWN_LANGUAGE):
        notes.append(Note("other_language", needle=needle.language, corpus=corpus.language))
    if not needle.fresh and needle.statements[:1] and needle.statements[0] in corpus.text:
        raise UsageError(t("run.needle_already_stands_corpus", needle_name=needle.name, corpus_name=corpus.name))
    return Texts(
        corpus=corpus,
        starts=token_starts(corpus.text, corpus.sha256, tokenizer),
        boundaries=sentence_boundaries(corpus.text, corpus.sha256, corpus.language),
        first=running_start(corpus.text, corpus.language),
        notes=tuple(notes),
    )


def corpus_choices(option: str | None) -> dict[str, str]:
    """Read `--corpus`: a path, or `NAME`, `zh=NAME` (for needles of that language), and both by commas.

    A path that has a comma or `=` in it is one where it names its folder, too, or has a suffix (`./a,b`, `a,b.txt`).

    Returns:
        A name or path for each language; under "" the one for all other languages.

    Raises:
        UsageError: a name is missing, or there are two for one language.
    """
    if not option:
        return {}
    if (os.path.dirname(option) or "." in option) and os.path.exists(option):
        return {"": option}
    choices: dict[str, str] = {}
    for part in option.split(","):
        language, equals, name = part.strip().partition("=")
        if not (equals and len(language) == 2 and language.isalpha()):
            language, name = "", part.strip()
        if not name:
            raise UsageError(t("run.corpus_lacks_name_write", option=option))
        if language in choices:
            raise UsageError(t("run.corpus_names_two_corpora", option=option))
        choices[language] = name
    return choices


def corpus_choice(option: str | None, language: str) -> str | None:
    """Return what `--corpus` names for needles of a language, or None."""
    choices = corpus_choices(option)
    return choices.get(language) or choices.get("")


def check_corpus_option(option: str | None, catalog: Catalog) -> None:
    """Make sure that all which `--corpus` names is there, also for languages that this run has no needle of.

    Raises:
        UsageError: a corpus, path or language is not known.
    """
    languages = {needle.language for needle in catalog.needles.values()} | {""}
    for language, name in corpus_choices(option).items():
        if language not in languages:
            raise UsageError(t("run.corpus_no_needle_language", option=option, language=language))
        if name not in catalog.corpora and not os.path.exists(name):
            raise _unknown(catalog, name)


def absolute_corpus(option: str | None, catalog: Catalog) -> str | None:
    """Return `--corpus` with its paths made absolute, so that it means the same from every folder.

    A corpus's name is that corpus, whatever lies in the working folder under this name.
    """
    choices = corpus_choices(option)
    paths = {name for name in choices.values() if name not in catalog.corpora and os.path.exists(name)}
    if not paths:
        return option
    parts = []
    for language, name in choices.items():
        place = os.path.abspath(name) if name in paths else name
        parts.append(f"{language}={place}" if language else place)
    return ",".join(parts)


def load_corpus(catalog: Catalog, name: str, folder: Path, report: Report, text_sha256: str | None = None) -> Corpus:
    """Load a corpus by its name in the catalog, or a user's own file or folder by its path.

    Args:
        catalog: the known corpora.
        name: a name or a path.
        folder: the user's working folder.
        report: told what is being fetched.
        text_sha256: the text that an earlier run used: preferred where it is here. The caller compares.
    """
    if name in catalog.corpora:
        manifest = catalog.corpora[name]
        place = haystack_folder(folder)
        if text_sha256 is not None:
            with suppress(FetchError):
                return load(manifest, folder=place, text_sha256=text_sha256)
        others = alternatives_to(manifest, catalog.corpora.values())
        return ensure(manifest, folder=place, report=report, alternatives=others)
    if os.path.exists(name):
        return load_path(Path(name))
    raise _unknown(catalog, name)


def stored_corpus(catalog: Catalog, name: str, folder: Path, text_sha256: str) -> Corpus:
    """Load the text of an earlier run as far as it is here; nothing is fetched.

    Raises:
        UsageError: there is no such corpus, or the text here is another one.
        FetchError: it is not here, or damaged.
    """
    if name in catalog.corpora:
        place = haystack_folder(folder)
        corpus = load(catalog.corpora[name], folder=place, text_sha256=text_sha256)
    elif os.path.exists(name):
        corpus = load_path(Path(name))
    else:
        raise _unknown(catalog, name)
    check_corpus(corpus, text_sha256)
    return corpus


def check_corpus(corpus: Corpus, text_sha256: str) -> None:
    """Raise `UsageError` unless a corpus is the text of that hash, which a run used."""
    if corpus.sha256 != text_sha256:
        raise UsageError(
            t("run.corpus_here_not_one", corpus_name=corpus.name, sha256=corpus.sha256[:12], expected=text_sha256[:12])
        )


def _unknown(catalog: Catalog, name: str) -> UsageError:
    """Return the error for a name that is neither in the catalog nor a path."""
    try:
        catalog.corpus(name)
    except UsageError as error:
        return UsageError(t("run.give_path_text_file", error=error))
    raise AssertionError("a corpus of the catalog is known")


def sources(texts: Texts, tokenizer: Tokenizer, start_of: Callable[[int], int], copies: int) -> Callable[[int], Source]:
    """Return a function from a repeat's number to its source, which begins at `start_of` it."""

    @lru_cache(maxsize=2)
    def source_from(start: int) -> Source:
        text = texts.corpus
        return make_source(
            text.text, text.language, texts.starts, texts.boundaries, tokenizer, start=start, copies=copies
        )

    return lambda repeat: source_from(start_of(repeat))
