"""Every word that a figure says, in English and in Chinese. Nothing else in this room holds a sentence.

A text is a whole sentence or label with named fields; none is put together from pieces whose order a language decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from nihbench.lang.messages import filled

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = ("en", "zh")

_TEXTS: Mapping[str, tuple[str, str]] = {
    # axes, scales, legends
    "length": ("Context length ({unit})", "上下文长度（{unit}）"),
    "depth_nominal": ("Needle depth", "针的深度"),
    "depth_achieved": ("Needle depth as achieved", "针的实际深度"),
    "mean_band": ("Mean band", "平均得分"),
    "difference": ("Difference of the mean band, in points", "平均得分之差（百分点）"),
    "no_answer": ("no valid answer, {group}: {counts}", "无有效回答（{group}）：{counts}"),
    "count": ("{kind} {count}", "{kind} {count} 次"),
    "not_run": ("not run", "未运行"),
    "missing_strip": (
        "at the foot of a cell: the share of its trials that is missing",
        "格底的条：该格缺失的试验所占的比例",
    ),
    "missing_share": (
        "{least} to {most} behind a number: the share of the cell's trials without a valid answer",
        "数字后的 {least} 至 {most}：该格没有有效回答的试验所占的比例",
    ),
    "missing_tenths": (
        "{least} to {most} behind a number: tenths of the cell's trials without a valid answer",
        "数字后的 {least} 至 {most}：该格没有有效回答的试验占十分之几",
    ),
    # the heatmap in a terminal
    "grid_heading": (
        "{experiment} / {prompt}: mean band in %; depth downwards, length to the right",
        "{experiment} / {prompt}：平均得分（%）；向下为深度，向右为长度",
    ),
    "grid_failures": ("no valid answer: {kinds}", "无有效回答：{kinds}"),
    "not_both": ("not measured on both sides", "并非两边都有结果"),
    "controls_good": ("Controls passed: {names}", "对照通过：{names}"),
    "controls_bad": ("CONTROL FAILED: {names}. Don't rely on this map.", "对照未通过：{names}。此图不可采信。"),
    "controls_bad_in": ("CONTROL FAILED: {names}. Don't rely on these maps.", "对照未通过：{names}。这些图不可采信。"),
    "control_where": ("{name} ({where})", "{name}（{where}）"),
    "control_rate": ("{name} {rate}", "{name} {rate}"),
    "map_note": ("found {value}", "找到率 {value}"),
    "map_note_interval": ("found {value} [{low}, {high}]", "找到率 {value} [{low}, {high}]"),
    "withheld": ("headline withheld", "不给出总分"),
    "by_length": ("By context length", "按上下文长度"),
    "by_depth": ("By needle depth", "按针的深度"),
    "interval": ("Shaded: {level} intervals, {method}.", "阴影：{level} 区间（{method}）。"),
    "interval_haystack": ("for this haystack", "仅对这一篇长文而言"),
    "interval_text": (
        "for this text: its haystacks overlap",
        "各篇长文有重叠，仅对这段文本而言",
    ),
    "interval_haystacks": (
        "t over {count} haystacks, quantiles simulated",
        "按 {count} 篇长文的 t 值，分位数由模拟得出",
    ),
    "no_interval": ("Points are means; no intervals are drawn.", "各点为平均值，未画区间。"),
    "difference_title": ("{b} minus {a}", "{b} 减 {a}"),
    "difference_note": ("Each cell: mean band of {b} minus that of {a}.", "每格为 {b} 的平均得分减去 {a} 的平均得分。"),
    "achieved_note": (
        "Depths are as achieved: each cell reaches half way to its neighbours.",
        "深度为实际深度：每格延伸到与相邻格的中点。",
    ),
    # the caption
    "setup": (
        "Model: {model}. Date: {date}. Experiment: {experiment}. Corpus: {corpus}. Scorer: {scorer}. nih {version}.",
        "模型：{model}。日期：{date}。实验：{experiment}。语料：{corpus}。评分：{scorer}。nih {version}。",
    ),
    "unrecorded": ("not recorded", "没有记录"),
    "length_note": (
        "Length: {unit}, whole request, K = 1,000.",
        "长度：{unit}，含整个请求，K = 1,000。",
    ),
    "length_imported": (
        "Imported results: length is the haystack's, as the other tool counted it; K = 1,000.",
        "导入的结果：长度为长文的长度，按原工具的计数；K = 1,000。",
    ),
    "one_prompt": (
        "{trials} trials fill {places} places of the grid: depths that share a prompt are asked and counted once.",
        "{trials} 次试验占网格的 {places} 处：提示词相同的深度只问一次、只计一次。",
    ),
    "repeats_one": ("1 trial a cell, for this haystack.", "每格 1 次试验，仅对这一篇长文而言。"),
    "extra": (
        "{count} further draws where neighbours are uncertain: cells show all draws, other numbers the first ones.",
        "在相邻格子不确定处追加 {count} 次试验：各格包含全部试验，其余数字只计第一遍。",
    ),
    "repeats_many": ("{count} trials a cell.", "每格 {count} 次试验。"),
    "synthetic": (
        "SYNTHETIC DATA ({model}), drawn by a formula: no model was asked.",
        "合成数据（{model}）：由公式生成，没有询问任何模型。",
    ),
    "copies": (
        "The corpus stands {copies} times in the longest prompts.",
        "最长的提示中，语料重复了 {copies} 遍。",
    ),
    "headline": (
        "{name}: found {found}, strict {strict}, mean band {mean}; {measured} of {planned} trials measured ({share}).",
        "{name}：找到率 {found}，严格正确率 {strict}，平均得分 {mean}；"
        "{planned} 次试验中有 {measured} 次得到结果（{share}）。",
    ),
    "unmeasured": (
        "In brackets: the rest counted as misses and as hits.",
        "方括号内：其余全算未找到与全算找到。",
    ),
    "brackets_interval": ("In brackets: {level} intervals.", "方括号内为 {level} 区间。"),
    "brackets_haystack": (
        "In brackets: {level} intervals, for this haystack.",
        "方括号内为 {level} 区间，仅对这一篇长文而言。",
    ),
    "brackets_text": (
        "In brackets: {level} intervals, for this text: its haystacks overlap.",
        "方括号内为 {level} 区间；各篇长文有重叠，仅对这段文本而言。",
    ),
    "unmeasured_bounds": (
        "With the rest counted as misses and as hits: found {found}, strict {strict}, mean band {mean}.",
        "其余全算未找到与全算找到：找到率 {found}，严格正确率 {strict}，平均得分 {mean}。",
    ),
    "ends": ("{low} to {high}", "{low} 至 {high}"),
    "no_verdict": ("Under {share} measured: no verdict.", "有结果的不足 {share}：不下结论。"),
    "bounds": ("{value} [{low} to {high}]", "{value} [{low} 至 {high}]"),
    "unknown": ("unknown", "未知"),
    # notes of the command line
    "no_font": (
        "no font of this machine has {characters}: boxes stand in the figure. "
        "Install an open Chinese font with: pip install 'nihbench[zh]'",
        "本机没有字体含有 {characters}，图中以方框代替。请安装开源中文字体：pip install 'nihbench[zh]'",
    ),
    "and_more": ("{some} and {count} more", "{some} 等，另有 {count} 个"),
}

_GROUPS: Mapping[str, tuple[str, str]] = {
    "account": ("account", "账户"),
    "server": ("server", "服务器"),
    "request": ("request", "请求"),
    "content": ("content refused", "内容被拒"),
    "answer": ("answer unusable", "回答不可用"),
    "other": ("other", "其他"),
}

_KINDS: Mapping[str, str] = {
    "auth": "鉴权失败", "quota": "额度用尽", "rate_limit": "限速", "day_limit": "日限额",
    "overloaded": "过载", "transient": "暂时故障", "timeout": "超时", "overflow": "超出窗口",
    "filtered": "被过滤", "bad_parameter": "参数不符", "bad_response": "响应有误", "cut_prompt": "提示被截断",
    "cut_answer": "回答被截断", "refused_by_server": "服务器拒绝", "unscored": "未评分",
}  # fmt: skip

_CONTROLS: Mapping[str, str] = {
    "oracle": "短文", "closed_book": "闭卷", "no_needle": "无针", "sentinel": "哨兵",
}  # fmt: skip


def say(lang: Lang, key: str, **fields: object) -> str:
    """Return the text named `key` in a language, with its fields filled in."""
    template = _TEXTS[key][LANGS.index(lang)]
    return filled(template, **fields) if lang == "zh" else template.format(**fields)


def both(key: str) -> tuple[str, str]:
    """Return the text named `key` in English and in Chinese, its fields in braces."""
    return _TEXTS[key]


def group_word(lang: Lang, group: str) -> str:
    """Return a group of failures as it is read."""
    return _GROUPS[group][LANGS.index(lang)]


def kind_word(lang: Lang, kind: str) -> str:
    """Return a failure's kind as it is read: "rate limit"; one without a translation keeps its English name."""
    english = kind.replace("_", " ")
    return _KINDS.get(kind, english) if lang == "zh" else english


def control_word(lang: Lang, name: str) -> str:
    """Return a control's name as it is read."""
    english = name.replace("_", " ")
    return _CONTROLS.get(name, english) if lang == "zh" else english


def listed(lang: Lang, parts: list[str]) -> str:
    """Join the parts of a list as the language does."""
    return ("、" if lang == "zh" else ", ").join(parts)


def joined(lang: Lang, sentences: list[str]) -> str:
    """Join whole sentences to a paragraph; Chinese sets no blank after its full stop."""
    return ("" if lang == "zh" else " ").join(sentence for sentence in sentences if sentence)
