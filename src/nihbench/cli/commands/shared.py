"""The options that `nih run`, `nih plan` and others share, as the parser knows them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from nihbench.app.keywords import MODEL, OPTIONS, TEXT, Option

SUITE = Annotated[
    TEXT, typer.Option("--suite", rich_help_panel=MODEL, help="All experiments of a suite (nih needle list).")
]

_OF_AN_ENDPOINT = ("model base_url api_key_env window extra_body header stream ca_file insecure price max_cost").split()
"""Options that say how one endpoint is asked, and what that may cost."""


def _parameter(name: str, option: Option) -> inspect.Parameter:
    said = typer.Option(option.flag, *option.also, help=option.help, rich_help_panel=option.panel)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=option.default, annotation=Annotated[option.kind, said])


def with_run_options(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; its body gets them as one `options: dict` of raw values."""
    return _sharing(body, OPTIONS)


def with_endpoint_options(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command those shared options that are about one endpoint, as `with_run_options` does."""
    return _sharing(body, [name for name in OPTIONS if name in _OF_AN_ENDPOINT])


def _sharing(body: Callable[..., None], names: Iterable[str]) -> Callable[..., None]:
    options = [_parameter(name, OPTIONS[name]) for name in names]
    own = [p for p in inspect.signature(body, eval_str=True).parameters.values() if p.name != "options"]
    shared_names = {p.name for p in options}

    @functools.wraps(body)
    def wrapped(**values: Any) -> None:
        shared = {name: values.pop(name) for name in list(values) if name in shared_names}
        body(options=shared, **values)

    own_last = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    parameters = [*options, *own_last]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped
