"""Every word of the report's page, in English and in Chinese; the page holds both and switches between them.

A text is a whole sentence or label with named fields in braces, as in `figures.words`; the page fills them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from nihbench.figures.finding_words import PATTERN_NAMES
from nihbench.figures.words import LANGS, both, control_word, kind_word
from nihbench.types import FailureKind

_PAGE: Mapping[str, tuple[str, str]] = {
    # the frame
    "subtitle": (
        "{runs} runs, {panels} maps, {trials} trials; scored by {scorer}",
        "{runs} 次运行，{panels} 张热力图，{trials} 次试验；评分：{scorer}",
    ),
    "subtitle_one": (
        "{trials} trials; scored by {scorer}; {days}",
        "{trials} 次试验；评分：{scorer}；{days}",
    ),
    "synthetic": (
        "Synthetic data, drawn by a formula: no model was asked.",
        "合成数据，由公式生成：没有询问任何模型。",
    ),
    "synthetic_some": (
        "Synthetic data ({names}), drawn by a formula: no model was asked.",
        "合成数据（{names}），由公式生成：没有询问任何模型。",
    ),
    "language": ("中文", "English"),
    "language_help": ("Switch to Chinese", "切换到英文"),
    "theme": ("Theme", "主题"),
    "theme_auto": ("As the system", "跟随系统"),
    "theme_light": ("Light", "浅色"),
    "theme_dark": ("Dark", "深色"),
    "colours": ("Colours", "配色"),
    "colours_classic": ("Classic", "经典"),
    "colours_safe": ("Colour-blind safe", "色盲友好"),
    "colours_grey": ("Grey", "灰度"),
    "print": ("Print", "打印"),
    "skip": ("Skip to the maps", "跳到热力图"),
    "nav": ("Sections", "章节"),
    "maps": ("Maps", "热力图"),
    "difference": ("Difference", "差值"),
    "profiles": ("Profiles", "剖面图"),
    "statistics": ("Statistics", "统计"),
    "controls": ("Controls", "对照"),
    "cases": ("Bad cases", "问题案例"),
    "trials": ("Trials", "全部试验"),
    "about": ("Set-up", "实验设置"),
    "made_by": (
        "Made by {tool}. This file loads nothing and asks no network.",
        "由 {tool} 生成。本文件不加载任何外部内容，也不联网。",
    ),
    # filters
    "filters": ("Filters", "筛选"),
    "prompt": ("Prompt", "提示"),
    "model": ("Model", "模型"),
    "outcome": ("Outcome", "结果"),
    "failure": ("Failure", "失败"),
    "from_length": ("Length from", "长度从"),
    "to_length": ("to", "到"),
    "search": ("Answer contains", "回答包含"),
    "search_hint": ("text in an answer", "回答中的文字"),
    "all": ("all", "全部"),
    "any_failure": ("any failure", "任何失败"),
    "no_failure": ("answered", "有回答"),
    "reset": ("Reset", "重置"),
    "shown": ("{some} of {all} trials", "{all} 次试验中的 {some} 次"),
    "nothing": ("No trial fits these filters.", "没有符合筛选条件的试验。"),
    # maps
    "maps_help": (
        "Point at a cell for its numbers; the same cell lights up in every map. Click it, or press Enter, to read "
        "its answers. "
        "Arrow keys move from cell to cell, Esc closes.",
        "指向一格查看数值，其他热力图的同一格会同时亮起。点击或按回车键阅读该格的回答。方向键逐格移动，Esc 键关闭。",
    ),
    "maps_help_touch": ("Tap a cell to read its answers.", "轻点一格，阅读该格的回答。"),
    "length_axis": ("Context length", "上下文长度"),
    "length_in": both("length"),
    "depth": both("depth_nominal"),
    "depth_short": ("Depth", "深度"),
    "mean_band": ("mean band", "平均得分"),
    "found": ("found", "找到率"),
    "strict": ("strict", "严格正确率"),
    "no_answer": ("no valid answer", "无有效回答"),
    "not_run": both("not_run"),
    "missing_strip": both("missing_strip"),
    "cell": ("{length} tokens, depth {depth}", "{length} token，深度 {depth}"),
    "cell_value": ("mean band {value}", "平均得分 {value}"),
    "cell_interval": ("{value} [{low}, {high}]", "{value} [{low}, {high}]"),
    "cell_found": ("found in {some} of {all}", "{all} 次中找到 {some} 次"),
    "cell_failed": ("failed {count}: {kinds}", "失败 {count} 次：{kinds}"),
    "cell_owed": ("not run {count}", "未运行 {count} 次"),
    "count_of": ("{name} {count}", "{name} {count} 次"),
    "map_label": (
        "Heatmap of {name}: {rows} depths by {columns} lengths. Use the arrow keys.",
        "{name} 的热力图：{rows} 个深度，{columns} 个长度。可用方向键浏览。",
    ),
    "unmeasured": (
        "if the unmeasured were misses to hits: {low} to {high}",
        "未测部分全算未找到至全算找到：{low} 至 {high}",
    ),
    "measured_of": ("{some} of {all} measured", "{all} 次中测得 {some} 次"),
    "no_verdict": ("under 95% measured: no verdict", "测得不足 95%：不下结论"),
    # the difference
    "difference_help": ("Each cell: mean band of B minus that of A.", "每格：B 的平均得分减去 A 的平均得分。"),
    "side_a": ("A", "A"),
    "side_b": ("B", "B"),
    "difference_sum": (
        "B is better in {better} cells, worse in {worse}, the same in {same}; {mean} points on average.",
        "B 在 {better} 格较好，{worse} 格较差，{same} 格相同；平均相差 {mean} 个百分点。",
    ),
    "difference_none": ("These two have no measured cell in common.", "两者没有共同测得的格。"),
    "difference_note": (
        "Described, not tested: nih compare tells whether a difference is more than chance.",
        "这里只作描述，没有检验：差异是否超出偶然，见 nih compare。",
    ),
    "worse": ("B worse", "B 较差"),
    "better": ("B better", "B 较好"),
    "not_both": both("not_both"),
    # profiles
    "by_length": both("by_length"),
    "by_depth": both("by_depth"),
    "measure": ("Measure", "指标"),
    "intervals_shaded": ("Shaded: 95% intervals.", "阴影：95% 区间。"),
    "intervals_none": both("no_interval"),
    # statistics
    "what": ("Map", "热力图"),
    "measured": ("measured", "已测"),
    "effective": ("effective length", "有效长度"),
    "demonstrated": ("demonstrated to", "已证实至"),
    "pattern": ("pattern of misses", "未找到的规律"),
    "effective_length": ("{length}", "{length}"),
    "effective_at_least": ("at least {length}", "至少 {length}"),
    "effective_below": ("below the shortest tested", "低于所测最短长度"),
    "effective_base_too_low": ("none: it fails without a long context too", "无：短文中也失败"),
    "effective_no_base": ("unknown: no base (30 trials at 250 to 1K)", "未知：缺少基准（250 至 1K 的 30 次试验）"),
    "effective_unmeasured": ("unknown: too little was measured", "未知：测得太少"),
    "effective_open": (
        "at least {length}; no verdict on {ended}, under 95% measured",
        "至少 {length}；{ended} 测得不足 95%，不下结论",
    ),
    "effective_dip": ("not monotone: {ended} is at {value}", "并非单调：{ended} 处为 {value}"),
    "effective_bounds": (
        "the unmeasured as misses: {missed}, as hits: {found}",
        "未测得的全算未找到：{missed}，全算找到：{found}",
    ),
    "under": ("under {length}", "{length} 以下"),
    "over": ("{length} or more", "{length} 或以上"),
    "interval": ("[{low}, {high}]", "[{low}, {high}]"),
    "finding_cant_tell": ("can't tell: under 8 misses", "无法判断：未找到的不足 8 次"),
    "finding_unmeasured": ("can't tell: under 95% measured", "无法判断：测得不足 95%"),
    "finding_none": ("no pattern", "无规律"),
    "finding_bee": ("holes at random", "随机的漏洞"),
    "finding_tadpole": ("weak from the start", "从一开始就弱"),
    "finding_tail_kept": ("only the tail is kept", "只记得结尾"),
    "finding_head_kept": ("only the head is kept", "只记得开头"),
    "finding_middle_cut": ("the middle is lost", "中间被截去"),
    "finding_cliff": ("a cliff at a length", "断崖"),
    "finding_length_band": PATTERN_NAMES["length_band"],
    "finding_patchy": ("patches, no simple pattern", "成片出现，无简单规律"),
    "finding_content_hole": PATTERN_NAMES["content_hole"],
    "finding_depth_band": PATTERN_NAMES["depth_band"],
    "finding_u_in_depth": ("weak in the middle of the depth", "迷失在中间"),
    "imported": ("Another tool graded this answer and did not keep its text.", "该回答由其他工具评分，未保留原文。"),
    "this_haystack_note": (
        "There is one haystack: the intervals hold for this haystack, not for others.",
        "只有一篇长文：区间仅对这一篇长文成立，不能推及其他。",
    ),
    "overlapping_note": (
        "The haystacks overlap and are one text: the intervals hold for this text, not for others.",
        "各篇长文有重叠，算作同一段文本：区间仅对这段文本成立，不能推及其他。",
    ),
    "definitions": ("What these mean", "术语说明"),
    "def_found": (
        "Found: band at least 70%, the identifying fact and the subject right; share of the measured trials.",
        "找到率：得分至少 70%，且关键事实与主语都正确的试验，占已测试验的比例。",
    ),
    "def_strict": (
        "Strict: band 100%, every fact given as the standard answer gives it.",
        "严格正确率：得分 100%，标准答案中的每个事实都答出。",
    ),
    "def_mean_band": (
        "Mean band: mean of the five bands 100, 70, 50, 30 and 0%.",
        "平均得分：100、70、50、30、0% 五档得分的平均。",
    ),
    "def_measured": (
        "Measured: trials that brought an answer which could be scored. A failed trial is never a 0; under 95% "
        "measured there is "
        "no verdict.",
        "已测：得到可评分回答的试验。失败的试验绝不记 0 分；测得不足 95% 时不下结论。",
    ),
    "def_interval": (
        "In brackets: 95% intervals. What was independent is the haystack: with one haystack, an interval holds for "
        "this haystack only. In a cell: exact (Clopper-Pearson) for found, credible (Dirichlet) for the mean score, "
        "exact where all are at 0 or all at 100%.",
        "方括号内为 95% 区间。独立的单位是长文：只有一篇长文时，区间仅对这一篇长文成立。单格："
        "找到率用精确法（Clopper-Pearson），"
        "平均得分用可信区间（Dirichlet），全为 0 或 100% 时用精确法。",
    ),
    "def_bounds": both("unmeasured"),
    "def_effective": (
        "Effective length: the longest tested length up to which found stays above 85% of its value at 250 to 1K "
        "tokens. "
        "Demonstrated to: up to there every length's lower bound is above that threshold.",
        "有效长度：找到率保持在 250 至 1K token 处之值的 85% 以上的最长所测长度。已证实至：到此为止，"
        "每个长度的下界都高于该门槛。",
    ),
    "def_depth": (
        "Depth: haystack tokens before the needle over all haystack tokens; 0% puts the needle first, 100% last. It "
        "goes to the "
        "sentence boundary nearest to the depth asked for.",
        "深度：针之前的长文 token 数占长文全部 token 数的比例；0% 为最前，100% 为最后。"
        "针放在离所求深度最近的句子边界处。",
    ),
    "def_length": (
        "Length: tokens of the whole request, the haystack, the needle, the question and the template. K = 1,000.",
        "长度：整个请求的 token 数，含长文、针、问题与模板。K = 1,000。",
    ),
    "def_outcomes": (
        "Outcomes: correct (every fact), partial (some), hedged (the fact, but not committed to), abstained (says "
        "it is not there), "
        "hallucinated (says something else), refused, off task, truncated (the output limit cut it off), empty.",
        "结果：正确（事实齐全）、部分正确、含糊（说出但不肯定）、称未提及、编造（说了别的）、拒答、跑题、"
        "被截断（达到输出上限）、空白。",
    ),
    # controls
    "control": ("Control", "对照"),
    "rate": ("rate", "比例"),
    "verdict": ("Verdict", "结论"),
    "verdict_passed": ("passed", "通过"),
    "verdict_failed": ("failed", "未通过"),
    "verdict_unknown": ("can't tell", "无法判断"),
    "meaning": ("Meaning", "含义"),
    "controls_help": (
        "Controls check the measurement, not the model's reach; they are in no map and no number above.",
        "对照检验的是测量本身，而非模型能力；不计入上面的热力图与数字。",
    ),
    "control_trials": ("trials", "试验"),
    # cases
    "cases_help": (
        "Answers below full marks, and failed trials, by what the model said: nearly the same words are one case.",
        "未得满分的回答与失败的试验，按模型所说归类：文字几乎相同者为一个案例。",
    ),
    "cases_none": ("No bad case here.", "没有问题案例。"),
    "case_count": ("{count} trials; wordings: {texts}", "{count} 次试验，{texts} 种说法"),
    "times": ("{count}×", "{count}×"),
    "more_cases": ("Show {count} more", "再显示 {count} 个"),
    "more_places": ("and {count} more", "另有 {count} 处"),
    "empty_answer": ("(an empty answer)", "（空白回答）"),
    # trials
    "length": ("Length", "长度"),
    "repeat": ("Repeat", "重复"),
    "band": ("Band", "得分"),
    "answer": ("Answer", "回答"),
    "sort_by": ("Sort by {name}", "按{name}排序"),
    "print_trials": (
        "The list of all trials is left out in print.",
        "打印时略去全部试验的列表。",
    ),
    # one cell
    "close": ("Close", "关闭"),
    "previous": ("Previous cell", "上一格"),
    "next": ("Next cell", "下一格"),
    "question": ("Question", "问题"),
    "expected": ("Expected answer", "答案"),
    "repeat_n": ("Repeat {n}", "第 {n} 次"),
    "one_prompt": ("One prompt for the depths {depths}, counted once", "这些深度是同一个提示词，只计一次：{depths}"),
    "no_trial": ("Nothing was run here.", "此格没有运行。"),
    "evidence": ("Evidence", "依据"),
    "missing": ("Missing: {facts}", "缺少：{facts}"),
    "identifying_right": ("identifying fact right", "关键事实正确"),
    "identifying_absent": ("identifying fact absent", "关键事实缺失"),
    "identifying_wrong": ("identifying fact wrong", "关键事实错误"),
    "identifying_negated": ("identifying fact negated", "关键事实被否定"),
    "subject_wrong": ("about another subject", "主语不符"),
    "misled": ("Misled by this sentence of the haystack", "被长文中的这句话误导"),
    "confidence": ("scorer's confidence {value}", "评分把握 {value}"),
    "votes": ("votes {values}", "投票 {values}"),
    "decided_by": ("decided by {name}", "由 {name} 判定"),
    "reasoning": ("Reasoning of the model", "模型的推理"),
    "around": ("Text around the needle, as sent", "所发文本中针的上下文"),
    "around_none": (
        "The text around the needle is not in this report: the corpus was not on the machine that made it.",
        "本报告不含针的上下文：生成报告的机器上没有该语料。",
    ),
    "begins": ("the haystack begins", "长文开始"),
    "ends": ("the haystack ends", "长文结束"),
    "numbers": ("Numbers", "数据"),
    "achieved": ("depth as achieved", "实际深度"),
    "needle_token": ("tokens before the needle", "针之前的 token"),
    "total_tokens": ("tokens of the request, planned", "请求的 token（计划）"),
    "prompt_tokens": ("prompt tokens, server's count", "提示 token（服务器计）"),
    "completion_tokens": ("answer tokens", "回答 token"),
    "cached_tokens": ("cached tokens", "缓存 token"),
    "reasoning_tokens": ("reasoning tokens", "推理 token"),
    "latency": ("time", "耗时"),
    "first_token": ("to the first token", "首个 token"),
    "attempts": ("attempts", "尝试次数"),
    "cost": ("cost", "花费"),
    "finish": ("finish reason", "结束原因"),
    "started": ("started", "开始时间"),
    "trial_id": ("trial", "试验 id"),
    "unknown": both("unknown"),
    "seconds": ("{value} s", "{value} 秒"),
    "rebuild": ("Make this exact prompt again", "重建这份提示"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "show_all": ("Show all {count} characters", "显示全部 {count} 个字符"),
    "show_less": ("Show less", "收起"),
    "cut": (
        "Cut in this file to {kept} of {count} characters; records.jsonl has it whole.",
        "本文件只保留 {count} 个字符中的前 {kept} 个；全文见 records.jsonl。",
    ),
    # the set-up
    "experiment": ("Experiment", "实验"),
    "needle": ("Needle", "针"),
    "corpus": ("Corpus", "语料"),
    "copies": ("it stands {count} times in the longest prompts", "最长的提示中重复 {count} 遍"),
    "scorer": ("Scorer", "评分器"),
    "unit": ("Lengths counted", "长度计法"),
    "repeats_extra": (
        "{repeats}, and {extra} further draws where neighbours are uncertain: cells show all draws, other numbers the "
        "first ones",
        "{repeats}，另在相邻格子不确定处追加 {extra} 次试验：各格包含全部试验，其余数字只计第一遍",
    ),
    "repeats": ("Repeats", "重复次数"),
    "order": ("Sent", "发送顺序"),
    "order_cache": (
        "in cache order: by the needle's place, so that prefix caches are fed",
        "缓存顺序：按针的位置，以利用前缀缓存",
    ),
    "order_random": ("in random order", "随机顺序"),
    "order_grid": ("in the grid's order: by length, then depth", "网格顺序：先按长度，再按深度"),
    "days": ("Days", "日期"),
    "days_unknown": ("date unknown", "日期未知"),
    "version": ("Measured with", "测量工具"),
    "tokens": ("Tokens", "Token"),
    "tokens_value": ("{input} in, {output} out", "输入 {input}，输出 {output}"),
    "time_value": ("{value} of answering", "回答用时 {value}"),
    "prompts": ("Prompts", "提示"),
    "note": ("Note", "注意"),
}

_CONTROLS = ("oracle", "closed_book", "no_needle", "sentinel")

_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "correct": ("correct", "正确"),
    "partial": ("partial", "部分正确"),
    "hedged": ("hedged", "含糊"),
    "abstained": ("abstained", "称未提及"),
    "hallucinated": ("hallucinated", "编造"),
    "refused": ("refused", "拒答"),
    "off_task": ("off task", "跑题"),
    "truncated": ("truncated", "被截断"),
    "empty": ("empty", "空白"),
    "unknown": both("unknown"),
}


def page_words() -> dict[str, tuple[str, str]]:
    """Return every text of the page by its key, in English and in Chinese."""
    kinds = (*get_args(FailureKind), "unscored")
    return {
        **_PAGE,
        **{f"outcome_{name}": words for name, words in _OUTCOMES.items()},
        **{f"kind_{name}": (kind_word(LANGS[0], name), kind_word(LANGS[1], name)) for name in kinds},
        **{f"control_{name}": (control_word(LANGS[0], name), control_word(LANGS[1], name)) for name in _CONTROLS},
    }
