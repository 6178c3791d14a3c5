"""For every needle: what an answer wears never changes its band, and what is taken from it never raises it."""

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from nihbench.types import Score

Graded = Callable[[str, str], Score]
quick = settings(max_examples=80, deadline=None)
traditional = OpenCC("s2t").convert

# The facts of every needle, in words of which an answer can be strung together.
FACTS = {
    "sf-sandwich": ("eat a sandwich", "sit in Dolores Park", "on a sunny day"),
    "figs": ("figs", "prosciutto", "goat cheese"),
    "lisbon-number": ("7482913",),
    "petrel-logbook": ("in a brass teapot", "beneath the chapel stairs", "at Skerry Cove"),
    "harrow-budget": ("46,350 dollars",),
    "beijing-coffee": ("秋天", "五道营胡同", "铁手咖啡馆", "热美式"),
    "moonshot-address": ("海淀区", "知春路", "量子芯座"),
    "warehouse-number": ("五八零二七一",),
    "school-museum": ("教学楼西侧二层", "沈玉梅", "周四下午"),
}
CHINESE = {"beijing-coffee", "moonshot-address", "warehouse-number", "school-museum"}
WRITINGS = {
    "lisbon-number": [
        "7482913", "7,482,913", "7 482 913", "7.482.913", "７４８２９１３", "7-4-8-2-9-1-3", "748万2913",
        "七四八二九一三", "七百四十八万二千九百一十三", "seven four eight two nine one three",
        "seven million four hundred eighty-two thousand nine hundred and thirteen",
    ],
    "harrow-budget": [
        "46,350", "46350", "46 350", "46.35k", "4.635万", "四万六千三百五十", "four six three five zero",
        "forty-six thousand three hundred fifty",
    ],
    "warehouse-number": [
        "五八零二七一", "580271", "5802 71", "580,271", "５８０２７１", "伍捌零贰柒壹", "五十八万零二百七十一",
        "58万0271", "five eight zero two seven one", "wu ba ling er qi yi", "5、8、0、2、7、1",
    ],
}  # fmt: skip
NOTHING = {
    "en": ["The document does not say.", "I can't help with that.", "Nobody knows, as far as the text goes."],
    "zh": ["文档没有提到。", "无法回答这个问题。", "抱歉，我无法提供帮助。"],
}
names = st.sampled_from(sorted(FACTS))


def language(name: str) -> str:
    return "zh" if name in CHINESE else "en"


def strung(name: str, facts: tuple[str, ...]) -> str:
    return "，".join(facts) + "。" if name in CHINESE else ", ".join(facts) + "."


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, str]:
    """A needle and an answer of any band: some of its facts in any order, doubted or taken back or not; or none."""
    name = draw(names)
    facts = draw(st.lists(st.sampled_from(FACTS[name]), min_size=1, unique=True))
    whole = strung(name, tuple(facts))
    zh = name in CHINESE
    doubt = ["可能是{}", "{}不对，我收回刚才的回答。"] if zh else ["Perhaps {}", "{} Wait, scratch that."]
    shape = draw(st.sampled_from(["{}", "{}", *doubt, *NOTHING[language(name)]]))
    return name, shape.format(whole)


POLITE = {
    "en": [
        "Sure! {}", "Certainly. {}", "{} I hope this helps!", "{} Thank you!",
        "{} Let me know if you have any questions.",
        "Thanks for asking. {}", "Based on the document: {}", "According to the text, {}",
    ],
    "zh": [
        "您好！{}", "好的，{}", "{}希望对您有帮助！", "根据文档：{}", "{}谢谢！", "根据上述文档，{}",
        "{}如有其他问题，请随时告诉我。",
    ],
}  # fmt: skip
DRESS = [
    "**{}**",
    "“{}”",
    "「{}」",
    "> {}",
    "# {}",
    "`{}`",
    "\n\n  {}  \n",
    "_{}_",
    "- {}",
    "Answer: {}",
    "<think>hm</think>{}",
]


@quick
@given(answers(), st.data())
def test_polite_words_and_dress_never_change_the_band(
    graded: Graded, answer: tuple[str, str], data: st.DataObject
) -> None:
    name, plain = answer
    wear = data.draw(st.lists(st.sampled_from(DRESS + POLITE[language(name)]), min_size=1, max_size=2))
    dressed = plain
    for shape in wear:
        dressed = shape.format(dressed)
    assert graded(name, dressed).value == graded(name, plain).value, dressed


@pytest.mark.parametrize("name", FACTS)
def test_every_order_of_the_facts_is_full_marks(graded: Graded, name: str) -> None:
    assert {graded(name, strung(name, facts)).value for facts in permutations(FACTS[name])} == {1.0}


@quick
@given(answers())
def test_traditional_characters_never_change_the_band(graded: Graded, answer: tuple[str, str]) -> None:
    name, plain = answer
    assert graded(name, traditional(plain)).value == graded(name, plain).value


@pytest.mark.parametrize(("name", "writing"), [(name, w) for name, writings in WRITINGS.items() for w in writings])
def test_any_writing_of_a_number_is_full_marks(graded: Graded, name: str, writing: str) -> None:
    for shape in ("{}", "It is {}.", "是{}。", "**{}**"):
        assert graded(name, shape.format(writing)).value == 1.0, shape


def test_pinyin_and_translation_are_full_marks(graded: Graded) -> None:
    assert graded("moonshot-address", "Hǎidiàn Qū, Zhīchūn Lù, Liàngzǐ Xīnzuò").value == 1.0
    assert (
        graded("beijing-coffee", "Qiutian zuo zai Wudaoying Hutong de Tieshou Kafeiguan, he yi bei re meishi").value
        == 1.0
    )
    assert graded("school-museum", "教学楼西侧二层, Shěn Yùméi, 周四下午").value == 1.0
    assert graded("figs", "无花果、火腿和山羊奶酪").value == 1.0
    assert graded("petrel-logbook", "斯凯里湾教堂楼梯下的黄铜茶壶里").value == 1.0


NEGATED = {
    "en": ["It is not {}", "The document says it is never {}", "Not {}", "It isn't {}", "Don't {}"],
    "zh": ["不是{}", "并非{}", "没有{}", "绝不是{}", "不要{}"],
}


@quick
@given(names, st.data())
def test_negating_full_marks_lowers_them(graded: Graded, name: str, data: st.DataObject) -> None:
    facts = FACTS[name]
    shape = data.draw(st.sampled_from(NEGATED[language(name)]))
    joined = "".join(facts) + "。" if name in CHINESE else " ".join(facts) + "."
    assert graded(name, shape.format(joined)).value < 1.0
    one = data.draw(st.integers(0, len(facts) - 1))
    some = tuple(shape.format(fact) if at == one else fact for at, fact in enumerate(facts))
    assert graded(name, strung(name, some)).value < 1.0, some


DECOYS = {"en": ["a hot-air balloon", "Lake Tahoe", "1234567"], "zh": ["热气球", "天津站", "一二三四五六"]}


@quick
@given(names, st.data())
def test_swapping_a_fact_lowers_full_marks(graded: Graded, name: str, data: st.DataObject) -> None:
    facts = list(FACTS[name])
    facts[data.draw(st.integers(0, len(facts) - 1))] = data.draw(st.sampled_from(DECOYS[language(name)]))
    assert graded(name, strung(name, tuple(facts))).value < 1.0


@quick
@given(names, st.data())
def test_deleting_facts_one_by_one_never_raises_the_band(graded: Graded, name: str, data: st.DataObject) -> None:
    left = list(data.draw(st.permutations(FACTS[name])))
    before = graded(name, strung(name, tuple(left))).value
    assert before == 1.0
    while len(left) > 1:
        left.pop(data.draw(st.integers(0, len(left) - 1)))
        after = graded(name, strung(name, tuple(left))).value
        assert after <= before < 1.1 and after < 1.0, left
        before = after
