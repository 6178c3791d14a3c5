"""Cleaning rules: pure functions, each with what it must and must not take."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.corpora.cleaning import RULES, clean
from nihbench.errors import FetchError
from tests.wording import wording

LINKS = [
    ("见[上一期](http://a.b/c)。", "见上一期。"),
    ("[Day 1](https://en.wikipedia.org/wiki/Day_1_(building))!", "Day 1!"),
    ("[S2666](https://x.y/S2666-9986(24)00108-X)", "S2666"),
    ("[f(x) (draft)](http://a.b)", "f(x) (draft)"),
    ("[a [b] c](u)", "a [b] c"),
    ('[t](http://a.b "a title (1)")', "t"),
    ("[Proxy]( https://a.b)", "Proxy"),
    ("before ![alt [1] text](pic.png) after", "before  after"),
    ("[![](pic.png)](http://a.b)", ""),
    ("![a](b)![c](d)", ""),
    ("one [a](b) two [c](d) three", "one a two c three"),
    ("[1]: http://a.b/c\ntext\n[two]: <http://x> 'T'", "text\n"),
    ("[^1]: a footnote", "[^1]: a footnote"),
    ("## [活动] 稀土掘金 (杭州)", "## [活动] 稀土掘金 (杭州)"),
    ("`a[0](x)` and [`code`](u)", "`a[0](x)` and `code`"),
    ("```\n[a](b)\n```\n[a](b)", "```\n[a](b)\n```\na"),
    ("[not a link] (see there)", "[not a link] (see there)"),
    ("[x](two words)", "[x](two words)"),
]


@pytest.mark.parametrize(("markdown", "expected"), LINKS)
def test_markdown_links(markdown: str, expected: str) -> None:
    assert clean(markdown, ["markdown-links"]) == expected


def test_markdown_links_are_quick_on_hopeless_lines() -> None:
    text = "[" * 3000 + "(" * 3000
    assert clean(text, ["markdown-links"]) == text


HEADS = ["*** START OF THIS PROJECT GUTENBERG EBOOK X ***", "***START OF THE PROJECT GUTENBERG EBOOK X***"]


@pytest.mark.parametrize("the", HEADS)
def test_gutenberg_takes_header_and_footer(the: str) -> None:
    end = the.replace("START", "END")
    story = "It began. *** It went on."
    text = f"licence\n{the}\n\n{story}\n\nEnd of the Project Gutenberg EBook of X, by Y\n\n{end}\nsmall print"
    assert clean(text, ["gutenberg", "collapse-blank-lines"]) == story


def test_gutenberg_without_its_lines_is_an_error() -> None:
    with pytest.raises(FetchError, match=wording("corpora.cleaning_rule_gutenberg_found")):
        clean("only a text", ["gutenberg"])


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(FetchError, match=wording("corpora.no_cleaning_rule_named", name="polish")):
        clean("x", ["polish"])


def test_white_space_rules() -> None:
    assert clean("a\r\nb\rc\n", ["crlf"]) == "a\nb\nc\n"
    assert clean("\u3000\u3000话说 \n\t青山\n", ["trim-lines"]) == "话说\n青山\n"
    assert clean("  code  \n", ["trim-line-ends"]) == "  code\n"
    assert clean("\n\na\n\n\n\nb\nc\n\n", ["collapse-blank-lines"]) == "a\n\nb\nc"


@given(st.text(alphabet="ab \t\r\n\u3000[]()!`*中。", max_size=60))
@settings(max_examples=150, deadline=None)
def test_rules_take_away_and_never_add(text: str) -> None:
    for name in set(RULES) - {"gutenberg"}:
        letters = [char for char in clean(text, [name]) if char.isalpha() or char in "。*"]
        left = iter([char for char in text if char.isalpha() or char in "。*"])
        assert all(char in left for char in letters), "what stays is a subsequence"
        if name != "markdown-links":
            assert clean(clean(text, [name]), [name]) == clean(text, [name])
