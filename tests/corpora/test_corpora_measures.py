"""Counts against another way of counting, and the cache of token offsets against damage."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.corpora.offsets import token_starts
from nihbench.corpora.store import count_han, stats
from nihbench.types import Corpus, IntArray


class Pairs:
    """Two characters a token; counts how often it was asked."""

    name = "pairs"
    exact = True

    def __init__(self) -> None:
        self.asked = 0

    def count(self, text: str) -> int:
        return len(self.starts(text))

    def starts(self, text: str) -> IntArray:
        self.asked += 1
        return np.arange(0, len(text), 2, dtype=np.int64)


def corpus(text: str, language: str = "en") -> Corpus:
    return Corpus(name="c", language=language, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def test_measures_of_an_english_text() -> None:
    found = stats(corpus("Don't eat 2 sand-wiches,\nnaïve 北京!\n"), [Pairs()])
    assert (found.words, found.lines, found.han, found.characters) == (6, 2, 2, 35)
    assert found.bytes == 35 + 1 + 4
    assert [(count.tokenizer, count.tokens, count.exact) for count in found.tokens] == [("pairs", 18, True)]


def test_of_a_chinese_text_the_words_are_its_han_characters() -> None:
    found = stats(corpus("𠮷野家，GPT 4〇年。", "zh"))
    assert found.han == found.words == 5
    assert found.lines == 1


def test_an_empty_text_has_no_lines() -> None:
    assert (stats(corpus("")).lines, stats(corpus("")).words) == (0, 0)


@given(st.characters(exclude_categories=["Cn", "Cs", "Co"]))
@settings(max_examples=300, deadline=None)
def test_han_agrees_with_unicode_names(char: str) -> None:
    name = unicodedata.name(char, "")
    if name.startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH")):
        assert count_han(char) == 1
    elif char.isascii() or name.startswith(("HIRAGANA", "KATAKANA", "HANGUL", "LATIN", "FULLWIDTH", "CYRILLIC")):
        assert count_han(char) == 0


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NIH_CACHE_DIR", str(tmp_path))
    return tmp_path / "offsets"


def test_offsets_are_computed_once(cache: Path) -> None:
    tokenizer, text = Pairs(), "天地玄黄 abc" * 100
    first = token_starts(text, "s", tokenizer)
    second = token_starts(text, "s", tokenizer)
    assert tokenizer.asked == 1
    assert first.dtype == second.dtype == np.int64
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, Pairs().starts(text))
    (file,) = cache.iterdir()
    assert np.load(file).dtype == np.int32


def test_offsets_belong_to_text_and_tokenizer(cache: Path) -> None:
    tokenizer, other = Pairs(), Pairs()
    other.name = "others"
    token_starts("abcd", "s", tokenizer)
    token_starts("abcd", "t", tokenizer)
    token_starts("abcd", "s", other)
    assert (tokenizer.asked, other.asked, len(list(cache.iterdir()))) == (2, 1, 3)


@given(st.integers(0, 2_000), st.integers(1, 255))
@settings(max_examples=25, deadline=None)
def test_a_flipped_byte_is_never_believed(tmp_path_factory: pytest.TempPathFactory, at: int, flip: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NIH_CACHE_DIR", str(folder))
        text = "x" * 900
        right = token_starts(text, "s", Pairs())
        (file,) = (folder / "offsets").iterdir()
        content = bytearray(file.read_bytes())
        content[at % len(content)] ^= flip
        file.write_bytes(content)
        np.testing.assert_array_equal(token_starts(text, "s", Pairs()), right)


@pytest.mark.parametrize("damage", ["cut", "empty", "other length", "two dimensions", "objects"])
def test_a_damaged_cache_is_made_again(cache: Path, damage: str) -> None:
    text = "abcdefgh" * 20
    right = token_starts(text, "s", Pairs())
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[:-5])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "other length":
        np.save(file, np.load(file)[:-1])
    elif damage == "two dimensions":
        np.save(file, np.zeros((4, 4), dtype=np.int32))
    else:
        np.save(file, np.array([{}] * 5, dtype=object), allow_pickle=True)
    tokenizer = Pairs()
    np.testing.assert_array_equal(token_starts(text, "s", tokenizer), right)
    assert tokenizer.asked == 1
    assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("NIH_CACHE_DIR", str(tmp_path / "file"))
    assert len(token_starts("abcd", "s", Pairs())) == 2


def test_an_empty_text_has_no_tokens(cache: Path) -> None:
    assert token_starts("", "s", Pairs()).shape == (0,)
    assert token_starts("", "s", Pairs()).shape == (0,)
