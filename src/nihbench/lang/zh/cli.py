"""Chinese of what commands say: notes and the errors of options."""

WORDS = {
    "nih: {error}": "nih：{error}",
    "nih: {what} (see `{where} --help`)": "nih：{what}（见 `{where} --help`）",
    "nih: interrupted": "nih：已中断",
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
    "stopped; {kept}": "已停止；{kept}",
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
    "{trials} trials of 1 run: {out}": "1 次运行的 {trials} 次试验：{out}",
    "{trials} trials of {runs} runs: {out}": "{runs} 次运行的 {trials} 次试验：{out}",
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
    "--length {length} must be at least 1 token": "--length {length} 至少为 1 token",
    "--depth {depth:g} lies outside 0 to 100 percent": "--depth {depth:g} 超出 0 至 100 的百分比范围",
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
}
