"""The user's own text: a file, or a folder of .txt and .md files, read as it is but for its line ends.

Nothing is cleaned: the user's text is the user's. What is not in UTF-8 is read where it is plain in what it is
(`encodings`), and that is said.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nihbench.corpora.cleaning import fold_line_ends
from nihbench.errors import UsageError, unreadable
from nihbench.fetch.files import read_named
from nihbench.lang.messages import Note, Words, t
from nihbench.languages.base import telling
from nihbench.types import UNKNOWN_LANGUAGE, Corpus

# ---- encodings -------------------------------------------------------------------------------------------------------
# Which encoding a file's bytes are in: UTF-8, what a mark says, or an older East Asian one that is plainly meant.
#
# Nothing is guessed: what could as well be something else is refused with the place of the first byte that is not
# UTF-8. Eight-bit encodings (Latin-1, Windows-1252, KOI8) fit any bytes, so that nothing tells them apart; they are
# refused.

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
    (b"\x84\x31\x95\x33", "gb18030", "GB18030"),
)
# The signs that a third and more of any text of a language is written with. Bytes in a wrong encoding give them by
# chance only: a tenth at most.
_CHINESE = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後"
    "作里裡裏用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只"
    "从從想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并物手应應战"
    "戰向头頭文体體政美相见見被利什二等产產或新己身果加话話合回代内內信表化老给給世位次度门門任常先海通教儿兒原东東声聲提立及比员員"
    "解水名真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總何电電数數少报報才结結反受目太量再感建务務做接"
    "必场場件计計管期市直德资資命山金书書则則听聽白却卻达達光放强像难難且权權王象完设設式色路记記品住告类類求据據边邊死张張该該交规"
    "万萬取望觉覺师師观觀切让讓识識带帶导導争爭运運曰吾汝遂今皆乃"
)
_JAPANESE = frozenset([*map(chr, range(0x3041, 0x3097)), *map(chr, range(0x30A1, 0x30FB)), "ー"])
_KOREAN = frozenset(
    "이다는을의에가고하지로도를한기서나사아은어자리대시인만그라정일과들수여있것보부상게스해장제원구전성주안조국우면거공오동연러모비소야"
    "요신세마선니무와했습적때없않말생각람되었"
)
_SIGNS = (
    ("gb18030", "GB18030", _CHINESE),
    ("big5hkscs", "Big5", _CHINESE),
    ("cp932", "Shift-JIS", _JAPANESE),
    ("euc_jp", "EUC-JP", _JAPANESE),
    ("cp949", "EUC-KR", _KOREAN),
    *((f"utf-16-{end}", "UTF-16", signs) for end in ("le", "be") for signs in (_CHINESE, _JAPANESE, _KOREAN)),
)
_PLAIN_SHARE = 0.35
_PLAIN_LETTERS = 16
_CLEARLY = 1.5
_LOOKED_AT = 100_000
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
"""All but tabs and the ways to end a line or a page."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text without its mark, and the name of its encoding."""

    text: str
    encoding: str


def decode(content: bytes, name: str) -> Decoded:
    """Return the text of a file's bytes; `name` is what messages call the file.

    Raises:
        UsageError: it is in no encoding that can be told, or holds control characters that texts don't.
    """
    decoded = _marked(content, name) or _wide(content) or _utf_8(content) or _east_asian(content)
    if decoded is None:
        raise UsageError(_misplaced(content, name))
    _check_controls(decoded.text, name)
    return decoded


def _marked(content: bytes, name: str) -> Decoded | None:
    """Decode a file whose mark says what it is in."""
    for mark, encoding, said in _MARKS:
        if content.startswith(mark):
            body = content[len(mark) :]
            try:
                return Decoded(body.decode(encoding), said)
            except UnicodeDecodeError as error:
                if said == "UTF-8":
                    raise UsageError(_misplaced(content, name)) from error
                message = t("corpora.not_text_mark_says", name=name, encoding=said, offset=len(mark) + error.start)
                raise UsageError(message) from error
    return None


def _wide(content: bytes) -> Decoded | None:
    """Decode UTF-16 without a mark: text in which spaces and Western letters have a byte 0, always on the same side."""
    zeros = [content[parity::2].count(0) for parity in (0, 1)]
    if max(zeros) < max(8, len(content) / 20) or min(zeros) > 0.02 * max(zeros) or len(content) % 2:
        return None
    text = _strict(content, "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    return None if text is None else Decoded(text, "UTF-16")


def _utf_8(content: bytes) -> Decoded | None:
    text = _strict(content, "utf-8")
    return None if text is None else Decoded(text, "UTF-8")


def _east_asian(content: bytes) -> Decoded | None:
    """Decode an older East Asian encoding if its text is plainly of its language, and of no other."""
    if _is_nearly_utf_8(content):
        return None
    plain = _plainest((encoding, said, signs, _strict(content, encoding)) for encoding, said, signs in _SIGNS)
    return None if plain is None else Decoded(plain[2], plain[1])


def _is_nearly_utf_8(content: bytes) -> bool:
    broken = content.decode("utf-8", "replace")
    return sum(char > "\x7f" for char in broken) > 2 * broken.count("\ufffd")


def _plainest(tried: Iterable[tuple[str, str, frozenset[str], str | None]]) -> tuple[str, str, str] | None:
    """Return encoding, name and text of what is plainly of its language; None: nothing is, or two are."""
    found = []
    for encoding, said, signs, text in tried:
        letters = [char for char in (text or "")[:_LOOKED_AT] if char > "\x7f" and char.isalpha()]
        if text is not None and len(set(letters)) >= _PLAIN_LETTERS:
            found.append((sum(char in signs for char in letters) / len(letters), encoding, said, text))
    found.sort(reverse=True)
    if not found or found[0][0] < _PLAIN_SHARE or (found[1:] and found[0][0] < _CLEARLY * found[1][0]):
        return None
    return found[0][1:]


def _damaged(content: bytes) -> tuple[str, int] | None:
    """Return which older encoding a file is plainly in but for a few bytes, and where the first of these is."""
    if _is_nearly_utf_8(content):
        return None

    def read(encoding: str) -> str | None:
        text = content.decode(encoding, "replace")
        return text if text.count("\ufffd") <= max(3, len(text) / 100) else None

    plain = _plainest((encoding, said, signs, read(encoding)) for encoding, said, signs in _SIGNS)
    if plain is None:
        return None
    try:
        content.decode(plain[0])
    except UnicodeDecodeError as error:
        return plain[1], error.start
    return None


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _misplaced(content: bytes, name: str) -> str:
    """Return the sentence on what is not UTF-8: its first byte that belongs to no character."""
    if (damaged := _damaged(content)) is not None:
        encoding, offset = damaged
        return t(
            "corpora.text_seems_but_some",
            name=name,
            encoding=encoding,
            byte=content[offset],
            offset=offset,
            line=content.count(b"\n", 0, offset) + 1,
        )
    errors = list(_bad_bytes(content))
    offset = errors[0]
    line = content.count(b"\n", 0, offset) + 1
    if offset >= len(content) - 3 and content[offset] >= 0xC2 and len(errors) == 1:
        return t("corpora.ends_within_character_byte", name=name, offset=offset, line=line)
    return t("corpora.not_text_utf_8", name=name, byte=content[offset], offset=offset, line=line)


def _bad_bytes(content: bytes) -> Iterator[int]:
    """Yield where the first two stretches lie that are not UTF-8."""
    at = 0
    for _ in range(2):
        try:
            content[at:].decode("utf-8")
            return
        except UnicodeDecodeError as error:
            yield at + error.start
            at += error.end


def _check_controls(text: str, name: str) -> None:
    """Refuse a text with control characters that texts don't hold: a terminal's, a binary file's, ISO-2022's."""
    found = [match.start() for match in _CONTROLS.finditer(text)]
    if not found:
        return
    at = found[0]
    raise UsageError(
        t(
            "corpora.holds_control_characters_all",
            name=name,
            count=len(found),
            code=ord(text[at]),
            line=text.count("\n", 0, at) + 1,
        )
    )


_MOST_BYTES = 512_000_000
_SUFFIXES = (".txt", ".md")
_JOINT = "\n\n"
_OTHERS_SHARE = 0.15
_OTHERS = re.compile("[\u3041-\u309f\u30a1-\u30fa\u1100-\u11ff\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")


def load_path(path: Path, language: str | None = None) -> Corpus:
    """Read a file, or all .txt and .md files under a folder in the order of their relative paths.

    Hidden files and folders, blank files and links out of the folder are passed over. The corpus is named after the
    path's last part.

    Args:
        path: a text file of any suffix, or a folder.
        language: the text's language code; None: guessed from its script (`guess_language`).

    Raises:
        UsageError: nothing there, a link to a file, unreadable, not text, or no text in it.
    """
    if path.is_dir():
        files = _text_files(path)
        if not files:
            raise UsageError(t("corpora.folder_no_txt_md", path=path))
    elif path.is_symlink():
        # A file that somebody else gave may lead to one of this machine, which would be sent to a server.
        raise UsageError(t("corpora.link_give_corpus_file", path=path, target=path.resolve()))
    elif path.is_file():
        files = [path]
    elif path.exists():
        raise UsageError(t("corpora.pipe_device_give_corpus", path=path))
    else:
        raise UsageError(t("corpora.no_file_folder_check_corpus", path=path))
    read = {path: found for path in files if (found := _read(path)).text.strip()}
    if not read:
        raise UsageError(t("corpora.no_text_give_corpus", path=path))
    text = _JOINT.join(found.text for found in read.values())
    return Corpus(
        name=path.resolve().name,
        language=language or guess_language(text),
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        title=str(path),
        caveat=_said(read),
    )


def guess_language(text: str) -> str:
    """Return the language that a share of the letters shows, "und" (not known) if most are not Latin, else "en".

    A fifth of Han characters is Chinese. A text with a kana or hangul in seven letters is Japanese or Korean, however
    many Han characters it has: not known, unless a language's file claims it.
    """
    letters = sum(map(str.isalpha, text))
    shares = [*telling(), (UNKNOWN_LANGUAGE, _OTHERS, _OTHERS_SHARE)]
    for code, letter, share in sorted(shares, key=lambda told: told[2]) if letters else ():
        if sum(1 for _ in letter.finditer(text)) >= share * letters:
            return code
    return UNKNOWN_LANGUAGE if 2 * len(_LATIN.findall(text)) < letters else "en"


def _text_files(folder: Path) -> list[Path]:
    found: list[tuple[str, Path]] = []
    root = folder.resolve()
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        # A folder of texts may be somebody else's: a link in it must not bring a file of this machine along.
        inside = path.resolve().is_relative_to(root)
        if path.suffix.lower() in _SUFFIXES and not hidden and inside and path.is_file():
            found.append((relative.as_posix(), path))
    return [path for _, path in sorted(found)]


def _read(path: Path) -> Decoded:
    try:
        content = read_named(path, _MOST_BYTES)
    except OSError as error:
        raise unreadable(path, error, UsageError) from error
    found = decode(content, str(path))
    if "\ufffd" in found.text:
        raise UsageError(t("corpora.holds_character_u_fffd", path=path))
    return replace(found, text=fold_line_ends(found.text))


def _said(read: Mapping[Path, Decoded]) -> Words:
    """Return what a user must know of files that are not in UTF-8, or an empty string."""
    others = [(path.name, found.encoding) for path, found in read.items() if found.encoding != "UTF-8"]
    named = [Note("file_encoding", name=name, encoding=encoding) for name, encoding in others]
    return Note("not_utf8", named=named) if others else ""
