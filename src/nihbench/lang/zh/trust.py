"""Chinese of what is said where a run's folder may not decide something, or its files are not what a run's are."""

WORDS = {
    # keys and servers
    "the key in {variable} is not known to belong to {host}: nothing was sent; name the one that goes there with it, "
    "by --base-url URL (a judge: --judge-base-url) --api-key-env NAME (none: no key)": (
        "不知道 {variable} 中的密钥是否属于 {host}：什么都没有发送；请同时给出 --base-url URL（裁判用 --judge-base-url）"
        "与 --api-key-env NAME，指明发往那里的密钥（none：不用密钥）"
    ),
    "{run} says that its model is at {host}, which nobody named on this machine: nothing was sent; if you trust that "
    "server, give --base-url URL, and --api-key-env NAME for its key": (
        "{run} 称其模型位于 {host}，而本机上从未有人指定过它：什么都没有发送；若您信任该服务器，请给出 --base-url URL，"
        "需要密钥时再给出 --api-key-env NAME"
    ),
    "{run} would have the key in {variable} sent to {host}, and nobody named these two together on this machine: "
    "nothing was sent; if that is right, give both --base-url URL and --api-key-env NAME": (
        "{run} 要把 {variable} 中的密钥发给 {host}，而本机上从未有人同时指定过这两者：什么都没有发送；若确应如此，"
        "请同时给出 --base-url URL 与 --api-key-env NAME"
    ),
    # files
    "{run} names the text {name!r}, and a run's folder may name no file of this machine: nothing was read; if it is "
    "yours, give it by --corpus PATH": (
        "{run} 指定了文本 {name!r}，但运行文件夹不得指定本机的文件：什么都没有读取；若它是您的文件，请用 --corpus PATH 给出"
    ),
    "{run} names the file {path!r}, and a run's folder may name no file of this machine: nothing was read; if it is "
    "yours, give it by {option}": (
        "{run} 指定了文件 {path!r}，但运行文件夹不得指定本机的文件：什么都没有读取；若它是您的文件，请用 {option} 给出"
    ),
    "{path} has {size:,.0f} MB, and no run's file of this name has more than {most:,.0f}: restore it from a copy": (
        "{path} 有 {size:,.0f} MB，而运行中的这类文件不会超过 {most:,.0f} MB：请从副本恢复"
    ),
    "{path} has a line of more than {most:,.0f} MB, which no answer has: restore it from a copy": (
        "{path} 中有一行超过 {most:,.0f} MB，而任何回答都没有这么长：请从副本恢复"
    ),
    "{path} is a link or a file: a run's folders are its own, so put the folder itself there": (
        "{path} 是链接或文件：运行的文件夹须属于它自己，请把文件夹本身放在那里"
    ),
    "{path} can't be read: it is no plain file but a link, a pipe, a device or a folder, and a run's files are its own; "
    "put the file itself there": (
        "无法读取 {path}：它不是普通文件，而是链接、管道、设备或文件夹；运行的文件须属于它自己，请把文件本身放在那里"
    ),
    "it holds more than {most:,} values": "其中的值多于 {most:,} 个",
    "a number of {digits:,} digits": "有一个 {digits:,} 位的数",
    "{text} is beyond every number of a run": "{text} 超出了运行中任何数的范围",
    "{name} has a value that no run has": "{name} 的值是任何运行都不会有的",
    "{path} holds more than {most:,.0f} MB of answers, more than any run: take the longest out": (
        "{path} 中的回答超过 {most:,.0f} MB，任何运行都没有这么多：请去掉其中最长的"
    ),
    "{path} has more than {most:,} lines, which no run's file has: restore it from a copy": (
        "{path} 超过 {most:,} 行，而运行的文件不会有这么多行：请从副本恢复"
    ),
    "{file} is damaged: {name!r} is in no state that a file of requests can be in; restore it from a copy": (
        "{file} 已损坏：{name!r} 的状态不是请求文件会有的；请从副本恢复"
    ),
    "{file} is damaged: it names more than {most:,} files; restore it from a copy": (
        "{file} 已损坏：其中的文件超过 {most:,} 个；请从副本恢复"
    ),
    "{path} has more than {most:,} lines that can't be read: restore it from a copy": (
        "{path} 中无法读取的行超过 {most:,} 行：请从副本恢复"
    ),
    "it is a pipe or a device": "它是管道或设备",
    "it has more than {most:,.0f} MB": "它超过 {most:,.0f} MB",
    "stdin holds more than {most:,.0f} MB: give fewer answers at a time": (
        "标准输入超过 {most:,.0f} MB：请分几次给出回答"
    ),
    "{path} holds more than {most:,} results: import a part of them": (
        "{path} 中的结果超过 {most:,} 条：请只导入其中一部分"
    ),
    "{file} is a link, a pipe or a device, or too large: take it out of the folder": (
        "{file} 是链接、管道或设备，或者过大：请把它移出该文件夹"
    ),
    "{where}: {key!r} is below 0; mend it, or take the result out": "{where}：{key!r} 小于 0；请改正，或去掉这条结果",
    "{where}: this result can't be kept as a record ({error}): mend it, or take it out": (
        "{where}：这条结果无法存为记录（{error}）：请改正，或去掉它"
    ),
    "its texts have more than {most:,.0f} MB": "其文字超过 {most:,.0f} MB",
    "{text} is no number": "{text} 不是数",
    "{scorer!r} is no scorer's name": "{scorer!r} 不能作评分器的名称",
    # sizes
    "a grid of {count:,} trials is more than a run may have ({most:,}): give fewer lengths, depths or repeats, or make "
    "several runs": (
        "网格有 {count:,} 次试验，超过一次运行所能容纳的 {most:,} 次：请减少长度、深度或重复次数，或分成几次运行"
    ),
    "--repeats must be at most {most:,}, not {value:,}": "--repeats 至多为 {most:,}，不能是 {value:,}",
    "a prompt of {count:,} characters was never sent: the record is damaged": (
        "从未发送过 {count:,} 个字符的提示：记录已损坏"
    ),
    "{run} was not made on this machine as it stands, and headers or fields of yours would go to {host}: nothing was "
    "sent; if that is right, give --base-url URL": (
        "{run} 现在的内容不是在本机建立的，而您的请求头或字段会发给 {host}：什么都没有发送；若确应如此，请给出 --base-url URL"
    ),
    "A key stands in the base URL's path, which is stored: send it as a header, or from a variable.": (
        "密钥在接口地址的路径中，而地址会被保存：请改用请求头发送，或放进环境变量。"
    ),
    "note: {known} verdicts stand in {run}, which was not made on this machine: they are its word; without its {file} the "
    "judge is asked anew": (
        "注意：{run} 中已有 {known} 个裁决，而它不是在本机建立的：这些裁决出自该文件夹；删去其中的 {file}，就会重新询问裁判"
    ),
    # what is sent, and what it costs
    "{what}: agree to that by --yes": "{what}：请用 --yes 同意",
    "nothing was sent": "什么都没有发送",
    "... ({count:,} characters)": "……（共 {count:,} 个字符）",
    "{run} was not made on this machine, and would ask {where}; {cost}": (
        "{run} 不是在本机建立的，它要询问 {where}；{cost}"
    ),
    "{run} was not made on this machine, and would ask {where}, with the fields {fields} in every request; {cost}": (
        "{run} 不是在本机建立的，它要询问 {where}，并在每个请求中加入字段 {fields}；{cost}"
    ),
    "{run} was not made on this machine, and its answers would be sent to {where}; {cost}": (
        "{run} 不是在本机建立的，它的回答将发给 {where}；{cost}"
    ),
    "{run} was not made on this machine, and has {fields} in every request, which may choose another model or server, "
    "or a dearer answer: nothing was sent; if that is right, give the same --extra-body again": (
        "{run} 不是在本机建立的，它的每个请求中都有 {fields}，这可能改用别的模型或服务器，或使回答更贵：什么都没有发送；"
        "若确应如此，请再次给出相同的 --extra-body"
    ),
    "a stored prompt is said to have {told:,} tokens, and has about {found:,}: the records are damaged or not of this "
    "run; nothing was sent": (
        "所存的一个提示自称有 {told:,} token，实际约有 {found:,}：记录已损坏，或不属于这次运行；什么都没有发送"
    ),
    "a stored prompt is cut where its text has no place: the records are damaged; nothing was sent": (
        "所存的一个提示的截取位置在其文本中并不存在：记录已损坏；什么都没有发送"
    ),
    "{file} holds other requests than its plan makes: nothing was submitted; send what is owed by nih run --resume "
    "{run}, or export it anew by nih batch export": (
        "{file} 中的请求与其计划所生成的不同：什么都没有提交；请用 nih run --resume {run} 发送尚欠的试验，"
        "或用 nih batch export 重新导出"
    ),
    "{run} names {ids} as what became of {name}, which was not submitted from this machine, and the server does not "
    "show these requests for it: nothing was done; submit the plan in a run of your own (nih batch submit --out DIR)": (
        "{run} 称 {name} 提交后得到 {ids}，但它不是从本机提交的，服务器也未显示其中就是这些请求：什么都没有做；"
        "请在自己的运行中提交该计划（nih batch submit --out DIR）"
    ),
}
