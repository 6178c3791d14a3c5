"""`nih run`: measure a model over a plan, into one folder, and show the heatmap."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from nihbench.cli.options import run_options, with_run_options
from nihbench.cli.output import Terminated, command, note
from nihbench.errors import DamagedDataError, InterruptedRunError, NihError, TerminatedRunError, UsageError

if TYPE_CHECKING:
    from nihbench.endpoint import Budget, ModelAccess
    from nihbench.run import RunFolder, RunOptions, Setup
    from nihbench.types import Trial

_PATH = Optional[Path]  # noqa: UP045  typer reads it at run time
_FREE_ON_RESUME = (
    "preflight canary corpus concurrency rpm tpm price max_cost base_url api_key_env stream ca_file insecure".split()
)
"""Options that change how model and text are reached, not what is answered; the text's hash guards `corpus`."""
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Agree to what the run can cost.")]
_RETRY_ALL = Annotated[bool, typer.Option("--retry-all", help="With --resume: try final failures again, too.")]


@with_run_options
@command
def run(
    context: typer.Context,
    options: dict[str, Any],
    out: Annotated[_PATH, typer.Option("--out", help="The run's folder (default: a new one in results/).")] = None,
    resume: Annotated[_PATH, typer.Option("--resume", help="Go on with the run in this folder.")] = None,
    retry_all: _RETRY_ALL = False,
    yes: _YES = False,
) -> None:
    """Measure a model: run the grid, show the heatmap, write it as a PNG into the run's folder."""
    from nihbench.cli.finish import finish
    from nihbench.cli.money import check_cost
    from nihbench.cli.wiring import agreed, prepared, side_by_side
    from nihbench.run import begun, check_same, create_run, open_run, owed, owned
    from nihbench.run.manifest import manifest

    if out and resume:
        raise UsageError("--resume goes on in the run's own folder: leave --out away")
    if retry_all and not resume:
        raise UsageError("--retry-all is for a run that is there already: give --resume DIR")
    existing = open_run(resume) if resume else None
    chosen = _resumed(context, existing, options) if existing else run_options(options)
    yes = yes if existing else agreed(chosen, yes=yes)
    with (
        prepared(chosen, sending=True, begun=begun(existing.manifest) if existing else None) as (setup, model),
        side_by_side(setup, model) as members,
    ):
        if existing:
            check_same(existing.manifest, setup)
        else:
            check_cost(setup, members, setup.trials, yes=yes)
        folder = existing or create_run(
            out or _new_folder(setup), manifest(setup, _now().isoformat(timespec="seconds"))
        )
        with owned(folder.path, _now):
            trials = owed(setup, folder.records(), retry_all=retry_all)
            check_cost(setup, members, [trial for _, trial in trials], yes=yes or not existing)
            _measure(setup, members, folder, trials)
    raise typer.Exit(finish(folder))


def _resumed(context: typer.Context, existing: RunFolder, values: dict[str, Any]) -> RunOptions:
    """Return the options that the run began with; options given again must say the same."""
    from dataclasses import replace

    from nihbench.run import stored_options

    given = [name for name in values if _is_given(context, name)]
    asked = run_options(values | {"model": values["model"] or existing.manifest["options"]["model"]})
    again: dict[str, Any] = {name: getattr(asked, name) for name in ("base_url", "extra_body") if name in given}
    stored = stored_options(existing.manifest, asked.headers, again)
    changed = []
    for name in given:
        field = {"prompt": "prompts", "header": "headers"}.get(name, name)
        if name not in (*_FREE_ON_RESUME, "header") and getattr(asked, field) != getattr(stored, field):
            changed.append("--" + name.replace("_", "-"))
    if changed:
        raise UsageError(
            f"can't resume with other options: {', '.join(changed)} differ from what {existing.path} began with; "
            "leave them out, or make a new run"
        )
    free = {n: getattr(asked, n) for n in _FREE_ON_RESUME if n in given}
    if "base_url" in given:
        free["more_urls"] = asked.more_urls
    return replace(stored, **free)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _measure(
    setup: Setup, members: Sequence[ModelAccess], folder: RunFolder, trials: Sequence[tuple[str, Trial]]
) -> None:
    """Send what is owed; on an interruption say how to go on."""
    from nihbench.cli.money import budget_of, tell_spent
    from nihbench.run import enter, spent_before

    note(f"run folder: {folder.path} ({len(setup.trials) - len(trials)} of {len(setup.trials)} trials are done)")
    budget = budget_of(setup, members, spent_before(folder.path, setup))
    try:
        with _terminable() as cancelling:
            asyncio.run(_send(setup, members, folder, trials, budget, cancelling))
    except Terminated as error:
        raise TerminatedRunError(f"stopped by SIGTERM; {_go_on(folder)}") from error
    except KeyboardInterrupt as error:
        raise InterruptedRunError(f"stopped; {_go_on(folder)}") from error
    except DamagedDataError:
        raise
    except NihError as error:
        raise type(error)(f"{str(error).rstrip('.')}; {_go_on(folder)}") from error
    finally:
        with contextlib.suppress(OSError, NihError):  # the error that ended the run says more
            enter(folder.path, setup, budget.exactly_spent, _now().isoformat(timespec="seconds"))
        tell_spent(setup, members, [trial for _, trial in trials], budget)


async def _send(
    setup: Setup,
    members: Sequence[ModelAccess],
    folder: RunFolder,
    trials: Sequence[tuple[str, Trial]],
    budget: Budget,
    cancelling: Callable[[], None],
) -> None:
    from nihbench.cli.progress import progress
    from nihbench.endpoint import Limiter, SideBySide
    from nihbench.run import run_trials

    cancelling()
    options = setup.options
    limiters = [
        Limiter(member.limits(concurrency=options.concurrency, rpm=options.rpm, tpm=options.tpm)) for member in members
    ]
    with folder.writer() as writer, progress(setup, trials) as shown:
        async with contextlib.AsyncExitStack() as opened:
            clients = [
                await opened.enter_async_context(
                    member.client(stream=options.stream, limiter=limiter, budget=budget, on_change=note)
                )
                for member, limiter in zip(members, limiters, strict=True)
            ]
            await run_trials(
                setup,
                trials,
                SideBySide(list(zip(clients, limiters, strict=True))) if len(clients) > 1 else clients[0],
                writer,
                total=len(setup.trials),
                now=_now,
                on_progress=shown.update,
                limiters=limiters,
            )


@contextlib.contextmanager
def _terminable() -> Iterator[Callable[[], None]]:
    """Let SIGTERM end an event loop as Ctrl-C does: what is given is to be called in the loop's first task."""
    came: list[int] = []
    before = signal.getsignal(signal.SIGTERM)

    def cancelling() -> None:
        task = asyncio.current_task()

        def terminate() -> None:
            came.append(1)
            if task is not None:
                task.cancel()

        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows, or not the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)

    try:
        yield cancelling
    except asyncio.CancelledError as error:
        if not came:
            raise
        raise Terminated from error
    finally:
        # A loop that ends takes its handlers away, and leaves the system's default.
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGTERM, before)


def _go_on(folder: RunFolder) -> str:
    return f"what is done is kept: go on by nih run --resume {folder.path}"


def _new_folder(setup: Setup) -> Path:
    words = [_now().strftime("%Y%m%d-%H%M%S"), setup.preset.name, setup.experiment.name]
    return Path("results") / "-".join(re.sub(r"[^\w.]+", "-", word).strip("-.") for word in words)


def _now() -> datetime:
    return datetime.now(UTC)
