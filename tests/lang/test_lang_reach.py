"""With --lang zh no command says an English sentence: help, work and mistakes, on real output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nihbench.cli.app import app
from nihbench.cli.door import whole
from nihbench.lang.messages import words
from scripts.synthetic_runs import write_run
from tests.cli.conftest import ChatModel
from tests.cli.test_cli_judge import MODELS, fair
from tests.lang.english import english
from tests.wording import part

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"


@pytest.fixture
def says(nih: Any) -> Callable[..., str]:
    """Return a function that runs a command in Chinese and gives what it said, after looking for English in it."""
    nih.environment["NIH_LANG"] = "zh"

    def said(*arguments: object, code: int = 0, data: tuple[str, ...] = ()) -> str:
        ended = nih(*arguments)
        text: str = ended.out + "\n" + ended.err
        assert ended.code == code, text
        assert "Traceback" not in text
        assert english(text, data) == []
        return text

    return said


def test_a_sentence_is_found_and_names_are_not() -> None:
    assert english("note: lengths stop here") == ["lengths stop here"]
    assert english("注意：prompts question-first, original 和 haystack.needle") == []
    assert english("用 `nih run --model x and more` 查看，见 results/a b") == []


def commands() -> list[list[str]]:
    def below(command: Any, path: list[str]) -> Iterator[list[str]]:
        yield path
        for name, other in getattr(command, "commands", {}).items():
            yield from below(other, [*path, name])

    return list(below(whole(typer.main.get_command(app)), []))


@pytest.mark.parametrize("path", commands(), ids=lambda path: " ".join(path) or "nih")
def test_help(says: Any, path: list[str]) -> None:
    assert "用法：" in says(*path, "--help")


def test_needles_corpora_models(says: Any, chat: ChatModel, own_texts: dict[str, Path]) -> None:
    text = own_texts["en"].read_text(encoding="utf-8")
    says("needle", "list")
    for name in ("sf-sandwich", "beijing-coffee", "moonshot-address"):
        says("needle", "show", name)
    corpus = own_texts["en"]
    says("needle", "check", "sf-sandwich", "--corpus", corpus, "--limit", 3, data=tuple(text.splitlines()))
    says("corpus", "list")
    assert words("zh")["cli.han"] in says("corpus", "stats", corpus)
    says("models")
    says("models", "--base-url", chat.base_url)


def test_before_a_run(says: Any, small: list[object], chat: ChatModel, own_texts: dict[str, Path]) -> None:
    says("plan", *small)
    says("plan", *small, "--price", "1,2", "--repeats", 3, "--rpm", 10)
    says("plan", *small[:4], "--window", 2000, "--corpus", own_texts["en"], "--lengths", "300,600,4000", "--controls")
    says("plan", *small, "--model", "y", "--prompt", "original,explicit")
    says("doctor", "--model", "x", "--base-url", chat.base_url)
    says("doctor", "--model", "y", "--base-url", chat.base_url, "--canary", 0)
    says("batch", "export", *small, "--out", "batch")


def test_a_run(says: Any, nih: Any, small: list[object], chat: ChatModel, own_texts: dict[str, Path]) -> None:
    chat.fail = {7: (400, {"error": {"message": "第七", "code": "content_filter"}})}
    options = [option for option in small if option not in ("--no-preflight", "--no-controls")]
    says("run", *options, "--canary", "--out", "run", "--price", "1,2", code=3)
    says("run", "--resume", "run", "--retry-all")
    says("run", "--resume", "run", "--max-cost", 1)
    says("watch", "run")
    says("score", "run")
    says("plot", "run", "--out", "map.png", "--animate", "map.gif", "--prompt", "original")
    says("plot", "run", "--kind", "profiles", "--out", "profiles.svg")
    says("report", "run", "--out", "report.html")
    says("export", "run", "--out", "table.csv")
    says("diagnose", "run")


def test_a_run_with_lengths_fitted_to_the_server(
    says: Any, nih: Any, chat: ChatModel, own_texts: dict[str, Path]
) -> None:
    plain = chat.count
    chat.count = lambda text: round(1.27 * plain(text))
    options = [
        *("--model", "x", "--base-url", chat.base_url, "--window", 8000, "--corpus", own_texts["en"]),
        *("--lengths", "400,800", "--depths", "0,100", "--no-controls"),
    ]
    says("plan", *options)
    says("run", *options, "--out", "fitted")


def quotations(nih: Any, run: str) -> tuple[str, ...]:
    """Return what `nih cases` quotes: answers, the words in them that decided, the text around the needle."""
    groups = json.loads(nih("cases", run, "--json").out)["runs"][0]["groups"]
    cases = [case for group in groups for cluster in group["clusters"] for case in cluster["cases"]]
    sent = ["".join(case["sent"].values()) for case in cases if case["sent"]]
    around = ["{before}[[{needle}]]{after}".format(**case["sent"]) for case in cases if case["sent"]]
    return (*around, *sent, *(case["reason"].split(": ")[-1] for case in cases if ": " in case["reason"]))


def test_cases_and_probes(says: Any, nih: Any, small: list[object], chat: ChatModel) -> None:
    says("run", *small, "--out", "run")
    quoted = quotations(nih, "run")
    assert part("cli.sent_2", "zh") in says("cases", "run", data=quoted)
    says("cases", "run", "--md", data=quoted)
    says("cases", "run", "--probe", data=quoted)
    says("cases", "run", "--outcome", "refused")
    trial = json.loads((nih.folder / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"]
    assert nih("rebuild", "run", trial).err == ""
    assert english(nih("prompt", *small, "--length", 300).err) == []


def test_a_judge(says: Any, nih: Any, small: list[object], chat: ChatModel) -> None:
    court = ChatModel(count=chat.count, say=fair)
    try:
        (nih.folder / "models.yaml").write_text(MODELS.format(url=court.base_url), encoding="utf-8")
        says("run", *small, "--out", "run")
        says("score", "run", "--judge", "wise", "--votes", 3)
        says("score", "run", "--judge", "wise", "--votes", 3)
        court.fail = {number: (400, {"error": {"message": "不"}}) for number in range(1, 99)}
        says("score", "run", "--judge", "wise", "--max-output", 100, code=3)
        says("agree", "run", "--scorer", "judge-wise-3votes", data=("Read with care.",))
    finally:
        court.close()


def test_answers_in_a_file(says: Any, nih: Any) -> None:
    answers = ["Eat a sandwich in Dolores Park.", "The document does not say.", "Das steht nicht in dem Text und ist",
               "Visit the Golden Gate Bridge."]  # fmt: skip
    rows = [
        {"id": str(number), "needle": "sf-sandwich", "answer": answer, "band": 50}
        for number, answer in enumerate(answers)
    ]
    (nih.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    says("agree", "rows.jsonl", data=(*answers, "does not say"))
    assert english(nih("grade", "rows.jsonl").err) == []


@pytest.mark.slow
def test_imported_runs_and_comparisons(says: Any, nih: Any) -> None:
    rows = [
        {"token_limit": length, "depth_percent": depth, "score": 10 if length < 8000 else 1}
        for length in (1000, 4000, 16000)
        for depth in (0, 50, 100)
    ]
    (nih.folder / "grid.json").write_text(json.dumps(rows[:-1]), encoding="utf-8")
    says("import", "kamradt", "grid.json", "--model", "m", "--out", "imported")
    says("cases", "imported")
    says("diagnose", "imported")
    says("report", "imported", "--out", "report.html")
    grid: dict[str, Any] = {"lengths": (1000, 8000, 32000), "depths": (0.0, 50.0, 100.0)}
    for name, strength in (("strong", 4.0), ("weak", 0.0)):
        write_run(REFERENCE, nih.folder, name, strength=strength, prompts=("original", "explicit"), **grid)
    says("compare", "strong", "weak")
    says("compare", "strong", "--by", "prompt")
    says("diagnose", "strong", "weak")
    says("plot", "strong", "weak", "--out", "panel.png")
    says("plot", "strong", "weak", "--kind", "difference", "--prompt", "original", "--out", "difference.png")
    says("compare", "strong", "imported")
    says("compare", "strong", "--prompt", "original", code=2)


SERVER = "http://the-scripted-model/v1"
PLANNED = ["plan", "--model", "x", "--base-url", SERVER, "--window", "8000", "--length-unit", "cl100k_base"]
WRONG: list[list[object]] = [
    [],
    ["run"],
    ["run", "--model", "nobody"],
    ["run", "--model", "moonshot-v1-128k"],
    ["run", "--model", "x", "--base-url", "ftp://h"],
    ["run", "--model", "x", "--base-url", "http://127.0.0.1:1/v1", "--length-unit", "cl100k_base", "--window", "8000"],
    ["run", "--lenghts", "1"],
    ["run", "--window", "many"],
    ["run", "--resume", "nowhere"],
    ["run", "--resume", "a", "--out", "b"],
    ["run", "--retry-all", "--model", "x"],
    [*PLANNED, "--corpus", "python-reference-en", "--lengths", "x"],
    [*PLANNED, "--lengths", "9k:1k:3"],
    [*PLANNED, "--depths", "0,200"],
    [*PLANNED, "--experiment", "sf-sandwhich"],
    [*PLANNED, "--prompt", "origina"],
    [*PLANNED, "--corpus", "nowhere"],
    [*PLANNED, "--corpus", "xx="],
    [*PLANNED, "--vary", "weather"],
    [*PLANNED, "--price", "x"],
    [*PLANNED, "--extra-body", "["],
    [*PLANNED, "--extra-body", '{"messages": 1}'],
    [*PLANNED, "--header", "x"],
    [*PLANNED, "--temperature", "9"],
    ["plan", "--model", "x", "--base-url", SERVER, "--length-unit", "nothing"],
    [*PLANNED, "--suite", "nothing"],
    [*PLANNED, "--prefill-speed", "0"],
    [*PLANNED, "--order", "nothing"],
    ["doctor"],
    ["doctor", "--model", "x", "--base-url", "http://127.0.0.1:1/v1"],
    ["models", "--base-url", "http://127.0.0.1:1/v1"],
    ["needle", "show", "nothing"],
    ["corpus", "fetch", "nothing"],
    ["corpus", "stats", "nothing.txt"],
    ["grade", "nothing.jsonl"],
    ["score", "nothing"],
    ["score", "nothing", "--votes", "2"],
    ["plot", "nothing"],
    ["plot", "nothing", "--out", "x.bmp"],
    ["plot", "nothing", "--kind", "cake"],
    ["plot", "nothing", "--size", "huge"],
    ["report", "nothing", "--out", "x.txt"],
    ["report", "nothing"],
    ["cases", "nothing", "--outcome", "x"],
    ["cases", "nothing", "--md", "--json"],
    ["cases", "nothing"],
    ["export", "nothing", "--out", "x.doc"],
    ["compare", "nothing", "--by", "weather"],
    ["compare", "nothing"],
    ["diagnose", "nothing"],
    ["agree", "nothing"],
    ["batch", "export", "--out", "x", "--model", "x", "--max-requests", "0"],
    ["import", "kamradt", "nothing"],
    ["rebuild", "nothing", "x"],
    ["serve", "--slots", "0"],
    ["serve", "--model", "nothing"],
    ["watch", "nothing"],
    ["watch"],
    ["frob"],
    ["--lang", "zh", "--frob"],
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(map(str, arguments)) or "nothing")
def test_a_mistake(nih: Any, chat: Any, arguments: list[object]) -> None:
    nih.environment["NIH_LANG"] = "zh"
    ended = nih(*(chat.base_url if each == SERVER else each for each in arguments))
    assert ended.code in (2, 4, 5), ended.err
    assert english(ended.out + "\n" + ended.err) == []


ENTRIES = [
    "needles:\n  a:\n    language: en\n",
    "needles:\n  a:\n    language: en\n    text: 7\n    question: q\n",
    "needles:\n  a:\n    language: en\n    text: The sky is blue.\n    question: What is it?\n    weigth: 3\n",
    "needles:\n  a b:\n    language: en\n    text: x\n    question: q\n    answer: y\n",
    "prompts:\n  p:\n    messages: [{role: user, content: '{haystack}'}]\n",
    "experiments:\n  e: {needle: nothing, corpus: paul-graham-en}\n",
]
FILES = ["needles:\n  a: [1\n", "needles:\n\ta: 1\n", "needles: [1]\n", "\x01"]


@pytest.mark.parametrize(("text", "code"), [*((entry, 0) for entry in ENTRIES), *((file, 2) for file in FILES)])
def test_a_mistake_in_the_catalog(nih: Any, text: str, code: int) -> None:
    """A bad entry stops only itself, and is said; a file that can't be read stops the command."""
    (nih.folder / "needles.yaml").write_text(text, encoding="utf-8")
    nih.environment["NIH_LANG"] = "zh"
    ended = nih("needle", "list")
    assert ended.code == code, ended.out + ended.err
    assert ("sf-sandwich" in ended.out) == (code == 0)
    assert "needles.yaml" in ended.err and english(ended.err) == []
