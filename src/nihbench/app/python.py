"""What `import nihbench` offers: plan, run and resume, read, grade, compare, follow over time, draw and report.

Options are keywords of the names, the meaning and the defaults of the command line's (`nih run --help`,
`keywords.Keywords`). Nothing is printed and nobody is asked on a terminal: `on_event` hears what happens, `agree` says
whether a bill is paid. Every error that a user can mend is a `NihError`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

from nihbench.app.comparing import Comparison, comparison_of
from nihbench.app.events import Bill, Caller, Event
from nihbench.app.gating import MAX_DROP, QUICK_MAX_DROP, Asked, Gate, gate_of, old_sides
from nihbench.app.history import History, history_in
from nihbench.app.keywords import OPTIONS, Keywords
from nihbench.app.live import live_gate
from nihbench.app.loaded import Run, Runs, load_run, paths_of, results_of
from nihbench.app.options import raw_values
from nihbench.app.passports import Passports, passports_in
from nihbench.app.planning import Plan, plan_of
from nihbench.app.prompting import Prompt, prompts_of
from nihbench.app.running import wait_for, wait_for_async
from nihbench.app.session import Session, new_session, resumed_session
from nihbench.catalog.loading import load_for
from nihbench.errors import InterruptedRunError, UsageError
from nihbench.lang.messages import t
from nihbench.run.scores import row_of
from nihbench.types import Grade

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")
Agree = bool | Callable[[Bill], bool]
"""Whether a bill is paid: yes to all, or what is asked for each; where neither says so, what costs money is refused."""
OnEvent = Callable[[Event], None]
"""Hears what happens, in the thread, or on the loop, of whoever called."""


def _options(function: Callable[..., T]) -> Callable[..., T]:
    """Let a function's signature, as help and notebooks show it, name every option with its default."""
    own = inspect.signature(function)
    parameters = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    hints = Keywords.__annotations__
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=hints[name])
        for name, option in OPTIONS.items()
        if name not in own.parameters
    ]
    function.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return function


def plan(
    *,
    suite: str | None = None,
    prefill_speed: float | None = None,
    answer_speed: float | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Plan:
    """Show what a run would send, cost and take, in tokens, dollars and time. No model is called.

    Args:
        suite: all experiments of a suite.
        prefill_speed: prompt tokens that the server reads a second.
        answer_speed: answer tokens that it writes a second.
        on_event: hears what happens.
        **options: as for `nih plan`.

    Raises:
        UsageError: the options can't be carried out.
    """
    values = raw_values(options)
    return plan_of(values, suite, _caller(False, on_event), prefill_speed=prefill_speed, answer_speed=answer_speed)


def run(
    *,
    suite: str | None = None,
    out: str | PathLike[str] | None = None,
    strict_controls: bool = False,
    agree: Agree = False,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Run:
    """Measure a model, or several, and return the run; it is kept in a folder as `nih run` keeps it.

    What costs money is refused unless `agree` or `max_cost` says otherwise. Ctrl-C leaves a run that `resume` goes on
    with. It works in a notebook, too, whose own loop waits meanwhile; `arun` does not make it wait.

    Args:
        suite: all experiments of a suite.
        out: the run's folder; None: a new one in results/.
        strict_controls: whether a control that fails stops the run before its grid (`StoppedError`).
        agree: True: what it may cost is agreed to; or a function that is given the bill and says so.
        on_event: hears what happens.
        **options: as for `nih run`.

    Raises:
        UsageError: the options can't be carried out, or the cost is not agreed to; nothing was sent.
        EndpointError: the server can't be used.
        StoppedError: it had to stop (key, quota, spending cap); what is done is kept, in the error's `folder`.
        KeyboardInterrupt: Ctrl-C; what is done is kept, and the message says where.
    """
    return _wait_for(_new(suite, out, strict_controls, raw_values(options)), _caller(agree, on_event))


async def arun(
    *,
    suite: str | None = None,
    out: str | PathLike[str] | None = None,
    strict_controls: bool = False,
    agree: Agree = False,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Run:
    """Do what `run` does without holding up the event loop, on which events are told; cancelled, the run is kept.

    Raises:
        NihError: as for `run`.
    """
    work = _new(suite, out, strict_controls, raw_values(options))
    return await wait_for_async(work, _caller(agree, on_event))


def resume(
    folder: Runs,
    *,
    suite: str | None = None,
    retry_all: bool = False,
    strict_controls: bool = False,
    agree: Agree = False,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Run:
    """Go on with a run, or the runs of a folder, and return it; what has its answer is not asked again.

    Args:
        folder: the run's folder, or the run.
        suite: the suite that was measured, where it is to be checked.
        retry_all: whether final failures are tried again, too.
        strict_controls: as for `run`.
        agree: as for `run`.
        on_event: hears what happens.
        **options: those that may differ from the run's own, such as `concurrency` or `max_cost`; what decides what is
            sent is the run's.

    Raises:
        NihError: as for `run`.
    """
    work = _begun(folder, suite, retry_all, strict_controls, options)
    return _wait_for(work, _caller(agree, on_event))


async def aresume(
    folder: Runs,
    *,
    suite: str | None = None,
    retry_all: bool = False,
    strict_controls: bool = False,
    agree: Agree = False,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Run:
    """Do what `resume` does without holding up the event loop; see `arun`.

    Raises:
        NihError: as for `run`.
    """
    work = _begun(folder, suite, retry_all, strict_controls, options)
    return await wait_for_async(work, _caller(agree, on_event))


def prompt(
    *,
    length: str | int = "1000",
    depth: str | float = "50",
    repeat: int = 0,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Prompt:
    """Return the exact messages of one trial, as a run with the same options would send them.

    Args:
        length: tokens of the whole request, such as 4000 or "4k".
        depth: in percent.
        repeat: which repeat; 0 is the first.
        on_event: hears what happens.
        **options: as for `nih prompt`.

    Raises:
        UsageError: the options can't be carried out, or the experiment has several prompts and none is chosen.
    """
    asked, at = str(length), f"{depth:g}" if isinstance(depth, int | float) else depth
    made = prompts_of(raw_values(options), _caller(False, on_event), length=asked, depth=at, repeat=repeat)
    if len(made) > 1:
        raise UsageError(t("app.choose_prompt", prompts=tuple(each.trial.prompt for each in made)))
    return made[0]


def grade(
    answer: str,
    needle: str | None = None,
    *,
    expected: str | None = None,
    question: str | None = None,
    finish_reason: str | None = None,
    fresh: Mapping[str, str] | None = None,
) -> Grade:
    """Grade an answer by the rules, against a needle of the catalog or against what is expected.

    Args:
        answer: what a model said.
        needle: a needle's name (`nih needle list`).
        expected: the expected answer, where no needle of the catalog says it.
        question: what was asked.
        finish_reason: why the answer ended, as the server said it ("length": the output limit cut it).
        fresh: the values that were drawn for a needle of drawn values, by name.

    Returns:
        A `Score` with its value (0..1) and its evidence, or an `Unscored` with its reason.

    Raises:
        UsageError: there is no such needle, or nothing to grade against.
    """
    row: dict[str, Any] = {"id": "answer", "answer": answer, "needle": needle, "expected": expected}
    row |= {"question": question, "finish_reason": finish_reason, "fresh": dict(fresh or {})}
    return row_of(row, load_for(Caller().tell_once)).answered.by_rules()


def compare(
    *runs: Runs,
    by: Literal["prompt", "model", "condition", "language"] | None = None,
    prompt: str = "",
    rows: str = "",
    difference: float = 5.0,
    unpaired: bool = False,
    scorer: str | None = None,
    on_event: OnEvent | None = None,
) -> Comparison:
    """Compare prompts or models over identical haystacks: exact paired tests and a verdict in plain words.

    Args:
        *runs: runs, or folders of runs.
        by: what is compared; None: the prompts of one run, else what differs.
        prompt: only these prompts, separated by commas; the first is the one to compare with.
        rows: only these rows of the grid (depths, or the task's own), separated by commas.
        difference: how many repeats would show a difference of so many points is said.
        unpaired: as two independent samples, where the prompts differ.
        scorer: whose scores; None: the rules'.
        on_event: hears which controls failed.

    Raises:
        UsageError: there is nothing to compare, or the haystacks differ.
    """
    caller = _caller(False, on_event)
    read = partial(results_of, runs, scorer)
    return comparison_of(read, caller, by=by, prompt=prompt, rows=rows, wanted=difference, unpaired=unpaired)


def gate(
    new: Runs,
    *,
    against: Runs | None = None,
    live: bool = False,
    max_drop: float | None = None,
    min_found: float | None = None,
    min_length: int | None = None,
    tasks: str | Sequence[str] = (),
    more: bool = False,
    scorer: str | None = None,
    agree: Agree = False,
    on_event: OnEvent | None = None,
    **options: Unpack[Keywords],
) -> Gate:
    """Ask whether a new run has lost more than is allowed against an old one; `verdict`: pass, fail or undecided.

    Args:
        new: the new run, or a folder of runs; with `live` the folder in which it is made, or gone on with.
        against: the old run, a folder of runs, or a baseline file; with `live` also a model that is asked, too. None:
            only bars are asked for.
        live: whether a model is asked, as far as the verdict needs; `quick` does it with a small grid.
        max_drop: the largest loss of the found rate that is allowed; None: 0.03, and 0.15 with `quick`.
        min_found: the found rate that has to be reached.
        min_length: the effective length that has to be reached, in tokens.
        tasks: only these experiments.
        more: whether a live gate goes on beyond its plan while it is undecided.
        scorer: whose scores; None: the rules'.
        agree: as for `run`.
        on_event: hears what happens.
        **options: with `live`, as for `run`.

    Raises:
        UsageError: nothing is asked for, the two read other texts, or the options can't be carried out.
        NihError: with `live`, as for `run`.
    """
    values, caller = raw_values(options), _caller(agree, on_event)
    wanted = [tasks] if isinstance(tasks, str) else list(tasks)
    asked = Asked(
        max_drop=max_drop if max_drop is not None else QUICK_MAX_DROP if values["quick"] else MAX_DROP,
        min_found=min_found,
        min_length=min_length,
        tasks=tuple(name.strip() for each in wanted for name in each.split(",") if name.strip()),
    )
    (path,), old = paths_of([new]), None if against is None else paths_of([against])[0]
    given = [name for name, value in options.items() if value is not None]
    if live or values["quick"]:
        if old is None:
            raise UsageError(t("gate.live_against"))
        return _wait_for(
            lambda called: live_gate(path, str(old), values, given, called, asked, on=more, scorer=scorer), caller
        )
    if given:
        raise UsageError(t("gate.only_live", options=tuple(given)))
    sides = [] if old is None else old_sides(old, scorer)
    return gate_of(results_of([new], scorer), sides, caller, asked, old_name=old.name if old else "")


def passport(*runs: Runs, rule: str = "", scorer: str | None = None) -> Passports:
    """Return what each model can do, and up to which length: of runs of several tasks.

    Args:
        *runs: runs, or folders of runs.
        rule: another rule of scoring to tell, too: "ruler".
        scorer: whose scores; None: the rules'.

    Raises:
        UsageError: there is no run, or no such rule.
    """
    return passports_in(results_of(runs, scorer), rule)


def plot(
    *runs: Runs,
    out: str | PathLike[str] | None = None,
    kind: str = "map",
    prompt: str = "",
    axis: Literal["nominal", "achieved"] = "nominal",
    scorer: str | None = None,
    animate: str | PathLike[str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    names: str | Mapping[str, str] | None = None,
    caption: Literal["none", "short", "full"] = "full",
    preset: Literal["default", "blog", "slide", "square", "wide", "story"] = "default",
    colours: Literal["classic", "safe", "grey"] = "classic",
    size: str | None = None,
    dpi: int | None = None,
    transparent: bool = False,
    values: bool = True,
    on_event: OnEvent | None = None,
) -> Figure:
    """Draw runs, and return the figure (matplotlib's): a heatmap, a panel of several, a difference, or profiles.

    Args:
        *runs: runs, or folders of runs.
        out: where it is written, too: .png, .svg or .pdf; None: nowhere.
        kind: "map" (a panel where there are several), "difference" (of two), "profiles", ...: a row of
            `nihbench.app.keywords.FIGURES`.
        prompt: only these prompts, separated by commas, in this order.
        axis: depths as planned or as they came out.
        scorer: whose scores; None: the rules'.
        animate: where to write how the map filled: .png (APNG) or .gif.
        title: a title of your own.
        subtitle: what stands under the title; None: model, experiment, corpus and date where it is one map.
        names: what models are called in the figure: `{"moonshot-v1-128k": "Kimi"}`, or "MODEL=SHOWN,...".
        caption: how much is said under it: "none", "short" (one line) or "full".
        preset: "default", "blog" (1,600 pixels wide), "slide" (1,920 x 1,080), or for posts "square" (1,080 x 1,080),
            "wide" (1,600 x 900), "story" (1,080 x 1,920).
        colours: "classic", "safe" (colour-blind) or "grey" (print).
        size: in inches: "8x5", or "8" for the width alone.
        dpi: pixels an inch.
        transparent: whether the figure has no ground.
        values: whether numbers stand in the cells, where they fit.
        on_event: hears what was written.

    Raises:
        UsageError: these runs can't be drawn so, or the file can't be written.
    """
    from nihbench.app.drawing import plot_of

    return plot_of(
        partial(results_of, runs, scorer), _path(out), _caller(False, on_event), kind=kind, prompt=prompt, axis=axis,
        animate=_path(animate), title=title, subtitle=subtitle, names=names, caption=caption, preset=preset,
        colours=colours, size=size, dpi=dpi, transparent=transparent, values=values,
    )  # fmt: skip


def history(
    *runs: Runs,
    model: str = "",
    prompt: str = "",
    scorer: str | None = None,
    on_event: OnEvent | None = None,
) -> History:
    """Join the runs of a model over time, and test what changed between them.

    Args:
        *runs: runs, folders of runs, or folders that hold such folders.
        model: only this model's; "": all.
        prompt: only these prompts, separated by commas; "": all.
        scorer: whose scores; None: the rules'.
        on_event: hears which runs are left out.

    Returns:
        Its `series`; printed, what each of them says. `nihbench.plot(*runs, kind="history")` draws them.

    Raises:
        UsageError: there is no run, or no such model or prompt.
    """
    return history_in(paths_of(runs), _caller(False, on_event), model=model, prompt=prompt, scorer=scorer)


def report(
    *runs: Runs,
    out: str | PathLike[str] = "report.html",
    title: str | None = None,
    scorer: str | None = None,
    price: str | None = None,
    on_event: OnEvent | None = None,
) -> Path:
    """Write one HTML file that shows runs down to each answer, opens from disk and loads nothing.

    Args:
        *runs: runs, or folders of runs.
        out: the file.
        title: a title of your own.
        scorer: whose scores; None: the rules'.
        price: "IN,OUT" or "IN,OUT,CACHED", USD per million tokens, instead of what the runs were given.
        on_event: hears what is left out.

    Returns:
        The file's path.

    Raises:
        UsageError: there is no run, or the file can't be written.
    """
    from nihbench.app.reporting import write_report

    return write_report(paths_of(runs), Path(out), _caller(False, on_event), title=title, scorer=scorer, price=price)


for _function in (plan, run, arun, resume, aresume, prompt, gate):
    _options(_function)


def _caller(agree: Agree, on_event: OnEvent | None) -> Caller:
    caller = Caller(yes=agree is True) if on_event is None else Caller(yes=agree is True, emit=on_event)
    if not callable(agree):
        return caller

    def ask(bill: Bill) -> None:
        if bill.most_usd != 0 and not agree(bill):
            raise UsageError(t("app.not_agreed", what=bill.what))

    return replace(caller, agree=ask)


def _new(
    suite: str | None, out: str | PathLike[str] | None, strict_controls: bool, values: Mapping[str, Any]
) -> Callable[[Caller], Run]:
    def work(caller: Caller) -> Run:
        return _measured(new_session(values, suite, _path(out), caller, strict_controls=strict_controls))

    return work


def _begun(
    folder: Runs, suite: str | None, retry_all: bool, strict_controls: bool, options: Keywords
) -> Callable[[Caller], Run]:
    given = [name for name, value in options.items() if value is not None]
    (path,), values = paths_of([folder]), raw_values(options)

    def work(caller: Caller) -> Run:
        session = resumed_session(
            path, values, given, suite, caller, retry_all=retry_all, strict_controls=strict_controls
        )
        return _measured(session)

    return work


def _measured(session: Session) -> Run:
    session.measure()
    return load_run(session.root)


def _wait_for(work: Callable[[Caller], T], caller: Caller) -> T:
    try:
        return wait_for(work, caller)
    except InterruptedRunError as error:
        # What a program does with its errors is not what it does when its user wants it to end.
        raise KeyboardInterrupt(str(error)) from error


def _path(path: str | PathLike[str] | None) -> Path | None:
    return None if path is None else Path(path)
