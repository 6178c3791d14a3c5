"""Languages that the rules can't read: what denies or doubts in them is no full mark, what declines in them no 0."""

from collections.abc import Mapping

import pytest

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score, Unscored
from tests.wording import says

LISBON = "lisbon-number"


@pytest.mark.parametrize(
    "answer",
    [
        "Le numéro n'est pas 7482913.",
        "Die Zahl ist nicht die 7482913, das ist in dem Text falsch.",
        "El número para la ciudad de Lisboa no es el 7482913.",
        "O número para a cidade de Lisboa não é 7482913.",
        "Il numero della città non è 7482913.",
        "番号は7482913ではありません。",
        "Номер города Лиссабон не 7482913.",
        "리스본의 번호는 7482913이 아닙니다.",
    ],
)
def test_a_denial_that_can_not_be_read_is_no_full_mark(needles: Mapping[str, Needle], answer: str) -> None:
    score = grade(answer, needles[LISBON])
    assert isinstance(score, Unscored) and says(str(score.reason), "note.language_not_covered")


@pytest.mark.parametrize(
    "answer",
    [
        "El número mágico de la ciudad es 7482913.",
        "Le numéro de la ville est 7482913.",
        "番号は7482913です。",
        "The number is 7482913 (no, not the one of Porto).",
        "The number on the poster of the pas de deux is 7482913, which is non-negotiable.",
    ],
)
def test_a_fact_without_doubt_counts_in_any_language(needles: Mapping[str, Needle], answer: str) -> None:
    score = grade(answer, needles[LISBON])
    assert isinstance(score, Score) and score.value == 1.0


@pytest.mark.parametrize("answer", ["Nein.", "Não sei.", "Lo siento, no puedo responder a esa pregunta.", "Nada."])
def test_a_short_answer_in_another_language_is_never_0(needles: Mapping[str, Needle], answer: str) -> None:
    assert isinstance(grade(answer, needles["sf-sandwich"]), Unscored)


@pytest.mark.parametrize("answer", ["Golden Gate Park.", "Visit Chiang Mai.", "A pas de deux.", "No.", "None."])
def test_a_short_english_answer_stays_graded(needles: Mapping[str, Needle], answer: str) -> None:
    score = grade(answer, needles["sf-sandwich"])
    assert isinstance(score, Score) and score.value == 0.0


def test_a_few_common_words_are_no_answer_in_a_needles_own_language() -> None:
    french = Needle(
        name="cave",
        language="fr",
        statements=("La clé de la cave est sous le pot de basilic.",),
        question="Où est la clé de la cave ?",
        answer="sous le pot de basilic",
    )
    score = grade("Elle est sous le pot de basilic.", french)
    assert isinstance(score, Score) and score.value == 1.0
    for answer in ("Le texte ne le dit pas.", "Elle n'est pas sous le pot de basilic."):
        assert isinstance(grade(answer, french), Unscored)


@pytest.mark.parametrize(
    ("expected", "answer", "band"),
    [
        ("Behind the third oar.", "在第三支桨后面", None),
        ("Behind the third oar.", "文中没有提到。", 0.0),
        ("Behind the third oar.", "behind the second bench", 0.0),
        ("青花瓷瓶里", "inside a blue and white porcelain vase", None),
        ("青花瓷瓶里", "The document does not say.", 0.0),
        ("46350", "七百", 0.0),
    ],
)
def test_a_translation_that_no_alias_names_is_left_to_a_judge(expected: str, answer: str, band: float | None) -> None:
    language = "en" if expected.isascii() else "zh"
    needle = Needle(name="own", language=language, statements=(expected,), question="", answer=expected)
    score = grade(answer, needle)
    assert (score.value if isinstance(score, Score) else None) == band
    if band is None:
        named = Needle(
            name="own", language=language, statements=(expected,), question="", answer=expected,
            facts=(KeyFact(name="place", text=expected, aliases=(answer,), identifying=True),),
        )  # fmt: skip
        told = grade(answer, named)
        assert isinstance(told, Score) and told.value == 1.0
