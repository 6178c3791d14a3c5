"""Chinese of what is said before a run: plan, endpoint, needles, corpora."""

WORDS = {
    # plan
    "{name} must be more than 0": "{name} 须大于 0",
    # runs and batches
    "a --model has no name: leave it out": "有一个 --model 没有名称：请去掉",
    "--vary {name!r} is none of {known}": "--vary {name!r} 不在 {known} 之中",
    "--vary needle: the needle {name!r} has no fresh values to draw, so that every repeat would hide the same; leave it "
    "out, or take a needle that has (nih needle list)": (
        "--vary needle：针 {name!r} 没有可抽取的新值，每次重复藏的都一样；请去掉，或换一根有新值的针（nih needle list）"
    ),
    "models.yaml: there is no cache {chosen!r}; known: {known}": "models.yaml：没有缓存 {chosen!r}；现有：{known}",
    "prefix cache: {computed:.1%} of the prompts' tokens were computed, {predicted:.1%} were predicted ({order} order, "
    "{cache})": "前缀缓存：提示 token 中实际计算了 {computed:.1%}，预计 {predicted:.1%}（{order} 次序，{cache}）",
    "--max-requests must be at least 1, and --max-file-mb more than 0": "--max-requests 至少为 1，--max-file-mb 须大于 0",
    "note: --header belongs to a request's transport and is not in the files": (
        "注意：--header 属于请求的传输层，不写入文件"
    ),
    "{requests:,} requests, {bytes:,} bytes": "{requests:,} 个请求，{bytes:,} 字节",
    "--extra-body holds a secret, which may not stand in a file: leave it out, and let the server that runs the batch "
    "add it": "--extra-body 含有密钥，不能写入文件：请去掉，由执行批处理的服务器加上",
    "one request has {size:,} bytes, more than a file may have ({most:,}): raise --max-file-mb, or ask for shorter "
    "lengths": "一个请求有 {size:,} 字节，超过了文件的上限（{most:,}）：请调大 --max-file-mb，或减短长度",
    # needle check
    "no experiment has the needle {needle!r}: add one to needles.yaml": "没有使用针 {needle!r} 的实验：请在 needles.yaml 中加一个",
    "Asked {model}": "询问了 {model}",
}
