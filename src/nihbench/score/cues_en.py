"""English turns of phrase that decide a class: for every kind, the words one of which must stand there, and a pattern.

The words are a sieve only: a pattern is tried where one of its words is in the text. Patterns are matched against
folded text (lower case, straight quotes only inside words), and every repetition in them is bounded.
"""

from __future__ import annotations

_SAY = (
    r"(?:mention|provide|contain|state|specify|specif|say|discuss|describe|address|include|give|offer|indicate|"
    r"reference|list|reveal|cover|identif|answer|determine|tell|explicitly|definitively|clearly|directly|refer|name|"
    r"define|record|touch on)"
)
_SAID = (
    r"(?:mentioned|stated|specified|provided|given|found|available|included|discussed|answered|listed|recorded|named|"
    r"revealed|disclosed|defined|indicated|covered|addressed|described|present|answerable|known|clear from|"
    r"in (?:the|this|your|my) (?:document|text|context|passage|haystack|essays?|article))"
)
_SOURCE = r"(?:document|text|context|passage|article|essays?|source|haystack|material|provided)"
_FIND = (
    r"(?:answer|determine|find|say|tell|state|identify|locate|confirm|know|conclude|infer|provide|give|see|verify|"
    r"establish|extract|work out|respond|make out)"
)

PATTERNS: dict[str, tuple[tuple[str, str], ...]] = {
    "abstain": (
        ("n't| not", rf"(?<!\bi )\b(?:do|does|did|has|have)(?:n't| not)\b(?: \w{{1,20}}){{0,3}}? {_SAY}"),
        ("n't| not", rf"\b(?:is|was|are|were)(?:n't| not)(?: \w{{1,20}}){{0,2}}? {_SAID}\b"),
        ("not ", rf"\bnot (?:\w{{1,20}} ){{0,2}}?{_SAID}\b"),
        ("never ", rf"\bnever (?:\w{{1,20}} ){{0,2}}?(?:{_SAY[3:-1]}|{_SAID[3:-1]}|comes? up)"),
        ("no ", r"\bno (?:\w{1,20} ){1,3}?(?:is|was|are|were) (?:\w{1,20} )?(?:mentioned|stated|specified|"
         r"provided|given|"
                r"found|named|listed|recorded|available)\b"),
        ("no ", r"\bno (?:\w{1,20} ){0,3}?(?:information|mention|answer|reference|details?|indication|record|data|way "
                r"to|evidence|statement|passage)\b"),
        (" no", rf"\b(?:{_SOURCE}|it|this|that|they)(?: (?:also|itself|simply|really))? (?:mention|contain|give|"
                r"provide|include|state|specif(?:y|ie)|list|offer|hold|record|reveal)s? no\b"
                r"(?! (?:doubt|other|more|further|less)\b)"),
        ("no ", rf"\b(?:there(?: is|'s| are| was| were)|i (?:see|find|found|saw)) no (?:[\w'-]{{1,20}} ){{1,8}}?"
                rf"(?:in|within|anywhere in) (?:the|this|that|your|my)(?: \w{{1,20}})? ?{_SOURCE}\b"),
        ("no such", r"\bno such (?:number|thing|sentence|statement|information|address|code|line|fact)\b"),
        ("annot|can't|can not|unable|could|not able|n't able|not possible|impossible|failed to|fail to",
         rf"\b(?:cannot|can't|can not|unable to|could not|couldn't|not able to|n't able to|not possible to|"
         rf"impossible to|"
         rf"failed to|fail to)(?: \w{{1,20}}){{0,3}}? {_FIND}\b"),
        ("n't able", rf"n't able to(?: \w{{1,20}}){{0,2}}? {_FIND}\b"),
        ("not|n't", r"\b(?:do not|don't|did not|didn't) (?:know|see|find|have (?:any|enough|the|that|sufficient|"
         r"access))\b"),
        ("n/a|unanswerable|insufficient|not enough|no idea|no clear|nowhere|silent",
         r"\bn/a\b|\bunanswerable\b|\b(?:insufficient|not enough) (?:information|context|details?)\b|\bno idea\b|"
         r"\bno clear answer\b|\bnowhere (?:in|does|is|to be)\b|\bsilent (?:on|about)\b"),
        ("nothing", rf"\b(?:there(?:'s| is| was)|contains?|found|says?|see|has) nothing (?:\w{{1,20}} ){{0,4}}?"
                    rf"(?:about|on|regarding|that|related|concerning|in the {_SOURCE})"),
        ("none of", rf"\bnone of (?:\w{{1,20}} ){{1,4}}?(?:mention|{_SAY[3:-1]})"),
        ("fails|lack|omit|without", r"\b(?:fails to|lacks?|omits?) (?:\w{1,20} ){0,3}?(?:information|mention|state|"
                                     r"answer|details?|provide|any)\b|\bwithout (?:mentioning|specifying|saying)\b"),
        ("unknown|none|nothing|not sure|unclear|null|nil|unspecified|not found|absent|undisclosed",
         r"^\W{0,5}(?:unknown|none|nothing|not sure|unclear|null|nil|unspecified|not found|absent|"
         r"undisclosed)\W{0,5}$"),
        ("n't|not ", r"\b(?:do|does|did)(?:n't| not) (?:\w{1,20} )?(?:have|hold|carry|"
         r"supply) (?:\w{1,20} ){0,3}?(?:information|"
                     r"answers?|details?|data|mention|anything)\b"),
        ("unclear|unspecified|undisclosed|unstated", r"\b(?:is|remains|left|was) (?:unclear|unspecified|"
         r"undisclosed|unstated)\b"),
    ),
    "refuse": (
        ("annot|can't|can not|won't|will not|unable|not able",
         r"\b(?:can't|cannot|can not|won't|will not|unable to|not able to)(?: \w{1,20}){0,2}? "
         r"(?:help|assist|comply|fulfil|fulfill|share|disclose|discuss|engage|support|divulge|reveal|continue|"
         r"participate)\b"),
        ("as a", r"\bas an? (?:\w{1,20} ){0,2}?(?:ai|model|assistant)\b[^.!?\n]{0,30}?"
                 r"(?:\bcannot|\bcan't|\bunable to|n't able to|\bnot able to|\bwon't|\bwill not)"
                 r"(?: \w{1,20})? (?:provide|give|share|help|assist|comply|disclose)\b"),
        ("against", r"\bagainst (?:my|our|the) (?:[\w-]{1,20} )?(?:policy|policies|guidelines|rules|principles)"),
        ("violat", r"\bviolat\w{1,5} (?:[\w']{1,20} ){0,2}?(?:polic|guideline|privacy|terms)"),
        ("declin|refus|comfortable", r"\b(?:must|have to|need to) (?:\w{1,20} )?(?:decline|refuse)\b|"
                                     r"\bi(?:'ll)? (?:\w{1,20} )?(?:decline|refuse) to\b|\bnot comfortable\b"),
        ("sensitive|harmful|inappropriate|confidential|for security|for privacy|for safety",
         r"\b(?:sensitive|harmful|inappropriate|confidential) (?:content|information|topic|request|question|data|"
         r"details?|numbers?)|\bfor (?:security|privacy|safety) reasons\b"),
    ),
    "hedge": (
        ("out of|supported|unrelated|nothing to do",
         r"\bout of (?:place|context)\b|\b(?:isn't|is not|not|un)(?: \w{1,20}){0,2}? ?supported by\b|"
         r"\bunrelated to (?:the (?:rest|surrounding|main|other|document|text|topic)|everything)\b|"
         r"\bnothing to do with the (?:rest|surrounding|other|document|text|essay|topic)"),
        ("seem|appear|look|be |suspect", r"\b(?:seems?|appears?|looks?|be|suspect \w{1,10} is|"
         r"suspect)(?: \w{1,20}){0,4}? (?:inserted|random|"
                             r"randomly|erroneous|hypothetical|irrelevant|insertion|mistake|joke|error|misplaced|"
                             r"unrelated|planted|fictional|fictitious|unreliable|stray)\b"),
        ("hypothetical|misplaced|planted|erroneous|stray|random|irrelevant|odd|inserted",
         r"\b(?:hypothetical|misplaced|planted|erroneous|stray|random|irrelevant|odd|"
         r"inserted) (?:\w{1,20} )?(?:sentence|"
         r"statement|quote|example|line|note|remark|comment|insertion)"),
        ("just|only|merely|simply|more of",
         r"\b(?:just|only|merely|simply|more of)(?: \w{1,20}){0,4}? (?:opinion|example|hypothetical|suggestion|"
         r"joke)\b"),
        ("opinion|view|taste|not |subjective", r"\bpersonal opinion\b|"
         r"(?:\b(?:is|being|are)|'s) (?:\w{1,20} )?subjective\b|"
         r"\bis (?:[\w']{1,20} ){0,3}?(?:opinion|view)\b|\bmatter of "
                              r"(?:opinion|taste)\b|\bnot (?:really |actually |exactly |strictly |quite )?(?:an?|the) "
                              r"(?:\w{1,20} )?(?:answer|address|fact|activity|place|recommendation)\b"),
        ("reliab|trust|accura|rely|relied", r"\b(?:may|might|should|would|could)(?: not|"
         r"n't) (?:\w{1,20} ){0,2}?(?:reliabl|trust|"
                         r"accura|rel(?:y|ied) on)|\bnot (?:\w{1,20} ){0,2}?(?:reliable|trustworthy)\b"),
        ("treat|take|count|regard|consider", r"\b(?:would not|wouldn't|cannot|can't|should not|shouldn't|"
         r"hesitate to|don't) (?:\w{1,20} )?"
                             r"(?:treat|take|count|regard|consider) (?:it|this|that|the)\b"),
        ("might|may |could", r"\b(?:it|this|that|answer|number|code|address|amount|budget|thing(?: to do)?|"
         r"which|figure)"
                             r" (?:might|may|could)(?: well)? (?:be|have been)\b"),
        ("perhaps|possibly|maybe|probably|presumably|likely|apparently",
         r"\b(?:perhaps|possibly|maybe|probably|presumably)\b|\b(?:most |very |quite )?likely (?:to be|is|the)\b|"
         r"\bis (?:most |very |quite )?likely\b"),
        ("sure|certain|confiden|verify|vouch", r"\b(?:not|n't) (?:\w{1,20} ){0,2}?(?:sure|certain|confident)\b|"
         r"\b(?:can't|cannot|could"
                                  r"n't|could not) (?:\w{1,20} )?(?:verify|vouch|be (?:sure|certain))\b|"
                                  r"\b(?:can't|cannot) say for (?:certain|sure)"),
        ("guess|take ", r"\bif i had to guess\b|\bmy (?:\w{1,20} )?guess\b|\bi(?:'d| would)? guess\b|"
                        r"\btake (?:it|this|that) with\b"),
        ("ambiguous", r"\b(?:is|was|seems|though|but)(?: \w{1,20}){0,3}? ambiguous\b"),
    ),
    "vague": (
        ("sometimes|occasionally|depending on|or something|or so|approximately|roughly|around|about ",
         r"\bsometimes\b|\boccasionally\b|\bdepending on\b|\bor something\b|\bor so\b|\bapproximately\b|\broughly\b|"
         r"\b(?:around|about) (?=\d)"),
    ),
    "retract": (
        ("?", r"\? no\b(?=[,.;!])"),
        ("scratch|strike|second thought|take that|take it|take this|retract|disregard|on reflection|withdraw|"
         "never mind|nevermind",
         r"\bscratch that\b|\bstrike that\b|\b(?:on|having) second thoughts?\b|\bi take (?:that|it|this) back\b|"
         r"\bi (?:must |have to |need to )?(?:retract|withdraw)\b|\bdisregard\b|\bon reflection\b|\bnever ?mind\b"),
        ("actually|no|wait|correction", r"\bactually,? (?:no|wait|i)\b|\bno,? wait\b|\bwait\b(?: ?[,.—-]|,? (?:no|"
                                        r"actually))|\bcorrection ?:"),
        ("wrong|mistake|error|misread|misspoke|confused|mixed |made that|made it|made this|invented|correct|"
         "sorry|incorrect",
         r"\bi (?:was wrong|made (?:a|an) (?:mistake|error)|misread|misspoke|got (?:that|it|this) wrong|was mistaken|"
         r"made (?:that|it|this) up|invented (?:that|it|this)|"
         r"mixed (?:that|it|this) up|confused)|\blet me correct\b|\b(?:my )?(?:previous|earlier|first|"
         r"above) answer (?:is|was) "
         r"(?:wrong|incorrect)|\bsorry,? (?:i meant|that's wrong)"),
        ("ignore|forget", r"\b(?:ignore|forget) (?:that|this|it|what i|my (?:previous|last|first|earlier|answer)|the "
                   r"above)\b"),
        ("that|this|the above|figure|answer|number", r"\b(?:that(?: \w{1,20})?|this|the above|the (?:figure|"
         r"answer|number))(?:'s| is| was) "
                 r"(?:wrong|incorrect|not right|not it|a mistake|an error)\b"),
        ("n't|not ", r"\b(?:line|sentence|statement|it|that|this|quote|phrase|number|figure) (?:isn't|is not|"
         r"wasn't|was "
                     r"not|doesn't appear|does not appear) (?:actually |really )?(?:in (?:the|your)|stated|mentioned|"
                     r"there|anywhere)\b"),
        ("never|n't|not", r"\b(?:never|doesn't|does not|didn't) (?:actually )?(?:makes?|says?|states?) (?:such|"
         r"so\b|any "
                          r"such|anything of|(?:that|this)\b(?=\W{0,3}(?:$|[.,;!?\n]|at all|anywhere)))"),
    ),
    "override": (
        ("at first|initially|read|again|second look",
         r"\b(?:at first|initially|re-?read\w{0,3}|looking again|second look)\b"),
        ("but|however|though|said|caveat|actually|still|nevertheless|nonetheless|wait|regardless|anyway|on a|"
         "on closer|based|going by|as for",
         r"\b(?:but|however|although|though|that said|caveat|actually|still|nevertheless|nonetheless|wait|regardless|"
         r"anyway|on (?:a )?closer|based on|going by|as for)\b"),
    ),
    "outside": (
        ("general|common|popular|famous|known|knowledge|outside|typical|traditional|usual|often",
         r"\b(?:generally|commonly|popular|famous|well[- ]known|my (?:own )?(?:general )?knowledge|general knowledge|"
         r"outside (?:the|of the) (?:document|text)|typically|traditionally|usually|often)\b"),
        ("many|recommend|suggest", r"\bmany (?:people|visitors|tourists|locals)\b|\bi(?:'d| would) (?:recommend|"
         r"suggest)\b"),
    ),
    "grader": (
        ("grad|rubric|evaluator|full marks|full score|full credit|top marks|/|out of 10",
         r"\b(?:grader|grading|graders|rubric|full marks|full score|full credit|top marks|evaluator|"
         r"\d{1,3} ?/ ?(?:10|100)\b|\d{1,3} out of 10)\b"),
        ("score|assign|award|evaluat|rate ", r"\bscore ?(?:=|of|:|is)|\bassign (?:it|this)|"
         r"\baward (?:\w{1,20} ){0,3}?(?:"
                                       r"marks|credit|points|score)|\bevaluator\b|\brate (?:it|this (?:answer|"
                                       r"response))"),
    ),
    "clarify": (
        ("could you|can you|would you|which|do you mean|please|are you asking|are you referring",
         r"\b(?:could|can|would) you (?:please )?(?:clarify|specify|tell me|provide|share|confirm|give me|"
         r"upload|paste)\b|"
         r"\bwhich (?:\w{1,20} ){1,2}?(?:do you mean|are you (?:asking|referring))\b|\bdo you mean\b|"
         r"\bare you (?:asking|referring)\b|"
         r"\bplease (?:clarify|specify|provide (?:the|more|me)|upload|share|paste)"),
    ),
    "either": (
        (" which", r"\b(?:not sure|unsure|unclear|can't tell|cannot tell|don't know|not clear) which\b"),
        ("either|or |equal|one of", r"\beither\b(?! (?:way|case))|\bor (?:maybe|perhaps|possibly|alternatively|"
         r"else)\b|\bor (?:it |that )?(?:could|may|"
                       r"might) (?:also )?be\b|\b(?:as|are) (?:\w{1,20} )?(?:equals|equally)\b|\bone of (?:the|"
                       r"these) (?:two|three|following)\b"),
    ),
    "more": (
        ("also|addition|further|another|besides|other|too|as well|then|afterwards|plus",
         r"\b(?:also|additionally|in addition|furthermore|another|besides|afterwards|as well|then)\b"),
    ),
    "confirm": (
        ("final|correct|confirm|actual|really|should be|in fact|check",
         r"\b(?:final|correct(?:ed)?|confirmed|actual|really|should be|in fact|checking)\b"),
    ),
    "others": (
        ("other|else|additional|outside|beyond|extra|more|further",
         r"\b(?:other|else|another|further|additional|outside|beyond|extra|more)\b"),
    ),
}  # fmt: skip

NEGATORS = (
    r"\b(?:not|never|nor|neither|without|cannot|avoid|avoids|avoiding)\b(?! (?:only|just|merely|to mention|"
    r"going wrong))|"
    r"n't\b(?! (?:only|just|merely|go wrong|miss|forget))|\b(?:instead of|rather than|anything but|except|"
    r"stay away from)\b|"
    r"\bno(?= )(?! (?:doubt|other|better|question|one))"
)
NEGATION_ENDS = (
    r"[.!?](?=\s|$)|[;:\n—]|\b(?:but|instead(?! of)|however|rather(?! than)|only|better|beats?|actually)\b|"
    r", ?(?:it|it's|you|they|we|he|she|i|the|this|that|there|according|just|as|so|eat|sit|go)\b"
)
DENIED_AFTER = (
    r"\b(?:is|are|was|were)(?:n't| not| never) (?:the|it|correct|right|added|used|true|where|what|a part|part|hidden|"
    r"kept|found there|recommended)\b|\b(?:is|are|was) (?:wrong|incorrect|false|untrue|overrated)\b"
)
TWICE = r"\b(?:not|never|no|nothing|nobody|cannot)\b|n't\b"  # before "without" it makes a yes
