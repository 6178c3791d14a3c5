"""No needle stands where a reader would be interrupted; told by a counter of quotes that shares no code with `text`.

The packaged corpora are read as a whole; the kinds are shown by small texts, where every boundary is marked.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.languages.scripts import stop_for
from nihbench.text.blocks import running_start
from nihbench.text.sentences import boundaries
from nihbench.types import Corpus

MARK = "‖"
CORPORA = (
    "english-novels-en paul-graham-en python-reference-en journey-to-the-west-zh tech-weekly-zh three-kingdoms-zh"
).split()


def marked(text: str, language: str) -> str:
    ends = [0, *boundaries(text, language).tolist(), len(text)]
    return MARK.join(text[a:b] for a, b in pairwise(ends))


# ---- the counter: it walks over a paragraph and keeps one number, how many quotations are open ----------------------


def quoted_places(paragraph: str) -> Iterator[int]:
    """Yield the places inside a quotation that opens and closes in the paragraph; straight quotes take turns."""
    straight = paragraph.count('"') % 2 == 0
    opened_at: list[int] = []
    for at, sign in enumerate(paragraph):
        if sign in "“「『«" or (sign == '"' and straight and not opened_at):
            opened_at.append(at)
        elif opened_at and (sign in "”」』»" or (sign == '"' and straight)):
            yield from range(opened_at.pop() + 1, at + 1)
            if sign == '"':
                opened_at.clear()


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for gap in re.finditer(r"\n\s*\n", text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def test_the_counter_counts() -> None:
    text = 'He said: "Go. Now." Then “A. B.” 5" end.'
    assert "".join(text[p - 1] for p in quoted_places(text.replace('5"', "5"))) == '"Go. Now.“A. B.'
    assert list(quoted_places('It "never closes.')) == []


@pytest.mark.parametrize("name", CORPORA)
def test_no_needle_of_300_stands_inside_a_quotation(name: str, fetched_corpus: Callable[[str], Corpus]) -> None:
    """300 places by lot, as needles fall on them; then every place that there is."""
    corpus = fetched_corpus(name)
    found = boundaries(corpus.text, corpus.language)
    quoted = {start + place for start, part in paragraphs(corpus.text) for place in quoted_places(part)}
    drawn = random.Random(13).choices(range(len(corpus.text)), k=300)
    needles = [int(found[min(np.searchsorted(found, place), len(found) - 1)]) for place in drawn]
    assert [place for place in needles if place in quoted] == []
    assert len(quoted & set(found.tolist())) <= 0.001 * len(found)
    assert len(found) > len(corpus.text.encode()) / 200  # as dense as before: a place every 200 bytes


@pytest.mark.parametrize(
    ("name", "parted"),
    [
        ("tech-weekly-zh", r"[^\n]\n+-- "),
        ("python-reference-en", r"[\w\])]\n\n {3,}(?=[A-Z])"),
        ("english-novels-en", r"CHAPTER [IVXL]+\n\nCHAPTER "),
    ],
)
def test_what_belongs_together_is_not_parted(name: str, parted: str, fetched_corpus: Callable[[str], Corpus]) -> None:
    corpus = fetched_corpus(name)
    found = set(boundaries(corpus.text, corpus.language).tolist())
    seams = [match for match in re.finditer(parted, corpus.text) if _is_signature(match, corpus.text, name)]
    inside = [m for m in seams if any(place in found for place in range(m.start() + 1, m.end() + 1))]
    assert len(seams) > 100
    assert len(inside) <= 0.02 * len(seams)


def _is_signature(match: re.Match[str], text: str, name: str) -> bool:
    line = text[: match.start() + 1].rsplit("\n", 1)[-1]
    return name != "python-reference-en" or ("(" in line and not line.startswith(" ") and not line.endswith("."))


# ---- the kinds ------------------------------------------------------------------------------------------------------

TOGETHER = {
    "straight": '"Go. Run now," he said.‖ "I will. Soon."‖ He went.‖ Good.',
    "straight over two paragraphs": '"It was late. We ran.\n\n"It was cold. We froze."‖ He paused.‖ Good.',
    "closed a paragraph later": 'She read: "One. Two.\n\nThree. Four."‖ He left.‖ Good.',
    "single": "'Go. Now!' he said.‖ 'I'm here. Soon.'‖ The dogs' house.‖ 'Tis good.‖ Yes.",
    "single, curly": "‘Go. Now!’ he said.‖ ‘I’m late. Soon.’‖ He went.",
    "nested": "\"She said 'Go. Now.' and left. Really.\"‖ He sat.‖ Good.",
    "mixed": '"Go. Now.” He left. “Stop. Now."‖ She left.‖ Good.',
    "inches": 'A 5" pipe.‖ It broke.‖ He said "No. Never."‖ Done.‖ Good.',
    "glued": 'He wrote:"Make it. Now."Then he left.‖ Good.',
    "TeX": "He wrote ``Make it. Now.'' and left.‖ Good.",
    "French": "Il dit : « Allez. Vite. » et partit.‖ Bien.",
    "German": "Er sagte: „Geh. Jetzt.“‖ Dann ging er.‖ Gut.",
    "German, pointed": "Er sagte: »Geh. Jetzt.«‖ Dann ging er.‖ Gut.",
    "Swedish": "Han sade: ”Gå. Nu.”‖ Sedan gick han.‖ Bra.",
    "Japanese": "「行こう。早く。」と彼は言った。‖それから出た。‖「はい。」‖彼は笑った。",
    "lines are paragraphs": '"It was late. ' + "He ran on and on. " * 12 + "\nShe left.‖ It ended.‖\nGood.",
    "attribution": "Be brief.\n\n-- Ann Lee, author\n\n‖It began.‖ Good.",
    "attribution, dash": "Be brief.\n— Ann Lee\n\n‖It began.‖ Good.",
    "attribution, quoted": "> Be brief.\n>\n> — Ann Lee\n\n‖It began.‖ Good.",
    "attribution, hyphen": "Be brief.\n- Ann Lee\n\n‖It began.‖ Good.",
    "dialogue": "— Be brief.‖\n\n— I will.‖\n\n— Good.",
    "signature": "It works.‖\n\nstr.lower(x)\n\n   Return it.‖ Lower case.‖\n\nGood.",
    "definition": "It works.‖\n\nThe term\n\n    What it means. More\n    of it.‖ Good.".replace("means. ", "means.‖ "),
    "indented paragraph": "A title\n\n‖   Indented text.‖ Good.",
    "contents": "It ends.‖\n\nCONTENTS\n\n1. The sea\n\n2. The shore\n\n3. The end\n\n‖It began.‖ Good.",
    "contents, dots": "The sea .... 5\nThe shore .... 17\n\n‖It began.‖ Good.",
    "list": "It ends.‖\n\n- Be kind. Be brief.\n- Be gone.‖\n\nIt began.‖ Good.",
    "number alone": "It ends.‖\n\n4.\n\nIt began.‖ Good.",
    "cut in two": "It ended. And then the\n\nThird one came.‖ Good.".replace("ended. ", "ended.‖ "),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_belongs_together(case: str) -> None:
    assert marked(TOGETHER[case].replace(MARK, ""), "en") == TOGETHER[case]


CHINESE = {
    "attribution": "要简短。\n\n-- 张三，作者\n\n‖2、\n\n要善良。\n\n——《论语》\n\n‖完了。‖好。",
    "over paragraphs": "他喊：“罢了！\n\n罢了！谁人救我？”‖他走了。‖完",
    "lines of one quotation": "> “要简短。\n>\n> 要善良。”‖\n\n完了。‖好。",
    "opener in the closer's place": "他说：“走吧。“她走了。她说：“好。”‖完",
    "contents": "他走了。‖\n\n往年回顾\n\n青年失业率（2022 #235）\n\n选择创业（2021 #185）\n\n‖他来了。‖完",
}


@pytest.mark.parametrize("case", CHINESE)
def test_what_belongs_together_in_chinese(case: str) -> None:
    assert marked(CHINESE[case].replace(MARK, ""), "zh") == CHINESE[case]


# ---- other scripts --------------------------------------------------------------------------------------------------

SCRIPTS = {
    "Hindi": "घड़ी बजती है।‖ छात्र घर जाते हैं।‖ रात है।",
    "Bengali": "সে চলে গেল।‖ রাত হলো॥‖ শেষ।",
    "Arabic": "أين المفتاح؟‖ المفتاح هنا.‖ انتهى.",
    "Urdu": "وہ گیا۔‖ رات ہوئی۔‖ بس۔",
    "Persian": "او رفت.‖ کجا رفت؟‖ تمام.",
    "Armenian": "Նա գնաց։‖ Գիշեր էր։‖ Վերջ։",
    "Ethiopic": "እሱ ሄደ።‖ ሌሊት ነበር።‖ አበቃ።",
    "Burmese": "သူသွားသည်။‖ ညဖြစ်သည်။‖ ပြီးပြီ။",
    "Khmer": "គាត់ទៅ។‖ យប់ហើយ។‖ ចប់។",
    "Tibetan": "ཁོ་སོང་།‖ མཚན་མོ་རེད།‖ རྫོགས།",
    "Korean": "그는 갔다.‖ 밤이었다.‖ 끝.",
    "Japanese": "彼は行った。‖どこへ？‖夜だった。",
    "Greek": "Πού πήγε\u037e‖ Έφυγε.‖ Τέλος.",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_ends_sentences_by_its_own_mark(script: str) -> None:
    assert marked(SCRIPTS[script].replace(MARK, ""), "en") == SCRIPTS[script]


def test_every_mark_that_unicode_calls_an_end_is_one() -> None:
    """The oracle is the property Sentence_Terminal of the `regex` package, which carries Unicode's tables."""
    terminal = [chr(point) for point in range(0x80, 0x10000) if regex.match(r"\p{Sentence_Terminal}", chr(point))]
    known = [sign for sign in terminal if unicodedata.category(sign) != "Cn"]
    missed = [sign for sign in known if boundaries(f"ab{sign} cd ef", "en").tolist() != [3]]
    assert len(known) > 70
    assert [hex(ord(sign)) for sign in missed if sign not in "\u2024\uff0e"] == []  # dots, as in 1.5


UNBROKEN = {
    "a transcript": " ".join(random.Random(1).choices("paper letter garden window harbor of a signal".split(), k=900)),
    "Thai": " ".join(["กุญแจห้องสมุดอยู่ในไหสีน้ำเงิน", "นักเรียนกลับบ้าน", "ฝนตกหนักมาก"] * 60),
    "Thai without spaces": "กุญแจห้องสมุดอยู่ในไหสีน้ำเงิน" * 60,
    "Chinese without marks": "他走了她来了天黑了雨停了" * 200,
    "Hindi without marks": "छात्र वह आवाज़ सुनकर किताबें बंद कर देते हैं और घर चले जाते हैं " * 60,
    "one word": "x" * 20_000,
    "lines": "the paper on the table\nwas never read by anyone\n" * 100,
}


@pytest.mark.parametrize("case", UNBROKEN)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_unbroken_is_parted_where_nothing_is_torn(case: str, language: str) -> None:
    text = UNBROKEN[case]
    found = boundaries(text, language)
    sizes = [len(text[a:b].encode()) for a, b in pairwise([0, *found.tolist(), len(text)])]
    assert max(sizes) <= 800
    for place in found.tolist():
        assert not regex.match(r"\X", text[place - 1 :]).end() > 1  # a reader's character is whole
        if " " in text:
            assert text[place - 1].isspace() or text[place].isspace()


PIECES = ["paper ", "กุญแจ", "किताबें ", "他走了", "\U0001f468\u200d\U0001f469", "e\u0301", "\n", '"', "“"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["paper ", "กุญแจ", "किताबें ", "他走了", "👨‍👩‍👧", "e\u0301", "\n", '"', "“"]), max_size=900)
)
def test_no_stretch_is_longer_than_a_quotation(pieces: list[str]) -> None:
    text = "".join(pieces)
    ends = [0, *boundaries(text, "en").tolist(), len(text)]
    assert max(len(text[a:b].encode()) for a, b in pairwise(ends)) <= 2_000 + 2 * 5_000 * 4


def test_a_needle_gets_the_stop_of_its_script_and_no_second_one() -> None:
    assert {statement: stop_for(statement) for statement in NEEDLES} == NEEDLES


NEEDLES = {
    "The key is in the jar": ".", "The key is in the jar.": "", 'It says "Mind the goose."': "",
    "钥匙在罐子里": "。", "钥匙在罐子里。": "", "他说：“在罐子里。”": "", "鍵は壺の中にあります": "。",
    "鍵は「壺の中。」": "", "चाबी घड़े में है": "।", "चाबी घड़े में है।": "", "চাবি": "।", "چابی گھڑے میں ہے": "۔",
    "چابی گھڑے میں ہے۔": "", "المفتاح في الجرة": ".", "هل المفتاح في الجرة؟": "", "กุญแจอยู่ในไห": "",
    "Բանալին": "։", "ቁልፉ": "።", "သော့": "။", "សោ": "។", "ལྡེ་མིག": "།", "열쇠는 항아리에 있다": ".",
}  # fmt: skip


# ---- where running text begins --------------------------------------------------------------------------------------

PROSE = "It was late in the year, and the ferry had not come for a week. Nobody asked why it had not. " * 3
FRONT = {
    "nothing before it": ("", PROSE, "en"),
    "a title": ("The Ferry\n\nBy Ann Lee\n\n", PROSE, "en"),
    "a novel's title pages": (
        "THE FERRY\n\nBy\n\nAnn Lee\n\nLondon\n\nTo my dear husband, in this tenth year of our union.\n\nCONTENTS\n\n"
        + "\n\n".join(f"CHAPTER {n}" for n in range(1, 60)) + "\n\nCHAPTER 1\n\n", PROSE, "en"),
    "a contents page with dots": (
        "Contents\n\n" + "\n".join(f"The {n}th part ........ {n}" for n in range(40)) + "\n\n", PROSE, "en"),
    "a list": ("# Notes\n\n" + "".join(f"- item {n}\n" for n in range(50)) + "\n", PROSE, "en"),
    "a Chinese novel's": (
        "《渡口》\n\n李安 著\n\n目录\n\n"
        + "\n\n".join(f"第{n}回 渡口风雨" for n in range(1, 40)) + "\n\n第1回 渡口风雨\n\n",
        "那年秋天，渡船一直没有来，也没有人去问为什么。" * 4, "zh"),
}  # fmt: skip


@pytest.mark.parametrize("case", FRONT)
def test_running_text_begins_behind_what_comes_before_it(case: str) -> None:
    front, prose, language = FRONT[case]
    text = front + "\n\n".join([prose.strip()] * 60)
    assert running_start(text, language) == len(front)


@pytest.mark.parametrize("text", ["", "x", *UNBROKEN.values(), "- a\n- b\n" * 500])
def test_a_text_without_running_text_begins_at_its_beginning(text: str) -> None:
    assert running_start(text, "en") == 0


@pytest.mark.parametrize("name", CORPORA)
def test_packaged_corpora_begin_at_running_text(name: str, fetched_corpus: Callable[[str], Corpus]) -> None:
    """Of the first 2,000 characters of a first haystack hardly any are headings, or of a table of contents."""
    corpus = fetched_corpus(name)
    begun = corpus.text[running_start(corpus.text, corpus.language) :][:2_000]
    assert not re.search(r"CONTENTS|CHAPTER|BOOK|目录", begun)
    assert re.match(r"[\w\"“]", begun)
