"""Chinese of the errors of runs: their folders, records, answers and scores."""

WORDS = {
    '"band" must be one of 100, 70, 50, 30, 0 (or 1.0, 0.7, 0.5, 0.3, 0.0); mend it, or leave it out': (
        '"band" 须为 100、70、50、30、0 之一（或 1.0、0.7、0.5、0.3、0.0）；请修正或删去'
    ),
    '"outcome" must be one of {outcomes}; mend it, or leave it out': '"outcome" 须为 {outcomes} 之一；请修正或删去',
    '{name} holds no rows; write one JSON object a line: {{"id", "needle", "answer"}}': (
        '{name} 中没有数据行；请每行写一个 JSON 对象：{{"id", "needle", "answer"}}'
    ),
    "this line is no JSON object; {mend}": "这一行不是 JSON 对象；{mend}",
    "this line is not UTF-8; {mend}": "这一行不是 UTF-8；{mend}",
    "this line is no JSON; {mend}": "这一行不是 JSON；{mend}",
    'write {"id": "1", "needle": "sf-sandwich", "answer": "..."} in one line of UTF-8': (
        '请用 UTF-8 在一行内写 {"id": "1", "needle": "sf-sandwich", "answer": "..."}'
    ),
    'the row has no "id" that is a text or a whole number; give it one': '这一行没有文本或整数的 "id"；请补上',
    '"answer" must be a text (an empty answer is ""); give the row one': '"answer" 须为文本（空回答写 ""）；请补上',
    '"{key}" must be a text; put it in quotes, or leave it out': '"{key}" 须为文本；请加引号或删去',
    'the row has neither "needle" nor "expected"; name a needle, or give the expected answer': (
        '这一行既没有 "needle" 也没有 "expected"；请指明针，或给出预期答案'
    ),
    'the needle {needle_name!r} has drawn values; add "fresh": {{{example}}} with the row\'s own': (
        '针 {needle_name!r} 含有随机抽取的值；请加上 "fresh": {{{example}}}，填这一行自己的值'
    ),
    "the id {id!r} stands in line {lines} already; give it another": "id {id!r} 已在第 {lines} 行出现；请换一个",
    "{name}:{number}: {error}": "{name}:{number}: {error}",
    "{where} does not say which model answered: name it by --model NAME": (
        "{where} 没有说明是哪个模型的回答：请用 --model NAME 指明"
    ),
    "the judge had to stop ({kind}): {message}": "裁判不得不停止（{kind}）：{message}",
    "{path} holds no results: {mend}": "{path} 中没有结果：{mend}",
    "{file} is not UTF-8: {mend}": "{file} 不是 UTF-8：{mend}",
    "{file} can't be read ({strerror}): {mend}": "无法读取 {file}（{strerror}）：{mend}",
    "give his folder of JSON files, his list of {token_limit, depth_percent, score}, or his tool's results.jsonl": (
        "请给出他的 JSON 结果文件夹、{token_limit, depth_percent, score} 列表，或其工具的 results.jsonl"
    ),
    "{where} is no result but {name}: {mend}": "{where} 不是结果而是 {name}：{mend}",
    "{where} is no JSON: restore it, or take it out; {mend}": "{where} 不是 JSON：请恢复或删去；{mend}",
    "{where}: {key!r} is no number; mend it, or take the result out": "{where}：{key!r} 不是数；请修正，或删去这条结果",
    "{where}: {key!r} must be a whole number of tokens; {mend}": "{where}：{key!r} 须为整数个 token；{mend}",
    "{where}: {key!r} must be a number from 0 to 100; {mend}": "{where}：{key!r} 须为 0 至 100 的数；{mend}",
    "{where}: {key!r} is no text; mend it, or take the result out": "{where}：{key!r} 不是文本；请修正，或删去这条结果",
    "{where}: {key!r} is no JSON object; mend it, or take the result out": (
        "{where}：{key!r} 不是 JSON 对象；请修正，或删去这条结果"
    ),
    "a window of {window} tokens less {max_output} for the answer leaves no room for a haystack": (
        "窗口 {window} token 减去留给回答的 {max_output}，放不下长文"
    ),
    "the model's window is not known: give --window TOKENS, or --lengths such as 1k:32k:15": (
        "模型的窗口未知：请给出 --window TOKENS，或如 1k:32k:15 的 --lengths"
    ),
    "a length of {lengths} tokens can't hold the needle, the question and a haystack: the shortest here is {fixed}": (
        "{lengths} token 的长度容不下针、问题和长文：此处最短为 {fixed}"
    ),
    "a length of {lengths:,} tokens is over the window: {window:,} tokens less {max_output:,} for the answer leave "
    "{room:,}": "长度 {lengths:,} token 超出窗口：{window:,} token 减去留给回答的 {max_output:,}，剩 {room:,}",
    "a length of {lengths:,} tokens is longer than the corpus ({capacity:,}): ask for less, take a longer corpus (`nih "
    "corpus list`), or give --repeat-corpus": (
        "长度 {lengths:,} token 超过了语料（{capacity:,}）：请减短、换更长的语料（`nih corpus list`），或加 --repeat-corpus"
    ),
    "{folder} is in use by {holder}: wait for it, or stop it first": "{folder} 正被{holder}使用：请等它结束，或先停止它",
    "process {pid} on {host} since {since}": " {host} 上的进程 {pid}（自 {since} 起）",
    "another process": "另一个进程",
    "can't write to {folder} ({strerror}): mend that, then --resume it": (
        "无法写入 {folder}（{strerror}）：请先解决，再用 --resume 继续"
    ),
    "this run sent the headers {headers}: their values are not stored, so give them again by --header": (
        "这次运行发送过请求头 {headers}：其值没有保存，请用 --header 再次给出"
    ),
    "the values of --header differ from those this run began with: give the same ones": (
        "--header 的值与这次运行开始时不同：请给出同样的值"
    ),
    "can't resume {path}: an older version began it, which placed needles by other rules; make a new run (its answers "
    "stay readable), or go on with the version that began it": (
        "无法继续 {path}：它由旧版本开始，旧版本放针的规则不同；请新建一次运行（已有的回答仍可查看），或用当初的版本继续"
    ),
    "can't resume: {changed} changed since the run began; make a new run (without --resume)": (
        "无法继续：{changed} 自运行开始后变了；请新建一次运行（不带 --resume）"
    ),
    "{where}: {msg}": "{where}：{msg}",
    "this run's {option} held a secret, which is not stored: give the same {option} again": (
        "这次运行的 {option} 含有未保存的密钥：请再次给出同样的 {option}"
    ),
    "run.json is damaged: {key!r} is missing or wrong; restore it from a copy": (
        "run.json 已损坏：{key!r} 缺失或有误；请从备份恢复"
    ),
    "run.json is damaged: its grid is missing or wrong; restore it from a copy": (
        "run.json 已损坏：网格缺失或有误；请从备份恢复"
    ),
    "{count} trials of this run have an id that begins with {trial_id!r}: ids stand in records.jsonl": (
        "这次运行有 {count} 次试验的 id 以 {trial_id!r} 开头：id 见 records.jsonl"
    ),
    "no trial of this run has an id that begins with {trial_id!r}: ids stand in records.jsonl": (
        "这次运行没有 id 以 {trial_id!r} 开头的试验：id 见 records.jsonl"
    ),
    "the corpus {corpus_name!r} here is not the one of this run (sha256 {sha256}, not {expected}): bring back the text "
    "that was used": (
        "本机的语料 {corpus_name!r} 不是这次运行所用的（sha256 为 {sha256}，应为 {expected}）：请取回当时的文本"
    ),
    "where the needle of trial {id} stood is not recorded (an imported run): its prompt can't be made again": (
        "试验 {id} 的针放在哪里没有记录（导入的运行）：无法重建其提示"
    ),
    "run.json has no prompt {prompt!r}, which the trial {id} used: one is damaged": (
        "run.json 中没有试验 {id} 所用的提示 {prompt!r}：两者必有一个已损坏"
    ),
    "the prompt of trial {id} rebuilds to other bytes than were sent: its record is damaged": (
        "试验 {id} 的提示重建后与发送时的字节不同：其记录已损坏"
    ),
    "{scores_file} is of another version than {version_of}, or not of this run's answers: grade again with nih score "
    "--judge (known verdicts are not paid for again)": (
        "{scores_file} 的版本不是 {version_of}，或不属于这次运行的回答：请用 nih score --judge 重新评分（已有的裁决不会重复付费）"
    ),
    "the answers of {path} were not kept by the tool that it was imported from: there is nothing to grade again, its "
    "scorer is {default_scorer}": ("{path} 是导入的，原工具没有保留回答：无从重新评分，其评分器为 {default_scorer}"),
    "{scores_file} is gone: import the run again (nih import)": "{scores_file} 不见了：请重新导入该运行（nih import）",
    "{path} has no scores by {scorer!r}: its scorers are {known} (nih score --judge MODEL adds a judge's)": (
        "{path} 没有 {scorer!r} 的评分：现有评分器为 {known}（nih score --judge MODEL 可添加裁判评分）"
    ),
    "{path} can't be read: delete it to score again": "无法读取 {path}：请删除它以重新评分",
    "{path}:{number}: this line is no score: delete the file to score again": (
        "{path}:{number}: 这一行不是评分：请删除该文件以重新评分"
    ),
    "{path} holds no run: there is no {manifest} in it": "{path} 中没有运行：缺少 {manifest}",
    "{folder!r} is no folder's name": "{folder!r} 不是文件夹名",
    "a child's options are missing": "缺少某次运行的选项",
    "can't write the folder {path}: {strerror}; give another --out": "无法写入文件夹 {path}：{strerror}；请换一个 --out",
    "{path} holds no runs: there is no {tree} in it": "{path} 中没有运行：缺少 {tree}",
    "{file} can't be read ({error}): restore it from a copy": "无法读取 {file}（{error}）：请从备份恢复",
    "it is not of format {format}": "其格式不是 {format}",
    "{file} is damaged ({error}): restore it from a copy": "{file} 已损坏（{error}）：请从备份恢复",
    "no run of {path} has begun: go on by nih run --resume {path}": (
        "{path} 中的运行都还没开始：请用 nih run --resume {path} 继续"
    ),
    "{path} already holds a run: go on with it by --resume {path}, or give another --out": (
        "{path} 中已有运行：请用 --resume {path} 继续，或换一个 --out"
    ),
    "can't use {path} ({strerror}): see to the disk and its rights": "无法使用 {path}（{strerror}）：请检查磁盘与权限",
    # resolving, sending
    "the server counted {server:,} tokens of a prompt of about {expected:,}: either it cuts long prompts without a word "
    "(raise its context size, docs/providers.md, or ask for shorter --lengths), or its counts leave out what it has cached "
    "(then give --no-calibrate); the canary of nih doctor tells which": (
        "约 {expected:,} token 的提示，服务器只计得 {server:,}：要么它在悄悄截断长提示（请调大其上下文，见 "
        "docs/providers.md，或给出更短的 --lengths），要么它的计数不含已缓存的部分（请给出 --no-calibrate）；"
        "用 nih doctor 的金丝雀检查可以分辨"
    ),
    "note: the server counts far less than was sent, but a canary of {tokens:,} tokens arrived whole: its counts leave out "
    "what it has cached, and say nothing of what arrives": (
        "注意：服务器的计数远少于发送的内容，但一个 {tokens:,} token 的金丝雀完整到达：它的计数不含已缓存的部分，"
        "不能说明收到了多少"
    ),
    "note: the server counts far less than was sent, and a canary of {tokens:,} tokens did not arrive whole: it cuts "
    "prompts of that length": (
        "注意：服务器的计数远少于发送的内容，一个 {tokens:,} token 的金丝雀也未完整到达：它在截断这么长的提示"
    ),
    "--price {text!r} is no price: give IN,OUT or IN,OUT,CACHED in USD per million tokens": (
        "--price {text!r} 不是单价：请写 IN,OUT 或 IN,OUT,CACHED，单位为美元/百万 token"
    ),
    "{error}: not before {when} UTC": "{error}：{when} UTC 之前不必再试",
    "the run had to stop ({kind}): {said}": "运行不得不停止（{kind}）：{said}",
    "the server refused the key ({said}): check it, or name another variable by --api-key-env": (
        "服务器不接受该密钥（{said}）：请检查，或用 --api-key-env 另指变量"
    ),
    "the server has no model {model!r} for you ({said}): `nih models --base-url URL` lists what it has": (
        "服务器没有可供你使用的模型 {model!r}（{said}）：`nih models --base-url URL` 列出它有哪些"
    ),
    "records.jsonl holds {foreign} records of another run ({first} is one): restore it from a copy, or take their lines "
    "out": "records.jsonl 混有另一次运行的 {foreign} 条记录（如 {first}）：请从备份恢复，或删去这些行",
    "needle {needle_name!r} has several sentences: this version hides one sentence in a trial": (
        "针 {needle_name!r} 有多句：当前版本每次试验只藏一句"
    ),
    "the needle {needle_name!r} is in the language {language!r}, for which there is no corpus of its own: give --corpus "
    "with the path of a text": "针 {needle_name!r} 的语言是 {language!r}，没有对应的语料：请用 --corpus 给出文本路径",
    "--window {window} is more than the server takes, which says {told} tokens: leave it out, or give less": (
        "--window {window} 超过了服务器的容量（它说是 {told} token）：请去掉，或给小一些"
    ),
    "--temperature {text} lies outside 0 to 2": "--temperature {text} 超出 0 至 2 的范围",
    "--temperature {text!r} is neither a number nor the word none": "--temperature {text!r} 既不是数，也不是 none",
    "--{replace} must be at least 1, not {value}": "--{replace} 至少为 1，不能是 {value}",
    "--{name} must be more than 0, not {rate:g}": "--{name} 须大于 0，不能是 {rate:g}",
    "the prompts {other!r} and {name!r} ask for the needle {needle_name!r} in the same words: leave one of them out": (
        "提示 {other!r} 与 {name!r} 对针 {needle_name!r} 的问法完全相同：请去掉其一"
    ),
    "the needle {needle_name!r} already stands in the corpus {corpus_name!r}: take another of the two": (
        "语料 {corpus_name!r} 中本来就有针 {needle_name!r}：请换掉其中之一"
    ),
    "--corpus {option!r} lacks a name: write NAME, a path, or zh=NAME for one language": (
        "--corpus {option!r} 缺少名称：请写 NAME、路径，或用 zh=NAME 只指定一种语言"
    ),
    "--corpus {option!r} names two corpora for the same needle: a run has one (zh=NAME counts for needles of that "
    "language only)": "--corpus {option!r} 给同一根针指定了两个语料：一次运行只能有一个（zh=NAME 只对该语言的针有效）",
    "--corpus {option!r}: no needle is in the language {language!r}": "--corpus {option!r}：没有语言为 {language!r} 的针",
    "{error}, or give the path of a text file or folder": "{error}，或给出文本文件或文件夹的路径",
    "token counts: the server's differ from nominal by {difference:.1%} at most (nominal {nominal:,}, local {local:,}, "
    "server {server:,})": (
        "token 数：服务器的计数与标称至多相差 {difference:.1%}（标称 {nominal:,}，本地 {local:,}，服务器 {server:,}）"
    ),
    "{count} answers came without a token count: that their prompts arrived whole is unverified": (
        "{count} 个回答没有 token 数：无法核实其提示是否完整送达"
    ),
    # folders and records
    "{file} is not of format {format}: it was written by another version of nih, or damaged": (
        "{file} 的格式不是 {format}：由另一版本的 nih 写成，或已损坏"
    ),
    "can't write {path} ({strerror}): see to the disk and its rights": "无法写入 {path}（{strerror}）：请检查磁盘与权限",
    "{path} holds the records of a run whose {manifest} is missing: give another --out": (
        "{path} 中有一次运行的记录，却缺少 {manifest}：请换一个 --out"
    ),
    "can't write the run's folder {path}: {strerror}; give another --out": (
        "无法写入运行文件夹 {path}：{strerror}；请换一个 --out"
    ),
    "{file} can't be read ({error}): restore it from a copy, or run anew": "无法读取 {file}（{error}）：请从备份恢复，或重新运行",
    "{file} is damaged ({error}): restore it from a copy, or run anew": "{file} 已损坏（{error}）：请从备份恢复，或重新运行",
    "{path} can't be read: {strerror}": "无法读取 {path}：{strerror}",
    "not a JSON object": "不是 JSON 对象",
    "{file}: the record {id} is not of this run's plan, or its trial has another record as well; the file is damaged, or "
    "mixed with another run's: restore it from a copy, or take the line out": (
        "{file}：记录 {id} 不在这次运行的计划中，或其试验另有记录；文件已损坏，或混入了别的运行：请从备份恢复，或删去该行"
    ),
    "the key {error} is missing": "缺少键 {error}",
    "{path}:{number}: this line is no record ({first_line}): restore the file from a copy, or take the line out and "
    "resume to have its trial measured again": (
        "{path}:{number}: 这一行不是记录（{first_line}）：请从备份恢复文件，或删去该行后继续，以重测其试验"
    ),
}
