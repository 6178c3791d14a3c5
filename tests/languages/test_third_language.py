"""A further language is one file: with it a needle and a corpus in that language are placed, asked and graded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nihbench.languages
from nihbench.corpora.ownfile import guess_language
from nihbench.corpora.store import stats
from nihbench.languages import base
from nihbench.score.grammar import grammar_for
from nihbench.score.judge import case
from nihbench.score.rivals import rivals, sentences_of
from nihbench.score.rules import grade
from nihbench.text.prompt import build_prompt
from nihbench.text.sentences import boundaries
from nihbench.text.source import Source
from nihbench.types import Corpus, KeyFact, Message, Needle, PromptTemplate, Score, Subject, Unscored
from tests.composing import one_needle

FILE = Path(__file__).with_name("japanese.txt")
NEEDLE = Needle(
    name="hakodate",
    language="ja",
    statements=("函館で一番楽しいことは、晴れた日に五稜郭公園でコーヒーを飲むことです。",),
    question="函館で一番楽しいことは何ですか。",
    answer="晴れた日に五稜郭公園でコーヒーを飲むことです。",
    subject=Subject(text="函館"),
    facts=(
        KeyFact(name="park", text="五稜郭公園", identifying=True),
        KeyFact(name="coffee", text="コーヒー"),
        KeyFact(name="sun", text="晴れた日"),
    ),
)
NUMBER = Needle(
    name="number",
    language="ja",
    statements=("函館の番号は748万2913です。",),
    question="函館の番号は何ですか。",
    answer="7482913",
)
CORPUS = "第一章 旅\n" + (
    "船は朝早くに港を出た。「もう行こう。」彼は言った。二人は坂を下り、市場で魚を買った（とても安い。）。"
    "「雪になるかな。」とつぶやいた。空は白く、電車は遅れていた。\n"
) * 30  # fmt: skip


@pytest.fixture
def japanese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put one file into the package's folder."""
    (tmp_path / "ja.py").write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(nihbench.languages, "__path__", [*nihbench.languages.__path__, str(tmp_path)])
    forget()
    yield
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Forget what was made of a language, or of a needle in it: in one process languages do not come and go."""
    base.of.cache_clear()
    for name, module in list(sys.modules.items()):
        if name.startswith("nihbench.score"):
            for made in vars(module).values():
                getattr(made, "cache_clear", lambda: None)()


def band(answer: str, needle: Needle = NEEDLE) -> tuple[float, str] | None:
    score = grade(answer, needle)
    return (score.value, score.outcome) if isinstance(score, Score) else None


GRADES = {
    "晴れた日に五稜郭公園でコーヒーを飲むことです。": (1.0, "correct"),
    "五稜郭の公園でコーヒーを飲むこと。晴れた日がいいです。": (1.0, "correct"),
    "五稜郭公園でコーヒーを飲むことです。": (0.7, "partial"),
    "晴れた日に五稜郭公園でコーヒーを飲むことかもしれません。": (0.7, "hedged"),
    "コーヒーを飲むことです。": (0.3, "partial"),
    "文書には書かれていません。": (0.0, "abstained"),
    "函館山で夜景を見ることです。": (0.0, "hallucinated"),
    "The best thing is Goryokaku, the document does not say more.": (0.0, "abstained"),
}


def test_without_a_file_nothing_is_pretended() -> None:
    assert base.find("ja") is None and "ja" not in base.codes()
    assert isinstance(grade("文書には書かれていません。", replace(NEEDLE)), Unscored)
    assert guess_language(CORPUS) == "und"
    assert base.of("ja").language.grading is None and base.of("ja").prose is base.of("en").prose
    for odd in ("../en", "base", "e", "", "en.py", "scripts", "ja\n"):
        assert base.find(odd) is None


@pytest.mark.usefixtures("japanese")
def test_answers_are_graded() -> None:
    assert {answer: band(answer) for answer in GRADES} == GRADES
    for answer in ("7482913です。", "七百四十八万二千九百十三", "748万2913番です"):
        assert band(answer, NUMBER) == (1.0, "correct"), answer
    assert band("番号は7482913ではありません。", NUMBER) == (0.0, "hallucinated")
    assert band("番号は7482918です。", NUMBER) == (0.3, "partial")
    latin = Needle(name="n", language="ja", statements=("x",), question="", answer="Behind the third oar.")
    told = grade("三本目の櫂の後ろです。", latin)
    assert isinstance(told, Unscored) and getattr(told.reason, "fields", {}).get("language") == "ja"


@pytest.mark.usefixtures("japanese")
def test_needles_of_other_languages_are_graded_as_before() -> None:
    denied = Needle(name="n", language="en", statements=("The number is 7482913.",), question="", answer="7482913")
    assert isinstance(grade("番号は7482913ではありません。", denied), Unscored)
    assert grammar_for("zh") is grammar_for("en") and grammar_for("ja") is not grammar_for("en")


@pytest.mark.usefixtures("japanese")
def test_needles_stand_between_sentences() -> None:
    behind = {CORPUS[at - 6 : at] for at in boundaries(CORPUS, "ja").tolist()}
    assert any(end.endswith("港を出た。") for end in behind)
    assert not any(end.endswith("もう行こう。」") for end in behind), "speech goes on: he said"
    without = {CORPUS[at - 7 : at] for at in boundaries(CORPUS, "fr").tolist()}
    assert any(end.endswith("もう行こう。」") for end in without)


class Characters:
    name, exact = "characters", True

    def count(self, text: str) -> int:
        return len(text)

    def starts(self, text: str) -> np.ndarray:
        return np.arange(len(text))


@pytest.mark.usefixtures("japanese")
def test_prompts_are_built() -> None:
    corpus = Corpus(name="own", language=guess_language(CORPUS), text=CORPUS, sha256="0" * 64, title="own")
    assert corpus.language == "ja"
    ends = boundaries(corpus.text, corpus.language)
    text = corpus.text
    source = Source(text=text, language="ja", starts=np.arange(len(text)), boundaries=ends, boundary_tokens=ends)
    template = PromptTemplate(name="p", messages=(Message(role="user", content="{haystack}\n\n{question}"),))
    messages, placement = build_prompt(
        source, one_needle(NEEDLE.statements[0], NEEDLE.question, 50.0), template,
        length=900, overhead=0, tokenizer=Characters(),
    )  # fmt: skip
    assert NEEDLE.statements[0] in messages[0].content and placement.at in ends.tolist()
    assert 40 < placement.achieved_depth_percent < 60 and 890 <= placement.total_tokens <= 900
    assert stats(corpus).words > 1000


@pytest.mark.usefixtures("japanese")
def test_what_is_asked_is_in_the_language() -> None:
    assert case(NEEDLE, "x").messages[0].content == "あなたは採点者です。"
    assert "五稜郭公園（決め手）" in case(NEEDLE, "x").messages[1].content
    assert base.of("ja-JP").asking.last_code.startswith("最後の暗号")
    found = rivals(sentences_of("函館の雪は深い。港は静かだ。", "ja"), NEEDLE, NEEDLE.question)
    assert [rival.text for rival in found] == ["函館の雪は深い。"] and found[0].names_subject
