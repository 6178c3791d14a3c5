"""The language is chosen anywhere on the command line, reaches errors of every depth, and never reaches data."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator

import pytest

from nihbench.cli.app import main
from nihbench.cli.speech import chosen, parser_words
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, languages, said, speak, t, words
from tests.wording import says


@pytest.fixture(autouse=True)
def english_after() -> Iterator[None]:
    yield
    speak("en")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out, err = capsys.readouterr()
    return ended.value.code, out, err


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["run", "--lang", "zh", "-m", "x"], {}, ("zh", ["run", "-m", "x"])),
        (["--lang=zh", "plan"], {"NIH_LANG": "en"}, ("zh", ["plan"])),
        (["plan"], {"NIH_LANG": "zh"}, ("zh", ["plan"])),
        (["plan"], {"NIH_LANG": ""}, ("en", ["plan"])),
        (["a", "--", "--lang", "zh"], {}, ("en", ["a", "--", "--lang", "zh"])),
        (["a", "--lang", "zh", "--lang", "en"], {}, ("en", ["a"])),
    ],
)
def test_it_may_stand_anywhere(
    arguments: list[str], environment: dict[str, str], expected: tuple[str, list[str]]
) -> None:
    assert chosen(arguments, environment) == expected


@pytest.mark.parametrize("arguments", [["--lang"], ["--lang", "fr"], ["--lang="]])
def test_another_language_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, out, err = run(capsys, "models", *arguments)
    assert (code, out) == (2, "") and err.startswith("nih: --lang ")
    assert says(err, "cli.choose_one_2", languages=", ".join(languages()))


@pytest.mark.usefixtures("own_sentences")
def test_an_error_keeps_its_words_in_english_and_is_said_in_chinese() -> None:
    inner = UsageError(t("test.least", option="--lengths", text="0"))
    outer = UsageError(t("run.name_number_error", name="f", number=3, error=inner))
    assert str(outer) == "f:3: --lengths: '0' must be at least 1 token"
    speak("zh")
    assert str(outer) == "f:3: --lengths: '0' must be at least 1 token"
    assert said(outer) == "f:3: --lengths：'0' 至少为 1 token"
    assert json.dumps({"note": outer.args[0]}) == json.dumps({"note": str(outer)})


@pytest.mark.usefixtures("own_sentences")
def test_a_message_is_a_string_like_any_other() -> None:
    message = t("test.count", count=3)
    assert message == "3 refused" and hash(message) == hash("3 refused") and isinstance(message, str)
    speak("zh")
    for same in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert isinstance(same, Message) and said(same) == "被拒 3 次"
    assert said("no message") == "no message" and said(ValueError("plain")) == "plain"
    assert said(t("nobody has {this} yet", this="this")) == "nobody has this yet"
    assert said(t("braces {are} text")) == "braces {are} text"


def test_errors_and_help_are_chinese_and_english_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "prompt", "--lang", "zh", "-m", "x", "--length", "0", "--depth", "5")
    assert code == 2 and says(err, "plan.must_least_1_token", "zh", option="--length", text="'0'")
    _, out, _ = run(capsys, "--lang", "zh", "run", "--help")
    assert (
        "用法：nih run [选项]" in out
        and words("zh")["help.panel_what_is_measured"] in out
        and "显示本帮助并退出" in out
        and "…" not in out
    )
    assert "Usage" not in out and "Options" not in out
    _, out, _ = run(capsys, "run", "--help")
    assert "Usage: nih run [OPTIONS]" in out and words("en")["help.panel_what_is_measured"] in out and "选项" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--lenghts", "5"], "没有选项 --lenghts"),
        (["frob"], "没有命令 'frob'"),
        (["run", "--window", "many"], "'--window' 的值无效：应为整数"),
        (["run", "--lengths"], "选项 '--lengths' 需要一个值"),
        (["run", "surplus"], "多余的参数：surplus"),
        (["plot"], "缺少参数"),
    ],
)
def test_what_the_parser_says_is_chinese(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    code, out, err = run(capsys, *arguments, "--lang", "zh")
    assert (code, out) == (2, "") and err.startswith("nih: ") and told in err and "--help`）" in err


def test_an_unknown_sentence_of_the_parser_stays() -> None:
    speak("zh")
    assert parser_words("Something new") == "Something new"
