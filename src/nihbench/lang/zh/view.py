"""Chinese of the live view and of progress."""

WORDS = {
    "next waits for an answer": "下一个请求在等回答",
    "next waits {seconds} as the server asked": "应服务器要求，下一个请求等待 {seconds}",
    "next waits {seconds} for requests a minute": "受每分钟请求数所限，下一个请求等待 {seconds}",
    "next waits {seconds} for tokens a minute": "受每分钟 token 数所限，下一个请求等待 {seconds}",
    "tokens: {sent:,} in, {answered:,} out, about {left:,} to go": (
        "token：输入 {sent:,}，输出 {answered:,}，还剩约 {left:,}"
    ),
    "${spent} spent": "已花费 ${spent}",
    "${spent} of ${most:,.2f} spent": "已花费 ${spent}，上限 ${most:,.2f}",
    "${spent} spent, the rest at most ${rest:,.4f}": "已花费 ${spent}，其余至多 ${rest:,.4f}",
    "no cost": "不花钱",
    "cost unknown": "花费未知",
    "{tokens}; {money}": "{tokens}；{money}",
    "authentication": "鉴权失败",
    "quota": "额度用尽",
    "rate limit": "限速",
    "day limit": "日限额",
    "overloaded": "过载",
    "transient": "暂时故障",
    "timeout": "超时",
    "overflow": "超出窗口",
    "filtered": "被过滤",
    "bad parameter": "参数不符",
    "bad response": "响应有误",
    "cut prompt": "提示被截断",
    "cut answer": "回答被截断",
    "refused by the server": "服务器拒绝",
    "not scored": "未评分",
    "{done} of {total} trials, {elapsed}": "已完成 {done}/{total} 次试验，用时 {elapsed}",
    "{share:.0%} of the tokens, time left unknown yet": "已完成 {share:.0%} 的 token，剩余时间尚未知",
    "{share:.0%} of the tokens, at least {time} left": "已完成 {share:.0%} 的 token，至少还需 {time}",
    "{share:.0%} of the tokens, about {time} left": "已完成 {share:.0%} 的 token，约还需 {time}",
    "found {found:.1%} ({hits:,} of {measured:,}), strict {strict:.1%}": (
        "找到率 {found:.1%}（{hits:,}/{measured:,}），严格正确率 {strict:.1%}"
    ),
    "{found}; no valid answer: {failures}": "{found}；无有效回答：{failures}",
    "nothing is measured yet": "尚无结果",
    "{flying} of at most {limit} calls under way": "{flying} 个请求进行中，上限 {limit}",
    "{count} refused": "被拒 {count} 次",
    "{count:,.0f} tokens a minute": "每分钟 {count:,.0f} token",
    "{count:,.0f} requests a minute": "每分钟 {count:,.0f} 个请求",
    "limits: {parts}": "限额：{parts}",
    ", ": "，",
    "latest miss, length {length:,}, depth {depth:g}%: ": "最近一次未找到，长度 {length:,}，深度 {depth:g}%：",
    "answered": "已回答",
    "failed ({kind})": "失败（{kind}）",
    "{done}/{total} {prompt} length {length} depth {depth:g}%: {what} in {seconds:.1f} s": (
        "{done}/{total} {prompt} 长度 {length} 深度 {depth:g}%：{what}，用时 {seconds:.1f} 秒"
    ),
    "no process works on {runs}: this is how it stands": "没有进程在跑 {runs}：现状如下",
}
