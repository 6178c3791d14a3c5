"""What Tab offers, by each shell's own script where that shell is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from nihbench.cli.app import app
from nihbench.cli.completing import SHELLS, SOURCES, _is_path
from nihbench.cli.door import whole

ROOT = Path(__file__).parents[2]
PACKAGED = yaml.safe_load((ROOT / "needles.yaml").read_text(encoding="utf-8"))
PRESETS = yaml.safe_load((ROOT / "models.yaml").read_text(encoding="utf-8"))["models"].keys()
CORPORA = {path.stem for path in (ROOT / "corpora").glob("*.yaml")}
OWN = """needles:
  soup:
    language: en
    text: "The secret of the soup is saffron."
    question: "What is the secret of the soup?"
"""


@pytest.fixture
def offered(nih: Any) -> Any:
    """Return what is offered at the last word of a line, without what it is."""

    def ask(*words: str) -> list[str]:
        ended = nih("__complete", "fish", *words)
        assert (ended.code, ended.err) == (0, "")
        return [line.partition("\t")[0] for line in ended.out.splitlines()]

    return ask


def test_commands_and_those_below_them(offered: Any) -> None:
    assert {"run", "plot", "gate", "needle"} <= set(offered(""))
    assert offered("pl") == ["plan", "plot"]
    assert offered("needle", "") == ["list", "show", "check"]
    assert offered("nothing", "") == []


def test_options_and_those_that_were_given(offered: Any) -> None:
    assert "--model" in offered("run", "--") and "--lang" in offered("--")
    assert "--suite" not in offered("run", "--suite", "ladder", "--")
    assert "--model" in offered("run", "--model", "x", "--"), "several may be given"
    assert offered("run", "--no-contr") == ["--no-controls"]


def test_names_of_the_catalog_and_of_the_own_folder(nih: Any, offered: Any) -> None:
    (nih.folder / "needles.yaml").write_text(OWN, encoding="utf-8")
    assert set(offered("run", "--model", "")) - {":files"} == PRESETS
    assert set(offered("needle", "show", "")) == PACKAGED["needles"].keys() | {"soup"}
    assert {"soup", *PACKAGED["experiments"]} <= set(offered("run", "-e", ""))
    assert offered("run", "-e", "soup/ex") == ["soup/explicit"]
    assert set(offered("run", "--prompt=")) == {f"--prompt={name}" for name in PACKAGED["prompts"]}
    assert offered("run", "--prompt", "original,ex") == ["original,explicit"]
    assert set(offered("corpus", "fetch", "")) == CORPORA
    assert offered("run", "--corpus", "zh=th") == ["zh=three-kingdoms-zh"]
    assert {"keys", "kth"} <= set(offered("run", "--task", "k"))
    assert set(offered("plan", "--suite", "")) == PACKAGED["suites"].keys()
    assert offered("plot", "x", "--kind", "p") == ["profiles", "passport"]


def test_runs_in_results_and_where_one_types(nih: Any, offered: Any) -> None:
    for name in ("results/two words", "results/b", "results/no-run", "elsewhere/c"):
        (nih.folder / name).mkdir(parents=True)
        if "no-run" not in name:
            (nih.folder / name / "run.json").write_text("{}", encoding="utf-8")
    assert offered("plot", "") == ["results/two words", "results/b", "elsewhere/"]
    assert offered("gate", "new", "--against", "results/b") == ["results/b", ":files"]
    assert offered("compare", "results/b", "else") == ["elsewhere/"]
    assert offered("report", "elsewhere/") == ["elsewhere/c"]
    assert offered("run", "--resume=results/b") == ["--resume=results/b"]


def test_a_run_s_folder_adds_no_name_and_steers_no_terminal(nih: Any, offered: Any) -> None:
    (nih.folder / "run.json").write_text("{}", encoding="utf-8")
    (nih.folder / "needles.yaml").write_text(OWN, encoding="utf-8")
    assert "soup" not in offered("needle", "show", "")
    (nih.folder / "run.json").unlink()
    (nih.folder / "needles.yaml").write_text(
        OWN.replace("soup:", '"\\e[31mred":').replace("What is", "What\\e[31m is"), encoding="utf-8"
    )
    assert all(word.isprintable() for word in offered("needle", "show", ""))
    (nih.folder / "results" / "a\x1b[31mb").mkdir(parents=True)
    (nih.folder / "results" / "a\x1b[31mb" / "run.json").write_text("{}", encoding="utf-8")
    assert offered("plot", "results/") == []


def test_it_says_what_things_are_in_the_users_language(nih: Any) -> None:
    english, chinese = nih("__complete", "zsh", "pl").out, nih("__complete", "zsh", "--lang", "zh", "pl").out
    assert len(english.splitlines()) == len(chinese.splitlines()) == 2
    assert all(line.count("\t") == 1 for line in (english + chinese).splitlines())
    assert any("\u4e00" <= char <= "\u9fff" for char in chinese) and english.isascii()


@pytest.mark.parametrize("words", [(), ("",), ("bash",), ("bash", "run", "--model"), ("ksh", "x"), ("fish", "--", "")])
def test_nothing_that_is_asked_is_an_error(nih: Any, words: tuple[str, ...]) -> None:
    (nih.folder / "needles.yaml").write_text("needles: [\n", encoding="utf-8")
    ended = nih("__complete", *words)
    assert (ended.code, ended.err) == (0, "")


FREE = set(
    """
    dataset model_id organization source
    adaptive again against_url animate answer_speed api_key_env as_json as_md base_url calibrate canary
    canary_tokens completion_window concurrency controls depth depths difference distractors dpi every explain
    extra extra_body failure header insecure judge_base_url length lengths limit max_cost max_depth max_drop
    max_file_mb max_length max_output max_requests max_trials min_depth min_found min_length names only_uncertain
    origin out outcome port precision prefill_speed preflight price probe quick repeat repeat_corpus repeats
    retry_all rows rpm rule scorer seed shard size slots stream strict_controls subtitle task_option temperature title
    tokenizer tpm transparent trial unpaired values version votes wait wanted window yes
    """.split()
)


def test_every_option_that_names_something_is_completed() -> None:
    """A further option is a name, a path, or one of those of which nothing can be offered."""
    missing = set()

    def look(command: Any) -> None:
        for param in command.params:
            plain = getattr(param, "is_flag", False) or _is_path(param)
            if not plain and param.name not in FREE and f"{command.name} {param.name}" not in SOURCES:
                if param.name not in SOURCES and not param.name.startswith("run"):
                    missing.add(f"{command.name} {param.name}")
        for below in getattr(command, "commands", {}).values():
            look(below)

    look(whole(typer.main.get_command(app)))
    assert missing == set()


def test_fixed_words_are_those_that_the_tool_takes(offered: Any) -> None:
    from nihbench.figures.style import PRESETS as STYLES

    assert set(offered("plot", "x", "--preset", "")) == set(STYLES)
    assert set(offered("completion", "")) == set(SHELLS)
    assert set(offered("schema", "")) >= {"needles", "models", "run"}


@pytest.mark.slow
def test_it_waits_for_nothing_that_works(nih: Any) -> None:
    code = (
        "import sys; from nihbench.cli.app import main\n"
        "try: main(['__complete', 'bash', 'run', '--model', 's'])\n"
        "except SystemExit: print('IMPORTED', *sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    assert "smollm2-135m" in out
    loaded = set(out.split("IMPORTED")[1].split())
    assert not loaded & {"numpy", "pandas", "matplotlib", "httpx", "tiktoken", "pydantic", "rich", "nihbench.run"}


# ---- the shells themselves -------------------------------------------------------------------------------------------


@pytest.fixture
def path_to_nih(tmp_path: Path) -> dict[str, str]:
    """An environment in which `nih` is this checkout's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "nih").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nihbench "$@"\n', encoding="utf-8")
    (folder / "nih").chmod(0o755)
    own = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path)}
    return {"LANG": "C.UTF-8", "TERM": "dumb"} | own


def shell(name: str, script: str, environment: dict[str, str], folder: Path) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed here")
    flags = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    file = folder / f"script.{name}"
    file.write_text(script, encoding="utf-8")
    ended = subprocess.run(
        [name, *flags, str(file)], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=600
    )
    assert ended.stderr == "", ended.stderr
    return ended.stdout


BASH = """
source <(nih completion bash)
compopt() { :; }  # only while a line is really typed
ask() {
    COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _nih nih
    printf '%s|' "${COMPREPLY[@]}"
    echo
}
ask 'nih pl' nih pl
ask 'nih run --model=smol' nih run --model = smol
ask 'nih run --model=' nih run --model =
ask 'nih run --corpus zh=th' nih run --corpus zh = th
ask 'nih  plot results/tw' nih plot results/tw
ask 'nih plot ' nih plot ''
ask 'nih corpus stats own' nih corpus stats own
"""


@pytest.mark.slow
def test_bash(path_to_nih: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "results" / "two words").mkdir(parents=True)
    (tmp_path / "results" / "two words" / "run.json").write_text("{}", encoding="utf-8")
    (tmp_path / "own text.txt").write_text("", encoding="utf-8")
    told = shell("bash", BASH, path_to_nih, tmp_path).splitlines()
    assert told[0] == "plan|plot|"
    assert told[1] == "smollm2-135m|"
    assert "smollm2-135m" in told[2].split("|") and len(told[2].split("|")) > len(PRESETS)
    assert told[3] == "three-kingdoms-zh|"
    assert told[4] == "results/two words|"
    assert told[5].split("|")[0] == "results/two words"
    assert told[6] == "own text.txt|"


FISH = """
nih completion fish | source
complete -C 'nih pl'
echo ==
complete -C 'nih run --model smol'
echo ==
complete -C 'nih run --model=smol'
echo ==
complete -C 'nih needle show sf'
"""


@pytest.mark.slow
def test_fish(path_to_nih: dict[str, str], tmp_path: Path) -> None:
    parts = shell("fish", FISH, path_to_nih, tmp_path).split("==\n")
    words = [[line.partition("\t")[0] for line in part.splitlines()] for part in parts]
    assert words[:1] == [["plan", "plot"]]
    assert words[1] == ["smollm2-135m"] and words[2] == ["--model=smollm2-135m"]
    assert words[3] == ["sf-sandwich"]


# zsh completes on a terminal alone: it is given one of its own (zpty), a line is typed there, and Tab.
ZSH = r"""
zmodload zsh/zpty
zpty typed zsh -f -i
say() { zpty -w typed "$1"; }
say "PS1=; unset zle_bracketed_paste; stty -echo; autoload -Uz compinit; compinit -u -D"
say 'nih completion zsh > _nih; fpath=($PWD $fpath); autoload -Uz _nih; compdef _nih nih'
say 'ready() { print -r -- "GOT<$BUFFER>"; BUFFER=; zle accept-line }; zle -N ready; bindkey "^X" ready; print BE''GUN'
local line all
while zpty -r typed line; do [[ $line == *BEGUN* ]] && break; done
for words in "nih ru" "nih run --model smol" "nih needle show sf-s" "nih run --suite=ruler"; do
    zpty -w -n typed "$words"$'\t\x18'
    all=
    while zpty -r typed line; do all+=$line; [[ $all == *GOT\<*\>* ]] && break; done
    print -r -- "${${all##*GOT<}%%>*}"
done
zpty -d typed
"""


@pytest.mark.slow
def test_zsh(path_to_nih: dict[str, str], tmp_path: Path) -> None:
    told = shell("zsh", ZSH, path_to_nih, tmp_path).splitlines()
    assert [line.strip() for line in told] == [
        "nih run",
        "nih run --model smollm2-135m",
        "nih needle show sf-sandwich",
        "nih run --suite=ruler-like",
    ]


def test_every_shell_has_its_script_and_no_other(nih: Any) -> None:
    for name in SHELLS:
        ended = nih("completion", name)
        assert ended.code == 0 and "__complete" in ended.out and "nihbench" in ended.out
    assert nih("completion", "tcsh").code == 2
    # What PowerShell passes: "=" before the word that is begun.
    assert nih("__complete", "powershell", "=pl").out.splitlines()[0].startswith("plan\t")
    assert nih("__complete", "powershell", "needle", "=").out.splitlines()[0].startswith("list\t")
