"""Texts that are one long run of something take time in proportion to their length (processor time, generously)."""

from __future__ import annotations

import time

import pytest

from nihbench.corpora.cleaning import RULES
from nihbench.text import boundaries

SIZE = 200_000
RUNS = {
    "spaces": " ",
    "spaces and a letter": " " * 50_000 + "x",
    "indented code": "    f(",
    "line breaks": "\n",
    "tabs": "\t",
    "tabs in lines": "\t" * 5_000 + "x\n",
    "indented lines": "\n" + " " * 3_000,
    "ideographic spaces": "\u3000",
    "letters": "x",
    "digits": "1",
    "emoji": "😀",
    "marks": "\u0301",
    "full stops": ".",
    "sentences": "A. ",
    "quotes": '"',
    "open quotes": "“",
    "open brackets": "(",
    "links": "[a](",
    "labels": "[[",
    "fences": "```\n",
    "backticks": "`a",
    "stars": "** ",
    "Chinese stops": "。",
    "Chinese quotes": "！”天",
}


@pytest.mark.parametrize("name", RUNS)
def test_a_long_run_is_read_in_linear_time(name: str) -> None:
    text = RUNS[name] * (SIZE // len(RUNS[name])) + "x"
    started = time.process_time()
    for language in ("en", "zh"):
        boundaries(text, language)
    for rule in ("crlf", "markdown-links", "trim-lines", "trim-line-ends", "collapse-blank-lines"):
        RULES[rule](text)
    assert time.process_time() - started < 6  # a quadratic pattern takes minutes
