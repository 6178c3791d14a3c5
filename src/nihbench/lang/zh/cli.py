"""Chinese of what commands say: notes and the errors of options."""

WORDS = {
    "nih: {error}": "nih: {error}",
    "nih: what is asked for can't be used: mend what the note names": "nih: 无法使用所选的条目：请改正上面提示中指出的错误",
    "nih: {what} (see `{where} --help`)": "nih: {what}（见 `{where} --help`）",
    "nih: interrupted": "nih: 已中断",
    "note: {sentence}": "注意：{sentence}",
    "{name} {value!r}: choose one of {languages}": "{name} {value!r}：请从 {languages} 中选择",
    # agree, grade, score, judge
    "{path} has several judges' scores: choose by --scorer {whole}": (
        "{path} 有多份裁判评分：请用 --scorer {whole} 选定"
    ),
    "--scorer chooses among a run's judges: a file's reference is its own bands": (
        "--scorer 用于在一次运行的多个裁判中选择；文件以自带的得分为参照"
    ),
    '{name}: the row {without!r} has no "band": give the grade of people as 100, 70, 50, 30 or 0': (
        '{name}：{without!r} 这一行没有 "band"：请填人工评分 100、70、50、30 或 0'
    ),
    "note: {left} answers that {judge} left unscored are in no figure": (
        "注意：{judge} 未评分的 {left} 个回答不计入任何数字"
    ),
    "{judge} has decided no answer of {path}: there is nothing to compare the rules with": (
        "{judge} 没有裁决 {path} 的任何回答：规则评分无从对比"
    ),
    "{path} has no judge's scores: add them by nih score {path} --judge MODEL": (
        "{path} 没有裁判评分：请用 nih score {path} --judge MODEL 添加"
    ),
    "note: not in the catalog, so graded by what their rows expect: {own}": (
        "注意：以下针不在目录中，按行内的预期答案评分：{own}"
    ),
    "can't read {name} ({strerror}): give a file of JSON lines": "无法读取 {name}（{strerror}）：请给出每行一个 JSON 的文件",
    "the rules are sure of {sure} of {all} answers, the others go to the judge": (
        "{all} 个回答中，规则对 {sure} 个有把握，其余交给裁判"
    ),
    "{done}/{total} verdicts": "已裁决 {done}/{total}",
    "warning: {preset_name} judges its own answers: models tend to be lenient with themselves; use another judge, "
    "and see nih agree": "警告：{preset_name} 在裁判自己的回答：模型往往对自己宽容；请换一个裁判，并参看 nih agree",
    "the verdicts that came are kept, so give the same command again to go on": (
        "已得到的裁决都已保存，重新执行同一命令即可继续"
    ),
    "--{replace} must be at least 1": "--{replace} 至少为 1",
    "scores: {scores_file}": "评分：{scores_file}",
    "the rules take none of these options, they are a judge's: name it by --judge MODEL": (
        "规则评分不需要这些选项，它们属于裁判：请用 --judge MODEL 指定裁判"
    ),
    "{unscored} answers are left unscored; the file says why": "{unscored} 个回答未评分，原因见文件",
    # cases, export, import
    "--md and --json are two forms of the same: give one of them": "--md 与 --json 是同一内容的两种形式：请只给一个",
    "--outcome {outcome!r} is none of {order}": "--outcome {outcome!r} 不在 {order} 之中",
    "--failure {failure!r} is none of {known}": "--failure {failure!r} 不在 {known} 之中",
    "trials: {trials:,}, runs: {runs:,}, file: {out}": "试验：{trials:,}，运行：{runs:,}，文件：{out}",
    "run folder: {path}": "运行文件夹：{path}",
    "{owed} cells of its grid have no result in the source; they stay missing": (
        "网格中有 {owed} 格在来源中没有结果，保持空缺"
    ),
    # before a run
    "calibrated: {requests} counts, {tokens:,} tokens, {ratio:.3f} of the server's for one of {reference}, uneven by "
    "up to {worst:.1%} before the last points": (
        "已校准：计数 {requests} 次，{tokens:,} token；{reference} 的 1 个 token 合服务器的 {ratio:.3f} 个，"
        "末点之前的偏差至多 {worst:.1%}"
    ),
    "note: {window_source} says that the window is {told:,} tokens, not {thought:,}: {told:,} it is": (
        "注意：{window_source} 说窗口是 {told:,} token，而不是 {thought:,}：以 {told:,} 为准"
    ),
    "calibrating lengths: about {tokens:,} tokens are counted by the server ({price})": (
        "正在校准长度：请服务器计数约 {tokens:,} token（{price}）"
    ),
    "no charge": "不收费",
    "answers of one token": "回答只取一个 token",
    "note: the server tells no token counts: lengths can't be fitted to them": (
        "注意：服务器不报告 token 数，无法据此校准长度"
    ),
    "{sentence}: raise the server's context size, or ask for shorter --lengths": (
        "{sentence}：请调大服务器的上下文，或给出更短的 --lengths"
    ),
    "{host} does not list the model {model}, but answers to it": "{host} 的列表中没有模型 {model}，但能应答",
    "{host} did not answer a short question ({failure}): {problem}": "{host} 没有回答一个简短的问题（{failure}）：{problem}",
    "{host} does not say how many tokens a prompt had: cut prompts can't be noticed": (
        "{host} 不报告提示的 token 数：提示被截断时无法察觉"
    ),
    "Ollama cuts prompts beyond its context size without a word, and that is about 4,000 tokens unless it was raised: "
    "see docs/providers.md": (
        "Ollama 会悄悄截断超出其上下文的提示；若未调大，上下文约为 4,000 token：见 docs/providers.md"
    ),
    "--suite says which experiments and prompts are run: leave --experiment and --prompt out": (
        "--suite 已决定运行哪些实验与提示：请去掉 --experiment 和 --prompt"
    ),
    "no corpus belongs to the needle {name!r}: give one by --corpus (nih corpus list)": (
        "针 {name!r} 没有对应的语料：请用 --corpus 指定（见 nih corpus list）"
    ),
    "{manifest_name}: {path}": "{manifest_name}：{path}",
    # prompt
    "--lengths {number}: is that one length of {number} tokens?": "--lengths {number}：是指一个 {number} token 的长度吗？",
    "--lengths {number} is more steps than {most}: write {number}t for one length of {number} tokens, or "
    "FIRST:LAST:STEPS, such as 1k:32k:15": (
        "--lengths {number} 超过了 {most} 步：一个 {number} token 的长度请写 {number}t，多个长度请写 起:止:步数，如 1k:32k:15"
    ),
    "--lengths {number}: is that one length of {number} tokens (else {number} lengths up to the longest possible)?": (
        "--lengths {number}：是指一个 {number} token 的长度吗（否则为直到最长可用长度的 {number} 个长度）？"
    ),
    "--lengths {number} can mean two things: write {number}t for one length of {number} tokens, or "
    "FIRST:LAST:{number}, such as 1k:32k:{number}, for {number} lengths": (
        "--lengths {number} 有两种含义：一个 {number} token 的长度请写 {number}t，{number} 个长度请写 起:止:{number}，"
        "如 1k:32k:{number}"
    ),
    "--depths {number} is no depth in percent: write {steps} for {number} depths": (
        "--depths {number} 不是百分比深度：{number} 个深度请写 {steps}"
    ),
    "--depths {number}: is that the one depth at {number} percent (else {number} depths from 0 to 100)?": (
        "--depths {number}：是指 {number}% 这一个深度吗（否则为 0 至 100% 的 {number} 个深度）？"
    ),
    "--depths {number} can mean two things: write {number}% for the one depth at {number} percent, or {steps} for "
    "{number} depths": (
        "--depths {number} 有两种含义：{number}% 这一个深度请写 {number}%，{number} 个深度请写 {steps}"
    ),
    "--repeat {repeat} must be 0 or more": "--repeat {repeat} 不得小于 0",
    "{prompt}: {total_tokens} of {length} tokens, needle at {achieved_depth_percent:.2f}% (asked {depth_percent:g}%), "
    "id {trial_id}": (
        "{prompt}：{total_tokens} token（要求 {length}），针在 {achieved_depth_percent:.2f}%（要求 {depth_percent:g}%），"
        "id {trial_id}"
    ),
    # resuming
    "{folder} says itself which runs it has: leave --suite, --model, --experiment, --prompt out": (
        "{folder} 自己记录了有哪些运行：请去掉 --suite、--model、--experiment、--prompt"
    ),
    "can't resume with other options: {changed} differ from what {path} began with; leave them out, or make a new run": (
        "不能换选项继续：{changed} 与 {path} 开始时不同；请去掉，或新建一次运行"
    ),
    "{folder} is a single run, not a suite: leave --suite out": "{folder} 是单次运行，不是套件：请去掉 --suite",
    "{path} was imported, it can't be gone on with: make a run of your own (nih run)": (
        "{path} 是导入的，无法继续：请自己新建一次运行（nih run）"
    ),
    # serve
    "--slots must be at least 1, not {slots}": "--slots 至少为 1，不能是 {slots}",
    "--window must be 0 (as trained) or more, not {window}": "--window 须为 0（按训练时的窗口）或更大，不能是 {window}",
    "serving {path_name}; try: nih run --model {alias} --base-url {base_url} --quick": (
        "正在提供 {path_name}；可以试试：nih run --model {alias} --base-url {base_url} --quick"
    ),
    "the server stopped by itself: {log_tail}": "服务器自行停止了：{log_tail}",
    "{model!r} is not an embedded model: name smollm2-135m or a .gguf file": (
        "{model!r} 不是内嵌模型：请用 smollm2-135m 或 .gguf 文件"
    ),
    # money
    "{trials:,} trials send {tokens:,} tokens and can cost {least} to {most} ({predicted} predicted)": (
        "{trials:,} 次试验将发送 {tokens:,} token，可能花费 {least} 至 {most}（预计 {predicted}）"
    ),
    "{trials:,} trials send {tokens:,} tokens to a model of unknown price (--price IN,OUT gives it; 0,0 if nobody is "
    "paid)": "{trials:,} 次试验将向单价未知的模型发送 {tokens:,} token（可用 --price IN,OUT 给出单价；不收费则写 0,0）",
    "at most {most}, {predicted} predicted": "至多 {most}，预计 {predicted}",
    "an unknown cost": "花费未知",
    "${spent:,.4f}, and {count:,} calls of unknown price": "${spent:,.4f}，另有 {count:,} 次调用单价未知",
    "${spent:,.4f}": "${spent:,.4f}",
    "an unknown sum for {count:,} calls": "{count:,} 次调用，金额未知",
    "{prompt_tokens:,} tokens in, {completion_tokens:,} out": "输入 {prompt_tokens:,} token，输出 {completion_tokens:,}",
    "{planned} ({tokens:,} tokens in)": "{planned}（输入 {tokens:,} token）",
    "spent: {now} ({counts}); planned: {plan}": "已花费：{now}（{counts}）；计划：{plan}",
    "spent: ${whole:,.4f} in all; on the trials of this part {now} ({counts}), planned: {plan}": (
        "已花费：共 ${whole:,.4f}；其中这一部分的试验 {now}（{counts}），计划：{plan}"
    ),
    "stopped: {done:,} of {planned:,} trials are done": "已停止：{planned:,} 次试验完成了 {done:,} 次",
    "--max-cost {max_cost:g} is enough for all {planned:,} trials": (
        "--max-cost {max_cost:g} 足够完成全部 {planned:,} 次试验"
    ),
    "--max-cost {max_cost:g} is predicted to be enough for all {planned:,} trials; at the worst it ends after {least:,} "
    "of them": "--max-cost {max_cost:g} 预计足够完成全部 {planned:,} 次试验；最坏情况下在 {least:,} 次后停止",
    "--max-cost {max_cost:g} ends the run before its end, after about {predicted:,} of {planned:,} trials (at least "
    "{least:,}); {lengths}": (
        "--max-cost {max_cost:g} 不够跑完：约在 {planned:,} 次试验中的 {predicted:,} 次（至少 {least:,} 次）后停止；{lengths}"
    ),
    "lengths completed: {lengths}": "能完成的长度：{lengths}",
    "in part: {lengths}": "部分完成：{lengths}",
    "not at all: {lengths}": "完全没有：{lengths}",
    "{length:,} ({sent} of {planned})": "{length:,}（{planned} 次中的 {sent} 次）",
    "{length:,} ({sent} of {planned}, depth {depths}%)": "{length:,}（{planned} 次中的 {sent} 次，深度 {depths}%）",
    "capped": "费用上限",
    "the run had to stop: its first {count} answers all failed alike ({kind}: {said}): mend that first; a resumed "
    "run asks for them again": (
        "运行只能停下：最先的 {count} 次回答都以同样的方式失败（{kind}：{said}）：请先解决这个问题；继续运行时会重新提问"
    ),
    "the run had to stop: its first {count} answers all failed alike ({kind}: {said}): mend that first; with "
    "--retry-all a resumed run asks for them again": (
        "运行只能停下：最先的 {count} 次回答都以同样的方式失败（{kind}：{said}）：请先解决这个问题；"
        "继续运行时加 --retry-all 会重新提问"
    ),
    "{host} asks to wait {wait}: nothing is sent to it until then": "{host} 要求等待 {wait}：在此之前不再向它发送",
    "asked before the first trial: {tokens:,} tokens, ${spent:,.4f} spent": (
        "第一次试验之前的提问：{tokens:,} token，花费 ${spent:,.4f}"
    ),
    "{what}: agree to that by --yes, or set a bound by --max-cost USD": "{what}：请用 --yes 同意，或用 --max-cost USD 设上限",
    "{what}. Begin?": "{what}。开始吗？",
    "nothing was sent: give fewer --lengths or --depths, or a bound by --max-cost USD": (
        "没有发送任何请求：请减少 --lengths 或 --depths，或用 --max-cost USD 设上限"
    ),
    # options
    "the messages are what a run builds (nih prompt shows them)": "消息由运行自己构造（nih prompt 可查看）",
    "give --model": "请用 --model",
    "give --stream or --no-stream": "请用 --stream 或 --no-stream",
    "a trial has one answer; give --repeats": "每次试验只有一个回答；请用 --repeats",
    "give --max-output": "请用 --max-output",
    "give --temperature": "请用 --temperature",
    "give --seed": "请用 --seed",
    "it would cut the prompts that are measured": "它会截断所测的提示",
    "no model is named: give --model, such as --model smollm2-135m (see `nih models`)": (
        "没有指定模型：请给出 --model，例如 --model smollm2-135m（见 `nih models`）"
    ),
    "no server is named: give --model, --base-url, or both": "没有指定服务器：请给出 --model、--base-url，或两者",
    "this command takes one --model: leave the others out": "此命令只接受一个 --model：请去掉其余的",
    '--extra-body must be a JSON object, such as \'{"thinking": {"type": "disabled"}}\'': (
        '--extra-body 须为 JSON 对象，例如 \'{"thinking": {"type": "disabled"}}\''
    ),
    "{option} holds bytes that are not UTF-8: rename the file, or write it in UTF-8": (
        "{option} 含有非 UTF-8 字节：请给文件改名，或改用 UTF-8"
    ),
    "--header takes NAME=VALUE, such as --header X-Title=nih": "--header 的格式是 NAME=VALUE，例如 --header X-Title=nih",
    "--extra-body is not JSON: {error}": "--extra-body 不是 JSON：{error}",
    "--extra-body may not hold {name!r}: {own_fields}": "--extra-body 不能含 {name!r}：{own_fields}",
    "fetching {what}": "正在获取 {what}",
    # plot and what is drawn
    "figure: {out}": "图：{out}",
    "{option} {value!r}: choose one of {known}": "{option} {value!r}：请从 {known} 中选择",
    "no run here has a prompt {name!r}: there are {present}": "这些运行中没有提示 {name!r}：现有 {present}",
    "animation: {path} ({save_animation} frames)": "动画：{path}（{save_animation} 帧）",
    "there is nothing to draw: no run with such a prompt was given": "没有可画的：所给的运行中没有这样的提示",
    "an animation shows one map with nominal depths: give one run, and choose one --prompt": (
        "动画只画一张计划深度的热力图：请只给一次运行，并选定一个 --prompt"
    ),
    "a difference is between two sweeps, and here are {sweeps}: give two runs, or one run with two prompts, and choose "
    "by --prompt": "差值要在两组之间，此处有 {sweeps} 组：请给两次运行，或一次含两个提示的运行，并用 --prompt 选定",
    "the two runs count lengths in different units: measure both with the same --length-unit": (
        "两次运行的长度单位不同：请用相同的 --length-unit 测评"
    ),
    # after a run
    "panel: {picture}": "拼版图：{picture}",
    "draw it again: nih plot {root} --out panel.svg": "重新作图：nih plot {root} --out panel.svg",
    "heatmap: {picture}": "热力图：{picture}",
    "records: {path}": "记录：{path}",
    "draw it again: nih plot {path} --out heatmap.svg": "重新作图：nih plot {path} --out heatmap.svg",
    "{unscored} answers are unscored, for the rules can't judge them: try {mend}": (
        "{unscored} 个回答未评分，规则无法判断：可试 {mend}"
    ),
    "{failed} trials failed, {unsent} were not sent; none is scored": "{failed} 次试验失败，{unsent} 次未发送；均不计分",
    "{kind} ({count} trials), such as: {said}": "{kind}（{count} 次），例如：{said}",
    "{owed} of these are owed; try again what may pass: nih run --resume {resume}": (
        "其中 {owed} 次待补；重试可能成功的部分：nih run --resume {resume}"
    ),
    # a run
    "run folder: {path} ({done} of {total} trials are done)": "运行文件夹：{path}（已完成 {done}/{total} 次试验）",
    "{error}; {go_on}": "{error}；{go_on}",
    "what is done is kept: go on by nih run --resume {path}": "已完成的都已保存：请用 nih run --resume {path} 继续",
    "stopped by {signal}; {go_on}": "被 {signal} 停止；{go_on}",
    "note: this machine stood still for {wait} (or its clock was set): calls that were in flight are sent again where "
    "they fail, and count as paid": (
        "注意：本机停顿了 {wait}（或时钟被调整过）：当时在途的调用若失败会重新发送，并按已付费计"
    ),
    "stopped; {go_on}": "已停止；{go_on}",
    "--resume goes on in the run's own folder: leave --out away": "--resume 在原文件夹中继续：请去掉 --out",
    "--retry-all is for a run that is there already: give --resume DIR": "--retry-all 用于已有的运行：请给出 --resume DIR",
    "a control failed, and --strict-controls stops here: mend the needle or the prompt": (
        "有对照未通过，--strict-controls 在此停下：请修改针或提示"
    ),
    "nothing is kept of a check: make it again": "检查不保留任何结果：请重新检查",
    # reaching a model
    "--base-url: the server at {host} does not list the model {name!r} as the first one does": (
        "--base-url：{host} 的服务器不像第一台那样列有模型 {name!r}"
    ),
    "--base-url: the server at {host} counts tokens otherwise than the first one: leave it out": (
        "--base-url：{host} 的服务器计数 token 的方式与第一台不同：请去掉它"
    ),
    "--base-url: the server at {host} counts {other} tokens of a text of which the first one counts {first}: leave it "
    "out, or measure it in a run of its own": (
        "--base-url：同一段文本，{host} 的服务器计为 {other} token，第一台计为 {first}：请去掉它，或为它单独运行一次"
    ),
    "--base-url: the server at {host} takes {window} tokens, the first one {least}: give --window": (
        "--base-url：{host} 的服务器容 {window} token，第一台容 {least}：请给出 --window"
    ),
    "the model {model!r} is not known: give --base-url as well, or see `nih models`": (
        "不认识模型 {model!r}：请同时给出 --base-url，或参看 `nih models`"
    ),
    "no key for {preset_name}: set the environment variable {variable} (or put {variable}=KEY into {path}), or name "
    "another by --api-key-env": (
        "没有 {preset_name} 的密钥：请设置环境变量 {variable}（或在 {path} 里写一行 {variable}=密钥），"
        "或用 --api-key-env 另指一个"
    ),
    "the file of keys {path} can't be read: {reason}": "读不了密钥文件 {path}：{reason}",
    "it is not UTF-8": "它不是 UTF-8 编码",
    "note: others on this machine may read your keys: chmod 600 {path}": (
        "注意：这台机器上的其他人可能读到您的密钥：请执行 chmod 600 {path}"
    ),
    "{path}:{number}: write NAME=KEY, one key a line": "{path}:{number}：请写成 名称=密钥，每行一个",
    "note: --insecure: certificates are NOT checked, anyone on the way can read the key and change answers": (
        "注意：--insecure：不校验证书，途中任何人都能读到密钥、篡改回答"
    ),
    "a row takes {perfect} trials to show {share} found if all are found, {usual} if 97% are (80% power)": (
        "要证实一行的找到率高于 {share}：若全部找到需 {perfect} 次试验，若真实找到率为 97% 需 {usual} 次（80% 把握）"
    ),
    "a path is too long ({size} characters, with {shown}...): give a shorter one": (
        "路径太长（{size} 个字符，其中有 {shown}...）：请换一个短的"
    ),
    "there is no file or folder {path}: check the path": "没有文件或文件夹 {path}：请检查路径",
    "{path} goes through a file as if it were a folder: check the path": "{path} 把一个文件当成了文件夹：请检查路径",
    "{path} is a folder: name a file": "{path} 是文件夹：请给出文件",
    "{path} is a link that leads back to itself: name the file or folder itself": (
        "{path} 是指回自身的链接：请直接给出文件或文件夹"
    ),
    "{path} may not be read or written here: see to its rights": "这里无权读写 {path}：请检查权限",
    "{path} can't be used ({strerror}): check the path and the disk": "{path} 无法使用（{strerror}）：请检查路径和磁盘",
    "an argument holds the character NUL, which no path and no name can: take it out": (
        "有参数含有 NUL 字符，路径和名称都不能有：请删去"
    ),
    "note: {error} (this entry is left out)": "注意：{error}（已略过这一条）",
    "note: --max-cost {max_cost:g} goes by what the server says of each call, at the prices known here; what is billed "
    "beyond that can't be known, so the first call is sent alone": (
        "注意：--max-cost {max_cost:g} 以服务器对每次调用的说明和此处已知的价格为准；此外的收费无从得知，因此第一次调用单独发送"
    ),
    "this judge has cost ${spent:,.4f} on this run so far": "这个评审在本次运行上至今已花费 ${spent:,.4f}",
}
