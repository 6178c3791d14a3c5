"""Where rooms that may not know each other are put together: a model's preset, its server, the run's setup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from nihbench.app.checks import Checks, canary, preflown
from nihbench.app.events import Caller
from nihbench.app.options import find_preset, host_of, is_gguf, key_for, preset_at, remember
from nihbench.catalog.loading import load_for
from nihbench.endpoint.access import ModelAccess, open_model
from nihbench.errors import UsageError
from nihbench.fetch.files import open_named
from nihbench.lang.messages import t
from nihbench.local.server import LocalServer, model_file
from nihbench.plan.grid import is_count, is_open
from nihbench.plan.order import Pace
from nihbench.run.forecast import Forecast, forecast_of
from nihbench.run.options import RunOptions
from nihbench.run.resolve import Outline, outline_of, preset_of
from nihbench.run.setup import Begun, Setup


@contextmanager
def prepared(
    options: RunOptions, caller: Caller, *, sending: bool, begun: Begun | None = None, draft: bool = False
) -> Iterator[tuple[Setup, ModelAccess]]:
    """Resolve options to a setup; an embedded model's server runs as long as the context. The model is not asked.

    Args:
        options: what the user asked for.
        caller: hears what a user should know.
        sending: whether it will be, so that a missing key is an error.
        begun: what the run found out when it began, where there is one.
        draft: whether it is only looked at.
    """
    with reach(options, caller, sending=sending) as model:
        setup = outlined(options, model, caller, begun=begun, draft=draft).laid_out()
        introduce(setup, model, caller, begun=begun)
        yield setup, model


def outlined(
    options: RunOptions, model: ModelAccess, caller: Caller, *, begun: Begun | None = None, draft: bool = False
) -> Outline:
    """Resolve options for a model within reach in the working folder, by its catalog; see `outline_of`."""
    return outline_of(
        options, load_for(caller.tell_once), model, folder=Path.cwd(), report=caller.fetching, begun=begun, draft=draft
    )


def foreseen(setup: Setup, model: ModelAccess, pace: Pace | None = None) -> Forecast:
    """Return what a run will need: `forecast_of` with what is known of the model's server."""
    if model.is_free:
        setup = replace(setup, preset=replace(setup.preset, prices=model.prices))
    return forecast_of(setup, pace, at_once=model.limits(concurrency=setup.concurrency).start)


def introduce(
    setup: Setup, model: ModelAccess, caller: Caller, checks: Checks | None = None, *, begun: Begun | None = None
) -> None:
    """Say what a user must know of a run before it begins, and send its canary. Arguments as for `resolved`."""
    for sentence in setup.notes:
        caller.tell(t("cli.note_2", sentence=sentence))
    if checks and begun is None and setup.task.is_single:
        from nihbench.score.selfcheck import self_check  # who only plans loads no scorer

        for weak in self_check(setup.task.needle):
            caller.tell(t("cli.note_2", sentence=weak.sentence))
    if checks and begun is None and setup.options.canary:
        canary(model, checks, setup)


def asks(model: ModelAccess, begun: Begun | None) -> bool:
    """Say whether a server is asked before a run: a new one, that is, of a model that is not embedded."""
    return begun is None and model.model_sha256 is None


def window_comes_later(options: RunOptions, model: ModelAccess) -> bool:
    """Say whether a model's lengths depend on a window that its server tells only when it has loaded the model."""
    engine = model.server.engine if model.server is not None else ""
    spec = options.lengths or "15"
    named = options.window or model.window or options.quick or not (is_count(spec) or is_open(spec))
    return engine in ("Ollama", "LM Studio") and options.preflight and not named


@contextmanager
def reach(options: RunOptions, caller: Caller, *, sending: bool) -> Iterator[ModelAccess]:
    """Reach the model that the options name, starting the embedded server where it is a local one.

    Whatever it is asked then carries the headers and the further fields that the options give, at their price.
    """
    catalog = load_for(caller.tell_once)
    preset = preset_of(options, find_preset(options, catalog))
    if preset.local is None and (options.base_url or not is_gguf(options.model)):
        key = key_for(options, preset, catalog, caller, sending=sending)
        remember(options, catalog)
        # A public service tells nothing of use and would want a key for it: a plan can be made without.
        if options.insecure:
            caller.tell(t("cli.note_insecure_certificates_not"))
        with open_model(
            preset,
            key=key,
            headers=options.headers,
            ask_server=preset.key_env is None,
            ca_file=Path(options.ca_file) if options.ca_file else None,
            insecure=options.insecure,
        ) as model:
            _tell_of_template(model, caller)
            yield model
        return

    path = Path(options.model) if preset.local is None else model_file(preset.local, report=caller.fetching)
    slots = options.concurrency or preset.concurrency or 1
    with LocalServer(path, alias=preset.model, window=options.window or preset.window or 0, slots=slots) as server:
        reached = replace(preset, base_url=server.base_url)
        # The file's hash is the model's identity: names and ports of embedded servers say nothing.
        digest = preset.local.sha256 if preset.local else _sha256(path)
        with open_model(reached, key=None, headers=options.headers, ask_server=True, model_sha256=digest) as model:
            _tell_of_template(model, caller)
            yield model


def _tell_of_template(model: ModelAccess, caller: Caller) -> None:
    """Say where a model's chat template is none that the model knows."""
    if marks := model.strange_marks():
        caller.tell(t("cli.note_template_strange", model=model.preset.model, marks=marks))


@contextmanager
def reach_all(options: RunOptions, caller: Caller, *, sending: bool) -> Iterator[tuple[ModelAccess, ...]]:
    """Reach the model that the options name, and where it will be asked, its further servers (--base-url) too.

    The first one comes first. None is asked anything that a model would have to read. Arguments as for `reach`.

    Raises:
        UsageError: one of them serves something else, or counts otherwise.
        EndpointError: one of them can't be reached.
    """
    with ExitStack() as opened:
        catalog = load_for(caller.tell_once)
        model = opened.enter_context(reach(options, caller, sending=sending))
        members = [model]
        for url in options.more_urls if sending else ():
            preset = preset_at(model.preset, url)
            other = opened.enter_context(
                open_model(
                    preset,
                    key=key_for(options, preset, catalog, caller, sending=True),
                    headers=options.headers,
                    ask_server=preset.key_env is None,
                    ca_file=model.ca_file,
                    insecure=model.insecure,
                )
            )
            _check_alike(model, other)
            members.append(other)
        yield tuple(members)


def all_preflown(
    members: tuple[ModelAccess, ...], checks: Checks, *, begun: Begun | None = None
) -> tuple[ModelAccess, ...]:
    """Ask each of a model's servers what must be known before a new run; return them with what they told.

    Lengths are fitted to what the first one counts: each further one is asked to count a known text. Of a resumed run
    that is all that is asked.

    Raises:
        UsageError: one of them counts otherwise.
        EndpointError, StoppedError: one of them can't be used as it is.
    """
    first, *others = members
    if not checks.options.preflight or not (others or asks(first, begun)):
        return members
    told = preflown(first, checks)
    others = [preflown(other, checks) for other in others]
    for other in others:
        _check_counts(told, other)
    return (told if asks(first, begun) else first, *others)


def _check_alike(first: ModelAccess, other: ModelAccess) -> None:
    host, name = host_of(other.base_url), first.preset.model
    listed = other.server.models if other.server else ()
    if first.server and name in first.server.models and listed and name not in listed:
        raise UsageError(t("cli.base_url_server_not", host=host, name=name))
    counts = [m.server_tokenizer.name for m in (first, other) if m.server_tokenizer is not None]
    if len(set(counts)) > 1 or (first.server_tokenizer is None) != (other.server_tokenizer is None):
        raise UsageError(t("cli.base_url_server_counts", host=host))


def _check_counts(first: ModelAccess, other: ModelAccess) -> None:
    known = first.known_text_tokens, other.known_text_tokens
    if None not in known and known[0] != known[1]:
        raise UsageError(
            t("cli.base_url_server_counts_tokens", host=host_of(other.base_url), other=known[1], first=known[0])
        )


def check_windows(members: Sequence[ModelAccess], window: int | None) -> None:
    """Raise `UsageError` unless all servers that share a run take its window."""
    for other in members[1:]:
        if window and other.window and other.window < window:
            raise UsageError(
                t("cli.base_url_server_takes", host=host_of(other.base_url), window=other.window, least=window)
            )


def _sha256(path: Path) -> str:
    with open_named(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
