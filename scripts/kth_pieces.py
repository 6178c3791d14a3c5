"""Draw the texts that the task `kth` has for replies, and write their module: `python scripts/kth_pieces.py`.

They are pieces of two public-domain corpora of the catalog: whole sentences in a row, without quotation marks and
digits, of about equal length, spread evenly over the corpus. The same corpora give the same pieces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from nihbench.catalog.loading import load
from nihbench.fetch.files import silent
from nihbench.run.texts import load_corpus
from nihbench.text.sentences import boundaries

PIECES = 128
CORPORA = {"en": "english-novels-en", "zh": "three-kingdoms-zh"}
CHARACTERS = {"en": (170, 260), "zh": (55, 85)}
_PLAIN = {
    "en": re.compile(r"[A-Z][A-Za-z ,;:.!?'-]+\."),
    "zh": re.compile(r"[\u4e00-\u9fff，；：。！？、]+。"),
}
_NOT_BEGUN = re.compile(r"(?:He|She|It|They|His|Her|Their|This|That|These|Those|But|And|So|Or|For|Nor|Yet|Then|Such)\b")
"""Sentences that go on with what was said before."""
OUT = Path(__file__).resolve().parents[1] / "src" / "nihbench" / "tasks" / "kth_pieces.py"


def pieces(text: str, language: str) -> list[str]:
    """Return the pieces of a text, in its order."""
    ends = boundaries(text, language).tolist()
    least, most = CHARACTERS[language]
    found = list[str]()
    for part in range(PIECES):
        lowest, highest = len(text) * part // PIECES, len(text) * (part + 1) // PIECES
        here = [end for end in ends if lowest <= end < highest]
        found.append(next(_fitting(text, here, least, most, language)))
    return found


def _fitting(text: str, ends: list[int], least: int, most: int, language: str) -> Iterator[str]:
    for at, begin in enumerate(ends):
        for end in ends[at + 1 : at + 5]:  # one sentence to four
            piece = " ".join(text[begin:end].split())
            if least <= len(piece) <= most and _PLAIN[language].fullmatch(piece) and not _NOT_BEGUN.match(piece):
                yield piece


def main() -> None:
    """Write the module."""
    lines = [
        '"""The texts of the task `kth`: pieces of public-domain novels, made by scripts/kth_pieces.py.',
        "",
        "English: George Eliot, Middlemarch; Charles Dickens, Bleak House; Leo Tolstoy, War and Peace (Louise and",
        "Aylmer Maude), as Project Gutenberg has them. Chinese: 罗贯中,《三国演义》.",
        '"""',
        "",
        "# ruff: noqa: E501",
        "",
        "PIECES: dict[str, tuple[str, ...]] = {",
    ]
    for language, name in CORPORA.items():
        corpus = load_corpus(load(), name, Path.cwd(), silent)
        lines.append(f'    "{language}": (')
        lines += [f"        {json.dumps(piece, ensure_ascii=False)}," for piece in pieces(corpus.text, language)]
        lines.append("    ),")
    OUT.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
