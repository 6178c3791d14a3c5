"""The options that `nih run`, `nih plan` and others share, and how they become a `RunOptions`."""

from __future__ import annotations

import functools
import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from nihbench.cli.catalogs import load
from nihbench.errors import UsageError
from nihbench.lang.messages import t

if TYPE_CHECKING:
    from nihbench.run.options import RunOptions

_MODEL = "What is measured"
_GRID = "Grid"
_REQUEST = "Request"
_LIMITS = "Limits and spending"

_OWN_FIELDS = {
    "messages": t("the messages are what a run builds (nih prompt shows them)"),
    "model": t("give --model"),
    "stream": t("give --stream or --no-stream"),
    "n": t("a trial has one answer; give --repeats"),
    "max_tokens": t("give --max-output"),
    "max_completion_tokens": t("give --max-output"),
    "temperature": t("give --temperature"),
    "seed": t("give --seed"),
    "truncate_prompt_tokens": t("it would cut the prompts that are measured"),
}
"""Fields of the request that are this tool's own, and what to do instead."""


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


def run_options(values: dict[str, Any], *, needs_model: bool = True) -> RunOptions:
    """Turn raw option values into a `RunOptions`.

    Args:
        values: the value of every shared option (see `usual_values`).
        needs_model: whether a model must be named; the name of one that is not is empty.

    Raises:
        UsageError: a value can't be read, or no model is named.
    """
    from nihbench.cli.spelling import spelt_depths, spelt_lengths
    from nihbench.run.like import like_options
    from nihbench.run.options import RunOptions, check_adaptive
    from nihbench.run.texts import absolute_corpus

    like = values["like"]
    if like:
        _check_like(values)
    corpus = values["corpus"] and absolute_corpus(values["corpus"], load())
    values = dict(values) | {"corpus": corpus, "like": like and os.path.abspath(like)}
    _remember_files(values)
    for name, value in values.items():
        if not _is_text(value):
            option = "--" + name.replace("_", "-")
            raise UsageError(
                t("{option} holds bytes that are not UTF-8: rename the file, or write it in UTF-8", option=option)
            )
    values |= {"lengths": spelt_lengths(values["lengths"]), "depths": spelt_depths(values["depths"])}
    models = list(dict.fromkeys(values.pop("model") or []))
    if not models and not needs_model:
        models = [""]
    elif not all(models) or not models:
        raise UsageError(t("no model is named: give --model, such as --model smollm2-135m (see `nih models`)"))
    if len(models) > 1:
        raise UsageError(t("this command takes one --model: leave the others out"))
    unit = values.pop("length_unit") or "model"
    prompts = values.pop("prompt")
    vary = tuple(dict.fromkeys(part.strip() for part in values.pop("vary").split(",")))
    headers = values.pop("header") or []
    extra = values.pop("extra_body")
    first, *more = values.pop("base_url") or [None]
    options = RunOptions(
        **values,
        model=models[0],
        length_unit=unit,
        base_url=first,
        more_urls=tuple(more),
        prompts=tuple(part.strip() for part in prompts.split(",") if part.strip()) if prompts else None,
        vary=vary,
        headers=header_values(headers),
        extra_body=_extra(extra),
    )
    check_adaptive(options)
    return like_options(options) if like else options


def _remember_files(values: Mapping[str, Any]) -> None:
    """Keep which files of the user's own this command line names, so that a run of them can be gone on with."""
    from nihbench.endpoint.tokenizers import is_tokenizer_file
    from nihbench.run.known import remember_files
    from nihbench.run.texts import corpus_choices

    named = [
        *filter(os.path.isabs, corpus_choices(values["corpus"]).values()),
        *(m for m in values["model"] or () if m.endswith(".gguf")),
    ]
    if values["length_unit"] and is_tokenizer_file(values["length_unit"]):
        named.append(values["length_unit"].removeprefix("hf:"))
    if values["like"]:
        named.append(values["like"])
    remember_files(path for path in named if os.path.exists(path))


_OF_THE_OTHER = (
    "experiment lengths depths repeats vary length_unit calibrate repeat_corpus quick adaptive precision max_trials "
    "shard seed"
).split()
"""Options that `--like` takes from the other run, or that a run which cuts no prompts of its own can't have."""


def _check_like(values: Mapping[str, Any]) -> None:
    """Raise `UsageError` where an option says something that `--like` decides."""
    usual = usual_values()
    given = [name for name in _OF_THE_OTHER if values[name] != usual[name]]
    if given:
        raise UsageError(
            t(
                "--like takes grid, texts and seed from that run: leave {options} out",
                options=", ".join("--" + name.replace("_", "-") for name in given),
            )
        )


def _is_text(value: Any) -> bool:
    """Say whether a value can be written down; bytes of the command line that are no UTF-8 came in as surrogates."""
    text = "".join(value) if isinstance(value, list) else str(value)
    return not any("\ud800" <= char <= "\udfff" for char in text)


def header_values(pairs: list[str]) -> dict[str, str]:
    """Read `--header NAME=VALUE`, given any number of times.

    Raises:
        UsageError: one is not of that form.
    """
    headers = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(t("--header takes NAME=VALUE, such as --header X-Title=nih"))
        headers[name.strip()] = value.strip()
    return headers


def _extra(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(t("--extra-body is not JSON: {error}", error=error)) from error
    if not isinstance(value, dict):
        raise UsageError(t('--extra-body must be a JSON object, such as \'{"thinking": {"type": "disabled"}}\''))
    check_extra(value)
    return value


def check_extra(value: Mapping[str, Any]) -> None:
    """Raise `UsageError` where further fields of a request hold one that this tool decides."""
    for name in value:
        if name in _OWN_FIELDS:
            raise UsageError(
                t("--extra-body may not hold {name!r}: {own_fields}", name=name, own_fields=_OWN_FIELDS[name])
            )
