"""All families of the package, one suite: what they plant is exact and paired, and grades name what went wrong."""

from __future__ import annotations

import random
import re
import runpy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.errors import UsageError
from nihbench.lang.messages import said
from nihbench.run.texts import made_source
from nihbench.tasks.family import Answer
from nihbench.tasks.grading import ERRORS
from nihbench.tasks.kth_pieces import PIECES
from nihbench.tasks.planting import HAYSTACKS, Shared, depths_from
from nihbench.tasks.registry import SINGLE_NEEDLE, family, known
from nihbench.tasks.task import Task, of_family
from nihbench.text.prompt import build_prompt, rebuild
from nihbench.text.sentences import boundaries
from nihbench.text.source import Source, SourceText, make_source
from nihbench.types import Message, Placement, Planted, PromptTemplate, Score, Tokenizer
from tests.tasks.conftest import DOCS
from tests.tasks.test_tasks_built_in import trial_of
from tests.text.test_fit import EN, ZH

NAMES = tuple(name for name in known() if name != SINGLE_NEEDLE and issubclass(family(name), Shared))
LANGUAGES = ("en", "zh")
TEMPLATE = PromptTemplate(
    name="p",
    messages=(Message(role="system", content="Be brief."), Message(role="user", content="{haystack}\n\n{question}")),
)
ROOM = 32_000
"""Tokens of a prompt in which all that a row plants has room."""
ROOM_OF_TEXTS = 4_000
"""The same where the family makes the whole text, word for word."""


def task_of(name: str, language: str, **options: str) -> Task:
    offered = {**family(name).options, **family(name).later}
    return of_family(name, language, {key: value for key, value in options.items() if key in offered})


def rows_of(task: Task) -> tuple[float, ...]:
    """Its rows; of a task whose rows are depths, some of these."""
    return task.axis.values or (0.0, 41.7, 100.0)


def room(name: str) -> int:
    return ROOM_OF_TEXTS if name in ("graph", "words") else ROOM


def trials(name: str, language: str, repeats: int, **options: str) -> list[tuple[Task, Planted]]:
    """Every row with so many repeats of it; made once, for several tests look at the same."""
    return [each for row in rows_of(task_of(name, language, **options))
            for each in of_row(name, language, row, repeats, **options)]  # fmt: skip


def of_row(name: str, language: str, row: float, repeats: int = 8, **options: str) -> list[tuple[Task, Planted]]:
    return [one_of(name, language, row, repeat, **options) for repeat in range(repeats)]


@cache
def one_of(name: str, language: str, row: float, repeat: int, **options: str) -> tuple[Task, Planted]:
    task = task_of(name, language, **options)
    return task, task.planted(trial_of(task, row, repeat, room(name)), 5)


def graded(task: Task, planted: Planted, answer: str) -> Score:
    score = task.grade(planted, Answer(text=answer))
    assert isinstance(score, Score)
    for error in score.evidence.errors:
        assert error.code in ERRORS and all(said(error, language) for language in LANGUAGES)
    return score


def codes(score: Score) -> list[str]:
    return [error.code for error in score.evidence.errors]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_who_answers_all_finds_all(name: str, language: str) -> None:
    for task, planted in trials(name, language, 6, distractors="5"):
        for answer in (planted.expected, f"<think>Hm.</think>\n\n{planted.expected}"):
            score = graded(task, planted, answer)
            assert (score.found, score.value, score.outcome) == (True, 1.0, "correct"), (planted, score)
            assert not score.evidence.errors and all(found for _, found in score.items)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "absent"])
def test_who_guesses_finds_nothing(name: str, language: str) -> None:
    """The answer to another trial of the same row: of the right kind, and by chance alone right."""
    for row in rows_of(task_of(name, language, distractors="5")):
        made = of_row(name, language, row, distractors="5")
        scores = [graded(task, one, other.expected) for (task, one), (_, other) in pairwise(made)]
        assert not any(score.found for score in scores), (row, made)


def nearest(planted: Planted, role: str) -> str | None:
    """The value of the insert of a role that is nearest to the asked one."""
    at = planted.inserts[planted.asked].depth_percent
    others = [each for each in planted.inserts if each.role == role and each.value]
    return min(others, key=lambda each: abs(each.depth_percent - at)).value if others else None


def phrased(name: str, planted: Planted, said: str) -> str:
    """A value in the form that the question asks for."""
    return {"graph": f"So:\nAnswer: {said}", "kth": f"{planted.fresh.get('code')} {said}"}.get(name, said)


def takes_a_distractor(planted: Planted) -> str | None:
    return nearest(planted, "distractor")


def forgets_the_first_half(planted: Planted) -> str | None:
    values = [item.text for item in planted.items if item.name != "count"]
    kept = values[(len(values) + 1) // 2 :]
    return ", ".join(kept) or None


def swaps_two(planted: Planted) -> str | None:
    values = [item.text for item in planted.items]
    return ", ".join([values[1], values[0], *values[2:]]) if len(values) > 1 else None


def answers_the_old(planted: Planted) -> str | None:
    return nearest(planted, "superseded")


def stops_on_the_way(planted: Planted) -> str | None:
    return nearest(planted, "link")


def copies_another(planted: Planted) -> str | None:
    return nearest(planted, "alike")


def does_not_know(planted: Planted) -> str | None:
    return "文中没有提到。" if re.search("[\u4e00-\u9fff]", planted.question) else "The document does not say."


def adds_one(planted: Planted) -> str | None:
    other = nearest(planted, "distractor")
    return f"{', '.join(item.text for item in planted.items)}, {other}" if other else None


def makes_up(planted: Planted) -> str | None:
    """A value of the same form that stands nowhere: the asked one backwards."""
    value = planted.items[0].text[::-1]
    return value if all(value not in insert.text for insert in planted.inserts) else None


def forgets_the_form(planted: Planted) -> str | None:
    return f"I think: {planted.items[0].text}"


CODES = {"keys", "values", "queries", "column", "update", "conflict", "chain"}
FAULTS: list[tuple[str, Callable[[Planted], str | None], set[str]]] = [
    (
        "item_distracted",
        takes_a_distractor,
        CODES | {"absent", "count", "kinship", "latent", "graph", "words", "kth", "bank"},
    ),
    ("item_missing", forgets_the_first_half, {"values", "queries", "column", "count", "graph", "words"}),
    ("item_order", swaps_two, {"queries", "column"}),
    ("item_order", copies_another, {"kth"}),
    ("item_superseded", answers_the_old, {"update"}),
    ("item_halfway", stops_on_the_way, {"chain", "kinship", "graph"}),
    ("item_abstained", does_not_know, CODES | {"count", "kinship", "latent", "words", "bank"}),
    ("item_extra", adds_one, CODES | {"count", "words", "kinship", "latent", "graph", "bank"}),
    ("item_invented", makes_up, CODES),
    ("item_unmarked", forgets_the_form, {"graph", "kth"}),
]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fault", range(len(FAULTS)))
def test_a_fault_is_named(fault: int, language: str) -> None:
    code, answers, names = FAULTS[fault]
    assert names <= set(NAMES)
    for name in sorted(names):
        told = tried = 0
        for task, planted in trials(name, language, 8, distractors="5"):
            answer = answers(planted)
            if answer is None:
                continue
            tried += 1
            score = graded(task, planted, answer if answers is forgets_the_form else phrased(name, planted, answer))
            assert not score.found, (name, planted, answer)
            told += score.evidence.cue in score.evidence.errors and code in codes(score)
        assert tried and told >= 0.99 * tried, (name, told, tried)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_value_is_traced_to_where_it_stood(name: str, language: str) -> None:
    for task, planted in trials(name, language, 2, distractors="5"):
        for insert in planted.inserts:
            if insert.role != "distractor" or not insert.value:
                continue
            error = graded(task, planted, phrased(name, planted, insert.value)).evidence.errors[0]
            assert error.code == "item_distracted", (planted, insert)
            sources = [(each.text, each.depth_percent) for each in planted.inserts if each.value == insert.value]
            depth = error.fields["depth"]
            assert any(error.fields["words"] == text and abs(at - depth) < 0.01 for text, at in sources)


def steps_from(start: str, edges: list[tuple[str, str]], steps: int) -> set[str]:
    """Breadth-first search, read off the prompt."""
    seen, layer = {start}, {start}
    for _ in range(steps):
        layer = {other for one, other in edges if one in layer} - seen
        seen |= layer
    return layer


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ask", ["reached", "parents"])
def test_the_prompt_of_a_graph_has_the_answer(language: str, ask: str, named_tokenizer: Any) -> None:
    task, tokenizer = task_of("graph", language, ask=ask), named_tokenizer("cl100k_base")
    for row in rows_of(task):
        planted = task.planted(trial_of(task, row, 0, 1500), 5)
        prompt, _ = built(made_source(str(planted.haystack), language, tokenizer), planted, 1500, tokenizer)
        edges = re.findall(r"([0-9a-f]{10})(?: leads to |通往)([0-9a-f]{10})[.。]", prompt.rpartition("\n\n")[0])
        (start,) = re.findall(r"[0-9a-f]{10}", planted.question)
        into = {one for one, other in edges if other == start}
        wanted = into if ask == "parents" else steps_from(start, edges, int(row))
        assert wanted == {item.text for item in planted.items} and len(edges) > 25


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_prompt_of_a_list_has_the_answer(language: str, named_tokenizer: Any) -> None:
    task, tokenizer = task_of("words", language), named_tokenizer("cl100k_base")
    for row in rows_of(task):
        planted = task.planted(trial_of(task, row, 0, 1800), 5)
        prompt, _ = built(made_source(str(planted.haystack), language, tokenizer), planted, 1800, tokenizer)
        votes = Counter(re.findall(r"(?:is for |投给)([a-z]+)[.。]", prompt))
        most = votes.most_common(int(row) + 1)
        assert {word for word, _ in most[:-1]} == {item.text for item in planted.items}
        assert min(count for _, count in most[:-1]) >= 2 * most[-1][1]


@pytest.mark.parametrize("name", NAMES)
def test_languages_are_twins(name: str) -> None:
    english, chinese = (trials(name, language, 3, distractors="5") for language in LANGUAGES)
    for (_, one), (_, other) in zip(english, chinese, strict=True):
        assert [(i.depth_percent, i.role) for i in one.inserts] == [(i.depth_percent, i.role) for i in other.inserts]
        assert [item.name for item in one.items] == [item.name for item in other.items]
        for first, second in zip(one.items, other.items, strict=True):
            assert first.text == second.text or not first.text.isdecimal()
        assert one.question != other.question


@pytest.mark.parametrize("name", NAMES)
def test_distractors_move_nothing(name: str) -> None:
    """With more of them everything stands where it stood, and more stands beside it."""
    if family(name).axis.name == "distractors":
        task = task_of(name, "en")
        rows = [[task.planted(trial_of(task, row, 1, room(name)), 5) for row in rows_of(task)]]
    elif "distractors" in family(name).options:
        tasks = [task_of(name, "en", distractors=count) for count in ("0", "1", "4", "16")]
        rows = [[task.planted(trial_of(task, row, 1, room(name)), 5) for task in tasks] for row in rows_of(tasks[0])]
    else:
        pytest.skip("this family has its distractors by its row")
    for several in rows:
        for fewer, more in pairwise(several):
            assert fewer.question == more.question and fewer.items == more.items
            assert set(fewer.inserts) < set(more.inserts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_inserts_are_one_per_cent_apart(name: str, language: str) -> None:
    for _, planted in trials(name, language, 2, distractors="8"):
        depths = [insert.depth_percent for insert in planted.inserts]
        assert all(0 <= depth <= 100 for depth in depths)
        least = min((b - a for a, b in pairwise(depths)), default=100)
        assert least >= (1.0 if len(depths) <= 64 else 100 / len(depths) / 3), (name, least, len(depths))


@pytest.fixture(scope="module")
def corpora(named_tokenizer: Any) -> dict[str, Source]:
    tokenizer = named_tokenizer("cl100k_base")
    texts = {"en": EN * 60, "zh": ZH * 60}
    return {
        language: make_source(text, language, tokenizer.starts(text), boundaries(text, language), tokenizer)
        for language, text in texts.items()
    }


def built(source: Source, planted: Planted, length: int, tokenizer: Tokenizer) -> tuple[str, Placement]:
    messages, place = build_prompt(source, planted, TEMPLATE, length=length, overhead=7, tokenizer=tokenizer)
    assert 7 + sum(tokenizer.count(message.content) for message in messages) == place.total_tokens
    assert length - 8 <= place.total_tokens <= length
    text = SourceText(text=source.text, start=0, copies=1)
    assert rebuild(text, place, planted.texts, TEMPLATE, planted.question) == tuple(messages)
    return messages[1].content, place


CONDITIONED = [
    (name, haystack) for name in NAMES for haystack in (HAYSTACKS if "haystack" in family(name).options else ("text",))
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "haystack"), CONDITIONED)
def test_prompts_are_exact(
    name: str, language: str, haystack: str, corpora: dict[str, Source], named_tokenizer: Any
) -> None:
    tokenizer, drawn = named_tokenizer("cl100k_base"), random.Random(f"{name}{language}{haystack}")
    task, done = task_of(name, language, haystack=haystack, distractors="3"), 0
    for row in rows_of(task)[:2]:
        for length in (250, drawn.randrange(800, 1400), 2500):
            planted = task.planted(trial_of(task, row, 0, length), 5)
            source = corpora[language]
            if planted.haystack is not None:
                source = made_source(planted.haystack, language, tokenizer)
            try:
                prompt, place = built(source, planted, length, tokenizer)
            except UsageError:
                continue
            done += 1
            for each, text in ((each, planted.texts[each.index]) for each in place.inserts):
                assert prompt.count(text) == 1, text
                head = source.text[place.start : each.at]
                others = "".join(
                    other.before + planted.texts[other.index] + other.after
                    for other in place.inserts
                    if (other.at, other.index) < (each.at, each.index)
                )
                assert prompt.index(text) == len(head) + len(others) + len(each.before)
            places = [each.at for each in place.inserts]
            room = 2 + sum(place.start < at < place.end for at in source.boundaries.tolist())
            assert len(set(places)) == min(len(places), room)
    assert done


@pytest.mark.parametrize("name", NAMES)
def test_an_instance_depends_on_its_place_alone(name: str) -> None:
    task = task_of(name, "en")
    trial = trial_of(task, rows_of(task)[-1], 2, room(name))
    made = task.planted(trial, 5)
    assert made == task.planted(replace(trial, prompt="other", experiment="x", extra=True), 5)
    for other in (replace(trial, repeat=3), replace(trial, length=trial.length + 1)):
        assert task.planted(other, 5).items != made.items or task.planted(other, 5).inserts != made.inserts
    assert task.planted(trial, 6).inserts != made.inserts


def test_the_page_of_tasks_shows_what_the_tool_makes() -> None:
    """`python scripts/task_examples.py` writes the examples; each task has a section that says how to read it."""
    page = DOCS.read_text(encoding="utf-8")
    made = runpy.run_path(str(DOCS.parents[1] / "scripts" / "task_examples.py"))
    assert made["page"](page) == page
    for name in known():
        if name != SINGLE_NEEDLE:
            _, section = page.split(f"\n### {name}\n")
            section = section.partition("\n### ")[0]
            assert f"| [`{name}`](#{name}) |" in page and "*How to read it:*" in section and "*After:*" in section
            for language in LANGUAGES if name in NAMES else ():
                task = task_of(name, language)
                planted = task.planted(trial_of(task, (*task.axis.values, 50.0, 50.0)[1], 0, 2000), 0)
                assert planted.question in section and f"`{planted.expected}`" in section, (name, language)


@pytest.mark.parametrize("length", ["9" * 12, "9" * 5000])
def test_a_record_that_asks_for_a_text_beyond_any_is_refused_at_once(length: str) -> None:
    """A stranger's record says what filled its text, which is made again to trace a wrong answer."""
    task = task_of("keys", "en", haystack="needles")
    planted = task.planted(trial_of(task, 0.0, 0, 500), 5)
    hostile = replace(planted, fresh={**planted.fresh, "length": length})
    if len(length) > 18:
        assert codes(graded(task, hostile, "1234567")) == ["item_invented"]
        return
    with pytest.raises(UsageError, match="50,000,000 "):
        task.grade(hostile, Answer(text="1234567"))


@pytest.mark.parametrize("name", ["keys", "words", "graph"])
def test_no_text_is_made_that_is_longer_than_any_prompt(name: str) -> None:
    task = task_of(name, "en", haystack="noise" if name == "keys" else "text")
    with pytest.raises(UsageError, match="50,000,000 "):
        task.planted(trial_of(task, rows_of(task)[0], 0, 10**9), 5)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["kth", "update"])
def test_no_insert_overtakes_another_where_there_is_little_room(
    name: str, language: str, corpora: dict[str, Source], named_tokenizer: Any
) -> None:
    """Which came first is what is asked: places may be moved, and never past each other."""
    tokenizer, task = named_tokenizer("cl100k_base"), task_of(name, language, distractors="4")
    for row in rows_of(task):
        for repeat in range(4):
            for length in (900, 1300, 2000):
                planted = task.planted(trial_of(task, row, repeat, length), 5)
                try:
                    prompt, _ = built(corpora[language], planted, length, tokenizer)
                except UsageError:
                    continue
                places = [prompt.index(text) for text in planted.texts]
                assert places == sorted(places), (row, repeat, length)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("turns", ["one", "chat"])
def test_replies_are_pieces_of_novels_and_those_alike_come_once(language: str, turns: str) -> None:
    assert len(PIECES[language]) == len(set(PIECES[language])) == len(PIECES["en"])
    for count, distractors in (("2", "0"), ("8", "40"), ("32", "64")):
        task = of_family(
            "kth", language, {"alike": count, "distractors": distractors} | ({"turns": turns} if turns != "one" else {})
        )
        for repeat in range(3):
            planted = task.planted(trial_of(task, float(count), repeat, ROOM), repeat)
            alike = [each.value for each in planted.inserts if each.role in ("needle", "alike")]
            others = [each.value for each in planted.inserts if each.role == "distractor"]
            assert len(set(alike)) == int(count) and len(others) == int(distractors)
            assert set(alike) | set(others) <= set(PIECES[language]) and not set(alike) & set(others)
            assert planted.items[0].text in alike


def test_runs_from_before_there_were_pieces_are_made_as_they_were() -> None:
    """Their records know no such option, and what fills their texts is made again to trace an answer."""
    task = of_family("kth", "en", {"haystack": "needles"})
    before = replace(task, options={name: value for name, value in task.options.items() if name != "replies"})
    made = [each.planted(trial_of(each, 2, 0, 3000), 5) for each in (task, before)]
    assert "a note about" in made[1].question and "a note about" not in made[0].question
    assert not any(piece in str(made[1].haystack) for piece in PIECES["en"])
    assert made[0].inserts[0].depth_percent == made[1].inserts[0].depth_percent
    for each, planted in zip((task, before), made, strict=True):
        assert codes(graded(each, planted, f"{planted.fresh['code']} {planted.inserts[0].value}"))[0:1] in (
            [], ["item_order"],
        )  # fmt: skip
    with pytest.raises(UsageError):
        of_family("kth", "en", {"replies": "none"})


@given(first=st.floats(0, 100), number=st.integers(1, 400), seed=st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_places_are_far_apart_as_long_as_so_many_fit(first: float, number: int, seed: int) -> None:
    """80 fit at 1.25% of each other wherever the first stands; for more it is halved, no more than need be."""
    found = depths_from(first, number, random.Random(seed))
    assert len(found) == number and found[0] == first and all(0 <= depth <= 100 for depth in found)
    apart = min((b - a for a, b in pairwise(sorted(found))), default=100.0)
    room = 1.25
    while 1 + int(first / room) + int((100 - first) / room) < number:
        room /= 2
    assert apart >= room - 1e-9
    assert room == 1.25 or number > 80
    assert found == depths_from(first, number + 50, random.Random(seed))[:number], "a further insert moves none"
