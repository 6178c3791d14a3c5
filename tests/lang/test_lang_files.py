"""A further language of the interface is one file: with it `--lang` speaks it, and what it lacks is said in English."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nihbench.lang
from nihbench.analysis.report import Pool
from nihbench.cli.speech import chosen
from nihbench.errors import UsageError
from nihbench.figures.report import page_words, report_page
from nihbench.figures.terminal import _wrapped
from nihbench.lang import messages
from nihbench.lang.messages import Note, languages, said, t, words
from tests.wording import wording

# A code that nobody speaks (ISO 639-2 keeps it free), for a language that somebody adds must not be in the way.
FILE = """
WORDS = {
    "cli.choose_one_2": "{name} {value!r}：{languages} から選んでください",
    "common.comma": "、", "figure.blank": "", "figure.comma": "、",
    "note.hedged": "留保あり：{cue}",
    "page.language": "日本語", "page.tag": "ja",
}
"""


@pytest.fixture
def japanese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "qja.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(nihbench.lang, "__path__", [*nihbench.lang.__path__, str(tmp_path)])
    yield
    monkeypatch.undo()
    messages.words.cache_clear()
    sys.modules.pop("nihbench.lang.qja", None)


@pytest.mark.usefixtures("japanese")
def test_one_file_is_a_language_of_the_interface() -> None:
    assert languages() == ("en", "qja", "zh")
    assert chosen(["--lang", "qja", "run"], {}) == ("qja", ["run"])
    wrong = t("cli.choose_one_2", name="--lang", value="fr", languages=languages())
    assert re.fullmatch(wording("cli.choose_one_2", name="--lang", value="'fr'", languages="en, qja, zh"), wrong)
    assert said(wrong, "qja") == "--lang 'fr'：en、qja、zh から選んでください"
    assert said(Note("hedged", cue="もし"), "qja") == "留保あり：もし"
    assert said(Note("every_fact"), "qja") == said(Note("every_fact"), "en"), "what it lacks is said in English"
    assert words("qja").keys() >= words("en").keys()
    assert messages.parser_help("qja") == {} == messages.mistakes("qja")
    assert _wrapped("日本語" * 20, 40, "qja")[0] == ("日本語" * 7)[:20], "without spaces lines are cut"


@pytest.mark.usefixtures("japanese")
def test_the_report_speaks_it() -> None:
    assert all(len(texts) == 3 for texts in page_words().values())
    page = report_page({"title": "x"}, lang="qja").decode()
    assert '<html lang="ja"' in page and json.dumps(["en", "qja", "zh"], separators=(",", ":")) in page.replace(" ", "")
    pool = Pool()
    number = pool.sentence(Note("hedged", cue="もし"))
    assert pool.said()["qja"] == {str(number): "留保あり：もし"}


def test_another_language_is_refused_by_the_list_of_files() -> None:
    with pytest.raises(UsageError, match=wording("cli.choose_one_2", languages=", ".join(languages()))):
        chosen(["--lang", "qja"], {})
    for odd in ("messages", "former", "../en", "", "EN"):
        with pytest.raises(UsageError):
            chosen(["--lang", odd], {})
