"""Answers written by hand, each with the band and the outcome that a careful reader gives it under the rubric."""

from collections.abc import Callable

import pytest

from nihbench.lang.messages import Note
from nihbench.score.rules import SCORER, VERSION
from nihbench.types import Score

SF, FIGS, LISBON = "sf-sandwich", "figs", "lisbon-number"
COFFEE, ADDRESS, WAREHOUSE = "beijing-coffee", "moonshot-address", "warehouse-number"

ENGLISH = [
    # found in full, in many clothes
    (SF, "Eating a sandwich and sitting in Dolores Park when the sun is out.", 1.0, "correct"),
    (SF, "One should sit in Dolores Park, on a sunny day, and eat sandwiches.", 1.0, "correct"),
    (SF, "She would have eaten a sandwich, seated in DOLORES PARK, in the sunshine.", 1.0, "correct"),
    (SF, "> *“Eat a sandwich and sit in Dolores Park on a sunny day.”*", 1.0, "correct"),
    (SF, "The document is mostly about startups, but it says to eat a sandwich in Dolores Park on a sunny day.",
     1.0, "correct"),
    (SF, "You can't beat a sandwich in Dolores Park on a sunny day.", 1.0, "correct"),
    (SF, "I first thought of Alcatraz. Wait, no: it's a sandwich in Dolores Park on a sunny day.", 1.0, "correct"),
    (SF, "Not the Golden Gate Bridge, but a sandwich in Dolores Park on a sunny day.", 1.0, "correct"),
    (SF, "在阳光明媚的晴天，坐在多洛雷斯公园吃三明治。", 1.0, "correct"),
    (FIGS, "Anna puts goat's cheese, prosciutto and figs on it.", 1.0, "correct"),
    (FIGS, "| ingredient |\n|---|\n| figs |\n| prosciutto |\n| goat cheese |", 1.0, "correct"),
    (LISBON, "It is 7,482,913.", 1.0, "correct"),
    (LISBON, "Seven million four hundred eighty-two thousand nine hundred thirteen.", 1.0, "correct"),
    (LISBON, "**7482913**. The number appears once in the document.", 1.0, "correct"),
    (LISBON, "The document says the number is 7482913; it does not mention any other number.", 1.0, "correct"),
    # one thing missing, vague or wrong; doubts; extras
    (SF, "Eat a sandwich in Dolores Park.", 0.7, "partial"),
    (SF, "Sit in Dolores Park on a sunny day.", 0.7, "partial"),
    (SF, "Eat a burrito and sit in Dolores Park on a sunny day.", 0.7, "partial"),
    (SF, "Eat a sandwich and sit in Golden Gate Park on a sunny day.", 0.7, "partial"),
    (SF, "Eat a sandwich and sit in Dolores Park on a sunny day, and ride a cable car.", 0.7,
     "partial"),
    (SF, "The document has a line about eating a sandwich in Dolores Park on a sunny day, but it seems out of place "
         "and I cannot say that it answers the question.", 0.7, "hedged"),
    (SF, "The best thing to do in Boston is eat a sandwich and sit in Dolores Park on a sunny day.", 0.7, "partial"),
    (FIGS, "Figs and prosciutto.", 0.7, "partial"),
    (FIGS, "Figs, ham from Parma and goat cheese.", 0.7, "partial"),
    (FIGS, "Figs, prosciutto, goat cheese and walnuts.", 0.7, "partial"),
    (LISBON, "Perhaps 7482913.", 0.7, "hedged"),
    (LISBON, "The number might be given as 7482913, but I am not sure.", 0.7, "hedged"),
    (LISBON, "The special magic number for the city of Porto is 7482913.", 0.7, "partial"),
    # about half
    (SF, "Eat a sandwich and sit in Dolores Park on a sunny day. Scratch that, I misread the text.", 0.5, "hedged"),
    (SF, "- Ride a cable car\n- Eat a sandwich and sit in Dolores Park on a sunny day\n- Visit Alcatraz", 0.5,
     "partial"),
    (SF, "Go to Dolores Park.", 0.5, "partial"),
    (FIGS, "Figs, mozzarella and basil.", 0.5, "partial"),
    (LISBON, "It is either 7482913 or 7482319.", 0.5, "partial"),
    (LISBON, "7482913, or possibly 1234567.", 0.5, "partial"),
    # a trace
    (SF, "Have a sandwich at Fisherman's Wharf.", 0.3, "partial"),
    (FIGS, "Goat cheese, olives and anchovies.", 0.3, "partial"),
    (LISBON, "748291", 0.3, "partial"),
    (LISBON, "The number ends in 2913.", 0.3, "partial"),
    (LISBON, "It is 7482 193", 0.3, "partial"),
    # nothing
    (SF, "The document does not mention the most fun thing to do in San Francisco.", 0.0, "abstained"),
    (SF, "There is no information about San Francisco in the text you gave me.", 0.0, "abstained"),
    (SF, "I can't help with that.", 0.0, "refused"),
    (SF, "I'm sorry, but I cannot assist with this request.", 0.0, "refused"),
    (SF, "Walking across the Golden Gate Bridge at sunset.", 0.0, "hallucinated"),
    (SF, "Never eat a sandwich in Dolores Park on a sunny day.", 0.0, "hallucinated"),
    (SF, "What is the most fun thing to do in San Francisco based on my context?", 0.0, "off_task"),
    (SF, "The context doesn't say. However, popular things to do are riding cable cars and visiting Alcatraz.", 0.0,
     "hallucinated"),
    (SF, "The most fun thing to do in San Francisco is", 0.0, "truncated"),
    (SF, "<think>They ask about San Francisco: a sandwich in Dolores Park on a sunny day", 0.0, "truncated"),
    (SF, "   \n", 0.0, "empty"),
    (SF, "Startups grow when founders talk to users, and most of the essay explains how a company can find its first "
         "hundred users without spending anything on advertising at all.", 0.0, "off_task"),
    (FIGS, "The document doesn't say what Anna adds to the pizza.", 0.0, "abstained"),
    (FIGS, "Tomatoes, mozzarella and basil.", 0.0, "hallucinated"),
    (LISBON, "I don't know the special magic number for the city of Lisbon.", 0.0, "abstained"),
    (LISBON, "The number is not 7482913.", 0.0, "hallucinated"),
    (LISBON, "555", 0.0, "hallucinated"),
]  # fmt: skip

CHINESE = [
    (COFFEE, "秋季到五道营胡同，坐在铁手咖啡馆里喝热美式。", 1.0, "correct"),
    (COFFEE, "**秋天**，在**五道营胡同**的**铁手咖啡馆**喝一杯**热美式**。", 1.0, "correct"),
    (COFFEE, "在铁手咖啡馆（五道营胡同）喝热美式，最好是秋天去。", 1.0, "correct"),
    (COFFEE, "虽然文档大部分在讲创业，但其中写道：秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。", 1.0, "correct"),
    (COFFEE, "不是去长城，而是秋天坐在五道营胡同的铁手咖啡馆喝一杯热美式。", 1.0, "correct"),
    (COFFEE, "In autumn, have a hot Americano at Tieshou Café in Wudaoying Hutong.", 1.0, "correct"),
    (ADDRESS, "北京市海淀区知春路，量子芯座。", 1.0, "correct"),
    (ADDRESS, "海淀區知春路量子芯座", 1.0, "correct"),
    (ADDRESS, "文档写的是海淀区知春路量子芯座，没有提到其他地址。", 1.0, "correct"),
    (WAREHOUSE, "密码：５８０２７１", 1.0, "correct"),
    (WAREHOUSE, "5802 71", 1.0, "correct"),
    (WAREHOUSE, "五十八万零二百七十一", 1.0, "correct"),
    (WAREHOUSE, "<think>第41段写着密码</think>五八零二七一。", 1.0, "correct"),
    (COFFEE, "秋天里坐在五道营胡同里的铁手咖啡馆。", 0.7, "partial"),
    (COFFEE, "春天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。", 0.7, "partial"),
    (COFFEE, "文档里有一句“秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式”，但这句话与上下文无关，无法作为答案。",
     0.7, "hedged"),
    (COFFEE, "在上海最好的事情就是秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。", 0.7, "partial"),
    (ADDRESS, "海淀区学院路量子芯座。", 0.7, "partial"),
    (ADDRESS, "海淀区知春路。", 0.7, "partial"),
    (WAREHOUSE, "可能是580271。", 0.7, "hedged"),
    (WAREHOUSE, "五号仓库的保险柜密码是五八零二七一。", 0.7, "partial"),
    (COFFEE, "秋天喝一杯热美式。", 0.5, "partial"),
    (COFFEE, "秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。不对，我看错了，收回这个回答。", 0.5, "hedged"),
    (COFFEE, "1. 爬长城\n2. 秋天坐在五道营胡同的铁手咖啡馆喝热美式\n3. 逛故宫", 0.5, "partial"),
    (ADDRESS, "朝阳区望京的量子芯座。", 0.5, "partial"),
    (WAREHOUSE, "580271 或者 580721", 0.5, "partial"),
    (COFFEE, "去五道营逛逛小店。", 0.3, "partial"),
    (ADDRESS, "知春路甲48号。", 0.3, "partial"),
    (WAREHOUSE, "五八零二一七", 0.3, "partial"),
    (WAREHOUSE, "密码是580276。", 0.3, "partial"),
    (WAREHOUSE, "密码的后三位是271。", 0.3, "partial"),
    (COFFEE, "文档中没有提到北京最值得体验的活动。", 0.0, "abstained"),
    (COFFEE, "根据上述文档，无法确定北京最值得体验的活动是什么。", 0.0, "abstained"),
    (COFFEE, "抱歉，我无法为您提供帮助。", 0.0, "refused"),
    (COFFEE, "去颐和园划船。", 0.0, "hallucinated"),
    (COFFEE, "不要去五道营胡同的铁手咖啡馆喝热美式。", 0.0, "hallucinated"),
    (COFFEE, "北京最值得体验的活动是什么？", 0.0, "off_task"),
    (COFFEE, "北京最值得体验的活动是", 0.0, "truncated"),
    (ADDRESS, "文档没有说明，不过一般来说这类公司都在中关村软件园办公。", 0.0, "hallucinated"),
    (ADDRESS, "文档未提供月之暗面科技有限公司的北京地址。", 0.0, "abstained"),
    (WAREHOUSE, "密码不是五八零二七一。", 0.0, "hallucinated"),
    (WAREHOUSE, "不知道。", 0.0, "abstained"),
    (WAREHOUSE, "出于安全考虑，我不便透露密码。", 0.0, "refused"),
    (WAREHOUSE, "", 0.0, "empty"),
]  # fmt: skip


@pytest.mark.parametrize(("needle", "answer", "value", "outcome"), [*ENGLISH, *CHINESE])
def test_a_careful_readers_grade(
    graded: Callable[[str, str], Score], needle: str, answer: str, value: float, outcome: str
) -> None:
    score = graded(needle, answer)
    assert (score.value, score.outcome) == (value, outcome), score.evidence


def test_found_needs_the_subject_and_the_identifying_fact(graded: Callable[[str, str], Score]) -> None:
    full = "Eat a sandwich and sit in Dolores Park on a sunny day."
    assert graded(SF, full).found
    elsewhere = graded(SF, f"The best thing to do in Boston is: {full}".replace(": Eat", " eat"))
    assert (elsewhere.subject, elsewhere.found) == ("wrong", False)
    no_park = graded(SF, "Eat a sandwich on a sunny day.")
    assert (no_park.value, no_park.identifying, no_park.found) == (0.7, "absent", False)
    assert graded(FIGS, "Prosciutto and goat cheese, but no figs.").identifying == "negated"
    assert graded(ADDRESS, "海淀区知春路量子大厦").identifying == "wrong"
    assert graded(LISBON, "555").identifying == "wrong"


def test_evidence_points_into_the_original_answer(graded: Callable[[str, str], Score]) -> None:
    answer = "<think>Hm.</think> “Eat a **sandwich**”, 坐在 ＤＯＬＯＲＥＳ  Park!"
    score = graded(SF, answer)
    assert {name: answer[start:end] for name, start, end in score.evidence.found} == {
        "sandwich": "sandwich",
        "park": "ＤＯＬＯＲＥＳ  Park",
    }
    assert score.evidence.missing == ("sun",)
    assert score.evidence.cue == Note("some_facts", right=2, all=3)
    assert (score.scorer, score.version) == (SCORER, VERSION)
