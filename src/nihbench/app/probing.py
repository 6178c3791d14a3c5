"""Send the probes of a run's bad cases, and say what they show (see `run.probe`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nihbench.app.catalogs import load
from nihbench.app.consent import check_cost, readmitted
from nihbench.app.events import Caller
from nihbench.app.jobs import Job, Ready, made_ready
from nihbench.app.money import budget_of, tell_spent, tell_unknown
from nihbench.app.options import header_values
from nihbench.app.running import complete, now, stopped
from nihbench.app.sending import clients, enter_checks
from nihbench.endpoint.spending import Budget
from nihbench.errors import NihError, UsageError
from nihbench.lang.messages import Message, t, without_stop
from nihbench.run.manifest import check_same
from nihbench.run.options import RunOptions
from nihbench.run.probe import Causes, Probe, asked_probes, build_probe, causes, owed_probes, placed_as, probes
from nihbench.run.records import RecordWriter
from nihbench.run.runner import run_trials
from nihbench.run.spent import account, outcomes_before
from nihbench.run.store import PROBES, RunFolder, owned
from nihbench.run.stored import stored_options
from nihbench.types import Grade, Record

_KEPT = t("cli.probes_answered_kept_give")
_SAYS = {
    "retrieved": t("cli.retrieved_question_misread_misses"),
    "lost": t("cli.not_retrieved_misses_could"),
    "control": t("cli.control_hits_could_quote"),
    "weak": t("cli.control_weak_model_often"),
    "none": t("cli.no_probe_answered_causes"),
    "owed": t("cli.probes_no_answer_judged"),
}
_SOUND_CONTROL = 0.8
"""Below this share of quoted hits not quoting a miss says little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeOptions:
    """How the model is reached for the probes, and what they may cost; None is as the run was made."""

    base_url: str | None = None
    api_key_env: str | None = None
    headers: tuple[str, ...] = ()
    concurrency: int | None = None
    price: str | None = None
    max_cost: float | None = None


def send_probes(
    folder: RunFolder,
    records: Mapping[str, Record],
    grades: Mapping[str, Grade],
    options: ProbeOptions,
    caller: Caller,
) -> None:
    """Ask what is owed of a run's probes.

    Raises:
        UsageError: the run can't be asked again, or the cost is not agreed to.
        StoppedError: it had to stop; probes that were answered are kept.
    """
    if folder.manifest.is_import:
        raise UsageError(t("cli.imported_haystacks_not_hand", path=folder.path))
    wanted = probes(records, grades, folder.manifest.task)
    if not owed_probes(wanted, asked_probes(folder)):
        caller.tell(t("cli.nothing_sent_every_probe") if wanted else t("cli.nothing_sent_no_miss"))
        return
    jobs = [Job(options=_options(folder, options, caller), existing=folder)]
    with made_ready(jobs, caller, sending=True) as (ready,):
        check_same(folder.manifest, ready.setup, placed=True)
        with owned(folder.path, now):
            owed = owed_probes(wanted, asked_probes(folder))
            misses = sum(probe.kind == "miss" for probe in owed)
            caller.tell(t("cli.probes_misses_hits_control", misses=misses, hits=len(owed) - misses))
            ready = replace(ready, setup=placed_as(ready.setup, owed))
            planned = [probe.trial for probe in owed]
            check_cost([(ready.setup, ready.members, planned)], caller, runs=[folder.path])
            tell_unknown(ready.setup.options.max_cost, caller, *ready.members)
            enter_checks(ready, folder)
            _measure(ready, folder, owed)


def _options(folder: RunFolder, options: ProbeOptions, caller: Caller) -> RunOptions:
    again = {} if options.base_url is None else {"base_url": options.base_url}
    stored = stored_options(folder.manifest.beginning, header_values(list(options.headers)), again)
    fresh = {
        name: value for name in ("concurrency", "price", "max_cost") if (value := getattr(options, name)) is not None
    }
    asked = RunOptions(model=stored.model, base_url=options.base_url, api_key_env=options.api_key_env)
    given = [name for name in ("base_url", "api_key_env", "price") if getattr(options, name) is not None]
    return readmitted(replace(stored, **fresh), folder.manifest.beginning, folder.path, asked, given, load(caller))


def _measure(ready: Ready, folder: RunFolder, owed: Sequence[Probe]) -> None:
    setup, caller = ready.setup, ready.caller
    by_trial = {probe.trial: probe for probe in owed}

    async def main(budget: Budget) -> None:
        with RecordWriter(folder.path / PROBES) as writer:
            async with clients(ready, budget) as (completer, limiters):
                await run_trials(
                    setup,
                    [(probe.id, probe.trial) for probe in owed],
                    completer,
                    writer,
                    total=len(owed),
                    now=now,
                    on_progress=lambda progress: caller.tell(t("cli.probes", done=progress.done, total=progress.total)),
                    limiters=limiters,
                    build=lambda trial: build_probe(setup, by_trial[trial]),
                )

    with account(folder.path, setup, now) as (ledger, spent):
        budget = budget_of(setup, ready.members, caller, spent, ledger)
        for tokens, outcome in () if setup.counts_doubted else outcomes_before(folder.path, setup):
            budget.learn(tokens, setup.request.max_output, outcome)
        try:
            complete(main(budget), caller)
        except KeyboardInterrupt as error:
            raise stopped(error, _KEPT) from error
        except NihError as error:
            raise type(error)(t("cli.error_go_on", error=without_stop(error), go_on=_KEPT)) from error
        finally:
            tell_spent(setup, ready.members, list(by_trial), budget, caller, before=spent)


def causes_of(folder: RunFolder, records: Mapping[str, Record], grades: Mapping[str, Grade]) -> Causes | None:
    """Return what the probes of a run say; None where none was ever asked."""
    asked = {} if folder.manifest.is_import else asked_probes(folder)
    if not asked:
        return None
    return causes(probes(records, grades, folder.manifest.task), asked)


def cause_lines(found: Causes) -> list[Message]:
    """Return the two causes in words, with counts and intervals."""
    lines = []
    misses, hits = found.misses, found.hits
    if misses.trials:
        lost = misses.trials - misses.hits
        low, high = misses.interval.low, misses.interval.high
        lines.append(_line("retrieved", misses.hits, misses.trials, low, high))
        lines.append(_line("lost", lost, misses.trials, 1 - high, 1 - low))
    else:
        lines.append(_SAYS["none"])
    if hits.trials:
        lines.append(_line("control", hits.hits, hits.trials, hits.interval.low, hits.interval.high))
        if hits.value < _SOUND_CONTROL:
            lines.append(_SAYS["weak"])
    if found.owed:
        lines.append(t(_SAYS["owed"], count=found.owed))
    return lines


def _line(key: str, count: int, trials: int, low: float, high: float) -> Message:
    return t(
        _SAYS[key], count=count, trials=trials, share=f"{count / trials:.0%}", low=f"{low:.0%}", high=f"{high:.0%}"
    )


def causes_json(found: Causes) -> dict[str, Any]:
    """Return the causes as JSON values (docs/formats.md)."""
    return {
        kind: {
            "probed": each.trials,
            "quoted": each.hits,
            "share": each.value if each.trials else None,
            "low": each.interval.low,
            "high": each.interval.high,
        }
        for kind, each in (("misses", found.misses), ("hits", found.hits))
    } | {"without_answer": found.owed}
