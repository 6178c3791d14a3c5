"""Where rooms that may not know each other are put together: a model's preset, its server, the run's setup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nihbench.cli.output import FetchReport, note
from nihbench.cli.presets import find_preset, host_of, is_gguf, key_for
from nihbench.errors import UsageError
from nihbench.lang import t

if TYPE_CHECKING:
    from nihbench.catalog import Catalog
    from nihbench.cli.money import Checks
    from nihbench.endpoint import ModelAccess
    from nihbench.fetch import Report
    from nihbench.plan import Pace
    from nihbench.run import Begun, Forecast, RunOptions, Setup


@contextmanager
def prepared(
    options: RunOptions, *, sending: bool, begun: Begun | None = None, leave_out: bool = False
) -> Iterator[tuple[Setup, ModelAccess]]:
    """Resolve options to a setup; an embedded model's server runs as long as the context.

    Args:
        options: what the user asked for.
        sending: whether the model will be asked: a missing key is an error only then, and a new run asks the server
            what must be known before the first expensive prompt.
        begun: what the run found out when it began, where it is resumed.
        leave_out: whether lengths over the window are left out instead of refused.
    """
    from nihbench.catalog import load
    from nihbench.cli.money import Checks

    catalog, checks = load(), Checks(options=options) if sending else None
    with reached(options, catalog, checks, begun=begun) as model:
        setup = resolved(options, catalog, model, checks, begun=begun, leave_out=leave_out)
        introduce(setup, model, checks, begun=begun)
        yield setup, model


@contextmanager
def reached(
    options: RunOptions, catalog: Catalog, checks: Checks | None, *, begun: Begun | None = None
) -> Iterator[ModelAccess]:
    """Reach the model, and ask its server what must be known before a new run.

    Args:
        options: what the user asked for.
        catalog: models among other things.
        checks: what the model is asked on account of; None: it will not be asked, and its key need not be there.
        begun: as for `prepared`.
    """
    from nihbench.cli.checks import preflown

    with reach(options, catalog, sending=checks is not None, report=FetchReport()) as model:
        yield preflown(model, checks) if checks and _asks(model, begun) and options.preflight else model


def resolved(
    options: RunOptions,
    catalog: Catalog,
    model: ModelAccess,
    checks: Checks | None,
    *,
    begun: Begun | None = None,
    leave_out: bool = False,
) -> Setup:
    """Resolve options for a model within reach. Arguments as for `prepared` and `reached`."""
    from nihbench.cli.checks import calibrated
    from nihbench.run import prepare

    return prepare(
        options,
        catalog,
        model,
        folder=Path.cwd(),
        report=FetchReport(),
        begun=begun,
        calibrate=partial(calibrated, model, checks) if checks and _asks(model, begun) else None,
        leave_out=leave_out,
    )


def foreseen(setup: Setup, model: ModelAccess, pace: Pace | None = None) -> Forecast:
    """Return what a run will need: `run.forecast_of` with what is known of the model's server."""
    from nihbench.run import forecast_of

    return forecast_of(setup, pace, at_once=model.limits(concurrency=setup.concurrency).start)


def introduce(setup: Setup, model: ModelAccess, checks: Checks | None, *, begun: Begun | None = None) -> None:
    """Say what a user must know of a run before it begins, and send its canary. Arguments as for `reached`."""
    from nihbench.cli.checks import canary

    for sentence in setup.notes:
        note(t("note: {sentence}", sentence=sentence))
    if checks and begun is None and setup.options.canary:
        canary(model, checks, setup)


def _asks(model: ModelAccess, begun: Begun | None) -> bool:
    """Say whether a server is asked before a run: a new one, that is, of a model that is not embedded."""
    return begun is None and model.model_sha256 is None


@contextmanager
def reach(options: RunOptions, catalog: Catalog, *, sending: bool, report: Report) -> Iterator[ModelAccess]:
    """Reach the model that the options name, starting the embedded server where it is a local one.

    Whatever it is asked then carries the headers and the further fields that the options give, at their price.
    """
    from nihbench.endpoint import open_model
    from nihbench.run import preset_of

    preset = preset_of(options, find_preset(options, catalog))
    if preset.local is None and (options.base_url or not is_gguf(options.model)):
        variable = options.api_key_env or preset.key_env
        key = key_for(variable, preset, sending)
        # A public service tells nothing of use and would want a key for it: a plan can be made without.
        if options.insecure:
            note(
                t(
                    "note: --insecure: certificates are NOT checked, anyone on the way can read the key and "
                    "change answers"
                )
            )
        with open_model(
            preset,
            key=key,
            headers=options.headers,
            ask_server=preset.key_env is None,
            ca_file=Path(options.ca_file) if options.ca_file else None,
            insecure=options.insecure,
        ) as model:
            yield model
        return
    from nihbench.local import LocalServer, model_file

    path = Path(options.model) if preset.local is None else model_file(preset.local, report=report)
    slots = options.concurrency or preset.concurrency or 1
    with LocalServer(path, alias=preset.model, window=options.window or preset.window or 0, slots=slots) as server:
        reached = replace(preset, base_url=server.base_url)
        # The file's hash is the model's identity: names and ports of embedded servers say nothing.
        digest = preset.local.sha256 if preset.local else _sha256(path)
        with open_model(reached, key=None, headers=options.headers, ask_server=True, model_sha256=digest) as model:
            yield model


@contextmanager
def side_by_side(options: RunOptions, model: ModelAccess, checks: Checks) -> Iterator[tuple[ModelAccess, ...]]:
    """Reach the further servers of the same model that --base-url names; give all of them, the first one first.

    Lengths are fitted to what the first one counts: each is asked to count a known text, unless --no-preflight.

    Raises:
        UsageError: one of them serves something else, or counts otherwise.
        EndpointError, StoppedError: one of them can't be used as it is.
    """
    from nihbench.cli.checks import preflown
    from nihbench.endpoint import open_model

    asks = bool(options.more_urls) and options.preflight
    first = preflown(model, checks) if asks and model.known_text_tokens is None else model
    with ExitStack() as opened:
        members = [model]
        for url in options.more_urls:
            preset = replace(model.preset, base_url=url)
            other = opened.enter_context(
                open_model(
                    preset,
                    key=key_for(options.api_key_env or preset.key_env, preset, True),
                    headers=options.headers,
                    ask_server=preset.key_env is None,
                    ca_file=model.ca_file,
                    insecure=model.insecure,
                )
            )
            other = preflown(other, checks) if asks else other
            _check_alike(first, other)
            members.append(other)
        yield tuple(members)


def _check_alike(first: ModelAccess, other: ModelAccess) -> None:
    host, name = host_of(other.base_url), first.preset.model
    listed = other.server.models if other.server else ()
    if first.server and name in first.server.models and listed and name not in listed:
        raise UsageError(
            t(
                "--base-url: the server at {host} does not list the model {name!r} as the first one does",
                host=host,
                name=name,
            )
        )
    counts = [m.server_tokenizer.name for m in (first, other) if m.server_tokenizer is not None]
    if len(set(counts)) > 1 or (first.server_tokenizer is None) != (other.server_tokenizer is None):
        raise UsageError(
            t("--base-url: the server at {host} counts tokens otherwise than the first one: leave it out", host=host)
        )
    known = first.known_text_tokens, other.known_text_tokens
    if None not in known and known[0] != known[1]:
        raise UsageError(
            t(
                "--base-url: the server at {host} counts {other} tokens of a text of which the first one counts "
                "{first}: leave it out, or measure it in a run of its own",
                host=host,
                other=known[1],
                first=known[0],
            )
        )


def check_windows(members: Sequence[ModelAccess], window: int | None) -> None:
    """Raise `UsageError` unless all servers that share a run take its window."""
    for other in members[1:]:
        if window and other.window and other.window < window:
            raise UsageError(
                t(
                    "--base-url: the server at {host} takes {window} tokens, the first one {least}: give --window",
                    host=host_of(other.base_url),
                    window=other.window,
                    least=window,
                )
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
