"""The bank: its needles are asked fairly, and every one comes as often as any other wherever one looks."""

from __future__ import annotations

from collections import Counter
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.errors import UsageError
from nihbench.score.selfcheck import self_check
from nihbench.tasks.bank import KINDS, NEEDLES, Bank
from nihbench.tasks.family import Answer, Draw
from nihbench.tasks.squares import coloured, square, wordings
from nihbench.tasks.task import Grid, of_family
from nihbench.types import Planted, Score, Trial
from tests.tasks.test_tasks_families import LANGUAGES, graded
from tests.wording import wording as worded

WORDINGS = range(3)


class Chosen(Bank):
    """The bank with one needle in one wording."""

    at: tuple[int, int] = (0, 0)

    def cell(self, draw: Draw) -> tuple[int, int]:
        return self.at


def planted(language: str, needle: int, wording: int, repeat: int, **options: str) -> tuple[Bank, Planted]:
    family = Chosen(language, {**Bank.options, **options})
    family.at = needle, wording
    trial = Trial(experiment="", needle="", prompt="", length=4000, depth_percent=50.0, repeat=repeat)
    return family, family.plant(Draw(trial=trial, seed=11, name="bank"))


def cells(seed: int, lengths: int, depths: int, repeats: int, **options: str) -> dict[tuple[int, int, int], Planted]:
    task = of_family("bank", "en", options)
    grid = Grid(tuple(1000 * at for at in range(1, lengths + 1)), tuple(map(float, range(depths))), repeats)
    return {
        (row, column, repeat): task.planted(
            Trial(
                experiment="",
                needle="",
                prompt="",
                length=grid.lengths[column],
                depth_percent=grid.rows[row],
                repeat=repeat,
            ),  # fmt: skip
            seed,
            grid=grid,
        )
        for row, column, repeat in product(range(depths), range(lengths), range(repeats))
    }


def spread(found: dict[tuple[int, int, int], str], axis: int | None, versions: int) -> int:
    """How much oftener the most frequent version comes than the rarest, in the worst row, column or repeat."""
    groups: dict[int, Counter[str]] = {}
    for place, version in found.items():
        groups.setdefault(0 if axis is None else place[axis], Counter())[version] += 1
    return max(
        max(counts.values()) - (min(counts.values()) if len(counts) == versions else 0) for counts in groups.values()
    )


@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 8),
    repeats=st.integers(1, 4),
    versions=st.sampled_from([2, 5, 12, 60]),
    seed=st.text(max_size=3),
)
@settings(max_examples=30, deadline=None)
def test_a_square_has_every_version_equally_often(
    rows: int, columns: int, repeats: int, versions: int, seed: str
) -> None:
    drawn = square(seed, rows, columns, repeats, versions)
    places = list(product(range(rows), range(columns), range(repeats)))
    found = {place: str(version) for place, version in zip(places, drawn, strict=True)}
    assert all(spread(found, axis, versions) <= 1 for axis in (0, 1, 2, None))
    worded = wordings(seed, rows, columns, repeats, versions, 3)
    by_version: dict[int, Counter[int]] = {}
    for version, wording in zip(drawn, worded, strict=True):
        by_version.setdefault(version, Counter())[wording] += 1
    assert all(max(each.values()) - min(each[at] for at in range(3)) <= 1 for each in by_version.values())
    assert drawn == square.__wrapped__(seed, rows, columns, repeats, versions), "the same by every draw"


@given(edges=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=60), colours=st.integers(1, 7))
@settings(max_examples=50, deadline=None)
def test_edges_are_coloured_equally_at_every_vertex(edges: list[tuple[int, int]], colours: int) -> None:
    found = coloured(edges, colours, Random(0))
    for side, vertex in [(side, edge[side]) for edge in edges for side in (0, 1)]:
        counts = Counter(colour for edge, colour in zip(edges, found, strict=True) if edge[side] == vertex)
        assert max(counts.values()) - min(counts[colour] for colour in range(colours)) <= 1
    counts = Counter(found)
    assert not found or max(counts.values()) - min(counts[colour] for colour in range(colours)) <= 1


@pytest.mark.parametrize(("lengths", "depths", "repeats"), [(5, 12, 1), (15, 15, 1), (4, 15, 3), (7, 5, 2)])
@pytest.mark.parametrize("needles", [12, 60])
def test_cells_read_needles_by_a_square(lengths: int, depths: int, repeats: int, needles: int) -> None:
    made = cells(5, lengths, depths, repeats, needles=str(needles))
    found = {place: each.fresh["needle"] for place, each in made.items()}
    assert all(spread(found, axis, needles) <= 1 for axis in (0, 1, 2, None))
    assert len({name.partition("-")[0] for name in found.values()}) == min(len(KINDS), len(found))
    asked = {place: each.fresh["wording"] for place, each in made.items()}
    assert spread(asked, None, 3) <= 1
    assert all(spread(asked, axis, 3) <= 3 for axis in (0, 1, 2))
    other = cells(6, lengths, depths, repeats, needles=str(needles))
    assert {place: each.fresh["needle"] for place, each in other.items()} != found, "another seed, another square"
    assert len({each.expected for each in made.values()}) > 0.95 * len(made), "every trial has a value of its own"


def test_more_repeats_than_the_plan_has_are_another_square() -> None:
    """An adaptive run measures cells again and again."""
    made = [cells(5, 4, 5, 2)]
    task, grid = of_family("bank", "en", {}), Grid((1000, 2000), (0.0, 50.0), 2)
    drawn = {
        task.planted(
            Trial(experiment="", needle="", prompt="", length=1000, depth_percent=50.0, repeat=repeat), 5, grid=grid
        ).fresh["needle"]
        for repeat in range(40)
    }
    assert made and len(drawn) > 20


def test_there_are_five_needles_of_each_of_twelve_types() -> None:
    assert len(KINDS) == 12 and len(NEEDLES) == 60
    assert set(Counter(needle.kind for needle in NEEDLES).values()) == {5}
    for at in range(2):
        assert len({needle.said[at] for needle in NEEDLES}) == 60
        assert len({asked[at] for needle in NEEDLES for asked in needle.asked}) == 180
        for needle in NEEDLES:
            assert needle.said[at].count("{0}") == needle.said[at].count("{1}") == 1
            assert all(asked[at].count("{0}") == 1 and "{1}" not in asked[at] for asked in needle.asked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_needle_passes_its_own_check_in_every_wording(language: str) -> None:
    for needle, wording in product(range(60), WORDINGS):
        family, made = planted(language, needle, wording, repeat=needle + 60 * wording)
        assert not self_check(family.key(made)), (made.inserts[0].text, made.question)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_that_stands_nowhere_is_made_up(language: str) -> None:
    told = tried = 0
    for needle in range(60):
        family, made = planted(language, needle, needle % 3, repeat=1, distractors="2")
        for repeat in (2, 3):
            said = planted(language, needle, 0, repeat=repeat)[1].expected
            if any(said == insert.value for insert in made.inserts):
                continue
            score = family.grade(made, Answer(text=said))
            assert isinstance(score, Score) and not score.found, (made, said)
            tried += 1
            told += [error.code for error in score.evidence.errors] in (["item_invented"], ["item_missing"])
    assert told >= 0.99 * tried > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_distractor_is_told_whichever_needle_it_is(language: str) -> None:
    for needle in range(60):
        family, made = planted(language, needle, needle % 3, repeat=1, distractors="2")
        others = [each for each in made.inserts if each.role == "distractor"]
        assert len({each.value for each in made.inserts}) == 3
        scores = [family.grade(made, Answer(text=each.value)) for each in others]
        assert all(isinstance(score, Score) and not score.found for score in scores)
        named = [[error.code for error in score.evidence.errors] for score in scores if isinstance(score, Score)]
        assert named == [["item_distracted"]] * 2, (made, named)


@pytest.mark.parametrize("needle", range(0, 60, 7))
def test_wordings_and_languages_are_paired(needle: int) -> None:
    made = {
        (language, wording): planted(language, needle, wording, repeat=4, distractors="3")[1]
        for language in LANGUAGES
        for wording in WORDINGS
    }
    for language in LANGUAGES:
        one, *others = (made[language, wording] for wording in WORDINGS)
        for other in others:
            assert (other.inserts, other.items) == (one.inserts, one.items) and other.question != one.question
    english, chinese = made["en", 0], made["zh", 0]
    assert [each.depth_percent for each in english.inserts] == [each.depth_percent for each in chinese.inserts]
    digits = ["".join(filter(str.isdigit, each.value)) for each in english.inserts]
    if NEEDLES[needle].kind not in ("date", "person", "place", "list"):
        assert digits == ["".join(filter(str.isdigit, each.value)) for each in chinese.inserts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_fills_a_text_is_of_the_needle_s_form(language: str) -> None:
    family, made = planted(language, 8, 1, repeat=0, haystack="needles")
    assert made.haystack is not None and made.expected not in made.haystack
    pieces = made.inserts[0].text.split(made.inserts[0].value)
    assert made.haystack.count(pieces[1].strip() or pieces[0].strip()) > 50
    said = next(iter(family.reading(made)["filler"]()))
    score = graded(of_family("bank", language, {"haystack": "needles"}), made, said[0])
    assert [error.code for error in score.evidence.errors] == ["item_filler"]


@pytest.mark.parametrize(
    ("options", "key"),
    [({"needles": "13"}, "tasks.bank_needles"), ({"needles": "6"}, "tasks.option_not_whole"),
     ({"wording": "4"}, "tasks.no_choice")],
)  # fmt: skip
def test_options_that_are_none_are_named(options: dict[str, str], key: str) -> None:
    with pytest.raises(UsageError, match=worded(key)):
        of_family("bank", "en", options)


def test_one_wording_asks_in_no_other() -> None:
    assert {each.fresh["wording"] for each in cells(5, 3, 4, 1, wording="2").values()} == {"2"}
