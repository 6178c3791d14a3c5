"""What is told of something beside the one that was asked for, or no longer holds; on needles of their own."""

import pytest

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score

_LEAK = Needle(
    name="leak",
    language="en",
    statements=("The Marden tank loses 415 litres of oil a week through its upper valve.",),
    question="How much oil does the Marden tank lose through its upper valve?",
    answer="415 litres a week",
    facts=(KeyFact(name="amount", text="415 litres", identifying=True),),
)
_ORGAN = Needle(
    name="organ",
    language="en",
    statements=("The silent organ of Brack Abbey was repaired by Edwin Harle.",),
    question="Who repaired the silent organ of Brack Abbey?",
    answer="Edwin Harle",
    facts=(KeyFact(name="person", text="Edwin Harle", identifying=True),),
)
_COST = Needle(
    name="cost",
    language="zh",
    statements=("松岭水站的泵房翻修一共花了五十二万四千元。",),
    question="松岭水站的泵房翻修一共花了多少钱？",
    answer="五十二万四千元",
    facts=(KeyFact(name="amount", text="五十二万四千元", identifying=True),),
)
_SHED = Needle(
    name="shed",
    language="zh",
    statements=("梨花渡的渡船停在北岸石棚里，缆绳挂在船夫屋檐下。",),
    question="梨花渡的渡船停在哪里，缆绳挂在哪里？",
    answer="停在北岸石棚里，缆绳挂在船夫屋檐下",
    facts=(
        KeyFact(name="place", text="北岸石棚", identifying=True),
        KeyFact(name="rope", text="船夫屋檐下", identifying=True),
    ),
)


@pytest.mark.parametrize(
    ("needle", "answer", "value"),
    [
        (_LEAK, "The lower valve lets out 415 litres a week; the upper valve only 22.", 0.0),
        (_LEAK, "Nobody should believe that the Marden tank loses 415 litres a week.", 0.0),
        (_LEAK, "415 litres a week; the upper valve is where it leaks.", 1.0),
        (_LEAK, "415 litres a week, though I have some doubts about that line.", 0.7),
        (_LEAK, "Allegedly 415 litres a week.", 0.7),
        (_LEAK, "Step 1: read it with care. Step 2: the Marden tank loses 415 litres a week.", 1.0),
        (_ORGAN, "Edwin Harle is the one who silenced the organ; Clara Voss repaired it.", 0.0),
        (_ORGAN, "It was Edwin Harle; the organ that he repaired stands in Brack Abbey.", 1.0),
        (_COST, "预算是五十二万四千元，最后实际花了六十一万二千元。", 0.0),
        (_COST, "共五十二万四千元，其中设备四十万，人工十二万四。", 0.7),
        (_COST, "五十二万四千元，这一信息来自第12期，该期发布于2021年3月。", 1.0),
        (_SHED, "渡船停在北岸石棚里，夜间由两只黄狗看守；缆绳挂在船夫屋檐下。", 0.7),
        (_SHED, "渡船停在北岸石棚里；缆绳呢，挂在船夫屋檐下，希望能帮到您，祝您旅途愉快！", 1.0),
    ],
)
def test_what_is_told_of_something_else_is_not_the_answer(needle: Needle, answer: str, value: float) -> None:
    score = grade(answer, needle)
    assert isinstance(score, Score)
    assert score.value == value


@pytest.mark.parametrize(
    ("needle", "answer", "outcome"),
    [
        (_LEAK, "Not a single line in these essays concerns a tank, so I am not in a position to say.", "abstained"),
        (_ORGAN, "I don't name or give out anything about individual people.", "refused"),
        (_COST, "文中未出现松岭水站，也没有这笔钱。", "abstained"),
    ],
)
def test_who_gives_nothing_says_why(needle: Needle, answer: str, outcome: str) -> None:
    score = grade(answer, needle)
    assert isinstance(score, Score)
    assert (score.value, score.outcome) == (0.0, outcome)
