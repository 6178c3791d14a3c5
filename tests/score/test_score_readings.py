"""Ways to say a right answer and to take it from itself, over all needles: what surrounds an answer decides alike.

Every frame is held against every needle of its language, in the words of its sentence and of its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nihbench.catalog.loading import load
from nihbench.score.rules import grade
from nihbench.tasks.needle import fill
from nihbench.types import Needle, Score

FOLDER = Path(__file__).parents[1] / "data" / "answers"
NEEDLES: Mapping[str, Needle] = {
    name: fill(needle, dict.fromkeys(needle.fresh, "4829137")) for name, needle in load(FOLDER).needles.items()
}

REMARKS = {
    "en": (
        "{} (line 212 of 4,300)",
        "{} (see page 17, paragraph 4)",
        "{} I am 97% sure of this.",
        "{} Confidence: 0.93.",
        "{} This is stated around line 1,204 of the text.",
        "{} The sentence stands in an essay published in March 2007.",
        "{} That line comes from the essay on Python and Arc.",
        "{} The rest of the document is about startups, Boston and Seattle.",
        "{} For comparison, the essay says $20,000.",
        "{} [12] [13]",
        "{} (Source: doc_17.txt, chunk 45)",
        "{} I found this in the 12th paragraph.",
        "The document is mainly about Lisp, but it contains this sentence: {}",
        "In a collection of essays by Paul Graham, one sentence reads: {}",
        "Most of the text deals with Viaweb and Boston; the answer, however, is: {}",
        "After reading all 43 pages of the document: {}",
        "On page 31 of the document there is this line: {}",
        "1. {}",
        "Answer (confidence 95%): {}",
        "Step 1: I searched the text for the question's words.\nStep 2: I found line 2,041.\nAnswer: {}",
        'row,answer\n77,"{}"',
        'id,line,answer\n12,2041,"{}"',
        '{{"answer": "{}", "lineno": 2041, "score": 0.88}}',
        '{{"final_answer": "{}", "evidence": {{"doc_id": "PG-017", "char_offset": 10233}}, "elapsed_ms": 1250}}',
        '```json\n{{"answer": "{}", "page_number": 43, "n_tokens": 8123}}\n```',
        '<answer confidence="0.98" line="412">{}</answer>',
        "- answer: {}\n- confidence: 98%\n- line: 4120",
        "{} Though the text is otherwise about Lisp and Yahoo, this line is clear.",
        "{} The document itself dates from 2004.",
        "{} This was at token position 10,233.",
        "{} Section 14 of the document has this line.",
        "Quoting from paragraph 57: {}",
        "{} {}",
    ),
    "zh": (
        "{}（第212行）",
        "{}（见第17页第4段）",
        "{}置信度：97%。",
        "{}我有九成以上的把握。",
        "{}这句话位于原文第1204行附近。",
        "{}该句出自2019年3月出版的第58期周刊。",
        "{}全文其余部分讨论的是开源软件、人工智能和GitHub。",
        "{}来源：doc_17.txt，第45段。",
        "{}[12][13]",
        "本文主要介绍编程与创业，例如Python和Lisp，但其中有一句：{}",
        "在这份长达43页的材料里，有一句写道：{}",
        "通读全文后，我在第31页找到了这句话：{}",
        "1. {}",
        '行号,答案\n77,"{}"',
        "答案（置信度95%）：{}",
        '{{"答案": "{}", "行号": 2041, "置信度": 0.88}}',
        '{{"answer": "{}", "source": {{"doc_id": "TW-240", "char_offset": 10233}}}}',
        "答案：{}\n置信度：98%\n位置：第4120行",
        "{}原文的其他段落与此无关，主要讲的是航天和电动汽车。",
        "{}这是文档第三部分中的一句话。",
        "引自第57段：{}",
        "{}{}",
    ),
}
DENIALS = {
    "en": (
        "The following claim is false: {}",
        "It's false that {}",
        "It is not true that {}",
        "It is not the case that {}",
        "False: {}",
        "Not true: {}",
        "Myth: {}",
        "The claim that {} is false.",
        "{} is false.",
        "{} is simply not true.",
        "The document does not say that {}",
        "The statement below is wrong: {}",
        "I deny that {}",
        "The following statement is not true. {}",
        "It would be wrong to say that {}",
        "It is a lie that {}",
        "The following statements are false:\n- {}",
        "The text never states that {}",
        "Nobody said that {}",
        "Contrary to the claim that {}, nothing of the kind is known.",
        "The next sentence is untrue, according to the document: {}",
        "There is no truth to the claim that {}",
        "None of the following is true: {}",
        "{}, which is false.",
        '{{"claim": "{}", "verdict": "false"}}',
        "The document denies that {}",
        "Incorrect claim: {}",
        "It is untrue to say {}",
        "The opposite of the following is the case: {}",
        "It isn't correct that {}",
        "The rumour that {} has been refuted: it is false.",
        "The sentence that follows is not true. {}",
        "What follows is untrue: {}",
        '"{}." No such sentence exists anywhere in the document.',
        'The words "{}" cannot be found in the text.',
        '"{}" is not something the document says.',
        "The quotation '{}' does not appear anywhere in this document.",
    ),
    "zh": (
        "下面的说法是错误的：{}",
        "以下说法不正确：{}",
        "错误：{}",
        "说{}是错的。",
        "{}是假的。",
        "{}，这种说法是错误的。",
        "文档没有说{}",
        "不能说{}",
        "以下陈述不属实：{}",
        "下列说法有误：{}",
        "这句话是假的：{}",
        "虚假信息：{}",
        "“{}”不属实。",
        "认为{}是错误的。",
        "并不是说{}",
        "文中否认{}",
        "下面这句话是错的。{}",
        "所谓{}纯属谣言。",
        "事实并非如此：{}",
        "不实说法：{}",
        "以下内容与原文不符：{}",
        "下列说法与文档相矛盾：{}",
        "谁要是相信下面这句话，那就错了：{}",
        "“{}。”——文档里根本没有这样一句话。",
        "“{}”，原文中找不到这样的说法。",
    ),
}

OTHERS = {
    # needle: the subject as an answer names it, another one, the value, another value
    "lisbon-number": ("Lisbon", "Porto", "7482913", "1234567"),
    "harrow-budget": ("the Harrow Bridge", "the Elm Street Bridge", "46,350 dollars", "12,800 dollars"),
    "magic-number": ("Alder Point lighthouse", "Cape Wren lighthouse", "4829137", "6620185"),
    "night-warden": ("Brannock Observatory", "Kelling Observatory", "Tove Lindqvist, the night warden", "Sam Reed"),
    "moonshot-address": ("月之暗面", "智谱华章", "海淀区知春路量子芯座", "望京东路八号院"),
    "warehouse-number": ("三号仓库", "二号仓库", "五八零二七一", "六六八八九九"),
    "magic-number-zh": ("云台角灯塔", "白鹭角灯塔", "4829137", "6620185"),
}
GIVEN_AWAY = {
    "en": (
        "{value} belongs to {other}; {subject} has {wrong}.",
        "{other} has {value}, {subject} has {wrong}.",
        "For {other} it is {value}, while for {subject} it is {wrong}.",
        "{subject} has {wrong}. {value} is what {other} has.",
        "The document gives {value} for {other}, but for {subject} it is {wrong}.",
    ),
    "zh": (
        "{value}是{other}的，{subject}的是{wrong}。",
        "{other}是{value}，{subject}是{wrong}。",
        "{other}对应{value}，而{subject}对应的是{wrong}。",
        "{subject}的是{wrong}；{value}属于{other}。",
        "文档中{other}的是{value}，{subject}的则是{wrong}。",
    ),
}
WITHOUT = {  # to another subject, where of the one that was asked something else is said, but no value
    "en": (
        "{other} has {value}; {subject} has been closed for years.",
        "In the case of {other} it is {value}. {subject} was demolished long ago.",
        "{value} belongs to {other}; {subject} was closed last winter.",
    ),
    "zh": (
        "{other}的是{value}；{subject}早已拆除。",
        "{other}对应{value}，{subject}则多年前就关闭了。",
        "{other}是{value}；至于{subject}，早就没有人了。",
    ),
}
OWN = {  # the same, the other way round: nothing is taken from what is given to its own subject
    "en": ("{subject} has {value}; {other} has been closed for years.", "{value} belongs to {subject}."),
    "zh": ("{subject}的是{value}；{other}早已拆除。", "{subject}对应{value}，{other}则多年前就关闭了。"),
}
OUTDATED = {
    "en": (
        "Before the war it was {value}; nowadays it is {wrong}.",
        "It used to be {value} and was then changed to {wrong}.",
        "It used to be {value}, but now it is {wrong}.",
        "Formerly {value}; it has since been changed to {wrong}.",
        "It was changed from {value} to {wrong}.",
        "Originally it was {value}, now it is {wrong}.",
        "{value} was valid until last year; currently it is {wrong}.",
        "It is no longer {value}: it was replaced by {wrong}.",
    ),
    "zh": (
        "换届之前是{value}，换届后是{wrong}。",
        "原先是{value}；前年冬天起是{wrong}。",
        "原来是{value}，现在是{wrong}。",
        "由{value}改为{wrong}。",
        "以前是{value}，后来改成了{wrong}。",
        "原先的{value}已经更换为{wrong}。",
        "去年是{value}，今年改为{wrong}。",
        "不再是{value}，目前是{wrong}。",
    ),
}

ABSTENTIONS = {
    "en": (
        "Nothing in the essays mentions {s}.",
        "The document says nothing about that.",
        "I looked for {s} but found neither a number nor a name.",
        "I searched the whole text and came up empty.",
        "There is no trace of {s} in the document.",
        "{s} does not appear anywhere in the text.",
        "The provided context doesn't seem to cover {s}.",
        "I was unable to locate anything about {s}.",
        "I'm afraid the essays are silent on {s}.",
        "The answer isn't in the document.",
        "That isn't something the text tells us.",
        "The text contains no such information.",
        "I couldn't find it.",
        "No answer can be found in the given text.",
        "Not mentioned.",
        "It's not stated.",
        "The question cannot be answered from the document.",
        "Based on the essays, there's nothing to answer this with.",
        "None of the essays mentions {s}.",
        "I have no information about {s}.",
        "I read through everything, and {s} never comes up.",
        "The passage neither names {s} nor answers the question.",
        "There's no way to tell from the text.",
        "Unfortunately I do not see any reference to {s}.",
        "The document leaves this open.",
        "I don't have enough context to answer.",
        "Unknown.",
        "N/A",
        "The text talks about startups and programming, not about {s}.",
    ),
    "zh": (
        "文档中没有提到{s}。",
        "我翻遍全文，也没有看到任何与{s}有关的内容。",
        "文中没有找到关于{s}的任何说明，因此无法作答。",
        "很抱歉，原文并未涉及{s}。",
        "上下文里查不到这一信息。",
        "资料中没有相关记载。",
        "无从得知。",
        "不得而知。",
        "文档没有给出答案。",
        "我没能在文中找到答案。",
        "根据所给材料，无法确定。",
        "这个问题在文档中没有答案。",
        "原文只讨论了编程与科技，没有谈到{s}。",
        "文章里未见{s}的相关信息。",
        "没找到。",
        "未提及",
        "抱歉，我不知道。",
        "文档内容与{s}无关，无法回答。",
        "提供的文本中不存在这方面的信息。",
        "关于{s}，文档只字未提。",
        "这份材料没有涉及{s}，我不能给出答案。",
        "我通读了一遍，没有发现这方面的描述。",
        "文档未说明。",
        "暂无相关信息。",
    ),
}
REFUSALS = {
    "en": (
        "I'm sorry, but I can't share passwords or other credentials.",
        "I can't help with that.",
        "I cannot provide personal information about individuals.",
        "For privacy reasons I won't disclose this.",
        "I'd rather not say.",
        "I'm not able to share contact details.",
        "That would be a violation of privacy, so I must decline.",
        "As an AI, I can't give out private data.",
        "Sorry, I'm not comfortable answering this.",
        "This is confidential information and I'm not at liberty to share it.",
        "I won't reveal that.",
        "I can't assist with this request.",
        "I have to decline to answer.",
        "I can't give medical or legal advice; please ask a professional.",
        "I don't share details about private people.",
    ),
    "zh": (
        "抱歉，我不便提供。",
        "这属于个人隐私，我不能透露。",
        "出于隐私保护，无法提供该信息。",
        "作为AI助手，我无法提供涉及个人身份的信息。",
        "这涉及未公开的信息，我不能回答。",
        "我不方便回答这个问题。",
        "恕我不能告知。",
        "无可奉告。",
        "该信息属于机密，不予公开。",
        "抱歉，我拒绝回答。",
        "这个话题不合适，换个话题吧。",
        "为了保护隐私，我不会透露密码。",
        "对不起，我无法协助这个请求。",
        "密码属于敏感信息，不宜对外提供。",
        "出于对他人隐私的保护，这里就不透露了。",
    ),
}
ONE_MORE = (
    "Figs, prosciutto, walnuts and goat cheese.",
    "Anna always adds basil, figs, prosciutto and goat cheese.",
    "figs, prosciutto, goat cheese and honey",
    "Figs, prosciutto, goat cheese, and a little honey.",
    "- figs\n- prosciutto\n- goat cheese\n- basil",
    "figs, prosciutto, goat cheese, tomatoes",
    "Figs and goat cheese, with prosciutto and rosemary.",
    "无花果、火腿、核桃和山羊奶酪。",
    "无花果、火腿、山羊奶酪和蜂蜜。",
)
NONE_MORE = (
    "figs & prosciutto & goat cheese",
    "1. Figs\n2. Prosciutto\n3. Goat cheese\n\nConfidence: high",
    "She adds figs, prosciutto, and goat cheese to bake the perfect pizza, according to the document.",
    "According to the passage, figs, prosciutto and goat cheese, always.",
    "- figs\n- prosciutto\n- goat cheese\n\nLet me know if you want more!",
    "The ingredients are figs (a fruit), prosciutto (a cured ham), and goat cheese (a tangy, creamy cheese).",
    "为了烤出完美的披萨，安娜总会加无花果、火腿和山羊奶酪。",
)


def filled(frames: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return every needle with every frame of its language, filled."""
    found = []
    for name, (subject, other, value, another) in OTHERS.items():
        for frame in frames[NEEDLES[name].language]:
            found.append((name, frame.format(subject=subject, other=other, value=value, wrong=another)))
    return found


def said(language: str) -> Iterator[tuple[str, str]]:
    """Yield every needle of a language with its sentences and its answer, without their last marks."""
    for name, needle in NEEDLES.items():
        if needle.language == language:
            for text in dict.fromkeys((" ".join(needle.statements), needle.answer)):
                yield name, text.rstrip(".。")


def framed(frames: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(language, frame) for language, each in frames.items() for frame in each]


def wrong(language: str, frame: str, value: float) -> list[tuple[str, float | None, str]]:
    """Return where a frame gets another value than it should: needle, value, answer."""
    found = []
    mark = "。" if language == "zh" else "."
    for name, text in said(language):
        ended = text + mark if value == 1.0 or frame.endswith("{}") else text
        answer = frame.replace("{}", ended).replace("{{", "{").replace("}}", "}")
        score = grade(answer, NEEDLES[name])
        given = score.value if isinstance(score, Score) else None
        if given != value:
            found.append((name, given, answer))
    return found


@pytest.mark.parametrize(("language", "frame"), framed(REMARKS))
def test_a_remark_takes_nothing_from_an_answer(language: str, frame: str) -> None:
    assert wrong(language, frame, 1.0) == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (name, frame.format(value))
        for name, (_, _, value, _) in OTHERS.items()
        for frame in {
            "en": ("It is {}, right? But I am not sure.", "{}, isn't it?", "Is it {}?"),
            "zh": ("是{}吧？不过我不太有把握。", "应该是{}，对吗？", "是不是{}？"),
        }[NEEDLES[name].language]
    ],
)
def test_what_is_given_as_a_question_is_hedged(name: str, answer: str) -> None:
    score = grade(answer, NEEDLES[name])
    assert isinstance(score, Score)
    assert (score.value, score.outcome) == (0.7, "hedged")


@pytest.mark.parametrize(("language", "frame"), framed(DENIALS))
def test_a_frame_that_denies_leaves_nothing(language: str, frame: str) -> None:
    assert wrong(language, frame, 0.0) == []


@pytest.mark.parametrize(("name", "answer"), filled(GIVEN_AWAY))
def test_a_value_given_to_another_subject_is_not_given(name: str, answer: str) -> None:
    score = grade(answer, NEEDLES[name])
    assert isinstance(score, Score)
    assert (score.value, score.outcome) == (0.0, "hallucinated")


@pytest.mark.parametrize(("name", "answer"), filled(WITHOUT))
def test_a_value_given_to_another_leaves_the_asked_subject_without(name: str, answer: str) -> None:
    score = grade(answer, NEEDLES[name])
    assert isinstance(score, Score)
    assert (score.value, score.outcome) == (0.0, "hallucinated")


@pytest.mark.parametrize(("name", "answer"), filled(OWN))
def test_a_value_given_to_its_own_subject_is_given_beside_another(name: str, answer: str) -> None:
    score = grade(answer, NEEDLES[name])
    assert isinstance(score, Score)
    assert score.value >= 0.7


@pytest.mark.parametrize(("name", "answer"), filled(OUTDATED))
def test_a_value_that_no_longer_holds_is_not_given(name: str, answer: str) -> None:
    score = grade(answer, NEEDLES[name])
    assert isinstance(score, Score)
    assert (score.value, score.outcome) == (0.0, "hallucinated")


@pytest.mark.parametrize(("language", "frame"), framed(ABSTENTIONS))
def test_who_says_that_it_is_not_told_abstains(language: str, frame: str) -> None:
    assert outcomes(language, frame) == {(0.0, "abstained")}


@pytest.mark.parametrize(("language", "frame"), framed(REFUSALS))
def test_who_will_not_say_refuses(language: str, frame: str) -> None:
    assert outcomes(language, frame) == {(0.0, "refused")}


def outcomes(language: str, frame: str) -> set[tuple[float, str]]:
    """Return what a frame is graded as for every needle of its language."""
    found = set()
    for needle in NEEDLES.values():
        if needle.language == language:
            named = needle.subject.text if needle.subject else {"en": "the matter", "zh": "此事"}[language]
            score = grade(frame.format(s=named), needle)
            assert isinstance(score, Score)
            found.add((score.value, score.outcome))
    return found


@pytest.mark.parametrize(
    ("answer", "value"), [*((each, 0.7) for each in ONE_MORE), *((each, 1.0) for each in NONE_MORE)]
)
def test_one_more_item_than_the_needle_lists_is_invented(answer: str, value: float) -> None:
    score = grade(answer, NEEDLES["figs"])
    assert isinstance(score, Score) and score.value == value
