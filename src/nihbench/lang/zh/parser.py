"""What the parser of the command line and its help say, which is not our own text."""

WORDS = {
    "Usage: ": "用法：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
    "Arguments": "参数",
    "Options": "选项",
    "Commands": "命令",
    "[default: {}]": "[默认：{}]",
    "[env var: {}]": "[环境变量：{}]",
    "[required]": "[必填]",
    "Show this message and exit.": "显示本帮助并退出。",
}

SENTENCES = {
    "{message}. Did you mean {suggestions}?": "{message}；是否想输入 {suggestions}？",
    "{message} Did you mean {suggestions}?": "{message} 是否想输入 {suggestions}？",
    "{message} (Possible options: {options})": "{message}（可能的选项：{options}）",
    "No such option: {option}": "没有选项 {option}",
    "No such command {command}": "没有命令 {command}",
    "Missing command": "缺少命令",
    "Missing option {option}": "缺少选项 {option}",
    "Missing argument {argument}": "缺少参数 {argument}",
    "Missing parameter: {parameter}": "缺少参数 {parameter}",
    "Invalid value for {name}: {message}": "{name} 的值无效：{message}",
    "Invalid value: {message}": "值无效：{message}",
    "Got unexpected extra argument(s) ({arguments})": "多余的参数：{arguments}",
    "Got unexpected extra argument ({arguments})": "多余的参数：{arguments}",
    "Got unexpected extra arguments ({arguments})": "多余的参数：{arguments}",
    "Option {option} requires an argument": "选项 {option} 需要一个值",
    "Option {option} does not take a value": "选项 {option} 不带值",
    "{value} is not a valid integer": "{value} 不是整数",
    "{value} is not a valid float": "{value} 不是数字",
    "{value} is not a valid int": "{value} 不是整数",
    "{value} is not a valid boolean": "{value} 不是布尔值",
}
