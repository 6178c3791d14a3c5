"""Chinese of what is wrong in needles.yaml, models.yaml and corpora/*.yaml."""

WORDS = {
    "`extra_body` may not hold {name!r}, which is the run's own affair: take it out": (
        "`extra_body` 不能含有 {name!r}，它由运行自己决定：请去掉"
    ),
    # names
    "did you mean {known}?": "是否指 {known}？",
    "`nih needle list` shows all needles": "`nih needle list` 列出所有的针",
    "`nih needle list` shows all prompts": "`nih needle list` 列出所有提示",
    "`nih needle list` shows all experiments": "`nih needle list` 列出所有实验",
    "`nih needle list` shows all suites": "`nih needle list` 列出所有套件",
    "`nih corpus list` shows all corpora": "`nih corpus list` 列出所有语料",
    "there is no {kind} named {name!r}; {hint} {mend}": "没有名为 {name!r} 的{kind}；{hint}{mend}",
    "there is no {kind} named {name!r}; {mend}": "没有名为 {name!r} 的{kind}；{mend}",
    "there is no {kind} named {name!r}; {hint}": "没有名为 {name!r} 的{kind}；{hint}",
    "needle": "针",
    "prompt": "提示",
    "suite": "套件",
    "provider": "服务商",
    "known: {known}": "现有：{known}",
    "known here: {known}": "此处可用：{known}",
    "{item!r} names no prompt; write it as {item}/original": "{item!r} 没有指明提示；请写作 {item}/original",
    "`name` is {name!r} but the file is named {stem!r}; make them equal": (
        "`name` 是 {name!r}，而文件名是 {stem!r}；请改成一致"
    ),
    # YAML
    "indent with spaces, not with tabs": "请用空格缩进，不要用制表符",
    'put a text that contains ": " in quotes': '含有 ": " 的文本请加引号',
    "close the text with the quote that opens it": "请用与开头相同的引号结束文本",
    "close the bracket, or put a text that begins with [ or { in quotes": "请补上括号；以 [ 或 { 开头的文本请加引号",
    "put the text in quotes": "请给文本加引号",
    "write the value out, or put a text that begins with & or * in quotes": "请把值写全；以 & 或 * 开头的文本请加引号",
    "put a text that begins with & or * in quotes": "以 & 或 * 开头的文本请加引号",
    "keep one document in the file": "一个文件只能有一份文档",
    "write the text in single quotes, or \\ as \\\\": "请用单引号，或把 \\ 写成 \\\\",
    "check the indentation, and put texts with special characters in quotes": "请检查缩进，并给含特殊字符的文本加引号",
    "this YAML can't be read ({said}); {mend}": "无法读取此 YAML（{said}）；{mend}",
    "there is a control character here; remove it": "此处有控制字符；请删去",
    "the file is nested too deeply; write it flatter": "文件嵌套过深；请写得扁平些",
    "the file can't be read ({strerror}); check it and its permissions": "无法读取文件（{strerror}）；请检查文件及其权限",
    "the file is not UTF-8; save it as UTF-8": "文件不是 UTF-8；请另存为 UTF-8",
    "the tag {tag} is not read; remove it": "不读取标签 {tag}；请删去",
    "the key `{key}` stands here and in line {first}; keep one of them": "键 `{key}` 在此处与第 {first} 行重复；请只留一个",
    "a key must be a text, not a list or a group; put it in quotes": "键须为文本，不能是列表或键组；请加引号",
    "merge keys (<<) are not read; write the values out": "不读取合并键（<<）；请把值写全",
    'the key {key} is no text to YAML; put it in quotes: "{key}"': '键 {key} 在 YAML 中不是文本；请加引号："{key}"',
    "an escape gives half a character; write the character itself": "转义得到半个字符；请直接写该字符",
    "{text} looks like a number or a date but is none; put it in quotes": "{text} 像数或日期但不是；请加引号",
    # values
    "true or false": "true 或 false",
    "a number": "数",
    "a date": "日期",
    "a text": "文本",
    "a list": "列表",
    "a group of keys": "键组",
    "empty": "空的",
    "of a strange kind": "未知类型",
    "a whole number, for example 7": "整数，例如 7",
    "a number, for example 1.5": "数，例如 1.5",
    "a finite number, for example 1.5": "有限的数，例如 1.5",
    "a list: [one, two], or lines that begin with '- '": "列表：[一, 二]，或以 '- ' 开头的各行",
    "a group of keys: lines `key: value`, indented below it": "键组：在其下缩进的若干行 `key: value`",
    "64 hexadecimal digits in lower case, as sha256sum prints them": "64 位小写十六进制数字，如 sha256sum 所示",
    'a day or a month in quotes, for example "2026-11"': '加引号的日期或月份，例如 "2026-11"',
    "the file": "文件",
    "item {number} of {owner}": "{owner} 的第 {number} 项",
    "the key `{key}` is unknown; {hint}": "不认识键 `{key}`；{hint}",
    "{owner} has no `{key}`; add a line `{key}: ...`": "{owner} 没有 `{key}`；请加一行 `{key}: ...`",
    "{label}: {text}": "{label}：{text}",
    "{label} is {kind}; it must be {wanted}": "{label} 是{kind}；应为{wanted}",
    "{label} is {value!r}; it must be {wanted}": "{label} 是 {value!r}；应为{wanted}",
    "{label} is {value!r}; write {expected}": "{label} 是 {value!r}；请写 {expected}",
    "{label} has the kind {tag!r}; write one of {known}": "{label} 的 kind 是 {tag!r}；请从 {known} 中选择",
    "{label} has no `kind`; add a line `kind: ...` with wheel, url or python-topics": (
        "{label} 没有 `kind`；请加一行 `kind: ...`，取 wheel、url 或 python-topics"
    ),
    "{label} is an empty list; give it at least one item, or remove the line": (
        "{label} 是空列表；请至少给一项，或删去该行"
    ),
    "{label} is empty; write a text after the colon, or remove the line": "{label} 是空的；请在冒号后写文本，或删去该行",
    "{label} is {kind}; it must be one text, in quotes if it begins with [ or {{": (
        "{label} 是{kind}；应为一段文本，若以 [ 或 {{ 开头请加引号"
    ),
    '{label} must be a text, but YAML reads {written} as {kind}; put it in quotes: "{written}"': (
        '{label} 须为文本，而 YAML 把 {written} 读作{kind}；请加引号："{written}"'
    ),
    "{value!r} can't be a name; use letters, digits, '-', '_' and '.', and begin with none of '-.'": (
        "{value!r} 不能作名称；请用字母、数字、'-'、'_' 和 '.'，且不以 '-' 或 '.' 开头"
    ),
    "the text is blank; write one, or remove the line": "文本是空白；请填写，或删去该行",
    "there is a broken or control character, {character}; write what was meant": (
        "有损坏的字符或控制字符 {character}；请写出本意"
    ),
    "{value!r} is no web address; begin it with https:// or http://": (
        "{value!r} 不是网址；请以 https:// 或 http:// 开头"
    ),
    "{value!r} is not pinned; write it as package==version": "{value!r} 没有固定版本；请写作 package==version",
    "{value!r} is no language code; write for example en or zh": "{value!r} 不是语言代码；请写如 en 或 zh",
    "{value!r} can't be a file's name; use letters, digits, '-', '_' and '.'": (
        "{value!r} 不能作文件名；请用字母、数字、'-'、'_' 和 '.'"
    ),
    "{value!r} is no path inside a wheel; write it as folder/file": (
        "{value!r} 不是 wheel 内的路径；请写作 folder/file（文件夹/文件）"
    ),
    # needles and prompts
    "the placeholder {{{field}}} is unknown; {hint}": "不认识占位符 {{{field}}}；{hint}",
    "{{{field}}} stands twice in the prompt; keep one of them": "提示中有两处 {{{field}}}；请只留一处",
    "the prompt has no {{{field}}}; write it where the {field} belongs": (
        "提示中没有 {{{field}}}；请写在 {field} 应在之处"
    ),
    "a needle has either `text` or `texts`; remove one of them": "针只能有 `text` 或 `texts` 之一；请去掉一个",
    "`{name}` has no `text`; add a line `text: ...`": "`{name}` 没有 `text`；请加一行 `text: ...`",
    "the needle begins or ends with a blank or a line break; write it in quotes": (
        "针的首尾有空格或换行；请写在引号中"
    ),
    "two facts are named `{name}`; rename one": "有两个事实都叫 `{name}`；请给其一改名",
    "no fact tells that the needle was found; add `identifying: true` to the one that does": (
        "没有哪个事实能表明找到了针；请给能表明的那个加上 `identifying: true`"
    ),
    "`{name}` can't be a fresh value's name; call it for example `number`": (
        "`{name}` 不能作新值的名称；可以叫 `number` 之类"
    ),
    "the fresh value `{name}` is not used; write {{{name}}} in the needle's text, or remove it": (
        "新值 `{name}` 没有用到；请在针的文本中写 {{{name}}}，或删去"
    ),
    "nothing can be filled in here; write it without {placeholder}": "此处不能填入值；请去掉 {placeholder}",
    "{text!r} has no letter or digit to look for in an answer; write words": (
        "{text!r} 中没有可在回答里寻找的字母、汉字或数字；请写文字"
    ),
    "the question holds the needle itself; ask for it without saying it": "问题里含有针本身；请不要说出来地提问",
    # models
    'prices need their day; add a line `prices_as_of: "2026-11"`': ('单价需要日期；请加一行 `prices_as_of: "2026-11"`'),
    "price tiers must rise by `up_to`, and only the last may be without; put them in order": (
        "各档单价须按 `up_to` 递增，只有最后一档可以没有；请排好顺序"
    ),
}
