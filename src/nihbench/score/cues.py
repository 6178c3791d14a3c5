"""The turns of phrase that decide a class, in English and Chinese, as data; and how they are found.

Patterns are matched against folded text (lower case, no quotes or Markdown, simplified characters). Every
repetition is bounded, so that matching takes time linear in the text. What a cue means for a grade is said in
`rules`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

CueKind = Literal[
    "abstain", "refuse", "hedge", "vague", "retract", "override", "outside", "grader", "clarify", "either"
]  # fmt: skip

_SAY = (
    r"(?:mention|provide|contain|state|specify|specif|say|discuss|describe|address|include|give|offer|indicate|"
    r"reference|list|reveal|cover|identif|answer|determine|tell|explicitly|definitively|clearly|directly|refer|name)"
)

PATTERNS: dict[CueKind, tuple[str, ...]] = {
    "abstain": (
        rf"(?<!\bi )\b(?:do|does|did|has|have)(?:n't| not)\b(?: \w{{1,20}}){{0,3}}? {_SAY}",
        r"\b(?:is|was|are|were)(?:n't| not)(?: \w{1,20}){0,2}? (?:mentioned|stated|specified|provided|given|found|"
        r"available|included|discussed|answered|listed|in (?:the|this|your) (?:document|text|context|passage))",
        r"\bnot (?:\w{1,20} ){0,2}?(?:mentioned|stated|specified|provided|given|found|available|answerable|"
        r"named|known)\b",
        r"\bno \w{1,20} (?:is|was|are|were) (?:mentioned|stated|specified|provided|given|found|named|listed)\b",
        r"\bno (?:\w{1,20} ){0,3}?(?:information|mention|answer|reference|details?|indication|record|data|way to)\b",
        r"\b(?:cannot|can't|can not|unable to|could not|couldn't|not able to|not possible to)(?: \w{1,20}){0,3}? "
        r"(?:answer|determine|find|say|tell|state|identify|locate|confirm|know|conclude|infer|provide|give|see)\b",
        r"\b(?:do not|don't|did not|didn't) (?:know|see|find|have (?:any|enough|the|that|sufficient|access))\b",
        r"\bn/a\b|\bunanswerable\b|\binsufficient (?:information|context)\b|\bno idea\b|\bno clear answer\b",
        r"\b(?:fails to|lacks?) (?:\w{1,20} ){0,3}?(?:information|mention|state|answer|details?|provide)\b",
        r"^\W{0,5}(?:unknown|none|nothing|not sure|unclear|null|nil)\W{0,5}$",
        r"没有?(?:任何|明确|直接|具体|找到|看到|发现|给出|提供|包含|涉及|关于|[^\n,。;]{0,30}?)?"
        r"(?:提到|提及|提供|说明|找到|看到|发现|涉及|讨论|给出|包含|记载|写明|指出|描述|介绍|告诉|答案|信息|内容|记录)",
        r"(?:并未|未能?|从未)(?:曾|有|明确|直接|具体|能)?"
        r"(?:提到|提及|提供|说明|找到|发现|涉及|讨论|给出|包含|记载|写明|指出|描述|知)",
        r"(?:无法|不能|难以|没办法|没法)(?:从[^\n,。;]{0,12})?"
        r"(?:直接|准确|明确|据此|给出|为您|[^\n,。;]{0,6}?)?(?:回答|确定|得知|判断|找到|给出|得出|知道|确认|作答|获知)",
        r"找不到|查不到|不知道|不清楚|不详|无(?:任何)?(?:相关|此|该|有关)?(?:信息|答案|记载|内容|资料)|不存在相关",
    ),
    "refuse": (
        r"\b(?:can't|cannot|can not|won't|will not|unable to|not able to)(?: \w{1,20}){0,2}? "
        r"(?:help|assist|comply|fulfil|fulfill|share|disclose|discuss|engage|support)\b",
        r"\bagainst (?:my|our|the) (?:\w{1,20} )?(?:policy|policies|guidelines|rules)|"
        r"\bviolat\w{1,5} (?:\w{1,20} )?polic",
        r"\b(?:must|have to) (?:decline|refuse)\b|\bi (?:decline|refuse) to\b|\bnot comfortable\b",
        r"\b(?:sensitive|harmful|inappropriate) (?:content|information|topic|request|question)",
        r"敏感|(?:无法|不能|不便|不会)(?:为您|为你|向您|给您)?(?:提供)?(?:任何|相关|这方面的?|此类)?(?:帮助|"
        r"协助|服务|透露|讨论)",
        r"无法(?:满足|处理|协助)|违反.{0,10}(?:政策|规定|准则|法律)|拒绝(?:回答|提供)|恕(?:我)?不|不方便(?:回答|"
        r"透露|提供)",
    ),
    "hedge": (
        r"\bout of (?:place|context)\b|\b(?:isn't|is not|not|un)(?: \w{1,20}){0,2}? ?supported by\b|"
        r"\bunrelated to the rest\b",
        r"\b(?:seems?|appears?|looks?)(?: \w{1,20}){0,4}? (?:inserted|random|erroneous|hypothetical|irrelevant|"
        r"insertion|"
        r"mistake|joke|error|misplaced|unrelated|planted)\b",
        r"\b(?:hypothetical|misplaced|planted|erroneous|stray) (?:\w{1,20} )?(?:sentence|statement|quote|"
        r"example|line|note)",
        r"\b(?:just|only|merely|simply)(?: \w{1,20}){0,4}? (?:opinion|example|hypothetical|suggestion)\b",
        r"\bpersonal opinion\b|\bis (?:[\w']{1,20} ){0,3}?(?:opinion|view)\b|\bnot (?:really |actually |"
        r"exactly )?an? (?:answer|address|fact|activity|place|"
        r"recommendation)\b",
        r"\b(?:it|this|answer|number|code|address) (?:might|may|could) be\b|\b(?:perhaps|possibly|maybe|probably)\b",
        r"\bnot (?:\w{1,20} )?(?:sure|certain|confident)\b|\bif i had to guess\b|\bmy guess\b|\btake (?:it|"
        r"this) with\b",
        r"与(?:上下文|前后文|其余|其他)[^\n,。]{0,6}(?:无关|不符|不相关)|格格不入|误插|插入的|突兀|不合语境|"
        r"个人(?:观点|感受|意见|看法)",
        r"不能(?:作为|算|视为|当作)|不(?:算是?|构成)|(?:并不|不)是(?:一个)?(?:完整的?|具体的?|真正的?|客观的?)?"
        r"(?:地址|答案|活动|事实|建议)|严格来说|如果(?:把|将)",
        r"可能是|也许|或许|大概|好像|似乎|疑似|猜测|不(?:太)?确定|不敢(?:肯定|确定)|仅供参考",
    ),
    "vague": (
        r"\bsometimes\b|\boccasionally\b|\bdepending on\b|\bor something\b|\bor so\b|\bapproximately\b|\broughly\b",
        r"有时|偶尔|视[^\n,。]{1,8}而定|大约|左右|之类",
    ),
    "retract": (
        r"\bscratch that\b|\bstrike that\b|\bon second thoughts?\b|\bi take (?:that|it) back\b|\bi retract\b|"
        r"\bdisregard\b",
        r"\bactually,? (?:no|wait|i)\b|\bno,? wait\b|\bwait\b(?: ?[,.—-]|,? (?:no|actually))|\bcorrection ?:",
        r"\bi (?:was wrong|made (?:a|an) (?:mistake|error)|misread|misspoke)|\blet me correct\b|"
        r"\bsorry,? (?:i meant|that's wrong)",
        r"\bignore (?:that|my (?:previous|last|first|earlier))\b|\bthat(?:'s| is| was) (?:wrong|incorrect|"
        r"not right|not it)\b",
        r"\b(?:line|sentence|statement|it|that|this|quote) (?:isn't|is not|wasn't|was not) (?:actually |"
        r"really )?in (?:the|your) ",
        r"\b(?:never|doesn't|does not|didn't) (?:actually )?(?:makes?|says?|states?) (?:such|so\b|any such|"
        r"anything of)",
        r"不对[,.。!]|收回|等一下|等等[,.。!]|等等,|更正|我(?:刚才)?(?:说|弄|搞|看|记)错|刚才(?:说|弄|搞|看|记|"
        r"的回答)[^\n,。]{0,4}错",
        r"(?:请)?(?:忽略|无视)(?:我|上面|刚才|前面|之前)|作废|重新看(?:一下|了)|以上(?:回答|答案)(?:有误|不对|错误)",
    ),
    "override": (
        r"\b(?:but|however|although|though|that said|caveat|actually|still|nevertheless|nonetheless|wait|"
        r"on (?:a )?closer)\b",
        r"不过|但|等一下|等等|然而|可是|倒是|仔细|又看",
    ),
    "outside": (
        r"\b(?:generally|commonly|popular|famous|well[- ]known|my (?:own )?knowledge|outside the (?:document|"
        r"text)|typically)\b",
        r"\bmany (?:people|visitors|tourists)\b|\bi(?:'d| would) (?:recommend|suggest)\b",
        r"众所周知|一般来说|通常|据我所知|常识|普遍认为|大家都知道|著名的?|我(?:推荐|建议)",
    ),
    "grader": (
        r"\b(?:grader|grading|rubric|full marks|full score|\d{1,3} ?/ ?(?:10|100)\b)|\bscore ?(?:=|of|:|is)|"
        r"\bassign (?:it|this)",
        r"打(?:\d{1,3}|十|满|一百)分|满分|评分|给(?:本|这个|该)?(?:回答|答案)[^\n,。]{0,4}(?:打|评)",
    ),
    "clarify": (
        r"\b(?:could|can|would) you (?:please )?(?:clarify|specify|tell me|provide|share|confirm)\b|"
        r"\bwhich \w{1,20} do you mean\b",
        r"\bdo you mean\b|\bplease (?:clarify|specify|provide (?:the|more))",
        r"请问您?(?:说|指|需要|想|要)|您(?:说|指)的是|请(?:先)?(?:提供|说明|明确|补充|告诉)",
    ),
    "either": (
        r"\beither\b|\bor (?:maybe|perhaps|possibly|alternatively)\b|\bor it (?:could|may|might) be\b",
        r"或者是?|要么|也(?:有)?可能(?:是)?|抑或",
    ),
}  # fmt: skip

_COMPILED = {kind: re.compile("|".join(patterns)) for kind, patterns in PATTERNS.items()}

# After a complete answer, "offers no other suggestion" and "I used nothing from outside" take nothing back.
_ABOUT_OTHERS = re.compile(
    r"\b(?:other|else|another|further|additional|outside|beyond|extra|more)\b|其他|其它|别的|另外|更多|额外|以外"
)
_OTHERS_REACH = 40


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue's kind and its span in the folded text."""

    kind: CueKind
    start: int
    end: int


def find(kind: CueKind, text: str, start: int = 0) -> list[Cue]:
    """Return the cues of one kind in the folded `text` from `start` on."""
    return [Cue(kind, m.start(), m.end()) for m in _COMPILED[kind].finditer(text, start)]


def is_about_others(cue: Cue, text: str) -> bool:
    """Whether an abstaining cue speaks of *other* information only, not of the answer."""
    stop = re.compile(r"[.!?。;\n]").search(text, cue.end, cue.end + _OTHERS_REACH)
    return _ABOUT_OTHERS.search(text, cue.start, stop.start() if stop else cue.end + _OTHERS_REACH) is not None


# ---- negation --------------------------------------------------------------------------------------------------

_NEGATOR = re.compile(
    r"\b(?:not|never|nor|neither|without|cannot)\b(?! (?:only|just|merely|to mention))|n't\b(?! (?:only|just))"
    r"|\b(?:instead of|rather than|anything but|except)\b|\bno(?= )(?! (?:doubt|other|better|question|one))"
    r"|(?<!是)(?:并非|从未|没有?|未|而非|别(?=[去在吃喝坐])|不(?![仅过但错妨得然可久少断]))"
)
_NEGATION_ENDS = re.compile(
    r"[.!?。](?=\s|$|[\u3400-\u9fff])|[;:\n—]|\b(?:but|instead(?! of)|however|rather(?! than)|only|better|"
    r"beats?|actually)\b"
    r"|, ?(?:it|it's|you|they|we|he|she|i|the|this|that|there|according|just|as|so|eat|sit|go)\b"
    r"|(?<=[\u3400-\u9fff]),|,(?=[\u3400-\u9fff])|而是|但|不过|只有"
)
_DENIED_AFTER = re.compile(
    r"[^.,;:!?\n。]{0,30}?(?:\b(?:is|are|was|were)(?:n't| not| never) (?:the|it|correct|right|added|used|true|"
    r"where|what|a part|"
    r"part)\b|\b(?:is|are) (?:wrong|incorrect|false)\b|(?:不是|并非)(?:正确的?)?(?:答案|密码|地点)|是(?:错|不对)的?)"
)
_REACH = 90


def negated(text: str, start: int, end: int) -> bool:
    """Whether what stands at text[start:end] is negated by a word near it in its own clause."""
    before = text[max(0, start - _REACH) : start]
    negators = [m.end() for m in _NEGATOR.finditer(before)]
    if negators and not _NEGATION_ENDS.search(before, negators[-1]):
        return True
    return _DENIED_AFTER.match(text, end) is not None
