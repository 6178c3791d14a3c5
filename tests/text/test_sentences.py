import re
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nihbench.text.sentences import boundaries

MARK = "‖"  # every boundary is marked, so an unmarked place is a claim, too

ENGLISH = {
    "plain": "One day it rained.‖ Then it stopped.‖ We left.",
    "two spaces": "It ended.‖  The next began.",
    "hard wrap": "A line that\ngoes on.‖ Next line\nends.‖\nAnother one.",
    "question and cry": "Who?‖ Nobody!‖ Well.‖ Good.",
    "mixed run": "Really?!‖ Yes.",
    "closing quote": 'He said "no."‖ She left.',
    "curly quotes": "He said “Stop. Go. Wait.”‖ She left.",
    "curly quotes, two paragraphs": "“It was late. We ran.\n\n“It was cold. We froze.”‖ He paused.",
    "dialogue, lower case": '"Stop!" he said.‖ "Why?" she asked.',
    "dialogue, name": '"Stop!" Pierre cried.‖ "Go!"',
    "dialogue, long name": '"Why?" Prince Andrew quietly asked.‖ Nobody spoke.',
    "dialogue, curly": "“Stop!” I said.‖ It stopped.",
    "within brackets": "It works (see below. It does. Really.) as told.‖ Good.",
    "after brackets": "It works.‖ (It always did.)‖ Good.",
    "cry in brackets": "Then (oh joy!) Anna came.‖ Good.",
    "unclosed bracket": "A sad face :( here.‖ And more.‖\n\nNew one.‖ Good.",
    "stray closers": "1) one thing.‖ Then 2) two.‖ Good.",
    "titles": "Mr. Brown met Mrs. Grey and Dr. Green at St. Mary.‖ All left.",
    "latin": "Fruit, e.g. Apples, i.e. Pomes, vs. Nuts.‖ Good.",
    "etc. and name": "Pens, etc. Paper came too.‖ Good.",
    "etc. and starter": "Pens, paper, etc.‖ The rest came later.",
    "company": "He works at Acme Inc. Boston likes him.‖ Good.",
    "initials": "J. K. Rowling met Philip K. Dick.‖ Good.",
    "country": "The U.S. Senate voted.‖ They live in the U.S.‖ But we do not.",
    "time": "At 5 p.m. it rained.‖ We met at 6 p.m.‖ The end.",
    "numbered": "See Fig. 3 and No. 7 and p. 12.‖ Good.",
    "no": '"No. I will not."‖ He left.',
    "months": "It was Sept. 5 and Dec. 7.‖ Good.",
    "decimals": "It costs 3.14 or 1,000.50 dollars.‖ Use v2.0.1 now.‖ Good.",
    "files": "Open main.py or www.example.com now.‖ Good.",
    "year": "It was built in 1973.‖ It still stands.",
    "ellipsis inside": "Well... it depends… on you.‖ Good.",
    "ellipsis, stammer": "I... I do not know.‖ Good.",
    "ellipsis at the end": "And so on...‖ Then it ended.",
    "spaced dots": "So . . . Then it ended.‖ Good.",
    "list marks": "Rules:\n1. Be kind.\n2. Be brief.\n3. Be gone.‖\n\nGood.",
    "letters as marks": "A. First of all.\nB. Second of all.",
    "glued": "It is accelerating.We would stop it.‖ Good.",
    "lower case goes on": "The app. is new.‖ Good.",
    "footnotes": "It worked.[3]‖ I know.‖\n[4] Another.",
    "heading": "Chapter of Errors\n\n‖It began.‖ Good.",
    "numbered heading": "CHAPTER IV. The Storm.\n\n‖It began.‖ Good.",
    "Markdown heading": "# Why? Because. Yes.\n\n‖It began.‖ Good.",
    "terminated paragraph": "It ended.‖\n\nIt began.",
    "abbreviation ends paragraph": "It was Acme Inc.‖\n\nIt began.",
    "indented paragraph": "A title\n\n‖   Indented text.‖ Good.",
    "single break": "No stop here\nand none here\nnor here",
    "lead-in": "He wrote:\n\n“So be it.”‖ Good.",
    "stray blank line": "Only a few people really\n\ncare about it.‖ Good.",
    "verse": "The rose is red,\nThe grass is green\n\n‖The sky is blue,\nThe wind is keen\n\n‖End",
    "CRLF": "A title\r\n\r\n‖One.‖\r\nTwo.‖\r\n\r\nThree.",
    "CR": "A title\r\r‖One.‖\r\rTwo.",
    "blank line with spaces": "A title\n  \n\t\n‖One.‖ Two.",
    "fence": "Run this:\n\n```sh\ncd here. Now.\n\ncd there. Now.\n```\n\n‖It ran.‖ Good.",
    "fence left open": "A line.‖\n\n```\nOne.‖ Two.‖ Three.",
    "code": "It goes.‖\n\n    def f():\n        # One. Two.\n\n    def g():\n        pass\n\n‖It went.‖ Good.",
    "console": "So:\n\n   >>> f('A. B')\n   'A. B'\n\n‖It went.‖ Good.",
    "table": "A table\n\n‖| One. Two. |\n| Three. |\n\n‖It ended.‖ Good.",
    "emphasis": "It was *very good.*‖ Then _bad._‖ Good.",
    "bullets": "One came.‖\n- Two came.\n* Three came.‖\n\nGood.",
    "trailing space": "One.‖ Two.‖ \n",
    "accent": "Fin.‖ É bom.‖ Étude.",
    "empty": "",
    "one sentence": "Only one sentence.",
}

CHINESE = {
    "plain": "下雨了。‖雨停了。‖我们走吧。",
    "three marks": "谁？‖没有人！‖走吧。",
    "runs": "真的吗？！‖是的！！‖好。",
    "commas": "一，二；三、四：五。‖六。",
    "full-width stop": "第１．２节讲这个。‖完。",
    "quote after colon": "他说：“走吧。”‖然后他走了。",
    "several within": "他说：“走吧。快走！好吗？”‖众人都走了。",
    "quote then comma": "“走吧。”，他说。‖完。",
    "speech tag": "“走吧！”他说道。‖她没有动。",
    "tag of the next": "“走吧。”‖他说：“好。”‖完。",
    "mention": "对于“为什么？”这个问题，没有人回答。‖完。",
    "attribute": "他听见“救命！”的喊声。‖完。",
    "corner brackets": "他说：「走吧。快走！」‖眾人走了。",
    "nested": "他说：“她说‘走吧。’就走了。”‖众人都走了。",
    "nested ends": "他说：“她说：‘走吧。’”‖众人都走了。",
    "same quotes nested": "他说：“她喊“走。”就走了。”‖众人都走了。",
    "brackets": "他走了（其实没走。真的。）以后。‖完。",
    "brackets alone": "他走了。‖完。‖\n（他真的走了。）‖然后回来。",
    "note after stop": "工具很好。（张三投稿）\n\n‖下一个。‖完。",
    "question in brackets": "他走了（真的吗？）以后。‖完。",
    "title": "他写了《怎么办？》这本书。‖完。",
    "ellipsis": "他……走了。‖完。",
    "ellipsis and mark": "他走了……。‖真的……！‖完。",
    "ellipsis at line end": "他走了……‖\n我也走了。‖完。",
    "ellipsis in quote": "他说：“我……”然后走了。‖完。",
    "mark then ellipsis": "什么？……他走了。‖完。",
    "dots of stops": "我。。。不知道。‖完。",
    "dash": "“走！”——他喊。‖完。",
    "half-width between Han": "真的吗?‖是的!‖好。‖完。",
    "half-width in Latin": "看看 Yahoo! 和 What?Now 吧。‖完。",
    "half-width in a link": "地址是 http://a.cn/b?词=1 哦。‖完。",
    "straight quotes": '他说："走吧。快走！"‖"好。"‖众人走了。',
    "odd straight quote": '屏幕是 5" 的。‖很好。‖完。',
    "bold": "**整体减弱。**‖ 老人多了。‖完。",
    "bold follows": "他走了。‖**后来他回来了**，又走了。‖完。",
    "bold only": "**这是什么？这是标题。**\n\n‖正文开始。‖完。",
    "Markdown heading": "# 年限可以缩短吗？可以！好。\n\n‖正文开始。‖完。",
    "heading without blank line": "## 为什么？因为。\n正文开始。‖完。",
    "chapter": "第一回 灵根孕育？心性修持！大道生\n\n‖    话说天下。‖完。",
    "chapter after text": "且听下回分解。‖\n\n第十二回　玄奘秉诚！建大会\n\n‖话说。‖完。",
    "not a chapter": "第一回见面他就走了。‖第二回没来。‖完。",
    "title line": "《西游记》吴承恩！（明）\n\n‖第一段。‖完。",
    "long first line": "这是第一句。‖这是第二句。‖\n\n这是第三句。",
    "verse": "    混沌未分天地乱\n\n    茫茫渺渺无人见\n\n    盘古破鸿蒙\n\n‖他走了。‖完",
    "single break": "没有句号\n也没有\n完",
    "lead-in": "诗曰：\n\n    混沌未分天地乱。‖\n\n完",
    "list": "- 提高出生率。\n- 降低门槛。\n1、第一条。\n（1）第二条。‖\n> 引文。‖完",
    "unclosed quote": "他说：“走吧。快走！‖\n后来他走了。‖完。",
    "unclosed, opened again": "甲说：“走吧。快走！乙说：“不。”‖丙走了。‖完。",
    "stray closer": "走吧。”他走了。‖完。",
    "link": "[怎么办？](https://a.cn/b)是好书。‖完。",
    "footnote": "他走了。[3]‖我没走。‖完。",
    "English line": "他写道。‖\n\nIt rained.‖ It stopped, e.g. Monday.‖\n\n完",
    "space after": "他走了。‖ 我没走。‖\u3000完。",
    "CRLF": "第一回 灵根\r\n\r\n‖话说天下。‖\r\n完。‖\r\n\r\n尾",
    "fence": "如下。‖\n\n```\n# 走。走！\n\n走。\n```\n\n‖完。‖好。",
    "empty": "",
    "one sentence": "只有一句。",
}


def marked(text: str, language: str) -> str:
    ends = [0, *boundaries(text, language).tolist(), len(text)]
    return MARK.join(text[a:b] for a, b in zip(ends, ends[1:], strict=False))


@pytest.mark.parametrize("case", ENGLISH)
def test_english(case: str) -> None:
    assert marked(ENGLISH[case].replace(MARK, ""), "en") == ENGLISH[case]


@pytest.mark.parametrize("case", CHINESE)
def test_chinese(case: str) -> None:
    assert marked(CHINESE[case].replace(MARK, ""), "zh") == CHINESE[case]


def test_language_tags_choose_the_rule() -> None:
    text = "看看 Yahoo! OK, 他走了。"  # a half-width mark ends no Chinese sentence beside Latin letters
    for tag in ("zh", "zh-CN", "zh_TW", "ZH", "zh-Hant-HK"):
        assert boundaries(text, tag).tolist() == [], tag
    for tag in ("en", "fr", "", "zhx"):
        assert boundaries(text, tag).tolist() == [9], tag


def test_marks_that_join_are_never_torn_off() -> None:
    assert boundaries("走。\u0301走。\ufe0f走。\u200d走。完", "zh").tolist() == [11]
    assert boundaries("Title\n\n\u0301And so on. More.", "en").tolist() == [18]


# ---- invariants ------------------------------------------------------------------------------------------------

PIECES = list('.!?…"\'”“’()[]{}*_#|-—:;,。！？；，、：“”‘’「」（）《》 \n\r\t\u3000\u0301\ufe0f\u200d') + [
    "\r\n", "\n\n", "\n\n    ", "```\n", "Mr", "I", "said", "he", "The", "go", "1", "U.S", "走", "他说",
    "第一回 ", "……", "**",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
LANGUAGES = st.sampled_from(["en", "zh"])
CLOSERS = set("\"'”’»«“‘›‹)]}*_`」』）】》〉〕")  # German closes by “ and ‘, Danish by « and ‹


@settings(max_examples=300, deadline=None)
@given(TEXTS, LANGUAGES)
def test_positions_are_legal(text: str, language: str) -> None:
    found = boundaries(text, language)
    assert found.dtype == np.int64
    assert (np.diff(found) > 0).all()
    for p in found.tolist():
        assert 0 < p < len(text)
        before, after = text[p - 1], text[p]
        assert not (before.isalnum() and after.isalnum())
        assert before not in "；，、：;,:" and text[p - 2 : p] != "\r\n" or before == "\n"
        assert not (before == "\r" and after == "\n")
        assert after != "\u200d" and not unicodedata.category(after).startswith("M")
        if before in "\r\n":
            assert re.search(r"(\r\n|\n|\r)[^\S\r\n]*(\r\n|\n|\r)\Z", text[:p])
            assert text[:p].strip()
        else:
            assert re.search(r"[.!?…。！？](\[\d+\]|_|[^\w\s])*\Z", text[:p])
            assert before in CLOSERS | set(".!?…。！？")


@settings(max_examples=200, deadline=None)
@given(TEXTS, LANGUAGES)
@example("他说：“走！*", "zh")  # a mark in the way at the text's very end
def test_a_paragraph_is_ended_once(text: str, language: str) -> None:
    found = set(boundaries(text, language).tolist())
    for p in found:
        if text[p - 1] in "\r\n":
            assert len(text[:p].rstrip()) not in found


WORDS = st.lists(st.sampled_from(["It ran. ", "He (who? me.) left! ", "“A. B.” ", "Mr. X "]), min_size=1, max_size=5)
LINES = st.lists(
    st.sampled_from(["他走了。", "他说：“走吧。快！”", "真的（吗？）是，", "他……"]), min_size=1, max_size=5
)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4), LANGUAGES)
def test_paragraphs_are_independent_in_english(paragraphs: list[list[str]], language: str) -> None:
    texts = ["It began. " + "".join(p) + "It ended." for p in paragraphs]
    expected, offset = [], 0
    for text in texts:
        expected += [offset + p for p in [*boundaries(text, "en").tolist(), len(text)]]
        offset += len(text) + 2
    assert boundaries("\n\n".join(texts), "en").tolist() == expected[:-1]


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_lines_are_independent_in_chinese(lines: list[list[str]]) -> None:
    texts = ["话说“" + "".join(p) + "走了。" for p in lines]  # the open quote must not leak into the next line
    expected, offset = [], 0
    for text in texts:
        expected += [offset + p for p in [*boundaries(text, "zh").tolist(), len(text)]]
        offset += len(text) + 1
    assert boundaries("\n".join(texts), "zh").tolist() == expected[:-1]


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_no_boundary_in_matched_quotes(inside: str) -> None:
    inside = re.sub(r"[\r\n“”‘’「」『』（）【】《》〈〉〔〕()\[\]{}\"*]", "", inside)
    text = f"他走了。她说：“{inside}走了。”然后走了。完"
    lower, upper = text.index("“"), text.index("”")
    assert not [p for p in boundaries(text, "zh").tolist() if lower < p <= upper]


# ---- time grows with the text ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["(", ".", '"', "“", "。", "“。", ". ", "...x ", "\n", " ", "**", "a.b. ", "？”", "[1"]
    + ["'", " 'a", "''", "``", "—a\n", "> ", ">\n", "- a\n", "1. a\n\n", ". . ", "\n\n  f(x)\n\n", "ก", "a ", "x"],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_texts_do_not_grow_quadratic(unit: str, language: str) -> None:
    """A pass that looks back or ahead without bound would need 10^9 steps here; CPU time, so load does not matter."""
    text = "He. " + unit * (40_000 // len(unit)) + "x"
    begun = time.process_time()
    boundaries(text, language)
    assert time.process_time() - begun < 3
