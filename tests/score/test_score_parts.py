"""The parts below the rules: folding, numbers, stems, negation, needles without facts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.score import match as negation
from nihbench.score.answer import Text
from nihbench.score.fold import final_answer
from nihbench.score.grammar import grammar_for
from nihbench.score.numbers import nearness
from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score, Unscored
from tests.wording import says

GRAMMAR = grammar_for("en")


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_folding_keeps_the_way_back(text: str) -> None:
    folded = GRAMMAR.fold(text)
    places = [folded.place(at) for at in range(len(folded.text))]
    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)
    assert all(GRAMMAR.fold(text[place]).text in ("", folded.text[at]) or len(GRAMMAR.fold(text[place]).text) > 1
               for at, place in enumerate(places))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ｄｏｌｏｒｅｓ **Park**", "dolores park"),
        ("“Isn’t” it?", "isn't it?"),
        ("鐵手 咖啡館 ，熱 美式。", "铁手咖啡馆,热美式。"),
        ("Café · chèvre", "cafe · chevre"),
        ("special_magic_number", "special magic number"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert GRAMMAR.fold(text).text == folded


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("<THINK>a</THINK>b<think>c</think>d", "bd"),
        ("no tags < here", "no tags < here"),
    ],
)
def test_thinking_is_blanked_in_place(answer: str, final: str) -> None:
    blanked = final_answer(answer)
    assert blanked is not None
    assert len(blanked) == len(answer)
    assert blanked.replace(" ", "") == final.replace(" ", "")
    assert final_answer(answer + "<think>more") is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("7,482,913 and 12", ["7482913", "12"]),
        ("7.482.913", ["7482913"]),
        ("3.14", ["3", "14"]),
        ("五十八万零二百七十一", ["580271"]),
        ("一亿零三百", ["100000300"]),
        ("十二", ["12"]),
        ("seven million four hundred eighty-two thousand nine hundred and thirteen", ["7482913"]),
        ("forty two", ["42"]),
        ("one two three", ["123"]),
    ],
)
def test_numbers(text: str, digits: list[str]) -> None:
    assert [number.digits for number in GRAMMAR.numbers(text)] == digits


@pytest.mark.parametrize(
    ("digits", "kind"),
    [("580271", "same"), ("580217", "near"), ("58271", "near"), ("5802711", "near"), ("580", "part"), ("71", "other"),
     ("172085", "other"), ("580999", "other"), ("", "other")],
)  # fmt: skip
def test_nearness(digits: str, kind: str) -> None:
    assert nearness(digits, "580271") == kind


@pytest.mark.parametrize(
    "forms",
    ["eat eats eating ate eaten", "sit sits sitting sat seated", "sandwich sandwiches", "fig figs", "make makes making",
     "berry berries", "bake bakes baked baking", "bus buses", "tree trees", "child children"],
)  # fmt: skip
def test_the_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({GRAMMAR.stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("text", "negative"),
    [
        ("not in {}", True),
        ("do not eat figs, nuts or {}", True),
        ("it isn't the bridge, it is {}", False),
        ("not only {}", False),
        ("not the bridge but {}", False),
        ("nothing beats {}", False),
        ("not there. {}", False),
        ("{} is not the answer", True),
        ("不在{}", True),
        ("并非坐在{}", True),
        ("不是长城,而是{}", False),
        ("不过{}", False),
        ("不仅是{}", False),
        ("不错的{}", False),
    ],
)
def test_negation(text: str, negative: bool) -> None:
    at = text.index("{}")
    assert negation.negated(Text(text.format("xyz"), GRAMMAR), at, at + 3) == negative


def bare(statement: str, question: str, answer: str) -> Needle:
    return Needle(name="own", language="en", statements=(statement,), question=question, answer=answer)


OAR = bare("The spare key hangs behind the third oar.", "Where does the spare key hang?", "Behind the third oar.")
SMOKE = bare(
    "Every Tuesday Mirela burns a cinnamon stick and reads the smoke for weather.",
    "What does Mirela do every Tuesday?",
    "She burns a cinnamon stick and reads the smoke for weather.",
)
POET = bare("老周每周三在断桥下面给流浪猫读一首李白的诗。", "老周每周三做什么？", "在断桥下面给流浪猫读一首李白的诗")
VOSS = bare("Inspector Voss never drinks coffee after noon.", "What does Voss never do?", "Drink coffee after noon.")
DATE = bare("The bridge was opened on 3 March 1907.", "When was the bridge opened?", "3 March 1907")


@pytest.mark.parametrize(
    ("needle", "answer", "value"),
    [
        (OAR, "It hangs behind the 3rd oar.", 1.0),
        (OAR, "Under the doormat.", 0.0),
        (OAR, "It isn't behind the third oar.", 0.0),
        (OAR, "The document does not say where the spare key hangs.", 0.0),
        (SMOKE, "Burning a cinnamon stick, she reads the weather in the smoke.", 1.0),
        (SMOKE, "She burns a cinnamon stick.", 0.5),
        (SMOKE, "She goes fishing.", 0.0),
        (SMOKE, "She does not burn a cinnamon stick or read the smoke for weather.", 0.0),
        (POET, "他在断桥下面给流浪猫读一首李白的诗。", 1.0),
        (POET, "给流浪猫读李白的诗", 0.5),
        (POET, "去西湖划船。", 0.0),
        (VOSS, "He never drinks coffee after noon.", 1.0),
        (VOSS, "Drinking coffee after noon.", 1.0),
        (DATE, "On March 3, 1907.", 1.0),
        (DATE, "3 May 1907", 0.3),
    ],
)
def test_a_needle_with_an_answer_only(needle: Needle, answer: str, value: float) -> None:
    score = grade(answer, needle)
    assert score.value == value, score.evidence


def test_expected_takes_the_place_of_the_needles_answer() -> None:
    assert grade("Beside the anchor.", OAR, expected="Beside the anchor").value == 1.0
    assert grade("Behind the third oar.", OAR, expected="Beside the anchor").value == 0.0


def test_what_the_server_said_tells_a_cut_answer() -> None:
    assert grade("Let me walk through all the essays", OAR, finish_reason="length").outcome == "truncated"
    assert grade("Behind the third oar", OAR, finish_reason="length").outcome == "correct"


def test_a_fact_that_the_question_says_earns_nothing_alone() -> None:
    asked = "Who hides the spare key behind the third oar, and why?"
    facts = (KeyFact(name="place", text="third oar"), KeyFact(name="person", text="Old Tobias", identifying=True))
    tobias = replace(OAR, question=asked, answer="Old Tobias", facts=facts)
    assert grade("Somebody hides it behind the third oar.", tobias).value == 0.0
    assert grade("Old Tobias hides it behind the third oar.", tobias).value == 1.0
    echo = bare("Rosa keeps a tame heron in the mill.", "What does Rosa keep in the mill?", "A tame heron in the mill.")
    assert grade("In the mill.", echo).value == 0.0


@pytest.mark.parametrize("room", [10_000, 200_000])
def test_an_answer_too_long_to_be_read_has_no_score_unless_what_was_read_has_all(room: int) -> None:
    """What stands in the middle of it was read by nobody: it is no miss."""
    needle = bare("The vault opens with 90417.", "What opens the vault?", "90417")
    said = "The vault opens with 90417."
    walk = "One more step was taken along the shore. " * (room // 41)
    whole = grade(f"{said} {walk}", needle)
    assert isinstance(whole, Score)
    hidden = grade(f"{walk}{said}{walk}", needle)
    if room > 32_000:
        assert isinstance(hidden, Unscored) and says(str(hidden.reason), "note.too_long_to_read")
    else:
        assert isinstance(hidden, Score)
