"""What every fault is played against, made once: 32 trials here, and the 60 of `benchmarks.faults` there."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from benchmarks.scripted.grid import Plan, make_plan
from benchmarks.scripted.scenario import Book, load_book
from nihbench.types import Tokenizer


@pytest.fixture(scope="session")
def book() -> Book:
    return load_book()


@pytest.fixture(scope="session")
def plan(make: Callable[..., Plan]) -> Plan:
    """The plan, its lengths counted as the scripted model counts them."""
    return make(depths="8")


@pytest.fixture(scope="session")
def whole_plan(make: Callable[..., Plan]) -> Plan:
    """The same with its controls, as `nih run` sends it unless told otherwise."""
    return make(controls=True)


@pytest.fixture(scope="session")
def make(
    tmp_path_factory: pytest.TempPathFactory,
    named_tokenizer: Callable[[str], Tokenizer],
    own_cache: dict[str, str],
) -> Callable[..., Plan]:
    named_tokenizer("cl100k_base")  # skips where its file can't be had

    def make(**options: object) -> Plan:
        before = {name: os.environ.get(name) for name in own_cache}
        os.environ.update(own_cache)
        try:
            return make_plan(tmp_path_factory.mktemp("plan"), **options)
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    return make
