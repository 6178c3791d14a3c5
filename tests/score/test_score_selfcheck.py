"""A run says before it begins what of its needle's own answer would not get full marks."""

from types import SimpleNamespace
from typing import Any, cast

from nihbench.app.wiring import introduce
from nihbench.types import KeyFact, Needle


class _Checks:
    """As much of a run's checks as is looked at."""


def _told(needle: Needle, *, single: bool = True) -> list[str]:
    said: list[str] = []
    setup = SimpleNamespace(
        notes=(), options=SimpleNamespace(canary=False), task=SimpleNamespace(is_single=single, needle=needle)
    )
    caller = SimpleNamespace(tell=lambda sentence: said.append(str(sentence)))
    introduce(cast("Any", setup), cast("Any", None), cast("Any", caller), cast("Any", _Checks()))
    return said


def _needle(fact: str) -> Needle:
    facts = (KeyFact(name="place", text=fact, identifying=True), KeyFact(name="floor", text="third floor"))
    text = "The archive lies on the third floor of the old hospital."
    return Needle(
        name="own", language="en", statements=(text,), question="Where does the archive lie?",
        answer="On the third floor of the old hospital.", facts=facts,
    )  # fmt: skip


def test_a_weak_needle_is_said_before_its_run() -> None:
    said = _told(_needle("St. Mary's Hospital"))
    assert said and all("place" in sentence for sentence in said)


def test_a_sound_needle_and_other_tasks_are_not_spoken_of() -> None:
    assert _told(_needle("old hospital")) == []
    assert _told(_needle("St. Mary's Hospital"), single=False) == []
