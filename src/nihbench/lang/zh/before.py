"""Chinese of what is said before a run: plan, endpoint, needles, corpora."""

WORDS = {
    "nothing: the model runs on this machine": "不花钱：模型在本机运行",
    "nothing: {host} says that it is {engine}": "不花钱：{host} 表明自己是 {engine}",
    # plan
    "{name} must be more than 0": "{name} 须大于 0",
    # runs and batches
    "a --model has no name: leave it out": "有一个 --model 没有名称：请去掉",
    "--vary {name!r} is none of {known}": "--vary {name!r} 不在 {known} 之中",
    "--vary temperature is --vary sampling now: the same prompt is asked again, at one temperature": (
        "--vary temperature 现在叫 --vary sampling：以同一温度把同样的提示再问一次"
    ),
    "--vary sampling asks the same prompt again, and at temperature 0 answers do not vary: give --temperature 0.7 or the "
    "like, or --vary haystack": (
        "--vary sampling 把同样的提示再问一次，温度为 0 时回答不会变化：请给出 --temperature 0.7 之类，或用 --vary haystack"
    ),
    "--vary needle: the needle {name!r} has no fresh values to draw, so that every repeat would hide the same; leave it "
    "out, or take a needle that has (nih needle list)": (
        "--vary needle：针 {name!r} 没有可抽取的新值，每次重复藏的都一样；请去掉，或换一根有新值的针（nih needle list）"
    ),
    "models.yaml: there is no cache {chosen!r}; known: {known}": "models.yaml：没有缓存 {chosen!r}；现有：{known}",
    "prefix cache: {computed:.1%} of the prompts' tokens were computed, {predicted:.1%} were predicted ({order} order, "
    "{cache})": "前缀缓存：提示 token 中实际计算了 {computed:.1%}，预计 {predicted:.1%}（{order} 次序，{cache}）",
    "{requests:,} requests, {bytes:,} bytes": "{requests:,} 个请求，{bytes:,} 字节",
    "--extra-body (or the preset's) holds a secret, which may not stand in a file: leave it out, and let the server that "
    "runs the batch add it": "--extra-body（或预设中的）含有密钥，不能写入文件：请去掉，由执行批处理的服务器加上",
    # keys
    "--api-key-env takes the name of the variable that holds the key, such as MOONSHOT_API_KEY, not the key: nothing was "
    "sent or stored; put the key into that variable": (
        "--api-key-env 接受存放密钥的环境变量的名称，例如 MOONSHOT_API_KEY，而不是密钥本身：没有发送或保存任何内容；"
        "请把密钥放进那个变量"
    ),
    "one request has {size:,} bytes, more than a file may have ({most:,}): raise --max-file-mb, or ask for shorter "
    "lengths": "一个请求有 {size:,} 字节，超过了文件的上限（{most:,}）：请调大 --max-file-mb，或减短长度",
    # needle check
    "no experiment has the needle {needle!r}: add one to needles.yaml": "没有使用针 {needle!r} 的实验：请在 needles.yaml 中加一个",
    "Asked {model}": "询问了 {model}",
    "at an unknown cost": "花费未知",
    "for {least} to {most} ({predicted} predicted)": "花费 {least} 至 {most}（预计 {predicted}）",
    "{runs} runs, {trials:,} trials, {tokens:,} tokens sent, {cost}": (
        "{runs} 次运行，{trials:,} 次试验，发送 {tokens:,} token，{cost}"
    ),
    "all": "合计",
    "at no charge": "不收费",
    "at an unknown price": "单价未知",
    "for about ${usd:.4f}": "约 ${usd:.4f}",
    "{requests} counts by the server, about {tokens:,} tokens, {money}; --no-calibrate leaves it out": (
        "请服务器计数 {requests} 次，约 {tokens:,} token，{money}；--no-calibrate 可省去"
    ),
    "; ": "；",
    "model": "模型",
    "window": "窗口",
    "{window:,} tokens, of which prompts may fill {room:,}": "{window:,} token，其中提示可占 {room:,}",
    "unknown": "未知",
    "experiment": "实验",
    "{experiment}: prompts {prompts}": "{experiment}：提示 {prompts}",
    "corpus": "语料",
    "{corpus}, {copies} times in the longest prompts": "{corpus}，在最长的提示中重复 {copies} 遍",
    "lengths": "长度",
    "{lengths} ({unit})": "{lengths}（{unit}）",
    "left out": "略去",
    "{lengths}: over the window": "{lengths}：超出窗口",
    "depths": "深度",
    "{depths} percent": "{depths}（百分比）",
    "achieved": "实际深度",
    "{mean:.1f} points off these depths on average, {largest:.1f} at most (at {length:,} tokens of {tokenizer}; the "
    "run says what it is once lengths are fitted)": (
        "与这些深度平均相差 {mean:.1f} 个百分点，最多 {largest:.1f} 个"
        "（长度 {length:,} 处，按 {tokenizer} 计；长度拟合之后由运行给出实际值）"
    ),
    "{mean:.1f} points off these depths on average, {largest:.1f} at most (at {length:,} tokens)": (
        "与上述深度平均相差 {mean:.1f} 个百分点，最多 {largest:.1f} 个（在 {length:,} token 处）"
    ),
    "repeats": "重复",
    "{repeats}, varying {vary}": "{repeats} 次，变化的是 {vary}",
    "order": "次序",
    "{order}, {start} at a time at first": "{order}，起初同时 {start} 个请求",
    "{order}, {start} at a time": "{order}，同时 {start} 个请求",
    "trials": "试验",
    "{trials:,}, and {controls:,} controls": "{trials:,} 次，另有对照 {controls:,} 次",
    "tokens": "token",
    "{sent:,} sent, at most {answered:,} answered": "发送 {sent:,}，回答至多 {answered:,}",
    "cache": "缓存",
    "none known: every token is computed": "未知有缓存：每个 token 都要计算",
    "{cached:,} tokens predicted to be cached, {computed:.1%} computed ({cache})": (
        "预计 {cached:,} token 命中缓存，{computed:.1%} 需要计算（{cache}）"
    ),
    "cost": "花费",
    "unknown: give --price IN,OUT ({model} has no prices at these lengths in models.yaml)": (
        "未知：请用 --price IN,OUT 给出（models.yaml 中 {model} 没有这些长度的单价）"
    ),
    "the prices of {day}": "{day} 的单价",
    "undated prices": "日期不明的单价",
    "the given price": "所给的单价",
    "{least} (all cached) to {most} (nothing cached, longest answers); {predicted} predicted (answers of {guessed:,} "
    "tokens), at {price}": (
        "{least}（全部命中缓存）至 {most}（全不命中，回答最长）；预计 {predicted}（回答按 {guessed:,} token 计），按{price}"
    ),
    "time": "时间",
    "unknown: give --rpm, --tpm, --prefill-speed or --answer-speed": (
        "未知：请给出 --rpm、--tpm、--prefill-speed 或 --answer-speed"
    ),
    "at least {time} at the given limits and speeds": "按所给的限额与速度，至少 {time}",
    "precision": "精度",
    "demonstrate": "证实",
    "{name} of {trials:,}: ±{at_half:.1%} at 50% found, ±{at_nine:.1%} at 90%": (
        "{name} {trials:,} 次：找到率 50% 时 ±{at_half:.1%}，90% 时 ±{at_nine:.1%}"
    ),
    "the grid": "全网格",
    "a length": "每个长度",
    "a cell": "每格",
    "calibration": "校准",
    "controls": "对照",
    "length": "长度",
    "cached": "命中缓存",
    # the endpoint
    "canary: {finding}": "探针：{finding}",
    "no answer ({failure}): {said}": "没有回答（{failure}）：{said}",
    "the server gave no count of about {expected:,} tokens": "约 {expected:,} token，服务器没有给出计数",
    "the server counted {seen:,} of about {expected:,} tokens": "约 {expected:,} token，服务器计得 {seen:,}",
    "the first and the last line arrived ({tokens})": "首行与末行都已送达（{tokens}）",
    "neither code came back, which a weak model may do with a whole prompt too ({tokens})": (
        "两个代码都没有复述出来，较弱的模型即使收到完整提示也可能如此（{tokens}）"
    ),
    "it may have been cut": "可能被截断了",
    "by its count nothing was cut, so the model may have missed it": "按其计数没有截断，可能是模型漏看了",
    "the first line did not come back, the last one did: {why} ({tokens})": "首行没有复述出来，末行有：{why}（{tokens}）",
    "the last line did not come back, the first one did: {why} ({tokens})": "末行没有复述出来，首行有：{why}（{tokens}）",
    "the server": "服务器",
    "the list of models": "模型列表",
    "{path}, as the model is loaded now": "{path}，按模型当前加载的设置",
    "the preset": "预设",
    "the server gave no answer": "服务器没有回答",
    "by the usage of short answers, to which a run fits its lengths": "由短回答的用量得出，测评按它校准长度",
    "by the server's own tokenizer": "由服务器自己的分词器",
    "by the service's counting endpoint": "由服务的计数端点",
    "by {tokenizer} on this machine": "由本机的 {tokenizer}",
    "{tokens:,} tokens, by the word of {who}": "{tokens:,} token，据{who}",
    "reported": "有报告",
    "not reported": "不报告",
    "{model} at {host}": "{model}，位于 {host}",
    "reachable": "可连接",
    "authorised": "已授权",
    "model listed": "列有模型",
    "answers": "能回答",
    "counting": "计数",
    "sample text": "样例文本",
    "{seen} tokens by the server with its template, {count} by {name}": (
        "服务器计得 {seen} token（含对话模板），{name} 计得 {count}"
    ),
    "{seen} tokens by the server with its template": "服务器计得 {seen} token（含对话模板）",
    "streaming": "流式",
    "cached tokens": "缓存 token",
    "canary": "探针",
    "not sent": "未发送",
    "rate limits": "限速",
    "default sweep": "默认测评",
    "differs": "差异",
    "warning": "警告",
    "usable": "可用",
    "yes": "是",
    "no": "否",
    "{requests:,} requests, {tokens:,} tokens a window of the account": (
        "账户每个时间窗 {requests:,} 个请求、{tokens:,} token"
    ),
    "{requests:,} requests a window of the account": "账户每个时间窗 {requests:,} 个请求",
    "{tokens:,} tokens a window of the account": "账户每个时间窗 {tokens:,} token",
    "unknown, for the model's window is not known: give --window TOKENS": (
        "未知，因为不知道模型的窗口：请用 --window 给出 token 数"
    ),
    "unknown: {problem}": "未知：{problem}",
    "{trials:,} trials send {tokens:,} tokens; cost: {cost}": "{trials:,} 次试验将发送 {tokens:,} token；费用：{cost}",
    "spent": "已花费",
    "price unknown": "单价未知",
    "{tokens:,} tokens sent for this, {money}": "此次检查发送 {tokens:,} token，{money}",
    "next, a canary of about {tokens:,} tokens (--canary 0 leaves it out)": (
        "接着发送约 {tokens:,} token 的探针（--canary 0 则不发）"
    ),
    "this command takes one --base-url: leave the others out": "此命令只接受一个 --base-url：请去掉其余的",
    # models and corpora
    "server: {kind}, window {tokens:,} tokens": "服务器：{kind}，窗口 {tokens:,} token",
    "server: {kind}": "服务器：{kind}",
    "embedded": "内嵌",
    "reasoning": "推理",
    "retired": "已下线",
    "unchecked": "未核实",
    "about {tokens:,} tokens": "约 {tokens:,} token",
    "size not known": "大小未知",
    "to fetch": "待获取",
    "here": "已在本机",
    "damaged": "已损坏",
    "tokens {tokenizer}": "token {tokenizer}",
    "language": "语言",
    "bytes": "字节",
    "characters": "字符",
    "han": "汉字",
    "words": "词",
    "lines": "行",
    # needles
    "needles": "针",
    "prompts": "提示",
    "experiments (nih run --experiment NAME, or NAME/PROMPT)": "实验（nih run --experiment 名称，或 名称/提示）",
    "needle {needle}, corpus {corpus}, prompts {prompts}": "针 {needle}，语料 {corpus}，提示 {prompts}",
    "(give --corpus)": "（请用 --corpus 给出）",
    "suites": "套件",
    "hidden": "原句",
    "question": "问题",
    "answer": "答案",
    "subject": "主语",
    "weight {weight:g}": "权重 {weight:g}",
    "identifying": "关键",
    "guessable": "可猜到",
    "fact": "事实",
    "  or {alias}": "  或 {alias}",
    "note": "注意",
    "problem": "问题",
    "ok": "正常",
    "{needle} in {corpus}": "针 {needle}，语料 {corpus}",
    "Sentences that could mislead, the likeliest first (weight, line of the corpus)": (
        "可能误导的句子，最可能的在前（权重，语料行号）"
    ),
    "Sentences that hold the needle or a key fact (which, line of the corpus)": (
        "含有原句或关键事实的句子（哪一个，语料行号）"
    ),
    "{mark} line {number}: {sentence}": "{mark} 第 {number} 行：{sentence}",
    "and {count:,} more: --limit 0 shows all": "另有 {count:,} 句：--limit 0 全部显示",
    # how requests are changed
    "the server refuses stream_options: usage may be missing": "服务器不接受 stream_options：可能没有用量",
    "the server wants the output limit as {name}": "服务器要求以 {name} 给出输出上限",
    "the server refuses {names} ({said}): not sent": "服务器不接受 {names}（{said}）：不再发送",
    "the server takes no system message: its text is put before the user's": (
        "服务器不接受系统消息：其文字放到用户消息之前"
    ),
    # is a needle fair
    "The needle stands in the corpus word for word: it can't be hidden there.": "语料中一字不差地含有这根针：无法藏在其中。",
    "The corpus says nearly what the needle says ({count} x; up to {share:.0%} of its words).": (
        "语料中有与针几乎相同的话（{count} 处；至多有其 {share:.0%} 的词）。"
    ),
    "Neither the needle nor a near copy of it stands in the corpus.": "语料中既没有这根针，也没有近似的句子。",
    "The corpus holds the fact {fact!r}{identifying} ({count} x): an answer can have it from there.": (
        "语料中含有事实 {fact!r}{identifying}（{count} 处）：回答可能从那里得来。"
    ),
    "The corpus nearly holds the fact {fact!r}{identifying} ({count} x).": (
        "语料中含有近似事实 {fact!r}{identifying} 的话（{count} 处）。"
    ),
    ", the identifying one": "（关键事实）",
    "No key fact stands in the corpus.": "语料中没有关键事实。",
    "The corpus names the subject ({subject}) in {count} sentences.": "语料中有 {count} 句提到主语（{subject}）。",
    "The subject ({subject}) never occurs in the corpus: an easier haystack, for the needle is the only sentence about "
    "it.": "语料中从未出现主语（{subject}）：这样的长文较容易，因为只有针这一句谈到它。",
    "The needle has no subject: whether the corpus speaks of the same can't be told. Give it one.": (
        "针没有主语：无法判断语料是否也谈到它。请给它一个主语。"
    ),
    "{which} asks for {asked!r}, the needle says {told!r}: a model that finds the needle may still not take it for the "
    "answer, so that a miss can be the question's fault.": (
        "{which}问的是 {asked!r}，针说的是 {told!r}：模型找到了针也未必当作答案，未找到可能是问题的错。"
    ),
    "{which} asks for {asked!r}, the needle makes no such judgement: whether it answers is left to the model.": (
        "{which}问的是 {asked!r}，针没有这样的评判：算不算答案全由模型决定。"
    ),
    "{which} shares {share:.0%} of its content words with the needle; the needle lacks {words}.": (
        "{which}的实词有 {share:.0%} 见于针；针中没有 {words}。"
    ),
    "{which} uses only words of the needle: a search for the words would find it, without understanding.": (
        "{which}只用了针里的词：不必理解，搜词就能找到。"
    ),
    "The question of the prompt {prompt!r}": "提示 {prompt!r} 的问题",
    "The question": "问题",
    "{count} sentences of the corpus could mislead ({named} name the subject, {others} call something the best of the "
    "same, or share much of the question).": (
        "语料中有 {count} 句可能误导（{named} 句提到主语，{others} 句说同类中什么最好，或与问题多有相同）。"
    ),
    "No sentence of the corpus could answer the question as well.": "语料中没有别的句子也能回答这个问题。",
    "The needle's language is {needle}, the corpus's is {corpus}: a needle in another language is easy to see.": (
        "针的语言是 {needle}，语料的语言是 {corpus}：另一种语言的针很显眼。"
    ),
    "The needle's language is {needle}; the corpus's could not be told from its script.": (
        "针的语言是 {needle}；语料的语言无法从文字判断。"
    ),
    "Needle and corpus are both in the language {needle}.": "针与语料的语言都是 {needle}。",
    "The corpus has {tokens:,} {unit} tokens: lengths above that need --repeat-corpus, or another corpus (asked: up to "
    "{longest:,}).": (
        "语料有 {tokens:,} token（按 {unit} 计）：更长的长度需要 --repeat-corpus 或换语料（所求最长 {longest:,}）。"
    ),
    "The corpus has {tokens:,} {unit} tokens, enough for {longest:,}.": (
        "语料有 {tokens:,} token（按 {unit} 计），足够 {longest:,}。"
    ),
    "{done:.1f} MB of {total:.1f} MB": "{done:.1f} MB，共 {total:.1f} MB",
    "{host} refused to count tokens: {said}": "{host} 拒绝计数 token：{said}",
    "the server does not stream: answers are waited for as a whole": "服务器不支持流式：将等待完整的回答",
    "{host} does not keep to the output limit: answers that run far past it are cut off": (
        "{host} 不遵守输出上限：远远超出上限的回答会被截断"
    ),
    "{host} has sent nothing of an answer for {waited}, to a prompt of about {tokens:,} tokens: it may still be reading "
    "or have a queue, and is given {most} in all": (
        "{host} 对约 {tokens:,} 个 token 的提示已有 {waited}没有发来任何回答：它可能还在读取提示或正在排队，总共等待 {most}"
    ),
    "lengths can't be fitted to the server's count ({kind}: {said}): mend that, or give --no-calibrate to count in a "
    "reference tokenizer": (
        "无法按服务器的计数校准长度（{kind}：{said}）：请先解决，或用 --no-calibrate 改按参考分词器计数"
    ),
    "the run had to stop ({kind}), for a further haystack could not be fitted to the server's counts: {said}": (
        "运行只得停止（{kind}），因为无法按服务器的计数校准追加的长文：{said}"
    ),
    "note: a further haystack is not fitted to the server's counts ({kind}: {said}): its lengths are those of the first "
    "one's fit": "注意：一篇追加的长文未按服务器的计数校准（{kind}：{said}），其长度沿用第一篇的校准",
    "{path}: another command has gone on with it meanwhile: give the same command again": (
        "{path}：其间另一命令已继续了这次运行：请再执行一次同样的命令"
    ),
    "note: a further haystack is not fitted: the server tells no token counts any more": (
        "注意：一篇追加的长文未校准：服务器不再给出 token 计数"
    ),
    "hf:PATH of a tokenizer.json": "hf:（tokenizer.json 的路径）",
    "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY": "HTTP_PROXY、HTTPS_PROXY 或 ALL_PROXY",
    "SSL_CERT_FILE or SSL_CERT_DIR": "SSL_CERT_FILE 或 SSL_CERT_DIR",
    "it holds no certificate in PEM form": "其中没有 PEM 格式的证书",
    "the package index could not be reached; {said}": "无法连接软件包索引；{said}",
    "no message": "没有消息",
    "--max-requests must be at least 1, and --max-file-mb more than 0": "--max-requests 至少为 1，--max-file-mb 须大于 0",
    "note: --header belongs to a request's transport and is not in the files": (
        "注意：--header 属于请求的传输层，不写入文件"
    ),
}
