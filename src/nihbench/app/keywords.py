"""The options of a run, declared once: the command line is made of this table, Python's keywords are checked by it.

An option has one name, one meaning, one default. On the command line its words are read; from Python its value may
also be what a program has at hand (a list of lengths, a dictionary of fields), which `options.raw_values` brings into
the same form.
"""

# No annotations as text here: what stands in them is the table.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Annotated, Any, Optional, TypedDict, get_args, get_type_hints

MODEL = "help.panel_what_is_measured"
GRID = "help.panel_grid"
REQUEST = "help.panel_request"
LIMITS = "help.panel_limits_and_spending"

TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
TEXTS = Optional[list[str]]  # noqa: UP045
FLOAT = Optional[float]  # noqa: UP045
INT = Optional[int]  # noqa: UP045
FLAG = Optional[bool]  # noqa: UP045


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its flag, the type of its raw value, its default, the panel and the words of its help."""

    flag: str
    kind: Any
    default: Any
    panel: str
    help: str
    also: tuple[str, ...] = ()


class Keywords(TypedDict, total=False):
    """The options that `nih run`, `nih plan` and others share, as Python takes them."""

    model: Annotated[
        str | Sequence[str] | None, Option("--model", TEXTS, None, MODEL, "help.option_model", also=("-m",))
    ]
    base_url: Annotated[str | Sequence[str] | None, Option("--base-url", TEXTS, None, MODEL, "help.option_base_url")]
    api_key_env: Annotated[str | None, Option("--api-key-env", TEXT, None, MODEL, "help.option_api_key_env")]
    experiment: Annotated[str | None, Option("--experiment", TEXT, None, MODEL, "help.option_experiment", also=("-e",))]
    task: Annotated[str | None, Option("--task", TEXT, None, MODEL, "help.option_task")]
    task_option: Annotated[
        Mapping[str, Any] | Sequence[str] | None, Option("--task-option", TEXTS, None, MODEL, "help.option_task_option")
    ]
    haystack: Annotated[str | None, Option("--haystack", TEXT, None, MODEL, "help.option_haystack")]
    distractors: Annotated[
        int | str | Sequence[int] | None, Option("--distractors", TEXT, None, MODEL, "help.option_distractors")
    ]
    prompt: Annotated[str | Sequence[str] | None, Option("--prompt", TEXT, None, MODEL, "help.option_prompt")]
    like: Annotated[str | PathLike[str] | None, Option("--like", TEXT, None, MODEL, "help.option_like")]
    corpus: Annotated[str | PathLike[str] | None, Option("--corpus", TEXT, None, MODEL, "help.option_corpus")]
    lengths: Annotated[str | int | Sequence[int] | None, Option("--lengths", TEXT, None, GRID, "help.option_lengths")]
    depths: Annotated[str | int | Sequence[float] | None, Option("--depths", TEXT, None, GRID, "help.option_depths")]
    repeats: Annotated[int | None, Option("--repeats", INT, None, GRID, "help.option_repeats")]
    vary: Annotated[str | Sequence[str], Option("--vary", str, "haystack", GRID, "help.option_vary")]
    length_unit: Annotated[str | None, Option("--length-unit", TEXT, None, GRID, "help.option_length_unit")]
    calibrate: Annotated[bool, Option("--calibrate/--no-calibrate", bool, True, GRID, "help.option_calibrate")]
    window: Annotated[int | None, Option("--window", INT, None, GRID, "help.option_window")]
    repeat_corpus: Annotated[bool, Option("--repeat-corpus", bool, False, GRID, "help.option_repeat_corpus")]
    quick: Annotated[bool, Option("--quick", bool, False, GRID, "help.option_quick")]
    controls: Annotated[bool, Option("--controls/--no-controls", bool, True, GRID, "help.option_controls")]
    adaptive: Annotated[bool, Option("--adaptive", bool, False, GRID, "help.option_adaptive")]
    precision: Annotated[float | None, Option("--precision", FLOAT, None, GRID, "help.option_precision")]
    max_trials: Annotated[int | None, Option("--max-trials", INT, None, GRID, "help.option_max_trials")]
    shard: Annotated[str | None, Option("--shard", TEXT, None, GRID, "help.option_shard")]
    order: Annotated[str, Option("--order", str, "cache", GRID, "help.option_order")]
    seed: Annotated[int | None, Option("--seed", INT, None, GRID, "help.option_seed")]
    max_output: Annotated[int | None, Option("--max-output", INT, None, REQUEST, "help.option_max_output")]
    temperature: Annotated[str | float | None, Option("--temperature", TEXT, None, REQUEST, "help.option_temperature")]
    extra_body: Annotated[
        str | Mapping[str, Any] | None, Option("--extra-body", TEXT, None, REQUEST, "help.option_extra_body")
    ]
    header: Annotated[
        Sequence[str] | Mapping[str, str] | None, Option("--header", TEXTS, None, REQUEST, "help.option_header")
    ]
    stream: Annotated[bool | None, Option("--stream/--no-stream", FLAG, None, REQUEST, "help.option_stream")]
    ca_file: Annotated[str | PathLike[str] | None, Option("--ca-file", TEXT, None, REQUEST, "help.option_ca_file")]
    insecure: Annotated[bool, Option("--insecure", bool, False, REQUEST, "help.option_insecure")]
    preflight: Annotated[bool, Option("--preflight/--no-preflight", bool, True, REQUEST, "help.option_preflight")]
    canary: Annotated[bool, Option("--canary", bool, False, REQUEST, "help.option_canary")]
    concurrency: Annotated[int | None, Option("--concurrency", INT, None, LIMITS, "help.option_concurrency")]
    rpm: Annotated[float | None, Option("--rpm", FLOAT, None, LIMITS, "help.option_rpm")]
    tpm: Annotated[float | None, Option("--tpm", FLOAT, None, LIMITS, "help.option_tpm")]
    price: Annotated[str | Sequence[float] | None, Option("--price", TEXT, None, LIMITS, "help.option_price")]
    max_cost: Annotated[float | None, Option("--max-cost", FLOAT, None, LIMITS, "help.option_max_cost")]


FIGURES: Mapping[str, str] = {
    "map": "nihbench.app.drawing:MAP",
    "difference": "nihbench.app.drawing:DIFFERENCE",
    "profiles": "nihbench.app.drawing:PROFILES",
    "passport": "nihbench.figures.passport:PASSPORT",
    "history": "nihbench.figures.history:HISTORY",
}
"""What --kind may be, and where it is ("module:name"): a `drawing.Kind`, or the function alone that draws sweeps.

One more is one more line: help, Python and the message about an unknown one go by this table.
"""

EXPORTS: Mapping[str, str] = {
    "every-eval-ever": "nihbench.app.exports.every_eval_ever:FORM",
    "hf-eval-results": "nihbench.app.exports.hub:FORM",
    "inspect": "nihbench.app.exports.inspect:FORM",
    "lm-eval": "nihbench.app.exports.lm_eval:FORM",
    "junit": "nihbench.app.exports.junit:FORM",
}
"""What --format may be, and where it is ("module:name"), a `writing.Form`: like `FIGURES`."""


def _table() -> dict[str, Option]:
    hints = get_type_hints(Keywords, include_extras=True)
    return {name: get_args(hint)[1] for name, hint in hints.items()}


OPTIONS: Mapping[str, Option] = _table()
"""Every option by its name, in the order of help."""


def kind_of(name: str) -> str:
    """Return what an option takes from Python, as a type is written."""
    hint = get_type_hints(Keywords)[name]
    text = hint.__name__ if isinstance(hint, type) else str(hint)
    return text.replace("collections.abc.", "").replace("typing.", "").replace("os.", "")


def usual_values() -> dict[str, Any]:
    """Return the raw values of all options where none of them is given."""
    return {name: option.default for name, option in OPTIONS.items()}
