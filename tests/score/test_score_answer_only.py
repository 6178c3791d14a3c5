"""A needle of which only the answer is known: in `needles.yaml`, where it becomes the one fact, and in a row."""

import pytest

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score

VASE = ("老馆长每晚把密室的钥匙放进青花瓷瓶里。", "老馆长每晚把密室的钥匙放在哪里？", "青花瓷瓶里")
GATE = ("The west gate is not locked at night.", "Is the west gate locked at night?", "No")
OAR = (
    "The spare key of the boathouse hangs behind the third oar.",
    "Where does the key hang?",
    "Behind the third oar.",
)


def needles(text: str, question: str, answer: str) -> list[Needle]:
    """Return the needle without facts, and with the one fact that the catalog makes of an answer."""
    language = "en" if text.isascii() else "zh"
    made = (KeyFact(name="answer", text=answer, identifying=True),)
    return [
        Needle(name="own", language=language, statements=(text,), question=question, answer=answer, facts=facts)
        for facts in ((), made)
    ]


@pytest.mark.parametrize(
    ("needle", "answer", "value", "outcome"),
    [
        (VASE, "钥匙放在青花瓷瓶", 1.0, "correct"),
        (VASE, "在青花瓷瓶里面。", 1.0, "correct"),
        (VASE, "放进青花瓷瓶里。", 1.0, "correct"),
        (VASE, "没有放在青花瓷瓶里。", 0.0, "hallucinated"),
        (VASE, "放在抽屉里。", 0.0, "hallucinated"),
        (GATE, "No, it isn't.", 1.0, "correct"),
        (GATE, "Yes, it is locked.", 0.0, "hallucinated"),
        (GATE, "No information about the west gate is given.", 0.0, "abstained"),
        (OAR, "**Behind the 3rd oar**", 1.0, "correct"),
        (OAR, "Behind the second oar.", 0.5, "partial"),
        (OAR, "Not behind the third oar.", 0.0, "hallucinated"),
    ],
)
def test_an_answer_alone(needle: tuple[str, str, str], answer: str, value: float, outcome: str) -> None:
    for one in needles(*needle):
        score = grade(answer, one)
        assert isinstance(score, Score)
        assert (score.value, score.outcome) == (value, outcome)


def test_what_a_row_expects_counts_for_a_needle_without_facts() -> None:
    for one in needles(*OAR):
        score = grade("Under the bench.", one, expected="Under the bench")
        assert isinstance(score, Score) and score.value == 1.0
