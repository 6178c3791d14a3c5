"""Chinese of looking at runs: cases, probes, comparisons, agreement, the report."""

WORDS = {
    # pairing and comparing
    "can't pair {one} with {other}: they have no cell in common (lengths and depths differ); measure one of them again with "
    "--like and the other's folder, or compare them as two samples: --unpaired": (
        "无法把 {one} 与 {other} 配对：没有共同的格（长度与深度不同）；请用 --like 加另一方的文件夹重测其中一方，"
        "或作为两个样本比较：--unpaired"
    ),
    "can't pair {one} with {other}: in {apart} of {all} trials the haystack begins elsewhere in the corpus; measure one "
    "of them again with --like and the other's folder, or compare them as two samples: --unpaired": (
        "无法把 {one} 与 {other} 配对：{all} 次试验中有 {apart} 次，长文在语料中的起点不同；请用 --like 加另一方的文件夹重测其中一方，"
        "或作为两个样本比较：--unpaired"
    ),
    "can't pair {one} with {other}: they did not read the same haystack ({told}); measure one of them again with "
    "--like and the other's folder, or compare them as two samples: --unpaired": (
        "无法把 {one} 与 {other} 配对：两边读的不是同一篇长文（{told}）；请用 --like 加另一方的文件夹重测其中一方，"
        "或作为两个样本比较：--unpaired"
    ),
    "--by {by!r}: choose prompt or model": "--by {by!r}：请选 prompt 或 model",
    "--difference is in points: give a number above 0, up to 100": "--difference 的单位是百分点：请给出大于 0、不超过 100 的数",
    "nothing": "没有",
    "there is nothing to compare by prompt: it takes two prompts of one model, and here is: {here}": (
        "按提示无从比较：需要同一模型的两个提示，而此处有：{here}"
    ),
    "there is nothing to compare by model: it takes one experiment and prompt on two models, and here is: {here}": (
        "按模型无从比较：需要两个模型的同一实验与提示，而此处有：{here}"
    ),
    "no prompt x model interaction: {error}": "没有提示与模型的交互：{error}",
    "what was found before and is missed now, case by case: {command}": "先前找到、现在没有找到的，逐例查看：{command}",
    "{new} and {old} have no prompt in common: {here} | {there}": "{new} 与 {old} 没有共同的提示：{here} | {there}",
    # report
    "a report is an HTML file: give it a name such as {name}": "报告是 HTML 文件：请取如 {name} 的文件名",
    "report: {out} ({size:.1f} MB)": "报告：{out}（{size:.1f} MB）",
    "the text around the needles is left out: {error}": "略去针的上下文：{error}",
    # probes
    "{path} was imported, its haystacks are not at hand: --probe is for runs of your own": (
        "{path} 是导入的，手头没有它的长文：--probe 只用于自己的运行"
    ),
    "nothing is sent: every probe is answered already": "没有发送任何请求：所有追问都已有回答",
    "nothing is sent: there is no miss to ask about": "没有发送任何请求：没有未找到的可追问",
    "probes: {misses} misses and {hits} hits as a control are asked to quote the needle": (
        "追问：请模型就 {misses} 次未找到和作为对照的 {hits} 次找到引用原句"
    ),
    "{done}/{total} probes": "已追问 {done}/{total}",
    "the probes that were answered are kept: give the same command again to go on": (
        "已有回答的追问都已保存：重新执行同一命令即可继续"
    ),
    "Retrieved, the question misread: {count} of {trials} misses could quote the needle when asked for it ({share}; 95%: "
    "{low} to {high}).": (
        "检索到了，但误读了问题：{trials} 次未找到中，有 {count} 次在被要求时能引用原句（{share}；95%：{low} 至 {high}）。"
    ),
    "Not retrieved: {count} of {trials} misses could not quote it ({share}; 95%: {low} to {high}).": (
        "没有检索到：{trials} 次未找到中，有 {count} 次引用不出原句（{share}；95%：{low} 至 {high}）。"
    ),
    "Control: {count} of {trials} hits could quote it ({share}; 95%: {low} to {high}).": (
        "对照：{trials} 次找到中，有 {count} 次能引用原句（{share}；95%：{low} 至 {high}）。"
    ),
    "The control is weak: this model often can't quote what it found, so that not quoting shows little.": (
        "对照偏弱：该模型找到了也常常引用不出，所以引用不出说明不了什么。"
    ),
    "No probe was answered: the causes of the misses are not known.": "没有追问得到回答：未找到的原因不明。",
    "{count} probes have no answer that can be judged; they count for nothing.": (
        "有 {count} 次追问没有可判断的回答，不计入。"
    ),
    # cases
    "{model}, {experiment}: bad cases": "{model}，{experiment}：问题案例",
    "invented another answer": "编造了别的答案",
    "said that the document does not tell": "称文中没有提及",
    "refused to answer": "拒绝回答",
    "said something else": "说了别的",
    "gave the answer and doubted it or took it back": "答出了，但又怀疑或收回",
    "gave a part of the answer, or more than it": "只答出一部分，或多答了",
    "gave the answer, graded below full marks": "答出了，但未得满分",
    "were cut off before the answer": "在答案之前被截断",
    "said nothing": "什么也没说",
    "missed it; what was said instead was not kept": "未找到，说了什么没有保留",
    "could not be scored": "无法评分",
    "Nothing is measured yet: there are no answers to look at.": "尚无结果：没有可看的回答。",
    "All {measured:,} measured answers have full marks: there are no bad cases.": (
        "有结果的 {measured:,} 个回答全部满分：没有问题案例。"
    ),
    "{below:,} of {measured:,} measured answers are below full marks.": (
        "有结果的 {measured:,} 个回答中，有 {below:,} 个未得满分。"
    ),
    "{count:,} {meaning} ({kind}): {reasons}": "{count:,} 个{meaning}（{kind}）：{reasons}",
    "{count:,} brought no score ({kind}), and count neither as hits nor as misses": (
        "{count:,} 个没有得分（{kind}），既不算找到也不算未找到"
    ),
    "No case is of the kind that was asked for.": "没有所要的那类案例。",
    "The text around the needles can't be shown: {why}": "无法显示针的上下文：{why}",
    "this run was imported, and its source does not say where the needle stood": (
        "这次运行是导入的，来源没有说明针放在哪里"
    ),
    "(no answer)": "（没有回答）",
    "(the answer was not kept)": "（回答没有保留）",
    "(white space only)": "（只有空白）",
    "at {places}": "位置：{places}",
    "why: {reason}": "原因：{reason}",
    "comes from: {sentence}": "出自：{sentence}",
    "sent: {text}": "所发：{text}",
    "{reason}; missing: {facts}": "{reason}；缺少：{facts}",
    "{length:,} tokens/{depth:g}%": "{length:,} token/{depth:g}%",
    "{some} and {count:,} more": "{some}，另有 {count:,} 处",
    "No answer.": "没有回答。",
    "| trial | prompt | length | depth | repeat | band |": "| 试验 | 提示 | 长度 | 深度 | 重复 | 得分 |",
    "{id}, why:": "{id}，原因：",
    "said:": "所答：",
    "comes from:": "出自：",
    "sent:": "所发：",
    # pairs
    "needle's text": "针的文本",
    "length unit": "长度单位",
    "fit of the length unit": "长度单位的校准",
    "rules of placement": "放置规则",
    "seed of the needle": "针的种子",
    "{tokenizer} as fitted to the server's count": "按服务器计数校准的 {tokenizer}",
    # judging
    "price unknown (give the model `prices` in models.yaml)": "单价未知（请在 models.yaml 中给该模型 `prices`）",
    "at most ${usd:,.4f}": "至多 ${usd:,.4f}",
    "{scorer}: {answers} answers, every verdict is known already: nothing is sent": (
        "{scorer}：{answers} 个回答，裁决都已有：没有发送任何请求"
    ),
    "{scorer}: {answers} answers, {calls} calls to make ({known} verdicts are known), about {tokens:,} tokens to send; "
    "{money}": (
        "{scorer}：{answers} 个回答，需调用 {calls} 次（已有 {known} 个裁决），发送约 {tokens:,} token；{money}"
    ),
    "{calls} calls ({failed} failed): {sent:,} tokens sent, {answered:,} answered; {money}": (
        "调用 {calls} 次（失败 {failed} 次）：发送 {sent:,} token，回答 {answered:,}；{money}"
    ),
    "{count} calls of unknown price beside {money}": "{money}，另有 {count} 次调用单价未知",
    "{count} calls of unknown price": "{count} 次调用单价未知",
    # agreement
    "{rater} against {reference}: {answers} answers": "{rater} 对照{reference}：{answers} 个回答",
    "95% interval": "95% 区间",
    "exact": "一致",
    "outcome": "结果",
    "recall:": "召回：",
    "{low} to {high}": "{low} 至 {high}",
    "band by {reference} (rows), by {rater} (columns)": "{reference}所评的档（行），{rater} 所评的档（列）",
    "other bands: {count}": "档不同：{count}",
    "{count} more are unscored and in no figure: {reasons}": "另有 {count} 个未评分，不计入任何数字：{reasons}",
    "people": "人工",
    "one keyword": "单个关键词",
    "share of facts": "事实占比",
    "{band} by the reference ({why})": "参照评 {band}（{why}）",
    "{band} by the reference": "参照评 {band}",
    "{band} by the scorer ({why})": "评分器评 {band}（{why}）",
    "{id}: {reference}, {scorer}: {answer}": "{id}：{reference}，{scorer}：{answer}",
}
