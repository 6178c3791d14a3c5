"""What must hold for any answer: dress does not count, less is never more, numbers are numbers in any writing."""

import time
from collections.abc import Callable, Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score, Subject, Unscored

FACTS = {
    "sf-sandwich": ("eat a sandwich", "sit in Dolores Park", "on a sunny day"),
    "beijing-coffee": ("秋天", "五道营胡同", "铁手咖啡馆", "热美式"),
    "moonshot-address": ("海淀区", "知春路", "量子芯座"),
    "figs": ("figs", "prosciutto", "goat cheese"),
}
PLAIN = [
    ("sf-sandwich", "Eat a sandwich and sit in Dolores Park on a sunny day."),
    ("sf-sandwich", "It seems out of place, so I can't say, but sit in Dolores Park with a sandwich on a sunny day"),
    ("sf-sandwich", "Eat a sandwich on a sunny day."),
    ("sf-sandwich", "Eat a sandwich and sit in Dolores Park on a sunny day. Scratch that."),
    ("sf-sandwich", "Eat a sandwich."),
    ("sf-sandwich", "The document does not mention it."),
    ("sf-sandwich", "Never eat a sandwich in Dolores Park on a sunny day."),
    ("figs", "Figs, prosciutto, goat cheese and walnuts."),
    ("lisbon-number", "The number is 7,482,913."),
    ("lisbon-number", "7482914"),
    ("beijing-coffee", "秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。"),
    ("beijing-coffee", "不要去五道营胡同的铁手咖啡馆喝热美式。"),
    ("moonshot-address", "海淀区知春路"),
    ("moonshot-address", "文档没有提到地址。"),
    ("warehouse-number", "密码是五八零二七一。"),
]
NUMBER = Needle(
    name="magic",
    language="en",
    statements=("The magic number of Alder Point is {number}.",),
    question="What is the magic number of Alder Point?",
    answer="{number}",
    facts=(KeyFact(name="number", text="{number}", identifying=True),),
    subject=Subject(text="Alder Point"),
    fresh={"number": 7},
)
quick = settings(max_examples=60, deadline=None)
sevens = st.from_regex(r"[1-9][0-9]{6}", fullmatch=True)


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


DRESS: list[Callable[[str], str]] = [
    str.upper,
    str.lower,
    str.title,
    wide,
    lambda t: f"**{t}**",
    lambda t: f"“{t}”",
    lambda t: f"「{t}」",
    lambda t: f"> _{t}_\n",
    lambda t: f"# {t}",
    lambda t: f"`{t}`",
    lambda t: f"\n\n  {t}\u00a0\n",
    lambda t: t.replace(" ", "  "),
    lambda t: t + " Thank you!",
    lambda t: f"<think>{t} No, wait.</think>{t}",
]


@quick
@given(st.sampled_from(PLAIN), st.lists(st.sampled_from(DRESS), min_size=1, max_size=2))
def test_dress_does_not_change_the_band(
    graded: Callable[[str, str], Score], answer: tuple[str, str], dress: list[Callable[[str], str]]
) -> None:
    name, dressed = answer
    for put_on in dress:
        dressed = put_on(dressed)
    assert graded(name, dressed).value == graded(*answer).value


@pytest.mark.parametrize("name", FACTS)
def test_deleting_a_fact_never_raises_the_band(graded: Callable[[str, str], Score], name: str) -> None:
    facts = FACTS[name]
    values = {
        kept: graded(name, ", ".join(kept) + ".").value
        for size in range(1, len(facts) + 1)
        for kept in combinations(facts, size)
    }
    assert values[facts] == 1.0
    for kept, value in values.items():
        assert kept == facts or value < 1.0
        fewer = [values[less] for less in combinations(kept, len(kept) - 1) if less]
        assert all(less <= value for less in fewer)


@pytest.mark.parametrize("name", FACTS)
def test_order_does_not_matter(graded: Callable[[str, str], Score], name: str) -> None:
    assert graded(name, ", ".join(reversed(FACTS[name])) + ".").value == 1.0


@quick
@given(st.text(alphabet=" \t\r\n\u00a0\u3000*_`.。！?…“”", max_size=40), st.sampled_from(sorted(FACTS)))
def test_an_empty_answer_is_nothing(graded: Callable[[str, str], Score], answer: str, name: str) -> None:
    score = graded(name, answer)
    assert (score.value, score.outcome) == (0.0, "empty")


def test_the_question_alone_is_nothing(needles: Mapping[str, Needle]) -> None:
    for needle in needles.values():
        if needle.fresh:
            continue
        assert grade(needle.question, needle).value == 0.0
        assert grade(f"I can't answer the question: {needle.question}", needle).value == 0.0
        assert grade(needle.statements[0], needle).value == 1.0


@quick
@given(st.text(max_size=200) | st.lists(st.sampled_from([a for _, a in PLAIN]), max_size=3).map(" ".join))
def test_any_answer_gets_a_score_whose_spans_lie_in_it(needles: Mapping[str, Needle], answer: str) -> None:
    for name in ("sf-sandwich", "beijing-coffee", "lisbon-number"):
        score = grade(answer, needles[name])
        if isinstance(score, Unscored):
            assert score.reason
            continue
        assert score.value in (0.0, 0.3, 0.5, 0.7, 1.0)
        assert 0.0 < score.confidence <= 1.0
        assert (score.value == 1.0) == (score.outcome == "correct")
        assert all(0 <= start < end <= len(answer) for _, start, end in score.evidence.found)
        assert score == grade(answer, needles[name])


@quick
@given(sevens)
def test_a_fresh_number_in_any_writing(number: str) -> None:
    writings = [
        number,
        f"{int(number):,}",
        f"{int(number):,}".replace(",", "\u202f"),
        " ".join(number),
        "-".join(number),
        wide(number),
        number.translate(str.maketrans("0123456789", "零一二三四五六七八九")),
        number.translate(str.maketrans("0123456789", "〇壹贰叁肆伍陆柒捌玖")),
        " ".join("zero one two three four five six seven eight nine".split()[int(d)] for d in number),
    ]
    for writing in writings:
        assert grade(f"It is {writing}.", NUMBER, fresh={"number": number}).value == 1.0, writing


@quick
@given(sevens, st.integers(0, 6), st.integers(1, 9), st.sampled_from(["other", "less", "more", "swap"]))
def test_one_wrong_digit_is_a_trace(number: str, place: int, step: int, change: str) -> None:
    digit = str((int(number[place]) + step) % 10)
    changed = {
        "other": number[:place] + digit + number[place + 1 :],
        "less": number[:place] + number[place + 1 :],
        "more": number[:place] + digit + number[place:],
        "swap": number[:place] + number[place + 1 : place + 2] + number[place] + number[place + 2 :],
    }[change]
    score = grade(changed, NUMBER, fresh={"number": number})
    assert score.value == (1.0 if changed == number else 0.3)


HOSTILE = [
    "a", "1 ", "1,2", "五", "没有", "不是", " ", "\n", "<think></think>", "<think>", "- a\n", "可能", "does not a a a ",
    "one two ", "either ", "wait ", "sandwich dolores park sunny ", "九千万", "is not, ", "7482913 7482914 ", "*_", "é",
    "1 万", '{"a":1,', "' ", "or ", "no a b c ", "wu ba ling ", "without never ",
    "五道营胡同铁手咖啡馆秋天热美式。", "，", "Ω",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("name", ["sf-sandwich", "lisbon-number"])
def test_time_does_not_explode_on_hostile_text(needles: Mapping[str, Needle], name: str, piece: str) -> None:
    """Twenty thousand characters: a quadratic pattern would need a minute."""
    started = time.process_time()
    grade(piece * (20_000 // len(piece)), needles[name])
    assert time.process_time() - started < 2


@pytest.mark.parametrize("piece", ["7482913, ", "没有", "does not a a a ", "- sandwich in Dolores Park\n"])
def test_a_megabyte_is_graded_in_seconds(needles: Mapping[str, Needle], piece: str) -> None:
    """The bound is generous; that time is linear in length is shown by benchmarks/grading.py."""
    started = time.process_time()
    grade(piece * (1_000_000 // len(piece)), needles["lisbon-number"])
    assert time.process_time() - started < 60
