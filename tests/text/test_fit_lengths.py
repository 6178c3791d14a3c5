"""Requests of any script and any run of signs are at most 8 tokens short: tiktoken counts the whole of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nihbench.text.prompt import build_prompt
from nihbench.text.sentences import boundaries
from nihbench.text.source import make_source
from nihbench.types import Message, PromptTemplate, Tokenizer
from tests.composing import one_needle

TEMPLATE = PromptTemplate(name="plain", messages=(Message(role="user", content="{haystack}\n\n{question}"),))
NEEDLE = "The best thing to do in San Francisco is eat a sandwich."
QUESTION = "What is the best thing to do?"
OVERHEAD = 7
TEXTS = {
    "joined emoji": "👩\u200d👩\u200d👧\u200d👦",
    "joined emoji and blanks": "👩\u200d👩\u200d👧\u200d👦 👨🏽\u200d💻 ",
    "flags": "🇩🇪🇫🇷🇬🇧",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "raised and broken digits": "²³½ª",
    "blanks": " " * 200 + "x",
    "no-break spaces": "\u00a0" * 40 + "w",
    "ideographic spaces": "\u3000" * 50 + "天",
    "line breaks": "\n" * 77 + "x",
    "blank lines": " \n" * 40 + "x",
    "tabs": "\t" * 33 + "x",
    "marks": "e" + "\u0301" * 40,
    "Georgian": "საქართველოსდემოკრატიული რესპუბლიკა ",
    "Tamil": "தமிழ்மொழியிலுள்ளசொற்கள் ",
    "Amharic": "የኢትዮጵያፌዴራላዊ ዴሞክራሲያዊ ",
    "ligatures": "﷽ﷺ",
    "addresses": "https://example.org/a/b?c=d&e=f ",
    "digits": "1234567890",
    "underscores": "_" * 100 + " ",
    "rare characters": "\U00020bb7\U0002a6a5",
}


@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
def test_no_text_leaves_a_request_more_than_8_tokens_short(
    named_tokenizer: Callable[[str], Tokenizer], encoding: str
) -> None:
    tokenizer = named_tokenizer(encoding)
    for name, unit in TEXTS.items():
        text = "Some first sentence stands here. " + unit * (8_000 // len(unit))
        source = make_source(text, "en", tokenizer.starts(text), boundaries(text, "en"), tokenizer)
        for length in range(120, min(600, len(source.starts)), 61):
            for depth in (0.0, 50.0, 100.0):
                (message,), placement = build_prompt(
                    source, one_needle(NEEDLE, QUESTION, depth), TEMPLATE,
                    length=length, overhead=OVERHEAD, tokenizer=tokenizer,
                )  # fmt: skip
                total = OVERHEAD + tokenizer.count(message.content)
                assert placement.total_tokens == total, (name, length, depth)
                assert length - 8 <= total <= length, (name, length, depth)


def test_words_are_whole_where_a_tokenizer_leaves_them_whole(named_tokenizer: Callable[[str], Tokenizer]) -> None:
    tokenizer = named_tokenizer("cl100k_base")
    text = "Nobody at well-known 10,000,000 tables can't cross the narrow river; Mr. Hale didn't. " * 60
    source = make_source(text, "en", tokenizer.starts(text), boundaries(text, "en"), tokenizer)
    words = {word.strip(".;") for word in text.split()}
    for length in range(200, 400):
        _, placement = build_prompt(
            source, one_needle(NEEDLE, QUESTION, 0.0), TEMPLATE, length=length, overhead=OVERHEAD, tokenizer=tokenizer
        )
        assert text[placement.start : placement.end].split()[-1].strip(".;") in words
