"""Values of things, asked for by name: one among others, several of one thing, of several things, or a whole column.

After RULER's multi-key, multi-value and multi-query needles (Hsieh et al., COLM 2024) and NeedleBench's several needles
at several depths (Li et al., 2024), in words of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from random import Random

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.tasks import words
from nihbench.tasks.family import Axis, Draw, Insert, Item, Planted
from nihbench.tasks.planting import CONDITIONS, Cast, Shared, depths_from, whole_row

FORMS = ("word-number", "word-code", "code-code", "word-uuid", "uuid-uuid")
"""What a key is and what a value is."""
_SAYS = {
    "word": {"en": "The access code of the {0} is {1}.", "zh": "{0}的口令是{1}。"},
    "code": {"en": "The entry filed under {0} reads {1}.", "zh": "编号{0}的条目内容是{1}。"},
}
_ONE_OF = {
    "word": {"en": "One of the access codes of the {0} is {1}.", "zh": "{0}的口令之一是{1}。"},
    "code": {"en": "One of the entries filed under {0} reads {1}.", "zh": "编号{0}的条目之一是{1}。"},
}
_ONE = {
    "word": {
        "en": "What is the access code of the {0}? Answer with the code alone.",
        "zh": "{0}的口令是什么？只回答口令。",
    },
    "code": {
        "en": "What does the entry filed under {0} read? Answer with its content alone.",
        "zh": "编号{0}的条目内容是什么？只回答内容。",
    },
}
_ALL = {
    "word": {
        "en": "What are all the access codes of the {0}? Answer with the codes alone, separated by commas.",
        "zh": "{0}的全部口令是什么？只回答口令，用逗号分隔。",
    },
    "code": {
        "en": "What do all the entries filed under {0} read? Answer with their contents alone, separated by commas.",
        "zh": "编号{0}的全部条目内容是什么？只回答内容，用逗号分隔。",
    },
}
_EACH = {
    "word": {
        "en": "What are the access codes of these: {0}? Answer with the codes alone, in this order, separated by "
        "commas.",
        "zh": "下列各处的口令是什么：{0}？只回答口令，按此顺序，用逗号分隔。",
    },
    "code": {
        "en": "What do the entries filed under {0} read? Answer with their contents alone, in this order, separated by "
        "commas.",
        "zh": "编号{0}的条目内容分别是什么？只回答内容，按此顺序，用逗号分隔。",
    },
}
_AND = {"en": ", ", "zh": "、"}


class Keyed(Shared):
    """A family of keys and values: what both are is its option `form`."""

    says = _SAYS
    """What an insert says; by what its key is, and by language."""

    @cached_property
    def _form(self) -> tuple[str, str]:
        form = self.chosen["form"]
        if form not in FORMS:
            raise UsageError(t("tasks.no_choice", name="form", value=form, known=FORMS))
        key, value = form.split("-")
        return key, value

    @property
    def _thing(self) -> str:
        """What sentences are about: a thing that has a word, or an entry that is filed under signs."""
        return "word" if self._form[0] == "word" else "code"

    def key_in(self, cast: Cast) -> str:
        """Draw a key, in words."""
        key = self._form[0]
        return words.thing(cast.thing(), self.language) if key == "word" else self._signs(cast, key, 6)

    def value_in(self, cast: Cast) -> str:
        """Draw a value."""
        value = self._form[1]
        return cast.number() if value == "number" else self._signs(cast, value, 8)

    def _signs(self, cast: Cast, kind: str, signs: int) -> str:
        return cast.uuid() if kind == "uuid" else cast.code(signs)

    def sentence(self, key: str, value: str) -> str:
        """Return an insert's text."""
        return self.says[self._thing][self.language].format(key, value)

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return a sentence about another key, and its value."""
        key, value = self.key_in(cast), self.value_in(cast)
        return self.sentence(key, value), value

    def asked(self, texts: Mapping[str, Mapping[str, str]], keys: Sequence[str]) -> str:
        """Return the question for these keys."""
        return texts[self._thing][self.language].format(_AND[self.language].join(keys))


class Keys(Keyed):
    """The value of one key among those of others."""

    name = "keys"
    version = "1"
    title = Note("task_keys")
    axis = Axis(name="distractors", title=Note("distractors"), values=(0, 4, 16, 64))
    options = {"form": FORMS[0], "haystack": "text"}

    def does(self, row: float) -> Note:
        """Say what else the text is full of."""
        if self.chosen["haystack"] == "needles":
            return Note("does_keys_alone")
        return Note("does_keys", count=int(row)) if row else Note("does_single")

    def plant(self, draw: Draw) -> Planted:
        """Draw the asked key first: it is the same whatever stands beside it."""
        cast, place = Cast(draw), draw.stream("places")
        key, value = self.key_in(cast), self.value_in(cast)
        at, *others = depths_from(place.uniform(0, 100), 1 + self.asked_distractors(draw), place)
        needle = Insert(text=self.sentence(key, value), depth_percent=at, value=value)
        items = [Item(name="value", text=value)]
        return self.finished(
            draw, cast, [needle], others, question=self.asked(_ONE, [key]), items=items, expected=value
        )


class Values(Keyed):
    """All values of one key, of which there are several."""

    name = "values"
    version = "1"
    title = Note("task_values")
    axis = Axis(name="values", title=Note("task_values_axis"), values=(1, 2, 4, 8))
    options = {"form": FORMS[0], **CONDITIONS}
    says = _ONE_OF

    def does(self, row: float) -> Note:
        """Say how many values."""
        return Note("does_values", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw the key, then its values; those of fewer rows come first."""
        cast, place, count = Cast(draw), draw.stream("places"), whole_row(self.axis, draw, most=256)
        key, several = self.key_in(cast), Cast(draw, "values", beside=cast)
        values = [self.value_in(several) for _ in range(count)]
        depths = depths_from(place.uniform(0, 100), count + self.asked_distractors(draw), place)
        needles = [
            Insert(text=self.sentence(key, value), depth_percent=at, value=value)
            for value, at in zip(values, depths[:count], strict=True)
        ]
        return self.finished(
            draw,
            cast,
            needles,
            depths[count:],
            question=self.asked(_ALL, [key]),
            items=[Item(name=str(at), text=value) for at, value in enumerate(values, 1)],
            expected=", ".join(values),
        )


class Queries(Keyed):
    """The values of several keys, asked for at once and in an order."""

    name = "queries"
    version = "1"
    title = Note("task_queries")
    axis = Axis(name="queries", title=Note("task_queries_axis"), values=(1, 2, 4, 8))
    options = {"form": FORMS[0], **CONDITIONS}
    ordered = True

    def does(self, row: float) -> Note:
        """Say how many keys."""
        return Note("does_queries", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw keys and values; those of fewer rows come first."""
        place, count = draw.stream("places"), whole_row(self.axis, draw, most=256)
        depths = depths_from(place.uniform(0, 100), count + self.asked_distractors(draw), place)
        return self._of(draw, depths[:count], depths[count:], [str(at) for at in range(1, count + 1)])

    def _of(self, draw: Draw, depths: Sequence[float], others: Sequence[float], names: Sequence[str]) -> Planted:
        cast = Cast(draw)
        pairs = [(self.key_in(cast), self.value_in(cast)) for _ in depths]
        needles = [
            Insert(text=self.sentence(key, value), depth_percent=at, value=value)
            for (key, value), at in zip(pairs, depths, strict=True)
        ]
        return self.finished(
            draw,
            Cast(draw, "others", beside=cast),
            needles,
            others,
            question=self.asked(_EACH, [key for key, _ in pairs]),
            items=[Item(name=name, text=value) for name, (_, value) in zip(names, pairs, strict=True)],
            expected=", ".join(value for _, value in pairs),
            names={name: key for name, (key, _) in zip(names, pairs, strict=True)},
        )


class Column(Queries):
    """A needle in every row of a column of the heatmap, all in one prompt and each asked for by its name."""

    name = "column"
    version = "1"
    title = Note("task_column")
    axis = Axis(
        name="needle-depth", title=Note("depth"), unit="%", values=tuple(round(100 * at / 14, 2) for at in range(15))
    )

    def does(self, row: float) -> Note:
        """Say that all are asked at once."""
        return Note("does_column")

    def plant(self, draw: Draw) -> Planted:
        """Plant the needles of all rows, whichever row it is: so all rows are one prompt."""
        rows = draw.rows or self.axis.values
        if not all(0 <= row <= 100 for row in rows):
            raise UsageError(t("tasks.rows_no_depths", axis=self.axis.name))
        others = _between(rows, self.asked_distractors(draw), draw.stream("places"))
        return self._of(draw, rows, others, [f"{row:g}" for row in rows])


def _between(rows: Sequence[float], count: int, random: Random) -> list[float]:
    """Return so many depths between the rows: halfway first, then in the quarters, and so on."""
    known, found = sorted({0.0, *rows, 100.0}), list[float]()
    while len(found) < count:
        middle = [(one + other) / 2 for one, other in zip(known, known[1:], strict=False)]
        known = sorted((*known, *middle))
        random.shuffle(middle)
        found += middle
    return found[:count]
