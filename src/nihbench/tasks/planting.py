"""What the families of this package share: whom a trial is about, where its inserts stand, what fills its text.

An instance (names, values, order, places) follows from seed, task, length and repeat, and from the row where that is
what the row says; not from the language, the prompt, the model or a condition. So conditions are paired: with four
distractors everything stands where it stood with none, and four sentences more.
"""

from __future__ import annotations

import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any, ClassVar, Literal, TypeVar

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.tasks import words
from nihbench.tasks.family import Draw, Family
from nihbench.text.source import MOST_CHARACTERS
from nihbench.types import Axis, Insert, Item, Planted, Trial

HAYSTACKS = ("text", "shuffled", "noise", "needles")
"""What a task's inserts stand in: the corpus, its sentences shuffled, idle sentences, or distractors alone."""
TURNS = ("one", "chat")
"""Whether a prompt is one message or a chat of many turns."""
MOST_DISTRACTORS = 256
CONDITIONS: Mapping[str, str] = {"haystack": "text", "distractors": "0"}
_STEP = 1.25
"""Percent of the haystack between neighbouring inserts: what sentences leave of it is 1 or more."""
FIT = int(100 / _STEP)
"""So many fit at that distance wherever the first stands."""
Metric = Literal["share", "f1"]
_TRIES = 20_000
_T = TypeVar("_T")


def depths_from(first: float, number: int, random: Random) -> list[float]:
    """Return so many depths in percent, `first` first, so far apart as `_STEP` says, or as far as so many can be.

    The first of many are those of few: a further insert moves none.
    """
    step, found = _STEP, _around(first, _STEP)
    random.shuffle(found)
    while len(found) < number - 1:
        step, known = step / 2, set(found)
        between = [depth for depth in _around(first, step) if depth not in known]
        random.shuffle(between)
        found += between
    return [first, *found[: number - 1]]


def _around(first: float, step: float) -> list[float]:
    """Return the depths at whole steps from one, without it; steps are halves of each other, so that sums are exact."""
    return [first + step * at for at in range(-int(first / step), int((100 - first) / step) + 1) if at]


class Cast:
    """Who and what a trial is about: draws things, people and values, none of them twice but in fillers.

    What another that it stands `beside` has drawn, it does not draw. Of all values half may stand in inserts, the other
    half in what fills a text: so no filler holds an answer.
    """

    def __init__(self, draw: Draw, purpose: str = "cast", *, beside: Cast | None = None, filler: bool = False) -> None:
        self.draw = draw
        self.random = draw.stream(purpose)
        self._filler = int(filler)
        self._used: set[object] = set() if beside is None else beside._used

    def thing(self) -> int:
        """Draw a thing."""
        return self._new("thing", self._half, words.THINGS // 2)

    def person(self, *, man: bool | None = None) -> int:
        """Draw somebody; a man or a woman where that is to be one."""

        def drawn(half: int) -> int:
            while True:
                number = self._half(half)
                if man is None or words.is_man(number) == man:
                    return number

        return self._new("person", drawn, words.PEOPLE // 2)

    def number(self, digits: int = 7) -> str:
        """Draw a number."""
        return self._value(words.number, digits)

    def code(self, signs: int = 8) -> str:
        """Draw a code."""
        return self._value(words.code, signs)

    def uuid(self) -> str:
        """Draw a UUID of version 4."""
        return self._value(words.uuid)

    def time(self) -> str:
        """Draw a time of day, to the second, within twelve hours: no two differ by their half of the day alone."""
        return self._value(words.time_of_day, 10, 22)

    def word(self) -> str:
        """Draw a made-up word of Latin letters."""
        return self._value(words.made_up, 4)

    def value(self, drawn: Callable[[Random], str]) -> str:
        """Draw a value of a kind of its own, as a text that is the same in every language."""
        return self._value(drawn)

    def _half(self, numbers: int) -> int:
        return 2 * words.below(self.random, numbers) + self._filler

    def _value(self, drawn: Callable[..., str], *given: int) -> str:
        filler, used, random = self._filler, self._used, self.random
        for _ in range(_TRIES):
            value = drawn(random, *given)
            if filler:
                if zlib.crc32(value.encode()) & 1:
                    return value
            elif ("value", value) not in used:
                used.add(("value", value))
                if not zlib.crc32(value.encode()) & 1:
                    return value
        raise UsageError(t("tasks.too_many_drawn"))

    def _new(self, kind: str, drawn: Callable[..., _T], *given: Any) -> _T:
        if self._filler:
            return drawn(*given)
        used = self._used
        for _ in range(_TRIES):
            value = drawn(*given)
            if (kind, value) not in used:
                used.add((kind, value))
                return value
        raise UsageError(t("tasks.too_many_drawn"))


class Shared(Family):
    """A family with the conditions of this package: what its haystack is, and how many distractors stand in it."""

    languages = ("en", "zh")
    ordered: ClassVar[bool] = False
    metric: ClassVar[Metric] = "share"
    characters: ClassVar[Mapping[str, int]] = {"en": 6, "zh": 3}
    """Of a text that the task makes, for each token of a prompt: more than any tokenizer puts into one."""
    _made: tuple[tuple[Draw, str], tuple[tuple[str, str], ...]] | None = None

    @abstractmethod
    def other(self, cast: Cast) -> tuple[str, str]:
        """Return a distractor and its value: a sentence of the needle's form about something else."""

    def asked_distractors(self, draw: Draw) -> int:
        """Return how many distractors a trial has: its row, or the option."""
        if self.axis.name == "distractors":
            return int(draw.point)
        return self.whole("distractors", least=0, most=MOST_DISTRACTORS)

    def finished(
        self,
        draw: Draw,
        cast: Cast,
        needles: Sequence[Insert],
        depths: Iterable[float],
        *,
        question: str,
        items: Sequence[Item],
        expected: str,
        names: Mapping[str, str] | None = None,
    ) -> Planted:
        """Return what is planted: the needles, distractors at the depths that they leave, and what fills the text.

        `names` says what items are about, where each is asked for by a name.
        """
        others = [(*self.other(cast), depth) for depth in depths]
        inserts = [Insert(text=text, depth_percent=at, role="distractor", value=value) for text, value, at in others]
        kind = self.chosen.get("haystack", "text")
        if kind not in HAYSTACKS:
            raise UsageError(t("tasks.no_haystack", haystack=kind, known=HAYSTACKS))
        made = kind in ("noise", "needles")
        return Planted(
            inserts=(*needles, *inserts),
            question=question,
            items=tuple(items),
            expected=expected,
            fresh=dict(names or {}) | (self.drawn(draw) if kind == "needles" else {}),
            haystack=self.filling(kind, draw) if made else None,
            apart=True,
            shuffled=kind == "shuffled",
            turned=self.turned,
        )

    @property
    def turned(self) -> bool:
        """Whether the haystack is a chat of many turns.

        Raises:
            UsageError: the option says neither that nor one message.
        """
        turns = self.chosen.get("turns", TURNS[0])
        if turns not in TURNS:
            raise UsageError(t("tasks.no_choice", name="turns", value=turns, known=TURNS))
        return turns == "chat"

    def drawn(self, draw: Draw) -> dict[str, str]:
        """Return what a record holds of a draw, so that what filled its text can be made again."""
        return _stored(draw)

    def size(self, draw: Draw) -> int:
        """Return how many characters a text has that the task makes for a trial.

        Raises:
            UsageError: more than any prompt has, as a stranger's run may say.
        """
        size = draw.trial.length * self.characters.get(self.language, 6)
        if size > MOST_CHARACTERS:
            raise UsageError(t("tasks.made_too_long", length=draw.trial.length, most=MOST_CHARACTERS))
        return size

    def filling(self, kind: str, draw: Draw) -> str:
        """Return a text of nothing but idle sentences, or of nothing but distractors."""
        characters = self.size(draw)
        if kind == "noise":
            return _noise(self.language, f"{draw.seed}|{draw.trial.length}|{draw.repeat}", characters)
        return self._joined(text for text, _ in self.fillers(draw))

    def fillers(self, draw: Draw, known: Planted | None = None) -> Iterator[tuple[str, str]]:
        """Give what fills a text of nothing but distractors, each with its value.

        `known`: what a record says that was planted, where its draw comes out of one.
        """
        return self.filled(draw, Cast(draw, "filler", filler=True))

    def filled(self, draw: Draw, cast: Cast) -> Iterator[tuple[str, str]]:
        """Give distractors of a cast until they fill a trial's text."""
        made, characters = 0, self.size(draw)
        while made < characters:
            text, value = self.other(cast)
            made += len(text) + 1
            yield text, value

    def _joined(self, texts: Iterable[str]) -> str:
        return (" " if self.language == "en" and not self.turned else "").join(texts)

    def reading(self, planted: Planted) -> Mapping[str, Any]:
        """Return that one value too many takes an answer back, what items are called, and what fills the text."""
        again, known = _drawn(planted), [item.name for item in planted.items]
        return {
            "strict": True,
            "names": {name: planted.fresh[name] for name in known if name in planted.fresh} if self.ordered else None,
            "metric": self.metric,
            "filler": None if again is None else lambda: self._remade(again, planted),
        }

    def _remade(self, draw: Draw, known: Planted) -> tuple[tuple[str, str], ...]:
        """Return what filled a trial's text, (value, sentence): made once for all answers that are read in turn."""
        which = draw, known.fresh.get("needle", "")
        if self._made is None or self._made[0] != which:
            self._made = which, tuple((value, text) for text, value in self.fillers(draw, known))
        return self._made[1]


_DIGITS = 18
_OF_A_DRAW = ("seed", "name", "length", "repeat", "control")


def _stored(draw: Draw) -> dict[str, str]:
    """Return what a record holds of a draw, so that what filled its text can be made again."""
    trial = draw.trial
    values = (draw.seed, draw.name, trial.length, trial.repeat, trial.control or "")
    return dict(zip(_OF_A_DRAW, map(str, values), strict=True))


def _drawn(planted: Planted) -> Draw | None:
    """Return the draw that a record holds; None where it holds none."""
    seed, name, length, repeat, control = (planted.fresh.get(each, "") for each in _OF_A_DRAW)
    if not all(len(each) <= _DIGITS and each.removeprefix("-").isdecimal() for each in (seed, length, repeat)):
        return None
    trial = Trial(experiment="", needle="", prompt="", length=int(length), depth_percent=0.0, repeat=int(repeat))
    return Draw(trial=replace(trial, control=control or None), seed=int(seed), name=name)


def whole_row(axis: Axis, draw: Draw, *, most: int, least: int = 1) -> int:
    """Return a trial's row as how many there are.

    Raises:
        UsageError: it is no whole number between `least` and `most`.
    """
    value = draw.point
    if value != int(value) or not least <= value <= most:
        raise UsageError(t("tasks.row_no_count", axis=axis.name, value=value, least=least, most=most))
    return int(value)


@lru_cache(maxsize=2)
def _noise(language: str, key: str, characters: int) -> str:
    """Return idle sentences in an order of their own, none twice in a row."""
    random, pieces, made, last = Random(f"{key}|noise"), list[str](), 0, -1
    for _ in count():
        at = random.randrange(24)
        if at == last:
            continue
        last = at
        pieces.append(words.idle(at, language))
        made += len(pieces[-1]) + 1
        if made >= characters:
            break
    return (" " if language == "en" else "").join(pieces)
