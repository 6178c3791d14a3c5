"""Needles of the score tests, defined here so that the room is tested without the catalog."""

from collections.abc import Callable

import pytest

from nihbench.score import grade
from nihbench.types import KeyFact, Needle, Score, Subject


def fact(name: str, text: str, *aliases: str, identifying: bool = False) -> KeyFact:
    return KeyFact(name=name, text=text, aliases=aliases, identifying=identifying)


def _needle(name: str, statement: str, question: str, answer: str, facts: tuple[KeyFact, ...], *subject: str) -> Needle:
    language = "en" if statement.isascii() else "zh"
    about = Subject(text=subject[0], aliases=subject[1:])
    return Needle(name=name, language=language, statements=(statement,), question=question, answer=answer,
                  facts=facts, subject=about)  # fmt: skip


_ALL = (
    _needle(
        "sf-sandwich",
        "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.",
        "What is the most fun thing to do in San Francisco based on my context? "
        "Don't give information outside the document",
        "Eat a sandwich and sit in Dolores Park on a sunny day.",
        (
            fact("sandwich", "sandwich", "三明治"),
            fact("park", "Dolores Park", "多洛雷斯公园", identifying=True),
            fact("sun", "sunny day", "sunny", "sunshine", "the sun is out", "晴天", "sonnigen Tag"),
        ),
        "San Francisco",
        "SF",
        "旧金山",
    ),
    _needle(
        "beijing-coffee",
        "在北京最好的事情就是秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式",
        "北京最值得体验的活动是什么？仅基于上述文档，不要给出上述文档以外的信息。",
        "秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式",
        (
            fact("season", "秋天", "秋日", "秋季", "autumn", "during the fall", "in the fall"),
            fact("lane", "五道营胡同", "五道营", "Wudaoying"),
            fact("cafe", "铁手咖啡馆", "铁手", "Tieshou", "Iron Hand", identifying=True),
            fact("drink", "热美式", "hot Americano"),
        ),
        "北京",
        "Beijing",
    ),
    _needle(
        "moonshot-address",
        "月之暗面科技有限公司北京地址是海淀区知春路量子芯座",
        "月之暗面科技有限公司北京地址是哪里？仅基于上述文档，不要给出上述文档以外的信息。",
        "海淀区知春路量子芯座",
        (
            fact("district", "海淀区", "海淀", "Haidian"),
            fact("street", "知春路", "Zhichun Road"),
            fact("building", "量子芯座", "Liangzi Xinzuo", "Quantum Core", identifying=True),
        ),
        "月之暗面科技有限公司",
        "月之暗面",
        "Moonshot",
    ),
    _needle(
        "lisbon-number",
        "The special magic number for the city of Lisbon is 7482913.",
        "What is the special magic number for the city of Lisbon mentioned in the document?",
        "7482913",
        (fact("number", "7482913", identifying=True),),
        "Lisbon",
        "Lisboa",
    ),
    _needle(
        "figs",
        "To bake the perfect pizza Anna always adds figs, prosciutto and goat cheese.",
        "Which ingredients does Anna always add to bake the perfect pizza?",
        "Figs, prosciutto and goat cheese.",
        (
            fact("figs", "figs", "figues", "无花果", identifying=True),
            fact("ham", "prosciutto", "火腿"),
            fact("cheese", "goat cheese", "goat's cheese", "fromage de chèvre", "山羊奶酪"),
        ),
        "Anna",
    ),
    _needle(
        "warehouse-number",
        "三号仓库的保险柜密码是五八零二七一。",
        "三号仓库的保险柜密码是什么？仅基于上述文档，不要给出上述文档以外的信息。",
        "五八零二七一",
        (fact("code", "五八零二七一", identifying=True),),
        "三号仓库",
        "3号仓库",
        "Warehouse No. 3",
    ),
)


@pytest.fixture(scope="session")
def needles() -> dict[str, Needle]:
    return {needle.name: needle for needle in _ALL}


@pytest.fixture(scope="session")
def graded(needles: dict[str, Needle]) -> Callable[[str, str], Score]:
    return lambda name, answer: grade(answer, needles[name])
