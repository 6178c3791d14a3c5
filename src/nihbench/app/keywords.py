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

MODEL = "What is measured"
GRID = "Grid"
REQUEST = "Request"
LIMITS = "Limits and spending"

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
        str | Sequence[str] | None,
        Option(
            "--model",
            TEXTS,
            None,
            MODEL,
            "A preset (nih models), any name with --base-url, or a .gguf file; nih run and nih plan take several.",
            also=("-m",),
        ),
    ]
    base_url: Annotated[
        str | Sequence[str] | None,
        Option(
            "--base-url",
            TEXTS,
            None,
            MODEL,
            "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1; several (give it again) share the work.",
        ),
    ]
    api_key_env: Annotated[
        str | None, Option("--api-key-env", TEXT, None, MODEL, "The environment variable that holds the key.")
    ]
    experiment: Annotated[
        str | None,
        Option(
            "--experiment", TEXT, None, MODEL, "An experiment (nih needle list), or EXPERIMENT/PROMPT.", also=("-e",)
        ),
    ]
    task: Annotated[
        str | None, Option("--task", TEXT, None, MODEL, "A task (nih task list), where no experiment names it.")
    ]
    task_option: Annotated[
        Mapping[str, Any] | Sequence[str] | None,
        Option(
            "--task-option",
            TEXTS,
            None,
            MODEL,
            "An option of the task, or its rows, as NAME=VALUE (language=zh, distractors=0,4); may be repeated.",
        ),
    ]
    prompt: Annotated[
        str | Sequence[str] | None, Option("--prompt", TEXT, None, MODEL, "Prompt variants, separated by commas.")
    ]
    like: Annotated[
        str | PathLike[str] | None,
        Option(
            "--like",
            TEXT,
            None,
            MODEL,
            "Send the prompts of this run again, byte for byte, so that the two can be compared (its folder).",
        ),
    ]
    corpus: Annotated[
        str | PathLike[str] | None,
        Option("--corpus", TEXT, None, MODEL, "A corpus (nih corpus list), a path, or zh=NAME for one language."),
    ]
    lengths: Annotated[
        str | int | Sequence[int] | None,
        Option(
            "--lengths", TEXT, None, GRID, "15 | 1k:128k:15 | 1k:1m:15:log | 1k,4k,16k | 300t (tokens of the request)."
        ),
    ]
    depths: Annotated[
        str | int | Sequence[float] | None,
        Option("--depths", TEXT, None, GRID, "15 | 0:90:10 | 0:90:10:sigmoid | 0,50,100 | 50%."),
    ]
    repeats: Annotated[
        int,
        Option("--repeats", int, 1, GRID, "Trials per cell, by default each over another haystack."),
    ]
    vary: Annotated[
        str | Sequence[str],
        Option(
            "--vary",
            str,
            "haystack",
            GRID,
            "What differs between repeats: haystack,needle,sampling (fresh values do in any case).",
        ),
    ]
    length_unit: Annotated[
        str | None,
        Option(
            "--length-unit",
            TEXT,
            None,
            GRID,
            "model, or a tokenizer: cl100k_base, o200k_base, a tokenizer.json "
            "(default: model; cl100k_base where several models are to read the same prompts).",
        ),
    ]
    calibrate: Annotated[
        bool,
        Option(
            "--calibrate/--no-calibrate",
            bool,
            True,
            GRID,
            "Fit --length-unit model to the server's counts where nothing else counts in the model's tokens.",
        ),
    ]
    window: Annotated[
        int | None, Option("--window", INT, None, GRID, "The model's window in tokens, if it is not known.")
    ]
    repeat_corpus: Annotated[
        bool, Option("--repeat-corpus", bool, False, GRID, "Repeat a corpus that is shorter than a length.")
    ]
    quick: Annotated[
        bool, Option("--quick", bool, False, GRID, "A small grid: 5 lengths from 500 to 4,000 tokens, 5 depths.")
    ]
    controls: Annotated[
        bool,
        Option(
            "--controls/--no-controls",
            bool,
            True,
            GRID,
            "Run control trials beside the grid: is the needle fair, is the answer guessable, does the endpoint drift.",
        ),
    ]
    adaptive: Annotated[
        bool,
        Option(
            "--adaptive",
            bool,
            False,
            GRID,
            "After the first pass, measure uncertain cells again until --precision is reached or the budget is spent.",
        ),
    ]
    precision: Annotated[
        float | None,
        Option(
            "--precision", FLOAT, None, GRID, "The target of --adaptive: ± of each length's found rate (default 0.05)."
        ),
    ]
    max_trials: Annotated[
        int | None,
        Option("--max-trials", INT, None, GRID, "With --adaptive: maximum number of trials, without controls."),
    ]
    shard: Annotated[
        str | None,
        Option(
            "--shard",
            TEXT,
            None,
            GRID,
            "One part of the plan, such as 3/8, for machines that share a sweep (nih merge joins their runs).",
        ),
    ]
    order: Annotated[str, Option("--order", str, "cache", GRID, "cache (makes use of prefix caches) | random | grid.")]
    seed: Annotated[
        int | None,
        Option("--seed", INT, None, GRID, "Seed for all random draws (default 0); if given, sent to the model too."),
    ]
    max_output: Annotated[
        int | None, Option("--max-output", INT, None, REQUEST, "Output limit of one answer in tokens.")
    ]
    temperature: Annotated[
        str | float | None, Option("--temperature", TEXT, None, REQUEST, "A number, or none to send none.")
    ]
    extra_body: Annotated[
        str | Mapping[str, Any] | None,
        Option("--extra-body", TEXT, None, REQUEST, "More fields of the request, as a JSON object."),
    ]
    header: Annotated[
        Sequence[str] | Mapping[str, str] | None,
        Option("--header", TEXTS, None, REQUEST, "A further header as NAME=VALUE; may be repeated."),
    ]
    stream: Annotated[
        bool | None,
        Option("--stream/--no-stream", FLAG, None, REQUEST, "Stream answers (default: where the server can)."),
    ]
    ca_file: Annotated[
        str | PathLike[str] | None,
        Option("--ca-file", TEXT, None, REQUEST, "Further certificate authorities to trust, as a PEM file."),
    ]
    insecure: Annotated[
        bool,
        Option("--insecure", bool, False, REQUEST, "Do not check certificates: anyone on the way can read the key."),
    ]
    preflight: Annotated[
        bool,
        Option(
            "--preflight/--no-preflight",
            bool,
            True,
            REQUEST,
            "Before a new run, ask the server for key, model, window and one token.",
        ),
    ]
    canary: Annotated[
        bool,
        Option(
            "--canary",
            bool,
            False,
            REQUEST,
            "Before a new run, ask codes back from the first and last line of one prompt of the longest length.",
        ),
    ]
    concurrency: Annotated[
        int | None,
        Option("--concurrency", INT, None, LIMITS, "Requests in flight at once (default: found automatically)."),
    ]
    rpm: Annotated[float | None, Option("--rpm", FLOAT, None, LIMITS, "Requests per minute that the account allows.")]
    tpm: Annotated[float | None, Option("--tpm", FLOAT, None, LIMITS, "Tokens per minute that the account allows.")]
    price: Annotated[
        str | Sequence[float] | None,
        Option("--price", TEXT, None, LIMITS, "IN,OUT or IN,OUT,CACHED: the model's price in USD per million tokens."),
    ]
    max_cost: Annotated[
        float | None,
        Option("--max-cost", FLOAT, None, LIMITS, "Stop before a call that could take the run past this many USD."),
    ]


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
