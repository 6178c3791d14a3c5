"""Chinese of what is said of adaptive runs."""

WORDS = {
    "After the first pass measure cells again where answers are uncertain: to --precision, or the money's end.": (
        "第一遍之后，在回答不确定的格子重复测量，直到达到 --precision 或费用上限。"
    ),
    "--adaptive aims at: ± of each length's found rate (default 0.05).": (
        "--adaptive 的目标：每个长度的找到率误差 ±（默认 0.05）。"
    ),
    "With --adaptive: at most so many trials, controls left out.": (
        "使用 --adaptive 时网格试验的最多次数，不含对照试验。"
    ),
    "--{name} is for an adaptive run: give --adaptive as well": "--{name} 只用于自适应运行：请同时给出 --adaptive",
    "--precision {precision:g} is half the width of an interval as a share: give {finest} to {coarsest}, "
    "such as 0.05 for 5 points on both sides": (
        "--precision {precision:g} 应是区间半宽（比例）：请给 {finest} 到 {coarsest}，如 0.05 表示上下各 5 个百分点"
    ),
    "--max-trials {most} is less than the first pass over the grid, which has {planned} trials: give "
    "more, or fewer --lengths, --depths, --repeats": (
        "--max-trials {most} 少于网格第一遍的 {planned} 次试验：请增大，或减少 --lengths、--depths、--repeats"
    ),
    "adaptive: {extra:,} further draws; too few first ones are measured to tell a precision": (
        "自适应：追加 {extra:,} 次试验；第一遍测得的太少，无法给出精度"
    ),
    "adaptive: {extra:,} further draws; that is enough for ±{wanted:.1%} a length, as asked for, where answers are "
    "independent": ("自适应：追加 {extra:,} 次试验；若回答相互独立，足以使每个长度精确到 ±{wanted:.1%}，达到要求"),
    "adaptive: {extra:,} further draws; that is enough for ±{reached:.1%} a length instead of ±{wanted:.1%}, where "
    "answers are independent, for {why}": (
        "自适应：追加 {extra:,} 次试验；若回答相互独立，足以使每个长度精确到 ±{reached:.1%}，未达到 ±{wanted:.1%}，因为{why}"
    ),
    "adaptive: a part makes first draws only; nih merge the parts, and go on with the whole by --resume": (
        "自适应：计划的一部分只做第一遍；请用 nih merge 合并各部分，再用 --resume 继续"
    ),
    "{extra:,} of the {trials:,} trials are further draws of an adaptive run, made where the needle is missed: "
    "these counts are not shares of the sweep": (
        "{trials:,} 次试验中有 {extra:,} 次是自适应运行在找不到针处追加的：这些数目不是整个扫描的比例"
    ),
    "--max-trials bounds them": "--max-trials 限制了次数",
    "the next round could pass --max-cost": "下一轮可能超过 --max-cost",
    "{least:,} to {most:,} trials of the grid, {least_tokens:,} to {most_tokens:,} tokens, {least_cost} to "
    "{most_cost}, for ±{precision:.1%} a length where answers are independent; the rows below are the first pass": (
        "网格试验 {least:,} 到 {most:,} 次，{least_tokens:,} 到 {most_tokens:,} 个词元，{least_cost} 到 {most_cost}，"
        "若回答相互独立，足以使每个长度精确到 ±{precision:.1%}；以下各行只是第一遍"
    ),
    "found over all {draws:,} draws, each cell weighing once (in brackets: 95% intervals, for this haystack): {rows}": (
        "全部 {draws:,} 次试验的找到率（各格权重相同；方括号内为 95% 区间，仅对这一篇长文而言）：{rows}"
    ),
    "found over all {draws:,} draws, each cell weighing once (in brackets: 95% intervals over {haystacks} haystacks): "
    "{rows}": ("全部 {draws:,} 次试验的找到率（各格权重相同；方括号内为 95% 区间，共 {haystacks} 篇长文）：{rows}"),
}
