"""The sieve before every cue's pattern: it must let through whatever the pattern would find."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.languages import base

PAIRS = [
    (f"{language}-{kind}-{number}", words, pattern)
    for language in base.codes()
    for kind, pairs in base.find(language).grading.cues.items()
    for number, (words, pattern) in enumerate(pairs)
]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "pattern"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS])
def test_what_a_pattern_finds_has_one_of_its_words(words: str, pattern: str) -> None:
    compiled = re.compile(pattern)

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(compiled))
    def every(text: str) -> None:
        found = compiled.search(text)
        groups = [group.split("|") for group in words.split("&")]
        assert found is None or all(any(word in text for word in group) for group in groups), found

    every()


def test_all_languages_know_the_same_kinds() -> None:
    for code in base.codes():
        assert set(base.find(code).grading.cues) == set(base.CUES), code
        assert set(base.find(code).grading.phrases) <= set(base.PHRASES), code
