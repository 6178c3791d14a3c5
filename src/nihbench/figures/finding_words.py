"""Every sentence that tells what was found, in English and in Chinese: effective length, comparison, pattern of misses.

A text is a whole sentence with named fields, as in `nihbench.figures.words`.
"""

from __future__ import annotations

from collections.abc import Mapping

from nihbench.figures.words import LANGS, Lang
from nihbench.lang.messages import filled

_TEXTS: Mapping[str, tuple[str, str]] = {
    # effective length
    "effective_length": (
        "Effective length: {length} tokens (95% interval {low} to {high}), the longest up to which {threshold} or more "
        "is found.",
        "有效长度：{length} token（95% 区间 {low} 至 {high}），即找到率一直不低于 {threshold} 的最长长度。",
    ),
    "effective_at_least": (
        "Effective length: {length} tokens or more (95% interval from {low}): {threshold} found or more up to the "
        "longest that was tested.",
        "有效长度：至少 {length} token（95% 区间下限 {low}），直到测过的最长长度，找到率都不低于 {threshold}。",
    ),
    "effective_below": (
        "Effective length: under {shortest} tokens (95% interval up to {high}): less than {threshold} found at the "
        "shortest already.",
        "有效长度：不到 {shortest} token（95% 区间上限 {high}），最短的长度上，找到率就低于 {threshold}。",
    ),
    "effective_open": (
        "Effective length: {length} tokens at least (95% interval from {low}): {threshold} found or more up to there. "
        "No verdict on {ended}: {measured} of {planned} trials measured, under {share}.",
        "有效长度：至少 {length} token（95% 区间下限 {low}），到此为止，找到率都不低于 {threshold}。"
        "对 {ended} 不下结论：{planned} 次试验中有 {measured} 次得到结果，不足 {share}。",
    ),
    "effective_dip": (
        "Not monotone: {ended} is at {value}, though more is found at longer ones.",
        "并非单调：{ended} 处的找到率为 {value}，更长处反而更高。",
    ),
    "effective_bounds": (
        "With the unmeasured counted as misses it is {missed}, as hits {found}.",
        "未测得的全算未找到，则为 {missed}；全算找到，则为 {found}。",
    ),
    "effective_base_too_low": (
        "No effective length: at up to 1K tokens only {base} is found, so a longer context is not what fails.",
        "没有有效长度可言：1K token 以内的找到率也只有 {base}，问题不在上下文变长。",
    ),
    "effective_no_base": (
        "Effective length: not known, for it takes 30 trials at up to 1K tokens, and longer ones beside them.",
        "有效长度：未知，需要在 1K token 以内有 30 次试验，并另有更长的试验作比较。",
    ),
    "effective_unmeasured": (
        "No effective length and no verdict: under {share} is measured, of all trials, of the base or of the shortest "
        "length.",
        "不给有效长度，也不下结论：全部试验、基准或最短长度中，有结果的不足 {share}。",
    ),
    "effective_absolute": ("By RULER's fixed threshold of {threshold}:", "按 RULER 的固定门槛 {threshold}："),
    "demonstrated": (
        "Demonstrated to {length} tokens (every row's exact 95% bound is above).",
        "已证实到 {length} token（每一行的 95% 精确下限都在门槛之上）。",
    ),
    "not_demonstrated": (
        "No length is demonstrated: the rows have too few trials, or too few hits.",
        "没有哪个长度得到证实：每行的试验太少，或找到的太少。",
    ),
    "or_more": ("{length} or more", "{length} 以上"),
    "under": ("under {length}", "不到 {length}"),
    "worst": (
        "Worst region: lengths {lengths} at depths {depths}, found {value}.",
        "最差的区域：长度 {lengths}、深度 {depths}，找到率 {value}。",
    ),
    # comparison
    "better": (
        "{where}{b} finds the needle more often than {a}: {second} against {first} over {pairs} paired trials, a "
        "difference of {d} points (95% interval {low} to {high}). That is more than chance ({test}, {p}).",
        "{where}{b} 比 {a} 更常找到针：在 {pairs} 对相同的试验中为 {second} 对 {first}，相差 {d} 个百分点"
        "（95% 区间 {low} 至 {high}）。这不是偶然（{test}，{p}）。",
    ),
    "worse": (
        "{where}{b} finds the needle less often than {a}: {second} against {first} over {pairs} paired trials, a "
        "difference of {d} points (95% interval {low} to {high}). That is more than chance ({test}, {p}).",
        "{where}{b} 不如 {a} 常找到针：在 {pairs} 对相同的试验中为 {second} 对 {first}，相差 {d} 个百分点"
        "（95% 区间 {low} 至 {high}）。这不是偶然（{test}，{p}）。",
    ),
    "same": (
        "{where}{a} and {b} find the needle equally often, within {margin} points: {first} and {second} "
        "over {pairs} paired "
        "trials, a difference of {d} points (95% interval {low} to {high}; equivalence test at 5%).",
        "{where}{a} 与 {b} 找到针的频率相同（相差在 {margin} 个百分点以内）：在 {pairs} "
        "对相同的试验中为 {first} 与 {second}，"
        "相差 {d} 个百分点（95% 区间 {low} 至 {high}，等效性检验，水平 5%）。",
    ),
    "unclear": (
        "{where}{a} and {b} are not told apart: {first} and {second} over {pairs} paired trials, a difference of {d} "
        "points (95% interval {low} to {high}; {test}, {p}). It is neither shown that they differ, nor "
        "that they are within {margin} points of each other.",
        "{where}{a} 与 {b} 是否有差别还不能断定：在 {pairs} 对相同的试验中为 {first} 与 {second}，相差 {d} 个百分点"
        "（95% 区间 {low} 至 {high}，{test}，{p}）。既不能说它们不同，也不能说相差在 {margin} 个百分点以内。",
    ),
    "on_haystack": ("On this haystack ", "在这一篇长文上，"),
    "on_haystacks": ("On these {count} haystacks ", "在这 {count} 篇长文上，"),
    "test_texts": ("exact paired test", "精确配对检验"),
    "test_haystacks": ("exact test over {count} haystacks", "对 {count} 篇长文的精确检验"),
    "differ_here": (
        "On these {count} haystacks themselves they differ by more than chance (exact paired test, "
        "{p}); that they do so "
        "on others is not shown.",
        "就这 {count} 篇长文本身而言，差别不是偶然（精确配对检验，{p}），但不能断定换了别的长文也如此。",
    ),
    "same_here": (
        "On these {count} haystacks themselves they are within {margin} points of each other "
        "(equivalence test at 5%); that "
        "they are so on others is not shown.",
        "就这 {count} 篇长文本身而言，相差在 {margin} 个百分点以内（等效性检验，水平 5%），"
        "但不能断定换了别的长文也如此。",
    ),
    "small": (
        "The difference is sure, but small: it lies within {margin} points.",
        "差别是确定的，但很小：在 {margin} 个百分点以内。",
    ),
    "nothing_measured": (
        "Nothing was measured on both sides of {a} and {b}: there is nothing to compare.",
        "{a} 与 {b} 没有两边都有结果的试验：无从比较。",
    ),
    "few_measured": (
        "No verdict on {a} and {b}: only {pairs} of {planned} pairs are measured on both sides, under {share}. "
        "What is measured: {first} and {second}, a difference of {d} points (95% interval {low} to {high}).",
        "对 {a} 与 {b} 不下结论：{planned} 对试验中只有 {pairs} 对两边都有结果，不足 {share}。"
        "已有的结果为 {first} 与 {second}，相差 {d} 个百分点（95% 区间 {low} 至 {high}）。",
    ),
    "corrected": ("(p is corrected for {count} comparisons.)", "（p 值已按 {count} 次比较校正。）"),
    "turned": (
        "{lost} of the {pairs} pairs were found by {a} only, {won} by {b} only.",
        "{pairs} 对试验中，仅 {a} 找到的有 {lost} 对，仅 {b} 找到的有 {won} 对。",
    ),
    "region_worse": (
        "{where}{b} is worse at lengths {lengths} and depths {depths}: {second} found against {first}, "
        "{lost} pairs lost and "
        "{won} won ({p}, corrected for all rows, columns and blocks).",
        "{where}{b} 在长度 {lengths}、深度 {depths} 较差：找到率 {second} 对 {first}，丢失 {lost} 对，新找到 {won} 对"
        "（{p}，已按所有行、列和区块校正）。",
    ),
    "region_better": (
        "{where}{b} is better at lengths {lengths} and depths {depths}: {second} found against {first}, "
        "{won} pairs won and "
        "{lost} lost ({p}, corrected for all rows, columns and blocks).",
        "{where}{b} 在长度 {lengths}、深度 {depths} 较好：找到率 {second} 对 {first}，新找到 {won} 对，丢失 {lost} 对"
        "（{p}，已按所有行、列和区块校正）。",
    ),
    "region_chance_worse": (
        "The strongest loss, at lengths {lengths} and depths {depths} ({second} found against {first}, "
        "{lost} pairs lost "
        "and {won} won), may be chance ({p}, corrected for all rows, columns and blocks).",
        "下降最明显的是长度 {lengths}、深度 {depths}（找到率 {second} 对 {first}，丢失 {lost} 对，新找到 {won} 对），"
        "但可能是偶然（{p}，已按所有行、列和区块校正）。",
    ),
    "region_chance_better": (
        "The strongest gain, at lengths {lengths} and depths {depths} ({second} found against {first}, {won} pairs won "
        "and {lost} lost), may be chance ({p}, corrected for all rows, columns and blocks).",
        "上升最明显的是长度 {lengths}、深度 {depths}（找到率 {second} 对 {first}，新找到 {won} 对，丢失 {lost} 对），"
        "但可能是偶然（{p}，已按所有行、列和区块校正）。",
    ),
    "one_haystack": (
        "Nothing is said of other haystacks.",
        "以上不涉及其他长文。",
    ),
    "haystacks": (
        "For other haystacks the interval is {low} to {high} points, and a verdict on them takes {least} haystacks.",
        "推及其他长文，区间为 {low} 至 {high} 个百分点；要对其他长文下结论，至少需要 {least} 篇长文。",
    ),
    "detectable": (
        "This design sees a true difference of {d} points with 80% power.",
        "这个设计能以 80% 的把握看出 {d} 个百分点的真实差别。",
    ),
    "not_detectable": (
        "This design is too small to see any difference with 80% power.",
        "这个设计太小，无论多大的差别都不能以 80% 的把握看出。",
    ),
    "needed": (
        "To see {wanted} points takes about {count} repeats, each over a haystack of its own (here: {repeats}).",
        "要看出 {wanted} 个百分点，大约需要重复 {count} 次，每次用另一篇长文（现在为 {repeats} 次）。",
    ),
    "needed_many": (
        "To see {wanted} points takes more than 1,000 repeats (here: {repeats}).",
        "要看出 {wanted} 个百分点，需要重复 1,000 次以上（现在为 {repeats} 次）。",
    ),
    "band": (
        "Mean band: {first} and {second}, a difference of {d} points (95% interval {low} to {high}, {p}).",
        "平均得分：{first} 与 {second}，相差 {d} 个百分点（95% 区间 {low} 至 {high}，{p}）。",
    ),
    "moved": (
        "In {count} pairs the needle stands at another sentence, because the prompts differ in length.",
        "有 {count} 对试验，因提示的长短不同，针落在了不同的句子处。",
    ),
    "unrecorded": (
        "Whether both read the same text is not recorded: they are paired by their place in the grid alone.",
        "两边读的是否同一篇长文没有记录，这里仅按网格中的位置配对。",
    ),
    "left_out": (
        "{count} trials that only one side has planned are left out.",
        "有 {count} 次试验只有一边计划了，未计入。",
    ),
    "interaction": (
        "Prompt x model, {experiment}, from {a} to {b}: {where}the change on {other} minus that on "
        "{one} is {d} points (95% "
        "interval {low} to {high}, {p}, {pairs} trials). The two models answer differently to the change.",
        "提示与模型的交互（{experiment}，从 {a} 换到 {b}）：{where}{other} 的变化减去 {one} 的变化为 {d} 个百分点"
        "（95% 区间 {low} 至 {high}，{p}，{pairs} 次试验）。两个模型对换提示的反应不同。",
    ),
    "no_interaction": (
        "Prompt x model, {experiment}, from {a} to {b}: {where}the change on {other} minus that on "
        "{one} is {d} points (95% "
        "interval {low} to {high}, {p}, {pairs} trials). That the models answer differently to it is not shown.",
        "提示与模型的交互（{experiment}，从 {a} 换到 {b}）：{where}{other} 的变化减去 {one} 的变化为 {d} 个百分点"
        "（95% 区间 {low} 至 {high}，{p}，{pairs} 次试验）。不能断定两个模型对换提示的反应不同。",
    ),
    # patterns of misses
    "no_miss": (
        "No miss in {trials} trials: there is nothing to explain.",
        "{trials} 次试验全部找到：没有什么需要解释。",
    ),
    "no_trial": ("Nothing is measured: can't tell.", "没有任何结果：无法判断。"),
    "few_misses": (
        "Can't tell: {misses} misses in {trials} trials, and a pattern takes {least} at least.",
        "无法判断：{trials} 次试验中有 {misses} 次未找到，至少要有 {least} 次才能看出规律。",
    ),
    "partly_measured": (
        "Can't tell: {measured} of {planned} trials are measured, under {share}, and what is missing may have a "
        "pattern of its own.",
        "无法判断：{planned} 次试验中只有 {measured} 次有结果，不足 {share}，而缺失的部分可能自有规律。",
    ),
    "none": (
        "No pattern: a miss rate of {rate} (95% interval {low} to {high}) all over the grid.",
        "没有规律：整个网格的未找到率为 {rate}（95% 区间 {low} 至 {high}）。",
    ),
    "bee": (
        "Holes at random (\"bee\"): no place in the grid explains the misses, {rate} everywhere (95% interval {low} to "
        "{high}).",
        "随机的漏洞（“蜜蜂”）：网格中没有哪个位置能解释未找到的情形，各处都是 {rate}（95% 区间 {low} 至 {high}）。",
    ),
    "tadpole": (
        "Weak from the start (\"tadpole\"): {rate} are missed all over the grid (95% interval {low} to {high}), and "
        "at up to 1K tokens too. Look at the needle and the prompt before the context.",
        "从一开始就弱（“蝌蚪”）：整个网格的未找到率为 {rate}（95% 区间 {low} 至 {high}），1K token 以内也一样。"
        "先检查针与提示，再谈上下文长度。",
    ),
    "patchy": (
        "No simple pattern: {rate} are missed (95% interval {low} to {high}), and misses lie together in patches, but "
        "none of the patterns says where.",
        "没有简单的规律：未找到率为 {rate}（95% 区间 {low} 至 {high}），未找到的成片出现，"
        "但没有哪种规律能说明在哪里。",
    ),
    "u_in_depth": (
        "Lost in the middle: misses are the more frequent the nearer the needle is to the middle, {where}.",
        "迷失在中间：{where}，针越靠近中间，未找到的越多。",
    ),
    "tail_kept": (
        "Only the end is kept (\"goldfish\", a sliding window): missed where more than about {n} tokens follow the "
        "needle (95% interval {low} to {high}).",
        "只记得结尾（“金鱼”，滑动窗口）：针之后超过约 {n} token 时找不到（95% 区间 {low} 至 {high}）。",
    ),
    "head_kept": (
        "Only the beginning is kept: missed where more than about {n} tokens stand before the needle (95% interval "
        "{low} to {high}).",
        "只记得开头：针之前超过约 {n} token 时找不到（95% 区间 {low} 至 {high}）。",
    ),
    "middle_cut": (
        "The middle is cut out: missed where more than about {n} tokens stand before the needle (95% interval "
        "{low} to {high}) and more than about {m} after it ({low_m} to {high_m}).",
        "中间被截去：针之前超过约 {n} token（95% 区间 {low} 至 {high}），并且之后超过约 {m} token"
        "（{low_m} 至 {high_m}）时找不到。",
    ),
    "cliff": (
        "A cliff: missed where the context is longer than about {n} tokens (95% interval {low} to {high}).",
        "断崖：上下文长于约 {n} token 时找不到（95% 区间 {low} 至 {high}）。",
    ),
    "length_band": (
        "A band of lengths: missed between about {n} tokens (95% interval {low} to {high}) and {m} ({low_m} to "
        "{high_m}), and not beyond.",
        "一段长度：约 {n} token（95% 区间 {low} 至 {high}）与 {m}（{low_m} 至 {high_m}）之间找不到，更长时又能找到。",
    ),
    "content_hole": (
        "A hole at one place of the text: missed where about {n} (95% interval {low} to {high}) to {m} ({low_m} to "
        "{high_m}) tokens stand before the needle, {where}. Read what stands there: nih prompt shows it.",
        "文本某处的漏洞：{where}，针之前有约 {n}（95% 区间 {low} 至 {high}）至 {m}（{low_m} 至 {high_m}）"
        " token 时找不到。请看那里写了什么（nih prompt）。",
    ),
    "depth_band": (
        "A band of depths: missed between {n} (95% interval {low} to {high}) and {m} ({low_m} to {high_m}) of the "
        "depth, {where}.",
        "一段深度：{where}，深度在 {n}（95% 区间 {low} 至 {high}）与 {m}（{low_m} 至 {high_m}）之间时找不到。",
    ),
    "every_length": ("at every length", "无论长度"),
    "from_length": ("at lengths from {length} tokens on", "自 {length} token 起"),
    "unjudged": (
        "Nothing is said of {lengths}: under {share} measured there.",
        "不涉及 {lengths}：那里有结果的不足 {share}。",
    ),
    "inside": (
        "There {inside} are missed, elsewhere {outside}; {misses} of {trials} in all.",
        "那里未找到 {inside}，别处 {outside}；共 {trials} 次试验，{misses} 次未找到。",
    ),
    "of_all": ("{misses} of {trials} trials are missed.", "共 {trials} 次试验，{misses} 次未找到。"),
    "mixture": ("Two patterns together:", "两种规律并存："),
    "runner_up": (
        "Nearly as good an explanation: {other}.",
        "另一个几乎同样好的解释：{other}。",
    ),
}  # fmt: skip

PATTERN_NAMES: Mapping[str, tuple[str, str]] = {
    "tail_kept": ("only the end is kept", "只记得结尾"),
    "head_kept": ("only the beginning is kept", "只记得开头"),
    "middle_cut": ("the middle is cut out", "中间被截去"),
    "cliff": ("a cliff at some length", "断崖"),
    "length_band": ("a band of lengths", "一段长度"),
    "content_hole": ("a hole at one place of the text", "文本某处的漏洞"),
    "depth_band": ("a band of depths", "一段深度"),
    "u_in_depth": ("lost in the middle", "迷失在中间"),
}


def tell(lang: Lang, key: str, **fields: object) -> str:
    """Return the sentence named `key` in a language, with its fields filled in."""
    template = _TEXTS[key][LANGS.index(lang)]
    return filled(template, **fields) if lang == "zh" else template.format(**fields)


def pattern_name(lang: Lang, kind: str) -> str:
    """Return a pattern's name as it is read."""
    return PATTERN_NAMES[kind][LANGS.index(lang)]
