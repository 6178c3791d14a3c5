"""What Tab offers: commands, options, and the names of presets, needles, corpora, prompts, tasks and runs.

`nih completion SHELL` prints a shell's script (`cli/completion/`). At every Tab that asks
`nih __complete SHELL WORD...`, the last word being the one that is begun, and gets a line for each thing that may stand
there: the whole word, a tab, and what it is. The line `:files` says that the shell itself completes files.

It waits for nothing that works: no numbers, no network, no schema; and it never fails, for nobody reads its errors.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nihbench.app.keywords import EXPORTS, FIGURES
from nihbench.catalog.names import names_of
from nihbench.cli.output import show
from nihbench.cli.speech import translate
from nihbench.errors import UsageError
from nihbench.lang.messages import languages, speak, t

SHELLS: Mapping[str, str] = {"bash": "nih.bash", "zsh": "nih.zsh", "fish": "nih.fish", "powershell": "nih.ps1"}
"""The shells, and each one's script."""

FILES = ":files"
Offers = dict[str, str]
"""Words that may stand there, each with what it is; `FILES` among them: any file."""

_RESULTS = "results"
_MOST_ENTRIES = 2_000
_MOST_HELP = 100


def completion(shell: str) -> None:
    """Print a shell's completion script."""
    if shell not in SHELLS:
        raise UsageError(t("cli.choose_one_2", name="SHELL", value=shell, languages=tuple(SHELLS)))
    show((Path(__file__).parent / "completion" / SHELLS[shell]).read_text(encoding="utf-8"))


def answer(parser: Any, arguments: Sequence[str]) -> int:
    """Print what may stand at the last of the words that a shell has.

    Args:
        parser: the whole command line's.
        arguments: the shell's name, then the words of the line behind `nih`.
    """
    shell, *words = arguments or ("",)
    with suppress(Exception):  # a Tab that finds nothing is no event
        if shell == "powershell" and words:
            words[-1] = words[-1][1:]  # "=WORD": some versions drop an empty argument
        *before, begun = [_unquoted(word) for word in words] or [""]
        lines = _lines(offers(parser, before, begun))
        sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode("utf-8"))
        sys.stdout.flush()
    return 0


def _lines(found: Offers) -> Iterator[str]:
    for value, told in found.items():
        # A name out of a user's file or folder steers no terminal, and is one line.
        if value.isprintable():
            said = " ".join("".join(char if char.isprintable() else " " for char in told).split())
            yield f"{value}\t{said[:_MOST_HELP]}" if said else value


def _unquoted(word: str) -> str:
    """Return a word as the command would get it; its quotation may still be open."""
    if word[:1] in ("'", '"'):
        return word[1:].removesuffix(word[0])
    return re.sub(r"\\(.)", r"\1", word) if os.name == "posix" else word


# ---- which place of the command line it is ---------------------------------------------------------------------------


def offers(parser: Any, before: Sequence[str], begun: str) -> Offers:
    """Return what may stand where a word is begun.

    Args:
        parser: the whole command line's.
        before: the words before it, without `nih`.
        begun: the word as far as it is typed.
    """
    _speak(before)
    translate(parser)
    command, option, values, plain = _walked(parser, before)
    if command is None:
        return {}
    if option is not None:
        return _kept(_values(option.name, option, begun), begun)
    if begun.startswith("-") and not plain:
        name, is_given, value = begun.partition("=")
        given = _options(command).get(name)
        if is_given and given is not None:
            inner = _kept(_values(given.name, given, value), value)
            return {each if each == FILES else f"{name}={each}": told for each, told in inner.items()}
        return _kept(_flags(command, before), begun)
    return _kept(_positional(command, values, begun) or ({} if plain else _flags(command, before)), begun)


def _speak(words: Sequence[str]) -> None:
    asked = os.environ.get("NIH_LANG") or "en"
    for number, word in enumerate(words):
        if word == "--lang" and number + 1 < len(words):
            asked = words[number + 1]
        elif word.startswith("--lang="):
            asked = word.partition("=")[2]
    speak(asked if asked in languages() else "en")


def _walked(parser: Any, words: Sequence[str]) -> tuple[Any, Any | None, int, bool]:
    """Return the command that words name, the option that waits for a value, how many arguments there are, and `--`."""
    command, arguments, plain = parser, 0, False
    left = iter(words)
    for word in left:
        if word == "--" and not plain:
            plain = True
        elif word.startswith("-") and len(word) > 1 and not plain:
            option = _options(command).get(word.partition("=")[0]) or _options(parser).get(word.partition("=")[0])
            if option is not None and _takes_value(option) and "=" not in word:
                if next(left, None) is None:
                    return command, option, arguments, plain
        elif getattr(command, "commands", None):
            below = command.commands.get(word)
            if below is None:
                return None, None, 0, True
            command = below.load() if hasattr(below, "load") else below
        else:
            arguments += 1
    return command, None, arguments, plain


def _options(command: Any) -> dict[str, Any]:
    return {
        flag: param
        for param in command.params
        if param.param_type_name == "option"
        for flag in (*param.opts, *param.secondary_opts)
    }


def _takes_value(option: Any) -> bool:
    return not option.is_flag and not option.count


def _flags(command: Any, used: Sequence[str]) -> Offers:
    """Return a command's options; one that was given and is taken once is not offered again."""
    given = {word.partition("=")[0] for word in used}
    found: Offers = {}
    for param in command.params:
        if param.param_type_name != "option" or param.hidden:
            continue
        names = [*param.opts, *param.secondary_opts]
        if not given & set(names) or param.multiple:
            found |= dict.fromkeys((name for name in names if name.startswith("--")), param.help or "")
    return found | {"--help": ""}


def _positional(command: Any, number: int, begun: str) -> Offers:
    below = getattr(command, "commands", None)
    if below:
        return {name: (each.help or "").split("\n")[0] for name, each in below.items() if not each.hidden}
    places = [param for param in command.params if param.param_type_name == "argument"]
    if not places or (number >= len(places) and places[-1].nargs != -1):
        return {}
    place = places[min(number, len(places) - 1)]
    return _values(f"{command.name} {place.name}", place, begun)


def _kept(found: Offers, begun: str) -> Offers:
    return {value: told for value, told in found.items() if value == FILES or value.startswith(begun)}


# ---- what a value may be ---------------------------------------------------------------------------------------------


def _named(section: str) -> Callable[[str], Offers]:
    return lambda begun: names_of(section, Path())


def _corpora(begun: str) -> Offers:
    language, is_one, _ = begun.partition("=")
    known = names_of("corpora", Path())
    return {f"{language}={name}": told for name, told in known.items()} if is_one else known | {FILES: ""}


def _experiments(begun: str) -> Offers:
    name, slash, _ = begun.partition("/")
    if slash:
        return {f"{name}/{prompt}": told for prompt, told in names_of("prompts", Path()).items()}
    return names_of("needles", Path()) | names_of("experiments", Path())


def _tasks(begun: str) -> Offers:
    from nihbench.tasks.registry import known

    return dict.fromkeys(known(), "")


def _runs(begun: str) -> Offers:
    """Return the runs in `results`, and below the folder that is typed; the folders there, to go on with."""
    typed, slash, _ = begun.rpartition("/")
    place = Path(f"{typed}{slash}").expanduser() if slash else Path()
    found = {f"{typed}{slash}{name}" + ("" if is_run else "/"): "" for name, is_run in _folders(place)}
    if not slash and Path(_RESULTS).is_dir():
        found = {f"{_RESULTS}/{name}": "" for name, is_run in _folders(Path(_RESULTS)) if is_run} | found
        found.pop(f"{_RESULTS}/", None)
    return found


def _folders(place: Path) -> list[tuple[str, bool]]:
    found = []
    with suppress(OSError), os.scandir(place) as entries:
        for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False):
            if not entry.name.startswith(".") and entry.is_dir():
                is_run = any(os.path.lexists(os.path.join(entry.path, name)) for name in ("run.json", "tree.json"))
                found.append((entry.name, is_run))
    return sorted(found, reverse=True)


def _either(*sources: Callable[[str], Offers]) -> Callable[[str], Offers]:
    return lambda begun: {value: told for source in sources for value, told in source(begun).items()}


def _files(begun: str) -> Offers:
    return {FILES: ""}


def _words(*names: str) -> Callable[[str], Offers]:
    return lambda begun: dict.fromkeys(names, "")


def _several(source: Callable[[str], Offers]) -> Callable[[str], Offers]:
    """Return what completes the last of several names with commas between."""

    def last(begun: str) -> Offers:
        earlier, comma, name = begun.rpartition(",")
        given = set(earlier.split(","))
        return {f"{earlier}{comma}{each}": told for each, told in source(name).items() if each not in given}

    return last


SOURCES: Mapping[str, Callable[[str], Offers]] = {
    "model": _either(_named("models"), _files),
    "judge": _named("models"),
    "experiment": _experiments,
    "suite": _named("suites"),
    "task": _tasks,
    "tasks": _several(_experiments),
    "prompt": _several(_named("prompts")),
    "corpus": _corpora,
    "like": _runs,
    "resume": _runs,
    "against": _either(_runs, _files),
    "lang": lambda begun: dict.fromkeys(languages(), ""),
    "kind": lambda begun: dict.fromkeys(FIGURES, ""),
    "undecided": _words("fail", "pass"),
    "form": lambda begun: dict.fromkeys(EXPORTS, ""),
    "haystack": _several(_words("text", "shuffled", "noise", "needles")),
    "vary": _several(_words("haystack", "needle", "sampling")),
    "order": _words("cache", "random", "grid"),
    "axis": _words("nominal", "achieved"),
    "preset": _words("default", "blog", "slide", "square", "wide", "story"),
    "caption": _words("none", "short", "full"),
    "colours": _words("classic", "safe", "grey"),
    "by": _words("prompt", "model", "condition", "language"),
    "length_unit": _either(_words("model", "cl100k_base", "o200k_base"), _files),
    "ca_file": _files,
    "show name": _named("needles"),
    "check name": _named("needles"),
    "fetch names": _named("corpora"),
    "stats names": _corpora,
    "completion shell": _words(*SHELLS),
    "schema name": lambda begun: _schemas(),
    "grade file": _files,
    "agree source": _either(_runs, _files),
    "gate new": _runs,
}
"""What completes a value, by the option's name, or an argument's behind its command's."""
_RUN_ARGUMENTS = re.compile(r".* (runs?|old|new)")


def _schemas() -> Offers:
    from nihbench.app.schemas import SCHEMAS

    return dict.fromkeys(SCHEMAS, "")


def _values(name: str, param: Any, begun: str) -> Offers:
    """Return what a value may be: by what it is called, else by its type."""
    source = SOURCES.get(name)
    if source is not None:
        return source(begun)
    if _RUN_ARGUMENTS.fullmatch(name):
        return _runs(begun)
    return {FILES: ""} if _is_path(param) else {}


def _is_path(param: Any) -> bool:
    """Say whether it takes a path: some versions of typer keep the annotation, others a type of click's."""
    kept = getattr(param, "type_descriptor", None)
    return "Path" in repr(getattr(kept, "annotation", None) if kept is not None else getattr(param, "type", None))
