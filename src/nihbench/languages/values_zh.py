"""Chinese words for what an answer of a type is made of: units, currencies, numbers, parts of the day. Simplified."""

from __future__ import annotations

# ruff: noqa: E501  a row of words ends where its words do
import re

from nihbench.languages.base import Values

_DIGITS = {c: d for d, cs in enumerate(
    ("零〇○", "一壹幺", "二贰两俩", "三叁仨", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")) for c in cs}  # fmt: skip
_UNITS = {"十": 10, "拾": 10, "廿": 20, "卅": 30, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_SIGNS = "".join([*_DIGITS, *_UNITS, *_MYRIADS])
_MORE = re.sub("[两俩仨]", "", _SIGNS)  # 五两 is a weight


def value(signs: str) -> str | None:
    """Return the value of a number in signs as a decimal: 五八零 digit by digit, 两百三 and 三点六万 by value."""
    if signs == "半":
        return "0.5"
    if signs == "一半":
        return "1*2%"
    signs = re.sub("[多余](?=[万亿])", "", signs)
    share, of, part_of = signs.partition("分之")
    if of:
        return f"{_value(part_of)}*{_value(share)}%"
    half = signs.endswith("半")
    whole, point, part = signs.rstrip("半多余来").removesuffix("个").partition("点")
    scale = ""
    while point and part and part[-1] in "十百千万亿":
        part, scale = part[:-1], part[-1] + scale
    if any(c not in _DIGITS for c in part) or (point and not part):
        return None
    if len(whole) > 1 and all(c in _DIGITS for c in whole):
        number = "".join(str(_DIGITS[c]) for c in whole)
    else:
        number = str(_value(whole))
    tail = "." + "".join(str(_DIGITS[c]) for c in part) if part else ".5" if half else ""
    return f"{number}{tail}{'*' + str(_value('一' + scale)) if scale else ''}"


def _value(signs: str) -> int:
    """Return the value of at most 24 signs; a last digit is one of the place below (两百三 is 230, but not 两百零三)."""
    total = section = digit = 0
    last = 1
    zero = False
    for sign in signs[:24]:
        if sign in _DIGITS:
            zero = _DIGITS[sign] == 0
            digit = _DIGITS[sign] if not zero else digit
        elif sign in ("廿", "卅"):
            section, last, digit = section + _UNITS[sign], 10, 0
        elif sign in _UNITS:
            section += (digit or 1) * _UNITS[sign]
            digit, last, zero = 0, _UNITS[sign], False
        else:
            part = section + digit
            high = total if total >= _MYRIADS[sign] else 0  # 两亿三千六百万
            total = high + ((total - high + part) or (0 if high else 1)) * _MYRIADS[sign]
            section = digit = 0
            last, zero = _MYRIADS[sign], False
    short = digit and last >= 100 and not zero and len(signs) > 2 and signs[-2] in (*_UNITS, *_MYRIADS)
    return total + section + digit * (last // 10 if short else 1)


def write(number: int) -> str:
    """Return a number below a billion billion by value in signs: 1299 is 一千二百九十九."""
    if number >= 10**16:
        return str(number)
    if number < 10:
        return "零一二三四五六七八九"[number]
    for size, sign in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            zero = "零" if low and low < size // 10 else ""
            return write(high) + sign + (zero + write(low) if low else "")
    for size, sign in ((1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            high, low = divmod(number, size)
            zero = "零" if low and low < size // 10 else ""
            tail = write(low) if low else ""
            if low >= 10 and low < 20 and size > 10:
                tail = "一" + tail
            return ("" if size == 10 and high == 1 else write(high)) + sign + zero + tail
    return str(number)


_NUM = rf"(?:\d{{1,4}}|[{_SIGNS}]{{1,5}})"
_YEAR = r"(?P<y>\d{2,4}|[零〇○一二三四五六七八九]{2,4})"
_HALVES = "上午|下午|早上|早晨|清晨|凌晨|中午|正午|午后|傍晚|晚上|夜里|夜间|半夜|午夜|深夜|今晚|晚间|早|晚|午间"
_WEEKDAYS = {f"{head}{day}": number for head in ("星期", "周", "礼拜")
             for number, days in enumerate(("一1", "二2", "三3", "四4", "五5", "六6", "日天7"), start=1)
             for day in days}  # fmt: skip

VALUES = Values(
    units={
        **dict.fromkeys(("公里", "千米"), "km"), **dict.fromkeys(("米", "公尺"), "m"), **dict.fromkeys(("分米", "公寸"), "dm"),
        **dict.fromkeys(("厘米", "公分"), "cm"), **dict.fromkeys(("毫米", "公厘", "公釐"), "mm"), "微米": "um", **dict.fromkeys(("纳米", "奈米"), "nm"),
        **dict.fromkeys(("里", "华里"), "li"), "英里": "mi", "海里": "nmi", **dict.fromkeys(("英尺", "英呎", "呎"), "ft"),
        **dict.fromkeys(("英寸", "英吋", "吋"), "in"), "码": "yd",
        "尺": "chi", "寸": "cun", "丈": "zhang", "光年": "ly",
        **dict.fromkeys(("吨", "公吨"), "t"), "英石": "stone", **dict.fromkeys(("公斤", "千克"), "kg"), "克": "g", "毫克": "mg", "微克": "ug",
        **dict.fromkeys(("斤", "市斤"), "jin"), "两": "liang", "磅": "lb", "盎司": "oz",
        **dict.fromkeys(("升", "公升"), "l"), "毫升": "ml", "厘升": "cl", "加仑": "gal",
        "桶": "bbl", "品脱": "pint", "汤匙": "tbsp", "茶匙": "tsp",
        "公顷": "ha", "亩": "mu", "英亩": "acre",
        **dict.fromkeys(("平方米", "平米", "平", "㎡"), "m2"), **dict.fromkeys(("平方公里", "平方千米"), "km2"),
        **dict.fromkeys(("平方厘米", "平方公分"), "cm2"), "平方英里": "mi2", "平方公尺": "m2", "平方英尺": "ft2", **dict.fromkeys(("立方米", "立方公尺", "方"), "m3"), **dict.fromkeys(("立方厘米", "立方公分"), "cm3"),
        **dict.fromkeys(("立方公里", "立方千米"), "km3"), "立方英尺": "ft3",
        **dict.fromkeys(("纳秒", "奈秒"), "ns"), "微秒": "us", "毫秒": "ms", **dict.fromkeys(("秒", "秒钟"), "s"),
        **dict.fromkeys(("分钟", "分"), "min"), "刻钟": "quarter",
        **dict.fromkeys(("个小时", "小时", "个钟头", "钟头", "个钟"), "h"), **dict.fromkeys(("天", "日"), "d"),
        **dict.fromkeys(("周", "个星期", "星期", "个礼拜", "礼拜"), "week"), **dict.fromkeys(("个月", "月"), "month"),
        **dict.fromkeys(("年", "周年"), "year"), **dict.fromkeys(("世纪", "个世纪"), "century"),
        **dict.fromkeys(("摄氏度", "°c"), "°c"), **dict.fromkeys(("华氏度",), "°f"), "度": "°",
        "开尔文": "k", **dict.fromkeys(("瓦", "瓦特"), "w"),
        **dict.fromkeys(("千瓦", "千瓦特"), "kw"), **dict.fromkeys(("兆瓦", "百万瓦", "百万瓦特"), "mw"), "吉瓦": "gw",
        **dict.fromkeys(("马力", "匹马力"), "hp"),
        **dict.fromkeys(("千瓦时", "千瓦小时", "度电"), "kwh"), "瓦时": "wh", "兆瓦时": "mwh",
        "焦": "j", "焦耳": "j", **dict.fromkeys(("千焦", "千焦耳"), "kj"), "卡": "cal", "卡路里": "cal", **dict.fromkeys(("千卡", "大卡", "千卡路里"), "kcal"),
        "伏": "v", "伏特": "v", "千伏": "kv", "安": "a", "安培": "a", "毫安": "ma", "毫安时": "mah", "欧姆": "ohm",
        "赫兹": "hz", "千赫": "khz", "兆赫": "mhz", "吉赫": "ghz", 
        **dict.fromkeys(("帕", "帕斯卡"), "pa"), **dict.fromkeys(("百帕", "百帕斯卡"), "hpa"),
        **dict.fromkeys(("千帕", "千帕斯卡"), "kpa"), **dict.fromkeys(("兆帕", "兆帕斯卡"), "mpa"), "巴": "bar",
        "牛顿": "n", "节": "knot", **dict.fromkeys(("公里每小时", "公里/小时", "千米每小时", "公里/时"), "km/h"),
        **dict.fromkeys(("米每秒", "米/秒", "公尺/秒"), "m/s"), "英里每小时": "mph",
        "字节": "byte", "千字节": "kb", "兆字节": "mb", "吉字节": "gb", "太字节": "tb",
        "拍字节": "pb", "比特": "bit", "分贝": "db", "转": "rpm", "个百分点": "%", "成": "tenth", "折": "tenth",
        **dict.fromkeys(("人", "名", "个", "位", "只", "头", "件", "条", "本", "台", "辆", "张", "座", "次", "页", "户", "间",
                         "层", "棵", "匹", "株", "家", "项", "岁", "艘", "架", "枚", "颗", "把", "瓶", "箱", "套", "份",
                         "字", "片", "朵", "粒", "根", "枝", "支", "束", "盒", "袋", "包", "杯", "碗", "盘", "勺", "滴", "双", "对", "副", "盏",
                         "幅", "封", "扇", "尊", "坛", "罐", "串", "捆", "堆", "群", "种", "组", "遍", "趟", "场", "节", "册", "篇", "首", "部", "所", "口", "级", "排", "届", "行", "块地"), "count"),
    },
    currencies={
        **dict.fromkeys(("元", "块", "块钱", "元人民币", "人民币", "圆"), "CNY"), "美元": "USD", "美金": "USD",
        "刀": "USD", "欧元": "EUR", "欧": "EUR", "英镑": "GBP", "镑": "GBP", "日元": "JPY", "日圆": "JPY",
        "港元": "HKD", "港币": "HKD", "台币": "TWD", "新台币": "TWD", "韩元": "KRW", "澳元": "AUD", "加元": "CAD",
        "新元": "SGD", "新加坡元": "SGD", "瑞士法郎": "CHF", "法郎": "CHF", "卢布": "RUB", "卢比": "INR PKR LKR NPR",
        "泰铢": "THB", "越南盾": "VND", "比索": "MXN ARS CLP COP PHP", "里拉": "TRY", "印度卢比": "INR", "澳币": "AUD", "加币": "CAD", "新加坡币": "SGD", "纽西兰币": "NZD", "纽币": "NZD", "墨西哥披索": "MXN", "披索": "MXN ARS CLP COP PHP", "俄罗斯卢布": "RUB", "韩圆": "KRW", "波兰兹罗提": "PLN", "墨西哥比索": "MXN", "土耳其里拉": "TRY", "南非兰特": "ZAR", "以色列新谢克尔": "ILS", "瑞典克朗": "SEK", "澳大利亚元": "AUD", "加拿大元": "CAD", "新西兰元": "NZD", "克朗": "SEK NOK DKK ISK CZK",
        "兰特": "ZAR", "雷亚尔": "BRL", "巴西雷亚尔": "BRL", "林吉特": "MYR", "迪拉姆": "AED MAD", "比特币": "BTC",
    },
    scales={"百": 100, "千": 1000, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8,
            "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12, "兆": 10**12},
    small={"角": "0.1", "毛": "0.1", "分": "0.01", "毛钱": "0.1 CNY", "分钱": "0.01 CNY", "便士": "0.01 GBP", "美分": "0.01 USD"},
    number=(
        r"一半|"
        rf"(?!百分之|零下)[{_SIGNS}](?:(?:[{_MORE}]|两(?=[百千万亿])|[多余](?=[万亿])){{1,23}})?(?:点[{_SIGNS}]{{1,24}})?(?:个半(?=小时|钟头|月|星期|钟)|个?[多余来](?=个?(?:小时|钟头|月|天|年|分钟))|分之[{_MORE}]{{1,9}}|[多余](?=[元块公千斤吨米个人里亩升克]))?"
        r"|半(?=个?(?:小时|钟头|月|天|年|斤|公斤|公里|米|吨|升|亩))"
    ),
    number_words=(*_SIGNS, "半"),
    value=value,
    write=write,
    numerals=_SIGNS,
    minus=r"(?:零下|负)(?:摄氏|华氏)?$",
    percent_before="百分之",
    per=r"(?:每|一)(?:一)?(?P<per>[公市千平立]?[方]?[斤克吨米升件个台张本瓶箱年月天人小时晚次亩只头秒]+)",
    per_after=r" ?(?:(?:每|一)(?:一)?|/ ?)(?P<per>(?:公斤|千克|斤|克|吨|平方米|平米|立方米|米|升|件|个|台|张|本|瓶|箱|"
              r"年|个?月|天|人|小时|分钟|晚|次|亩|只|头|度))",
    weekdays=_WEEKDAYS,
    dates=(
        rf"(?<![\d.年])(?P<m>{_NUM})月(?P<d>{_NUM})[日号][,(]? ?(?:于)?(?P<y>\d{{4}}|[零〇○一二三四五六七八九]{{4}})年?",
        rf"(?<![\d.])(?:{_YEAR}年)?(?P<m>{_NUM})月(?P<d>{_NUM})(?:日|号|(?![\d点个]))",
        rf"(?<![\d.])(?:{_YEAR}年)?(?P<m>{_NUM})月份?的?(?P<last>(?:最后|最末|末尾?)的?一?[天日])",
        rf"(?<![\d.]){_YEAR}年(?P<m>{_NUM})月(?!\d)",
        rf"(?<![\d.月])(?P<d>\d{{1,2}}|[{_SIGNS}]{{1,3}})号(?![\w])",
    ),
    short_year=r"(?<![\d.零〇○一二三四五六七八九十百千])(?P<y>\d{2}|[零〇○一二三四五六七八九]{2})年(?![代间来内])",
    times=(
        r"(?P<named>正午|子夜|零点整?)",
        rf"(?P<half>{_HALVES})?[ ,]?(?<![\d.])(?<!\d:)(?P<h>{_NUM})(?:点钟?|时(?!代|候|间|期|常|刻))"
        rf"(?:(?P<n>{_NUM})(?![{_SIGNS}\d]*(?:万|元|块|%|刻))分?(?:(?P<s>{_NUM})秒)?|(?P<fraction>半|一刻|三刻|整))?",
        rf"(?P<half>{_HALVES})[ ,]?(?P<h>\d{{1,2}}):(?P<n>\d{{2}})(?::(?P<s>\d{{2}}))?",
    ),
    halves={
        "上午": (0, 12), "早上": (0, 12), "早晨": (0, 12), "清晨": (0, 12), "凌晨": (0, 12), "早": (0, 12),
        "中午": (11, 15), "午后": (12, 24), "下午": (12, 24), "傍晚": (12, 24), "晚上": (17, 29),
        "夜里": (18, 30), "夜间": (18, 30), "半夜": (22, 30), "午夜": (22, 30), "深夜": (20, 30), "今晚": (12, 24),
        "正午": (12, 12), "子夜": (0, 0), "零点": (0, 0), "零点整": (0, 0), "晚间": (12, 24), "晚": (12, 24), "午间": (11, 15),
    },
    fractions={"半": 30, "一刻": 15, "三刻": 45, "整": 0},
    between=r"[ ,，。;:()（）\-—/@|、]|的|当天|当日|那天|在|于|是|为",
    who=r"谁|哪位|哪个人|何人|什么人|叫什么|姓名|名字|人名",
    whose_name=r"叫什么|姓名|名字|人名|全名|叫啥|尊姓|何名",
    titles=frozenset(
        "医师 副 首席 高级 主治 主任医师 技师 讲师 院士 主编 编辑 记者 导演 作家 画家 司机 店长 掌柜 副校长 副院长 副厂长 副主任 "
        "先生 女士 小姐 太太 夫人 老师 教授 博士 医生 大夫 主任 厂长 校长 院长 经理 总经理 董事长 局长 部长 市长 县长 处长 科长 "
        "馆长 所长 站长 队长 船长 会长 主席 总统 总理 工程师 律师 师傅 同志 同学 老板 总 工 叔 姨 爷爷 奶奶 将军 上校 少校 "
        "中尉 警官 护士 护士长 教练 研究员 书记 站长 社长 总监 组长 班长 村长 镇长 行长".split()
    ),
    surnames=frozenset(
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
        "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞"
        "颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉蓝路游辛靳管柴蒙鲍华喻祁"
        "蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇"
        "栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊"
        "仝区郜海阚花权强帅屠豆朴盖练廉禹井漆巴哈甫赖翁骆葛"
    ),
    yes=r"是的?|对的?|正确|没错|有的?|可以|会的?|能|确实|属实",
    no=r"不是的?|否|不对|错误?|没有|不可以|不会|不能|并非|不",
    code_words=(
        r"密码|口令|暗号|编号|代码|编码|验证码|序列号|车牌|账号|帐号|卡号|单号|订单号|流水号|工号|学号|邮箱|邮件|网址|链接|"
        r"地址栏|域名|用户名|型号|批号|证号|号牌|航班|车次|密钥|令牌|标识"
    ),
    pass_words=r"密码|口令|暗号|通行码|暗语",
    phone_words=r"电话|手机|热线|号码|拨打|传真",
    version_words=r"版本",
    steps=r"先(?!生).{1,80}(?:再|然后|最后)",
    sequence=r"首先|先|再|然后|接着|其次|最后|随后|之后|第[一二三四五六七八九]步?",
    order_words=r"顺序|依次|先后|次序|排名|步骤",
    opposites=(
        ("上面|上方|之上|顶上|上", "下面|下方|之下|底下|下", "后面|背后|之后|后方|后", "前面|前方|之前|前", "旁边|旁",
         "里面|里|内|之中|中", "外面|外"),
        ("左", "右"), ("东", "西", "南", "北"),
        ("以前|之前|前", "以后|之后|后"), ("每隔", "每"), ("以上", "以下"), ("上升|上涨|增加|增长|提高|升", "下降|下跌|减少|降低|降"),
        ("打开|开着|开放|开", "关闭|关着|关"), ("总是|一直|始终", "从不|从来不|有时"), ("全部|所有", "部分|一半"),
        ("最早|最先|首", "最晚|最后|末"), ("白天", "夜里|夜间|晚上"), ("上午|早上", "下午", "晚上"), ("工作日", "周末"),
        ("更多|超过|多于", "更少|不足|少于"), ("春", "夏", "秋", "冬"), ("正面", "背面|反面"), ("大", "小"),
    ),
    heads=(("从|由|自", "到|至|往|向|去"),),
    joints=r"→|->|、|,|;|\n|和|与|以及|及|还有|跟",
    fillers=frozenset("的在于是为约共了大"),
)  # fmt: skip
