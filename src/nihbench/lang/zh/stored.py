"""Chinese of what is read back from files: why answers were graded so, why calls failed. See `recalled`."""

WORDS = {
    # why the rules graded so
    "thinking that never ends": "思考没有结束",
    "nothing but white space": "只有空白",
    "the rules read English and Chinese; this is {strange}": "规则只读英文和中文；这是{strange}",
    "an answer to a needle in {language}": "对 {language} 语言的针的回答",
    "an answer of {count:,} characters, of which both ends were read": "回答长达 {count:,} 个字符，只读了首尾两端",
    "in another script": "其他文字",
    "Japanese": "日文",
    "German": "德文",
    "French": "法文",
    "Spanish": "西班牙文",
    "Portuguese": "葡萄牙文",
    "Italian": "意大利文",
    "Dutch": "荷兰文",
    "number nearly right: {number}": "数字接近但不对：{number}",
    "two numbers: {number} too": "两个数字：还有 {number}",
    "two numbers: {number} after the right one": "两个数字：正确的之后又说 {number}",
    "negated: {fact}": "被否定：{fact}",
    "taken back: {cue}": "又收回：{cue}",
    "alternatives: {cue}": "另给选择：{cue}",
    "one of {count} choices": "{count} 个选项之一",
    "or, after another choice": "另一选择之后的“或”",
    "or another choice": "“或”另一选择",
    "hedged: {cue}": "含糊：{cue}",
    "given as a question": "以问句给出",
    "another subject: {words}": "主语不符：{words}",
    "vague: {words}": "含混：{words}",
    "extra: {cue}": "多余内容：{cue}",
    "added number {number}": "多了数字 {number}",
    "added name {name}": "多了名称 {name}",
    "added {words}": "多了 {words}",
    "every fact given": "事实齐全",
    "a part of {fact}": "只有 {fact} 的一部分",
    "{right} of {all} facts": "{all} 个事实中答出 {right} 个",
    "{right} of {all} words": "{all} 个词中答出 {right} 个",
    "{said}, hedged: {cue}": "{said}，且含糊：{cue}",
    "repeats the question": "重复了问题",
    "to the grader: {words}": "对评分者说话：{words}",
    "refuses: {words}": "拒答：{words}",
    "outside knowledge: {words}": "用了文外的知识：{words}",
    "abstains: {words}": "称未提及：{words}",
    "cut at the length limit with nothing found": "到长度上限被截断，未见答案",
    "breaks off before the answer": "在答案之前中断",
    "asks back: {words}": "反问：{words}",
    "asks back": "反问",
    "a short answer without any fact": "简短的回答，没有任何事实",
    "answers the question without any fact": "答了问题，但没有任何事实",
    "does not take up the question": "没有回应问题",
    "no score": "没有评分",
    # why a judge's verdict does not count
    "the verdict was cut off by the output limit": "裁决因输出上限被截断",
    "the judge's thinking never ended": "裁判的思考没有结束",
    "the judge said nothing": "裁判什么也没说",
    "the verdict is far too long": "裁决过长",
    "the verdict is not one JSON object": "裁决不是一个 JSON 对象",
    "the verdict has other keys than were asked for": "裁决的键与要求不符",
    "a value of the verdict is not of the kind that was asked for": "裁决中有的值类型与要求不符",
    "the verdict is of another case": "裁决属于另一个案例",
    "the verdict's band is none of 100, 70, 50, 30, 0": "裁决的档不在 100、70、50、30、0 之中",
    "the verdict has no reasons": "裁决没有理由",
    "the verdict has a word that is none of those asked for": "裁决中有的词不在要求之列",
    "the verdict contradicts itself: {outcome} at band {band}": "裁决自相矛盾：{outcome} 却得 {band}",
    "there is no vote": "没有投票",
    "{none} of {all} votes are none: {why}": "{all} 票中有 {none} 票无效：{why}",
    # imports
    "the source has neither an answer nor a grade": "来源既没有回答也没有评分",
    "no grade": "没有评分",
    "the grade {given:g}, outside {least:g} to {most:g}": "评分 {given:g}，超出 {least:g} 至 {most:g}",
    "the source gives {said}": "来源给出的是：{said}",
    "graded there: {given:g}": "来源评分：{given:g}",
    # why a call failed
    "the answer has no choices with a message: is this a chat endpoint?": "回答中没有带消息的 choices：这是对话端点吗？",
    "the output limit was used up before the answer began: raise --max-output": (
        "回答开始之前输出上限就用完了：请调大 --max-output"
    ),
    "the answer was stopped by the provider's content filter ({reason})": "回答被服务商的内容过滤拦下（{reason}）",
    "the answer was stopped by the provider's content filter ({reason}): {said}": (
        "回答被服务商的内容过滤拦下（{reason}）：{said}"
    ),
    "the server broke off the answer ({reason})": "服务器中断了回答（{reason}）",
    "the server ended the answer before it began ({reason})": "服务器在回答开始之前就结束了它（{reason}）",
    "the answer has no choices with a message ({said}): is this a chat endpoint?": (
        "回答中没有带消息的 choices（{said}）：这是聊天接口吗？"
    ),
    "{message} (the proxy wants a login: write its address as http://USER:PASSWORD@HOST:PORT)": (
        "{message}（代理要求登录：请把它的地址写成 http://USER:PASSWORD@HOST:PORT）"
    ),
    "the proxy on the way to {host} wants a login: write its address as http://USER:PASSWORD@HOST:PORT": (
        "通往 {host} 的代理要求登录：请把它的地址写成 http://USER:PASSWORD@HOST:PORT"
    ),
    "have it renewed if this machine's clock is right, or give --insecure to go without the check": (
        "如果本机时钟正确，请更新证书；或用 --insecure 跳过检查"
    ),
    "give the base URL with the name that it is made for, or --insecure to go without the check": (
        "base URL 请用证书上的名称；或用 --insecure 跳过检查"
    ),
    "could not connect to {host} by the proxy {proxy} ({reason}): is the proxy's address right, or should NO_PROXY name "
    "the server?": "无法通过代理 {proxy} 连接 {host}（{reason}）：代理地址对吗？还是应把该服务器写入 NO_PROXY？",
    "the connection ended before the answer did": "连接在回答结束之前断开",
    "text compressed by {encoding}, which was not asked for": "内容以 {encoding} 压缩，而并未要求压缩",
    "the server sent an empty answer": "服务器发来空的回答",
    "the stream broke off before the answer was finished": "流在回答结束之前中断",
    "a part of the stream could not be read": "流中有一部分无法读取",
    "{cut} (a limit of {limit} did not help: {said})": "{cut}（上限 {limit} 也无济于事：{said}）",
    "{host} was too slow: {error}": "{host} 太慢：{error}",
    "the first token did not come within {seconds:g} s": "首个 token 在 {seconds:g} 秒内没有到来",
    "the answer was not finished within {seconds:g} s": "回答在 {seconds:g} 秒内没有结束",
    "the answer stood still for {seconds:g} s": "回答停顿了 {seconds:g} 秒",
    "{host} sends far more than the output limit allows": "{host} 发来的内容远远超出输出上限",
    "the server went past the output limit before the answer began": "回答尚未开始，服务器就超出了输出上限",
    "{host} did not answer in time": "{host} 没有按时回答",
    "{host} did not take the prompt in time": "{host} 没有按时接收提示",
    "give --ca-file with the certificate of its authority, or --insecure to go without the check": (
        "请用 --ca-file 给出其颁发机构的证书，或用 --insecure 跳过校验"
    ),
    "the certificate of {host} is not trusted ({said}): {mend}": "{host} 的证书不受信任（{said}）：{mend}",
    "no answer": "没有回答",
    "{host} does not speak TLS ({reason}): does its base URL begin with http://?": (
        "{host} 不用 TLS（{reason}）：其地址是否应以 http:// 开头？"
    ),
    "could not connect to {host} ({reason}): is the server running?": "无法连接 {host}（{reason}）：服务器在运行吗？",
    "the proxy on the way to {host} refused ({said})": "通往 {host} 的代理拒绝了（{said}）",
    "{host} sent an answer that can't be decompressed": "{host} 发来无法解压的回答",
    "the connection to {host} was lost ({said})": "与 {host} 的连接断了（{said}）",
    "HTTP {status} without a message": "HTTP {status}，没有消息",
    "a web page: {title}": "一个网页：{title}",
    "a web page": "一个网页",
    "{message} (the day's allowance is used up: go on by --resume in {wait})": (
        "{message}（当日额度已用完：请在 {wait}后用 --resume 继续）"
    ),
    "{message} (the day's allowance is used up: go on by --resume tomorrow; the server does not say when)": (
        "{message}（当日额度已用完：请明天用 --resume 继续，服务器没有说明何时）"
    ),
    "{message} (the server sends you on to {target}: is the base URL right?)": (
        "{message}（服务器让你转到 {target}：地址对吗？）"
    ),
    "another address": "另一个地址",
    "{message} (Moonshot's keys for api.moonshot.ai and api.moonshot.cn are not interchangeable)": (
        "{message}（Moonshot 的 api.moonshot.ai 与 api.moonshot.cn 的密钥不能通用）"
    ),
    "{message} (check the base URL: it usually ends in /v1)": "{message}（请检查地址：通常以 /v1 结尾）",
    "the server counted {seen} tokens of a prompt of {expected}: either it was cut on the way, or the count leaves out "
    "what the server had cached; the canary of nih doctor tells which": (
        "{expected} token 的提示，服务器只计得 {seen}：要么途中被截断，要么计数不含服务器已缓存的部分；"
        "用 nih doctor 的金丝雀检查可以分辨"
    ),
    "the server counted {seen:,} tokens of a prompt of about {expected:,.0f}: it was cut, or the count leaves out what the "
    "server had cached; the canary of nih doctor tells which": (
        "约 {expected:,.0f} token 的提示，服务器只计得 {seen:,}：要么被截断，要么计数不含服务器已缓存的部分；"
        "用 nih doctor 的金丝雀检查可以分辨"
    ),
    "the server counted {seen:,} tokens of a prompt of about {expected:,.0f}: this can't be the answer to it": (
        "约 {expected:,.0f} token 的提示，服务器却计得 {seen:,}：这不可能是对它的回答"
    ),
    "the server counted {seen:,} tokens, a power of two, of a prompt of about {expected:,.0f}: it was cut to a context of "
    "that size": "约 {expected:,.0f} token 的提示，服务器计得 {seen:,}，是 2 的幂：提示被截到了这么大的上下文",
    "the server counted {seen:,} tokens of prompts of {least:,} and of {most:,} alike: it cuts them": (
        "{least:,} 与 {most:,} token 的提示，服务器都计得 {seen:,}：它在截断提示"
    ),
    "the answer is not JSON: {said}": "回答不是 JSON：{said}",
    "the judge gave no answer ({kind}): {said}": "裁判没有回答（{kind}）：{said}",
    "the judge was not asked": "没有询问裁判",
    "the line holds neither an answer nor an error": "这一行既没有回答也没有错误",
    "no JSON object with a custom_id": "不是带 custom_id 的 JSON 对象",
    "{language}, with words of denial or doubt": "{language}，带有否定或怀疑的词",
    "the answer is in Chinese, and no fact of the needle has an alias in Chinese: list facts with aliases, or ask a "
    "judge": "回答是中文，而针的事实都没有中文别名：请给事实列出别名，或请裁判评分",
    "the answer is in English, and no fact of the needle has an alias in English: list facts with aliases, or ask a "
    "judge": "回答是英文，而针的事实都没有英文别名：请给事实列出别名，或请裁判评分",
    # what a run notes in its run.json
    "at {length:,} tokens {depths} depths are only {prompts} different prompts{more}, because sentences are longer than "
    "the steps between depths; a prompt is sent and counted once, and drawn in all its cells": (
        "长度 {length:,} token 时，{depths} 个深度只有 {prompts} 个不同的提示词{more}，因为句子比深度的间隔长；"
        "每个提示词只发送一次、只计一次，并画在它的每一格里"
    ),
    " (so at {count} longer ones, up to {last:,} tokens)": "（另有 {count} 个更长的长度也如此，至 {last:,} token）",
    ", and at {length:,} tokens {prompts}": "，{length:,} token 时为 {prompts} 个",
    "{fewest} to {most}": "{fewest} 至 {most}",
    "all repeats read one haystack: results hold for this text": "各次重复读的是同一篇长文：结果仅对这段文本成立",
    "the haystacks of the {count} repeats have no text in common": "{count} 次重复的长文没有相同的文字",
    "the haystacks of the {count} repeats are apart: repeats {one} and {other} have most in common, {share:.0%} of their "
    "text at {length:,} tokens": (
        "{count} 次重复的长文各自独立：第 {one} 次与第 {other} 次相同最多，长度 {length:,} token 时有 {share:.0%} 的文字相同"
    ),
    "separate texts at {length:,} tokens: {texts} for {count} repeats; repeats {one} and {other} have {share:.0%} of "
    "theirs in common, and haystacks that share more than a tenth count as one": (
        "长度 {length:,} token 时，{count} 次重复只有 {texts} 段独立的文本：第 {one} 次与第 {other} 次有 {share:.0%} "
        "的文字相同，相同超过一成的长文算作一篇"
    ),
    "separate haystacks of {length:,} tokens: {rooms} (of other corpora by their length alone: what one says twice "
    "counts once)": "{length:,} token 的长文，各语料能容纳的互不相同的篇数：{rooms}（其他语料只按长度估计；语料中重复的文字只算一次）",
    "the prompts {prompts} put the question before the haystack: what a prefix cache keeps of their haystacks serves no "
    "other question": "提示 {prompts} 把问题放在长文之前：前缀缓存为其保留的长文不能用于别的问题",
    "lengths are the model's tokens, fitted to {name} by {requests} counts of the server ({ratio:.3f} for one of {name})": (
        "长度以模型的 token 计，由服务器的 {requests} 次计数按 {name} 校准（{name} 的 1 个合 {ratio:.3f} 个）"
    ),
    "lengths are counted in {name} tokens, not by the model itself; the server's own count is recorded beside them": (
        "长度按 {name} 的 token 计，而非模型自己计数；服务器的计数会一并记录"
    ),
    "lengths stop at {capacity:,} tokens, the corpus's end, short of the model's {highest:,}: see `nih corpus list` for a "
    "longer corpus, or repeat this one with --repeat-corpus": (
        "长度止于 {capacity:,} token，即语料的末尾，未到模型的 {highest:,}：更长的语料见 `nih corpus list`，"
        "或用 --repeat-corpus 重复此语料"
    ),
    "the corpus is repeated to fill these lengths: {lengths}": "为填满以下长度，语料有重复：{lengths}",
    "the needle's language is {needle}, the corpus's is {corpus}: a needle in another language than its haystack is easy "
    "to see": "针的语言是 {needle}，语料的语言是 {corpus}：与长文语言不同的针很容易被看出来",
}
