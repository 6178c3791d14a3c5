"""The words that families draw from: things, people, codes and idle sentences, the same in every language by number.

A thing or a name is a number until it is said: what is drawn for a trial is equal in English and in Chinese. It draws
nothing by itself and knows no family.
"""

from __future__ import annotations

from random import Random
from uuid import UUID

_STATES = {
    "en": "ancient broken crooked crowded deserted distant dusty faded flooded guarded hidden leaning lonely "
    "mended narrow northern quiet rusty sleepy sunken tilted unfinished weathered western".split(),
    "zh": "古老的 破旧的 歪斜的 拥挤的 荒废的 遥远的 积灰的 褪色的 进水的 有人看守的 隐蔽的 倾斜的 孤零零的 "
    "修补过的 狭窄的 北边的 安静的 生锈的 昏沉的 下陷的 歪倒的 未完工的 风化的 西边的".split(),
}
_MATTERS = {
    "en": "amber brass brick bronze cedar clay copper crimson golden granite green iron ivory limestone marble "
    "oak sandstone scarlet silver slate timber turquoise violet yellow".split(),
    "zh": "琥珀色 黄铜 红砖 青铜 雪松木 陶土 紫铜 深红 金色 花岗岩 绿色 铁制 象牙色 石灰岩 大理石 橡木 砂岩 "
    "猩红 银色 石板 原木 青绿 紫色 黄色".split(),
}
_THINGS = {
    "en": "archive aviary bakery barracks bathhouse belfry boathouse brewery bridge cabin canteen chapel "
    "cinema cistern clinic dairy dockyard elevator ferry foundry fountain garden granary greenhouse hangar "
    "harbour kiln laundry library lighthouse mill museum nursery observatory orchard pavilion pharmacy "
    "pumphouse quarry school signalbox stable station tannery theatre tower vault workshop".split(),
    "zh": "档案馆 鸟舍 面包房 营房 澡堂 钟塔 船库 酿酒坊 大桥 小屋 食堂 教堂 影院 蓄水池 诊所 奶站 船坞 电梯 "
    "渡轮 铸造厂 喷泉 花园 粮仓 温室 机库 港口 窑炉 洗衣房 图书馆 灯塔 磨坊 博物馆 苗圃 天文台 果园 亭子 药房 "
    "泵房 采石场 学校 信号楼 马厩 车站 制革厂 剧院 高塔 金库 作坊".split(),
}
_THING = {"en": "{} {} {}", "zh": "{}{}{}"}
THINGS = len(_STATES["en"]) * len(_MATTERS["en"]) * len(_THINGS["en"])

_GIVEN = {
    "en": "Ada Amos Basil Bertha Cecil Clara Cora Dinah Edgar Edith Elias Ella Ernest Esther Felix Flora "
    "Gideon Greta Harvey Hilda Hugo Ida Irene Jasper Judith Lewis Lydia Mabel Milton Myra Nora Oscar Phoebe "
    "Quentin Rosa Rufus Silas Stella Vera Winifred".split(),
    "zh": "安达 亚摩 柏生 蓓莎 世希 珂兰 可心 黛娜 德佳 怡笛 立亚 艾兰 恩诗 思德 菲力 芙洛 基甸 格蕾 哈维 希达 "
    "雨果 艾达 爱琳 嘉柏 珠迪 路易 丽雅 美宝 弥敦 米兰 诺兰 奥斯 菲比 昆廷 若萨 鲁夫 赛勒 思黛 维兰 温妮".split(),
}
_FAMILY = {
    "en": "Abbot Barlow Carver Dalton Everly Fenwick Garnet Hadley Ingram Joyner Kersey Lathrop Merton Norwood "
    "Oakley Penrose Quincy Radley Selwyn Thorne Upton Vickers Wexford Yardley".split(),
    "zh": "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 司徒 夏侯 端木 百里 南宫 独孤 轩辕 钟离 "
    "闻人 澹台 公冶 宗政".split(),
}
_PERSON = {"en": "{0} {1}", "zh": "{1}{0}"}
PEOPLE = len(_GIVEN["en"]) * len(_FAMILY["en"])

_IDLE = {
    "en": (
        "The kettle was filled and put back on the stove.",
        "Rain came and went before anybody noticed.",
        "A bicycle leaned against the fence all afternoon.",
        "The window was opened, and after a while it was closed.",
        "Somebody had left a newspaper on the bench.",
        "The road went up the hill and down the other side.",
        "Bread was bought, and a little butter.",
        "The clock on the wall was a few minutes slow.",
        "Two sparrows shared the edge of the roof.",
        "The shop was about to close for the day.",
        "A lamp was lit in the room upstairs.",
        "The dog slept through all of it.",
        "Nothing much was said at breakfast.",
        "The coats hung in the hall, one beside the other.",
        "A cart passed slowly on its way to the market.",
        "The river was neither high nor low.",
        "Leaves gathered in the corner of the yard.",
        "The soup needed a pinch of salt.",
        "Children were playing somewhere behind the houses.",
        "The letters were sorted and put in a drawer.",
        "A gate swung to and fro in the wind.",
        "Tea was poured, and nobody was in a hurry.",
        "The moon came up a little later than before.",
        "The floor had been swept that morning.",
    ),
    "zh": (
        "水壶灌满了，又放回炉子上。",
        "雨下了一阵又停了，谁也没留意。",
        "一辆自行车整个下午都靠在篱笆边。",
        "窗户打开了，过了一会儿又关上了。",
        "有人把一张报纸落在了长椅上。",
        "那条路翻过山坡，通向另一边。",
        "买了面包，还买了一点黄油。",
        "墙上的钟慢了几分钟。",
        "两只麻雀一同停在屋檐上。",
        "店铺快要打烊了。",
        "楼上的房间里点起了一盏灯。",
        "狗从头到尾都在睡觉。",
        "吃早饭的时候没怎么说话。",
        "外套一件挨着一件挂在门厅里。",
        "一辆大车慢慢地往集市去了。",
        "河水不高也不低。",
        "落叶聚在院子的角落里。",
        "汤里还差一小撮盐。",
        "孩子们在房子后面什么地方玩耍。",
        "信都理好了，收进抽屉里。",
        "一扇门在风里来回晃动。",
        "茶倒好了，谁也不着急。",
        "月亮比先前升得晚了一点。",
        "地板那天早上刚扫过。",
    ),
}
_CODE_SIGNS = "ACDEFHJKLMNPQRTUVWXYZ2345679"


def thing(number: int, language: str) -> str:
    """Return the name of a thing, of `THINGS`: "rusty copper bridge"."""
    rest, noun = divmod(number, len(_THINGS["en"]))
    state, matter = divmod(rest, len(_MATTERS["en"]))
    return _THING[language].format(_STATES[language][state], _MATTERS[language][matter], _THINGS[language][noun])


def person(number: int, language: str) -> str:
    """Return the name of somebody, of `PEOPLE`."""
    given, family = divmod(number, len(_FAMILY["en"]))
    return _PERSON[language].format(_GIVEN[language][given], _FAMILY[language][family])


_MEN = frozenset(
    "Amos Basil Cecil Edgar Elias Ernest Felix Gideon Harvey Hugo Jasper Lewis Milton Oscar Quentin Rufus Silas".split()
)


def is_man(number: int) -> bool:
    """Say whether somebody is a man."""
    return _GIVEN["en"][number // len(_FAMILY["en"])] in _MEN


def idle(number: int, language: str) -> str:
    """Return a sentence that tells nothing; the numbers go round."""
    return _IDLE[language][number % len(_IDLE[language])]


def code(random: Random, signs: int = 8) -> str:
    """Draw a code of capital letters and digits, of both, with no sign that is easily taken for another."""
    while True:
        made = "".join(random.choices(_CODE_SIGNS, k=signs))
        if not (made.isalpha() or made.isdigit()):
            return made


def time_of_day(random: Random, first: int, last: int) -> str:
    """Draw a time to the second, from one hour on and before another."""
    seconds = random.randrange(first * 3600, last * 3600)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def uuid(random: Random) -> str:
    """Draw a UUID of version 4."""
    return str(UUID(int=random.getrandbits(128), version=4))


def made_up(random: Random, syllables: int = 4) -> str:
    """Draw a word that is none: syllables of a consonant and a vowel."""
    return "".join(random.choice("bdfgklmnprstvz") + random.choice("aeiou") for _ in range(syllables))


def number(random: Random, digits: int = 7) -> str:
    """Draw a number of so many digits."""
    lowest = 10 ** (digits - 1)
    return str(lowest + below(random, 9 * lowest))


def below(random: Random, count: int) -> int:
    """Draw what `random.randrange(count)` draws, with nothing looked at before: distractors are drawn by thousands."""
    bits = count.bit_length()
    drawn = random.getrandbits(bits)
    while drawn >= count:
        drawn = random.getrandbits(bits)
    return drawn
