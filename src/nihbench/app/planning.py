"""Plans: what runs would send, cost and take, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from nihbench.app.events import Caller, order_words
from nihbench.app.jobs import Ready, asked_jobs, made_ready
from nihbench.app.keywords import usual_values
from nihbench.app.money import dollars, free_words, is_free, reach, reach_sentence
from nihbench.app.wiring import foreseen
from nihbench.catalog.loading import load_for
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, column, plain, said, t
from nihbench.plan.order import Pace
from nihbench.plan.sizing import CLASSIC_SHORTEST, CLASSIC_STEPS
from nihbench.prices import CostRange, decimal_of, estimate, whole_of, worst_cost
from nihbench.run.calibration import likely_prompts
from nihbench.run.forecast import Forecast, Reach, depth_error, most_extra, most_fit_prompts
from nihbench.run.options import unit_words, wanted_precision
from nihbench.run.setup import Setup
from nihbench.stats.effective import FRACTION
from nihbench.stats.interval import trials_to_demonstrate
from nihbench.types import DEPTH

# ---- bounds ----------------------------------------------------------------------------------------------------------
# What an adaptive run takes at least and at most, before it is begun.


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What an adaptive run takes at least and at most: trials of the grid, tokens, US dollars (None: unknown)."""

    precision: float
    trials: tuple[int, int]
    prompt_tokens: tuple[int, int]
    cost_usd: tuple[str | None, str | None]

    def sentence(self) -> Message:
        """Return it for a reader."""
        least, most = (t("cli.unknown_cost") if cost is None else dollars(Decimal(cost)) for cost in self.cost_usd)
        return t(
            "cli.trials_grid_tokens_length",
            least=self.trials[0],
            most=self.trials[1],
            least_tokens=self.prompt_tokens[0],
            most_tokens=self.prompt_tokens[1],
            least_cost=least,
            most_cost=most,
            precision=self.precision,
        )


def bounds(
    setup: Setup, least: Decimal | None, most_of: Callable[[Setup], Decimal | None], *, fits_free: bool
) -> Bounds:
    """Return what an adaptive run takes: nothing but the first pass at least; at most all that may be decided on.

    Args:
        setup: the resolved run.
        least: what the first pass costs at least.
        most_of: what a setup costs at most.
        fits_free: whether further haystacks are fitted to the server's counts at no charge.
    """
    extra = most_extra(setup)
    counts = () if fits_free else most_fit_prompts(setup, extra)
    most = most_of(replace(setup, trials=(*setup.trials, *extra)))
    if most is not None:
        most += sum((worst_cost(setup.preset.prices, tokens, 1) or Decimal(0) for tokens in counts), Decimal(0))
    cap = setup.options.max_cost
    if most is not None and cap is not None:
        most = min(most, Decimal(str(cap)))
    planned, tokens = len(setup.grid), sum(trial.length for trial in setup.trials)
    return Bounds(
        precision=wanted_precision(setup.options),
        trials=(planned, planned + len(extra)),
        prompt_tokens=(tokens, tokens + sum(trial.length for trial in extra) + sum(counts)),
        cost_usd=(None if least is None else str(least), None if most is None else str(most)),
    )


# ---- a plan as text and JSON ----------------------------------------------------------------------------------------

SIDE = 12
_OF_WHAT = {"grid": t("cli.grid"), "row": t("cli.length_2"), "cell": t("cli.cell")}


def _as_json(setup: Setup, found: Forecast) -> dict[str, Any]:
    """Return a plan for a program."""
    error = depth_error(setup)
    return {
        "model": setup.preset.name,
        "experiment": setup.experiment.name,
        "prompts": list(setup.prompts),
        "corpus": setup.corpus.name,
        "corpus_tokens": len(setup.source_of(0).starts),
        "corpus_copies": setup.copies,
        "window": setup.window,
        "room": _room(setup),
        "length_unit": setup.length_unit,
        "tokenizer": setup.tokenizer.name,
        "to_be_fitted": setup.to_be_fitted,
        "like": setup.like.run if setup.like else None,
        "counted_by_model": setup.counted_by_model,
        "lengths": list(setup.lengths),
        "too_long": list(setup.too_long),
        **_rows_json(setup),
        "depth_error": asdict(error) if error else None,
        "repeats": setup.options.repeats,
        **({"samples": list(setup.samples)} if setup.samples else {}),
        "vary": list(setup.options.vary),
        "order": setup.options.order,
        "max_output": setup.request.max_output,
        "notes": list(map(str, setup.notes)),
        "estimate": asdict(estimate(setup.trials, setup.request.max_output)),
        **_forecast_json(setup, found),
        "row_trials_to_demonstrate": _row_trials(),
    }


def _forecast_json(setup: Setup, found: Forecast) -> dict[str, Any]:
    """Return what is predicted of the cache, the cost, the time and the precision, for a program."""
    cost = {name: None if value is None else str(value) for name, value in asdict(found.cost).items()}
    batch = asdict(setup.preset.batch) if setup.preset.batch else None
    dated = {"prices_as_of": setup.preset.prices_as_of, "guessed_output_tokens": found.guessed_output, "batch": batch}
    return {
        "cache": {
            "kind": found.cache.name,
            "predicted_cached_tokens": found.cached_tokens,
            "predicted_computed_share": round(found.computed_share, 4),
        },
        "cost_usd": cost | dated,
        "seconds": None if found.seconds is None else round(found.seconds, 1),
        "half_widths": {
            name: {"trials": n, "at_0.5": round(half, 4), "at_0.9": round(nine, 4)}
            for name, (n, half, nine) in found.half_widths.items()
        },
    }


def _rows_json(setup: Setup) -> dict[str, Any]:
    if setup.task.is_single:
        return {"depths": list(setup.depths)}
    are_depths = setup.task.axis.name == DEPTH.name
    return {"task": setup.task.stored(), "depths": list(setup.depths) if are_depths else []}


def _as_text(
    ready: Ready, found: Forecast, calibration: dict[str, Any] | None, adaptive: Bounds | None, capped: Reach | None
) -> str:
    """Write the plan as one table of what and how much, and one of the grid's lengths and the controls."""
    setup, limits = ready.setup, ready.model.limits(concurrency=ready.setup.concurrency)
    at_once = limits.start, limits.concurrency
    sums = estimate(setup.trials, setup.request.max_output)
    precision = [_precision(name, *found.half_widths[name]) for name in found.half_widths]
    rows = {
        **_grid_rows(setup, at_once),
        t("cli.trials"): _trials(setup),
        t("cli.adaptive"): adaptive.sentence() if adaptive else "",
        t("cli.tokens"): t("cli.sent_most_answered", sent=sums.prompt_tokens, answered=sums.max_output_tokens),
        t("cli.cache"): _cache(found),
        t("cli.cost"): free_words(ready.model) if is_free(ready.members) else _cost(setup, found),
        t("cli.capped"): reach_sentence(capped, setup.options.max_cost or 0.0) if capped else "",
        t("cli.batch"): _batch(setup, found),
        t("cli.time"): _time(found),
        t("cli.precision"): said(t("common.blank")).join(map(said, precision)),
        t("cli.demonstrate"): _demonstrate(),
        t("cli.calibration"): _calibration(calibration) if calibration else "",
        t("cli.compare"): _comparing(setup),
    }
    lines = [column(name, SIDE) + said(text) for name, text in rows.items() if text]
    return "\n".join([*lines, "", *_by_length(setup, found)])


def _grid_rows(setup: Setup, at_once: tuple[int, int]) -> dict[Message, str]:
    """Return what the grid is made of, by the name of each row."""
    window, room, (start, most) = setup.window, _room(setup), at_once
    corpus, unit, order = plain(setup.corpus.name), unit_words(setup.length_unit), order_words(setup.options.order)
    return {
        t("common.model"): plain(setup.preset.name),
        t("cli.window"): t("cli.tokens_prompts_may_fill", window=window, room=room) if window else t("cli.unknown"),
        t("common.experiment"): t("cli.prompts_2", experiment=setup.experiment.name, prompts=tuple(setup.prompts)),
        t("common.corpus"): t("cli.times_longest_prompts", corpus=corpus, copies=setup.copies)
        if setup.copies > 1
        else corpus,
        t("cli.lengths"): t("cli.lengths_unit", lengths=_numbers(setup.lengths), unit=unit),
        t("cli.left_out"): t("cli.over_window", lengths=_numbers(setup.too_long)) if setup.too_long else "",
        **_rows(setup),
        t("cli.achieved"): _achieved(setup),
        t("cli.repeats"): _repeats(setup),
        t("cli.order"): t("cli.time_first", order=order, start=start)
        if most > start
        else t("cli.time_2", order=order, start=start),
    }


def _repeats(setup: Setup) -> Message:
    vary, most = tuple(_VARY.get(name, name) for name in setup.options.vary), setup.options.repeats
    if setup.samples:
        return t("cli.varying_samples", most=most, samples=tuple(map(str, setup.samples)), vary=vary)
    return t("cli.varying", repeats=most, vary=vary)


_VARY = {"haystack": t("cli.vary_haystack"), "needle": t("cli.vary_needle"), "sampling": t("cli.vary_sampling")}


def _rows(setup: Setup) -> dict[Message, str]:
    """Return the rows of the grid under what they are: depths, or the points of the task's own axis."""
    axis, values = setup.task.axis, tuple(f"{value:g}" for value in setup.depths)
    rows: dict[Message, str] = {t("cli.depths"): t("cli.percent", depths=values)}
    if setup.task.is_single:
        return rows
    if axis.name != DEPTH.name:
        rows = {t("cli.rows"): t("cli.rows_axis", axis=axis.title, rows=tuple(map(axis.label, setup.depths)))}
    chosen = tuple(f"{name}={value}" for name, value in setup.task.options.items())
    task, version = setup.task.name, setup.task.version
    named = (
        t("cli.task_options", task=task, version=version, options=chosen)
        if chosen
        else t("cli.task_alone", task=task, version=version)
    )
    return {t("common.task"): named, **rows}


def _achieved(setup: Setup) -> Message | str:
    """Say how far from the nominal depths needles will stand."""
    error = depth_error(setup)
    if error is None:
        return ""
    if setup.to_be_fitted:
        return t(
            "cli.points_off_depths_average_most",
            mean=error.mean,
            largest=error.largest,
            length=error.length,
            tokenizer=setup.tokenizer.name,
        )
    return t("cli.points_off_depths_average", mean=error.mean, largest=error.largest, length=error.length)


def _by_length(setup: Setup, found: Forecast) -> list[str]:
    """Write trials, tokens and what the cache is predicted to have, for every length and for the controls."""
    parts = [(f"{length:,}", [t for t in setup.grid if t.length == length]) for length in setup.lengths]
    parts.append((said(t("cli.controls")), [trial for trial in setup.trials if trial.control is not None]))
    names = zip((t("cli.length"), t("cli.trials"), t("cli.tokens"), t("cli.cached")), (10, 7, 12, 12), strict=True)
    lines = [" ".join(column(name, width, right=True) for name, width in names)]
    for name, trials in parts:
        tokens, hits = sum(t.length for t in trials), sum(found.cached_by_trial[t] for t in trials)
        if trials:
            lines.append(f"{column(name, 10, right=True)} {len(trials):>7,} {tokens:>12,} {hits:>12,}")
    return lines


def _numbers(lengths: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{length:,}" for length in lengths)


def _trials(setup: Setup) -> str:
    trials, controls = len(setup.grid), len(setup.trials) - len(setup.grid)
    return t("cli.controls_2", trials=trials, controls=controls) if controls else f"{trials:,}"


def _room(setup: Setup) -> int | None:
    return setup.window - setup.request.max_output if setup.window else None


def _cache(found: Forecast) -> Message:
    if found.cache.kind == "none":
        return t("cli.none_known_every_token")
    return t(
        "cli.tokens_predicted_cached_computed",
        cached=found.cached_tokens,
        computed=found.computed_share,
        cache=found.cache.name,
    )


def _cost(setup: Setup, found: Forecast) -> Message:
    cost = found.cost
    if cost.least is None or cost.predicted is None or cost.most is None:
        name = plain(setup.preset.name)
        return t("cli.unknown_give_price_out" if setup.preset.prices else "cli.unknown_no_price", model=name)
    day = setup.preset.prices_as_of
    dated = t("cli.prices", day=day) if day else t("cli.undated_prices")
    return t(
        "cli.all_cached_nothing_cached",
        least=dollars(cost.least),
        most=dollars(cost.most),
        predicted=dollars(cost.predicted),
        guessed=found.guessed_output,
        price=t("cli.given_price") if setup.options.price else dated,
    )


def _batch(setup: Setup, found: Forecast) -> Message | str:
    """Say what the same would cost by `nih batch submit`, where the service's terms are known."""
    terms, most = setup.preset.batch, found.cost.most
    if terms is None:
        return ""
    if most is None:
        return t("cli.live_price", share=terms.price, day=terms.as_of)
    return t("cli.most_live_price", most=dollars(most * decimal_of(terms.price)), share=terms.price, day=terms.as_of)


def _time(found: Forecast) -> Message:
    if found.seconds is None:
        return t("cli.unknown_give_rpm_tpm")
    minutes, seconds = divmod(round(found.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return t("cli.least_given_limits_speeds", time=f"{hours}:{minutes:02}:{seconds:02}")


def _row_trials() -> dict[str, float | None]:
    """Return how many trials a row needs so that its length is demonstrated, by the row's true found rate."""
    needs = {f"at_{rate:g}": trials_to_demonstrate(FRACTION, rate=rate) for rate in (1.0, 0.97)}
    return {"threshold": FRACTION, **needs}


def _demonstrate() -> Message:
    share, perfect, usual = _row_trials().values()
    return t("cli.row_takes_trials_show", perfect=perfect, share=f"{share:.0%}", usual=usual)


def _precision(name: str, trials: int, at_half: float, at_nine: float) -> Message:
    """Say how far off a found rate may be: half of a 95% interval, trials taken as independent."""
    return t("cli.50_found_90", name=_OF_WHAT.get(name, name), trials=trials, at_half=at_half, at_nine=at_nine)


def _calibration(cost: dict[str, Any]) -> Message:
    money = t("cli.no_charge_2") if cost["free"] else t("cli.unknown_price")
    if not cost["free"] and cost["cost_usd"] is not None:
        money = t("cli.about", usd=cost["cost_usd"])
    return t("cli.counts_server_about_tokens", requests=cost["requests"], tokens=cost["prompt_tokens"], money=money)


def _comparing(setup: Setup) -> Message:
    """Say what a later comparison needs, or what this run can be compared with."""
    if setup.like is not None:
        return t("cli.pair_pair_whose_prompts", run=plain(setup.like.run))
    return t("cli.pair_pair_only_run")


def _total_text(plan: Plan, name: Message) -> str:
    """Write the sum of several plans as one line."""
    total, cost = plan.cost_usd, t("cli.unknown_cost_2")
    if total.least is not None and total.predicted is not None and total.most is not None:
        least, predicted, most = map(dollars, (total.least, total.predicted, total.most))
        cost = t("cli.predicted", least=least, most=most, predicted=predicted)
    text = t(
        "cli.runs_trials_tokens_sent",
        runs=len(plan.runs),
        trials=plan.trials,
        tokens=plan.prompt_tokens,
        cost=cost,
    )
    return column(name, SIDE) + said(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRun:
    """What one run would need: its values for a program (docs/formats.md), its table for a reader, its forecast."""

    values: Mapping[str, Any]
    text: str
    forecast: Forecast = field(repr=False)

    @property
    def most_usd(self) -> Decimal | None:
        """What it costs at most, with all that an adaptive one may decide to send; None: not known."""
        if self.values["adaptive"] is None:
            return self.forecast.cost.most
        most = self.values["adaptive"]["cost_usd"][1]
        return None if most is None else Decimal(most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What some runs would send, cost and take; no model was asked anything.

    Amounts are in USD, None where one of them is not known. `classic` is a sweep of 15 lengths by 15 depths up to the
    same length, for a suite that is to cost less; None where there is none, or where none can be planned.
    """

    runs: tuple[PlannedRun, ...]
    suite: str | None = None
    classic: Plan | None = None

    @property
    def trials(self) -> int:
        """How many trials are sent, controls included."""
        return sum(run.values["estimate"]["trials"] for run in self.runs)

    @property
    def prompt_tokens(self) -> int:
        """How many tokens are sent."""
        return sum(run.values["estimate"]["prompt_tokens"] for run in self.runs)

    @property
    def cost_usd(self) -> CostRange:
        """What all of it costs."""
        return CostRange(
            least=whole_of(run.forecast.cost.least for run in self.runs),
            predicted=whole_of(run.forecast.cost.predicted for run in self.runs),
            most=whole_of(run.most_usd for run in self.runs),
        )

    @property
    def is_alone(self) -> bool:
        """Whether it is one run, and no suite of one."""
        return self.suite is None and len(self.runs) == 1

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values (docs/formats.md)."""
        rows = [dict(run.values) for run in self.runs]
        if self.is_alone:
            return rows[0]
        more = {"classic": self.classic.total()} if self.classic else {}
        return {"suite": self.suite, "runs": rows, "total": self.total(), **more}

    def total(self) -> dict[str, Any]:
        """Return the sums of all runs as JSON values."""
        cost = {name: None if usd is None else str(usd) for name, usd in asdict(self.cost_usd).items()}
        return {"trials": self.trials, "prompt_tokens": self.prompt_tokens, "cost_usd": cost}

    def __str__(self) -> str:
        sums = [] if self.is_alone else [_total_text(self, t("cli.all"))]
        classic = [_total_text(self.classic, t("cli.classic"))] if self.classic else []
        return "\n\n".join([*(run.text for run in self.runs), "\n".join([*sums, *classic])]).rstrip()


def plan_of(
    values: Mapping[str, Any],
    suite: str | None,
    caller: Caller,
    *,
    prefill_speed: float | None = None,
    answer_speed: float | None = None,
) -> Plan:
    """Return what runs would send, cost and take, in tokens, dollars and time. No model is asked anything.

    Args:
        values: the raw value of every option (`keywords`).
        suite: the suite that is planned; None: one experiment.
        caller: hears what a user should know.
        prefill_speed: prompt tokens read a second.
        answer_speed: answer tokens written a second.

    Raises:
        UsageError: the options can't be carried out.
    """
    _check_speeds({"--prefill-speed": prefill_speed, "--answer-speed": answer_speed})
    with made_ready(asked_jobs(values, suite, caller), caller, sending=False, leave_out=True) as ready:
        runs = tuple(_planned(each, prefill_speed, answer_speed) for each in ready)
        longest = max(each.setup.lengths[-1] for each in ready)
    known = load_for(caller.tell_once).suite(suite) if suite is not None else None
    classic = _classic(values, longest, caller) if known and known.of_classic else None
    return Plan(runs=runs, suite=suite, classic=classic)


def _classic(values: Mapping[str, Any], longest: int, caller: Caller) -> Plan | None:
    """Return the plan of a classic sweep up to a length, with the options given; None where there can be none."""
    usual = usual_values()
    needle = {name: usual[name] for name in ("experiment", "prompt", "task", "task_option", "haystack", "distractors")}
    grid = {"lengths": f"{CLASSIC_SHORTEST}t:{longest}t:{CLASSIC_STEPS}", "depths": f"0:100:{CLASSIC_STEPS}"}
    asked = {**values, **needle, **grid, "repeats": 1, "quick": False, "adaptive": False}
    try:
        return plan_of(asked, None, caller)
    except UsageError:
        return None


def _planned(ready: Ready, prefill: float | None, answer: float | None) -> PlannedRun:
    setup = ready.setup
    found = foreseen(setup, ready.model, _pace(setup, prefill, answer))
    calibration = calibration_cost(setup, free=ready.model.counter is not None or ready.model.is_free)
    adaptive = _adaptive(ready, found) if setup.options.adaptive else None
    capped = _capped(ready)
    text = _as_text(ready, found, calibration, adaptive, capped)
    whole = {
        "calibration": calibration,
        "adaptive": asdict(adaptive) if adaptive else None,
        "max_cost": asdict(capped) if capped else None,
    }
    return PlannedRun(values=_as_json(setup, found) | whole, text=text, forecast=found)


def _capped(ready: Ready) -> Reach | None:
    """Return how far --max-cost reaches, for this run alone; None where there is none, or the price is unknown."""
    most = ready.setup.options.max_cost
    return None if most is None else reach((ready.setup, ready.members, ready.setup.trials), Decimal(str(most)))[0]


def _adaptive(ready: Ready, found: Forecast) -> Bounds:
    """Return what an adaptive run takes at least and at most."""
    free = ready.model.counter is not None
    return bounds(ready.setup, found.cost.least, lambda setup: foreseen(setup, ready.model).cost.most, fits_free=free)


def calibration_cost(setup: Setup, *, free: bool) -> dict[str, Any] | None:
    """Return what fitting the lengths to the server's counts would take; None where nothing is to be fitted.

    `cost_usd` None: the price is unknown. `free`: a counting endpoint counts, at no charge.
    """
    if not setup.wants_calibration:
        return None
    prompts = likely_prompts(setup)
    costs = [worst_cost(setup.preset.prices, tokens, 1) for tokens in prompts]
    known = [cost for cost in costs if cost is not None]
    price = float(sum(known)) if len(known) == len(costs) else None
    return {"requests": len(prompts), "prompt_tokens": sum(prompts), "cost_usd": 0.0 if free else price, "free": free}


def _check_speeds(given: dict[str, float | None]) -> None:
    for name, value in given.items():
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(t("cli.must_more_than_0", name=name))


def _pace(setup: Setup, prefill: float | None, answer: float | None) -> Pace | None:
    """Return what is known of limits and speeds; None where nothing is."""
    rpm = setup.options.rpm or setup.preset.requests_per_minute
    tpm = setup.options.tpm or setup.preset.tokens_per_minute
    if not (rpm or tpm or prefill or answer):
        return None
    return Pace(requests_per_minute=rpm, tokens_per_minute=tpm, prefill_tokens_s=prefill, decode_tokens_s=answer)
