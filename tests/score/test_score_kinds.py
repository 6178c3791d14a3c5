"""Kinds of answers times types of values: what dresses a value changes nothing, what gives it away takes it all.

Every value is drawn anew by a seed, so that no sentence and no number is one of a stored set.
"""

from __future__ import annotations

# ruff: noqa: E501  a row of data ends where its words do
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score


@dataclass(frozen=True)
class Kind:
    """A type of value: how one is drawn, the sentence and question around it, and other writings of it."""

    name: str
    language: str
    draw: Callable[[random.Random], str]
    text: str
    question: str
    equal: Callable[[str], list[str]] = lambda value: []
    near: Callable[[str], list[str]] = lambda value: []


def _money(r: random.Random) -> str:
    return f"{r.randrange(11, 99)},{r.randrange(101, 999)} pounds"


def _plain(value: str) -> str:
    return "".join(filter(str.isdecimal, value))


def _date(r: random.Random) -> str:
    return f"{r.randrange(13, 29)} {r.choice(('March', 'April', 'September'))} {r.randrange(2031, 2039)}"


def _dates(value: str) -> list[str]:
    day, name, year = value.split()
    month = {"March": 3, "April": 4, "September": 9}[name]
    french = {"March": "mars", "April": "avril", "September": "septembre"}[name]
    german = {"March": "März", "April": "April", "September": "September"}[name]
    return [
        f"{year}-{month:02}-{day}", f"{name} {day}, {year}", f"le {day} {french} {year}", f"{day}. {german} {year}",
        json.dumps({"year": int(year), "month": month, "day": int(day)}), f"{year}年{month}月{day}日",
        f"Year: {year}\nMonth: {name}\nDay: {day}", f"{day}-{name[:3]}-{year[2:]}",
    ]  # fmt: skip


def _url(r: random.Random) -> str:
    host = f"{r.choice(('tarn', 'fell', 'moor'))}-{r.choice(('rota', 'notes'))}.org"
    return f"https://{host}/v{r.randrange(2, 9)}?a={r.randrange(10, 99)}&b=x"


def _urls(value: str) -> list[str]:
    bare = value.removeprefix("https://")
    host, _, rest = bare.partition("/")
    path, _, query = rest.partition("?")
    first, second = query.split("&")
    return [
        bare, f"http://www.{bare}", f"https://{host}/{path}/?{query}", f"{host}/{path}?{second}&{first}",
        f"<a href='x'>{value.replace('&', '&amp;')}</a>", value.upper(), f"{host.replace('.', '[.]')}/{path}?{query}",
    ]  # fmt: skip


def _code(r: random.Random) -> str:
    return f"{r.choice('KRT')}{r.choice('XZ')}-{r.randrange(10203, 98765)}-{r.choice('BDF')}"


def _weight(r: random.Random) -> str:
    return f"{r.randrange(1203, 9876)}千克"


def _said(number: int) -> str:
    signs, out, zero = "零一二三四五六七八九", "", False
    for size, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            out += ("零" if zero and out else "") + signs[digit] + sign
            zero = False
        else:
            zero = True
    return out


KINDS = (
    Kind("money", "en", _money, "The parish of Orle spent {} on its bells.", 
         "How much did the parish of Orle spend on its bells?",
         lambda v: [f"£{v.split()[0]}", f"£{_plain(v)}", f"$£{_plain(v)[:2]}{{,}}{_plain(v)[2:]}$",
                    json.dumps({"amount": int(_plain(v)), "currency": "GBP"}), f"\\boxed{{£{_plain(v)}}}"],
         lambda v: [f"{v.split()[0]} euros", f"£{_plain(v)[:-1]}", f"${v.split()[0]}"]),
    Kind("date", "en", _date, "The new pier at Orle opens on {}.", "When does the new pier at Orle open?", _dates),
    Kind("url", "en", _url, "The rota of the Orle lifeboat is kept at {}.",
         "At what address is the rota of the Orle lifeboat kept?",
         _urls, lambda v: [v.replace("&b=x", ""), v.partition("?")[0], v.replace(".org", ".com")]),
    Kind("code", "zh", _code, "奥尔镇门房的口令是{}。", "奥尔镇门房的口令是什么？",
         lambda v: [v.lower(), v.replace("-", ""), "、".join(v), v.replace("-", "–")],
         lambda v: [v[:-2], v[:4] + v[5] + v[4] + v[6:]] if v[4] != v[5] else [v[:-2]]),
    Kind("weight", "zh", _weight, "奥尔镇的仓库今年收了{}板栗。", "奥尔镇的仓库今年收了多少板栗？",
         lambda v: [f"{_plain(v)}公斤", f"{2 * int(_plain(v))}斤", f"{_said(int(_plain(v)))}千克",
                    json.dumps({"数量": int(_plain(v)), "单位": "千克"}), f"{int(_plain(v)):,} kg"],
         lambda v: [v.replace("千克", "斤"), f"{v[0]}{v[2]}{v[1]}{v[3:]}" if v[1] != v[2] else v.replace("千克", "斤")]),
)  # fmt: skip

DRESS = (
    "{}", "**{}**", "- {}", '{{"answer": "{}"}}', "<think>Is it so? Perhaps not.</think>{}", "```\n{}\n```", "\\boxed{{{}}}",
    "\\text{{{}}}", "> {}", "| value |\n|---|\n| {} |", '{{"value": "{}", "confidence": 0.98, "line": 2041}}',
)  # fmt: skip
ANOTHERS = {
    "en": (
        "{} belongs to Tarn Hollow. For Orle, none is given.",
        "{} is what Tarn Hollow has. Nothing is said about Orle.",
        "It's not {}.",
        "Contrary to the claim, {} is false.",
    ),
    "zh": (
        "{}是塔恩镇的，奥尔镇的没有写。",
        "塔恩镇的是{}，奥尔镇的文中没有提到。",
        "不是{}。",
        "传言说是{}，其实是假的。",
    ),
}
DOUBTS = {
    "en": ("Probably {}, but I'm not sure.", "{}, I think, though I may be wrong."),
    "zh": ("可能是{}，我不太确定。",),
}


def _needles(kind: Kind) -> Iterator[tuple[Needle, str]]:
    for seed in range(6):
        value = kind.draw(random.Random(f"{kind.name}{seed}"))
        facts = (KeyFact(name="value", text=value, identifying=True),)
        text = kind.text.format(value)
        yield Needle(
            name=kind.name, language=kind.language, statements=(text,), question=kind.question, answer=value, facts=facts
        ), value  # fmt: skip


def _bands(kind: Kind, shapes: Callable[[str], list[str]], least: float, most: float) -> None:
    wrong = []
    for needle, value in _needles(kind):
        for answer in shapes(value):
            graded = grade(answer, needle)
            if not (isinstance(graded, Score) and least <= graded.value <= most):
                wrong.append((answer, graded))
    assert not wrong, wrong[:3]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_whatever_dresses_a_value_it_is_full_marks(kind: Kind) -> None:
    _bands(kind, lambda value: [shape.format(value) for shape in DRESS] + [kind.text.format(value)], 1.0, 1.0)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_writing_of_a_value_is_full_marks(kind: Kind) -> None:
    _bands(kind, kind.equal, 1.0, 1.0)


@pytest.mark.parametrize("kind", [each for each in KINDS if each.near("12,345 pounds")], ids=lambda kind: kind.name)
def test_what_is_nearly_a_value_is_a_trace(kind: Kind) -> None:
    _bands(kind, kind.near, 0.0, 0.3)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_value_of_another_or_denied_is_nothing(kind: Kind) -> None:
    _bands(kind, lambda value: [shape.format(value) for shape in ANOTHERS[kind.language]], 0.0, 0.0)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_doubted_value_is_found_and_no_more(kind: Kind) -> None:
    _bands(kind, lambda value: [shape.format(value) for shape in DOUBTS[kind.language]], 0.7, 0.7)


PAIRS = (
    ("en", "Harriet Stone sold the mill to Oskar Lind.", "Who sold the mill to whom?",
     ("The mill was sold by Harriet Stone to Oskar Lind.",),
     ("Oskar Lind sold the mill to Harriet Stone.", "The mill was sold to Harriet Stone by Oskar Lind.")),
    ("zh", "马老板把渔船卖给了陈阿水。", "谁把渔船卖给了谁？", ("马老板把渔船卖给陈阿水。",), ("陈阿水把渔船卖给了马老板。",)),
)  # fmt: skip


@pytest.mark.parametrize(("language", "text", "question", "right", "swapped"), PAIRS, ids=["en", "zh"])
def test_roles_that_have_changed_places_are_no_answer(
    language: str, text: str, question: str, right: tuple[str, ...], swapped: tuple[str, ...]
) -> None:
    needle = Needle(name="x", language=language, statements=(text,), question=question, answer=text)
    assert {getattr(grade(answer, needle), "value", None) for answer in right[:1]} == {1.0}
    assert {getattr(grade(answer, needle), "value", None) for answer in swapped} == {0.3}
