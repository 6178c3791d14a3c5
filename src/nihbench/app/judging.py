"""A judge model put to work on a run: reached, warned of, paid for, and its scores stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from nihbench.app.checks import limiter_of
from nihbench.app.consent import Judged
from nihbench.app.events import Caller
from nihbench.app.money import tell_unknown
from nihbench.app.running import completed, now
from nihbench.app.wiring import reach
from nihbench.endpoint.access import ModelAccess
from nihbench.endpoint.limits import Limiter
from nihbench.endpoint.spending import Budget
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, Words, t
from nihbench.run.judging import (
    MARGIN,
    VERDICTS,
    Docket,
    Judge,
    Spent,
    Verdicts,
    ask_judge,
    combined,
    docket,
    judged,
    spent_on,
    unsure,
)
from nihbench.run.known import is_own_run
from nihbench.run.options import RunOptions, bare_url
from nihbench.run.scores import Answered, answers_of, save_grades, score_run
from nihbench.run.spent import Ledger, read_ledger
from nihbench.run.store import RunFolder, owned
from nihbench.types import Completer, Grade, Outcome, Request

T = TypeVar("T")
_VERDICT_TOKENS = 800
"""Room for one verdict where the preset has less: reasons and a few words of JSON."""
_SPREAD_TEMPERATURE = 0.7
"""For several votes: at 0 they would all be the same one."""
_DATE = re.compile(r"-\d{4}(-?\d{2}){0,2}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeOptions:
    """What `nih score` was told about its judge; None is "as the preset says"."""

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    votes: int = 1
    only_uncertain: bool = False
    max_cost: float | None = None
    max_output: int | None = None
    concurrency: int | None = None

    def check(self) -> None:
        """Raise `UsageError` for numbers that mean nothing."""
        for name in ("votes", "max_output", "concurrency"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(t("cli.must_least_1", replace=name.replace("_", "-")))


def score_by_judge(folder: RunFolder, options: JudgeOptions, agreed: Judged) -> str:
    """Judge a run's answers, store the scores, and return the scorer's name.

    Args:
        folder: the run.
        options: who judges.
        agreed: has the user agree to what that costs.

    Raises:
        UsageError: that is not agreed to; nothing was sent.
        StoppedError: the judge had to stop; verdicts that came are kept, no scores are written.
    """
    options.check()
    records = folder.records()
    rules = score_run(folder, records) if options.only_uncertain else {}
    doubtful = unsure(rules)
    answers = [a for a in answers_of(folder, records) if not options.only_uncertain or a.id in doubtful]
    if options.only_uncertain:
        agreed.caller.tell(t("cli.rules_sure_answers_others", sure=len(rules) - len(answers), all=len(rules)))
    asked = RunOptions(
        model=options.model,
        base_url=options.base_url,
        api_key_env=options.api_key_env,
        concurrency=options.concurrency,
    )
    caller = agreed.caller
    with reach(asked, caller, sending=True) as model:
        judge = _judge(model, options)
        _warn_of_itself(folder, model, caller)
        with owned(folder.path, now), Verdicts(folder.path) as verdicts:
            grades = _grades(folder, model, judge, options, answers, verdicts, agreed)
            name = judge.scorer
            if options.only_uncertain:
                name, grades = combined(rules, grades, judge)
            save_grades(folder, name, grades)
    return name


def _judge(model: ModelAccess, options: JudgeOptions) -> Judge:
    preset = model.preset
    name = "judge-" + re.sub(r"[^\w.]+", "-", preset.name).strip("-.")
    request = Request(
        model=preset.model,
        max_output=options.max_output or max(preset.max_output, _VERDICT_TOKENS),
        temperature=preset.temperature,
        extra_body=preset.extra_body,
    )
    if options.votes > 1:
        name += f"-{options.votes}votes"
        request = request if preset.temperature is None else replace(request, temperature=_SPREAD_TEMPERATURE)
    # A name alone may be another model on another server; a file's hash is the same model wherever it runs.
    return Judge(
        scorer=name,
        identity=f"{preset.model} {model.model_sha256 or bare_url(preset.base_url)}",
        request=request,
        votes=options.votes,
    )


def _grades(
    folder: RunFolder,
    model: ModelAccess,
    judge: Judge,
    options: JudgeOptions,
    answers: Sequence[Answered],
    verdicts: Verdicts,
    agreed: Judged,
) -> dict[str, Grade]:
    asked = docket(answers, judge, verdicts)
    longest = max((ballot.tokens for ballot in asked.owed), default=0)
    account = f"judge {judge.identity}"
    before = read_ledger(folder.path, account).total()
    with Ledger(folder.path, now, account) as ledger:
        budget = Budget(
            options.max_cost,
            model.prices,
            longest_prompt=longest,
            spent=before,
            margin=MARGIN,
            journal=ledger,
            on_doubt=agreed.caller.tell,
        )
        what, worst_usd = _before(asked, judge, budget), asked.worst_usd(budget, judge.request.max_output)
        agreed.check(folder.path, model, what, worst_usd=worst_usd, tokens=asked.tokens())
        agreed.caller.tell(what)
        if asked.known and not is_own_run(folder.path):
            agreed.caller.tell(t("cli.note_verdicts_stand_not", known=asked.known, run=folder.path, file=VERDICTS))
        if asked.owed:
            tell_unknown(options.max_cost, agreed.caller, model)
        if before:
            agreed.caller.tell(t("cli.judge_cost_run_far", spent=before))

        limiter = limiter_of(model, RunOptions(model=options.model, concurrency=options.concurrency), agreed.caller)

        async def main(client: Completer) -> tuple[dict[str, Words], list[Outcome]]:
            told = partial(_progress, agreed.caller)
            return await ask_judge(asked, judge, client, verdicts, now=now, limiters=[limiter], on_progress=told)

        failures, outcomes = _asked(model, budget, limiter, main, agreed.caller)
    agreed.caller.tell(_after(spent_on(outcomes, budget.exactly_spent - before, budget.unpriced)))
    return judged(answers, asked, judge, verdicts, failures)


def _asked(
    model: ModelAccess,
    budget: Budget,
    limiter: Limiter,
    main: Callable[[Completer], Coroutine[Any, Any, T]],
    caller: Caller,
) -> T:
    """Ask a judge, and say how to go on where that ends early."""

    async def asking() -> T:
        async with model.client(
            on_change=caller.tell, on_silence=caller.tell, budget=budget, limiter=limiter
        ) as client:
            return await main(client)

    return completed(asking(), caller, _KEPT)


_KEPT = t("cli.verdicts_came_kept_give")


def _progress(caller: Caller, done: int, total: int) -> None:
    if done == total or done % max(total // 10, 1) == 0:
        caller.tell(t("cli.verdicts", done=done, total=total))


def _before(asked: Docket, judge: Judge, budget: Budget) -> Message:
    calls, tokens = len(asked.owed), asked.tokens()
    worst = asked.worst_usd(budget, judge.request.max_output)
    if not calls:
        return t("cli.answers_every_verdict_known", scorer=judge.scorer, answers=len(asked.cases))
    money = t("cli.price_unknown_give_model")
    if worst is not None:
        money = t("cli.most", usd=worst)
    return t(
        "cli.answers_calls_make_verdicts",
        scorer=judge.scorer,
        answers=len(asked.cases),
        calls=calls,
        known=asked.known,
        tokens=tokens,
        money=money,
    )


def _after(spent: Spent) -> Message:
    money: str = f"${spent.usd:,.4f}"
    if spent.unpriced and spent.usd:
        money = t("cli.calls_unknown_price_beside", count=spent.unpriced, money=money)
    elif spent.unpriced:
        money = t("cli.calls_unknown_price", count=spent.unpriced)
    return t(
        "cli.calls_failed_tokens_sent",
        calls=spent.calls,
        failed=spent.failed,
        sent=spent.prompt_tokens,
        answered=spent.completion_tokens,
        money=money,
    )


def _warn_of_itself(folder: RunFolder, model: ModelAccess, caller: Caller) -> None:
    measured = folder.manifest.model
    same_file = model.model_sha256 is not None and model.model_sha256 == measured.sha256
    names = {_plain_name(model.preset.name), _plain_name(model.preset.model)}
    if same_file or names & {_plain_name(measured.name), _plain_name(measured.model)}:
        caller.tell(t("cli.warning_judges_own_answers", preset_name=model.preset.name))


def _plain_name(name: str) -> str:
    """Return a model's name without its maker before it and the date after it."""
    return _DATE.sub("", name.rpartition("/")[2].casefold())
