"""What is said of one thing more than once, or not at all: changed later, told otherwise elsewhere, happened often.

After the knowledge updates and the abstentions of LongMemEval (Wu et al., 2024) and Counting-Stars (Song et al., 2024),
in words of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nihbench.lang.messages import Note
from nihbench.tasks import words
from nihbench.tasks.family import Answer, Axis, Draw, Grade, Insert, Item, Planted
from nihbench.tasks.planting import CONDITIONS, Cast, Shared, depths_from, whole_row

_FIRST = {"en": "The access code of the {0} is {1}.", "zh": "{0}的口令是{1}。"}
_THEN = {
    "en": "From then on the access code of the {0} was no longer the old one but {1}.",
    "zh": "从那以后，{0}的口令不再是原来那个，改成了{1}。",
}
_NOW = {
    "en": "What is the access code of the {0} in the end, after all changes? Answer with the code alone.",
    "zh": "经过所有更改之后，{0}最后的口令是什么？只回答口令。",
}
_SOURCES = {
    "en": (
        "harbour log",
        "town register",
        "watchman's book",
        "insurance file",
        "builder's plan",
        "parish record",
        "tax roll",
        "post ledger",
    ),
    "zh": ("港务日志", "镇上的登记簿", "看守人的记事本", "保险档案", "施工图纸", "教区记录", "税务册", "邮局账本"),
}
_TOLD = {
    "en": "According to the {2}, the access code of the {0} is {1}.",
    "zh": "据{2}记载，{0}的口令是{1}。",
}
_BY = {
    "en": "What is the access code of the {0} according to the {1}? Answer with the code alone.",
    "zh": "据{1}记载，{0}的口令是什么？只回答口令。",
}
_MISSING = {
    "en": "What is the access code of the {0}? Answer with the code alone; if the text does not say, answer: not "
    "stated.",
    "zh": "{0}的口令是什么？只回答口令；如果文中没有说明，请回答：没有说明。",
}
_NOTHING = {"en": ("not stated", "unstated"), "zh": ("没有说明", "未说明", "未提及", "没有提到")}
_RANG = {"en": "The bell of the {0} rang at {1}.", "zh": "{0}的钟在{1}响过一次。"}
_OFTEN = {
    "en": "How often does the text say that the bell of the {0} rang, and at what times? Write the number, a colon, "
    "and then all the times, separated by commas.",
    "zh": "文中说{0}的钟一共响过几次，分别在什么时候？先写次数和冒号，再写出所有时间，用逗号分隔。",
}


class Coded(Shared):
    """A family of things and their access codes."""

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return the code of another thing."""
        code = cast.number()
        return _FIRST[self.language].format(words.thing(cast.thing(), self.language), code), code


class Update(Coded):
    """A fact that is stated, and changed later: the last statement counts."""

    name = "update"
    version = "1"
    title = Note("task_update")
    axis = Axis(name="changes", title=Note("task_update_axis"), values=(1, 2, 4, 8))
    options = CONDITIONS

    def does(self, row: float) -> Note:
        """Say how many changes."""
        return Note("does_update", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw all codes; they stand in the order in which they held."""
        count, cast, place = whole_row(self.axis, draw, most=64), Cast(draw), draw.stream("places")
        several, thing = Cast(draw, "values", beside=cast), words.thing(cast.thing(), self.language)
        codes = [several.number() for _ in range(count + 1)]
        depths = depths_from(place.uniform(0, 100), count + 1 + self.asked_distractors(draw), place)
        held = sorted(depths[: count + 1])
        said = [(_FIRST if not at else _THEN)[self.language].format(thing, code) for at, code in enumerate(codes)]
        inserts = [
            Insert(text=text, depth_percent=at, role="superseded", value=code)
            for text, at, code in zip(said[:-1], held[:-1], codes[:-1], strict=True)
        ]
        last = Insert(text=said[-1], depth_percent=held[-1], value=codes[-1])
        return self.finished(
            draw,
            cast,
            [last, *inserts],
            depths[count + 1 :],
            question=_NOW[self.language].format(thing),
            items=[Item(name="value", text=codes[-1])],
            expected=codes[-1],
        )


class Conflict(Coded):
    """What several sources say of one thing, each otherwise; the question names one of them."""

    name = "conflict"
    version = "1"
    title = Note("task_conflict")
    axis = Axis(name="sources", title=Note("task_conflict_axis"), values=(2, 4, 8))
    options = CONDITIONS

    def does(self, row: float) -> Note:
        """Say how many sources."""
        return Note("does_conflict", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw sources and codes; the asked one is the first that is drawn."""
        count, cast, place = whole_row(self.axis, draw, most=8, least=2), Cast(draw), draw.stream("places")
        several, thing = Cast(draw, "values", beside=cast), words.thing(cast.thing(), self.language)
        sources = _SOURCES[self.language]
        order = draw.stream("sources").sample(range(len(sources)), len(sources))[:count]
        depths = depths_from(place.uniform(0, 100), count + self.asked_distractors(draw), place)
        told = list[Insert]()
        for number, at in zip(order, depths[:count], strict=True):
            code = several.number()
            text = _TOLD[self.language].format(thing, code, sources[number])
            told.append(Insert(text=text, depth_percent=at, role="distractor" if told else "needle", value=code))
        return self.finished(
            draw,
            cast,
            told,
            depths[count:],
            question=_BY[self.language].format(thing, sources[order[0]]),
            items=[Item(name="value", text=told[0].value)],
            expected=told[0].value,
        )


class Absent(Coded):
    """A question of the usual form whose answer isn't there: to say so is right."""

    name = "absent"
    version = "1"
    title = Note("task_absent")
    axis = Axis(name="distractors", title=Note("distractors"), values=(1, 4, 16, 64))
    options = {"haystack": "text"}
    needs_text = False

    def does(self, row: float) -> Note:
        """Say among how many others."""
        return Note("does_absent", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw the thing that is asked for, and others that stand in the text."""
        cast, place = Cast(draw), draw.stream("places")
        thing, count = words.thing(cast.thing(), self.language), whole_row(self.axis, draw, most=256)
        said = _NOTHING[self.language]
        return self.finished(
            draw,
            cast,
            [],
            depths_from(place.uniform(0, 100), count, place),
            question=_MISSING[self.language].format(thing),
            items=[Item(name="nothing", text=said[0], aliases=said[1:])],
            expected=said[0],
        )

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade: an answer is right that gives no code and says that there is none."""
        from nihbench.tasks.grading import grade_absence  # who only plans loads no scorer

        return grade_absence(planted, self.key(planted), answer.text, answer.finish_reason, **self.reading(planted))


class Count(Shared):
    """How often something happened, and when each time: the number and the list are items of their own."""

    name = "count"
    version = "1"
    title = Note("task_count")
    axis = Axis(name="times", title=Note("task_count_axis"), values=(1, 4, 16, 64))
    options = CONDITIONS
    metric = "f1"

    def does(self, row: float) -> Note:
        """Say how many times."""
        return Note("does_count", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw the times; those of fewer come first."""
        count, cast, place = whole_row(self.axis, draw, most=64), Cast(draw), draw.stream("places")
        several, thing = Cast(draw, "values", beside=cast), words.thing(cast.thing(), self.language)
        depths = depths_from(place.uniform(0, 100), count + self.asked_distractors(draw), place)
        rang = []
        for at in depths[:count]:
            time = several.time()
            rang.append(Insert(text=_RANG[self.language].format(thing, time), depth_percent=at, value=time))
        times = [each.value for each in rang]
        return self.finished(
            draw,
            cast,
            rang,
            depths[count:],
            question=_OFTEN[self.language].format(thing),
            items=[
                Item(name="count", text=str(count)),
                *(Item(name=str(at), text=time) for at, time in enumerate(times, 1)),
            ],
            expected=f"{count}: {', '.join(times)}",
        )

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return when another bell rang."""
        time = cast.time()
        return _RANG[self.language].format(words.thing(cast.thing(), self.language), time), time

    def reading(self, planted: Planted) -> Mapping[str, Any]:
        """Return that the first number is how often, and that what has the form of a time is one."""
        return {**super().reading(planted), "counted": "count", "pattern": r"\d{1,2}:\d{2}:\d{2}"}
