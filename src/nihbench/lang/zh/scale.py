"""Chinese of sweeps on several machines: batches, parts of a plan, merging."""

WORDS = {
    # batches
    "give the folder of a run that was exported, or --out DIR and the options of a new one": (
        "请给出已导出的运行文件夹，或给出 --out DIR 和新运行的选项"
    ),
    "--every {every:g} must be more than 0 seconds": "--every {every:g} 须大于 0 秒",
    "note: there is no preset {model!r} and no --base-url: the requests are for an engine that knows that name": (
        "注意：没有名为 {model!r} 的预设，也没有 --base-url：这些请求供认得该名称的引擎使用"
    ),
    "the answers come later: nih batch fetch {path} --wait": "回答稍后才有：nih batch fetch {path} --wait",
    "the embedded model takes no batches: use nih run": "内嵌模型不接受批处理：请用 nih run",
    "a batch goes to one server: give one --base-url": "一个批次只发往一台服务器：请只给一个 --base-url",
    "the requests could cost {worst}, and {spent} of the {most} of --max-cost are spent: nothing was submitted; "
    "give a higher --max-cost, or export fewer trials": (
        "这些请求最多要花 {worst}，而 --max-cost 的 {most} 已花去 {spent}：什么都没有提交；请提高 --max-cost，或少导出一些试验"
    ),
    "nothing of {path} is left to submit: bring the answers by nih batch fetch {path}": (
        "{path} 没有尚待提交的请求：请用 nih batch fetch {path} 取回回答"
    ),
    "{path} has no batch yet: nih batch submit {path}": "{path} 还没有批次：nih batch submit {path}",
    "can't {what}: {words}": "无法{what}：{words}",
    "create the batch": "创建批次",
    "ask for the batch {batch_id}": "查询批次 {batch_id}",
    "download the file {file_id}": "下载文件 {file_id}",
    "list the batches": "列出批次",
    "upload {name}": "上传 {name}",
    "{host} lists batches without end": "{host} 列出的批次没有尽头",
    "{host} gave no usable id: does it have /files and /batches?": "{host} 没有给出可用的 id：它有 /files 和 /batches 吗？",
    "{host} sent something other than a JSON object": "{host} 发来的不是 JSON 对象",
    "{host} gave no list of its batches": "{host} 没有给出批次列表",
    "{file} names files outside its folder: restore it from a copy": "{file} 指向了文件夹之外的文件：请从备份恢复",
    "{waiting} requests of {folder} are in a batch: bring their answers first by nih batch fetch {folder}": (
        "{folder} 有 {waiting} 个请求还在批次中：请先用 nih batch fetch {folder} 取回回答"
    ),
    "{path} is not what was exported: restore it from a copy, or export anew": (
        "{path} 与导出时不同：请从备份恢复，或重新导出"
    ),
    "{folder} has no requests of a batch: make them by nih batch export": (
        "{folder} 中没有批处理请求：请用 nih batch export 生成"
    ),
    "the requests of {folder} were sent to {known}, not to {base_url}: give --base-url {known}": (
        "{folder} 的请求发往了 {known}，而不是 {base_url}：请给出 --base-url {known}"
    ),
    "{error}; it may be there all the same: submit again, which looks for it first": (
        "{error}；但它可能已经存在：请再提交一次，届时会先查找它"
    ),
    "a batch of {name} may have been created, and the server can't say ({error}): look at its own pages, then give "
    "--again to make one where there is none": (
        "{name} 的批次可能已经创建，而服务器无法确认（{error}）：请在其网页上查看，若没有，再加 --again 创建"
    ),
    "imported {answers} answers and {failures} failures; {known} were there already": (
        "导入了 {answers} 个回答和 {failures} 个失败；{known} 个早已在记录中"
    ),
    "{count} requests were refused ({message}): their trials are owed": "{count} 个请求被拒绝（{message}）：其试验尚缺",
    "{file} holds no result of {path}: its custom_id are those of another export": (
        "{file} 中没有 {path} 的结果：其 custom_id 属于另一次导出"
    ),
    "{surplus} lines are of trials that have an answer: the first one stays": (
        "{surplus} 行属于已有回答的试验：保留第一个回答"
    ),
    "{count} lines belong to no trial of this run ({first} is one): they were passed over": (
        "{count} 行不属于本运行的任何试验（例如 {first}）：已略过"
    ),
    "{count} lines can't be read ({first} is the first): their trials are owed": (
        "{count} 行无法读取（第一处是 {first}）：其试验尚缺"
    ),
    "{file} can't be read: {strerror}": "{file} 无法读取：{strerror}",
    "{done} of {requests} done, {failed} failed": "{requests} 个中完成 {done} 个，失败 {failed} 个",
    "in a batch": "批处理",
    "{share:.0%} of the live price (as of {day})": "为实时价格的 {share:.0%}（{day}）",
    "at most {most}, {share:.0%} of the live price (as of {day})": "至多 {most}，为实时价格的 {share:.0%}（{day}）",
    # parts of a plan
    "--shard {text!r} is no part of a plan: give NUMBER/OF, such as 3/8": (
        "--shard {text!r} 不是计划的一部分：请写成 第几份/总份数，例如 3/8"
    ),
    "--shard {shard}: this plan has {places} places only, so give no more parts": (
        "--shard {shard}：这个计划只有 {places} 处，份数不能更多"
    ),
    "{first} and {other} both measured the trial {trial_id}, with different outcomes: leave one of them out": (
        "{first} 和 {other} 都测了试验 {trial_id}，结果不同：请去掉其中之一"
    ),
    "nih merge takes two runs or more, each once": "nih merge 需要两个或更多运行，每个只给一次",
    "{tree} is a folder of runs and others are single runs: give one kind": (
        "{tree} 是含多个运行的文件夹，而其他是单个运行：请只给一种"
    ),
    "{path} was imported from another tool: it can't be merged": "{path} 是从其他工具导入的：不能合并",
    "{first} and {other} are not of one plan: {changed} differ; leave one of them out": (
        "{first} 和 {other} 不属于同一个计划：{changed} 不同；请去掉其中之一"
    ),
    "{path} already holds a run: give another --out": "{path} 中已有运行：请换一个 --out",
    "{first} and {other} have different runs: leave one of them out": "{first} 和 {other} 所含的运行不同：请去掉其中之一",
    # help
    "Ask again until all batches have ended.": "反复查询，直到所有批次结束。",
    "Ask the server how a run's batches stand.": "向服务器查询一个运行的各批次进展。",
    "Bring result files of OpenAI's batch format into the records of the run that was exported, and score them.": (
        "把 OpenAI 批处理格式的结果文件导入所导出运行的记录，并评分。"
    ),
    "Bring the results of the batches that have ended into the run's records, score them, show the heatmap.": (
        "把已结束批次的结果取回到运行的记录中，评分并显示热力图。"
    ),
    "How large one file may be, in MB (default: what the service takes, else 200).": (
        "一个文件最大多少 MB（默认：按服务的限制，否则 200）。"
    ),
    "Merge runs of parts of one plan (--shard) into one run; what does not belong together is refused.": (
        "把同一计划各部分（--shard）的运行合并成一个；不属于一起的会被拒绝。"
    ),
    "One part of the plan, such as 3/8, for machines that share a sweep (nih merge joins their runs).": (
        "计划的一部分，例如 3/8，供多台机器分担（用 nih merge 合并）。"
    ),
    "Result files, of any engine.": "结果文件，不限引擎。",
    "Submit anew what the server can't find or can't be asked for.": "服务器找不到或无法查询的批次，重新提交。",
    "The folder of a run that was exported.": "已导出的运行文件夹。",
    "The folder of a run that was exported; without it: a new run.": "已导出的运行文件夹；不给则新建一个运行。",
    "The merged run's folder.": "合并后的运行文件夹。",
    "The run's folder, where it is a new one.": "新运行的文件夹。",
    "The runs' folders, in any order.": "各运行的文件夹，顺序不限。",
    "The server, where it is another than the run's own.": "服务器，若与运行原来的不同。",
    "The time that the service may take (default: 24h).": "服务可以用的时间（默认：24h）。",
    "Upload a run's requests to the endpoint's /files and make batches of them; nothing is submitted twice.": (
        "把运行的请求上传到端点的 /files 并创建批次；不会重复提交。"
    ),
    "With --wait: seconds from one time to the next.": "与 --wait 同用：两次查询之间的秒数。",
    "adaptive": "自适应",
}
