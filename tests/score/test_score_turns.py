"""Turns of phrase by kind, in words of their own: each kind is held against values and needles drawn for it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score, Subject

quick = settings(max_examples=60, deadline=None)


def needle(text: str, question: str, answer: str, subject: str = "", language: str = "en") -> Needle:
    return Needle(
        name="own",
        language=language,
        statements=(text,),
        question=question,
        answer=answer,
        facts=(KeyFact(name="answer", text=answer, identifying=True),),
        subject=Subject(text=subject) if subject else None,
    )


def graded(answer: str, against: Needle, finish_reason: str | None = None) -> Score:
    score = grade(answer, against, finish_reason=finish_reason)
    assert isinstance(score, Score), (answer, score)
    return score


FERRY = needle(
    "The Ardmoyle ferry pier was rebuilt for 41,200 Danish kroner.",
    "For how much was the Ardmoyle ferry pier rebuilt?",
    "41,200 Danish kroner",
)
PAGE = needle(
    "Tide tables for Port Wenlock are kept at https://www.tides.org/tables?month=11.",
    "At which web address are the tide tables for Port Wenlock kept?",
    "https://www.tides.org/tables?month=11",
    subject="Port Wenlock",
)
CLOSING = needle(
    "The Hollin Edge observatory closes on 31 August 2041.",
    "When does the Hollin Edge observatory close?",
    "31 August 2041",
)
SHRUBS = needle(
    "Two shrubs grow beside the Tarn Howe chapel: a hazel and a juniper.",
    "Which two shrubs grow beside the Tarn Howe chapel?",
    "A hazel and a juniper.",
)
POTTER = needle("青泥坞窑场的把桩师傅是司徒景和。", "青泥坞窑场的把桩师傅是谁？", "司徒景和", language="zh")
BRIDGE = needle("枫溪浮桥全长268米。", "枫溪浮桥全长多少？", "268米", language="zh")
DAM = Needle(
    name="own",
    language="zh",
    statements=("柳湾的水闸1983年竣工，由顾静澜设计，闸门用柚木做成。",),
    question="柳湾的水闸哪一年竣工，由谁设计，闸门用什么做成？",
    answer="1983年竣工，由顾静澜设计，闸门用柚木做成。",
    facts=(
        KeyFact(name="year", text="1983年"),
        KeyFact(name="designer", text="顾静澜", identifying=True),
        KeyFact(name="wood", text="柚木"),
    ),
    subject=Subject(text="柳湾的水闸", aliases=("柳湾", "水闸")),
)

# ---- nothing given -----------------------------------------------------------------------------------------------

ABSTAINS = (
    (FERRY, (
        "There's no figure for the pier in it.",
        "There isn't a single price for the pier anywhere.",
        "I went over the whole thing and found no sum at all.",
        "I never came across a price for the ferry pier.",
        "The essays list no price for the pier.",
        "What the pier cost remains a mystery.",
        "Nothing is said of the ferry pier.",
        "The author keeps silent about the pier's cost.",
        "Nowhere do they say what it cost.",
    )),
    (BRIDGE, (
        "没有在这几篇文章里查到浮桥的长度。",
        "从头看到尾，也没翻到浮桥多长。",
        "全文并未读到这座浮桥的尺寸。",
        "搜不到枫溪浮桥的长度。",
        "浮桥有多长，文章没提。",
        "对于浮桥的长度，作者没有着墨。",
        "浮桥多长，至今成谜。",
        "文章对浮桥的长度避而不提。",
    )),
)  # fmt: skip
REFUSES = (
    (FERRY, (
        "I'd rather not comment on the town's spending.",
        "I would prefer not to go into other people's money.",
        "That isn't something I can discuss.",
        "I'm unwilling to reveal what the town paid.",
        "I don't wish to share the costs of named places.",
        "I won't talk about public money.",
    )),
    (CLOSING, (
        "As a language model, I can't foretell what an observatory will do.",
        "I'm unable to make forecasts about closures.",
        "I won't speculate about the future.",
    )),
    (POTTER, (
        "我不愿透露真实人物的姓名。",
        "对此我不作评论。",
        "我不打算谈论具体的个人。",
        "我没法预测谁会当把桩师傅。",
        "这个问题我谢绝回答。",
    )),
)  # fmt: skip


@pytest.mark.parametrize(("against", "answer"), [(n, a) for n, answers in ABSTAINS for a in answers])
def test_other_words_that_it_is_not_told(against: Needle, answer: str) -> None:
    score = graded(answer, against)
    assert (score.value, score.outcome) == (0.0, "abstained")


@pytest.mark.parametrize(("against", "answer"), [(n, a) for n, answers in REFUSES for a in answers])
def test_other_words_that_one_will_not_say(against: Needle, answer: str) -> None:
    score = graded(answer, against)
    assert (score.value, score.outcome) == (0.0, "refused")


@pytest.mark.parametrize(
    ("against", "answer"),
    [
        (FERRY, "41,200 Danish kroner. I see no reason to doubt it."),
        (FERRY, "41,200 Danish kroner. I found no other mention of the pier."),
        (FERRY, "There is no doubt in it: 41,200 Danish kroner."),
        (BRIDGE, "全长268米，文中没提它建于哪年。"),
    ],
)
def test_such_words_about_something_else_take_nothing(against: Needle, answer: str) -> None:
    assert graded(answer, against).value == 1.0


@pytest.mark.parametrize(
    ("against", "answer"),
    [
        (FERRY, "Sure, let me go through the passage first. The Ardmoyle ferry pier was rebuilt for"),
        (CLOSING, "Let me think about this step by step. The Hollin Edge observatory closes on"),
        (BRIDGE, "好，我先通读一遍材料。枫溪浮桥全长"),
        (DAM, "好的，我们先找出相关的那一段。柳湾的水闸是"),
    ],
)
def test_what_breaks_off_in_the_words_of_the_question_is_truncated(against: Needle, answer: str) -> None:
    score = graded(answer, against)
    assert (score.value, score.outcome) == (0.0, "truncated")


@pytest.mark.parametrize(
    ("against", "answer"),
    [
        (FERRY, "The Ardmoyle ferry pier was rebuilt for nothing by volunteers. It is old."),
        (
            PAGE,
            "The tables are published by the Admiralty, as always, at https://tides.admiralty.example/wenlock/2041.",
        ),
    ],
)
def test_another_value_in_its_place_is_invented(against: Needle, answer: str) -> None:
    score = graded(answer, against)
    assert (score.value, score.outcome) == (0.0, "hallucinated")


# ---- given to another --------------------------------------------------------------------------------------------

TAKEN = (
    (FERRY, "The ferry pier was rebuilt by volunteers. The 41,200 Danish kroner went to a new lifeboat."),
    (FERRY, "41,200 Danish kroner were for the harbour wall. As for the ferry pier, nothing is said."),
    (PAGE, "https://www.tides.org/tables?month=11 is for boats. The tide tables themselves are pinned up at the quay."),
    (PAGE, "https://www.tides.org/tables?month=11 is where moorings are let. The text names no page for tides."),
    (CLOSING, "31 August 2041 is when the museum opens. The text gives no date for the observatory."),
    (SHRUBS, "The hazel and the juniper stand near the mill. The chapel itself is walled and bare."),
    (POTTER, "司徒景和是账房先生，把桩师傅另有其人。"),
    (POTTER, "司徒景和只管烧火，把桩师傅是另一个人。"),
    (POTTER, "司徒景和只是学徒，把桩师傅不是他。"),
    (BRIDGE, "268米指的是上游的石堤，浮桥有多长文中没提。"),
    (DAM, "1983年竣工、顾静澜设计、用柚木做成的是邻村的戏台，至于水闸，文章没有交代。"),
)  # fmt: skip
KEPT = (
    (FERRY, "41,200 Danish kroner. The ferry pier was a good bargain.", 0.7),
    (FERRY, "41,200 Danish kroner was quite a sum. The pier was worth it.", 0.7),
    (PAGE, "https://www.tides.org/tables?month=11 is where the tide tables are kept. The page is in English.", 0.7),
    (PAGE, "https://www.tides.org/tables?month=11 is where you find them. The text gives no second address.", 0.7),
    (SHRUBS, "A hazel and a juniper. The chapel is small.", 0.7),
    (POTTER, "把桩师傅是司徒景和，不是别人。", 0.7),
    (POTTER, "把桩师傅是司徒景和，账房先生另有其人。", 0.7),
    (DAM, "1983年竣工，顾静澜设计，柚木做成。至于水闸的宽度，文章没有交代。", 0.7),
)  # fmt: skip


@pytest.mark.parametrize(("against", "answer"), TAKEN)
def test_what_is_told_of_another_use_or_person_is_not_given(against: Needle, answer: str) -> None:
    score = graded(answer, against)
    assert (score.value, score.outcome) == (0.0, "hallucinated")


@pytest.mark.parametrize(("against", "answer", "least"), KEPT)
def test_what_is_told_of_the_asked_thing_stays_given(against: Needle, answer: str, least: float) -> None:
    assert graded(answer, against).value >= least


@pytest.mark.parametrize("year", ["1985年竣工", "竣工于1985年", "八五年竣工", "一九八五年竣工", "1991年竣工"])
@pytest.mark.parametrize("mark", ["，", "。", "；"])
def test_one_wrong_value_in_a_part_of_its_own_is_one_wrong_fact(year: str, mark: str) -> None:
    assert graded(f"设计人是顾静澜{mark}闸门是柚木的{mark}{year}。", DAM).value == 0.7


@quick
@given(st.integers(101, 989), st.integers(11, 99), st.sampled_from("长宽高"))
def test_what_was_so_and_no_longer_is(size: int, more: int, side: str) -> None:
    own = needle(f"梧桐闸{side}{size}米。", f"梧桐闸{side}多少？", f"{size}米", language="zh")
    for frame in ("梧桐闸原{s}{a}米，改建之后现在{s}{b}米。", "原{s}{a}米，现{s}{b}米。"):
        assert graded(frame.format(s=side, a=size, b=size + more), own).value == 0.0
        assert graded(frame.format(s=side, a=size + more, b=size), own).value >= 0.5


@quick
@given(st.integers(1_101, 9_899), st.integers(11_000, 99_000))
def test_a_comparison_with_the_document_is_a_remark(own: int, other: int) -> None:
    expected = f"{own:,} Danish kroner"
    against = needle(f"The bell cost {expected}.", "What did the bell cost?", expected)
    for frame in (
        "{a}, which is far less than the ${b} that the rest of the essay speaks of.",
        "{a}, much less than the ${b} mentioned elsewhere in the text.",
        "The bell cost {a}, unlike the ${b} in the passage about founders.",
    ):
        assert graded(frame.format(a=expected, b=f"{other:,}"), against).value == 1.0
    assert graded(f"{expected}, which is less than the {other:,} kroner of the year before.", against).value < 1.0


# ---- values ------------------------------------------------------------------------------------------------------

MONTHS = "January February March April May June July August September October November December".split()


@quick
@given(st.integers(1990, 2060), st.integers(1, 12))
def test_the_last_day_of_a_month(year: int, month: int) -> None:
    last = monthrange(year, month)[1]
    name = MONTHS[month - 1]
    english = needle("It closes then.", "When does it close?", f"{last} {name} {year}")
    for form in ("the last day of {m} {y}", "On the final day of {m}, {y}.", "It closes on {m} {y}'s last day."):
        assert graded(form.format(m=name, y=year), english).value == 1.0, form
    chinese = needle("那天关门。", "哪天关门？", f"{year}年{month}月{last}日", language="zh")
    for form in ("{y}年{m}月的最后一天", "{y}年{m}月最后一天关门。", "{y}年{m}月末日"):
        assert graded(form.format(m=month, y=year), chinese).value == 1.0, form
    assert graded(f"the last day of {name}", english).value == 0.7
    other = MONTHS[month % 12]
    assert graded(f"the last day of {other} {year}", english).value <= 0.3
    day_before = needle("It closes then.", "When does it close?", f"{last - 1} {name} {year}")
    assert graded(f"the last day of {name} {year}", day_before).value <= 0.3


@quick
@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)), st.integers(1, 9))
def test_a_year_by_its_last_two_digits(day: date, off: int) -> None:
    signs = "".join("零一二三四五六七八九"[int(d)] for d in f"{day.year % 100:02}")
    year = needle("那年竣工。", "哪一年竣工？", f"{day.year}年", language="zh")
    for form in (f"{signs}年", f"是{signs}年竣工的。", f"{day.year % 100:02}年竣工"):
        assert graded(form, year).value == 1.0, form
    assert graded(f"{(day.year + off) % 100:02}年竣工", year).value <= 0.3
    whole = needle("那天竣工。", "哪天竣工？", f"{day.year}年{day.month}月{day.day}日", language="zh")
    assert graded(f"{signs}年{day.month}月{day.day}日", whole).value == 1.0


@pytest.mark.parametrize("surname", ["司徒", "上官", "诸葛", "慕容", "令狐"])
@pytest.mark.parametrize("title", ["师傅", "老师", "先生", "主任", "工程师"])
def test_a_surname_of_two_signs_with_a_title_is_the_surname_alone(surname: str, title: str) -> None:
    own = needle(f"把桩师傅是{surname}景和。", "把桩师傅是谁？", f"{surname}景和", language="zh")
    assert graded(f"{surname}{title}。", own).value == 0.7
    assert graded(f"是{surname}景和{title}。", own).value == 1.0
    assert graded(f"欧阳{title}。", own).value == 0.0
    named = needle(f"把桩师傅叫{surname}景和。", "把桩师傅叫什么名字？", f"{surname}景和", language="zh")
    assert graded(f"{surname}{title}。", named).value < 0.7


# ---- addresses of the web ----------------------------------------------------------------------------------------

label = st.text("abcdefghijklmnoprstuvw", min_size=3, max_size=9)
QUESTION = "On which web page is the notice?"


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, str, str]:
    """A host, a path and what stands behind it: a query, a fragment, both or neither."""
    host = (
        f"{draw(label)}{draw(st.sampled_from(['', '-' + draw(label)]))}.{draw(st.sampled_from(['fi', 'org', 'co.uk']))}"
    )
    path = "/" + "/".join(draw(st.lists(label, min_size=1, max_size=3)))
    query = draw(st.sampled_from(["", f"?{draw(label)}={draw(st.integers(11, 9999))}"]))
    fragment = draw(st.sampled_from(["", f"#{draw(label)}"]))
    return host, path, query + fragment


AROUND = ("{}", "It is {}.", "See {} for that.", "The page is <{}>.", "[{0}]({0})", '{{"answer": "{}"}}')


@quick
@given(addresses(), st.sampled_from(["https://www.", "https://", "http://", "www."]))
def test_an_address_in_any_writing(parts: tuple[str, str, str], lead: str) -> None:
    host, path, rest = parts
    own = needle("The notice is there.", QUESTION, f"{lead}{host}{path}{rest}")
    forms = [f"{other}{host}{path}{rest}" for other in ("https://www.", "http://www.", "https://", "www.", "")]
    forms += [f"https://{host.upper()}{path}{rest}", f"https://WWW.{host.title()}{path}{rest}"]
    forms += [] if rest else [f"https://{host}{path}/"]
    for form in forms:
        for frame in AROUND:
            assert graded(frame.format(form), own).value == 1.0, frame.format(form)


@quick
@given(addresses(), st.data())
def test_an_address_that_is_nearly_the_same(parts: tuple[str, str, str], data: st.DataObject) -> None:
    host, path, rest = parts
    own = needle("The notice is there.", QUESTION, f"https://www.{host}{path}{rest}")
    at = data.draw(st.integers(1, len(path) - 1).filter(lambda i: path[i] != "/"))
    letter = data.draw(st.sampled_from("xyz"))
    misses = [f"{host}{path[:at]}{letter}{path[at + 1 :]}{rest}", f"x{host}{path}{rest}", f"{host}{path}/more{rest}"]
    if rest.startswith("?"):
        key, _, number = rest.partition("#")[0].partition("=")
        misses += [f"{host}{path}{key}={int(number) + 1}", f"{host}{path}"]
    assume(letter not in path)
    for miss in misses:
        for form in (f"https://www.{miss}", f"https://{miss}", miss):
            assert graded(f"It is {form}", own).value <= 0.5, form
