from __future__ import annotations

import pytest

from nihbench.endpoint.checkup import Canary
from tests.wording import part, says


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        (7014, part("endpoint.count_nothing_cut_model")),
        (6800, part("endpoint.count_nothing_cut_model")),
        (4096, part("endpoint.may_been_cut")),
        (None, part("endpoint.may_been_cut")),
    ],
)
def test_a_lost_line_is_laid_to_a_cut_only_where_the_count_does_not_speak_against_it(
    counted: int | None, words: str
) -> None:
    sentence = Canary(head=False, tail=True, expected_tokens=7010, prompt_tokens=counted).sentence
    assert words in sentence and says(sentence, "endpoint.first_line_not_come")
