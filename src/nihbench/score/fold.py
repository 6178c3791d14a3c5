"""Folding: one plain form of a text, with the way back to the original.

Case, width, accents, Markdown, quotes, white space, dashes and the commonest traditional characters are folded
away, so that two texts that differ only in these are equal. It does not translate, and it does not know words
(see `words`) or numbers (see `numbers`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

# The traditional characters met most in short answers. A whole conversion needs a dictionary, not a table this small.
_TRADITIONAL = (
    "愛罷備貝筆幣邊變標賓補財參倉層產長場車陳稱城遲衝處觸傳創詞從達單當導燈點電調東動獨斷對隊頓額兒爾發範飯訪"
    "費風馮鳳復該蓋剛個給構購館關觀廣歸過還漢號後華環換會貨獲機積極級際繼記計價間檢見劍將講獎膠階結節潔緊進經"
    "驚舊舉據覺開殼課庫塊寬來蘭覽樂類離裡裏禮歷連聯臉練涼兩遼領劉龍樓錄陸論羅媽馬買賣滿門們夢麵腦內鳥寧農盤"
    "賠評憑樸齊騎氣錢強橋親輕請慶窮區權卻確讓熱認榮軟賽殺傷燒紹設審聲勝師時識實視試釋壽書樹術數雙說絲蘇雖隨"
    "歲孫損臺談題體條鐵聽廳統頭圖團萬網為違圍維偉衛溫問無務霧習戲係細縣現線鄉響項銷曉寫謝興選學詢訓壓亞煙嚴"
    "鹽陽養樣藥業葉頁醫儀義藝憶議陰銀飲應營擁優郵遊魚與語預園員圓遠願約月閱雲運雜讚擇則責澤戰張這鎮證鄭織職"
    "紙質鐘種眾週豬築專轉裝狀準資總縱組櫃碼檔寫貳叄伍蒐劃險"
)
_SIMPLIFIED = (
    "爱罢备贝笔币边变标宾补财参仓层产长场车陈称城迟冲处触传创词从达单当导灯点电调东动独断对队顿额儿尔发范饭访"
    "费风冯凤复该盖刚个给构购馆关观广归过还汉号后华环换会货获机积极级际继记计价间检见剑将讲奖胶阶结节洁紧进经"
    "惊旧举据觉开壳课库块宽来兰览乐类离里里礼历连联脸练凉两辽领刘龙楼录陆论罗妈马买卖满门们梦面脑内鸟宁农盘"
    "赔评凭朴齐骑气钱强桥亲轻请庆穷区权却确让热认荣软赛杀伤烧绍设审声胜师时识实视试释寿书树术数双说丝苏虽随"
    "岁孙损台谈题体条铁听厅统头图团万网为违围维伟卫温问无务雾习戏系细县现线乡响项销晓写谢兴选学询训压亚烟严"
    "盐阳养样药业叶页医仪义艺忆议阴银饮应营拥优邮游鱼与语预园员圆远愿约月阅云运杂赞择则责泽战张这镇证郑织职"
    "纸质钟种众周猪筑专转装状准资总纵组柜码档写贰叁伍搜划险"
)
_DROPPED = set('*`~#"“”„«»「」『』《》〈〉＂﹁﹂\\$\ufeff')
_ONE_FOR_ONE = {
    **dict(zip(_TRADITIONAL, _SIMPLIFIED, strict=True)),
    **dict.fromkeys("‘’ʼ′＇", "'"),
    **dict.fromkeys("‐‑−﹣", "-"),
    **dict.fromkeys("–—―─", "—"),
    **dict.fromkeys("·•‧∙", "·"),
    "_": " ",
    "…": ".",
}
_THINK_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """A folded text; `index[i]` is the place in the original of the folded character i."""

    text: str
    index: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original that became text[start:end] (empty spans stay empty)."""
        if start >= end:
            at = self.index[start] if start < len(self.index) else (self.index[-1] + 1 if self.index else 0)
            return at, at
        return self.index[start], self.index[end - 1] + 1


def final_answer(answer: str) -> str | None:
    """Blank out closed <think> parts, keeping every character's place; None when the last one never closes.

    A closing tag without an opening one ends a part that began before the answer (some chat templates open it in
    the prompt), so everything up to it is blanked too.
    """
    if "<" not in answer:
        return answer
    kept: list[str] = []
    depth, at = 0, 0
    for tag in _THINK_TAG.finditer(answer):
        closing = tag.group(1) == "/"
        if closing and depth == 0:
            kept = [" " * tag.end()]
        else:
            kept.append(answer[at : tag.start()] if depth == 0 else " " * (tag.start() - at))
            kept.append(" " * (tag.end() - tag.start()))
            depth += -1 if closing else 1
        at = tag.end()
    if depth > 0:
        return None
    kept.append(answer[at:])
    return "".join(kept)


def is_cjk(char: str) -> bool:
    """Whether `char` is a Chinese character."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char == "〇"


def fold(original: str) -> Folded:
    """Return the folded form of `original`. Time is linear in its length."""
    chars: list[str] = []
    index: list[int] = []
    for place, char in enumerate(original):
        for piece in _fold_char(char):
            chars.append(piece)
            index.append(place)
    return _keep(chars, index, _wanted(chars))


def _keep(chars: list[str], index: list[int], wanted: Callable[[int], bool]) -> Folded:
    kept = [place for place in range(len(chars)) if wanted(place)]
    return Folded(text="".join([chars[p] for p in kept]), index=tuple([index[p] for p in kept]))


def _wanted(chars: list[str]) -> Callable[[int], bool]:
    """Return the test for what stays: apostrophes inside words, one space between words, none beside Chinese."""
    last = len(chars) - 1

    def wanted(place: int) -> bool:
        char = chars[place]
        if char == "'":
            return 0 < place < last and chars[place - 1].isalpha() and chars[place + 1].isalpha()
        if char != " ":
            return True
        if place == 0 or place == last or chars[place - 1] in " \n":
            return False
        after = place + 1  # a run of spaces is judged at its first one; runs end at once in sane text
        while after < last and chars[after] == " " and after - place < 8:
            after += 1
        return not (_tight(chars[place - 1]) and _tight(chars[after]))

    return wanted


def _tight(char: str) -> bool:
    return is_cjk(char) or char in "、。,;:!?.()"


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    if char in _DROPPED:
        return ""
    if char in "\n\r\u2028\u2029":
        return "\n"
    if char.isspace():
        return " "
    if char in _ONE_FOR_ONE:
        return _ONE_FOR_ONE[char]
    plain = unicodedata.normalize("NFKD", char).casefold()
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf", "Cc"))
    return "".join(_ONE_FOR_ONE.get(c, c) for c in plain if c not in _DROPPED)
