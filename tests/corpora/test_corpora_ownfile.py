"""The user's own files: every encoding that people have, and one sentence for what can't be read."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.corpora.ownfile import decode, load_path
from nihbench.errors import UsageError
from tests.wording import says, wording

CHINESE = "话说天下大势，分久必合，合久必分。\n“在北京最好的事情”，\U00020bb7野家。"
ENGLISH = "Call me Ishmael. It’s a café.\n"


JAPANESE = "これは日本語の文章です。図書館の鍵は、古い時計の裏に隠されています。\nカタカナのメモもあります。\n"
KOREAN = "도서관의 열쇠는 오래된 시계 뒤에 숨겨져 있습니다. 아무도 그것을 모릅니다.\n그는 조용히 웃었다.\n"
TRADITIONAL = "圖書館的鑰匙藏在舊鐘的後面，沒有人知道這件事。\n他說：「明天再來吧。」大家都散了。\n"
SIMPLIFIED = "图书馆的钥匙藏在旧钟的后面，没有人知道这件事。\n他说：“明天再来吧。”大家都散了。\n"
CLASSICAL = "话说天下大势，分久必合，合久必分：周末七国分争，并入于秦。及秦灭之后，楚、汉分争，又并入于汉。\n"
RUSSIAN = "Ключ от библиотеки спрятан за старыми часами. Никто об этом не знает.\n"
FRENCH = "Un café très agréable, près de l'été à Nîmes, où l'on mange des crêpes.\n"
GERMAN = "Im Frühling blühen schöne Blümchen über Österreich, und die Vögel zwitschern fröhlich.\n"
_SOUND = SIMPLIFIED.encode("gb18030")
BY_A_MARK = {"utf-16": b"", "utf-32": b"", "gb18030": b"\x84\x31\x95\x33", "utf-8-sig": b""}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "书.txt"
    path.write_bytes(CHINESE.replace("\n", "\r\n").encode(encoding))
    corpus = load_path(path)
    assert (corpus.text, corpus.language, corpus.name) == (CHINESE, "zh", "书.txt")
    assert corpus.sha256 == hashlib.sha256(CHINESE.encode()).hexdigest()
    assert (corpus.caveat == "") == encoding.startswith("utf-8")


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1))
@settings(max_examples=100, deadline=None)
def test_any_chinese_text_is_read_from_utf8_and_utf16(text: str) -> None:
    assert decode(text.encode("utf-8"), "x").text == text
    assert decode(text.encode("utf-16"), "x").text == text


@pytest.mark.parametrize("encoding", BY_A_MARK)
def test_a_mark_is_believed_and_said(encoding: str) -> None:
    for text in (ENGLISH, CHINESE, KOREAN, "short"):
        found = decode(BY_A_MARK[encoding] + text.encode(encoding), "x")
        assert found.text == text
        assert (
            found.encoding.casefold().replace("-", "")
            == encoding.replace("-", "")[: len(found.encoding.replace("-", ""))]
        )
    assert decode(b"\xfe\xff" + ENGLISH.encode("utf-16-be"), "x").text == ENGLISH


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("gb18030", [SIMPLIFIED, CLASSICAL, TRADITIONAL, CHINESE]),
        ("big5", [TRADITIONAL]),
        ("shift_jis", [JAPANESE]),
        ("euc_jp", [JAPANESE]),
        ("euc_kr", [KOREAN]),
        ("utf-16-le", [ENGLISH, RUSSIAN, GERMAN, SIMPLIFIED, JAPANESE, KOREAN]),
        ("utf-16-be", [ENGLISH, RUSSIAN, GERMAN, SIMPLIFIED, JAPANESE, KOREAN]),
    ],
)
def test_what_is_plainly_an_older_encoding_is_read_as_it_and_said(
    tmp_path: Path, encoding: str, texts: list[str]
) -> None:
    for text in texts:
        for times in (1, 40):
            path = tmp_path / "old.txt"
            path.write_bytes((text * times).encode(encoding))
            corpus = load_path(path)
            assert corpus.text == text * times
            assert says(corpus.caveat, "note.not_utf8") and "old.txt" in str(corpus.caveat)


WRITTEN = [
    *((text, "gb18030") for text in (SIMPLIFIED, CLASSICAL, TRADITIONAL)),
    (TRADITIONAL, "big5"),
    *((JAPANESE, encoding) for encoding in ("shift_jis", "euc_jp")),
    (KOREAN, "euc_kr"),
    *((RUSSIAN, encoding) for encoding in ("cp1251", "koi8-r", "iso8859-5", "cp866")),
    *((text, encoding) for text in (FRENCH, GERMAN, ENGLISH) for encoding in ("cp1252", "latin-1", "cp850")),
    *((text, f"utf-16-{end}") for text in (SIMPLIFIED, JAPANESE, KOREAN, RUSSIAN, FRENCH) for end in ("le", "be")),
]


@settings(max_examples=400, deadline=None)
@given(written=st.sampled_from(WRITTEN), first=st.integers(0, 30), size=st.integers(1, 90), times=st.integers(1, 6))
def test_no_text_is_ever_read_as_another(written: tuple[str, str], first: int, size: int, times: int) -> None:
    """Short pieces, too: what can't be told is refused. (What is valid UTF-8 by chance, as 图 in GB18030, is that.)"""
    text, encoding = written
    meant = (text[first : first + size] * times).encode(encoding, "ignore").decode(encoding)
    try:
        found = decode(meant.encode(encoding), "x")
    except UsageError:
        return
    assert found.text == meant or found.text.encode("utf-8") == meant.encode(encoding)


def bad(byte: int, offset: int, line: int) -> str:
    """Return the pattern of both sentences about a byte that belongs to no character."""
    keys = "corpora.text_seems_but_some", "corpora.not_text_utf_8"
    return "|".join(wording(key, byte=byte, offset=offset, line=line) for key in keys)


def controls(code: int, line: int, **count: int) -> str:
    return wording("corpora.holds_control_characters_all", code=code, line=line, **count)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("A keeper’s ledger.\nThe keeper’s caf".encode() + b"\xe9s" + "’ ".encode() * 9, bad(0xE9, 39, 2)),
        (FRENCH.encode("latin-1"), bad(0xE9, 6, 1)),
        (b"One line.\n" + GERMAN.encode("cp1252"), bad(0xFC, 15, 2)),
        (RUSSIAN.encode("koi8-r") * 5, bad(0xEB, 0, 1)),
        (SIMPLIFIED.encode()[:-3], wording("corpora.ends_within_character_byte", offset=118, line=2)),
        (b"plain text and then " + "—".encode()[:2], wording("corpora.ends_within_character_byte", offset=20, line=1)),
        (b"\xef\xbb\xbfplain \xff text", bad(0xFF, 9, 1)),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", bad(0x89, 0, 1)),
        (b"\xff\xfe\x00\xd8", wording("corpora.not_text_mark_says", encoding="UTF-16")),
        (b"\xff" * 20, bad(0xFF, 0, 1)),
        (bytes(range(1, 32)) * 4, controls(1, 1, count=104)),
        (b"one\ntwo\nthr\0ee\n" * 9, controls(0, 3)),
        (b"All is quiet.\n" * 200 + b"\x1b[31mred\x1b[0m", controls(0x1B, 201, count=2)),
        (b"All is quiet.\n" * 200 + b"de\x7fl", controls(0x7F, 201)),
        (("All is quiet.\n" * 200 + "c\x9b1").encode(), controls(0x9B, 201)),
        ((SIMPLIFIED * 9).encode("iso2022_jp_ext", "ignore"), controls(0x1B, 1)),
        (SIMPLIFIED.encode("gb18030") * 3 + b"\xff" + SIMPLIFIED.encode("gb18030"),
         wording("corpora.text_seems_but_some", encoding="GB18030")),
        (SIMPLIFIED.encode("gb18030") + b"\xff" + SIMPLIFIED.encode("gb18030"), bad(0xFF, len(_SOUND), 3)),
        (b"\x1b[32mINFO\x1b[0m all is quiet.\n" * 20, controls(0x1B, 1, count=40)),
    ],
)  # fmt: skip
def test_what_is_not_text_is_refused_with_its_place(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        load_path(path)
    assert "x.txt" in str(refused.value) and re.search(words, str(refused.value))


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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The keeper wound the clock.", "en"),
        ("Der Wärter zog die Uhr auf, wie jeden Abend.", "en"),
        ("守钟人给钟上了弦。", "zh"),
        ("नदी के किनारे एक पुराना बरगद का पेड़ था।", "und"),
        ("Старик смотрел на море.", "und"),
        ("등대지기가 시계를 감았다.", "und"),
        ("灯台守は毎晩、時計のねじを巻いた。東京都港区赤坂一丁目、国際会議場前。", "und"),
        (
            "守钟人读到“さようなら”，又给钟上了弦，然后沿着石阶一级一级走下去，海风吹灭了他手里的灯，四下里只剩潮声。",
            "zh",
        ),
        ("12, 13, 14.", "en"),
    ],
)
def test_a_script_that_tells_no_language_is_not_called_english(tmp_path: Path, text: str, language: str) -> None:
    path = tmp_path / "own.txt"
    path.write_text(text, encoding="utf-8")
    assert load_path(path).language == language


def test_the_language_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ENGLISH, encoding="utf-8")
    assert load_path(tmp_path / "a.txt", "zh").language == "zh"


def test_a_folder_of_texts_brings_no_file_from_elsewhere_and_a_pipe_is_no_text(tmp_path: Path) -> None:
    folder, secret = tmp_path / "texts", tmp_path / "id_rsa.txt"
    folder.mkdir()
    secret.write_text("PRIVATE KEY", encoding="utf-8")
    (folder / "a.txt").write_text("One.", encoding="utf-8")
    (folder / "b.txt").symlink_to(secret)
    (folder / "c.txt").symlink_to("a.txt")
    (folder / "elsewhere").symlink_to(tmp_path)
    assert load_path(folder).text == "One.\n\nOne."
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(UsageError, match=wording("corpora.pipe_device_give_corpus")):
            load_path(path)


def test_what_is_missing_or_empty_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=wording("corpora.no_file_folder_check_corpus")):
        load_path(tmp_path / "none")
    with pytest.raises(UsageError, match=wording("corpora.folder_no_txt_md")):
        load_path(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf\r\n")
    with pytest.raises(UsageError, match=wording("corpora.no_text_give_corpus")):
        load_path(tmp_path / "a.txt")


def test_a_replacement_character_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("bad \ufffd here", encoding="utf-8")
    with pytest.raises(UsageError, match="U\\+FFFD"):
        load_path(tmp_path / "a.txt")
