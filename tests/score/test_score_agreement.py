"""How often rules and reader agree, group by group: on new needles and on expected texts as on known ones."""

from __future__ import annotations

import pytest

from benchmarks.agreement import ANSWERS, Case, agreement, by, read_cases
from nihbench.catalog.loading import load

CATALOG = load(ANSWERS)


def cases(name: str) -> list[Case]:
    return read_cases(ANSWERS / f"{name}.jsonl", CATALOG)


@pytest.mark.parametrize("group", ["known", "new, with facts", "answer only"])
def test_each_group_of_needles_is_graded_as_by_a_reader(group: str) -> None:
    found = agreement(by(cases("graded_answers2_dev"), "group")[group])
    assert found.accepted >= 0.95
    assert found.band >= 0.93
    assert found.outcome >= 0.9


def test_all_needles_together_are_graded_as_by_a_reader() -> None:
    assert agreement(cases("graded_answers2_dev")).kappa >= 0.95


@pytest.mark.parametrize(("name", "least"), [("answer_variants_dev", 0.98), ("answer_only_dev", 0.95)])
def test_answers_said_otherwise_get_the_bands_that_they_must(name: str, least: float) -> None:
    assert agreement(cases(name)).band >= least


def test_a_band_is_compared_with_all_that_a_reader_accepts() -> None:
    torn = next(case for case in cases("graded_answers2_dev") if len(case.bands) > 1)
    assert torn.bands[0] in torn.bands[1:] or len(set(torn.bands)) == len(torn.bands)
    assert agreement([torn]).band == float(torn.given in torn.bands)
