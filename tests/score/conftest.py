"""The needles of the score tests: those that ship, so that their facts and aliases are what is measured."""

from collections.abc import Callable, Mapping

import pytest

from nihbench.catalog.loading import load
from nihbench.catalog.names import packaged_folder
from nihbench.score.rules import grade
from nihbench.types import Needle, Score


@pytest.fixture(scope="session")
def needles() -> Mapping[str, Needle]:
    return load(packaged_folder()).needles


@pytest.fixture(scope="session")
def graded(needles: Mapping[str, Needle]) -> Callable[[str, str], Score]:
    def score(name: str, answer: str) -> Score:
        given = grade(answer, needles[name])
        assert isinstance(given, Score), given
        return given

    return score
