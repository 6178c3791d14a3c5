"""The scripted model and the ways to run `nih`, as the tests of the command line have them; sentences of tests' own."""

from __future__ import annotations

import pytest

from nihbench.lang import messages
from tests.cli.conftest import chat, nih, small

__all__ = ["chat", "nih", "own_sentences", "small"]

OWN = {
    "en": {
        "test.count": "{count} refused",
        "test.least": "{option}: {text!r} must be at least 1 token",
        "note.test_file": "{name} as {encoding}",
        "note.test_files": "not read as UTF-8: {named}",
        "note.test_limit": "asked again with an output limit of {limit}",
    },
    "zh": {
        "test.count": "被拒 {count} 次",
        "test.least": "{option}：{text!r} 至少为 1 token",
        "note.test_file": "{name} 按 {encoding}",
        "note.test_files": "未按 UTF-8 读取：{named}",
        "note.test_limit": "以输出上限 {limit} 重新询问",
    },
}


@pytest.fixture
def own_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add sentences to the catalogs, for tests of how a sentence is made: those of the house may be reworded."""
    catalogs = {lang: {**messages.words(lang), **more} for lang, more in OWN.items()}
    monkeypatch.setattr(messages, "words", catalogs.__getitem__)
