from __future__ import annotations

import pytest

from nihbench.endpoint.checkup import Canary


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        (7014, "may have missed it"),
        (6800, "may have missed it"),
        (4096, "may have been cut"),
        (None, "may have been cut"),
    ],
)
def test_a_lost_line_is_laid_to_a_cut_only_where_the_count_does_not_speak_against_it(
    counted: int | None, words: str
) -> None:
    sentence = Canary(head=False, tail=True, expected_tokens=7010, prompt_tokens=counted).sentence
    assert words in sentence and "first line did not come back" in sentence
