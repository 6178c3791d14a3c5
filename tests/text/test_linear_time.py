"""Texts that are one long run of something take time in proportion to their length: a ratio, whatever the machine."""

from __future__ import annotations

import time

import pytest

from nihbench.corpora.cleaning import RULES
from nihbench.text.sentences import boundaries

SIZE = 80_000  # characters
RUNS = {
    "spaces": " ",
    "spaces and a letter": " " * (SIZE // 8) + "x",
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


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_long_run_is_read_in_linear_time(name: str) -> None:
    short = max(_processor_s(name, SIZE // 4), 0.02)
    long = _processor_s(name, SIZE)
    assert long < 10 * short  # four times in proportion, sixteen times where a pattern is quadratic


def _processor_s(name: str, size: int) -> float:
    text = RUNS[name] * (size // len(RUNS[name])) + "x"
    started = time.process_time()
    for language in ("en", "zh"):
        boundaries(text, language)
    for rule in ("crlf", "markdown-links", "trim-lines", "trim-line-ends", "collapse-blank-lines"):
        RULES[rule](text)
    return time.process_time() - started
