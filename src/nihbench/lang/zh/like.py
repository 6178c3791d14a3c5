"""Chinese of runs that send another run's prompts again, and of what can be compared with what."""

WORDS = {
    "Send the prompts of this run again, byte for byte, so that the two can be compared (its folder).": (
        "逐字节重发这次运行（给出其文件夹）的提示，使两次运行可以比较。"
    ),
    "--like takes grid, texts and seed from that run: leave {options} out": (
        "--like 的网格、长文和种子都取自那次运行：请去掉 {options}"
    ),
    "--like {path}: it was imported, and its source does not say which prompts were sent": (
        "--like {path}：那次运行是导入的，其来源没有说明发送了哪些提示"
    ),
    "--like {path}: it has sent no prompt of its grid yet": "--like {path}：那次运行还没有发送过网格中的提示",
    "--like {run}: its prompts of {length:,} tokens or more do not fit into a window of {window:,} tokens less "
    "{max_output:,} for the answer": (
        "--like {run}：其中 {length:,} token 以上的提示放不进 {window:,} token 减去留给回答的 {max_output:,} 的窗口"
    ),
    "it holds nothing": "其中没有内容",
    "none": "无",
    "a prompt of {run} comes out as other bytes than were sent: its records are damaged; restore them from a copy": (
        "{run} 的一个提示重建出来与当时发送的不一致：其记录已损坏；请从备份恢复"
    ),
    "{run} sent no prompt of {length:,} tokens at a depth of {depth:g}%: --like repeats what it sent": (
        "{run} 没有发送过长度 {length:,} token、深度 {depth:g}% 的提示：--like 只重发它发送过的"
    ),
    "{run} sent no prompt of {length:,} tokens at a depth of {depth:g}% in repeat {repeat}": (
        "{run} 在第 {repeat} 次重复中没有发送过长度 {length:,} token、深度 {depth:g}% 的提示"
    ),
    "{run} has no prompt {name!r}: it has {known}": "{run} 没有名为 {name!r} 的提示：有 {known}",
    "compare": "比较",
    "pair by pair with {run}, whose prompts it sends: nih compare takes both": (
        "可与 {run} 逐对比较，因为发送的是它的提示：把两者交给 nih compare"
    ),
    "pair by pair only with a run of the same prompts: give a later one --like and this run's folder": (
        "只有提示相同的运行才能逐对比较：给以后的运行加 --like 和这次运行的文件夹"
    ),
    # unpaired comparisons
    "Compare runs of other prompts, as two independent samples.": "把提示不同的运行作为两个独立样本比较。",
    "Unpaired: nothing is measured of {a} or of {b}.": "未配对：{a} 或 {b} 没有任何结果。",
    "{first} and {second}, a difference of {d} points (95% interval {low} to {high})": (
        "{first} 与 {second}，相差 {d} 个百分点（95% 区间 {low} 至 {high}）"
    ),
    "Unpaired, and no verdict, for under 95% is measured of {a} or {b}: {numbers}.": (
        "未配对，且不下结论，因为 {a} 或 {b} 有结果的不足 95%：{numbers}。"
    ),
    "Unpaired: {a} and {b} find the needle equally often, within {margin:g} points: {numbers}.": (
        "未配对：{a} 与 {b} 找到针的频率相同（相差在 {margin:g} 个百分点以内）：{numbers}。"
    ),
    "Unpaired: whether {a} and {b} differ is open: {numbers}.": "未配对：{a} 与 {b} 是否有差别还不能断定：{numbers}。",
    "Unpaired: {b} finds the needle more often than {a}: {numbers}.": "未配对：{b} 比 {a} 更常找到针：{numbers}。",
    "Unpaired: {b} finds the needle less often than {a}: {numbers}.": "未配对：{b} 不如 {a} 常找到针：{numbers}。",
    "These are two independent samples of {first} and {second} trials, in the {cells} cells that both grids have.": (
        "这是两个独立样本，各有 {first} 与 {second} 次试验，都在两个网格共有的 {cells} 格中。"
    ),
    "The two grids have no cell in common (lengths {one} and {other}): this is a difference of the grids as much as of "
    "the models.": "两个网格没有共同的格（长度 {one} 与 {other}）：这个差别既来自模型，也来自网格。",
    "A side stands in one haystack: nothing is said of other texts, and what the two texts differ by is in the "
    "difference.": "有一方只有一篇长文：不涉及其他文本，两篇长文本身的差别也在其中。",
    "The intervals are over {one} and {other} haystacks, and hold for others like them; texts are not the same on both "
    "sides, so that it takes more of them than a paired comparison (--like) to see a difference.": (
        "区间按 {one} 篇与 {other} 篇长文计算，可推及同类文本；两边的文本不同，因此要看出差别，"
        "需要的长文比配对比较（--like）更多。"
    ),
}
