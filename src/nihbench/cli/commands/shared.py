"""The options that `nih run`, `nih plan` and others share, as the parser knows them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Optional

import typer

_MODEL = "What is measured"
_GRID = "Grid"
_REQUEST = "Request"
_LIMITS = "Limits and spending"


def _option(flag: str, kind: Any, default: Any, panel: str, text: str, **more: Any) -> inspect.Parameter:
    name = flag.split("/")[0].lstrip("-").replace("-", "_")
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[
            kind, typer.Option(*([flag, *more.pop("also", ())]), help=text, rich_help_panel=panel, **more)
        ],
    )


_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time
_TEXTS = Optional[list[str]]  # noqa: UP045
_FLOAT = Optional[float]  # noqa: UP045
_INT = Optional[int]  # noqa: UP045
_FLAG = Optional[bool]  # noqa: UP045

SUITE = Annotated[
    _TEXT, typer.Option("--suite", rich_help_panel=_MODEL, help="All experiments of a suite (nih needle list).")
]

SHARED: tuple[inspect.Parameter, ...] = (
    _option(
        "--model",
        _TEXTS,
        None,
        _MODEL,
        "A preset (nih models), any name with --base-url, or a .gguf file; nih run and nih plan take several.",
        also=("-m",),
    ),
    _option(
        "--base-url",
        _TEXTS,
        None,
        _MODEL,
        "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1; several (give it again) share the work.",
    ),
    _option("--api-key-env", _TEXT, None, _MODEL, "The environment variable that holds the key."),
    _option(
        "--experiment", _TEXT, None, _MODEL, "An experiment (nih needle list), or EXPERIMENT/PROMPT.", also=("-e",)
    ),
    _option("--task", _TEXT, None, _MODEL, "A task (nih task list), where no experiment names it."),
    _option(
        "--task-option",
        _TEXTS,
        None,
        _MODEL,
        "An option of the task, or its rows, as NAME=VALUE (language=zh, distractors=0,4); may be repeated.",
    ),
    _option("--prompt", _TEXT, None, _MODEL, "Prompt variants, separated by commas."),
    _option(
        "--like",
        _TEXT,
        None,
        _MODEL,
        "Send the prompts of this run again, byte for byte, so that the two can be compared (its folder).",
    ),
    _option("--corpus", _TEXT, None, _MODEL, "A corpus (nih corpus list), a path, or zh=NAME for one language."),
    _option(
        "--lengths", _TEXT, None, _GRID, "15 | 1k:128k:15 | 1k:1m:15:log | 1k,4k,16k | 300t (tokens of the request)."
    ),
    _option("--depths", _TEXT, None, _GRID, "15 | 0:90:10 | 0:90:10:sigmoid | 0,50,100 | 50%."),
    _option("--repeats", int, 1, _GRID, "How often each cell is measured, by default on another haystack each time."),
    _option(
        "--vary",
        str,
        "haystack",
        _GRID,
        "What differs between repeats: haystack,needle,sampling (fresh values do in any case).",
    ),
    _option(
        "--length-unit",
        _TEXT,
        None,
        _GRID,
        "model, or a tokenizer: cl100k_base, o200k_base, a tokenizer.json "
        "(default: model; cl100k_base where several models are to read the same prompts).",
    ),
    _option(
        "--calibrate/--no-calibrate",
        bool,
        True,
        _GRID,
        "Fit --length-unit model to the server's counts where nothing else counts in the model's tokens.",
    ),
    _option("--window", _INT, None, _GRID, "The model's window in tokens, where it is not known."),
    _option("--repeat-corpus", bool, False, _GRID, "Repeat a corpus that is shorter than a length."),
    _option("--quick", bool, False, _GRID, "A small grid: 5 lengths from 500 to 4,000 tokens, 5 depths."),
    _option(
        "--controls/--no-controls",
        bool,
        True,
        _GRID,
        "Ask control trials beside the grid: is the needle fair, can the answer be guessed, does the endpoint drift.",
    ),
    _option(
        "--adaptive",
        bool,
        False,
        _GRID,
        "After the first pass measure cells again where answers are uncertain: to --precision, or the money's end.",
    ),
    _option("--precision", _FLOAT, None, _GRID, "--adaptive aims at: ± of each length's found rate (default 0.05)."),
    _option("--max-trials", _INT, None, _GRID, "With --adaptive: at most so many trials, controls left out."),
    _option(
        "--shard",
        _TEXT,
        None,
        _GRID,
        "One part of the plan, such as 3/8, for machines that share a sweep (nih merge joins their runs).",
    ),
    _option("--order", str, "cache", _GRID, "cache (feeds prefix caches) | random | grid."),
    _option("--seed", _INT, None, _GRID, "Seed of all that is drawn (default 0); sent to the model too where given."),
    _option("--max-output", _INT, None, _REQUEST, "Output limit of one answer in tokens."),
    _option("--temperature", _TEXT, None, _REQUEST, "A number, or none to send none."),
    _option("--extra-body", _TEXT, None, _REQUEST, "More fields of the request, as a JSON object."),
    _option("--header", _TEXTS, None, _REQUEST, "A further header as NAME=VALUE; may be repeated."),
    _option(
        "--stream/--no-stream",
        _FLAG,
        None,
        _REQUEST,
        "Ask for streamed answers (default: where the server can).",
    ),
    _option("--ca-file", _TEXT, None, _REQUEST, "Further certificate authorities to trust, as a PEM file."),
    _option("--insecure", bool, False, _REQUEST, "Check no certificates: anyone on the way can read the key."),
    _option(
        "--preflight/--no-preflight",
        bool,
        True,
        _REQUEST,
        "Ask the server for key, model, window and one token before a new run.",
    ),
    _option(
        "--canary",
        bool,
        False,
        _REQUEST,
        "Before a new run, ask codes back from the first and last line of one prompt of the longest length.",
    ),
    _option("--concurrency", _INT, None, _LIMITS, "Requests in flight at a time (default: found out)."),
    _option("--rpm", _FLOAT, None, _LIMITS, "Requests a minute that the account allows."),
    _option("--tpm", _FLOAT, None, _LIMITS, "Tokens a minute that the account allows."),
    _option("--price", _TEXT, None, _LIMITS, "IN,OUT or IN,OUT,CACHED: the model's price in USD per million tokens."),
    _option("--max-cost", _FLOAT, None, _LIMITS, "Stop before the call with which the run could pass so many USD."),
)


_OF_AN_ENDPOINT = ("model base_url api_key_env window extra_body header stream ca_file insecure price max_cost").split()
"""Options that say how one endpoint is asked, and what that may cost."""


def usual_values() -> dict[str, Any]:
    """Return the raw values of all shared options where none of them is given."""
    return {option.name: option.default for option in SHARED}


def with_run_options(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; its body gets them as one `options: dict` of raw values."""
    return _sharing(body, SHARED)


def with_endpoint_options(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command those shared options that are about one endpoint, as `with_run_options` does."""
    return _sharing(body, [option for option in SHARED if option.name in _OF_AN_ENDPOINT])


def _sharing(body: Callable[..., None], options: Sequence[inspect.Parameter]) -> Callable[..., None]:
    own = [p for p in inspect.signature(body, eval_str=True).parameters.values() if p.name != "options"]
    names = {p.name for p in options}

    @functools.wraps(body)
    def wrapped(**values: Any) -> None:
        shared = {name: values.pop(name) for name in list(values) if name in names}
        body(options=shared, **values)

    own_last = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    parameters = [*options, *own_last]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped
