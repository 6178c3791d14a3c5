"""Keywords mean what the command line's words mean, and are checked by the same table."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer

import nihbench
from nihbench.app.keywords import OPTIONS, Keywords, usual_values
from nihbench.app.options import raw_values
from nihbench.cli.app import app
from nihbench.cli.door import whole
from nihbench.errors import UsageError
from tests.wording import wording


@pytest.mark.parametrize(
    ("name", "given", "raw"),
    [
        ("model", "x", ["x"]),
        ("model", ["x", "y"], ["x", "y"]),
        ("model", Path("a.gguf"), ["a.gguf"]),
        ("base_url", ("u", "v"), ["u", "v"]),
        ("corpus", Path("a") / "b", str(Path("a") / "b")),
        ("lengths", "1k:8k:3", "1k:8k:3"),
        ("lengths", 5, "5"),
        ("lengths", [300], "300t"),
        ("lengths", range(300, 700, 300), "300t,600t"),
        ("depths", [0, 33.25, 100], "0.0%,33.25%,100.0%"),
        ("depths", 3, "3"),
        ("prompt", ["a", "b"], "a,b"),
        ("vary", ["haystack", "needle"], "haystack,needle"),
        ("price", (1, 2.5, 0.1234567), "1.0,2.5,0.1234567"),
        ("temperature", 0, "0.0"),
        ("temperature", "none", "none"),
        ("extra_body", {"top_p": 0.5}, '{"top_p": 0.5}'),
        ("header", {"A": "b=c"}, ["A=b=c"]),
        ("header", ["A=b"], ["A=b"]),
        ("max_cost", 2, 2.0),
        ("stream", False, False),
    ],
)
def test_a_value_of_a_program_is_what_the_command_line_reads(name: str, given: Any, raw: Any) -> None:
    assert raw_values({name: given}) == usual_values() | {name: raw}
    assert raw_values({name: None}) == usual_values()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("model", 3),
        ("model", [3]),
        ("lengths", 1.5),
        ("lengths", {300: 1}),
        ("lengths", ["1k", 2]),
        ("depths", [True]),
        ("repeats", True),
        ("repeats", "3"),
        ("controls", 1),
        ("max_cost", "5"),
        ("max_cost", True),
        ("header", {"X": 7}),
        ("header", b"secret"),
        ("extra_body", ["secret"]),
        ("price", b"1,2"),
    ],
)
def test_another_kind_of_value_is_one_sentence_that_shows_no_value(name: str, given: Any) -> None:
    with pytest.raises(UsageError, match="^" + wording("app.option_takes", name=name)) as wrong:
        raw_values({name: given})
    assert "secret" not in str(wrong.value) and len(str(wrong.value).splitlines()) == 1


def test_an_option_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(nihbench.UsageError, match=r"modle.*\bmodel\b"):
        nihbench.plan(modle="x")  # type: ignore[call-arg]
    with pytest.raises(nihbench.UsageError, match=r"zzzz.*model, base_url"):
        raw_values({"zzzz": 1})


def test_every_option_of_the_command_line_is_a_keyword_of_the_same_name_and_default() -> None:
    parser: Any = whole(typer.main.get_command(app))
    for name in ("run", "plan", "prompt"):
        parameters = {p.name: p for p in parser.commands[name].params}
        shown = inspect.signature(getattr(nihbench, name)).parameters
        assert OPTIONS.keys() <= parameters.keys() & shown.keys() and OPTIONS.keys() == get_type_hints(Keywords).keys()
        for option in OPTIONS:
            assert parameters[option].default in (shown[option].default, None, []), option
        own = {"yes", "as_json", "resume", "retry_all", "help"}  # what a program says otherwise: agree, resume()
        assert parameters.keys() - own <= shown.keys()
