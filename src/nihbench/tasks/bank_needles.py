"""The needles of the task `bank`: five of each type of answer, each with three wordings of its question.

A needle is a sentence about a thing or a person {0} that says a value {1}; whom it is about and which value it says are
drawn anew for every trial. The wordings ask for the same in other words, and in each language {0} and the value are
equal. All are our own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Spoken = tuple[str, str]
"""The same in English and in Chinese."""
Kind = Literal[
    "number", "money", "quantity", "duration", "date", "time", "code", "person", "place", "email", "phone", "list"
]  # fmt: skip
About = Literal["thing", "person"]


class BankNeedle(NamedTuple):
    """A sentence about {0} that says {1}, and three questions for it.

    `unit` is what stands with a number: a currency, a measure, the two units of a duration, what a list is of.
    """

    kind: Kind
    about: About
    said: Spoken
    asked: tuple[Spoken, Spoken, Spoken]
    unit: str = ""


ALONE: dict[Kind, Spoken] = {
    "number": (" Answer with the number alone.", "只回答数字。"),
    "money": (" Answer with the sum alone.", "只回答金额。"),
    "quantity": (" Answer with the number and its unit alone.", "只回答数量和单位。"),
    "duration": (" Answer with the length of time alone.", "只回答时长。"),
    "date": (" Answer with the date alone.", "只回答日期。"),
    "time": (" Answer with the time of day alone.", "只回答时刻。"),
    "code": (" Answer with the code alone.", "只回答编码。"),
    "person": (" Answer with the full name alone.", "只回答姓名。"),
    "place": (" Answer with the name of the place alone.", "只回答地名。"),
    "email": (" Answer with the address alone.", "只回答邮箱地址。"),
    "phone": (" Answer with the telephone number alone.", "只回答电话号码。"),
    "list": (" Answer with all three, separated by commas, and nothing else.", "只回答这三样，用顿号分隔。"),
}
"""What an answer is to hold, behind every question of a type."""

UNITS: dict[str, Spoken] = {
    "euros": ("euros", "欧元"),
    "pounds": ("pounds", "英镑"),
    "francs": ("Swiss francs", "瑞士法郎"),
    "dollars": ("US dollars", "美元"),
    "yen": ("yen", "日元"),
    "litres": ("litres", "升"),
    "kilograms": ("kilograms", "公斤"),
    "metres": ("metres", "米"),
    "hectares": ("hectares", "公顷"),
    "kilometres": ("kilometres", "公里"),
}

NEEDLES: tuple[BankNeedle, ...] = (
    BankNeedle(
        "number",
        "thing",
        ("The {0} is roofed with {1} tiles.", "{0}的屋顶铺了{1}片瓦。"),
        (
            ("How many tiles is the {0} roofed with?", "{0}的屋顶铺了多少片瓦？"),
            ("How many tiles are there on the roof of the {0}?", "{0}的屋顶上有多少片瓦？"),
            ("What is the number of tiles on the roof of the {0}?", "{0}屋顶的瓦有多少片？"),
        ),
    ),
    BankNeedle(
        "number",
        "thing",
        ("In its first year the {0} had {1} visitors.", "{0}在第一年接待了{1}名访客。"),
        (
            ("How many visitors did the {0} have in its first year?", "{0}在第一年接待了多少名访客？"),
            ("How many people came to see the {0} in its first year?", "第一年来{0}参观的有多少人？"),
            ("What was the number of visitors to the {0} in its first year?", "{0}第一年的访客人数是多少？"),
        ),
    ),
    BankNeedle(
        "number",
        "thing",
        ("The catalogue of the {0} has {1} entries.", "{0}的目录共有{1}个条目。"),
        (
            ("How many entries does the catalogue of the {0} have?", "{0}的目录共有多少个条目？"),
            ("How many entries are there in the catalogue of the {0}?", "{0}的目录里有多少个条目？"),
            ("What is the number of entries in the catalogue of the {0}?", "{0}的目录收录的条目数是多少？"),
        ),
    ),
    BankNeedle(
        "number",
        "person",
        ("{0} has collected {1} stamps.", "{0}收集了{1}枚邮票。"),
        (
            ("How many stamps has {0} collected?", "{0}收集了多少枚邮票？"),
            ("How many stamps are in the collection of {0}?", "{0}的收藏里有多少枚邮票？"),
            ("What is the number of stamps that {0} has?", "{0}手里的邮票有多少枚？"),
        ),
    ),
    BankNeedle(
        "number",
        "person",
        ("{0} took {1} steps on Sunday.", "{0}星期天走了{1}步。"),
        (
            ("How many steps did {0} take on Sunday?", "{0}星期天走了多少步？"),
            ("How many steps did {0} walk on Sunday?", "星期天{0}一共走了多少步？"),
            ("What was the number of steps that {0} took on Sunday?", "{0}星期天的步数是多少？"),
        ),
    ),
    BankNeedle(
        "money",
        "thing",
        ("The new roof of the {0} cost {1}.", "{0}的新屋顶花费{1}。"),
        (
            ("How much did the new roof of the {0} cost?", "{0}的新屋顶花费多少？"),
            ("What was paid for the new roof of the {0}?", "为{0}的新屋顶付了多少钱？"),
            ("What was the cost of the new roof of the {0}?", "{0}新屋顶的费用是多少？"),
        ),
        "euros",
    ),
    BankNeedle(
        "money",
        "person",
        ("{0} inherited {1} from a godfather.", "{0}从教父那里继承了{1}。"),
        (
            ("How much did {0} inherit from a godfather?", "{0}从教父那里继承了多少钱？"),
            ("How much money was left to {0} by a godfather?", "教父给{0}留下了多少钱？"),
            ("What sum did {0} inherit from a godfather?", "{0}从教父那里继承的金额是多少？"),
        ),
        "pounds",
    ),
    BankNeedle(
        "money",
        "thing",
        ("The yearly rent of the {0} is {1}.", "{0}的年租金是{1}。"),
        (
            ("How much is the yearly rent of the {0}?", "{0}的年租金是多少？"),
            ("How much does it cost to rent the {0} for a year?", "租用{0}一年要多少钱？"),
            ("What rent is paid for the {0} every year?", "每年为{0}付的租金是多少？"),
        ),
        "francs",
    ),
    BankNeedle(
        "money",
        "person",
        ("{0} still owes the tailor {1}.", "{0}还欠裁缝{1}。"),
        (
            ("How much does {0} still owe the tailor?", "{0}还欠裁缝多少钱？"),
            ("How much money has {0} yet to pay the tailor?", "{0}还要付给裁缝多少钱？"),
            ("What is the debt of {0} to the tailor?", "{0}欠裁缝的债是多少？"),
        ),
        "dollars",
    ),
    BankNeedle(
        "money",
        "thing",
        ("The {0} is insured for {1}.", "{0}的投保金额是{1}。"),
        (
            ("For how much is the {0} insured?", "{0}投保了多少钱？"),
            ("What sum is the {0} insured for?", "{0}的投保金额是多少？"),
            ("How much is the insurance on the {0} worth?", "为{0}买的保险保额是多少？"),
        ),
        "yen",
    ),
    BankNeedle(
        "quantity",
        "thing",
        ("The boiler of the {0} holds {1}.", "{0}的锅炉容量是{1}。"),
        (
            ("How much does the boiler of the {0} hold?", "{0}的锅炉容量是多少？"),
            ("How much fits into the boiler of the {0}?", "{0}的锅炉能装多少？"),
            ("What is the capacity of the boiler of the {0}?", "{0}那台锅炉的容积是多少？"),
        ),
        "litres",
    ),
    BankNeedle(
        "quantity",
        "thing",
        ("The bell of the {0} weighs {1}.", "{0}的大钟重{1}。"),
        (
            ("How much does the bell of the {0} weigh?", "{0}的大钟有多重？"),
            ("How heavy is the bell of the {0}?", "{0}的那口大钟重多少？"),
            ("What is the weight of the bell of the {0}?", "{0}大钟的重量是多少？"),
        ),
        "kilograms",
    ),
    BankNeedle(
        "quantity",
        "thing",
        ("The nearest well is {1} from the {0}.", "最近的水井距{0}{1}。"),
        (
            ("How far is the nearest well from the {0}?", "最近的水井距{0}多远？"),
            ("How far must one walk from the {0} to the nearest well?", "从{0}到最近的水井要走多远？"),
            ("What is the distance between the {0} and the nearest well?", "{0}与最近的水井之间的距离是多少？"),
        ),
        "metres",
    ),
    BankNeedle(
        "quantity",
        "person",
        ("{0} owns a forest of {1}.", "{0}有一片{1}的森林。"),
        (
            ("How large is the forest that {0} owns?", "{0}的那片森林有多大？"),
            ("How big a forest does {0} own?", "{0}有一片多大的森林？"),
            ("What is the area of the forest of {0}?", "{0}的森林面积是多少？"),
        ),
        "hectares",
    ),
    BankNeedle(
        "quantity",
        "person",
        ("{0} cycled {1} last summer.", "{0}去年夏天骑车骑了{1}。"),
        (
            ("How far did {0} cycle last summer?", "{0}去年夏天骑车骑了多远？"),
            ("What distance did {0} cover by bicycle last summer?", "去年夏天{0}骑自行车的里程是多少？"),
            ("How long was the way that {0} cycled last summer?", "去年夏天{0}骑车走的路有多长？"),
        ),
        "kilometres",
    ),
    BankNeedle(
        "duration",
        "person",
        ("{0} swam across the lake in {1}.", "{0}游过那片湖用了{1}。"),
        (
            ("How long did {0} take to swim across the lake?", "{0}游过那片湖用了多长时间？"),
            ("In what time did {0} swim across the lake?", "{0}花了多久游过那片湖？"),
            ("How much time did {0} need to cross the lake swimming?", "{0}横渡那片湖需要多少时间？"),
        ),
        "hours",
    ),
    BankNeedle(
        "duration",
        "thing",
        ("The repairs to the {0} took {1}.", "修缮{0}用了{1}。"),
        (
            ("How long did the repairs to the {0} take?", "修缮{0}用了多长时间？"),
            ("How much time was needed to repair the {0}?", "修好{0}花了多少时间？"),
            ("How long was the {0} under repair?", "{0}的修缮持续了多久？"),
        ),
        "days",
    ),
    BankNeedle(
        "duration",
        "person",
        ("{0} has sung in the choir for {1}.", "{0}在合唱团唱了{1}。"),
        (
            ("How long has {0} sung in the choir?", "{0}在合唱团唱了多久？"),
            ("For how long has {0} been singing in the choir?", "{0}加入合唱团唱歌有多长时间了？"),
            ("How much time has {0} spent in the choir?", "{0}在合唱团里待了多长时间？"),
        ),
        "years",
    ),
    BankNeedle(
        "duration",
        "thing",
        ("The lights in the {0} were out for {1}.", "{0}停电停了{1}。"),
        (
            ("How long were the lights in the {0} out?", "{0}停电停了多久？"),
            ("For how long was the {0} without light?", "{0}有多长时间没有电？"),
            ("How much time passed without light in the {0}?", "{0}停电的时间有多长？"),
        ),
        "hours",
    ),
    BankNeedle(
        "duration",
        "person",
        ("{0} takes {1} to tune the organ.", "{0}给管风琴调音要{1}。"),
        (
            ("How long does {0} take to tune the organ?", "{0}给管风琴调音要多久？"),
            ("How much time does {0} need for tuning the organ?", "{0}调好管风琴需要多长时间？"),
            ("In what time does {0} tune the organ?", "{0}调一次管风琴花多少时间？"),
        ),
        "minutes",
    ),
    BankNeedle(
        "date",
        "thing",
        ("The {0} was opened on {1}.", "{0}于{1}启用。"),
        (
            ("On what date was the {0} opened?", "{0}于何日启用？"),
            ("When was the {0} opened?", "{0}是什么时候启用的？"),
            ("What is the date of the opening of the {0}?", "{0}的启用日期是哪一天？"),
        ),
    ),
    BankNeedle(
        "date",
        "person",
        ("{0} was baptised on {1}.", "{0}于{1}受洗。"),
        (
            ("On what date was {0} baptised?", "{0}于何日受洗？"),
            ("When was {0} baptised?", "{0}是什么时候受洗的？"),
            ("What is the date of the baptism of {0}?", "{0}的受洗日期是哪一天？"),
        ),
    ),
    BankNeedle(
        "date",
        "thing",
        ("The lease of the {0} ended on {1}.", "{0}的租约于{1}到期。"),
        (
            ("On what date did the lease of the {0} end?", "{0}的租约于何日到期？"),
            ("When did the lease of the {0} end?", "{0}的租约是什么时候到期的？"),
            ("What was the last day of the lease of the {0}?", "{0}租约的最后一天是哪天？"),
        ),
    ),
    BankNeedle(
        "date",
        "person",
        ("{0} signed the will on {1}.", "{0}于{1}签下遗嘱。"),
        (
            ("On what date did {0} sign the will?", "{0}于何日签下遗嘱？"),
            ("When did {0} sign the will?", "{0}是什么时候签下遗嘱的？"),
            ("What date does the will signed by {0} bear?", "{0}签遗嘱的日期是哪一天？"),
        ),
    ),
    BankNeedle(
        "date",
        "thing",
        ("The great fire at the {0} broke out on {1}.", "{0}的大火于{1}燃起。"),
        (
            ("On what date did the great fire at the {0} break out?", "{0}的大火于何日燃起？"),
            ("When did the great fire at the {0} break out?", "{0}的大火是什么时候燃起的？"),
            ("What is the date of the great fire at the {0}?", "{0}那场大火的日期是哪一天？"),
        ),
    ),
    BankNeedle(
        "time",
        "thing",
        ("The {0} locks its gate at {1}.", "{0}在{1}锁门。"),
        (
            ("At what time does the {0} lock its gate?", "{0}在几点几分锁门？"),
            ("When is the gate of the {0} locked?", "{0}的门什么时候上锁？"),
            ("What is the time at which the gate of the {0} is locked?", "{0}锁门的时刻是几点？"),
        ),
    ),
    BankNeedle(
        "time",
        "person",
        ("{0} goes for a walk at {1}.", "{0}在{1}出门散步。"),
        (
            ("At what time does {0} go for a walk?", "{0}在几点几分出门散步？"),
            ("When does {0} go for a walk?", "{0}什么时候出门散步？"),
            ("What is the time at which {0} sets out for a walk?", "{0}出门散步的时刻是几点？"),
        ),
    ),
    BankNeedle(
        "time",
        "thing",
        ("The milk is brought to the {0} at {1}.", "牛奶在{1}送到{0}。"),
        (
            ("At what time is the milk brought to the {0}?", "牛奶在几点几分送到{0}？"),
            ("When does the milk come to the {0}?", "牛奶什么时候送到{0}？"),
            ("What is the time of the milk delivery to the {0}?", "给{0}送牛奶的时刻是几点？"),
        ),
    ),
    BankNeedle(
        "time",
        "person",
        ("{0} winds the clock at {1}.", "{0}在{1}给钟上发条。"),
        (
            ("At what time does {0} wind the clock?", "{0}在几点几分给钟上发条？"),
            ("When does {0} wind the clock?", "{0}什么时候给钟上发条？"),
            ("What is the time at which {0} winds the clock?", "{0}给钟上发条的时刻是几点？"),
        ),
    ),
    BankNeedle(
        "time",
        "thing",
        ("The night watch at the {0} begins at {1}.", "{0}的夜班在{1}开始。"),
        (
            ("At what time does the night watch at the {0} begin?", "{0}的夜班在几点几分开始？"),
            ("When does the night watch at the {0} begin?", "{0}的夜班什么时候开始？"),
            ("What is the starting time of the night watch at the {0}?", "{0}夜班开始的时刻是几点？"),
        ),
    ),
    BankNeedle(
        "code",
        "thing",
        ("The safe in the {0} opens with the code {1}.", "{0}的保险柜用密码{1}打开。"),
        (
            ("With what code does the safe in the {0} open?", "{0}的保险柜用什么密码打开？"),
            ("Which code opens the safe in the {0}?", "哪个密码能打开{0}的保险柜？"),
            ("What is the code of the safe in the {0}?", "{0}保险柜的密码是什么？"),
        ),
    ),
    BankNeedle(
        "code",
        "person",
        ("The booking code of {0} is {1}.", "{0}的预订编号是{1}。"),
        (
            ("What is the booking code of {0}?", "{0}的预订编号是什么？"),
            ("Under which booking code does {0} travel?", "{0}出行用的是哪个预订编号？"),
            ("Which code does the booking of {0} have?", "{0}那份预订的编号是多少？"),
        ),
    ),
    BankNeedle(
        "code",
        "thing",
        ("The land register lists the {0} under the code {1}.", "{0}在土地登记簿里的编号是{1}。"),
        (
            ("Under which code does the land register list the {0}?", "{0}在土地登记簿里的编号是什么？"),
            ("Which code does the {0} have in the land register?", "土地登记簿给{0}的编号是哪个？"),
            ("What is the code of the {0} in the land register?", "在土地登记簿中，{0}的编号是多少？"),
        ),
    ),
    BankNeedle(
        "code",
        "person",
        ("{0} uses the library card {1}.", "{0}的借书证编号是{1}。"),
        (
            ("Which library card code does {0} use?", "{0}的借书证编号是什么？"),
            ("What is the code of the library card of {0}?", "{0}那张借书证的编号是多少？"),
            ("What code does {0} have on the library card?", "{0}借书用的证件是哪个编号？"),
        ),
    ),
    BankNeedle(
        "code",
        "thing",
        ("The serial code of the generator in the {0} is {1}.", "{0}发电机的序列号是{1}。"),
        (
            ("What is the serial code of the generator in the {0}?", "{0}发电机的序列号是什么？"),
            ("Which serial code does the generator in the {0} have?", "{0}的发电机是哪个序列号？"),
            ("What serial code is on the generator in the {0}?", "{0}那台发电机上的序列号是多少？"),
        ),
    ),
    BankNeedle(
        "person",
        "thing",
        ("The {0} was designed by {1}.", "{0}由{1}设计。"),
        (
            ("Who designed the {0}?", "{0}由谁设计？"),
            ("By whom was the {0} designed?", "谁设计了{0}？"),
            ("What is the name of the designer of the {0}?", "{0}的设计者叫什么名字？"),
        ),
    ),
    BankNeedle(
        "person",
        "thing",
        ("The key to the {0} is kept by {1}.", "{0}的钥匙由{1}保管。"),
        (
            ("Who keeps the key to the {0}?", "{0}的钥匙由谁保管？"),
            ("By whom is the key to the {0} kept?", "谁保管着{0}的钥匙？"),
            ("What is the name of the keeper of the key to the {0}?", "保管{0}钥匙的人叫什么名字？"),
        ),
    ),
    BankNeedle(
        "person",
        "thing",
        ("The winter concert in the {0} is conducted by {1}.", "{0}的冬季音乐会由{1}指挥。"),
        (
            ("Who conducts the winter concert in the {0}?", "{0}的冬季音乐会由谁指挥？"),
            ("By whom is the winter concert in the {0} conducted?", "谁指挥{0}的冬季音乐会？"),
            ("What is the name of the conductor of the winter concert in the {0}?", "{0}冬季音乐会的指挥叫什么名字？"),
        ),
    ),
    BankNeedle(
        "person",
        "thing",
        ("The portrait in the {0} was painted by {1}.", "{0}里的肖像由{1}所画。"),
        (
            ("Who painted the portrait in the {0}?", "{0}里的肖像由谁所画？"),
            ("By whom was the portrait in the {0} painted?", "谁画了{0}里的肖像？"),
            ("What is the name of the painter of the portrait in the {0}?", "{0}里那幅肖像的画家叫什么名字？"),
        ),
    ),
    BankNeedle(
        "person",
        "thing",
        ("The chimney of the {0} is swept by {1}.", "{0}的烟囱由{1}清扫。"),
        (
            ("Who sweeps the chimney of the {0}?", "{0}的烟囱由谁清扫？"),
            ("By whom is the chimney of the {0} swept?", "谁清扫{0}的烟囱？"),
            ("What is the name of the sweep who does the chimney of the {0}?", "清扫{0}烟囱的人叫什么名字？"),
        ),
    ),
    BankNeedle(
        "place",
        "person",
        ("{0} was born in {1}.", "{0}出生在{1}。"),
        (
            ("Where was {0} born?", "{0}出生在哪里？"),
            ("In what place was {0} born?", "{0}生在什么地方？"),
            ("What is the birthplace of {0}?", "{0}的出生地是哪里？"),
        ),
    ),
    BankNeedle(
        "place",
        "thing",
        ("The stones of the {0} came from {1}.", "{0}的石料来自{1}。"),
        (
            ("Where did the stones of the {0} come from?", "{0}的石料来自哪里？"),
            ("From what place were the stones of the {0} brought?", "{0}的石料是从什么地方运来的？"),
            ("What is the place of origin of the stones of the {0}?", "{0}石料的产地是哪里？"),
        ),
    ),
    BankNeedle(
        "place",
        "person",
        ("{0} spends every August in {1}.", "{0}每年八月都在{1}度过。"),
        (
            ("Where does {0} spend every August?", "{0}每年八月都在哪里度过？"),
            ("In what place is {0} every August?", "{0}每年八月待在什么地方？"),
            ("What is the name of the place where {0} spends every August?", "{0}每年八月去的地方叫什么？"),
        ),
    ),
    BankNeedle(
        "place",
        "thing",
        ("The road behind the {0} leads to {1}.", "{0}后面的路通往{1}。"),
        (
            ("Where does the road behind the {0} lead?", "{0}后面的路通往哪里？"),
            ("To what place does the road behind the {0} lead?", "{0}后面的路通到什么地方？"),
            ("What is the name of the place that the road behind the {0} leads to?", "沿{0}后面的路走到的地方叫什么？"),
        ),
    ),
    BankNeedle(
        "place",
        "person",
        ("{0} has moved to {1}.", "{0}搬到了{1}。"),
        (
            ("Where has {0} moved?", "{0}搬到了哪里？"),
            ("To what place has {0} moved?", "{0}搬去了什么地方？"),
            ("What is the name of the place that {0} has moved to?", "{0}搬去的地方叫什么？"),
        ),
    ),
    BankNeedle(
        "email",
        "thing",
        ("Bookings for the {0} are sent to {1}.", "{0}的预订发到{1}。"),
        (
            ("To which e-mail address are bookings for the {0} sent?", "{0}的预订发到哪个邮箱？"),
            ("What is the e-mail address for bookings of the {0}?", "预订{0}的邮箱地址是什么？"),
            ("Which e-mail address takes bookings for the {0}?", "哪个邮箱接收{0}的预订？"),
        ),
    ),
    BankNeedle(
        "email",
        "person",
        ("The e-mail address of {0} is {1}.", "{0}的邮箱是{1}。"),
        (
            ("What is the e-mail address of {0}?", "{0}的邮箱是什么？"),
            ("At which e-mail address can {0} be reached?", "给{0}发邮件该用哪个地址？"),
            ("Which e-mail address does {0} have?", "{0}的邮箱是哪个地址？"),
        ),
    ),
    BankNeedle(
        "email",
        "thing",
        ("Complaints about the {0} go to {1}.", "对{0}的投诉寄到{1}。"),
        (
            ("To which e-mail address do complaints about the {0} go?", "对{0}的投诉寄到哪个邮箱？"),
            ("What is the e-mail address for complaints about the {0}?", "投诉{0}的邮箱地址是什么？"),
            ("Which e-mail address takes complaints about the {0}?", "哪个邮箱受理对{0}的投诉？"),
        ),
    ),
    BankNeedle(
        "email",
        "person",
        ("Invoices for {0} are sent to {1}.", "给{0}的账单发到{1}。"),
        (
            ("To which e-mail address are invoices for {0} sent?", "给{0}的账单发到哪个邮箱？"),
            ("What is the e-mail address for invoices to {0}?", "{0}收账单的邮箱地址是什么？"),
            ("At which e-mail address does {0} get invoices?", "{0}用哪个邮箱收账单？"),
        ),
    ),
    BankNeedle(
        "email",
        "thing",
        ("The newsletter of the {0} comes from {1}.", "{0}的通讯发自{1}。"),
        (
            ("From which e-mail address does the newsletter of the {0} come?", "{0}的通讯发自哪个邮箱？"),
            ("What is the e-mail address that the newsletter of the {0} comes from?", "寄出{0}通讯的邮箱地址是什么？"),
            ("Which e-mail address sends out the newsletter of the {0}?", "哪个邮箱寄出{0}的通讯？"),
        ),
    ),
    BankNeedle(
        "phone",
        "thing",
        ("The caretaker of the {0} has the telephone number {1}.", "{0}看门人的电话号码是{1}。"),
        (
            ("What telephone number does the caretaker of the {0} have?", "{0}看门人的电话号码是多少？"),
            ("On which telephone number can the caretaker of the {0} be reached?", "打哪个电话能找到{0}的看门人？"),
            ("What is the phone number of the caretaker of the {0}?", "{0}那位看门人的电话是什么？"),
        ),
    ),
    BankNeedle(
        "phone",
        "person",
        ("The telephone number of {0} is {1}.", "{0}的电话号码是{1}。"),
        (
            ("What is the telephone number of {0}?", "{0}的电话号码是多少？"),
            ("On which telephone number can {0} be reached?", "打哪个电话能找到{0}？"),
            ("Which phone number does {0} have?", "{0}的电话是什么？"),
        ),
    ),
    BankNeedle(
        "phone",
        "thing",
        ("Taxis to the {0} are ordered on the telephone number {1}.", "去{0}的出租车用电话号码{1}预订。"),
        (
            ("On which telephone number are taxis to the {0} ordered?", "去{0}的出租车用哪个电话号码预订？"),
            ("What is the phone number for taxis to the {0}?", "预订去{0}的出租车，电话是多少？"),
            ("Which telephone number does one call for a taxi to the {0}?", "打哪个电话能叫到去{0}的出租车？"),
        ),
    ),
    BankNeedle(
        "phone",
        "person",
        ("Patients of {0} call the telephone number {1}.", "{0}的病人拨打电话号码{1}。"),
        (
            ("Which telephone number do patients of {0} call?", "{0}的病人拨打哪个电话号码？"),
            ("What is the phone number for patients of {0}?", "给{0}的病人用的电话是多少？"),
            ("On which telephone number do patients reach {0}?", "病人打哪个电话能找到{0}？"),
        ),
    ),
    BankNeedle(
        "phone",
        "thing",
        ("Tickets for the {0} are sold on the telephone number {1}.", "{0}的门票用电话号码{1}订购。"),
        (
            ("On which telephone number are tickets for the {0} sold?", "{0}的门票用哪个电话号码订购？"),
            ("What is the phone number for tickets to the {0}?", "订购{0}门票的电话是多少？"),
            ("Which telephone number sells tickets for the {0}?", "打哪个电话能买到{0}的门票？"),
        ),
    ),
    BankNeedle(
        "list",
        "thing",
        ("The meadow behind the {0} is home to {1}.", "{0}后面的草地上住着{1}。"),
        (
            ("Which three kinds of animals is the meadow behind the {0} home to?", "{0}后面的草地上住着哪三种动物？"),
            ("Which three kinds of animals live in the meadow behind the {0}?", "哪三种动物住在{0}后面的草地上？"),
            ("What are the three kinds of animals in the meadow behind the {0}?", "{0}后面草地上的三种动物是什么？"),
        ),
        "animals",
    ),
    BankNeedle(
        "list",
        "person",
        ("{0} grows {1}.", "{0}种了{1}。"),
        (
            ("Which three kinds of vegetables does {0} grow?", "{0}种了哪三种菜？"),
            ("Which three kinds of vegetables are grown by {0}?", "哪三种菜是{0}种的？"),
            ("What are the three kinds of vegetables that {0} grows?", "{0}种的三种菜是什么？"),
        ),
        "vegetables",
    ),
    BankNeedle(
        "list",
        "person",
        ("{0} teaches {1}.", "{0}教{1}。"),
        (
            ("Which three instruments does {0} teach?", "{0}教哪三种乐器？"),
            ("Which three instruments are taught by {0}?", "哪三种乐器由{0}来教？"),
            ("What are the three instruments that {0} teaches?", "{0}教的三种乐器是什么？"),
        ),
        "instruments",
    ),
    BankNeedle(
        "list",
        "thing",
        ("The cellar of the {0} is full of {1}.", "{0}的地窖里堆满了{1}。"),
        (
            ("Which three things is the cellar of the {0} full of?", "{0}的地窖里堆满了哪三样东西？"),
            ("Which three things fill the cellar of the {0}?", "哪三样东西堆满了{0}的地窖？"),
            ("What are the three things in the cellar of the {0}?", "{0}地窖里的三样东西是什么？"),
        ),
        "goods",
    ),
    BankNeedle(
        "list",
        "person",
        ("{0} speaks {1}.", "{0}会说{1}。"),
        (
            ("Which three languages does {0} speak?", "{0}会说哪三种语言？"),
            ("Which three languages are spoken by {0}?", "哪三种语言是{0}会说的？"),
            ("What are the three languages that {0} speaks?", "{0}会说的三种语言是什么？"),
        ),
        "languages",
    ),
)

LISTS: dict[str, tuple[Spoken, ...]] = {
    "animals": (
        ("herons", "苍鹭"), ("otters", "水獭"), ("badgers", "獾"), ("hares", "野兔"), ("hedgehogs", "刺猬"),
        ("toads", "蟾蜍"), ("foxes", "狐狸"), ("moles", "鼹鼠"), ("storks", "白鹳"), ("weasels", "黄鼬"),
        ("newts", "蝾螈"), ("quails", "鹌鹑"), ("beavers", "河狸"), ("larks", "云雀"), ("squirrels", "松鼠"),
        ("lizards", "蜥蜴"), ("crickets", "蟋蟀"), ("pheasants", "野鸡"),
    ),
    "vegetables": (
        ("leeks", "韭葱"), ("radishes", "樱桃萝卜"), ("beans", "豆角"), ("pumpkins", "南瓜"), ("carrots", "胡萝卜"),
        ("turnips", "芜菁"), ("cucumbers", "黄瓜"), ("artichokes", "洋蓟"), ("parsnips", "欧防风"), ("onions", "洋葱"),
        ("potatoes", "土豆"), ("aubergines", "茄子"), ("tomatoes", "番茄"), ("peas", "豌豆"), ("celery", "芹菜"),
        ("spinach", "菠菜"), ("beetroots", "甜菜"), ("garlic", "大蒜"),
    ),
    "instruments": (
        ("oboe", "双簧管"), ("harp", "竖琴"), ("cello", "大提琴"), ("flute", "长笛"), ("trombone", "长号"),
        ("viola", "中提琴"), ("bassoon", "巴松管"), ("guitar", "吉他"), ("accordion", "手风琴"), ("clarinet", "单簧管"),
        ("trumpet", "小号"), ("mandolin", "曼陀林"), ("piano", "钢琴"), ("tuba", "大号"), ("xylophone", "木琴"),
        ("saxophone", "萨克斯"), ("lute", "琉特琴"), ("zither", "齐特琴"),
    ),
    "goods": (
        ("barrels", "木桶"), ("ropes", "绳索"), ("lanterns", "灯笼"), ("candles", "蜡烛"), ("coal", "煤炭"),
        ("apples", "苹果"), ("carpets", "地毯"), ("ladders", "梯子"), ("mirrors", "镜子"), ("flour", "面粉"),
        ("anchors", "船锚"), ("bottles", "瓶子"), ("baskets", "篮子"), ("wool", "羊毛"), ("saddles", "马鞍"),
        ("sails", "船帆"), ("umbrellas", "雨伞"), ("tiles", "瓦片"),
    ),
    "languages": (
        ("Finnish", "芬兰语"), ("Welsh", "威尔士语"), ("Maltese", "马耳他语"), ("Basque", "巴斯克语"),
        ("Danish", "丹麦语"), ("Georgian", "格鲁吉亚语"), ("Swahili", "斯瓦希里语"), ("Hungarian", "匈牙利语"),
        ("Icelandic", "冰岛语"), ("Korean", "朝鲜语"), ("Persian", "波斯语"), ("Polish", "波兰语"),
        ("Tamil", "泰米尔语"), ("Turkish", "土耳其语"), ("Thai", "泰语"), ("Latvian", "拉脱维亚语"),
        ("Greek", "希腊语"), ("Portuguese", "葡萄牙语"),
    ),
}  # fmt: skip
"""What lists are of, each of which three are drawn."""

_ANIMALS: tuple[Spoken, ...] = (
    ("Fox", "狐"), ("Crow", "鸦"), ("Swan", "鹄"), ("Deer", "鹿"), ("Wolf", "狼"), ("Hawk", "鹰"), ("Crane", "鹤"),
    ("Lamb", "羔"), ("Bear", "熊"), ("Goose", "雁"), ("Trout", "鳟"), ("Finch", "雀"), ("Ox", "牛"), ("Hen", "鸡"),
    ("Frog", "蛙"), ("Colt", "驹"), ("Dove", "鸽"), ("Goat", "羊"), ("Owl", "枭"), ("Hare", "兔"),
)  # fmt: skip
_SPOTS: tuple[Spoken, ...] = (
    ("hill", "山"), ("ford", "渡"), ("moor", "原"), ("brook", "溪"), ("bridge", "桥"), ("wood", "林"), ("mere", "湖"),
    ("field", "田"), ("cliff", "崖"), ("well", "井"), ("gate", "门"), ("marsh", "泽"), ("ridge", "岭"), ("bay", "湾"),
    ("spring", "泉"), ("rock", "岩"),
)  # fmt: skip
_WHICH: tuple[Spoken, ...] = (
    ("Upper", "上"), ("Lower", "下"), ("Old", "老"), ("New", "新"), ("Great", "大"), ("Little", "小"), ("East", "东"),
    ("West", "西"),
)  # fmt: skip
PLACES = len(_WHICH) * len(_ANIMALS) * len(_SPOTS)


def place(number: int, language: str) -> str:
    """Return the name of a place that is none, of `PLACES`: "Upper Foxhill", 上狐山村."""
    rest, spot = divmod(number, len(_SPOTS))
    which, animal = divmod(rest, len(_ANIMALS))
    at = int(language == "zh")
    said = _WHICH[which][at], _ANIMALS[animal][at], _SPOTS[spot][at]
    return "{}{}{}村".format(*said) if at else "{} {}{}".format(*said)
