"""The pairs of the task `latent`: facts about people, and questions that general knowledge links to them.

A form is a sentence about somebody with one place left open; its facts fill that place. Each fact has a question that
it alone answers among the facts of its form, so that the others are distractors of the needle's own form. Sentence and
question share no content word in either language: `latent.overlap` measures it, tests hold it. All are our own.
"""

from __future__ import annotations

from typing import NamedTuple

Spoken = tuple[str, str]
"""The same in English and in Chinese."""


class Fact(NamedTuple):
    """What fills a form's place, and the question that it answers by way of what everybody knows."""

    said: Spoken
    asked: Spoken


class Form(NamedTuple):
    """A sentence about {0} with a place for {1}, the same asked in other words, and its facts."""

    said: Spoken
    reworded: Spoken
    facts: tuple[Fact, ...]


FORMS = (
    Form(
        ("{0} lives two streets from {1}.", "{0}的住处离{1}只隔两条街。"),
        ("Whose home is within walking distance of {1}?", "谁家就在{1}附近？"),
        (
            Fact(("the Colosseum", "罗马斗兽场"), ("Who pays for groceries in euros?", "谁买菜付的是欧元？")),
            Fact(
                ("the Sydney Opera House", "悉尼歌剧院"),
                ("Who celebrates Christmas in the heat of summer?", "谁过圣诞节正值盛夏？"),
            ),
            Fact(("the Kremlin", "克里姆林宫"), ("Who can walk to Lenin's tomb?", "谁步行就能到列宁墓？")),
            Fact(("the Great Sphinx", "狮身人面像"), ("Who is at home in Africa?", "谁以非洲为家？")),
            Fact(("Buckingham Palace", "白金汉宫"), ("Who goes home by the London Underground?", "谁坐伦敦地铁回去？")),
        ),
    ),
    Form(
        ("{0} must never be served {1}.", "绝不能给{0}端上{1}。"),
        ("Who is not allowed to have {1} at table?", "哪位的餐桌严禁出现{1}？"),
        (
            Fact(("cheese", "奶酪"), ("Who has trouble with lactose?", "谁有乳糖耐受问题？")),
            Fact(("bread", "面包"), ("Who has coeliac disease?", "谁患有麸质过敏症？")),
            Fact(("shrimps", "虾"), ("Who has to avoid crustaceans?", "谁要避开甲壳类？")),
            Fact(("honey", "蜂蜜"), ("Who has to do without what insects make?", "谁得远离昆虫酿造的东西？")),
            Fact(("walnuts", "核桃"), ("Who has a nut allergy?", "谁对坚果过敏？")),
        ),
    ),
    Form(
        ("{0} earns a living as {1}.", "{0}靠当{1}谋生。"),
        ("Who works as {1}?", "谁的职业是{1}？"),
        (
            Fact(("a baker", "面包师"), ("Who turns flour into breakfast?", "谁把小麦粉变成早餐？")),
            Fact(("a blacksmith", "铁匠"), ("Who hammers glowing metal all day?", "谁整天敲打烧红的金属？")),
            Fact(
                ("a locksmith", "锁匠"),
                ("Who can help when the door is shut and the keys are lost?", "门关着、钥匙丢了，谁能帮忙？"),
            ),
            Fact(("a beekeeper", "养蜂人"), ("Who has jars of honey to sell?", "谁有一罐罐的蜜出售？")),
            Fact(("a dentist", "牙医"), ("Who fills cavities and pulls molars?", "谁会补蛀洞、拔臼齿？")),
        ),
    ),
    Form(
        ("{0} practises {1} every evening.", "{0}每天晚上练{1}。"),
        ("Who rehearses on {1} when the day is over?", "谁入夜后总要演奏{1}？"),
        (
            Fact(("the violin", "小提琴"), ("Who needs a bow and rosin?", "谁要用到弓和松香？")),
            Fact(("the trumpet", "小号"), ("Who plays a brass instrument?", "谁吹的是铜管乐器？")),
            Fact(("the drums", "架子鼓"), ("Who makes music with two sticks?", "谁用两根木棒敲节奏？")),
            Fact(
                ("the piano", "钢琴"),
                ("Who has eighty-eight black and white keys at hand?", "谁面前有八十八个黑白键？"),
            ),
            Fact(
                ("the bagpipes", "风笛"),
                ("Who squeezes a leather sack under one arm?", "谁胳膊下夹着一只皮袋？"),
            ),
        ),
    ),
    Form(
        ("{0} inherited {1} from an aunt.", "{0}从姨妈那里继承了{1}。"),
        ("Who came into possession of {1} when a relative died?", "谁因亲戚去世而得到{1}？"),
        (
            Fact(("a vineyard", "一座葡萄园"), ("Who could bottle wine?", "谁能装瓶卖酒？")),
            Fact(("a flock of sheep", "一群绵羊"), ("Who could sell wool each spring?", "谁每年春天可以卖毛线？")),
            Fact(("a printing press", "一台印刷机"), ("Who could publish a newspaper?", "谁可以自己办报纸？")),
            Fact(("a telescope", "一架望远镜"), ("Who can see the craters of the moon?", "谁看得清月亮的环形山？")),
            Fact(
                ("a gold mine", "一座金矿"),
                ("Who could grow rich with pickaxe and shovel?", "谁拿着镐和铲就可能发财？"),
            ),
        ),
    ),
    Form(
        ("{0} was born on {1}.", "{0}生于{1}。"),
        ("Whose birthday is {1}?", "谁的诞辰是{1}？"),
        (
            Fact(
                ("the twenty-ninth of February", "二月二十九日"),
                ("Who can celebrate on the proper date in leap years only?", "谁只有逢闰年才赶得上正式的庆祝？"),
            ),
            Fact(
                ("Christmas Eve", "平安夜"),
                ("Who may unwrap more presents the next morning?", "谁第二天早上还能再拆礼物？"),
            ),
            Fact(
                ("the summer solstice", "夏至"),
                ("Who celebrates when it stays light for longest?", "谁庆祝的时候白昼最长？"),
            ),
            Fact(
                ("Halloween", "万圣节前夕"),
                ("Who blows out candles while pumpkins glow in the windows?", "谁吹蜡烛时窗边亮着南瓜灯？"),
            ),
            Fact(
                ("Valentine's Day", "情人节"),
                ("Who may well get red roses together with a cake?", "谁很可能同时收到红玫瑰和蛋糕？"),
            ),
        ),
    ),
    Form(
        ("{0} feeds {1} before breakfast.", "{0}早饭前先喂{1}。"),
        ("Who gives food to {1} first thing in the morning?", "谁清晨第一件事是给{1}添食？"),
        (
            Fact(("the hens", "母鸡"), ("Who always has fresh eggs?", "谁总有新鲜的蛋？")),
            Fact(("the goldfish", "金鱼"), ("Who has to clean an aquarium?", "谁要清洗水族箱？")),
            Fact(("the parrot", "鹦鹉"), ("Whose animal may learn to talk?", "谁的动物可能学会说话？")),
            Fact(("the silkworms", "蚕"), ("Whose animals spin a fine thread?", "谁的动物会吐细丝？")),
            Fact(("the camels", "骆驼"), ("Who could ride across a desert?", "谁可以骑行穿越沙漠？")),
        ),
    ),
    Form(
        ("{0} has climbed {1}.", "{0}登上了{1}。"),
        ("Who made it to the top of {1}?", "谁到达了{1}的顶端？"),
        (
            Fact(("Mount Fuji", "富士山"), ("Who has been to Japan?", "谁去过日本？")),
            Fact(("Kilimanjaro", "乞力马扎罗山"), ("Who has set foot in Tanzania?", "谁曾踏足坦桑尼亚？")),
            Fact(("the Matterhorn", "马特洪峰"), ("Who has visited the Alps?", "谁游览过阿尔卑斯？")),
            Fact(("the Eiffel Tower", "埃菲尔铁塔"), ("Who has looked down on Paris?", "谁俯瞰过巴黎？")),
            Fact(("Ben Nevis", "本尼维斯山"), ("Who has seen the Scottish Highlands?", "谁见过苏格兰高地？")),
        ),
    ),
    Form(
        ("{0} wrote a thesis on {1}.", "{0}的论文写的是{1}。"),
        ("Whose dissertation deals with {1}?", "谁的毕业研究以{1}为题？"),
        (
            Fact(("volcanoes", "火山"), ("Who could explain how lava rises?", "谁能讲解岩浆怎样喷发？")),
            Fact(("Mozart", "莫扎特"), ("Who knows most about The Magic Flute?", "谁最懂歌剧《魔笛》？")),
            Fact(("penguins", "企鹅"), ("Who is an expert on the birds of Antarctica?", "谁最了解南极的鸟？")),
            Fact(("black holes", "黑洞"), ("Who can tell why light does not escape?", "谁讲得清光为何逃不出去？")),
            Fact(("spiders", "蜘蛛"), ("Who is an expert on animals with eight legs?", "谁最懂八条腿的动物？")),
        ),
    ),
)
