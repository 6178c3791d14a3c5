"""The pairs of `latent`: what a question has in common with its needle; nothing but the wording differs."""

from __future__ import annotations

import pytest

from nihbench.errors import UsageError
from nihbench.tasks.latent import PAIRS, WORDINGS, overlap
from nihbench.tasks.latent_pairs import FORMS
from nihbench.types import Planted
from tests.tasks.test_tasks_built_in import trial_of
from tests.tasks.test_tasks_families import LANGUAGES, ROOM, task_of
from tests.wording import wording


def planted(language: str, worded: str, row: float = 4, repeat: int = 0) -> Planted:
    task = task_of("latent", language, wording=worded)
    return task.planted(trial_of(task, row, repeat, ROOM), 5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_latent_question_has_nothing_of_its_needle(language: str) -> None:
    assert len(PAIRS) >= 40
    for pair in PAIRS:
        latent, paraphrase, literal = (overlap(pair, worded, language) for worded in WORDINGS)
        assert latent < 0.05 and literal > 0.3, (pair, latent, literal)
        assert latent < paraphrase < literal, (pair, paraphrase)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overlap_sees_a_word_that_is_shared(language: str) -> None:
    """A question that names what its needle names has more in common than a latent one may have."""
    at = LANGUAGES.index(language)
    for pair in PAIRS:
        asked = tuple(f"{question} {said}" for question, said in zip(pair.fact.asked, pair.fact.said, strict=True))
        leaky = pair._replace(fact=pair.fact._replace(asked=(asked[0], asked[1])))
        assert pair.fact.said[at] in leaky.question("latent", language)
        assert overlap(leaky, "latent", language) >= 0.05, leaky


@pytest.mark.parametrize("at", range(len(LANGUAGES)))
def test_no_pair_is_told_or_asked_twice(at: int) -> None:
    questions = [pair.question(worded, LANGUAGES[at]) for pair in PAIRS for worded in WORDINGS]
    assert len(set(questions)) == len(questions)
    assert len({pair.sentence("-", LANGUAGES[at]) for pair in PAIRS}) == len(PAIRS)
    assert all(len(form.facts) >= 4 and form.said[at].count("{") == 2 for form in FORMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_wordings_are_paired(language: str) -> None:
    for repeat in range(6):
        one, *others = (planted(language, worded, repeat=repeat) for worded in WORDINGS)
        for other in others:
            assert (other.inserts, other.items, other.expected) == (one.inserts, one.items, one.expected)
            assert other.question != one.question


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_pairs_have_their_turn(language: str) -> None:
    asked = [planted(language, "latent", row, repeat).question for repeat in range(len(PAIRS)) for row in (0, 64)]
    assert len(set(asked)) == len(PAIRS)
    assert asked[::2] == asked[1::2], "rows are paired"


@pytest.mark.parametrize("language", LANGUAGES)
def test_distractors_are_other_facts_of_the_same_form(language: str) -> None:
    for repeat in range(len(PAIRS)):
        made = planted(language, "latent", 64, repeat)
        pair = next(each for each in PAIRS if made.question.startswith(each.question("latent", language)))
        assert made.inserts[made.asked].text == pair.sentence(made.expected, language)
        misfits = [each for each in PAIRS if each.form is pair.form and each != pair]
        others = [insert for insert in made.inserts if insert.role == "distractor"]
        assert len({insert.value for insert in others} | {made.expected}) == 65
        told = {each for each in misfits for one in others if one.text == each.sentence(one.value, language)}
        assert told == set(misfits)
        assert all(any(one.text == each.sentence(one.value, language) for each in misfits) for one in others)


def test_the_overlap_is_kept_and_a_question_that_shares_words_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for worded in WORDINGS:
        made = planted("en", worded)
        pair = next(each for each in PAIRS if made.question.startswith(each.question(worded, "en")))
        assert float(made.fresh["overlap"]) == pytest.approx(overlap(pair, worded, "en"), abs=1e-4)
    monkeypatch.setattr("nihbench.tasks.latent.overlap", lambda *_: 0.05)
    with pytest.raises(UsageError, match=wording("tasks.shares_words")):
        planted("en", "latent")
    assert planted("en", "literal").fresh["overlap"] == "0.0500"


def test_a_wording_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match=wording("tasks.no_choice", name="wording", value="loud")):
        planted("en", "loud")
