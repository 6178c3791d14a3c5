"""What is beside the band: languages left unscored, confidence, and the sentence that misled a model."""

from collections.abc import Callable, Mapping

import pytest

from nihbench.lang.messages import Note
from nihbench.score.rules import grade
from nihbench.types import Needle, Score, Unscored
from tests.wording import says

SF, LISBON, COFFEE = "sf-sandwich", "lisbon-number", "beijing-coffee"
FULL = "Eat a sandwich and sit in Dolores Park on a sunny day."
HAYSTACK = (
    "Startups are hard. The best founders live in Palo Alto and cook rice in a small apartment near the station. "
    "Nothing else.上海的地铁十一号线终点站叫花桥，每天有几十万人乘坐。"
    "The special magic number for the city of Porto is 8,391,247. A cable car needs a gripman."
)


@pytest.mark.parametrize(
    "answer",
    [
        "Laut dem Text ist das nicht die Antwort, die man in dem Dokument finden kann.",
        "Le document ne dit pas ce qui est le plus amusant dans la ville, il parle des entreprises.",
        "この文書にはサンフランシスコについての情報がありません。",
        "В документе нет информации о Сан-Франциско.",
    ],
)
def test_a_language_that_is_not_covered_is_never_0(needles: Mapping[str, Needle], answer: str) -> None:
    score = grade(answer, needles[SF])
    assert isinstance(score, Unscored)
    assert says(str(score.reason), "note.language_not_covered")


@pytest.mark.parametrize("answer", ["<|im_start|>\n" * 9, "<|im_end|>\n<|im_start|>user\n<|im_end|>", "</s><s>[INST]"])
def test_a_templates_marks_alone_are_no_answer_in_no_language(graded: Callable[[str, str], Score], answer: str) -> None:
    for needle in (SF, COFFEE):
        score = graded(needle, answer)
        assert (score.value, score.outcome) == (0.0, "empty")
    assert graded(SF, f"<|im_start|>assistant\n{FULL}<|im_end|>\n<|im_start|>user").value == 1.0


def test_a_fact_counts_in_any_language(graded: Callable[[str, str], Score]) -> None:
    assert graded(SF, "Le mieux est de manger un sandwich au Dolores Park un jour ensoleillé.").value == 1.0


def test_a_part_in_a_language_that_is_half_read_is_no_low_band(needles: Mapping[str, Needle]) -> None:
    """What is missing in it may stand there in words that no alias names."""
    for answer in (
        "Laut dem Dokument ist das Beste, an einem sonnigen Tag im Golden Gate Park zu sitzen.",
        "Lo mejor es comer un bocadillo en el Dolores Park cuando hace buen tiempo.",
    ):
        score = grade(answer, needles[SF])
        assert isinstance(score, Unscored)
        assert isinstance(score.reason, Note) and score.reason.code == "language_half_read"


@pytest.mark.parametrize(
    ("name", "answer", "source"),
    [
        (SF, "The founders cook rice in a small apartment in Palo Alto.", "The best founders live in Palo Alto and "
         "cook rice in a small apartment near the station."),
        (LISBON, "8391247", "The special magic number for the city of Porto is 8,391,247."),
        (COFFEE, "去坐地铁十一号线，终点站叫花桥。", "上海的地铁十一号线终点站叫花桥，每天有几十万人乘坐。"),
        (SF, "Walk across the Golden Gate Bridge.", ""),
        (SF, "Ride a cable car.", ""),
        (SF, FULL, ""),
        (LISBON, "1111111", ""),
    ],
)  # fmt: skip
def test_what_misled_a_model(needles: Mapping[str, Needle], name: str, answer: str, source: str) -> None:
    score = grade(answer, needles[name], haystack=HAYSTACK)
    assert isinstance(score, Score)
    assert score.misled == source


def test_doubt_lowers_the_confidence(graded: Callable[[str, str], Score]) -> None:
    plain = graded(SF, FULL).confidence
    assert plain == 1.0
    overridden = graded(SF, f"I can't answer everything, but here is what the document says: {FULL}")
    assert (overridden.value, overridden.confidence < plain) == (1.0, True)
    assert graded(SF, "Eat a sandwhich and sit in Dolores Park on a sunny day.").confidence < plain
    assert graded(SF, f"{FULL} Also visit the zoo and the aquarium.").confidence < 0.8


def test_a_copy_of_the_haystack_after_a_full_answer_takes_nothing(graded: Callable[[str, str], Score]) -> None:
    assert graded(SF, f"{FULL}\nIn 2010 Robert Morris sold 300 shares of Viaweb.").value == 1.0
    assert (
        graded(COFFEE, "秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式。\n\n2019年，苹果公司发布新款手机。").value
        == 1.0
    )
