"""Codes of many things, of which one thing is asked for: keys among distractors, and several values of one key.

After RULER's multi-key and multi-value needles (Hsieh et al., COLM 2024), in words of its own: things and codes are
drawn anew for every trial, and the score is the share of the asked codes that the answer gives.
"""

from __future__ import annotations

from nihbench.lang.messages import Note
from nihbench.tasks.family import Axis, Draw, Family, Insert, Item, Planted

_ADJECTIVES = {
    "en": "amber ancient broken copper crooked distant golden hidden hollow iron marble narrow northern painted quiet "
    "rusty sandy silver sunken velvet weathered western wooden yellow".split(),
    "zh": "琥珀色 古老 破旧 紫铜 歪斜 遥远 金色 隐蔽 空心 铁制 大理石 狭窄 北方 彩绘 安静 生锈 沙地 银色 沉没 天鹅绒 "
    "风化 西边 木制 黄色".split(),
}
_NOUNS = {
    "en": "archive bakery bridge cabin chapel cinema dockyard elevator foundry garden greenhouse harbour library "
    "lighthouse mill museum observatory orchard pavilion quarry stable station tower workshop".split(),
    "zh": "档案馆 面包房 大桥 小屋 教堂 影院 船坞 电梯 铸造厂 花园 温室 港口 图书馆 灯塔 磨坊 博物馆 天文台 果园 亭子 "
    "采石场 马厩 车站 钟楼 作坊".split(),
}
_NAMED = {"en": "{} {}", "zh": "{}的{}"}
_SENTENCE = {"en": "An access code of the {0} is {1}.", "zh": "{0}有一个口令是{1}。"}
_ONE = {
    "en": "What is the access code of the {0}? Answer with the number alone.",
    "zh": "{0}的口令是什么？只回答数字。",
}
_SEVERAL = {
    "en": "The {0} has {1} access codes. What are they? Answer with all {1} numbers, and nothing else.",
    "zh": "{0}有 {1} 个口令，分别是什么？只回答这 {1} 个数字。",
}
_DIGITS = 7


class MultiKey(Family):
    """The codes of one thing among those of others; `values`: how many codes the asked thing has."""

    name = "multi-key"
    version = "1"
    title = Note("task_multi_key")
    axis = Axis(name="distractors", title=Note("distractors"), values=(0, 3, 10, 30))
    languages = ("en", "zh")
    options = {"values": "1"}

    def plant(self, draw: Draw) -> Planted:
        """Draw things, codes and depths; those of the asked thing come first."""
        values, others = self.whole("values", least=1, most=20), int(draw.point)
        things = self._things(draw, 1 + others)
        codes = draw.numbers(values + others, _DIGITS)
        asked, keys = things[0], [things[0]] * values + things[1:]
        inserts = tuple(
            Insert(
                text=_SENTENCE[self.language].format(key, code),
                depth_percent=depth,
                role="needle" if key == asked else "distractor",
            )
            for key, code, depth in zip(keys, codes, draw.depths(len(codes)), strict=True)
        )
        question = (_ONE if values == 1 else _SEVERAL)[self.language].format(asked, values)
        items = tuple(Item(name=str(number), text=code) for number, code in enumerate(codes[:values], 1))
        return Planted(inserts=inserts, question=question, items=items, expected=", ".join(codes[:values]))

    def _things(self, draw: Draw, count: int) -> list[str]:
        """Draw so many different things."""
        adjectives, nouns = _ADJECTIVES[self.language], _NOUNS[self.language]
        drawn = draw.random.sample(range(len(adjectives) * len(nouns)), count)
        return [_NAMED[self.language].format(adjectives[at // len(nouns)], nouns[at % len(nouns)]) for at in drawn]
