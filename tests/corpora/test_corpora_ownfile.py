"""The user's own files: every encoding that people have, and one sentence for what can't be read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.corpora import load_path
from nihbench.corpora.ownfile import decode
from nihbench.errors import UsageError

CHINESE = "话说天下大势，分久必合，合久必分。\n“在北京最好的事情”，\U00020bb7野家。"
ENGLISH = "Call me Ishmael. It’s a café.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "书.txt"
    path.write_bytes(CHINESE.replace("\n", "\r\n").encode(encoding))
    corpus = load_path(path)
    assert (corpus.text, corpus.language, corpus.name) == (CHINESE, "zh", "书.txt")
    assert corpus.sha256 == hashlib.sha256(CHINESE.encode()).hexdigest()


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1))
@settings(max_examples=100, deadline=None)
def test_any_chinese_text_is_read_from_utf8_and_utf16(text: str) -> None:
    assert decode(text.encode("utf-8")) == text
    assert decode(text.encode("utf-16")) == text


def test_big_endian_utf16() -> None:
    assert decode(b"\xfe\xff" + ENGLISH.encode("utf-16-be")) == ENGLISH


@pytest.mark.parametrize(
    "content",
    [
        "Un café très agréable, près de l'été à Nîmes.".encode("latin-1"),
        "Im Frühling blühen schöne Blümchen über Österreich".encode("cp1252"),
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        bytes(range(1, 32)) * 4,
        "text".encode("utf-32"),
        b"\xff\xfe\x00\xd8",
        b"\xff" * 20,
    ],
)
def test_what_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="x.txt is not text in UTF-8"):
        load_path(path)


def test_a_folder_is_read_in_order_of_relative_path(tmp_path: Path) -> None:
    for name, text in {
        "b.md": "two\r\n",
        "a/z.txt": "one",
        "c.TXT": "three",
        "d.pdf": "not read",
        ".hidden/a.txt": "not read",
        "e.txt": " \n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    corpus = load_path(tmp_path)
    assert corpus.text == "one\n\ntwo\n\n\nthree"
    assert corpus.language == "en"


def test_the_language_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ENGLISH, encoding="utf-8")
    assert load_path(tmp_path / "a.txt", "zh").language == "zh"


def test_what_is_missing_or_empty_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        load_path(tmp_path / "none")
    with pytest.raises(UsageError, match="no .txt or .md file"):
        load_path(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf\r\n")
    with pytest.raises(UsageError, match="no text in"):
        load_path(tmp_path / "a.txt")


def test_a_replacement_character_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bad \ufffd here", encoding="utf-8")
    with pytest.raises(UsageError, match="U\\+FFFD"):
        load_path(tmp_path / "a.txt")
