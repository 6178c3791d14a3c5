"""Chinese of --help: commands, options, panels."""

WORDS = {
    # what the tool and its commands do
    "Needle in a haystack: how well a language model finds one fact in a long document, at every depth and length.": (
        "大海捞针：语言模型能否在长文档的任意深度、任意长度下找到一条事实。"
    ),
    "Measure a model: run the grid, show the heatmap, write it as a PNG into the run's folder.": (
        "测评一个模型：跑完整个网格，显示热力图，并以 PNG 写入运行文件夹。"
    ),
    "Watch a run of another process until it ends: its heatmap, its progress, the latest miss.": (
        "旁观另一个进程的运行，直到结束：热力图、进度、最近一次未找到。"
    ),
    "Say what a run would send, cost and take, in tokens, dollars and time. No model is asked anything.": (
        "说明一次运行要发送多少 token、花多少美元、用多长时间。不询问任何模型。"
    ),
    "Print the exact messages of one trial, as a run with the same options would send them.": (
        "打印一次试验的原样消息，与同样选项的运行所发送的完全一致。"
    ),
    'Grade rows {"id", "needle", "answer"} by rules; the grades come as JSON lines.': (
        '按规则给 {"id", "needle", "answer"} 各行评分，结果每行一个 JSON。'
    ),
    'Grade rows {"id", "needle", "answer"} by rules; the grades come as JSON lines. A row may carry "expected", '
    '"question", "finish_reason" and "fresh"; without a needle of the catalog it must carry "expected".': (
        '按规则给 {"id", "needle", "answer"} 各行评分，结果每行一个 JSON。行中可带 "expected"、"question"、'
        '"finish_reason" 和 "fresh"；若所用的针不在目录中，则必须带 "expected"。'
    ),
    "Score a run again: by rules, or with --judge by a model; the scores stand beside the records.": (
        "给一次运行重新评分：按规则，或用 --judge 让模型来评；评分与记录并存。"
    ),
    "Draw runs from their stored scores: a heatmap, a panel of several, a difference, or profiles.": (
        "用已存的评分作图：热力图、多图拼版、差值图或剖面图。"
    ),
    "Show every answer below full marks: what was said, where, why it was graded so, and what was sent.": (
        "列出所有未得满分的回答：答了什么、在哪一格、为何如此评分、发送了什么。"
    ),
    "With the control trials, too.": "连同对照试验。",
    "With an adaptive run's further draws, too.": "连同自适应运行追加的试验。",
    "Write the grids of runs as one table, a row a trial: CSV (safe to open in a spreadsheet), Parquet or JSON.": (
        "把多次运行写成一张表，每次试验一行：CSV（可放心用电子表格打开）、Parquet 或 JSON。"
    ),
    "Compare prompts, or models, over identical haystacks: paired exact tests and a verdict in plain words.": (
        "在相同的长文上比较不同的提示或模型：精确配对检验，并用平实的话给出结论。"
    ),
    "Say which pattern explains the misses: only the end kept, the middle lost, a cliff, holes at random, ...": (
        "指出哪种规律能解释未找到的情形：只记得结尾、丢了中间、断崖、随机的漏洞……"
    ),
    "Write one HTML file that shows runs down to the single answer, opens from disk and loads nothing.": (
        "写出一个 HTML 文件，可从运行一直看到单个回答；从磁盘直接打开，不加载任何外部内容。"
    ),
    "Batches: the requests of a run as files, to be answered later.": "批处理：把一次运行的请求写成文件，稍后再作答。",
    "Write the requests of a run in OpenAI's batch format, and a run's folder to bring the answers into.": (
        "按 OpenAI 的批处理格式写出一次运行的请求，并建立接收回答的运行文件夹。"
    ),
    "Make runs of other tools' results.": "把其他工具的结果转成运行。",
    "Import results of Kamradt's needle-in-a-haystack, of 2023 or of today.": (
        "导入 Kamradt 的 needle-in-a-haystack 结果，2023 年版或当前版均可。"
    ),
    "Compare the rules with a judge (RUN) or with people (FILE): kappa, bands, and every disagreement.": (
        "把规则评分与裁判模型（RUN）或人工评分（FILE）对比：kappa、各档、每一处分歧。"
    ),
    "Needles, prompts, experiments and suites.": "针、提示、实验与套件。",
    "List needles, prompts, experiments and suites.": "列出针、提示、实验与套件。",
    "Show one needle: its sentence, questions, answer and key facts.": "显示一根针：原句、问题、答案与关键事实。",
    "Check whether a needle is fair in its corpus: copies, rivals, the question's wording, language, length.": (
        "检查一根针在语料中是否公平：有无重复句、竞争句，问题措辞、语言与长度。"
    ),
    "Corpora: list, fetch, count.": "语料：列出、获取、统计。",
    "List the corpora, and which of them are here.": "列出语料，并注明哪些已在本机。",
    "Bring corpora here, verify and clean them.": "把语料取到本机，校验并清洗。",
    "Count characters, 汉字, words and tokens.": "统计字符、汉字、单词与 token。",
    "List the model presets, or the models of a server.": "列出模型预设，或某台服务器上的模型。",
    "Serve a local model until Ctrl-C.": "在本机提供一个模型服务，直到按 Ctrl-C。",
    "Ask an endpoint what should be known before a sweep.": "在测评之前向端点问清该知道的事。",
    "Ask an endpoint what should be known before a sweep. It costs a few short prompts and one of 8,000 tokens, and never "
    "more than --max-cost.": (
        "在测评之前向端点问清该知道的事。代价是几条短提示和一条 8,000 token 的提示，且不会超过 --max-cost。"
    ),
    "Print the exact prompt of a recorded trial; its hash is checked against what was sent.": (
        "原样重建一次已记录试验的提示，并与当时发送内容的哈希核对。"
    ),
    # panels
    "What is measured": "测评对象",
    "Grid": "网格",
    "Request": "请求",
    "Limits and spending": "限额与花费",
    "Judge": "裁判",
    "Look": "外观",
    "Which cases": "选哪些案例",
    "Probes": "追问",
    # options
    "A header of the run as NAME=VALUE; may be repeated.": "运行所用的请求头，写作 NAME=VALUE；可多次给出。",
    "Agree to what asking can cost.": "同意询问可能的花费。",
    "Agree to what the probes can cost.": "同意追问可能的花费。",
    "Answer tokens written a second.": "每秒写出的回答 token 数。",
    "Prompt tokens read a second.": "每秒读入的提示 token 数。",
    "Ask each miss, and as many hits, to quote the needle: not retrieved, or misread?": (
        "对每个未找到的、以及同样多找到的，再请模型引用原句：是没有检索到，还是误读了问题？"
    ),
    "Ask this model, too; may be given again.": "再询问这个模型；可多次给出。",
    "How many requests one file may hold.": "单个文件的请求数上限。",
    "IN,OUT or IN,OUT,CACHED in USD per million tokens.": "IN,OUT 或 IN,OUT,CACHED，美元/百万 token。",
    "Only these prompt variants, by commas.": "只用这些提示变体，以逗号分隔。",
    "Only these prompts, separated by commas.": "只看这些提示，以逗号分隔。",
    "Only these prompts, separated by commas; the first is the one to compare with.": (
        "只比这些提示，以逗号分隔；第一个是比较的基准。"
    ),
    "Say how many repeats would show a difference of so many points.": "说明要重复多少次才能看出这么多个百分点的差别。",
    "Spend so many USD at most.": "最多花费多少美元。",
    "Stop before run and probes pass so many USD.": "在运行与追问的花费合计超过该美元数之前停下。",
    "The model's server, as for nih run.": "模型所在的服务器，写法同 nih run。",
    "The report: one .html file.": "报告：一个 .html 文件。",
    "The run's folder, or a folder of runs.": "运行文件夹，或装有多次运行的文件夹。",
    "The run's folder; the requests come into its folder batch/.": "运行文件夹；请求写入其中的 batch/。",
    "What differs between repeats: haystack,needle,sampling (fresh values do in any case).": (
        "各次重复之间变化什么：haystack,needle,sampling（每次新抽的值总是不同）。"
    ),
    "Where the model is now, if it was moved.": "模型若已移动，其现在的地址。",
    "prompt | model: what is compared (default: prompt in one run, else what differs).": (
        "prompt | model：比较什么（默认：单次运行比提示，否则比不同之处）。"
    ),
    "en | zh: every word the tool says.": "en | zh：本工具所说的一切文字。",
    "Print the version.": "打印版本号。",
    "15 | 0:90:10 | 0:90:10:sigmoid | 0,50,100 | 50%.": "15 | 0:90:10 | 0:90:10:sigmoid | 0,50,100 | 50%。",
    "15 | 1k:128k:15 | 1k:1m:15:log | 1k,4k,16k | 300t (tokens of the request).": (
        "15 | 1k:128k:15 | 1k:1m:15:log | 1k,4k,16k | 300t（整个请求的 token 数）。"
    ),
    "A copy at hand: file, folder or wheel.": "手头的副本：文件、文件夹或 wheel。",
    "IN,OUT or IN,OUT,CACHED instead of what the runs were given.": "IN,OUT 或 IN,OUT,CACHED，代替运行时给出的单价。",
    "A corpus (nih corpus list), a path, or zh=NAME for one language.": (
        "语料（见 nih corpus list）、路径，或用 zh=NAME 只指定一种语言。"
    ),
    "A corpus, a path, or zh=NAME for one language.": "语料、路径，或用 zh=NAME 只指定一种语言。",
    "A further header as NAME=VALUE; may be repeated.": "附加请求头，写作 NAME=VALUE；可多次给出。",
    "A judge model: a preset, any name with an address, a .gguf file.": (
        "裁判模型：预设、任意模型名加地址，或 .gguf 文件。"
    ),
    'A judged run, or rows with a "band" (- is stdin).': '裁判评过的运行，或带 "band" 的各行（- 表示标准输入）。',
    "A number, or none to send none.": "一个数；none 表示不发送。",
    "A preset (nih models), any name with --base-url, or a .gguf file; nih run and nih plan take several.": (
        "预设（见 nih models）、任意模型名加 --base-url，或 .gguf 文件；nih run 与 nih plan 可给多个。"
    ),
    "A run's folder, or a folder of runs.": "运行文件夹，或装有多次运行的文件夹。",
    "A small grid: 5 lengths from 500 to 4,000 tokens, 5 depths.": "小网格：500 至 4,000 token 的 5 个长度，5 个深度。",
    "A title of your own.": "自定义标题。",
    "Agree to what the run can cost.": "同意本次运行可能的花费。",
    "Agree to what the judge can cost.": "同意评判可能的花费。",
    "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1; several (give it again) share the work.": (
        "兼容 OpenAI 的服务器，如 http://127.0.0.1:8080/v1；多次给出则分担工作。"
    ),
    "An embedded preset, or a .gguf file.": "内嵌模型预设，或 .gguf 文件。",
    "An experiment (nih needle list), or EXPERIMENT/PROMPT.": "实验（见 nih needle list），或 实验/提示。",
    "Ask control trials beside the grid: is the needle fair, can the answer be guessed, does the endpoint drift.": (
        "在网格之外做对照试验：针是否公平、答案能否猜中、端点是否漂移。"
    ),
    "Ask for streamed answers (default: where the server can).": "请求流式回答（默认：服务器支持时）。",
    "Ask the server for key, model, window and one token before a new run.": (
        "新运行开始前，向服务器核实密钥、模型、窗口并取一个 token。"
    ),
    "Ask this server for its models.": "询问这台服务器有哪些模型。",
    "Before a new run, ask codes back from the first and last line of one prompt of the longest length.": (
        "新运行开始前，用一条最长的提示，让模型复述首行与末行的代码。"
    ),
    "Check no certificates: anyone on the way can read the key.": "不校验证书：途中任何人都能读到密钥。",
    "Corpora by name, or paths of your own texts.": "语料名，或自有文本的路径。",
    "Corpora by name.": "语料名。",
    "Depth in percent, such as 50 or 50%.": "深度（百分比），如 50 或 50%。",
    "Depths as planned (nominal) or as they came out (achieved).": "深度按计划值（nominal）或实际值（achieved）。",
    "Fit --length-unit model to the server's counts where nothing else counts in the model's tokens.": (
        "在没有别的办法按模型的 token 计数时，用服务器的计数来校准 --length-unit model。"
    ),
    "Further certificate authorities to trust, as a PEM file.": "额外信任的证书颁发机构（PEM 文件）。",
    "Go on with the run, or the runs, in this folder.": "继续该文件夹中的一次或多次运行。",
    "His folder of JSON files, his list of scores, or a results.jsonl.": (
        "他的 JSON 结果文件夹、评分列表，或 results.jsonl。"
    ),
    "How often each answer is judged; the median counts.": "每个回答裁判几次，取中位数。",
    "How often each cell is measured, by default on another haystack each time.": "每格测几次，默认每次换一篇长文。",
    "IN,OUT or IN,OUT,CACHED: the model's price in USD per million tokens.": (
        "IN,OUT 或 IN,OUT,CACHED：模型单价，美元/百万 token。"
    ),
    "In inches: 8x5, or 8 for the width alone.": "单位英寸：8x5，或只给宽度 8。",
    "Judge just what the rules are unsure of.": "只裁判规则拿不准的回答。",
    "Length of the canary prompt; 0: none.": "探针提示的长度；0 表示不发。",
    "More fields of the request, as a JSON object.": "请求中的更多字段（JSON 对象）。",
    "No ground.": "透明背景。",
    "Numbers in the cells, where they fit.": "在放得下时于格中标数字。",
    "Only from this depth on, in percent.": "只看不浅于此深度的（百分比）。",
    "Only from this length on.": "只看不短于此长度的。",
    "Only these prompts, separated by commas, in this order.": "只画这些提示，以逗号分隔，按此顺序。",
    "Only this failure: timeout, filtered ... or unscored.": "只看这种失败：timeout、filtered……或 unscored。",
    "Only this outcome: hallucinated, abstained, partial ...": "只看这种结果：hallucinated、abstained、partial……",
    "Only this prompt variant.": "只看这个提示变体。",
    "Only what this older run found and RUN misses.": "只看这个旧运行找到、而 RUN 没有找到的试验。",
    "Only up to this depth, in percent.": "只看不深于此深度的（百分比）。",
    "Only up to this length.": "只看不长于此长度的。",
    "Output limit of one answer in tokens.": "单个回答的输出上限（token）。",
    "Output limit of one verdict in tokens.": "单个裁决的输出上限（token）。",
    "Pixels an inch.": "每英寸像素数。",
    "Print JSON for a program, every sentence in it.": "输出供程序读取的 JSON，含全部句子。",
    "Print JSON for a program.": "输出供程序读取的 JSON。",
    "Print Markdown, every case in full.": "输出 Markdown，完整列出每个案例。",
    "Print the messages as JSON (exact for several).": "以 JSON 打印消息（多条消息时才精确）。",
    "Prompt variants, separated by commas.": "提示变体，以逗号分隔。",
    "Repeat a corpus that is shorter than a length.": "语料短于所需长度时重复使用。",
    "Requests a minute that the account allows.": "账户每分钟允许的请求数。",
    "Requests in flight at a time (default: found out).": "同时进行的请求数（默认：自动探测）。",
    "Requests in flight at a time.": "同时进行的请求数。",
    "Requests served at once.": "同时服务的请求数。",
    "Rows as JSON lines, or - for stdin.": "每行一个 JSON 的文件，或用 - 表示标准输入。",
    "All experiments of a suite (nih needle list).": "一个套件中的所有实验（见 nih needle list）。",
    "Run folders, or a folder of runs.": "若干运行文件夹，或装有多次运行的文件夹。",
    "Seed of all that is drawn (default 0); sent to the model too where given.": (
        "一切随机抽取的种子（默认 0）；若给出，也会发送给模型。"
    ),
    "Show so many sentences of each kind; 0 shows all.": "每类显示这么多句；0 表示全部。",
    "Stop before the call with which the run could pass so many USD.": "在某次调用可能使花费超过该美元数之前停下。",
    "Stop before the grid (exit code 4) where a control fails.": "若有对照未通过，在跑网格之前停下（退出码 4）。",
    "The environment variable that holds its key.": "存放其密钥的环境变量。",
    "The environment variable that holds the key.": "存放密钥的环境变量。",
    "The file: .csv, .parquet or .json.": "输出文件：.csv、.parquet 或 .json。",
    "The judge's OpenAI-compatible server.": "裁判所在的兼容 OpenAI 的服务器。",
    "The judge's scores, where a run has several.": "运行有多份裁判评分时，选用哪一份。",
    "The lengths that are wanted, as for nih run (default: 1k:128k:15).": (
        "打算使用的长度，写法同 nih run（默认：1k:128k:15）。"
    ),
    "The model's window in tokens, where it is not known.": "模型窗口未知时，其 token 数。",
    "The model, where the results don't name it.": "结果中未写明模型时，其名称。",
    "The most to spend, in US dollars.": "最多花费多少美元。",
    "The needle's name.": "针的名称。",
    "The picture: .png, .svg or .pdf.": "图片：.png、.svg 或 .pdf。",
    "The port on 127.0.0.1; 0 takes a free one.": "127.0.0.1 上的端口；0 表示任取空闲端口。",
    "The run's folder (default: a new one in results/).": "运行文件夹（默认：在 results/ 下新建）。",
    "The run's folder.": "运行文件夹。",
    "The trial's id, or its beginning.": "试验的 id，或其开头几位。",
    "The variable that holds the key.": "存放密钥的环境变量。",
    "Tokenizers, separated by commas.": "分词器，以逗号分隔。",
    "Tokens a minute that the account allows.": "账户每分钟允许的 token 数。",
    "Tokens of one request; 0: as trained.": "单个请求的 token 数；0 表示按训练时的窗口。",
    "Tokens of the whole request, such as 4k or 300t.": "整个请求的 token 数，如 4k 或 300t。",
    "Variable with the key.": "存放密钥的环境变量。",
    "Where the run's own text is now, if it was moved.": "运行所用的自有文本若已移动，其现在的位置。",
    "Which repeat (0 is the first).": "第几次重复（0 为第一次）。",
    "Whose scores (default: rules; see nih score).": "用谁的评分（默认：规则；见 nih score）。",
    "With --resume: try final failures again, too.": "与 --resume 合用：最终失败的也再试一次。",
    "Write also how the map filled: .png (APNG) or .gif.": "另存网格逐格填充的动画：.png（APNG）或 .gif。",
    "cache (feeds prefix caches) | random | grid.": "cache（利于前缀缓存）| random | grid。",
    "classic | safe (colour-blind) | grey (print).": "classic | safe（色盲友好）| grey（适合印刷）。",
    "default | blog | slide (16:9).": "default | blog | slide（16:9）。",
    "map (a panel where there are several) | difference (of two) | profiles.": (
        "map（多个时拼版）| difference（两者之差）| profiles。"
    ),
    "model, or a tokenizer: cl100k_base, o200k_base, a tokenizer.json (default: model; cl100k_base where several "
    "models are to read the same prompts).": (
        "model，或分词器：cl100k_base、o200k_base、某个 tokenizer.json（默认：model；多个模型要读同样的提示时用 "
        "cl100k_base）。"
    ),
}
